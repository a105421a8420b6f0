"""Level 5, answer: who knows, in which order and why; rules and order are model.md, "Evidence"."""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

from pyoxigraph import NamedNode, Triple

from kogge import names, syntax
from kogge.errors import BadRequest
from kogge.expertise.index import Document, Holder, Index, Membership, Named, Row, Topic, collation
from kogge.expertise.needs import Search, seekers
from kogge.expertise.understand import EVERYTHING, Filters, Question

MOST: Final = 100
OWN, THROUGH, INTENDED = 1, 2, 3  # the three blocks of an answer
Json = dict[str, object]


# What an answer is


@dataclass(frozen=True, slots=True)
class Piece:
    """One thing that counts for a holder: its best row, how close that is, for which of the asked topics."""

    row: Row
    closeness: Decimal
    asked: frozenset[str]

    @property
    def value(self) -> Decimal:
        """What it adds to the score: strength × closeness."""
        return self.row.kind.strength * self.closeness


@dataclass(frozen=True, slots=True)
class Result:
    """One holder with its reasons, the strongest first; `through` is the alliance whose reasons they are."""

    holder: Holder
    pieces: tuple[Piece, ...]
    through: Holder | None = None
    score: Decimal = field(init=False)
    order: tuple[int, int, Decimal, str, str] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        score = sum((piece.value for piece in self.pieces), Decimal(0))
        covered = frozenset[str]().union(*(piece.asked for piece in self.pieces))
        object.__setattr__(self, "score", score)
        object.__setattr__(self, "order", (self.block, -len(covered), -score, *self.holder.order))

    @property
    def block(self) -> int:
        """Whether it is proven by evidence of its own, through an alliance, or only intended."""
        if not any(piece.row.kind.proves for piece in self.pieces):
            return INTENDED
        return THROUGH if self.through else OWN


@dataclass(frozen=True, slots=True)
class Answer:
    """The page of results that was asked for, out of `total`, and what else is known of the topics."""

    question: Question
    topics: tuple[Topic, ...]
    proven: bool
    results: tuple[Result, ...]
    total: int
    offset: int
    mentioned: tuple[Result, ...]
    needs: tuple[Search, ...]
    broader: tuple[tuple[Topic, int], ...]
    state: str


def answer(index: Index, question: Question, *, limit: int = 20, offset: int = 0) -> Answer:
    """Who knows about the topics of a question, and who mentions or seeks them.

    Raises BadRequest for a limit that is not 0 to 100 or a negative offset.
    """
    if not 0 <= limit <= MOST or offset < 0:
        raise BadRequest(
            f"Limit {limit} and offset {offset} are not possible.",
            f"Use a limit from 0 to {MOST} and an offset from 0.",
        )
    topics = tuple(index.topics[match.iri] for match in question.topics)
    filters = question.filters
    results = rank(index, topics, filters)
    return Answer(
        question,
        topics,
        proven=bool(results) and results[0].block == OWN,
        results=tuple(results[offset : offset + limit]),
        total=len(results),
        offset=offset,
        mentioned=_mentioned(index, topics, filters),
        needs=seekers(index, (topic.iri for topic in topics), acceptance(filters)),
        broader=_broader(index, topics, filters),
        state=index.state,
    )


# How it is found


def rank(index: Index, topics: Sequence[Topic], filters: Filters = EVERYTHING) -> list[Result]:
    """All results on these topics in their order. A filter takes rows and reasons away and never adds any."""
    rows = (
        (row, closeness, asked)
        for topic in topics
        for asked in (frozenset((topic.iri,)),)
        for near, closeness in topic.reach
        for row in index.rows.get(near, ())
    )
    own = _count(rows)
    found = [Result(holder, pieces) for holder, pieces in own.items()]
    accepts = acceptance(filters)
    restricted = (
        _restrict(result, filters)
        for result in (*found, *_through_alliances(index, own))
        if accepts(result.holder)
    )
    best: dict[Holder, Result] = {}
    for result in restricted:
        if result and (result.holder not in best or _preferred(result) < _preferred(best[result.holder])):
            best[result.holder] = result
    return sorted(best.values(), key=lambda result: result.order)


def _count(rows: Iterable[tuple[Row, Decimal, frozenset[str]]]) -> dict[Holder, tuple[Piece, ...]]:
    """What counts for each holder: one thing once, by that of its rows which is worth most."""
    things: dict[Holder, dict[str, list[Piece]]] = defaultdict(lambda: defaultdict(list))
    for row, closeness, asked in rows:
        things[row.holder][row.thing.iri].append(Piece(row, closeness, asked))
    return {holder: tuple(sorted(map(_merge, same.values()), key=_weight)) for holder, same in things.items()}


