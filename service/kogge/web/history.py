"""Level 8, web: `/graph/<owner>/<slug>`: a named graph, its versions, and steps that make one at once."""

from __future__ import annotations

import re
from email.utils import format_datetime
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request, Response

from kogge import media, names
from kogge.desk import THING_FORMATS, time_of
from kogge.errors import BadRequest, NotAcceptable
from kogge.ledger import Version
from kogge.media import MediaType
from kogge.steps import Steps
from kogge.web import told
from kogge.web.addresses import formats, here, pages
from kogge.web.asked import IF_MATCH, accepted_language, fields_of, graph_of, held_to, text_of, version_of
from kogge.web.context import client_of, desk_of, not_modified, not_since, send, while_there
from kogge.web.signing import signed

router = APIRouter()

_OFFERED: Final = (media.TURTLE, media.N_TRIPLES, media.JSON_LD, media.RDF_XML)
_SUFFIXES: Final = {each.suffix: each for each in (*THING_FORMATS, media.HTML)}
_RANGE: Final = re.compile(r"(\d{1,9})\.\.(\d{1,9})")
_MADE: Final = (names.DERIVED_GRAPH, names.HISTORY_GRAPH)  # they have a state, and no versions
_SECURITY: Final[dict[str, Any]] = {"security": [{"token": []}]}


def _said(*properties: str) -> dict[str, Any]:
    schema = {"type": "object", "properties": {name: {} for name in properties}}
    return {
        **_SECURITY,
        "parameters": [IF_MATCH],
        "requestBody": {"content": {media.JSON.type: {"schema": schema}}},
    }


@router.api_route("/graph/{owner}/{slug}", methods=["GET", "HEAD"])
async def graph(
    request: Request,
    owner: str,
    slug: str,
    version: Annotated[int | None, Query(ge=1, le=999_999_999)] = None,
    difference: Annotated[str | None, Query(examples=["1..2"])] = None,
) -> Response:
    """A named graph, by Accept or with `.ttl .nt .jsonld .rdf .json .csv` at the end of its address.

    `version` gives an older one, `difference` (as JSON) what was added and removed between two; 0 is nothing.
    A browser is sent to the page about it (303), as from the ending `.html`.
    """
    iri, accept = _asked(request, owner, slug)
    desk = desk_of(request)
    if _for_people(accept, *THING_FORMATS):
        return await _page(request, iri, f"?{request.url.query}" if request.url.query else "")
    if difference is not None:
        first, second = _both(difference)
        found = await desk.look(lambda steps: steps.difference(iri, first, second))
        return told.as_json(found.as_json(), headers={"Cache-Control": "no-cache", "Vary": "Accept"})
    if iri in _MADE:
        made, state = await while_there(request, desk.things.graph(iri, accept, client=client_of(request)))
        response = await send(request, made, state)
        response.headers["Link"] = ", ".join(_links(request, iri, made.media))
        return response
    held, result = await desk.version(iri, version, accept, THING_FORMATS)
    erased = "-" + re.sub(r"\D", "", held.erased) if held.erased else ""
    etag = f'"v{held.version}{erased}"'
    modified = time_of(held.erased or held.at)
    if etag in request.headers.get("if-none-match", "") or not_since(request, modified):
        return not_modified(etag)
    path = here(request, told.path_of(iri))
    response = await send(request, result, "", None)
    response.headers.update(
        {
            "ETag": etag,
            "Last-Modified": format_datetime(modified, usegmt=True),
            "Cache-Control": "no-cache",
            # RFC 5829, section 3.1
            "Link": ", ".join(
                [f'<{path}/history>; rel="version-history"', *_links(request, iri, result.media)]
            ),
            "Content-Location": f"{path}?version={held.version}",
        }
    )
    return response


@router.api_route("/graph/{owner}/{slug}/history", methods=["GET", "HEAD"])
async def history(request: Request, owner: str, slug: str) -> Response:
    """Every version of a graph, the oldest first: when, by whom, from which contribution. JSON, or PROV-O."""
    iri, accept = graph_of(owner, slug), request.headers.get("accept")
    if _for_people(accept, media.JSON, *_OFFERED):
        return await _page(request, iri, "#versions")
    versions, said = await desk_of(request).history(iri, accept, _OFFERED)
    newest = versions[-1].number
    if said is not None:
        return await send(request, said, f"h{newest}", weak=True)
    listed = [told.version(each) for each in versions]
    headers = {"Cache-Control": "no-cache", "Vary": "Accept"}
    return told.as_json({"graph": iri, "versions": listed, "total": len(listed)}, headers=headers)


