"""Level 5, rows: what the lookup knows, piece by piece: topics, holders, reasons, needs, memberships."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final, NamedTuple

from kogge import names

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


def oldest_first(documents: Iterable[Document]) -> tuple[Document, ...]:
    """Documents in the order in which they were issued, those without a date behind."""
    return tuple(sorted(documents, key=lambda one: (one.issued or "~", one.iri)))


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
    word: str = field(init=False, compare=False)  # its bare name: `shown`

    def __post_init__(self) -> None:
        """Takes the word from the IRI."""
        object.__setattr__(self, "word", names.slug_of(self.iri))


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
    meeting: Named | None = None


@dataclass(frozen=True, slots=True)
class Need:
    """A search: who seeks something on which topics (none: the need is only shown), `open` or `met`."""

    thing: Named
    holder: Holder
    topics: tuple[Topic, ...]
    status: str
    sources: tuple[Document, ...]
    order: tuple[bool, tuple[str, str], str] = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        """Open needs stand before met ones, then they stand by holder."""
        object.__setattr__(self, "order", (self.status != "open", self.holder.order, self.thing.iri))


class Search(NamedTuple):
    """A need that fits a question, with the one of its topics that fits best, if it has any."""

    need: Need
    topic: Topic | None


class Membership(NamedTuple):
    """How an organisation is, was or wants to be a member of an alliance."""

    status: str
    founder: bool
    start: Span | None
    end: Span | None

    def passes_on(self, span: Span | None, proves: bool) -> bool:
        """Whether evidence of the alliance counts for the member: in force at its date; a goal: in force now.

        Without a date only founders surely were members; an intended membership passes nothing on.
        """
        now = self.status == "inForce"
        if not proves or span is None:
            return now and (self.founder or not proves)
        if self.status not in ("inForce", "ended"):
            return False
        begun = self.start.latest <= span.earliest if self.start else self.founder
        lasted = span.latest <= self.end.earliest if self.end else now
        return begun and lasted


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
