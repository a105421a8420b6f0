"""Level 8, web, pages: a project: who did it, what came of it, what did not work, and whom to ask."""

from __future__ import annotations

from typing import Final

from fastapi import Request, Response

from kogge.web.context import desk_of
from kogge.web.pages import facts, pages, portrait

router = pages()

# Told in the words of the project itself, above the list of facts.
_STORY: Final = ("kogge:outcome", "kogge:obstacle")


async def shown(request: Request, lang: str, kind: str, slug: str) -> Response:
    """A project with its partners, its story, its contact, and who took it over."""
    page, held, iri = await portrait.opened(request, lang, kind, slug)
    if held:
        return held
    it = await portrait.portrait(desk_of(request), iri, lang, "whom-to-call")
    (contacts,) = it.told
    reused = tuple(one for one in it.things if one.linked("^kogge:reusedFrom"))
    others = portrait.Portrait(it.thing, tuple(one for one in it.things if one not in reused))
    return await portrait.send(
        page,
        "project",
        it,
        rest=it.facts(*_STORY),
        contacts=facts.read(contacts, lang),
        reused=reused,
        others=others.sections("contact"),
    )


portrait.route(router, ("project",), shown)
