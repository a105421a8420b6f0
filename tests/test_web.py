"""The service over HTTP: the JSON that was promised, and one shape for every error."""

from __future__ import annotations

import json
import logging
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from kogge import lookup as lookups
from kogge.desk import Desk
from kogge.expertise import Lookup
from kogge.settings import Settings
from kogge.store.embedded import EmbeddedStore
from kogge.web import create_app

SPARQL_JSON = "application/sparql-results+json"
FORM = "application/x-www-form-urlencoded"


def problem(response: Any, status: int) -> dict[str, Any]:
    """The problem of an error response, its shape checked (RFC 9457)."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = response.json()
    assert body["status"] == status
    assert body["type"].startswith("https://w3id.org/kogge/problem/")
    assert body["title"]
    assert body["detail"]
    assert set(body) <= {"type", "title", "status", "detail", "advice", "line", "column"}
    assert "Traceback" not in response.text
    return body


# /expertise


def test_who_knows_has_the_keys_that_were_promised(web: TestClient) -> None:
    response = web.get("/expertise", params={"q": "Wasserstoff"}, headers={"Accept-Encoding": "identity"})
    assert response.headers["content-type"] == "application/json"
    answer = response.json()
    assert list(answer) == [
        "question", "proven", "results", "mentioned", "needs", "broader", "total", "state",
    ]  # fmt: skip
    assert answer["question"]["lang"] == "de"
    assert answer["question"]["topics"][0]["how"] == "exact"
    first = answer["results"][0]
    assert first["rank"] == 1
    assert first["score"] == 5
    assert first["through"] is None
    assert set(first["holder"]) == {"iri", "label", "kind"}
    assert {"iri", "label", "kind", "strength", "topic", "date", "source"} <= set(first["evidence"][0])
    assert response.headers["etag"] == f'"{answer["state"]}-json"'


def test_words_that_were_not_understood_are_in_the_answer(web: TestClient) -> None:
    def question(text: str) -> dict[str, Any]:
        found: dict[str, Any] = web.get("/expertise", params={"q": text}).json()["question"]
        return found

    assert question("Wasserstoff in Timbuktu")["unknown"] == ["Timbuktu"]
    assert "unknown" not in question("Wasserstoff in Niedersachsen")


def test_a_score_is_explained_on_request(web: TestClient) -> None:
    asked: dict[str, Any] = {"q": "Mobilität", "limit": 1}
    assert "explain" not in web.get("/expertise", params=asked).json()["results"][0]
    [first] = web.get("/expertise", params={**asked, "explain": "true"}).json()["results"]
    counted = [each for each in first["explain"]["sum"] if each["counted"]]
    assert sum(each["strength"] * each["closeness"] for each in counted) == first["score"] == 7.5


def test_expertise_is_linked_data_too(web: TestClient) -> None:
    response = web.get("/expertise", params={"q": "H2"}, headers={"Accept": "application/ld+json"})
    assert response.headers["content-type"] == "application/ld+json"
    holders = [node["holder"] for node in response.json()["@graph"]]
    assert len(holders) == 4
    assert holders.count("https://w3id.org/kogge/id/municipality/groningen") == 2


def test_who_seeks_a_topic_is_answered_with_and_without_one(web: TestClient) -> None:
    answer = web.get("/needs", params={"topic": "nachhaltigkeit", "lang": "en"}).json()
    assert [(each["holder"]["label"], each["topic"]["label"]) for each in answer["needs"]] == [
        ("Schwerin", "energy")
    ]
    everything = web.get("/needs", params={"limit": 100}).json()
    assert everything["total"] == len(everything["needs"]) == 8
    assert {each["holder"]["label"] for each in everything["needs"] if each["topic"] is None} == {
        "Lübeck",
        "Wismar",
    }
    problem(web.get("/needs", params={"topic": "gibt-es-nicht"}), 404)


def test_who_could_help_a_city_is_found_outside_its_alliance(web: TestClient) -> None:
    answer = web.get("/matches", params={"holder": "schwerin"}).json()
    assert set(answer) == {"holder", "needs", "wanted", "state"}
    [energy] = [each for each in answer["needs"] if each["need"]["iri"].endswith("/schwerin-energie")]
    assert energy["outside"][0]["holder"]["label"] == "Groningen"
    assert "Groningen" not in [each["holder"]["label"] for each in energy["inside"]]
    problem(web.get("/matches", params={"holder": "nirgendwo"}), 404)
    problem(web.get("/matches"), 400)


def test_completions_come_while_typing_in_every_language(web: TestClient) -> None:
    found = web.get("/suggest", params={"q": "waterst", "lang": "de"}).json()
    assert found[0] == {
        "label": "Wasserstoff",
        "kind": "topic",
        "iri": "https://w3id.org/kogge/topic/wasserstoff",
        "lang": "de",
        "matched": "waterstof",
    }
    problem(web.get("/suggest", params={"q": "w", "limit": 0}), 400)


def test_the_parameters_restrict_and_page(web: TestClient) -> None:
    def labels(**parameters: Any) -> list[str]:
        answer = web.get("/expertise", params=parameters).json()
        return [each["holder"]["label"] for each in answer["results"]]

    everyone = labels(topic="wasserstoff", lang="en")
    assert everyone == ["Groningen", "Bremen", "Oldenburg"]
    assert labels(topic="https://w3id.org/kogge/topic/wasserstoff", lang="en") == everyone
    assert labels(q="hydrogen", limit=1, offset=1) == everyone[1:2]
    assert labels(q="hydrogen", country="NL") == ["Groningen"]
    assert labels(q="hydrogen", evidence="shown") == ["Groningen"]
    assert labels(q="hydrogen", kind="alliance") == []
    assert set(labels(topic=["wasserstoff", "radverkehr"])) >= set(everyone[:1])
    assert labels(q="hydrogen", country="") == everyone
    assert labels(q="hydrogen", country=["NL", ""]) == ["Groningen"]
    assert labels(q="hydrogen", country=["NL", "DE"], lang="en") == everyone
    assert labels(q="hydrogen", municipality=["bremen", "kiel", "groningen"]) == ["Groningen", "Bremen"]
    assert labels(q="hydrogen", alliance=["smarte-hanse", "trilaterale-kooperation"], lang="en") == everyone


@pytest.mark.parametrize(
    ("accept", "media"),
    [
        ("text/csv", "text/csv; charset=utf-8"),
        ("text/turtle", "text/turtle; charset=utf-8"),
    ],
)
def test_who_knows_has_other_representations(web: TestClient, accept: str, media: str) -> None:
    response = web.get("/expertise?q=hydrogen", headers={"Accept": accept})
    assert response.headers["content-type"] == media
    assert "hydrogen" in response.text or "wasserstoff" in response.text
    assert "Accept" in response.headers["vary"]


@pytest.mark.parametrize(
    "query",
    [
        "limit=101",
        "limit=x",
        "limit=-1",
        "offset=-1",
        "country=XX",
        "alliance=nonsense",
        "alliance=smarte-hanse&alliance=nonsense",
        "lang=fr",
        "topic=nonsense",
    ],
)
def test_a_parameter_that_cannot_be_meant_is_a_bad_request(web: TestClient, query: str) -> None:
    body = problem(web.get(f"/expertise?q=hydrogen&{query}"), 400)
    assert body["advice"]


def test_a_representation_that_is_not_offered_is_told(web: TestClient) -> None:
    body = problem(web.get("/expertise?q=hydrogen", headers={"Accept": "image/png"}), 406)
    assert "text/turtle" in body["advice"]


@given(q=st.text(max_size=60), lang=st.sampled_from(["de", "en", "nl"]))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
def test_any_text_may_be_asked(web: TestClient, q: str, lang: str) -> None:
    answer = web.get("/expertise", params={"q": q.encode("utf-8", "replace").decode(), "lang": lang})
    assert answer.status_code == 200


# /sparql


def test_a_query_is_taken_in_all_ways_of_the_protocol(web: TestClient) -> None:
    query = "SELECT (COUNT(*) AS ?n) WHERE { ?a a <https://w3id.org/kogge/ontology#Alliance> }"
    answers = [
        web.get("/sparql", params={"query": query}),
        web.post("/sparql", data={"query": query}),
        web.post("/sparql", content=query, headers={"Content-Type": "application/sparql-query"}),
        web.post(
            "/sparql", content=query, headers={"Content-Type": "Application/SPARQL-Query; charset=UTF-8"}
        ),
    ]
    assert {each.status_code for each in answers} == {200}
    assert {each.headers["content-type"] for each in answers} == {SPARQL_JSON}
    assert {each.json()["results"]["bindings"][0]["n"]["value"] for each in answers} == {"3"}


def test_each_form_of_query_has_its_answer(web: TestClient) -> None:
    assert web.get("/sparql", params={"query": "ASK {}"}).json() == {"head": {}, "boolean": True}
    graph = web.get("/sparql", params={"query": "CONSTRUCT { <a:a> a <a:b> } WHERE {}"})
    assert graph.headers["content-type"] == "text/turtle; charset=utf-8"
    assert graph.text == "<a:a> a <a:b> .\n"
    kiel = web.get("/sparql", params={"query": "DESCRIBE <https://w3id.org/kogge/id/municipality/kiel>"})
    assert "municipality:kiel a kogge:Municipality ;" in kiel.text
    rows = web.get("/sparql", params={"query": "SELECT ('ä' AS ?a) {}"}, headers={"Accept": "text/csv"})
    assert rows.text == "a\r\nä\r\n"


UPDATES = (
    {"params": {"update": "CLEAR ALL"}},
    {"data": {"update": "CLEAR ALL"}},
    {"content": "CLEAR ALL", "headers": {"Content-Type": "application/sparql-update"}},
    {"content": "CLEAR ALL", "headers": {"Content-Type": "application/sparql-query"}},
    {"data": {"query": "INSERT DATA { <a:a> <a:a> 1 }"}},
    {"data": {"query": "ASK {}", "update": "CLEAR ALL"}},
)


@pytest.mark.parametrize("request_", UPDATES)
def test_an_update_in_any_form_is_refused(web: TestClient, request_: dict[str, Any]) -> None:
    before = web.get("/health/ready").json()["state"]
    method = "GET" if "params" in request_ else "POST"
    body = problem(web.request(method, "/sparql", **request_), 403)
    assert "answers questions" in body["detail"]
    assert web.get("/health/ready").json()["state"] == before


def test_a_syntax_error_is_told_with_its_place(web: TestClient) -> None:
    body = problem(web.get("/sparql", params={"query": "SELECT * {\n ?s ?p }"}), 400)
    assert (body["line"], body["column"]) == (2, 9)
    assert "line 2, column 9" in body["detail"]


@pytest.mark.parametrize(
    ("method", "request_", "status", "reason"),
    [
        ("GET", {"params": {"timeout": "1"}}, 400, "no query"),
        ("POST", {"data": {"timeout": "1"}}, 400, "no query"),
        ("GET", {"params": {"query": ""}}, 400, "empty"),
        ("GET", {"params": [("query", "ASK {}"), ("query", "ASK {}")]}, 400, "2 queries"),
        ("GET", {"params": {"query": "ASK {}", "default-graph-uri": "a b"}}, 400, "no IRI"),
        ("GET", {"params": {"query": "SELECT * { SERVICE <http://127.0.0.1:1/> {} }"}}, 400, "SERVICE"),
        ("GET", {"params": {"query": "SELECT * " + "{" * 65 + "}" * 65}}, 400, "64 deep"),
        ("POST", {"data": {"query": "ASK {} #" + "x" * 33_000}}, 413, "32768"),
        ("POST", {"content": b"x" * 200_000, "headers": {"Content-Type": FORM}}, 413, "body"),
        ("POST", {"content": b"\xff", "headers": {"Content-Type": "application/sparql-query"}}, 400, "UTF-8"),
        ("POST", {"content": b"query=%ff", "headers": {"Content-Type": FORM}}, 400, "UTF-8"),
        ("POST", {"content": b"a=1&" * 2000, "headers": {"Content-Type": FORM}}, 400, "form"),
        ("POST", {"json": {"query": "ASK {}"}}, 415, "application/json"),
        ("POST", {}, 415, "nothing"),
        (
            "POST",
            {"content": b"x", "headers": {"Content-Type": "application/sparql-query; charset=latin-1"}},
            415,
            "UTF-8",
        ),
        ("POST", {"data": {"query": "ASK {}"}, "headers": {"Content-Encoding": "gzip"}}, 415, "taken"),
        ("GET", {"params": {"query": "ASK {}"}, "headers": {"Accept": "text/csv"}}, 406, "offered"),
        ("PUT", {}, 405, "does not take this method"),
    ],
)
def test_what_is_wrong_with_a_request_is_told(
    web: TestClient, method: str, request_: dict[str, Any], status: int, reason: str
) -> None:
    body = problem(web.request(method, "/sparql", **request_), status)
    assert reason in body["detail"]


def test_a_body_without_a_length_is_not_read_to_its_end(web: TestClient) -> None:
    sent = 0

    def endless() -> Any:
        nonlocal sent
        while sent < 10_000:
            sent += 1
            yield b"x" * 1000

    body = problem(web.post("/sparql", content=endless(), headers={"Content-Type": FORM}), 413)
    assert body["detail"]


# The rest


def test_the_front_page_names_addresses_that_answer(web: TestClient) -> None:
    page = web.get("/")
    assert page.headers["content-type"].startswith("text/html")
    links = [part.partition('"')[0] for part in page.text.split('href="')[1:]]
    assert len(links) >= 3
    assert {web.get(link.replace("&amp;", "&")).status_code for link in links} == {200}
    assert "://cdn" not in page.text
    assert "<script" not in page.text


def test_health_tells_live_and_ready(web: TestClient) -> None:
    assert web.get("/health/live").json() == {"status": "live"}
    ready = web.get("/health/ready").json()
    assert ready["status"] == "ready"
    assert ready["state"] == web.get("/expertise?q=hydrogen").json()["state"]


def test_a_service_whose_desk_is_closed_is_live_but_not_ready() -> None:
    desk = Desk.in_memory()
    with TestClient(create_app(Settings.from_environment({}), desk)) as client:
        assert client.get("/health/ready").status_code == 200
        desk.close()
        assert client.get("/health/live").status_code == 200
        body = client.get("/health/ready")
        problem(body, 503)
        assert int(body.headers["retry-after"]) > 0
        problem(client.get("/sparql", params={"query": "ASK {}"}), 503)


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """The lookup is not opened before this is set."""
    may, build = threading.Event(), Lookup.build

    def slow(store: EmbeddedStore, path: Path | None = None, *rest: Any, **more: Any) -> Lookup:
        assert may.wait(60)
        return build(store, path, *rest, **more)

    monkeypatch.setattr(Lookup, "build", slow)
    return may


def test_a_large_lookup_is_opened_while_queries_are_answered_and_is_not_said_to_be_ready(
    home: Settings, held: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lookups, "PATIENCE", 0.05)
    with TestClient(create_app(home)) as client:
        assert client.get("/sparql", params={"query": "ASK { ?s ?p ?o }"}).status_code == 200
        assert client.get("/health/live").status_code == 200
        for path in ("/health/ready", "/expertise?q=hydrogen", "/suggest?q=wa"):
            answer = client.get(path)
            assert "lookup" in problem(answer, 503)["detail"]
            assert int(answer.headers["retry-after"]) > 0
        held.set()
        until = time.monotonic() + 60
        while client.get("/health/ready").status_code != 200:
            assert time.monotonic() < until
        assert client.get("/expertise?q=hydrogen").json()["proven"]


def test_a_service_that_ends_while_its_lookup_is_opened_ends_cleanly(
    home: Settings, held: threading.Event, caplog: pytest.LogCaptureFixture
) -> None:
    with TestClient(create_app(home)) as client:
        assert client.get("/health/live").status_code == 200
        threading.Timer(0.3, held.set).start()
    assert not caplog.records


def test_the_desk_is_opened_with_the_application_and_closed_with_it(home: Settings) -> None:
    app = create_app(home)
    with TestClient(app) as client:
        assert client.get("/health/ready").status_code == 200
    assert not app.state.desk.ready


def test_addresses_that_are_not_there_are_problems_too(web: TestClient) -> None:
    body = problem(web.get("/nowhere%0d%0aX: y?token=secret"), 404)
    assert "secret" not in json.dumps(body)
    assert "nowhere" not in json.dumps(body)
    body = problem(web.request("PURGE", "/health/canary"), 404)
    assert not {"PURGE", "canary"} & set(json.dumps(body).replace("/", " ").split())
    body = problem(web.put("/sparql?token=secret"), 405)
    assert body["advice"].endswith("Allow.")
    assert {"GET", "POST", "HEAD"} & set(web.put("/sparql").headers["allow"].split(", "))
    for path in ("/docs", "/redoc"):
        problem(web.get(path), 404)


def test_an_unexpected_error_tells_nothing_of_itself(caplog: pytest.LogCaptureFixture) -> None:
    desk = Desk.in_memory()

    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("secret")

    desk.who_as = desk.ask = broken  # type: ignore[assignment]
    app = create_app(Settings.from_environment({}), desk)
    with TestClient(app, raise_server_exceptions=False) as client:
        bodies = [problem(client.get(path), 500) for path in ("/expertise?q=a", "/sparql?query=ASK{}")]
    assert "secret" not in json.dumps(bodies)
    assert "ZeroDivisionError" in caplog.text


def test_other_sites_may_read(web: TestClient) -> None:
    headers = {"Origin": "https://a.example"}
    assert web.get("/expertise?q=hydrogen", headers=headers).headers["access-control-allow-origin"] == "*"
    for query in ("ASK{}", "ASK{"):  # the answer, and what is wrong with the question
        read = web.get("/sparql", params={"query": query}, headers=headers)
        assert read.headers["access-control-allow-origin"] == "*"
        assert "Retry-After" in read.headers["access-control-expose-headers"]
    asked = {**headers, "Access-Control-Request-Method": "GET"}
    assert web.options("/sparql", headers=asked).status_code == 200


@pytest.mark.parametrize(
    "path", ["/", "/health/live", "/health/ready", "/expertise?q=hydrogen", "/sparql?query=ASK{}"]
)
def test_the_head_of_a_page_can_be_asked_for(web: TestClient, path: str) -> None:
    got, head = web.get(path), web.head(path)
    assert (head.status_code, head.headers["content-type"]) == (200, got.headers["content-type"])


def test_d10_each_request_is_one_line_without_its_query(
    web: TestClient, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, "kogge.web.log"):
        web.get("/expertise?q=canary")
        web.get("/a%0Ab?token=canary")
    lines = [record.getMessage() for record in caplog.records if record.name == "kogge.web.log"]
    assert len(lines) == 2
    assert lines[0].startswith("GET /expertise 200 ")
    assert lines[1].startswith("GET /a%0Ab 404 ")
    assert "canary" not in caplog.text
