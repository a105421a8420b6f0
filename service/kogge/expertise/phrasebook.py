"""Level 5, phrasebook: what phrases mean, made from the labels, and kept beside them as a text.

To make it takes most of a start; to read it again does not.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from kogge import names
from kogge.expertise import words
from kogge.expertise.cues import cues
from kogge.expertise.labels import Labels
from kogge.expertise.meanings import PLACES, How, Label, Meaning, rank_of

FEW_WORDS, FEW_LETTERS = 3, 5

_BRACKETS: Final = re.compile(r"\s*\([^)]*\)\s*")
_SHORT: Final = re.compile(r"[(/,]")  # a municipality is known without what follows these


@dataclass(frozen=True, slots=True)
class Phrasebook:
    """All phrases that are known, folded words joined by spaces, and what follows from them.

    `stems` are the phrases behind the stems of each language, `openings` how many words the phrases have at
    most that begin with a word (or stem). `parts` are the labels that may be part of a compound, `targets`
    the words into which others may be corrected, `places` and `states` those that a parameter may name.
    """

    phrases: Mapping[str, tuple[Meaning, ...]]
    openings: Mapping[str, int]
    stems: Mapping[str, Mapping[str, tuple[str, ...]]]
    stem_openings: Mapping[str, Mapping[str, int]]
    stem_words: Mapping[str, Mapping[str, frozenset[str]]]
    known: frozenset[str]
    holder_words: frozenset[str]
    parts: Mapping[str, int]
    targets: Mapping[str, int]
    collisions: tuple[str, ...]
    places: Mapping[str, str]
    states: Mapping[str, str]

    @classmethod
    def of(cls, labels: Labels) -> Phrasebook:
        """That of these labels, which keep it."""
        text = labels.phrasebook()
        if text is not None:
            return cls.read(text)
        made = _Builder(labels).phrasebook()
        labels.keep_phrasebook(made.written())
        return made

    @classmethod
    def read(cls, text: str) -> Phrasebook:
        """What was `written`."""
        said: dict[str, Any] = json.loads(text)
        meanings = [
            Meaning(iri, kind, how, frozenset(langs)) for iri, kind, how, langs in said.pop("meanings")
        ]
        said["phrases"] = {
            phrase: tuple([meanings[at] for at in some]) for phrase, some in said["phrases"].items()
        }
        for name, kind in (("stems", tuple), ("stem_words", frozenset)):
            for lang, found in said[name].items():
                said[name][lang] = {key: kind(some) for key, some in found.items()}
        for name, kind in (("known", frozenset), ("holder_words", frozenset), ("collisions", tuple)):
            said[name] = kind(said[name])
        return cls(**said)

    def written(self) -> str:
        """The same as a text in JSON."""
        numbers: dict[Meaning, int] = {}
        phrases = {
            phrase: [numbers.setdefault(one, len(numbers)) for one in some]
            for phrase, some in self.phrases.items()
        }
        return json.dumps(
            {
                "phrases": phrases,
                "meanings": [[one.iri, one.kind, one.how, sorted(one.languages)] for one in numbers],
                "openings": self.openings,
                "stems": self.stems,
                "stem_openings": self.stem_openings,
                "stem_words": {
                    lang: {key: sorted(some) for key, some in found.items()}
                    for lang, found in self.stem_words.items()
                },
                "known": sorted(self.known),
                "holder_words": sorted(self.holder_words),
                "parts": self.parts,
                "targets": self.targets,
                "collisions": self.collisions,
                "places": self.places,
                "states": self.states,
            },
            ensure_ascii=False,
        )


class _Builder:
    def __init__(self, labels: Labels) -> None:
        self.labels = labels
        self.cues = cues()
        self.found: dict[str, dict[str, Meaning]] = defaultdict(dict)
        self.parts: list[Label] = []
        self.joined: set[str] = set()
        self.topics = labels.world["topics"]
        self.alliances = labels.world["alliances"]
        self.states: set[str] = set()
        self.places: dict[str, str] = {}

    def phrasebook(self) -> Phrasebook:
        for kind, iris in (("alliance", self.alliances), ("topic", self.topics)):
            for iri in iris:
                self._label(Label(iri, kind, names.slug_of(iri), "", 0))
        states = []
        for label in self.labels.known():
            if label.kind in PLACES:
                self.places.setdefault(names.slug_of(label.iri), label.iri)
            if label.kind in ("state", "province"):
                self.states.add(label.iri)
                states.append(label)
            else:
                self._label(label)
                if label.kind == "topic" and label.lang in ("de", "nl"):
                    self.parts.append(label)
        for label in states:
            self._state(label)
        topical = {p: m for p, m in self.found.items() if any(e.kind not in PLACES for e in m.values())}
        stems, stem_openings, collisions = self._stems(topical)
        phrases = {phrase: tuple(m[iri] for iri in sorted(m)) for phrase, m in self.found.items()}
        label_words = {word for phrase in phrases for word in phrase.split()}
        defined = {word for text in self.labels.world["definitions"] for word in words.words(text)}
        return Phrasebook(
            phrases=phrases,
            openings=_openings(phrases),
            stems=stems,
            stem_openings=stem_openings,
            stem_words={lang: _by_stem(lang, found.values()) for lang, found in stems.items()},
            known=frozenset(label_words | defined | self.cues.common | set(_words(self.cues.phrases))),
            holder_words=frozenset(
                phrase.rpartition(" ")[2]
                for phrase, meanings in self.found.items()
                if any(meaning.kind in (*PLACES, "alliance") for meaning in meanings.values())
            ),
            parts=self._parts(),
            targets=self._targets(phrases, frozenset(self.labels.world["members"])),
            collisions=collisions,
            places=self.places,
            states={names.slug_of(iri): iri for iri in sorted(self.states)},
        )

    def _label(self, label: Label) -> None:
        """Takes a label into the phrases, also in its plain form and in one word; a place with endings."""
        how: How = "synonym" if label.rank else "exact"
        forms = _forms(label.text)
        if label.kind == "municipality":
            forms |= _forms(_SHORT.split(label.text)[0])
        own = " ".join(words.words(label.text))
        self.joined -= forms
        for form in forms:
            self._add(form, label, how if form == own or label.kind not in PLACES else "synonym")
            if label.kind in PLACES and " " not in form and len(form) >= FEW_LETTERS - 1:
                for inflected in _inflected_place(form, self.cues.place_endings):
                    self._add(inflected, label, "inflected")
            parts = form.split()
            if label.kind not in PLACES and 1 < len(parts) <= FEW_WORDS and len(form) > FEW_LETTERS:
                if "".join(parts) not in self.found:
                    self.joined.add("".join(parts))
                self._add("".join(parts), label, "synonym")

    def _add(self, phrase: str, label: Label, how: How) -> None:
        before = self.found[phrase].get(label.iri)
        if (
            before
            and (rank_of(before.how), how) != (rank_of(how), how)
            and rank_of(before.how) < rank_of(how)
        ):
            how = before.how
        languages = (before.languages if before else frozenset()) | {label.lang} - {""}
        self.found[phrase][label.iri] = Meaning(label.iri, label.kind, how, languages)

    def _state(self, label: Label) -> None:
        """A state by its bare name, unless a municipality has that; always with the word for it before."""
        bare = _BRACKETS.sub(" ", label.text).strip()
        for form in _forms(bare):
            if not any(meaning.kind == "municipality" for meaning in self.found.get(form, {}).values()):
                self._add(form, label, "exact" if not label.rank else "synonym")
            for word in self.cues.before_state:
                self._add(f"{word} {form}", label, "synonym")
        for form in _forms(label.text):
            if form not in _forms(bare):
                self._add(form, label, "exact" if not label.rank else "synonym")

    def _stems(
        self, topical: Mapping[str, Mapping[str, Meaning]]
    ) -> tuple[dict[str, dict[str, tuple[str, ...]]], dict[str, dict[str, int]], tuple[str, ...]]:
        """The phrases behind the stems of each language, without stems that would join different things."""
        grouped: dict[str, dict[str, list[str]]] = {lang: defaultdict(list) for lang in names.LANGUAGES}
        for phrase, meanings in topical.items():
            for lang in frozenset[str]().union(*(m.languages for m in meanings.values())):
                told = [word for word in phrase.split() if self.cues.tells(lang, word)]
                if told:
                    grouped[lang][" ".join(words.stem(lang, word) for word in told)].append(phrase)
        kept: dict[str, dict[str, tuple[str, ...]]] = {}
        collisions = []
        for lang, groups in grouped.items():
            kept[lang] = {}
            for key, phrases in groups.items():
                things = [frozenset(topical[phrase]) for phrase in phrases]
                if frozenset.intersection(*things):
                    kept[lang][key] = tuple(sorted(phrases))
                else:
                    collisions.append(f"{lang} {key}: {', '.join(sorted(phrases))}")
        return kept, {lang: _openings(found) for lang, found in kept.items()}, tuple(sorted(collisions))

    def _parts(self) -> dict[str, int]:
        """The labels of one word that may be part of a German or Dutch compound, with the rank of the label.
        A hyphen does not make two words.

        Another label that only inflects the preferred one (Bibliothek, Bibliotheken) names the topic as well.
        """
        preferred: dict[str, set[str]] = defaultdict(set)
        parts: dict[str, int] = {}
        for label in sorted(self.parts, key=lambda label: label.rank):
            one_word = " " not in label.text.strip()
            for form in _forms(label.text):
                form = form.replace(" ", "") if one_word else form  # Schul-Cloud
                if " " in form:
                    continue
                stem = words.stem(label.lang, form)
                if label.rank == 0:
                    preferred[label.iri].add(stem)
                rank = 0 if stem in preferred[label.iri] else label.rank
                parts[form] = min(rank, parts.get(form, rank))
        return parts

    def _targets(self, phrases: Mapping[str, Sequence[Meaning]], prominent: frozenset[str]) -> dict[str, int]:
        """The words into which a misspelt one may be corrected, with their order (see `Correction`)."""
        targets: dict[str, int] = {}
        for phrase, meanings in phrases.items():
            order = min(
                2 if m.kind in PLACES and m.iri not in prominent else int(m.kind in PLACES) for m in meanings
            )
            for word in phrase.split():
                if not any(self.cues.languages(word)) and word not in self.joined:
                    common = word in self.cues.common or len(word) < FEW_LETTERS
                    targets[word] = min(3 if common else order, targets.get(word, 3))
        return targets


def _forms(text: str) -> set[str]:
    return {form for form in (" ".join(words.words(text)), " ".join(words.plain_words(text))) if form}


def _inflected_place(form: str, endings: Iterable[str]) -> Iterator[str]:
    """Genitive and the adjective of a place: Kiels, Kieler, Bremer, Dresdner."""
    for ending in endings:
        yield form + ending
    if form.endswith("en"):
        yield form[:-2] + "er"
        yield form[:-2] + "ner"


def _openings(phrases: Iterable[str]) -> dict[str, int]:
    openings: dict[str, int] = {}
    for phrase in phrases:
        first, _, rest = phrase.partition(" ")
        openings[first] = max(openings.get(first, 0), 1 + (rest.count(" ") + 1 if rest else 0))
    return openings


def _by_stem(lang: str, phrases: Iterable[Sequence[str]]) -> dict[str, frozenset[str]]:
    """The words of phrases by their stems."""
    found: dict[str, set[str]] = defaultdict(set)
    for word in {word for same in phrases for word in _words(same)}:
        found[words.stem(lang, word)].add(word)
    return {stem: frozenset(forms) for stem, forms in found.items()}


def _words(phrases: Iterable[str]) -> Iterator[str]:
    for phrase in phrases:
        yield from phrase.split()
