"""Facts: all that the check of a large graph reads, in an Oxigraph store in memory; pySHACL reads it too.

The store keeps the value of a number, a truth value or a time, not the way in which it was written: 007 comes
back as 7. A rule can ask for either, and a finding shows what was written. So a literal that the store would
change, or that is no value of its datatype, is kept under a datatype that the store does not know, and its
subject is remembered as odd.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any, Final

import pyoxigraph as ox
import rdflib
from rdflib.term import Node

from kogge import names
from kogge.rules import terms
from kogge.rules.layers import Reading, Views
from kogge.rules.terms import Stored

_ODD: Final = "urn:kogge:as-written:"
_TEXT: Final = names.XSD + "string"
_PROBE: Final = ox.NamedNode("urn:kogge:probe")


class Facts:
    """Statements to be judged (`judge`) and statements to be looked up (`know`)."""

    def __init__(self) -> None:
        self.store = ox.Store()
        self.described: set[Node] = set()  # the subjects of what is to be judged
        self.odd: set[Node] = set()  # those of them that have a literal which the store would change

    def know(self, graph: rdflib.Graph) -> None:
        """Adds a graph that is looked up only, and is not to be changed afterwards."""
        self.store.bulk_extend(_quads(graph))

    def judge(self, triples: Iterable[ox.Triple | ox.Quad]) -> None:
        """Adds statements that are judged; in which named graph they are does not matter."""
        described: set[ox.NamedNode | ox.BlankNode] = set()
        odd: set[ox.NamedNode | ox.BlankNode] = set()

        def plain() -> Iterator[ox.Quad]:
            for triple in triples:
                subject, value = triple.subject, triple.object
                if isinstance(subject, ox.Triple) or isinstance(value, ox.Triple):
                    continue
                described.add(subject)
                if isinstance(value, ox.Literal):
                    stored = kept(value)
                    if stored is not value:
                        odd.add(subject)
                        value = stored
                yield ox.Quad(subject, triple.predicate, value)

        self.store.bulk_extend(plain())
        self.described |= {terms.resource(subject) for subject in described}
        self.odd |= {terms.resource(subject) for subject in odd}

    def graph(self) -> rdflib.Graph:
        """All statements, as pySHACL reads them: one by one, as they were written."""
        return Reading(_Stored(self.store))


class _Stored(Views):
    """The store of facts as a store of rdflib."""

    def __init__(self, store: ox.Store) -> None:
        super().__init__()
        self._store = store
        self._size = len(store)  # counted once: it is asked often, and the store counts anew each time

    def triples(self, triple_pattern: Any, context: Any = None) -> Iterator[Any]:  # noqa: ARG002
        """The triples that match, each with the one context."""
        subject, predicate, value = (_sought(part) for part in triple_pattern)
        if isinstance(subject, ox.Literal) or isinstance(predicate, ox.Literal | ox.BlankNode):
            return
        for quad in self._store.quads_for_pattern(subject, predicate, value):
            yield (
                (_given(quad.subject), _given(quad.predicate), _given(quad.object)),
                self.one(),
            )

    def __len__(self, context: Any = None) -> int:
        return self._size


def kept(literal: Stored) -> Stored:
    """The term under which the store keeps a literal without changing it; mostly the literal itself."""
    if not isinstance(literal, ox.Literal) or literal.datatype.value == _TEXT:
        return literal
    if literal.language:  # rdflib knows no direction of a text
        return literal if literal.direction is None else ox.Literal(literal.value, language=literal.language)
    return literal if _sound(literal) else ox.Literal(literal.value, datatype=_odd(literal.datatype))


@lru_cache(maxsize=8)
def _quads(graph: rdflib.Graph) -> list[ox.Quad]:
    terms_of = ((terms.to_oxigraph(part) for part in triple) for triple in graph)
    return [ox.Quad(subject, verb, kept(value)) for subject, verb, value in terms_of]  # type: ignore[arg-type]


def _odd(datatype: ox.NamedNode) -> ox.NamedNode:
    return ox.NamedNode(_ODD + datatype.value)


@lru_cache(maxsize=1 << 16)
def _sound(literal: ox.Literal) -> bool:
    """Whether the store gives the literal back as it is, and rdflib finds it a value of its datatype."""
    probe = ox.Store()
    probe.add(ox.Quad(_PROBE, _PROBE, literal))
    as_rdflib = terms.term(literal)
    ill_typed = isinstance(as_rdflib, rdflib.Literal) and as_rdflib.ill_typed
    return not ill_typed and next(iter(probe)).object == literal


def _sought(part: Node | None) -> Stored | None:
    return None if part is None else kept(terms.to_oxigraph(part))


@lru_cache(maxsize=1 << 18)
def _given(part: Stored) -> Node:
    if isinstance(part, ox.Literal) and part.datatype.value.startswith(_ODD):
        part = ox.Literal(part.value, datatype=ox.NamedNode(part.datatype.value.removeprefix(_ODD)))
    return terms.term(part)
