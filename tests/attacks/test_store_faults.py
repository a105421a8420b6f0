"""E08 to E12: what happens to workers and snapshots while the service is asked."""

from __future__ import annotations

import os
import random
import re
import resource
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import kogge

if TYPE_CHECKING:
    from tests.attacks.conftest import Service

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the cage is one of Linux")

SMALL = "SELECT * { ?s ?p ?o } LIMIT 5"


def test_e08_only_snapshots_are_opened_for_reading() -> None:
    folder = Path(str(kogge.__file__)).parent
    opened = {
        (path.relative_to(folder).as_posix(), argument)
        for path in folder.rglob("*.py")
        for argument in re.findall(r"\.read_only\((.*?)\)+$", path.read_text(), re.MULTILINE)
    }
    assert opened == {
        ("store/worker.py", "snapshot"),  # those that answer queries
        ("portal/maker.py", "snapshot"),  # those that make dumps
        ("portal/reading.py", "snapshot"),
        ("portal/reading.py", "str(snapshot"),
    }


def snapshots(service: Service) -> list[Path]:
    return sorted(path for path in service.home.rglob("generation-*") if path.is_dir())


def test_e09_a_snapshot_that_is_lost_is_still_read_by_those_who_have_it_open(guarded: Service) -> None:
    assert 1 <= len(snapshots(guarded)) <= 3
    for snapshot in snapshots(guarded):
        kept = snapshot.with_name("kept-" + snapshot.name)
        shutil.copytree(snapshot, kept)
        shutil.rmtree(snapshot)
        try:
            assert [guarded.ask(SMALL).status for _ in range(20)] == [200] * 20
        finally:
            kept.rename(snapshot)
    guarded.lives(1)


def test_e10_too_few_descriptors_are_said_at_the_start(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "kogge", "serve", "--port", "1", "--home", str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64)),
    )
    assert done.returncode not in (0, None)
    assert re.fullmatch(r"kogge: Only 64 files may be open .*ulimit -n \d+\n", done.stderr)


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGSTOP])
def test_e11_workers_that_are_killed_or_stopped_are_replaced(unguarded: Service, how: signal.Signals) -> None:
    ended = threading.Event()
    statuses: list[int] = []

    def load() -> None:
        while not ended.is_set():
            statuses.append(unguarded.ask(SMALL).status)

    clients = [threading.Thread(target=load) for _ in range(4)]
    for client in clients:
        client.start()
    draw = random.Random(11)
    try:
        for _ in range(15 if how == signal.SIGKILL else 4):
            workers = unguarded.workers()
            if workers:
                try:
                    os.kill(draw.choice(workers), how)
                except ProcessLookupError:
                    continue
            time.sleep(0.2)
    finally:
        ended.set()
        for client in clients:
            client.join()
    assert set(statuses) <= {200, 503, 504}
    assert statuses.count(200) > 100
    time.sleep(0.5)
    unguarded.lives(1)
