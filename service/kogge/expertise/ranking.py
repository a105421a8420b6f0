"""Level 5, ranking: the holders of a topic in their order, as model.md, "Evidence", wants it.

Holders are numbers here:

* a *cell* is the place of a holder in a ranking: alliance or none, block (2 bits), score (32 bits), or 0;
* a *set* of holders is an integer whose byte N is 1 if holder N is in it: `&` and `bit_count` are fast.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

OWN, THROUGH, INTENDED = 1, 2, 3  # the three blocks of an answer
NOBODY: Final = -1  # instead of an alliance: the holder itself

SCORE: Final = (1 << 32) - 1  # the highest possible
_ORDER: Final = (1 << 34) - 1

Key = tuple[int, str, str]


class Entry(NamedTuple):
    """The place of a holder in a ranking: block, score in units, and the alliance whose reasons they are."""

    block: int
    score: int
    through: int = NOBODY


def cell_of(block: int, score: int, through: int = NOBODY) -> int:
    """A cell."""
    return (through + 1) << 34 | block << 32 | score


def entry_of(cell: int) -> Entry:
    """What a cell says."""
    return Entry(block_of(cell), score_of(cell), (cell >> 34) - 1)


def order_in(cell: int) -> int:
    """Sorts cells: by block, then the highest score first."""
    return (cell ^ SCORE) & _ORDER


def block_of(cell: int) -> int:
    """The block of a cell."""
    return cell >> 32 & 3


def score_of(cell: int) -> int:
    """The score of a cell in units."""
    return cell & SCORE


def is_own(cell: int) -> bool:
    """Whether a holder has something of its own there."""
    return 0 < cell <= _ORDER


def own_scores(cells: Sequence[int], holders: Iterable[int]) -> list[int]:
    """The scores of holders, in units, for what they have of their own."""
    return [cell & SCORE if (cell := cells[holder]) <= _ORDER else 0 for holder in holders]


def no_cells(size: int) -> array[int]:
    """The cells of a ranking in which nobody is yet."""
    return array("Q", bytes(8 * size))


def everybody(size: int) -> int:
    """The set of all holders, of which there are `size`."""
    return int.from_bytes(b"\1" * size, "little")


def in_set(members: Iterable[int], size: int) -> int:
    """A set of holders, of which there are `size`."""
    marks = bytearray(size)
    for member in members:
        marks[member] = 1
    return int.from_bytes(marks, "little")


def listed(members: int) -> Iterator[int]:
    """The holders of a set in the order of their numbers."""
    marks = members.to_bytes((members.bit_length() + 7) // 8, "little")
    place = marks.find(1)
    while place >= 0:
        yield place
        place = marks.find(1, place + 1)


@dataclass(slots=True)
class Ranking:
    """The holders of one topic by one kind of evidence, or by any, in their order.

    `members` is the set of them, `own` that of those with evidence of their own, `proven` that of those whose
    own is stronger than an intention.
    """

    order: array[int]
    cells: array[int]
    members: int
    own: int
    proven: int

    @classmethod
    def of(cls, holders: Sequence[int], cells: array[int]) -> Ranking:
        """The ranking of these holders, given by label, with the cells of all."""
        size = len(cells)
        members, own, proven = bytearray(size), bytearray(size), bytearray(size)
        keys = []
        for holder in holders:
            cell = cells[holder]
            keys.append((cell ^ SCORE) & _ORDER)
            members[holder] = 1
            if cell <= _ORDER:
                own[holder] = 1
                if cell >> 32 == OWN:
                    proven[holder] = 1
        order = array("I", [holders[place] for place in sorted(range(len(keys)), key=keys.__getitem__)])
        return cls(order, cells, *(int.from_bytes(marks, "little") for marks in (members, own, proven)))

    @classmethod
    def read(cls, kept: Sequence[bytes]) -> Ranking:
        """The ranking that was `kept`."""
        order, cells = array("I"), array("Q")
        order.frombytes(kept[0])
        cells.frombytes(kept[1])
        return cls(order, cells, *(int.from_bytes(marks, "little") for marks in kept[2:]))

    def kept(self) -> tuple[bytes, ...]:
        """The same as bytes."""
        sets = (self.members, self.own, self.proven)
        return (
            self.order.tobytes(),
            self.cells.tobytes(),
            *(marks.to_bytes((marks.bit_length() + 7) // 8, "little") for marks in sets),
        )

    def get(self, holder: int) -> Entry | None:
        """The entry of a holder, if it has one."""
        cell = self.cells[holder]
        return entry_of(cell) if cell else None

    def some(self, block: int, start: int, end: int) -> tuple[Sequence[int], int]:
        """The holders from the place `start` of a block to before `end`, and the score (in units) at `end`, 0
        where nobody is."""
        first = bisect_left(self.order, block, key=lambda one: block_of(self.cells[one]))
        last = bisect_left(self.order, block + 1, lo=first, key=lambda one: block_of(self.cells[one]))
        stop = min(first + end, last)
        return self.order[first + start : stop], score_of(self.cells[self.order[stop]]) if stop < last else 0

    def put(self, holder: int, cell: int, key: Callable[[int], Key]) -> None:
        """Puts a holder at its place; `key` gives the place of any that is in the ranking."""
        self.cells[holder] = cell
        self.order.insert(bisect_left(self.order, key(holder), key=key), holder)
        self.members |= 1 << 8 * holder
        if is_own(cell):
            self.own |= 1 << 8 * holder
        if block_of(cell) == OWN:
            self.proven |= 1 << 8 * holder

    def drop(self, holder: int) -> None:
        """Takes a holder out."""
        self.order.remove(holder)
        self.cells[holder] = 0
        self.members &= ~(1 << 8 * holder)
        self.own &= ~(1 << 8 * holder)
        self.proven &= ~(1 << 8 * holder)
