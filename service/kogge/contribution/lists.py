"""Contribution, what a cell can name: topics, values of code lists and things, each by its labels."""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from itertools import islice
from typing import Final

from pyoxigraph import Literal, NamedNode, Store, Triple
from rapidfuzz import process

from kogge import artefacts, names, syntax
from kogge.contribution import columns

_TYPE: Final = names.RDF + "type"
_SHOWN: Final = (names.SKOS + "prefLabel", names.RDFS + "label", names.DCTERMS + "title")
_OTHER: Final = (names.SKOS + "altLabel", names.SKOS + "hiddenLabel", names.SKOS + "notation")
_MANY: Final = 100  # more things of one name are not looked up
_ALIKE: Final = 75  # of 100: how alike a suggestion must be
# What a bare name means first where several things have it (see the design of the interface: municipality).
_FIRST: Final = ("municipality", "topic")
PREDICATES: Final = (_TYPE, names.RDFS + "subClassOf", *_SHOWN, *_OTHER)


class Known:
    """The things that a cell can name, by what triples say of them."""

    def __init__(
        self, triples: Iterable[Triple], look: Callable[[str], Iterable[Triple]] | None = None
    ) -> None:
        """Of the triples only types and labels are used (`PREDICATES`).

        `look` is asked for more about a text that the triples do not name.
        """
        self._look = look
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

    def extended(
        self, triples: Iterable[Triple], look: Callable[[str], Iterable[Triple]] | None = None
    ) -> Known:
        """The same and what the triples say, which comes first where a name means several things."""
        more = Known(triples, look or self._look)
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
        if self._look and not self._meant(text, classes):
            for triple in self._look(text):
                self._take(triple)
        found = self._meant(text, classes)
        for kind in _FIRST:
            if len(found) > 1 and (first := [iri for iri in found if names.kind_of(iri) == kind]):
                return first
        return found

    def _meant(self, text: str, classes: Sequence[str]) -> list[str]:
        found = self._fitting(self._named.get(same(text), ()), classes)
        if not found and names.SLUG.fullmatch(text.replace("/", "-")):
            found = self._fitting((place for place in _addresses(text) if place in self._types), classes)
        return found

    def _fitting(self, iris: Iterable[str], classes: Sequence[str]) -> list[str]:
        return [iri for iri in iris if not classes or not self._types[iri].isdisjoint(classes)]

    def label(self, iri: str, lang: str) -> str:
        """What a thing is called in a language, or in another, or its slug."""
        labels = self._labels.get(iri, {})
        return next(
            (labels[each] for each in (lang, *names.LANGUAGES, "") if each in labels), names.slug_of(iri)
        )

    def all(self, classes: Sequence[str], *, under: str = "") -> list[str]:
        """The IRIs of all things of these classes; `under` is what they begin with."""
        return sorted(
            iri
            for iri, types in self._types.items()
            if iri.startswith(under) and not types.isdisjoint(classes)
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


def in_store(store: Store) -> Known:
    """What the words and facts of this installation name, and whatever else a store does.

    The store is asked by label and address alone, so that its size does not matter.
    """

    def look(text: str) -> Iterator[Triple]:
        labels = [Literal(text), *(Literal(text, language=lang) for lang in names.LANGUAGES)]
        found = {
            quad.subject
            for predicate in (*_SHOWN, *_OTHER)
            for label in labels
            for quad in islice(store.quads_for_pattern(None, NamedNode(predicate), label, None), _MANY)
        }
        if names.SLUG.fullmatch(text.replace("/", "-")):
            found |= {NamedNode(iri) for iri in _addresses(text)}
        for subject in found:
            for predicate in PREDICATES:
                for quad in islice(store.quads_for_pattern(subject, NamedNode(predicate), None, None), _MANY):
                    yield quad.triple

    return facts().extended((), look)


def _addresses(text: str) -> list[str]:
    """The IRIs that a slug can stand for, with its kind (`municipality/luebeck`) or without."""
    return [names.ID + text, names.topic(text), *(names.thing(kind, text) for kind in syntax.KINDS)]


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
