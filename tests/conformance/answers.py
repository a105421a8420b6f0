"""Compares answers: rows as a bag or in their order, blank nodes by their role, graphs by their shape."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, Final

import pyoxigraph as ox
from pyoxigraph import (
    BlankNode,
    CanonicalizationAlgorithm,
    Dataset,
    Literal,
    NamedNode,
    Quad,
    QueryBoolean,
    QueryResultsFormat,
    QuerySolutions,
    RdfFormat,
)

from .manifest import iri_of

RS: Final = "http://www.w3.org/2001/sw/DataAccess/tests/result-set#"
XSD: Final = "http://www.w3.org/2001/XMLSchema#"
_NUMBERS: Final = {XSD + name for name in ("integer", "decimal", "float", "double")}

Row = dict[str, Any]
"""Variable → term, or → cell of a CSV file. What is unbound is left out."""

MEDIA: Final = {
    ".srx": "application/sparql-results+xml",
    ".srj": "application/sparql-results+json",
    ".csv": "text/csv",
    ".tsv": "text/tab-separated-values",
    ".ttl": "text/turtle",
    ".rdf": "application/rdf+xml",
}


def read_expected(path: Path) -> bool | list[Row] | Dataset:
    """What a result file says: a truth value, rows, or a graph."""
    if path.suffix in (".ttl", ".rdf"):
        form = RdfFormat.from_extension(path.suffix[1:])
        quads = list(ox.parse(path.read_bytes(), form, base_iri=iri_of(path)))
        graph = Dataset(Quad(*quad.triple) for quad in quads)
        rows = _result_set(graph)
        return graph if rows is None else rows
    return read(path.read_bytes(), MEDIA[path.suffix])


def read(body: bytes, media: str) -> bool | list[Row] | Dataset:
    """What the body of an answer says, by its media type."""
    media = media.partition(";")[0]
    if media == "text/csv":
        lines = list(csv.reader(io.StringIO(body.decode("utf-8"), newline="")))
        return [dict(zip(lines[0], line, strict=True)) for line in lines[1:]]
    if form := QueryResultsFormat.from_media_type(media):
        answer = ox.parse_query_results(body, form)
        if isinstance(answer, QueryBoolean):
            return bool(answer)
        assert isinstance(answer, QuerySolutions)
        names = [variable.value for variable in answer.variables]
        return [{name: row[name] for name in names if row[name] is not None} for row in answer]
    return Dataset(Quad(*quad.triple) for quad in ox.parse(body, RdfFormat.from_media_type(media)))


def variables(body: bytes, media: str) -> set[str]:
    """The variables that the head of a result names."""
    media = media.partition(";")[0]
    if media == "text/csv":
        return set(next(csv.reader(io.StringIO(body.decode("utf-8"), newline=""))))
    answer = ox.parse_query_results(body, QueryResultsFormat.from_media_type(media))
    assert isinstance(answer, QuerySolutions)
    return {variable.value for variable in answer.variables}


def same(expected: Any, found: Any, *, ordered: bool = False) -> bool:
    """Whether two answers say the same; rows in the same order only if `ordered`."""
    if type(expected) is not type(found):
        return False
    if isinstance(expected, Dataset):
        return canonical(expected) == canonical(found)
    if isinstance(expected, list):
        return len(expected) == len(found) and _matched(expected, found, {}, ordered)
    return bool(expected == found)


def canonical(graph: Dataset) -> Dataset:
    """The graph with its blank nodes called by what is said of them."""
    copy = Dataset(graph)
    copy.canonicalize(CanonicalizationAlgorithm.UNSTABLE)
    return copy


def _matched(expected: Sequence[Row], found: Sequence[Row], nodes: dict[str, str], ordered: bool) -> bool:
    """Whether each expected row has one found row of its own, with one and the same naming of blank nodes."""
    if not expected:
        return True
    for place, row in enumerate(found[:1] if ordered else found):
        more = _unified(expected[0], row, nodes)
        if more is not None:
            rest = [*found[:place], *found[place + 1 :]]
            if _matched(expected[1:], rest, more, ordered):
                return True
    return False


def _unified(expected: Row, found: Row, nodes: dict[str, str]) -> dict[str, str] | None:
    """The naming of blank nodes under which two rows are equal; None if there is none."""
    if set(expected) != set(found):
        return None
    nodes = dict(nodes)
    for name, term in expected.items():
        mine, theirs = _blank(term), _blank(found[name])
        if (mine is None) != (theirs is None):
            return None
        if mine is None or theirs is None:
            if _value(term) != _value(found[name]):
                return None
        elif nodes.setdefault(mine, theirs) != theirs or list(nodes.values()).count(theirs) > 1:
            return None
    return nodes


def _blank(term: Any) -> str | None:
    if isinstance(term, BlankNode):
        return term.value
    return term if isinstance(term, str) and term.startswith("_:") else None


def _value(term: Any) -> Any:
    """A term; of a number or a truth value what it means and its datatype: the store may write it anew."""
    if not isinstance(term, Literal):
        return term
    datatype = term.datatype.value
    if datatype == XSD + "boolean":
        return datatype, term.value in ("true", "1")
    if datatype in _NUMBERS:
        try:
            number = Decimal(term.value)
        except InvalidOperation:
            return term
        return datatype, float(number) if datatype in (XSD + "float", XSD + "double") else number
    return term


def _result_set(graph: Dataset) -> list[Row] | None:
    """The rows that a graph in the vocabulary of result sets describes, if it does."""

    def values(subject: Any, name: str) -> list[Any]:
        return [quad.object for quad in graph.quads_for_subject(subject) if quad.predicate.value == RS + name]

    solutions = [quad.object for quad in graph if quad.predicate.value == RS + "solution"]
    if not any(quad.object == NamedNode(RS + "ResultSet") for quad in graph):
        return None
    return [
        {
            values(binding, "variable")[0].value: values(binding, "value")[0]
            for binding in values(solution, "binding")
        }
        for solution in solutions
    ]
