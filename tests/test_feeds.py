"""Feed, calendar and map: what is new, when, and where, for programs that read them as they are."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET
from xml.etree.ElementTree import Element

import pytest
from icalendar import Calendar
from pyoxigraph import RdfFormat
from starlette.testclient import TestClient

from kogge import names, syntax
from kogge.desk import Desk
from kogge.ledger import Caller, Sending
from kogge.settings import Settings
from kogge.web import create_app

from .small import SMALL

A = "{http://www.w3.org/2005/Atom}"
LANG = "{http://www.w3.org/XML/1998/namespace}lang"
G = names.graph("luebeck", "projekte")
NEWS = {"de": "Neues", "en": "News", "nl": "Nieuws"}
PROJECT = names.thing("project", "luebeck/parken")


class Office:
    """A service with a home, and somebody who publishes in it without being reviewed."""

    def __init__(self, client: TestClient, desk: Desk) -> None:
        self.client, self.desk = client, desk
        self.steward = Caller(desk.partners.get("kogge"), "Stu", "steward", "t")

    def publish(self, turtle: str, graph: str = G) -> None:
        content = syntax.canonical(syntax.parse(turtle.encode(), RdfFormat.TURTLE))
        (receipt,) = self.desk.steps.stage([Sending(graph, "text/turtle", content, content)], self.steward)
        assert receipt.contribution
        self.desk.steps.accept(receipt.contribution.number, self.steward)


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    settings = Settings.from_environment(
        {**SMALL, "KOGGE_HOME": str(tmp_path / "home"), "KOGGE_FOUR_EYES": "off"}
    )
    desk = Desk.open(settings)
    with TestClient(create_app(settings, desk), raise_server_exceptions=False) as client:
        yield Office(client, desk)


def feed(client: TestClient, query: str = "", **headers: str) -> Element:
    answer = client.get(f"/feed.atom?{query}", headers=headers)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/atom+xml"
    return ET.fromstring(answer.content)


def entries(root: Element) -> dict[str, Element]:
    return {said(each, "id"): each for each in root.iter(A + "entry")}


def said(parent: Element, name: str) -> str:
    found = parent.findtext(A + name)
    assert found, f"{name} is missing or empty"
    return found


def links(parent: Element) -> dict[str, str]:
    return {str(each.get("rel")): str(each.get("href")) for each in parent.findall(A + "link")}


def project(title: str, topic: str = "parken", more: str = "") -> str:
    return f"""<{PROJECT}> a <{names.KOGGE}Project> ; <{names.SKOS}prefLabel> "{title}"@de, "{title} nl"@nl ;
        <{names.KOGGE}lead> <{names.ID}municipality/luebeck> ;
        <{names.KOGGE}topic> <{names.TOPIC}{topic}> {more} ."""


# The feed


def test_the_feed_has_what_atom_demands(web: TestClient) -> None:
    root = feed(web, "lang=de")
    assert root.tag == A + "feed"
    assert said(root, "id").startswith("https://w3id.org/kogge/")
    assert links(root)["self"] == "http://127.0.0.1:8000/feed.atom?lang=de"
    assert "alternate" in links(root)
    found = entries(root)
    assert len(found) == 50 == len(root.findall(A + "entry"))
    for entry in found.values():
        assert said(entry, "id").startswith("https://w3id.org/kogge/")
        assert said(entry, "published") <= said(entry, "updated") <= said(root, "updated")
        assert said(entry, "title")
        assert said(entry, "summary")
        assert entry.findtext(f"{A}author/{A}name")
        assert links(entry)["alternate"].startswith("http://127.0.0.1:8000/")


def test_all_pages_of_the_feed_are_linked_and_each_entry_is_on_one(web: TestClient) -> None:
    address, seen = "/feed.atom?lang=en", list[str]()
    for _ in range(100):
        root = ET.fromstring(web.get(address).content)
        seen += entries(root)
        following = links(root).get("next")
        if following is None:
            break
        address = following.removeprefix("http://127.0.0.1:8000")
    assert len(seen) == len(set(seen)) > 200
    assert names.thing("membership", "smarte-hanse-kiel") in seen
    assert names.thing("event", "expertentreffen-2019") in seen
    assert web.get("/feed.atom?page=1000").status_code == 404


@pytest.mark.parametrize(
    ("query", "there", "not_there"),
    [
        ("alliance=smarte-hanse", "membership/smarte-hanse-kiel", "event/expertentreffen-2019"),
        ("alliance=smarte-hanse", "need/schwerin-energie", "membership/regio-hub-potsdam"),  # a member's need
        ("municipality=kiel", "membership/smarte-hanse-kiel", "membership/smarte-hanse-wismar"),
        ("topic=energie", "event/exkursion-bike-tour-2019", "need/schwerin-verkehr"),  # on a narrower topic
        ("topic=energie&municipality=schwerin", "need/schwerin-energie", "need/schwerin-verkehr"),
    ],
)
def test_a_feed_is_restricted_to_what_concerns_one(
    web: TestClient, query: str, there: str, not_there: str
) -> None:
    found = entries(feed(web, query))
    assert names.ID + there in found
    assert names.ID + not_there not in found
    by_iri = entries(feed(web, query.replace("smarte-hanse", names.thing("alliance", "smarte-hanse"))))
    assert by_iri.keys() == found.keys()


def test_a_feed_speaks_the_language_that_is_wanted(web: TestClient) -> None:
    titles = {
        lang: said(feed(web, f"alliance=smarte-hanse&lang={lang}"), "title") for lang in names.LANGUAGES
    }
    assert titles == {lang: f"Kogge · Smarte Hanse · {word}" for lang, word in NEWS.items()}
    for lang, kind in {"de": "Mitgliedschaft", "en": "membership", "nl": "lidmaatschap"}.items():
        root = feed(web, "alliance=smarte-hanse", **{"Accept-Language": f"fr, {lang};q=0.8"})
        assert root.get(LANG) == lang
        entry = entries(root)[names.ID + "membership/smarte-hanse-kiel"]
        assert entry.find(A + "category").get("label") == kind  # type: ignore[union-attr]
        assert said(entry, "title") == "Kiel · Smarte Hanse"
    assert "Accept-Language" in web.get("/feed.atom").headers["Vary"]
    assert web.get("/feed.atom?lang=fr").status_code == 400


def test_what_is_published_comes_first_and_keeps_its_id_when_it_changes(office: Office) -> None:
    before = feed(office.client)
    assert PROJECT not in entries(before)
    office.publish(project("Smart Parken"))
    first = entries(feed(office.client, "lang=nl"))[PROJECT]
    assert said(first, "title") == "Smart Parken nl"
    office.publish(project("Klug Parken", topic="radverkehr"))
    root = feed(office.client, "topic=radverkehr&lang=de")
    assert next(iter(entries(root))) == PROJECT
    entry = entries(root)[PROJECT]
    assert said(entry, "title") == "Klug Parken"
    assert said(entry, "published") == said(first, "published") <= said(entry, "updated")
    assert PROJECT not in entries(feed(office.client, "topic=parken"))
    assert f"{G}?version=2" in entries(feed(office.client))
    assert links(entry)["via"] == "http://127.0.0.1:8000/graph/luebeck/projekte?version=2"
    office.desk.steps.delete(G, office.steward)
    found = entries(feed(office.client, "lang=de"))
    assert PROJECT not in found
    assert said(found[f"{G}?version=3"], "title") == "luebeck/projekte, Fassung 3 (gelöscht)"


def test_what_is_erased_is_in_no_feed(office: Office) -> None:
    jan = names.thing("person", "jan-muster")
    office.publish(project("Smart Parken", more=f"; <{names.KOGGE}contact> <{jan}>"))
    assert PROJECT in entries(feed(office.client))
    office.desk.steps.erase(jan, office.steward)
    assert PROJECT in entries(feed(office.client))
    assert "jan-muster" not in office.client.get("/feed.atom").text


def test_texts_that_no_xml_can_have_do_no_harm(office: Office) -> None:
    office.publish(project("A \\u0007 & <b>"))
    assert said(entries(feed(office.client, "lang=de"))[PROJECT], "title") == "A  & <b>"


# The calendar


def events(client: TestClient, query: str = "") -> dict[str, Any]:
    answer = client.get(f"/events.ics?{query}")
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "text/calendar; charset=utf-8"
    assert all(len(line) <= 75 for line in answer.content.split(b"\r\n"))
    calendar = Calendar.from_ical(answer.content)
    return {str(event["UID"]): event for event in calendar.walk("VEVENT")}


def test_events_are_on_days_and_on_nothing_more_exact(web: TestClient) -> None:
    found = events(web)
    meeting = found[names.thing("event", "arbeitstreffen-2009")]
    assert meeting["DTSTART"].dt == date(2009, 11, 25)
    assert meeting["DTEND"].dt == date(2009, 11, 26)
    assert meeting["DTSTART"].params["VALUE"] == "DATE"
    assert str(meeting["LOCATION"]) == "Bremer Rathaus, Bremen"
    assert all(type(event["DTSTART"].dt) is date for event in found.values())
    assert {event["DTSTAMP"].dt.tzname() for event in found.values()} == {"UTC"}


@pytest.mark.parametrize("slug", ["expertentreffen-2017", "austausch-modellkommunen", "barcamp-smart-water"])
def test_a_year_a_day_without_a_year_and_no_date_are_in_no_calendar(web: TestClient, slug: str) -> None:
    assert not [uid for uid in events(web) if slug in uid]


def test_both_days_are_shown_where_sources_disagree(web: TestClient) -> None:
    found = {uid: event for uid, event in events(web, "lang=en").items() if "expertentreffen-2019" in uid}
    days = {event["DTSTART"].dt: str(event["DESCRIPTION"]) for event in found.values()}
    assert days.keys() == {date(2019, 11, 7), date(2019, 11, 12)}
    assert days[date(2019, 11, 7)].endswith("Another source gives another day: 2019-11-12.")


def test_a_calendar_of_an_alliance_in_a_language(web: TestClient) -> None:
    everything, of_one = events(web), events(web, "alliance=trilaterale-kooperation&lang=en")
    assert 0 < len(of_one) < len(everything)
    meeting = of_one[names.thing("event", "arbeitstreffen-2009")]
    assert str(meeting["SUMMARY"]) == "Working meeting in the town hall of Bremen 2009"
    assert meeting["SUMMARY"].params["LANGUAGE"] == "en"
    assert web.get("/events.ics?alliance=hanse-der-zukunft").status_code == 404


def test_a_new_version_is_told_by_its_time_alone(office: Office) -> None:
    event = names.thing("event", "luebeck/forum")
    said_ = (
        f'<{event}> a <{names.KOGGE}Event> ; <https://schema.org/startDate> "2027-03-01"^^<{names.XSD}date>'
    )
    office.publish(f'{said_} ; <{names.SKOS}prefLabel> "Forum"@de .')
    first = events(office.client)[event]
    office.publish(f'{said_} ; <{names.SKOS}prefLabel> "Großes Forum"@de .')
    second = events(office.client)[event]
    assert str(second["SUMMARY"]) == "Großes Forum"
    version = office.desk.steps.history(G)[-1]
    assert second["DTSTAMP"].dt.strftime("%Y-%m-%dT%H:%M:%SZ") == version.at >= str(first["DTSTAMP"].dt)[:10]


# The map


def features(client: TestClient, query: str = "") -> dict[str, Any]:
    answer = client.get(f"/places.geojson?{query}")
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/geo+json"
    found = json.loads(answer.content)
    assert found["type"] == "FeatureCollection"
    return {each["properties"]["name"]: each for each in found["features"]}


def test_a_place_lies_where_it_is_longitude_first(web: TestClient) -> None:
    place = features(web)["Groningen"]
    assert place["geometry"] == {"type": "Point", "coordinates": [6.56667, 53.21917]}
    properties = place["properties"]
    assert properties["label"] == {"de": "Groningen", "en": "Groningen", "nl": "Groningen"}
    assert (properties["country"], properties["population"], properties["populationDate"]) == (
        "NL",
        243800,
        "2024-01-01",
    )
    (alliance,) = properties["alliances"]
    assert alliance["label"]["nl"] == "Trilaterale samenwerking Bremen–Oldenburg–Groningen"
    assert alliance["status"] == "inForce"
    assert properties["evidence"] > 0


def test_the_box_holds_all_places_and_each_place_is_there_once(web: TestClient) -> None:
    found = web.get("/places.geojson").json()
    west, south, east, north = found["bbox"]
    points = [each["geometry"]["coordinates"] for each in found["features"]]
    assert all(west <= x <= east and south <= y <= north for x, y in points)
    ids = [each["id"] for each in found["features"]]
    assert len(ids) == len(set(ids)) > 15


def test_places_of_an_alliance_and_of_a_topic(web: TestClient) -> None:
    assert {"Kiel", "Wismar"} < features(web, "alliance=smarte-hanse").keys()
    assert "Groningen" not in features(web, "alliance=smarte-hanse")
    hydrogen = features(web, "topic=wasserstoff")
    assert hydrogen.keys() == {"Groningen", "Bremen", "Oldenburg (Oldb)"}
    assert hydrogen["Groningen"]["properties"]["evidence"] == 2
    assert features(web, "topic=wasserstoff&alliance=smarte-hanse") == {}
    for query in ("topic=gibtesnicht", "alliance=gibtesnicht", "topic=<>"):
        answer = web.get("/places.geojson", params=dict([query.split("=")]))
        assert (answer.status_code, bool(answer.json()["advice"])) == (404, True)


@pytest.mark.parametrize("path", ["/feed.atom?lang=de", "/events.ics?lang=de", "/places.geojson"])
def test_they_are_asked_for_cheaply(web: TestClient, path: str) -> None:
    first = web.get(path, headers={"Origin": "https://else.example"})
    assert first.headers["Access-Control-Allow-Origin"] == "*"
    assert first.headers["Content-Encoding"] == "gzip"
    again = web.get(path, headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert web.head(path).headers["ETag"] == first.headers["ETag"]
