"""Level 7, things: what is known of a thing: asked of the endpoint, its age from the ledger, then written."""

from __future__ import annotations

import asyncio
import hashlib
import threading
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache, partial
from typing import Final

from kogge import media, names
from kogge.endpoint import Endpoint
from kogge.errors import BadRequest, Gone, NotFound, Unavailable
from kogge.ledger import Ledger, Version
from kogge.media import MediaType
from kogge.portal import framing, sitemap, vocabulary
from kogge.portal import things as portal
from kogge.portal.things import COUNTED, PAGE, Page
from kogge.store import rows
from kogge.store.evaluate import Result

_LONG: Final = 30_000  # bytes (N-Triples) from which on a description is written in a thread
_MOST_PAGES: Final = 1_000_000
_NOTHING: Final = hashlib.sha256(b"").hexdigest()
_ERASED: Final = "What was said here was erased on request."


@dataclass(frozen=True)
class Record:
    """That there is a thing: how many links point to it (None: more than are counted), of what time is the
    newest version of a graph that speaks of it (None: versions are not kept), and the state of the store.
    """

    iri: str
    links: int | None
    modified: datetime | None
    state: str


@dataclass(frozen=True)
class Description:
    """A page of the description of a thing, and the state of the store that it is from."""

    record: Record
    page: Page
    result: Result
    state: str


