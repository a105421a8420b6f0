"""Level 8, web, pages: the open data: which datasets there are, their files, how programs get them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from fastapi import Request, Response
from markupsafe import Markup

from kogge import media, names
from kogge.desk import CATALOGUE_FORMATS
from kogge.errors import BadRequest, NotFound
from kogge.listing import Offer
from kogge.portal import catalog, entry, schema_org_datasets
from kogge.portal.facts import About
from kogge.portal.texts import texts
from kogge.web.context import desk_of, while_there
from kogge.web.pages import READ, pages
from kogge.web.pages.links import DataLink
from kogge.web.pages.render import Page

router = pages()

_FIRST: Final = (media.CSV, media.TABLES, media.GEOJSON)  # what people open without a program of their own
_DIGITS: Final = 6


@dataclass(frozen=True)
class File:
    """A dataset in one format: what that is called, the address below the prefix, its size in bytes (None:
    it is not made yet), and whether people open it without a program of their own."""

    title: str
    path: str
    size: int | None
    easy: bool


@dataclass(frozen=True)
class Dataset:
    """A dataset as it is shown, in one language."""

    slug: str
    title: str
    description: str
    modified: str
    files: tuple[File, ...]


@router.api_route("/catalog", methods=READ)
async def catalogue(request: Request, lang: str, page: str = "1") -> Response:
    """All datasets, and how programs and portals get them."""
    offer, shown = await _opened(request, lang)
    if shown.held:
        return shown.held
    if not (page.isascii() and page.isdigit() and len(page) <= _DIGITS):
        raise BadRequest("This is no number of a page.", "Leave 'page' out to begin.")
    number, every = int(page), offer.facts.datasets
    some = every[(number - 1) * catalog.PAGE : number * catalog.PAGE] if number else ()
    if not some:
        raise NotFound(f"The list has no page {number}.", "Leave 'page' out to begin.")
    return await shown.send(
        "offers/catalogue.html",
        datasets=[_dataset(offer, about, lang) for about in some],
        number=number,
        first=(number - 1) * catalog.PAGE + 1,
        total=len(every),
        modified=max(offer.modified(about) for about in every),
        office=offer.office,
        release=offer.release,
        described=Markup(schema_org_datasets.script(offer.catalogue(lang))),
        data=_data(shown, "catalog"),
    )


@router.api_route("/dataset/{slug}", methods=READ)
async def dataset(request: Request, lang: str, slug: str) -> Response:
    """One dataset: what it holds, who publishes it, its files."""
    offer, shown = await _opened(request, lang)
    about = offer.about(slug)
    if shown.held:
        return shown.held
    made = offer.made(about)
    classes = dict(made.counts.classes) if made else {}
    labels = await desk_of(request).labels(classes, lang)
    counted = sorted(
        ((labels[iri], number) for iri, number in classes.items() if iri in labels),
        key=lambda each: (-each[1], each[0].text),
    )
    return await shown.send(
        "offers/dataset.html",
        it=_dataset(offer, about, lang),
        about=about,
        made=made,
        counted=counted,
        topics=_topics(about, lang),
        identifier=entry.identifier(about.dataset),
        office=offer.office,
        release=offer.release,
        described=Markup(schema_org_datasets.script(offer.described(about, lang))),
        data=_data(shown, f"dataset/{slug}"),
    )


async def _opened(request: Request, lang: str) -> tuple[Offer, Page]:
    """What is offered, and the page, which is another one when new files are made. Raises Unavailable."""
    offer = await while_there(request, desk_of(request).listing.offer())
    return offer, Page(request, lang, offer.tag)


def _dataset(offer: Offer, about: About, lang: str) -> Dataset:
    of, made = about.dataset, offer.made(about)
    forms = sorted(
        (form for form in of.formats if form.suffix in texts().forms), key=lambda f: f not in _FIRST
    )
    files = tuple(
        File(
            texts().forms[form.suffix].title[lang],
            of.path(form),
            made.files[form.suffix].size if made and form.suffix in made.files else None,
            form in _FIRST,
        )
        for form in sorted(forms, key=lambda form: form not in _FIRST)
    )
    return Dataset(of.slug, of.title[lang], of.description[lang], offer.modified(about), files)


def _topics(about: About, lang: str) -> list[tuple[str, str]]:
    """The topics that it is about, by name: IRI and name."""
    named = []
    for topic in about.topics:
        if known := [each for each in (lang, *names.LANGUAGES) if each in topic.labels]:
            named.append((topic.iri, topic.labels[known[0]]))
    return sorted(named, key=lambda each: each[1].casefold())


def _data(page: Page, path: str) -> tuple[DataLink, ...]:
    return tuple(DataLink(f"{page.prefix}/{path}.{form.suffix}", form) for form in CATALOGUE_FORMATS)
