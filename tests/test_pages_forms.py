"""Contributing by pages: signing in, forms, files, review; what is refused, and what stays typed."""

from __future__ import annotations

import re
import stat
from collections.abc import Iterator
from datetime import UTC, datetime
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from httpx2 import Response
from starlette.testclient import TestClient

from kogge import names
from kogge.desk import open_ledger
from kogge.errors import Misconfigured
from kogge.ledger import Role
from kogge.settings import Settings
from kogge.web import create_app
from kogge.web.session import COOKIE, Sessions

from .small import SMALL

ORIGIN = {"Origin": "http://testserver", "Accept": "text/html"}
PROJECT = "https://w3id.org/kogge/id/project/luebeck/{}"
TURTLE = """@prefix dcterms: <http://purl.org/dc/terms/> .
@prefix kogge: <https://w3id.org/kogge/ontology#> .
@prefix municipality: <https://w3id.org/kogge/id/municipality/> .
@prefix skos: <http://www.w3.org/2004/02/skos/core#> .
@prefix topic: <https://w3id.org/kogge/topic/> .
<https://w3id.org/kogge/id/project/luebeck/{name}> a kogge:Project ;
    skos:prefLabel "{title}"@de ;
    dcterms:source <https://w3id.org/kogge/id/document/gemeinsame-erklaerung-2017> ;
    kogge:lead municipality:luebeck ; kogge:status {status} ; kogge:topic topic:parken .
"""


class Person:
    """Somebody with a browser: keeps the cookie, and sends forms as a browser does."""

    def __init__(self, client: TestClient, token: str = "") -> None:
        self.client, self.token, self.cookie = client, token, ""

    def ask(self, method: str, path: str, **given: Any) -> Response:
        headers = ORIGIN | given.pop("headers", {})
        if self.cookie:
            headers = headers | {"Cookie": f"{COOKIE}={self.cookie}"}
        self.client.cookies.clear()
        answer = self.client.request(method, path, headers=headers, follow_redirects=False, **given)
        self.client.cookies.clear()
        if found := re.match(rf"{COOKIE}=\"?([^;\"]*)", answer.headers.get("set-cookie", "")):
            self.cookie = found[1]
        return answer

    def get(self, path: str) -> Response:
        return self.ask("GET", path)

    def form(self, path: str, sent_to: str | None = None, **fields: str) -> Response:
        """Opens a page, and sends what is in its hidden fields with these."""
        return self.ask("POST", sent_to or path.partition("?")[0], data=self.hidden(path) | fields)

    def hidden(self, path: str) -> dict[str, str]:
        text = self.get(path).text
        main = text[text.index("<main") :] if "<main" in text else text
        return {
            name: unescape(value)
            for name, value in re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', main)
        }

    def upload(self, name: str, body: str | bytes, **fields: str) -> Response:
        data = self.hidden("/de/contribute") | {"do": "check"} | fields
        sent = body.encode() if isinstance(body, str) else body
        return self.ask("POST", "/de/contribute", data=data, files={"file": (name, sent)})


class Town:
    """A service with a home of its own, and people with keys."""

    def __init__(self, client: TestClient, settings: Settings) -> None:
        self.client, self.settings = client, settings
        self.tokens: dict[str, tuple[str, str]] = {}
        ledger = open_ledger(settings)
        ledger.partners.add("luebeck", "Hansestadt <Lübeck>", ["municipality/luebeck"], at=_now())
        ledger.partners.add("kiel", "Kiel", ["municipality/kiel"], at=_now())
        people: tuple[tuple[str, str, Role], ...] = (
            ("ada", "luebeck", "author"), ("ben", "luebeck", "author"), ("eva", "luebeck", "editor"),
            ("kim", "kiel", "editor"),
        )  # fmt: skip
        for person, partner, role in people:
            token, value = ledger.partners.issue(partner, person, role, at=_now())
            self.tokens[person] = (token.id, value)
        ledger.close()

    def person(self, name: str, lang: str = "de") -> Person:
        somebody = Person(self.client, self.tokens[name][1])
        assert somebody.form(f"/{lang}/sign-in", token=somebody.token).status_code == 303
        return somebody


def _now() -> datetime:
    return datetime.now(UTC)


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    settings = Settings.from_environment(
        {
            **SMALL,
            "KOGGE_HOME": str(tmp_path_factory.mktemp("town")),
            "KOGGE_QUERY_WORKERS": "1",
            "KOGGE_CLIENT_SECONDS": "0",
            "KOGGE_CLIENT_CONTRIBUTION_SECONDS": "0",
            "KOGGE_BASE_URL": "https://kogge.example",
        }
    )
    with TestClient(create_app(settings), raise_server_exceptions=False) as client:
        yield Town(client, settings)


# Signing in


def test_who_signs_in_gets_a_cookie_that_only_we_read_and_is_named_on_the_pages(town: Town) -> None:
    ada = Person(town.client)
    answer = ada.form("/de/sign-in?next=contribute", token=town.tokens["ada"][1])
    assert (answer.status_code, answer.headers["location"]) == (303, "/de/contribute")
    cookie = answer.headers["set-cookie"]
    assert {"HttpOnly", "Secure", "Path=/", "SameSite=lax", "Max-Age=36000"} <= set(cookie.split("; "))
    assert town.tokens["ada"][1].split("_", 2)[2] not in cookie
    page = ada.get("/de/help")
    assert "Hansestadt &lt;Lübeck&gt;" in page.text
    assert (page.headers["cache-control"], "etag" in page.headers) == ("private, no-store", False)
    stranger = Person(town.client).get("/de/help")
    assert ("Lübeck&gt;" not in stranger.text, "set-cookie" in stranger.headers) == (True, False)


