"""Level 5, dossier: all that is said of a holder beside its evidence, as it is kept on the shelf.

Labels, places and alliances, memberships, needs and mentions, in one text, so that a start reads one row for
each holder instead of asking the store.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, TypeAlias

from kogge.expertise.read import Noted, Reader
from kogge.expertise.rows import (
    MENTION,
    Document,
    Holder,
    Membership,
    Named,
    Need,
    Row,
    Span,
    Topic,
    collation,
    oldest_first,
)

# A need or a mention in the text of a dossier: IRI, labels, topics, status, sources with labels and date.
_Noted: TypeAlias = list[Any]


@dataclass(frozen=True, slots=True)
class Dossier:
    """A holder, its memberships by alliance (IRI), what it seeks, and where it is mentioned."""

    holder: Holder
    joined: Mapping[str, tuple[Membership, ...]]
    needs: tuple[Need, ...]
    mentions: tuple[Row, ...]


def written(
    reader: Reader,
    holders: Mapping[str, Holder],
    before: Mapping[str, str] = MappingProxyType({}),
    stale: Collection[str] = (),
) -> Iterator[tuple[str, str, set[str]]]:
    """The dossiers of these holders as texts, by their IRIs and in their order, each with the things on which
    it rests.

    From the dossiers of before (by holder) the needs and mentions are taken over that do not rest on things
    which are `stale`; those the reader reads again.
    """
    joined = reader.memberships(holders)
    needs_of, mentions_of = reader.needs(), reader.mentions()
    noted = [one for some in (*needs_of.values(), *mentions_of.values()) for one in some]
    documents = reader.documents({source for one in noted for source in one.sources})
    for iri, it in holders.items():
        needs = [_noted(one, documents) for one in needs_of.get(iri, ())]
        mentions = [_noted(one, documents) for one in mentions_of.get(iri, ())]
        for some, old in zip((needs, mentions), _notes(before.get(iri)), strict=False):
            some += [one for one in old if not resting(one).intersection(stale)]
            some.sort(key=lambda one: (one[0], one[2]))
        text = json.dumps(
            [
                dict(it.labels),
                sorted(it.places),
                sorted(it.alliances),
                [[one.alliance, *one.held] for one in joined.get(iri, ())],
                needs,
                mentions,
            ],
            ensure_ascii=False,
        )
        things = {thing for one in joined.get(iri, ()) for thing in one.carriers}
        yield iri, text, things.union(*map(resting, (*needs, *mentions)))


def notes(text: str) -> list[_Noted]:
    """The needs and mentions in the text of a dossier."""
    return [one for some in _notes(text) for one in some]


def _notes(text: str | None) -> list[list[_Noted]]:
    return json.loads(text)[-2:] if text else []


def resting(note: _Noted) -> set[str]:
    """The things on which a need or a mention rests: itself and its sources."""
    return {note[0], *(source for source, *_ in note[4])}


def read(iri: str, text: str, topics: Mapping[str, Topic]) -> Dossier:
    """The dossier of a holder from its text."""
    labels, places, alliances, memberships, needs, mentions = json.loads(text)
    order = collation(Named(iri, labels).label("de")), iri
    holder = Holder(iri, labels, frozenset(places), frozenset(alliances), order)
    joined: dict[str, list[Membership]] = {}
    for alliance, status, founder, start, end in memberships:
        held = Membership(status, founder, start and Span(*start), end and Span(*end))
        if held not in joined.setdefault(alliance, []):
            joined[alliance].append(held)
    return Dossier(
        holder,
        {
            alliance: tuple(sorted(held, key=str) if len(held) > 1 else held)
            for alliance, held in joined.items()
        },
        tuple(
            Need(Named(need, said), holder, tuple(topics[topic] for topic in about), status, _cited(sources))
            for need, said, about, status, sources in needs
        ),
        tuple(
            Row(mention, holder, topics[topic], Named(mention, said), MENTION, _cited(sources))
            for mention, said, (topic,), _, sources in mentions
        ),
    )


def _noted(one: Noted, documents: Mapping[str, Document]) -> _Noted:
    sources = [[source, dict(documents[source].labels), documents[source].issued] for source in one.sources]
    return [one.thing.iri, dict(one.thing.labels), list(one.topics), one.status, sources]


def _cited(sources: Iterable[tuple[str, dict[str, str], str | None]]) -> tuple[Document, ...]:
    return oldest_first(Document(iri, labels, issued) for iri, labels, issued in sources)
