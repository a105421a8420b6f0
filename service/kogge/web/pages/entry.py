"""Level 8, web, pages: one entry by form, a project, expertise or a need; judged as a file of one row."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from fastapi import Request, Response
from fastapi.responses import RedirectResponse

from kogge import media, names
from kogge.contribution import fields as forms
from kogge.contribution.fields import Field, Told
from kogge.contribution.refusals import spoken
from kogge.errors import BadRequest, KoggeError, NotFound
from kogge.ledger import Caller
from kogge.reception import Arrival, Outcome
from kogge.steps import Steps
from kogge.web.context import desk_of, while_there
from kogge.web.pages import READ, links, pages
from kogge.web.pages.contribute import to_outcome
from kogge.web.pages.mending import Mending, mending, take_back
from kogge.web.pages.posted import posted, to_sign_in
from kogge.web.pages.render import PRIVATE, Page
from kogge.web.pages.words import msgid, translated
from kogge.web.session import session_of

router = pages()

_TITLES: Final = {
    "project": msgid("Report a project"),
    "expertise": msgid("Offer expertise"),
    "need": msgid("Ask for help"),
    "event": msgid("Report an event"),
    "contact": msgid("Name a contact"),
}
_EMPTY: Final = msgid("Please fill this in.")
_ONE: Final = msgid("Please fill in one of these: %(names)s.")


@router.api_route("/contribute/{kind}", methods=READ)
async def blank(request: Request, lang: str, kind: str) -> Response:
    """The form; `topic` (a topic of ours) and `title` are filled in already.

    `from` is the number of a contribution: the form is filled with what it says, to be mended and sent again.
    """
    page = await _open(request, lang, kind)
    if (session := session_of(request)) is None:
        return to_sign_in(page)
    if (number := request.query_params.get("from")) is None:
        typed = forms.meant(kind, request.query_params, session.caller.partner.agent, lang)
        return await _form(page, kind, typed)
    mends = await mending(page, number, session.caller)
    if mends.form is None:
        return await page.send("entry-unfit.html", mends=mends)
    if mends.form.kind != kind:
        where = links.url(page.prefix, lang, f"contribute/{mends.form.kind}", {"from": number})
        return RedirectResponse(where, 303, {"Cache-Control": PRIVATE})
    return await _form(page, kind, mends.form.typed, note=mends.is_.note, mends=mends)


@router.post("/contribute/{kind}")
async def filled(request: Request, lang: str, kind: str) -> Response:
    """Judges what was typed: the form again with what is wrong (422), a preview, or 303 when it is sent.

    What would replace an entry of the same name is sent only by somebody who has seen that. With `from` it is
    sent in the place of a contribution.
    """
    page = await _open(request, lang, kind)
    if (session := session_of(request)) is None:
        return to_sign_in(page)
    fields, caller = await posted(request, session), session.caller
    typed = {each.name: fields.text(each.name) for each in forms.fields(kind, lang, fields.texts)}
    note, wanted = fields.text("note")[:2000], fields.text("do")
    mends = await mending(page, fields.text("from"), caller) if fields.text("from") else None
    if mends and (mends.form is None or mends.form.kind != kind):
        raise BadRequest("This form does not fit the contribution.", "Open the contribution again.")
    if wanted == "change":
        return await _form(page, kind, typed, note=note, mends=mends)
    try:
        outcome = await _sent(page, caller, kind, typed, note, mends, dry=True)
        found = _found(kind, typed, outcome, lang)
        if outcome.refused or any(each.severity == "violation" for each in found):
            return await _form(page, kind, typed, note=note, mends=mends, found=found, status=422)
        now = await desk_of(request).look(lambda steps: _there(steps, outcome))
        replaces = now > 0 and not (mends and mends.keeps(typed) and mends.is_.base == now)
        if wanted != "send" or (replaces and not fields.text("replace")):
            status = 409 if replaces and wanted == "send" else 200
            return await _preview(page, kind, typed, note, mends, found, replaces=replaces, status=status)
        outcome = await _sent(page, caller, kind, typed, note, mends, dry=False)
        if mends:
            await take_back(page, mends.is_, outcome, caller)
        return to_outcome(page, outcome)
    except KoggeError as error:
        if error.status >= 500:
            raise
        told = spoken(error, lang)
        said = Told("", "", f"{told.message} {told.advice}".strip(), "violation")
        return await _form(page, kind, typed, note=note, mends=mends, found=[said], status=error.status)


async def _open(request: Request, lang: str, kind: str) -> Page:
    if kind not in _TITLES:
        raise NotFound("There is no such form.", "Choose one of the page Contribute.")
    return await Page.open(request, lang, private=True)


async def _sent(
    page: Page,
    caller: Caller,
    kind: str,
    typed: Mapping[str, str],
    note: str,
    mends: Mending | None,
    *,
    dry: bool,
) -> Outcome:
    graph, thing = names.graph(caller.partner.slug, "form"), ""  # of a table: any graph of its owner
    if mends and mends.form:
        graph, thing = mends.is_.graph, mends.form.thing if mends.keeps(typed) else ""
    body = forms.table(kind, typed, page.lang, thing)
    arrival = Arrival(body, media.CSV, graph, page.lang, note, None, dry, into=bool(thing))
    return await while_there(page.request, desk_of(page.request).contribute(arrival, caller))


def _found(kind: str, typed: Mapping[str, str], outcome: Outcome, lang: str) -> list[Told]:
    """What is to be mended, in the order of the form: what is missing, then what was found."""
    empty = forms.missing(kind, typed, lang)
    unfilled = {field.name for field, _ in empty}
    found = [each for each in forms.told(kind, outcome.findings, lang, typed) if each.field not in unfilled]
    if empty:  # without its name nothing else can be said of an entry
        found = [each for each in found if each.field or each.severity != "violation"]
    asked = [_asked(field, called, lang) for field, called in empty]
    order = [each.name for each in forms.fields(kind, lang, typed)]
    return sorted([*asked, *found], key=lambda each: order.index(each.field) if each.field else -1)


def _asked(field: Field, called: tuple[str, ...], lang: str) -> Told:
    said = _EMPTY if len(called) == 1 else _ONE
    return Told(
        field.name, field.title, translated(said, lang=lang) % {"names": ", ".join(called)}, "violation"
    )


def _there(steps: Steps, outcome: Outcome) -> int:
    """The version of the entry that what was typed would replace; 0 if there is none."""
    try:
        now = len(steps.history(outcome.entries[0].graph))
        return now if steps.version(outcome.entries[0].graph, now) else 0
    except NotFound:
        return 0


async def _form(
    page: Page,
    kind: str,
    typed: Mapping[str, str],
    *,
    note: str = "",
    mends: Mending | None = None,
    found: list[Told] | None = None,
    status: int = 200,
) -> Response:
    wrong = [each for each in found or [] if each.severity == "violation"]
    groups = forms.groups(kind, page.lang, typed)
    return await page.send(
        "entry.html",
        status=status,
        kind=kind,
        title=_TITLES[kind],
        groups=forms.offering(groups, "contact", await _contacts(page)),
        typed=typed,
        note=note,
        mends=mends,
        wrong=wrong,
        at={each.field: each.message for each in reversed(wrong)},
    )


async def _preview(
    page: Page,
    kind: str,
    typed: Mapping[str, str],
    note: str,
    mends: Mending | None,
    found: list[Told],
    *,
    replaces: bool,
    status: int,
) -> Response:
    return await page.send(
        "entry-preview.html",
        status=status,
        kind=kind,
        title=_TITLES[kind],
        shown=forms.shown(kind, typed, page.lang),
        typed={name: text for name, text in typed.items() if text},
        note=note,
        mends=mends,
        advice=found,
        replaces=replaces,
    )


async def _contacts(page: Page) -> list[str]:
    """What the contacts of who is signed in are called."""
    agent = page.session.caller.partner.agent if page.session else ""
    if names.kind_of(agent) != "municipality":
        return []
    given = {"municipality": agent, "lang": page.lang}
    rows = await desk_of(page.request).rows("lookup/contacts", given)
    return sorted({row["contactLabel"].text for row in rows if "contactLabel" in row})
