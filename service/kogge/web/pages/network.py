"""Level 8, web, pages: the network: alliances, their members, and the topics that these have evidence for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from fastapi import Request, Response

from kogge import names
from kogge.pictures import network
from kogge.pictures.network import Node
from kogge.web.pages import READ, pages
from kogge.web.pages.known import Known, Topic, alliance_of, known
from kogge.web.pages.map_view import Group, Member
from kogge.web.pages.render import Page
from kogge.web.pages.words import Entry, msgid

router = pages()

ENTRY: Final = Entry("network", msgid("Network"), 30)
CITIES: Final = 40  # above, one alliance is shown unless all are asked for
TOPICS: Final = 40  # with the most members
ALL: Final = "all"


@dataclass(frozen=True)
class Row:
    """A row of the table: a member, its alliances, its topics."""

    member: Member
    groups: tuple[Group, ...]
    topics: tuple[Topic, ...]


@router.api_route("/network", methods=READ)
async def woven(request: Request, lang: str) -> Response:
    """Three columns and a table; `?alliance=` and `?field=` show a part of them."""
    page = await Page.open(request, lang)
    if page.held:
        return page.held
    asked, field = request.query_params.get("alliance") or "", request.query_params.get("field") or ""
    told = await known(page, alliance_of(asked))
    chosen = preselected(told, asked)
    rows, left_out = table(told, chosen, field)
    groups = [one for one in told.groups if not chosen or one.iri == chosen.iri]
    return await page.send(
        "network.html",
        told=told,
        chosen=chosen,
        field=field if field in told.fields else "",
        rows=rows,
        left_out=left_out,
        net=woven_of(groups, rows) if rows else None,
    )


def preselected(told: Known, asked: str) -> Group | None:
    """The alliance that is shown: the one that was asked for, or the first if all were too many."""
    iri = alliance_of(asked)
    if found := next((one for one in told.groups if one.iri == iri), None):
        return found
    many = len(told.names) > CITIES and asked != ALL
    return told.groups[0] if many else None


def table(told: Known, chosen: Group | None, field: str) -> tuple[list[Row], int]:
    """The rows by name, each member once, and how many topics with fewer members are left out."""
    groups = [chosen] if chosen else told.groups
    members = {member.iri: member for one in groups for member in one.members}
    wanted = field if field in told.fields else ""
    having = Counter(
        topic
        for member, topic in told.pieces
        if member in members and topic in told.topics and (not wanted or told.topics[topic].field == wanted)
    )
    best = {iri for iri, _ in sorted(having.items(), key=lambda item: (-item[1], item[0]))[:TOPICS]}
    rows = [
        Row(
            member,
            tuple(one for one in groups if any(each.iri == member.iri for each in one.members)),
            tuple(
                topic
                for iri, topic in told.topics.items()
                if iri in best and (member.iri, iri) in told.pieces
            ),
        )
        for member in sorted(members.values(), key=lambda one: (names.slugify(one.label), one.iri))
    ]
    return [row for row in rows if row.topics or not wanted], len(having) - len(best)


def woven_of(groups: Sequence[Group], rows: Sequence[Row]) -> network.Network:
    """The picture of what the rows of the table say."""
    topics = {topic.iri: Node(topic.iri, topic.label) for row in rows for topic in row.topics}
    shown = {group.iri for row in rows for group in row.groups}
    columns = (
        [Node(one.iri, one.label, one.colour) for one in groups if one.iri in shown],
        [Node(row.member.iri, row.member.label, row.groups[0].colour) for row in rows],
        list(topics.values()),
    )
    links = [(group.iri, row.member.iri) for row in rows for group in row.groups]
    links += [(row.member.iri, topic.iri) for row in rows for topic in row.topics]
    return network.draw(columns, links)
