"""What follows from a change is the same, whether all is derived anew or only what the change touches."""

from __future__ import annotations

from collections.abc import Iterable

import pyoxigraph as ox
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pyoxigraph import NamedNode, Triple

from kogge import derivation, names, publish, questions
from kogge.store.embedded import EmbeddedStore

from .statements import statements

GRAPHS = [names.graph("test", name) for name in ("one", "two", "three")]
# Whatever a rule looks at, each statement with and without its neighbours; two events whose names collide.
POOL = """
id:alliance/a a kogge:Alliance ; kogge:aimsAt id:goal/g ; kogge:agreement id:agreement/d .
id:alliance/b a kogge:Alliance ; kogge:agreement id:agreement/d .
id:municipality/m a kogge:Municipality .
id:municipality/n a kogge:Municipality, foaf:Person .
id:goal/g a kogge:Goal ; kogge:topic topic:energie, topic:wasser ; dcterms:source id:document/x .
id:agreement/d kogge:undertakes id:undertaking/u ;
    dcterms:issued "2024"^^xsd:gYear, "2024-02"^^xsd:gYearMonth .
id:undertaking/u a kogge:Undertaking ; kogge:topic topic:energie ;
    dcterms:source id:document/x, id:document/y ;
    kogge:holder id:municipality/m .
id:event/e a kogge:Event ; schema:subEvent id:event/p, id:event/q-r, id:event/q/r ; kogge:status kogge:held ;
    kogge:participant id:municipality/m, id:municipality/n ; schema:startDate "2023-05-06"^^xsd:date ;
    schema:endDate "2023-05"^^xsd:gYearMonth .
id:event/f schema:subEvent id:event/p ; kogge:status kogge:held, kogge:cancelled .
id:event/p a kogge:ExpertGroup, kogge:Excursion ; kogge:topic topic:energie ; dcterms:source id:document/x ;
    kogge:participant id:municipality/n ; schema:location id:municipality/m ;
    kogge:status kogge:announced, kogge:held ; dcterms:isPartOf id:alliance/a .
id:event/q-r a kogge:ExpertGroup ; kogge:topic topic:energie ; dcterms:source id:document/x ;
    dcterms:isPartOf id:alliance/a .
id:event/q/r a kogge:ExpertGroup ; kogge:topic topic:energie ; dcterms:source id:document/y .
id:project/k a kogge:Project ; kogge:status kogge:running, kogge:planned ; kogge:lead id:municipality/m ;
    kogge:partner id:municipality/n ; kogge:topic topic:wasser ; dcterms:source id:document/y .
id:statement/s a kogge:Statement ; kogge:evidenceKind kogge:declared, kogge:intended ;
    kogge:holder id:municipality/m ; kogge:topic topic:wasser ; dcterms:source id:document/x .
id:strategy/t a kogge:Strategy ; kogge:holder id:municipality/m ; kogge:topic topic:wasser ;
    dcterms:source id:document/x .
id:funding/h a kogge:Funding ; kogge:participant id:municipality/n ; kogge:topic topic:wasser ;
    dcterms:source id:document/x .
id:recognition/i a kogge:Recognition ; kogge:holder id:municipality/n ; kogge:topic topic:energie ;
    dcterms:source id:document/y .
<https://w3id.org/kogge/graph/test/one> a void:Dataset ; dcterms:source id:document/x ;
    dcterms:issued "2026-01-01"^^xsd:date .
<https://w3id.org/kogge/graph/test/two> a void:Dataset ; dcterms:source id:document/x, id:document/y ;
    dcterms:issued "2026-01-02"^^xsd:date, "2026"^^xsd:gYear .
<https://w3id.org/kogge/graph/test/three> a void:Dataset ; dcterms:issued "2026-01-03"^^xsd:date .
"""


STATEMENTS = statements(POOL)
WHOLE = frozenset(range(len(STATEMENTS)))
# A step gives a graph some of the statements; most steps take few away from all of them.
SOME = st.one_of(
    st.frozensets(st.sampled_from(sorted(WHOLE))),
    st.frozensets(st.sampled_from(sorted(WHOLE)), max_size=8).map(lambda gone: WHOLE - gone),
)
STEPS = st.lists(st.tuples(st.sampled_from(GRAPHS), SOME), min_size=1, max_size=5)


def content(store: EmbeddedStore) -> tuple[list[str], list[str]]:
    """The named graphs, and their merge."""
    merge = store.engine.quads_for_pattern(None, None, None, ox.DefaultGraph())
    return store.dump().decode().splitlines(), sorted(map(str, merge))


def anew(graphs: dict[str, Iterable[Triple]]) -> EmbeddedStore:
    """A store with these graphs in which all is derived anew."""
    store = EmbeddedStore()
    store.replace_graphs(graphs)
    questions.derive(store)
    return store


@settings(max_examples=60, deadline=None)
@given(STEPS)
@example([(GRAPHS[0], WHOLE), (GRAPHS[0], frozenset())])
@example([(GRAPHS[0], WHOLE), (GRAPHS[1], WHOLE), (GRAPHS[0], frozenset())])
def test_what_a_change_touches_is_derived_as_if_all_were(steps: list[tuple[str, frozenset[int]]]) -> None:
    store = EmbeddedStore()
    questions.derive(store)
    graphs: dict[str, Iterable[Triple]] = {}
    for graph, some in steps:
        graphs[graph] = [STATEMENTS[number] for number in sorted(some)]
        derivation.replace(store, {graph: list(graphs[graph])})
        assert content(store) == content(anew(graphs))
        assert store.state == anew(graphs).state


def test_the_pool_makes_every_rule_derive_something() -> None:
    store = anew({GRAPHS[0]: STATEMENTS})
    for rule in questions.all_questions("rules"):
        made = store.query(rule.text)
        assert isinstance(made, ox.QueryTriples)
        assert list(made), rule.name


def test_each_graph_of_the_repository_can_go_and_come_back() -> None:
    store = EmbeddedStore()
    publish.load(store)
    before = content(store)
    sources = publish.sources()[::9]
    assert len(sources) > 8
    for source in sources:
        derivation.replace(store, {source.graph: []})
        part = content(store)
        questions.derive(store)
        assert content(store) == part, source.graph
        derivation.replace(store, {source.graph: source.triples()})
        assert content(store) == before, source.graph


def test_it_is_told_what_a_change_touched() -> None:
    store = anew({GRAPHS[0]: STATEMENTS})
    meeting = NamedNode(names.thing("event", "e"))
    less = [one for one in STATEMENTS if (one.subject, one.predicate.value[-6:]) != (meeting, "status")]
    changed = derivation.replace(store, {GRAPHS[0]: less})
    assert changed.things is not None
    parts = {names.thing("event", name) for name in ("p", "q-r", "q/r")}
    assert parts | {meeting.value} <= changed.things.keys()
    assert changed.things[meeting.value] == {names.KOGGE + "status"}
    assert not changed.things[names.thing("event", "p")]  # nothing else is said of it, but something follows
    assert names.thing("project", "k") not in changed.things
    assert derivation.replace(store, {GRAPHS[0]: less}).things == {}


def test_many_changes_at_once_are_derived_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(derivation, "MOST", 1)
    store = EmbeddedStore()
    assert derivation.replace(store, {GRAPHS[0]: STATEMENTS}).things is None
    assert content(store) == content(anew({GRAPHS[0]: STATEMENTS}))


def test_a_change_is_one_commit() -> None:
    store = EmbeddedStore()
    derivation.replace(store, {GRAPHS[0]: STATEMENTS})
    assert store.graph(names.DERIVED_GRAPH)
    assert store.commits == 1
