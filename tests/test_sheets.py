"""Spreadsheets: the template, what people make of it, and what strangers might."""

from __future__ import annotations

import asyncio
import contextlib
import io
import re
import zipfile
from collections.abc import Callable, Mapping
from datetime import date, datetime, time
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyoxigraph import Literal, NamedNode, Store, Triple

from kogge import artefacts, cli, media, names, publish, questions, syntax, table
from kogge.contribution import cells, columns, form, lists, workbook
from kogge.contribution.cells import Odd
from kogge.contribution.choices import Choices
from kogge.contribution.files import facts
from kogge.contribution.judge import Judged, Sent, judge
from kogge.contribution.own import Rights
from kogge.contribution.reader import Reader
from kogge.contribution.sheet import read_sheets
from kogge.contribution.template import EXAMPLE, FIRST, HEADINGS, template
from kogge.contribution.told import Sheets, reworded
from kogge.desk import Desk
from kogge.errors import BadRequest, KoggeError, TooLarge, Unprocessable, Unreadable, UnsupportedType
from kogge.rules import Finding
from kogge.settings import Settings
from kogge.store.crew import Crew, Lane
from kogge.store.embedded import EmbeddedStore

CASES = Path(__file__).parent / "cases" / "sheets"
REFUSALS = (BadRequest, TooLarge, UnsupportedType, Unprocessable)  # 400, 413, 415, 422
LUEBECK = Rights("luebeck")
LANGUAGES = pytest.mark.parametrize("lang", names.LANGUAGES)
Rows = Mapping[str, list[dict[str, Any]]]


@cache
def one() -> bytes:
    """A template with one project."""
    return filled({"Projekte": [PROJECT | {"Ansprechstelle": None}]})


@cache
def made(lang: str, steward: bool = False) -> bytes:
    return template(lang, steward=steward)


def filled(rows: Rows, lang: str = "de", *, steward: bool = False) -> bytes:
    """The template with rows, each as heading → value."""
    book = openpyxl.load_workbook(io.BytesIO(made(lang, steward)))
    for name, entries in rows.items():
        heads = {str(cell.value).rstrip(" *"): cell.column or 0 for cell in book[name][HEADINGS]}
        for number, entry in enumerate(entries, FIRST):
            for heading, value in entry.items():
                book[name].cell(number, heads[heading]).value = value
    return saved(book)


def saved(book: openpyxl.Workbook) -> bytes:
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def read(body: bytes, lang: str = "de", rights: Rights = LUEBECK) -> Sheets:
    return read_sheets(body, media.XLSX, rights, lang)


def read_csv(text: str | bytes, lang: str = "de") -> Sheets:
    return read_sheets(text.encode() if isinstance(text, str) else text, media.CSV, LUEBECK, lang)


def checked(body: bytes, lang: str, rights: Rights = LUEBECK) -> tuple[Finding, ...]:
    """What cells and rules say, with the facts of this installation."""
    return judge(Sent(body, media.XLSX, names.graph("luebeck", "tabelle"), rights, lang), facts()).findings


def told(findings: tuple[Finding, ...]) -> list[tuple[str | None, str | None, str]]:
    return [(each.where.sheet, each.where.cell, each.message) for each in findings]


def all_triples(found: Sheets) -> set[Triple]:
    return {triple for thing in found.things for triple in thing.triples}


PROJECT: dict[str, Any] = {
    "Name (Deutsch)": "Öffentlicher Straßenraum für alle",
    "Name (Englisch)": "Public space for all",
    "Stand": "läuft",
    "Thema 1": "Parken",
    "Thema 2": "mobiliteit",  # the Dutch name
    "Thema 3": "topic:wasserstoff",
    "Federführung": "Hansestadt Lübeck",  # another name
    "Partner 1": "Kiel",
    "Partner 2": "https://w3id.org/kogge/id/municipality/bremen",
    "Beginn": "11/2025",
    "Ende": datetime(2026, 11, 22),
    "Beschreibung (Deutsch)": "Weniger Autos, mehr Platz.",
    "Kostenrahmen": "10.000 bis 100.000 Euro",
    "Ansprechstelle": "Stabsstelle Digitales",
    "Webseite": "www.luebeck.de/platz",
    "Quelle (Deutsch)": "Vorlage 2025/1",
    "Adresse der Quelle": "https://www.luebeck.de/vorlage?nr=1",
}
CONTACT = {
    "Name (Deutsch)": "Stabsstelle Digitales",
    "Postfach": "smartcity@luebeck.de",
    "Telefon": "+49 451 122-0",
}
NEED = {
    "Name (Deutsch)": "Wer hat Wasserstoffbusse?",
    "Kommune": "Lübeck",
    "Thema 1": "Wasserstoff",
    "Stand": "offen",
}
OFFER = {
    "Thema": "Parken",
    "Kommune": "Lübeck",
    "Beleg (Deutsch)": "Rede 2026",
    "Adresse des Belegs": "https://www.luebeck.de/rede",
}
EVENTS = [
    {
        "Name (Deutsch)": "Fachtag Verkehr",
        "Stand": "fand statt",
        "Beginn": "2025-09-14",
        "Ort": "Lübeck",
        "Gebäude (Deutsch)": "Rathaus",
        "Gastgeber": "Lübeck",
        "Beteiligt 1": "Kiel; Wismar",
        "Bündnis": "Smarte Hanse",
    },
    {
        "Name (Deutsch)": "Parkleitzentrale",
        "Art": "Exkursion",
        "Ort": "Lübeck",
        "Thema 1": "Parken",
        "Teil von": "Fachtag Verkehr",
    },
]
STEWARD: Rows = {
    "Kommunen": [
        {
            "Name (Deutsch)": "Beispielstadt",
            "Liegt in": "Schleswig-Holstein",
            "Amtlicher Gemeindeschlüssel": "01009000",
            "Einwohnerzahl": "219.044",
            "Stand der Einwohnerzahl": "31.12.2024",
            "Geographische Breite": 53.866269,
            "Geographische Länge": "10,683932",
        }
    ],
    "Bündnisse": [{"Name (Deutsch)": "Neuer Bund", "Vereinbarung": "Neuer Vertrag"}],
    "Mitgliedschaften": [
        {
            "Mitglied": "Beispielstadt",
            "Bündnis": "Neuer Bund",
            "Rolle": "Gründungsmitglied",
            "Stand": "in Kraft",
            "Mitglied seit": "10/2023",
        }
    ],
    "Vereinbarungen": [
        {
            "Name (Deutsch)": "Neuer Vertrag",
            "Unterschrieben": "ja",
            "Verbindlich": "nein",
            "Datum": "23.10.2023",
            "Partner 1": "Beispielstadt",
        }
    ],
}
PARTNER: Rows = {
    "Projekte": [PROJECT],
    "Ansprechstellen": [CONTACT],
    "Bedarfe": [NEED],
    "Erfahrungen": [OFFER],
    "Veranstaltungen": EVENTS,
}


