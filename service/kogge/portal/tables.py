"""Level 6, portal: tables for spreadsheets: the parts of an answer → whole rows → CSV, described in CSVW."""

from __future__ import annotations

import csv
import io
import json
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any, Final, TypeAlias

import pyoxigraph as ox
from pyoxigraph import QuerySolutions

from kogge import artefacts, names, questions
from kogge.errors import Misconfigured
from kogge.portal import lines, points
from kogge.portal.lines import Sorted
from kogge.questions import Question

BATCH: Final = 250  # things that are asked for at once
MARK: Final = b"\xef\xbb\xbf"  # by which spreadsheets know UTF-8
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
_NUMBER: Final = re.compile(r"[+-]?[0-9]+(?:\.[0-9]+)?")
_TYPE: Final = f" <{names.RDF}type> <".encode()
_SELECT: Final = re.compile(r"^SELECT (.*)$", re.MULTILINE)

Cells: TypeAlias = list[str]  # of a row
# Of one thing: first column of a part → its value → the other columns of the part.
_Parts: TypeAlias = dict[str, dict[str, dict[str, str]]]


@dataclass(frozen=True)
class Table:
    """A table: its name, of which classes its rows are, its title in each language, its question."""

    name: str
    classes: tuple[str, ...]
    title: Mapping[str, str]
    question: Question

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of its columns; the first has the IRI of what a row is about."""
        return columns(self.question)


def columns(question: Question) -> tuple[str, ...]:
    """The variables that a question SELECTs, in their order."""
    found = _SELECT.search(question.text)
    return tuple(name.removeprefix("?") for name in found[1].split()) if found else ()


@cache
def table(name: str) -> Table:
    """The table of that name. Raises Misconfigured where it, or one of its columns, is not described."""
    said = _said()
    try:
        classes = [each if "://" in each else names.KOGGE + each for each in said[name]["classes"]]
        made = Table(name, tuple(classes), said[name]["title"], questions.load(f"export/table-{name}"))
        if missing := [each for each in made.columns if each not in said["columns"]]:
            raise ValueError(f"the columns {', '.join(missing)} are not described")
    except (KeyError, TypeError, ValueError) as error:
        raise Misconfigured(f"queries/export/tables.toml, {name}: {error}", "Correct the file.") from error
    return made


def all_rows(store: ox.Store, whole: Path, work: Path) -> dict[str, Path]:
    """The rows of every table, and the points, as files of lines `<iri> cells`, by table; `whole` are the
    sorted quads of the store.
    """
    asked = {name: table(name).question for name in _names()} | {
        points.QUESTION: questions.load(points.QUESTION)
    }
    things = {name: Sorted(work, lines.RUN // len(asked)) for name in asked}
    of_class = {f"<{each}>".encode(): name for name in _names() for each in table(name).classes}
    for quad in lines.read(whole):
        if _TYPE in quad and (name := of_class.get(quad.split(b" ", 3)[2])):
            things[name].add(quad[: quad.index(b" ") + 1] + b"\n")
        elif any(each in quad for each in points.PREDICATES):
            things[points.QUESTION].add(quad[: quad.index(b" ") + 1] + b"\n")
    found = {name: work / f"{name.replace('/', '-')}.rows" for name in asked}
    for name, question in asked.items():
        said = rows(store, question, things[name])
        lines.write(found[name], (b"%s %s\n" % (iri, json.dumps(cells).encode()) for iri, cells in said))
    return found


def of(rows: Path, things: Path | None) -> Iterator[Cells]:
    """Of the rows in a file those of certain things (None: of all)."""
    some = (
        lines.about(lines.read(rows), lines.read(things)) if things else ((r, []) for r in lines.read(rows))
    )
    return (json.loads(row[row.index(b" ") :]) for row, _ in some)


def rows(store: ox.Store, question: Question, things: Iterable[bytes]) -> Iterator[tuple[bytes, Cells]]:
    """The row of each thing of which the question says anything; `things` are lines `<iri> …`, in order."""
    these = iter(things)
    head, *others = columns(question)
    example = re.compile(rf"VALUES \(\?{head}\) {{ \(.*\) }}")
    while batch := [line[: line.index(b" ")] for line in islice(these, BATCH)]:
        values = " ".join(f"({iri.decode()})" for iri in batch)
        text = example.sub(lambda _, values=values: f"VALUES (?{head}) {{ {values} }}", question.text)  # type: ignore[misc]
        found: dict[bytes, _Parts] = {}
        answer = store.query(text)
        for solution in answer if isinstance(answer, QuerySolutions) else ():
            _take(found.setdefault(str(solution[head]).encode(), {}), solution, others)
        for iri in batch:
            if iri in found:
                yield iri, [iri[1:-1].decode(), *_cells(found[iri], others)]


def write(columns: Sequence[str], rows: Iterable[Cells], *, mark: bool) -> Iterator[bytes]:
    """CSV (RFC 4180) with a head, some rows at a time, perhaps with a byte order mark at the beginning."""
    if mark:
        yield MARK
    written = iter(rows)
    yield _csv([list(columns)])
    while batch := list(islice(written, BATCH)):
        yield _csv([[safe(cell) for cell in row] for row in batch])


def safe(cell: str) -> str:
    """A text that a spreadsheet would take for a formula gets an apostrophe in front; a number stays."""
    return f"'{cell}" if cell.startswith(_FORMULA) and not _NUMBER.fullmatch(cell) else cell


def description(table: Table, file: str) -> bytes:
    """What the columns of a file mean, in CSVW (Metadata Vocabulary for Tabular Data, section 5.6)."""
    said = _said()
    described = [_column(name, said, first=name == table.columns[0]) for name in table.columns]
    content = {
        "@context": "http://www.w3.org/ns/csvw",
        "url": file,
        "dc:title": _in_languages(table.title),
        "dc:license": {"@id": names.CC_BY},
        "dialect": {"encoding": "utf-8", "lineTerminators": ["\r\n", "\n"], "header": True},
        "tableSchema": {
            "columns": described,
            "primaryKey": table.columns[0],
            "aboutUrl": f"{{+{table.columns[0]}}}",
        },
    }
    return json.dumps(content, ensure_ascii=False, indent=1).encode() + b"\n"


def _column(name: str, said: Mapping[str, Any], *, first: bool) -> dict[str, Any]:
    of = said["columns"][name]
    return {
        "name": name,
        "titles": name,
        "dc:description": _in_languages(of),
        "datatype": of.get("kind", "string"),
        **({"required": True} if first else {"separator": said["separator"]}),
    }


def _in_languages(texts: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"@value": texts[lang], "@language": lang} for lang in names.LANGUAGES]


def _take(parts: _Parts, solution: Any, others: Sequence[str]) -> None:
    """Puts what one solution says of a thing to the rest. Of two names for the same the first stays."""
    bound = [(name, _text(solution[name])) for name in others if solution[name] is not None]
    if bound:
        (first, value), *more = bound
        beside = parts.setdefault(first, {}).setdefault(value, {})
        for name, text in more:
            beside[name] = min(beside.get(name, text), text)


def _cells(parts: _Parts, others: Sequence[str]) -> Iterator[str]:
    """The cells of a row: several parts stand in each of their columns in the order of their first values."""
    cells = dict.fromkeys(others, "")
    for first, values in parts.items():
        beside = {name for each in values.values() for name in each}
        ordered = sorted(values)
        cells[first] = _joined(ordered)
        for name in beside:
            cells[name] = _joined([values[value].get(name, "") for value in ordered])
    return iter(cells.values())


def _joined(values: Sequence[str]) -> str:
    separator = str(_said()["separator"])
    return separator.join(value.replace(separator, " / ") for value in values)


def _text(term: Any) -> str:
    return str(term.value)


def _csv(rows: Iterable[Cells]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows(rows)
    return text.getvalue().encode()


def _names() -> list[str]:
    return [name for name, of in _said().items() if isinstance(of, dict) and "classes" in of]


@cache
def _said() -> dict[str, Any]:
    path = artefacts.folder("queries") / "export" / "tables.toml"
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise Misconfigured(f"{path}: {error}", "Correct the file, or install the package anew.") from error
