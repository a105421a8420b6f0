"""Level 6, lookup: the lookup of an open store: built once, changed with the store, answering meanwhile.

While the store is being changed, it answers for the state before. Its answers have the representation that
is wanted.
"""

from __future__ import annotations

import asyncio
import gc
import json
import logging
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final, Unpack

from kogge import media, names
from kogge.derivation import Changed
from kogge.errors import KoggeError, NotFound, Unavailable
from kogge.expertise import (
    Lookup,
    Progress,
    as_csv,
    as_json,
    as_jsonld,
    as_turtle,
    matches_as_json,
    needs_as_json,
    suggestions_as_json,
)
from kogge.expertise.around import around, fields
from kogge.expertise.sought import sought
from kogge.expertise.understand import Parameters
from kogge.media import MediaType
from kogge.store.embedded import EmbeddedStore
from kogge.store.evaluate import Result

log = logging.getLogger(__name__)

_encode: Final = json.JSONEncoder(ensure_ascii=False, check_circular=False).encode

PATIENCE: Final = 5.0  # seconds for which a question waits for the lookup that is being opened
EXPERTISE: Final = (media.JSON, media.JSON_LD, media.CSV, media.TURTLE)
# A bare slug means a municipality first, then the other kinds that can have expertise or seek it.
_HOLDERS: Final = ("municipality", "district", "state", "province", "alliance", "organisation")