# A filled template is the Turtle that somebody would write


def turtle(name: str) -> set[Triple]:
    return set(syntax.read_file(CASES / f"{name}.ttl"))


def test_a_filled_template_says_the_triples_of_the_turtle_that_was_written_by_hand() -> None:
    found = read(filled(PARTNER))
    assert told(found.findings) == []
    assert all_triples(found) == turtle("partner")


def test_the_sheets_of_the_steward_say_the_triples_of_the_turtle_too() -> None:
    found = read(filled(STEWARD, steward=True), rights=Rights("kogge", steward=True))
    assert told(found.findings) == []
    assert all_triples(found) == turtle("steward")


def test_each_row_is_a_graph_of_its_own_with_an_identifier_that_is_given_back() -> None:
    found = read(filled(PARTNER))
    assert {thing.graph.removeprefix(names.GRAPH): thing.new_id for thing in found.things} == {
        "luebeck/project-oeffentlicher-strassenraum-fuer-alle": "oeffentlicher-strassenraum-fuer-alle",
        "luebeck/contact-stabsstelle-digitales": "stabsstelle-digitales",
        "luebeck/need-wer-hat-wasserstoffbusse": "wer-hat-wasserstoffbusse",
        "luebeck/expertise-parken": "parken",
        "luebeck/event-fachtag-verkehr": "fachtag-verkehr",
        "luebeck/event-parkleitzentrale": "parkleitzentrale",
    }


@pytest.mark.parametrize(
    "given", ["smart-parken", "luebeck/smart-parken", names.thing("project", "luebeck/smart-parken")]
)
def test_with_its_identifier_a_thing_stays_itself_under_a_new_name(given: str) -> None:
    found = read(filled({"Projekte": [{"Kennung": given, "Name (Deutsch)": "Ganz anders"}]}))
    [thing] = found.things
    assert (thing.graph, thing.new_id) == (names.graph("luebeck", "project-smart-parken"), None)
    assert {triple.subject.value for triple in thing.triples if isinstance(triple.subject, NamedNode)} == {
        names.thing("project", "luebeck/smart-parken")
    }


def test_a_thing_that_exists_is_found_by_its_name_in_any_language() -> None:
    iri = NamedNode(names.thing("project", "luebeck/alt"))
    known = lists.facts().extended(
        [
            Triple(iri, NamedNode(names.RDF + "type"), NamedNode(names.KOGGE + "Project")),
            Triple(iri, NamedNode(names.SKOS + "prefLabel"), Literal("Smart parking", language="en")),
        ]
    )
    body = filled({"Projekte": [{"Name (Englisch)": "smart  Parking"}]})
    [thing] = read_sheets(body, media.XLSX, LUEBECK, "de", known).things
    assert thing.graph == names.graph("luebeck", "project-alt")


@LANGUAGES
def test_the_template_is_read_in_each_language_and_its_example_is_no_entry(lang: str) -> None:
    found = read(made(lang, steward=True), lang)
    assert found.things == ()
    assert told(found.findings) == [(None, None, columns.words()["finding"]["nothing"][lang])]


@LANGUAGES
def test_the_example_rows_would_be_read_without_a_finding(lang: str) -> None:
    book = openpyxl.load_workbook(io.BytesIO(made(lang, steward=True)))
    for page in book.worksheets[1:-1]:
        page.cell(EXAMPLE, 1).value = None
    found = read(saved(book), lang, Rights("luebeck", steward=True))
    assert told(found.findings) == []
    assert len(found.things) == len(columns.kinds())
    # The examples of the editors speak of things that are there already; those of a city are of its own.
    judged = checked(saved(book), lang, Rights("luebeck", steward=True))
    assert [each for each in judged if each.severity == "violation" and "/luebeck/" in each.subject] == []


def test_an_example_row_with_something_of_ones_own_is_told() -> None:
    book = openpyxl.load_workbook(io.BytesIO(made("de")))
    book["Projekte"].cell(EXAMPLE, 2).value = "Mein Projekt"
    [finding, *_] = read(saved(book)).findings
    assert (finding.where.sheet, finding.where.cell, finding.severity) == ("Projekte", "A4", "warning")
    assert "Löschen Sie dort das Wort „Beispiel“" in finding.message


# The template


def heads_of(book: openpyxl.Workbook, name: str) -> list[str]:
    return [str(cell.value) for cell in book[name][HEADINGS]]


