"""Level 6, portal: our own words, read for their page: terms, code lists, and what uses them."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final, TypeAlias

from pyoxigraph import BlankNode, Literal, NamedNode, Triple

from kogge import artefacts, names, questions, syntax

Texts: TypeAlias = Mapping[str, str]  # by language
Said: TypeAlias = Mapping[object, Mapping[str, Sequence[object]]]

ONTOLOGY: Final = names.KOGGE.rstrip("#")
_MATCHES: Final = ("exactMatch", "closeMatch", "broadMatch", "narrowMatch", "relatedMatch")
_CLASSES: Final = (names.OWL + "Class",)
_PROPERTIES: Final = (names.OWL + "ObjectProperty", names.OWL + "DatatypeProperty")
_VERSION: Final = re.compile(rf'<{ONTOLOGY}> <{names.OWL}versionInfo> "([^"]+)"'.encode())
_TERM: Final = re.compile(r"(?<![\w/])kogge:([A-Za-z]\w*)")


@dataclass(frozen=True)
class Rule:
    """What a shape says of a property of a class: where it stands, how many values, and which."""

    shape: str
    path: Sequence[str]
    name: Texts
    description: Texts
    least: str
    most: str
    values: Sequence[str]


@dataclass(frozen=True)
class Term:
    """A class, a property, a code list or a value of one. IRIs are given in full, `key` is what follows #."""

    iri: str
    key: str
    kind: str  # class, property, list or value
    labels: Texts
    definitions: Texts
    notes: Sequence[str]
    parents: Sequence[str]
    children: Sequence[str]
    matches: Sequence[tuple[str, str]]
    numbers: Sequence[tuple[str, str]]
    values: Sequence[Term]
    rules: Sequence[Rule]
    used: Sequence[str]  # classes in whose rules a property stands
    questions: Sequence[str]  # group/name


@dataclass(frozen=True)
class Words:
    """The page: what the ontology says of itself, and its terms by kind, each in the order of their keys."""

    version: str
    issued: str
    titles: Texts
    descriptions: Texts
    classes: Sequence[Term]
    properties: Sequence[Term]
    lists: Sequence[Term]


def version_of(body: bytes) -> str:
    """The version that an ontology in N-Triples says it is; nothing if it says none."""
    found = _VERSION.search(body)
    return found[1].decode() if found else ""


def words(triples: Iterable[Triple]) -> Words:
    """The terms of an ontology, with what the shapes and the saved questions of this release say of them."""
    said = _said(triples)
    about = said.get(NamedNode(ONTOLOGY), {})
    return Words(
        version=_first(about, names.OWL + "versionInfo"),
        issued=_first(about, names.DCTERMS + "issued"),
        titles=_texts(about, names.DCTERMS + "title"),
        descriptions=_texts(about, names.DCTERMS + "description"),
        classes=_terms(said, _CLASSES, "class"),
        properties=_terms(said, _PROPERTIES, "property"),
        lists=_terms(said, (names.SKOS + "ConceptScheme",), "list"),
    )


@cache
def shapes() -> tuple[Triple, ...]:
    """All rules of the repository, as they stand in its files."""
    return tuple(triple for path in artefacts.files("shapes", ".ttl") for triple in syntax.read_file(path))


@cache
def named() -> Mapping[str, Sequence[str]]:
    """The IRIs of the classes ("class") and properties ("property") that our words and rules name."""
    ontology = syntax.read_file(artefacts.folder("ontology") / "kogge.ttl")
    targets, paths = (names.SH + "targetClass", names.SH + "class"), (names.SH + "path",)
    return {
        "class": sorted(_declared(ontology, _CLASSES) | _used(targets)),
        "property": sorted(_declared(ontology, _PROPERTIES) | _used(paths)),
    }


def _declared(triples: Iterable[Triple], types: Sequence[str]) -> set[str]:
    mine = (t for t in triples if t.predicate.value == names.RDF + "type" and _text(t.object) in types)
    return {t.subject.value for t in mine if isinstance(t.subject, NamedNode)}


def _used(predicates: Sequence[str]) -> set[str]:
    """What stands in our rules behind these predicates."""
    values = (t.object for t in shapes() if t.predicate.value in predicates)
    return {value.value for value in values if isinstance(value, NamedNode)}


def _terms(said: Said, types: Sequence[str], kind: str) -> list[Term]:
    mine = [
        iri.value
        for iri, about in said.items()
        if isinstance(iri, NamedNode)
        and iri.value.startswith(names.KOGGE)
        and set(types) & {_text(each) for each in about[names.RDF + "type"]}
    ]
    return [_term(said, iri, kind) for iri in sorted(mine, key=str.lower)]


