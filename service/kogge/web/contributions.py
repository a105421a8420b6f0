"""Level 8, web: `/contributions`: a partner sends what it knows, a colleague releases it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Annotated, Any, Final, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request, Response

from kogge import desk as desks
from kogge import media, names
from kogge.contribution.retold import retold
from kogge.ledger import Contribution, State
from kogge.reception import TAKEN, Arrival
from kogge.steps import Steps
from kogge.store.evaluate import Result
from kogge.web import told
from kogge.web.asked import (
    IF_MATCH,
    fields_of,
    graph_of,
    held_to,
    language_of,
    text_of,
    type_of,
    version_of,
)
from kogge.web.context import body_of, caller_of, desk_of, while_there
from kogge.web.signing import signed

router = APIRouter()

_Step = Callable[..., Contribution]
_TEMPLATE: Final = "kogge-{}.xlsx"
_SECURITY: Final[dict[str, Any]] = {"security": [{"token": []}]}
_LANG: Final[dict[str, Any]] = {
    "name": "lang",
    "in": "query",
    "description": "The language of the findings; else that of Accept-Language, else German.",
    "schema": {"type": "string", "enum": list(names.LANGUAGES)},
}
_PUT: Final[dict[str, Any]] = {
    **_SECURITY,
    "parameters": [
        {
            "name": "dry-run",
            "in": "query",
            "description": "Only say what would be found; nothing is staged.",
            "schema": {"type": "string"},
            "allowEmptyValue": True,
        },
        _LANG,
        {
            "name": "note",
            "in": "query",
            "description": "A note to who releases it.",
            "schema": {"type": "string"},
        },
        IF_MATCH,
    ],
    "requestBody": {"required": True, "content": {known.type: {} for known in TAKEN}},
}
_FIELDS: Final[dict[str, Any]] = {
    **_SECURITY,
    "requestBody": {
        "content": {
            media.JSON.type: {
                "schema": {
                    "type": "object",
                    "properties": {
                        "note": {"type": "string", "description": "Why; the sender sees it."},
                        "sha256": {"type": "string", "description": "Of the body that was looked at."},
                    },
                }
            }
        }
    },
}


@router.get("/contributions/template.xlsx", openapi_extra={"parameters": [_LANG]})
def template(request: Request, steward: Annotated[bool, Query()] = False) -> Response:
    """The workbook in which a city fills in what it knows; `steward`, or a steward's token, adds sheets."""
    lang, caller = language_of(request), caller_of(request)
    result = _workbook(lang, steward or (caller is not None and caller.role == "steward"))
    name = _TEMPLATE.format(lang)
    headers = {
        "Content-Disposition": f'attachment; filename="{name}"',
        "Vary": "Accept-Language, Authorization",
    }
    return Response(result.body, media_type=result.media.content_type, headers=headers)


@cache
def _workbook(lang: str, steward: bool) -> Result:
    """A template is made once: it takes a second of work, and anybody may ask for it."""
    return desks.template(lang, steward=steward)


@router.put("/contributions/{owner}/{slug}", openapi_extra=_PUT)
async def send(request: Request, owner: str, slug: str) -> Response:
    """Sends what a graph is to say: 202 when it is staged, 200 when it says nothing new, 422 with findings.

    Turtle, N-Triples, JSON-LD and RDF/XML replace the graph of this address when they are released; of a
    table (XLSX, CSV) each row is a graph of its own, `<owner>/<kind>-<identifier>`.
    """
    caller = signed(request)
    graph, wanted, lang = graph_of(owner, slug), type_of(request), language_of(request)
    condition = version_of(request)
    desk = desk_of(request)
    body = await body_of(request, request.app.state.settings.body_bytes, "Divide it into several graphs.")
    if_match = await desk.look(lambda steps: held_to(steps, graph, condition))
    dry_run = request.query_params.get("dry-run", "false").lower() not in ("false", "0", "no")
    arrival = Arrival(
        body, wanted, graph, lang, request.query_params.get("note", "")[:2000], if_match, dry_run
    )
    outcome = await while_there(request, desk.contribute(arrival, caller))
    if outcome.refused:
        return told.refusal(request, outcome, lang)
    return told.receipt(outcome, dry_run=dry_run)


