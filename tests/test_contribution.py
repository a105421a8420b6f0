"""Contributions: read from every format alike, judged with what the store says, as `kogge check` does."""

from __future__ import annotations

import re
from functools import cache, lru_cache
from pathlib import Path

import pyoxigraph as ox
import pytest
import rdflib
from pyoxigraph import Literal, NamedNode, Quad

from kogge import artefacts, desk, media, names, rules, syntax
from kogge.contribution.files import check_file, facts
from kogge.contribution.judge import Judged, Sent, judge
from kogge.contribution.own import Rights
from kogge.contribution.places import places
from kogge.errors import BadRequest, UnsupportedType
from kogge.media import MediaType

CASES = Path(__file__).parent / "cases" / "shapes"
ALL = sorted(path for path in CASES.glob("*/*.ttl") if "# profile: contribution" in path.read_text("utf-8"))
RIGHT = [path for path in ALL if path.name.startswith("P")]
STEWARD = Rights("kogge", steward=True)
GRAPH = names.graph("kogge", "case")
WORLD = names.graph("kogge", "world")
LUEBECK = names.thing("municipality", "luebeck")
HEAD = "".join(
    f"@prefix {prefix}: <{space}> .\n" for prefix, space in syntax.prefixes().items() if "-" not in prefix
)

PROJECT = """<https://w3id.org/kogge/id/project/luebeck/a> a kogge:Project ; kogge:lead municipality:luebeck ;
    skos:prefLabel "A"@de, "A"@en, "A"@nl ; kogge:topic topic:parken ; kogge:status kogge:running ."""


@cache
def world() -> ox.Store:
    """The invented world of the cases, in a graph."""
    store = ox.Store()
    triples = syntax.read_file(CASES / "world.ttl")
    store.extend(Quad(each.subject, each.predicate, each.object, NamedNode(WORLD)) for each in triples)
    return store


def written(path: Path, wanted: MediaType) -> bytes:
    """A case in another format."""
    triples = syntax.read_file(path)
    return ox.serialize(triples, format=ox.RdfFormat.from_media_type(wanted.type)) or b""


def judged(
    body: str | bytes,
    wanted: MediaType = media.TURTLE,
    store: ox.Store | None = None,
    *,
    graph: str = GRAPH,
    rights: Rights = STEWARD,
) -> Judged:
    data = body.encode() if isinstance(body, str) else body
    return judge(Sent(data, wanted, graph, rights, "en"), store or world())


def test_the_cases_are_found() -> None:
    assert (len(RIGHT), len(ALL)) == (36, 220)


