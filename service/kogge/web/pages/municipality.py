"""Level 8, web, pages: a municipality, district, state, province or organisation: whom to call, and why."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Final

from fastapi import Request, Response

from kogge import names
from kogge.desk import Desk
from kogge.errors import NotFound
from kogge.pictures.map import Map, small
from kogge.store.rows import Row, Value
from kogge.web.context import desk_of
from kogge.web.pages import facts, joined, knowledge, pages, portrait

router = pages()

KINDS: Final = ("municipality", "district", "state", "province", "organisation")
_PLACES: Final = ("state", "district", "province")
FIRST: Final = 20  # partners that are named; the pages of the alliances have all
# What stands beside the page, and not in it.
BESIDE: Final = (
    "schema:containedInPlace", "schema:location", "kogge:population", "kogge:populationDate", "foaf:homepage",
    "kogge:ags", "kogge:ars", "kogge:cbsCode", "kogge:lauCode", "kogge:nutsCode", "schema:sameAs",
    "skos:altLabel",
)  # fmt: skip


@dataclass(frozen=True)
class Partners:
    """Those who are in the alliances of somebody: the first by IRI and name, and how many there are."""

    first: list[tuple[str, Value]]
    total: int


async def shown(request: Request, lang: str, kind: str, slug: str) -> Response:
    """What an authority knows, offers and seeks, where it takes part, and whom to call."""
    page, held, iri = await portrait.opened(request, lang, kind, slug)
    if held:
        return held
    desk = desk_of(request)
    it, (known, intended), partly, places, help_ = await asyncio.gather(
        portrait.portrait(desk, iri, lang, "whom-to-call", "memberships", "beginnings"),
        knowledge.of(desk, iri, lang),
        partners(desk, iri, lang),
        inside(desk, iri, lang),
        matches(desk, iri, lang),
    )
    it = replace(it, cuts={**it.cuts, **await portrait.cuts(desk, iri, lang, {"inside-place": places})})
    contacts, members, beginnings = it.told
    memberships = joined.read(members, beginnings, lang)
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
        places=[(row["other"].text, row["label"]) for row in places if "label" in row],
        learnt=[one for one in it.of("project") if one.all("kogge:obstacle") or one.all("kogge:reusedFrom")],
    )


def _map(thing: facts.Thing) -> Map | None:
    """Where it lies, if the graph says so."""
    longitude, latitude = thing.one("schema:longitude"), thing.one("schema:latitude")
    if longitude is None or latitude is None:
        return None
    return small(thing.name.text, float(longitude.value.text), float(latitude.value.text))


async def partners(desk: Desk, iri: str, lang: str) -> Partners:
    """The first of those who are in its alliances, and how many there are."""
    every = [row["other"].text for row in await desk.rows("pages/partners", {"thing": iri})]
    called = await desk.called(every[:FIRST], lang)
    named = [(other, called[other]["label"]) for other in every[:FIRST] if "label" in called.get(other, {})]
    return Partners(named, len(every))


async def inside(desk: Desk, iri: str, lang: str) -> list[Row]:
    """What lies in a place; in a municipality nothing that has a page."""
    if names.kind_of(iri) not in _PLACES:
        return []
    return await desk.rows("pages/inside-place", {"thing": iri, "lang": lang})


async def matches(desk: Desk, iri: str, lang: str) -> dict[str, Any]:
    """Who could help with its needs, and who seeks what it offers, as `/matches` tells it."""
    await asyncio.sleep(0)  # the workers have their questions before it is looked up here
    try:
        return await desk.answered(partial(desk.matched, iri, lang=lang))
    except NotFound:
        return {"needs": [], "wanted": []}


portrait.route(router, KINDS, shown)
