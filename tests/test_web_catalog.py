"""`/catalog`: what a harvester asks for, and what it is told when something is wrong."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import Iterator
from datetime import datetime
from html import escape
from pathlib import Path

import pyoxigraph as ox
import pytest
import rdflib
from rdflib import DCTERMS, RDF
from rdflib.namespace import DCAT, FOAF
from starlette.testclient import TestClient

from kogge import cli, listing, media, names, publish, rules
from kogge.desk import Desk
from kogge.endpoint import Endpoint
from kogge.errors import Misconfigured
from kogge.settings import Settings
from kogge.store.embedded import EmbeddedStore
from kogge.store.workers import Here
from kogge.web import create_app

from .small import SMALL

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/webp,*/*;q=0.8"
ENDINGS = {
    "ttl": "text/turtle; charset=utf-8",
    "rdf": "application/rdf+xml",
    "jsonld": "application/ld+json",
    "nt": "application/n-triples",
}


@pytest.mark.parametrize(
    ("accept", "type_"),
    [
        (None, "text/turtle; charset=utf-8"),
        ("*/*", "text/turtle; charset=utf-8"),
        ("application/rdf+xml", "application/rdf+xml"),
        ("application/ld+json, text/turtle;q=0.5", "application/ld+json"),
        ("application/xml", "application/rdf+xml"),
        ("text/turtle, text/html", "text/turtle; charset=utf-8"),
    ],
)
def test_a_harvester_gets_rdf_whatever_it_accepts(web: TestClient, accept: str | None, type_: str) -> None:
    response = web.get("/catalog", headers={"Accept": accept} if accept else {"Accept": ""})
    assert (response.status_code, response.headers["content-type"]) == (200, type_)
    assert "Accept" in response.headers["vary"]


def test_a_head_says_the_same_as_a_get_without_the_body(web: TestClient) -> None:
    head, get = (web.request(method, "/catalog", headers={"Accept": "*/*"}) for method in ("HEAD", "GET"))
    assert head.content == b""
    for name in ("content-type", "content-length", "etag", "last-modified", "vary"):
        assert head.headers[name] == get.headers[name], name


@pytest.mark.filterwarnings("ignore:ConjunctiveGraph is deprecated")
@pytest.mark.parametrize("ending", ENDINGS)
def test_each_ending_is_a_format_with_all_datasets(web: TestClient, ending: str) -> None:
    response = web.get(f"/catalog.{ending}")
    assert response.headers["content-type"] == ENDINGS[ending]
    formats = {"ttl": "turtle", "rdf": "xml", "jsonld": "json-ld", "nt": "nt"}
    graph = rdflib.Graph().parse(data=response.content, format=formats[ending])
    slugs = {
        str(each).removeprefix(names.BASE + "dataset/") for each in graph.subjects(RDF.type, DCAT.Dataset)
    }
    assert {"kogge", "topics", "alliance-smarte-hanse"} <= slugs
    assert len(slugs) == 9


@pytest.mark.parametrize(
    ("path", "status", "detail"),
    [
        ("/catalog.xlsx", 404, ".ttl .rdf .jsonld .nt"),
        ("/dataset/kogge.xlsx", 404, ".ttl .rdf .jsonld .nt"),
        ("/dataset/x", 404, "no dataset 'x'"),
        ("/dataset/x.ttl", 404, "/catalog"),
        ("/catalog?page=2", 404, "pages 1 to 1"),
        ("/catalog?page=0", 400, "page"),
        ("/catalog?page=x", 400, "page"),
    ],
)
def test_what_there_is_not_is_told(web: TestClient, path: str, status: int, detail: str) -> None:
    response = web.get(path)
    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"
    said = response.json()
    assert detail in said["detail"] + said["advice"]


@pytest.mark.parametrize(
    ("accept", "ending"),
    [("*/*", "ttl"), ("application/ld+json", "jsonld"), ("application/rdf+xml", "rdf")],
)
def test_a_dataset_leads_to_what_the_catalogue_says_of_it(web: TestClient, accept: str, ending: str) -> None:
    sent = web.get("/dataset/topics", headers={"Accept": accept}, follow_redirects=False)
    assert (sent.status_code, sent.headers["location"]) == (303, f"/dataset/topics.{ending}")
    assert sent.headers["vary"].startswith("Accept, Accept-Language")
    answer = web.get(f"/dataset/topics.{ending}")
    assert answer.headers["content-type"] == ENDINGS[ending]
    held = {"If-None-Match": answer.headers["etag"]}
    assert web.get(f"/dataset/topics.{ending}", headers=held).status_code == 304


def test_one_dataset_is_said_as_in_the_catalogue(web: TestClient) -> None:
    one, all_ = (
        set(rdflib.Graph().parse(data=web.get(path).content, format="nt"))
        for path in ("/dataset/topics.nt", "/catalog.nt")
    )
    topics = rdflib.URIRef(names.BASE + "dataset/topics")
    assert one < all_
    assert {each for each in all_ if each[0] == topics} <= one


@pytest.mark.parametrize("lang", names.LANGUAGES)
def test_who_follows_a_portal_finds_the_page_of_what_is_described(web: TestClient, lang: str) -> None:
    said = rdflib.Graph().parse(data=web.get("/catalog.nt").content, format="nt")
    described = [*said.subjects(RDF.type, DCAT.Dataset)]
    led = {
        each: said.value(each, DCAT.landingPage)
        for each in (*described, *said.subjects(RDF.type, DCAT.DataService))
    }
    led |= {each: said.value(each, FOAF.homepage) for each in said.subjects(RDF.type, DCAT.Catalog)}
    assert len(led) == len(described) + 2
    for thing, page in led.items():
        assert (page, RDF.type, FOAF.Document) in said
        path = str(page).removeprefix("http://127.0.0.1:8000")
        answer = web.get(path, headers={"Accept": "*/*", "Accept-Language": lang})  # a checker of links, too
        slug = str(thing).removeprefix(names.BASE).partition("#")[0]
        assert (answer.status_code, answer.url.path) == (200, f"/{lang}/{slug}")
        if thing in described:
            (title,) = (t for t in said.objects(thing, DCTERMS.title) if t.language == lang)  # type: ignore[attr-defined]
            assert f"<h1>{escape(str(title))}</h1>" in answer.text


def test_a_format_that_is_not_offered_is_refused(web: TestClient) -> None:
    response = web.get("/catalog", headers={"Accept": "image/png"})
    assert response.status_code == 406
    assert "text/turtle" in response.json()["advice"]


def test_who_has_it_already_is_told_so(web: TestClient) -> None:
    first = web.get("/catalog")
    assert web.get("/catalog", headers={"If-None-Match": first.headers["etag"]}).status_code == 304
    since = {"If-Modified-Since": first.headers["last-modified"]}
    assert web.get("/catalog", headers=since).status_code == 304
    # An ETag decides before a time (RFC 9110, 13.1.3).
    assert web.get("/catalog", headers={**since, "If-None-Match": '"other"'}).status_code == 200
    old = {"If-Modified-Since": "Sun, 22 Nov 2020 10:00:00 GMT"}
    assert web.get("/catalog", headers=old).status_code == 200
    assert web.get("/catalog", headers={"If-Modified-Since": "yesterday"}).status_code == 200


def test_formats_have_etags_of_their_own_and_it_is_compressed(web: TestClient) -> None:
    with web.stream("GET", "/catalog.ttl", headers={"Accept-Encoding": "gzip"}) as response:
        body = gzip.decompress(b"".join(response.iter_raw()))
        packed = response.headers["etag"]
    plain = web.get("/catalog.ttl", headers={"Accept-Encoding": "identity"})
    assert body == plain.content
    tags = {packed, plain.headers["etag"], web.get("/catalog.rdf").headers["etag"]}
    assert len(tags) == 3


def test_programs_of_other_sites_may_read_it(web: TestClient) -> None:
    response = web.get("/catalog", headers={"Origin": "https://portal.example"})
    assert response.headers["access-control-allow-origin"] == "*"


def test_addresses_are_those_of_the_settings_and_names_those_of_the_data(home: Settings) -> None:
    settings = Settings.from_environment(
        {
            **SMALL,
            "KOGGE_HOME": str(home.home),
            "KOGGE_BASE_URL": "https://daten.beispielstadt.example/kogge/",
        }
    )
    with TestClient(create_app(settings)) as client:
        said = client.get("/catalog").text
    assert "<https://daten.beispielstadt.example/kogge/dumps/kogge.ttl>" in said
    assert "<https://daten.beispielstadt.example/kogge/sparql>" in said
    assert f"<{names.BASE}dataset/kogge> a dcat:Dataset" in said
    assert "127.0.0.1" not in said
    assert "testserver" not in said


def test_the_description_of_the_endpoint_leads_to_the_catalogue(web: TestClient) -> None:
    base = "http://127.0.0.1:8000"
    described = web.get("/sparql", headers={"Accept": "text/turtle"}).text
    assert f"rdfs:seeAlso <{base}/catalog>" in described
    assert f"sd:defaultDataset <{base}/sparql#dataset>" in web.get("/catalog").text


@pytest.fixture
def empty() -> Iterator[TestClient]:
    """A service whose graph was lost."""
    settings = Settings.from_environment({})
    with TestClient(create_app(settings, Desk(EmbeddedStore(), settings))) as client:
        yield client


@pytest.mark.parametrize("path", ["/catalog", "/catalog.rdf", "/catalog?page=1"])
def test_an_error_is_no_empty_catalogue(empty: TestClient, path: str) -> None:
    response = empty.get(path)
    assert response.status_code == 503
    assert response.headers["content-type"] == "application/problem+json"
    assert empty.head(path).status_code == 503


def test_settings_that_a_portal_would_reject_are_refused_at_the_start() -> None:
    with pytest.raises(Misconfigured, match="KOGGE_LICENCE"):
        Desk.in_memory(Settings.from_environment({"KOGGE_LICENCE": "all rights reserved"}))


def test_the_export_writes_the_catalogue_with_the_sizes_of_its_dumps(
    tmp_path: Path, home: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "out"
    assert cli.main(["export", str(folder), "--home", str(home.home)]) == 0
    capsys.readouterr()
    said = rdflib.Graph().parse(folder / "catalog.ttl")
    assert {path.name for path in folder.glob("catalog.*")} == {f"catalog.{ending}" for ending in ENDINGS}
    sizes = {
        str(said.value(form, DCAT.downloadURL)).rpartition("/")[2]: int(str(size))
        for form, size in said.subject_objects(DCAT.byteSize)
    }
    assert len(sizes) > 60
    for name, size in sizes.items():
        assert (folder / "dumps" / name).stat().st_size == size, name
    assert rules.check(said, "portal") == []


def test_the_catalogue_is_ready_before_anybody_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listing, "QUIET", 0.05)
    store = EmbeddedStore()
    publish.load(store)
    endpoint = Endpoint(store, Here(store.engine, limits=None), Settings.from_environment({}), None)
    made = listing.Listing(Settings.from_environment({}), endpoint)

    async def without_asking(state: str) -> datetime:
        async with asyncio.timeout(20):
            while made._kept is None or made._kept.state == state:
                await asyncio.sleep(0.05)
        page = await made.page(1, media.TURTLE)
        assert page.state == await endpoint.refresh()
        return page.made

    async def scenario() -> None:
        await endpoint.start()
        made.start()
        try:
            first = await without_asking("")
            before = await endpoint.refresh()
            topic, label = ox.NamedNode(names.TOPIC + "laerm"), ox.NamedNode(names.SKOS + "prefLabel")
            graph = ox.Triple(topic, label, ox.Literal("Lärm", language="de"))
            store.replace_graphs({names.graph("bremen", "lärm"): [graph]})
            assert await without_asking(before) > first
        finally:
            await made.stop()
            await endpoint.stop()

    asyncio.run(scenario())
