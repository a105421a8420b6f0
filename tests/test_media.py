"""Content negotiation (RFC 9110, section 12.5.1)."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kogge import media
from kogge.errors import NotAcceptable
from kogge.media import CSV, HTML, JSON, JSON_LD, SPARQL_JSON, SPARQL_XML, TABLE, TURTLE, MediaType, choose

OFFERED = (TURTLE, JSON_LD, HTML)


@pytest.mark.parametrize(
    ("accept", "chosen"),
    [
        (None, TURTLE),
        ("", TURTLE),
        ("*/*", TURTLE),
        ("text/html", HTML),
        ("TEXT/HTML", HTML),
        ("text/*", TURTLE),
        ("text/*;q=0.5, text/html", HTML),
        ("application/*", JSON_LD),
        ("application/json", JSON_LD),
        ("text/turtle;q=0.2, application/ld+json;q=0.8", JSON_LD),
        ("text/turtle;q=0, */*", JSON_LD),
        ("*/*;q=0.1, text/turtle;q=0", JSON_LD),
        ("text/html;level=1", HTML),
        ("text/html; charset=utf-8; q=0.3, text/turtle; q=0.4", TURTLE),
        ("application/xhtml+xml, text/html;q=0.9, */*;q=0.8", HTML),
        ("image/png, text/turtle;q=0.001", TURTLE),
        ("nonsense, */html, text/html;q=9, ;;;", TURTLE),
        ("nonsense, application/ld+json", JSON_LD),
    ],
)
def test_the_most_wanted_type_is_chosen(accept: str | None, chosen: MediaType) -> None:
    assert choose(accept, OFFERED) == chosen


@pytest.mark.parametrize("accept", ["image/png", "text/turtle;q=0", "*/*;q=0", "text/csv, image/*"])
def test_what_is_offered_is_named_where_nothing_fits(accept: str) -> None:
    with pytest.raises(NotAcceptable, match="text/turtle, application/ld\\+json, text/html"):
        choose(accept, OFFERED)


def test_json_and_xml_mean_the_special_types() -> None:
    assert choose("application/json", (SPARQL_XML, SPARQL_JSON)) == SPARQL_JSON
    assert choose("application/xml", (SPARQL_JSON, SPARQL_XML)) == SPARQL_XML


def test_text_says_its_encoding() -> None:
    assert CSV.content_type == "text/csv; charset=utf-8"
    assert JSON.content_type == "application/json"


def test_what_an_endpoint_answers_with_has_a_name_at_the_w3c() -> None:
    formats = [row.format for row in (*media.ROWS, *media.GRAPHS)]
    assert all(formats)
    assert len(set(formats)) == len(formats) == 10


def test_no_type_is_in_the_table_twice() -> None:
    assert len({row.type for row in TABLE}) == len(TABLE)
    assert set(media.GRAPHS) | set(media.ROWS) < set(TABLE)


part = st.one_of(
    st.sampled_from([*(row.type for row in TABLE), "*/*", "text/*", "application/*", "*/html", ""]),
    st.text(max_size=12),
)
quality = st.one_of(st.just(""), st.builds(";q={}".format, st.one_of(st.floats(), st.text(max_size=6))))
header = st.one_of(st.text(), st.lists(st.builds("{}{}".format, part, quality)).map(",".join))


@given(header, st.lists(st.sampled_from(TABLE), min_size=1, unique=True))
def test_any_header_gives_an_offered_type_or_a_refusal(accept: str, offered: list[MediaType]) -> None:
    with contextlib.suppress(NotAcceptable):
        assert choose(accept, offered) in offered
