"""The lookup: understanding, scores, order, what passes through an alliance, and the representations."""

from __future__ import annotations

import csv
import io
import json
import time
import tomllib
from collections import Counter, defaultdict
from dataclasses import replace
from decimal import Decimal
from functools import cache
from itertools import permutations
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyoxigraph import Literal, NamedNode, Triple

from kogge import artefacts, names, questions, syntax
from kogge.errors import BadRequest, Misconfigured, NotFound
from kogge.expertise import (
    Lookup,
    as_csv,
    as_json,
    as_jsonld,
    as_turtle,
    labels,
    matches_as_json,
    needs_as_json,
)
from kogge.expertise import read as read_module
from kogge.expertise.answer import Answer, Result, answer, rank
from kogge.expertise.index import Index
from kogge.expertise.rows import Kind, Named, collation
from kogge.expertise.scan import Rows, Scan, select
from kogge.expertise.understand import Chosen, Filters, How, understand
from kogge.store.embedded import EmbeddedStore

CASES = Path(__file__).parent / "cases" / "expertise"
PREFERRED = NamedNode(names.SKOS + "prefLabel")


def read(name: str) -> Any:
    return tomllib.loads((CASES / name).read_text(encoding="utf-8"))


def store_of(*paths: Path) -> EmbeddedStore:
    """A store with the weights of evidence and these files, each a graph of its own."""
    store = EmbeddedStore()
    weights = artefacts.folder("ontology") / "evidence.ttl"
    store.replace_graphs(
        {names.graph("test", path.stem): syntax.read_file(path) for path in (weights, *paths)}
    )
    return store


@cache
def case(name: str) -> Lookup:
    return Lookup.build(store_of(CASES / f"{name}.ttl"))


def slug(thing: Named) -> str:
    return names.slug_of(thing.iri)


def row(result: Result) -> str:
    score = as_number(result.score)
    through = f" {slug(result.through)}" if result.through else ""
    return f"{slug(result.holder)} {score} {result.block}{through}"


def as_number(number: Decimal) -> str:
    return f"{number.normalize():f}"


QUESTIONS = [
    (name, question) for name in ("scores", "alliances") for question in read(f"{name}.toml")["question"]
]
TEXTS = read("understanding.toml")["text"]


def test_the_cases_are_all_found() -> None:
    assert (len(QUESTIONS), len(TEXTS)) == (24, 14)


@pytest.mark.parametrize(
    ("name", "expected"), QUESTIONS, ids=lambda value: value if isinstance(value, str) else ""
)
def test_a_question_is_answered_as_the_case_says(name: str, expected: dict[str, Any]) -> None:
    answer = case(name).who(expected["text"], **expected.get("parameters", {}))
    assert [row(result) for result in answer.results] == expected["results"]
    assert answer.proven == any(text.split()[2] == "1" for text in expected["results"])
    assert [slug(result.holder) for result in answer.mentioned] == expected.get("mentioned", [])
    needs = [f"{slug(s.need.holder)} {slug(s.topic)} {s.need.status}" for s in answer.needs if s.topic]
    assert needs == expected.get("needs", [])
    assert [f"{slug(topic)} {count}" for topic, count in answer.broader] == expected.get("broader", [])


@pytest.mark.parametrize("expected", TEXTS, ids=lambda expected: expected["text"])
def test_a_text_is_understood_as_the_case_says(expected: dict[str, Any]) -> None:
    question = understand(case("scores").lexicon, expected["text"])
    found = [f"{names.slug_of(match.iri)} {match.how} {match.matched}" for match in question.topics]
    assert found == expected["topics"]
    assert question.lang == expected["lang"]
    alliances = [expected["alliance"]] if "alliance" in expected else []
    assert [alliance.word for alliance in question.filters.alliances] == alliances
    assert all(match.how in get_args(How) for match in question.topics)


def test_a_topic_can_be_given_as_slug_or_iri_beside_a_text() -> None:
    question = understand(
        case("scores").lexicon, "Energie", topics=["wasserstoff", names.topic("umwelt")], lang="nl"
    )
    assert [(names.slug_of(match.iri), match.how) for match in question.topics] == [
        ("wasserstoff", "exact"),
        ("umwelt", "iri"),
        ("energie", "exact"),
    ]
    assert question.lang == "nl"


