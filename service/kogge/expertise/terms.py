"""Level 5, terms: the words of a store: topics, kinds of evidence, labels.

What counts, and how much, is model.md, "Evidence"; strengths and closeness are in `ontology/evidence.ttl`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import Final

from pyoxigraph import NamedNode

from kogge import names
from kogge.errors import Misconfigured
from kogge.expertise.rows import Kind, Topic, closure
from kogge.expertise.scan import Ask, select
from kogge.store.base import Store

NAMING: Final = ("skos:prefLabel", "dcterms:title")


@dataclass(frozen=True, slots=True)
class Words:
    """The topics and the kinds of evidence, both by IRI and in the order of their IRIs."""

    topics: Mapping[str, Topic]
    kinds: Mapping[str, Kind]


def read_words(store: Store) -> Words:
    """What the store says of topics and weights. Misconfigured if a weight is missing or not above 0."""
    ask: Ask = partial(select, store)
    kinds, strengths = {}, _numbers(ask, "strength")
    intended = _weight(strengths, "intended")
    labels = labels_of(ask, strengths)
    for kind, strength in sorted(strengths.items()):
        kinds[kind] = Kind(kind, labels.get(kind, {}), strength, proves=strength > intended)
    factors = _numbers(ask, "closeness")
    same, narrower, related = (
        _weight(factors, step) for step in ("sameTopic", "narrowerTopic", "relatedTopic")
    )
    down = _edges(ask, "?to skos:broader|^skos:narrower ?from")
    up = _edges(ask, "?from skos:broader|^skos:narrower ?to")
    beside = _edges(ask, "?from skos:related|^skos:related ?to")
    iris = sorted(topic for (topic,) in ask(_TOPICS))
    labels = labels_of(ask, iris)
    topics = {}
    for topic in iris:
        below = closure(down, topic) - {topic}
        reach = dict.fromkeys(beside.get(topic, ()), related)
        reach |= {other: max(narrower, reach.get(other, narrower)) for other in below}
        reach |= {topic: same}
        topics[topic] = Topic(
            topic,
            labels.get(topic, {}),
            within=below | {topic},
            broader=tuple(sorted(up.get(topic, ()))),
            reach=tuple(sorted(reach.items())),
        )
    return Words(topics, kinds)


def labels_of(ask: Ask, iris: Iterable[str] | None = None) -> dict[str, dict[str, str]]:
    """The label (or the title of a document) of these things or of everything, by IRI and language.

    Where somebody gives two of a language, the first in the order of letters, so that answers do not waver.
    """
    chosen = "" if iris is None else f"VALUES ?iri {{ {values(iris)} }} "
    labels, titles = dict[str, dict[str, str]](), dict[str, dict[str, str]]()
    for found, predicate in zip((labels, titles), NAMING, strict=True):
        for iri, text, lang in ask(texts(predicate, chosen)):
            said = found.setdefault(iri, {})
            said[lang] = min(text, said.get(lang, text))
    for iri, said in titles.items():
        labels[iri] = said | labels.get(iri, {})
    return labels


def texts(predicate: str, chosen: str = "") -> str:
    """The query for the texts by a predicate, with their languages: of all or of the `chosen` `?iri`."""
    return f"SELECT ?iri ?text (LANG(?text) AS ?lang) {{ {chosen}?iri {predicate} ?text }}"


def values(iris: Iterable[str]) -> str:
    """These IRIs as they stand in a VALUES clause."""
    return " ".join(str(NamedNode(iri)) for iri in iris)


def _edges(ask: Ask, pattern: str) -> dict[str, frozenset[str]]:
    edges: dict[str, set[str]] = defaultdict(set)
    for start, end in ask(f"SELECT ?from ?to {{ {pattern} }}"):
        edges[start].add(end)
    return {start: frozenset(ends) for start, ends in edges.items()}


def _numbers(ask: Ask, property_: str) -> dict[str, Decimal]:
    numbers: dict[str, Decimal] = {}
    for iri, number in ask(f"SELECT ?iri ?number {{ ?iri kogge:{property_} ?number }}"):
        numbers[iri] = Decimal(number)
        if numbers[iri] <= 0:
            raise Misconfigured(f"The weight of <{iri}> is not above 0.", "Correct ontology/evidence.ttl.")
    return numbers


def _weight(numbers: Mapping[str, Decimal], name: str) -> Decimal:
    if names.KOGGE + name not in numbers:
        raise Misconfigured(
            f"The graph gives no weight for <{names.KOGGE}{name}>.", "Load ontology/evidence.ttl."
        )
    return numbers[names.KOGGE + name]


_TOPICS: Final = (
    f"SELECT DISTINCT ?topic {{ ?topic a skos:Concept FILTER(STRSTARTS(STR(?topic), '{names.TOPIC}')) }}"
)
