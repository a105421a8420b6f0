"""The official shapes for portals, beside our own rules: from a folder of the user's, never edited.

Each set is checked by itself, because files of different sets contradict each other. Only what the document
says is looked at, and of the code lists of others what it names: that is all that a portal sees.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any, Final

import rdflib
from rdflib import SH, URIRef
from rdflib.term import Node

from kogge import codelists, names, syntax
from kogge.errors import KoggeError, Misconfigured
from kogge.rules import findings
from kogge.rules.findings import SEVERITIES, Finding
from kogge.rules.profiles import profile_of
from kogge.rules.terms import to_rdflib

_COMPONENT: Final = "ConstraintComponent"
_WANTED: Final = (SH["class"], SH.datatype, SH.hasValue, SH.nodeKind)  # what a message can name


@dataclass(frozen=True)
class ShapeSet:
    """Shapes that are checked together: their name, where they come from, the files as patterns."""

    name: str
    origin: str
    files: tuple[str, ...]


def sets(profile: str) -> tuple[ShapeSet, ...]:
    """The official shapes that belong to a profile; none for most. Raises BadRequest for an unknown one."""
    listed = profile_of(profile).more.get("official", ())
    return tuple(ShapeSet(each["name"], each["from"], tuple(each["files"])) for each in listed)


def check(data: rdflib.Graph, profile: str, folder: Path, lang: str) -> Iterator[Finding]:
    """What the official shapes of a profile, in this folder, find in the data, in no order.

    Raises Misconfigured where a file is missing or cannot be used.
    """
    import pyshacl  # here, because the service never asks for it (see `judge`)

    graph = data + to_rdflib(codelists.described(str(value) for value in set(data.objects())))
    for each in sets(profile):
        shapes = _shapes(each, folder)
        _conforms, results, _text = pyshacl.validate(
            graph, shacl_graph=shapes, inference="none", advanced=False
        )
        if not isinstance(results, rdflib.Graph):
            raise KoggeError(f"The shapes '{each.name}' could not be run: {results}")
        for result in results.objects(predicate=SH.result):
            found = _finding(results, result, shapes, each, profile, lang)
            if not _excused(found, each, profile) and (_subject(found), None, None) in data:
                yield found


def merged(own: Iterable[Finding], others: Iterable[Finding]) -> list[Finding]:
    """Our findings, and of the others those that say something else: several sets find the same fault.

    The same thing, property and value are the same fault; ours says it in three languages.
    """
    kept = list(own)
    known = {(each.subject, name, each.value) for each in kept for name in _paths(each)}
    for each in sorted(others, key=lambda found: (SEVERITIES.index(found.severity), found.shape)):
        faults = {(each.subject, name, each.value) for name in _paths(each)}
        if not faults & known:
            known |= faults
            kept.append(each)
    return kept


def _paths(finding: Finding) -> list[str]:
    return findings.predicates(finding.path) if finding.path else [finding.shape]


@cache
def _shapes(of: ShapeSet, folder: Path) -> rdflib.Graph:
    graph = rdflib.Graph()
    for pattern in of.files:
        found = sorted(folder.glob(pattern))
        if not found:
            raise Misconfigured(
                f"The official shapes '{of.name}' are not in {folder}: there is no {pattern}.",
                f"Get them from {of.origin}, or leave KOGGE_PORTAL_SHAPES empty: then only our rules hold.",
            )
        graph += to_rdflib(syntax.read_file(found[0]))
    # A property shape that is named but defined nowhere is none (some are, in 3.0.1).
    for shape, part in list(graph.subject_objects(SH.property)):
        if (part, SH.path, None) not in graph:
            graph.remove((shape, SH.property, part))
    return graph


def _finding(
    results: rdflib.Graph, result: Node, shapes: rdflib.Graph, of: ShapeSet, profile: str, lang: str
) -> Finding:
    found = findings.read(results, result)
    source = results.value(result, SH.sourceShape)
    said = {
        text.language: str(text)
        for text in results.objects(result, SH.resultMessage)
        if isinstance(text, rdflib.Literal) and (source, SH.message, text) in shapes
    }
    if said:
        message = said.get(lang) or said.get("en") or next(iter(said.values()))
    else:
        texts = profile_of(profile).more["messages"]
        sort = found.component.rpartition(":")[2].removesuffix(_COMPONENT)
        text: Mapping[str, str] = texts.get(sort, texts["other"])
        message = text[lang if lang in names.LANGUAGES else "en"]
    wanted = next((value for each in _WANTED if (value := shapes.value(source, each))), None)
    named = f"{of.name}: {findings.written(wanted)}" if wanted and not said else of.name
    return replace(found, message=f"{message} ({named})", shape=_name(shapes, source))


def _name(shapes: rdflib.Graph, shape: Node | None) -> str:
    """The IRI of a shape, or of the one that it is part of."""
    seen: set[Node] = set()
    while shape is not None and not isinstance(shape, URIRef) and shape not in seen:
        seen.add(shape)
        shape = next((each for each in shapes.subjects(object=shape)), None)
    return shape.n3() if isinstance(shape, URIRef) else ""


def _excused(found: Finding, of: ShapeSet, profile: str) -> bool:
    return any(_fits(found, of, each) for each in profile_of(profile).more.get("excused", ()))


def _fits(found: Finding, of: ShapeSet, excuse: Mapping[str, Any]) -> bool:
    paths = findings.predicates(found.path) if found.path else []
    return (
        excuse.get("set", of.name) == of.name
        and excuse["path"] in paths
        and found.component.endswith(excuse.get("component", ""))
        and excuse.get("severity", found.severity) == found.severity
        and not (excuse.get("missing") and found.value)
    )


def _subject(found: Finding) -> Node:
    return rdflib.BNode(found.subject[2:]) if found.subject.startswith("_:") else URIRef(found.subject)
