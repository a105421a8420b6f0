"""Level 8, web, pages: what the graph says of things, read from rows: values, names in a language, sources.

The rows are those of `pages/said` and its like: one for each value, with the graph that says it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import Final

from kogge import names
from kogge.store.rows import Row, Value

PREFIXES: Final = {
    names.KOGGE: "kogge",
    names.DCTERMS: "dcterms",
    names.SKOS: "skos",
    names.PROV: "prov",
    names.RDF: "rdf",
    "https://schema.org/": "schema",
    "http://www.w3.org/ns/org#": "org",
    "http://xmlns.com/foaf/0.1/": "foaf",
    "http://www.w3.org/2006/vcard/ns#": "vcard",
    "http://www.w3.org/2006/time#": "time",
}
SOURCE: Final = "dcterms:source"
# What a thing is called, the best first: a signature by who signed, a membership by who is a member.
_NAMES: Final = (
    "skos:prefLabel",
    "foaf:name",
    "dcterms:title",
    "prov:wasAttributedTo",
    "org:member",
    "kogge:topic",
    "dcterms:date",
)


@lru_cache(maxsize=2_000)  # few terms, each many times
def compact(iri: str) -> str:
    """A term by its short name (`kogge:topic`); another IRI as it is."""
    for namespace, prefix in PREFIXES.items():
        if iri.startswith(namespace):
            return f"{prefix}:{iri[len(namespace) :]}"
    return iri


@dataclass(frozen=True, slots=True)
class Source:
    """A document that says something: its title and when it was issued, as it is written (or nothing)."""

    iri: str
    title: Value
    issued: str = ""


@dataclass(frozen=True, slots=True)
class Said:
    """A value of a thing, what it is called if it is a thing itself, and the documents that say so."""

    value: Value
    label: Value | None
    graph: str
    sources: tuple[Source, ...]

    @property
    def shown(self) -> Value:
        """What is read: the name, else the value."""
        return self.label or self.value


@dataclass(frozen=True)
class Thing:
    """A thing with all that is said of it; `links` are the terms by which it belongs to another one.

    A link with `^` before it leads from this thing to the other.
    """

    iri: str
    lang: str
    facts: Mapping[str, tuple[Said, ...]]
    links: frozenset[str] = frozenset()

    @cached_property
    def kind(self) -> str:
        """The kind in its IRI: `municipality`."""
        return names.kind_of(self.iri)

    @cached_property
    def types(self) -> frozenset[str]:
        """Its classes by their short names."""
        return frozenset(compact(said.value.text) for said in self.facts.get("rdf:type", ()))

    @cached_property
    def name(self) -> Value:
        """What it is called in the language, else in another one."""
        for name in _NAMES:
            if found := self.one(name):
                return found.shown
        return Value(names.slug_of(self.iri))

    @cached_property
    def sources(self) -> tuple[Source, ...]:
        """The documents that it names, each once."""
        return _sources(self.facts.get(SOURCE, ()))

    def all(self, *properties: str) -> tuple[Said, ...]:
        """What is said by these terms; of a text in several languages the best of each graph."""
        if not (said := [one for name in properties for one in self.facts.get(name, ())]):
            return ()
        best: dict[str, int] = {}
        for one in said:
            if one.value.lang:
                best[one.graph] = min(best.get(one.graph, 9), self._rank(one.value.lang))
        return tuple(
            one for one in said if not one.value.lang or self._rank(one.value.lang) == best[one.graph]
        )

    def one(self, *properties: str) -> Said | None:
        """The first of `all`, in the best language; None if nothing is said."""
        return min(self.all(*properties), key=lambda one: self._rank(one.value.lang), default=None)

    def has(self, name: str, *values: str) -> bool:
        """Whether one of these values (short names, or texts) is said by that term."""
        return any(compact(said.value.text) in values for said in self.facts.get(name, ()))

    def linked(self, *links: str) -> bool:
        """Whether it belongs to the other thing by one of these terms."""
        return not self.links.isdisjoint(links)

    def _rank(self, lang: str) -> int:
        return 0 if lang == self.lang else {"": 0, "de": 1, "en": 2}.get(lang, 3)


def read(rows: Iterable[Row], lang: str, *, back: bool = False) -> list[Thing]:
    """The things of rows with ?other and ?link, in the order in which they come.

    `back`: the link leads from them to the thing of the page.
    """
    grouped: dict[str, list[Row]] = {}
    for row in rows:
        grouped.setdefault(row["other"].text, []).append(row)
    sign = "^" if back else ""
    return [
        thing(iri, some, lang, frozenset(sign + compact(row["link"].text) for row in some))
        for iri, some in grouped.items()
    ]


def thing(iri: str, rows: Sequence[Row], lang: str, links: frozenset[str] = frozenset()) -> Thing:
    """One thing of rows with ?graph, ?property, ?value, ?label and ?issued."""
    sources: dict[str, dict[str, Source]] = {}
    for row in rows:
        if compact(row["property"].text) == SOURCE:
            document = source(row, "value", "label")
            sources.setdefault(row["graph"].text, {})[document.iri] = document
    every = {document.iri: document for some in sources.values() for document in some.values()}
    facts: dict[str, dict[Value, Said]] = {}
    for row in rows:
        value, graph = row["value"], row["graph"].text
        documents = tuple(sources.get(graph, every).values())
        known = facts.setdefault(compact(row["property"].text), {})
        if value not in known:
            known[value] = Said(value, row.get("label"), graph, documents)
        elif more := tuple(each for each in documents if each not in known[value].sources):
            known[value] = replace(known[value], sources=known[value].sources + more)
    return Thing(iri, lang, {name: tuple(said.values()) for name, said in facts.items()}, links)


def source(row: Row, iri: str = "source", label: str = "sourceLabel") -> Source:
    """The document of a row."""
    issued = row.get("issued")
    return Source(
        row[iri].text, row.get(label, Value(names.slug_of(row[iri].text))), issued.text if issued else ""
    )


def merged(*groups: Iterable[Thing]) -> list[Thing]:
    """Things of several answers, each once with all its links."""
    found: dict[str, Thing] = {}
    for one in (one for group in groups for one in group):
        known = found.get(one.iri)
        found[one.iri] = Thing(one.iri, one.lang, one.facts, one.links | known.links) if known else one
    return list(found.values())


def disagree(values: Iterable[str]) -> bool:
    """Whether dates contradict each other: `2009` and `2009-05-07` do not, nor `--10-23` and `2023-10-23`."""
    plain = sorted({value.removeprefix("-") for value in values}, key=len)
    return any(
        not longer.startswith(shorter) and not longer.endswith(shorter)
        for place, shorter in enumerate(plain)
        for longer in plain[place + 1 :]
    )


def _sources(said: Iterable[Said]) -> tuple[Source, ...]:
    found: dict[str, Source] = {}
    for one in said:
        for document in one.sources:
            found.setdefault(document.iri, document)
    return tuple(found.values())
