"""The comparison itself: an answer that is a little different is another answer."""

from __future__ import annotations

import pytest
from pyoxigraph import BlankNode, Dataset, Literal, NamedNode, Quad

from .answers import Row, read, same

A, B = NamedNode("urn:a"), NamedNode("urn:b")
X, Y = BlankNode("x"), BlankNode("y")
XSD = "http://www.w3.org/2001/XMLSchema#"


def number(text: str, kind: str) -> Literal:
    return Literal(text, datatype=NamedNode(XSD + kind))


@pytest.mark.parametrize(
    ("expected", "found"),
    [
        ([], []),
        ([{"s": A}, {"s": B}, {"s": A}], [{"s": A}, {"s": A}, {"s": B}]),
        ([{"s": X, "o": Y}, {"s": Y, "o": X}], [{"s": X, "o": Y}, {"s": Y, "o": X}]),
        ([{"s": X}, {"s": Y}, {"s": X}], [{"s": Y}, {"s": Y}, {"s": X}]),
        ([{"s": number("1.0", "decimal")}], [{"s": number("1", "decimal")}]),
        ([{"s": number("1", "boolean")}], [{"s": number("true", "boolean")}]),
        ([{"s": "_:a", "o": "1"}], [{"s": "_:b", "o": "1"}]),
    ],
)
def test_answers_that_say_the_same(expected: list[Row], found: list[Row]) -> None:
    assert same(expected, found)


@pytest.mark.parametrize(
    ("expected", "found"),
    [
        ([], [{}]),
        ([{"s": A}], [{"s": B}]),
        ([{"s": A}], [{"o": A}]),
        ([{"s": A}], [{"s": A, "o": A}]),
        ([{"s": A}, {"s": B}], [{"s": A}, {"s": A}]),
        ([{"s": A}], [{"s": X}]),
        ([{"s": X, "o": X}], [{"s": X, "o": Y}]),
        ([{"s": X, "o": Y}], [{"s": X, "o": X}]),
        ([{"s": X}, {"s": X}], [{"s": X}, {"s": Y}]),
        ([{"s": number("1", "decimal")}], [{"s": number("1", "integer")}]),
        ([{"s": number("1", "boolean")}], [{"s": number("false", "boolean")}]),
        ([{"s": Literal("a", language="de")}], [{"s": Literal("a", language="en")}]),
        ([{"s": Literal("a")}], [{"s": Literal("a", language="en")}]),
        ([{"s": "_:a", "o": "_:a"}], [{"s": "_:a", "o": "_:b"}]),
    ],
)
def test_answers_that_differ(expected: list[Row], found: list[Row]) -> None:
    assert not same(expected, found)
    assert not same(found, expected)


def test_the_order_counts_where_there_is_one() -> None:
    rows: list[Row] = [{"s": A}, {"s": B}]
    assert same(rows, rows, ordered=True)
    assert not same(rows, rows[::-1], ordered=True)
    assert same(rows, rows[::-1])


def test_graphs_and_truth_values_are_compared_by_what_they_say() -> None:
    one = Dataset([Quad(X, A, Y), Quad(Y, A, B)])
    assert same(one, Dataset([Quad(Y, A, X), Quad(X, A, B)]))
    assert not same(one, Dataset([Quad(X, A, Y), Quad(X, A, B)]))
    assert same(True, read(b'{"head":{},"boolean":true}', "application/sparql-results+json"))
    assert not same(True, False)
    assert not same(True, [])
