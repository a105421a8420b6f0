"""Contribution, the form of a spreadsheet: its sheets and columns, from `shapes/sheets.toml` and the shapes.

What a column is called, which values it takes and whether it must be filled in is said by the shape of its
class, in three languages; the file says only which columns there are, in which order.
"""

from __future__ import annotations

import tomllib
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final, TypeAlias

from pyoxigraph import BlankNode, Literal, NamedNode, Triple

from kogge import artefacts, names, syntax
from kogge.errors import Misconfigured

Words: TypeAlias = Mapping[str, str]  # language → text
_Node: TypeAlias = NamedNode | BlankNode
_KGS: Final = names.BASE + "shapes#"
_TYPE: Final = names.RDF + "type"
TAKES: Final = frozenset(
    ("text", "plain", "code", "class", "topic", "thing", "date", "day", "whole", "decimal", "yes-no", "link",
     "mailbox", "phone")
)  # fmt: skip

# What is offered for a column: classes, each group after the other. Kinds that have a sheet of their own in
# the template are offered from there.
OFFERS: Final[Mapping[str, tuple[str, ...]]] = {
    "municipality": ("kogge:Municipality",),
    "organisation": ("kogge:Municipality", "kogge:District", "kogge:Alliance", "org:Organization"),
    "alliance": ("kogge:Alliance",),
    "agreement": ("kogge:Agreement",),
    "area": ("kogge:District", "kogge:State", "kogge:Province"),
}


@dataclass(frozen=True)
class Column:
    """A column: what it is called in each language, and what its cells say.

    `steps` are the properties from the row to the thing that has `predicate`; most have none. `choices` and
    `classes` are what a value must be one of. `shape` is the rule that says so; `either` the rule that wants
    a value in this column or in another, if there is one.
    """

    key: str
    steps: tuple[str, ...]
    predicate: str
    inverse: bool
    takes: str
    name: Words
    hint: Words
    languages: str
    times: int
    required: bool
    choices: tuple[str, ...]
    classes: tuple[str, ...]
    offer: str
    also: str | None
    shape: str
    either: str
    width: int


@dataclass(frozen=True)
class Kind:
    """A sheet: what its rows are, and its columns."""

    kind: str
    type: str
    sheet: Words
    about: Words
    own: bool
    steward: bool
    named: tuple[str, ...]
    join: bool
    always: Mapping[str, str]
    columns: tuple[Column, ...]
    example: Mapping[str, Any]


@dataclass(frozen=True)
class Between:
    """A thing between a row and a cell, such as the document that is the source."""

    kind: str
    type: str
    own: bool
    ending: str


def iri(short: str) -> str:
    """The IRI of a prefixed name (`kogge:Project`). Raises Misconfigured for an unknown prefix."""
    prefix, _, local = short.partition(":")
    try:
        return syntax.prefixes()[prefix] + local
    except KeyError as error:
        raise Misconfigured(f"shapes/sheets.toml: the prefix of '{short}' is unknown.") from error


@cache
def kinds() -> Mapping[str, Kind]:
    """The sheets by kind, in the order of the template. Raises Misconfigured if the file cannot be used."""
    try:
        return {kind: _kind(kind, entry) for kind, entry in _file()["kind"].items()}
    except (KeyError, TypeError, AttributeError) as error:
        raise Misconfigured(f"shapes/sheets.toml cannot be used: {error}.", "Restore the file.") from error


@cache
def between() -> Mapping[str, Between]:
    """Property → the thing that is made between a row and a cell."""
    return {
        iri(path): Between(
            entry["kind"], iri(entry["class"]), entry.get("own", False), entry.get("ending", "")
        )
        for path, entry in _file()["between"].items()
    }


@cache
def groups() -> tuple[tuple[Words, Words, tuple[str, ...]], ...]:
    """The groups of a form on a page: the heading of each, its hint, and the keys of its columns."""
    return tuple(
        (entry["name"], entry.get("hint", {}), tuple(entry["columns"])) for entry in _file()["group"]
    )


