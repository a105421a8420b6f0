"""Level 8, web, pages: a problem as a page, in the language of who asked, with a way on."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import Final

from fastapi import Request, Response

from kogge.contribution.refusals import said
from kogge.web.pages.headers import HEADERS
from kogge.web.pages.language import language_for
from kogge.web.pages.render import Page
from kogge.web.pages.words import msgid

# What happened, and what can be done, by status.
_SAID: Final = {
    400: (
        msgid("We could not understand that"),
        msgid("Something in the address or in the form cannot be used. Go back and correct it."),
    ),
    401: (msgid("Please sign in"), msgid("This page needs a sign-in, or your sign-in has ended.")),
    403: (
        msgid("This is not allowed"),
        msgid("Your sign-in does not cover this. Ask your editors if you think it should."),
    ),
    404: (
        msgid("There is no such page"),
        msgid("Perhaps the address has a typing error, or what was here has another name now."),
    ),
    410: (
        msgid("This was removed"),
        msgid("What was here has been erased on request and will not come back."),
    ),
    413: (msgid("That was too much at once"), msgid("Send less, or divide it into several parts.")),
    429: (
        msgid("Please wait a moment"),
        msgid("You have asked for very much in a short time. Wait a moment, then try again."),
    ),
    503: (
        msgid("Kogge is not available just now"),
        msgid("The service is starting or very busy. Nothing is lost. Try again in a moment."),
    ),
}
_OTHERS: Final = {
    True: (
        msgid("That could not be done"),
        msgid("What you asked for does not fit here. Go back and try another way."),
    ),
    False: (
        msgid("Something went wrong"),
        msgid("That is our mistake, not yours. Please try again. If it happens again, tell us."),
    ),
}
_TOLD: Final = frozenset({400, 401, 403, 405, 406, 409, 412, 413, 414, 415, 422, 429, 504})
_LATER: Final = frozenset({429, 500, 503, 504})


def page(request: Request, problem: Response) -> Response:
    """The same problem as a page: same status, same headers."""
    status = problem.status_code
    told = json.loads(bytes(problem.body))
    title, advice = _SAID.get(status) or _OTHERS[status < HTTPStatus.INTERNAL_SERVER_ERROR]
    shown = Page(request, language_for(request))
    detail = [told["detail"], told.get("advice", "")] if status in _TOLD else []
    spoken = [said(each, shown.lang) for each in detail]
    text = shown.render(
        "failure.html",
        status=status,
        title=title,
        advice=advice,
        detail=" ".join(spoken),
        english=spoken == detail,
        again=status in _LATER,
    )
    kept = {
        name: value
        for name, value in problem.headers.items()
        if name not in ("content-length", "content-type")
    }
    return Response(
        text,
        status,
        {**kept, **HEADERS, "Vary": "Accept, Accept-Language", "Content-Language": shown.lang,
         "Cache-Control": "no-store"},
        "text/html; charset=utf-8",
    )  # fmt: skip
