"""Level 5, answer: who knows, in which order and why; rules and order are model.md, "Evidence"."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property, reduce
from operator import and_, or_
from typing import Final

from kogge.errors import BadRequest
from kogge.expertise import search
from kogge.expertise.index import Index
from kogge.expertise.needs import SEEKERS, seekers
from kogge.expertise.ranking import INTENDED, NOBODY, OWN, THROUGH
from kogge.expertise.rows import Holder, Named, Row, Search, Topic, collation
from kogge.expertise.search import Hit, Wanted
from kogge.expertise.understand import EVERYTHING, Filters, Question
from kogge.expertise.weights import Sought, kind_of, number_of, order_of, rank_of

__all__ = ["INTENDED", "MOST", "OWN", "THROUGH", "Answer", "Piece", "Result", "answer", "rank"]

MOST: Final = 100


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


class Result:
    """One holder with its place; `through` is the alliance whose reasons they are.

    What was weighed is read when it is first looked at: to be done while nothing changes (Index.lock).
    """

    __slots__ = ("_pieces", "_read", "block", "covered", "holder", "score", "through")

    def __init__(
        self,
        holder: Holder,
        read: Callable[[bool], Iterable[tuple[Piece, bool]]],
        *,
        block: int = INTENDED,
        score: Decimal = Decimal(0),
        covered: int = 1,
        through: Holder | None = None,
    ) -> None:
        self.holder, self.through = holder, through
        self.block, self.score, self.covered = block, score, covered
        self._read = read
        self._pieces: tuple[Piece, ...] | None = None

    @property
    def pieces(self) -> tuple[Piece, ...]:
        """The reasons, the strongest first."""
        if self._pieces is None:
            self._pieces = tuple([piece for piece, _ in self._read(False)])
        return self._pieces

    @property
    def weighed(self) -> tuple[tuple[Piece, bool], ...]:
        """All that was weighed, the strongest first, and whether it counts: one thing counts once."""
        return tuple(self._read(True))

    @property
    def order(self) -> tuple[int, int, Decimal, str, str]:
        """Sorts results: block, number of topics, score, label in German order, IRI."""
        return self.block, -self.covered, -self.score, *self.holder.order


@dataclass(frozen=True, slots=True)
class Answer:
    """The page of results that was asked for, out of `total`, and what else is known of the topics.

    At most 100 mentions and needs are listed.
    """

    question: Question
    topics: tuple[Topic, ...]
    things: tuple[Named, ...]
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
    filters = question.filters
    with index.lock:
        topics = tuple(index.topics[match.iri] for match in question.topics)
        things = tuple(index.named(match.iri) for match in question.things)
        kind = filters.evidence.iri if filters.evidence else None
        asked = [index.things(thing.iri) for thing in things]
        wanted = Wanted([topic.iri for topic in topics], asked, among(index, filters), kind)
        asking = _Asking(index, wanted, [thing.iri for thing in things])
        found = search.find(index, wanted, limit, offset)
        searches = topics or (question.intent == "seeks" and not things)
        return Answer(
            question,
            topics,
            things,
            proven=found.proven,
            results=tuple([asking.result(hit) for hit in found.hits]),
            total=found.total,
            offset=offset,
            mentioned=_mentioned(index, topics, wanted.among),
            needs=seekers(index, wanted.topics, wanted.among) if searches else (),
            broader=_broader(index, topics, wanted),
            state=index.state,
        )


def rank(
    index: Index, topics: Sequence[Topic], filters: Filters = EVERYTHING, things: Sequence[Named] = ()
) -> list[Result]:
    """All results in their order. A filter takes rows and reasons away and never adds any."""
    asked = [index.things(thing.iri) for thing in things]
    kind = filters.evidence.iri if filters.evidence else None
    wanted = Wanted([topic.iri for topic in topics], asked, among(index, filters), kind)
    return results(index, wanted, None, [thing.iri for thing in things])


def results(index: Index, wanted: Wanted, limit: int | None, things: Sequence[str] = ()) -> list[Result]:
    """The first results; `things` are the IRIs of the sets of things that are wanted."""
    asking = _Asking(index, wanted, things)
    return [asking.result(hit) for hit in search.find(index, wanted, limit).hits]


class _Asking:
    """A question in the terms of the index."""

    def __init__(self, index: Index, wanted: Wanted, things: Sequence[str]) -> None:
        self.index, self.wanted = index, wanted
        self.asked = [*wanted.topics, *things]

    @cached_property
    def sought(self) -> Sought:
        """What counts."""
        return self.index.weights.sought(self.wanted.topics, self.wanted.things)

    def result(self, hit: Hit) -> Result:
        """A hit as a result, whose reasons are read later."""
        index, entry = self.index, hit.entry
        return Result(
            index.holders[hit.holder],
            lambda everything: self._weigh(hit, everything),
            block=entry.block,
            score=index.weights.score(entry.score),
            covered=hit.covered,
            through=None if entry.through == NOBODY else index.holders[entry.through],
        )

    def _weigh(self, hit: Hit, everything: bool) -> Iterable[tuple[Piece, bool]]:
        """The pieces that count for a hit, or all that were weighed; of an alliance those it passes on."""
        index, through = self.index, hit.entry.through
        weights = index.weights
        source = hit.holder if through == NOBODY else through
        best, asked = weights.pieces(index.rows[source], self.sought)
        passes: Sequence[bool] | None = None
        if through != NOBODY:
            passes = index.passes(through, index.members[through][hit.holder])
        kind = None if self.wanted.kind is None else index.kind_number(self.wanted.kind)
        wanted = [
            (piece, asked[thing])
            for thing, piece in best.items()
            if (passes is None or passes[number_of(piece)]) and kind in (None, kind_of(piece))
        ]
        counted = {piece for piece, _ in wanted}
        if everything:
            wanted = [
                (piece, bits)
                for _, piece, bits in weights.each(index.rows[source], self.sought)
                if passes is None or passes[number_of(piece)]
            ]
        rows = index.shown(source, [piece for piece, _ in wanted])
        found = sorted(
            zip(wanted, rows, strict=True), key=lambda one: (order_of(one[0][0]), one[1].thing.iri)
        )
        covered = {bits: self._covered(bits) for bits in {bits for _, bits in wanted}}
        return [
            (Piece(row, weights.closeness[rank_of(piece)], covered[bits]), piece in counted)
            for (piece, bits), row in found
        ]

    def _covered(self, bits: int) -> frozenset[str]:
        return frozenset([iri for bit, iri in enumerate(self.asked) if bits >> bit & 1])


def among(index: Index, filters: Filters) -> int | None:
    """The set of the holders that fit: in one of the alliances (or it), countries and states, of the kind,
    one of those named; None: all."""
    groups = [
        reduce(or_, [group(one.iri) for one in chosen])
        for chosen, group in (
            (filters.alliances, index.group),
            (filters.countries, index.group),
            (filters.states, index.group),
            (filters.holders, index.itself),
        )
        if chosen
    ]
    if filters.kind:
        groups.append(index.kind_group(filters.kind))
    return reduce(and_, groups) if groups else None


def _weight(piece: Piece) -> tuple[Decimal, Decimal, Decimal, str, str]:
    """Sorts the piece that is worth most first; of equal ones the stronger kind, then the closer topic."""
    row = piece.row
    return -piece.value, -row.kind.strength, -piece.closeness, row.topic.iri, row.thing.iri


def _mentioned(index: Index, topics: Sequence[Topic], among: int | None) -> tuple[Result, ...]:
    """Who is named as an example of these topics or narrower ones."""
    marks = None if among is None else among.to_bytes(len(index.holders), "little")
    found: dict[Holder, dict[str, Piece]] = defaultdict(dict)
    for topic in topics:
        near = dict(topic.reach)
        for row in index.notes.mentions_on.get(topic.iri, ()):
            if marks is None or marks[index.numbers[row.holder.iri]]:
                piece = Piece(row, near[row.topic.iri], frozenset((topic.iri,)))
                known = found[row.holder].get(row.thing.iri, piece)
                best = min(known, piece, key=_weight)
                found[row.holder][row.thing.iri] = Piece(best.row, best.closeness, known.asked | piece.asked)
    results = (_mention(holder, sorted(pieces.values(), key=_weight)) for holder, pieces in found.items())
    return tuple(sorted(results, key=lambda result: result.order))[:SEEKERS]


def _mention(holder: Holder, pieces: Iterable[Piece]) -> Result:
    given = tuple(pieces)
    covered = frozenset[str]().union(*(piece.asked for piece in given))
    return Result(holder, lambda _: ((piece, True) for piece in given), covered=len(covered))


def _broader(index: Index, topics: Sequence[Topic], wanted: Wanted) -> tuple[tuple[Topic, int], ...]:
    """The topics above those asked for, each with the number of its results: the direct ones first.

    Where a topic has none, those above it follow, so that there is always somewhere else to look.
    """
    counts: dict[str, tuple[Topic, int]] = {}
    asked = {topic.iri for topic in topics}
    level = list(topics)
    while level:
        above = {iri for topic in level for iri in topic.broader if iri in index.topics} - asked - set(counts)
        counted = [
            (index.topics[iri], search.count(index, iri, wanted.among, wanted.kind)) for iri in sorted(above)
        ]
        for topic, count in sorted(counted, key=lambda pair: (-pair[1], _alphabetic(pair[0]))):
            counts[topic.iri] = (topic, count)
        level = [topic for topic, count in counted if count == 0]
    return tuple(counts.values())


def _alphabetic(topic: Topic) -> tuple[str, str]:
    return collation(topic.label("de")), topic.iri
