"""Level 5, read: what the lookup needs to know, read from a store: all, or what is said of some things."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final, NamedTuple, TypeAlias

from kogge import names
from kogge.expertise.rows import (
    Document,
    Holder,
    Membership,
    Named,
    Span,
    closure,
    collation,
)
from kogge.expertise.scan import Ask, Rows
from kogge.expertise.terms import NAMING, Words, labels_of, texts, values

Facts: TypeAlias = Mapping[str, Mapping[str, tuple[str, ...]]]  # predicate → thing → values


Progress: TypeAlias = Callable[[str, int, int], None]  # what is being done, how much of it, of how much


def silent(_: str, __: int, ___: int) -> None:
    """Shows no progress."""


class Reason(NamedTuple):
    """That a holder has a thing as evidence: all IRIs; `kogge.expertise.rows.Row` without what names it."""

    holder: str
    topic: str
    kind: str
    thing: str
    iri: str
    meeting: str | None
    sources: tuple[str, ...]


class Noted(NamedTuple):
    """A need or a mention of a holder: topics and documents are IRIs."""

    thing: Named
    topics: tuple[str, ...]
    status: str
    sources: tuple[str, ...]


class Joined(NamedTuple):
    """A membership in an alliance, and the things that say so: itself, its interval and instants."""

    alliance: str
    held: Membership
    carriers: frozenset[str]


class Reader:
    """Reads, one query each, reasons, needs and mentions: of these things (IRIs); of all where it is None.

    A reason is one of its evidence, a need or a mention is a thing itself. All is read by scanning, which is
    many times faster than to look up many things; `QUERIES` are then asked, in this order.
    """

    def __init__(
        self,
        ask: Ask,
        words: Words,
        things: Iterable[str] | None = None,
        *,
        progress: Progress = silent,
    ) -> None:
        self._progress = progress
        self.scans = things is None
        self._ask = ask
        self._words = words
        self._things = frozenset(things or ())
        self._labels: Mapping[str, Mapping[str, str]] | None = None
        self._facts: Facts | None = None

    def labels(self, iris: Iterable[str]) -> Mapping[str, Mapping[str, str]]:
        """At least the labels of these things, by IRI and language."""
        if not self.scans:
            return labels_of(self._ask, iris)
        if self._labels is None:
            self._labels = labels_of(self._ask)
        return self._labels

    def reasons(self) -> list[Reason]:
        """The evidence of the holders, that of one holder together, each in a fixed order."""
        said = self._scanned() if self.scans else self._said("Expertise")
        meetings = self._meetings(said)
        found: dict[tuple[str, str, str, str], tuple[str, tuple[str, ...]]] = {}
        for iri, holder, topic, sources in self._stated(said):
            for kind in said["kogge:evidenceKind"].get(iri, ()):
                for thing in said["kogge:evidence"].get(iri, (iri,)):  # what names no evidence is its own
                    if kind in self._words.kinds and (self.scans or thing in self._things):
                        key = holder, topic, kind, thing
                        first, others = found.get(key, (iri, ()))
                        found[key] = min(iri, first), others + sources if others else sources
        return [
            Reason(*key, iri, meetings.get((iri, key[3])), tuple(sorted(set(sources))))
            for key, (iri, sources) in sorted(found.items())
        ]

    def _meetings(self, said: Facts) -> dict[tuple[str, str], str]:
        """The meeting from which the participants are taken, by expertise and its evidence."""
        derived = said["prov:wasDerivedFrom"]
        wholes = {whole for some in derived.values() for whole in some}
        whole_of = {(part, whole) for whole, part in self._of(wholes, *_PARTS)}
        meetings: dict[tuple[str, str], str] = {}
        for iri, some in derived.items():
            for thing in said["kogge:evidence"].get(iri, ()):
                if fitting := [whole for whole in some if (thing, whole) in whole_of]:
                    meetings[iri, thing] = min(fitting)
        return meetings

    def _stated(self, said: Facts) -> Iterator[tuple[str, str, str, tuple[str, ...]]]:
        """What has a holder and a topic, each with both and its sources."""
        topics = self._words.topics
        holders, about, sources = said["kogge:holder"], said["kogge:topic"], said["dcterms:source"]
        for iri in said["rdf:type"]:
            for holder in holders.get(iri, ()):
                for topic in about.get(iri, ()):
                    if topic in topics:
                        yield iri, holder, topic, sources.get(iri, ())

    def _scanned(self) -> Facts:
        """What is said of all things with these predicates, and which of them are expertise."""
        facts: dict[str, dict[str, tuple[str, ...]]] = {name: {} for name in _PREDICATES}
        for done, (name, query) in enumerate(_EXPERTISE.items()):
            self._progress("reading", done, len(_EXPERTISE))
            said = facts[name]
            for iri, value in self._ask(query):
                said[iri] = (*said[iri], value) if iri in said else (value,)
        return facts

    def _said(self, class_: str) -> Facts:
        """What is said of the things of a class that somebody holds."""
        if self.scans:
            return self._facts_by(_stated(_held(class_)))
        if self._facts is None:
            resting = f"VALUES ?thing {{ {values(self._things)} }} ?iri kogge:evidence ?thing"
            iris = {iri for (iri,) in self._ask(_query("?iri", resting))} | self._things
            self._facts = self._facts_by(_stated(f"VALUES ?iri {{ {values(iris)} }}"))
        class_iri, held = names.KOGGE + class_, self._facts["kogge:holder"]
        wanted = {
            iri for iri, classes in self._facts["rdf:type"].items() if class_iri in classes and iri in held
        }
        return {name: {iri: said[iri] for iri in wanted if iri in said} for name, said in self._facts.items()}

    def _facts_by(self, queries: Iterable[str]) -> Facts:
        """What these queries give, one for each predicate."""
        facts: dict[str, dict[str, tuple[str, ...]]] = {name: {} for name in _PREDICATES}
        for said, query in zip(facts.values(), queries, strict=True):
            for iri, value in self._ask(query):
                said[iri] = (*said.get(iri, ()), value)
        return facts

    def holders(self, iris: Iterable[str]) -> dict[str, Holder]:
        """These holders, with where they are and in which alliances."""
        wanted = sorted(set(iris))
        labels = self.labels(wanted)
        containers = self._containers(wanted)
        joined: dict[str, set[str]] = defaultdict(set)
        for holder, alliance in self._joined(wanted, *_JOINED):
            joined[holder].add(alliance)
        return {
            iri: Holder(
                iri,
                labels.get(iri, {}),
                places=closure(containers, iri) | {iri},
                alliances=frozenset(joined.get(iri, ())),
                order=(collation(Named(iri, labels.get(iri, {})).label("de")), iri),
            )
            for iri in wanted
        }

    def _containers(self, holders: Iterable[str]) -> dict[str, frozenset[str]]:
        """In which places these lie, and those in which."""
        containers: dict[str, set[str]] = defaultdict(set)
        seen, level = set[str](), set(holders)
        while level:
            seen |= level
            for iri, place in self._of(level, *_CONTAINERS):
                containers[iri].add(place)
            level = set() if self.scans else set[str]().union(*containers.values()) - seen
        return {iri: frozenset(places) for iri, places in containers.items()}

    def memberships(self, holders: Iterable[str]) -> dict[str, list[Joined]]:
        """At least the memberships of these, by member; who left an alliance and came back has two in it."""
        found: dict[str, tuple[str, str, str, bool, str, str]] = {}
        carriers: dict[str, set[str]] = defaultdict(set)
        rows = self._joined(holders, *_MEMBERSHIPS)
        for iri, alliance, member, status, founder, interval, start, end in rows:
            known = found.get(iri)
            starts = [date for date in (start, known and known[4]) if date]
            ends = [date for date in (end, known and known[5]) if date]
            carriers[iri] |= {one for one in (iri, interval, start, end) if one}
            found[iri] = (
                alliance,
                member,
                names.slug_of(status),
                bool(founder),
                min(starts, default=""),
                min(ends, default=""),
            )
        bounds = {date for *_, start, end in found.values() for date in (start, end) if date}
        spans = self.spans(bounds)
        memberships: dict[str, list[Joined]] = defaultdict(list)
        for iri, (alliance, member, status, founding, begun, ended) in sorted(found.items()):
            held = Membership(status, founding, spans.get(begun), spans.get(ended))
            memberships[member].append(Joined(alliance, held, frozenset(carriers[iri])))
        return memberships

    def mentions(self) -> dict[str, list[Noted]]:
        """Where holders are named as an example, by holder."""
        found: dict[str, list[Noted]] = defaultdict(list)
        stated = sorted(self._stated(self._said("Mention")))
        labels = self.labels({iri for iri, *_ in stated})
        for iri, holder, topic, sources in stated:
            thing = Named(iri, labels.get(iri, {}))
            found[holder].append(Noted(thing, (topic,), "", tuple(sorted(set(sources)))))
        return found

    def needs(self) -> dict[str, list[Noted]]:
        """What holders seek or sought, by holder."""
        found: dict[str, list[Noted]] = defaultdict(list)
        said, topics = self._said("Need"), self._words.topics
        about, status, sources = said["kogge:topic"], said["kogge:status"], said["dcterms:source"]
        labels = self.labels(said["rdf:type"])
        for iri in sorted(said["rdf:type"]):
            for holder in sorted(set(said["kogge:holder"].get(iri, ()))):
                found[holder].append(
                    Noted(
                        Named(iri, labels.get(iri, {})),
                        tuple(topic for topic in sorted(set(about.get(iri, ()))) if topic in topics),
                        names.slug_of(min(status[iri])) if iri in status else "open",
                        tuple(sorted(set(sources.get(iri, ())))),
                    )
                )
        return found

    def holding(self) -> set[str]:
        """Everybody who has or had something: evidence, a mention, a need, a membership."""
        return {one for query in _HOLDING for row in self._ask(query) for one in row}

    def documents(self, iris: Iterable[str]) -> dict[str, Document]:
        """These documents with their titles and when they were issued."""
        wanted = sorted(iris)
        labels = self.labels(wanted)
        issued: dict[str, str] = {}
        for iri, date in self._of(wanted, *_ISSUED):
            issued[iri] = min(date, issued.get(iri, date))
        return {iri: Document(iri, labels.get(iri, {}), issued.get(iri)) for iri in wanted}

    def described(self, iris: Iterable[str]) -> list[tuple[Named, str | None]]:
        """These things with their labels, and when they were issued if they are documents."""
        return [(Named(one.iri, one.labels), one.issued) for one in self.documents(iris).values()]

    def spans(self, iris: Iterable[str]) -> dict[str, Span]:
        """The first and last day of what has bounds among these."""
        spans: dict[str, Span] = {}
        for iri, first, last in self._of(iris, *_SPANS):
            known = spans.get(iri, Span(first, last))
            spans[iri] = Span(min(known.earliest, first), max(known.latest, last))
        return spans

    def wholes(self, things: Iterable[str]) -> dict[str, list[str]]:
        """What these things are parts of: the meeting of a group, the programme of a funding."""
        wholes: dict[str, list[str]] = defaultdict(list)
        for part, whole in sorted(set(map(tuple, self._of(things, *_WHOLES)))):
            wholes[part].append(whole)
        return wholes

    def dates(self, things: Iterable[str]) -> dict[str, list[tuple[str, str]]]:
        """The dates of these things, each with the document on which the graph that says so rests, or ''."""
        dates: dict[str, list[tuple[str, str]]] = defaultdict(list)
        for iri, date, source in self._of(things, *_DATES):
            dates[iri].append((date, source))
        return dates

    def _joined(self, holders: Iterable[str], columns: str, pattern: str) -> Rows:
        """Rows about the memberships of these holders, or of all, in alliances."""
        chosen = "" if self.scans else f"VALUES ?holder {{ {values(holders)} }} "
        return self._ask(_query(columns, chosen + pattern))

    def _of(self, iris: Iterable[str], columns: str, pattern: str) -> Rows:
        """Rows about these things, or about all."""
        if self.scans:
            return self._ask(_query(columns, pattern))
        wanted = values(iris)
        return self._ask(_query(columns, f"VALUES ?iri {{ {wanted} }} {pattern}")) if wanted else iter(())


def _query(columns: str, pattern: str) -> str:
    return f"SELECT {columns} {{ {pattern} }}"


def _stated(pattern: str) -> list[str]:
    """What is said of the things that fit a pattern: a query for each predicate."""
    return [_query("DISTINCT ?iri ?value", f"{pattern} . ?iri {name} ?value") for name in _PREDICATES]


def _held(class_: str) -> str:
    """The things of a class that somebody holds."""
    return f"?iri a kogge:{class_} ; kogge:holder ?holder"


_PREDICATES: Final = (
    *("rdf:type", "kogge:holder", "kogge:topic", "kogge:evidence", "kogge:evidenceKind", "kogge:status"),
    *("dcterms:source", "prov:wasDerivedFrom"),
)
_EXPERTISE: Final = {
    name: _query("?iri ?value", f"?iri {name} {'kogge:Expertise' if name == 'rdf:type' else '?value'}")
    for name in _PREDICATES
    if name != "kogge:status"  # which no expertise has
}
DATED: Final = ("dcterms:date", "dcterms:issued", "schema:startDate")
_MEMBERS: Final = "?iri org:member ?holder ; org:organization ?alliance . ?alliance a kogge:Alliance"
_HOLDING: Final = (
    _query("DISTINCT ?holder", "[] kogge:holder ?holder"),
    _query("?holder ?alliance", _MEMBERS),
)

# Columns and pattern.
_PARTS: Final = "?iri ?part", "?iri schema:subEvent ?part"
_CONTAINERS: Final = "?iri ?place", "?iri schema:containedInPlace ?place"
_JOINED: Final = (
    "?holder ?alliance",
    f"""{_MEMBERS} . ?iri kogge:status ?status .
    FILTER(?status IN (kogge:inForce, kogge:intendedMembership))""",
)
_MEMBERSHIPS: Final = (
    "?iri ?alliance ?holder ?status ?founder ?interval ?from ?to",
    f"""{_MEMBERS} . ?iri kogge:status ?status .
    OPTIONAL {{ ?iri kogge:role ?founder FILTER(?founder = kogge:founder) }}
    OPTIONAL {{ ?iri org:memberDuring ?interval
        OPTIONAL {{ ?interval time:hasBeginning ?from }} OPTIONAL {{ ?interval time:hasEnd ?to }} }}""",
)
_SPANS: Final = "?iri ?first ?last", "?iri kogge:earliest ?first ; kogge:latest ?last"
_ISSUED: Final = "?iri ?date", "?iri dcterms:issued ?date"
_DATES: Final = (
    "?iri ?date ?source",
    " UNION ".join(f"{{ GRAPH ?graph {{ ?iri {verb} ?date }} }}" for verb in DATED)
    + " OPTIONAL { ?graph dcterms:source ?source }",
)
_WHOLES: Final = (
    "?iri ?whole",
    """{ ?whole schema:subEvent ?iri } UNION { ?whole kogge:undertakes ?iri }
    UNION { ?iri dcterms:isPartOf ?whole FILTER EXISTS { ?whole a kogge:Programme } }""",
)

QUERIES: Final = (  # of who reads everything: reasons, dossiers, what is said of things
    *(*_EXPERTISE.values(), _query(*_PARTS), *_HOLDING),
    *(*map(texts, NAMING), _query(*_CONTAINERS), _query(*_JOINED), _query(*_MEMBERSHIPS), _query(*_SPANS)),
    *(*_stated(_held("Need")), *_stated(_held("Mention")), _query(*_ISSUED)),
    *(_query(*_WHOLES), _query(*_DATES), _query(*_SPANS), _query(*_ISSUED)),
)
