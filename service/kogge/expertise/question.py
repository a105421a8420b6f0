"""Level 5, question: what was asked, as it was understood."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple, TypeAlias, TypedDict

from kogge.expertise.meanings import How

Intent = Literal["knows", "seeks"]
Values: TypeAlias = str | Sequence[str] | None  # of a parameter: one, or several of which any will do


class Match(NamedTuple):
    """A topic (or thing) that was understood: by which words of the question, and how."""

    iri: str
    matched: str
    how: How


class Chosen(NamedTuple):
    """A filter: the word that stands for it in a parameter, the IRI of what it names, and by which words of
    the question it was understood (none: it was a parameter)."""

    word: str
    iri: str
    matched: str | None = None
    how: How = "exact"


@dataclass(frozen=True, slots=True)
class Filters:
    """What the answers are restricted to; what is empty restricts nothing, and of several any will do.

    `holders` are the municipalities or districts asked about ("Was weiß Kiel über …?"); a holder fits if its
    IRI is among them.
    """

    alliances: tuple[Chosen, ...] = ()
    countries: tuple[Chosen, ...] = ()
    states: tuple[Chosen, ...] = ()
    kind: str | None = None
    evidence: Chosen | None = None
    holders: tuple[Chosen, ...] = ()


EVERYTHING: Final = Filters()


@dataclass(frozen=True, slots=True)
class Question:
    """What was asked, and how it was understood.

    `things` are projects, events, programmes, strategies and fundings named in the text, to be answered with
    their holders. `intent` is `seeks` where the question is who seeks knowledge, else `knows`. `said` are the
    words behind `kind`, `evidence` and `intent`, by these names; `unknown` are the words that say something
    and were not understood, in the order of the text.
    """

    text: str
    lang: str
    topics: tuple[Match, ...]
    filters: Filters = EVERYTHING
    things: tuple[Match, ...] = ()
    intent: Intent = "knows"
    said: tuple[tuple[str, str], ...] = ()
    unknown: tuple[str, ...] = ()


class Parameters(TypedDict, total=False):
    """What a question may say beside its text; topics and things as slugs or IRIs, a country as `DE`.

    `Values` are either-or: members of one alliance or of another.
    """

    lang: str | None
    topics: Sequence[str]
    alliance: Values
    country: Values
    state: Values
    municipality: Values
    kind: str | None
    evidence: str | None
    intent: str | None