@pytest.mark.parametrize(
    "parameters",
    [
        {"topics": ["nichts"]},
        {"lang": "fr"},
        {"alliance": "nichts"},
        {"country": "FR"},
        {"state": "sued"},
        {"kind": "person"},
        {"evidence": "mention"},
        {"limit": 101},
        {"limit": -1},
        {"offset": -1},
    ],
    ids=str,
)
def test_a_parameter_that_cannot_be_meant_is_refused(parameters: dict[str, Any]) -> None:
    with pytest.raises(BadRequest):
        case("scores").who("Energie", **parameters)


def test_pages_continue_each_other() -> None:
    lookup = case("scores")
    whole = as_json(lookup.who("Wasserstoff"))["results"]
    pages = [as_json(lookup.who("Wasserstoff", limit=1, offset=at))["results"] for at in range(5)]
    assert [entry for page in pages for entry in listed(page)] == whole
    assert lookup.who("Wasserstoff", limit=1, offset=1).proven
    assert lookup.who("Wasserstoff", limit=0).total == 4


def listed(value: object) -> list[Any]:
    assert isinstance(value, list)
    return value


def test_the_json_has_the_keys_of_the_interface() -> None:
    shown = as_json(case("scores").who("hydrogen"))
    assert list(shown) == [
        "question", "proven", "results", "mentioned", "needs", "broader", "total", "state"
    ]  # fmt: skip
    assert shown["question"] == {
        "text": "hydrogen",
        "lang": "en",
        "topics": [
            {
                "iri": names.topic("wasserstoff"),
                "label": "hydrogen",
                "matched": "hydrogen",
                "how": "exact",
            }
        ],
        "filters": {},
    }
    first, second, *_ = listed(shown["results"])
    assert (first["rank"], first["score"], first["through"]) == (1, 6.5, None)
    assert first["holder"] == {
        "iri": names.thing("municipality", "ahaus"),
        "label": "Ahaus",
        "kind": "municipality",
    }
    project, group, talk = first["evidence"]
    assert (project["kind"], project["strength"], project["closeness"]) == ("practised", 5, 1)
    assert project["source"]["iri"] == names.thing("document", "b")
    assert project["source"]["issued"] == "2018-05-01"
    assert [source["title"] for source in project["sources"]] == ["Blatt B", "Blatt A"]
    assert "date" not in project
    assert (group["date"], group["note"]) == (
        "2019-11-12",
        "participants known for the meeting only: meeting",
    )
    assert group["topic"] == {"iri": names.topic("elektrolyse"), "label": "electrolysis"}
    assert (talk["closeness"], talk["date"]) == (0.25, "2018")
    assert second["score"] == 2
    assert isinstance(second["score"], int)
    assert json.loads(json.dumps(shown)) == shown


def test_the_json_of_mentions_needs_and_filters_has_the_keys_of_the_interface() -> None:
    (mentioned,) = listed(as_json(case("scores").who("vorausschauende Wartung"))["mentioned"])
    assert set(mentioned) == {"holder", "through", "evidence"}
    assert mentioned["evidence"][0]["kind"] == "mention"
    shown = as_json(case("scores").who("Elektrolyse", country="nl", kind="municipality"))
    question = shown["question"]
    assert isinstance(question, dict)
    assert question["filters"] == {"country": "NL", "kind": "municipality"}
    (need,) = listed(shown["needs"])
    assert set(need) == {"iri", "holder", "topic", "status", "source"}
    either = as_json(case("scores").who("Elektrolyse", country=["nl", "DE", "NL"]))["question"]
    assert isinstance(either, dict)
    assert either["filters"] == {"country": ["NL", "DE"]}


def test_labels_fall_back_to_german_english_and_any_language() -> None:
    thing = names.thing("project", "p")
    assert Named(thing, {"de": "d", "en": "e", "nl": "n"}).label("nl") == "n"
    assert Named(thing, {"de": "d", "en": "e"}).label("nl") == "d"
    assert Named(thing, {"en": "e", "fr": "f"}).label("nl") == "e"
    assert Named(thing, {"fr": "f"}).label("nl") == "f"
    assert Named(thing, {}).label("nl") == "p"


