"""Whatever changes, the lookup that follows holds the same as one that is built anew, piece by piece."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pyoxigraph import Triple

from kogge import artefacts, derivation, names, questions, syntax
from kogge.expertise import Lookup
from kogge.expertise.index import Index
from kogge.expertise.ranking import entry_of
from kogge.expertise.rows import Need, Row
from kogge.store.embedded import EmbeddedStore

from .statements import statements

WORDS = statements("""
topic:energie a skos:Concept ; skos:prefLabel "Energie"@de .
topic:wasser a skos:Concept ; skos:prefLabel "Wasser"@de ; skos:related topic:energie .
topic:wind a skos:Concept ; skos:prefLabel "Wind"@de ; skos:broader topic:energie .
""")
# Several cities, with two projects of one name, offers, needs, mentions, memberships that begin and end,
# meetings with groups, a programme, documents with dates, places in places.
FACTS = """
id:municipality/m a kogge:Municipality ; skos:prefLabel "Moor"@de, "Marsh"@en ;
    schema:containedInPlace id:district/d .
id:municipality/n a kogge:Municipality ; skos:prefLabel "Nebel"@de ; schema:containedInPlace id:state/s .
id:municipality/o a kogge:Municipality ; skos:prefLabel "Nebel"@de .
id:district/d a kogge:District ; skos:prefLabel "Kreis"@de ; schema:containedInPlace id:state/s .
id:state/s a kogge:State ; skos:prefLabel "Land"@de .
id:project/m/one a kogge:Project ; skos:prefLabel "Eins"@de ; kogge:status kogge:running, kogge:planned ;
    kogge:lead id:municipality/m ; kogge:partner id:municipality/n, id:alliance/a ;
    kogge:topic topic:energie, topic:wind ; dcterms:source id:document/x, id:document/y .
id:project/m/two a kogge:Project ; skos:prefLabel "Zwei"@de ; kogge:status kogge:done ;
    kogge:lead id:municipality/m ; kogge:topic topic:energie ; dcterms:source id:document/x .
id:project/n/one a kogge:Project ; skos:prefLabel "Eins"@de ; kogge:status kogge:done ;
    kogge:lead id:municipality/n, id:district/d ; kogge:topic topic:wasser ; dcterms:source id:document/y .
id:statement/m/s a kogge:Statement ; kogge:evidenceKind kogge:declared, kogge:intended ;
    kogge:holder id:municipality/m, id:municipality/o ; kogge:topic topic:wind ;
    dcterms:source id:document/x .
id:strategy/m/t a kogge:Strategy ; kogge:holder id:municipality/m ; kogge:topic topic:wasser ;
    dcterms:source id:document/x ; dcterms:issued "2020"^^xsd:gYear .
id:expertise/m/e a kogge:Expertise ; kogge:holder id:municipality/m ; kogge:evidenceKind kogge:declared ;
    kogge:topic topic:wasser ; kogge:evidence id:project/m/two, id:strategy/m/t ;
    dcterms:source id:document/y .
id:expertise/o/e a kogge:Expertise ; kogge:holder id:municipality/o ; kogge:evidenceKind kogge:shown ;
    kogge:topic topic:wind ; dcterms:source id:document/y ; skos:prefLabel "Ohne"@de .
id:need/m/g a kogge:Need ; skos:prefLabel "Gesucht"@de ; kogge:holder id:municipality/m, id:district/d ;
    kogge:status kogge:open ; kogge:topic topic:wind, topic:wasser ; dcterms:source id:document/x .
id:need/m/h a kogge:Need ; kogge:holder id:municipality/m ; kogge:status kogge:met ;
    kogge:topic topic:wind ; dcterms:source id:document/y .
id:need/o/g a kogge:Need ; kogge:holder id:municipality/o ; dcterms:source id:document/y .
id:mention/m a kogge:Mention ; kogge:holder id:municipality/m ; kogge:topic topic:energie, topic:wasser ;
    dcterms:source id:document/x .
id:alliance/a a kogge:Alliance ; skos:prefLabel "Ahoi"@de ; kogge:aimsAt id:goal/g .
id:alliance/b a kogge:Alliance ; skos:prefLabel "Bund"@de ; kogge:agreement id:agreement/v .
id:goal/g a kogge:Goal ; kogge:topic topic:energie, topic:wasser ; dcterms:source id:document/x .
id:agreement/v kogge:undertakes id:undertaking/u ; dcterms:issued "2019-02"^^xsd:gYearMonth .
id:undertaking/u a kogge:Undertaking ; kogge:topic topic:wind ; dcterms:source id:document/x .
id:membership/a-m a org:Membership ; org:member id:municipality/m ; org:organization id:alliance/a ;
    kogge:status kogge:inForce ; kogge:role kogge:founder ; org:memberDuring id:interval/am .
id:membership/a-o a org:Membership ; org:member id:municipality/o ; org:organization id:alliance/a ;
    kogge:status kogge:inForce, kogge:ended ; org:memberDuring id:interval/ao .
