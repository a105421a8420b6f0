"""Level 3, store: the answers to what was asked lately: on the same facts it is not evaluated twice."""

from __future__ import annotations

import re
from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

from kogge.media import MediaType
from kogge.store.evaluate import Query
from kogge.store.snapshots import Snapshot

_SHARE: Final = 64  # no answer takes more than this part of the room
_OVERHEAD: Final = 500  # bytes that an answer takes beside its text and its body
# What may give another answer to the same query on the same facts.
_CHANGING: Final = re.compile(r"\b(?:now|rand|uuid|struuid|bnode)\b", re.IGNORECASE)


@dataclass(frozen=True)
class Answer:
    """A whole answer: representation, bytes, rows or triples, and the state of the store it comes from."""

    media: MediaType
    body: bytes
    rows: int
    state: str


def repeatable(text: str) -> bool:
    """Whether a query has the same answer whenever it is asked of the same facts."""
    return not _CHANGING.search(text)


class Answers:
    """The last small answers on one snapshot, in up to `room` bytes; with another snapshot it begins anew."""

    def __init__(self, room: int) -> None:
        self._room = room
        self._taken = 0
        self._snapshot: Snapshot | None = None
        self._answers: OrderedDict[Query, Answer] = OrderedDict()

    def get(self, query: Query, served: Snapshot | None) -> Answer | None:
        """The answer to a query on the snapshot that is served now, if it is here."""
        if served is not self._snapshot or (answer := self._answers.get(query)) is None:
            return None
        self._answers.move_to_end(query)
        return answer

    def keep(self, query: Query, answer: Answer, served: Snapshot | None) -> None:
        """Keeps an answer that comes from this snapshot, if it is small and will be the same again."""
        if served is not self._snapshot:
            self._answers.clear()
            self._snapshot, self._taken = served, 0
        size = _size(query, answer)
        if size * _SHARE > self._room or query in self._answers or not repeatable(query.text):
            return
        self._answers[query] = answer
        self._taken += size
        while self._taken > self._room:
            self._taken -= _size(*self._answers.popitem(last=False))


def _size(query: Query, answer: Answer) -> int:
    return len(answer.body) + 2 * len(query.text) + len(query.accept or "") + _OVERHEAD
