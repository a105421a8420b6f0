"""Our own words, each version of them, the rules and the named graphs: as pages and in every format."""

from __future__ import annotations

import csv
import io
import re
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pyoxigraph as ox
import pytest
import rdflib
from starlette.testclient import TestClient

from kogge import artefacts, names, syntax
from kogge.ledger import Ledger
from kogge.portal import vocabulary
from kogge.settings import Settings
from kogge.web import create_app

from .small import SMALL

BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
GRAPH = "/graph/kogge/events-expertentreffen-2019"
RDF = ("ttl", "jsonld", "nt", "rdf", "json")


class Page(HTMLParser):
    """What a page has: its language, the places that can be linked to, its links, its text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.links: list[str] = []
        self.open: list[str] = []
        self.text = ""
        self.lang = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = dict(attrs)
        self.ids += [said["id"] or ""] if "id" in said else []
        self.links += [said["href"] or ""] if tag == "a" else []
        self.lang = self.lang or (said.get("lang") or "" if tag == "html" else "")
        if tag not in ("meta", "link"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag, tag

    def handle_data(self, data: str) -> None:
        self.text += data


def triples(body: bytes, ending: str) -> set[ox.Triple]:
    dataset = ox.Dataset(
        ox.Quad(t.subject, t.predicate, t.object)
        for t in syntax.parse(body, {"json": "jsonld"}.get(ending, ending))
    )
    dataset.canonicalize(ox.CanonicalizationAlgorithm.UNSTABLE)
    return {quad.triple for quad in dataset}


def own_terms() -> set[str]:
    parts = [path for path in artefacts.files("ontology", ".ttl") if path.parent.name != "schemes"]
    said = {
        t.subject.value
        for path in parts
        for t in syntax.read_file(path)
        if isinstance(t.subject, ox.NamedNode)
    }
    return {iri.removeprefix(names.KOGGE) for iri in said if iri.startswith(names.KOGGE)}


# The page


@pytest.mark.parametrize("lang", names.LANGUAGES)
def test_the_page_has_every_term_with_labels_and_definitions_in_each_language(
    web: TestClient, lang: str
) -> None:
    response = web.get("/ontology", headers=BROWSER | {"Accept-Language": lang})
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    assert response.headers["content-language"] == lang
    page = Page(response.text)
    assert page.open == []
    assert page.lang == lang
    assert len(page.ids) == len(set(page.ids)) > 100
    assert own_terms() - set(page.ids) == set()
    for text in (
        "Gebietskörperschaft",
        "territorial authority",
        "territoriale overheid",
        "gezeigt",
        "getoond",
    ):
        assert text in page.text
    assert "A public body that is responsible for a territory." in page.text


def test_links_of_the_page_lead_somewhere(web: TestClient) -> None:
    page = Page(web.get("/ontology.html").text)
    inside = [link[1:] for link in page.links if link.startswith("#")]
    assert len(inside) > 300
    assert [each for each in inside if each not in page.ids] == []
    ours = {link.partition("#")[0] for link in page.links if link.startswith("/")}
    assert {"/ontology.ttl", "/ontology/0.1.0", "/shapes", "/queries/lookup/who-seeks"} <= ours
    assert [link for link in sorted(ours) if web.get(link).status_code not in (200, 400)] == []
    rules = {link.partition("#")[2] for link in page.links if link.startswith("/shapes#")}
    said = web.get("/shapes.nt").text
    assert len(rules) > 60
    assert [each for each in rules if f"<https://w3id.org/kogge/shapes#{each}>" not in said] == []


def test_the_page_tells_what_the_rules_ask_for_and_where_a_term_is_used(web: TestClient) -> None:
    text = re.sub(r"\s+", " ", Page(web.get("/ontology.html?lang=en").text).text)
    assert re.search(
        r"kogge:status ?1 ?status: How far the project has come\. ?kogge:planned, kogge:running", text
    )
    words = vocabulary.words(syntax.parse(web.get("/ontology.nt").content, "nt"))
    [status] = [each for each in words.properties if each.key == "status"]
    assert names.KOGGE + "Project" in status.used
    assert "lookup/projects" in status.questions
    [kinds] = [each for each in words.lists if each.key == "EvidenceKinds"]
    assert {value.key for value in kinds.values} >= {"shown", "practised"}
    [municipality] = [each for each in words.classes if each.key == "Municipality"]
    assert municipality.parents == [names.KOGGE + "TerritorialAuthority"]
    assert ("relatedMatch", "https://schema.org/City") in municipality.matches


# The formats and versions


@pytest.mark.filterwarnings("ignore:ConjunctiveGraph is deprecated:DeprecationWarning")
@pytest.mark.parametrize("path", ["/ontology", "/ontology/0.1.0", "/shapes", GRAPH, "/graph/kogge/derived"])
def test_each_format_says_the_same(web: TestClient, path: str) -> None:
    endings = RDF[:4] if path == "/shapes" else RDF
    expected = triples(web.get(f"{path}.nt").content, "nt")
    assert len(expected) > 50
    for ending in endings:
        response = web.get(f"{path}.{ending}")
        assert triples(response.content, ending) == expected, ending
    for ending, form in (("ttl", "turtle"), ("rdf", "xml"), ("jsonld", "json-ld")):
        read = rdflib.Graph().parse(data=web.get(f"{path}.{ending}").content, format=form)
        assert len(read) == len(expected), ending
    assert web.get(path, headers={"Accept": "image/png"}).status_code == 406
    assert web.get(f"{path}.pdf").status_code == 404
    assert web.head(f"{path}.ttl").status_code == 200


def test_a_graph_is_a_table_and_a_list_of_things_too(web: TestClient) -> None:
    rows = list(csv.DictReader(io.StringIO(web.get(f"{GRAPH}.csv").text, newline="")))
    assert len(rows) == len(triples(web.get(f"{GRAPH}.nt").content, "nt"))
    told = web.get(GRAPH, headers={"Accept": "application/json"})
    assert told.headers["content-type"] == "application/json"
    things = {each["iri"]: each for each in told.json()["@graph"]}
    event = things[names.ID + "event/expertentreffen-2019"]
    assert event["label"]["en"] == "Expert meeting 2019"
    assert {"iri": names.ID + "municipality/groningen"} in event["participant"]


def test_a_graph_tells_its_age_its_formats_and_its_licence(web: TestClient) -> None:
    response = web.get(f"{GRAPH}.ttl", headers={"Accept-Encoding": "gzip"})
    assert response.headers["content-encoding"] == "gzip"
    assert response.headers["etag"] == '"v1"'
    for part in (
        'rel="version-history"',
        'rel="alternate"; type="text/csv"',
        'rel="cite-as"',
        'rel="license"',
    ):
        assert part in response.headers["link"]
    since = {"If-Modified-Since": response.headers["last-modified"]}
    assert web.get(f"{GRAPH}.ttl", headers=since).status_code == 304
    assert 'rel="cite-as"' in web.get("/graph/kogge/derived.csv").headers["link"]


def test_words_and_their_versions_are_told_apart(web: TestClient) -> None:
    newest = web.get("/ontology.ttl")
    assert "owl:versionIRI <https://w3id.org/kogge/ontology/0.1.0>" in newest.text
    assert web.get("/ontology/0.1.0", headers={"Accept": "text/turtle"}).content == newest.content
    told = web.get("/ontology/9.9.9")
    assert told.status_code == 404
    assert "0.1.0" in told.json()["advice"]
    held = {"If-None-Match": newest.headers["etag"]}
    assert web.get("/ontology.ttl", headers=held).status_code == 304
    assert (
        web.get("/ontology.ttl", headers={"If-Modified-Since": newest.headers["last-modified"]}).status_code
        == 304
    )
    page = web.get("/ontology.html")
    assert web.get("/ontology.html", headers={"If-None-Match": page.headers["etag"]}).status_code == 304


def test_an_old_version_of_the_words_is_still_there(tmp_path: Path) -> None:
    settings = Settings.from_environment({**SMALL, "KOGGE_HOME": str(tmp_path)})
    with TestClient(create_app(settings)) as client:
        now = client.get("/ontology.nt").content
        app: Any = client.app
        ledger: Ledger = app.state.desk._ledger
        last = ledger.last(names.ONTOLOGY_GRAPH)
        assert last is not None
        later = now.replace(b'"0.1.0"', b'"0.2.0"').replace(b"ontology/0.1.0", b"ontology/0.2.0")
        ledger.append(names.ONTOLOGY_GRAPH, later, origin="repository", who=last.who, at=datetime.now(UTC))
        assert b"ontology/0.2.0" in client.get("/ontology.nt").content
        assert client.get("/ontology/0.1.0.nt").content == now
        assert "0.2.0" in client.get("/ontology/1.json").json()["advice"]
