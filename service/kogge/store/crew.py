"""Level 3, store: killable processes that work on snapshots of the primary store, in lanes.

A lane has workers of one kind and a queue of its own. A worker is idle, taken or gone. Idle, it stands in its
lane. Taken, it has one request; it goes back when the whole answer has come, and is killed when anything else
happens (deadline, hang-up). Gone, for whatever reason, it is replaced, in one place: a lane has, or is about
to have, as many workers as it should.
"""

from __future__ import annotations

import asyncio
import logging
import math
import os
import time
from collections import deque
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple

from kogge.errors import Busy, KoggeError, Misconfigured
from kogge.store.process import READY, Process, Work
from kogge.store.snapshots import Primary, Snapshot, Snapshots
from kogge.store.worker import frame, raised

_log: Final = logging.getLogger(__name__)
_LAST: Final = 2.0  # seconds that are waited for the end of killed workers
_PAUSE: Final = 0.5  # seconds before another worker is started, if the last did not get ready


@dataclass(frozen=True)
class Lane:
    """How many workers a lane has, how many requests may wait for them, and how nice they are (os.nice)."""

    workers: int = 2
    queue: int = 64
    niceness: int = 10


class Done(NamedTuple):
    """A whole answer: what its header says, its body, and the snapshot it comes from."""

    header: dict[str, Any]
    body: bytes
    snapshot: Snapshot


class Queue:
    """The idle workers of a lane and, first come first served, those who wait for one.

    `rest` is told of a worker for which nobody waits.
    """

    def __init__(
        self,
        size: Lane,
        work: Work,
        patience: float,
        rest: Callable[[Queue, Process], None],
        *,
        late: bool,
    ) -> None:
        self.size = size
        self.work = work
        self.late = late
        self.idle: list[Process] = []
        self._patience = patience
        self._rest = rest
        self._waiting: deque[asyncio.Future[Process]] = deque()

    @property
    def rests(self) -> bool:
        """Whether all workers are idle, but one at most, and nobody waits for that."""
        return not self._waiting and len(self.idle) >= self.size.workers - 1

    async def take(self) -> Process:
        """The next worker; raises Busy where too many wait, or this one has waited too long."""
        if self.idle:
            return self.idle.pop()
        if len(self._waiting) >= self.size.queue:
            raise self._busy(f"{len(self._waiting)} are waiting already.")
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


