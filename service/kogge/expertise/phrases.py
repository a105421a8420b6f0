"""Level 5, phrases: finds in a text the phrases that mean something, each with the words that carry it.

The longest phrase wins; of equal ones a label before a synonym, then inflected forms, names, compounds and
misspellings. Words that are explained are consumed. What a phrase means for the question, `understand` says.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from kogge import names
from kogge.expertise import words
from kogge.expertise.cues import Cue
from kogge.expertise.lexicon import Lexicon
from kogge.expertise.meanings import PLACES, How, Meaning, rank_of
from kogge.expertise.spelling import Spelling
from kogge.expertise.words import Token

SHORT_NAME: Final = 10  # letters of a single word that may stand for the name it begins
JOINED: Final = 3
RARE: Final = 5  # letters of a word that may stand for a name in which it is
FEW_NAMES: Final = 3
LONGEST: Final = 12  # words that a label may have in a text, with all its articles

_NAME_ENDINGS: Final = ("s", "es", "e", "en", "n")


class Span(NamedTuple):
    """The words from `start` to before `end`, what they mean, and how that was found."""

    start: int
    end: int
    meanings: tuple[Meaning, ...]
    how: How
    cues: tuple[Cue, ...] = ()


def read(lexicon: Lexicon, tokens: Sequence[Token]) -> list[Span]:
    """The phrases of a text in their order, none overlapping another."""
    return _Reading(lexicon, tokens).spans()


class _Reading:
    def __init__(self, lexicon: Lexicon, tokens: Sequence[Token]) -> None:
        self.lexicon = lexicon
        self.tokens = tokens
        self.spelling = Spelling(lexicon, tokens)
        self.words = self.spelling.words

    def spans(self) -> list[Span]:
        found: list[Span] = []
        free = [True] * len(self.tokens)
        for candidates in (
            self._phrases(), self._names(free), self._compounds(free), self._within_names(free),
        ):  # fmt: skip
            for span in sorted(candidates, key=lambda s: (s.start - s.end, rank_of(s.how), s.start)):
                if all(free[span.start : span.end]):
                    free[span.start : span.end] = [False] * (span.end - span.start)
                    found.append(span)
        return sorted(found)

    # Candidates

    def _phrases(self) -> Iterator[Span]:
        for start in range(len(self.words)):
            yield from self._labels(start)
            yield from self._inflected(start)
            yield from self._turned(start)
            yield from self._whole_names(start)
            yield from self._genitives(start)
            yield from self._joined(start)

    def _labels(self, start: int) -> Iterator[Span]:
        lexicon, cues = self.lexicon, self.lexicon.cues
        most = max(lexicon.openings.get(self.words[start], 0), cues.openings.get(self.words[start], 0))
        for end in range(start + 1, min(start + most, len(self.words)) + 1):
            phrase = " ".join(self.words[start:end])
            meanings = self._meant(lexicon.phrases.get(phrase, ()), start, end)
            said = cues.phrases.get(phrase, ())
            if said and meanings and self._is_verb(start, end):
                meanings = ()
            elif meanings:
                said = ()
            if meanings:
                yield Span(
                    start, end, meanings, self._how(min((m.how for m in meanings), key=rank_of), start, end)
                )
            elif said and self._how("exact", start, end) == "exact":
                yield Span(start, end, (), "exact", said)

    def _inflected(self, start: int) -> Iterator[Span]:
        """Labels in other forms, articles and prepositions apart: Digitalisierung unserer Schule."""
        for lang in names.LANGUAGES:
            told: list[str] = []
            key, most = "", 1
            for end in range(start + 1, min(start + LONGEST, len(self.words)) + 1):
                word = self.words[end - 1]
                if not self.lexicon.cues.tells(lang, word):
                    if not told:
                        break
                    continue
                told.append(word)
                key = f"{key} {self.lexicon.stem(lang, word)}".strip()
                if len(told) == 1:
                    most = self.lexicon.stem_openings[lang].get(key, 0)
                if len(told) > most:
                    break
                phrases = self.lexicon.stems[lang].get(key)
                if phrases and (phrase := self._closest(lang, told, phrases)):
                    meanings = tuple(m for m in self.lexicon.phrases[phrase] if lang in m.languages)
                    yield Span(start, end, meanings, self._how("inflected", start, end))

    def _turned(self, start: int) -> Iterator[Span]:
        """Labels of two words of which the second comes first: Schule digital, services online."""
        two = self.words[start : start + 2][::-1]
        for lang in names.LANGUAGES if len(two) == 2 else ():
            if all(self.lexicon.cues.tells(lang, word) for word in two):
                key = " ".join([self.lexicon.stem(lang, word) for word in two])
                phrases = self.lexicon.stems[lang].get(key)
                if phrases and (phrase := self._closest(lang, two, phrases)):
                    meanings = tuple(m for m in self.lexicon.phrases[phrase] if lang in m.languages)
                    yield Span(start, start + 2, meanings, self._how("inflected", start, start + 2))

    def _closest(self, lang: str, asked: Sequence[str], phrases: Sequence[str]) -> str | None:
        """Of the labels behind a stem the one that differs in inflection alone, the shortest way."""
        cues = self.lexicon.cues
        if len(asked) == 1 and (asked[0] in cues.common or asked[0] in cues.never):
            return None
        told = {phrase: [word for word in phrase.split() if cues.tells(lang, word)] for phrase in phrases}
        fitting = [
            phrase
            for phrase, label in told.items()
            if len(label) == len(asked)
            and all(words.inflects(lang, *pair) for pair in zip(asked, label, strict=True))
        ]
        length = len(" ".join(asked))
        return min(fitting, key=lambda phrase: (abs(len(phrase) - length), phrase), default=None)

    def _whole_names(self, start: int) -> Iterator[Span]:
        phrase = ""
        for end in range(start + 1, len(self.words) + 1):
            phrase = f"{phrase} {self.words[end - 1]}".strip()
            if not self.lexicon.names.begins(phrase):
                return
            if not self._telling(start, end):
                continue
            found = self.lexicon.names.exactly(phrase)
            if found:
                yield Span(start, end, _as_names(found), "name")

    def _genitives(self, start: int) -> Iterator[Span]:
        """A name of one word with an ending: des Innovationsmobils."""
        word = self.words[start]
        if len(word) > SHORT_NAME and not self.lexicon.names.begins(word):
            for ending in _NAME_ENDINGS:
                found = self.lexicon.names.exactly(word.removesuffix(ending)) if word.endswith(ending) else ()
                if found:
                    yield Span(start, start + 1, _as_names(found), "name")

    def _joined(self, start: int) -> Iterator[Span]:
        """What others write as one word: Verkehrs-Wende, Wasser stoff, smart water."""
        for end in range(start + 2, min(start + JOINED, len(self.words)) + 1):
            label = "".join(self.words[start:end])
            meanings = [m for m in self.lexicon.phrases.get(label, ()) if m.kind not in PLACES]
            if meanings:
                yield Span(start, end, tuple(meanings), self._how("synonym", start, end))

    def _names(self, free: Sequence[bool]) -> Iterator[Span]:
        """The beginnings of names where no topic was found."""
        for start in range(len(self.words)):
            phrase, last = "", start
            for end in range(start + 1, len(self.words) + 1):
                phrase = f"{phrase} {self.words[end - 1]}".strip()
                if not free[end - 1] or not self.lexicon.names.begins(phrase):
                    break
                last = end
            telling = self._telling(start, last) and (
                last - start > 1 or (last > start and len(self.words[start]) >= SHORT_NAME)
            )
            if telling:
                found = self.lexicon.names.beginning(" ".join(self.words[start:last]))
                yield Span(start, last, _as_names(found), "name")

    def _within_names(self, free: Sequence[bool]) -> Iterator[Span]:
        """Names of which a word that says nothing else is a part, if it is a part of few: Avebe."""
        for at, word in enumerate(self.words):
            rare = len(word) >= RARE and word not in self.lexicon.known and self._telling(at, at + 1)
            if free[at] and rare:
                found = self.lexicon.completions.within(word, FEW_NAMES + 1)
                if 0 < len(found) <= FEW_NAMES:
                    yield Span(at, at + 1, _as_names(found), "name")

    def _compounds(self, free: Sequence[bool]) -> Iterator[Span]:
        for at, word in enumerate(self.words):
            if not free[at]:
                continue
            parts = self.lexicon.compounds.split(word)
            how: How = "compound"
            if not parts and at in self.spelling.misspelt:
                parts, how = (self.spelling.misspelt[at],), "typo"
            meanings = {m.iri: m for part in parts for m in self.lexicon.phrases[part] if m.kind == "topic"}
            if meanings:
                yield Span(at, at + 1, tuple(meanings.values()), how)

    # What a phrase may mean where it stands

    def _how(self, how: How, start: int, end: int) -> How:
        return max((how, *self.spelling.hows[start:end]), key=rank_of)

    def _telling(self, start: int, end: int) -> bool:
        """Whether these words are more than common ones."""
        common, frames = self.lexicon.cues.common, self.lexicon.frames
        return any(
            word not in common and word not in frames and not word.isdigit() for word in self.words[start:end]
        )

    def _meant(self, meanings: tuple[Meaning, ...], start: int, end: int) -> tuple[Meaning, ...]:
        """The meanings without places where no place is meant."""
        if not meanings or all(meaning.kind not in PLACES for meaning in meanings):
            return meanings
        topical = tuple(meaning for meaning in meanings if meaning.kind not in PLACES)
        if topical and not self.spelling.after_place_cue(start, surely=True):
            return topical
        if self._is_place(meanings, start, end):
            places = [meaning for meaning in meanings if meaning.kind in PLACES]
            best = min(rank_of(meaning.how) for meaning in places)  # Groningen is not Gröningen
            return tuple(meaning for meaning in places if rank_of(meaning.how) == best)
        return topical

    def _is_place(self, meanings: Sequence[Meaning], start: int, end: int) -> bool:
        """A name within a hyphenated word is no place; one that is a common word too needs a sign of it."""
        if (start and self.tokens[start - 1].tied) or self.tokens[end - 1].tied:
            return False
        if end - start > 1:
            return True
        if self.words[start] in self.lexicon.cues.common:
            return self._capital(start) and self.spelling.after_place_cue(start, surely=True)
        known = any(
            meaning.iri in self.lexicon.prominent or meaning.kind in ("state", "country")
            for meaning in meanings
        )
        return known or self._capital(start) or self.spelling.after_place_cue(start) or len(self.tokens) == 1

    def _capital(self, at: int) -> bool:
        return self.tokens[at].text[:1].isupper()

    def _is_verb(self, start: int, end: int) -> bool:
        """Whether a word that is a topic too (sucht) is the verb here: beside a subject, or in lower case
        behind a noun where nouns have capitals."""
        cues, holders = self.lexicon.cues, self.lexicon.holder_words
        if start == 0:
            after = self.words[end] if end < len(self.words) - 1 else ""
            return after in cues.subject or after in holders
        before = self.words[start - 1]
        if before in cues.subject:
            return True
        nouns = any(self._capital(at) for at in range(1, len(self.tokens)) if at != start)
        return not self._capital(start) and (before in holders or (nouns and not any(cues.languages(before))))


def _as_names(iris: Sequence[str]) -> tuple[Meaning, ...]:
    return tuple(Meaning(iri, names.kind_of(iri), "name", frozenset()) for iri in iris)
