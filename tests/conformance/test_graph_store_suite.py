"""The W3C suite of the Graph Store Protocol: reading, with what is written put into the store by hand."""

from __future__ import annotations

from email import message_from_bytes
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

import pyoxigraph as ox
import pytest
from pyoxigraph import Dataset, Quad, RdfFormat, Triple

from . import answers
from .conftest import Scratch
from .manifest import Case, Request, cases, params

INDIRECT: Final = "manifest-indirect.ttl"
DIRECT: Final = "manifest-direct.ttl"
READING: Final = ("GET", "HEAD")
DEFAULT: Final = "urn:conformance:default"


def test_the_suite_has_the_cases_that_are_known() -> None:
    indirect, direct = (cases("graph-store-protocol", manifest=name) for name in (INDIRECT, DIRECT))
    assert (len(indirect), len(direct)) == (9, 4)
    assert sum(each.method in READING for case in indirect for each in case.requests) >= 12


@pytest.mark.parametrize("case", params("graph-store-protocol", manifest=INDIRECT))
def test_a_graph_is_read_as_it_was_written(scratch: Scratch, case: Case) -> None:
    written: dict[str, list[Triple]] = {}
    scratch.fill(written)
    read = 0
    for request in case.requests:
        if request.method not in READING:
            assert request.target != "/gsp", "there is no graph whose address the service chooses"
            response = send(scratch, request)
            assert response.status_code in (403, 405), response.text
            write(written, request)
            scratch.fill(written)
            continue
        read += 1
        response = send(scratch, request)
        assert request.accepts(response.status_code), response.text
        if not response.is_success:
            assert response.headers["content-type"] == "application/problem+json"
        elif request.method == "HEAD":
            assert response.content == b""
            assert response.headers["content-type"].partition(";")[0] in answers.MEDIA.values()
        if request.graph is not None:
            found = answers.read(response.content, response.headers["content-type"])
            expected = Dataset(Quad(*each) for each in triples(request.graph))
            assert answers.same(expected, found), response.text
    assert read


@pytest.mark.parametrize("case", params("graph-store-protocol", manifest=DIRECT))
def test_a_graph_is_not_named_by_the_path_of_the_request(scratch: Scratch, case: Case) -> None:
    """Direct identification, which these four tests require, is optional and not offered here."""
    scratch.fill({})
    for request in case.requests:
        assert send(scratch, request).status_code in (403, 404, 405)


@pytest.mark.parametrize("query", ["graph=", "graph=urn:a&graph=urn:b", "default&graph=urn:a", "graph=a b"])
def test_a_request_that_does_not_name_one_graph_is_a_bad_request(scratch: Scratch, query: str) -> None:
    response = scratch.client.get(f"/graphs?{query}", headers={"Accept": "text/turtle"})
    assert response.status_code == 400, response.text
    assert response.headers["content-type"] == "application/problem+json"


def test_a_graph_is_offered_in_every_format(scratch: Scratch) -> None:
    body = b'<http://a.example/s> <http://a.example/p> 1, "\xc3\xa4"@de, [ <http://a.example/p> 2 ] .'
    scratch.fill({"urn:a": triples(body)})
    expected = Dataset(Quad(*each) for each in triples(body))
    for media in ("text/turtle", "application/n-triples", "application/rdf+xml", "application/ld+json"):
        for query in ("graph=urn:a", "default"):
            response = scratch.client.get(f"/graphs?{query}", headers={"Accept": media})
            assert response.status_code == 200, response.text
            assert response.headers["content-type"].partition(";")[0] == media
            assert answers.same(expected, answers.read(response.content, media)), response.text


def write(written: dict[str, list[Triple]], request: Request) -> None:
    """What the request would have done, had it been allowed."""
    name = graph_of(request)
    if request.method != "POST":
        written.pop(name, None)
    if request.method != "DELETE":
        written[name] = [
            *written.get(name, []),
            *(each for body in bodies(request) for each in triples(body)),
        ]


def bodies(request: Request) -> list[bytes]:
    """The documents of a request: its body, or the parts of its form."""
    media = request.headers.get("content-type", "")
    if not media.startswith("multipart/"):
        return [request.body]
    body = b"\n".join(line.strip() for line in request.body.strip().splitlines())
    message = message_from_bytes(f"Content-Type: {media}\n\n".encode() + body)
    parts = message.get_payload()
    assert isinstance(parts, list)
    return [bytes(part.get_payload(decode=True)) for part in parts]  # type: ignore[union-attr]


def graph_of(request: Request) -> str:
    """The graph that the query of a request names."""
    return parse_qs(urlsplit(request.target).query).get("graph", [DEFAULT])[0]


def triples(body: bytes) -> list[Triple]:
    """The triples of a document in Turtle."""
    return [each.triple for each in ox.parse(body, RdfFormat.TURTLE, base_iri="http://www.example/")]


def send(scratch: Scratch, request: Request) -> Any:
    """The response to a request of the suite, at our address of the graphs."""
    return scratch.client.request(
        request.method,
        request.target.replace("/gsp", "/graphs", 1),
        content=request.body,
        headers=request.headers,
    )
