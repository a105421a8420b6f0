"""Level 5, terms: how the store is asked, and its words: topics, kinds of evidence, labels.

What counts, and how much, is model.md, "Evidence"; strengths and closeness are in `ontology/evidence.ttl`.
"""

from __future__ import annotations

import csv
import io
from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from decimal import Decimal
from itertools import islice
from typing import Final

from pyoxigraph import NamedNode, QueryResultsFormat, QuerySolutions

from kogge import names, syntax
from kogge.errors import Misconfigured
from kogge.expertise.rows import Kind, Topic, closure
from kogge.store.base import Store

_AHEAD: Final = 2  # queries whose answers are written while those of another are read
csv.field_size_limit(2**31 - 1)  # no text of a store is too long


@dataclass(frozen=True, slots=True)
class Words:
    """The topics and the kinds of evidence, both by IRI and in the order of their IRIs."""

    topics: Mapping[str, Topic]
    kinds: Mapping[str, Kind]


def select(store: Store, query: str) -> Iterator[tuple[str | None, ...]]:
    """The rows of a SELECT query as texts: IRIs, lexical forms, None where nothing is bound."""
    for solution in _solutions(store, query):
        yield tuple([None if term is None else term.value for term in solution])


def scan(store: Store, queries: Iterable[str]) -> Iterator[Iterator[Sequence[str]]]:
    """The rows of SELECT queries with many answers, query by query: as `select`, "" where nothing is bound.

    The engine writes them all at once (SPARQL 1.1 Query Results CSV), in threads, for which it does not need
    the lock of Python: while the rows of a query are read here, those of the next two are written.
    """

    def written(query: str) -> bytes:
        return _solutions(store, query).serialize(format=QueryResultsFormat.CSV) or b""

    def read(written: Future[bytes]) -> Iterator[Sequence[str]]:
        return islice(csv.reader(io.StringIO(written.result().decode(), newline="")), 1, None)

    with ThreadPoolExecutor(_AHEAD) as threads:
        waiting = deque[Future[bytes]]()
        for query in queries:
            waiting.append(threads.submit(written, query))
            if len(waiting) > _AHEAD:
                yield read(waiting.popleft())
        while waiting:
            yield read(waiting.popleft())


def _solutions(store: Store, query: str) -> QuerySolutions:
    used = (pair for pair in syntax.prefixes().items() if f"{pair[0]}:" in query)  # to parse all takes longer
    prefixes = "".join(f"PREFIX {prefix}: <{iri}>\n" for prefix, iri in used)
    solutions = store.query(prefixes + query)
    if not isinstance(solutions, QuerySolutions):
        raise TypeError("a SELECT query is needed")
    return solutions


def read_words(store: Store) -> Words:
    """What the store says of topics and weights. Misconfigured if a weight is missing or not above 0."""
    kinds, strengths = {}, _numbers(store, "strength")
    intended = _weight(strengths, "intended")
    labels = labels_of(store, strengths)
    for kind, strength in sorted(strengths.items()):
        kinds[kind] = Kind(kind, labels.get(kind, {}), strength, proves=strength > intended)
    factors = _numbers(store, "closeness")
    same, narrower, related = (
        _weight(factors, step) for step in ("sameTopic", "narrowerTopic", "relatedTopic")
    )
    down = _edges(store, "?to skos:broader|^skos:narrower ?from")
    up = _edges(store, "?from skos:broader|^skos:narrower ?to")
    beside = _edges(store, "?from skos:related|^skos:related ?to")
    iris = sorted(str(topic) for (topic,) in select(store, _TOPICS))
    labels = labels_of(store, iris)
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


def labels_of(store: Store, iris: Iterable[str] | None = None) -> dict[str, dict[str, str]]:
    """The label (or the title of a document) of these things or of everything, by IRI and language.

    Where somebody gives two of a language, the first in the order of letters, so that answers do not waver.
    """
    chosen = "" if iris is None else f"VALUES ?iri {{ {values(iris)} }}"
    found: list[dict[str, dict[str, str]]] = []
    queries = [
        f"SELECT ?iri ?text (LANG(?text) AS ?lang) {{ {chosen} ?iri {predicate} ?text }}"
        for predicate in ("skos:prefLabel", "dcterms:title")
    ]
    for rows in scan(store, queries) if iris is None else (select(store, query) for query in queries):
        texts: dict[str, dict[str, str]] = {}
        for iri, text, lang in rows:
            said = texts.setdefault(str(iri), {})
            said[str(lang)] = min(str(text), said.get(str(lang), str(text)))
        found.append(texts)
    labels, titles = found
    for iri, said in titles.items():
        labels[iri] = said | labels.get(iri, {})
    return labels


def values(iris: Iterable[str]) -> str:
    """These IRIs as they stand in a VALUES clause."""
    return " ".join(str(NamedNode(iri)) for iri in iris)


def _edges(store: Store, pattern: str) -> dict[str, frozenset[str]]:
    edges: dict[str, set[str]] = defaultdict(set)
    for start, end in select(store, f"SELECT ?from ?to {{ {pattern} }}"):
        edges[str(start)].add(str(end))
    return {start: frozenset(ends) for start, ends in edges.items()}


def _numbers(store: Store, property_: str) -> dict[str, Decimal]:
    found = select(store, f"SELECT ?iri ?number {{ ?iri kogge:{property_} ?number }}")
    numbers: dict[str, Decimal] = {}
    for iri, number in found:
        numbers[str(iri)] = Decimal(str(number))
        if numbers[str(iri)] <= 0:
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
