"""The check of a large graph: it finds what pySHACL alone finds, word for word, in whatever is broken."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path

import pyoxigraph as ox
import pytest
import rdflib
from rdflib import SH, BNode, URIRef

from kogge import names, rules, syntax
from kogge.rules import judge, large, suspects
from kogge.rules.conditions import ON_PROPERTY, ON_VALUE, Untranslated
from kogge.rules.facts import Facts
from kogge.rules.large import check_flood, check_large
from kogge.rules.profiles import folder, shapes_of
from kogge.rules.terms import to_oxigraph

CASES = Path(__file__).parent / "cases" / "shapes"
EVERY = sorted(CASES.glob("*/*.ttl"))
XSD = names.XSD

# rdflib says at each reading what the rules say as a finding.
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning:rdflib.term")

Triples = list[ox.Triple]


@cache
def world() -> rdflib.Graph:
    return rules.to_rdflib(syntax.read_file(CASES / "world.ttl"))


def profile_of(path: Path) -> str:
    said = re.search(r"^# profile: (.+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    assert said
    return said[1]


def both(data: Triples, profile: str, context: rdflib.Graph | None) -> list[rules.Finding]:
    """The findings, which the two ways of checking must agree on."""
    plain = rules.check(rules.to_rdflib(data), profile, "de", context)
    assert check_large(data, profile, "de", context) == plain
    return plain


@pytest.mark.parametrize("path", EVERY, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_every_case_has_the_same_findings(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = syntax.read_file(path)
    text = path.read_text(encoding="utf-8")
    plain = rules.check(rules.to_rdflib(data), profile_of(path), "de", world(), text=text)
    suspected = large._suspected(data, profile_of(path), world(), lambda *_: None)
    monkeypatch.setattr(large, "_suspected", lambda *_: suspected)  # both begin with it: once is enough
    assert check_large(data, profile_of(path), "de", world(), lines=text.splitlines()) == plain
    where_no_matter = [replace(each, where=rules.Where()) for each in plain]
    assert check_flood(data, profile_of(path), "de", world()) == (where_no_matter, len(plain))


@pytest.mark.parametrize("most", [1, 7, 50, 1000])
def test_of_a_flood_the_worst_are_listed_and_all_are_counted(most: int) -> None:
    project = f"<{names.thing('project', 'luebeck/{}')}> a <{names.KOGGE}Project>"
    label = f'<{names.SKOS}prefLabel> "x"@de ; <{names.KOGGE}lead> <{names.thing("municipality", "kiel")}>'
    running = f"<{names.KOGGE}status> <{names.KOGGE}running>"
    turtle = "".join(
        f"{project.format(f'p{n:03}')} ; {label} ; {running} .\n"
        if n % 3
        else f"{project.format(f'p{n:03}')} .\n"
        for n in range(90)
    )
    data = syntax.parse(turtle.encode(), "ttl")
    all_of_them = check_large(data, "contribution", "en", world())
    severities = [each.severity for each in all_of_them]
    assert {*severities} == {"violation", "warning"}
    listed, total = check_flood(data, "contribution", "en", world(), most=most)
    assert total == len(all_of_them)
    assert listed[:most] == all_of_them[:most]
    assert len(listed) < total or most > total


def test_one_violation_is_not_hidden_by_many_warnings() -> None:
    text = (CASES / "project" / "P01-a-project-taken-over.ttl").read_text(encoding="utf-8")
    head, right = text.replace(', "Neues Projekt"@en, "Neues Projekt"@nl', "").split("\n\n")
    wrong = names.thing("project", "zz")
    turtle = head + "".join(
        [
            *(right.replace("project:neu", f"project:p{n}") for n in range(40)),
            right.replace("project:neu", f"<{wrong}>").replace("kogge:running", "kogge:held"),
        ]
    )
    listed, total = check_flood(syntax.parse(turtle.encode(), "ttl"), "contribution", "en", world(), most=5)
    assert (listed[0].severity, listed[0].subject) == ("violation", wrong)
    assert {each.severity for each in listed[1:]} == {"warning"}
    assert len(listed) < total


def test_the_cases_are_all_found() -> None:
    assert len(EVERY) == 288


@pytest.mark.parametrize("profile", ["graph", "contribution", "vocabulary"])
def test_our_own_facts_have_the_same_findings(profile: str) -> None:
    graph = folder("ontology" if profile == "vocabulary" else "graph")
    data = [ox.Triple(*map(to_oxigraph, triple)) for triple in graph]  # type: ignore[arg-type]
    findings = both(data, profile, None)
    assert (len(findings) > 100) == (profile == "contribution")


# What breaks: each takes a triple and chance, and gives what stands in its place.

Breakage = Callable[[ox.Triple, random.Random], Iterator[ox.Triple]]

INVENTED = ox.NamedNode(names.thing("project", "gibt-es-nicht"))
CLASSES = [
    *(
        ox.NamedNode(names.KOGGE + each)
        for each in ("Project", "Municipality", "Event", "Statement", "Alliance")
    ),
    *(ox.NamedNode(f"http://www.w3.org/ns/org#{each}") for each in ("Membership", "FormalOrganization")),
    ox.NamedNode("http://xmlns.com/foaf/0.1/Person"),
]
WRITTEN = [
    *(("007", "integer"), ("+5", "integer"), ("53.50", "decimal"), ("5.0", "integer"), ("1", "boolean")),
    *(
        ("-1", "integer"),
        ("0", "integer"),
        ("99.0", "decimal"),
        ("123456789012345678901234567890", "integer"),
    ),
    *(("2021-02-30", "date"), ("2999-12-31", "date"), ("2021-13", "gYearMonth"), ("0000-01-01", "date")),
    *(("2021-05-07+02:00", "date"), ("2021-05-07T00:00:00.000Z", "dateTime"), ("12021-01-01", "date")),
    *(("maybe", "boolean"), ("false", "boolean"), ("true", "boolean"), ("7", "int"), ("1.0E2", "double")),
    *(
        ("3", "string"),
        (" 4", "integer"),
        ("NaN", "double"),
        ("2", "nonNegativeInteger"),
        ("24:00:00", "time"),
    ),
]


def literal(value: str, datatype: str) -> ox.Literal:
    return ox.Literal(value, datatype=ox.NamedNode(XSD + datatype))


def gone(_triple: ox.Triple, _chance: random.Random) -> Iterator[ox.Triple]:
    yield from ()


def other_value(triple: ox.Triple, value: object) -> ox.Triple:
    return ox.Triple(triple.subject, triple.predicate, value)  # type: ignore[arg-type]


def written_otherwise(triple: ox.Triple, chance: random.Random) -> Iterator[ox.Triple]:
    yield other_value(triple, literal(*chance.choice(WRITTEN)))


def written_twice(triple: ox.Triple, chance: random.Random) -> Iterator[ox.Triple]:
    yield triple
    yield other_value(triple, literal(*chance.choice(WRITTEN)))


def other_datatype(triple: ox.Triple, chance: random.Random) -> Iterator[ox.Triple]:
    if isinstance(triple.object, ox.Literal):
        kind = chance.choice(["string", "integer", "date", "gYear", "anyURI", "boolean", "decimal"])
        yield other_value(triple, literal(triple.object.value, kind))


def other_language(triple: ox.Triple, chance: random.Random) -> Iterator[ox.Triple]:
    if isinstance(triple.object, ox.Literal):
        text = triple.object.value
        for tag in chance.choices(["de", "DE", "en-GB", "nl", "fr", "de-at", "x-klingon"], k=2):
            yield other_value(triple, ox.Literal(text + chance.choice(["", "!"]), language=tag))
        yield other_value(triple, ox.Literal(text))


def other_text(triple: ox.Triple, chance: random.Random) -> Iterator[ox.Triple]:
    old = triple.object
    if isinstance(old, ox.Literal):
        text = chance.choice(
            [
                old.value + "\n",
                "\n" + old.value,
                " \t ",
                "",
                "a@b.de",
                "\x07",
                "x" * 300,
                old.value.upper(),
                "ı",
            ]
        )
        datatype = None if old.language else old.datatype
        yield other_value(triple, ox.Literal(text, datatype=datatype, language=old.language))
    elif isinstance(old, ox.NamedNode):
        ways = ["{}-ä", "{}/", "{}x", "ftp://{}", "mailto:max.mustermann@stadt.example", "tel:0451", "{}İ"]
        yield other_value(triple, ox.NamedNode(chance.choice(ways).format(old.value)))


def other_kind(triple: ox.Triple, chance: random.Random) -> Iterator[ox.Triple]:
    yield triple
    yield ox.Triple(triple.subject, ox.NamedNode(names.RDF + "type"), chance.choice(CLASSES))


def nowhere(triple: ox.Triple, chance: random.Random) -> Iterator[ox.Triple]:
    if isinstance(triple.object, ox.NamedNode):
        yield other_value(
            triple, chance.choice([INVENTED, triple.subject, ox.Literal("Text"), ox.BlankNode()])
        )


def of_a_blank_node(triple: ox.Triple, chance: random.Random) -> Iterator[ox.Triple]:
    subject = ox.BlankNode(chance.choice("abc"))
    yield ox.Triple(subject, triple.predicate, triple.object)
    yield other_value(triple, subject)


def of_another(triple: ox.Triple, chance: random.Random) -> Iterator[ox.Triple]:
    yield triple
    thing = names.thing(
        chance.choice(["project", "membership", "statement", "instant"]), chance.choice("abc")
    )
    yield ox.Triple(ox.NamedNode(thing), triple.predicate, triple.object)


def other_word(triple: ox.Triple, chance: random.Random) -> Iterator[ox.Triple]:
    words = ["kogge:ledd", "kogge:stated", "kogge:topic", "schema:endDate", "kogge:ags", "rdfs:subClassOf"]
    prefix, _, name = chance.choice(words).partition(":")
    yield ox.Triple(triple.subject, ox.NamedNode(syntax.prefixes()[prefix] + name), triple.object)


def a_number(triple: ox.Triple, chance: random.Random) -> Iterator[ox.Triple]:
    yield triple
    stated = ox.NamedNode(names.KOGGE + "stated")
    yield ox.Triple(triple.subject, stated, literal(*chance.choice(WRITTEN)))
    counted = ox.NamedNode(names.KOGGE + "countOf"), ox.NamedNode("http://www.w3.org/ns/org#Membership")
    yield ox.Triple(triple.subject, *counted)
    about = ox.NamedNode(names.thing("alliance", "beispielbund"))
    yield ox.Triple(triple.subject, ox.NamedNode("https://schema.org/about"), about)


BREAKAGES: list[Breakage] = [
    *(
        gone,
        written_otherwise,
        written_twice,
        other_datatype,
        other_language,
        other_text,
        other_kind,
        nowhere,
    ),
    *(of_a_blank_node, of_another, other_word, a_number),
]


@cache
def whole() -> Triples:
    """All cases that pass, in one graph: of every shape something that it judges."""
    passing = [path for path in EVERY if path.name.startswith("P")]
    return list(dict.fromkeys(triple for path in passing for triple in syntax.read_file(path)))


@pytest.mark.parametrize(("share", "profile"), [(0.02, "contribution"), (0.3, "graph")])
@pytest.mark.parametrize("breakage", BREAKAGES, ids=lambda breakage: breakage.__name__)
def test_whatever_breaks_has_the_same_findings(breakage: Breakage, share: float, profile: str) -> None:
    chance = random.Random(f"{breakage.__name__} {share}")
    data: Triples = []
    for triple in whole():
        data += breakage(triple, chance) if chance.random() < share else [triple]
    assert both(data, profile, world())


def test_all_sorts_of_breakage_at_once_have_the_same_findings_and_reach_most_shapes() -> None:
    chance = random.Random(5)
    data: Triples = []
    for triple in [*whole(), *(triple for path in EVERY for triple in syntax.read_file(path))]:
        data += chance.choice(BREAKAGES)(triple, chance) if chance.random() < 0.1 else [triple]
    found: set[str] = set()
    for profile in rules.profiles():
        found |= {finding.shape for finding in both(data, profile, world())}
    assert len(found) > 140


# The translation


@pytest.mark.parametrize("profile", ["contribution", "graph", "vocabulary"])
def test_every_shape_has_a_query(profile: str) -> None:
    shapes = shapes_of(profile)
    aimed = {shape for target in judge.TARGETS for shape in shapes.subjects(target)}
    for shape in aimed:
        assert suspects.Translation(shapes, lambda value: {value}).queries(shape)


def test_every_constraint_that_the_shapes_use_is_known() -> None:
    used = {verb for profile in rules.profiles() for verb in shapes_of(profile).predicates(None, None)}
    known = {*ON_VALUE, *ON_PROPERTY, *suspects.BESIDE, SH.sparql, *suspects.RULE}
    prefixes = {SH.declare, SH.prefix, SH.namespace, SH.inversePath, SH.alternativePath}
    assert {verb for verb in used - known - prefixes if str(verb).startswith(names.SH)} == set()


@pytest.mark.parametrize(
    "constraint",
    [
        "sh:minLength 3",
        "sh:closed true",
        "sh:equals skos:altLabel",
        "sh:node kgs:Other",
        "sh:xone ( [ sh:minLength 3 ] )",
        "sh:property [ sh:path skos:prefLabel ; sh:maxLength 3 ]",
        "sh:property [ sh:path [ sh:zeroOrMorePath skos:broader ] ; sh:minCount 2 ]",
        "sh:property [ sh:path skos:note ; sh:qualifiedValueShape [ sh:in () ] ; sh:qualifiedMinCount 2 ]",
        'sh:pattern "(?=x)"',
        'sh:pattern "\\\\w"',
        "sh:deactivated true",
    ],
)
def test_what_has_no_query_makes_everything_a_suspect(constraint: str) -> None:
    turtle = f"""@prefix kgs: <urn:s#> . @prefix sh: <{names.SH}> . @prefix skos: <{names.SKOS}> .
        @prefix xsd: <{XSD}> . kgs:Shape sh:targetClass skos:Concept ; {constraint} ."""
    shapes = rules.to_rdflib(syntax.parse(turtle.encode(), "ttl"))
    shape = URIRef("urn:s#Shape")
    with pytest.raises(Untranslated):
        suspects.Translation(shapes, lambda value: {value}).queries(shape)
    [query] = suspects.queries(shape, shapes, lambda value: {value})
    assert query.parts == (shape,)
    data = [
        ox.Triple(
            ox.NamedNode("urn:a"), ox.NamedNode(names.RDF + "type"), ox.NamedNode(names.SKOS + "Concept")
        )
    ]
    facts = Facts()
    facts.judge(data)
    assert [str(row["this"]) for row in facts.store.query(query.text)] == ["<urn:a>"]  # type: ignore[union-attr]


# The facts


@pytest.mark.parametrize(("value", "datatype"), WRITTEN)
def test_the_facts_give_literals_back_as_they_were_written(value: str, datatype: str) -> None:
    facts = Facts()
    triple = ox.Triple(INVENTED, ox.NamedNode("urn:p"), literal(value, datatype))
    facts.judge([triple])
    [(subject, verb, found)] = facts.graph()
    [again] = rules.to_rdflib([triple])
    assert (subject, verb, found) == again
    assert again in facts.graph()


def test_two_ways_of_writing_one_number_stay_two_values() -> None:
    facts = Facts()
    facts.judge(
        [ox.Triple(INVENTED, ox.NamedNode("urn:p"), literal(text, "integer")) for text in ("7", "07")]
    )
    assert sorted(map(str, facts.graph().objects())) == ["07", "7"]


def test_the_facts_keep_blank_nodes_and_named_graphs_do_not_matter() -> None:
    facts = Facts()
    node = ox.BlankNode("b0")
    facts.judge(
        [ox.Quad(node, ox.NamedNode("urn:p"), node, ox.NamedNode(f"urn:g{index}")) for index in range(2)]
    )
    assert list(facts.graph()) == [(BNode("b0"), URIRef("urn:p"), BNode("b0"))]
    assert facts.described == {BNode("b0")}


def test_what_is_told_counts_up_to_the_end() -> None:
    said: list[tuple[str, int, int]] = []
    data = [*whole(), *syntax.read_file(CASES / "project" / "F07-a-project-without-a-topic.ttl")]
    check_large(data, "contribution", context=world(), told=lambda *each: said.append(each))
    for step in ("find", "judge"):
        counts = [(done, of) for name, done, of in said if name == step]
        assert [done for done, _of in counts] == sorted({done for done, _of in counts})
        assert counts[-1][0] == counts[-1][1] > 0


def test_nothing_is_broken_in_nothing() -> None:
    assert check_large([], "graph") == []
