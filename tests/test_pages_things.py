"""Pages about things: every thing has one, every statement its source, and what is hostile stays text."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final

import pyoxigraph as ox
import pytest
from starlette.testclient import TestClient

from kogge import names
from kogge.desk import open_ledger
from kogge.settings import Settings
from kogge.store.rows import Value
from kogge.web import create_app
from kogge.web.pages import alliance, compare, facts, joined, portrait
from kogge.web.pages.dates import shown

from .reading import BROWSER, page, words
from .small import SMALL

HOSTILE: Final = "<img src=x onerror=alert(1)>&\\\"'"
AT: Final = datetime(2026, 11, 22, 12, tzinfo=UTC)
GRAPH: Final = f"""@prefix dcterms: <http://purl.org/dc/terms/> .
@prefix id: <https://w3id.org/kogge/id/> .
@prefix kogge: <https://w3id.org/kogge/ontology#> .
@prefix schema: <https://schema.org/> .
@prefix skos: <http://www.w3.org/2004/02/skos/core#> .
@prefix topic: <https://w3id.org/kogge/topic/> .
@prefix vcard: <http://www.w3.org/2006/vcard/ns#> .
@prefix foaf: <http://xmlns.com/foaf/0.1/> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .

<https://w3id.org/kogge/id/municipality/luebeck>
    kogge:contact <https://w3id.org/kogge/id/contact/luebeck/stabsstelle> .
<https://w3id.org/kogge/id/contact/luebeck/stabsstelle> a kogge:Contact ;
    skos:prefLabel "Stabsstelle {HOSTILE}"@de ; vcard:hasEmail <mailto:digital@luebeck.example> ;
    vcard:hasTelephone <tel:+49-451-1> ; vcard:hasURL <javascript:alert(1)> ;
    dcterms:source <https://w3id.org/kogge/id/document/luebeck/meldung> .
<https://w3id.org/kogge/id/document/luebeck/meldung> a foaf:Document ;
    skos:prefLabel "Meldung {HOSTILE}"@de ; dcterms:issued "2025-03"^^xsd:gYearMonth ;
    foaf:page <javascript:alert(2)> .
<https://w3id.org/kogge/id/project/luebeck/parken> a kogge:Project ;
    skos:prefLabel "Parken {HOSTILE}"@de ; kogge:lead <https://w3id.org/kogge/id/municipality/luebeck> ;
    kogge:status kogge:running ; kogge:topic topic:parken ;
    kogge:obstacle "Die Sensoren froren ein {HOSTILE}"@de ; kogge:outcome "Weniger Suchverkehr"@de ;
    kogge:reusedFrom <https://w3id.org/kogge/id/project/groningen-nachhaltigkeit-energie> ;
    kogge:contact <https://w3id.org/kogge/id/contact/luebeck/stabsstelle> ;
    dcterms:source <https://w3id.org/kogge/id/document/luebeck/meldung> .
<https://w3id.org/kogge/id/event/luebeck/parktag> a kogge:Event ; skos:prefLabel "Parktag"@de ;
    schema:startDate "2025-03-01"^^xsd:date, "2025-04-02"^^xsd:date ; kogge:status kogge:held ;
    kogge:host <https://w3id.org/kogge/id/municipality/luebeck> ;
    dcterms:source <https://w3id.org/kogge/id/document/luebeck/meldung> .
"""
SEEKING: Final = ("bremen", "groningen", "kiel", "oldenburg", "rostock", "schwerin", "wismar")
NEED: Final = """
<https://w3id.org/kogge/id/need/luebeck/{0}> a kogge:Need ; skos:prefLabel "Parken in {0}"@de ;
    kogge:holder <https://w3id.org/kogge/id/municipality/{0}> ;
    kogge:topic topic:parken ; kogge:status kogge:open ;
    dcterms:source <https://w3id.org/kogge/id/document/luebeck/meldung> .
