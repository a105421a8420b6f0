"""Level 7, desk: the façade that pages and commands talk to. It opens the store, answers, and checks.

What comes over the network is answered by the pool of workers (`start`, then `ask`, `ask_saved`, `graph`):
never in this process. The command line, and a desk in memory, evaluate here. What needs no open graph is
handed on from the module that does it (`__all__`).
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

from kogge import archive, home, media, names, publish, questions
from kogge.dumps import Dumps
from kogge.endpoint import Endpoint, asked, pool_of
from kogge.errors import Damaged, DiskFull, Gone, Unavailable, Unreadable
from kogge.expertise import Lookup, Progress, silent
from kogge.export import WHAT as EXPORTED
from kogge.export import export
from kogge.home import in_use, open_ledger, operator, rebuild, steps_beside
from kogge.ledger import Caller, Ledger, Partners, Version
from kogge.listing import FORMATS as CATALOGUE_FORMATS
from kogge.listing import Listing
from kogge.lookup import EXPERTISE, CurrentLookup
from kogge.media import MediaType
from kogge.portal.changes import Changes
from kogge.portal.feeds import Feeds
from kogge.portal.reconcile import Reconciliation
from kogge.portal.things import OFFERED as THING_FORMATS
from kogge.portal.vocabulary import Words
from kogge.portal.vocabulary import named as terms
from kogge.publish import Publisher
from kogge.questions import all_saved, query_text
from kogge.settings import Settings
from kogge.steps import Steps
from kogge.store.answers import repeatable
from kogge.store.embedded import EmbeddedStore
from kogge.store.evaluate import Result, evaluate
from kogge.store.guard import Limits
from kogge.store.workers import Here, Pool
from kogge.syntax import KINDS as THING_KINDS
from kogge.syntax import prefixes, read_bytes
from kogge.things import Things, time_of
from kogge.turtle import format_file
from kogge.validation import Checked, check, profiles, report, unchecked

if TYPE_CHECKING:
    from kogge.reception import Arrival, Judging, Outcome

__all__ = [
    "CATALOGUE_FORMATS",
    "EXPERTISE",
    "EXPORTED",
    "THING_FORMATS",
    "THING_KINDS",
    "Checked",
    "Desk",
    "Words",
    "all_saved",
    "ask_endpoint",
    "check",
    "export",
    "format_file",
    "in_use",
    "open_ledger",
    "operator",
    "prefixes",
    "profiles",
    "query_text",
    "read_bytes",
    "rebuild",
    "repeatable",
    "report",
    "saved",
    "steps_beside",
    "template",
    "terms",
    "time_of",
    "unchecked",
    "write_bytes",
]

log = logging.getLogger(__name__)

T = TypeVar("T")

_KINDS: Final = f"""SELECT ?kind ?label WHERE {{
    ?kind <{names.SKOS}inScheme> <{names.KOGGE}EvidenceKinds> ; <{names.SKOS}prefLabel> ?label
}}"""


class Desk:
    """An open graph: on the disk with its versions (`Desk.open`), or in memory (`Desk.in_memory`)."""

    def __init__(
        self,
        store: EmbeddedStore,
        settings: Settings,
        ledger: Ledger | None = None,
        progress: Progress = silent,
        lookup: Lookup | None = None,
    ) -> None:
        self._store = store
        self._ledger = ledger
        self._settings = settings
        self._limits = Limits(settings.query_bytes, settings.query_depth, settings.query_operators)
        guard = self._limits if settings.guard else None
        self._pool = pool_of(store, settings, guard) if ledger else Here(store.engine, limits=guard)
        self._lookup = CurrentLookup(
            store, settings.home / "lookup.sqlite" if ledger else None, progress, lookup
        )
        self._publisher = Publisher(ledger, store, self._lookup.change) if ledger else None
        self._endpoint = Endpoint(store, self._pool, settings, self._publisher)
        self._steps = (
            Steps(ledger, self._publisher, four_eyes=settings.four_eyes)
            if ledger and self._publisher
            else None
        )
        self._changes = Changes(ledger, settings.base_url) if ledger else None
        self._feeds = Feeds(self._endpoint.rows, ledger, settings.base_url) if ledger else None
        self.reconciliation = Reconciliation(self._lookup.find, self._endpoint.rows, settings.base_url)
        self._dumps = Dumps(store, ledger, settings) if ledger else None
        self.listing = Listing(settings, self._endpoint, self._dumps.current if self._dumps else lambda: None)
        self._judging: Judging | None = None
        self._closed = False
        # What they answer they say themselves; here it has the names under which it is asked for.
        self.who, self.who_as = self._lookup.who, self._lookup.who_as
        self.needs = self._lookup.needs
        self.matches, self.matched = self._lookup.matches, self._lookup.matched
        self.suggest = self._lookup.suggest
        self.search, self.sought, self.fields = self._lookup.search, self._lookup.sought, self._lookup.fields
        self.ask, self.ask_saved = self._endpoint.ask, self._endpoint.ask_saved
        self.rows, self.labels = self._endpoint.rows, self._endpoint.labels
        self.called, self.where = self._endpoint.called, self._endpoint.where
        self.graph, self.describe = self._endpoint.graph, self._endpoint.describe
        self.refresh = self._endpoint.refresh
        self.things = Things(self._endpoint, ledger, settings.base_url)

    @classmethod
    def open(cls, settings: Settings, progress: Progress = silent) -> Desk:
        """Opens store and ledger in the home folder and brings in what has changed in the repository.

        `progress` is told how far a new index of the lookup is.

        Raises Unavailable if another process has them open, Misconfigured if they cannot be used,
        Unreadable for a file of the repository.
        """
        home.make(settings)
        try:
            desk = cls._open(settings, progress)
        except Damaged as error:
            home.put_aside(settings.home / "store", error)
            desk = cls._open(settings, progress)
        log.info("open in %s, state %s", settings.home, desk.state)
        return desk

    @classmethod
    def _open(cls, settings: Settings, progress: Progress) -> Desk:
        store = EmbeddedStore(settings.home / "store")
        try:
            ledger = open_ledger(settings)
            desk = cls(store, settings, ledger, progress)
            try:
                publish.bring_in(ledger, store)
            except DiskFull as error:
                if not store.graphs():
                    raise
                log.error("%s What is there is served as it is.", error)
        except BaseException:
            store.close()
            raise
        return desk

    @classmethod
    def in_memory(cls, settings: Settings | None = None) -> Desk:
        """The graph of the repository in memory, without versions; nothing is written."""
        store = EmbeddedStore()
        publish.load(store)
        return cls(store, settings or Settings.from_environment({}))

    async def start(self) -> None:
        """Starts what answers queries and judges. Raises Misconfigured where that cannot be done safely.

        The lookup of a large graph takes some seconds to open; SPARQL does not wait for it.
        """
        # Imported here: the validator takes longer to load than all the rest, and the command line asks only.
        from kogge.contribution import reader

        if isinstance(self._pool, Pool):
            self._judging = reader.of_settings(self._pool, self._settings)
        else:
            self._judging = reader.Here(self._store.engine)
        await self._endpoint.start()
        if self._ledger:
            self._lookup.start()
        self.listing.start()
        if self._dumps:
            self._dumps.start()

    async def stop(self) -> None:
        """Ends what answers queries, the queries that run, and the making of dumps."""
        if self._dumps:
            await self._dumps.stop()
        await self.listing.stop()
        await self._endpoint.stop()

    def evidence_labels(self, lang: str) -> dict[str, str]:
        """The kinds of evidence and what they are called in a language."""
        rows = json.loads(self.evaluate(_KINDS).body)["results"]["bindings"]
        return {
            names.slug_of(row["kind"]["value"]): row["label"]["value"]
            for row in rows
            if row["label"].get("xml:lang") == lang
        }

    @property
    def steps(self) -> Steps:
        """The steps of contributions, and the versions of graphs. Raises Unavailable without versions."""
        if self._steps is None:
            raise Unavailable("This graph has no versions.", "Open it in a folder.")
        return self._steps

    @property
    def changes(self) -> Changes:
        """The changes of all graphs, as a stream. Raises Unavailable without versions."""
        if self._changes is None:
            raise Unavailable("This graph has no versions.", "Open it in a folder.")
        return self._changes

    @property
    def feeds(self) -> Feeds:
        """What is new, the events and the places. Raises Unavailable without versions."""
        if self._feeds is None:
            raise Unavailable("This graph has no versions.", "Open it in a folder.")
        return self._feeds

    @property
    def partners(self) -> Partners:
        """The partners and their tokens. Raises Unavailable without versions."""
        if self._ledger is None:
            raise Unavailable("This graph has no partners.", "Open it in a folder.")
        return self._ledger.partners

    @property
    def dumps(self) -> Dumps:
        """The dumps of all datasets. Raises Unavailable without versions."""
        if self._dumps is None:
            raise Unavailable("This graph has no dumps.", "Open it in a folder.")
        return self._dumps

    async def contribute(self, arrival: Arrival, caller: Caller) -> Outcome:
        """Judges what was sent and stages it. Raises as `reception.receive`, Unavailable before the start."""
        from kogge.reception import receive

        if self._judging is None:
            raise Unavailable("Nothing is judged before the service is started.", "Try again.")
        return await receive(arrival, caller, self._judging, self.steps)

    async def act(self, work: Callable[[Steps], T]) -> T:
        """Takes a step; what it published is read by whoever asks after this. Raises as the step does."""
        done = await asyncio.to_thread(work, self.steps)
        await self.refresh()
        return done

    async def look(self, work: Callable[[Steps], T]) -> T:
        """What the ledger says, read in a thread. Raises as what reads it."""
        return await asyncio.to_thread(work, self.steps)

    async def version(
        self, graph: str, number: int | None, accept: str | None, offered: Sequence[MediaType]
    ) -> tuple[Version, Result]:
        """A version of a graph (None: the newest) and what it says, in one of the types offered.

        Raises NotFound for a graph or version that there is not, or that was made empty; Gone where all that
        it said was erased; NotAcceptable.
        """
        wanted = media.choose(accept, offered)
        return await asyncio.to_thread(self._version, graph, number, wanted)

    def _version(self, graph: str, number: int | None, wanted: MediaType) -> tuple[Version, Result]:
        if self.gone(graph):
            raise Gone("What was here was erased on request.")
        return archive.version(self.steps, graph, number, wanted)

    async def history(
        self, graph: str, accept: str | None, offered: Sequence[MediaType]
    ) -> tuple[list[Version], Result | None]:
        """The versions of a graph, the oldest first, and in RDF (PROV-O) if that is wanted more than JSON.

        Raises NotFound, NotAcceptable.
        """
        wanted = media.choose(accept, (media.JSON, *offered))
        return await asyncio.to_thread(archive.history, self.steps, graph, wanted)

    def gone(self, iri: str) -> bool:
        """Whether this is a person whose data was erased."""
        return self._ledger is not None and self._ledger.erasures.gone(iri)

    async def alive(self) -> str:
        """The state from which a question has just been answered, if the lookup is open. Raises as `ask`."""
        await self._lookup.opened()
        return await self._endpoint.alive()

    def evaluate(self, text: str, accept: str | None = None) -> Result:
        """The answer to a query, evaluated in this process: for the command line. Raises as `evaluate`."""
        return evaluate(self._store.engine, asked(self._settings, text, accept), self._limits)

    @property
    def state(self) -> str:
        """A token that is equal for equal contents of the store and changes with any triple."""
        return self._store.state

    @property
    def ready(self) -> bool:
        """Whether questions are answered."""
        return not self._closed

    async def answered(self, work: Callable[[], T]) -> T:
        """What the lookup answers to this: at once, or in a thread where it may have to wait."""
        return work() if self._lookup.quick else await asyncio.to_thread(work)

    def close(self) -> None:
        """Closes store and ledger. Closing twice is allowed."""
        self._closed = True
        self._lookup.close()
        self._store.close()
        if self._ledger:
            self._ledger.close()


# What needs no graph that is open


def saved(group: str = "lookup") -> tuple[questions.Question, ...]:
    """The saved questions of a group."""
    return questions.all_questions(group)


def template(lang: str, *, steward: bool) -> Result:
    """The workbook in which a city fills in what it knows; `steward` adds the sheets of the editors."""
    from kogge.contribution.template import template as written

    return Result(media.XLSX, written(lang, steward=steward))


def write_bytes(path: Path, content: bytes) -> None:
    """Writes a file. Raises Unreadable with a sentence instead of an OSError."""
    try:
        path.write_bytes(content)
    except OSError as error:
        raise Unreadable(f"The file '{path}' cannot be written: {error.strerror}.") from error


def ask_endpoint(endpoint: str, text: str, accept: str | None) -> Result:
    """What another SPARQL endpoint answers; raises as `store.remote.ask`."""
    from kogge.store import remote

    return remote.ask(endpoint, text, accept)
