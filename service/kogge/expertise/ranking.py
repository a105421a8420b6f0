"""Level 5, ranking: the holders of a topic in their order, as model.md, "Evidence", wants it.

Holders are numbers here:

* a *cell* is the place of a holder in a ranking: alliance or none, block (2 bits), score (32 bits), or 0;
* a *set* of holders is an integer whose byte N is 1 if holder N is in it: `&` and `bit_count` are fast.
"""

from __future__ import annotations

import sys
from array import array
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Final, Literal, NamedTuple

OWN, THROUGH, INTENDED = 1, 2, 3  # the three blocks of an answer
NOBODY: Final = -1  # instead of an alliance: the holder itself

_BITS: Final = 32  # of a score
SCORE: Final = (1 << _BITS) - 1  # the highest possible
# Bits of a field for a score, with what that is in an array.
FIELDS: Final[Mapping[int, Literal["H", "I"]]] = {16: "H", 32: "I"}
_ORDER: Final = (1 << 34) - 1
_BLOCK: Final = 4 if sys.byteorder == "little" else 3  # the byte of a cell that has the block
_SCORE: Final = 0 if sys.byteorder == "little" else 1  # the half of a cell that has the score
_IN: Final = bytes(some & 3 > 0 for some in range(256))
_PROVEN: Final = bytes(some & 3 == OWN for some in range(256))

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


def no_cells(size: int) -> array[int]:
    """The cells of a ranking in which nobody is yet."""
    return array("Q", bytes(8 * size))


def cells_of(units: array[int], proving: array[int] | None) -> array[int]:
    """The cells of holders with so many units of their own, of which some are `proving` something.

    Both are of 32 bits, of which the highest is free. All holders at once: they are fields of a number.
    """
    blocks = INTENDED * _any(units) - (INTENDED - OWN) * (_any(proving) if proving else 0)
    halves = array("I", bytes(8 * len(units)))
    halves[_SCORE::2] = units
    halves[1 - _SCORE :: 2] = array("I", blocks.to_bytes(4 * len(units), sys.byteorder))
    return array("Q", halves.tobytes())


def _any(units: array[int]) -> int:
    """A number with a one in the field of each holder that has units."""
    one = ones(len(units), 32)
    return int.from_bytes(units.tobytes(), sys.byteorder) + (SCORE >> 1) * one >> 31 & one


def everybody(size: int) -> int:
    """The set of all holders, of which there are `size`."""
    return int.from_bytes(b"\1" * size, "little")


def in_set(members: Iterable[int], size: int) -> int:
    """A set of holders, of which there are `size`."""
    marks = bytearray(size)
    for member in members:
        marks[member] = 1
    return int.from_bytes(marks, "little")


@cache
def ones(size: int, field: int) -> int:
    """A number with a field of so many bits for each of `size` holders, each one."""
    return int.from_bytes(array(FIELDS[field], [1]) * size, sys.byteorder)


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
    _scores: dict[int, int] = field(default_factory=dict)  # by bits of a field
    _most: int | None = None

    @classmethod
    def of(cls, holders: Sequence[int], cells: array[int]) -> Ranking:
        """The ranking of these holders, given by label, with the cells of all: the others have none."""
        equal: dict[int, list[int]] = defaultdict(list)  # few scores are many holders'
        for holder in holders:
            equal[cells[holder] & _ORDER].append(holder)
        order = array("I")
        for cell in sorted(equal, key=order_in):
            order.extend(equal[cell])
        blocks = cells.tobytes()[_BLOCK :: cells.itemsize]
        members, proven = (int.from_bytes(blocks.translate(marks), "little") for marks in (_IN, _PROVEN))
        own = members
        if max(cells, default=0) > _ORDER:
            own = in_set([holder for holder in order if cells[holder] <= _ORDER], len(cells))
        return cls(order, cells, members, own, proven)

    @classmethod
    def read(cls, kept: Sequence[bytes]) -> Ranking:
        """The ranking that was `kept`."""
        order, cells = array("I"), array("Q")
        order.frombytes(kept[0])
        cells.frombytes(kept[1])
        members, own, proven = (int.from_bytes(marks, "little") for marks in kept[2:])
        return cls(order, cells, members, own, proven)

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

    @property
    def most(self) -> int:
        """The highest score in units."""
        if self._most is None:
            self._most = max(map(score_of, self.cells), default=0)
        return self._most

    def scores(self, field: int) -> int:
        """The scores of all holders in units, in a number with a field of so many bits for each."""
        if field not in self._scores:
            each = 64 // field
            low = 0 if sys.byteorder == "little" else each - 1
            some = memoryview(self.cells).cast("B").cast(FIELDS[field])[low::each]
            self._scores[field] = int.from_bytes(some.tobytes(), sys.byteorder)
        return self._scores[field]

    def _forget(self) -> None:
        self._scores.clear()
        self._most = None

    def put(self, holder: int, cell: int, key: Callable[[int], Key]) -> None:
        """Puts a holder at its place; `key` gives the place of any that is in the ranking."""
        self.cells[holder] = cell
        self._forget()
        self.order.insert(bisect_left(self.order, key(holder), key=key), holder)
        self.members |= 1 << 8 * holder
        if is_own(cell):
            self.own |= 1 << 8 * holder
        if block_of(cell) == OWN:
            self.proven |= 1 << 8 * holder

    def drop(self, holder: int, key: Callable[[int], Key]) -> None:
        """Takes a holder out; `key` is that by which it was put in, unless its label is another now."""
        place = bisect_left(self.order, key(holder), key=key)
        if place < len(self.order) and self.order[place] == holder:
            del self.order[place]
        else:
            self.order.remove(holder)
        self.cells[holder] = 0
        self._forget()
        self.members &= ~(1 << 8 * holder)
        self.own &= ~(1 << 8 * holder)
        self.proven &= ~(1 << 8 * holder)
