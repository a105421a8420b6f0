"""Level 5, expertise: who knows what, and how do we know? A question is understood and answered."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Unpack

from kogge.expertise.answer import Answer, answer
from kogge.expertise.index import Index, Progress, silent
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
    "suggestions_as_json",
]


@dataclass(frozen=True, slots=True)
class Lookup:
    """The lookup for one state of a store. Hold `index.lock` while an answer is made and shown."""

    lexicon: Lexicon
    index: Index

    @classmethod
    def build(cls, store: Store, path: Path | None = None, progress: Progress = silent) -> Lookup:
        """The lookup for what the store says now; an index in the file `path` that fits is used again.

        Raises Misconfigured where weights are missing or the file cannot be used.
        """
        index = Index.open(store, path, progress) if path else Index.build(store, None, progress)
        return cls(Lexicon.build(store), index)

    def updated(
        self, store: Store, subjects: Collection[str], objects: Collection[str], state: str | None = None
    ) -> Lookup | None:
        """The lookup after statements came or went; None: build it anew.

        `subjects` are what these are about, `objects` all that is and was said of them (IRIs). The index is
        the same, brought up to date; the lexicon is a new one.
        """
        holders = self.index.affected(subjects, objects)
        if holders is None:
            return None
        self.index.update(store, holders, subjects, state)
        return Lookup(Lexicon.build(store), self.index)

    def who(
        self, text: str = "", *, limit: int = 20, offset: int = 0, **parameters: Unpack[Parameters]
    ) -> Answer:
        """Who knows about what is asked. Raises BadRequest for a parameter that cannot be meant."""
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
        return suggest(self.lexicon, text, lang, limit)
