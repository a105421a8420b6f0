"""Level 8, web: `/sparql`, the query part of the SPARQL 1.1 Protocol (section 2.1), and its description."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final
from urllib.parse import parse_qsl, unquote_to_bytes

from fastapi import APIRouter, Request, Response

from kogge import media
from kogge.errors import BadRequest, Forbidden, UnsupportedType
from kogge.store.answers import repeatable
from kogge.web.context import (
    beginning,
    body_of,
    client_of,
    desk_of,
    has_already,
    header_of,
    not_modified,
    seconds_of,
    send,
    while_there,
)
from kogge.web.pages import links
from kogge.web.pages.language import language_for

router = APIRouter()

PATH: Final = "/sparql"
METHODS: Final = ["GET", "HEAD", "POST"]
FORM: Final = "application/x-www-form-urlencoded"
QUERY: Final = "application/sparql-query"
UPDATE: Final = "application/sparql-update"

# A form writes a byte as up to three; beyond that a body cannot hold a query that would be taken.
_ENCODED: Final = 3
_FIELDS: Final = 100
# A graph that is constructed may have blank nodes, which are called anew each time: the same graph (RDF 1.1
# Concepts, 3.6), but not the same bytes.
_OF_A_GRAPH: Final = re.compile(rf'-(?:{"|".join(each.suffix for each in media.GRAPHS)})(?:-gzip)?"$')
_SECONDS: Final = re.compile(r"[0-9]{1,6}(?:\.[0-9]{1,3})?")

EXAMPLE: Final = "SELECT ?type (COUNT(*) AS ?things) WHERE { ?thing a ?type } GROUP BY ?type"
_PARAMETERS: Final = [
    ("query", "The query; several at once are refused.", False, EXAMPLE),
    ("default-graph-uri", "A graph of the default graph, overriding FROM; repeatable.", True, None),
    ("named-graph-uri", "A named graph, overriding FROM NAMED; repeatable.", True, None),
    ("timeout", "Seconds after which to stop, up to the limit of the service.", False, "2.5"),
]
_DOCUMENTED: Final[dict[str, Any]] = {
    "parameters": [
        {
            "name": name,
            "in": "query",
            "description": text,
            "schema": {"type": "array", "items": {"type": "string"}} if many else {"type": "string"},
            **({"example": example} if example else {}),
        }
        for name, text, many, example in _PARAMETERS
    ]
}


@dataclass(frozen=True)
class Asked:
    """What a request asks: the text of the query, its dataset, its time."""

    text: str
    default_graphs: tuple[str, ...]
    named_graphs: tuple[str, ...]
    seconds: float

    def key(self, accept: str | None) -> str | None:
        """What tells its answers on one state apart; None if they may differ from each other."""
        return _key(self.text, accept or "", *self.default_graphs, "", *self.named_graphs)


@lru_cache(maxsize=256)
def _key(query: str, *others: str) -> str | None:
    if not repeatable(query):
        return None
    whole = "\0".join((query, *others)).encode("utf-8", "surrogatepass")
    return hashlib.sha256(whole).hexdigest()[:16]


@router.api_route(PATH, methods=METHODS, openapi_extra=_DOCUMENTED)
async def sparql(request: Request) -> Response:
    """Answers a SPARQL 1.1 query; without one, describes the service.

    The query comes in the parameter `query` of a GET, in a form, or as the body of a POST
    (application/sparql-query). Rows come as SPARQL results in JSON, XML, CSV or TSV, graphs as Turtle,
    N-Triples, JSON-LD, RDF/XML, TriG or N-Quads.
    """
    fields = _in_address(request)
    if request.method == "POST":
        fields += await _posted(request)
    elif not request.scope["query_string"]:
        return await _described(request)
    return await _answer(request, _asked(fields, seconds_of(request)))


def _in_address(request: Request) -> list[tuple[str, str]]:
    """The fields of the address."""
    query: bytes = request.scope["query_string"]
    pairs = (part.partition("=") for part in query.decode("latin-1").split("&") if part)
    return [(unquoted(name), unquoted(value)) for name, _, value in pairs]


def unquoted(text: str) -> str:
    """`urllib.parse.unquote_plus` of Latin-1 characters; four times as fast on what a query looks like."""
    text = text.replace("+", " ")
    escaped = text.replace("\\", "\\\\").replace("%", "\\x").encode("latin-1")
    try:
        return escaped.decode("unicode_escape").encode("latin-1").decode("utf-8", "replace")
    except UnicodeDecodeError:  # a % that begins no escape
        return unquote_to_bytes(text.encode("latin-1")).decode("utf-8", "replace")


async def _posted(request: Request) -> list[tuple[str, str]]:
    """The fields of the form that a POST has as its body, or the query that is the body."""
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
    limit = _ENCODED * request.app.state.settings.query_bytes + 1024
    body = await body_of(request, limit, "Shorten the query.")
    try:
        text = body.decode("utf-8")
        if kind == QUERY:
            return [("query", text)]
        return parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=_FIELDS)
    except (UnicodeError, ValueError) as error:
        raise BadRequest(
            "The body is no text in UTF-8, or no form.", f"Send the query as {QUERY}."
        ) from error


def _asked(fields: Sequence[tuple[str, str]], limit: float) -> Asked:
    """What the fields of a request ask. Raises Forbidden for an update, else BadRequest."""
    if any(name == "update" for name, _ in fields):
        raise _no_update()
    texts = [value for name, value in fields if name == "query"]
    if len(texts) != 1:
        found = "no query" if not texts else f"{len(texts)} queries"
        raise BadRequest(f"There is {found} in the request.", f"Give one, for example: {EXAMPLE}")
    return Asked(
        texts[0],
        tuple(value for name, value in fields if name == "default-graph-uri"),
        tuple(value for name, value in fields if name == "named-graph-uri"),
        _timeout([value for name, value in fields if name == "timeout"], limit),
    )


def _timeout(given: Sequence[str], limit: float) -> float:
    """The deadline: what is asked for, up to the limit, which holds for those who ask for none."""
    if not given:
        return limit
    if len(given) > 1 or not _SECONDS.fullmatch(given[0]) or not 0 < float(given[0]) <= limit:
        raise BadRequest(
            f"The parameter 'timeout' is one number of seconds, above 0 and up to {limit:g}.",
            "For example: timeout=2.5",
        )
    return float(given[0])


async def _answer(request: Request, asked: Asked) -> Response:
    desk = desk_of(request)
    accept = header_of(request, b"accept") or None
    key = asked.key(accept)
    if key and (held := has_already(request, beginning(await desk.refresh(), key))):
        return not_modified(f"W/{held}" if _OF_A_GRAPH.search(held) else held)
    answer = await while_there(
        request,
        desk.ask(
            asked.text,
            accept,
            default_graphs=asked.default_graphs,
            named_graphs=asked.named_graphs,
            seconds=asked.seconds,
            client=client_of(request),
        ),
    )
    return await send(request, answer, answer.state, key, weak=answer.media in media.GRAPHS)


async def _described(request: Request) -> Response:
    """The description of the service (SPARQL 1.1 Service Description); people are sent to the page."""
    accept = request.headers.get("accept")
    if media.choose(accept, (*media.GRAPHS, media.HTML)) == media.HTML:
        where = links.url(links.prefix_of(request.app.state.settings), language_for(request), "sparql")
        return Response(status_code=303, headers={"Location": where, "Vary": "Accept, Accept-Language"})
    base = request.app.state.settings.base_url
    answer = await while_there(request, desk_of(request).describe("service", base, accept))
    return await send(request, answer, answer.state)


def _no_update() -> Forbidden:
    return Forbidden(
        "This address only answers questions; it changes nothing.",
        "Ask with SELECT, ASK, CONSTRUCT or DESCRIBE; facts come in as contributions.",
    )
