"""Level 2, media: the one table of media types, and the choice among them (RFC 9110, section 12.5.1)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from kogge.errors import NotAcceptable


@dataclass(frozen=True)
class MediaType:
    """A representation: its media type, the suffix of its files and addresses, and what people call it.

    `format` is its name among the formats of the W3C (https://www.w3.org/ns/formats/), where it has one.
    """

    type: str
    suffix: str
    name: str
    format: str = ""

    @property
    def content_type(self) -> str:
        """The value of the header Content-Type; text says that it is UTF-8."""
        return f"{self.type}; charset=utf-8" if self.type.startswith("text/") else self.type


TURTLE: Final = MediaType("text/turtle", "ttl", "Turtle", "Turtle")
N_TRIPLES: Final = MediaType("application/n-triples", "nt", "N-Triples", "N-Triples")
JSON_LD: Final = MediaType("application/ld+json", "jsonld", "JSON-LD", "JSON-LD")
RDF_XML: Final = MediaType("application/rdf+xml", "rdf", "RDF/XML", "RDF_XML")
TRIG: Final = MediaType("application/trig", "trig", "TriG", "TriG")
N_QUADS: Final = MediaType("application/n-quads", "nq", "N-Quads", "N-Quads")
SPARQL_JSON: Final = MediaType(
    "application/sparql-results+json", "srj", "results as JSON", "SPARQL_Results_JSON"
)
SPARQL_XML: Final = MediaType("application/sparql-results+xml", "srx", "results as XML", "SPARQL_Results_XML")
CSV: Final = MediaType("text/csv", "csv", "CSV", "SPARQL_Results_CSV")
TSV: Final = MediaType("text/tab-separated-values", "tsv", "TSV", "SPARQL_Results_TSV")
XLSX: Final = MediaType(
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "xlsx", "Excel workbook"
)
GEOJSON: Final = MediaType("application/geo+json", "geojson", "GeoJSON")
TABLES: Final = MediaType("application/zip", "csv.zip", "CSV tables in a ZIP file")
ATOM: Final = MediaType("application/atom+xml", "atom", "Atom feed")
CALENDAR: Final = MediaType("text/calendar", "ics", "iCalendar")
JSON: Final = MediaType("application/json", "json", "JSON")
HTML: Final = MediaType("text/html", "html", "HTML")
XML: Final = MediaType("application/xml", "xml", "XML")
TEXT: Final = MediaType("text/plain", "txt", "plain text")
PROBLEM: Final = MediaType("application/problem+json", "json", "RFC 9457 problem")

TABLE: Final = (
    TURTLE, N_TRIPLES, JSON_LD, RDF_XML, TRIG, N_QUADS,
    SPARQL_JSON, SPARQL_XML, CSV, TSV, XLSX, ATOM, CALENDAR, GEOJSON, TABLES, JSON, HTML, XML, TEXT, PROBLEM,
)  # fmt: skip
GRAPHS: Final = (TURTLE, N_TRIPLES, JSON_LD, RDF_XML, TRIG, N_QUADS)
SHEETS: Final = (XLSX, CSV)
ROWS: Final = (SPARQL_JSON, SPARQL_XML, CSV, TSV)
BOOLEANS: Final = (SPARQL_JSON, SPARQL_XML)

# What a client may call a type besides its name.
_ALIASES: Final = {
    "application/json": (SPARQL_JSON.type, JSON_LD.type),
    "application/xml": (SPARQL_XML.type, RDF_XML.type),
    "text/xml": (SPARQL_XML.type, RDF_XML.type),
}
_TOKEN: Final = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_RANGE: Final = re.compile(rf"({_TOKEN})/({_TOKEN})")
_QUALITY: Final = re.compile(r"0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?")


def choose(accept: str | None, offered: Sequence[MediaType]) -> MediaType:
    """The offered type that the header Accept wants most; of equally wanted ones the first offered.

    A more specific range (`text/turtle` before `text/*` before `*/*`) decides about a type, with its quality;
    0 excludes. Parts that are no media range are ignored, and parameters other than q. Without a header, or
    with one in which nothing can be read, the first. Raises NotAcceptable, naming what is offered.
    """
    if accept not in _ALIASES and (named := next((each for each in offered if each.type == accept), None)):
        return named  # as programs nearly always ask
    ranges = _ranges(accept or "")
    if not ranges:
        return offered[0]
    best = max(offered, key=lambda media: _quality(media, ranges))  # max() keeps the first of equals
    if _quality(best, ranges) == 0:
        raise NotAcceptable(
            "None of the representations that are wanted is offered.",
            f"Offered: {', '.join(media.type for media in offered)}.",
        )
    return best


@lru_cache(maxsize=64)
def _ranges(accept: str) -> Mapping[str, float]:
    """Media range (lower case) → quality; of a range given twice the last counts."""
    ranges = {}
    for part in accept.split(","):
        name, *parameters = (piece.strip() for piece in part.split(";"))
        if not _RANGE.fullmatch(name) or (name.startswith("*/") and name != "*/*"):
            continue
        quality = next((p.partition("=")[2].strip() for p in parameters if p[:2].lower() == "q="), "1")
        if _QUALITY.fullmatch(quality):
            ranges[name.lower()] = float(quality)
    return ranges


def _quality(media: MediaType, ranges: Mapping[str, float]) -> float:
    aliases = tuple(alias for alias, types in _ALIASES.items() if media.type in types)
    for name in (media.type, *aliases, media.type.partition("/")[0] + "/*", "*/*"):
        if name in ranges:
            return ranges[name]
    return 0.0
