"""`kogge serve` against `oxigraph serve` and `rdflib-endpoint`, over HTTP, in one run, on the same triples.

    python bench/endpoint.py [--triples N]… [--table …/german-municipalities.csv] [--peers FOLDER]

For each size: the mix of an analyst (`mix.py`), compared turn by turn, small queries per second with 8
clients, small and saved queries while 8 clients run the heaviest ones, the time to the first answer, and
memory. Where answers have not the same number of rows, it says so. Prints a table and writes `results.json`
beside this file. Needs the table of municipalities and, for the peers, a package index; `--peers` keeps their
virtual environment.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import platform
import random
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from itertools import cycle
from pathlib import Path
from statistics import median
from typing import Any, Final
from urllib.parse import quote

import pyoxigraph as ox
from pyoxigraph import NamedNode, Quad

import peers
from generate import TABLE, generate
from kogge import names, questions
from mix import HEAVY, MIX, PREFIXES, SMALL
from peers import ACCEPT, HOST, Client, Server

SIZES: Final = (10_000, 100_000, 1_000_000)
IN_MEMORY: Final = 100_000  # triples: more of them rdflib reads for minutes
CLIENTS: Final = 8
TIMES: Final = 30  # how often a query of the mix is asked at most
BUDGET: Final = 8.0  # seconds after which a query of the mix is asked no more
LOAD: Final = 10.0  # seconds of load
SLOW: Final = 20.0  # seconds after which an answer is given up
RESULTS: Final = Path(__file__).with_name("results.json")
# Questions about one thing. Those about all that there is (`projects`) take as long as their answers are.
SAVED: Final = (
    "alliance-members",
    "expertise-of-holder",
    "members-at-date",
    "evidence-of-holder",
    "timeline",
)

BASE: Final = "oxigraph serve"

Row = dict[str, Any]
Times = dict[str, float | None]


@dataclass(frozen=True)
class Data:
    """Generated quads in a file, and what of them the questions name."""

    file: Path
    places: list[str]
    key: str

    def query(self, text: str, place: int = 0) -> str:
        """A text of the mix, with names that the data have."""
        named = {
            "PLACE": f"<{self.places[place]}>",
            "KEY": f'"{self.key}"',
            "ALLIANCE": f"<{names.thing('alliance', 'bench-0')}>",
            "TOPIC": f"<{names.topic('wasserstoff')}>",
        }
        return PREFIXES + re.sub("|".join(named), lambda found: named[found[0]], text)


def written(file: Path, triples: int, table: Path) -> Data:
    """The generated data in a file."""
    places, keys = [], []

    def noted(quad: Quad) -> Quad:
        if quad.predicate.value == names.KOGGE + "ags" and isinstance(quad.subject, NamedNode):
            places.append(quad.subject.value)
            keys.append(str(getattr(quad.object, "value", "")))
        return quad

    ox.serialize(map(noted, generate(table, triples)), str(file), ox.RdfFormat.N_QUADS)
    return Data(file, places, keys[0])


# --- one after the other -----------------------------------------------------------------------------------


def rows_of(status: int, body: bytes) -> int:
    """How many rows an answer has; ASK has one. Below 0: the status of a refusal."""
    if status != 200:
        return -status
    answer = json.loads(body)
    return len(answer["results"]["bindings"]) if "results" in answer else 1


def times_of_mix(servers: Sequence[Server], data: Data) -> dict[str, dict[str, Times | None]]:
    """How long each query takes on each server; None where no answer comes in time.

    The first server and `BASE` take turns, and are compared turn by turn: their times lie milliseconds apart,
    in which a machine seldom changes its speed. The others are asked afterwards, since who comes after a slow
    one finds the processor cold.
    """
    clients = {server.name: Client(server, SLOW) for server in servers}
    found: dict[str, dict[str, Times | None]] = {}
    for name, text in MIX.items():
        query = data.query(text)
        rows: dict[str, int] = {}
        times: dict[str, list[float]] = {server.name: [] for server in servers}
        for group in (servers[:2], *([other] for other in servers[2:])):
            waiting = [server.name for server in group if server.name in clients]
            begun = time.perf_counter()
            for turn in range(TIMES + 1):
                for server in waiting if turn % 2 else waiting[::-1]:
                    try:
                        took, answer = timed(clients[server], query)
                    except OSError:
                        del clients[server], times[server]  # it is still busy with this
                        waiting.remove(server)
                        break
                    rows[server] = rows_of(*answer)
                    if rows[server] >= 0 and turn > 0:  # the first warms up
                        times[server].append(took)
                if time.perf_counter() - begun > BUDGET and turn > 0:
                    break
        if len(set(rows.values())) > 1:
            print(f"{name}: the answers differ: {rows}", file=sys.stderr)
        found[name] = {
            server.name: compared(times[server.name], times.get(BASE, [])) if times.get(server.name) else None
            for server in servers
        }
    return found


def compared(times: Sequence[float], base: Sequence[float]) -> Times:
    """Milliseconds in the middle; how many more than the base, and how many times it, in the middle turn."""
    turns = list(zip(times, base, strict=False))
    return {
        "ms": round(median(times), 2),
        "more": round(median(mine - other for mine, other in turns), 2) if turns else None,
        "ratio": round(median(mine / other for mine, other in turns), 3) if turns else None,
    }


def timed(client: Client, query: str) -> tuple[float, tuple[int, bytes]]:
    """Milliseconds, and the answer."""
    begun = time.perf_counter()
    answer = client.ask(query)
    return (time.perf_counter() - begun) * 1000, answer


# --- many at once ------------------------------------------------------------------------------------------


def per_second(server: Server, targets: Sequence[str], folder: Path) -> float:
    """Requests per second of `CLIENTS` clients that ask all the time; not one may fail."""
    program = peers.wrk()
    if program is None:
        return _per_second_of_threads(server, targets)
    script = folder / "targets.lua"
    paths = ",\n".join(f'"{target}"' for target in targets)
    script.write_text(
        f'local paths = {{{paths}}}\nlocal at = 0\nwrk.headers["Accept"] = "{ACCEPT}"\n'
        "function request()\n  at = at % #paths + 1\n  return wrk.format(nil, paths[at])\nend\n"
    )
    command = [program, "-t2", f"-c{CLIENTS}", "-d5s", "-s", str(script), f"http://{HOST}:{server.port}/"]
    said = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout
    if failed := re.search(r"Non-2xx or 3xx responses: (\d+)|Socket errors: (.*)", said):
        print(f"{server.name}: {failed[0]}", file=sys.stderr)
    rate = re.search(r"Requests/sec: +([\d.]+)", said)
    return float(rate[1]) if rate else 0.0


def _per_second_of_threads(server: Server, targets: Sequence[str], seconds: float = 5) -> float:
    until = time.perf_counter() + seconds
    done: list[int] = []

    def asks(offset: int) -> None:
        client, many = Client(server, SLOW), 0
        for target in cycle([*targets[offset:], *targets[:offset]]):
            if time.perf_counter() > until:
                break
            many += client.get(target)[0] == 200
        done.append(many)

    threads = [threading.Thread(target=asks, args=(number * 7 % len(targets),)) for number in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(done) / seconds


def attack(server: Server, seconds: float) -> None:
    """`CLIENTS` clients that ask the heaviest queries, in a process of their own."""
    until = time.perf_counter() + seconds

    def asks(offset: int) -> None:
        for query in cycle(HEAVY[offset:] + HEAVY[:offset]):
            if (left := until - time.perf_counter()) <= 0:
                return
            try:
                Client(server, left).ask(PREFIXES + query)
            except OSError:
                time.sleep(0.05)

    threads = [threading.Thread(target=asks, args=(n % len(HEAVY),), daemon=True) for n in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(max(0.0, until - time.perf_counter()) + 1)


def under_attack(server: Server, kinds: Mapping[str, Sequence[str]], seconds: float) -> Row:
    """Of each kind of request: how many, how many not answered with 200, percentiles in milliseconds."""
    attacker = multiprocessing.get_context("fork").Process(target=attack, args=(server, seconds + 1))
    attacker.start()
    time.sleep(1)
    until = time.perf_counter() + seconds
    times: dict[str, list[float]] = {kind: [] for kind in kinds}
    failed = dict.fromkeys(kinds, 0)

    def asks(kind: str) -> None:
        client = Client(server, SLOW)
        for target in cycle(kinds[kind]):
            if time.perf_counter() > until:
                return
            begun = time.perf_counter()
            try:
                failed[kind] += client.get(target)[0] != 200
            except OSError:
                failed[kind] += 1
            times[kind].append((time.perf_counter() - begun) * 1000)

    threads = [threading.Thread(target=asks, args=(kind,)) for kind in kinds]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    attacker.kill()
    attacker.join()
    return {
        kind: {
            "asked": len(some),
            "failed": failed[kind],
            "p50": round(percentile(some, 0.5), 1),
            "p99": round(percentile(some, 0.99), 1),
        }
        for kind, some in times.items()
    }


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which that share of the values lies."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


# --- a size ------------------------------------------------------------------------------------------------


def measured(triples: int, table: Path, programs: Path, folder: Path) -> Row:
    """All figures for one size."""
    data = written(folder / "data.nq", triples, table)
    home = folder / "home"
    print(f"{triples} triples: loading …", file=sys.stderr)
    peers.prepare(home, data.file)
    small = [data.query(SMALL, place) for place in range(min(200, len(data.places)))]
    random.Random(1).shuffle(small)
    started = [peers.kogge(home), peers.oxigraph(programs, home)]
    if triples <= IN_MEMORY:
        started.append(peers.rdflib_endpoint(programs, home))
    found: Row = {"triples": triples, "start_s": {}, "small_per_second": {}, "memory_mb": {}}
    with peers.kogge(home, keeping=True) as server:
        server.settle()
        rate = per_second(server, [server.target(each) for each in small], folder)
        found["same_again_per_second"] = {server.name: round(rate)}
    with ExitStack() as running:
        servers = [running.enter_context(server) for server in started]
        for server in servers:
            found["start_s"][server.name] = round(server.started, 2)
            server.settle()
            found["memory_mb"][server.name] = {"after start": server.memory()}
            rate = per_second(server, [server.target(each) for each in small], folder)
            found["small_per_second"][server.name] = round(rate)
        print(f"{triples} triples: the mix …", file=sys.stderr)
        found["mix"] = times_of_mix(servers, data)
    print(f"{triples} triples: under attack …", file=sys.stderr)
    found["under_attack"] = {}
    for server in started:  # alone: what others have still to do would be measured too
        with server:
            server.settle()
            kinds = {"small": [server.target(each) for each in small], "saved": saved(server)}
            found["under_attack"][server.name] = under_attack(server, kinds, LOAD)
            found["memory_mb"][server.name]["at the end"] = server.memory()
    return found


def saved(server: Server) -> list[str]:
    """Requests for saved questions; who has none is asked their text."""
    some = [questions.load(f"lookup/{name}") for name in SAVED]
    if server.name == "kogge serve" and Client(server, SLOW).get(f"/queries/lookup/{some[0].name}")[0] == 200:
        return [f"/queries/lookup/{each.name}?{_examples(each)}" for each in some]
    return [server.target(each.text) for each in some]


def _examples(question: questions.Question) -> str:
    given = (each for each in question.parameters if not each.optional)
    return "&".join(f"{each.name}={quote(each.example)}" for each in given)


# --- what is told ------------------------------------------------------------------------------------------


def machine() -> dict[str, str]:
    """What it ran on."""
    model = ""
    cpus = Path("/proc/cpuinfo")
    if cpus.exists():
        named = re.search(r"model name\s*: (.*)", cpus.read_text())
        model = named[1] if named else ""
    return {
        "processor": model or platform.processor() or platform.machine(),
        "cores": str(os.cpu_count()),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
    }


def table_of(results: Row) -> str:
    """The results as a table in Markdown."""
    lines = [
        "| triples | what | `kogge serve` | `oxigraph serve` | `rdflib-endpoint` |",
        "| --- | --- | --- | --- | --- |",
    ]
    for size in results["sizes"]:
        for what, figures in told(size).items():
            cells = (figures.get(name) for name in ("kogge serve", "oxigraph serve", "rdflib-endpoint"))
            shown = " | ".join("–" if cell is None else str(cell) for cell in cells)
            lines.append(f"| {size['triples']:,} | {what} | {shown} |")
    return "\n".join(lines) + "\n"


def told(size: Row) -> dict[str, Row]:
    """What the table tells of one size: figure by server."""
    mix = size["mix"]
    slow = [each for each in mix.values() if each[BASE] and each[BASE]["ms"] >= 10]
    fast = [each for each in mix.values() if each not in slow]
    attacked = size["under_attack"]
    found: dict[str, Row] = {
        "first answer after, s": size["start_s"],
        "small queries per second, 8 clients, nothing kept": size["small_per_second"],
        "the same as delivered, answers kept": size["same_again_per_second"],
        f"{len(fast)} queries below 10 ms: median, ms": _over(fast, "ms"),
        f"{len(fast)} queries below 10 ms: median more, ms": _over(fast, "more"),
    }
    if slow:
        found |= {
            f"{len(slow)} queries from 10 ms: median, ms": _over(slow, "ms"),
            f"{len(slow)} queries from 10 ms: median ratio": _over(slow, "ratio"),
            f"{len(slow)} queries from 10 ms: worst ratio": _over(slow, "ratio", max),
        }
    for kind in ("small", "saved"):
        found[f"{kind} under attack, p99 in ms"] = {name: _p99(each[kind]) for name, each in attacked.items()}
    found["memory of the server, MB"] = {
        name: round(each["at the end"]["process"])
        for name, each in size["memory_mb"].items()
        if each["at the end"]
    }
    return found


def _over(
    some: Sequence[Mapping[str, Times | None]],
    figure: str,
    middle: Callable[[list[float]], float] = median,
) -> Row:
    """A figure of each server over some queries."""
    found: Row = {}
    for name in some[0] if some else ():
        figures = [value for each in some if (times := each[name]) and (value := times[figure]) is not None]
        found[name] = round(middle(figures), 2) if len(figures) == len(some) else None
    return found


def _p99(figures: Mapping[str, float]) -> str:
    failed = f" ({figures['failed']} of {figures['asked']} failed)" if figures["failed"] else ""
    return f"{figures['p99']:g}{failed}"


def main() -> None:
    """Measures, tells, and writes down."""
    parser = argparse.ArgumentParser(description="The endpoint against others.")
    parser.add_argument("--triples", type=int, action="append", help="about; may be repeated")
    parser.add_argument("--table", type=Path, default=TABLE, help="the table german-municipalities.csv")
    parser.add_argument("--peers", type=Path, help="a folder for the programs of the peers, to use it again")
    parser.add_argument("--output", type=Path, default=RESULTS)
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that the servers are stopped
    if not options.table.is_file():
        print(f"The endpoint at scale: left out, there is no table {options.table.name}.")
        return
    with tempfile.TemporaryDirectory(prefix="kogge-bench-") as place:
        programs = peers.install((options.peers or Path(place, "peers")).absolute())
        results: Row = {
            "date": datetime.now(UTC).date().isoformat(),
            "machine": machine(),
            "client": "wrk" if peers.wrk() else "threads",
            "versions": {
                **{name: version(name) for name in ("kogge", "pyoxigraph", "uvicorn")},
                **peers.versions(programs),
            },
            "sizes": [],
        }
        for triples in options.triples or SIZES:
            with tempfile.TemporaryDirectory(dir=place) as folder:
                results["sizes"].append(measured(triples, options.table, programs, Path(folder)))
            text = json.dumps(results, indent=1, ensure_ascii=False) + "\n"
            options.output.write_text(text, encoding="utf-8")
    print(table_of(results), end="")


if __name__ == "__main__":
    main()
