"""Level 4, ledger: clients that name themselves wrongly too often are slowed down: nobody can guess."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

from kogge.errors import TooManyRequests

ALLOWED: Final = 10
LONGEST: Final = 300  # seconds
_KEPT: Final = 10_000  # clients


class Failures:
    """Counts failures per client. After `ALLOWED` the waits double: 1 s, 2 s, 4 s … up to `LONGEST`."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._failed: OrderedDict[str, tuple[int, float]] = OrderedDict()  # how often, and until when to wait

    def check(self, client: str) -> None:
        """Raises TooManyRequests while this client has to wait: ask before a token is looked at."""
        with self._lock:
            _, until = self._failed.get(client, (0, 0.0))
        if (wait := until - self._clock()) > 0:
            raise TooManyRequests(
                "Too many wrong tokens came from here.",
                "Wait, and check the token.",
                retry_after=int(wait) + 1,
            )

    def failed(self, client: str) -> None:
        """Counts a failure of this client. Failures are forgotten when none came for `LONGEST` seconds."""
        now = self._clock()
        with self._lock:
            count, until = self._failed.pop(client, (0, 0.0))
            count = count + 1 if now < max(until, 0.0) + LONGEST or count == 0 else 1
            wait = min(2.0 ** min(count - ALLOWED - 1, 20), LONGEST) if count > ALLOWED else 0.0
            self._failed[client] = (count, now + wait)
            while len(self._failed) > _KEPT:
                self._failed.popitem(last=False)

    def succeeded(self, client: str) -> None:
        """Forgets the failures of this client."""
        with self._lock:
            self._failed.pop(client, None)
