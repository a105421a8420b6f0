"""Level 4, rules: holds a graph against the shapes of a profile and says in one language what was found.

A profile (`shapes/profiles.toml`) names its shape files, and the folders whose statements are merged in, so
that a rule can look up what a thing points to. Rules are SHACL Core and SPARQL-based constraints (SHACL,
sections 4 and 5); nothing is inferred, nothing imported.
"""

from __future__ import annotations

import logging
import re
import tomllib
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cache
from typing import Any, Final, Literal, Self, TypeAlias, get_args

import pyoxigraph as ox
import pyshacl
import rdflib
from rdflib import RDF, RDFS, SH, BNode, URIRef
from rdflib.collection import Collection
from rdflib.namespace import NamespaceManager
from rdflib.paths import Path
from rdflib.plugins.sparql import prepareQuery
from rdflib.plugins.sparql.sparql import Query
from rdflib.term import Node
from rdflib.util import from_n3

from kogge import artefacts, names, syntax
from kogge.errors import BadRequest, KoggeError, Misconfigured, NotFound

Severity: TypeAlias = Literal["violation", "warning", "info"]
SEVERITIES: Final[tuple[Severity, ...]] = get_args(Severity)
MAX_LISTED: Final = 1000

_FACTS: Final = "graph"
_TARGETS: Final = (SH.targetClass, SH.targetSubjectsOf)
_NOTES: Final = (SH.name, SH.description, SH.order)
_NAME: Final = re.compile(r"<[^<>\s]*>|[\w.-]*:[\w.-]*")
_LITERAL: Final = re.compile(r'("(?:[^"\\]|\\.)*")(?:@([A-Za-z0-9-]+)|\^\^(\S+))?', re.DOTALL)
_STATEMENT: Final = re.compile(rf"\s*({_NAME.pattern})(?=\s|$)")
_PREFIX: Final = re.compile(
    r"^\s*(?:@prefix|PREFIX)\s+([\w.-]*):\s*<([^<>\s]*)>", re.MULTILINE | re.IGNORECASE
)

# A date such as 2023-02-31 is a finding of a rule, not a line of the log.
logging.getLogger("rdflib.term").setLevel(logging.ERROR)


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


@dataclass(frozen=True)
class Profile:
    """A set of rules: its shape files, and the data folders in which they look things up."""

    name: str
    summary: Mapping[str, str]
    shapes: tuple[str, ...]
    context: tuple[str, ...]


@cache
def profiles() -> Mapping[str, Profile]:
    """All profiles of `shapes/profiles.toml` by name. Raises Misconfigured if it cannot be used."""
    path = artefacts.folder("shapes") / "profiles.toml"
    try:
        listed = tomllib.loads(path.read_text(encoding="utf-8"))
        return {
            name: Profile(name, entry["summary"], tuple(entry["shapes"]), tuple(entry["context"]))
            for name, entry in listed.items()
        }
    except (OSError, tomllib.TOMLDecodeError, KeyError, TypeError) as error:
        raise Misconfigured(f"{path} cannot be used: {error}.", "Restore the file.") from error


def profile_of(name: str) -> Profile:
    """The profile of this name. Raises BadRequest, naming those that exist."""
    try:
        return profiles()[name]
    except KeyError as error:
        raise BadRequest(
            f"There is no profile '{name}'.", f"Choose one of: {', '.join(profiles())}."
        ) from error


def check(
    data: rdflib.Graph,
    profile: str,
    lang: str = "en",
    context: rdflib.Graph | None = None,
    *,
    text: str = "",
) -> list[Finding]:
    """What the profile finds in the data: the worst first, then by subject and path; empty if it conforms.

    Only what the data itself describes is judged. `context` is what is known of the things it points to, and
    holds no older version of the data; if it is not given, the facts of this installation are. `text`, the
    Turtle of the data, gives the findings their lines. A language other than de, en or nl gives English.
    Raises BadRequest for an unknown profile.
    """
    chosen = profile_of(profile)
    merged = _Merged(_looked_up(profile, facts=context is None))
    merged += data
    if context is not None and _FACTS in chosen.context:
        merged += context
    shapes = _narrowed(profile, merged, set(data.subjects()), lang if lang in names.LANGUAGES else "en")
    _conforms, results, _text = pyshacl.validate(merged, shacl_graph=shapes, inference="none", advanced=False)
    if not isinstance(results, rdflib.Graph):
        raise KoggeError(f"The rules of profile '{profile}' could not be run: {results}")
    found = sorted((_finding(results, result) for result in results.objects(predicate=SH.result)), key=_order)
    once = {replace(finding, component=""): finding for finding in reversed(found)}
    lines = _lines(text)
    return [
        replace(finding, where=Where(line=lines.get(finding.subject))) for finding in reversed(once.values())
    ]


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


