"""Level 7, desk: the façade that pages and commands talk to. It opens the store, answers, and checks.

What comes over the network is answered by the pool of workers (`start`, then `ask`, `saved`, `graph`): never
in this process. The command line, and a desk in memory, evaluate here.
"""

from __future__ import annotations

import asyncio
import gc
import json
import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar, Unpack

from pyoxigraph import RdfFormat

from kogge import home, media, names, publish, questions, syntax, versions
from kogge.derivation import Changed
from kogge.errors import (
    Damaged,
    DiskFull,
    Gone,
    KoggeError,
    NotFound,
    TooLarge,
    Unavailable,
    Unreadable,
)
from kogge.expertise import (
    Lookup,
    Progress,
    as_csv,
    as_json,
    as_jsonld,
    as_turtle,
    matches_as_json,
    needs_as_json,
    silent,
    suggestions_as_json,
)
from kogge.expertise.understand import Parameters
from kogge.home import in_use, open_ledger, operator, rebuild, steps_beside
from kogge.ledger import Caller, Ledger, Partners, Version
from kogge.media import MediaType
from kogge.publish import Publisher
from kogge.questions import Question
from kogge.settings import Settings
from kogge.steps import Steps
from kogge.store import description
from kogge.store.answers import Answer
from kogge.store.embedded import EmbeddedStore
from kogge.store.evaluate import Query, Result, evaluate
from kogge.store.guard import Limits
from kogge.store.quota import Quota
from kogge.store.workers import Here, Lane, Lanes, Pool

if TYPE_CHECKING:
    from kogge.reception import Arrival, Judging, Outcome
    from kogge.rules import Finding

__all__ = [
    "EXPERTISE",
    "PATIENCE",
    "Checked",
    "Desk",
    "all_saved",
    "ask_endpoint",
    "check",
    "format_file",
    "in_use",
    "open_ledger",
    "operator",
    "prefixes",
    "profiles",
    "query_text",
    "read_bytes",
    "rebuild",
    "report",
    "saved",
    "steps_beside",
    "template",
    "write_bytes",
]

log = logging.getLogger(__name__)

T = TypeVar("T")

_KINDS: Final = f"""SELECT ?kind ?label WHERE {{
    ?kind <{names.SKOS}inScheme> <{names.KOGGE}EvidenceKinds> ; <{names.SKOS}prefLabel> ?label
}}"""
_WHOLE: Final = "CONSTRUCT { ?s ?p ?o } WHERE { ?s ?p ?o }"
PATIENCE: Final = 5.0  # seconds for which a question waits for the lookup that is being opened
_LARGE: Final = 2000  # triples: from about here on the store finds suspects faster than pySHACL judges all
EXPERTISE: Final = (media.JSON, media.JSON_LD, media.CSV, media.TURTLE)
# A bare slug means a municipality first, then the other kinds that can have expertise or seek it.
_HOLDERS: Final = ("municipality", "district", "state", "province", "alliance", "organisation")


