"""Level 8, web, pages: an alliance: who belongs to it since when, what it aims at, what its members know."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from fastapi import Request, Response

from kogge.web.context import desk_of
from kogge.web.pages import READ, counting, facts, joined, knowledge, pages, portrait
from kogge.web.pages.facts import Source, Thing
from kogge.web.pages.joined import IN_FORCE, INTENDED, Joined
from kogge.web.pages.portrait import Portrait
from kogge.web.pages.render import Page

router = pages()

# The drawing of the time line, in its own units.
WIDTH: Final = 760
_NAMES: Final = 210  # the column of names
_RIGHT: Final = 20
_ROW: Final = 30
_TOP: Final = 34
_LABELS: Final = 6  # years that are written, at most


@dataclass(frozen=True)
class Bar:
    """A member in the time line: where its bar is; `open` if no date is known."""

    one: Joined
    y: int
    x: float
    width: float
    open: bool


@dataclass(frozen=True)
class TimeLine:
    """A time line: the places of the years, and the bars."""

    height: int
    years: tuple[tuple[int, float], ...]
    bars: tuple[Bar, ...]


async def shown(request: Request, lang: str, kind: str, slug: str) -> Response:
    """Members, agreements, goals, meetings and knowledge of an alliance."""
    page, held, iri = await portrait.opened(request, lang, kind, slug)
    if held:
        return held
    told = "memberships", "beginnings", "signatures-of"
    desk = desk_of(request)
    it, know, (counted,) = await asyncio.gather(
        portrait.portrait(desk, iri, lang, *told),
        knowledge.of_members(desk, iri, lang),
        portrait.ask(request, iri, lang, "counted"),
    )
    members, beginnings, signed = it.told
    memberships = joined.read(members, beginnings, lang)
    present = [one for one in memberships if one.thing.has("kogge:status", IN_FORCE)]
    intended = [one for one in memberships if one.thing.has("kogge:status", INTENDED)]
    signatures: dict[str, list[Thing]] = {}
    agreement_of = {row["other"].text: row["link"].text for row in signed}
    for signature in facts.read(signed, lang):
        signatures.setdefault(agreement_of[signature.iri], []).append(signature)
    return await portrait.send(
        page,
        "alliance",
        it,
        overview=_overview(page),
        many=sizes(it, present, intended),
        present=present,
        line=time_line(present) if any(one.year for one in present) else None,
        intended=intended,
        former=[one for one in memberships if one.thing.has("kogge:status", "kogge:ended")],
        knows=know,
        signatures=signatures,
        counts=counting.read(counted),
        goals=goals(it.of("goal")),
        width=WIDTH,
    )


@router.api_route("/alliances", methods=READ)
async def every(request: Request, lang: str) -> Response:
    """The list of alliances."""
    page = await Page.open(request, lang)
    if page.held:
        return page.held
    return await page.send(
        "things/alliances.html", rows=await desk_of(request).rows("pages/all-alliances", {"lang": lang})
    )


portrait.route(router, ("alliance",), shown)


def sizes(it: Portrait, present: Sequence[Joined], intended: Sequence[Joined]) -> dict[str, int]:
    """How many members there are, of which the page may show a part."""
    if cut := it.cuts.get("memberships"):
        numbers = {facts.compact(status): number for status, number in cut.numbers.items()}
        return {"present": numbers.get(IN_FORCE, 0), "intended": numbers.get(INTENDED, 0)}
    return {"present": len(present), "intended": len(intended)}


def time_line(members: Sequence[Joined]) -> TimeLine:
    """Where the bars of members are: each begins with its year; one without a date is open on the left."""
    today = date.today().year
    first = min(one.year or today for one in members)
    last = max(today, first + 1) + 1
    scale = (WIDTH - _NAMES - _RIGHT) / (last - first)

    def place(year: float) -> float:
        return round(_NAMES + (year - first) * scale, 1)

    step = -(-(last - first) // _LABELS)
    bars = []
    for number, one in enumerate(members):
        ends = next((int(said.value.text[:4]) for said in one.until if said.value.text[:4].isdigit()), None)
        begin = place(_moment(one)) if one.year else place(first)
        end = place(ends + 1 if ends else last)
        bars.append(Bar(one, _TOP + number * _ROW, begin, round(end - begin, 1), not one.year))
    return TimeLine(
        _TOP + len(bars) * _ROW + 4,
        tuple((year, place(year)) for year in range(first, last, step)),
        tuple(bars),
    )


def _moment(one: Joined) -> float:
    """The beginning as a part of its year."""
    text = max((said.value.text for said in one.since if said.value.text[:4].isdigit()), key=len)
    month = text[5:7]
    return int(text[:4]) + ((int(month) - 1) / 12 if month.isdigit() else 0)


def goals(things: Sequence[Thing]) -> list[tuple[Source, list[Thing]]]:
    """The goals by the document that names them, the oldest document first."""
    found: dict[str, tuple[Source, list[Thing]]] = {}
    for goal in things:
        for source in goal.sources:
            found.setdefault(source.iri, (source, []))[1].append(goal)
    return sorted(found.values(), key=lambda one: (one[0].issued or "9999", one[0].title.text))


def _overview(page: Page) -> str:
    return f"{page.prefix}/{page.lang}/alliances"
