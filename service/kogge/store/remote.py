"""Level 3, store: asks another SPARQL 1.1 endpoint and gives its answer as the embedded store would."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Final
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit

import pyoxigraph as ox
from pyoxigraph import QueryResultsFormat, RdfFormat

from kogge import media, syntax
from kogge.errors import BadRequest, KoggeError, Unavailable
from kogge.media import MediaType
from kogge.store.evaluate import Result, write

TIMEOUT: Final = 60  # seconds


def ask(endpoint: str, text: str, accept: str | None) -> Result:
    """The answer of an endpoint, given by its http(s) address, in the representation that `accept` wants.

    Raises BadRequest where the endpoint refuses the query, Unavailable where it does not answer.
    """
    if urlsplit(endpoint).scheme not in ("http", "https"):
        raise BadRequest(f"'{endpoint}' is no address of an endpoint.", "It begins with http:// or https://.")
    # Imported here: it takes longer to load than all the rest, and only this needs it.
    from SPARQLWrapper import SPARQLExceptions, SPARQLWrapper

    wrapper = SPARQLWrapper(endpoint, agent="kogge")
    wrapper.setTimeout(TIMEOUT)
    wrapper.setQuery(text)
    graph = wrapper.queryType in ("CONSTRUCT", "DESCRIBE")
    wrapper.setReturnFormat("turtle" if graph else "json")
    try:
        response = wrapper.query().response
        body = bytes(response.read())
    except SPARQLExceptions.SPARQLWrapperException as error:
        reason = str(error.args[0] if error.args else error).split("Response:")[-1].strip(" b'\"\n")
        raise BadRequest(f"{endpoint} refuses the query: {reason[:300]}") from error
    except (HTTPError, URLError, TimeoutError, OSError) as error:
        reason = str(getattr(error, "reason", error))
        raise Unavailable(f"{endpoint} does not answer: {reason}.", "Check the address.") from error
    return _graph(body, endpoint, accept) if graph else _rows(body, endpoint, accept)


def _graph(body: bytes, endpoint: str, accept: str | None) -> Result:
    chosen = media.choose(accept, media.GRAPHS)
    triples = syntax.parse(body, RdfFormat.TURTLE, name=endpoint)
    written = io.BytesIO()
    write(triples, chosen, written)
    return Result(chosen, written.getvalue(), len(triples))


def _rows(body: bytes, endpoint: str, accept: str | None) -> Result:
    try:
        rows = ox.parse_query_results(body, QueryResultsFormat.JSON)
        offered: Sequence[MediaType] = media.ROWS
        chosen = media.choose(accept, offered)
        return Result(chosen, rows.serialize(format=QueryResultsFormat.from_media_type(chosen.type)) or b"")
    except (SyntaxError, ValueError) as error:
        raise KoggeError(f"{endpoint} does not answer with SPARQL results.", "Is it an endpoint?") from error
