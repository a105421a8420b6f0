"""Level 8, web: what search engines and other robots look for at fixed addresses."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Path, Request, Response
from fastapi.responses import PlainTextResponse

from kogge import names
from kogge.desk import time_of
from kogge.web.addresses import here, public
from kogge.web.context import desk_of, send, while_there

router = APIRouter()

_REFUSED: Final = ("/contributions", "/expertise", "/matches", "/queries", "/sparql", "/suggest")


@router.api_route("/sitemap.xml", methods=["GET", "HEAD"])
async def sitemap(request: Request) -> Response:
    """The pages of all things, datasets and graphs in three languages; a list of parts for many."""
    return await _sitemap(request, None)


@router.api_route("/sitemap-{number}.xml", methods=["GET", "HEAD"])
async def part(request: Request, number: Annotated[int, Path(examples=[1])]) -> Response:
    """A part of the sitemap, from 1."""
    return await _sitemap(request, number)


@router.api_route("/robots.txt", methods=["GET", "HEAD"])
async def robots(request: Request) -> Response:
    """What robots may read: every page and every thing; not what is computed for each caller."""
    lines = ["User-agent: *", *(f"Disallow: {here(request, path)}" for path in _REFUSED)]
    lines += ["Allow: /", "", f"Sitemap: {public(request, '/sitemap.xml')}", ""]
    return PlainTextResponse("\n".join(lines))


@router.api_route("/.well-known/void", methods=["GET", "HEAD"])
async def void(request: Request) -> Response:
    """303 to the description of the whole graph, which is in the catalogue (VoID, section 7.2)."""
    return Response(status_code=303, headers={"Location": here(request, "/catalog")})


async def _sitemap(request: Request, number: int | None) -> Response:
    desk = desk_of(request)
    offer = await while_there(request, desk.listing.offer())
    datasets = {about.dataset.iri: time_of(offer.modified(about)) for about in offer.facts.datasets}
    offered = {names.BASE + path: max(datasets.values()) for path in ("", "catalog")} | datasets
    result, state = await while_there(request, desk.things.sitemap(number, offered))
    return await send(request, result, state, f"{offer.tag}-{number or 'all'}")
