"""Level 8, web, pages: which language a page should have, and who wants a page at all."""

from __future__ import annotations

from fastapi import Request

from kogge import media, names
from kogge.errors import NotAcceptable
from kogge.web.asked import accepted_language

_BEFORE_A_PAGE = (media.PROBLEM, media.JSON, media.TURTLE, media.TEXT, media.HTML)


def wants_page(request: Request) -> bool:
    """Whether who asks is a browser: Accept prefers HTML to anything for programs (`*/*` does not)."""
    try:
        return media.choose(request.headers.get("accept"), _BEFORE_A_PAGE) == media.HTML
    except NotAcceptable:
        return False


def language_for(request: Request) -> str:
    """The language of the path (`/nl/…`), else what Accept-Language likes best, else German."""
    first = request.scope["path"][1:].partition("/")[0]
    return first if first in names.LANGUAGES else accepted_language(request)
