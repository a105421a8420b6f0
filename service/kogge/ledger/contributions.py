"""Level 4, ledger: every contribution with what was sent, what was found in it, and each step that it took.

staged → returned → staged … → rejected | withdrawn | published
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal, TypeAlias

from kogge import names
from kogge.errors import Conflict, NotFound
from kogge.ledger.file import File, written
from kogge.ledger.partners import Caller

State: TypeAlias = Literal["staged", "returned", "rejected", "withdrawn", "published"]

# From which states one comes to another; to `staged` from nothing, or anew after it was returned.
BEFORE: Final[dict[State, tuple[State, ...]]] = {
    "staged": ("returned",),
    "returned": ("staged",),
    "rejected": ("staged",),
    "withdrawn": ("staged", "returned"),
    "published": ("staged",),
}
_SELECT: Final = """
SELECT c.number, c.graph, c.partner, coalesce((
           SELECT who FROM step WHERE contribution = c.number AND what = 'staged' ORDER BY rowid DESC LIMIT 1
       ), c.person), s.at, c.state, s.media, s.sha256, s.base, s.note, c.version,
       c.batch, s.turn
FROM contribution c JOIN sent s ON s.contribution = c.number
WHERE s.turn = (SELECT max(turn) FROM sent WHERE contribution = c.number)
"""


@dataclass(frozen=True)
class Contribution:
    """A contribution to one graph, as it was last sent.

    `person` is who sent it last, `sha256` that of the body as it was sent, `base` the version of the graph on
    which it was made (0: there was none), `version` what it was published as, `batch` what it came with,
    `turn` how often it was sent.
    """

    number: int
    graph: str
    partner: str
    person: str
    at: str
    state: State
    media: str
    sha256: str
    base: int
    note: str
    version: int | None
    batch: str | None = None
    turn: int = 1


@dataclass(frozen=True)
class Step:
    """Who did what with a contribution, and when; `what` is the state to which it came."""

    at: str
    who: str
    partner: str
    what: State
    note: str


@dataclass(frozen=True)
class Sending:
    """What is sent for one graph: the body and its media type, and what was read and found in it.

    `content` is canonical N-Triples, `report` the findings as JSON.
    """

    graph: str
    media: str
    body: bytes
    content: bytes
    report: str = "[]"
    note: str = ""


class Contributions:
    """The contributions in the ledger. Who may take a step is decided above; here is what follows on what."""

    def __init__(self, file: File) -> None:
        self._file = file

    def stage(
        self, sending: Sending, caller: Caller, *, base: int, at: datetime, batch: str | None = None
    ) -> Contribution:
        """A new contribution."""
        with self._file.transaction():
            ((number,),) = self._file.rows(
                "INSERT INTO contribution (graph, partner, person, batch, state)"
                " VALUES (?, ?, ?, ?, 'staged') RETURNING number",
                sending.graph, caller.partner.slug, caller.person, batch,
            )  # fmt: skip
            self._send(number, 1, sending, caller, base, at)
        return self.get(number)

    def stage_again(
        self, number: int, sending: Sending, caller: Caller, *, base: int, at: datetime
    ) -> Contribution:
        """A contribution that was returned, sent anew. Raises Conflict if it was not returned."""
        with self._file.transaction():
            turn = self.get(number).turn + 1
            self._enter(number, "staged")
            self._send(number, turn, sending, caller, base, at)
        return self.get(number)

    def move(
        self,
        number: int,
        to: State,
        caller: Caller,
        *,
        note: str = "",
        at: datetime,
        version: int | None = None,
    ) -> Contribution:
        """The contribution after a step. Raises NotFound, Conflict for a step that does not follow."""
        with self._file.transaction():
            self._enter(number, to, version)
            self._note_step(number, to, caller, note, at)
        return self.get(number)

    def get(self, number: int) -> Contribution:
        """The contribution of that number. Raises NotFound."""
        row = self._file.one(f"{_SELECT} AND c.number = ?", number)
        if row is None:
            raise NotFound(f"There is no contribution {number}.", "kogge contributions list shows them.")
        return Contribution(*row)

    def all(
        self,
        *,
        partner: str | None = None,
        graph: str | None = None,
        state: State | None = None,
        limit: int = -1,
        offset: int = 0,
    ) -> list[Contribution]:
        """Contributions, the newest first: to a graph, in a state; -1: all of them.

        Those of a partner are what it sent, and what anybody sent to its graphs.
        """
        own = None if partner is None else names.graph(partner, "")
        conditions = {
            "(c.partner = ? OR substr(c.graph, 1, length(?)) = ?)": (partner, own, own),
            "c.graph = ?": (graph,),
            "c.state = ?": (state,),
        }
        given = {text: values for text, values in conditions.items() if None not in values}
        rows = self._file.rows(
            " AND ".join((_SELECT, *given)) + " ORDER BY c.number DESC LIMIT ? OFFSET ?",
            *(value for values in given.values() for value in values), limit, offset,
        )  # fmt: skip
        return [Contribution(*row) for row in rows]

    def steps(self, number: int) -> list[Step]:
        """The steps of a contribution, the first one first."""
        rows = self._file.rows(
            "SELECT at, who, partner, what, note FROM step WHERE contribution = ? ORDER BY rowid", number
        )
        return [Step(*row) for row in rows]

    def body(self, number: int) -> bytes:
        """What was sent, byte by byte. Raises NotFound."""
        return bytes(self._last(number, "body"))

    def content(self, number: int) -> bytes:
        """What was read from it, as canonical N-Triples. Raises NotFound."""
        return bytes(self._last(number, "content"))

    def report(self, number: int) -> str:
        """What was found in it, as JSON. Raises NotFound."""
        return str(self._last(number, "report"))

    def _last(self, number: int, column: str) -> Any:
        row = self._file.one(
            f"SELECT {column} FROM sent WHERE contribution = ? ORDER BY turn DESC LIMIT 1", number
        )
        if row is None:
            raise NotFound(f"There is no contribution {number}.", "kogge contributions list shows them.")
        return row[0]

    def _enter(self, number: int, state: State, version: int | None = None) -> None:
        now = self.get(number).state
        if now not in BEFORE[state]:
            raise Conflict(
                f"Contribution {number} is {now}; it cannot become {state}.",
                f"That is possible while it is {' or '.join(BEFORE[state])}.",
            )
        self._file.rows(
            "UPDATE contribution SET state = ?, version = ? WHERE number = ?", state, version, number
        )

    def _send(
        self, number: int, turn: int, sending: Sending, caller: Caller, base: int, at: datetime
    ) -> None:
        self._file.rows(
            "INSERT INTO sent VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            number, turn, written(at), sending.media, hashlib.sha256(sending.body).hexdigest(), base,
            sending.note, sending.body, sending.content, sending.report,
        )  # fmt: skip
        self._note_step(number, "staged", caller, sending.note, at)

    def _note_step(self, number: int, what: State, caller: Caller, note: str, at: datetime) -> None:
        self._file.rows(
            "INSERT INTO step VALUES (?, ?, ?, ?, ?, ?)",
            number, written(at), caller.person, caller.partner.slug, what, note,
        )  # fmt: skip
