"""Every registered page in Chromium: each language, wide and narrow, and once without JavaScript.

A page is registered by its path in a file of `pages/`, one file for each subject. With KOGGE_SHOTS=<folder>
its pictures are put there (`make shots`).
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest

from kogge import names

from ..reading import PATHS

WIDTHS: Final = (1280, 320)
SHOTS: Final = os.environ.get("KOGGE_SHOTS", "")

OpenPage = Callable[..., Any]


@pytest.mark.parametrize("lang", names.LANGUAGES)
@pytest.mark.parametrize("path", PATHS)
def test_a_page_is_sound_and_pictures_show_it(look_at: OpenPage, path: str, lang: str) -> None:
    seen = look_at(f"/{lang}/{path}")
    said, title = seen.page.evaluate("[document.documentElement.lang, document.title]")
    assert said == lang
    assert title.endswith(" – Kogge")
    name = names.slugify(path) or "start"
    for width in WIDTHS:
        seen.resize(width)
        if SHOTS:
            seen.page.screenshot(path=Path(SHOTS, f"{name}.{lang}.{width}.png"), full_page=True)
        seen.check()


@pytest.mark.parametrize("path", PATHS)
def test_a_page_is_as_sound_in_the_dark_as_pictures_show(look_at: OpenPage, path: str) -> None:
    seen = look_at(f"/de/{path}", color_scheme="dark")
    ground = seen.page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert max(int(part) for part in re.findall(r"\d+", ground)[:3]) < 64
    if SHOTS:
        name = names.slugify(path) or "start"
        seen.page.screenshot(path=Path(SHOTS, f"{name}.dark.png"), full_page=True)
    seen.check()


@pytest.mark.parametrize("path", PATHS)
def test_a_page_says_the_same_without_javascript(look_at: OpenPage, path: str) -> None:
    titles, links, _ = told(look_at(f"/de/{path}"))
    without = look_at(f"/de/{path}", scripts=False)
    titles_without, links_without, texts_without = told(without)
    assert titles_without == titles
    assert len(titles) == 1
    assert links_without + texts_without >= links
    assert (without.foreign, without.errors) == ([], [])


def told(seen: Any) -> tuple[list[str], int, int]:
    """The headings of the first level, and how many links and paragraphs the content has."""
    page = seen.page
    return (
        page.locator("h1").all_text_contents(),
        page.locator("main a").count(),
        page.locator("main p").count(),
    )


def test_the_watched_browser_sees_what_is_wrong(open_page: OpenPage) -> None:
    seen = open_page("/en/help")
    seen.page.evaluate(
        """() => { const image = document.createElement('img'); image.src = 'http://foreign.invalid/x.png';
        image.setAttribute('style', 'width: 3000px'); document.querySelector('main').append(image);
        const script = document.createElement('script'); script.textContent = 'x()';
        document.body.append(script); }"""
    )
    seen.page.wait_for_timeout(200)
    assert any("CSP" in error for error in seen.errors)
    assert any(finding.startswith("image-alt") for finding in seen.found_by_axe())
    with pytest.raises(AssertionError):
        seen.check()


def test_the_skip_link_comes_first_and_leads_to_the_content(open_page: OpenPage) -> None:
    page = open_page("/de/help").page
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"


def test_the_menu_opens_with_the_keyboard_on_a_phone(open_page: OpenPage) -> None:
    page = open_page("/de/help", 320, scripts=False).page
    entry = page.locator(".menu--narrow a").first
    assert not entry.is_visible()
    page.locator(".menu--narrow summary").press("Enter")
    assert entry.is_visible()


def test_first_load_is_light(open_page: OpenPage) -> None:
    seen = open_page("/de/")
    sizes = seen.page.evaluate(
        "performance.getEntriesByType('resource').map(each => [each.name, each.encodedBodySize])"
    )
    assert sum(size for _, size in sizes) < 140_000
    assert len([name for name, _ in sizes if ".woff2" in name]) <= 3


def test_on_paper_a_page_has_no_menus(open_page: OpenPage) -> None:
    page = open_page("/de/help").page
    page.emulate_media(media="print")
    assert not page.locator(".bar").is_visible()
    assert page.locator("h1").is_visible()
