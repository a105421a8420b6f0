"""Level 5, standings: the rankings of all topics, and who stands where in them; holders are numbers.

Kept in memory: the rows of all holders, their memberships, and a ranking for each topic, by any kind of
evidence and by each. What a member has through its alliances is in them as well.
"""

from __future__ import annotations

from array import array
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from typing import TypeAlias

from kogge import names
from kogge.expertise.ranking import ANY, Key, Ranking, Weights, entry_of, in_set, number_of, thing_of
from kogge.expertise.rows import Holder, Membership, Span
from kogge.expertise.terms import Words

Passed: TypeAlias = Mapping[tuple[int, int], int]  # topic and kind of evidence → the cell of a member


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
        self.rows: list[array[int]] = []
        self.members: dict[int, dict[int, tuple[Membership, ...]]] = defaultdict(dict)  # by alliance
        self.mixed = 0  # the set of those who have one thing as evidence of several kinds
        self._spans = spans
        self._topic = {iri: number for number, iri in enumerate(self.topics)}
        self._kind = {iri: number for number, iri in enumerate(self.kinds)}
        self._masks: dict[str, int] = defaultdict(int)
        self._joined: dict[int, set[int]] = defaultdict(set)
        self._rankings: dict[tuple[int, int], Ranking] = {}
        self._passing: dict[int, dict[tuple[Membership, ...], list[bool]]] = defaultdict(dict)
        self._passed: dict[int, dict[tuple[Membership, ...], Passed]] = defaultdict(dict)

    # Asking

    def ranking(self, topic: str, kind: str | None = None) -> Ranking | None:
        """Who has something on a topic, by any kind of evidence or by one (IRIs); None: nobody."""
        return self._rankings.get((self._topic[topic], ANY if kind is None else self._kind[kind]))

    def key(self, ranking: Ranking) -> Callable[[int], Key]:
        """What gives the place of each holder in a ranking."""
        holders, cells = self.holders, ranking.cells

        def key(number: int) -> Key:
            cell = cells[number]
            return cell & 3, -(cell >> 2 & 0xFFFFFFFF), *holders[number].order

        return key

    def passes(self, alliance: int, held: tuple[Membership, ...]) -> list[bool]:
        """Which reasons of an alliance, by their numbers, count for a member with these memberships."""
        passing = self._passing[alliance]
        if held not in passing:
            proves = [kind.proves for kind in self.kind_list]
            passing[held] = [
                any(one.passes_on(span, proves[row & 0xFF]) for one in held)
                for row, span in zip(self.rows[alliance], self._spans(alliance), strict=True)
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

    def rank(self, kept: Sequence[bytes | None]) -> None:
        """Makes all rankings, from the places of the holders in them where those have been `kept`."""
        in_order = sorted(range(len(self.holders)), key=lambda number: self.holders[number].order)
        places = [0] * len(in_order)
        for place, number in enumerate(in_order):
            places[number] = place
        found: dict[tuple[int, int], dict[int, int]] = defaultdict(dict)
        for number, cells in enumerate(kept):
            for list_, cell in _unpacked(cells) if cells is not None else self.cells_of(number).items():
                found[list_][number] = cell
        mixed = (number for number, rows in enumerate(self.rows) if _is_mixed(rows))
        self.mixed = in_set(mixed, len(self.holders))
        self._rankings = {list_: Ranking.of(cells, places, in_order) for list_, cells in found.items()}

    def kept(self, numbers: Iterable[int] | None = None) -> Iterator[tuple[int, bytes]]:
        """The places of these holders (or of all) in the rankings, to be kept."""
        for number in range(len(self.holders)) if numbers is None else numbers:
            yield number, _packed(self.cells_in(number))

    def cells_in(self, number: int) -> dict[tuple[int, int], int]:
        """The cell of a holder in every ranking, as it is now."""
        return {list_: cell for list_, one in self._rankings.items() if (cell := one.cells[number])}

    def cells_of(self, number: int) -> dict[tuple[int, int], int]:
        """The cell of a holder in every ranking (topic, kind of evidence) in which it is."""
        cells: dict[tuple[int, int], int] = {}
        own = self.weights.by_topic(self.rows[number])
        for topic, pieces in own.items():
            for kind, cell in self.weights.cells(pieces.values()).items():
                cells[topic, kind] = cell
        for alliance in sorted(self._joined.get(number, ()), key=lambda one: self.holders[one].order):
            for list_, cell in self._through(alliance, self.members[alliance][number]).items():
                if list_[0] not in own:
                    known = cells.get(list_)
                    if known is None or _before(cell, known):
                        cells[list_] = cell
        return cells

    def _through(self, alliance: int, held: tuple[Membership, ...]) -> Passed:
        """What an alliance passes on to a member with these memberships."""
        passed = self._passed[alliance]
        if held not in passed:
            passes = self.passes(alliance, held)
            passed[held] = {
                (topic, kind): cell
                for topic, pieces in self.weights.by_topic(self.rows[alliance]).items()
                for kind, cell in self.weights.cells(
                    (piece for piece in pieces.values() if passes[number_of(piece)]), alliance
                ).items()
            }
        return passed[held]

    def targets(self, holders: Iterable[str]) -> set[int]:
        """The numbers of these holders, and of the members of those that are alliances."""
        numbers = {self.numbers[iri] for iri in holders if iri in self.numbers}
        return numbers.union(*(self.members.get(number, {}) for number in numbers))

    def move(self, number: int, before: Mapping[tuple[int, int], int], *, again: bool = False) -> None:
        """Puts a holder where it belongs by now, in the rankings where it was elsewhere `before`.

        `again` says that it is called something else, so that its place may be another in all.
        """
        after = self.cells_of(number)
        for list_ in before.keys() | after.keys():
            cell = after.get(list_, 0)
            if cell == before.get(list_) and not again:
                continue
            if list_ not in self._rankings:
                self._rankings[list_] = Ranking.of({}, [0] * len(self.holders), [])
            ranking = self._rankings[list_]
            if list_ in before:
                ranking.drop(number)
            if cell:
                ranking.put(number, cell, self.key(ranking))

    def replace(self, number: int, rows: array[int]) -> None:
        """Takes other rows of a holder."""
        self.rows[number] = rows
        self.mixed = self.mixed & ~(1 << 8 * number) | _is_mixed(rows) << 8 * number
        self._passing.pop(number, None)
        self._passed.pop(number, None)

    def rename(self, holders: Mapping[str, Holder]) -> set[int]:
        """Takes what is said of these holders; new ones get the next numbers. Whose label is another."""
        moved = set()
        for iri, holder in holders.items():
            if iri not in self.numbers:
                self.numbers[iri] = len(self.holders)
                self.holders.append(holder)
                for ranking in self._rankings.values():
                    ranking.cells.append(0)
                self.rows.append(array("Q"))
            number = self.numbers[iri]
            if self.holders[number].order != holder.order:
                moved.add(number)
            for place in _groups_of(self.holders[number]):
                self._masks[place] &= ~(1 << 8 * number)
            for place in _groups_of(holder):
                self._masks[place] |= 1 << 8 * number
            self.holders[number] = holder
        return moved

    def mask(self) -> None:
        """Makes the sets of holders by alliance, place and kind."""
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


def _packed(cells: Mapping[tuple[int, int], int]) -> bytes:
    codes = array("I", [topic << 8 | kind + 1 for topic, kind in cells])
    return codes.tobytes() + array("Q", cells.values()).tobytes()


def _unpacked(kept: bytes) -> Iterator[tuple[tuple[int, int], int]]:
    size = len(kept) // 12 * 4
    codes, cells = array("I", kept[:size]), array("Q", kept[size:])
    return (((code >> 8, (code & 0xFF) - 1), cell) for code, cell in zip(codes, cells, strict=True))


def _is_mixed(rows: Iterable[int]) -> bool:
    """Whether one thing is evidence of several kinds."""
    kinds: dict[int, int] = {}
    return any(kinds.setdefault(thing_of(row), row & 0xFF) != row & 0xFF for row in rows)


def _before(cell: int, other: int) -> bool:
    """Whether what a member has through one alliance stands before what it has through another."""
    one, two = entry_of(cell), entry_of(other)
    return (one.block, -one.score) < (two.block, -two.score)


def _groups_of(holder: Holder) -> Iterator[str]:
    """What a question can restrict its answers to, of all that a holder belongs to."""
    yield from holder.alliances
    yield from holder.places - {holder.iri}
    yield holder.kind