def test_a_cookie_opens_pages_and_nothing_else(town: Town) -> None:
    ada = town.person("ada")
    assert ada.get("/de/contributions").status_code == 200
    assert ada.ask("GET", "/contributions").status_code == 401
    put = ada.ask("PUT", "/contributions/luebeck/x", content=b"", headers={"Content-Type": "text/turtle"})
    assert put.status_code == 401


@pytest.mark.parametrize(
    "onward", ["//evil.example/", "https://evil.example", "../x", "a\\b", "javascript:x"]
)
def test_one_is_led_on_to_our_own_pages_only(town: Town, onward: str) -> None:
    ada = Person(town.client)
    fields = ada.hidden("/de/sign-in") | {"next": onward, "token": town.tokens["ada"][1]}
    answer = ada.ask("POST", "/de/sign-in", data=fields)
    assert answer.headers["location"] == "/de/contributions"


def test_a_wrong_key_is_told_and_too_many_are_slowed_down(tmp_path: Path) -> None:
    settings = Settings.from_environment({**SMALL, "KOGGE_HOME": str(tmp_path / "home")})
    with TestClient(create_app(settings), raise_server_exceptions=False) as client:
        nobody = Person(client)
        answers = [nobody.form("/en/sign-in", token="kgg_000000000000_x") for _ in range(12)]
        assert answers[0].status_code == 401
        assert "This key opens nothing" in answers[0].text
        assert (answers[-1].status_code, int(answers[-1].headers["retry-after"]) > 0) == (429, True)
        assert nobody.cookie == ""
        key = tmp_path / "home" / "session.key"
        assert stat.S_IMODE(key.stat().st_mode) == 0o600


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://[", "Sec-Fetch-Site": "same-origin"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": ""},
    ],
)
def test_d13_a_form_from_elsewhere_is_refused(town: Town, headers: dict[str, str]) -> None:
    ada = town.person("ada")
    for path in ("/de/sign-in", "/de/sign-out", "/de/contribute", "/de/contributions/1"):
        fields = ada.hidden("/de/contribute" if "sign-in" not in path else path) | {"token": ada.token}
        assert ada.ask("POST", path, data=fields, headers=headers).status_code == 403, path
    assert ada.get("/de/contributions").status_code == 200


def test_a_form_without_its_token_or_with_that_of_another_is_refused(town: Town) -> None:
    ada, eva = town.person("ada"), town.person("eva")
    theirs = eva.hidden("/de/contribute")["form"]
    for token in ("", theirs, "ä", "x" * 43):
        answer = ada.ask("POST", "/de/contribute", data={"form": token, "do": "check"})
        assert answer.status_code == 403
    assert ada.ask("POST", "/de/sign-in", data={"form": "1.x", "token": ada.token}).status_code == 400


def test_signing_out_ends_the_session_also_for_a_copy_of_the_cookie(town: Town) -> None:
    ada = town.person("ada")
    copy = ada.cookie
    assert ada.form("/de/contribute", "/de/sign-out").status_code == 303
    assert ada.cookie == ""
    ada.cookie = copy
    assert ada.get("/de/contributions").headers["location"] == "/de/sign-in?next=contributions"


def test_a_revoked_token_ends_the_session(town: Town) -> None:
    ledger = open_ledger(town.settings)
    token, value = ledger.partners.issue("luebeck", "bea", "author", at=_now())
    town.tokens["bea"] = (token.id, value)
    bea = town.person("bea")
    assert bea.get("/de/contributions").status_code == 200
    ledger.partners.revoke(token.id, at=_now())
    ledger.close()
    assert bea.get("/de/contributions").status_code == 303
    assert (
        bea.ask("POST", "/de/contribute", data={"do": "send"}).headers["location"].startswith("/de/sign-in")
    )


def test_a_cookie_that_was_changed_or_is_of_another_secret_opens_nothing(town: Town) -> None:
    ada = town.person("ada")
    token, until, ident, mac = ada.cookie.split(".")
    for value in (
        f"{town.tokens['eva'][0]}.{until}.{ident}.{mac}", f"{token}.{int(until) + 1}.{ident}.{mac}",
        f"{token}.{until}.{ident}.{mac[:-1]}", "x" * 5000, "",
    ):  # fmt: skip
        ada.cookie = value
        assert ada.get("/de/contributions").status_code == 303
    other = Sessions(Settings.from_environment({"KOGGE_SECRET": "s" * 32}))
    assert other.read(f"{token}.{until}.{ident}.{mac}") is None


def test_a_secret_is_long_and_never_shown() -> None:
    with pytest.raises(Misconfigured) as caught:
        Settings.from_environment({"KOGGE_SECRET": "hush-hush"})
    assert "hush" not in str(caught.value)
    assert "s" * 32 not in repr(Settings.from_environment({"KOGGE_SECRET": "s" * 32}))


# Files


