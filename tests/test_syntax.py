"""Syntax: reading what others wrote, and the one canonical Turtle."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyoxigraph import BlankNode, Literal, NamedNode, Triple

from kogge import artefacts, names, syntax, turtle
from kogge.errors import NotFound, TooLarge, Unprocessable, Unreadable, UnsupportedType

ONE = Triple(NamedNode("http://a.example/s"), NamedNode("http://a.example/p"), Literal("o"))


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.ttl", '<http://a.example/s> <http://a.example/p> "o" .'),
        ("a.nt", '<http://a.example/s> <http://a.example/p> "o" .'),
        ("a.jsonld", '{"@id": "http://a.example/s", "http://a.example/p": "o"}'),
        ("text/turtle; charset=utf-8", '<http://a.example/s> <http://a.example/p> "o" .'),
        (
            "a.rdf",
            """<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:a="http://a.example/">
            <rdf:Description rdf:about="http://a.example/s"><a:p>o</a:p></rdf:Description></rdf:RDF>""",
        ),
        ("a.trig", '<http://a.example/s> <http://a.example/p> "o" .'),
    ],
)
def test_the_same_triple_is_read_from_every_format(name: str, text: str) -> None:
    assert syntax.parse(text.encode(), name) == [ONE]
    assert syntax.parse(b"\xef\xbb\xbf" + text.encode(), name) == [ONE]


@pytest.mark.parametrize(
    ("name", "data", "line", "column"),
    [
        ("a.ttl", b'<http://a> <http://b>\n  "c', 2, 3),
        ("a.ttl", b"<http://a> <http://b> ex:c .", 1, 23),
        ("a.ttl", "# ä\n# ö \udcff".encode("utf-8", "surrogateescape"), 2, 5),
        ("a.jsonld", b'{\n "@id": }', 2, 9),
        ("a.rdf", b"<a>\n<b></a>", 2, 6),
        ("a.rdf", b'<?xml version="1.0"?>\n<!DOCTYPE a [<!ENTITY b "c">]><a/>', 2, 1),
        ("a.ttl", "<http://a> <http://b> 1 .".encode("utf-16"), 1, 1),
    ],
)
def test_what_cannot_be_read_is_told_with_its_place(name: str, data: bytes, line: int, column: int) -> None:
    with pytest.raises(Unreadable, match=f"a file, line {line}, column {column}: ") as error:
        syntax.parse(data, name, name="a file")
    assert (error.value.line, error.value.column) == (line, column)
    assert "Parser error" not in str(error.value)


@pytest.mark.parametrize(
    ("name", "data", "reason"),
    [
        ("a.trig", b"<http://g> { <http://a> <http://b> 1 }", "named graphs"),
        ("a.jsonld", b'{"@context": "http://a.example/context", "b": 1}', "remote context"),
        ("a.jsonld", b'{"@id": "http://g", "@graph": [{"@id": "http://a", "http://b": 1}]}', "named graphs"),
        ("a.jsonld", b'{"http://b": ' * 33 + b"1" + b"}" * 33, "32 deep"),
        ("a.jsonld", b'{"http://b": ' * 100_000, "32 deep"),
        ("a.ttl", b"<http://a> <http://b> " + b"<<( <http://a> <http://b> " * 20_000, "triple terms"),
    ],
)
def test_what_would_harm_or_mislead_is_refused(name: str, data: bytes, reason: str) -> None:
    with pytest.raises(Unreadable, match=reason):
        syntax.parse(data, name)


def test_brackets_in_strings_are_no_nesting() -> None:
    assert len(syntax.parse(b'{"@id": "http://a", "http://b": "' + b"[{" * 100 + b'"}', "a.jsonld")) == 1


def test_a_body_above_the_limit_is_too_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(syntax, "MAX_BYTES", 10)
    with pytest.raises(TooLarge):
        syntax.parse(b"# 34567890\n", "a.ttl")


def test_a_file_that_is_not_there_or_of_no_known_format_is_told(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match=r"no\.ttl"):
        syntax.read_file(tmp_path / "no.ttl")
    with pytest.raises(Unreadable, match="cannot be read"):
        syntax.read_bytes(tmp_path)
    with pytest.raises(UnsupportedType, match=r"\.ttl"):
        syntax.format_of("a.docx")


def test_blank_nodes_of_two_documents_never_meet() -> None:
    one, other = (syntax.parse(b"_:a <http://b> 1 .", "ttl") for _ in range(2))
    assert one != other


def test_the_prefixes_are_those_of_the_list_and_one_per_kind() -> None:
    prefixes = syntax.prefixes()
    assert prefixes["kogge"] == names.KOGGE
    assert prefixes["municipality"] == names.thing("municipality", "")
    assert len(set(prefixes.values())) == len(prefixes)


def test_turtle_has_one_canonical_order() -> None:
    text = """
    @prefix k: <https://w3id.org/kogge/ontology#> . @prefix m: <https://w3id.org/kogge/id/municipality/> .
    @prefix s: <http://www.w3.org/2004/02/skos/core#> . @prefix x: <http://www.w3.org/2001/XMLSchema#> .
    m:kiel k:signed true ; s:prefLabel "Kiel"@en, "Kiel"@de ;
        k:population 247717 ; k:stated 1.50 ;
        k:topic <https://w3id.org/kogge/topic/a>, <https://w3id.org/kogge/id/project/kiel/a> ;
        k:ags "01002000" ;
        a k:Municipality ; k:date "2021"^^x:gYear ; k:note "a\\nb \\"c\\""@de ; k:odd "01.0e1"^^x:double .
    <https://w3id.org/kogge/graph/kogge/x> a k:Graph . <http://a.example/> k:signed "1"^^x:boolean .
    """
    assert turtle.write(syntax.parse(text.encode(), "ttl"), comment="# Top") == (
        "# Top\n"
        "@prefix kogge: <https://w3id.org/kogge/ontology#> .\n"
        "@prefix municipality: <https://w3id.org/kogge/id/municipality/> .\n"
        "@prefix skos: <http://www.w3.org/2004/02/skos/core#> .\n"
        "@prefix topic: <https://w3id.org/kogge/topic/> .\n"
        "@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .\n"
        "\n"
        "<https://w3id.org/kogge/graph/kogge/x> a kogge:Graph .\n"
        "\n"
        '<http://a.example/> kogge:signed "1"^^xsd:boolean .\n'
        "\n"
        "municipality:kiel a kogge:Municipality ;\n"
        '    kogge:ags "01002000" ;\n'
        '    kogge:date "2021"^^xsd:gYear ;\n'
        '    kogge:note "a\\nb \\"c\\""@de ;\n'
        '    kogge:odd "01.0e1"^^xsd:double ;\n'
        "    kogge:population 247717 ;\n"
        "    kogge:signed true ;\n"
        "    kogge:stated 1.50 ;\n"
        "    kogge:topic <https://w3id.org/kogge/id/project/kiel/a>, topic:a ;\n"
        '    skos:prefLabel "Kiel"@de, "Kiel"@en .\n'
    )


def test_no_triples_are_an_empty_text() -> None:
    assert turtle.write([]) == ""


locals_ = st.text(st.sampled_from("ab1-_./#ä%"), max_size=6).map(lambda text: text.replace("%", "%20"))
spaces = st.sampled_from([*sorted(syntax.prefixes().values()), "http://a.example/", "urn:a:"])
iris = st.builds(lambda space, local: NamedNode(space + local.replace("#", "")), spaces, locals_)
texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"))
literals = st.one_of(
    st.builds(Literal, texts),
    st.builds(Literal, texts, language=st.sampled_from(["de", "en", "de-at", "nl"])),
    st.builds(Literal, texts, datatype=iris),
    st.builds(
        Literal,
        st.sampled_from(["1", "01", "+1", "-0", "1.0", ".5", "1.", "1e3", "true", "TRUE", "", " 1", "1\n"]),
        datatype=st.sampled_from(["integer", "decimal", "boolean", "double", "string"]).map(
            lambda name: NamedNode(names.XSD + name)
        ),
    ),
)
blank = st.sampled_from(["a", "b1", "c-d"]).map(BlankNode)
triples = st.sets(
    st.builds(Triple, st.one_of(iris, blank), iris, st.one_of(iris, literals, blank)), max_size=12
)


@given(triples)
def test_reading_what_was_written_gives_the_same_triples(given_triples: set[Triple]) -> None:
    text = turtle.write(given_triples)
    again = syntax.parse(text.encode(), "ttl", keep_labels=True)
    assert set(again) == given_triples
    assert turtle.write(reversed(again)) == text


@given(triples)
def test_the_canonical_lines_do_not_depend_on_the_order(given_triples: set[Triple]) -> None:
    listed = sorted(given_triples, key=str)
    lines = syntax.canonical([*listed, *listed[:1]])
    assert lines == syntax.canonical(reversed(listed))
    assert set(syntax.parse(lines, "nt", keep_labels=True)) == given_triples


def test_formatting_keeps_the_comment_at_the_top_and_is_done_once(tmp_path: Path) -> None:
    path = tmp_path / "a.ttl"
    path.write_text(
        "# About\r\n# this\r\n\r\n<http://b> <http://p> '#1' .\r\n<http://a#c> <http://p> 1 .", "utf-8"
    )
    assert turtle.format_file(path)
    assert (
        path.read_text("utf-8")
        == '# About\n# this\n\n<http://a#c> <http://p> 1 .\n\n<http://b> <http://p> "#1" .\n'
    )
    assert not turtle.format_file(path)


def test_formatting_does_not_lose_a_comment_unless_told_to(tmp_path: Path) -> None:
    path = tmp_path / "a.ttl"
    path.write_text(
        '# Top\n<http://a#c> <http://p> """#\n""" .\n\n# important\n<http://b> <http://p> 1 .\n', "utf-8"
    )
    before = path.read_bytes()
    with pytest.raises(Unprocessable, match="line 5"):
        turtle.format_file(path)
    assert path.read_bytes() == before
    assert turtle.format_file(path, drop_comments=True)
    assert "important" not in path.read_text("utf-8")


def test_formatting_refuses_what_has_no_certain_order(tmp_path: Path) -> None:
    path = tmp_path / "a.ttl"
    path.write_text("[] <http://p> 1 .", "utf-8")
    with pytest.raises(Unprocessable, match="blank node"):
        turtle.format_file(path)
    with pytest.raises(UnsupportedType):
        turtle.format_file(tmp_path / "a.nt")


def test_the_files_of_the_graph_and_the_schemes_are_in_canonical_order() -> None:
    paths = [*artefacts.files("graph", ".ttl"), *artefacts.files("ontology/schemes", ".ttl")]
    assert len(paths) > 50
    wrong = []
    for path in paths:
        text = path.read_text("utf-8")
        comment = "".join(line for line in text.splitlines(keepends=True)[:50] if line.startswith("#"))
        if turtle.write(syntax.read_file(path), comment=comment) != text:
            wrong.append(path.name)
    assert wrong == [], "put them in order with: kogge format FILE…"
