"""Level 8, web, pages: the overview: how much alliances know about topics, and what happened when."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from fastapi import Request, Response

from kogge import names
from kogge.pictures import timeline
from kogge.store.rows import Row
from kogge.web.context import desk_of
from kogge.web.pages import READ, pages
from kogge.web.pages.known import Known, Topic, known
from kogge.web.pages.render import Page
from kogge.web.pages.words import Entry, msgid

router = pages()

ENTRY: Final = Entry("overview", msgid("Overview"), 40)
TOPICS: Final = 60  # rows of the table at most
MOMENTS: Final = 120  # of an alliance at most
KINDS: Final = {
    "agreement": msgid("Agreement"),
    "event": msgid("Event"),
    "municipality": msgid("Beginning of a membership"),
}


@dataclass(frozen=True)
class HeatRow:
    """A topic in the table: for each alliance how many members have evidence."""

    topic: Topic
    counts: tuple[int, ...]

    @property
    def total(self) -> int:
        """All of them."""
        return sum(self.counts)


@router.api_route("/overview", methods=READ)
async def overview(request: Request, lang: str) -> Response:
    """Topics and alliances as a table, time as a picture with a list."""
    page = await Page.open(request, lang)
    if page.held:
        return page.held
    return await page.send("overview.html", kinds=KINDS, **await page.kept("overview", lambda: drawn(page)))


async def drawn(page: Page) -> dict[str, Any]:
    """What the page shows: the rows of the table by field of action, and the time line."""
    told = await known(page)
    rows = desk_of(page.request).rows
    moments = await asyncio.gather(
        *(rows("lookup/timeline", {"alliance": one.iri, "lang": page.lang}) for one in told.groups)
    )
    lanes = [
        timeline.Lane(one.iri, one.label, one.colour, tuple(moments_of(some)))
        for one, some in zip(told.groups, moments, strict=True)
    ]
    heated = heat(told)
    shown = sorted(heated, key=lambda row: -row.total)[:TOPICS]
    fields = [(each, [row for row in shown if row.topic.field == each]) for each in told.fields]
    return {
        "groups": told.groups,
        "fields": [(name, some) for name, some in fields if some],
        "left_out": len(heated) - len(shown),
        "most": max((count for row in heated for count in row.counts), default=0),
        "line": timeline.draw(lanes),
        "lanes": lanes,
    }


def heat(told: Known) -> list[HeatRow]:
    """For each topic that a member has evidence for: how many members of each alliance have some."""
    who: dict[str, set[str]] = {}
    for member, topic in told.pieces:
        who.setdefault(topic, set()).add(member)
    members = [{member.iri for member in one.members} for one in told.groups]
    return [
        HeatRow(topic, tuple(len(who[iri] & some) for some in members))
        for iri, topic in told.topics.items()
        if iri in who
    ]


def moments_of(rows: Iterable[Row]) -> list[timeline.Moment]:
    """What the rows of `lookup/timeline` tell, each thing once, the latest if there are too many."""
    found: dict[str, timeline.Moment] = {}
    for row in rows:
        try:
            first, last = (date.fromisoformat(str(row[name])[:10]) for name in ("earliest", "latest"))
        except ValueError:
            continue  # before the year 1, after 9999
        iri = str(row["thing"])
        kind = names.kind_of(iri)
        moment = timeline.Moment(
            iri,
            str(row["thingLabel"]) if "thingLabel" in row else names.slug_of(iri),
            kind if kind in ("agreement", "event") else "municipality",
            min(first, last),
            max(first, last),
        )
        known_ = found.get(iri)
        if known_ is None or moment.last.toordinal() - moment.first.toordinal() < (
            known_.last.toordinal() - known_.first.toordinal()
        ):
            found[iri] = moment
    return sorted(found.values(), key=lambda one: (one.first, one.last, one.label, one.id))[-MOMENTS:]
