"""Level 3, pictures: cuts rings and lines to a box, and leaves out points that nobody would miss."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import NamedTuple

from kogge.pictures.projection import Point


class Box(NamedTuple):
    """A rectangle: its corner with the smallest, and its corner with the largest coordinates."""

    left: float
    bottom: float
    right: float
    top: float

    @property
    def width(self) -> float:
        """How wide it is."""
        return self.right - self.left

    @property
    def height(self) -> float:
        """How high it is."""
        return self.top - self.bottom

    def holds(self, point: Point) -> bool:
        """Whether a point is inside, or on the edge."""
        return self.left <= point[0] <= self.right and self.bottom <= point[1] <= self.top

    def meets(self, other: Box) -> bool:
        """Whether two boxes have more in common than an edge."""
        return (
            self.left < other.right
            and other.left < self.right
            and self.bottom < other.top
            and other.bottom < self.top
        )

    def grown(self, by: float) -> Box:
        """The same with a margin."""
        return Box(self.left - by, self.bottom - by, self.right + by, self.top + by)


def around(points: list[Point]) -> Box:
    """The smallest box that holds all points, of which there must be one."""
    xs, ys = [x for x, _ in points], [y for _, y in points]
    return Box(min(xs), min(ys), max(xs), max(ys))


def cut_ring(ring: list[Point], box: Box) -> list[Point]:
    """The part of a closed ring inside a box (Sutherland and Hodgman); empty if there is none."""
    for axis, bound, inside in _edges(box):
        kept: list[Point] = []
        for index, point in enumerate(ring):
            before = ring[index - 1]
            if inside(point) != inside(before):
                kept.append(_crossing(before, point, axis, bound))
            if inside(point):
                kept.append(point)
        ring = kept
    return ring


def cut_line(line: list[Point], box: Box) -> list[list[Point]]:
    """The parts of a line inside a box, each with its first point beyond; a line may have several."""
    parts: list[list[Point]] = []
    open_ = False
    for before, point in pairwise(line):
        if box.holds(before) or box.holds(point):
            if not open_:
                parts.append([before])
            parts[-1].append(point)
            open_ = True
        else:
            open_ = False
    return parts


def simplified(line: list[Point], tolerance: float) -> list[Point]:
    """The same line with fewer points, nowhere further away than the tolerance (Douglas and Peucker)."""
    keep = [False] * len(line)
    keep[0] = keep[-1] = True
    closed = line[0] == line[-1]
    parts = [(0, len(line) - 1)]
    if closed and len(line) > 3:  # a ring has no two ends: cut it where it is furthest from its beginning
        middle = max(range(len(line)), key=lambda at: _between(line[0], line[at]))
        keep[middle] = True
        parts = [(0, middle), (middle, len(line) - 1)]
    while parts:
        first, last = parts.pop()
        furthest, distance = first, tolerance
        for index in range(first + 1, last):
            if (away := _distance(line[index], line[first], line[last])) > distance:
                furthest, distance = index, away
        if furthest != first:
            keep[furthest] = True
            parts += [(first, furthest), (furthest, last)]
    return [point for point, kept in zip(line, keep, strict=True) if kept]


def _edges(box: Box) -> Iterator[tuple[int, float, Callable[[Point], bool]]]:
    yield 0, box.left, lambda point: point[0] >= box.left
    yield 0, box.right, lambda point: point[0] <= box.right
    yield 1, box.bottom, lambda point: point[1] >= box.bottom
    yield 1, box.top, lambda point: point[1] <= box.top


def _crossing(one: Point, two: Point, axis: int, bound: float) -> Point:
    share = (bound - one[axis]) / (two[axis] - one[axis])
    other = one[1 - axis] + share * (two[1 - axis] - one[1 - axis])
    return (bound, other) if axis == 0 else (other, bound)


def _between(one: Point, two: Point) -> float:
    return float(((one[0] - two[0]) ** 2 + (one[1] - two[1]) ** 2) ** 0.5)


def _distance(point: Point, one: Point, two: Point) -> float:
    length = _between(one, two)
    if not length:
        return _between(point, one)
    cross = (two[0] - one[0]) * (one[1] - point[1]) - (one[0] - point[0]) * (two[1] - one[1])
    return abs(cross) / length
