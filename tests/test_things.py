"""Every thing has an address: what it answers to people and programs, in which formats and conditions."""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyoxigraph as ox
import pytest
import rdflib
from starlette.testclient import TestClient

from kogge import names, syntax, things
from kogge.desk import THING_FORMATS, Desk, operator
from kogge.portal.things import COUNTED, PAGE
from kogge.settings import Settings
from kogge.web import create_app

from .small import SMALL

BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
EVENT = "/id/event/expertentreffen-2019"
NEED = "/id/need/schwerin-energie"
FORMATS = ("ttl", "jsonld", "nt", "rdf", "json", "csv")
TYPES = {each.suffix: each.content_type for each in THING_FORMATS}


def problem(response: Any, status: int) -> dict[str, Any]:
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = response.json()
    assert body["status"] == status
    assert body["detail"]
    return body


@pytest.fixture(scope="module")
def samples(web: TestClient) -> list[str]:
    """A thing of every class that there is, the ones with most links, and those with most statements."""
    app: Any = web.app
    desk: Desk = app.state.desk
    mine = f"FILTER(STRSTARTS(STR(?s), '{names.ID}') || STRSTARTS(STR(?s), '{names.TOPIC}'))"
    found: set[str] = set()
    for text in (
        f"SELECT (MIN(?s) AS ?one) (MAX(?s) AS ?two) {{ ?s a ?class {mine} }} GROUP BY ?class",
        f"SELECT (?s AS ?one) {{ ?x ?p ?s {mine} }} GROUP BY ?s ORDER BY DESC(COUNT(*)) LIMIT 3",
        f"SELECT (?s AS ?one) {{ ?s ?p ?o {mine} }} GROUP BY ?s ORDER BY DESC(COUNT(*)) LIMIT 3",
    ):
        rows = json.loads(desk.evaluate(text).body)["results"]["bindings"]
        found |= {term["value"] for row in rows for term in row.values()}
    return sorted(found)


# Negotiation


def test_a_browser_is_sent_to_the_page_in_its_language(web: TestClient) -> None:
    for wanted, lang in (("en-GB,en;q=0.9,de;q=0.5", "en"), ("nl", "nl"), ("fr", "de"), ("", "de")):
        headers = BROWSER | {"Accept-Language": wanted}
        response = web.get(EVENT, headers=headers, follow_redirects=False)
        assert response.status_code == 303
        assert response.headers["location"] == f"/{lang}/event/expertentreffen-2019"
        assert "Accept-Language" in response.headers["vary"]
    page = web.get(f"{EVENT}.html", headers={"Accept-Language": "nl"}, follow_redirects=False)
    assert (page.status_code, page.headers["location"]) == (303, "/nl/event/expertentreffen-2019")


@pytest.mark.parametrize(
    ("accept", "ending"),
    [
        (None, "ttl"),
        ("*/*", "ttl"),
        ("text/turtle", "ttl"),
        ("application/ld+json", "jsonld"),
        ("application/json", "json"),
        ("application/n-triples", "nt"),
        ("application/rdf+xml", "rdf"),
        ("text/csv", "csv"),
        ("text/html;q=0.5, application/rdf+xml", "rdf"),
    ],
)
def test_a_program_is_sent_to_the_format_that_it_wants(
    web: TestClient, accept: str | None, ending: str
) -> None:
    for method in ("GET", "HEAD"):
        request = web.build_request(method, EVENT)
        request.headers.pop("accept")
        if accept:
            request.headers["Accept"] = accept
        response = web.send(request, follow_redirects=False)
        assert response.status_code == 303
        assert response.headers["location"] == f"{EVENT}.{ending}"


def test_what_nobody_offers_is_not_acceptable_and_the_list_is_told(web: TestClient) -> None:
    told = problem(web.get(EVENT, headers={"Accept": "image/png"}, follow_redirects=False), 406)
    for each in ("text/turtle", "application/ld+json", "application/json", "text/csv", "text/html"):
        assert each in told["advice"]


