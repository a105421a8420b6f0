"""What robots find: the sitemap in three languages, in parts where it is large, and what may be read."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from urllib.robotparser import RobotFileParser
from xml.etree import ElementTree as ET

import pytest
from starlette.testclient import TestClient

from kogge import names
from kogge.ledger import Ledger
from kogge.portal import sitemap
from kogge.settings import Settings
from kogge.things import Ages
from kogge.web import create_app

SITEMAP = "{http://www.sitemaps.org/schemas/sitemap/0.9}"
XHTML = "{http://www.w3.org/1999/xhtml}"
BASE = "https://stadt.example/kogge"
TINY = 20


@pytest.fixture(scope="module")
def behind(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """A service behind a proxy with a path of its own."""
    home = str(tmp_path_factory.mktemp("home"))
    settings = Settings.from_environment({"KOGGE_HOME": home, "KOGGE_BASE_URL": BASE})
    with TestClient(create_app(settings)) as client:
        yield client


def test_every_page_is_listed_with_the_others_of_the_same_thing(behind: TestClient) -> None:
    response = behind.get("/sitemap.xml")
    assert response.headers["content-type"] == "application/xml"
    root = ET.fromstring(response.content)
    assert root.tag == f"{SITEMAP}urlset"
    urls = {url.findtext(f"{SITEMAP}loc"): url for url in root}
    assert len(urls) == len(root) > 600
    assert len(urls) % 3 == 0
    for start, path in (
        ("id/", "municipality/luebeck"),
        ("id/", "alliance/smarte-hanse"),
        ("id/", "person/jan-lindenau"),
        ("", "topic/wasserstoff"),
        ("", ""),
        ("", "catalog"),
        ("", "dataset/kogge"),
        ("", "dataset/alliance-smarte-hanse"),
        ("", "graph/kogge/topics"),
    ):
        for lang in names.LANGUAGES:
            url = urls[f"{BASE}/{lang}/{path}"]
            others = {each.get("hreflang"): each.get("href") for each in url.iter(f"{XHTML}link")}
            expected = {other: f"{BASE}/{other}/{path}" for other in names.LANGUAGES}
            assert others == expected | {"x-default": f"{BASE}/{start}{path}"}
            assert datetime.fromisoformat(url.findtext(f"{SITEMAP}lastmod") or "").tzinfo
    assert not [loc for loc in urls if loc and re.search(r"/(expertise|membership|ontology|instant)/", loc)]
    again = behind.get("/sitemap.xml", headers={"If-None-Match": response.headers["etag"]})
    assert again.status_code == 304


def test_what_is_listed_has_an_address_that_leads_to_the_page(behind: TestClient) -> None:
    root = ET.fromstring(behind.get("/sitemap.xml").content)
    links = [(url.findtext(f"{SITEMAP}loc"), url) for url in root]
    offered = [each for each in links if re.search(r"/(catalog|dataset/[^/]+)?$", each[0] or "")]
    assert len(offered) == 3 * (2 + 9)
    links = [*offered, *links[::61]]
    for loc, url in links:
        others = {each.get("hreflang"): each.get("href") or "" for each in url.iter(f"{XHTML}link")}
        lang = (loc or "").removeprefix(BASE)[1:3]
        headers = {"Accept": "text/html", "Accept-Language": lang}
        moved = behind.get(others["x-default"].removeprefix(BASE), headers=headers, follow_redirects=False)
        assert f"https://stadt.example{moved.headers['location']}" == loc


def test_a_graph_that_says_nothing_any_more_is_not_listed() -> None:
    ledger, at = Ledger(), datetime(2026, 11, 21, 10, tzinfo=UTC)
    said = b"<urn:a> <urn:b> <urn:c> .\n"
    for slug in ("a", "b"):
        ledger.append(names.graph("luebeck", slug), said, origin="contribution", who="urn:x", at=at)
    ages = Ages(ledger)
    assert [graph for graph, _ in ages.graphs()] == [names.graph("luebeck", slug) for slug in ("a", "b")]
    for body, left in ((b"", ["b"]), (said, ["a", "b"])):
        ledger.append(names.graph("luebeck", "a"), body, origin="contribution", who="urn:x", at=at)
        assert ages.graphs() == [(names.graph("luebeck", slug), at) for slug in left]
    ledger.close()


def locations(behind: TestClient, path: str) -> set[str]:
    """The addresses that a sitemap lists."""
    return {each.findtext(f"{SITEMAP}loc") or "" for each in ET.fromstring(behind.get(path).content)}


def test_a_large_sitemap_comes_in_parts(behind: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = locations(behind, "/sitemap.xml")
    monkeypatch.setattr(sitemap, "PART", TINY)
    root = ET.fromstring(behind.get("/sitemap.xml").content)
    assert root.tag == f"{SITEMAP}sitemapindex"
    parts = [each.findtext(f"{SITEMAP}loc") or "" for each in root]
    assert parts[0] == f"{BASE}/sitemap-1.xml"
    paths = {each.removeprefix(BASE)[3:] for each in whole}
    others = {path for path in paths if re.match(r"/($|catalog|dataset/|graph/)", path)}
    assert len(parts) == sum(-(-len(some) // TINY) for some in (paths - others, others))
    listed = [locations(behind, part.removeprefix(BASE)) for part in parts]
    assert set().union(*listed) == whole
    assert 0 < len(listed[-1]) <= 3 * TINY
    for number in ("0", str(len(parts) + 1), "-1"):
        assert behind.get(f"/sitemap-{number}.xml").status_code == 404
    assert behind.get("/sitemap-x.xml").status_code == 400


def test_robots_may_read_pages_and_things_and_are_told_of_the_sitemap(behind: TestClient) -> None:
    text = behind.get("/robots.txt").text
    rules = RobotFileParser()
    rules.parse(text.splitlines())
    assert rules.site_maps() == [f"{BASE}/sitemap.xml"]
    for path in ("/de/municipality/kiel", "/id/municipality/kiel.ttl", "/catalog", "/ontology"):
        assert rules.can_fetch("anybody", f"{BASE}{path}"), path
    for path in ("/sparql?query=x", "/expertise?q=x", "/contributions"):
        assert not rules.can_fetch("anybody", f"{BASE}{path}"), path


def test_the_well_known_address_leads_to_the_catalogue(behind: TestClient) -> None:
    response = behind.get("/.well-known/void", follow_redirects=False)
    assert (response.status_code, response.headers["location"]) == (303, "/kogge/catalog")


def test_the_size_of_a_part_is_that_of_the_question() -> None:
    text = (Path(__file__).parents[1] / "queries" / "export" / "sitemap.rq").read_text(encoding="utf-8")
    assert f"LIMIT {sitemap.PART} OFFSET 0" in text
