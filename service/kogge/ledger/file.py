"""Level 4, ledger: the SQLite file: one connection for all threads, transactions, errors in clear words."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from kogge.errors import DiskFull, KoggeError, Misconfigured, Unavailable
from kogge.ledger import schema

_BUSY: Final = 10  # seconds for which another process (a command beside the service) may write
_PRAGMAS: Final = ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON", "secure_delete = ON")
_NO_ROOM: Final = (
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_IOERR_WRITE,
    sqlite3.SQLITE_IOERR_FSYNC,
    sqlite3.SQLITE_IOERR_TRUNCATE,
    sqlite3.SQLITE_IOERR_SHMSIZE,
)


class File:
    """The open file, or a ledger in memory for no path. What a transaction wrote is on the disk at its end.

    Raises Misconfigured where the file is no ledger, was written by a newer Kogge, or cannot be used.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._lock = threading.RLock()
        try:
            self.connection = sqlite3.connect(
                path or ":memory:", isolation_level=None, check_same_thread=False, timeout=_BUSY
            )
        except sqlite3.Error as error:
            raise self._unusable(error) from error
        try:
            for pragma in _PRAGMAS:
                self.connection.execute(f"PRAGMA {pragma}")
            schema.bring_up_to_date(self.connection)
        except sqlite3.Error as error:
            self.connection.close()
            raise self._unusable(error) from error
        except KoggeError:
            self.connection.close()
            raise

    def rows(self, text: str, *values: object) -> list[tuple[Any, ...]]:
        """What a statement gives, or does. Raises DiskFull, Unavailable."""
        with self._lock, _clear_errors():
            return self.connection.execute(text, values).fetchall()

    def one(self, text: str, *values: object) -> tuple[Any, ...] | None:
        """The first row that a statement gives, if there is one. Raises as `rows`."""
        rows = self.rows(text, *values)
        return rows[0] if rows else None

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """What is written inside is on the disk at the end, all of it or nothing. May be nested."""
        with self._lock:
            if self.connection.in_transaction:
                yield
                return
            with _clear_errors():
                self.connection.execute("BEGIN IMMEDIATE")
            try:
                yield
                with _clear_errors():
                    self.connection.execute("COMMIT")
            except BaseException:
                with suppress(sqlite3.Error):  # a full disk may have ended the transaction already
                    self.connection.execute("ROLLBACK")
                raise

    def forget(self) -> None:
        """Has what was replaced leave the file and its write-ahead log too."""
        with self._lock, _clear_errors():
            self.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def close(self) -> None:
        """Closes the file. Closing twice is allowed."""
        with self._lock:
            self.connection.close()

    def _unusable(self, error: sqlite3.Error) -> Misconfigured:
        return Misconfigured(
            f"The ledger {self._path} cannot be used: {error}.",
            "Check the rights of the folder; if the file is damaged, put back its backup.",
        )


@contextmanager
def _clear_errors() -> Iterator[None]:
    try:
        yield
    except sqlite3.OperationalError as error:
        code = getattr(error, "sqlite_errorcode", 0)
        if code in _NO_ROOM:
            raise DiskFull("The ledger cannot be written.") from error
        if code & 0xFF == sqlite3.SQLITE_BUSY:
            raise Unavailable(
                "Another process writes to the ledger.", "Try again in a few seconds."
            ) from error
        raise


def written(at: datetime) -> str:
    """A time as the ledger writes it: UTC, `xsd:dateTime` to the second, so that texts sort as times do."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
