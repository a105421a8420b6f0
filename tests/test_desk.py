"""The desk: what comes from the files into the ledger and the store, and what is answered."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import logging
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pyoxigraph import Literal, NamedNode, RdfFormat, Triple

from kogge import desk as desks
from kogge import media, names, publish, syntax, turtle
from kogge.desk import Desk
from kogge.errors import BadRequest, Misconfigured, Unavailable, Unreadable
from kogge.ledger import Ledger
from kogge.publish import Source, align, record_files
from kogge.settings import Settings
from kogge.store.embedded import EmbeddedStore
from kogge.store.rows import Value

G, H = names.graph("kogge", "g"), names.graph("kogge", "h")
AT = datetime(2026, 11, 22, 16, 0, tzinfo=UTC)


class House:
    """A small repository of two files, with a ledger and a store."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.ledger = Ledger(folder / "ledger.sqlite")
        self.store = EmbeddedStore()
        for name in "gh":
            self.write(name, f"<http://a.example/{name}> <http://a.example/p> 1 .")

    def write(self, name: str, text: str) -> None:
        (self.folder / f"{name}.ttl").write_text(text, "utf-8")

    def start(self) -> None:
        paths = sorted(self.folder.glob("*.ttl"))
        record_files(self.ledger, [Source(names.graph("kogge", p.stem), (p,)) for p in paths], AT)
        align(self.ledger, self.store)

    def contribute(self, graph: str, text: str) -> None:
        body = syntax.canonical(syntax.parse(text.encode(), "ttl"))
        self.ledger.append(graph, body, origin="contribution", who="http://a.example/who", at=AT)

    def versions(self) -> list[tuple[str, int, str]]:
        return [(v.graph.rpartition("/")[2], v.version, v.origin) for v in self.ledger.history()]

    def values(self, graph: str) -> list[str]:
        return [t.object.value for t in self.store.graph(graph) if isinstance(t.object, Literal)]


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    house = House(tmp_path)
    house.start()
    yield house
    house.ledger.close()


def test_at_the_first_start_every_file_is_version_1(house: House) -> None:
    assert house.versions() == [("g", 1, "repository"), ("h", 1, "repository")]
    assert house.values(G) == ["1"]


def test_a_start_without_a_change_does_nothing(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: object) -> None:
        raise AssertionError("the store was written")

    monkeypatch.setattr(EmbeddedStore, "replace_graphs", never)
    house.start()
    assert len(house.versions()) == 2


def test_a_changed_file_is_a_new_version(house: House) -> None:
    house.write("g", "<http://a.example/g> <http://a.example/p> 2 .")
    house.start()
    assert house.versions()[2:] == [("g", 2, "repository")]
    assert (house.values(G), house.values(H)) == (["2"], ["1"])


def test_another_order_or_comment_is_no_new_version(house: House) -> None:
    house.write("g", "# new\n<http://a.example/g>  <http://a.example/p>  1 .")
    house.start()
    assert len(house.versions()) == 2


def test_a_file_that_is_gone_leaves_an_empty_version(house: House, caplog: pytest.LogCaptureFixture) -> None:
    text = (house.folder / "g.ttl").read_text("utf-8")
    (house.folder / "g.ttl").unlink()
    house.start()
    house.start()
    assert house.versions()[2:] == [("g", 2, "repository")]
    assert G not in house.store.graphs()
    assert "the file is gone" in caplog.text
    house.write("g", text)
    house.start()
    assert house.versions()[3:] == [("g", 3, "repository")]
    assert house.values(G) == ["1"]


def test_a_file_does_not_overwrite_a_contribution(house: House, caplog: pytest.LogCaptureFixture) -> None:
    house.contribute(G, "<http://a.example/g> <http://a.example/p> 5 .")
    house.start()
    assert house.values(G) == ["5"]
    assert not caplog.records
    house.write("g", "<http://a.example/g> <http://a.example/p> 6, 7 .")
    house.start()
    assert house.versions()[2:] == [("g", 2, "contribution")]
    assert house.values(G) == ["5"]
    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    assert re.search(
        r"refused, version 2 .* add 2 and remove 1 triples: \+ .*\"6\".* \| - .*\"5\"", record.getMessage()
    )


