"""Level 5, contribution: whose word it is. A partner speaks of its own things, and of those granted to it.

It may point to anything. It does not define: our words, classes of others, shapes and rules are no facts.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from pyoxigraph import NamedNode, Triple

from kogge import names, turtle
from kogge.contribution import wording
from kogge.contribution.terms import shown
from kogge.rules import Finding

KINDS: Final = ("project", "event", "need", "expertise", "contact", "document", "strategy", "statement")
MADE: Final = (names.DERIVED_GRAPH, names.HISTORY_GRAPH)  # nobody writes these

_OWL: Final = "http://www.w3.org/2002/07/owl#"
_SCHEMA: Final = "https://schema.org/"
_TYPE: Final = NamedNode(names.RDF + "type")
_GRAPH: Final = re.compile(re.escape(names.GRAPH) + rf"({names.SLUG.pattern})/({names.SLUG.pattern})")
_WORDS: Final = (names.KOGGE, names.BASE + "ontology", names.TOPIC, names.BASE + "shapes", names.QUERIES)
_WORD_GRAPHS: Final = (names.ONTOLOGY_GRAPH, names.TOPICS_GRAPH)
# Vocabularies in which one defines and rules; of RDF and RDF Schema some properties say plain facts.
_DEFINING: Final = (
    _OWL,
    names.SH,
    names.RDFS,
    names.RDF,
    "http://www.w3.org/2003/11/swrl#",
    "http://spinrdf.org/",
    "http://www.w3.org/ns/shex#",
)
_PLAIN: Final = frozenset(
    {names.RDF + "type", *(names.RDFS + name for name in ("label", "comment", "seeAlso"))}
)
_IDENTITY: Final = frozenset({_OWL + "sameAs", _SCHEMA + "sameAs", names.SKOS + "exactMatch"})


@dataclass(frozen=True)
class Rights:
    """What a caller may speak of: `owner` is its slug, `may` holds grants such as `municipality/luebeck`.

    A steward speaks of everything, in every graph.
    """

    owner: str
    may: tuple[str, ...] = ()
    steward: bool = False

    def has(self, iri: str) -> bool:
        """Whether a thing is the caller's own, or was granted to it (model, "Whose word")."""
        if self.steward:
            return True
        if not iri.startswith(names.ID):
            return False
        kind, _, slug = iri[len(names.ID) :].partition("/")
        if f"{kind}/{slug}" in self.may:
            return True
        owner, _, name = slug.partition("/")
        return kind in KINDS and owner == self.owner and names.SLUG.fullmatch(name) is not None


def foreign(triples: Iterable[Triple], graph: str, rights: Rights, lang: str = "en") -> list[Finding]:
    """Where somebody else's word is taken: a graph of others, or statements about their things (403).

    One finding for each such thing. What `meddling` finds is not repeated here.
    """
    own = names.graph(rights.owner, "")
    found = []
    match = _GRAPH.fullmatch(graph)
    if not match or graph in MADE or (match[1] != rights.owner and not rights.steward):
        found.append(wording.finding("Own-graph", lang, graph, own=own))
    things = {
        triple.subject.value: None
        for triple in triples
        if isinstance(triple.subject, NamedNode)
        and not rights.has(triple.subject.value)
        and not _is_word(triple.subject.value)
        and _defines(triple) is None
    }
    called = f"{names.ID}…/{rights.owner}/…"
    return found + [wording.finding("Own-subject", lang, iri, own=called) for iri in things]


def meddling(triples: Iterable[Triple], graph: str, rights: Rights, lang: str = "en") -> list[Finding]:
    """Where our words are told anew, one thing is said to be another, or something is defined or ruled.

    Nobody may (422), but a steward in the graphs of the words.
    """
    if rights.steward and graph in _WORD_GRAPHS:
        return []
    found: dict[Finding, None] = {}
    for triple in triples:
        if not isinstance(triple.subject, NamedNode):
            continue
        subject = triple.subject.value
        if _is_word(subject):
            found[wording.finding("Own-words", lang, subject)] = None
        elif _identifies(triple):
            path = turtle.short(triple.predicate)
            found[wording.finding("Own-identity", lang, subject, path, shown(triple.object))] = None
        elif word := _defines(triple):
            path = turtle.short(triple.predicate)
            found[
                wording.finding("Own-schema", lang, subject, path, shown(triple.object), word=shown(word))
            ] = None
    return list(found)


def _is_word(iri: str) -> bool:
    return iri.startswith(_WORDS)


def _defines(triple: Triple) -> NamedNode | None:
    """The word by which a triple defines or rules: its property, or its class."""
    if triple.predicate.value not in _PLAIN and triple.predicate.value.startswith(_DEFINING):
        return triple.predicate
    if (
        triple.predicate == _TYPE
        and isinstance(triple.object, NamedNode)
        and triple.object.value.startswith(_DEFINING)
    ):
        return triple.object
    return None


def _identifies(triple: Triple) -> bool:
    """Whether a thing is said to be another thing of ours."""
    if triple.predicate.value not in _IDENTITY or not isinstance(triple.object, NamedNode):
        return False
    return triple.object.value.startswith(names.BASE) and triple.object != triple.subject
