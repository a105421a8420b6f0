"""The Reconciliation Service API 0.2: names as people write them become identifiers, by the specification.

https://reconciliation-api.github.io/specs/0.2/; the shapes of answers are those of its JSON schemas.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from starlette.testclient import TestClient

from kogge import names

CELLS = ({"id", "name"}, {"str"}, {"int"}, {"float"})
TYPES = {"municipality", "district", "state", "province", "organisation", "alliance", "topic"}


def ask(web: TestClient, **queries: Any) -> dict[str, Any]:
    """The results of a batch, by its keys; each is checked against the schema."""
    answer = web.post("/reconcile", data={"queries": json.dumps(queries)})
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/json"
    batch = answer.json()
    assert batch.keys() == queries.keys()
    for key in batch:
        (listed,) = batch[key].values()
        assert batch[key].keys() == {"result"}
        scores = [each["score"] for each in listed]
        assert scores == sorted(scores, reverse=True)
        for each in listed:
            assert all(isinstance(each[name], str) and each[name] for name in ("id", "name"))
            assert isinstance(each["score"], int | float)
            assert 0 <= each["score"] <= 100
            assert isinstance(each["match"], bool)
            assert {one["id"] for one in each["type"]} <= TYPES
            assert all(isinstance(one["value"], bool | int | float) for one in each["features"])
        assert sum(each["match"] for each in listed) <= 1
    return {key: found["result"] for key, found in batch.items()}


def first(web: TestClient, name: str, **more: Any) -> tuple[str, bool]:
    """The best candidate, and whether it is certain; nothing for none."""
    found = ask(web, q={"query": name, **more})["q"]
    return (found[0]["id"], found[0]["match"]) if found else ("", False)


@pytest.mark.parametrize(
    ("name", "meant", "certain"),
    [
        ("Lübeck", "id/municipality/luebeck", True),
        ("Luebeck", "id/municipality/luebeck", True),
        ("lubeck", "id/municipality/luebeck", True),
        ("Hansestadt Lübeck", "id/municipality/luebeck", True),
        ("LÜBEK", "id/municipality/luebeck", False),
        ("Stadt Lübeck", "id/municipality/luebeck", False),
        ("01003000", "id/municipality/luebeck", True),
        ("id/municipality/luebeck", "id/municipality/luebeck", True),
        (names.thing("municipality", "luebeck"), "id/municipality/luebeck", True),
        ("Gemeente Groningen", "id/municipality/groningen", False),
        ("Provincie Groningen", "id/province/provincie-groningen", True),
        ("Bremen", "id/municipality/bremen", True),
        ("Landkreis Havelland", "id/district/lk-havelland", True),
        ("Wasserstoff", "topic/wasserstoff", True),
        ("hydrogen", "topic/wasserstoff", True),
        ("waterstof", "topic/wasserstoff", True),
        ("Wasserstofff", "topic/wasserstoff", False),
        ("Bürgerbeteiligungsverfahren", "topic/buergerbeteiligung", False),
        ("DigitalAgentur Brandenburg", "id/organisation/dabb", True),
        ("Digitalagentr Brandenburg", "id/organisation/dabb", False),
        ("Smarte Hanse", "id/alliance/smarte-hanse", True),
        ("Quatsch mit Soße", "", False),
        ("!!!", "", False),
    ],
)
def test_a_name_finds_what_is_meant(web: TestClient, name: str, meant: str, certain: bool) -> None:
    assert first(web, name) == (meant, certain)


def test_every_municipality_is_found_by_each_of_its_names(web: TestClient) -> None:
    query = f"""SELECT DISTINCT ?it ?name {{ ?it a <{names.KOGGE}Municipality> ;
        <{names.SKOS}prefLabel>|<{names.SKOS}altLabel> ?name }}"""
    rows = web.get("/sparql", params={"query": query}, headers={"Accept": "text/csv"}).text.splitlines()[1:]
    named = [row.replace('"', "").partition(",") for row in rows]
    assert len(named) > 100
    for start in range(0, len(named), 50):
        some = dict(enumerate(named[start : start + 50]))
        found = ask(
            web, **{f"q{key}": {"query": one[2], "type": "municipality"} for key, one in some.items()}
        )
        for key, (iri, _, _) in some.items():
            assert iri.removeprefix(names.BASE) in [each["id"] for each in found[f"q{key}"]], named[
                start + key
            ]


def test_a_type_restricts_and_a_limit_holds(web: TestClient) -> None:
    assert first(web, "Groningen", type="province")[0] == "id/province/provincie-groningen"
    assert first(web, "Groningen", type=["province", "topic"])[0] == "id/province/provincie-groningen"
    assert first(web, "Brandenburg", type="municipality") == ("id/municipality/brandenburg-havel", False)
    assert first(web, "Lübeck", type="topic") == ("", False)
    assert first(web, "Lübeck", type="spaceship") == ("", False)
    assert len(ask(web, q={"query": "Groningen", "limit": 1})["q"]) == 1


def test_another_value_of_a_property_makes_a_candidate_less_likely(web: TestClient) -> None:
    found = ask(
        web,
        right={"query": "Kiel", "properties": [{"pid": "country", "v": "DE"}]},
        wrong={"query": "Kiel", "properties": [{"pid": "country", "v": "NL"}]},
        either={"query": "Kiel", "properties": [{"pid": "country", "v": ["NL", "DE"]}]},
        entity={
            "query": "Kiel",
            "properties": [{"pid": "alliance", "v": {"id": "id/alliance/smarte-hanse"}}],
        },
        number={"query": "Kiel", "properties": [{"pid": "population", "v": 248873}]},
        alone={"properties": [{"pid": "ags", "v": "01003000"}]},
    )
    assert {key: (listed[0]["id"], listed[0]["match"]) for key, listed in found.items()} == {
        "right": ("id/municipality/kiel", True),
        "wrong": ("id/municipality/kiel", False),
        "either": ("id/municipality/kiel", True),
        "entity": ("id/municipality/kiel", True),
        "number": ("id/municipality/kiel", True),
        "alone": ("id/municipality/luebeck", True),
    }
    assert found["wrong"][0]["score"] == 50
    assert found["wrong"][0]["features"] == [{"id": "country", "value": False}]


def test_a_batch_by_get_is_the_same_as_by_post(web: TestClient) -> None:
    queries = {"a": {"query": "Kiel"}, "b": {"query": "Energie", "type": "topic"}}
    by_get = web.get("/reconcile", params={"queries": json.dumps(queries)}).json()
    assert {key: found["result"] for key, found in by_get.items()} == ask(web, **queries)


def test_the_manifest_says_what_the_service_offers(web: TestClient) -> None:
    answer = web.get("/reconcile", headers={"Origin": "https://refine.example"})
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    manifest = answer.json()
    assert manifest["versions"] == ["0.2"]
    assert manifest["identifierSpace"] == names.BASE
    assert all(isinstance(manifest[name], str) and manifest[name] for name in ("name", "schemaSpace"))
    assert {each["id"] for each in manifest["defaultTypes"]} == TYPES
    assert "{{id}}" in manifest["view"]["url"]
    assert "{{id}}" in manifest["preview"]["url"]
    assert all(isinstance(manifest["preview"][name], int) for name in ("width", "height"))
    assert manifest["batchSize"] == 50
    dutch = web.get("/reconcile?lang=nl").json()
    assert {"id": "municipality", "name": "gemeente"} in dutch["defaultTypes"]
    assert dutch["suggest"]["type"]["service_path"] == "/reconcile/suggest/type?lang=nl"


def test_what_the_manifest_names_is_there(web: TestClient) -> None:
    manifest = web.get("/reconcile").json()
    entity = "id%2Fmunicipality%2Fluebeck"
    for what, suggest in manifest["suggest"].items():
        found = web.get(suggest["service_path"], params={"prefix": "a"}).json()["result"]
        assert found, what
        assert all(isinstance(each[name], str) and each[name] for each in found for name in ("id", "name"))
    proposed = manifest["extend"]["propose_properties"]["service_path"]
    assert {"id": "ags", "name": "Gemeindeschlüssel (AGS)"} in web.get(
        f"{proposed}?type=municipality"
    ).json()["properties"]
    view = manifest["view"]["url"].replace("{{id}}", entity).removeprefix("http://127.0.0.1:8000")
    assert web.get(view, follow_redirects=False).headers["location"] == (
        "http://127.0.0.1:8000/id/municipality/luebeck"
    )
    preview = web.get(
        manifest["preview"]["url"].replace("{{id}}", entity).removeprefix("http://127.0.0.1:8000")
    )
    assert preview.headers["content-type"] == "text/html; charset=utf-8"
    assert "<strong>Lübeck</strong>" in preview.text
    assert "Smarte Hanse" in preview.text
    assert "<script" not in preview.text


@pytest.mark.parametrize(
    ("what", "prefix", "there"),
    [
        ("entity", "lüb", "id/municipality/luebeck"),
        ("entity", "Lueb", "id/municipality/luebeck"),
        ("entity", "hydro", "topic/wasserstoff"),
        ("entity", "id/municipality/kiel", "id/municipality/kiel"),
        ("type", "komm", "municipality"),
        ("type", "topic", "topic"),
        ("property", "gemeinde", "ags"),
        ("property", "ars", "ars"),
    ],
)
def test_completions_begin_with_what_is_typed(web: TestClient, what: str, prefix: str, there: str) -> None:
    found = web.get(f"/reconcile/suggest/{what}", params={"prefix": prefix, "lang": "de"}).json()["result"]
    assert there in [each["id"] for each in found]
    if what == "entity":
        assert all({one["id"] for one in each["notable"]} <= TYPES for each in found)


def test_completions_go_on_behind_the_cursor(web: TestClient) -> None:
    seen = list[str]()
    for cursor in range(0, 1000, 10):
        page = web.get("/reconcile/suggest/entity", params={"prefix": "s", "cursor": cursor}).json()["result"]
        seen += [each["id"] for each in page]
        if len(page) < 10:
            break
    assert len(seen) == len(set(seen)) > 20


def test_a_table_is_extended_by_what_the_graph_says(web: TestClient) -> None:
    wanted = ["ags", "population", "latitude", "alliance", "description", "broader"]
    query = {
        "ids": ["id/municipality/luebeck", "topic/wasserstoff", "id/municipality/atlantis"],
        "properties": [{"id": each} for each in wanted],
    }
    found = web.post("/reconcile?lang=nl", data={"extend": json.dumps(query)}).json()
    assert [each["id"] for each in found["meta"]] == wanted
    assert all(each["name"] for each in found["meta"])
    assert list(found["rows"]) == query["ids"]
    for row in found["rows"].values():
        assert list(row) == wanted
        assert all(set(cell) in CELLS for cells in row.values() for cell in cells)
    luebeck = found["rows"]["id/municipality/luebeck"]
    assert (luebeck["ags"], luebeck["population"]) == ([{"str": "01003000"}], [{"int": 219044}])
    assert luebeck["alliance"] == [{"id": "id/alliance/smarte-hanse", "name": "Smarte Hanse"}]
    assert len(luebeck["description"]) == 1  # in one language
    assert found["rows"]["topic/wasserstoff"]["broader"] == [{"id": "topic/energie", "name": "energie"}]
    assert not any(found["rows"]["id/municipality/atlantis"].values())
    by_get = web.get("/reconcile", params={"extend": json.dumps(query), "lang": "nl"})
    assert by_get.json() == found


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"query": "Kiel"}, 400),
        ({"queries": "no JSON"}, 400),
        ({"queries": "[]"}, 400),
        ({"queries": "[" * 100_000}, 400),
        ({"queries": '{"q": {}}'}, 400),
        ({"queries": '{"q": "Kiel"}'}, 400),
        ({"queries": '{"q": {"query": 3}}'}, 400),
        ({"queries": '{"q": {"query": "Kiel", "properties": [{}]}}'}, 400),
        ({"queries": json.dumps({str(n): {"query": "Kiel"} for n in range(51)})}, 413),
        ({"extend": "{}"}, 400),
        ({"extend": '{"ids": ["x"], "properties": [{"id": "colour"}]}'}, 400),
        ({"extend": json.dumps({"ids": ["x"] * 501, "properties": []})}, 413),
        ({"extend": "{}", "queries": "{}"}, 400),
    ],
)
def test_what_cannot_be_understood_is_told_with_advice(
    web: TestClient, fields: dict[str, str], status: int
) -> None:
    answer = web.post("/reconcile", data=fields)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["advice"]


def test_other_mistakes_are_told_as_well(web: TestClient) -> None:
    assert web.post("/reconcile", json={"queries": {}}).status_code == 415
    assert web.get("/reconcile?lang=fr").status_code == 400
    for path in ("/reconcile/preview?id=x", "/reconcile/view?id=x", "/reconcile/properties?type=x"):
        answer = web.get(path, follow_redirects=False)
        assert (answer.status_code, bool(answer.json()["advice"])) == (404, True)
