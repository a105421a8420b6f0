"""Level 3, pictures: finds room for the names beside dots: the first of eight places that is free, if any."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from kogge.pictures.clipping import Box
from kogge.pictures.projection import Point

Anchor = Literal["start", "middle", "end"]

# Widths in the typeface of the pages (Fira Sans 600), as shares of its size; a little more than they are.
_NARROW: Final = frozenset("iljI.,;:'|!")
_SLIM: Final = frozenset("frt ()-/[]")
_WIDE: Final = frozenset("mwMW@%")
_CELL: Final = 80.0
_GAP: Final = 4.0  # between a dot and its name


@dataclass(frozen=True)
class Spot:
    """A dot in a picture: where, how large, and what it is called."""

    x: float
    y: float
    radius: float
    text: str


@dataclass(frozen=True)
class Label:
    """A name that found room: where its base line is, how it is aligned there, and the box it takes."""

    x: float
    y: float
    anchor: Anchor
    box: Box


def width_of(text: str, size: float) -> float:
    """How wide a text is at least that size, about."""
    return size * sum(_share(sign) for sign in text)


def _share(sign: str) -> float:
    if sign in _NARROW:
        return 0.31
    if sign in _SLIM:
        return 0.4
    if sign in _WIDE:
        return 0.88
    return 0.7 if sign.isupper() else 0.59


def place(spots: Sequence[Spot], frame: Box, size: float, most: int = 150) -> list[Label | None]:
    """A label for each spot, or None where there is no room; the first spots have the first choice.

    No label overlaps another, a dot, or the edge of the frame. At most so many names are written.
    """
    taken = _Taken()
    for spot in spots:
        r = spot.radius + 1
        taken.add(Box(spot.x - r, spot.y - r, spot.x + r, spot.y + r))
    found: list[Label | None] = []
    for index, spot in enumerate(spots):
        choices = _choices(spot, size) if index < most else iter(())
        label = next((one for one in choices if _inside(one.box, frame) and taken.free(one.box)), None)
        if label:
            taken.add(label.box)
        found.append(label)
    return found


def room_for(
    text: str, size: float, points: Sequence[Point], frame: Box, spots: Sequence[Spot], boxes: Iterable[Box]
) -> Label | None:
    """Where a text can stand for a whole area: at one of the points, as far from all dots as can be.

    It touches no dot, none of the boxes, and not the edge of the frame. None if there is no such point.
    """
    taken = _Taken()
    for box in boxes:
        taken.add(box.grown(4))
    for spot in spots:
        taken.add(Box(spot.x, spot.y, spot.x, spot.y).grown(spot.radius + 6))
    half = width_of(text, size) / 2

    def lonely(point: Point) -> float:
        away = min(((point[0] - spot.x) ** 2 + (point[1] - spot.y) ** 2 for spot in spots), default=0.0)
        edge = min(
            point[0] - frame.left, frame.right - point[0], point[1] - frame.bottom, frame.top - point[1]
        )
        return float(min(away**0.5, 1.5 * (edge - half / 2)))

    for x, y in sorted(points, key=lambda point: (-round(lonely(point), 3), point)):
        box = Box(x - half, y - size * 0.78, x + half, y + size * 0.22)
        if _inside(box, frame) and taken.free(box):
            return Label(x, y, "middle", box)
    return None


def _choices(spot: Spot, size: float) -> Iterator[Label]:
    """The eight places around a dot, the best first."""
    away = spot.radius + _GAP
    slant = spot.radius * 0.7 + _GAP / 2
    middle = spot.y + size * 0.35
    above, below = spot.y - slant, spot.y + slant + size * 0.72
    width = width_of(spot.text, size)
    places: tuple[tuple[float, float, Anchor], ...] = (
        (spot.x + away, middle, "start"),
        (spot.x - away, middle, "end"),
        (spot.x + slant, above, "start"),
        (spot.x + slant, below, "start"),
        (spot.x - slant, above, "end"),
        (spot.x - slant, below, "end"),
        (spot.x, spot.y - away, "middle"),
        (spot.x, spot.y + away + size * 0.72, "middle"),
    )
    for x, y, anchor in places:
        left = {"start": x, "middle": x - width / 2, "end": x - width}[anchor]
        yield Label(x, y, anchor, Box(left, y - size * 0.78, left + width, y + size * 0.22))


def _inside(box: Box, frame: Box) -> bool:
    return (
        frame.left + 4 <= box.left
        and box.right <= frame.right - 4
        and frame.bottom + 4 <= box.bottom
        and box.top <= frame.top - 4
    )


class _Taken:
    """Which room is taken, by cells so that only what is near is looked at."""

    def __init__(self) -> None:
        self._cells: dict[tuple[int, int], list[Box]] = defaultdict(list)

    def add(self, box: Box) -> None:
        for cell in _cells(box):
            self._cells[cell].append(box)

    def free(self, box: Box) -> bool:
        return not any(box.meets(other) for cell in _cells(box) for other in self._cells.get(cell, ()))


def _cells(box: Box) -> Iterable[tuple[int, int]]:
    for column in range(int(box.left // _CELL), int(box.right // _CELL) + 1):
        for row in range(int(box.bottom // _CELL), int(box.top // _CELL) + 1):
            yield column, row
