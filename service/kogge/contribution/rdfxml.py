"""Level 5, contribution: a look at XML before it is read as RDF/XML: no document type, not too deep."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final
from xml.parsers import expat

from kogge import names, syntax
from kogge.errors import Refused, Unreadable

_DOCTYPE: Final = re.compile(rb"<!(?:DOCTYPE|ENTITY)", re.IGNORECASE)
_ENCODING: Final = re.compile(rb"""^\s*<\?xml[^>]*?\sencoding\s*=\s*["']?([A-Za-z0-9._-]+)""")
_UTF_7: Final = re.compile(rb"\s*\+[A-Za-z0-9/]")
_ABOUT: Final = names.RDF + " about"


@dataclass
class _Walk:
    """Goes through the elements: how deep it is, and where things are named (IRI → line, column)."""

    parser: expat.XMLParserType
    deepest: int
    name: str
    depth: int = 0
    things: dict[str, tuple[int, int]] = field(default_factory=dict)

    def start(self, _: str, attributes: dict[str, str]) -> None:
        self.depth += 1
        line, column = self.parser.CurrentLineNumber, self.parser.CurrentColumnNumber + 1
        if self.depth > self.deepest:
            reason = f"nested more than {self.deepest} deep."
            raise _refused(self.name, reason, "Name inner things by rdf:resource.", line, column)
        if about := attributes.get(_ABOUT):
            self.things.setdefault(about, (line, column))

    def end(self, _: str) -> None:
        self.depth -= 1


def inspect(body: bytes, deepest: int, name: str = "") -> dict[str, tuple[int, int]]:
    """Where things are named in the document: IRI → line and column.

    Raises Refused for a document type, another encoding and what is nested too deep; Unreadable with line and
    column for what is not well-formed.
    """
    if found := _DOCTYPE.search(body):
        advice = "Remove <!DOCTYPE …>, write entities out."
        raise syntax.refused(body, found.start(), name, "a document type is not taken.", advice)
    declared = _ENCODING.match(body)
    if (declared and declared[1].lower() not in (b"utf-8", b"us-ascii")) or _UTF_7.match(body):
        raise _refused(name, "it is in another encoding than UTF-8.", "Save the file as UTF-8.", 1, 1)
    parser = expat.ParserCreate("UTF-8", " ")
    walk = _Walk(parser, deepest, name)
    parser.StartElementHandler, parser.EndElementHandler = walk.start, walk.end
    try:
        parser.Parse(body, True)
    except expat.ExpatError as error:
        line, column, reason = error.lineno, error.offset + 1, expat.ErrorString(error.code)
        raise Unreadable(
            f"{name}, line {line}, column {column}: {reason}.", line=line, column=column
        ) from error
    return walk.things


def _refused(name: str, reason: str, advice: str, line: int, column: int) -> Refused:
    return Refused(f"{name}, line {line}, column {column}: {reason}", advice, line=line, column=column)
