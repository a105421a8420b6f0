"""Level 8, web: who knows about a topic, who seeks, who could help whom, and completions while typing."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Annotated, Final, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request, Response

from kogge import media, names
from kogge.desk import EXPERTISE, Desk
from kogge.errors import NotFound
from kogge.expertise.understand import Parameters
from kogge.media import MediaType
from kogge.store.evaluate import Result
from kogge.web.context import desk_of, send
from kogge.web.pages import links
from kogge.web.pages.language import language_for, wants_page

router = APIRouter()

MOST: Final = 100
SHORT: Final = 20  # results up to which an answer is short

Value = Annotated[str | None, Query()]
Values = Annotated[list[str] | None, Query()]
Language = Annotated[Literal["de", "en", "nl"], Query()]
Limit = Annotated[int, Query(ge=0, le=MOST)]
Offset = Annotated[int, Query(ge=0)]


@router.api_route("/expertise.{ending}", methods=["GET", "HEAD"], include_in_schema=False)
@router.api_route("/expertise", methods=["GET", "HEAD"])
async def expertise(
    request: Request,
    q: Annotated[str, Query()] = "",
    topic: Values = None,
    alliance: Values = None,
    country: Values = None,
    state: Values = None,
    municipality: Values = None,
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
    restrict, and win over what the text says. Of several values of `alliance`, `country`, `state` or
    `municipality` any will do. `question.unknown` of the JSON lists words that were not
    understood. `explain` shows how each score is made. At its end the address may name the format
    (`/expertise.csv`); without, a browser is sent to the page with this answer.
    """
    ending: str | None = request.path_params.get("ending")
    if ending == media.HTML.suffix or (ending is None and wants_page(request)):
        return _page(request, lang)
    desk = desk_of(request)
    wanted = _format(ending) if ending else media.choose(request.headers.get("accept"), EXPERTISE)
    parameters: Parameters = {
        "topics": topic or (),
        "alliance": _said(alliance),
        "country": _said(country),
        "state": _said(state),
        "municipality": _said(municipality),
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
    topic: Values = None,
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
    what it offers; at most ten each. `total` says how many needs it could meet: those on the topic itself or
    on a broader one."""
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


def _said(values: list[str] | None) -> list[str]:
    """The values of a parameter; an empty one says nothing."""
    return [value for value in values or () if value]


def _page(request: Request, lang: str | None) -> Response:
    """The way to the page that shows the same, in the language that is asked for or liked best."""
    prefix = links.prefix_of(request.app.state.settings)
    spoken = lang if lang in names.LANGUAGES else language_for(request)
    asked = [(name, value) for name, value in request.query_params.multi_items() if name != "lang"]
    where = links.url(prefix, spoken) + ("?" + urlencode(asked) if asked else "")
    headers = {"Location": where, "Vary": "Accept, Accept-Language", "Cache-Control": "no-cache"}
    return Response(status_code=303, headers=headers)


def _format(ending: str) -> MediaType:
    if found := next((each for each in EXPERTISE if each.suffix == ending), None):
        return found
    offered = ", ".join(f".{each.suffix}" for each in EXPERTISE)
    raise NotFound(f"There is no format '.{ending}' of this answer.", f"Those that there are: {offered}.")


async def _answered(desk: Desk, work: Callable[[], Result], *, short: bool = True) -> Result:
    """What the lookup answers. A short answer takes less time than to have it made in a thread."""
    return await (desk.answered(work) if short else asyncio.to_thread(work))
