"""Level 8, web: one line in the log for each request; never its query string, its body or a token."""

from __future__ import annotations

import logging
import time
from functools import lru_cache
from typing import Final
from urllib.parse import unquote_to_bytes

from starlette.types import ASGIApp, Message, Receive, Scope, Send

log = logging.getLogger(__name__)

_SHOWN: Final = 200


class RequestLog:
    """Middleware that logs method, path (as it was sent: it cannot forge a line), status and duration.

    The status is 0 where nothing was answered, because the client had gone.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes the request on and logs it when it is answered, or when it failed."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()
        status = 0

        async def noting(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, noting)
        except Exception:
            status = status or 500
            raise
        finally:
            tell(scope, status, began)


def tell(scope: Scope, status: int, began: float) -> None:
    """Logs a request that is answered; it began at that time of `time.perf_counter`."""
    path = _shown(scope.get("raw_path", b"").partition(b"?")[0])
    log.info("%s %s %d %.0f ms", scope["method"], path, status, (time.perf_counter() - began) * 1000)


class Lines(logging.Formatter):
    """The format of a line; the second in which it is written is spelled out once."""

    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:  # noqa: N802, ARG002
        """The local time, with milliseconds."""
        return f"{_second(int(record.created))},{int(record.msecs):03d}"


@lru_cache(maxsize=1)
def _second(since: int) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(since))


def _shown(path: bytes) -> str:
    """A path as it was sent, or a mark if somebody put a token into it."""
    if (b"kgg" in path or b"%" in path) and b"kgg_" in unquote_to_bytes(path):
        return "/…"
    return path.decode("latin-1")[:_SHOWN]
