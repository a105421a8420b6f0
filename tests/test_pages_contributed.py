"""The page of a contribution: what it says, who sent it and when, its versions, what changed, its formats."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final

import pyoxigraph as ox
import pytest
from starlette.testclient import TestClient

from kogge import names
from kogge.desk import open_ledger
from kogge.ledger import Ledger
from kogge.settings import Settings
from kogge.web import create_app

from .reading import BROWSER, page, words
from .small import SMALL

CURATED: Final = "kogge/alliances-smarte-hanse"
HOSTILE: Final = "<img src=x onerror=alert(1)>"
WISMAR: Final = names.thing("municipality", "wismar")
GRAPH: Final = names.graph("wismar", "regen")
HEAD: Final = f"""@prefix dcterms: <http://purl.org/dc/terms/> .
@prefix foaf: <http://xmlns.com/foaf/0.1/> .
@prefix kogge: <https://w3id.org/kogge/ontology#> .
@prefix municipality: <https://w3id.org/kogge/id/municipality/> .
@prefix project: <https://w3id.org/kogge/id/project/wismar/> .
@prefix skos: <http://www.w3.org/2004/02/skos/core#> .
@prefix topic: <https://w3id.org/kogge/topic/> .
@prefix void: <http://rdfs.org/ns/void#> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .

<{GRAPH}> a void:Dataset, foaf:Document ; dcterms:issued "2026-11-01"^^xsd:date ;
    dcterms:license <{names.CC_BY}> ; dcterms:publisher <{WISMAR}> ; dcterms:source <{GRAPH}> ;
    skos:prefLabel "Beitrag von Wismar: regen"@de, "Contribution of Wismar: regen"@en ;
    dcterms:title "Beitrag von Wismar: regen"@de, "Contribution of Wismar: regen"@en .
"""
FIRST: Final = f"""{HEAD}
project:regenspeicher a kogge:Project ; skos:prefLabel "Regenspeicher {HOSTILE}"@de, "Rain store"@en ;
    kogge:lead municipality:wismar ; kogge:topic topic:parken ; kogge:status kogge:planned ;
    dcterms:source <{GRAPH}> .
"""
SECOND: Final = f"""{HEAD}
project:regenspeicher a kogge:Project ; skos:prefLabel "Regenspeicher {HOSTILE}"@de, "Rain store"@en ;
    kogge:lead municipality:wismar ; kogge:topic topic:parken ; kogge:status kogge:running ;
    dcterms:source <{GRAPH}> .
municipality:wismar kogge:motto "Wir speichern"@de ; dcterms:source <{GRAPH}> .
"""

JOINED: Final = f"""{HEAD.replace(GRAPH, names.graph("wismar", "zeiten"))}
@prefix instant: <https://w3id.org/kogge/id/instant/wismar/zeiten/> .
@prefix interval: <https://w3id.org/kogge/id/interval/wismar/zeiten/> .
@prefix membership: <https://w3id.org/kogge/id/membership/wismar/zeiten/> .
@prefix org: <http://www.w3.org/ns/org#> .
@prefix time: <http://www.w3.org/2006/time#> .

membership:hanse a org:Membership ; org:member municipality:wismar ; org:memberDuring interval:seit ;
    org:organization <https://w3id.org/kogge/id/alliance/smarte-hanse> ; kogge:status kogge:inForce .
