"""Level 8, web: what the routes share: the desk, who is asking, and the response for a result."""

from __future__ import annotations

import asyncio
import gzip
import re
from collections.abc import Coroutine
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final, Protocol, TypeVar

from fastapi import Request, Response
from starlette.requests import ClientDisconnect

from kogge.desk import Desk
from kogge.errors import TooLarge, Unavailable
from kogge.ledger import Caller
from kogge.media import MediaType
from kogge.settings import Settings

T = TypeVar("T")

SHORT: Final = 1000  # bytes up to which a body is sent as it is
LONG: Final = 20_000  # bytes from which on it is compressed in a thread, so that nobody waits for it
_LEVEL: Final = 5
_PATIENCE: Final = 0.05  # seconds after which we begin to watch whether the client is still there
_TAG: Final = re.compile(r'"[^"]*"')
_GZIP: Final = re.compile(r"^\s*(?:gzip|x-gzip|(\*))\s*(?:;\s*q\s*=\s*([0-9.]+)\s*)?$", re.IGNORECASE)


class Content(Protocol):
    """What is sent: a representation and its bytes."""

    @property
    def media(self) -> MediaType:
        """The representation."""
        ...

    @property
    def body(self) -> bytes:
        """The bytes."""
        ...


def desk_of(request: Request) -> Desk:
    """The desk of the application. Raises Unavailable while it is not open."""
    desk: Desk | None = getattr(request.app.state, "desk", None)
    if desk is None or not desk.ready:
        raise Unavailable("The service is not ready.", "Try again in a few seconds.")
    return desk


def header_of(request: Request, name: bytes) -> str:
    """A header by its name in lower case, or nothing; much faster than the mapping where it is missing."""
    for known, value in request.scope["headers"]:
        if known == name:
            return str(value, "latin-1")
    return ""


def caller_of(request: Request) -> Caller | None:
    """Whom the token of the request names, if it has one."""
    caller: Caller | None = request.scope.get("state", {}).get("caller")
    return caller


def client_of(request: Request) -> str:
    """Who is asking, for the limits that each client has: the token, else the address."""
    caller = caller_of(request)
    return f"token {caller.token}" if caller else address_of(request)


def address_of(request: Request) -> str:
    """The address from which a request comes, or what our own proxy says it is."""
    header: str = request.app.state.settings.client_header
    named = request.headers.get(header, "").rpartition(",")[2].strip() if header else ""
    return named or (request.client.host if request.client else "unknown")


def seconds_of(request: Request) -> float:
    """How long a query of who is asking may run, in seconds."""
    settings: Settings = request.app.state.settings
    return settings.partner_query_seconds if caller_of(request) else settings.query_seconds


async def while_there(request: Request, work: Coroutine[Any, Any, T]) -> T:
    """What the work gives; it is cancelled when the client hangs up, which raises ClientDisconnect.

    Nearly all work is done before anybody begins to watch.
    """
    asking = asyncio.current_task()
    watching: list[asyncio.Task[None]] = []

    def gone(watch: asyncio.Task[None]) -> None:
        if asking and watching and not watch.cancelled():
            asking.cancel()

    def watch() -> None:
        watching.append(asyncio.ensure_future(_gone(request)))
        watching[0].add_done_callback(gone)

    timer = asyncio.get_running_loop().call_later(_PATIENCE, watch)
    try:
        return await work
    except asyncio.CancelledError:
        if asking and watching and watching[0].done() and asking.uncancel() == 0:
            raise ClientDisconnect from None
        raise
    finally:
        timer.cancel()
        while watching:
            watching.pop().cancel()


async def _gone(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


async def body_of(request: Request, limit: int, advice: str) -> bytes:
    """The body, read up to a number of bytes. Raises TooLarge, with the advice."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > limit:
            raise TooLarge(f"The body is longer than {limit} bytes.", advice)
    return bytes(body)


def respond(
    request: Request, content: Content, state: str, key: str | None = "", *, weak: bool = False
) -> Response:
    """A result as a response, compressed if the client takes that; 304 if it has this one already.

    Its ETag (RFC 9110, 8.8.3) names the state of the graph, the `key` (which of the answers of this address
    it is) and format; None: it has no ETag, because the next answer may differ. It is `weak` where the next
    may be written with other bytes.
    """
    mark = "W/" if weak else ""
    headers = {"Vary": "Accept, Accept-Encoding", "X-Content-Type-Options": "nosniff"}
    etag = f'"{_stem(state, key)}{content.media.suffix}"' if key is not None else ""
    if etag and (held := has_already(request, etag[:-1])):
        return not_modified(mark + held)
    body = content.body
    if len(body) >= SHORT and takes_gzip(request):
        body = gzip.compress(body, _LEVEL, mtime=0)
        headers["Content-Encoding"] = "gzip"
        etag = etag and etag[:-1] + '-gzip"'
    if etag:
        headers["ETag"] = mark + etag
    return Response(body, media_type=content.media.content_type, headers=headers)


async def send(
    request: Request, content: Content, state: str, key: str | None = "", *, weak: bool = False
) -> Response:
    """`respond` for a route that must not hold up others."""
    if len(content.body) < LONG or not takes_gzip(request):
        return respond(request, content, state, key, weak=weak)
    return await asyncio.to_thread(respond, request, content, state, key, weak=weak)


def has_already(request: Request, beginning: str) -> str:
    """The ETag with this beginning that the client says it has (If-None-Match), or nothing."""
    if request.method not in ("GET", "HEAD"):
        return ""
    tags = _TAG.findall(header_of(request, b"if-none-match"))
    return next((tag for tag in tags if tag.startswith(beginning)), "")


def not_since(request: Request, modified: datetime) -> bool:
    """Whether the client has it as it is since then (RFC 9110, 13.1.3); an ETag decides before a time."""
    if request.method not in ("GET", "HEAD") or "if-none-match" in request.headers:
        return False
    try:
        return parsedate_to_datetime(request.headers.get("if-modified-since", "")) >= modified
    except (TypeError, ValueError):
        return False


def not_modified(etag: str) -> Response:
    """The answer to a client that has it already."""
    return Response(status_code=304, headers={"ETag": etag, "Vary": "Accept, Accept-Encoding"})


def beginning(state: str, key: str) -> str:
    """How the ETag of an answer begins, whatever its format is."""
    return f'"{_stem(state, key)}'


def _stem(state: str, key: str | None) -> str:
    return f"{state}-{key}-" if key else f"{state}-"


def takes_gzip(request: Request) -> bool:
    """Whether Accept-Encoding has gzip (or anything) with a quality above 0 (RFC 9110, 12.5.3)."""
    said = {
        bool(found[1]): float(found[2] or 1)
        for part in header_of(request, b"accept-encoding").split(",")
        if (found := _GZIP.match(part)) and (found[2] or "1").count(".") < 2 and found[2] != "."
    }
    return said.get(False, said.get(True, 0.0)) > 0
