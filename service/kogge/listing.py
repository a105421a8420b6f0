"""Level 7, listing: the catalogue of what the graph says now, made after each change and then kept."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Final, Protocol

from pyoxigraph import Triple

from kogge import media
from kogge.errors import KoggeError, NotFound, Unavailable
from kogge.media import MediaType
from kogge.portal import catalog, facts, schema_org_datasets
from kogge.portal.catalog import Catalogue
from kogge.portal.facts import About, Facts
from kogge.portal.office import Office, office
from kogge.portal.release import Made, Release
from kogge.settings import Settings
from kogge.store.answers import Answer
from kogge.store.rows import read

FORMATS: Final = catalog.FORMATS
QUIET: Final = 2.0  # seconds without a change after which the catalogue is made before anybody asks for it
_TRIES: Final = 3
log = logging.getLogger(__name__)


class Source(Protocol):
    """What answers saved questions: the endpoint."""

    def refresh(self) -> Awaitable[str]:
        """The state that answers come from now."""
        ...

    def ask_saved(self, name: str, params: Mapping[str, str], accept: str | None = None) -> Awaitable[Answer]:
        """The answer to a saved question."""
        ...


@dataclass(frozen=True)
class Page:
    """A page of the catalogue, or one dataset, in one format.

    `tag` changes with its bytes, `made` is when it was made.
    """

    media: MediaType
    body: bytes
    state: str
    tag: str
    made: datetime


@dataclass(frozen=True)
class Offer:
    """What is offered now: the datasets, the whole graph first, who publishes them, the files as far as made.

    `tag` changes with any of it.
    """

    facts: Facts
    office: Office
    release: Release | None
    tag: str

    def about(self, slug: str) -> About:
        """What a dataset is about. Raises NotFound."""
        for about in self.facts.datasets:
            if about.dataset.slug == slug:
                return about
        raise _no_dataset(slug)

    def made(self, about: About) -> Made | None:
        """The files of a dataset, and how much it says, if they are made."""
        return self.release.datasets.get(about.dataset.slug) if self.release else None

    def modified(self, about: About) -> str:
        """When a dataset was last changed: xsd:dateTime, or a day."""
        made = self.made(about)
        return (made.modified if made else "") or self.facts.modified or about.issued

    def described(self, about: About, lang: str) -> dict[str, object]:
        """A dataset in the words of schema.org, in one language."""
        return schema_org_datasets.dataset(about, self.office, self.facts.modified, self.release, lang)

    def catalogue(self, lang: str) -> dict[str, object]:
        """The catalogue in the words of schema.org, in one language."""
        return schema_org_datasets.catalogue(self.facts, self.office, lang)


@dataclass(frozen=True)
class _Made:
    state: str
    release: Release | None
    facts: Facts
    catalogue: Catalogue
    at: datetime
    written: dict[tuple[int | str, MediaType], Page]


class Listing:
    """The catalogue of a source. `release` gives the dumps that are offered now, if there are some.

    Raises Misconfigured, when it is made, for settings that a portal would reject.
    """

    def __init__(
        self, settings: Settings, source: Source, release: Callable[[], Release | None] = lambda: None
    ) -> None:
        self._office = office(settings)
        self._source = source
        self._release = release
        self._kept: _Made | None = None
        self._making = asyncio.Lock()
        self._following: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Has the catalogue ready when a portal asks for it; who asks right after a change waits for it."""
        self._following = asyncio.create_task(self._follow())

    async def stop(self) -> None:
        """Ends what was started."""
        if self._following:
            self._following.cancel()

    async def _follow(self) -> None:
        before = tried = ""
        while True:
            await asyncio.sleep(QUIET)
            try:
                state = await self._source.refresh()
                if state == before != tried:
                    tried = state
                    await self.page(1, media.TURTLE)
                before = state
            except KoggeError as error:
                log.info("the catalogue is not made in advance: %s", error)

    async def page(self, number: int, wanted: MediaType) -> Page:
        """A page of the catalogue, counted from 1, in one of `FORMATS`.

        Raises NotFound for a page that there is not, Unavailable for an empty graph, and as `ask_saved`:
        an error is told as one, because a portal that reads an empty catalogue deletes all it has.
        """
        made = await self._current()
        if not 1 <= number <= len(made.catalogue):
            raise NotFound(
                f"The catalogue has no page {number}.", f"It has pages 1 to {len(made.catalogue)}."
            )
        return await self._written(made, number, lambda: made.catalogue.page(number), wanted)

    async def entry(self, slug: str, wanted: MediaType) -> Page:
        """One dataset, as the catalogue describes it. Raises NotFound, and as `page`."""
        made = await self._current()
        if all(about.dataset.slug != slug for about in made.facts.datasets):
            raise _no_dataset(slug)
        return await self._written(made, slug, lambda: made.catalogue.dataset(slug), wanted)

    async def files(self) -> Mapping[str, bytes]:
        """Name of the file → its content: the catalogue in each format, all on one page. Raises as `page`."""
        made = await self._current()
        return await asyncio.to_thread(catalog.whole, made.facts, self._office, made.release)

    async def offer(self) -> Offer:
        """What is offered now, for pages. Raises as `page`."""
        made = await self._current()
        tag = f"{made.state}-{made.release.name}" if made.release else made.state
        return Offer(made.facts, self._office, made.release, tag)

    async def _current(self) -> _Made:
        state, release = await self._source.refresh(), await asyncio.to_thread(self._release)
        if (made := self._kept) and (made.state, made.release) == (state, release):
            return made
        async with self._making:
            if (made := self._kept) and (made.state, made.release) == (state, release):
                return made
            for _ in range(_TRIES):
                asked = (self._source.ask_saved(name, {}, media.SPARQL_JSON.type) for name in facts.QUESTIONS)
                answers = await asyncio.gather(*asked)
                if len({answer.state for answer in answers}) == 1:
                    break
            else:
                raise Unavailable("The graph is being changed just now.", "Try again in a few seconds.")
            self._kept = await asyncio.to_thread(self._make, answers, release)
            return self._kept

    async def _written(
        self, made: _Made, what: int | str, say: Callable[[], list[Triple]], wanted: MediaType
    ) -> Page:
        if (page := made.written.get((what, wanted))) is None:
            body = await asyncio.to_thread(lambda: catalog.written(say(), wanted))
            page = Page(wanted, body, made.state, sha256(body).hexdigest()[:16], made.at)
            made.written[what, wanted] = page
        return page

    def _make(self, answers: list[Answer], release: Release | None) -> _Made:
        said = facts.read([read(answer.body) for answer in answers])
        made = catalog.catalogue(said, self._office, release)
        return _Made(answers[0].state, release, said, made, datetime.now(UTC), {})


def _no_dataset(slug: str) -> NotFound:
    return NotFound(f"There is no dataset '{slug}'.", "GET /catalog lists those that there are.")
