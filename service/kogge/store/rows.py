"""Level 3, store: the rows of an answer as values, for what is made of them (pages, catalogue, feeds)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

_KINDS: Final[Mapping[str, Literal["iri", "blank", "literal"]]] = {"bnode": "blank"}


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
    iris: dict[str, Value] = {}  # most terms come in many rows
    others: dict[tuple[str, str, str, str], Value] = {}
    rows: list[Row] = []
    for binding in json.loads(body)["results"]["bindings"]:
        row: dict[str, Value] = {}
        for name, term in binding.items():
            text = term["value"]
            if (kind := term["type"]) == "uri":
                if (found := iris.get(text)) is None:
                    found = iris[text] = Value(text, "iri")
            else:
                key = kind, text, term.get("xml:lang", ""), term.get("datatype", "")
                if (found := others.get(key)) is None:
                    found = others[key] = Value(text, _KINDS.get(kind, "literal"), *key[2:])
            row[name] = found
        rows.append(row)
    return rows