def test_a_file_is_checked_then_sent_then_released_by_another(town: Town) -> None:
    ada, eva, kim = town.person("ada"), town.person("eva"), town.person("kim")
    body = TURTLE.format(name="smart-parken", title="Smart <b>Parken</b>", status="kogge:running")
    checked = ada.upload("projekte.ttl", body, graph="smart-parken")
    assert (checked.status_code, "kann geschickt werden" in checked.text) == (200, True), checked.text
    assert "Smart" not in ada.get("/de/contributions").text
    kept = dict(re.findall(r'name="(kept|kept-name)" value="([^"]*)"', checked.text))
    fields = ada.hidden("/de/contribute") | kept | {"graph": "smart-parken", "do": "send"}
    sent = ada.ask("POST", "/de/contribute", data=fields)
    assert sent.status_code == 303, sent.text
    path = sent.headers["location"].partition("?")[0]
    mine = ada.get(sent.headers["location"])
    assert "Smart &lt;b&gt;Parken" in mine.text
    assert "Federführung" in mine.text
    assert ('value="accept"' in mine.text, 'value="withdraw"' in mine.text) == (False, True)
    assert ada.form(path, step="accept").status_code == 403
    assert kim.get(path).status_code == 403
    assert eva.form(path, step="return").status_code == 422
    assert eva.form(path, step="accept", note="fein").status_code == 303
    assert "Öffentlich" in ada.get(path).text
    assert town.client.get("/graph/luebeck/smart-parken").status_code == 200
    again = ada.upload("projekte.ttl", body.replace("running", "done"), graph="smart-parken", do="send")
    number = again.headers["location"].partition("?")[0]
    seen = ada.get(number).text
    assert re.search(r"<del>.*läuft.*</del>\s*<ins>.*abgeschlossen", seen, re.DOTALL), seen


def test_findings_of_a_file_are_shown_with_their_place(town: Town) -> None:
    ada = town.person("ada")
    table = "Bedarfe\nName (Deutsch);Kommune;Thema 1;Stand\nWer kennt Busse?;Lübek;Wasserstoff;offen\n"
    refused = ada.upload("bedarfe.csv", table)
    assert refused.status_code == 422
    assert "Zelle B3" in refused.text
    assert "Lübeck" in refused.text
    line = ada.upload("x.ttl", TURTLE.format(name="x", title="X", status="kogge:gestern"))
    assert (line.status_code, "Zeile 6" in line.text) == (422, True)
    broken = ada.upload("x.ttl", "<a:a>\n <a:b> ")
    assert (broken.status_code, "Zeile 2" in broken.text) == (400, True)
    assert ada.upload("x.exe", "MZ").status_code == 422
    assert ada.upload("x.ttl", "").status_code == 422
    assert ada.upload("x.ttl", "<a:a> <a:b> <a:c> .", graph="Ü b").status_code == 422
    assert ada.upload("x.ttl", TURTLE, graph="kiel/projekte").status_code == 403


def test_an_editor_reads_findings_in_the_language_of_the_page(town: Town) -> None:
    ada, eva = town.person("ada"), town.person("eva", "nl")
    body = TURTLE.format(name="sprachen", title="Sprachen", status="kogge:planned")
    path = ada.upload("s.ttl", body, do="send").headers["location"]
    number = path.partition("?")[0].rpartition("/")[2]
    assert "auch auf Niederländisch" in ada.get(f"/de/contributions/{number}").text
    assert "ook in het Nederlands" in eva.get(f"/nl/contributions/{number}").text


def test_who_sent_it_does_not_release_it_and_is_told_so(town: Town) -> None:
    eva = town.person("eva")
    body = TURTLE.format(name="eigen", title="Eigenes", status="kogge:planned")
    path = eva.upload("eigen.ttl", body, do="send").headers["location"].partition("?")[0]
    assert "selbst geschickt" in eva.get(path).text
    refused = eva.form(path, step="accept")
    assert (refused.status_code, "vier Augen" in refused.text) == (403, True)
    assert eva.form(path, step="withdraw").status_code == 303


def test_a_graph_that_moved_on_is_a_conflict_that_is_explained(town: Town) -> None:
    ada, eva = town.person("ada"), town.person("eva")
    one = TURTLE.format(name="wandel", title="Wandel", status="kogge:planned")
    first = ada.upload("w.ttl", one, graph="wandel", do="send").headers["location"].partition("?")[0]
    other = eva.upload("w.ttl", one.replace("planned", "running"), graph="wandel", do="send")
    second = other.headers["location"].partition("?")[0]
    assert eva.form(first, step="accept").status_code == 303
    ledger = open_ledger(town.settings)
    _, value = ledger.partners.issue("luebeck", "mia", "editor", at=_now())
    ledger.close()
    town.tokens["mia"] = ("", value)
    mia = town.person("mia")
    assert "inzwischen geändert" in mia.get(second).text
    refused = mia.form(second, step="accept")
    assert (refused.status_code, "älteren Fassung" in refused.text) == (409, True)
    assert mia.form(second, step="return", note="Bitte neu.").status_code == 303
    assert "Bitte neu." in eva.get(second).text


def test_pages_of_contributors_lead_to_the_sign_in_and_back(town: Town) -> None:
    stranger = Person(town.client)
    for path in ("contributions", "contributions/1"):
        answer = stranger.get(f"/nl/{path}")
        assert (answer.status_code, answer.headers["location"]) == (
            303,
            f"/nl/sign-in?next={path.replace('/', '%2F')}",
        )
    ada = town.person("ada")
    assert ada.get("/de/contributions/9999").status_code == 404
    assert ada.form("/de/contribute", "/de/contributions/1", step="explode").status_code == 400


