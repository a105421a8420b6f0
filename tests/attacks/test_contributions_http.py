"""Contributions that attack a real service: it refuses, says why, lives, and no token is in its log."""

from __future__ import annotations

import json
import os
import signal
import socket
import sqlite3
import sys
import threading
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from kogge import cli, media
from kogge.desk import open_ledger
from kogge.settings import Settings

from .conftest import Reply, Service, Start
from .contributions import TURTLE

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the cage is one of Linux")

PATH = "/contributions/luebeck/projekte"


class Partner:
    """Somebody with a token at a service."""

    def __init__(self, service: Service) -> None:
        self.service = service
        settings = Settings.from_environment({"KOGGE_HOME": str(service.home / "var")})
        ledger = open_ledger(settings)
        at = datetime.now(UTC)
        ledger.partners.add("luebeck", "Lübeck", ["municipality/luebeck"], at=at)
        self.author = ledger.partners.issue("luebeck", "Ada", "author", at=at)[1]
        self.editor = ledger.partners.issue("luebeck", "Eva", "editor", at=at)[1]
        ledger.close()

    def put(self, body: str | bytes, kind: str = "text/turtle", path: str = PATH, **headers: str) -> Reply:
        data = body.encode() if isinstance(body, str) else body
        said = {"Authorization": f"Bearer {self.author}", "Content-Type": kind, **headers}
        return self.service.request("PUT", path, data, said)

    def accept(self, number: int) -> Reply:
        said = {"Authorization": f"Bearer {self.editor}"}
        return self.service.request("POST", f"/contributions/{number}/accept", b"", said)


@pytest.fixture(scope="module")
def partner(start: Start) -> Partner:
    return Partner(start(KOGGE_CLIENT_SECONDS="0", KOGGE_CLIENT_QUERIES="0"))


DEEP = "<a:a> <a:b> " + "[ <a:b> " * 20_000 + '"x"' + " ]" * 20_000 + " ."


@pytest.mark.parametrize(
    ("body", "kind", "statuses"),
    [
        (DEEP, "text/turtle", (400, 422)),
        ("[" * 100_000, "application/ld+json", (400, 422)),
        ('{"@context": "http://127.0.0.1:9/c.jsonld"}', "application/ld+json", (422,)),
        ('<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', "application/rdf+xml", (422,)),
        (b"PK\x03\x04" + b"\0" * 100_000, media.XLSX.type, (400, 415, 422)),
        (b"\xff\xfe" * 1000, "text/turtle", (400, 422)),
        ("<a:a> <a:b> <a:c> .\n" * 99_000, "text/turtle", (413, 422)),
    ],
    ids=["deep turtle", "deep json", "remote context", "entities", "broken zip", "utf-16", "too many"],
)  # fmt: skip
def test_what_attacks_is_refused_and_the_service_lives(
    partner: Partner, body: str | bytes, kind: str, statuses: tuple[int, ...]
) -> None:
    reply = partner.put(body, kind)
    assert reply.status in statuses, reply
    assert reply.headers["content-type"] == "application/problem+json"
    assert json.loads(reply.body)["detail"]
    partner.service.lives()


def test_a_worker_that_is_killed_while_it_judges_is_replaced(partner: Partner) -> None:
    def kill() -> None:
        for worker in partner.service.workers():
            os.kill(worker, signal.SIGKILL)

    killing = threading.Timer(0.02, kill)
    killing.start()
    statuses = {partner.put(TURTLE, path=PATH + "?dry-run").status for _ in range(3)}
    killing.join()
    assert statuses <= {200, 422, 503}
    until = time.monotonic() + 30
    while partner.put(TURTLE, path=PATH + "?dry-run").status != 200:
        assert time.monotonic() < until
        time.sleep(0.2)


def test_a_body_that_stops_is_not_waited_for_and_stages_nothing(start: Start) -> None:
    partner = Partner(start(KOGGE_BODY_PAUSE="0.5"))
    with socket.create_connection(("127.0.0.1", partner.service.port), timeout=20) as connection:
        connection.sendall(
            f"PUT {PATH} HTTP/1.1\r\nHost: a\r\nContent-Type: text/turtle\r\nContent-Length: 1000\r\n"
            f"Authorization: Bearer {partner.author}\r\n\r\n<a:a> ".encode()
        )
        assert b" 408 " in connection.recv(1000)
    listed = partner.service.request(
        "GET", "/contributions", None, {"Authorization": f"Bearer {partner.author}"}
    )
    assert json.loads(listed.body) == {"contributions": []}


def test_d12_no_token_and_no_body_is_in_any_log_and_the_ledger_has_no_token(partner: Partner) -> None:
    secret = partner.author.split("_", 2)[2]
    number = json.loads(partner.put(TURTLE).body)["contributions"][0]["number"]
    assert partner.accept(number).status == 200
    partner.put("<a:a> <a:b> canary-of-the-body")
    partner.service.request("GET", f"/sparql?query=ASK%7B%7D&token={partner.author}")
    partner.service.request("GET", f"/contributions/{partner.author}")
    partner.service.request("GET", "/contributions", None, {"Authorization": f"Bearer {partner.author[:-1]}"})
    log = partner.service.log.read_text()
    assert f"PUT {PATH} 202" in log
    assert secret not in log
    assert "canary-of-the-body" not in log
    for path in Path(partner.service.home, "var").glob("ledger.sqlite*"):
        assert secret.encode() not in path.read_bytes()
    connection = sqlite3.connect(partner.service.home / "var" / "ledger.sqlite")
    assert connection.execute("SELECT count(*) FROM token").fetchone()[0] >= 2
    connection.close()


def test_the_commands_send_to_a_service_and_release_there(
    partner: Partner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    to = ["--to", f"http://127.0.0.1:{partner.service.port}"]
    bad, good = tmp_path / "bad.ttl", tmp_path / "good.ttl"
    good.write_text(TURTLE.replace("smart-parken", "befehl"))
    bad.write_text(TURTLE.replace("kogge:running", "kogge:laufend"))
    monkeypatch.setenv("KOGGE_TOKEN", partner.author)
    assert cli.main(["contribute", str(bad), "--graph", "luebeck/befehl", *to, "--lang", "de"]) == 1
    said = capsys.readouterr()
    assert "(422)" in said.err
    assert "Geben Sie für „Stand“ genau einen Wert an" in said.out
    assert cli.main(["contribute", str(good), "--graph", "luebeck/befehl", *to, "--dry-run"]) == 0
    assert cli.main(["contribute", str(good), "--graph", "luebeck/befehl", *to, "--if-match", "0"]) == 0
    number = capsys.readouterr().out.rpartition("/contributions/")[2].split()[0]
    monkeypatch.setenv("KOGGE_TOKEN", partner.editor)
    assert cli.main(["contributions", "accept", number, "--note", "gut", *to]) == 0
    assert capsys.readouterr().out == f"published: /contributions/{number}\n"
    assert partner.service.request("GET", "/graph/luebeck/befehl").status == 200
