"""Level 5, understand: a text in German, English or Dutch becomes topics, things, filters and an intent.

Everything that is understood is told with the words that carried it and how they did: by a label (`exact`) or
another (`synonym`), an inflected form, a part of a compound, with a typo, by the name of a thing, as an IRI.
Names of people are not searched.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from kogge import names
from kogge.errors import BadRequest
from kogge.expertise import words
from kogge.expertise.cues import Cue
from kogge.expertise.lexicon import Lexicon
from kogge.expertise.meanings import How
from kogge.expertise.phrases import Span, read
from kogge.expertise.question import (
    EVERYTHING,
    Chosen,
    Filters,
    Intent,
    Match,
    Parameters,
    Question,
    Values,
)
from kogge.expertise.words import Token

__all__ = [
    "EVERYTHING", "Chosen", "Filters", "How", "Intent",
    "Lexicon", "Match", "Parameters", "Question", "understand",
]  # fmt: skip

HOLDER_KINDS: Final = ("municipality", "district", "state", "province", "organisation", "alliance")
MOST_LETTERS: Final = 1000

_IRI: Final = re.compile(r"https?://[^\s<>\"]+")


def understand(
    lexicon: Lexicon,
    text: str = "",
    *,
    lang: str | None = None,
    topics: Sequence[str] = (),
    alliance: Values = None,
    country: Values = None,
    state: Values = None,
    municipality: Values = None,
    kind: str | None = None,
    evidence: str | None = None,
    intent: str | None = None,
) -> Question:
    """The question that is meant. Parameters (see `Parameters`) add to its topics and win over its filters.

    Without `lang` the language is guessed by the words. A text in which nothing is understood has no topics;
    a parameter whose value is not known, or a text of more than 1,000 letters, raises BadRequest.
    """
    _expect("language", lang, names.LANGUAGES)
    _expect("kind of holder", kind, HOLDER_KINDS)
    _expect("intent", intent, ("knows", "seeks"))
    if len(text) > MOST_LETTERS:
        raise BadRequest(f"The question has more than {MOST_LETTERS} letters.", "Ask in a sentence or two.")
    normal = words.normal(text)
    meant = [_topic(lexicon, value) for value in topics]
    for found in _IRI.finditer(normal):
        iri = found.group().rstrip(".,;:!?)")
        if iri in lexicon.topics:
            meant.append(Match(iri, iri, "iri"))
    normal = _IRI.sub(lambda found: " " * len(found.group()), normal)
    heard = _Heard(lexicon, normal)
    given = {"kind": kind, "evidence": evidence, "intent": intent}
    said = {role: heard.said[role] for role, value in given.items() if value is None and role in heard.said}
    kind = kind or heard.value("kind")
    meaning: Intent = "seeks" if (intent or heard.value("intent")) == "seeks" else "knows"
    if meaning == "seeks":  # who seeks has no evidence
        said.pop("evidence", None)
    proof = evidence or (heard.value("evidence") if "evidence" in said else None)
    states, holders = heard.places()
    filters = Filters(
        _chosen("alliance", alliance, lexicon.alliances) or heard.alliances(),
        _chosen("country", map(_country, _each(country)), lexicon.countries) or heard.countries(),
        _chosen("state", state, lexicon.states) or states,
        kind,
        _known("evidence", proof, lexicon.kinds) if proof else None,
        tuple(_holder(lexicon, value) for value in _each(municipality)) or holders,
    )
    return Question(
        text,
        lang or heard.lang,
        _distinct([*meant, *heard.matches("topic")]),
        filters,
        things=_distinct(heard.things()),
        intent=meaning,
        said=tuple(sorted((role, matched) for role, (_, matched) in said.items())),
        unknown=heard.unknown(),
    )


class _Heard:
    """What a text says, sorted by what it means for the question."""

    def __init__(self, lexicon: Lexicon, text: str) -> None:
        self.lexicon = lexicon
        self.text = text
        self.tokens = words.tokens(text)
        self.spans = read(lexicon, self.tokens)
        self.lang = self._language()
        self.said: dict[str, tuple[str, str]] = {}
        self.adjectives: dict[str, str] = {}  # of countries: by their codes, with the words
        for role, value, matched in self._cues():
            if role == "country":
                self.adjectives.setdefault(value, matched)
                continue
            before = self.said.setdefault(role, (value, matched))
            if before[0] != value:  # two that contradict each other restrict nothing
                self.said[role] = ("", before[1])

    def value(self, role: str) -> str | None:
        """What the text says of `kind`, `evidence` or `intent`."""
        return self.said.get(role, ("", ""))[0] or None

    def matches(self, *kinds: str) -> list[Match]:
        """The things of these kinds in the order of the text."""
        return [
            Match(meaning.iri, self._matched(span), span.how)
            for span in self.spans
            for meaning in span.meanings
            if meaning.kind in kinds
        ]

    def things(self) -> list[Match]:
        """The things that are named."""
        found = self.matches("project", "event", "strategy", "funding", "programme")
        return [match if match.how == "typo" else match._replace(how="name") for match in found]

    def alliances(self) -> tuple[Chosen, ...]:
        """The alliances of the text."""
        return _named(self.matches("alliance"), self.lexicon.alliances)

    def countries(self) -> tuple[Chosen, ...]:
        """The countries of the text, by their names or an adjective."""
        known = self.lexicon.countries
        adjectives = [
            Match(known[code], matched, "synonym")
            for code, matched in self.adjectives.items()
            if code in known
        ]
        return _named([*self.matches("country"), *adjectives], known)

    def places(self) -> tuple[tuple[Chosen, ...], tuple[Chosen, ...]]:
        """The states (or provinces) of the text, and its municipalities and districts.

        Beside a state, a city of whose name there is one stands for it: Bremen oder Niedersachsen. The city
        that is to be helped is none of those who know.
        """
        states, holders = self.matches("state", "province"), self.matches("municipality", "district")
        helped = {meaning.iri for span in self.spans if self._helped(span) for meaning in span.meanings}
        holders = [match for match in holders if match.iri not in helped]
        namesakes = [self._namesake(match) for match in holders] if states else [None]
        if all(namesakes):
            states, holders = [*states, *filter(None, namesakes)], []
        return _named(states, self.lexicon.states), tuple(
            Chosen(names.slug_of(match.iri), *match) for match in _distinct(holders)
        )

    def _helped(self, span: Span) -> bool:
        """Whether what stands here is to be helped: named bare, where it is asked who helps."""
        cues, before = self.lexicon.cues, self.tokens[: span.start]
        return (
            any(token.word in cues.askers[self.lang] for token in before)
            and before[-1].word not in cues.before_place
            and any(token.word in cues.helping for token in self.tokens)
        )

    def _namesake(self, city: Match) -> Match | None:
        """The state or province that is called like a city."""
        name = " ".join(words.words(city.matched))
        for before in self.lexicon.cues.before_state:
            for meaning in self.lexicon.phrases.get(f"{before} {name}", ()):
                if meaning.kind in ("state", "province"):
                    return city._replace(iri=meaning.iri)
        return None

    def unknown(self) -> tuple[str, ...]:
        """The words that carry nothing of what was understood, and are not of those that say nothing."""
        heard = {at for span in self.spans for at in range(span.start, span.end)}
        silent = self.lexicon.cues.silent
        left = [
            token.text
            for at, token in enumerate(self.tokens)
            if at not in heard and len(token.word) > 1 and not silent(token.word)
        ]
        return tuple(dict.fromkeys(left))

    def _matched(self, span: Span) -> str:
        return self.text[self.tokens[span.start].start : self.tokens[span.end - 1].end]

    def _language(self) -> str:
        votes = Counter(lang for token in self.tokens for lang in self.lexicon.cues.languages(token.word))
        votes.update(lang for span in self.spans for meaning in span.meanings for lang in meaning.languages)
        return max(names.LANGUAGES, key=lambda lang: votes[lang])

    def _cues(self) -> Iterable[tuple[str, str, str]]:
        heard = [(span.start, cue, self._matched(span), span) for span in self.spans for cue in span.cues]
        places = {token.word: at for at, token in reversed(list(enumerate(self.tokens)))}
        last_places = {token.word: at for at, token in enumerate(self.tokens)}
        for first, last, cue in self.lexicon.cues.gaps:
            start, end = places.get(first, -1), last_places.get(last, -1)
            if 0 <= start < end:
                matched = f"{self.tokens[start].text} … {self.tokens[end].text}"
                heard.append((start, cue, matched, Span(start, start + 1, (), "exact")))
        for _, cue, matched, span in sorted(heard, key=lambda one: one[0]):
            role = self._role(cue, span)
            if role:
                yield role, "seeks" if role == "intent" else cue.value, matched

    def _role(self, cue: Cue, span: Span) -> str | None:
        """What a cue tells where it stands: nothing if the speaker is meant, or in another language."""
        if cue.role == "seeks":
            return None if self._spoken(span) else "intent"
        if cue.role == "weak":
            before = {token.word for token in self.tokens[: span.start]}
            cues = self.lexicon.cues
            return (
                None if self._spoken(span) or before & cues.offering or not before & cues.asking else "intent"
            )
        if cue.role == "kind":
            return "kind" if cue.bare or self._asks(span) else None
        if cue.role == "evidence" and (
            cue.lang != self.lang or (cue.value == "intended" and self._spoken(span))
        ):
            return None
        return cue.role

    def _spoken(self, span: Span) -> bool:
        """Whether the speaker is the subject here: named before, with no who or which in between."""
        for token in reversed(self.tokens[: span.start]):
            if token.word in self.lexicon.cues.asking:
                return False
            if token.word in self.lexicon.cues.speaker:
                return True
        return False

    def _asks(self, span: Span) -> bool:
        """Whether a singular word for a kind asks for holders: which city …, or city with …"""
        cues = self.lexicon.cues
        if span.start:
            return self.tokens[span.start - 1].word in cues.which
        after: Sequence[Token] = self.tokens[span.end : span.end + 1]
        return any(any(cues.languages(token.word)) for token in after)


def _expect(name: str, value: str | None, known: Sequence[str]) -> None:
    if value is not None and value not in known:
        raise BadRequest(f"There is no {name} '{value}' here.", f"Use one of {', '.join(known)}.")


def _topic(lexicon: Lexicon, value: str) -> Match:
    if value in lexicon.topics:
        return Match(value, value, "iri")
    if names.topic(value) in lexicon.topics:
        return Match(names.topic(value), value, "exact")
    raise BadRequest(f"There is no topic '{value}'.", "Use the slug or the IRI of a topic of the thesaurus.")


def _each(values: Values) -> Sequence[str]:
    """The values of a parameter, each once."""
    return tuple(dict.fromkeys([values] if isinstance(values, str) else values or ()))


def _country(value: str) -> str:
    return value if _IRI.match(value) else value.upper()


def _holder(lexicon: Lexicon, value: str) -> Chosen:
    for word, iri in ((value, lexicon.places.get(value)), (names.slug_of(value), value)):
        if iri and lexicon.places.get(word) == iri:
            return Chosen(word, iri)
    raise BadRequest(f"There is no municipality '{value}'.", "Use the slug or the IRI of a municipality.")


def _chosen(parameter: str, values: Values | Iterable[str], known: Mapping[str, str]) -> tuple[Chosen, ...]:
    given = _each(values if values is None or isinstance(values, str) else tuple(values))
    return tuple(_known(parameter, value, known) for value in given)


def _known(parameter: str, value: str, known: Mapping[str, str]) -> Chosen:
    for word, iri in known.items():
        if value in (word, iri):
            return Chosen(word, iri)
    raise BadRequest(
        f"There is no {parameter} '{value}'.", f"Use one of {', '.join(sorted(known)) or 'none'}."
    )


def _named(matches: Iterable[Match], known: Mapping[str, str]) -> tuple[Chosen, ...]:
    """These as filters, by the words for them."""
    distinct = _distinct(matches)
    word_of = {iri: word for word, iri in known.items()} if distinct else {}  # there may be many
    return tuple(Chosen(word_of[match.iri], *match) for match in distinct if match.iri in word_of)


def _distinct(matches: Iterable[Match]) -> tuple[Match, ...]:
    distinct: dict[str, Match] = {}
    for match in matches:
        distinct.setdefault(match.iri, match)
    return tuple(distinct.values())
