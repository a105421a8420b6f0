"""Contribution, a form on a page: the columns of a sheet as fields, and what was typed as a table of one row.

So a form is read and judged by what reads and judges a spreadsheet, and a finding about a cell is one about a
field. There is no other list of fields than `shapes/sheets.toml` and the shapes.
"""

from __future__ import annotations

import csv
import io
import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Final

from kogge import names
from kogge.contribution import columns, form, lists
from kogge.contribution.columns import Column
from kogge.contribution.form import Head
from kogge.contribution.lists import alphabetical
from kogge.contribution.rows import called_by_things
from kogge.contribution.workbook import letters
from kogge.rules import Finding, Severity

KINDS: Final = ("project", "expertise", "need", "event", "contact")
_NAME: Final = re.compile(r"([a-z-]+)-(de|en|nl|x)-([1-9][0-9]?)")


@dataclass(frozen=True)
class Option:
    """What can be chosen: the value that is sent, and what it is called."""

    value: str
    label: str


@dataclass(frozen=True)
class Field:
    """One place to type: the name under which it is sent, what it is called in its column, its language."""

    name: str
    head: Head
    title: str
    short: str


@dataclass(frozen=True)
class Input:
    """A column as a form shows it: several fields where it has several languages or values.

    `options` are all that can be chosen, `offered` what is only suggested. `either` is the rule by which this
    or another column must be filled in, if there is one.
    """

    key: str
    title: str
    hint: str
    required: bool
    either: str
    takes: str
    long: bool
    fields: tuple[Field, ...]
    options: tuple[Option, ...]
    offered: tuple[str, ...]


@dataclass(frozen=True)
class Group:
    """A heading, a hint for all of it (mostly empty), and what stands below."""

    title: str
    hint: str
    inputs: tuple[Input, ...]


@dataclass(frozen=True)
class Told:
    """What was found: in a field (its name, empty: in none of them), and what that is called."""

    field: str
    title: str
    message: str
    severity: Severity


def groups(kind: str, lang: str, typed: Iterable[str] = ()) -> tuple[Group, ...]:
    """The form of a kind in a language.

    It has a field more for each name in `typed` that it can have and has not: a fourth topic, a text in
    another language.
    """
    usual = _groups(kind, lang)
    there = {field.name for group in usual for each in group.inputs for field in each.fields}
    heads = sorted(filter(None, (_head(kind, name) for name in {*typed} - there)), key=_order)
    if not heads:
        return usual
    return tuple(
        replace(group, inputs=tuple(_longer(each, heads, lang) for each in group.inputs)) for group in usual
    )


def fields(kind: str, lang: str, typed: Iterable[str] = ()) -> tuple[Field, ...]:
    """The fields of a form, in its order."""
    return tuple(
        field for group in groups(kind, lang, typed) for each in group.inputs for field in each.fields
    )


def field_name(head: Head) -> str:
    """The name under which a field is sent."""
    return f"{head.column.key}-{head.lang or 'x'}-{head.number}"


def table(kind: str, typed: Mapping[str, str], lang: str, thing: str = "") -> bytes:
    """What was typed, as CSV: the name of the sheet, the headings, one row.

    `thing` is the IRI of what it is about; without one its name makes it.
    """
    every = fields(kind, lang, typed)
    file = io.StringIO(newline="")
    writer = csv.writer(file, delimiter=";", quoting=csv.QUOTE_ALL)
    writer.writerow([columns.kinds()[kind].sheet[lang]])
    writer.writerow([*(field.title for field in every), columns.words()["form"]["id"][lang]])
    writer.writerow([*(typed.get(field.name, "") for field in every), thing])
    return file.getvalue().encode()


def told(kind: str, findings: Iterable[Finding], lang: str, typed: Iterable[str] = ()) -> list[Told]:
    """The findings about such a table, each at its field."""
    places = {f"{letters(at)}3": field for at, field in enumerate(fields(kind, lang, typed), 1)}
    said = []
    for finding in findings:
        field = places.get(finding.where.cell or "")
        where, title = (field.name, field.title) if field else ("", "")
        said.append(Told(where, title, finding.message, finding.severity))
    return list(dict.fromkeys(said))


def missing(kind: str, typed: Mapping[str, str], lang: str) -> list[tuple[Field, tuple[str, ...]]]:
    """Where something must be filled in and is not, in the order of the form: a field, and what it is called.

    Where one of several columns will do, it is the first of them, and what each is called.
    """
    inputs = [each for group in groups(kind, lang, typed) for each in group.inputs]
    asked: dict[str, list[Input]] = {}
    for each in inputs:
        if each.required or each.either:
            asked.setdefault(each.key if each.required else each.either, []).append(each)
    enough = {each.either for each in inputs if each.required}
    return [
        (some[0].fields[0], tuple(each.title for each in some))
        for rule, some in asked.items()
        if rule not in enough and not any(typed.get(field.name) for each in some for field in each.fields)
    ]


