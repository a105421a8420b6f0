"""Reads the manifests of the W3C suite for SPARQL 1.1: what is done in each test, and what must come of it.

The suite is no part of the checkout; it lies beside it. Where it is missing, every module that reads it is
skipped.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pyoxigraph as ox
import pytest
from pyoxigraph import BlankNode, Literal, NamedNode, RdfFormat, Triple

SUITE: Final = Path(__file__).parents[2].parent / "shared" / "standards" / "w3c-sparql11" / "sparql11"
if not SUITE.is_dir():
    pytest.skip("no ../shared/standards/w3c-sparql11 beside the checkout", allow_module_level=True)

BASE: Final = "http://www.w3.org/2009/sparql/docs/tests/data-sparql11/"
MF: Final = "http://www.w3.org/2001/sw/DataAccess/tests/test-manifest#"
QT: Final = "http://www.w3.org/2001/sw/DataAccess/tests/test-query#"
UT: Final = "http://www.w3.org/2009/sparql/tests/test-update#"
HT: Final = "http://www.w3.org/2011/http#"
HTS: Final = "http://www.w3.org/2011/http-statusCodes#"
CNT: Final = "http://www.w3.org/2011/content#"
RDF: Final = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
RDFS: Final = "http://www.w3.org/2000/01/rdf-schema#"

_EXPECTED: Final = tomllib.loads((Path(__file__).parent / "expected.toml").read_text("utf-8"))
FAILURES: Final[dict[str, str]] = _EXPECTED["failures"]
OUTSIDE: Final[dict[str, dict[str, Any]]] = _EXPECTED["outside"]

# The statuses that the manifests call by name.
_STATUSES: Final = {"OK": 200, "Created": 201, "NoContent": 204, "BadRequest": 400, "NotFound": 404}


@dataclass(frozen=True)
class Request:
    """One request of a test, and what must come back: one of `statuses` (200, or 2 for any 2xx)."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes
    statuses: tuple[int, ...]
    boolean: bool | None
    form: str | None
    graph: bytes | None

    def accepts(self, status: int) -> bool:
        """Whether a status is among those that are expected."""
        return status in self.statuses or status // 100 in self.statuses


@dataclass(frozen=True)
class Case:
    """A test. `data` are files of the default graph, `graphs` the named graphs, each with its file."""

    iri: str
    folder: str
    kind: str
    text: Path | None
    data: tuple[Path, ...]
    graphs: tuple[tuple[str, Path], ...]
    result: Path | None
    requests: tuple[Request, ...]

    @property
    def id(self) -> str:
        """How the test is called in a report."""
        return f"{self.folder}/{self.iri.rpartition('#')[2]}"


def folders() -> set[str]:
    """The folders that the manifest of the whole suite includes, and those of older encodings."""
    return {path.parent.name for path in SUITE.glob("*/manifest.ttl")}


def cases(*names: str, manifest: str = "manifest.ttl") -> list[Case]:
    """The tests of some folders, in the order of their manifests."""
    return [case for folder in names for case in _Manifest(folder, manifest).cases()]


def params(*names: str, kinds: tuple[str, ...] = (), manifest: str = "manifest.ttl") -> list[Any]:
    """The same for `pytest.mark.parametrize`; what `expected.toml` lists must fail. Empty `kinds`: all."""
    return [
        pytest.param(case, id=case.id, marks=_marks(case))
        for case in cases(*names, manifest=manifest)
        if not kinds or case.kind in kinds
    ]


def triples(path: Path) -> list[Triple]:
    """The triples of a file of the suite."""
    form = RdfFormat.from_extension(path.suffix[1:])
    return [quad.triple for quad in ox.parse(path.read_bytes(), form, base_iri=iri_of(path))]


def iri_of(path: Path) -> str:
    """The address that a file of the suite has for its manifest."""
    return BASE + path.relative_to(SUITE).as_posix()


def _marks(case: Case) -> list[pytest.MarkDecorator]:
    reason = FAILURES.get(case.iri)
    return [pytest.mark.xfail(reason=reason, strict=True, raises=AssertionError)] if reason else []


Node = NamedNode | BlankNode | Literal | Triple


