"""The words: our own terms, those of others that we use, the prefixes, the thesaurus, the JSON-LD context."""

from __future__ import annotations

import csv
import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from functools import cache
from itertools import combinations
from pathlib import Path
from typing import Any

import pyoxigraph as ox
import pytest
import rdflib
from pyoxigraph import Literal, NamedNode, RdfFormat, Triple

from kogge import artefacts, names, syntax
from kogge.errors import Unreadable

ROOT = Path(__file__).resolve().parents[1]
CASES = ROOT / "tests" / "cases"
SHARED = ROOT.parent / "shared"
VOCABULARIES = SHARED / "standards" / "vocabularies"
FACTS = SHARED / "facts"

OWL = "http://www.w3.org/2002/07/owl#"
EUROVOC = "http://eurovoc.europa.eu/"
SDG = "http://metadata.un.org/sdg/"
THEME = "http://publications.europa.eu/resource/authority/data-theme/"
WIKIDATA = "http://www.wikidata.org/entity/"
SCHEME = names.TOPIC.rstrip("/")
TYPE = names.RDF + "type"
LABELS = ("prefLabel", "altLabel", "hiddenLabel")
MATCHES = ("exactMatch", "closeMatch", "broadMatch", "narrowMatch", "relatedMatch")
# Topics that no source names; their editorial note says why they are there.
UNNAMED = {"parken", "vorausschauende-wartung"}
TOP_TOPICS = {
    "daseinsvorsorge", "digitalisierung", "interkommunale-zusammenarbeit", "lebensqualitaet", "mobilitaet",
    "nachhaltigkeit", "stadt-quartier", "vernetzung-wissenstransfer", "wirtschaft",
}  # fmt: skip

# What a SPARQL text is made of, as far as terms are concerned: strings, IRIs, comments, prefixed names.
TOKEN = re.compile(
    r'"""(?:[^"\\]|\\.|"(?!""))*"""'
    r"|'''(?:[^'\\]|\\.|'(?!''))*'''"
    r'|"(?:[^"\\\n]|\\.)*"'
    r"|'(?:[^'\\\n]|\\.)*'"
    r'|<(?P<iri>[^<>"{}|^`\\\s]*)>'
    r"|#[^\n]*"
    r"|(?<![\w?$:-])(?P<prefix>[A-Za-z][\w-]*):(?P<local>[A-Za-z_][\w-]*)"
)
DECLARATION = re.compile(
    r"^\s*(?:@prefix|PREFIX)\s+([A-Za-z][\w-]*):\s*<([^>]*)>", re.IGNORECASE | re.MULTILINE
)

needs_vocabularies = pytest.mark.skipif(
    not VOCABULARIES.is_dir(),
    reason="the vocabularies lie in ../shared/standards/vocabularies, not in this project",
)
needs_facts = pytest.mark.skipif(
    not FACTS.is_dir(), reason="the tables of verified facts lie in ../shared/facts, not in this project"
)


# Reading


@cache
def triples_of(path: Path) -> tuple[Triple, ...]:
    return tuple(syntax.read_file(path))


def turtle_files(*folders: str) -> list[Path]:
    return [path for folder in folders for path in artefacts.files(folder, ".ttl")]


def case_files() -> list[Path]:
    return [path for path in sorted(CASES.rglob("*.ttl")) if readable(path)]


def readable(path: Path) -> bool:
    """Cases of what cannot be read are cases too, but have no terms."""
    try:
        triples_of(path)
    except Unreadable:
        return False
    return True


def query_files() -> list[Path]:
    return artefacts.files("queries", ".rq")


def terms_of_query(text: str) -> set[str]:
    """The IRIs in a text in SPARQL; prefixes that it does not declare mean what `prefixes.ttl` says."""
    meaning = syntax.prefixes() | dict(DECLARATION.findall(text))
    found: set[str] = set()
    for token in TOKEN.finditer(DECLARATION.sub("", text)):
        if token["iri"]:
            found.add(token["iri"])
        elif token["prefix"]:
            found.add(meaning.get(token["prefix"], token["prefix"] + ":") + token["local"])
    return found