# Forms

RIGHT = {
    "name-de-1": "Ampeln für Radfahrende", "status-x-1": "https://w3id.org/kogge/ontology#running",
    "topic-x-1": "https://w3id.org/kogge/topic/mobilitaet", "lead-x-1": "Lübeck", "start-x-1": "03/2025",
    "description-de-1": "Grüne Welle; \"ganz\"\nohne Halt.", "source-title-de-1": "Bericht an den Ausschuss",
}  # fmt: skip


def test_an_empty_form_has_all_fields_in_groups_and_what_is_known_is_filled_in(town: Town) -> None:
    ada = town.person("ada")
    answer = ada.get("/de/contribute/project")
    assert answer.status_code == 200
    for name in ("name-de-1", "name-en-1", "name-nl-1", "topic-x-3", "status-x-1", "source-page-x-1"):
        assert f'name="{name}"' in answer.text
    assert 'name="lead-x-1" value="Lübeck"' in answer.text
    assert "Worum es geht" in answer.text
    need = ada.ask("GET", "/de/contribute?kind=need&topic=wasserstoff")
    assert need.headers["location"] == "/de/contribute/need?topic=wasserstoff"
    assert '"https://w3id.org/kogge/topic/wasserstoff" selected' in ada.get(need.headers["location"]).text
    assert "selected" not in ada.get('/de/contribute/need?topic="><script>').text
    assert ada.get("/de/contribute/alliance").status_code == 404
    assert Person(town.client).get("/de/contribute/need?topic=x").headers["location"].endswith("%3Ftopic%3Dx")


def test_what_is_wrong_is_said_at_its_field_and_nothing_typed_is_lost(town: Town) -> None:
    ada = town.person("ada")
    typed = RIGHT | {"lead-x-1": "Lübek", "start-x-1": "gestern", "status-x-1": "", "name-de-1": '<b>"x"</b>'}
    answer = ada.form("/de/contribute/project", **typed)
    assert answer.status_code == 422
    for field in ("lead-x-1", "start-x-1", "status-x-1"):
        assert f'id="{field}-error"' in answer.text, field
        assert f'href="#{field}"' in answer.text, field
    assert "Meinten Sie „Lübeck“" in answer.text
    assert 'value="&lt;b&gt;&#34;x&#34;&lt;/b&gt;"' in answer.text
    assert "ohne Halt." in answer.text
    assert "<b>" not in answer.text
    assert "autofocus" in answer.text
    nothing = ada.form("/de/contribute/expertise", **{"holder-x-1": ""})
    assert (nothing.status_code, nothing.text.count("Bitte füllen Sie das aus.")) == (422, 6)


@pytest.mark.parametrize(
    "text",
    ["=1+1", "Beispiel", "https://w3id.org/x> <a:b> <c:d>", "x\r\ny;z", '";"', "\ufffe\u202e"],
)
def test_hostile_text_is_text_or_refused(town: Town, text: str) -> None:
    answer = town.person("ada").form(
        "/de/contribute/project", **RIGHT | {"name-de-1": text, "partner-x-1": text}
    )
    assert answer.status_code == 422, answer.text


def test_a_form_is_previewed_sent_released_and_found(town: Town) -> None:
    ada, eva = town.person("ada"), town.person("eva")
    seen = ada.form("/de/contribute/project", **RIGHT)
    assert (seen.status_code, "Das wird geschickt" in seen.text) == (200, True), seen.text
    assert "läuft" in seen.text
    back = ada.form("/de/contribute/project", **RIGHT, do="change")
    assert "Ampeln für Radfahrende" in back.text
    sent = ada.form("/de/contribute/project", **RIGHT, do="send")
    assert sent.status_code == 303, sent.text
    page = ada.get(sent.headers["location"])
    assert "angekommen" in page.text
    path = sent.headers["location"].partition("?")[0]
    assert eva.form(path, step="accept").status_code == 303
    thing = town.client.get("/id/project/luebeck/ampeln-fuer-radfahrende", headers={"Accept": "text/turtle"})
    assert '"Grüne Welle; \\"ganz\\"' in thing.text
    assert "2025-03" in thing.text
    again = ada.form("/de/contribute/project", **RIGHT | {"start-x-1": "04/2025"}, do="send")
    assert (again.status_code, "gibt es schon" in again.text) == (409, True)
    sure = ada.form("/de/contribute/project", **RIGHT | {"start-x-1": "04/2025"}, do="send", replace="yes")
    assert sure.status_code == 303
    assert town.client.get("/graph/luebeck/project-ampeln-fuer-radfahrende/history").json()["versions"]


@pytest.mark.parametrize("kind", ["project", "expertise", "need", "event", "contact"])
@pytest.mark.parametrize("lang", ["en", "nl"])
def test_every_form_is_there_in_every_language(town: Town, kind: str, lang: str) -> None:
    answer = town.person("ada", lang).get(f"/{lang}/contribute/{kind}")
    assert (answer.status_code, f'lang="{lang}"' in answer.text) == (200, True)


# Mending


def sent_to(answer: Response) -> str:
    """The page of the contribution that was made."""
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"]).partition("?")[0]


