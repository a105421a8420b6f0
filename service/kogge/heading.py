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
_MODIFIED = NamedNode(names.DCTERMS + "modified")


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
    title = f"{partner.name}: {sending.graph.rpartition('/')[2]}"
    whole = [
        *triples,
        Triple(graph, _TYPE, _DATASET),
        Triple(graph, _ISSUED, issued or today),
        Triple(graph, NamedNode(names.DCTERMS + "license"), NamedNode(names.CC_BY)),
        Triple(graph, NamedNode(names.DCTERMS + "publisher"), NamedNode(partner.agent)),
        *(
            Triple(graph, NamedNode(names.DCTERMS + "title"), Literal(title, language=lang))
            for lang in ("de", "en")
        ),
        *(Triple(graph, _SOURCE, each.object) for each in triples if each.predicate == _SOURCE),
    ]
    same = syntax.canonical([*whole, Triple(graph, _MODIFIED, modified)] if modified else whole)
    if same == before or issued in (None, today):
        return same
    return syntax.canonical([*whole, Triple(graph, _MODIFIED, today)])


def _date(body: bytes, graph: NamedNode, predicate: NamedNode) -> Literal | None:
    beginning = f"{graph} {predicate} ".encode()
    for line in body.splitlines():
        if line.startswith(beginning):
            (triple,) = syntax.parse(line, RdfFormat.N_TRIPLES)
            return triple.object if isinstance(triple.object, Literal) else None
    return None