@router.post("/contributions/{owner}/{slug}/confirm", openapi_extra=_said("things"))
async def confirm(request: Request, owner: str, slug: str) -> Response:
    """Says that what a graph says is still valid: `kogge:reviewedOn` is today. `things` (IRIs) names some."""
    caller, iri, condition = signed(request), graph_of(owner, slug), version_of(request)
    things = (await fields_of(request)).get("things", [])
    if isinstance(things, str):
        things = [things]
    if not isinstance(things, list) or not all(isinstance(each, str) for each in things):
        raise BadRequest("'things' is a list of IRIs.", "Leave it out for all things of the graph.")
    made = await desk_of(request).act(
        lambda steps: steps.confirm(iri, caller, things, if_match=held_to(steps, iri, condition))
    )
    return told.as_json(
        {"state": "confirmed", "new": made is not None} | (told.version(made) if made else {})
    )


@router.post("/contributions/{owner}/{slug}/rollback", openapi_extra=_said("version", "note"))
async def roll_back(request: Request, owner: str, slug: str) -> Response:
    """Makes what an old `version` said the newest one: for editors."""
    caller, iri, condition = signed(request), graph_of(owner, slug), version_of(request)
    fields = await fields_of(request)
    wanted = str(fields.get("version", ""))
    if not re.fullmatch(r"\d{1,9}", wanted):
        raise BadRequest("'version' is the number of a version.", f"See {told.path_of(iri)}/history")
    note = text_of(fields, "note")

    def act(steps: Steps) -> Version:
        return steps.roll_back(iri, int(wanted), caller, note, if_match=held_to(steps, iri, condition))

    made = await desk_of(request).act(act)
    return told.as_json({"state": "published"} | told.version(made))


@router.delete("/contributions/{owner}/{slug}", openapi_extra=_said("note"))
async def delete(request: Request, owner: str, slug: str) -> Response:
    """Makes the newest version of a graph an empty one, for editors; the older versions stay readable."""
    caller, iri, condition = signed(request), graph_of(owner, slug), version_of(request)
    note = text_of(await fields_of(request), "note")
    made = await desk_of(request).act(
        lambda steps: steps.delete(iri, caller, note, if_match=held_to(steps, iri, condition))
    )
    return told.as_json({"state": "deleted"} | told.version(made))


def _for_people(accept: str | None, *others: MediaType) -> bool:
    """Whether a page is wanted more than these."""
    try:
        return media.choose(accept, (*others, media.HTML)) == media.HTML
    except NotAcceptable:
        return False


async def _page(request: Request, iri: str, end: str) -> Response:
    """303 to the page about a graph, if there is such a graph."""
    if iri not in _MADE:
        await desk_of(request).look(lambda steps: steps.history(iri))
    page = here(request, f"/{accepted_language(request)}{told.path_of(iri)}{end}")
    headers = {
        "Location": page,
        "Vary": "Accept, Accept-Language",
        "Link": ", ".join(_links(request, iri, media.HTML)),
    }
    return Response(status_code=303, headers=headers)


def _links(request: Request, iri: str, this: MediaType) -> list[str]:
    """The other formats and pages, the name and the licence of a graph, for the header Link."""
    path = told.path_of(iri)
    return [
        *formats(here(request, path), this),
        *pages(request, path),
        f'<{here(request, "/ontology")}>; rel="describedby"',
        f'<{iri}>; rel="cite-as"',
        f'<{names.CC_BY}>; rel="license"',
    ]


def _asked(request: Request, owner: str, slug: str) -> tuple[str, str | None]:
    """The graph of an address, and the representation that its end or the header Accept names."""
    name, dot, suffix = slug.partition(".")
    if not dot:
        return graph_of(owner, slug), request.headers.get("accept")
    wanted = _SUFFIXES.get(suffix)
    return graph_of(owner, name if wanted else slug), wanted.type if wanted else None


def _both(text: str) -> tuple[int, int]:
    if (found := _RANGE.fullmatch(text)) is None:
        raise BadRequest("'difference' names two versions.", "For example: difference=1..2")
    return int(found[1]), int(found[2])
