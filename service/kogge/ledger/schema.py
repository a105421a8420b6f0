"""Level 4, ledger: its tables, and how those of an older Kogge become these.

Versions, steps and what was sent are never changed or removed. The one exception is the erasing of a person's
data (`erasures.py`): while an erasure is open, bodies may be replaced, and nothing else.
"""

from __future__ import annotations

import sqlite3
from typing import Final

from kogge.errors import Misconfigured

SCHEMA_VERSION: Final = 2

_ONE: Final = """
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

_TWO: Final = """
CREATE TABLE partner (
    slug      TEXT PRIMARY KEY,
    name      TEXT NOT NULL,
    may       TEXT NOT NULL,          -- grants such as "municipality/luebeck", one per line
    four_eyes INTEGER,                -- 0, 1, or none: as the settings say
    at        TEXT NOT NULL
) STRICT;
INSERT INTO partner VALUES ('kogge', 'Kogge', '', NULL, strftime('%Y-%m-%dT%H:%M:%SZ', 'now'));
CREATE TABLE token (
    id      TEXT PRIMARY KEY,
    partner TEXT NOT NULL REFERENCES partner,
    person  TEXT NOT NULL,
    role    TEXT NOT NULL CHECK (role IN ('author', 'editor', 'steward')),
    sha256  BLOB NOT NULL,            -- of the secret, which is kept nowhere
    created TEXT NOT NULL,
    expires TEXT NOT NULL,
    revoked TEXT,
    used    TEXT
) STRICT;
CREATE TABLE contribution (
    number  INTEGER PRIMARY KEY,
    graph   TEXT NOT NULL,
    partner TEXT NOT NULL REFERENCES partner,
    person  TEXT NOT NULL,
    batch   TEXT,                     -- equal for what came in one spreadsheet
    state   TEXT NOT NULL CHECK (state IN ('staged', 'returned', 'rejected', 'withdrawn', 'published')),
    version INTEGER                   -- of the graph, once it is published
) STRICT;
CREATE INDEX contribution_of_graph ON contribution (graph);
CREATE TABLE sent (
    contribution INTEGER NOT NULL REFERENCES contribution,
    turn         INTEGER NOT NULL,    -- 1, and one more each time it comes back after it was returned
    at           TEXT NOT NULL,
    media        TEXT NOT NULL,
    sha256       TEXT NOT NULL,       -- of the body as it was sent
    base         INTEGER NOT NULL,    -- the version of the graph it was made on; 0: there was none
    note         TEXT NOT NULL,
    body         BLOB NOT NULL,
    content      BLOB NOT NULL,       -- canonical N-Triples
    report       TEXT NOT NULL,       -- findings, JSON
    PRIMARY KEY (contribution, turn)
) STRICT;
CREATE TABLE step (
    contribution INTEGER NOT NULL REFERENCES contribution,
    at           TEXT NOT NULL,
    who          TEXT NOT NULL,
    partner      TEXT NOT NULL,
    what         TEXT NOT NULL,
    note         TEXT NOT NULL
) STRICT;
CREATE INDEX step_of_contribution ON step (contribution);
CREATE TABLE erasure (
    number INTEGER PRIMARY KEY,
    sha256 TEXT NOT NULL,             -- of the IRI, which may be a name and so is not kept
    at     TEXT NOT NULL,
    who    TEXT NOT NULL,
    open   INTEGER NOT NULL
) STRICT;
CREATE INDEX erasure_of ON erasure (sha256);
ALTER TABLE version ADD COLUMN contribution INTEGER;
ALTER TABLE version ADD COLUMN erased TEXT;

DROP TRIGGER version_never_changes;
CREATE TRIGGER version_never_changes BEFORE UPDATE ON version
    WHEN NOT EXISTS (SELECT 1 FROM erasure WHERE open)
      OR (OLD.number, OLD.graph, OLD.version, OLD.origin, OLD.who, OLD.at)
         IS NOT (NEW.number, NEW.graph, NEW.version, NEW.origin, NEW.who, NEW.at)
    BEGIN SELECT RAISE (ABORT, 'the ledger only grows'); END;
CREATE TRIGGER sent_never_changes BEFORE UPDATE ON sent
    WHEN NOT EXISTS (SELECT 1 FROM erasure WHERE open)
      OR (OLD.contribution, OLD.turn, OLD.at, OLD.base) IS NOT (NEW.contribution, NEW.turn, NEW.at, NEW.base)
    BEGIN SELECT RAISE (ABORT, 'the ledger only grows'); END;
CREATE TRIGGER step_never_changes BEFORE UPDATE ON step
    BEGIN SELECT RAISE (ABORT, 'the ledger only grows'); END;
CREATE TRIGGER contribution_stays_what_it_is BEFORE UPDATE ON contribution
    WHEN (OLD.number, OLD.graph, OLD.partner, OLD.person)
         IS NOT (NEW.number, NEW.graph, NEW.partner, NEW.person)
      OR OLD.state IN ('rejected', 'withdrawn', 'published')
    BEGIN SELECT RAISE (ABORT, 'the ledger only grows'); END;
CREATE TRIGGER sent_never_goes BEFORE DELETE ON sent
    BEGIN SELECT RAISE (ABORT, 'the ledger only grows'); END;
CREATE TRIGGER step_never_goes BEFORE DELETE ON step
    BEGIN SELECT RAISE (ABORT, 'the ledger only grows'); END;
CREATE TRIGGER contribution_never_goes BEFORE DELETE ON contribution
    BEGIN SELECT RAISE (ABORT, 'the ledger only grows'); END;
CREATE TRIGGER erasure_never_goes BEFORE DELETE ON erasure
    BEGIN SELECT RAISE (ABORT, 'the ledger only grows'); END;
"""
_STEPS: Final = (_ONE, _TWO)


def bring_up_to_date(connection: sqlite3.Connection) -> None:
    """Makes the tables, or changes those of an older schema, in one transaction. Misconfigured if newer."""
    (found,) = connection.execute("PRAGMA user_version").fetchone()
    if found > SCHEMA_VERSION:
        raise Misconfigured("The ledger was written by a newer Kogge.", "Install that version.")
    if found < SCHEMA_VERSION:
        changes = "\n".join(_STEPS[found:])
        connection.executescript(
            f"BEGIN IMMEDIATE; {changes} PRAGMA user_version = {SCHEMA_VERSION}; COMMIT;"
        )
