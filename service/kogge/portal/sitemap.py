"""Level 6, portal: what has a page → a sitemap, in which three languages name each other."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Final
from xml.sax.saxutils import escape, quoteattr

from kogge import names

# Things in one file, as in queries/export/sitemap.rq, and as many others: each has a page in three languages,
# and 50,000 addresses are allowed.
PART: Final = 2000

_NAMESPACE: Final = "http://www.sitemaps.org/schemas/sitemap/0.9"
_HEAD: Final = '<?xml version="1.0" encoding="UTF-8"?>\n'


def shown(iri: str) -> str:
    """The page of one of our IRIs behind the language: `/municipality/kiel`, `/catalog`, `/`."""
    return "/" + iri.removeprefix(names.ID).removeprefix(names.BASE)


def pages(things: Mapping[str, datetime | None], base: str) -> bytes:
    """The pages of these IRIs, each with the time of its last change if that is known."""
    urls = "".join(_thing(iri, changed, base) for iri, changed in sorted(things.items()))
    return (
        f'{_HEAD}<urlset xmlns="{_NAMESPACE}" xmlns:xhtml="http://www.w3.org/1999/xhtml">\n{urls}</urlset>\n'
    ).encode()


def index(parts: Iterable[str]) -> bytes:
    """The addresses of the files of a sitemap that is too large for one."""
    found = "".join(f"<sitemap><loc>{escape(part)}</loc></sitemap>\n" for part in parts)
    return f'{_HEAD}<sitemapindex xmlns="{_NAMESPACE}">\n{found}</sitemapindex>\n'.encode()


def _thing(iri: str, changed: datetime | None, base: str) -> str:
    path = shown(iri)
    # The address of the thing itself leads to the page in the language of the reader.
    others = {lang: f"{base}/{lang}{path}" for lang in names.LANGUAGES} | {
        "x-default": f"{base}/{iri.removeprefix(names.BASE)}"
    }
    links = "".join(
        f'<xhtml:link rel="alternate" hreflang="{lang}" href={quoteattr(address)}/>'
        for lang, address in others.items()
    )
    time = f"<lastmod>{changed.isoformat()}</lastmod>" if changed else ""
    return "".join(f"<url><loc>{escape(others[lang])}</loc>{time}{links}</url>\n" for lang in names.LANGUAGES)
