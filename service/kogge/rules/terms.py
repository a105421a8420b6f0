"""Terms: between Oxigraph, which reads and stores, and rdflib, in which pySHACL thinks."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterable
from typing import TypeAlias

import pyoxigraph as ox
import rdflib
from rdflib import BNode, URIRef
from rdflib.term import Node

from kogge import names

# A date such as 2023-02-31 is a finding of a rule, not a line of the log, and no warning.
logging.getLogger("rdflib.term").setLevel(logging.ERROR)
warnings.filterwarnings("ignore", category=UserWarning, module="rdflib.term")

Stored: TypeAlias = ox.NamedNode | ox.BlankNode | ox.Literal


def to_rdflib(triples: Iterable[ox.Triple | ox.Quad]) -> rdflib.Graph:
    """The triples as an rdflib graph, term by term; literals keep the form in which they were written."""
    graph = rdflib.Graph()
    for triple in triples:
        if not isinstance(triple.subject, ox.Triple) and not isinstance(triple.object, ox.Triple):
            graph.add((resource(triple.subject), URIRef(triple.predicate.value), term(triple.object)))
    return graph


def resource(of: ox.NamedNode | ox.BlankNode) -> URIRef | BNode:
    """An IRI or a blank node, with the same label."""
    return URIRef(of.value) if isinstance(of, ox.NamedNode) else BNode(of.value)


def term(of: Stored) -> URIRef | BNode | rdflib.Literal:
    """Any term; a literal as it is written, and a text without a datatype (RDF 1.1, section 3.3)."""
    if not isinstance(of, ox.Literal):
        return resource(of)
    if of.language:
        return rdflib.Literal(of.value, lang=of.language, normalize=False)
    datatype = None if of.datatype.value == names.XSD + "string" else URIRef(of.datatype.value)
    return rdflib.Literal(of.value, datatype=datatype, normalize=False)


def to_oxigraph(of: Node) -> Stored:
    """The term that `term` turned into this one."""
    if isinstance(of, rdflib.Literal):
        if of.language:
            return ox.Literal(str(of), language=of.language)
        return ox.Literal(str(of), datatype=ox.NamedNode(str(of.datatype or names.XSD + "string")))
    return ox.BlankNode(str(of)) if isinstance(of, BNode) else ox.NamedNode(str(of))
