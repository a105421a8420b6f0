"""Level 8, web: `/sparql`, the query part of the SPARQL 1.1 Protocol (section 2.1)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from urllib.parse import parse_qsl

from fastapi import APIRouter, Request, Response

from kogge.errors import BadRequest, Forbidden, TooLarge, UnsupportedType
from kogge.web.context import desk_of, respond

router = APIRouter()

FORM: Final = "application/x-www-form-urlencoded"
QUERY: Final = "application/sparql-query"
UPDATE: Final = "application/sparql-update"

# A form writes a byte as up to three; beyond that a body cannot hold a query that would be taken.
_ENCODED: Final = 3
_FIELDS: Final = 100


@router.api_route("/sparql", methods=["GET", "HEAD"])
async def by_get(request: Request) -> Response:
    """Answers the query in the parameter `query`."""
    return await _answer(request, _query_of(request.query_params.multi_items()))


@router.post("/sparql")
async def by_post(request: Request) -> Response:
    """Answers a query in a form, or in the body itself."""
    kind, _, parameters = request.headers.get("content-type", "").partition(";")
    kind = kind.strip().lower()
    if kind == UPDATE:
        raise _no_update()
    if kind not in (FORM, QUERY) or request.headers.get("content-encoding", "identity") != "identity":
        raise UnsupportedType(
            f"A query is not taken as '{kind or 'nothing'}'.", f"Send it as {QUERY} or as a form ({FORM})."
        )
    if "charset" in parameters.lower() and "utf-8" not in parameters.lower():
        raise UnsupportedType("A query is taken in UTF-8 only.", "Leave out the charset, or say UTF-8.")
    body = await _body(request)
    try:
        text = body.decode("utf-8")
        if kind == QUERY:
            fields = [*request.query_params.multi_items(), ("query", text)]
        else:
            fields = parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=_FIELDS)
    except (UnicodeError, ValueError) as error:
        raise BadRequest(
            "The body is no text in UTF-8, or no form.", f"Send the query as {QUERY}."
        ) from error
    return await _answer(request, _query_of(fields))


def _query_of(fields: Sequence[tuple[str, str]]) -> str:
    """The one query among the fields of a request. Raises Forbidden for an update, else BadRequest."""
    if any(name == "update" for name, _ in fields):
        raise _no_update()
    if any(name in ("default-graph-uri", "named-graph-uri") for name, _ in fields):
        raise BadRequest(
            "The dataset cannot be chosen by a parameter.", "Write FROM or FROM NAMED into the query."
        )
    texts = [value for name, value in fields if name == "query"]
    if len(texts) != 1:
        found = "no query" if not texts else f"{len(texts)} queries"
        raise BadRequest(
            f"There is {found} in the request.",
            "Give one, for example: /sparql?query=SELECT * WHERE { GRAPH ?graph { ?s ?p ?o } } LIMIT 10",
        )
    return texts[0]


async def _answer(request: Request, text: str) -> Response:
    desk = desk_of(request)
    result = await desk.ask(text, request.headers.get("accept"))
    return respond(result, desk.state)


async def _body(request: Request) -> bytes:
    """The body, read only as far as it can still hold a query. Raises TooLarge."""
    limit = _ENCODED * request.app.state.settings.query_bytes + 1024
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > limit:
            raise TooLarge(f"The body is longer than {limit} bytes.", "Shorten the query.")
    return bytes(body)


def _no_update() -> Forbidden:
    return Forbidden(
        "This address only answers questions; it changes nothing.",
        "Ask with SELECT, ASK, CONSTRUCT or DESCRIBE; facts come in as contributions.",
    )
