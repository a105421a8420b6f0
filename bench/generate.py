"""Data for tests at scale: N German municipalities with made-up projects and needs, as N-Quads.

    python bench/generate.py --municipalities 10000 --table …/german-municipalities.csv > scale.nq

Names and keys are those of the table; what the municipalities do is drawn by chance (the same for the same
seed) and means nothing. One municipality is one named graph, as in a service that many partners fill.
"""

from __future__ import annotations

import argparse
import csv
import random
import sys
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Final

import pyoxigraph as ox
from pyoxigraph import Literal, NamedNode, Quad

from kogge import artefacts, names

TABLE: Final = Path(__file__).resolve().parents[2] / "shared" / "facts" / "german-municipalities.csv"
STATUS: Final = ("planned", "running", "done", "stopped")

_A: Final = NamedNode(names.RDF + "type")
_LABEL: Final = NamedNode(names.SKOS + "prefLabel")
_SOURCE: Final = NamedNode(names.DCTERMS + "source")
_DOCUMENT: Final = NamedNode(names.thing("document", "bench-generated"))


def generate(table: Path, count: int, seed: int = 1) -> Iterator[Quad]:
    """The quads of the first `count` municipalities: one to four projects each, a need for every third."""
    chance = random.Random(seed)
    topics = [NamedNode(iri) for iri in _topics()]
    with table.open(encoding="utf-8", newline="") as lines:
        for number, row in enumerate(islice(csv.DictReader(lines), count)):
            slug = f"{names.slugify(row['short_name'])}-{row['ags']}"
            graph = NamedNode(names.graph("bench", slug))
            holder = NamedNode(names.thing("municipality", slug))
            yield from _thing(graph, holder, "Municipality", row["short_name"])
            yield Quad(holder, _own("ags"), Literal(row["ags"]), graph)
            for project in range(chance.randint(1, 4)):
                it = NamedNode(names.thing("project", f"{slug}/{project}"))
                yield from _thing(graph, it, "Project", f"Projekt {project} in {row['short_name']}")
                yield Quad(it, _own("lead"), holder, graph)
                yield Quad(it, _own("status"), _own(chance.choice(STATUS)), graph)
                for topic in chance.sample(topics, chance.randint(1, 3)):
                    yield Quad(it, _own("topic"), topic, graph)
            if number % 3 == 0:
                need = NamedNode(names.thing("need", f"{slug}/0"))
                yield from _thing(graph, need, "Need", f"Gesuch von {row['short_name']}")
                yield Quad(need, _own("holder"), holder, graph)
                yield Quad(need, _own("topic"), chance.choice(topics), graph)
                yield Quad(need, _own("status"), _own("open"), graph)


def _thing(graph: NamedNode, it: NamedNode, class_: str, label: str) -> Iterator[Quad]:
    yield Quad(it, _A, _own(class_), graph)
    yield Quad(it, _LABEL, Literal(label, language="de"), graph)
    yield Quad(it, _SOURCE, _DOCUMENT, graph)


def _own(name: str) -> NamedNode:
    return NamedNode(names.KOGGE + name)


def _topics() -> list[str]:
    """The topics of the thesaurus, sorted."""
    parsed = ox.parse(path=str(artefacts.folder("ontology") / "schemes" / "topics.ttl"))
    subjects = {quad.subject.value for quad in parsed if isinstance(quad.subject, NamedNode)}
    return sorted(iri for iri in subjects if iri.startswith(names.TOPIC))


def main() -> None:
    """Writes the quads."""
    parser = argparse.ArgumentParser(description="Data for tests at scale, as N-Quads.")
    parser.add_argument("--municipalities", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--table", type=Path, default=TABLE, help="the table german-municipalities.csv")
    options = parser.parse_args()
    if not options.table.is_file():
        sys.exit(f"There is no table {options.table}. Give its place with --table.")
    quads = generate(options.table, options.municipalities, options.seed)
    ox.serialize(quads, output=sys.stdout.buffer, format=ox.RdfFormat.N_QUADS)


if __name__ == "__main__":
    main()
