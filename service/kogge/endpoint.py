"""Level 7, endpoint: queries over the network, answered by the pool of workers from what the store holds now.

Never in this process. Strangers' texts, saved questions, whole graphs and the descriptions of the service.
"""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Final

from pyoxigraph import NamedNode

from kogge import media, names, publish, questions
from kogge.errors import KoggeError, NotFound, TooLarge, Unavailable
from kogge.media import MediaType
from kogge.publish import Publisher
from kogge.settings import Settings
from kogge.store import description
from kogge.store.answers import Answer
from kogge.store.embedded import EmbeddedStore
from kogge.store.evaluate import Query, Result
from kogge.store.guard import Limits
from kogge.store.quota import Quota
from kogge.store.rows import Row, Value, read
from kogge.store.workers import Here, Lane, Lanes, Pool

log = logging.getLogger(__name__)

_LABELLED: Final = 500  # names that are looked up for one table
_NAMED: Final = 5_000  # names in a language that are kept while the state stays
# Graphs have a title; of a document that is the one of the original, and its name is the better one.
_LABELS: Final = f"""SELECT ?thing ?label ?rank WHERE {{{{
    VALUES ?thing {{{{ {{}} }}}}
    VALUES (?name ?rank) {{{{
        (<{names.SKOS}prefLabel> 0) (<{names.RDFS}label> 0) (<{names.DCTERMS}title> 1)
    }}}}
    ?thing ?name ?label
}}}}"""
# A filter, since with a second VALUES the engine reads every label that there is.
_CALLED: Final = f"""SELECT ?thing ?term ?said WHERE {{{{
    VALUES ?thing {{{{ {{}} }}}}
    ?thing ?term ?said FILTER(?term IN (<{names.SKOS}prefLabel>, <{names.DCTERMS}issued>))
}}}}"""
_WHERE: Final = """SELECT ?place ?latitude ?longitude WHERE {{
    VALUES ?place {{ {} }}
    ?place <https://schema.org/latitude> ?latitude ; <https://schema.org/longitude> ?longitude
}}"""
_WHOLE: Final = "CONSTRUCT { ?s ?p ?o } WHERE { ?s ?p ?o }"


