"""Data for tests at scale, as N-Quads: municipalities with made-up projects, events, alliances and needs.

    python bench/generate.py --triples 1000000 --table …/german-municipalities.csv > scale.nq

Names, keys and places are those of the table; what the municipalities do is drawn by chance (the same for
the same seed) and means nothing. One municipality is one named graph, as in a service that many partners
fill, and what the rules would derive comes with it, in the graph of derived facts, so that data of any size
can be loaded as it is. Each municipality has ten projects; where the table is used up and more triples are
wanted, it has more. Some topics are popular and some rare (Zipf's law).
"""

from __future__ import annotations

import argparse
import csv
import random
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import accumulate
from pathlib import Path
from typing import Final

import pyoxigraph as ox
from pyoxigraph import Literal, NamedNode, Quad

from kogge import artefacts, names

TABLE: Final = Path(__file__).resolve().parents[2] / "shared" / "facts" / "german-municipalities.csv"
STATUS: Final = ("planned", "running", "running", "done", "stopped")
PROJECTS: Final = 10
MEMBERS: Final = 25  # of an alliance, about
PER_MUNICIPALITY: Final = 74  # triples of a municipality with its memberships, events and needs, about
PER_PROJECT: Final = 18  # triples of a project with what is derived from it, about

_SCHEMA: Final = "https://schema.org/"
_ORG: Final = "http://www.w3.org/ns/org#"
_TIME: Final = "http://www.w3.org/2006/time#"
_LICENCE: Final = NamedNode("http://publications.europa.eu/resource/authority/licence/CC_BY_4_0")
_GERMANY: Final = NamedNode("http://publications.europa.eu/resource/authority/country/DEU")
_DERIVED: Final = NamedNode(names.DERIVED_GRAPH)


def own(name: str) -> NamedNode:
    """One of our own terms."""
    return NamedNode(names.KOGGE + name)


_A: Final = NamedNode(names.RDF + "type")
_SOURCE: Final = NamedNode(names.DCTERMS + "source")
_DATE: Final = NamedNode(names.DCTERMS + "date")
_STARTS: Final = NamedNode(_SCHEMA + "startDate")


@dataclass(frozen=True)
class Place:
    """A municipality of the table."""

    slug: str
    name: str
    row: dict[str, str] = field(repr=False)

    @property
    def iri(self) -> NamedNode:
        """Its name in the graph."""
        return NamedNode(names.thing("municipality", self.slug))

    @property
    def state(self) -> NamedNode:
        """The Land in which it lies."""
        return NamedNode(names.thing("state", f"land-{names.slugify(self.row['state'])}"))


