"""Level 5, index: all that a question needs, derived from one state of the store.

The reasons lie in SQLite (`kogge.expertise.shelf`), with all that is shown of them. The rankings, which hold
the result of every topic in its order, with what members have through their alliances, are in memory: a
question about a topic reads the first of them, and from SQLite only the reasons of those. An index that fits
the store is read again at the next start; when a graph changes only the holders that it touches are brought
up to date.
"""

from __future__ import annotations

import threading
from array import array
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Final, TypeAlias

from kogge import names
from kogge.expertise.ranking import number_of, pack
from kogge.expertise.read import Reader
from kogge.expertise.rows import Holder, Named, Need, Row, Search
from kogge.expertise.shelf import Shelf
from kogge.expertise.standings import Standings
from kogge.expertise.stock import Stock
from kogge.expertise.terms import Words, read_words, select
from kogge.store.base import Store

__all__ = ["Index", "Progress", "select", "silent"]

Progress: TypeAlias = Callable[[str, int, int], None]

HOLDER_KINDS: Final = ("municipality", "district", "state", "province", "organisation", "alliance")
_PERIODS: Final = ("interval", "instant")


def silent(_: str, __: int, ___: int) -> None:
    """Shows no progress."""


class Index(Standings):
    """The rankings with all that is shown of an answer.

    `lock` is to be held while an answer is made and shown, so that no update comes between.
    """

    def __init__(self, reader: Reader, words: Words, shelf: Shelf, state: str) -> None:
        super().__init__(words, shelf.spans)
        self.state = state
        self.lock = threading.RLock()
        self.needs: list[Need] = []
        self.needs_on: dict[str, list[Search]] = defaultdict(list)
        self.mentions_on: dict[str, list[Row]] = defaultdict(list)
        self.seeking: dict[str, array[int]] = {}  # the holders of `needs_on`
        self._words, self._shelf = words, shelf
        self._above: dict[str, list[str]] = defaultdict(list)
        for topic in self.topics.values():
            for below in topic.within:
                self._above[below].append(topic.iri)
        self._load(reader)

    @classmethod
    def build(cls, store: Store, path: Path | None = None, progress: Progress = silent) -> Index:
        """The index of what the store says now, in a new file or in memory.

        Raises Misconfigured where weights are missing or the file cannot be written. `progress` is told what
        is being done, how much of it is done, and how much there is.
        """
        words = read_words(store)
        draft = path.with_name(path.name + ".new") if path else None
        shelf = Shelf(draft, fresh=True)
        reader = Reader(store, words, scan=True)
        progress("reading", 0, 1)
        reasons = reader.reasons()
        holders = sorted(reader.holding())
        number_of_holder = {iri: number for number, iri in enumerate(holders)}
        with shelf:
            shelf.put_holders(enumerate(holders))
            stock = Stock(reader, reasons, words, shelf, fresh=True)
            done = 0
            for holder, group in groupby(reasons, lambda reason: reason.holder):
                some = list(group)
                shelf.put(number_of_holder[holder], stock.reasons(some))
                done += len(some)
                progress("storing", done, len(reasons))
            shelf.say("state", store.state)
        shelf.finish()
        if path and draft:
            shelf.close()
            draft.replace(path)
            shelf = Shelf(path)
        progress("ranking", 0, 1)
        index = cls(reader, words, shelf, store.state)
        progress("ranking", 1, 1)
        return index

    @classmethod
    def open(cls, store: Store, path: Path, progress: Progress = silent) -> Index:
        """The index in the file, if it fits the store; else it is built anew. Raises as `build`."""
        if path.is_file():
            shelf = Shelf(path)
            if shelf.fits and shelf.said("state") == store.state:
                words = read_words(store)
                return cls(Reader(store, words), words, shelf, store.state)
            shelf.close()
        return cls.build(store, path, progress)

    def close(self) -> None:
        """Closes the file."""
        self._shelf.close()

    def size(self) -> int:
        """Bytes on the disk (or in memory, where there is no file)."""
        return self._shelf.size()

    # Asking

    def things(self, iri: str) -> frozenset[int]:
        """The things that are evidence among a thing and its parts, as numbers."""
        return self._shelf.whole(iri)

    def holding(self, things: Iterable[int]) -> list[int]:
        """The holders that have one of the things as evidence."""
        return self._shelf.holding(things)

    def named(self, iri: str) -> Named:
        """A thing with its labels, if it is evidence of anybody, or what such things are parts of."""
        return self._shelf.named(iri)

    def shown(self, holder: int, pieces: Sequence[int]) -> list[Row]:
        """The reasons of these pieces of a holder, with all that is shown of them."""
        shown = self._shelf.show(holder, [number_of(piece) for piece in pieces])
        found = []
        for piece in pieces:
            one = shown[number_of(piece)]
            row = self.rows[holder][number_of(piece)]
            found.append(
                Row(
                    one.iri,
                    self.holders[holder],
                    self.topic_list[row >> 8 & 0xFFFF],
                    one.thing,
                    self.kind_list[row & 0xFF],
                    one.sources,
                    one.date,
                    one.meeting,
                )
            )
        return found

    def rows_of(self, holder: int) -> list[Row]:
        """All reasons of a holder."""
        return self.shown(holder, range(len(self.rows[holder])))

    # Bringing up to date

    def affected(self, subjects: Collection[str], objects: Collection[str]) -> set[str] | None:
        """The holders for whom it matters that something else is said of these things (IRIs).

        `subjects` are what the statements that came or went are about, `objects` all that is and was said of
        them. None: words, places or periods have changed, and the index has to be built anew.
        """
        for iri in subjects:
            if (
                iri.startswith((names.TOPIC, names.KOGGE))
                or names.kind_of(iri) in _PERIODS
                or self.is_place(iri)
            ):
                return None
        changed = {*subjects, *objects}
        holders = {iri for iri in changed if iri in self.numbers or names.kind_of(iri) in HOLDER_KINDS}
        for iri in self._shelf.known(subjects):
            holders |= {self.holders[number].iri for number in self._shelf.holding(self._shelf.whole(iri))}
        return {iri for iri in holders if not self.is_place(iri)}

    def update(
        self, store: Store, holders: Collection[str], things: Collection[str] = (), state: str | None = None
    ) -> None:
        """Brings what is said of these holders (IRIs) up to date; topics and weights must be the same still.

        An alliance brings its members with it. The labels of `things` (evidence, documents) are read again.
        `state` is that of the store, if it is known already. If this fails the index is to be built anew.
        """
        reader = Reader(store, self._words, holders)
        reasons = reader.reasons()
        known = reader.holders(holders)
        with self.lock, self._shelf as shelf:
            targets = self.targets(known)
            for number in targets:
                self.take_out(number)
            self.rename(known)
            shelf.put_holders((self.numbers[iri], iri) for iri in known)
            stock = Stock(reader, reasons, self._words, shelf)
            shelf.number_things(reader.described(shelf.known(things)))
            by_holder = {iri: list(group) for iri, group in groupby(reasons, lambda reason: reason.holder)}
            for iri in known:
                number = self.numbers[iri]
                shelf.drop(number)
                fresh = list(stock.reasons(by_holder.get(iri, [])))
                shelf.put(number, fresh)
                self.replace(number, array("Q", [pack(one.thing, one.topic, one.kind) for one in fresh]))
            self.join(known, reader.memberships())
            targets |= self.targets(known)
            for number in targets:
                self.put_in(number)
            self._read_needs(reader, known)
            self.state = state or store.state
            shelf.say("state", self.state)

    def _load(self, reader: Reader) -> None:
        """Fills the memory from the shelf, and with the little that is read from the store each time."""
        iris = self._shelf.holders()
        holders = reader.holders(iris)
        self.holders = [holders[iri] for iri in iris]
        self.numbers = {iri: number for number, iri in enumerate(iris)}
        self.rows = [array("Q") for _ in iris]
        for holder, thing, topic, kind in self._shelf.packed():
            self.rows[holder].append(pack(thing, topic, kind))
        self.mask()
        self.join(holders, reader.memberships())
        self._read_needs(reader, holders)
        self.rank()

    # Parts of bringing up to date

    def _read_needs(self, reader: Reader, holders: Mapping[str, Holder]) -> None:
        """Takes what these holders seek, and where they are mentioned."""
        gone = [need for need in self.needs if need.holder.iri in holders]
        come = list(reader.needs(holders))
        self.needs = [need for need in self.needs if need.holder.iri not in holders] if gone else self.needs
        self.needs = sorted([*self.needs, *come], key=_order) if come else self.needs
        topics = {topic.iri for need in (*gone, *come) for topic in need.topics}
        for above in {above for topic in topics for above in self._above[topic]}:
            within = self.topics[above].within
            searches = [one for one in self.needs_on[above] if one.need.holder.iri not in holders]
            for need in come:
                if fitting := [topic for topic in need.topics if topic.iri in within]:
                    best = min(fitting, key=lambda topic: (topic.iri != above, topic.iri))
                    searches.append(Search(need, best))
            searches.sort(key=lambda search: _order(search.need))
            self.needs_on[above] = searches
            self.seeking[above] = array("I", [self.numbers[one.need.holder.iri] for one in searches])
        for mentions in self.mentions_on.values():
            mentions[:] = [row for row in mentions if row.holder.iri not in holders]
        for row in reader.mentions(holders):
            for above in self._above[row.topic.iri]:
                self.mentions_on[above].append(row)


def _order(need: Need) -> tuple[bool, tuple[str, str], str]:
    return need.order
