"""Level 8, web, pages: who seeks what, who could help, and topics for the next meeting of an alliance."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Final

from fastapi import Request, Response

from kogge.contribution.refusals import spoken
from kogge.errors import BadRequest
from kogge.web.context import desk_of
from kogge.web.pages import READ, pages
from kogge.web.pages.render import Page
from kogge.web.pages.search_view import offset_of
from kogge.web.pages.words import Entry, msgid

router = pages()

ENTRY: Final = Entry("needs", msgid("Needs and offers"), 50)
PAGE: Final = 10  # needs on a page
PROPOSALS: Final = 5  # topics for the next meeting


@router.api_route("/needs", methods=READ)
async def needs(request: Request, lang: str) -> Response:
    """Open needs, of all or of a topic or the members of an alliance, with who could help."""
    page = await Page.open(request, lang)
    if page.held:
        return page.held
    desk, fields = desk_of(request), request.query_params
    topic, alliance = fields.get("topic") or None, fields.get("alliance") or None
    try:
        offset = offset_of(fields)
        work = partial(desk.sought, topic, alliance, lang=lang, limit=PAGE, offset=offset)
        found = await asyncio.to_thread(work)  # it takes longer than others
    except BadRequest as error:
        return await page.send(
            "needs.html", status=400, problem=spoken(error, lang), found=None, proposals=[]
        )
    chosen = found["alliance"]
    proposals = (
        await desk.rows("lookup/topic-proposals", {"alliance": chosen["iri"], "lang": lang}) if chosen else []
    )
    return await page.send("needs.html", problem=None, found=found, proposals=proposals[:PROPOSALS])
