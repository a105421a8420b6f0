"""Level 5, concerned: what else a change of some things concerns: few questions about few things."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from kogge.expertise.read import DATED
from kogge.expertise.scan import select
from kogge.expertise.terms import values
from kogge.store.base import Store

_JOINING: Final = ("org:member", "org:organization")


def evidence_of(store: Store, expertise: Iterable[str]) -> set[str]:
    """What these, if they are expertise, have as evidence."""
    return _found(store, f"VALUES ?thing {{ {values(expertise)} }} ?thing kogge:evidence ?found")


def dated_in(store: Store, graphs: Iterable[str]) -> set[str]:
    """The things of which these graphs give a date."""
    either = " UNION ".join(f"{{ ?found {verb} ?date }}" for verb in DATED)
    return _found(store, f"VALUES ?graph {{ {values(graphs)} }} GRAPH ?graph {{ {either} }}")


def whose(store: Store, things: Iterable[str]) -> set[str]:
    """Whose needs, mentions and memberships these are, and the alliances that somebody joins by them."""
    wanted = f"VALUES ?thing {{ {values(things)} }}"
    of = _found(
        store, f"{wanted} ?thing kogge:holder ?found ; a ?class FILTER(?class IN (kogge:Need, kogge:Mention))"
    )
    return of.union(*(_found(store, f"{wanted} ?thing {verb} ?found") for verb in _JOINING))


def members_of(store: Store, alliances: Iterable[str]) -> set[str]:
    """Who has a membership in these, whether they are alliances or not."""
    return _found(store, f"VALUES ?it {{ {values(alliances)} }} ?m org:organization ?it ; org:member ?found")


def members_by(store: Store, memberships: Iterable[str]) -> set[str]:
    """Whose memberships these are."""
    return _found(store, f"VALUES ?it {{ {values(memberships)} }} ?it org:member ?found")


def joined(store: Store, iris: Iterable[str]) -> set[str]:
    """Those of the things that are or were members of an alliance."""
    return _found(
        store,
        f"VALUES ?found {{ {values(iris)} }} ?m org:member ?found ; org:organization ?it ."
        " ?it a kogge:Alliance",
    )


def allied(store: Store, iris: Iterable[str]) -> set[str]:
    """Those of the things that are alliances."""
    return _found(store, f"VALUES ?found {{ {values(iris)} }} ?found a kogge:Alliance")


def _found(store: Store, pattern: str) -> set[str]:
    return {it for (it,) in select(store, f"SELECT DISTINCT ?found {{ {pattern} }}")}
