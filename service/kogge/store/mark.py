"""Level 3, store: the mark of what a store holds, kept in the store itself, and moved by each commit.

Each statement of a named graph has a number, a hash of its line and its graph; the content is the sum of
these, whatever their order. So a commit costs as much as what it changes, and a start nothing. The mark is
the name of a graph without statements: it is written in the transaction to which it belongs, and no pattern
of a query finds it.
"""

from __future__ import annotations

import hashlib
import io
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Self

import pyoxigraph as ox
from pyoxigraph import NamedNode, RdfFormat

from kogge import names

NAMESPACE: Final = names.BASE + "state/"
_BITS: Final = 256
# A blank node in a line of N-Triples; its label means nothing. A literal never ends without a quotation mark.
_BLANK: Final = re.compile(rb'^_:\S+| _:[^\s"]+ \.$')


@dataclass(frozen=True)
class Mark:
    """The sum of the statements of all named graphs, and how many quads there are with the default graph."""

    sum: int = 0
    quads: int = 0

    @property
    def name(self) -> NamedNode:
        """The graph that says it."""
        return NamedNode(f"{NAMESPACE}{self.sum:064x}-{self.quads}")

    @property
    def state(self) -> str:
        """The token for what the store holds, whose sum it is."""
        return hashlib.sha256(f"{self.sum:064x}".encode()).hexdigest()[:32]

    @classmethod
    def read(cls, name: str) -> Self:
        """The mark that a graph of `NAMESPACE` says."""
        total, _, quads = name.removeprefix(NAMESPACE).partition("-")
        return cls(int(total, 16), int(quads))

    @classmethod
    def of(cls, store: ox.Store) -> Self:
        """The mark of what a store holds, which reads all of it, some kilobytes at a time."""
        total = 0
        for graph in store.named_graphs():
            adder = _Adder(str(graph.value))
            store.dump(adder, RdfFormat.N_TRIPLES, from_graph=graph)
            total += adder.sum
        return cls(total % (1 << _BITS), len(store))

    def moved(
        self, added: Mapping[str, Iterable[bytes]], removed: Mapping[str, Iterable[bytes]], quads: int
    ) -> Self:
        """The mark after lines came to graphs and went from them, and `quads` came in all (below 0: went)."""
        come = sum(_sum(graph, lines) for graph, lines in added.items())
        gone = sum(_sum(graph, lines) for graph, lines in removed.items())
        return type(self)((self.sum + come - gone) % (1 << _BITS), self.quads + quads)


def has_blank(line: bytes) -> bool:
    """Whether a line of N-Triples has a blank node."""
    return b"_:" in line and _BLANK.search(line) is not None


def _sum(graph: str, some: Iterable[bytes]) -> int:
    return sum(_numbers(graph.encode() + b" ", some))


def _numbers(begin: bytes, some: Iterable[bytes]) -> Iterator[int]:
    for line in some:
        same = _BLANK.sub(b" _:", line) if b"_:" in line else line
        yield int.from_bytes(hashlib.blake2b(begin + same, digest_size=_BITS // 8).digest())


class _Adder(io.BytesIO):
    """A file that adds up the lines that are written into it."""

    def __init__(self, graph: str) -> None:
        super().__init__()
        self.sum = 0
        self._graph = graph
        self._rest = b""

    def write(self, piece: Any, /) -> int:
        """Takes the next bytes."""
        *whole, self._rest = (self._rest + bytes(piece)).split(b"\n")
        self.sum += _sum(self._graph, whole)
        return len(piece)
