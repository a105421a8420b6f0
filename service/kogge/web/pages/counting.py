"""Level 8, web, pages: numbers that documents name, beside what is counted here. People are not counted."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from kogge.store.rows import Row
from kogge.web.pages import facts, naming
from kogge.web.pages.facts import Source


@dataclass(frozen=True)
class Count:
    """A number that a document names, and how many things of this class (a short name) there are."""

    stated: int
    approximate: bool
    counted: int
    kind: str
    source: Source


def read(rows: Iterable[Row]) -> list[Count]:
    """The numbers of rows of `pages/counted`."""
    return [
        Count(
            int(row["stated"].text),
            "approximate" in row,
            int(row["things"].text),
            facts.compact(row["class"].text),
            facts.source(row),
        )
        for row in rows
        if facts.compact(row["class"].text) in naming.COUNTED and row["stated"].text.isdigit()
    ]
