"""Contribution, what is told about a table: by reading its cells, and by the rules, cell by cell."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from pyoxigraph import NamedNode, Triple

from kogge import names, rules
from kogge.contribution import columns
from kogge.contribution.places import Places
from kogge.rules import SEVERITIES, Finding, Where

_TERMS: Final = re.compile(r" \((?:[^():]* )?(?:[a-z]+:[A-Za-z-]+|@[a-z]{2})(?: [^():]*)?\)")
_OTHERS: Final = "kgs:Own-subject"
_TYPE: Final = NamedNode(names.RDF + "type")
_GRAPH: Final = re.compile(r"\b(?:im Graphen|in the graph|in de graaf)\b")


@dataclass(frozen=True)
class Sheeted:
    """The graph that one row makes, and where its statements stand.

    `cells` knows (thing, property) → cell, also of cells that are empty, and (thing, property@de) of texts;
    `values` knows the cell of one value.
    `new_id` is the identifier that was made because the row gave none.
    """

    graph: str
    triples: list[Triple]
    cells: Mapping[tuple[str, str], Where]
    values: Mapping[tuple[str, str, str], Where]
    row: Where
    new_id: str | None

    @property
    def told(self) -> set[str]:
        """The things of which it says what they are."""
        return {str(each.subject).strip("<>") for each in self.triples if each.predicate == _TYPE}

    def places(self) -> Places:
        """Where its things, their properties and their values stand."""
        things = {
            triple.subject.value: self.row for triple in self.triples if isinstance(triple.subject, NamedNode)
        }
        return Places(things, dict(self.cells), dict(self.values))


@dataclass(frozen=True)
class Sheets:
    """What a file says: one graph per row, in its order, and what could not be read."""

    things: tuple[Sheeted, ...]
    findings: tuple[Finding, ...]


def with_rules(sheets: Sheets, ruled: Iterable[Finding], lang: str) -> list[Finding]:
    """The findings about cells with those of the rules, in the order of the file, the worst first.

    `lang` is their language. Rules speak without the words of Turtle here, and are silent about a cell that
    could not be read: what it says is not missing. Advice is about what a row tells, not about what it only
    points to.
    """
    unread = {finding.where for finding in sheets.findings if finding.severity == "violation"}
    rows = {iri: row for row in sheets.things for iri in row.places().things}
    told = []
    for finding in ruled:
        row = rows.get(finding.subject)
        if row and finding.severity != "violation" and finding.subject not in row.told:
            continue
        where = _concerned(finding, row) if row and finding.path is None else finding.where
        if where not in unread:
            told.append(replace(finding, message=_message(finding, lang), where=where))
    return sorted([*sheets.findings, *told], key=_order)


def reworded(message: str) -> str:
    """What a rule says, without the words of Turtle."""
    return _GRAPH.sub("in Kogge", _TERMS.sub("", message))


def _message(finding: Finding, lang: str) -> str:
    if finding.shape == _OTHERS:
        return str(columns.words()["finding"]["others"][lang if lang in names.LANGUAGES else "en"])
    return reworded(finding.message)


def _concerned(finding: Finding, row: Sheeted) -> Where:
    """The cell that a rule without a path is about: of the value, of the property it looks at, of the row.

    Of a thing of others, which a row speaks of by pointing to it, that is the one cell that does.
    """
    if finding.shape == _OTHERS:
        cells = {where for (subject, _), where in row.cells.items() if subject == finding.subject}
        return cells.pop() if len(cells) == 1 else finding.where
    if finding.value is not None:
        value = rules.plain(finding.value)
        for (subject, _, said), where in row.values.items():
            if subject == finding.subject and said == value:
                return where
    predicate, lang = columns.concern(finding.shape)
    keys = ((finding.subject, f"{predicate}@{lang}"), (finding.subject, predicate))
    return next((row.cells[key] for key in keys if key in row.cells), finding.where)


def _order(finding: Finding) -> tuple[int, str, int, int, str]:
    where = finding.where
    cell = where.cell or ""
    return SEVERITIES.index(finding.severity), where.sheet or "", where.row or 0, len(cell), cell
