"""The commands about partners, contributions and versions, as an operator and as a partner types them."""

from __future__ import annotations

import http.server
import json
import re
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from kogge import cli, names
from kogge.cli import sending
from kogge.desk import Desk
from kogge.errors import Unauthorised
from kogge.ledger import Ledger, Sending
from kogge.settings import Settings

CURATED = "kogge/alliances-smarte-hanse"
TOKEN = re.compile(r"kgg_[a-z0-9]{12}_[A-Za-z0-9_-]{43}\n")


class Typed:
    """What a command printed, and its exit code."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err

    @property
    def refusal(self) -> str:
        assert self.code != 0
        assert re.fullmatch(r"kogge: [^\n]+\n", self.err), self.err
        return self.err


Type = Callable[..., Typed]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KOGGE_HOME", str(tmp_path / "var"))
    monkeypatch.delenv("KOGGE_TOKEN", raising=False)
    return tmp_path / "var"


@pytest.fixture
def kogge(capfd: pytest.CaptureFixture[str], home: Path) -> Type:
    def kogge(*arguments: str) -> Typed:
        capfd.readouterr()
        code = cli.main(arguments)
        printed = capfd.readouterr()
        return Typed(code, printed.out, printed.err)

    home.parent.joinpath("x.ttl").write_text("<a:a> <a:b> <a:c> .\n")
    return kogge


def stage(home: Path, token: str, value: str) -> int:
    ledger = Ledger(home / "ledger.sqlite")
    graph = names.graph("luebeck", "projekte")
    body = f'<{names.thing("project", "luebeck/a")}> <{names.KOGGE}motto> "{value}" .\n'.encode()
    staged = ledger.contributions.stage(
        Sending(graph, "text/turtle", body, body),
        ledger.partners.who(token),
        base=len(ledger.history(graph)),
        at=ledger_now(),
    )
    ledger.close()
    return staged.number


def ledger_now() -> Any:
    from datetime import UTC, datetime

    return datetime.now(UTC)


def test_a_partner_is_added_and_its_token_printed_once(kogge: Type) -> None:
    added = kogge("partner", "add", "luebeck", "--name", "Hansestadt Lübeck", "--may", "municipality/luebeck")
    assert added.code == 0
    assert TOKEN.fullmatch(added.out)
    assert "author of luebeck" in added.err
    listed = kogge("partner", "list").out
    assert "luebeck: Hansestadt Lübeck, municipality/luebeck\n" in listed
    assert added.out[4:16] in listed
    assert added.out.strip() not in listed
    assert "exists already" in kogge("partner", "add", "luebeck", "--name", "Lübeck").refusal
    assert "cannot be granted" in kogge("partner", "add", "kiel", "--name", "K", "--may", "kiel").refusal
    assert "'kiel'" in kogge("partner", "token", "kiel", "--person", "Ada").refusal


def test_a_partner_that_cannot_have_its_token_is_not_added(kogge: Type) -> None:
    assert "730" in kogge("partner", "add", "kiel", "--name", "Kiel", "--days", "9999").refusal
    assert "kiel" not in kogge("partner", "list").out


def test_a_token_is_revoked_and_a_grant_added(kogge: Type) -> None:
    token = kogge("partner", "add", "luebeck", "--name", "Lübeck").out.strip()
    assert "alliance/smarte-hanse" in kogge("partner", "may", "luebeck", "alliance/smarte-hanse").out
    assert "opens nothing" in kogge("partner", "revoke", token[4:16]).out
    assert "revoked" in kogge("partner", "list").out
    assert "'nothing'" in kogge("partner", "revoke", "nothing").refusal


def test_a_contribution_goes_its_way_on_the_command_line(
    kogge: Type, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    author = kogge("partner", "add", "luebeck", "--name", "Lübeck", "--person", "Ada").out.strip()
    editor = kogge("partner", "token", "luebeck", "--person", "Bo", "--role", "editor").out.strip()
    number = str(stage(home, author, "one"))
    assert "luebeck/projekte  staged  Ada (luebeck)" in kogge("contributions", "list").out
    monkeypatch.setenv("KOGGE_TOKEN", author)
    assert "author does not decide" in kogge("contributions", "accept", number).refusal
    monkeypatch.setenv("KOGGE_TOKEN", editor)
    assert "returned" in kogge("contributions", "return", number, "--note", "the title").out
    shown = kogge("contributions", "show", number).out
    assert "returned  Bo (luebeck): the title" in shown
    assert '+ <https://w3id.org/kogge/id/project/luebeck/a> kogge:motto "one" .' in shown
    for value in ("two", "three"):
        accepted = kogge("contributions", "accept", str(stage(home, author, value)))
        assert "published as version" in accepted.out
    history = kogge("history", "luebeck/projekte").out
    assert re.fullmatch(r"(version +[12] .* contribution [23] .*\n){2}", history)
    for step in (("rollback", "luebeck/projekte", "1"), ("delete", "luebeck/projekte")):
        assert "at version 2, not at 1" in kogge(*step, "--if-match", "1").refusal
    assert "version    3" in kogge("rollback", "luebeck/projekte", "1", "--note", "wrong").out
    assert "1 to 3" in kogge("rollback", "luebeck/projekte", "9").refusal
    assert "at version 3, not at 2" in kogge("confirm", "luebeck/projekte", "--if-match", "2").refusal
    assert "version    4" in kogge("confirm", "luebeck/projekte", "--if-match", "3").out
    assert "noted already" in kogge("confirm", "luebeck/projekte").out
    assert "version    5" in kogge("delete", "luebeck/projekte").out
    assert "is not of 'luebeck'" in kogge("rollback", CURATED, "1").refusal
    assert "rejected" not in kogge("contributions", "list", "--state", "published").out
    monkeypatch.delenv("KOGGE_TOKEN")
    assert "the same as before" in kogge("rebuild").out
    assert "OWNER/SLUG" in kogge("history", "projekte").refusal
    assert "no contribution 99" in kogge("contributions", "show", "99").refusal


def test_a_person_is_erased_on_the_command_line(kogge: Type, home: Path) -> None:
    Desk.open(Settings.from_environment({"KOGGE_HOME": str(home)})).close()
    person = names.thing("person", "ulf-kaempfer")
    erased = kogge("erase", person)
    assert re.match(r"\d+ statements were removed, from all versions of \d+ graphs\.\n", erased.out)
    assert "Nothing is said" in kogge("erase", person).refusal
    desk = Desk.open(Settings.from_environment({"KOGGE_HOME": str(home)}))
    assert person.encode() not in desk._store.dump()  # also not from the file of the repository
    assert desk.gone(person)
    desk.close()


def test_beside_a_service_that_runs_the_ledger_is_written_and_the_service_follows(
    kogge: Type, home: Path
) -> None:
    desk = Desk.open(Settings.from_environment({"KOGGE_HOME": str(home)}))
    confirmed = kogge("confirm", CURATED)
    assert "version    2" in confirmed.out
    assert "service that runs" in confirmed.err
    assert kogge("rebuild").code == 3
    graph = names.graph(*CURATED.split("/"))
    assert "reviewedOn" not in str(desk._store.graph(graph))
    assert desk._publisher is not None
    desk._publisher.follow()
    assert "reviewedOn" in str(desk._store.graph(graph))
    desk.close()


# Over HTTP


class Service(http.server.BaseHTTPRequestHandler):
    """Says what it was asked, or refuses."""

    asked: list[tuple[str, str, dict[str, str], bytes]]
    status: int
    answer: dict[str, Any]

    def _reply(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.asked.append((self.command, self.path, dict(self.headers), body))
        content = json.dumps(self.answer).encode()
        self.send_response(self.status)
        self.send_header("Location", "/contributions/7")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_PUT = do_POST = _reply  # noqa: N815 - the names that the library wants

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def service() -> Iterator[str]:
    Service.asked, Service.status, Service.answer = [], 202, {"state": "staged"}
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Service) as server:
        running = threading.Thread(target=server.serve_forever)
        running.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        running.join()


def test_a_file_is_sent_with_its_type_and_the_token(
    kogge: Type, service: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KOGGE_TOKEN", "kgg_a_b")
    sent = kogge(
        "contribute", "x.ttl", "--graph", "luebeck/x", "--to", service, "--lang", "de", "--if-match", "3"
    )
    assert (sent.code, sent.out) == (0, "staged: /contributions/7\n")
    method, path, headers, body = Service.asked[0]
    assert (method, path, body) == ("PUT", "/contributions/luebeck/x", b"<a:a> <a:b> <a:c> .\n")
    assert headers["Authorization"] == "Bearer kgg_a_b"
    assert (headers["Content-Type"], headers["Accept-Language"], headers["If-Match"]) == (
        "text/turtle",
        "de",
        '"v3"',
    )
    kogge("contribute", "x.ttl", "--graph", "luebeck/x", "--to", service + "/", "--dry-run")
    assert Service.asked[1][1] == "/contributions/luebeck/x?dry-run"
    kogge("contributions", "accept", "7", "--to", service, "--note", "fine")
    assert Service.asked[2][:2] == ("POST", "/contributions/7/accept")
    assert json.loads(Service.asked[2][3]) == {"note": "fine"}


def test_what_a_service_finds_is_shown(kogge: Type, service: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KOGGE_TOKEN", "kgg_a_b")
    finding = {"severity": "violation", "message": "Give a date.", "subject": "a:a", "where": {"line": 3}}
    Service.status, Service.answer = 422, {"title": "Findings", "findings": [finding]}
    sent = kogge("contribute", "x.ttl", "--graph", "luebeck/x", "--to", service)
    assert (sent.code, sent.err) == (1, "kogge: Findings (422)\n")
    assert sent.out == "violation (line 3): a:a\n    Give a date.\n"


def test_what_cannot_be_sent_is_told(kogge: Type, service: str, monkeypatch: pytest.MonkeyPatch) -> None:
    to = ("--graph", "luebeck/x", "--to", service)
    assert "KOGGE_TOKEN" in kogge("contribute", "x.ttl", *to).refusal
    monkeypatch.setenv("KOGGE_TOKEN", "kgg_a_b")
    assert "no.ttl" in kogge("contribute", "no.ttl", *to).refusal
    Path("x.trig").write_text("")
    assert ".trig" in kogge("contribute", "x.trig", *to).refusal
    assert "OWNER/SLUG" in kogge("contribute", "x.ttl", "--graph", "x", "--to", service).refusal
    assert "--to" in kogge("contribute", "x.ttl", "--graph", "a/x", "--to", "ftp://a").refusal
    assert (
        "cannot be reached"
        in kogge("contribute", "x.ttl", "--graph", "a/x", "--to", "http://127.0.0.1:9").refusal
    )
    assert Service.asked == []


def test_without_a_token_nothing_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KOGGE_TOKEN", " ")
    with pytest.raises(Unauthorised):
        sending.step("http://127.0.0.1:9", 1, "accept", "")
