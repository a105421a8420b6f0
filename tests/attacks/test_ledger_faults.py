"""E01 to E07 and E13: what happens to ledger and store when process, disk, power or clock fail.

Kills at random moments are in `tests/soak/test_publications.py`, workers in `test_store_faults.py`.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import shutil
import subprocess
import sys
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from kogge import names
from kogge.desk import Desk
from kogge.errors import Unavailable
from kogge.ledger import Caller, Ledger, Sending
from kogge.ledger.file import written
from kogge.settings import Settings
from kogge.store.embedded import EmbeddedStore

if TYPE_CHECKING:
    from tests.attacks.conftest import Start

G = names.graph("luebeck", "projekte")
FULL = Path(__file__).with_name("fill_the_disk.py")


def settings(home: Path) -> Settings:
    return Settings.from_environment({"KOGGE_HOME": str(home)})


def send(desk: Desk, value: str) -> int:
    partners = {partner.slug: partner for partner in desk.partners.all()}
    partner = partners.get("luebeck") or desk.partners.add("luebeck", "Lübeck", at=datetime.now(UTC))
    body = "".join(
        f'<{names.thing("project", "luebeck/p")}{n}> <{names.KOGGE}motto> "{value}" .\n' for n in range(50)
    ).encode()
    author, editor = Caller(partner, "Ada", "author", ""), Caller(partner, "Bo", "editor", "")
    (receipt,) = desk.steps.stage([Sending(G, "text/turtle", body, body)], author)
    assert receipt.contribution is not None
    return desk.steps.accept(receipt.contribution.number, editor).version or 0


@pytest.fixture(scope="module")
def crashed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, bytes]:
    """A home as a crash would leave it, with a log of the store that is not flushed; and its dump."""
    folder = tmp_path_factory.mktemp("crashed")
    desk = Desk.open(settings(folder / "home"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(EmbeddedStore, "flush", lambda _: None)
        for value in ("one", "two", "three"):
            send(desk, value)
        shutil.copytree(folder / "home", folder / "left")
        dump = desk._store.dump()
    desk.close()
    return folder / "left", dump


def opened(left: Path, folder: Path) -> Path:
    shutil.copytree(left, folder / "home")
    return folder / "home"


def is_whole(home: Path, dump: bytes) -> None:
    desk = Desk.open(settings(home))
    try:
        assert desk._store.dump() == dump
        assert desk._store.size == len(desk._store.engine)
        assert send(desk, "next") == 4
    finally:
        desk.close()


# E02


def test_e02_what_is_acknowledged_was_flushed_after_it_was_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = Desk.open(settings(tmp_path / "home"))
    order: list[str] = []
    for name in ("replace_graphs", "amend", "flush"):
        real = getattr(EmbeddedStore, name)

        def noting(self: EmbeddedStore, *given: object, _name: str = name, _real: object = real) -> object:
            order.append(_name)
            assert desk._ledger is not None
            assert desk._ledger.last(G) is not None, "the ledger comes first"
            return _real(self, *given)  # type: ignore[operator]

        monkeypatch.setattr(EmbeddedStore, name, noting)
    send(desk, "one")
    assert order[0] == "replace_graphs"
    assert order[-2:] == ["amend", "flush"]  # the mark is written last, then all is flushed
    desk.close()


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
def test_e02_the_ledger_is_on_the_disk_before_the_store_is_written(tmp_path: Path) -> None:
    script = (
        "import sys; from pathlib import Path; from tests.attacks.test_ledger_faults import *;"
        "desk = Desk.open(settings(Path(sys.argv[1]))); os.write(1, b'begin'); send(desk, 'one');"
        "os.write(1, b'end'); os._exit(0)"
    )
    log = tmp_path / "calls"
    command = [
        "strace",
        "-f",
        "-o",
        str(log),
        "-e",
        "trace=fsync,fdatasync,write",
        sys.executable,
        "-c",
        script,
    ]
    subprocess.run([*command, str(tmp_path / "home")], check=True, capture_output=True)
    calls = log.read_text().partition('"begin"')[2].partition('"end"')[0]
    assert calls.count("sync(") >= 3


# E03, E04


def _namespaces() -> bool:
    done = subprocess.run(["unshare", "-Urm", "true"], capture_output=True, check=False)
    return done.returncode == 0


def _fill(*arguments: str, before: tuple[str, ...] = ()) -> dict[str, object]:
    done = subprocess.run(
        [*before, sys.executable, str(FULL), *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, object] = json.loads(done.stdout)
    return found


def test_e03_with_a_full_disk_nothing_is_lost_and_writing_goes_on_when_there_is_room(tmp_path: Path) -> None:
    found = _fill(str(tmp_path / "home"))
    assert found == {
        "refused": [507, "The ledger cannot be written. Make room on the disk, and send it again."],
        "read": ["first"],
        "state": "staged",
        "again": 507,
        "still read": ["first"],
        "then": ["second"],
        "after a restart": ["second"],
        "size": True,
    }


@pytest.mark.skipif(
    sys.platform != "linux" or shutil.which("unshare") is None or not _namespaces(),
    reason="a small file system cannot be mounted here",
)
def test_e03_what_the_ledger_has_is_shown_by_itself_when_the_store_can_be_written(tmp_path: Path) -> None:
    found = _fill(str(tmp_path / "home"), str(tmp_path / "small"), before=("unshare", "-Urm"))
    refused = found.pop("refused")
    assert isinstance(refused, list)
    assert refused[0] == 507
    assert "is kept, as version 2" in refused[1]
    assert found == {
        "read": ["first"],
        "state": "published",
        "again": 507,
        "still read": ["first"],
        "then": ["second"],
        "after a restart": ["second"],
        "size": True,
    }


def test_e04_without_room_for_a_snapshot_the_one_before_is_served(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    desk = Desk.open(settings(tmp_path / "home"))

    def no_room(*_: object) -> None:
        raise OSError(28, "No space left on device")

    async def ask() -> list[str]:
        await desk.start()
        try:
            states = [(await desk.ask("ASK {}")).state]
            with monkeypatch.context() as patch:
                patch.setattr(EmbeddedStore, "backup", no_room)
                await asyncio.to_thread(send, desk, "one")
                states += [(await desk.ask("ASK {}")).state for _ in range(2)]
            desk._endpoint._patient_until = 0.0
            states.append((await desk.ask("ASK {}")).state)
            return states
        finally:
            await desk.stop()

    before, *during, after = asyncio.run(ask())
    assert during == [before, before]
    assert after == desk.state != before
    assert "served on" in caplog.text
    desk.close()


# E05, E06


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    for place in range(len(data) // 3, min(len(data), len(data) // 3 + 40)):
        data[place] ^= 0xFF
    path.write_bytes(data)


@pytest.mark.parametrize("pattern", ["MANIFEST*", "CURRENT", "*.sst"])
@pytest.mark.parametrize("how", ["flipped", "gone", "cut"])
def test_e05_a_damaged_store_is_put_aside_and_made_anew(
    crashed: tuple[Path, bytes], tmp_path: Path, pattern: str, how: str, caplog: pytest.LogCaptureFixture
) -> None:
    left, dump = crashed
    home = opened(left, tmp_path)
    files = [path for path in (home / "store").glob(pattern) if path.stat().st_size]
    assert files
    for path in files:
        if how == "flipped":
            flip(path)
        elif how == "gone":
            path.unlink()
        else:
            os.truncate(path, path.stat().st_size // 2)
    is_whole(home, dump)
    if list(home.glob("store.damaged-*")):
        assert "made anew from the ledger" in caplog.text


@pytest.mark.parametrize("tenths", [0, 3, 6, 9])
def test_e06_a_store_that_opens_without_its_tail_is_brought_up(
    crashed: tuple[Path, bytes], tmp_path: Path, tenths: int
) -> None:
    left, dump = crashed
    home = opened(left, tmp_path)
    newest = max((home / "store").glob("*.log"))
    os.truncate(newest, newest.stat().st_size * tenths // 10)
    is_whole(home, dump)


def test_e06_quads_that_are_missing_under_a_mark_that_is_right_are_noticed(
    crashed: tuple[Path, bytes], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    left, dump = crashed
    home = opened(left, tmp_path)
    store = EmbeddedStore(home / "store")
    store.engine.remove(next(iter(store.engine.quads_for_pattern(None, None, None, None))))
    store.close()
    is_whole(home, dump)
    assert "is not whole" in caplog.text


def test_a_store_folder_that_is_deleted_is_made_anew(crashed: tuple[Path, bytes], tmp_path: Path) -> None:
    left, dump = crashed
    home = opened(left, tmp_path)
    shutil.rmtree(home / "store")
    is_whole(home, dump)


# E07


def test_e07_a_second_service_says_what_is_wrong_and_ends_with_3(start: Start) -> None:
    service = start()
    done = subprocess.run(
        [sys.executable, "-m", "kogge", "serve", "--port", "18999", "--home", str(service.home / "var")],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr.startswith("kogge: Another Kogge uses the store")
    assert done.stderr.count("\n") == 1
    service.lives()


# E13


def test_e13_a_ledger_that_is_cut_anywhere_in_its_log_has_whole_versions(
    crashed: tuple[Path, bytes], tmp_path: Path
) -> None:
    left, _ = crashed
    log = left / "ledger.sqlite-wal"
    whole = Ledger(shutil.copytree(left, tmp_path / "whole") / "ledger.sqlite")
    versions, bodies = whole.history(), {each.number: whole.body(each.number) for each in whole.history()}
    whole.close()
    size = log.stat().st_size
    assert size > 20_000
    found = set()
    for cut in [*range(0, size, size // 20), size - 1]:
        home = tmp_path / str(cut)
        home.mkdir()
        shutil.copy(left / "ledger.sqlite", home)
        (home / "ledger.sqlite-wal").write_bytes(log.read_bytes()[:cut])
        ledger = Ledger(home / "ledger.sqlite")
        there = ledger.history()
        assert there == versions[: len(there)]
        assert all(ledger.body(each.number) == bodies[each.number] for each in there)
        found.add(len(there))
        ledger.close()
        shutil.rmtree(home)
    assert len(found) > 2


def test_e13_a_store_that_is_ahead_of_a_ledger_that_was_cut_follows_the_ledger(
    crashed: tuple[Path, bytes], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    left, _ = crashed
    home = opened(left, tmp_path)
    log = home / "ledger.sqlite-wal"
    os.truncate(log, log.stat().st_size - 1)
    ledger = Ledger(home / "ledger.sqlite")
    number = ledger.number
    ledger.close()
    caplog.set_level(logging.WARNING)
    desk = Desk.open(settings(home))
    assert desk._ledger is not None
    assert desk._ledger.number == number
    assert f"the ledger at {number}" in caplog.text
    desk.close()


def test_e13_times_are_in_utc_whatever_the_time_zone_is() -> None:
    at = datetime(2026, 11, 23, 1, 30, tzinfo=timezone(timedelta(hours=5)))
    assert written(at) == "2026-11-22T20:30:00Z"


def test_a_command_and_a_service_write_to_one_ledger(tmp_path: Path) -> None:
    desk = Desk.open(settings(tmp_path / "home"))
    with pytest.raises(Unavailable):
        Desk.open(settings(tmp_path / "home"))
    beside = Ledger(tmp_path / "home" / "ledger.sqlite")
    beside.append(
        G, b"<a:a> <a:b> <a:c> .\n", origin="contribution", who="http://a.example/w", at=datetime.now(UTC)
    )
    beside.close()

    async def look() -> None:
        await desk.start()
        desk._publisher._looked = 0.0  # type: ignore[union-attr]
        await desk.ask("ASK {}")
        await desk.stop()

    asyncio.run(look())
    assert len(desk._store.graph(G)) == 1
    desk.close()
