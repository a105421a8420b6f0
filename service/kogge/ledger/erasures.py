"""Level 4, ledger: a person's data removed on request, from old versions too; that it was done is kept.

What is removed are the statements whose subject or object is the person's IRI. Of the IRI itself, which often
is a name, the ledger keeps a hash: enough to answer that something was there (410), too little to say what.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from kogge.ledger.file import File, written

_LABELS: Final = (b"prefLabel> ", b"altLabel> ", b"name> ", b"familyName> ")
_SHORTEST: Final = 4  # letters of a name that is looked for in other texts


@dataclass(frozen=True)
class Erased:
    """What an erasure did: graphs that lost statements, and those whose texts name the person."""

    number: int
    graphs: tuple[str, ...]
    triples: int
    still_named: tuple[str, ...]


class Erasures:
    """The erasures in the ledger."""

    def __init__(self, file: File) -> None:
        self._file = file

    def erase(self, iri: str, who: str, at: datetime) -> Erased:
        """Removes what is said of a person, and by which things it is pointed to, from all that is kept.

        Bodies as they were sent become N-Triples without it. In one transaction; doing it again is allowed.
        """
        term = f"<{iri}>".encode()
        graphs: set[str] = set()
        names: set[str] = set()
        triples = 0
        with self._file.transaction():
            self._file.rows(
                "INSERT INTO erasure (sha256, at, who, open) VALUES (?, ?, ?, 1)",
                _hash(iri), written(at), who,
            )  # fmt: skip
            for number, graph, body in self._file.rows(
                "SELECT number, graph, body FROM version WHERE instr(body, ?)", term
            ):
                kept, dropped = _without(bytes(body), term)
                if dropped:
                    graphs.add(graph)
                    triples += len(dropped)
                    names |= _names(dropped, term)
                    self._file.rows(
                        "UPDATE version SET body = ?, sha256 = ?, erased = ? WHERE number = ?",
                        kept, hashlib.sha256(kept).hexdigest(), written(at), number,
                    )  # fmt: skip
            for contribution, turn, content in self._file.rows(
                "SELECT contribution, turn, content FROM sent WHERE instr(content, ?)", term
            ):
                kept, dropped = _without(bytes(content), term)
                if dropped:
                    triples += len(dropped)
                    names |= _names(dropped, term)
                    self._file.rows(
                        "UPDATE sent SET media = 'application/n-triples', body = ?, content = ?,"
                        " report = '[]' WHERE contribution = ? AND turn = ?",
                        kept, kept, contribution, turn,
                    )  # fmt: skip
            self._file.rows("UPDATE erasure SET open = 0 WHERE open")
        self._file.forget()
        return Erased(self.count, tuple(sorted(graphs)), triples, self._naming(names))

    @property
    def count(self) -> int:
        """How many there were; the number of the last one."""
        return int(self._file.rows("SELECT coalesce(max(number), 0) FROM erasure")[0][0])

    def gone(self, iri: str) -> bool:
        """Whether what was said of this thing was erased."""
        return self._file.one("SELECT 1 FROM erasure WHERE sha256 = ?", _hash(iri)) is not None

    def without(self, body: bytes) -> bytes:
        """A body in canonical N-Triples without the statements on anybody who was erased."""
        if not self._file.one("SELECT 1 FROM erasure"):
            return body
        terms = {term for line in body.splitlines() for term in (line.split(b" ", 1)[0], _object(line))}
        for term in terms:
            if term.startswith(b"<") and self.gone(term[1:-1].decode()):
                body, _ = _without(body, term)
        return body

    def _naming(self, names: set[str]) -> tuple[str, ...]:
        """The graphs whose newest version has one of these names in a text."""
        found = {
            graph
            for name in names
            for (graph,) in self._file.rows(
                "SELECT graph FROM version WHERE number IN (SELECT max(number) FROM version GROUP BY graph)"
                " AND instr(body, ?)",
                name.encode(),
            )
        }
        return tuple(sorted(found))


def _without(body: bytes, term: bytes) -> tuple[bytes, list[bytes]]:
    """The lines of canonical N-Triples that do not have the term as subject or object, and those that do."""
    lines = body.splitlines(keepends=True)
    dropped = [line for line in lines if line.startswith(term + b" ") or _object(line) == term]
    gone = set(dropped)
    return b"".join(line for line in lines if line not in gone), dropped


def _object(line: bytes) -> bytes:
    """What a line of canonical N-Triples says last; of a literal only the part behind its last blank."""
    return line.rstrip(b" .\n").rpartition(b" ")[2]


def _names(lines: list[bytes], term: bytes) -> set[str]:
    """What the person is called in the lines about it."""
    texts = {
        line.split(b'"')[1].decode()
        for line in lines
        if line.startswith(term + b" ") and b'"' in line and any(label in line for label in _LABELS)
    }
    return {text for text in texts if len(text) >= _SHORTEST}


def _hash(iri: str) -> str:
    return hashlib.sha256(iri.encode()).hexdigest()
