"""Level 8, web: is the process alive, and does it answer questions?"""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from kogge.web.context import desk_of

router = APIRouter()


@router.api_route("/health/live", methods=["GET", "HEAD"])
async def live() -> JSONResponse:
    """200 as long as the process answers at all."""
    return JSONResponse({"status": "live"})


@router.api_route("/health/ready", methods=["GET", "HEAD"])
async def ready(request: Request) -> JSONResponse:
    """200 with the state of the graph when a question has just been answered; else 503."""
    return JSONResponse({"status": "ready", "state": await desk_of(request).alive()})
