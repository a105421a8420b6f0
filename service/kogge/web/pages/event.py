"""Level 8, web, pages: an event: when each source says it was, who took part, what its parts were about."""

from __future__ import annotations

import asyncio
from typing import Final

from fastapi import Request, Response

from kogge.web.context import desk_of
from kogge.web.pages import counting, pages, portrait
from kogge.web.pages.portrait import Section
from kogge.web.pages.words import msgid

router = pages()

PARTS: Final = (
    ("kogge:ExpertGroup", msgid("Expert groups")),
    ("kogge:Excursion", msgid("Excursions")),
    ("", msgid("Parts")),
)


async def shown(request: Request, lang: str, kind: str, slug: str) -> Response:
    """An event with its parts."""
    page, held, iri = await portrait.opened(request, lang, kind, slug)
    if held:
        return held
    it, (counted,) = await asyncio.gather(
        portrait.portrait(desk_of(request), iri, lang), portrait.ask(request, iri, lang, "counted")
    )
    below = [one for one in portrait.ordered(it.things) if one.linked("schema:subEvent")]
    parts = []
    for type_, words in PARTS:
        some = tuple(one for one in below if not type_ or type_ in one.types)
        below = [one for one in below if one not in some]
        if some:
            parts.append(Section(type_.rpartition(":")[2].lower(), words, some))
    rest = portrait.Portrait(it.thing, tuple(one for one in it.things if not one.linked("schema:subEvent")))
    return await portrait.send(
        page, "event", it, parts_=parts, others=rest.sections(), counts=counting.read(counted)
    )


portrait.route(router, ("event",), shown)
