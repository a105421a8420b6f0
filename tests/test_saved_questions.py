"""The saved questions as calls, and the description in which they are found."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.testclient import TestClient

from kogge import names, questions
from kogge.desk import Desk

ALL = [question for group in questions.GROUPS for question in questions.all_questions(group)]
NAMES = [f"{question.group}/{question.name}" for question in ALL]
TESTED_ELSEWHERE = (
    *("/queries/", "/contributions", "/graph/", "/.well-known/", "/changes/", "/dumps/"),
    "/reconcile/suggest/",
)


@pytest.fixture
def desk(web: TestClient) -> Desk:
    """The desk of the service itself: with its versions it holds more than one in memory."""
    app: Any = web.app
    served: Desk = app.state.desk
    return served


def test_the_list_has_every_question(web: TestClient) -> None:
    listed = web.get("/queries").json()
    assert listed["total"] == len(ALL) > 100
    assert [f"{each['group']}/{each['name']}" for each in listed["queries"]] == NAMES
    members = next(each for each in listed["queries"] if each["name"] == "alliance-members")
    assert set(members["question"]) == set(names.LANGUAGES)
    assert members["summary"]
    assert members["link"] == "http://127.0.0.1:8000/queries/lookup/alliance-members"
    parameters = {each["name"]: each for each in members["parameters"]}
    assert parameters["alliance"]["kind"] == "alliance"
    assert parameters["alliance"]["example"]
    assert parameters["alliance"]["required"] is True
    assert parameters["lang"]["required"] is False


@pytest.mark.parametrize("name", NAMES)
def test_each_question_answers_its_example_as_the_command_does(
    web: TestClient, desk: Desk, name: str
) -> None:
    question = questions.load(name)
    params = {each.name: each.example for each in question.parameters}
    response = web.get(f"/queries/{name}", params=params)
    assert response.status_code == 200, response.text
    assert response.content == desk.evaluate(questions.as_text(question, params)).body


def test_an_answer_comes_in_the_formats_of_sparql(web: TestClient) -> None:
    path = "/queries/lookup/alliance-members?alliance=smarte-hanse"
    csv = web.get(path, headers={"Accept": "text/csv"})
    assert csv.headers["content-type"] == "text/csv; charset=utf-8"
    assert "kiel" in csv.text
    held = {"If-None-Match": csv.headers["etag"], "Accept": "text/csv"}
    assert web.get(path, headers=held).status_code == 304
    assert web.get(path, headers={"Accept": "text/turtle"}).status_code == 406
    assert web.head(path).status_code == 200


@pytest.mark.parametrize(
    ("path", "status", "detail", "advice"),
    [
        ("lookup/alliance-members", 400, "'alliance'", "alliance="),
        ("lookup/alliance-members?alliance=Nicht+so", 400, "'alliance'", "alliance="),
        ("lookup/alliance-members?alliance=smarte-hanse&lang=fr", 400, "'lang'", "lang="),
        ("lookup/alliance-members?aliance=smarte-hanse", 400, "'aliance'", "alliance="),
        ("lookup/alliance-members?alliance=a&alliance=b", 400, "'alliance'", "once"),
        ("check/things-dangling?a=b", 400, "'a'", "no parameter"),
        ("lookup/aliance-member", 404, "lookup/aliance-member", "alliance-members"),
        ("nothing/alliance-members", 404, "nothing/alliance-members", "alliance-members"),
        ("lookup/..%2Fcheck%2Fthings-dangling", 404, "", ""),
    ],
)
def test_what_is_wrong_with_a_call_is_told(
    web: TestClient, path: str, status: int, detail: str, advice: str
) -> None:
    response = web.get(f"/queries/{path}")
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    assert detail in response.json()["detail"]
    assert advice in response.json()["advice"]


def test_a_file_is_no_saved_question(web: TestClient, tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "lookup").mkdir()
    (tmp_path / "lookup" / "mine").write_text("SELECT * { ?s ?p ?o }", "utf-8")
    monkeypatch.chdir(tmp_path)
    assert web.get("/queries/lookup/mine").status_code == 404


def test_the_description_lists_every_question_and_every_address(web: TestClient) -> None:
    response = web.get("/openapi.json")
    assert response.headers["content-type"] == "application/json"
    document = response.json()
    assert document["openapi"].startswith("3.1")
    paths = document["paths"]
    for question in ALL:
        operation = paths[f"/queries/{question.group}/{question.name}"]["get"]
        assert operation["summary"] == question.summary
        assert [(each["name"], each["example"]) for each in operation["parameters"]] == [
            (each.name, each.example) for each in question.parameters
        ]
    others = {"/", "/expertise", "/needs", "/matches", "/suggest", "/sparql", "/queries", "/graphs"}
    others |= {"/catalog", "/catalog.{ending}", "/dataset/{slug}"}
    others |= {"/dumps", "/dumps/{file}", "/dumps/{release}/{file}"}
    others |= {"/health/live", "/health/ready", "/openapi.json"}
    one = "/contributions/{owner}/{slug}"
    others |= {"/contributions", one, f"{one}/confirm", f"{one}/rollback", "/contributions/template.xlsx"}
    others |= {f"/contributions/{{number}}{rest}" for rest in ("", "/body", "/{step}")}
    others |= {f"/graph/{{owner}}/{{slug}}{rest}" for rest in ("", "/history")}
    others |= {"/id/{kind}/{slug}", "/topic", "/topic/{slug}", "/topic.{ending}"}
    others |= {"/ontology", "/ontology.{ending}", "/ontology/{version}", "/shapes", "/shapes.{ending}"}
    others |= {"/sitemap.xml", "/sitemap-{number}.xml", "/robots.txt", "/.well-known/void"}
    others |= {"/changes", "/changes/{page}", "/feed.atom", "/events.ics", "/places.geojson"}
    others |= {f"/reconcile{rest}" for rest in ("", "/suggest/{what}", "/properties", "/preview")}
    assert others == paths.keys() - {f"/queries/{name}" for name in NAMES}
    assert set(paths["/sparql"]) == {"get", "post"}
    operations = [operation for path in paths.values() for operation in path.values()]
    assert all(operation["summary"] and "422" not in operation["responses"] for operation in operations)
    identities = [operation["operationId"] for operation in operations]
    assert len(set(identities)) == len(identities) > len(ALL)


def test_what_the_description_offers_is_answered(web: TestClient) -> None:
    for path, operations in web.get("/openapi.json").json()["paths"].items():
        if path.startswith(TESTED_ELSEWHERE):
            continue
        parameters = operations["get"].get("parameters", ())
        given = {each["name"]: each["example"] for each in parameters if "example" in each}
        asked = {name: value for name, value in given.items() if f"{{{name}}}" not in path}
        assert web.get(path.format(**given), params=asked).status_code == 200, path
