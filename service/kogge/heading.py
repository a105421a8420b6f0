"""Level 5, heading: what a graph says of itself, written for those who send one without it.

Every named graph states its owner, licence, date and sources. Who sends a graph that says nothing of itself
need not know that: it is added, the same each time, so that an equal graph stays equal.
"""

from __future__ import annotations

from datetime import datetime

from pyoxigraph import Literal, NamedNode, RdfFormat, Triple

from kogge import names, syntax
from kogge.ledger import Partner, Sending

_TYPE, _DATASET = NamedNode(names.RDF + "type"), NamedNode(names.VOID + "Dataset")
_SOURCE, _ISSUED = NamedNode(names.DCTERMS + "source"), NamedNode(names.DCTERMS + "issued")


def headed(sending: Sending, partner: Partner, before: bytes, at: datetime) -> bytes:
    """The content of what is sent, with a heading; as it is, if it has one or says nothing.

    The date on which the graph was issued is taken from the content `before`, if that gives one.
    """
    triples = syntax.parse(sending.content, RdfFormat.N_TRIPLES, keep_labels=True)
    graph = NamedNode(sending.graph)
    if not triples or any(each.subject == graph for each in triples):
        return sending.content
    sources = {each.object for each in triples if each.predicate == _SOURCE}
    title = f"{partner.name}: {sending.graph.rpartition('/')[2]}"
    heading = [
        Triple(graph, _TYPE, _DATASET),
        Triple(graph, _ISSUED, _issued(before, graph) or _day(at)),
        Triple(graph, NamedNode(names.DCTERMS + "license"), NamedNode(names.CC_BY)),
        Triple(graph, NamedNode(names.DCTERMS + "publisher"), NamedNode(partner.agent)),
        *(
            Triple(graph, NamedNode(names.DCTERMS + "title"), Literal(title, language=lang))
            for lang in ("de", "en")
        ),
        *(Triple(graph, _SOURCE, source) for source in sources),
    ]
    return syntax.canonical([*triples, *heading])


def _issued(body: bytes, graph: NamedNode) -> Literal | None:
    for line in body.splitlines():
        if line.startswith(str(graph).encode()) and b"/issued>" in line:
            (triple,) = syntax.parse(line, RdfFormat.N_TRIPLES)
            if isinstance(triple.object, Literal) and triple.predicate == _ISSUED:
                return triple.object
    return None


def _day(at: datetime) -> Literal:
    return Literal(at.date().isoformat(), datatype=NamedNode(names.XSD + "date"))
