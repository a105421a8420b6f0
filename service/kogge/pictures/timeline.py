"""Level 3, pictures: a time line: lanes of moments, years below; what is close in time is stacked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

WIDTH: Final = 1100
_EDGE: Final = 28  # free to the left and right
_STEP: Final = 18  # between marks
_TITLE: Final = 34  # height of the title of a lane
_FOOT: Final = 34  # height of the years
_TICKS: Final = 14  # years that are written at most


@dataclass(frozen=True)
class Moment:
    """Something that happened between two days, both included: its identity, name, and kind."""

    id: str
    label: str
    kind: str
    first: date
    last: date


@dataclass(frozen=True)
class Lane:
    """Moments that belong together, with their name and colour."""

    id: str
    label: str
    colour: int
    moments: tuple[Moment, ...]


@dataclass(frozen=True)
class Mark:
    """A moment in the picture; from `left` to `right` reaches what its date may mean."""

    moment: Moment
    x: float
    y: float
    left: float
    right: float


@dataclass(frozen=True)
class DrawnLane:
    """A lane in the picture: where its title and its ground are, and its marks."""

    lane: Lane
    top: float
    bottom: float
    marks: tuple[Mark, ...]


@dataclass(frozen=True)
class TimeLine:
    """A time line to be printed as SVG: its size, the years with their places, its lanes from above."""

    width: int
    height: int
    years: tuple[tuple[float, int], ...]
    lanes: tuple[DrawnLane, ...]


def draw(lanes: Sequence[Lane]) -> TimeLine:
    """The time line of some lanes; one without a moment is left out."""
    filled = [lane for lane in lanes if lane.moments]
    if not filled:
        return TimeLine(WIDTH, 0, (), ())
    begins = min(moment.first for lane in filled for moment in lane.moments).year
    ends = max(moment.last for lane in filled for moment in lane.moments).year + 1
    zero = date(begins, 1, 1).toordinal()
    days = _day(ends) - zero
    scale = (WIDTH - 2 * _EDGE) / days

    def at(day: int) -> float:
        return round(_EDGE + (day - zero) * scale, 1)

    drawn: list[DrawnLane] = []
    top = 0.0
    for lane in filled:
        rows: list[float] = []  # how far each row is taken
        placed: list[tuple[Moment, float, int]] = []
        for moment in sorted(lane.moments, key=lambda one: (one.first, one.last, one.label, one.id)):
            x = at((moment.first.toordinal() + moment.last.toordinal()) // 2)
            row = next((index for index, taken in enumerate(rows) if taken + _STEP <= x), len(rows))
            rows[row : row + 1] = [x]
            placed.append((moment, x, row))
        bottom = top + _TITLE + len(rows) * _STEP + 8
        marks = (
            Mark(
                moment,
                x,
                bottom - 4 - _STEP / 2 - row * _STEP,
                at(moment.first.toordinal()),
                at(moment.last.toordinal()),
            )
            for moment, x, row in placed
        )
        drawn.append(DrawnLane(lane, top, bottom, tuple(marks)))
        top = bottom + 10
    step = max(1, -(-(ends - begins) // _TICKS))
    years = tuple((at(_day(year)), year) for year in range(begins, ends + 1, step))
    return TimeLine(WIDTH, round(top + _FOOT - 10), years, tuple(drawn))


def _day(year: int) -> int:
    return date(year, 1, 1).toordinal() if year <= date.max.year else date.max.toordinal()
