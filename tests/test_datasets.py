"""Which datasets are offered: the whole graph, one of each subject, one of each alliance."""

from __future__ import annotations

import json

import pytest

from kogge import media, names, questions
from kogge.desk import Desk
from kogge.ledger import Version
from kogge.portal import datasets
from kogge.portal.datasets import Dataset
from kogge.portal.release import Counts, File, Made, Release
from kogge.store.rows import read

SUBJECTS = ["kogge", "municipalities", "projects", "expertise", "events", "topics"]
ALLIANCES = ["alliance-regio-hub", "alliance-smarte-hanse", "alliance-trilaterale-kooperation"]


@pytest.fixture(scope="module")
def desk() -> Desk:
    return Desk.in_memory()


@pytest.fixture(scope="module")
def offered(desk: Desk) -> dict[str, Dataset]:
    text = questions.load(datasets.ALLIANCES).text
    rows = read(desk.evaluate(text, media.SPARQL_JSON.type).body)
    return {each.slug: each for each in datasets.read(rows)}


def test_each_subject_and_each_alliance_of_the_graph_is_a_dataset(offered: dict[str, Dataset]) -> None:
    assert list(offered) == SUBJECTS + ALLIANCES
    assert offered["alliance-smarte-hanse"].title == {
        "de": "Bündnis: Smarte Hanse",
        "en": "Alliance: Smarte Hanse",
        "nl": "Samenwerkingsverband: Smarte Hanse",
    }
    for each in offered.values():
        assert set(each.title) == set(each.description) == set(names.LANGUAGES)
        assert each.iri == f"https://w3id.org/kogge/dataset/{each.slug}"
        assert all(len(text) > 50 for text in each.description.values())  # what portals show is a sentence


def test_an_alliance_that_joins_is_a_dataset_too_whatever_names_it_has() -> None:
    bindings = [{"alliance": {"type": "uri", "value": names.thing("alliance", "neu")}}]
    assert datasets.read([])[-1].slug == "topics"
    (new,) = datasets.read(read(json.dumps({"results": {"bindings": bindings}}).encode()))[6:]
    assert (new.slug, new.alliance) == ("alliance-neu", names.thing("alliance", "neu"))
    assert new.title["nl"] == "Samenwerkingsverband: neu"


def test_tables_come_as_csv_where_there_is_one_and_in_an_archive_where_there_are_several(
    offered: dict[str, Dataset],
) -> None:
    assert offered["events"].path(media.CSV) == "/dumps/events.csv"
    assert media.TABLES in offered["kogge"].formats
    assert media.TABLES not in offered["events"].formats
    assert offered["kogge"].path(media.TABLES) == "/dumps/kogge.csv.zip"
    assert media.GEOJSON in offered["municipalities"].formats
    assert media.GEOJSON not in offered["topics"].formats


@pytest.mark.parametrize("slug", SUBJECTS[1:] + ALLIANCES)
def test_the_question_of_each_dataset_finds_things(
    desk: Desk, offered: dict[str, Dataset], slug: str
) -> None:
    each = offered[slug]
    params = {"alliance": each.alliance} if each.alliance else {}
    text = questions.as_text(questions.load(f"export/{each.things}"), params)
    found = {str(row["thing"]) for row in read(desk.evaluate(text, media.SPARQL_JSON.type).body)}
    assert len(found) > 5
    if each.alliance:
        assert each.alliance in found
        others = {names.thing("alliance", name.removeprefix("alliance-")) for name in ALLIANCES}
        assert found.isdisjoint(others - {each.alliance})


def test_what_is_drawn_from_graphs_is_as_new_as_the_newest_of_them() -> None:
    def version(graph: str, at: str) -> Version:
        return Version(1, graph, 1, "", "repository", "", at, None)

    newest = [version("a", "2026-01-01T00:00:00Z"), version("b", "2026-02-01T00:00:00Z")]
    assert datasets.modified({"a"}, newest) == "2026-01-01T00:00:00Z"
    assert datasets.modified({"a", names.DERIVED_GRAPH}, newest) == "2026-02-01T00:00:00Z"
    assert datasets.modified({"a"}, []) == ""


def test_a_release_is_read_as_it_was_written() -> None:
    file = File("events.ttl", "text/turtle", 12, "00")
    counts = Counts(3, {"https://w3id.org/kogge/ontology#Event": 1}, {names.RDF + "type": 1})
    made = Made("events", {"de": "Treffen"}, "2026-01-01T00:00:00Z", counts, ("a",), {"ttl": file})
    release = Release("2026-01-01-abc", "abc", "2026-01-01", 0, "1", {"events": made})
    assert Release.read(release.write()) == release