def test_the_template_has_a_sheet_per_kind_and_those_of_the_editors_for_stewards_only() -> None:
    partner = openpyxl.load_workbook(io.BytesIO(made("de"))).sheetnames
    steward = openpyxl.load_workbook(io.BytesIO(made("de", True))).sheetnames
    own = ["Projekte", "Erfahrungen", "Bedarfe", "Veranstaltungen", "Ansprechstellen"]
    assert partner == ["Hilfe", *own, "Listen"]
    assert steward == ["Hilfe", *own, "Kommunen", "Bündnisse", "Mitgliedschaften", "Vereinbarungen", "Listen"]


@LANGUAGES
def test_every_column_is_called_in_each_language_and_its_name_means_no_other(lang: str) -> None:
    for kind in columns.kinds().values():
        heads = [*form.heads(kind, lang)]
        titles = [head.title(lang) for head in heads]
        assert len({*map(lists.same, titles)}) == len(titles)
        for head, title in zip(heads, titles, strict=True):
            assert form.head_of(kind, title, "nl") == head
            assert form.head_of(kind, f"{title} *", "nl") == head
            assert head.column.hint.get(lang), (kind.kind, head.column.key)


@LANGUAGES
def test_what_the_template_says_has_no_words_of_the_web_of_data(lang: str) -> None:
    book = openpyxl.load_workbook(io.BytesIO(made(lang, True)))
    said = [
        str(cell.value)
        for page in book.worksheets[:-1]
        for row in page.iter_rows(max_row=HEADINGS + 1 if page.title not in ("Hilfe", "Help", "Hulp") else 99)
        for cell in row
        if cell.value
    ]
    assert len(said) > 100
    assert [text for text in said if re.search(r"\bIRI|[Gg]raph\b|@de|\b(kogge|skos|sh):|RDF", text)] == []


def test_drop_down_lists_hold_the_code_lists_the_topics_and_the_municipalities() -> None:
    book = openpyxl.load_workbook(io.BytesIO(made("de")))
    page = book["Projekte"]
    assert book["Listen"].sheet_state == "hidden"
    offered = {}
    for rule in page.data_validations.dataValidation:
        column = workbook_column(str(rule.sqref))
        cells_of = str(rule.formula1).replace("$", "").partition("!")[2]
        of = book["Listen"] if "Listen" in str(rule.formula1) else book["Ansprechstellen"]
        offered[heads_of(book, "Projekte")[column - 1]] = [row[0].value for row in of[cells_of]]
    assert offered["Stand *"] == ["geplant", "läuft", "abgeschlossen", "abgebrochen"]
    assert len(offered["Thema 1"]) == 86
    assert "Wasserstoff" in offered["Thema 3"]
    assert offered["Thema 1"] == sorted(offered["Thema 1"], key=lists.alphabetical)
    assert {"Lübeck", "Groningen", "Smarte Hanse"} <= {*offered["Federführung *"]}
    assert offered["Ansprechstelle"] == [None] * 500


def workbook_column(reference: str) -> int:
    match = re.match(r"([A-Z]+)[0-9]+", reference)
    assert match
    return next(number for number in range(1, 200) if workbook.letters(number) == match[1])


def test_every_choice_that_the_template_offers_is_understood_when_it_is_read() -> None:
    count = 0
    for lang in names.LANGUAGES:
        book = openpyxl.load_workbook(io.BytesIO(made(lang, True)))
        choices = Choices(lists.facts(), lang)
        for page in book.worksheets[1:-1]:
            kind = next(each for each in columns.kinds().values() if each.sheet[lang] == page.title)
            for rule in page.data_validations.dataValidation:
                title, _, area = str(rule.formula1).replace("$", "").replace("'", "").partition("!")
                if title != book.worksheets[-1].title:
                    continue
                heading = page.cell(HEADINGS, workbook_column(str(rule.sqref))).value
                head = form.head_of(kind, str(heading), lang)
                assert head is not None
                for row in book.worksheets[-1][area]:
                    count += 1
                    assert choices.chosen(head.column, str(row[0].value)), (page.title, row[0].value)
    assert count > 5000


PAYLOADS = (
    "=1+1",
    "=cmd|' /C calc'!A0",
    "+1",
    "-1",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    " =1",
    '=HYPERLINK("http://x")',
)


def test_d05_a_label_that_looks_like_a_formula_is_written_as_text() -> None:
    extra = []
    for number, payload in enumerate(PAYLOADS):
        iri = NamedNode(names.thing("municipality", f"boese-{number}"))
        extra.append(Triple(iri, NamedNode(names.RDF + "type"), NamedNode(names.KOGGE + "Municipality")))
        extra.append(Triple(iri, NamedNode(names.SKOS + "prefLabel"), Literal(payload, language="de")))
    body = template("de", steward=True, known=lists.facts().extended(extra))
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        pages = [archive.read(name) for name in archive.namelist() if name.startswith("xl/worksheets/sheet")]
    assert len(pages) == 11
    assert all(b"<f>" not in page and b"<f " not in page for page in pages)
    page = openpyxl.load_workbook(io.BytesIO(body))["Listen"]
    written = {str(cell.value): cell for row in page.iter_rows() for cell in row if cell.value}
    for payload in PAYLOADS:
        cell = written[payload.replace("\r", "\n")]  # as XML reads it
        assert cell.data_type == "s"
        assert cell.quotePrefix or payload.startswith(" ")


# Findings


