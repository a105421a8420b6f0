"""Level 3, store: the answers to what was asked lately: on the same facts it is not evaluated twice."""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from kogge.media import MediaType
from kogge.store.evaluate import Query

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

_SHARE: Final = 64  # no value takes more than this part of the room
_OVERHEAD: Final = 500  # bytes that a value takes beside what its size says
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


def size_of(query: Query, answer: Answer) -> int:
    """About how many bytes an answer takes with what was asked."""
    return len(answer.body) + 2 * len(query.text) + len(query.accept or "")


class Recent(Generic[K, V]):
    """The last small values on one state, in up to `room` bytes; with another state it begins anew."""

    def __init__(self, room: int) -> None:
        self._room = room
        self._taken = 0
        self._state: object = None
        self._values: OrderedDict[K, tuple[V, int]] = OrderedDict()

    def get(self, key: K, state: object) -> V | None:
        """The value under a key on the state that counts now, if it is here."""
        if state != self._state or (found := self._values.get(key)) is None:
            return None
        self._values.move_to_end(key)
        return found[0]

    def keep(self, key: K, value: V, size: int, state: object) -> None:
        """Keeps a value of that state, if it is small: `size` in bytes."""
        if state != self._state:
            self._values.clear()
            self._state, self._taken = state, 0
        size += _OVERHEAD
        if size * _SHARE > self._room or key in self._values:
            return
        self._values[key] = value, size
        self._taken += size
        while self._taken > self._room:
            _, (_, freed) = self._values.popitem(last=False)
            self._taken -= freed
