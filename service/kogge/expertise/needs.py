"""Level 5, needs: who seeks a topic."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from heapq import merge
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
    found: Iterable[Search]
    if len(topics) == 1:
        found = index.needs_on.get(topics[0], ())
        if marks is not None:
            found = compress(found, map(marks.__getitem__, index.seeking.get(topics[0], ())))
        return tuple(islice(found, most))
    if topics:
        found = _joined(index, topics)
    else:
        found = (Search(need, first_of(need)) for need in index.needs if need.status == "open")
    if marks is not None:
        found = (search for search in found if marks[index.numbers[search.need.holder.iri]])
    return tuple(islice(found, most))


def first_of(need: Need) -> Topic | None:
    """The first topic of a need, if it has any."""
    return need.topics[0] if need.topics else None


def _joined(index: Index, topics: Sequence[str]) -> Iterable[Search]:
    lists = (index.needs_on.get(topic, ()) for topic in topics)
    places = {topic: place for place, topic in enumerate(topics)}
    best: Search | None = None
    for search in merge(*lists, key=attrgetter("need.order")):
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
