"""The stream of changes: who follows its pages has every graph as it is, whatever happened meanwhile."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pyoxigraph as ox
import pytest
from pyoxigraph import Literal, NamedNode, RdfFormat
from rdflib import Dataset, Graph
from rdflib.compare import to_canonical_graph
from starlette.testclient import TestClient

from kogge import names, syntax
from kogge.desk import Desk
from kogge.ledger import Caller, Sending
from kogge.portal import stream
from kogge.settings import Settings
from kogge.web import create_app

from .small import SMALL

SHARED = Path(__file__).resolve().parents[2] / "shared" / "standards" / "ldes"
LDES, TREE, AS = "https://w3id.org/ldes#", "https://w3id.org/tree#", "https://www.w3.org/ns/activitystreams#"
CREATED, VERSION_OF = names.DCTERMS + "created", names.DCTERMS + "isVersionOf"
FORMATS = {"application/trig": "trig", "application/n-quads": "nquads", "application/ld+json": "json-ld"}
G = names.graph("luebeck", "projekte")
JAN = names.thing("person", "jan-muster")


@dataclass
class Follower:
    """A client that knows only the address: it reads finished pages once, and the newest page each time.

    `graphs` is what it has: graph → when and at which position, and the statements as N-Triples.
    """

    client: TestClient
    media: str = "application/trig"
    graphs: dict[str, tuple[tuple[str, int], frozenset[str]]] = field(default_factory=dict)
    known: set[str] = field(default_factory=set)
    read: list[str] = field(default_factory=list)
    tag: str = ""
    twice: bool = False

    def follow(self) -> Follower:
        self.read = []
        headers = {"If-None-Match": self.tag} if self.tag else {}
        root = self.client.get("/changes", headers={"Accept": self.media} | headers)
        if root.status_code == 304:
            return self
        assert root.status_code == 200, root.text
        self.tag = root.headers["ETag"]
        for page in self._page(root.content):
            if page not in self.known:
                self.read.append(page)
                answer = self.client.get(path(page), headers={"Accept": self.media})
                assert answer.status_code == 200, answer.text
                assert not self._page(answer.content)
                self.known.add(page)
        return self

    def _page(self, content: bytes) -> list[str]:
        """Takes the members of a page, and says to which others it points."""
        quads = list(ox.parse(content, RdfFormat.from_media_type(self.media)))
        said: dict[str, dict[str, list[str]]] = {}
        inside: dict[str, set[str]] = {}
        for quad in quads:
            if isinstance(quad.graph_name, NamedNode):
                line = f"{quad.subject} {quad.predicate} {quad.object} ."
                inside.setdefault(quad.graph_name.value, set()).add(line)
            else:
                about = said.setdefault(str(quad.subject), {})
                about.setdefault(quad.predicate.value, []).append(getattr(quad.object, "value", ""))
        if self.twice:
            found = Dataset()
            found.parse(data=content, format=FORMATS[self.media])
            assert len(quads) == len(list(found.quads())), "two parsers agree"
        stream_ = said[f"<{names.BASE}changes>"]
        for member in stream_.get(TREE + "member", []):
            about = said[f"<{member}>"]
            order = about[CREATED][0], int(about["https://schema.org/position"][0])
            content_ = frozenset(inside.get(member, ()))
            dead = AS + "Tombstone" in about.get(names.RDF + "type", [])
            assert dead == (not content_)
            graph = about[VERSION_OF][0]
            if order >= self.graphs.get(graph, (("", 0), None))[0]:
                self.graphs[graph] = order, content_
        return [about[TREE + "node"][0] for about in said.values() if TREE + "node" in about]

    @property
    def held(self) -> dict[str, str]:
        """The graphs that say something, each by a hash of its canonical form."""
        return {graph: hashed("\n".join(lines)) for graph, (_, lines) in self.graphs.items() if lines}


def path(page: str) -> str:
    return page.removeprefix("http://127.0.0.1:8000")


def hashed(triples: str) -> str:
    if "_:" not in triples:
        return "\n".join(sorted(set(triples.splitlines())))
    graph = Graph()
    graph.parse(data=triples, format="nt")
    return "\n".join(sorted(to_canonical_graph(graph).serialize(format="nt").splitlines()))


class Office:
    """A service with a home, and somebody who publishes in it without being reviewed."""

    def __init__(self, client: TestClient, desk: Desk) -> None:
        self.client, self.desk = client, desk
        self.steward = Caller(desk.partners.get("kogge"), "Stu", "steward", "t")

    def publish(self, turtle: str, graph: str = G) -> int:
        content = syntax.canonical(syntax.parse(turtle.encode(), RdfFormat.TURTLE))
        (receipt,) = self.desk.steps.stage([Sending(graph, "text/turtle", content, content)], self.steward)
        assert receipt.contribution
        made = self.desk.steps.accept(receipt.contribution.number, self.steward)
        assert made.version
        return made.version

    def truth(self) -> dict[str, str]:
        """The newest version of every graph that says something, from the ledger."""
        found = {}
        for listed in self.desk.evaluate(
            "SELECT DISTINCT ?g { GRAPH ?g { ?s ?p ?o } }", "text/csv"
        ).body.split()[1:]:
            graph = listed.decode()
            if graph not in (names.DERIVED_GRAPH, names.HISTORY_GRAPH):
                newest = self.desk.steps.history(graph)[-1].version
                found[graph] = hashed(self.desk.steps.version(graph, newest).decode())
        return found


def said(motto: str, more: str = "") -> str:
    return f'<{G}> <{names.DCTERMS}title> "Projekte"@de ; <{names.KOGGE}motto> "{motto}" . {more}'


# rdflib, of itself
pytestmark = pytest.mark.filterwarnings("ignore:.*(Dataset|Graph):DeprecationWarning")

PERSON = f'<{JAN}> <{names.SKOS}prefLabel> "Jan Muster"@de . '


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    settings = Settings.from_environment(
        {**SMALL, "KOGGE_HOME": str(tmp_path / "home"), "KOGGE_FOUR_EYES": "off"}
    )
    desk = Desk.open(settings)
    with TestClient(create_app(settings, desk), raise_server_exceptions=False) as client:
        yield Office(client, desk)


@pytest.mark.parametrize("media", FORMATS)
def test_who_reads_all_pages_has_every_graph_exactly(office: Office, media: str) -> None:
    number = f'"01.50"^^<{names.XSD}decimal>'
    office.publish(said("eins", f"<http://x/a> <http://x/p> [ <http://x/q> {number} ] ."))
    held = Follower(office.client, media, twice=True).follow().held
    assert held == office.truth()
    assert len(held) > 100
    assert G in held


def test_who_comes_back_reads_the_news_only_whatever_happened(office: Office) -> None:
    office.publish(said("eins"))
    follower = Follower(office.client).follow()
    assert follower.held == office.truth()
    assert follower.follow().read == []

    first = dict(follower.held)
    office.publish(said("zwei"))
    assert follower.follow().held == office.truth() != first
    assert follower.read == []  # what is new stands on the page that is read each time

    office.desk.steps.roll_back(G, 1, office.steward)
    assert follower.follow().held == office.truth() == first

    office.desk.steps.delete(G, office.steward)
    assert follower.follow().held == office.truth()
    assert G not in follower.held

    office.publish(said("wieder da"))
    assert follower.follow().held == office.truth()
    assert G in follower.held


def test_finished_pages_stay_and_are_read_once(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "WINDOW", 10)
    follower = Follower(office.client).follow()
    pages = set(follower.known)
    assert pages
    for number in range(stream.WINDOW + 5):
        office.publish(said(f"Nummer {number}"))
    follower.follow()
    assert follower.held == office.truth()
    assert pages < follower.known
    assert not pages & set(follower.read)
    page = office.client.get(path(follower.read[0]))
    assert page.headers["Cache-Control"] == "public, max-age=86400, immutable"
    assert page.headers["Last-Modified"].endswith("GMT")
    assert (
        f"<{LDES}immutable> "
        in office.client.get(path(follower.read[0]), headers={"Accept": "application/n-quads"}).text
    )


@pytest.mark.parametrize("later", ["", "zwei"], ids=["in the newest version", "in an older version"])
def test_an_erasure_reaches_who_follows_and_leaves_the_finished_pages(
    office: Office, later: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "WINDOW", 10)
    office.publish(said("eins", PERSON))
    if later:
        office.publish(said(later))
    for number in range(stream.WINDOW + 5):
        office.publish(said(f"Nummer {number}", ""), names.graph("luebeck", "anderes"))
    follower = Follower(office.client).follow()
    assert follower.held == office.truth()
    before = set(follower.known)
    holding = [page for page in before if "Jan Muster" in _text(office, page)]
    assert len(holding) == 1

    office.desk.steps.erase(JAN, office.steward)
    follower.follow()
    assert follower.held == office.truth()
    assert "Jan Muster" not in follower.held[G]
    assert follower.read, "the page that held the data has another address"
    assert len(follower.read) < len(before), "and the others have not"
    gone = office.client.get(path(holding[0]))
    assert gone.status_code == 410
    assert "Delete your copy" in gone.json()["advice"]
    everything = office.client.get("/changes").text + "".join(_text(office, page) for page in follower.read)
    assert "Jan Muster" not in everything
    assert f"replaces <{G}?version=1>" in everything.replace("dcterms:", "")

    fresh = Follower(office.client).follow()
    assert fresh.held == office.truth()


def test_what_is_erased_as_a_whole_is_a_tombstone(office: Office) -> None:
    graph = names.graph("luebeck", "jan")
    office.publish(PERSON + f"<{graph}> <{names.DCTERMS}creator> <{JAN}> . ", graph)
    follower = Follower(office.client).follow()
    assert graph in follower.held
    office.desk.steps.erase(JAN, office.steward)
    follower.follow()
    assert graph not in follower.held
    assert follower.held == office.truth()


def _text(office: Office, page: str) -> str:
    return office.client.get(path(page)).text


def test_the_stream_says_how_it_is_to_be_read(web: TestClient) -> None:
    root = web.get("/changes", headers={"Accept": "application/n-quads"})
    store = ox.Store()
    store.load(root.content, RdfFormat.N_QUADS)
    asked = f"""PREFIX ldes: <{LDES}> PREFIX tree: <{TREE}> ASK {{
        ?stream a ldes:EventStream ; ldes:timestampPath <{CREATED}> ; ldes:versionOfPath <{VERSION_OF}> ;
            tree:view <http://127.0.0.1:8000/changes> .
        <http://127.0.0.1:8000/changes> a tree:Node ;
            tree:viewDescription/ldes:retentionPolicy/ldes:startingFrom ?t ; tree:relation ?from, ?to .
        ?from a tree:GreaterThanOrEqualToRelation ; tree:node ?page ; tree:path <{CREATED}> ; tree:value ?a .
        ?to a tree:LessThanOrEqualToRelation ; tree:node ?page ; tree:value ?b . FILTER(?a <= ?b) }}"""
    assert bool(store.query(asked))


def test_each_page_has_one_collection_and_is_one_node_for_who_knows_tree_only(web: TestClient) -> None:
    root = web.get("/changes.nq").text
    finished = {
        found[1] for found in re.finditer(rf"<{TREE}node> <http://127.0.0.1:8000(/changes/[^>]+)>", root)
    }
    assert finished
    for at in ("/changes", *finished):
        page = ox.Store()
        page.load(web.get(f"{at}.nq").content, RdfFormat.N_QUADS)
        asked = f"""PREFIX tree: <{TREE}> SELECT ?collection ?node ?view {{
            ?collection a tree:Collection ; tree:view ?view . ?node a tree:Node }}"""
        rows = page.query(asked)
        assert isinstance(rows, ox.QuerySolutions)
        (row,) = rows
        assert row["node"].value == f"http://127.0.0.1:8000{at}"
        assert row["view"].value == "http://127.0.0.1:8000/changes"


def test_members_came_between_the_times_that_the_relation_says(web: TestClient) -> None:
    root = ox.Store()
    root.load(web.get("/changes.nq").content, RdfFormat.N_QUADS)
    rows = root.query(
        f"""PREFIX tree: <{TREE}> SELECT ?page ?from ?to {{
        ?a a tree:GreaterThanOrEqualToRelation ; tree:node ?page ; tree:value ?from .
        ?b a tree:LessThanOrEqualToRelation ; tree:node ?page ; tree:value ?to }}"""
    )
    assert isinstance(rows, ox.QuerySolutions)
    pages = list(rows)
    assert pages
    for row in pages:
        page = ox.Store()
        page.load(
            web.get(path(row["page"].value) + ".nq").content,
            RdfFormat.N_QUADS,
        )
        times = [
            quad.object.value
            for quad in page.quads_for_pattern(None, NamedNode(CREATED), None, ox.DefaultGraph())
            if isinstance(quad.object, Literal)
        ]
        assert min(times) == row["from"].value
        assert max(times) == row["to"].value


@pytest.mark.skipif(not SHARED.is_dir(), reason=f"the vocabularies are not at {SHARED}")
def test_every_term_of_the_stream_is_in_its_vocabulary(web: TestClient) -> None:
    known = {
        str(s)
        for name in ("ldes-vocabulary", "tree")
        for s in Graph().parse(SHARED / f"{name}.ttl").subjects()
    }
    used = {
        term.value
        for quad in ox.parse(web.get("/changes.nq").content, RdfFormat.N_QUADS)
        if quad.graph_name == ox.DefaultGraph()
        for term in (quad.predicate, quad.object)
        if isinstance(term, NamedNode) and term.value.startswith((LDES, TREE))
    }
    assert len(used) > 12
    assert used <= known


@pytest.mark.parametrize(
    ("path", "accept", "status"),
    [
        ("/changes", "text/turtle", 406),
        ("/changes.ttl", "*/*", 404),
        ("/changes/0-abc", "*/*", 404),
        ("/changes/nothing", "*/*", 404),
        ("/changes/1-0000000000000000", "*/*", 404),
    ],
)
def test_what_there_is_not_is_told_with_advice(web: TestClient, path: str, accept: str, status: int) -> None:
    answer = web.get(path, headers={"Accept": accept})
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["advice"]


def test_the_newest_page_is_asked_for_cheaply(web: TestClient) -> None:
    first = web.get("/changes", headers={"Origin": "https://else.example"})
    assert first.headers["Cache-Control"] == "no-cache"
    assert first.headers["Access-Control-Allow-Origin"] == "*"
    assert first.headers["Content-Encoding"] == "gzip"
    again = web.get("/changes", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    head = web.head("/changes")
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["ETag"] == first.headers["ETag"]
    assert web.get("/changes").content == first.content


def test_times_of_the_stream_never_go_back(office: Office) -> None:
    pages = office.desk.changes._stream.pages()
    members = [each for page in pages for each in page.members]
    assert [each.created for each in members] == sorted(each.created for each in members)
    assert [each.place for each in members] == sorted(each.place for each in members)
