"""Contributing in Chromium: a project by form, a mistake that is mended, released, found by all."""

from __future__ import annotations

import io
import os
import re
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote
from urllib.request import urlopen

import openpyxl
import pytest

from kogge.contribution import fields as forms
from kogge.contribution.template import FIRST, HEADINGS
from kogge.desk import open_ledger
from kogge.ledger import Role
from kogge.settings import Settings

SHOTS: Final = os.environ.get("KOGGE_SHOTS", "")
OpenPage = Callable[..., Any]
DUMPED: Final = 90  # seconds until a change is in the dumps, which let all others go first

pytestmark = pytest.mark.xdist_group("contribute")  # one partner, whose contributions follow each other


@pytest.fixture(scope="module")
def keys(service: Any) -> Iterator[dict[str, str]]:
    """Keys of an author and an editor of a city."""
    ledger = open_ledger(Settings.from_environment({"KOGGE_HOME": str(service.home)}))
    now = datetime.now(UTC)
    ledger.partners.add("wismar", "Hansestadt Wismar", ["municipality/wismar"], at=now)
    people: tuple[tuple[str, Role], ...] = (("ada", "author"), ("eva", "editor"))
    yield {who: ledger.partners.issue("wismar", who, role, at=now)[1] for who, role in people}
    ledger.close()


def shot(seen: Any, name: str, width: int) -> None:
    """Looks at a page as it is now: axe, policy, width; and takes its picture if pictures are wanted."""
    if SHOTS:
        seen.page.screenshot(path=Path(SHOTS, f"contribute-{name}.{width}.png"), full_page=True)
    seen.check()


def sign_in(
    open_page: OpenPage, key: str, path: str, width: int, *, scripts: bool = True, **options: Any
) -> Any:
    lang, _, rest = path.lstrip("/").partition("/")
    seen = open_page(f"/{lang}/sign-in?next={quote(rest, safe='')}", width, scripts=scripts, **options)
    seen.page.fill("#token", key)
    seen.page.locator("main button").click()
    seen.page.wait_for_load_state()
    return seen


def press(seen: Any, name: str) -> None:
    seen.page.locator(f"main button[value={name}]").click()
    seen.page.wait_for_load_state()


def got(service: Any, path: str) -> str:
    with urlopen(f"{service.base}{path}", timeout=20) as answer:
        return str(answer.read().decode())


def ask(service: Any, query: str) -> str:
    return got(service, f"/sparql?query={quote(query)}")


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (320, "dark")])
def test_a_project_goes_by_form_from_an_author_over_an_editor_to_everybody(
    open_page: OpenPage, keys: dict[str, str], service: Any, width: int, scheme: str
) -> None:
    name = f"Regenspeicher {width}"
    seen = sign_in(open_page, keys["ada"], "/de/contribute/project", width, color_scheme=scheme)
    shot(seen, "form", width)
    page = seen.page
    page.fill("#name-de-1", name)
    page.fill("#name-en-1", f"Rain store {width}")
    page.select_option("#topic-x-1", value="https://w3id.org/kogge/topic/parken")
    page.fill("#start-x-1", "gestern")
    page.fill("#source-title-de-1", "Bericht an die Bürgerschaft")
    press(seen, "preview")
    assert page.evaluate("document.activeElement.id") == "summary"
    assert page.locator("#lead-x-1").input_value() == "Wismar"
    page.locator("#summary a[href='#start-x-1']").click()
    assert page.evaluate("document.activeElement.id") == "start-x-1"
    assert "2026" in page.locator("#start-x-1-error").inner_text()
    seen.errors.clear()  # the console says that the answer was 422
    shot(seen, "wrong", width)
    page.fill("#start-x-1", "03/2025")
    page.select_option("#status-x-1", index=2)
    press(seen, "preview")
    shot(seen, "preview", width)
    press(seen, "send")
    assert "angekommen" in page.locator(".kern-alert").inner_text()
    shot(seen, "sent", width)
    number = re.sub(r".*/(\d+)\?.*", r"\1", page.url)
    editor = sign_in(open_page, keys["eva"], f"/nl/contributions/{number}", width, color_scheme=scheme)
    assert name in editor.page.locator("main").inner_text()
    shot(editor, "review", width)
    press(editor, "accept")
    assert "openbaar" in editor.page.locator(".kern-alert").inner_text()
    shot(editor, "released", width)
    with urlopen(f"{service.base}/expertise?q=parkeren&lang=nl", timeout=20) as answer:
        assert f"regenspeicher-{width}" in answer.read().decode()
    found = ask(
        service, f'ASK {{ ?x <http://www.w3.org/2004/02/skos/core#prefLabel> "Rain store {width}"@en }}'
    )
    assert "true" in found
    editor.page.goto(f"{service.base}/de/contributions")
    shot(editor, "list", width)


