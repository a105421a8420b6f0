"""Pages: each one that is registered, language, links, dates, files and their marks, headers, errors."""

from __future__ import annotations

import gzip
import html
import logging
import re
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace
from typing import Final
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.testclient import TestClient

from kogge import names
from kogge.settings import Settings
from kogge.web import create_app, vendor
from kogge.web.pages import assets, dates, headers, links, navigation
from kogge.web.pages.render import environment
from kogge.web.pages.templates import FOLDER

from .reading import BROWSER, PATHS, page

LISTS: Final = sorted((Path(__file__).parent / "browser" / "pages").glob("*.txt"))
HOSTILE: Final = "<script>alert('x')</script>\" onclick=\"alert(1)"


def registered() -> list[tuple[str, int]]:
    """Every page of tests/browser/pages/*.txt: its path below the language, and its status."""
    lines = [line.split() for path in LISTS for line in path.read_text("utf-8").splitlines()]
    return [
        (line[0].strip("/"), int(line[1]) if len(line) > 1 else 200)
        for line in lines
        if line and line[0] != "#"
    ]


class Tags(HTMLParser):
    """Collects the tags of a page with their attributes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def test_pages_are_registered() -> None:
    assert len(registered()) >= 6


@pytest.mark.parametrize("lang", names.LANGUAGES)
@pytest.mark.parametrize(("path", "status"), registered())
def test_a_page_is_whole_and_loads_nothing_foreign(
    web: TestClient, path: str, status: int, lang: str
) -> None:
    answer = web.get(f"/{lang}/{path}", headers=BROWSER)
    assert (answer.status_code, answer.headers["content-type"]) == (status, "text/html; charset=utf-8")
    assert answer.headers["content-security-policy"] == headers.CSP
    assert answer.headers["content-language"] == lang
    page = Tags(answer.text)
    counted = [tag for tag, _ in page.found]
    assert [counted.count(tag) for tag in ("html", "main", "h1")] == [1, 1, 1]
    assert counted[: counted.index("body")].count("title") == 1  # parts of a picture have titles, too
    assert page.found[0][1]["lang"] == lang
    assert "style" not in counted
    attributes = {name for _, attrs in page.found for name in attrs}
    assert not {name for name in attributes if name == "style" or name.startswith("on")}
    for tag, attrs in page.found:
        if tag == "script":
            told = attrs.get("type") == "application/ld+json"  # data, which nobody runs
            assert attrs.get("src") or told, "an inline script"
        for name in ("src", "action", "poster", "srcset") + (("href",) if tag == "link" else ()):
            address = urlsplit(attrs.get(name) or "")
            assert not address.netloc or attrs.get("hreflang"), attrs
    ids = [attrs["id"] for _, attrs in page.found if "id" in attrs]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("lang", names.LANGUAGES)
def test_what_the_frame_of_a_page_links_to_is_there(web: TestClient, lang: str) -> None:
    page = Tags(web.get(f"/{lang}/help", headers=BROWSER).text)
    hrefs = {attrs["href"] or "" for tag, attrs in page.found if tag in ("a", "link") and "href" in attrs}
    ours = {href for href in hrefs if href.startswith("/")}
    assert len(ours) > 15
    assert {
        href: status for href in ours if (status := web.get(href, headers=BROWSER).status_code) != 200
    } == {}
    anchors = {attrs.get("id") for _, attrs in page.found}
    assert {href[1:] for href in hrefs if href.startswith("#")} <= anchors


def test_every_template_is_one_that_jinja_understands_in_every_language() -> None:
    templates = [path.relative_to(FOLDER).as_posix() for path in FOLDER.rglob("*.html")]
    assert len(templates) > 7
    for lang in names.LANGUAGES:
        for name in templates:
            environment(lang).get_template(name)


def test_the_navigation_is_in_order_and_each_entry_has_words() -> None:
    assert [entry.rank for entry in navigation()] == sorted({entry.rank for entry in navigation()})
    assert all(entry.words for entry in navigation())


# Language


@pytest.mark.parametrize(
    ("accepted", "lang"),
    [
        ("", "de"),
        ("nl-NL,nl;q=0.9,en;q=0.8", "nl"),
        ("fr,en;q=0.5,de;q=0.4", "en"),
        ("fr", "de"),
        ("x y", "de"),
    ],
)
def test_a_browser_is_sent_to_its_language(web: TestClient, accepted: str, lang: str) -> None:
    answer = web.get("/", headers={**BROWSER, "Accept-Language": accepted}, follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, f"/{lang}/")
    assert "Accept-Language" in answer.headers["vary"]


def test_a_program_is_told_the_addresses(web: TestClient) -> None:
    answer = web.get("/", follow_redirects=False)
    assert answer.status_code == 200
    assert "/openapi.json" in answer.text


def test_the_other_languages_are_one_link_away_with_what_was_asked(web: TestClient) -> None:
    page = Tags(web.get("/de/?q=B%C3%BCrger+%26+%3Cb%3E", headers=BROWSER).text)
    switch = [
        attrs["href"] for tag, attrs in page.found if tag == "a" and attrs.get("hreflang") in names.LANGUAGES
    ]
    assert switch == [f"/{lang}/?q=B%C3%BCrger+%26+%3Cb%3E" for lang in names.LANGUAGES]


# Links


def test_a_thing_has_a_page_and_a_stranger_has_none() -> None:
    assert links.thing(names.thing("municipality", "kiel"), "", "de") == "/de/municipality/kiel"
    assert links.thing(names.topic("wasserstoff"), "/kogge", "nl") == "/kogge/nl/topic/wasserstoff"
    assert links.thing(names.graph("kogge", "x"), "/kogge", "nl") == "/kogge/nl/graph/kogge/x"
    assert links.thing(names.thing("project", "luebeck/smart-parken"), "", "en") == (
        "/en/project/luebeck/smart-parken"
    )
    for iri in (
        "https://example.org/",
        names.ID,
        names.ID + "x/",
        names.ID + "../a/b",
        names.ID + 'a/b"c',
        "",
    ):
        assert links.thing(iri, "", "de") == ""


@pytest.mark.parametrize(
    "address",
    [
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        "java\nscript:alert(1)",
        " javascript:alert(1)",
        "data:text/html,x",
        "//evil.example",
        "/local",
        "https:",
        "http://[",
        "vbscript:x",
        "",
        "urn:isbn:1",
    ],
)
def test_d06_what_is_no_web_or_mail_address_is_no_link(address: str) -> None:
    assert links.safe(address) == ""


@pytest.mark.parametrize("address", ["https://a.example/ä?b#c", "http://a.example", "mailto:a@b.example"])
def test_web_and_mail_addresses_are_links(address: str) -> None:
    assert links.safe(address) == address


@given(st.text())
def test_no_text_makes_a_link_of_another_scheme(text: str) -> None:
    assert links.safe(text) == "" or links.safe(text).lower().startswith(("http://", "https://", "mailto:"))


def test_a_service_below_a_path_says_so_everywhere() -> None:
    settings = Settings.from_environment({"KOGGE_BASE_URL": "https://a.example/kogge"})
    app = create_app(settings)
    answer = TestClient(app, raise_server_exceptions=False).get("/de/x", headers=BROWSER)
    hrefs = [attrs["href"] or "" for _, attrs in Tags(answer.text).found if "href" in attrs]
    assert len(hrefs) > 10
    allowed = ("/kogge/", "https://a.example/kogge/", "#", "https://creativecommons.org/")
    assert [href for href in hrefs if not href.startswith(allowed)] == []


# Dates and numbers


@pytest.mark.parametrize(
    ("value", "de", "en", "nl"),
    [
        ("2019", "2019", "2019", "2019"),
        ("2019-11", "November 2019", "November 2019", "november 2019"),
        ("2019-03-12", "12. März 2019", "12 March 2019", "12 maart 2019"),
        ("2019-03-12T23:30:00Z", "12. März 2019", "12 March 2019", "12 maart 2019"),
        ("2019-02-30", "2019-02-30", "2019-02-30", "2019-02-30"),
        ("spring", "spring", "spring", "spring"),
        ("-0044", "-0044", "-0044", "-0044"),
    ],
)
def test_a_date_is_never_more_precise_than_given(value: str, de: str, en: str, nl: str) -> None:
    assert [dates.shown(value, lang=lang) for lang in ("de", "en", "nl")] == [de, en, nl]


def test_short_dates_and_numbers_follow_the_language() -> None:
    assert dates.shown("2019-03-12", "short", lang="de") == "12.03.2019"
    assert [dates.number("12345.5", lang=lang) for lang in ("de", "en", "nl")] == [
        "12.345,5",
        "12,345.5",
        "12.345,5",
    ]
    assert dates.number("many", lang="de") == "many"


# Files


def test_a_file_may_be_kept_forever_only_under_its_mark(web: TestClient) -> None:
    address = assets.address("css/app.css")
    kept = web.get(address)
    assert "immutable" in kept.headers["cache-control"]
    for other in (address.partition("?")[0], address[:-1] + "x"):
        assert web.get(other).headers["cache-control"] == "no-cache"
    again = web.get(address, headers={"If-None-Match": kept.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_files_are_compressed_for_who_takes_that(web: TestClient) -> None:
    address = assets.address("css/app.css")
    plain = web.get(address, headers={"Accept-Encoding": "identity"})
    assert "content-encoding" not in plain.headers
    assert web.get(address).headers["content-encoding"] == "gzip"
    asset = assets.assets()["css/app.css"]
    assert gzip.decompress(asset.squeezed) == plain.content == asset.body


@pytest.mark.parametrize(
    "path", ["../pages/render.py", "%2e%2e/vendor.toml", "css", "css/", ".hidden", "x.css"]
)
def test_nothing_else_is_given_out(web: TestClient, path: str) -> None:
    assert web.get(f"/static/{path}").status_code == 404


def test_style_sheets_name_other_files_by_their_marks() -> None:
    if vendor.wrong():
        pytest.skip("the parts of the pages were not fetched: run `make install`")
    text = assets.assets()["css/app.css"].body.decode()
    used = re.findall(r'url\("\.\./(vendor/[^"?]+)\?v=([0-9a-f]{8})"\)', text)
    assert len(used) == text.count("url(") > 3
    assert all(assets.assets()[name].mark == mark for name, mark in used)


def test_what_was_fetched_is_what_was_listed(tmp_path: Path) -> None:
    assert vendor.wrong(tmp_path) == list(vendor.parts())
    if len(vendor.wrong()) == len(vendor.parts()):
        pytest.skip("the parts of the pages were not fetched: run `make install`")
    assert vendor.wrong() == []


def test_without_the_fetched_files_pages_are_plain_but_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "css").mkdir()
    (tmp_path / "css" / "app.css").write_text("body{}")
    assets.assets.cache_clear()
    monkeypatch.setattr(assets, "STATIC", tmp_path)
    monkeypatch.setattr(vendor, "wrong", lambda: ["kern.min.css"])
    try:
        with caplog.at_level(logging.WARNING):
            text = environment("de").get_template("failure.html").render(
                page=SimpleNamespace(path="", again="/", elsewhere=str, absolute=str),
                settings=None, data=(), status=404, title="x", advice="y", detail="", again=False,
            )  # fmt: skip
    finally:
        assets.assets.cache_clear()
    assert "make install" in caplog.text
    assert "vendor" not in text
    assert "css/app.css" in text


# Problems


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/nl/nothing", 404),
        ("/nothing", 404),
        ("/queries/lookup/nothing", 404),
        ("/sparql?query=SELECT", 400),
        ("/sparql?query=" + "x" * 40_000, 413),
        ("/contributions", 401),
        ("/expertise?q=x&limit=1000000", 400),
        ("/static/nothing.css", 404),
        ("/de/help?access_token=x", 400),
    ],
)
def test_a_browser_is_shown_a_problem_as_a_page(web: TestClient, path: str, status: int) -> None:
    answer = web.get(path, headers={**BROWSER, "Accept-Language": "nl"})
    assert (answer.status_code, answer.headers["content-type"]) == (status, "text/html; charset=utf-8")
    assert answer.headers["content-security-policy"] == headers.CSP
    assert answer.headers["cache-control"] == "no-store"
    lang = "de" if path.startswith("/de/") else "nl"
    assert f'<html lang="{lang}"' in answer.text
    assert f'href="/{lang}/"' in answer.text
    told = web.get(path)
    assert (told.status_code, told.headers["content-type"]) == (status, "application/problem+json")


def test_a_service_that_is_not_ready_says_when_to_come_back() -> None:
    client = TestClient(create_app(Settings.from_environment({})), raise_server_exceptions=False)
    answer = client.get("/en/help", headers=BROWSER)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert 'href="/en/help"' in answer.text


def test_an_unexpected_error_is_a_page_without_a_traceback(
    web: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fails(*_: object) -> None:
        raise ZeroDivisionError("secret")

    monkeypatch.setattr(web.app.state.desk, "rows", fails)  # type: ignore[attr-defined]
    answer = web.get("/de/help", headers=BROWSER)
    assert (answer.status_code, answer.headers["content-security-policy"]) == (500, headers.CSP)
    assert "secret" not in answer.text
    assert "Traceback" not in answer.text


@pytest.mark.parametrize("path", ["/de/?q={}", "/de/help?x={}", "/en/nothing{}", "/sparql?query={}"])
def test_what_somebody_typed_is_escaped(web: TestClient, path: str) -> None:
    for typed in (HOSTILE, "%22%3E" + HOSTILE, "{{7*7}}"):
        text = web.get(path.format(typed), headers=BROWSER).text
        assert "<script>alert" not in text
        assert not [attrs for _, attrs in Tags(text).found if any(name.startswith("on") for name in attrs)]
        assert "49" not in re.sub(r"v=[0-9a-f]{8}", "", text)


def test_d07_hostile_labels_are_escaped_by_the_shared_parts() -> None:
    template = environment("de").from_string(
        '{% import "macros/parts.html" as parts with context %}'
        '{% import "macros/evidence.html" as evidence with context %}'
        "{{ evidence.piece(item, {}) }}{{ parts.breadcrumb([('', item.label)]) }}"
        "{{ parts.said(item.label, 'en') }}"
        "{% call parts.alert('info', item.label) %}{{ item.label }}{% endcall %}"
    )
    item = {"iri": "javascript:alert(1)", "label": HOSTILE, "kind": HOSTILE, "strength": 3, "date": HOSTILE}
    item["source"] = {"iri": HOSTILE, "title": HOSTILE, "issued": HOSTILE}
    text = template.render(item=item, page=SimpleNamespace(path=""))
    tags = Tags(text).found
    assert "script" not in [tag for tag, _ in tags]
    assert not [attrs for _, attrs in tags if any(name.startswith("on") for name in attrs)]
    assert not [attrs for _, attrs in tags if "javascript" in (attrs.get("href") or "")]


# What is kept


def test_a_page_that_did_not_change_is_not_sent_again(web: TestClient) -> None:
    first = web.get("/de/help", headers=BROWSER)
    again = web.get("/de/help", headers={**BROWSER, "If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == first.headers["etag"]
    assert web.get("/nl/help", headers={**BROWSER, "If-None-Match": first.headers["etag"]}).status_code == 200


@pytest.mark.parametrize("path", PATHS)
def test_who_comes_back_to_a_page_has_it_still(web: TestClient, path: str) -> None:
    first = web.get(f"/de/{path}", headers=BROWSER)
    if (etag := first.headers.get("etag")) is None:
        assert first.status_code >= 400 or first.headers["cache-control"] == "private, no-store"
        return
    again = web.get(f"/de/{path}", headers={**BROWSER, "If-None-Match": etag})
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize(
    ("path", "said"),
    [
        (
            "map?alliance=no-such",
            {"de": "Das Bündnis „no-such“ gibt", "nl": "Het samenwerkingsverband"},
        ),
        ("needs?topic=no-such", {"de": "Das Thema „no-such“ gibt es nicht.", "nl": "Het thema ‘no-such’"}),
        (
            "?q=energie&state=no-such",
            {"de": "Das Bundesland oder die Provinz „no-such“", "nl": "De deelstaat of"},
        ),
        ("news?before=x", {"de": "Das ist keine Nummer einer Fassung.", "nl": "Dit is geen nummer van"}),
        ("graph/kogge/topics?version=x", {"de": "„version“ ist die Nummer", "nl": "‘version’ is het nummer"}),
    ],
)
def test_what_is_wrong_is_said_in_the_language_of_the_page(
    web: TestClient, path: str, said: dict[str, str]
) -> None:
    for lang, text in said.items():
        shown = html.unescape(page(web, f"/{lang}/{path}", 400))
        assert text in shown
        assert "There is no" not in shown


def test_a_query_whose_answer_changes_by_itself_is_asked_again(web: TestClient) -> None:
    page = web.get("/de/sparql", params={"query": "SELECT (RAND() AS ?chance) {}"}, headers=BROWSER)
    assert page.status_code == 200
    assert "etag" not in page.headers


def test_the_imprint_names_the_operator() -> None:
    told = {
        "NAME": "Stadt <Beispiel>",
        "ADDRESS": "Markt 1; 12345 Ort",
        "EMAIL": "a@b.example",
        "PERSON": "B. C.",
    }
    settings = Settings.from_environment({f"KOGGE_OPERATOR_{name}": value for name, value in told.items()})
    template = environment("de").get_template("about/imprint.html")
    page = SimpleNamespace(path="imprint", elsewhere=str, absolute=str)
    text = template.render(page=page, settings=settings, data=())
    for said in ("Stadt &lt;Beispiel&gt;", "<br>12345 Ort", "mailto:a@b.example", "B. C."):
        assert said in text
    bare = template.render(page=page, settings=Settings.from_environment({}), data=())
    assert "KOGGE_OPERATOR_NAME" in bare
