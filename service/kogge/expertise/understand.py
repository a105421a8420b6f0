"""Level 5, understand: a text in German, English or Dutch becomes topics and filters.

This form knows labels and synonyms as whole words. The longest label wins: "Wasserstoff und Mobilität" is one
topic, and "Innovationsmobil" is none.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple, TypedDict

from kogge import names
from kogge.errors import BadRequest
from kogge.expertise.index import select
from kogge.store.base import Store

How = Literal["exact", "synonym", "iri"]
HOLDER_KINDS: Final = ("municipality", "district", "state", "province", "organisation", "alliance")

_WORD: Final = re.compile(r"[^\W_]+")
_IRI: Final = re.compile(r"https?://[^\s<>\"]+")


class Match(NamedTuple):
    """A topic that was understood: by which words of the question, and how."""

    iri: str
    matched: str
    how: How


class Chosen(NamedTuple):
    """A filter: the word that stands for it in a parameter, and the IRI of what it names."""

    word: str
    iri: str


@dataclass(frozen=True, slots=True)
class Filters:
    """What the answers are restricted to; None restricts nothing."""

    alliance: Chosen | None = None
    country: Chosen | None = None
    state: Chosen | None = None
    kind: str | None = None
    evidence: Chosen | None = None


EVERYTHING: Final = Filters()


@dataclass(frozen=True, slots=True)
class Question:
    """What was asked, and how it was understood."""

    text: str
    lang: str
    topics: tuple[Match, ...]
    filters: Filters = EVERYTHING


class Parameters(TypedDict, total=False):
    """What a question may say beside its text; topics and things as slugs or IRIs, a country as `DE`."""

    lang: str | None
    topics: Sequence[str]
    alliance: str | None
    country: str | None
    state: str | None
    kind: str | None
    evidence: str | None


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a phrase stands for: a topic or an alliance, by which kind of label, in which languages."""

    iri: str
    how: How
    languages: frozenset[str]


Phrase = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Lexicon:
    """All phrases that are known, and the values that each filter may have, by the word for it."""

    phrases: Mapping[Phrase, tuple[Meaning, ...]]
    longest: int
    topics: frozenset[str]
    alliances: Mapping[str, str]
    countries: Mapping[str, str]
    states: Mapping[str, str]
    kinds: Mapping[str, str]

    @classmethod
    def build(cls, store: Store) -> Lexicon:
        """The lexicon of what the store says now."""
        found: dict[Phrase, dict[str, Meaning]] = defaultdict(dict)
        topics, alliances = _iris(store, _TOPICS), _iris(store, _ALLIANCES)
        for iri, label, lang, preferred in _labels(store, topics | alliances):
            phrase = words(label)
            if phrase:
                before = found[phrase].get(iri)
                how: How = "exact" if preferred or (before and before.how == "exact") else "synonym"
                languages = (before.languages if before else frozenset()) | {lang} - {""}
                found[phrase][iri] = Meaning(iri, how, languages)
        return cls(
            phrases={
                phrase: tuple(meanings[iri] for iri in sorted(meanings)) for phrase, meanings in found.items()
            },
            longest=max(map(len, found), default=0),
            topics=frozenset(topics),
            alliances={names.slug_of(iri): iri for iri in sorted(alliances)},
            countries={str(code): str(iri) for iri, code in select(store, _COUNTRIES)},
            states={names.slug_of(iri): iri for iri in sorted(_iris(store, _STATES))},
            kinds={names.slug_of(iri): iri for iri in sorted(_iris(store, _KINDS))},
        )


def words(text: str) -> Phrase:
    """The words of a text, made comparable: case and Unicode forms folded, hyphens and signs dropped."""
    return tuple(_fold(word) for word in _WORD.findall(_normal(text)))


def understand(
    lexicon: Lexicon,
    text: str = "",
    *,
    lang: str | None = None,
    topics: Sequence[str] = (),
    alliance: str | None = None,
    country: str | None = None,
    state: str | None = None,
    kind: str | None = None,
    evidence: str | None = None,
) -> Question:
    """The question that is meant. Parameters (see `Parameters`) add to its topics and win over its filters.

    Without `lang` the language is guessed by the labels that matched. A text in which nothing is understood
    has no topics; a parameter whose value is not known raises BadRequest.
    """
    if lang is not None and lang not in names.LANGUAGES:
        raise BadRequest(f"There is no language '{lang}' here.", f"Use one of {', '.join(names.LANGUAGES)}.")
    if kind is not None and kind not in HOLDER_KINDS:
        raise BadRequest(f"There is no kind of holder '{kind}'.", f"Use one of {', '.join(HOLDER_KINDS)}.")
    read = list(_read(lexicon, text))
    meant = [_topic(lexicon, value) for value in topics]
    meant += [
        Match(meaning.iri, matched, meaning.how) for matched, meaning in read if meaning.iri in lexicon.topics
    ]
    named = {meaning.iri for _, meaning in read} - lexicon.topics
    if alliance is None and len(named) == 1:  # several alliances in one text restrict nothing
        alliance = named.pop()
    filters = Filters(
        _chosen("alliance", alliance, lexicon.alliances),
        _chosen(
            "country", country and (country if _IRI.match(country) else country.upper()), lexicon.countries
        ),
        _chosen("state", state, lexicon.states),
        kind,
        _chosen("evidence", evidence, lexicon.kinds),
    )
    distinct: dict[str, Match] = {}
    for match in meant:
        distinct.setdefault(match.iri, match)
    return Question(text, lang or _guess(meaning for _, meaning in read), tuple(distinct.values()), filters)


