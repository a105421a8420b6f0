"""Level 2, artefacts: finds the four data folders, in an installed wheel or in a checkout."""

from __future__ import annotations

from importlib import resources
from pathlib import Path
from typing import Final

from kogge.errors import Misconfigured

FOLDERS: Final = ("ontology", "graph", "shapes", "queries")


def folder(name: str) -> Path:
    """The data folder `ontology`, `graph`, `shapes` or `queries`: from the wheel, else from the checkout.

    Raises Misconfigured where it is in neither.
    """
    package = Path(str(resources.files("kogge")))
    for place in (package / "data" / name, package.parent.parent / name):
        if place.is_dir():
            return place
    raise Misconfigured(
        f"The data folder '{name}' is missing.",
        "Install the package anew, or run from a complete checkout.",
    )


def files(name: str, suffix: str) -> list[Path]:
    """All files of a data folder that end in `suffix` (with its dot), in the order of their paths."""
    return sorted(path for path in folder(name).rglob(f"*{suffix}") if path.is_file())
