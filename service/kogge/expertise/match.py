"""Level 5, match: who could help a holder with what it seeks, and what of its own others seek."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from kogge.errors import NotFound
from kogge.expertise.answer import Result, results
from kogge.expertise.index import Index
from kogge.expertise.needs import first_of
from kogge.expertise.ranking import INTENDED, everybody
from kogge.expertise.rows import Holder, Named, Need, Row, Search, Topic
from kogge.expertise.search import Wanted

MOST: Final = 10  # who could help, inside and outside, and who seeks what somebody has


@dataclass(frozen=True, slots=True)
class Neighbour:
    """Somebody who could help, with the alliances that it shares with the seeker: which, and whether the
    membership of one of both is only intended."""

    result: Result
    alliances: tuple[tuple[Named, bool], ...]


@dataclass(frozen=True, slots=True)
class Helped:
    """A need with those who could help: in an alliance of the seeker, and others."""

    search: Search
    inside: Sequence[Neighbour]
    outside: Sequence[Result]


@dataclass(frozen=True, slots=True)
class Offer:
    """What a holder has on a topic, and the first of the open needs of others that it could meet; `total` is
    how many there are."""

    topic: Topic
    reasons: Sequence[Row]
    seekers: Sequence[Search]
    total: int


@dataclass(frozen=True, slots=True)
class Matches:
    """What a holder seeks with who could help, and what others seek of what it has."""

    holder: Holder
    needs: Sequence[Helped]
    wanted: Sequence[Offer]


def matches(index: Index, holder: str) -> Matches:
    """Who could help a holder (IRI), and whom it could help. Raises NotFound where nothing is known of it.

    Inside are its alliances and their members, those that only intend to be members included. Who has nothing
    but intentions cannot help.
    """
    if holder not in index.numbers:
        raise NotFound(
            f"Nothing is known of <{holder}>.",
            "Give the slug of a municipality that has expertise or a need.",
        )
    with index.lock:
        it = index.holders[index.numbers[holder]]
        return Matches(it, list(_helped(index, it)), list(_wanted(index, it)))


def _helped(index: Index, seeker: Holder) -> Iterator[Helped]:
    for need in index.notes.open_of(seeker):
        yield helped(index, Search(need, first_of(need)))


def helped(index: Index, search: Search, most: int = MOST) -> Helped:
    """A need with those who could help, at most so many inside and outside; to be read while `index.lock` is
    held."""
    need, seeker = search.need, search.need.holder
    itself = index.itself(seeker.iri)
    inside = 0
    for alliance in seeker.alliances:
        inside |= index.group(alliance)
    outside = everybody(len(index.holders)) & ~inside & ~itself
    return Helped(
        search,
        [
            Neighbour(result, _shared(index, seeker, result.holder))
            for result in _helpers(index, need, inside & ~itself, most)
        ],
        _helpers(index, need, outside, most),
    )


def _helpers(index: Index, need: Need, among: int, most: int) -> list[Result]:
    """The best for the topics of a need, at most so many."""
    found = results(index, Wanted([topic.iri for topic in need.topics], among=among), most)
    return [result for result in found if result.block != INTENDED]


def _shared(index: Index, one: Holder, other: Holder) -> tuple[tuple[Named, bool], ...]:
    """The alliances of both, of which one may be the other itself."""
    shared = one.alliances & (other.alliances | {other.iri})
    return tuple(
        (
            index.holders[index.numbers[alliance]],
            not all(_in_force(index, alliance, it) for it in (one, other)),
        )
        for alliance in sorted(shared)
        if alliance in index.numbers
    )


def _in_force(index: Index, alliance: str, holder: Holder) -> bool:
    held = index.members[index.numbers[alliance]].get(index.numbers[holder.iri], ())
    return holder.iri == alliance or any(one.status == "inForce" for one in held)


def _wanted(index: Index, holder: Holder) -> Iterator[Offer]:
    """The topics on which a holder has proof of its own and for which others have an open need."""
    reasons: dict[str, list[Row]] = {}
    for row in index.rows_of(index.numbers[holder.iri]):
        if row.kind.proves:
            reasons.setdefault(row.topic.iri, []).append(row)
    for topic in sorted(reasons):
        seekers, total = index.notes.met_by(topic, holder, MOST)
        if seekers:
            yield Offer(index.topics[topic], reasons[topic], seekers, total)
