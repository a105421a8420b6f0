"""Level 8, web: who is asking: the token in the header Authorization (RFC 6750, section 2.1), only there.

A request with a token is looked at before any route sees it, so that a token that opens nothing is refused
everywhere, and who shows one that holds has a partner's time and a quota of its own.
"""

from __future__ import annotations

import asyncio
import re
from typing import Final
from urllib.parse import unquote_to_bytes

from fastapi import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from kogge.desk import Desk
from kogge.errors import BadRequest, KoggeError, Unauthorised
from kogge.ledger import Caller
from kogge.ledger.failures import Failures
from kogge.web import problems
from kogge.web.context import address_of, caller_of, desk_of

_TOKEN: Final = re.compile(rb"kgg_[a-z0-9]{12}_[A-Za-z0-9_-]{20}")
_ENCODED: Final = re.compile(rb"%6[7b]", re.IGNORECASE)  # g or k, which nobody has to write so
_FIELD: Final = re.compile(rb"[?&]access_token=")  # RFC 6750, section 2.3: not to be used
_BEARER: Final = re.compile(r"\s*bearer(?:\s+|$)(.*)", re.IGNORECASE | re.DOTALL)


class Signing:
    """Middleware that finds out whom the token of a request names: `caller_of` then knows.

    Without a token, or with another scheme of authorisation, it does nothing. A token in the address is
    refused: addresses are kept in logs and histories. `failures` counts the tokens that opened nothing.
    """

    def __init__(self, app: ASGIApp, failures: Failures) -> None:
        self._app = app
        self._failures = failures

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes the request on, or answers it with a problem."""
        if scope["type"] == "http":
            try:
                await sign(scope, self._failures)
            except KoggeError as error:
                request = Request(scope)
                told = problems.of(problems.spoken(request, error))
                await problems.shown(request, told)(scope, receive, send)
                return
        await self._app(scope, receive, send)


async def sign(scope: Scope, failures: Failures) -> None:
    """Notes whom the token of a request names.

    Raises BadRequest for one in the address, TooManyRequests for who failed too often, Unauthorised.
    """
    address = scope.get("raw_path", b"") + b"?" + scope["query_string"]
    if _shows_token(address):
        raise BadRequest(
            "There is a token in the address; addresses are kept in many places.",
            "Have it revoked, ask for another, and send that in the header: Authorization: Bearer kgg_…",
        )
    header = next((value for name, value in scope["headers"] if name == b"authorization"), None)
    if header is None or (found := _BEARER.fullmatch(header.decode("latin-1"))) is None:
        return
    request = Request(scope)
    scope.setdefault("state", {})["caller"] = await _caller(
        desk_of(request), found[1], address_of(request), failures
    )


async def _caller(desk: Desk, secret: str, address: str, failures: Failures) -> Caller:
    """Whom the token names. Raises TooManyRequests for an address that failed too often, Unauthorised."""
    failures.check(address)
    try:
        caller = await asyncio.to_thread(desk.partners.who, secret)
    except Unauthorised:
        failures.failed(address)
        raise
    failures.succeeded(address)
    return caller


def _shows_token(address: bytes) -> bool:
    """Whether there is something like a token in an address, also percent-encoded."""
    if _FIELD.search(address):
        return True
    suspect = b"kgg" in address or _ENCODED.search(address)
    return bool(suspect) and _TOKEN.search(unquote_to_bytes(address)) is not None


def signed(request: Request) -> Caller:
    """Who is asking. Raises Unauthorised where nobody is named."""
    if (caller := caller_of(request)) is None:
        raise Unauthorised(
            "This needs a token.",
            "Send yours in a header: Authorization: Bearer kgg_… The steward gives tokens.",
        )
    return caller
