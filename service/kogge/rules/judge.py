"""The judge: pySHACL holds things against the shapes that are aimed at them, and says what it finds."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import cache
from typing import Final, TypeAlias

import rdflib
from rdflib import RDF, RDFS, SH
from rdflib.term import Node

from kogge import names
from kogge.errors import KoggeError
from kogge.rules import findings
from kogge.rules.findings import Finding
from kogge.rules.layers import Layers, Reading
from kogge.rules.profiles import known_to, shapes_of

# Shape → the things that it is to judge.
Aims: TypeAlias = Mapping[Node, set[Node]]

_Triple: TypeAlias = tuple[Node, Node, Node]

TARGETS: Final = (SH.targetClass, SH.targetSubjectsOf)
_NOTES: Final = (SH.name, SH.description, SH.order)


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
    graph = Reading(Layers(data, *known_to(profile, context)))
    aims = aimed_at(set(data.subjects()), graph, profile)
    return findings.ordered(judge(graph, profile, aims, lang), text.splitlines())


def aimed_at(subjects: Iterable[Node], graph: rdflib.Graph, profile: str) -> Aims:
    """Which shapes judge which of these subjects (SHACL, sections 2.1.3.2 and 2.1.3.4).

    Everything is an rdfs:Resource (RDF Schema 1.1, section 2.1): that class means all that is described.
    """
    by_class, by_property = (_aiming(profile, target) for target in TARGETS)
    above: dict[Node, set[Node]] = {}
    aims: defaultdict[Node, set[Node]] = defaultdict(set)
    for subject in subjects:
        classes: set[Node] = {RDFS.Resource}
        for kind in graph.objects(subject, RDF.type):
            if kind not in above:
                above[kind] = {up for up in graph.transitive_objects(kind, RDFS.subClassOf) if up}
            classes |= above[kind]
        for value in classes:
            for shape in by_class.get(value, ()):
                aims[shape].add(subject)
        for value in graph.predicates(subject, unique=True):
            for shape in by_property.get(value, ()):
                aims[shape].add(subject)
    return aims


def judge(graph: rdflib.Graph, profile: str, aims: Aims, lang: str) -> Iterator[Finding]:
    """What pySHACL says of these things, in no order; `graph` is all that it can look up."""
    import pyshacl  # here, because it takes longer to load than all the rest, and the service never judges

    shapes = rdflib.Graph(store="SimpleMemory")
    for shape, things in aims.items():
        for triple in _spoken(shape, profile, lang if lang in names.LANGUAGES else "en"):
            shapes.add(triple)
        for thing in things:
            shapes.add((shape, SH.targetNode, thing))
    _conforms, results, _text = pyshacl.validate(graph, shacl_graph=shapes, inference="none", advanced=False)
    if not isinstance(results, rdflib.Graph):
        raise KoggeError(f"The rules of profile '{profile}' could not be run: {results}")
    return (findings.read(results, result) for result in results.objects(predicate=SH.result))


@cache
def _spoken(shape: Node, profile: str, lang: str) -> Collection[_Triple]:
    """All that a shape consists of but its target, in one language.

    What pySHACL need not read costs no time: shapes with nothing to judge, notes, what nobody will read.
    """
    shapes = shapes_of(profile)
    triples: list[_Triple] = []
    seen, to_come = {shape}, [shape]
    while to_come:
        for triple in shapes.triples((to_come.pop(), None, None)):
            _subject, predicate, value = triple
            if predicate in TARGETS or predicate in _NOTES:
                continue
            if predicate == SH.message and isinstance(value, rdflib.Literal) and value.language != lang:
                continue
            triples.append(triple)
            if value not in seen:
                seen.add(value)
                to_come.append(value)
    return triples


@cache
def _aiming(profile: str, target: Node) -> Mapping[Node, list[Node]]:
    """Class or property → the shapes that have it as this kind of target."""
    aiming: defaultdict[Node, list[Node]] = defaultdict(list)
    for shape, value in shapes_of(profile).subject_objects(target):
        aiming[value].append(shape)
    return aiming