def typed_in(text: str) -> dict[str, str]:
    """What a form holds: its inputs, text areas and choices, as a browser would send them."""
    main = text[text.index("<main") :]
    found = dict(re.findall(r'<input class="[^"]*" id="[^"]*" name="([^"]+)" value="([^"]*)"', main))
    found |= dict(re.findall(r'<textarea [^>]*name="([^"]+)"[^>]*>\n?([^<]*)</textarea>', main))
    for name, options in re.findall(r'<select [^>]*name="([^"]+)"[^>]*>(.*?)</select>', main, re.DOTALL):
        if chosen := re.search(r'value="([^"]*)" selected', options):
            found[name] = chosen[1]
    return {name: unescape(value) for name, value in found.items() if value}


def test_a_returned_contribution_is_opened_in_its_form_and_sent_anew(town: Town) -> None:
    ada, eva = town.person("ada"), town.person("eva")
    form = RIGHT | {
        "name-de-1": "Fahrradstraße am Kanal", "name-nl-1": "Fietsstraat", "topic-x-2": names.topic("parken"),
        "partner-x-1": "Kiel", "end-x-1": "22.11.2026", "page-x-1": "https://www.luebeck.de/x?a=1&b=%20",
    }  # fmt: skip
    path = sent_to(ada.form("/de/contribute/project", **form, note="eilig", do="send"))
    number = path.rpartition("/")[2]
    assert eva.form(path, step="return", note="Bitte das <Ende> prüfen.").status_code == 303
    shown = ada.get(path).text
    link = f"/de/contribute/project?from={number}"
    assert f'href="{link}"' in shown
    opened = ada.get(link)
    assert opened.status_code == 200
    assert typed_in(opened.text) == form | {"note": "eilig"}
    assert "Bitte das &lt;Ende&gt; prüfen." in opened.text
    # in another language: the same, and the German texts have their fields
    dutch = typed_in(town.person("ada", "nl").get(f"/nl/contribute/project?from={number}").text)
    assert dutch == form | {"note": "eilig", "end-x-1": "22-11-2026"}
    # mended, under another name: the same thing in the same graph, and the same contribution
    mended = typed_in(opened.text) | {"end-x-1": "30.11.2026", "name-de-1": "Fahrradstraße"}
    seen = ada.form(link, "/de/contribute/project", **mended)
    assert (seen.status_code, f"von Nr. {number}" in seen.text) == (200, True), seen.text
    hidden = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', seen.text))
    assert hidden["from"] == number
    again = ada.form(link, "/de/contribute/project", **mended, do="send")
    assert sent_to(again) == path
    assert eva.form(path, step="accept").status_code == 303
    iri = PROJECT.format("fahrradstrasse-am-kanal")
    thing = town.client.get(iri.removeprefix("https://w3id.org/kogge"), headers={"Accept": "text/turtle"})
    assert '"Fahrradstraße"@de' in thing.text
    assert "2026-11-30" in thing.text


def test_what_was_returned_to_a_colleague_is_mended_in_the_form_too(town: Town) -> None:
    ada, ben, eva = (town.person(name) for name in ("ada", "ben", "eva"))
    form = RIGHT | {"name-de-1": "Parkleitsystem am Hafen"}
    path = sent_to(ada.form("/de/contribute/project", **form, do="send"))
    link = f"/de/contribute/project?from={path.rpartition('/')[2]}"
    assert f'href="{link}"' not in ben.get(path).text  # what waits is with who sent it
    assert eva.form(path, step="return", note="Bitte kürzer.").status_code == 303
    assert f'href="{link}"' in ben.get(path).text
    mended = typed_in(ben.get(link).text) | {"name-de-1": "Parkleitsystem"}
    assert sent_to(ben.form(link, "/de/contribute/project", **mended, do="send")) == path
    assert eva.form(path, step="accept").status_code == 303


def test_what_waits_is_replaced_by_what_is_sent_in_its_place(town: Town) -> None:
    ada = town.person("ada")
    form = {
        "name-de-1": "Wer kennt Dünenschutz?", "holder-x-1": "Lübeck", "topic-x-1": names.topic("energie"),
        "status-x-1": "https://w3id.org/kogge/ontology#open",
    }  # fmt: skip
    path = sent_to(ada.form("/de/contribute/need", **form, do="send"))
    link = f"/de/contribute/need?from={path.rpartition('/')[2]}"
    assert f'href="{link}"' in ada.get(path).text
    assert ada.get(link.replace("/need", "/project")).headers["location"] == link
    new = sent_to(ada.form(link, "/de/contribute/need", **form | {"name-de-1": "Dünenschutz"}, do="send"))
    assert new != path
    assert "Zurückgezogen" in ada.get(path).text
    graphs = [each["graph"] for each in contributions(town, ada)[:2]]
    assert graphs == [names.graph("luebeck", "need-wer-kennt-duenenschutz")] * 2


def test_expertise_on_another_topic_is_another_entry_and_the_first_is_taken_back(town: Town) -> None:
    ada = town.person("ada")
    form = {
        "one-topic-x-1": names.topic("wasserstoff"), "holder-x-1": "Lübeck",
        "evidence-title-de-1": "Rede zum Hafen", "description-de-1": "Wir betreiben eine Tankstelle.",
    }  # fmt: skip
    path = sent_to(ada.form("/de/contribute/expertise", **form, do="send"))
    link = f"/de/contribute/expertise?from={path.rpartition('/')[2]}"
    other = form | {"one-topic-x-1": names.topic("energie")}
    new = sent_to(ada.form(link, "/de/contribute/expertise", **other, do="send"))
    assert contributions(town, ada)[0]["graph"] == names.graph("luebeck", "expertise-energie")
    assert f"replaced by {new.rpartition('/')[2]}" in ada.get(path).text


