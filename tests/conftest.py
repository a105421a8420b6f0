"""What test modules share: the graph of the repository, in memory and on the disk, and a client."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import settings as hypothesis_settings
from starlette.testclient import TestClient

from kogge.desk import Desk
from kogge.settings import Settings
from kogge.web import create_app

# How fast the machine is today is no property of the code.
# Where a change is judged, the same examples are tried each time; elsewhere others, which may find more.
hypothesis_settings.register_profile("kogge", deadline=None, derandomize="CI" in os.environ)
hypothesis_settings.load_profile("kogge")


# What takes longest comes first, so that no process waits for another in the end.
FIRST = ("test_fuzz.py", "test_http.py", "test_large.py", "test_contribution.py", "test_pages_things.py")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Puts the tests in their order (sorting keeps that of the others)."""
    items.sort(key=lambda item: FIRST.index(item.path.name) if item.path.name in FIRST else len(FIRST))


@pytest.fixture(scope="session")
def desk() -> Iterator[Desk]:
    """The graph of the repository in memory; no test changes it."""
    desk = Desk.in_memory()
    yield desk
    desk.close()


@pytest.fixture(scope="session")
def web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """A client of the whole application, with its store on the disk."""
    settings = Settings.from_environment({"KOGGE_HOME": str(tmp_path_factory.mktemp("web"))})
    with TestClient(create_app(settings), raise_server_exceptions=False) as client:
        yield client


@pytest.fixture
def home(tmp_path: Path) -> Settings:
    """Settings with a home folder of their own."""
    return Settings.from_environment({"KOGGE_HOME": str(tmp_path / "home")})


@pytest.fixture(scope="session")
def libreoffice(tmp_path_factory: pytest.TempPathFactory) -> Callable[[bytes, str, str], bytes]:
    """What LibreOffice makes of a file in another format: `libreoffice(body, "xlsx", "ods")`."""
    office = shutil.which("soffice") or shutil.which("libreoffice")
    if office is None:
        pytest.skip("LibreOffice Calc is not installed")
    profile = tmp_path_factory.mktemp("office")

    def converted(body: bytes, before: str, after: str) -> bytes:
        folder = tmp_path_factory.mktemp("converted")
        source = folder / f"tabelle.{before}"
        source.write_bytes(body)
        subprocess.run(
            [office, "--headless", f"-env:UserInstallation=file://{profile}", "--convert-to", after,
             "--outdir", f"{folder}/out", str(source)],
            check=True,
            capture_output=True,
            timeout=120,
        )  # fmt: skip
        return (folder / "out" / f"tabelle.{after.partition(':')[0]}").read_bytes()

    return converted
