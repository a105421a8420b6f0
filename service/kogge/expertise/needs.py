"""Level 5, needs: who seeks a topic."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from kogge.expertise.index import Holder, Index, Need, Topic


@dataclass(frozen=True, slots=True)
class Search:
    """A need that fits a question, with the one of its topics that fits best."""

    need: Need
    topic: Topic


def everyone(_: Holder) -> bool:
    """Accepts every holder."""
    return True


def seekers(
    index: Index, topics: Iterable[str], accepts: Callable[[Holder], bool] = everyone
) -> tuple[Search, ...]:
    """The needs on these topics (IRIs) or narrower ones, each once: open before met, then by holder.

    Where a need has several fitting topics, one that was asked for stands before a narrower one.
    """
    asked = list(topics)
    searches: dict[str, Search] = {}
    narrower = sorted(set().union(*(index.topics[topic].within for topic in asked)) - set(asked))
    for topic in [*asked, *narrower]:
        for need in index.needs.get(topic, ()):
            if accepts(need.holder):
                searches.setdefault(need.thing.iri, Search(need, index.topics[topic]))
    return tuple(sorted(searches.values(), key=_order))


def _order(search: Search) -> tuple[bool, tuple[str, str], str]:
    need = search.need
    return need.status != "open", need.holder.order, need.thing.iri