def test_d05_csv_has_one_line_per_piece_of_evidence_and_no_formulas() -> None:
    answer = case("scores").who("Wasserstoff")
    lines = list(csv.DictReader(io.StringIO(as_csv(answer))))
    assert len(lines) == sum(len(result.pieces) for result in answer.results) == 8
    assert {line["holder"] for line in lines if line["holder_iri"].endswith("bonn")} == {"'=Bonn"}
    assert "'@Runde Y" in {line["evidence"] for line in lines}
    assert not any(cell[:1] in "=+-@\t\r" for line in lines for cell in line.values() if cell)


def test_turtle_holds_the_expertise_of_the_page() -> None:
    text = as_turtle(case("alliances").who("Zwei", limit=1))
    triples = syntax.parse(text.encode(), "ttl")
    assert {str(triple.subject) for triple in triples} == {f"<{names.thing('expertise', '9')}>"}
    evidence = {
        str(triple.object) for triple in triples if triple.predicate.value == names.KOGGE + "evidence"
    }
    assert evidence == {f"<{names.thing('event', 'b')}>", f"<{names.thing('event', 'c')}>"}


def test_jsonld_says_what_turtle_says_and_brings_its_context() -> None:
    answer = case("scores").who("Wasserstoff")
    shown = as_jsonld(answer)
    assert isinstance(shown["@context"], dict)
    assert set(syntax.parse(json.dumps(shown).encode(), "jsonld")) == set(
        syntax.parse(as_turtle(answer).encode(), "ttl")
    )


def test_the_sum_of_a_score_tells_what_was_left_out() -> None:
    answer = case("scores").who("Wasserstoff", limit=1)
    (first,) = listed(as_json(answer, explain=True)["results"])
    lines = first["explain"]["sum"]
    assert all(
        set(line) == {"evidence", "topic", "kind", "strength", "closeness", "value", "counted"}
        for line in lines
    )
    told = [(slug_of(line), line["kind"], line["value"], line["counted"]) for line in lines]
    assert told == [
        ("p", "practised", 5, True),
        ("p", "practised", 2.5, False),
        ("x", "shared", 1, True),
        ("p", "intended", 1, False),
        ("y", "shared", 0.5, True),
    ]
    assert first["explain"]["total"] == first["score"] == sum(line[2] for line in told if line[3])


def slug_of(line: Any) -> str:
    return names.slug_of(line["evidence"]["iri"])


def test_needs_and_matches_have_the_keys_of_the_interface() -> None:
    lookup = case("scores")
    found, total = lookup.needs()
    shown = needs_as_json(found, total, "state", "de")
    assert list(shown) == ["needs", "total", "state"]
    assert [need["topic"] and need["topic"]["label"] for need in listed(shown["needs"])] == [
        None,
        "Elektrolyse",
    ]  # "=Bonn" before "Ahaus"
    assert lookup.needs([names.topic("elektrolyse")], limit=1, offset=1)[1] == 2
    matched = matches_as_json(lookup.matches(names.thing("municipality", "aerzen")), "state", "de")
    assert list(matched) == ["holder", "needs", "wanted", "state"]
    with pytest.raises(NotFound):
        lookup.matches(names.thing("municipality", "nowhere"))


def test_who_seeks_is_asked_without_a_topic_too() -> None:
    question = replace(understand(case("scores").lexicon, "?"), intent="seeks")
    found = answer(case("scores").index, question)
    assert [slug(search.need.thing) for search in found.needs] == ["p", "o"]
    assert not found.results


def test_a_question_about_some_holders_is_answered_with_those_only() -> None:
    ahaus, bonn = (names.thing("municipality", slug) for slug in ("ahaus", "bonn"))
    question = understand(case("scores").lexicon, topics=["wasserstoff"])
    for wanted in ([ahaus], [bonn], [ahaus, bonn]):
        chosen = tuple(Chosen(iri, iri) for iri in wanted)
        found = answer(case("scores").index, replace(question, filters=Filters(holders=chosen)))
        assert [result.holder.iri for result in found.results] == wanted
        assert found.total == len(wanted)


