"""The W3C suites of the query language, asked over HTTP: evaluation and syntax."""

from __future__ import annotations

import re
from typing import Any, Final

import pytest

from . import answers
from .conftest import Scratch
from .manifest import Case, cases, iri_of, params, triples

EVALUATION: Final = {
    "aggregates": 47,
    "bind": 10,
    "bindings": 11,
    "cast": 6,
    "construct": 7,
    "exists": 6,
    "functions": 75,
    "grouping": 6,
    "negation": 12,
    "project-expression": 7,
    "property-path": 33,
    "subquery": 14,
}
SYNTAX: Final = 94
DEFAULT: Final = "urn:conformance:default"


@pytest.mark.parametrize("folder", [*EVALUATION, "syntax-query"])
def test_each_suite_has_the_cases_that_are_known(folder: str) -> None:
    assert len(cases(folder)) == EVALUATION.get(folder, SYNTAX)


@pytest.mark.parametrize("case", params(*EVALUATION, kinds=("QueryEvaluationTest",)))
def test_a_query_gives_the_answer_of_the_suite(scratch: Scratch, case: Case) -> None:
    assert case.text
    assert case.result
    fill(scratch, case)
    expected = answers.read_expected(case.result)
    accept = answers.MEDIA[case.result.suffix]
    if isinstance(expected, list) and case.result.suffix == ".ttl":  # rows, written as a graph
        accept = answers.MEDIA[".srj"]
    ordered = is_ordered(case.text.read_text("utf-8"))
    for dataset in datasets(case):
        response = ask(scratch, case, {"Accept": accept}, dataset)
        assert response.status_code == 200, response.text
        found = answers.read(response.content, response.headers["content-type"])
        assert answers.same(expected, found, ordered=ordered), (
            f"{dataset}\nexpected {show(expected)}\nfound {show(found)}"
        )


@pytest.mark.parametrize("case", params(*EVALUATION, "syntax-query", kinds=("PositiveSyntaxTest11",)))
def test_a_query_that_is_one_is_answered(scratch: Scratch, case: Case) -> None:
    scratch.fill({})
    response = ask(scratch, case, {}, {})
    assert response.status_code == 200, response.text


@pytest.mark.parametrize("case", params(*EVALUATION, "syntax-query", kinds=("NegativeSyntaxTest11",)))
def test_a_query_that_is_none_is_a_bad_request(scratch: Scratch, case: Case) -> None:
    response = ask(scratch, case, {}, {})
    assert response.status_code == 400, response.text
    assert response.headers["content-type"] == "application/problem+json"


def test_every_case_is_of_a_kind_that_is_tested() -> None:
    kinds = {case.kind for case in cases(*EVALUATION, "syntax-query")}
    assert kinds == {"QueryEvaluationTest", "PositiveSyntaxTest11", "NegativeSyntaxTest11"}


def fill(scratch: Scratch, case: Case) -> None:
    graphs = {name: triples(path) for name, path in case.graphs}
    if case.data:
        graphs[DEFAULT] = [triple for path in case.data for triple in triples(path)]
    scratch.fill(graphs)


def datasets(case: Case) -> list[dict[str, Any]]:
    """The ways to ask for the dataset of a test: by the parameters of the protocol, and plainly.

    Plainly, all graphs of the store are asked, so that there must be no others than the default one; or the
    query says FROM, which the parameters would override.
    """
    assert case.text
    words = set(re.findall(r"\w+", case.text.read_text("utf-8").upper()))
    if "FROM" in words:
        return [{}]
    said = {"default-graph-uri": DEFAULT, "named-graph-uri": [name for name, _ in case.graphs]}
    return [said] if case.graphs or "GRAPH" in words else [said, {}]


def ask(scratch: Scratch, case: Case, headers: dict[str, str], dataset: dict[str, Any]) -> Any:
    """The response to the query of a test; its relative IRIs are those of the suite."""
    assert case.text
    base = f"BASE <{iri_of(case.text)}>\n".encode() if case.kind == "QueryEvaluationTest" else b""
    return scratch.client.post(
        "/sparql",
        params=dataset,
        content=base + case.text.read_bytes(),
        headers={"Content-Type": "application/sparql-query", **headers},
    )


def is_ordered(query: str) -> bool:
    """Whether the rows of the whole answer have an order: an ORDER BY after the last brace."""
    return "ORDER BY" in query.upper().rpartition("}")[2]


def show(answer: Any) -> str:
    """An answer in lines that can be compared by eye."""
    if isinstance(answer, bool):
        return str(answer)
    return "\n".join(["", *sorted(str(each) for each in answer)])
