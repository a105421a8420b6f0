"""Level 5, meanings: what a phrase of a question can stand for, and the ways in which it can match."""

from __future__ import annotations

from typing import Final, Literal, NamedTuple

How = Literal["exact", "synonym", "inflected", "compound", "typo", "name", "iri"]
PLACES: Final = ("municipality", "district", "state", "province", "country")


class Meaning(NamedTuple):
    """What a phrase stands for: a thing, its kind (that of its IRI, or `country`), by which label, in which
    languages."""

    iri: str
    kind: str
    how: How
    languages: frozenset[str]


NAMED: Final = ("project", "event", "strategy", "funding")  # things that are asked for by name only


class Label(NamedTuple):
    """A label as the store has it; `rank` is 0 for preferred, 1 for other, 2 for hidden labels."""

    iri: str
    kind: str
    text: str
    lang: str
    rank: int


_RANK: Final[dict[str, int]] = {
    how: rank for rank, how in enumerate(("exact", "synonym", "name", "inflected", "compound", "typo", "iri"))
}


def rank_of(how: How) -> int:
    """The order of precedence of the ways to match."""
    return _RANK[how]
