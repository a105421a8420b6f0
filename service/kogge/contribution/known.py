"""Level 5, contribution: what the graph already says of what a contribution speaks of or points to.

Only looked up by subject, or by property and object: it takes as long in a large store as in a small one.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from itertools import islice
from typing import Final

from pyoxigraph import Literal, NamedNode, Quad, Store, Triple

from kogge import names
from kogge.contribution.own import MADE

_SCHEMA: Final = "https://schema.org/"
_TIME: Final = "http://www.w3.org/2006/time#"
_ORG: Final = "http://www.w3.org/ns/org#"
_MANY: Final = 1000  # more is not looked up of one thing: no rule counts further
# Rules go on along these from what a thing points to.
_ONWARD: Final = frozenset({_SCHEMA + "containedInPlace", _TIME + "hasBeginning", _TIME + "hasEnd"})
# Of these, rules ask who else has the same value.
_SHARED: Final = (NamedNode(_SCHEMA + "sameAs"), NamedNode(_ORG + "member"))
_STATED: Final = NamedNode(names.KOGGE + "stated")
_ABOUT: Final = NamedNode(_SCHEMA + "about")
_MEMBERS: Final = NamedNode(_ORG + "organization")


def known(
    store: Store, triples: Collection[Triple], replaced: Iterable[str], inverse: Iterable[str]
) -> dict[Quad, None]:
    """What the store says that rules may ask for, without the graphs that the triples replace.

    That is: all of the subjects of the triples, all of what they point to, with its places and times; who
    points to the subjects by one of the properties `inverse`; who shares an identifier or an office with
    them; and what a number that is claimed counts.
    """
    look = _Look(store, frozenset(replaced))
    subjects = {triple.subject for triple in triples if isinstance(triple.subject, NamedNode)}
    for subject in subjects:
        look.about(subject, without=MADE)
        for predicate in inverse:
            look.pointing(NamedNode(predicate), subject)
    stated = [*triples, *(quad.triple for quad in look.found)]
    for triple in stated:
        if isinstance(triple.object, NamedNode) and triple.object not in subjects:
            look.about(triple.object)
        for word in (triple.predicate, triple.object):
            if isinstance(word, NamedNode) and word.value.startswith(names.KOGGE):
                look.about(word)
        if triple.predicate in _SHARED and isinstance(triple.object, NamedNode):
            for other in look.pointing(triple.predicate, triple.object):
                look.about(other)
    claims = {triple.subject for triple in stated if triple.predicate == _STATED}
    for triple in stated:
        if triple.subject in claims and triple.predicate == _ABOUT and isinstance(triple.object, NamedNode):
            look.counted(triple.object)
    return look.found


class _Look:
    """Looks things up, each once."""

    def __init__(self, store: Store, replaced: frozenset[str]) -> None:
        self.found: dict[Quad, None] = {}
        self._store = store
        self._replaced = replaced
        self._seen: set[NamedNode] = set()

    def about(self, thing: NamedNode, *, without: Collection[str] = ()) -> None:
        """All that is said of a thing, and on along the properties that rules follow."""
        ahead = [thing]
        while ahead:
            one = ahead.pop()
            if one in self._seen:
                continue
            self._seen.add(one)
            for quad in self._quads(one, None, None, without):
                if quad.predicate.value in _ONWARD and isinstance(quad.object, NamedNode):
                    ahead.append(quad.object)

    def pointing(self, predicate: NamedNode, thing: NamedNode) -> list[NamedNode]:
        """Who points to a thing by a property."""
        found = self._quads(None, predicate, thing)
        return [quad.subject for quad in found if isinstance(quad.subject, NamedNode)]

    def counted(self, thing: NamedNode) -> None:
        """The members of an organisation, the parts of an event, the signatures of an agreement."""
        for member in self.pointing(_MEMBERS, thing):
            self.about(member)
        for quad in self._quads(thing, None, None):
            if isinstance(quad.object, NamedNode):
                self.about(quad.object)

    def _quads(
        self,
        subject: NamedNode | None,
        predicate: NamedNode | None,
        value: NamedNode | Literal | None,
        without: Collection[str] = (),
    ) -> list[Quad]:
        quads: Iterator[Quad] = self._store.quads_for_pattern(subject, predicate, value, None)
        chosen = [
            quad
            for quad in islice(quads, _MANY)
            if isinstance(quad.graph_name, NamedNode)
            and quad.graph_name.value not in self._replaced
            and quad.graph_name.value not in without
        ]
        self.found |= dict.fromkeys(chosen)
        return chosen
