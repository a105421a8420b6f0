"""Level 8, web, pages: one entry by form, a project, expertise or a need; judged as a file of one row."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from fastapi import Request, Response

from kogge import media, names
from kogge.contribution import fields as forms
from kogge.contribution.fields import Told
from kogge.contribution.refusals import spoken
from kogge.errors import KoggeError, NotFound
from kogge.ledger import Caller
from kogge.reception import Arrival, Outcome
from kogge.steps import Steps
from kogge.web.context import desk_of, while_there
from kogge.web.pages import READ, pages
from kogge.web.pages.contribute import to_outcome
from kogge.web.pages.posted import Posted, posted, to_sign_in
from kogge.web.pages.render import Page
from kogge.web.pages.words import msgid, translated
from kogge.web.session import session_of

router = pages()

_TITLES: Final = {
    "project": msgid("Report a project"),
    "expertise": msgid("Offer expertise"),
    "need": msgid("Ask for help"),
}
_EMPTY: Final = msgid("Please fill this in.")


@router.api_route("/contribute/{kind}", methods=READ)
async def blank(request: Request, lang: str, kind: str) -> Response:
    """The form; `topic` (a topic of ours) and `title` are filled in already."""
    page = await _open(request, lang, kind)
    if (session := session_of(request)) is None:
        return to_sign_in(page)
    typed = forms.meant(kind, request.query_params, session.caller.partner.agent, lang)
    return await _form(page, kind, typed)


@router.post("/contribute/{kind}")
async def filled(request: Request, lang: str, kind: str) -> Response:
    """Judges what was typed: the form again with what is wrong (422), a preview, or 303 when it is sent.

    What would replace an entry of the same name is sent only by somebody who has seen that.
    """
    page = await _open(request, lang, kind)
    if (session := session_of(request)) is None:
        return to_sign_in(page)
    fields, caller = await posted(request, session), session.caller
    typed = {each.name: fields.text(each.name) for each in forms.fields(kind, lang)}
    note, wanted = fields.text("note")[:2000], fields.text("do")
    if wanted == "change":
        return await _form(page, kind, typed, note=note)
    try:
        outcome = await _sent(page, caller, kind, typed, note, dry=True)
        found = _found(kind, typed, outcome, lang)
        if outcome.refused or any(each.severity == "violation" for each in found):
            return await _form(page, kind, typed, note=note, found=found, status=422)
        replaces = await desk_of(request).look(lambda steps: _there(steps, outcome))
        if wanted != "send" or (replaces and not fields.text("replace")):
            return await _preview(page, kind, typed, note, found, replaces=replaces, fields=fields)
        return to_outcome(page, await _sent(page, caller, kind, typed, note, dry=False))
    except KoggeError as error:
        if error.status >= 500:
            raise
        told = spoken(error, lang)
        said = Told("", "", f"{told.message} {told.advice}".strip(), "violation")
        return await _form(page, kind, typed, note=note, found=[said], status=error.status)


async def _open(request: Request, lang: str, kind: str) -> Page:
    if kind not in _TITLES:
        raise NotFound("There is no such form.", "Choose one of the page Contribute.")
    return await Page.open(request, lang, private=True)


async def _sent(
    page: Page, caller: Caller, kind: str, typed: Mapping[str, str], note: str, *, dry: bool
) -> Outcome:
    body = forms.table(kind, typed, page.lang)
    graph = names.graph(caller.partner.slug, "form")  # of a table: any graph of its owner
    arrival = Arrival(body, media.CSV, graph, page.lang, note, None, dry)
    return await while_there(page.request, desk_of(page.request).contribute(arrival, caller))


def _found(kind: str, typed: Mapping[str, str], outcome: Outcome, lang: str) -> list[Told]:
    """What is to be mended, in the order of the form: what is missing, then what was found."""
    empty = forms.missing(kind, typed, lang)
    unfilled = {each.name for each in empty}
    found = [each for each in forms.told(kind, outcome.findings, lang) if each.field not in unfilled]
    if empty:  # without its name nothing else can be said of an entry
        found = [each for each in found if each.field or each.severity != "violation"]
    asked = [Told(each.name, each.title, translated(_EMPTY, lang=lang), "violation") for each in empty]
    order = [each.name for each in forms.fields(kind, lang)]
    return sorted([*asked, *found], key=lambda each: order.index(each.field) if each.field else -1)


def _there(steps: Steps, outcome: Outcome) -> bool:
    """Whether there is an entry already that what was typed would replace."""
    try:
        return bool(steps.version(outcome.entries[0].graph, len(steps.history(outcome.entries[0].graph))))
    except NotFound:
        return False


async def _form(
    page: Page,
    kind: str,
    typed: Mapping[str, str],
    *,
    note: str = "",
    found: list[Told] | None = None,
    status: int = 200,
) -> Response:
    wrong = [each for each in found or [] if each.severity == "violation"]
    return await page.send(
        "entry.html",
        status=status,
        kind=kind,
        title=_TITLES[kind],
        groups=forms.groups(kind, page.lang),
        typed=typed,
        note=note,
        wrong=wrong,
        at={each.field: each.message for each in reversed(wrong)},
    )


async def _preview(
    page: Page,
    kind: str,
    typed: Mapping[str, str],
    note: str,
    found: list[Told],
    *,
    replaces: bool,
    fields: Posted,
) -> Response:
    return await page.send(
        "entry-preview.html",
        status=409 if replaces and fields.text("do") == "send" else 200,
        kind=kind,
        title=_TITLES[kind],
        shown=forms.shown(kind, typed, page.lang),
        typed={name: text for name, text in typed.items() if text},
        note=note,
        advice=found,
        replaces=replaces,
    )
