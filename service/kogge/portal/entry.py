"""Level 6, portal: one dataset as portals want it described: DCAT-AP 3.0.1, DCAT-AP.de 3.0 and VoID at once.

Whatever a portal shows hangs on the dataset itself: some drop the catalogue. Nothing leads from one dataset
to another, because they follow links. `adms:status` and `dcat:accessService` are left out: portals stumble.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Final

from pyoxigraph import NamedNode

from kogge import media, names, turtle
from kogge.media import MediaType
from kogge.portal import facts
from kogge.portal.datasets import WHOLE, Dataset
from kogge.portal.facts import About, Place
from kogge.portal.office import Office
from kogge.portal.release import Made
from kogge.portal.statements import (
    DCAT,
    DCATAP,
    DCATDE,
    DCT,
    FOAF,
    FORMATS,
    RDFS,
    SPDX,
    VCARD,
    VOID,
    Statements,
)
from kogge.portal.texts import Form, Text, texts

_SHA256: Final = SPDX + "checksumAlgorithm_sha256"
_POINT: Final = "http://www.opengis.net/ont/geosparql#wktLiteral"
_VOCABULARIES: Final = (
    names.KOGGE,
    names.SKOS,
    DCT,
    FOAF,
    names.PROV,
    "http://www.w3.org/ns/org#",
    "https://schema.org/",
)
# CKAN refuses a whole dataset for one keyword with another character.
_KEYWORD: Final = re.compile(r"[\w .-]{2,100}")
_NO_WORD: Final = re.compile(r"\W+")
_LANGUAGES: Final = ("DEU", "ENG", "NLD")


def describe(said: Statements, about: About, office: Office, made: Made | None, modified: str) -> None:
    """Says all of one dataset; `made` is its dump, if there is one, `modified` what is known without."""
    dataset, iri = about.dataset, about.dataset.iri
    said.a(iri, DCAT + "Dataset", VOID + "Dataset")
    said.text(iri, DCT + "title", dataset.title)
    said.text(iri, DCT + "description", dataset.description)
    # Not an address: a portal that exports it again would make an IRI of it.
    said.plain(iri, DCT + "identifier", identifier(dataset))
    said.day(iri, DCT + "issued", about.issued)
    changed = (made.modified if made else "") or modified or about.issued
    said.day(iri, DCT + "modified", changed)
    said.code(iri, DCT + "accrualPeriodicity", "frequency", "IRREG")
    said.code(iri, DCT + "language", "language", *_LANGUAGES)
    said.code(iri, DCT + "accessRights", "access", "PUBLIC")
    said.code(iri, DCATAP + "availability", "availability", "AVAILABLE")
    said.code(iri, DCATDE + "politicalGeocodingLevelURI", "level", "municipality")
    said.link(iri, DCATDE + "contributorID", office.contributor)
    said.code(iri, DCAT + "theme", "theme", *dict.fromkeys((*texts().themes, *about.themes)))
    for lang, words in keywords(about).items():
        for word in words:
            said.text(iri, DCAT + "keyword", {lang: word})
    for topic in about.topics:
        said.link(iri, DCT + "subject", topic.iri)
        said.a(topic.iri, names.SKOS + "Concept")
        said.text(topic.iri, names.SKOS + "prefLabel", topic.labels)
    # Whoever follows it, a portal too, gets the page, in the language of the reader.
    page = f"{office.base}/dataset/{dataset.slug}.{media.HTML.suffix}"
    said.link(iri, DCAT + "landingPage", page)
    said.a(page, FOAF + "Document")
    said.link(iri, DCT + "conformsTo", names.BASE + "ontology")
    said.a(names.BASE + "ontology", DCT + "Standard")
    responsible(said, iri, office)
    _coverage(said, about)
    _void(said, about, office, made)
    for form in _distributions(dataset):
        _distribution(said, about, office, made, changed, form)
    if dataset.slug == WHOLE:
        _endpoint(said, about, office)


def identifier(dataset: Dataset) -> str:
    """What the dataset is called among all datasets of a portal: no address, and the same for ever."""
    return dataset.slug if dataset.slug == WHOLE else f"{WHOLE}-{dataset.slug}"


def keywords(about: About) -> dict[str, list[str]]:
    """Language → the keywords of a dataset: the common ones and its topics, as far as portals take them."""
    topics = facts.labels(about.topics)
    words = {lang: dict.fromkeys((*texts().keywords[lang], *topics[lang])) for lang in names.LANGUAGES}
    return {lang: [word for word in each if _KEYWORD.fullmatch(word)] for lang, each in words.items()}


def responsible(said: Statements, iri: str, office: Office) -> None:
    """Says who publishes something, and whom to ask about it."""
    said.link(iri, DCT + "publisher", office.publisher)
    said.a(office.publisher, FOAF + "Agent", FOAF + "Organization")
    said.plain(office.publisher, FOAF + "name", office.publisher_name)
    said.link(office.publisher, DCT + "type", office.publisher_type)
    contact = names.BASE + "catalog#contact"
    said.link(iri, DCAT + "contactPoint", contact)
    said.a(contact, VCARD + "Kind", VCARD + "Organization")
    said.plain(contact, VCARD + "fn", office.contact_name)
    said.link(contact, VCARD + "hasEmail", f"mailto:{office.contact_email}" if office.contact_email else "")
    said.link(contact, VCARD + "hasURL", office.contact_url)


def licence(said: Statements, iri: str, office: Office) -> None:
    """Says under which licence something is, and who is to be named where the licence wants that."""
    said.link(iri, DCT + "license", office.licence.iri)
    said.code(office.licence.iri, DCT + "type", "terms", office.licence.more["terms"])
    if office.attribution:
        said.text(
            iri, DCATDE + "licenseAttributionByText", dict.fromkeys(names.LANGUAGES, office.attribution)
        )


def _coverage(said: Statements, about: About) -> None:
    iri = about.dataset.iri
    for place in about.places:
        said.link(iri, DCT + "spatial", place.iri)
        _place(said, place)
    if about.first or about.last:
        period = iri + "#period"
        said.link(iri, DCT + "temporal", period)
        said.a(period, DCT + "PeriodOfTime")
        said.day(period, DCAT + "startDate", about.first)
        said.day(period, DCAT + "endDate", about.last)


def _place(said: Statements, place: Place) -> None:
    said.a(place.iri, DCT + "Location")
    if place.latitude:
        said.typed(place.iri, DCAT + "centroid", f"POINT({place.longitude} {place.latitude})", _POINT)


def _void(said: Statements, about: About, office: Office, made: Made | None) -> None:
    dataset, iri = about.dataset, about.dataset.iri
    said.link(iri, VOID + "sparqlEndpoint", office.base + "/sparql")
    said.link(iri, VOID + "vocabulary", *_VOCABULARIES)
    said.plain(iri, VOID + "uriSpace", names.ID)
    said.link(iri, VOID + "exampleResource", dataset.alliance)
    for form in dataset.formats:
        if form.format and form.format != "SPARQL_Results_CSV":
            said.link(iri, VOID + "feature", FORMATS + form.format)
            said.link(iri, VOID + "dataDump", office.base + dataset.path(form))
    if made:
        said.number(iri, VOID + "triples", made.counts.triples)
        for name, number in made.counts.classes.items():
            part = _partition(said, iri, "class", name)
            said.number(part, VOID + "entities", number)
        for name, number in made.counts.properties.items():
            part = _partition(said, iri, "property", name)
            said.number(part, VOID + "triples", number)


def _partition(said: Statements, iri: str, sort: str, name: str) -> str:
    """The part of a dataset with one class or property; gives its IRI."""
    part = f"{iri}#{sort}-{_called(name)}"
    said.link(iri, VOID + f"{sort}Partition", part)
    said.link(part, VOID + sort, name)
    return part


@lru_cache(maxsize=1024)
def _called(name: str) -> str:
    """A class or property in an IRI of ours: `kogge-Project`."""
    return _NO_WORD.sub("-", turtle.short(NamedNode(name))).strip("-")


def _distributions(dataset: Dataset) -> Iterator[MediaType]:
    return (form for form in dataset.formats if form.suffix in texts().forms)


def _distribution(
    said: Statements, about: About, office: Office, made: Made | None, changed: str, kind: MediaType
) -> None:
    form, address = texts().forms[kind.suffix], office.base + about.dataset.path(kind)
    iri = _form(said, about, office, kind.suffix, form)
    said.link(iri, DCAT + "accessURL", address)
    said.link(iri, DCAT + "downloadURL", address)
    said.a(address, RDFS + "Resource")
    said.media(iri, DCAT + "mediaType", form.media or kind.type)
    if form.package:
        said.media(iri, DCAT + "packageFormat", form.package)
    said.day(iri, DCT + "issued", about.issued)
    said.day(iri, DCT + "modified", changed)
    said.code(iri, DCT + "language", "language", *_LANGUAGES)
    if kind.format:
        said.link(iri, DCT + "conformsTo", names.BASE + "ontology")
    if made and (file := made.files.get(kind.suffix)):
        said.number(iri, DCAT + "byteSize", file.size, "nonNegativeInteger")
        checksum = iri + "-sha256"
        said.link(iri, SPDX + "checksum", checksum)
        said.a(checksum, SPDX + "Checksum")
        said.link(checksum, SPDX + "algorithm", _SHA256)
        said.a(_SHA256, SPDX + "ChecksumAlgorithm")
        said.plain(checksum, SPDX + "checksumValue", file.sha256, "hexBinary")


def _endpoint(said: Statements, about: About, office: Office) -> None:
    """The endpoint as a form of the whole graph: it is asked, not downloaded."""
    form, address = texts().forms["sparql"], office.base + "/sparql"
    iri = _form(said, about, office, "sparql", form)
    said.link(iri, DCAT + "accessURL", address)
    said.a(address, RDFS + "Resource")
    said.media(iri, DCAT + "mediaType", form.media)


def _form(said: Statements, about: About, office: Office, ending: str, form: Form) -> str:
    """What every distribution says; gives its IRI."""
    iri = f"{about.dataset.iri}#{ending.replace('.', '-')}"
    said.link(about.dataset.iri, DCAT + "distribution", iri)
    said.a(iri, DCAT + "Distribution")
    said.text(iri, DCT + "title", form.title)
    said.text(iri, DCT + "description", filled(form.description, about.dataset.title))
    said.code(iri, DCT + "format", "format", form.format)
    said.code(iri, DCATAP + "availability", "availability", "AVAILABLE")
    licence(said, iri, office)
    return iri


def filled(text: Text, title: Text) -> dict[str, str]:
    """A text with the title of the dataset, in each language."""
    return {lang: text[lang].replace("{title}", title[lang]) for lang in names.LANGUAGES}
