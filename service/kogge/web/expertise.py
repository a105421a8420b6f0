"""Level 8, web: who knows about a topic, who seeks, who could help whom, and completions while typing."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from fastapi import APIRouter, Query, Request, Response

from kogge import media
from kogge.desk import EXPERTISE
from kogge.web.context import desk_of, respond

router = APIRouter()

MOST: Final = 100

Value = Annotated[str | None, Query()]
Language = Annotated[Literal["de", "en", "nl"], Query()]
Limit = Annotated[int, Query(ge=0, le=MOST)]
Offset = Annotated[int, Query(ge=0)]


@router.api_route("/expertise", methods=["GET", "HEAD"])
def expertise(
    request: Request,
    q: Annotated[str, Query()] = "",
    topic: Annotated[list[str] | None, Query()] = None,
    alliance: Value = None,
    country: Value = None,
    state: Value = None,
    municipality: Value = None,
    kind: Value = None,
    evidence: Value = None,
    intent: Value = None,
    lang: Value = None,
    limit: Limit = 20,
    offset: Offset = 0,
    explain: Annotated[bool, Query()] = False,
) -> Response:
    """The holders of expertise in their order, each with its evidence, as JSON, JSON-LD, CSV or Turtle.

    `q` is free text in German, English or Dutch, `topic` a slug or an IRI and may be repeated; the others
    restrict, and win over what the text says. `explain` shows how each score is made.
    """
    desk = desk_of(request)
    wanted = media.choose(request.headers.get("accept"), EXPERTISE)
    result = desk.who_as(
        wanted,
        q,
        limit=limit,
        offset=offset,
        explain=explain,
        topics=topic or (),
        alliance=alliance or None,
        country=country or None,
        state=state or None,
        municipality=municipality or None,
        kind=kind or None,
        evidence=evidence or None,
        intent=intent or None,
        lang=lang or None,
    )
    return respond(request, result, desk.state)


@router.api_route("/needs", methods=["GET", "HEAD"])
def needs(
    request: Request,
    topic: Annotated[list[str] | None, Query()] = None,
    lang: Language = "de",
    limit: Limit = 20,
    offset: Offset = 0,
) -> Response:
    """Who seeks advice on these topics (slugs or IRIs) or narrower ones; without a topic all open needs."""
    desk = desk_of(request)
    media.choose(request.headers.get("accept"), (media.JSON,))
    return respond(request, desk.needs(topic or (), lang=lang, limit=limit, offset=offset), desk.state)


@router.api_route("/matches", methods=["GET", "HEAD"])
def matches(
    request: Request, holder: Annotated[str, Query(examples=["schwerin"])], lang: Language = "de"
) -> Response:
    """Who could help a holder (slug or IRI) with its needs, inside and outside its alliances, and who seeks
    what it offers."""
    desk = desk_of(request)
    media.choose(request.headers.get("accept"), (media.JSON,))
    return respond(request, desk.matches(holder, lang=lang), desk.state)


@router.api_route("/suggest", methods=["GET", "HEAD"])
def suggest(
    request: Request,
    q: Annotated[str, Query()] = "",
    lang: Language = "de",
    limit: Annotated[int, Query(ge=1, le=50)] = 10,
) -> Response:
    """Completions while typing: topics, alliances, municipalities, projects, events and programmes."""
    desk = desk_of(request)
    media.choose(request.headers.get("accept"), (media.JSON,))
    return respond(request, desk.suggest(q, lang=lang, limit=limit), desk.state)