class _Manifest:
    """A manifest, and how its lists and values are read."""

    def __init__(self, folder: str, name: str) -> None:
        self._folder = folder
        path = SUITE / folder / name
        self._iri = iri_of(path)
        self._store = ox.Store()
        self._store.load(path.read_bytes(), RdfFormat.TURTLE, base_iri=self._iri)

    def cases(self) -> Iterator[Case]:
        for entry in self._list(self._one(NamedNode(self._iri), MF + "entries")):
            assert isinstance(entry, NamedNode)
            yield self._case(entry)

    def _case(self, entry: NamedNode) -> Case:
        action = self._one(entry, MF + "action")
        # The query is the action itself, or a part of it; a test of the protocol has its data beside it.
        given: list[Node] = [entry, *([action] if isinstance(action, BlankNode) else [])]
        query = self._first(given, QT + "query", UT + "request") or action
        result = self._one(entry, MF + "result")
        kind = self._one(entry, RDF + "type")
        assert isinstance(kind, NamedNode)
        requests = self._one(action, HT + "requests") if action else None
        return Case(
            iri=entry.value,
            folder=self._folder,
            kind=kind.value.rpartition("#")[2],
            text=_path(query),
            data=tuple(
                filter(None, (_path(each) for node in given for each in self._all(node, QT + "data")))
            ),
            graphs=tuple(each for node in given for each in self._graphs(node)),
            result=_path(result),
            requests=tuple(self._request(each) for each in self._list(requests)),
        )

    def _graphs(self, node: Node) -> Iterator[tuple[str, Path]]:
        for each in self._all(node, QT + "graphData"):
            if path := _path(each):
                yield iri_of(path), path
        for each in self._all(node, UT + "graphData"):
            label, path = self._text(each, RDFS + "label"), _path(self._one(each, UT + "graph"))
            if label and path:
                yield label, path

    def _request(self, node: Node) -> Request:
        response = self._one(node, HT + "resp")
        assert response
        boolean = self._text(response, MF + "expectedBoolean")
        return Request(
            method=self._text(node, HT + "methodName") or "",
            target=self._text(node, HT + "absolutePath") or "",
            headers=self._headers(node),
            body=self._body(node) or b"",
            statuses=tuple(_status(each) for each in self._all(response, MF + "expectedStatus")),
            boolean=None if boolean is None else boolean == "true",
            form=self._text(response, MF + "expectedFormat"),
            graph=self._body(response),
        )

    def _headers(self, node: Node) -> dict[str, str]:
        return {
            self._text(each, HT + "fieldName") or "": self._text(each, HT + "fieldValue") or ""
            for each in self._list(self._one(node, HT + "headers"))
        }

    def _body(self, node: Node) -> bytes | None:
        body = self._one(node, HT + "body")
        if body is None:
            return None
        encoding = self._text(body, CNT + "characterEncoding") or "UTF-8"
        return (self._text(body, CNT + "chars") or "").encode(encoding)

    def _all(self, subject: Node, predicate: str) -> list[Node]:
        if isinstance(subject, (Literal, Triple)):
            return []
        return [quad.object for quad in self._store.quads_for_pattern(subject, NamedNode(predicate), None)]

    def _one(self, subject: Node, predicate: str) -> Node | None:
        return next(iter(self._all(subject, predicate)), None)

    def _first(self, subjects: list[Node], *predicates: str) -> Node | None:
        found = [self._one(subject, predicate) for subject in subjects for predicate in predicates]
        return next((each for each in found if each is not None), None)

    def _text(self, subject: Node, predicate: str) -> str | None:
        value = self._one(subject, predicate)
        return value.value if isinstance(value, (Literal, NamedNode)) else None

    def _list(self, head: Node | None) -> Iterator[Node]:
        while head is not None and (first := self._one(head, RDF + "first")):
            yield first
            head = self._one(head, RDF + "rest")


def _path(node: Node | None) -> Path | None:
    """The file that an address of the suite stands for."""
    if isinstance(node, NamedNode) and node.value.startswith(BASE):
        return SUITE / node.value.removeprefix(BASE)
    return None


def _status(node: Node) -> int:
    assert isinstance(node, NamedNode)
    name = node.value.removeprefix(HTS)
    return int(name[10]) if name.startswith("StatusCode") else _STATUSES[name]
