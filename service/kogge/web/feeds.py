"""Level 8, web: `/feed.atom`, `/events.ics` and `/places.geojson`: what is new, when, and where.

The end of these addresses names their representation, whatever Accept says.
"""

from __future__ import annotations

import hashlib
from typing import Annotated, Final

from fastapi import APIRouter, Query, Request, Response

from kogge.portal.feeds import About
from kogge.store.evaluate import Result
from kogge.web.asked import language_of
from kogge.web.context import desk_of, send
from kogge.web.dates import last_modified

router = APIRouter()

Value = Annotated[str, Query(max_length=200)]
_DOCUMENTED: Final = {
    "parameters": [
        {
            "name": "lang",
            "in": "query",
            "description": "The language; without it what Accept-Language likes best.",
            "schema": {"type": "string", "enum": ["de", "en", "nl"]},
            "example": "de",
        }
    ]
}


@router.api_route("/feed.atom", methods=["GET", "HEAD"], openapi_extra=_DOCUMENTED)
async def feed(
    request: Request,
    topic: Value = "",
    alliance: Value = "",
    municipality: Value = "",
    page: Annotated[int, Query(ge=1, le=1_000_000)] = 1,
) -> Response:
    """What is new, as an Atom feed: projects, events, memberships and more, and versions of graphs.

    Of all, or of what concerns a topic (and narrower ones), an alliance (and its members' projects, needs and
    strategies) or a municipality: slugs or IRIs.
    """
    lang = language_of(request)
    about = About(topic=topic, alliance=alliance, municipality=municipality)
    result, changed = await desk_of(request).feeds.atom(about, lang, page)
    return await _sent(request, result, changed, language=True)


@router.api_route("/events.ics", methods=["GET", "HEAD"], openapi_extra=_DOCUMENTED)
async def events(request: Request, alliance: Value = "") -> Response:
    """The events with a day, as a calendar to subscribe to; of all, or of an alliance (slug or IRI)."""
    result, changed = await desk_of(request).feeds.agenda(language_of(request), alliance)
    return await _sent(request, result, changed, language=True)


@router.api_route("/places.geojson", methods=["GET", "HEAD"])
async def places(request: Request, alliance: Value = "", topic: Value = "") -> Response:
    """Municipalities, districts, states and provinces with their position, for a map.

    Those of an alliance, those with evidence for a topic (or a narrower one), or all: slugs or IRIs.
    """
    result = await desk_of(request).feeds.places(About(topic=topic, alliance=alliance))
    return await _sent(request, result, None)


async def _sent(request: Request, result: Result, changed: str | None, *, language: bool = False) -> Response:
    """A result, with an ETag of what it says: it is made anew for each state, and is mostly the same."""
    response = await send(request, result, hashlib.sha256(result.body).hexdigest()[:32])
    response.headers["Cache-Control"] = "no-cache"
    if language:
        response.headers["Vary"] = "Accept, Accept-Encoding, Accept-Language"
    last_modified(response, changed)
    return response
