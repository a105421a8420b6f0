"""Level 5, versions: in what two versions of a graph differ, and what becomes of one that is confirmed."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from pyoxigraph import Literal, NamedNode, RdfFormat, Triple

from kogge import names, syntax, turtle
from kogge.errors import NotFound
from kogge.media import MediaType
from kogge.store import evaluate

_TIMES = ("instant", "interval")  # nobody confirms a point in time
_REVIEWED = NamedNode(names.KOGGE + "reviewedOn")


@dataclass(frozen=True)
class Difference:
    """What was added and removed from one version to another (None: not a version yet), as Turtle."""

    graph: str
    first: int
    second: int | None
    added: str
    removed: str
    counts: tuple[int, int]

    def as_json(self) -> dict[str, object]:
        """The members under which it is sent."""
        return {
            "graph": self.graph,
            "from": self.first,
            "to": self.second,
            "added": self.added,
            "removed": self.removed,
            "triples": {"added": self.counts[0], "removed": self.counts[1]},
        }


def difference(graph: str, first: int, second: int | None, old: bytes, new: bytes) -> Difference:
    """The difference of two contents in canonical N-Triples."""
    before, after = set(old.splitlines(keepends=True)), set(new.splitlines(keepends=True))
    added, removed = after - before, before - after
    return Difference(graph, first, second, _turtle(added), _turtle(removed), (len(added), len(removed)))


def reviewed(body: bytes, graph: str, things: Sequence[str], day: date) -> bytes:
    """A content in which these things (none: all of ours) were confirmed on a day, as `kogge:reviewedOn`.

    Raises NotFound for a thing of which it says nothing.
    """
    triples = syntax.parse(body, RdfFormat.N_TRIPLES)
    said = {t.subject.value for t in triples if isinstance(t.subject, NamedNode)}
    for thing in things:
        if thing not in said:
            raise NotFound(
                f"The graph '{graph}' says nothing of '{thing}'.", "Name a thing that it speaks of."
            )
    own = [iri for iri in said if names.kind_of(iri) not in _TIMES and iri.startswith(names.ID)]
    wanted = {NamedNode(iri) for iri in things or own}
    kept = [t for t in triples if not (t.predicate == _REVIEWED and t.subject in wanted)]
    today = Literal(day.isoformat(), datatype=NamedNode(names.XSD + "date"))
    return syntax.canonical([*kept, *(Triple(thing, _REVIEWED, today) for thing in wanted)])


def written(body: bytes, wanted: MediaType) -> bytes:
    """A content in canonical N-Triples, written in one of `media.GRAPHS`."""
    file = io.BytesIO()
    evaluate.write(syntax.parse(body, RdfFormat.N_TRIPLES, keep_labels=True), wanted, file)
    return file.getvalue()


def sha256(body: bytes) -> str:
    """The hash by which equal contents are known."""
    return hashlib.sha256(body).hexdigest()


def _turtle(lines: set[bytes]) -> str:
    return turtle.write(syntax.parse(b"".join(lines), RdfFormat.N_TRIPLES, keep_labels=True))
