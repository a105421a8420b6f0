"""Level 5, compounds: German and Dutch words that are put together from a label and another word."""

from __future__ import annotations

from collections.abc import Container, Mapping
from typing import Final

from rapidfuzz.distance import OSA

from kogge.expertise.cues import Cues

SHORTEST: Final = 5  # letters of a part that is a label; müll is folded to five
LONG: Final = 7
TAIL: Final = 4
FUZZY: Final = 9  # letters of a label that is recognised with one typo inside a compound
_VOWELS: Final = frozenset("aeiouy")
_ENDINGS: Final = ("", "s", "n", "en", "e", "er", "es")


class Compounds:
    """The labels that may be part of a compound, and what makes the rest of it a word."""

    def __init__(self, parts: Mapping[str, int], known: frozenset[str], cues: Cues) -> None:
        self._parts = {part: rank for part, rank in parts.items() if len(part) >= SHORTEST}
        self._known = known
        self._cues = cues
        self._fuzzy = tuple(
            sorted((part for part in self._parts if len(part) >= FUZZY), key=len, reverse=True)
        )

    def split(self, word: str) -> tuple[str, ...]:
        """The labels of which a word is put together: one at its beginning, one at its end, or both; else a
        long one in its middle.

        Of two the one that names its topic better counts alone: the preferred label (Energie) before another
        (Wirtschaft), and that before a hidden one. No part is found where what remains is no word, and none
        in the listed words that mislead.
        """
        if self._misleads(word):
            return ()
        parts = tuple(part for part in (self._first(word), self._last(word)) if part) or self._middle(word)
        best = min((self._parts[part] for part in parts), default=0)
        return tuple(part for part in parts if self._parts[part] == best)

    def modifier(self, word: str) -> str | None:
        """The label that a first part of compounds stands for: `Mobilitäts-` → `mobilitaet`."""
        forms = (word.removesuffix(link) for link in self._cues.linking)
        return next((form for form in forms if form in self._parts), None)

    def misspelt(self, word: str) -> str | None:
        """The label at the beginning of a compound in which it is misspelt by one edit."""
        if word in self._known or self._misleads(word):
            return None
        for part in self._fuzzy:
            if part[0] != word[0]:
                continue
            for length in (len(part), len(part) - 1, len(part) + 1):
                near = len(word) - length >= TAIL and OSA.distance(word[:length], part, score_cutoff=1) == 1
                if near and self._is_word(word[length:], part):
                    return part
        return None

    def _misleads(self, word: str) -> bool:
        never = self._cues.never
        return word in self._cues.common or any(word.removesuffix(ending) in never for ending in _ENDINGS)

    def _first(self, word: str) -> str | None:
        for length in range(len(word) - 3, SHORTEST - 1, -1):
            part = word[:length]
            if part in self._parts and self._is_word(word[length:], part):
                return part
        return None

    def _last(self, word: str) -> str | None:
        for start in range(3, len(word) - SHORTEST + 1):
            part = self._part(word[start:])
            if part and self._modifies(word[:start], part):
                return part
        return None

    def _middle(self, word: str) -> tuple[str, ...]:
        """The long label between two words: Wind-energie-park."""
        for start in range(SHORTEST - 1, len(word) - LONG - TAIL + 1):
            for end in range(len(word) - TAIL, start + LONG - 1, -1):
                part = word[start:end]
                if part in self._parts and self._modifies(word[:start], part):
                    inner = not self._misleads(word[:end]) and not self._misleads(word[start:])
                    if inner and self._is_word(word[end:], part):
                        return (part,)
        return ()

    def _part(self, tail: str) -> str | None:
        for ending in _ENDINGS:
            part = tail.removesuffix(ending)
            if part in self._parts and tail.endswith(ending) and len(part) + len(ending) == len(tail):
                return part
        return None

    def _is_word(self, rest: str, part: str) -> bool:
        """Whether what follows a part is a word, with or without a linking element before it."""
        for link in self._cues.linking:
            if rest.startswith(link):
                tail = rest[len(link) :]
                if tail in self._known and len(tail) >= 3 and tail not in self._cues.prefixes:
                    return True
                if len(tail) >= (3 if len(part) >= LONG else TAIL) and _pronounced(tail):
                    return True
        return False

    def _modifies(self, front: str, part: str) -> bool:
        """Whether what stands before a part is a word: a short part needs a known one."""
        if front in self._cues.prefixes or any(front in self._cues.function[lang] for lang in ("de", "nl")):
            return False
        for link in self._cues.linking:
            if link and not front.endswith(link):
                continue
            bare = front[: len(front) - len(link)]
            if len(bare) >= 3 and bare in self._known and bare not in self._cues.prefixes:
                return True
        return len(part) >= LONG and len(front) >= 3 and _pronounced(front)


def _pronounced(letters: str) -> bool:
    vowels = sum(letter in _VOWELS for letter in letters)
    return letters.isalpha() and 0 < vowels < len(letters)


def elided(cut: str, whole: str, labels: Container[str]) -> str | None:
    """The label meant by a cut-off first part: `Verwaltungs-` before `Schuldigitalisierung`."""
    for start in range(2, len(whole) - 2):
        if cut + whole[start:] in labels:
            return cut + whole[start:]
    return None


def elided_after(cut: str, whole: str, labels: Container[str]) -> str | None:
    """The label meant by a cut-off last part: `-hilfe` after `Suchtprävention`."""
    for end in range(len(whole) - 2, 2, -1):
        if whole[:end] + cut in labels:
            return whole[:end] + cut
    return None
