"""The code lists of others: as the lists themselves say it, and complete for what is named."""

from __future__ import annotations

from pathlib import Path

import pytest
import rdflib
from rdflib import RDF, SKOS, URIRef

from kogge import codelists, names, rules
from kogge.errors import Misconfigured
from kogge.portal.office import office
from kogge.settings import Settings

STANDARDS = Path(__file__).parents[2] / "shared" / "standards"
OFFICIAL = (
    "eu-vocabularies/eu-authority-subset.ttl",
    "eu-vocabularies/original/ADMS_SKOS_v1.00.rdf",
    "dcat-ap-de/vocabularies/dcat-ap-de-contributors.rdf",
    "dcat-ap-de/vocabularies/dcat-ap-de-licenses-open.rdf",
    "dcat-ap-de/vocabularies/politicalGeocoding-level-derived.ttl",
)
EUROPE = "http://publications.europa.eu/resource/authority/"


def test_every_value_is_in_the_official_list_under_one_of_its_labels() -> None:
    if not STANDARDS.is_dir():
        pytest.skip("../shared/standards is not here")
    official = rdflib.Graph()
    for name in OFFICIAL:
        official.parse(STANDARDS / name)
    checked = 0
    for each in codelists.code_lists().values():
        for value in each.values.values():
            iri = URIRef(value.iri)
            assert (iri, SKOS.inScheme, URIRef(each.scheme)) in official, value.iri
            known = {str(label) for label in official.objects(iri, SKOS.prefLabel)}
            assert set(value.labels.values()) <= known, value.iri
            checked += 1
    assert checked > 120


def test_a_value_is_described_with_its_types_its_list_and_labels() -> None:
    graph = rules.to_rdflib(codelists.described([EUROPE + "language/NLD", "https://example.org/else"]))
    dutch = URIRef(EUROPE + "language/NLD")
    assert set(graph.objects(dutch, RDF.type)) == {SKOS.Concept, rdflib.DCTERMS.LinguisticSystem}
    assert graph.value(dutch, SKOS.inScheme) == URIRef(EUROPE + "language")
    assert (URIRef(EUROPE + "language"), RDF.type, SKOS.ConceptScheme) in graph
    assert graph.value(URIRef(EUROPE + "language"), rdflib.DCTERMS.title) == rdflib.Literal("language", "en")
    assert {str(each) for each in graph.subjects()} == {str(dutch), EUROPE + "language"}


def test_a_place_of_ours_is_one_of_the_european_list() -> None:
    assert codelists.place_of()[names.thing("municipality", "groningen")].key == "NLD_GRQ"


def test_without_settings_the_publisher_is_who_edits_this_graph_and_no_mailbox_is_invented() -> None:
    said = office(Settings.from_environment({}))
    assert said.publisher == names.thing("organisation", "kogge")
    assert (said.publisher_name, said.publisher_type) == ("The Kogge contributors", "")
    assert (said.contact_email, said.contact_url) == ("", "http://127.0.0.1:8000/")
    assert said.attribution == "The Kogge contributors, CC BY 4.0"


def test_another_publisher_is_not_called_by_our_iri() -> None:
    said = office(
        Settings.from_environment(
            {"KOGGE_PUBLISHER_NAME": "Beispielstadt", "KOGGE_BASE_URL": "https://kogge.example.org"}
        )
    )
    assert said.publisher == "https://kogge.example.org/catalog#publisher"


def test_who_delivers_is_given_by_name_or_by_iri() -> None:
    for given in ("stadtOldenburg", "http://dcat-ap.de/def/contributors/stadtOldenburg"):
        said = office(Settings.from_environment({"KOGGE_CONTRIBUTOR_ID": given}))
        assert said.contributor == "http://dcat-ap.de/def/contributors/stadtOldenburg"


@pytest.mark.parametrize(
    ("name", "given", "advice"),
    [
        ("KOGGE_PUBLISHER_TYPE", "City", "LocalAuthority, RegionalAuthority"),
        ("KOGGE_LICENCE", "cc-by/5.0", "cc-by/4.0, cc-by-sa/4.0"),
        ("KOGGE_LICENCE", "http://creativecommons.org/licenses/by/4.0/", "cc-by/4.0"),
        ("KOGGE_CONTRIBUTOR_ID", "stadtoldenburg", "stadtOldenburg"),
    ],
)
def test_what_a_portal_would_reject_is_refused_with_what_it_takes(name: str, given: str, advice: str) -> None:
    with pytest.raises(Misconfigured, match=name) as error:
        office(Settings.from_environment({name: given}))
    assert advice in str(error.value)
