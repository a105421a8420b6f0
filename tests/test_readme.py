"""The documentation: what it shows is run, and what the program offers is named there.

In a block of the kind `console`, a line `$ …` is a command and the lines below it are its output; a line of
`…` alone stands for any lines. `kogge` commands run in this process, `curl` requests go to a service in it;
`kogge` commands that name its address, and what follows them, to a service of their own.
A block under `<!-- file: NAME -->` is a file that the commands may name. `python tests/test_readme.py`
writes the real output wherever an output without `…` is shown.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import os
import re
import shlex
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from unittest import mock
from urllib.request import urlopen

import pytest
from fastapi.routing import iter_route_contexts
from starlette.testclient import TestClient

from kogge import artefacts, cli
from kogge.settings import SETTINGS, Settings
from kogge.web import create_app

ROOT = Path(__file__).resolve().parent.parent
PAGES = (ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md")))
BLOCK = re.compile(r"(?:<!-- file: (\S+) -->\n)?^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PRETTY = "python3 -m json.tool --no-ensure-ascii"
EXPORT = re.compile(r"export (\w+)=\$\((.*)\)")
ADDRESS = "http://127.0.0.1:8000"


@dataclass(frozen=True)
class Shown:
    """A command, the output that the page shows for it, and where that output begins and ends in the page."""

    command: str
    output: str
    begin: int
    end: int

    @property
    def parts(self) -> list[str]:
        """What is shown between the lines of `…`."""
        return re.split(r"^ *… *\n", self.output, flags=re.MULTILINE)

    def agrees_with(self, real: str) -> bool:
        """Whether the real output has the lines shown, in place of each `…` any lines."""
        return re.fullmatch("(?:.*\n)*?".join(map(re.escape, self.parts)), real) is not None


def shown(page: str) -> Iterator[Shown]:
    """All commands of a page with their outputs, in order."""
    for block in BLOCK.finditer(page):
        if block[2] == "console":
            for found in re.finditer(r"^\$ ((?:.*\\\n)*.*\n)((?:(?!\$ ).*\n)*)", block[3], re.MULTILINE):
                at = block.start(3)
                yield Shown(
                    found[1].replace("\\\n", " ").strip(), found[2], at + found.start(2), at + found.end(2)
                )


class Reader:
    """Somebody who types the commands of a page, with our data and the files that it shows in the folder."""

    def __init__(self, page: str, home: Path, folder: Path, client: TestClient) -> None:
        self.home, self.folder, self.client = home, folder, client
        self.exported: dict[str, str] = {}
        self.service = contextlib.ExitStack()
        self.address = ""
        for name in artefacts.FOLDERS:
            (folder / name).symlink_to(ROOT / name)
        for name, _, body in BLOCK.findall(page):
            if name:
                (folder / name).write_text(body, encoding="utf-8")

    def types(self, command: str) -> str:
        """What then stands on the terminal."""
        command, _, pipe = command.partition(" | ")
        command, _, given = command.partition(" < ")
        if exported := EXPORT.fullmatch(command):
            self.serve()
            self.exported.pop(exported[1], None)
            told, self.exported[exported[1]] = self.types(exported[2]).rstrip("\n").rsplit("\n", 1)
            return told + "\n"
        program, *arguments = shlex.split(command)
        with contextlib.chdir(self.folder):
            stdin = Path(given).read_text(encoding="utf-8") if given else ""
            out = self.kogge(arguments, stdin) if program == "kogge" else self.curl(program, arguments)
        if pipe:
            assert pipe == PRETTY, f"this test knows no '{pipe}'"
            out = json.dumps(json.loads(out), indent=4, ensure_ascii=False)
        out = out.replace("\r\n", "\n")
        return out if not out or out.endswith("\n") else out + "\n"

    def serve(self) -> None:
        """Starts a service on a home of its own, which the commands work on from here on."""
        if self.address:
            return
        with socket.create_server(("127.0.0.1", 0)) as found:
            port = found.getsockname()[1]
        self.home, self.address = self.folder / "var", f"http://127.0.0.1:{port}"
        command = [sys.executable, "-m", "kogge", "serve", "--port", str(port), "--home", str(self.home)]
        service = self.service.enter_context(
            subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        )
        self.service.callback(service.terminate)
        assert service.stdout is not None
        assert service.stdout.readline().startswith("Kogge answers on ")

    def kogge(self, arguments: list[str], stdin: str) -> str:
        arguments = [self.address if each == ADDRESS else each for each in arguments]
        environment = {"KOGGE_HOME": str(self.home), "COLUMNS": "100", **self.exported}
        out = io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True)
        with (
            mock.patch.dict(os.environ, environment),
            mock.patch("sys.stdin", io.TextIOWrapper(io.BytesIO(stdin.encode()), encoding="utf-8")),
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(out),
            contextlib.suppress(SystemExit),
        ):
            cli.main(arguments)
        out.seek(0)
        return out.read()

    def curl(self, program: str, arguments: list[str]) -> str:
        assert program == "curl", f"this test knows no '{program}'"
        parser = argparse.ArgumentParser()
        parser.add_argument("-s", action="store_true")
        parser.add_argument("-G", action="store_true")
        parser.add_argument("-H", action="append", default=[])
        parser.add_argument("--data-urlencode", action="append", default=[])
        parser.add_argument("url")
        options = parser.parse_args(arguments)
        url = options.url.removeprefix(ADDRESS)
        assert url.startswith("/"), options.url
        headers = dict(header.split(": ", 1) for header in options.H)
        fields = dict(self.field(each) for each in options.data_urlencode)
        if options.G or not fields:
            return self.client.get(url, params=fields or None, headers=headers).text
        return self.client.post(url, data=fields, headers=headers).text

    @staticmethod
    def field(text: str) -> tuple[str, str]:
        """`name=value`, or `name@file` for the content of a file."""
        name, sign, value = re.split("([=@])", text, maxsplit=1)
        return name, value if sign == "=" else Path(value).read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    settings = Settings.from_environment({"KOGGE_HOME": str(tmp_path_factory.mktemp("served"))})
    with TestClient(create_app(settings), base_url=ADDRESS) as client:
        yield client


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_a_page_shows_what_happens(path: Path, home: Path, client: TestClient, tmp_path: Path) -> None:
    page = path.read_text(encoding="utf-8")
    reader = Reader(page, home, tmp_path, client)
    with reader.service:
        for each in shown(page):
            real = reader.types(each.command)
            assert each.agrees_with(real), f"$ {each.command}\nshown:\n{each.output}\nreal:\n{real}"


def test_the_service_that_the_readme_starts_answers_and_stops(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as found:
        port = found.getsockname()[1]
    command = [sys.executable, "-m", "kogge", "serve", "--port", str(port), "--home", str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as service:
        try:
            assert service.stdout is not None
            assert service.stdout.readline().startswith(f"Kogge answers on http://127.0.0.1:{port} ")
            with urlopen(f"http://127.0.0.1:{port}/expertise?q=Wasserstoff", timeout=20) as response:
                assert json.load(response)["results"][0]["holder"]["label"] == "Groningen"
        finally:
            service.terminate()  # else the end of `with` waits for ever
        assert service.wait(timeout=20) == 0


def test_every_page_for_readers_shows_something() -> None:
    without = [path.name for path in PAGES if not any(shown(path.read_text(encoding="utf-8")))]
    assert without == []


def test_links_between_pages_lead_somewhere() -> None:
    links = [
        (path, link)
        for path in PAGES
        for link in re.findall(r"\]\((?!https?:|#)([^)#]+)", path.read_text(encoding="utf-8"))
    ]
    assert len(links) > 5
    assert [(path.name, link) for path, link in links if not (path.parent / link).exists()] == []


def test_the_readme_lists_the_settings() -> None:
    rows = re.findall(
        r"^\| `(KOGGE_\w+)` \| (.*?) \| (.*?) \|$", PAGES[0].read_text(encoding="utf-8"), re.MULTILINE
    )
    assert rows == [(each.name, f"`{each.default}`" if each.default else "–", each.help) for each in SETTINGS]


def test_the_readme_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    with contextlib.suppress(SystemExit):
        cli.main(["--help"])
    listed = re.search(r"\{([a-z,]+)\}", capsys.readouterr().out)
    assert listed is not None
    readme = PAGES[0].read_text(encoding="utf-8")
    assert [name for name in listed[1].split(",") if f"`kogge {name}" not in readme] == []


def test_the_readme_names_every_address() -> None:
    routes = create_app(Settings.from_environment({})).routes
    paths = {re.sub(r"\{(\w+)(?::\w+)?\}", r"<\1>", str(route.path)) for route in iter_route_contexts(routes)}
    assert len(paths) > 3
    readme = PAGES[0].read_text(encoding="utf-8")
    assert [path for path in sorted(paths) if f"\n| `{path}" not in readme] == []


def write_real_outputs() -> None:
    """Puts the real output in the place of every output shown without `…`."""
    with tempfile.TemporaryDirectory() as place, contextlib.ExitStack() as stack:
        settings = Settings.from_environment({"KOGGE_HOME": f"{place}/served"})
        client = stack.enter_context(TestClient(create_app(settings), base_url=ADDRESS))
        for path in PAGES:
            page = path.read_text(encoding="utf-8")
            folder = Path(place, path.stem)
            folder.mkdir()
            reader = Reader(page, Path(place, "home"), folder, client)
            written = page
            with reader.service:
                real_outputs = [(each, reader.types(each.command)) for each in shown(page)]
            for each in reversed(real_outputs):
                found, real = each
                if not found.agrees_with(real) and len(found.parts) == 1:
                    written = written[: found.begin] + real + written[found.end :]
            path.write_text(written, encoding="utf-8")


if __name__ == "__main__":
    write_real_outputs()