def _merge(pieces: Sequence[Piece]) -> Piece:
    if len(pieces) == 1:
        return pieces[0]
    best = min(pieces, key=_weight)
    return Piece(best.row, best.closeness, frozenset[str]().union(*(piece.asked for piece in pieces)))


def _weight(piece: Piece) -> tuple[Decimal, Decimal, Decimal, str, str]:
    """Sorts the piece that is worth most first; of equal ones the stronger kind, then the closer topic."""
    row = piece.row
    return -piece.value, -row.kind.strength, -piece.closeness, row.topic.iri, row.thing.iri


def _through_alliances(index: Index, own: dict[Holder, tuple[Piece, ...]]) -> Iterator[Result]:
    """What members that have nothing of their own have through each of their alliances."""
    for alliance, pieces in own.items():
        memberships: dict[Holder, list[Membership]] = defaultdict(list)  # who left and came back has two
        for membership in index.memberships.get(alliance.iri, ()):
            memberships[membership.member].append(membership)
        for member in memberships.keys() - own.keys():
            passed = tuple(
                piece for piece in pieces if any(held.passes_on(piece.row) for held in memberships[member])
            )
            if passed:
                yield Result(member, passed, through=alliance)


def _preferred(result: Result) -> tuple[object, ...]:
    """Of a member's results through several alliances the proven one, then the higher score is taken."""
    return result.order, result.through.order if result.through else ()


def _restrict(result: Result, filters: Filters) -> Result | None:
    if filters.evidence is None:
        return result
    pieces = tuple(piece for piece in result.pieces if piece.row.kind.iri == filters.evidence.iri)
    return Result(result.holder, pieces, result.through) if pieces else None


def acceptance(filters: Filters) -> Callable[[Holder], bool]:
    """Whether a holder is in the alliance (or is it), the country, the state, and of the kind asked for."""

    def accepts(holder: Holder) -> bool:
        return (
            (filters.alliance is None or filters.alliance.iri in holder.alliances | {holder.iri})
            and (filters.country is None or filters.country.iri in holder.places)
            and (filters.state is None or filters.state.iri in holder.places)
            and (filters.kind is None or filters.kind == holder.kind)
        )

    return accepts


def _mentioned(index: Index, topics: Sequence[Topic], filters: Filters) -> tuple[Result, ...]:
    rows = (
        (row, closeness, frozenset((topic.iri,)))
        for topic in topics
        for near, closeness in topic.reach
        if near in topic.within
        for row in index.mentions.get(near, ())
    )
    accepts = acceptance(filters)
    results = [Result(holder, pieces) for holder, pieces in _count(rows).items() if accepts(holder)]
    return tuple(sorted(results, key=lambda result: result.order))


def _broader(index: Index, topics: Sequence[Topic], filters: Filters) -> tuple[tuple[Topic, int], ...]:
    """The topics above those asked for, each with the number of its results: the direct ones first.

    Where a topic has none, those above it follow, so that there is always somewhere else to look.
    """
    counts: dict[str, tuple[Topic, int]] = {}
    asked = {topic.iri for topic in topics}
    level = list(topics)
    while level:
        above = {iri for topic in level for iri in topic.broader if iri in index.topics} - asked - set(counts)
        counted = [
            (topic, len(rank(index, [topic], filters))) for topic in map(index.topics.__getitem__, above)
        ]
        for topic, count in sorted(counted, key=lambda pair: (-pair[1], _alphabetic(pair[0]))):
            counts[topic.iri] = (topic, count)
        level = [topic for topic, count in counted if count == 0]
    return tuple(counts.values())


def _alphabetic(topic: Topic) -> tuple[str, str]:
    return collation(topic.label("de")), topic.iri


# How it is shown

_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
_NOTES: Final = {
    "de": "Teilnehmende nur für das ganze Treffen bekannt: {}",
    "en": "participants known for the meeting only: {}",
    "nl": "deelnemers alleen voor de hele bijeenkomst bekend: {}",
}
_COLUMNS: Final = (
    *("rank", "score", "holder", "holder_iri", "holder_kind", "through", "through_iri"),
    *("evidence", "evidence_iri", "kind", "strength", "closeness", "topic", "topic_iri", "date"),
    *("source", "source_iri", "issued", "note"),
)


