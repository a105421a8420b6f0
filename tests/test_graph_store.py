"""The reading half of the SPARQL 1.1 Graph Store HTTP Protocol."""

from __future__ import annotations

from typing import Any

import pyoxigraph as ox
import pytest
from pyoxigraph import RdfFormat
from starlette.testclient import TestClient

from kogge import media, names, syntax
from kogge.desk import Desk
from kogge.store.description import VOID

HANSE = names.graph("kogge", "alliances-smarte-hanse")


@pytest.fixture
def desk(web: TestClient) -> Desk:
    """The desk of the service itself: with its versions it holds more than one in memory."""
    app: Any = web.app
    served: Desk = app.state.desk
    return served


@pytest.mark.parametrize("wanted", media.GRAPHS, ids=lambda each: each.suffix)
def test_a_graph_comes_whole_in_every_format(web: TestClient, desk: Desk, wanted: media.MediaType) -> None:
    response = web.get("/graphs", params={"graph": HANSE}, headers={"Accept": wanted.type})
    assert response.headers["content-type"] == wanted.content_type
    parsed = ox.parse(response.content, RdfFormat.from_media_type(wanted.type))
    assert {quad.triple for quad in parsed} == set(desk._store.graph(HANSE))


def test_the_default_graph_is_the_merge_of_all(web: TestClient, desk: Desk) -> None:
    merged = {triple for graph in desk._store.graphs() for triple in desk._store.graph(graph)}
    for address in ("/graphs?default", "/graphs?graph=default"):
        response = web.get(address)
        assert set(syntax.parse(response.content, RdfFormat.TURTLE)) == merged
    assert len(merged) > 1000


def test_without_a_parameter_the_graphs_are_listed(web: TestClient, desk: Desk) -> None:
    triples = syntax.parse(web.get("/graphs").content, RdfFormat.TURTLE)
    listed = {str(each.object) for each in triples if each.predicate.value == VOID + "subset"}
    assert listed == {f"<{graph}>" for graph in desk._store.graphs()}
    sizes = {str(each.subject): each.object for each in triples if each.predicate.value == VOID + "triples"}
    assert sizes[f"<{HANSE}>"] == ox.Literal(len(desk._store.graph(HANSE)))


@pytest.mark.parametrize(
    ("query", "status", "reason"),
    [
        (f"graph={names.graph('kogge', 'none')}", 404, "There is no graph"),
        ("graph=http://example.org/", 404, "There is no graph"),
        ("graph=relative", 400, "no IRI"),
        ("graph=", 400, "no IRI"),
        (f"graph={HANSE}&default", 400, "one graph"),
        (f"graph={HANSE}&graph={HANSE}", 400, "one graph"),
        ("default=1", 400, "no value"),
        ("grpah=default", 400, "one graph"),
    ],
)
def test_what_names_no_graph_is_refused(web: TestClient, query: str, status: int, reason: str) -> None:
    response = web.get(f"/graphs?{query}")
    assert response.headers["content-type"] == "application/problem+json"
    assert response.status_code == status
    assert reason in response.json()["detail"]
    assert response.json()["advice"]
    assert web.head(f"/graphs?{query}").status_code == status


@pytest.mark.parametrize("method", ["PUT", "POST", "DELETE", "PATCH"])
def test_a_graph_is_not_changed_here(web: TestClient, desk: Desk, method: str) -> None:
    response = web.request(method, "/graphs", params={"graph": HANSE})
    assert response.status_code == 403
    assert "contributions" in response.json()["advice"]
    assert web.get("/health/ready").json()["state"] == desk.state


def test_a_graph_has_an_etag_and_a_head(web: TestClient, desk: Desk) -> None:
    plain = {"Accept-Encoding": "identity"}
    got = web.get("/graphs", params={"graph": HANSE}, headers=plain)
    assert got.headers["etag"] == f'"{desk.state}-ttl"'
    head = web.head("/graphs", params={"graph": HANSE}, headers=plain)
    assert (head.status_code, head.headers["etag"]) == (200, got.headers["etag"])
    held: dict[str, Any] = {"If-None-Match": got.headers["etag"]}
    assert web.get("/graphs", params={"graph": HANSE}, headers=held).status_code == 304
    assert web.get("/graphs", headers={"Accept": "text/csv"}).status_code == 406