def test_each_finding_names_sheet_row_and_cell() -> None:
    found = read(
        filled(
            {
                "Projekte": [
                    {
                        "Name (Deutsch)": "A",
                        "Stand": "laufend?",
                        "Thema 1": "Parkn",
                        "Beginn": "31.02.2025",
                        "Webseite": "luebeck",
                        "Beschreibung (Deutsch)": datetime(2026, 1, 2),
                    },
                    {"Name (Deutsch)": "A"},
                    {"Stand": "läuft"},
                    {"Kennung": "Groß!", "Name (Deutsch)": "B"},
                ],
                "Ansprechstellen": [{"Name (Deutsch)": "C", "Postfach": "@luebeck", "Telefon": "0451 1220"}],
            }
        )
    )
    assert {(page, cell) for page, cell, _ in told(found.findings)} == {
        ("Projekte", "E5"),  # no such status
        ("Projekte", "F5"),  # no such topic
        ("Projekte", "M5"),  # no such day
        ("Projekte", "O5"),  # a text that has become a date
        ("Projekte", "U5"),  # no address
        ("Projekte", "B6"),  # the name of another row
        ("Projekte", "B7"),  # no name
        ("Projekte", "A8"),  # no identifier
        ("Ansprechstellen", "E5"),
        ("Ansprechstellen", "F5"),
    }
    assert "Meinten Sie „Parken“?" in "".join(message for _, _, message in told(found.findings))
    assert all(each.where.row == int((each.where.cell or "")[1:]) for each in found.findings)


@pytest.mark.parametrize(("heading", "cell"), [("Name (Deutsch)", "B5"), ("Stand", "E5"), ("Kennung", "A5")])
def test_a_formula_is_refused_with_its_cell_and_its_stored_value_is_not_used(heading: str, cell: str) -> None:
    row = {"Name (Deutsch)": "Mit Formel", heading: '="laeuft"'}
    found = read(filled({"Projekte": [row]}))
    assert [(each.where.cell, each.severity) for each in found.findings] == [(cell, "violation")]
    assert "Formeln werden nicht ausgerechnet" in found.findings[0].message


STATUS = "geplant, läuft, abgeschlossen oder abgebrochen."
WHO = "eine Organisation, die es in Kogge gibt."


def test_what_rules_find_is_told_by_cell_too_and_without_the_words_of_turtle() -> None:
    body = filled({"Projekte": [{"Name (Deutsch)": "A", "Thema 1": "Parken"}]})
    found = checked(body, "de")
    assert [(each.where.cell, each.severity, each.message) for each in found] == [
        ("E5", "violation", "Geben Sie für „Stand“ genau einen Wert an: " + STATUS),
        ("I5", "violation", "Geben Sie für „Federführung oder Partner“ mindestens einen Wert an: " + WHO),
        ("C5", "warning", "Geben Sie den Namen auch auf Englisch an."),
        ("D5", "warning", "Geben Sie den Namen auch auf Niederländisch an."),
    ]


def test_what_a_rule_adds_in_brackets_for_those_who_write_turtle_is_left_out() -> None:
    assert reworded("Give the status (kogge:status), or name it (schema:subEvent there).") == (
        "Give the status, or name it."
    )
    assert reworded("Nennen Sie es (dort schema:subEvent), auch deutsch (@de).") == (
        "Nennen Sie es, auch deutsch."
    )
    assert reworded("Schreiben Sie es aus (drei Wörter).") == "Schreiben Sie es aus (drei Wörter)."


def test_a_cell_that_cannot_be_read_is_told_once() -> None:
    body = filled({"Projekte": [{"Name (Deutsch)": "A", "Stand": "quer", "Federführung": "Lübeck"}]})
    found = checked(body, "de")
    assert [each.where.cell for each in found if each.severity == "violation"] == ["E5"]


def test_a_date_that_a_rule_refuses_is_told_by_its_cell() -> None:
    row = PROJECT | {"Stand": "läuft", "Beginn": "01.01.2098", "Ansprechstelle": None}
    found = checked(filled({"Projekte": [row]}), "de")
    assert {each.where.cell for each in found if "liegt in der Zukunft" in each.message} == {"M5"}
    assert {each.where.cell for each in found if "liegt vor" in each.message} == {"N5"}


def test_columns_and_sheets_that_nobody_knows_are_told_and_empty_ones_are_not() -> None:
    book = openpyxl.load_workbook(io.BytesIO(filled({"Projekte": [PROJECT]})))
    page = book["Projekte"]
    page.cell(HEADINGS, 30).value = "Notiz"
    page.cell(FIRST, 31).value = "verirrt"
    book.create_sheet("Nebenrechnung").cell(1, 1).value = "42"
    book.create_sheet("Leer")
    found = [each for each in read(saved(book)).findings if each.severity == "warning"]
    assert [(each.where.sheet, each.where.cell) for each in found] == [
        ("Projekte", "AD2"),
        ("Projekte", "AE5"),
        ("Nebenrechnung", None),
    ]


def test_people_add_columns_for_more_values_and_other_languages() -> None:
    book = openpyxl.load_workbook(io.BytesIO(filled({"Projekte": [PROJECT]})))
    page = book["Projekte"]
    for column, (heading, value) in enumerate(
        [
            ("Thema 4", "Energie"),
            ("Beschreibung (Englisch)", "More space"),
            ("Description (Dutch)", "Meer ruimte"),
        ],
        40,
    ):
        page.cell(HEADINGS, column).value, page.cell(FIRST, column).value = heading, value
    found = read(saved(book))
    said = all_triples(found)
    assert [
        each for each in found.findings if each.where.sheet == "Projekte" and each.severity != "violation"
    ] == []
    assert Literal("Meer ruimte", language="nl") in {triple.object for triple in said}
    assert NamedNode(names.topic("energie")) in {triple.object for triple in said}


# Tables as CSV


CSV = """Name (Deutsch);Stand;Thema 1;Federführung;Beschreibung (Deutsch)
Öko-Bus;läuft;Parken;Lübeck;"Zwei Zeilen,
ein Feld; mit Zeichen"
Groß;;;;
"""


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252"])
@pytest.mark.parametrize("separator", [";", ",", "\t"])
def test_csv_is_read_with_each_separator_and_encoding(encoding: str, separator: str) -> None:
    text = "\r\n".join(
        separator.join(f'"{cell}"' for cell in line)
        for line in [["Name (Deutsch)", "Stand", "Federführung"], ["Öko-Bus, groß; laut", "läuft", "Lübeck"]]
    )
    found = read_csv(text.encode(encoding))
    assert told(found.findings) == []
    assert [thing.graph for thing in found.things] == [names.graph("luebeck", "project-oeko-bus-gross-laut")]
    assert len(all_triples(found)) == 4


