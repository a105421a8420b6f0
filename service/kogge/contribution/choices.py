"""Contribution, a cell that names something: a topic, a value of a code list, another thing."""

from __future__ import annotations

import re
from typing import Final

from pyoxigraph import NamedNode

from kogge import names
from kogge.contribution import cells, lists
from kogge.contribution.cells import Odd
from kogge.contribution.columns import Column
from kogge.contribution.lists import Known

_SHOWN: Final = 100  # characters of a text that a finding repeats


class Choices:
    """What cells can name, and the language in which one is told of it."""

    def __init__(self, known: Known, lang: str, owner: str = "") -> None:
        """`owner` is whose cells they are: of things of one name its own is meant."""
        self._known = known
        self._lang = lang
        self._owner = owner

    def all(self, column: Column, text: str) -> list[NamedNode]:
        """The things that a text names: one, or several with `;` or line ends between them. Raises Odd."""
        try:
            return self.chosen(column, text)
        except Odd:
            several = [part.strip() for part in re.split(r"[;\n]", text) if part.strip()]
            if len(several) < 2:
                raise
            return [term for part in several for term in self.chosen(column, part)]

    def chosen(self, column: Column, text: str) -> list[NamedNode]:
        """The one thing that a text names. Raises Odd: unknown, meant or ambiguous."""
        found = [
            iri
            for iri in self._known.find(text, () if column.choices else column.classes)
            if not column.choices or iri in column.choices or text.startswith("http")
        ]
        if column.takes == "topic":
            found = [iri for iri in found if iri.startswith(names.TOPIC) or iri == text]
        if len(found) > 1:
            own = [iri for iri in found if names.slug_of(iri).startswith(f"{self._owner}/")]
            found = own if len(own) == 1 else found
        if len(found) == 1 and _is_iri(found[0]):
            return [NamedNode(found[0])]
        said = {"column": column.name[self._lang], "value": text[:_SHOWN]}
        if found:
            options = ", ".join(
                f"{self._known.label(iri, self._lang)} ({names.slug_of(iri)})" for iri in found
            )
            raise Odd("ambiguous", **said, meant=options)
        if meant := self._nearest(column, text[:_SHOWN]):
            raise Odd("meant", **said, meant=meant)
        raise Odd("unknown", **said)

    def _nearest(self, column: Column, text: str) -> str | None:
        if column.choices:
            return lists.nearest(text, [self._known.label(iri, self._lang) for iri in column.choices])
        under = names.TOPIC if column.takes == "topic" else names.ID
        return lists.nearest(text, self._known.of(column.classes, self._lang, under=under))


def _is_iri(text: str) -> bool:
    try:
        NamedNode(text)
    except ValueError:
        return False
    return len(text) <= cells.MAX_LINK
