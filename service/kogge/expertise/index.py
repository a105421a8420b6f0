"""Level 5, index: all that a question needs, read once from one state of the store into memory.

What counts, and how much, is model.md, "Evidence"; strengths and closeness are in `ontology/evidence.ttl`.
"""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final, NamedTuple, TypeVar

from pyoxigraph import QuerySolutions

from kogge import names, syntax
from kogge.errors import Misconfigured
from kogge.store.base import Store

T = TypeVar("T")
Labels = Mapping[str, str]
Edges = Mapping[str, frozenset[str]]


@dataclass(frozen=True, slots=True)
class Named:
    """A thing with its labels by language; two of them are equal if their IRIs are."""

    iri: str
    labels: Labels = field(compare=False, repr=False)

    def label(self, lang: str) -> str:
        """The label in `lang`, else in German, English or any language, else the end of the IRI."""
        for language in (lang, "de", "en"):
            if language in self.labels:
                return self.labels[language]
        return min(self.labels.values(), default=names.slug_of(self.iri))


@dataclass(frozen=True, slots=True)
class Topic(Named):
    """A topic of the thesaurus: itself and all narrower ones (`within`), what is directly `broader`, and the
    `reach`: every topic on which evidence counts for this one, with its closeness."""

    within: frozenset[str] = field(compare=False, repr=False)
    broader: tuple[str, ...] = field(compare=False, repr=False)
    reach: tuple[tuple[str, Decimal], ...] = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Document(Named):
    """A document that says something, and when it was issued, if that is known."""

    issued: str | None = field(compare=False)


@dataclass(frozen=True, slots=True)
class Holder(Named):
    """Who knows or seeks something, in which places (itself included) and alliances (intended ones too)."""

    places: frozenset[str] = field(compare=False, repr=False)
    alliances: frozenset[str] = field(compare=False, repr=False)
    order: tuple[str, str] = field(compare=False, repr=False)

    @property
    def kind(self) -> str:
        """The kind word of its IRI: `municipality`, `alliance`, …"""
        return names.kind_of(self.iri)


@dataclass(frozen=True, slots=True)
class Kind(Named):
    """A kind of evidence; it `proves` something if it is stronger than an intention."""

    strength: Decimal = field(compare=False)
    proves: bool = field(compare=False)

    @property
    def word(self) -> str:
        """Its bare name: `shown`."""
        return names.slug_of(self.iri)


MENTION: Final = Kind(
    names.KOGGE + "mention",
    {"de": "nur erwähnt", "en": "mentioned only", "nl": "alleen genoemd"},
    strength=Decimal(0),
    proves=False,
)


class Span(NamedTuple):
    """The first and the last day that a date can mean, as `2019-11-12`."""

    earliest: str
    latest: str


@dataclass(frozen=True, slots=True)
class Row:
    """One reason: the holder has, for the topic, a thing as evidence of that kind.

    `iri` is the expertise or mention that says so; `meeting` is given where the participants are known
    for the whole meeting only.
    """

    iri: str
    holder: Holder
    topic: Topic
    thing: Named
    kind: Kind
    sources: tuple[Document, ...]
    date: str | None = None
    span: Span | None = None
    meeting: Named | None = None


@dataclass(frozen=True, slots=True)
class Need:
    """A search: who seeks something on which topics (none: the need is only shown), `open` or `met`."""

    thing: Named
    holder: Holder
    topics: tuple[Topic, ...]
    status: str
    sources: tuple[Document, ...]


@dataclass(frozen=True, slots=True)
class Membership:
    """That an organisation is, was or wants to be a member of an alliance."""

    member: Holder
    status: str
    founder: bool
    start: Span | None
    end: Span | None

    def passes_on(self, row: Row) -> bool:
        """Whether evidence of the alliance counts for the member: in force at its date; a goal: in force now.

        Without a date only founders surely were members; an intended membership passes nothing on.
        """
        now = self.status == "inForce"
        if not row.kind.proves or row.span is None:
            return now and (self.founder or not row.kind.proves)
        if self.status not in ("inForce", "ended"):
            return False
        begun = self.start.latest <= row.span.earliest if self.start else self.founder
        lasted = row.span.latest <= self.end.earliest if self.end else now
        return begun and lasted


@dataclass(frozen=True, slots=True)
class Index:
    """The rows of one state of the store: rows and needs by the IRI of the topic, memberships by alliance."""

    state: str
    topics: Mapping[str, Topic]
    holders: Mapping[str, Holder]
    kinds: Mapping[str, Kind]
    rows: Mapping[str, tuple[Row, ...]]
    mentions: Mapping[str, tuple[Row, ...]]
    needs: Mapping[str, tuple[Need, ...]]
    memberships: Mapping[str, tuple[Membership, ...]]

    @classmethod
    def build(cls, store: Store) -> Index:
        """The index of what the store says now. Raises Misconfigured where weights are missing."""
        return _Reader(store).index()


