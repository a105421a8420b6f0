"""Level 7, desk: the façade that pages and commands talk to. It opens the store, answers, and checks.

What comes over the network is answered by the pool of workers (`start`, then `ask`, `saved`, `graph`): never
in this process. The command line, and a desk in memory, evaluate here.
"""

from __future__ import annotations

import asyncio
import json
import logging
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Unpack

from kogge import home, media, names, publish, questions, syntax
from kogge.errors import Damaged, DiskFull, NotFound, TooLarge, Unavailable
from kogge.expertise import (
    Lookup,
    as_csv,
    as_json,
    as_jsonld,
    as_turtle,
    matches_as_json,
    needs_as_json,
    suggestions_as_json,
)
from kogge.expertise.understand import Parameters
from kogge.ledger import Ledger, Partners
from kogge.media import MediaType
from kogge.publish import Publisher
from kogge.questions import Question
from kogge.settings import Settings
from kogge.steps import Steps
from kogge.store import description
from kogge.store.embedded import EmbeddedStore
from kogge.store.evaluate import Query, Result, evaluate
from kogge.store.guard import Limits
from kogge.store.quota import Quota
from kogge.store.workers import Answer, Here, Lane, Lanes, Pool

if TYPE_CHECKING:
    from kogge.rules import Finding

log = logging.getLogger(__name__)

