"""The check of a large graph against pySHACL alone: rate, memory, and whether both find the same.

    python bench/check.py [--sizes 10000 100000 1000000] [--broken 0.001] [--plain-up-to 100000]

The data is that of `generate.py`, with what it lacks by our rules, and a share of its statements broken by
chance. Each check runs in a process of its own; seconds are those of the processor. "pySHACL alone" is what
`kogge check` does with a small file: it judges every thing, in a graph of rdflib. Writes `check.json`.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final

import pyoxigraph as ox
from pyoxigraph import Literal, NamedNode, Quad

import generate
from kogge import names, rules, syntax
from kogge.progress import peak_memory

RESULTS: Final = Path(__file__).with_name("check.json")
PROFILE: Final = "graph"
_TYPE: Final = NamedNode(names.RDF + "type")
_NAME: Final = NamedNode(names.SKOS + "prefLabel")
_NOWHERE: Final = NamedNode(names.thing("project", "nowhere"))
_DAY: Final = Literal("2026-01-01", datatype=NamedNode(names.XSD + "date"))
_OWNER: Final = NamedNode(names.thing("organisation", "kogge"))
_LACKING: Final[
    dict[str, list[tuple[str, NamedNode | Literal]]]
] = {  # class → what the generator does not say of its things
    "http://rdfs.org/ns/void#Dataset": [
        (names.DCTERMS + "publisher", _OWNER),
        (names.DCTERMS + "issued", _DAY),
        (names.DCTERMS + "title", Literal("made to measure", language="en")),
    ],
    "http://www.w3.org/ns/org#Membership": [
        (names.KOGGE + "role", NamedNode(names.KOGGE + "laterMember")),
        (names.DCTERMS + "source", NamedNode(names.thing("document", "bench-states"))),
    ],
    names.KOGGE + "Municipality": [(names.KOGGE + "populationDate", _DAY)],
}
_CLASSES: Final = {
    "document": "http://xmlns.com/foaf/0.1/Document",
    "interval": "http://www.w3.org/2006/time#Interval",
    "instant": "http://www.w3.org/2006/time#Instant",
}


def conforming(quads: Iterable[Quad]) -> Iterator[Quad]:
    """The quads, with what they lack to conform to our rules."""
    typed: set[str] = set()
    for quad in quads:
        yield quad
        subject, value = quad.subject, quad.object
        if quad.predicate == _TYPE and isinstance(value, NamedNode):
            for verb, lacking in _LACKING.get(value.value, ()):
                yield Quad(subject, NamedNode(verb), lacking, quad.graph_name)
        if isinstance(subject, NamedNode) and subject.value not in typed:
            typed.add(subject.value)
            kind = names.kind_of(subject.value) if subject.value.startswith(names.ID) else ""
            yield from (Quad(subject, verb, value, quad.graph_name) for verb, value in typing(kind))
    states = NamedNode(names.thing("document", "bench-states"))
    yield from (Quad(states, verb, value) for verb, value in typing("document"))


def typing(kind: str) -> Iterator[tuple[NamedNode, NamedNode | Literal]]:
    """The class of a thing that the generator gives none, and the names of a document."""
    if kind in _CLASSES:
        yield _TYPE, NamedNode(_CLASSES[kind])
    if kind == "document":
        for lang in ("de", "en"):
            yield _NAME, Literal("Blatt", language=lang)


def broken(quads: Iterable[Quad], share: float, chance: random.Random) -> Iterator[Quad]:
    """The quads, a share of them gone, pointing to nothing, or with a value of the wrong sort."""
    for quad in quads:
        if chance.random() >= share:
            yield quad
        elif value := chance.choice([None, _NOWHERE, Literal("text"), Literal("Text", language="fr")]):
            yield Quad(quad.subject, quad.predicate, value, quad.graph_name)


def one(way: str, path: Path) -> dict[str, Any]:
    """One check in this process: how long, how much memory, and what was found, as a hash."""
    rules.check_large([], PROFILE)  # reads the rules and what they look up, and is not measured
    began, processor = time.monotonic(), time.process_time()
    triples = syntax.stream_file(path)
    if way == "ours":
        found = rules.check_large(triples, PROFILE)
    else:
        found = rules.check(rules.to_rdflib(triples), PROFILE)
    return {
        "processor_seconds": round(time.process_time() - processor, 2),
        "seconds": round(time.monotonic() - began, 2),
        "memory_mb": peak_memory(),
        "findings": len(found),
        "hash": hashlib.sha256(repr(found).encode()).hexdigest(),
    }


def measured(way: str, path: Path, limit: float) -> dict[str, Any] | None:
    """The same in a process of its own; None if it takes longer than the limit (in seconds)."""
    command = [sys.executable, __file__, "--one", way, str(path)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=limit)
    except subprocess.TimeoutExpired:
        return None
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def compare(size: int, options: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """One size: our check, and pySHACL alone if it is wanted there."""
    path = folder / f"{size}.nq"
    quads = broken(conforming(generate.generate(options.table, size)), options.broken, random.Random(1))
    ox.serialize(quads, output=str(path), format=ox.RdfFormat.N_QUADS)
    with path.open("rb") as lines:
        triples = sum(1 for _ in lines)
    row: dict[str, Any] = {"triples": triples, "ours": measured("ours", path, options.limit)}
    if size <= options.plain_up_to:
        row["pyshacl"] = measured("pyshacl", path, options.limit)
    path.unlink()
    return row


def line(row: dict[str, Any]) -> str:
    """One size as text."""
    ours, plain = row["ours"], row.get("pyshacl")
    text = [f"{row['triples']:>9,} triples  ours    {told(row['triples'], ours)}"]
    if "pyshacl" in row:
        text.append(f"{'':17}  pySHACL {told(row['triples'], plain)}")
    if ours and plain:
        ratio = plain["processor_seconds"] / ours["processor_seconds"]
        same = "the same findings" if ours["hash"] == plain["hash"] else "OTHER FINDINGS"
        text.append(f"{'':17}  {ratio:.1f} times as fast, {same}")
    return "\n".join(text)


def told(triples: int, result: dict[str, Any] | None) -> str:
    """One measurement as text."""
    if result is None:
        return "longer than the limit"
    seconds = result["processor_seconds"]
    rate = f"{triples / seconds:>7,.0f} triples/s"
    return f"{seconds:>8.1f} s  {rate}  {result['memory_mb']:>5} MB  {result['findings']:,} findings"


def main() -> None:
    """Compares at each size, prints, and writes `check.json`. Exit code 1 if the findings differ."""
    parser = argparse.ArgumentParser(description="The check of a large graph against pySHACL alone.")
    parser.add_argument("--sizes", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--broken", type=float, default=0.001, help="share of the statements that is broken")
    parser.add_argument("--plain-up-to", type=int, default=100_000, help="largest size for pySHACL alone")
    parser.add_argument("--limit", type=float, default=1800, help="seconds after which a check is given up")
    parser.add_argument("--table", type=Path, default=generate.TABLE)
    parser.add_argument("--one", nargs=2, metavar=("WAY", "FILE"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        print(json.dumps(one(options.one[0], Path(options.one[1]))))
        return
    if not options.table.is_file():
        print(f"The check at scale is left out: there is no table {options.table}.")
        return
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for size in options.sizes:
            rows.append(compare(size, options, Path(folder)))
            print(line(rows[-1]), flush=True)
    report = {"broken": options.broken, "profile": PROFILE, "sizes": rows}
    RESULTS.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    pairs = [(row["ours"], row["pyshacl"]) for row in rows if row["ours"] and row.get("pyshacl")]
    if any(ours["hash"] != plain["hash"] for ours, plain in pairs):
        sys.exit("The findings differ.")


if __name__ == "__main__":
    main()