def as_json(answer: Answer, lang: str | None = None) -> Json:
    """The JSON of `/expertise` (interface.md), labels in `lang`, else in the language of the question."""
    lang = lang or answer.question.lang
    filters = answer.question.filters
    chosen = {
        "alliance": filters.alliance and filters.alliance.word,
        "country": filters.country and filters.country.word,
        "state": filters.state and filters.state.word,
        "kind": filters.kind,
        "evidence": filters.evidence and filters.evidence.word,
    }
    return {
        "question": {
            "text": answer.question.text,
            "lang": lang,
            "topics": [
                {**_named(topic, lang), "matched": match.matched, "how": match.how}
                for topic, match in zip(answer.topics, answer.question.topics, strict=True)
            ],
            "filters": {name: word for name, word in chosen.items() if word},
        },
        "proven": answer.proven,
        "results": [
            {"rank": rank, "score": _number(result.score), **_result(result, lang)}
            for rank, result in enumerate(answer.results, answer.offset + 1)
        ],
        "mentioned": [_result(result, lang) for result in answer.mentioned],
        "needs": [_need(search, lang) for search in answer.needs],
        "broader": [{**_named(topic, lang), "results": count} for topic, count in answer.broader],
        "total": answer.total,
        "state": answer.state,
    }


def as_csv(answer: Answer, lang: str | None = None) -> str:
    """One line per piece of evidence on the page of results (RFC 4180), safe to open in a spreadsheet."""
    lang = lang or answer.question.lang
    text = io.StringIO()
    table = csv.writer(text)
    table.writerow(_COLUMNS)
    for rank, result in enumerate(answer.results, answer.offset + 1):
        for piece in result.pieces:
            table.writerow([_defused(cell) for cell in _line(rank, result, piece, lang)])
    return text.getvalue()


def as_turtle(answer: Answer) -> str:
    """The expertise behind the page of results, as the graph states it (through an alliance: its own)."""
    triples: set[Triple] = set()
    for piece in (piece for result in answer.results for piece in result.pieces):
        row = piece.row
        said = [
            (names.RDF + "type", names.KOGGE + "Expertise"),
            (names.KOGGE + "holder", row.holder.iri),
            (names.KOGGE + "topic", row.topic.iri),
            (names.KOGGE + "evidence", row.thing.iri),
            (names.KOGGE + "evidenceKind", row.kind.iri),
            *((names.DCTERMS + "source", source.iri) for source in row.sources),
        ]
        triples |= {Triple(NamedNode(row.iri), NamedNode(verb), NamedNode(term)) for verb, term in said}
    return syntax.write_turtle(triples)


def _named(thing: Named, lang: str) -> Json:
    return {"iri": thing.iri, "label": thing.label(lang)}


def _holder(holder: Holder, lang: str) -> Json:
    return {**_named(holder, lang), "kind": holder.kind}


def _result(result: Result, lang: str) -> Json:
    return {
        "holder": _holder(result.holder, lang),
        "through": _named(result.through, lang) if result.through else None,
        "evidence": [_evidence(piece, lang) for piece in result.pieces],
    }


def _evidence(piece: Piece, lang: str) -> Json:
    row = piece.row
    shown: Json = {
        **_named(row.thing, lang),
        "kind": row.kind.word,
        "strength": _number(row.kind.strength),
        "closeness": _number(piece.closeness),
        "topic": _named(row.topic, lang),
    }
    if row.date:
        shown["date"] = row.date
    shown |= _sources(row.sources, lang)
    if row.meeting:
        shown["note"] = _note(row.meeting, lang)
    return shown


def _need(search: Search, lang: str) -> Json:
    need = search.need
    return {
        "iri": need.thing.iri,
        "holder": _holder(need.holder, lang),
        "topic": _named(search.topic, lang),
        "status": need.status,
        **_sources(need.sources, lang),
    }


def _sources(documents: Sequence[Document], lang: str) -> Json:
    """The first document as `source`; all of them as `sources` where there are several."""
    shown: list[Json] = []
    for document in documents:
        issued = {"issued": document.issued} if document.issued else {}
        shown.append({"iri": document.iri, "title": document.label(lang), **issued})
    return {"source": shown[0] if shown else None, **({"sources": shown} if len(shown) > 1 else {})}


def _line(rank: int, result: Result, piece: Piece, lang: str) -> list[object]:
    row, through = piece.row, result.through
    return [
        rank,
        _number(result.score),
        result.holder.label(lang),
        result.holder.iri,
        result.holder.kind,
        through.label(lang) if through else "",
        through.iri if through else "",
        row.thing.label(lang),
        row.thing.iri,
        row.kind.word,
        _number(row.kind.strength),
        _number(piece.closeness),
        row.topic.label(lang),
        row.topic.iri,
        row.date or "",
        "; ".join(document.label(lang) for document in row.sources),
        "; ".join(document.iri for document in row.sources),
        "; ".join(document.issued for document in row.sources if document.issued),
        _note(row.meeting, lang) if row.meeting else "",
    ]


def _note(meeting: Named, lang: str) -> str:
    return _NOTES.get(lang, _NOTES["de"]).format(meeting.label(lang))


def _defused(cell: object) -> object:
    """A text that a spreadsheet would take for a formula gets an apostrophe in front."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA) else cell


def _number(number: Decimal) -> int | float:
    return int(number) if number == number.to_integral_value() else float(number)
