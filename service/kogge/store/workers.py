"""Level 3, store: the pool of killable processes that answer queries, on snapshots of the primary store.

No text of a stranger is parsed or evaluated in this process: the engine cannot be stopped, and some queries
end the process that reads them. There are three lanes, each with workers and a queue of its own: `saved` for
our own questions; `fast` for strangers' queries, which have a second there; `slow`, where those that need
longer start again.

A worker is idle, taken or gone. Idle, it stands in its lane. Taken, it runs one query; it goes back when the
whole answer has come, and is killed when anything else happens (deadline, hang-up). Gone, for whatever
reason, it is replaced, in one place: a lane has, or is about to have, as many workers as it should.
"""

from __future__ import annotations

import asyncio
import logging
import math
import os
import time
from collections import deque
from collections.abc import Callable, Coroutine
from contextlib import nullcontext
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final, Literal

from pyoxigraph import Store

from kogge import media
from kogge.errors import Busy, KoggeError, Misconfigured, OutOfTime
from kogge.store import guard
from kogge.store.answers import Answer, Answers
from kogge.store.evaluate import Query, evaluate
from kogge.store.process import READY, Process
from kogge.store.quota import Account, Quota
from kogge.store.snapshots import Primary, Snapshot, Snapshots
from kogge.store.worker import frame, raised

_log: Final = logging.getLogger(__name__)
_TYPES: Final = {known.type: known for known in media.TABLE}
_LAST: Final = 2.0  # seconds that are waited for the end of killed workers
_PAUSE: Final = 0.5  # seconds before another worker is started, if the last did not get ready


@dataclass(frozen=True)
class Lane:
    """How many workers a lane has, how many queries may wait for them, and how nice they are (os.nice)."""

    workers: int = 2
    queue: int = 64
    niceness: int = 10


@dataclass(frozen=True)
class Lanes:
    """The sizes of a pool. Times are in seconds, `memory` in bytes of address space of one worker, `kept` in
    bytes of answers that are kept for who asks the same again.

    A stranger's query has `first` seconds in the fast lane; with its second start in the slow one, it has
    `deadline` in all, or what the caller asks up to `longest`. Waiting for a worker does not count, but ends
    after `patience`.
    """

    saved: Lane = Lane(niceness=0)
    fast: Lane = Lane()
    slow: Lane = Lane()
    first: float = 1.0
    deadline: float = 10.0
    longest: float = 60.0
    patience: float = 10.0
    memory: int = 1024 * 1024 * 1024
    kept: int = 0


class _Lane:
    """The idle workers of a lane and, first come first served, those who wait for one.

    `rest` is told of a worker for which nobody waits.
    """

    def __init__(self, size: Lane, patience: float, rest: Callable[[_Lane, Process], None]) -> None:
        self.size = size
        self.idle: list[Process] = []
        self._patience = patience
        self._rest = rest
        self._waiting: deque[asyncio.Future[Process]] = deque()

    async def take(self) -> Process:
        """The next worker; raises Busy where too many wait, or this one has waited too long."""
        if self.idle:
            return self.idle.pop()
        if len(self._waiting) >= self.size.queue:
            raise self._busy(f"{len(self._waiting)} queries are waiting already.")
        loop = asyncio.get_running_loop()
        turn: asyncio.Future[Process] = loop.create_future()
        self._waiting.append(turn)
        end = loop.call_later(self._patience, self._send_away, turn)
        try:
            return await turn
        except asyncio.CancelledError:
            if turn in self._waiting:
                self._waiting.remove(turn)
            elif turn.done() and not turn.cancelled() and not turn.exception():
                self.give(turn.result())  # its turn came in the same moment
            raise
        finally:
            end.cancel()

    def give(self, worker: Process) -> None:
        """Hands a worker to the first who waits, else lets it rest."""
        while self._waiting and not worker.ended:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(worker)
                return
        self._rest(self, worker)

    def close(self) -> None:
        """Nobody waits any more."""
        for turn in self._waiting:
            if not turn.done():
                turn.set_exception(_stopping())
        self._waiting.clear()

    def _send_away(self, turn: asyncio.Future[Process]) -> None:
        """Ends the waiting of who has waited too long."""
        if turn in self._waiting:
            self._waiting.remove(turn)
            turn.set_exception(self._busy(f"No worker was free within {self._patience:g} s."))

    def _busy(self, message: str) -> Busy:
        wait = math.ceil(self._patience)
        return Busy(message, f"Try again in {wait} s.", retry_after=wait)


