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
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeAlias

from kogge import names
from kogge.errors import Misconfigured
from kogge.expertise import dossier, labels, read
from kogge.expertise.concerned import allied, dated_in, evidence_of, members_of, whose
from kogge.expertise.labels import Relabelled
from kogge.expertise.notes import Notes
from kogge.expertise.ranking import Ranking, listed
from kogge.expertise.read import Progress, Reader, Reason, silent
from kogge.expertise.rows import Named, Row
from kogge.expertise.scan import Scan, select
from kogge.expertise.shelf import Shelf, holder_of, place_of
from kogge.expertise.standings import Standings
from kogge.expertise.stock import Stock
from kogge.expertise.terms import Words, read_words
from kogge.expertise.weights import Rows, number_of
from kogge.store.base import Store

_MANY: Final = 50_000  # reasons that are put before it is told that they were
_TYPE: Final = names.RDF + "type"
_SOURCE: Final = names.DCTERMS + "source"
_CODE: Final = names.SKOS + "notation"
_WITHIN: Final = "https://schema.org/containedInPlace"
READ: Final = 1000  # holders whose reasons stay in memory once they were read

Told: TypeAlias = tuple[Any, ...]  # what the shelf has of a reason beside place and thing


class Affected(NamedTuple):
    """The things of which something else may be said, as evidence, need or mention, and the holders of whom
    something else may be said beside their evidence (IRIs)."""

    things: Collection[str]
    holders: Collection[str]


