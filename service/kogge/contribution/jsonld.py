"""Level 5, contribution: a look at JSON before it is read as JSON-LD: how deep it is, what contexts it names.

A context that lies elsewhere is never fetched. Ours may be called by name: it is written out in its place.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from functools import cache
from typing import Final

from pyoxigraph import NamedNode

from kogge import artefacts, names, syntax
from kogge.errors import KoggeError, Refused, TooLarge

CONTEXT: Final = names.BASE + "context.jsonld"
NAMES: Final = ("kogge", CONTEXT)  # what our context is called
RELATIVE: Final = "https://relative.invalid/"  # the base that shows which IRIs were relative

_TOKEN: Final = re.compile(rb'"(?:[^"\\]|\\.)*"|[\[\]{}:,]', re.DOTALL)
_NO_IRI: Final = re.compile(r'[\x00-\x20<>"{}|\\^`]')


@dataclass
class _Frame:
    """An object or an array that is open: the key whose value comes next; whether its texts name contexts."""

    brace: bool
    names_contexts: bool = False
    key: str | None = None


@dataclass
class Document:
    """What a look at JSON found: named contexts (start, end, name), identifiers (start, text); in bytes."""

    contexts: list[tuple[int, int, str]] = field(default_factory=list)
    ids: list[tuple[int, str]] = field(default_factory=list)


def prepare(body: bytes, deepest: int, most: int, name: str) -> bytes:
    """The JSON with the names of our context replaced by it, at most `most` bytes; lines stay lines.

    Raises Refused with line and column for what is nested too deep, and for a context that lies elsewhere,
    which it names; TooLarge. What is no JSON is left to the parser.
    """
    parts, end = [], 0
    for start, stop, _ in look(body, deepest, name).contexts:
        parts += [body[end:start], _ours()]
        end = stop
    if sum(map(len, parts)) + len(body) - end > most:
        raise TooLarge(f"{name} names our context too often.", "Name it once, at the top.")
    return b"".join([*parts, body[end:]])


def look(body: bytes, deepest: int, name: str = "") -> Document:
    """Where the JSON names contexts and identifiers. Raises Refused as `prepare`."""
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
