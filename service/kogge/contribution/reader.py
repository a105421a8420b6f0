"""Level 5, contribution: strangers' bytes → a judgement, made in a caged process that can be stopped."""

from __future__ import annotations

import asyncio
from typing import Final

from pyoxigraph import Store

from kogge.contribution.judge import Judged, Sent, judge
from kogge.contribution.worker import MODULE, out_of_time, request, too_complex, unpacked
from kogge.store.crew import Crew, Lane
from kogge.store.process import Work

MEMORY: Final = 1024 * 1024 * 1024
SECONDS: Final = 10.0
_MOST: Final = 128 * 1024 * 1024  # bytes of a judgement


class Reader:
    """Judges contributions on the snapshot that a crew serves, in a lane of its own.

    It is made before the crew is started, and ends with it. Times are in seconds, without that of waiting for
    a process; `memory` is the address space of one process in bytes.
    """

    def __init__(
        self, crew: Crew, lane: Lane | None = None, *, seconds: float = SECONDS, memory: int = MEMORY
    ) -> None:
        self._crew = crew
        self._seconds = seconds
        self._lane = crew.open(
            lane or Lane(queue=16, niceness=5),
            Work(MODULE, memory, {}, too_complex, out_of_time),
            late=True,
        )

    async def judge(self, sent: Sent) -> Judged:
        """The judgement on what was sent. Who goes away cancels this call, and with it the work.

        Raises as `judge`; Unprocessable for what needs too much time or memory; Busy where too many wait.
        """
        done = await self._crew.run(self._lane, request(sent), sent.body, seconds=self._seconds, most=_MOST)
        return unpacked(done.body)


class Here:
    """What `Reader` is, in this process: for the command line, and a store in memory."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def judge(self, sent: Sent) -> Judged:
        """See `Reader.judge`; without limits of time and memory."""
        return await asyncio.to_thread(judge, sent, self._store)