def select(store: Store, query: str) -> Iterator[tuple[str | None, ...]]:
    """The rows of a SELECT query as texts: IRIs, lexical forms, None where nothing is bound."""
    prefixes = "".join(f"PREFIX {prefix}: <{iri}>\n" for prefix, iri in syntax.prefixes().items())
    solutions = store.query(prefixes + query)
    if not isinstance(solutions, QuerySolutions):
        raise TypeError("a SELECT query is needed")
    for solution in solutions:
        yield tuple(None if term is None else getattr(term, "value", str(term)) for term in solution)


def labels_of(store: Store) -> dict[str, dict[str, str]]:
    """The label (or the title of a document) of everything that has one, by IRI and language.

    Where somebody gives two of a language, the first in the order of letters, so that answers do not waver.
    """
    labels: dict[str, dict[str, str]] = defaultdict(dict)
    titles: dict[str, dict[str, str]] = defaultdict(dict)
    for found, predicate in ((labels, "skos:prefLabel"), (titles, "dcterms:title")):
        query = f"SELECT ?thing ?text (LANG(?text) AS ?lang) {{ ?thing {predicate} ?text }}"
        for thing, text, lang in select(store, query):
            texts = found[str(thing)]
            texts[str(lang)] = min(str(text), texts.get(str(lang), str(text)))
    for thing, texts in titles.items():
        labels[thing] = texts | labels.get(thing, {})
    return dict(labels)


