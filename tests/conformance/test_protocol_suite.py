"""The W3C suite of the SPARQL 1.1 Protocol, and those of federation and update, which are refused."""

from __future__ import annotations

from typing import Any, Final

import pytest
from pyoxigraph import NamedNode, Triple

from .conftest import Scratch
from .manifest import FAILURES, OUTSIDE, Case, Request, cases, folders, params, triples
from .test_query_suite import EVALUATION

PROTOCOL: Final = 34
FEDERATION: Final = {"service": 7, "syntax-fed": 3}
UPDATE: Final = {
    "add": 8,
    "basic-update": 13,
    "clear": 4,
    "copy": 6,
    "delete": 19,
    "delete-data": 6,
    "delete-insert": 17,
    "delete-where": 6,
    "drop": 4,
    "move": 6,
    "syntax-update-1": 54,
    "syntax-update-2": 1,
    "update-silent": 13,
}
MEDIA: Final = {
    "boolean": {"application/sparql-results+json", "application/sparql-results+xml"},
    "tabular": {
        "application/sparql-results+json",
        "application/sparql-results+xml",
        "text/csv",
        "text/tab-separated-values",
    },
    "RDF": {"text/turtle", "application/n-triples", "application/rdf+xml", "application/ld+json"},
}


def test_the_suites_have_the_cases_that_are_known() -> None:
    assert len(cases("protocol")) == PROTOCOL
    assert {folder: len(cases(folder)) for folder in FEDERATION} == FEDERATION
    assert {folder: len(cases(folder)) for folder in UPDATE} == UPDATE
    assert {folder: len(cases(folder)) for folder in OUTSIDE} == {
        folder: each["tests"] for folder, each in OUTSIDE.items()
    }


def test_every_folder_of_the_suite_is_tested_or_listed_as_outside() -> None:
    others = {
        "protocol",
        "syntax-query",
        "csv-tsv-res",
        "json-res",
        "service-description",
        "graph-store-protocol",
    }
    assert folders() == {*EVALUATION, *FEDERATION, *UPDATE, *OUTSIDE, *others}


def test_every_expected_failure_is_a_test_and_has_a_reason() -> None:
    known = {case.iri for folder in folders() - {"graph-store-protocol"} for case in cases(folder)}
    known |= {case.iri for case in cases("graph-store-protocol", manifest="manifest-indirect.ttl")}
    assert set(FAILURES) <= known
    assert all(len(reason) > 20 for reason in FAILURES.values())


# The protocol


@pytest.mark.parametrize("case", [each for each in params("protocol") if "update" not in each.id])
def test_a_query_by_the_protocol(scratch: Scratch, case: Case) -> None:
    scratch.fill({name: triples(path) for name, path in case.graphs})
    assert len(case.requests) == 1
    for request in case.requests:
        response = send(scratch, request)
        assert request.accepts(response.status_code), response.text
        media = response.headers["content-type"].partition(";")[0]
        if not response.is_success:
            assert media == "application/problem+json"
            continue
        if request.form:
            assert media in MEDIA[request.form]
        if request.boolean is not None:
            assert response.json()["boolean"] is request.boolean


@pytest.mark.parametrize("case", [each for each in params("protocol") if "update" in each.id])
def test_an_update_by_the_protocol_is_refused(scratch: Scratch, case: Case) -> None:
    scratch.fill({"urn:kept": [Triple(*[NamedNode("urn:kept")] * 3)]})
    state = scratch.store.state
    updates = [each for each in case.requests if each.body and b"ASK" not in each.body[:3]]
    for request in updates or case.requests:
        response = send(scratch, request)
        assert response.headers["content-type"] == "application/problem+json"
        if "/bad_" in case.id:
            assert request.accepts(response.status_code), response.text
        else:
            assert response.status_code == 403, response.text
    assert scratch.store.state == state


def test_queries_and_updates_of_the_protocol_are_all_there_is() -> None:
    updates = [case for case in cases("protocol") if "update" in case.id]
    assert (len(updates), PROTOCOL - len(updates)) == (14, 20)


@pytest.mark.parametrize("way", ["FROM", "parameters"])
def test_a_default_graph_of_several_is_their_merge(scratch: Scratch, way: str) -> None:
    said = [Triple(*[NamedNode("urn:said")] * 3)]
    scratch.fill({"urn:a": said, "urn:b": said})
    clause = "FROM <urn:a> FROM <urn:b>" if way == "FROM" else ""
    given = {"default-graph-uri": ["urn:a", "urn:b"]} if way == "parameters" else {}
    response = scratch.client.get(
        "/sparql",
        params={"query": f"SELECT (COUNT(*) AS ?n) {clause} WHERE {{ ?s ?p ?o }}", **given},
        headers={"Accept": "text/csv"},
    )
    assert response.status_code == 200, response.text
    assert response.text.split() == ["n", "1"]


# What is refused: other endpoints, and updates


@pytest.mark.parametrize("case", params(*FEDERATION))
def test_a_query_that_calls_another_endpoint_is_refused(scratch: Scratch, case: Case) -> None:
    assert case.text
    response = scratch.client.post("/sparql", data={"query": case.text.read_text("utf-8")})
    assert response.status_code == 400, response.text
    assert response.headers["content-type"] == "application/problem+json"
    assert "SERVICE" in response.json()["detail"]


@pytest.mark.parametrize("folder", UPDATE)
def test_the_updates_of_a_suite_are_refused(scratch: Scratch, folder: str) -> None:
    scratch.fill({"urn:kept": [Triple(*[NamedNode("urn:kept")] * 3)]})
    state = scratch.store.state
    for case in cases(folder):
        assert case.text, case.id
        body = case.text.read_bytes()
        direct = scratch.client.post(
            "/sparql", content=body, headers={"Content-Type": "application/sparql-update"}
        )
        assert direct.status_code == 403, case.id
        # As a query it is none, whatever it looks like.
        query = scratch.client.post(
            "/sparql", content=body, headers={"Content-Type": "application/sparql-query"}
        )
        assert query.status_code in (400, 403), case.id
    assert scratch.store.state == state


def send(scratch: Scratch, request: Request) -> Any:
    """The response to a request of the suite, at our address of the endpoint."""
    return scratch.client.request(
        request.method,
        request.target.replace("/sparql/", "/sparql", 1),
        content=request.body,
        headers=request.headers,
    )
