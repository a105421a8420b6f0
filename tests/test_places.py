"""Places and model projects: the curated graph against the tables of facts that it was written from."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from rdflib import RDF, Graph, Literal, Namespace, URIRef
from rdflib.namespace import DCTERMS, FOAF, SKOS, XSD
from rdflib.term import Node

from kogge import artefacts, names

FACTS = Path(__file__).resolve().parents[2] / "shared" / "facts"
KOGGE = Namespace(names.KOGGE)
SCHEMA = Namespace("https://schema.org/")
WIKIDATA = "http://www.wikidata.org/entity/"
GEONAMES = "https://sws.geonames.org/"

CLASSES = {"municipality": KOGGE.Municipality, "district": KOGGE.District, "state": KOGGE.State}
ROUNDS = {"2019": 13, "2020": 32, "2021": 28}
# The rows of the evidence that stand in the graph as one plain text each.
TEXTS = {
    "ars": KOGGE.ars,
    "cbs_code": KOGGE.cbsCode,
    "lau_code": KOGGE.lauCode,
    "nuts3_2021": KOGGE.nutsCode,
    "nuts3_2024": KOGGE.nutsCode,
    "NUTS-1": KOGGE.nutsCode,
    "NUTS-2": KOGGE.nutsCode,
}
NAMES = {"official_name_de": "de", "name_nl": "nl"}
LINKS = {"wikidata": WIKIDATA, "geonames_place_id": GEONAMES, "geonames_admin_id": GEONAMES}


def table(name: str) -> list[dict[str, str]]:
    path = FACTS / name
    if not path.is_file():
        pytest.skip(f"the table {name} is not beside this checkout")
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@cache
def parsed(folder: str) -> dict[str, Graph]:
    """Each file of one folder of the graph, by its stem."""
    return {
        path.stem: Graph().parse(path) for path in sorted((artefacts.folder("graph") / folder).glob("*.ttl"))
    }


@cache
def union(*folders: str) -> Graph:
    whole = Graph()
    for folder in folders:
        for graph in parsed(folder).values():
            whole += graph
    return whole


def places() -> Graph:
    return union("municipalities")


def place(row: dict[str, str]) -> URIRef:
    kind = "province" if row["country"] == "NL" and row["kind"] == "state" else row["kind"]
    return URIRef(names.thing(kind, row["place_id"]))


def evidence() -> Iterator[tuple[URIRef, str, str, str]]:
    """(place, property, value, status) of each row of the evidence."""
    found = {row["place_id"]: place(row) for row in table("places.csv")}
    for row in table("places-evidence.csv"):
        yield found[row["place_id"]], row["property"], row["value"], row["status"]


def texts(subject: Node, predicate: URIRef) -> set[str]:
    return {str(value) for value in places().objects(subject, predicate)}


def stated(subject: URIRef, field: str, value: str) -> bool:
    """Whether the graph states the value that a row of the evidence gives."""
    graph = places()
    if field in TEXTS:
        return (subject, TEXTS[field], Literal(value)) in graph
    if field == "ags":
        return (subject, KOGGE.ags, Literal(value)) in graph
    if field in NAMES:
        name = Literal(value, lang=NAMES[field])
        return any((subject, label, name) in graph for label in (SKOS.prefLabel, SKOS.altLabel))
    if field in LINKS:
        end = "/" if LINKS[field] == GEONAMES else ""
        links = {URIRef(f"{LINKS[field]}{part}{end}") for part in value.split("|")}
        return links <= set(graph.objects(subject, SCHEMA.sameAs))
    if field == "lat/lon":
        latitude, longitude = (Literal(part, datatype=XSD.decimal) for part in value.split(" / "))
        return (subject, SCHEMA.latitude, latitude) in graph and (
            subject,
            SCHEMA.longitude,
            longitude,
        ) in graph
    if field == "population":
        return (subject, KOGGE.population, Literal(int(value))) in graph
    if field == "website":
        return (subject, FOAF.homepage, URIRef(value)) in graph
    raise AssertionError(f"no way to look up {field}")


def test_every_place_of_the_table_is_there_with_its_class() -> None:
    rows = table("places.csv")
    assert Counter(row["kind"] for row in rows) == {"municipality": 17, "district": 6, "state": 7}
    for row in rows:
        wanted = KOGGE.Province if "/province/" in place(row) else CLASSES[row["kind"]]
        assert set(places().objects(place(row), RDF.type)) == {wanted}, row["place_id"]


def test_every_verified_value_is_stated_as_the_table_has_it() -> None:
    # An area, a key of a map or library, a type and what is built from a key have no property in our words.
    left_out = {"area_km2", "osm_relation", "gnd", "type_de", "dcatde_geocoding_uri", "iso_3166_2"}
    rows = [row for row in evidence() if row[3] == "verified" and row[1] not in left_out]
    assert len(rows) == 242
    assert [row for row in rows if not stated(*row[:3])] == []


def test_nothing_is_stated_that_the_table_marks_unverified() -> None:
    rows = [row for row in evidence() if row[3] != "verified"]
    assert len(rows) == 30
    for subject, field, value, _ in rows:
        if field == "nuts3_2024":
            assert len(texts(subject, KOGGE.nutsCode)) == 1, subject
        elif field == "type_de":
            assert not any("kreisangehörig" in text for text in texts(subject, DCTERMS.description)), subject
        elif field == "name_nl" and "/state/" in subject:  # another document says these by now
            cited = URIRef(names.thing("document", "cldr-subdivisions-nl"))
            assert (subject, DCTERMS.source, cited) in places(), subject
            assert stated(subject, field, value), subject
        else:
            assert not stated(subject, field, value), (subject, field)


def test_each_identifier_is_backed_by_a_verified_row() -> None:
    backed = {(s, field) for s, field, _, status in evidence() if status == "verified"}
    properties = {
        KOGGE.ars: ("ars",),
        KOGGE.cbsCode: ("cbs_code",),
        KOGGE.lauCode: ("lau_code",),
        KOGGE.nutsCode: ("nuts3_2021", "nuts3_2024", "NUTS-1", "NUTS-2"),
        KOGGE.population: ("population",),
        SCHEMA.latitude: ("lat/lon",),
        FOAF.homepage: ("website",),
    }
    counted = 0
    for predicate, fields in properties.items():
        for subject in places().subjects(predicate):
            assert any((subject, field) in backed for field in fields), (subject, predicate)
            counted += 1
    assert counted == 134


def test_a_population_has_its_date() -> None:
    dated = {place(row): row["population_date"] for row in table("places.csv") if row["population_date"]}
    assert len(dated) == 29
    assert set(places().subjects(KOGGE.population)) == set(dated)
    assert {s: str(day) for s, day in places().subject_objects(KOGGE.populationDate)} == dated


def test_the_states_have_the_key_of_the_table() -> None:
    keys = {place(row): row["ags"] for row in table("places.csv") if row["kind"] == "state" and row["ags"]}
    assert len(keys) == 6
    assert all(texts(subject, KOGGE.ags) == {key} for subject, key in keys.items())


def test_a_place_lies_in_the_next_higher_one() -> None:
    rows = {row["place_id"]: row for row in table("places.csv")}
    for row in rows.values():
        above = row["district_place_id"] or row["state_place_id"]
        if above:
            assert set(places().objects(place(row), SCHEMA.containedInPlace)) == {place(rows[above])}
    assert (
        Counter(str(s).rsplit("/", 1)[1] for s in places().objects(None, SCHEMA.containedInPlace))["DEU"]
        == 16
    )


def test_whatever_a_place_lies_in_is_defined() -> None:
    targets = set(places().objects(None, SCHEMA.containedInPlace))
    # Six districts, sixteen states, a province, two countries.
    assert len(targets) == 25
    assert [target for target in targets if (target, RDF.type, None) not in places()] == []


def test_the_city_and_the_state_of_bremen_are_two_things() -> None:
    city, state = (
        URIRef(names.thing(*name)) for name in (("municipality", "bremen"), ("state", "land-bremen"))
    )
    assert (city, SCHEMA.containedInPlace, state) in places()
    assert texts(city, KOGGE.ags) == {"04011000"}
    assert texts(state, KOGGE.ags) == {"04"}
    assert not texts(city, SCHEMA.sameAs) & texts(state, SCHEMA.sameAs)
    labels = [
        set(places().objects(s, SKOS.prefLabel)) | set(places().objects(s, SKOS.altLabel))
        for s in (city, state)
    ]
    assert not labels[0] & labels[1]


def test_only_berlin_shares_its_links_between_city_and_state() -> None:
    shared = Counter(places().objects(None, SCHEMA.sameAs))
    assert {str(link) for link, count in shared.items() if count > 1} == {
        WIKIDATA + "Q64",
        GEONAMES + "2950157/",
    }


def test_no_dutch_authority_has_a_german_key() -> None:
    dutch = [names.thing("municipality", "groningen"), names.thing("province", "provincie-groningen")]
    for subject in map(URIRef, dutch):
        assert (subject, RDF.type, None) in places()
        assert not texts(subject, KOGGE.ags) | texts(subject, KOGGE.ars)


def test_a_key_belongs_to_one_authority() -> None:
    keys = Counter(str(key) for key in places().objects(None, KOGGE.ags))
    # 16 German municipalities and 69 more of the model projects, 6 districts and 11 more, 16 states.
    assert len(keys) == 16 + 69 + 6 + 11 + 16
    assert set(keys.values()) == {1}


def test_each_thing_is_defined_in_one_file() -> None:
    rounds = [
        graph
        for stem, graph in parsed("programmes").items()
        if stem in {"mpsc", *(f"mpsc-{y}" for y in ROUNDS)}
    ]
    for graphs, count in ((list(parsed("municipalities").values()), 122), (rounds, 79)):
        things = Counter(
            s for graph in graphs for s in set(graph.subjects(RDF.type)) if not str(s).startswith(names.GRAPH)
        )
        assert len(things) == count
        assert [thing for thing, files in things.items() if files > 1] == []


def participants() -> dict[str, list[frozenset[str]]]:
    """Year of the round → the keys of those who take part in each funding (none for the association)."""
    found: dict[str, list[frozenset[str]]] = {}
    for year in ROUNDS:
        graph = parsed("programmes")[f"mpsc-{year}"]
        programme = URIRef(names.thing("programme", f"mpsc-{year}"))
        found[year] = [
            frozenset(
                key for who in graph.objects(funding, KOGGE.participant) for key in texts(who, KOGGE.ags)
            )
            for funding in graph.subjects(RDF.type, KOGGE.Funding)
            if (funding, DCTERMS.isPartOf, programme) in graph
        ]
    return found


def test_each_round_has_its_fundings() -> None:
    assert {year: len(fundings) for year, fundings in participants().items()} == ROUNDS
    assert sum(ROUNDS.values()) == 73


def test_the_keys_of_those_who_take_part_are_those_of_the_table() -> None:
    rows = table("mpsc-2019-2021.csv")
    assert len(rows) == 73
    wanted = {
        year: Counter(
            frozenset(filter(None, row["ags"].split("|"))) for row in rows if row["call_year"] == year
        )
        for year in ROUNDS
    }
    assert {year: Counter(fundings) for year, fundings in participants().items()} == wanted


def test_who_has_no_key_is_the_association() -> None:
    graph = union("programmes")
    keyless = {str(who) for who in graph.objects(None, KOGGE.participant) if not texts(who, KOGGE.ags)}
    assert keyless == {names.thing("organisation", "verband-region-rhein-neckar")}


def test_places_and_fundings_have_one_preferred_label_per_language() -> None:
    graph = union("municipalities", "programmes")
    subjects = set(graph.subjects(SKOS.prefLabel))
    assert len(subjects) >= 200
    for subject in subjects:
        languages = Counter(
            label.language for label in graph.objects(subject, SKOS.prefLabel) if isinstance(label, Literal)
        )
        assert {"de", "en"} <= set(languages), subject
        assert set(languages.values()) == {1}, subject


def test_no_name_is_both_preferred_and_alternative() -> None:
    graph = union("municipalities", "programmes")
    assert [s for s, name in graph.subject_objects(SKOS.altLabel) if (s, SKOS.prefLabel, name) in graph] == []


@pytest.mark.parametrize("folder", ["municipalities", "programmes"])
def test_a_file_names_all_documents_that_it_rests_on(folder: str) -> None:
    known = set(union("sources").subjects(RDF.type, FOAF.Document))
    for stem, graph in parsed(folder).items():
        header = URIRef(names.graph("kogge", f"{folder}-{stem}"))
        named = set(graph.objects(header, DCTERMS.source))
        rested_on = {source for s, source in graph.subject_objects(DCTERMS.source) if s != header}
        assert named == rested_on, stem
        assert named <= known, stem
