"""How fast dumps are made, and in how much memory, beside `oxigraph dump` on the same store.

    python bench/dumps.py [--triples N]… [--table …/german-municipalities.csv] [--peers DIR] [--keep DIR]

What is compared is N-Quads, in quads per second. Kogge reads a snapshot of its store in two processes and
writes the statements of the named graphs, sorted; `oxigraph dump` reads a store that has the same statements,
and no default graph with all of them again, as ours has. Then a whole release is made: every dataset in every
format, compressed, too. Times are of the processor (all processes together), and of the clock; the memory is
the most that the first process had. Ends with 1 if Kogge, by the clock, is slower than 0.8 times the other:
that means something on a machine with two processors that does nothing else.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pyoxigraph as ox

from generate import TABLE
from kogge.portal import maker
from kogge.portal.build import Order
from lookup import filled
from peers import install

SIZES: Final = (10_000, 1_000_000)
RUNS: Final = 3
_QUADS: Final = """
import sys
from pathlib import Path
from kogge.portal import lines, reading
folder = Path(sys.argv[2])
quads = lines.Sorted(folder, different=True)
reading.quads(Path(sys.argv[1]), quads, folder)
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
    memory = 0.0
    while os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
        memory = max(memory, peak(process.pid))
        time.sleep(0.02)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"{' '.join(command[:4])} … ended with {process.returncode}")
    return Cost(used.ru_utime + used.ru_stime, time.perf_counter() - begun, memory)


def peak(number: int) -> float:
    """The most memory that a process has had since it began (Linux only), in MB."""
    with suppress(OSError):
        for line in Path(f"/proc/{number}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    return 0.0


def lines_of(path: Path) -> int:
    """How many lines a file has."""
    with path.open("rb") as file:
        return sum(piece.count(b"\n") for piece in iter(lambda: file.read(1 << 20), b""))


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
        state = store.state
        store.backup(str(folder / "snapshot"))
        store.close()
        runs = RUNS if triples < 1_000_000 else 1
        ours = best([sys.executable, "-c", _QUADS, str(folder / "snapshot"), str(out)], out, runs)
        dump = (out / "kogge.nq").replace(folder / "kogge.nq")
        quads = lines_of(dump)
        peer = ox.Store(str(folder / "peer"))
        peer.bulk_load(path=str(dump), format=ox.RdfFormat.N_QUADS)
        peer.optimize()
        peer.flush()
        del peer
        command = [str(programs / "oxigraph"), "dump", "--location", str(folder / "peer")]
        theirs = best([*command, "--file", str(out / "all.nq")], out, runs)
        if lines_of(out / "all.nq") != quads:
            sys.exit("the two dumps do not have the same number of statements")
        for who, taken in (("oxigraph dump", theirs), ("kogge", ours)):
            print(
                f"{triples:>10,}  N-Quads, {who:14} {quads / taken.processor:>9,.0f} quads per second of the "
                f"processor, {quads / taken.clock:>9,.0f} of the clock, {taken.memory:>6.0f} MB"
            )
        ratio = theirs.clock / ours.clock
        print(f"{triples:>10,}  kogge to oxigraph dump, by the clock: {ratio:.2f}")
        whole = cost(maker.command(Order(state, "2026-11-22"), folder / "release", folder / "snapshot"))
        size = sum(path.stat().st_size for path in (folder / "release").iterdir())
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
    sys.exit(min(ratios) < 0.8)


if __name__ == "__main__":
    main()
