"""Level 8, web, pages: two municipalities or two alliances side by side: what both know, what one seeks."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from fastapi import Request, Response

from kogge import names
from kogge.desk import Desk
from kogge.store.rows import Row, Value
from kogge.web.context import desk_of
from kogge.web.pages import READ, joined, knowledge, pages, portrait
from kogge.web.pages.facts import Said, Source, Thing
from kogge.web.pages.joined import IN_FORCE
from kogge.web.pages.knowledge import Shared
from kogge.web.pages.portrait import Portrait
from kogge.web.pages.render import Page

router = pages()

MOST: Final = 500  # municipalities in a list to choose from; of more, the name is typed
KINDS: Final = ("municipality", "district", "state", "province", "organisation", "alliance")


@dataclass(frozen=True)
class Side:
    """One of the two: what it knows (by IRI), its open needs, and its alliances or members (by IRI)."""

    it: Portrait
    knows: Mapping[str, Shared]
    needs: tuple[Thing, ...]
    joined: Mapping[str, Said]

    @property
    def thing(self) -> Thing:
        """The thing itself."""
        return self.it.thing


@router.api_route("/compare", methods=READ)
async def compare(request: Request, lang: str, a: str = "", b: str = "") -> Response:
    """Two things of the same sort side by side; without them a choice. A bare name is a municipality."""
    page = await Page.open(request, lang)
    if page.held:
        return page.held
    one, other = _asked(a), _asked(b)
    rows = desk_of(request).rows
    if not (one and other) or one == other or _sort(one) != _sort(other):
        municipalities, alliances = await asyncio.gather(
            rows("pages/municipalities", {"lang": lang}), rows("pages/all-alliances", {"lang": lang})
        )
        return await page.send(
            "things/choose.html",
            a=one,
            b=other,
            wrong=bool(a and b),
            many=len(municipalities) > MOST,
            groups=(
                ("municipality", _options(municipalities, "other")),
                ("alliance", _options(alliances, "alliance")),
            ),
        )
    first, second = await asyncio.gather(
        _side(request, names.ID + one, lang), _side(request, names.ID + other, lang)
    )
    both = sorted(
        first.knows.keys() & second.knows.keys(), key=lambda iri: first.knows[iri].name.text.casefold()
    )
    return await page.send(
        "things/compare.html",
        first=first,
        second=second,
        both=both,
        only=[_only(first, second), _only(second, first)],
        sought=[_sought(first, second), _sought(second, first)],
        shared=[first.joined[iri] for iri in first.joined if iri in second.joined],
        alliances=_sort(one) == "alliance",
        sources_=_sources(first, second),
    )


def _asked(text: str) -> str:
    """`kind/slug` of what was asked for; nothing for what can be no thing of these kinds."""
    text = text.strip().removeprefix(names.ID)
    kind, slash, slug = text.partition("/")
    if not slash:
        kind, slug = "municipality", names.slugify(text)
    if kind not in KINDS or not slug or not all(names.SLUG.fullmatch(part) for part in slug.split("/")):
        return ""
    return f"{kind}/{slug}"


def _sort(asked: str) -> str:
    return "alliance" if asked.startswith("alliance/") else "authority"


def _options(rows: Sequence[Row], name: str) -> list[tuple[str, Value]]:
    found = {row[name].text.removeprefix(names.ID): row["label"] for row in rows if "label" in row}
    return list(found.items())


async def _side(request: Request, iri: str, lang: str) -> Side:
    alliance = names.kind_of(iri) == "alliance"
    desk = desk_of(request)
    it, known = await asyncio.gather(
        portrait.portrait(desk, iri, lang, "memberships", "beginnings"),
        (knowledge.of_members if alliance else _knows)(desk, iri, lang),
    )
    members, beginnings = it.told
    memberships = [
        one for one in joined.read(members, beginnings, lang) if one.thing.has("kogge:status", IN_FORCE)
    ]
    others = [one.member if alliance else one.organization for one in memberships]
    needs = tuple(one for one in it.of("need") if not one.has("kogge:status", "kogge:met"))
    return Side(it, {one.iri: one for one in known}, needs, {said.value.text: said for said in others})


async def _knows(desk: Desk, iri: str, lang: str) -> list[Shared]:
    known, _ = await knowledge.of(desk, iri, lang)
    return [Shared(one.iri, one.name, one.strength) for one in known]


def _sources(*sides: Side) -> list[Source]:
    """The documents that say what stands in the first table."""
    shown = ("kogge:population", "schema:containedInPlace")
    said = [one for side in sides for one in (*side.thing.all(*shown), *side.joined.values())]
    return list({each.iri: each for one in said for each in one.sources}.values())


def _only(one: Side, other: Side) -> list[Shared]:
    """What one knows and the other does not, the strongest first."""
    some = [topic for iri, topic in one.knows.items() if iri not in other.knows]
    return sorted(some, key=lambda topic: (-topic.strength, -topic.members, topic.name.text.casefold()))


def _sought(one: Side, other: Side) -> list[tuple[Thing, list[Shared]]]:
    """The needs of one on which the other has evidence."""
    found = []
    for need in one.needs:
        topics = [
            other.knows[said.value.text] for said in need.all("kogge:topic") if said.value.text in other.knows
        ]
        if topics:
            found.append((need, topics))
    return found
