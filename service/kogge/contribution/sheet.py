"""Contribution, tables → graphs: one graph for each filled row, a finding for each cell that is not clear.

A filled template says the same triples as the Turtle that somebody would write by hand. Where each triple
stands is remembered, so that what a rule finds later is told by sheet, row and cell too.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Final

from pyoxigraph import Literal, NamedNode, Triple

from kogge import media, names, turtle
from kogge.contribution import cells, columns, form, lists
from kogge.contribution.cells import Odd
from kogge.contribution.choices import Choices
from kogge.contribution.columns import Column, Kind
from kogge.contribution.form import Head
from kogge.contribution.lists import Known
from kogge.contribution.own import Rights
from kogge.contribution.rows import Row, called_by_things, headed, is_example, labelled, place
from kogge.contribution.told import Sheeted, Sheets
from kogge.contribution.workbook import SEPARATORS, Cell, Table, open_csv, open_xlsx
from kogge.errors import Unreadable
from kogge.media import MediaType
from kogge.rules import Finding, Severity, Where

COMPONENT: Final = "kgs:SheetConstraintComponent"
_SHOWN: Final = 100
_TYPE: Final = NamedNode(names.RDF + "type")
_LABEL: Final = NamedNode(names.SKOS + "prefLabel")


def read_sheets(
    body: bytes, wanted: MediaType, rights: Rights, lang: str, known: Known | None = None
) -> Sheets:
    """Reads a workbook or a CSV file that was made with the template.

    `lang` is the language of the findings, and of texts whose heading names none. `known` is what a cell can
    name; if it is not given, the facts of this installation. Raises TooLarge, UnsupportedType, Unprocessable
    and Unreadable as `workbook` does.
    """
    spoken = lang if lang in names.LANGUAGES else "en"
    reading = _Reading(rights, spoken, known or lists.facts())
    if wanted == media.XLSX:
        for table in open_xlsx(body):
            reading.take(table)
    else:
        reading.take(_separated(body, reading))
    return reading.finish()


def _separated(body: bytes, reading: _Reading) -> Table:
    """A CSV file read with the separator by which it has headings. Raises as `open_csv`."""
    found: list[Table] = []
    faults: list[Unreadable] = []
    for separator in SEPARATORS:
        try:
            table = open_csv(body, separator)
        except Unreadable as fault:
            faults.append(fault)
            continue
        if reading.knows(table):
            return table
        found.append(table)
    if not found:
        raise faults[0]
    return found[0]


class _Reading:
    """Reads tables one by one; what rows say of each other is known at the end."""

    def __init__(self, rights: Rights, lang: str, known: Known) -> None:
        self._rights = rights
        self._lang = lang
        self._known = known
        self._choices = Choices(known, lang, rights.owner)
        self._rows: list[Row] = []
        self._findings: list[Finding] = []
        self._owner = names.GRAPH + rights.owner

    def knows(self, table: Table) -> bool:
        """Whether the table has a row of headings."""
        return headed(table, self._lang) is not None

    def take(self, table: Table) -> None:
        """Finds the rows of a table; they are read by `finish`."""
        if not table.rows or any(form.is_word(table.name or "", word) for word in ("help", "lists")):
            return
        found = headed(table, self._lang)
        if found is None:
            self._find("sheet", Where(sheet=table.name), severity="warning")
            return
        fitting, heading = found
        if len(fitting) > 1:
            meant = ", ".join(kind.sheet[self._lang] for kind in fitting)
            self._find("which", place(table, heading, 1), meant=meant)
            return
        kind = fitting[0]
        heads, id_column = self._heads(kind, table, heading)
        for number, row in table.rows.items():
            made = Row(kind, table, number, row, heads, id_column)
            if number > heading and not self._left_out(made):
                self._rows.append(made)
        loose: set[int] = set()
        for row in (each for number, each in table.rows.items() if number > heading):
            for column in row.keys() - heads.keys() - {id_column} - table.rows[heading].keys() - loose:
                loose.add(column)
                self._find("loose", place(table, row[column].row, column), severity="warning")

    def _heads(self, kind: Kind, table: Table, heading: int) -> tuple[dict[int, Head], int | None]:
        heads: dict[int, Head] = {}
        id_column = None
        for column, cell in table.rows[heading].items():
            text = str(cell.value)
            head = form.head_of(kind, text, self._lang)
            if id_column is None and form.is_id(text):
                id_column = column
            elif head is None:
                self._find("heading", place(table, heading, column), severity="warning", value=text[:_SHOWN])
            elif head in heads.values():
                self._find("repeated", place(table, heading, column), severity="warning", value=text[:_SHOWN])
            else:
                heads[column] = head
        return heads, id_column

    def _left_out(self, row: Row) -> bool:
        """Whether a row is empty, or the row of hints or the example of the template."""
        filled = [
            (head, str(row.cells[column].value)) for column, head in row.heads.items() if column in row.cells
        ]
        if not filled and row.id_column not in row.cells:
            return True
        hints = sum(lists.same(text) in map(lists.same, head.column.hint.values()) for head, text in filled)
        if hints * 2 > len(filled):
            return True
        mark = row.cells.get(row.id_column or 0)
        if mark is None or not form.is_word(str(mark.value), "example"):
            return False
        if not any(is_example(row.kind, filled, lang) for lang in names.LANGUAGES):
            self._find("example", row.where(mark.column), severity="warning", value=str(mark.value))
        return True

    def finish(self) -> Sheets:
        """Names the rows, then reads their cells, which may name other rows."""
        rows = []
        for late in (False, True):
            # What is called by a text comes first: the other rows may be called by it.
            for row in self._rows:
                if late == called_by_things(row.kind) and self._name(row):
                    rows.append(row)
            self._known = self._known.extended(labelled(rows))
            self._choices = Choices(self._known, self._lang, self._rights.owner)
        rows.sort(key=self._rows.index)
        seen: dict[str, Row] = {}
        for row in rows:
            if (first := seen.setdefault(row.subject, row)) is not row:
                column = row.id_column if row.id_column in row.cells else min(row.heads)
                self._find("twice", row.where(column or 1), row, row=str(first.number), value=row.name)
            else:
                self._read(row)
        if not rows and not self._findings:
            self._find("nothing", Where())
        return Sheets(tuple(map(self._sheeted, seen.values())), tuple(self._findings))

    def _name(self, row: Row) -> bool:
        """Gives a row its identifier and its IRI; False if it can have none."""
        given = row.cells.get(row.id_column or 0)
        try:
            if given is not None:
                row.name, row.subject = self._given(row.kind, given)
                return True
        except Odd as odd:
            self._odd(odd, row, given.column if given else 1)
            return False
        called = {key: self._called(row, key) for key in row.kind.named}
        parts = [part for part in called.values() if part]
        if not parts or (row.kind.join and len(parts) < len(called)):
            self._nameless(row, next(key for key, part in called.items() if not part))
            return False
        row.made = True
        row.name = "-".join(parts) if row.kind.join else parts[0]
        row.subject = self._thing(row.kind.kind, row.name, own=row.kind.own)
        return True

    def _nameless(self, row: Row, key: str) -> None:
        """Says why a row can have no identifier: what its cells hold, or what is missing."""
        before = len(self._findings)
        self._read(replace(row, subject=self._owner))
        if len(self._findings) == before:
            asked = next(column for column in row.kind.columns if column.key == key)
            at = next((at for at, head in row.heads.items() if head.column == asked), 1)
            self._find("nameless", row.where(at), row, asked, column=asked.name[self._lang])

    def _given(self, kind: Kind, cell: Cell) -> tuple[str, str]:
        """The identifier in a cell: `smart-parken`, `luebeck/smart-parken` or an IRI."""
        if cell.sort:
            raise Odd(cell.sort, value=str(cell.value))
        text = cells.written(cell.value)
        slug = text.removeprefix(names.ID).removeprefix(f"{kind.kind}/")
        owner, _, name = slug.rpartition("/")
        if not names.SLUG.fullmatch(name) or (owner and not (kind.own and names.SLUG.fullmatch(owner))):
            raise Odd("id")
        if owner:
            return name, names.thing(kind.kind, slug)
        return name, self._thing(kind.kind, name, own=kind.own)

    def _called(self, row: Row, key: str) -> str:
        """The slug of the first value in a column that names its row; empty if there is none."""
        used = [(at, head) for at, head in row.heads.items() if head.column.key == key and at in row.cells]
        order = names.LANGUAGES.index
        used.sort(key=lambda each: (order(each[1].lang) if each[1].lang else 0, each[1].number))
        for at, head in used:
            try:
                if head.column.takes == "text":
                    text = cells.written(row.cells[at].value)
                    return self._existing(row.kind, text) or names.slugify(text)
                return self._choices.chosen(head.column, cells.written(row.cells[at].value))[
                    0
                ].value.rpartition("/")[2]
            except Odd:  # told when the cell is read
                continue
        return ""

    def _existing(self, kind: Kind, text: str) -> str:
        """The identifier of the thing of this owner that is called so already, if there is one."""
        under = self._thing(kind.kind, "", own=kind.own)
        found = [iri for iri in self._known.find(text, [kind.type]) if iri.startswith(under)]
        return found[0].removeprefix(under) if len(found) == 1 and not text.startswith("http") else ""

    def _thing(self, kind: str, name: str, *, own: bool) -> str:
        return names.thing(kind, f"{self._rights.owner}/{name}" if own else name)

    # The cells

    def _read(self, row: Row) -> None:
        """Reads the cells of a row into its triples."""
        for column, head in row.heads.items():
            cell = row.cells.get(column)
            if cell is None:
                continue
            where = row.where(column)
            try:
                for term in self._terms(head, cell, row):
                    self._say(row, head.column, term, where)
            except Odd as odd:
                self._odd(odd, row, column)
        for predicate, value in row.kind.always.items():
            row.triples[Triple(NamedNode(row.subject), NamedNode(predicate), NamedNode(value))] = None
        subject = NamedNode(row.subject)
        if not any(triple.subject == subject and triple.predicate == _TYPE for triple in row.triples):
            row.triples[Triple(NamedNode(row.subject), _TYPE, NamedNode(row.kind.type))] = None
        for column, head in row.heads.items():  # where a value is missing, it belongs into the empty cell
            first = (head.column.steps or (head.column.predicate,))[0]
            row.places.setdefault((row.subject, first), row.where(column))
            node = self._node(row, head.column)
            row.places.setdefault((node, head.column.predicate), row.where(column))
            if head.lang:
                row.places.setdefault((node, f"{head.column.predicate}@{head.lang}"), row.where(column))

    def _terms(self, head: Head, cell: Cell, row: Row) -> Iterable[Literal | NamedNode]:
        """What a cell says. Raises Odd."""
        takes = head.column.takes
        if cell.sort:
            raise Odd(cell.sort, value=str(cell.value)[:_SHOWN])
        if isinstance(cell.value, str) and cell.value.lstrip().startswith("="):
            raise Odd("formula")
        if takes == "text":
            return [cells.text(cell.value, head.lang)]
        if takes in ("date", "day"):
            term, clock = (cells.dated if takes == "date" else cells.day)(cell.value, cell.form)
            if clock:
                self._find("time", row.where(cell.column), row, head.column, severity="info", value=clock)
            return [term]
        if takes in cells.SIMPLE:
            return [cells.SIMPLE[takes](cell.value)]
        return self._choices.all(head.column, cells.written(cell.value))

    def _say(self, row: Row, column: Column, term: Literal | NamedNode, where: Where) -> None:
        """Adds what a cell says, with the things between the row and it."""
        above = row.subject
        for depth, step in enumerate(column.steps, 1):
            between = columns.between()[step]
            node = self._node(row, replace(column, steps=column.steps[:depth]))
            row.triples[Triple(NamedNode(above), NamedNode(step), NamedNode(node))] = None
            row.triples[Triple(NamedNode(node), _TYPE, NamedNode(between.type))] = None
            if column.also and depth == 1:
                row.triples[Triple(NamedNode(above), NamedNode(column.also), NamedNode(node))] = None
            row.places.setdefault((above, step), where)
            above = node
        subject, predicate = NamedNode(above), NamedNode(column.predicate)
        if column.inverse and isinstance(term, NamedNode):
            row.triples[Triple(term, predicate, subject)] = None
            row.places.setdefault((term.value, column.predicate), where)
        else:
            row.triples[Triple(subject, predicate, term)] = None
        row.places.setdefault((above, column.predicate), where)
        row.values.setdefault((above, column.predicate, term.value), where)

    def _node(self, row: Row, column: Column) -> str:
        """The thing that has the property of a column: the row itself, or one that is made with it."""
        if not column.steps:
            return row.subject
        steps = [columns.between()[step] for step in column.steps]
        endings = [between.ending for between in steps if between.ending]
        name = (
            "-".join([row.name, *endings]) if row.kind.join else "-".join([row.kind.kind, row.name, *endings])
        )
        return self._thing(steps[-1].kind, name, own=steps[-1].own)

    def _sheeted(self, row: Row) -> Sheeted:
        graph = names.graph(self._rights.owner, f"{row.kind.kind}-{row.name}")
        new_id = row.name if row.made else None
        first = row.where(min([*row.heads, row.id_column or 1]))
        return Sheeted(graph, [*row.triples], row.places, row.values, first, new_id)

    # The findings

    def _odd(self, odd: Odd, row: Row, column: int) -> None:
        head = row.heads.get(column)
        self._tell(odd.finding, row.where(column), odd.said, row, head.column if head else None)

    def _find(
        self,
        rule: str,
        where: Where,
        row_of: Row | None = None,
        of: Column | None = None,
        *,
        severity: Severity = "violation",
        **said: str,
    ) -> None:
        self._tell(rule, where, said, row_of, of, severity)

    def _tell(
        self,
        rule: str,
        where: Where,
        said: Mapping[str, str],
        row_of: Row | None,
        of: Column | None,
        severity: Severity = "violation",
    ) -> None:
        self._findings.append(
            Finding(
                severity=severity,
                message=columns.words()["finding"][rule][self._lang].format(**said),
                subject=(row_of.subject if row_of else "") or self._owner,
                path=turtle.short(NamedNode(of.predicate)) if of else None,
                value=str(Literal(said["value"])) if "value" in said else None,
                shape=of.shape if of else "kgs:Thing",
                component=COMPONENT,
                where=where,
            )
        )
