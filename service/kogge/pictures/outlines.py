"""Level 3, pictures: makes basemap.json, the countries behind the cities, from Natural Earth (public domain).

The input is `countries-10m.json` of the npm package world-atlas 2.0.2, whose TopoJSON is read here:

    npm pack world-atlas@2.0.2 && tar xzf world-atlas-2.0.2.tgz
    python -m kogge.pictures.outlines package/countries-10m.json

The result is projected, cut to the window below and simplified. Its lines are x and y of the first point,
then the way from each point to the next, in tenths of a kilometre.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final

from kogge.pictures.clipping import Box, cut_line, cut_ring, simplified
from kogge.pictures.projection import REGION, Point

RESULT: Final = Path(__file__).with_name("basemap.json")
WINDOW: Final = Box(-800, -560, 850, 660)  # km around the origin of the projection
TOLERANCE: Final = 0.7  # km
SMALLEST: Final = 5.0  # km²: islands below are left out


def main(source: Path) -> None:
    """Reads the outlines of all countries and writes those of the window."""
    world = json.loads(source.read_text("utf-8"))
    arcs = [list(_decoded(arc, world["transform"])) for arc in world["arcs"]]
    countries = world["objects"]["countries"]["geometries"]
    used = Counter(index if index >= 0 else ~index for each in countries for index in _arcs(each))
    near = {index for index, arc in enumerate(arcs) if any(_plausible(*point) for point in arc)}
    lines = {index: simplified([REGION(*point) for point in arcs[index]], TOLERANCE) for index in near}
    land: dict[str, list[list[int]]] = {}
    for country in countries:
        for ring in _rings(country):
            if not any((index if index >= 0 else ~index) in near for index in ring):
                continue
            cut = cut_ring(_joined(ring, lines, arcs), WINDOW)
            if len(cut) > 3 and abs(_area(cut)) >= SMALLEST:
                land.setdefault(str(country.get("id", "")), []).append(_flat(cut))
    borders = [
        _flat(part) for index in sorted(near) if used[index] > 1 for part in cut_line(lines[index], WINDOW)
    ]
    RESULT.write_text(json.dumps({"land": land, "borders": borders}, separators=(",", ":")) + "\n", "utf-8")
    sys.stdout.write(f"{RESULT.name}: {len(land)} countries, {RESULT.stat().st_size} bytes\n")


def _decoded(arc: list[list[int]], transform: Any) -> Iterator[Point]:
    """The positions of an arc: TopoJSON 2.1.3, quantised and told as differences."""
    (east, north), (x0, y0) = transform["scale"], transform["translate"]
    x = y = 0
    for dx, dy in arc:
        x, y = x + dx, y + dy
        yield x * east + x0, y * north + y0


def _rings(country: Any) -> Iterator[list[int]]:
    if country["type"] == "Polygon":
        yield country["arcs"][0]  # holes are other countries, which are drawn after
    elif country["type"] == "MultiPolygon":
        for polygon in country["arcs"]:
            yield polygon[0]


def _arcs(country: Any) -> Iterator[int]:
    for ring in _rings(country):
        yield from ring


def _plausible(longitude: float, latitude: float) -> bool:
    return -15 < longitude < 40 and 38 < latitude < 66


def _joined(ring: list[int], lines: dict[int, list[Point]], arcs: list[list[Point]]) -> list[Point]:
    joined: list[Point] = []
    for index in ring:
        at = index if index >= 0 else ~index
        # Far away any corner will do, as long as it is outside of the window.
        line = lines.get(at) or [REGION(*point) for point in arcs[at][:: max(1, len(arcs[at]) // 20)]]
        joined += line if index >= 0 else line[::-1]
    return joined


def _area(ring: Iterable[Point]) -> float:
    points = list(ring)
    return sum(a[0] * b[1] - b[0] * a[1] for a, b in zip(points, points[1:] + points[:1], strict=True)) / 2


def _flat(points: Iterable[Point]) -> list[int]:
    flat: list[int] = []
    x = y = 0
    for east, north in points:
        flat += [round(10 * east) - x, round(10 * north) - y]
        x, y = x + flat[-2], y + flat[-1]
    return flat


if __name__ == "__main__":
    main(Path(sys.argv[1]))
