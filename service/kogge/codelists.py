"""Level 3, code lists of others: a portal wants each value that is named with its type, list and label."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Final

from pyoxigraph import Literal, NamedNode, Triple

from kogge import artefacts, names
from kogge.errors import Misconfigured

_FILE: Final = "code-lists.toml"
_TYPE: Final = NamedNode(names.RDF + "type")


@dataclass(frozen=True)
class Value:
    """A value of a list: its key there (`DEU`), what else is known of it (`of`, `terms`, `url`, `short`)."""

    iri: str
    key: str
    labels: Mapping[str, str]
    more: Mapping[str, str]


@dataclass(frozen=True)
class CodeList:
    """A list of values by key; `kind` is the class of its values beside skos:Concept, if it has one."""

    name: str
    scheme: str
    namespace: str
    kind: str
    values: Mapping[str, Value]


@cache
def code_lists() -> Mapping[str, CodeList]:
    """All lists by the name they have here (`language`, `theme`). Raises Misconfigured."""
    path = artefacts.folder("ontology") / _FILE
    try:
        listed = tomllib.loads(path.read_text(encoding="utf-8"))
        return {name: _list(name, entry) for name, entry in listed.items()}
    except (OSError, tomllib.TOMLDecodeError, KeyError, AttributeError) as error:
        raise Misconfigured(f"{path} cannot be used: {error}.", "Restore the file.") from error


def value(name: str, key: str) -> Value:
    """A value that the program names itself. Raises Misconfigured where the list does not have it."""
    try:
        return code_lists()[name].values[key]
    except KeyError as error:
        raise Misconfigured(f"'{key}' is missing in the list '{name}' of ontology/{_FILE}.") from error


@cache
def place_of() -> Mapping[str, Value]:
    """Thing of ours (its IRI) → the place of the EU list that it is."""
    places = code_lists()["place"].values.values()
    return {names.ID + place.more["of"]: place for place in places}


def described(iris: Iterable[str]) -> Iterator[Triple]:
    """Those of the IRIs that are values of a list, or lists: each with its types, its list, its labels."""
    schemes: set[str] = set()
    for iri in sorted(set(iris)):
        found = _by_iri().get(iri)
        if found is None:
            if iri in _schemes():
                schemes.add(iri)
            continue
        code_list, one = found
        subject = NamedNode(iri)
        schemes.add(code_list.scheme)
        yield Triple(subject, _TYPE, NamedNode(names.SKOS + "Concept"))
        if code_list.kind:
            yield Triple(subject, _TYPE, NamedNode(code_list.kind))
        yield Triple(subject, NamedNode(names.SKOS + "inScheme"), NamedNode(code_list.scheme))
        for lang, label in one.labels.items():
            yield Triple(subject, NamedNode(names.SKOS + "prefLabel"), Literal(label, language=lang))
    for iri in sorted(schemes):
        # DCAT-AP wants a title of what is typed as a list; the lists themselves have none.
        yield Triple(NamedNode(iri), _TYPE, NamedNode(names.SKOS + "ConceptScheme"))
        title = Literal(_schemes()[iri], language="en")
        yield Triple(NamedNode(iri), NamedNode(names.DCTERMS + "title"), title)


@cache
def _by_iri() -> Mapping[str, tuple[CodeList, Value]]:
    return {one.iri: (each, one) for each in code_lists().values() for one in each.values.values()}


@cache
def _schemes() -> Mapping[str, str]:
    """IRI of a list → its title."""
    return {each.scheme: each.scheme.rstrip("/").rpartition("/")[2] for each in code_lists().values()}


def _list(name: str, entry: Mapping[str, object]) -> CodeList:
    namespace, rows = str(entry["namespace"]), entry["values"]
    if not isinstance(rows, dict):
        raise KeyError("values")
    values = {key: _value(namespace, key, row) for key, row in rows.items()}
    return CodeList(name, str(entry["scheme"]), namespace, str(entry.get("class", "")), values)


def _value(namespace: str, key: str, row: Mapping[str, str]) -> Value:
    labels = {lang: row[lang] for lang in names.LANGUAGES if lang in row}
    more = {name: text for name, text in row.items() if name not in labels}
    return Value(namespace + key, key, labels, more)