def test_a_date_is_taken_from_the_graph_that_rests_on_the_source_of_the_row() -> None:
    store = store_of()
    for owner, day in (("a", "2019-11-12"), ("b", "2019-11-07")):
        body = f"""@prefix k: <{names.KOGGE}> . @prefix i: <{names.ID}> . @prefix d: <{names.DCTERMS}> .
            @prefix s: <https://schema.org/> . @prefix skos: <{names.SKOS}> .
            <{names.TOPIC}t> a skos:Concept .
            <{names.ID}event/m> s:startDate "{day}"^^<{names.XSD}date> ; s:subEvent <{names.ID}event/p> .
            <{names.graph("kogge", owner)}> d:source i:{owner} ."""
        if owner == "a":
            body += f"i:x a k:Expertise ; k:holder i:h ; k:topic <{names.TOPIC}t> ; k:evidenceKind k:shared ;"
            body += f" k:evidence <{names.ID}event/p> ; d:source i:a ."
        store.replace_graph(names.graph("kogge", owner), syntax.parse(body.encode(), "ttl"))
    index = Index.build(store)
    assert [found.date for found in index.rows_of(index.numbers[names.thing("h", "")[:-1]])] == ["2019-11-12"]
    assert index.state == store.state


def test_without_the_weights_of_evidence_there_is_no_index() -> None:
    with pytest.raises(Misconfigured):
        Index.build(EmbeddedStore())


@pytest.mark.parametrize("said", ["kogge:shown kogge:strength 0", "kogge:relatedTopic kogge:closeness -1"])
def test_a_weight_is_above_0(said: str) -> None:
    store = EmbeddedStore()
    weights = syntax.read_file(artefacts.folder("ontology") / "evidence.ttl")
    prefix = f"@prefix kogge: <{names.KOGGE}> . "
    store.replace_graph(
        names.graph("test", "weights"), [*weights, *syntax.parse(f"{prefix}{said} .".encode(), "ttl")]
    )
    with pytest.raises(Misconfigured, match="is not above 0"):
        Index.build(store)


def test_the_order_of_labels_is_german() -> None:
    assert sorted(["Zeven", "Öhringen", "ostrau", "Straße", "Strasse", "Aurich", "Ärzen"], key=collation) == [
        "Ärzen",
        "Aurich",
        "Öhringen",
        "ostrau",
        "Straße",
        "Strasse",
        "Zeven",
    ]


# Properties, on generated facts

HOLDERS, TOPICS, THINGS = range(4), range(4), range(3)
facts = st.lists(
    st.tuples(
        st.sampled_from(HOLDERS),
        st.sampled_from(TOPICS),
        st.sampled_from(THINGS),
        st.sampled_from(["practised", "shared", "declared", "intended"]),
    ),
    max_size=25,
)
edges = st.sets(st.tuples(st.sampled_from(TOPICS), st.sampled_from(TOPICS)).filter(lambda e: e[0] < e[1]))
STRENGTHS = {"practised": 5, "recognised": 4, "shown": 3, "shared": 2, "declared": 2, "intended": 1}


def index_of(
    rows: list[tuple[int, int, int, str]], broader: set[tuple[int, int]], related: set[tuple[int, int]]
) -> Index:
    skos, kogge = names.SKOS, names.KOGGE
    lines = [f"<{names.TOPIC}{topic}> a <{skos}Concept> ." for topic in TOPICS]
    lines += [f"<{names.TOPIC}{low}> <{skos}broader> <{names.TOPIC}{high}> ." for high, low in broader]
    lines += [f"<{names.TOPIC}{one}> <{skos}related> <{names.TOPIC}{two}> ." for one, two in related]
    for number, (holder, topic, thing, kind) in enumerate(rows):
        lines.append(
            f"<{names.ID}expertise/{number}> a <{kogge}Expertise> ;"
            f" <{kogge}holder> <{names.ID}municipality/{holder}> ;"
            f" <{kogge}topic> <{names.TOPIC}{topic}> ; <{kogge}evidence> <{names.ID}event/{thing}> ;"
            f" <{kogge}evidenceKind> <{kogge}{kind}> ."
        )
    store = store_of()
    store.replace_graph(names.graph("test", "facts"), syntax.parse("\n".join(lines).encode(), "ttl"))
    return Index.build(store)


