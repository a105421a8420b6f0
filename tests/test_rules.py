"""The rules: every shape is broken by a case that breaks nothing else, and the graph conforms."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pyoxigraph as ox
import pyshacl
import pytest
import rdflib
from rdflib import RDF, RDFS, SH, URIRef

from kogge import artefacts, names, rules, syntax
from kogge.errors import BadRequest
from kogge.rules.judge import TARGETS, aimed_at
from kogge.rules.profiles import folder, shapes_of

CASES = Path(__file__).parent / "cases" / "shapes"
KGS = names.BASE + "shapes#"
BEISPIEL = (CASES / "project" / "P01-a-project-taken-over.ttl").read_text(encoding="utf-8")


@dataclass(frozen=True)
class Case:
    """A file of cases: what its first lines say, and where it is."""

    path: Path
    profile: str
    breaks: frozenset[str]
    allows: frozenset[str]

    @property
    def name(self) -> str:
        return f"{self.path.parent.name}/{self.path.stem}"

    def graph(self) -> rdflib.Graph:
        return rules.to_rdflib(syntax.read_file(self.path))


def read(path: Path) -> Case:
    said = dict(
        re.findall(r"^# (profile|breaks|allows): (.+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    )
    breaks, allows = (frozenset(said.get(key, "").split()) for key in ("breaks", "allows"))
    return Case(path, said["profile"], breaks, allows)


EVERY = [read(path) for path in sorted(CASES.glob("*/*.ttl"))]
PASSING = [case for case in EVERY if case.path.name.startswith("P")]
FAILING = [case for case in EVERY if case.path.name.startswith("F")]


@cache
def world() -> rdflib.Graph:
    return rules.to_rdflib(syntax.read_file(CASES / "world.ttl"))


@cache
def shapes() -> rdflib.Graph:
    graph = rdflib.Graph()
    for path in artefacts.files("shapes", ".ttl"):
        graph += rules.to_rdflib(syntax.read_file(path))
    return graph


def named(kind: URIRef) -> set[str]:
    found = {str(shape) for shape in shapes().subjects(RDF.type, kind) if isinstance(shape, URIRef)}
    return {shape.replace(KGS, "kgs:") for shape in found}


def speaking() -> set[str]:
    """The shapes and constraints that can be reported: those with a message."""
    return {str(shape).replace(KGS, "kgs:") for shape in shapes().subjects(SH.message, unique=True)}


def check(turtle: str, profile: str = "contribution", lang: str = "en") -> list[rules.Finding]:
    data = rules.to_rdflib(syntax.parse(turtle.encode(), "ttl"))
    return rules.check(data, profile, lang, world(), text=turtle)


def test_the_cases_are_all_found() -> None:
    assert (len(PASSING), len(FAILING)) == (43, 245)
    assert all(re.match(r"[PF]\d\d-[a-z0-9-]+$", case.path.stem) for case in EVERY)
    assert all(bool(case.breaks) == case.path.name.startswith("F") for case in EVERY)


def test_the_shapes_are_all_found() -> None:
    counts = [len(named(kind)) for kind in (SH.NodeShape, SH.PropertyShape, SH.SPARQLConstraint)]
    assert counts == [87, 182, 14]


@pytest.mark.parametrize("case", PASSING, ids=lambda case: case.name)
def test_a_passing_case_has_no_finding(case: Case) -> None:
    findings = rules.check(case.graph(), case.profile, "en", world())
    assert {finding.shape for finding in findings} == case.allows


@pytest.mark.parametrize("case", FAILING, ids=lambda case: case.name)
def test_a_failing_case_breaks_exactly_its_shape(case: Case) -> None:
    findings = rules.check(case.graph(), case.profile, "en", world())
    assert {finding.shape for finding in findings} == case.breaks


def test_every_shape_is_broken_by_a_case_of_its_own() -> None:
    alone = {shape for case in FAILING if len(case.breaks) == 1 for shape in case.breaks}
    assert speaking() - alone == set()
    assert alone - speaking() == set()


def test_every_node_shape_judges_a_passing_case() -> None:
    known = world() + folder("ontology")
    known += shapes().triples((None, RDFS.subClassOf, None))
    judged: set[str] = set()
    for profile in rules.profiles():
        data = rdflib.Graph()
        for case in PASSING:
            if case.profile == profile:
                data += case.graph()
        aimed = aimed_at(set(data.subjects()), known + data, profile)
        judged |= {str(shape).replace(KGS, "kgs:") for shape in aimed}
    # What is never to be stated has no case in which it is stated and passes.
    assert named(SH.NodeShape) - judged == {"kgs:NotDerived"}


def test_every_shape_is_aimed_in_a_way_that_the_check_knows() -> None:
    kinds = {str(predicate) for _shape, predicate, _value in shapes() if "#target" in str(predicate)}
    assert kinds == {str(target) for target in TARGETS}
    aimed = {shape for target in TARGETS for shape in shapes().subjects(target)}
    assert {str(shape).replace(KGS, "kgs:") for shape in aimed} == named(SH.NodeShape)


def test_every_shape_speaks_three_languages() -> None:
    texts = {SH.name: named(SH.NodeShape) | speaking(), SH.description: named(SH.NodeShape) | speaking()}
    texts[SH.message] = named(SH.PropertyShape) | named(SH.SPARQLConstraint)
    for predicate, wanted in texts.items():
        for shape in sorted(wanted):
            said = list(shapes().objects(URIRef(shape.replace("kgs:", KGS)), predicate))
            languages = sorted(str(text.language) for text in said if isinstance(text, rdflib.Literal))
            assert languages == ["de", "en", "nl"], (shape, predicate)
            assert predicate == SH.name or all(str(text).endswith(".") for text in said), (shape, predicate)


def test_every_message_says_what_to_do() -> None:
    begins = {
        "de": r"(Geben|Prüfen|Entfernen|Schreiben|Beenden) Sie ",
        "en": r"(Give|Check|Remove|Write|End) ",
        "nl": r"(Geef|Controleer|Verwijder|Schrijf|Beëindig) ",
    }
    for shape, message in shapes().subject_objects(SH.message):
        assert isinstance(message, rdflib.Literal)
        assert re.match(begins[str(message.language)], message), (shape, message)


def test_every_shape_has_a_severity() -> None:
    for kind in (SH.NodeShape, SH.PropertyShape):
        for shape in named(kind):
            severity = shapes().value(URIRef(shape.replace("kgs:", KGS)), SH.severity)
            assert severity in (SH.Violation, SH.Warning, SH.Info), shape


def test_every_shape_file_is_in_a_profile() -> None:
    used = {stem for profile in rules.profiles().values() for stem in profile.shapes}
    assert used == {path.stem for path in artefacts.files("shapes", ".ttl")}


def test_every_class_of_ours_has_a_node_shape() -> None:
    kogge = folder("ontology")
    classes = {
        str(term) for term in kogge.subjects(RDF.type, rdflib.OWL.Class) if str(term).startswith(names.KOGGE)
    }
    mirrored = {term.replace(names.KOGGE, KGS) for term in classes}
    assert mirrored - {str(shape) for shape in shapes().subjects(RDF.type, SH.NodeShape)} == set()


@pytest.mark.parametrize("profile", rules.profiles())
def test_the_shapes_are_well_formed_shacl(profile: str) -> None:
    conforms, _graph, text = pyshacl.validate(rdflib.Graph(), shacl_graph=shapes_of(profile), meta_shacl=True)
    assert conforms, text


def test_the_graph_of_this_repository_has_no_violation_and_shows_the_conflict_of_2019() -> None:
    findings = rules.check(folder("graph"), "graph", "de")
    assert [finding for finding in findings if finding.severity == "violation"] == []
    meeting = names.thing("event", "expertentreffen-2019")
    conflict = [finding for finding in findings if finding.subject == meeting]
    assert [(found.shape, found.severity) for found in conflict] == [("kgs:Agreeing-dates", "warning")]
    assert (
        conflict[0].message
        == "Prüfen Sie das Datum: Die Quellen widersprechen sich (2019-11-07 und 2019-11-12)."
    )


def test_our_words_and_the_thesaurus_have_no_finding() -> None:
    assert rules.check(folder("ontology"), "vocabulary") == []


@pytest.mark.parametrize(
    ("lang", "begins"), [("de", "Geben Sie"), ("en", "Give"), ("nl", "Geef"), ("fr", "Give"), ("", "Give")]
)
def test_a_finding_speaks_the_language_asked_for_else_english(lang: str, begins: str) -> None:
    findings = check(BEISPIEL.replace("kogge:running", "kogge:held"), lang=lang)
    assert [finding.message.split(" für")[0].startswith(begins) for finding in findings] == [True]


def test_a_finding_says_what_was_found_and_where() -> None:
    [finding] = check(BEISPIEL.replace("kogge:running", "kogge:held"))
    assert finding.subject == "https://w3id.org/kogge/id/project/neu"
    assert (finding.severity, finding.shape) == ("violation", "kgs:Project-status")
    assert (finding.path, finding.value) == ("kogge:status", "kogge:held")
    assert finding.where.line == BEISPIEL.splitlines().index("project:neu a kogge:Project ;") + 1


def test_a_value_is_shown_as_it_was_written() -> None:
    [finding] = check((CASES / "thing" / "F14-a-day-that-does-not-exist.ttl").read_text(encoding="utf-8"))
    assert finding.value == '"2021-02-30"^^xsd:date'
    assert finding.path == "dcterms:date|dcterms:issued|schema:startDate|schema:endDate"


def test_findings_are_sorted_with_the_worst_first() -> None:
    broken = BEISPIEL.replace("kogge:running", "kogge:held").replace(', "Neues Projekt"@nl', "")
    findings = check(broken.replace("topic:digitalisierung", "topic:zauberei"))
    assert [finding.severity for finding in findings] == ["violation", "violation", "warning"]
    assert [finding.path for finding in findings[:2]] == ["kogge:status", "kogge:topic|dcterms:subject"]


def test_what_is_only_looked_up_is_not_judged() -> None:
    bad = rdflib.Graph()
    bad.add((URIRef(names.thing("project", "anderes")), RDF.type, URIRef(names.KOGGE + "Project")))
    data = rules.to_rdflib(syntax.parse(BEISPIEL.encode(), "ttl"))
    assert rules.check(data, "contribution", "en", world() + bad) == []
    assert rules.check(bad, "contribution", "en", world()) != []


def test_without_a_context_the_facts_of_the_installation_are_looked_up() -> None:
    turtle = BEISPIEL.replace("beispielstadt", "luebeck").replace("musterdorf", "kiel")
    turtle = turtle.replace("organisation:beispielagentur", "organisation:dabb").replace(
        "project:beispielprojekt, ", ""
    )
    assert rules.check(rules.to_rdflib(syntax.parse(turtle.encode(), "ttl")), "contribution") == []


def test_an_empty_document_conforms() -> None:
    assert check("") == []


def test_an_unknown_profile_is_refused_with_those_that_exist() -> None:
    with pytest.raises(BadRequest, match=r"no profile 'portals'.*contribution, graph, vocabulary, portal"):
        rules.check(rdflib.Graph(), "portals")


def test_the_report_is_a_shacl_validation_report() -> None:
    findings = check(
        BEISPIEL.replace("kogge:running", "kogge:held").replace("topic:digitalisierung", "topic:zauberei")
        + '\n[] a schema:Place ; skos:prefLabel "Platz"@de .'.replace("schema:", "kogge:")
    )
    graph = rules.report(findings)
    again = rdflib.Graph().parse(data=graph.serialize(format="turtle"), format="turtle")
    [report] = again.subjects(RDF.type, SH.ValidationReport)
    assert again.value(report, SH.conforms) == rdflib.Literal(False)
    results = list(again.objects(report, SH.result))
    assert len(results) == len(findings) >= 3
    one = (SH.focusNode, SH.resultSeverity, SH.sourceConstraintComponent, SH.sourceShape, SH.resultMessage)
    for result in results:
        assert [len(list(again.objects(result, predicate))) for predicate in one] == [1] * len(one)
        component = again.value(result, SH.sourceConstraintComponent)
        assert str(component).endswith("ConstraintComponent")
        shape = again.value(result, SH.sourceShape)
        assert (shape, SH.severity, None) in shapes()
    assert (None, SH.value, URIRef(names.KOGGE + "held")) in again
    assert (None, SH.resultPath, URIRef(names.KOGGE + "status")) in again


def test_the_report_on_what_conforms_says_so() -> None:
    graph = rules.report([])
    assert [bool(value) for value in graph.objects(None, SH.conforms)] == [True]
    assert list(graph.objects(None, SH.result)) == []


def test_the_json_lists_at_most_a_thousand_findings_and_counts_all() -> None:
    [finding] = check(BEISPIEL.replace("kogge:running", "kogge:held"))
    problem = rules.as_problem([finding] * 1001)
    assert problem["status"] == 422
    assert problem["total"] == 1001
    listed = problem["findings"]
    assert isinstance(listed, list)
    assert len(listed) == rules.MAX_LISTED
    assert set(listed[0]) == {
        "severity",
        "message",
        "subject",
        "path",
        "value",
        "shape",
        "component",
        "where",
    }
    assert set(listed[0]["where"]) == {"line"}


def test_warnings_alone_refuse_nothing() -> None:
    findings = check(BEISPIEL.replace(', "Neues Projekt"@nl', ""))
    assert [finding.severity for finding in findings] == ["warning"]
    assert not rules.refused(findings)
    assert rules.as_problem(findings)["status"] == 200


@pytest.mark.parametrize(
    ("dates", "conforms"),
    [
        (('"2021-03"^^xsd:gYearMonth', '"2021"^^xsd:gYear'), True),
        (('"2021"^^xsd:gYear', '"2021-03"^^xsd:gYearMonth'), True),
        (('"2021-03-31"^^xsd:date', '"2021-03"^^xsd:gYearMonth'), True),
        (('"2021-03-31"^^xsd:date', '"2021-03-31"^^xsd:date'), True),
        (('"--12-31"^^xsd:gMonthDay', '"2021"^^xsd:gYear'), True),
        (('"2021-03-31"^^xsd:date', '"2021-02"^^xsd:gYearMonth'), False),
        (('"2021"^^xsd:gYear', '"2020-12-31"^^xsd:date'), False),
    ],
)
def test_start_and_end_are_compared_at_the_precision_both_have(
    dates: tuple[str, str], conforms: bool
) -> None:
    start, end = dates
    turtle = (
        BEISPIEL.replace(
            "@prefix kogge:", "@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .\n@prefix kogge:"
        )
        .replace("@prefix kogge:", "@prefix schema: <https://schema.org/> .\n@prefix kogge:")
        .replace("kogge:status", f"schema:startDate {start} ;\n    schema:endDate {end} ;\n    kogge:status")
    )
    assert [finding.shape for finding in check(turtle)] == ([] if conforms else ["kgs:Span-order"])


@pytest.mark.parametrize(
    ("mailbox", "conforms"),
    [
        ("info", True),
        ("buergerservice", True),
        ("smart.city", True),
        ("digital.team", True),
        ("stadt-lab", True),
        ("115", True),
        ("max.mustermann", False),
        ("m.mustermann", False),
        ("anna-lena.van.muster", False),
        ("max_mustermann", False),
    ],
)
def test_a_mailbox_belongs_to_an_office_not_to_a_person(mailbox: str, conforms: bool) -> None:
    case = (CASES / "contact" / "P01-a-function-mailbox-and-a-phone.ttl").read_text(encoding="utf-8")
    findings = check(case.replace("mailto:smart.city@", f"mailto:{mailbox}@"))
    assert [finding.shape for finding in findings] == ([] if conforms else ["kgs:Contact-function"])


def test_literals_keep_the_form_in_which_they_were_written() -> None:
    triple = ox.Triple(
        ox.NamedNode("https://example.org/a"),
        ox.NamedNode("https://example.org/b"),
        ox.Literal("007", datatype=ox.NamedNode(names.XSD + "integer")),
    )
    [(_subject, _predicate, value)] = rules.to_rdflib([triple])
    assert str(value) == "007"


def test_a_subject_is_located_by_iri_and_by_prefixed_name() -> None:
    text = (
        "@prefix project: <https://w3id.org/kogge/id/project/> .\n"
        "# project:drei\n"
        "<https://w3id.org/kogge/id/project/eins> a <urn:x> ;\n"
        "    <urn:p> project:zwei .\n\n"
        "project:zwei a <urn:x> .\n"
    )
    lines = [rules.locate(text, names.thing("project", slug)) for slug in ("eins", "zwei", "drei")]
    assert lines == [3, 6, None]
