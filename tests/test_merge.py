"""Several graphs as one default graph: each triple counts once, however the graphs are named."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence

import pyoxigraph as ox
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyoxigraph import BlankNode, NamedNode, Quad

from kogge.errors import BadRequest, Unreadable
from kogge.store import merge
from kogge.store.evaluate import Query, evaluate

BOTH = "SELECT (COUNT(*) AS ?n) %s WHERE { ?s ?p ?o }"
SAID = "said-by-all"


def node(name: str) -> NamedNode:
    return NamedNode(f"urn:{name}")


def filled(graphs: Mapping[str, Iterable[str]]) -> ox.Store:
    store = ox.Store()
    for graph, things in graphs.items():
        store.extend(
            Quad(node(thing.replace(" ", "-")), node("p"), node("o"), node(graph)) for thing in things
        )
    return store


@pytest.fixture(scope="module")
def store() -> ox.Store:
    return filled({"a": [SAID, "1"], "b": [SAID, "2", "3"], "c": [SAID], "d": ["4"]})


def rows(
    store: ox.Store, text: str, default: Sequence[str] = (), named: Sequence[str] = ()
) -> list[list[str]]:
    query = Query(text, default_graphs=tuple(default), named_graphs=tuple(named), base="urn:x:/here/")
    found = json.loads(evaluate(store, query, None).body)["results"]["bindings"]
    return sorted(sorted(cell["value"] for cell in row.values()) for row in found)


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("FROM <urn:a> FROM <urn:b>", 4),
        ("FROM <urn:a> FROM <urn:b> FROM <urn:c>", 4),
        ("FROM <urn:a> FROM <urn:d>", 3),
        ("FROM <urn:a> FROM <urn:a>", 2),
        ("FROM <urn:a>", 2),
        ("from<urn:a>#FROM <urn:d>\n\tFrom <urn:b>", 4),
        ("FROM u:a FROM u:b", 4),
        ("FROM # one\n u:a FROM NAMED <urn:d> FROM <urn:b>", 4),
        ("FROM <urn:a> FROM <urn:none>", 2),
        ("FROM NAMED <urn:a> FROM NAMED <urn:b>", 0),
        ("FROM from:a FROM from:b", 4),
        ("FROM <\\u0075rn:a> FROM <urn:b>", 4),
    ],
)
def test_the_graphs_after_from_are_one_set(store: ox.Store, said: str, expected: int) -> None:
    prologue = "# FROM <urn:d> SELECT\nPREFIX u: <urn:> PREFIX from: <urn:> BASE <urn:FROM> "
    assert rows(store, prologue + BOTH % said) == [[str(expected)]]


def test_from_in_a_text_a_comment_or_a_name_names_no_graph(store: ox.Store) -> None:
    text = """PREFIX from: <urn:> SELECT (COUNT(*) AS ?n) # FROM <urn:a> FROM <urn:b>
        WHERE { ?from from:p ?o FILTER(?o != "FROM <urn:a>" && ?o != 'from') }"""
    assert rows(store, text) == [["0"]]  # nothing stands in the default graph of this store
    assert rows(store, text, ["urn:a", "urn:b", "urn:b"]) == [["4"]]


@pytest.mark.parametrize("form", ["ASK", "CONSTRUCT", "CONSTRUCT { ?s ?p ?o }", "DESCRIBE ?s"])
def test_every_form_takes_several_graphs(store: ox.Store, form: str) -> None:
    result = evaluate(store, Query(f"{form} FROM <urn:a> FROM <urn:b> WHERE {{ ?s ?p ?o }}"), None)
    assert result.rows == (1 if form == "ASK" else 4)


def test_relative_graphs_are_those_of_the_base() -> None:
    store = filled({"x:/here/a": [SAID], "x:/here/b": [SAID], "x:/there/b": ["1"]})
    assert rows(store, BOTH % "FROM <a> FROM <b>") == [["1"]]
    assert rows(store, "BASE <urn:x:/there/> " + BOTH % "FROM <../here/a> FROM <b>") == [["2"]]


def test_the_request_overrides_the_query_and_keeps_its_named_graphs(store: ox.Store) -> None:
    text = "SELECT ?g ?s FROM <urn:d> FROM NAMED <urn:d> WHERE { ?s ?p ?o GRAPH ?g { ?s ?p ?o } }"
    shared = f"urn:{SAID}"
    assert rows(store, text, ["urn:a", "urn:b"], ["urn:b", "urn:c"]) == [
        ["urn:2", "urn:b"],
        ["urn:3", "urn:b"],
        ["urn:b", shared],
        ["urn:c", shared],
    ]
    assert rows(store, text, ["urn:a", "urn:b"]) == []


def test_a_blank_node_of_the_merge_is_that_of_its_graph() -> None:
    blank = BlankNode()
    store = ox.Store()
    store.extend(Quad(blank, node("p"), node("o"), node(graph)) for graph in "ab")
    text = "SELECT ?g FROM u:a FROM u:b FROM NAMED u:b { ?s ?p ?o GRAPH ?g { ?s ?p ?o } }"
    assert rows(store, "PREFIX u: <urn:> " + text) == [["urn:b"]]


def test_what_is_wrong_is_told_of_the_query_itself(store: ox.Store) -> None:
    with pytest.raises(Unreadable) as wrong:
        rows(store, "SELECT *\nFROM <urn:a> FROM none:b {}")
    assert wrong.value.line == 2
    with pytest.raises(BadRequest, match="no IRI"):
        rows(store, "ASK {}", ["not an iri", "urn:a"])


def test_a_store_is_copied_only_where_a_triple_repeats(store: ox.Store) -> None:
    def asked(*default: str) -> ox.Store:
        return merge.dataset(store, "ASK {}", None, default, ())[0]

    assert asked() is asked("urn:a") is asked("urn:a", "urn:a") is asked("urn:a", "urn:d") is store
    assert asked("urn:a", "urn:b") is not store
    text = "SELECT * FROM NAMED <urn:a> FROM <urn:b> {}"
    assert merge.dataset(store, text, None, (), ()) == (store, {})


names = st.sampled_from("abc")


@given(st.dictionaries(names, st.sets(st.sampled_from("12345")), max_size=3), st.lists(names, max_size=4))
def test_a_default_graph_is_the_set_of_what_its_graphs_say(
    graphs: dict[str, set[str]], of: list[str]
) -> None:
    store = filled(graphs)
    expected = sorted({f"urn:{thing}" for graph in of for thing in graphs.get(graph, ())})
    text = "PREFIX u: <urn:> SELECT ?s %s { ?s ?p ?o }"
    assert rows(store, text % "", [f"urn:{graph}" for graph in of]) == [[each] for each in expected]
    assert rows(store, text % " ".join(f"FROM u:{graph}" for graph in of)) == [[each] for each in expected]
