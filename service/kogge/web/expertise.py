"""Level 8, web: who knows about a topic, who seeks, who could help whom, and completions while typing."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Annotated, Final, Literal

from fastapi import APIRouter, Query, Request, Response

from kogge import media
from kogge.desk import EXPERTISE, Desk
from kogge.expertise.understand import Parameters
from kogge.store.evaluate import Result
from kogge.web.context import desk_of, send

router = APIRouter()

MOST: Final = 100
SHORT: Final = 20  # results up to which an answer is short

Value = Annotated[str | None, Query()]
Language = Annotated[Literal["de", "en", "nl"], Query()]
Limit = Annotated[int, Query(ge=0, le=MOST)]
Offset = Annotated[int, Query(ge=0)]


@router.api_route("/expertise", methods=["GET", "HEAD"])
async def expertise(
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
    parameters: Parameters = {
        "topics": topic or (),
        "alliance": alliance or None,
        "country": country or None,
        "state": state or None,
        "municipality": municipality or None,
        "kind": kind or None,
        "evidence": evidence or None,
        "intent": intent or None,
        "lang": lang or None,
    }
    work = partial(desk.who_as, wanted, q, limit=limit, offset=offset, explain=explain, **parameters)
    result = await _answered(desk, work, short=limit <= SHORT and not explain)
    return await send(request, result, desk.state)


@router.api_route("/needs", methods=["GET", "HEAD"])
async def needs(
    request: Request,
    topic: Annotated[list[str] | None, Query()] = None,
    lang: Language = "de",
    limit: Limit = 20,
    offset: Offset = 0,
) -> Response:
    """Who seeks advice on these topics (slugs or IRIs) or narrower ones; without a topic all open needs."""
    desk = desk_of(request)
    media.choose(request.headers.get("accept"), (media.JSON,))
    work = partial(desk.needs, topic or (), lang=lang, limit=limit, offset=offset)
    return await send(request, await _answered(desk, work, short=limit <= SHORT), desk.state)


@router.api_route("/matches", methods=["GET", "HEAD"])
async def matches(
    request: Request, holder: Annotated[str, Query(examples=["schwerin"])], lang: Language = "de"
) -> Response:
    """Who could help a holder (slug or IRI) with its needs, inside and outside its alliances, and who seeks
    what it offers."""
    desk = desk_of(request)
    media.choose(request.headers.get("accept"), (media.JSON,))
    work = partial(desk.matches, holder, lang=lang)
    return await send(request, await _answered(desk, work, short=False), desk.state)


@router.api_route("/suggest", methods=["GET", "HEAD"])
async def suggest(
    request: Request,
    q: Annotated[str, Query()] = "",
    lang: Language = "de",
    limit: Annotated[int, Query(ge=1, le=50)] = 10,
) -> Response:
    """Completions while typing: topics, alliances, municipalities, projects, events and programmes."""
    desk = desk_of(request)
    media.choose(request.headers.get("accept"), (media.JSON,))
    work = partial(desk.suggest, q, lang=lang, limit=limit)
    return await send(request, await _answered(desk, work), desk.state)


async def _answered(desk: Desk, work: Callable[[], Result], *, short: bool = True) -> Result:
    """What the lookup answers. A short answer takes less time than to have it made in a thread; while the
    graph is being changed an answer may have to wait."""
    return work() if short and desk.quick else await asyncio.to_thread(work)
