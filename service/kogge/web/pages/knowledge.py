"""Level 8, web, pages: what a holder knows, topic by topic, with its evidence."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from kogge import names
from kogge.desk import Desk
from kogge.store.rows import Row, Value
from kogge.web.pages.facts import Source

INTENDED: Final = 1  # the strength of what is only intended
_NAMED: Final = ("topic", "kind", "evidence", "source")


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


@dataclass(frozen=True)
class Shared:
    """A topic that somebody knows: its strongest evidence, and how many members of an alliance know it."""

    iri: str
    name: Value
    strength: int
    members: int = 0


async def of_members(desk: Desk, iri: str, lang: str) -> list[Shared]:
    """What the members in force of an alliance know, first what most of them know."""
    rows = await desk.rows("pages/members-know", {"thing": iri})
    called = await desk.called({row["topic"].text for row in rows}, lang)
    found = [
        Shared(
            topic := row["topic"].text,
            called.get(topic, {}).get("label", Value(names.slug_of(topic))),
            int(row["strongest"].text),
            int(row["members"].text),
        )
        for row in rows
    ]
    return sorted(found, key=lambda one: (-one.members, -one.strength, one.name.text.casefold()))


async def of(desk: Desk, iri: str, lang: str) -> tuple[list[Known], list[Known]]:
    """The topics of a holder: those that it has dealt with, and those only intended."""
    rows = await desk.rows("pages/knows", {"thing": iri})
    return read(rows, await desk.called({row[name].text for row in rows for name in _NAMED}, lang))


def read(rows: Iterable[Row], called: Mapping[str, Row]) -> tuple[list[Known], list[Known]]:
    """The topics of rows of `pages/knows`; `called` says what they name is called."""

    def name(iri: str) -> Value:
        return called.get(iri, {}).get("label", Value(names.slug_of(iri)))

    topics: dict[str, Known] = {}
    pieces: dict[tuple[str, str, str], Piece] = {}
    for row in sorted(rows, key=lambda row: (-int(row["strength"].text), name(row["evidence"].text).text)):
        iri, evidence, kind = (row[each].text for each in ("topic", "evidence", "kind"))
        topic = topics.setdefault(iri, Known(iri, name(iri)))
        key = iri, evidence, kind
        if key not in pieces:
            pieces[key] = Piece(
                evidence, name(evidence), name(kind).text, int(row["strength"].text), "meeting" in row
            )
            topic.pieces.append(pieces[key])
        piece = pieces[key]
        iri = row["source"].text
        issued = called.get(iri, {}).get("issued")
        source = Source(iri, name(iri), issued.text if issued else "")
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
