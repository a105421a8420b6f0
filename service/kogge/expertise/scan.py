"""Level 5, scan: how the store is asked: at once, or ahead, where a query has many answers."""

from __future__ import annotations

import csv
import io
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import chain, islice
from typing import Final, Self, TypeAlias

from pyoxigraph import QueryResultsFormat, QuerySolutions

from kogge import syntax
from kogge.store.base import Store

Rows: TypeAlias = Iterator[Sequence[str]]
Ask: TypeAlias = Callable[[str], Rows]  # gives the rows of a SELECT query

_AHEAD: Final = 8  # answers that are written while another is read
_PIECE: Final = 1_000_000  # bytes that become cells at once
csv.field_size_limit(2**31 - 1)  # no text of a store is too long


def select(store: Store, query: str) -> Rows:
    """The rows of a SELECT query as texts: IRIs, lexical forms, "" where nothing is bound."""
    for solution in _solutions(store, query):
        yield ["" if term is None else term.value for term in solution]


class Scan:
    """Gives the same as `select` for queries with many answers, best in the order in which they are listed.

    The engine writes an answer at once (SPARQL 1.1 Query Results CSV), in a thread, for which it does not
    need the lock of Python: while the rows of a query are read, those of the next ones are written. What is
    listed twice is written once.
    """

    def __init__(self, store: Store, queries: Sequence[str]) -> None:
        self._store = store
        self._waiting = deque(dict.fromkeys(queries))
        self._left = Counter(queries)  # how often each is asked from now on
        self._answers: dict[str, Future[bytes]] = {}
        self._thread = ThreadPoolExecutor(1)  # two would wait for each other in the engine
        self._look_ahead()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._thread.shutdown(cancel_futures=True)

    def __call__(self, query: str) -> Rows:
        """The rows of a SELECT query."""
        if not self._left[query]:
            return _rows(self._write(query))
        while query not in self._answers:
            self._write_next()
        answer = self._answers[query]
        self._left[query] -= 1
        if not self._left[query]:
            del self._answers[query]
        self._look_ahead()
        return _rows(answer.result())

    def _look_ahead(self) -> None:
        while self._waiting and len(self._answers) < _AHEAD:
            self._write_next()

    def _write_next(self) -> None:
        query = self._waiting.popleft()
        self._answers[query] = self._thread.submit(self._write, query)

    def _write(self, query: str) -> bytes:
        return _solutions(self._store, query).serialize(format=QueryResultsFormat.CSV) or b""


def _rows(written: bytes) -> Rows:
    if b'"' in written:
        return islice(csv.reader(io.TextIOWrapper(io.BytesIO(written), "utf-8", newline="")), 1, None)
    columns = written.count(b",", 0, written.index(b"\r\n")) + 1
    rows = (zip(*[iter(cells)] * columns, strict=True) for cells in _cells(written))
    return islice(chain.from_iterable(rows), 1, None)


def _cells(written: bytes) -> Iterator[list[str]]:
    """The cells of some rows at a time; without quotes none has a comma, and no line ends within one."""
    begin = 0
    while begin < len(written):
        end = written.find(b"\r\n", begin + _PIECE)
        end = len(written) - 2 if end < 0 else end
        yield written[begin:end].decode().replace("\r\n", ",").split(",")
        begin = end + 2


def _solutions(store: Store, query: str) -> QuerySolutions:
    used = (pair for pair in syntax.prefixes().items() if f"{pair[0]}:" in query)  # to parse all takes longer
    prefixes = "".join(f"PREFIX {prefix}: <{iri}>\n" for prefix, iri in used)
    solutions = store.query(prefixes + query)
    if not isinstance(solutions, QuerySolutions):
        raise TypeError("a SELECT query is needed")
    return solutions