@router.get("/contributions", openapi_extra=_SECURITY)
async def listed(
    request: Request,
    state: Annotated[State | None, Query()] = None,
    graph: Annotated[str | None, Query(description="OWNER/SLUG or IRI")] = None,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
    offset: Annotated[int, Query(ge=0, le=1_000_000_000)] = 0,
) -> Response:
    """What the caller's partner sent, and what came to its graphs; all for a steward; the newest first."""
    caller = signed(request)
    iri = names.graph(*graph.split("/", 1)) if graph and "://" not in graph and "/" in graph else graph
    found = await desk_of(request).look(
        lambda steps: steps.contributions(caller, graph=iri, state=state, limit=limit + 1, offset=offset)
    )
    page: dict[str, object] = {"contributions": [told.contribution(each) for each in found[:limit]]}
    if len(found) > limit:
        wanted = {"state": state, "graph": graph, "limit": limit, "offset": offset + limit}
        page["next"] = "/contributions?" + urlencode({k: v for k, v in wanted.items() if v is not None})
    return told.as_json(page)


@router.get("/contributions/{number:int}", openapi_extra={**_SECURITY, "parameters": [_LANG]})
async def one(request: Request, number: int) -> Response:
    """A contribution with its findings and steps, and what it would change in the graph, as Turtle."""
    caller, lang = signed(request), language_of(request)

    def look(steps: Steps) -> dict[str, object]:
        found = steps.contribution(number, caller)
        return {
            **told.contribution(found),
            "body": f"/contributions/{number}/body",
            "findings": retold(steps.sent(number, caller)[1], lang),
            "steps": [told.step(each) for each in steps.taken(number, caller)],
            "difference": steps.change(number, caller).as_json(),
        }

    headers = {"Content-Language": lang, "Vary": "Authorization, Accept, Accept-Language"}
    return told.as_json(await desk_of(request).look(look), headers=headers)


@router.get("/contributions/{number:int}/body", openapi_extra=_SECURITY)
async def body(request: Request, number: int) -> Response:
    """What was sent, byte by byte; of a table what one row of it says."""
    caller = signed(request)
    sent, kind = await desk_of(request).look(
        lambda steps: (steps.sent(number, caller)[0], steps.contribution(number, caller).media)
    )
    return as_file(sent, kind, number)


def as_file(body: bytes, kind: str, number: int) -> Response:
    """The body of a contribution of a media type as a file that a browser stores and does not open."""
    known = next((each for each in media.TABLE if each.type == kind), media.N_TRIPLES)
    return Response(
        body,
        media_type=known.content_type,
        headers={
            "Content-Disposition": f'attachment; filename="contribution-{number}.{known.suffix}"',
            "X-Content-Type-Options": "nosniff",
            "Cache-Control": "private, no-store",
        },
    )


@router.post("/contributions/{number:int}/{step}", openapi_extra=_FIELDS)
async def take(
    request: Request, number: int, step: Literal["accept", "return", "reject", "withdraw"]
) -> Response:
    """Takes a step: `accept` releases, `return` gives back, `reject` turns down, `withdraw` takes back.

    What was accepted is read by everybody who asks after the answer. With `sha256` only what was looked at.
    """
    caller = signed(request)
    fields = await fields_of(request)
    note, seen = text_of(fields, "note"), text_of(fields, "sha256")

    def act(steps: Steps) -> Contribution:
        if step == "accept":
            return steps.accept(number, caller, note, seen=seen or None)
        taken: Mapping[str, _Step] = {
            "return": steps.return_, "reject": steps.reject, "withdraw": steps.withdraw,
        }  # fmt: skip
        return taken[step](number, caller, note)

    moved = await desk_of(request).act(act)
    return told.as_json(told.contribution(moved), headers={"Content-Location": f"/contributions/{number}"})
