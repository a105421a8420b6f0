"""Level 6, portal: the releases that are kept in a folder, and what becomes of the old ones.

A release is a folder that is made elsewhere and moved here when all of it is there. One in which somebody is
named whose data was erased since is emptied; the empty folder says that there was one.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from kogge.errors import Gone, NotFound
from kogge.portal.build import CHECKED
from kogge.portal.release import INDEX, SUMS, File, Release

_HIDDEN: Final = "."


@dataclass(frozen=True)
class Found:
    """A file of a release: where it lies, and what it is."""

    path: Path
    file: File
    release: Release


class Shelf:
    """The releases in a folder; those made before the last of so many erasures are never shown."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._known: dict[str, Release] = {}

    def releases(self, erasures: int) -> list[Release]:
        """All releases that can be had, the one that was finished last first."""
        return [each for each in self._all() if each.erasures >= erasures]

    def current(self, erasures: int) -> Release | None:
        """The one that was finished last."""
        return next(iter(self.releases(erasures)), None)

    def release(self, name: str, erasures: int) -> Release:
        """The release of that name. Raises NotFound, naming the others; Gone where data in it was erased."""
        there = self.releases(erasures)
        if found := next((each for each in there if each.name == name), None):
            return found
        if name in self._names():
            raise Gone("In this release was data that was erased on request.", "GET /dumps lists the others.")
        known = ", ".join(each.name for each in there[:5])
        raise NotFound(f"There is no release '{name}'.", f"There are {known}." if known else "")

    def find(self, release: Release, name: str) -> Found:
        """A file of a release. Raises NotFound."""
        for made in release.datasets.values():
            for file in made.files.values():
                if name == file.name:
                    return Found(self.folder / release.name / name, file, release)
                if name == f"{file.name}.{CHECKED}":
                    return self._beside(release, name, "text/plain")
        if name in (SUMS, INDEX):
            return self._beside(release, name, "text/plain" if name == SUMS else "application/json")
        raise NotFound(f"There is no dump '{name}'.", "GET /dumps lists those that there are.")

    def place(self) -> Path:
        """A folder in which the next release can be made; what was left half-done there is removed."""
        self.folder.mkdir(parents=True, exist_ok=True)
        for left in self.folder.glob(".making-*"):
            shutil.rmtree(left, ignore_errors=True)
        return self.folder / f".making-{os.getpid()}"

    def add(self, made: Path, release: Release) -> Release:
        """Moves a release here that is all there. What was finished last under that name makes place; one
        that has the same state, but was written in another form, stays under its name.
        """
        name, number = release.name, 1
        while name in self._names():
            there = Release.of(self.folder / name)
            if there and (there.state, there.form) == (release.state, release.form):
                shutil.rmtree(self.folder / name)
                break
            number += 1
            name = f"{release.name}-{number}"
        if name != release.name:
            release = release.renamed(name)
            (made / INDEX).write_bytes(release.write())
        made.rename(self.folder / name)
        self._known.clear()
        return release

    def again(self, release: Release) -> None:
        """Makes a release that is here the last one: the graph is again as it was then."""
        os.utime(self.folder / release.name / INDEX)

    def tidy(self, keep: int, erasures: int) -> None:
        """Removes all but the last `keep` releases, and what is in those from before an erasure."""
        for number, release in enumerate(self._all()):
            path = self.folder / release.name
            if release.erasures < erasures:
                (path / INDEX).unlink()
                for file in path.iterdir():
                    file.unlink()
            elif number >= keep:
                shutil.rmtree(path, ignore_errors=True)

    def _beside(self, release: Release, name: str, type_: str) -> Found:
        path = self.folder / release.name / name
        return Found(path, File(name, type_, path.stat().st_size, ""), release)

    def _names(self) -> Iterator[str]:
        if self.folder.is_dir():
            yield from (path.name for path in self.folder.iterdir() if not path.name.startswith(_HIDDEN))

    def _all(self) -> list[Release]:
        times: dict[str, int] = {}
        for name in self._names():
            try:
                times[name] = (self.folder / name / INDEX).stat().st_mtime_ns
            except OSError:  # it was emptied
                continue
            if name not in self._known and (release := Release.of(self.folder / name)):
                self._known[name] = release
        found = [self._known[name] for name in times if name in self._known]
        return sorted(found, key=lambda each: times[each.name], reverse=True)