def test_rows_of_a_csv_are_counted_as_a_spreadsheet_shows_them_and_know_their_line() -> None:
    found = read_csv(CSV)
    assert [(thing.row.row, thing.row.line) for thing in found.things] == [(2, 2), (3, 4)]


def test_the_csv_of_a_sheet_of_the_template_is_recognised_by_its_first_line() -> None:
    line = "Bedarfe;;\nName (Deutsch);Kommune;Stand\nA;Lübeck;offen\n"
    [thing] = read_csv(line).things
    assert thing.graph == names.graph("luebeck", "need-a")


def test_a_table_whose_headings_fit_several_kinds_is_asked_about() -> None:
    found = read_csv("Name (Deutsch);Beschreibung (Deutsch)\nA;B\n")
    assert found.things == ()
    assert "Schreiben Sie in die erste Zeile" in found.findings[0].message


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ("Name;Stand\nA;b".encode("utf-16"), UnsupportedType),
        (b"PK\x03\x04rest", UnsupportedType),
        (b"\x81\x8d\x8f", Unreadable),
        (b'Name;Stand\n"A;b', Unreadable),
        (b"Name;Stand\n" + b"a" * 120_000, TooLarge),
        (b"Name;Stand\n" + b"a" * 200_000, (TooLarge, Unreadable)),  # the limit of Python may come first
        (b"x;" * 60_000 + b"\n" + b"x;" * 60_000, TooLarge),
        (b"a" * (workbook.MAX_BYTES + 1), TooLarge),
    ],
)
def test_what_is_no_csv_is_refused_with_advice(
    body: bytes, error: type[KoggeError] | tuple[type[KoggeError], ...]
) -> None:
    with pytest.raises(error) as caught:
        read_csv(body)
    assert caught.value.advice


# Hostile workbooks


def changed(change: Callable[[dict[str, bytes]], None]) -> bytes:
    """A filled template after a change of its parts."""
    with zipfile.ZipFile(io.BytesIO(one())) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    change(parts)
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return stream.getvalue()


SHEET = "xl/worksheets/sheet2.xml"
BEGIN = b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
END = b"</sheetData></worksheet>"


def with_sheet(data: bytes) -> bytes:
    return changed(lambda parts: parts.update({SHEET: BEGIN + data + END}))


@pytest.mark.parametrize(
    "data",
    [
        (b"<row>" + b"<c><v>1</v></c>" * 1000 + b"</row>") * 1000,  # a million cells
        (b"<row>" + b"<c/>" * 1000 + b"</row>") * 1000,  # a million empty ones
        b'<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>',  # one cell, far out
        b'<row r="9"><c r="A9"><v>1</v></c></row>' * 250_000,
        b" " * (17 * 1024 * 1024),
    ],
    ids=["cells", "empty-cells", "far-out", "one-cell-again", "blanks"],
)
def test_p14_a_workbook_that_is_large_when_unpacked_is_too_large(data: bytes) -> None:
    body = with_sheet(data)
    assert len(body) < 2_000_000
    with pytest.raises(TooLarge):
        read(body)


def test_an_empty_row_at_the_end_of_the_world_is_nothing() -> None:  # LibreOffice writes one
    body = changed(
        lambda parts: parts.update(
            {SHEET: parts[SHEET].replace(b"</sheetData>", b'<row r="1048576" ht="12.8"/></sheetData>')}
        )
    )
    assert len(read(body).things) == 1


DOCTYPE = b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "c">]>'


@pytest.mark.parametrize(
    "part", [SHEET, "xl/styles.xml", "xl/workbook.xml", "[Content_Types].xml", "xl/odd.bin"]
)
def test_a_document_type_is_refused_in_whatever_part_it_stands(part: str) -> None:
    def change(parts: dict[str, bytes]) -> None:
        rest = re.sub(rb"^<\?xml[^>]*\?>", b"", parts.get(part, b"<a/>"))
        parts[part] = DOCTYPE + rest

    with pytest.raises(Unprocessable, match="DOCTYPE"):
        read(changed(change))


def macros(parts: dict[str, bytes]) -> None:
    parts["xl/vbaProject.bin"] = b"\xd0\xcf\x11\xe0"


def macro_type(parts: dict[str, bytes]) -> None:
    name = "[Content_Types].xml"
    parts[name] = parts[name].replace(
        b"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml",
        b"application/vnd.ms-excel.sheet.macroEnabled.main+xml",
    )


def links(parts: dict[str, bytes]) -> None:
    parts["xl/externalLinks/externalLink1.xml"] = b"<externalLink/>"


def document(parts: dict[str, bytes]) -> None:
    parts["mimetype"] = b"application/vnd.oasis.opendocument.spreadsheet"


@pytest.mark.parametrize(
    ("change", "error"),
    [
        (macros, UnsupportedType),
        (macro_type, UnsupportedType),
        (links, Unprocessable),
        (document, UnsupportedType),
    ],
)
def test_macros_links_and_other_formats_are_refused(
    change: Callable[[dict[str, bytes]], None], error: type[KoggeError]
) -> None:
    with pytest.raises(error) as caught:
        read(changed(change))
    assert caught.value.advice


@pytest.mark.parametrize("body", [b"", b"Name;Stand", b"PK\x03\x04", b"\xd0\xcf\x11\xe0" + b"x" * 99])
def test_what_is_no_workbook_is_refused_with_advice(body: bytes) -> None:
    with pytest.raises(KoggeError) as caught:
        read(body)
    assert caught.value.status in (400, 415)
    assert caught.value.advice