@pytest.mark.parametrize("ending", FORMATS)
def test_an_ending_is_answered_at_once(web: TestClient, ending: str) -> None:
    response = web.get(f"{NEED}.{ending}", headers={"Accept": "image/png"})
    assert response.status_code == 200
    assert response.headers["content-type"] == TYPES[ending]
    assert "schwerin-energie" in response.text
    head = web.head(f"{NEED}.{ending}")
    assert head.status_code == 200
    for name in ("etag", "last-modified", "link", "content-type", "content-length"):
        assert head.headers[name] == response.headers[name]


def test_what_there_is_not_is_told_apart(web: TestClient) -> None:
    for path in ("/id/municipality/nirgendwo", "/id/municipality/nirgendwo.ttl", "/topic/gibt-es-nicht.json"):
        problem(web.get(path, follow_redirects=False), 404)
        shown = web.get(path, headers=BROWSER, follow_redirects=False)
        assert shown.status_code == 404
        assert "<h1" in shown.text
    assert "municipality" in problem(web.get("/id/municipalitie/kiel"), 404)["advice"]
    assert "alliance" in problem(web.get("/id/zzz/kiel"), 404)["advice"]
    assert ".jsonld" in problem(web.get(f"{EVENT}.pdf"), 404)["advice"]
    assert "small letters" in problem(web.get("/id/municipality/L%C3%BCbeck"), 404)["advice"]
    problem(web.get("/id/municipality/a/b/c%22%3E.ttl"), 404)
    assert "page is 1" in problem(web.get(f"{NEED}.ttl?page=2"), 404)["advice"]
    for page in ("0", "-1", "x", "1e3"):
        problem(web.get(f"{NEED}.ttl?page={page}"), 400)


def test_topics_and_the_thesaurus_have_addresses_too(web: TestClient) -> None:
    assert web.get("/topic/wasserstoff.json").json()["label"]["nl"] == "waterstof"
    response = web.get("/topic", headers={"Accept": "text/turtle"})
    assert response.url.path == "/topic.ttl"
    assert "skos:ConceptScheme" in response.text
    page = web.get("/topic/wasserstoff", headers=BROWSER, follow_redirects=False)
    assert page.headers["location"] == "/de/topic/wasserstoff"


def test_a_thing_of_a_partner_has_its_owner_in_the_address(web: TestClient) -> None:
    told = problem(web.get("/id/project/luebeck/smart-parken"), 404)
    assert "id/project/luebeck/smart-parken" in told["detail"]


def test_a_person_whose_data_was_erased_is_gone_and_links_to_it_too(tmp_path: Path) -> None:
    settings = Settings.from_environment({**SMALL, "KOGGE_HOME": str(tmp_path)})
    with TestClient(create_app(settings)) as client:
        app: Any = client.app
        path, desk = "/id/person/jan-lindenau", app.state.desk
        assert client.get(f"{path}.json").json()["label"]
        before = client.get("/id/municipality/luebeck.nt")
        steward = operator(desk._ledger, "the steward")
        desk.steps.erase(names.BASE + path[1:], steward)
        for address in (path, f"{path}.ttl", f"{path}.html"):
            assert problem(client.get(address, follow_redirects=False), 410)["title"] == "Erased"
        problem(client.get("/id/person/nobody.ttl"), 404)
        assert path not in client.get("/id/municipality/luebeck.nt").text
        assert client.get("/id/municipality/luebeck.nt").headers["etag"] != before.headers["etag"]


# Headers and conditions


def test_the_header_link_names_the_other_formats_the_canonical_name_and_the_licence(web: TestClient) -> None:
    for path in (EVENT, f"{EVENT}.ttl"):
        link = web.get(path, follow_redirects=False).headers["link"]
        assert '</id/event/expertentreffen-2019.jsonld>; rel="alternate"; type="application/ld+json"' in link
        assert '</en/event/expertentreffen-2019>; rel="alternate"; type="text/html"; hreflang="en"' in link
        assert f'<{names.ID}event/expertentreffen-2019>; rel="cite-as"' in link
        assert f'<{names.CC_BY}>; rel="license"' in link
        assert 'rel="describedby"' in link


