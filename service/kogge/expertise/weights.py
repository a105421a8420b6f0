"""Level 5, weights: what a reason is worth for each topic. Score and order are those of model.md, "Evidence".

Numbers stand for topics, kinds of evidence and things, so that millions of reasons fit into memory:

* a *code* is a topic and a kind of evidence in one number;
* the *rows* of a holder are its reasons, in the order of their numbers: the code and the thing of each;
* a *rank* is how much a row is worth for a question: its place among all that is possible, the best first;
* a *piece* is a row that counts for a question: its rank, topic, kind and number in one integer, the smaller
  the more it is worth, so that the best of several is their minimum.
"""

from __future__ import annotations

import sys
from array import array
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from functools import reduce
from itertools import compress
from math import lcm
from typing import Final, NamedTuple

from kogge.expertise.ranking import INTENDED, NOBODY, OWN, SCORE, THROUGH, cell_of, score_of
from kogge.expertise.terms import Words

NUMBER: Final = 24  # bits of the number of a row in a piece; as many for its topic (16) and kind (8)
_LOW: Final = (1 << NUMBER) - 1
_FIELD: Final = 4  # bytes of a sum of units
_KNOWN_FIELDS: Final = 10_000_000  # of things on the same topics, with what they add for each topic
_KNOWN: Final = 100_000  # things on the same topics that are remembered, with what they add to each ranking


class Rows:
    """The reasons of a holder in the order of their numbers: the `codes` and the `things` of all."""

    __slots__ = ("_places", "_size", "codes", "things")

    def __init__(self, codes: Iterable[int] = (), things: Iterable[int] = ()) -> None:
        self.codes, self.things = array("I", codes), array("I", things)
        self._places: array[int] | None = None
        self._size = 0

    @classmethod
    def read(cls, kept: bytes) -> Rows:
        """The rows that were `kept`."""
        half = len(kept) // 2
        rows = cls()
        rows.codes.frombytes(kept[:half])
        rows.things.frombytes(kept[half:])
        return rows

    def kept(self) -> bytes:
        """The same as bytes."""
        return self.codes.tobytes() + self.things.tobytes()

    def __len__(self) -> int:
        return len(self.codes)

    def add(self, code: int, thing: int) -> int:
        """Adds a row; its number."""
        self._places = None
        self.codes.append(code)
        self.things.append(thing)
        return len(self.codes) - 1

    def drop(self, number: int) -> int:
        """Takes a row away; the last one takes its number. The number that this had."""
        self._places = None
        code, thing = self.codes.pop(), self.things.pop()
        if number < len(self.codes):
            self.codes[number], self.things[number] = code, thing
        return len(self.codes)

    def places(self) -> tuple[array[int], int]:
        """The thing of each row as its place among the things of this holder, and how many these are."""
        if self._places is None:
            places: dict[int, int] = {}
            self._places = array("I", [places.setdefault(thing, len(places)) for thing in self.things])
            self._size = len(places)
        return self._places, self._size

    def by_thing(self) -> dict[int, tuple[int, ...]]:
        """The codes of each thing."""
        found: dict[int, tuple[int, ...]] = {}
        for thing, code in zip(self.things, self.codes, strict=True):
            found[thing] = (*found[thing], code) if thing in found else (code,)
        return found


class Sought(NamedTuple):
    """What a question asks for: `worth` gives, for a code, its piece without the number and the parts of the
    question for which it counts (bits); `things` are sets of things with their bits."""

    worth: Mapping[int, tuple[int, int]]
    things: Sequence[tuple[frozenset[int], int]] = ()


def number_of(piece: int) -> int:
    """The number of the row of a piece."""
    return piece & _LOW


def kind_of(piece: int) -> int:
    """The kind of evidence of a piece."""
    return piece >> NUMBER & 0xFF


def order_of(piece: int) -> int:
    """Sorts pieces: what is worth most first, then by topic."""
    return piece >> NUMBER + 8


def rank_of(piece: int) -> int:
    """How much a piece is worth."""
    return piece >> 2 * NUMBER


