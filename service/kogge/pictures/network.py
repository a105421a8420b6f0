"""Level 3, pictures: a network in three columns, ordered so that its lines cross little; always the same."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from kogge.pictures.labels import width_of

WIDTH: Final = 1100
COLUMNS: Final = (300.0, 540.0, 840.0)  # where the dots are; the first have their names to the left
SIZE: Final = 15.0  # of the names
LONGEST: Final = 30  # letters of a name that are written
_NAME: Final = 16.0  # from a dot to the end of its gap
_STEP: Final = 24.0  # between two names at least
_EDGE: Final = 22.0
_ROUNDS: Final = 4


@dataclass(frozen=True)
class Node:
    """Something in a column: its identity, name, colour."""

    id: str
    label: str
    colour: int = 0


@dataclass(frozen=True)
class Drawn:
    """A node in the picture: `words` of its label are written, and end at `right`."""

    node: Node
    x: float
    y: float
    number: int
    words: str
    right: float


@dataclass(frozen=True)
class Line:
    """A line between two nodes (by their numbers): the data of its path, its colour."""

    one: int
    two: int
    path: str
    colour: int


@dataclass(frozen=True)
class Network:
    """A network to be printed as SVG: its size, its columns from left to right, its lines."""

    width: int
    height: int
    columns: tuple[tuple[Drawn, ...], ...]
    lines: tuple[Line, ...]


def draw(columns: Sequence[Sequence[Node]], links: Iterable[tuple[str, str]]) -> Network:
    """The picture of three columns and the links between neighbouring ones, in whatever order they come.

    The first column stays as it is. The others are ordered by the mean place of their neighbours.
    """
    pairs = sorted(set(links))
    near: dict[str, list[str]] = defaultdict(list)
    for one, two in pairs:
        near[one].append(two)
        near[two].append(one)
    first, *others = [list(column) for column in columns]
    ordered = [first, *(sorted(column, key=lambda node: (node.label, node.id)) for column in others)]
    for round_ in range(_ROUNDS):
        # Down the columns, and in between once up: cities look at both sides.
        for at in range(1, len(ordered)):
            beside = [ordered[at - 1]] if round_ == 0 or at == 2 else [ordered[at - 1], ordered[at + 1]]
            ordered[at] = _sorted(ordered[at], beside, near)
    height = max(len(column) for column in ordered) * _STEP + 2 * _EDGE
    drawn: list[tuple[Drawn, ...]] = []
    number = 0
    for x, column in zip(COLUMNS, ordered, strict=True):
        room = (height - 2 * _EDGE) / max(1, len(column))
        drawn.append(
            tuple(
                _node(node, x, round(_EDGE + (index + 0.5) * room, 1), number + index)
                for index, node in enumerate(column)
            )
        )
        number += len(column)
    where = {each.node.id: each for column in drawn for each in column}
    lines = tuple(_line(where[one], where[two]) for one, two in pairs if one in where and two in where)
    return Network(WIDTH, round(height), tuple(drawn), lines)


def _node(node: Node, x: float, y: float, number: int) -> Drawn:
    first = x == COLUMNS[0]
    words = node.label if first or len(node.label) <= LONGEST else node.label[: LONGEST - 1].rstrip() + "…"
    return Drawn(
        node, x, y, number, words, x if first else round(x + _NAME + 0.95 * width_of(words, SIZE), 1)
    )


def _sorted(
    column: Sequence[Node], beside: Sequence[Sequence[Node]], near: Mapping[str, list[str]]
) -> list[Node]:
    """A column by the mean place of the neighbours, places being shares of the height."""
    place = {node.id: (index + 0.5) / len(others) for others in beside for index, node in enumerate(others)}

    def mean(node: Node) -> float:
        known = [place[one] for one in near.get(node.id, ()) if one in place]
        return round(sum(known) / len(known), 9) if known else 1.0

    return sorted(column, key=lambda node: (mean(node), node.label, node.id))


def _line(one: Drawn, two: Drawn) -> Line:
    left, right = sorted((one, two), key=lambda each: each.x)
    middle = (left.right + right.x) / 2
    path = f"M{left.right:g} {left.y:g}C{middle:g} {left.y:g} {middle:g} {right.y:g} {right.x:g} {right.y:g}"
    return Line(left.number, right.number, path, left.node.colour)
