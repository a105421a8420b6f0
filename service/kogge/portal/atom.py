"""Level 6, portal: entries → an Atom feed (RFC 4287), in pages (RFC 5005, section 3)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final
from xml.etree import ElementTree as ET
from xml.etree.ElementTree import Element, SubElement

from kogge import media
from kogge.store.evaluate import Result

NAMESPACE: Final = "http://www.w3.org/2005/Atom"
LICENCE: Final = "https://creativecommons.org/licenses/by/4.0/"

_NOT_IN_XML: Final = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # XML 1.0, 2.2


@dataclass(frozen=True)
class Text:
    """A text and its language, if that is known."""

    text: str
    lang: str = ""


@dataclass(frozen=True)
class Entry:
    """What is told of one thing. `links` are pairs of a relation and an address."""

    id: str
    title: Text
    summary: Text
    author: str
    published: str
    updated: str
    kind: str
    label: str
    links: Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Feed:
    """A page of a feed; `links` as those of an entry."""

    id: str
    title: str
    lang: str
    updated: str
    links: Sequence[tuple[str, str]]
    entries: Sequence[Entry] = field(default=())


def written(feed: Feed) -> Result:
    """The feed as a document."""
    root = Element("feed", {"xmlns": NAMESPACE, "xml:lang": feed.lang})
    _said(root, "id", feed.id)
    _said(root, "title", feed.title)
    _said(root, "updated", feed.updated)
    _said(SubElement(root, "author"), "name", "Kogge")
    _said(root, "generator", "Kogge")
    _said(root, "rights", "CC BY 4.0")
    _linked(root, (*feed.links, ("license", LICENCE)))
    for each in feed.entries:
        entry = SubElement(root, "entry")
        _said(entry, "id", each.id)
        _said(entry, "title", each.title.text, each.title.lang)
        _said(entry, "published", each.published)
        _said(entry, "updated", each.updated)
        _said(SubElement(entry, "author"), "name", each.author)
        SubElement(entry, "category", {"term": each.kind, "label": _clean(each.label)})
        _linked(entry, each.links)
        _said(entry, "summary", each.summary.text, each.summary.lang)
    ET.indent(root, " ")
    return Result(media.ATOM, ET.tostring(root, "utf-8", xml_declaration=True) + b"\n")


def _said(parent: Element, name: str, text: str, lang: str = "") -> None:
    SubElement(parent, name, {"xml:lang": lang} if lang else {}).text = _clean(text)


def _linked(parent: Element, links: Sequence[tuple[str, str]]) -> None:
    for relation, address in links:
        SubElement(parent, "link", {"rel": relation, "href": address})


def _clean(text: str) -> str:
    """The text without characters that no XML document can have."""
    return _NOT_IN_XML.sub("", text)
