"""The SPARQL 1.1 Protocol over HTTP, answered by real worker processes."""

from __future__ import annotations

import gzip
import threading
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pyoxigraph as ox
import pytest
from fastapi import FastAPI, Request, Response
from pyoxigraph import Literal, NamedNode, RdfFormat, Triple
from starlette.testclient import TestClient

from kogge import media, names, syntax
from kogge.desk import Desk
from kogge.errors import OutOfTime
from kogge.settings import Settings
from kogge.store import description
from kogge.store.workers import Pool
from kogge.web import create_app, sparql

from .small import SMALL

SD, VOID = description.SD, description.VOID
HANSE = names.graph("kogge", "alliances-smarte-hanse")
REGIO = names.graph("kogge", "alliances-regio-hub")
TYPE = "application/sparql-query"
FORM = "application/x-www-form-urlencoded"
COUNT = "SELECT (COUNT(*) AS ?n) { ?s ?p ?o }"
NAMES = "SELECT DISTINCT ?g { GRAPH ?g { ?s ?p ?o } } ORDER BY ?g"
LONG = "SELECT (COUNT(*) AS ?n) { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i }"
PLAIN = {"Accept-Encoding": "identity"}


def values(response: Any, variable: str) -> list[str]:
    assert response.status_code == 200, response.text
    return [row[variable]["value"] for row in response.json()["results"]["bindings"]]


def problem(response: Any, status: int) -> dict[str, Any]:
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = response.json()
    return body


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """A service with little time, few rows and bytes, one worker per lane, and no limit per client."""
    settings = Settings.from_environment(
        {
            **SMALL,
            "KOGGE_HOME": str(tmp_path_factory.mktemp("small")),
            "KOGGE_QUERY_SECONDS": "1.5",
            "KOGGE_PARTNER_QUERY_SECONDS": "3.5",
            "KOGGE_QUERY_ROWS": "50",
            "KOGGE_QUERY_RESULT_BYTES": "20000",
            "KOGGE_QUERY_QUEUE": "1",
            "KOGGE_CLIENT_QUERIES": "0",
            "KOGGE_CLIENT_SECONDS": "0",
            "KOGGE_CLIENT_HEADER": "X-Forwarded-For",
        }
    )
    with TestClient(create_app(settings), raise_server_exceptions=False) as client:
        yield client


def test_the_service_answers_with_workers_and_a_desk_in_memory_in_this_process(web: TestClient) -> None:
    app: Any = web.app
    assert isinstance(app.state.desk._pool, Pool)
    assert not isinstance(Desk.in_memory()._pool, Pool)


# The dataset


def test_the_dataset_of_the_request_overrides_that_of_the_query(web: TestClient) -> None:
    def count(graph: str) -> int:
        query = f"SELECT (COUNT(*) AS ?n) {{ GRAPH <{graph}> {{ ?s ?p ?o }} }}"
        return int(values(web.get("/sparql", params={"query": query}), "n")[0])

    hanse, regio = count(HANSE), count(REGIO)
    assert 0 < hanse != regio > 0
    overridden = f"SELECT (COUNT(*) AS ?n) FROM <{REGIO}> {{ ?s ?p ?o }}"
    assert values(web.get("/sparql", params={"query": overridden}), "n") == [str(regio)]
    default = {"query": overridden, "default-graph-uri": HANSE}
    both: list[Any] = [("query", COUNT), ("default-graph-uri", HANSE), ("default-graph-uri", REGIO)]
    only: list[Any] = list(default.items())
    for fields, expected in ((only, hanse), (both, hanse + regio)):
        body = urlencode(fields)
        url = "/sparql?" + urlencode(fields[1:])
        answers = [
            web.get("/sparql", params=fields),
            web.post("/sparql", content=body, headers={"Content-Type": FORM}),
            web.post(url, content=urlencode(fields[:1]), headers={"Content-Type": FORM}),
            web.post(url, content=fields[0][1], headers={"Content-Type": TYPE}),
        ]
        assert [values(each, "n") for each in answers] == [[str(expected)]] * 4