def collation(text: str) -> str:
    """A sort key in German order: `ä` beside `a`, `ß` as `ss`, case ignored (DIN 5007-1)."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(letter for letter in decomposed if not unicodedata.combining(letter))


def closure(edges: Edges, start: str) -> frozenset[str]:
    """Everything reached from `start` by one or more edges; a cycle does no harm."""
    reached: set[str] = set()
    waiting = [start]
    while waiting:
        fresh = edges.get(waiting.pop(), frozenset()) - reached
        reached |= fresh
        waiting.extend(fresh)
    return frozenset(reached)


class _Reader:
    """Reads the parts of an index, one query each."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.state = store.state
        self.labels = labels_of(store)
        self.spans = self._spans()
        self.kinds = self._kinds()
        self.topics = self._topics()
        self.containers = self._edges("?from schema:containedInPlace ?to")
        self.joined: dict[str, set[str]] = defaultdict(set)
        for member, alliance in select(store, _JOINED):
            self.joined[str(member)].add(str(alliance))
        self.issued = {str(document): issued for document, issued in select(store, _ISSUED)}
        self.holders: dict[str, Holder] = {}

    def index(self) -> Index:
        """All parts together."""
        return Index(
            self.state,
            topics=self.topics,
            kinds=self.kinds,
            rows=_by_topic(self._rows(), lambda row: (row.topic,)),
            mentions=_by_topic(self._mentions(), lambda row: (row.topic,)),
            needs=_by_topic(self._needs(), lambda need: need.topics),
            memberships=self._memberships(),
            holders=self.holders,
        )

    def _named(self, iri: str) -> Named:
        return Named(iri, self.labels.get(iri, {}))

    def _holder(self, iri: str) -> Holder:
        if iri not in self.holders:
            labels = self.labels.get(iri, {})
            self.holders[iri] = Holder(
                iri,
                labels,
                places=closure(self.containers, iri) | {iri},
                alliances=frozenset(self.joined.get(iri, ())),
                order=(collation(Named(iri, labels).label("de")), iri),
            )
        return self.holders[iri]

    def _documents(self, iris: Iterable[str]) -> tuple[Document, ...]:
        documents = [Document(iri, self.labels.get(iri, {}), self.issued.get(iri)) for iri in iris]
        return tuple(sorted(documents, key=lambda document: (document.issued or "~", document.iri)))

    def _edges(self, pattern: str) -> dict[str, frozenset[str]]:
        edges: dict[str, set[str]] = defaultdict(set)
        for start, end in select(self.store, f"SELECT ?from ?to {{ {pattern} }}"):
            edges[str(start)].add(str(end))
        return {start: frozenset(ends) for start, ends in edges.items()}

    def _spans(self) -> dict[str, Span]:
        spans: dict[str, Span] = {}
        for thing, earliest, latest in select(self.store, _SPANS):
            spans[str(thing)] = Span(str(earliest), str(latest))
        return spans

    def _kinds(self) -> dict[str, Kind]:
        strengths = {
            str(kind): Decimal(str(number))
            for kind, number in select(self.store, "SELECT ?kind ?number { ?kind kogge:strength ?number }")
        }
        intended = _number(strengths, names.KOGGE + "intended")
        return {
            kind: Kind(kind, self.labels.get(kind, {}), strength, proves=strength > intended)
            for kind, strength in strengths.items()
        }

    def _topics(self) -> dict[str, Topic]:
        factors = {
            str(step): Decimal(str(number))
            for step, number in select(self.store, "SELECT ?step ?number { ?step kogge:closeness ?number }")
        }
        same, narrower, related = (
            _number(factors, names.KOGGE + step) for step in ("sameTopic", "narrowerTopic", "relatedTopic")
        )
        down = self._edges("?to skos:broader|^skos:narrower ?from")
        up = self._edges("?from skos:broader|^skos:narrower ?to")
        beside = self._edges("?from skos:related|^skos:related ?to")
        topics: dict[str, Topic] = {}
        for (iri,) in select(self.store, _TOPICS):
            topic = str(iri)
            below = closure(down, topic) - {topic}
            reach = dict.fromkeys(beside.get(topic, ()), related)
            reach |= {other: max(narrower, reach.get(other, narrower)) for other in below}
            reach |= {topic: same}
            topics[topic] = Topic(
                topic,
                self.labels.get(topic, {}),
                within=below | {topic},
                broader=tuple(sorted(up.get(topic, ()))),
                reach=tuple(sorted(reach.items())),
            )
        return topics

    def _rows(self) -> Iterator[Row]:
        dates = _Dates(self.store)
        for iri, holder, topic, kind, thing, meeting, sources in select(self.store, _EXPERTISE):
            if topic not in self.topics or kind not in self.kinds:
                continue
            documents = self._documents(_list(sources))
            evidence = str(thing)
            yield Row(
                str(iri),
                self._holder(str(holder)),
                self.topics[str(topic)],
                self._named(evidence),
                self.kinds[str(kind)],
                documents,
                date=dates.of(evidence, documents),
                span=next((self.spans[iri] for iri in dates.carriers(evidence) if iri in self.spans), None),
                meeting=self._named(meeting) if meeting else None,
            )

    def _mentions(self) -> Iterator[Row]:
        for thing, holder, topic, sources in select(self.store, _MENTIONS):
            if topic in self.topics:
                yield Row(
                    str(thing),
                    self._holder(str(holder)),
                    self.topics[str(topic)],
                    self._named(str(thing)),
                    MENTION,
                    self._documents(_list(sources)),
                )

    def _needs(self) -> Iterator[Need]:
        for thing, holder, status, topics, sources in select(self.store, _NEEDS):
            yield Need(
                self._named(str(thing)),
                self._holder(str(holder)),
                tuple(self.topics[topic] for topic in _list(topics) if topic in self.topics),
                names.slug_of(status) if status else "open",
                self._documents(_list(sources)),
            )

    def _memberships(self) -> dict[str, tuple[Membership, ...]]:
        memberships: dict[str, list[Membership]] = defaultdict(list)
        for alliance, member, status, founder, start, end in select(self.store, _MEMBERSHIPS):
            memberships[str(alliance)].append(
                Membership(
                    self._holder(str(member)),
                    names.slug_of(str(status)),
                    founder == "true",
                    start=self.spans.get(start) if start else None,
                    end=self.spans.get(end) if end else None,
                )
            )
        return {alliance: tuple(members) for alliance, members in memberships.items()}


class _Dates:
    """The dates of things that are evidence; a part without a date has that of its whole."""

    def __init__(self, store: Store) -> None:
        self.said: dict[str, list[tuple[str, str]]] = defaultdict(list)
        self.wholes: dict[str, list[str]] = defaultdict(list)
        for thing, date, source in select(store, _DATES):
            self.said[str(thing)].append((str(date), source or ""))
        for part, whole in select(store, _WHOLES):
            self.wholes[str(part)].append(str(whole))

    def carriers(self, thing: str) -> list[str]:
        """The things whose date is the date of `thing`: itself, then what it is a part of."""
        return [thing, *self.wholes.get(thing, ())]

    def of(self, thing: str, documents: tuple[Document, ...]) -> str | None:
        """The date of a thing as these documents say it; else as anybody says it."""
        trusted = {document.iri for document in documents}
        for carrier in self.carriers(thing):
            said = self.said.get(carrier)
            if said:
                return min(said, key=lambda pair: (pair[1] not in trusted, pair[0]))[0]
        return None


