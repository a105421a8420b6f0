"""Level 5, contribution: what stops a contribution or a page, said in the language that is asked for.

Errors are raised in English, on every level. `shapes/refusals.toml` has their texts with the places of what
is filled in, and says the same in the other languages. What it does not have is left in English.
"""

from __future__ import annotations

import copy
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from typing import Any, Final

from kogge import artefacts, names
from kogge.contribution.placeholders import filled
from kogge.errors import KoggeError, Misconfigured

_TOLD: Final = ("name", "reason", "state", "step")


@contextmanager
def speaking(lang: str) -> Iterator[None]:
    """Errors that are raised within speak this language."""
    try:
        yield
    except KoggeError as error:
        raise spoken(error, lang) from error


def spoken(error: KoggeError, lang: str) -> KoggeError:
    """The same error, with all that it knows, in a language: title, message and advice."""
    if lang == "en" or lang not in names.LANGUAGES or error.lang != "en":
        return error
    message = said(error.message, lang)
    if message == error.message:
        return error
    other = copy.copy(error)
    other.args, other.message, other.advice = (message,), message, said(error.advice, lang)
    other.lang = lang
    other.title = _table()["titles"].get(error.title, {}).get(lang, error.title)
    return other


def said(text: str, lang: str) -> str:
    """A text in another language; the text itself, if the table does not have it."""
    for entry in (_table()["place"], *_table()["said"]):
        if (fields := filled(entry["en"], text)) is not None:
            return _filled(entry[lang], fields, lang)
    return text


def _filled(template: str, fields: Mapping[str, str], lang: str) -> str:
    return str(template.format(**{name: _field(name, value, lang) for name, value in fields.items()}))


def _field(name: str, value: str, lang: str) -> str:
    """What is filled in: the document by its name, a reason or a state in the language, all else as it is."""
    if name not in _TOLD:
        return value
    translated = said(value, lang)
    if name == "reason" and translated == value:
        return str(_table()["other"][lang].format(reason=value))
    return translated


@cache
def _table() -> Mapping[str, Any]:
    """The table. Raises Misconfigured if the file cannot be used."""
    path = artefacts.folder("shapes") / "refusals.toml"
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise Misconfigured(f"{path} cannot be used: {error}.", "Restore the file.") from error
