"""Level 8, web, pages: what is new: the versions that were published last, and events that are announced."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from fastapi import Request, Response

from kogge import names
from kogge.desk import Desk
from kogge.errors import BadRequest
from kogge.ledger import Version
from kogge.store.rows import Row
from kogge.web.context import desk_of
from kogge.web.pages import READ, pages
from kogge.web.pages.render import Page
from kogge.web.pages.words import Entry, msgid
from kogge.web.told import path_of

router = pages()

ENTRY: Final = Entry("news", msgid("What is new"), 60)
PAGE: Final = 20  # versions on a page
THINGS: Final = 4  # that are named of a version
_DIGITS: Final = 9


@dataclass(frozen=True)
class Thing:
    """A thing of a version that is named: what it is, and what it is called."""

    iri: str
    label: str
    kind: str


@dataclass(frozen=True)
class News:
    """A version that was published: when (a time), by whom, whether it is the first of its graph, what its
    graph is called and where its versions are, some of the things that the graph says something of now."""

    at: str
    who: str
    agent: str
    first: bool
    erased: bool
    title: str
    path: str
    things: tuple[Thing, ...]
    others: int

    @property
    def day(self) -> str:
        """The day, in UTC."""
        return self.at[:10]


@router.api_route("/news", methods=READ)
async def news(request: Request, lang: str) -> Response:
    """What was published last, day by day, and which events are announced."""
    page = await Page.open(request, lang)
    if page.held:
        return page.held
    desk, before = desk_of(request), _before(request.query_params.get("before") or "")
    versions = await desk.look(lambda steps: steps.newest(PAGE + 1, before=before))
    named = {iri for version in versions[:PAGE] for iri in (version.who, version.graph)}
    called = await _names(desk, named, lang)
    told = await asyncio.gather(*(_told(desk, version, called, lang) for version in versions[:PAGE]))
    return await page.send(
        "news.html",
        days=[(day, list(some)) for day, some in groupby(told, lambda one: one.day)],
        older=versions[PAGE - 1].number if len(versions) > PAGE else None,
        newer=before is not None,
        events=await desk.rows("lookup/announced-events", {"lang": lang}),
    )


def _before(text: str) -> int | None:
    """The number of a version. Raises BadRequest."""
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= _DIGITS):
        raise BadRequest("This is no number of a version.", "Leave 'before' out to begin with the newest.")
    return int(text)


async def _names(desk: Desk, things: Iterable[str], lang: str) -> dict[str, str]:
    """What things (IRIs) are called."""
    listed = sorted(things)
    found = await asyncio.gather(*(desk.rows("pages/name", {"thing": each, "lang": lang}) for each in listed))
    return {
        iri: str(rows[0]["label"]) if rows and "label" in rows[0] else names.slug_of(iri)
        for iri, rows in zip(listed, found, strict=True)
    }


async def _told(desk: Desk, version: Version, called: Mapping[str, str], lang: str) -> News:
    about = await desk.rows("pages/graph-news", {"graph": version.graph, "lang": lang})
    things = _things(about)
    return News(
        at=version.at,
        who=called[version.who],
        agent=version.who,
        first=version.version == 1,
        erased=version.erased is not None,
        title=called[version.graph],
        path=path_of(version.graph)[1:],
        things=tuple(things[:THINGS]),
        others=max(0, len(things) - THINGS),
    )


def _things(rows: Sequence[Row]) -> list[Thing]:
    found: dict[str, Thing] = {}
    for row in rows:
        iri = str(row["thing"])
        label = str(row["label"]) if "label" in row else names.slug_of(iri)
        found.setdefault(iri, Thing(iri, label, str(row.get("classLabel", ""))))
    return list(found.values())
