"""What tests of pages share: a page as a browser gets it, and what people read on it."""

from __future__ import annotations

import html
import re
from pathlib import Path
from typing import Final

from starlette.testclient import TestClient

BROWSER: Final = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}

_LISTS: Final = sorted((Path(__file__).parent / "browser" / "pages").glob("*.txt"))
_LINES: Final = [line.split() for path in _LISTS for line in path.read_text("utf-8").splitlines()]
# The registered pages by their paths below the language.
PATHS: Final = [line[0].strip("/") for line in _LINES if line and line[0] != "#"]


def page(client: TestClient, path: str, status: int = 200) -> str:
    """The text of a page; it must have this status."""
    answer = client.get(path, headers=BROWSER)
    assert answer.status_code == status, (path, answer.status_code)
    return answer.text


def words(text: str) -> str:
    """What is read on a page."""
    main = re.search(r"<main.*</main>", text, re.DOTALL)
    assert main
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", main[0])))
