"""A lookup that was brought up to date answers as one that was built anew."""

from __future__ import annotations

import random
import threading
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from pyoxigraph import Literal, NamedNode, Triple

from kogge import derivation, names, publish
from kogge.expertise import Lookup, as_json, matches_as_json
from kogge.expertise.phrasebook import Phrasebook
from kogge.expertise.standings import Standings
from kogge.store.embedded import EmbeddedStore

TEXTS = (
    "Expertentreffen", "Bike Tour", "Smarte Hanse", "Wer kennt sich in Lübeck mit Wasserstoff aus?",
    "Wassrstoff in der Smarten Hanse", "Neues Vorhaben", "who seeks energy", "Neustadt an der Probe",
)  # fmt: skip


@cache
def sources() -> list[tuple[str, list[Triple]]]:
    """The graphs of the repository that hold facts."""
    facts = (source for source in publish.sources() if "/ontology" not in source.graph)
    return [(source.graph, source.triples()) for source in facts if "topics" not in source.graph]


def loaded() -> EmbeddedStore:
    store = EmbeddedStore()
    publish.load(store)
    return store


def answers(lookup: Lookup) -> dict[str, Any]:
    """What it answers to many questions; holders of whom nothing is known any more do not count."""
    index = lookup.index
    told: dict[str, Any] = {text: as_json(lookup.who(text)) for text in TEXTS}
    told |= {iri: as_json(lookup.who(topics=[iri], limit=100), explain=True) for iri in index.topics}
    told |= {f"{iri} shown": as_json(lookup.who(topics=[iri], evidence="shown")) for iri in index.topics}
    told |= {text: lookup.suggest(text, "de", 20) for text in ("w", "sm", "neu", "pro", "exk", "bik")}
    told["needs"] = lookup.needs(limit=1000)
    for name in ("schwerin", "kiel", "groningen"):
        told[name] = matches_as_json(lookup.matches(names.thing("municipality", name)), "", "de")
    return told


@pytest.mark.parametrize("seed", range(6))
def test_after_any_changes_the_answers_are_those_of_a_new_lookup(seed: int, tmp_path: Path) -> None:
    chance = random.Random(seed)
    store = loaded()
    lookup = Lookup.build(store, tmp_path / "index.sqlite")
    kept = 0
    for _ in range(5):
        graph, triples = chance.choice(sources())
        some = [triple for triple in triples if chance.random() < chance.choice((0.0, 0.5, 0.9, 1.0))]
        changed = derivation.replace(store, {graph: some})
        if lookup.update(store, changed.things):
            kept += 1
        else:
            lookup = Lookup.build(store, lookup.index.path)
        assert lookup.index.state == store.state
    assert kept >= 2
    wanted = answers(Lookup.build(store))
    assert answers(lookup) == wanted
    again = Lookup.build(store, lookup.index.path)
    assert answers(again) == wanted
    again.index.close()


def test_what_was_kept_is_neither_ranked_nor_learnt_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, path = loaded(), tmp_path / "index.sqlite"
    lookup = Lookup.build(store, path)
    kiel, graph = names.thing("municipality", "kiel"), names.graph("probe", "vorhaben")
    for triples in (project("Probe", kiel, "wasserstoff"), project("Probe", kiel, "radverkehr")):
        changed = derivation.replace(store, {graph: triples})
        assert lookup.update(store, changed.things)
    wanted = answers(lookup)
    with monkeypatch.context() as never:
        never.setattr(Standings, "rank", None)
        with pytest.raises(TypeError):  # as after a crash: the rankings in the file are those of before
            Lookup.build(store, path)
        lookup.index.close()
        never.setattr(Phrasebook, "written", None)
        again = Lookup.build(store, path)
        assert answers(again) == wanted
        again.index.close()


