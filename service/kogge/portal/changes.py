"""Level 6, portal: the stream of changes in RDF: a Linked Data Event Stream, on pages of the TREE vocabulary.

`/changes` is the only page that changes: it names the finished ones, with the times between which their
members came, and holds the members that came last. The content of a member stands in the named graph that
has the name of the member (https://w3id.org/ldes/specification, https://w3id.org/tree/specification).
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

import pyoxigraph as ox
from pyoxigraph import BlankNode, Literal, NamedNode, Quad, RdfFormat

from kogge import media, names, syntax
from kogge.errors import Unavailable
from kogge.ledger import Ledger
from kogge.media import MediaType
from kogge.portal.stream import Member, Page, Stream

OFFERED: Final = (media.TRIG, media.N_QUADS, media.JSON_LD)
STREAM: Final = names.BASE + "changes"
POLLING: Final = 60  # seconds after which it is worth looking again

_LDES, _TREE, _AS = (
    "https://w3id.org/ldes#",
    "https://w3id.org/tree#",
    "https://www.w3.org/ns/activitystreams#",
)
_POSITION: Final = "https://schema.org/position"
_PREFIXES: Final = {"ldes": _LDES, "tree": _TREE, "as": _AS, "dcterms": names.DCTERMS, "xsd": names.XSD}
_TITLE: Final = {
    "de": "Änderungen an den Graphen von Kogge",
    "en": "Changes of the graphs of Kogge",
    "nl": "Wijzigingen van de grafen van Kogge",
}
_RETENTION: Final = {
    "de": "Jede Fassung bleibt. Werden auf Wunsch Daten einer Person gelöscht, verlassen die Fassungen, in "
    "denen sie standen, den Strom; ein neues Mitglied trägt, was der Graph ohne sie sagt.",
    "en": "Every version stays. Where data of a person is erased on request, the versions that held it leave "
    "the stream; a new member carries what the graph says without it.",
    "nl": "Elke versie blijft. Worden op verzoek gegevens van een persoon gewist, dan verlaten de versies "
    "waarin ze stonden de stroom; een nieuw lid draagt wat de graaf zonder die gegevens zegt.",
}
_ERASED: Final = {
    "de": "Daten einer Person wurden auf deren Wunsch gelöscht. Löschen Sie Ihre Kopien dessen, was ersetzt "
    "wurde.",
    "en": "Data of a person was erased on request. Delete your copies of what was replaced.",
    "nl": "Gegevens van een persoon zijn op verzoek gewist. Wis uw kopieën van wat is vervangen.",
}
_Said = tuple[str, NamedNode | BlankNode | Literal]


@dataclass(frozen=True)
class Written:
    """A page in one representation; a finished one never changes. `state` is a token for what it says."""

    media: MediaType
    body: bytes
    state: str
    finished: bool
    modified: str | None


class Changes:
    """The changes of a ledger, for the service at `base`."""

    def __init__(self, ledger: Ledger, base: str) -> None:
        self._ledger = ledger
        self._stream = Stream(ledger)
        self._root = f"{base}/changes"

    def page(self, name: str | None, accept: str | None) -> Written:
        """The page of that name, or (None) the one that changes, as TriG, N-Quads or JSON-LD.

        Raises NotFound, Gone for a page from which data was erased, NotAcceptable.
        """
        wanted = media.choose(accept, OFFERED)
        if name is not None:
            page = self._stream.page(name)
            body = _serialised(self._finished(page), wanted)
            return Written(wanted, body, page.name, True, page.times[1])
        pages = self._stream.pages()
        state = hashlib.sha256("\n".join(each.name for each in pages).encode()).hexdigest()[:32]
        modified = pages[-1].times[1] if pages else None
        return Written(wanted, _serialised(self._newest(pages), wanted), state, False, modified)

    def _newest(self, pages: tuple[Page, ...]) -> Iterator[Quad]:
        yield from _about(
            STREAM,
            (names.RDF + "type", NamedNode(_LDES + "EventStream")),
            (names.RDF + "type", NamedNode(_TREE + "Collection")),  # for who reads TREE only
            *((names.DCTERMS + "title", Literal(text, language=lang)) for lang, text in _TITLE.items()),
            (names.DCTERMS + "license", NamedNode(names.CC_BY)),
            (_LDES + "timestampPath", NamedNode(names.DCTERMS + "created")),
            (_LDES + "sequencePath", NamedNode(_POSITION)),
            (_LDES + "versionOfPath", NamedNode(names.DCTERMS + "isVersionOf")),
            (_LDES + "versionDeletePath", NamedNode(names.RDF + "type")),
            (_LDES + "versionDeleteObject", NamedNode(_AS + "Tombstone")),
            (_LDES + "pollingInterval", Literal(POLLING)),
            (_TREE + "view", NamedNode(self._root)),
        )
        yield from _about(
            self._root,
            (names.RDF + "type", NamedNode(_TREE + "RootNode")),
            (names.RDF + "type", NamedNode(_TREE + "Node")),
            (_TREE + "viewDescription", NamedNode(self._root + "#view")),
        )
        yield from _about(
            self._root + "#view",
            (names.RDF + "type", NamedNode(_LDES + "EventSource")),
            (names.RDF + "type", NamedNode(_TREE + "SearchTree")),
            (_TREE + "rootNode", NamedNode(self._root)),
            (_LDES + "retentionPolicy", NamedNode(self._root + "#retention")),
        )
        kept = [(_LDES + "startingFrom", _time(pages[0].times[0]))] if pages else []
        yield from _about(
            self._root + "#retention",
            (names.RDF + "type", NamedNode(_LDES + "RetentionPolicy")),
            *((names.RDFS + "comment", Literal(text, language=lang)) for lang, text in _RETENTION.items()),
            *kept,
        )
        for number, page in enumerate(pages[:-1], 1):
            yield from self._relations(page, number)
        for page in pages[-1:]:
            yield from self._members(page.members)

    def _relations(self, page: Page, number: int) -> Iterator[Quad]:
        """That the members of a finished page came between two times, both included."""
        for kind, at in zip(("GreaterThanOrEqualTo", "LessThanOrEqualTo"), page.times, strict=True):
            relation = BlankNode(f"{kind[0].lower()}{number}")
            yield Quad(NamedNode(self._root), NamedNode(_TREE + "relation"), relation)
            yield from _about(
                relation,
                (names.RDF + "type", NamedNode(f"{_TREE}{kind}Relation")),
                (_TREE + "node", NamedNode(f"{self._root}/{page.name}")),
                (_TREE + "path", NamedNode(names.DCTERMS + "created")),
                (_TREE + "value", _time(at)),
            )

    def _finished(self, page: Page) -> Iterator[Quad]:
        yield from _about(
            STREAM,
            (names.RDF + "type", NamedNode(_LDES + "EventStream")),
            (names.RDF + "type", NamedNode(_TREE + "Collection")),  # for who reads TREE only
            (_TREE + "view", NamedNode(self._root)),
        )
        yield from _about(
            f"{self._root}/{page.name}",
            (names.RDF + "type", NamedNode(_TREE + "Node")),
            (_LDES + "immutable", Literal(True)),
        )
        yield from self._members(page.members)

    def _members(self, members: Iterable[Member]) -> Iterator[Quad]:
        for each in members:
            yield Quad(NamedNode(STREAM), NamedNode(_TREE + "member"), NamedNode(each.iri))
            yield from _about(each.iri, *_said(each))
            body = self._ledger.body(each.position)
            if hashlib.sha256(body).hexdigest() != each.sha256:
                raise Unavailable("Data is being erased from this page.", "Read /changes again.")
            graph = NamedNode(each.iri)
            for quad in ox.parse(body, RdfFormat.N_TRIPLES):
                yield Quad(quad.subject, quad.predicate, quad.object, graph)


def _said(member: Member) -> Iterator[_Said]:
    """What a member says of itself: of what it is a version, when it came, whether it is empty."""
    if not member.size:
        yield names.RDF + "type", NamedNode(_AS + "Tombstone")
    yield names.DCTERMS + "isVersionOf", NamedNode(member.graph)
    yield names.DCTERMS + "created", _time(member.created)
    yield _POSITION, Literal(member.position)
    for iri in member.replaces:
        yield names.DCTERMS + "replaces", NamedNode(iri)
    if member.replaces:
        for lang, text in _ERASED.items():
            yield names.SKOS + "changeNote", Literal(text, language=lang)


def _serialised(quads: Iterable[Quad], wanted: MediaType) -> bytes:
    file = io.BytesIO()
    known = {**syntax.prefixes(), **_PREFIXES}
    ox.serialize(quads, file, RdfFormat.from_media_type(wanted.type), prefixes=known)
    return file.getvalue()


def _time(at: str) -> Literal:
    return Literal(at, datatype=NamedNode(names.XSD + "dateTime"))


def _about(subject: str | BlankNode, *said: _Said) -> Iterator[Quad]:
    node = subject if isinstance(subject, BlankNode) else NamedNode(subject)
    return (Quad(node, NamedNode(predicate), term) for predicate, term in said)
