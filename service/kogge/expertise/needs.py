"""Level 5, needs: who seeks a topic."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import compress, islice
from operator import attrgetter
from typing import Final

from kogge.expertise.index import Index
from kogge.expertise.rows import Need, Search, Topic

SEEKERS: Final = 100  # the most that are named for a question


def seekers(
    index: Index,
    topics: Sequence[str],
    among: int | None = None,
    most: int | None = SEEKERS,
) -> tuple[Search, ...]:
    """The needs on these topics (IRIs) or narrower ones, each once: open before met, then by holder.

    `among` is the set of the holders that fit; None: all.

    Where a need has several fitting topics, one that was asked for stands before a narrower one. Without a
    topic all needs that are open, also those that name no topic.
    """
    marks = None if among is None else among.to_bytes(len(index.holders), "little")

    def on(topic: str) -> Iterator[Search]:
        found: Iterable[Search] = index.notes.needs_on.get(topic, ())
        if marks is not None:
            found = compress(found, map(marks.__getitem__, index.notes.seeking.get(topic, ())))
        return islice(found, most)

    if topics:
        found: Iterable[Search] = on(topics[0]) if len(topics) == 1 else _joined(topics, map(on, topics))
    else:
        found = (Search(need, first_of(need)) for need in index.notes.needs if need.status == "open")
        if marks is not None:
            found = (search for search in found if marks[index.numbers[search.need.holder.iri]])
    return tuple(islice(found, most))


def first_of(need: Need) -> Topic | None:
    """The first topic of a need, if it has any."""
    return need.topics[0] if need.topics else None


def _joined(topics: Sequence[str], found: Iterable[Iterable[Search]]) -> Iterator[Search]:
    """What was found for each topic, in order; of the first of all none is behind the first of each."""
    places = {topic: place for place, topic in enumerate(topics)}
    best: Search | None = None
    for search in sorted([search for some in found for search in some], key=attrgetter("need.order")):
        if best is None or search.need is not best.need:
            if best:
                yield best
            best = search
        else:  # the same need in several lists comes one after the other
            best = min(best, search, key=lambda one: _nearness(places, one))
    if best:
        yield best


def _nearness(places: Mapping[str, int], search: Search) -> tuple[int, str]:
    iri = search.topic.iri if search.topic else ""
    return places.get(iri, len(places)), iri