class Crew:
    """The workers of all lanes, on the last published snapshot of `primary`; `folder` should lie on its disk.

    A request that has waited `patience` seconds for a worker is turned away. With `allow_unsafe` it also runs
    where the system cannot cage the workers, and logs a warning.
    """

    def __init__(
        self, primary: Primary, folder: Path, *, patience: float = 10.0, allow_unsafe: bool = False
    ) -> None:
        self._patience = patience
        self._allow_unsafe = allow_unsafe
        self._snapshots = Snapshots(primary, folder)
        self._current: Snapshot | None = None
        self._lanes: list[Queue] = []
        self._workers: set[Process] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._stopped = False

    def open(self, size: Lane, work: Work, *, late: bool = False) -> Queue:
        """A lane for work of a kind; to be opened before the start. If it is `late`, its workers are started
        after all others, and nobody waits for them but who needs them."""
        lane = Queue(size, work, self._patience, self._rest, late=late)
        self._lanes.append(lane)
        return lane

    @property
    def processes(self) -> list[int]:
        """The numbers of the processes that run."""
        return [worker.number for worker in self._workers]

    async def start(self, state: str = "") -> None:
        """Publishes the first snapshot and starts the workers; returns when all but the late ones are ready.

        Raises Misconfigured where they cannot be caged, Unavailable where no snapshot can be made.
        """
        self._snapshots.prepare()
        try:
            await self.publish(state)
            first = (lane for lane in self._lanes if not lane.late)
            hired = (self._hire(lane) for lane in first for _ in range(lane.size.workers))
            caged = await asyncio.gather(*hired)
        except BaseException:
            await self.stop()
            raise
        if not all(caged):
            _log.warning("workers run WITHOUT a cage, which this system does not have")
        _log.info("%d workers are ready", len(caged))
        for lane in self._lanes:
            for _ in range(lane.size.workers if lane.late else 0):
                self._later(self._rehire(lane, 0))

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

    async def run(
        self,
        lane: Queue,
        request: Mapping[str, Any],
        body: bytes = b"",
        *,
        seconds: float,
        most: int,
        spent: Callable[[float], None] | None = None,
    ) -> Done:
        """What a worker of the lane answers to a request, within `seconds` and in `most` bytes.

        Who goes away cancels this call, and with it the work. `spent` is told how many seconds the worker was
        taken, which is not the time of waiting for it. Raises what the worker raised; Busy; and what the work
        of the lane says where there was no time, or where no worker survives the request.
        """
        if self._stopped or self._current is None:
            raise _stopping()
        worker = await lane.take()
        began = time.monotonic()
        try:
            return await self._ask(lane, worker, request, body, seconds, most)
        finally:
            if spent:
                spent(time.monotonic() - began)

    async def stop(self) -> None:
        """Ends all workers, and with them their work, and removes the snapshots."""
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

    async def _ask(
        self, lane: Queue, worker: Process, request: Mapping[str, Any], body: bytes, seconds: float, most: int
    ) -> Done:
        """Asks one worker, on the snapshot that is served now, and lets go of it: as idle, or for good."""
        snapshot = worker.snapshot = self._served()
        asked = {"seconds": seconds, "snapshot": str(snapshot.path), "alone": lane.rests}
        whole = frame({**request, **asked}, body)
        try:
            header, content = await worker.ask(whole, most, seconds)
        finally:
            if worker.clean:
                lane.give(worker)
            else:
                worker.kill()
            self._tidy()
        if "error" in header:
            raise raised(header)
        return Done(header, content, snapshot)

    async def _hire(self, lane: Queue) -> bool:
        """Starts a worker for a lane; True if it is caged."""
        snapshot = self._served()
        order = {
            "parent": os.getpid(),
            "snapshot": str(snapshot.path),
            "memory": lane.work.memory,
            "niceness": lane.size.niceness,
            "allow_unsafe": self._allow_unsafe,
            **lane.work.order,
        }
        try:
            worker = Process(order, lane.work, snapshot, lambda ended: self._replace(lane, ended))
        except OSError as error:
            self._later(self._rehire(lane, _PAUSE))
            raise Misconfigured(f"A worker cannot be started: {error}", "How many may run?") from error
        self._workers.add(worker)
        header = await worker.join()
        lane.give(worker)
        return bool(header["caged"])

    def _replace(self, lane: Queue, worker: Process) -> None:
        """Forgets a worker that has ended, and hires another."""
        self._workers.discard(worker)
        if worker in lane.idle:
            lane.idle.remove(worker)
        if not self._stopped:
            _log.info("a worker ended (%s)", worker.code)
            self._later(self._rehire(lane, 0 if worker.ready else _PAUSE))
        self._tidy()

    async def _rehire(self, lane: Queue, pause: float) -> None:
        await asyncio.sleep(pause)
        try:
            await self._hire(lane)
        except KoggeError as error:  # there will be another try: from `_hire`, or as the end of this one
            _log.error("%s", error)

    def _rest(self, lane: Queue, worker: Process) -> None:
        """Lets a worker stand idle, after it has opened the snapshot that is served now."""
        if worker.snapshot is not self._current:
            self._later(self._renew(lane, worker))
        elif not worker.ended:
            lane.idle.append(worker)

    async def _renew(self, lane: Queue, worker: Process) -> None:
        try:
            await self._ask(lane, worker, {}, b"", READY, 0)
        except KoggeError as error:
            _log.warning("a worker did not take the new snapshot: %s", error)

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


def _stopping() -> Busy:
    return Busy("The service is starting or stopping.", "Try again in a moment.", retry_after=5)
