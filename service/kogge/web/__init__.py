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
    changes,
    contributions,
    dumps,
    expertise,
    feeds,
    front,
    graphs,
    health,
    history,
    openapi,
    pages,
    problems,
    reconcile,
    saved,
    sitemap,
    sparql,
    things,
    vocabulary,
)
from kogge.web.addresses import Prefixed, prefix_of
from kogge.web.log import RequestLog
from kogge.web.pages.headers import PageHeaders
from kogge.web.session import Recognising, Sessions
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
    for part in (
        front,
        expertise,
        sparql,
        saved,
        graphs,
        catalog,
        dumps,
        contributions,
        history,
        things,
        vocabulary,
        sitemap,
        changes,
        feeds,
        reconcile,
        health,
    ):
        app.include_router(part.router)
    openapi.install(app)
    pages.install(app)
    problems.install(app)
    app.state.sessions = Sessions(settings)
    app.add_middleware(Recognising, sessions=app.state.sessions)
    app.add_middleware(Signing)
    app.add_middleware(PageHeaders)
    app.add_middleware(
        CORSMiddleware,
        allow_origins=["*"],
        allow_methods=["GET", "HEAD", "POST", "OPTIONS"],
        allow_headers=["Accept", "Content-Type", "If-None-Match", "If-Range", "Range"],
        expose_headers=["Accept-Ranges", "Content-Range", "ETag", "Link", "Retry-After"],
    )
    app.add_middleware(Prefixed, prefix=prefix_of(settings))
    app.add_middleware(RequestLog)
    return app
