"""Level 5, lexicon: what words mean, read from one state of the store: topics, places, alliances, names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields

from kogge import names
from kogge.expertise import words
from kogge.expertise.compounds import Compounds
from kogge.expertise.cues import Cues, cues
from kogge.expertise.labels import Labels
from kogge.expertise.phrasebook import Phrasebook
from kogge.expertise.suggest import Completions
from kogge.expertise.titles import Titles
from kogge.expertise.typos import Typos
from kogge.store.base import Store


@dataclass(frozen=True, slots=True)
class Lexicon(Phrasebook):
    """The phrasebook with all else that a question needs: compounds, typos, names of things, cues, and the
    values that each filter may have, by the word for it."""

    starts: Mapping[str, frozenset[str]]
    frames: frozenset[str]
    prominent: frozenset[str]
    compounds: Compounds
    typos: Typos
    names: Titles
    completions: Completions
    topics: frozenset[str]
    alliances: Mapping[str, str]
    countries: Mapping[str, str]
    kinds: Mapping[str, str]
    cues: Cues

    @classmethod
    def build(cls, store: Store) -> Lexicon:
        """The lexicon of what the store says now."""
        return cls.of(Labels.of(store))

    @classmethod
    def of(cls, labels: Labels) -> Lexicon:
        """The lexicon of these labels. The names of things and the completions stay theirs."""
        book = Phrasebook.of(labels)
        world = {name: sorted(said) for name, said in labels.world.items()}
        countries = (one.rsplit(" ", 1) for one in world["countries"])
        return cls(
            **{field.name: getattr(book, field.name) for field in fields(book)},
            starts={lang: frozenset(word[:2] for word in found) for lang, found in book.stem_words.items()},
            frames=frozenset(word for same in labels.frames.values() for frame in same for word in frame),
            prominent=frozenset(world["members"]),
            compounds=Compounds(book.parts, book.known, cues()),
            typos=Typos(book.targets, book.known),
            names=labels.titles(),
            completions=labels.completions(),
            topics=frozenset(world["topics"]),
            alliances={names.slug_of(iri): iri for iri in world["alliances"]},
            countries={code: iri for iri, code in countries},
            kinds={names.slug_of(iri): iri for iri in world["kinds"]},
            cues=cues(),
        )

    def stem(self, lang: str, word: str) -> str:
        """The stem of a word that may be in a label, else the word itself, which is faster."""
        return words.stem(lang, word) if word[:2] in self.starts[lang] else word
