"""Level 5, titles: the names of things, found by the whole name or its beginning."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from kogge.expertise import words

MOST_NAMES: Final = 12

_YEAR: Final = re.compile(r"(?:19|20)\d\d")


class Titles:
    """The names of things in the order of letters: found by the whole name or its beginning, at any size."""

    def __init__(self, named: Iterable[tuple[str, str]]) -> None:
        entries = sorted(set(named))
        self._keys = [key for key, _ in entries]
        self._iris = [iri for _, iri in entries]

    def exactly(self, phrase: str) -> tuple[str, ...]:
        """The things that have this name, a dozen at most."""
        return tuple(dict.fromkeys(iri for key, iri in self._from(phrase) if key == phrase))

    def beginning(self, phrase: str) -> tuple[str, ...]:
        """The things whose name is this or begins with these words, a dozen at most."""
        return tuple(dict.fromkeys(iri for _, iri in self._from(phrase)))

    def begins(self, phrase: str) -> bool:
        """Whether a name is this or begins with these words."""
        return any(True for _ in self._from(phrase))

    def _from(self, phrase: str) -> Iterator[tuple[str, str]]:
        """The names that are this or go on after it; a letter sorts behind the space between words."""
        at = bisect_left(self._keys, phrase)
        for place in range(at, min(at + MOST_NAMES, len(self._keys))):
            key = self._keys[place]
            if key != phrase and not key.startswith(phrase + " "):
                return
            yield key, self._iris[place]


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