@cache
def words() -> Mapping[str, Any]:
    """The texts of template and reading: `shapes/sheet-words.toml`. Raises Misconfigured."""
    return _read("sheet-words.toml")


def concern(shape: str) -> tuple[str, str]:
    """The property that a rule without a path looks at, and its language; each may be empty.

    Such a rule gives conditions (`sh:or`, `sh:and`, `sh:not`); the first property in them is meant.
    """
    said, found, lang = _said(), "", ""
    ahead = [_KGS + shape.removeprefix("kgs:")]
    while ahead:
        node = ahead.pop(0)
        for path in said.get((node, names.SH + "path"), ()):
            found = found or (path.value if isinstance(path, NamedNode) else "")
        for head in said.get((node, names.SH + "languageIn"), ()):
            lang = lang or next(each.value for each in _list(head))
        for word in ("or", "and"):
            for head in said.get((node, names.SH + word), ()):
                ahead += [each.value for each in _list(head)]
        for word in ("not", "qualifiedValueShape"):
            ahead += [each.value for each in said.get((node, names.SH + word), ())]
    return found, lang


def superclasses(of: str) -> list[str]:
    """The class itself and those above it, as ontology and shapes say, the nearest first."""
    found = [of]
    for each in found:
        found += [above for above in _above()[each] if above not in found]
    return found


@cache
def _file() -> Mapping[str, Any]:
    return _read("sheets.toml")


def _read(name: str) -> Mapping[str, Any]:
    path = artefacts.folder("shapes") / name
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise Misconfigured(f"{path} cannot be used: {error}.", "Restore the file.") from error


def _kind(kind: str, entry: Mapping[str, Any]) -> Kind:
    shape = _KGS + entry["shape"]
    said = _said()
    of_class = next(iter(said[shape, names.SH + "targetClass"])).value
    rules = _rules(shape, of_class)
    return Kind(
        kind=kind,
        type=of_class,
        sheet=entry["sheet"],
        about=entry.get("about") or _texts(shape, names.SH + "description"),
        own=entry.get("own", False),
        steward=entry.get("steward", False),
        named=tuple(entry["named"]),
        join=entry.get("join", False),
        always={iri(path): iri(value) for path, value in entry.get("always", {}).items()},
        columns=tuple(_column(key, rules, shape) for key in entry["columns"]),
        example=entry["example"],
    )


def _column(key: str, rules: Mapping[tuple[str, bool], list[str]], shape: str) -> Column:
    entry = _file()["column"][key]
    *steps, last = entry["path"].split("/")
    inverse = last.startswith("^")
    predicate = iri(last.removeprefix("^"))
    here = [] if steps else [*rules.get((predicate, inverse), ())]
    nearby = [] if steps else [*rules.get((f"|{predicate}", inverse), ())]
    if entry["as"] not in TAKES:
        raise Misconfigured(f"shapes/sheets.toml: column '{key}' takes '{entry['as']}'.")
    label, comment = names.RDFS + "label", names.RDFS + "comment"
    said = [*(_texts(rule, names.SH + "name") for rule in here), _texts(predicate, label),
            *(_texts(rule, names.SH + "name") for rule in nearby)]  # fmt: skip
    hints = [*(_texts(rule, names.SH + "description") for rule in here), _texts(predicate, comment)]
    return Column(
        key=key,
        steps=tuple(iri(step) for step in steps),
        predicate=predicate,
        inverse=inverse,
        takes=entry["as"],
        name=_capital(entry.get("name") or next((each for each in said if each), {})),
        hint=entry.get("hint") or next((each for each in hints if each), {}),
        languages=entry.get("languages", ""),
        times=entry.get("times", 1),
        required=entry.get("required", False) or any(map(_must, here)),
        choices=tuple(map(iri, entry.get("choices", ()))) or _first(_choices, [*here, *nearby]),
        classes=(iri(entry["class"]),) if "class" in entry else _first(_classes, [*here, *nearby]),
        offer=entry.get("offer", ""),
        also=iri(entry["with"]) if "with" in entry else None,
        shape="kgs:" + (here or nearby or [shape])[0].removeprefix(_KGS),
        either=next((rule for rule in nearby if _must(rule)), ""),
        width=entry.get("width", 20),
    )


