"""Level 8, web, pages: the start page with the search, and its answers."""

from __future__ import annotations

import asyncio
import json
from functools import partial
from typing import Any, Final

from fastapi import Request, Response

from kogge import names
from kogge.contribution.refusals import spoken
from kogge.desk import EXPERTISE, Desk
from kogge.errors import BadRequest, Unavailable
from kogge.web.context import desk_of
from kogge.web.pages import READ, links, pages
from kogge.web.pages.render import Page
from kogge.web.pages.search_view import PAGE, SHORTEST, Asked, offset_of, view
from kogge.web.pages.words import Entry, msgid

router = pages()

ENTRY: Final = Entry("", msgid("Search"), 10)

_DOUBTFUL: Final = ("typo", "compound")  # may mean something else
_READINGS: Final = 3
_BEGINNING: Final = 4  # letters of a word by which something like it is looked for


@router.api_route("/", methods=READ)
async def start(request: Request, lang: str) -> Response:
    """Where one asks who knows about something; with a question its answer."""
    page = await Page.open(request, lang)
    if page.held:
        return page.held
    asked = Asked.of(request.query_params.multi_items())
    desk = desk_of(request)
    if not asked.anything:
        return await page.send("search/start.html", q="", **await _beginning(desk, lang))
    if asked.too_short:
        return await page.send("search/again.html", q=asked.q, problem=None)
    try:
        offset = offset_of(request.query_params)
        work = partial(desk.search, asked.q, limit=PAGE, offset=offset, **asked.parameters(lang))
        found = await desk.answered(work)
    except BadRequest as error:
        return await page.send("search/again.html", status=400, q=asked.q, problem=spoken(error, lang))
    topics = found["question"]["topics"]
    doubtful = [each for each in topics if each["how"] in _DOUBTFUL]
    readings = {each["iri"]: _like(desk, lang, each["matched"], topics) for each in doubtful}
    shown = view(asked, found, readings, lang)
    kinds = await desk.rows("lookup/evidence-kinds", {"lang": lang})
    base = f"{page.prefix}/expertise"
    query = asked.address(lang)
    return await page.send(
        "search/answer.html",
        q=shown.text,
        answer=shown,
        fields=[] if shown.subjects else (await desk.answered(partial(desk.fields, lang)))["fields"],
        guesses=[] if shown.heard else _like(desk, lang, asked.q, ()),
        kinds={names.slug_of(str(row["kind"])): str(row["kindLabel"]) for row in kinds},
        data=[links.DataLink(f"{base}.{each.suffix}?{query}", each) for each in EXPERTISE],
        cited=page.absolute(lang),
        dated=await _dated(desk),
    )


async def _beginning(desk: Desk, lang: str) -> dict[str, Any]:
    """What the start page shows below the field."""
    alliances, counts = await asyncio.gather(
        desk.rows("pages/alliances-by-size", {"lang": lang}), desk.rows("pages/counts", {})
    )
    told = await desk.answered(partial(desk.fields, lang))
    return {**told, "alliances": alliances, "counts": counts[0]}


async def _dated(desk: Desk) -> str:
    """When what is served was published; nothing where there are no versions."""
    try:
        newest = await desk.look(lambda steps: steps.newest(1))
    except Unavailable:
        return ""
    return newest[0].at if newest else ""


def _like(desk: Desk, lang: str, text: str, known: Any) -> list[dict[str, Any]]:
    """Topics that begin like a word of the text, other than the known ones."""
    taken = {each["iri"] for each in known}
    found: dict[str, dict[str, Any]] = {}
    for word in sorted(text.split(), key=len, reverse=True)[:4]:
        for end in range(len(word), min(SHORTEST, len(word)), -1):
            if end < min(_BEGINNING, len(word)):
                break
            some = json.loads(desk.suggest(word[:end], lang=lang, limit=10).body)
            fresh = [each for each in some if each["kind"] == "topic" and each["iri"] not in taken]
            if fresh:
                found |= {each["iri"]: each for each in fresh}
                break
    return list(found.values())[:_READINGS]
