"""Suspects: each shape as one SPARQL query, which finds every thing that breaks it, and few that do not.

pySHACL then judges the suspects alone, so a query may find too many, never too few. Where a shape says what
has no query (`Untranslated`), all things at which it is aimed are suspects.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Set
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import count
from typing import Final

import pyoxigraph as ox
import rdflib
from rdflib import RDF, RDFS, SH, URIRef
from rdflib.collection import Collection
from rdflib.term import Node

from kogge.rules import terms
from kogge.rules.conditions import ON_PROPERTY, ON_VALUE, Untranslated, sparql
from kogge.rules.facts import Facts
from kogge.rules.judge import TARGETS, aimed_at
from kogge.rules.profiles import shapes_of

# What a shape says beside its constraints, or is read together with one of them.
BESIDE: Final = {
    *(RDF.type, SH.path, SH.flags, SH.qualifiedMinCount, SH.severity, *TARGETS),
    *(SH.message, SH.name, SH.description, SH.order),
}
RULE: Final = {RDF.type, SH.select, SH.prefixes, SH.message, SH.name, SH.description, SH.order}
_TRUE: Final = str(ox.Literal(True))
_TOKEN: Final = re.compile(
    r'"(?:[^"\\]|\\.)*"|<[^<>\s]*>|(?:\b(?:FILTER|HAVING)\s*\(|\b(?:NOT\s+EXISTS|OPTIONAL)\s*\{|[(){}])',
    re.IGNORECASE,
)
_WHERE: Final = re.compile(r"\bWHERE\s*\{", re.IGNORECASE)


@dataclass(frozen=True)
class Query:
    """A query for suspects as `?this`, and the shapes whose suspects they are.

    If there are several, a column of its own says for each (`?part0`, `?part1` …) whether it is meant.
    """

    text: str
    parts: tuple[Node, ...]


def suspects(facts: Facts, profile: str) -> Iterator[tuple[dict[Node, set[Node]], int]]:
    """For each shape with a target: its suspects among what is described, and how many shapes are to come.

    A property shape has suspects of its own: pySHACL says the same of them without the other properties.
    What has a literal that the store would change is a suspect of every shape that is aimed at it, because
    the store may see another value.
    """
    graph = facts.graph()
    odd = aimed_at(facts.odd, graph, profile)
    asked = _translated(profile, frozenset(graph.subject_objects(RDFS.subClassOf)))
    for index, (shape, queries_) in enumerate(asked, 1):
        found: defaultdict[Node, set[Node]] = defaultdict(set)
        found[shape] |= odd.get(shape, set())
        for query in queries_:
            for part, thing in _asked(query, facts.store):
                if thing in facts.described:
                    found[part].add(thing)
        yield found, len(asked) - index


@lru_cache(maxsize=8)
def _translated(
    profile: str, classes: frozenset[tuple[Node, Node]]
) -> tuple[tuple[Node, tuple[Query, ...]], ...]:
    """Each shape with a target, and its queries: the same for all data with these `classes`, each with one
    above it.
    """
    shapes, beneath = shapes_of(profile), defaultdict[Node, set[Node]](set)
    for each, above in classes:
        beneath[above].add(each)

    @cache
    def below(value: Node) -> set[Node]:
        found, to_come = {value}, [value]
        while to_come:
            more = beneath[to_come.pop()] - found
            found |= more
            to_come += more
        return found

    aimed = sorted({shape for target in TARGETS for shape in shapes.subjects(target)}, key=str)
    return tuple((shape, tuple(queries(shape, shapes, below))) for shape in aimed)


def queries(shape: Node, shapes: rdflib.Graph, below: Callable[[Node], set[Node]]) -> list[Query]:
    """The queries that find the suspects of a shape; `below` gives a class and all beneath it."""
    translation = Translation(shapes, below)
    try:
        return translation.queries(shape)
    except Untranslated:
        return [Query(f"SELECT DISTINCT ?this {{ {translation.target(shape)} }}", (shape,))]


def _asked(query: Query, store: ox.Store) -> Iterator[tuple[Node, Node]]:
    solutions = store.query(query.text)
    if not isinstance(solutions, ox.QuerySolutions):
        raise TypeError(f"{query.text} is no SELECT")
    for solution in solutions:
        this = solution["this"]
        if isinstance(this, ox.NamedNode | ox.BlankNode):
            for index, part in enumerate(query.parts):
                if len(query.parts) == 1 or str(solution[f"part{index}"]) == _TRUE:
                    yield part, terms.resource(this)


class Translation:
    """The translation of one shape with a target, and of all that it refers to."""

    def __init__(self, shapes: rdflib.Graph, below: Callable[[Node], set[Node]]) -> None:
        self.shapes = shapes
        self.below = below
        self._numbers = count()
        self._within: list[Node] = []
        self._top: Node | None = None

    def queries(self, shape: Node) -> list[Query]:
        """Its own constraints as one query, and each of its rules in SPARQL. Raises Untranslated."""
        self._top = shape
        target = self.target(shape)
        rules = [Query(self._rule(rule, target), (shape,)) for rule in self.shapes.objects(shape, SH.sparql)]
        parts = dict(self._parts(shape))
        if not parts:
            return rules
        any_part = " || ".join(f"({condition})" for condition in parts.values())
        columns = [f"({condition} AS ?part{index})" for index, condition in enumerate(parts.values())]
        head = f"SELECT DISTINCT ?this {' '.join(columns) if len(columns) > 1 else ''}"
        return [Query(f"{head} {{ {target} FILTER({any_part}) }}", tuple(parts)), *rules]

    def _parts(self, shape: Node) -> Iterator[tuple[Node, str]]:
        """The property shapes of a shape, and the shape itself, each with the condition that breaks it."""
        is_property = self.shapes.value(shape, SH.path) is not None
        own = self.broken(shape, "?this", parts=is_property)
        if own != "false":
            yield shape, own
        for part in () if is_property else self.shapes.objects(shape, SH.property):
            yield part, self.broken(part, "?this")

    def target(self, shape: Node) -> str:
        """What a shape is aimed at (SHACL, section 2.1.3); an rdfs:Resource is everything."""
        classes = set(self.shapes.objects(shape, SH.targetClass))
        if RDFS.Resource in classes:
            return "{ SELECT DISTINCT ?this { ?this ?anyProperty ?anyValue } }"
        properties = sorted(map(sparql, self.shapes.objects(shape, SH.targetSubjectsOf)))
        ways = [f"{{ ?this {each} ?anyValue }}" for each in properties]
        if classes:
            listed = " ".join(sorted({sparql(each) for value in classes for each in self.below(value)}))
            ways.append(f"{{ VALUES ?anyClass {{ {listed} }} ?this {sparql(RDF.type)} ?anyClass }}")
        return " UNION ".join(ways)

    def broken(self, shape: Node, node: str, *, parts: bool = True) -> str:
        """The condition under which a node breaks a shape (or it without its parts). Raises Untranslated."""
        if shape in self._within:
            raise Untranslated(f"a circle through {shape}")
        self._within.append(shape)
        path = self.shapes.value(shape, SH.path)
        known = BESIDE | ON_VALUE.keys()
        known |= ON_PROPERTY.keys() if path is not None else set()
        known |= {SH.sparql} if shape == self._top else set()
        if unknown := set(self.shapes.predicates(shape)) - known:
            raise Untranslated(f"{', '.join(sorted(map(str, unknown)))} of {shape}")
        if path is None:
            conditions = self._values(shape, node, set() if parts else {SH.property})
        else:
            conditions = self._property(shape, node, path)
        joined = " || ".join(conditions)
        self._within.pop()
        return joined or "false"

    def listed(self, head: Node) -> list[Node]:
        """The members of a list."""
        return list(Collection(self.shapes, head))

    def negated(self) -> bool:
        """Whether what is being translated stands below a sh:not."""
        return any((None, SH["not"], shape) in self.shapes for shape in self._within)

    def fresh(self) -> str:
        """A variable that is not in use."""
        return f"?v{next(self._numbers)}"

    def _property(self, shape: Node, node: str, path: Node) -> Iterator[str]:
        """The conditions of a property shape: on each of its values, and on all of them together."""
        way, value = f"{node} {self._path(path)}", self.fresh()
        if bad := " || ".join(self._values(shape, value, set())):
            yield f"EXISTS {{ {way} {value} FILTER({bad}) }}"
        for predicate, condition in ON_PROPERTY.items():
            for parameter in self.shapes.objects(shape, predicate):
                yield condition(self, shape, node, way, parameter)

    def _values(self, shape: Node, value: str, but: Set[Node]) -> Iterator[str]:
        for predicate, condition in ON_VALUE.items():
            for parameter in self.shapes.objects(shape, predicate) if predicate not in but else ():
                yield condition(self, shape, value, parameter)

    def _path(self, path: Node) -> str:
        """A property path in SPARQL (SHACL, section 2.3.1). Raises Untranslated for a repetition."""
        if isinstance(path, URIRef):
            return sparql(path)
        if inverse := self.shapes.value(path, SH.inversePath):
            return f"^{self._path(inverse)}"
        if choice := self.shapes.value(path, SH.alternativePath):
            return f"({'|'.join(map(self._path, self.listed(choice)))})"
        if (path, RDF.first, None) in self.shapes:
            return f"({'/'.join(map(self._path, self.listed(path)))})"
        raise Untranslated(f"the path {path}")

    def _rule(self, rule: Node, target: str) -> str:
        """The query of a SPARQL-based constraint (SHACL, section 5.1), over all things at once."""
        text = str(self.shapes.value(rule, SH.select))
        if set(self.shapes.predicates(rule)) - RULE or len(_WHERE.findall(text)) != 1:
            raise Untranslated(f"the rule {rule}")
        declared = "".join(
            f"PREFIX {self.shapes.value(each, SH.prefix)}: <{self.shapes.value(each, SH.namespace)}>\n"
            for vocabulary in self.shapes.objects(rule, SH.prefixes)
            for each in self.shapes.objects(vocabulary, SH.declare)
        )
        return declared + _WHERE.sub(lambda where: f"{where[0]} {target} ", doubting(text))


def doubting(query: str) -> str:
    """The query with each FILTER and HAVING true where it is an error, but not in a NOT EXISTS or OPTIONAL.

    The store makes an error of what rdflib answers: the text of a blank node, a number of thirty digits.
    """
    written: list[str] = []
    opened: list[str] = []  # the brackets that are open, each by what it began with
    end = 0
    for token in _TOKEN.finditer(query):
        written.append(query[end : token.start()])
        end = token.end()
        text = token[0]
        if text in (")", "}"):
            began = opened.pop() if opened else ""
            text = ", true))" if began == "doubted" else text
        elif text[-1] in "({":
            word = text[:-1].split()
            if word and word[0].upper() in ("FILTER", "HAVING") and "apart" not in opened:
                opened.append("doubted")
                text += "COALESCE("
            else:
                opened.append("apart" if word and word[0].upper() in ("NOT", "OPTIONAL") else "")
        written.append(text)
    return "".join(written) + query[end:]