def contributions(town: Town, who: Person) -> list[dict[str, Any]]:
    answer = town.client.get("/contributions", headers={"Authorization": f"Bearer {who.token}"})
    found: list[dict[str, Any]] = answer.json()["contributions"]
    return found


def test_turtle_that_fits_is_mended_by_form_in_its_own_graph(town: Town) -> None:
    ada = town.person("ada")
    body = TURTLE.format(name="hafen", title="Hafenbahn", status="kogge:planned").replace(
        "    dcterms:source <https://w3id.org/kogge/id/document/gemeinsame-erklaerung-2017> ;\n", ""
    )
    path = sent_to(ada.upload("hafen.ttl", body, graph="sammlung", do="send"))
    link = f"/de/contribute/project?from={path.rpartition('/')[2]}"
    form = typed_in(ada.get(link).text)
    assert form == {
        "name-de-1": "Hafenbahn", "status-x-1": "https://w3id.org/kogge/ontology#planned",
        "topic-x-1": names.topic("parken"), "lead-x-1": "Lübeck",
    }  # fmt: skip
    new = sent_to(ada.form(link, "/de/contribute/project", **form | {"name-en-1": "Port rail"}, do="send"))
    said = ada.get(new).text
    assert "Port rail" in said
    assert contributions(town, ada)[0]["graph"] == names.graph("luebeck", "sammlung")


def test_what_fits_into_no_form_is_said_to_and_can_be_downloaded(town: Town) -> None:
    ada, eva, kim = town.person("ada"), town.person("eva"), town.person("kim")
    body = TURTLE.format(name="kran", title="Kran", status="kogge:planned")
    path = sent_to(ada.upload("kran.ttl", body, graph="kran", do="send"))
    assert "?from=" not in ada.get(path).text
    assert eva.form(path, step="return", note="Bitte kürzer.").status_code == 303
    shown = ada.get(path).text
    assert "unter dem Namen kran" in shown
    answer = ada.get(f"/de/contribute/project?from={path.rpartition('/')[2]}")
    assert (answer.status_code, "passt in kein Formular" in answer.text) == (200, True)
    file = ada.get(path + "/sent")
    assert (file.text, file.headers["content-type"]) == (body, "text/turtle; charset=utf-8")
    assert file.headers["content-disposition"].startswith("attachment")
    assert kim.get(path + "/sent").status_code == 403
    assert Person(town.client).get(path + "/sent").status_code == 303
    ledger = open_ledger(town.settings)
    town.tokens["sten"] = ("", ledger.partners.issue("kogge", "sten", "steward", at=_now())[1])
    ledger.close()
    sten = town.person("sten")
    table = "Bündnisse\nName (Deutsch);Beschreibung (Deutsch)\nBund der Häfen;Häfen reden miteinander.\n"
    path = sent_to(sten.upload("tag.csv", table, do="send"))
    answer = sten.get(f"/de/contribute/project?from={path.rpartition('/')[2]}")
    assert "Zeile in Ihrer Tabelle" in answer.text


def test_a_row_of_a_spreadsheet_is_mended_by_form(town: Town) -> None:
    ada, eva = town.person("ada"), town.person("eva")
    table = (
        "Veranstaltungen\nName (Deutsch);Name (Niederländisch);Art;Stand;Beginn;Ort;Gebäude (Deutsch);"
        "Thema 1;Thema 2;Beteiligt 1;Beteiligt 2;Teil von;Quelle (Deutsch)\n"
        "Hafentag;Havendag;;angekündigt;11/2027;Lübeck;Rathaus;Parken;Energie;Kiel;Wismar;;Aushang\n"
        "Kranführung;;Exkursion;;;Lübeck;;Parken;;;;Hafentag;Aushang\n"
    )
    assert ada.upload("tag.csv", table, do="send").headers["location"].endswith("?sent=2")
    part, whole = (f"/de/contributions/{each['number']}" for each in contributions(town, ada)[:2])
    for path in (part, whole):
        assert eva.form(path, step="return", note="Bitte die Zeit.").status_code == 303
    link = f"/de/contribute/event?from={part.rpartition('/')[2]}"
    assert f'href="{link}"' in ada.get(part).text
    typed = typed_in(ada.get(link).text)
    assert typed == {
        "name-de-1": "Kranführung", "sort-x-1": "https://w3id.org/kogge/ontology#Excursion",
        "place-x-1": "Lübeck", "topic-x-1": names.topic("parken"), "part-of-x-1": "event/luebeck/hafentag",
        "source-title-de-1": "Aushang",
    }  # fmt: skip
    link = link.replace(part.rpartition("/")[2], whole.rpartition("/")[2])
    typed = typed_in(ada.get(link).text)
    assert typed["venue-de-1"] == "Rathaus"
    assert [typed[f"participant-x-{number}"] for number in (1, 2)] == ["Kiel", "Wismar"]
    again = ada.form(link, "/de/contribute/event", **typed | {"start-x-1": "01.11.2027"}, do="send")
    assert sent_to(again) == whole
    assert eva.form(whole, step="accept").status_code == 303
    form = ada.get("/de/contribute/event").text
    assert "Dieter" not in form
    assert "Lübeck" in re.findall(r'<datalist id="host-list">(.*?)</datalist>', form, re.DOTALL)[0]


