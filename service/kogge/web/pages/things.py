"""Level 8, web, pages: a thing of any kind that has no page of its own design, so that no link is dead."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final

from fastapi import Request, Response

from kogge.web.context import desk_of
from kogge.web.pages import READ, pages, portrait

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


def _of(kind: str) -> Callable[[Request, str, str], Awaitable[Response]]:
    async def page(request: Request, lang: str, slug: str) -> Response:
        return await shown(request, lang, kind, slug)

    return page


for _kind in KINDS:
    router.add_api_route(f"/{_kind}/{{slug:path}}", _of(_kind), methods=READ)
