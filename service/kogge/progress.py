"""Level 7, progress: how far long work is, as a bar on a terminal, and as lines elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import Final, TextIO

SOON: Final = 1.0  # seconds of work before which nothing is shown
OFTEN, SELDOM = 0.1, 5.0  # seconds between two states of a bar, and between two lines
_WIDTH: Final = 30


class Shown:
    """Is told what is being done, how much of it is done, and how much there is, and shows that.

    0 of 1 and 1 of 1 is something that cannot be counted. `close` ends the bar.
    """

    def __init__(
        self, name: str, stream: TextIO | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._name = name
        self._stream = stream or sys.stderr
        self._bar = self._stream.isatty()
        self._clock = clock
        self._begun = self._last = clock()
        self._what = ""
        self._width = 0

    def __call__(self, what: str, done: int, of: int) -> None:
        """Shows how far the work is, if it has been long since the last time."""
        now = self._clock()
        pause = OFTEN if self._bar else SELDOM
        if now - self._begun < SOON or (what == self._what and now - self._last < pause and done < of):
            return
        if what == self._what and done == of and of == 1 and not self._bar:
            return
        self._what, self._last = what, now
        self._show(
            f"{self._name}: {what}" if of <= 1 else f"{self._name}: {what} {done:,} of {of:,}", done, of
        )

    def close(self) -> None:
        """Goes on to the next line."""
        if self._width:
            print(file=self._stream, flush=True)
            self._width = 0

    def _show(self, text: str, done: int, of: int) -> None:
        if not self._bar:
            print(text, file=self._stream, flush=True)
            return
        if of > 1:
            full = _WIDTH * done // of
            text = f"[{'#' * full}{' ' * (_WIDTH - full)}] {100 * done // of:3} %  {text}"
        print("\r" + text.ljust(self._width), end="", file=self._stream, flush=True)
        self._width = len(text)