def test_who_has_it_already_is_told_so(web: TestClient) -> None:
    first = web.get(f"{NEED}.ttl")
    etag, modified = first.headers["etag"], first.headers["last-modified"]
    assert re.fullmatch(r'"[0-9a-f]{32}-ttl(-gzip)?"', etag)
    held = web.get(f"{NEED}.ttl", headers={"If-None-Match": etag})
    assert (held.status_code, held.headers["etag"], held.content) == (304, etag, b"")
    assert web.get(f"{NEED}.json", headers={"If-None-Match": etag}).status_code == 200
    assert web.get(f"{NEED}.ttl", headers={"If-Modified-Since": modified}).status_code == 304
    long_ago = "Thu, 01 Jan 2015 00:00:00 GMT"
    assert web.get(f"{NEED}.ttl", headers={"If-Modified-Since": long_ago}).status_code == 200
    assert web.get(f"{NEED}.ttl", headers={"If-Modified-Since": "yesterday"}).status_code == 200
    both = {"If-Modified-Since": modified, "If-None-Match": '"other"'}
    assert web.get(f"{NEED}.ttl", headers=both).status_code == 200


def test_what_is_long_is_compressed_and_may_be_read_from_any_page(web: TestClient) -> None:
    response = web.get(f"{EVENT}.ttl", headers={"Accept-Encoding": "gzip", "Origin": "https://example.org"})
    assert response.headers["content-encoding"] == "gzip"
    assert response.headers["etag"].endswith('-gzip"')
    assert response.headers["access-control-allow-origin"] == "*"
    assert "Link" in response.headers["access-control-expose-headers"]
    assert "content-encoding" not in web.get(f"{EVENT}.ttl", headers={"Accept-Encoding": "br"}).headers


@pytest.mark.parametrize("path", ["/kogge", ""])
def test_redirects_and_links_carry_the_prefix_of_a_proxy_and_names_stay(path: str, tmp_path: Path) -> None:
    base = f"https://stadt.example{path}"
    settings = Settings.from_environment({**SMALL, "KOGGE_HOME": str(tmp_path), "KOGGE_BASE_URL": base})
    with TestClient(create_app(settings)) as client:
        moved = client.get(EVENT, follow_redirects=False)
        assert moved.headers["location"] == f"{path}{EVENT}.ttl"
        page = client.get(EVENT, headers=BROWSER, follow_redirects=False)
        assert page.headers["location"] == f"{path}/de/event/expertentreffen-2019"
        assert f"<{path}{EVENT}.nt>" in moved.headers["link"]
        # A proxy may take the prefix away, or leave it.
        for address in (f"/{EVENT[1:]}.json", f"{path}{EVENT}.json"):
            told = client.get(address).json()
            assert told["iri"] == names.ID + "event/expertentreffen-2019"
            assert told["foaf:isPrimaryTopicOf"][0]["iri"] == f"{base}{EVENT}#links"


# What is said


def _pages(web: TestClient, path: str) -> Iterator[Any]:
    while path:
        response = web.get(path)
        assert response.status_code == 200, response.text
        yield response
        following = re.search(r'<([^>]+)>; rel="next"', response.headers["link"])
        path = following[1] if following else ""


