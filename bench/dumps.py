"""How fast dumps are made, and in how much memory, beside `oxigraph dump` on the same store.

    python bench/dumps.py [--triples N]… [--table …/german-municipalities.csv] [--peers DIR] [--keep DIR]

Both read one snapshot of a store. What is compared is N-Quads, in quads per second: `oxigraph dump` writes
all that the store holds, the default graph included, which has each statement again; Kogge writes the
statements of the named graphs, sorted. Then a whole release is made: every dataset in every format,
compressed, too. Each runs in a process of its own; times are those of its processor, and of the clock; the
memory is the most that it had. Ends with 1 if Kogge is slower than 0.8 times the other.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from generate import TABLE
from kogge import progress
from kogge.portal import maker
from kogge.portal.build import Order
from lookup import filled
from peers import install

SIZES: Final = (10_000, 1_000_000)
RUNS: Final = 3
_QUADS: Final = """
import sys
from pathlib import Path
import pyoxigraph as ox
from kogge.portal import lines
store, folder = ox.Store.read_only(sys.argv[1]), Path(sys.argv[2])
quads = lines.Sorted(folder)
lines.quads(store, quads)
lines.write(folder / "kogge.nq", quads)
"""


@dataclass(frozen=True)
class Cost:
    """What a process took: seconds of the processor and of the clock, and memory in MB at most."""

    processor: float
    clock: float
    memory: float


def cost(command: list[str]) -> Cost:
    """Runs a command to its end."""
    begun = time.perf_counter()
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"{' '.join(command[:4])} … ended with {process.returncode}")
    clock = time.perf_counter() - begun
    return Cost(used.ru_utime + used.ru_stime, clock, used.ru_maxrss / 1024)


def best(command: list[str], empty: Path, runs: int) -> Cost:
    """The run that took the processor the shortest; the folder is made empty before each."""
    found = []
    for _ in range(runs):
        shutil.rmtree(empty, ignore_errors=True)
        empty.mkdir()
        found.append(cost(command))
    return min(found, key=lambda each: each.processor)


def measure(triples: int, table: Path, programs: Path, keep: Path | None) -> float:
    """Prints the figures of one size; gives back how fast Kogge is as a part of how fast the other is."""
    with tempfile.TemporaryDirectory() as name:
        folder, out = Path(name), Path(name) / "out"
        place = keep / str(triples) if keep else folder
        place.mkdir(parents=True, exist_ok=True)
        store = filled(place, triples, table)
        state, quads = store.state, store.size
        store.backup(str(folder / "snapshot"))
        store.backup(str(folder / "peer"))
        store.close()
        runs = RUNS if triples < 5_000_000 else 1
        dump = [str(programs / "oxigraph"), "dump", "--location", str(folder / "peer")]
        theirs = best([*dump, "--file", str(out / "all.nq")], out, runs)
        ours = best([sys.executable, "-c", _QUADS, str(folder / "snapshot"), str(out)], out, runs)
        with (out / "kogge.nq").open("rb") as file:
            named = sum(piece.count(b"\n") for piece in iter(lambda: file.read(1 << 20), b""))
        out.mkdir(exist_ok=True)
        order = maker.command(Order(state, "2026-11-22"), folder / "release", folder / "snapshot")
        whole = cost(order)
        size = sum(path.stat().st_size for path in (folder / "release").iterdir())
        rates = {"oxigraph dump": (quads, theirs), "kogge": (named, ours)}
        for who, (count, taken) in rates.items():
            print(
                f"{triples:>10,}  N-Quads, {who:14} {count / taken.processor:>9,.0f} quads per second of the "
                f"processor, {count / taken.clock:>9,.0f} of the clock, {taken.memory:>6.0f} MB"
            )
        ratio = (named / ours.processor) / (quads / theirs.processor)
        print(f"{triples:>10,}  kogge to oxigraph dump: {ratio:.2f}")
        print(
            f"{triples:>10,}  a whole release: {whole.processor:.1f} s of the processor, "
            f"{whole.clock:.1f} of the clock, {whole.memory:.0f} MB, {size / 1e6:,.0f} MB of files"
        )
        return ratio


def main() -> None:
    """Measures each size."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--triples", type=int, action="append", help="10000 and 1000000, if not given")
    parser.add_argument("--table", type=Path, default=TABLE)
    parser.add_argument("--peers", type=Path, help="a virtual environment with oxigraph, to be used again")
    parser.add_argument("--keep", type=Path, help="where stores of these sizes are, or will be kept")
    given = parser.parse_args()
    if not given.table.is_file():
        print(f"left out: {given.table} is not there")
        return
    with tempfile.TemporaryDirectory() as name:
        programs = install(given.peers or Path(name))
        ratios = [measure(size, given.table, programs, given.keep) for size in given.triples or SIZES]
    print(f"at most {progress.peak_memory()} MB in this process")
    sys.exit(min(ratios) < 0.8)


if __name__ == "__main__":
    main()