def test_only_who_may_see_a_contribution_gets_it_in_a_form(town: Town) -> None:
    ada, kim = town.person("ada"), town.person("kim")
    form = RIGHT | {"name-de-1": "Geheimer Garten"}
    path = sent_to(ada.form("/de/contribute/project", **form, do="send"))
    number = path.rpartition("/")[2]
    link = f"/de/contribute/project?from={number}"
    refused = kim.get(link)
    assert (refused.status_code, "Geheimer" in refused.text) == (403, False)
    fields = kim.hidden("/de/contribute/need") | form | {"from": number, "do": "send"}
    assert kim.ask("POST", "/de/contribute/project", data=fields).status_code == 403
    assert "Geheimer Garten" not in kim.get("/de/contributions").text
    stranger = Person(town.client).get(link)
    assert stranger.headers["location"].endswith(f"%3Ffrom%3D{number}")
    for wrong in ("9999", "0", "x", "-1", "9" * 40, "1;2", ""):
        assert ada.get(f"/de/contribute/project?from={wrong}").status_code == 404, wrong
    fields = ada.hidden("/de/contribute/need") | {"from": number, "do": "send"}
    assert ada.ask("POST", "/de/contribute/need", data=fields).status_code == 400


def test_who_mends_for_another_sends_to_the_same_graph_and_takes_the_first_back(town: Town) -> None:
    ada, eva = town.person("ada"), town.person("eva")
    ledger = open_ledger(town.settings)
    people: tuple[tuple[str, str, Role], ...] = (("stella", "kogge", "steward"), ("ole", "luebeck", "author"))
    for who, partner, role in people:
        town.tokens[who] = ("", ledger.partners.issue(partner, who, role, at=_now())[1])
    ledger.close()
    stella, ole = town.person("stella"), town.person("ole")
    form = RIGHT | {"name-de-1": "Brückenwacht"}
    path = sent_to(ada.form("/de/contribute/project", **form, do="send"))
    link = f"/de/contribute/project?from={path.rpartition('/')[2]}"
    assert [f'href="{link}"' in who.get(path).text for who in (ada, eva, ole, stella)] == [True, *[False] * 3]
    assert eva.form(path, step="return", note="Bitte kürzer.").status_code == 303
    assert [f'href="{link}"' in who.get(path).text for who in (ada, eva, ole, stella)] == [
        True, True, True, True,
    ]  # fmt: skip
    mended = typed_in(stella.get(link).text) | {"name-nl-1": "Brugwacht"}
    new = sent_to(stella.form(link, "/de/contribute/project", **mended, do="send"))
    assert contributions(town, ada)[0]["graph"] == names.graph("luebeck", "project-brueckenwacht")
    assert f"replaced by {new.rpartition('/')[2]}" in ada.get(path).text
    assert eva.form(new, step="accept").status_code == 303


def test_a_field_more_than_the_form_has_is_judged_at_its_place_and_kept(town: Town) -> None:
    ada = town.person("ada")
    more = {"topic-x-4": names.topic("energie"), "partner-x-5": "Kiehl", "description-en-1": "Green wave."}
    answer = ada.form("/de/contribute/project", **RIGHT | {"name-de-1": "Mehr davon"} | more)
    assert answer.status_code == 422
    assert 'id="partner-x-5-error"' in answer.text
    assert typed_in(answer.text).items() >= more.items()
    for strange in ("nothing-x-1", "topic-de-1", "name-fr-1", "topic-x-100", "name-x-1"):
        assert f'name="{strange}"' not in ada.form("/de/contribute/project", **{strange: "?"}).text


def test_what_is_public_is_changed_in_its_form_as_long_as_it_is_the_newest(town: Town) -> None:
    ada, eva, kim = town.person("ada"), town.person("eva"), town.person("kim")
    form = RIGHT | {"name-de-1": "Kaikante"}
    first = released(ada, eva, "project", **form)
    link = f"/de/contribute/project?from={first.rpartition('/')[2]}"
    assert f'href="{link}"' in ada.get(first).text
    opened = ada.get(link).text
    assert "was jetzt öffentlich ist" in opened
    changed = typed_in(opened) | {"status-x-1": "https://w3id.org/kogge/ontology#done"}
    asked = ada.form(link, "/de/contribute/project", **changed, do="send")
    assert (asked.status_code, "Abschicken und ersetzen" in asked.text) == (409, True)
    second = sent_to(ada.form(link, "/de/contribute/project", **changed, do="send", replace="yes"))
    assert second != first
    assert eva.form(second, step="accept").status_code == 303
    assert "?from=" not in ada.get(first).text
    assert f"?from={second.rpartition('/')[2]}" in eva.get(second).text
    assert kim.get(second).status_code == 403


# Contacts

OFFICE = {
    "name-de-1": "Stabsstelle Digitales", "mailbox-x-1": "smartcity@luebeck.de", "phone-x-1": "+49 451 122 0",
    "belongs-x-1": "Lübeck",
}  # fmt: skip