def naive_scores(
    rows: list[tuple[int, int, int, str]],
    broader: set[tuple[int, int]],
    related: set[tuple[int, int]],
    asked: set[int],
) -> dict[int, float]:
    """The definition in model.md, word for word, on the bare facts."""

    def narrower(topic: int) -> set[int]:
        direct = {low for high, low in broader if high == topic}
        return direct.union(*(narrower(low) for low in direct))

    def closeness(topic: int, other: int) -> float:
        if other == topic:
            return 1.0
        if other in narrower(topic):
            return 0.5
        return 0.25 if (topic, other) in related or (other, topic) in related else 0.0

    best: dict[tuple[int, int], float] = defaultdict(float)
    for holder, topic, thing, kind in rows:
        for question in asked:
            value = STRENGTHS[kind] * closeness(question, topic)
            best[holder, thing] = max(best[holder, thing], value)
    scores: dict[int, float] = defaultdict(float)
    for (holder, _), value in best.items():
        scores[holder] += value
    return {holder: score for holder, score in scores.items() if score}


@settings(max_examples=60, deadline=None)
@given(facts, edges, edges, st.sets(st.sampled_from(TOPICS), min_size=1, max_size=3), st.randoms())
def test_a_score_is_what_the_definition_says_and_the_order_is_total_and_stable(
    rows: list[tuple[int, int, int, str]],
    broader: set[tuple[int, int]],
    related: set[tuple[int, int]],
    asked: set[int],
    random: Any,
) -> None:
    index = index_of(rows, broader, related)
    topics = [index.topics[names.topic(str(topic))] for topic in sorted(asked)]
    results = rank(index, topics)
    scores = {int(slug(result.holder)): float(result.score) for result in results}
    assert scores == naive_scores(rows, broader, related, asked)
    orders = [result.order for result in results]
    assert orders == sorted(set(orders))
    assert len({result.holder for result in results}) == len(results)
    shuffled = random.sample(rows, len(rows))
    again = rank(index_of(shuffled, broader, related), topics[::-1])
    assert [
        (r.holder, r.score, [(p.row.thing, p.row.kind, p.closeness) for p in r.pieces]) for r in again
    ] == [(r.holder, r.score, [(p.row.thing, p.row.kind, p.closeness) for p in r.pieces]) for r in results]


@given(st.text(max_size=60))
def test_any_text_is_answered(text: str) -> None:
    answer = case("scores").who(text)
    assert answer.proven == any(result.block == 1 for result in answer.results)
    assert json.dumps(as_json(answer))


@given(st.sampled_from(["Wasserstoff", "Energie", "Verkehr", "Start-ups, Energie"]), st.data())
def test_a_filter_only_takes_away(text: str, data: st.DataObject) -> None:
    filters: dict[str, Any] = data.draw(
        st.fixed_dictionaries(
            {},
            optional={
                "country": st.sampled_from(["DE", "NL"]),
                "state": st.just("nord"),
                "kind": st.sampled_from(["municipality", "alliance"]),
                "evidence": st.sampled_from(sorted(STRENGTHS)),
            },
        )
    )
    whole, part = case("scores").who(text), case("scores").who(text, **filters)
    assert reasons(part) <= reasons(whole)


def reasons(answer: Answer) -> set[tuple[Named, Named, Kind]]:
    return {(result.holder, p.row.thing, p.row.kind) for result in answer.results for p in result.pieces}


# On the real graph


@cache
def real() -> Lookup:
    graph = artefacts.folder("graph")
    topics = artefacts.folder("ontology") / "schemes" / "topics.ttl"
    files = artefacts.files("graph", ".ttl")
    store = store_of(artefacts.folder("ontology") / "kogge.ttl", topics)
    store.replace_graphs({names.curated_graph(f.relative_to(graph)): syntax.read_file(f) for f in files})
    questions.derive(store)
    return Lookup.build(store)


@pytest.mark.parametrize(
    "text", ["Wasserstoff", "hydrogen", "waterstof", "H2", "Wer kennt sich mit Wasserstoff aus?"]
)
def test_hydrogen_is_known_in_groningen_bremen_and_oldenburg(text: str) -> None:
    answer = real().who(text)
    assert [row(result) for result in answer.results] == ["groningen 5 1", "bremen 2 1", "oldenburg 2 1"]
    assert [piece.row.kind.word for piece in answer.results[0].pieces] == ["shown", "shared"]
    assert {piece.row.date for result in answer.results for piece in result.pieces} == {"2019-11-12"}