class Things:
    """Answers for single things; `ledger` is None where versions are not kept."""

    def __init__(self, endpoint: Endpoint, ledger: Ledger | None, base: str) -> None:
        self._endpoint = endpoint
        self._ledger = ledger
        self._base = base
        self._ages = Ages(ledger) if ledger else None

    async def record(self, iri: str) -> Record:
        """What is known of a thing. Raises NotFound where nothing is, Gone where it was erased."""
        answer = await self._endpoint.ask_saved("export/thing-record", {"thing": iri}, media.SPARQL_JSON.type)
        found = rows.read(answer.body)
        if not any(str(row["described"]) == "true" for row in found):
            if self._ledger and self._ledger.erasures.gone(iri):
                raise Gone(_ERASED)
            raise NotFound(
                f"There is no thing '{iri}'.", "GET /suggest?q=… finds things by a part of their name."
            )
        links = int(str(found[0]["links"]))
        # Of a thing on several pages not every graph is known: then any of them may be the newest.
        graphs = {str(row["graph"]) for row in found} if links <= PAGE else None
        modified = await asyncio.to_thread(self._ages.newest, graphs) if self._ages else None
        return Record(iri, links if links <= COUNTED else None, modified, answer.state)

    async def description(self, iri: str, number: int, wanted: MediaType) -> Description:
        """A page of the description of a thing in one of `portal.things.OFFERED`.

        Raises as `record`, NotFound for a page that there is not, BadRequest for a number too large.
        """
        if number > _MOST_PAGES:
            raise BadRequest("There is no such page.", "Follow the links rel=next from the first one.")
        params = {"thing": iri, "offset": str((number - 1) * PAGE)}
        asking = asyncio.create_task(self._endpoint.ask_saved("export/thing", params, media.N_TRIPLES.type))
        try:
            record = await self.record(iri)
            page = Page(iri, self._base + path_of(iri), number, record.links)
            if page.last is not None and number > page.last:
                raise NotFound(f"The description has no page {number}.", f"Its last page is {page.last}.")
            answer = await asking
        finally:
            asking.cancel()
        write = partial(portal.description, answer.body, page, wanted)
        # A thread for a small one takes longer than writing it, and holds up others as long.
        result = await asyncio.to_thread(write) if len(answer.body) > _LONG else write()
        return Description(record, page, result, answer.state)

    async def graph(self, iri: str, accept: str | None, *, client: str | None = None) -> tuple[Result, str]:
        """A graph without versions in one of `portal.things.OFFERED`, and its state; as `Endpoint.graph`."""
        wanted = media.choose(accept, portal.OFFERED)
        answer = await self._endpoint.graph(iri, media.N_TRIPLES.type, client=client)
        return await asyncio.to_thread(portal.graph, answer.body, wanted), answer.state

    async def ontology(self, version: str | None) -> Held:
        """A version of our own words (None: the newest), as the ledger has it.

        Raises NotFound with the versions that there are, Unavailable where versions are not kept.
        """
        return await asyncio.to_thread(self._ontology, version)

    def _ontology(self, version: str | None) -> Held:
        if self._ledger is None:
            raise Unavailable("This graph has no versions.", "Open it in a folder.")
        known = []
        for each in reversed(self._ledger.history(names.ONTOLOGY_GRAPH)):
            body = self._ledger.body(each.number)
            said = vocabulary.version_of(body)
            if body and version in (None, said):
                return Held(each, body)
            known.append(said)
        told = ", ".join(sorted({each for each in known if each}))
        raise NotFound(f"The words have no version '{version}'.", f"Versions are: {told}.")

    async def ontology_as(self, held: Held, wanted: MediaType) -> Result:
        """Our own words in one of `portal.things.OFFERED`."""
        return await asyncio.to_thread(portal.graph, held.body, wanted)

    async def page(self, held: Held, write: Callable[[vocabulary.Words], bytes]) -> bytes:
        """The page that somebody writes of our own words, read for that; in a thread."""
        return await asyncio.to_thread(lambda: write(vocabulary.words(framing.parsed(held.body))))

    async def rules(self, wanted: MediaType) -> tuple[Result, str]:
        """The rules in one of `media.GRAPHS`, and by what equal rules are known."""
        return await asyncio.to_thread(_rules, wanted)

    async def sitemap(self, number: int | None, offered: Mapping[str, datetime]) -> tuple[Result, str]:
        """A part of the sitemap, from 1, or (None) all of it, where it is large the list of its parts.

        First come the things, then what is `offered` (the IRIs of the catalogue and its datasets, and when
        they last changed) and the graphs that have versions. Raises NotFound for a part that there is not.
        """
        asked = await self._endpoint.ask_saved("export/sitemap-size", {}, media.SPARQL_JSON.type)
        parts = max(1, -(-int(str(rows.read(asked.body)[0]["things"])) // sitemap.PART))
        others = [*offered.items(), *(await asyncio.to_thread(self._ages.graphs) if self._ages else ())]
        last = parts + -(-len(others) // sitemap.PART)
        if number is None and last > 2:
            addresses = [f"{self._base}/sitemap-{each}.xml" for each in range(1, last + 1)]
            return Result(media.XML, sitemap.index(addresses)), asked.state
        if number is not None and not 1 <= number <= last:
            raise NotFound(f"The sitemap has no part {number}.", f"Its last part is {last}.")
        if number is not None and number > parts:
            some = others[(number - parts - 1) * sitemap.PART : (number - parts) * sitemap.PART]
            return Result(media.XML, sitemap.pages(dict(some), self._base), len(some)), asked.state
        params = {"offset": str(((number or 1) - 1) * sitemap.PART)}
        answer = await self._endpoint.ask_saved("export/sitemap", params, media.SPARQL_JSON.type)
        beside = others if number is None else []
        return await asyncio.to_thread(self._sitemap, answer.body, beside), answer.state

    def _sitemap(self, body: bytes, beside: Iterable[tuple[str, datetime]]) -> Result:
        graphs: dict[str, set[str]] = defaultdict(set)
        for row in rows.read(body):
            graphs[str(row["thing"])].add(str(row["graph"]))
        changed = {iri: self._ages.newest(of) if self._ages else None for iri, of in graphs.items()}
        return Result(media.XML, sitemap.pages({**changed, **dict(beside)}, self._base), len(changed))


@lru_cache(maxsize=8)
def _rules(wanted: MediaType) -> tuple[Result, str]:
    result = portal.written(vocabulary.shapes(), wanted)
    return result, hashlib.sha256(result.body).hexdigest()[:32]


@dataclass(frozen=True)
class Held:
    """A version of our own words, and what it says (N-Triples)."""

    version: Version
    body: bytes


class Ages:
    """When each graph got its newest version, read from the ledger as it grows."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._lock = threading.Lock()
        self._number = self._erasures = 0
        self._at: dict[str, datetime] = {}
        self._empty: set[str] = set()

    def newest(self, graphs: set[str] | None = None) -> datetime | None:
        """The time of the newest version of these graphs, or of all; None where none has a version."""
        self._follow()
        times = self._at.values() if graphs is None else (self._at[g] for g in graphs if g in self._at)
        return max(times, default=None)

    def of(self, graph: str) -> datetime | None:
        """The time of the newest version of a graph."""
        self._follow()
        return self._at.get(graph)

    def graphs(self) -> list[tuple[str, datetime]]:
        """The graphs that say something, by name, each with the time of its newest version."""
        self._follow()
        with self._lock:
            return sorted((graph, at) for graph, at in self._at.items() if graph not in self._empty)

    def _follow(self) -> None:
        with self._lock:
            if (erasures := self._ledger.erasures.count) != self._erasures:
                self._number, self._erasures = 0, erasures  # old versions have changed
            for version in self._ledger.newest(after=self._number):
                self._at[version.graph] = time_of(version.erased or version.at)
                (self._empty.add if version.sha256 == _NOTHING else self._empty.discard)(version.graph)
                self._number = max(self._number, version.number)


def time_of(at: str) -> datetime:
    """A time of the ledger, in whole seconds, as HTTP has it."""
    return datetime.fromisoformat(at).astimezone(UTC).replace(microsecond=0)


def path_of(iri: str) -> str:
    """The address of one of our IRIs at a service, behind its base address."""
    return "/" + iri.removeprefix(names.BASE)
