"""Level 6, portal: triples → a tree of plain JSON that is JSON-LD 1.1 at the same time.

The tree begins with the thing; what it names is nested with its names, what points to it stands under the
inverse of the property (`isHolderOf`). Keys are those of `ontology/context.jsonld` and `inverse.jsonld`, and
only those that are used stand in the `@context`, which is always written out: nobody fetches anything.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final, TypeAlias

from pydantic_core import to_json
from pyoxigraph import BlankNode, Literal, NamedNode, RdfFormat, Triple

from kogge import artefacts, names, syntax

Json: TypeAlias = dict[str, Any]
Node: TypeAlias = NamedNode | BlankNode

_ALIASES: Final = {"iri": "@id", "type": "@type", "value": "@value"}
_TYPE: Final = names.RDF + "type"
_INTEGER: Final = re.compile(r"0|-?[1-9][0-9]{0,14}")  # what JavaScript reads without loss
_ONE: Final = Literal("1", datatype=NamedNode(names.XSD + "integer"))


@dataclass(frozen=True)
class Term:
    """How the values of a property are written: under which key, and as what."""

    key: str
    definition: object
    kind: str = ""  # @id, @vocab, the IRI of a datatype, @language, or nothing for plain text
    listed: bool = False  # whether texts of one language are always a list


def tree(triples: Iterable[Triple], root: str) -> Json:
    """What is said of the root, nested, with its context. Each statement stands in it."""
    return _Tree(triples).document(NamedNode(root))


def listed(triples: Iterable[Triple]) -> Json:
    """The things of a graph, one after the other in `@graph`; what they name is given by its IRI."""
    return _Tree(triples).graph()


def written(document: Json) -> bytes:
    """A tree as it is sent."""
    return to_json(document, indent=1) + b"\n"


@dataclass(frozen=True)
class _Text:
    """A text that stands among those of its property by its language."""

    language: str
    text: str
    listed: bool


class _Tree:
    """One document: the triples by subject, and the keys that it used."""

    def __init__(self, triples: Iterable[Triple]) -> None:
        self._said: dict[Node, list[tuple[str, Any]]] = defaultdict(list)
        for triple in sorted(set(triples), key=_order):
            if isinstance(triple.subject, NamedNode | BlankNode):
                self._said[triple.subject].append((triple.predicate.value, triple.object))
        self._used: dict[str, object] = {}
        self._names: set[str] = set()

    def document(self, root: Node) -> Json:
        pointing: dict[str, list[Node]] = defaultdict(list)
        for subject, said in self._said.items():
            for predicate, value in said:
                if value == root and subject != root:
                    pointing[predicate].append(subject)
        shown = self._node(root, root, 0)
        others: Json = {}
        for predicate in sorted(pointing, key=lambda iri: _inverse().get(iri, ("~" + iri, iri))[0]):
            nested = [self._node(each, root, 1) for each in pointing[predicate]]
            if predicate in _inverse():
                key, definition = _inverse()[predicate]
                self._used[key] = definition
                shown[key] = nested
            else:
                others[self._short(predicate)] = nested
        if others:
            shown["@reverse"] = others
        return {"@context": self._context(), **shown}

    def graph(self) -> Json:
        things = [self._node(subject, None, 2) for subject in self._said]
        return {"@context": self._context(), "@graph": things}

    def _node(self, node: Node, root: Node | None, depth: int) -> Json:
        """A node with all that is said of it; two steps from the root what it names is only named."""
        shown: Json = {"iri": str(node) if isinstance(node, BlankNode) else node.value}
        said = self._said.get(node, [])
        single = _single(value.value for predicate, value in said if predicate == _TYPE)
        for predicate, value in said:
            if predicate == _TYPE and isinstance(value, NamedNode):
                shown.setdefault("type", []).append(self._class(value.value))
            elif not (depth and root is not None and value == root):  # that stands at the root
                key, written = self._value(predicate, value, root, depth)
                _put(shown, key, written, alone=predicate in single)
        return shown

    def _value(self, predicate: str, value: Any, root: Node | None, depth: int) -> tuple[str, object]:
        """The key and what stands under it."""
        term = _terms().get(predicate)
        if isinstance(value, Literal):
            return self._literal(predicate, term, value)
        written = self._thing(value, root, depth)
        if term and term.kind in ("@id", "@vocab"):
            return self._key(term), written
        return self._short(predicate), {"iri": written} if isinstance(written, str) else written

    def _literal(self, predicate: str, term: Term | None, value: Literal) -> tuple[str, object]:
        """The key and the value; what is not of the kind of its key is written with its own."""
        datatype = value.datatype.value
        if term and term.kind == "@language" and value.language:
            return self._key(term), _Text(value.language, value.value, term.listed)
        if term and not value.language and term.kind == datatype:
            return self._key(term), _native(value)
        written = {"value": value.value}
        if value.language:
            written["@language"] = value.language
        elif datatype != names.XSD + "string":
            written["type"] = self._short(datatype)
        fits = term is not None and term.kind != "@language"
        return self._key(term) if fits and term else self._short(predicate), written

    def _thing(self, node: Node, root: Node | None, depth: int) -> object:
        """What a statement names: nested while it is near, else its IRI; a foreign one of which nothing is
        said is that alone.
        """
        iri = str(node) if isinstance(node, BlankNode) else node.value
        if node == root or depth >= 2 or (node not in self._said and iri.startswith(names.BASE)):
            return {"iri": iri} if iri.startswith((names.BASE, "_:")) else iri
        return self._node(node, root, depth + 1) if node in self._said else iri

    def _key(self, term: Term) -> str:
        self._used[term.key] = term.definition
        return term.key

    def _class(self, iri: str) -> str:
        if iri.startswith(names.KOGGE):
            return iri.removeprefix(names.KOGGE)
        if (key := _classes().get(iri)) is not None:
            self._used[key] = _context()[key]
            return key
        return self._short(iri)

    def _short(self, iri: str) -> str:
        for prefix, namespace in _namespaces().items():
            if iri.startswith(namespace) and re.fullmatch(r"[A-Za-z][\w-]*", iri[len(namespace) :]):
                self._names.add(prefix)
                return f"{prefix}:{iri[len(namespace) :]}"
        return iri

    def _context(self) -> Json:
        """What the keys mean, and nothing more."""
        context = _context()
        said = json.dumps(self._used)
        prefixes = {
            prefix: context[prefix]
            for prefix in _namespaces()
            if prefix in self._names or f'"{prefix}:' in said
        }
        own = {"@version": 1.1, "@vocab": names.KOGGE, **_ALIASES}
        return own | prefixes | dict(sorted(self._used.items()))


def _put(shown: Json, key: str, value: object, *, alone: bool) -> None:
    """Adds a value, to a list unless it is one that stands `alone`; texts by their language."""
    if isinstance(value, _Text):
        _put(shown.setdefault(key, {}), value.language, value.text, alone=not value.listed)
    elif key not in shown and alone:
        shown[key] = value
    else:
        before = shown.get(key, [])
        shown[key] = [*(before if isinstance(before, list) else [before]), value]


def _native(value: Literal) -> object:
    """A number or truth value of JSON, where reading it again gives the same."""
    if value.datatype.value == names.XSD + "integer" and _INTEGER.fullmatch(value.value):
        return int(value.value)
    if value.datatype.value == names.XSD + "boolean" and value.value in ("true", "false"):
        return value.value == "true"
    return value.value


def _order(triple: Triple) -> tuple[str, int, str, str, str]:
    """By subject; of a thing its type and name first, then by key; objects in order."""
    term = _terms().get(triple.predicate.value)
    key = term.key if term else "~" + triple.predicate.value
    first = {names.RDF + "type": 0, names.SKOS + "prefLabel": 1}.get(triple.predicate.value, 2)
    language = triple.object.language or "" if isinstance(triple.object, Literal) else ""
    return str(triple.subject), first, key, language, str(triple.object)


def parsed(body: bytes) -> list[Triple]:
    """The triples of N-Triples of ours, blank nodes under their labels."""
    return syntax.parse(body, RdfFormat.N_TRIPLES, keep_labels=True)


@cache
def _context() -> Mapping[str, Any]:
    return _read("context.jsonld")


def _read(name: str) -> Mapping[str, Any]:
    content = json.loads(syntax.read_bytes(artefacts.folder("ontology") / name))["@context"]
    found: Mapping[str, Any] = content
    return found


@cache
def _namespaces() -> Mapping[str, str]:
    """Prefix → namespace; those of things and topics are no shorter for a reader than the IRI."""
    return {
        name: meaning
        for name, meaning in _context().items()
        if isinstance(meaning, str) and meaning[-1:] in "/#" and name not in ("@vocab", "id", "topic")
    }


@cache
def _terms() -> Mapping[str, Term]:
    """The properties that have a key, by their IRI."""
    return {
        _full(entry["@id"]): _term(key, entry)
        for key, entry in _context().items()
        if isinstance(entry, dict) and "@id" in entry
    }


def _term(key: str, entry: Mapping[str, Any]) -> Term:
    container = entry.get("@container", [])
    if "@language" in container:
        return Term(key, entry, "@language", "@set" in container)
    kind = entry.get("@type", "")
    return Term(key, entry, _full(kind) if ":" in kind else kind or names.XSD + "string")


@cache
def _inverse() -> Mapping[str, tuple[str, object]]:
    """The keys for what points to a thing, by the IRI of the property."""
    return {_full(entry["@reverse"]): (key, entry) for key, entry in _read("inverse.jsonld").items()}


@cache
def _classes() -> Mapping[str, str]:
    return {
        _full(meaning): key
        for key, meaning in _context().items()
        if isinstance(meaning, str) and key[:1].isupper()
    }


def _single(classes: Iterable[str]) -> frozenset[str]:
    """The properties of which the rules for these classes allow one value: it stands alone, not in a list."""
    return frozenset().union(*(_rules().get(each, frozenset()) for each in ("", *classes)))


@cache
def _rules() -> Mapping[str, frozenset[str]]:
    """Class → the properties that have one value there; under "" those of every thing."""
    said: dict[Any, dict[str, set[Any]]] = defaultdict(lambda: defaultdict(set))
    for part in ("shapes", "ontology"):
        for path in artefacts.files(part, ".ttl"):
            for triple in syntax.read_file(path):
                said[triple.subject][triple.predicate.value].add(triple.object)
    found: dict[str, set[str]] = defaultdict(set)
    for shape in list(said):
        single = {
            path.value
            for rule in said[shape][names.SH + "property"]
            for path in said[rule][names.SH + "path"]
            if isinstance(path, NamedNode) and _ONE in said[rule][names.SH + "maxCount"]
        }
        for each in [one.value for one in said[shape][names.SH + "targetClass"]] or [""]:
            found[each] |= single
    below = [
        (each.value, above.value)
        for each in list(said)
        for above in said[each][names.RDFS + "subClassOf"]
        if isinstance(each, NamedNode)
    ]
    return {
        each: frozenset(found[each].union(*(found[above] for one, above in below if one == each)))
        for each in {*found, *(one for one, _ in below)}
    }


def _full(name: str) -> str:
    """A compact IRI of the context in full."""
    prefix, _, local = name.partition(":")
    return f"{_context()[prefix]}{local}"
