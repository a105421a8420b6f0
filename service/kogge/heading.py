"""Level 5, heading: what a graph says of itself, written for those who send one without it.

Every named graph states its owner, licence, date and sources. Who sends a graph that says nothing of itself
need not know that: it is added, the same each time, so that an equal graph stays equal. A thing that names
no document rests on the contribution itself: its source is the graph, which then is a document with a name.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from pyoxigraph import Literal, NamedNode, RdfFormat, Triple

from kogge import names, syntax
from kogge.ledger import Partner, Sending

_TYPE, _DATASET = NamedNode(names.RDF + "type"), NamedNode(names.VOID + "Dataset")
_SOURCE, _ISSUED = NamedNode(names.DCTERMS + "source"), NamedNode(names.DCTERMS + "issued")
_MODIFIED, _TITLE = NamedNode(names.DCTERMS + "modified"), NamedNode(names.DCTERMS + "title")
_PUBLISHER = NamedNode(names.DCTERMS + "publisher")
_LABEL, _DOCUMENT = NamedNode(names.SKOS + "prefLabel"), NamedNode("http://xmlns.com/foaf/0.1/Document")

_CURATED: Final = names.graph("kogge", "")  # there each fact names its document
_CALLED: Final = {
    "de": "Beitrag von {}: {}",
    "en": "Contribution of {}: {}",
    "nl": "Bijdrage van {}: {}",
}


def headed(sending: Sending, partner: Partner, before: bytes, at: datetime) -> bytes:
    """The content of what is sent, with a heading; as it is, if it has one or says nothing.

    The day on which the graph was issued is taken from the content `before`, if that gives one; then `at` is
    the day on which it was modified, if anything was.
    """
    triples = syntax.parse(sending.content, RdfFormat.N_TRIPLES, keep_labels=True)
    graph = NamedNode(sending.graph)
    if not triples or any(each.subject == graph for each in triples):
        return sending.content
    today = Literal(at.date().isoformat(), datatype=NamedNode(names.XSD + "date"))
    issued, modified = _date(before, graph, _ISSUED), _date(before, graph, _MODIFIED)
    heading = _heading(triples, sending.graph, partner.name, NamedNode(partner.agent))
    whole = [*triples, *heading, Triple(graph, _ISSUED, issued or today)]
    same = syntax.canonical([*whole, Triple(graph, _MODIFIED, modified)] if modified else whole)
    if same == before or issued in (None, today):
        return same
    return syntax.canonical([*whole, Triple(graph, _MODIFIED, today)])


def bare(content: bytes, graph: str) -> bytes:
    """A content without the heading that `headed` wrote; one that the sender wrote stays."""
    triples, node = syntax.parse(content, RdfFormat.N_TRIPLES, keep_labels=True), NamedNode(graph)
    said = [each for each in triples if node not in (each.subject, each.object)]
    about = {each.predicate: each.object for each in triples if each.subject == node}
    agent, title = about.get(_PUBLISHER), about.get(_TITLE)
    if not isinstance(agent, NamedNode) or not isinstance(title, Literal) or title.language not in _CALLED:
        return content
    before, after = _CALLED[title.language].format("\0", _slug(graph)).split("\0")
    name = title.value.removeprefix(before).removesuffix(after)
    dates = {each for each in triples if each.subject == node and each.predicate in (_ISSUED, _MODIFIED)}
    ours = {*triples} - dates == {*said, *_heading(said, graph, name, agent)}
    return syntax.canonical(said) if ours else content


def _heading(triples: Sequence[Triple], graph: str, name: str, agent: NamedNode) -> list[Triple]:
    """What is added to the triples of a graph, but for its dates; `name` and `agent` are its owner's."""
    node = NamedNode(graph)
    called = [Literal(text.format(name, _slug(graph)), language=lang) for lang, text in _CALLED.items()]
    unsourced = [] if graph.startswith(_CURATED) else _unsourced(triples)
    document = [Triple(node, _TYPE, _DOCUMENT), *(Triple(node, _LABEL, each) for each in called)]
    sources = [each.object for each in triples if each.predicate == _SOURCE]
    return [
        *(Triple(each, _SOURCE, node) for each in unsourced),
        *(document if unsourced else ()),
        Triple(node, _TYPE, _DATASET),
        Triple(node, NamedNode(names.DCTERMS + "license"), NamedNode(names.CC_BY)),
        Triple(node, _PUBLISHER, agent),
        *(Triple(node, _TITLE, each) for each in called),
        *(Triple(node, _SOURCE, each) for each in [*sources, *([node] if unsourced else [])]),
    ]


def _slug(graph: str) -> str:
    return names.slug_of(graph).partition("/")[2]


def _unsourced(triples: Sequence[Triple]) -> list[NamedNode]:
    """The things, other than documents, that are described without a source."""
    sourced = {each.subject for each in triples if each.predicate == _SOURCE}
    sourced |= {each.subject for each in triples if (each.predicate, each.object) == (_TYPE, _DOCUMENT)}
    typed = {each.subject for each in triples if each.predicate == _TYPE}
    return [each for each in typed - sourced if isinstance(each, NamedNode)]


def _date(body: bytes, graph: NamedNode, predicate: NamedNode) -> Literal | None:
    beginning = f"{graph} {predicate} ".encode()
    for line in body.splitlines():
        if line.startswith(beginning):
            (triple,) = syntax.parse(line, RdfFormat.N_TRIPLES)
            return triple.object if isinstance(triple.object, Literal) else None
    return None
