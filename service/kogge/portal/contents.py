"""Level 6, portal: what a version of a graph says, thing by thing, as rows of which a page can be made."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from pyoxigraph import BlankNode, Literal, NamedNode, RdfFormat, Triple

from kogge import names, syntax
from kogge.store.rows import Row, Value

# Points in time and periods have no name of their own: they are told where they are pointed to.
_TIMES: Final = ("instant", "interval")
_LIMITS: Final = tuple(f"http://www.w3.org/2006/time#{end}" for end in ("hasBeginning", "hasEnd"))
_WHEN: Final = (names.DCTERMS + "date", names.SKOS + "note")  # the date, else why there is none


@dataclass(frozen=True)
class Contents:
    """What a graph says of itself, and of the things that come first: rows with ?graph, ?property and ?value.

    `total` is how many things it speaks of.
    """

    itself: tuple[Row, ...]
    things: Mapping[str, tuple[Row, ...]]
    total: int

    @property
    def named(self) -> set[str]:
        """The IRIs of all that is shown, the things themselves and what they point to."""
        rows = (*self.itself, *(row for some in self.things.values() for row in some))
        return {row["value"].text for row in rows if row["value"].kind == "iri"} | self.things.keys()


def contents(body: bytes, graph: str, order: Sequence[str], most: int) -> Contents:
    """What canonical N-Triples say of things of ours: of at most so many, by their kinds in this order.

    Only the statements of what is shown are parsed, so that a large graph costs little more than a small one.
    """
    lines: dict[str, list[bytes]] = defaultdict(list)
    for line in body.splitlines(keepends=True):
        lines[line[1 : line.find(b" ") - 1].decode()].append(line)
    told = [iri for iri in lines if names.kind_of(iri) not in ("", "graph", *_TIMES)]
    rank = {kind: place for place, kind in enumerate(order)}
    told.sort(key=lambda iri: (rank.get(names.kind_of(iri), len(rank)), iri))

    def said(iri: str) -> list[Triple]:
        return syntax.parse(b"".join(lines[iri]), RdfFormat.N_TRIPLES, keep_labels=True)

    def rows(iri: str) -> Iterator[Row]:
        for triple in said(iri):
            for property_, term in timed(triple.predicate.value, triple.object):
                yield {
                    "graph": Value(graph, "iri"),
                    "property": Value(property_, "iri"),
                    "value": _value(term),
                }

    def timed(property_: str, term: object) -> Iterator[tuple[str, object]]:
        """A property with its value; where that is a point in time or a period of this graph, its dates."""
        iri = term.value if isinstance(term, NamedNode) else ""
        if names.kind_of(iri) not in _TIMES or iri not in lines:
            yield property_, term
            return
        own = said(iri)
        # Only a period has limits here, and none is a period: else one would go round and round.
        for triple in own if names.kind_of(iri) == "interval" else ():
            limit = triple.object.value if isinstance(triple.object, NamedNode) else ""
            if triple.predicate.value in _LIMITS and names.kind_of(limit) != "interval":
                yield from timed(triple.predicate.value, triple.object)
        for when in _WHEN:
            if dates := [triple.object for triple in own if triple.predicate.value == when]:
                yield from ((property_, date) for date in dates)
                return

    itself = tuple(rows(graph)) if graph in lines else ()
    return Contents(itself, {iri: tuple(rows(iri)) for iri in told[:most]}, len(told))


def _value(term: object) -> Value:
    if isinstance(term, NamedNode):
        return Value(term.value, "iri")
    if isinstance(term, Literal):
        plain = term.language or term.datatype.value == names.XSD + "string"
        return Value(term.value, "literal", term.language or "", "" if plain else term.datatype.value)
    return Value(term.value if isinstance(term, BlankNode) else str(term), "blank")
