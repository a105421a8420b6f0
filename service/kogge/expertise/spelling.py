"""Level 5, spelling: the words that somebody meant, where they are cut off at a hyphen or misspelt."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from kogge import names
from kogge.expertise import words
from kogge.expertise.compounds import elided, elided_after
from kogge.expertise.lexicon import Lexicon
from kogge.expertise.meanings import How
from kogge.expertise.words import Token

FEW: Final = 3  # words before and behind a misspelt one that may be one label with it
NEAR: Final = 4  # words between the two parts of an elided compound


class Spelling:
    """The words of a text as they are to be read, and how each was found: as it is, completed or corrected.

    `misspelt` are the labels that begin a compound with a typo in it, by the place of the word.
    """

    def __init__(self, lexicon: Lexicon, tokens: Sequence[Token]) -> None:
        self.lexicon = lexicon
        self.tokens = tokens
        self.words = [token.word for token in tokens]
        self.hows: list[How] = ["exact"] * len(tokens)
        self.misspelt: dict[int, str] = {}
        self._complete()
        self._correct()

    def after_place_cue(self, at: int, *, surely: bool = False) -> bool:
        """Whether the word before makes one expect a place, `surely` even of an ordinary word."""
        cues = self.lexicon.cues
        before = self.words[at - 1] if at else ""
        return before in cues.before_place or (not surely and before in cues.beside_place)

    def _complete(self) -> None:
        """Completes what a hyphen cuts off, before or after it: Verwaltungs- und Schuldigitalisierung."""
        cues, labels = self.lexicon.cues, self.lexicon.phrases
        for at, token in enumerate(self.tokens):
            label = None
            if token.cut_after:
                whole = next((t for t in self.tokens[at + 1 : at + 1 + NEAR] if self._whole(t)), None)
                label = whole and elided(token.word, whole.word, labels)
                label = label or self.lexicon.compounds.modifier(token.word)
            elif token.cut_before:
                before = next(
                    (t for t in reversed(self.tokens[max(0, at - NEAR) : at]) if self._whole(t)), None
                )
                label = before and elided_after(token.word, before.word, labels)
            if label and token.word not in cues.common and label != token.word:
                self.words[at], self.hows[at] = label, "compound"

    def _whole(self, token: Token) -> bool:
        return not (token.cut_after or token.cut_before or token.word in self.lexicon.cues.conjunctions)

    def _correct(self) -> None:
        """Corrects misspelt words; a place only where one is to be expected, or a member of an alliance."""
        lexicon = self.lexicon
        for at, word in enumerate(self.words):
            if (
                word in lexicon.known
                or not word.isalpha()
                or self._is_form(word)
                or lexicon.names.begins(word)
            ):
                continue
            if lexicon.compounds.split(word):
                continue
            part = lexicon.compounds.misspelt(word)
            if part:
                self.misspelt[at] = part
            else:
                meant = self._meant_by(at)
                if meant:
                    self.words[at], self.hows[at] = meant, "typo"

    def _meant_by(self, at: int) -> str | None:
        """The word meant: the one that makes the longest label with its neighbours, then the nearest."""
        corrections = [
            (-self._fit(at, correction.word), correction)
            for correction in self.lexicon.typos.corrections(self.words[at])
        ]
        for fit, correction in sorted(corrections):
            if fit < -1 or correction.order < 2 or (correction.order == 2 and self.after_place_cue(at)):
                return correction.word
        return None

    def _fit(self, at: int, word: str) -> int:
        """How many words the longest label has that a word makes with its neighbours."""
        longest = 0
        for start in range(max(0, at - FEW), at + 1):
            before = self.words[start:at]
            for end in range(at + 1, min(len(self.words), at + 1 + FEW) + 1):
                parts = [*before, word, *self.words[at + 1 : end]]
                if " ".join(parts) in self.lexicon.phrases or self._stemmed(parts):
                    longest = max(longest, len(parts))
        return longest

    def _stemmed(self, parts: Sequence[str]) -> bool:
        return any(
            len(told) > 1
            and " ".join(self.lexicon.stem(lang, part) for part in told) in self.lexicon.stems[lang]
            for lang in names.LANGUAGES
            for told in ([part for part in parts if self.lexicon.cues.tells(lang, part)],)
        )

    def _is_form(self, word: str) -> bool:
        """Whether a word is an inflected form of some word of a label."""
        return any(
            words.inflects(lang, word, form)
            for lang, known in self.lexicon.stem_words.items()
            if word[:2] in self.lexicon.starts[lang]
            for form in known.get(words.stem(lang, word), ())
        )
