"""Level 8, web: between socket and application: who is too slow, too long or unreadable does not get further.

uvicorn has no time-outs for what it receives and no limits for a head. Here they are: `_Http` is its protocol
on httptools with limits for the head of a request, `SteadyBody` an application around ours with limits for
the body. What is refused before it is a request gets a problem (RFC 9457) that repeats nothing of it.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import resource
import socket
from http import HTTPStatus
from typing import Any, Final, cast

import uvicorn
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from kogge import media, names
from kogge.errors import BadRequest, Misconfigured, SlowRequest, TooLarge
from kogge.settings import Settings

log = logging.getLogger(__name__)

_LINGER: Final = 2.0  # seconds for which the rest of a refused request is read, so that the refusal arrives
_OWN_FILES: Final = 192  # descriptors that are not for connections; the engine alone wants 96
_MOST_FILES: Final = 65_536


def run(app: ASGIApp, listening: socket.socket, settings: Settings) -> None:
    """Serves the application on a socket that listens, until a signal ends it.

    A head must have come within `head_seconds` of the connection, or of the answer before it; a body within
    `body_seconds`, with never more than `body_pause` between two pieces of it. Raises Misconfigured where the
    system allows too few files to be open.
    """
    connections = files() - _OWN_FILES
    config = uvicorn.Config(
        SteadyBody(app, settings),
        http=_Http,
        ws="none",
        log_config=None,
        log_level="error",  # its warnings are about requests that are refused; we log those ourselves
        access_log=False,
        server_header=False,
        proxy_headers=False,  # whose word counts on the address of a client, a setting of ours says
        timeout_graceful_shutdown=settings.stop_seconds,
    )
    _Server(config, settings, connections).run(sockets=[listening])


def files() -> int:
    """How many files this process may have open, after it has asked for as many as it can get.

    Raises Misconfigured where they are too few for a service.
    """
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = _MOST_FILES if hard == resource.RLIM_INFINITY else min(hard, _MOST_FILES)
    if most < 2 * _OWN_FILES:
        raise Misconfigured(
            f"Only {most} files may be open at once; the service needs {2 * _OWN_FILES}.",
            "Raise the limit, for example with: ulimit -n 4096",
        )
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
    return most


# --- the body ----------------------------------------------------------------------------------------------


class SteadyBody:
    """An application whose requests have a body that is not too long and comes in time.

    What is not so is raised where the body is read, as TooLarge, SlowRequest or BadRequest. If the answer
    comes before the whole body, the connection is closed after it; not at once, because a sender who is cut
    off does not read the answer.
    """

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app = app
        self._settings = settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes a request on."""
        length = _length(scope) if scope["type"] == "http" else 0
        if length != 0:
            body = _Body(receive, send, length, self._settings)
            receive, send = body.receive, body.send
        try:
            await self._app(scope, receive, send)
        except asyncio.CancelledError:  # the service has been stopped, and does not wait any longer
            if scope["type"] != "http":
                raise
            with contextlib.suppress(RuntimeError):  # the answer has begun; it will be seen to be cut
                await _say_stopped(send)


async def _say_stopped(send: Send) -> None:
    status = HTTPStatus.SERVICE_UNAVAILABLE
    headers = [
        (b"content-type", media.PROBLEM.content_type.encode()),
        (b"retry-after", b"5"),
        (b"connection", b"close"),
    ]
    await send({"type": "http.response.start", "status": status.value, "headers": headers})
    await send({"type": "http.response.body", "body": _problem(status)})


def _problem(status: HTTPStatus) -> bytes:
    """The problem for what is refused here."""
    return json.dumps(
        {
            "type": f"{names.BASE}problem/{names.slugify(status.phrase)}",
            "title": status.phrase,
            "status": status,
            "detail": _DETAIL[status],
        }
    ).encode()


def _length(scope: Scope) -> int | None:
    """How long the body of a request says to be; None if it does not say."""
    length: int | None = 0
    for name, value in scope["headers"]:
        if name == b"transfer-encoding":
            return None
        if name == b"content-length":
            length = int(value)
    return length


