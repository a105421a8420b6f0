"""Level 6, portal: the description of a thing → Turtle, N-Triples, RDF/XML, JSON-LD, JSON or CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from pyoxigraph import BlankNode, Literal, NamedNode, Triple

from kogge import media, names, turtle
from kogge.media import MediaType
from kogge.portal import framing
from kogge.store import evaluate
from kogge.store.evaluate import Result

OFFERED: Final = (media.TURTLE, media.JSON, media.JSON_LD, media.N_TRIPLES, media.RDF_XML, media.CSV)
PAGE: Final = 10  # links that point to the thing, as in queries/export/thing.rq
COUNTED: Final = 1_000  # and as far as they are counted, as in queries/export/thing-record.rq
CSV_COLUMNS: Final = ("subject", "property", "value", "language", "datatype")

_HYDRA: Final = "http://www.w3.org/ns/hydra/core#"
_ABOUT: Final = "http://xmlns.com/foaf/0.1/isPrimaryTopicOf"
_A: Final = names.RDF + "type"
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True)
class Page:
    """Which page of a description this is. `links` point to the thing, None where they are more than counted;
    `address` is that of the thing at this service, without an ending.
    """

    thing: str
    address: str
    number: int
    links: int | None

    @property
    def last(self) -> int | None:
        """The number of the last page, if it is known."""
        return None if self.links is None else max(1, -(-self.links // PAGE))

    @property
    def several(self) -> bool:
        """Whether there are others."""
        return self.last is None or self.last > 1

    @property
    def others(self) -> dict[str, int]:
        """The other pages by their relation (RFC 8288): first, prev, next, last."""
        found = {"first": 1}
        if self.number > 1:
            found["prev"] = self.number - 1
        if self.last is None or self.number < self.last:
            found["next"] = self.number + 1
        if self.last is not None:
            found["last"] = self.last
        return found if self.several else {}

    def triples(self) -> list[Triple]:
        """What a description says of its pages (Hydra); nothing where there is only one."""
        if not self.several:
            return []
        links, view = f"{self.address}#links", f"{self.address}?page={self.number}"
        said: list[tuple[str, str, NamedNode | Literal]] = [
            (self.thing, _ABOUT, NamedNode(links)),
            (links, _A, NamedNode(_HYDRA + "Collection")),
            (links, _HYDRA + "view", NamedNode(view)),
            (view, _A, NamedNode(_HYDRA + "PartialCollectionView")),
        ]
        if self.links is not None:
            said.append((links, _HYDRA + "totalItems", Literal(self.links)))
        for relation, number in self.others.items():
            name = {"prev": "previous"}.get(relation, relation)
            said.append((view, _HYDRA + name, NamedNode(f"{self.address}?page={number}")))
        return [Triple(NamedNode(s), NamedNode(p), o) for s, p, o in said]


def description(body: bytes, page: Page, wanted: MediaType) -> Result:
    """A page of a description (N-Triples) as it is wanted, one of `OFFERED`."""
    triples = [*framing.parsed(body), *page.triples()]
    if wanted in (media.JSON, media.JSON_LD):
        return Result(wanted, framing.written(framing.tree(triples, page.thing)), len(triples))
    return written(triples, wanted)


def graph(body: bytes, wanted: MediaType) -> Result:
    """A graph (N-Triples) as it is wanted, one of `OFFERED`; in JSON a list of its things."""
    triples = framing.parsed(body)
    if wanted in (media.JSON, media.JSON_LD):
        return Result(wanted, framing.written(framing.listed(triples)), len(triples))
    return written(triples, wanted)


def written(triples: Sequence[Triple], wanted: MediaType) -> Result:
    """Triples in CSV or one of `media.GRAPHS`."""
    if wanted == media.CSV:
        return Result(wanted, as_csv(triples).encode(), len(triples))
    file = io.BytesIO()
    evaluate.write(list(triples), wanted, file)
    return Result(wanted, file.getvalue(), len(triples))


def as_csv(triples: Iterable[Triple]) -> str:
    """A row for each statement; properties by their short names, `IRI` as the datatype of a thing.

    What a spreadsheet would take for a formula has an apostrophe in front.
    """
    text = io.StringIO(newline="")
    table = csv.writer(text)
    table.writerow(CSV_COLUMNS)
    table.writerows(sorted(_row(triple) for triple in set(triples)))
    return text.getvalue()


def _row(triple: Triple) -> tuple[str, ...]:
    subject = triple.subject.value if isinstance(triple.subject, NamedNode) else str(triple.subject)
    said, value = turtle.short(triple.predicate), triple.object
    if isinstance(value, Literal):
        plain = value.language or value.datatype.value == names.XSD + "string"
        text = f"'{value.value}" if value.value.startswith(_FORMULA) else value.value
        return subject, said, text, value.language or "", "" if plain else turtle.short(value.datatype)
    if isinstance(value, NamedNode):
        return subject, said, value.value, "", "IRI"
    return subject, said, str(value), "", "blank" if isinstance(value, BlankNode) else ""