@pytest.mark.parametrize("path", RIGHT, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_what_conforms_does_so_in_every_format_and_is_the_same(path: Path) -> None:
    contents = set()
    for wanted in (media.TURTLE, media.N_TRIPLES, media.JSON_LD, media.RDF_XML):
        result = judged(written(path, wanted), wanted)
        assert result.findings == (), wanted.name
        contents.add(result.graphs[0].content)
    assert contents == {syntax.canonical(syntax.read_file(path))}
    assert judged(path.read_bytes()).findings == ()


@cache
def everything() -> rdflib.Graph:
    return rules.to_rdflib(syntax.read_file(CASES / "world.ttl"))


@lru_cache(maxsize=1)  # one case follows the other, each twice
def found_with_everything(path: Path) -> list[rules.Finding]:
    return rules.check(rules.to_rdflib(syntax.read_file(path)), "contribution", "en", everything())


@pytest.mark.parametrize("many", [0, 10_000], ids=["as large", "as small"])
@pytest.mark.parametrize("path", ALL, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_what_is_looked_up_in_the_store_is_all_that_the_rules_ask_for(
    path: Path, many: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same findings as with the whole world; what is refused before the shapes are asked is refused."""
    monkeypatch.setattr("kogge.contribution.judge._MANY", many)
    expected = found_with_everything(path)
    found = judged(path.read_bytes())
    if early := [each for each in found.findings if each.shape.startswith(("kgs:Term", "kgs:Own-"))]:
        assert len(early) == len(found.findings)
        assert rules.refused(expected)
        return
    told = [(each.severity, each.shape, each.subject, each.path, each.value) for each in found.findings]
    assert told == [(each.severity, each.shape, each.subject, each.path, each.value) for each in expected]


# --- where it is -------------------------------------------------------------------------------------------


def test_every_statement_of_turtle_has_its_place() -> None:
    text = (
        "@prefix a: <https://a.example/> . # @prefix a: <https://no.example/> .\n"
        "PREFIX b: <https://b.example/>\n"
        "@base <https://c.example/x/> .\n"
        'a:eins a b:T ; b:p "x; y. \\"z\\"" , """lang\n'
        ';. """@de , 1.5 , a:o.o ;\n'
        "  b:q <../rel>, true .\n"
        "<zwei> b:p 'ä' , \"ö\"@de-AT ; b:r 5.\n"
        "a:eins b:s a:mit\\,komma .\n"
    )
    a, b, c = (f"https://{letter}.example/" for letter in "abc")
    found = places(text.encode(), media.TURTLE)
    shown = {
        "thing": found.at(a + "eins"),
        "type": found.at(a + "eins", [names.RDF + "type"], b + "T"),
        "text": found.at(a + "eins", [b + "p"], 'x; y. "z"'),
        "long": found.at(a + "eins", [b + "p"], "lang\n;. "),
        "number": found.at(a + "eins", [b + "p"], "1.5"),
        "dots": found.at(a + "eins", [b + "p"], a + "o.o"),
        "relative": found.at(a + "eins", [b + "q"], c + "rel"),
        "other": found.at(c + "x/zwei"),
        "umlaut": found.at(c + "x/zwei", [b + "p"], "ö"),
        "end": found.at(c + "x/zwei", [b + "r"], "5"),
        "again": found.at(a + "eins", [b + "s"], a + "mit,komma"),
        "property": found.at(a + "eins", [b + "none", b + "q"], "none"),
    }
    assert {name: (where.line, where.column) for name, where in shown.items()} == {
        "thing": (4, 1), "type": (4, 10), "text": (4, 20), "long": (4, 36), "number": (5, 13),
        "dots": (5, 19), "relative": (6, 7), "other": (7, 1), "umlaut": (7, 18), "end": (7, 34),
        "again": (8, 12), "property": (6, 3),
    }  # fmt: skip
    assert found.at("https://nobody.example/").line is None


def test_every_triple_of_our_facts_has_its_place() -> None:
    count = 0
    for path in [*artefacts.files("graph", ".ttl"), *artefacts.files("ontology/schemes", ".ttl")]:
        body = path.read_bytes()
        found, lines = places(body, media.TURTLE), body.decode().splitlines()
        for triple in syntax.read_file(path):
            value = triple.object.value if isinstance(triple.object, NamedNode | Literal) else ""
            subject = triple.subject.value if isinstance(triple.subject, NamedNode) else ""
            where = found.values[subject, triple.predicate.value, value]
            assert where.line
            assert where.column
            assert re.match(r'[<"\w:+.-]', lines[where.line - 1][where.column - 1 :]), (path, where)
            count += 1
    assert count > 5000


@pytest.mark.parametrize(
    ("wanted", "body", "line", "column"),
    [
        (media.N_TRIPLES, f"\n<{LUEBECK}> <urn:p> <urn:o> .", 2, 1),
        (
            media.JSON_LD,
            '{"@context": "kogge",\n  "@id": "id:municipality/luebeck",\n "lead": {"@id": "urn:o"}}',
            2,
            10,
        ),
        (
            media.RDF_XML,
            f'<a:RDF xmlns:a="{names.RDF}" xmlns:k="urn:k:">\n <k:Project a:about="{LUEBECK}"/></a:RDF>',
            2,
            2,
        ),
    ],
    ids=["nt", "jsonld", "rdf"],
)
def test_a_thing_has_its_place_in_every_format(wanted: MediaType, body: str, line: int, column: int) -> None:
    where = places(body.encode(), wanted).at(LUEBECK)
    assert (where.line, where.column) == (line, column)


# --- beside what is known ----------------------------------------------------------------------------------


def test_the_older_version_of_the_graph_is_not_looked_up() -> None:
    store = ox.Store()
    store.extend(facts())
    graph, rights = names.graph("luebeck", "projekte"), Rights("luebeck")
    body = HEAD + PROJECT.removesuffix(" kogge:status kogge:running .")
    first = judged(f"{body} kogge:status kogge:running .", store=store, graph=graph, rights=rights)
    assert first.findings == ()
    store.extend(
        Quad(each.subject, each.predicate, each.object, NamedNode(graph))
        for each in syntax.parse(first.graphs[0].content, "nt")
    )
    second = f"{body} kogge:status kogge:done ."
    assert judged(second, store=store, graph=graph, rights=rights).findings == ()
    (finding,) = judged(second, store=store, graph=graph + "-2", rights=rights).findings
    assert finding.shape == "kgs:Project-status"
    assert finding.message.endswith(f"The graph <{graph}> says already: kogge:running.")


def test_what_is_derived_from_an_older_version_is_no_statement_of_the_contributor() -> None:
    store = ox.Store()
    store.extend(facts())
    thing = NamedNode(names.thing("project", "luebeck/a"))
    store.add(
        Quad(
            thing, NamedNode(names.KOGGE + "earliest"), Literal("2021-01-01"), NamedNode(names.DERIVED_GRAPH)
        )
    )
    assert judged(HEAD + PROJECT, store=store).findings == ()


# --- as the command line checks ----------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", ["ttl", "nt", "jsonld", "rdf"])
def test_the_command_checks_as_the_service_judges(suffix: str, tmp_path: Path) -> None:
    (wanted,) = [
        each
        for each in (media.TURTLE, media.N_TRIPLES, media.JSON_LD, media.RDF_XML)
        if each.suffix == suffix
    ]
    graph = names.graph("luebeck", "projekte")
    said = HEAD + (
        "<https://w3id.org/kogge/id/project/luebeck/a> a kogge:Project ; kogge:status kogge:held ;"
        ' skos:prefLabel "A"@de, "B"@de ; kogge:lead municipality:nirgendwo ; kogge:topic topic:parken .'
    )
    foreign = "<https://w3id.org/kogge/id/project/bremen/a> a kogge:Project ."
    control = '<https://w3id.org/kogge/id/project/luebeck/b> skos:note "a\\u007F"@de, "x"^^xsd:duration .'
    for number, text in enumerate((said, HEAD + foreign, HEAD + control)):
        path = tmp_path / f"{number}.{suffix}"
        quads = ox.parse(text.encode(), ox.RdfFormat.TURTLE)
        body = ox.serialize((quad.triple for quad in quads), format=ox.RdfFormat.from_media_type(wanted.type))
        path.write_bytes(body or b"")
        checked = desk.check(path, "contribution", "en", "luebeck/projekte")
        service = judged(path.read_bytes(), wanted, facts(), graph=graph, rights=Rights("luebeck"))
        assert tuple(checked.findings) == service.findings
        assert checked.refused


def test_a_file_of_ours_takes_the_place_of_itself() -> None:
    path = artefacts.folder("graph") / "municipalities" / "luebeck.ttl"
    assert not check_file(path, "en").refused


def test_a_file_that_is_no_contribution_is_told(tmp_path: Path) -> None:
    for name in ("a.trig", "a.nq"):
        (tmp_path / name).write_text("")
        with pytest.raises(UnsupportedType, match="several graphs"):
            check_file(tmp_path / name, "en")
    (tmp_path / "a.ttl").write_text("")
    with pytest.raises(BadRequest, match="luebeck/projects"):
        check_file(tmp_path / "a.ttl", "en", "luebeck")
