"""Level 5, search: the holders that fit a question, in their order, found in the rankings.

A question about one topic is a slice of its ranking. Several topics are joined best first: what a holder has
in the ranking of each, added up, is at least what it has for all of them together (one thing counts once), so
holders are looked at in the order of these sums, and one is given out as soon as none that is left can stand
before it.
"""

from __future__ import annotations

from array import array
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, reduce
from heapq import heappop, heappush
from itertools import compress, islice
from operator import and_
from typing import Final, NamedTuple, TypeAlias

from kogge.expertise.index import Index
from kogge.expertise.ranking import (
    FIELDS,
    INTENDED,
    NOBODY,
    OWN,
    SCORE,
    Entry,
    Ranking,
    block_of,
    entry_of,
    everybody,
    in_set,
    is_own,
    listed,
    no_cells,
    ones,
)
from kogge.expertise.rows import Membership
from kogge.expertise.weights import Sought, kind_of, number_of

_FEW: Final = 64
_MANY: Final = 256  # holders from which on not all are looked at at once
_FIRST: Final = 32  # that are looked at first then

# Where a hit stands: block, parts covered and score (of these the lowest are the best), and the order of the
# holder; then the holder, and the alliance whose reasons they are.
Place: TypeAlias = tuple[int, int, int, tuple[str, str], int, int]


class Hit(NamedTuple):
    """A holder that was found, by its number; `covered` parts of the question are met."""

    holder: int
    entry: Entry
    covered: int = 1


