"""Contributing in Chromium: a project by form, a mistake mended, released by another, found by everybody."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote
from urllib.request import urlopen

import pytest

from kogge.desk import open_ledger
from kogge.ledger import Role
from kogge.settings import Settings

SHOTS: Final = os.environ.get("KOGGE_SHOTS", "")
OpenPage = Callable[..., Any]


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


def sign_in(open_page: OpenPage, key: str, path: str, width: int, *, scripts: bool = True) -> Any:
    lang, _, rest = path.lstrip("/").partition("/")
    seen = open_page(f"/{lang}/sign-in?next={quote(rest, safe='')}", width, scripts=scripts)
    seen.page.fill("#token", key)
    seen.page.locator("main button").click()
    seen.page.wait_for_load_state()
    return seen


def press(seen: Any, name: str) -> None:
    seen.page.locator(f"main button[value={name}]").click()
    seen.page.wait_for_load_state()


def ask(service: Any, query: str) -> str:
    with urlopen(f"{service.base}/sparql?query={quote(query)}", timeout=20) as answer:
        return str(answer.read().decode())


@pytest.mark.parametrize("width", [1280, 320])
def test_a_project_goes_by_form_from_an_author_over_an_editor_to_everybody(
    open_page: OpenPage, keys: dict[str, str], service: Any, width: int
) -> None:
    name = f"Regenspeicher {width}"
    seen = sign_in(open_page, keys["ada"], "/de/contribute/project", width)
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
    editor = sign_in(open_page, keys["eva"], f"/nl/contributions/{number}", width)
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
