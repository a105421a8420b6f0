"""The W3C suite of the Service Description: three statements about `GET /sparql` without a query."""

from __future__ import annotations

from typing import Any, Final

import pytest
from pyoxigraph import BlankNode, Dataset, NamedNode, Triple

from . import answers
from .conftest import Scratch
from .manifest import RDF, cases

SD: Final = "http://www.w3.org/ns/sparql-service-description#"
TYPES: Final = ("text/turtle", "application/rdf+xml", "application/n-triples", "application/ld+json")
# The properties of section 3 of the specification; the range, where it is a class whose instances are said.
RANGES: Final = {
    "defaultDataset": "Dataset",
    "defaultGraph": "Graph",
    "namedGraph": "NamedGraph",
    "graph": "Graph",
    "feature": None,
    "supportedLanguage": None,
    "resultFormat": None,
    "inputFormat": None,
    "languageExtension": None,
    "extensionFunction": "Function",
    "extensionAggregate": "Aggregate",
    "propertyFeature": "Feature",
    "defaultEntailmentRegime": None,
    "entailmentRegime": None,
    "supportedEntailmentProfile": None,
    "defaultSupportedEntailmentProfile": None,
    "availableGraphs": "GraphCollection",
    "name": None,
    "endpoint": None,
    "url": None,
}


def test_the_suite_has_the_cases_that_are_known() -> None:
    assert {case.id.partition("/")[2] for case in cases("service-description")} == {
        "returns-rdf",
        "has-endpoint-triple",
        "conforms-to-schema",
    }


@pytest.mark.parametrize("media", TYPES)
def test_returns_rdf(scratch: Scratch, media: str) -> None:
    assert len(described(scratch, media)) > 1


def test_has_endpoint_triple(scratch: Scratch) -> None:
    description = described(scratch)
    services = instances(description, "Service")
    assert len(services) == 1
    endpoints = objects(description, services[0], "endpoint")
    assert len(endpoints) == 1
    assert endpoints[0].value.endswith("/sparql")


def test_conforms_to_schema(scratch: Scratch) -> None:
    description = described(scratch)
    for quad in description:
        name = quad.predicate.value.removeprefix(SD)
        if name == quad.predicate.value:
            continue
        assert name in RANGES, f"sd:{name} is no property of the vocabulary"
        assert isinstance(quad.object, (NamedNode, BlankNode)), name
        if wanted := RANGES[name]:
            known = instances(description, wanted, *(["NamedGraph"] if wanted == "Graph" else []))
            assert quad.object in known, f"sd:{name} is no sd:{wanted}"
    for graph in instances(description, "NamedGraph"):
        assert len(objects(description, graph, "name")) == 1


def test_what_is_described_is_what_is_offered(scratch: Scratch) -> None:
    description = described(scratch)
    service = instances(description, "Service")[0]
    languages = {each.value for each in objects(description, service, "supportedLanguage")}
    assert languages == {SD + "SPARQL11Query"}
    features = {each.value.removeprefix(SD) for each in objects(description, service, "feature")}
    assert not features & {"BasicFederatedQuery", "DereferencesURIs", "RequiresDataset", "EmptyGraphs"}
    formats = {each.value for each in objects(description, service, "resultFormat")}
    offered = {"SPARQL_Results_JSON", "SPARQL_Results_XML", "SPARQL_Results_CSV", "SPARQL_Results_TSV"}
    offered |= {"Turtle", "N-Triples", "RDF_XML", "JSON-LD"}
    assert {f"http://www.w3.org/ns/formats/{name}" for name in offered} <= formats
    named = {objects(description, each, "name")[0].value for each in instances(description, "NamedGraph")}
    assert named == {"urn:a", "urn:b"}


def described(scratch: Scratch, media: str = "text/turtle") -> Dataset:
    """The description, as one of the formats that clients ask for."""
    scratch.fill({f"urn:{name}": [Triple(*[NamedNode("urn:said")] * 3)] for name in "ab"})
    response = scratch.client.get("/sparql", headers={"Accept": media})
    assert response.status_code == 200, response.text
    assert response.headers["content-type"].partition(";")[0] == media
    description = answers.read(response.content, media)
    assert isinstance(description, Dataset)
    return description


def instances(graph: Dataset, *kinds: str) -> list[Any]:
    """The things that are of one of these classes of the vocabulary."""
    classes = {NamedNode(SD + kind) for kind in kinds}
    return [quad.subject for quad in graph if quad.predicate.value == RDF + "type" and quad.object in classes]


def objects(graph: Dataset, subject: Any, name: str) -> list[Any]:
    """What a property of the vocabulary says of a thing."""
    return [quad.object for quad in graph.quads_for_subject(subject) if quad.predicate.value == SD + name]
