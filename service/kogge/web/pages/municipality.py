"""Level 8, web, pages: a municipality, district, state, province or organisation: whom to call, and why."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from typing import Any, Final

from fastapi import Request, Response

from kogge.desk import Desk
from kogge.errors import NotFound
from kogge.pictures.map import Map, small
from kogge.web.context import desk_of
from kogge.web.pages import facts, joined, knowledge, pages, portrait

router = pages()

KINDS: Final = ("municipality", "district", "state", "province", "organisation")
_PLACES: Final = ("state", "district", "province")
# What stands beside the page, and not in it.
BESIDE: Final = (
    "schema:containedInPlace", "schema:location", "kogge:population", "kogge:populationDate", "foaf:homepage",
    "kogge:ags", "kogge:ars", "kogge:cbsCode", "kogge:lauCode", "kogge:nutsCode", "schema:sameAs",
    "skos:altLabel",
)  # fmt: skip


async def shown(request: Request, lang: str, kind: str, slug: str) -> Response:
    """What an authority knows, offers and seeks, where it takes part, and whom to call."""
    page, held, iri = await portrait.opened(request, lang, kind, slug)
    if held:
        return held
    desk = desk_of(request)
    it, (knows, partners, places), help_ = await asyncio.gather(
        portrait.portrait(desk, iri, lang, "whom-to-call", "memberships", "beginnings"),
        portrait.ask(request, iri, lang, "knows", "partners", "inside-place"),
        matches(desk, iri, lang),
    )
    it = replace(it, cuts={**it.cuts, **await portrait.cuts(desk, iri, lang, {"inside-place": places})})
    contacts, members, beginnings = it.told
    known, intended = knowledge.read(knows)
    memberships = joined.read(members, beginnings, lang)
    partly = {row["other"].text: row["label"] for row in partners if "label" in row}
    return await portrait.send(
        page,
        "municipality",
        it,
        beside=portrait.listed(it.thing, BESIDE),
        rest=it.facts(*BESIDE),
        contacts=facts.read(contacts, lang),
        known=known,
        intended=intended,
        help=help_,
        memberships=[one for one in memberships if one.member.value.text == iri and not one.office],
        people=joined.people(one for one in memberships if one.organization.value.text == iri),
        partners=partly,
        map=_map(it.thing),
        places=[(row["other"].text, row["label"]) for row in places if "label" in row]
        if kind in _PLACES
        else [],
        learnt=[one for one in it.of("project") if one.all("kogge:obstacle") or one.all("kogge:reusedFrom")],
    )


def _map(thing: facts.Thing) -> Map | None:
    """Where it lies, if the graph says so."""
    longitude, latitude = thing.one("schema:longitude"), thing.one("schema:latitude")
    if longitude is None or latitude is None:
        return None
    return small(thing.name.text, float(longitude.value.text), float(latitude.value.text))


async def matches(desk: Desk, iri: str, lang: str) -> dict[str, Any]:
    """Who could help with its needs, and who seeks what it offers, as `/matches` tells it."""
    try:
        result = await asyncio.to_thread(desk.matches, iri, lang=lang)
    except NotFound:
        return {"needs": [], "wanted": []}
    found: dict[str, Any] = json.loads(result.body)
    return found


portrait.route(router, KINDS, shown)
