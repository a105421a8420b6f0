"""Level 5, suggest: completions while somebody types into the search field."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final, NamedTuple

from kogge import names
from kogge.errors import BadRequest
from kogge.expertise import words
from kogge.expertise.meanings import Label

if TYPE_CHECKING:
    from kogge.expertise.lexicon import Lexicon

SUGGESTED: Final = 10
MOST: Final = 50
LETTERS: Final = 100  # what is looked at of the text
WORDS, PLACES, THINGS = 0, 1, 2  # what is suggested first of what matches equally well

_PREFERRED, _OTHER, _INNER = 0, 1, 2
_HIDDEN: Final = 2
_LANGUAGES: Final = (*names.LANGUAGES, "")
_ENTRIES: Final = """
SELECT iri, kind, text, lang, rank FROM completion JOIN label ON number = label
WHERE slot = ? AND key >= ? AND key < ? ORDER BY key, iri, text
"""
_WITHIN: Final = """
SELECT DISTINCT iri FROM completion JOIN label ON number = label
WHERE slot = ? AND key >= ? AND key < ? LIMIT ?
"""
_PREFERRED_LABELS: Final = "SELECT lang, min(text) FROM label WHERE iri = ? AND rank = 0 GROUP BY lang"
_GROUPS: Final = {
    **dict.fromkeys(("topic", "alliance", "programme"), WORDS),
    **dict.fromkeys(("municipality", "district", "state", "province", "country"), PLACES),
}


class Suggestion(NamedTuple):
    """A completion: the label to show and its language, what it is, and the label that matched."""

    label: str
    kind: str
    iri: str
    lang: str
    matched: str


def entries_of(label: Label) -> Iterator[tuple[int, str]]:
    """Where a label is looked up: the part of the table, and a key for the label and from each inner word."""
    if label.lang in _LANGUAGES:
        group = _GROUPS.get(label.kind, THINGS)
        whole = _slot(label.lang, _OTHER if label.rank else _PREFERRED, group)
        inner = _slot(label.lang, _INNER, group)
        for key in map(" ".join, words.spellings(label.text)):
            slot = whole
            while key:
                yield slot, key
                slot, key = inner, key.partition(" ")[2]


def _slot(lang: str, order: int, group: int) -> int:
    """A part of the table: a language, whether labels are preferred, a group of kinds."""
    return (_LANGUAGES.index(lang) * 3 + order) * 3 + group


def preferred(base: sqlite3.Connection, iri: str) -> dict[str, str]:
    """The preferred labels of a thing by language, of several the first in the order of letters."""
    return dict(base.execute(_PREFERRED_LABELS, (iri,)).fetchall())


class Completions:
    """The labels in a table sorted by language, whether preferred, and from each inner word."""

    def __init__(self, base: sqlite3.Connection) -> None:
        self._base = base

    def find(self, text: str, lang: str, limit: int) -> list[Suggestion]:
        """At most `limit`: preferred labels in `lang`, other labels, other languages, inner words."""
        key = " ".join(words.words(text[:LETTERS]))
        found: dict[str, Suggestion] = {}
        if key:
            others = [code for code in _LANGUAGES if code != lang]
            steps = [(lang, _PREFERRED), (lang, _OTHER)]
            steps += [(code, order) for code in others for order in (_PREFERRED, _OTHER)]
            steps += [(code, _INNER) for code in (lang, *others)]
            for code, order in steps:
                for group in (WORDS, PLACES, THINGS):
                    place = _slot(code, order, group), key, key + "\U0010ffff"
                    for iri, kind, matched, spoken, rank in self._base.execute(_ENTRIES, place):
                        if len(found) == limit:
                            return list(found.values())
                        if iri not in found:
                            if rank == _HIDDEN:  # a hidden label is found, but not shown
                                matched = self._shown(iri, spoken)[0]
                            label, shown_in = self._shown(iri, lang)
                            found[iri] = Suggestion(label, kind, iri, shown_in, matched)
        return list(found.values())

    def within(self, word: str, most: int) -> tuple[str, ...]:
        """The things in whose names this is a word, but not the first, in any language; at most so many."""
        found: dict[str, None] = {}
        for lang in _LANGUAGES:
            place = _slot(lang, _INNER, THINGS), word, word + "!", most  # a space sorts before it
            found |= dict.fromkeys(iri for (iri,) in self._base.execute(_WITHIN, place))
        return tuple(sorted(found)[:most])

    def _shown(self, iri: str, lang: str) -> tuple[str, str]:
        labels = preferred(self._base, iri)
        for code in (lang, *names.LANGUAGES):
            if code in labels:
                return labels[code], code
        return next(((text, code) for code, text in sorted(labels.items())), (names.slug_of(iri), ""))


def suggest(lexicon: Lexicon, text: str, lang: str = "de", limit: int = SUGGESTED) -> list[Suggestion]:
    """What may be meant by the beginning of a word or phrase, at most `limit`, always in the same order.

    Raises BadRequest for a language that is none of ours and a limit that is not 1 to 50.
    """
    if lang not in names.LANGUAGES:
        raise BadRequest(f"There is no language '{lang}' here.", f"Use one of {', '.join(names.LANGUAGES)}.")
    if not 1 <= limit <= MOST:
        raise BadRequest(f"{limit} completions are not possible.", f"Use a limit from 1 to {MOST}.")
    return lexicon.completions.find(text, lang, limit)
