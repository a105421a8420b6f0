"""A served Kogge and a Chromium that is watched: what it asks for, complains about, and what axe finds."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Final
from urllib.error import URLError
from urllib.parse import urlsplit
from urllib.request import urlopen

import pytest

from kogge.web import vendor

# Chromium without its windows, which is quicker, where that is installed; else all of it.
CHROMIUM: Final = shutil.which("chromium-headless-shell") or shutil.which("chromium") or ""
FLAGS: Final = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
]  # fmt: skip
HEIGHT: Final = 900
AXE: Final = {
    "runOnly": {
        "type": "tag",
        "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    },
    "resultTypes": ["violations"],  # half the time goes into the places of what is right
}
WATCH: Final = """
document.addEventListener('securitypolicyviolation', event =>
  console.error('CSP', event.violatedDirective, event.blockedURI, event.sourceFile, event.lineNumber));
"""
MEASURED: Final = """[
  document.documentElement.scrollWidth <= window.innerWidth, document.querySelectorAll('h1').length
]"""
REASON: Final = "browser tests need playwright, axe-playwright-python and Chromium"
# Nobody is held back, and dumps follow a change soon.
SETTINGS: Final = {"KOGGE_CLIENT_SECONDS": "0", "KOGGE_CLIENT_QUERIES": "0", "KOGGE_DUMP_CALM": "2"}
STARTS: Final = 60  # seconds until a service that was started answers


@dataclass
class Service:
    """A service in a process of its own: where it answers, and where it stores."""

    base: str
    home: Path


@dataclass
class Seen:
    """What a page in the browser did."""

    page: Any
    base: str
    foreign: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def watch(self) -> None:
        """Notes requests to other hosts, and errors in the console (CSP violations are among them)."""

        def asked(request: Any) -> None:
            parts = urlsplit(request.url)
            if parts.scheme not in ("data", "blob", "about") and not request.url.startswith(self.base):
                self.foreign.append(request.url)

        def said(message: Any) -> None:
            own = "Failed to load resource" in message.text and message.location.get("url") == self.page.url
            if message.type == "error" and not own:  # a page that is an error says so, and nothing else
                self.errors.append(message.text)

        self.page.on("request", asked)
        self.page.on("console", said)
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))

    def go(self, path: str) -> None:
        """Opens a path; what was noted before is forgotten."""
        self.foreign.clear()
        self.errors.clear()
        self.page.goto(self.base + path, wait_until="load")

    def resize(self, width: int) -> None:
        """Makes the window as wide as that, as one turns a phone."""
        self.page.set_viewport_size({"width": width, "height": HEIGHT})

    def found_by_axe(self) -> list[str]:
        """What axe finds: rule, help, and where."""
        if not self.page.evaluate("'axe' in window"):  # once for a page, however often it is looked at
            self.page.evaluate(_axe())
        violations = self.page.evaluate(f"axe.run({json.dumps(AXE)}).then(found => found.violations)")
        return [
            f"{each['id']}: {each['help']}: {node['html'][:160]}"
            for each in violations
            for node in each["nodes"]
        ]

    def check(self) -> None:
        """Fails if anything is wrong with the page as it is now; interactions may come before."""
        assert self.foreign == []
        assert self.errors == []
        fits, titles = self.page.evaluate(MEASURED)
        assert fits, "scrolls sideways"
        assert titles == 1
        assert self.found_by_axe() == []


@cache
def _axe() -> str:
    from axe_playwright_python.base import AXE_SCRIPT  # type: ignore[import-untyped]

    script: str = AXE_SCRIPT
    return script


@pytest.fixture(scope="package")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """`kogge serve` on a free port, with the graph of the repository."""
    home = tmp_path_factory.mktemp("browser")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with (home / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "kogge", "serve", "--port", str(port), "--home", str(home / "var")],
            stdout=log,
            stderr=subprocess.STDOUT,
            env=os.environ | SETTINGS,
        )
    try:
        base = f"http://127.0.0.1:{port}"
        until = time.monotonic() + STARTS
        while not _answers(base + "/health/ready"):
            assert process.poll() is None, (home / "log").read_text()
            assert time.monotonic() < until, (home / "log").read_text()
            time.sleep(0.2)
        yield Service(base, home / "var")
    finally:
        process.terminate()
        process.wait(20)


@pytest.fixture(scope="package")
def chromium() -> Iterator[Any]:
    """A headless Chromium. Its loop ends with this folder, so that other tests may have one of their own."""
    playwright = pytest.importorskip("playwright.sync_api", reason=REASON)
    pytest.importorskip("axe_playwright_python", reason=REASON)
    if not CHROMIUM:
        pytest.skip(REASON)
    if vendor.wrong():
        pytest.skip("the parts of the pages were not fetched: run `make install`")
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=CHROMIUM, headless=True, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def open_page(chromium: Any, service: Service) -> Iterator[Any]:
    """Opens a path at a width and gives what was seen: `open_page("/de/help", 320, scripts=False)`.

    Each time in a window of its own, which knows nothing of the others: no cookie, no file.
    """
    contexts: list[Any] = []

    def opened(path: str, width: int = 1280, *, scripts: bool = True, **options: Any) -> Seen:
        seen = _window(chromium, service, width, scripts=scripts, **options)
        contexts.append(seen.page.context)
        seen.go(path)
        return seen

    yield opened
    for context in contexts:
        context.close()


@pytest.fixture(scope="package")
def windows(chromium: Any, service: Service) -> Iterator[dict[bool, Seen]]:
    """A window with scripts and one without, which stay open: a new one costs more than most pages."""
    windows = {scripts: _window(chromium, service, 1280, scripts=scripts) for scripts in (True, False)}
    yield windows
    for seen in windows.values():
        seen.page.context.close()


@pytest.fixture
def look_at(windows: dict[bool, Seen]) -> Any:
    """Opens a path that is only looked at, 1280 wide, and gives what was seen: `look_at("/de/help")`.

    In a window that has shown other pages before: it has the files that all of them share.
    """

    def looked(path: str, *, scripts: bool = True, color_scheme: str = "light") -> Seen:
        seen = windows[scripts]
        seen.resize(1280)
        seen.page.emulate_media(color_scheme=color_scheme)
        seen.go(path)
        return seen

    return looked


def _window(chromium: Any, service: Service, width: int, *, scripts: bool, **options: Any) -> Seen:
    """A window that is watched."""
    context = chromium.new_context(
        viewport={"width": width, "height": HEIGHT},
        java_script_enabled=scripts,
        reduced_motion="reduce",
        **options,
    )
    if scripts:
        context.add_init_script(WATCH)
    seen = Seen(context.new_page(), service.base)
    seen.watch()
    return seen


def _answers(address: str) -> bool:
    try:
        with urlopen(address, timeout=5) as answer:
            return bool(answer.status == 200)
    except (URLError, OSError):
        return False
