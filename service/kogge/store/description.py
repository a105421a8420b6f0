"""Level 3, store: what the endpoint offers (SPARQL 1.1 Service Description) and holds (VoID), in RDF.

Each statement is made of what the service really does: the table of media types, the functions that the
engine knows, the graphs as counted.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from typing import Any, Final, cast
from urllib.parse import quote

from pyoxigraph import Literal, NamedNode, QuerySolutions, Store, Triple

from kogge import media, names
from kogge.media import MediaType
from kogge.store.evaluate import Result, write

SD: Final = "http://www.w3.org/ns/sparql-service-description#"
VOID: Final = "http://rdfs.org/ns/void#"
FORMATS: Final = "http://www.w3.org/ns/formats/"
SIMPLE: Final = "http://www.w3.org/ns/entailment/Simple"
GEOF: Final = "http://www.opengis.net/def/function/geosparql/"
_GEO: Final = """
    area asGeoJSON asGML asKML asWKT boundary boundingCircle buffer centroid concaveHull convexHull
    coordinateDimension difference dimension distance ehContains ehCoveredBy ehCovers ehDisjoint ehEquals
    ehInside ehMeet ehOverlap envelope geometryN geometryType getSRID intersection is3D isEmpty isMeasured
    isSimple length maxX maxY maxZ metricArea metricBuffer metricLength metricPerimeter minX minY minZ
    numGeometries perimeter rcc8dc rcc8ec rcc8eq rcc8ntpp rcc8ntppi rcc8po rcc8tpp rcc8tppi relate
    sfContains sfCrosses sfDisjoint sfEquals sfIntersects sfOverlaps sfTouches sfWithin spatialDimension
    symDifference transform union
"""

# The queries whose answers, as SPARQL JSON, `sizes` reads.
COUNTS: Final = (
    "SELECT ?graph (COUNT(*) AS ?triples) WHERE { GRAPH ?graph { ?s ?p ?o } } GROUP BY ?graph",
    "SELECT (COUNT(*) AS ?triples) WHERE { ?s ?p ?o }",
)


@dataclass(frozen=True)
class Sizes:
    """How many triples each named graph has, and the merge of all."""

    named: Mapping[str, int]
    merged: int


def sizes(answers: Sequence[Mapping[str, Any]]) -> Sizes:
    """What the answers to `COUNTS` say."""
    named, merged = (answer["results"]["bindings"] for answer in answers)
    return Sizes(
        {row["graph"]["value"]: int(row["triples"]["value"]) for row in named},
        int(merged[0]["triples"]["value"]),
    )


def service(base: str, counted: Sizes, wanted: MediaType) -> Result:
    """The description of the endpoint `base`/sparql, in one of `media.GRAPHS`."""
    endpoint = base + "/sparql"
    dataset, default = endpoint + "#dataset", endpoint + "#default"
    said = _Said()
    said.say(endpoint, "a", SD + "Service")
    said.say(endpoint, SD + "endpoint", endpoint)
    said.say(endpoint, SD + "supportedLanguage", SD + "SPARQL11Query")
    for form in (*media.ROWS, *media.GRAPHS):
        said.say(endpoint, SD + "resultFormat", FORMATS + form.format)
    said.say(endpoint, SD + "feature", SD + "UnionDefaultGraph")
    for function in functions():
        said.say(endpoint, SD + "extensionFunction", function)
        said.say(function, "a", SD + "Function")
    said.say(endpoint, SD + "defaultEntailmentRegime", SIMPLE)
    said.say(endpoint, SD + "defaultDataset", dataset)
    said.say(dataset, "a", SD + "Dataset")
    said.say(dataset, names.RDFS + "seeAlso", base + "/catalog")
    said.say(dataset, SD + "defaultGraph", default)
    said.say(default, "a", SD + "Graph")
    said.say(default, VOID + "triples", counted.merged)
    for name, triples in counted.named.items():
        graph = f"{endpoint}#{quote(name.removeprefix(names.GRAPH), safe='/')}"
        said.say(dataset, SD + "namedGraph", graph)
        said.say(graph, "a", SD + "NamedGraph")
        said.say(graph, SD + "name", name)
        said.say(graph, SD + "graph", name)
        said.say(name, "a", SD + "Graph")
        said.say(name, VOID + "triples", triples)
    return said.written(wanted)


@cache
def functions() -> tuple[str, ...]:
    """The functions of GeoSPARQL 1.1 that the engine knows: beyond SPARQL 1.1 it has those only."""
    nothing = Store()
    known = []
    for name in _GEO.split():
        with suppress(RuntimeError, ValueError):
            list(cast(QuerySolutions, nothing.query(f"SELECT (<{GEOF}{name}>() AS ?it) {{}}")))
            known.append(GEOF + name)
    return tuple(known)


def graphs(base: str, counted: Sizes, wanted: MediaType) -> Result:
    """The list of the named graphs as a VoID dataset with its subsets, in one of `media.GRAPHS`."""
    whole = base + "/graphs"
    said = _Said()
    said.say(whole, "a", VOID + "Dataset")
    said.say(whole, VOID + "sparqlEndpoint", base + "/sparql")
    said.say(whole, VOID + "triples", counted.merged)
    for name, triples in counted.named.items():
        said.say(whole, VOID + "subset", name)
        said.say(name, "a", VOID + "Dataset")
        said.say(name, VOID + "triples", triples)
    return said.written(wanted)


class _Said:
    """Statements that are being collected."""

    def __init__(self) -> None:
        self._triples: list[Triple] = []

    def say(self, subject: str, predicate: str, thing: str | int) -> None:
        """One statement; `a` is rdf:type, a text is an IRI."""
        verb = names.RDF + "type" if predicate == "a" else predicate
        value = Literal(thing) if isinstance(thing, int) else NamedNode(thing)
        self._triples.append(Triple(NamedNode(subject), NamedNode(verb), value))

    def written(self, wanted: MediaType) -> Result:
        """All of them as one document."""
        file = io.BytesIO()
        write(self._triples, wanted, file)
        return Result(wanted, file.getvalue(), len(self._triples))
