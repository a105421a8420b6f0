"""Level 5, around: what a page shows around an answer: filters, counts by which to filter, whose they are.

A count says how many answers there are with that filter instead of the one of its kind; the others stay.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final

from kogge.expertise.answer import Answer, among
from kogge.expertise.index import Index
from kogge.expertise.lexicon import Lexicon
from kogge.expertise.meanings import How
from kogge.expertise.present import Json
from kogge.expertise.rows import Holder, Topic, collation
from kogge.expertise.search import Wanted, fitting
from kogge.expertise.understand import HOLDER_KINDS, Chosen, Filters

MOST: Final = 8  # values of a filter that are shown, the chosen one beside
NARROWER: Final = 4  # topics that are named of a field of action
EXAMPLES: Final = 5
SHORT: Final = 24  # letters of a topic to try


def around(index: Index, lexicon: Lexicon, answer: Answer, lang: str) -> Json:
    """The filters with their labels, how they were understood (`matched`: by which words; none: by a
    parameter), `facets` (name of the parameter → values with counts), and `holders` (IRI → country and
    alliances)."""
    return {
        "filters": list(_filters(index, answer, lang)),
        "facets": _facets(index, lexicon, answer, lang),
        "holders": {
            one.holder.iri: _about(index, lexicon, one.holder, lang)
            for one in (*answer.results, *answer.mentioned)
        },
    }


def fields(index: Index, lang: str) -> Json:
    """The fields of action, each with some narrower topics that somebody is proven in (`fields`), how many
    topics there are (`topics`), and topics to try (`examples`), each with how many are proven (`count`)."""
    many = {iri: ranking.proven.bit_count() if (ranking := index.ranking(iri)) else 0 for iri in index.topics}

    def shown(topic: Topic) -> Json:
        return {"iri": topic.iri, "label": topic.label(lang), "count": many[topic.iri]}

    def best(topics: Iterable[Topic]) -> list[Topic]:
        known = (topic for topic in topics if many[topic.iri])
        return sorted(known, key=lambda one: (-many[one.iri], collation(one.label(lang)), one.iri))

    tops = sorted(
        (one for one in index.topics.values() if not one.broader),
        key=lambda one: (not any(many[iri] for iri in one.within), collation(one.label(lang))),
    )
    below = {one.iri: best(index.topics[iri] for iri in one.within if iri != one.iri) for one in tops}
    examples: dict[str, Topic] = {}
    for place in range(2):
        for top in tops:
            for topic in [one for one in below[top.iri] if len(one.label(lang)) <= SHORT][place : place + 1]:
                examples.setdefault(topic.iri, topic)
    return {
        "fields": [
            {**shown(top), "narrower": [shown(one) for one in below[top.iri][:NARROWER]]} for top in tops
        ],
        "topics": len(index.topics),
        "examples": [shown(one) for one in list(examples.values())[:EXAMPLES]],
    }


def _filters(index: Index, answer: Answer, lang: str) -> Iterator[Json]:
    filters = answer.question.filters
    chosen = [
        ("alliance", filters.alliances),
        ("country", filters.countries),
        ("state", filters.states),
        ("evidence", (filters.evidence,) if filters.evidence else ()),
        ("municipality", filters.holders),
    ]
    said = dict(answer.question.said)
    for name, several in chosen:
        for one in several:
            matched = one.matched or said.get(name)
            yield _filter(name, one.word, one.iri, _label(index, one.iri, lang), matched, one.how)
    if filters.kind:
        yield _filter("kind", filters.kind, "", "", said.get("kind"))


def _filter(name: str, word: str, iri: str, label: str, matched: str | None, how: How = "exact") -> Json:
    return {"name": name, "word": word, "iri": iri, "label": label, "matched": matched, "how": how}


def _facets(index: Index, lexicon: Lexicon, answer: Answer, lang: str) -> Json:
    """By parameter: how many answers there are without this filter (`all`), and with each of its values."""
    filters = answer.question.filters
    topics = [topic.iri for topic in answer.topics]
    things = [index.things(thing.iri) for thing in answer.things]
    if not topics and not things:
        return {}
    kind = filters.evidence.iri if filters.evidence else None

    def found(restricted: Filters, kind: str | None) -> int:
        return fitting(index, Wanted(topics, things, among(index, restricted), kind))

    everybody = found(filters, kind)

    def facet(chosen: Sequence[str], without: Filters, groups: Iterable[tuple[str, str, int]]) -> Json:
        base = found(without, kind) if chosen else everybody
        counts = [(word, iri, (base & group).bit_count()) for word, iri, group in groups]
        return _values(index, counts, chosen, base, lang)

    def grouped(chosen: Iterable[Chosen], without: Filters, values: Mapping[str, str]) -> Json:
        groups = ((word, iri, index.group(iri)) for word, iri in values.items())
        return facet([one.word for one in chosen], without, groups)

    kinds = [(word, iri, found(filters, iri).bit_count()) for word, iri in lexicon.kinds.items()]
    of_any_kind = everybody if kind is None else found(filters, None)
    return {
        "alliance": grouped(filters.alliances, replace(filters, alliances=()), lexicon.alliances),
        "country": grouped(filters.countries, replace(filters, countries=()), lexicon.countries),
        "state": grouped(filters.states, replace(filters, states=()), lexicon.states),
        "evidence": _values(
            index, kinds, [filters.evidence.word] if filters.evidence else [], of_any_kind, lang
        ),
        "kind": facet(
            [filters.kind] if filters.kind else [],
            replace(filters, kind=None),
            ((word, "", index.kind_group(word)) for word in HOLDER_KINDS),
        ),
    }


def _values(
    index: Index, counts: Iterable[tuple[str, str, int]], chosen: Sequence[str], base: int, lang: str
) -> Json:
    """The values with the most answers, those that are chosen always among them."""
    values = [one for one in counts if one[2] or one[0] in chosen]
    # Only what may be shown needs its label, by which those with equal counts are ordered.
    least = sorted((many for _, _, many in values), reverse=True)[:MOST][-1:] or [0]
    labelled = [
        (word, _label(index, iri, lang) if iri else "", many)
        for word, iri, many in values
        if many >= least[0] or word in chosen
    ]
    ordered = sorted(labelled, key=lambda one: (-one[2], collation(one[1]), one[0]))
    shown = ordered[:MOST] + [one for one in ordered[MOST:] if one[0] in chosen]
    return {
        "all": base.bit_count(),
        "chosen": chosen,
        "more": len(values) > len(shown),
        "values": [{"word": word, "label": label, "count": many} for word, label, many in shown],
    }


def _label(index: Index, iri: str, lang: str) -> str:
    if kind := index.kinds.get(iri):
        return kind.label(lang)
    if (number := index.numbers.get(iri)) is not None:  # in memory, unlike other labels
        return index.holders[number].label(lang)
    return index.named(iri).label(lang)


def _about(index: Index, lexicon: Lexicon, holder: Holder, lang: str) -> Json:
    countries = ((code, iri) for code, iri in lexicon.countries.items() if iri in holder.places)
    code, country = next(countries, ("", ""))
    alliances = [(iri, _label(index, iri, lang)) for iri in sorted(holder.alliances - {holder.iri})]
    return {
        "country": {"code": code, "label": _label(index, country, lang) if country else ""},
        "alliances": [{"iri": iri, "label": label} for iri, label in alliances],
    }
