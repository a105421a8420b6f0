"""Level 8, web: who is signed in on the pages: a signed cookie that names a token by its id, never its value.

It authorises pages only, and only as long as the token does: a token that was revoked ends the session. A
form is taken only from a page of ours: by Origin or Sec-Fetch-Site, and by the token in the form.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import os
import re
import secrets
import time
from collections import OrderedDict
from dataclasses import dataclass
from functools import cached_property
from typing import Final
from urllib.parse import urlsplit

from fastapi import Request, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from kogge import names
from kogge.errors import Forbidden, KoggeError, Misconfigured
from kogge.ledger import Caller
from kogge.ledger.failures import Failures
from kogge.settings import Settings
from kogge.web.context import desk_of

COOKIE: Final = "kogge-session"
_VALUE: Final = re.compile(r"([a-z0-9]{12})\.([0-9]{1,12})\.([A-Za-z0-9_-]{22})\.([A-Za-z0-9_-]{43})")
_STAMP: Final = re.compile(r"([0-9]{1,12})\.([A-Za-z0-9_-]{43})")
_FORM_SECONDS: Final = 3600  # how long the form of the sign-in may lie open
_ENDED: Final = 10_000  # sessions that were ended before their time, and are remembered


@dataclass(frozen=True)
class Session:
    """Somebody who is signed in: who, until when (seconds of Unix time), and the token for forms."""

    caller: Caller
    id: str
    until: int
    form: str


class Sessions:
    """Begins and ends sessions. The secret is a setting, or a file in the home folder that only we read."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.failures = Failures()
        self._ended: OrderedDict[str, None] = OrderedDict()

    def begin(self, caller: Caller, response: Response) -> None:
        """Signs somebody in: the response sets the cookie."""
        until = int(time.time()) + self._settings.session_hours * 3600
        said = f"{caller.token}.{until}.{secrets.token_urlsafe(16)}"
        self._set(response, f"{said}.{self._signed('session', said)}", self._settings.session_hours * 3600)

    def end(self, session: Session, response: Response) -> None:
        """Signs somebody out: the cookie is taken away, and a copy of it opens nothing."""
        self._ended[session.id] = None
        while len(self._ended) > _ENDED:
            self._ended.popitem(last=False)
        self._set(response, "", 0)

    def read(self, value: str) -> tuple[str, int, str] | None:
        """The id of the token, the end and the id of the session that a cookie names, if it is ours."""
        found = _VALUE.fullmatch(value)
        if found is None or not hmac.compare_digest(
            self._signed("session", f"{found[1]}.{found[2]}.{found[3]}"), found[4]
        ):
            return None
        if int(found[2]) <= time.time() or found[3] in self._ended:
            return None
        return found[1], int(found[2]), found[3]

    def session(self, caller: Caller, until: int, ident: str) -> Session:
        """The session of a cookie that was read."""
        return Session(caller, ident, until, self._signed("form", ident))

    def stamp(self) -> str:
        """The token in the form of the sign-in, before there is a session."""
        now = str(int(time.time()))
        return f"{now}.{self._signed('sign-in', now)}"

    def stamped(self, value: str) -> bool:
        """Whether a token is one of `stamp`, and not too old."""
        found = _STAMP.fullmatch(value)
        if found is None or not hmac.compare_digest(self._signed("sign-in", found[1]), found[2]):
            return False
        return time.time() - int(found[1]) <= _FORM_SECONDS

    def _set(self, response: Response, value: str, seconds: int) -> None:
        base = urlsplit(self._settings.base_url)
        response.set_cookie(
            COOKIE, value, max_age=seconds, path=base.path or "/", secure=base.scheme == "https",
            httponly=True, samesite="lax",
        )  # fmt: skip

    def _signed(self, purpose: str, said: str) -> str:
        mac = hmac.digest(self._secret, f"{purpose} {said}".encode(), hashlib.sha256)
        return base64.urlsafe_b64encode(mac).rstrip(b"=").decode()

    @cached_property
    def _secret(self) -> bytes:
        """What signs. Raises Misconfigured where it can neither be read nor made."""
        if self._settings.secret:
            return self._settings.secret.encode()
        path = self._settings.home / "session.key"
        try:
            try:
                file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            except FileExistsError:
                return _enough(path.read_bytes())
            with os.fdopen(file, "wb") as made:
                key = secrets.token_hex(32).encode()
                made.write(key)
            return key
        except (OSError, ValueError) as error:
            raise Misconfigured(
                f"{path} cannot be used: {error}.", "Remove it, or set KOGGE_SECRET."
            ) from error


class Recognising:
    """Middleware that finds out who is signed in, on pages and nowhere else: `session_of` then knows."""

    def __init__(self, app: ASGIApp, sessions: Sessions) -> None:
        self._app = app
        self._sessions = sessions

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes the request on."""
        if scope["type"] == "http" and _is_page(scope["path"]):
            request = Request(scope)
            if value := request.cookies.get(COOKIE):
                scope.setdefault("state", {})["session"] = await self._known(request, value)
        await self._app(scope, receive, send)

    async def _known(self, request: Request, value: str) -> Session | None:
        try:
            if (found := self._sessions.read(value)) is None:
                return None
            token, until, ident = found
            caller = await asyncio.to_thread(desk_of(request).partners.caller, token)
        except KoggeError:  # revoked, expired, or nobody can say so now
            return None
        return self._sessions.session(caller, until, ident)


def session_of(request: Request) -> Session | None:
    """Who is signed in, if anybody is."""
    session: Session | None = request.scope.get("state", {}).get("session")
    return session


def only_ours(request: Request) -> None:
    """Raises Forbidden for a form that was not sent from a page of ours."""
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    hosts = {request.headers.get("host", ""), urlsplit(request.app.state.settings.base_url).netloc}
    elsewhere = site not in (None, "same-origin") or (origin is not None and _host(origin) not in hosts)
    if elsewhere or (site is None and origin is None):
        raise Forbidden(
            "This form was not sent from a page of this service.", "Open the page, and send it there."
        )


def only_from(request: Request, session: Session, token: str) -> None:
    """Raises Forbidden for a form of somebody else, or of a session that has ended."""
    only_ours(request)
    if not hmac.compare_digest(session.form.encode(), token.encode("utf-8", "replace")):
        raise Forbidden("This form is of another session.", "Open the page again, and send it there.")


def _host(origin: str) -> str:
    try:
        return urlsplit(origin).netloc
    except ValueError:
        return ""


def _is_page(path: str) -> bool:
    return path[1:3] in names.LANGUAGES and path[3:4] == "/"


def _enough(key: bytes) -> bytes:
    if len(key) < 32:
        raise ValueError("it is too short")
    return key
