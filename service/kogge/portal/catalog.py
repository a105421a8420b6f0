"""Level 6, portal: the catalogue, DCAT-AP 3.0.1 and DCAT-AP.de 3.0 in one, of what the graph says and offers.

`catalogue` takes the answers to `facts.QUESTIONS`, whoever asked them, and gives pages; `written` writes one.
`files` is what `kogge export` writes: everything on one page, in each format.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pyoxigraph as ox
from pyoxigraph import RdfFormat, Triple

from kogge import media, names, syntax
from kogge.errors import Unavailable
from kogge.media import MediaType
from kogge.portal import entry, facts
from kogge.portal.datasets import WHOLE
from kogge.portal.facts import About, Facts
from kogge.portal.office import Office, office
from kogge.portal.release import Release
from kogge.portal.statements import DCAT, DCATAP, DCT, FOAF, HYDRA, SD, Statements
from kogge.portal.texts import texts
from kogge.settings import Settings

FORMATS: Final = (media.TURTLE, media.RDF_XML, media.JSON_LD, media.N_TRIPLES)
PAGE: Final = 100  # datasets on a page
IRI: Final = names.BASE + "catalog"
_SERVICE: Final = IRI + "#sparql"
_PROTOCOL: Final = "http://www.w3.org/TR/sparql11-protocol/"


@dataclass(frozen=True)
class Catalogue:
    """What is known, `size` datasets on a page; `release` are the dumps, if there are some."""

    known: Facts
    of: Office
    release: Release | None = None
    size: int = PAGE

    def __len__(self) -> int:
        """How many pages it has, at least one."""
        return max(1, -(-len(self.known.datasets) // self.size))

    def page(self, number: int) -> list[Triple]:
        """A page, counted from 1; each is complete in itself."""
        portion = self.known.datasets[(number - 1) * self.size : number * self.size]
        said = Statements()
        _catalogue(said, self.known, portion, self.of)
        _service(said, self.known, portion, self.of)
        for about in portion:
            self._describe(said, about)
        if len(self) > 1:
            _paging(said, self.of.base + "/catalog", number, len(self), len(self.known.datasets))
        return said.all()

    def dataset(self, slug: str) -> list[Triple]:
        """One dataset, as on its page; nothing where there is none of that name."""
        said = Statements()
        for about in self.known.datasets:
            if about.dataset.slug == slug:
                self._describe(said, about)
        return said.all()

    def _describe(self, said: Statements, about: About) -> None:
        made = self.release.datasets.get(about.dataset.slug) if self.release else None
        entry.describe(said, about, self.of, made, self.known.modified)


def catalogue(known: Facts, of: Office, release: Release | None = None, size: int = PAGE) -> Catalogue:
    """The catalogue of what is known.

    Raises Unavailable where the graph says nothing of itself: a portal that reads a catalogue without the
    datasets that it knows deletes them.
    """
    if not known.whole.issued:
        raise Unavailable("The graph is empty.", "Try again when it is loaded; see kogge rebuild.")
    return Catalogue(known, of, release, size)


def written(page: Sequence[Triple], wanted: MediaType) -> bytes:
    """A page in one of `FORMATS`, in the order in which it was said."""
    engine_format = RdfFormat.from_media_type(wanted.type)
    return ox.serialize(page, format=engine_format, prefixes=syntax.prefixes_of(page)) or b""


def whole(known: Facts, of: Office, release: Release | None = None) -> Mapping[str, bytes]:
    """Name of the file → its content: the catalogue in each of `FORMATS`, all on one page."""
    made = catalogue(known, of, release, len(known.datasets)).page(1)
    return {f"catalog.{form.suffix}": written(made, form) for form in FORMATS}


def files(folder: Path, release: Release, settings: Settings) -> Mapping[str, bytes]:
    """Name of the file → its content, made of a release in its folder: for the command line.

    The dump of the whole graph is read into a store on the disk, so that its size does not matter. Raises
    Misconfigured for settings that a portal would reject, Unavailable for an empty graph, OSError.
    """
    of = office(settings)
    with tempfile.TemporaryDirectory(prefix="kogge-") as place:
        store = ox.Store(place)
        store.bulk_extend(_quads(folder / f"{WHOLE}.{media.N_QUADS.suffix}"))
        return whole(facts.ask(store), of, release)


def _quads(dump: Path) -> Iterator[ox.Quad]:
    """Each statement of a dump in its graph and, as in the store of a service, in the merge of all."""
    for quad in syntax.stream_file(dump):
        yield quad
        yield ox.Quad(quad.subject, quad.predicate, quad.object)


def _catalogue(said: Statements, known: Facts, portion: Sequence[About], of: Office) -> None:
    said.a(IRI, DCAT + "Catalog")
    said.text(IRI, DCT + "title", texts().title)
    said.text(IRI, DCT + "description", texts().description)
    said.day(IRI, DCT + "issued", known.whole.issued)
    said.day(IRI, DCT + "modified", known.modified or known.whole.issued)
    said.code(IRI, DCT + "language", "language", "DEU", "ENG", "NLD")
    said.code(IRI, DCATAP + "availability", "availability", "AVAILABLE")
    for place in known.whole.places:
        said.link(IRI, DCT + "spatial", place.iri)
        said.a(place.iri, DCT + "Location")
    said.link(IRI, FOAF + "homepage", _page(of))
    said.a(_page(of), FOAF + "Document")
    said.link(IRI, DCAT + "themeTaxonomy", "http://publications.europa.eu/resource/authority/data-theme")
    entry.responsible(said, IRI, of)
    said.link(IRI, DCT + "license", of.licence.iri)
    said.link(IRI, DCAT + "dataset", *(about.dataset.iri for about in portion))
    said.link(IRI, DCAT + "service", _SERVICE)


def _page(of: Office) -> str:
    """The page of the catalogue, with the endpoint; it comes in the language of the reader."""
    return f"{of.base}/catalog.{media.HTML.suffix}"


def _service(said: Statements, known: Facts, portion: Sequence[About], of: Office) -> None:
    """The endpoint, in the words of DCAT and, as at /sparql, of SPARQL 1.1 Service Description."""
    endpoint = of.base + "/sparql"
    said.a(_SERVICE, DCAT + "DataService", SD + "Service")
    said.text(_SERVICE, DCT + "title", texts().service_title)
    said.text(_SERVICE, DCT + "description", texts().service_description)
    said.link(_SERVICE, DCAT + "endpointURL", endpoint)
    said.link(_SERVICE, DCAT + "endpointDescription", endpoint)
    said.link(_SERVICE, SD + "endpoint", endpoint)
    said.link(_SERVICE, SD + "supportedLanguage", SD + "SPARQL11Query")
    said.link(_SERVICE, SD + "defaultDataset", endpoint + "#dataset")
    said.a(endpoint + "#dataset", SD + "Dataset")
    said.link(_SERVICE, DCAT + "servesDataset", *(about.dataset.iri for about in portion))
    said.link(_SERVICE, DCT + "conformsTo", _PROTOCOL)
    said.a(_PROTOCOL, DCT + "Standard")
    said.code(_SERVICE, DCT + "format", "format", "SPARQLQRES", "RDF_TURTLE")
    said.code(_SERVICE, DCT + "accessRights", "access", "PUBLIC")
    said.code(_SERVICE, DCATAP + "availability", "availability", "AVAILABLE")
    said.code(_SERVICE, DCAT + "theme", "theme", *texts().themes)
    for lang, words in entry.keywords(known.whole).items():
        for word in words:
            said.text(_SERVICE, DCAT + "keyword", {lang: word})
    said.link(_SERVICE, DCAT + "landingPage", _page(of))
    entry.licence(said, _SERVICE, of)
    entry.responsible(said, _SERVICE, of)


def _paging(said: Statements, address: str, number: int, pages: int, datasets: int) -> None:
    """Hydra, as the harvesters of CKAN and piveau read it: a view with `next`, a collection with a total."""
    view = f"{address}?page={number}"
    said.a(address, HYDRA + "Collection")
    said.number(address, HYDRA + "totalItems", datasets)
    said.link(address, HYDRA + "view", view)
    said.a(view, HYDRA + "PartialCollectionView")
    said.link(view, HYDRA + "first", f"{address}?page=1")
    said.link(view, HYDRA + "last", f"{address}?page={pages}")
    if number > 1:
        said.link(view, HYDRA + "previous", f"{address}?page={number - 1}")
    if number < pages:
        said.link(view, HYDRA + "next", f"{address}?page={number + 1}")
