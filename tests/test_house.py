"""The house: the tree, the lock files, the names, the wheel, and what must never stand in a file."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
import tomllib
import zipfile
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest

from kogge import artefacts

ROOT = Path(__file__).resolve().parent.parent
LOCKS = ("requirements.lock", "requirements-test.lock")
NPM_LOCK = "requirements-npm.lock"

FOLDERS = {".ci", "bench", "docs", "graph", "ontology", "queries", "service", "shapes", "tests"}
TOP_FILES = {
    ".gitattributes",
    ".gitignore",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "LICENSE",
    "LICENSE-DATA",
    "Makefile",
    "README.md",
    "SECURITY.md",
    "THIRD_PARTY.md",
    "THREAT_MODEL.md",
    "pyproject.toml",
    *LOCKS,
    NPM_LOCK,
}
DATA_FILE = re.compile(r"(?:[a-z0-9-]+/)*(?:[a-z0-9]+(?:-[a-z0-9]+)*\.(?:ttl|rq|toml|jsonld)|README\.md)")
# Names that say nothing, and names of what is data here.
FORBIDDEN_MODULES = {"graph", "ontology", "shapes", "queries"} | {
    "utils", "util", "helpers", "helper", "common", "misc", "services", "models", "manager"
}  # fmt: skip
MACHINE_PATH = re.compile(r"(?<![\w./-])/(?:work|farm|root|home|Users)/")
INDEX_ADDRESS = re.compile(r"\b(?:pypi|pythonhosted|npmjs|debian)\.(?:org|com)\b")
LOCKED = re.compile(r"([a-z0-9-]+)==(\S+)")


@cache
def tree() -> tuple[str, ...]:
    """The files of the project, relative to its root: all that git does not ignore."""
    command = ["git", "-C", str(ROOT), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    try:
        listed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("the files of the project are listed by git, which does not answer here")
    return tuple(name for name in sorted(set(listed.split("\0"))) if name and (ROOT / name).is_file())


def text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def pyproject() -> dict[str, Any]:
    return tomllib.loads(text("pyproject.toml"))


def locked(name: str) -> dict[str, str]:
    return dict(LOCKED.findall(text(name)))


def named_packages(requirements: list[str]) -> set[str]:
    return {re.split(r"[<>=!~\[; ]", requirement)[0].lower() for requirement in requirements}


def test_every_file_lies_in_a_known_folder() -> None:
    assert len(tree()) > 50
    strangers = [name for name in tree() if name.partition("/")[0] not in FOLDERS | TOP_FILES]
    assert strangers == []


def test_the_top_files_are_all_there() -> None:
    assert [name for name in sorted(TOP_FILES) if not (ROOT / name).is_file()] == []


def test_data_folders_hold_nothing_but_data_with_kebab_case_names() -> None:
    held = [name for name in tree() if name.partition("/")[0] in artefacts.FOLDERS]
    assert len(held) > 20
    assert [name for name in held if not DATA_FILE.fullmatch(name)] == []


def test_no_module_has_a_name_that_says_nothing_or_that_belongs_to_data() -> None:
    modules = [Path(name) for name in tree() if name.startswith("service/") and name.endswith(".py")]
    assert len(modules) > 5
    assert [module for module in modules if FORBIDDEN_MODULES & {module.stem, *module.parent.parts}] == []


def test_every_module_says_what_it_is() -> None:
    modules = [name for name in tree() if name.endswith(".py")]
    assert [name for name in modules if not ast.get_docstring(ast.parse(text(name)))] == []


def test_no_file_names_a_path_of_a_machine_or_a_package_index() -> None:
    found = []
    for name in tree():
        try:
            content = text(name)
        except UnicodeDecodeError:
            continue
        found += [f"{name}: {match[0]}" for match in MACHINE_PATH.finditer(content)]
        found += [f"{name}: {match[0]}" for match in INDEX_ADDRESS.finditer(content)]
    assert found == []


@pytest.mark.parametrize("name", LOCKS)
def test_lock_files_hold_names_versions_and_hashes_only(name: str) -> None:
    package, digest = r"[a-z0-9-]+==[^\s@/]+(?: ; [^@/\\]+)? \\", r"    --hash=sha256:[0-9a-f]{64}(?: \\)?"
    line = re.compile(f"{package}|{digest}")
    lines = text(name).splitlines()
    assert len(lines) > 100
    assert [each for each in lines if not line.fullmatch(each)] == []


def test_both_locks_agree_and_hold_what_the_project_asks_for() -> None:
    run, test, project = locked(LOCKS[0]), locked(LOCKS[1]), pyproject()
    assert run.items() <= test.items()
    assert named_packages(project["project"]["dependencies"]) <= run.keys()
    assert named_packages(project["build-system"]["requires"]) <= run.keys()
    assert named_packages(project["project"]["optional-dependencies"]["test"]) <= test.keys()


def test_what_builds_the_project_is_what_is_locked() -> None:
    project = pyproject()
    assert project["dependency-groups"]["build"] == project["build-system"]["requires"]


def test_every_locked_package_is_named_with_its_licence() -> None:
    listed = set(re.findall(r"[a-z0-9]+(?:-[a-z0-9]+)*", text("THIRD_PARTY.md")))
    assert sorted(locked(LOCKS[1]).keys() - listed) == []


def test_the_changelog_begins_with_the_version_of_the_package() -> None:
    newest = re.search(r"^## \[([^\]]+)\]", text("CHANGELOG.md"), re.MULTILINE)
    assert newest is not None
    assert newest[1] == pyproject()["project"]["version"] == metadata.version("kogge")


def test_make_offers_what_is_promised_and_says_so() -> None:
    makefile = text("Makefile")
    for target in ("serve", "test", "check", "bench", "lock", "install"):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target
        assert f"make {target}" in makefile, target


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of an unpacked wheel, built offline with the locked build backend."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
    subprocess.run(command, cwd=ROOT, capture_output=True, check=True)
    (archive,) = folder.glob("kogge-*.whl")
    with zipfile.ZipFile(archive) as opened:
        opened.extractall(folder / "site")
    return folder / "site"


def test_the_wheel_carries_the_program_and_the_four_data_folders(wheel: Path) -> None:
    expected = {
        name: "kogge/" + name.removeprefix("service/kogge/") for name in tree() if name.startswith("service/")
    }
    expected |= {name: f"kogge/data/{name}" for name in tree() if name.partition("/")[0] in artefacts.FOLDERS}
    carried = {path.relative_to(wheel).as_posix() for path in wheel.rglob("*") if path.is_file()}
    assert sorted(set(expected.values()) - carried) == []
    assert {name.partition("/")[0] for name in carried} == {
        "kogge",
        f"kogge-{metadata.version('kogge')}.dist-info",
    }
    assert any(name.endswith("licenses/LICENSE-DATA") for name in carried)


def test_a_wheel_answers_without_the_checkout(wheel: Path, tmp_path: Path) -> None:
    script = "import kogge.cli, sys; print(kogge.__file__); sys.exit(kogge.cli.main(['who', 'Wasserstoff']))"
    environment = os.environ | {"PYTHONPATH": str(wheel), "KOGGE_HOME": str(tmp_path / "var")}
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(str(wheel))
    assert "Groningen" in done.stdout