class Endpoint:
    """Answers queries from a store; a publisher, if there is one, brings in what others have published."""

    def __init__(
        self, store: EmbeddedStore, pool: Pool | Here, settings: Settings, publisher: Publisher | None
    ) -> None:
        self._store = store
        self._pool = pool
        self._settings = settings
        self._publisher = publisher
        self._following: asyncio.Task[None] | None = None
        self._publishing = asyncio.Lock()
        self._patient_until = 0.0  # when it is tried again to make a snapshot, where there was no room
        self._served = -1  # the commit, and the state, that the pool answers from
        self._served_state = ""
        self._names_state = ""
        self._names: dict[str, dict[str, Row]] = {}  # by language
        self._described: tuple[str, description.Sizes, dict[tuple[str, str, MediaType], Result]] | None = None

    async def start(self) -> None:
        """Starts the workers. Raises Misconfigured where that cannot be done safely."""
        commits, state = self._store.commits, self._store.state
        await self._pool.start(state)
        if commits == self._store.commits:  # else the snapshot may hold more than `state` says
            self._served, self._served_state = commits, state
        await self.refresh()
        if self._publisher:
            self._following = asyncio.create_task(self._follow())

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

    async def refresh(self) -> str:
        """Has queries answered from what the store holds now, and says which state that is."""
        if self._publisher and self._publisher.due:
            await asyncio.to_thread(self._publisher.follow)
        while self._served != self._store.commits and time.monotonic() > self._patient_until:
            async with self._publishing:
                if (commits := self._store.commits) != self._served:
                    state = await asyncio.to_thread(lambda: self._store.state)
                    try:
                        await self._pool.publish(state)
                    except Unavailable as error:  # a full disk: what is served goes on being served
                        if self._served < 0 or not self._publisher:
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
        return await self._ask_ours(asked(self._settings, text, accept), client, seconds)

    async def rows(self, name: str, params: Mapping[str, str]) -> list[Row]:
        """The rows of a saved question that SELECTs, for what is made of them. Raises as `ask_saved`."""
        return read((await self.ask_saved(name, params, media.SPARQL_JSON.type)).body)

    async def labels(self, iris: Iterable[str], lang: str) -> dict[str, Value]:
        """What our things and words among these are called: in the language, else in whichever there is."""
        ours = sorted({iri for iri in iris if iri.startswith(names.BASE)})[:_LABELLED]
        if not ours:
            return {}
        text = _LABELS.format(" ".join(str(NamedNode(iri)) for iri in ours))
        answer = await self._ask_ours(Query(text, media.SPARQL_JSON.type), None)
        liked = (lang, *names.LANGUAGES)

        found: dict[str, Value] = {}
        for row in sorted(read(answer.body), key=lambda row: (row["rank"].text, *_rank(row["label"], liked))):
            found.setdefault(row["thing"].text, row["label"])
        return found

    async def called(self, iris: Iterable[str], lang: str) -> Mapping[str, Row]:
        """What these are called (`label`: in the language, else in another) and when they were `issued`.

        Asked once for all things of a page: beside each row of a question it would be found again for each.
        Topics, kinds and documents are on many pages: while the state stays, they are asked for once.
        """
        state = await self.refresh()
        if self._names_state != state:
            self._names_state, self._names = state, {}
        known = self._names.setdefault(lang, {})
        every = set(iris)
        if missing := sorted(every - known.keys()):
            found = await self._find_called(missing, lang)
            if len(known) + len(missing) > _NAMED:
                known = self._names[lang] = {iri: known[iri] for iri in every & known.keys()}
            known.update((iri, found.get(iri, {})) for iri in missing)
        return {iri: row for iri in every if (row := known[iri])}

    async def _find_called(self, iris: Iterable[str], lang: str) -> Mapping[str, Row]:
        text = _CALLED.format(" ".join(str(NamedNode(iri)) for iri in iris))
        answer = await self._ask_ours(asked(self._settings, text, media.SPARQL_JSON.type), None)
        liked = (lang, *names.LANGUAGES)
        found: dict[str, dict[str, Value]] = {}
        for row in sorted(read(answer.body), key=lambda row: _rank(row["said"], liked)):
            name = "label" if row["term"].text == names.SKOS + "prefLabel" else "issued"
            found.setdefault(row["thing"].text, {}).setdefault(name, row["said"])
        return found

    async def where(self, iris: Iterable[str]) -> list[Row]:
        """Where these are, as far as that is known: ?place, ?latitude, ?longitude (WGS 84, degrees)."""
        every = sorted(set(iris))
        if not every:
            return []
        text = _WHERE.format(" ".join(str(NamedNode(iri)) for iri in every))
        return read((await self._ask_ours(asked(self._settings, text, media.SPARQL_JSON.type), None)).body)

    async def graph(self, iri: str | None, accept: str | None = None, *, client: str | None = None) -> Answer:
        """A named graph, or (None) the merge of all. Raises NotFound, and as `ask`.

        It has the caps of any answer: a whole graph that is larger is TooLarge, too.
        """
        graphs = () if iri is None else (iri,)
        try:
            answer = await self._ask_ours(
                replace(asked(self._settings, _WHOLE, accept), default_graphs=graphs), client
            )
        except TooLarge as error:
            raise TooLarge(
                error.message.replace("result", "graph"),
                "Take it as a dump (/dumps/kogge.nq), or one named graph at a time: GET /graphs lists them."
                if iri is None
                else "Take the dump of all graphs (/dumps/kogge.nq), or ask /sparql for a page at a time.",
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
        """The state from which a question has just been answered. Raises as `ask`."""
        return (await self._ask_ours(asked(self._settings, "ASK {}", None), None)).state

    async def _ask_ours(self, query: Query, client: str | None, seconds: float | None = None) -> Answer:
        """Answers a query whose text is ours, in the lane that strangers' texts do not enter."""
        await self.refresh()
        return await self._pool.answer(query, lane="saved", seconds=seconds, client=client)


def _rank(text: Value, liked: Sequence[str]) -> tuple[int, str]:
    """The place of a text among those of other languages, the liked ones first."""
    return liked.index(text.lang) if text.lang in liked else len(liked), text.text


def asked(settings: Settings, text: str, accept: str | None = None) -> Query:
    """A query whose text is ours, with the caps that any answer has."""
    return Query(text, accept, rows=settings.query_rows, bytes=settings.query_result_bytes)


def pool_of(store: EmbeddedStore, settings: Settings, limits: Limits | None) -> Pool:
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
