"""How fast the lookup is, from 10 k to 10 M triples, over HTTP, and against the same question in SPARQL.

    python bench/lookup.py [--triples N]… [--huge] [--keep FOLDER] [--table …] [--peers FOLDER]

Asks different questions, none twice, of an index of generated data: rare topics and popular ones, with and
without filters, and two topics at once. A question is understood and answered (*found*); then its reasons
are read and all is turned into JSON (*shown*). Tells medians and 99th percentiles in milliseconds of the
processor, which others on the machine disturb less than the clock, how the index is built, opened and brought
up to date, and at 1 M triples how many requests a second 8 clients get, and how long the saved question takes
in SPARQL, with `--peers` also in `oxigraph serve` (from a virtual environment in that folder, made if need
be). Nothing keeps answers. Writes `lookup.json` beside this file. `--huge` adds 10 M triples, which takes a
quarter of an hour unless `--keep` has a store of that size.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import platform
import random
import re
import resource
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Coroutine, Iterator
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from statistics import median, quantiles
from typing import Any, Final, TypeVar

import pyoxigraph as ox
from fastapi.responses import JSONResponse
from pyoxigraph import NamedNode, QuerySolutions, Triple

import peers
from generate import TABLE, generate
from kogge import artefacts, derivation, media, names, questions, syntax
from kogge.desk import Desk
from kogge.expertise import Lookup, as_json
from kogge.expertise.answer import answer
from kogge.expertise.index import Index
from kogge.expertise.understand import understand
from kogge.settings import Settings
from kogge.store.embedded import EmbeddedStore
from kogge.web import create_app, server

T = TypeVar("T")

SIZES: Final = (10_000, 100_000, 1_000_000)
HUGE: Final = 10_000_000
HTTP_AT: Final = 1_000_000
EACH: Final = 150  # questions of a kind
UPDATES: Final = 50
CLIENTS: Final = 8
SECONDS: Final = 5
RESULTS: Final = Path(__file__).with_name("lookup.json")
Figures = dict[str, Any]


def filled(folder: Path, triples: int, table: Path) -> EmbeddedStore:
    """A store with the words and facts of the checkout, and about so many made-up triples."""
    if not (folder / "store").is_dir():
        plain = ox.Store(str(folder / "store"))
        plain.bulk_extend(
            each
            for quad in _quads(triples, table)
            for each in (quad, ox.Quad(quad.subject, quad.predicate, quad.object))
        )
        plain.optimize()
        del plain
    store = EmbeddedStore(folder / "store")
    if not store.intact:
        store.settle()
    return store


def _merged(quad: ox.Quad) -> ox.Quad:
    """The same in the default graph, which is the merge of all graphs."""
    return ox.Quad(quad.subject, quad.predicate, quad.object)


def _quads(triples: int, table: Path) -> Iterator[ox.Quad]:
    for part in ("ontology", "graph"):
        for path in artefacts.files(part, ".ttl"):
            graph = NamedNode(names.graph("bench", f"{part}-{path.stem}"))
            for said in syntax.read_file(path):
                yield ox.Quad(said.subject, said.predicate, said.object, graph)
    yield from generate(table, triples)


def timed(run: Callable[[], T]) -> tuple[float, T]:
    """Milliseconds of the processor, and what came back."""
    begun = time.process_time()
    result = run()
    return (time.process_time() - begun) * 1000, result


def asked(index: Index) -> dict[str, list[tuple[str, dict[str, Any]]]]:
    """Different questions by kind: text and parameters."""
    chance = random.Random(2)
    many = {iri: len(ranking.order) for iri in index.topics if (ranking := index.ranking(iri))}
    ordered = sorted(many, key=lambda iri: (many[iri], iri))
    half = len(ordered) // 2
    states = sorted(names.slug_of(iri) for iri in _places(index))
    alliances = [names.slug_of(holder.iri) for holder in index.holders if holder.kind == "alliance"]
    filters: list[dict[str, str]] = [
        *({"state": state} for state in states),
        *({"alliance": alliance} for alliance in chance.sample(alliances, min(20, len(alliances)))),
        *({"evidence": kind} for kind in ("practised", "shared", "intended")),
        *({"state": state, "evidence": "practised"} for state in states),
        {"country": "DE"},
        {"kind": "municipality"},
    ]
    texts = (
        "Wer kennt sich mit {} aus?",
        "who knows about {}",
        "{}",
        "Erfahrung mit {}",
        "wie weet iets over {}",
    )

    def words(topics: list[str]) -> Iterator[str]:
        for text in texts:
            for iri in topics:
                yield text.format(index.topics[iri].label(chance.choice(names.LANGUAGES)))

    found: dict[str, list[tuple[str, dict[str, Any]]]] = {}
    for name, topics in (("rare", ordered[:half]), ("popular", ordered[-half:])):
        found[name] = [(text, {}) for text in words(topics)]
        restricted = [(text, one) for text in words(topics) for one in filters]
        found[f"{name}, filter"] = chance.sample(restricted, EACH)
    top = ordered[-half:]
    pairs = [
        " und ".join(index.topics[one].label("de") for one in chance.sample(top, 2)) for _ in range(EACH)
    ]
    found["two popular"] = [(text, {}) for text in sorted(set(pairs))]
    return {name: chance.sample(some, min(EACH, len(some))) for name, some in found.items()}


def _places(index: Index) -> set[str]:
    return {
        place for holder in index.holders for place in holder.places if names.kind_of(place) == "state"
    } & {one for holder in index.holders for one in holder.places}


def measure(triples: int, table: Path, keep: Path | None, programs: Path | None) -> Figures:
    """Prints the figures of one size, and gives them back."""
    with tempfile.TemporaryDirectory() as name:
        folder = keep / str(triples) if keep else Path(name)
        folder.mkdir(parents=True, exist_ok=True)
        filling, store = timed(lambda: filled(folder, triples, table))
        print(f"\n{triples:,} triples asked for; filled in {filling / 1000:.1f} s")
        figures = _build(store, folder / "index.sqlite")
        opening, lookup = timed(lambda: Lookup.build(store, folder / "index.sqlite"))
        figures["opened_s"] = opening / 1000
        print(f"  opened again in {opening / 1000:.2f} s")
        gc.collect()
        gc.freeze()  # as the service does: what stays is not searched for garbage again
        figures["questions"] = _ask(lookup)
        if triples == HTTP_AT:
            figures["sparql"] = _sparql(store, lookup, folder, programs)
        figures["published"] = _publish(store, lookup)
        lookup.index.close()
        store.close()
        if triples == HTTP_AT:
            figures["http"] = _http(folder)
        return figures


def _build(store: EmbeddedStore, path: Path) -> Figures:
    before, stages = _memory(), dict[str, float]()

    def progress(what: str, done: int, of: int) -> None:
        stages.setdefault(what, time.process_time())
        if sys.stderr.isatty():
            print(f"\r  {what} {done:,} of {of:,}    ", end="", file=sys.stderr)

    path.unlink(missing_ok=True)
    building, lookup = timed(lambda: Lookup.build(store, path, progress))
    index = lookup.index
    end, rows = time.process_time(), sum(len(rows) for rows in index.rows)
    starts = [*stages.values(), end]
    spent = dict(zip(stages, (after - begun for begun, after in pairwise(starts)), strict=True))
    figures = {
        "reasons": rows,
        "holders": len(index.holders),
        "built_s": building / 1000,
        "stages_s": spent,
        "reasons_per_s": rows / (spent["storing"] + spent["ranking"]),
        "disk_mb": index.size() / 1e6,
        "memory_mb": _memory() - before,
    }
    index.close()
    told = ", ".join(f"{what} {seconds:.2f} s" for what, seconds in spent.items())
    print(
        f"\r  index: {rows:,} reasons of {figures['holders']:,} holders, built in {building / 1000:.2f} s"
        f" ({told})\n  stored and ranked: {figures['reasons_per_s']:,.0f} reasons per s;"
        f" {figures['disk_mb']:.0f} MB on disk, {figures['memory_mb']:.0f} MB of memory while it is made"
    )
    return figures


def _ask(lookup: Lookup) -> dict[str, Figures]:
    results: dict[str, Figures] = {}
    print(f"  {'question':18}    n understood   found     p99   shown     p99   kB reasons")
    for name, some in asked(lookup.index).items():
        reading, finding, showing, sizes, pieces = [], [], [], [], []
        for text, parameters in some:
            spent, question = timed(lambda: understand(lookup.lexicon, text, **parameters))  # noqa: B023
            reading.append(spent)
            spent, found = timed(lambda: answer(lookup.index, question))  # noqa: B023
            finding.append(spent + reading[-1])
            spent, shown = timed(lambda: as_json(found))  # noqa: B023
            showing.append(spent + finding[-1])
            sizes.append(len(json.dumps(shown)) / 1000)
            pieces.append(sum(len(result.pieces) for result in found.results))
        results[name] = {
            "questions": len(some),
            "understood_ms": median(reading),
            "found_ms": median(finding),
            "found_p99_ms": _p99(finding),
            "shown_ms": median(showing),
            "shown_p99_ms": _p99(showing),
        }
        print(
            f"  {name:18} {len(some):4} {median(reading):10.3f} {median(finding):7.3f} {_p99(finding):7.3f}"
            f" {median(showing):7.3f} {_p99(showing):7.3f} {median(sizes):4.0f} {median(pieces):7.0f}"
        )
    return results


def _publish(store: EmbeddedStore, lookup: Lookup) -> Figures:
    """A project more in the graph of a municipality: what follows is derived, the lookup follows."""
    holders = [holder.iri for holder in lookup.index.holders if holder.kind == "municipality"]
    chosen = random.Random(3).sample(holders, min(UPDATES, len(holders)))
    deriving, following = [], []
    for holder in chosen:
        graph = names.graph("bench", f"new-{names.slug_of(holder)}")
        for triples in (_project(holder), []):
            spent, changed = timed(lambda: derivation.replace(store, {graph: triples}))  # noqa: B023
            deriving.append(spent)
            spent, done = timed(lambda: lookup.update(store, changed.things))  # noqa: B023
            following.append(spent)
            if not done:
                sys.exit("the lookup would have to be built anew")
    print(
        f"  a project more: derived in {median(deriving):.1f} ms (p99 {_p99(deriving):.1f}),"
        f" the lookup follows in {median(following):.1f} ms (p99 {_p99(following):.1f})"
    )
    return {
        "derived_ms": median(deriving),
        "derived_p99_ms": _p99(deriving),
        "lookup_ms": median(following),
        "lookup_p99_ms": _p99(following),
    }


def _project(holder: str) -> list[Triple]:
    it = NamedNode(names.thing("project", f"bench/{names.slug_of(holder)}"))
    kogge = {
        "lead": NamedNode(holder),
        "status": NamedNode(names.KOGGE + "running"),
        "topic": NamedNode(names.topic("wasserstoff")),
    }
    label = ox.Literal(f"Neues in {names.slug_of(holder)}", language="de")
    return [
        Triple(it, NamedNode(names.RDF + "type"), NamedNode(names.KOGGE + "Project")),
        Triple(it, NamedNode(names.SKOS + "prefLabel"), label),
        Triple(it, NamedNode(names.DCTERMS + "source"), NamedNode(names.thing("document", "bench"))),
        *(Triple(it, NamedNode(names.KOGGE + verb), value) for verb, value in kogge.items()),
    ]


def _popular(index: Index) -> str:
    return max(index.topics, key=lambda iri: len(ranking.order) if (ranking := index.ranking(iri)) else 0)


def _sparql(store: EmbeddedStore, lookup: Lookup, folder: Path, programs: Path | None) -> Figures:
    popular = _popular(lookup.index)
    text = questions.as_text(questions.load("scores-of-topic"), {"topic": names.slug_of(popular)})

    def ask() -> dict[str, float]:
        rows = store.query(text)
        if not isinstance(rows, QuerySolutions):
            raise TypeError("the saved question is a SELECT")
        return {row["holder"].value: float(row["score"].value) for row in rows}

    theirs, scores = timed(ask)
    ours = median(timed(lambda: lookup.who(topics=[popular]))[0] for _ in range(20))
    shown = lookup.who(topics=[popular], limit=100)
    same = all(scores[one.holder.iri] == float(one.score) for one in shown.results if one.through is None)
    print(
        f"  the most popular topic in SPARQL: {theirs:,.0f} ms for {len(scores):,} holders; the lookup"
        f" {ours:.3f} ms, {theirs / ours:,.0f} times faster, scores {'the same' if same else 'NOT the same'}"
    )
    figures = {"sparql_ms": theirs, "lookup_ms": ours, "same": same}
    if programs:
        figures["oxigraph_ms"] = _oxigraph(store, text, folder, programs)
        print(
            f"  the same of oxigraph serve: {figures['oxigraph_ms']:,.0f} ms of its processor,"
            f" the lookup {figures['oxigraph_ms'] / ours:,.0f} times faster"
        )
    return figures


def _oxigraph(store: EmbeddedStore, text: str, folder: Path, programs: Path) -> float:
    """Milliseconds of the processor for a query, in `oxigraph serve` on a copy of the store."""
    copy = folder / "copy"
    shutil.rmtree(copy, ignore_errors=True)
    store.backup(str(copy))
    spent = []
    with peers.oxigraph(programs, folder) as server:
        client = peers.Client(server, timeout=peers.PATIENCE)
        for _ in range(5):
            before = _processor(server.pid)
            status, body = client.ask(text)
            spent.append((_processor(server.pid) - before) * 1000)
            if status != 200:
                sys.exit(f"oxigraph serve answers {status}: {body[:200]!r}")
    shutil.rmtree(copy)
    return median(spent)


def _http(folder: Path) -> Figures | None:
    """Requests per second of 8 clients: /expertise, and a route that only sends the same JSON."""
    program = peers.wrk()
    if program is None:
        print("  over HTTP: wrk is not installed")
        return None
    figures: Figures = {}
    command = [sys.executable, __file__, "--serve", str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            port, *targets = json.loads(process.stdout.readline() if process.stdout else "[0]")
            for name, target in targets:
                bare, bare_cpu = _per_second(program, port, f"/bare/{name}", process.pid)
                ours, ours_cpu = _per_second(program, port, target, process.pid)
                figures[name] = {
                    "bare_per_s": bare,
                    "expertise_per_s": ours,
                    "share": ours / bare,
                    "bare_cpu_ms": bare_cpu,
                    "expertise_cpu_ms": ours_cpu,
                }
                print(
                    f"  over HTTP, {name}: {ours:,.0f} of {bare:,.0f} per s ({ours / bare:.0%});"
                    f" {ours_cpu:.2f} and {bare_cpu:.2f} ms of the processor each ({bare_cpu / ours_cpu:.0%})"
                )
        finally:
            process.terminate()
    return figures


def _processor(pid: int) -> float:
    """Seconds of the processor that a process has used."""
    times = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13]
    return sum(map(int, times)) / os.sysconf("SC_CLK_TCK")


def _per_second(program: str, port: int, target: str, pid: int) -> tuple[float, float]:
    """Requests per second, and milliseconds of the processor for each."""
    before = _processor(pid)
    command = [program, "-t2", f"-c{CLIENTS}", f"-d{SECONDS}s", f"http://127.0.0.1:{port}{target}"]
    said = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout
    if failed := re.search(r"Non-2xx or 3xx responses: (\d+)|Socket errors: (.*)", said):
        sys.exit(f"{target}: {failed[0]}")
    rate, done = re.search(r"Requests/sec: +([\d.]+)", said), re.search(r"(\d+) requests in", said)
    if not rate or not done:
        sys.exit(said)
    return float(rate[1]), (_processor(pid) - before) / int(done[1]) * 1000


def serve(folder: Path) -> None:
    """Serves the store of a folder, and beside each question a route that only sends the same JSON."""
    store = EmbeddedStore(folder / "store")
    lookup = Lookup.build(store, folder / "index.sqlite")
    gc.collect()
    gc.freeze()
    settings = Settings.from_environment({})
    desk = Desk(store, settings, lookup=lookup)
    app = create_app(settings, desk)
    popular = lookup.index.topics[_popular(lookup.index)].label("de")
    targets = []
    for name, target in (
        ("a-question", "/expertise?q=Wer+kennt+sich+mit+Wasserstoff+in+Niedersachsen+aus"),
        ("the-most-popular-topic", f"/expertise?q={popular}"),
    ):
        body = desk.who_as(media.JSON, target.partition("=")[2].replace("+", " ")).body
        app.get(f"/bare/{name}")(_bare(json.loads(body)))
        targets.append((name, target))
    listening = socket.create_server(("127.0.0.1", 0))
    print(json.dumps([listening.getsockname()[1], *targets]), flush=True)
    server.run(app, listening, settings)


def _p99(spent: list[float]) -> float:
    return quantiles(spent, n=100)[98] if len(spent) > 1 else spent[0]


def _memory() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000


def _bare(content: object) -> Callable[[], Coroutine[None, None, JSONResponse]]:
    async def bare() -> JSONResponse:
        return JSONResponse(content)

    return bare


def main() -> None:
    """Measures each size, tells how the figures grow from the first to the last, and writes them down."""
    parser = argparse.ArgumentParser(description="How fast the lookup is.")
    parser.add_argument("--triples", type=int, action="append", help="a size, about; may be repeated")
    parser.add_argument("--huge", action="store_true", help="10 M triples as well")
    parser.add_argument("--table", type=Path, default=TABLE, help="the table german-municipalities.csv")
    parser.add_argument("--keep", type=Path, help="a folder in which the stores are kept, to be used again")
    parser.add_argument("--peers", type=Path, help="a folder for the programs that are compared")
    parser.add_argument("--output", type=Path, default=RESULTS)
    parser.add_argument("--serve", type=Path, help=argparse.SUPPRESS)  # what this starts for itself
    options = parser.parse_args()
    if options.serve:
        serve(options.serve)
        return
    if not options.table.is_file():
        sys.exit(f"There is no table {options.table.name}. Give its place with --table.")
    sizes = [*(options.triples or SIZES), *([HUGE] if options.huge else [])]
    programs = peers.install(options.peers) if options.peers else None
    found = {size: measure(size, options.table, options.keep, programs) for size in sizes}
    if len(sizes) > 1:
        print(f"\nfrom {sizes[0]:,} to {sizes[-1]:,} triples, medians of *found*:")
        for name, figures in found[sizes[0]]["questions"].items():
            first, last = figures["found_ms"], found[sizes[-1]]["questions"][name]["found_ms"]
            print(
                f"  {name:18} {first:.3f} to {last:.3f} ms: {last / first:.2f} times, {last - first:+.3f} ms"
            )
    when = datetime.now(UTC).date().isoformat()
    machine = f"{platform.machine()}, {os.cpu_count()} processors, Python {platform.python_version()}"
    content = {"when": when, "machine": machine, "sizes": found}
    options.output.write_text(json.dumps(content, indent=1, default=str) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