"""
TIMES: Final = f"""{JOINED}
interval:seit a time:Interval ; time:hasBeginning instant:beginn .
instant:beginn a time:Instant ; dcterms:date "2024-10"^^xsd:gYearMonth .
instant:ende a time:Instant ; dcterms:date "2025"^^xsd:gYear .
"""
ROUND: Final = f"""{JOINED.replace("/zeiten", "/kreis")}
interval:seit a time:Interval ; time:hasBeginning interval:andere .
interval:andere a time:Interval ; time:hasBeginning interval:seit ; time:hasEnd interval:andere .
"""


def at(day: int) -> datetime:
    return datetime(2026, 11, day, 12, tzinfo=UTC)


def publish(ledger: Ledger, graph: str, turtle: str, day: int) -> None:
    body = b""
    if turtle:
        body = ox.serialize(
            ox.parse(turtle, format=ox.RdfFormat.TURTLE), format=ox.RdfFormat.N_TRIPLES
        ) or pytest.fail("nothing was written")
    ledger.append(graph, body, origin="contribution", who=WISMAR, at=at(day))


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """A service with contributions of Wismar: in two versions, withdrawn, with many things."""
    settings = Settings.from_environment(
        {**SMALL, "KOGGE_HOME": str(tmp_path_factory.mktemp("graphs")), "KOGGE_CLIENT_QUERIES": "0"}
    )
    with TestClient(create_app(settings)):
        pass
    ledger = open_ledger(settings)
    publish(ledger, GRAPH, FIRST, 24)
    publish(ledger, GRAPH, SECOND, 25)
    publish(ledger, names.graph("wismar", "fort"), FIRST.replace(GRAPH, names.graph("wismar", "fort")), 24)
    publish(ledger, names.graph("wismar", "fort"), "", 26)
    many = "".join(
        f'project:nummer-{each} a kogge:Project ; skos:prefLabel "Nummer {each}"@de .\n' for each in range(90)
    )
    publish(
        ledger, names.graph("wismar", "viele"), HEAD.replace(GRAPH, names.graph("wismar", "viele")) + many, 24
    )
    publish(ledger, names.graph("wismar", "zeiten"), TIMES, 24)
    later = TIMES.replace('"2024-10"^^xsd:gYearMonth', '"2024-10-11"^^xsd:date').replace(
        "time:Interval ;", "time:Interval ; time:hasEnd instant:ende ;"
    )
    publish(ledger, names.graph("wismar", "zeiten"), later, 25)
    publish(ledger, names.graph("wismar", "kreis"), ROUND, 24)
    ledger.close()
    with TestClient(create_app(settings), raise_server_exceptions=False) as client:
        yield client


# Where its address leads


@pytest.mark.parametrize("accept", [BROWSER["Accept"], "text/html", "text/html, text/turtle;q=0.9"])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_browser_is_sent_to_the_page_in_its_language(served: TestClient, accept: str, method: str) -> None:
    asked = {"Accept": accept, "Accept-Language": "nl, de;q=0.5"}
    answer = served.request(method, f"/graph/{CURATED}", headers=asked, follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, f"/nl/graph/{CURATED}")
    assert answer.headers["vary"].startswith("Accept, Accept-Language")
    assert f'</graph/{CURATED}.ttl>; rel="alternate"; type="text/turtle"' in answer.headers["link"]


@pytest.mark.parametrize(
    ("accept", "type_"),
    [
        ("*/*", "text/turtle; charset=utf-8"),
        ("text/turtle, text/html;q=0.9", "text/turtle; charset=utf-8"),
        ("application/ld+json, text/html;q=0.1", "application/ld+json"),
        ("text/turtle, text/html", "text/turtle; charset=utf-8"),
    ],
)
def test_a_program_gets_data_as_before(served: TestClient, accept: str, type_: str) -> None:
    answer = served.get(f"/graph/{CURATED}", headers={"Accept": accept}, follow_redirects=False)
    assert (answer.status_code, answer.headers["content-type"]) == (200, type_)
    assert (
        f'</en/graph/{CURATED}>; rel="alternate"; type="text/html"; hreflang="en"' in answer.headers["link"]
    )


@pytest.mark.parametrize(
    ("path", "location"),
    [
        (f"/graph/{CURATED}.html", f"/de/graph/{CURATED}"),
        (f"/graph/{CURATED}?version=1", f"/de/graph/{CURATED}?version=1"),
        (f"/graph/{CURATED}?difference=0..1", f"/de/graph/{CURATED}?difference=0..1"),
        (f"/graph/{CURATED}/history", f"/de/graph/{CURATED}#versions"),
        ("/graph/kogge/derived", "/de/graph/kogge/derived"),
    ],
)
def test_versions_and_differences_have_pages(served: TestClient, path: str, location: str) -> None:
    answer = served.get(path, headers=BROWSER, follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, location)


def test_programs_get_differences_and_versions_as_json(served: TestClient) -> None:
    for path in (f"/graph/{CURATED}?difference=0..1", f"/graph/{CURATED}/history"):
        for accept in ("*/*", "application/json"):
            answer = served.get(path, headers={"Accept": accept}, follow_redirects=False)
            assert answer.headers["content-type"] == "application/json"


@pytest.mark.parametrize(
    "path", ["/graph/kogge/no-such", "/graph/kogge/no-such.html", "/graph/kogge/No_Slug"]
)
def test_a_graph_that_there_is_not_is_not_found(served: TestClient, path: str) -> None:
    assert served.get(path, headers=BROWSER, follow_redirects=False).status_code == 404


# What the page says


def test_a_contribution_says_who_sent_it_when_and_what(served: TestClient) -> None:
    said = words(page(served, "/de/graph/wismar/regen"))
    assert said.index("Beitrag von Wismar: regen") < said.index("Beigetragen von Wismar")
    assert "Zuerst veröffentlicht 24. November 2026" in said
    assert "Zuletzt geändert 25. November 2026" in said
    assert said.index("Projekte") < said.index("Regenspeicher <img") < said.index("läuft")
    assert "Motto Wir speichern" in said
    assert "CC BY 4.0" in said
    assert "geplant" not in said


def test_things_are_called_by_the_names_that_others_give_them(served: TestClient) -> None:
    text = page(served, "/de/graph/wismar/regen")
    assert '<a href="/de/municipality/wismar">Wismar</a>' in text
    assert '<a class="chip" href="/de/topic/parken">' in text


def test_a_member_is_told_with_the_day_on_which_it_joined(served: TestClient) -> None:
    text = page(served, f"/de/graph/{CURATED}")
    said = words(text)
    assert "Smarte Hanse: das Bündnis und seine Mitglieder" in said
    assert said.index("Bündnisse") < said.index("Mitgliedschaften")
    assert re.search(r"Lübeck.{0,200}Beginnt 23\. Oktober", said)
    assert "/instant/" not in text
    assert "/interval/" not in text
    assert 'href="/de/document/gruendung-smarte-hanse"' in text


def test_versions_can_be_read_compared_and_downloaded(served: TestClient) -> None:
    text = page(served, "/en/graph/wismar/regen")
    for link in ("?version=1", "?difference=1..2"):
        assert f'href="/en/graph/wismar/regen{link}"' in text
    for ending in ("ttl", "jsonld", "nt", "rdf", "json", "csv"):
        assert f'href="/graph/wismar/regen.{ending}"' in text
        assert served.get(f"/graph/wismar/regen.{ending}").status_code == 200
    assert text.index("Version 2") < text.index("Version 1")


def test_an_old_version_says_what_it_said_and_that_it_is_old(served: TestClient) -> None:
    text = page(served, "/de/graph/wismar/regen?version=1")
    said = words(text)
    assert "Dies ist eine frühere Fassung" in said
    assert "geplant" in said
    assert "Wir speichern" not in said
    assert 'href="/graph/wismar/regen.ttl?version=1"' in text
    assert "Dies ist eine frühere Fassung" not in words(page(served, "/de/graph/wismar/regen?version=2"))


def test_what_changed_is_told_by_name(served: TestClient) -> None:
    said = words(page(served, "/de/graph/wismar/regen?difference=1..2"))
    assert re.search(r"Stand\S* Vorher: geplant Jetzt: läuft", said)
    assert "Wir speichern" in said
    assert "Parken" not in said
    assert "Nichts ist anders." in words(page(served, "/de/graph/wismar/regen?difference=2..2"))


def test_a_membership_that_came_is_called_by_who_joined_what(served: TestClient) -> None:
    said = words(page(served, f"/de/graph/{CURATED}?difference=0..1"))
    assert "Kiel – Smarte Hanse neu" in said
    assert "org#Membership" not in said
    assert "smarte-hanse-kiel" not in said


def test_points_in_time_and_periods_are_told_by_their_dates(served: TestClient) -> None:
    said = words(page(served, "/de/graph/wismar/zeiten?difference=0..1"))
    assert re.search(r"Wismar – Smarte Hanse neu .{0,200}Mitglied seit Oktober 2024", said)
    assert "Zeitpunkt: Oktober 2024 neu" in said
    assert "Zeitraum: seit Oktober 2024 neu" in said
    said = words(page(served, "/de/graph/wismar/zeiten?difference=1..2"))
    assert "Zeitpunkt: 11. Oktober 2024 geändert" in said
    assert re.search(r"Vorher: Oktober 2024 Jetzt: 11\. Oktober 2024", said)
    assert re.search(r"Zeitraum: 11\. Oktober 2024 – 2025 geändert", said)
    assert "wismar/zeiten" not in said


@pytest.mark.parametrize("query", ["", "?difference=0..1"])
def test_periods_that_begin_with_each_other_do_no_harm(served: TestClient, query: str) -> None:
    assert "Wismar" in words(page(served, f"/de/graph/wismar/kreis{query}"))


def test_what_was_withdrawn_keeps_its_versions(served: TestClient) -> None:
    text = page(served, "/de/graph/wismar/fort")
    assert "Dieser Beitrag wurde zurückgezogen" in words(text)
    assert 'href="/de/graph/wismar/fort?version=1"' in text
    assert "Regenspeicher" in words(page(served, "/de/graph/wismar/fort?version=1"))


def test_of_many_things_the_first_are_shown(served: TestClient) -> None:
    said = words(page(served, "/de/graph/wismar/viele"))
    assert said.count("Nummer") == 60
    assert "Das sind die ersten 60 von 90." in said


def test_what_follows_by_rules_says_so_and_has_no_versions(served: TestClient) -> None:
    text = page(served, "/de/graph/kogge/derived")
    assert "Es folgt nach festen Regeln" in words(text)
    assert "?version=" not in text
    assert 'href="/graph/kogge/derived.ttl"' in text
    page(served, "/nl/graph/kogge/history")


@pytest.mark.parametrize("lang", names.LANGUAGES)
def test_what_is_hostile_stays_text(served: TestClient, lang: str) -> None:
    for query in ("", "?version=1", "?difference=0..2"):
        assert "<img" not in page(served, f"/{lang}/graph/wismar/regen{query}")


@pytest.mark.parametrize(
    ("query", "status"),
    [("?version=9", 404), ("?version=x", 400), ("?difference=1..9", 404), ("?difference=x", 400)],
)
def test_what_there_is_not_is_told(served: TestClient, query: str, status: int) -> None:
    page(served, "/de/graph/wismar/regen" + query, status)


def test_a_source_leads_to_the_page(served: TestClient) -> None:
    assert 'href="/de/graph/wismar/regen"' in page(served, "/de/project/wismar/regenspeicher")
    news = page(served, "/de/news")
    assert 'href="/de/graph/wismar/regen"' in news
    assert "/history" not in news


def test_who_has_the_page_already_is_told_so(served: TestClient) -> None:
    first = served.get("/de/graph/wismar/regen", headers=BROWSER)
    again = served.get("/de/graph/wismar/regen", headers={**BROWSER, "If-None-Match": first.headers["etag"]})
    assert again.status_code == 304
