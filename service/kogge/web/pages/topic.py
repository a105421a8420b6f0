"""Level 8, web, pages: a topic: what it means, who knows about it, who seeks advice; and the list of all."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from functools import partial
from typing import Any, Final

from fastapi import Request, Response

from kogge import names
from kogge.desk import Desk
from kogge.errors import BadRequest
from kogge.store.rows import Row
from kogge.web.context import desk_of
from kogge.web.pages import READ, facts, pages, portrait
from kogge.web.pages.facts import Source, Thing
from kogge.web.pages.portrait import Portrait
from kogge.web.pages.render import Page

router = pages()

SHOWN: Final = 10  # holders on the page; the search has all
MATCHES: Final = (
    "skos:exactMatch", "skos:closeMatch", "skos:broadMatch", "skos:narrowMatch", "skos:relatedMatch",
)  # fmt: skip


async def shown(request: Request, lang: str, kind: str, slug: str) -> Response:
    """A topic in three languages, its neighbours, the best holders, and what there is on it."""
    page, held, iri = await portrait.opened(request, lang, kind, slug)
    if held:
        return held
    desk = desk_of(request)
    it, (narrower,), who = await asyncio.gather(
        portrait.portrait(desk, iri, lang, "topic-things", neighbours=False),
        portrait.ask(request, iri, lang, "narrower-of"),
        _who(desk, iri, lang),
    )
    things = facts.read(it.told[0], lang, back=True)
    return await portrait.send(
        page,
        "topic",
        Portrait(it.thing, tuple(things), cuts=it.cuts),
        overview=f"{page.prefix}/{lang}/topics",
        narrower=[(row["other"].text, row["label"]) for row in narrower],
        who=who,
        documents=documents(things),
        matches=MATCHES,
    )


@router.api_route("/topics", methods=READ)
async def every(request: Request, lang: str) -> Response:
    """All topics, each below the one that is broader."""
    page = await Page.open(request, lang)
    if page.held:
        return page.held
    rows = await desk_of(request).rows("pages/topics", {"lang": lang})
    return await page.send("things/topics.html", tree=tree(rows))


portrait.route(router, ("topic",), shown)


def documents(things: Iterable[Thing]) -> list[Source]:
    """The documents of things, each once."""
    return list({source.iri: source for one in things for source in one.sources}.values())


def tree(rows: Iterable[Row]) -> list[dict[str, Any]]:
    """The topics without a broader one, each with those below it; one may stand below two."""
    nodes: dict[str, dict[str, Any]] = {}
    above: dict[str, list[str]] = {}
    for row in rows:
        iri = row["topic"].text
        nodes.setdefault(iri, {"iri": iri, "label": row["label"].text, "below": []})
        if "broader" in row:
            above.setdefault(iri, []).append(row["broader"].text)
    for iri, node in nodes.items():
        for broader in above.get(iri, ()):
            if broader in nodes:
                nodes[broader]["below"].append(node)
    return [node for iri, node in nodes.items() if iri not in above]


async def _who(desk: Desk, iri: str, lang: str) -> dict[str, Any]:
    """The best of those who know about it; nobody where there is no such topic."""
    await asyncio.sleep(0)  # the workers have their questions before it is looked up here
    try:
        return await desk.answered(partial(desk.who, "", topics=[names.slug_of(iri)], lang=lang, limit=SHOWN))
    except BadRequest:
        return {"results": []}
