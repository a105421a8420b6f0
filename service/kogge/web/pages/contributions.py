"""Level 8, web, pages: what was contributed, what became of it, and the review by an editor."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from fastapi import Request, Response
from fastapi.responses import RedirectResponse

from kogge.authority import owner_of
from kogge.contribution.refusals import spoken
from kogge.contribution.retold import retold
from kogge.errors import BadRequest, KoggeError
from kogge.ledger import Caller, Contribution, Step
from kogge.portal import review
from kogge.steps import Steps
from kogge.web.context import desk_of
from kogge.web.contributions import as_file
from kogge.web.pages import READ, pages
from kogge.web.pages.mending import mending
from kogge.web.pages.posted import Posted, posted, to_sign_in
from kogge.web.pages.render import PRIVATE, Page
from kogge.web.pages.words import msgid
from kogge.web.session import session_of

router = pages()

_PAGE: Final = 20
_MOST: Final = 100_000  # of the number of a page
_NOTE: Final = 2_000  # characters
_THINGS: Final = 100  # things of which a page shows the changes
STATES: Final = {
    "staged": msgid("Waits for release"),
    "returned": msgid("Returned with a note"),
    "rejected": msgid("Rejected"),
    "withdrawn": msgid("Withdrawn"),
    "published": msgid("Public"),
}
# What a step is called in the list of steps.
TAKEN: Final = {
    "staged": msgid("Sent"),
    "returned": msgid("Returned"),
    "rejected": msgid("Rejected"),
    "withdrawn": msgid("Withdrawn"),
    "published": msgid("Released"),
}
_STEPS: Final = ("accept", "return", "reject", "withdraw")


@dataclass(frozen=True)
class Listed:
    """A contribution in the list: what it is about, in words."""

    is_: Contribution
    title: str


@dataclass(frozen=True)
class Seen:
    """A contribution as its page shows it.

    `moved`: the graph has another version than it was made on; `newest`: it is what the graph says now.
    """

    is_: Contribution
    title: str
    steps: tuple[Step, ...]
    findings: tuple[Mapping[str, Any], ...]
    changes: tuple[review.Change, ...]
    more: int
    open: frozenset[str]
    moved: bool
    newest: bool


@router.api_route("/contributions", methods=READ)
async def listed(request: Request, lang: str) -> Response:
    """What one's partner sent and what came to it, the newest first."""
    page = await Page.open(request, lang, private=True)
    if (session := session_of(request)) is None:
        return to_sign_in(page)
    number = request.query_params.get("page", "1")
    at = min(int(number), _MOST) if number.isascii() and number.isdigit() and int(number) else 1
    caller = session.caller

    def look(steps: Steps) -> list[Listed]:
        found = steps.contributions(caller, limit=_PAGE + 1, offset=(at - 1) * _PAGE)
        return [
            Listed(each, review.title(steps.content(each.number, caller), each.graph, lang)) for each in found
        ]

    found = await desk_of(request).look(look)
    return await page.send(
        "contributions.html",
        listed=found[:_PAGE],
        states=STATES,
        before=at - 1,
        after=at + 1 if len(found) > _PAGE else 0,
        sent=_count(request.query_params.get("sent", "")),
    )


@router.api_route("/contributions/{number:int}", methods=READ)
async def one(request: Request, lang: str, number: int) -> Response:
    """A contribution: its state, its steps, its findings, what it changes, and what can be done with it."""
    page = await Page.open(request, lang, private=True)
    if (session := session_of(request)) is None:
        return to_sign_in(page)
    return await _shown(page, number, session.caller)


@router.api_route("/contributions/{number:int}/sent", methods=READ)
async def sent(request: Request, lang: str, number: int) -> Response:
    """What was sent, byte by byte, as a file; of a table what one row of it says."""
    page = await Page.open(request, lang, private=True)
    if (session := session_of(request)) is None:
        return to_sign_in(page)
    body, kind = await desk_of(request).look(
        lambda steps: (
            steps.sent(number, session.caller)[0],
            steps.contribution(number, session.caller).media,
        )
    )
    return as_file(body, kind, number)


@router.post("/contributions/{number:int}")
async def take(request: Request, lang: str, number: int) -> Response:
    """Takes a step: 303 to the page again, or the page with why it could not be taken."""
    page = await Page.open(request, lang, private=True)
    if (session := session_of(request)) is None:
        return to_sign_in(page)
    fields, caller = await posted(request, session), session.caller
    step, note = fields.text("step"), fields.text("note")[:_NOTE]
    if step not in _STEPS:
        raise BadRequest("This step is not known.", "Open the page again.")
    if step in ("return", "reject") and not note:
        return await _shown(page, number, caller, status=422, wanting=step)
    try:
        await desk_of(request).act(lambda steps: _taken(steps, number, caller, step, note, fields))
    except KoggeError as error:
        if error.status not in (403, 409, 412):
            raise
        return await _shown(page, number, caller, status=error.status, error=spoken(error, lang), note=note)
    where = f"{page.prefix}/{lang}/contributions/{number}?done={step}"
    return RedirectResponse(where, 303, {"Cache-Control": PRIVATE})


def _taken(steps: Steps, number: int, caller: Caller, step: str, note: str, fields: Posted) -> Contribution:
    if step == "accept":
        return steps.accept(number, caller, note, seen=fields.text("seen") or None)
    if step == "return":
        return steps.return_(number, caller, note)
    return (steps.reject if step == "reject" else steps.withdraw)(number, caller, note)


async def _shown(
    page: Page,
    number: int,
    caller: Caller,
    *,
    status: int = 200,
    error: KoggeError | None = None,
    wanting: str = "",
    note: str = "",
) -> Response:
    seen = await desk_of(page.request).look(lambda steps: _seen(steps, number, caller, page.lang))
    mine = (seen.is_.partner, seen.is_.person) == (caller.partner.slug, caller.person)
    ours = seen.is_.partner == caller.partner.slug
    mendable = (
        ("withdraw" in seen.open and (mine or seen.is_.state == "returned"))
        or (ours and seen.is_.state == "returned")
        or (seen.newest and owner_of(seen.is_.graph) == caller.partner.slug)
    )
    asked = page.request.query_params
    return await page.send(
        "contribution.html",
        status=status,
        seen=seen,
        each=seen.is_,
        states=STATES,
        taken=TAKEN,
        mends=await mending(page, str(number), caller) if mendable else None,
        error=error,
        wanting=wanting,
        note=note,
        done=asked.get("done", "") if asked.get("done") in _STEPS else "",
        sent="sent" in asked,
    )


def _seen(steps: Steps, number: int, caller: Caller, lang: str) -> Seen:
    contribution = steps.contribution(number, caller)
    content, difference = steps.content(number, caller), steps.change(number, caller)
    changed = review.changes(difference, content, lang)
    return Seen(
        contribution,
        review.title(content, contribution.graph, lang),
        tuple(steps.taken(number, caller)),
        tuple(retold(steps.sent(number, caller)[1], lang)),
        changed[:_THINGS],
        max(len(changed) - _THINGS, 0),
        steps.open_to(number, caller),
        contribution.state == "staged" and contribution.base != difference.first,
        contribution.version is not None and steps.history(contribution.graph)[-1].contribution == number,
    )


def _count(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 5 else 0
