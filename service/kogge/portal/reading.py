"""Level 6, portal: a snapshot → its statements as sorted lines, by as many processes as the machine bears.

Most of the time that a dump takes is that in which the engine looks up what terms are called, and it does
that for one graph after the other. So two processes share the graphs: each takes the next that nobody has.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pyoxigraph as ox

from kogge.portal import lines
from kogge.portal.datasets import FOLLOWING
from kogge.portal.lines import Sorted
from kogge.store import cage

_MOST: Final = 2
_NUMBER: Final = 4  # bytes of the number of a graph


def quads(snapshot: Path, into: Sorted, work: Path) -> None:
    """All statements of the named graphs in a snapshot. Raises OSError where one of the processes fails."""
    count = len(_graphs(ox.Store.read_only(str(snapshot))))
    processes = min(_MOST, os.cpu_count() or 1)
    folders = [work / f"reader-{number}" for number in range(processes)]
    taking, giving = os.pipe()
    try:
        readers = [_started(snapshot, folder, taking) for folder in folders]
    finally:
        os.close(taking)
    try:
        with os.fdopen(giving, "wb") as file:
            file.writelines(number.to_bytes(_NUMBER) for number in range(count))
    except BrokenPipeError:  # none of them is left; why is said below
        pass
    said = [reader.communicate()[1] for reader in readers]
    for reader, reason in zip(readers, said, strict=True):
        if reader.returncode:
            text = reason.decode(errors="replace").strip().splitlines()
            raise OSError(text[-1] if text else f"a reader ended with {reader.returncode}")
    into.take(path for folder in folders for path in sorted(folder.iterdir()))


def _started(snapshot: Path, folder: Path, taking: int) -> subprocess.Popen[bytes]:
    folder.mkdir()
    command = [sys.executable, "-m", "kogge.portal.reading", str(snapshot), str(folder), str(os.getpid())]
    return subprocess.Popen(command, stdin=taking, stderr=subprocess.PIPE)


def _graphs(store: ox.Store) -> list[ox.NamedNode]:
    """The named graphs, those first that are large."""
    graphs = [graph for graph in store.named_graphs() if isinstance(graph, ox.NamedNode)]
    return sorted(graphs, key=lambda graph: (graph.value not in FOLLOWING, graph.value))


def _taken() -> Iterator[int]:
    while number := os.read(0, _NUMBER):
        yield int.from_bytes(number)


def main(snapshot: str, folder: str, parent: str) -> int:
    """Reads the graphs whose numbers come on standard input; what it read lies in files of the folder."""
    cage.die_with(int(parent))
    try:
        store = ox.Store.read_only(snapshot)
        graphs, found = _graphs(store), Sorted(Path(folder), different=True)
        for number in _taken():
            lines.graph_quads(store, graphs[number], found)
        found.spill()
    except (OSError, RuntimeError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
