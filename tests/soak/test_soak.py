"""E12 and the rest at once: attackers, new snapshots and good clients, for KOGGE_SOAK_SECONDS (5)."""

from __future__ import annotations

import http.client
import json
import logging
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter, deque
from collections.abc import Iterator
from pathlib import Path

import pytest

log = logging.getLogger(__name__)
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the cage is one of Linux")

SECONDS = float(os.environ.get("KOGGE_SOAK_SECONDS", "5"))
GOOD, ATTACKERS = 6, 2
THINGS = 50
NUMBERS = "SELECT ?n { GRAPH <urn:soak:graph> { ?thing <urn:soak:number> ?n } }"
CROSS = "{ ?a ?b ?c . ?d ?e ?f . ?g ?h ?i }"
LETHAL = (
    "ASK " + "{" * 10_000 + "}" * 10_000,
    "ASK { FILTER(" + "!" * 60_000 + "true) }",
    "ASK { ?s ?p " + "<<( ?s ?p " * 20_000 + "1" + " )>>" * 20_000 + " }",
    "SELECT * { " + " . ".join(f"?s <urn:p{n}> ?o{n}" for n in range(240)) + " }",
    f"SELECT * {CROSS} ORDER BY ?a LIMIT 5",
    f"SELECT * {CROSS}",
    "SELECT (COUNT(*) AS ?n) { ?a (!<urn:x>)* ?b . ?c (!<urn:y>)* ?d }",
    "SELECT * { ?s ?p ( " + "1 " * 400 + ") }",
    "SELECT * { SERVICE <http://127.0.0.1:9/> { ?s ?p ?o } }",
)


class Soaked:
    """The service, and the number of its last commit."""

    def __init__(self, home: Path) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
        self.home = home
        self.log = home / "service.log"
        environment = {
            **os.environ,
            "KOGGE_GUARD": "off",
            "KOGGE_QUERY_BYTES": "650000",
            "KOGGE_QUERY_SECONDS": "3",
            "KOGGE_CLIENT_QUERIES": "0",
            "KOGGE_CLIENT_SECONDS": "0",
        }
        program = Path(__file__).with_name("serve_and_write.py")
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, str(program), str(self.port), str(home / "var")],
                stdout=subprocess.PIPE,
                stderr=log,
                env=environment,
            )
        self.written = 0
        self._reading = threading.Thread(target=self._read)
        self._reading.start()

    def _read(self) -> None:
        assert self.process.stdout
        for line in self.process.stdout:
            self.written = int(line)

    def ask(self, text: str) -> tuple[int, bytes]:
        """Status and body."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            accept = {"Content-Type": "application/sparql-query", "Accept": "application/sparql-results+json"}
            connection.request("POST", "/sparql", text.encode(), accept)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def ready(self) -> None:
        until = time.monotonic() + 60
        while time.monotonic() < until:
            assert self.process.poll() is None, self.log.read_text()
            try:
                if self.ask("ASK {}")[0] == 200:
                    return
            except OSError:
                pass
            time.sleep(0.05)
        raise AssertionError("the service is not ready")

    def stop(self) -> int:
        """Ends the service, at the latest after 30 s; its exit code."""
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(30)
        finally:
            self.process.kill()
            self.process.wait()
            self._reading.join()
            assert self.process.stdout
            self.process.stdout.close()


@pytest.fixture
def soaked(tmp_path: Path) -> Iterator[Soaked]:
    soaked = Soaked(tmp_path)
    try:
        soaked.ready()
        yield soaked
    finally:
        soaked.stop()


def test_e12_good_clients_notice_neither_attackers_nor_publications(soaked: Soaked) -> None:
    until = time.monotonic() + SECONDS
    wrong: list[str] = []
    outcomes: Counter[int] = Counter()
    attacks: Counter[int] = Counter()
    waits: list[float] = []
    most = 0

    def good() -> None:
        seen = 0
        while time.monotonic() < until:
            known, began = soaked.written, time.monotonic()
            status, body = soaked.ask(NUMBERS)
            waits.append(time.monotonic() - began)
            outcomes[status] += 1
            if status != 200:
                wrong.append(f"{status}: {body[:200]!r}")
                continue
            found = [int(row["n"]["value"]) for row in json.loads(body)["results"]["bindings"]]
            if len(found) != THINGS or len(set(found)) != 1 or found[0] < max(seen, known):
                wrong.append(f"{Counter(found)}, after {seen} and {known}")
            seen = found[0] if found else seen

    def attack(first: int) -> None:
        place = first
        while time.monotonic() < until:
            status, _ = soaked.ask(LETHAL[place % len(LETHAL)])
            attacks[status] += 1
            place += 1

    clients = [threading.Thread(target=good) for _ in range(GOOD)]
    clients += [threading.Thread(target=attack, args=(number * 4,)) for number in range(ATTACKERS)]
    for client in clients:
        client.start()
    samples: deque[set[str]] = deque(maxlen=4)
    snapshots = soaked.home / "var" / "snapshots"
    assert any(snapshots.glob("generation-*"))
    while any(client.is_alive() for client in clients):
        time.sleep(0.1)
        # One is being made and one removed for a moment: those count that stay for longer.
        samples.append({path.name for path in snapshots.glob("generation-*")})  # no further: some are going
        if len(samples) == 4:
            most = max(most, len(set.intersection(*samples)))
    waits.sort()
    log.info("%d answers in %g s, %d wrong; attacks %s", sum(outcomes.values()), SECONDS, len(wrong), attacks)
    log.info(
        "p50 %.3f s, p99 %.3f s, max %.3f s", *(waits[int((len(waits) - 1) * p)] for p in (0.5, 0.99, 1))
    )
    log.info("%d commits, at most %d snapshots", soaked.written, most)
    assert wrong == []
    assert set(outcomes) == {200}
    assert outcomes[200] > 10 * SECONDS
    assert set(attacks) <= {200, 400, 413, 422, 503, 504}
    assert soaked.written > SECONDS
    assert most <= 3
    assert soaked.process.poll() is None
    assert "Traceback" not in soaked.log.read_text()
