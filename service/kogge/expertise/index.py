"""Level 5, index: all that a question needs, derived from one state of the store.

The reasons lie in SQLite (`kogge.expertise.shelf`), with all that is shown of them. The rankings, which hold
the result of every topic in its order, with what members have through their alliances, are in memory: a
question about a topic reads the first of them, and from SQLite only the reasons of those. An index that fits
the store is read again at the next start; when a graph changes only the holders that it touches are brought
up to date.
"""

from __future__ import annotations

import sqlite3
import threading
from array import array
from bisect import insort
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from kogge import names
from kogge.errors import Misconfigured
from kogge.expertise import dossier
from kogge.expertise.dossier import Dossier
from kogge.expertise.labels import Relabelled
from kogge.expertise.ranking import Ranking
from kogge.expertise.read import Progress, Reader, Reason, holding_by, silent
from kogge.expertise.rows import Named, Need, Row, Search
from kogge.expertise.shelf import Shelf
from kogge.expertise.standings import Standings
from kogge.expertise.stock import Stock
from kogge.expertise.terms import Words, read_words
from kogge.expertise.weights import Rows, number_of
from kogge.store.base import Store

_MANY: Final = 50_000  # reasons that are put before it is told that they were
READ: Final = 1000  # holders whose reasons stay in memory once they were read


@dataclass(frozen=True, slots=True)
class Change:
    """What was read of some holders and things, to be put into an index."""

    reasons: Sequence[Reason]
    stock: Stock
    dossiers: Sequence[tuple[str, str, set[str]]]
    described: Sequence[tuple[Named, str | None]]
    labels: Relabelled


