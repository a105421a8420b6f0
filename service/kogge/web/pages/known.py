"""Level 8, web, pages: alliances, their members, and what these know; for the overview and the network."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace

from kogge import names
from kogge.web.context import desk_of
from kogge.web.pages.map_view import COLOURS, Group, group
from kogge.web.pages.render import Page


@dataclass(frozen=True)
class Topic:
    """A topic: its name and the name of its field of action."""

    iri: str
    label: str
    field: str


@dataclass(frozen=True)
class Known:
    """Alliances with their members; `pieces`: how many pieces of evidence a member has for a topic."""

    groups: list[Group]
    topics: dict[str, Topic]
    pieces: dict[tuple[str, str], int] = field(default_factory=dict)

    @property
    def names(self) -> dict[str, str]:
        """What each member is called."""
        return {member.iri: member.label for one in self.groups for member in one.members}

    def intended(self, one: Group) -> set[str]:
        """Who only intends to be a member of an alliance."""
        return {member.iri for member in one.members if member.intended}

    @property
    def fields(self) -> list[str]:
        """The names of the fields of action, in their order."""
        return list(dict.fromkeys(topic.field for topic in self.topics.values()))


async def topics(page: Page) -> dict[str, Topic]:
    """The topics for which somebody has evidence, each below its field of action."""

    async def read() -> dict[str, Topic]:
        rows = await desk_of(page.request).rows("pages/topics-with-evidence", {"lang": page.lang})
        found = (Topic(str(row["topic"]), str(row["label"]), str(row["fieldLabel"])) for row in rows)
        return {one.iri: one for one in found}

    return await page.kept("topics", read)


async def alliances(page: Page, chosen: str = "") -> list[Group]:
    """The largest alliances with their members, and before them the chosen one (an IRI) if it is another.

    One that there is not is left out.
    """
    desk, lang = desk_of(page.request), page.lang

    async def members(iri: str, label: str) -> Group:
        return group(iri, label, await desk.rows("pages/places-of-alliance", {"alliance": iri, "lang": lang}))

    async def read() -> list[Group]:
        rows = await desk.rows("pages/alliances-by-size", {"lang": lang})
        labels = {str(row["alliance"]): str(row.get("allianceLabel", row["alliance"])) for row in rows}
        return list(await asyncio.gather(*(members(iri, label) for iri, label in labels.items())))

    groups = await page.kept("alliances", read)
    if chosen and all(one.iri != chosen for one in groups):
        named = await desk.rows("pages/name", {"thing": chosen, "lang": lang})
        if named and "label" in named[0]:
            groups = [await members(chosen, str(named[0]["label"])), *groups]
    return [
        replace(one, colour=at if at <= COLOURS else 0, chosen=one.iri == chosen)
        for at, one in enumerate(groups, 1)
    ]


async def known(page: Page, alliance: str = "") -> Known:
    """What the members of the largest alliances know, and of another one if its IRI is given."""
    groups, named = await asyncio.gather(alliances(page, alliance), topics(page))
    pieces = await asyncio.gather(*(_pieces(page, one.iri) for one in groups))
    return Known(groups, named, {pair: many for some in pieces for pair, many in some.items()})


async def _pieces(page: Page, alliance: str) -> dict[tuple[str, str], int]:
    """How many pieces of evidence the members of an alliance have, by member and topic."""

    async def read() -> dict[tuple[str, str], int]:
        rows = await desk_of(page.request).rows("pages/knowledge-of-members", {"alliance": alliance})
        return {(str(row["member"]), str(row["topic"])): int(str(row["pieces"])) for row in rows}

    return await page.kept("pieces", read, alliance)


def alliance_of(slug: str | None) -> str:
    """The IRI of an alliance by its slug; empty for what is none."""
    return names.thing("alliance", slug) if slug and names.SLUG.fullmatch(slug) else ""