class _Body:
    """One request with a body: what it receives and sends."""

    def __init__(self, receive: Receive, send: Send, length: int | None, settings: Settings) -> None:
        self._receive = receive
        self._send = send
        self._length = length or 0
        self._settings = settings
        self._until = asyncio.get_running_loop().time() + settings.body_seconds
        self._size = 0
        self._whole = False

    async def receive(self) -> Message:
        """The next piece of the body; when it is whole, what comes after it."""
        if self._whole:
            return await self._receive()
        self._hold(self._length)
        now = asyncio.get_running_loop().time()
        try:
            async with asyncio.timeout_at(min(now + self._settings.body_pause, self._until)):
                message = await self._receive()
        except TimeoutError as error:
            raise SlowRequest("The body of the request did not come in time.", "Send it again.") from error
        if message["type"] == "http.disconnect":
            raise BadRequest("The request ended before its body was whole.")
        self._size += len(message.get("body", b""))
        self._hold(self._size)
        self._whole = not message.get("more_body", False)
        return message

    async def send(self, message: Message) -> None:
        """Sends the next part of the answer."""
        if self._whole:
            await self._send(message)
        elif message["type"] == "http.response.start":
            await self._send({**message, "headers": [*message.get("headers", ()), (b"connection", b"close")]})
        elif message.get("more_body", False):
            await self._send(message)
        else:
            await self._send({**message, "more_body": True})
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_LINGER):
                    while (await self._receive()).get("more_body", False):
                        pass
            await self._send({"type": "http.response.body"})

    def _hold(self, size: int) -> None:
        if size > self._settings.body_bytes:
            raise TooLarge(
                f"The body of the request is longer than {self._settings.body_bytes} bytes.",
                "Send less at once.",
            )


# --- the head ----------------------------------------------------------------------------------------------


class _Server(uvicorn.Server):
    """uvicorn, which looks twice a second for connections that have been silent for too long."""

    def __init__(self, config: uvicorn.Config, settings: Settings, connections: int) -> None:
        super().__init__(config)
        self.server_state = self._state = _State(settings, connections)

    async def on_tick(self, counter: int) -> bool:
        """What uvicorn does ten times a second."""
        if counter % 5 == 0:
            self._state.drop_late(asyncio.get_running_loop().time())
        return await super().on_tick(counter)


class _State(ServerState):
    """What the connections of a server share; those that wait for a head, the longest waiting first."""

    def __init__(self, settings: Settings, connections: int) -> None:
        super().__init__()
        self.settings = settings
        self.most = connections
        self.waiting: dict[_Http, float] = {}

    def wait(self, connection: _Http, now: float) -> None:
        """Notes that a connection waits for a head; if half of all may do so, the first of them goes."""
        self.waiting.pop(connection, None)
        self.waiting[connection] = now
        if len(self.waiting) > self.most // 2:
            next(iter(self.waiting)).end_waiting()

    def drop_late(self, now: float) -> None:
        """Ends those that have waited too long."""
        for connection, since in list(self.waiting.items()):
            if now - since < self.settings.head_seconds:
                break
            connection.end_waiting()


class _Corked:
    """A transport on which all that is written in one turn of the event loop leaves as one piece.

    uvicorn writes the head of an answer and its body apart; each piece wakes the client.
    """

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        self._pieces: list[bytes] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        """Sends this soon, together with what follows it in this turn."""
        if not self._pieces:
            self._loop.call_soon(self._flush)
        self._pieces.append(data)

    def write_eof(self) -> None:
        """Says that nothing follows."""
        self._flush()
        self._transport.write_eof()

    def close(self) -> None:
        """Closes the connection when all is sent."""
        self._flush()
        self._transport.close()

    def _flush(self) -> None:
        pieces, self._pieces = self._pieces, []
        if pieces and not self._transport.is_closing():
            self._transport.writelines(pieces)


