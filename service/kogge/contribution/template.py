"""Contribution, the spreadsheet template: a workbook made from shapes and thesaurus, in one language.

A sheet for each kind of thing, drop-down lists for whatever is a choice, a help sheet in front, and a hidden
sheet with the lists. All text is written as text: a label that begins with `=` is no formula.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from kogge import names
from kogge.contribution import columns, form, lists
from kogge.contribution.columns import Kind
from kogge.contribution.form import Head
from kogge.contribution.lists import Known
from kogge.contribution.workbook import letters

TITLE, HEADINGS, HINTS, EXAMPLE, FIRST = range(1, 6)  # the rows of a sheet
LAST: Final = 504  # the last row with drop-down lists
_ID_WIDTH: Final = 16
_HELP_WIDTH: Final = 76
_HELP_LINE: Final = 84  # characters that fit
_UNPRINTABLE: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufffe\uffff]")
_DANGEROUS: Final = ("=", "+", "-", "@", "\t", "\r", "\n")
_DARK, _LIGHT, _GREY, _LINE = "1F3A5F", "EEF3F8", "6B7280", "C9D3DF"


def template(lang: str, *, steward: bool, known: Known | None = None) -> bytes:
    """The workbook (XLSX) in a language; `steward` adds the sheets that only the editors fill in.

    `known` is what the lists offer; if it is not given, the facts of this installation.
    """
    return _Book(lang, steward, known or lists.facts()).bytes()


class _Book:
    """A workbook that is being written."""

    def __init__(self, lang: str, steward: bool, known: Known) -> None:
        import openpyxl

        self._lang = lang
        self._known = known
        self._words: Mapping[str, Any] = columns.words()
        self._kinds = [kind for kind in columns.kinds().values() if steward or not kind.steward]
        self._book = openpyxl.Workbook()
        self._book.properties.creator = "Kogge"
        self._book.properties.title = self._said("title")
        self._help = self._book.worksheets[0]
        sheets = {kind.kind: self._book.create_sheet(kind.sheet[lang]) for kind in self._kinds}
        self._lists = self._book.create_sheet(self._said("lists"))
        self._lists.sheet_state = "hidden"
        self._ranges: dict[tuple[str, ...], str] = {}
        self._write_help()
        for kind in self._kinds:
            self._write_sheet(sheets[kind.kind], kind)

    def bytes(self) -> bytes:
        """The file."""
        stream = io.BytesIO()
        self._book.save(stream)
        return stream.getvalue()

    def _said(self, word: str) -> str:
        return str(self._words["form"][word][self._lang])

    def _write_help(self) -> None:
        sheet = self._help
        sheet.title = self._said("help")
        sheet.sheet_view.showGridLines = False
        sheet.column_dimensions["A"].width = _HELP_WIDTH
        _put(sheet, 1, 1, self._said("title"), size=18, bold=True, colour=_DARK)
        row = 2
        for part in self._words["help"]:
            row += 1
            _put(sheet, row, 1, part["title"][self._lang], size=13, bold=True, colour=_DARK)
            for text in self._paragraphs(part):
                row += 1
                _put(sheet, row, 1, text, wrap=True)
                sheet.row_dimensions[row].height = 16 * (1 + len(text) // _HELP_LINE)
            row += 1
        _print(sheet, landscape=False)

    def _paragraphs(self, part: Mapping[str, Any]) -> Iterator[str]:
        if part.get("sheets"):
            for kind in self._kinds:
                yield f"{kind.sheet[self._lang]}: {kind.about[self._lang]}"
        yield from part.get("text", {}).get(self._lang, ())

    def _write_sheet(self, sheet: Any, kind: Kind) -> None:
        _put(sheet, TITLE, 1, kind.sheet[self._lang], size=14, bold=True, colour=_DARK)
        _put(sheet, TITLE, 2, f"{kind.about[self._lang]} {self._said('each')}", colour=_GREY)
        self._write_column(
            sheet, 1, (self._said("id"), self._said("id-hint"), self._said("example")), _ID_WIDTH
        )
        for at, head in enumerate(form.heads(kind, self._lang), 2):
            title = head.title(self._lang) + (" *" if self._must(head) else "")
            example = form.example(kind, head, self._lang, self._known)
            self._write_column(
                sheet, at, (title, head.column.hint.get(self._lang, ""), example), head.column.width
            )
            if head.column.takes in ("whole", "decimal"):
                sheet.column_dimensions[letters(at)].number_format = "General"
            if offered := self._offered(head):
                strict = head.column.takes in ("code", "class", "yes-no")
                self._choose(sheet, at, offered, strict=strict)
        sheet.row_dimensions[HEADINGS].height = 32
        sheet.row_dimensions[TITLE].height = 22
        sheet.row_dimensions[HINTS].height = 50
        sheet.freeze_panes = f"C{EXAMPLE}"
        _print(sheet, landscape=True)

    def _must(self, head: Head) -> bool:
        """Whether a column has the mark of those that must be filled in: of several the first."""
        return head.column.required and head.number == 1 and head.lang in ("", self._lang)

    def _write_column(self, sheet: Any, at: int, said: tuple[str, str, str], width: int) -> None:
        sheet.column_dimensions[letters(at)].width = width
        sheet.column_dimensions[letters(at)].number_format = "@"  # what is typed stays as it is typed
        title, hint, example = said
        _put(sheet, HEADINGS, at, title, bold=True, colour="FFFFFF", fill=_DARK, wrap=True)
        _put(sheet, HINTS, at, hint, size=9, colour=_GREY, fill=_LIGHT, wrap=True)
        _put(sheet, EXAMPLE, at, example, italic=True, colour=_GREY, border=_LINE)

    # The drop-down lists

    def _offered(self, head: Head) -> str:
        """The formula of the list that a column offers; empty if it offers none."""
        column = head.column
        if column.takes == "yes-no":
            return f'"{self._said("yes")},{self._said("no")}"'
        if column.choices:
            return self._range([self._known.label(iri, self._lang) for iri in column.choices])
        if column.takes == "topic":
            return self._range(self._known.of(column.classes, self._lang, under=names.TOPIC))
        if column.offer in columns.OFFERS:
            return self._range(self._labels(columns.OFFERS[column.offer]))
        if kind := next((kind for kind in self._kinds if kind.kind == column.offer), None):
            return f"'{kind.sheet[self._lang]}'!$B${FIRST}:$B${LAST}"
        return ""

    def _labels(self, classes: Sequence[str]) -> list[str]:
        """The labels of all things of these classes, group after group, each once."""
        groups = (self._known.of([columns.iri(each)], self._lang, under=names.ID) for each in classes)
        return list(dict.fromkeys(label for group in groups for label in group))

    def _range(self, labels: Sequence[str]) -> str:
        """Where the list stands on the hidden sheet; equal lists stand there once."""
        key = tuple(labels)
        if key not in self._ranges:
            column = len(self._ranges) + 1
            for row, label in enumerate(labels, 1):
                _put(self._lists, row, column, label)
            name = letters(column)
            self._ranges[key] = f"'{self._lists.title}'!${name}$1:${name}${max(len(labels), 1)}"
        return self._ranges[key]

    def _choose(self, sheet: Any, at: int, formula: str, *, strict: bool) -> None:
        from openpyxl.worksheet.datavalidation import DataValidation

        rule = DataValidation(type="list", formula1=formula, allow_blank=True, showErrorMessage=True)
        rule.errorStyle = "stop" if strict else "warning"
        rule.errorTitle = "Kogge"
        rule.error = self._said("choose" if strict else "unlisted")
        rule.add(f"{letters(at)}{FIRST}:{letters(at)}{LAST}")
        sheet.add_data_validation(rule)


def _put(
    sheet: Any,
    row: int,
    column: int,
    text: str,
    *,
    size: int = 11,
    bold: bool = False,
    italic: bool = False,
    colour: str = "000000",
    fill: str = "",
    border: str = "",
    wrap: bool = False,
) -> None:
    """Writes a text as a text, whatever it begins with."""
    from openpyxl.styles import Alignment, Border, Font, PatternFill, Side

    cell = sheet.cell(row, column)
    cell.value = _UNPRINTABLE.sub("", text)
    cell.data_type = "s"
    cell.number_format = "@"
    cell.font = Font(name="Calibri", size=size, bold=bold, italic=italic, color=colour)
    cell.alignment = Alignment(wrap_text=wrap, vertical="top")
    if text.startswith(_DANGEROUS):
        cell.quotePrefix = True  # stays a text when somebody edits the cell
    if fill:
        cell.fill = PatternFill("solid", fgColor=fill)
    if border:
        cell.border = Border(bottom=Side("thin", color=border))


def _print(sheet: Any, *, landscape: bool) -> None:
    sheet.page_setup.orientation = "landscape" if landscape else "portrait"
    sheet.page_setup.paperSize = sheet.PAPERSIZE_A4
    if landscape:
        sheet.print_title_rows = f"{HEADINGS}:{HINTS}"
        sheet.print_title_cols = "A:B"
    else:
        sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight = 1, 0
        sheet.sheet_properties.pageSetUpPr.fitToPage = True
