"""The lookup against the same question in SPARQL, in one process, on the same data.

    python bench/lookup.py [--municipalities N]

Both rank the holders of every topic of the thesaurus by their own evidence. The scores must be equal; then
the medians of both times are told, and their ratio. Kogge also adds what members have through alliances,
mentions, needs and broader topics, which the query does not.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import defaultdict
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from statistics import median
from typing import Final, TypeVar

from pyoxigraph import Literal, NamedNode, QuerySolutions, Triple

from generate import TABLE, generate
from kogge import artefacts, names, questions, syntax
from kogge.expertise import Lookup
from kogge.store.embedded import EmbeddedStore

T = TypeVar("T")

QUERY: Final = """
PREFIX kogge: <https://w3id.org/kogge/ontology#>
PREFIX skos: <http://www.w3.org/2004/02/skos/core#>
SELECT ?holder (SUM(?best) AS ?score) {
    { SELECT ?holder ?thing (MAX(?strength * ?closeness) AS ?best) {
        { SELECT ?topic (MAX(?factor) AS ?closeness) {
            { kogge:sameTopic kogge:closeness ?factor BIND(TOPIC AS ?topic) }
            UNION { ?topic skos:broader+ TOPIC . kogge:narrowerTopic kogge:closeness ?factor }
            UNION { ?topic skos:related|^skos:related TOPIC . kogge:relatedTopic kogge:closeness ?factor }
        } GROUP BY ?topic }
        ?expertise kogge:topic ?topic ; kogge:holder ?holder ;
            kogge:evidence ?thing ; kogge:evidenceKind ?kind .
        ?kind kogge:strength ?strength .
    } GROUP BY ?holder ?thing }
} GROUP BY ?holder ORDER BY DESC(?score)
"""


def filled(municipalities: int, table: Path) -> EmbeddedStore:
    """A store in memory with the words and facts of the checkout, and so many made-up municipalities."""
    graphs: dict[str, list[Triple]] = defaultdict(list)
    for folder in ("ontology", "graph"):
        for path in artefacts.files(folder, ".ttl"):
            graphs[names.graph("bench", path.stem)] += syntax.read_file(path)
    if municipalities:
        for quad in generate(table, municipalities):
            if isinstance(quad.graph_name, NamedNode):
                graphs[quad.graph_name.value].append(quad.triple)
    store = EmbeddedStore()
    store.replace_graphs(graphs)
    questions.derive(store)
    return store


def timed(run: Callable[[], T]) -> tuple[float, T]:
    """Milliseconds, and what came back."""
    begun = time.perf_counter()
    result = run()
    return (time.perf_counter() - begun) * 1000, result


def by_kogge(lookup: Lookup, topic: str) -> dict[str, Decimal]:
    """The score of each holder by its own evidence, found by the slug of a topic."""
    answer = lookup.who(topics=[topic], limit=100)
    return {result.holder.iri: result.score for result in answer.results if not result.through}


def by_sparql(store: EmbeddedStore, topic: str) -> dict[str, Decimal]:
    """The same by a query."""
    rows = store.query(QUERY.replace("TOPIC", f"<{names.topic(topic)}>"))
    if not isinstance(rows, QuerySolutions):
        raise TypeError("the query is a SELECT")
    found = [(row["holder"], row["score"]) for row in rows]
    return {str(holder.value): Decimal(score.value) for holder, score in found if isinstance(score, Literal)}


def compare(municipalities: int, table: Path) -> None:
    """One line of the result; ends the program if the two do not agree."""
    filling, store = timed(lambda: filled(municipalities, table))
    building, lookup = timed(lambda: Lookup.build(store))
    ours, theirs = [], []
    for topic in map(names.slug_of, lookup.index.topics):
        sparql_time, expected = timed(lambda topic=topic: by_sparql(store, topic))  # type: ignore[misc]
        kogge_time, found = timed(lambda topic=topic: by_kogge(lookup, topic))  # type: ignore[misc]
        if any(expected[holder] != score for holder, score in found.items()):
            sys.exit(f"The scores for {topic} differ.")
        ours.append(kogge_time)
        theirs.append(sparql_time)
    mine, other = median(ours), median(theirs)
    print(
        f"{municipalities:6} municipalities added: filled {filling / 1000:.1f} s, indexed {building:.0f} ms;",
        f"per topic {mine:.2f} ms, SPARQL {other:.2f} ms, ratio {other / mine:.1f}",
    )


def main() -> None:
    """Without a number: the checkout as it is, and with 1,000 municipalities if the table is there."""
    parser = argparse.ArgumentParser(description="The lookup against the same question in SPARQL.")
    parser.add_argument("--municipalities", type=int, action="append")
    parser.add_argument("--table", type=Path, default=TABLE, help="the table german-municipalities.csv")
    options = parser.parse_args()
    for municipalities in options.municipalities or [0, 1000]:
        if municipalities and not options.table.is_file():
            print(f"{municipalities:6} more municipalities: left out, there is no table {options.table.name}")
        else:
            compare(municipalities, options.table)


if __name__ == "__main__":
    main()