@dataclass(frozen=True)
class Checked:
    """A document and what the rules found in it, the worst first; nothing if it conforms."""

    name: str
    findings: Sequence[Finding]

    @property
    def refused(self) -> bool:
        """Whether something must change; a warning alone refuses nothing."""
        return any(finding.severity == "violation" for finding in self.findings)


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
        self._guard = self._limits if settings.guard else None
        self._pool = _pool(store, settings, self._guard) if ledger else Here(store.engine, limits=self._guard)
        self._publisher = Publisher(ledger, store, self._change) if ledger else None
        self._steps = (
            Steps(ledger, self._publisher, four_eyes=settings.four_eyes)
            if ledger and self._publisher
            else None
        )
        self._judging: Judging | None = None
        self._following: asyncio.Task[None] | None = None
        self._publishing = asyncio.Lock()
        self._patient_until = 0.0  # when it is tried again to make a snapshot, where there was no room
        self._served = -1  # the commit, and the state, that the pool answers from
        self._served_state = ""
        self._described: tuple[str, description.Sizes, dict[tuple[str, str, MediaType], Result]] | None = None
        self._lookup = (store.commits, lookup) if lookup else None  # with the commits that it knows
        self._opening: asyncio.Task[None] | None = None
        self._changing = threading.Lock()
        self._progress = progress
        self._closed = False

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
            self._judging = reader.Reader(self._pool)
        else:
            self._judging = reader.Here(self._store.engine)
        await self._pool.start(self.state)
        await self.refresh()
        if self._publisher:
            self._following = asyncio.create_task(self._follow())
        if self._ledger:
            self._opening = asyncio.create_task(asyncio.to_thread(self._open_lookup))

    async def stop(self) -> None:
        """Ends what answers queries, and the queries that run."""
        if self._following:
            self._following.cancel()
        await self._pool.stop()

    async def _follow(self) -> None:
        """Has what a command beside the service did shown soon, also where nobody asks."""
        while True:
            await asyncio.sleep(publish.PAUSE)
            try:
                await self.refresh()
            except KoggeError as error:
                log.warning("%s", error)

    def who(
        self,
        text: str = "",
        *,
        limit: int = 20,
        offset: int = 0,
        explain: bool = False,
        **parameters: Unpack[Parameters],
    ) -> dict[str, Any]:
        """Who knows about what is asked, as the JSON of `/expertise`; `explain` adds the sum of each score.

        Raises BadRequest for a parameter.
        """
        lookup = self._find()
        with lookup.index.lock:
            answer = lookup.who(text, limit=limit, offset=offset, **parameters)
            return as_json(answer, parameters.get("lang"), explain=explain)

    def who_as(
        self,
        wanted: MediaType,
        text: str = "",
        *,
        limit: int = 20,
        offset: int = 0,
        explain: bool = False,
        **parameters: Unpack[Parameters],
    ) -> Result:
        """The same answer in one of the representations `EXPERTISE`. Raises BadRequest for a parameter."""
        lang = parameters.get("lang")
        lookup = self._find()
        with lookup.index.lock:
            answer = lookup.who(text, limit=limit, offset=offset, **parameters)
            if wanted == media.CSV:
                return Result(wanted, as_csv(answer, lang).encode())
            if wanted == media.TURTLE:
                return Result(wanted, as_turtle(answer).encode())
            if wanted == media.JSON_LD:
                return _json(as_jsonld(answer), wanted)
            return _json(as_json(answer, lang, explain=explain))

    def needs(
        self, topics: Sequence[str] = (), *, lang: str = "de", limit: int = 20, offset: int = 0
    ) -> Result:
        """Who seeks these topics (slugs or IRIs) or narrower ones; all open needs if none is given.

        Raises NotFound for a topic that the thesaurus has not.
        """
        lookup = self._find()
        iris = [each if "://" in each else names.topic(each) for each in topics]
        if unknown := next((iri for iri in iris if iri not in lookup.index.topics), ""):
            raise NotFound(
                f"There is no topic '{names.slug_of(unknown)}'.", "GET /suggest finds topics by name."
            )
        with lookup.index.lock:
            found, total = lookup.needs(iris, limit=limit, offset=offset)
            return _json(needs_as_json(found, total, self.state, lang))

    def matches(self, holder: str, *, lang: str = "de") -> Result:
        """Who could help a holder (slug or IRI) with its needs, and who seeks what it offers.

        Raises NotFound where nothing is known of it.
        """
        lookup = self._find()
        iris = [holder] if "://" in holder else [names.thing(kind, holder) for kind in _HOLDERS]
        known = next((iri for iri in iris if iri in lookup.index.numbers), iris[0])
        with lookup.index.lock:
            return _json(matches_as_json(lookup.matches(known), self.state, lang))

    def suggest(self, text: str, *, lang: str = "de", limit: int = 10) -> Result:
        """What may be meant by the beginning of a word. Raises BadRequest for the language or the limit."""
        return _json(suggestions_as_json(self._find().suggest(text, lang, limit)))

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
    def partners(self) -> Partners:
        """The partners and their tokens. Raises Unavailable without versions."""
        if self._ledger is None:
            raise Unavailable("This graph has no partners.", "Open it in a folder.")
        return self._ledger.partners

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
        found = self.steps.history(graph)
        version = found[-1] if number is None else next((v for v in found if v.version == number), None)
        if version is None:
            raise NotFound(f"The graph has no version {number}.", f"It has versions 1 to {len(found)}.")
        body = self.steps.version(graph, version.version)
        if not body and version.erased:
            raise Gone("What was said here was erased on request.", f"The other versions: {graph}/history")
        if not body:
            raise NotFound(
                f"The graph says nothing since version {version.version}.", "Its versions: …/history"
            )
        return version, Result(wanted, versions.written(body, wanted))

    async def history(
        self, graph: str, accept: str | None, offered: Sequence[MediaType]
    ) -> tuple[list[Version], Result | None]:
        """The versions of a graph, the oldest first, and in RDF (PROV-O) if that is wanted more than JSON.

        Raises NotFound, NotAcceptable.
        """
        wanted = media.choose(accept, (media.JSON, *offered))
        found = await asyncio.to_thread(self.steps.history, graph)
        if wanted == media.JSON:
            return found, None
        said = await asyncio.to_thread(self.steps.provenance, graph)
        return found, Result(wanted, await asyncio.to_thread(versions.written, said, wanted))

    def gone(self, iri: str) -> bool:
        """Whether this is a person whose data was erased."""
        return self._ledger is not None and self._ledger.erasures.gone(iri)

    async def refresh(self) -> str:
        """Has queries answered from what the store holds now, and says which state that is."""
        if self._publisher and self._publisher.due:
            await asyncio.to_thread(self._publisher.follow)
        while self._served != self._store.commits and time.monotonic() > self._patient_until:
            async with self._publishing:
                if (commits := self._store.commits) != self._served:
                    state = await asyncio.to_thread(lambda: self.state)
                    try:
                        await self._pool.publish(state)
                    except Unavailable as error:  # a full disk: what is served goes on being served
                        if self._served < 0 or not self._ledger:
                            raise
                        log.error("%s The state of before is served on.", error.message)
                        self._patient_until = time.monotonic() + publish.LONG_PAUSE
                    if time.monotonic() < self._patient_until:
                        break
                    if commits == self._store.commits:  # else the snapshot may hold more than `state` says
                        self._served, self._served_state = commits, state
        return self._served_state

    async def ask(
        self,
        text: str,
        accept: str | None = None,
        *,
        default_graphs: Sequence[str] = (),
        named_graphs: Sequence[str] = (),
        seconds: float | None = None,
        client: str | None = None,
    ) -> Answer:
        """The answer to a stranger's SPARQL query, in the representation that `accept` wants.

        The graphs, if there are any, are the dataset (SPARQL 1.1 Protocol, 2.1.4); `seconds` is the deadline,
        which the caller grants (None: that of anybody), `client` whose quota it counts against. Raises as
        `Pool.answer`, and TooLarge.
        """
        if len(text.encode("utf-8", "surrogatepass")) > self._settings.query_bytes:
            raise TooLarge(
                f"The query is longer than {self._settings.query_bytes} bytes.", "Divide it into several."
            )
        query = Query(
            text,
            accept,
            tuple(default_graphs),
            tuple(named_graphs),
            self._settings.base_url + "/sparql",  # a service may say it (SPARQL 1.1, 4.1.1)
            self._settings.query_rows,
            self._settings.query_result_bytes,
        )
        await self.refresh()
        return await self._pool.answer(query, seconds=seconds, client=client)

    async def ask_saved(
        self,
        name: str,
        params: Mapping[str, str],
        accept: str | None = None,
        *,
        seconds: float | None = None,
        client: str | None = None,
    ) -> Answer:
        """The answer to a saved question. Raises NotFound, BadRequest for a parameter, and as `ask`."""
        text = questions.as_text(questions.load(name), params)
        return await self._ask_ours(self._query(text, accept), client, seconds)

    async def graph(self, iri: str | None, accept: str | None = None, *, client: str | None = None) -> Answer:
        """A named graph, or (None) the merge of all. Raises NotFound, and as `ask`.

        It has the caps of any answer: a whole graph that is larger is TooLarge, too.
        """
        graphs = () if iri is None else (iri,)
        try:
            answer = await self._ask_ours(replace(self._query(_WHOLE, accept), default_graphs=graphs), client)
        except TooLarge as error:
            raise TooLarge(
                error.message.replace("result", "graph"),
                "Read one named graph at a time: GET /graphs lists them with their sizes."
                if iri is None
                else "Ask for a part of it at /sparql, a page at a time with ORDER BY, LIMIT and OFFSET.",
            ) from error
        if iri is not None and not answer.rows:
            raise NotFound(f"There is no graph '{iri}'.", "GET /graphs lists those that there are.")
        return answer

    async def describe(self, what: str, base: str, accept: str | None) -> Answer:
        """What the service at `base` offers (`what` is "service") or holds ("graphs"), in RDF."""
        wanted = media.choose(accept, media.GRAPHS)
        state = await self.refresh()
        if self._described is None or self._described[0] != state:
            counted = [
                await self._ask_ours(Query(text, media.SPARQL_JSON.type), None)  # whatever others may ask
                for text in description.COUNTS
            ]
            state = counted[0].state
            self._described = (state, description.sizes([json.loads(each.body) for each in counted]), {})
        _, sizes, written = self._described
        if (result := written.get((what, base, wanted))) is None:
            write = description.service if what == "service" else description.graphs
            result = written[what, base, wanted] = await asyncio.to_thread(write, base, sizes, wanted)
        return Answer(result.media, result.body, result.rows, state)

    async def alive(self) -> str:
        """The state from which a question has just been answered, if the lookup is open. Raises as `ask`."""
        if self._opening and self._lookup is None:
            await asyncio.wait({self._opening}, timeout=PATIENCE)
            if self._lookup is None:
                raise _opening()
        return (await self._ask_ours(self._query("ASK {}", None), None)).state

    def _query(self, text: str, accept: str | None) -> Query:
        return Query(text, accept, rows=self._settings.query_rows, bytes=self._settings.query_result_bytes)

    async def _ask_ours(self, query: Query, client: str | None, seconds: float | None = None) -> Answer:
        """Answers a query whose text is ours, in the lane that strangers' texts do not enter."""
        await self.refresh()
        return await self._pool.answer(query, lane="saved", seconds=seconds, client=client)

    def evaluate(self, text: str, accept: str | None = None) -> Result:
        """The answer to a query, evaluated in this process: for the command line. Raises as `evaluate`."""
        return evaluate(self._store.engine, self._query(text, accept), self._limits)

    @property
    def state(self) -> str:
        """A token that is equal for equal contents of the store and changes with any triple."""
        return self._store.state

    @property
    def ready(self) -> bool:
        """Whether questions are answered."""
        return not self._closed

    @property
    def quick(self) -> bool:
        """Whether the lookup answers at once: it is there, and is not being changed."""
        return self._lookup is not None and not self._changing.locked()

    def close(self) -> None:
        """Closes store and ledger. Closing twice is allowed."""
        self._closed = True
        if self._lookup is not None:
            self._lookup[1].index.close()
        self._store.close()
        if self._ledger:
            self._ledger.close()

    def _open_lookup(self) -> None:
        try:
            self._find(patience=-1)
        except KoggeError as error:
            if not self._closed:
                log.error("the lookup cannot be opened: %s", error)

    def _change(self, work: Callable[[], Changed]) -> None:
        """Changes the store, and has the lookup follow; it answers as before until all is done."""
        with self._changing:
            held, commits = self._lookup, self._store.commits
            changed = work()
            if held and held[0] == commits != self._store.commits:
                lookup = held[1]
                if not lookup.update(self._store, changed.things, state=self.state):
                    lookup = self._build()
                self._lookup = self._store.commits, lookup

    def _find(self, patience: float = PATIENCE) -> Lookup:
        """The lookup for the present state of the store, or that before, while the store is being changed.

        Raises Unavailable while it is being opened, after `patience` seconds (below 0: any time).
        """
        held = self._lookup
        if held and (held[0] == self._store.commits or self._changing.locked()):
            return held[1]
        if not self._changing.acquire(timeout=patience):
            raise _opening()
        try:
            if self._lookup is None or self._lookup[0] != self._store.commits:
                commits = self._store.commits
                self._lookup = commits, self._build()
                if self._closed:
                    self._lookup[1].index.close()
            return self._lookup[1]
        finally:
            self._changing.release()

    def _build(self) -> Lookup:
        """A lookup from the file that fits the store, or a new one; the one that was used is left to those
        who still read from it."""
        path = self._settings.home / "lookup.sqlite" if self._ledger else None
        lookup = Lookup.build(self._store, path, self._progress, state=self.state)
        if self._ledger:
            gc.collect()
            gc.freeze()  # what stays is not searched for garbage again, which would hold up answers
        return lookup


