"""Completions while typing: what is found, in which order, with which labels."""

from __future__ import annotations

import time
from functools import cache
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kogge import names, publish
from kogge.errors import BadRequest
from kogge.expertise.suggest import Suggestion, suggest
from kogge.expertise.understand import Lexicon
from kogge.store.embedded import EmbeddedStore


@cache
def lexicon() -> Lexicon:
    store = EmbeddedStore()
    publish.load(store)
    return Lexicon.build(store)


def found(text: str, lang: str = "de", limit: int = 10) -> list[str]:
    return [f"{one.kind}/{names.slug_of(one.iri)}" for one in suggest(lexicon(), text, lang, limit)]


@pytest.mark.parametrize(
    ("text", "lang", "first"),
    [
        ("wassers", "de", "topic/wasserstoff"),
        ("WASSERSTOFF", "de", "topic/wasserstoff"),
        ("hydro", "de", "topic/wasserstoff"),
        ("waterst", "en", "topic/wasserstoff"),
        ("lüb", "de", "municipality/luebeck"),
        ("lub", "de", "municipality/luebeck"),
        ("Lueb", "en", "municipality/luebeck"),
        ("smarte h", "de", "alliance/smarte-hanse"),
        ("regio.h", "de", "alliance/regio-hub"),
        ("innovationsm", "de", "project/innovationsmobil"),
        ("barcamp s", "en", "event/barcamp-smart-water"),
        ("mpsc", "de", "programme/mpsc"),
        ("belzig", "de", "municipality/bad-belzig"),
        ("daklo", "nl", "topic/obdachlosigkeit"),
    ],
)
def test_the_beginning_of_a_word_of_a_label_is_completed(text: str, lang: str, first: str) -> None:
    assert found(text, lang)[0] == first


def test_a_completion_tells_label_kind_language_and_what_matched() -> None:
    assert suggest(lexicon(), "hydrog", "de", 1) == [
        Suggestion("Wasserstoff", "topic", names.topic("wasserstoff"), "de", "hydrogen")
    ]
    (hidden,) = suggest(lexicon(), "Müllabf", "de", 1)
    assert (hidden.label, hidden.matched) == ("Abfallmanagement", "Abfallmanagement")
    (foreign,) = suggest(lexicon(), "Innovationsmob", "nl", 1)
    assert (foreign.label, foreign.lang) == ("Innovationsmobil", "de")


def test_preferred_labels_in_the_own_language_come_before_others_and_inner_words() -> None:
    ranked = suggest(lexicon(), "energ", "de", 50)
    preferred = [one.label == one.matched and one.label.startswith("Energ") for one in ranked]
    assert preferred == sorted(preferred, reverse=True)
    assert ranked[0].label == "Energie"
    inner = [one.matched for one in ranked if not one.matched.casefold().startswith("energ")]
    assert "Projekte zu Nachhaltigkeit und Energie in Groningen" in inner


def test_topics_come_before_places_and_places_before_things() -> None:
    kinds = [one.kind for one in suggest(lexicon(), "w", "de", 20) if one.matched == one.label]
    first = {kind: kinds.index(kind) for kind in dict.fromkeys(kinds)}
    assert first.get("topic", 0) < first.get("municipality", 99)


def test_each_thing_comes_once_and_people_never() -> None:
    for text in ("s", "j", "jan", "lindenau", "e"):
        iris = [one.iri for one in suggest(lexicon(), text, "de", 50)]
        assert len(set(iris)) == len(iris)
        assert not any(names.kind_of(iri) == "person" for iri in iris)


@pytest.mark.parametrize("parameters", [{"lang": "fr"}, {"limit": 0}, {"limit": 51}], ids=str)
def test_a_parameter_that_cannot_be_meant_is_refused(parameters: dict[str, Any]) -> None:
    with pytest.raises(BadRequest):
        suggest(lexicon(), "wasser", **parameters)


@given(st.text(max_size=40), st.sampled_from(names.LANGUAGES), st.integers(1, 50))
def test_any_text_is_completed_in_the_same_way_again(text: str, lang: str, limit: int) -> None:
    first = suggest(lexicon(), text, lang, limit)
    assert first == suggest(lexicon(), text, lang, limit)
    assert len(first) <= limit
    assert first[: limit // 2] == suggest(lexicon(), text, lang, max(1, limit // 2))[: limit // 2]


def test_it_is_fast_even_for_one_letter_and_long_texts() -> None:
    for text in ("s", "e", "x" * 10_000, "?!" * 5000, ""):
        begun = time.perf_counter()
        suggest(lexicon(), text, "de")
        assert time.perf_counter() - begun < 0.1
