"""Level 3, syntax: bytes → triples, the first step of all that comes in; and their canonical N-Triples.

Parsing uses no network and no other file: remote JSON-LD contexts, XML entities and named graphs are refused.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Final, TypeAlias
from xml.parsers import expat

import pyoxigraph as ox
from pyoxigraph import BlankNode, Literal, NamedNode, Quad, RdfFormat, Triple

from kogge import artefacts, names
from kogge.errors import (
    Misconfigured,
    NotFound,
    Refused,
    TooLarge,
    Unreadable,
    UnsupportedType,
)

_Subject: TypeAlias = NamedNode | BlankNode | Triple
_TYPE: Final = NamedNode(names.RDF + "type")

# The kinds of things. In Turtle each has a prefix of its own: `id:municipality/kiel` is no prefixed name.
# fmt: off
KINDS: Final = (
    "agreement", "alliance", "contact", "district", "document", "event", "expertise", "funding", "goal",
    "instant", "interval", "mention", "membership", "municipality", "need", "organisation", "person",
    "programme", "project", "province", "recognition", "region", "signature", "state", "statement",
    "strategy", "undertaking",
)
# fmt: on
FORMATS: Final = {
    "ttl": RdfFormat.TURTLE,
    "nt": RdfFormat.N_TRIPLES,
    "jsonld": RdfFormat.JSON_LD,
    "rdf": RdfFormat.RDF_XML,
    "trig": RdfFormat.TRIG,
    "nq": RdfFormat.N_QUADS,
}
MAX_BYTES: Final = 16 * 1024 * 1024
MAX_JSON_DEPTH: Final = 32
MAX_TRIPLE_TERMS: Final = 1000
_TOLD_EVERY: Final = 10_000

_POSITION: Final = re.compile(
    r"^Parser error at line \d+ (?:column \d+|between columns? .*?|.*?): (?=\S)", re.DOTALL
)
_JSON_NESTING: Final = re.compile(rb'"(?:[^"\\]|\\.)*"|[\[{]|[\]}]', re.DOTALL)
# The texts of Turtle (1.1, section 2.5.1), in which nothing else begins; to be read with re.DOTALL.
QUOTED: Final = (
    r'"""(?:"{0,2}(?:[^"\\]|\\.))*"""'
    r"|'''(?:'{0,2}(?:[^'\\]|\\.))*'''"
    r'|"(?:[^"\\\n]|\\.)*"'
    r"|'(?:[^'\\\n]|\\.)*'"
)


def format_of(name: str) -> RdfFormat:
    """The RDF format of a file name (`kiel.ttl`), a suffix (`ttl`) or a media type (`text/turtle`).

    Raises UnsupportedType, naming the formats that are taken.
    """
    if "/" in name and (by_type := RdfFormat.from_media_type(name)) and by_type in FORMATS.values():
        return by_type
    suffix = name.rpartition(".")[2].lower()
    suffix = {"json": "jsonld", "xml": "rdf", "owl": "rdf", "turtle": "ttl"}.get(suffix, suffix)
    if suffix not in FORMATS:
        raise UnsupportedType(
            f"'{name}' is in no format that can be read.",
            "Give Turtle (.ttl), N-Triples (.nt), JSON-LD (.jsonld), RDF/XML (.rdf), TriG or N-Quads.",
        )
    return FORMATS[suffix]


def parse(
    data: bytes, format: str | RdfFormat, *, name: str = "document", keep_labels: bool = False
) -> list[Triple]:
    """The triples of one graph, in the order of the document.

    `format` is an RdfFormat or anything `format_of` takes; `name` is what errors call the document. Blank
    nodes get new labels, so that two documents never share one by accident, unless `keep_labels`.
    Raises Unreadable (with line and column where the format has them), TooLarge, UnsupportedType.
    """
    chosen = format_of(format) if isinstance(format, str) else format
    data = data.removeprefix(b"\xef\xbb\xbf")
    _refuse(data, chosen, name)
    try:
        quads = ox.parse(data, chosen, without_named_graphs=True, rename_blank_nodes=not keep_labels)
        return [Triple(quad.subject, quad.predicate, quad.object) for quad in quads]
    except SyntaxError as error:
        raise unreadable(error, data, chosen, name) from error
    except (RuntimeError, ValueError, MemoryError) as error:
        raise Unreadable(f"{name}: {error}") from error


def read_file(path: Path, *, keep_labels: bool = False) -> list[Triple]:
    """The triples of a file, its format taken from its suffix. Raises NotFound, and as `parse` does."""
    return parse(read_bytes(path), format_of(path.name), name=str(path), keep_labels=keep_labels)


def stream_file(path: Path, told: Callable[[int, int], None] = lambda _read, _of: None) -> Iterator[Quad]:
    """The statements of a file of ours of any size, one by one: Turtle, N-Triples, TriG or N-Quads.

    `told` hears how many bytes of how many have been read. Raises NotFound, Unreadable, UnsupportedType.
    """
    chosen = format_of(path.name)
    if chosen in (RdfFormat.JSON_LD, RdfFormat.RDF_XML):
        raise TooLarge(f"'{path}' is too large for its format.", "Give N-Triples (.nt) or Turtle (.ttl).")
    try:
        of = path.stat().st_size
        with path.open("rb") as file:
            file.seek(3 if file.read(3) == b"\xef\xbb\xbf" else 0)
            for count, quad in enumerate(ox.parse(file, chosen, rename_blank_nodes=True)):
                if count % _TOLD_EVERY == 0:
                    told(file.tell(), of)
                yield quad
            told(of, of)
    except FileNotFoundError as error:
        raise NotFound(f"There is no file '{path}'.", "Check the name and the folder.") from error
    except SyntaxError as error:
        raise unreadable(error, b"", chosen, str(path)) from error
    except OSError as error:
        raise Unreadable(f"The file '{path}' cannot be read: {error.strerror or error}.") from error


def read_bytes(path: Path) -> bytes:
    """The content of a file. Raises NotFound or Unreadable with a sentence instead of an OSError."""
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        raise NotFound(f"There is no file '{path}'.", "Check the name and the folder.") from error
    except OSError as error:
        raise Unreadable(f"The file '{path}' cannot be read: {error.strerror}.") from error


@cache
def prefixes() -> dict[str, str]:
    """Prefix → namespace: those of `ontology/prefixes.ttl` and one per kind. Raises Misconfigured."""
    path = artefacts.folder("ontology") / "prefixes.ttl"
    said: dict[object, dict[str, str]] = defaultdict(dict)
    for triple in read_file(path):
        if isinstance(triple.object, Literal) and triple.predicate.value.startswith(names.SH):
            said[triple.subject][triple.predicate.value.removeprefix(names.SH)] = triple.object.value
    try:
        declared = {entry["prefix"]: entry["namespace"] for entry in said.values()}
    except KeyError as error:
        raise Misconfigured(f"{path}: a declaration lacks sh:{error.args[0]}.") from error
    return declared | {kind: names.thing(kind, "") for kind in KINDS}


def prefixes_of(triples: Collection[Triple]) -> dict[str, str]:
    """Those of our prefixes whose namespace a predicate or a class of the triples lies in."""
    iris = {triple.predicate.value for triple in triples}
    iris |= {t.object.value for t in triples if t.predicate == _TYPE and isinstance(t.object, NamedNode)}
    used = {namespace_of(iri) for iri in iris}
    return {prefix: namespace for prefix, namespace in prefixes().items() if namespace in used}


def canonical(triples: Iterable[Triple]) -> bytes:
    """The triples as N-Triples in canonical form, sorted by line: what the ledger keeps and hashes."""
    serialised = ox.serialize(set(triples), format=RdfFormat.N_TRIPLES) or b""
    return b"".join(sorted(serialised.splitlines(keepends=True)))


def has_blank_nodes(triples: Iterable[Triple]) -> bool:
    """Whether a subject or an object is a blank node."""
    return any(isinstance(term, BlankNode) for triple in triples for term in (triple.subject, triple.object))


def namespace_of(iri: str) -> str:
    """An IRI up to its last `/` or `#`, that included."""
    return iri[: max(iri.rfind("/"), iri.rfind("#")) + 1]


def _refuse(data: bytes, format: RdfFormat, name: str) -> None:
    """Refuses what the parsers must not see: they would exhaust the memory or the stack, or misread it."""
    if len(data) > MAX_BYTES:
        raise TooLarge(
            f"{name} is larger than {MAX_BYTES // 1024 // 1024} MB.", "Divide it into several graphs."
        )
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise at(data, error.start, name, "this is not UTF-8.", "Save the file as UTF-8.") from error
    if format == RdfFormat.RDF_XML and (found := data.find(b"<!DOCTYPE")) >= 0:
        raise at(
            data, found, name, "a document type is not taken.", "Remove <!DOCTYPE …>, write entities out."
        )
    if format == RdfFormat.JSON_LD and _depth(data) > MAX_JSON_DEPTH:
        raise Unreadable(
            f"{name}: nested more than {MAX_JSON_DEPTH} deep.", "Name the inner things by @id instead."
        )
    if format not in (RdfFormat.RDF_XML, RdfFormat.JSON_LD) and data.count(b"<<") > MAX_TRIPLE_TERMS:
        raise Unreadable(
            f"{name}: more than {MAX_TRIPLE_TERMS} triple terms.", "State the triples themselves."
        )


def at(data: bytes, position: int, name: str, reason: str, advice: str) -> Unreadable:
    """The error for a byte position; line and column count from 1, the column in characters."""
    before = data[:position]
    line = before.count(b"\n") + 1
    column = len(before[before.rfind(b"\n") + 1 :].decode("utf-8", "replace")) + 1
    return Unreadable(f"{name}, line {line}, column {column}: {reason}", advice, line=line, column=column)


def refused(data: bytes, position: int, name: str, reason: str, advice: str) -> Refused:
    """The refusal of what stands at a byte position; line and column count from 1."""
    place = at(data, position, name, reason, advice)
    return Refused(place.message, advice, line=place.line, column=place.column)


def _depth(data: bytes) -> int:
    depth = deepest = 0
    for match in _JSON_NESTING.finditer(data):
        token = match.group()
        if token in (b"{", b"["):
            depth += 1
            deepest = max(deepest, depth)
        elif token in (b"}", b"]"):
            depth -= 1
    return deepest


def unreadable(error: SyntaxError, data: bytes, format: RdfFormat, name: str) -> Unreadable:
    """What an exception of the parser means for the one who wrote the document."""
    message = str(error.msg)
    line, column = error.lineno, error.offset
    if format == RdfFormat.RDF_XML and line is None:
        line, column = _xml_fault(data)
    reason = _POSITION.sub("", message)
    advice = ""
    if "LoadDocumentCallback" in reason:
        reason, advice = "a remote context is not fetched", "Write the context into the document."
    elif "Named graphs are not allowed" in reason:
        reason, advice = "it has named graphs", "Give the statements of one graph only."
    where = f", line {line}, column {column}" if line else ""
    return Unreadable(f"{name}{where}: {reason.rstrip('.')}.", advice, line=line, column=column)


def _xml_fault(data: bytes) -> tuple[int | None, int | None]:
    """Where an XML text stops being well-formed; the RDF/XML parser does not say."""
    try:
        expat.ParserCreate("UTF-8").Parse(data, True)
    except expat.ExpatError as error:
        return error.lineno, error.offset + 1
    return None, None
