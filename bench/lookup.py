"""How fast the lookup is, from 10 k to 10 M triples, and against the same question in SPARQL.

    python bench/lookup.py [--triples N]… [--table …/german-municipalities.csv]

Asks different questions, none twice, of an index of generated data: rare topics and popular ones, with and
without filters, and two topics at once. A question is understood and answered (*found*); then its reasons
are read and all is turned into JSON (*shown*). Tells medians and 99th percentiles in milliseconds, how the
index is built and brought up to date, and at one size how long the saved question takes in SPARQL. Nothing
keeps answers.
"""

from __future__ import annotations

import argparse
import gc
import json
import random
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median, quantiles
from typing import Any, Final, TypeVar

import pyoxigraph as ox
from pyoxigraph import NamedNode, QuerySolutions

from generate import TABLE, generate
from kogge import artefacts, names, questions, syntax
from kogge.expertise import Lookup, as_json
from kogge.expertise.answer import answer
from kogge.expertise.index import Index
from kogge.expertise.understand import Lexicon, understand
from kogge.store.embedded import EmbeddedStore

T = TypeVar("T")

SIZES: Final = (10_000, 100_000, 1_000_000)
SPARQL_AT: Final = 1_000_000
EACH: Final = 150  # questions of a kind
UPDATES: Final = 50


class Bench(EmbeddedStore):
    """A store of generated data in a folder; its state is given, for hashing it is not what is measured."""

    @property
    def state(self) -> str:
        """A token for this content."""
        return "bench"


def filled(folder: Path, triples: int, table: Path) -> Bench:
    """A store with the words and facts of the checkout, and about so many made-up triples."""
    if (folder / "store").is_dir():
        return Bench(folder / "store")
    plain = ox.Store(str(folder / "store"))
    for part in ("ontology", "graph"):
        for path in artefacts.files(part, ".ttl"):
            graph = NamedNode(names.graph("bench", f"{part}-{path.stem}"))
            said = syntax.read_file(path)
            plain.bulk_extend(ox.Quad(t.subject, t.predicate, t.object, graph) for t in said)
    plain.bulk_extend(generate(table, triples))
    plain.optimize()
    del plain
    return Bench(folder / "store")


def timed(run: Callable[[], T]) -> tuple[float, T]:
    """Milliseconds, and what came back."""
    begun = time.perf_counter()
    result = run()
    return (time.perf_counter() - begun) * 1000, result


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


def measure(triples: int, table: Path, keep: Path | None) -> dict[str, tuple[float, float]]:
    """Prints the figures of one size; gives back median and 99th percentile of *found*, by kind."""
    with tempfile.TemporaryDirectory() as name:
        folder = keep / str(triples) if keep else Path(name)
        folder.mkdir(parents=True, exist_ok=True)
        filling, store = timed(lambda: filled(folder, triples, table))
        print(f"\n{triples:,} triples asked for; filled in {filling / 1000:.1f} s")
        before = _memory()
        path = folder / "index.sqlite"
        stages: dict[str, float] = {}

        def progress(what: str, done: int, of: int) -> None:
            stages.setdefault(what, time.perf_counter())
            if sys.stderr.isatty():
                print(f"\r  {what} {done:,} of {of:,}", end="", file=sys.stderr)

        building, index = timed(lambda: Index.build(store, path, progress))
        rows = sum(len(rows) for rows in index.rows)
        reading = (stages["storing"] - stages["reading"]) * 1000
        print(
            f"  index: {rows:,} reasons of {len(index.holders):,} holders, built in {building / 1000:.2f} s"
            f" (read in {reading / 1000:.2f} s, then {rows / (building - reading) * 1000:,.0f} per s);"
            f" {index.size() / 1e6:.0f} MB on disk, the process {before:.0f}, at most {_memory():.0f} MB"
        )
        index.close()
        opening, index = timed(lambda: Index.open(store, path))
        print(f"  opened again in {opening / 1000:.2f} s")
        learning, lexicon = timed(lambda: Lexicon.build(store))
        print(f"  lexicon read in {learning / 1000:.2f} s")
        gc.collect()
        gc.freeze()  # as the service does: what stays is not searched for garbage again
        found = _ask(Lookup(lexicon, index))
        _update(store, index)
        if triples == SPARQL_AT:
            _sparql(store, Lookup(lexicon, index))
        index.close()
        store.close()
        return found


def _ask(lookup: Lookup) -> dict[str, tuple[float, float]]:
    results: dict[str, tuple[float, float]] = {}
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
        results[name] = (median(finding), _p99(finding))
        print(
            f"  {name:18} {len(some):4} {median(reading):10.3f} {median(finding):7.3f} {_p99(finding):7.3f}"
            f" {median(showing):7.3f} {_p99(showing):7.3f} {median(sizes):4.0f} {median(pieces):7.0f}"
        )
    return results


def _update(store: Bench, index: Index) -> None:
    holders = [holder.iri for holder in index.holders if holder.kind == "municipality"]
    chosen = random.Random(3).sample(holders, min(UPDATES, len(holders)))
    spent = [timed(lambda: index.update(store, {iri}))[0] for iri in chosen]  # noqa: B023
    print(f"  one holder brought up to date: median {median(spent):.1f} ms, p99 {_p99(spent):.1f} ms")


def _sparql(store: Bench, lookup: Lookup) -> None:
    index = lookup.index
    popular = max(index.topics, key=lambda iri: len(ranking.order) if (ranking := index.ranking(iri)) else 0)
    text = questions.as_text(questions.load("scores-of-topic"), {"topic": names.slug_of(popular)})

    def ask() -> int:
        rows = store.query(text)
        if not isinstance(rows, QuerySolutions):
            raise TypeError("the saved question is a SELECT")
        return sum(1 for _ in rows)

    theirs, count = timed(ask)
    ours = median(timed(lambda: lookup.who(topics=[popular]))[0] for _ in range(20))
    print(
        f"  the most popular topic in SPARQL: {theirs:,.0f} ms for {count:,} holders;"
        f" the lookup {ours:.3f} ms, {theirs / ours:,.0f} times faster"
    )


def _p99(spent: list[float]) -> float:
    return quantiles(spent, n=100)[98] if len(spent) > 1 else spent[0]


def _memory() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000


def main() -> None:
    """Measures each size and tells how the figures grow from the first to the last."""
    parser = argparse.ArgumentParser(description="How fast the lookup is.")
    parser.add_argument("--triples", type=int, action="append", help="a size, about; may be repeated")
    parser.add_argument("--table", type=Path, default=TABLE, help="the table german-municipalities.csv")
    parser.add_argument("--keep", type=Path, help="a folder in which the stores are kept, to be used again")
    options = parser.parse_args()
    if not options.table.is_file():
        sys.exit(f"There is no table {options.table.name}. Give its place with --table.")
    sizes = options.triples or list(SIZES)
    found = [measure(size, options.table, options.keep) for size in sizes]
    if len(sizes) > 1:
        print(f"\nfrom {sizes[0]:,} to {sizes[-1]:,} triples, medians of *found*:")
        for name, (first, _) in found[0].items():
            last = found[-1][name][0]
            print(
                f"  {name:18} {first:.3f} to {last:.3f} ms: {last / first:.2f} times, {last - first:+.3f} ms"
            )


if __name__ == "__main__":
    main()
