"""The search and its neighbours as pages: all states, three languages, what hostile questions do to them."""

from __future__ import annotations

import re
from html import unescape
from html.parser import HTMLParser
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from kogge import names
from kogge.desk import Desk
from kogge.web.pages.search_view import Asked, view

from .reading import BROWSER

HOSTILE: Final = "<script>alert('x')</script>\" onfocus=\"alert(1)"
QUESTIONS: Final = (
    "Digitalisierung", "Wasserstoff", "Digitalisierung in Niedersachsen", "Verkehr und Energie",
    "Wer weiß etwas über Smart City in der Smarten Hanse", "Erfahrung mit Energie und Abfall in Bremen",
    "welche Landkreise haben Smart City", "Innovationsmobil", "Wer plant Smart City",
)  # fmt: skip


class Shown(HTMLParser):
    """A page as a test looks at it: tags with attributes, and the text without tags."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.words: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    @property
    def text(self) -> str:
        """The text of the page."""
        return " ".join(" ".join(self.words).split())

    def field(self) -> dict[str, str]:
        """The field of the question."""
        return next(attrs for tag, attrs in self.tags if attrs.get("id") == "q")

    def links(self, beginning: str) -> list[str]:
        """Where links lead whose id begins so."""
        return [
            attrs["href"]
            for tag, attrs in self.tags
            if tag == "a" and attrs.get("id", "").startswith(beginning)
        ]

    def hrefs(self) -> list[str]:
        """Where all links lead."""
        return [attrs["href"] for tag, attrs in self.tags if tag == "a"]


def shown(web: TestClient, path: str, status: int = 200) -> Shown:
    answer = web.get(path, headers=BROWSER)
    assert answer.status_code == status, answer.text
    return Shown(answer.text)


def asked(href: str) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(href).query))


def query(href: str) -> str:
    return urlsplit(href).query


# The start page


@pytest.mark.parametrize("lang", names.LANGUAGES)
def test_the_start_page_offers_fields_alliances_and_examples_from_the_graph(
    web: TestClient, lang: str
) -> None:
    page = shown(web, f"/{lang}/")
    topics = {asked(href)["topic"] for href in page.hrefs() if "topic=" in href}
    assert {"digitalisierung", "mobilitaet", "lebensqualitaet", "energie"} <= topics
    assert {f"/{lang}/alliance/{each}" for each in ("smarte-hanse", "regio-hub")} <= set(page.hrefs())
    assert {"de": "7 Mitglieder", "en": "7 members", "nl": "7 leden"}[lang] in page.text
    assert re.search(r"86 \w+, 86", page.text)
    for href in page.hrefs():
        if "topic=" in href:
            assert web.get(href, headers=BROWSER).status_code == 200


def test_an_example_has_an_answer(desk: Desk) -> None:
    examples: Any = desk.fields("de")["examples"]
    assert 3 <= len(examples) <= 5
    for each in examples:
        found = desk.who(topics=[each["iri"]])
        assert found["proven"], each
        assert each["count"] > 0


# Answers


def test_an_answer_says_who_why_how_much_and_from_where(web: TestClient) -> None:
    page = shown(web, "/de/?q=Wasserstoff")
    for words in (
        "3 Antworten zu Wasserstoff", "Groningen", "5 Punkte", "gezeigt", "deutlich",
        "Exkursion Fahrradtour durch Groningen 2019", "12. November 2019",
        "Quelle: Bericht über das Expertentreffen in Groningen 2019", "1 weiterer Beleg",
        "Teilnehmende nur für das ganze Treffen bekannt",
    ):  # fmt: skip
        assert words in page.text
    assert (
        page.text.index("Groningen NL") < page.text.index("Bremen DE") < page.text.index("Oldenburg (Oldb)")
    )
    assert "/de/document/expertentreffen-2019" in page.hrefs()
    assert ("svg", "img") in [(tag, attrs.get("role")) for tag, attrs in page.tags]


def test_of_many_reasons_some_are_unfolded_and_a_link_leads_to_all(web: TestClient, desk: Desk) -> None:
    found = desk.who("", topics=["digitalisierung"], lang="de", limit=20)["results"]
    many = next(each for each in found if len(each["evidence"]) > 5 and not each["through"])
    text = web.get("/de/?topic=digitalisierung", headers=BROWSER).text
    number = len(many["evidence"])
    words = f'Alle {number} Belege<span class="unseen"> – {many["holder"]["label"]}'
    link = re.search(rf'<a href="([^"]+)">{re.escape(words)}', text)
    assert link
    assert f"{number - 1} weitere Belege" in text
    alone = shown(web, unescape(link[1]))
    assert "1 Antwort" in alone.text
    for piece in many["evidence"]:
        assert piece["label"] in alone.text
    assert "weitere Belege" not in alone.text


@pytest.mark.parametrize("kind", ["municipality", "district", "alliance", "state", "organisation"])
def test_the_link_to_all_reasons_has_an_answer_of_that_holder(desk: Desk, kind: str) -> None:
    found = desk.search("", topics=["digitalisierung"], lang="de", limit=100)
    one = next((each for each in found["results"] if each["holder"]["kind"] == kind), None)
    assert one
    query = view(Asked(topic=("digitalisierung",)), found, {}, "de").every(one)
    if query is None:
        assert kind in ("district", "state", "organisation")
        return
    again = Asked.of(parse_qsl(urlencode(query, doseq=True)))
    alone = desk.search("", **again.parameters("de"))
    assert [each["holder"]["iri"] for each in alone["results"]] == [one["holder"]["iri"]]
    assert alone["results"][0]["evidence"] == one["evidence"]


@pytest.mark.parametrize(
    ("q", "words"),
    [
        ("Verkehr", "anderes Wort: „Verkehr“"),
        ("Waserstof", "Sie schrieben „Waserstof“"),
        ("Abfallportal", "steckt in „Abfallportal“"),
        ("Smarten Hanse Energie", "andere Form: „Smarten Hanse“"),
    ],
)
def test_what_was_understood_says_how(web: TestClient, q: str, words: str) -> None:
    assert words in shown(web, f"/de/?q={q}").text


@pytest.mark.parametrize(
    ("lang", "q", "words"),
    [
        ("de", "Wasserstoff in Timbuktu", "Nicht verstanden: Timbuktu"),
        ("en", "hydrogen in Atlantis or Timbuktu", "Not understood: Atlantis, Timbuktu"),
        ("nl", "bibliotheken in Utrecht", "Niet begrepen: Utrecht"),
    ],
)
def test_what_was_not_understood_is_said(web: TestClient, lang: str, q: str, words: str) -> None:
    assert words in shown(web, f"/{lang}/?q={q}").text
    assert words.partition(":")[0] not in shown(web, f"/{lang}/?q={q.split()[0]}").text


def test_a_topic_that_was_understood_can_be_taken_away(web: TestClient) -> None:
    page = shown(web, "/de/?q=Verkehr und Energie in der Smarten Hanse")
    without = [
        href for href in page.hrefs() if asked(href) == {"topic": "mobilitaet", "alliance": "smarte-hanse"}
    ]
    assert without
    assert shown(web, without[0]).field()["value"] == "Mobilität"
    free = [
        href for href in page.hrefs() if "topic=mobilitaet&topic=energie" in href and "alliance" not in href
    ]
    assert "4 Antworten" in shown(web, free[0]).text


def test_several_alliances_are_either_or_and_each_can_be_taken_away(web: TestClient) -> None:
    page = shown(web, "/de/?q=Smart City in der Smarten Hanse und im Regio.hub")
    assert "6 Antworten" in page.text
    for left, count in (("smarte-hanse", "3 Antworten"), ("regio-hub", "3 Antworten")):
        (href,) = {href for href in page.hrefs() if query(href) == f"topic=smart-city&alliance={left}"}
        assert count in shown(web, href).text
    chosen = {attrs["id"] for _, attrs in page.tags if attrs.get("aria-current") and "id" in attrs}
    assert {"filter-alliance-smarte-hanse", "filter-alliance-regio-hub"} <= chosen
    again = shown(web, "/de/?topic=smart-city&alliance=smarte-hanse&alliance=regio-hub")
    assert "6 Antworten" in again.text
    (data,) = [href for href in again.hrefs() if "/expertise.json?" in href]
    assert web.get(data).json()["question"]["filters"] == {"alliance": ["smarte-hanse", "regio-hub"]}
    nobody = shown(web, "/de/?q=Wasserstoff in der Smarten Hanse oder im Regio.hub")
    assert re.search("ohne „[^“]*, [^“]*“ 3 Antworten", nobody.text)


def test_several_cities_stay_the_question_when_a_topic_is_taken_away(web: TestClient) -> None:
    page = shown(web, "/de/?q=Was wissen Bremen und Oldenburg über Bibliotheken und Wasserstoff")
    left = "topic=wasserstoff&municipality=bremen&municipality=oldenburg"
    (href,) = {href for href in page.hrefs() if query(href) == left}
    assert "2 Antworten" in shown(web, href).text


def test_a_topic_that_may_be_meant_otherwise_can_be_read_otherwise(web: TestClient) -> None:
    page = shown(web, "/de/?q=Wasserstofff")
    readings = re.search(r"Meinten Sie: (.+?) \?", page.text)
    assert readings
    assert "Wasserstoff" in readings[1]


def test_words_that_mean_nothing_are_answered_with_what_begins_alike(web: TestClient) -> None:
    page = shown(web, "/de/?q=Wasserqqq")
    assert "Nichts gefunden zu „Wasserqqq“" in page.text
    assert "Meinten Sie:" in page.text
    assert "Meinten Sie:" not in shown(web, "/de/?q=xqzzy").text


def test_nobody_proven_is_said_with_a_way_on(web: TestClient) -> None:
    page = shown(web, "/de/?q=vorausschauende Wartung")
    for words in (
        "Noch niemand, soweit wir wissen",
        "Nur erwähnt",
        "Kiel",
        "Übergeordnete Themen",
        "101 Antworten",
    ):
        assert words in page.text
    need = next(href for href in page.hrefs() if "/contribute?" in href)
    assert asked(need) == {"kind": "need", "topic": "vorausschauende-wartung"}
    assert not page.links("filter-")


def test_intentions_and_what_is_known_through_an_alliance_stand_apart(web: TestClient) -> None:
    text = shown(web, "/de/?topic=daseinsvorsorge").text
    assert text.index("Mit eigenen Belegen") < text.index("Nur beabsichtigt") < text.index("beabsichtigt ")
    text = shown(web, "/de/?topic=klimaanpassung").text
    assert "Nur beabsichtigt" not in text
    assert text.index("Mit eigenen Belegen") < text.index("Über ein Bündnis")
    assert text.count("über das Bündnis Smarte Hanse") + text.count("über das Bündnis Trilaterale") == 4


def test_who_seeks_comes_first_where_that_was_asked(web: TestClient) -> None:
    page = shown(web, "/de/?q=Wer sucht Energie?")
    assert (
        page.text.index("Schwerin : Energie")
        < page.text.index("Wer helfen könnte")
        < page.text.index("8,5 Punkte")
    )
    knows = next(href for href in page.hrefs() if asked(href).get("intent") == "knows")
    assert "Wer helfen könnte" not in shown(web, knows).text


def test_a_place_without_a_topic_is_asked_back(web: TestClient) -> None:
    page = shown(web, "/de/?q=Bremen")
    assert "Welches Thema?" in page.text
    assert "/de/municipality/bremen" in page.hrefs()
    energy = next(href for href in page.hrefs() if asked(href).get("topic") == "nachhaltigkeit")
    assert asked(energy)["municipality"] == "bremen"


@pytest.mark.parametrize("lang", names.LANGUAGES)
@pytest.mark.parametrize("q", ["a", "+ä+"])
def test_one_letter_is_too_short(web: TestClient, lang: str, q: str) -> None:
    words = {
        "de": "Ein Buchstabe ist zu kurz",
        "en": "One letter is too short",
        "nl": "Eén letter is te kort",
    }
    assert words[lang] in shown(web, f"/{lang}/?q={q}").text


@pytest.mark.parametrize(
    "query",
    ["alliance=no-such", "topic=no-such", "country=XX", "state=x", "kind=x", "evidence=x", "offset=-1",
     "offset=x", "offset=99999999999", "intent=x", "municipality=x"],
)  # fmt: skip
@pytest.mark.parametrize("lang", names.LANGUAGES)
def test_a_parameter_that_is_not_known_is_a_page_that_keeps_the_question(
    web: TestClient, lang: str, query: str
) -> None:
    page = shown(web, f"/{lang}/?q=Wasserstoff&{query}", 400)
    assert page.field()["value"] == "Wasserstoff"
    assert page.field()["aria-invalid"] == "true"
    assert any(attrs.get("role") == "alert" for _, attrs in page.tags)


def test_a_question_that_is_too_long_is_refused_as_a_page(web: TestClient) -> None:
    assert "lässt sich nicht beantworten" in shown(web, "/de/?q=" + "wort+" * 400, 400).text


def test_many_answers_come_in_pages_of_twenty(web: TestClient) -> None:
    path, seen = "/de/?q=Digitalisierung", list[str]()
    for _ in range(6):
        page = shown(web, path)
        seen += [
            attrs["href"] for (tag, attrs), (before, one) in zip(page.tags[1:], page.tags, strict=False)
            if tag == "a" and before == "h3" and one.get("class") == "result__name"
        ]  # fmt: skip
        if not (after := page.links("after")):
            break
        path = after[0]
    listed = web.get("/expertise?q=Digitalisierung&limit=100&lang=de").json()
    assert listed["total"] == 101
    wanted = [names.slug_of(one["holder"]["iri"]) for one in listed["results"]]
    results = list(dict.fromkeys(href.rpartition("/")[2] for href in seen))
    assert len(results) == 101
    assert results[:100] == wanted


@pytest.mark.parametrize("q", QUESTIONS)
def test_the_count_of_a_filter_is_the_number_of_its_answers(desk: Desk, q: str) -> None:
    found = desk.search(q, lang="de")
    counted = 0
    for name, facet in found["facets"].items():
        for value in facet["values"]:
            filtered: Any = {name: value["word"], "lang": "de"}
            assert desk.who(q, **filtered)["total"] == value["count"], (name, value)
            counted += 1
        if not any(each["name"] == name and each["matched"] for each in found["filters"]):
            assert facet["all"] == desk.who(q, lang="de")["total"]
    assert counted >= 2


def test_the_links_of_filters_lead_to_what_they_say(web: TestClient) -> None:
    page = shown(web, "/de/?q=Digitalisierung&country=DE")
    links = page.links("filter-")
    assert len(links) > 10
    for href in links:
        assert asked(href)["q"] == "Digitalisierung"
        assert shown(web, href)
    everything = next(attrs["href"] for _, attrs in page.tags if attrs.get("id") == "filter-country")
    assert asked(everything) == {"q": "Digitalisierung"}
    chosen = [
        attrs["id"]
        for _, attrs in page.tags
        if attrs.get("aria-current") and "filter-" in attrs.get("id", "")
    ]
    assert "filter-country-de" in chosen


def test_a_filter_that_leaves_nothing_names_the_way_back(web: TestClient) -> None:
    page = shown(web, "/de/?q=Wasserstoff&alliance=smarte-hanse")
    assert "ohne „Smarte Hanse“ 3 Antworten" in page.text


# The same as data, and to be cited


@pytest.mark.parametrize(("ending", "type_"), [
    ("json", "application/json"), ("csv", "text/csv; charset=utf-8"), ("ttl", "text/turtle; charset=utf-8"),
    ("jsonld", "application/ld+json"),
])  # fmt: skip
def test_exactly_this_answer_is_there_as_data(web: TestClient, ending: str, type_: str) -> None:
    page = shown(web, "/de/?q=Digitalisierung&country=DE&offset=20")
    href = next(href for href in page.hrefs() if f"/expertise.{ending}?" in href)
    answer = web.get(href, headers=BROWSER)  # a browser gets it, too
    assert (answer.status_code, answer.headers["content-type"]) == (200, type_)
    if ending == "json":
        found = answer.json()
        assert found["results"][0]["rank"] == 21
        assert found["question"]["filters"] == {"country": "DE"}
        assert found["results"][0]["holder"]["label"] in page.text


def test_an_answer_can_be_cited_with_the_state_of_the_data(web: TestClient) -> None:
    state = web.get("/expertise?q=Wasserstoff").json()["state"]
    page = shown(web, "/en/?q=Wasserstoff")
    assert re.search(r"Kogge: Who knows about hydrogen\? Data of \d+ \w+ \d{4},", page.text)
    assert f"state {state[:12]}. http://127.0.0.1:8000/en/?q=Wasserstoff" in page.text


def test_a_browser_that_asks_the_lookup_is_sent_to_the_page(web: TestClient) -> None:
    path = "/expertise?q=Wasserstoff&topic=energie&topic=abfallmanagement&country=DE"
    answer = web.get(path, headers=BROWSER | {"Accept-Language": "nl"}, follow_redirects=False)
    assert answer.status_code == 303
    where = answer.headers["location"]
    assert where == "/nl/?q=Wasserstoff&topic=energie&topic=abfallmanagement&country=DE"
    answer = web.get("/expertise.html?q=a+b&lang=en", follow_redirects=False)
    assert answer.headers["location"] == "/en/?q=a+b"
    assert web.get(path).json()["total"] > 0
    assert web.get("/expertise.nt?q=a").status_code == 404


def test_a_page_that_is_held_is_not_sent_again(web: TestClient) -> None:
    answer = web.get("/de/?q=Wasserstoff", headers=BROWSER)
    again = web.get("/de/?q=Wasserstoff", headers=BROWSER | {"If-None-Match": answer.headers["etag"]})
    assert again.status_code == 304


# Hostile questions


@pytest.mark.parametrize("lang", names.LANGUAGES)
@pytest.mark.parametrize("name", ["q", "topic", "alliance", "offset", "kind", "municipality"])
def test_a_hostile_question_stays_text(web: TestClient, lang: str, name: str) -> None:
    answer = web.get(f"/{lang}/", params={"q": "Wasserstoff", name: HOSTILE}, headers=BROWSER)
    assert answer.status_code == (200 if name == "q" else 400)
    page = Shown(answer.text)
    assert all(attrs.get("src") for tag, attrs in page.tags if tag == "script")
    assert not [each for _, attrs in page.tags for each in attrs if each.startswith("on")]
    if name == "q":
        assert page.field()["value"] == HOSTILE
        assert "alert" in unescape(answer.text)


@hypothesis_settings(max_examples=60)
@given(q=st.text(max_size=60), offset=st.integers(0, 500), filters=st.dictionaries(
    st.sampled_from(["country", "evidence", "kind", "intent"]),
    st.sampled_from(["DE", "NL", "shown", "municipality", "seeks", "knows"]),
))  # fmt: skip
def test_no_question_breaks_the_page(web: TestClient, q: str, offset: int, filters: dict[str, str]) -> None:
    answer = web.get("/de/", params={"q": q, "offset": offset, **filters}, headers=BROWSER)
    assert answer.status_code in (200, 400)
    assert "<h1>" in answer.text


@given(
    st.lists(
        st.tuples(st.sampled_from(["q", "topic", "country", "offset", "state", "x"]), st.text(max_size=9))
    )
)
def test_what_is_asked_can_be_asked_again(fields: list[tuple[str, str]]) -> None:
    first = Asked.of(fields)
    query = first.but(offset=first.offset)
    again = Asked.of(
        (name, str(each)) for name, value in query.items()
        for each in (value if isinstance(value, tuple) else (value,))
    )  # fmt: skip
    assert again == first


@pytest.mark.parametrize("q", [*QUESTIONS, "Lübeck und Kiel Energie"])
def test_a_question_in_parameters_means_the_same(desk: Desk, q: str) -> None:
    found = desk.search(q, lang="de")
    explicit = view(Asked(q=q), found, {}, "de").explicit
    again = desk.search(explicit.q, **explicit.parameters("de"))
    assert [one["holder"]["iri"] for one in again["results"]] == [
        one["holder"]["iri"] for one in found["results"]
    ]
    assert again["total"] == found["total"]


# Needs and offers


def test_needs_say_who_seeks_what_and_who_could_help(web: TestClient) -> None:
    page = shown(web, "/de/needs?topic=energie")
    assert "1 offener Bedarf" in page.text
    assert "Niemand mit Beleg" in page.text[page.text.index("Im eigenen Bündnis") :]
    helpers = page.text[page.text.index("Anderswo") :]
    assert helpers.index("Groningen") < helpers.index("Bremen") < helpers.index("Oldenburg")
    assert "Projekte zu Nachhaltigkeit und Energie in Groningen" in helpers
    assert "Themen für das nächste Expertentreffen" in page.text


def test_needs_of_an_alliance_bring_topics_for_its_next_meeting(web: TestClient) -> None:
    page = shown(web, "/de/needs?alliance=smarte-hanse")
    assert "8 offene Gesuche" in page.text
    proposals = page.text[page.text.index("Themen für das nächste Expertentreffen") :]
    assert proposals.index("Energie 1 0 3") < proposals.index("Mobilität 1 0 3")
    assert "Nobody" not in page.text


def test_who_could_help_is_the_same_as_in_the_matches(desk: Desk, web: TestClient) -> None:
    told: Any = desk.sought(None, None, lang="de", limit=100)
    seen = 0
    for need in told["needs"]:
        matches = web.get(f"/matches?holder={need['holder']['iri']}").json()
        theirs = next(each for each in matches["needs"] if each["need"]["iri"] == need["iri"])
        for where in ("inside", "outside"):
            if need["topic"]:
                wanted = [one["holder"]["iri"] for one in theirs[where]][:3]
                assert [one["iri"] for one in need[where]] == wanted
                seen += len(wanted)
    assert told["total"] == len(told["needs"]) == web.get("/needs").json()["total"]
    assert seen > 5


def test_nobody_seeks_is_said_with_a_way_on(web: TestClient) -> None:
    page = shown(web, "/en/needs?topic=wasserstoff")
    assert "Nobody has said so yet." in page.text
    assert any("/contribute?kind=need&topic=wasserstoff" in href for href in page.hrefs())


def test_needs_of_an_unknown_topic_are_an_error_page(web: TestClient) -> None:
    assert "Thema „x“ gibt es nicht" in shown(web, "/de/needs?topic=x", 400).text
    shown(web, "/de/needs?offset=x", 400)


# What is new


def test_news_tell_what_was_published_when_and_by_whom(web: TestClient) -> None:
    page = shown(web, "/de/news")
    assert "veröffentlicht von Kogge" in page.text
    assert "Schwerin sucht Wissen zu Energie (Bedarf)" in page.text
    assert "Expertentreffen 2020" in page.text
    assert {"/de/graph/kogge/statements-schwerin", "/de/graph/kogge/statements-schwerin#versions"} <= set(
        page.hrefs()
    )
    assert {"/feed.atom?lang=de", "/events.ics"} <= set(page.hrefs())
    heads = {
        attrs.get("type"): attrs["href"] for tag, attrs in page.tags if tag == "link" and "type" in attrs
    }
    assert heads["application/atom+xml"] == "/feed.atom?lang=de"
    assert heads["text/calendar"] == "/events.ics"


def test_news_go_back_to_the_first_version(web: TestClient) -> None:
    path, histories = "/de/news", list[str]()
    while path:
        page = shown(web, path)
        histories += [href for href in page.hrefs() if href.endswith("#versions")]
        path = next((attrs["href"] for _, attrs in page.tags if attrs.get("rel") == "next"), "")
    desk = web.app.state.desk  # type: ignore[attr-defined]
    assert len(histories) == len(desk.steps.newest(10_000)) > 100
    assert desk.steps.newest(3)[0].number > desk.steps.newest(3)[1].number
    assert "Nichts Älteres" in shown(web, "/de/news?before=1").text


def test_news_before_nothing_are_an_error_page(web: TestClient) -> None:
    shown(web, "/de/news?before=x", 400)