def test_nobody_is_proven_in_predictive_maintenance_but_kiel_mentions_it() -> None:
    answer = real().who("vorausschauende Wartung")
    assert (answer.proven, answer.total) == (False, 0)
    assert [slug(result.holder) for result in answer.mentioned] == ["kiel"]
    assert any(count for _, count in answer.broader)


def test_the_innovation_mobile_is_not_mobility() -> None:
    answer = real().who("Mobilität")
    assert answer.proven
    assert not [p for r in answer.results for p in r.pieces if "innovationsmobil" in p.row.thing.iri]
    planned = real().who("Innovationsmobil")  # a project, found by its name
    assert not planned.topics
    assert not planned.proven


def test_smart_water_passes_to_the_founders_only() -> None:
    assert [row(result) for result in real().who("Smart Water").results] == [
        "smarte-hanse 2 1",
        "luebeck 2 2 smarte-hanse",
        "rostock 2 2 smarte-hanse",
        "stralsund 2 2 smarte-hanse",
        "wismar 2 2 smarte-hanse",
    ]


def test_every_topic_is_answered_fast_and_with_full_reasons() -> None:
    lookup = real()
    assert len(lookup.index.topics) > 50
    spent = 0.0
    for iri in sorted(lookup.index.topics):
        start = time.perf_counter()
        answer = lookup.who(topics=[iri])
        spent += time.perf_counter() - start
        for result in answer.results:
            assert all(piece.row.sources for piece in result.pieces), result
    assert spent / len(lookup.index.topics) < 0.05  # seconds; ten times what is usual, for a busy machine


@pytest.mark.parametrize(
    "text",
    ["a, b", 'a "b"', "line\nline", "line\r\nline", " x ", "=1", "Ä\U0001f40e", "a" * 200_000, "\ufeff"],
    ids=["comma", "quotes", "lines", "lines of DOS", "spaces", "formula", "beyond", "long", "mark"],
)
def test_a_scan_gives_what_a_select_gives(text: str) -> None:
    store = EmbeddedStore()
    things = [
        Triple(NamedNode(f"{names.ID}x/{n}"), PREFERRED, Literal(text, language="de")) for n in range(3)
    ]
    store.replace_graph(names.graph("test", "labels"), things)
    labels = "SELECT ?it ?text (LANG(?text) AS ?lang) { ?it skos:prefLabel ?text }"
    nothing = "SELECT ?it ?other { ?it skos:prefLabel ?text OPTIONAL { ?it skos:note ?other } }"
    none = "SELECT ?it { ?it skos:note ?text }"
    asked = [labels, nothing, none, labels, nothing]
    with Scan(store, asked) as scan:
        found = [[list(row) for row in scan(query)] for query in asked]
    assert found == [[list(row) for row in select(store, query)] for query in asked]
    assert [len(rows) for rows in found] == [3, 3, 0, 3, 3]


@pytest.mark.parametrize("piece", [1, 150, 1_000_000])
def test_a_scan_answers_in_any_order_what_is_listed_and_what_is_not(
    piece: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kogge.expertise.scan._PIECE", piece)
    store = store_of(CASES / "scores.ttl")
    listed = [f"SELECT ?it ?other {{ ?it {verb} ?other }}" for verb in ("a", "kogge:holder", "kogge:topic")]
    for asked in (*permutations(listed), [*listed, *listed], ["SELECT ?other { ?it a ?other }", *listed]):
        with Scan(store, listed) as scan:
            found = [sorted(map(tuple, scan(query))) for query in asked]
        assert found == [sorted(map(tuple, select(store, query))) for query in asked]
        assert all(found)


def test_a_build_asks_what_is_read_ahead_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: Counter[str] = Counter()

    class Noted(Scan):
        def __call__(self, query: str) -> Rows:
            asked[query] += 1
            return super().__call__(query)

    monkeypatch.setattr("kogge.expertise.index.Scan", Noted)
    Lookup.build(store_of(CASES / "alliances.ttl"))
    assert asked == Counter((*labels.QUERIES, *read_module.QUERIES))
    assert len(asked) > 20
