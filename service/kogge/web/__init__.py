"""Level 8, web: the service over HTTP. `create_app` makes an application, and nothing exists before."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from starlette.middleware.cors import CORSMiddleware

from kogge.desk import Desk
from kogge.settings import Settings
from kogge.web import expertise, front, health, problems, sparql
from kogge.web.log import RequestLog

__all__ = ["create_app"]


def create_app(settings: Settings, desk: Desk | None = None) -> FastAPI:
    """The application. It opens the desk when it starts, unless one is given, and closes it when it ends."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        app.state.desk = desk or await asyncio.to_thread(Desk.open, settings)
        try:
            yield
        finally:
            await asyncio.to_thread(app.state.desk.close)

    app = FastAPI(title="Kogge", lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None)
    app.state.settings = settings
    for part in (front, expertise, sparql, health):
        app.include_router(part.router)
    problems.install(app)
    app.add_middleware(
        CORSMiddleware, allow_origins=["*"], allow_methods=["GET", "HEAD", "POST"], expose_headers=["ETag"]
    )
    app.add_middleware(RequestLog)
    return app
