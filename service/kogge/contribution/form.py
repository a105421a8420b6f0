"""Contribution, the headings of a sheet: as the template writes them, and as people hand them back."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from kogge import names
from kogge.contribution import columns
from kogge.contribution.columns import Column, Kind
from kogge.contribution.lists import Known, same

# What follows the name of a column: its number, its language, in either order.
_HEADING: Final = re.compile(r"(.+?)(?: (\d{1,2}))?(?: \(([^()]+)\))?(?: (\d{1,2}))?")


@dataclass(frozen=True)
class Head:
    """A column of a sheet: `lang` if its cells are texts in a language, `number` if it is one of several."""

    column: Column
    lang: str
    number: int

    def title(self, lang: str) -> str:
        """The heading in a language, without the mark of what must be filled in."""
        number = f" {self.number}" if self.column.times > 1 or self.number > 1 else ""
        language = f" ({columns.words()['language'][lang][self.lang]})" if self.lang else ""
        return f"{self.column.name[lang]}{number}{language}"


def heads(kind: Kind, lang: str) -> Iterator[Head]:
    """The columns of a sheet in the template of a language, in order; that language comes first."""
    for column in kind.columns:
        if column.languages == "each":
            langs = [lang, *(each for each in names.LANGUAGES if each != lang)]
        else:
            langs = [lang] if column.languages else [""]
        for each in langs:
            for number in range(1, column.times + 1):
                yield Head(column, each, number)


def head_of(kind: Kind, heading: str, lang: str) -> Head | None:
    """The column that a heading means, in any of the languages; None if the kind has none of that name.

    A text whose heading names no language is in `lang`.
    """
    match = _HEADING.fullmatch(same(heading).rstrip("* "))
    if not match or (column := _by_name(kind.kind).get(match[1])) is None:
        return None
    spoken = _languages().get(match[3] or "", "" if match[3] else lang)
    if match[3] and (not column.languages or not spoken):
        return None
    return Head(column, spoken if column.languages else "", int(match[2] or match[4] or 1))


def is_id(heading: str) -> bool:
    """Whether a heading is that of the identifiers."""
    return same(heading).rstrip("* ") in map(same, columns.words()["form"]["id"].values())


def is_word(text: str, word: str) -> bool:
    """Whether a text is one of the words of the form (`example`, `help`), in any language."""
    return same(text) in map(same, columns.words()["form"][word].values())


def is_sheet(kind: Kind, text: str) -> bool:
    """Whether a text is the name of the sheet of a kind, in any language."""
    return same(text) in map(same, kind.sheet.values())


def example(kind: Kind, head: Head, lang: str, known: Known) -> str:
    """What the example row says in a column, in the language of the template."""
    said: Any = kind.example.get(head.column.key)
    if isinstance(said, list):
        if head.number > len(said):
            return ""
        return known.label(columns.iri(said[head.number - 1]), lang)
    if isinstance(said, bool):
        return str(columns.words()["form"]["yes" if said else "no"][lang])
    if isinstance(said, Mapping):
        return str(said.get(head.lang or lang, "")) if head.number == 1 else ""
    return str(said) if said is not None and head.number == 1 else ""


@cache
def _by_name(kind: str) -> Mapping[str, Column]:
    """Name of a column in any language → column."""
    return {
        same(name): column
        for column in reversed(columns.kinds()[kind].columns)
        for name in column.name.values()
    }


@cache
def _languages() -> Mapping[str, str]:
    """What a language is called in any language, or its code → its code."""
    said = columns.words()["language"]
    return {same(name): code for code in said for name in (code, *(said[lang][code] for lang in said))}
