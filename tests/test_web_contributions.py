"""Contributions over HTTP: from the file of a city to what everybody reads, with its history."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from httpx2 import Response
from starlette.testclient import TestClient

from kogge import cli, names
from kogge.desk import Desk, open_ledger
from kogge.ledger import Role
from kogge.settings import Settings
from kogge.web import create_app

HEAD = """@prefix dcterms: <http://purl.org/dc/terms/> .
@prefix kogge: <https://w3id.org/kogge/ontology#> .
@prefix municipality: <https://w3id.org/kogge/id/municipality/> .
@prefix skos: <http://www.w3.org/2004/02/skos/core#> .
@prefix topic: <https://w3id.org/kogge/topic/> .
"""
THING = "https://w3id.org/kogge/id/project/luebeck/{}"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def project(name: str = "parken", title: str = "Smart Parken", status: str = "kogge:running") -> str:
    return f"""{HEAD}
<{THING.format(name)}> a kogge:Project ;
    skos:prefLabel "{title}"@de, "{title} en"@en, "{title} nl"@nl ;
    dcterms:source <https://w3id.org/kogge/id/document/gemeinsame-erklaerung-2017> ;
    kogge:lead municipality:luebeck ; kogge:status {status} ; kogge:topic topic:parken .
"""


class City:
    """A service on a home of its own, and people with tokens who ask it."""

    def __init__(self, client: TestClient, settings: Settings) -> None:
        self.client, self.settings = client, settings
        self.tokens: dict[str, str] = {}
        self._count = 0
        ledger = open_ledger(settings)
        at = _now()
        ledger.partners.add("luebeck", "Hansestadt Lübeck", ["municipality/luebeck"], at=at)
        ledger.partners.add("kiel", "Kiel", ["municipality/kiel"], at=at)
        people: tuple[tuple[str, str, Role], ...] = (
            ("ada", "luebeck", "author"),
            ("eva", "luebeck", "editor"),
            ("kim", "kiel", "editor"),
            ("stu", "kogge", "steward"),
        )
        for person, partner, role in people:
            _, self.tokens[person] = ledger.partners.issue(partner, person, role, at=at)
        ledger.close()

    def slug(self) -> str:
        """A name that no test had before."""
        self._count += 1
        return f"projekt-{self._count}"

    def ask(self, method: str, path: str, who: str | None = None, **given: Any) -> Response:
        headers = dict(given.pop("headers", {}))
        if who:
            headers.setdefault("Authorization", f"Bearer {self.tokens.get(who, who)}")
        return self.client.request(method, path, headers=headers, **given)

    def put(
        self, slug: str, body: str | bytes, who: str | None = "ada", kind: str = "text/turtle", **headers: str
    ) -> Response:
        name, _, query = slug.partition("?")
        path = f"/contributions/{name if '/' in name else 'luebeck/' + name}" + (f"?{query}" if query else "")
        sent = {"Content-Type": kind, **{name.replace("_", "-"): value for name, value in headers.items()}}
        return self.ask("PUT", path, who, content=body, headers=sent)

    def step(self, number: int, what: str, who: str = "eva", **fields: str) -> Response:
        return self.ask("POST", f"/contributions/{number}/{what}", who, json=fields)

    def publish(self, slug: str, body: str) -> int:
        number: int = self.put(slug, body).json()["contributions"][0]["number"]
        accepted = self.step(number, "accept")
        assert accepted.status_code == 200, accepted.text
        return number


def _now() -> Any:
    from datetime import UTC, datetime

    return datetime.now(UTC)


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Iterator[City]:
    home = tmp_path_factory.mktemp("city")
    settings = Settings.from_environment(
        {"KOGGE_HOME": str(home), "KOGGE_QUERY_WORKERS": "1", "KOGGE_CLIENT_SECONDS": "0"}
    )
    with TestClient(create_app(settings), raise_server_exceptions=False) as client:
        yield City(client, settings)


# From the file to the public


def test_what_is_sent_is_staged_and_what_is_accepted_is_read_at_once(city: City) -> None:
    slug = city.slug()
    sent = city.put(slug, project(slug, "Parkwunder"))
    assert (sent.status_code, sent.json()["state"]) == (202, "staged"), sent.text
    (entry,) = sent.json()["contributions"]
    assert sent.headers["location"] == f"/contributions/{entry['number']}"
    assert entry["graph"] == names.graph("luebeck", slug)
    assert city.ask("GET", f"/graph/luebeck/{slug}").status_code == 404
    accepted = city.step(entry["number"], "accept", note="fein")
    assert (accepted.status_code, accepted.json()["state"], accepted.json()["version"]) == (
        200,
        "published",
        1,
    )
    asked = city.ask("GET", "/sparql", params={"query": f"ASK {{ <{THING.format(slug)}> ?p ?o }}"})
    assert asked.json()["boolean"] is True
    assert "Parkwunder" in city.ask("GET", "/expertise", params={"q": "Parken", "limit": 100}).text
    graph = city.ask("GET", f"/graph/luebeck/{slug}")
    assert (graph.status_code, graph.headers["etag"]) == (200, '"v1"')
    assert "Parkwunder" in graph.text
