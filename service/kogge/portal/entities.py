"""Level 6, portal: types and properties of entities as the reconciliation names them, and their values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from kogge import names
from kogge.portal.candidates import KINDS
from kogge.store.rows import Row

_TYPES: Final = {
    "municipality": ("Kommune", "municipality", "gemeente"),
    "district": ("Landkreis", "district", "Landkreis"),
    "state": ("Land", "state", "deelstaat"),
    "province": ("Provinz", "province", "provincie"),
    "organisation": ("Organisation", "organisation", "organisatie"),
    "alliance": ("Bündnis", "alliance", "samenwerkingsverband"),
    "topic": ("Themenfeld", "topic", "thema"),
}
_PLACES: Final = ("municipality", "district", "state", "province")
_NAMED: Final = (*_PLACES, "organisation", "alliance")
# A property: its name in three languages, and the types that have it.
PROPERTIES: Final[Mapping[str, tuple[tuple[str, str, str], Sequence[str]]]] = {
    "label": (("Name", "name", "naam"), KINDS),
    "alternative": (("anderer Name", "other name", "andere naam"), KINDS),
    "description": (("Beschreibung", "description", "beschrijving"), KINDS),
    "ags": (("Gemeindeschlüssel (AGS)", "municipality key (AGS)", "gemeentecode (AGS)"), _PLACES),
    "ars": (("Regionalschlüssel (ARS)", "regional key (ARS)", "regiocode (ARS)"), _PLACES),
    "lauCode": (("LAU-Schlüssel", "LAU code", "LAU-code"), _PLACES),
    "nutsCode": (("NUTS-Schlüssel", "NUTS code", "NUTS-code"), _PLACES),
    "cbsCode": (("Schlüssel des CBS", "CBS code", "CBS-code"), _PLACES),
    "population": (("Einwohnerzahl", "population", "inwonertal"), _PLACES),
    "populationDate": (("Stand der Einwohnerzahl", "date of the population", "datum inwonertal"), _PLACES),
    "latitude": (("geographische Breite", "latitude", "breedtegraad"), _PLACES),
    "longitude": (("geographische Länge", "longitude", "lengtegraad"), _PLACES),
    "country": (("Staat (ISO 3166)", "country (ISO 3166)", "land (ISO 3166)"), _PLACES),
    "partOf": (("liegt in", "lies in", "ligt in"), _PLACES),
    "homepage": (("Website", "website", "website"), _NAMED),
    "alliance": (("Bündnis", "alliance", "samenwerkingsverband"), _NAMED),
    "sameAs": (("dasselbe anderswo", "the same elsewhere", "hetzelfde elders"), KINDS),
    "broader": (("weiteres Themenfeld", "broader topic", "ruimer thema"), ("topic",)),
}  # fmt: skip


def cells(rows: Sequence[Row], lang: str) -> list[dict[str, Any]]:
    """Values as the specification writes them; of texts in several languages those in one."""
    languages = {row["value"].lang for row in rows} - {""}
    if languages:
        chosen = next(code for code in (lang, *names.LANGUAGES, *sorted(languages)) if code in languages)
        rows = [row for row in rows if row["value"].lang in ("", chosen)]
    return [_cell(row) for row in rows]


def _cell(row: Row) -> dict[str, Any]:
    value = row["value"]
    if value.kind == "iri" and value.text.startswith(names.BASE):
        return {"id": id_of(value.text), "name": str(row.get("label", names.slug_of(value.text)))}
    try:
        if value.datatype == names.XSD + "integer":
            return {"int": int(value.text)}
        if value.datatype in (names.XSD + "decimal", names.XSD + "double"):
            return {"float": float(value.text)}
    except ValueError:
        pass
    return {"str": value.text}


def texts(row: Row) -> list[str]:
    """What a value may be called by somebody who compares: itself, its identifier, its label."""
    value = str(row["value"])
    more = [id_of(value), value.rpartition("/")[2]] if value.startswith(names.BASE) else []
    return [value, *more, *([str(row["label"])] if "label" in row else [])]


def plain(text: str) -> str:
    """A text as it is compared."""
    return text.strip().casefold()


def id_of(iri: str) -> str:
    """The identifier of a thing: the end of its IRI."""
    return iri.removeprefix(names.BASE)


def type_of(kind: str, lang: str) -> dict[str, str]:
    """A type, with its name in a language."""
    return {"id": kind, "name": _TYPES[kind][names.LANGUAGES.index(lang)]}


def property_of(name: str, lang: str) -> dict[str, str]:
    """A property, with its name in a language."""
    return {"id": name, "name": PROPERTIES[name][0][names.LANGUAGES.index(lang)]}


def beginning(listed: Sequence[dict[str, str]], prefix: str) -> list[dict[str, str]]:
    """Those of which the name or the identifier begins with this, or a word of the name."""
    wanted = plain(prefix)
    return [
        each
        for each in listed
        if any(
            text.startswith(wanted)
            for text in (each["id"].casefold(), *plain(each["name"]).split(), plain(each["name"]))
        )
    ]


def _parts(name: str) -> list[str]:
    return [name, *name.split()]