def _opening() -> Unavailable:
    return Unavailable("The lookup is being opened.", "Try again in a few seconds. SPARQL is answered.")


def _pool(store: EmbeddedStore, settings: Settings, limits: Limits | None) -> Pool:
    """The workers, with the sizes that the settings give."""
    workers, queue = settings.query_workers, settings.query_queue
    return Pool(
        store,
        settings.home / "snapshots",
        limits=limits,
        lanes=Lanes(
            saved=Lane(workers, queue, niceness=0),
            fast=Lane(workers, queue),
            slow=Lane(workers, queue),
            deadline=settings.query_seconds,
            longest=max(settings.query_seconds, settings.partner_query_seconds),
            patience=settings.query_seconds,
            memory=settings.query_memory,
            kept=settings.query_kept,
        ),
        quota=Quota(settings.client_queries or None, settings.client_seconds or None),
        allow_unsafe=settings.unsafe_no_sandbox,
    )


def _json(content: object, wanted: MediaType = media.JSON) -> Result:
    return Result(wanted, json.dumps(content, ensure_ascii=False).encode() + b"\n")


# What needs no graph that is open


def saved(group: str = "lookup") -> tuple[questions.Question, ...]:
    """The saved questions of a group."""
    return questions.all_questions(group)


def all_saved() -> tuple[Question, ...]:
    """All saved questions, in every group."""
    return tuple(question for group in questions.GROUPS for question in questions.all_questions(group))