def released(sender: Person, editor: Person, kind: str, **form: str) -> str:
    """The page of a contribution that was sent by form and released."""
    path = sent_to(sender.form(f"/de/contribute/{kind}", **form, do="send"))
    assert editor.form(path, step="accept").status_code == 303
    return path


def test_a_contact_is_named_by_form_and_called_by_its_name_afterwards(town: Town) -> None:
    ada, eva, kim = town.person("ada"), town.person("eva"), town.person("kim")
    assert typed_in(ada.get("/de/contribute/contact").text) == {"belongs-x-1": "Lübeck"}
    path = released(ada, eva, "contact", **OFFICE)
    english = town.person("ada", "en").get(path.replace("/de/", "/en/")).text
    assert "<h1>Stabsstelle Digitales</h1>" in english  # what it is called, not what its graph is
    assert re.findall(r'<h3>(\S.*?) <span class="chip[^>]*>(\w+)<', english) == [
        ("Stabsstelle Digitales", "new"),
        ("Lübeck", "changed"),
    ]
    assert (">smartcity@luebeck.de</a>" in english, "tel:" in english) == (True, False)
    city = town.client.get("/de/municipality/luebeck", headers=ORIGIN).text
    assert "Stabsstelle Digitales" in city
    assert "smartcity@luebeck.de" in city
    # another city has one of the same name: each means its own
    ledger = open_ledger(town.settings)
    _, value = ledger.partners.issue("kiel", "kai", "author", at=_now())
    ledger.close()
    town.tokens["kai"] = ("", value)
    theirs = OFFICE | {"mailbox-x-1": "digital@kiel.de", "belongs-x-1": "Kiel"}
    released(town.person("kai"), kim, "contact", **theirs)
    form = ada.get("/de/contribute/project").text
    assert '<option value="Stabsstelle Digitales"></option>' in form
    project = RIGHT | {"name-de-1": "Lichtband", "contact-x-1": "Stabsstelle Digitales"}
    path = released(ada, eva, "project", **project)
    thing = town.client.get("/id/project/luebeck/lichtband", headers={"Accept": "text/turtle"}).text
    assert "contact/luebeck/stabsstelle-digitales" in thing.replace("\\/", "/").replace(
        "contact:", "contact/"
    )
    # and it is called so where the project is changed
    again = typed_in(ada.get(f"/de/contribute/project?from={path.rpartition('/')[2]}").text)
    assert again["contact-x-1"] == "Stabsstelle Digitales"
    listed = town.client.get("/queries/lookup/contacts?municipality=luebeck", headers={"Accept": "text/csv"})
    assert "tel:+49-451-122-0" in listed.text


TECHNICAL = re.compile(r"w3id|mailto:|tel:|\bIRI\b|\b[a-z]+:[A-Za-z]+|\bTurtle\b|Aussage|statement|uitspraak")


@pytest.mark.parametrize("lang", ["de", "en", "nl"])
def test_advice_about_a_contact_is_not_about_the_city_that_it_belongs_to(town: Town, lang: str) -> None:
    wanted = {f"name-{each}-1": f"Hafenamt {each}" for each in ("de", "en", "nl")}
    seen = town.person("ada", lang).form(f"/{lang}/contribute/contact", **OFFICE | wanted)
    assert (seen.status_code, 'class="findings"' in seen.text) == (200, False), seen.text


@pytest.mark.parametrize("lang", ["de", "en", "nl"])
@pytest.mark.parametrize(
    ("wrong", "at"),
    [
        ({"mailbox-x-1": "erika.mustermann@luebeck.de"}, "mailbox-x-1"),
        ({"mailbox-x-1": "smartcity@luebeck"}, "mailbox-x-1"),
        ({"mailbox-x-1": "smartcity@luebeck.d1"}, "mailbox-x-1"),
        ({"mailbox-x-1": "<smartcity@luebeck.de>"}, "mailbox-x-1"),
        ({"phone-x-1": "0451 1220"}, "phone-x-1"),
        ({"phone-x-1": "+49 4 5 1 1 2 2 0 1 2 3 4 5 6 7 8 9 0"}, "phone-x-1"),
        ({"form-x-1": "kontakt"}, "form-x-1"),
        ({"belongs-x-1": "Kiel"}, "belongs-x-1"),
        ({"belongs-x-1": "Lübek"}, "belongs-x-1"),
        ({"mailbox-x-1": "", "phone-x-1": ""}, "mailbox-x-1"),
        ({"name-de-1": ""}, "name-{}-1"),
        ({"name-de-1": "", "mailbox-x-1": "", "phone-x-1": ""}, "mailbox-x-1"),
    ],
)
def test_what_is_wrong_with_a_contact_is_said_plainly_at_its_field(
    town: Town, lang: str, wrong: dict[str, str], at: str
) -> None:
    answer = town.person("ada", lang).form(f"/{lang}/contribute/contact", **OFFICE | wrong)
    assert answer.status_code == 422, answer.text
    found = dict(
        re.findall(r'id="([^"]+)-error">.*?<span class="kern-body">([^<]*)</span>', answer.text, re.DOTALL)
    )
    assert at.format(lang) in found
    assert {name for name in found if TECHNICAL.search(found[name])} == set(), found
    summary = re.search(r'id="summary".*?</div>\s*</div>', answer.text, re.DOTALL)
    assert summary is not None
    assert len(re.findall("<li>", summary[0])) == len(re.findall('<li><a href="#', summary[0])), summary[0]