id:membership/b-o a org:Membership ; org:member id:municipality/o ; org:organization id:alliance/b ;
    kogge:status kogge:intendedMembership .
id:interval/am time:hasBeginning id:instant/early ; time:hasEnd id:instant/late .
id:interval/ao time:hasBeginning id:instant/late .
id:instant/early dcterms:date "2018"^^xsd:gYear .
id:instant/late dcterms:date "2022"^^xsd:gYear .
id:event/e a kogge:Event ; skos:prefLabel "Treffen"@de ; schema:subEvent id:event/p, id:event/q ;
    kogge:status kogge:held ; kogge:participant id:municipality/m, id:municipality/n ;
    schema:startDate "2020-05-06"^^xsd:date ; dcterms:isPartOf id:alliance/a .
id:event/p a kogge:ExpertGroup, kogge:Excursion ; kogge:topic topic:energie ; dcterms:source id:document/x ;
    kogge:participant id:municipality/n ; schema:location id:municipality/o ; kogge:status kogge:held .
id:event/q a kogge:ExpertGroup ; kogge:topic topic:wasser ; dcterms:source id:document/x, id:document/y .
id:event/r a kogge:Event ; kogge:status kogge:held ; kogge:topic topic:wind ; dcterms:source id:document/x ;
    dcterms:isPartOf id:alliance/a, id:alliance/b ; schema:startDate "2021"^^xsd:gYear, "2023"^^xsd:gYear .
id:funding/f a kogge:Funding ; kogge:participant id:municipality/n ; kogge:topic topic:wasser ;
    dcterms:isPartOf id:programme/p ; dcterms:source id:document/x ; dcterms:date "2021"^^xsd:gYear .
id:programme/p a kogge:Programme ; skos:prefLabel "Programm"@de ; dcterms:date "2017"^^xsd:gYear .
id:document/x dcterms:title "Bericht"@de ; dcterms:issued "2021"^^xsd:gYear, "2016"^^xsd:gYear .
id:document/y dcterms:title "Yacht"@de ; dcterms:issued "2018-03-04"^^xsd:date .
"""
GRAPHS = [names.graph("test", name) for name in ("one", "two", "three")]
STATEMENTS = [
    *statements(FACTS),
    *statements(
        " ".join(
            f"<{graph}> a void:Dataset ; dcterms:source id:document/{document} ."
            for graph, document in zip(GRAPHS, "xyx", strict=True)
        )
    ),
]
WHOLE = frozenset(range(len(STATEMENTS)))
SUBJECTS = sorted({str(one.subject) for one in STATEMENTS})
some_subjects = st.sets(st.sampled_from(SUBJECTS), max_size=4)


@st.composite
def contents(draw: st.DrawFn) -> frozenset[int]:
    """Some of the statements: few, all without a few, or all without what is said of some things."""
    few = st.frozensets(st.sampled_from(sorted(WHOLE)), max_size=10)
    what = draw(st.sampled_from(("few", "without", "things", "only")))
    if what == "few":
        return draw(few)
    if what == "without":
        return WHOLE - draw(few)
    about = draw(some_subjects)
    of_these = {number for number in WHOLE if str(STATEMENTS[number].subject) in about}
    return frozenset(of_these) if what == "only" else WHOLE - of_these


STEPS = st.lists(st.tuples(st.sampled_from(GRAPHS), contents()), min_size=1, max_size=5)


@cache
def words() -> list[Triple]:
    return [*syntax.read_file(artefacts.folder("ontology") / "evidence.ttl"), *WORDS]


def holds(lookup: Lookup) -> dict[str, Any]:
    """All that a lookup holds, without the numbers that it has for it, and without what is nobody's."""
    index = lookup.index
    known = {iri: number for iri, number in index.numbers.items() if _known(index, number)}
    return {
        "holders": {
            iri: (dict(holder.labels), holder.places, holder.alliances, holder.order)
            for iri, holder in ((iri, index.holders[number]) for iri, number in known.items())
        },
        "reasons": {iri: list(map(_row, index.rows_of(number))) for iri, number in known.items()},
        "rankings": {
            number: [
                (index.holders[holder].iri, *_entry(index, ranking.cells[holder])) for holder in ranking.order
            ]
            for number, ranking in index._rankings.items()
            if ranking.order
        },
        "sets": {
            number: [_set(index, some) for some in (ranking.members, ranking.own, ranking.proven)]
            for number, ranking in index._rankings.items()
            if ranking.order
        },
        "cells": sum(bool(cell) for ranking in index._rankings.values() for cell in ranking.cells),
        "groups": {
            iri: some & known.keys()
            for iri in (*index._masks, "municipality", "district", "alliance")
            if (some := _set(index, index._masks[iri])) & known.keys()
        },
        "mixed": _set(index, index.mixed),
        "members": {
            (index.holders[alliance].iri, index.holders[member].iri): held
            for alliance, members in index.members.items()
            for member, held in members.items()
        },
        "needs": list(map(_need, index.notes.needs)),
        "needs at": {topic: list(map(_need, some)) for topic, some in index.notes.needs_at.items() if some},
        "needs on": {
            topic: [(_need(one.need), one.topic and one.topic.iri) for one in some]
            for topic, some in index.notes.needs_on.items()
            if some
        },
        "seeking": {
            topic: [index.holders[number].iri for number in some]
            for topic, some in index.notes.seeking.items()
            if some
        },
        "mentions": {topic: list(map(_row, some)) for topic, some in index.notes.mentions_on.items() if some},
        "having": {
            thing: {index.holders[number].iri for number in index.holding(index.things(thing))}
            for thing in (subject[1:-1] for subject in SUBJECTS)
            if index.holding(index.things(thing))
        },
        "suggested": [lookup.suggest(text, "de", 20) for text in ("e", "k", "m", "n", "a", "b", "t", "l")],
        "labels": sorted(
            tuple(row) for row in index.labels._base.execute("SELECT iri, kind, text, lang, rank FROM label")
        ),
        "world": {name: sorted(said) for name, said in index.labels.world.items()},
        "prominent": lookup.lexicon.prominent,
    }


