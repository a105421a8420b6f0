"""Long work says how far it is, short work nothing."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable

from kogge.progress import Shown


class Terminal(io.StringIO):
    """A stream that says to be a terminal."""

    def isatty(self) -> bool:
        """It is."""
        return True


def clock(times: Iterable[float]) -> Callable[[], float]:
    each = iter(times)
    return lambda: next(each)


def test_short_work_shows_nothing() -> None:
    stream = io.StringIO()
    shown = Shown("index", stream, clock([0, 0.1, 0.2]))
    shown("reading", 0, 1)
    shown("reading", 1, 1)
    shown.close()
    assert stream.getvalue() == ""


def test_elsewhere_than_on_a_terminal_there_are_lines_but_few() -> None:
    stream = io.StringIO()
    shown = Shown("index", stream, clock([0, 2, 3, 9, 10, 11]))
    for done in (0, 100, 200, 300):
        shown("storing", done, 300)
    shown("ranking", 0, 1)
    shown.close()
    assert stream.getvalue().splitlines() == [
        "index: storing 0 of 300",
        "index: storing 200 of 300",
        "index: storing 300 of 300",
        "index: ranking",
    ]


def test_on_a_terminal_there_is_one_bar_that_grows() -> None:
    stream = Terminal()
    shown = Shown("index", stream, clock([0, 2, 3, 4]))
    shown("storing", 0, 300)
    shown("storing", 150, 300)
    shown("ranking", 0, 1)
    shown.close()
    first, second, third = stream.getvalue().removeprefix("\r").rstrip("\n").split("\r")
    assert first == f"[{' ' * 30}]   0 %  index: storing 0 of 300"
    assert second == f"[{'#' * 15}{' ' * 15}]  50 %  index: storing 150 of 300"
    assert third == "index: ranking".ljust(len(second))
