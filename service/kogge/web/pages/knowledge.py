"""Level 8, web, pages: what a holder knows, topic by topic, with its evidence."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from kogge import names
from kogge.store.rows import Row, Value
from kogge.web.pages import facts
from kogge.web.pages.facts import Source

INTENDED = 1  # the strength of what is only intended


@dataclass
class Piece:
    """A thing that proves it: what it is called, of which kind the evidence is, when, and who says so."""

    iri: str
    name: Value
    kind: str
    strength: int
    whole: bool = False  # participants are known for the whole meeting only
    dates: list[str] = field(default_factory=list)
    sources: list[Source] = field(default_factory=list)


@dataclass
class Known:
    """A topic with all pieces of evidence, the strongest first."""

    iri: str
    name: Value
    pieces: list[Piece] = field(default_factory=list)

    @property
    def strength(self) -> int:
        """One to five points: that of the strongest piece."""
        return max(piece.strength for piece in self.pieces)


def read(rows: Iterable[Row]) -> tuple[list[Known], list[Known]]:
    """The topics of rows of `pages/knows`: those that somebody has dealt with, and those only intended."""
    topics: dict[str, Known] = {}
    pieces: dict[tuple[str, str, str], Piece] = {}
    for row in rows:
        topic = topics.setdefault(row["topic"].text, Known(row["topic"].text, row["topicLabel"]))
        key = row["topic"].text, row["evidence"].text, row["kind"].text
        if key not in pieces:
            evidence = row["evidence"].text
            name = row.get("evidenceLabel", Value(names.slug_of(evidence)))
            pieces[key] = Piece(
                evidence, name, row["kindLabel"].text, int(row["strength"].text), "meeting" in row
            )
            topic.pieces.append(pieces[key])
        piece = pieces[key]
        source = facts.source(row)
        if source not in piece.sources:
            piece.sources.append(source)
        if "date" in row and row["date"].text not in piece.dates:
            piece.dates.append(row["date"].text)
    order = sorted(
        topics.values(), key=lambda one: (-one.strength, -len(one.pieces), one.name.text.casefold())
    )
    return (
        [one for one in order if one.strength > INTENDED],
        [one for one in order if one.strength <= INTENDED],
    )