def _known(index: Index, number: int) -> bool:
    joined = index.alliances_of(number) or index.members.get(number)
    noted = any(need.holder.iri == index.holders[number].iri for need in index.notes.needs)
    mentioned = any(
        row.holder.iri == index.holders[number].iri
        for some in index.notes.mentions_on.values()
        for row in some
    )
    return bool(index.rows[number].codes or joined or noted or mentioned)


def _row(row: Row) -> tuple[object, ...]:
    sources = [(one.iri, dict(one.labels), one.issued) for one in row.sources]
    meeting = row.meeting and (row.meeting.iri, dict(row.meeting.labels))
    thing = row.thing.iri, dict(row.thing.labels)
    return (
        row.iri,
        row.holder.iri,
        dict(row.holder.labels),
        row.topic.iri,
        row.kind.iri,
        thing,
        row.date,
        sources,
        meeting,
    )


def _need(need: Need) -> tuple[object, ...]:
    sources = [(one.iri, dict(one.labels), one.issued) for one in need.sources]
    topics = [topic.iri for topic in need.topics]
    thing = need.thing.iri, dict(need.thing.labels)
    return thing, need.holder.iri, need.holder.alliances, need.order, topics, need.status, sources


def _entry(index: Index, cell: int) -> tuple[int, int, str]:
    entry = entry_of(cell)
    return entry.block, entry.score, index.holders[entry.through].iri if entry.through >= 0 else ""


def _set(index: Index, some: int) -> set[str]:
    return {holder.iri for number, holder in enumerate(index.holders) if some >> 8 * number & 1}


def followed(steps: Iterable[tuple[str, Iterable[int]]]) -> None:
    """Takes the steps, and holds the lookup that follows against a new one after each."""
    store = EmbeddedStore()
    store.replace_graph(names.graph("test", "words"), words())
    questions.derive(store)
    lookup = Lookup.build(store)
    for graph, some in steps:
        changed = derivation.replace(store, {graph: [STATEMENTS[number] for number in some]})
        assert lookup.update(store, changed.things)
        assert lookup.index.state == store.state
        found, wanted = holds(lookup), holds(Lookup.build(store))
        for part in wanted:
            assert found[part] == wanted[part], part


@settings(max_examples=100, deadline=None)
@given(STEPS)
@example([(GRAPHS[0], WHOLE), (GRAPHS[0], frozenset()), (GRAPHS[1], WHOLE)])
@example([(GRAPHS[0], WHOLE), (GRAPHS[1], WHOLE), (GRAPHS[0], frozenset())])
def test_a_lookup_that_follows_is_as_one_that_is_built_anew(steps: list[tuple[str, frozenset[int]]]) -> None:
    followed(steps)


@pytest.mark.parametrize("subject", SUBJECTS)
def test_each_thing_can_go_and_come_back(subject: str) -> None:
    less = [number for number in sorted(WHOLE) if str(STATEMENTS[number].subject) != subject]
    followed([(GRAPHS[0], sorted(WHOLE)), (GRAPHS[0], less), (GRAPHS[0], sorted(WHOLE))])


@pytest.mark.parametrize("subject", SUBJECTS)
def test_each_statement_can_go_and_come_back(subject: str) -> None:
    of_it = [number for number in sorted(WHOLE) if str(STATEMENTS[number].subject) == subject]
    followed((GRAPHS[0], some) for number in of_it for some in (WHOLE - {number}, WHOLE))


def test_a_date_is_that_of_the_graph_which_rests_on_the_source_as_long_as_it_does() -> None:
    def of(*words: str) -> frozenset[int]:
        return frozenset(number for number in WHOLE if all(word in str(STATEMENTS[number]) for word in words))

    one, two = GRAPHS[:2]
    (early,) = of("event/r", '"2021"')
    rests = of(one, "document/x")
    assert len(rests) == 1
    first = WHOLE - {early}
    followed([(one, first), (two, {early, *of(two, "document/y")}), (one, first - rests), (one, first)])
