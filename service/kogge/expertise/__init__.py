"""Level 5, expertise: who knows what, and how do we know? A question is understood and answered."""

from __future__ import annotations

import gc
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Unpack

from kogge.expertise.answer import Answer, answer
from kogge.expertise.index import Index
from kogge.expertise.match import Matches, matches
from kogge.expertise.needs import seekers
from kogge.expertise.present import (
    as_csv,
    as_json,
    as_jsonld,
    as_turtle,
    matches_as_json,
    needs_as_json,
    suggestions_as_json,
)
from kogge.expertise.read import Progress, silent
from kogge.expertise.rows import Search
from kogge.expertise.suggest import Suggestion, suggest
from kogge.expertise.understand import Lexicon, Parameters, understand
from kogge.store.base import Store

__all__ = [
    "Answer",
    "Lookup",
    "Matches",
    "Progress",
    "Search",
    "as_csv",
    "as_json",
    "as_jsonld",
    "as_turtle",
    "matches_as_json",
    "needs_as_json",
    "silent",
    "suggestions_as_json",
]


@dataclass(slots=True)
class Lookup:
    """The lookup for one state of a store. Hold `index.lock` while an answer is made and shown."""

    lexicon: Lexicon
    index: Index

    @classmethod
    def build(cls, store: Store, path: Path | None = None, progress: Progress = silent) -> Lookup:
        """The lookup for what the store says now; an index in the file `path` that fits is used again.

        Raises Misconfigured where weights are missing or the file cannot be used.
        """
        with _uncollected():
            index = Index.open(store, path, progress) if path else Index.build(store, None, progress)
            progress("learning", 0, 1)
            lexicon = Lexicon.of(index.labels)
            progress("learning", 1, 1)
            return cls(lexicon, index)

    def update(self, store: Store, things: Mapping[str, Collection[str]] | None) -> bool:
        """Brings the lookup up to date after something else is said of these things
        (`kogge.derivation.Changed`).

        False, and nothing is done: topics, weights or countries have changed, or nobody knows what has; it
        has to be built anew. What is needed is read from the store while others ask; they wait only while it
        is written.
        """
        if things is None or (affected := self.index.affected(store, things)) is None:
            return False
        change = self.index.read(store, affected, things)
        state = store.state
        with self.index.lock:
            if self.index.change(change, state):
                self.lexicon = Lexicon.of(self.index.labels)
        return True

    def who(
        self, text: str = "", *, limit: int = 20, offset: int = 0, **parameters: Unpack[Parameters]
    ) -> Answer:
        """Who knows about what is asked. Raises BadRequest for a parameter that cannot be meant."""
        with self.index.lock:
            question = understand(self.lexicon, text, **parameters)
            return answer(self.index, question, limit=limit, offset=offset)

    def needs(
        self, topics: Collection[str] = (), *, limit: int = 20, offset: int = 0
    ) -> tuple[list[Search], int]:
        """A page of who seeks these topics (IRIs) or narrower ones (if none is given, of all open needs), and
        how many there are in all."""
        with self.index.lock:
            found = seekers(self.index, list(topics), most=None)
        return list(found[offset : offset + limit]), len(found)

    def matches(self, holder: str) -> Matches:
        """Who could help a holder (IRI), and whom it could help. Raises NotFound if it is not known."""
        return matches(self.index, holder)

    def suggest(self, text: str, lang: str, limit: int) -> list[Suggestion]:
        """What may be meant by the beginning of a word. Raises BadRequest for the language or the limit."""
        with self.index.lock:
            return suggest(self.lexicon, text, lang, limit)


@contextmanager
def _uncollected() -> Iterator[None]:
    """Has no garbage searched for meanwhile: among millions of new things that would take a third longer."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()