@dataclass(frozen=True, slots=True)
class Change:
    """What was read of some things and holders, to be put into an index: all the reasons that have one of the
    `things` as evidence, and the dossiers, as they were `before` and as they are now."""

    things: Collection[str]
    reasons: Sequence[Reason]
    stock: Stock
    before: Mapping[str, str]
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
        self.notes = Notes(words.topics)
        self.labels = shelf.labels()
        self._rows: dict[int, dict[int, Row]] = {}  # reasons that were read, by holder
        self._words, self._shelf = words, shelf
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
        with shelf, Scan(store, (*labels.QUERIES, *read.QUERIES)) as scan:
            progress("naming", 0, 1)
            shelf.labels().fill(store, scan, progress)
            reader = Reader(scan, words, progress=progress)
            reasons = reader.reasons()
            found = reader.holders(reader.holding())
            holders = dict(sorted(found.items(), key=lambda pair: pair[1].order))
            number_of_holder = {iri: number for number, iri in enumerate(holders)}
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
            reasons.sort(key=lambda one: number_of_holder[one.holder])  # as they lie on the shelf
            for start in range(0, len(reasons), _MANY):
                progress("storing", start, len(reasons))
                shelf.put(stock.reasons(reasons[start : start + _MANY], number_of_holder, rows))
            shelf.put_rows((number, some.kept()) for number, some in rows.items())
            shelf.finish()
            progress("storing", len(reasons), len(reasons))
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
        """All reasons of a holder, by topic, kind of evidence and thing."""
        rows = self.shown(holder, range(len(self.rows[holder])))
        return sorted(rows, key=lambda row: (row.topic.iri, row.kind.iri, row.thing.iri))

    # Bringing up to date

    def affected(self, store: Store, things: Mapping[str, Collection[str]]) -> Affected | None:
        """For what it matters that something else is said of these things (`kogge.derivation.Changed`).

        None: words or countries have changed, and the index has to be built anew.
        """
        if any(self._is_word(iri, said) for iri, said in things.items()):
            return None
        evident = {*things, *evidence_of(store, things)}
        evident |= dated_in(store, [iri for iri, said in things.items() if _SOURCE in said])
        classed = {iri for iri, said in things.items() if _TYPE in said}
        others = allied(store, classed) ^ classed.intersection(self.labels.world["alliances"])
        holders = {iri for iri, said in things.items() if said and iri in self.numbers}
        holders |= whose(store, things) | members_of(store, others)
        with self.lock:
            evident |= self._shelf.parts(evident)
            resting = {self.holders[number].iri for number in self._shelf.depending(evident)}
            for iri in resting:
                for note in dossier.notes(self._shelf.dossier(self.numbers[iri])):
                    if not evident.isdisjoint(dossier.resting(note)):
                        evident.add(note[0])
            for iri, said in things.items():
                if _WITHIN in said:
                    holders |= {self.holders[number].iri for number in listed(self.group(iri))}
        return Affected(evident, holders | resting)

    def _is_word(self, iri: str, said: Collection[str]) -> bool:
        """Whether it is a topic, a kind of evidence or a country, of which something else is said."""
        if iri.startswith((names.TOPIC, names.KOGGE)):
            return True
        return not iri.startswith(names.ID) and bool(said) and (self.is_place(iri) or _CODE in said)

    def read(self, store: Store, affected: Affected, things: Mapping[str, Collection[str]]) -> Change:
        """Reads what is said by now of what is affected, and what these things are called."""
        reader = Reader(partial(select, store), self._words, affected.things)
        reasons = reader.reasons()
        holders = sorted(
            {*affected.holders, *(one.holder for one in reasons if one.holder not in self.numbers)}
        )
        with self.lock:
            known = self._shelf.known(things)
            before = {iri: self._shelf.dossier(self.numbers[iri]) for iri in holders if iri in self.numbers}
        return Change(
            affected.things,
            reasons,
            Stock(reader, reasons, self._words),
            before,
            list(dossier.written(reader, reader.holders(holders), before, affected.things))
            if holders
            else (),
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

    def update(self, store: Store, things: Mapping[str, Collection[str]]) -> bool:
        """Reads and changes what is said of these things; whether it could be done (`affected`)."""
        affected = self.affected(store, things)
        if affected is None:
            return False
        self.change(self.read(store, affected, things), store.state)
        return True

    def _change(self, change: Change) -> None:
        shelf = self._shelf
        old = {iri: dossier.read(iri, text, self.topics) for iri, text in change.before.items()}
        new = {iri: dossier.read(iri, text, self.topics) for iri, text, _ in change.dossiers}
        moved = self.rename({iri: one.holder for iri, one in new.items()})
        shelf.put_holders((self.numbers[iri], iri, text, things) for iri, text, things in change.dossiers)
        change.stock.put(shelf)
        shelf.number_things(change.described)
        own = self._take_reasons(change)
        members = {number: set(self.members.get(number, ())) for number in moved}
        self.join({iri: one.joined for iri, one in new.items()})
        topics: dict[int, set[int]] = defaultdict(set)
        for number, cells in own.items():
            for one in (number, *self.members.get(number, ())):
                topics[one].update(map(self.weights.by_any, cells))
        for iri, one in new.items():
            if iri not in old or old[iri].joined != one.joined:
                topics[self.numbers[iri]].update(self.weights.every)
        for number in moved:
            for one in {number, *members[number], *self.members.get(number, ())}:
                topics[one].update(self.weights.every)
        for number, some in topics.items():
            self.settle(number, some, own.get(number, {}), again=number in moved)
        self.notes.take(old, new, self.numbers)

    def _take_reasons(self, change: Change) -> dict[int, dict[int, int]]:
        """Puts what was read of things in the place of what was known: by holder the cells that it has of its
        own by now, in the rankings that this concerns."""
        shelf = self._shelf
        before: dict[int, dict[tuple[int, int], tuple[int, Told]]] = defaultdict(dict)
        for place, thing, *rest in shelf.having(change.things):
            holder, number = holder_of(place)
            before[holder][self.rows[holder].codes[number], thing] = number, tuple(rest)
        after: dict[int, dict[tuple[int, int], Told]] = defaultdict(dict)
        for reason in change.reasons:
            code, thing, told = change.stock.stored(reason)
            after[self.numbers[reason.holder]][code, thing] = told
        own = {}
        for holder in before.keys() | after.keys():
            was, now = before[holder], after[holder]
            stale = {key for key, (_, told) in was.items() if told != now.get(key)}
            fresh = now.keys() - (was.keys() - stale)
            if not stale and not fresh:
                continue
            rows = self.rows[holder]
            for number in sorted((was[key][0] for key in stale), reverse=True):
                shelf.drop(place_of(holder, number), place_of(holder, rows.drop(number)))
            shelf.put(
                (place_of(holder, rows.add(code, thing)), thing, *now[code, thing])
                for code, thing in sorted(fresh)
            )
            shelf.put_rows([(holder, rows.kept())])
            things = {thing for _, thing in stale | fresh}
            own[holder] = self.weigh(holder, *(_codes(some, things) for some in (was, now)))
        return own

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
        self.notes.take({}, dossiers, self.numbers)
        if self._shelf.said("ranked") == self.state:
            self._rankings = {number: Ranking.read(kept) for number, kept in self._shelf.rankings()}
        else:
            self.rank()


def _codes(rows: Iterable[tuple[int, int]], things: Collection[int]) -> list[tuple[int, ...]]:
    """The codes of each of the things in rows (code and thing)."""
    found: dict[int, tuple[int, ...]] = {}
    for code, thing in sorted(rows):
        if thing in things:
            found[thing] = (*found.get(thing, ()), code)
    return list(found.values())
