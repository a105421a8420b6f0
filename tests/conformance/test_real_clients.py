"""Clients as they are, against the service as it is: `kogge serve` in a process of its own."""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any, Final
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest
import rdflib
from rdflib.plugins.stores.sparqlstore import SPARQLStore
from SPARQLWrapper import (
    CSV,
    GET,
    JSON,
    JSONLD,
    N3,
    POST,
    POSTDIRECTLY,
    RDFXML,
    TSV,
    TURTLE,
    URLENCODED,
    XML,
    SPARQLWrapper,
)
from SPARQLWrapper.SPARQLExceptions import QueryBadFormed

# What the clients themselves use of others that is old.
pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning"),
]

PREFIXES: Final = """PREFIX kogge: <https://w3id.org/kogge/ontology#>
PREFIX skos: <http://www.w3.org/2004/02/skos/core#>
"""
KIEL: Final = "https://w3id.org/kogge/id/municipality/kiel"
GRAPH: Final = "https://w3id.org/kogge/graph/kogge/alliances-smarte-hanse"
ALLIANCES: Final = (
    PREFIXES
    + """SELECT ?alliance ?label WHERE {
    ?alliance a kogge:Alliance ; skos:prefLabel ?label FILTER(lang(?label) = "de") } ORDER BY ?alliance"""
)
CONSTRUCT: Final = (
    PREFIXES + "CONSTRUCT { ?a skos:prefLabel ?l } WHERE { ?a a kogge:Alliance ; skos:prefLabel ?l }"
)
NAME: Final = "Smarte Hanse"
START: Final = 30.0  # seconds


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a service with the graph of the repository."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    # The cage has tests of its own, and is not to be had on every machine that runs these.
    environment = {**os.environ, "KOGGE_UNSAFE_NO_SANDBOX": "on", "KOGGE_CLIENT_SECONDS": "0"}
    home = tmp_path_factory.mktemp("clients")
    with (home / "log").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "kogge", "serve", "--port", str(port), "--home", str(home)],
            env=environment,
            stdout=log,
            stderr=log,
        )
        try:
            wait_for(f"http://127.0.0.1:{port}/health/ready", process)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait(15)


