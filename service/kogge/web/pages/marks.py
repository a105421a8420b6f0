"""Level 8, web, pages: the smallest parts of pages as markup: links, dates, sources, texts of a language.

Templates have macros for what is larger. These stand on a page by the hundreds, and a macro takes several
times as long as what it writes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Final

from babel.support import NullTranslations
from markupsafe import Markup, escape

from kogge.store.rows import Value
from kogge.web.pages import dates, links
from kogge.web.pages.facts import Source
from kogge.web.pages.words import msgid

_KEPT: Final = 10_000  # pages have the same ones many times
_SOURCE, _SOURCES = msgid("Source:"), msgid("Sources:")


class Marks:
    """The parts in a language, for pages below a prefix."""

    def __init__(self, lang: str, prefix: str, texts: NullTranslations) -> None:
        self._lang = lang
        self._prefix = prefix
        self._words = texts.ugettext(_SOURCE), texts.ugettext(_SOURCES)
        self._time: Callable[[str, str], Markup] = lru_cache(maxsize=_KEPT)(self._dated)
        self._of: Callable[[tuple[Source, ...], str], Markup] = lru_cache(maxsize=_KEPT)(self._documents)

    def link(self, iri: object, label: object) -> Markup:
        """A name of one of our things as a link to its page, or just the name."""
        where = links.thing(iri, self._prefix, self._lang)
        return Markup(f'<a href="{escape(where)}">{escape(label)}</a>') if where else escape(label)

    def time(self, value: object, length: str = "long") -> Markup:
        """A date as people write it, and as programs do. Nothing for none."""
        return self._time(str(value), length) if value else Markup()

    def said(self, text: object, language: str) -> Markup:
        """A text from the data: marked where it is in another language than the page."""
        if language and language != self._lang:
            return Markup(f'<span lang="{escape(language)}">{escape(text)}</span>')
        return escape(text)

    def text(self, value: Value) -> Markup:
        """The same of a value (facts.Said.shown, Source.title)."""
        return self.said(value.text, value.lang)

    def sources(self, documents: Iterable[Source], words: object = "") -> Markup:
        """The documents that say something, each a link with its date; nothing for none."""
        return self._of(tuple(documents), str(escape(words)))

    def _dated(self, value: str, length: str) -> Markup:
        shown = dates.shown(value, length, lang=self._lang)
        return Markup(f'<time datetime="{escape(value)}">{escape(shown)}</time>')

    def _documents(self, documents: tuple[Source, ...], words: str) -> Markup:
        if not documents:
            return Markup()
        every = Markup("; ").join(map(self._document, documents))
        return Markup(f'<span class="source">{words or self._words[len(documents) > 1]} {every}</span>')

    def _document(self, one: Source) -> Markup:
        name = self.link(one.iri, self.text(one.title))
        return Markup(f"{name}, {self.time(one.issued, 'short')}") if one.issued else name