@settings(max_examples=40)
@given(st.data())
def test_a_damaged_workbook_is_an_error_of_ours_or_is_read(data: st.DataObject) -> None:
    body = bytearray(one())
    for _ in range(data.draw(st.integers(1, 6))):
        body[data.draw(st.integers(0, len(body) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(*REFUSALS):
        read(bytes(body))


@settings(max_examples=40)
@given(st.data())
def test_a_sheet_of_any_xml_is_an_error_of_ours_or_is_read(data: st.DataObject) -> None:
    piece = st.sampled_from(
        [
            b"<row>",
            b"</row>",
            b'<row r="2">',
            b'<row r="x">',
            b"<c>",
            b"</c>",
            b'<c r="B2" t="s">',
            b'<c t="d">',
            b'<c t="inlineStr">',
            b"<is><t>Stand</t></is>",
            b"<v>1</v>",
            b"<v>99999</v>",
            b"<v>x</v>",
            b"<f>A1</f>",
            b'<c s="999">',
            b'<c r="1A">',
            b'<c t="e">',
            b'<f t="shared" si="0"/>',
            b'<f t="array" ref="A1"/>',
            b"<v/>",
            b'<c t="b">',
            b"<v>1e400</v>",
        ]
    )
    parts = data.draw(st.lists(piece, max_size=12))
    with contextlib.suppress(*REFUSALS):
        read(with_sheet(b"".join(parts)))


@settings(max_examples=100)
@given(
    st.text(max_size=300)
    | st.lists(st.sampled_from(["Name (Deutsch)", "Stand", ";", "\n", '"', "läuft"])).map("".join)
)
def test_any_text_as_csv_is_an_error_of_ours_or_is_read(text: str) -> None:
    with contextlib.suppress(*REFUSALS):
        read_csv(text.encode("utf-8", "surrogatepass"))


# Cells


def lexical(literal: Literal) -> tuple[str, str]:
    return literal.value, literal.datatype.value.rpartition("#")[2]


@pytest.mark.parametrize(
    ("written", "form_of", "expected"),
    [
        ("22.11.2026", "", ("2026-11-22", "date")),
        ("2.1.2026", "", ("2026-01-02", "date")),
        ("22/11/2026", "", ("2026-11-22", "date")),
        ("22-11-2026", "", ("2026-11-22", "date")),
        ("2026-11-22", "", ("2026-11-22", "date")),
        ("2026-11-22T00:00:00", "", ("2026-11-22", "date")),
        ("2026-11-22 0:00:00", "", ("2026-11-22", "date")),
        ("22.11.2026 00:00", "", ("2026-11-22", "date")),
        ("22. November 2026", "", ("2026-11-22", "date")),
        ("22 november 2026", "", ("2026-11-22", "date")),
        ("11/2026", "", ("2026-11", "gYearMonth")),
        ("11.2026", "", ("2026-11", "gYearMonth")),
        ("2026-11", "", ("2026-11", "gYearMonth")),
        ("März 2026", "", ("2026-03", "gYearMonth")),
        ("Okt. 2026", "", ("2026-10", "gYearMonth")),
        ("maart 2026", "", ("2026-03", "gYearMonth")),
        ("2026", "", ("2026", "gYear")),
        (2026, "General", ("2026", "gYear")),
        (2026.0, "General", ("2026", "gYear")),
        ("23.10.", "", ("--10-23", "gMonthDay")),
        ("23. Oktober", "", ("--10-23", "gMonthDay")),
        (datetime(2026, 11, 22), "DD.MM.YYYY", ("2026-11-22", "date")),
        (datetime(2026, 11, 1), "mm/yyyy", ("2026-11", "gYearMonth")),
        (datetime(2026, 11, 1), "mmm\\-yy", ("2026-11", "gYearMonth")),
        (datetime(2026, 11, 1), '[$-407]mmmm" "yyyy;@', ("2026-11", "gYearMonth")),
        (datetime(2026, 1, 1), "yyyy", ("2026", "gYear")),
    ],
)
def test_a_date_keeps_the_precision_in_which_it_is_written(
    written: Any, form_of: str, expected: tuple[str, str]
) -> None:
    literal, clock = cells.dated(written, form_of)
    assert (lexical(literal), clock) == (expected, "")


@pytest.mark.parametrize(
    "written",
    [
        "31.02.2026",
        "29.02.2025",
        "13/2026",
        "11/22/2026",
        "gestern",
        "26",
        "22.11.26",
        "0026",
        "2100",
        "Q3 2026",
        True,
        time(3),
        "32.1.",
        "22.13.",
        "32. Mai 2026",
    ],
)
def test_what_is_no_date_or_not_clear_is_odd(written: Any) -> None:
    with pytest.raises(Odd):
        cells.dated(written)


def test_a_time_of_day_is_left_out_and_told() -> None:
    assert cells.dated(datetime(2026, 11, 22, 18, 30))[1] == "18:30"
    assert cells.dated("2026-11-22 18:30")[1] == "18:30"
    found = read(
        filled({"Projekte": [PROJECT | {"Beginn": datetime(2025, 1, 2, 18, 30), "Ansprechstelle": None}]})
    )
    assert [(each.severity, each.where.cell) for each in found.findings] == [("info", "M5")]


WAYS = (
    "{d:02}.{m:02}.{y}",
    "{d}.{m}.{y}",
    "{y}-{m:02}-{d:02}",
    "{d}-{m}-{y}",
    "{d}/{m}/{y}",
    "{y}-{m}-{d} 0:00:00",
)


@given(st.dates(date(1000, 1, 1), date(2099, 12, 31)), st.sampled_from(WAYS))
def test_every_day_is_read_however_it_is_written(day: date, written: str) -> None:
    text = written.format(d=day.day, m=day.month, y=day.year)
    assert lexical(cells.day(text)[0]) == (day.isoformat(), "date")


@settings(max_examples=10)
@given(st.lists(st.dates(date(1901, 1, 1), date(2099, 12, 31)), min_size=1, max_size=20))
def test_serial_dates_of_a_workbook_are_the_days_they_show(days: list[date]) -> None:
    rows = [PROJECT | {"Name (Deutsch)": f"P{number}", "Beginn": day} for number, day in enumerate(days)]
    found = read(filled({"Projekte": [row | {"Ansprechstelle": None} for row in rows]}))
    start = NamedNode("https://schema.org/startDate")
    said = [[t.object for t in thing.triples if t.predicate == start] for thing in found.things]
    assert said == [[Literal(day.isoformat(), datatype=NamedNode(names.XSD + "date"))] for day in days]


def german(number: Decimal | int) -> str:
    return f"{number:,}".translate(str.maketrans(",.", ".,"))


@given(st.integers(-(10**15), 10**15))
def test_a_whole_number_is_read_with_german_and_english_separators(number: int) -> None:
    for text in (str(number), german(number), f"{number:,}", f"{number:,}".replace(",", " "), number):
        assert lexical(cells.whole(text)) == (str(number), "integer")


@given(st.decimals(Decimal("-999999"), Decimal("999999"), places=6))
def test_a_number_with_a_fraction_is_read_with_comma_and_point(number: Decimal) -> None:
    for text in (str(number), str(number).replace(".", ","), german(number)):
        assert Decimal(cells.decimal(text).value) == number
    assert Decimal(cells.decimal(float(number)).value) == number


@pytest.mark.parametrize("written", ["2,19.044", "219.04", "1.5", "12 Leute", "", "1e3", "0x1F", True])
def test_what_is_no_whole_number_is_odd(written: Any) -> None:
    with pytest.raises(Odd):
        cells.whole(written)


@pytest.mark.parametrize(
    ("takes", "written", "expected"),
    [
        ("link", "https://www.luebeck.de/a?b=c#d", "https://www.luebeck.de/a?b=c#d"),
        ("link", " www.luebeck.de ", "https://www.luebeck.de"),
        ("mailbox", "smartcity@luebeck.de", "mailto:smartcity@luebeck.de"),
        ("mailbox", "mailto:smartcity@luebeck.de", "mailto:smartcity@luebeck.de"),
        ("phone", "+49 451 122-0", "tel:+49-451-122-0"),
        ("phone", "0049 (0)451/1220", "tel:+49-451-1220"),
        ("phone", "+31 50 367 91 11", "tel:+31-50-367-91-11"),
        ("yes-no", "Ja", "true"),
        ("yes-no", False, "false"),
        ("plain", 1009000, "1009000"),
        ("plain", "01009000", "01009000"),
    ],
)
def test_addresses_and_keys_are_read_as_people_write_them(takes: str, written: Any, expected: str) -> None:
    assert cells.SIMPLE[takes](written).value == expected


@pytest.mark.parametrize(
    ("takes", "written"),
    [
        ("link", "javascript:alert(1)"),
        ("link", "file:///etc/passwd"),
        ("link", "luebeck.de"),
        ("link", "https://a b"),
        ("link", "https://a/<x>"),
        ("link", "https://" + "a" * 3000),
        ("mailbox", "luebeck.de"),
        ("mailbox", "a@b"),
        ("phone", "0451 1220"),
        ("phone", "+49 zwei"),
        ("yes-no", "vielleicht"),
        ("plain", datetime(2026, 1, 1)),
        ("plain", "a\x00b"),
        ("plain", "a\u202eb"),
        ("plain", "x" * 10_001),
        ("decimal", "1,2,3"),
        ("decimal", "nan"),
    ],
)
def test_what_an_address_or_a_text_must_not_be_is_odd(takes: str, written: Any) -> None:
    with pytest.raises(Odd):
        cells.SIMPLE[takes](written)


def test_a_text_is_kept_as_it_is_but_composed_and_without_blanks_around_it() -> None:
    assert cells.text(" Zwei_x000D_\nZeilen ", "de") == Literal("Zwei\nZeilen", language="de")
    assert cells.text("Lu\u0308beck ", "de") == Literal("Lübeck", language="de")
    assert cells.text(2030, "de") == Literal("2030", language="de")
    assert cells.text(2030.0, "de") == Literal("2030", language="de")


def test_every_message_exists_in_three_languages_with_the_same_gaps() -> None:
    assert len(columns.words()["finding"]) > 20
    for name, said in columns.words()["finding"].items():
        gaps = {lang: sorted(re.findall(r"{(\w+)}", said[lang])) for lang in names.LANGUAGES}
        assert gaps["de"] == gaps["en"] == gaps["nl"], name


def messages() -> set[str]:
    """Patterns of all that can be told about a spreadsheet: by reading it, and by the rules."""
    read_ones = [text for said in columns.words()["finding"].values() for text in said.values()]
    predicate = NamedNode(names.SH + "message")
    rules_ones = [
        triple.object.value
        for path in artefacts.files("shapes", ".ttl")
        for triple in syntax.read_file(path)
        if triple.predicate == predicate and isinstance(triple.object, Literal)
    ]
    told = [*read_ones, *map(reworded, rules_ones)]
    return {re.sub(r"\\{\??\w+\\}", ".+", re.escape(text)) for text in told}


def test_the_messages_that_the_page_for_contributors_explains_exist() -> None:
    page = (Path(__file__).parent.parent / "docs" / "contributors.md").read_text(encoding="utf-8")
    tables = re.findall(r"^\| (?:Meldung|Message) \|.*\n\| ---.*\n((?:\|.*\n)+)", page, re.MULTILINE)
    assert len(tables) == 2
    quoted = [row.split(" | ")[0].removeprefix("| ") for table in tables for row in table.splitlines()]
    assert len(quoted) == 22
    known = messages()
    assert [text for text in quoted if not any(re.fullmatch(pattern, text) for pattern in known)] == []


# With the rest of the house


def syntax_quad(triple: Triple, graph: NamedNode) -> Any:
    from pyoxigraph import Quad

    return Quad(triple.subject, triple.predicate, triple.object, graph)


def test_the_judgement_of_a_workbook_has_a_graph_per_row_and_names_what_is_in_the_store() -> None:
    store = Store()
    store.extend(facts())
    new = NamedNode(names.thing("municipality", "neustadt-im-speicher"))
    for predicate, value in (
        ("http://www.w3.org/1999/02/22-rdf-syntax-ns#type", NamedNode(names.KOGGE + "Municipality")),
        (names.SKOS + "prefLabel", Literal("Neustadt im Speicher", language="de")),
    ):
        store.add(syntax_quad(Triple(new, NamedNode(predicate), value), NamedNode(names.GRAPH + "kogge/neu")))
    body = filled({**PARTNER, "Projekte": [PROJECT | {"Partner 3": "Neustadt im Speicher"}]})
    sent = Sent(body, media.XLSX, names.graph("luebeck", "tabelle"), LUEBECK, "de")
    judged = judge(sent, store)
    assert [each for each in judged.findings if each.severity == "violation"] == []
    assert len(judged.graphs) == 6
    assert any(b"neustadt-im-speicher" in each.content for each in judged.graphs)


def test_a_caged_worker_judges_a_workbook_as_this_process_does(tmp_path: Path) -> None:
    primary = Store(str(tmp_path / "store"))
    primary.extend(facts())
    primary.flush()
    crew = Crew(primary, tmp_path / "snapshots")
    reader = Reader(crew, Lane(1, 2, niceness=0))
    sent = Sent(filled(PARTNER), media.XLSX, names.graph("luebeck", "tabelle"), LUEBECK, "de")

    async def asked() -> list[Judged]:
        await crew.start()
        try:
            return [await reader.judge(sent), await reader.judge(sent)]
        finally:
            await crew.stop()

    assert asyncio.run(asked()) == [judge(sent, facts())] * 2


def test_what_a_city_fills_in_is_found_once_it_is_published() -> None:
    found = read(filled(PARTNER))
    store = EmbeddedStore()
    curated = {source.graph: source.triples() for source in publish.sources()}
    store.replace_graphs(curated | {thing.graph: thing.triples for thing in found.things})
    questions.derive(store)
    desk = Desk(store, Settings.from_environment({}))
    try:
        answer = desk.who("Parken", lang="de")
        first = answer["results"][0]
        assert (first["holder"]["label"], first["score"]) == ("Lübeck", 7)
        assert {(piece["kind"], piece["label"]) for piece in first["evidence"]} == {
            ("practised", PROJECT["Name (Deutsch)"]),
            ("declared", "Rede 2026"),
        }
        seeking = table.who(desk.who("wer sucht Wasserstoff", lang="de"), desk.evidence_labels("de"), 90)
        assert "Rat sucht: Lübeck (Wasserstoff)" in seeking  # a need without a source is shown too
    finally:
        desk.close()


def test_a_workbook_with_things_of_others_is_forbidden_and_says_in_which_row() -> None:
    row = PROJECT | {"Kennung": "kiel/fremd", "Ansprechstelle": None}
    judged = judge(
        Sent(filled({"Projekte": [row]}), media.XLSX, names.graph("luebeck", "x"), LUEBECK, "de"),
        facts(),
    )
    assert judged.forbidden
    assert {each.where.row for each in judged.findings if each.severity == "violation"} == {5}


def test_the_command_line_writes_a_template_and_checks_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "vorlage.xlsx"
    assert cli.main(["template", str(path), "--lang", "de"]) == 0
    assert openpyxl.load_workbook(path).sheetnames[0] == "Hilfe"
    path.write_bytes(filled({"Projekte": [{"Name (Deutsch)": "A", "Stand": "läuft"}]}))
    capsys.readouterr()
    assert cli.main(["check", str(path), "--lang", "de"]) == 1
    assert f"{path}, Projekte!I5: Fehler\n    Geben Sie für „Federführung" in capsys.readouterr().out
    assert cli.main(["template", str(tmp_path / "x.csv")]) == 1
    assert cli.main(["template", str(tmp_path / "no" / "x.xlsx")]) == 1


Convert = Callable[[bytes, str, str], bytes]


def test_a_workbook_that_libreoffice_has_saved_says_the_same(libreoffice: Convert) -> None:
    body = filled(PARTNER)
    again = libreoffice(libreoffice(body, "xlsx", "ods"), "ods", "xlsx")
    found = read(again)
    assert told(found.findings) == []
    assert all_triples(found) == turtle("partner")


@pytest.mark.parametrize("filter_", ["59,34,76", "44,34,ANSI"])
def test_a_sheet_that_libreoffice_has_saved_as_csv_says_the_same(libreoffice: Convert, filter_: str) -> None:
    row = {key: value for key, value in PROJECT.items() if key != "Ansprechstelle"}
    body = filled({"Projekte": [row]})
    book = openpyxl.load_workbook(io.BytesIO(body))
    for name in [name for name in book.sheetnames if name not in ("Projekte", "Listen")]:
        del book[name]
    found = read_csv(libreoffice(saved(book), "xlsx", f"csv:Text - txt - csv (StarCalc):{filter_}"))
    assert told(found.findings) == []
    assert all_triples(found) == all_triples(read(body))
