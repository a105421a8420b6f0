"""What a page tells search engines of its thing, in the words of schema.org."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from kogge import syntax
from kogge.portal import schema_org

VOCABULARIES = Path(__file__).parents[2] / "shared" / "standards" / "vocabularies"


def told(web: TestClient, path: str, lang: str = "en") -> dict[str, Any]:
    return schema_org.about(web.get(f"{path}.json").json(), lang)


def test_an_event_has_its_date_its_place_and_its_name(web: TestClient) -> None:
    event = told(web, "/id/event/expertentreffen-2019")
    assert event["@type"] == "Event"
    assert event["name"] == "Expert meeting 2019"
    assert event["startDate"] == ["2019-11-07", "2019-11-12"]
    assert event["location"][0]["name"] == "Groningen"
    assert told(web, "/id/event/expertentreffen-2019", "nl")["name"] == "Expertbijeenkomst 2019"


def test_other_things_are_told_as_what_they_are(web: TestClient) -> None:
    for path, kind in (
        ("/id/municipality/kiel", "GovernmentOrganization"),
        ("/id/alliance/smarte-hanse", "Consortium"),
        ("/topic/wasserstoff", "DefinedTerm"),
        ("/id/person/jan-lindenau", "Person"),
        ("/id/need/schwerin-energie", "Thing"),
    ):
        thing = told(web, path)
        assert thing["@type"] == kind
        assert thing["name"]
        assert thing["@id"].endswith(path)


def test_no_text_ends_the_element_in_which_it_stands() -> None:
    tree = {"iri": "https://example.org/x", "label": {"de": "</script><script>alert(1)"}}
    text = schema_org.script(tree, "de")
    assert "<" not in text
    assert json.loads(text)["name"] == "</script><script>alert(1)"


def test_every_word_exists_in_schema_org() -> None:
    found = [path for path in VOCABULARIES.glob("schemaorg*") if path.suffix == ".ttl"]
    if not found:
        pytest.skip("the vocabulary of schema.org is not here")
    known = {
        str(triple.subject)[1:-1].partition("schema.org/")[2]
        for path in found
        for triple in syntax.read_file(path)
    }
    used = set(schema_org._TYPES.values()) | set(schema_org._KEYS.values())
    assert len(known) > 1000
    assert (used | {"Thing", "name", "alternateName", "inLanguage"}) - known == set()
