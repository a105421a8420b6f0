"""The catalogue for portals: complete, the same in every format, and without what portals stumble over."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from functools import cache
from pathlib import Path

import pyoxigraph as ox
import pyshacl
import pytest
import rdflib
from rdflib import DCTERMS, RDF, SH, URIRef
from rdflib.namespace import DCAT, FOAF

from kogge import media, names, rules
from kogge.desk import Desk
from kogge.errors import Misconfigured, Unavailable
from kogge.portal import catalog, entry, facts, schema_org_datasets
from kogge.portal.facts import Facts
from kogge.portal.office import Office, office
from kogge.portal.release import Counts, File, Made, Release
from kogge.rules import official
from kogge.settings import Settings

STANDARDS = Path(__file__).parents[2] / "shared" / "standards"
needs_standards = pytest.mark.skipif(not STANDARDS.is_dir(), reason="../shared/standards is not here")
EUROPE = "http://publications.europa.eu/resource/authority/"
SPDX = rdflib.Namespace("http://spdx.org/rdf/terms#")
HYDRA = rdflib.Namespace("http://www.w3.org/ns/hydra/core#")
VCARD = rdflib.Namespace("http://www.w3.org/2006/vcard/ns#")
DCATAP = rdflib.Namespace("http://data.europa.eu/r5r/")
DCATDE = rdflib.Namespace("http://dcat-ap.de/def/dcatde/")
BASE = "https://kogge.example.org"
CONFIGURED = {
    "KOGGE_BASE_URL": BASE,
    "KOGGE_PUBLISHER_NAME": "Beispielstadt",
    "KOGGE_PUBLISHER_IRI": "https://www.beispielstadt.example/#stadt",
    "KOGGE_PUBLISHER_TYPE": "LocalAuthority",
    "KOGGE_CONTACT_EMAIL": "opendata@beispielstadt.example",
    "KOGGE_CONTRIBUTOR_ID": "stadtOldenburg",
}
COUNTS = Counts(
    1234,
    {names.KOGGE + "Project": 12, "https://foreign.example/Class": 1},
    {names.RDF + "type": 13, names.SKOS + "prefLabel": 36},
)
# Warnings that nobody can avoid, with the reason: set, property → why.
UNAVOIDABLE = {
    ("DCAT-AP 3.0.1, recommended", "bbox"): "no source says which box is around a place",
    ("DCAT-AP 3.0.1, recommended", "centroid"): "no source says where the middle of a country is",
    ("DCAT-AP 3.0.1, recommended", "temporal"): "a thesaurus is about no time",
    ("DCAT-AP 3.0.1, code lists", "publisher"): "a municipality is no body of the European Union",
}


@pytest.fixture(scope="module")
def known() -> Facts:
    desk = Desk.in_memory()
    return facts.ask(desk._store.engine)


@cache
def said_by(**environment: str) -> Office:
    return office(Settings.from_environment(environment))


def release(known: Facts) -> Release:
    digest = "91e6dc7866974ec6e089dd8d862a47a0139fb7538efc73189d161cc57a98bc5a"
    made = {}
    for about in known.datasets:
        of = about.dataset
        files = {
            form.suffix: File(f"{of.slug}.{form.suffix}", form.type, 45678, digest) for form in of.formats
        }
        made[of.slug] = Made(of.slug, of.title, "2026-11-21T10:00:00Z", COUNTS, (), files)
    return Release("2026-11-21-0", "0", "2026-11-21", 0, "", made)


def graph_of(known: Facts, of: Office, made: Release | None = None) -> rdflib.Graph:
    return rules.to_rdflib(catalog.catalogue(known, of, made).page(1))


@pytest.fixture(scope="module")
def complete(known: Facts) -> rdflib.Graph:
    return graph_of(known, said_by(**CONFIGURED), release(known))


@pytest.fixture(scope="module")
def short(known: Facts) -> rdflib.Graph:
    """The same with the whole graph and one alliance alone: enough to be wrong."""
    few = replace(known, datasets=(known.datasets[0], known.datasets[-1]))
    return graph_of(few, said_by(**CONFIGURED), release(few))


def results(graph: rdflib.Graph, of: official.ShapeSet) -> list[tuple[str, str, str]]:
    """Severity, property and sort of each result of a set, on the graph alone."""
    shapes = official._shapes(of, STANDARDS)
    _conforms, report, _text = pyshacl.validate(graph, shacl_graph=shapes, inference="none", advanced=False)
    assert isinstance(report, rdflib.Graph)
    return [
        (
            str(report.value(result, SH.resultSeverity)).rpartition("#")[2],
            re.split(r"[/#]", str(report.value(result, SH.resultPath)))[-1],
            str(report.value(result, SH.sourceConstraintComponent)).rpartition("#")[2],
        )
        for result in report.objects(predicate=SH.result)
    ]


# What portals demand


@needs_standards
@pytest.mark.parametrize("of", official.sets("portal"), ids=lambda each: each.name)
def test_the_official_shapes_find_nothing_that_could_be_avoided(
    complete: rdflib.Graph, of: official.ShapeSet
) -> None:
    found = results(complete, of)
    if of.name == "DCAT-AP 3.0.1, code lists":  # it wants https in IRIs of SPDX, which begin with http
        found = [each for each in found if each[1:] != ("algorithm", "NodeConstraintComponent")]
    assert [each for each in found if each[0] == "Violation"] == []
    assert [each for each in found if (of.name, each[1]) not in UNAVOIDABLE] == []


@needs_standards
def test_without_settings_and_dumps_only_the_deliverer_to_govdata_is_missing(known: Facts) -> None:
    graph = graph_of(known, said_by())
    for of in official.sets("portal"):
        paths = {path for severity, path, _ in results(graph, of) if severity == "Violation"}
        assert paths == ({"contributorID"} if "conventions" in of.name else set()), of.name
    assert rules.check(graph, "portal") == []
    others = official.check(graph, "portal", STANDARDS, "en")
    assert {each.severity for each in others} <= {"warning"}


def test_our_own_rules_find_nothing(complete: rdflib.Graph) -> None:
    assert rules.check(complete, "portal", "de") == []


SUBJECTS = {
    "catalogue": DCAT.Catalog,
    "dataset": DCAT.Dataset,
    "distribution": DCAT.Distribution,
    "service": DCAT.DataService,
    "publisher": FOAF.Agent,
    "contact": VCARD.Kind,
    "period": DCTERMS.PeriodOfTime,
    "checksum": SPDX.Checksum,
}
TEXT, IRI = rdflib.Literal("x", lang="de"), URIRef("https://kogge.example.org/x")
PLAIN = rdflib.Literal("x")
# What is demanded of each: the property, and a value of the wrong sort (None: there is none).
DEMANDED = [
    ("catalogue", DCTERMS.title, IRI),
    ("catalogue", DCTERMS.description, IRI),
    ("catalogue", DCTERMS.publisher, PLAIN),
    ("catalogue", DCAT.dataset, PLAIN),
    ("dataset", DCTERMS.title, IRI),
    ("dataset", DCTERMS.description, IRI),
    ("dataset", DCTERMS.publisher, PLAIN),
    ("distribution", DCAT.accessURL, PLAIN),
    ("distribution", DCTERMS.license, PLAIN),
    ("service", DCTERMS.title, IRI),
    ("service", DCAT.endpointURL, PLAIN),
    ("service", DCTERMS.publisher, PLAIN),
    ("publisher", FOAF.name, IRI),
    ("contact", VCARD.hasEmail, PLAIN),
    ("period", DCAT.startDate, PLAIN),
    ("checksum", SPDX.algorithm, PLAIN),
    ("checksum", SPDX.checksumValue, PLAIN),
]
WRONG = [
    ("dataset", DCTERMS.issued, rdflib.Literal("2026-11-22")),
    ("dataset", DCTERMS.modified, rdflib.Literal("2026-11-22T10:00:00Z")),
    ("dataset", DCTERMS.title, rdflib.Literal(" ", lang="de")),
    ("dataset", DCTERMS.title, rdflib.Literal("Titel")),
    ("dataset", DCTERMS.description, rdflib.Literal("Text")),
    ("dataset", DCAT.keyword, rdflib.Literal("Wort")),
    ("dataset", DCATAP.availability, URIRef("http://data.europa.eu/r5r/stable")),
    ("dataset", DCAT.theme, URIRef(names.TOPIC + "parken")),
    ("distribution", DCAT.byteSize, rdflib.Literal(45678)),
    ("distribution", DCTERMS["format"], rdflib.Literal("CSV")),
]


def focus(graph: rdflib.Graph, what: str) -> URIRef:
    return URIRef(min(str(each) for each in graph.subjects(RDF.type, SUBJECTS[what])))


def mutated(
    graph: rdflib.Graph, what: str, predicate: URIRef, value: rdflib.term.Node | None
) -> rdflib.Graph:
    """The graph in which a thing lacks a property, or has this value of it alone."""
    changed = rdflib.Graph()
    changed += graph
    thing = focus(graph, what)
    assert (thing, predicate, None) in changed
    changed.remove((thing, predicate, None))
    if what == "catalogue" and predicate == DCAT.dataset and value is None:
        changed.remove((thing, DCAT.service, None))
    if what == "period" and value is None:
        changed.remove((thing, DCAT.endDate, None))
    if value is not None:
        changed.add((thing, predicate, value))
    return changed


CHANGES = [
    *((what, predicate, None) for what, predicate, _ in DEMANDED),
    *DEMANDED,
    *WRONG,
]


@pytest.mark.parametrize(("what", "predicate", "value"), CHANGES)
def test_a_fault_is_caught_by_our_own_rules(
    short: rdflib.Graph, what: str, predicate: URIRef, value: rdflib.term.Node | None
) -> None:
    found = rules.check(mutated(short, what, predicate, value), "portal", "nl")
    violations = [each for each in found if each.severity == "violation"]
    assert {each.subject for each in violations} == {str(focus(short, what))}
    assert all(str(predicate) in rules.predicates(each.path or "") for each in violations)


@needs_standards
@pytest.mark.parametrize("position", range(0, len(CHANGES), 9))
def test_a_fault_is_told_once_though_many_shapes_find_it(short: rdflib.Graph, position: int) -> None:
    what, predicate, value = CHANGES[position]
    graph = mutated(short, what, predicate, value)
    own = rules.check(graph, "portal", "de")
    told = official_too(graph, own)
    paths = [(each.subject, each.path, each.value) for each in told if each.severity == "violation"]
    assert max(Counter(paths).values()) == 1


def official_too(graph: rdflib.Graph, own: list[rules.Finding]) -> list[rules.Finding]:
    return official.merged(own, official.check(graph, "portal", STANDARDS, "de"))


@needs_standards
def test_a_fault_that_only_the_official_shapes_know_is_told_with_the_set(complete: rdflib.Graph) -> None:
    graph = mutated(complete, "dataset", DCTERMS.language, rdflib.Literal("de"))
    assert rules.check(graph, "portal") == []
    told = official_too(graph, [])
    assert any("DCAT-AP" in each.message for each in told if each.severity == "violation")
    assert all(each.shape for each in told)


def test_a_folder_without_the_official_shapes_is_told_where_to_get_them(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match=r"SEMICeu/DCAT-AP"):
        list(official.check(rdflib.Graph(), "portal", tmp_path, "en"))


# What portals stumble over


def test_what_portals_reject_is_not_said(complete: rdflib.Graph) -> None:
    said = {str(predicate) for predicate in complete.predicates()}
    assert "http://www.w3.org/ns/adms#status" not in said
    assert str(DCAT.accessService) not in said
    assert not any(isinstance(term, rdflib.BNode) for triple in complete for term in triple)


def test_identifiers_are_no_addresses_and_all_different(complete: rdflib.Graph) -> None:
    identifiers = [str(each) for each in complete.objects(predicate=DCTERMS.identifier)]
    assert len(set(identifiers)) == len(identifiers) == 9
    assert not any("/" in each or ":" in each for each in identifiers)


def test_every_keyword_is_one_that_ckan_takes(complete: rdflib.Graph) -> None:
    words = [str(each) for each in complete.objects(predicate=DCAT.keyword)]
    assert len(words) > 100
    assert [word for word in words if not re.fullmatch(r"[\w .-]{2,100}", word)] == []


def test_what_is_reached_from_a_dataset_is_all_that_a_portal_shows_and_no_other_dataset(
    complete: rdflib.Graph,
) -> None:
    datasets = set(complete.subjects(RDF.type, DCAT.Dataset))
    for dataset in datasets:
        reached, to_come = {dataset}, [dataset]
        while to_come:
            for value in complete.objects(to_come.pop()):
                if value not in reached:
                    reached.add(value)
                    to_come.append(value)
        assert reached & datasets == {dataset}
        kinds = {kind for node in reached for kind in complete.objects(node, RDF.type)}
        assert {FOAF.Agent, VCARD.Kind, DCAT.Distribution, DCTERMS.LicenseDocument} <= kinds


def test_own_topics_are_subjects_and_themes_are_european(complete: rdflib.Graph) -> None:
    assert all(str(each).startswith(names.TOPIC) for each in complete.objects(predicate=DCTERMS.subject))
    themes = {str(each) for each in complete.objects(predicate=DCAT.theme)}
    assert all(each.startswith(EUROPE + "data-theme/") for each in themes)
    assert {EUROPE + "data-theme/REGI", EUROPE + "data-theme/GOVE"} <= themes


def test_an_alliance_lies_where_its_members_are_and_when_it_met(complete: rdflib.Graph) -> None:
    alliance = URIRef(names.BASE + "dataset/alliance-trilaterale-kooperation")
    places = {str(each).removeprefix(EUROPE) for each in complete.objects(alliance, DCTERMS.spatial)}
    assert places == {"place/DEU_BRE", "place/DEU_OLO", "place/NLD_GRQ"}
    period = complete.value(alliance, DCTERMS.temporal)
    assert str(complete.value(period, DCAT.startDate)) == "2009-05-07"


def test_a_distribution_says_what_the_dump_is(complete: rdflib.Graph) -> None:
    whole = URIRef(names.BASE + "dataset/kogge")
    turtle = URIRef(f"{whole}#ttl")
    assert complete.value(turtle, DCAT.downloadURL) == URIRef(f"{BASE}/dumps/kogge.ttl")
    size = complete.value(turtle, DCAT.byteSize)
    assert isinstance(size, rdflib.Literal)
    assert (str(size), str(size.datatype)) == ("45678", names.XSD + "nonNegativeInteger")
    assert complete.value(complete.value(turtle, SPDX.checksum), SPDX.checksumValue) is not None
    assert str(complete.value(whole, DCTERMS.modified)) == "2026-11-21T10:00:00Z"
    assert str(complete.value(whole, URIRef(names.VOID + "triples"))) == "1234"
    void = rdflib.Namespace(names.VOID)
    counted = {
        str(complete.value(part, void[of])): str(complete.value(part, void[what]))
        for of, what in (("class", "entities"), ("property", "triples"))
        for part in complete.objects(whole, void[f"{of}Partition"])
    }
    every = {**COUNTS.classes, **COUNTS.properties}
    assert counted == {name: str(number) for name, number in every.items()}
    tables = URIRef(f"{whole}#csv-zip")
    assert str(complete.value(tables, DCAT.mediaType)).endswith("/text/csv")
    assert str(complete.value(tables, DCAT.packageFormat)).endswith("/application/zip")
    shapes = {str(each) for each in complete.objects(whole, DCAT.distribution)}
    endings = {each.partition("#")[2] for each in shapes}
    assert endings == {"ttl", "jsonld", "nq", "nt", "rdf", "trig", "csv-zip", "geojson", "sparql"}


def test_the_endpoint_is_a_service_of_all_datasets_and_a_form_of_the_whole_graph(
    complete: rdflib.Graph,
) -> None:
    [service] = complete.subjects(RDF.type, DCAT.DataService)
    assert complete.value(service, DCAT.endpointURL) == URIRef(f"{BASE}/sparql")
    assert len(set(complete.objects(service, DCAT.servesDataset))) == 9
    endpoint = URIRef(names.BASE + "dataset/kogge#sparql")
    assert complete.value(endpoint, DCAT.accessURL) == URIRef(f"{BASE}/sparql")
    assert complete.value(endpoint, DCAT.downloadURL) is None


# Formats and pages


@pytest.mark.filterwarnings("ignore:ConjunctiveGraph is deprecated")
def test_two_libraries_read_the_same_in_every_format(known: Facts) -> None:
    page = catalog.catalogue(known, said_by(**CONFIGURED), release(known)).page(1)
    meant = set(page)
    as_lines = set(rdflib.Graph().parse(data=catalog.written(page, media.N_TRIPLES), format="nt"))
    formats = {"ttl": "turtle", "rdf": "xml", "jsonld": "json-ld", "nt": "nt"}
    assert {form.suffix for form in catalog.FORMATS} == set(formats)
    for form in catalog.FORMATS:
        body = catalog.written(page, form)
        engine_format = ox.RdfFormat.from_media_type(form.type)
        assert {quad.triple for quad in ox.parse(body, engine_format)} == meant, form.name
        by_rdflib = rdflib.Graph().parse(data=body, format=formats[form.suffix])
        assert set(by_rdflib) == as_lines, form.name


def many(known: Facts, number: int) -> Facts:
    """The facts with so many datasets, each of an alliance of its own."""
    one = known.datasets[-1]
    copies = [replace(one, dataset=replace(one.dataset, slug=f"alliance-{n}")) for n in range(number)]
    return replace(known, datasets=(*known.datasets[:6], *copies[: number - 6]))


def test_above_a_hundred_datasets_there_are_pages_that_lead_to_each_other(known: Facts) -> None:
    of = said_by(**CONFIGURED)
    made = catalog.catalogue(many(known, 201), of)
    assert len(made) == 3
    seen: list[str] = []
    for number in (1, 2, 3):
        graph = rules.to_rdflib(made.page(number))
        datasets = {str(each) for each in graph.subjects(RDF.type, DCAT.Dataset)}
        assert len(datasets) <= 100
        seen += datasets
        view = URIRef(f"{BASE}/catalog?page={number}")
        following = URIRef(f"{BASE}/catalog?page={number + 1}") if number < 3 else None
        assert graph.value(view, RDF.type) == HYDRA.PartialCollectionView
        assert graph.value(view, HYDRA.next) == following
        total = graph.value(URIRef(f"{BASE}/catalog"), HYDRA.totalItems)
        assert total is not None
        assert total.toPython() == 201  # type: ignore[attr-defined]
        assert rules.check(graph, "portal") == []
    assert len(set(seen)) == len(seen) == 201


@needs_standards
def test_every_page_conforms_by_itself(known: Facts) -> None:
    made = catalog.catalogue(many(known, 14), said_by(**CONFIGURED), size=6)
    pages = [rules.to_rdflib(made.page(number)) for number in (1, 2, 3)]
    assert [len(list(page.subjects(RDF.type, DCAT.Dataset))) for page in pages] == [6, 6, 2]
    for of in official.sets("portal")[:3]:
        found = results(pages[1], of)
        assert [each for each in found if each[0] == "Violation"] == [], of.name


def test_one_page_says_nothing_of_pages(complete: rdflib.Graph) -> None:
    assert not any("hydra" in str(predicate) for predicate in complete.predicates())


def test_an_empty_graph_gives_no_catalogue() -> None:
    empty = facts.ask(ox.Store())
    with pytest.raises(Unavailable, match="empty"):
        catalog.catalogue(empty, said_by())


def test_the_files_for_a_static_server_are_the_catalogue_in_each_format(known: Facts) -> None:
    files = catalog.whole(many(known, 120), said_by(**CONFIGURED))
    assert set(files) == {"catalog.ttl", "catalog.rdf", "catalog.jsonld", "catalog.nt"}
    graph = rdflib.Graph().parse(data=files["catalog.ttl"], format="turtle")
    assert len(set(graph.subjects(RDF.type, DCAT.Dataset))) == 120


# Words


ADDED = {  # terms of DCAT-AP.de, which are published in no RDF
    str(DCATDE.contributorID),
    str(DCATDE.politicalGeocodingLevelURI),
    str(DCATDE.licenseAttributionByText),
}


@needs_standards
def test_every_term_exists_in_its_vocabulary(complete: rdflib.Graph) -> None:
    formats = {
        ".ttl": ox.RdfFormat.TURTLE,
        ".nq": ox.RdfFormat.N_QUADS,
        ".rdf": ox.RdfFormat.RDF_XML,
        ".jsonld": ox.RdfFormat.JSON_LD,
    }
    paths = [*(STANDARDS / "vocabularies").iterdir(), STANDARDS / "dcat-ap" / "r5r-3.0.0" / "r5r.ttl"]
    known = {
        str(quad.subject.value)
        for path in paths
        if path.suffix in formats and not re.search(r"SHACL|example", path.name)
        for quad in ox.parse(path.read_bytes(), formats[path.suffix], base_iri="urn:vocabulary:")
        if isinstance(quad.subject, ox.NamedNode)
    }
    terms = {str(each) for each in complete.predicates()}
    terms |= {str(each) for each in complete.objects(predicate=RDF.type)}
    assert len(terms) > 50
    assert terms - known == ADDED


def test_a_dataset_is_told_to_search_engines(known: Facts) -> None:
    about = known.datasets[0]
    for lang in names.LANGUAGES:
        said = schema_org_datasets.dataset(about, said_by(**CONFIGURED), "", release(known), lang)
        assert said["name"] == about.dataset.title[lang]
        assert 50 <= len(str(said["description"])) <= 5000
        assert said["license"] == "http://creativecommons.org/licenses/by/4.0/"
        assert said["identifier"] == entry.identifier(about.dataset)
        downloads = said["distribution"]
        assert isinstance(downloads, list)
        assert downloads[0]["contentUrl"] == f"{BASE}/dumps/kogge.ttl"
        assert downloads[0]["encodingFormat"] == "text/turtle"
        assert said["temporalCoverage"] == f"{about.first}/{about.last}"
