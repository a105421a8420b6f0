"""Level 3, store: text of a query → guard → engine → the whole answer in one representation, as bytes.

The caller gets bytes only, so that this may run in another process (`worker`).
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

import pyoxigraph as ox
from pyoxigraph import QueryBoolean, QueryResultsFormat, QuerySolutions, QueryTriples, RdfFormat, Triple

from kogge import media, syntax, turtle
from kogge.errors import BadRequest, TooLarge, Unprocessable
from kogge.media import MediaType
from kogge.store import guard, merge
from kogge.store.embedded import query_error


@dataclass(frozen=True)
class Query:
    """A question: its text, the wanted representation (as the header Accept), its dataset, its caps.

    `default_graphs` and `named_graphs` are the IRIs of the SPARQL 1.1 Protocol, section 2.1.4; if there is
    any, they are the dataset, whatever FROM says. `base` is what relative IRIs are resolved against. A
    result of more rows (or triples) or bytes is refused.
    """

    text: str
    accept: str | None = None
    default_graphs: tuple[str, ...] = ()
    named_graphs: tuple[str, ...] = ()
    base: str | None = None
    rows: int = 100_000
    bytes: int = 10_000_000


@dataclass(frozen=True)
class Result:
    """An answer, complete: its representation, its bytes, and to a query its rows or triples (ASK: 1)."""

    media: MediaType
    body: bytes
    rows: int = 0


def evaluate(store: ox.Store, query: Query, limits: guard.Limits | None) -> Result:
    """The whole answer to a query in the representation it wants most.

    SELECT gives SPARQL results as JSON, XML, CSV or TSV, ASK the first two, CONSTRUCT and DESCRIBE a graph.
    Raises what `guard.inspect` raises (not without `limits`), Unreadable with line and column, BadRequest,
    NotAcceptable, and TooLarge for a result above its caps.
    """
    if limits is not None:
        guard.inspect(query.text, limits)
    try:
        store, graphs = merge.dataset(store, query.text, query.base, query.default_graphs, query.named_graphs)
        answer = store.query(query.text, base_iri=query.base, **graphs)
        if isinstance(answer, QueryTriples):
            return _graph(answer, query)
        return _rows(answer, query)
    except PermissionError as error:  # the cage
        raise BadRequest("SERVICE is refused: no other address is asked on your behalf.") from error
    except RecursionError as error:
        raise too_complex() from error
    except (SyntaxError, RuntimeError, OSError, UnicodeError) as error:
        if isinstance(error, SyntaxError):
            guard.refuse_update(query.text)  # to the engine it is no query
        raise query_error(error) from error


def _rows(answer: QuerySolutions | QueryBoolean, query: Query) -> Result:
    boolean = isinstance(answer, QueryBoolean)
    chosen = media.choose(query.accept, media.BOOLEANS if boolean else media.ROWS)
    engine_format = QueryResultsFormat.from_media_type(chosen.type)
    written = _Capped(query, None if boolean else chosen)
    answer.serialize(written, engine_format)
    return Result(chosen, written.getvalue(), written.rows())


def _graph(answer: QueryTriples, query: Query) -> Result:
    chosen = media.choose(query.accept, media.GRAPHS)
    triples = list(islice(answer, query.rows + 1))
    if len(triples) > query.rows:
        raise _too_many(f"{query.rows} triples")
    written = _Capped(query, None)
    write(triples, chosen, written)
    return Result(chosen, written.getvalue(), len(triples))


def write(triples: list[Triple], wanted: MediaType, file: io.BytesIO) -> None:
    """Writes a graph in one of `media.GRAPHS`: Turtle and N-Triples in canonical order."""
    if wanted == media.TURTLE:
        file.write(turtle.write(triples).encode())
    elif wanted == media.N_TRIPLES:
        file.write(syntax.canonical(triples))
    else:
        engine_format = RdfFormat.from_media_type(wanted.type)
        ox.serialize(triples, file, engine_format, prefixes=syntax.prefixes_of(triples))


# What stands between two rows, and how many more of these marks there are than rows.
_MARKS: Final = {
    media.SPARQL_JSON: (b"},{", -1),
    media.SPARQL_XML: (b"<result>", 0),
    media.CSV: (b"\n", 1),
    media.TSV: (b"\n", 1),
}


def _count(body: bytes, form: MediaType) -> int:
    """How many rows a result has, or the beginning of one, as the engine writes it."""
    mark, surplus = _MARKS[form]
    if form == media.SPARQL_JSON:
        if body.endswith(b"[]}}"):
            return 0
        # Nearly always each mark stands between the quotes of two rows, and none in a text.
        if body.count(mark) == body.count(b'"}},{"') and b':"}},{"' not in body:
            return body.count(mark) - surplus
        body = body.replace(b"\\\\", b"").replace(b'\\"', b"")
    if form in (media.SPARQL_JSON, media.CSV) and b'"' in body:
        body = b" ".join(body.split(b'"')[::2])  # what is not in quotes
    return body.count(mark) - surplus


class _Capped(io.BytesIO):
    """A file to serialise into, which ends the writing when there are too many rows or bytes (TooLarge).

    The engine writes some kilobytes at a time and does not tell how many rows they hold. So the marks are
    added up, and the rows counted when these are too many: a mark may lie across two pieces, or in a text.
    """

    def __init__(self, query: Query, form: MediaType | None) -> None:
        super().__init__()
        self._query = query
        self._form = form
        self._mark = _MARKS[form][0] if form else b""
        self._marks = 0

    def write(self, piece: Any, /) -> int:
        """Takes the next bytes."""
        if self.tell() + len(piece) > self._query.bytes:
            raise _too_many(f"{self._query.bytes} bytes")
        written = super().write(piece)
        if self._form:
            self._marks += piece.count(self._mark)
            if self._marks > self._query.rows + 1:
                self._marks = self.rows()
        return written

    def rows(self) -> int:
        """How many rows were written. Raises TooLarge."""
        rows = _count(self.getvalue(), self._form) if self._form else 1
        if rows > self._query.rows:
            raise _too_many(f"{self._query.rows} rows")
        return rows


def _too_many(cap: str) -> TooLarge:
    return TooLarge(
        f"The result has more than {cap}.",
        "Ask for a page at a time with ORDER BY, LIMIT and OFFSET, or take the whole graph: GET /dumps.",
    )


def too_complex() -> Unprocessable:
    """What a query gets that no worker survives."""
    return Unprocessable(
        "The query needs more memory than a query is given, or is nested too deep.",
        "Ask for less: bind more variables, divide it into several, or take a dump (GET /dumps).",
    )
