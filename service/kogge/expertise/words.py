"""Level 5, words: what makes two spellings the same word: folding, stems, endings.

Folding transcribes umlauts as slugs do (`Lübeck` → `luebeck`); the `plain` form drops them (`lubeck`), as
people do whose keyboard has none. A lexicon holds both, so a question needs one form only.
"""

from __future__ import annotations

import re
import threading
import unicodedata
from functools import lru_cache
from typing import Final, NamedTuple

import snowballstemmer  # type: ignore[import-untyped]

_WORD: Final = re.compile(r"[^\W_]+")
_HYPHENS: Final = "-\u2010\u2011"
_TRANSCRIBED: Final = str.maketrans(
    {"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "æ": "ae", "ø": "oe", "å": "aa", "ĳ": "ij"}
)
_UMLAUT: Final = re.compile(r"(?<![aeq])([aou])e")
_DOUBLE: Final = re.compile(r"([aeou])\1|([bdfgklmnprst])\2(?=(?:e|en)?$)")
_VOICED: Final = re.compile(r"[zv](?=(?:e|en|er)?$)")
SHORT, LONG = 3, 6  # letters that two forms share at least, and two of different kinds of word
_STEMMERS: Final = {"de": "german", "en": "english", "nl": "dutch"}
# Endings that only inflect a word; derivations (mobility, mobile) are other words.
_ENDINGS: Final = {
    "de": frozenset(("", "e", "en", "em", "er", "es", "n", "s", "r", "m", "ens", "ern", "se", "sen", "nen")),
    "en": frozenset(("", "s", "es", "y", "ies")),
    "nl": frozenset(("", "s", "e", "n", "en", "eren", "es")),
}
# Nouns made of an adjective or verb mean the same in a question: wohnungslos, Wohnungslosigkeit;
# digitaliseren, digitalisering.
_NOUNS: Final = {
    "de": frozenset(("keit", "igkeit", "heit", "ung", "ungen")),
    "en": frozenset(("ness",)),
    "nl": frozenset(("heid", "heden", "id", "den", "ing", "ingen")),
}
_local = threading.local()


class Token(NamedTuple):
    """A word of a text: as written, folded, where; whether a hyphen ties it to the next (`tied`), or it is
    cut off after (`Verwaltungs-`) or before (`-hilfe`) a hyphen."""

    text: str
    word: str
    start: int
    end: int
    tied: bool
    cut_after: bool
    cut_before: bool


def normal(text: str) -> str:
    """The text with compatible characters made one (NFKC): a subscript two is a two."""
    return unicodedata.normalize("NFKC", text)


def fold(text: str) -> str:
    """The text in lower case, umlauts transcribed, other accents dropped."""
    if text.isascii():
        return text.lower()
    return _bare(normal(text).casefold().translate(_TRANSCRIBED))


def plain(text: str) -> str:
    """The text in lower case, umlauts and accents dropped."""
    if text.isascii():
        return text.lower()
    return _bare(normal(text).casefold())


def words(text: str) -> tuple[str, ...]:
    """The folded words of a text; hyphens and signs separate."""
    return tuple(_WORD.findall(fold(text)))


def plain_words(text: str) -> tuple[str, ...]:
    """The plain words of a text."""
    return tuple(_WORD.findall(plain(text)))


def spellings(text: str) -> set[tuple[str, ...]]:
    """The words of a text, folded and plain: one if it has no umlauts."""
    return {words(text)} if text.isascii() else {words(text), plain_words(text)}


def tokens(text: str) -> list[Token]:
    """The words of a text in normal form, with their places in it."""
    found = []
    for place in _WORD.finditer(text):
        start, end = place.span()
        before, after = text[start - 1 : start], text[end : end + 1]
        hyphen = bool(after) and after in _HYPHENS
        tied = hyphen and text[end + 1 : end + 2].isalnum()
        cut_before = bool(before) and before in _HYPHENS and not text[start - 2 : start - 1].isalnum()
        found.append(
            Token(place.group(), fold(place.group()), start, end, tied, hyphen and not tied, cut_before)
        )
    return found


@lru_cache(maxsize=50_000)
def stem(lang: str, word: str) -> str:
    """The Snowball stem of a folded word in German, English or Dutch, spelt alike in singular and plural.

    Beyond Snowball: the s of borrowed plurals (Büros); in Dutch doubled letters (materiaal, materialen;
    plek, plekken), the e of adjectives (duurzaam, duurzame), and plurals that lost their dots (economieën).
    """
    if lang == "nl" and word.endswith(("ieen", "eeen")):
        word = word[:-2]
    stemmers = getattr(_local, "stemmers", None)  # a stemmer keeps state, so each thread has its own
    if stemmers is None:
        stemmers = _local.stemmers = {code: snowballstemmer.stemmer(name) for code, name in _STEMMERS.items()}
    found = str(stemmers[lang].stemWord(word))
    if lang == "de" and len(found) > SHORT and found[-2] in "aiouy":
        return found.removesuffix("s")
    return _alike(found).removesuffix("e") if lang == "nl" and len(found) > SHORT else found


def inflects(lang: str, one: str, other: str) -> bool:
    """Whether two words differ in inflection alone (their endings, and umlauts in German), or as an adjective
    or verb and its noun do."""
    if lang == "de":
        one, other = _without_umlauts(one), _without_umlauts(other)
    elif lang == "nl":
        one, other = _alike(one), _alike(other)
    shared = 0
    for left, right in zip(one, other, strict=False):
        if left != right:
            break
        shared += 1
    endings = _ENDINGS[lang] if shared < LONG else _ENDINGS[lang] | _NOUNS[lang]
    return shared >= SHORT and one[shared:] in endings and other[shared:] in endings


def _alike(word: str) -> str:
    """A Dutch word as it is spelt in open and in closed syllables: `dakloos` like `daklozen`."""
    single = _DOUBLE.sub(lambda found: found.group()[0], word)
    return _VOICED.sub(lambda found: "s" if found.group() == "z" else "f", single)


def _without_umlauts(word: str) -> str:
    return _UMLAUT.sub(r"\1", word)


def _bare(text: str) -> str:
    if text.isascii():
        return text
    return "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