def _read(lexicon: Lexicon, text: str) -> Iterator[tuple[str, Meaning]]:
    """The meanings in a text with the words that carry them, in the order of the text."""
    normal = _normal(text)
    for found in _IRI.finditer(normal):
        iri = found.group().rstrip(".,;:!?)")
        if iri in lexicon.topics:
            yield iri, Meaning(iri, "iri", frozenset())
    normal = _IRI.sub(lambda found: " " * len(found.group()), normal)
    places = list(_WORD.finditer(normal))
    folded = [_fold(place.group()) for place in places]
    for start, end in _longest_phrases(lexicon, folded):
        for meaning in lexicon.phrases[tuple(folded[start:end])]:
            yield normal[places[start].start() : places[end - 1].end()], meaning


def _longest_phrases(lexicon: Lexicon, folded: Sequence[str]) -> list[tuple[int, int]]:
    """The known phrases as (start, end) of words; of two that overlap the longer, then the left one."""
    known = [
        (start, end)
        for start in range(len(folded))
        for end in range(start + 1, min(start + lexicon.longest, len(folded)) + 1)
        if tuple(folded[start:end]) in lexicon.phrases
    ]
    taken: set[int] = set()
    chosen: list[tuple[int, int]] = []
    for start, end in sorted(known, key=lambda span: (span[0] - span[1], span[0])):
        if taken.isdisjoint(range(start, end)):
            taken.update(range(start, end))
            chosen.append((start, end))
    return sorted(chosen)


def _guess(meanings: Iterable[Meaning]) -> str:
    votes = Counter(language for meaning in meanings for language in meaning.languages)
    return max(names.LANGUAGES, key=lambda language: votes[language])


def _topic(lexicon: Lexicon, value: str) -> Match:
    if value in lexicon.topics:
        return Match(value, value, "iri")
    if names.topic(value) in lexicon.topics:
        return Match(names.topic(value), value, "exact")
    raise BadRequest(f"There is no topic '{value}'.", "Use the slug or the IRI of a topic of the thesaurus.")


def _chosen(parameter: str, value: str | None, known: Mapping[str, str]) -> Chosen | None:
    if value is None:
        return None
    for word, iri in known.items():
        if value in (word, iri):
            return Chosen(word, iri)
    raise BadRequest(
        f"There is no {parameter} '{value}'.", f"Use one of {', '.join(sorted(known)) or 'none'}."
    )


def _normal(text: str) -> str:
    return unicodedata.normalize("NFKC", text)


def _fold(word: str) -> str:
    return _normal(word.casefold())


def _iris(store: Store, query: str) -> set[str]:
    return {str(iri) for (iri,) in select(store, query)}


def _labels(store: Store, wanted: set[str]) -> Iterator[tuple[str, str, str, bool]]:
    """Each label of what is wanted: IRI, label, language, and whether it is preferred (or the slug)."""
    for iri in sorted(wanted):
        yield iri, names.slug_of(iri), "", True
    for thing, label, lang, preferred in select(store, _LABELS):
        if thing in wanted:
            yield str(thing), str(label), str(lang), preferred == "true"


_TOPICS: Final = f"SELECT ?it {{ ?it a skos:Concept FILTER(STRSTARTS(STR(?it), '{names.TOPIC}')) }}"
_ALLIANCES: Final = "SELECT ?it { ?it a kogge:Alliance }"
_STATES: Final = "SELECT ?it { VALUES ?class { kogge:State kogge:Province } ?it a ?class }"
_KINDS: Final = "SELECT ?it { ?it kogge:strength ?number }"
_COUNTRIES: Final = "SELECT ?it ?code { ?it a schema:Country ; skos:notation ?code }"
_LABELS: Final = """
SELECT ?it ?label (LANG(?label) AS ?lang) (?predicate = skos:prefLabel AS ?preferred) {
    VALUES ?predicate { skos:prefLabel skos:altLabel skos:hiddenLabel }
    ?it ?predicate ?label
}
"""