def to_rdflib(triples: Iterable[ox.Triple | ox.Quad]) -> rdflib.Graph:
    """The triples as an rdflib graph, term by term; literals keep the form in which they were written."""
    graph = rdflib.Graph()
    for triple in triples:
        if not isinstance(triple.subject, ox.Triple) and not isinstance(triple.object, ox.Triple):
            graph.add((_resource(triple.subject), URIRef(triple.predicate.value), _term(triple.object)))
    return graph


def locate(text: str, subject: str) -> int | None:
    """The first line of a Turtle text that begins a statement about this subject, if that is easily found."""
    return _lines(text).get(subject)


def _lines(text: str) -> dict[str, int]:
    """Subject → the first line that begins with it, where the statement before has ended."""
    prefixes = dict(_PREFIX.findall(text))
    first: dict[str, int] = {}
    ended = True
    for number, line in enumerate(text.splitlines(), 1):
        if ended and (match := _STATEMENT.match(line)):
            prefix, _, local = match[1].partition(":")
            iri = match[1][1:-1] if match[1].startswith("<") else prefixes.get(prefix, f"{prefix}:") + local
            first.setdefault(iri, number)
        bare = line.strip()
        if bare and not bare.startswith("#"):
            ended = bare.endswith(".") or _PREFIX.match(line) is not None
    return first


def predicates(path: str) -> list[str]:
    """The IRIs of the properties in a path, as a finding has it."""
    return [str(_read(name)) for name in _NAME.findall(path)]


def plain(value: str) -> str:
    """The IRI or the text of a value, as a finding has it."""
    return str(_read(value))


@cache
def inverse(profile: str) -> tuple[str, ...]:
    """The properties along which rules of a profile look back: who points to a thing. Raises BadRequest."""
    return tuple(sorted({str(each) for each in _shapes(profile).objects(predicate=SH.inversePath)}))


class _Merged(rdflib.Graph):
    """A graph on top of another, which stays as it is, so that what all checks look up is put together once.

    It reads each query once; rdflib would parse a rule anew for every thing it looks at.
    """

    def __init__(self, below: rdflib.Graph) -> None:
        super().__init__(bind_namespaces="none")
        self._below = below

    def add(self, triple: Any) -> Self:
        """Adds what is not below: every triple is there once."""
        return self if triple in self._below else super().add(triple)

    def addN(self, quads: Iterable[Any]) -> Self:  # noqa: N802 - of rdflib
        """Adds what is not below."""
        return super().addN(quad for quad in quads if quad[:3] not in self._below)

    def triples(self, triple: Any) -> Generator[Any, None, None]:
        """What is here, then what is below; a path is walked through both."""
        yield from super().triples(triple)
        if not isinstance(triple[1], Path):
            yield from self._below.triples(triple)

    def query(self, query_object: str | Query, *args: Any, **kwargs: Any) -> rdflib.query.Result:
        prepared = _prepared(query_object) if isinstance(query_object, str) else query_object
        return super().query(prepared, *args, **kwargs)


@cache
def _prepared(text: str) -> Query:
    return prepareQuery(text)


@cache
def _folder(name: str) -> rdflib.Graph:
    """All statements of a data folder."""
    return to_rdflib(triple for path in artefacts.files(name, ".ttl") for triple in syntax.read_file(path))


@cache
def _looked_up(profile: str, *, facts: bool) -> rdflib.Graph:
    """What rules look up in every check: words and classes, and the facts of this installation."""
    graph = rdflib.Graph(store="SimpleMemory", bind_namespaces="none")
    for folder in profile_of(profile).context:
        if facts or folder != _FACTS:
            graph += _folder(folder)
    graph += _shapes(profile).triples((None, RDFS.subClassOf, None))
    return graph


@cache
def _shapes(profile: str) -> rdflib.Graph:
    """The shapes of a profile, with the prefixes that their queries use."""
    graph = to_rdflib(syntax.read_file(artefacts.folder("ontology") / "prefixes.ttl"))
    for stem in profile_of(profile).shapes:
        try:
            graph += to_rdflib(syntax.read_file(artefacts.folder("shapes") / f"{stem}.ttl"))
        except NotFound as error:
            raise Misconfigured(
                f"Profile '{profile}' names '{stem}', which is no file of shapes/."
            ) from error
    return graph


def _narrowed(profile: str, data: rdflib.Graph, subjects: set[Node], lang: str) -> rdflib.Graph:
    """The shapes of a profile that are aimed at these subjects, at them alone, speaking one language.

    What is only looked up is not judged and costs no time; nor do shapes that nothing is held against, notes,
    and messages that nobody will read.
    """
    aimed = rdflib.Graph(store="SimpleMemory", bind_namespaces="none")
    for shape, predicate, value in _aims(profile):
        targets = subjects.intersection(_targets(data, predicate, value))
        aimed += ((shape, SH.targetNode, target) for target in targets)
    for shape in set(aimed.subjects()):
        aimed += _whole(profile, shape, lang)
    return aimed