@pytest.mark.parametrize("width", [1280, 320])
def test_every_form_is_sound(open_page: OpenPage, keys: dict[str, str], width: int) -> None:
    seen = sign_in(open_page, keys["ada"], "/en/contribute", width)
    paths = seen.page.locator(".card a").evaluate_all("links => links.map(each => each.getAttribute('href'))")
    assert [path.rpartition("/")[2] for path in paths] == [*forms.KINDS]
    for path in paths:
        seen.page.goto(seen.base + path)
        shot(seen, "form-" + path.rpartition("/")[2], width)


def test_all_of_it_works_without_scripts(open_page: OpenPage, keys: dict[str, str]) -> None:
    seen = sign_in(open_page, keys["ada"], "/en/contribute/need", 320, scripts=False)
    page = seen.page
    page.fill("#name-en-1", "Who heats with waste water?")
    page.select_option("#topic-x-1", label="energy")
    page.select_option("#status-x-1", index=1)
    press(seen, "preview")
    press(seen, "send")
    assert "/en/contributions/" in page.url
    page.locator(".account button").click()
    page.wait_for_load_state()
    assert page.locator(".account").count() == 0
    page.goto(f"{seen.base}/en/contributions")
    assert "/en/sign-in" in page.url


@pytest.mark.parametrize("width", [1280, 320])
def test_findings_of_a_file_are_shown_and_the_file_is_not_chosen_twice(
    open_page: OpenPage, keys: dict[str, str], tmp_path: Path, width: int
) -> None:
    seen = sign_in(open_page, keys["ada"], "/de/contribute", width)
    shot(seen, "upload", width)
    bad, good = tmp_path / "bedarfe.csv", tmp_path / "gut.csv"
    text = f"Bedarfe\nName (Deutsch);Kommune;Thema 1;Stand\nWer kennt Dünen {width}?;Wismr;Energie;offen\n"
    bad.write_text(text, encoding="utf-8")
    good.write_text(text.replace("Wismr", "Wismar"), encoding="utf-8")
    seen.page.set_input_files("#file", bad)
    press(seen, "check")
    seen.errors.clear()
    assert "Zelle B3" in seen.page.locator(".findings").inner_text()
    shot(seen, "findings", width)
    seen.page.set_input_files("#file", good)
    press(seen, "check")
    shot(seen, "checked", width)
    seen.page.locator(".kern-alert button[value=send]").click()
    seen.page.wait_for_load_state()
    assert "angekommen" in seen.page.locator(".kern-alert").inner_text()


def test_a_template_filled_in_libreoffice_goes_the_whole_way_to_everybody(
    open_page: OpenPage,
    keys: dict[str, str],
    service: Any,
    libreoffice: Callable[[bytes, str, str], bytes],
    tmp_path: Path,
) -> None:
    on_map = "/de/map?topic=abfallmanagement"
    assert "Wismar" not in open_page(on_map).page.locator(".beside__side").inner_text()
    seen = sign_in(open_page, keys["ada"], "/de/contribute", 1280)
    page = seen.page
    with page.expect_download() as download:
        page.get_by_role("link", name="Vorlage auf Deutsch").click()
    book = openpyxl.load_workbook(io.BytesIO(Path(download.value.path()).read_bytes()))
    sheet = book["Projekte"]
    heads = {str(cell.value).rstrip(" *"): cell.column or 0 for cell in sheet[HEADINGS]}
    for heading, value in {
        "Name (Deutsch)": "Wertstoffhof der Zukunft",
        "Name (Englisch)": "Recycling yard of the future",
        "Stand": "läuft",
        "Thema 1": "Abfallmanagement",
        "Federführung": "Wismar",
        "Beginn": "03/2025",
        "Quelle (Deutsch)": "Bericht an die Bürgerschaft",
    }.items():
        sheet.cell(FIRST, heads[heading]).value = value
    stream = io.BytesIO()
    book.save(stream)
    table = tmp_path / "vorlage.xlsx"
    table.write_bytes(libreoffice(libreoffice(stream.getvalue(), "xlsx", "ods"), "ods", "xlsx"))
    page.set_input_files("#file", table)
    press(seen, "check")
    shot(seen, "template", 1280)
    page.locator(".kern-alert button[value=send]").click()
    page.wait_for_load_state()
    assert "angekommen" in page.locator(".kern-alert").inner_text()

    editor = sign_in(open_page, keys["eva"], "/en/contributions", 1280)
    editor.page.get_by_role("link", name="Recycling yard of the future").click()
    editor.page.wait_for_load_state()
    press(editor, "accept")
    assert "Released" in editor.page.locator(".kern-alert").inner_text()

    iri = "https://w3id.org/kogge/id/project/wismar/wertstoffhof-der-zukunft"
    found = open_page("/nl/?q=afvalbeheer")
    assert "Wismar" in found.page.locator("main").inner_text()
    assert found.page.locator("a[href='/nl/project/wismar/wertstoffhof-der-zukunft']").count() > 0
    assert "Wismar" in open_page(on_map).page.locator(".beside__side").inner_text()
    assert "Recycling yard of the future" in got(service, "/feed.atom?lang=en")
    assert "true" in ask(service, f"ASK {{ <{iri}> a <https://w3id.org/kogge/ontology#Project> }}")
    until = time.monotonic() + DUMPED
    while iri not in (dumped := got(service, "/dumps/projects.csv")):
        assert time.monotonic() < until, "it is not in the dumps"
        time.sleep(1)
    size = f'/projects#csv> <http://www.w3.org/ns/dcat#byteSize> "{len(dumped.encode())}"'
    assert size in got(service, "/catalog.nt")


