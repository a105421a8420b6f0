"""Level 5, notes: what holders seek and where they are mentioned, in the order in which it is shown."""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Callable, Mapping
from heapq import merge
from itertools import groupby, islice
from typing import Any, TypeVar

from kogge.expertise.dossier import Dossier
from kogge.expertise.rows import Holder, Need, Row, Search, Topic

T = TypeVar("T")


class Notes:
    """Needs and mentions of all holders, together and by topic (IRI).

    `needs` are all, `needs_at` those that name a topic itself; `needs_on` have those that name a narrower one
    too, and `seeking` the numbers of their holders; so have `mentions_on`.
    """

    def __init__(self, topics: Mapping[str, Topic]) -> None:
        self.needs: list[Need] = []
        self.needs_at: dict[str, list[Need]] = defaultdict(list)
        self.needs_on: dict[str, list[Search]] = defaultdict(list)
        self.seeking: dict[str, array[int]] = defaultdict(lambda: array("I"))
        self.mentions_on: dict[str, list[Row]] = defaultdict(list)
        self._topics = topics
        self._above: dict[str, list[str]] = defaultdict(list)
        for topic in topics.values():
            for below in topic.within:
                self._above[below].append(topic.iri)

    def open_of(self, holder: Holder) -> list[Need]:
        """The open needs of a holder."""
        place = (False, holder.order)
        start = bisect_left(self.needs, place, key=_place)
        return self.needs[start : bisect_right(self.needs, place, lo=start, key=_place)]

    def met_by(self, offered: str, holder: Holder, most: int) -> tuple[list[Search], int]:
        """The first of the open needs that a holder could meet with what it has on a topic (IRI), and how
        many there are: those of others on the topic itself or on a broader one.
        """
        above = [self.needs_at[iri] for iri in self._above[offered] if iri in self.needs_at]
        fitting = [some[: bisect_left(some, True, key=_is_met)] for some in above]
        own = [need for need in self.open_of(holder) if _sought(need, offered)]
        total = len(set[int]().union(*(map(id, some) for some in fitting))) - len(own)
        others = (next(same) for _, same in groupby(merge(*fitting, key=_order), key=id))
        first = islice((need for need in others if need.holder != holder), most)
        return [Search(need, _sought(need, offered)) for need in first], total

    def take(
        self, old: Mapping[str, Dossier], new: Mapping[str, Dossier], numbers: Mapping[str, int]
    ) -> None:
        """Takes what is noted of these holders by now instead of what was; `numbers` are those of holders."""
        for one in old.values():
            for need in one.needs:
                _remove(self.needs, need, _order)
                for topic in need.topics:
                    _remove(self.needs_at[topic.iri], need, _order)
                for above in self._fitting(need):
                    place = _remove(self.needs_on[above], Search(need, None), _order_of_search)
                    del self.seeking[above][place]
            for row in one.mentions:
                for above in self._above[row.topic.iri]:
                    _remove(self.mentions_on[above], row, _order_of_mention)
        for need in sorted([need for one in new.values() for need in one.needs], key=_order):
            _insert(self.needs, need, _order)
            for topic in need.topics:
                _insert(self.needs_at[topic.iri], need, _order)
            for above, topic in self._fitting(need).items():
                place = _insert(self.needs_on[above], Search(need, topic), _order_of_search)
                self.seeking[above].insert(place, numbers[need.holder.iri])
        for row in sorted([row for one in new.values() for row in one.mentions], key=_order_of_mention):
            for above in self._above[row.topic.iri]:
                _insert(self.mentions_on[above], row, _order_of_mention)

    def _fitting(self, need: Need) -> dict[str, Topic]:
        """The topics for which a need counts, each with the one of its own that fits best."""
        found = {}
        for above in {above for topic in need.topics for above in self._above[topic.iri]}:
            fitting = [topic for topic in need.topics if topic.iri in self._topics[above].within]
            found[above] = min(fitting, key=lambda topic: (topic.iri != above, topic.iri))
        return found


def _sought(need: Need, offered: str) -> Topic | None:
    """The topic of a need for which what is offered counts: the very one before broader ones."""
    found = [topic for topic in need.topics if offered in topic.within]
    return min(found, key=lambda topic: (topic.iri != offered, topic.iri), default=None)


def _insert(ordered: list[T], it: T, key: Callable[[T], Any]) -> int:
    """Puts something at its place, which comes back; at the end this is quick."""
    place = len(ordered)
    if ordered and key(it) < key(ordered[-1]):
        place = bisect_left(ordered, key(it), key=key)
    ordered.insert(place, it)
    return place


def _remove(ordered: list[T], it: T, key: Callable[[T], Any]) -> int:
    """Takes something out; the place where it was."""
    place = bisect_left(ordered, key(it), key=key)
    del ordered[place]
    return place


def _is_met(need: Need) -> bool:
    return need.order[0]


def _place(need: Need) -> tuple[bool, tuple[str, str]]:
    return need.order[:2]


def _order(need: Need) -> tuple[bool, tuple[str, str], str]:
    return need.order


def _order_of_search(search: Search) -> tuple[bool, tuple[str, str], str]:
    return search.need.order


def _order_of_mention(row: Row) -> tuple[tuple[str, str], str, str]:
    return row.holder.order, row.iri, row.topic.iri
