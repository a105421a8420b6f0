"""Level 6, portal: which datasets there are: the whole graph, one of each subject, one of each alliance.

What they are called and hold is data (`queries/export/datasets.toml`); the alliances are found in the graph.
"""

from __future__ import annotations

import tomllib
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from kogge import artefacts, media, names
from kogge.errors import Misconfigured
from kogge.ledger import Version
from kogge.media import MediaType
from kogge.store.rows import Row

NAMESPACE: Final = names.BASE + "dataset/"
WHOLE: Final = "kogge"
ALLIANCES: Final = "export/alliance-labels"  # the question whose rows `read` takes
# The graphs that follow from all others, and have no versions of their own.
FOLLOWING: Final = frozenset({names.DERIVED_GRAPH, names.HISTORY_GRAPH})
_EACH: Final = "alliance"
_RDF: Final = (
    media.TURTLE,
    media.JSON_LD,
    media.N_QUADS,
    media.N_TRIPLES,
    media.RDF_XML,
    media.TRIG,
)


@dataclass(frozen=True)
class Dataset:
    """What can be had as a whole: title and description in each of `names.LANGUAGES`.

    It describes the `things` that this question of `queries/export/` selects, for an alliance with that as
    the parameter `alliance` (its IRI, else empty); without a question it is all that the graph says. Its
    `tables` are the questions `table-…`; it has `places` that can be drawn on a map.
    """

    slug: str
    title: Mapping[str, str]
    description: Mapping[str, str]
    things: str = ""
    alliance: str = ""
    tables: tuple[str, ...] = ()
    places: bool = False

    @property
    def iri(self) -> str:
        """Its IRI, the same at whatever address it is served."""
        return NAMESPACE + self.slug

    @property
    def formats(self) -> tuple[MediaType, ...]:
        """The representations in which it is offered."""
        tables = (media.CSV,) if len(self.tables) == 1 else (media.TABLES,)
        return (*_RDF, *tables, *((media.GEOJSON,) if self.places else ()))

    def path(self, form: MediaType) -> str:
        """Its address in one of its formats, below the base of the service: `/dumps/kogge.ttl`."""
        return f"/dumps/{self.slug}.{form.suffix}"


def read(rows: Iterable[Row]) -> tuple[Dataset, ...]:
    """All datasets, the whole graph first; `rows` are those of the question `ALLIANCES`.

    Raises Misconfigured where the file of the datasets cannot be used.
    """
    said = _said()
    labels: dict[str, dict[str, str]] = defaultdict(dict)
    for row in rows:
        known = labels[row["alliance"].text]
        if label := row.get("label"):
            known.setdefault(label.lang, label.text)
    subjects = [_dataset(slug, said[slug]) for slug in said if slug != _EACH]
    alliances = [_of_alliance(iri, labels[iri], said[_EACH]) for iri in sorted(labels)]
    return (*subjects, *alliances)


def modified(graphs: Collection[str], newest: Iterable[Version]) -> str:
    """When what is drawn from these graphs was last changed (xsd:dateTime): `newest` are all newest versions.

    What follows from other graphs may change with any of them. Empty where there are no versions.
    """
    all_of_them = bool(FOLLOWING & set(graphs))
    return max((each.at for each in newest if all_of_them or each.graph in graphs), default="")


def _dataset(slug: str, said: Mapping[str, Any], **more: str) -> Dataset:
    return Dataset(
        slug,
        said["title"],
        said["description"],
        said.get("things", ""),
        tables=tuple(said["tables"]),
        places=said.get("places", False),
        **more,
    )


def _of_alliance(iri: str, labels: Mapping[str, str], said: Mapping[str, Any]) -> Dataset:
    slug = names.slug_of(iri).replace("/", "-")
    label = {
        lang: next((labels[each] for each in (lang, *names.LANGUAGES, *labels) if each in labels), slug)
        for lang in names.LANGUAGES
    }
    texts = {
        key: {lang: said[key][lang].format(alliance=label[lang]) for lang in names.LANGUAGES}
        for key in ("title", "description")
    }
    return _dataset(f"{_EACH}-{slug}", {**said, **texts}, alliance=iri)


@cache
def _said() -> dict[str, Any]:
    path = artefacts.folder("queries") / "export" / "datasets.toml"
    try:
        said = tomllib.loads(path.read_text(encoding="utf-8"))
        for slug, each in said.items():
            if not each["tables"] or any(
                set(each[key]) != set(names.LANGUAGES) for key in ("title", "description")
            ):
                raise ValueError(f"'{slug}' has no tables, or not each text in each language")
        if said.keys() < {WHOLE, _EACH}:
            raise ValueError(f"'{WHOLE}' or '{_EACH}' is missing")
    except (OSError, tomllib.TOMLDecodeError, KeyError, TypeError, ValueError) as error:
        raise Misconfigured(f"{path}: {error}", "Correct the file, or install the package anew.") from error
    return said
