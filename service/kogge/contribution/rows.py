"""Contribution, rows: a table → the kind that its headings fit, and the rows as they are read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from pyoxigraph import Literal, NamedNode, Triple

from kogge import names
from kogge.contribution import columns, form, lists
from kogge.contribution.columns import Kind
from kogge.contribution.form import Head
from kogge.contribution.workbook import Cell, Table, letters
from kogge.rules import Where

_HEADING_ROWS: Final = 20  # the headings stand in one of the first rows
_TYPE: Final = NamedNode(names.RDF + "type")
_LABEL: Final = NamedNode(names.SKOS + "prefLabel")


@dataclass
class Row:
    """A row that is being read."""

    kind: Kind
    table: Table
    number: int
    cells: Mapping[int, Cell]
    heads: Mapping[int, Head]
    id_column: int | None
    name: str = ""
    subject: str = ""
    made: bool = False
    triples: dict[Triple, None] = field(default_factory=dict)
    places: dict[tuple[str, str], Where] = field(default_factory=dict)
    values: dict[tuple[str, str, str], Where] = field(default_factory=dict)

    def where(self, column: int) -> Where:
        """The place of one of its cells."""
        return place(self.table, self.number, column)


def headed(table: Table, lang: str) -> tuple[list[Kind], int] | None:
    """The kinds that the headings fit best, and the row in which they stand."""
    kinds = [*columns.kinds().values()]
    said = {table.name or ""}
    for number, row in table.rows.items():
        if number > _HEADING_ROWS:
            break
        texts = [cell.value for cell in row.values() if isinstance(cell.value, str)]
        named = [kind for kind in kinds if any(form.is_sheet(kind, text) for text in said)]
        fits = {
            kind.kind: sum(form.head_of(kind, text, lang) is not None for text in texts)
            for kind in named or kinds
        }
        most = max(fits.values(), default=0)
        if most >= 2 or (most == 1 and len(texts) <= 2 and named):
            return [kind for kind in named or kinds if fits[kind.kind] == most], number
        said.update(texts)
    return None


def is_example(kind: Kind, filled: Sequence[tuple[Head, str]], lang: str) -> bool:
    """Whether a row holds nothing but what the example of the template in this language does."""
    return all(
        lists.same(text) == lists.same(form.example(kind, head, lang, lists.facts())) for head, text in filled
    )


def place(table: Table, row: int, column: int) -> Where:
    """The place of a cell."""
    line = table.lines.get(row)
    return Where(line=line, sheet=table.name, row=row, cell=f"{letters(column)}{row}")


def called_by_things(kind: Kind) -> bool:
    """Whether rows of a kind get their names from other things, and not from a text."""
    first = next(column for column in kind.columns if column.key == kind.named[0])
    return first.takes != "text"


def labelled(rows: Iterable[Row]) -> Iterator[Triple]:
    """What the other rows can name these rows by."""
    for row in rows:
        yield Triple(NamedNode(row.subject), _TYPE, NamedNode(row.kind.type))
        for column, head in row.heads.items():
            cell = row.cells.get(column)
            if head.column.predicate == _LABEL.value and cell is not None and isinstance(cell.value, str):
                yield Triple(NamedNode(row.subject), _LABEL, Literal(cell.value.strip(), language=head.lang))
