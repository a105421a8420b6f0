"""Level 8, web, pages: a document: who published it, where it is, and what was taken from it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Final

from fastapi import Request, Response

from kogge import names
from kogge.store.rows import Row, Value
from kogge.web.context import desk_of
from kogge.web.pages import READ, naming, pages, portrait
from kogge.web.pages.render import Page

router = pages()

MOST: Final = 400  # things that are listed; `queries/pages/taken.rq` has the same limit
_WITHOUT_NAME: Final = ("instant", "interval", "membership", "signature")


async def shown(request: Request, lang: str, kind: str, slug: str) -> Response:
    """A document, with a link to the original and a list of what rests on it."""
    page, held, iri = await portrait.opened(request, lang, kind, slug)
    if held:
        return held
    it, (rows,) = await asyncio.gather(
        portrait.portrait(desk_of(request), iri, lang, neighbours=False),
        portrait.ask(request, iri, lang, "taken"),
    )
    return await portrait.send(
        page,
        "document",
        it,
        overview=f"{page.prefix}/{lang}/documents",
        taken=taken(rows),
        most=MOST if len({row["other"].text for row in rows}) >= MOST else 0,
    )


@router.api_route("/documents", methods=READ)
async def every(request: Request, lang: str) -> Response:
    """The list of documents."""
    page = await Page.open(request, lang)
    if page.held:
        return page.held
    rows = await desk_of(request).rows("pages/all-documents", {"lang": lang})
    return await page.send("things/documents.html", rows=rows)


portrait.route(router, ("document",), shown)


def taken(rows: Iterable[Row]) -> list[tuple[str, list[tuple[str, Value]]]]:
    """What was taken from a document by kind: a heading (msgid), and the things with their names."""
    found: dict[str, dict[str, Value]] = {}
    for row in rows:
        iri = row["other"].text
        kind = names.kind_of(iri)
        if kind not in _WITHOUT_NAME:
            found.setdefault(kind, {})[iri] = row.get("label", Value(names.slug_of(iri)))
    order = [*naming.KINDS, *(kind for kind in found if kind not in naming.KINDS)]
    return [
        (naming.kind(kind, several=True), sorted(found[kind].items(), key=lambda one: one[1].text.casefold()))
        for kind in order
        if kind in found
    ]
