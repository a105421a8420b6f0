"""Level 8, web, pages: a thing of any kind that has no page of its own design, so that no link is dead."""

from __future__ import annotations

from typing import Final

from fastapi import Request, Response

from kogge.web.context import desk_of
from kogge.web.pages import pages, portrait

router = pages()

KINDS: Final = (
    "agreement", "contact", "expertise", "funding", "goal", "instant", "interval", "membership", "mention",
    "need", "programme", "recognition", "region", "signature", "statement", "strategy", "undertaking",
)  # fmt: skip


async def shown(request: Request, lang: str, kind: str, slug: str) -> Response:
    """What is said of a thing, and what has to do with it."""
    page, held, iri = await portrait.opened(request, lang, kind, slug)
    if held:
        return held
    it = await portrait.portrait(desk_of(request), iri, lang)
    return await portrait.send(page, "thing", it)


portrait.route(router, KINDS, shown)