def test_named_graphs_of_the_request_are_all_that_there_are(web: TestClient) -> None:
    assert len(values(web.get("/sparql", params={"query": NAMES}), "g")) > 20
    named: list[Any] = [("query", NAMES), ("named-graph-uri", REGIO), ("named-graph-uri", HANSE)]
    assert values(web.get("/sparql", params=named), "g") == sorted([HANSE, REGIO])
    assert values(web.get("/sparql", params=[*named[:2], ("query-", "")]), "g") == [REGIO]
    assert values(web.get("/sparql", params=[("query", COUNT), *named[1:]]), "n") == ["0"]
    from_named = NAMES.replace("{", f"FROM NAMED <{HANSE}> {{", 1)
    assert values(web.get("/sparql", params=[("query", from_named), named[1]]), "g") == [REGIO]


def test_relative_iris_are_those_of_the_endpoint(web: TestClient) -> None:
    asked = {"query": "SELECT (<a> AS ?n) {}"}
    assert values(web.get("/sparql", params=asked), "n") == ["http://127.0.0.1:8000/a"]


# Representations

ROWS = {each.type for each in media.ROWS}
GRAPHS = {each.type for each in media.GRAPHS}


@pytest.mark.parametrize("accept", sorted(ROWS))
def test_rows_come_in_every_format(web: TestClient, accept: str) -> None:
    response = web.get("/sparql", params={"query": NAMES}, headers={"Accept": accept})
    assert response.headers["content-type"].partition(";")[0] == accept
    engine = ox.QueryResultsFormat.from_media_type(accept)
    if accept == media.CSV.type:
        assert HANSE in response.text.split("\r\n")
        return
    found = ox.parse_query_results(response.content, engine)
    assert isinstance(found, ox.QuerySolutions)
    assert NamedNode(HANSE) in [row["g"] for row in found]


@pytest.mark.parametrize("accept", sorted(GRAPHS))
def test_graphs_come_in_every_format(web: TestClient, accept: str) -> None:
    query = f"CONSTRUCT {{ ?s ?p ?o }} FROM <{HANSE}> {{ ?s ?p ?o }}"
    response = web.get("/sparql", params={"query": query}, headers={"Accept": accept})
    assert response.headers["content-type"].partition(";")[0] == accept
    parsed = {quad.triple for quad in ox.parse(response.content, RdfFormat.from_media_type(accept))}
    turtle = web.get("/sparql", params={"query": query})
    assert turtle.headers["content-type"].startswith("text/turtle")
    assert parsed == set(syntax.parse(turtle.content, RdfFormat.TURTLE))
    assert len(parsed) > 10


@pytest.mark.parametrize(
    ("query", "accept", "offered"),
    [
        ("ASK {}", "text/csv", {each.type for each in media.BOOLEANS}),
        ("SELECT * {}", "text/turtle", ROWS),
        ("CONSTRUCT {} {}", "text/csv", GRAPHS),
    ],
)
def test_what_is_not_offered_is_refused_with_what_is(
    web: TestClient, query: str, accept: str, offered: set[str]
) -> None:
    body = problem(web.get("/sparql", params={"query": query}, headers={"Accept": accept}), 406)
    assert set(body["advice"].removeprefix("Offered: ").rstrip(".").split(", ")) == offered


def test_the_quality_of_a_format_counts(web: TestClient) -> None:
    accept = "text/csv;q=0.3, text/tab-separated-values;q=0.4, application/sparql-results+json;q=0"
    response = web.get("/sparql", params={"query": NAMES}, headers={"Accept": accept})
    assert response.headers["content-type"].startswith("text/tab-separated-values")


# Caching and compression


