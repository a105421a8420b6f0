"""E01: a process that publishes is killed at random moments, again and again; nothing acknowledged is lost.

`KOGGE_SOAK_PUBLICATIONS` (30; `make soak`: 300) is how many publications must have been acknowledged in the
end. After each kill the home is opened anew, now and then with the store gone, damaged or cut short.
"""

from __future__ import annotations

import logging
import os
import random
import re
import shutil
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path

import pytest

from kogge import names, publish, syntax
from kogge.desk import Desk
from kogge.settings import Settings
from kogge.store.embedded import EmbeddedStore

log = logging.getLogger(__name__)

PUBLICATIONS = int(os.environ.get("KOGGE_SOAK_PUBLICATIONS", "30"))
PEOPLE = 4
STATEMENTS = 40
PROGRAM = Path(__file__).with_name("publish_until_killed.py")


class Acknowledged:
    """What the processes said before they were killed."""

    def __init__(self) -> None:
        self.staged: dict[int, str] = {}
        self.published: dict[tuple[str, int], str] = {}
        self.others: Counter[str] = Counter()

    def note(self, line: str) -> None:
        what, *said = line.split()
        if what == "staged":
            self.staged[int(said[0])] = said[1]
        elif what == "published":
            assert (said[0], int(said[1])) not in self.published, "a version was given twice"
            self.published[said[0], int(said[1])] = said[2]
        else:
            self.others[what] += 1


def run_until_killed(home: Path, seed: int, draw: random.Random, said: Acknowledged) -> None:
    with (home.parent / "errors.log").open("ab") as errors:
        process = subprocess.Popen(
            [sys.executable, str(PROGRAM), str(home), str(PEOPLE), str(seed)],
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        )
    ready = threading.Event()
    before = len(said.published)

    def read() -> None:
        assert process.stdout
        for line in process.stdout:
            if line.endswith("\n"):
                said.note(line)
            ready.set()

    reading = threading.Thread(target=read)
    reading.start()
    try:
        assert ready.wait(60), (home.parent / "errors.log").read_text()
        until = time.monotonic() + 60
        some = draw.randrange(12)
        while len(said.published) < before + some and time.monotonic() < until and process.poll() is None:
            time.sleep(0.002)
        time.sleep(draw.random() * 0.3)  # in the middle of whatever they do
        assert process.poll() is None, (home.parent / "errors.log").read_text()
    finally:
        process.kill()
        process.wait()
        reading.join()
        assert process.stdout
        process.stdout.close()


def harm(home: Path, draw: random.Random) -> str:
    """Something that may have happened to the store while nobody looked."""
    store = home / "store"
    how = draw.choice(["nothing", "nothing", "gone", "log cut", "manifest"])
    if how == "gone":
        shutil.rmtree(store)
    elif how == "log cut":
        for path in store.glob("*.log"):
            os.truncate(path, draw.randrange(path.stat().st_size + 1))
    elif how == "manifest":
        for path in store.glob("MANIFEST*"):
            path.write_bytes(b"\0" * 100)
    return how


def check(home: Path, said: Acknowledged) -> int:
    """Everything acknowledged is there, nothing is half there, and the store says what the ledger says."""
    desk = Desk.open(Settings.from_environment({"KOGGE_HOME": str(home)}))
    try:
        ledger, store = desk._ledger, desk._store
        assert ledger is not None
        for number, sha256 in said.staged.items():
            assert ledger.contributions.get(number).sha256 == sha256
        for (graph, version), value in said.published.items():
            body = desk.steps.version(graph, version)
            assert set(re.findall(rb'motto> "(.*?)"', body)) == {value.encode()}
            assert body.count(b"motto") == STATEMENTS
        for newest in ledger.newest():
            held = syntax.canonical(store.graph(newest.graph))
            assert len(held.splitlines()) == len(ledger.body(newest.number).splitlines()), newest.graph
            if newest.graph.startswith(names.graph("luebeck", "")):
                assert held == ledger.body(newest.number)
        for each in ledger.history():
            if each.contribution is not None:
                contribution = ledger.contributions.get(each.contribution)
                assert (contribution.state, contribution.version) == ("published", each.version)
        for contribution in ledger.contributions.all(state="published"):
            assert ledger.version(contribution.graph, contribution.version or 0) is not None
        assert publish._mark(store).number == ledger.number
        assert store.size == len(store.engine)
        return ledger.number
    finally:
        desk.close()


def test_e01_nothing_that_was_acknowledged_is_lost_by_kill_9(tmp_path: Path) -> None:
    home, said, draw = tmp_path / "home", Acknowledged(), random.Random(1)
    harms: Counter[str] = Counter()
    rounds = 0
    while len(said.published) < PUBLICATIONS:
        rounds += 1
        assert rounds < PUBLICATIONS
        run_until_killed(home, rounds, draw, said)
        harms[harm(home, draw)] += 1
        check(home, said)
    log.info("%d publications, %d kills, %s, %s", len(said.published), rounds, dict(harms), dict(said.others))
    assert rounds > 2
    assert len(said.staged) >= len(said.published)
    desk = Desk.open(Settings.from_environment({"KOGGE_HOME": str(home)}))
    held, state = desk._store.dump(), desk.state
    anew = EmbeddedStore()
    assert desk._ledger is not None
    publish.align(desk._ledger, anew)
    assert (anew.dump(), anew.state) == (held, state)
    desk.close()
    assert "Traceback" not in (tmp_path / "errors.log").read_text()


@pytest.fixture(autouse=True)
def _quiet(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.ERROR, "kogge")
