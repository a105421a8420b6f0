"""Why something cannot be read, in the language that is asked for."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

import kogge
from kogge import artefacts, errors, names
from kogge.contribution import refusals
from kogge.contribution.files import check_file
from kogge.contribution.refusals import said, speaking, spoken
from kogge.errors import KoggeError, PreconditionFailed, Unreadable

PACKAGE = Path(kogge.__path__[0])
# Where a contribution can be stopped, or a page cannot be made, and the functions there that say why; in
# others all of them.
STOPS: dict[str, tuple[str, ...]] = {
    "contribution/read.py": (),
    "contribution/jsonld.py": ("expanded", "look", "_text", "hold", "_elsewhere"),
    "contribution/rdfxml.py": (),
    "contribution/workbook.py": (),
    "contribution/worker.py": (),
    "reception.py": (),
    "web/asked.py": ("graph_of", "type_of", "version_of", "held_to", "fields_of", "text_of"),
    "web/signing.py": (),
    "web/history.py": ("confirm", "roll_back"),
    "web/context.py": ("desk_of",),
    "steps.py": (),
    "authority.py": (),
    "versions.py": (),
    "ledger/contributions.py": (),
    "ledger/partners.py": ("who", "_named"),
    "ledger/failures.py": (),
    "ledger/file.py": ("_clear_errors",),
    "store/process.py": ("_cause",),
    "store/crew.py": ("_busy", "_stopping"),
    "expertise/understand.py": (),
    "expertise/answer.py": (),
    "web/pages/contributed.py": (),
    "web/pages/contributions.py": (),
    "web/pages/entry.py": (),
    "web/pages/map.py": (),
    "web/pages/news.py": (),
    "web/pages/offers.py": (),
    "web/pages/posted.py": (),
    "web/pages/search_view.py": (),
}
SAYING = {
    *(name for name, each in vars(errors).items() if isinstance(each, type) and issubclass(each, KoggeError)),
    "at", "refused", "_refused", "_limit",
}  # fmt: skip
TABLE = tomllib.loads((artefacts.folder("shapes") / "refusals.toml").read_text(encoding="utf-8"))


def texts() -> Iterator[tuple[str, str]]:
    """Every text that is said where a contribution is stopped, with 7 for what is filled in."""
    for name, functions in STOPS.items():
        tree = ast.parse((PACKAGE / name).read_text(encoding="utf-8"))
        wanted = [
            node
            for node in ast.walk(tree)
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
            and (not functions or node.name in functions)
        ]
        assert not functions or {node.name for node in wanted} == set(functions)
        constants = {
            target.id: node.value
            for node in tree.body
            if isinstance(node, ast.AnnAssign) and isinstance(node.value, ast.Constant)
            for target in [node.target]
            if isinstance(target, ast.Name)
        }
        for call in (each for node in wanted for each in ast.walk(node) if isinstance(each, ast.Call)):
            called = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
            if called in SAYING:
                for argument in call.args:
                    text = written(argument, constants)
                    if " " in text or text.endswith("."):
                        yield name, text


def written(node: ast.expr, constants: Mapping[str, ast.expr]) -> str:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.Name) and node.id in constants:
        return written(constants[node.id], {})
    if isinstance(node, ast.JoinedStr):
        parts = (written(part, constants) for part in node.values)
        return "".join(part or "7" for part in parts)
    if isinstance(node, ast.FormattedValue):
        return written(node.value, constants)
    return ""


# Only a parser knows these, and where they stand.
OTHERS = ("7: 7", "7, line 7, column 7: 7", "7, line 7, column 7: 7.", "The document says more than 7.")


def test_everything_that_stops_a_contribution_is_in_the_table() -> None:
    found = list(texts())
    assert len(found) > 60
    missing = {text for _, text in found if said(text, "de") == text or said(text, "nl") == text}
    assert missing <= set(OTHERS)


def test_the_table_says_each_text_once_in_three_languages_with_the_same_places() -> None:
    english = [entry["en"] for entry in TABLE["said"]]
    assert len(english) == len(set(english)) > 70
    for entry in [*TABLE["said"], TABLE["place"], TABLE["other"]]:
        assert set(entry) == {"en", "de", "nl"}
        assert len({tuple(sorted(re.findall(r"\{\w+\}", text))) for text in entry.values()}) == 1, entry
    titles = {
        each.title for each in vars(errors).values() if isinstance(each, type) and hasattr(each, "title")
    }
    assert set(TABLE["titles"]) <= titles


@pytest.mark.parametrize(
    ("name", "body", "expected"),
    [
        ("a.ttl", b"<a:a>\n <a:b> ", "a.ttl, Zeile 2, Spalte 8: Die Schreibweise stimmt nicht."),
        ("a.ttl", b"<a:a> <a:b> " + b"[" * 65, "a.ttl, Zeile 1, Spalte 77: Das ist tiefer als 64 Ebenen"),
        ("a.ttl", b'<a:a> <a:b> "\xff" .', "a.ttl, Zeile 1, Spalte 14: Das ist kein UTF-8. Speichern"),
        ("a.jsonld", b'{"@context": "http://x.y/"}', 'Der Kontext "http://x.y/" wird nicht geholt.'),
        ("a.rdf", b"<!DOCTYPE x><x/>", "Eine Dokumenttyp-Deklaration wird nicht angenommen."),
        ("a.rdf", b"<x>", "a.rdf, Zeile 1, Spalte 4: Die Schreibweise stimmt nicht."),
        ("a.xlsx", b"PK\x03\x04", "Die Datei ist keine Arbeitsmappe, die gelesen werden kann. Speichern"),
        ("a.csv", b'"a', "Zeile 1: Die Schreibweise stimmt nicht. Genauer, auf Englisch: unexpected end"),
    ],
)
def test_a_file_that_cannot_be_read_is_told_in_german(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, body: bytes, expected: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path(name).write_bytes(body)
    with pytest.raises(KoggeError) as english:
        check_file(Path(name), "de", "luebeck/a")
    with pytest.raises(type(english.value)) as told, speaking("de"):
        check_file(Path(name), "de", "luebeck/a")
    assert expected in str(told.value)
    assert told.value.lang == "de"
    assert told.value.status == english.value.status
    assert getattr(told.value, "line", None) == getattr(english.value, "line", None)
    assert told.value.title in {each["de"] for each in TABLE["titles"].values()}


@pytest.mark.parametrize("lang", names.LANGUAGES)
def test_an_error_keeps_all_that_it_knows(lang: str) -> None:
    stale = PreconditionFailed("The graph is at version 3, not at 2.", "Take it.", difference={"from": 2})
    other = spoken(stale, lang)
    assert isinstance(other, PreconditionFailed)
    assert (other.difference, other.advice, other.lang) == ({"from": 2}, "Take it.", lang)
    assert stale.message == "The graph is at version 3, not at 2."
    assert (
        other.message
        == {
            "de": "Der Graph ist in Fassung 3, nicht in 2.",
            "en": stale.message,
            "nl": "De graaf is in versie 3, niet in 2.",
        }[lang]
    )
    assert str(other) == f"{other.message} Take it."
    assert spoken(other, "nl") is other or lang == "en"


def test_what_the_table_does_not_have_stays_english() -> None:
    odd = Unreadable("The moon is full.", line=3)
    assert spoken(odd, "de") is odd
    assert spoken(odd, "fr") is odd
    assert refusals.said("{} \\1 [", "de") == "{} \\1 ["