def offering(of: tuple[Group, ...], key: str, offered: Iterable[str]) -> tuple[Group, ...]:
    """The same form, in which a column suggests more."""
    more = tuple(offered)
    return tuple(
        replace(
            group,
            inputs=tuple(
                replace(each, offered=each.offered + more) if each.key == key else each
                for each in group.inputs
            ),
        )
        for group in of
    )


def shown(kind: str, typed: Mapping[str, str], lang: str) -> list[tuple[str, list[tuple[str, str]]]]:
    """What was typed, as people read it: per column its name, and texts with their language."""
    rows: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for group in groups(kind, lang, typed):
        for each in group.inputs:
            called = {option.value: option.label for option in each.options}
            for field in each.fields:
                if text := typed.get(field.name):
                    rows[each.title].append((called.get(text, text), field.head.lang))
    return [*rows.items()]


def meant(kind: str, given: Mapping[str, str], agent: str, lang: str) -> dict[str, str]:
    """What a form is filled with before anybody types: a topic that was `given`, and who acts (an IRI)."""
    known, typed = lists.facts(), {}
    us = known.label(agent, lang)
    for group in groups(kind, lang):
        for each in group.inputs:
            first, column = each.fields[0], each.fields[0].head.column
            if column.takes == "topic" and given.get("topic"):
                found = known.find(given["topic"], column.classes)
                if len(found) == 1 and found[0] in {option.value for option in each.options}:
                    typed[first.name] = found[0]
            elif each.key in ("lead", "holder", "belongs") and known.find(us, column.classes) == [agent]:
                typed[first.name] = us
            elif each.key == "name" and given.get("title"):
                typed[first.name] = given["title"][:200]
    return typed


def renamed(kind: str, before: Mapping[str, str], now: Mapping[str, str]) -> bool:
    """Whether another thing is meant than before: one that is called by what it names, as expertise by its
    topic, and names something else now. What has a name of its own stays itself under another.
    """
    of = columns.kinds()[kind]
    if not called_by_things(of):
        return False
    return any(
        before.get(field_name(head), "") != now.get(field_name(head), "")
        for head in form.heads(of, names.LANGUAGES[0])
        if head.column.key in of.named
    )


@cache
def _groups(kind: str, lang: str) -> tuple[Group, ...]:
    found = []
    of = columns.kinds()[kind]
    for title, hint, keys in columns.groups():
        inputs = [_input(of, column, lang) for key in keys for column in of.columns if column.key == key]
        if inputs:
            found.append(Group(title[lang], hint.get(lang, ""), tuple(inputs)))
    return tuple(found)


def _head(kind: str, name: str) -> Head | None:
    """What a name of a field says, if a form of the kind can have it."""
    if not (match := _NAME.fullmatch(name)):
        return None
    key, lang, number = match[1], match[2].removeprefix("x"), int(match[3])
    for column in columns.kinds()[kind].columns:
        if column.key == key and bool(column.languages) == bool(lang):
            return Head(column, lang, number)
    return None


def _order(head: Head) -> tuple[int, int]:
    return names.LANGUAGES.index(head.lang) if head.lang else 0, head.number


def _longer(of: Input, heads: Collection[Head], lang: str) -> Input:
    more = tuple(_field(head, lang) for head in heads if head.column.key == of.key)
    return replace(of, fields=of.fields + more) if more else of


def _input(of: columns.Kind, column: Column, lang: str) -> Input:
    heads = [head for head in form.heads(of, lang) if head.column == column]
    return Input(
        column.key,
        column.name[lang],
        column.hint.get(lang, ""),
        column.required or column.key == of.named[0],
        column.either,
        column.takes,
        column.takes == "text" and column.width > 40,
        tuple(_field(head, lang) for head in heads),
        _options(column, lang),
        _offered(column, lang),
    )


def _field(head: Head, lang: str) -> Field:
    short = columns.words()["language"][lang][head.lang] if head.lang else ""
    number = str(head.number) if head.number > 1 or not short else ""
    return Field(field_name(head), head, head.title(lang), f"{short} {number}".strip())


def _options(column: Column, lang: str) -> tuple[Option, ...]:
    known = lists.facts()
    if column.choices:
        return tuple(Option(iri, known.label(iri, lang)) for iri in column.choices)
    if column.takes != "topic":
        return ()
    found = [Option(iri, known.label(iri, lang)) for iri in known.all(column.classes, under=names.TOPIC)]
    return tuple(sorted(found, key=lambda option: alphabetical(option.label)))


def _offered(column: Column, lang: str) -> tuple[str, ...]:
    """What is suggested: nothing where the value would be spoken of, which is for its owner to do."""
    if column.takes != "thing" or column.inverse or column.offer not in columns.OFFERS:
        return ()
    classes = [columns.iri(each) for each in columns.OFFERS[column.offer]]
    return tuple(lists.facts().of(classes, lang, under=names.ID))
