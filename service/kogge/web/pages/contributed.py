"""Level 8, web, pages: a contribution: what it says, who sent it and when, its versions, what changed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from fastapi import Request, Response

from kogge import names
from kogge.desk import THING_FORMATS
from kogge.errors import BadRequest, Gone, NotFound
from kogge.ledger import Version
from kogge.portal import review
from kogge.portal.contents import Contents, contents
from kogge.steps import Steps
from kogge.store.rows import Row, Value
from kogge.web.asked import graph_of
from kogge.web.context import desk_of
from kogge.web.pages import READ, facts, links, naming, pages, portrait
from kogge.web.pages.facts import Thing
from kogge.web.pages.render import Page
from kogge.web.pages.words import msgid

router = pages()

MOST: Final = 60  # things that a page shows
CHANGES: Final = 100  # and things of which it shows what changed
# What nobody contributes.
MADE: Final = {
    names.DERIVED_GRAPH: msgid(
        "Nobody contributed this. It follows by fixed rules from all that was contributed."
    ),
    names.HISTORY_GRAPH: msgid(
        "The service writes this itself: which contribution came when, and from whom."
    ),
}
LICENCES: Final = {names.CC_BY: ("CC BY 4.0", "https://creativecommons.org/licenses/by/4.0/")}
_NUMBER: Final = re.compile(r"[1-9]\d{0,8}")
_RANGE: Final = re.compile(r"(\d{1,9})\.\.(\d{1,9})")
_LABEL: Final = names.SKOS + "prefLabel"
_NAMES: Final = (_LABEL, names.DCTERMS + "title", "http://xmlns.com/foaf/0.1/name")


@dataclass(frozen=True)
class Read:
    """What the ledger has of a graph: its versions, the newest first, the one that is shown, what it says."""

    versions: tuple[Version, ...]
    shown: Version
    said: Contents

    @property
    def newest(self) -> bool:
        """Whether the newest version is shown."""
        return self.shown == self.versions[0]


@router.api_route("/graph/{owner}/{slug}", methods=READ)
async def shown(
    request: Request, lang: str, owner: str, slug: str, version: str = "", difference: str = ""
) -> Response:
    """A contribution as it is, as it was in a `version`, or the `difference` (1..2) of two versions."""
    iri = graph_of(owner, slug)
    page = await Page.open(request, lang)
    if page.held:
        return page.held
    if difference:
        return await _difference(page, iri, difference)
    if iri in MADE:
        return await page.send(
            "contributed/made.html", title=await _name(page, iri), told=MADE[iri], data=_data(page, iri)
        )
    if version and not _NUMBER.fullmatch(version):
        raise BadRequest("'version' is the number of a version.", "Leave it out for the newest.")
    number = int(version) if version else None
    read = await desk_of(request).look(lambda steps: _read(steps, iri, number))
    called = await desk_of(request).labels(
        read.said.named | {iri, *(each.who for each in read.versions)}, lang
    )
    things = [facts.thing(each, _named(each, rows, called), lang) for each, rows in read.said.things.items()]
    return await page.send(
        "contributed/version.html",
        title=called.get(iri, Value(slug)),
        itself=facts.thing(iri, _named(iri, read.said.itself, called), lang),
        graph=iri,
        path=_path(iri),
        read=read,
        called=called,
        sections=_sections(things),
        told=_told,
        naming=naming,
        licences=LICENCES,
        data=_data(page, iri, None if read.newest else read.shown.version) if read.said.total else (),
    )


def _read(steps: Steps, graph: str, number: int | None) -> Read:
    found = steps.history(graph)[::-1]
    version = next((each for each in found if number in (None, each.version)), None)
    if version is None:
        raise NotFound(f"There is no version {number}.", f"There are versions 1 to {len(found)}.")
    body = steps.version(graph, version.version)
    if not body and version.erased:
        raise Gone("What was said here was erased on request.")
    return Read(tuple(found), version, contents(body, graph, list(naming.KINDS), MOST))


async def _difference(page: Page, iri: str, asked: str) -> Response:
    """What was added, changed and removed from one version to another, thing by thing."""
    if (numbers := _RANGE.fullmatch(asked)) is None:
        raise BadRequest("'difference' names two versions.", "For example: difference=1..2")
    first, second = int(numbers[1]), int(numbers[2])

    def look(steps: Steps) -> tuple[review.Change, ...]:
        content = steps.version(iri, second)
        return review.changes(steps.difference(iri, first, second), content, page.lang)

    changes = await desk_of(page.request).look(look)
    return await page.send(
        "contributed/difference.html",
        title=await _name(page, iri),
        path=_path(iri),
        first=first,
        second=second,
        changes=changes[:CHANGES],
        more=max(len(changes) - CHANGES, 0),
    )


async def _name(page: Page, iri: str) -> Value:
    labels = await desk_of(page.request).labels([iri], page.lang)
    return labels.get(iri, Value(names.slug_of(iri)))


def _named(iri: str, rows: Sequence[Row], called: dict[str, Value]) -> list[Row]:
    """The rows with the names of what they point to; and that of the thing, if only others give it one."""
    named = [
        {**row, "label": called[row["value"].text]} if row["value"].text in called else row for row in rows
    ]
    if iri in called and not any(row["property"].text in _NAMES for row in rows):
        named.append({**rows[0], "property": Value(_LABEL, "iri"), "value": called[iri]})
    return named


def _sections(things: Sequence[Thing]) -> list[portrait.Section]:
    """The things by kind, in which order they come; those of a kind by name."""
    return [
        portrait.Section(
            kind,
            naming.kind(kind, several=True),
            tuple(sorted(some, key=lambda one: one.name.text.casefold())),
        )
        for kind, some in groupby(things, key=lambda one: one.kind)
    ]


def _told(one: Thing) -> portrait.Facts:
    """What is said of a thing, without what it is called by: a membership has the name of its member."""
    return portrait.listed(
        one, [name for name in naming.PROPERTIES if all(said.shown != one.name for said in one.all(name))]
    )


def _data(page: Page, iri: str, version: int | None = None) -> tuple[links.DataLink, ...]:
    """The same in each format for programs."""
    path = f"{page.prefix}/{_path(iri)}"
    query = f"?version={version}" if version else ""
    return tuple(links.DataLink(f"{path}.{form.suffix}{query}", form) for form in THING_FORMATS)


def _path(iri: str) -> str:
    return iri.removeprefix(names.BASE)
