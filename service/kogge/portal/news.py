"""Level 6, portal: what came with which version: the things that are new or were changed, from the ledger.

The statements of a thing stand together in the canonical N-Triples of a version, so that a thing is new where
it was not in the version before, and changed where its statements differ.
"""

from __future__ import annotations

import re
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from pyoxigraph import Literal, NamedNode, RdfFormat, Triple

from kogge import history, names, syntax
from kogge.ledger import Ledger, Version

# What people want to hear of; what else a graph says comes with its version.
# fmt: off
_OURS: Final = (
    "Agreement", "Alliance", "Event", "Excursion", "ExpertGroup", "Funding", "Need", "Programme", "Project",
    "Recognition", "Strategy",
)
# fmt: on
KINDS: Final = {names.KOGGE + name: name for name in _OURS} | {
    "http://www.w3.org/ns/org#Membership": "Membership"
}
VERSION: Final = "Version"
_WORDS: Final = (names.ONTOLOGY_GRAPH, names.TOPICS_GRAPH)  # they name every topic, and tell nothing of it

_TYPED: Final = re.compile(
    rb"^<([^>]*)> <%s> <(%s)> \.$"
    % (re.escape(names.RDF + "type").encode(), b"|".join(re.escape(iri).encode() for iri in KINDS)),
    re.MULTILINE,
)
_NAMED: Final = re.compile(
    rb" <(%s(?:topic|id/(?:alliance|district|municipality|organisation|province|state))/[^>]*)> \.$"
    % re.escape(names.BASE).encode(),
    re.MULTILINE,
)


@dataclass(frozen=True, slots=True)
class Item:
    """A thing of a graph, or (kind `VERSION`) a version of one: when it came, and when it was last changed.

    `about` are the topics, authorities, organisations and alliances that it names, `mark` a hash of its
    statements.
    """

    iri: str
    kind: str
    came: Version
    changed: Version
    about: frozenset[str]
    mark: int


class News:
    """The items of a ledger, kept and brought up to date. May be used from several threads."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._lock = threading.Lock()
        self._known = (0, 0)  # number of the ledger, and erasures
        self._things: dict[str, dict[str, Item]] = {}  # by graph and IRI
        self._versions: list[Item] = []
        self._items: list[Item] = []

    def items(self) -> list[Item]:
        """All items, what was changed last first; a thing of several graphs once, as it came first."""
        with self._lock:
            known = (self._ledger.number, self._ledger.erasures.count)
            if known != self._known:
                if known[1] != self._known[1]:
                    self._known, self._things, self._versions = (0, 0), {}, []
                for version in self._ledger.history(after=self._known[0], until=known[0]):
                    self._take(version)
                self._known = known
                self._items = sorted(
                    (*self._versions, *self._once()),
                    key=lambda item: (item.changed.at, item.changed.number, item.kind != VERSION, item.iri),
                    reverse=True,
                )
            return self._items

    def said(self, item: Item) -> list[Triple]:
        """What the version that changed it last says of a thing, or a version of its graph itself."""
        body = self._ledger.body(item.changed.number)
        subject = item.came.graph if item.kind == VERSION else item.iri
        _, block = _block(body, subject.encode(), 0)
        return syntax.parse(block, RdfFormat.N_TRIPLES)

    def _take(self, version: Version) -> None:
        body = self._ledger.body(version.number)
        before, now = self._things.get(version.graph, {}), {}
        for iri, kind, block in _things(body):
            mark = hash(block)
            known = before.get(iri)
            if known is None:
                now[iri] = Item(iri, kind, version, version, _about(block), mark)
            elif known.mark != mark:
                now[iri] = replace(known, kind=kind, changed=version, about=_about(block), mark=mark)
            else:
                now[iri] = known
        self._things[version.graph] = now
        iri = history.entity_of(version.graph, version.version)
        about = frozenset[str]() if version.graph in _WORDS else _about(body)
        self._versions.append(Item(iri, VERSION, version, version, about, len(body)))

    def _once(self) -> Iterator[Item]:
        first: dict[str, Item] = {}
        for graph in self._things.values():
            for iri, item in graph.items():
                if iri not in first or item.came.number < first[iri].came.number:
                    first[iri] = item
        return iter(first.values())


def texts(triples: list[Triple], *predicates: str) -> dict[str, str]:
    """What these statements say by the first of the predicates that they have, by language."""
    for predicate in predicates:
        wanted = NamedNode(predicate)
        found = [t.object for t in triples if t.predicate == wanted and isinstance(t.object, Literal)]
        if found:
            return {text.language or "": text.value for text in sorted(found, key=str, reverse=True)}
    return {}


def values(triples: list[Triple], predicate: str) -> list[str]:
    """The IRIs to which a predicate points."""
    wanted = NamedNode(predicate)
    return sorted(
        t.object.value for t in triples if t.predicate == wanted and isinstance(t.object, NamedNode)
    )


def _things(body: bytes) -> Iterator[tuple[str, str, bytes]]:
    """The things of the kinds of which we tell, in order, each with its statements."""
    end, last = 0, b""
    for found in _TYPED.finditer(body):
        if found[1] != last:
            last = found[1]
            end, block = _block(body, last, end)
            yield last.decode(), KINDS[found[2].decode()], block


def _block(body: bytes, iri: bytes, start: int) -> tuple[int, bytes]:
    """The lines about a subject, and where they end; the search begins at the start of a line."""
    head = b"<%s> " % iri
    if not body.startswith(head, start):
        start = body.find(b"\n" + head, start) + 1
        if not start:
            return len(body), b""
    end = start
    while body.startswith(head, end):
        end = body.index(b"\n", end) + 1
    return end, body[start:end]


def _about(block: bytes) -> frozenset[str]:
    return frozenset(sys.intern(iri.decode()) for iri in set(_NAMED.findall(block)))
