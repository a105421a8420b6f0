"""Level 8, web: `GET /expertise`, who knows about a topic, and how is that known?"""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Query, Request, Response

from kogge import media
from kogge.desk import EXPERTISE
from kogge.web.context import desk_of, respond

router = APIRouter()

MOST: Final = 100

Value = Annotated[str | None, Query()]


@router.api_route("/expertise", methods=["GET", "HEAD"])
def expertise(
    request: Request,
    q: Annotated[str, Query()] = "",
    topic: Annotated[list[str] | None, Query()] = None,
    alliance: Value = None,
    country: Value = None,
    state: Value = None,
    kind: Value = None,
    evidence: Value = None,
    lang: Value = None,
    limit: Annotated[int, Query(ge=0, le=MOST)] = 20,
    offset: Annotated[int, Query(ge=0)] = 0,
) -> Response:
    """The holders of expertise in their order, each with its evidence, as JSON, CSV or Turtle.

    `q` is free text in German, English or Dutch, `topic` a slug or an IRI and may be repeated; the others
    restrict.
    """
    desk = desk_of(request)
    wanted = media.choose(request.headers.get("accept"), EXPERTISE)
    result = desk.who_as(
        wanted,
        q,
        limit=limit,
        offset=offset,
        topics=topic or (),
        alliance=alliance or None,
        country=country or None,
        state=state or None,
        kind=kind or None,
        evidence=evidence or None,
        lang=lang or None,
    )
    return respond(request, result, desk.state)
