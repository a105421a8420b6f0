"""What a page tells search engines of its thing, in the words of schema.org."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, Final

import pytest
import rdflib
from rdflib import RDF, RDFS, Literal, URIRef
from starlette.testclient import TestClient

from kogge import names
from kogge.portal import schema_org

from .reading import page

# rdflib, of itself
pytestmark = pytest.mark.filterwarnings("ignore:ConjunctiveGraph is deprecated")

VOCABULARIES: Final = Path(__file__).parents[2] / "shared" / "standards" / "vocabularies"
SCHEMA: Final = rdflib.Namespace("https://schema.org/")
# Pages of things: what each is in schema.org.
PAGES: Final = {
    "municipality/kiel": "GovernmentOrganization",
    "state/land-brandenburg": "GovernmentOrganization",
    "organisation/berlin-partner": "Organization",
    "alliance/smarte-hanse": "Consortium",
    "project/groningen-nachhaltigkeit-energie": "Project",
    "event/expertentreffen-2019": "Event",
    "event/exkursion-bike-tour-2019": "Event",
    "person/jan-lindenau": "Person",
    "agreement/gemeinsame-erklaerung-2017": "CreativeWork",
    "document/gruendung-smarte-hanse": "CreativeWork",
    "topic/wasserstoff": "DefinedTerm",
    "need/schwerin-energie": "Thing",
}


def told(web: TestClient, path: str, lang: str = "en") -> dict[str, Any]:
    """What a page says to search engines."""
    text = page(web, f"/{lang}/{path}")
    (found,) = re.findall(r'<script type="application/ld\+json">(.*?)</script>', text, re.DOTALL)
    said: dict[str, Any] = json.loads(found)
    return said


def read(said: dict[str, Any]) -> rdflib.Graph:
    """The same as rdflib reads it, without asking schema.org for its context."""
    assert said["@context"] == "https://schema.org"
    local = {**said, "@context": {"@vocab": str(SCHEMA)}}
    return rdflib.Graph().parse(data=json.dumps(local), format="json-ld")


@pytest.mark.parametrize("lang", names.LANGUAGES)
@pytest.mark.parametrize("path", PAGES)
def test_a_page_says_what_its_thing_is_and_what_it_is_called(web: TestClient, path: str, lang: str) -> None:
    said = told(web, path, lang)
    kind = "" if path.startswith("topic/") else "id/"
    thing = URIRef(names.BASE + kind + path)
    graph = read(said)
    assert (thing, RDF.type, SCHEMA[PAGES[path]]) in graph
    (name,) = graph.objects(thing, SCHEMA.name)
    assert str(name) in page(web, f"/{lang}/{path}").replace("&#39;", "'").replace("&amp;", "&")


def test_an_event_has_its_date_its_place_its_parts_and_its_name(web: TestClient) -> None:
    event = URIRef(names.thing("event", "expertentreffen-2019"))
    graph = read(told(web, "event/expertentreffen-2019"))
    assert graph.value(event, SCHEMA.name) == Literal("Expert meeting 2019")
    assert {str(each) for each in graph.objects(event, SCHEMA.startDate)} == {"2019-11-07", "2019-11-12"}
    place = graph.value(event, SCHEMA.location)
    assert graph.value(place, SCHEMA.name) == Literal("Groningen")
    assert (place, RDF.type, SCHEMA.Place) in graph
    assert len(set(graph.objects(event, SCHEMA.subEvent))) > 3
    assert told(web, "event/expertentreffen-2019", "nl")["name"] == "Expertbijeenkomst 2019"


def test_of_a_person_nothing_is_said_but_the_name_and_where_else_it_is_known(web: TestClient) -> None:
    said = told(web, "person/jan-lindenau")
    assert said["name"] == "Jan Lindenau"
    assert set(said) <= {"@context", "@id", "@type", "name", "alternateName", "sameAs"}


def test_no_text_ends_the_element_in_which_it_stands() -> None:
    said = schema_org.about("https://example.org/x", "</script><script>alert(1)", (), {}, "de")
    text = schema_org.script(said)
    assert "<" not in text
    assert json.loads(text)["name"] == "</script><script>alert(1)"


def test_every_property_is_one_that_schema_org_knows_of_such_a_thing(web: TestClient) -> None:
    paths = [*VOCABULARIES.glob("schemaorg*.ttl")]
    if not paths:
        pytest.skip("the vocabulary of schema.org is not here")
    vocabulary = rdflib.Graph()
    for each in paths:
        vocabulary.parse(each, format="turtle")
    used = set()
    for path in PAGES:
        graph = read(told(web, path))
        for thing, kind in graph.subject_objects(RDF.type):
            above = set(vocabulary.transitive_objects(kind, RDFS.subClassOf))
            assert SCHEMA.Thing in above, kind
            for term in set(graph.predicates(thing)) - {RDF.type}:
                assert above & set(vocabulary.objects(term, SCHEMA.domainIncludes)), (path, kind, term)
                used.add(term)
    assert len(used) > 8
