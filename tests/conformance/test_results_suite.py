"""The W3C suites of the result formats: JSON, CSV and TSV, and XML by the side."""

from __future__ import annotations

from typing import Any, Final

import pytest

from . import answers
from .conftest import Scratch
from .manifest import Case, cases, params, triples

CASES: Final = {"csv-tsv-res": 6, "json-res": 4}
DEFAULT: Final = "urn:conformance:default"
FORMATS: Final = (".srx", ".srj", ".csv", ".tsv")


@pytest.mark.parametrize("folder", CASES)
def test_each_suite_has_the_cases_that_are_known(folder: str) -> None:
    assert len(cases(folder)) == CASES[folder]


@pytest.mark.parametrize("case", params(*CASES))
def test_a_result_is_written_as_the_suite_writes_it(scratch: Scratch, case: Case) -> None:
    assert case.text
    assert case.result
    media = answers.MEDIA[case.result.suffix]
    scratch.fill({DEFAULT: [triple for path in case.data for triple in triples(path)]})
    response = scratch.client.get(
        "/sparql", params={"query": case.text.read_text("utf-8")}, headers={"Accept": media}
    )
    assert response.status_code == 200, response.text
    assert response.headers["content-type"].partition(";")[0] == media
    expected = answers.read(case.result.read_bytes(), media)
    found = answers.read(response.content, media)
    assert answers.same(expected, found), f"expected {expected}\nfound {found}"
    if not isinstance(expected, bool):
        assert answers.variables(response.content, media) == answers.variables(
            case.result.read_bytes(), media
        )


@pytest.mark.parametrize("case", cases(*CASES), ids=lambda case: case.id)
def test_all_formats_of_a_result_say_the_same(scratch: Scratch, case: Case) -> None:
    assert case.text
    scratch.fill({DEFAULT: [triple for path in case.data for triple in triples(path)]})
    found: list[Any] = []
    for suffix in FORMATS:
        response = scratch.client.post(
            "/sparql",
            data={"query": case.text.read_text("utf-8")},
            headers={"Accept": answers.MEDIA[suffix]},
        )
        if response.status_code == 406:  # there is no CSV and no TSV of a truth value
            assert suffix in (".csv", ".tsv")
            assert isinstance(found[0], bool)
            continue
        assert response.status_code == 200, response.text
        found.append(answers.read(response.content, answers.MEDIA[suffix]))
    rows = [each for each in found if has_terms(each)]
    assert len(found) >= 2
    assert all(answers.same(rows[0], each) for each in rows)


def has_terms(answer: Any) -> bool:
    """Whether an answer has terms, which CSV has not: it has texts."""
    cells = [] if isinstance(answer, bool) else [cell for row in answer for cell in row.values()]
    return not any(isinstance(cell, str) for cell in cells)
