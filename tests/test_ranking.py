"""The rankings against a plain reading of model.md, "Evidence", and against the saved questions."""

from __future__ import annotations

import sys
from array import array
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyoxigraph import QuerySolutions

from kogge import artefacts, derivation, names, questions, syntax
from kogge.expertise import Lookup, search
from kogge.expertise.answer import Result, rank
from kogge.expertise.index import Index
from kogge.expertise.needs import seekers
from kogge.expertise.ranking import FIELDS, INTENDED, OWN, THROUGH, Ranking, cell_of, order_in
from kogge.expertise.rows import Holder, Topic
from kogge.expertise.understand import Chosen, Filters
from kogge.store.base import Store
from kogge.store.embedded import EmbeddedStore

PREFIXES = "".join(f"PREFIX {prefix}: <{iri}>\n" for prefix, iri in syntax.prefixes().items())


def select(store: Store, query: str) -> Iterator[list[str]]:
    rows = store.query(PREFIXES + query)
    assert isinstance(rows, QuerySolutions)
    for row in rows:
        yield ["" if term is None else getattr(term, "value", str(term)) for term in row]


# The reference: as plain as can be, nothing kept, nothing precomputed


@dataclass(frozen=True)
class Fact:
    holder: str
    topic: str
    kind: str
    thing: str
    span: tuple[str, str] | None


@dataclass(frozen=True)
class Counted:
    fact: Fact
    closeness: Decimal
    asked: frozenset[str]


