"""Level 8, web, pages: an answer as the page of the search shows it; no HTTP here, templates only print.

A link is a question: what was asked with one thing changed (`Asked.but`), as the parameters of an address.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Final
from urllib.parse import urlencode

from kogge import names
from kogge.errors import BadRequest
from kogge.expertise.question import Parameters
from kogge.web.pages.words import msgid, translated

Json = dict[str, Any]
Query = dict[str, object]

PAGE: Final = 20  # answers on a page
SHORTEST: Final = 2  # letters that a question has
_MOST_OFFSET: Final = 1_000_000
_INTENDED: Final = "intended"

FACETS: Final = {
    "alliance": msgid("Alliance"),
    "country": msgid("Country"),
    "state": msgid("State or province"),
    "evidence": msgid("Kind of evidence"),
    "kind": msgid("Who"),
}
KINDS: Final = {
    "municipality": msgid("Towns and municipalities"),
    "district": msgid("Districts"),
    "state": msgid("States"),
    "province": msgid("Provinces"),
    "alliance": msgid("Alliances"),
    "organisation": msgid("Organisations"),
}


@dataclass(frozen=True)
class Asked:
    """What an address asks for: the parameters of `/expertise` that people have a use for."""

    q: str = ""
    topic: tuple[str, ...] = ()
    alliance: tuple[str, ...] = ()
    country: tuple[str, ...] = ()
    state: tuple[str, ...] = ()
    municipality: tuple[str, ...] = ()
    kind: str | None = None
    evidence: str | None = None
    intent: str | None = None
    offset: int = 0

    @classmethod
    def of(cls, fields: Iterable[tuple[str, str]]) -> Asked:
        """What the fields of an address ask for; others are left alone, of the same the last counts, but for
        those that may be repeated.

        An offset that is none is 0 here; `offset_of` says what is wrong with it.
        """
        given = list(fields)
        last = {name: value for name, value in given if value}

        def all_of(name: str) -> tuple[str, ...]:
            return tuple(dict.fromkeys(value for field, value in given if field == name and value))

        return cls(
            q=last.get("q", ""),
            topic=all_of("topic"),
            alliance=all_of("alliance"),
            country=all_of("country"),
            state=all_of("state"),
            municipality=all_of("municipality"),
            kind=last.get("kind"),
            evidence=last.get("evidence"),
            intent=last.get("intent"),
            offset=_number(last.get("offset", "0")) or 0,
        )

    @property
    def anything(self) -> bool:
        """Whether anything is asked at all."""
        return self != Asked(offset=self.offset)

    @property
    def too_short(self) -> bool:
        """Whether this is a text of one letter and nothing else."""
        return bool(self.q) and not self.topic and len(self.q.strip()) < SHORTEST

    def but(self, **changes: object) -> Query:
        """The same with something changed, from the first answer on, as parameters of an address."""
        changed: Query = {**asdict(self), "offset": 0, **changes}
        return {name: value for name, value in changed.items() if value}

    def parameters(self, lang: str) -> Parameters:
        """The same for the lookup."""
        return {
            "topics": self.topic,
            "alliance": self.alliance,
            "country": self.country,
            "state": self.state,
            "municipality": self.municipality,
            "kind": self.kind,
            "evidence": self.evidence,
            "intent": self.intent,
            "lang": lang,
        }

    def address(self, lang: str) -> str:
        """The same as the query of an address of `/expertise`."""
        asked = {**self.but(), "lang": lang}
        return urlencode(asked | ({"offset": self.offset} if self.offset else {}), doseq=True)


def offset_of(fields: Mapping[str, str]) -> int:
    """The answer before the first that is wanted. Raises BadRequest for what is no number from 0."""
    number = _number(fields.get("offset") or "0")
    if number is None:
        raise BadRequest("The offset is no number from 0.", "Leave it out to begin with the first answer.")
    return number


def _number(text: str) -> int | None:
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 9 else -1
    return number if 0 <= number <= _MOST_OFFSET else None


@dataclass(frozen=True)
class Heard:
    """Something that was understood: what it is, by which words (none: a parameter) and how, how to take it
    away, and what else it may mean."""

    label: str
    iri: str
    name: str
    matched: str
    how: str
    without: Query
    readings: tuple[tuple[str, Query], ...] = ()


@dataclass(frozen=True)
class Value:
    """A value by which to filter, and how many answers there are with it. `label` empty: all."""

    id: str
    label: str
    count: int
    chosen: bool
    query: Query


@dataclass(frozen=True)
class Facet:
    """A filter: its words, its values; `more` says that there are others."""

    name: str
    words: str
    values: tuple[Value, ...]
    more: bool


@dataclass(frozen=True)
class Block:
    """Answers that stand on the same ground: own evidence, through an alliance, intentions."""

    name: str
    results: tuple[Json, ...]


@dataclass(frozen=True)
class View:
    """An answer for the page."""

    asked: Asked
    found: Json
    text: str
    heard: tuple[Heard, ...]
    blocks: tuple[Block, ...]
    facets: tuple[Facet, ...]
    wider: tuple[tuple[str, int, Query], ...]
    total: int
    offset: int
    explicit: Asked

    def on(self, topic: str) -> Query:
        """The same question about another topic."""
        return self.explicit.but(topic=(topic,))

    def every(self, result: Json) -> Query | None:
        """The question with this answer alone, and all its reasons; None if no filter names the holder."""
        kind, slug = result["holder"]["kind"], names.slug_of(result["holder"]["iri"])
        if kind == "municipality":
            return self.asked.but(municipality=slug)
        return self.asked.but(alliance=slug, kind=kind) if kind == "alliance" else None

    @property
    def subjects(self) -> list[str]:
        """What the answers are about: the names of topics and things."""
        question = self.found["question"]
        return [each["label"] for each in (*question["topics"], *question.get("things", ()))]

    @property
    def seeks(self) -> bool:
        """Whether who seeks was asked."""
        return bool(self.found["question"].get("intent") == "seeks")

    @property
    def last(self) -> int:
        """The number of the last answer that is shown."""
        return self.offset + len(self.found["results"])

    @property
    def before(self) -> Query | None:
        """The question for the answers before these."""
        return self.asked.but(offset=max(0, self.offset - PAGE)) if self.offset else None

    @property
    def after(self) -> Query | None:
        """The question for the answers after these."""
        return self.asked.but(offset=self.last) if self.last < self.total and self.last else None


def view(asked: Asked, found: Json, readings: Mapping[str, list[Json]], lang: str) -> View:
    """What the page shows of an answer in a language; `readings`: what else the words of a topic may mean."""
    found = {**found, "filters": [_named(each, lang) for each in found["filters"]]}
    explicit = _explicit(found)
    question = found["question"]
    return View(
        asked=asked,
        found=found,
        text=asked.q or ", ".join(each["label"] for each in question["topics"]),
        heard=tuple(_heard(asked, explicit, found, readings)),
        blocks=tuple(_blocks(found["results"])),
        facets=tuple(_facets(asked, explicit, found, lang)),
        wider=tuple(_wider(asked, explicit, found)),
        total=found["total"],
        offset=asked.offset,
        explicit=explicit,
    )


def _explicit(found: Json) -> Asked:
    """The same question with parameters for all that was understood; the text names only things."""
    question = found["question"]
    chosen: dict[str, list[str]] = defaultdict(list)
    for each in found["filters"]:
        chosen[each["name"]].append(each["word"])
    return Asked(
        q=", ".join(each["label"] for each in question.get("things", ())),
        topic=tuple(names.slug_of(each["iri"]) for each in question["topics"]),
        alliance=tuple(chosen["alliance"]),
        country=tuple(chosen["country"]),
        state=tuple(chosen["state"]),
        municipality=tuple(chosen["municipality"]),
        kind=next(iter(chosen["kind"]), None),
        evidence=next(iter(chosen["evidence"]), None),
        intent=question.get("intent"),
    )


def _heard(asked: Asked, explicit: Asked, found: Json, readings: Mapping[str, list[Json]]) -> Iterator[Heard]:
    for each in found["question"]["topics"]:
        slug = names.slug_of(each["iri"])
        rest = tuple(one for one in explicit.topic if one != slug)
        given = slug in asked.topic or each["iri"] in asked.topic
        others = tuple(
            (one["label"], explicit.but(topic=(*rest, names.slug_of(one["iri"]))))
            for one in readings.get(each["iri"], ())
        )
        matched = "" if given else each["matched"]
        yield Heard(
            each["label"], each["iri"], "topic", matched, each["how"], explicit.but(topic=rest), others
        )
    for each in found["question"].get("things", ()):
        without = replace(explicit, q=explicit.q.replace(each["label"], "").strip(", ")).but()
        yield Heard(each["label"], each["iri"], "thing", each["matched"], each["how"], without)
    for each in found["filters"]:
        name, matched = each["name"], each["matched"] or ""
        source = explicit if matched else asked
        this = (each["word"].casefold(), each["iri"].casefold())
        left = tuple(one for one in _several(getattr(source, name)) if one.casefold() not in this)
        yield Heard(each["label"], each["iri"], name, matched, each["how"], source.but(**{name: left}))
    if intent := found["question"].get("intent"):
        yield Heard("", "", intent, "", "exact", explicit.but(intent="knows"))


def _several(value: str | tuple[str, ...] | None) -> tuple[str, ...]:
    return value if isinstance(value, tuple) else (value,) if value else ()


def _blocks(results: Iterable[Json]) -> Iterator[Block]:
    sorted_: dict[str, list[Json]] = {"own": [], "through": [], "intended": []}
    for each in results:
        if all(piece["kind"] == _INTENDED for piece in each["evidence"]):
            sorted_["intended"].append(each)
        else:
            sorted_["through" if each["through"] else "own"].append(each)
    return (Block(name, tuple(some)) for name, some in sorted_.items() if some)


def _named(chosen: Json, lang: str) -> Json:
    """A filter with its words; a kind of holder has none in the graph."""
    return {**chosen, "label": chosen["label"] or _kind(chosen["word"], lang)}


def _kind(word: str, lang: str) -> str:
    return translated(KINDS.get(word, word), lang=lang)


def _facets(asked: Asked, explicit: Asked, found: Json, lang: str) -> Iterator[Facet]:
    spoken = {each["name"] for each in found["filters"] if each["matched"]}
    for name, facet in found["facets"].items():
        values, chosen = facet["values"], facet["chosen"]
        if not values or (len(values) == 1 and not chosen and values[0]["count"] == facet["all"]):
            continue  # it divides nothing
        everything = (explicit if name in spoken else asked).but(**{name: None})
        shown = [Value(f"filter-{name}", "", facet["all"], not chosen, everything)]
        shown += [
            Value(
                f"filter-{name}-{value['word'].lower()}",
                value["label"] or _kind(value["word"], lang),
                value["count"],
                value["word"] in chosen,
                asked.but(**{name: value["word"]}),
            )
            for value in values
        ]
        yield Facet(name, FACETS[name], tuple(shown), facet["more"])


def _wider(asked: Asked, explicit: Asked, found: Json) -> Iterator[tuple[str, int, Query]]:
    """The filters without which there are more answers: the filter, how many then, the question."""
    for name, facet in found["facets"].items():
        chosen = [each for each in found["filters"] if each["name"] == name]
        if chosen and facet["all"] > found["total"]:
            source = explicit if chosen[0]["matched"] else asked
            label = ", ".join([each["label"] for each in chosen])
            yield label, facet["all"], source.but(**{name: None})
