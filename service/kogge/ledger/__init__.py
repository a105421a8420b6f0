"""Level 4, ledger: what was sent and every version of every named graph, in SQLite: the source of truth.

The ledger only grows. A number counts all versions in the order in which they came; the store carries the
number to which it was brought, so that after a crash what is missing can be seen and applied.
"""

from __future__ import annotations

import hashlib
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final, Literal, TypeAlias

from kogge.ledger.contributions import Contribution, Contributions, Sending, State, Step
from kogge.ledger.erasures import Erased, Erasures
from kogge.ledger.file import File, written
from kogge.ledger.partners import CURATOR, Caller, Partner, Partners, Role, Token
from kogge.ledger.schema import SCHEMA_VERSION

__all__ = [
    "CURATOR",
    "SCHEMA_VERSION",
    "Caller",
    "Contribution",
    "Contributions",
    "Erased",
    "Ledger",
    "Origin",
    "Partner",
    "Partners",
    "Role",
    "Sending",
    "State",
    "Step",
    "Token",
    "Version",
]

Origin: TypeAlias = Literal["repository", "contribution"]

_COLUMNS: Final = "number, graph, version, sha256, origin, who, at, file_sha256, contribution, erased"


@dataclass(frozen=True)
class Version:
    """One version of a named graph. `who` is the IRI of an agent, `at` a time in UTC (xsd:dateTime).

    `sha256` is that of the body, `file_sha256` that of the files, if it came from the repository;
    `contribution` is the number of the one that brought it, `erased` when data of a person was removed.
    """

    number: int
    graph: str
    version: int
    sha256: str
    origin: Origin
    who: str
    at: str
    file_sha256: str | None
    contribution: int | None = None
    erased: str | None = None


class Ledger:
    """The ledger in the file `path`, or in memory for none. May be used from several threads.

    Raises Misconfigured where the file is no ledger, was written by a newer Kogge, or cannot be used;
    each call DiskFull where there is no room, Unavailable where another process writes for too long.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._file = File(path)
        self.partners = Partners(self._file)
        self.contributions = Contributions(self._file)
        self.erasures = Erasures(self._file)

    def append(
        self,
        graph: str,
        body: bytes,
        *,
        origin: Origin,
        who: str,
        at: datetime,
        file_sha256: str | None = None,
        contribution: int | None = None,
    ) -> Version:
        """Adds the next version of a graph; `body` is its content as canonical N-Triples.

        The version is on the disk when this returns, or when the `transaction` around it ends. Its time is
        not before that of the version before it, even where the clock was put back.
        """
        with self.transaction():
            last = self.last(graph)
            time = max(written(at), last.at) if last else written(at)
            row = (
                self.number + 1,
                graph,
                last.version + 1 if last else 1,
                hashlib.sha256(body).hexdigest(),
                origin,
                who,
                time,
                file_sha256,
                contribution,
                None,
            )
            self._file.rows(
                f"INSERT INTO version ({_COLUMNS}, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", *row, body
            )
        return Version(*row)

    def last(self, graph: str, origin: Origin | None = None) -> Version | None:
        """The newest version of a graph, or the newest of that origin; None if there is none."""
        rows = self._versions(
            "WHERE graph = ? AND origin = coalesce(?, origin) ORDER BY version DESC LIMIT 1", graph, origin
        )
        return rows[0] if rows else None

    def version(self, graph: str, version: int) -> Version | None:
        """A version of a graph; None if there is none of that number."""
        rows = self._versions("WHERE graph = ? AND version = ?", graph, version)
        return rows[0] if rows else None

    def history(self, graph: str | None = None, *, after: int = 0, until: int | None = None) -> list[Version]:
        """All versions of a graph, or of all, numbered above `after` and not above `until`, in order."""
        if graph is None:
            return self._versions(
                "WHERE number > ? AND number <= coalesce(?, number) ORDER BY number", after, until
            )
        return self._versions(
            "WHERE graph = ? AND number > ? AND number <= coalesce(?, number) ORDER BY number",
            graph,
            after,
            until,
        )

    def newest(self, *, after: int = 0, until: int | None = None) -> list[Version]:
        """Of those versions the newest of each graph, by number."""
        # With the sign the few that are numbered so are looked at, not all in the order of their graphs.
        by = "+graph" if after else "graph"
        return self._versions(
            "WHERE number IN (SELECT max(number) FROM version"
            f" WHERE number > ? AND number <= coalesce(?, number) GROUP BY {by}) ORDER BY number",
            after,
            until,
        )

    def erased(self, graph: str) -> bool:
        """Whether data of a person was removed from any version of the graph."""
        return bool(self._versions("WHERE graph = ? AND erased IS NOT NULL LIMIT 1", graph))

    def body(self, number: int) -> bytes:
        """The content of a version as canonical N-Triples. Raises KeyError if there is no such number."""
        row = self._file.one("SELECT body FROM version WHERE number = ?", number)
        if row is None:
            raise KeyError(number)
        return bytes(row[0])

    def sizes(self, *, after: int = 0) -> dict[int, int]:
        """How many bytes the contents of the versions numbered above `after` have, by number."""
        return dict(self._file.rows("SELECT number, length(body) FROM version WHERE number > ?", after))

    @property
    def number(self) -> int:
        """The number of the newest version of all; 0 in an empty ledger."""
        return int(self._file.rows("SELECT coalesce(max(number), 0) FROM version")[0][0])

    def transaction(self) -> AbstractContextManager[None]:
        """What is written inside is on the disk at the end, all of it or nothing. May be nested."""
        return self._file.transaction()

    def close(self) -> None:
        """Closes the file. Closing twice is allowed."""
        self._file.close()

    def _versions(self, condition: str, *values: object) -> list[Version]:
        return [
            Version(*row) for row in self._file.rows(f"SELECT {_COLUMNS} FROM version {condition}", *values)
        ]