def iris(path: Path) -> set[str]:
    """Every IRI that a Turtle file or a query uses: terms, datatypes, and those in queries inside shapes."""
    if path.suffix == ".rq":
        return terms_of_query(path.read_text(encoding="utf-8"))
    found: set[str] = set()
    for triple in triples_of(path):
        for term in (triple.subject, triple.predicate, triple.object):
            if isinstance(term, NamedNode):
                found.add(term.value)
            elif isinstance(term, Literal):
                found.add(term.datatype.value)
        if triple.predicate.value in {names.SH + "select", names.SH + "ask", names.SH + "construct"}:
            assert isinstance(triple.object, Literal)
            found |= terms_of_query(triple.object.value)
    return found


def own_terms(paths: Iterable[Path]) -> dict[str, set[str]]:
    """Our terms in these files, each with the files that use it."""
    used: dict[str, set[str]] = defaultdict(set)
    for path in paths:
        for iri in iris(path):
            if iri.startswith(names.KOGGE) and iri != names.KOGGE:
                used[iri.removeprefix(names.KOGGE)].add(path.name)
    return used


class Words:
    """What some Turtle files say of each subject, all files together."""

    def __init__(self, paths: Iterable[Path]) -> None:
        self.said: dict[str, dict[str, list[NamedNode | Literal]]] = defaultdict(lambda: defaultdict(list))
        for path in paths:
            for triple in triples_of(path):
                if isinstance(triple.subject, NamedNode) and isinstance(triple.object, NamedNode | Literal):
                    self.said[triple.subject.value][triple.predicate.value].append(triple.object)

    def of_type(self, *types: str) -> list[str]:
        return [subject for subject in self.said if set(types) & set(self.values(subject, TYPE))]

    def values(self, subject: str, predicate: str) -> list[str]:
        return [value.value for value in self.said[subject].get(predicate, [])]

    def texts(self, subject: str, predicate: str) -> list[tuple[str, str]]:
        """(language, text) of each literal."""
        literals = [v for v in self.said[subject].get(predicate, []) if isinstance(v, Literal)]
        return [(literal.language or "", literal.value) for literal in literals]

    def languages(self, subject: str, predicate: str) -> list[str]:
        return sorted(language for language, _ in self.texts(subject, predicate))


def skos(local: str) -> str:
    return names.SKOS + local


@cache
def own() -> Words:
    folder = artefacts.folder("ontology")
    return Words([folder / "kogge.ttl", folder / "evidence.ttl"])


@cache
def thesaurus() -> Words:
    return Words(artefacts.files("ontology", ".ttl"))


@cache
def topics() -> dict[str, str]:
    """slug → IRI of every concept of the thesaurus."""
    found = [iri for iri in thesaurus().of_type(skos("Concept")) if iri.startswith(names.TOPIC)]
    return {iri.removeprefix(names.TOPIC): iri for iri in found}


def linked(slug: str, relation: str) -> set[str]:
    """The slugs of the topics that a topic names by a SKOS relation."""
    return {names.slug_of(iri) for iri in thesaurus().values(names.topic(slug), skos(relation))}


def above(slug: str) -> set[str]:
    """All broader topics, at any height; with the topic itself only where the thesaurus has a cycle."""
    found: set[str] = set()
    ahead = list(linked(slug, "broader"))
    while ahead:
        if (step := ahead.pop()) not in found:
            found.add(step)
            ahead += linked(step, "broader")
    return found


def labels(slug: str) -> Iterator[tuple[str, str, str]]:
    """(kind, language, text) of each label of a topic."""
    for kind in LABELS:
        for language, text in thesaurus().texts(names.topic(slug), skos(kind)):
            yield kind, language, text