class CurrentLookup:
    """The lookup for what a store says now, in the file `path` or, without one, in memory."""

    def __init__(
        self, store: EmbeddedStore, path: Path | None, progress: Progress, lookup: Lookup | None = None
    ) -> None:
        self._store = store
        self._path = path
        self._progress = progress
        self._held = (store.commits, lookup) if lookup else None  # with the commits that it knows
        self._opening: asyncio.Task[None] | None = None
        self._changing = threading.Lock()
        self._closed = False

    @property
    def quick(self) -> bool:
        """Whether it answers at once: it is there, and is not being changed."""
        return self._held is not None and not self._changing.locked()

    def start(self) -> None:
        """Begins to open it, in a thread: that of a large graph takes some seconds."""
        self._opening = asyncio.create_task(asyncio.to_thread(self._open))

    async def opened(self) -> None:
        """Waits a little for what `start` began. Raises Unavailable if it is not there then."""
        if self._opening and self._held is None:
            await asyncio.wait({self._opening}, timeout=PATIENCE)
            if self._held is None:
                raise _unopened()

    def change(self, work: Callable[[], Changed]) -> None:
        """Changes the store, and has the lookup follow; it answers as before until all is done."""
        with self._changing:
            held, commits = self._held, self._store.commits
            changed = work()
            if held and held[0] == commits != self._store.commits:
                try:
                    lookup = held[1] if held[1].update(self._store, changed.things) else self._build()
                except KoggeError as error:  # what was changed stays; who asks next has it built again
                    log.error("the lookup does not follow: %s", error)
                else:
                    self._held = self._store.commits, lookup

    def find(self, patience: float = PATIENCE) -> Lookup:
        """The lookup for the present state of the store, or that before, while the store is being changed.

        Raises Unavailable while it is being opened, after `patience` seconds (below 0: any time).
        """
        held = self._held
        if held and (held[0] == self._store.commits or self._changing.locked()):
            return held[1]
        if not self._changing.acquire(timeout=patience):
            raise _unopened()
        try:
            if self._held is None or self._held[0] != self._store.commits:
                commits = self._store.commits
                self._held = commits, self._build()
                if self._closed:
                    self._held[1].index.close()
            return self._held[1]
        finally:
            self._changing.release()

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
        lookup = self.find()
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
        if wanted == media.JSON:
            return _json(self.who(text, limit=limit, offset=offset, explain=explain, **parameters))
        lang = parameters.get("lang")
        lookup = self.find()
        with lookup.index.lock:
            answer = lookup.who(text, limit=limit, offset=offset, **parameters)
            if wanted == media.CSV:
                return Result(wanted, as_csv(answer, lang).encode())
            if wanted == media.TURTLE:
                return Result(wanted, as_turtle(answer).encode())
            return _json(as_jsonld(answer), wanted)

    def search(
        self, text: str = "", *, limit: int = 20, offset: int = 0, **parameters: Unpack[Parameters]
    ) -> dict[str, Any]:
        """The JSON of `who`, with what `kogge.expertise.around` tells around it for a page.

        Raises BadRequest for a parameter.
        """
        lookup = self.find()
        with lookup.index.lock:
            answer = lookup.who(text, limit=limit, offset=offset, **parameters)
            lang = parameters.get("lang") or answer.question.lang
            return as_json(answer, lang) | around(lookup.index, lookup.lexicon, answer, lang)

    def sought(
        self, topic: str | None, alliance: str | None, *, lang: str, limit: int = 10, offset: int = 0
    ) -> dict[str, Any]:
        """Open needs with who could help, as `kogge.expertise.sought` tells them. Raises BadRequest."""
        lookup = self.find()
        with lookup.index.lock:
            return sought(lookup.index, lookup.lexicon, topic, alliance, lang, limit, offset)

    def fields(self, lang: str) -> dict[str, Any]:
        """The fields of action and topics to try, as `kogge.expertise.around` tells them."""
        lookup = self.find()
        with lookup.index.lock:
            return fields(lookup.index, lang)

    def needs(
        self, topics: Sequence[str] = (), *, lang: str = "de", limit: int = 20, offset: int = 0
    ) -> Result:
        """Who seeks these topics (slugs or IRIs) or narrower ones; all open needs if none is given.

        Raises NotFound for a topic that the thesaurus has not.
        """
        lookup = self.find()
        iris = [each if "://" in each else names.topic(each) for each in topics]
        if unknown := next((iri for iri in iris if iri not in lookup.index.topics), ""):
            raise NotFound(
                f"There is no topic '{names.slug_of(unknown)}'.", "GET /suggest finds topics by name."
            )
        with lookup.index.lock:
            found, total = lookup.needs(iris, limit=limit, offset=offset)
            return _json(needs_as_json(found, total, self._store.state, lang))

    def matches(self, holder: str, *, lang: str = "de") -> Result:
        """Who could help a holder (slug or IRI) with its needs, and who seeks what it offers.

        Raises NotFound where nothing is known of it.
        """
        return _json(self.matched(holder, lang=lang))

    def matched(self, holder: str, *, lang: str) -> dict[str, Any]:
        """The JSON of `matches`. Raises as it does."""
        lookup = self.find()
        iris = [holder] if "://" in holder else [names.thing(kind, holder) for kind in _HOLDERS]
        known = next((iri for iri in iris if iri in lookup.index.numbers), iris[0])
        with lookup.index.lock:
            return matches_as_json(lookup.matches(known), self._store.state, lang)

    def suggest(self, text: str, *, lang: str = "de", limit: int = 10) -> Result:
        """What may be meant by the beginning of a word. Raises BadRequest for the language or the limit."""
        return _json(suggestions_as_json(self.find().suggest(text, lang, limit)))

    def close(self) -> None:
        """Closes its file. Closing twice is allowed."""
        self._closed = True
        if self._held is not None:
            self._held[1].index.close()

    def _open(self) -> None:
        try:
            self.find(patience=-1)
        except KoggeError as error:
            if not self._closed:
                log.error("the lookup cannot be opened: %s", error)

    def _build(self) -> Lookup:
        """A lookup from the file that fits the store, or a new one; the one that was used is left to those
        who still read from it."""
        lookup = Lookup.build(self._store, self._path, self._progress)
        if self._path:
            gc.collect()
            gc.freeze()  # what stays is not searched for garbage again, which would hold up answers
        return lookup


def _unopened() -> Unavailable:
    return Unavailable("The lookup is being opened.", "Try again in a few seconds. SPARQL is answered.")


def _json(content: object, wanted: MediaType = media.JSON) -> Result:
    return Result(wanted, _encode(content).encode() + b"\n")
