"""Level 5, contribution: where in a document a statement stands, for the findings about it.

Turtle and N-Triples are gone through token by token; in RDF/XML and JSON-LD the place of a thing is where it
is named. Only documents that were read already come here, so what a place needs is no second parser.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urljoin

from kogge import media, names, syntax
from kogge.contribution import jsonld, rdfxml
from kogge.contribution.read import LIMITS
from kogge.media import MediaType
from kogge.rules import Where

NOWHERE: Final = Where()
_TOKEN: Final = re.compile(
    r"(?P<comment>#[^\n\r]*)"
    rf"|(?P<text>{syntax.QUOTED})"
    r"|(?P<open><<\(?|\{\||[\[(])|(?P<close>\)?>>|\|\}|[\])])"
    r"|(?P<iri><[^<>\s]*>)"
    r"|(?P<suffix>@[A-Za-z][A-Za-z0-9-]*|\^\^)"
    r"|(?P<mark>[;,.](?![0-9]))"
    r"|(?P<name>(?:\\.|[^\s<>\"'#;,\[\](){}^@\\])+)",
    re.DOTALL,
)
_ESCAPE: Final = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|(.))", re.DOTALL)
_LETTERS: Final = {"t": "\t", "b": "\b", "n": "\n", "r": "\r", "f": "\f"}


@dataclass
class Places:
    """Line and column of things, of their properties, and of the values of these, as far as known."""

    things: dict[str, Where] = field(default_factory=dict)
    statements: dict[tuple[str, str], Where] = field(default_factory=dict)
    values: dict[tuple[str, str, str], Where] = field(default_factory=dict)
    blank: Where = NOWHERE

    def at(self, subject: str, predicates: Iterable[str] = (), value: str | None = None) -> Where:
        """The most exact place there is: of the value, else of the property, else of the thing."""
        if subject.startswith("_:"):
            return self.blank
        some = tuple(predicates)
        for predicate in some:
            if value is not None and (place := self.values.get((subject, predicate, value))):
                return place
        for predicate in some:
            if place := self.statements.get((subject, predicate)):
                return place
        return self.things.get(subject, NOWHERE)


def of_cells(cells: Mapping[tuple[str, str], Where]) -> Places:
    """The places of a table: (thing, property) → cell."""
    places = Places(statements=dict(cells))
    for (subject, _), where in cells.items():
        places.things.setdefault(subject, Where(sheet=where.sheet, row=where.row))
    return places


def places(body: bytes, wanted: MediaType) -> Places:
    """The places in a document that was read."""
    body = body.removeprefix(b"\xef\xbb\xbf")
    if wanted == media.RDF_XML:
        found = rdfxml.inspect(body, LIMITS.depth)
        return Places({iri: Where(line, column) for iri, (line, column) in found.items()})
    text = body.decode("utf-8")
    if wanted == media.JSON_LD:
        return _of_json(body, text)
    walk = _Walk(text)
    walk.go()
    return walk.places


def _of_json(body: bytes, text: str) -> Places:
    lines = _Lines(text)
    found: dict[str, Where] = {}
    for start, name in jsonld.look(body, LIMITS.json_depth).ids:
        place = lines.where(len(body[:start].decode("utf-8")))
        found.setdefault(names.ID + name[3:] if name.startswith("id:") else name, place)
    return Places(found)


class _Lines:
    """Turns positions in a text into lines and columns, which count from 1."""

    def __init__(self, text: str) -> None:
        self._starts = [0, *(match.end() for match in re.finditer("\n", text))]

    def where(self, position: int) -> Where:
        line = bisect_right(self._starts, position)
        return Where(line=line, column=position - self._starts[line - 1] + 1)


class _Walk:
    """Goes through Turtle, knowing which subject and which property it is at."""

    def __init__(self, text: str) -> None:
        self.places = Places()
        self._text = text
        self._lines = _Lines(text)
        self._prefixes: dict[str, str] = {}
        self._base = ""
        self._said: list[str] = []  # the subject, and the property, of the statement that is being made
        self._depth = 0

    def go(self) -> None:
        tokens = _TOKEN.finditer(self._text)
        for match in tokens:
            kind, token = match.lastgroup, match.group()
            if kind == "comment":
                continue
            if kind == "open":
                self._blank(match)
                self._depth += 1
            elif kind == "close":
                self._depth = max(0, self._depth - 1)
                if not self._depth:
                    self._term("_:", match)
            elif self._depth:
                continue
            elif kind == "mark":
                self._mark(token)
            elif not self._said and token.lower() in (
                "@prefix",
                "prefix",
                "@base",
                "base",
                "version",
                "@version",
            ):
                self._declare(token.lower().lstrip("@"), tokens)
            elif kind in ("iri", "name", "text"):
                self._one(kind, token, match)

    def _one(self, kind: str, token: str, match: re.Match[str]) -> None:
        ends = 0
        if kind == "name":
            bare = token.rstrip(".")
            ends = len(token) - len(bare)
            token = bare
            if token.startswith("_:"):
                self._blank(match)
        if token:
            self._term(self._read(kind, token), match)
        if ends:
            self._mark(".")

    def _read(self, kind: str, token: str) -> str:
        """The IRI or the text that a token stands for."""
        if kind == "iri":
            iri = _unescaped(token[1:-1])
            return urljoin(self._base, iri) if self._base else iri
        if kind == "text":
            quotes = 3 if token[:3] in ('"""', "'''") and len(token) >= 6 else 1
            return _unescaped(token[quotes:-quotes])
        prefix, colon, local = token.partition(":")
        if token == "a":
            return names.RDF + "type"
        return self._prefixes.get(prefix, prefix + colon) + _unescaped(local) if colon else token

    def _term(self, term: str, match: re.Match[str]) -> None:
        where = self._lines.where(match.start())
        if not self._said:
            self.places.things.setdefault(term, where)
            self._said = [term]
        elif len(self._said) == 1:
            self._said.append(term)
            self.places.statements.setdefault((self._said[0], term), where)
        else:
            self.places.values.setdefault((self._said[0], self._said[1], term), where)

    def _mark(self, mark: str) -> None:
        if mark == ".":
            self._said = []
        elif mark == ";":
            self._said = self._said[:1]

    def _blank(self, match: re.Match[str]) -> None:
        if self.places.blank == NOWHERE:
            self.places.blank = self._lines.where(match.start())

    def _declare(self, what: str, tokens: Iterator[re.Match[str]]) -> None:
        """Reads on over a declaration of a prefix, a base or a version."""
        name = ""
        for match in tokens:
            if match.lastgroup == "name":
                name = match.group()
            elif match.lastgroup == "iri":
                iri = _unescaped(match.group()[1:-1])
                if what == "base":
                    self._base = urljoin(self._base, iri)
                else:
                    self._prefixes[name.partition(":")[0]] = urljoin(self._base, iri) if self._base else iri
            if match.lastgroup in ("iri", "text"):
                return


def _unescaped(text: str) -> str:
    def one(match: re.Match[str]) -> str:
        code = match[1] or match[2]
        return chr(int(code, 16)) if code else _LETTERS.get(match[3], match[3])

    return _ESCAPE.sub(one, text) if "\\" in text else text