def _by_topic(items: Iterable[T], topics: Callable[[T], Iterable[Topic]]) -> dict[str, tuple[T, ...]]:
    grouped: dict[str, list[T]] = defaultdict(list)
    for item in items:
        for topic in topics(item):
            grouped[topic.iri].append(item)
    return {topic: tuple(group) for topic, group in grouped.items()}


def _list(joined: str | None) -> list[str]:
    return sorted(joined.split()) if joined else []


def _number(numbers: Mapping[str, Decimal], iri: str) -> Decimal:
    if iri not in numbers:
        raise Misconfigured(f"The graph gives no weight for <{iri}>.", "Load ontology/evidence.ttl.")
    return numbers[iri]


_TOPICS: Final = (
    f"SELECT DISTINCT ?topic {{ ?topic a skos:Concept FILTER(STRSTARTS(STR(?topic), '{names.TOPIC}')) }}"
)
_ISSUED: Final = (
    "SELECT ?document (MIN(STR(?date)) AS ?issued) { ?document dcterms:issued ?date } GROUP BY ?document"
)
_SPANS: Final = """
SELECT ?thing (MIN(STR(?first)) AS ?earliest) (MAX(STR(?last)) AS ?latest)
{ ?thing kogge:earliest ?first ; kogge:latest ?last } GROUP BY ?thing
"""
_EXPERTISE: Final = """
SELECT (MIN(STR(?expertise)) AS ?iri) ?holder ?topic ?kind ?thing (MIN(STR(?whole)) AS ?meeting)
       (GROUP_CONCAT(DISTINCT STR(?source)) AS ?sources) {
    ?expertise a kogge:Expertise ; kogge:holder ?holder ; kogge:topic ?topic ; kogge:evidenceKind ?kind .
    OPTIONAL { ?expertise kogge:evidence ?evidence }
    BIND(COALESCE(?evidence, ?expertise) AS ?thing)
    OPTIONAL { ?expertise dcterms:source ?source }
    OPTIONAL { ?expertise prov:wasDerivedFrom ?whole . ?whole schema:subEvent ?evidence }
} GROUP BY ?holder ?topic ?kind ?thing
"""
_MENTIONS: Final = """
SELECT ?mention ?holder ?topic (GROUP_CONCAT(DISTINCT STR(?source)) AS ?sources) {
    ?mention a kogge:Mention ; kogge:holder ?holder ; kogge:topic ?topic .
    OPTIONAL { ?mention dcterms:source ?source }
} GROUP BY ?mention ?holder ?topic
"""
_NEEDS: Final = """
SELECT ?need ?holder (MIN(STR(?state)) AS ?status) (GROUP_CONCAT(DISTINCT STR(?topic)) AS ?topics)
       (GROUP_CONCAT(DISTINCT STR(?source)) AS ?sources) {
    ?need a kogge:Need ; kogge:holder ?holder .
    OPTIONAL { ?need kogge:status ?state }
    OPTIONAL { ?need kogge:topic ?topic }
    OPTIONAL { ?need dcterms:source ?source }
} GROUP BY ?need ?holder
"""
_JOINED: Final = """
SELECT ?member ?alliance {
    ?membership a org:Membership ; org:member ?member ; org:organization ?alliance ; kogge:status ?status .
    ?alliance a kogge:Alliance . FILTER(?status IN (kogge:inForce, kogge:intendedMembership))
}
"""
_MEMBERSHIPS: Final = """
SELECT ?alliance ?member ?status ?founder (MIN(STR(?from)) AS ?start) (MIN(STR(?to)) AS ?end) {
    ?membership a org:Membership ; org:member ?member ; org:organization ?alliance ; kogge:status ?status .
    ?alliance a kogge:Alliance .
    BIND(EXISTS { ?membership kogge:role kogge:founder } AS ?founder)
    OPTIONAL { ?membership org:memberDuring ?interval
        OPTIONAL { ?interval time:hasBeginning ?from } OPTIONAL { ?interval time:hasEnd ?to } }
} GROUP BY ?membership ?alliance ?member ?status ?founder
"""
_DATES: Final = """
SELECT ?thing ?date ?source {
    VALUES ?predicate { dcterms:date dcterms:issued schema:startDate }
    GRAPH ?graph { ?thing ?predicate ?date }
    OPTIONAL { ?graph dcterms:source ?source }
}
"""
_WHOLES: Final = """
SELECT ?part ?whole {
    { ?whole schema:subEvent ?part } UNION { ?whole kogge:undertakes ?part }
    UNION { ?part dcterms:isPartOf ?whole . ?whole a kogge:Programme }
} ORDER BY ?whole
"""
