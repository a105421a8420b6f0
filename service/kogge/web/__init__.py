"""Level 8, web: the service over HTTP. `create_app` makes an application, and nothing exists before."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI
from starlette.middleware.cors import CORSMiddleware
from starlette.types import Receive, Scope, Send

from kogge.desk import Desk
from kogge.errors import KoggeError
from kogge.ledger.failures import Failures
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
from kogge.web.direct import CORS, Direct
from kogge.web.log import RequestLog
from kogge.web.pages.headers import PageHeaders
from kogge.web.session import Recognising, Sessions
from kogge.web.signing import Signing

__all__ = ["create_app"]


class Service(FastAPI):
    """The application. A query goes past the framework.

    `prefix` is the path of the public address, which a proxy may leave in the requests; answers to queries
    are `kept` in up to so many bytes.
    """

    def __init__(self, prefix: str, sessions: Sessions, kept: int, **of_framework: Any) -> None:
        super().__init__(**of_framework)
        failures = Failures()
        problems.install(self)
        self.state.sessions = sessions
        self.add_middleware(Recognising, sessions=sessions)
        self.add_middleware(Signing, failures=failures)
        self.add_middleware(PageHeaders)
        self.add_middleware(CORSMiddleware, **CORS)
        self.add_middleware(RequestLog)
        self._direct = Direct(failures, kept)
        self._ways = Prefixed(self._divide, prefix)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers a request."""
        await self._ways(scope, receive, send)

    async def _divide(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] == sparql.PATH and scope["method"] in sparql.METHODS:
            scope["app"] = self
            await self._direct(scope, receive, send)
        else:
            await super().__call__(scope, receive, send)


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

    unused = {"docs_url": None, "redoc_url": None, "openapi_url": None}
    app = Service(
        prefix_of(settings),
        Sessions(settings),
        settings.query_kept,
        title="Kogge",
        lifespan=lifespan,
        **unused,
    )
    app.state.settings = settings
    app.state.failure = None
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
    return app
