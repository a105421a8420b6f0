"""The wording of pages: each text in three languages, none unknown, none said in two ways."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, Final

import pytest
from babel.messages.catalog import Message
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.pofile import read_po

from kogge.web.pages.words import LOCALE, SOURCE, translated, translations

WEB: Final = LOCALE.parent
OTHERS: Final = ("de", "nl")
METHODS: Final = [("templates/**.html", "jinja2.ext:babel_extract"), ("pages/**.py", "python")]
OPTIONS: Final[dict[str, dict[str, Any]]] = {"templates/**.html": {"trimmed": "true", "silent": "false"}}
KEYWORDS: Final = {**DEFAULT_KEYWORDS, "msgid": None}
PLACE: Final = re.compile(r"%\((\w+)\)\w")
# Words that only the SPARQL page may use.
JARGON: Final = re.compile(
    r"\b(?:RDF|IRIs?|triples?|Tripel\w*|SHACL|ontolog\w+|named graphs?|literals?)\b", re.IGNORECASE
)


@cache
def used() -> dict[str | tuple[str, ...], str]:
    """Every msgid in templates and program, and where it is used first."""
    found: dict[str | tuple[str, ...], str] = {}
    for file, line, message, _, _ in extract_from_dir(
        str(WEB), method_map=METHODS, options_map=OPTIONS, keywords=KEYWORDS
    ):
        found.setdefault(message if isinstance(message, str) else tuple(message), f"{file}:{line}")
    return found


def messages(lang: str) -> Iterator[tuple[Path, Message]]:
    for path in sorted((LOCALE / lang).glob("*.po")):
        with path.open("rb") as file:
            for message in read_po(file, locale=lang):
                if message.id:
                    yield path, message


def key(message: Message) -> str | tuple[str, ...]:
    return message.id if isinstance(message.id, str) else tuple(message.id)


def strings(message: Message) -> tuple[str, ...]:
    return (message.string,) if isinstance(message.string, str) else tuple(message.string or ())


def test_texts_were_found() -> None:
    assert len(used()) > 80
    assert {"Search", "There is no such page"} <= used().keys()


@pytest.mark.parametrize("lang", OTHERS)
def test_every_text_is_translated(lang: str) -> None:
    known = {key(message) for _, message in messages(lang) if all(strings(message)) and not message.fuzzy}
    assert {text: where for text, where in used().items() if text not in known} == {}


@pytest.mark.parametrize("lang", OTHERS)
def test_nothing_is_translated_that_nobody_says(lang: str) -> None:
    assert [
        f"{path.name}: {key(message)}" for path, message in messages(lang) if key(message) not in used()
    ] == []


@pytest.mark.parametrize("lang", OTHERS)
def test_a_text_of_two_subjects_is_said_in_one_way(lang: str) -> None:
    said: dict[str | tuple[str, ...], set[tuple[str, ...]]] = {}
    for _, message in messages(lang):
        said.setdefault(key(message), set()).add(strings(message))
    assert {text: ways for text, ways in said.items() if len(ways) > 1} == {}


@pytest.mark.parametrize("lang", OTHERS)
def test_places_for_values_are_kept(lang: str) -> None:
    for _, message in messages(lang):
        texts = (message.id,) if isinstance(message.id, str) else tuple(message.id)
        wanted = set(PLACE.findall(" ".join(texts)))
        assert all(set(PLACE.findall(text)) <= wanted for text in strings(message)), message.id
        assert set(PLACE.findall(strings(message)[-1])) == wanted, message.id


def test_both_languages_have_the_same_files() -> None:
    assert len({tuple(path.name for path in sorted((LOCALE / lang).glob("*.po"))) for lang in OTHERS}) == 1


@pytest.mark.parametrize("lang", OTHERS)
def test_no_page_but_that_of_sparql_speaks_like_an_engineer(lang: str) -> None:
    spoken = [
        (path, text) for path, message in messages(lang) for text in (*strings(message), str(message.id))
    ]
    assert [text for path, text in spoken if path.stem != "sparql" and JARGON.search(text)] == []


def test_the_words_of_a_page_come_from_all_files() -> None:
    assert translated("Search", lang="nl") == "Zoeken"
    assert translated("Who knows about …?", lang="de") == "Wer kennt sich aus mit …?"
    assert translated("Search", lang=SOURCE) == "Search"
    assert translations("de") is translations("de")