class Pool:
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
        self._sizes = lanes or Lanes()
        self._limits = limits
        self._quota = quota
        self._allow_unsafe = allow_unsafe
        self._snapshots = Snapshots(primary, folder)
        self._current: Snapshot | None = None
        self._saved, self._fast, self._slow = self._lanes = [
            _Lane(size, self._sizes.patience, self._rest)
            for size in (self._sizes.saved, self._sizes.fast, self._sizes.slow)
        ]
        self._answers = Answers(self._sizes.kept)
        self._workers: set[Process] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._stopped = False

    async def start(self, state: str = "") -> None:
        """Publishes the first snapshot and starts the workers; returns when all are ready.

        Raises Misconfigured where they cannot be caged, Unavailable where no snapshot can be made.
        """
        self._snapshots.prepare()
        try:
            await self.publish(state)
            hired = (self._hire(lane) for lane in self._lanes for _ in range(lane.size.workers))
            caged = await asyncio.gather(*hired)
        except BaseException:
            await self.stop()
            raise
        if not all(caged):
            _log.warning("queries run WITHOUT a cage, which this system does not have")
        _log.info("%d query workers are ready", len(caged))

    async def publish(self, state: str = "") -> int:
        """Makes a snapshot of the primary; every query that is begun from now on is answered on it.

        `state` is what answers say they come from. Returns the number of the generation. Raises Unavailable
        where the snapshot cannot be made; then the one before goes on serving.
        """
        snapshot = await self._snapshots.make(state)
        if self._current is None or snapshot.generation > self._current.generation:
            self._current = snapshot
        _log.info("generation %d is served", snapshot.generation)
        for lane in self._lanes:
            idle, lane.idle = lane.idle, []
            for worker in idle:
                self._rest(lane, worker)
        self._tidy()
        return snapshot.generation

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
                return await self._run(self._saved, query, seconds, account)
            first = min(seconds, self._sizes.first)
            try:
                return await self._run(self._fast, query, first, account)
            except OutOfTime:
                if first == seconds:
                    raise
            return await self._run(self._slow, query, seconds - first, account)

    async def stop(self) -> None:
        """Ends all workers, and with them their queries, and removes the snapshots."""
        self._stopped = True
        for lane in self._lanes:
            lane.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for worker in self._workers:
            worker.kill()
        until = time.monotonic() + _LAST
        while self._workers and time.monotonic() < until:
            await asyncio.sleep(0.005)
        await self._snapshots.clear()

    async def _run(self, lane: _Lane, query: Query, seconds: float, account: Account | None) -> Answer:
        """Answers in one lane, and charges the time of the worker, not that of waiting for it."""
        if self._stopped or self._current is None:
            raise _stopping()
        worker = await lane.take()
        began = time.monotonic()
        try:
            return await self._ask(lane, worker, query, seconds)
        finally:
            if account:
                account.charge(time.monotonic() - began)

    async def _ask(self, lane: _Lane, worker: Process, query: Query, seconds: float) -> Answer:
        """Asks one worker, on the snapshot that is served now, and lets go of it: as idle, or for good."""
        snapshot = worker.snapshot = self._served()
        request = {"query": vars(query), "seconds": seconds, "snapshot": str(snapshot.path)}
        try:
            header, body = await worker.ask(frame(request), query.bytes, seconds)
        finally:
            if worker.clean:
                lane.give(worker)
            else:
                worker.kill()
            self._tidy()
        if "error" in header:
            raise raised(header)
        answer = Answer(_TYPES[header["media"]], body, int(header["rows"]), snapshot.state)
        if snapshot is self._current:
            self._answers.keep(query, answer, snapshot)
        return answer

    async def _hire(self, lane: _Lane) -> bool:
        """Starts a worker for a lane; True if it is caged."""
        snapshot = self._served()
        order = {
            "parent": os.getpid(),
            "snapshot": str(snapshot.path),
            "memory": self._sizes.memory,
            "niceness": lane.size.niceness,
            "guard": asdict(self._limits) if self._limits and lane is not self._saved else None,
            "allow_unsafe": self._allow_unsafe,
        }
        try:
            worker = Process(order, snapshot, lambda ended: self._replace(lane, ended))
        except OSError as error:
            self._later(self._rehire(lane, _PAUSE))
            raise Misconfigured(f"A worker cannot be started: {error}", "How many may run?") from error
        self._workers.add(worker)
        header = await worker.join()
        lane.give(worker)
        return bool(header["caged"])

    def _replace(self, lane: _Lane, worker: Process) -> None:
        """Forgets a worker that has ended, and hires another."""
        self._workers.discard(worker)
        if worker in lane.idle:
            lane.idle.remove(worker)
        if not self._stopped:
            _log.info("a query worker ended (%s)", worker.code)
            self._later(self._rehire(lane, 0 if worker.ready else _PAUSE))
        self._tidy()

    async def _rehire(self, lane: _Lane, pause: float) -> None:
        await asyncio.sleep(pause)
        try:
            await self._hire(lane)
        except KoggeError as error:  # there will be another try: from `_hire`, or as the end of this one
            _log.error("%s", error)

    def _rest(self, lane: _Lane, worker: Process) -> None:
        """Lets a worker stand idle, after it has opened the snapshot that is served now."""
        if worker.snapshot is not self._current:
            self._later(self._renew(lane, worker))
        elif not worker.ended:
            lane.idle.append(worker)

    async def _renew(self, lane: _Lane, worker: Process) -> None:
        try:
            await self._ask(lane, worker, Query("ASK {}"), READY)
        except KoggeError as error:
            _log.warning("a query worker did not take the new snapshot: %s", error)

    def _served(self) -> Snapshot:
        if self._current is None:
            raise _stopping()
        return self._current

    def _tidy(self) -> None:
        """Removes the snapshots on which no worker is."""
        for snapshot in self._snapshots.unused(self._current, (each.snapshot for each in self._workers)):
            self._later(self._snapshots.remove(snapshot))

    def _later(self, work: Coroutine[Any, Any, None]) -> None:
        if self._stopped:
            work.close()
            return
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


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


def _stopping() -> Busy:
    return Busy("The service is starting or stopping.", "Try again in a moment.", retry_after=5)
