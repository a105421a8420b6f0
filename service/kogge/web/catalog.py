"""Level 8, web: `/catalog`, what portals harvest: RDF for whoever does not ask for a page above all.

`/dataset/…` are the datasets that it lists.
"""

from __future__ import annotations

from collections.abc import Coroutine
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from functools import lru_cache
from typing import Annotated, Any, Final

from fastapi import APIRouter, FastAPI, Path, Query, Request, Response
from fastapi.routing import iter_route_contexts

from kogge import media
from kogge.desk import CATALOGUE_FORMATS
from kogge.errors import NotAcceptable, NotFound
from kogge.listing import Page
from kogge.media import MediaType
from kogge.web.addresses import here
from kogge.web.asked import language_of
from kogge.web.context import desk_of, send, while_there
from kogge.web.things import split

router = APIRouter()

Number = Annotated[int, Query(ge=1, le=999_999, description="The page; there is more than one above 100.")]
Slug = Annotated[str, Path(examples=["kogge"], description="With or without an ending.")]
Ending = Annotated[str, Path(examples=["ttl"])]

_ENDINGS: Final = {form.suffix: form for form in CATALOGUE_FORMATS}
_PAGE: Final = "/{lang}/catalog"  # for people, if there is one


@router.api_route("/catalog", methods=["GET", "HEAD"])
async def catalogue(request: Request, page: Number = 1) -> Response:
    """The catalogue of all datasets and of the endpoint (DCAT-AP 3.0.1, DCAT-AP.de 3.0), in RDF."""
    wanted = _chosen(request)
    if wanted == media.HTML:
        return _elsewhere(request, _PAGE.format(lang=language_of(request)))
    return await _answer(request, desk_of(request).listing.page(page, wanted))


@router.api_route("/catalog.{ending}", methods=["GET", "HEAD"])
async def catalogue_as(request: Request, ending: Ending, page: Number = 1) -> Response:
    """The catalogue in the format that the ending says: `.ttl .rdf .jsonld .nt`."""
    return await _answer(request, desk_of(request).listing.page(page, _format(ending)))


@router.api_route("/dataset/{slug}", methods=["GET", "HEAD"])
async def dataset(request: Request, slug: Slug) -> Response:
    """A dataset. It is no document, so 303 leads to what the catalogue says of it, by Accept.

    With an ending (`.ttl .rdf .jsonld .nt`) that, at once.
    """
    slug, ending = split(slug)
    wanted = _format(ending) if ending else _chosen(request)
    described = media.TURTLE if wanted == media.HTML else wanted
    entry = desk_of(request).listing.entry(slug, described)
    if ending:
        return await _answer(request, entry)
    await while_there(request, entry)
    if wanted == media.HTML:
        return _elsewhere(request, f"{_PAGE.format(lang=language_of(request))}#{slug}")
    return _elsewhere(request, f"/dataset/{slug}.{wanted.suffix}")


def _elsewhere(request: Request, path: str) -> Response:
    """303 to a document."""
    headers = {"Location": here(request, path), "Vary": "Accept, Accept-Language"}
    return Response(status_code=303, headers=headers)


async def _answer(request: Request, asked: Coroutine[Any, Any, Page]) -> Response:
    page = await while_there(request, asked)
    modified = {"Last-Modified": format_datetime(page.made.replace(microsecond=0), usegmt=True)}
    if _not_since(request, page.made):
        return Response(status_code=304, headers={**modified, "Vary": "Accept, Accept-Encoding"})
    response = await send(request, page, page.state, page.tag)
    response.headers.update(modified)
    return response


def _format(ending: str) -> MediaType:
    if (found := _ENDINGS.get(ending)) is None:
        raise NotFound(
            f"There is no catalogue in a format '.{ending}'.",
            f"Endings are: {' '.join('.' + each for each in _ENDINGS)}.",
        )
    return found


def _chosen(request: Request) -> MediaType:
    """What is wanted: RDF, unless a page is wanted above all and there is one; else raises NotAcceptable."""
    try:
        wanted = media.choose(request.headers.get("accept"), (*CATALOGUE_FORMATS, media.HTML))
    except NotAcceptable as error:
        offered = ", ".join(form.type for form in CATALOGUE_FORMATS)
        raise NotAcceptable(error.message, f"Offered: {offered}.") from error
    return media.TURTLE if wanted == media.HTML and not _has_page(request.app) else wanted


def _not_since(request: Request, made: datetime) -> bool:
    """Whether the client has it as it is since then (RFC 9110, 13.1.3); an ETag decides before a time."""
    if "if-none-match" in request.headers:
        return False
    try:
        held = parsedate_to_datetime(request.headers.get("if-modified-since", ""))
        return held.astimezone(UTC) >= made.replace(microsecond=0)
    except (TypeError, ValueError):
        return False


@lru_cache(maxsize=8)
def _has_page(app: FastAPI) -> bool:
    """Whether this service has a page of the catalogue for people."""
    return any(getattr(each.original_route, "path", "") == _PAGE for each in iter_route_contexts(app.routes))
