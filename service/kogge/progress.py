"""Level 2, progress: says how far a long command is: a bar on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import sys
import time
from typing import Final, TextIO

_QUIET: Final = 1.0  # seconds in which nothing is said
_EVERY: Final = {True: 0.1, False: 10.0}  # seconds between two signs of life, on a terminal and elsewhere
_WIDTH: Final = 30
_STEPS: Final = {
    "de": {"read": "gelesen", "find": "gesucht", "judge": "beurteilt", "write": "geschrieben"},
    "en": {"read": "read", "find": "searched", "judge": "judged", "write": "written"},
    "nl": {"read": "gelezen", "find": "doorzocht", "judge": "beoordeeld", "write": "geschreven"},
}
_DONE: Final = {
    "de": "fertig nach {0:.0f} s, höchstens {1} MB Speicher",
    "en": "done after {0:.0f} s, at most {1} MB of memory",
    "nl": "klaar na {0:.0f} s, hoogstens {1} MB geheugen",
}


class Progress:
    """Progress on a stream, in one language; nothing if all is done within a second."""

    def __init__(self, stream: TextIO, lang: str) -> None:
        self._stream = stream
        self._lang = lang
        self._bar = stream.isatty()
        self._begun = self._said = time.monotonic()
        self._shown = False

    def show(self, step: str, done: int, of: int) -> None:
        """Says how much of a step ("read", "find", "judge" or "write") is done, if it is time to."""
        now = time.monotonic()
        if now - self._begun < _QUIET or (now - self._said < _EVERY[self._bar] and done < of):
            return
        self._said, self._shown = now, True
        share = done / of if of else 1.0
        text = f"{_STEPS[self._lang].get(step, step)} {share:4.0%}"
        if self._bar:
            filled = round(share * _WIDTH)
            text = f"\r\x1b[K[{'#' * filled}{'.' * (_WIDTH - filled)}] {text}"
        self._stream.write(text if self._bar else f"{text}\n")
        self._stream.flush()

    def end(self) -> None:
        """Takes the bar away, and says what it took in time and memory, if anything was said."""
        if self._shown:
            text = _DONE[self._lang].format(time.monotonic() - self._begun, peak_memory())
            self._stream.write(f"\r\x1b[K{text}\n" if self._bar else f"{text}\n")
            self._stream.flush()


def peak_memory() -> int:
    """The most memory that this process has had so far, in MB; 0 where the system does not say."""
    try:
        import resource
    except ImportError:
        return 0
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most // 1024 // (1024 if sys.platform == "darwin" else 1)
