"""Contribution, what a cell can name: topics, values of code lists and things, each by its labels."""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Sequence
from functools import cache
from typing import Final

from pyoxigraph import Literal, NamedNode, Triple
from rapidfuzz import process

from kogge import artefacts, names, syntax
from kogge.contribution import columns

_TYPE: Final = names.RDF + "type"
_SHOWN: Final = (names.SKOS + "prefLabel", names.RDFS + "label", names.DCTERMS + "title")
_OTHER: Final = (names.SKOS + "altLabel", names.SKOS + "hiddenLabel", names.SKOS + "notation")
_ALIKE: Final = 75  # of 100: how alike a suggestion must be
# What a bare name means first where several things have it (see the design of the interface: municipality).
_FIRST: Final = ("municipality", "topic")
PREDICATES: Final = (_TYPE, names.RDFS + "subClassOf", *_SHOWN, *_OTHER)


class Known:
    """The things that a cell can name. Nothing is asked after it is made."""

    def __init__(self, triples: Iterable[Triple]) -> None:
        """Of the triples only types and labels are used (`PREDICATES`)."""
        self._types: dict[str, set[str]] = defaultdict(set)
        self._named: dict[str, list[str]] = defaultdict(list)
        self._labels: dict[str, dict[str, str]] = defaultdict(dict)
        for triple in triples:
            self._take(triple)

    def _take(self, triple: Triple) -> None:
        if not isinstance(triple.subject, NamedNode):
            return
        subject, predicate, value = triple.subject.value, triple.predicate.value, triple.object
        if predicate == _TYPE and isinstance(value, NamedNode):
            self._types[subject].update(columns.superclasses(value.value))
        elif isinstance(value, Literal) and predicate in _SHOWN:
            self._labels[subject].setdefault(value.language or "", value.value)
            self._name(value.value, subject)
        elif isinstance(value, Literal) and predicate in _OTHER:
            self._name(value.value, subject)

    def _name(self, label: str, iri: str) -> None:
        if iri not in self._named[same(label)]:
            self._named[same(label)].append(iri)

    def extended(self, triples: Iterable[Triple]) -> Known:
        """The same and what the triples say, which comes first where a name means several things."""
        more = Known(triples)
        for iri, types in self._types.items():
            more._types[iri] |= types
        for label, iris in self._named.items():
            more._named[label] += [iri for iri in iris if iri not in more._named[label]]
        for iri, labels in self._labels.items():
            more._labels[iri] = {**labels, **more._labels[iri]}
        return more

    def find(self, text: str, classes: Sequence[str]) -> list[str]:
        """The IRIs of these classes that a text can mean; empty if none, several if it is not clear.

        An IRI means itself, known or not; then labels in any language count, then slugs, with their kind
        (`municipality/luebeck`) or without.
        """
        if text.startswith(("http://", "https://")):
            return [text]
        prefix, colon, local = text.partition(":")
        if colon and prefix in syntax.prefixes() and local:
            return [syntax.prefixes()[prefix] + local]
        found = self._fitting(self._named.get(same(text), ()), classes)
        if not found and names.SLUG.fullmatch(text.replace("/", "-")):
            places = [names.ID + text, names.topic(text), *(names.thing(kind, text) for kind in syntax.KINDS)]
            found = self._fitting((place for place in places if place in self._types), classes)
        for kind in _FIRST:
            if len(found) > 1 and (first := [iri for iri in found if names.kind_of(iri) == kind]):
                return first
        return found

    def _fitting(self, iris: Iterable[str], classes: Sequence[str]) -> list[str]:
        return [iri for iri in iris if not classes or not self._types[iri].isdisjoint(classes)]

    def label(self, iri: str, lang: str) -> str:
        """What a thing is called in a language, or in another, or its slug."""
        labels = self._labels.get(iri, {})
        return next(
            (labels[each] for each in (lang, *names.LANGUAGES, "") if each in labels), names.slug_of(iri)
        )

    def of(self, classes: Sequence[str], lang: str, *, under: str = "") -> list[str]:
        """The labels of all things of these classes, in alphabetical order, each once.

        Where two share a label, the second is called by its slug. `under` is what the IRIs begin with.
        """
        found = sorted(
            (alphabetical(self.label(iri, lang)), self.label(iri, lang), iri)
            for iri, types in self._types.items()
            if iri.startswith(under) and not types.isdisjoint(classes)
        )
        said: list[str] = []
        for _, label, iri in found:
            said.append(label if label not in said else names.slug_of(iri))
        return said


def nearest(text: str, labels: Iterable[str]) -> str | None:
    """The label that a text was perhaps meant to be."""
    best = process.extractOne(same(text), {label: same(label) for label in labels}, score_cutoff=_ALIKE)
    return str(best[2]) if best else None


def same(label: str) -> str:
    """Labels that are the same to people are the same text: case, width and blanks do not count."""
    return " ".join(unicodedata.normalize("NFKC", label).casefold().split())


def alphabetical(label: str) -> str:
    """A key that puts labels in the order of a dictionary: `Ä` beside `A`."""
    plain = unicodedata.normalize("NFKD", label.casefold().replace("ß", "ss"))
    return "".join(letter for letter in plain if not unicodedata.combining(letter))


@cache
def facts() -> Known:
    """What the words and facts of this installation name."""
    return Known(
        triple
        for folder in ("ontology", "graph")
        for path in artefacts.files(folder, ".ttl")
        for triple in syntax.read_file(path)
        if triple.predicate.value in PREDICATES
    )
