"""Level 8, web, pages: the start page with the search."""

from __future__ import annotations

from typing import Final

from fastapi import Request, Response

from kogge.web.pages import READ, pages
from kogge.web.pages.render import Page
from kogge.web.pages.words import Entry, msgid

router = pages()

ENTRY: Final = Entry("", msgid("Search"), 10)


@router.api_route("/", methods=READ)
async def start(request: Request, lang: str) -> Response:
    """Where one asks who knows about something."""
    page = await Page.open(request, lang)
    if page.held:
        return page.held
    return await page.send("search.html", q=request.query_params.get("q", ""))
