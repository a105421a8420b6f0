"""The lookup on the questions of `cases/lookup.toml`: who must come does, and nobody else is proven."""

from __future__ import annotations

import importlib.util
import sys
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

BENCH = Path(__file__).resolve().parents[1] / "bench" / "lookup_quality.py"
LEAST = 785  # all that there are: none is lost unseen


@cache
def quality() -> ModuleType:
    """The benchmark, which judges the same questions."""
    found = importlib.util.spec_from_file_location("lookup_quality", BENCH)
    assert found, f"{BENCH.name} is not there"
    assert found.loader
    module = importlib.util.module_from_spec(found)
    sys.modules[found.name] = module
    found.loader.exec_module(module)
    return module


@cache
def judgements() -> list[Any]:
    lookup = quality().repository()
    return [quality().judge(lookup, case) for case in quality().cases()]


def test_the_cases_are_many_different_and_in_three_languages() -> None:
    cases = quality().cases()
    assert len(cases) >= LEAST
    assert len({case.text for case in cases}) == len(cases)
    assert {case.kind for case in cases} >= {
        *("short", "sentence", "inflected", "compound", "typo", "filter", "name", "seeks", "ambiguous"),
        *("nobody", "off-topic"),
    }
    assert all(case.may.isdisjoint(case.must) or case.must for case in cases)
    assert all(set(case.first) <= case.must for case in cases)


def test_the_lookup_is_good_enough() -> None:
    figures = quality().Figures.of(judgements())
    print(quality().table(judgements()))  # noqa: T201
    assert figures.hit_at_3 >= 0.95
    assert figures.precision >= 0.98
    assert figures.recall >= 0.95


@pytest.mark.parametrize("kind", ["off-topic", "nobody"])
def test_nobody_is_proven_where_nobody_knows(kind: str) -> None:
    assert [one.case.text for one in judgements() if one.case.kind == kind and one.proven] == []


def test_words_that_nobody_can_understand_are_told() -> None:
    told = [one for one in judgements() if one.case.unknown is not None]
    assert told
    assert [(one.case.text, one.unknown) for one in told if one.unknown != one.case.unknown] == []


def test_those_who_must_come_first_do() -> None:
    wrong = [(one.case.text, one.proven[:3]) for one in judgements() if not one.in_order]
    assert len(wrong) <= len(judgements()) // 50, wrong
