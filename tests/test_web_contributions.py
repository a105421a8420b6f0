"""Contributions over HTTP: from the file of a city to what everybody reads, with its history."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
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

from .small import SMALL

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
            ("ben", "luebeck", "author"),
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
    settings = Settings.from_environment({**SMALL, "KOGGE_HOME": str(home), "KOGGE_CLIENT_SECONDS": "0"})
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


def test_a_project_without_a_document_is_found_and_its_source_is_the_contribution(city: City) -> None:
    slug = city.slug()
    body = "".join(line for line in project(slug).splitlines(keepends=True) if "dcterms:source" not in line)
    graph = names.graph("luebeck", slug)

    def sources() -> list[Any]:
        results = city.ask("GET", "/expertise", params={"q": "Parken", "limit": 100, "lang": "en"}).json()
        pieces = [piece for result in results["results"] for piece in result["evidence"]]
        return [piece["source"] for piece in pieces if piece["iri"] == THING.format(slug)]

    city.publish(slug, body)
    day = _now().date().isoformat()
    source = {"iri": graph, "title": f"Contribution of Hansestadt Lübeck: {slug}", "issued": day}
    assert sources() == [source]
    page = city.ask("GET", f"/de/project/luebeck/{slug}").text
    assert f'<a href="/de/graph/luebeck/{slug}">Beitrag von Hansestadt Lübeck: {slug}</a>' in page
    assert city.ask("GET", "/sitemap.xml").text.count(f"/de/graph/luebeck/{slug}</loc>") == 1
    city.publish(slug, project(slug))
    assert [each["iri"] for each in sources()] == [names.thing("document", "gemeinsame-erklaerung-2017")]
    city.ask("POST", f"/contributions/luebeck/{slug}/rollback", "eva", json={"version": 1})
    assert sources() == [source]
    _desk(city).steps.rebuild()
    assert sources() == [source]


def test_findings_are_read_in_the_language_of_who_reads_them(city: City) -> None:
    slug = city.slug()
    body = project(slug).replace(', "Smart Parken nl"@nl', "")
    sent = city.put(f"{slug}?lang=de", body)
    (warned,) = sent.json()["findings"]
    assert warned["message"].startswith("Geben Sie den Namen auch auf Niederländisch an"), sent.text
    link = sent.headers["location"]
    for asked, header, lang, message in (
        ("", {"Accept-Language": "nl"}, "nl", "Geef de naam ook in het Nederlands (@nl)."),
        ("?lang=en", {"Accept-Language": "nl"}, "en", "Give the name in Dutch too (@nl)."),
        ("", {}, "de", warned["message"]),
    ):
        seen = city.ask("GET", link + asked, "stu", headers=header)
        (finding,) = seen.json()["findings"]
        assert (finding, seen.headers["content-language"]) == ({**warned, "message": message}, lang)
    assert city.ask("GET", link + "?lang=fr", "stu").status_code == 400


def test_why_a_step_is_not_taken_is_said_in_the_language_of_who_asks(city: City) -> None:
    slug = city.slug()
    number = city.publish(slug, project(slug))
    path, nl = f"/contributions/{number}", {"Accept-Language": "nl"}
    again = city.ask("POST", path + "/withdraw", "eva", headers=nl)
    assert (again.status_code, again.json()["title"]) == (409, "Dat kan nu niet")
    assert again.json()["detail"] == f"Bijdrage {number} is gepubliceerd; ze kan niet ingetrokken worden."
    assert again.json()["advice"] == "Dat kan alleen zolang ze ingediend of teruggegeven is."
    for who, method, address, status, detail in (
        ("ada", "POST", path + "/accept", 403, "Wie alleen mag insturen, beslist niet."),
        ("kim", "GET", path, 403, f"Bijdrage {number} is van anderen."),
        ("stu", "GET", "/contributions/99999999", 404, "Er is geen bijdrage 99999999."),
        ("kgg_abcdefghijkl_" + "x" * 43, "GET", path, 401, "Dit token is niet bekend."),
        (None, "GET", path, 401, "Hiervoor hebt u een token nodig."),
    ):
        refused = city.ask(method, address, who, headers=nl)
        assert (refused.status_code, refused.json()["detail"]) == (status, detail)
        assert refused.headers["content-language"] == "nl"


def test_the_same_body_twice_is_nothing_new(city: City) -> None:
    slug = city.slug()
    first, again = city.put(slug, project(slug)), city.put(slug, project(slug))
    assert (first.status_code, again.status_code) == (202, 200)
    assert first.headers["location"] == again.headers["location"]
    assert again.json()["contributions"][0]["new"] is False
    city.step(first.json()["contributions"][0]["number"], "accept")
    published = city.put(slug, project(slug))
    assert (published.status_code, published.json()["state"]) == (200, "published")


def test_a_dry_run_stages_nothing(city: City) -> None:
    slug = city.slug()
    dry = city.put(slug + "?dry-run", project(slug))
    assert (dry.status_code, dry.json()["state"], dry.json()["total"]) == (200, "conforms", 0)
    assert dry.json()["contributions"][0]["things"] == [THING.format(slug)]
    assert "location" not in dry.headers
    bad = city.put(slug + "?dry-run", project(slug, status='"laufend"'))
    assert bad.status_code == 422
    listed = city.ask("GET", "/contributions", "ada", params={"graph": f"luebeck/{slug}"})
    assert listed.json() == {"contributions": []}


@pytest.mark.parametrize(
    ("path", "accepted", "expected"),
    [
        ("", None, "de"),
        ("", "nl;q=0.5, en-GB", "en"),
        ("", "fr, nl;q=0.1", "nl"),
        ("?lang=en", "nl", "en"),
    ],
)
def test_findings_say_what_to_do_in_the_language_of_the_sender(
    city: City, path: str, accepted: str | None, expected: str
) -> None:
    headers = {"Accept_Language": accepted} if accepted else {}
    refused = city.put("sprache" + path, project(status="kogge:gestern"), **headers)
    problem = refused.json()
    assert (refused.status_code, refused.headers["content-type"]) == (422, "application/problem+json")
    assert problem["total"] == len(problem["findings"]) > 0
    assert problem["type"] == "https://w3id.org/kogge/problem/findings"
    finding = problem["findings"][0]
    assert {"severity", "message", "subject", "path", "value", "shape", "where"} <= set(finding)
    assert finding["where"]["line"] > 0
    word = {"de": "Stand", "en": "status", "nl": "status"}[expected]
    assert word in finding["message"]
    assert refused.headers["content-language"] == expected


def test_findings_come_as_a_report_and_as_a_page_too(city: City) -> None:
    bad = project(status="kogge:gestern")
    report = city.put("bericht", bad, Accept="text/turtle")
    assert report.headers["content-type"].startswith("text/turtle")
    assert (report.status_code, "sh:ValidationReport" in report.text) == (422, True)
    page = city.put("bericht", bad.replace("Smart", "<b>"), Accept="text/html")
    assert (page.status_code, page.headers["content-type"]) == (422, "text/html; charset=utf-8")
    assert "<h1>Die Daten sind noch nicht in Ordnung</h1>" in page.text
    assert "<b>" not in page.text


def test_what_is_not_the_senders_word_is_forbidden(city: City) -> None:
    others = city.put("kiel/projekte", project())
    assert (others.status_code, others.json()["findings"][0]["shape"]) == (403, "kgs:Own-graph")
    theirs = city.put("projekte", project().replace("id/project/luebeck/", "id/project/kiel/"))
    assert (theirs.status_code, theirs.json()["findings"][0]["shape"]) == (403, "kgs:Own-subject")
    table = city.put("kiel/tabelle", b"Name;Stand\n", kind="text/csv")
    assert table.status_code == 403
    steward = city.put("luebeck/vom-amt?dry-run", project(), who="stu")
    assert steward.status_code == 200


@pytest.mark.parametrize(
    ("body", "kind", "headers", "status", "word"),
    [
        ("<a:a> <a:b> ", "text/turtle", {}, 400, "line"),
        ("<a:a> <a:b> <a:c>.", "application/trig", {}, 415, "several graphs"),
        ("<a:a> <a:b> <a:c>.", "application/n-quads", {}, 415, "several graphs"),
        ("<a:a> <a:b> <a:c>.", "text/n3", {}, 415, "text/turtle"),
        ("<a:a> <a:b> <a:c>.", "text/turtle", {"Content_Encoding": "gzip"}, 415, "compressed"),
        ("<a:a> <a:b> <a:c>.", "text/turtle; charset=iso-8859-1", {}, 415, "UTF-8"),
        ("<!DOCTYPE x><x/>", "application/rdf+xml", {}, 422, "line"),
        ("", "text/turtle", {}, 422, "nothing"),
        ("x" * 2_000_001, "text/turtle", {}, 413, "longer"),
        ("<a:a> <a:b> <a:c>.", "text/turtle", {"If_Match": "x"}, 400, "If-Match"),
        ("<a:a> <a:b> <a:c>.", "text/turtle", {"If_None_Match": '"v1"'}, 400, "If-None-Match"),
    ],
)
def test_what_cannot_be_read_is_refused_with_the_reason(
    city: City, body: str, kind: str, headers: dict[str, str], status: int, word: str
) -> None:
    refused = city.put("falsch", body, kind=kind, Accept_Language="en", **headers)
    assert (refused.status_code, refused.json()["status"]) == (status, status), refused.text
    assert word in refused.text


@pytest.mark.parametrize(
    ("lang", "detail", "title"),
    [
        ("de", "Das Dokument, Zeile 2, Spalte 8: Die Schreibweise stimmt nicht.", "Nicht lesbares Dokument"),
        ("en", "The document, line 2, column 8: ", "Unreadable document"),
        ("nl", "Het document, regel 2, kolom 8: De schrijfwijze klopt niet.", "Onleesbaar document"),
    ],
)
def test_why_something_cannot_be_read_is_told_in_the_language_of_the_sender(
    city: City, lang: str, detail: str, title: str
) -> None:
    for asked, headers in ((f"falsch?lang={lang}", {}), ("falsch", {"Accept_Language": f"{lang}, fr"})):
        refused = city.put(asked, "<a:a>\n <a:b> ", **headers)
        problem = refused.json()
        assert (refused.status_code, problem["title"], problem["line"], problem["column"]) == (
            400,
            title,
            2,
            8,
        )
        assert problem["detail"].startswith(detail)
        assert problem["type"].endswith("/problem/unreadable-document")
        assert refused.headers.get("content-language", "en") == lang
    for status, kind, body in ((415, "application/trig", "x"), (413, "text/turtle", "x" * 2_000_001),
                               (422, "text/turtle", ""), (401, "text/turtle", "x")):  # fmt: skip
        other = city.put(f"falsch?lang={lang}", body, who=None if status == 401 else "ada", kind=kind)
        assert (other.status_code, other.headers.get("content-language", "en")) == (status, lang), other.text


@pytest.mark.parametrize("path", ["Luebeck/x", "luebeck/a.b", "luebeck/a_b"])
def test_no_graph_has_a_name_like_this(city: City, path: str) -> None:
    assert city.put(path, project()).status_code == 404


# Versions


def test_who_worked_on_an_older_version_is_shown_the_difference(city: City) -> None:
    slug = city.slug()
    city.publish(slug, project(slug, "Erstes"))
    assert city.put(slug, project(slug, "Neu"), If_None_Match="*").status_code == 412
    city.publish(slug, project(slug, "Zweites"))
    stale = city.put(slug, project(slug, "Drittes"), If_Match='"v1"')
    assert (stale.status_code, stale.json()["difference"]["from"], stale.json()["difference"]["to"]) == (
        412,
        1,
        2,
    )
    assert "Zweites" in stale.json()["difference"]["added"]
    assert city.put(slug, project(slug, "Drittes"), If_Match="*").status_code == 202
    assert city.put(city.slug(), project(slug), If_Match="*").status_code == 412


def test_a_dry_run_refuses_what_would_be_refused_and_stages_nothing(city: City) -> None:
    slug = city.slug()
    city.publish(slug, project(slug, "Erstes"))
    city.publish(slug, project(slug, "Zweites"))
    waiting = city.ask("GET", "/contributions", "stu").json()["contributions"][0]["number"]
    stale = city.put(slug + "?dry-run", project(slug, "Drittes"), If_Match='"v1"')
    assert (stale.status_code, stale.json()["difference"]["to"]) == (412, 2)
    assert city.put(slug + "?dry-run", project(slug, "Drittes"), If_None_Match="*").status_code == 412
    assert city.put(slug + "?dry-run", project(slug, "Drittes"), If_Match='"v2"').status_code == 200
    ledger = open_ledger(city.settings)
    ledger.erasures.erase(THING.format("piet"), "x", _now())
    ledger.close()
    erased = city.put(slug + "?dry-run&lang=en", project("piet"))
    assert (erased.status_code, "erased on request" in erased.json()["detail"]) == (422, True), erased.text
    assert city.ask("GET", "/contributions", "stu").json()["contributions"][0]["number"] == waiting


def test_deleting_and_going_back_hold_to_the_version_that_was_meant(city: City) -> None:
    slug = city.slug()
    city.publish(slug, project(slug, "Erstes"))
    city.publish(slug, project(slug, "Zweites"))
    path = f"/contributions/luebeck/{slug}"
    for method, address, fields in (
        ("DELETE", path, {}), ("POST", path + "/rollback", {"version": 1}), ("POST", path + "/confirm", {}),
    ):  # fmt: skip
        stale = city.ask(method, address, "eva", json=fields, headers={"If-Match": '"v1"'})
        assert (stale.status_code, stale.json()["difference"]["to"]) == (412, 2), stale.text
        assert "Zweites" in stale.json()["difference"]["added"]
        bad = city.ask(method, address, "eva", json=fields, headers={"If-Match": "newest"})
        assert bad.status_code == 400
    back = city.ask("POST", path + "/rollback", "eva", json={"version": 1}, headers={"If-Match": '"v2"'})
    assert (back.status_code, back.json()["version"]) == (200, 3)
    assert city.ask("DELETE", path, "eva", headers={"If-Match": "*"}).json()["version"] == 4


def test_what_was_made_on_an_older_version_is_not_accepted(city: City) -> None:
    slug = city.slug()
    late = city.put(slug, project(slug, "Ada")).json()["contributions"][0]["number"]
    other = city.put(slug, project(slug, "Eva"), who="eva").json()["contributions"][0]["number"]
    assert city.step(other, "accept", "stu").status_code == 200
    refused = city.step(late, "accept")
    assert (refused.status_code, refused.json()["difference"]["to"]) == (409, 1)


def test_every_version_is_read_compared_and_brought_back(city: City) -> None:
    slug = city.slug()
    number = city.publish(slug, project(slug, "Erstes"))
    city.publish(slug, project(slug, "Zweites"))
    path = f"/graph/luebeck/{slug}"
    listed = city.ask("GET", path + "/history").json()
    assert [(each["version"], each["origin"]) for each in listed["versions"]] == [
        (1, "contribution"),
        (2, "contribution"),
    ]
    assert listed["versions"][0]["contribution"] == number
    assert "ada" not in json.dumps(listed)
    prov = city.ask("GET", path + "/history", headers={"Accept": "text/turtle"})
    assert "prov:wasRevisionOf" in prov.text
    old = city.ask("GET", path, params={"version": 1})
    assert ("Erstes" in old.text, old.headers["etag"]) == (True, '"v1"')
    assert city.ask("GET", path, params={"version": 9}).status_code == 404
    change = city.ask("GET", path, params={"difference": "1..2"}).json()
    assert "Zweites" in change["added"]
    assert "Erstes" in change["removed"]
    assert city.ask("GET", path, params={"difference": "1"}).status_code == 400
    back = f"/contributions/luebeck/{slug}/rollback"
    assert city.ask("POST", back, "ada", json={"version": 1}).status_code == 403
    assert city.ask("POST", back, "eva", json={"version": "x"}).status_code == 400
    done = city.ask("POST", back, "eva", json={"version": 1, "note": "besser"})
    assert (done.status_code, done.json()["version"]) == (200, 3)
    assert "Erstes" in city.ask("GET", path).text
    assert city.ask("POST", back, "eva", json={"version": 1}).status_code == 409


def test_a_graph_is_negotiated_and_not_sent_again_to_who_has_it(city: City) -> None:
    slug = city.slug()
    city.publish(slug, project(slug))
    path = f"/graph/luebeck/{slug}"
    for suffix, kind in (
        ("ttl", "text/turtle"), ("nt", "application/n-triples"),
        ("jsonld", "application/ld+json"), ("rdf", "application/rdf+xml"),
    ):  # fmt: skip
        by_end, by_header = (
            city.ask("GET", f"{path}.{suffix}"),
            city.ask("GET", path, headers={"Accept": kind}),
        )
        assert by_end.headers["content-type"].startswith(kind)
        assert by_end.content == by_header.content
    assert city.ask("GET", path, headers={"If-None-Match": '"v1"'}).status_code == 304
    assert city.ask("GET", path, headers={"Accept": "image/png"}).status_code == 406
    assert city.ask("HEAD", path).headers["etag"] == '"v1"'
    assert city.ask("GET", "/graph/luebeck/nichts").status_code == 404
    assert city.ask("GET", "/graph/luebeck/nichts/history").status_code == 404
    assert city.ask("GET", "/graph/kogge/derived").status_code == 200
    assert city.ask("GET", "/graph/kogge/alliances-smarte-hanse").headers["etag"] == '"v1"'


def test_a_graph_is_deleted_by_an_editor_and_its_versions_stay(city: City) -> None:
    slug = city.slug()
    city.publish(slug, project(slug))
    path = f"/contributions/luebeck/{slug}"
    assert city.ask("DELETE", path, "ada").status_code == 403
    assert city.ask("DELETE", path, "kim").status_code == 403
    assert city.ask("DELETE", path, "eva").json()["version"] == 2
    gone = city.ask("GET", f"/graph/luebeck/{slug}")
    assert (gone.status_code, "history" in gone.json()["advice"]) == (404, True)
    assert city.ask("GET", f"/graph/luebeck/{slug}", params={"version": 1}).status_code == 200
    assert city.ask("DELETE", f"/contributions/luebeck/{city.slug()}", "eva").status_code == 404


def test_what_was_erased_is_gone(city: City) -> None:
    slug, jan = city.slug(), names.thing("contact", "luebeck/jan")
    ledger = open_ledger(city.settings)
    body = f'<{jan}> <{names.SKOS}prefLabel> "Jan"@de .\n'.encode()
    graph = names.graph("luebeck", slug)
    ledger.append(graph, body, origin="contribution", who=names.thing("municipality", "luebeck"), at=_now())
    ledger.erasures.erase(jan, "x", _now())
    ledger.close()
    gone = city.ask("GET", f"/graph/luebeck/{slug}")
    assert (gone.status_code, gone.json()["title"]) == (410, "Erased")
    assert city.ask("GET", f"/graph/luebeck/{slug}/history").json()["versions"][0]["erased"]


def test_still_valid_is_said_in_one_call(city: City) -> None:
    slug = city.slug()
    city.publish(slug, project(slug))
    confirmed = city.ask("POST", f"/contributions/luebeck/{slug}/confirm", "ada")
    assert (confirmed.status_code, confirmed.json()["new"], confirmed.json()["version"]) == (200, True, 2)
    assert "kogge:reviewedOn" in city.ask("GET", f"/graph/luebeck/{slug}").text
    again = city.ask("POST", f"/contributions/luebeck/{slug}/confirm", "ada")
    assert again.json() == {"state": "confirmed", "new": False}
    none = city.ask("POST", f"/contributions/luebeck/{slug}/confirm", "ada", json={"things": ["urn:x"]})
    assert none.status_code == 404
    assert (
        city.ask("POST", f"/contributions/luebeck/{slug}/confirm", "ada", json={"things": 1}).status_code
        == 400
    )


# Steps


def test_what_was_returned_a_colleague_sends_again(city: City) -> None:
    slug = city.slug()
    number = city.put(slug, project(slug)).json()["contributions"][0]["number"]
    city.step(number, "return", note="Die Quelle fehlt.")
    again = city.put(slug, project(slug).replace("Smart Parken", "Parken"), "ben")
    assert [each["number"] for each in again.json()["contributions"]] == [number]
    shown = city.ask("GET", f"/contributions/{number}", "ada").json()
    assert (shown["state"], shown["person"]) == ("staged", "ben")
    assert [each["who"] for each in shown["steps"]] == ["ada", "eva", "ben"]
    assert city.ask("POST", f"/contributions/{number}/withdraw", "ada").status_code == 403
    assert city.ask("POST", f"/contributions/{number}/withdraw", "ben").status_code == 200


def test_a_contribution_is_shown_with_all_that_belongs_to_it(city: City) -> None:
    slug = city.slug()
    number = city.put(slug + "?note=bitte", project(slug)).json()["contributions"][0]["number"]
    city.step(number, "return", note="Die Quelle fehlt.")
    shown = city.ask("GET", f"/contributions/{number}", "ada").json()
    assert (shown["state"], shown["person"], shown["note"]) == ("returned", "ada", "bitte")
    assert [(each["who"], each["what"], each["note"]) for each in shown["steps"]] == [
        ("ada", "staged", "bitte"),
        ("eva", "returned", "Die Quelle fehlt."),
    ]
    assert "Smart Parken" in shown["difference"]["added"]
    body = city.ask("GET", shown["body"], "eva")
    assert (body.text, body.headers["content-type"]) == (project(slug), "text/turtle; charset=utf-8")
    assert city.ask("GET", f"/contributions/{number}", "kim").status_code == 403
    assert city.ask("GET", f"/contributions/{number}/body", "kim").status_code == 403
    assert city.ask("GET", f"/contributions/{number}").status_code == 401
    assert city.ask("GET", "/contributions/999999", "ada").status_code == 404


def test_who_may_take_which_step(city: City) -> None:
    slug = city.slug()
    number = city.put(slug, project(slug), who="eva").json()["contributions"][0]["number"]
    assert city.step(number, "accept", "ada").status_code == 403
    assert city.step(number, "accept", "kim").status_code == 403
    four = city.step(number, "accept", "eva")
    assert (four.status_code, "ier Augen" in four.json()["detail"]) == (403, True)
    assert city.step(number, "accept", "stu", sha256="0" * 64).status_code == 412
    assert city.step(number, "reject", "stu", note="nein").json()["state"] == "rejected"
    assert city.step(number, "accept", "stu").status_code == 409
    assert city.step(number, "vernichten", "stu").status_code == 400
    assert city.step(999999, "accept").status_code == 404
    mine = city.put(city.slug(), project(slug)).json()["contributions"][0]["number"]
    form = city.ask("POST", f"/contributions/{mine}/withdraw", "ada", data={"note": "doch nicht"})
    assert form.json()["state"] == "withdrawn"
    assert city.ask("POST", f"/contributions/{mine}/accept", "eva", content="{").status_code == 415
    wrong = {"Content-Type": "application/json"}
    for body in ("{", "[]", '{"note": 1}'):
        assert (
            city.ask("POST", f"/contributions/{mine}/accept", "eva", content=body, headers=wrong).status_code
            == 400
        )


def test_what_a_steward_sends_to_a_graph_of_a_city_is_listed_and_decided_there(city: City) -> None:
    slug = city.slug()
    sent = city.put(slug, project(slug), who="stu").json()["contributions"][0]
    waiting = city.ask("GET", "/contributions", "eva", params={"state": "staged"}).json()["contributions"]
    assert (waiting[0]["number"], waiting[0]["partner"]) == (sent["number"], "kogge")
    assert city.ask("GET", sent["link"], "eva").json()["difference"]["triples"]["removed"] == 0
    theirs = city.ask("GET", "/contributions", "kim").json()["contributions"]
    assert sent["number"] not in [each["number"] for each in theirs]
    assert city.step(sent["number"], "accept", "eva").json()["state"] == "published"


def test_contributions_are_listed_in_pages_to_those_whom_they_concern(city: City) -> None:
    slug = city.slug()
    numbers = [city.put(city.slug(), project(slug)).json()["contributions"][0]["number"] for _ in range(3)]
    page = city.ask("GET", "/contributions", "ada", params={"limit": 2, "state": "staged"}).json()
    assert [each["number"] for each in page["contributions"]] == numbers[:0:-1]
    rest = city.ask("GET", page["next"], "ada").json()
    assert rest["contributions"][0]["number"] == numbers[0]
    assert city.ask("GET", "/contributions", "kim").json() == {"contributions": []}
    assert len(city.ask("GET", "/contributions", "stu").json()["contributions"]) > 2
    assert city.ask("GET", "/contributions").status_code == 401
    assert city.ask("GET", "/contributions", "ada", params={"state": "x"}).status_code == 400


# Tables


def test_each_row_of_a_table_is_a_contribution_of_its_own(city: City) -> None:
    table = (
        "Name (Deutsch);Name (Englisch);Name (Niederländisch);Stand;Thema 1;Federführung;Beginn\n"
        "Tafel Eins;Table one;Tafel een;läuft;Parken;Lübeck;2025\n"
        "Tafel Zwei;Table two;Tafel twee;geplant;Digitalisierung;Lübeck;2026\n"
    )
    sent = city.put("tabelle", table.encode(), kind="text/csv")
    assert sent.status_code == 202, sent.text
    entries = sent.json()["contributions"]
    assert [each["id"] for each in entries] == ["tafel-eins", "tafel-zwei"]
    assert [each["graph"] for each in entries] == [
        names.graph("luebeck", f"project-{each}") for each in ("tafel-eins", "tafel-zwei")
    ]
    assert THING.format("tafel-eins") in entries[0]["things"]
    assert [each["where"]["row"] for each in entries] == [2, 3]
    assert city.put("tabelle", table.encode(), kind="text/csv").status_code == 200
    body = city.ask("GET", entries[0]["link"] + "/body", "ada").text
    assert "Tafel Eins" in body
    assert "Tafel Zwei" not in body
    assert city.put("tabelle", table.encode(), kind="text/csv", If_Match='"v1"').status_code == 400
    wrong = city.put("tabelle", table.replace("läuft", "rennt").encode("cp1252"), kind="text/csv")
    assert (wrong.status_code, wrong.json()["findings"][0]["where"]["cell"]) == (422, "D2")


def test_the_template_is_fetched_and_sent_back(city: City) -> None:
    fetched = city.ask("GET", "/contributions/template.xlsx", params={"lang": "nl"})
    assert (fetched.status_code, fetched.headers["content-type"]) == (200, XLSX)
    assert fetched.content[:2] == b"PK"
    empty = city.put("tabelle", fetched.content, kind=XLSX)
    assert empty.status_code == 422
    more = city.ask("GET", "/contributions/template.xlsx", params={"steward": "true"})
    assert len(more.content) > len(fetched.content)
    theirs = city.ask("GET", "/contributions/template.xlsx", "stu")
    assert theirs.content == more.content
    assert city.ask("GET", "/contributions/template.xlsx", params={"lang": "fr"}).status_code == 400


# Who is asking


def test_without_a_token_that_holds_nothing_is_changed(city: City) -> None:
    for who in (None, "kgg_" + "a" * 12 + "_" + "b" * 43, "x", ""):
        refused = city.put("ohne", project(), who=who)
        assert (refused.status_code, refused.headers["www-authenticate"]) == (401, "Bearer")
    basic = city.ask("GET", "/contributions", headers={"Authorization": "Basic YTpi"})
    assert basic.status_code == 401
    assert city.ask("GET", "/health/live", headers={"Authorization": "Basic YTpi"}).status_code == 200
    assert city.ask("GET", "/queries", "kgg_unknown").status_code == 401
    ledger = open_ledger(city.settings)
    token, secret = ledger.partners.issue("luebeck", "old", "author", at=_now())
    assert city.ask("GET", "/contributions", secret).status_code == 200
    ledger.partners.revoke(token.id, at=_now())
    ledger.close()
    revoked = city.ask("GET", "/contributions", secret, headers={"Accept-Language": "en"})
    assert (revoked.status_code, "revoked" in revoked.text) == (401, True)


def test_who_guesses_is_slowed_down(city: City) -> None:
    with TestClient(create_app(city.settings, _desk(city)), client=("192.0.2.7", 1)) as client:
        statuses = [
            client.get("/contributions", headers={"Authorization": f"Bearer wrong{each}"}).status_code
            for each in range(13)
        ]
        assert statuses[:11] == [401] * 11
        assert statuses[-1] == 429
        token = {"Authorization": f"Bearer {city.tokens['ada']}"}
        waiting = client.get("/contributions", headers=token)
        assert (waiting.status_code, int(waiting.headers["retry-after"]) > 0) == (429, True)
    assert city.ask("GET", "/contributions", "ada").status_code == 200


def _desk(city: City) -> Desk:
    """A desk on a home of its own: only tokens are asked for."""
    return Desk.open(Settings.from_environment({**SMALL, "KOGGE_HOME": str(city.settings.home / "other")}))


def test_a_token_in_an_address_is_refused_and_no_token_is_in_the_log(
    city: City, caplog: pytest.LogCaptureFixture
) -> None:
    secret = city.tokens["ada"]
    with caplog.at_level(logging.DEBUG):
        answers = [
            city.ask("GET", "/contributions", params={"access_token": "x"}),
            city.ask("GET", "/sparql", params={"token": secret, "query": "ASK {}"}),
            city.ask("GET", f"/contributions/{secret}"),
            city.ask("GET", "/contributions/" + secret.replace("_", "%5F")),
            city.ask("GET", "/contributions", "ada"),
            city.ask("GET", "/contributions", secret[:-1]),
            city.put("x", f"<{secret}> <a:b> <a:c> .", who="ada"),
        ]
    assert [each.status_code for each in answers[:6]] == [400, 400, 400, 400, 200, 401]
    ours = [each.getMessage() for each in caplog.records if each.name.startswith("kogge")]
    assert len(ours) >= len(answers)
    assert not any(secret[17:] in each or "kgg" in each for each in ours)
    assert all(secret[17:] not in each.text for each in answers[:6])


def test_who_shows_a_token_has_more_time_and_a_quota_of_its_own(city: City) -> None:
    longer = {"query": "ASK {}", "timeout": "60"}
    assert city.ask("GET", "/sparql", params=longer).status_code == 400
    assert city.ask("GET", "/sparql", "ada", params=longer).status_code == 200


# Beside a service


def test_what_is_accepted_on_the_machine_is_soon_read_without_asking_for_it(
    city: City, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    slug = city.slug()
    number = city.put(slug, project(slug, "Danebenparken")).json()["contributions"][0]["number"]
    monkeypatch.setenv("KOGGE_HOME", str(city.settings.home))
    monkeypatch.delenv("KOGGE_TOKEN", raising=False)
    assert cli.main(["contributions", "accept", str(number)]) == 0
    assert "shows it" in capsys.readouterr().err
    until = time.monotonic() + 20
    while "Danebenparken" not in city.ask("GET", "/expertise", params={"q": "Parken", "limit": 100}).text:
        assert time.monotonic() < until
        time.sleep(0.1)


def test_the_description_for_programs_says_how_to_contribute(city: City) -> None:
    document = city.ask("GET", "/openapi.json").json()
    put = document["paths"]["/contributions/{owner}/{slug}"]["put"]
    assert {"text/turtle", XLSX} <= set(put["requestBody"]["content"])
    assert {"200", "202", "default"} == set(put["responses"])
    assert set(put["security"][0]) <= set(document["components"]["securitySchemes"])
    assert "dry-run" in {each["name"] for each in put["parameters"]}


# Limits


def test_judging_has_limits_that_are_settings_and_a_quota_for_each_token(tmp_path: Path) -> None:
    environment = {
        **SMALL,
        "KOGGE_HOME": str(tmp_path),
        "KOGGE_CLIENT_CONTRIBUTION_SECONDS": "1",
    }
    settings = Settings.from_environment(environment)
    with TestClient(create_app(settings), raise_server_exceptions=False) as client:
        city = City(client, settings)
        answers = [city.put("a?dry-run", project(f"p{number}")) for number in range(60)]
        statuses = [each.status_code for each in answers]
        assert statuses[0] == 200
        assert set(statuses) == {200, 429}
        refused = answers[statuses.index(429)]
        assert 1 < int(refused.headers["retry-after"]) <= 60
        assert "haben die Prüfzeit aufgebraucht" in refused.json()["detail"]
        assert city.put("a?dry-run", project(), who="eva").status_code == 200
    hurried = Settings.from_environment(environment | {"KOGGE_CONTRIBUTION_SECONDS": "0.001"})
    with TestClient(create_app(hurried), raise_server_exceptions=False) as client:
        city.client = client
        slow = city.put("a?dry-run&lang=en", project())
        assert (slow.status_code, "too complex" in slow.json()["detail"]) == (422, True)


def test_so_many_of_one_token_are_judged_at_once(tmp_path: Path) -> None:
    settings = Settings.from_environment(
        {**SMALL, "KOGGE_HOME": str(tmp_path), "KOGGE_CLIENT_CONTRIBUTIONS": "1"}
    )
    with TestClient(create_app(settings), raise_server_exceptions=False) as client:
        city = City(client, settings)
        large = HEAD + "".join(project(f"p{n}").removeprefix(HEAD) for n in range(40))
        with ThreadPoolExecutor(4) as pool:
            statuses = list(pool.map(lambda _: city.put("a?dry-run", large).status_code, range(4)))
        assert sorted(statuses) == [200, 429, 429, 429]
