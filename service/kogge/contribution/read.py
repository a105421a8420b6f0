"""Level 5, contribution: bytes of a stranger → triples of one graph; the first step, and the most suspicious.

In this order: the type, the size, UTF-8, what would exhaust a parser (nesting, document types, contexts that
lie elsewhere), then Oxigraph's parser, which fetches nothing, under a count. What the terms themselves may
hold is the next step (`terms`). rdflib never sees these bytes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import pyoxigraph as ox
from pyoxigraph import RdfFormat, Triple

from kogge import media, syntax
from kogge.contribution import jsonld, rdfxml
from kogge.errors import Refused, TooLarge, Unreadable, UnsupportedType
from kogge.media import MediaType

GRAPHS: Final = (media.TURTLE, media.N_TRIPLES, media.JSON_LD, media.RDF_XML)

_FORMATS: Final = {wanted: syntax.FORMATS[wanted.suffix] for wanted in GRAPHS}
_SEVERAL: Final = (media.TRIG, media.N_QUADS)
# Marks of bytes that are no text in UTF-8: of compressed files, and of UTF-16 and UTF-32.
_COMPRESSED: Final = (b"\x1f\x8b", b"PK\x03\x04", b"BZh", b"\xfd7zXZ", b"\x28\xb5\x2f\xfd")
_WIDE: Final = re.compile(rb"\xff\xfe|\xfe\xff|\x00.|.\x00", re.DOTALL)
# Outside of texts, IRIs and comments: what opens and closes an inner thing.
_BRACKETS: Final = re.compile(
    syntax.QUOTED.encode() + rb'|<[^<>"\s]*>|#[^\n\r]*|(?P<open><<|\{\||[\[(])|(?P<close>>>|\|\}|[\])])',
    re.DOTALL,
)


@dataclass(frozen=True)
class Limits:
    """What one contribution may be: sizes in bytes of UTF-8, depths in levels.

    `content` is what its triples may take written out: prefixes make a small file a large graph.
    """

    body: int = 2_000_000
    content: int = 16_000_000
    triples: int = 50_000
    literal: int = 10_000
    iri: int = 2_000
    depth: int = 64
    json_depth: int = 32


LIMITS: Final = Limits()


def read(
    body: bytes, wanted: MediaType, limits: Limits = LIMITS, *, name: str = "The document"
) -> list[Triple]:
    """The triples of a document, in its order; its blank nodes are those of no other document.

    `name` is what errors call it.

    Raises UnsupportedType for another type, for formats with graphs, and for compressed bytes; TooLarge;
    Unreadable for a fault of syntax and Refused for what is not taken, both with line and column where the
    format has them.
    """
    chosen = _format(wanted)
    body = _text(body, limits, name).removeprefix(b"\xef\xbb\xbf")
    sent, document = body, None
    if wanted == media.JSON_LD:
        document = jsonld.look(body, limits.json_depth, name)
        body = jsonld.expanded(body, document, 2 * limits.body, name)
    elif wanted == media.RDF_XML:
        rdfxml.inspect(body, limits.depth, name)
    else:
        _inspect(body, limits.depth, name)
    # A relative IRI of JSON-LD would be left out without a word; of the others it is a fault of syntax.
    base = jsonld.RELATIVE if wanted == media.JSON_LD else None
    try:
        triples = list(_counted(body, chosen, base, limits))
    except SyntaxError as error:
        if "Named graphs are not allowed" in str(error):
            raise Refused(
                f"{name} has named graphs.", "Send one graph; its address names it, not the document."
            ) from error
        raise syntax.unreadable(error, body, chosen, name) from error
    except (RuntimeError, ValueError) as error:
        raise Unreadable(f"{name}: {error}") from error
    if document:
        jsonld.hold(sent, document, triples, name)
    return triples


def refuse_encoding(header: str | None) -> None:
    """Raises UnsupportedType for a Content-Encoding: what is sent is read as it is."""
    if header and header.strip().lower() != "identity":
        raise UnsupportedType(
            "A compressed body is not taken.", "Send it as it is, without Content-Encoding."
        )


def _format(wanted: MediaType) -> RdfFormat:
    if wanted in _SEVERAL:
        raise UnsupportedType(
            f"{wanted.name} has several graphs, and a contribution is one, which its address names.",
            "Send Turtle, N-Triples, JSON-LD or RDF/XML.",
        )
    if wanted not in _FORMATS:
        raise UnsupportedType(
            f"{wanted.name} is not a format of contributions.",
            f"Send one of: {', '.join(known.type for known in GRAPHS)}.",
        )
    return _FORMATS[wanted]


def _text(body: bytes, limits: Limits, name: str) -> bytes:
    """The body, if it is UTF-8 and not too long."""
    if len(body) > limits.body:
        raise TooLarge(f"{name} is longer than {limits.body:,} bytes.", "Divide it into several graphs.")
    if body.startswith(_COMPRESSED):
        raise UnsupportedType(f"{name} is compressed.", "Send it as it is, unpacked.")
    if _WIDE.match(body):
        raise Refused(f"{name} is not in UTF-8 but, it seems, in UTF-16.", "Save the file as UTF-8.")
    try:
        body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise syntax.at(body, error.start, name, "this is not UTF-8.", "Save the file as UTF-8.") from error
    return body


def _inspect(body: bytes, deepest: int, name: str) -> None:
    """Refuses Turtle and N-Triples that are nested too deep; what is inside of triple terms counts too."""
    if sum(body.count(mark) for mark in (b"[", b"(", b"<<", b"{|")) <= deepest:
        return
    depth = 0
    for match in _BRACKETS.finditer(body):
        if match["open"]:
            depth += 1
            if depth > deepest:
                raise syntax.refused(
                    body, match.start(), name, f"nested more than {deepest} deep.", "Give inner things IRIs."
                )
        elif match["close"]:
            depth = max(0, depth - 1)


def _counted(body: bytes, chosen: RdfFormat, base: str | None, limits: Limits) -> Iterator[Triple]:
    """The triples one by one. Raises TooLarge as soon as they are too many, or too long together."""
    quads = ox.parse(body, chosen, base_iri=base, without_named_graphs=True, rename_blank_nodes=True)
    size = 0
    for count, quad in enumerate(quads, 1):
        size += len(str(quad.subject)) + len(quad.predicate.value) + len(str(quad.object))
        if count > limits.triples or size > limits.content:
            cap = (
                f"{limits.triples:,} triples" if count > limits.triples else f"{limits.content:,} characters"
            )
            raise TooLarge(f"The document says more than {cap}.", "Divide it into several graphs.")
        yield quad.triple
