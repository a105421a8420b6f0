"""Level 5, ranking: what a reason is worth for each topic, and the holders of a topic in their order.

Score and order are those of model.md, "Evidence". Numbers stand for holders, topics and kinds of evidence, so
that millions of reasons fit into memory:

* a *row* is one reason of a holder: thing, topic and kind in one integer (`pack`);
* a *piece* is a row that counts for a question: how much it is worth, its topic, its kind, and the number of
  the row, in one integer, the smaller the more it is worth, so that the best of several is their minimum;
* a *cell* is the place of a holder in a ranking: alliance or none, score (32 bits), block (2 bits), or 0;
* a *set* of holders is an integer whose byte N is 1 if holder N is in it: `&` and `bit_count` are fast.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from math import lcm
from typing import Final, NamedTuple

from kogge.expertise.terms import Words

OWN, THROUGH, INTENDED = 1, 2, 3  # the three blocks of an answer
ANY: Final = -1  # instead of a kind of evidence: all of them
NOBODY: Final = -1  # instead of an alliance: the holder itself

_NUMBER: Final = 24  # bits of the number of a row; as many for its topic (16) and kind (8)
_LOW: Final = (1 << _NUMBER) - 1
_SCORE: Final = (1 << 32) - 1

Key = tuple[int, int, str, str]


class Entry(NamedTuple):
    """The place of a holder in a ranking: block, score in units, and the alliance whose reasons they are."""

    block: int
    score: int
    through: int = NOBODY


class Sought(NamedTuple):
    """What a question asks for. `worth` gives, for the topic and kind of a row, its piece without the number
    and the parts of the question for which it counts (bits); `things` are sets of things with their bits."""

    worth: Mapping[int, tuple[int, int]]
    things: Sequence[tuple[frozenset[int], int]] = ()


def pack(thing: int, topic: int, kind: int) -> int:
    """A row."""
    return thing << _NUMBER | topic << 8 | kind


def thing_of(row: int) -> int:
    """The number of the thing in a row."""
    return row >> _NUMBER


def number_of(piece: int) -> int:
    """The number of the row of a piece."""
    return piece & _LOW


def topic_of(piece: int) -> int:
    """The topic of a piece."""
    return piece >> _NUMBER + 8 & 0xFFFF


def kind_of(piece: int) -> int:
    """The kind of evidence of a piece."""
    return piece >> _NUMBER & 0xFF


def order_of(piece: int) -> int:
    """Sorts pieces: what is worth most first, then by topic."""
    return piece >> _NUMBER + 8


def rank_of(piece: int) -> int:
    """How much a piece is worth: its place among all that are possible, the best first."""
    return piece >> 2 * _NUMBER


def entry_of(cell: int) -> Entry:
    """What a cell says."""
    return Entry(cell & 3, cell >> 2 & _SCORE, (cell >> 34) - 1)


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


class Weights:
    """What a reason of each kind on each topic is worth for every topic."""

    def __init__(self, words: Words) -> None:
        topics, kinds = list(words.topics.values()), list(words.kinds.values())
        self._number = {topic.iri: number for number, topic in enumerate(topics)}
        self._proves = [kind.proves for kind in kinds]
        closeness = {near for topic in topics for _, near in topic.reach}
        possible = {(kind.strength * near, kind.strength, near) for kind in kinds for near in closeness}
        best_first = sorted(possible, reverse=True)
        rank = {worth: place for place, worth in enumerate(best_first)}
        self.closeness = [near for _, _, near in best_first]
        self.strength = [strength for _, strength, _ in best_first]
        self.unit = lcm(1, *(Fraction(value).denominator for value, _, _ in best_first))
        self.units = [int(value * self.unit) for value, _, _ in best_first]
        self._sought: list[Sought] = []
        self._scores: dict[int, Decimal] = {}
        self._effects: dict[int, list[tuple[int, int]]] = {}
        for asked, topic in enumerate(topics):
            worth = {}
            for near, factor in topic.reach:
                for number, kind in enumerate(kinds):
                    if near in self._number:
                        code = pack(0, self._number[near], number)
                        place = rank[kind.strength * factor, kind.strength, factor]
                        worth[code] = (place << _NUMBER | code) << _NUMBER
                        self._effects.setdefault(code, []).append((asked, worth[code]))
            self._sought.append(Sought({code: (piece, 1) for code, piece in worth.items()}))
        codes = [(asked, pack(0, asked, kind)) for asked in range(len(topics)) for kind in range(len(kinds))]
        self._itself = {code: self._sought[asked].worth[code][0] for asked, code in codes}

    def sought(self, topics: Sequence[str], things: Sequence[frozenset[int]] = ()) -> Sought:
        """What counts for topics (IRIs), and for things: what has one as evidence, as for its very topic."""
        if len(topics) == 1 and not things:
            return self._sought[self._number[topics[0]]]
        worth: dict[int, tuple[int, int]] = {}
        for place, topic in enumerate(topics):
            for code, (piece, _) in self._sought[self._number[topic]].worth.items():
                best, bits = worth.get(code, (piece, 0))
                worth[code] = min(piece, best), bits | 1 << place
        return Sought(worth, [(some, 1 << place) for place, some in enumerate(things, len(topics))])

    def score(self, units: int) -> Decimal:
        """A score as model.md counts it."""
        if units not in self._scores:
            self._scores[units] = Decimal(units) / self.unit
        return self._scores[units]

    def by_topic(self, rows: Sequence[int]) -> dict[int, dict[int, int]]:
        """The pieces of a holder for every topic for which it has any: one thing once, by what is best."""
        best: dict[int, dict[int, int]] = {}
        effects = self._effects
        for number, row in enumerate(rows):
            thing = row >> _NUMBER
            for asked, worth in effects[row & _LOW]:
                pieces = best.get(asked)
                if pieces is None:
                    best[asked] = {thing: worth | number}
                else:
                    piece = worth | number
                    if piece < pieces.get(thing, piece + 1):
                        pieces[thing] = piece
        return best

    def each(self, rows: Iterable[int], sought: Sought) -> Iterator[tuple[int, int, int]]:
        """The rows that count for a question: thing, the piece for the nearest part, which parts (bits)."""
        worth, things = sought
        for number, row in enumerate(rows):
            found = worth.get(row & _LOW)
            for some, bit in things:
                if row >> _NUMBER in some:
                    itself = self._itself[row & _LOW]
                    found = (min(itself, found[0]), found[1] | bit) if found else (itself, bit)
            if found:
                yield row >> _NUMBER, found[0] | number, found[1]

    def pieces(self, rows: Iterable[int], sought: Sought) -> tuple[dict[int, int], dict[int, int]]:
        """The pieces of a holder for a question, by thing, one thing once, and for which parts (bits)."""
        best: dict[int, int] = {}
        asked: dict[int, int] = {}
        for thing, piece, bits in self.each(rows, sought):
            known = best.get(thing)
            if known is None:
                best[thing], asked[thing] = piece, bits
            else:
                best[thing], asked[thing] = min(piece, known), asked[thing] | bits
        return best, asked

    def amount(self, rows: Iterable[int], sought: Sought) -> tuple[int, int]:
        """What the rows of a holder amount to for topics, by any kind of evidence: a cell, 0 for nothing, and
        the parts of the question that are met (bits). As `pieces` and `cells`, several times as fast."""
        worth, best, asked = sought.worth.get, dict[int, int](), 0
        for row in rows:
            if found := worth(row & _LOW):
                thing, piece = row >> _NUMBER, found[0]
                asked |= found[1]
                if piece < best.get(thing, piece + 1):
                    best[thing] = piece
        if not best:
            return 0, 0
        units, pieces = self.units, best.values()
        score = sum([units[piece >> 2 * _NUMBER] for piece in pieces])
        proven = any(self._proves[kind] for kind in {piece >> _NUMBER & 0xFF for piece in pieces})
        return (OWN if proven else INTENDED) | score << 2, asked

    def cells(self, pieces: Iterable[int], through: int = NOBODY) -> dict[int, int]:
        """What pieces amount to, as a cell: for each kind of evidence, and for all together."""
        units, proves = self.units, self._proves
        sums: dict[int, int] = {}
        for piece in pieces:
            kind = piece >> _NUMBER & 0xFF
            sums[kind] = sums.get(kind, 0) + units[piece >> 2 * _NUMBER]
        proven = (through + 1) << 34 | (OWN if through == NOBODY else THROUGH)
        intended = (through + 1) << 34 | INTENDED
        cells, total, best = {}, 0, intended
        for kind, score in sums.items():
            block = proven if proves[kind] else intended
            cells[kind] = block | score << 2
            best = min(best, block)
            total += score
        if cells:
            cells[ANY] = best | total << 2
        return cells


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
    def of(cls, found: Mapping[int, int], places: Sequence[int], holders: Sequence[int]) -> Ranking:
        """The ranking of cells, by holder; `places` are those of all by label, `holders` who is at each."""
        size = len(places)
        cells = array("Q", bytes(8 * size))
        members, own, proven = bytearray(size), bytearray(size), bytearray(size)
        keys = []
        for holder, cell in found.items():
            cells[holder] = cell
            keys.append((((cell & 3) << 32) - (cell >> 2 & _SCORE)) * size + places[holder])
            members[holder] = 1
            own[holder] = not cell >> 34
            proven[holder] = cell & 3 == OWN
        keys.sort()
        order = array("I", [holders[key % size] for key in keys])
        return cls(order, cells, *(int.from_bytes(marks, "little") for marks in (members, own, proven)))

    def get(self, holder: int) -> Entry | None:
        """The entry of a holder, if it has one."""
        cell = self.cells[holder]
        return entry_of(cell) if cell else None

    def before(self, depth: int, marks: bytes, found: set[int]) -> int:
        """Adds those with a mark that are among the first `depth` of their block, of the own proven and of
        the intended ones; the most (in units) that anybody else with a mark has."""
        proven = self.proven.bit_count()
        intended = bisect_left(self.order, INTENDED, lo=proven, key=lambda one: self.cells[one] & 3)
        most = 0
        for start, end in ((0, proven), (intended, len(self.order))):
            stop = min(start + depth, end)
            found.update(one for one in self.order[start:stop] if marks[one])
            if stop < end:
                most = max(most, self.cells[self.order[stop]] >> 2 & _SCORE)
        return most

    def put(self, holder: int, cell: int, key: Callable[[int], Key]) -> None:
        """Puts a holder at its place; `key` gives the place of any that is in the ranking."""
        self.cells[holder] = cell
        self.order.insert(bisect_left(self.order, key(holder), key=key), holder)
        self.members |= 1 << 8 * holder
        if not cell >> 34:
            self.own |= 1 << 8 * holder
        if cell & 3 == OWN:
            self.proven |= 1 << 8 * holder

    def drop(self, holder: int) -> None:
        """Takes a holder out."""
        self.order.remove(holder)
        self.cells[holder] = 0
        self.members &= ~(1 << 8 * holder)
        self.own &= ~(1 << 8 * holder)
        self.proven &= ~(1 << 8 * holder)
