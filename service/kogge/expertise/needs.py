"""Level 5, needs: who seeks a topic."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from heapq import merge
from itertools import islice
from typing import Final

from kogge.expertise.index import Index
from kogge.expertise.rows import Holder, Need, Search, Topic

SEEKERS: Final = 100  # the most that are named for a question


def everyone(_: Holder) -> bool:
    """Accepts every holder."""
    return True


def seekers(
    index: Index,
    topics: Sequence[str],
    accepts: Callable[[Holder], bool] = everyone,
    most: int | None = SEEKERS,
) -> tuple[Search, ...]:
    """The needs on these topics (IRIs) or narrower ones, each once: open before met, then by holder.

    Where a need has several fitting topics, one that was asked for stands before a narrower one. Without a
    topic all needs that are open, also those that name no topic.
    """
    found: Iterable[Search]
    if not topics:
        found = (Search(need, first_of(need)) for need in index.needs if need.status == "open")
    elif len(topics) == 1:
        found = index.needs_on.get(topics[0], ())
    else:
        found = _joined(index, topics)
    if accepts is not everyone:
        found = (search for search in found if accepts(search.need.holder))
    return tuple(islice(found, most))


def first_of(need: Need) -> Topic | None:
    """The first topic of a need, if it has any."""
    return need.topics[0] if need.topics else None


def _joined(index: Index, topics: Sequence[str]) -> Iterable[Search]:
    lists = (index.needs_on.get(topic, ()) for topic in topics)
    within = set[str]().union(*(index.topics[topic].within for topic in topics))
    places = {topic: place for place, topic in enumerate(topics)}
    last = ""
    for need, _ in merge(*lists, key=lambda search: search.need.order):
        if need.thing.iri != last:  # the same need in several lists comes one after the other
            last = need.thing.iri
            fitting = (topic for topic in need.topics if topic.iri in within)
            yield Search(need, min(fitting, key=lambda one: (places.get(one.iri, len(places)), one.iri)))
