"""Level 8, web, pages: alliances, their members, and what these know; for the overview and the network."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

from kogge import names
from kogge.desk import Desk
from kogge.store.rows import Row
from kogge.web.pages.map_view import COLOURS, Group, group


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


async def known(desk: Desk, lang: str, alliance: str = "") -> Known:
    """What the members of the largest alliances know, and of another one if its IRI is given."""
    largest, topics, named = await asyncio.gather(
        desk.rows("pages/alliances-by-size", {"lang": lang}),
        desk.rows("pages/topics-with-evidence", {"lang": lang}),
        desk.rows("pages/name", {"thing": alliance, "lang": lang}) if alliance else _nothing(),
    )
    labels = {str(row["alliance"]): str(row.get("allianceLabel", row["alliance"])) for row in largest}
    if named and alliance not in labels and "label" in named[0]:
        labels[alliance] = str(named[0]["label"])
    answers = await asyncio.gather(
        *(desk.rows("pages/places-of-alliance", {"alliance": iri, "lang": lang}) for iri in labels),
        *(desk.rows("pages/knowledge-of-members", {"alliance": iri}) for iri in labels),
    )
    members: Sequence[list[Row]] = answers[: len(labels)]
    groups = [
        group(iri, label, at if at <= COLOURS else 0, rows, chosen=iri == alliance)
        for at, ((iri, label), rows) in enumerate(zip(labels.items(), members, strict=True), 1)
    ]
    pieces = {
        (str(row["member"]), str(row["topic"])): int(str(row["pieces"]))
        for rows in answers[len(labels) :]
        for row in rows
    }
    return Known(
        groups,
        {
            str(row["topic"]): Topic(str(row["topic"]), str(row["label"]), str(row["fieldLabel"]))
            for row in topics
        },
        pieces,
    )


def alliance_of(slug: str | None) -> str:
    """The IRI of an alliance by its slug; empty for what is none."""
    return names.thing("alliance", slug) if slug and names.SLUG.fullmatch(slug) else ""


async def _nothing() -> list[Row]:
    return []
