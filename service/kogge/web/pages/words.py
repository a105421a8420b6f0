"""Level 8, web, pages: the words of pages in three languages, from the .po files of `locale/`.

The English wording is the msgid. Each subject has a file of its own (`locale/de/search.po`); all are merged.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations, Translations

LOCALE: Final = Path(__file__).parent.parent / "locale"
SOURCE: Final = "en"  # the language of the msgids


@dataclass(frozen=True)
class Entry:
    """An entry of the navigation: where it leads (below the language), its words, and its place."""

    path: str
    words: str
    rank: int


def msgid(words: str) -> str:
    """The words themselves: marks them in Python as to be translated later, by `translated`."""
    return words


@cache
def translations(lang: str) -> NullTranslations:
    """All translations into a language."""
    if lang == SOURCE:
        return NullTranslations()
    merged = Catalog(locale=lang)
    for path in sorted((LOCALE / lang).glob("*.po")):
        with path.open("rb") as file:
            for message in read_po(file, locale=lang):
                if message.id:
                    merged[message.id] = message
    compiled = io.BytesIO()
    write_mo(compiled, merged)
    compiled.seek(0)
    return Translations(compiled)


def translated(words: str, *, lang: str) -> str:
    """Words that were marked with `msgid`, in a language."""
    return str(translations(lang).ugettext(words))
