"""Level 6, portal: lines in sorted order, of any number, in little memory: the form of which dumps are made.

A line of N-Quads begins with its subject, so that in sorted lines all about one thing stands together; the
order depends on what is said alone, not on the engine or on how the store was filled.
"""

from __future__ import annotations

import io
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from itertools import chain, groupby
from pathlib import Path
from typing import Any, Final

import pyoxigraph as ox
from pyoxigraph import RdfFormat

RUN: Final = 16 * 1024 * 1024  # bytes of lines that are sorted at once
BUFFER: Final = 256 * 1024  # bytes that are read and written at once
_LEAST: Final = 64 * 1024  # bytes of a block
_OVERHEAD: Final = 48  # bytes that a line takes beside its text


class Sorted:
    """Lines that are given in any order, and come back sorted by their bytes, each once.

    What is more than `run` bytes lies in files in `folder`, which must be there and are never removed. Who
    gives no line twice says that they are `different`, and has them sooner.
    """

    _number = 0

    def __init__(self, folder: Path, run: int = RUN, *, different: bool = False) -> None:
        self._folder = folder
        self._run = run
        self._different = different
        self._lines: list[bytes] = []
        self._size = 0
        self._files: list[Path] = []

    def add(self, line: bytes) -> None:
        """Takes a line, with its line feed."""
        self.extend((line,), len(line))

    def extend(self, lines: Iterable[bytes], size: int) -> None:
        """Takes lines of so many bytes in all."""
        before = len(self._lines)
        self._lines.extend(lines)
        self._size += size + (len(self._lines) - before) * _OVERHEAD
        if self._size > self._run:
            self.spill()

    def __iter__(self) -> Iterator[bytes]:
        if not self._files:
            return iter(self._sorted())
        self.spill()
        merged = _merged(self._files, self._run)
        return chain.from_iterable(merged if self._different else map(dict.fromkeys, merged))

    def _sorted(self) -> list[bytes]:
        self._lines.sort()
        return self._lines if self._different else list(dict.fromkeys(self._lines))

    def take(self, files: Iterable[Path]) -> None:
        """Takes what others have sorted, in files that stay."""
        self._files.extend(files)

    def spill(self) -> None:
        """Has all lines lie in files."""
        if not self._lines:
            return
        Sorted._number += 1
        path = self._folder / f"run-{Sorted._number}"
        write(path, self._sorted())
        self._files.append(path)
        self._lines, self._size = [], 0


def _merged(paths: Sequence[Path], size: int) -> Iterator[list[bytes]]:
    """The lines of sorted files in order, many at a time; equal ones are given together.

    Of each file a block is held. What is not above the least of their last lines can be sorted and given out:
    that is a merge, done by the sorting of Python, which finds that it has sorted pieces before it.
    """
    with ExitStack() as stack:
        files = [stack.enter_context(path.open("rb")) for path in paths]
        each = max(_LEAST, size // (2 * len(files)))
        blocks = [(file, lines) for file in files if (lines := file.readlines(each))]
        while blocks:
            last = min(lines[-1] for _, lines in blocks)
            out: list[bytes] = []
            left = []
            for file, lines in blocks:
                end = bisect_right(lines, last)
                out += lines[:end]
                if rest := lines[end:] or file.readlines(each):
                    left.append((file, rest))
            blocks = left
            out.sort()
            yield out


def write(path: Path, lines: Iterable[bytes]) -> None:
    """Writes lines into a file."""
    with path.open("wb", BUFFER) as file:
        file.writelines(lines)


def read(path: Path) -> Iterator[bytes]:
    """The lines of a file."""
    return _read(path)


def _read(path: Path) -> Iterator[bytes]:
    with path.open("rb", BUFFER // 4) as file:
        yield from file


def quads(store: ox.Store, into: Sorted) -> None:
    """All statements of the named graphs of a store, as lines of N-Quads.

    The engine reads one graph after the other, and writes triples: the default graph, which has each of them
    again, is not read.
    """
    for graph in store.named_graphs():
        graph_quads(store, graph, into)


def graph_quads(store: ox.Store, graph: ox.NamedNode | ox.BlankNode, into: Sorted) -> None:
    """The statements of one graph."""
    file = _Quads(into, f" {graph} .\n".encode())
    store.dump(file, RdfFormat.N_TRIPLES, from_graph=graph)
    file.hand_on()


def triple(quad: bytes) -> bytes:
    """The line of N-Triples in a line of N-Quads."""
    return quad[: quad.rindex(b" <")] + b" .\n"


def graph(quad: bytes) -> str:
    """The IRI of the graph in a line of N-Quads."""
    return quad[quad.rindex(b" <") + 2 : -4].decode()


def triples(quads: Iterable[bytes]) -> Iterator[bytes]:
    """The lines of N-Triples in sorted lines of N-Quads: sorted too, and each once."""
    last = b""
    for quad in quads:
        if (line := triple(quad)) != last:
            yield line
            last = line


def about(quads: Iterable[bytes], wanted: Iterable[bytes]) -> Iterator[tuple[bytes, list[bytes]]]:
    """Of sorted lines of N-Quads those about certain things, each with what is said of the thing.

    `wanted` are sorted lines `<iri> what`; the list has each `what` of the thing, with its line feed.
    """
    groups = groupby(wanted, key=_subject)
    subject, whats = next(((key, _whats(key, group)) for key, group in groups), (b"", []))
    for quad in quads:
        begin = _subject(quad)
        while subject and subject < begin:
            subject, whats = next(((key, _whats(key, group)) for key, group in groups), (b"", []))
        if not subject:
            return
        if subject == begin:
            yield quad, whats


def _subject(line: bytes) -> bytes:
    return line[: line.index(b" ") + 1]


def _whats(key: bytes, group: Iterable[bytes]) -> list[bytes]:
    return [line[len(key) :] for line in group]


class _Quads(io.BytesIO):
    """A file into which a graph is dumped: its lines go on as quads, many at a time."""

    def __init__(self, into: Sorted, end: bytes) -> None:
        super().__init__()
        self._into = into
        self._end = end

    def write(self, piece: Any, /) -> int:
        """Takes the next bytes."""
        if self.tell() > BUFFER:
            self.hand_on()
        return super().write(piece)

    def hand_on(self) -> None:
        """Hands on what has come, but for the beginning of a line."""
        whole, feed, rest = self.getvalue().rpartition(b"\n")
        text = (whole + feed).replace(b" .\n", self._end)
        self._into.extend(text.splitlines(keepends=True), len(text))
        self.seek(0)
        self.truncate()
        super().write(rest)
