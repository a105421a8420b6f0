"""Level 8, web: addresses of this service for headers and bodies."""

from __future__ import annotations

from urllib.parse import urlsplit

from fastapi import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from kogge import names
from kogge.desk import THING_FORMATS
from kogge.media import MediaType
from kogge.settings import Settings


def prefix_of(settings: Settings) -> str:
    """The path under which the service is shown (`/kogge` of `https://city.example/kogge`), or nothing."""
    return urlsplit(settings.base_url).path


def here(request: Request, path: str) -> str:
    """An address of this service for a header: relative to the host by which it was called.

    The client resolves it (RFC 9110, 10.2.2); so it is right also where no base address was set.
    """
    return prefix_of(request.app.state.settings) + path


def public(request: Request, path: str) -> str:
    """An address of this service for a body, which may be read elsewhere: with the base address."""
    base: str = request.app.state.settings.base_url
    return base + path


def formats(address: str, this: MediaType | None = None) -> list[str]:
    """The formats of what is at an address, but this one, for the header Link (RFC 8288)."""
    return [
        f'<{address}.{each.suffix}>; rel="alternate"; type="{each.type}"'
        for each in THING_FORMATS
        if each != this
    ]


def pages(request: Request, path: str) -> list[str]:
    """The pages about something, one in each language, for the header Link; `path` is behind the language."""
    return [
        f'<{here(request, f"/{lang}{path}")}>; rel="alternate"; type="text/html"; hreflang="{lang}"'
        for lang in names.LANGUAGES
    ]


class Prefixed:
    """Middleware that takes the prefix of the public address from a path, where a proxy has left it there."""

    def __init__(self, app: ASGIApp, prefix: str) -> None:
        self._app = app
        self._prefix = prefix

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes the request on."""
        if self._prefix and scope["type"] == "http" and scope["path"].startswith(f"{self._prefix}/"):
            scope = {**scope, "path": scope["path"][len(self._prefix) :]}
        await self._app(scope, receive, send)
