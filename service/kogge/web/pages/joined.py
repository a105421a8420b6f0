"""Level 8, web, pages: memberships and offices with their beginnings, as each source gives them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from kogge.store.rows import Row
from kogge.web.pages import facts
from kogge.web.pages.facts import Said, Thing

IN_FORCE = "kogge:inForce"
INTENDED = "kogge:intendedMembership"


@dataclass(frozen=True)
class Joined:
    """A membership, its two sides, and the points in time at which it began and ended."""

    thing: Thing
    member: Said
    organization: Said
    beginning: Thing | None
    end: Thing | None

    @property
    def since(self) -> tuple[Said, ...]:
        """When it began, as each source says it."""
        return self.beginning.all("dcterms:date") if self.beginning else ()

    @property
    def until(self) -> tuple[Said, ...]:
        """When it ended."""
        return self.end.all("dcterms:date") if self.end else ()

    @property
    def office(self) -> bool:
        """Whether it is the office of a person."""
        return not self.thing.all("kogge:status")

    @property
    def year(self) -> int | None:
        """The year of its beginning, if a source gives one."""
        years = [int(said.value.text[:4]) for said in self.since if said.value.text[:4].isdigit()]
        return min(years, default=None)


def read(rows: Iterable[Row], beginnings: Sequence[Row], lang: str) -> list[Joined]:
    """The memberships of rows of `pages/memberships` and `pages/beginnings`, the oldest first."""
    edges: dict[tuple[str, str], Thing] = {}
    points = {point.iri: point for point in facts.read(beginnings, lang)}
    for row in beginnings:
        key = row["membership"].text, facts.compact(row["link"].text)
        edges[key] = points[row["other"].text]
    found = []
    for thing in facts.read(rows, lang):
        member, organization = thing.one("org:member"), thing.one("org:organization")
        if member and organization:
            beginning = edges.get((thing.iri, "time:hasBeginning"))
            found.append(
                Joined(thing, member, organization, beginning, edges.get((thing.iri, "time:hasEnd")))
            )
    return sorted(found, key=lambda one: (one.year or 9999, one.member.shown.text.casefold()))


def people(offices: Iterable[Joined]) -> list[list[Joined]]:
    """The offices of people, those of one person together."""
    found: dict[str, list[Joined]] = {}
    for one in offices:
        if one.office:
            found.setdefault(one.member.value.text, []).append(one)
    return list(found.values())
