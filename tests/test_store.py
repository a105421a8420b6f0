"""The store: named graphs, queries over all of them, and the guard before it."""

from __future__ import annotations

import contextlib
import http.server
import json
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from pyoxigraph import BlankNode, DefaultGraph, Literal, NamedNode, Quad, QueryBoolean, QuerySolutions, Triple

from kogge import artefacts, names, syntax
from kogge.errors import (
    BadRequest,
    Forbidden,
    KoggeError,
    Misconfigured,
    NotAcceptable,
    TooLarge,
    Unavailable,
    Unreadable,
)
from kogge.store import evaluate as evaluation
from kogge.store import guard, remote
from kogge.store.change import lines
from kogge.store.embedded import EmbeddedStore, query_error
from kogge.store.evaluate import Query, Result
from kogge.store.guard import Limits, inspect
from kogge.store.mark import Mark

G, H = "http://a.example/g", "http://a.example/h"
P = NamedNode("http://a.example/p")


def evaluate(store: EmbeddedStore, text: str, accept: str | None, limits: Limits) -> Result:
    return evaluation.evaluate(store.engine, Query(text, accept), limits)


def triple(subject: str, value: str) -> Triple:
    return Triple(NamedNode(f"http://a.example/{subject}"), P, Literal(value))


A, B, C = triple("a", "1"), triple("b", "2"), triple("c", "3")


