"""Level 5, typos: the word that was meant by a misspelt one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Final, NamedTuple

from rapidfuzz import process
from rapidfuzz.distance import OSA

SHORTEST: Final = 5
SHORTEST_TARGET: Final = 4
LONG: Final = 8
SOME: Final = 6


class Correction(NamedTuple):
    """A word that may be meant: by how many edits it differs, and its `order`: 0 for topics, 1 and 2 for
    places, 3 for a common or short word, which is meant only as part of a longer label."""

    edits: int
    order: int
    word: str


class Typos:
    """The words into which others may be corrected, by first letter and length."""

    def __init__(self, targets: Mapping[str, int], known: frozenset[str]) -> None:
        self._order = targets
        self._known = known
        buckets: dict[tuple[str, int], list[str]] = defaultdict(list)
        for word in sorted(targets):
            if len(word) >= SHORTEST_TARGET and word.isalpha():
                buckets[word[0], len(word)].append(word)
        self._buckets = dict(buckets)

    def corrections(self, word: str) -> list[Correction]:
        """The nearest words, the best first: one edit (letter added, lost, changed, two swapped) for 5 to 7
        letters, two for 8 and more; the first letter must be right. Known words need no correction, and
        where a label with an ending is nearer, the word is another one."""
        if len(word) < SHORTEST or word in self._known or not word.isalpha():
            return []
        edits = 1 if len(word) < LONG else 2
        nearest = edits
        found = []
        for length in range(len(word) - edits, len(word) + edits + 1):
            bucket = self._buckets.get((word[0], length))
            if bucket:
                for target, distance, _ in process.extract(
                    word, bucket, scorer=OSA.distance, score_cutoff=edits, limit=SOME
                ):
                    if _other_word(word, target):
                        nearest = min(nearest, int(distance))
                    else:
                        found.append(Correction(int(distance), self._order[target], target))
        return sorted(correction for correction in found if correction.edits <= nearest)


def _other_word(word: str, target: str) -> bool:
    """Letters that only follow a label make another word (`verkehrt`), unless its last one is doubled."""
    return word.startswith(target) and word[len(target) :] != target[-1]