class Index(Standings):
    """The rankings with all that is shown of an answer.

    `lock` is to be held while an answer is made and shown, so that no update comes between.
    """

    def __init__(self, words: Words, shelf: Shelf, state: str) -> None:
        super().__init__(words, shelf.spans)
        self.state = state
        self.lock = threading.RLock()
        self.needs: list[Need] = []
        self.needs_on: dict[str, list[Search]] = defaultdict(list)
        self.mentions_on: dict[str, list[Row]] = defaultdict(list)
        self.seeking: dict[str, array[int]] = {}  # the holders of `needs_on`
        self.labels = shelf.labels()
        self._rows: dict[int, dict[int, Row]] = {}  # reasons that were read, by holder
        self._words, self._shelf = words, shelf
        self._above: dict[str, list[str]] = defaultdict(list)
        for topic in self.topics.values():
            for below in topic.within:
                self._above[below].append(topic.iri)
        self._load()

    @classmethod
    def build(cls, store: Store, path: Path | None = None, progress: Progress = silent) -> Index:
        """The index of what the store says now, in a new file or in memory; its labels are filled as well.

        Raises Misconfigured where weights are missing or the file cannot be written. `progress` is told what
        is being done, how much of it is done, and how much there is.
        """
        words = read_words(store)
        draft = path.with_name(path.name + ".new") if path else None
        shelf = Shelf(draft, fresh=True)
        reader = Reader(store, words, scan=True, progress=progress)
        reasons = reader.reasons()
        holders = sorted(reader.holding())
        number_of_holder = {iri: number for number, iri in enumerate(holders)}
        with shelf:
            shelf.put_holders(
                (
                    (number_of_holder[iri], iri, text, things)
                    for iri, text, things in dossier.written(reader, holders)
                ),
                fresh=True,
            )
            stock = Stock(reader, reasons, words)
            stock.put(shelf, fresh=True)
            rows: dict[int, Rows] = defaultdict(Rows)
            for start in range(0, len(reasons), _MANY):
                progress("storing", start, len(reasons))
                shelf.put(stock.reasons(reasons[start : start + _MANY], number_of_holder, rows))
            shelf.put_rows((number, some.kept()) for number, some in rows.items())
            shelf.finish()
            progress("storing", len(reasons), len(reasons))
            progress("naming", 0, 1)
            shelf.labels().fill(store)
            progress("ranking", 0, 1)
            index = cls(words, shelf, store.state)
            shelf.say("state", index.state)
            index.keep()
        progress("ranking", 1, 1)
        if path:
            shelf.move(path)
            index.labels = shelf.labels()
        return index

    @classmethod
    def open(cls, store: Store, path: Path, progress: Progress = silent) -> Index:
        """The index in the file, if it fits the store; else it is built anew. Raises as `build`."""
        if path.is_file():
            shelf = Shelf(path)
            if shelf.fits and shelf.said("state") == store.state:
                return cls(read_words(store), shelf, str(shelf.said("state")))
            shelf.close()
        return cls.build(store, path, progress)

    def keep(self) -> None:
        """Keeps the rankings in the file, so that they need not be made at the next start."""
        self._shelf.put_rankings((number, one.kept()) for number, one in self._rankings.items())
        self._shelf.say("ranked", self.state)

    def close(self) -> None:
        """Closes the file. Rankings that have changed are kept; if they cannot be, they are made anew."""
        with self.lock, suppress(Misconfigured, sqlite3.ProgrammingError):
            if self.path and self._shelf.said("ranked") != self.state:
                with self._shelf:
                    self.keep()
        self._shelf.close()

    @property
    def path(self) -> Path | None:
        """The file; None: it is in memory."""
        return self._shelf.path

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
        """A project, event, programme … with its labels."""
        return Named(iri, self.labels.preferred(iri))

    def shown(self, holder: int, pieces: Sequence[int]) -> list[Row]:
        """The reasons of these pieces of a holder, with all that is shown of them."""
        numbers = [number_of(piece) for piece in pieces]
        if len(self._rows) > READ:
            self._rows.clear()
        rows = self._rows.setdefault(holder, {})
        if missing := [number for number in numbers if number not in rows]:
            for number, one in self._shelf.show(holder, missing).items():
                topic, kind = divmod(self.rows[holder].codes[number], len(self.kind_list))
                rows[number] = Row(
                    one.iri,
                    self.holders[holder],
                    self.topic_list[topic],
                    one.thing,
                    self.kind_list[kind],
                    one.sources,
                    one.date,
                    one.meeting,
                )
        return [rows[number] for number in numbers]

    def rows_of(self, holder: int) -> list[Row]:
        """All reasons of a holder."""
        return self.shown(holder, range(len(self.rows[holder])))

    # Bringing up to date

    def affected(self, store: Store, things: Collection[str]) -> set[str] | None:
        """The holders for whom it matters that something else is said of these things (IRIs).

        None: words or places have changed, and the index has to be built anew.
        """
        if any(iri.startswith((names.TOPIC, names.KOGGE)) or self.is_place(iri) for iri in things):
            return None
        numbers = self._shelf.depending(things)
        for iri in self._shelf.known(things):
            numbers.update(self._shelf.holding(self._shelf.whole(iri)))
        holders = {iri for iri in things if iri in self.numbers}
        return holders | {self.holders[number].iri for number in numbers} | holding_by(store, things)

    def read(self, store: Store, holders: Collection[str], things: Collection[str] = ()) -> Change:
        """Reads what is said by now of these holders, and what these things are called (IRIs)."""
        reader = Reader(store, self._words, holders)
        with self.lock:
            known = self._shelf.known(things)
        reasons = reader.reasons()
        return Change(
            reasons,
            Stock(reader, reasons, self._words),
            list(dossier.written(reader, sorted(holders))),
            reader.described(known),
            self.labels.read(store, things),
        )

    def change(self, change: Change, state: str) -> bool:
        """Makes the index say what was read; topics and weights must be the same still.

        An alliance brings its members with it. Whether a lexicon of before knows other words comes back. If
        this fails the index is to be built anew.
        """
        with self.lock, self._shelf as shelf:
            self._rows.clear()
            self._change(change)
            self.state = state
            shelf.say("state", state)
            return self.labels.change(change.labels)

    def update(self, store: Store, holders: Collection[str], things: Collection[str] = ()) -> None:
        """Reads and changes what is said of these holders (IRIs), and the labels of these things."""
        self.change(self.read(store, holders, things), store.state)

    def _change(self, change: Change) -> None:
        shelf, signed = self._shelf, change.dossiers
        dossiers = {iri: dossier.read(iri, text, self.topics) for iri, text, _ in signed}
        known = {iri: one.holder for iri, one in dossiers.items()}
        targets = self.targets(known)
        before = {number: self.cells_in(number) for number in targets}
        moved = self.rename(known)
        shelf.put_holders((self.numbers[iri], iri, text, rests_on) for iri, text, rests_on in signed)
        change.stock.put(shelf)
        shelf.number_things(change.described)
        for iri in known:
            shelf.drop(self.numbers[iri])
        rows: dict[int, Rows] = defaultdict(Rows)
        shelf.put(change.stock.reasons(change.reasons, self.numbers, rows))
        shelf.put_rows((number, some.kept()) for number, some in rows.items())
        for iri in known:
            self.replace(self.numbers[iri], rows[self.numbers[iri]])
        self.join({iri: one.joined for iri, one in dossiers.items()})
        targets |= self.targets(known)
        for number in targets:
            self.move(number, before.get(number, {}), again=number in moved)
        self._take_needs(dossiers)

    def _load(self) -> None:
        """Fills the memory from the shelf."""
        dossiers, self.rows = {}, []
        for iri, text, rows in self._shelf.holders():
            dossiers[iri] = dossier.read(iri, text, self.topics)
            self.rows.append(Rows.read(rows or b""))
        self.holders = [one.holder for one in dossiers.values()]
        self.numbers = {iri: number for number, iri in enumerate(dossiers)}
        self.mask()
        self.join({iri: one.joined for iri, one in dossiers.items()})
        self._take_needs(dossiers)
        if self._shelf.said("ranked") == self.state:
            self._rankings = {number: Ranking.read(kept) for number, kept in self._shelf.rankings()}
        else:
            self.rank()

    # Parts of bringing up to date

    def _take_needs(self, dossiers: Mapping[str, Dossier]) -> None:
        """Takes what these holders seek, and where they are mentioned."""
        gone = [need for need in self.needs if need.holder.iri in dossiers]
        come = sorted([need for one in dossiers.values() for need in one.needs], key=_order)
        self.needs = [need for need in self.needs if need.holder.iri not in dossiers] if gone else self.needs
        for need in come if self.needs else ():
            insort(self.needs, need, key=_order)
        self.needs = self.needs or come
        changed: dict[str, list[Search]] = {
            above: [] for need in gone for topic in need.topics for above in self._above[topic.iri]
        }
        for need in come:
            for above in {above for topic in need.topics for above in self._above[topic.iri]}:
                within = self.topics[above].within
                fitting = [topic for topic in need.topics if topic.iri in within]
                best = min(fitting, key=lambda topic: (topic.iri != above, topic.iri))
                changed.setdefault(above, []).append(Search(need, best))
        for above, searches in changed.items():
            others = [one for one in self.needs_on[above] if one.need.holder.iri not in dossiers]
            for search in searches if others else ():
                insort(others, search, key=lambda search: _order(search.need))
            self.needs_on[above] = others = others or searches
            self.seeking[above] = array("I", [self.numbers[one.need.holder.iri] for one in others])
        for mentions in self.mentions_on.values():
            mentions[:] = [row for row in mentions if row.holder.iri not in dossiers]
        for row in (row for one in dossiers.values() for row in one.mentions):
            for above in self._above[row.topic.iri]:
                self.mentions_on[above].append(row)


def _order(need: Need) -> tuple[bool, tuple[str, str], str]:
    return need.order