def query_text(name: str, params: Mapping[str, str]) -> str:
    """The SPARQL text of a saved question, by its name, or of a file with front-matter, with its parameters.

    Raises NotFound with the names that come closest, BadRequest for a parameter.
    """
    path = Path(name)
    question = questions.read(path) if path.is_file() else questions.load(name)
    return questions.as_text(question, params)


def check(
    path: Path,
    profile: str,
    lang: str,
    graph: str | None = None,
    told: Callable[[str, int, int], None] = lambda _step, _done, _of: None,
) -> Checked:
    """What a profile finds in a file; a contribution is read and judged as the service does it.

    `graph` (`luebeck/projects`) is where a contribution would be sent, by its owner. Our own facts may be of
    any size, and have named graphs; which, does not matter. `told` hears of the steps "read", "find", "judge"
    of what is large. Raises Unreadable, NotFound, BadRequest for profile and graph, and for a contribution as
    `contribution.judge`.
    """
    # Imported here: the validator takes longer to load than all the rest, and only this needs it.
    from kogge import rules

    rules.profile_of(profile)
    if profile == "contribution":
        from kogge.contribution.files import check_file

        return Checked(str(path), check_file(path, lang, graph).findings)
    graphs = syntax.format_of(path.name) in (RdfFormat.N_QUADS, RdfFormat.TRIG)
    if graphs or _size(path) > syntax.MAX_BYTES:
        quads = syntax.stream_file(path, lambda done, of: told("read", done, of))
        lines = _lines(path) if path.suffix == ".ttl" else ()
        return Checked(str(path), rules.check_large(quads, profile, lang, lines=lines, told=told))
    data = syntax.read_bytes(path)
    triples = syntax.parse(data, path.name, name=str(path))
    text = data.decode("utf-8-sig") if path.suffix == ".ttl" else ""
    if len(triples) > _LARGE:
        found = rules.check_large(triples, profile, lang, lines=text.splitlines(), told=told)
    else:
        found = rules.check(rules.to_rdflib(triples), profile, lang, text=text)
    return Checked(str(path), found)