def led_to(word: str, language: str | None = None) -> set[str]:
    """The topics that a word is a label of, in one language or in any."""
    return {
        slug
        for slug in topics()
        for _, tag, text in labels(slug)
        if text.casefold() == word.casefold() and language in (None, tag)
    }


def table(name: str) -> list[dict[str, str]]:
    with (FACTS / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@cache
def facts_by_topic() -> dict[str, dict[str, str]]:
    return {row["topic_id"]: row for row in table("topics.csv")}


def eurovoc_of(row: dict[str, str]) -> set[tuple[str, str]]:
    """(kind of match, id) of the verified EuroVoc concepts of a row of `topics.csv`."""
    if "English label verified" not in row["eurovoc_status"]:
        return set()
    others = re.findall(r"(\w+) [^|]*?\((\w+Match)\)", row["eurovoc_other"])
    return {(row["eurovoc_match"], row["eurovoc_id"])} | {(kind, number) for number, kind in others}


def matched(slug: str, namespace: str) -> set[tuple[str, str]]:
    """(kind of match, local name) of the foreign concepts of one namespace that a topic is matched to."""
    return {
        (kind, iri.removeprefix(namespace))
        for kind in MATCHES
        for iri in thesaurus().values(names.topic(slug), skos(kind))
        if iri.startswith(namespace)
    }


@cache
def vocabulary() -> frozenset[str]:
    """Every IRI that one of the stored vocabularies says something about."""
    formats = {
        ".ttl": RdfFormat.TURTLE,
        ".nq": RdfFormat.N_QUADS,
        ".rdf": RdfFormat.RDF_XML,
        ".jsonld": RdfFormat.JSON_LD,
    }
    known: set[str] = set()
    for path in sorted(VOCABULARIES.iterdir()):
        if path.suffix in formats and not re.search(r"SHACL|example", path.name):
            quads = ox.parse(path.read_bytes(), formats[path.suffix], base_iri="urn:vocabulary:")
            known |= {quad.subject.value for quad in quads if isinstance(quad.subject, NamedNode)}
    return frozenset(known)


def context() -> dict[str, Any]:
    text = (artefacts.folder("ontology") / "context.jsonld").read_text(encoding="utf-8")
    loaded: dict[str, Any] = json.loads(text)["@context"]
    return loaded


def term_of(name: str) -> str:
    """What a name of the context means, as the context writes it."""
    entry = context()[name]
    return str(entry.get("@id", name) if isinstance(entry, dict) else entry)


def expanded(name: str) -> str:
    """A compact IRI of the context in full."""
    prefix, _, local = name.partition(":")
    return syntax.prefixes()[prefix] + local


# Our own terms


def test_every_own_term_that_is_used_is_defined() -> None:
    # A failing case may use a word that does not exist, to show that this is found.
    cases = [
        path for path in case_files() if not path.name.startswith("F") and path.parent.name != "vocabulary"
    ]
    paths = turtle_files(*artefacts.FOLDERS) + query_files() + cases
    used = own_terms(paths)
    defined = {iri.removeprefix(names.KOGGE) for iri in own().said}
    assert len(used) > 90
    assert {term: sorted(files)[:3] for term, files in used.items() if term not in defined} == {}


def test_every_own_term_is_used_somewhere_but_in_its_definition() -> None:
    ontology = artefacts.folder("ontology")
    defined = {
        iri.removeprefix(names.KOGGE)
        for iri in Words([ontology / "kogge.ttl"]).said
        if iri.startswith(names.KOGGE) and skos("ConceptScheme") not in own().values(iri, TYPE)
    }
    elsewhere = [ontology / "evidence.ttl", *turtle_files("graph", "shapes"), *query_files(), *case_files()]
    assert len(defined) > 80
    assert sorted(defined - set(own_terms(elsewhere))) == []


def test_every_code_list_has_values() -> None:
    lists = own().of_type(skos("ConceptScheme"))
    assert len(lists) == 7
    sizes = Counter(scheme for value in own().said for scheme in own().values(value, skos("inScheme")))
    assert [scheme for scheme in lists if sizes[scheme] < 3] == []
    assert set(sizes) == set(lists)


def test_every_class_and_property_has_one_label_and_one_definition_per_language() -> None:
    terms = own().of_type(OWL + "Class", OWL + "ObjectProperty", OWL + "DatatypeProperty")
    assert len(terms) > 60
    for term in terms:
        assert own().languages(term, names.RDFS + "label") == ["de", "en", "nl"], term
        assert own().languages(term, names.RDFS + "comment") == ["de", "en"], term


def test_every_value_of_a_code_list_has_one_label_and_one_definition_per_language() -> None:
    values = [
        value
        for value in own().of_type(skos("Concept"))
        if OWL + "ObjectProperty" not in own().values(value, TYPE)
    ]
    assert len(values) > 30
    for value in values:
        assert own().languages(value, skos("prefLabel")) == ["de", "en", "nl"], value
        assert set(own().languages(value, skos("definition"))) >= {"de", "en"}, value


def test_a_class_or_property_carries_no_domain_or_range() -> None:
    loose = [
        term for term in own().said if {names.RDFS + "domain", names.RDFS + "range"} & set(own().said[term])
    ]
    assert loose == []


# The terms of others


@needs_vocabularies
def test_every_external_term_exists_in_its_vocabulary() -> None:
    namespaces = {
        namespace
        for namespace in syntax.prefixes().values()
        if not namespace.startswith(names.BASE) and any(iri.startswith(namespace) for iri in vocabulary())
    }
    assert len(namespaces) >= 15, namespaces
    used: dict[str, set[str]] = defaultdict(set)
    for path in turtle_files(*artefacts.FOLDERS) + query_files() + case_files():
        for iri in iris(path):
            if iri.startswith(tuple(namespaces)) and iri not in namespaces:
                used[iri].add(path.name)
    assert len(used) > 100
    assert {iri: sorted(files)[:3] for iri, files in used.items() if iri not in vocabulary()} == {}


@needs_vocabularies
def test_every_external_term_of_the_context_exists_in_its_vocabulary() -> None:
    terms = [iri for iri in map(term_of, context()) if re.fullmatch(r"[a-z]+:[A-Za-z]+", iri)]
    external = [expanded(name) for name in terms if not name.startswith("kogge:")]
    assert len(external) > 50
    assert [iri for iri in external if iri not in vocabulary()] == []


def test_alignments_speak_of_our_own_terms_and_say_what_differs_where_a_match_is_not_exact() -> None:
    alignments = Words([artefacts.folder("ontology") / "alignments.ttl"])
    assert len(alignments.said) > 40
    inexact = {skos(kind) for kind in MATCHES if kind != "exactMatch"}
    for term, said in alignments.said.items():
        assert term in own().said, f"{term} is not defined"
        assert bool(inexact & set(said)) == (skos("editorialNote") in said), term


def test_alignments_repeat_nothing_that_the_ontology_says() -> None:
    ontology = artefacts.folder("ontology")
    assert set(triples_of(ontology / "alignments.ttl")) & set(triples_of(ontology / "kogge.ttl")) == set()


# Prefixes


def test_all_files_mean_the_same_by_a_prefix() -> None:
    declared = syntax.prefixes()
    found: dict[tuple[str, str], list[str]] = defaultdict(list)
    for path in turtle_files(*artefacts.FOLDERS) + query_files() + case_files():
        for prefix, namespace in DECLARATION.findall(path.read_text(encoding="utf-8")):
            found[prefix, namespace].append(path.name)
    assert sum(map(len, found.values())) > 300
    wrong = {meant: files[:3] for meant, files in found.items() if declared.get(meant[0]) != meant[1]}
    assert wrong == {}


def test_the_context_means_the_same_by_a_prefix_as_the_list() -> None:
    declared = syntax.prefixes()
    context_prefixes = {
        name: iri for name, iri in context().items() if isinstance(iri, str) and iri[-1:] in "/#"
    }
    del context_prefixes["@vocab"]
    assert context_prefixes == {
        p: i for p, i in declared.items() if p not in syntax.KINDS and p in context_prefixes
    }
    assert len(context_prefixes) >= 25


def test_every_prefix_of_the_list_means_something_else() -> None:
    meanings = Counter(syntax.prefixes().values())
    assert len(meanings) > 40
    assert [namespace for namespace, count in meanings.items() if count > 1] == []


# The thesaurus


def test_the_thesaurus_has_about_eighty_concepts_in_one_scheme() -> None:
    assert 75 <= len(topics()) <= 100
    assert [iri for iri in thesaurus().of_type(skos("ConceptScheme")) if iri.startswith(SCHEME)] == [SCHEME]
    for iri in topics().values():
        assert thesaurus().values(iri, skos("inScheme")) == [SCHEME], iri
    assert [slug for slug in topics() if not names.SLUG.fullmatch(slug)] == []


def test_a_topic_has_one_preferred_label_per_language_and_a_definition_in_german_and_english() -> None:
    for slug, iri in topics().items():
        assert thesaurus().languages(iri, skos("prefLabel")) == ["de", "en", "nl"], slug
        assert thesaurus().languages(iri, skos("definition")) == ["de", "en"], slug


def test_a_definition_is_one_sentence_and_not_circular() -> None:
    for slug, iri in topics().items():
        preferred = dict(thesaurus().texts(iri, skos("prefLabel")))
        for language, text in thesaurus().texts(iri, skos("definition")):
            assert re.fullmatch(r"[A-ZÄÖÜ][^.!?]*\.", text), f"{slug}: {text}"
            assert preferred[language].casefold() not in text.casefold(), f"{slug}: {text}"


def test_no_topic_is_broader_than_itself() -> None:
    assert [slug for slug in topics() if slug in above(slug)] == []


def test_every_topic_lies_below_a_top_topic_or_is_one() -> None:
    top = {names.slug_of(iri) for iri in thesaurus().values(SCHEME, skos("hasTopConcept"))}
    assert top == TOP_TOPICS
    assert top == {
        slug for slug, iri in topics().items() if thesaurus().values(iri, skos("topConceptOf")) == [SCHEME]
    }
    assert top == {slug for slug in topics() if not linked(slug, "broader")}
    assert [slug for slug in topics() if slug not in top and not above(slug) & top] == []


def test_a_topic_names_no_broader_topic_that_another_of_its_broader_topics_implies() -> None:
    doubled = [
        (slug, one)
        for slug in topics()
        for one in linked(slug, "broader")
        for other in linked(slug, "broader")
        if one in above(other)
    ]
    assert doubled == []


def test_topics_are_related_both_ways_and_never_to_a_broader_one() -> None:
    pairs = {(slug, other) for slug in topics() for other in linked(slug, "related")}
    assert len(pairs) > 10
    assert [(one, other) for one, other in pairs if (other, one) not in pairs] == []
    assert [
        (one, other) for one, other in pairs if one == other or other in above(one) or one in above(other)
    ] == []


def test_relations_lead_to_topics_that_exist() -> None:
    for slug in topics():
        for relation in ("broader", "narrower", "related"):
            assert linked(slug, relation) <= set(topics()), (slug, relation)


def test_a_word_leads_to_one_topic_only_in_whatever_language() -> None:
    owners: dict[str, set[str]] = defaultdict(set)
    per_language: Counter[tuple[str, str]] = Counter()
    for slug in topics():
        for _, language, text in labels(slug):
            assert language in names.LANGUAGES, (slug, text)
            assert text == text.strip(), (slug, text)
            assert text, slug
            owners[text.casefold()].add(slug)
            per_language[language, text.casefold()] += 1
    assert len(owners) > 800
    assert [label for label, count in per_language.items() if count > 1] == []
    assert {word: slugs for word, slugs in owners.items() if len(slugs) > 1} == {}


def test_every_topic_names_the_documents_that_name_it() -> None:
    documents = names.thing("document", "")
    written = {path.stem for path in (artefacts.folder("graph") / "sources").glob("*.ttl")}
    counted: Counter[str] = Counter()
    for slug, iri in topics().items():
        sources = thesaurus().values(iri, names.DCTERMS + "source")
        assert all(source.startswith(documents) for source in sources), slug
        assert {source.removeprefix(documents) for source in sources} <= written, slug
        assert bool(sources) == (slug not in UNNAMED), slug
        counted.update(sources)
    assert len(counted) == 5
    assert all(thesaurus().texts(names.topic(slug), skos("editorialNote")) for slug in UNNAMED)


def test_hydrogen_counts_for_itself_and_for_its_use_in_mobility_only() -> None:
    assert linked("wasserstoff", "broader") == {"energie"}
    assert linked("wasserstoff", "related") == set()
    assert {slug for slug in topics() if "wasserstoff" in linked(slug, "broader")} == {
        "wasserstoff-mobilitaet"
    }
    stations = ("wasserstofftankstelle", "hydrogen filling", "waterstoftank")
    assert [
        text for slug in topics() for _, _, text in labels(slug) if text.casefold().startswith(stations)
    ] == []


@pytest.mark.parametrize(
    ("word", "language", "slug"),
    [
        ("Verkehr", "de", "mobilitaet"),
        ("vervoer", "nl", "mobilitaet"),
        ("verkeer", "nl", "mobilitaet"),
        ("transport", "en", "mobilitaet"),
        ("Partizipation", "de", "buergerbeteiligung"),
        ("Bürgerbeteiligung", "de", "buergerbeteiligung"),
        ("Stadt & Quartier", "de", "stadt-quartier"),
        ("Stadt und Region", "de", "stadt-quartier"),
        ("H2", "de", "wasserstoff"),
        ("H2", "en", "wasserstoff"),
        ("h2", "nl", "wasserstoff"),
        ("Wasserstoff", "de", "wasserstoff"),
        ("hydrogen", "en", "wasserstoff"),
        ("waterstof", "nl", "wasserstoff"),
        ("eGovernment", "de", "online-dienste"),
        ("E-Government", "de", "online-dienste"),
        ("e-government", "nl", "online-dienste"),
        ("E-Mobilität", "de", "elektrische-antriebe"),
        ("Emobilität", "de", "elektrische-antriebe"),
        ("e-mobility", "en", "elektrische-antriebe"),
        ("Startup", "de", "startups"),
        ("start-ups", "nl", "startups"),
        ("Digitalisation", "de", "digitalisierung"),
        ("vorausschauende Wartung", "de", "vorausschauende-wartung"),
        ("vorausschauende Reparaturen", "de", "vorausschauende-instandhaltung"),
        ("predictive maintenance", "en", "vorausschauende-instandhaltung"),
        ("Daseinsvorsorge", "de", "daseinsvorsorge"),
        ("wirtschaftliche Zusammenarbeit", "de", "wirtschaft"),
        ("Stadtentwicklung", "de", "stadtplanung"),
        ("Abfalldrehscheibe", "de", "abfalldrehscheibe"),
        ("digital working space", "en", "digitale-arbeitsraeume"),
        ("leefbaarheid", "nl", "lebensqualitaet"),
    ],
)
def test_a_word_that_people_search_by_leads_to_its_topic(word: str, language: str, slug: str) -> None:
    assert led_to(word, language) == {slug}
    assert led_to(word) == {slug}


@pytest.mark.parametrize(
    "name",
    ["Innovationsmobil", "Smart-City-Strategie", "Smarte Hauptstadtregion", "Modellprojekte Smart Cities",
     "samenwerking Berlijn-Brandenburg", "Regio.hub", "Next City", "LüDIP"],
)  # fmt: skip
def test_a_project_a_programme_or_a_strategy_is_no_label_of_a_topic(name: str) -> None:
    assert led_to(name) == set()


@needs_facts
def test_every_topic_of_the_table_of_facts_is_there() -> None:
    assert len(facts_by_topic()) == 53
    assert set(facts_by_topic()) - set(topics()) == set()


@needs_facts
def test_every_match_to_eurovoc_is_one_that_was_verified() -> None:
    verified = {number for row in facts_by_topic().values() for _, number in eurovoc_of(row)}
    assert len(verified) > 50
    for slug in topics():
        found = matched(slug, EUROVOC)
        if slug in facts_by_topic():
            assert found == eurovoc_of(facts_by_topic()[slug]), slug
        else:
            assert {number for _, number in found} <= verified, slug


@needs_facts
def test_every_match_to_a_data_theme_or_a_goal_is_one_that_was_verified() -> None:
    themes = {row["uri"] for row in table("data-themes.csv") if row["status"].startswith("verified")}
    goals = {row["uri"] for row in table("sdg-goals.csv") if row["label_en_status"].startswith("verified")}
    assert (len(themes), len(goals)) == (14, 17)
    for slug in topics():
        found_themes, found_goals = matched(slug, THEME), matched(slug, SDG)
        assert {kind for kind, _ in found_themes | found_goals} <= {"relatedMatch", "broadMatch"}, slug
        assert {THEME + code for _, code in found_themes} <= themes, slug
        assert {SDG + goal for _, goal in found_goals} <= goals, slug
        if row := facts_by_topic().get(slug):
            assert {code for _, code in found_themes} == set(filter(None, row["data_theme"].split("|"))), slug
            named = {goal.partition(".")[0] for goal in row["sdg"].split("|") if goal}
            assert {goal for _, goal in found_goals} == named, slug


@needs_facts
def test_wikidata_is_matched_where_it_was_verified_and_nowhere_else() -> None:
    verified = {
        (slug, row["wikidata"])
        for slug, row in facts_by_topic().items()
        if row["wikidata_status"].startswith("verified")
    }
    assert len(verified) == 2
    assert {(slug, item) for slug in topics() for _, item in matched(slug, WIKIDATA)} == verified


def test_a_topic_is_matched_to_nothing_but_eurovoc_data_themes_goals_and_wikidata() -> None:
    known = (EUROVOC, THEME, SDG, WIKIDATA)
    found = [
        iri
        for slug in topics()
        for kind in MATCHES
        for iri in thesaurus().values(names.topic(slug), skos(kind))
    ]
    assert len(found) > 200
    assert [iri for iri in found if not iri.startswith(known)] == []


def test_a_foreign_concept_is_matched_to_a_topic_in_one_way_only() -> None:
    for slug in topics():
        for one, other in combinations(MATCHES, 2):
            both = set(thesaurus().values(names.topic(slug), skos(one)))
            assert not both & set(thesaurus().values(names.topic(slug), skos(other))), slug


# The JSON-LD context

DOCUMENT: dict[str, Any] = {
    "@graph": [
        {
            "@id": "id:project/luebeck/smart-parken",
            "@type": "Project",
            "label": {"de": "Smart Parken"},
            "altLabel": {"de": ["Parken mit Sensoren"]},
            "lead": "id:municipality/luebeck",
            "status": "running",
            "topics": ["topic:parken", "topic:smart-city"],
            "reviewedOn": "2026-11-01",
            "source": "id:document/luebeck/smart-parken",
        },
        {
            "@id": "id:event/luebeck/barcamp",
            "@type": "Event",
            "startDate": {"@value": "2026-11", "@type": "xsd:gYearMonth"},
            "location": "id:municipality/luebeck",
        },
        {
            "@id": "id:statement/luebeck/zahl",
            "@type": "Statement",
            "stated": 7,
            "approximate": True,
            "countOf": "Membership",
            "office": "mayor",
        },
        {"@id": "id:municipality/luebeck", "ags": "01003000", "latitude": "53.866"},
    ],
}
TURTLE = """
@prefix dcterms: <http://purl.org/dc/terms/> .
@prefix id: <https://w3id.org/kogge/id/> .
@prefix kogge: <https://w3id.org/kogge/ontology#> .
@prefix org: <http://www.w3.org/ns/org#> .
@prefix schema: <https://schema.org/> .
@prefix skos: <http://www.w3.org/2004/02/skos/core#> .
@prefix topic: <https://w3id.org/kogge/topic/> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .

<https://w3id.org/kogge/id/project/luebeck/smart-parken> a kogge:Project ; skos:prefLabel "Smart Parken"@de ;
    skos:altLabel "Parken mit Sensoren"@de ; kogge:lead <https://w3id.org/kogge/id/municipality/luebeck> ;
    kogge:status kogge:running ; kogge:topic topic:parken, topic:smart-city ;
    kogge:reviewedOn "2026-11-01"^^xsd:date ;
    dcterms:source <https://w3id.org/kogge/id/document/luebeck/smart-parken> .
<https://w3id.org/kogge/id/event/luebeck/barcamp> a kogge:Event ; schema:startDate "2026-11"^^xsd:gYearMonth ;
    schema:location <https://w3id.org/kogge/id/municipality/luebeck> .
<https://w3id.org/kogge/id/statement/luebeck/zahl> a kogge:Statement ; kogge:stated 7 ;
    kogge:approximate true ; kogge:countOf org:Membership ; kogge:office kogge:mayor .
<https://w3id.org/kogge/id/municipality/luebeck> kogge:ags "01003000" ; schema:latitude 53.866 .
"""


# rdflib's own reader of JSON-LD uses a class that rdflib has deprecated.
@pytest.mark.filterwarnings("ignore:ConjunctiveGraph is deprecated:DeprecationWarning")
def test_the_context_makes_the_expected_triples_in_both_parsers() -> None:
    text = json.dumps({"@context": context()} | DOCUMENT)
    expected = {Triple(q.subject, q.predicate, q.object) for q in ox.parse(TURTLE.encode(), RdfFormat.TURTLE)}
    assert len(expected) == 19
    assert set(syntax.parse(text.encode(), RdfFormat.JSON_LD)) == expected
    by_rdflib = rdflib.Graph().parse(data=text, format="json-ld")
    assert set(by_rdflib) == set(rdflib.Graph().parse(data=TURTLE, format="turtle"))


def test_the_context_has_every_property_of_ours_with_the_kind_of_its_values() -> None:
    assert context()["@version"] == 1.1
    assert context()["@vocab"] == names.KOGGE
    entries = {term_of(name): entry for name, entry in context().items() if isinstance(entry, dict)}
    things = own().of_type(OWL + "ObjectProperty")
    assert len(things) > 18
    for iri in things:
        assert entries["kogge:" + iri.removeprefix(names.KOGGE)].get("@type") in {"@id", "@vocab"}, iri
    values = own().of_type(OWL + "DatatypeProperty")
    assert len(values) > 15
    for iri in values:
        assert entries["kogge:" + iri.removeprefix(names.KOGGE)].get("@type", "xsd:") not in {
            "@id",
            "@vocab",
        }, iri


def test_a_name_of_the_context_means_the_term_of_ours_that_is_called_so() -> None:
    ours = {iri.removeprefix(names.KOGGE) for iri in own().said if iri.startswith(names.KOGGE)}
    wrong = [name for name in context() if name in ours and term_of(name) != f"kogge:{name}"]
    # `topic` is the prefix of the thesaurus, so the property is written `topics`.
    assert wrong == ["topic"]
    assert context()["topics"]["@id"] == "kogge:topic"