"""


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """A service with a contribution of Lübeck, and a person who was erased."""
    settings = Settings.from_environment(
        {
            **SMALL,
            "KOGGE_HOME": str(tmp_path_factory.mktemp("things")),
            "KOGGE_CLIENT_SECONDS": "0",
            "KOGGE_CLIENT_QUERIES": "0",
        }
    )
    with TestClient(create_app(settings)):
        pass
    ledger = open_ledger(settings)
    graph, who = names.graph("luebeck", "parken"), names.thing("municipality", "luebeck")
    said = GRAPH + "".join(map(NEED.format, SEEKING))
    body = ox.serialize(ox.parse(said, format=ox.RdfFormat.TURTLE), format=ox.RdfFormat.N_TRIPLES)
    assert body
    ledger.append(graph, body, origin="contribution", who=who, at=AT)
    ledger.erasures.erase(names.thing("person", "gerd-schwandner"), who, AT)
    ledger.close()
    with TestClient(create_app(settings), raise_server_exceptions=False) as client:
        yield client


def things(client: TestClient) -> list[str]:
    query = "SELECT DISTINCT ?thing WHERE { ?thing a ?class } ORDER BY ?thing"
    answer = client.get(
        "/sparql", params={"query": query}, headers={"Accept": "application/sparql-results+json"}
    )
    found = [row["thing"]["value"] for row in json.loads(answer.text)["results"]["bindings"]]
    return [iri for iri in found if names.kind_of(iri) not in ("", "graph")]


def unsourced(text: str) -> list[str]:
    """Entries of lists, and lists of facts, that name no document."""
    entries = re.split(r'<li class="entry">', text)[1:]
    lists = re.findall(r'<dl class="facts ">.*?</section>|<dl class="facts ">.*?<aside', text, re.DOTALL)
    return [part[:200] for part in (*entries, *lists) if "/document/" not in part]


def test_every_thing_has_a_page_and_every_statement_on_it_its_source(served: TestClient) -> None:
    every = things(served)
    assert len({names.kind_of(iri) for iri in every}) > 20
    wrong = []
    # What was derived looks all the same: it is tried in one language.
    asked = [
        (iri, lang) for iri in every for lang in names.LANGUAGES if "/expertise/" not in iri or lang == "nl"
    ]
    for iri, lang in asked:
        answer = served.get(f"/{lang}/{names.kind_of(iri)}/{names.slug_of(iri)}", headers=BROWSER)
        if answer.status_code != 200 or (names.kind_of(iri) != "document" and unsourced(answer.text)):
            wrong.append((answer.status_code, iri, unsourced(answer.text)[:1]))
    assert wrong == []


def test_a_page_links_to_nothing_that_is_not_there(served: TestClient) -> None:
    seen = [
        "municipality/groningen",
        "alliance/smarte-hanse",
        "event/expertentreffen-2019",
        "topic/wasserstoff",
    ]
    hrefs = {href for path in seen for href in re.findall(r'href="(/de/[^"]+)"', page(served, "/de/" + path))}
    assert len(hrefs) > 60
    dead = {href for href in hrefs if served.get(html.unescape(href), headers=BROWSER).status_code != 200}
    assert dead == set()


# What a page says


def test_sources_that_contradict_each_other_stand_side_by_side(served: TestClient) -> None:
    said = words(page(served, "/de/event/expertentreffen-2019"))
    first = said.index("12. November 2019 Quelle: Bericht über das Expertentreffen in Groningen 2019")
    second = said.index("7. November 2019 Quellen: Seite der Stadt Oldenburg")
    assert first < second < said.index("Die Quellen widersprechen einander.")


def test_dates_that_agree_are_no_conflict(served: TestClient) -> None:
    said = words(page(served, "/de/event/unterzeichnung-smarte-hanse"))
    assert "23. Oktober 2023 Quelle: Pressemitteilung" in said
    assert "widersprechen" not in said


def test_who_was_erased_is_gone_and_not_merely_missing(served: TestClient) -> None:
    said = words(page(served, "/de/person/gerd-schwandner", 410))
    assert "Schwandner" not in said
    page(served, "/de/person/niemand", 404)
    page(served, "/de/municipality/Kein_Slug", 404)


def test_a_municipality_says_whom_to_call_and_what_did_not_work(served: TestClient) -> None:
    text = page(served, "/de/municipality/luebeck")
    said = words(text)
    assert 'href="mailto:digital@luebeck.example"' in text
    assert "+49-451-1" in said
    assert "Die Sensoren froren ein" in said
    assert "Projekte zu Nachhaltigkeit und Energie in Groningen" in said  # reused from there
    assert "seit 23. Oktober 2023" in said
    assert "Noch keine" not in said
    assert "Uns ist noch keine Ansprechstelle genannt." in words(page(served, "/de/municipality/kiel"))


def test_of_those_who_seek_what_a_city_has_the_first_are_named_and_all_are_linked(served: TestClient) -> None:
    text = page(served, "/de/municipality/luebeck")
    entry = text[text.index('id="wanted"') :].partition("</section>")[0]
    assert entry.count("Gesucht von") == 5
    links = re.findall(r'href="(/de/needs\?topic=[a-z]+)"', entry)
    assert links == ["/de/needs?topic=parken", "/de/needs?topic=mobilitaet"]  # what is broader is met, too
    listed = " ".join(page(served, href) for href in links)
    assert [town for town in SEEKING if f"Parken in {town}" not in listed] == []
    assert "Schwerin sucht Wissen zum Verkehr" in listed


def test_a_municipality_without_anything_says_so_and_invites(served: TestClient) -> None:
    text = page(served, "/nl/province/provincie-groningen")
    assert "Hier is nog niets bekend" in words(text)
    assert 'href="/nl/help#contribute"' in text


def test_who_could_help_stands_by_the_need(served: TestClient) -> None:
    said = words(page(served, "/de/municipality/schwerin"))
    assert said.index("Sucht Rat") < said.index("Wer helfen könnte") < said.index("Groningen außerhalb")


def test_d06_d07_what_is_hostile_stays_text_and_never_becomes_a_link(served: TestClient) -> None:
    for path in (
        "municipality/luebeck", "project/luebeck/parken", "contact/luebeck/stabsstelle", "topic/parken",
        "document/luebeck/meldung", "documents", "event/luebeck/parktag",
        "compare?a=luebeck&b=kiel", "project/groningen-nachhaltigkeit-energie",
    ):  # fmt: skip
        text = page(served, "/de/" + path)
        assert "<img" not in text, path
        assert "javascript:" not in " ".join(re.findall(r'href="([^"]*)"', text)), path
    assert "Parken <img src=x" in words(
        page(served, "/de/project/luebeck/parken").replace("&lt;", "&amp;lt;")
    ) or ("&lt;img" in page(served, "/de/project/luebeck/parken"))


def test_a_project_tells_its_story_and_who_took_it_over(served: TestClient) -> None:
    said = words(page(served, "/en/project/luebeck/parken"))
    assert said.index("What came of it Weniger Suchverkehr") < said.index("What did not work Die Sensoren")
    taken = words(page(served, "/en/project/groningen-nachhaltigkeit-energie"))
    assert taken.index("Taken over by others") < taken.index("Parken")


def test_an_alliance_holds_named_numbers_against_what_is_counted(served: TestClient) -> None:
    said = words(page(served, "/de/alliance/smarte-hanse"))
    assert "7 genannt, 7 gezählt. Das stimmt überein." in said
    assert "Lübeck Initiator Gründungsmitglied seit 23. Oktober 2023" in said
    intended = words(page(served, "/de/alliance/regio-hub"))
    assert "12 beabsichtigte Mitglieder" in intended
    assert "12 Mitglieder" not in intended
    assert "Soweit bekannt, hat niemand unterschrieben." in intended


def test_a_topic_has_its_three_names_and_the_best_holders(served: TestClient) -> None:
    said = words(page(served, "/nl/topic/wasserstoff"))
    assert said.index("Groningen") < said.index("Bremen") < said.index("Duits Wasserstoff")
    assert "Engels hydrogen" in said
    assert "Nog niemand heeft bewijs." in words(page(served, "/nl/topic/vorausschauende-wartung"))


def test_a_topic_with_many_things_says_how_many_and_leads_to_all(served: TestClient) -> None:
    text = page(served, "/de/topic/smart-city")
    said = re.search(r"Von (\d+) Einträgen stehen hier 24\.", words(text))
    assert said
    link = re.search(r'<a href="(/de/sparql[?]query=[^"]+)">Alle als Tabelle</a>', text)
    assert link
    table = page(served, html.unescape(link[1]))
    assert table.count("<tr") - 1 == int(said[1]) > 24
    assert "Alle als Tabelle" not in words(page(served, "/de/topic/digitalisierung"))


def test_a_person_has_offices_at_the_dates_of_documents_and_no_address(served: TestClient) -> None:
    text = page(served, "/de/person/jan-lindenau")
    assert "Bürgermeister/in, Lübeck SPD Quelle: Bericht über die Gründung" in words(text)
    assert "mailto:" not in text


def test_a_document_says_what_was_taken_from_it(served: TestClient) -> None:
    said = words(page(served, "/de/document/gruendung-smarte-hanse"))
    assert "Titel des Originals Digitalisierungsbündnis der Hansestädte" in said
    assert "Sprache Deutsch" in said
    assert "Absichtserklärung der Smarten Hanse" in said


def test_a_page_names_its_representations_for_programs(served: TestClient) -> None:
    text = page(served, "/de/municipality/kiel")
    for type_, end in (("text/turtle", "ttl"), ("application/ld+json", "jsonld"), ("text/csv", "csv")):
        assert f'<link rel="alternate" type="{type_}" href="/id/municipality/kiel.{end}">' in text


# Two things side by side


def test_two_municipalities_are_compared(served: TestClient) -> None:
    said = words(page(served, "/de/compare?a=schwerin&b=groningen"))
    assert "Schwerin sucht, was Groningen hat" in said
    assert "In keinem Bündnis gemeinsam." in said
    assert "Nur Groningen kennt sich aus mit" in said
    both = words(page(served, "/de/compare?a=bremen&b=groningen"))
    assert both.index("Beide kennen sich aus mit") < both.index("Wasserstoff")
    assert "In denselben Bündnissen Trilaterale Kooperation" in both


def test_two_alliances_are_compared(served: TestClient) -> None:
    said = words(page(served, "/en/compare?a=alliance/smarte-hanse&b=alliance/trilaterale-kooperation"))
    assert "Members 7 3" in said
    assert "No member in common." in said


@pytest.mark.parametrize(
    "asked", ["", "?a=kiel", "?a=kiel&b=kiel", "?a=kiel&b=alliance/smarte-hanse", "?a=/&b=<b>"]
)
def test_what_cannot_be_compared_is_chosen_anew(served: TestClient, asked: str) -> None:
    text = page(served, "/de/compare" + asked)
    assert text.count("<select") == 2
    assert ("Wählen Sie zwei verschiedene" in text) == ("b=" in asked)


def test_comparing_with_what_is_not_there_is_not_found(served: TestClient) -> None:
    page(served, "/de/compare?a=kiel&b=nirgendwo", 404)


# The parts


@pytest.mark.parametrize(
    ("values", "clash"),
    [
        (["2009", "2009-05-07"], False),
        (["--10-23", "2023-10-23"], False),
        (["2019-11-12", "2019-11-07"], True),
        (["2009", "2009-05-07", "2010"], True),
        (["2009"], False),
        ([], False),
    ],
)
def test_dates_disagree_only_where_one_is_not_the_other_with_less_precision(
    values: list[str], clash: bool
) -> None:
    assert facts.disagree(values) == clash


@pytest.mark.parametrize(
    ("value", "lang", "text"),
    [
        ("--10-23", "de", "23. Oktober"),
        ("--02-29", "en", "29 February"),
        ("--13-01", "de", "--13-01"),
        ("2019-11", "nl", "november 2019"),
    ],
)
def test_a_date_keeps_its_precision(value: str, lang: str, text: str) -> None:
    assert shown(value, lang=lang) == text


def test_a_text_is_read_in_the_best_language_that_each_source_has() -> None:
    said = tuple(
        facts.Said(Value(text, lang=lang), None, graph, ())
        for text, lang, graph in [
            ("Hallo", "de", "1"),
            ("Hello", "en", "1"),
            ("Dag", "nl", "2"),
            ("Tag", "de", "3"),
        ]
    )
    thing = facts.Thing(names.thing("project", "x"), "nl", {"dcterms:description": said})
    assert [one.value.text for one in thing.all("dcterms:description")] == ["Hallo", "Dag", "Tag"]
    one = thing.one("dcterms:description")
    assert one is not None
    assert one.value.text == "Dag"


def test_the_most_precise_of_dates_that_agree_is_shown() -> None:
    said = [facts.Said(Value(text), None, "g", ()) for text in ("2009", "2009-05", "2009-05-07")]
    assert [one.value.text for one in portrait.precise(said)] == ["2009-05-07"]
    said.append(facts.Said(Value("2010"), None, "g", ()))
    assert len(portrait.precise(said)) == 4


def test_the_time_line_begins_with_the_first_and_marks_what_has_no_date() -> None:
    def member(name: str, since: str) -> joined.Joined:
        side = facts.Said(Value(names.thing("municipality", name), "iri"), Value(name), "g", ())
        dated = {"dcterms:date": (facts.Said(Value(since), None, "g", ()),)} if since else {}
        empty = facts.Thing(names.thing("membership", name), "de", {})
        return joined.Joined(empty, side, side, facts.Thing("x", "de", dated), None)

    line = alliance.time_line([member("a", "2009-05-07"), member("b", "2020"), member("c", "--10-23")])
    assert line.years[0][0] == 2009
    assert [bar.open for bar in line.bars] == [False, False, True]
    assert line.bars[0].x < line.bars[1].x
    assert all(bar.x + bar.width <= alliance.WIDTH for bar in line.bars)


def test_what_is_compared_is_named_by_slug_kind_or_iri() -> None:
    assert compare._asked("kiel") == "municipality/kiel"
    assert compare._asked(names.thing("alliance", "smarte-hanse")) == "alliance/smarte-hanse"
    assert compare._asked("Lübeck") == "municipality/luebeck"
    assert compare._asked("person/jan-lindenau") == ""
    assert compare._asked("municipality/../x") == ""
