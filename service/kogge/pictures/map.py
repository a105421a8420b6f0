"""Level 3, pictures: a map: the countries behind, a dot for each place, names where there is room."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import accumulate
from pathlib import Path
from typing import Final

from kogge.pictures.clipping import Box, around, cut_line, cut_ring
from kogge.pictures.labels import Label, Spot, place, room_for
from kogge.pictures.projection import REGION, Point

WIDTH: Final = 840
SIZE: Final = 14.0  # of the names
COUNTRY: Final = 16.0  # of the names of countries, with the room between their letters
SMALL: Final = 320  # the map of one place
_LEAST: Final = 260.0  # km that a map shows at least, across
_AROUND: Final = 150.0  # km to each side of a single place
_GRID: Final = 11
_CORNERS: Final = 150  # of a country, by which is seen what is inside
# ISO 3166-1, numeric to alpha-2: whose names may be written.
_CODES: Final = {
    "040": "AT", "056": "BE", "203": "CZ", "208": "DK", "250": "FR", "276": "DE", "442": "LU", "528": "NL",
    "616": "PL", "752": "SE", "756": "CH", "826": "GB",
}  # fmt: skip
_BASEMAP: Final = Path(__file__).with_name("basemap.json")


Outline = tuple[Box, list[Point]]
Room = tuple[str, tuple[Point, ...]]


@dataclass(frozen=True)
class Place:
    """What is to be drawn: identity, name, position in degrees, radius of the dot, up to two colours."""

    id: str
    label: str
    longitude: float
    latitude: float
    radius: float = 6.0
    colours: tuple[int, ...] = ()


@dataclass(frozen=True)
class Dot:
    """A place in the picture; `name` is where its name stands, None if there is no room."""

    place: Place
    x: float
    y: float
    name: Label | None


@dataclass(frozen=True)
class Map:
    """A map to be printed as SVG: its size, the paths of land and borders, the dots as they are drawn,
    and the names of countries with their places."""

    width: int
    height: int
    land: str
    borders: str
    dots: tuple[Dot, ...]
    countries: tuple[tuple[str, Label], ...] = ()


def draw(places: Sequence[Place], called: Mapping[str, str] | None = None) -> Map:
    """The map of some places, as large as they need; `called`: what countries are called, by ISO 3166 code.

    The same places give the same map, in whatever order they come. Large dots get their names first.
    """
    ordered = sorted(places, key=lambda one: (-one.radius, one.label, one.id))
    shown = [REGION(one.longitude, one.latitude) for one in ordered]
    box = _view(shown, 0.56, 0.82)
    scale = WIDTH / box.width
    height = round(box.height * scale)
    points = [_at(REGION(one.longitude, one.latitude), box, scale) for one in ordered]
    spots = [Spot(x, y, one.radius, one.label) for one, (x, y) in zip(ordered, points, strict=True)]
    names = place(spots, Box(0, 0, WIDTH, height), SIZE)
    dots = tuple(Dot(one, x, y, name) for one, (x, y), name in zip(ordered, points, names, strict=True))
    land, borders, rooms = _ground(box, scale)
    boxes = [name.box for name in names if name]
    countries = []
    for code, points_ in rooms:
        text = (called or {}).get(code, "").upper()
        frame = Box(0, 0, WIDTH, height)
        if text and (label := room_for(text, COUNTRY, points_, frame, spots, boxes)):
            countries.append((text, label))
    return Map(WIDTH, height, land, borders, dots, tuple(countries))


def small(label: str, longitude: float, latitude: float) -> Map:
    """The map of one place, for its page: the place in the middle of its region."""
    x, y = REGION(longitude, latitude)
    box = Box(x - _AROUND, y - _AROUND * 0.75, x + _AROUND, y + _AROUND * 0.75)
    scale = SMALL / box.width
    place_ = Place("", label, longitude, latitude)
    land, borders, _ = _ground(box, scale)
    at = _at((x, y), box, scale)
    return Map(SMALL, round(box.height * scale), land, borders, (Dot(place_, *at, None),))


def _view(points: list[Point], low: float, high: float) -> Box:
    """What is shown: all points with a margin, neither too flat (height : width) nor too high."""
    box = around(points) if points else Box(-300, -200, 300, 300)
    box = box.grown(max(box.width, box.height) * 0.1 + 8)
    width = max(box.width, _LEAST, box.height / high)
    # names stand at the right of their dots: a little more room there
    width *= 1.04
    height = max(box.height, width * low)
    x, y = (box.left + box.right) / 2 + width * 0.015, (box.bottom + box.top) / 2
    return Box(*(round(value, 1) for value in (x - width / 2, y - height / 2, x + width / 2, y + height / 2)))


def _at(point: Point, box: Box, scale: float) -> Point:
    return round((point[0] - box.left) * scale, 1), round((box.top - point[1]) * scale, 1)


@lru_cache(maxsize=256)
def _ground(box: Box, scale: float) -> tuple[str, str, tuple[Room, ...]]:
    """Land and borders that are seen in a box, as data of SVG paths, and points inside of each country."""
    window = box.grown(10 / scale)  # the cut edges are out of sight
    countries, borders = _outlines()
    rings = [(code, _cut(of, ring, window)) for code, (of, ring) in countries if window.meets(of)]
    lines = [part for of, line in borders if window.meets(of) for part in cut_line(line, window)]
    return (
        "".join(_path(ring, box, scale) + "z" for _, ring in rings if len(ring) > 2),
        "".join(_path(line, box, scale) for line in lines),
        tuple(
            (
                code,
                tuple(
                    _at(point, box, scale)
                    for point in _grid(box)
                    if _wide(point, ring[:: len(ring) // _CORNERS + 1], 55 / scale)
                ),
            )
            for code, ring in rings
            if code and len(ring) > 2 and _large(ring, box)
        ),
    )


def _path(points: Iterable[Point], box: Box, scale: float) -> str:
    """A path whose points are told as differences in whole units; what does not move is left out."""
    at: tuple[int, int] | None = None
    parts: list[str] = []
    for x, y in points:
        there = (round((x - box.left) * scale * 2), round((box.top - y) * scale * 2))
        if at is None:
            parts.append(f"M{there[0] / 2:g} {there[1] / 2:g}l")
        elif there != at:
            parts.append(f"{(there[0] - at[0]) / 2:g} {(there[1] - at[1]) / 2:g} ")
        else:
            continue
        at = there
    return "".join(parts).rstrip(" l")


def _cut(of: Box, ring: list[Point], window: Box) -> list[Point]:
    whole = window.holds((of.left, of.bottom)) and window.holds((of.right, of.top))
    return ring if whole else cut_ring(ring, window)


def _grid(box: Box) -> list[Point]:
    """Points all over a box."""
    return [
        (box.left + box.width * (column + 0.5) / _GRID, box.bottom + box.height * (row + 0.5) / _GRID)
        for column in range(_GRID)
        for row in range(_GRID)
    ]


def _large(ring: list[Point], box: Box) -> bool:
    """Whether a ring is large enough for a name."""
    of = around(ring)
    return of.width * of.height > 0.01 * box.width * box.height


def _wide(point: Point, ring: list[Point], half: float) -> bool:
    """Whether a ring holds a point and what is that far to its left and right."""
    x, y = point
    return all(_within((each, y), ring) for each in (x, x - half, x + half))


def _within(point: Point, ring: list[Point]) -> bool:
    """Whether a point is inside a ring: a line to its right crosses the ring an odd number of times."""
    x, y = point
    inside = False
    before = ring[-1]
    for each in ring:
        if (each[1] > y) != (before[1] > y):
            share = (y - each[1]) / (before[1] - each[1])
            inside ^= x < each[0] + share * (before[0] - each[0])
        before = each
    return inside


@cache
def _outlines() -> tuple[list[tuple[str, Outline]], list[Outline]]:
    """The rings of the countries with their codes, and the lines between them, in km, with their boxes."""
    content = json.loads(_BASEMAP.read_text("utf-8"))
    rings = [
        (_CODES.get(number, ""), _outline(ring))
        for number, country in content["land"].items()
        for ring in country
    ]
    return rings, [_outline(line) for line in content["borders"]]


def _outline(flat: list[int]) -> Outline:
    points = [(x / 10, y / 10) for x, y in zip(accumulate(flat[::2]), accumulate(flat[1::2]), strict=True)]
    return around(points), points
