"""Level 8, web, pages: what one can contribute, and how: by form, or as a file that is judged as by PUT."""

from __future__ import annotations

import base64
import binascii
from pathlib import PurePath
from typing import Any, Final

from fastapi import Request, Response
from fastapi.responses import RedirectResponse

from kogge import media, names
from kogge.contribution import fields as forms
from kogge.contribution.refusals import spoken
from kogge.errors import KoggeError
from kogge.ledger import Caller
from kogge.media import MediaType
from kogge.reception import Arrival, Outcome
from kogge.web.context import desk_of, while_there
from kogge.web.pages import READ, links, pages
from kogge.web.pages.posted import File, Posted, posted, to_sign_in
from kogge.web.pages.render import PRIVATE, Page
from kogge.web.pages.words import Entry, msgid
from kogge.web.session import session_of

router = pages()

ENTRY: Final = Entry("contribute", msgid("Contribute"), 70)

_TYPES: Final[dict[str, MediaType]] = {
    ".xlsx": media.XLSX,
    ".csv": media.CSV,
    ".ttl": media.TURTLE,
    ".jsonld": media.JSON_LD,
    ".json": media.JSON_LD,
    ".nt": media.N_TRIPLES,
    ".rdf": media.RDF_XML,
}
ACCEPT: Final = ",".join(_TYPES)
_KEPT: Final = 1_000_000  # bytes of a file that a page gives back, so that it need not be chosen again
_NO_FILE: Final = msgid("Choose a file first.")
_NO_TYPE: Final = msgid("Send an Excel workbook (.xlsx), a table (.csv), Turtle (.ttl) or JSON-LD (.jsonld).")
_NO_NAME: Final = msgid("Name it with lower-case letters, digits and hyphens, for example: projects.")


@router.api_route("/contribute", methods=READ)
async def offered(request: Request, lang: str) -> Response:
    """What one can contribute; with `kind` (and `topic`) at once the form for it: 302."""
    if (kind := request.query_params.get("kind", "")) in forms.KINDS:
        given = {name: value for name, value in request.query_params.items() if name in ("topic", "title")}
        prefix = links.prefix_of(request.app.state.settings)
        return RedirectResponse(links.url(prefix, lang, f"contribute/{kind}", given), 302)
    page = await Page.open(request, lang)
    return page.held or await _page(page)


@router.post("/contribute")
async def upload(request: Request, lang: str) -> Response:
    """Judges a file, and sends it if that is what was asked: 303 to what became of it, 422 with findings."""
    page = await Page.open(request, lang, private=True)
    if (session := session_of(request)) is None:
        return to_sign_in(page)
    fields, caller = await posted(request, session), session.caller
    file, name = _file(fields), fields.text("graph")
    given: dict[str, Any] = {"file": file, "name": name, "note": fields.text("note")}
    if not file.body:
        return await _page(page, status=422, wrong=_NO_FILE, at="file", **given)
    if (wanted := _TYPES.get(PurePath(file.name.lower()).suffix)) is None:
        return await _page(page, status=422, wrong=_NO_TYPE, at="file", **given)
    if (graph := graph_for(caller, name, file.name, table=wanted in media.SHEETS)) is None:
        return await _page(page, status=422, wrong=_NO_NAME, at="graph", **given)
    dry = fields.text("do") != "send"
    arrival = Arrival(file.body, wanted, graph, lang, fields.text("note")[:2000], None, dry)
    try:
        outcome = await while_there(request, desk_of(request).contribute(arrival, caller))
    except KoggeError as error:
        if error.status >= 500:
            raise
        return await _page(page, status=error.status, error=spoken(error, lang), **given)
    if outcome.refused or dry:
        status = 200 if not outcome.refused else 403 if outcome.forbidden else 422
        return await _page(page, status=status, outcome=outcome, kept=_kept(file), **given)
    return to_outcome(page, outcome)


def graph_for(caller: Caller, name: str, file: str, *, table: bool) -> str | None:
    """The graph that is meant: `projects`, for a steward also `luebeck/projects`; else by the file's name.

    None for what cannot be a name.
    """
    owner, _, slug = name.rpartition("/")
    owner = owner or caller.partner.slug
    slug = slug or ("table" if table else names.slugify(PurePath(file).stem))
    if not names.SLUG.fullmatch(owner) or not names.SLUG.fullmatch(slug):
        return None
    return names.graph(owner, slug)


def to_outcome(page: Page, outcome: Outcome) -> Response:
    """Where one sees what became of what was sent: the contribution, or the list if there are several."""
    made = {
        each.receipt.contribution.number
        for each in outcome.entries
        if each.receipt and each.receipt.contribution
    }
    new = sum(each.receipt is not None and each.receipt.new for each in outcome.entries)
    path = f"/{made.pop()}{'?sent' if new else '?same'}" if len(made) == 1 else f"?sent={new}"
    where = f"{page.prefix}/{page.lang}/contributions{path}"
    return RedirectResponse(where, 303, {"Cache-Control": PRIVATE})


async def _page(page: Page, *, status: int = 200, **values: Any) -> Response:
    empty = {"file": File("", b""), "name": "", "note": "", "wrong": "", "at": "", "kept": ""}
    nothing = {"error": None, "outcome": None}
    return await page.send("contribute.html", status=status, accept=ACCEPT, **{**empty, **nothing, **values})


def _file(fields: Posted) -> File:
    """The file that was chosen, or the one that the page gave back."""
    chosen = fields.files.get("file", File("", b""))
    if chosen.body or not fields.text("kept"):
        return chosen
    try:
        return File(fields.text("kept-name"), base64.b64decode(fields.text("kept"), validate=True))
    except (binascii.Error, ValueError):
        return chosen


def _kept(file: File) -> str:
    return base64.b64encode(file.body).decode() if len(file.body) <= _KEPT else ""
