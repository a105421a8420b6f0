"""Level 8, cli: `kogge export`, which writes what the service gives out as files."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from kogge import desk as desks
from kogge.progress import Progress

_FROM = {
    "home": "from {home}",
    "service": "from the last release of the service that has {home} open",
    "repository": "from the files of the repository, without versions: there is no {home}",
}


def add_command(commands: Any) -> None:
    """Adds the command."""
    parser = commands.add_parser("export", help="write dumps and catalogue as files for a static web server")
    parser.description = (
        "Writes what the service gives out at /dumps, byte for byte, and the catalogue, into a folder that "
        "is empty, not there yet, or was written by this command."
    )
    parser.add_argument("folder", metavar="DIR")
    parser.add_argument("--what", choices=desks.EXPORTED, default="all", help="dumps, catalog or all (all)")
    parser.add_argument("--home", help="the folder of store and ledger (KOGGE_HOME)")
    parser.set_defaults(run=_export)


def _export(given: argparse.Namespace) -> int:
    from kogge.cli import _settings

    settings = _settings(HOME=given.home)
    progress = Progress(sys.stderr, "en")
    try:
        done = desks.export(settings, Path(given.folder), given.what, progress.show)
    finally:
        progress.end()
    print(
        f"{given.folder}: {done.files} files, release {done.release.name}, "
        + _FROM[done.source].format(home=settings.home)
    )
    return 0
