"""Level 3, turtle: triples → the one canonical Turtle, and files in it."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Final, TypeAlias

from pyoxigraph import BlankNode, Literal, NamedNode, RdfFormat, Triple

from kogge import names
from kogge.errors import Unprocessable, UnsupportedType
from kogge.syntax import QUOTED, format_of, has_blank_nodes, namespace_of, parse, prefixes, read_bytes

_Subject: TypeAlias = NamedNode | BlankNode | Triple
_TYPE: Final = NamedNode(names.RDF + "type")
_LOCAL: Final = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_-]*[A-Za-z0-9_])?")
_SHORT: Final = {  # literals that Turtle writes without quotes (Turtle 1.1, section 2.5.2)
    names.XSD + "boolean": re.compile(r"true|false"),
    names.XSD + "integer": re.compile(r"[+-]?[0-9]+"),
    names.XSD + "decimal": re.compile(r"[+-]?[0-9]*\.[0-9]+"),
}
# What a `#` can stand in without beginning a comment: texts and IRIs; the last branch is a comment.
_COMMENTS: Final = re.compile(rf'{QUOTED}|<[^<>"\s]*>|(?P<comment>#)', re.DOTALL)


def write(triples: Iterable[Triple], *, comment: str = "") -> str:
    """Turtle in one canonical order, so that equal graphs are equal files and a difference is readable.

    Prefixes that are used, by name; then the subjects: the graph's own header first, the others by IRI. In a
    subject `a` comes first, then the predicates by written name, one per line; objects are sorted. `comment`
    (lines that begin with `#`) stays on top. Reading the text gives the same triples again.
    """
    writer = _Writer()
    subjects: dict[_Subject, dict[NamedNode, set[object]]] = defaultdict(lambda: defaultdict(set))
    for triple in triples:
        subjects[triple.subject][triple.predicate].add(triple.object)
    blocks = [writer.subject(subject, subjects[subject]) for subject in sorted(subjects, key=_subject_order)]
    declared = (f"@prefix {prefix}: <{prefixes()[prefix]}> ." for prefix in sorted(writer.used))
    top = "\n".join(filter(str.strip, (comment.rstrip("\n"), *declared)))
    text = "\n\n".join(filter(None, (top, *blocks)))
    return text + "\n" if text else ""


def format_file(path: Path, *, drop_comments: bool = False) -> bool:
    """Rewrites a Turtle file in canonical order; True if that changed it.

    The comment lines above the prefixes stay. Raises Unprocessable where the order cannot keep what the file
    has: a comment further down (unless `drop_comments`), or a blank node; UnsupportedType for another format.
    """
    if format_of(path.name) != RdfFormat.TURTLE:
        raise UnsupportedType(
            f"'{path}' is not a Turtle file.", "Only files ending in .ttl have a canonical order."
        )
    before = read_bytes(path)
    triples = parse(before, RdfFormat.TURTLE, name=str(path), keep_labels=True)
    if has_blank_nodes(triples):
        raise Unprocessable(
            f"'{path}' has a blank node.", "Give every thing an IRI; then its order is certain."
        )
    text = before.decode("utf-8-sig").replace("\r\n", "\n")
    comment, rest = _split_comment(text)
    if not drop_comments and (line := _first_comment(rest)):
        line += text.count("\n") - rest.count("\n")
        raise Unprocessable(
            f"'{path}' has a comment below the top, in line {line}.",
            "Move it to the top of the file, into a dcterms:description, or call with --drop-comments.",
        )
    after = write(triples, comment=comment).encode()
    if after == before:
        return False
    path.write_bytes(after)
    return True


def short(term: NamedNode | BlankNode | Literal) -> str:
    """A term in Turtle, with our prefixes where they fit."""
    return _Writer().term(term)


class _Writer:
    """Writes terms, remembering which prefixes it used."""

    def __init__(self) -> None:
        self.used: set[str] = set()
        self._by_namespace = _prefix_of()
        self._written: dict[str, str] = {}  # IRI → as it is written: most come many times

    def subject(self, subject: _Subject, said: dict[NamedNode, set[object]]) -> str:
        verbs = {"a" if predicate == _TYPE else self.term(predicate): said[predicate] for predicate in said}
        lines = [
            f"{verb} {', '.join(self.term(term) for term in sorted(verbs[verb], key=self._object_order))}"
            for verb in sorted(verbs, key=lambda verb: (verb != "a", verb))
        ]
        return f"{self.term(subject)} " + " ;\n    ".join(lines) + " ."

    def term(self, term: object) -> str:
        """A term in Turtle, as short as it can be without changing it."""
        if isinstance(term, NamedNode):
            return self._iri(term.value)
        if isinstance(term, Literal):
            return self._literal(term)
        if isinstance(term, Triple):
            return f"<<( {self.term(term.subject)} {self.term(term.predicate)} {self.term(term.object)} )>>"
        return str(term)

    def _iri(self, iri: str) -> str:
        if (written := self._written.get(iri)) is None:
            written = self._written[iri] = self._short(iri)
        return written

    def _short(self, iri: str) -> str:
        namespace = namespace_of(iri)
        local = iri[len(namespace) :]
        prefix = self._by_namespace.get(namespace)
        if prefix is None or not _LOCAL.fullmatch(local):
            return f"<{iri}>"
        self.used.add(prefix)
        return f"{prefix}:{local}"

    def _literal(self, literal: Literal) -> str:
        datatype = literal.datatype.value
        if datatype == names.XSD + "string" or literal.language:
            return str(literal)
        if (short := _SHORT.get(datatype)) and short.fullmatch(literal.value):
            return literal.value
        return f"{Literal(literal.value)}^^{self._iri(datatype)}"

    def _object_order(self, term: object) -> tuple[int, str, str]:
        if isinstance(term, Literal):
            return (1, term.language or "", term.value + "\0" + term.datatype.value)
        return (0, "", self.term(term))


@cache
def _prefix_of() -> dict[str, str]:
    """Namespace → prefix."""
    return {namespace: prefix for prefix, namespace in prefixes().items()}


def _subject_order(subject: _Subject) -> tuple[bool, bool, str]:
    iri = subject.value if isinstance(subject, NamedNode) else ""
    return (not iri, not iri.startswith(names.GRAPH), iri or str(subject))


def _split_comment(text: str) -> tuple[str, str]:
    """The comment lines at the top of a Turtle text, and what follows them."""
    lines = text.splitlines(keepends=True)
    count = 0
    while count < len(lines) and (lines[count].startswith("#") or not lines[count].strip()):
        count += 1
    return "".join(lines[:count]).rstrip("\n"), "".join(lines[count:])


def _first_comment(text: str) -> int:
    """The number of the line of the first comment in a Turtle text, or 0."""
    for match in _COMMENTS.finditer(text):
        if match["comment"]:
            return text.count("\n", 0, match.start()) + 1
    return 0
