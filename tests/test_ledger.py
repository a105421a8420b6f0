"""The ledger: it only grows, and nothing that was acknowledged is lost."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from kogge.errors import Misconfigured
from kogge.ledger import SCHEMA_VERSION, Ledger, Sending

G, H = "http://a.example/g", "http://a.example/h"
WHO = "http://a.example/who"
AT = datetime(2026, 11, 22, 16, 0, tzinfo=UTC)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    ledger = Ledger(tmp_path / "ledger.sqlite")
    yield ledger
    ledger.close()


def test_versions_are_counted_per_graph_and_numbered_over_all(ledger: Ledger) -> None:
    for graph, body in ((G, b"1"), (H, b"2"), (G, b"3")):
        ledger.append(graph, body, origin="repository", who=WHO, at=AT)
    assert [(v.number, v.graph, v.version) for v in ledger.history()] == [(1, G, 1), (2, H, 1), (3, G, 2)]
    assert [v.number for v in ledger.history(G)] == [1, 3]
    assert [v.number for v in ledger.newest()] == [2, 3]
    assert [v.number for v in ledger.newest(after=2)] == [3]
    assert ledger.number == 3


def test_what_is_asked_of_one_graph_takes_as_long_however_many_others_there_are(ledger: Ledger) -> None:
    ledger.partners.add("probe", "Probe", (), at=AT)
    _, secret = ledger.partners.issue("probe", "Ada", "author", at=AT)
    caller = ledger.partners.who(secret)
    asked: dict[str, Callable[[], object]] = {
        "what the store lacks": lambda: ledger.newest(after=ledger.number - 1, until=ledger.number),
        "what waits": lambda: ledger.contributions.all(graph=G, state="staged"),
        "the last version": lambda: ledger.last(G),
        "the versions that came last": lambda: ledger.history(after=ledger.number - 1),
    }

    def spent() -> dict[str, int]:
        """How many times ten instructions of SQLite each takes."""
        counted = dict.fromkeys(asked, 0)
        for name, ask in asked.items():

            def count(name: str = name) -> None:
                counted[name] += 1

            ledger._file.connection.set_progress_handler(count, 10)
            ask()
        ledger._file.connection.set_progress_handler(None, 0)
        return counted

    def fill(begin: int, end: int) -> None:
        with ledger.transaction():
            for number in range(begin, end):
                sending = Sending(f"{G}/{number}", "text/turtle", b"1", b"1")
                ledger.contributions.stage(sending, caller, base=0, at=AT)
                ledger.append(sending.graph, b"1", origin="contribution", who=WHO, at=AT)

    fill(0, 20)
    few = spent()
    fill(20, 1000)
    many = spent()
    for name in asked:
        assert many[name] <= few[name] + 10, name


def test_a_version_keeps_who_when_and_what(ledger: Ledger) -> None:
    made = ledger.append(G, b"body", origin="contribution", who=WHO, at=AT)
    assert ledger.last(G) == made
    assert (made.who, made.at, made.origin) == (WHO, "2026-11-22T16:00:00Z", "contribution")
    assert made.sha256 == hashlib.sha256(b"body").hexdigest()
    assert ledger.body(made.number) == b"body"


def test_the_last_version_of_an_origin_is_found(ledger: Ledger) -> None:
    assert ledger.last(G) is None
    ledger.append(G, b"1", origin="repository", who=WHO, at=AT, file_sha256="f")
    ledger.append(G, b"2", origin="contribution", who=WHO, at=AT)
    last, file = ledger.last(G), ledger.last(G, "repository")
    assert last is not None
    assert file is not None
    assert (last.version, file.version, file.file_sha256) == (2, 1, "f")


def test_a_transaction_that_fails_leaves_nothing(ledger: Ledger) -> None:
    def fail() -> None:
        with ledger.transaction():
            ledger.append(G, b"1", origin="repository", who=WHO, at=AT)
            ledger.append(H, b"2", origin="repository", who=WHO, at=AT)
            raise ValueError("half-way")

    with pytest.raises(ValueError, match="half-way"):
        fail()
    assert ledger.history() == []
    ledger.append(G, b"1", origin="repository", who=WHO, at=AT)
    assert ledger.number == 1


@pytest.mark.parametrize("statement", ["UPDATE version SET body = x'00'", "DELETE FROM version"])
def test_no_version_is_changed_or_removed(ledger: Ledger, tmp_path: Path, statement: str) -> None:
    ledger.append(G, b"1", origin="repository", who=WHO, at=AT)
    other = sqlite3.connect(tmp_path / "ledger.sqlite")
    with pytest.raises(sqlite3.IntegrityError, match="only grows"):
        other.execute(statement)
    other.close()


def test_what_was_appended_is_there_after_opening_again(ledger: Ledger, tmp_path: Path) -> None:
    ledger.append(G, b"1", origin="repository", who=WHO, at=AT)
    again = Ledger(tmp_path / "ledger.sqlite")  # the first is not closed, as after a crash
    assert [v.graph for v in again.history()] == [G]
    again.close()


def test_it_is_written_to_the_disk_at_each_step(ledger: Ledger) -> None:
    pragma = {
        name: ledger._file.rows(f"PRAGMA {name}")[0][0]
        for name in ("journal_mode", "synchronous", "foreign_keys", "user_version")
    }
    full = 2
    assert pragma == {
        "journal_mode": "wal", "synchronous": full, "foreign_keys": 1, "user_version": SCHEMA_VERSION,
    }  # fmt: skip


def test_a_number_that_is_not_there_is_a_key_error(ledger: Ledger) -> None:
    with pytest.raises(KeyError):
        ledger.body(1)


def test_a_file_that_is_no_ledger_or_a_newer_one_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    path.write_bytes(b"this is no database" * 100)
    with pytest.raises(Misconfigured, match="cannot be used"):
        Ledger(path)
    path.unlink()
    newer = sqlite3.connect(path)
    newer.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
    newer.close()
    with pytest.raises(Misconfigured, match="newer"):
        Ledger(path)
