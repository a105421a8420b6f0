"""The command line: what it prints, its exit codes, and its errors of one line."""

from __future__ import annotations

import io
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from kogge import cli, names, table

COMMAND = (sys.executable, "-m", "kogge")
NEED = """@prefix kogge: <https://w3id.org/kogge/ontology#> .

<https://w3id.org/kogge/id/need/kiel/a> a kogge:Need .
"""
THING = names.thing("project", "neu")


@dataclass
class Printed:
    """What a command printed, and its exit code."""

    code: int
    out: str
    err: str


Run = Callable[..., Printed]


@pytest.fixture
def run(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """Runs a command in this process, in a folder of its own, at 80 columns."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")

    def run(*arguments: str) -> Printed:
        capfd.readouterr()
        code = cli.main(arguments)
        printed = capfd.readouterr()
        return Printed(code, printed.out, printed.err)

    return run


def one_line(printed: Printed) -> str:
    assert printed.code != 0
    assert re.fullmatch(r"kogge: [^\n]+\n", printed.err), printed.err
    return printed.err


# kogge who


@pytest.mark.parametrize(
    ("question", "count", "source"),
    [
        ("Wasserstoff", "3 Antworten", "Quelle: "),
        ("hydrogen", "3 answers", "source: "),
        ("waterstof", "3 antwoorden", "bron: "),
    ],
)
def test_who_shows_each_holder_with_its_evidence(run: Run, question: str, count: str, source: str) -> None:
    printed = run("who", question)
    assert printed.code == 0
    assert count in printed.out
    assert re.search(r"^  1\. Groningen +5$", printed.out, re.MULTILINE)
    assert printed.out.count(source) == 4
    assert max(map(len, printed.out.splitlines())) <= 80


def test_the_service_starts_without_what_takes_long_to_load_and_only_others_need() -> None:
    loads = "import kogge.web, sys; print(*({'pyshacl', 'rdflib.plugins.sparql'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", loads], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


def test_who_explains_a_score_on_request(run: Run) -> None:
    printed = run("who", "Mobilität", "--explain", "--limit", "1")
    assert re.search(r"^ +5 × 0\.5 \+ 2 × 1 \+ 2 × 1 \+ 1 × 1 = 7\.5$", printed.out, re.MULTILINE)
    assert "×" not in run("who", "Mobilität", "--limit", "1").out


def test_who_shows_who_seeks_first_where_that_is_asked(run: Run) -> None:
    printed = run("who", "Wer sucht Energie?")
    assert printed.out.lstrip().startswith("Rat sucht: Schwerin (Energie)")


def test_who_says_what_was_not_understood(run: Run) -> None:
    assert run("who", "Wasserstoff in Timbuktu").out.startswith("Nicht verstanden: Timbuktu\n")
    assert "Nicht verstanden" not in run("who", "Wasserstoff in Niedersachsen").out


def test_who_finds_the_holder_of_a_thing_by_its_name(run: Run) -> None:
    printed = run("who", "Innovationsmobil")
    assert "Niemand hat hier nachweislich Erfahrung: Innovationsmobil." in printed.out
    assert "Kooperativer Regio.hub" in printed.out


def test_who_says_that_nobody_is_proven(run: Run) -> None:
    printed = run("who", "vorausschauende Wartung", "--lang", "de")
    assert printed.code == 0
    assert "Niemand hat hier nachweislich Erfahrung: Vorausschauende Wartung." in printed.out
    assert "Nur als Beispiel genannt von: Kiel" in printed.out
    assert "Weiter gefasst: " in printed.out


def test_who_says_that_a_word_is_not_known(run: Run) -> None:
    assert "No topic is known for “qqqq”" in run("who", "qqqq", "--lang", "en").out


def test_who_counts_what_it_does_not_show(run: Run) -> None:
    assert "… and 2 more" in run("who", "hydrogen", "--limit", "1").out


def test_who_can_be_restricted(run: Run) -> None:
    printed = run("who", "hydrogen", "--country", "NL", "--format", "json")
    assert [each["holder"]["label"] for each in json.loads(printed.out)["results"]] == ["Groningen"]
    either = ("--alliance", "smarte-hanse", "--alliance", "regio-hub", "--format", "json")
    found = json.loads(run("who", "Smart City", *either).out)
    assert found["question"]["filters"] == {"alliance": ["smarte-hanse", "regio-hub"]}
    assert {"Kiel", "Potsdam"} < {each["holder"]["label"] for each in found["results"]}


@pytest.mark.parametrize(("format", "begin"), [("json", "{"), ("csv", "rank,"), ("turtle", "@prefix ")])
def test_who_has_formats_for_programs(run: Run, format: str, begin: str) -> None:
    printed = run("who", "hydrogen", "--format", format)
    assert (printed.code, printed.err) == (0, "")
    assert printed.out.startswith(begin)


@pytest.mark.parametrize("arguments", [("--limit", "101"), ("--alliance", "nonsense"), ("--country", "XX")])
def test_who_tells_what_cannot_be_asked(run: Run, arguments: tuple[str, ...]) -> None:
    assert arguments[1] in one_line(run("who", "hydrogen", *arguments))


# kogge query


def test_query_lists_the_saved_questions(run: Run) -> None:
    printed = run("query")
    names = [line for line in printed.out.splitlines() if re.fullmatch(r"[a-z0-9-]+", line)]
    assert len(names) > 20
    assert printed.out.count("--param ") > len(names) / 2


def test_query_answers_a_saved_question_with_its_parameters(run: Run) -> None:
    listed = run("query").out
    name, parameter = re.findall(r"^([a-z0-9-]+)\n    .*\n    --param (\S+)", listed, re.MULTILINE)[0]
    printed = run("query", name, "--param", parameter, "--format", "json")
    assert printed.code == 0
    assert "bindings" in json.loads(printed.out)["results"]
    assert parameter.partition("=")[0] in one_line(run("query", name, "--param", "nonsense=1"))


def test_query_answers_a_file_and_standard_input(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "SELECT ?a { VALUES ?a { 'ä' <https://w3id.org/kogge/id/municipality/kiel> } }"
    (tmp_path / "a.rq").write_text(text, "utf-8")
    assert run("query", "a.rq").out == "a\n-----------------\nä\nmunicipality:kiel\n"
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(text.encode())))
    assert run("query", "-", "--format", "csv").out.splitlines()[:2] == ["a", "ä"]


def test_query_writes_graphs_as_turtle(run: Run, tmp_path: Path) -> None:
    (tmp_path / "a.rq").write_text("CONSTRUCT { <a:a> a <a:b> } WHERE {}", "utf-8")
    assert run("query", "a.rq").out == "<a:a> a <a:b> .\n"
    assert "text/turtle" in one_line(run("query", "a.rq", "--format", "csv"))


@pytest.mark.parametrize(
    ("query", "text", "reason"),
    [
        ("no-such-question", "", "no-such-question"),
        ("no.rq", None, "no.rq"),
        ("a.rq", "SELECT *\n { ?s ?p", "line 2, column"),
        ("a.rq", "SELECT * { SERVICE <http://127.0.0.1:1/> {} }", "SERVICE is refused"),
        ("a.rq", "CLEAR ALL", "only answers questions"),
        ("a.rq", b"\xff", "UTF-8"),
    ],
)
def test_query_tells_what_is_wrong(
    run: Run, tmp_path: Path, query: str, text: str | bytes | None, reason: str
) -> None:
    if text:
        (tmp_path / "a.rq").write_bytes(text if isinstance(text, bytes) else text.encode())
    assert reason in one_line(run("query", query))


def test_query_tells_that_a_plain_file_takes_no_parameter(run: Run, tmp_path: Path) -> None:
    (tmp_path / "a.rq").write_text("ASK {}")
    assert "--param" in one_line(run("query", "a.rq", "--param", "a=b"))
    assert run("query", "a.rq").out == "true\n"


# kogge check, kogge format


def test_check_tells_findings_and_its_exit_code(run: Run, tmp_path: Path) -> None:
    (tmp_path / "bad.ttl").write_text(NEED, "utf-8")
    printed = run("check", "bad.ttl", "--lang", "de")
    assert printed.code == 1
    assert "bad.ttl:3: Fehler: " in printed.out
    report = json.loads(run("check", "bad.ttl", "--format", "json").out)
    assert report["total"] == len(report["findings"]) > 0
    assert "sh:ValidationReport" in run("check", "bad.ttl", "--format", "turtle").out


def test_check_tells_what_conforms(run: Run, tmp_path: Path) -> None:
    (tmp_path / "empty.ttl").write_text("# nothing\n")
    printed = run("check", "empty.ttl", "--lang", "nl")
    assert (printed.code, printed.out) == (0, "empty.ttl: in orde\n")


def test_check_takes_our_own_facts_with_named_graphs_and_finds_the_same(run: Run, tmp_path: Path) -> None:
    (tmp_path / "bad.nq").write_text(f"<{THING}> <{names.RDF}type> <{names.KOGGE}Project> <urn:g> .\n")
    (tmp_path / "bad.nt").write_text(f"<{THING}> <{names.RDF}type> <{names.KOGGE}Project> .\n")
    quads, triples = (run("check", file, "--profile", "graph") for file in ("bad.nq", "bad.nt"))
    assert quads.code == triples.code == 1
    assert quads.out == triples.out.replace("bad.nt", "bad.nq")
    assert "kogge:status" in quads.out
    assert "a contribution is one" in one_line(run("check", "bad.nq"))


def test_check_names_the_line_in_named_graphs_that_cannot_be_read(run: Run, tmp_path: Path) -> None:
    (tmp_path / "broken.nq").write_text(f"<{THING}> <{names.RDF}type> <{names.KOGGE}Project> .\nnonsense\n")
    assert "line 2" in run("check", "broken.nq", "--profile", "graph").err
    assert "no file" in run("check", "no.nq", "--profile", "graph").err


@pytest.mark.parametrize(("profile", "limit"), [("graph", 10), ("graph", 1 << 20), ("contribution", 1 << 20)])
def test_check_finds_the_same_in_a_large_file_line_by_line(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, profile: str, limit: int
) -> None:
    (tmp_path / "bad.ttl").write_text(f"# one\n\n<{THING}> a <{names.KOGGE}Project> .\n")
    ordinary = run("check", "bad.ttl", "--profile", profile)
    assert "bad.ttl:3:" in ordinary.out
    monkeypatch.setattr("kogge.validation._LARGE", 0)
    monkeypatch.setattr("kogge.syntax.MAX_BYTES", limit)
    large = run("check", "bad.ttl", "--profile", profile)
    assert (large.code, large.out) == (ordinary.code, ordinary.out)


def test_check_names_line_and_column_of_what_it_cannot_read(run: Run, tmp_path: Path) -> None:
    (tmp_path / "broken.ttl").write_text("<a:a> <a:b>\n  oops .")
    (tmp_path / "empty.ttl").write_text("")
    printed = run("check", "empty.ttl", "broken.ttl", "no.ttl")
    assert printed.code == 2
    assert "empty.ttl: conforms" in printed.out
    assert "broken.ttl, line 2, column 3: " in printed.err
    assert "no.ttl" in printed.err
    assert "nonsense" in one_line(run("check", "empty.ttl", "--profile", "nonsense"))


def test_format_rewrites_files_and_says_so(run: Run, tmp_path: Path) -> None:
    (tmp_path / "a.ttl").write_text("<a:b> <a:c> 1 . <a:a> <a:c> 1 .")
    assert run("format", "a.ttl").out == "a.ttl: formatted\n"
    assert (tmp_path / "a.ttl").read_text() == "<a:a> <a:c> 1 .\n\n<a:b> <a:c> 1 .\n"
    assert run("format", "a.ttl").out == ""
    (tmp_path / "a.ttl").write_text("<a:a> <a:c> 1 . # why")
    assert "--drop-comments" in one_line(run("format", "a.ttl"))


# Tables


def test_a_table_that_is_too_wide_becomes_blocks() -> None:
    rows = {
        "head": {"vars": ["a", "long"]},
        "results": {
            "bindings": [
                {"a": {"type": "literal", "value": "x " * 30}, "long": {"type": "bnode", "value": "b"}},
                {},
            ]
        },
    }
    assert table.rows(rows, {}, 40).splitlines() == [
        "a     " + ("x " * 17).strip(), "      " + ("x " * 13).strip(), "long  _:b", "", "a", "long", "",
    ]  # fmt: skip
    assert table.rows(rows, {}, 80).splitlines()[0].split() == ["a", "long"]


def test_a_table_does_not_steer_the_terminal() -> None:
    rows = {
        "head": {"vars": ["a"]},
        "results": {"bindings": [{"a": {"type": "literal", "value": "\x1b[2J\nx"}}]},
    }
    assert "\x1b" not in table.rows(rows, {}, 80)
    assert len(table.rows(rows, {}, 80).splitlines()) == 3


def test_no_rows_are_told() -> None:
    empty: dict[str, Any] = {"head": {"vars": ["a"]}, "results": {"bindings": []}}
    assert table.rows(empty, {}, 80) == "The graph says nothing about this.\n"
    assert table.rows(empty, {}, 80, "nl") == "Hierover zegt de graaf niets.\n"


def test_an_iri_is_shown_with_its_longest_prefix() -> None:
    prefixes = {"a": "http://a/", "b": "http://a/b/"}
    assert table.shortened("http://a/b/c", prefixes) == "b:c"
    assert table.shortened("http://a/b/", prefixes) == "a:b/"
    assert table.shortened("urn:c", prefixes) == "urn:c"


# Processes


def environment(**more: str) -> dict[str, str]:
    return {**os.environ, **more}


def test_a_reader_who_has_seen_enough_is_no_error(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [*COMMAND, "query"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=tmp_path, env=environment()
    )
    assert process.stdout is not None
    process.stdout.close()
    assert process.stderr is not None
    assert process.stderr.read() == b""
    process.stderr.close()
    assert process.wait(30) in (0, 120)


def test_without_a_command_the_usage_is_shown() -> None:
    done = subprocess.run([*COMMAND], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "usage: kogge" in done.stderr


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Service:
    """A service in a process of its own."""

    process: subprocess.Popen[str]
    url: str
    home: Path
    seconds: float


def serve(home: Path) -> Service:
    port = free_port()
    began = time.monotonic()
    process = subprocess.Popen(
        [*COMMAND, "serve", "--port", str(port), "--home", str(home)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    url = f"http://127.0.0.1:{port}"
    while True:
        try:
            urllib.request.urlopen(f"{url}/health/ready", timeout=10).close()
            return Service(process, url, home, time.monotonic() - began)
        except OSError:
            assert process.poll() is None, "the service ended"
            assert time.monotonic() - began < 60, "the service does not answer"
            time.sleep(0.02)


def end(service: Service) -> tuple[int, str]:
    service.process.send_signal(signal.SIGTERM)
    out, _ = service.process.communicate(timeout=20)
    return service.process.returncode, out


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    service = serve(tmp_path / "home")
    yield service
    if service.process.poll() is None:
        end(service)


def test_the_service_starts_answers_and_ends(service: Service, run: Run) -> None:
    with urllib.request.urlopen(f"{service.url}/expertise?q=hydrogen", timeout=10) as response:
        assert json.load(response)["proven"] is True
        assert "server" not in {name.lower() for name in response.headers}
    Path("a.rq").write_text(
        "SELECT ?a { ?a a <https://w3id.org/kogge/ontology#Alliance> } ORDER BY ?a", "utf-8"
    )
    remote = run("query", "a.rq", "--endpoint", f"{service.url}/sparql", "--format", "csv")
    assert (remote.out, remote.code) == (run("query", "a.rq", "--format", "csv").out, 0)
    assert "smarte-hanse" in remote.out
    assert "Another Kogge" in one_line(run("serve", "--home", str(service.home), "--port", str(free_port())))
    port = service.url.rpartition(":")[2]
    assert f"port {port} cannot be used" in one_line(run("serve", "--home", "other", "--port", port))
    code, out = end(service)
    assert code == 0
    assert f"Kogge answers on {service.url}" in out
    again = serve(service.home)
    assert again.seconds < 20  # of which most is the noise of a busy machine
    assert end(again)[0] == 0


def test_a_service_that_was_killed_starts_again(service: Service) -> None:
    with urllib.request.urlopen(f"{service.url}/health/ready", timeout=10) as response:
        state = json.load(response)["state"]
    service.process.kill()
    service.process.communicate(timeout=10)
    again = serve(service.home)
    with urllib.request.urlopen(f"{again.url}/health/ready", timeout=10) as response:
        assert json.load(response)["state"] == state
    assert end(again)[0] == 0


def test_a_fault_of_ours_is_one_line_too(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> None:
        raise ZeroDivisionError("two\nlines")

    monkeypatch.setattr("kogge.desk.saved", broken)
    assert "ZeroDivisionError: two lines" in one_line(run("query"))


def test_a_wrong_setting_is_one_line(run: Run) -> None:
    assert "KOGGE_PORT" in one_line(run("serve", "--port", "x"))