def _term(said: Said, iri: str, kind: str) -> Term:
    about = said[NamedNode(iri)]
    above = [names.RDFS + "subClassOf", names.RDFS + "subPropertyOf"]
    inside = [
        each.value
        for each, those in said.items()
        if isinstance(each, NamedNode) and NamedNode(iri) in those[names.SKOS + "inScheme"]
    ]
    key = iri.removeprefix(names.KOGGE)
    numbers = [(name, _first(about, names.KOGGE + name)) for name in ("strength", "closeness")]
    return Term(
        iri=iri,
        key=key,
        kind=kind,
        labels={**_texts(about, names.RDFS + "label"), **_texts(about, names.SKOS + "prefLabel")},
        definitions={**_texts(about, names.RDFS + "comment"), **_texts(about, names.SKOS + "definition")},
        notes=[_text(each) for each in about[names.SKOS + "editorialNote"]],
        parents=sorted(_text(each) for name in above for each in about[name]),
        children=sorted(
            each.value
            for each, those in said.items()
            if isinstance(each, NamedNode) and any(NamedNode(iri) in those[name] for name in above)
        ),
        matches=[(name, _text(each)) for name in _MATCHES for each in about[names.SKOS + name]],
        numbers=[(name, number) for name, number in numbers if number],
        values=[_term(said, each, "value") for each in sorted(inside, key=str.lower)],
        rules=_rules().get(iri, ()),
        used=sorted(each for each, rules in _rules().items() if any(iri in rule.path for rule in rules)),
        questions=_asked().get(key, ()),
    )


@cache
def _rules() -> Mapping[str, Sequence[Rule]]:
    """Class → what the shapes say of its properties, in their order."""
    said = _said(shapes())
    found: dict[str, list[tuple[int, Rule]]] = defaultdict(list)
    for about in list(said.values()):
        for target in about[names.SH + "targetClass"]:
            for shape in about[names.SH + "property"]:
                rule = said[shape]
                if rule[names.SH + "path"] and rule[names.SH + "name"]:
                    order = int(_first(rule, names.SH + "order") or 0)
                    found[_text(target)].append((order, _rule(said, shape, rule)))
    return {
        target: [rule for _, rule in sorted(rules, key=lambda pair: (pair[0], pair[1].shape))]
        for target, rules in found.items()
    }


def _rule(said: Said, shape: object, rule: Mapping[str, Sequence[object]]) -> Rule:
    values = [
        _text(each)
        for name in ("class", "datatype", "in")
        for one in rule[names.SH + name]
        for each in (_items(said, one) if name == "in" else [one])
    ]
    return Rule(
        shape=_text(shape),
        path=[each for one in rule[names.SH + "path"] for each in _path(said, one)],
        name=_texts(rule, names.SH + "name"),
        description=_texts(rule, names.SH + "description"),
        least=_first(rule, names.SH + "minCount") or "0",
        most=_first(rule, names.SH + "maxCount") or "*",
        values=values,
    )


def _path(said: Said, path: object) -> list[str]:
    """The properties of a path: itself, or those of its alternatives."""
    if isinstance(path, NamedNode):
        return [path.value]
    steps = [each for values in said[path].values() for value in values for each in _items(said, value)]
    return [each.value for each in steps if isinstance(each, NamedNode)]


def _items(said: Said, node: object) -> list[object]:
    """The items of a list of RDF; of what is none itself."""
    items: list[object] = []
    while isinstance(node, BlankNode) and said[node][names.RDF + "first"]:
        items += said[node][names.RDF + "first"]
        node = said[node][names.RDF + "rest"][0]
    return items or [node]


@cache
def _asked() -> Mapping[str, Sequence[str]]:
    """Key of a term → the saved questions in which it stands, as group/name."""
    found: dict[str, list[str]] = defaultdict(list)
    for question in questions.all_questions("lookup"):
        for key in sorted(set(_TERM.findall(question.text))):
            found[key].append(f"{question.group}/{question.name}")
    return found


def _said(triples: Iterable[Triple]) -> Said:
    found: dict[object, dict[str, list[object]]] = defaultdict(lambda: defaultdict(list))
    for triple in sorted(set(triples), key=str):
        found[triple.subject][triple.predicate.value].append(triple.object)
    return found


def _texts(about: Mapping[str, Sequence[object]], name: str) -> Texts:
    texts = {each.language: each.value for each in about[name] if isinstance(each, Literal) and each.language}
    return {lang: texts[lang] for lang in names.LANGUAGES if lang in texts}


def _first(about: Mapping[str, Sequence[object]], name: str) -> str:
    return _text(about[name][0]) if about[name] else ""


def _text(term: object) -> str:
    return term.value if isinstance(term, NamedNode | Literal) else str(term)
