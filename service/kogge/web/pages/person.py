"""Level 8, web, pages: a person in a public office: the offices at their dates, what was said and signed."""

from __future__ import annotations

from fastapi import Request, Response

from kogge.web.context import desk_of
from kogge.web.pages import facts, joined, pages, portrait

router = pages()


async def shown(request: Request, lang: str, kind: str, slug: str) -> Response:
    """The offices of a person as documents name them; never an address. Raises Gone if they were erased."""
    page, held, iri = await portrait.opened(request, lang, kind, slug)
    if held:
        return held
    it = await portrait.portrait(desk_of(request), iri, lang, "memberships", "beginnings", "signed")
    members, beginnings, signed = it.told
    return await portrait.send(
        page,
        "person",
        it,
        offices=joined.read(members, beginnings, lang),
        signed=portrait.ordered(facts.read(signed, lang)),
    )


portrait.route(router, ("person",), shown)
