"""Level 6, portal: what is new, which events there are, and where the places are: feed, calendar, map.

Each for all, or for what concerns a topic, an alliance or a municipality.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol
from urllib.parse import urlencode

from kogge import names
from kogge.errors import BadRequest, NotFound
from kogge.ledger import Ledger
from kogge.portal import agenda, atom, news, places
from kogge.portal.atom import Entry, Feed, Text
from kogge.portal.news import VERSION, Item, News
from kogge.store.evaluate import Result
from kogge.store.rows import Row

PAGE: Final = 50  # entries of a page of the feed
_WORDS: Final = {
    "de": {"news": "Neues", "version": "Fassung {}", "deleted": "gelöscht", "Membership": "Mitgliedschaft"},
    "en": {"news": "News", "version": "version {}", "deleted": "deleted", "Membership": "membership"},
    "nl": {"news": "Nieuws", "version": "versie {}", "deleted": "verwijderd", "Membership": "lidmaatschap"},
}
_VERSION: Final = {"de": "Fassung eines Graphen", "en": "version of a graph", "nl": "versie van een graaf"}
_ORG: Final = "http://www.w3.org/ns/org#"
# What is said of a member concerns its alliances too.
_OF_MEMBERS: Final = ("Funding", "Need", "Project", "Recognition", "Strategy")


class Rows(Protocol):
    """Asks a saved question (`desk.rows`)."""

    def __call__(self, name: str, params: Mapping[str, str]) -> Awaitable[list[Row]]:
        """The rows of the answer."""
        ...


@dataclass(frozen=True)
class About:
    """To what a feed is restricted: slugs or IRIs, or nothing."""

    topic: str = ""
    alliance: str = ""
    municipality: str = ""

    @property
    def iris(self) -> dict[str, str]:
        """What is named, by its kind."""
        given = {"topic": self.topic, "alliance": self.alliance, "municipality": self.municipality}
        return {
            kind: value
            if "://" in value
            else (names.topic(value) if kind == "topic" else names.thing(kind, value))
            for kind, value in given.items()
            if value
        }


class Feeds:
    """Feed, calendar and map of a ledger and of the store that it fills, for the service at `base`."""

    def __init__(self, rows: Rows, ledger: Ledger, base: str) -> None:
        self._rows, self._ledger, self._base = rows, ledger, base
        self._news = News(ledger)

    async def atom(self, about: About, lang: str, page: int = 1) -> tuple[Result, str | None]:
        """A page of what is new, the newest first, and when it was last changed.

        Raises NotFound for a topic, alliance or municipality that is not there, and for a page behind the
        last one.
        """
        named, wanted, members = await self._wanted(about, lang)
        items = await asyncio.to_thread(self._news.items)
        found = [each for each in items if all(_concerns(each, some, members) for some in wanted)]
        pages = max(1, -(-len(found) // PAGE))
        if page > pages:
            raise NotFound(f"The feed has {pages} pages.", "Begin with the first: leave out 'page'.")
        shown = found[(page - 1) * PAGE : page * PAGE]
        kinds = await self._kinds(lang)
        authors = {each.agent: each.name for each in self._ledger.partners.all()}
        entries = [await self._entry(each, lang, kinds, authors) for each in shown]
        changed = found[0].changed.at if found else self._first
        result = atom.written(
            Feed(
                f"{names.BASE}feed.atom?{self._query(about, lang, 1)}",
                " · ".join(("Kogge", *named, _WORDS[lang]["news"])),
                lang,
                changed,
                self._links(about, lang, page, pages),
                entries,
            )
        )
        return result, changed

    async def agenda(self, lang: str, alliance: str = "") -> tuple[Result, str | None]:
        """The events with a day, of all or of an alliance, as a calendar, and when it was last changed.

        Raises NotFound for an alliance that is not there.
        """
        about = About(alliance=alliance)
        named, _, _ = await self._wanted(about, lang)
        rows = await self._rows("export/events", {"lang": lang} | about.iris)
        times = {each.graph: each.at for each in self._ledger.newest()}
        last = max((times.get(str(row["graph"]), "") for row in rows), default="")
        moments = {graph: datetime.fromisoformat(at) for graph, at in times.items()}
        return agenda.written(rows, moments, lang, " · ".join(named), self._base), last or None

    async def places(self, about: About) -> Result:
        """The authorities with a position: members of an alliance, those with evidence for a topic, or all.

        Raises NotFound for a topic or alliance that is not there.
        """
        await self._wanted(about, "de")
        iris = about.iris
        rows = await self._rows("export/places", {})
        memberships = await self._rows("export/alliances-of-places", {})
        topic = {"topic": iris["topic"]} if "topic" in iris else {}
        counted = await self._rows("export/evidence-of-topic" if topic else "export/evidence", topic)
        evidence = {str(row["holder"]): int(str(row["count"])) for row in counted}
        if topic:
            rows = [row for row in rows if str(row["place"]) in evidence]
        return places.written(rows, memberships, evidence, self._base, alliance=iris.get("alliance", ""))

    async def _wanted(
        self, about: About, lang: str
    ) -> tuple[list[str], list[frozenset[str]], frozenset[str]]:
        """How it is called to what a feed is restricted, the things that each restriction allows, and the
        members of its alliance."""
        named, wanted, members = [], [], frozenset[str]()
        for kind, iri in about.iris.items():
            labels = await self._labels(iri) if names.kind_of(iri) == kind else {}
            if not labels:
                raise NotFound(
                    f"There is no {kind} '{names.slug_of(iri)}'.", "GET /suggest finds it by its name."
                )
            named.append(_in(labels, lang).text)
            allowed = {iri}
            if kind == "topic":
                rows = await self._rows("export/narrower", {"topic": iri})
                allowed |= {str(row["narrower"]) for row in rows}
            elif kind == "alliance":
                rows = await self._rows("export/members", {"alliance": iri})
                members = frozenset(str(row["member"]) for row in rows)
            wanted.append(frozenset(allowed))
        return named, wanted, members

    async def _entry(
        self, item: Item, lang: str, kinds: Mapping[str, str], authors: Mapping[str, str]
    ) -> Entry:
        said = await asyncio.to_thread(self._news.said, item)
        labels = news.texts(said, names.SKOS + "prefLabel", names.DCTERMS + "title")
        words, links, changed = _WORDS[lang], [], item.changed
        path = self._base + "/graph/" + changed.graph.removeprefix(names.GRAPH)
        if item.kind == VERSION:
            title = _in(labels, lang) if labels else Text(names.slug_of(changed.graph))
            told = words["version"].format(changed.version) + ("" if item.mark else f" ({words['deleted']})")
            title = Text(f"{title.text}, {told}", title.lang)
            summary, label = Text(told, lang), _VERSION[lang]
            links.append(("alternate", f"{path}?version={changed.version}"))
            if changed.version > 1:
                links.append(("related", f"{path}?difference={changed.version - 1}..{changed.version}"))
        else:
            label = kinds.get(item.kind) or words.get(item.kind, item.kind)
            if labels:
                title = _in(labels, lang)
            else:  # a membership has no name of its own
                parts = [*news.values(said, _ORG + "member"), *news.values(said, _ORG + "organization")]
                called = [_in(await self._labels(iri), lang).text or names.slug_of(iri) for iri in parts]
                title = Text(" · ".join(called) or names.slug_of(item.iri))
            told_of = news.texts(said, names.DCTERMS + "description")
            summary = _in(told_of, lang) if told_of else Text(label, lang)
            links.append(("alternate", self._base + "/" + item.iri.removeprefix(names.BASE)))
            links.append(("via", f"{path}?version={changed.version}"))
        author = authors.get(changed.who, "Kogge")
        return Entry(item.iri, title, summary, author, item.came.at, changed.at, item.kind, label, links)

    async def _kinds(self, lang: str) -> dict[str, str]:
        """What our classes are called."""
        rows = await self._rows("export/classes", {"lang": lang})
        return {names.slug_of(str(row["class"])): str(row["label"]) for row in rows}

    async def _labels(self, iri: str) -> dict[str, str]:
        try:
            rows = await self._rows("export/names", {"thing": iri})
        except BadRequest:  # what is no IRI names nothing
            return {}
        return {row["label"].lang: str(row["label"]) for row in reversed(rows)}

    def _links(self, about: About, lang: str, page: int, pages: int) -> list[tuple[str, str]]:
        """Where this page is, and which there are beside it."""
        beside = {"self": page, "first": 1, "previous": page - 1, "next": page + 1, "last": pages}
        links = [
            (relation, f"{self._base}/feed.atom?{self._query(about, lang, number)}")
            for relation, number in beside.items()
            if 1 <= number <= pages
        ]
        return [*links, ("alternate", f"{self._base}/{lang}/")]

    @staticmethod
    def _query(about: About, lang: str, page: int) -> str:
        fields = {kind: names.slug_of(iri) for kind, iri in about.iris.items()} | {"lang": lang}
        return urlencode(fields | ({"page": str(page)} if page > 1 else {}))

    @property
    def _first(self) -> str:
        first = self._ledger.history(until=1)
        return first[0].at if first else "1970-01-01T00:00:00Z"


def _concerns(item: Item, wanted: frozenset[str], members: frozenset[str]) -> bool:
    """Whether an item is one of these things or names one; a member's own also concerns its alliance."""
    if item.iri in wanted or not wanted.isdisjoint(item.about):
        return True
    is_alliance = any(names.kind_of(iri) == "alliance" for iri in wanted)
    return is_alliance and item.kind in _OF_MEMBERS and not members.isdisjoint(item.about)


def _in(labels: Mapping[str, str], lang: str) -> Text:
    """The text in a language, or in the first that there is."""
    for code in (lang, *names.LANGUAGES, *sorted(labels)):
        if code in labels:
            return Text(labels[code], code)
    return Text("")
