"""Level 8, web: the service over HTTP. `create_app` makes an application, and nothing exists before."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from starlette.middleware.cors import CORSMiddleware

from kogge.desk import Desk
from kogge.errors import KoggeError
from kogge.settings import Settings
from kogge.web import (
    catalog,
    contributions,
    dumps,
    expertise,
    front,
    graphs,
    health,
    history,
    openapi,
    problems,
    saved,
    sparql,
)
from kogge.web.log import RequestLog
from kogge.web.signing import Signing

__all__ = ["create_app"]


def create_app(settings: Settings, desk: Desk | None = None) -> FastAPI:
    """The application. It opens the desk when it starts, unless one is given, and closes it when it ends."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        opened = desk if desk is not None else await asyncio.to_thread(Desk.open, settings)
        try:
            try:
                await opened.start()
            except KoggeError as error:
                app.state.failure = error  # the server only says that it did not start
                raise
            app.state.desk = opened
            yield
        finally:
            await opened.stop()
            await asyncio.to_thread(opened.close)

    app = FastAPI(title="Kogge", lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None)
    app.state.settings = settings
    app.state.failure = None
    app.router.routes.append(sparql.route)
    for part in (front, expertise, sparql, saved, graphs, catalog, dumps, contributions, history, health):
        app.include_router(part.router)
    openapi.install(app)
    problems.install(app)
    app.add_middleware(Signing)
    app.add_middleware(
        CORSMiddleware,
        allow_origins=["*"],
        allow_methods=["GET", "HEAD", "POST", "OPTIONS"],
        allow_headers=["Accept", "Content-Type", "If-None-Match", "If-Range", "Range"],
        expose_headers=["Accept-Ranges", "Content-Range", "ETag", "Link", "Retry-After"],
    )
    app.add_middleware(RequestLog)
    return app
