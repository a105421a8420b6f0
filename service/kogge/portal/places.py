"""Level 6, portal: where the authorities are, as GeoJSON (RFC 7946) for a map."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any, Final

from kogge import media, names
from kogge.store.evaluate import Result
from kogge.store.rows import Row

_DIGITS: Final = 6  # of a degree: a tenth of a metre


def written(rows: Sequence[Row], evidence: Mapping[str, int], base: str, *, alliance: str = "") -> Result:
    """The places of the rows of `export/places`, each with how much evidence it has.

    With `alliance` (an IRI) only its members.
    """
    features = [
        feature
        for iri, group in groupby(rows, lambda row: str(row["place"]))
        if (feature := _feature(iri, list(group), evidence, base, alliance))
    ]
    found: dict[str, Any] = {"type": "FeatureCollection"}
    if features:
        points = [each["geometry"]["coordinates"] for each in features]
        longitudes, latitudes = zip(*points, strict=True)
        found["bbox"] = [min(longitudes), min(latitudes), max(longitudes), max(latitudes)]
    found["features"] = features
    return Result(media.GEOJSON, json.dumps(found, ensure_ascii=False).encode() + b"\n")


def _feature(
    iri: str, rows: Sequence[Row], evidence: Mapping[str, int], base: str, alliance: str
) -> dict[str, Any] | None:
    """A place, if it is a member of the alliance; of several positions the first stated one."""
    row = rows[0]
    alliances = {
        str(each["alliance"]): {
            "iri": str(each["alliance"]),
            "label": _labels(each, "alliance"),
            "status": names.slug_of(str(each["status"])),
        }
        for each in rows
        if "alliance" in each
    }
    point = [_degrees(str(row["longitude"]), 180), _degrees(str(row["latitude"]), 90)]
    if (alliance and alliance not in alliances) or None in point:
        return None
    label = _labels(row, "")
    properties: dict[str, Any] = {
        "iri": iri,
        "name": label.get("de") or next(iter(label.values()), names.slug_of(iri)),
        "label": label,
        "kind": names.kind_of(iri),
        "url": base + "/" + iri.removeprefix(names.BASE),
        "alliances": [alliances[each] for each in sorted(alliances)],
        "evidence": evidence.get(iri, 0),
    }
    for name in ("country", "populationDate"):
        if name in row:
            properties[name] = str(row[name])
    if str(row.get("population", "")).isdecimal():
        properties["population"] = int(str(row["population"]))
    return {
        "type": "Feature",
        "id": iri,
        "geometry": {"type": "Point", "coordinates": point},
        "properties": properties,
    }


def _labels(row: Row, of: str) -> dict[str, str]:
    """What it is called in the languages in which somebody says so."""
    columns = {lang: f"{of}{lang.title()}" if of else lang for lang in names.LANGUAGES}
    return {lang: str(row[column]) for lang, column in columns.items() if column in row}


def _degrees(text: str, most: int) -> float | None:
    try:
        degrees = round(float(text), _DIGITS)
    except ValueError:
        return None
    return degrees if -most <= degrees <= most else None
