"""Level 5, contribution: a look at JSON before it is read as JSON-LD: how deep it is, what contexts it names.

A context that lies elsewhere is never fetched. Ours may be called by name: it is written out in its place.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache
from typing import Final

from pyoxigraph import Literal, NamedNode, Triple

from kogge import artefacts, names, syntax
from kogge.errors import KoggeError, Refused, TooLarge

CONTEXT: Final = names.BASE + "context.jsonld"
NAMES: Final = ("kogge", CONTEXT)  # what our context is called
RELATIVE: Final = "https://relative.invalid/"  # the base that shows which IRIs were relative

_TOKEN: Final = re.compile(rb'"(?:[^"\\]|\\.)*"|[\[\]{}:,]', re.DOTALL)
_SCHEME: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_NO_IRI: Final = re.compile(r'[\x00-\x20<>"{}|\\^`]')


@dataclass
class _Frame:
    """An object or an array that is open: the key whose value comes next; whether its texts name contexts."""

    brace: bool
    names_contexts: bool = False
    key: str | None = None


@dataclass
class Document:
    """What a look at JSON found: named contexts (start, end, name), identifiers (start, text); in bytes.

    What is doubtful is right as a text, but no IRI: where one is wanted, the parser leaves it out.
    """

    contexts: list[tuple[int, int, str]] = field(default_factory=list)
    ids: list[tuple[int, str]] = field(default_factory=list)
    doubtful: list[tuple[int, str]] = field(default_factory=list)


def expanded(body: bytes, document: Document, most: int, name: str) -> bytes:
    """The JSON with the names of our context replaced by it; lines stay lines.

    Raises TooLarge where that makes more than `most` bytes.
    """
    parts, end = [], 0
    for start, stop, _ in document.contexts:
        parts += [body[end:start], _ours()]
        end = stop
    if sum(map(len, parts)) + len(body) - end > most:
        raise TooLarge(f"{name} names our context too often.", "Name it once, at the top.")
    return b"".join([*parts, body[end:]])


def look(body: bytes, deepest: int, name: str = "") -> Document:
    """Where the JSON names contexts and identifiers. What is no JSON is left to the parser.

    Raises Refused with line and column for what is nested too deep, and for a context that lies elsewhere,
    which it names.
    """
    found = Document()
    stack: list[_Frame] = []
    for match in _TOKEN.finditer(body):
        token = match.group()
        top = stack[-1] if stack else None
        if token in b"{[":
            if len(stack) == deepest:
                raise syntax.refused(
                    body,
                    match.start(),
                    name,
                    f"nested more than {deepest} deep.",
                    "Name inner things by @id.",
                )
            named = top is not None and (top.key == "@context" if top.brace else top.names_contexts)
            stack.append(_Frame(token == b"{", named and token == b"["))
        elif token in b"}]":
            if stack:
                stack.pop()
        elif token == b",":
            if top:
                top.key = None
        elif token != b":" and top:
            _text(body, match, top, found, name)
    return found


def _text(body: bytes, match: re.Match[bytes], top: _Frame, found: Document, name: str) -> None:
    """Looks at one text: a key, the name of a context, an identifier, or anything else."""
    try:
        text = str(json.loads(match.group(), strict=False))
    except ValueError:
        return  # the parser will say so
    if top.brace and top.key is None:
        top.key = text
    elif top.key == "@import":
        raise _elsewhere(body, match.start(), text, name)
    elif top.key == "@context" or top.names_contexts:
        if text not in NAMES:
            raise _elsewhere(body, match.start(), text, name)
        found.contexts.append((match.start(), match.end(), text))
    elif top.key == "@id":
        if _NO_IRI.search(text) or not _is_iri(text):
            raise syntax.refused(
                body,
                match.start(),
                name,
                f"{match.group().decode()} is no IRI.",
                "Write what is not allowed in one as %XX.",
            )
        found.ids.append((match.start(), text))
    elif _SCHEME.match(text) and (_NO_IRI.search(text) or not _is_iri(text)):
        found.doubtful.append((match.start(), text))


def hold(body: bytes, document: Document, triples: Iterable[Triple], name: str) -> None:
    """Raises Refused for what the parser left out without a word, with line and column."""
    if not document.doubtful:
        return
    kept = {triple.object.value for triple in triples if isinstance(triple.object, Literal)}
    for start, text in document.doubtful:
        if text not in kept:
            raise syntax.refused(
                body,
                start,
                name,
                f"{json.dumps(text[:200])} is no IRI, or its key is not in the context.",
                "Write what is not allowed in an IRI as %XX, or map the key to a property.",
            )


def _is_iri(text: str) -> bool:
    """Whether an identifier can be an IRI; the parser would leave out a thing that has none."""
    if text.startswith(("@", "_:")) or ":" not in text.partition("/")[0]:
        return not text.startswith("//")
    try:
        return bool(NamedNode(text))
    except ValueError:
        return False


def _elsewhere(body: bytes, position: int, context: str, name: str) -> Refused:
    shown = json.dumps(context[:200])
    return syntax.refused(
        body,
        position,
        name,
        f"the context {shown} is not fetched.",
        f'Write the context into the document, or name ours: "{CONTEXT}".',
    )


@cache
def _ours() -> bytes:
    """Our context, on one line."""
    path = artefacts.folder("ontology") / "context.jsonld"
    try:
        context = json.loads(syntax.read_bytes(path))["@context"]
    except (ValueError, KeyError) as error:
        raise KoggeError(f"{path} cannot be used: {error}.", "Restore the file.") from error
    return json.dumps(context, ensure_ascii=False, separators=(",", ":")).encode()
