"""Level 5, shelf: the reasons with all that is shown of them, in SQLite, in a file or in memory.

Holders, topics and kinds of evidence are numbers here, which `kogge.expertise.index` gives. A shelf is
derived: where the program that made it (`form`) or its state does not fit it is made anew, so nothing is
migrated.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Final, NamedTuple, TypeAlias

from kogge import artefacts
from kogge.errors import Misconfigured
from kogge.expertise.cues import FILE
from kogge.expertise.labels import TABLES, Labels
from kogge.expertise.rows import Document, Named, Span, oldest_first
from kogge.expertise.weights import NUMBER

CACHE: Final = 200_000  # KiB of it that stay in memory while it is made

_TABLES: Final = """
CREATE TABLE said (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE holder (number INTEGER PRIMARY KEY, iri TEXT NOT NULL, said TEXT NOT NULL, rows BLOB);
CREATE TABLE ranking (
    number INTEGER PRIMARY KEY, holders BLOB, cells BLOB, members BLOB, own BLOB, proven BLOB
);
CREATE TABLE depends (thing TEXT, holder INTEGER, PRIMARY KEY (thing, holder)) WITHOUT ROWID;
CREATE TABLE thing (number INTEGER PRIMARY KEY, iri TEXT NOT NULL, labels TEXT NOT NULL, issued TEXT);
CREATE TABLE part (whole INTEGER, thing INTEGER, PRIMARY KEY (whole, thing)) WITHOUT ROWID;
CREATE TABLE reason (place INTEGER PRIMARY KEY, thing INTEGER, iri TEXT, meeting INTEGER, told TEXT);
"""
_INDEXES: Final = """
CREATE UNIQUE INDEX IF NOT EXISTS thing_by_iri ON thing (iri);
CREATE INDEX IF NOT EXISTS reason_by_thing ON reason (thing);
CREATE INDEX IF NOT EXISTS part_by_thing ON part (thing);
CREATE INDEX IF NOT EXISTS depends_by_holder ON depends (holder);
"""
_REASON: Final = """
SELECT place, reason.iri, thing.iri, thing.labels, told, whole.iri, whole.labels
FROM reason JOIN thing ON thing.number = reason.thing LEFT JOIN thing AS whole ON whole.number = meeting
WHERE place IN ({})
"""


@cache
def form() -> int:
    """A number for the program and the words of questions with which an index is made: another program may
    make another."""
    made_by = sha256()
    for path in (*sorted(Path(__file__).parent.glob("*.py")), artefacts.folder("ontology") / FILE):
        made_by.update(path.read_bytes())
    return int.from_bytes(made_by.digest()[:3]) + 1


_decode: Final = json.JSONDecoder().raw_decode


# A reason as it is put on the shelf: its place, its thing, its IRI, the meeting, and what is told of it.
Stored: TypeAlias = tuple[int, int, str, int | None, str]


def place_of(holder: int, number: int = 0) -> int:
    """The place of the reason of a holder with this number; those of one holder lie together."""
    return holder << NUMBER | number


def holder_of(place: int) -> tuple[int, int]:
    """The holder of the reason at a place, and its number."""
    return divmod(place, 1 << NUMBER)


def told(date: str | None, span: Span | None, documents: str) -> str:
    """What is told of a reason in one text, which is stored faster than its parts: the date, its bounds, and
    the numbers of the documents, between commas."""
    earliest, latest = span or ("", "")
    return f"{date or ''}|{earliest}|{latest}|{documents}"


class Shown(NamedTuple):
    """What is shown of a reason beside holder, topic and kind."""

    iri: str
    thing: Named
    date: str | None
    sources: tuple[Document, ...]
    meeting: Named | None


class Shelf:
    """The shelf in the file `path`, or in memory for None; not to be used by two threads at once."""

    def __init__(self, path: Path | None, *, fresh: bool = False) -> None:
        self.path = path
        self.fits = self._open(fresh=fresh) in (0, form())
        self._things: dict[str, int] = {}
        self._documents: dict[int, Document] = {}

    def _open(self, *, fresh: bool) -> int:
        """Opens the file; the number of the form that it had, 0 if it was empty."""
        try:
            if self.path and fresh:
                self.path.unlink(missing_ok=True)
            self._base = sqlite3.connect(
                self.path or ":memory:", isolation_level=None, check_same_thread=False, cached_statements=512
            )
            # A crash while the file is made costs nothing; afterwards it must leave the file whole.
            self._base.execute(f"PRAGMA journal_mode = {'MEMORY' if fresh else 'TRUNCATE'}")
            self._base.execute("PRAGMA synchronous = OFF")  # derived: what is lost is made anew
            self._base.execute("PRAGMA mmap_size = 4294967296")
            self._base.execute(f"PRAGMA cache_size = {-CACHE if fresh else -2000}")
            (made_by,) = self._base.execute("PRAGMA user_version").fetchone()
            if made_by == 0:
                self._base.executescript(f"BEGIN; {_TABLES} {TABLES} PRAGMA user_version = {form()}; COMMIT;")
        except (OSError, sqlite3.Error) as error:
            raise self._unusable(error) from error
        return int(made_by)

    def __enter__(self) -> Shelf:
        self._base.execute("BEGIN")
        return self

    def __exit__(self, failed: type[BaseException] | None, error: BaseException | None, _: object) -> None:
        self._documents.clear()
        try:
            if failed is None:
                self._base.execute("COMMIT")
        except sqlite3.Error as full:
            raise self._unusable(full) from full
        finally:
            if self._base.in_transaction:
                self._base.execute("ROLLBACK")
        if isinstance(error, sqlite3.Error):
            raise self._unusable(error) from error

    def _unusable(self, error: Exception) -> Misconfigured:
        return Misconfigured(
            f"The index {self.path} cannot be used: {error}.", "Remove it: it is made anew from the store."
        )

    def finish(self) -> None:
        """Makes the indexes, which is faster when everything has been put."""
        for statement in filter(None, map(str.strip, _INDEXES.split(";"))):
            self._base.execute(statement)
        self._things.clear()

    def move(self, path: Path) -> None:
        """Gives the file another name, under which it is opened again."""
        self._base.close()
        path.with_name(path.name + "-journal").unlink(missing_ok=True)
        if self.path:
            self.path.replace(path)
        self.path = path
        self._open(fresh=False)

    def close(self) -> None:
        """Closes the file."""
        self._base.close()

    def size(self) -> int:
        """Bytes."""
        (pages,), (each,) = (
            self._base.execute(f"PRAGMA {name}").fetchone() for name in ("page_count", "page_size")
        )
        return int(pages * each)

    def say(self, name: str, value: str) -> None:
        """Keeps a text under a name."""
        self._base.execute("INSERT OR REPLACE INTO said VALUES (?, ?)", (name, value))

    def said(self, name: str) -> str | None:
        """The text that was kept, if any."""
        row = self._base.execute("SELECT value FROM said WHERE name = ?", (name,)).fetchone()
        return None if row is None else str(row[0])

    # Writing

    def put_holders(
        self, holders: Iterable[tuple[int, str, str, Iterable[str]]], *, fresh: bool = False
    ) -> None:
        """Adds holders or what is now said of them: number, IRI, text, and the things on which that rests.

        `fresh` says that none of them is there yet.
        """
        put = """INSERT INTO holder VALUES (?, ?, ?, NULL)
            ON CONFLICT (number) DO UPDATE SET said = excluded.said"""
        for number, iri, said, things in holders:
            if not fresh:
                self._base.execute("DELETE FROM depends WHERE holder = ?", (number,))
            self._base.execute(put, (number, iri, said))
            self._base.executemany(
                "INSERT OR IGNORE INTO depends VALUES (?, ?)", ((thing, number) for thing in things)
            )

    def put_rows(self, rows: Iterable[tuple[int, bytes]]) -> None:
        """Keeps the rows of holders, so that they need not be read one by one."""
        self._base.executemany(
            "UPDATE holder SET rows = ? WHERE number = ?", ((kept, number) for number, kept in rows)
        )

    def put_rankings(self, rankings: Iterable[tuple[int, Sequence[bytes]]]) -> None:
        """Keeps these rankings and no others."""
        self._base.execute("DELETE FROM ranking")
        self._base.executemany(
            "INSERT INTO ranking VALUES (?, ?, ?, ?, ?, ?)", ((number, *kept) for number, kept in rankings)
        )

    def number_things(
        self, things: Iterable[tuple[Named, str | None]], *, fresh: bool = False
    ) -> dict[str, int]:
        """The number of each thing, by IRI, after it was put with its labels and when it was issued.

        `fresh` says that none of them is there yet.
        """
        rows = [(one.iri, json.dumps(dict(one.labels), ensure_ascii=False), issued) for one, issued in things]
        if fresh:
            begin = len(self._things)
            self._things.update((iri, number) for number, (iri, _, _) in enumerate(rows, begin))
            numbered = ((self._things[iri], iri, labels, issued) for iri, labels, issued in rows)
            self._base.executemany("INSERT INTO thing VALUES (?, ?, ?, ?)", numbered)
            return self._things
        upsert = """INSERT INTO thing (iri, labels, issued) VALUES (?, ?, ?) ON CONFLICT (iri)
            DO UPDATE SET labels = excluded.labels, issued = excluded.issued RETURNING number"""
        return {row[0]: int(self._base.execute(upsert, row).fetchone()[0]) for row in rows}

    def put_parts(self, things: Iterable[int], parts: Iterable[tuple[int, int]]) -> None:
        """Takes what these things are parts of: which thing (second) is a part of which (first)."""
        self._base.executemany("DELETE FROM part WHERE thing = ?", ((thing,) for thing in things))
        self._base.executemany("INSERT OR IGNORE INTO part VALUES (?, ?)", parts)

    def put(self, reasons: Iterable[Stored]) -> None:
        """Adds reasons."""
        self._base.executemany("INSERT INTO reason VALUES (?, ?, ?, ?, ?)", reasons)

    def drop(self, place: int, last: int) -> None:
        """Takes a reason away; the last one of the holder takes its place."""
        self._base.execute("DELETE FROM reason WHERE place = ?", (place,))
        self._base.execute("UPDATE reason SET place = ? WHERE place = ?", (place, last))

    # Reading

    def known(self, iris: Iterable[str]) -> set[str]:
        """Those of the IRIs that are things of a reason, documents, or meetings."""
        return {iri for iri in iris if self._number(iri) is not None}

    def holders(self) -> Iterator[tuple[str, str, bytes | None]]:
        """The holders by their numbers: IRI, what is said of them, and their rows."""
        return self._base.execute("SELECT iri, said, rows FROM holder ORDER BY number")

    def dossier(self, holder: int) -> str:
        """What is said of a holder."""
        (said,) = self._base.execute("SELECT said FROM holder WHERE number = ?", (holder,)).fetchone()
        return str(said)

    def rankings(self) -> Iterator[tuple[int, Sequence[bytes]]]:
        """The rankings that are kept."""
        return ((row[0], row[1:]) for row in self._base.execute("SELECT * FROM ranking"))

    def depending(self, things: Iterable[str]) -> set[int]:
        """The numbers of the holders of whom something is said that rests on one of these things (IRIs)."""
        query = "SELECT holder FROM depends WHERE thing = ?"
        return {holder for thing in things for (holder,) in self._base.execute(query, (thing,))}

    def labels(self) -> Labels:
        """The labels in the same file."""
        return Labels(self._base)

    def spans(self, holder: int) -> list[Span | None]:
        """The bounds of the dates of a holder's reasons, in the order of their numbers."""
        query = "SELECT told FROM reason WHERE place BETWEEN ? AND ? ORDER BY place"
        bounds = (said.rsplit("|", 3)[1:3] for (said,) in self._base.execute(query, _places(holder)))
        return [Span(*some) if some[0] else None for some in bounds]

    def whole(self, iri: str) -> frozenset[int]:
        """The numbers of a thing and of all that is part of it; empty where nobody has it as evidence."""
        found: set[int] = set()
        number = self._number(iri)
        waiting = [] if number is None else [number]
        while waiting:
            found.add(next_ := waiting.pop())
            parts = self._base.execute("SELECT thing FROM part WHERE whole = ?", (next_,))
            waiting += [part for (part,) in parts if part not in found]
        return frozenset(found)

    def parts(self, iris: Iterable[str]) -> set[str]:
        """All that is part of one of these, that itself included if it is a thing of a reason."""
        query = "SELECT iri FROM thing WHERE number = ?"
        parts = {number for iri in iris for number in self.whole(iri)}
        return {iri for number in parts for (iri,) in self._base.execute(query, (number,))}

    def having(self, things: Iterable[str]) -> Iterator[Stored]:
        """The reasons that have one of the things (IRIs) as evidence."""
        query = "SELECT reason.* FROM thing JOIN reason ON reason.thing = thing.number WHERE thing.iri = ?"
        for iri in things:
            yield from self._base.execute(query, (iri,))

    def holding(self, things: Iterable[int]) -> list[int]:
        """The numbers of the holders that have one of the things as evidence."""
        query = "SELECT place FROM reason WHERE thing = ?"
        return sorted(
            {place >> NUMBER for thing in things for (place,) in self._base.execute(query, (thing,))}
        )

    def show(self, holder: int, numbers: Sequence[int]) -> dict[int, Shown]:
        """What is shown of these reasons of a holder, by their numbers."""
        shown = {}
        for start in range(0, len(numbers), 500):
            some = [place_of(holder, number) for number in numbers[start : start + 500]]
            room = 1 << (len(some) - 1).bit_length()  # few different statements
            marks = ",".join("?" * room)
            values = (*some, *[some[-1]] * (room - len(some)))
            rows = self._base.execute(_REASON.format(marks), values)
            for place, iri, thing, labels, said, whole, whole_labels in rows:
                date, _, _, sources = said.rsplit("|", 3)
                documents = oldest_first(map(self._document, map(int, sources.split(",") if sources else ())))
                meeting = Named(whole, _decode(whole_labels)[0]) if whole else None
                named = Named(thing, _decode(labels)[0])
                shown[place - place_of(holder)] = Shown(iri, named, date or None, documents, meeting)
        return shown

    def _number(self, iri: str) -> int | None:
        row = self._base.execute("SELECT number FROM thing WHERE iri = ?", (iri,)).fetchone()
        return None if row is None else int(row[0])

    def _document(self, number: int) -> Document:
        if number not in self._documents:
            if len(self._documents) > 10_000:
                self._documents.clear()
            query = "SELECT iri, labels, issued FROM thing WHERE number = ?"
            iri, labels, issued = self._base.execute(query, (number,)).fetchone()
            self._documents[number] = Document(iri, _decode(labels)[0], issued)
        return self._documents[number]


def _places(holder: int) -> tuple[int, int]:
    """The first and the last place that a reason of a holder can have."""
    return place_of(holder), place_of(holder + 1) - 1