class _Http(HttpToolsProtocol):
    """A connection of uvicorn, with limits for the head of a request."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Waits for the first head."""
        super().connection_made(cast(asyncio.Transport, _Corked(transport, self.loop)))
        self._state = cast(_State, self.server_state)
        self._settings = self._state.settings
        self._head = 0  # bytes of a head that is not whole yet
        self._in_head = False
        self._refusal = HTTPStatus.BAD_REQUEST
        self._refused = False
        if len(self.connections) > self._state.most:
            transport.abort()
            return
        self._state.wait(self, self.loop.time())

    def connection_lost(self, exc: Exception | None) -> None:
        """Nobody is there any more."""
        self._state.waiting.pop(self, None)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Reads on, if this has not been refused already."""
        if self._refused:
            return
        super().data_received(data)
        if self._in_head and not self._refused:
            self._head += len(data)
            if self._head > self._settings.head_bytes:
                self._refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)

    def on_message_begin(self) -> None:
        """The first byte of a head."""
        super().on_message_begin()
        self._head = 0
        self._in_head = True

    def on_url(self, url: bytes) -> None:
        """A piece of the URL."""
        super().on_url(url)
        if len(self.url) > self._settings.url_bytes:
            self._stop(HTTPStatus.REQUEST_URI_TOO_LONG)

    def on_headers_complete(self) -> None:
        """The head is whole: a request begins."""
        size = sum(len(name) + len(value) for name, value in self.headers)
        if len(self.headers) > self._settings.head_lines or size > self._settings.head_bytes:
            self._stop(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
        self._in_head = False
        self._state.waiting.pop(self, None)
        super().on_headers_complete()

    def on_response_complete(self) -> None:
        """Waits for the next head, if none was sent ahead."""
        ahead = bool(self.pipeline)
        super().on_response_complete()
        if not ahead and not self.transport.is_closing():
            self._state.wait(self, self.loop.time())

    def end_waiting(self) -> None:
        """Ends a connection on which no head came in time."""
        if self._in_head:
            self._refuse(HTTPStatus.REQUEST_TIMEOUT)
        self._state.waiting.pop(self, None)
        self.transport.close()

    def shutdown(self) -> None:
        """Ends a connection, unless a whole request is being answered: then afterwards."""
        super().shutdown()
        if self._refused or (self.cycle and self.cycle.more_body and not self.cycle.response_started):
            self.transport.close()

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - it is for the log
        """What is done with a request that cannot be read or was stopped here."""
        self._refuse(self._refusal)

    def _unsupported_upgrade_warning(self) -> None:
        """An upgrade that is not offered is ignored (RFC 9110, section 7.8)."""

    def _stop(self, status: HTTPStatus) -> None:
        self._refusal = status
        raise ValueError(status.phrase)  # the parser stops; uvicorn calls `send_400_response`

    def _refuse(self, status: HTTPStatus) -> None:
        """Answers with a problem, and reads no more on this connection."""
        self._refused = True
        self._state.waiting.pop(self, None)
        log.info("refused: %d %s", status, status.phrase)
        if self.transport.is_closing():
            return
        if self.cycle and not self.cycle.response_complete:
            if self.cycle.response_started or self.pipeline:
                self.transport.close()  # answers are under way, which must not be mixed with this one
                return
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        body = _problem(status)
        self.transport.write(
            f"HTTP/1.1 {status} {status.phrase}\r\nContent-Type: {media.PROBLEM.content_type}\r\n"
            f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode()
            + body
        )
        self.transport.write_eof()
        self.loop.call_later(_LINGER, self.transport.close)


_DETAIL: Final = {
    HTTPStatus.BAD_REQUEST: "This is no request of HTTP/1.1 that can be read.",
    HTTPStatus.SERVICE_UNAVAILABLE: "The service is being stopped. Try again in a few seconds.",
    HTTPStatus.REQUEST_TIMEOUT: "The head of the request did not come in time.",
    HTTPStatus.REQUEST_URI_TOO_LONG: "The address is too long. Send a long query by POST.",
    HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE: "The request has too many headers, or too long ones.",
}
