"""Level 6, portal: what the graph says for the catalogue: which datasets, when, where, about what.

Whoever has the graph asks the questions (`QUESTIONS`, in `queries/export/`); `read` takes the answers.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import pyoxigraph as ox

from kogge import media, names, questions
from kogge.codelists import code_lists, place_of
from kogge.portal import datasets
from kogge.portal.datasets import Dataset
from kogge.store import rows
from kogge.store.evaluate import Query, evaluate
from kogge.store.rows import Row

# In this order `read` takes the answers.
QUESTIONS: Final = (
    datasets.ALLIANCES,
    "export/catalogue-spans",
    "export/catalogue-dates",
    "export/catalogue-places",
    "export/catalogue-topics",
    "export/catalogue-labels",
    "export/catalogue-countries",
)
_AUTHORITIES: Final = "municipalities"
_TIMELESS: Final = "topics"  # a thesaurus is about no time
_MANY_PLACES: Final = 30  # above that the countries say it better


@dataclass(frozen=True)
class Topic:
    """A topic of the thesaurus, with its label in each language that has one."""

    iri: str
    labels: Mapping[str, str]


@dataclass(frozen=True)
class Place:
    """A place by an IRI that portals know; latitude and longitude as text, empty where not known."""

    iri: str
    latitude: str = ""
    longitude: str = ""


@dataclass(frozen=True)
class About:
    """What a dataset is about. Days are xsd:date, empty if not known; `themes` are keys of the EU list."""

    dataset: Dataset
    issued: str
    first: str
    last: str
    places: Sequence[Place]
    topics: Sequence[Topic]
    themes: Sequence[str]


@dataclass(frozen=True)
class Facts:
    """Of each dataset what it is about, the whole graph first; `modified` (xsd:dateTime) may be empty."""

    datasets: tuple[About, ...]
    modified: str

    @property
    def whole(self) -> About:
        """What the whole graph is about."""
        return self.datasets[0]


@dataclass
class _Told:
    """What the answers say of one alliance; under the empty IRI, of everything."""

    issued: str = ""
    first: str = ""
    last: str = ""
    places: list[Place] = field(default_factory=list)
    topics: list[Topic] = field(default_factory=list)
    themes: dict[str, None] = field(default_factory=dict)


def ask(store: ox.Store) -> Facts:
    """What an open store says, asked in this process: for the command line. Raises as `evaluate`, `read`."""
    texts = (questions.load(name).text for name in QUESTIONS)
    answers = (evaluate(store, Query(text, media.SPARQL_JSON.type), None) for text in texts)
    return read([rows.read(answer.body) for answer in answers])


def read(answers: Sequence[Sequence[Row]]) -> Facts:
    """What the answers to `QUESTIONS`, in their order, say. Raises Misconfigured as `datasets.read`."""
    alliances, spans, dates, places, topics, labelled, countries = answers
    told: dict[str, _Told] = defaultdict(_Told)
    for row in spans:
        about = told[_of(row)]
        about.first, about.last = _text(row, "first"), _text(row, "last")
    modified = ""
    for row in dates:
        told[_of(row)].issued = _text(row, "issued") or told[_of(row)].issued
        modified = _text(row, "modified") or modified
    for row in places:
        if place := _place(row):
            told[_of(row)].places.append(place)
    called, themes = _labels(labelled), _themes(labelled)
    for row in topics:
        about, topic = told[_of(row)], row["topic"].text
        if topic in called:
            about.topics.append(Topic(topic, called[topic]))
            about.themes.update(dict.fromkeys(themes[topic]))
    known = code_lists()["country"]
    told[""].places = [
        Place(row["country"].text)
        for row in countries
        if row["country"].text.removeprefix(known.namespace) in known.values
    ]
    return Facts(tuple(_about(each, told) for each in datasets.read(alliances)), modified)


def _about(dataset: Dataset, told: Mapping[str, _Told]) -> About:
    everything, own = told[""], told.get(dataset.alliance) or _Told()
    if dataset.slug == _TIMELESS:
        first = last = ""
    elif dataset.alliance or dataset.slug == _AUTHORITIES:
        first, last = own.first, own.last
    else:
        first = min((each.first for each in told.values() if each.first), default="")
        last = max((each.last for each in told.values() if each.last), default="")
    places = own.places if 0 < len(own.places) <= _MANY_PLACES else everything.places
    return About(
        dataset,
        own.issued or everything.issued,
        first,
        last,
        places,
        own.topics,
        list(own.themes),
    )


def _labels(labelled: Iterable[Row]) -> Mapping[str, dict[str, str]]:
    """Topic → its label in each language."""
    called: dict[str, dict[str, str]] = defaultdict(dict)
    for row in labelled:
        if label := row.get("label"):
            called[row["topic"].text].setdefault(label.lang, label.text)
    return called


def _themes(labelled: Iterable[Row]) -> Mapping[str, list[str]]:
    """Topic → the keys of the European themes that are related to it."""
    known = code_lists()["theme"]
    themes: dict[str, list[str]] = defaultdict(list)
    for row in labelled:
        if (theme := _text(row, "theme").removeprefix(known.namespace)) in known.values:
            themes[row["topic"].text].append(theme)
    return themes


def _place(row: Row) -> Place | None:
    """Where a member is: a place of the EU list, else of GeoNames; None if it is in neither."""
    found = place_of().get(row["member"].text)
    iri = found.iri if found else _text(row, "geonames")
    return Place(iri, row["latitude"].text, row["longitude"].text) if iri else None


def _of(row: Row) -> str:
    return _text(row, "alliance")


def _text(row: Mapping[str, object], name: str) -> str:
    return str(row[name]) if name in row else ""


def labels(topics: Iterable[Topic]) -> Mapping[str, list[str]]:
    """Language → what the topics are called in it."""
    return {lang: [each.labels[lang] for each in topics if lang in each.labels] for lang in names.LANGUAGES}
