"""Level 3, store: the pool of killable processes that answer queries, on snapshots of the primary store.

No text of a stranger is parsed or evaluated in this process: the engine cannot be stopped, and some queries
end the process that reads them. There are three lanes (`crew`), each with workers and a queue of its own:
`saved` for our own questions; `fast` for strangers' queries, which have a second there; `slow`, where those
that need longer start again.
"""

from __future__ import annotations

import asyncio
from contextlib import nullcontext
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Final, Literal

from pyoxigraph import Store

from kogge import media
from kogge.errors import OutOfTime
from kogge.store import guard
from kogge.store.answers import Answer, Recent, repeatable, size_of
from kogge.store.crew import Crew, Queue
from kogge.store.crew import Lane as Lane
from kogge.store.evaluate import Query, evaluate, too_complex
from kogge.store.process import Work
from kogge.store.quota import Account, Quota
from kogge.store.snapshots import Primary

_TYPES: Final = {known.type: known for known in media.TABLE}


@dataclass(frozen=True)
class Lanes:
    """The sizes of a pool. Times are in seconds, `memory` in bytes of address space of one worker, `kept` in
    bytes of answers that are kept for who asks the same again.

    A stranger's query has `first` seconds in the fast lane; with its second start in the slow one, it has
    `deadline` in all, or what the caller asks up to `longest`. Waiting for a worker does not count, but ends
    after `patience`.
    """

    saved: Lane = field(default_factory=lambda: Lane(niceness=0))
    fast: Lane = field(default_factory=Lane)
    slow: Lane = field(default_factory=Lane)
    first: float = 1.0
    deadline: float = 10.0
    longest: float = 60.0
    patience: float = 10.0
    memory: int = 1024 * 1024 * 1024
    kept: int = 0


class Pool(Crew):
    """Answers queries on the last published snapshot of `primary`; `folder` should lie on the same disk.

    `limits` is what the guard lets through of strangers' queries (None: no guard), `quota` what one client
    may ask. With `allow_unsafe` it also runs where the system cannot cage the workers, and logs a warning.
    """

    def __init__(
        self,
        primary: Primary,
        folder: Path,
        *,
        limits: guard.Limits | None,
        lanes: Lanes | None = None,
        quota: Quota | None = None,
        allow_unsafe: bool = False,
    ) -> None:
        self._sizes = sizes = lanes or Lanes()
        super().__init__(primary, folder, patience=sizes.patience, allow_unsafe=allow_unsafe)
        self._quota = quota
        self._answers = Recent[Query, Answer](sizes.kept)
        self._saved = self.open(sizes.saved, _work(sizes.memory, None))
        self._fast = self.open(sizes.fast, _work(sizes.memory, limits))
        self._slow = self.open(sizes.slow, _work(sizes.memory, limits))

    async def answer(
        self,
        query: Query,
        *,
        lane: Literal["saved", "public"] = "public",
        seconds: float | None = None,
        client: str | None = None,
    ) -> Answer:
        """The whole answer to a query. A client that goes away cancels this call, and with it the query.

        `seconds` is the deadline, `client` whose quota it counts against. Raises what `evaluate` raises;
        OutOfTime; Unprocessable for what needs too much memory or is nested too deep; Busy; TooManyRequests.
        """
        if held := self._answers.get(query, self._current):
            return held
        seconds = min(seconds or self._sizes.deadline, self._sizes.longest)
        with self._quota.admit(client) if self._quota and client else nullcontext() as account:
            if lane == "saved":
                return await self._evaluate(self._saved, query, seconds, account)
            first = min(seconds, self._sizes.first)
            try:
                return await self._evaluate(self._fast, query, first, account)
            except OutOfTime:
                if first == seconds:
                    raise
            return await self._evaluate(self._slow, query, seconds - first, account)

    async def _evaluate(self, lane: Queue, query: Query, seconds: float, account: Account | None) -> Answer:
        """Answers in one lane, and charges the time that it takes there."""
        spent = account.charge if account else None
        request = {"work": vars(query)}
        header, body, snapshot = await self.run(lane, request, seconds=seconds, most=query.bytes, spent=spent)
        answer = Answer(_TYPES[header["media"]], body, int(header["rows"]), snapshot.state)
        if snapshot is self._current and repeatable(query.text):
            self._answers.keep(query, answer, size_of(query, answer), snapshot)
        return answer


def _work(memory: int, limits: guard.Limits | None) -> Work:
    """Evaluating queries that the guard lets through, or any."""
    order = {"guard": asdict(limits) if limits else None}
    return Work("kogge.store.worker", memory, order, too_complex, out_of_time)


def out_of_time() -> OutOfTime:
    """What a query gets that is stopped."""
    return OutOfTime(
        "The query took longer than it may.",
        "Ask for less: put the most selective pattern first, avoid paths and joins without an end.",
    )


class Here:
    """What `Pool` is, for a store in memory: evaluates in this process. For tests and the command line."""

    def __init__(self, store: Store, *, limits: guard.Limits | None) -> None:
        self._store = store
        self._limits = limits
        self._state = ""
        self._generation = 0

    async def start(self, state: str = "") -> None:
        """See `Pool.start`: nothing is to be started."""
        await self.publish(state)

    async def publish(self, state: str = "") -> int:
        """See `Pool.publish`: what is in the store is served already."""
        self._state = state
        self._generation += 1
        return self._generation

    async def answer(
        self,
        query: Query,
        *,
        lane: Literal["saved", "public"] = "public",
        seconds: float | None = None,  # noqa: ARG002 - the engine cannot be stopped
        client: str | None = None,  # noqa: ARG002
    ) -> Answer:
        """See `Pool.answer`; without deadline and quota."""
        limits = None if lane == "saved" else self._limits
        result = await asyncio.to_thread(evaluate, self._store, query, limits)
        return Answer(result.media, result.body, result.rows, self._state)

    async def stop(self) -> None:
        """See `Pool.stop`: nothing is to be stopped."""
