"""Contribution, a form that is filled with what was sent: the inverse of `fields.table`.

Whatever way it came, as a form, a row of a sheet or Turtle: what a form can say, it shows. Whether it can is
not guessed: what would be typed is read as a form is, and must say the same triples again.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from pyoxigraph import Literal, NamedNode, RdfFormat, Triple

from kogge import media, names, syntax
from kogge.contribution import columns, fields, lists
from kogge.contribution.columns import Column, Kind
from kogge.contribution.form import Head
from kogge.contribution.own import Rights
from kogge.contribution.sheet import read_sheets

_TYPE: Final = NamedNode(names.RDF + "type")
_MOST: Final = 150  # fields of a form
_LINES: Final = 1_000  # triples that are looked at
_DAYS: Final = {"de": "{}.{}.{}", "en": "{}.{}.{}", "nl": "{}-{}-{}"}
_DATE: Final = re.compile(r"(\d{4})-(\d{2})-(\d{2})")
_MONTH: Final = re.compile(r"(\d{4})-(\d{2})")
_MONTH_DAY: Final = re.compile(r"--(\d{2})-(\d{2})")


@dataclass(frozen=True)
class Filled:
    """A form and what is typed in it: its kind, the IRI of the thing, a text for the name of each field."""

    kind: str
    thing: str
    typed: Mapping[str, str]


def filled(content: bytes, owner: str, lang: str, called: Mapping[str, str]) -> Filled | None:
    """The form that says what a content in N-Triples does; None where no form can say just that.

    `owner` is whose word it is, `called` what its own things are called (IRI → name).
    """
    if content.count(b"\n") > _LINES:
        return None
    triples = frozenset(syntax.parse(content, RdfFormat.N_TRIPLES, keep_labels=True))
    things = [
        (kind, triple.subject.value)
        for triple in triples
        for kind in fields.KINDS
        if triple.predicate == _TYPE
        and isinstance(triple.object, NamedNode)
        and triple.object.value in _types(columns.kinds()[kind])
        and isinstance(triple.subject, NamedNode)
    ]
    if len(things) != 1:
        return None
    ((kind, thing),) = things
    typed, exact = _typed(columns.kinds()[kind], thing, triples, owner, lang, called)
    said = _said(kind, exact, thing, owner, lang)
    return Filled(kind, thing, typed) if said == triples and _shows(kind, typed, lang) else None


def pointed(content: bytes, owner: str) -> set[str]:
    """The owner's own things to which a content in N-Triples points: those that `filled` calls by a name."""
    if content.count(b"\n") > _LINES:
        return set()
    triples = syntax.parse(content, RdfFormat.N_TRIPLES, keep_labels=True)
    objects = {each.object.value for each in triples if isinstance(each.object, NamedNode)}
    return {iri for iri in objects if _is_own(iri, owner)}


def _types(kind: Kind) -> set[str]:
    """The classes of a kind: that of its shape, and those among which its form lets one choose."""
    chosen = (each.choices for each in kind.columns if each.predicate == _TYPE.value)
    return {kind.type, *(iri for choices in chosen for iri in choices)}


def _typed(
    kind: Kind,
    thing: str,
    triples: Collection[Triple],
    owner: str,
    lang: str,
    called: Mapping[str, str],
) -> tuple[dict[str, str], dict[str, str]]:
    """What is typed in each field; and the same with the IRIs of things in place of their names."""
    typed, exact = {}, {}
    for column in kind.columns:
        numbers: Counter[str] = Counter()
        said = {
            (_text(term, column, owner, lang, called), _language(term)): term
            for term in _values(column, thing, triples)
        }
        for (text, spoken), term in sorted(said.items(), key=lambda each: _order(*each[0])):
            if bool(spoken) != bool(column.languages) or spoken not in ("", *names.LANGUAGES):
                continue  # what is left out here is missed when it is compared
            numbers[spoken] += 1
            field = fields.field_name(Head(column, spoken, numbers[spoken]))
            typed[field] = text
            exact[field] = term.value if column.takes == "thing" else text
    return typed, exact


def _values(column: Column, thing: str, triples: Collection[Triple]) -> Iterator[NamedNode | Literal]:
    """What is said at the end of the path of a column."""
    here = {NamedNode(thing)}
    for step in column.steps:
        here = {
            each.object
            for each in triples
            if each.subject in here and each.predicate.value == step and isinstance(each.object, NamedNode)
        }
    for each in triples:
        if each.predicate.value != column.predicate:
            continue
        start, end = (each.object, each.subject) if column.inverse else (each.subject, each.object)
        if start in here and isinstance(end, NamedNode | Literal):
            yield end


def _text(term: NamedNode | Literal, column: Column, owner: str, lang: str, called: Mapping[str, str]) -> str:
    """What is typed in a field for a term."""
    takes, value = column.takes, term.value
    if takes == "thing":
        return _name(value, column, owner, lang, called)
    if takes in ("date", "day"):
        return _date(value, lang)
    if takes == "mailbox":
        return value.removeprefix("mailto:")
    if takes == "phone":
        return value.removeprefix("tel:").replace("-", " ")
    return value


def _language(term: NamedNode | Literal) -> str:
    return (term.language or "") if isinstance(term, Literal) else ""


def _order(text: str, spoken: str) -> tuple[str, str, str]:
    return lists.alphabetical(text), text, spoken


def _name(iri: str, column: Column, owner: str, lang: str, called: Mapping[str, str]) -> str:
    """What a thing is called where one is typed: so that no other can be meant."""
    known = lists.facts()
    label = known.label(iri, lang)
    if known.find(label, column.classes) == [iri]:
        return label
    if _is_own(iri, owner) and iri in called and not known.find(called[iri], column.classes):
        return called[iri]
    return iri.removeprefix(names.ID)


def _is_own(iri: str, owner: str) -> bool:
    return iri.startswith(names.ID) and names.slug_of(iri).startswith(f"{owner}/")


def _date(value: str, lang: str) -> str:
    if match := _DATE.fullmatch(value):
        return _DAYS[lang].format(*reversed(match.groups()))
    if match := _MONTH.fullmatch(value):
        return f"{match[2]}/{match[1]}"
    if match := _MONTH_DAY.fullmatch(value):
        return f"{match[2]}.{match[1]}."
    return value


def _said(kind: str, typed: Mapping[str, str], thing: str, owner: str, lang: str) -> frozenset[Triple] | None:
    """What a form says in which this is typed; None if not all of it can be read."""
    if len(fields.fields(kind, lang, typed)) > _MOST:
        return None
    body = fields.table(kind, typed, lang, thing)
    sheets = read_sheets(body, media.CSV, Rights(owner), lang)
    if len(sheets.things) != 1 or any(each.severity == "violation" for each in sheets.findings):
        return None
    return frozenset(sheets.things[0].triples)


def _shows(kind: str, typed: Mapping[str, str], lang: str) -> bool:
    """Whether each choice is among those that the form offers."""
    return all(
        typed.get(field.name, "") in ("", *(option.value for option in each.options))
        for group in fields.groups(kind, lang, typed)
        for each in group.inputs
        if each.options
        for field in each.fields
    )