def test_a_file_that_says_what_was_contributed_is_no_conflict(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    house.contribute(G, "<http://a.example/g> <http://a.example/p> 5 .")
    house.write("g", "<http://a.example/g> <http://a.example/p> 5 .")
    house.start()
    assert len(house.versions()) == 3
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]


def test_a_contribution_outlives_the_file(house: House) -> None:
    house.contribute(G, "<http://a.example/g> <http://a.example/p> 5 .")
    (house.folder / "g.ttl").unlink()
    house.start()
    assert house.values(G) == ["5"]


def test_what_a_crash_left_undone_is_done_at_the_next_start(house: House) -> None:
    house.contribute(H, "<http://a.example/h> <http://a.example/p> 8 .")  # acknowledged, but not in the store
    assert house.values(H) == ["1"]
    house.start()
    assert house.values(H) == ["8"]


def test_a_store_that_is_lost_or_strange_is_made_anew(house: House) -> None:
    whole = house.store.state
    house.store = EmbeddedStore()
    house.start()
    assert house.store.state == whole
    strange = EmbeddedStore()
    strange.replace_graph("http://a.example/strange", house.store.graph(G))
    house.store = strange
    house.start()
    assert house.store.state == whole
    house.ledger.close()
    (house.folder / "ledger.sqlite").unlink()
    house.ledger = Ledger(house.folder / "other.sqlite")
    house.store.replace_graph(
        names.HISTORY_GRAPH,
        [
            Triple(
                NamedNode(names.HISTORY_GRAPH),
                NamedNode("http://www.w3.org/2002/07/owl#versionInfo"),
                Literal("999-0-0-9"),
            )
        ],
    )
    house.start()
    assert house.store.state == whole


def test_a_store_that_is_not_whole_is_made_anew(house: House, caplog: pytest.LogCaptureFixture) -> None:
    whole = house.store.state
    kept = house.folder / "store"
    house.store = EmbeddedStore(kept)
    house.start()
    assert house.store.state == whole
    engine = house.store.engine
    house.store.close()
    engine.remove(next(engine.quads_for_pattern(None, None, None, NamedNode(G))))
    engine.flush()
    del engine
    house.store = EmbeddedStore(kept)
    house.start()
    assert (house.store.state, house.values(G)) == (whole, ["1"])
    assert "not whole" in caplog.text