def _capital(said: Words) -> Words:
    return {lang: text[:1].upper() + text[1:] for lang, text in said.items()}


# The shapes, as far as a column needs them


@cache
def _said() -> Mapping[tuple[str, str], list[Any]]:
    """(subject, predicate) → objects: of the rules for a contribution, in order, and of our own words."""
    said: dict[tuple[str, str], list[Any]] = defaultdict(list)
    shapes = artefacts.folder("shapes")
    rules = (shapes / f"{stem}.ttl" for stem in _read("profiles.toml")["contribution"]["shapes"])
    for path in (*rules, artefacts.folder("ontology") / "kogge.ttl"):
        for triple in syntax.read_file(path):
            if not isinstance(triple.subject, Triple):
                said[triple.subject.value, triple.predicate.value].append(triple.object)
    return said


@cache
def _above() -> Mapping[str, list[str]]:
    above: dict[str, list[str]] = defaultdict(list)
    for (subject, predicate), objects in [*_said().items()]:
        if predicate == names.RDFS + "subClassOf":
            above[subject] += [each.value for each in objects if isinstance(each, NamedNode)]
    return above


def _rules(shape: str, of_class: str) -> Mapping[tuple[str, bool], list[str]]:
    """(property, inverse) → the property shapes for it: of the shape, of those for the classes above, of all.

    Where a shape is for one of several properties, each of them is listed with a `|` before it.
    """
    said = _said()
    targets: dict[str, list[str]] = defaultdict(list)
    for (subject, predicate), objects in said.items():
        if predicate == names.SH + "targetClass" and subject.startswith(_KGS):
            for target in objects:
                targets[target.value].append(subject)
    above = (node for each in superclasses(of_class) for node in targets[each] if node != shape)
    shapes = [shape, *above, _KGS + "Thing"]
    found: dict[tuple[str, bool], list[str]] = defaultdict(list)
    for node in shapes:
        for rule in said.get((node, names.SH + "property"), ()):
            if NamedNode(names.SH + "Violation") not in said.get((rule.value, names.SH + "severity"), ()):
                continue
            for path in said.get((rule.value, names.SH + "path"), ()):
                for key in _paths(path):
                    if rule.value not in found[key]:
                        found[key].append(rule.value)
    return found


def _paths(path: _Node) -> Iterator[tuple[str, bool]]:
    if isinstance(path, NamedNode):
        yield path.value, False
        return
    said = _said()
    for each in said.get((path.value, names.SH + "inversePath"), ()):
        yield each.value, True
    for each in said.get((path.value, names.SH + "alternativePath"), ()):
        for choice in _list(each):
            yield f"|{choice.value}", False


def _list(head: _Node) -> Iterator[_Node]:
    said = _said()
    while head.value != names.RDF + "nil":
        yield said[head.value, names.RDF + "first"][0]
        head = said[head.value, names.RDF + "rest"][0]


def _texts(subject: str, predicate: str) -> Words:
    said = _said().get((subject, predicate), ())
    return {each.language: each.value for each in said if isinstance(each, Literal) and each.language}


def _must(rule: str) -> bool:
    said = _said()
    return any(int(each.value) > 0 for each in said.get((rule, names.SH + "minCount"), ()))


def _choices(rule: str) -> tuple[str, ...]:
    return tuple(each.value for head in _said().get((rule, names.SH + "in"), ()) for each in _list(head))


def _classes(rule: str) -> tuple[str, ...]:
    said = _said()
    direct = [each.value for each in said.get((rule, names.SH + "class"), ())]
    for head in said.get((rule, names.SH + "or"), ()):
        for branch in _list(head):
            direct += [each.value for each in said.get((branch.value, names.SH + "class"), ())]
    return tuple(direct)


def _first(read: Any, rules: list[str]) -> tuple[str, ...]:
    found: tuple[str, ...] = next(filter(None, map(read, rules)), ())
    return found
