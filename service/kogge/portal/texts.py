"""Level 6, portal: the texts of the catalogue (`queries/export/catalogue.toml`)."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from kogge import artefacts, names
from kogge.errors import Misconfigured

# Titles and the like, by language.
Text = Mapping[str, str]
_OTHERS: Final = ("catalogue", "service", "keywords", "themes")


@dataclass(frozen=True)
class Form:
    """A form in which datasets can be had: `format` is a key of the EU list, `media` and `package` as IANA
    names them, empty where the media type of the file says it."""

    title: Text
    description: Text
    format: str
    media: str = ""
    package: str = ""


@dataclass(frozen=True)
class Texts:
    """What the catalogue says of itself, of its service, of all datasets, of each form by its ending."""

    title: Text
    description: Text
    service_title: Text
    service_description: Text
    keywords: Mapping[str, list[str]]
    themes: list[str]
    forms: Mapping[str, Form]


@cache
def texts() -> Texts:
    """The texts. Raises Misconfigured, naming the file, where one is missing in a language."""
    path = artefacts.folder("queries") / "export" / "catalogue.toml"
    try:
        said = tomllib.loads(path.read_text(encoding="utf-8"))
        forms = {ending: Form(**each) for ending, each in said.items() if ending not in _OTHERS}
        each_text = [*(said[name] for name in ("catalogue", "service")), *map(vars, forms.values())]
        for each in each_text:
            _complete(each["title"], each["description"])
        _complete(said["keywords"])
        return Texts(
            said["catalogue"]["title"],
            said["catalogue"]["description"],
            said["service"]["title"],
            said["service"]["description"],
            said["keywords"],
            said["themes"]["all"],
            forms,
        )
    except (OSError, tomllib.TOMLDecodeError, KeyError, TypeError, ValueError) as error:
        raise Misconfigured(f"{path}: {error}", "Correct the file, or install the package anew.") from error


def _complete(*said: Mapping[str, Any]) -> None:
    for each in said:
        if set(each) != set(names.LANGUAGES) or not all(each.values()):
            raise ValueError(f"not in each language: {dict(each)}")
