"""Level 6, portal: a name as somebody wrote it → the things that may be meant, each with a score up to 100.

A name is compared with all labels, in all languages, folded as the lookup folds them (`Lübeck`, `Luebeck` and
`Lubeck` are the same). Where none is equal, near spellings count, and what the lookup understands: inflected
words and compounds.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from rapidfuzz import fuzz, process

from kogge import names
from kogge.expertise import Lookup, words
from kogge.expertise.cues import Cues
from kogge.expertise.lexicon import Lexicon
from kogge.expertise.meanings import Label
from kogge.expertise.phrases import read
from kogge.store.rows import Row

KINDS: Final = ("municipality", "district", "state", "province", "organisation", "alliance", "topic")
CERTAIN: Final = 95.0  # from this score on the only candidate is the right one
LONGEST: Final = 200  # letters of a name that are looked at

_RANKS: Final = (100.0, 98.0, 90.0)  # equal to a preferred, another, a hidden label
_EQUAL: Final = 90.0  # from here on a label is the name
_SHORT_FORM: Final = 96.0  # equal to a label without what follows in brackets or behind a comma
_BEGINNING: Final = 86.0  # the first words of a label
_NEAR: Final = 78.0  # how alike two spellings are at least, in hundredths
_WEIGHT_OF_NEAR: Final = 0.94  # a near spelling is never as good as an equal one
_UNDERSTOOD: Final[Mapping[str, float]] = {
    "exact": 88.0, "synonym": 86.0, "name": 84.0, "inflected": 84.0, "typo": 80.0, "compound": 66.0,
}  # fmt: skip
_FEWEST: Final = 30.0  # below this nothing is proposed
_ASIDE: Final = re.compile(r"\s*[(/,].*$")


@dataclass(frozen=True)
class Found:
    """A thing that may be meant, and how well the name fits."""

    iri: str
    score: float


class Candidates:
    """The labels of one state of the graph, and how they are compared."""

    def __init__(self, lookup: Lookup, organisations: Iterable[Row]) -> None:
        self._lexicon: Lexicon = lookup.lexicon
        self._equal: dict[str, dict[str, float]] = defaultdict(dict)
        self.kinds: dict[str, list[str]] = defaultdict(list)
        self.labels: dict[str, dict[str, str]] = defaultdict(dict)
        with lookup.index.lock:
            known = list(lookup.index.labels.known())
        said = [
            Label(str(row["organisation"]), "organisation", str(text), text.lang, int(str(row["rank"])))
            for row in organisations
            for text in (row["label"],)
        ]
        for label in (*known, *said):
            if label.kind in KINDS:
                self._take(label)
        for kind, iris in self.kinds.items():
            self.kinds[kind] = sorted(set(iris))
        self._sorted = sorted(self._equal)
        self._keys: dict[str, list[str]] = defaultdict(list)
        for key, iris_ in self._equal.items():
            for kind in {names.kind_of(iri) for iri in iris_}:
                self._keys[kind].append(key)

    def find(self, name: str, kinds: Collection[str] = KINDS, limit: int = 5) -> list[Found]:
        """The best candidates of these kinds, the best first. The IRI of a thing, or its slug, means it."""
        scores: dict[str, float] = {}
        for key in _keys(name[:LONGEST]):
            _best(scores, self._equal.get(key, {}))
            first, last = bisect_left(self._sorted, key + " "), bisect_left(self._sorted, key + "!")
            for longer in self._sorted[first:last]:
                _best(scores, dict.fromkeys(self._equal[longer], _BEGINNING))
        if iri := self.named(name.strip()):
            _best(scores, {iri: 100.0})
        if not any(score >= _EQUAL for iri, score in scores.items() if names.kind_of(iri) in kinds):
            for key in _keys(name[:LONGEST]):
                for kind in kinds:
                    near = process.extract(
                        key, self._keys.get(kind, ()), scorer=fuzz.ratio, score_cutoff=_NEAR, limit=2 * limit
                    )
                    for written, alike, _ in near:
                        weight = alike / 100 * _WEIGHT_OF_NEAR
                        _best(scores, {iri: score * weight for iri, score in self._equal[written].items()})
            _best(scores, self._understood(name[:LONGEST]))
        found = [
            Found(iri, round(score, 1))
            for iri, score in scores.items()
            if names.kind_of(iri) in kinds and iri in self.labels and score >= _FEWEST
        ]
        return sorted(found, key=lambda each: (-each.score, KINDS.index(names.kind_of(each.iri)), each.iri))[
            :limit
        ]

    def named(self, name: str) -> str | None:
        """The thing that a text names by its IRI, or by what follows our address in it."""
        return next((iri for iri in (name, names.BASE + name) if iri in self.labels), None)

    def beginning(self, prefix: str, kinds: Collection[str] = KINDS) -> list[str]:
        """The things of which a label begins with this, by the label."""
        keys = _keys(prefix[:LONGEST])
        found = {
            (key, iri)
            for kind in kinds
            for key in self._keys.get(kind, ())
            if any(key.startswith(one) for one in keys)
            for iri in self._equal[key]
            if names.kind_of(iri) == kind
        }
        return list(dict.fromkeys(iri for _, iri in sorted(found)))

    def label(self, iri: str, lang: str) -> str:
        """What a thing is called, in a language if it has a label in it."""
        labels = self.labels.get(iri, {})
        for code in (lang, *names.LANGUAGES, *sorted(labels)):
            if code in labels:
                return labels[code]
        return names.slug_of(iri)

    def _take(self, label: Label) -> None:
        self.kinds[label.kind].append(label.iri)
        if label.rank == 0:
            self.labels[label.iri].setdefault(label.lang, label.text)
        for key in _keys(label.text):
            _best(self._equal[key], {label.iri: _RANKS[label.rank]})
        if label.kind != "topic" and (short := _ASIDE.sub("", label.text)) != label.text:
            for key in _keys(short):
                _best(self._equal[key], {label.iri: min(_SHORT_FORM, _RANKS[label.rank])})

    def _understood(self, name: str) -> dict[str, float]:
        """What the lookup understands of a name, by how much of it that is; words for a kind of place, as in
        "Gemeente Groningen", do not count."""
        tokens = words.tokens(words.normal(name))
        cues = self._lexicon.cues
        counts = [0 if _is_for_a_kind(cues, token.word) else len(token.word) for token in tokens]
        scores: dict[str, float] = {}
        for span in read(self._lexicon, tokens):
            share = sum(counts[span.start : span.end]) / (sum(counts) or 1)
            for meaning in span.meanings:
                _best(scores, {meaning.iri: _UNDERSTOOD.get(span.how, 0.0) * share})
        return scores


def _is_for_a_kind(cues: Cues, word: str) -> bool:
    return (
        word in cues.before_place
        or any(cues.languages(word))
        or any(cue.role == "kind" for cue in cues.phrases.get(word, ()))
    )


def _keys(text: str) -> Sequence[str]:
    """The folded words of a text, with umlauts transcribed and without."""
    forms = {" ".join(words.words(text)), " ".join(words.plain_words(text))}
    return sorted(forms - {""})


def _best(scores: dict[str, float], others: Mapping[str, float]) -> None:
    for iri, score in others.items():
        scores[iri] = max(score, scores.get(iri, 0.0))