@dataclass(frozen=True, slots=True)
class Found:
    """A page of hits, of how many in all, and whether the first of all is proven."""

    hits: Sequence[Hit]
    total: int
    proven: bool


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked for: topics, sets of things (numbers), the set of holders that fit, a kind of evidence.

    Topics and the kind are IRIs.
    """

    topics: Sequence[str]
    things: Sequence[frozenset[int]] = ()
    among: int | None = None
    kind: str | None = None


def count(index: Index, topic: str, among: int | None, kind: str | None) -> int:
    """How many results a topic has."""
    ranking = index.ranking(topic, kind)
    if ranking is None:
        return 0
    return len(ranking.order) if among is None else (ranking.members & among).bit_count()


def find(index: Index, wanted: Wanted, limit: int | None = None, offset: int = 0) -> Found:
    """The hits from `offset`, at most `limit` of them, all for None."""
    if len(wanted.topics) == 1 and not wanted.things:
        return _on_topic(index, wanted, limit, offset)
    if not wanted.topics and not wanted.things:
        return Found((), 0, proven=False)
    return _Join(index, wanted).found(limit, offset)


def fitting(index: Index, wanted: Wanted) -> int:
    """The set of all holders that have a hit: those whom `find` counts."""
    if len(wanted.topics) == 1 and not wanted.things:
        ranking = index.ranking(wanted.topics[0], wanted.kind)
        if ranking is None:
            return 0
        return ranking.members if wanted.among is None else ranking.members & wanted.among
    return _Join(index, wanted).members() if wanted.topics or wanted.things else 0


def _on_topic(index: Index, wanted: Wanted, limit: int | None, offset: int) -> Found:
    ranking = index.ranking(wanted.topics[0], wanted.kind)
    if ranking is None:
        return Found((), 0, proven=False)
    end = len(ranking.order) if limit is None else offset + limit
    if wanted.among is None:
        total, first, page = len(ranking.order), ranking.order[:1], ranking.order[offset:end]
        return Found(_hits(ranking, page), total, _proven(ranking, first))
    members = ranking.members & wanted.among
    total = members.bit_count()
    if total <= _FEW:
        fitting = sorted(listed(members), key=index.key(ranking))
    else:
        marks = members.to_bytes(len(index.holders), "little")
        fitting = list(islice(compress(ranking.order, map(marks.__getitem__, ranking.order)), max(end, 1)))
    return Found(_hits(ranking, fitting[offset:end]), total, _proven(ranking, fitting[:1]))


def _hits(ranking: Ranking, holders: Sequence[int]) -> list[Hit]:
    return [Hit(holder, entry) for holder in holders if (entry := ranking.get(holder))]


def _proven(ranking: Ranking, first: Sequence[int]) -> bool:
    return any(block_of(ranking.cells[holder]) == OWN for holder in first)


def _bound(sums: int, high: int, one: int, wanted: int, least: int, below: int) -> tuple[int, int]:
    """A bound that so many fields, or up to eight times as many, reach, and the high bits of those that do.
    It is lower than `below`, and not lower than `least`, which so many reach."""
    reaching = sums + (high - least * one) & high
    while reaching.bit_count() > 8 * wanted and below - least > 1:
        bound = (least + below) // 2
        above = sums + (high - bound * one) & high
        if above.bit_count() < wanted:
            below = bound
        else:
            least, reaching = bound, above
    return least, reaching


def _fields(high: bytes, width: int) -> Iterator[int]:
    """The numbers of the fields, of so many bytes, whose highest bit is set."""
    place = high.find(128)
    while place >= 0:
        yield place // width
        place = high.find(128, place + 1)


class _Join:
    """The hits of a question with several parts."""

    def __init__(self, index: Index, wanted: Wanted) -> None:
        self.index = index
        self.kind = None if wanted.kind is None else index.kind_number(wanted.kind)
        self.among = wanted.among
        self.wanted = wanted
        self.amounts = index.weights.amounts(wanted.topics, self.kind)
        self.mixed = 0 if self.kind is None else index.mixed
        self.own: list[int] = []  # per part: who has anything of its own for it
        self.rankings: list[Ranking] = []  # per part: by the kind of evidence that is asked for
        for topic in wanted.topics:
            self._add(index.ranking(topic), index.ranking(topic, wanted.kind))
        for things in wanted.things:
            self._add(*self._rankings_of(things))
        self.anybody = 0
        for own in self.own:
            self.anybody |= own

    @cached_property
    def sought(self) -> Sought:
        """What counts."""
        return self.index.weights.sought(self.wanted.topics, self.wanted.things)

    def found(self, limit: int | None, offset: int) -> Found:
        """The page from `offset`."""
        fitting = 0
        for ranking in self.rankings:
            fitting |= ranking.own
        if self.among is not None:
            fitting &= self.among
        passed = self._passed_on()
        through = passed.bit_count() if self.kind is None else len(self._through(passed))
        total = through + self._count(fitting)
        end = total if limit is None else offset + limit
        places = list(islice(self._in_order(fitting, passed), max(end, 1)))
        hits = [
            Hit(holder, Entry(block, -score, through), -covered)
            for block, covered, score, _, holder, through in places[offset:end]
        ]
        return Found(hits, total, proven=bool(places) and places[0][0] == OWN)

    def members(self) -> int:
        """The set of those who have a hit."""
        own = 0
        for ranking in self.rankings:
            own |= ranking.own
        if self.among is not None:
            own &= self.among
        passed = self._passed_on()
        if self.kind is None:
            return own | passed
        size = len(self.index.holders)
        none = (holder for holder in listed(own & self.index.mixed) if not self._weighed(holder))
        through = (place[4] for place in self._through(passed))
        return own & ~in_set(none, size) | in_set(through, size)

    def _add(self, by_any: Ranking | None, by_kind: Ranking | None) -> None:
        self.own.append(by_any.own if by_any else 0)
        if by_kind:
            self.rankings.append(by_kind)

    def _rankings_of(self, things: frozenset[int]) -> tuple[Ranking, Ranking]:
        """The rankings by any and by the wanted kind of those who have one of the things."""
        index = self.index
        sought = index.weights.sought((), [things])
        by_any, by_kind = no_cells(len(index.holders)), no_cells(len(index.holders))
        for holder in (holders := index.holding(things)):
            pieces = index.weights.pieces(index.rows[holder], sought)[0].values()
            by_any[holder] = index.weights.cell(pieces)
            by_kind[holder] = index.weights.cell(
                [piece for piece in pieces if self.kind in (None, kind_of(piece))]
            )
        fitting = [holder for holder in holders if by_kind[holder]]
        return Ranking.of(holders, by_any), Ranking.of(fitting, by_kind)

    def _count(self, fitting: int) -> int:
        """How many of these have a hit. Only who has a thing as evidence of two kinds may have none."""
        if self.kind is None:
            return fitting.bit_count()
        doubtful = fitting & self.mixed
        weighed = (self._weighed(holder) for holder in listed(doubtful))
        return (fitting & ~doubtful).bit_count() + sum(1 for place in weighed if place)

    def _weighed(self, holder: int, parts: int = 0) -> Place | None:
        """Where a holder stands by what it has of its own, if it has anything, for `parts` of the question by
        some kind of evidence."""
        rows = self.index.rows[holder]
        if self.wanted.things or self.mixed >> 8 * holder & 1:
            worth = self._amounting(*self.index.weights.pieces(rows, self.sought))
            return self._place(holder, *worth) if worth else None
        cell = self.index.weights.amount(rows, self.amounts)
        if self.kind is not None:
            parts = sum([is_own(ranking.cells[holder]) for ranking in self.rankings])
        return self._place(holder, cell, parts) if cell else None

    def _amounting(
        self, pieces: Mapping[int, int], asked: Mapping[int, int], through: int = NOBODY
    ) -> tuple[int, int] | None:
        """What pieces, by thing, amount to (a cell), and how many parts they cover: those of the kind of
        evidence that is wanted."""
        covered, wanted = 0, []
        for thing, piece in pieces.items():
            if self.kind in (None, kind_of(piece)):
                covered |= asked[thing]
                wanted.append(piece)
        if not wanted:
            return None
        return self.index.weights.cell(wanted, through), covered.bit_count()

    def _place(self, holder: int, cell: int, covered: int) -> Place:
        block, score, through = entry_of(cell)
        return block, -covered, -score, self.index.holders[holder].order, holder, through

    def _in_order(self, fitting: int, passed: int) -> Iterator[Place]:
        """All hits, the best first; a holder is weighed only when those before it do not fill the page.

        `fitting` have something of their own; `passed` have what an alliance passes on, which stands behind
        all that is proven of the own.
        """
        waiting: list[Place] = []
        behind = bool(passed)
        for *bound, holder in self._bounds(fitting):
            least = tuple(bound)
            while waiting and waiting[0] < least:
                yield heappop(waiting)
            if behind and least[0] != OWN:
                behind = False
                for place in self._through(passed):
                    heappush(waiting, place)
                while waiting and waiting[0] < least:
                    yield heappop(waiting)
            if own := self._weighed(holder, -least[1]):
                heappush(waiting, own)
        while waiting and (not behind or waiting[0][0] == OWN):
            yield heappop(waiting)
        if behind:
            for place in self._through(passed):
                heappush(waiting, place)
            while waiting:
                yield heappop(waiting)

    def _bounds(self, fitting: int) -> Iterator[tuple[int, int, int, int]]:
        """The best place that each of these can have (as in `Place`), and the holder, the best first."""
        proven = 0
        for ranking in self.rankings:
            proven |= ranking.proven
        size = max(1, len(self.index.holders))
        for block, group in ((OWN, fitting & proven), (INTENDED, fitting & ~proven)):
            for many, covering in self._covering(size):
                for units, holder in self._best_first(group & covering, size):
                    yield block, -many, -units, holder

    def _covering(self, size: int) -> Iterator[tuple[int, int]]:
        """Who has something of its own for how many parts, those for all of them first."""
        if self.own:
            yield len(self.own), reduce(and_, self.own)
        covering = [everybody(size), *(0 for _ in self.own)]
        for own in self.own:
            for many in range(len(covering) - 1, -1, -1):
                fewer = covering[many - 1] & own if many else 0
                covering[many] = covering[many] & ~own | fewer
        for many in range(len(self.own) - 1, 0, -1):
            yield many, covering[many]

    def _best_first(self, group: int, size: int) -> Iterator[tuple[int, int]]:
        """At least what each of these has for all of the rankings together, which is the sum of what it has
        in each, the best first.

        The sums of all holders are made at once, in one number with a field for each. Of many holders only
        some are looked at, and then twice as many: those whose sum is not below what as many of the first of
        the rankings have.
        """
        columns = [ranking.cells for ranking in self.rankings]
        many = group.bit_count()
        if many <= _MANY:
            yield from self._sorted(columns, list(listed(group)))
            return
        marks = group.to_bytes(size, "little")
        bound = sum([ranking.most for ranking in self.rankings]) + 1
        field = next(bits for bits in FIELDS if bound < 1 << bits - 1)  # its highest bit stays free
        sums = sum([ranking.scores(field) for ranking in self.rankings])
        one = ones(size, field)
        high = one << field - 1
        wanted, seen = _FIRST, 0
        while bound:
            least = min(self._reached(marks, columns, wanted), bound - 1)
            bound, above = _bound(sums, high, one, wanted * size // many, least, bound)
            fields = (above ^ seen).to_bytes(size * field // 8, "little")
            found = [holder for holder in _fields(fields, field // 8) if marks[holder]]
            yield from self._sorted(columns, found)
            seen, wanted = above, 2 * wanted

    def _reached(self, marks: bytes, columns: Sequence[array[int]], wanted: int) -> int:
        """A sum that at least so many of those who are marked reach: what the first of each ranking have."""
        first: set[int] = set()
        for ranking in self.rankings:
            first.update(islice(compress(ranking.order, map(marks.__getitem__, ranking.order)), wanted))
        sums = self._sorted(columns, first)
        return sums[wanted - 1][0] if wanted <= len(sums) else 0

    def _sorted(self, columns: Sequence[array[int]], holders: Collection[int]) -> list[tuple[int, int]]:
        """The sums of these with the holders, the highest first."""
        cells = ([column[holder] & SCORE for holder in holders] for column in columns)
        return sorted(zip(map(sum, zip(*cells, strict=True)), holders, strict=True), reverse=True)

    def _passed_on(self) -> int:
        """The members that have nothing of their own for any part, and something through an alliance."""
        passed = 0
        for ranking in self.rankings:
            passed |= ranking.members & ~ranking.own
        return passed & ~self.anybody & (-1 if self.among is None else self.among)

    def _through(self, passed: int) -> list[Place]:
        """Where these members stand by what they have through an alliance, the best of them."""
        index = self.index
        known: dict[tuple[int, tuple[Membership, ...]], tuple[int, int] | None] = {}
        found = []
        for member in listed(passed):
            places = []
            for alliance in index.alliances_of(member):
                held = index.members[alliance][member]
                if (alliance, held) not in known:
                    known[alliance, held] = self._passed(alliance, held)
                if worth := known[alliance, held]:
                    places.append((self._place(member, *worth), index.holders[alliance].order))
            if places:
                found.append(min(places, key=lambda one: (one[0][:3], one[1]))[0])
        return found

    def _passed(self, alliance: int, held: tuple[Membership, ...]) -> tuple[int, int] | None:
        """What an alliance passes on to a member with these memberships."""
        pieces, asked = self.index.weights.pieces(self.index.rows[alliance], self.sought)
        passes = self.index.passes(alliance, held)
        passed = {thing: piece for thing, piece in pieces.items() if passes[number_of(piece)]}
        return self._amounting(passed, asked, alliance)