@pytest.mark.parametrize("width", [1280, 320])
def test_what_is_returned_is_mended_in_the_form_that_holds_it(
    open_page: OpenPage, keys: dict[str, str], width: int
) -> None:
    lang = "nl" if width == 320 else "en"
    seen = sign_in(open_page, keys["ada"], f"/{lang}/contribute/contact", width)
    page = seen.page
    assert page.locator("#belongs-x-1").input_value() == "Wismar"
    page.fill(f"#name-{lang}-1", f"Office {width}")
    shot(seen, "contact", width)
    press(seen, "preview")
    seen.errors.clear()
    shot(seen, "contact-wrong", width)
    page.fill("#mailbox-x-1", "smartcity@wismar.de")
    press(seen, "preview")
    press(seen, "send")
    number = re.sub(r".*/(\d+)\?.*", r"\1", page.url)
    editor = sign_in(open_page, keys["eva"], f"/{lang}/contributions/{number}", width)
    editor.page.fill("#note", "Please add the telephone, too.")
    press(editor, "return")
    shot(editor, "returned-editor", width)
    page.goto(f"{seen.base}/{lang}/contributions/{number}")
    shot(seen, "returned", width)
    page.locator(f"main a[href$='from={number}']").click()
    page.wait_for_load_state()
    assert page.locator("#mailbox-x-1").input_value() == "smartcity@wismar.de"
    assert "telephone" in page.locator(".kern-alert").inner_text()
    shot(seen, "mending", width)
    page.fill("#phone-x-1", "+49 3841 251 0")
    press(seen, "preview")
    shot(seen, "mending-preview", width)
    press(seen, "change")
    assert page.locator("#phone-x-1").input_value() == "+49 3841 251 0"
    press(seen, "preview")
    press(seen, "send")
    assert f"/{lang}/contributions/{number}?" in page.url
    editor.page.goto(f"{seen.base}/{lang}/contributions/{number}")
    shot(editor, "mended-review", width)
    press(editor, "accept")
    page.goto(f"{seen.base}/{lang}/municipality/wismar")
    assert "+49 3841 251 0" in page.locator("main").inner_text().replace("-", " ")


@pytest.mark.parametrize("width", [1280, 320])
def test_turtle_that_fits_into_no_form_says_so_and_is_downloaded(
    open_page: OpenPage, keys: dict[str, str], tmp_path: Path, width: int
) -> None:
    file = tmp_path / "kai.ttl"
    file.write_text(
        f"""@prefix kogge: <https://w3id.org/kogge/ontology#> .
        @prefix skos: <http://www.w3.org/2004/02/skos/core#> .
        @prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
        <https://w3id.org/kogge/id/project/wismar/kai-{width}> a kogge:Project ;
            skos:prefLabel "Kai {width}"@de ; kogge:status kogge:running ;
            kogge:lead <https://w3id.org/kogge/id/municipality/wismar> ;
            kogge:topic <https://w3id.org/kogge/topic/parken> ; kogge:reviewedOn "2026-11-01"^^xsd:date .
        """,
        encoding="utf-8",
    )
    seen = sign_in(open_page, keys["ada"], "/de/contribute", width)
    page = seen.page
    page.set_input_files("#file", file)
    press(seen, "send")
    number = re.sub(r".*/(\d+)\?.*", r"\1", page.url)
    page.goto(f"{seen.base}/de/contribute/project?from={number}")
    shot(seen, "unfit", width)
    with page.expect_download() as started:
        page.locator("main a[download]").click()
    assert Path(started.value.path()).read_bytes() == file.read_bytes()
