"""Level 5, contribution: strangers' bytes → a judgement, made in a caged process that can be stopped."""

from __future__ import annotations

import asyncio
from contextlib import nullcontext
from dataclasses import replace
from typing import Final

from pyoxigraph import Store

from kogge.contribution.judge import Judged, Sent, judge
from kogge.contribution.worker import MODULE, out_of_time, request, too_complex, unpacked
from kogge.settings import Settings
from kogge.store.crew import Crew, Lane
from kogge.store.process import Work
from kogge.store.quota import Quota

MEMORY: Final = 1024 * 1024 * 1024
SECONDS: Final = 10.0
LANE: Final = Lane(workers=2, queue=16, niceness=5)
_MOST: Final = 128 * 1024 * 1024  # bytes of a judgement


class Reader:
    """Judges contributions on the snapshot that a crew serves, in a lane of its own.

    It is made before the crew is started, and ends with it. Times are in seconds, without that of waiting for
    a process; `memory` is the address space of one process in bytes; `quota` is what one client may ask.
    """

    def __init__(
        self,
        crew: Crew,
        lane: Lane = LANE,
        *,
        seconds: float = SECONDS,
        memory: int = MEMORY,
        quota: Quota | None = None,
    ) -> None:
        self._crew = crew
        self._seconds = seconds
        self._quota = quota
        work = Work(MODULE, memory, {}, too_complex, out_of_time)
        self._lane = crew.open(lane, work, late=True)

    async def judge(self, sent: Sent, client: str | None = None) -> Judged:
        """The judgement on what was sent. Who goes away cancels this call, and with it the work.

        `client` is whose quota it counts against. Raises as `judge`; Unprocessable for what needs too much
        time or memory; Busy where too many wait; TooManyRequests.
        """
        with self._quota.admit(client) if self._quota and client else nullcontext() as account:
            done = await self._crew.run(
                self._lane,
                request(sent),
                sent.body,
                seconds=self._seconds,
                most=_MOST,
                spent=account.charge if account else None,
            )
        return unpacked(done.body)


def of_settings(crew: Crew, settings: Settings) -> Reader:
    """The reader with the sizes that the settings give."""
    quota = Quota(
        settings.client_contributions or None,
        settings.client_contribution_seconds or None,
        what="contributions",
        less="smaller files, or fewer",
    )
    lane = replace(LANE, workers=settings.contribution_workers, queue=settings.contribution_queue)
    seconds, memory = settings.contribution_seconds, settings.contribution_memory
    return Reader(crew, lane, seconds=seconds, memory=memory, quota=quota)


class Here:
    """What `Reader` is, in this process: for the command line, and a store in memory."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def judge(self, sent: Sent, client: str | None = None) -> Judged:  # noqa: ARG002
        """See `Reader.judge`; without limits of time and memory, and without a quota."""
        return await asyncio.to_thread(judge, sent, self._store)
