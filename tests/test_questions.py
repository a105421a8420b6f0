"""The saved questions: what they say of themselves, take and answer; the rules and the checks.

An expected answer lies in `answers/<question>.csv` or `answers/<question>--<case>.csv`: a line
`# name=value …` with the parameters, further lines `# …` that say why, the columns that matter, and the rows
in their order. Things are written with the prefixes of the project. A case of a rule is a graph,
`cases/rules/<rule>/follows-….ttl`, beside what follows from it, `….expected.ttl`; from `follows-not-….ttl`
nothing follows.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from decimal import Decimal
from pathlib import Path

import pyoxigraph as ox
import pytest

from kogge import artefacts, names, publish, questions, syntax
from kogge.errors import BadRequest, KoggeError, Misconfigured, NotFound
from kogge.expertise.answer import rank
from kogge.expertise.index import Index
from kogge.ledger import Ledger
from kogge.questions import Question
from kogge.store.embedded import EmbeddedStore

HERE = Path(__file__).parent
ANSWERS = sorted((HERE / "answers").glob("*.csv"))
CASES = sorted(
    path for path in (HERE / "cases" / "rules").rglob("*.ttl") if not path.stem.endswith(".expected")
)
LOOKUPS = questions.all_questions("lookup")
CHECKS = [question for question in questions.all_questions("check") if question.expect == "empty"]
TOLD = [
    question for question in questions.all_questions("check") if not question.expect
]  # may find something
RULES = questions.all_questions("rules")
FIVE_DOCUMENTS = (
    "gemeinsame-erklaerung-2017",
    "expertentreffen-2019",
    "erweiterung-smarte-hanse",
    "absichtserklaerung-regio-hub",
    "gruendung-smarte-hanse",
)
QUESTION = """#+ summary = "Things with a name."
#+ question.de = "Was?"
#+ question.en = "What?"
#+ question.nl = "Wat?"
#+ parameters.lang = { kind = "language", example = "de", default = "de" }

SELECT ?thing WHERE {
  VALUES (?lang) { ("de") }
  ?thing ?named ?name FILTER(LANG(?name) = ?lang)
}
"""

CONTRIBUTION = """
@prefix dcterms: <http://purl.org/dc/terms/> .
@prefix kogge: <https://w3id.org/kogge/ontology#> .
@prefix skos: <http://www.w3.org/2004/02/skos/core#> .
@prefix vcard: <http://www.w3.org/2006/vcard/ns#> .

<https://w3id.org/kogge/id/project/luebeck/standards> a kogge:Project ;
    dcterms:source <https://w3id.org/kogge/id/document/luebeck/report> ;
    kogge:contact <https://w3id.org/kogge/id/contact/luebeck/office> ;
    kogge:lead <https://w3id.org/kogge/id/municipality/luebeck> ;
    kogge:obstacle "Took two years."@en ;
    kogge:status kogge:done ;
    kogge:topic <https://w3id.org/kogge/topic/technische-standards> ;
    skos:prefLabel "Standards"@en .

<https://w3id.org/kogge/id/contact/luebeck/office> a kogge:Contact ;
    skos:prefLabel "Digital office"@en ;
    vcard:hasEmail <mailto:digital@luebeck.example> .
