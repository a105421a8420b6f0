"""Level 8, web, pages: signing in with a token, and out."""

from __future__ import annotations

import asyncio
import re
from typing import Final

from fastapi import Request, Response
from fastapi.responses import RedirectResponse

from kogge.errors import TooManyRequests, Unauthorised
from kogge.web.context import address_of, desk_of
from kogge.web.pages import READ, pages
from kogge.web.pages.posted import fields_of, posted
from kogge.web.pages.render import PRIVATE, Page
from kogge.web.pages.words import msgid
from kogge.web.session import Sessions, only_ours, session_of

router = pages()

_NEXT: Final = re.compile(r"[a-z0-9-]+(?:/[a-z0-9-]+)*(?:\?[A-Za-z0-9=&%+._~-]{0,500})?")
_WRONG: Final = msgid(
    "This key opens nothing. Check that you have copied all of it, or ask your editors for another."
)
_OFTEN: Final = msgid("There were too many wrong keys from here. Wait a moment, then try again.")
_OLD: Final = msgid("This form was open for too long. Please send it again.")


@router.api_route("/sign-in", methods=READ)
async def asked(request: Request, lang: str) -> Response:
    """Where one signs in."""
    page = await Page.open(request, lang, private=True)
    return await _form(page, request.query_params.get("next", ""))


@router.post("/sign-in")
async def sign_in(request: Request, lang: str) -> Response:
    """Signs in with a token: 303 to where one wanted to go, else the form again with what was wrong."""
    only_ours(request)
    page = await Page.open(request, lang, private=True)
    fields = await fields_of(request)
    onward, sessions = fields.text("next"), _sessions(request)
    if not sessions.stamped(fields.text("form")):
        return await _form(page, onward, _OLD, 400)
    address = address_of(request)
    try:
        sessions.failures.check(address)
        caller = await asyncio.to_thread(desk_of(request).partners.who, fields.text("token"))
    except TooManyRequests as error:
        answer = await _form(page, onward, _OFTEN, 429)
        answer.headers["Retry-After"] = str(error.retry_after)
        return answer
    except Unauthorised:
        sessions.failures.failed(address)
        return await _form(page, onward, _WRONG, 401)
    sessions.failures.succeeded(address)
    response = _to(page, onward)
    sessions.begin(caller, response)
    return response


@router.post("/sign-out")
async def sign_out(request: Request, lang: str) -> Response:
    """Signs out: 303 to the start page."""
    page = await Page.open(request, lang, private=True)
    if (session := session_of(request)) is None:
        return _away(page, "")
    await posted(request, session)
    response = _away(page, "")
    _sessions(request).end(session, response)
    return response


async def _form(page: Page, onward: str, wrong: str = "", status: int = 200) -> Response:
    onward = onward if _NEXT.fullmatch(onward) else ""
    stamp = _sessions(page.request).stamp()
    return await page.send("sign-in.html", status=status, onward=onward, wrong=wrong, stamp=stamp)


def _to(page: Page, onward: str) -> Response:
    return _away(page, onward if _NEXT.fullmatch(onward) else "contributions")


def _away(page: Page, path: str) -> Response:
    response = RedirectResponse(f"{page.prefix}/{page.lang}/{path}", 303)
    response.headers["Cache-Control"] = PRIVATE
    return response


def _sessions(request: Request) -> Sessions:
    sessions: Sessions = request.app.state.sessions
    return sessions