@dataclass
class Reference:
    """All that is known, read with the simplest questions."""

    store: Store
    facts: list[Fact] = field(default_factory=list)
    strength: dict[str, Decimal] = field(default_factory=dict)
    memberships: list[tuple[str, str, str, bool, Any, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        for kind, number in select(self.store, "SELECT ?k ?n { ?k kogge:strength ?n }"):
            self.strength[kind] = Decimal(number)
        spans = {
            thing: (first, last)
            for thing, first, last in select(
                self.store, "SELECT ?t ?a ?b { ?t kogge:earliest ?a ; kogge:latest ?b }"
            )
        }
        wholes = defaultdict(list)
        for part, whole in select(
            self.store,
            """SELECT DISTINCT ?p ?w { { ?w schema:subEvent ?p } UNION { ?w kogge:undertakes ?p }
            UNION { ?p dcterms:isPartOf ?w . ?w a kogge:Programme } } ORDER BY ?w""",
        ):
            wholes[part].append(whole)
        for iri, holder, topic, kind, evidence in select(
            self.store,
            """SELECT ?e ?h ?t ?k ?th { ?e a kogge:Expertise ; kogge:holder ?h ; kogge:topic ?t ;
            kogge:evidenceKind ?k OPTIONAL { ?e kogge:evidence ?th } }""",
        ):
            thing = evidence or iri
            span = next((spans[one] for one in (thing, *wholes[thing]) if one in spans), None)
            self.facts.append(Fact(holder, topic, kind, thing, span))
        for member, alliance, status, founder, start, end in select(
            self.store,
            """SELECT ?m ?a ?s (EXISTS { ?ms kogge:role kogge:founder } AS ?f) ?from ?to {
            ?ms org:member ?m ; org:organization ?a ; kogge:status ?s . ?a a kogge:Alliance
            OPTIONAL { ?ms org:memberDuring ?i OPTIONAL { ?i time:hasBeginning ?from }
                OPTIONAL { ?i time:hasEnd ?to } } }""",
        ):
            bounds = spans.get(start), spans.get(end)
            self.memberships.append((member, alliance, names.slug_of(status), founder == "true", *bounds))

    def proves(self, fact: Fact) -> bool:
        return self.strength[fact.kind] > self.strength[names.KOGGE + "intended"]

    def value(self, one: Counted) -> Decimal:
        return self.strength[one.fact.kind] * one.closeness

    def weight(self, one: Counted) -> tuple[Any, ...]:
        return -self.value(one), -self.strength[one.fact.kind], -one.closeness, one.fact.topic, one.fact.kind

    def counted(self, holder: str, topics: Iterable[Topic]) -> list[Counted]:
        """One thing once, by what is worth most."""
        things: dict[str, list[Counted]] = defaultdict(list)
        for topic in topics:
            for near, closeness in topic.reach:
                for fact in self.facts:
                    if fact.holder == holder and fact.topic == near:
                        things[fact.thing].append(Counted(fact, closeness, frozenset([topic.iri])))
        merged = []
        for same in things.values():
            best = min(same, key=self.weight)
            asked = frozenset[str]().union(*(one.asked for one in same))
            merged.append(Counted(best.fact, best.closeness, asked))
        return merged

    def passes(self, member: str, alliance: str, fact: Fact) -> bool:
        for who, where, status, founder, start, end in self.memberships:
            if (who, where) != (member, alliance):
                continue
            if not self.proves(fact):
                fits = status == "inForce"
            elif fact.span is None:
                fits = status == "inForce" and founder
            else:
                begun = start[1] <= fact.span[0] if start else founder
                lasted = fact.span[1] <= end[0] if end else status == "inForce"
                fits = status in ("inForce", "ended") and begun and lasted
            if fits:
                return True
        return False

    def rank(
        self, holders: Mapping[str, Holder], topics: list[Topic], filters: Filters
    ) -> list[tuple[Any, ...]]:
        """Holder, alliance, score, block, number of topics: all results in their order."""
        everybody = sorted(holders)
        own = {holder: counted for holder in everybody if (counted := self.counted(holder, topics))}
        found = [(holder, "", counted) for holder, counted in own.items()]
        for member, alliance in sorted({(one[0], one[1]) for one in self.memberships}):
            if member not in own and alliance in own:
                passed = [one for one in own[alliance] if self.passes(member, alliance, one.fact)]
                found.append((member, alliance, passed))
        best: dict[str, tuple[Any, ...]] = {}
        for holder, through, counted in found:
            kept = [one for one in counted if not filters.evidence or one.fact.kind == filters.evidence.iri]
            if not kept or not accepted(holders[holder], filters):
                continue
            proven = any(self.proves(one.fact) for one in kept)
            block = 3 if not proven else 2 if through else 1
            score = sum((self.value(one) for one in kept), Decimal(0))
            covered = len(frozenset[str]().union(*(one.asked for one in kept)))
            order = block, -covered, -score, *holders[holder].order
            rest = holders[through].order if through else ("", "")
            if holder not in best or (order, rest) < best[holder][:2]:
                best[holder] = (order, rest, (holder, through, score, block, covered))
        return [one[2] for one in sorted(best.values())]


def accepted(holder: Holder, filters: Filters) -> bool:
    return (
        all(
            not chosen or any(one.iri in groups for one in chosen)
            for chosen, groups in (
                (filters.alliances, holder.alliances | {holder.iri}),
                (filters.countries, holder.places),
                (filters.states, holder.places),
            )
        )
        and (not filters.kind or filters.kind == holder.kind)
        and (not filters.holders or holder.iri in {one.iri for one in filters.holders})
    )


def shown(result: Result) -> tuple[Any, ...]:
    through = result.through.iri if result.through else ""
    assert result.score == sum((piece.value for piece in result.pieces), Decimal(0))
    return result.holder.iri, through, result.score, result.block, result.covered


def assert_same(index: Index, reference: Reference, topics: list[Topic], filters: Filters) -> None:
    holders = {holder.iri: holder for holder in index.holders}
    assert [shown(one) for one in rank(index, topics, filters)] == reference.rank(holders, topics, filters)


# Generated graphs

HOLDERS = [names.thing("municipality", slug) for slug in ("ahaus", "bonn", "celle", "daun", "emden")]
ALLIANCES = [names.thing("alliance", slug) for slug in ("nord", "ost", "west")]
TOPICS = [names.topic(str(number)) for number in range(5)]
THINGS = [names.thing("event", str(number)) for number in range(5)]
KINDS = ["practised", "recognised", "shown", "shared", "declared", "intended"]
YEARS = ["2010", "2015", "2020"]

some_facts = st.lists(
    st.tuples(
        st.sampled_from(HOLDERS + ALLIANCES),
        st.sampled_from(TOPICS),
        st.sampled_from(THINGS),
        st.sampled_from(KINDS),
    ),
    max_size=30,
)
pairs = st.sets(
    st.tuples(st.sampled_from(TOPICS), st.sampled_from(TOPICS)).filter(lambda pair: pair[0] < pair[1]),
    max_size=4,
)
some_memberships = st.lists(
    st.tuples(
        st.sampled_from(HOLDERS),
        st.sampled_from(ALLIANCES),
        st.sampled_from(["inForce", "ended", "intendedMembership"]),
        st.booleans(),
        st.sampled_from([None, *YEARS]),
        st.sampled_from([None, *YEARS]),
    ),
    max_size=8,
)
some_dates = st.dictionaries(st.sampled_from(THINGS), st.sampled_from(YEARS))
some_filters = st.builds(
    Filters,
    alliances=st.lists(st.sampled_from(ALLIANCES), max_size=2, unique=True).map(
        lambda iris: tuple(Chosen(iri, iri) for iri in iris)
    ),
    kind=st.sampled_from([None, None, "municipality", "alliance"]),
    evidence=st.sampled_from([None, None, *KINDS]).map(
        lambda kind: kind and Chosen(kind, names.KOGGE + kind)
    ),
    holders=st.lists(st.sampled_from(HOLDERS), max_size=2).map(
        lambda iris: tuple(Chosen(iri, iri) for iri in iris)
    ),
)


def bounds(thing: str, year: str) -> str:
    return f'<{thing}> kogge:earliest "{year}-01-01"^^xsd:date ; kogge:latest "{year}-12-31"^^xsd:date .'


def graph_of(
    facts: Iterable[tuple[str, str, str, str]],
    broader: Iterable[tuple[str, str]],
    related: Iterable[tuple[str, str]],
    memberships: Iterable[tuple[str, str, str, bool, str | None, str | None]],
    dates: Mapping[str, str],
) -> bytes:
    lines = [f"@prefix {prefix}: <{iri}> ." for prefix, iri in syntax.prefixes().items()]
    lines += [f"<{topic}> a skos:Concept ." for topic in TOPICS]
    lines += [f"<{alliance}> a kogge:Alliance ." for alliance in ALLIANCES]
    lines += [f"<{low}> skos:broader <{high}> ." for high, low in broader]
    lines += [f"<{one}> skos:related <{two}> ." for one, two in related]
    for number, (holder, topic, thing, kind) in enumerate(facts):
        lines.append(
            f"<{names.ID}expertise/{number}> a kogge:Expertise ; kogge:holder <{holder}> ;"
            f" kogge:topic <{topic}> ; kogge:evidence <{thing}> ; kogge:evidenceKind kogge:{kind} ."
        )
    for number, (member, alliance, status, founder, start, end) in enumerate(memberships):
        lines.append(
            f"<{names.ID}membership/{number}> org:member <{member}> ; org:organization <{alliance}> ;"
            f" kogge:status kogge:{status} ; org:memberDuring <{names.ID}interval/{number}> ."
        )
        if founder:
            lines.append(f"<{names.ID}membership/{number}> kogge:role kogge:founder .")
        for verb, year in (("hasBeginning", start), ("hasEnd", end)):
            if year:
                instant = f"{names.ID}instant/{year}"
                lines.append(f"<{names.ID}interval/{number}> time:{verb} <{instant}> .")
                lines.append(bounds(instant, year))
    lines += [bounds(thing, year) for thing, year in dates.items()]
    return "\n".join(lines).encode()


def store_with(body: bytes) -> EmbeddedStore:
    store = EmbeddedStore()
    weights = artefacts.folder("ontology") / "evidence.ttl"
    store.replace_graphs(
        {
            names.graph("test", "weights"): syntax.read_file(weights),
            names.graph("test", "facts"): syntax.parse(body, "ttl"),
        }
    )
    return store


def follow(index: Index, store: EmbeddedStore, body: bytes) -> bool:
    """Has the facts of a store be others, and the index follow; whether it could."""
    changed = derivation.replace(store, {names.graph("test", "facts"): syntax.parse(body, "ttl")})
    return changed.things is not None and index.update(store, changed.things)


@settings(max_examples=150, deadline=None)
@given(
    some_facts,
    pairs,
    pairs,
    some_memberships,
    some_dates,
    st.lists(st.sampled_from(TOPICS), min_size=1, max_size=3, unique=True),
    some_filters,
    st.sampled_from([0, 256]),
)
def test_the_index_answers_as_the_reference_does(
    facts: list[tuple[str, str, str, str]],
    broader: set[tuple[str, str]],
    related: set[tuple[str, str]],
    memberships: list[tuple[str, str, str, bool, str | None, str | None]],
    dates: dict[str, str],
    asked: list[str],
    filters: Filters,
    many: int,
) -> None:
    store = store_with(graph_of(facts, broader, related, memberships, dates))
    index = Index.build(store)
    with patch.multiple(search, _MANY=many, _FIRST=1):  # 0: as where the holders are many
        assert_same(index, Reference(store), [index.topics[topic] for topic in asked], filters)


@settings(max_examples=60, deadline=None)
@given(some_facts, some_facts, pairs, some_memberships, some_memberships, some_dates)
def test_an_index_brought_up_to_date_is_one_built_anew(
    before: list[tuple[str, str, str, str]],
    after: list[tuple[str, str, str, str]],
    broader: set[tuple[str, str]],
    old: list[tuple[str, str, str, bool, str | None, str | None]],
    new: list[tuple[str, str, str, bool, str | None, str | None]],
    dates: dict[str, str],
) -> None:
    store = store_with(graph_of(before, broader, (), old, dates))
    index = Index.build(store)
    assert follow(index, store, graph_of(after, broader, (), new, dates))
    fresh = Index.build(store)
    assert index.state == store.state
    for topic in TOPICS:
        for kind in (None, *KINDS):
            filters = Filters(evidence=Chosen(kind, names.KOGGE + kind) if kind else None)
            found, expected = (
                [shown(one) for one in rank(it, [it.topics[topic]], filters)] for it in (index, fresh)
            )
            assert found == expected


def test_the_scores_of_a_ranking_follow_its_changes() -> None:
    cells = array("Q", [cell_of(INTENDED, 2), 0, cell_of(OWN, 300), cell_of(THROUGH, 7, 2)])
    ranking = Ranking.of([0, 2, 3], cells)

    def fields() -> tuple[list[int], int]:
        found = []
        for bits, kind in FIELDS.items():
            scores = ranking.scores(bits).to_bytes(bits // 8 * len(cells), sys.byteorder)
            found.append(list(array(kind, scores)))
        assert found[0] == found[1]
        return found[0], ranking.most

    assert fields() == ([2, 0, 300, 7], 300)
    ranking.put(1, cell_of(OWN, 4), lambda holder: (order_in(ranking.cells[holder]), "", str(holder)))
    assert list(ranking.order) == [2, 1, 3, 0]
    assert fields() == ([2, 4, 300, 7], 300)
    ranking.drop(2, lambda holder: (order_in(ranking.cells[holder]), "", str(holder)))
    assert fields() == ([2, 4, 0, 7], 7)


def searching(needs: Iterable[tuple[str, str, str]], mentions: Iterable[tuple[str, str]]) -> bytes:
    lines = [graph_of((), [(TOPICS[0], TOPICS[1])], (), (), {}).decode()]
    for number, (holder, topic, status) in enumerate(needs):
        lines.append(
            f"<{names.ID}need/{number}> a kogge:Need ; kogge:holder <{holder}> ; kogge:topic <{topic}> ;"
            f" kogge:status kogge:{status} ."
        )
    for number, (holder, topic) in enumerate(mentions):
        lines.append(
            f"<{names.ID}mention/{number}> a kogge:Mention ; kogge:holder <{holder}> ;"
            f" kogge:topic <{topic}> ."
        )
    return "\n".join(lines).encode()


some_needs = st.lists(
    st.tuples(st.sampled_from(HOLDERS), st.sampled_from(TOPICS[:3]), st.sampled_from(["open", "met"])),
    max_size=8,
)
some_mentions = st.lists(st.tuples(st.sampled_from(HOLDERS), st.sampled_from(TOPICS[:3])), max_size=5)


@settings(max_examples=40, deadline=None)
@given(some_needs, some_mentions, some_needs, some_mentions)
def test_needs_and_mentions_brought_up_to_date_are_those_read_anew(
    old: list[tuple[str, str, str]],
    named: list[tuple[str, str]],
    new: list[tuple[str, str, str]],
    named_now: list[tuple[str, str]],
) -> None:
    store = store_with(searching(old, named))
    index = Index.build(store)
    assert follow(index, store, searching(new, named_now))
    fresh = Index.build(store)
    for asked in ([], [TOPICS[0]], [TOPICS[1]], TOPICS[:3]):
        for among in (None, [HOLDERS[0], HOLDERS[1]]):
            found, expected = (
                seekers(it, asked, None if among is None else it.itself(among[0]) | it.itself(among[1]))
                for it in (index, fresh)
            )
            assert found == expected
            assert len({search.need.thing.iri for search in found}) == len(found)
    for topic in TOPICS:
        assert sorted(row.iri for row in index.notes.mentions_on[topic]) == sorted(
            row.iri for row in fresh.notes.mentions_on[topic]
        )


# The graph of this repository


@cache
def real() -> tuple[EmbeddedStore, Lookup]:
    store = EmbeddedStore()
    facts = artefacts.folder("graph")
    ontology = artefacts.folder("ontology")
    store.replace_graphs(
        {
            names.curated_graph(path.relative_to(facts)): syntax.read_file(path)
            for path in artefacts.files("graph", ".ttl")
        }
        | {
            names.graph("kogge", path.stem): syntax.read_file(path)
            for path in (
                ontology / "evidence.ttl",
                ontology / "kogge.ttl",
                ontology / "schemes" / "topics.ttl",
            )
        }
    )
    questions.derive(store)
    return store, Lookup.build(store)


def test_every_topic_of_the_graph_is_answered_as_the_reference_does() -> None:
    store, lookup = real()
    index, reference = lookup.index, Reference(store)
    assert len(index.topics) > 50
    alliances = [holder.iri for holder in index.holders if holder.kind == "alliance"]
    for topic in index.topics.values():
        assert_same(index, reference, [topic], Filters())
        for alliance in alliances:
            assert_same(index, reference, [topic], Filters(alliances=(Chosen(alliance, alliance),)))


def test_a_saved_question_gives_the_same_holders_and_scores_for_every_topic() -> None:
    store, lookup = real()
    compared = 0
    for topic in lookup.index.topics.values():
        slug = names.slug_of(topic.iri)
        own = [result for result in rank(lookup.index, [topic]) if not result.through]
        scores = rows_of(store, "scores-of-topic", slug)
        assert {row["holder"]: Decimal(row["score"]) for row in scores} == {
            result.holder.iri: result.score for result in own
        }
        points = rows_of(store, "expertise-of-topic", slug)
        assert {(row["holder"], row["evidence"]): Decimal(row["points"]) for row in points} == {
            (result.holder.iri, piece.row.thing.iri): piece.value for result in own for piece in result.pieces
        }
        compared += len(own)
    assert compared > 100


def rows_of(store: Store, name: str, topic: str) -> list[dict[str, str]]:
    rows = questions.answer(store, questions.load(name), {"topic": topic})
    assert isinstance(rows, QuerySolutions)
    columns = [variable.value for variable in rows.variables]
    return [{name: getattr(row[name], "value", "") for name in columns} for row in rows]


# Things, the file, the sum, needs and matches


def test_a_thing_found_by_its_name_shows_its_holders() -> None:
    store, lookup = real()
    things = sorted({fact.thing for fact in Reference(store).facts})
    assert len(things) > 20
    for iri in things:
        found = {result.holder.iri for result in rank(lookup.index, [], things=[lookup.index.named(iri)])}
        own = (
            {fact.holder for fact in Reference(store).facts if fact.thing == iri}
            if len(things) < 30
            else found
        )
        assert own <= found


def test_an_index_that_fits_the_store_is_used_again_and_another_is_not(tmp_path: Path) -> None:
    path = tmp_path / "index.sqlite"
    store = store_with(graph_of([(HOLDERS[0], TOPICS[0], THINGS[0], "shown")], (), (), (), {}))
    told: list[str] = []
    index = Index.build(store, path, lambda what, _done, _of: told.append(what))
    assert {"reading", "storing", "ranking"} <= set(told)
    index.close()
    written = path.stat().st_mtime_ns
    again = Index.open(store, path)
    assert [result.holder.iri for result in rank(again, [again.topics[TOPICS[0]]])] == [HOLDERS[0]]
    assert path.stat().st_mtime_ns == written
    assert follow(again, store, graph_of([(HOLDERS[1], TOPICS[0], THINGS[0], "shown")], (), (), (), {}))
    again.close()
    third = Index.open(store, path)
    assert third.state == store.state
    assert [result.holder.iri for result in rank(third, [third.topics[TOPICS[0]]])] == [HOLDERS[1]]
    third.close()


def test_a_change_touches_the_holders_of_what_changed() -> None:
    store, lookup = real()
    index = lookup.index
    schwerin, groningen = (names.thing("municipality", name) for name in ("schwerin", "groningen"))
    label = {names.SKOS + "prefLabel"}
    event, project = names.thing("event", "exkursion-bike-tour-2019"), names.thing("project", "new/1")
    need = names.thing("need", "schwerin-energie")
    for thing, things, holders in (
        (event, {event}, set[str]()),
        (need, {need}, {schwerin}),
        (project, {project}, set[str]()),
        (groningen, {groningen}, {groningen}),
    ):
        assert index.affected(store, {thing: label}) == (things, holders)
    assert index.affected(store, {groningen: set()}) == ({groningen}, set())  # nothing is said of itself
    for subject in (names.topic("wasserstoff"), names.KOGGE + "shown"):
        assert index.affected(store, {subject: label}) is None


@pytest.mark.parametrize("text", ["Wasserstoff", "Smart Water", "Digitalisierung und Mobilität"])
def test_the_sum_that_is_shown_is_the_score(text: str) -> None:
    _, lookup = real()
    for result in lookup.who(text).results:
        weighed = result.weighed
        assert sum((piece.value for piece, counted in weighed if counted), Decimal(0)) == result.score
        assert {piece.row.thing.iri for piece, _ in weighed} == {
            piece.row.thing.iri for piece in result.pieces
        }


def test_matches_name_helpers_inside_and_outside_and_what_is_sought() -> None:
    _, lookup = real()
    schwerin = names.thing("municipality", "schwerin")
    found = lookup.matches(schwerin)
    assert found.needs
    for helped in found.needs:
        inside = {one.result.holder.iri for one in helped.inside}
        outside = {result.holder.iri for result in helped.outside}
        assert schwerin not in inside | outside
        assert not inside & outside
        assert all(one.alliances for one in helped.inside)
    for offer in found.wanted:
        assert all(search.need.holder.iri != schwerin for search in offer.seekers)
        assert all(row.kind.proves for row in offer.reasons)


def test_of_what_is_sought_all_who_seek_it_are_counted_and_the_first_named() -> None:
    _, lookup = real()
    most = 0
    for holder in {one.iri for one in lookup.index.holders}:
        for offer in lookup.matches(holder).wanted:
            topic = offer.topic.iri
            seeking = [
                need
                for need in lookup.index.notes.needs
                if need.status == "open" and need.holder.iri != holder
                if any(topic in each.within for each in need.topics)
            ]
            assert offer.total == len(seeking) > 0
            assert [search.need for search in offer.seekers] == seeking[:10]
            assert all(search.topic and topic in search.topic.within for search in offer.seekers)
            exact = [
                search.topic and search.topic.iri
                for search in offer.seekers
                if topic in {t.iri for t in search.need.topics}
            ]
            assert set(exact) <= {topic}
            most = max(most, offer.total)
    assert most > 1


def test_needs_without_a_topic_are_listed_with_all_that_are_open() -> None:
    _, lookup = real()
    found, total = lookup.needs(limit=100)
    assert total == len(found)
    assert all(search.need.status == "open" for search in found)
    assert lookup.needs([names.topic("energie")])[1] >= 1
