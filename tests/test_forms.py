"""Forms: what is typed becomes triples, and what triples say is typed again, so that it can be mended."""

from __future__ import annotations

import unicodedata
from datetime import UTC, date, datetime
from typing import Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyoxigraph import Literal, NamedNode, RdfFormat, Triple

from kogge import heading, media, names, syntax
from kogge.contribution import fields as forms
from kogge.contribution import lists
from kogge.contribution.fields import Input
from kogge.contribution.filled import Filled, filled, pointed
from kogge.contribution.own import Rights
from kogge.contribution.sheet import read_sheets
from kogge.ledger import Partner, Sending

Typed = dict[str, str]
OWNER: Final = "luebeck"
KINDS = pytest.mark.parametrize("kind", forms.KINDS)
_WEB: Final = st.from_regex(
    r"https?://[a-z]{1,9}\.[a-z]{2,3}(/[a-zA-Z0-9._~&=?-]{0,12}(%20)?(#[a-z]{0,3})?)?", fullmatch=True
)

CONTACTS: Final = {
    names.thing("contact", f"{OWNER}/{names.slugify(name)}"): name
    for name in ("Stabsstelle Digitales", "Büro für Hafen", "Presse")
}
KNOWN: Final = lists.facts().extended(
    triple
    for iri, name in CONTACTS.items()
    for triple in (
        Triple(NamedNode(iri), NamedNode(names.RDF + "type"), NamedNode(names.KOGGE + "Contact")),
        Triple(NamedNode(iri), NamedNode(names.SKOS + "prefLabel"), Literal(name, language="de")),
    )
)


def said(kind: str, typed: Typed, lang: str, thing: str = "") -> tuple[str, bytes]:
    """The IRI of the thing that a form makes, and what it says as N-Triples."""
    sheets = read_sheets(forms.table(kind, typed, lang, thing), media.CSV, Rights(OWNER), lang, KNOWN)
    assert [each.message for each in sheets.findings if each.severity == "violation"] == []
    [made] = sheets.things
    content = syntax.canonical(made.triples)
    return str(made.triples[0].subject).strip("<>"), content


def again(content: bytes, lang: str) -> Filled:
    found = filled(content, OWNER, lang, CONTACTS)
    assert found is not None, content.decode()
    return found


# What people type


def texts() -> st.SearchStrategy[str]:
    """A text as a cell keeps it: composed, without blanks at its ends, and no formula."""
    letters = st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Cf", "Co", "Cn", "Zl", "Zp"))
    some = st.text(letters | st.sampled_from('\n";,=@ äß'), max_size=40)
    kept = some.map(lambda text: unicodedata.normalize("NFC", text).strip())
    return kept.map(lambda text: f"Ein {text}".strip())


def dates(lang: str) -> st.SearchStrategy[str]:
    point = "-" if lang == "nl" else "."
    days = st.dates(date(1000, 1, 1), date(2099, 12, 31))
    return st.one_of(
        days.map(lambda day: f"{day.day:02}{point}{day.month:02}{point}{day.year:04}"),
        days.map(lambda day: f"{day.month:02}/{day.year:04}"),
        days.map(lambda day: f"{day.year:04}"),
        days.map(lambda day: f"{day.day:02}.{day.month:02}."),
    )


def values(each: Input, lang: str) -> st.SearchStrategy[str]:
    """What can be typed in a field of a column, as it is shown again."""
    if each.options:
        return st.sampled_from([option.value for option in each.options])
    if each.takes == "thing":
        classes = each.fields[0].head.column.classes
        known = lists.facts().of(classes, lang, under=names.ID)
        return st.sampled_from(known or [*CONTACTS.values()])
    kinds = {
        "text": texts(),
        "date": dates(lang),
        "link": _WEB,
        "mailbox": st.from_regex(r"[a-z]{1,9}@[a-z]{1,9}\.[a-z]{2,3}", fullmatch=True),
        "phone": st.from_regex(r"\+[1-9][0-9]( [0-9]{2,4}){2,3}", fullmatch=True),
    }
    return kinds[each.takes]


@st.composite
def typed_forms(draw: st.DrawFn, kind: str, lang: str) -> Typed:
    """A form with some of its fields filled: several values of a column differ, and stand in order."""
    typed: Typed = {}
    for group in forms.groups(kind, lang):
        for each in group.inputs:
            column = each.fields[0].head.column
            for spoken in names.LANGUAGES if column.languages else ("x",):
                most = (
                    1
                    if column.steps or column.key in ("name", "sort", "status", "cost")
                    else column.times + 2
                )
                least = int((each.required and spoken in ("x", lang)) or each.key == "sort")
                if least == 0 and not draw(st.booleans()):
                    continue
                some = draw(st.lists(values(each, lang), min_size=least, max_size=most, unique=True))
                for number, text in enumerate(
                    sorted(some, key=lambda text: (lists.alphabetical(text), text)), 1
                ):
                    typed[f"{each.key}-{spoken}-{number}"] = text
    return typed


@KINDS
@pytest.mark.parametrize("lang", names.LANGUAGES)
def test_what_is_typed_is_typed_again_from_what_it_says_in_any_language(kind: str, lang: str) -> None:
    @settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(typed_forms(kind, lang), st.sampled_from(names.LANGUAGES))
    def check(typed: Typed, other: str) -> None:
        thing, content = said(kind, typed, lang)
        found = again(content, lang)
        assert (found.kind, found.thing, found.typed) == (kind, thing, typed)
        assert said(kind, dict(again(content, other).typed), other, thing) == (thing, content)

    check()