def wait_for(address: str, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + START
    while time.monotonic() < until:
        assert process.poll() is None, "the service ended"
        try:
            with urlopen(address, timeout=5):
                return
        except OSError:
            time.sleep(0.1)
    raise AssertionError("the service did not get ready")


# SPARQLWrapper


def wrapper(service: str, query: str, form: str, method: str = GET, way: str = URLENCODED) -> SPARQLWrapper:
    client = SPARQLWrapper(service + "/sparql")
    client.setQuery(query)
    client.setReturnFormat(form)
    client.setMethod(method)
    client.setRequestMethod(way)
    return client


WAYS: Final = [(GET, URLENCODED), (POST, URLENCODED), (POST, POSTDIRECTLY)]


@pytest.mark.parametrize(("method", "way"), WAYS)
def test_sparqlwrapper_reads_rows_in_all_formats(service: str, method: str, way: str) -> None:
    def converted(form: str) -> Any:
        return wrapper(service, ALLIANCES, form, method, way).query().convert()

    by_json = [row["label"]["value"] for row in converted(JSON)["results"]["bindings"]]
    assert len(by_json) == 3
    assert NAME in by_json
    by_xml = [each.firstChild.data for each in converted(XML).getElementsByTagName("literal")]
    by_csv = [row["label"] for row in csv.DictReader(io.StringIO(converted(CSV).decode(), newline=""))]
    by_tsv = [line.split("\t")[1] for line in converted(TSV).decode().splitlines()[1:]]
    assert by_xml == by_csv == by_json
    assert by_tsv == [f'"{label}"@de' for label in by_json]


@pytest.mark.parametrize(("method", "way"), WAYS)
@pytest.mark.parametrize("form", [JSON, XML])
def test_sparqlwrapper_asks(service: str, form: str, method: str, way: str) -> None:
    for query, truth in (("ASK { ?s ?p ?o }", True), ("ASK { <urn:a> <urn:a> <urn:a> }", False)):
        answer: Any = wrapper(service, query, form, method, way).query().convert()
        found = (
            answer["boolean"] if form == JSON else answer.getElementsByTagName("boolean")[0].firstChild.data
        )
        assert found in (truth, str(truth).lower())


@pytest.mark.parametrize(("method", "way"), WAYS)
@pytest.mark.parametrize("query", [CONSTRUCT, f"DESCRIBE <{KIEL}>"])
def test_sparqlwrapper_reads_graphs_in_all_formats(service: str, query: str, method: str, way: str) -> None:
    found = []
    for form, parser in ((TURTLE, "turtle"), (N3, "n3"), (JSONLD, "json-ld"), (RDFXML, "xml")):
        response = wrapper(service, query, form, method, way).query()
        found.append(rdflib.Graph().parse(data=response.response.read(), format=parser))
    assert len(found[0]) >= 6
    assert all(set(graph) == set(found[0]) for graph in found)


def test_sparqlwrapper_converts_a_graph(service: str) -> None:
    graph: Any = wrapper(service, CONSTRUCT, RDFXML).query().convert()
    assert {str(label) for label in graph.objects()} >= {NAME}


@pytest.mark.parametrize(("method", "way"), WAYS)
def test_sparqlwrapper_chooses_the_dataset(service: str, method: str, way: str) -> None:
    def count(query: str, **graphs: str) -> int:
        client = wrapper(service, query, JSON, method, way)
        for name, iri in graphs.items():
            client.addParameter(name.replace("_", "-"), iri)
        answer: Any = client.query().convert()
        return int(answer["results"]["bindings"][0]["n"]["value"])

    every = "SELECT (COUNT(*) AS ?n) WHERE { ?s ?p ?o }"
    graphs = "SELECT (COUNT(DISTINCT ?g) AS ?n) WHERE { GRAPH ?g { ?s ?p ?o } }"
    assert 0 < count(every, default_graph_uri=GRAPH) < count(every)
    assert count(every, default_graph_uri=GRAPH) == count(f"{every[:24]} FROM <{GRAPH}> {every[24:]}")
    assert count(every, named_graph_uri=GRAPH) == 0
    assert count(graphs, named_graph_uri=GRAPH) == 1
    assert count(graphs) > 100


def test_sparqlwrapper_is_told_what_is_wrong(service: str) -> None:
    with pytest.raises(QueryBadFormed, match="line 1, column"):
        wrapper(service, "SELECT * WHERE { ?s ?p }", JSON).query()
    update = wrapper(service, "CLEAR ALL", JSON, POST)
    with pytest.raises(HTTPError) as refused:
        update.query()
    assert refused.value.code == 403
    refused.value.close()


# rdflib


@pytest.mark.parametrize("method", ["GET", "POST", "POST_FORM"])
@pytest.mark.parametrize("form", ["json", "xml", "csv", "tsv"])
def test_rdflib_asks_through_its_store(service: str, method: str, form: str) -> None:
    graph = rdflib.Graph(SPARQLStore(service + "/sparql", method=method, returnFormat=form))
    rows: list[Any] = list(graph.query(ALLIANCES))
    assert len(rows) == 3
    assert NAME in {str(row.label) for row in rows}
    if form in ("json", "xml"):
        assert bool(graph.query("ASK { ?s ?p ?o }"))


def test_rdflib_reads_triples_through_its_store(service: str) -> None:
    graph = rdflib.Graph(SPARQLStore(service + "/sparql"))
    kiel = rdflib.URIRef(KIEL)
    assert graph.value(kiel, rdflib.RDF.type) == rdflib.URIRef("https://w3id.org/kogge/ontology#Municipality")
    assert len(list(graph.triples((kiel, None, None)))) > 5
    assert len(graph) > 1000
    described = graph.query(f"DESCRIBE <{KIEL}>").graph
    assert described is not None
    assert set(described.subjects()) == {kiel}


def test_rdflib_reads_a_named_graph_through_its_store(service: str) -> None:
    store = SPARQLStore(service + "/sparql")
    one = rdflib.Graph(store, identifier=rdflib.URIRef(GRAPH))
    assert 0 < len(list(one)) < len(rdflib.Graph(store))


# curl


def curl(*arguments: str) -> tuple[int, dict[str, str], str]:
    """Status, headers and body of what curl was told to fetch."""
    program = shutil.which("curl")
    if program is None:
        pytest.skip("curl is not installed")
    done = subprocess.run(
        [program, "--silent", "--show-error", "--include", "--max-time", "20", *arguments],
        capture_output=True,
        check=True,
    )
    head, _, body = done.stdout.decode().partition("\r\n\r\n")
    first, *lines = head.split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    return int(first.split()[1]), headers, body


def test_curl_asks_in_all_ways(service: str) -> None:
    address = service + "/sparql"
    answers = [
        curl("--get", address, "--data-urlencode", f"query={ALLIANCES}"),
        curl(address, "--data-urlencode", f"query={ALLIANCES}"),
        curl(address, "--header", "Content-Type: application/sparql-query", "--data-binary", ALLIANCES),
        curl("--get", "--compressed", address, "--data-urlencode", f"query={ALLIANCES}"),
    ]
    assert {status for status, _, _ in answers} == {200}
    assert len({body for _, _, body in answers}) == 1
    assert len(json.loads(answers[0][2])["results"]["bindings"]) == 3


def test_curl_keeps_what_has_not_changed(service: str) -> None:
    ask = ("--get", service + "/sparql", "--data-urlencode", f"query={ALLIANCES}")
    _, headers, _ = curl(*ask, "--header", "Accept: text/csv")
    status, _, body = curl(
        *ask, "--header", "Accept: text/csv", "--header", f"If-None-Match: {headers['etag']}"
    )
    assert (status, body) == (304, "")
    status, _, body = curl(*ask, "--header", f"If-None-Match: {headers['etag']}")
    assert status == 200
    assert body.startswith("{")


def test_curl_reads_heads_graphs_and_refusals(service: str) -> None:
    status, headers, body = curl("--head", service + "/sparql?query=ASK%7B%7D")
    assert (status, body) == (200, "")
    assert headers["content-type"] == "application/sparql-results+json"
    status, headers, body = curl("--get", service + "/graphs", "--data-urlencode", f"graph={GRAPH}")
    assert status == 200
    assert headers["content-type"].startswith("text/turtle")
    assert len(rdflib.Graph().parse(data=body, format="turtle")) > 10
    for arguments, wanted in (
        (["--data-urlencode", "update=CLEAR ALL", service + "/sparql"], 403),
        (["--data-urlencode", "query=SELECT", service + "/sparql"], 400),
        (["--header", "Accept: image/png", service + "/sparql?query=ASK%7B%7D"], 406),
        (["--request", "DELETE", service + "/graphs?default"], 403),
    ):
        status, headers, body = curl(*arguments)
        assert status == wanted
        assert headers["content-type"] == "application/problem+json"
        assert json.loads(body)["detail"]


# Comunica

# First it is told that the source is an endpoint; then it finds that out, from the service description.
_COMUNICA: Final = """const { QueryEngine } = require('@comunica/query-sparql');
const [source, rows, graph] = process.argv.slice(1);
(async () => {
  const engine = new QueryEngine();
  for (const sources of [[{ type: 'sparql', value: source }], [source]]) {
    const found = await (await engine.queryBindings(rows, { sources })).toArray();
    const quads = await (await engine.queryQuads(graph, { sources })).toArray();
    const truth = await engine.queryBoolean('ASK { ?s ?p ?o }', { sources });
    console.log(JSON.stringify([found.map(row => row.get('label').value), quads.length, truth]));
  }
})();"""


def test_comunica_asks(service: str) -> None:
    node = shutil.which("node")
    if node is None:
        pytest.skip("node is not installed")
    if subprocess.run(
        [node, "-e", "require.resolve('@comunica/query-sparql')"], capture_output=True
    ).returncode:
        pytest.skip("node has no package @comunica/query-sparql; `.ci/run` installs it")
    done = subprocess.run(
        [node, "-e", _COMUNICA, service + "/sparql", ALLIANCES, CONSTRUCT],
        capture_output=True,
        timeout=100,
    )
    assert done.returncode == 0, done.stderr.decode()[-2000:]
    told, found = map(json.loads, done.stdout.splitlines())
    assert told == found
    labels, triples, truth = told
    assert len(labels) == 3
    assert NAME in labels
    assert (triples >= 6, truth) == (True, True)