def test_a_change_of_the_rules_derives_anew(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    derived = house.store.graph(names.DERIVED_GRAPH)
    others = [Triple(each.subject, each.predicate, Literal(f"other {n}")) for n, each in enumerate(derived)]
    house.store.replace_graph(names.DERIVED_GRAPH, others)
    house.start()
    assert "other 0" in house.values(names.DERIVED_GRAPH)  # nothing has changed, so nothing was done
    monkeypatch.setattr(publish, "_fingerprint", lambda: "abc")
    house.start()
    assert set(house.store.graph(names.DERIVED_GRAPH)) == set(derived)


def test_the_history_says_who_made_which_version_when(house: House) -> None:
    house.contribute(G, "<http://a.example/g> <http://a.example/p> 5 .")
    house.start()
    text = turtle.write(house.store.graph(names.HISTORY_GRAPH))
    assert f"<{G}> dcterms:hasVersion <{G}?version=1>, <{G}?version=2> ." in text
    assert (
        f"<{G}?version=2> a prov:Entity ;\n"
        '    owl:versionInfo "2" ;\n'
        '    prov:generatedAtTime "2026-11-22T16:00:00Z"^^xsd:dateTime ;\n'
        f"    prov:specializationOf <{G}> ;\n"
        "    prov:wasAttributedTo <http://a.example/who> ;\n"
        f"    prov:wasRevisionOf <{G}?version=1> ."
    ) in text


def test_a_file_with_a_blank_node_or_a_fault_is_named(house: House) -> None:
    house.write("g", "[] <http://a.example/p> 1 .")
    with pytest.raises(Misconfigured, match=r"g\.ttl"):
        house.start()
    house.write("g", "<http://a.example/g>\n oops")
    with pytest.raises(Unreadable, match=r"g\.ttl, line 2"):
        house.start()
    assert len(house.versions()) == 2


def test_the_repository_is_a_graph_per_file() -> None:
    graphs = {source.graph: source for source in publish.sources()}
    assert len(graphs) > 20
    assert {path.name for path in graphs[names.ONTOLOGY_GRAPH].paths} >= {"kogge.ttl", "evidence.ttl"}
    assert [path.name for path in graphs[names.TOPICS_GRAPH].paths] == ["topics.ttl"]
    assert names.graph("kogge", "municipalities-bremen") in graphs
    assert not any("prefixes" in path.name for source in graphs.values() for path in source.paths)


# On the disk


def test_a_desk_on_the_disk_answers_as_one_in_memory(home: Settings, desk: Desk) -> None:
    opened = Desk.open(home)
    first, state = opened.who("Wasserstoff"), opened.state
    ready = [opened.ready]
    opened.close()
    opened.close()
    assert [*ready, opened.ready] == [True, False]
    again = Desk.open(home)
    assert again.state == state
    assert {**first, "state": None} == {**desk.who("Wasserstoff"), "state": None}
    again.close()


def test_one_home_serves_one_process_at_a_time(home: Settings) -> None:
    opened = Desk.open(home)
    with pytest.raises(Unavailable, match="Another Kogge"):
        Desk.open(home)
    opened.close()
    Desk.open(home).close()


def test_a_home_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(Misconfigured, match="--home"):
        Desk.open(Settings.from_environment({"KOGGE_HOME": str(tmp_path / "file" / "home")}))


# Answers


@pytest.mark.parametrize("word", ["Wasserstoff", "hydrogen", "waterstof", "H2"])
def test_who_knows_about_hydrogen(desk: Desk, word: str) -> None:
    answer = desk.who(word)
    assert answer["proven"]
    assert [(each["holder"]["iri"].rpartition("/")[2], each["score"]) for each in answer["results"]] == [
        ("groningen", 5),
        ("bremen", 2),
        ("oldenburg", 2),
    ]


def test_the_answer_has_the_same_rows_in_each_representation(desk: Desk) -> None:
    rows = list(csv.DictReader(io.StringIO(desk.who_as(media.CSV, "Wasserstoff").body.decode())))
    assert {row["holder_iri"] for row in rows} == {
        each["holder"]["iri"] for each in desk.who("Wasserstoff")["results"]
    }
    graph = syntax.parse(desk.who_as(media.TURTLE, "Wasserstoff").body, RdfFormat.TURTLE)
    assert len({triple.subject for triple in graph}) == len(rows)
    assert json.loads(desk.who_as(media.JSON, "Wasserstoff").body) == desk.who("Wasserstoff")


def test_the_lookup_follows_the_store() -> None:
    desk = Desk.in_memory()
    before = desk.who("Wasserstoff")
    desk._store.replace_graph(names.DERIVED_GRAPH, [])
    after = desk.who("Wasserstoff")
    assert (len(before["results"]), after["results"]) == (3, [])
    assert before["state"] != after["state"] == desk.state


def test_a_query_is_answered_beside_others(desk: Desk) -> None:
    async def both() -> list[Any]:
        return list(await asyncio.gather(desk.ask("ASK {}"), desk.ask("ASK { ?s ?p <a:b> }")))

    assert [json.loads(each.body)["boolean"] for each in asyncio.run(both())] == [True, False]


def test_the_limits_of_queries_are_settings() -> None:
    desk = Desk(EmbeddedStore(), Settings.from_environment({"KOGGE_QUERY_DEPTH": "2"}))
    desk.evaluate("SELECT * { { ?s ?p ?o } }")
    with pytest.raises(BadRequest, match="more than 2 deep"):
        desk.evaluate("SELECT * { { { ?s ?p ?o } } }")


@pytest.mark.parametrize("lang", names.LANGUAGES)
def test_every_kind_of_evidence_has_a_label(desk: Desk, lang: str) -> None:
    assert desk.evidence_labels(lang).keys() == {
        "practised", "recognised", "shown", "shared", "declared", "intended",
    }  # fmt: skip


# Checks


def test_findings_of_several_files_are_told_apart(tmp_path: Path) -> None:
    bad = tmp_path / "bad.ttl"
    bad.write_text(
        "@prefix kogge: <https://w3id.org/kogge/ontology#> .\n\n"
        "<https://w3id.org/kogge/id/need/kiel/a> a kogge:Need .\n",
        "utf-8",
    )
    checked = desks.check(bad, "contribution", "en")
    assert checked.findings
    report = json.loads(desks.report([checked, checked], media.JSON).body)
    assert report["total"] == 2 * len(checked.findings)
    assert {each["where"]["file"] for each in report["findings"]} == {str(bad)}
    turtle = desks.report([checked], media.TURTLE).body.decode()
    assert "ValidationReport" in turtle


def test_a_profile_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(BadRequest, match="contribution"):
        desks.check(tmp_path / "no.ttl", "nonsense", "en")
    assert "contribution" in desks.profiles()


def test_the_rows_of_a_saved_question_are_values(desk: Desk) -> None:
    rows = asyncio.run(desk.rows("alliance-members", {"alliance": "smarte-hanse", "lang": "nl"}))
    kiel = next(row for row in rows if row["member"].text.endswith("/kiel"))
    assert (kiel["member"].kind, kiel["memberLabel"].kind) == ("iri", "literal")
    assert str(kiel["memberLabel"]) == "Kiel"


def test_what_a_page_names_is_called_in_the_language_else_in_another_and_dated() -> None:
    desk = Desk.in_memory()
    topic, city = names.topic("wasserstoff"), names.thing("municipality", "luebeck")
    document = names.thing("document", "gemeinsame-erklaerung-2017")
    called = asyncio.run(desk.called([topic, city, document, "https://example.org/nothing"], "nl"))
    assert called[topic]["label"] == Value("waterstof", lang="nl")
    assert called[city]["label"] == Value("Lübeck", lang="de")  # nobody has translated it
    assert called[document]["issued"].text == "2017-09-28"
    assert "https://example.org/nothing" not in called
    assert asyncio.run(desk.called([], "nl")) == {}


def test_what_is_called_otherwise_after_a_publication_is_called_so_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    store = EmbeddedStore()
    desk = Desk(store, Settings.from_environment({}))
    thing, other = names.thing("project", "kiel/eins"), names.thing("project", "kiel/zwei")

    def say(label: str) -> None:
        name = Triple(NamedNode(thing), NamedNode(names.SKOS + "prefLabel"), Literal(label, language="de"))
        store.replace_graph(names.graph("kiel", "eins"), [name])

    async def ask(*iris: str) -> list[str]:
        called = await desk.called(iris, "de")
        return [called[iri]["label"].text if iri in called else "" for iri in iris]

    say("Erstes")
    assert asyncio.run(ask(thing, other)) == ["Erstes", ""]
    asked = 0
    answer = desk._pool.answer

    async def counted(*args: Any, **named: Any) -> Any:
        nonlocal asked
        asked += 1
        return await answer(*args, **named)

    monkeypatch.setattr(desk._pool, "answer", counted)
    assert asyncio.run(ask(thing, other)) == ["Erstes", ""]
    assert asked == 0
    say("Zweites")
    assert asyncio.run(ask(other, thing)) == ["", "Zweites"]
    assert asked == 1
