"""Level 3, store: how much one client may ask at once, and how much work it may cause per minute."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from kogge.errors import TooManyRequests

MANY: Final = 10_000  # accounts; above it those that owe nothing are forgotten


@dataclass
class Account:
    """What one client has running, and the seconds of work that it has left; below 0 it waits."""

    left: float
    seen: float
    running: int = 0

    def charge(self, seconds: float) -> None:
        """Takes off what a query has cost."""
        self.left -= seconds


class Quota:
    """At most `running` queries of a client at once, and `seconds` of work per `period` (a token bucket).

    None switches either off. `what` is asked, if not queries, and `less` is how to ask for less.
    """

    def __init__(
        self,
        running: int | None = 2,
        seconds: float | None = 60,
        period: float = 60,
        *,
        what: str = "queries",
        less: str = "a LIMIT, fewer joins, a dump for the whole",
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._running = running
        self._full = math.inf if seconds is None else float(seconds)
        self._rate = self._full / period
        self._what, self._less = what, less
        self._clock = clock
        self._accounts: dict[str, Account] = {}

    @contextmanager
    def admit(self, client: str) -> Iterator[Account]:
        """Lets one query of a client run; what it costs is charged to the account. Raises TooManyRequests."""
        if len(self._accounts) > MANY:
            self._forget()
        account = self._accounts.setdefault(client, Account(self._full, self._clock()))
        self._refill(account)
        if self._running is not None and account.running >= self._running:
            raise TooManyRequests(
                f"{account.running} {self._what} of yours are running.", "Wait for the answer of one of them."
            )
        if account.left <= 0:
            wait = math.ceil(-account.left / self._rate) + 1
            raise TooManyRequests(
                f"Your {self._what} have used up the time that one client has.",
                f"Ask again in {wait} s, or ask for less: {self._less}.",
                retry_after=wait,
            )
        account.running += 1
        try:
            yield account
        finally:
            account.running -= 1

    def _refill(self, account: Account) -> None:
        now = self._clock()
        if self._full < math.inf:
            account.left = min(self._full, account.left + (now - account.seen) * self._rate)
        account.seen = now

    def _forget(self) -> None:
        for client, account in list(self._accounts.items()):
            self._refill(account)
            if not account.running and account.left >= self._full:
                del self._accounts[client]
