"""The search as people use it: suggestions by keyboard and mouse, filters, the way back, no JavaScript."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

OpenPage = Callable[..., Any]

FOCUSED = "document.activeElement.id"


def asked(page: Any) -> dict[str, list[str]]:
    return parse_qs(urlsplit(page.url).query)


def test_a_suggestion_is_chosen_with_arrows_and_enter(open_page: OpenPage) -> None:
    seen = open_page("/de/")
    page = seen.page
    field = page.get_by_role("combobox", name="Thema")
    field.focus()
    page.keyboard.type("Wasserst", delay=20)
    page.locator("#suggestions li").first.wait_for()
    assert field.get_attribute("aria-expanded") == "true"
    assert page.evaluate(FOCUSED) == "q"
    assert re.match(r"Vorschläge: \d", page.locator("#said").text_content())
    page.keyboard.press("ArrowDown")
    first = page.locator("#suggestions li").first
    assert first.get_attribute("aria-selected") == "true"
    assert field.get_attribute("aria-activedescendant") == first.get_attribute("id")
    page.keyboard.press("ArrowDown")
    assert page.locator("#suggestions li[aria-selected=true]").count() == 1
    page.keyboard.press("ArrowUp")
    seen.check()
    page.keyboard.press("Enter")
    page.wait_for_url("**topic=*")
    assert asked(page) == {"topic": ["wasserstoff"]}
    assert page.locator("#count").text_content().split()[:2] == ["3", "Antworten"]
    seen.check()


def test_escape_closes_the_suggestions_and_keeps_the_words(open_page: OpenPage) -> None:
    page = open_page("/en/").page
    page.locator("#q").focus()
    page.keyboard.type("hydro", delay=20)
    page.locator("#suggestions li").first.wait_for()
    page.keyboard.press("Escape")
    assert not page.locator("#suggestions").is_visible()
    assert page.locator("#q").input_value() == "hydro"
    assert page.locator("#q").get_attribute("aria-expanded") == "false"
    page.keyboard.press("ArrowDown")  # and opens them again
    assert page.locator("#suggestions").is_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("Enter")
    page.wait_for_url("**q=hydro")


def test_a_suggestion_is_chosen_with_the_mouse(open_page: OpenPage) -> None:
    page = open_page("/de/", 320).page
    page.locator("#q").fill("Wasserstoff und")
    page.locator("#suggestions li").first.click()
    page.wait_for_url("**topic=wasserstoff-mobilitaet")


def test_a_filter_changes_the_answer_and_keeps_the_focus(open_page: OpenPage) -> None:
    seen = open_page("/de/?q=Wasserstoff")
    page = seen.page
    page.evaluate("window.before = true")
    page.locator("#filter-country-nl").focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**country=NL")
    page.locator("#filter-country-nl[aria-current]").wait_for()
    page.locator("#said", has_text="1 Antwort").wait_for(state="attached")
    assert page.evaluate("window.before")  # the page was not loaded anew
    assert page.evaluate(FOCUSED) == "filter-country-nl"
    assert page.locator(".result").count() == 1
    seen.check()
    page.go_back()
    page.wait_for_url(re.compile(r"q=Wasserstoff$"))
    page.locator(".result").nth(2).wait_for()
    assert page.locator("#q").input_value() == "Wasserstoff"
    assert page.locator("#filter-country-nl[aria-current]").count() == 0
    page.go_forward()
    page.wait_for_url("**country=NL")
    page.locator("#filter-country-nl[aria-current]").wait_for()
    assert page.locator(".result").count() == 1
    seen.check()


def test_more_answers_and_back(open_page: OpenPage) -> None:
    page = open_page("/de/?q=Digitalisierung").page
    page.locator("#after").click()
    page.wait_for_url("**offset=20")
    page.locator("#count", has_text="21 bis 40").wait_for()
    page.go_back()
    page.locator("#count", has_text="1 bis 20").wait_for()


def test_further_evidence_opens_with_the_keyboard(open_page: OpenPage) -> None:
    seen = open_page("/de/?q=Wasserstoff", 320)
    summary = seen.page.locator(".more summary").first
    assert not seen.page.locator(".more .evidence").first.is_visible()
    summary.press("Enter")
    assert seen.page.locator(".more .evidence").first.is_visible()
    seen.check()


def test_all_of_it_works_without_javascript(open_page: OpenPage) -> None:
    page = open_page("/de/", scripts=False).page
    page.locator("#q").fill("Wasserstoff")
    page.locator("#q").press("Enter")
    page.wait_for_url("**q=Wasserstoff")
    page.locator("#filter-country-de").click()
    assert asked(page) == {"q": ["Wasserstoff"], "country": ["DE"]}
    assert page.locator(".result").count() == 2
    page.get_by_role("link", name="Entfernen: Deutschland").click()
    assert page.locator(".result").count() == 3


def test_an_answer_on_paper_has_its_reasons_and_no_filters(open_page: OpenPage) -> None:
    page = open_page("/de/?q=Wasserstoff").page
    page.emulate_media(media="print")
    assert page.locator(".evidence").first.is_visible()
    assert page.locator(".cite__line").is_visible()
    assert not page.locator(".filters").is_visible()
