"""Level 5, suggest: completions while somebody types into the search field."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Final, NamedTuple

from kogge import names
from kogge.errors import BadRequest
from kogge.expertise import words
from kogge.expertise.meanings import Label

if TYPE_CHECKING:
    from kogge.expertise.lexicon import Lexicon

SUGGESTED: Final = 10
MOST: Final = 50
LETTERS: Final = 100  # what is looked at of the text
WORDS, PLACES, THINGS = 0, 1, 2  # what is suggested first of what matches equally well

_PREFERRED, _OTHER, _INNER = 0, 1, 2
_HIDDEN: Final = 2
_GROUPS: Final = {
    **dict.fromkeys(("topic", "alliance", "programme"), WORDS),
    **dict.fromkeys(("municipality", "district", "state", "province", "country"), PLACES),
}


class Suggestion(NamedTuple):
    """A completion: the label to show and its language, what it is, and the label that matched."""

    label: str
    kind: str
    iri: str
    lang: str
    matched: str


class _Entry(NamedTuple):
    key: str
    iri: str
    matched: str


class Completions:
    """The labels in the order of letters: by language, whether preferred, and from each inner word."""

    def __init__(self, labels: Iterable[Label]) -> None:
        self._preferred: dict[str, dict[str, str]] = defaultdict(dict)
        self._kinds: dict[str, str] = {}
        self._entries: dict[tuple[str, int, int], list[_Entry]] = defaultdict(list)
        hidden = []
        for label in labels:
            self._kinds[label.iri] = label.kind
            if label.rank == 0:
                known = self._preferred[label.iri]
                known[label.lang] = min(label.text, known.get(label.lang, label.text))
            if label.rank == _HIDDEN:
                hidden.append(label)
            else:
                self._add(label, label.text)
        for label in hidden:  # a hidden label is found, but not shown
            self._add(label, self._shown(label.iri, label.lang)[0])
        for entries in self._entries.values():
            entries.sort()

    def _add(self, label: Label, matched: str) -> None:
        group = _GROUPS.get(label.kind, THINGS)
        for form in {words.words(label.text), words.plain_words(label.text)}:
            for start in range(len(form)):
                order = _INNER if start else (_OTHER if label.rank else _PREFERRED)
                entry = _Entry(" ".join(form[start:]), label.iri, matched)
                self._entries[label.lang, order, group].append(entry)

    def find(self, text: str, lang: str, limit: int) -> list[Suggestion]:
        """At most `limit`: preferred labels in `lang`, other labels, other languages, inner words."""
        key = " ".join(words.words(text[:LETTERS]))
        found: dict[str, Suggestion] = {}
        if key:
            others = [*(code for code in names.LANGUAGES if code != lang), ""]
            steps = [(lang, _PREFERRED), (lang, _OTHER)]
            steps += [(code, order) for code in others for order in (_PREFERRED, _OTHER)]
            steps += [(code, _INNER) for code in (lang, *others)]
            for code, order in steps:
                for group in (WORDS, PLACES, THINGS):
                    for entry in self._from(key, self._entries.get((code, order, group), [])):
                        if len(found) == limit:
                            return list(found.values())
                        if entry.iri not in found:
                            label, spoken = self._shown(entry.iri, lang)
                            kind = self._kinds[entry.iri]
                            found[entry.iri] = Suggestion(label, kind, entry.iri, spoken, entry.matched)
        return list(found.values())

    @staticmethod
    def _from(key: str, entries: list[_Entry]) -> Iterator[_Entry]:
        at = bisect_left(entries, (key,))
        while at < len(entries) and entries[at].key.startswith(key):
            yield entries[at]
            at += 1

    def _shown(self, iri: str, lang: str) -> tuple[str, str]:
        labels = self._preferred.get(iri, {})
        for code in (lang, *names.LANGUAGES):
            if code in labels:
                return labels[code], code
        return next(((text, code) for code, text in sorted(labels.items())), (names.slug_of(iri), ""))


def suggest(lexicon: Lexicon, text: str, lang: str = "de", limit: int = SUGGESTED) -> list[Suggestion]:
    """What may be meant by the beginning of a word or phrase, at most `limit`, always in the same order.

    Raises BadRequest for a language that is none of ours and a limit that is not 1 to 50.
    """
    if lang not in names.LANGUAGES:
        raise BadRequest(f"There is no language '{lang}' here.", f"Use one of {', '.join(names.LANGUAGES)}.")
    if not 1 <= limit <= MOST:
        raise BadRequest(f"{limit} completions are not possible.", f"Use a limit from 1 to {MOST}.")
    return lexicon.completions.find(text, lang, limit)
