"""Level 8, web, pages: a thing as it is shown: what is said of it, and what has to do with it."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any, Final

from fastapi import APIRouter, Request, Response
from markupsafe import Markup
from starlette.convertors import Convertor, register_url_convertor

from kogge import media, names
from kogge.desk import Desk, query_text
from kogge.errors import Gone, NotFound
from kogge.portal import schema_org
from kogge.store.rows import Row
from kogge.web.context import desk_of
from kogge.web.pages import READ, facts, links, naming
from kogge.web.pages.facts import Said, Source, Thing
from kogge.web.pages.render import Page
from kogge.web.pages.words import msgid

_AROUND: Final = ("around", "within")  # the questions whose things are those of the portrait
# As many rows of a question with ?other are read; the queries have the same limits.
LIMITS: Final = {"around": 150, "within": 150, "memberships": 300, "topic-things": 24, "inside-place": 500}
# What is cut: its words, and the questions that count it and list all of it (`-count`, `-list`).
_CUTS: Final = {
    "around": (msgid("Of %(total)s entries, %(shown)s stand here."), "beside"),
    "within": (msgid("Of %(total)s entries, %(shown)s stand here."), "beside"),
    "topic-things": (msgid("Of %(total)s entries, %(shown)s stand here."), "topic"),
    "memberships": (msgid("Of %(total)s memberships, %(shown)s stand here."), "memberships"),
    "inside-place": (msgid("Of %(total)s places in it, %(shown)s stand here."), "inside-place"),
}
_DATES: Final = ("schema:startDate", "dcterms:date", "dcterms:issued")
# Said in another way on the page of any thing.
_TOLD: Final = ("skos:prefLabel", "dcterms:description", "foaf:name")


@dataclass(frozen=True)
class Line:
    """One line of a list of facts: its words, its values by the sources that say them."""

    words: str
    name: str
    groups: tuple[tuple[tuple[Said, ...], tuple[Source, ...]], ...]
    conflict: bool


@dataclass(frozen=True)
class Facts:
    """A list of facts. `sources` are those of most of it; a line that has others says so itself."""

    lines: tuple[Line, ...]
    sources: tuple[Source, ...]

    @property
    def mixed(self) -> bool:
        """Whether some of it has other sources."""
        return any(sources != self.sources for line in self.lines for _, sources in line.groups)


@dataclass(frozen=True)
class Section:
    """Things of one kind that have to do with the thing of a page."""

    kind: str
    words: str
    things: tuple[Thing, ...]


@dataclass(frozen=True)
class Cut:
    """Something of which a page shows a part: of how many, in all and by status, and the query for all."""

    words: str
    shown: int
    numbers: Mapping[str, int]
    query: str

    @property
    def total(self) -> int:
        """How many there are."""
        return sum(self.numbers.values())


@dataclass(frozen=True)
class Portrait:
    """A thing, and what has to do with it; `told`: the rows of each other question; what of it is `cut`."""

    thing: Thing
    things: tuple[Thing, ...]
    told: tuple[list[Row], ...] = ()
    cuts: Mapping[str, Cut] = field(default_factory=dict)

    def of(self, *kinds: str) -> tuple[Thing, ...]:
        """What is of these kinds, the newest first."""
        return ordered(one for one in self.things if one.kind in kinds)

    def sections(self, *without: str) -> tuple[Section, ...]:
        """What has to do with it, by kind."""
        found = []
        for kind in (*naming.KINDS, ""):
            some = self.of(kind) if kind else ordered(o for o in self.things if o.kind not in naming.KINDS)
            some = tuple(one for one in some if not _listed(one))
            if some and kind not in without:
                found.append(Section(kind, naming.kind(kind, several=True), some))
        return tuple(found)

    def facts(self, *without: str) -> Facts:
        """What is said of it, in the order of `naming.PROPERTIES`."""
        return listed(self.thing, [name for name in naming.PROPERTIES if name not in (*without, *_TOLD)])


async def portrait(desk: Desk, iri: str, lang: str, *questions: str, neighbours: bool = True) -> Portrait:
    """A thing, what has to do with it, and what is told of others (questions as `pages/said`).

    Raises NotFound, and Gone for a person whose data was erased.
    """
    if desk.gone(iri):
        raise Gone("What was here was erased on request.")
    around = _AROUND if neighbours else ()
    asked = (*around, *questions)
    own, *rows = await asyncio.gather(
        *(desk.rows(f"pages/{name}", {"thing": iri}) for name in ("said", *asked))
    )
    if not own:
        raise NotFound("There is nothing of this name.", "The search finds things by their names.")
    (own, *rows), cuts_ = await asyncio.gather(
        _named(desk, lang, own, *rows), cuts(desk, iri, lang, dict(zip(asked, rows, strict=True)))
    )
    found: list[Thing] = []
    if neighbours:
        back, forth, *rows = rows
        found = facts.merged(facts.read(back, lang, back=True), facts.read(forth, lang))
    return Portrait(facts.thing(iri, own, lang), tuple(found), tuple(rows), cuts_)


async def cuts(desk: Desk, iri: str, lang: str, read: Mapping[str, list[Row]]) -> dict[str, Cut]:
    """What was cut of the rows of questions, by its subject; a question within its limit costs nothing."""
    seen: dict[str, set[str]] = {}
    full = set()
    for name, rows in read.items():
        if name in LIMITS:
            subject = _CUTS[name][1]
            seen.setdefault(subject, set()).update(row["other"].text for row in rows)
            many = len({(row["other"], row["link"]) for row in rows if "link" in row}) or len(rows)
            if many >= LIMITS[name]:
                full.add(name)
    found = {}
    for name in full:
        words, subject = _CUTS[name]
        rows = await desk.rows(f"pages/{subject}-count", {"thing": iri})
        numbers = {str(row.get("status", "")): int(row["things"].text) for row in rows}
        query = query_text(f"pages/{subject}-list", {"thing": iri, "lang": lang})
        one = Cut(words, len(seen[subject]), numbers, query)
        if one.total > one.shown:
            found[subject] = one
    return found


async def _named(desk: Desk, lang: str, *answers: list[Row]) -> list[list[Row]]:
    """Rows with ?value, each with what the value is called and when it was issued."""
    values = {row["value"] for rows in answers for row in rows}
    called = await desk.called((value.text for value in values if value.kind == "iri"), lang)
    return [[{**row, **called.get(row["value"].text, {})} for row in rows] for rows in answers]


async def opened(request: Request, lang: str, kind: str, slug: str) -> tuple[Page, Response | None, str]:
    """The page of a thing, the answer to who has it already, and the IRI of the thing. Raises NotFound."""
    page = await Page.open(request, lang)
    if not all(names.SLUG.fullmatch(part) for part in slug.split("/")):
        raise NotFound("There is nothing of this name.", "The search finds things by their names.")
    return page, page.held, names.topic(slug) if kind == "topic" else names.thing(kind, slug)


async def send(page: Page, template: str, it: Portrait, **values: Any) -> Response:
    """The page of a thing, with the links to the same as data."""
    data = links.data(it.thing.iri, page.prefix)
    if data:
        path = page.prefix + "/" + it.thing.iri.removeprefix(names.BASE)
        data = (*data, links.DataLink(f"{path}.{media.CSV.suffix}", media.CSV))
    values = {
        "it": it,
        "thing_": it.thing,
        "data": data,
        "naming": naming,
        "dates": dates,
        "precise": precise,
        "overview": "",
        "described": Markup(schema_org.script(_described(it.thing))),
        **values,
    }
    return await page.send(f"things/{template}.html", **values)


def _described(thing: Thing) -> schema_org.Json:
    """What the page says of its thing, in the words of schema.org."""
    said = {name: [(one.value, one.label) for one in thing.all(name)] for name in schema_org.TERMS}
    return schema_org.about(thing.iri, thing.name.text, thing.types, said, thing.lang)


async def ask(request: Request, iri: str, lang: str, *questions: str) -> list[list[Row]]:
    """The rows of several questions about a thing, asked at the same time."""
    rows = desk_of(request).rows
    return await asyncio.gather(*(rows(f"pages/{name}", {"thing": iri, "lang": lang}) for name in questions))


class _Kind(Convertor[str]):
    """A kind of thing in a path."""

    def convert(self, value: str) -> str:
        return value

    def to_string(self, value: str) -> str:
        return value


def route(
    router: APIRouter, kinds: Sequence[str], shown: Callable[[Request, str, str, str], Awaitable[Response]]
) -> None:
    """Gives the page of each of these kinds to a router: `shown(request, lang, kind, slug)`."""
    of_these = type("_Kinds", (_Kind,), {"regex": "|".join(kinds)})
    register_url_convertor(kinds[0], of_these())
    router.add_api_route(f"/{{kind:{kinds[0]}}}/{{slug:path}}", shown, methods=READ)


def listed(thing: Thing, properties: Iterable[str]) -> Facts:
    """What is said by some terms as a list of facts."""
    lines: dict[str, Line] = {}
    for name in properties:
        if not (said := thing.all(name)):
            continue
        words = naming.PROPERTIES[name]
        groups = tuple(
            (tuple(_once(tuple(some))), sources)
            for sources, some in groupby(sorted(said, key=_by_source), key=lambda one: one.sources)
        )
        if words in lines:
            groups = (*lines[words].groups, *groups)
        clash = name in naming.SINGLE and facts.disagree(one.value.text for one in said)
        lines[words] = Line(words, name, groups, clash)
    every = Counter(sources for line in lines.values() for _, sources in line.groups)
    common = every.most_common(1)[:1]
    rule = common and (len(every) == 1 or common[0][1] > 1)
    return Facts(tuple(lines.values()), common[0][0] if rule else ())


def dates(thing: Thing) -> tuple[Said, ...]:
    """When it was, as `precise` has it."""
    return precise(next((said for name in _DATES if (said := thing.all(name))), ()))


def precise(said: Sequence[Said]) -> tuple[Said, ...]:
    """Dates that agree as the most precise of them; where sources contradict each other, every one."""
    values = _once(said)
    if facts.disagree(one.value.text for one in values):
        return tuple(values)
    return tuple(sorted(values, key=lambda one: len(one.value.text))[-1:])


def ordered(things: Iterable[Thing]) -> tuple[Thing, ...]:
    """The newest first; what has no date comes after, by name."""
    named = sorted(things, key=lambda one: one.name.text.casefold())
    return tuple(
        sorted(named, key=lambda one: max((d.value.text for d in dates(one)), default=""), reverse=True)
    )


def _listed(one: Thing) -> bool:
    """Whether the list of facts names it already; what somebody said is worth being read in full."""
    return one.kind != "statement" and one.links <= naming.PROPERTIES.keys()


def _by_source(said: Said) -> list[str]:
    return [source.iri for source in said.sources]


def _once(said: Sequence[Said]) -> list[Said]:
    return list({one.value: one for one in said}.values())