@cache
def _aims(profile: str) -> tuple[tuple[Node, Node, Node], ...]:
    """What the shapes of a profile are for: shape, sort of target, class or property."""
    return tuple(triple for kind in _TARGETS for triple in _shapes(profile).triples((None, kind, None)))


@cache
def _whole(profile: str, shape: Node, lang: str) -> tuple[tuple[Node, Node, Node], ...]:
    """A shape with all that it is made of, in one language."""
    shapes = _shapes(profile)
    seen, ahead, found = {shape}, [shape], []
    while ahead:
        for triple in shapes.triples((ahead.pop(), None, None)):
            _, predicate, value = triple
            spoken = not isinstance(value, rdflib.Literal) or value.language == lang
            if predicate in _TARGETS or predicate in _NOTES or (predicate == SH.message and not spoken):
                continue
            found.append(triple)
            if not isinstance(value, rdflib.Literal) and value not in seen:
                seen.add(value)
                ahead.append(value)
    return tuple(found)


def _targets(data: rdflib.Graph, kind: Node, value: Node) -> Iterator[Node]:
    """The things that a target declaration means (SHACL, sections 2.1.3.2 and 2.1.3.4).

    Everything is an rdfs:Resource (RDF Schema 1.1, section 2.1): that class means all that is described.
    """
    if value == RDFS.Resource:
        yield from data.subjects(unique=True)
    if kind == SH.targetSubjectsOf:
        yield from data.subjects(value)
        return
    for of_class in data.transitive_subjects(RDFS.subClassOf, value):
        yield from data.subjects(RDF.type, of_class)


def _finding(results: rdflib.Graph, result: Node) -> Finding:
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
        value=None if value is None or value == subject else _written(value),
        shape=_written(shape) if shape is not None else "",
        component=_written(component) if component is not None else "",
    )


def _path(graph: rdflib.Graph, path: Node) -> str:
    """A SHACL property path in the syntax of SPARQL (SHACL, section 2.3.1)."""
    if isinstance(path, URIRef):
        return _written(path)
    if inverse := graph.value(path, SH.inversePath):
        return f"^{_path(graph, inverse)}"
    if choice := graph.value(path, SH.alternativePath):
        return "|".join(_path(graph, step) for step in Collection(graph, choice))
    return "/".join(_path(graph, step) for step in Collection(graph, path))


def _order(finding: Finding) -> tuple[object, ...]:
    rank = SEVERITIES.index(finding.severity)
    return rank, finding.subject, finding.path or "", finding.shape, finding.value or "", finding.message


def _json(finding: Finding) -> dict[str, object]:
    entry = {key: value for key, value in vars(finding).items() if value is not None}
    return entry | {"where": {k: v for k, v in asdict(finding.where).items() if v is not None}}


@cache
def _named_shapes() -> rdflib.Graph:
    """The shapes of all profiles."""
    graph = rdflib.Graph()
    for profile in profiles():
        graph += _shapes(profile)
    return graph


@cache
def _namespaces() -> NamespaceManager:
    manager = rdflib.Graph(bind_namespaces="none").namespace_manager
    for prefix, namespace in {**syntax.prefixes(), "kgs": names.BASE + "shapes#"}.items():
        manager.bind(prefix, namespace)
    return manager


def _written(term: Node) -> str:
    return term.n3(_namespaces()) if isinstance(term, URIRef | rdflib.Literal) else f"_:{term}"


def _read(text: str) -> Node:
    """The term of which `_written` says this; literals keep their form: some are very long numbers."""
    if literal := _LITERAL.fullmatch(text):
        datatype = URIRef(str(_read(literal[3]))) if literal[3] else None
        return rdflib.Literal(str(from_n3(literal[1])), literal[2], datatype, normalize=False)
    term = from_n3(text, nsm=_namespaces())
    return term if isinstance(term, Node) else rdflib.Literal(text)


def _subject(text: str) -> URIRef | BNode:
    return BNode(text[2:]) if text.startswith("_:") else URIRef(text)


def _resource(term: ox.NamedNode | ox.BlankNode) -> URIRef | BNode:
    return URIRef(term.value) if isinstance(term, ox.NamedNode) else BNode(term.value)


def _term(term: ox.NamedNode | ox.BlankNode | ox.Literal) -> URIRef | BNode | rdflib.Literal:
    if not isinstance(term, ox.Literal):
        return _resource(term)
    if term.language:
        return rdflib.Literal(term.value, lang=term.language, normalize=False)
    datatype = None if term.datatype.value == names.XSD + "string" else URIRef(term.datatype.value)
    return rdflib.Literal(term.value, datatype=datatype, normalize=False)
