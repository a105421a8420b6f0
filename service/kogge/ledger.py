"""Level 4, ledger: every version of every named graph, in SQLite: the source of truth for the store.

The ledger only grows. A number counts all versions in the order in which they came; the store carries the
number to which it was brought, so that after a crash what is missing can be seen and applied.
"""

from __future__ import annotations

import hashlib
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final, Literal, TypeAlias

from kogge.errors import Misconfigured

Origin: TypeAlias = Literal["repository", "contribution"]

SCHEMA_VERSION: Final = 1
_SCHEMA: Final = """
CREATE TABLE version (
    number      INTEGER PRIMARY KEY,
    graph       TEXT NOT NULL,
    version     INTEGER NOT NULL,
    sha256      TEXT NOT NULL,
    origin      TEXT NOT NULL CHECK (origin IN ('repository', 'contribution')),
    who         TEXT NOT NULL,
    at          TEXT NOT NULL,
    file_sha256 TEXT,
    body        BLOB NOT NULL,
    UNIQUE (graph, version)
) STRICT;
CREATE TRIGGER version_never_changes BEFORE UPDATE ON version
    BEGIN SELECT RAISE (ABORT, 'the ledger only grows'); END;
CREATE TRIGGER version_never_goes BEFORE DELETE ON version
    BEGIN SELECT RAISE (ABORT, 'the ledger only grows'); END;
"""
_COLUMNS: Final = "number, graph, version, sha256, origin, who, at, file_sha256"


@dataclass(frozen=True)
class Version:
    """One version of a named graph. `who` is the IRI of an agent, `at` a time in UTC (xsd:dateTime).

    `sha256` is that of the body, `file_sha256` that of the files, if it came from the repository.
    """

    number: int
    graph: str
    version: int
    sha256: str
    origin: Origin
    who: str
    at: str
    file_sha256: str | None


class Ledger:
    """The ledger in the file `path`, or in memory for none. May be used from several threads.

    Raises Misconfigured where the file is no ledger, was written by a newer Kogge, or cannot be written.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._lock = threading.RLock()
        with self._clear_errors():
            self._connection = sqlite3.connect(
                path or ":memory:", isolation_level=None, check_same_thread=False, timeout=10
            )
        try:
            with self._clear_errors():
                self._prepare()
        except Misconfigured:
            self._connection.close()
            raise

    def append(
        self,
        graph: str,
        body: bytes,
        *,
        origin: Origin,
        who: str,
        at: datetime,
        file_sha256: str | None = None,
    ) -> Version:
        """Adds the next version of a graph; `body` is its content as canonical N-Triples.

        The version is on the disk when this returns, or when the `transaction` around it ends.
        """
        with self.transaction():
            last = self.last(graph)
            row = (
                self.number + 1,
                graph,
                last.version + 1 if last else 1,
                hashlib.sha256(body).hexdigest(),
                origin,
                who,
                at.strftime("%Y-%m-%dT%H:%M:%SZ"),
                file_sha256,
            )
            self._connection.execute(
                f"INSERT INTO version ({_COLUMNS}, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", (*row, body)
            )
        return Version(*row)

    def last(self, graph: str, origin: Origin | None = None) -> Version | None:
        """The newest version of a graph, or the newest of that origin; None if there is none."""
        rows = self._versions(
            "WHERE graph = ? AND origin = coalesce(?, origin) ORDER BY number DESC LIMIT 1", graph, origin
        )
        return rows[0] if rows else None

    def history(self, graph: str | None = None) -> list[Version]:
        """All versions of a graph, or of all graphs, the oldest first."""
        return self._versions("WHERE graph = coalesce(?, graph) ORDER BY number", graph)

    def newest(self, *, after: int = 0) -> list[Version]:
        """The newest version of each graph, those only whose number is above `after`, by number."""
        return self._versions(
            "WHERE number IN (SELECT max(number) FROM version GROUP BY graph) AND number > ? ORDER BY number",
            after,
        )

    def body(self, number: int) -> bytes:
        """The content of a version as canonical N-Triples. Raises KeyError if there is no such number."""
        with self._lock:
            row = self._connection.execute("SELECT body FROM version WHERE number = ?", (number,)).fetchone()
        if row is None:
            raise KeyError(number)
        return bytes(row[0])

    @property
    def number(self) -> int:
        """The number of the newest version of all; 0 in an empty ledger."""
        with self._lock:
            row = self._connection.execute("SELECT coalesce(max(number), 0) FROM version").fetchone()
        return int(row[0])

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """What is appended inside is on the disk at the end, all of it or nothing. May be nested."""
        with self._lock:
            if self._connection.in_transaction:
                yield
                return
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")

    def close(self) -> None:
        """Closes the file. Closing twice is allowed."""
        with self._lock:
            self._connection.close()

    def _versions(self, condition: str, *values: object) -> list[Version]:
        with self._lock:
            return [
                Version(*row)
                for row in self._connection.execute(f"SELECT {_COLUMNS} FROM version {condition}", values)
            ]

    def _prepare(self) -> None:
        (found,) = self._connection.execute("PRAGMA user_version").fetchone()
        if found > SCHEMA_VERSION:
            raise Misconfigured(
                f"The ledger {self._path} was written by a newer Kogge.", "Install that version."
            )
        for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
            self._connection.execute(f"PRAGMA {pragma}")
        if found == 0:
            self._connection.executescript(
                f"BEGIN; {_SCHEMA} PRAGMA user_version = {SCHEMA_VERSION}; COMMIT;"
            )

    @contextmanager
    def _clear_errors(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise Misconfigured(
                f"The ledger {self._path} cannot be used: {error}.",
                "Check the rights of the folder; if the file is damaged, put back its backup.",
            ) from error
