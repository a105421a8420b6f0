"""Level 8, web: `/catalog`, what portals harvest: RDF for whoever does not ask for a page above all.

`/dataset/…` are the datasets that it lists. People are sent to the pages of both (`pages.offers`).
"""

from __future__ import annotations

from collections.abc import Coroutine
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from typing import Annotated, Any, Final

from fastapi import APIRouter, Path, Query, Request, Response

from kogge import media
from kogge.desk import CATALOGUE_FORMATS
from kogge.errors import NotFound
from kogge.listing import Page
from kogge.media import MediaType
from kogge.web.addresses import here
from kogge.web.asked import accepted_language
from kogge.web.context import desk_of, send, while_there
from kogge.web.things import split

router = APIRouter()

Number = Annotated[int, Query(ge=1, le=999_999, description="The page; there is more than one above 100.")]
Slug = Annotated[str, Path(examples=["kogge"], description="With or without an ending.")]
Ending = Annotated[str, Path(examples=["ttl"])]

_OFFERED: Final = (*CATALOGUE_FORMATS, media.HTML)
_ENDINGS: Final = {form.suffix: form for form in _OFFERED}


@router.api_route("/catalog", methods=["GET", "HEAD"])
async def catalogue(request: Request, page: Number = 1) -> Response:
    """The catalogue of all datasets and of the endpoint (DCAT-AP 3.0.1, DCAT-AP.de 3.0), in RDF.

    A browser is sent to the page of the same (303).
    """
    return await _catalogue(request, page, media.choose(request.headers.get("accept"), _OFFERED))


@router.api_route("/catalog.{ending}", methods=["GET", "HEAD"])
async def catalogue_as(request: Request, ending: Ending, page: Number = 1) -> Response:
    """The catalogue in the format that the ending says: `.ttl .rdf .jsonld .nt`, or `.html`: its page."""
    return await _catalogue(request, page, _format(ending))


@router.api_route("/dataset/{slug}", methods=["GET", "HEAD"])
async def dataset(request: Request, slug: Slug) -> Response:
    """A dataset. It is no document, so 303 leads to its page, or to what the catalogue says of it.

    With an ending (`.ttl .rdf .jsonld .nt`) that, at once; `.html` leads to the page.
    """
    slug, ending = split(slug)
    wanted = _format(ending) if ending else media.choose(request.headers.get("accept"), _OFFERED)
    if wanted == media.HTML:
        (await while_there(request, desk_of(request).listing.offer())).about(slug)
        return _to_page(request, f"/dataset/{slug}")
    entry = desk_of(request).listing.entry(slug, wanted)
    if ending:
        return await _answer(request, entry)
    await while_there(request, entry)
    return _elsewhere(request, f"/dataset/{slug}.{wanted.suffix}")


async def _catalogue(request: Request, page: int, wanted: MediaType) -> Response:
    if wanted == media.HTML:
        return _to_page(request, "/catalog" + (f"?page={page}" if page > 1 else ""))
    return await _answer(request, desk_of(request).listing.page(page, wanted))


def _to_page(request: Request, path: str) -> Response:
    """303 to a page in the language of the reader."""
    return _elsewhere(request, f"/{accepted_language(request)}{path}")


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


def _not_since(request: Request, made: datetime) -> bool:
    """Whether the client has it as it is since then (RFC 9110, 13.1.3); an ETag decides before a time."""
    if "if-none-match" in request.headers:
        return False
    try:
        held = parsedate_to_datetime(request.headers.get("if-modified-since", ""))
        return held.astimezone(UTC) >= made.replace(microsecond=0)
    except (TypeError, ValueError):
        return False
