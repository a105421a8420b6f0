"""Level 8, web: `/reconcile`, the Reconciliation Service API 0.2: names in a table → our identifiers."""

from __future__ import annotations

import json
from typing import Annotated, Any, Final, Literal
from urllib.parse import parse_qs

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import RedirectResponse

from kogge import media
from kogge.errors import BadRequest, TooLarge, UnsupportedType
from kogge.portal.reconcile import BATCH, EXTENDED
from kogge.store.evaluate import Result
from kogge.web.asked import language_of
from kogge.web.context import body_of, desk_of, send

router = APIRouter()

_FORM: Final = "application/x-www-form-urlencoded"
_FIELDS: Final = ("queries", "extend")
_EXAMPLE: Final = '{"q0": {"query": "Hansestadt Luebeck", "type": "municipality"}}'
_LANG: Final = {
    "name": "lang",
    "in": "query",
    "schema": {"type": "string", "enum": ["de", "en", "nl"]},
    "example": "en",
}
_SAID: Final[dict[str, Any]] = {"parameters": [_LANG]}
_ASKED: Final[dict[str, Any]] = {
    "parameters": [
        {"name": "queries", "in": "query", "schema": {"type": "string"}, "example": _EXAMPLE},
        {"name": "extend", "in": "query", "schema": {"type": "string"}},
        _LANG,
    ]
}
_SENT: Final[dict[str, Any]] = {
    "parameters": [_LANG],
    "requestBody": {
        "content": {
            _FORM: {
                "schema": {"type": "object", "properties": {name: {"type": "string"} for name in _FIELDS}}
            }
        }
    },
}
Entity = Annotated[str, Query(max_length=500, examples=["id/municipality/luebeck"])]


@router.get("/reconcile", openapi_extra=_ASKED)
@router.head("/reconcile", include_in_schema=False)
async def reconcile(request: Request) -> Response:
    """What the service offers; with `queries` the candidates for names, with `extend` values of entities."""
    given = {name: value for name, value in request.query_params.items() if name in _FIELDS}
    return await _answered(request, given)


@router.post("/reconcile", openapi_extra=_SENT)
async def reconcile_form(request: Request) -> Response:
    """The same, sent as a form."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != _FORM:
        raise UnsupportedType("Queries are taken as a form.", f"Send {_FORM}, with a field 'queries'.")
    body = await body_of(
        request, request.app.state.settings.body_bytes, f"Send at most {BATCH} queries at once."
    )
    try:
        fields = parse_qs(body.decode(), strict_parsing=bool(body), max_num_fields=10)
    except ValueError as error:
        raise BadRequest("The form cannot be read.", "Send queries=<JSON>, encoded as a form.") from error
    return await _answered(request, {name: fields[name][0] for name in _FIELDS if name in fields}, form=True)


@router.api_route("/reconcile/suggest/{what}", methods=["GET", "HEAD"], openapi_extra=_SAID)
async def suggest_for_reconciliation(
    request: Request,
    what: Literal["entity", "type", "property"],
    prefix: Annotated[str, Query(examples=["Lüb"])] = "",
    cursor: Annotated[int, Query(ge=0, le=100_000)] = 0,
) -> Response:
    """Entities, types or properties whose name begins with a text."""
    found = await desk_of(request).reconciliation.suggest(what, prefix, cursor, language_of(request))
    return await _sent(request, found)


@router.api_route("/reconcile/properties", methods=["GET", "HEAD"], openapi_extra=_SAID)
async def properties(
    request: Request,
    type: Annotated[str, Query(examples=["municipality"])] = "",
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> Response:
    """The properties that entities of a type have."""
    return await _sent(request, desk_of(request).reconciliation.properties(type, limit, language_of(request)))


@router.api_route("/reconcile/preview", methods=["GET", "HEAD"], openapi_extra=_SAID)
async def preview(request: Request, id: Entity) -> Response:
    """A small page on an entity, to be shown inside of another."""
    desk = desk_of(request)
    page = await desk.reconciliation.preview(id, language_of(request))
    response = await send(request, Result(media.HTML, page), desk.state)
    response.headers["Content-Security-Policy"] = "default-src 'none'"
    return _by_language(response)


@router.api_route("/reconcile/view", methods=["GET", "HEAD"], include_in_schema=False)
async def view(request: Request, id: Entity) -> Response:
    """The address of an entity."""
    return RedirectResponse(await desk_of(request).reconciliation.address(id), 303)


async def _answered(request: Request, given: dict[str, str], *, form: bool = False) -> Response:
    service, lang = desk_of(request).reconciliation, language_of(request)
    if not given and form:
        raise BadRequest("The form has neither 'queries' nor 'extend'.", f"For example: queries={_EXAMPLE}")
    if len(given) > 1:
        raise BadRequest("Both 'queries' and 'extend' are given.", "Ask for one of them at a time.")
    if not given:
        return await _sent(request, service.manifest(lang, said="lang" in request.query_params))
    ((name, text),) = given.items()
    try:
        asked = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadRequest(f"'{name}' is no JSON.", f"For example: {_EXAMPLE}") from error
    if name == "queries":
        _at_most(asked, BATCH, "queries")
        return await _sent(request, await service.match(asked, lang))
    _at_most(asked.get("ids") if isinstance(asked, dict) else None, EXTENDED, "entities")
    return await _sent(request, await service.extend(asked, lang))


def _at_most(listed: object, most: int, what: str) -> None:
    if isinstance(listed, dict | list) and len(listed) > most:
        raise TooLarge(f"There are more than {most} {what}.", f"Send at most {most} at once.")


async def _sent(request: Request, content: object) -> Response:
    body = json.dumps(content, ensure_ascii=False).encode() + b"\n"
    return _by_language(await send(request, Result(media.JSON, body), desk_of(request).state))


def _by_language(response: Response) -> Response:
    response.headers["Vary"] = "Accept-Encoding, Accept-Language"
    return response
