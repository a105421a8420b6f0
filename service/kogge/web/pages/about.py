"""Level 8, web, pages: about the service itself: help, privacy, imprint, accessibility."""

from __future__ import annotations

from fastapi import Request, Response

from kogge.web.context import desk_of
from kogge.web.pages import READ, pages
from kogge.web.pages.render import Page

router = pages()


@router.api_route("/help", methods=READ)
async def explained(request: Request, lang: str) -> Response:
    """What the dots mean, where facts come from, how to contribute."""
    page = await Page.open(request, lang)
    if page.held:
        return page.held
    rows = desk_of(request).rows
    return await page.send(
        "about/help.html",
        kinds=await rows("lookup/evidence-kinds", {"lang": lang}),
        closeness=await rows("pages/closeness", {"lang": lang}),
    )


@router.api_route("/privacy", methods=READ)
async def privacy(request: Request, lang: str) -> Response:
    """What is stored about people, and what is not."""
    return await _fixed(request, lang, "about/privacy.html")


@router.api_route("/imprint", methods=READ)
async def imprint(request: Request, lang: str) -> Response:
    """Who runs this service."""
    return await _fixed(request, lang, "about/imprint.html")


@router.api_route("/accessibility", methods=READ)
async def accessibility(request: Request, lang: str) -> Response:
    """How far the pages can be used by everybody."""
    return await _fixed(request, lang, "about/accessibility.html")


async def _fixed(request: Request, lang: str, template: str) -> Response:
    page = await Page.open(request, lang)
    return page.held or await page.send(template)