@dataclass
class Generator:
    """Draws the facts; `topics` with their weights."""

    chance: random.Random
    topics: list[NamedNode]
    weights: list[float]

    def some_topics(self, most: int) -> list[NamedNode]:
        """One to `most` different topics."""
        drawn = self.chance.choices(self.topics, cum_weights=self.weights, k=self.chance.randint(1, most))
        return list(dict.fromkeys(drawn))

    def thing(self, graph: NamedNode, it: NamedNode, class_: str, label: str) -> Iterator[Quad]:
        """What every thing has: class, labels, description, source."""
        document = NamedNode(names.thing("document", f"bench-{graph.value.rpartition('/')[2]}"))
        yield Quad(it, _A, own(class_), graph)
        yield Quad(it, NamedNode(names.SKOS + "prefLabel"), Literal(label, language="de"), graph)
        yield Quad(it, NamedNode(names.SKOS + "prefLabel"), Literal(f"{label} (en)", language="en"), graph)
        text = f"{label}: gemacht, um zu messen."
        yield Quad(it, NamedNode(names.DCTERMS + "description"), Literal(text, language="de"), graph)
        yield Quad(it, _SOURCE, document, graph)

    def expertise(
        self, graph: NamedNode, holder: NamedNode, topic: NamedNode, kind: str, thing: NamedNode
    ) -> Iterator[Quad]:
        """What the rules derive: `holder` has `thing` as evidence of that kind for the topic."""
        parts = (names.slug_of(topic.value), thing.value.removeprefix(names.ID))
        who = holder.value.removeprefix(names.ID)
        it = NamedNode(f"{names.ID}expertise/{'-'.join((who, *parts)).replace('/', '-')}")
        document = NamedNode(names.thing("document", f"bench-{graph.value.rpartition('/')[2]}"))
        rule = f"intended-{names.kind_of(thing.value)}s" if kind == "intended" else kind
        for verb, value in (
            (_A, own("Expertise")),
            (own("holder"), holder),
            (own("topic"), topic),
            (own("evidenceKind"), own(kind)),
            (own("evidence"), thing),
            (_SOURCE, document),
            (NamedNode(names.PROV + "wasGeneratedBy"), NamedNode(f"{names.QUERIES}rules/{rule}")),
        ):
            yield Quad(it, verb, value, _DERIVED)

    def municipality(self, place: Place, projects: int) -> Iterator[Quad]:
        """A graph with a municipality, its projects, and for every second one a need."""
        graph = NamedNode(names.graph("bench", place.slug))
        yield from header(graph, place.name)
        holder = place.iri
        yield from self.thing(graph, holder, "Municipality", place.name)
        yield Quad(holder, own("ags"), Literal(place.row["ags"]), graph)
        yield Quad(holder, own("population"), Literal(int(place.row["population_2023_12_31"] or 0)), graph)
        yield Quad(holder, NamedNode(_SCHEMA + "containedInPlace"), place.state, graph)
        for number in range(projects):
            yield from self.project(graph, place, number)
        if self.chance.random() < 0.5:
            need = NamedNode(names.thing("need", f"{place.slug}/0"))
            yield from self.thing(graph, need, "Need", f"Gesuch von {place.name}")
            yield Quad(need, own("holder"), holder, graph)
            yield Quad(need, own("status"), own("open"), graph)
            for topic in self.some_topics(2):
                yield Quad(need, own("topic"), topic, graph)

    def project(self, graph: NamedNode, place: Place, number: int) -> Iterator[Quad]:
        """A project and the expertise that follows from it."""
        it = NamedNode(names.thing("project", f"{place.slug}/{number}"))
        yield from self.thing(graph, it, "Project", f"Projekt {number} in {place.name}")
        status = self.chance.choice(STATUS)
        yield Quad(it, own("lead"), place.iri, graph)
        yield Quad(it, own("status"), own(status), graph)
        kind = {"running": "practised", "done": "practised", "planned": "intended"}.get(status)
        for topic in self.some_topics(3):
            yield Quad(it, own("topic"), topic, graph)
            if kind:
                yield from self.expertise(graph, place.iri, topic, kind, it)

    def alliance(self, number: int, members: list[Place]) -> Iterator[Quad]:
        """A graph with an alliance, its memberships, a goal, a barcamp, and a meeting with expert groups."""
        slug = f"bench-{number}"
        graph = NamedNode(names.graph("bench", f"alliance-{number}"))
        it = NamedNode(names.thing("alliance", slug))
        begun = self.chance.randint(2010, 2022)
        yield from header(graph, f"Bund {number}")
        yield from self.thing(graph, it, "Alliance", f"Bund {number}")
        start = NamedNode(names.thing("instant", slug))
        interval = NamedNode(names.thing("interval", slug))
        yield Quad(interval, NamedNode(_TIME + "hasBeginning"), start, graph)
        yield from dated(graph, start, _DATE, begun)
        for place in members:
            membership = NamedNode(names.thing("membership", f"{slug}-{place.slug}"))
            yield Quad(membership, _A, NamedNode(_ORG + "Membership"), graph)
            yield Quad(membership, NamedNode(_ORG + "member"), place.iri, graph)
            yield Quad(membership, NamedNode(_ORG + "organization"), it, graph)
            yield Quad(membership, NamedNode(_ORG + "memberDuring"), interval, graph)
            status = "inForce" if self.chance.random() < 0.9 else "intendedMembership"
            yield Quad(membership, own("status"), own(status), graph)
        yield from self.goal(graph, it, slug)
        yield from self.barcamp(graph, it, slug, self.chance.randint(begun - 1, 2025))
        yield from self.meeting(graph, it, slug, members)

    def goal(self, graph: NamedNode, alliance: NamedNode, slug: str) -> Iterator[Quad]:
        """A goal of an alliance."""
        goal = NamedNode(names.thing("goal", slug))
        yield from self.thing(graph, goal, "Goal", f"Ziel von {slug}")
        yield Quad(alliance, own("aimsAt"), goal, graph)
        for topic in self.some_topics(2):
            yield Quad(goal, own("topic"), topic, graph)
            yield from self.expertise(graph, alliance, topic, "intended", goal)

    def barcamp(self, graph: NamedNode, alliance: NamedNode, slug: str, year: int) -> Iterator[Quad]:
        """A barcamp that names nobody, and so counts for the alliance."""
        barcamp = NamedNode(names.thing("event", f"{slug}-barcamp"))
        yield from self.thing(graph, barcamp, "Event", f"Barcamp von {slug}")
        yield Quad(barcamp, own("status"), own("held"), graph)
        yield Quad(barcamp, NamedNode(names.DCTERMS + "isPartOf"), alliance, graph)
        yield from dated(graph, barcamp, _STARTS, year)
        for topic in self.some_topics(2):
            yield Quad(barcamp, own("topic"), topic, graph)
            yield from self.expertise(graph, alliance, topic, "shared", barcamp)

    def meeting(
        self, graph: NamedNode, alliance: NamedNode, slug: str, members: list[Place]
    ) -> Iterator[Quad]:
        """A meeting with two expert groups, some members taking part in each."""
        meeting = NamedNode(names.thing("event", slug))
        yield from self.thing(graph, meeting, "Event", f"Treffen von {slug}")
        yield Quad(meeting, own("status"), own("held"), graph)
        yield Quad(meeting, NamedNode(names.DCTERMS + "isPartOf"), alliance, graph)
        yield from dated(graph, meeting, _STARTS, 2023)
        for number in range(2):
            group = NamedNode(names.thing("event", f"{slug}-{number}"))
            yield from self.thing(graph, group, "ExpertGroup", f"Fachgruppe {number} von {slug}")
            yield Quad(meeting, NamedNode(_SCHEMA + "subEvent"), group, graph)
            present = [place for place in members if self.chance.random() < 0.6] or members[:1]
            topics = self.some_topics(2)
            for topic in topics:
                yield Quad(group, own("topic"), topic, graph)
            for place in present:
                yield Quad(group, own("participant"), place.iri, graph)
                for topic in topics:
                    yield from self.expertise(graph, place.iri, topic, "shared", group)


