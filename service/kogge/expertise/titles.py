"""Level 5, titles: the names of things, found by the whole name or its beginning."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from kogge.expertise import words

MOST_NAMES: Final = 12

_NAMES: Final = "SELECT key, iri FROM title WHERE key >= ? AND key < ? ORDER BY key, iri LIMIT ?"
_NEXT: Final = "SELECT key FROM title WHERE key >= ? ORDER BY key LIMIT 1"

_YEAR: Final = re.compile(r"(?:19|20)\d\d")


class Titles:
    """The names of things, in a sorted table: found by the whole name or its beginning, at any size."""

    def __init__(self, base: sqlite3.Connection) -> None:
        self._base = base
        self._first = set(self._first_words())

    def learn(self, titles: Iterable[str]) -> None:
        """Is told of names that have come into the table."""
        self._first.update(title.partition(" ")[0] for title in titles)

    def forget(self, titles: Iterable[str]) -> None:
        """Is told of names that have gone from the table."""
        for word in {title.partition(" ")[0] for title in titles}:
            if not self._from(word, 1):
                self._first.discard(word)

    def exactly(self, phrase: str) -> tuple[str, ...]:
        """The things that have this name, a dozen at most."""
        return tuple(dict.fromkeys(iri for key, iri in self._from(phrase) if key == phrase))

    def beginning(self, phrase: str) -> tuple[str, ...]:
        """The things whose name is this or begins with these words, a dozen at most."""
        return tuple(dict.fromkeys(iri for _, iri in self._from(phrase)))

    def begins(self, phrase: str) -> bool:
        """Whether a name is this or begins with these words."""
        return phrase in self._first if " " not in phrase else bool(self._from(phrase, 1))

    def _from(self, phrase: str, most: int = MOST_NAMES) -> list[tuple[str, str]]:
        """The names that are this or go on after it; a letter sorts behind the space between words."""
        if phrase.partition(" ")[0] not in self._first:
            return []
        return self._base.execute(_NAMES, (phrase, phrase + "!", most)).fetchall()

    def _first_words(self) -> Iterator[str]:
        """The first words of all names: most words of a question are not among them."""
        row = self._base.execute(_NEXT, ("",)).fetchone()
        while row:
            word = row[0].partition(" ")[0]
            yield word
            row = self._base.execute(_NEXT, (word + "!",)).fetchone()


def title_forms(text: str, frames: Mapping[str, Sequence[Sequence[str]]]) -> Iterator[str]:
    """A name as it is, without its year, and without the word for its class before it (`frames`, by their
    first words): `Exkursion Digital Castle 2019`, `Digital Castle`."""
    name = words.words(text)
    if name:
        yield " ".join(name)
    if len(name) > 1 and _YEAR.fullmatch(name[-1]):
        name = name[:-1]
        yield " ".join(name)
    for frame in frames.get(name[0], ()) if name else ():
        if len(name) > len(frame) + 1 and name[: len(frame)] == tuple(frame):
            yield " ".join(name[len(frame) :])


def by_first_word(frames: Iterable[Sequence[str]]) -> dict[str, list[Sequence[str]]]:
    """The words for classes by the first of them."""
    found: dict[str, list[Sequence[str]]] = {}
    for frame in sorted({tuple(frame) for frame in frames if frame}):
        found.setdefault(frame[0], []).append(frame)
    return found
