"""Level 5, labels: what topics, places, alliances and things are called, in SQLite, and changed one by one.

The words for topics, places and alliances are read from here into a lexicon. Of things there may be millions:
their names (`kogge.expertise.titles`) and the completions of all labels (`kogge.expertise.suggest`) stay here
and are found by ranges of sorted keys.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import Final, NamedTuple

from kogge import names
from kogge.expertise import words
from kogge.expertise.concerned import allied, joined, members_by, members_of
from kogge.expertise.meanings import NAMED, PLACES, Label
from kogge.expertise.read import Progress, silent
from kogge.expertise.scan import Ask, Scan, select
from kogge.expertise.suggest import Completions, entries_of, preferred
from kogge.expertise.terms import texts, values
from kogge.expertise.titles import Titles, by_first_word, title_forms
from kogge.store.base import Store

TABLES: Final = """
CREATE TABLE label (
    number INTEGER PRIMARY KEY, iri TEXT NOT NULL, kind TEXT NOT NULL, text TEXT NOT NULL,
    lang TEXT NOT NULL, rank INTEGER NOT NULL
);
CREATE TABLE title (key TEXT, iri TEXT, PRIMARY KEY (key, iri)) WITHOUT ROWID;
CREATE TABLE completion (slot INTEGER, key TEXT, label INTEGER, PRIMARY KEY (slot, key, label)) WITHOUT ROWID;
CREATE TABLE world (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE phrasebook (text TEXT NOT NULL);
"""
INDEXES: Final = """
CREATE INDEX IF NOT EXISTS label_by_iri ON label (iri);
CREATE INDEX IF NOT EXISTS label_by_kind ON label (kind, iri);
"""
_KINDS: Final = frozenset((*PLACES, *NAMED, "programme", "alliance", "topic"))
_ORG: Final = "http://www.w3.org/ns/org#"
_TYPE: Final = names.RDF + "type"
_JOINING: Final = frozenset((f"{_ORG}member", f"{_ORG}organization"))
_BATCH: Final = 20_000  # labels whose entries are sorted at once

World = Mapping[str, list[str]]  # what a lexicon knows beside labels, as lists of IRIs and words


class Relabelled(NamedTuple):
    """The labels of some things (IRIs) as they are by now; the world if that may be another."""

    labels: Mapping[str, list[Label]]
    world: World | None


class Labels:
    """The labels in an open database; it is the caller who begins and ends transactions."""

    def __init__(self, base: sqlite3.Connection) -> None:
        self._base = base
        self._frames: Mapping[str, Sequence[Sequence[str]]] = {}
        self._world: World = {}
        self._titles = Titles(base)
        self._refresh()

    @classmethod
    def of(cls, store: Store) -> Labels:
        """The labels of a store, in memory."""
        base = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
        base.executescript(TABLES)
        labels = cls(base)
        base.execute("BEGIN")
        with Scan(store, QUERIES) as scan:
            labels.fill(store, scan)
        base.execute("COMMIT")
        return labels

    def fill(self, store: Store, scan: Scan, progress: Progress = silent) -> None:
        """Takes all labels of a store into empty tables; of a scan of it `QUERIES` are asked."""
        self._keep(_learnt(store))
        found = sorted(set(_read(scan, self._world)))
        self._put(found, 1, progress)
        for statement in INDEXES.split(";"):
            self._base.execute(statement)

    def read(self, store: Store, things: Mapping[str, Collection[str]]) -> Relabelled:
        """What these things are called by now, and who else is a member or an alliance.

        Of each thing (IRI) it is given by which predicates something else is said (`derivation.Changed`).
        """
        world = self._changed(store, things)
        countries = _countries(world or self._world)
        wanted = sorted(iri for iri in things if _kind(iri, countries) in _KINDS)
        fresh: dict[str, list[Label]] = {iri: [] for iri in wanted}
        for start in range(0, len(wanted), 500):
            some = f"VALUES ?iri {{ {values(wanted[start : start + 500])} }} "
            for label in _read(partial(select, store), world or self._world, some):
                fresh[label.iri].append(label)
        return Relabelled(fresh, world)

    def change(self, change: Relabelled) -> bool:
        """Takes what was read; whether a lexicon of before knows other words."""
        stale = change.world is not None and change.world != self._world
        if change.world is not None and stale:
            self._keep(change.world)
        for iri, labels in change.labels.items():
            come, gone = sorted(set(labels)), self._labels(iri)
            if come != sorted(label for _, label in gone):
                self._drop(gone)
                (first,) = self._base.execute("SELECT coalesce(max(number), 0) + 1 FROM label").fetchone()
                self._put(come, first)
                stale = stale or any(label.kind not in NAMED for label in (*come, *(one for _, one in gone)))
        if stale:
            self._base.execute("DELETE FROM phrasebook")
        return stale

    def _changed(self, store: Store, things: Mapping[str, Collection[str]]) -> World | None:
        """The world, if others may be members or alliances than before: only these are asked for."""
        classed = {iri for iri, said in things.items() if _TYPE in said}
        joining = [iri for iri, said in things.items() if not _JOINING.isdisjoint(said)]
        known = set(self._world["alliances"])
        alliances = known - classed | allied(store, classed)
        if not joining and alliances == known:
            return None
        # Who is a member no more is among the things, as is whom something was said of.
        doubtful = {*things, *members_by(store, joining), *members_of(store, alliances ^ known)}
        members = set(self._world["members"]) - doubtful | joined(store, doubtful)
        return {**self._world, "alliances": sorted(alliances), "members": sorted(members)}

    @property
    def world(self) -> Mapping[str, Sequence[str]]:
        """What the store says of our words beside labels: see `_WORLD`."""
        return self._world

    @property
    def frames(self) -> Mapping[str, Sequence[Sequence[str]]]:
        """The words for classes, by the first of them."""
        return self._frames

    def known(self) -> Iterator[Label]:
        """The labels of topics, places, alliances and programmes, which are words of a lexicon."""
        marks = ",".join("?" * len(NAMED))
        query = f"SELECT iri, kind, text, lang, rank FROM label WHERE kind NOT IN ({marks}) ORDER BY number"
        return (Label(*row) for row in self._base.execute(query, NAMED))

    def preferred(self, iri: str) -> dict[str, str]:
        """The preferred labels of a thing by language, of several the first in the order of letters."""
        return preferred(self._base, iri)

    def phrasebook(self) -> str | None:
        """The text that was kept of `kogge.expertise.phrasebook`, if these are the labels still."""
        row = self._base.execute("SELECT text FROM phrasebook").fetchone()
        return None if row is None else str(row[0])

    def keep_phrasebook(self, text: str) -> None:
        """Keeps that text, if it can be written: it can be made anew."""
        with suppress(sqlite3.OperationalError):
            self._base.execute("INSERT INTO phrasebook VALUES (?)", (text,))

    def titles(self) -> Titles:
        """The names of things."""
        return self._titles

    def completions(self) -> Completions:
        """The completions while typing."""
        return Completions(self._base)

    def _labels(self, iri: str) -> list[tuple[int, Label]]:
        query = "SELECT number, iri, kind, text, lang, rank FROM label WHERE iri = ?"
        return [(row[0], Label(*row[1:])) for row in self._base.execute(query, (iri,))]

    def _put(self, labels: Sequence[Label], first: int, progress: Progress = silent) -> None:
        for start in range(0, len(labels), _BATCH):
            progress("naming", start, len(labels))
            some = list(enumerate(labels[start : start + _BATCH], first + start))
            self._base.executemany(
                "INSERT INTO label VALUES (?, ?, ?, ?, ?, ?)", ((number, *label) for number, label in some)
            )
            titles, entries = self._rows(some)
            self._base.executemany("INSERT OR IGNORE INTO title VALUES (?, ?)", titles)
            self._titles.learn(key for key, _ in titles)
            self._base.executemany("INSERT OR IGNORE INTO completion VALUES (?, ?, ?)", entries)

    def _drop(self, labels: Sequence[tuple[int, Label]]) -> None:
        titles, entries = self._rows(labels)
        self._base.executemany("DELETE FROM title WHERE key = ? AND iri = ?", titles)
        self._titles.forget(key for key, _ in titles)
        self._base.executemany("DELETE FROM completion WHERE slot = ? AND key = ? AND label = ?", entries)
        self._base.executemany("DELETE FROM label WHERE number = ?", ((number,) for number, _ in labels))

    def _rows(
        self, labels: Sequence[tuple[int, Label]]
    ) -> tuple[list[tuple[str, str]], list[tuple[int, str, int]]]:
        titles = [
            (form, label.iri)
            for _, label in labels
            if label.kind in NAMED
            for form in title_forms(label.text, self._frames)
        ]
        entries = [(slot, key, number) for number, label in labels for slot, key in entries_of(label)]
        return sorted(titles), sorted(entries)

    def _keep(self, world: World) -> None:
        self._base.executemany(
            "INSERT OR REPLACE INTO world VALUES (?, ?)",
            ((name, json.dumps(values_)) for name, values_ in world.items()),
        )
        self._refresh()

    def _refresh(self) -> None:
        self._world = {name: json.loads(value) for name, value in self._base.execute("SELECT * FROM world")}
        self._frames = by_first_word(words.words(label) for label in self._world.get("classes", ()))


def _kind(iri: str, countries: frozenset[str]) -> str:
    if iri.startswith(names.TOPIC):
        return "topic"
    return "country" if iri in countries else names.kind_of(iri)


def _learnt(store: Store) -> World:
    return {name: sorted({" ".join(row) for row in select(store, query)}) for name, query in _WORLD.items()}


def _countries(world: Mapping[str, Sequence[str]]) -> frozenset[str]:
    return frozenset(one.rsplit(" ", 1)[0] for one in world["countries"])


def _read(ask: Ask, world: Mapping[str, Sequence[str]], chosen: str = "") -> Iterator[Label]:
    """The labels that count, of all things or of those that are chosen."""
    topics, alliances, countries = (
        frozenset(world["topics"]),
        frozenset(world["alliances"]),
        _countries(world),
    )
    for predicate, rank in _RANKS.items():
        for iri, text, lang in ask(texts(predicate, chosen)):
            kind = _kind(iri, countries)
            if (
                (iri in topics)
                if kind == "topic"
                else (iri in alliances)
                if kind == "alliance"
                else kind in _KINDS
            ):
                yield Label(iri, kind, text, lang, rank)


_WORLD: Final[Mapping[str, str]] = {
    "topics": f"SELECT ?it {{ ?it a skos:Concept FILTER(STRSTARTS(STR(?it), '{names.TOPIC}')) }}",
    "alliances": "SELECT ?it { ?it a kogge:Alliance }",
    "kinds": "SELECT ?it { ?it kogge:strength ?number }",
    "countries": "SELECT ?it ?code { ?it a schema:Country ; skos:notation ?code }",
    "members": "SELECT DISTINCT ?it { ?a a kogge:Alliance . ?m org:organization ?a ; org:member ?it }",
    "classes": "SELECT DISTINCT ?label { ?it a owl:Class ; skos:prefLabel|rdfs:label ?label }",
    "definitions": "SELECT DISTINCT ?text { ?it skos:definition ?text }",
}
_RANKS: Final = {"skos:prefLabel": 0, "skos:altLabel": 1, "kogge:motto": 1, "skos:hiddenLabel": 2}
QUERIES: Final = tuple(map(texts, _RANKS))
