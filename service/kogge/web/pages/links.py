"""Level 8, web, pages: the addresses of pages, and what of our data may become a link."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final
from urllib.parse import quote, urlencode, urlsplit

from kogge import media, names
from kogge.media import MediaType
from kogge.settings import Settings

SAFE: Final = ("http", "https", "mailto")
_KIND: Final = re.compile(r"[a-z0-9-]+")
_CONTROL: Final = re.compile(r"[\x00-\x20\x7f]")


@dataclass(frozen=True)
class DataLink:
    """What a page says, for programs: where, and in which representation."""

    href: str
    media: MediaType


def prefix_of(settings: Settings) -> str:
    """The path under which the service is published (`/kogge`), or nothing."""
    return urlsplit(settings.base_url).path.rstrip("/")


def url(prefix: str, lang: str, path: str = "", query: Mapping[str, object] | None = None) -> str:
    """The address of a page: `url("", "de", "help")` → `/de/help`. What is None in the query is left out."""
    asked = urlencode({k: v for k, v in (query or {}).items() if v not in (None, "")}, doseq=True)
    return f"{prefix}/{lang}/{quote(path)}{'?' if asked else ''}{asked}"


def thing(iri: object, prefix: str, lang: str) -> str:
    """The page about one of our things, topics or graphs; nothing for anything else."""
    return _thing(str(iri), prefix, lang)


@lru_cache(maxsize=20_000)  # a page asks for the same ones many times
def _thing(text: str, prefix: str, lang: str) -> str:
    kind, slug = names.kind_of(text), names.slug_of(text)
    if not _KIND.fullmatch(kind):
        return ""
    if not all(names.SLUG.fullmatch(part) for part in slug.split("/")):
        return ""
    return f"{prefix}/{lang}/{kind}/{slug}"


def safe(address: object) -> str:
    """An address from our data if it may be a link (http, https, mailto), else nothing."""
    text = str(address)
    if _CONTROL.search(text):
        return ""
    try:
        parts = urlsplit(text)
    except ValueError:
        return ""
    if parts.scheme not in SAFE or not (parts.netloc or parts.scheme == "mailto"):
        return ""
    return text


def data(iri: str, prefix: str) -> tuple[DataLink, ...]:
    """One of our things in the formats for programs; nothing for what is not ours."""
    if not iri.startswith(names.BASE) or not thing(iri, prefix, "en"):
        return ()
    path = prefix + "/" + iri.removeprefix(names.BASE)
    return tuple(DataLink(f"{path}.{form.suffix}", form) for form in (media.TURTLE, media.JSON_LD))
