"""Contribution, XLSX and CSV as tables of cells: the step at which a stranger's bytes are opened.

A workbook is a ZIP file of XML parts (ECMA-376). Its directory is judged first, by the sizes that it gives;
then each part is walked once, without being kept; only what has passed that is read as a workbook. Formulas
are told, not evaluated, and what a program has stored as their result is not used.
"""

from __future__ import annotations

import csv
import io
import re
import warnings
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final
from xml.parsers import expat

from kogge.contribution.cells import Value
from kogge.errors import TooLarge, Unprocessable, Unreadable, UnsupportedType

MAX_BYTES: Final = 5 * 1024 * 1024  # as sent
MAX_PART: Final = 16 * 1024 * 1024  # one part, unpacked
MAX_UNPACKED: Final = 24 * 1024 * 1024
MAX_PARTS: Final = 300
MAX_ELEMENTS: Final = 500_000
MAX_CELL: Final = 100_000  # characters in one
MAX_CELLS: Final = 100_000  # that hold something
MAX_AREA: Final = 1_000_000  # from the first cell to the last, empty ones too
SEPARATORS: Final = (";", ",", "\t")

_CHUNK: Final = 64 * 1024
_REFERENCE: Final = re.compile(r"([A-Z]{1,3})([0-9]{1,7})")
_XML: Final = re.compile(rb"(?:\xef\xbb\xbf|\xff\xfe|\xfe\xff|\0)?[\s\0]*<")
_SAVE: Final = "Save it as .xlsx or .csv."
_DIVIDE: Final = "Divide it into several files."
_OLE: Final = b"\xd0\xcf\x11\xe0"
# What reading a damaged workbook raises in openpyxl and below it.
_FOREIGN: Final = (
    ArithmeticError, AttributeError, EOFError, LookupError, OSError, RuntimeError, SyntaxError, TypeError,
    ValueError, zipfile.BadZipFile, zlib.error, expat.ExpatError,
)  # fmt: skip


@dataclass(frozen=True)
class Cell:
    """A cell that holds something; row and column count from 1.

    `form` is its number format. `sort` is "formula" or "error" where its value cannot be used.
    """

    row: int
    column: int
    value: Value
    form: str = ""
    sort: str = ""

    @property
    def name(self) -> str:
        """Column and row as spreadsheets write them: `B7`."""
        return f"{letters(self.column)}{self.row}"


@dataclass(frozen=True)
class Table:
    """A sheet: row → column → cell, without what is empty. A CSV file has no name, and knows its lines."""

    name: str | None
    rows: Mapping[int, Mapping[int, Cell]]
    lines: Mapping[int, int] = field(default_factory=dict)


def letters(column: int) -> str:
    """The name of a column: 1 → A, 28 → AB."""
    name = ""
    while column:
        column, rest = divmod(column - 1, 26)
        name = chr(ord("A") + rest) + name
    return name


def open_xlsx(body: bytes) -> list[Table]:
    """The sheets of a workbook, in its order.

    Raises TooLarge for what would be large when unpacked, UnsupportedType for macros and other formats,
    Unprocessable for document types and links to other files, Unreadable for a damaged file.
    """
    _limit(len(body) <= MAX_BYTES, f"The file is larger than {MAX_BYTES // 1024**2} MB.")
    if body.startswith(_OLE):
        raise UnsupportedType("The file is an old or a protected workbook.", f"Remove the password. {_SAVE}")
    try:
        with zipfile.ZipFile(io.BytesIO(body)) as archive:
            _judge_directory(archive)
            scan = _Scan()
            for part in archive.infolist():
                scan.part(archive, part)
        return _tables(body, scan)
    except _FOREIGN as error:
        raise Unreadable("The file is not a workbook that can be read.", _SAVE) from error


def _judge_directory(archive: zipfile.ZipFile) -> None:
    """What the directory of the ZIP file tells; nothing is unpacked yet but the list of content types."""
    parts = archive.infolist()
    _limit(len(parts) <= MAX_PARTS, f"The workbook has more than {MAX_PARTS} parts.")
    _limit(max((part.file_size for part in parts), default=0) <= MAX_PART, "A sheet is too large.")
    _limit(sum(part.file_size for part in parts) <= MAX_UNPACKED, "The workbook is too large when unpacked.")
    found = {part.filename.lower() for part in parts}
    if len(found) < len(parts):
        raise Unreadable("The workbook has a part twice.", _SAVE)
    if any(part.flag_bits & 1 for part in parts):
        raise UnsupportedType("The workbook is encrypted.", f"Remove the password. {_SAVE}")
    if "mimetype" in found or "[content_types].xml" not in found:
        raise UnsupportedType("The file is no XLSX workbook.", _SAVE)
    types = archive.read("[Content_Types].xml").lower()
    if any(name.endswith("vbaproject.bin") for name in found) or b"macroenabled" in types:
        raise UnsupportedType("A workbook with macros is not taken.", "Save it as .xlsx without macros.")
    if any(name.startswith("xl/externallinks/") for name in found):
        raise Unprocessable("The workbook has links to other files.", "Paste values instead of the links.")


