"""Level 5, standings: the rankings of all topics, and who stands where in them; holders are numbers.

Kept in memory: the rows of all holders, their memberships, and a ranking for each topic, by any kind of
evidence and by each. What a member has through its alliances is in them as well.
"""

from __future__ import annotations

from array import array
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence, Set
from itertools import compress
from operator import eq

from kogge import names
from kogge.expertise.ranking import (
    Key,
    Ranking,
    cells_of,
    in_set,
    is_own,
    no_cells,
    order_in,
)
from kogge.expertise.rows import Holder, Membership, Span
from kogge.expertise.terms import Words
from kogge.expertise.weights import Rows, Weights


class Standings:
    """Topics and kinds of evidence by IRI, holders and their rows by number, and the rankings.

    `spans` gives the bounds of the dates of a holder's rows.
    """

    def __init__(self, words: Words, spans: Callable[[int], list[Span | None]]) -> None:
        self.topics, self.kinds = words.topics, words.kinds
        self.topic_list, self.kind_list = list(words.topics.values()), list(words.kinds.values())
        self.weights = Weights(words)
        self.holders: list[Holder] = []
        self.numbers: dict[str, int] = {}
        self.rows: list[Rows] = []
        self.members: dict[int, dict[int, tuple[Membership, ...]]] = defaultdict(dict)  # by alliance
        self.mixed = 0  # the set of those who have one thing as evidence of several kinds
        self._mixing: list[int] = []  # of how many kinds things of a holder are evidence beside a first
        self._spans = spans
        self._topic = {iri: number for number, iri in enumerate(self.topics)}
        self._kind = {iri: number for number, iri in enumerate(self.kinds)}
        self._masks: dict[str, int] = defaultdict(int)
        self._joined: dict[int, set[int]] = defaultdict(set)
        self._rankings: dict[int, Ranking] = {}  # by number (`Weights.ranking`)
        self._passing: dict[int, dict[tuple[Membership, ...], list[bool]]] = defaultdict(dict)
        self._passed: dict[int, dict[tuple[Membership, ...], Sequence[tuple[int, int, int]]]] = defaultdict(
            dict
        )
        self._passed_cells: dict[int, dict[tuple[Membership, ...], Mapping[int, int]]] = defaultdict(dict)

    # Asking

    def ranking(self, topic: str, kind: str | None = None) -> Ranking | None:
        """Who has something on a topic, by any kind of evidence or by one (IRIs); None: nobody."""
        number = self.weights.ranking(self._topic[topic], None if kind is None else self._kind[kind])
        return self._rankings.get(number)

    def key(self, ranking: Ranking) -> Callable[[int], Key]:
        """What gives the place of each holder in a ranking."""
        holders, cells = self.holders, ranking.cells

        def key(number: int) -> Key:
            return order_in(cells[number]), *holders[number].order

        return key

    def passes(self, alliance: int, held: tuple[Membership, ...]) -> list[bool]:
        """Which reasons of an alliance, by their numbers, count for a member with these memberships."""
        passing = self._passing[alliance]
        if held not in passing:
            proves = [kind.proves for kind in self.kind_list]
            passing[held] = [
                any(one.passes_on(span, proves[code % len(proves)]) for one in held)
                for code, span in zip(self.rows[alliance].codes, self._spans(alliance), strict=True)
            ]
        return passing[held]

    def alliances_of(self, holder: int) -> Set[int]:
        """The alliances (their numbers) in which a holder is, was or wants to be a member."""
        return self._joined.get(holder, frozenset())

    def kind_number(self, kind: str) -> int:
        """The number of a kind of evidence (IRI)."""
        return self._kind[kind]

    def itself(self, holder: str) -> int:
        """The set of one holder (IRI), empty if it is not known."""
        return 1 << 8 * self.numbers[holder] if holder in self.numbers else 0

    def group(self, iri: str) -> int:
        """The set of the holders in an alliance or a place, that itself included."""
        return self._masks.get(iri, 0) | self.itself(iri)

    def kind_group(self, kind: str) -> int:
        """The set of the holders of a kind: `municipality`."""
        return self._masks.get(kind, 0)

    def is_place(self, iri: str) -> bool:
        """Whether holders lie in it."""
        return iri in self._masks and names.kind_of(iri) != "alliance"

    # Bringing up to date

    def rank(self) -> None:
        """Makes all rankings."""
        tables = [array("I") for _ in range(len(self.kind_list) + 2)]
        passed: dict[int, dict[int, int]] = defaultdict(dict)  # by ranking: the cells by holder
        for number, rows in enumerate(self.rows):
            units = self.weights.units(rows)
            for table, some in zip(tables, units, strict=True):
                table.extend(some)
            for ranking, cell in self._all_passed(number, units[0]).items():
                passed[ranking][number] = cell
        self._rankings = dict(self._ranked(tables, passed))

    def _ranked(
        self, tables: Sequence[array[int]], passed: Mapping[int, Mapping[int, int]]
    ) -> Iterator[tuple[int, Ranking]]:
        """The rankings in which somebody is: of tables of the holders' own units (`Weights.units`), a row for
        each, and the cells that are passed on to them."""
        numbers = range(len(self.holders))
        ordered = sorted(numbers, key=lambda one: self.holders[one].order)
        many, by_label = len(self.topic_list), all(map(eq, ordered, numbers))
        for topic, by_any in enumerate(self.weights.every):
            *own, proving = (table[topic::many] for table in tables)
            proven = [
                proving,
                *(some if kind.proves else None for kind, some in zip(self.kind_list, own[1:], strict=True)),
            ]
            for ranking, units, proof in zip(self.weights.beside(by_any), own, proven, strict=True):
                others = passed.get(ranking, {})
                if others or any(units):
                    cells = cells_of(units, proof)
                    for number, cell in others.items():
                        cells[number] = cell
                    marks = cells if by_label else map(cells.__getitem__, ordered)
                    yield ranking, Ranking.of(list(compress(ordered, marks)), cells)

    def _all_passed(self, number: int, own: Sequence[int]) -> dict[int, int]:
        """The best that alliances pass on to a holder, by ranking, for the topics on which it has nothing of
        its `own`."""
        passed: dict[int, int] = {}
        for alliance in sorted(self._joined.get(number, ()), key=lambda one: self.holders[one].order):
            for topic, ranking, cell in self._through(alliance, self.members[alliance][number]):
                if not own[topic]:
                    known = passed.get(ranking)
                    if known is None or order_in(cell) < order_in(known):
                        passed[ranking] = cell
        return passed

    def _through(self, alliance: int, held: tuple[Membership, ...]) -> Sequence[tuple[int, int, int]]:
        """What an alliance passes on to a member with these memberships: the cell in every ranking, before
        it the number of the topic."""
        passed = self._passed[alliance]
        if held not in passed:
            rows, kinds = self.rows[alliance], len(self.kind_list)
            passes = {
                (thing, code % kinds)
                for thing, code, does in zip(
                    rows.things, rows.codes, self.passes(alliance, held), strict=True
                )
                if does
            }
            cells = self.weights.cells(rows, passes, alliance)
            kinds = len(self.kind_list) + 1
            passed[held] = [(ranking // kinds, ranking, cell) for ranking, cell in cells.items()]
        return passed[held]

    def _passed_in(self, alliance: int, held: tuple[Membership, ...]) -> Mapping[int, int]:
        """The same by ranking."""
        known = self._passed_cells[alliance]
        if held not in known:
            known[held] = {ranking: cell for _, ranking, cell in self._through(alliance, held)}
        return known[held]

    def weigh(
        self, number: int, before: Collection[tuple[int, ...]], after: Collection[tuple[int, ...]]
    ) -> dict[int, int]:
        """Takes that things of a holder have other codes than before, or dates; its rows say so already.

        The cells that it has of its own by now, 0 for none, in all rankings of the topics that this concerns:
        `settle` puts it there.
        """
        for known in (self._passing, self._passed, self._passed_cells):
            known.pop(number, None)
        self._mixing[number] += sum(map(self._mixed_by, after)) - sum(map(self._mixed_by, before))
        self._mark_mixed(number)
        shifts = self.weights.shifts(before, after)
        topics = {self.weights.by_any(ranking) for ranking in shifts}
        own = {one: self._own(number, one) for by_any in topics for one in self.weights.beside(by_any)}
        return self.weights.shifted(own, shifts)

    def settle(
        self, number: int, topics: Iterable[int], own: Mapping[int, int], *, again: bool = False
    ) -> None:
        """Puts a holder where it belongs by now in the rankings of some topics.

        Each topic is named by its ranking by any kind of evidence; `own` are those cells of its own that are
        others than before.

        `again` says that it is called something else, so that its place may be another.
        """
        for by_any in topics:
            cells = {
                ranking: own.get(ranking, self._own(number, ranking))
                for ranking in self.weights.beside(by_any)
            }
            if not cells[by_any]:
                cells = {ranking: self._best_passed(number, ranking) for ranking in cells}
            for ranking, cell in cells.items():
                self._place(number, ranking, cell, again=again)

    def _place(self, number: int, ranking: int, cell: int, *, again: bool) -> None:
        one = self._rankings.get(ranking)
        before = one.cells[number] if one else 0
        if cell == before and not (again and cell):
            return
        if one is None:
            one = self._rankings[ranking] = Ranking.of((), no_cells(len(self.holders)))
        if before:
            one.drop(number, self.key(one))
        if cell:
            one.put(number, cell, self.key(one))

    def _own(self, number: int, ranking: int) -> int:
        """The cell of a holder in a ranking, if it is its own; else 0."""
        one = self._rankings.get(ranking)
        return one.cells[number] if one and is_own(one.cells[number]) else 0

    def _best_passed(self, number: int, ranking: int) -> int:
        """The best that alliances pass on to a holder in a ranking, 0 for nothing."""
        best = 0
        for alliance in sorted(self._joined.get(number, ()), key=lambda one: self.holders[one].order):
            cell = self._passed_in(alliance, self.members[alliance][number]).get(ranking, 0)
            if cell and (not best or order_in(cell) < order_in(best)):
                best = cell
        return best

    def rename(self, holders: Mapping[str, Holder]) -> set[int]:
        """Takes what is said of these holders; new ones get the next numbers. Whose label is another."""
        moved = set()
        for iri, holder in holders.items():
            if iri not in self.numbers:
                self.numbers[iri] = len(self.holders)
                self.holders.append(holder)
                for ranking in self._rankings.values():
                    ranking.cells.append(0)
                self.rows.append(Rows())
                self._mixing.append(0)
            number = self.numbers[iri]
            if self.holders[number].order != holder.order:
                moved.add(number)
            for place in _groups_of(self.holders[number]):
                self._masks[place] &= ~(1 << 8 * number)
            for place in _groups_of(holder):
                self._masks[place] |= 1 << 8 * number
            self.holders[number] = holder
        return moved

    def _mixed_by(self, codes: Collection[int]) -> int:
        """Of how many kinds a thing with these codes is evidence beside a first."""
        kinds = len(self.kind_list)
        return max(0, len({code % kinds for code in codes}) - 1)

    def _mark_mixed(self, number: int) -> None:
        mark = 1 << 8 * number
        self.mixed = self.mixed | mark if self._mixing[number] else self.mixed & ~mark

    def mask(self) -> None:
        """Makes the sets of holders by alliance, place and kind, and of those with mixed evidence."""
        kinds = len(self.kind_list)
        for rows in self.rows:
            pairs = {(thing, code % kinds) for thing, code in zip(rows.things, rows.codes, strict=True)}
            self._mixing.append(len(pairs) - len(set(rows.things)))
        mixing = (number for number, many in enumerate(self._mixing) if many)
        self.mixed = in_set(mixing, len(self.holders))
        found: dict[str, list[int]] = defaultdict(list)
        for number, holder in enumerate(self.holders):
            for place in _groups_of(holder):
                found[place].append(number)
        for place, numbers in found.items():
            self._masks[place] = in_set(numbers, len(self.holders))

    def join(self, joined: Mapping[str, Mapping[str, tuple[Membership, ...]]]) -> None:
        """Takes the memberships of these holders, by alliance (IRIs), instead of those they had."""
        for iri, memberships in joined.items():
            member = self.numbers[iri]
            for alliance in self._joined.pop(member, ()):
                self.members[alliance].pop(member, None)
            for alliance_iri, held in memberships.items():
                if alliance_iri in self.numbers:
                    self.members[self.numbers[alliance_iri]][member] = held
                    self._joined[member].add(self.numbers[alliance_iri])


def _groups_of(holder: Holder) -> Iterator[str]:
    """What a question can restrict its answers to, of all that a holder belongs to."""
    yield from holder.alliances
    yield from holder.places - {holder.iri}
    yield holder.kind
