"""Level 8, web: the one place that turns an error into a response (RFC 9457, application/problem+json)."""

from __future__ import annotations

import json
import logging
from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from typing import Final

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from kogge import media, names
from kogge.contribution import refusals
from kogge.errors import BadRequest, Conflict, KoggeError, OutOfRange, Placed, Unauthorised
from kogge.web.asked import language_of
from kogge.web.pages import failure
from kogge.web.pages.language import wants_page

log = logging.getLogger(__name__)

HUNG_UP: Final = 499  # what is logged where the client did not wait for the answer
TYPES: Final = names.BASE + "problem/"
_SAID: Final = {
    404: ("There is nothing at this address.", "GET / names the addresses that there are."),
    405: ("This address does not take this method.", "Use one of those in the header Allow."),
}


def install(app: FastAPI) -> None:
    """Makes the application answer every error with a problem."""

    @app.exception_handler(KoggeError)
    async def ours(request: Request, error: KoggeError) -> Response:
        return shown(request, of(spoken(request, error)))

    @app.exception_handler(HTTPException)
    async def of_the_framework(request: Request, error: HTTPException) -> Response:
        status = HTTPStatus(error.status_code)
        if request.method == "OPTIONS" and status == HTTPStatus.METHOD_NOT_ALLOWED:
            allowed = (error.headers or {}).get("Allow", "")
            return Response(status_code=HTTPStatus.NO_CONTENT, headers={"Allow": f"{allowed}, OPTIONS"})
        detail, advice = _SAID.get(status, (f"{status.phrase}.", ""))  # and nothing of the request
        return shown(request, problem(status, status.phrase, detail, advice, error.headers))

    @app.exception_handler(ClientDisconnect)
    async def nobody_is_there(_: Request, __: ClientDisconnect) -> Response:
        return _nobody_is_there()

    @app.exception_handler(RequestValidationError)
    async def of_a_parameter(request: Request, error: RequestValidationError) -> Response:
        # The values that were sent are not repeated: they may hold what must not be in a log.
        reasons = "; ".join(f"{each['loc'][-1]}: {each['msg']}" for each in error.errors())
        told = f"A parameter cannot be used: {reasons}."
        return shown(request, problem(400, "Bad request", told, "Correct it, or leave it out."))

    @app.exception_handler(Exception)
    async def unexpected(request: Request, error: Exception) -> Response:
        return shown(request, _unexpected(request.method, error))


async def answered(request: Request, answer: Callable[[Request], Awaitable[Response]]) -> Response:
    """What `install` does, where no framework stands around: an error becomes the answer."""
    try:
        return await answer(request)
    except KoggeError as error:
        response = of(error)
    except ClientDisconnect:
        response = _nobody_is_there()
    except Exception as error:  # noqa: BLE001 - what it is, the log says
        response = _unexpected(request.method, error)
    return shown(request, response)


def _nobody_is_there() -> Response:
    return Response(status_code=HUNG_UP)  # for the log only


def _unexpected(method: str, error: Exception) -> Response:
    log.error("%s failed", method, exc_info=error)  # the line of the request has its address
    return problem(
        500, "Something went wrong", "The service could not answer.", "See the log of the service."
    )


def shown(request: Request, response: Response) -> Response:
    """A problem as who asks wants it: a browser gets the same as a page."""
    return failure.page(request, response) if wants_page(request) else response


def spoken(request: Request, error: KoggeError) -> KoggeError:
    """The error in the language of the findings, for those who contribute; else as it is."""
    if not request.url.path.startswith("/contributions"):
        return error
    try:
        return refusals.spoken(error, language_of(request))
    except BadRequest:  # the language is what is wrong
        return error


def of(error: KoggeError) -> Response:
    """An error of ours as a response, with all that it knows."""
    if error.status == HTTPStatus.INTERNAL_SERVER_ERROR:
        log.error("%s: %s", type(error).__name__, error)
    more: dict[str, object] = {}
    if isinstance(error, Placed):
        more = {"line": error.line, "column": error.column}
    elif isinstance(error, Conflict):
        more = {"difference": error.difference}
    headers = {}
    if (wait := getattr(error, "retry_after", None)) is not None:
        headers["Retry-After"] = str(wait)
    if isinstance(error, OutOfRange):
        headers["Content-Range"] = f"bytes */{error.size}"  # RFC 9110, 15.5.17
    if isinstance(error, Unauthorised):
        headers["WWW-Authenticate"] = "Bearer"  # RFC 6750, section 3
    if error.lang != KoggeError.lang:  # the type stays the same in every language
        headers |= {"Content-Language": error.lang, "Vary": "Accept-Language"}
        more["type"] = TYPES + names.slugify(type(error).title)
    return problem(error.status, error.title, error.message, error.advice, headers, **more)


def problem(
    status: int,
    title: str,
    detail: str,
    advice: str = "",
    headers: Mapping[str, str] | None = None,
    **more: object,
) -> Response:
    """A problem as a response; members of `more` that are None are left out."""
    body: dict[str, object] = {
        "type": TYPES + names.slugify(title),
        "title": title,
        "status": int(status),
        "detail": detail,
    }
    if advice:
        body["advice"] = advice
    body |= {name: value for name, value in more.items() if value is not None}
    content = json.dumps(body, ensure_ascii=False).encode("utf-8", "replace")
    return Response(content, status, dict(headers or {}), media.PROBLEM.content_type)