_KINDS: Final = f"""SELECT ?kind ?label WHERE {{
    ?kind <{names.SKOS}inScheme> <{names.KOGGE}EvidenceKinds> ; <{names.SKOS}prefLabel> ?label
}}"""
_WHOLE: Final = "CONSTRUCT { ?s ?p ?o } WHERE { ?s ?p ?o }"
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

    def __init__(self, store: EmbeddedStore, settings: Settings, ledger: Ledger | None = None) -> None:
        self._store = store
        self._ledger = ledger
        self._settings = settings
        self._limits = Limits(settings.query_bytes, settings.query_depth, settings.query_operators)
        self._guard = self._limits if settings.guard else None
        self._pool = _pool(store, settings, self._guard) if ledger else Here(store.engine, limits=self._guard)
        self._publisher = Publisher(ledger, store) if ledger else None
        self._steps = (
            Steps(ledger, self._publisher, four_eyes=settings.four_eyes)
            if ledger and self._publisher
            else None
        )
        self._publishing = asyncio.Lock()
        self._patient_until = 0.0  # when it is tried again to make a snapshot, where there was no room
        self._served = -1  # the commit, and the state, that the pool answers from
        self._served_state = ""
        self._described: tuple[str, description.Sizes, dict[tuple[str, str, MediaType], Result]] | None = None
        self._lookup: tuple[str, Lookup] | None = None
        self._lock = threading.Lock()
        self._closed = False

    @classmethod
    def open(cls, settings: Settings) -> Desk:
        """Opens store and ledger in the home folder and brings in what has changed in the repository.

        Raises Unavailable if another process has them open, Misconfigured if they cannot be used,
        Unreadable for a file of the repository.
        """
        home.make(settings)
        try:
            desk = cls._open(settings)
        except Damaged as error:
            home.put_aside(settings.home / "store", error)
            desk = cls._open(settings)
        log.info("open in %s, state %s", settings.home, desk.state)
        return desk

    @classmethod
    def _open(cls, settings: Settings) -> Desk:
        store = EmbeddedStore(settings.home / "store")
        try:
            ledger = home.open_ledger(settings)
            desk = cls(store, settings, ledger)
            try:
                publish.bring_in(ledger, store)
            except DiskFull as error:
                if not store.graphs():
                    raise
                log.error("%s What is there is served as it is.", error)
            desk._find()
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
        """Starts what answers queries. Raises Misconfigured where that cannot be done safely."""
        await self._pool.start(self.state)
        await self.refresh()

    async def stop(self) -> None:
        """Ends what answers queries, and the queries that run."""
        await self._pool.stop()

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

        The graphs, if there are any, are the dataset (SPARQL 1.1 Protocol, 2.1.4); `seconds` the deadline,
        `client` whose quota it counts against. Raises as `Pool.answer`, and TooLarge.
        """
        if len(text.encode("utf-8", "surrogatepass")) > self._settings.query_bytes:
            raise TooLarge(
                f"The query is longer than {self._settings.query_bytes} bytes.", "Divide it into several."
            )
        query = replace(
            self._query(text, accept),
            default_graphs=tuple(default_graphs),
            named_graphs=tuple(named_graphs),
            base=self._settings.base_url + "/sparql",  # a service may say it (SPARQL 1.1, 4.1.1)
        )
        await self.refresh()
        return await self._pool.answer(query, seconds=seconds, client=client)

    async def ask_saved(
        self, name: str, params: Mapping[str, str], accept: str | None = None, *, client: str | None = None
    ) -> Answer:
        """The answer to a saved question. Raises NotFound, BadRequest for a parameter, and as `ask`."""
        text = questions.as_text(questions.load(name), params)
        return await self._ask_ours(self._query(text, accept), client)

    async def graph(self, iri: str | None, accept: str | None = None, *, client: str | None = None) -> Answer:
        """A named graph, or (None) the merge of all. Raises NotFound, and as `ask`."""
        graphs = () if iri is None else (iri,)
        answer = await self._ask_ours(replace(self._query(_WHOLE, accept), default_graphs=graphs), client)
        if iri is not None and not answer.rows:
            raise NotFound(f"There is no graph '{iri}'.", "GET /graphs lists those that there are.")
        return answer

    async def describe(self, what: str, base: str, accept: str | None) -> Answer:
        """What the service at `base` offers (`what` is "service") or holds ("graphs"), in RDF."""
        wanted = media.choose(accept, media.GRAPHS)
        state = await self.refresh()
        if self._described is None or self._described[0] != state:
            counted = [
                await self._ask_ours(self._query(text, media.SPARQL_JSON.type), None)
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
        """The state from which a question has just been answered. Raises as `ask`."""
        return (await self._ask_ours(self._query("ASK {}", None), None)).state

    def _query(self, text: str, accept: str | None) -> Query:
        return Query(text, accept, rows=self._settings.query_rows, bytes=self._settings.query_result_bytes)

    async def _ask_ours(self, query: Query, client: str | None) -> Answer:
        """Answers a query whose text is ours, in the lane that strangers' texts do not enter."""
        await self.refresh()
        return await self._pool.answer(query, lane="saved", client=client)

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

    def close(self) -> None:
        """Closes store and ledger. Closing twice is allowed."""
        self._closed = True
        if self._lookup is not None:
            self._lookup[1].index.close()
        self._store.close()
        if self._ledger:
            self._ledger.close()

    def _find(self) -> Lookup:
        """The lookup for the present state of the store."""
        with self._lock:
            state = self._store.state
            if self._lookup is None or self._lookup[0] != state:
                if self._lookup is not None:
                    self._lookup[1].index.close()
                path = self._settings.home / "lookup.sqlite" if self._ledger else None
                self._lookup = (state, Lookup.build(self._store, path))
            return self._lookup[1]


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
            longest=settings.query_seconds,
            patience=settings.query_seconds,
            memory=settings.query_memory,
        ),
        quota=Quota(settings.client_queries or None, settings.client_seconds or None),
        allow_unsafe=settings.unsafe_no_sandbox,
    )


def _json(content: object, wanted: MediaType = media.JSON) -> Result:
    return Result(wanted, json.dumps(content, ensure_ascii=False, indent=1).encode() + b"\n")


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


def check(path: Path, profile: str, lang: str) -> Checked:
    """What a profile finds in a file. Raises Unreadable, NotFound, and BadRequest for the profile."""
    # Imported here: the validator takes longer to load than all the rest, and only this needs it.
    from kogge import rules

    rules.profile_of(profile)
    data = syntax.read_bytes(path)
    triples = syntax.parse(data, path.name, name=str(path))
    text = data.decode("utf-8-sig") if path.suffix == ".ttl" else ""
    return Checked(str(path), rules.check(rules.to_rdflib(triples), profile, lang, text=text))


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


def profiles() -> tuple[str, ...]:
    """The names of the profiles by which a document can be checked."""
    from kogge import rules

    return tuple(rules.profiles())


def read_bytes(path: Path) -> bytes:
    """The content of a file. Raises NotFound or Unreadable."""
    return syntax.read_bytes(path)


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