"""


@pytest.fixture(scope="module")
def store() -> Iterator[EmbeddedStore]:
    """The graph of the repository with its derived facts and its history."""
    store, ledger = EmbeddedStore(), Ledger()
    publish.bring_in(ledger, store)
    yield store
    ledger.close()
    store.close()


def named(question: Question) -> str:
    return question.name


def short(term: object) -> str:
    """A term as the expected answers write it."""
    value = str(getattr(term, "value", term or ""))
    if isinstance(term, ox.NamedNode):
        for prefix, namespace in sorted(syntax.prefixes().items(), key=lambda pair: -len(pair[1])):
            if value.startswith(namespace) and value != namespace:
                return f"{prefix}:{value[len(namespace) :]}"
    return value


def rows(answer: object, columns: Iterable[str] | None = None) -> list[list[str]]:
    """An answer as lists of short texts; an ASK is one row of one."""
    if isinstance(answer, ox.QueryBoolean):
        return [["true" if answer else "false"]]
    assert isinstance(answer, ox.QuerySolutions)
    wanted = list(columns or (variable.value for variable in answer.variables))
    return [[short(solution[name]) for name in wanted] for solution in answer]


def sorted_lists(body: list[list[str]]) -> list[list[str]]:
    """The rows with the lists in their cells sorted: GROUP_CONCAT has no order (SPARQL 1.1, 18.5.1.7)."""
    return [["; ".join(sorted(cell.split("; "))) for cell in row] for row in body]


def examples(question: Question) -> dict[str, str]:
    return {parameter.name: parameter.example for parameter in question.parameters if not parameter.optional}


def expected(path: Path) -> tuple[Question, dict[str, str], list[str], list[list[str]]]:
    """Question, parameters, columns and rows of an expected answer."""
    lines = path.read_text(encoding="utf-8").splitlines()
    params = dict(pair.split("=", 1) for pair in lines[0].removeprefix("#").split())
    columns, *body = csv.reader(line for line in lines if not line.startswith("#"))
    return questions.load(path.stem.partition("--")[0]), params, columns, body


# What a question says of itself


def test_there_are_enough_questions_and_every_one_has_an_expected_answer() -> None:
    assert len(LOOKUPS) >= 45
    answered = {path.stem.partition("--")[0] for path in ANSWERS}
    assert answered == {question.name for question in [*LOOKUPS, *TOLD]}
    assert len(CHECKS) >= 20


def test_each_class_of_ours_is_asked_about() -> None:
    terms = syntax.read_file(artefacts.folder("ontology") / "kogge.ttl")
    classes = {
        str(triple.subject.value)
        for triple in terms
        if isinstance(triple.subject, ox.NamedNode)
        and triple.predicate.value == names.RDF + "type"
        and triple.object == ox.NamedNode("http://www.w3.org/2002/07/owl#Class")
    }
    asked = "\n".join(question.text for question in LOOKUPS)
    assert len(classes) >= 20
    assert [iri for iri in sorted(classes) if f"kogge:{names.slug_of(iri)}" not in asked] == []


def test_each_of_the_five_documents_has_an_expected_answer() -> None:
    heads = "\n".join(path.read_text(encoding="utf-8") for path in ANSWERS)
    assert [document for document in FIVE_DOCUMENTS if heads.count(f"={document}") < 3] == []


@pytest.mark.parametrize("question", [*LOOKUPS, *CHECKS, *TOLD], ids=named)
def test_a_question_is_asked_in_three_languages(question: Question) -> None:
    assert set(question.question) == set(names.LANGUAGES)
    assert all(text.endswith("?") for text in question.question.values())
    assert len(set(question.question.values())) == len(names.LANGUAGES)
    assert question.summary.endswith(".")


def test_no_two_questions_have_the_same_name_or_wording() -> None:
    every = [question for group in questions.GROUPS for question in questions.all_questions(group)]
    assert len({question.name for question in every}) == len(every)
    for lang in names.LANGUAGES:
        texts = [question.question[lang] for question in every if question.question]
        assert len(set(texts)) == len(texts)


@pytest.mark.parametrize("question", [*LOOKUPS, *CHECKS, *TOLD, *RULES], ids=named)
def test_a_query_declares_the_prefixes_it_uses_as_the_project_does(question: Question) -> None:
    declared = dict(
        line.removeprefix("PREFIX ").split(": ")
        for line in question.text.splitlines()
        if line.startswith("PREFIX")
    )
    body = question.text.partition("WHERE")[0].rpartition("PREFIX")[2] + question.text.partition("WHERE")[2]
    body += question.text.partition("ASK {")[2]
    assert list(declared) == sorted(declared)
    assert {prefix: f"<{syntax.prefixes()[prefix]}>" for prefix in declared} == declared
    assert [prefix for prefix in declared if f"{prefix}:" not in body] == []


# What it answers


@pytest.mark.parametrize("question", LOOKUPS, ids=named)
def test_a_question_can_be_asked_with_its_examples_and_as_it_stands(
    question: Question, store: EmbeddedStore
) -> None:
    asked = rows(questions.answer(store, question, examples(question)))
    assert rows(store.query(question.text)) == asked
    assert len({tuple(row) for row in asked}) == len(asked), "a row stands twice"


@pytest.mark.parametrize("path", ANSWERS, ids=lambda path: path.stem)
def test_a_question_gets_the_answer_of_the_documents(path: Path, store: EmbeddedStore) -> None:
    question, params, columns, body = expected(path)
    answer = questions.answer(store, question, params)
    assert sorted_lists(rows(answer, columns)) == sorted_lists(body)


@pytest.mark.parametrize("lang", names.LANGUAGES)
def test_an_answer_is_the_same_in_every_language_but_for_its_words(lang: str, store: EmbeddedStore) -> None:
    question = questions.load("expertise-of-topic")
    found = rows(questions.answer(store, question, {"topic": "wasserstoff", "lang": lang}))
    assert [(row[0], row[2], row[6]) for row in found] == [
        ("municipality:bremen", "event:fachgruppe-wasserstoff-2019", "2"),
        ("municipality:groningen", "event:exkursion-bike-tour-2019", "3"),
        ("municipality:groningen", "event:fachgruppe-wasserstoff-2019", "2"),
        ("municipality:oldenburg", "event:fachgruppe-wasserstoff-2019", "2"),
    ]
    assert all(all((row[1], row[3], row[5])) for row in found)


def test_the_points_of_a_holder_add_up_to_its_score_in_the_ranking(store: EmbeddedStore) -> None:
    index = Index.build(store)
    pieces, scores = questions.load("expertise-of-topic"), questions.load("scores-of-topic")
    for iri, topic in index.topics.items():
        ranked = {
            short(ox.NamedNode(result.holder.iri)): result.score
            for result in rank(index, [topic])
            if result.through is None
        }
        sums: dict[str, Decimal] = {}
        for holder, points in rows(questions.answer(store, pieces, {"topic": iri}), ("holder", "points")):
            sums[holder] = sums.get(holder, Decimal(0)) + Decimal(points)
        summed = rows(questions.answer(store, scores, {"topic": iri}), ("holder", "score"))
        assert sums == ranked, iri
        assert {holder: Decimal(score) for holder, score in summed} == ranked, iri


def test_what_a_member_contributes_helps_the_other_members() -> None:
    store = EmbeddedStore()
    publish.load(store)
    contribution = syntax.parse(CONTRIBUTION.encode(), "turtle")
    store.replace_graph(names.graph("luebeck", "projects"), contribution)
    questions.derive(store)

    def ask(name: str, columns: str, **params: str) -> list[list[str]]:
        return rows(questions.answer(store, questions.load(name), params), columns.split())

    assert ask("helpers", "sought helper inside score", municipality="kiel") == [
        ["topic:digitale-infrastruktur", "municipality:luebeck", "true", "2.5"],
        ["topic:digitale-infrastruktur", "municipality:oldenburg", "false", "5"],
        ["topic:technische-standards", "municipality:luebeck", "true", "5"],
    ]
    proposals = ask("topic-proposals", "topic seekers inside outside", alliance="smarte-hanse")
    assert proposals[:2] == [
        ["topic:digitale-infrastruktur", "1", "1", "1"],
        ["topic:technische-standards", "1", "1", "0"],
    ]
    assert ask("lessons-learnt", "project obstacle") == [["project:luebeck/standards", "Took two years."]]
    assert ask("contacts", "contactLabel email about", municipality="luebeck") == [
        ["Digital office", "mailto:digital@luebeck.example", "project:luebeck/standards"]
    ]


def test_what_may_be_out_of_date_is_told_until_somebody_confirms_it() -> None:
    store = EmbeddedStore()
    publish.load(store)
    graph, things = names.graph("luebeck", "stand"), names.thing("{}", "luebeck/{}")
    document, owner = things.format("document", "d"), names.thing("municipality", "luebeck")

    def told(said: str, date: str) -> list[list[str]]:
        turtle = f"""@prefix dcterms: <http://purl.org/dc/terms/> .
            @prefix kogge: <https://w3id.org/kogge/ontology#> .
            @prefix schema: <https://schema.org/> .
            @prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
            <{graph}> a <http://rdfs.org/ns/void#Dataset> ; dcterms:publisher <{owner}> ;
                dcterms:issued "2026-01-31"^^xsd:date .
            <{document}> dcterms:date "2025-03"^^xsd:gYearMonth .
            <{things.format("need", "n")}> a kogge:Need ; kogge:status kogge:open ;
                dcterms:source <{document}> .
            <{things.format("contact", "c")}> a kogge:Contact .
            <{things.format("project", "done")}> a kogge:Project ; kogge:status kogge:done .
            <{things.format("project", "p")}> a kogge:Project ; kogge:status kogge:running ;
                schema:endDate "2026-06-30"^^xsd:date .
            {said}"""
        store.replace_graph(graph, syntax.parse(turtle.encode(), "turtle"))
        questions.derive(store)
        params = {"date": date, "owner": "luebeck"}
        return rows(questions.answer(store, questions.load("stale"), params), ("thing", "reason", "since"))

    need, contact, project = "need:luebeck/n", "contact:luebeck/c", "project:luebeck/p"
    assert told("", "2026-06-30") == []
    assert told("", "2026-07-01") == [[project, "past its end", "2026-06-30"]]
    assert told("", "2027-01-31") == [[project, "past its end", "2026-06-30"]]
    waiting = [[each, "unconfirmed", "2026-01-31"] for each in (contact, need, project)]
    assert told("", "2027-02-01") == [[project, "past its end", "2026-06-30"], *waiting]
    reviewed = f'<{things.format("contact", "c")}> kogge:reviewedOn "2026-12-01"^^xsd:date .'
    assert told(reviewed, "2027-02-01") == [[project, "past its end", "2026-06-30"], *waiting[1:]]
    modified = f'<{graph}> dcterms:modified "2027-01-15"^^xsd:date .'
    assert told(modified, "2027-04-01") == [
        [need, "open for long", "2025-03-31"],
        [project, "past its end", "2026-06-30"],
    ]


@pytest.mark.parametrize("check", CHECKS, ids=named)
def test_a_check_finds_nothing_in_the_graph(check: Question, store: EmbeddedStore) -> None:
    assert check.expect == "empty"
    assert rows(store.query(check.text)) == []


def test_a_check_finds_what_is_broken() -> None:
    store = EmbeddedStore()
    publish.load(store)
    broken: dict[str, list[ox.Triple]] = {}
    data = (HERE / "cases" / "checks" / "broken.trig").read_bytes()
    for quad in ox.parse(data, format=ox.RdfFormat.TRIG):
        assert isinstance(quad.graph_name, ox.NamedNode)
        broken.setdefault(quad.graph_name.value, []).append(quad.triple)
    store.replace_graphs(broken)
    assert [check.name for check in CHECKS if not rows(store.query(check.text))] == []


# What it takes


def test_examples_in_the_text_are_those_of_the_front_matter() -> None:
    for question in LOOKUPS:
        assert questions.as_text(question, examples(question)) == question.text, question.name


def test_a_slug_an_iri_and_a_kind_with_slug_mean_the_same_thing() -> None:
    holder = questions.load("evidence-of-holder")
    kiel = ox.NamedNode(names.thing("municipality", "kiel"))
    for value in ("kiel", "municipality/kiel", kiel.value):
        assert questions.bind(holder, {"holder": value, "topic": "energie"})["holder"] == kiel
    topic = ox.NamedNode(names.topic("energie"))
    for value in ("energie", topic.value):
        assert questions.bind(holder, {"holder": "kiel", "topic": value})["topic"] == topic


@pytest.mark.parametrize(
    ("name", "params", "said"),
    [
        ("members-at-date", {"alliance": "smarte-hanse"}, "'date' of 'members-at-date' is missing"),
        ("members-at-date", {"alliance": "smarte-hanse", "date": "2024"}, "date=2024-01-01"),
        ("members-at-date", {"alliance": "smarte-hanse", "date": "2024-02-30"}, "date=2024-01-01"),
        ("members-at-date", {"alliance": "Smarte Hanse", "date": "2024-01-01"}, "alliance=smarte-hanse"),
        ("members-at-date", {"alliance": "x> } DROP ALL #", "date": "2024-01-01"}, "alliance=smarte-hanse"),
        ("is-proven", {"topic": "https://example.org/> } #"}, "topic=vorausschauende-wartung"),
        ("is-proven", {"topic": names.thing("municipality", "kiel")}, "of the kind topic"),
        ("alliances", {"lang": "fr"}, "de, en, nl"),
        ("alliances", {"lang": 'de") } #'}, "lang=de"),
        ("alliances", {"language": "de"}, "lang=de"),
        ("members-in-country", {"country": "Nederland"}, "country=NL"),
    ],
)
def test_a_wrong_parameter_is_named_with_an_example(name: str, params: dict[str, str], said: str) -> None:
    with pytest.raises(BadRequest) as caught:
        questions.bind(questions.load(name), params)
    assert said in str(caught.value)


def test_text_stays_a_term_whatever_it_says(tmp_path: Path, store: EmbeddedStore) -> None:
    path = tmp_path / "named.rq"
    path.write_text(QUESTION.replace('kind = "language"', 'kind = "text"'), encoding="utf-8")
    for hostile in ('") } } #', "\\", '"', "a\nb", "}}}", "\u0000"):
        question = questions.read(path)
        assert rows(questions.answer(store, question, {"lang": hostile})) == []
        assert questions.bind(question, {"lang": hostile})["lang"] == ox.Literal(hostile.strip())


@pytest.mark.parametrize("name", ["alliance-members", "expert-groups", "who-mentions"])
def test_binding_finds_what_the_substitutions_of_the_engine_find(name: str, store: EmbeddedStore) -> None:
    """The engine wants each variable in the projection: they are put there, and the clause is taken out."""
    question = questions.load(name)
    bound = questions.bind(question, examples(question))
    lines = [line for line in question.text.splitlines() if "VALUES (" not in line]
    text = "\n".join(lines).replace("DISTINCT", f"DISTINCT {' '.join(f'?{given}' for given in bound)}", 1)
    substituted = rows(store.query(text, substitutions=bound))
    asked = rows(questions.answer(store, question, examples(question)))
    assert [row[len(bound) :] for row in substituted] == asked
    assert asked


def test_an_unknown_question_is_told_what_comes_close() -> None:
    with pytest.raises(NotFound, match="who-offers"):
        questions.load("who-offer")
    with pytest.raises(NotFound, match="lookup"):
        questions.all_questions("look-up")


def test_a_query_of_somebody_else_needs_no_front_matter(tmp_path: Path) -> None:
    path = tmp_path / "mine.rq"
    path.write_text("prefix a: <urn:a> select * { ?s a:b ?o }", encoding="utf-8")
    question = questions.read(path)
    assert question.form == "select"
    assert questions.as_text(question, {}) == question.text


@pytest.mark.parametrize(
    ("good", "bad", "said"),
    [
        ('#+ question.nl = "Wat?"\n', "", "nl"),
        ('#+ summary = "Things with a name."\n', "", "summary"),
        ("#+ summary", "#+ sumary", "sumary"),
        ('kind = "language"', 'kind = "tongue"', "tongue"),
        ('example = "de"', 'instance = "de"', "instance"),
        ("  VALUES (?lang)", "  VALUES (?language)", "VALUES (?lang)"),
        ("SELECT", "FIND", "SELECT"),
        ('"Wat?"', '"Wat?', "broken.rq"),
    ],
)
def test_a_fault_in_a_file_is_reported_with_its_name(good: str, bad: str, said: str, tmp_path: Path) -> None:
    path = tmp_path / "lookup" / "broken.rq"
    path.parent.mkdir()
    assert good in QUESTION
    path.write_text(QUESTION.replace(good, bad), encoding="utf-8")
    with pytest.raises(Misconfigured) as caught:
        questions.read(path)
    assert "lookup/broken.rq" in str(caught.value)
    assert said in str(caught.value)


# What rules derive


def test_each_rule_has_cases_and_each_evidence_rule_one_from_which_nothing_follows() -> None:
    cases: dict[str, list[str]] = {}
    for path in CASES:
        cases.setdefault(path.parent.name, []).append(path.stem)
    assert set(cases) == {rule.name for rule in RULES}
    assert len(CASES) >= 2 * len(RULES)
    for rule, stems in cases.items():
        assert any(not stem.startswith("follows-not-") for stem in stems), rule
        assert rule == "header" or any(stem.startswith("follows-not-") for stem in stems), rule


@pytest.mark.parametrize("path", CASES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_from_a_case_follows_what_must_follow_and_nothing_else(path: Path) -> None:
    store = EmbeddedStore()
    store.replace_graph(names.graph("test", "case"), syntax.read_file(path))
    beside = path.with_name(f"{path.stem}.expected.ttl")
    assert beside.exists() != path.stem.startswith("follows-not-")
    wanted = syntax.read_file(beside) if beside.exists() else []
    derived = store.query(questions.load(f"rules/{path.parent.name}").text)
    assert isinstance(derived, ox.QueryTriples)
    assert sorted(map(str, set(derived))) == sorted(map(str, wanted))


def test_deriving_again_changes_nothing(store: EmbeddedStore) -> None:
    before = store.state
    questions.derive(store)
    assert store.state == before
    assert len(store.graph(names.DERIVED_GRAPH)) > 1000


def test_an_expertise_has_one_kind_and_one_rule(store: EmbeddedStore) -> None:
    """Its IRI is made of holder, topic and evidence: two rules for the same three would collide."""
    kinds: dict[str, set[str]] = {}
    for triple in store.graph(names.DERIVED_GRAPH):
        if triple.predicate.value in (names.KOGGE + "evidenceKind", names.PROV + "wasGeneratedBy"):
            kinds.setdefault(f"{triple.subject} {triple.predicate}", set()).add(str(triple.object))
    assert [subject for subject, values in kinds.items() if len(values) > 1] == []


def test_every_rule_named_by_an_expertise_is_one_of_ours(store: EmbeddedStore) -> None:
    named_rules = {
        triple.object.value
        for triple in store.graph(names.DERIVED_GRAPH)
        if triple.predicate.value == names.PROV + "wasGeneratedBy" and isinstance(triple.object, ox.NamedNode)
    }
    assert named_rules <= {rule.iri for rule in RULES}
    assert len(named_rules) >= 8


def test_errors_of_questions_belong_to_the_tree() -> None:
    with pytest.raises(KoggeError):
        questions.load("no-such-question-at-all")