def test_an_answer_that_the_client_has_is_not_sent_again(
    web: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = web.get("/sparql", params={"query": COUNT}, headers=PLAIN)
    etag = first.headers["etag"]
    state = web.get("/health/ready").json()["state"]
    assert etag.startswith(f'"{state}-')
    assert etag.endswith('-srj"')

    app: Any = web.app
    with monkeypatch.context() as patched:

        async def evaluated(*_: object, **__: object) -> None:
            raise AssertionError("it was evaluated")

        patched.setattr(app.state.desk._pool, "answer", evaluated)
        for tags in (etag, f'W/{etag}, "other"', f'"other", {etag}'):
            again = web.get("/sparql", params={"query": COUNT}, headers={"If-None-Match": tags})
            assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", etag)
            assert "Accept" in again.headers["vary"]
    other = {"If-None-Match": etag}
    assert web.get("/sparql", params={"query": COUNT + " "}, headers=other).status_code == 200
    asked = {"query": COUNT, "default-graph-uri": HANSE}
    assert web.get("/sparql", params=asked, headers=other).status_code == 200
    xml = web.get("/sparql", params={"query": COUNT}, headers={**other, "Accept": "application/xml"})
    assert xml.status_code == 200
    assert xml.headers["etag"] != etag
    assert web.post("/sparql", data={"query": COUNT}, headers=other).status_code == 200


def test_the_same_request_is_answered_from_what_is_kept_while_the_state_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Settings.from_environment({**SMALL, "KOGGE_HOME": str(tmp_path)})
    read: list[str] = []

    async def noting(request: Request) -> Response:
        read.append(request.url.query)
        return await answer(request)

    answer = sparql.sparql
    monkeypatch.setattr(sparql, "sparql", noting)
    with TestClient(create_app(settings), raise_server_exceptions=False) as client:

        def ask(query: str = COUNT, **headers: str) -> Any:
            return client.get("/sparql", params={"query": query}, headers={**PLAIN, **headers})

        first = ask()
        assert (again := ask()).status_code == 200
        assert (again.content, again.headers) == (first.content, first.headers)
        assert again.headers["access-control-allow-origin"] == "*"
        assert len(read) == 1
        # What another request would say is never taken from there.
        assert ask(Accept="text/csv").headers["content-type"].startswith("text/csv")
        assert ask(**{"If-None-Match": first.headers["etag"]}).status_code == 304
        assert ask(Authorization=f"Bearer kgg_{12 * 'a'}_{43 * 'a'}").status_code == 401
        assert client.head("/sparql", params={"query": COUNT}).content == b""
        assert client.post("/sparql", data={"query": COUNT}).content == first.content
        assert len(read) == 5
        # Nor is what may be another the next time, or is an error.
        for query in ("SELECT (RAND() AS ?n) {}", "SELECT nonsense"):
            before = len(read)
            ask(query)
            ask(query)
            assert len(read) == before + 2
        app: Any = client.app
        fact = Triple(NamedNode("urn:a"), NamedNode("urn:b"), Literal("new"))
        app.state.desk._store.replace_graph(names.graph("kogge", "x"), [fact])
        assert int(values(ask(), "n")[0]) == int(values(first, "n")[0]) + 1


@pytest.mark.parametrize("accept", sorted(GRAPHS))
def test_the_etag_of_a_constructed_graph_promises_no_bytes(web: TestClient, accept: str) -> None:
    query = "CONSTRUCT { ?s <urn:x> [ <urn:y> ?o ] } WHERE { ?s ?p ?o } LIMIT 20"

    def ask(text: str = query, **headers: str) -> Any:
        return web.get("/sparql", params={"query": text}, headers={**PLAIN, "Accept": accept, **headers})

    first, second = ask(), ask(query + " ")  # which is evaluated, not a kept answer
    assert first.content != second.content
    assert graph(first) == graph(second)
    etag = first.headers["etag"]
    assert etag.startswith('W/"')
    assert second.headers["etag"].startswith('W/"')
    for held in (etag, etag.removeprefix("W/"), f'"other", {etag}'):
        again = ask(**{"If-None-Match": held})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", etag)
    saved = web.get("/queries/rules/shown", headers={"Accept": accept})
    assert saved.headers["etag"].startswith('W/"')
    held = {"If-None-Match": saved.headers["etag"], "Accept": accept}
    assert web.get("/queries/rules/shown", headers=held).status_code == 304


def graph(response: Any) -> ox.Dataset:
    """What a response says, with its blank nodes called by what is said of them."""
    form = RdfFormat.from_media_type(response.headers["content-type"].partition(";")[0])
    said = ox.Dataset(ox.Quad(*quad.triple) for quad in ox.parse(response.content, form))
    said.canonicalize(ox.CanonicalizationAlgorithm.UNSTABLE)
    return said


def test_rows_have_an_etag_that_promises_their_bytes(web: TestClient) -> None:
    query = "SELECT ?type (COUNT(*) AS ?n) { ?thing a ?type } GROUP BY ?type"
    answers = [web.get("/sparql", params={"query": query}, headers=PLAIN) for _ in range(4)]
    assert len({each.content for each in answers}) == 1
    assert len({each.headers["etag"] for each in answers}) == 1
    assert answers[0].headers["etag"].startswith('"')


def test_a_whole_graph_above_the_limits_is_413_and_what_to_read_instead(small: TestClient) -> None:
    body = problem(small.get("/graphs?default"), 413)
    assert "The graph has more than 50 triples" in body["detail"]
    assert "GET /graphs" in body["advice"]
    assert "/sparql" in problem(small.get("/graphs", params={"graph": HANSE}), 413)["advice"]
    assert small.get("/graphs").status_code == 200


def test_what_changes_by_itself_has_no_etag(web: TestClient) -> None:
    for query in ("SELECT (NOW() AS ?n) {}", "SELECT (rand() AS ?n) {}", "SELECT (STRUUID() AS ?n) {}"):
        assert "etag" not in web.get("/sparql", params={"query": query}).headers


def test_a_large_body_is_compressed_for_those_who_take_it(web: TestClient) -> None:
    params = {"query": "SELECT * { ?s ?p ?o } ORDER BY ?s ?p ?o LIMIT 1000"}

    def get(encoding: str) -> Any:
        with web.stream("GET", "/sparql", params=params, headers={"Accept-Encoding": encoding}) as response:
            return response, b"".join(response.iter_raw())

    plain, body = get("identity")
    assert "content-encoding" not in plain.headers
    assert len(body) > 100_000
    tags = {plain.headers["etag"]}
    for encoding in ("gzip", "br, GZIP;q=0.5", "*", "br;q=1, *;q=0.1"):
        response, packed = get(encoding)
        assert response.headers["content-encoding"] == "gzip"
        assert len(packed) < len(body) / 3
        assert gzip.decompress(packed) == body
        assert "Accept-Encoding" in response.headers["vary"]
        tags.add(response.headers["etag"])
    assert len(tags) == 2
    for encoding in ("gzip;q=0", "*, gzip;q=0", "br", "gzip;q=..", "*;q=0"):
        assert "content-encoding" not in get(encoding)[0].headers
    small, _ = get("gzip")
    assert web.get("/sparql", params={"query": "ASK {}"}).headers.get("content-encoding") is None
    held = web.get("/sparql", params=params, headers={"If-None-Match": small.headers["etag"]})
    assert held.status_code == 304


def test_an_answer_is_never_older_than_the_store(tmp_path_factory: pytest.TempPathFactory) -> None:
    settings = Settings.from_environment({**SMALL, "KOGGE_HOME": str(tmp_path_factory.mktemp("fresh"))})
    desk = Desk.open(settings)
    query = {"query": f"SELECT ?n {{ GRAPH <{names.graph('kogge', 'x')}> {{ ?s ?p ?n }} }}"}
    with TestClient(create_app(settings, desk)) as client:
        seen = [client.get("/sparql", params=query)]
        for number in range(5):
            fact = Triple(NamedNode("urn:a"), NamedNode("urn:b"), Literal(str(number)))
            desk._store.replace_graph(names.graph("kogge", "x"), [fact])
            etag = seen[-1].headers["etag"]
            seen.append(client.get("/sparql", params=query, headers={"If-None-Match": etag}))
            assert values(seen[-1], "n") == [str(number)]
            assert seen[-1].headers["etag"].startswith(f'"{desk.state}-')
    assert len({each.headers["etag"] for each in seen}) == 6


# Other methods, other sites


def test_options_and_other_sites(web: TestClient) -> None:
    for path, allowed in (("/sparql", {"GET", "HEAD", "POST"}), ("/graphs", {"GET", "HEAD"})):
        response = web.options(path)
        assert (response.status_code, response.content) == (204, b"")
        assert set(response.headers["allow"].split(", ")) == {*allowed, "OPTIONS"}
    asked = {
        "Origin": "https://a.example",
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "content-type",
    }
    preflight = web.options("/sparql", headers=asked)
    assert preflight.status_code == 200
    assert preflight.headers["access-control-allow-origin"] == "*"
    assert "Content-Type" in preflight.headers["access-control-allow-headers"]
    read = web.get("/sparql", params={"query": "ASK {}"}, headers={"Origin": "https://a.example"})
    exposed = {name.strip() for name in read.headers["access-control-expose-headers"].split(",")}
    assert {"ETag", "Retry-After"} <= exposed
    assert web.options("/nowhere").status_code == 404


def test_head_has_the_headers_of_get(web: TestClient) -> None:
    got, head = (call("/sparql", params={"query": COUNT}) for call in (web.get, web.head))
    assert head.status_code == 200
    assert {name: head.headers[name] for name in ("etag", "content-type", "content-length")} == {
        name: got.headers[name] for name in ("etag", "content-type", "content-length")
    }


# Limits


def test_a_query_that_takes_too_long_is_504(small: TestClient) -> None:
    for timeout, least, most in (("0.3", 0.3, 1.5), (None, 1.5, 3.0)):
        params = {"query": LONG} | ({"timeout": timeout} if timeout else {})
        began = time.monotonic()
        body = problem(small.get("/sparql", params=params), 504)
        assert least <= time.monotonic() - began < most
        assert body["advice"]
        until = time.monotonic() + 20  # a new worker comes in a moment, or later where the machine is busy
        while (status := small.get("/sparql", params={"query": "ASK {}"}).status_code) == 503:
            assert time.monotonic() < until
        assert status == 200
    began = time.monotonic()
    problem(small.post("/sparql", data={"query": LONG, "timeout": "0.2"}), 504)
    assert time.monotonic() - began < 1.5


def test_who_is_granted_more_time_has_it_up_to_that_of_a_partner(small: TestClient) -> None:
    assert isinstance(small.app, FastAPI)
    assert small.portal is not None
    desk: Desk = small.app.state.desk
    for granted, least, most in ((2.5, 2.5, 3.5), (None, 1.5, 2.5), (9.0, 3.5, 5.0)):
        began = time.monotonic()
        with pytest.raises(OutOfTime):
            small.portal.call(partial(desk.ask, LONG, seconds=granted))
        assert least <= time.monotonic() - began < most


@pytest.mark.parametrize("timeout", ["0", "-1", "1.6", "1e0", "nan", "inf", "", "a"])
def test_a_timeout_is_a_number_up_to_the_limit(small: TestClient, timeout: str) -> None:
    body = problem(small.get("/sparql", params={"query": "ASK {}", "timeout": timeout}), 400)
    assert "up to 1.5" in body["detail"]
    assert "timeout=" in body["advice"]


def test_a_result_above_the_limits_is_413_and_no_part_of_it_is_sent(small: TestClient) -> None:
    for query, cap in (
        ("SELECT * { ?s ?p ?o } LIMIT 51", "50 rows"),
        ("CONSTRUCT { ?s ?p ?o } { ?s ?p ?o }", "50 triples"),
        (f"SELECT ('{'x' * 21_000}' AS ?n) {{}}", "20000 bytes"),
    ):
        body = problem(small.get("/sparql", params={"query": query}), 413)
        assert cap in body["detail"]
        assert "LIMIT" in body["advice"]
    assert len(values(small.get("/sparql", params={"query": "SELECT * { ?s ?p ?o } LIMIT 50"}), "s")) == 50


def test_a_queue_that_is_full_is_503_with_a_time(small: TestClient) -> None:
    def ask() -> None:
        answers.append(small.get("/sparql", params={"query": LONG}))

    answers: list[Any] = []
    heavy = [threading.Thread(target=ask) for _ in range(4)]
    for each in heavy:
        each.start()
    for each in heavy:
        each.join()
    refused = [each for each in answers if each.status_code == 503]
    assert len(refused) >= 2  # one runs, one waits
    assert {each.status_code for each in answers} <= {503, 504}
    assert all(int(each.headers["retry-after"]) >= 1 for each in refused)
    problem(refused[0], 503)


def test_a_client_that_asks_too_much_is_429_with_a_time_and_others_are_not(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    settings = Settings.from_environment(
        {
            **SMALL,
            "KOGGE_HOME": str(tmp_path_factory.mktemp("quota")),
            "KOGGE_CLIENT_QUERIES": "1",
            "KOGGE_CLIENT_SECONDS": "1",
            "KOGGE_CLIENT_HEADER": "X-Forwarded-For",
            "KOGGE_QUERY_WORKERS": "2",
            "KOGGE_QUERY_KEPT": "0",
        }
    )

    def ask(client: str, query: str = "ASK {}", **more: str) -> Any:
        headers = {"X-Forwarded-For": f"203.0.113.9, {client}"}
        return service.get("/sparql", params={"query": query, **more}, headers=headers)

    with TestClient(create_app(settings), raise_server_exceptions=False) as service:
        heavy = threading.Thread(target=lambda: ask("192.0.2.1", LONG, timeout="1.5"))
        heavy.start()
        time.sleep(0.5)
        second, other = ask("192.0.2.1"), ask("192.0.2.2")
        heavy.join()
        problem(second, 429)
        assert int(second.headers["retry-after"]) >= 1
        assert other.status_code == 200
        spent = ask("192.0.2.1")
        problem(spent, 429)
        assert int(spent.headers["retry-after"]) > 10
        assert ask("192.0.2.2").status_code == 200


def test_the_guard_can_be_switched_off_and_the_cage_holds(tmp_path_factory: pytest.TempPathFactory) -> None:
    settings = Settings.from_environment(
        {**SMALL, "KOGGE_HOME": str(tmp_path_factory.mktemp("off")), "KOGGE_GUARD": "off"}
    )
    with TestClient(create_app(settings), raise_server_exceptions=False) as client:
        deep = "ASK " + "{" * 10_000 + "}" * 10_000
        problem(client.post("/sparql", data={"query": deep}), 422)
        service = "SELECT * { SERVICE <http://127.0.0.1:8081/> { ?s ?p ?o } }"
        problem(client.get("/sparql", params={"query": service}), 400)
        for update in (
            "INSERT DATA { <a:a> <a:a> 1 }",
            "#\nPREFIX a: <a:> BASE <b:> clear all",
            "LOAD <a:a>",
        ):
            assert "is an update" in problem(client.post("/sparql", data={"query": update}), 403)["detail"]
        problem(client.post("/sparql", data={"query": "ASK {} #" + "x" * 33_000}), 413)
        assert client.get("/sparql", params={"query": "ASK {}"}).status_code == 200


# The description of the service


def test_the_service_describes_itself_truly(web: TestClient) -> None:
    response = web.get("/sparql")
    assert response.headers["content-type"].startswith("text/turtle")
    triples = syntax.parse(response.content, RdfFormat.TURTLE)
    endpoint = NamedNode("http://127.0.0.1:8000/sparql")

    def objects(subject: Any, predicate: str) -> list[Any]:
        return [
            each.object for each in triples if (each.subject, each.predicate.value) == (subject, predicate)
        ]

    assert objects(endpoint, SD + "endpoint") == [endpoint]
    assert objects(endpoint, SD + "supportedLanguage") == [NamedNode(SD + "SPARQL11Query")]
    assert objects(endpoint, SD + "feature") == [NamedNode(SD + "UnionDefaultGraph")]
    formats = {
        each.value.removeprefix(description.FORMATS) for each in objects(endpoint, SD + "resultFormat")
    }
    assert formats == {each.format for each in (*media.ROWS, *media.GRAPHS)}
    (dataset,) = objects(endpoint, SD + "defaultDataset")
    (default,) = objects(dataset, SD + "defaultGraph")
    (count,) = objects(default, VOID + "triples")
    assert values(web.get("/sparql", params={"query": COUNT}), "n") == [count.value]
    named = {objects(each, SD + "name")[0] for each in objects(dataset, SD + "namedGraph")}
    assert {each.value for each in named} == set(values(web.get("/sparql", params={"query": NAMES}), "g"))
    for graph in named:
        query = f"SELECT (COUNT(*) AS ?n) {{ GRAPH {graph} {{ ?s ?p ?o }} }}"
        (size,) = objects(graph, VOID + "triples")
        assert values(web.get("/sparql", params={"query": query}), "n") == [size.value]


def test_what_the_description_says_is_so(web: TestClient) -> None:
    response = web.get("/sparql")
    assert "@prefix sd: <http://www.w3.org/ns/sparql-service-description#> ." in response.text
    triples = syntax.parse(response.content, RdfFormat.TURTLE)
    # UnionDefaultGraph: without a dataset of the request, the default graph is the union of the named graphs.
    for left, right in (("GRAPH ?g { ?s ?p ?o }", "?s ?p ?o"), ("?s ?p ?o", "GRAPH ?g { ?s ?p ?o }")):
        query = f"ASK {{ {left} FILTER NOT EXISTS {{ {right} }} }}"
        assert web.get("/sparql", params={"query": query}).json()["boolean"] is False
    # The simple entailment regime: what follows by RDFS alone is not there.
    query = "ASK { ?p a <http://www.w3.org/1999/02/22-rdf-syntax-ns#Property> }"
    assert web.get("/sparql", params={"query": query}).json()["boolean"] is False
    # Each format is sent, each function is known, and no other is.
    for form in (*media.ROWS, *media.GRAPHS):
        query = "SELECT * {}" if form in media.ROWS else "DESCRIBE <urn:x>"
        answer = web.get("/sparql", params={"query": query}, headers={"Accept": form.type})
        assert (answer.status_code, answer.headers["content-type"]) == (200, form.content_type)
    functions = {each.object for each in triples if each.predicate.value == SD + "extensionFunction"}
    assert {NamedNode(description.GEOF + name) for name in ("sfWithin", "distance")} <= functions
    for name in (*functions, NamedNode("urn:none")):
        answer = web.get("/sparql", params={"query": f"SELECT ({name}(1, 1) AS ?x) {{}}"})
        assert answer.status_code == (200 if name in functions else 400)
    # BasicFederatedQuery and DereferencesURIs are not said: no other address is asked.
    problem(web.get("/sparql", params={"query": "ASK { SERVICE <http://127.0.0.1:1/> {} }"}), 400)
    query = "ASK FROM <http://127.0.0.1:1/> { ?s ?p ?o }"
    assert web.get("/sparql", params={"query": query}).json()["boolean"] is False
    said = {each.object for each in triples if each.predicate.value == SD + "feature"}
    assert said == {NamedNode(SD + "UnionDefaultGraph")}


def test_the_description_is_negotiated_and_cached(web: TestClient) -> None:
    for accept in GRAPHS:
        response = web.get("/sparql", headers={"Accept": accept})
        assert response.headers["content-type"].partition(";")[0] == accept
    response = web.get("/sparql")
    again = web.get("/sparql", headers={"If-None-Match": response.headers["etag"]})
    assert again.status_code == 304
    page = web.get("/sparql", headers={"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"})
    assert page.headers["content-type"].startswith("text/html")
    assert 'name="query"' in page.text
    assert page.url.path == "/de/sparql"
    problem(web.get("/sparql", headers={"Accept": "image/png"}), 406)
