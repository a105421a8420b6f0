"""Level 3, store: the rows of an answer as values, for what is made of them (pages, catalogue, feeds)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias

_KINDS: Final[Mapping[str, Literal["iri", "blank", "literal"]]] = {"uri": "iri", "bnode": "blank"}


@dataclass(frozen=True, slots=True)
class Value:
    """An RDF term: its IRI, its label as a blank node, or its text with language or datatype."""

    text: str
    kind: Literal["iri", "blank", "literal"] = "literal"
    lang: str = ""
    datatype: str = ""

    def __str__(self) -> str:
        return self.text


Row: TypeAlias = Mapping[str, Value]


def read(body: bytes) -> list[Row]:
    """The rows of an answer in SPARQL Results JSON; what is not bound in a row is not in it."""
    known: dict[tuple[str, str, str, str], Value] = {}  # most terms come in many rows

    def value(term: Mapping[str, Any]) -> Value:
        key = (term["type"], term["value"], term.get("xml:lang", ""), term.get("datatype", ""))
        if (found := known.get(key)) is None:
            kind, text, lang, datatype = key
            found = known[key] = Value(text, _KINDS.get(kind, "literal"), lang, datatype)
        return found

    return [
        {name: value(term) for name, term in binding.items()}
        for binding in json.loads(body)["results"]["bindings"]
    ]
