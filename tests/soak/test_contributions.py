"""E01 over HTTP: a service to which several people send and release at once is killed, again and again.

`KOGGE_SOAK_HTTP` (8) is how many publications must have been acknowledged in the end. What got 202 is there
as it was sent, what got 200 is published whole, and a service that is started again serves it.
"""

from __future__ import annotations

import http.client
import json
import os
import random
import socket
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

import pytest

from kogge.desk import open_ledger
from kogge.settings import Settings

PUBLICATIONS = int(os.environ.get("KOGGE_SOAK_HTTP", "8"))
PEOPLE = 3
HOST = "127.0.0.1"

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the cage is one of Linux")


class Running:
    """A service, until it is killed."""

    def __init__(self, home: Path) -> None:
        with socket.create_server((HOST, 0)) as probe:
            self.port = int(probe.getsockname()[1])
        command = [sys.executable, "-m", "kogge", "serve", "--port", str(self.port), "--home", str(home)]
        self._log = (home.parent / "service.log").open("ab")
        self.process = subprocess.Popen(
            [*command, "--query-workers", "1"],
            stdout=self._log,
            stderr=self._log,
            env={**os.environ, "KOGGE_CLIENT_QUERIES": "0", "KOGGE_CLIENT_SECONDS": "0"},
        )
        until = time.monotonic() + 60
        while time.monotonic() < until and self.process.poll() is None:
            try:
                if self.ask("GET", "/health/ready")[0] == 200:
                    return
            except OSError:
                time.sleep(0.05)
        raise AssertionError((home.parent / "service.log").read_text())

    def ask(self, method: str, path: str, token: str = "", body: str = "") -> tuple[int, bytes]:
        connection = http.client.HTTPConnection(HOST, self.port, timeout=30)
        try:
            headers = {"Content-Type": "text/turtle"} if body else {}
            if token:
                headers["Authorization"] = f"Bearer {token}"
            connection.request(method, path, body.encode(), headers)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()
        self._log.close()


def turtle(slug: str, value: str) -> str:
    thing = f"https://w3id.org/kogge/id/project/luebeck/{slug}"
    return f"""@prefix kogge: <https://w3id.org/kogge/ontology#> .
@prefix skos: <http://www.w3.org/2004/02/skos/core#> .
<{thing}> a kogge:Project ; skos:prefLabel "{value}"@de, "{value}"@en, "{value}"@nl ;
    kogge:lead <https://w3id.org/kogge/id/municipality/luebeck> ; kogge:status kogge:running ;
    kogge:topic <https://w3id.org/kogge/topic/parken> ."""


class Acknowledged:
    """What was said before the kill."""

    def __init__(self) -> None:
        self.staged: dict[int, str] = {}
        self.published: dict[tuple[str, int], str] = {}
        self.lock = threading.Lock()


def work(
    service: Running, person: int, tokens: tuple[str, str], said: Acknowledged, ended: threading.Event
) -> None:
    slug, count = f"projekt-{person}", 0
    while not ended.is_set():
        count += 1
        value = f"{person} {count} {time.monotonic_ns()}"
        try:
            status, body = service.ask(
                "PUT", f"/contributions/luebeck/{slug}", tokens[0], turtle(slug, value)
            )
            if status != 202:
                continue
            number = json.loads(body)["contributions"][0]["number"]
            with said.lock:
                said.staged[number] = turtle(slug, value)
            status, body = service.ask("POST", f"/contributions/{number}/accept", tokens[1])
            if status == 200:
                with said.lock:
                    said.published[slug, json.loads(body)["version"]] = value
                # Who got 200 reads it at once.
                asked = quote(f'ASK {{ ?s ?p "{value}"@de }}')
                status, body = service.ask("GET", f"/sparql?query={asked}")
                assert (status, json.loads(body)["boolean"]) == (200, True), value
        except (OSError, http.client.HTTPException, json.JSONDecodeError):
            return


def test_e01_what_was_acknowledged_over_http_outlives_kill_9(tmp_path: Path) -> None:
    home, said, draw = tmp_path / "home", Acknowledged(), random.Random(1)
    ledger = open_ledger(Settings.from_environment({"KOGGE_HOME": str(home)}))
    at = datetime.now(UTC)
    ledger.partners.add("luebeck", "Lübeck", ["municipality/luebeck"], at=at)
    author = [ledger.partners.issue("luebeck", f"Ada {each}", "author", at=at)[1] for each in range(PEOPLE)]
    editor = ledger.partners.issue("luebeck", "Eva", "editor", at=at)[1]
    ledger.close()
    kills = 0
    while len(said.published) < PUBLICATIONS or kills < 2:
        service, ended = Running(home), threading.Event()
        for (slug, version), value in said.published.items():
            status, body = service.ask("GET", f"/graph/luebeck/{slug}?version={version}")
            assert (status, body.count(value.encode())) == (200, 3)
        for number, sent in said.staged.items():
            assert service.ask("GET", f"/contributions/{number}/body", editor) == (200, sent.encode())
        some = len(said.published) + draw.randrange(1, 1 + PUBLICATIONS // 2)
        people = [
            threading.Thread(target=work, args=(service, each, (author[each], editor), said, ended))
            for each in range(PEOPLE)
        ]
        for each in people:
            each.start()
        until = time.monotonic() + 30
        while len(said.published) < some and time.monotonic() < until:
            time.sleep(0.005)
        time.sleep(draw.random() * 0.3)  # in the middle of whatever they do
        service.kill()
        ended.set()
        for each in people:
            each.join()
        kills += 1
        assert kills < PUBLICATIONS
    service = Running(home)
    for slug in {slug for slug, _ in said.published}:
        newest = max(version for name, version in said.published if name == slug)
        status, body = service.ask("GET", f"/graph/luebeck/{slug}/history")
        assert (status, len(json.loads(body)["versions"]) >= newest) == (200, True)
    service.kill()
    assert "Traceback" not in (tmp_path / "service.log").read_text()
