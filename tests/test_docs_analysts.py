"""The Python examples of the page for analysts, run against a service; the others are run by test_readme.

A block of Python that prints has its output in the block of text below it.
"""

from __future__ import annotations

import contextlib
import importlib.util
import io
import re
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import uvicorn

from kogge.settings import Settings
from kogge.web import create_app

from .small import SMALL

PAGE = Path(__file__).resolve().parent.parent / "docs" / "analysts.md"
SHOWN = "http://127.0.0.1:8000"
EXAMPLES = re.findall(r"^```python\n(.*?)^```\n\n```text\n(.*?)^```$", PAGE.read_text("utf-8"), re.M | re.S)


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    home = str(tmp_path_factory.mktemp("home"))
    app = create_app(Settings.from_environment({**SMALL, "KOGGE_HOME": home, "KOGGE_CLIENT_QUERIES": "0"}))
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = uvicorn.Server(uvicorn.Config(app, log_level="error"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        until = time.monotonic() + 60
        while not server.started and time.monotonic() < until:
            time.sleep(0.02)
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        server.should_exit = True
        thread.join(30)


def test_there_are_examples_of_each_way() -> None:
    ways = ("import csv", "import pandas", "import JSON, SPARQLWrapper")
    assert [way for way in ways if not any(way in code for code, _ in EXAMPLES)] == []


@pytest.mark.parametrize("number", range(len(EXAMPLES)))
def test_an_example_prints_what_is_shown(address: str, number: int) -> None:
    code, shown = EXAMPLES[number]
    code = code.replace(SHOWN, address)
    if "import pandas" in code and importlib.util.find_spec("pandas") is None:
        pytest.skip("pandas is not installed; `.ci/run` installs it")
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        exec(compile(code, f"{PAGE.name}, example {number + 1}", "exec"), {})
    assert out.getvalue() == shown