def test_a_long_description_which_a_thread_writes_is_no_other(
    web: TestClient, samples: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def written() -> list[bytes]:
        paths = [f"/{iri.removeprefix(names.BASE)}.{ending}" for iri in samples for ending in ("ttl", "json")]
        answers = [web.get(path) for path in paths]
        assert {answer.status_code for answer in answers} == {200}
        return [answer.content for answer in answers]

    small = written()
    monkeypatch.setattr(things, "_LONG", 0)
    assert written() == small
    assert len(small) > 40


def test_a_description_has_what_points_to_the_thing_and_the_names_of_what_it_names(web: TestClient) -> None:
    told = web.get(f"{EVENT}.json").json()
    assert told["iri"] == names.ID + "event/expertentreffen-2019"
    assert told["type"] == ["Event"]
    assert told["label"] == {
        "de": "Expertentreffen 2019", "en": "Expert meeting 2019", "nl": "Expertbijeenkomst 2019",
    }  # fmt: skip
    assert "Trixpert Meeting 2019" in told["altLabel"]["de"]
    assert [each["label"]["de"] for each in told["host"]] == ["Groningen"]
    assert told["startDate"] == ["2019-11-07", "2019-11-12"]  # the sources disagree, and both are told
    assert {each["label"]["en"] for each in told["source"]} >= {
        "Report on the expert meeting in Groningen 2019"
    }
    assert told["status"]["label"]["nl"] == "gehouden"
    assert told["isPartOf"][0]["label"]["en"].startswith("Trilateral")


def test_what_somebody_knows_comes_with_its_evidence(web: TestClient) -> None:
    pages = [page.json() for page in _pages(web, "/id/municipality/groningen.json")]
    links = {
        key: [each for page in pages for each in page.get(key, [])] for key in ("isHolderOf", "isMemberIn")
    }
    known = [each for each in links["isHolderOf"] if each["type"] == ["Expertise"]]
    shown = [each for each in known if each["evidenceKind"]["iri"].endswith("#shown")]
    assert {each["topics"]["label"]["de"] for each in shown} >= {"Wasserstoff"}
    for each in known:
        assert each["evidence"][0]["iri"].startswith(names.ID)
        assert each["evidence"][0]["label"]
        assert each["source"][0]["label"]
    [membership, *_] = [each for page in pages for each in page.get("isMemberIn", [])]
    assert membership["organization"]["label"]["en"]


def test_a_hub_comes_in_pages_that_together_have_every_link(web: TestClient) -> None:
    thing = names.TOPIC + "smart-city"
    app: Any = web.app
    query = f"SELECT ?s ?p {{ ?s ?p <{thing}> }}"
    rows = json.loads(app.state.desk.evaluate(query).body)["results"]["bindings"]
    links = {(row["s"]["value"], row["p"]["value"]) for row in rows}
    assert len(links) > 150
    found = []
    pages = list(_pages(web, "/topic/smart-city.nt"))
    for page in pages:
        triples = syntax.parse(page.content, "nt")
        found += [
            (t.subject.value, t.predicate.value)
            for t in triples
            if isinstance(t.object, ox.NamedNode)
            and t.object.value == thing
            and isinstance(t.subject, ox.NamedNode)
            and (t.subject.value, t.predicate.value) in links
        ]
        assert re.search(rf'totalItems> "{len(links)}"', page.text)
    assert len(pages) == -(-len(links) // PAGE)
    assert links == set(found)
    assert len({page.headers["etag"] for page in pages}) == len(pages)
    told = pages[1].headers["link"]
    for relation in ("first", "prev", "next", "last"):
        assert f'rel="{relation}"' in told
    moved = web.get("/topic/smart-city?page=2", follow_redirects=False)
    assert moved.headers["location"] == "/topic/smart-city.ttl?page=2"


def test_the_numbers_of_a_page_are_those_of_the_questions() -> None:
    folder = Path(__file__).parents[1] / "queries" / "export"
    text = (folder / "thing.rq").read_text(encoding="utf-8")
    assert text.count(f"LIMIT {PAGE} OFFSET 0") == text.count("LIMIT") == 3
    record = (folder / "thing-record.rq").read_text(encoding="utf-8")
    assert f"LIMIT {COUNTED + 1}\n" in record
    assert f"LIMIT {PAGE}\n" in record


# Each format says the same


def _graph(body: bytes, ending: str) -> set[ox.Triple]:
    form = {"json": "jsonld"}.get(ending, ending)
    dataset = ox.Dataset(ox.Quad(t.subject, t.predicate, t.object) for t in syntax.parse(body, form))
    dataset.canonicalize(ox.CanonicalizationAlgorithm.UNSTABLE)
    return {quad.triple for quad in dataset}


@pytest.mark.filterwarnings("ignore:ConjunctiveGraph is deprecated:DeprecationWarning")
def test_rdflib_and_oxigraph_read_the_same_in_every_format(web: TestClient, samples: list[str]) -> None:
    assert len(samples) > 40
    for iri in samples:
        path = "/" + iri.removeprefix(names.BASE)
        expected = _graph(web.get(f"{path}.nt").content, "nt")
        assert len(expected) > 2
        same = rdflib.Graph().parse(data=web.get(f"{path}.nt").content, format="nt")
        for ending, form in (("ttl", "turtle"), ("rdf", "xml"), ("jsonld", "json-ld"), ("json", "json-ld")):
            body = web.get(f"{path}.{ending}").content
            assert _graph(body, ending) == expected, f"{path}.{ending}"
            read = rdflib.Graph().parse(data=body, format=form)
            assert set(read) == set(same), f"{path}.{ending}"


def test_rapper_reads_the_same(web: TestClient, samples: list[str], tmp_path: Path) -> None:
    if shutil.which("rapper") is None:
        pytest.skip("rapper (raptor2-utils) is not installed; `.ci/run` installs it")
    for iri in samples:
        path = "/" + iri.removeprefix(names.BASE)
        expected = _graph(web.get(f"{path}.nt").content, "nt")
        for ending, form in (("ttl", "turtle"), ("nt", "ntriples"), ("rdf", "rdfxml")):
            file = tmp_path / f"thing.{ending}"
            file.write_bytes(web.get(f"{path}.{ending}").content)
            command = ["rapper", "-q", "-i", form, "-o", "ntriples", str(file), "http://example.org/"]
            done = subprocess.run(command, capture_output=True, check=True, timeout=60)
            assert done.stderr == b""
            assert _graph(done.stdout, "nt") == expected, f"{path}.{ending}"


SCRIPT = """
const jsonld = require('jsonld'), fs = require('fs');
const none = async url => { throw new Error('nothing is fetched: ' + url); };
(async () => {
  const all = JSON.parse(fs.readFileSync(0));
  const read = await Promise.all(all.map(each =>
    jsonld.toRDF(each, {format: 'application/n-quads', documentLoader: none})));
  console.log(JSON.stringify(read));
})();
"""


def test_the_json_ld_of_javascript_reads_the_same(web: TestClient, samples: list[str]) -> None:
    node = shutil.which("node")
    if node is None or subprocess.run([node, "-e", "require('jsonld')"], capture_output=True).returncode:
        pytest.skip("jsonld for node is not installed; `.ci/run` installs it")
    paths = ["/" + iri.removeprefix(names.BASE) for iri in samples]
    documents = json.dumps([web.get(f"{path}.jsonld").json() for path in paths])
    done = subprocess.run([node, "-e", SCRIPT], input=documents.encode(), capture_output=True, timeout=120)
    assert done.returncode == 0, done.stderr
    for path, read in zip(paths, json.loads(done.stdout), strict=True):
        assert _graph(read.encode(), "nt") == _graph(web.get(f"{path}.nt").content, "nt"), path


def test_d05_a_table_has_a_row_for_each_statement_and_no_formula(web: TestClient, samples: list[str]) -> None:
    for iri in samples:
        path = "/" + iri.removeprefix(names.BASE)
        rows = list(csv.DictReader(io.StringIO(web.get(f"{path}.csv").text, newline="")))
        assert len(rows) == len(_graph(web.get(f"{path}.nt").content, "nt"))
        assert list(rows[0]) == ["subject", "property", "value", "language", "datatype"]
        assert not [row for row in rows if row["value"].startswith(("=", "+", "-", "@"))]
    rows = list(csv.DictReader(io.StringIO(web.get(f"{EVENT}.csv").text, newline="")))
    own = [row for row in rows if row["subject"].endswith("/event/expertentreffen-2019")]
    assert {
        "property": "skos:prefLabel",
        "value": "Expert meeting 2019",
        "language": "en",
        "datatype": "",
    } in [{name: row[name] for name in list(row)[1:]} for row in own]
