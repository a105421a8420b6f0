"""Level 8, web: `/changes`, every published version of every graph, as a Linked Data Event Stream."""

from __future__ import annotations

import asyncio
from typing import Final

from fastapi import APIRouter, Request, Response

from kogge import media
from kogge.errors import NotFound
from kogge.web.context import desk_of, send
from kogge.web.dates import last_modified

router = APIRouter()

KEPT: Final = 86_400  # seconds for which others may keep a finished page: what is erased is gone then
_SUFFIXES: Final = {each.suffix: each.type for each in (media.TRIG, media.N_QUADS, media.JSON_LD)}


@router.api_route("/changes", methods=["GET", "HEAD"])
@router.api_route("/changes.{suffix}", methods=["GET", "HEAD"], include_in_schema=False)
async def changes(request: Request, suffix: str = "") -> Response:
    """The newest changes, and links to the pages with all before: TriG, N-Quads or JSON-LD.

    A client that follows the links once, and reads this address again from time to time, has every graph as
    it is: see docs/feeds.md.
    """
    return await _sent(request, None, suffix)


@router.api_route("/changes/{page}", methods=["GET", "HEAD"])
async def page_of_changes(request: Request, page: str) -> Response:
    """A finished page of the changes, which never changes; `/changes` names them."""
    name, _, suffix = page.partition(".")
    return await _sent(request, name, suffix)


async def _sent(request: Request, name: str | None, suffix: str) -> Response:
    if suffix and suffix not in _SUFFIXES:
        raise NotFound(f"There is no '.{suffix}' of the changes.", f"Endings: .{', .'.join(_SUFFIXES)}.")
    accept = _SUFFIXES[suffix] if suffix else request.headers.get("accept")
    desk = desk_of(request)
    written = await asyncio.to_thread(desk.changes.page, name, accept)
    response = await send(request, written, written.state)
    kept = f"public, max-age={KEPT}, immutable" if written.finished else "no-cache"
    response.headers["Cache-Control"] = kept
    last_modified(response, written.modified)
    return response
