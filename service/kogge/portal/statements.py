"""Level 6, portal: statements that are being collected, each thing under an IRI, no blank nodes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from pyoxigraph import Literal, NamedNode, Triple

from kogge import codelists, names

DCAT: Final = "http://www.w3.org/ns/dcat#"
DCATAP: Final = "http://data.europa.eu/r5r/"
DCATDE: Final = "http://dcat-ap.de/def/dcatde/"
DCT: Final = names.DCTERMS
FOAF: Final = "http://xmlns.com/foaf/0.1/"
HYDRA: Final = "http://www.w3.org/ns/hydra/core#"
RDFS: Final = names.RDFS
SD: Final = "http://www.w3.org/ns/sparql-service-description#"
SPDX: Final = "http://spdx.org/rdf/terms#"
VCARD: Final = "http://www.w3.org/2006/vcard/ns#"
VOID: Final = names.VOID
FORMATS: Final = "http://www.w3.org/ns/formats/"
MEDIA: Final = "https://www.iana.org/assignments/media-types/"
_TYPE: Final = names.RDF + "type"
_node = lru_cache(maxsize=1 << 12)(NamedNode)


class Statements:
    """Statements in the order in which they are said, by subject; what is said twice is said once."""

    def __init__(self) -> None:
        self._said: dict[str, dict[tuple[str, NamedNode | Literal], None]] = defaultdict(dict)

    def a(self, subject: str, *classes: str) -> None:
        """What a thing is."""
        for each in classes:
            self._add(subject, _TYPE, _node(each))

    def link(self, subject: str, predicate: str, *things: str) -> None:
        """What a thing is linked to; an empty IRI is none."""
        for each in things:
            if each:
                self._add(subject, predicate, _node(each))

    def text(self, subject: str, predicate: str, texts: Mapping[str, str]) -> None:
        """A text in each of its languages."""
        for lang, text in texts.items():
            self._add(subject, predicate, Literal(text, language=lang))

    def plain(self, subject: str, predicate: str, text: str, kind: str = "string") -> None:
        """A value of a datatype of XML Schema; an empty one is none."""
        if text:
            self.typed(subject, predicate, text, names.XSD + kind)

    def typed(self, subject: str, predicate: str, text: str, datatype: str) -> None:
        """A value of any datatype."""
        self._add(subject, predicate, Literal(text, datatype=_node(datatype)))

    def day(self, subject: str, predicate: str, text: str) -> None:
        """A day or a time, whichever it is; an empty one is none."""
        self.plain(subject, predicate, text, "dateTime" if "T" in text else "date")

    def number(self, subject: str, predicate: str, number: int, kind: str = "integer") -> None:
        """A number."""
        self.plain(subject, predicate, str(number), kind)

    def code(self, subject: str, predicate: str, name: str, *keys: str) -> None:
        """Values of a code list (`codelists.code_lists`), by their keys."""
        for key in keys:
            self.link(subject, predicate, codelists.value(name, key).iri)

    def media(self, subject: str, predicate: str, media_type: str) -> None:
        """A media type by its IRI, which the strict shapes want typed."""
        self.link(subject, predicate, MEDIA + media_type)
        self.a(MEDIA + media_type, DCT + "MediaType")

    def all(self) -> list[Triple]:
        """All statements, with those on the code-list values that they name."""
        values = [value for said in self._said.values() for _, value in said if isinstance(value, NamedNode)]
        for triple in codelists.described({value.value for value in values}):
            if isinstance(triple.subject, NamedNode) and isinstance(triple.object, NamedNode | Literal):
                self._add(triple.subject.value, triple.predicate.value, triple.object)
        return [
            Triple(_node(subject), _node(predicate), value)
            for subject, said in self._said.items()
            for predicate, value in said
        ]

    def _add(self, subject: str, predicate: str, value: NamedNode | Literal) -> None:
        self._said[subject][predicate, value] = None
