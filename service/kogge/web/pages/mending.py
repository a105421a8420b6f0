"""Level 8, web, pages: a contribution that was sent → the form in which it is mended and sent anew."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from kogge import names
from kogge.authority import owner_of
from kogge.contribution import columns
from kogge.contribution import fields as forms
from kogge.contribution.filled import Filled, filled, pointed
from kogge.errors import NotFound
from kogge.ledger import Caller, Contribution, Step
from kogge.reception import Outcome
from kogge.steps import Steps
from kogge.web.context import desk_of
from kogge.web.pages.render import Page

_DIGITS: Final = 15


@dataclass(frozen=True)
class Mending:
    """A contribution that is to be mended: what it is, its last step, and its form.

    There is no form (None) where none can show all that it says.
    """

    is_: Contribution
    last: Step
    form: Filled | None

    @property
    def row(self) -> bool:
        """Whether it came as a row of a table: then its graph is called by its kind."""
        slug = names.slug_of(self.is_.graph).rpartition("/")[2]
        return any(slug.startswith(f"{kind}-") for kind in columns.kinds())

    def keeps(self, typed: Mapping[str, str]) -> bool:
        """Whether what is typed now speaks of the same thing as before, in the same graph."""
        return self.form is not None and not forms.renamed(self.form.kind, self.form.typed, typed)


async def mending(page: Page, number: str, caller: Caller) -> Mending:
    """The contribution of a number, for somebody who may see it. Raises NotFound, Forbidden."""
    if not (number.isascii() and number.isdigit() and len(number) <= _DIGITS):
        raise NotFound("There is no such contribution.", "My contributions lists those that there are.")
    at = int(number)

    def look(steps: Steps) -> tuple[Contribution, bytes, Step]:
        return steps.contribution(at, caller), steps.said(at, caller), steps.taken(at, caller)[-1]

    desk = desk_of(page.request)
    is_, said, last = await desk.look(look)
    owner = owner_of(is_.graph)
    labels = await desk.labels(await asyncio.to_thread(pointed, said, owner), page.lang)
    called = {iri: label.text for iri, label in labels.items()}
    return Mending(is_, last, await asyncio.to_thread(filled, said, owner, page.lang, called))


async def take_back(page: Page, mended: Contribution, outcome: Outcome, caller: Caller) -> None:
    """Withdraws a contribution in whose place another was sent, if the ledger has not, and the caller may."""
    made = [each.receipt.contribution for each in outcome.entries if each.receipt]
    others = [each.number for each in made if each is not None]
    if not others or mended.number in others:
        return

    def act(steps: Steps) -> None:
        if "withdraw" in steps.open_to(mended.number, caller):
            steps.withdraw(mended.number, caller, f"replaced by {others[0]}")

    await desk_of(page.request).act(act)