class Weights:
    """What a reason of each kind on each topic is worth for every topic."""

    def __init__(self, words: Words) -> None:
        topics, kinds = list(words.topics.values()), list(words.kinds.values())
        self.kinds = len(kinds)
        self._number = {topic.iri: number for number, topic in enumerate(topics)}
        self._proves = [kind.proves for kind in kinds]
        closeness = {near for topic in topics for _, near in topic.reach}
        possible = {(kind.strength * near, kind.strength, near) for kind in kinds for near in closeness}
        best_first = sorted(possible, reverse=True)
        rank = {worth: place for place, worth in enumerate(best_first)}
        self.closeness = [near for _, _, near in best_first]
        self.unit = lcm(1, *(Fraction(value).denominator for value, _, _ in best_first))
        self._units = [*(int(value * self.unit) for value, _, _ in best_first), 0]
        self._nothing = len(best_first)  # the rank of what does not count
        proving = {kind.strength for kind in kinds if kind.proves}
        self._proving = {place for place, (_, strength, _) in enumerate(best_first) if strength in proving}
        self._sought: list[Sought] = []
        self._scores: dict[int, Decimal] = {}
        self._effects: dict[int, list[tuple[int, int]]] = {}
        self._packed: dict[tuple[int, ...], list[tuple[int, int]]] = {}
        self._adding: dict[tuple[int, ...], list[tuple[int, int, int]]] = {}
        for asked, topic in enumerate(topics):
            worth = {}
            for near, factor in topic.reach:
                for number, kind in enumerate(kinds):
                    if near in self._number:
                        about = self._number[near]
                        place = rank[kind.strength * factor, kind.strength, factor]
                        code = self.code(about, number)
                        worth[code] = ((place << 16 | about) << 8 | number) << NUMBER
                        self._effects.setdefault(code, []).append((asked, worth[code]))
            self._sought.append(Sought({code: (piece, 1) for code, piece in worth.items()}))
        self._amounts = [
            [(code, self._adding_of(rank_of(piece))) for code, (piece, _) in one.worth.items()]
            for one in self._sought
        ]
        self._fields = [0] * self.codes  # what a row with a code adds for each topic, a field each
        for asked, added in enumerate(self._amounts):
            for code, adding in added:
                self._fields[code] |= adding >> NUMBER << 8 * _FIELD * asked
        self._high = sum(1 << 8 * _FIELD * (topic + 1) - 1 for topic in range(len(topics)))
        self._itself = [self._sought[code // self.kinds].worth[code][0] for code in range(self.codes)]

    def _adding_of(self, rank: int) -> int:
        return self._units[rank] << NUMBER | (rank in self._proving)

    @property
    def codes(self) -> int:
        """How many codes there are."""
        return len(self._number) * self.kinds

    def code(self, topic: int, kind: int) -> int:
        """The code of a topic and a kind of evidence."""
        return topic * self.kinds + kind

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

    # One question

    def each(self, rows: Rows, sought: Sought) -> Iterator[tuple[int, int, int]]:
        """The rows that count for a question: thing, the piece for the nearest part, which parts (bits)."""
        worth, things = sought
        for number, (thing, code) in enumerate(zip(rows.things, rows.codes, strict=True)):
            found = worth.get(code)
            for some, bit in things:
                if thing in some:
                    itself = self._itself[code]
                    found = (min(itself, found[0]), found[1] | bit) if found else (itself, bit)
            if found:
                yield thing, found[0] | number, found[1]

    def pieces(self, rows: Rows, sought: Sought) -> tuple[dict[int, int], dict[int, int]]:
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

    def cell(self, pieces: Iterable[int], through: int = NOBODY) -> int:
        """What pieces amount to; 0 for none."""
        ranks = [rank_of(piece) for piece in pieces]
        return self._cell(ranks, through) if ranks else 0

    def amounts(self, topics: Sequence[str], kind: int | None = None) -> list[int]:
        """What a row with each code adds for topics (IRIs), by one kind of evidence or by any: its units, and
        below them a bit that it proves something. What has the better rank has the higher of these."""
        amounts = [0] * self.codes
        for topic in topics:
            for code, adding in self._amounts[self._number[topic]]:
                if adding > amounts[code] and kind in (None, code % self.kinds):
                    amounts[code] = adding
        return amounts

    def amount(self, rows: Rows, amounts: Sequence[int]) -> int:
        """What the rows of a holder amount to by these, 0 for nothing: as `pieces` and `cell`, but many times
        as fast. With one kind of evidence it is right if no thing is evidence of several kinds."""
        places, size = rows.places()
        best = [0] * size
        added = list(map(amounts.__getitem__, rows.codes))
        for place, adding in compress(zip(places, added, strict=True), added):
            if adding > best[place]:
                best[place] = adding
        total = sum(best)
        return total and cell_of(OWN if total & _LOW else INTENDED, total >> NUMBER)

    def _cell(self, ranks: Sequence[int], through: int = NOBODY) -> int:
        score = sum(map(self._units.__getitem__, ranks))
        proven = OWN if through == NOBODY else THROUGH
        return cell_of(INTENDED if self._proving.isdisjoint(ranks) else proven, score, through)

    # All rankings at once

    def ranking(self, topic: int, kind: int | None) -> int:
        """The number of the ranking of a topic by a kind of evidence, or by any (None)."""
        return topic * (self.kinds + 1) + (0 if kind is None else kind + 1)

    def by_any(self, ranking: int) -> int:
        """The ranking of the same topic by any kind of evidence."""
        return ranking - ranking % (self.kinds + 1)

    @property
    def every(self) -> range:
        """The rankings of all topics by any kind of evidence."""
        return range(0, len(self._number) * (self.kinds + 1), self.kinds + 1)

    def beside(self, by_any: int) -> range:
        """That ranking, and those of the same topic by each kind of evidence."""
        return range(by_any, by_any + self.kinds + 1)

    def cells(
        self, rows: Rows, passes: Collection[tuple[int, int]] | None = None, through: int = NOBODY
    ) -> dict[int, int]:
        """What the rows of a holder amount to in every ranking; of an alliance what it `passes` on (things
        and kinds of evidence)."""
        sums: dict[int, int] = {}
        known, sum_of = self._adding, sums.get
        for thing, codes in rows.by_thing().items():
            for ranking, kind, units in known.get(codes) or self.added(codes):
                if passes is None or (thing, kind) in passes:
                    sums[ranking] = sum_of(ranking, 0) + units
        by_any: dict[int, int] = {}
        for ranking, units in sums.items():
            every = ranking - ranking % (self.kinds + 1)
            by_any[every] = by_any.get(every, 0) + units
        sums |= by_any
        own = cell_of(OWN if through == NOBODY else THROUGH, 0, through)
        intended = cell_of(INTENDED, 0, through)
        for ranking, units in sums.items():
            sums[ranking] = own | units & SCORE if units > SCORE else intended | units
        return sums

    def shifted(self, cells: Mapping[int, int], shifts: Mapping[int, int]) -> dict[int, int]:
        """The cells of a holder in the rankings of some topics, when it has so many units more or fewer in
        those by a kind of evidence; `cells` has what it had in them of its own."""
        found: dict[int, int] = {}
        for by_any in {self.by_any(ranking) for ranking in shifts}:
            total, proven = 0, False
            for kind, proves in enumerate(self._proves):
                ranking = by_any + kind + 1
                if units := score_of(cells.get(ranking, 0)) + shifts.get(ranking, 0):
                    total, proven = total + units, proven or proves
                found[ranking] = units and cell_of(OWN if proves else INTENDED, units)
            found[by_any] = total and cell_of(OWN if proven else INTENDED, total)
        return found

    def shifts(self, before: Iterable[tuple[int, ...]], after: Iterable[tuple[int, ...]]) -> dict[int, int]:
        """By how many units that changes, by ranking, when things have other codes than before."""
        shifts: dict[int, int] = {}
        for things, sign in ((before, -1), (after, 1)):
            for codes in things:
                for ranking, _, units in self.added(codes) if codes else ():
                    shifts[ranking] = shifts.get(ranking, 0) + sign * (units & SCORE)
        return shifts

    def units(self, rows: Rows) -> list[array[int]]:
        """The units that a holder has of its own for each topic: by any kind of evidence, by each, and by
        those that prove something. All at once, which is many times as fast as `cells`: what a thing adds is
        one number, with a field for each topic."""
        sums = [0] * self.kinds
        known = self._packed
        for codes in rows.by_thing().values():
            for kind, packed in known.get(codes) or self._pack(codes):
                sums[kind] += packed
        proving = sum(compress(sums, self._proves))
        size = _FIELD * len(self._number)
        found = [array("I", some.to_bytes(size, "little")) for some in (sum(sums), *sums, proving)]
        if sys.byteorder == "big":
            for some in found:
                some.byteswap()
        return found

    def _pack(self, codes: tuple[int, ...]) -> list[tuple[int, int]]:
        """What a thing with these rows adds by its best for each topic, by kind of evidence: its units, in a
        number with a field for each topic."""
        if len({code % self.kinds for code in codes}) == 1:
            packed = [(codes[0] % self.kinds, reduce(self._highest, map(self._fields.__getitem__, codes)))]
        else:
            sums: dict[int, int] = {}
            for ranking, kind, units in self.added(codes):
                place = 8 * _FIELD * (ranking // (self.kinds + 1))
                sums[kind] = sums.get(kind, 0) | (units & SCORE) << place
            packed = list(sums.items())
        if len(self._packed) * len(self._number) > _KNOWN_FIELDS:
            self._packed.clear()
        self._packed[codes] = packed
        return packed

    def _highest(self, one: int, other: int) -> int:
        """The higher of both in each field; the highest bit of a field is free."""
        higher = (one | self._high) - other & self._high
        ones_ = higher - (higher >> 8 * _FIELD - 1)
        return one & ones_ | other & ~ones_

    def added(self, codes: tuple[int, ...]) -> list[tuple[int, int, int]]:
        """What a thing with these rows adds by its best for each topic: to which ranking by a kind, as which
        kind, how many units, with a bit above all scores where it proves something."""
        known = self._adding.get(codes)
        if known is None:
            best: dict[int, int] = {}
            for code in codes:
                for asked, piece in self._effects[code]:
                    if piece < best.get(asked, piece + 1):
                        best[asked] = piece
            known = []
            for asked, piece in best.items():
                kind, units = kind_of(piece), self._units[rank_of(piece)]
                adding = units | self._proves[kind] << SCORE.bit_length()
                known.append((self.ranking(asked, kind), kind, adding))
            if len(self._adding) > _KNOWN:
                self._adding.clear()
            self._adding[codes] = known
        return known
