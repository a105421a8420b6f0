"""Level 3, store: asks another SPARQL 1.1 endpoint and gives its answer as the embedded store would."""

from __future__ import annotations

import ast
import io
import json
import re
import warnings
from http.client import HTTPException
from typing import Final
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit

import pyoxigraph as ox
from pyoxigraph import QueryBoolean, QueryResultsFormat, RdfFormat

from kogge import media, syntax
from kogge.errors import BadRequest, KoggeError, Unavailable, Unreadable
from kogge.media import MediaType
from kogge.store import guard
from kogge.store.evaluate import Result, write

TIMEOUT: Final = 60  # seconds
_LONG: Final = 2000  # characters above which a query is sent by POST: an address must not be too long
_SHOWN: Final = 300
_TURTLE: Final = (media.TURTLE.type, media.N_TRIPLES.type, "application/x-turtle", media.TEXT.type)


def ask(endpoint: str, text: str, accept: str | None) -> Result:
    """The answer of an endpoint, given by its http(s) address, in the representation that `accept` wants.

    Raises Forbidden for an update, BadRequest where the endpoint refuses the query, Unavailable where it does
    not answer, KoggeError where it answers with something else.
    """
    _check(endpoint)
    guard.refuse_update(text)
    if not text.strip():
        raise BadRequest("The query is empty.", "Give a SELECT, ASK, CONSTRUCT or DESCRIBE query.")
    kind, body, graph = _asked(endpoint, text)
    return _graph(kind, body, endpoint, accept) if graph else _rows(body, endpoint, accept)


def _check(endpoint: str) -> None:
    try:
        parts = urlsplit(endpoint)
        fits = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        fits = False
    if not fits or re.search(r"[\s\x00-\x1f\x7f]", endpoint):
        raise BadRequest(
            f"'{endpoint}' is no address of an endpoint.", "It looks like https://example.org/sparql."
        )


def _asked(endpoint: str, text: str) -> tuple[str, bytes, bool]:
    """Media type and bytes of an answer, and whether it is a graph."""
    # Imported here: it takes longer to load than all the rest, and only this needs it.
    from SPARQLWrapper import POST, SPARQLExceptions, SPARQLWrapper

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what it guesses of a wrong query; the endpoint will say it
        wrapper = SPARQLWrapper(endpoint, agent="kogge")
        wrapper.setTimeout(TIMEOUT)
        wrapper.setQuery(text)
        graph = wrapper.queryType in ("CONSTRUCT", "DESCRIBE")
        wrapper.setReturnFormat("turtle" if graph else "json")
        if len(text) > _LONG:
            wrapper.setMethod(POST)
        try:
            with wrapper.query().response as response:
                return response.headers.get_content_type(), response.read(), graph
        except SPARQLExceptions.SPARQLWrapperException as error:
            code = getattr(error.__context__, "code", 400)
            raise _refused(endpoint, code, _sent(str(error))) from error
        except HTTPError as error:
            with error:
                raise _refused(endpoint, error.code, error.read()) from error
        except (URLError, HTTPException, OSError) as error:  # a time-out is an OSError
            reason = str(getattr(error, "reason", error)) or type(error).__name__
            raise Unavailable(f"{endpoint} does not answer: {reason}.", "Check the address.") from error


def _sent(message: str) -> bytes:
    """The body of a refusal, which the exceptions of SPARQLWrapper hold as it is written in Python."""
    _, _, body = message.partition("Response:\n")
    return bytes(ast.literal_eval(body)) if body else b""


def _refused(endpoint: str, code: int, body: bytes) -> KoggeError:
    """The error that a status above 399 stands for, with the reason that the body gives."""
    text = body.decode("utf-8", "replace").strip()
    try:
        problem = json.loads(text)
        detail, advice = str(problem["detail"]), str(problem.get("advice", ""))
    except (ValueError, TypeError, KeyError):  # no problem of RFC 9457
        page = text.startswith("<")
        detail = f"status {code}." if page or not text else " ".join(text[:_SHOWN].split())
        advice = "Is it the address of an endpoint?" if code == 404 else ""
    if code >= 500:
        return Unavailable(f"{endpoint} has not answered the query: {detail}", advice)
    return BadRequest(f"{endpoint} refuses the query: {detail}", advice)


def _graph(kind: str, body: bytes, endpoint: str, accept: str | None) -> Result:
    chosen = media.choose(accept, media.GRAPHS)
    if kind not in _TURTLE:
        raise _no_answer(endpoint, f"a graph in Turtle (but with {kind})")
    try:
        triples = syntax.parse(body, RdfFormat.TURTLE, name=endpoint)
    except Unreadable as error:
        raise _no_answer(endpoint, "a graph in Turtle") from error
    written = io.BytesIO()
    write(triples, chosen, written)
    return Result(chosen, written.getvalue(), len(triples))


def _rows(body: bytes, endpoint: str, accept: str | None) -> Result:
    try:
        rows = ox.parse_query_results(body, QueryResultsFormat.JSON)
        offered: tuple[MediaType, ...] = media.BOOLEANS if isinstance(rows, QueryBoolean) else media.ROWS
        chosen = media.choose(accept, offered)
        return Result(chosen, rows.serialize(format=QueryResultsFormat.from_media_type(chosen.type)) or b"")
    except (SyntaxError, ValueError) as error:
        raise _no_answer(endpoint, "SPARQL results in JSON") from error


def _no_answer(endpoint: str, wanted: str) -> KoggeError:
    return KoggeError(f"{endpoint} does not answer with {wanted}.", "Is it the address of an endpoint?")
