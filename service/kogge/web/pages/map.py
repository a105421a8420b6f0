"""Level 8, web, pages: the map of the members of alliances, and of those with evidence for a topic."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from itertools import groupby
from typing import Any, Final

from fastapi import Request, Response

from kogge import names
from kogge.contribution.refusals import spoken
from kogge.desk import Desk
from kogge.errors import BadRequest
from kogge.web.context import desk_of
from kogge.web.pages import READ, pages
from kogge.web.pages.known import Topic, alliance_of, alliances, topics
from kogge.web.pages.map_view import Member, colours_of, drawn, position, proven
from kogge.web.pages.render import Page
from kogge.web.pages.words import Entry, msgid

router = pages()

ENTRY: Final = Entry("map", msgid("Map"), 20)
MOST: Final = 100  # who has evidence for a topic: the strongest


@router.api_route("/map", methods=READ)
async def mapped(request: Request, lang: str) -> Response:
    """Where the members of alliances are; `?alliance=` shows one of them, `?topic=` who has evidence."""
    page = await Page.open(request, lang)
    if page.held:
        return page.held
    desk, fields = desk_of(request), request.query_params
    alliance, topic = fields.get("alliance") or None, fields.get("topic") or None
    values: dict[str, Any] = {
        "topics": fields_of((await topics(page)).values()),
        "problem": None,
        "found": None,
        "topic": None,
    }
    try:
        groups = await alliances(page, alliance_of(alliance))
        if alliance and not any(one.chosen for one in groups):
            raise BadRequest(f"There is no alliance '{alliance}'.", "Choose one of the alliances on the map.")
        colours = colours_of(groups)
        shown: list[Member] = [
            member for one in groups if one.chosen or not alliance for member in one.members
        ]
        if topic:
            values["topic"], values["found"] = await _found(desk, lang, topic, alliance, colours)
            shown = values["found"]
    except BadRequest as error:
        values["problem"], groups, shown, colours = spoken(error, lang), [], [], {}
    return await page.send(
        "map.html",
        status=400 if values["problem"] else 200,
        groups=groups,
        chosen=next((one for one in groups if one.chosen), None),
        map=drawn(shown, colours, lang),
        **values,
    )


async def _found(
    desk: Desk, lang: str, topic: str, alliance: str | None, colours: dict[str, tuple[int, ...]]
) -> tuple[dict[str, Any], list[Member]]:
    """The topic and who has evidence for it. Raises BadRequest for one that is not there."""
    look = partial(desk.search, "", topics=(topic,), alliance=alliance, lang=lang, limit=MOST)
    answer = await desk.answered(look)
    asked: dict[str, Any] = answer["question"]["topics"][0]
    rows = await desk.where(each["holder"]["iri"] for each in answer["results"])
    where = {str(row["place"]): at for row in rows if (at := position(row))}
    return asked, proven(answer["results"], where, colours)


def fields_of(topics: Iterable[Topic]) -> list[tuple[str, list[tuple[str, str]]]]:
    """Fields of action, each with slug and name of its topics, which come in this order."""
    return [
        (field, [(names.slug_of(one.iri), one.label) for one in some])
        for field, some in groupby(topics, key=lambda one: one.field)
    ]