# What no form can show

IRI: Final = names.thing("project", "luebeck/kai")
KAI: Final = f"""
<{IRI}> a kogge:Project ; skos:prefLabel "Kai"@de ; kogge:lead id:municipality\\/luebeck ;
    kogge:status kogge:running ; kogge:topic topic:parken .
"""


def content(turtle: str) -> bytes:
    prefixes = "".join(f"@prefix {name}: <{iri}> .\n" for name, iri in syntax.prefixes().items())
    return syntax.canonical(syntax.parse((prefixes + turtle).encode(), RdfFormat.TURTLE))


def test_a_graph_that_a_form_can_say_is_filled_in_whoever_wrote_it() -> None:
    found = again(content(KAI), "nl")
    assert (found.kind, found.thing) == ("project", IRI)
    assert found.typed == {
        "name-de-1": "Kai",
        "status-x-1": names.KOGGE + "running",
        "topic-x-1": names.topic("parken"),
        "lead-x-1": "Lübeck",
    }


@pytest.mark.parametrize(
    "more",
    [
        f'<{IRI}> skos:prefLabel "Quai"@fr .',
        f'<{IRI}> kogge:reviewedOn "2026-11-01"^^xsd:date .',
        f'<{IRI}> schema:startDate "2026-05-31Z"^^xsd:date .',
        f'<{IRI}> schema:startDate "Mai" .',
        f'<{IRI}> dcterms:description "=1+1"@de .',
        f'<{IRI}> dcterms:description " mit Rand "@de .',
        f"<{IRI}> kogge:topic <https://w3id.org/kogge/topic/gibt-es-nicht> .",
        f"<{IRI}> kogge:costBand kogge:open .",
        f"<{IRI}> foaf:page <mailto:info@luebeck.de> .",
        f"<{IRI}> dcterms:source id:document\\/gemeinsame-erklaerung-2017 .",
        f"<{IRI}> a kogge:Need .",
        "id:project\\/luebeck\\/andere a kogge:Project .",
        '<https://w3id.org/kogge/graph/luebeck/kai> dcterms:title "Mein Titel"@de .',
        " ".join(f"<{IRI}> kogge:partner id:organisation\\/x{number} ." for number in range(200)),
        " ".join(f"<{IRI}> foaf:page <https://luebeck.de/{number}> ." for number in range(2000)),
    ],
)
def test_what_a_form_cannot_say_whole_is_not_shown_in_one(more: str) -> None:
    assert filled(content(KAI + more), OWNER, "de", {}) is None


@pytest.mark.parametrize("nothing", ["", "id:statement\\/luebeck\\/wort a kogge:Statement ."])
def test_what_has_no_form_is_not_shown_in_one(nothing: str) -> None:
    assert filled(content(nothing), OWNER, "de", {}) is None


def test_things_are_called_so_that_no_other_is_meant() -> None:
    own, others = names.thing("project", "luebeck/parken"), names.thing("project", "kiel/parken")
    body = content(f"{KAI} <{IRI}> kogge:reusedFrom <{own}>, <{others}>, <https://example.org/x> .")
    assert pointed(body, OWNER) == {own}
    found = filled(body, OWNER, "de", {own: "Parken am Hafen", others: "Parken"})
    assert found is not None
    assert [found.typed[f"reused-x-{number}"] for number in (1, 2, 3)] == [
        "https://example.org/x",
        "Parken am Hafen",
        "project/kiel/parken",
    ]
    known = filled(body, OWNER, "de", {own: "Lübeck"})  # the city is meant by that name
    assert known is not None
    assert "project/luebeck/parken" in known.typed.values()


# The heading, which nobody types


def headed(body: bytes, title: str = "Hansestadt Lübeck") -> bytes:
    partner = Partner("luebeck", title, ("municipality/luebeck",))
    return heading.headed(
        Sending(GRAPH, "text/turtle", body, body), partner, b"", datetime(2026, 11, 30, tzinfo=UTC)
    )


GRAPH: Final = names.graph("luebeck", "kai")


@pytest.mark.parametrize("title", ["Hansestadt Lübeck", "Beitrag von: kai", ": kai", '"<>"'])
def test_the_heading_that_was_written_for_a_graph_is_left_out_again(title: str) -> None:
    body = content(KAI)
    assert headed(body, title) != body
    assert heading.bare(headed(body, title), GRAPH) == body
    sourced = content(f"{KAI} <{IRI}> dcterms:source id:document\\/x . id:document\\/x a foaf:Document .")
    assert heading.bare(headed(sourced), GRAPH) == sourced
    assert heading.bare(body, GRAPH) == body


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("Beitrag von Hansestadt Lübeck: kai", "Unsere Liste"),
        ("CC_BY_4_0", "CC0"),
        ("void#Dataset", "void#Linkset"),
    ],
)
def test_a_heading_of_the_senders_own_is_not_left_out(old: str, new: str) -> None:
    body = headed(content(KAI)).decode()
    assert old in body
    own = syntax.canonical(syntax.parse(body.replace(old, new).encode(), RdfFormat.N_TRIPLES))
    assert heading.bare(own, GRAPH) == own
