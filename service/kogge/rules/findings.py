"""Findings: what a rule says about a thing, where that stands, and how it travels: as JSON, as a report."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cache
from typing import Final, Literal, TypeAlias, get_args

import rdflib
from rdflib import RDF, SH, BNode, URIRef
from rdflib.collection import Collection
from rdflib.namespace import NamespaceManager
from rdflib.term import Node
from rdflib.util import from_n3

from kogge import names, syntax
from kogge.rules.profiles import profiles, shapes_of

Severity: TypeAlias = Literal["violation", "warning", "info"]
SEVERITIES: Final[tuple[Severity, ...]] = get_args(Severity)
MAX_LISTED: Final = 1000

_NAME: Final = re.compile(r"<[^<>\s]*>|[\w.-]*:[\w.-]*")
_LITERAL: Final = re.compile(r'("(?:[^"\\]|\\.)*")(?:@([A-Za-z0-9-]+)|\^\^(\S+))?', re.DOTALL)
_STATEMENT: Final = re.compile(rf"\s*({_NAME.pattern})(?=\s|$)")
_PREFIX: Final = re.compile(r"\s*(?:@prefix|PREFIX)\s+([\w.-]*):\s*<([^<>\s]*)>", re.IGNORECASE)


@dataclass(frozen=True)
class Where:
    """Where a finding is: line and column of a text, or sheet, row and cell of a table; all count from 1."""

    line: int | None = None
    column: int | None = None
    sheet: str | None = None
    row: int | None = None
    cell: str | None = None


@dataclass(frozen=True)
class Finding:
    """What one rule says about one thing.

    `subject` is an IRI (or a blank node, `_:…`); `path` and `value` are written as in SPARQL and Turtle,
    `shape` and `component` (the sort of constraint, SHACL section 3.6.2.6) as prefixed names.
    """

    severity: Severity
    message: str
    subject: str
    path: str | None
    value: str | None
    shape: str
    component: str = ""
    where: Where = Where()


def refused(findings: Iterable[Finding]) -> bool:
    """Whether a contribution with these findings is refused: one of them is a violation."""
    return any(finding.severity == "violation" for finding in findings)


def as_problem(findings: Sequence[Finding]) -> dict[str, object]:
    """The JSON of findings: at most 1,000 listed, all counted in `total`; what is not known is left out."""
    return {
        "title": "The data has findings" if findings else "The data conforms",
        "status": 422 if refused(findings) else 200,
        "findings": [_json(finding) for finding in findings[:MAX_LISTED]],
        "total": len(findings),
    }


def report(findings: Iterable[Finding]) -> rdflib.Graph:
    """The findings as a validation report (SHACL, section 3.6), without paths that are no single property."""
    graph = rdflib.Graph(namespace_manager=_namespaces())
    root = BNode()
    graph.add((root, RDF.type, SH.ValidationReport))
    for finding in findings:
        result = BNode()
        shape = _read(finding.shape)
        graph.add((root, SH.result, result))
        graph.add((result, RDF.type, SH.ValidationResult))
        graph.add((result, SH.focusNode, _subject(finding.subject)))
        graph.add((result, SH.resultSeverity, SH[finding.severity.capitalize()]))
        graph.add((result, SH.resultMessage, rdflib.Literal(finding.message)))
        graph.add((result, SH.sourceConstraintComponent, _read(finding.component)))
        if owner := _named_shapes().value(predicate=SH.sparql, object=shape):
            graph.add((result, SH.sourceShape, owner))
            graph.add((result, SH.sourceConstraint, shape))
        else:
            graph.add((result, SH.sourceShape, shape))
        if finding.path and _NAME.fullmatch(finding.path):
            graph.add((result, SH.resultPath, _read(finding.path)))
        if finding.value:
            graph.add((result, SH.value, _read(finding.value)))
    conforms = (root, SH.result, None) not in graph
    graph.add((root, SH.conforms, rdflib.Literal(conforms)))
    return graph


def predicates(path: str) -> list[str]:
    """The IRIs of the properties in a path, as a finding has it."""
    return [str(_read(name)) for name in _NAME.findall(path)]


def plain(value: str) -> str:
    """The IRI or the text of a value, as a finding has it."""
    return str(_read(value))


def locate(text: str, subject: str) -> int | None:
    """The first line of a Turtle text that begins a statement about this subject, if that is easily found."""
    return _first_lines(text.splitlines()).get(subject)


def ordered(found: Iterable[Finding], lines: Iterable[str] = ()) -> list[Finding]:
    """Each finding once, the worst first, then by subject and path; with its line if there are lines."""
    once: dict[Finding, Finding] = {}
    for finding in sorted(found, key=_order):
        once.setdefault(replace(finding, component=""), finding)
    first: Mapping[str, int] = _first_lines(lines) if once else {}
    return [replace(finding, where=Where(line=first.get(finding.subject))) for finding in once.values()]


def _first_lines(lines: Iterable[str]) -> dict[str, int]:
    """Subject → the first line of Turtle that begins with it, where the statement before has ended."""
    prefixes: dict[str, str] = {}
    first: dict[str, int] = {}
    ended = True
    for number, line in enumerate(lines, 1):
        declared = _PREFIX.match(line)
        if declared:
            prefixes[declared[1]] = declared[2]
        elif ended and (match := _STATEMENT.match(line)):
            prefix, _, local = match[1].partition(":")
            iri = match[1][1:-1] if match[1].startswith("<") else prefixes.get(prefix, f"{prefix}:") + local
            first.setdefault(iri, number)
        bare = line.strip()
        if bare and not bare.startswith("#"):
            ended = bare.endswith(".") or declared is not None
    return first


def read(results: rdflib.Graph, result: Node) -> Finding:
    """One result of the validation as a finding."""
    subject, value = results.value(result, SH.focusNode), results.value(result, SH.value)
    severity = str(results.value(result, SH.resultSeverity)).removeprefix(names.SH).lower()
    constraint = results.value(result, SH.sourceConstraint)
    shape = constraint if isinstance(constraint, URIRef) else results.value(result, SH.sourceShape)
    path = results.value(result, SH.resultPath)
    component = results.value(result, SH.sourceConstraintComponent)
    return Finding(
        severity=next(known for known in SEVERITIES if known == severity),
        message=str(results.value(result, SH.resultMessage)),
        subject=str(subject) if isinstance(subject, URIRef) else f"_:{subject}",
        path=None if path is None else _path(results, path),
        value=None if value is None or value == subject else written(value),
        shape=written(shape) if shape is not None else "",
        component=written(component) if component is not None else "",
    )


def _path(graph: rdflib.Graph, path: Node) -> str:
    """A SHACL property path in the syntax of SPARQL (SHACL, section 2.3.1)."""
    if isinstance(path, URIRef):
        return written(path)
    if inverse := graph.value(path, SH.inversePath):
        return f"^{_path(graph, inverse)}"
    if choice := graph.value(path, SH.alternativePath):
        return "|".join(_path(graph, step) for step in Collection(graph, choice))
    return "/".join(_path(graph, step) for step in Collection(graph, path))


def _order(finding: Finding) -> tuple[object, ...]:
    rank = SEVERITIES.index(finding.severity)
    path, value = finding.path or "", finding.value or ""
    return rank, finding.subject, path, finding.shape, value, finding.message, finding.component


def _json(finding: Finding) -> dict[str, object]:
    entry = {key: value for key, value in vars(finding).items() if value is not None}
    return entry | {"where": {k: v for k, v in asdict(finding.where).items() if v is not None}}


@cache
def _named_shapes() -> rdflib.Graph:
    """The shapes of all profiles."""
    graph = rdflib.Graph()
    for profile in profiles():
        graph += shapes_of(profile)
    return graph


@cache
def _namespaces() -> NamespaceManager:
    manager = rdflib.Graph(bind_namespaces="none").namespace_manager
    for prefix, namespace in {**syntax.prefixes(), "kgs": names.BASE + "shapes#"}.items():
        manager.bind(prefix, namespace)
    return manager


def written(term: Node) -> str:
    """A term as a finding has it: with our prefixes where they fit."""
    return term.n3(_namespaces()) if isinstance(term, URIRef | rdflib.Literal) else f"_:{term}"


def _read(text: str) -> Node:
    """The term of which `written` says this; literals keep their form: some are very long numbers."""
    if literal := _LITERAL.fullmatch(text):
        datatype = URIRef(str(_read(literal[3]))) if literal[3] else None
        return rdflib.Literal(str(from_n3(literal[1])), literal[2], datatype, normalize=False)
    term = from_n3(text, nsm=_namespaces())
    return term if isinstance(term, Node) else rdflib.Literal(text)


def _subject(text: str) -> URIRef | BNode:
    return BNode(text[2:]) if text.startswith("_:") else URIRef(text)
