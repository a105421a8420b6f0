"""Level 5, expertise: who knows what, and how do we know? A question is understood and answered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Unpack

from kogge.expertise.answer import Answer, answer, as_csv, as_json, as_turtle
from kogge.expertise.index import Index
from kogge.expertise.understand import Lexicon, Parameters, understand
from kogge.store.base import Store

__all__ = ["Answer", "Lookup", "as_csv", "as_json", "as_turtle"]


@dataclass(frozen=True, slots=True)
class Lookup:
    """The lookup for one state of a store; build a new one when the store has changed."""

    lexicon: Lexicon
    index: Index

    @classmethod
    def build(cls, store: Store) -> Lookup:
        """The lookup for what the store says now. Raises Misconfigured where weights are missing."""
        return cls(Lexicon.build(store), Index.build(store))

    def who(
        self, text: str = "", *, limit: int = 20, offset: int = 0, **parameters: Unpack[Parameters]
    ) -> Answer:
        """Who knows about what is asked. Raises BadRequest for a parameter that cannot be meant."""
        question = understand(self.lexicon, text, **parameters)
        return answer(self.index, question, limit=limit, offset=offset)