def _lines(path: Path) -> Iterator[str]:
    with path.open(encoding="utf-8-sig", errors="replace") as file:
        yield from file


def _size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else 0


def report(checked: Sequence[Checked], wanted: MediaType) -> Result:
    """The findings in all documents: JSON, each with its file, or a SHACL validation report in Turtle."""
    from kogge import rules

    if wanted == media.TURTLE:
        graph = rules.report([finding for each in checked for finding in each.findings])
        return Result(wanted, graph.serialize(format="turtle", encoding="utf-8"))
    problem = rules.as_problem([finding for each in checked for finding in each.findings])
    files = [each.name for each in checked for _ in each.findings]
    listed = problem["findings"]
    if isinstance(listed, list):
        for entry, name in zip(listed, files, strict=False):
            entry["where"] = {"file": name, **entry["where"]}
    return Result(media.JSON, json.dumps(problem, ensure_ascii=False, indent=1).encode() + b"\n")


def template(lang: str, *, steward: bool) -> Result:
    """The workbook in which a city fills in what it knows; `steward` adds the sheets of the editors."""
    from kogge.contribution.template import template as written

    return Result(media.XLSX, written(lang, steward=steward))


def profiles() -> tuple[str, ...]:
    """The names of the profiles by which a document can be checked."""
    from kogge import rules

    return tuple(rules.profiles())


def read_bytes(path: Path) -> bytes:
    """The content of a file. Raises NotFound or Unreadable."""
    return syntax.read_bytes(path)


def write_bytes(path: Path, content: bytes) -> None:
    """Writes a file. Raises Unreadable with a sentence instead of an OSError."""
    try:
        path.write_bytes(content)
    except OSError as error:
        raise Unreadable(f"The file '{path}' cannot be written: {error.strerror}.") from error


def prefixes() -> dict[str, str]:
    """Prefix → namespace, for showing IRIs short."""
    return syntax.prefixes()


def format_file(path: Path, *, drop_comments: bool = False) -> bool:
    """Rewrites a Turtle file in canonical order; True if that changed it. Raises as `syntax.format_file`."""
    return syntax.format_file(path, drop_comments=drop_comments)


def ask_endpoint(endpoint: str, text: str, accept: str | None) -> Result:
    """What another SPARQL endpoint answers; raises as `store.remote.ask`."""
    from kogge.store import remote

    return remote.ask(endpoint, text, accept)