@pytest.fixture(params=["memory", "disk"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[EmbeddedStore]:
    store = EmbeddedStore(tmp_path / "store" if request.param == "disk" else None)
    yield store
    store.close()


def rows(store: EmbeddedStore, text: str, **given_: NamedNode | Literal) -> list[tuple[str, ...]]:
    answer = store.query(text, substitutions=given_)
    assert isinstance(answer, QuerySolutions)
    return sorted(tuple(term.value for term in row) for row in answer)


@pytest.mark.parametrize("address", ["http://127.0.0.1:9/", "foo:bar"])
def test_an_address_that_the_engine_does_not_try_is_a_bad_request(address: str) -> None:
    store = EmbeddedStore()
    answer = store.query(f"SELECT * {{ SERVICE <{address}> {{ ?s ?p ?o }} }}")
    assert isinstance(answer, QuerySolutions)
    with pytest.raises(OSError, match=r"port 9|scheme") as caught:
        list(answer)
    assert isinstance(query_error(caught.value), BadRequest)


def test_a_triple_that_several_graphs_state_counts_once_and_goes_with_the_last_of_them() -> None:
    store = EmbeddedStore()
    shared, alone = (Triple(NamedNode(f"urn:{name}"), NamedNode("urn:p"), Literal("1")) for name in "ab")

    def subjects() -> list[str]:
        rows = store.query("SELECT ?s { ?s ?p ?o } ORDER BY ?s")
        assert isinstance(rows, QuerySolutions)
        return [str(row["s"]) for row in rows]

    store.replace_graphs({"urn:one": [shared, alone], "urn:two": [shared]})
    assert subjects() == ["<urn:a>", "<urn:b>"]
    store.replace_graph("urn:one", [])
    assert subjects() == ["<urn:a>"]
    store.replace_graph("urn:two", [])
    assert subjects() == []


def test_a_query_sees_all_graphs_as_one(store: EmbeddedStore) -> None:
    store.replace_graphs({G: [A], H: [B]})
    assert rows(store, "SELECT ?o { ?s ?p ?o }") == [("1",), ("2",)]
    assert rows(store, "SELECT ?g ?o { GRAPH ?g { ?s ?p ?o } }") == [(G, "1"), (H, "2")]


def test_a_query_that_says_from_sees_those_graphs_only(store: EmbeddedStore) -> None:
    store.replace_graphs({G: [A], H: [B]})
    assert rows(store, f"SELECT ?o FROM <{G}> {{ ?s ?p ?o }}") == [("1",)]
    assert rows(store, f"SELECT ?o FROM<{G}>{{ ?s ?p ?o }}") == [("1",)]
    assert rows(store, f"SELECT ?o FROM NAMED <{G}> {{ GRAPH ?g {{ ?s ?p ?o }} }}") == [("1",)]
    assert rows(store, f"SELECT ?o FROM NAMED <{G}> {{ ?s ?p ?o }}") == []
    assert rows(store, "SELECT ?from { ?s ?p ?from } # FROM") == [("1",), ("2",)]


def test_replacing_a_graph_leaves_the_others(store: EmbeddedStore) -> None:
    store.replace_graphs({G: [A, B], H: [C]})
    store.replace_graph(G, [B])
    assert store.graph(G) == [B]
    assert store.graph(H) == [C]
    assert store.graphs() == [G, H]


def test_a_graph_of_nothing_is_gone(store: EmbeddedStore) -> None:
    store.replace_graph(G, [A])
    store.replace_graph(G, [])
    assert store.graphs() == []
    assert store.graph(G) == []


def test_a_replacement_that_fails_changes_nothing(store: EmbeddedStore) -> None:
    store.replace_graph(G, [A])
    before = store.state

    def broken() -> Iterator[Triple]:
        yield B
        raise RuntimeError("the source broke off")

    with pytest.raises(RuntimeError, match="broke off"):
        store.replace_graphs({H: [C], G: broken()})
    assert (store.graphs(), store.graph(G), store.state) == ([G], [A], before)


def test_literals_come_back_as_they_were(store: EmbeddedStore) -> None:
    odd = [
        Triple(P, P, Literal('a\n\t"\\\u0001}; DROP ALL ; INSERT DATA {')),
        Triple(P, P, Literal("2021", datatype=NamedNode("http://www.w3.org/2001/XMLSchema#gYear"))),
        Triple(P, P, Literal("--11-08", datatype=NamedNode("http://www.w3.org/2001/XMLSchema#gMonthDay"))),
        Triple(P, P, Literal("x", language="de")),
        Triple(P, P, NamedNode("http://a.example/ä?b#c")),
    ]
    store.replace_graph(G, odd)
    assert set(store.graph(G)) == set(odd)


def test_blank_nodes_of_two_graphs_stay_apart(store: EmbeddedStore) -> None:
    documents = (syntax.parse(b'_:a <http://p> "x" .', "ttl") for _ in range(2))
    store.replace_graphs(dict(zip((G, H), documents, strict=True)))
    assert len(rows(store, "SELECT DISTINCT ?s { ?s ?p ?o }")) == 2


def test_the_state_is_that_of_the_content(store: EmbeddedStore) -> None:
    empty = store.state
    store.replace_graphs({G: [A, B], H: [C]})
    full = store.state
    store.replace_graph(H, [A])
    assert len({empty, full, store.state}) == 3
    store.replace_graph(H, [C])
    assert store.state == full
    other = EmbeddedStore()
    other.replace_graph(H, [C])
    other.replace_graph(G, [B, A])
    assert other.state == full
    other.replace_graphs({G: [C], H: [A, B]})
    assert other.state != full


def statements(graph: str) -> st.SearchStrategy[set[Triple]]:
    """Of a graph; a blank node is of one graph only, as a document is read."""
    decimal = NamedNode("http://www.w3.org/2001/XMLSchema#decimal")
    blank = BlankNode(graph[-1])
    objects = [
        P,
        blank,
        Literal("x _:c ."),
        Literal("01.50", datatype=decimal),
        Literal("1.5", datatype=decimal),
    ]
    subjects = [A.subject, B.subject, blank]
    return st.sets(st.builds(Triple, st.sampled_from(subjects), st.just(P), st.sampled_from(objects)))


@hypothesis_settings(max_examples=60)
@given(
    st.lists(
        st.one_of(
            st.fixed_dictionaries({}, optional={each: statements(each) for each in (G, H)}),
            st.tuples(st.just(G), statements(G), statements(G)),
        ),
        max_size=6,
    )
)
def test_the_kept_mark_is_that_of_the_content_and_the_default_graph_the_union(
    commits: list[dict[str, set[Triple]] | tuple[str, set[Triple], set[Triple]]],
) -> None:
    store = EmbeddedStore()
    for commit in commits:
        if isinstance(commit, tuple):
            wanted = (lines(store.graph(commit[0])) - lines(commit[1])) | lines(commit[2])
            store.amend(*commit)
            assert len(store.graph(G)) == len(wanted)
        else:
            store.replace_graphs(commit)
            assert all(len(store.graph(graph)) == len(lines(triples)) for graph, triples in commit.items())
    assert store.state == Mark.of(store.engine).state
    at_once = EmbeddedStore()
    at_once.replace_graphs({graph: store.graph(graph) for graph in store.graphs()})
    assert store.state == at_once.state
    assert all(store.graph(graph) for graph in store.graphs())
    union = {triple for graph in store.graphs() for triple in store.graph(graph)}
    merged = [quad.triple for quad in store.engine.quads_for_pattern(None, None, None, DefaultGraph())]
    assert (len(merged), set(merged)) == (len(union), union)
    names = [str(graph.value) for graph in store.engine.named_graphs()]
    said = [Mark.read(name) for name in names if name not in store.graphs()]
    assert [mark.quads for mark in said] == [len(store.engine)] * bool(store.commits)
    assert store.size == len(store.engine)


def test_a_start_reads_the_mark_and_not_the_statements(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = EmbeddedStore(tmp_path / "store")
    store.replace_graphs({G: [A, B], H: [A]})
    state = store.state
    store.close()
    monkeypatch.setattr(Mark, "of", None)
    again = EmbeddedStore(tmp_path / "store")
    assert (again.intact, again.state) == (True, state)


def test_nobody_finds_the_mark_as_a_graph_or_a_statement(store: EmbeddedStore) -> None:
    store.replace_graph(G, [A])
    assert store.graphs() == [G]
    assert rows(store, "SELECT DISTINCT ?g { GRAPH ?g { ?s ?p ?o } }") == [(G,)]
    assert store.dump().count(b"\n") == 1


def test_what_was_loaded_past_the_store_is_seen_when_it_is_opened(tmp_path: Path) -> None:
    store = EmbeddedStore(tmp_path / "store")
    store.replace_graph(G, [A])
    engine, before = store.engine, store.state
    store.close()
    engine.add(Quad(B.subject, B.predicate, B.object, NamedNode(G)))
    engine.flush()
    del engine, store
    strange = EmbeddedStore(tmp_path / "store")
    assert not strange.intact
    assert strange.state != before
    strange.settle()
    settled = strange.state
    strange.close()
    del strange
    again = EmbeddedStore(tmp_path / "store")
    assert (again.intact, again.state) == (True, settled)
    again.clear()
    assert (again.graphs(), again.state, len(again.engine)) == ([], EmbeddedStore().state, 0)


def test_a_graph_is_amended_whatever_else_it_holds(store: EmbeddedStore) -> None:
    store.replace_graphs({G: [A, B], H: [A]})
    store.amend(G, [A, C], [C, B])
    assert sorted(store.graph(G), key=str) == [B, C]
    assert rows(store, "SELECT ?o { ?s ?p ?o }") == [("1",), ("2",), ("3",)]
    store.amend(H, [A], [])
    assert store.graphs() == [G]
    assert rows(store, "SELECT ?o { ?s ?p ?o }") == [("2",), ("3",)]
    before = store.commits
    store.amend(G, [A], [B])
    assert store.commits == before


def test_what_stays_is_not_written_again(store: EmbeddedStore) -> None:
    store.replace_graphs({G: [A, B], H: [A]})
    before = store.commits
    store.replace_graphs({G: [B, A], H: [A]})
    assert store.commits == before
    store.replace_graphs({G: [B, C], H: [A]})
    assert store.commits == before + 1
    assert rows(store, "SELECT ?o { ?s ?p ?o }") == [("1",), ("2",), ("3",)]


def test_what_was_written_is_there_after_opening_again(tmp_path: Path) -> None:
    store = EmbeddedStore(tmp_path / "store")
    store.replace_graph(G, [A])
    state, dump = store.state, store.dump()
    store.close()
    store.close()
    with pytest.raises(Unavailable):
        store.graphs()
    again = EmbeddedStore(tmp_path / "store")
    assert (again.state, again.dump()) == (state, dump)
    assert dump == b'<http://a.example/a> <http://a.example/p> "1" <http://a.example/g> .\n'
    again.close()


def test_a_folder_that_is_in_use_or_damaged_is_told(tmp_path: Path) -> None:
    store = EmbeddedStore(tmp_path / "store")
    with pytest.raises(Unavailable, match="Another Kogge"):
        EmbeddedStore(tmp_path / "store")
    store.close()
    (tmp_path / "store" / "CURRENT").write_text("nonsense")
    with pytest.raises(Misconfigured, match="made anew"):
        EmbeddedStore(tmp_path / "store")


def test_a_variable_is_given_a_value_as_a_term(store: EmbeddedStore) -> None:
    store.replace_graph(G, [A, B])
    wanted = NamedNode("http://a.example/a")
    assert rows(store, "SELECT ?s ?o { ?s ?p ?o }", s=wanted) == [("http://a.example/a", "1")]
    assert rows(store, "SELECT ?s ?o { ?s ?p ?o }", o=Literal('2" } #')) == []
    answer = store.query("ASK { ?s ?p '2' }", substitutions={"s": wanted})
    assert isinstance(answer, QueryBoolean)
    assert not bool(answer)
    with pytest.raises(BadRequest, match="projection"):
        store.query("SELECT ?o { ?s ?p ?o }", substitutions={"s": wanted})


@pytest.mark.parametrize(
    ("text", "line", "column"), [("SELECT * {\n ?s ?p }", 2, 9), ("SELECT *\n { ?s ex:p ?o }", 2, 12)]
)
def test_a_wrong_query_is_told_with_its_place(
    store: EmbeddedStore, text: str, line: int, column: int
) -> None:
    with pytest.raises(Unreadable, match=f"line {line}, column {column}: ") as error:
        store.query(text)
    assert (error.value.line, error.value.column) == (line, column)
    assert len(str(error.value)) < 400


# Evaluation


@pytest.mark.parametrize(
    ("text", "accept", "media", "begin"),
    [
        ("SELECT ?o { ?s ?p ?o }", None, "application/sparql-results+json", b'{"head":{"vars":["o"]}'),
        ("SELECT ?o { ?s ?p ?o }", "application/xml", "application/sparql-results+xml", b"<?xml"),
        ("SELECT ?o { ?s ?p ?o }", "text/csv", "text/csv", b"o\r\n1\r\n"),
        ("SELECT ?o { ?s ?p ?o }", "text/*;q=0.1, text/csv;q=0", "text/tab-separated-values", b'?o\n"1"\n'),
        ("ASK {}", "*/*", "application/sparql-results+json", b'{"head":{},"boolean":true}'),
        ("CONSTRUCT WHERE { ?s ?p ?o }", None, "text/turtle", b"<http://a.example/a> <http://a.example/p> "),
        ("DESCRIBE <http://a.example/a>", "application/n-triples", "application/n-triples", str(A).encode()),
        ("CONSTRUCT WHERE { ?s ?p ?o }", "application/json", "application/ld+json", b'[{"@id"'),
        ("CONSTRUCT WHERE { ?s ?p ?o }", "application/rdf+xml", "application/rdf+xml", b"<?xml"),
    ],
)
def test_every_form_of_query_has_its_representations(
    text: str, accept: str | None, media: str, begin: bytes
) -> None:
    store = EmbeddedStore()
    store.replace_graph(G, [A])
    result = evaluate(store, text, accept, Limits())
    assert result.media.type == media
    assert result.body.startswith(begin)


def test_an_answer_that_nobody_wants_is_refused() -> None:
    with pytest.raises(NotAcceptable, match="sparql-results"):
        evaluate(EmbeddedStore(), "ASK {}", "text/csv", Limits())
    with pytest.raises(NotAcceptable, match="text/turtle"):
        evaluate(EmbeddedStore(), "CONSTRUCT WHERE { ?s ?p ?o }", "text/csv", Limits())


def test_an_unknown_function_is_named() -> None:
    with pytest.raises(BadRequest, match=r"http://a\.example/f"):
        evaluate(EmbeddedStore(), "SELECT (<http://a.example/f>(1) AS ?x) {}", None, Limits())


# The guard


class _Endpoint(http.server.BaseHTTPRequestHandler):
    asked = 0
    answer = (200, "application/sparql-results+json", b'{"head":{"vars":[]},"results":{"bindings":[]}}')

    def do_GET(self) -> None:
        type(self).asked += 1
        status, media, body = self.answer
        self.send_response(status)
        self.send_header("Content-Type", media)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET  # noqa: N815

    def log_message(self, *_: object) -> None:
        """Stays silent."""


@pytest.fixture
def endpoint() -> Iterator[tuple[str, type[_Endpoint]]]:
    handler = type("Handler", (_Endpoint,), {})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}/sparql", handler
        server.shutdown()
        thread.join()


# `§` stands for a call that would fetch from `U`. Each text has it where the parser finds it and a careless
# reader does not.
HIDDEN = (
    "SELECT * { § }",
    "SELECT * {?s ?p 1§}",
    "SELECT * {?s ?p true§}",
    "SELECT * {?s ?p 'a'@en.§}",
    "SELECT * { #\r§ }",
    "SELECT * { service#\n<U> {?s ?p ?o} }",
    "SELECT * { sErViCe #\n SILENT<U>{?s ?p ?o} }",
    "PREFIX e: <U> SELECT * { SERVICEe: {?s ?p ?o} }",
    "PREFIX e: <U> SELECT * { SERVICE e: {?s ?p ?o} }",
    "PREFIX e: <U> SELECT * { SERVICESILENTe: #\n {?s ?p ?o} }",
    "SELECT * { FILTER EXISTS { § } }",
    "SELECT * { { SELECT * { § } } }",
    "BASE <http://x/> SELECT * { BIND(1 AS ?a) FILTER(?a<?b#>'''\n) § #'''\n}",
    "PREFIX u: <http://x/> SELECT * { BIND(1 AS ?a) FILTER(?a<u:x#>'''\n) § #'''\n}",
    "SELECT * { BIND(1 AS ?a) FILTER(?a<<http://x/#>) § \n}",
    "SELECT * { VALUES ?x {'''a' #\\q'''\n} § #'''\n}",
    'SELECT * { VALUES ?x {"""a" #\\q"""\n} § #"""\n}',
)


def call(hidden: str, url: str) -> str:
    return hidden.replace("§", "SERVICE <U> {?s ?p ?o}").replace("<U>", f"<{url}>")


@pytest.mark.parametrize("hidden", HIDDEN)
def test_no_spelling_of_service_reaches_another_address(
    hidden: str, endpoint: tuple[str, type[_Endpoint]]
) -> None:
    url, handler = endpoint
    with pytest.raises(BadRequest, match="SERVICE is refused"):
        evaluate(EmbeddedStore(), call(hidden, url), None, Limits())
    assert handler.asked == 0


def test_without_the_guard_the_engine_would_ask(endpoint: tuple[str, type[_Endpoint]]) -> None:
    url, handler = endpoint
    store = EmbeddedStore()
    store.replace_graph(G, [A])
    asking = []
    for hidden in HIDDEN:
        before = handler.asked
        with contextlib.suppress(KoggeError, OSError, RuntimeError):
            answer = store.query(call(hidden, url))
            assert isinstance(answer, QuerySolutions)
            list(answer)
        if handler.asked > before:
            asking.append(hidden)
    assert len(asking) > len(HIDDEN) / 2


@pytest.mark.parametrize(
    "text",
    [
        'SELECT * { ?service <http://x/service> \'SERVICE\' , """SERVICE {{{ """ } # SERVICE',
        "PREFIX service: <http://x/> SELECT * { ?a service:x service:y ; <http://x/a#SERVICE> ?service }",
        "PREFIX e: <http://x/> SELECT * { ?a e:service ?b ; e:a.service ?c ; e:x\\'service ?d }",
        "SELECT * { ?s ?p '\\' . SERVICE <http://x> {?s ?p ?o} #' }",
        "PREFIX e: <urn:x:> SELECT * { ?a ?b '''it's a {{{ ''' ; ?c 'SERVICE'@en }",
    ],
)
def test_the_word_service_may_be_used_elsewhere(text: str) -> None:
    evaluate(EmbeddedStore(), text, None, Limits())


def test_all_saved_questions_pass_the_guard() -> None:
    paths = artefacts.files("queries", ".rq")
    assert len(paths) > 10
    for path in paths:
        inspect(path.read_text("utf-8"), Limits())


@pytest.mark.parametrize(
    "text",
    [
        "INSERT DATA { <a:a> <a:a> 1 }",
        "delete where { ?s ?p ?o }",
        "PREFIX a: <a:>\n# SELECT\nBASE <http://a/> LOAD <http://a/>",
        "CLEAR ALL",
        "DROP SILENT ALL",
        "CREATE GRAPH <a:a>",
        "ADD <a:a> TO <a:b>",
        "MOVE <a:a> TO <a:b>",
        "COPY <a:a> TO <a:b>",
        "WITH <a:a> DELETE { ?s ?p ?o } WHERE { ?s ?p ?o }",
    ],
)
def test_an_update_is_refused_with_a_reason(text: str) -> None:
    with pytest.raises(Forbidden, match="is an update"):
        inspect(text, Limits())


_TEXT = """
    PREFIX BASE SELECT ASK WHERE UNION OPTIONAL VALUES NOT FILTER SERVICE service \u017fervice INSERT with
    true 1 a ?x e: e:b _:b <a:a> <http://a/b> <a 'a' "{" \'\'\' @en # \\
    { } ( ) [ ] << >> . , ; / | ! ^ + - * = < >
"""
_PIECES = st.sampled_from(_TEXT.split())


@given(
    st.lists(st.tuples(_PIECES, st.sampled_from(["", " ", "\n"])), max_size=60),
    st.builds(Limits, depth=st.integers(0, 8), operators=st.integers(0, 30)),
)
@hypothesis_settings(max_examples=600)
def test_the_first_look_of_the_guard_lets_nothing_through_that_reading_would_refuse(
    pieces: list[tuple[str, str]], limits: Limits
) -> None:
    text = "".join(piece + space for piece, space in pieces)
    if guard._harmless(text, limits) and not guard._read(text, limits):
        guard._read_strictly(text[guard._PREFIXES.match(text).end() :], limits)  # type: ignore[union-attr]


def nested(opening: str, closing: str, depth: int, inner: str = "") -> str:
    return opening * depth + inner + closing * depth


CONSTRUCTS = {
    "groups": lambda n: "SELECT * " + nested("{", "}", n),
    "brackets": lambda n: f"SELECT ({nested('(', ')', n, '1')} AS ?x) {{}}",
    "hidden brackets": lambda n: f"SELECT * {{ FILTER(?a<{nested('(', ')', n, '?b>?c')}) }}",
    "negations": lambda n: f"SELECT ({'!' * n * 9}true AS ?x) {{}}",
    "sums": lambda n: f"SELECT (1{'+1' * n * 9} AS ?x) {{}}",
    "disjunctions": lambda n: f"SELECT (?a{'||?a' * n * 9} AS ?x) {{}}",
    "paths": lambda n: f"SELECT * {{ ?a {nested('(', ')', n, '<a:a>')} ?b }}",
    "sequences": lambda n: f"SELECT * {{ ?a <a:a>{'/<a:a>' * n * 9} ?b }}",
    "inversions": lambda n: f"SELECT * {{ ?a {nested('^(', ')', n, '<a:a>')} ?b }}",
    "unions": lambda n: f"SELECT * {{ {{}}{'UNION{}' * n * 9} }}",
    "options": lambda n: f"SELECT * {{ {'OPTIONAL{}' * n * 9} }}",
    "sub-selects": lambda n: nested("SELECT * {", "}", n),
    "not exists": lambda n: "SELECT * {" + nested("FILTER NOT EXISTS {", "}", n) + "}",
    "blank nodes": lambda n: f"SELECT * {{ {nested('[<a:a> ', ']', n, '1')} <a:a> 1 }}",
    "triple terms": lambda n: f"SELECT * {{ <a:a> <a:a> {nested('<<(<a:a> <a:a> ', ')>>', n, '1')} }}",
}


@pytest.mark.parametrize("construct", CONSTRUCTS)
@pytest.mark.parametrize("depth", [65, 300, 900])
def test_what_is_nested_too_deep_never_reaches_the_parser(construct: str, depth: int) -> None:
    with pytest.raises((BadRequest, TooLarge), match=r"nested|operators|longer"):
        inspect(CONSTRUCTS[construct](depth), Limits())


@pytest.mark.parametrize("construct", CONSTRUCTS)
def test_what_the_guard_lets_through_does_not_end_the_process(construct: str) -> None:
    """The deepest text of each kind that passes is parsed in a process of its own, which lives."""
    deepest = ""
    for depth in range(1, 66):
        text = CONSTRUCTS[construct](depth)
        try:
            inspect(text, Limits())
        except KoggeError:
            break
        deepest = text
    assert deepest
    script = (
        "import sys, pyoxigraph as o\n"
        "try: o.Store().query(sys.stdin.read())\n"
        "except SyntaxError: pass\n"
        "print('alive')"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], input=deepest.encode(), capture_output=True, timeout=60, check=False
    )
    assert done.stdout.endswith(b"alive\n"), (done.returncode, done.stderr[-300:])


# What is planned together without an operator between: many of these took more than ten seconds.
BESIDE = {
    "items": ("SELECT * { ?s ?p ( § ) }", "1 "),
    "items without a space": ("SELECT * { ?s ?p (§) }", "'a'@en<a:a>?x"),
    "booleans run together": ("SELECT * { ?s ?p (§) }", "true"),
    "numbers and booleans run together": ("SELECT * { ?s ?p (§) }", "1e5true"),
    "items with a comment": ("SELECT * { ?s ?p (§) }", "true#(\n"),
    "lists in a list": ("SELECT * { ?s ?p (§) }", "(1)"),
    "nodes in a list": ("SELECT * { ?s ?p (§) }", "[?p ?o]"),
    "names and lists": ("SELECT * { ?s ?p (§) }", "<a:a>(1)"),
    "lists of one": ("SELECT * { ?s ?p 1§ }", ",(1)"),
    "groups": ("SELECT * { § }", "{?s ?p ?o}"),
    "groups after triples": ("SELECT * { § }", "?s ?p ?o. {?s ?p ?o}"),
    "after VALUES": ("SELECT * { VALUES (?a) { (<<( <a:a> <a:a> 1 )>>) } ?s ?p (§) }", "1 "),
}


@pytest.mark.parametrize("kind", BESIDE)
def test_patterns_without_an_operator_count_too(kind: str) -> None:
    frame, piece = BESIDE[kind]
    evaluate(EmbeddedStore(), frame.replace("§", piece * 20), None, Limits())
    with pytest.raises(BadRequest, match="patterns and operators"):
        inspect(frame.replace("§", piece * 121), Limits())


def test_what_is_not_certain_is_no_way_round_the_count() -> None:
    frame = "SELECT * { ?s<urn:a-b#c> ( § ) }"
    inspect(frame.replace("§", "1 " * 100), Limits())
    with pytest.raises(BadRequest, match="patterns and operators"):
        inspect(frame.replace("§", "'#'\n" * 500), Limits())


@pytest.mark.parametrize(
    "text",
    [
        "SELECT * { VALUES (?a ?b) { § } }",
        "SELECT * { VALUES (?a ?b) { (1 2) } VALUES (?c ?d) {§} } VALUES (?e ?f) { § }",
        "SELECT * { VALUES ?x { § } }",
        "SELECT * { ?s ?p ?o } values ?x { § }",
    ],
)
def test_values_may_be_long(text: str) -> None:
    row = "('a'@en <a:a>)" if "(" in text else "<a:a> 'b' "
    evaluate(EmbeddedStore(), text.replace("§", row * 130), None, Limits())


def test_an_expression_counts_its_operators_alone() -> None:
    text = 'SELECT (COUNT(DISTINCT ?x) AS ?n) { FILTER(REGEX(STR(?x), "a") && ?x IN (1, 2) || (?x + 1) > 2) }'
    inspect(text, Limits(operators=7))  # FILTER, two commas, &&, ||, + and >
    with pytest.raises(BadRequest):
        inspect(text, Limits(operators=6))


def test_length_and_emptiness_are_limited() -> None:
    with pytest.raises(TooLarge, match="32768"):
        inspect("SELECT * {} #" + "ä" * 16_400, Limits())
    inspect("SELECT * {} #" + "ä" * 16_300, Limits())
    with pytest.raises(BadRequest, match="empty"):
        inspect(" \n", Limits())


@pytest.mark.parametrize(
    "piece",
    [
        "'",
        '"',
        "'''",
        "\\",
        "<",
        "<a#",
        "a:",
        "a.",
        "a-",
        ":.",
        "a:a\\'",
        "(",
        "{",
        "?",
        "@a-",
        "\u0301",
        "#",
        "_:",
    ],
)
def test_the_guard_takes_linear_time(piece: str) -> None:
    text = (piece * 32_768)[: guard.Limits().bytes // len(piece.encode()) * len(piece)][:32_768]
    text = text.encode()[:32_768].decode("utf-8", "ignore")
    began = time.process_time()
    with contextlib.suppress(KoggeError):
        inspect(text, Limits(depth=10**6, operators=10**6))
    assert time.process_time() - began < 1


fragments = st.sampled_from(
    [
        "SELECT",
        "*",
        "{",
        "}",
        "(",
        ")",
        "[",
        "]",
        "<<",
        ">>",
        "<",
        ">",
        "<a:a>",
        "<http://x/#a>",
        "'a'",
        "'''a\n'''",
        '"b"',
        "#",
        "\n",
        "?a",
        "ex:a",
        "ex:a\\'",
        ":b",
        "1",
        "1.5",
        "true",
        "FILTER",
        "SERVICE",
        "service:",
        "SERVICEex:",
        "UNION",
        "OPTIONAL",
        "'",
        '"',
        "'''",
        "\\",
        "^",
        "/",
        "||",
        "!",
        ".",
        ";",
        ",",
        "@en",
        "^^",
        "PREFIX",
        "BASE",
        "ASK",
    ]
)


@given(st.lists(fragments, max_size=40), st.sampled_from(["", " "]))
def test_any_text_is_let_through_or_refused(pieces: list[str], glue: str) -> None:
    """An answer or a refusal; a call of another address would be an error of the store (500)."""
    text = glue.join(pieces)
    with contextlib.suppress(BadRequest, Forbidden):
        evaluate(EmbeddedStore(), text, None, Limits())


gaps = st.sampled_from(["", " ", "\n", "#\n", " # ' ( <a:\r", "\t"])
terms = st.sampled_from(
    [
        "<a:a>",
        "<a:\\u0062>",
        "<http://x/#a'>",
        "<http://x/?a=b#(c)>",
        "'a'",
        "''",
        '""',
        "'\\''",
        "'#'",
        '"it\'s"',
        "'''it's '' \\''' \n'''",
        '"""a "quoted" <a:b> # text"""',
        "'a'@en",
        "'a'@de-AT",
        "'1'^^<a:a>",
        "'1'^^e:int",
        "e:a",
        "e:a.b",
        "e:a\\'b",
        "e:a-b:c",
        "e:%20",
        "e:",
        ":",
        ":a1",
        "12",
        "true",
        "FALSE",
        "'",
        '"',
        "\\",
    ]
)


@given(st.lists(st.tuples(gaps, terms), max_size=8), gaps)
@example([("", "12"), ("", "true")], "")
def test_the_guard_and_the_engine_see_the_same_terms(pieces: list[tuple[str, str]], last: str) -> None:
    """Each row of VALUES that the engine takes has the terms that the guard finds where it is certain."""
    prologue = "PREFIX e: <e:> PREFIX : <b:> SELECT"
    body = "".join(gap + term for gap, term in pieces) + last
    if not guard._read(body, Limits()):
        return
    found: list[str] = []
    for kind, token, _ in guard.tokens(body):
        if kind in ("tag", "other") or (found and found[-1].endswith("^^")):
            found[-1:] = ["".join([*found[-1:], token])]
        else:
            found.append(token)
    engine = EmbeddedStore().engine
    for count in range(len(pieces) + 3):
        names = " ".join(f"?v{place}" for place in range(count))
        with contextlib.suppress(SyntaxError):
            rows = engine.query(f"{prologue} * {{ VALUES ({names}) {{ ({body}\n) }} }}")
            alone = [f"{prologue} ?v {{ VALUES ?v {{ {term}\n }} }}" for term in found]
            assert [list(values(engine.query(each))) for each in alone] == [[each] for each in values(rows)]


def values(answer: object) -> list[object]:
    """The terms of the one row of an answer."""
    assert isinstance(answer, QuerySolutions)
    (row,) = answer
    return list(row)


# Another endpoint


def test_another_endpoint_is_asked_and_its_rows_come_as_wanted(endpoint: tuple[str, type[_Endpoint]]) -> None:
    url, handler = endpoint
    row = {"o": {"type": "literal", "value": "1"}}
    body = json.dumps({"head": {"vars": ["o"]}, "results": {"bindings": [row]}}).encode()
    handler.answer = (200, "application/sparql-results+json", body)
    assert remote.ask(url, "SELECT ?o { ?s ?p ?o }", "text/csv").body == b"o\r\n1\r\n"
    handler.answer = (200, "text/turtle", b"<http://a.example/a> <http://a.example/p> '1' .")
    graph = remote.ask(url, "CONSTRUCT WHERE { ?s ?p ?o }", "application/n-triples")
    assert graph.body == f"{A} .\n".encode()
    assert handler.asked == 2


PROBLEM = b'{"status": 504, "detail": "It took too long.", "advice": "Ask for less."}'
SELECT, CONSTRUCT = "SELECT * { ?s ?p ?o }", "CONSTRUCT WHERE { ?s ?p ?o }"


@pytest.mark.parametrize("text", [SELECT, CONSTRUCT])
@pytest.mark.parametrize(
    ("status", "media", "body", "error", "reason"),
    [
        (400, "text/plain", b"no such\n prefix 'x'", BadRequest, "refuses the query: no such prefix 'x'$"),
        (
            400,
            "application/problem+json",
            PROBLEM,
            BadRequest,
            r"refuses the query: It .* Ask for less\.$",
        ),
        (403, "text/plain", "für Sie nicht".encode(), BadRequest, "refuses the query: für Sie nicht"),
        (
            404,
            "text/html",
            b"<html>Nothing here",
            BadRequest,
            r"status 404\. Is it the address of an endpoint",
        ),
        (413, "application/problem+json", PROBLEM, BadRequest, "refuses the query: It took"),
        (500, "text/html", b"<html>Trace", Unavailable, "has not answered the query: status 500"),
        (503, "text/plain", b"", Unavailable, "status 503"),
        (504, "application/problem+json", PROBLEM, Unavailable, r"It took too long\. Ask for less\.$"),
        (
            200,
            "text/html",
            b"<html>",
            KoggeError,
            "does not answer with .* Is it the address",
        ),
        (200, "text/turtle", b"{}", KoggeError, "does not answer with .* Is it the address of an endpoint"),
    ],
)
def test_what_goes_wrong_at_another_endpoint_is_one_sentence(
    endpoint: tuple[str, type[_Endpoint]],
    text: str,
    status: int,
    media: str,
    body: bytes,
    error: type[KoggeError],
    reason: str,
) -> None:
    url, handler = endpoint
    handler.answer = (status, media, body)
    with pytest.raises(error, match=f"^{re.escape(url)} .*{reason}"):
        remote.ask(url, text, None)


def test_a_long_query_is_posted_and_what_is_none_is_not_sent(endpoint: tuple[str, type[_Endpoint]]) -> None:
    url, handler = endpoint
    remote.ask(url, SELECT + " #" + "x" * 100_000, None)
    assert handler.asked == 1
    with pytest.raises(Forbidden, match="CLEAR is an update"):
        remote.ask(url, "CLEAR ALL", None)
    with pytest.raises(BadRequest, match="empty"):
        remote.ask(url, " ", None)
    assert handler.asked == 1


def test_an_endpoint_has_an_http_address_and_answers() -> None:
    with pytest.raises(BadRequest, match="http"):
        remote.ask("file:///etc/hostname", "ASK {}", None)
    for address in ("http://", "http://[::1/sparql", "http://a b/", "http://a:x/", "http://a\n/", "sparql"):
        with pytest.raises(BadRequest, match="no address of an endpoint"):
            remote.ask(address, "ASK {}", None)
    with pytest.raises(Unavailable, match="does not answer"):
        remote.ask("http://127.0.0.1:1/sparql", "ASK {}", None)


def test_blank_nodes_can_be_replaced(store: EmbeddedStore) -> None:
    store.replace_graph(G, [Triple(BlankNode("x"), P, Literal("1"))])
    store.replace_graph(G, [A])
    assert store.graph(G) == [A]


# Changes that belong together, and how much there is


def test_a_graph_is_amended_and_the_rest_of_it_stays(store: EmbeddedStore) -> None:
    store.replace_graphs({G: [A, B], H: [B]})
    store.amend(G, [A, B], [C])
    assert store.graph(G) == [C]
    everywhere = rows(store, "SELECT ?s { ?s ?p ?o }")
    assert everywhere == [("http://a.example/b",), ("http://a.example/c",)]  # B is still said by H


@given(
    changes=st.lists(
        st.tuples(
            st.sampled_from([G, H]),
            st.booleans(),
            st.lists(st.sampled_from([A, B, C, triple("a", "2")]), max_size=4),
            st.lists(st.sampled_from([A, B, C]), max_size=3),
        ),
        max_size=8,
    )
)
def test_the_size_is_known_without_counting(
    changes: list[tuple[str, bool, list[Triple], list[Triple]]],
) -> None:
    store = EmbeddedStore()
    assert store.size == 0
    for graph, whole, added, removed in changes:
        if whole:
            store.replace_graph(graph, added)
        else:
            store.amend(graph, removed, added)
        assert store.size == len(store.engine)


def test_a_number_that_is_written_in_two_ways_is_counted_once(store: EmbeddedStore) -> None:
    decimal = NamedNode("http://www.w3.org/2001/XMLSchema#decimal")
    assert store.size == 0
    store.replace_graph(
        G, [Triple(P, P, Literal(text, datatype=decimal)) for text in ("1.50", "01.5", "1.5")]
    )
    assert store.size == len(store.engine) == 2


def test_graphs_that_are_filled_in_are_as_those_that_are_replaced(store: EmbeddedStore) -> None:
    odd = Triple(NamedNode("http://a.example/b"), P, Literal(" .\n \u00e4 <x> _:"))
    graphs = {G: [A, odd], H: [A, B], "http://a.example/none": []}
    store.fill({iri: syntax.canonical(triples) for iri, triples in graphs.items()})
    other = EmbeddedStore()
    other.replace_graphs(graphs)
    assert (store.dump(), store.state, store.size) == (other.dump(), other.state, other.size)
    node = Triple(BlankNode("n"), P, Literal("1"))
    store.fill({"http://a.example/n": syntax.canonical([node])})
    assert rows(store, "SELECT ?n { ?n ?p '1' . GRAPH ?g { ?n ?p '1' } FILTER(isBlank(?n)) }")


def test_changes_that_belong_together_are_seen_together(store: EmbeddedStore) -> None:
    store.replace_graph(G, [A])
    before, commits = store.state, store.commits
    seen: list[tuple[str, int]] = []

    def look() -> None:
        seen.append((store.state, store.commits))

    with store.changing():
        store.replace_graph(G, [B])
        assert store.state != before
        reader = threading.Thread(target=look)
        reader.start()
        reader.join()
        store.replace_graph(H, [C])
    assert seen == [(before, commits)]
    assert store.state != before
    assert store.commits == commits + 1


def test_a_change_that_fails_half_way_is_not_shown(store: EmbeddedStore) -> None:
    store.replace_graph(G, [A])
    before, commits = store.state, store.commits

    def fail() -> None:
        with store.changing():
            store.replace_graph(G, [B])
            raise ValueError("half-way")

    with pytest.raises(ValueError, match="half-way"):
        fail()
    assert (store.state, store.commits) == (before, commits)
    with store.changing():
        pass
    assert store.state != before
    assert store.commits == commits + 1


def test_no_snapshot_is_taken_in_the_middle_of_a_change(tmp_path: Path) -> None:
    store = EmbeddedStore(tmp_path / "store")
    store.replace_graph(G, [A])
    with store.changing():
        store.replace_graph(G, [B])
        taking = threading.Thread(target=store.backup, args=(str(tmp_path / "copy"),))
        taking.start()
        taking.join(0.2)
        assert taking.is_alive()
        store.replace_graph(H, [C])
    taking.join()
    copy = EmbeddedStore(tmp_path / "copy")
    assert (copy.graph(G), copy.graph(H)) == ([B], [C])


def test_a_store_is_cleared_and_opened_anew(store: EmbeddedStore) -> None:
    store.replace_graphs({G: [A], H: [B]})
    store.reopen()
    assert store.size == len(store.engine) == 4
    store.clear()
    assert (store.size, store.graphs(), store.state) == (0, [], EmbeddedStore().state)


def test_a_commit_does_not_look_at_every_graph(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = EmbeddedStore(tmp_path / "store")
    graphs = [names.graph("luebeck", f"g{n}") for n in range(20)]
    store.replace_graphs({graph: [_about(graph, "1")] for graph in graphs})
    looked: list[str] = []
    named = store._names

    def looking() -> Iterator[str]:
        looked.append("all")
        return named()

    monkeypatch.setattr(store, "_names", looking)
    store.replace_graph(graphs[0], [_about(graphs[0], "2")])
    store.amend(graphs[1], [_about(graphs[1], "1")], [_about(graphs[1], "2")])
    assert looked == []
    store.close()
    again = EmbeddedStore(tmp_path / "store")  # there is one mark, and it is right
    assert (again.intact, again.size) == (True, 40)
    again.close()


def _about(graph: str, value: str) -> Triple:
    return Triple(NamedNode(graph), NamedNode(names.KOGGE + "motto"), Literal(value))
