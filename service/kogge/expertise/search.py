"""Level 5, search: the holders that fit a question, in their order, found in the rankings.

A question about one topic is a slice of its ranking. Several topics are joined best first: what a holder has
in the ranking of each, added up, is at least what it has for all of them together (one thing counts once), so
holders are looked at in the order of these sums, and one is given out as soon as none that is left can stand
before it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from heapq import heapify, heappop, heappush, nsmallest
from itertools import compress, islice
from typing import Final

from kogge.expertise.index import Index
from kogge.expertise.ranking import (
    ANY,
    INTENDED,
    NOBODY,
    OWN,
    Entry,
    Part,
    Ranking,
    entry_of,
    everybody,
    kind_of,
    listed,
    number_of,
)
from kogge.expertise.rows import Membership

_FEW: Final = 64
_FIRST: Final = 256
_CELL: Final = (1 << 34) - 1  # block and score in a cell of a ranking

Place = tuple[int, int, int, str, str]


@dataclass(frozen=True, slots=True)
class Hit:
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
    return any(ranking.cells[holder] & 3 == OWN for holder in first)


def _lowest_first(keys: list[int]) -> Iterator[int]:
    """These in their order, sorted no further than they are wanted."""
    first = nsmallest(_FIRST, keys)
    yield from first
    if len(keys) > _FIRST:
        yield from islice(sorted(keys), _FIRST, None)


class _Join:
    """The hits of a question with several parts."""

    def __init__(self, index: Index, wanted: Wanted) -> None:
        self.index = index
        self.kind = ANY if wanted.kind is None else index.kind_number(wanted.kind)
        self.among = wanted.among
        self.parts: list[Part] = []
        self.own: list[int] = []  # per part: who has anything of its own for it
        self.rankings: list[Ranking] = []  # per part: by the kind of evidence that is asked for
        for topic in wanted.topics:
            self._add(index.weights.part(topic), index.ranking(topic), index.ranking(topic, wanted.kind))
        for things in wanted.things:
            part = index.weights.part_of(things)
            self._add(part, *self._rankings_of(part, things))
        self.anybody = 0
        for own in self.own:
            self.anybody |= own

    def found(self, limit: int | None, offset: int) -> Found:
        """The page from `offset`."""
        fitting = 0
        for ranking in self.rankings:
            fitting |= ranking.own
        if self.among is not None:
            fitting &= self.among
        through = self._through()
        total = len(through) + self._count(fitting)
        end = total if limit is None else offset + limit
        hits = list(islice(self._in_order(fitting, through), max(end, 1)))
        return Found(hits[offset:end], total, proven=bool(hits) and hits[0].entry.block == OWN)

    def _add(self, part: Part, by_any: Ranking | None, by_kind: Ranking | None) -> None:
        self.parts.append(part)
        self.own.append(by_any.own if by_any else 0)
        if by_kind:
            self.rankings.append(by_kind)

    def _rankings_of(self, part: Part, things: frozenset[int]) -> tuple[Ranking, Ranking]:
        """The rankings by any and by the wanted kind of those who have one of the things."""
        index, places = self.index, range(len(self.index.holders))
        found: dict[int, Mapping[int, int]] = {}
        for holder in index.holding(things):
            pieces, _ = index.weights.for_parts(index.rows[holder], [part])
            found[holder] = index.weights.cells(pieces.values())
        by_any, by_kind = (
            Ranking.of(
                {holder: cells[kind] for holder, cells in found.items() if kind in cells}, places, places
            )
            for kind in (ANY, self.kind)
        )
        return by_any, by_kind

    def _count(self, fitting: int) -> int:
        """How many of these have a hit. Only who has a thing as evidence of two kinds may have none."""
        if self.kind == ANY:
            return fitting.bit_count()
        doubtful = fitting & self.index.mixed
        return (fitting & ~doubtful).bit_count() + sum(1 for holder in listed(doubtful) if self._hit(holder))

    def _hit(self, holder: int) -> Hit | None:
        """What a holder has for the question."""
        pieces, asked = self.index.weights.for_parts(self.index.rows[holder], self.parts)
        return self._amounting(holder, pieces, asked)

    def _amounting(
        self, holder: int, pieces: Mapping[int, int], asked: Mapping[int, int], through: int = NOBODY
    ) -> Hit | None:
        """What pieces, by thing, amount to: those of the kind of evidence that is wanted."""
        covered, wanted = 0, []
        for thing, piece in pieces.items():
            if self.kind in (ANY, kind_of(piece)):
                covered |= asked[thing]
                wanted.append(piece)
        if not wanted:
            return None
        cell = self.index.weights.cells(wanted, through)[ANY]
        return Hit(holder, entry_of(cell), covered.bit_count())

    def _place(self, hit: Hit) -> Place:
        entry = hit.entry
        return entry.block, -hit.covered, -entry.score, *self.index.holders[hit.holder].order

    def _in_order(self, fitting: int, through: Sequence[tuple[Place, Hit]]) -> Iterator[Hit]:
        """All hits, the best first; a holder is weighed only when those before it do not fill the page."""
        waiting = list(through)
        heapify(waiting)
        for block, covered, units, holder in self._bounds(fitting):
            while waiting and waiting[0][0][:3] < (block, -covered, -units):
                yield heappop(waiting)[1]
            if own := self._hit(holder):
                heappush(waiting, (self._place(own), own))
        while waiting:
            yield heappop(waiting)[1]

    def _bounds(self, fitting: int) -> Iterator[tuple[int, int, int, int]]:
        """The best that each of these can have (block, parts covered, units of score), the best first."""
        proven = 0
        for ranking in self.rankings:
            proven |= ranking.proven
        size = max(1, len(self.index.holders))
        covering = [everybody(size), *(0 for _ in self.own)]  # by how many parts
        for own in self.own:
            for many in range(len(covering) - 1, -1, -1):
                fewer = covering[many - 1] & own if many else 0
                covering[many] = covering[many] & ~own | fewer
        for block, group in ((OWN, fitting & proven), (INTENDED, fitting & ~proven)):
            for many in range(len(self.own), 0, -1):
                marks = (group & covering[many]).to_bytes(size, "little")
                holders = list(compress(range(size), marks))
                sums = [0] * len(holders)
                for ranking in self.rankings:
                    cells = map(ranking.cells.__getitem__, holders)
                    sums = [so_far + (cell & _CELL) for so_far, cell in zip(sums, cells, strict=True)]
                keys = [-(sum_ >> 2) * size + one for sum_, one in zip(sums, holders, strict=True)]
                for key in _lowest_first(keys):
                    yield block, many, -(key // size), key % size

    def _through(self) -> list[tuple[Place, Hit]]:
        """What members that have nothing of their own have through an alliance, the best of them."""
        index, best = self.index, dict[int, tuple[Place, tuple[str, str], Hit]]()
        size = len(index.holders)
        open_ = everybody(size) & ~self.anybody
        if self.among is not None:
            open_ &= self.among
        anybody, others = self.anybody.to_bytes(size, "little"), open_.to_bytes(size, "little")
        for alliance, members in index.members.items():
            if not anybody[alliance]:
                continue
            hits: dict[tuple[Membership, ...], Hit | None] = {}
            for member in compress(members, map(others.__getitem__, members)):
                held = members[member]
                if held not in hits:
                    hits[held] = self._passed(alliance, held)
                if passed := hits[held]:
                    hit = Hit(member, passed.entry, passed.covered)
                    found = (self._place(hit), index.holders[alliance].order, hit)
                    if member not in best or found[:2] < best[member][:2]:
                        best[member] = found
        return [(place, hit) for place, _, hit in best.values()]

    def _passed(self, alliance: int, held: tuple[Membership, ...]) -> Hit | None:
        """What an alliance passes on to a member with these memberships."""
        pieces, asked = self.index.weights.for_parts(self.index.rows[alliance], self.parts)
        passes = self.index.passes(alliance, held)
        passed = {thing: piece for thing, piece in pieces.items() if passes[number_of(piece)]}
        return self._amounting(alliance, passed, asked, alliance)
