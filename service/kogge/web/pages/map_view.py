"""Level 8, web, pages: what the map shows: alliances with their colours, members, evidence; no HTTP here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from kogge.pictures import map as maps
from kogge.store.rows import Row
from kogge.web.pages import dates

COLOURS: Final = 6  # that can be told apart; other alliances are grey until they are chosen
_INTENDED: Final = "intendedMembership"
_RADIUS: Final = 6.0
_GROWTH: Final = 2.3  # of the radius with the root of the points
_LARGEST: Final = 20.0


@dataclass(frozen=True)
class Member:
    """A place in the list: `points` of evidence for the topic (0: no topic), and where it is, if known."""

    iri: str
    label: str
    position: tuple[float, float] | None  # longitude, latitude
    intended: bool = False
    points: float = 0
    pieces: int = 0
    colours: tuple[int, ...] = ()


@dataclass(frozen=True)
class Group:
    """An alliance: its colour (1 to 6, or 0) and its members."""

    iri: str
    label: str
    members: tuple[Member, ...]
    colour: int = 0
    chosen: bool = False


def group(iri: str, label: str, rows: Iterable[Row]) -> Group:
    """An alliance from the rows of `places-of-alliance`; a member with two memberships stands once."""
    members: dict[str, Member] = {}
    for row in rows:
        place = str(row["place"])
        intended = str(row["status"]).endswith("#" + _INTENDED)
        if place in members and intended:
            continue
        label_ = str(row["label"]) if "label" in row else place
        members[place] = Member(place, label_, position(row), intended)
    return Group(iri, label, tuple(members.values()))


def position(row: Row) -> tuple[float, float] | None:
    """Longitude and latitude of a row, if it has both and they are on the earth."""
    try:
        longitude, latitude = float(str(row["longitude"])), float(str(row["latitude"]))
    except (KeyError, ValueError):
        return None
    return (longitude, latitude) if abs(longitude) <= 180 and abs(latitude) <= 90 else None


def colours_of(groups: Sequence[Group]) -> dict[str, tuple[int, ...]]:
    """The colours of each place: those of its alliances, two at most."""
    colours: dict[str, tuple[int, ...]] = {}
    for one in groups:
        for member in one.members:
            known = colours.get(member.iri, ())
            if one.colour not in known:
                colours[member.iri] = (*known, one.colour)[:2]
    return colours


def proven(
    results: Iterable[Mapping[str, Any]],
    where: Mapping[str, tuple[float, float]],
    colours: Mapping[str, tuple[int, ...]],
) -> list[Member]:
    """Who has evidence of its own, in the order of the lookup; intentions and alliances are left out."""
    found = []
    for each in results:
        pieces = [one for one in each["evidence"] if one["kind"] != "intended"]
        iri = each["holder"]["iri"]
        if each["through"] or not pieces:
            continue
        found.append(
            Member(
                iri,
                each["holder"]["label"],
                where.get(iri),
                points=float(each.get("score") or 0),
                pieces=len(pieces),
                colours=colours.get(iri, ()),
            )
        )
    return found


def drawn(members: Iterable[Member], colours: Mapping[str, tuple[int, ...]], lang: str) -> maps.Map:
    """The map of those whose position is known; each place is drawn once."""
    places = {
        one.iri: maps.Place(
            one.iri,
            one.label,
            *one.position,
            radius=min(_LARGEST, _RADIUS - 1 + _GROWTH * one.points**0.5) if one.points else _RADIUS,
            colours=colours.get(one.iri, ()),
        )
        for one in members
        if one.position
    }
    return maps.draw(list(places.values()), dates.LOCALES[lang].territories)