class _Scan:
    """Walks the XML of the parts and counts, so that what is read afterwards is known to be small."""

    def __init__(self) -> None:
        self.elements = 0
        self.cells = 0
        self.last: dict[str, tuple[int, int]] = {}  # part → the last row and column that hold something
        self._row = self._column = 0
        self._part = ""

    def part(self, archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> None:
        """Walks a part if it is XML, whatever its name: which part is read as what, the file itself says."""
        self._part, self._row, self._column = part.filename, 0, 0
        with archive.open(part) as stream:
            if not _XML.match(stream.read(8)):
                return
        parser = expat.ParserCreate(namespace_separator=" ")
        parser.StartDoctypeDeclHandler = self._doctype
        parser.StartElementHandler = self._start
        with archive.open(part) as stream:
            while chunk := stream.read(_CHUNK):
                parser.Parse(chunk, False)
        parser.Parse(b"", True)

    def _doctype(self, *_: Any) -> None:
        raise Unprocessable("The workbook has a document type (DOCTYPE).", _SAVE)

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self.elements += 1
        _limit(self.elements <= MAX_ELEMENTS, "The workbook is too large.")
        local = name.rpartition(" ")[2]
        if local == "row":
            self._row = int(attributes.get("r", self._row + 1))
            self._column = 0
        elif local == "c":
            self._column += 1
            if match := _REFERENCE.fullmatch(attributes.get("r", "")):
                self._column, self._row = _number(match[1]), int(match[2])
        elif local in ("v", "is", "f"):
            self.cells += 1
            _limit(self.cells <= 2 * MAX_CELLS, f"The workbook has more than {MAX_CELLS} cells.")
            row, column = self.last.get(self._part, (0, 0))
            row, column = max(row, self._row), max(column, self._column)
            _limit(row * column <= MAX_AREA, f"A sheet has a value as far out as row {row}, column {column}.")
            self.last[self._part] = (row, column)


def _tables(body: bytes, scan: _Scan) -> list[Table]:
    # Imported here: only a workbook needs it, and it takes as long to load as all the rest.
    import openpyxl

    tables: list[Table] = []
    count = 0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what openpyxl does not know, such as newer sorts of validation
        book = openpyxl.load_workbook(io.BytesIO(body), read_only=True, data_only=False, keep_links=False)
        try:
            for sheet in book.worksheets:
                path = str(getattr(sheet, "_worksheet_path", "")).lstrip("/")
                rows, columns = scan.last.get(path, (0, 0))
                found: dict[int, dict[int, Cell]] = {}
                for cell in _cells(sheet, rows, columns):
                    count += 1
                    _limit(count <= MAX_CELLS, f"The workbook has more than {MAX_CELLS} cells.")
                    found.setdefault(cell.row, {})[cell.column] = cell
                tables.append(Table(sheet.title, found))
        finally:
            book.close()
    return tables


def _cells(sheet: Any, rows: int, columns: int) -> Iterator[Cell]:
    if not rows or not columns:
        return
    for row in sheet.iter_rows(max_row=rows, max_col=columns):
        for cell in row:
            if cell.value is None or cell.value == "":
                continue
            sort = {"f": "formula", "e": "error"}.get(cell.data_type, "")
            value = cell.value
            if sort or isinstance(value, timedelta):
                value = str(value)
            yield Cell(cell.row, cell.column, value, cell.number_format or "", sort)


def open_csv(body: bytes, separator: str) -> Table:
    """A CSV file (RFC 4180) as a table whose row numbers are those that a spreadsheet would show.

    UTF-8, with or without a byte order mark, else Windows-1252. A first line `sep=;` is for Excel.
    Raises TooLarge, UnsupportedType for UTF-16, Unreadable with the line.
    """
    _limit(len(body) <= MAX_BYTES, f"The file is larger than {MAX_BYTES // 1024**2} MB.")
    text = _decoded(body)
    first, newline, rest = text.partition("\n")
    skipped = 0
    if newline and re.fullmatch(r'"?sep=.\r?"?\r?', first):
        text, skipped = rest, 1
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    rows: dict[int, dict[int, Cell]] = {}
    lines: dict[int, int] = {}
    count, number, line = 0, skipped, skipped
    try:
        for record in reader:
            number += 1
            lines[number], line = line + 1, reader.line_num + skipped
            cells = {
                column: Cell(number, column, value) for column, value in enumerate(record, 1) if value.strip()
            }
            count += len(cells)
            if max(map(len, record), default=0) > MAX_CELL:
                raise TooLarge(f"A cell has more than {MAX_CELL} characters.", "Shorten its text.")
            _limit(count <= MAX_CELLS, f"The file has more than {MAX_CELLS} cells.")
            if cells:
                rows[number] = cells
    except csv.Error as error:
        at = reader.line_num + skipped
        raise Unreadable(f"Line {at}: {error}.", "Save the file as CSV again.", line=at) from error
    return Table(None, rows, lines)


def _decoded(body: bytes) -> str:
    if body.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise UnsupportedType("The file is UTF-16.", "Save it as CSV in UTF-8.")
    if body.startswith(b"PK\x03\x04"):
        raise UnsupportedType("The file is a workbook, not CSV.", "Send it as .xlsx.")
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError:
        pass
    try:
        return body.decode("cp1252")
    except UnicodeDecodeError as error:
        raise Unreadable("The file is neither UTF-8 nor Windows-1252.", "Save it as CSV in UTF-8.") from error


def _number(name: str) -> int:
    number = 0
    for letter in name:
        number = number * 26 + ord(letter) - ord("A") + 1
    return number


def _limit(kept: bool, message: str) -> None:
    if not kept:
        raise TooLarge(message, _DIVIDE)
