"""Progress: quiet when it is quick, a bar on a terminal, lines elsewhere."""

from __future__ import annotations

import io

import pytest

from kogge import progress
from kogge.progress import Progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [0.0]
    monkeypatch.setattr("kogge.progress.time.monotonic", lambda: now[0])
    return now


def test_what_is_done_within_a_second_says_nothing(clock: list[float]) -> None:
    stream = Terminal()
    shown = Progress(stream, "en")
    clock[0] = 0.9
    shown.show("read", 100, 100)
    shown.end()
    assert stream.getvalue() == ""


def test_a_terminal_has_a_bar_that_goes_away(clock: list[float]) -> None:
    stream = Terminal()
    shown = Progress(stream, "de")
    for clock[0], done in ((2.0, 50), (2.05, 60), (2.2, 100)):
        shown.show("read", done, 100)
    shown.end()
    half, whole, end = stream.getvalue().split("\r\x1b[K")[1:]
    assert half == f"[{'#' * 15}{'.' * 15}] gelesen  50%"
    assert whole == f"[{'#' * 30}] gelesen 100%"
    assert end.startswith("fertig nach 2 s, höchstens ")


def test_elsewhere_there_is_a_line_now_and_then_and_at_the_end_of_a_step(clock: list[float]) -> None:
    stream = io.StringIO()
    shown = Progress(stream, "en")
    for clock[0], done in ((2.0, 10), (11.0, 50), (12.0, 60), (13.0, 100)):
        shown.show("find", done, 100)
    shown.end()
    *lines, end = stream.getvalue().splitlines()
    assert lines == ["searched  50%", "searched 100%"]
    assert end.startswith("done after 13 s, at most ")


def test_the_peak_of_memory_is_that_of_a_python_process_in_megabytes() -> None:
    assert 10 < progress.peak_memory() < 100_000