def dated(graph: NamedNode, it: NamedNode, verb: NamedNode, year: int) -> Iterator[Quad]:
    """A year, and the days that it can mean."""
    yield Quad(it, verb, Literal(str(year), datatype=NamedNode(names.XSD + "gYear")), graph)
    for bound, day in (("earliest", "01-01"), ("latest", "12-31")):
        value = Literal(f"{year}-{day}", datatype=NamedNode(names.XSD + "date"))
        yield Quad(it, own(bound), value, _DERIVED)


def header(graph: NamedNode, name: str) -> Iterator[Quad]:
    """What a named graph says of itself, and of the document that it rests on."""
    document = NamedNode(names.thing("document", f"bench-{graph.value.rpartition('/')[2]}"))
    title = NamedNode(names.DCTERMS + "title")
    yield Quad(graph, _A, NamedNode("http://rdfs.org/ns/void#Dataset"), graph)
    yield Quad(graph, title, Literal(name, language="de"), graph)
    yield Quad(graph, NamedNode(names.DCTERMS + "license"), _LICENCE, graph)
    yield Quad(graph, _SOURCE, document, graph)
    yield Quad(document, title, Literal(f"Blatt über {name}", language="de"), graph)
    yield from dated(graph, document, NamedNode(names.DCTERMS + "issued"), 2026)


def generate(table: Path, triples: int, seed: int = 1) -> Iterator[Quad]:
    """About so many quads: municipalities drawn from the table with their projects, then their alliances."""
    chance = random.Random(seed)
    topics = [NamedNode(iri) for iri in sorted(_topics())]
    chance.shuffle(topics)
    weights = list(accumulate(1 / rank for rank in range(1, len(topics) + 1)))
    generator = Generator(chance, topics, weights)
    places = _places(table)
    chance.shuffle(places)
    wanted = max(2, triples // (PER_MUNICIPALITY + PROJECTS * PER_PROJECT))
    places = places[:wanted]
    projects = max(PROJECTS, (triples // len(places) - PER_MUNICIPALITY) // PER_PROJECT)
    yield from _states(places)
    for place in places:
        yield from generator.municipality(place, projects)
    for number in range(max(1, 2 * len(places) // MEMBERS)):
        size = min(len(places), chance.randint(3, 2 * MEMBERS - 3))
        yield from generator.alliance(number, chance.sample(places, size))


def _states(places: list[Place]) -> Iterator[Quad]:
    graph = NamedNode(names.graph("bench", "states"))
    for state in sorted({place.state.value for place in places}):
        yield Quad(NamedNode(state), _A, own("State"), graph)
        yield Quad(NamedNode(state), NamedNode(_SCHEMA + "containedInPlace"), _GERMANY, graph)
    yield Quad(_GERMANY, _A, NamedNode(_SCHEMA + "Country"), graph)
    yield Quad(_GERMANY, NamedNode(names.SKOS + "notation"), Literal("DE"), graph)


def _places(table: Path) -> list[Place]:
    with table.open(encoding="utf-8", newline="") as lines:
        return [
            Place(f"{names.slugify(row['short_name'])}-{row['ags']}", row["short_name"], row)
            for row in csv.DictReader(lines)
        ]


def _topics() -> set[str]:
    """The topics of the thesaurus."""
    parsed = ox.parse(path=str(artefacts.folder("ontology") / "schemes" / "topics.ttl"))
    subjects = {quad.subject.value for quad in parsed if isinstance(quad.subject, NamedNode)}
    return {iri for iri in subjects if iri.startswith(names.TOPIC)}


def main() -> None:
    """Writes the quads."""
    parser = argparse.ArgumentParser(description="Data for tests at scale, as N-Quads.")
    parser.add_argument("--triples", type=int, default=100_000, help="how many, about")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--table", type=Path, default=TABLE, help="the table german-municipalities.csv")
    options = parser.parse_args()
    if not options.table.is_file():
        sys.exit(f"There is no table {options.table}. Give its place with --table.")
    quads = generate(options.table, options.triples, options.seed)
    ox.serialize(quads, output=sys.stdout.buffer, format=ox.RdfFormat.N_QUADS)


if __name__ == "__main__":
    main()
