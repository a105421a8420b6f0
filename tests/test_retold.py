"""What was found, said again in another language: each text of each rule, and whole contributions."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import asdict, replace
from itertools import permutations
from typing import Any

import pytest
from pyoxigraph import Literal, NamedNode

from kogge import artefacts, media, names, syntax
from kogge.contribution import columns, wording
from kogge.contribution.files import facts
from kogge.contribution.judge import Sent, judge
from kogge.contribution.own import Rights
from kogge.contribution.placeholders import filled
from kogge.contribution.retold import retold
from kogge.contribution.told import reworded

RIGHTS = Rights("luebeck", ("municipality/luebeck",))
TURTLE = """@prefix dcterms: <http://purl.org/dc/terms/> .
@prefix kogge: <https://w3id.org/kogge/ontology#> .
@prefix schema: <https://schema.org/> .
@prefix skos: <http://www.w3.org/2004/02/skos/core#> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .

<https://w3id.org/kogge/id/project/luebeck/a> a kogge:Project ;
    skos:prefLabel "A {value} *"@de ;
    kogge:lead <https://w3id.org/kogge/id/municipality/luebeck> ;
    kogge:status kogge:planned ; schema:endDate "2020"^^xsd:gYear ; kogge:result "Fertig."@de .
<https://w3id.org/kogge/id/need/luebeck/a> a kogge:Need ;
    skos:prefLabel "Gesuch"@de , "Need"@en , "Vraag"@nl ;
    kogge:holder <https://w3id.org/kogge/id/municipality/luebeck> ; kogge:status kogge:open .
"""
CSV = """Titel (Deutsch);Titel (Englisch);Titel (Niederländisch);Federführung;Stand;Beginn;Farbe
Projekt A;;;Lübeck;läuft;2024-05-01 13:30;rot
"""


def texts() -> Iterator[tuple[str, dict[str, str]]]:
    """Each rule with what it says in each language, as it is said, with 7 for what is filled in."""
    for path in artefacts.files("shapes", ".ttl"):
        by_shape: dict[str, dict[str, str]] = {}
        for triple in syntax.read_file(path):
            if triple.predicate.value == names.SH + "message" and isinstance(triple.object, Literal):
                assert isinstance(triple.subject, NamedNode)
                shape = triple.subject.value.replace(names.BASE + "shapes#", "kgs:")
                by_shape.setdefault(shape, {})[triple.object.language or ""] = triple.object.value
        for shape, said in by_shape.items():
            yield shape, {lang: re.sub(r"\{\?\w+\}", "7", text) for lang, text in said.items()}
    for told in (columns.words()["finding"], wording.texts()):
        for rule, by_lang in told.items():
            fields = {name: "7" for text in by_lang.values() for name in re.findall(r"\{(\w+)\}", text)}
            yield f"kgs:{rule}", {lang: text.format(**fields) for lang, text in by_lang.items()}


def test_each_text_of_each_rule_is_said_in_each_language() -> None:
    found = list(texts())
    assert len(found) > 200
    for shape, said in found:
        for there, here in permutations(names.LANGUAGES, 2):
            for told in (lambda text: text, reworded):
                report = json.dumps([{"shape": shape, "message": told(said[there])}])
                (finding,) = retold(report, here)
                assert finding["message"] == told(said[here]), shape


@pytest.mark.parametrize(("body", "kind"), [(TURTLE, media.TURTLE), (CSV, media.CSV)])
def test_what_is_kept_of_a_contribution_is_read_as_if_it_was_sent_in_the_language(
    body: str, kind: media.MediaType
) -> None:
    sent = Sent(body.encode(), kind, names.graph("luebeck", "a"), RIGHTS, "de")
    reports: dict[str, list[dict[str, Any]]] = {
        lang: sorted(
            (asdict(each) for each in judge(replace(sent, lang=lang), facts()).findings),
            key=lambda each: (each["shape"], str(each["where"]), str(each["path"])),
        )
        for lang in names.LANGUAGES
    }
    assert len(reports["de"]) > 2
    for there, here in permutations(names.LANGUAGES, 2):
        assert retold(json.dumps(reports[there]), here) == reports[here]
        assert [each["message"] for each in reports[there]] != [each["message"] for each in reports[here]]


def test_what_no_rule_says_is_left_as_it_was() -> None:
    report = [{"shape": "kgs:Gone", "message": "Der Mond {0} ist voll.", "where": {"line": 3}}]
    assert retold(json.dumps(report), "nl") == report
    assert retold("[]", "en") == []


def test_what_was_filled_in_is_found_with_braces_signs_and_lines() -> None:
    assert filled("{a} (.*) {{}} {b}!", "x\ny (.*) {} {z}!") == {"a": "x\ny", "b": "{z}"}
    assert filled("{a} (.*)", "x y") is None
