"""Level 8, web: `/sparql` past the framework, whose way costs more than a small query."""

from __future__ import annotations

import time
from http import HTTPStatus
from typing import Any, Final, TypeAlias

from fastapi import Request, Response
from starlette.types import Receive, Scope, Send

from kogge.ledger.failures import Failures
from kogge.store.answers import Recent
from kogge.web import log, problems, sparql
from kogge.web.context import desk_of
from kogge.web.signing import sign

CORS: Final[dict[str, Any]] = {
    "allow_origins": ["*"],
    "allow_methods": ["GET", "HEAD", "POST", "OPTIONS"],
    "allow_headers": ["Accept", "Content-Type", "If-None-Match", "If-Range", "Range"],
    "expose_headers": ["Accept-Ranges", "Content-Range", "ETag", "Link", "Retry-After"],
}
_SHARED: Final = [
    (b"access-control-allow-origin", b"*"),
    (b"access-control-expose-headers", ", ".join(CORS["expose_headers"]).encode()),
]
# By which of its headers an answer goes, and those with which it is not taken from what is kept.
_VARYING: Final = frozenset((b"accept", b"accept-encoding"))
_OWN: Final = frozenset((b"authorization", b"if-none-match"))

Same: TypeAlias = tuple[bytes | tuple[bytes, bytes], ...]


class Direct:
    """Answers as the route and all middleware would, a preflight excepted, which does not come here.

    Pages from anywhere may read the answers (CORS), whoever asks. Small answers are kept, in up to `room`
    bytes, for who sends the same request while the state stays: then nothing of it is read again.
    """

    def __init__(self, failures: Failures, room: int) -> None:
        self._failures = failures
        self._recent = Recent[Same, Response](room)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers a request, and logs it."""
        began = time.perf_counter()
        status = 0
        try:
            response = await problems.answered(Request(scope, receive, send), self._answer)
            status = response.status_code
            headers = [*response.raw_headers, *_SHARED]
            await send({"type": "http.response.start", "status": status, "headers": headers})
            await send({"type": "http.response.body", "body": response.body})
        finally:
            log.tell(scope, status, began)

    async def _answer(self, request: Request) -> Response:
        await sign(request.scope, self._failures)
        if (same := _same(request.scope)) is None:
            return await sparql.sparql(request)
        state = await desk_of(request).refresh()
        if (held := self._recent.get(same, state)) is not None:
            return held
        response = await sparql.sparql(request)
        if response.status_code == HTTPStatus.OK and f'"{state}-' in response.headers.get("etag", ""):
            size = len(response.body) + len(request.scope["query_string"])
            self._recent.keep(same, response, size, state)
        return response


def _same(scope: Scope) -> Same | None:
    """What tells the answers to requests apart; None where it is more than address and wanted formats."""
    if scope["method"] != "GET":
        return None
    said: list[tuple[bytes, bytes]] = []
    for header in scope["headers"]:
        if header[0] in _OWN:
            return None
        if header[0] in _VARYING:
            said.append(header)
    return scope["query_string"], *said
