"""Level 5, cues: the words of questions that are no topics, read from `ontology/question-words.toml`."""

from __future__ import annotations

import tomllib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final, NamedTuple

from kogge import artefacts, names
from kogge.expertise import words

FILE: Final = "question-words.toml"
GAP: Final = "…"


class Cue(NamedTuple):
    """What a phrase tells of a question: its role (`seeks`, `weak`, `evidence`, `kind`, `country`), the value
    and the language; `bare` if it counts without one of the words `which` before it."""

    role: str
    value: str
    lang: str
    bare: bool = True


@dataclass(frozen=True, slots=True)
class Cues:
    """All cues; every word and phrase folded and plain."""

    function: Mapping[str, frozenset[str]]
    common: frozenset[str]
    phrases: Mapping[str, tuple[Cue, ...]]
    openings: Mapping[str, int]
    gaps: tuple[tuple[str, str, Cue], ...]
    speaker: frozenset[str]
    offering: frozenset[str]
    subject: frozenset[str]
    helping: frozenset[str]
    asking: frozenset[str]
    askers: Mapping[str, frozenset[str]]  # the same by language: a Dutch who is a German how
    which: frozenset[str]
    before_place: frozenset[str]
    beside_place: frozenset[str]
    before_state: tuple[str, ...]
    place_endings: tuple[str, ...]
    linking: tuple[str, ...]
    conjunctions: frozenset[str]
    prefixes: frozenset[str]
    never: frozenset[str]
    stems: Mapping[str, frozenset[str]]  # of the common words and of those in phrases, by language

    def tells(self, lang: str, word: str) -> bool:
        """Whether a word counts in a label: articles and prepositions do not, conjunctions do."""
        return word not in self.function[lang] or word in self.conjunctions

    def silent(self, word: str) -> bool:
        """Whether a folded word, in some form, says nothing of what is asked for."""
        return word in self.common or any(words.stem(lang, word) in some for lang, some in self.stems.items())

    def languages(self, word: str) -> Iterator[str]:
        """The languages in which a folded word is a function word."""
        for lang, known in self.function.items():
            if word in known:
                yield lang


@cache
def cues() -> Cues:
    """The cues of the data file. Raises Misconfigured where the folder of words is missing."""
    data: dict[str, Any] = tomllib.loads((artefacts.folder("ontology") / FILE).read_text(encoding="utf-8"))
    phrases: dict[str, list[Cue]] = defaultdict(list)
    gaps = []
    for phrase, cue in _cues(data):
        if GAP in phrase:
            first, _, last = phrase.partition(GAP)
            gaps.append((words.fold(first), words.fold(last), cue))
        else:
            for form in {words.words(phrase), words.plain_words(phrase)}:
                phrases[" ".join(form)].append(cue)
    openings: dict[str, int] = {}
    for phrase in phrases:
        parts = phrase.split()
        openings[parts[0]] = max(openings.get(parts[0], 0), len(parts))
    function = {lang: _forms(data["function"][lang].split()) for lang in names.LANGUAGES}
    place, compound = data["place"], data["compound"]
    ordinary = {
        lang: _forms([*function[lang], *data["common"][lang].split(), *_spoken(data, lang)])
        for lang in names.LANGUAGES
    }
    return Cues(
        function=function,
        common=_forms(_all(data["common"])).union(*function.values()),
        phrases={phrase: tuple(found) for phrase, found in phrases.items()},
        openings=openings,
        gaps=tuple(gaps),
        speaker=_forms(_all(data["speaker"])),
        offering=_forms(_all(data["offering"])),
        subject=_forms(_all(data["subject"])),
        helping=_forms(_all(data["helping"])),
        asking=_forms(_all(data["asking"])),
        askers={lang: _forms(said.split()) for lang, said in data["asking"].items()},
        which=_forms(_all(data["which"])),
        before_place=_forms(place["before"].split()),
        beside_place=_forms(place["beside"].split()),
        before_state=tuple(entry.replace("_", " ") for entry in place["state"].split()),
        place_endings=tuple(place["ending"].split()),
        linking=("", *compound["linking"].split()),
        conjunctions=frozenset(compound["conjunction"].split()),
        prefixes=_forms(compound["prefixes"].split()),
        never=_forms(compound["never"].split()),
        stems={lang: frozenset(words.stem(lang, word) for word in some) for lang, some in ordinary.items()},
    )


def _cues(data: Mapping[str, Any]) -> Iterator[tuple[str, Cue]]:
    groups = [(role, "", entry) for role, entry in data["intent"].items()]
    groups += [
        (role, value, entry)
        for role in ("evidence", "kind", "country")
        for value, entry in data[role].items()
    ]
    for role, value, entry in groups:
        for lang, said in entry.items():
            for phrase in said.split():
                spoken = "" if lang == "singular" else lang
                yield phrase.replace("_", " "), Cue(role, value, spoken, bare=lang != "singular")


def _spoken(data: Mapping[str, Any], lang: str) -> Iterator[str]:
    """The words of all phrases of a language, which were read as cues or stand for nothing else."""
    for phrase, cue in _cues(data):
        if cue.lang in ("", lang):
            yield from phrase.replace(GAP, " ").split()
    for group in ("speaker", "offering", "helping", "asking", "subject", "which"):
        yield from data[group][lang].split()
    yield from data["place"]["before"].split()


def _all(entry: Mapping[str, str]) -> list[str]:
    return [word for said in entry.values() for word in said.split()]


def _forms(said: Iterable[str]) -> frozenset[str]:
    return frozenset(
        form for word in said for parts in (words.words(word), words.plain_words(word)) for form in parts
    )
