"""Level 8, web: what the routes share: the desk of the application, and the response for a result."""

from __future__ import annotations

from fastapi import Request, Response

from kogge.desk import Desk
from kogge.errors import Unavailable
from kogge.store.evaluate import Result


def desk_of(request: Request) -> Desk:
    """The desk of the application. Raises Unavailable while it is not open."""
    desk: Desk | None = getattr(request.app.state, "desk", None)
    if desk is None or not desk.ready:
        raise Unavailable("The service is not ready.", "Try again in a few seconds.")
    return desk


def respond(result: Result, state: str) -> Response:
    """A result as a response; its strong ETag names state of the graph and format (RFC 9110, 8.8.3)."""
    headers = {
        "ETag": f'"{state}-{result.media.suffix}"',
        "Vary": "Accept",
        "X-Content-Type-Options": "nosniff",
    }
    return Response(result.body, media_type=result.media.content_type, headers=headers)