def project(label: str, holder: str, topic: str) -> list[Triple]:
    it = NamedNode(names.thing("project", "probe/vorhaben"))
    return [
        Triple(it, NamedNode(names.RDF + "type"), NamedNode(names.KOGGE + "Project")),
        Triple(it, NamedNode(names.SKOS + "prefLabel"), Literal(label, language="de")),
        Triple(it, NamedNode(names.KOGGE + "lead"), NamedNode(holder)),
        Triple(it, NamedNode(names.KOGGE + "status"), NamedNode(names.KOGGE + "running")),
        Triple(it, NamedNode(names.KOGGE + "topic"), NamedNode(names.topic(topic))),
        Triple(it, NamedNode(names.DCTERMS + "source"), NamedNode(names.thing("document", "probe"))),
    ]


def test_a_new_project_is_found_by_its_topic_and_its_name_and_gone_when_it_is_taken_back() -> None:
    store = loaded()
    lookup = Lookup.build(store)
    kiel, graph = names.thing("municipality", "kiel"), names.graph("probe", "vorhaben")
    before = answers(lookup)

    def publish_(triples: list[Triple]) -> None:
        changed = derivation.replace(store, {graph: triples})
        assert lookup.update(store, changed.things)

    publish_(project("Zauberwerkstatt Ost", kiel, "vorausschauende-wartung"))
    (result,) = lookup.who("Vorausschauende Wartung").results
    assert (result.holder.iri, int(result.score)) == (kiel, 5)
    assert lookup.who("Zauberwerkstatt Ost").results[0].holder.iri == kiel
    assert [one.label for one in lookup.suggest("zauber", "de", 5)] == ["Zauberwerkstatt Ost"]
    publish_(project("Feenwerkstatt", kiel, "vorausschauende-wartung"))
    assert not lookup.suggest("zauber", "de", 5)
    assert lookup.suggest("feen", "de", 5)
    publish_([])
    after = answers(lookup)
    states = [
        said.pop("state", None) for said in (*before.values(), *after.values()) if isinstance(said, dict)
    ]
    assert states
    assert after == before


def test_a_new_place_name_is_understood_at_once() -> None:
    store = loaded()
    lookup = Lookup.build(store)
    place = NamedNode(names.thing("municipality", "probe"))
    said = [
        Triple(place, NamedNode(names.RDF + "type"), NamedNode(names.KOGGE + "Municipality")),
        Triple(place, NamedNode(names.SKOS + "prefLabel"), Literal("Probehausen", language="de")),
    ]
    changed = derivation.replace(store, {names.graph("probe", "ort"): said})
    assert lookup.update(store, changed.things)
    holders = lookup.who("Was weiß Probehausen über Wasserstoff?").question.filters.holders
    assert [one.iri for one in holders] == [place.value]


def test_readers_see_a_change_whole_or_not_at_all() -> None:
    store = loaded()
    lookup = Lookup.build(store)
    kiel, graph = names.thing("municipality", "kiel"), names.graph("probe", "vorhaben")
    topics = ("vorausschauende-wartung", "wasserstoff")
    done, wrong, seen = threading.Event(), list[object](), set[bool]()

    def reads() -> None:
        while not done.is_set():
            with lookup.index.lock:
                found = [
                    any(
                        piece.row.thing.iri.endswith("probe/vorhaben")
                        for result in lookup.who(topics=[topic], municipality="kiel").results
                        for piece in result.pieces
                    )
                    for topic in topics
                ]
            seen.add(found[0])
            if found[0] != found[1]:
                wrong.append(found)

    readers = [threading.Thread(target=reads) for _ in range(3)]
    for reader in readers:
        reader.start()
    both = [*project("Probe", kiel, topics[0]), *project("Probe", kiel, topics[1])]
    for turn in range(20):
        changed = derivation.replace(store, {graph: [] if turn % 2 else both})
        assert lookup.update(store, changed.things)
    done.set()
    for reader in readers:
        reader.join()
    assert not wrong
    assert seen
