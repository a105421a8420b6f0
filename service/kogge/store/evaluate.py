"""Level 3, store: text of a query → guard → engine → the whole answer in one representation, as bytes.

This is the seam behind which queries run: the caller gets bytes only, so that it may run in another process.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import pyoxigraph as ox
from pyoxigraph import QueryBoolean, QueryResultsFormat, QuerySolutions, QueryTriples, RdfFormat

from kogge import media, syntax
from kogge.media import MediaType
from kogge.store.base import Store
from kogge.store.embedded import query_error
from kogge.store.guard import Limits, inspect

BOOLEANS: Final = (media.SPARQL_JSON, media.SPARQL_XML)


@dataclass(frozen=True)
class Result:
    """An answer, complete: its representation and its bytes."""

    media: MediaType
    body: bytes


def evaluate(store: Store, text: str, accept: str | None, limits: Limits) -> Result:
    """Answers a query in the representation that `accept` (as the HTTP header) wants most.

    SELECT gives SPARQL results as JSON, XML, CSV or TSV, ASK the first two, CONSTRUCT and DESCRIBE a graph
    as Turtle, N-Triples, JSON-LD or RDF/XML. Raises what `guard.inspect` and `Store.query` raise, and
    NotAcceptable.
    """
    inspect(text, limits)
    answer = store.query(text)
    try:
        if isinstance(answer, QueryTriples):
            return _graph(answer, media.choose(accept, media.GRAPHS))
        return _rows(answer, accept)
    except (SyntaxError, RuntimeError, OSError) as error:
        raise query_error(error) from error


def _rows(answer: QuerySolutions | QueryBoolean, accept: str | None) -> Result:
    offered: Sequence[MediaType] = BOOLEANS if isinstance(answer, QueryBoolean) else media.ROWS
    chosen = media.choose(accept, offered)
    engine_format = QueryResultsFormat.from_media_type(chosen.type)
    return Result(chosen, answer.serialize(format=engine_format) or b"")


def _graph(answer: QueryTriples, chosen: MediaType) -> Result:
    triples = list(answer)
    if chosen == media.TURTLE:
        return Result(chosen, syntax.write_turtle(triples).encode())
    if chosen == media.N_TRIPLES:
        return Result(chosen, syntax.canonical(triples))
    engine_format = RdfFormat.from_media_type(chosen.type)
    return Result(
        chosen, ox.serialize(triples, format=engine_format, prefixes=syntax.prefixes_of(triples)) or b""
    )
