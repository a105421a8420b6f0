"""Level 5, sought: what a page tells of open needs: who seeks what, who could help, what is sought most."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Final

from kogge.expertise.answer import Result
from kogge.expertise.index import Index
from kogge.expertise.lexicon import Lexicon
from kogge.expertise.match import helped
from kogge.expertise.needs import seekers
from kogge.expertise.present import Json, needs_as_json
from kogge.expertise.rows import Search, collation
from kogge.expertise.understand import understand

HELPERS: Final = 3  # who could help, inside and outside
TOPICS: Final = 12  # that are sought most
ALLIANCES: Final = 8


def sought(
    index: Index,
    lexicon: Lexicon,
    topic: str | None,
    alliance: str | None,
    lang: str,
    limit: int,
    offset: int,
) -> Json:
    """A page of open needs, each with who could help in an alliance of the seeker (`inside`) and elsewhere;
    `total`; and how many needs there are by topic and alliance.

    `topic` and `alliance` are slugs or IRIs that restrict. Raises BadRequest for one that is not known.
    """
    question = understand(lexicon, "", topics=[topic] if topic else [], alliance=alliance)
    chosen = next(iter(question.filters.alliances), None)
    among = index.group(chosen.iri) if chosen else None
    topics = [match.iri for match in question.topics]
    of_alliance = _open(seekers(index, [], among, most=None))
    of_topic = _open(seekers(index, topics, None, most=None))
    found = _open(seekers(index, topics, among, most=None))
    page = found[offset : offset + limit]
    shown = needs_as_json(page, len(found), index.state, lang)
    return {
        **shown,
        "needs": [_told(index, search, need, lang) for search, need in zip(page, _list(shown), strict=True)],
        "topic": _topic(index, topics[0], lang) if topics else None,
        "alliance": {"word": chosen.word, "iri": chosen.iri, "label": index.named(chosen.iri).label(lang)}
        if chosen
        else None,
        "topics": _topics(index, of_alliance, lang),
        "alliances": _alliances(index, lexicon, of_topic, lang),
        "offset": offset,
    }


def _open(found: Sequence[Search]) -> list[Search]:
    return [search for search in found if search.need.status == "open"]


def _list(shown: Json) -> list[Json]:
    needs = shown["needs"]
    return needs if isinstance(needs, list) else []


def _told(index: Index, search: Search, need: Json, lang: str) -> Json:
    names_ = {"label": search.need.thing.label(lang)}
    if not search.need.topics:
        return {**need, **names_, "inside": [], "outside": []}
    who = helped(index, search, HELPERS)
    return {
        **need,
        **names_,
        "inside": [_helper(one.result, lang) for one in who.inside],
        "outside": [_helper(one, lang) for one in who.outside],
    }


def _helper(result: Result, lang: str) -> Json:
    row = result.pieces[0].row
    return {
        "iri": result.holder.iri,
        "label": result.holder.label(lang),
        "thing": {"iri": row.thing.iri, "label": row.thing.label(lang)},
        "strength": int(row.kind.strength),
    }


def _topic(index: Index, iri: str, lang: str) -> Json:
    return {"iri": iri, "label": index.topics[iri].label(lang)}


def _topics(index: Index, found: Sequence[Search], lang: str) -> list[Json]:
    """The topics that are sought most, with how many seek and how many are proven."""
    many = Counter(topic.iri for search in found for topic in search.need.topics)
    ordered = sorted(many, key=lambda iri: (-many[iri], collation(index.topics[iri].label(lang)), iri))
    return [
        {
            **_topic(index, iri, lang),
            "seekers": many[iri],
            "proven": ranking.proven.bit_count() if (ranking := index.ranking(iri)) else 0,
        }
        for iri in ordered[:TOPICS]
    ]


def _alliances(index: Index, lexicon: Lexicon, found: Sequence[Search], lang: str) -> list[Json]:
    """The alliances to whose members these needs belong, with how many."""
    many = Counter(alliance for search in found for alliance in search.need.holder.alliances)
    words = {iri: word for word, iri in lexicon.alliances.items()}
    listed = [(iri, index.named(iri).label(lang)) for iri in many if iri in words]
    ordered = sorted(listed, key=lambda one: (-many[one[0]], collation(one[1]), one[0]))
    return [{"word": words[iri], "label": label, "count": many[iri]} for iri, label in ordered[:ALLIANCES]]
