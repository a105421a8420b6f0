"""Level 6, portal: a release: the dumps of all datasets at one state, as its `index.json` says it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final

INDEX: Final = "index.json"
SUMS: Final = "SHA256SUMS"


@dataclass(frozen=True)
class File:
    """One file of a release: its name, media type, size in bytes, and SHA-256 in hexadecimal digits."""

    name: str
    type: str
    size: int
    sha256: str


@dataclass(frozen=True)
class Counts:
    """How many triples there are, how many things of each class, how many triples with each property."""

    triples: int
    classes: Mapping[str, int]
    properties: Mapping[str, int]


@dataclass(frozen=True)
class Made:
    """The dump of one dataset.

    `modified` is when it last changed (xsd:dateTime; empty for a graph without versions), `graphs`
    are the named graphs that it draws from, `files` those of each format by their ending (`ttl`, `ttl.gz`,
    `csv.zip`).
    """

    slug: str
    title: Mapping[str, str]
    modified: str
    counts: Counts
    graphs: tuple[str, ...]
    files: Mapping[str, File]


@dataclass(frozen=True)
class Release:
    """What was made of one state of the graph. Its name is the day of the last change and the state.

    `erasures` is how often data of a person had been erased by then; `form` changes with the program and the
    settings where they decide about bytes.
    """

    name: str
    state: str
    date: str
    erasures: int
    form: str
    datasets: Mapping[str, Made]

    @classmethod
    def read(cls, content: bytes) -> Release:
        """The release that an `index.json` describes. Raises ValueError, KeyError or TypeError if none."""
        said = json.loads(content)
        datasets = {each["slug"]: _made(each) for each in said["datasets"]}
        return cls(**{**said, "datasets": datasets})

    @classmethod
    def of(cls, folder: Path | None) -> Release | None:
        """The release in a folder; None if it is not all there."""
        try:
            return cls.read((folder / INDEX).read_bytes()) if folder else None
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def renamed(self, name: str) -> Release:
        """The same under another name."""
        return replace(self, name=name)

    def write(self) -> bytes:
        """The content of its `index.json`."""
        said = {**asdict(self), "datasets": [asdict(each) for each in self.datasets.values()]}
        return json.dumps(said, ensure_ascii=False, indent=1).encode() + b"\n"


def _made(said: Mapping[str, Any]) -> Made:
    files = {ending: File(**each) for ending, each in said["files"].items()}
    return Made(
        **{**said, "counts": Counts(**said["counts"]), "files": files, "graphs": tuple(said["graphs"])}
    )
