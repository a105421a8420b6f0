"""Level 6, portal: what lies somewhere, as GeoJSON (RFC 7946), one feature on a line."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

QUESTION: Final = "export/points"
# Who says one of these lies somewhere, or happens there.
PREDICATES: Final = (b" <https://schema.org/latitude> ", b" <https://schema.org/location> ")
_PLACED: Final = ("latitude", "longitude")


def write(columns: Sequence[str], rows: Iterable[list[str]]) -> Iterator[bytes]:
    """A collection of features; a thing at several places is one at each of them."""
    yield b'{"type": "FeatureCollection", "features": ['
    before = b"\n"
    for row in rows:
        said = dict(zip(columns, (cell.split(" | ") for cell in row), strict=True))
        properties = {name: _one(said[name]) for name in columns if name not in _PLACED and any(said[name])}
        for latitude, longitude in zip(said["latitude"], said["longitude"], strict=True):
            if latitude and longitude:
                yield before + _line(properties, float(longitude), float(latitude))
                before = b",\n"
    yield b"\n]}\n"


def _one(values: Sequence[str]) -> str | Sequence[str]:
    return values[0] if len(values) == 1 else values


def _line(properties: dict[str, Any], longitude: float, latitude: float) -> bytes:
    feature = {
        "type": "Feature",
        "id": properties["thing"],
        "geometry": {"type": "Point", "coordinates": [longitude, latitude]},
        "properties": properties,
    }
    return json.dumps(feature, ensure_ascii=False).encode()
