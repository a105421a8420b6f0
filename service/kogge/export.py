"""Level 7, export: what the service gives out, as files for a static web server, byte for byte the same."""

from __future__ import annotations

import errno
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from kogge import home, publish
from kogge.dumps import Dumps
from kogge.errors import Conflict, DiskFull, KoggeError, Unavailable
from kogge.portal import build, catalog
from kogge.portal.build import Order, Told
from kogge.portal.release import INDEX, SUMS, Release
from kogge.portal.shelf import Shelf
from kogge.settings import Settings
from kogge.store.embedded import EmbeddedStore

WHAT: Final = ("dumps", "catalog", "all")
MARKER: Final = ".kogge-export.json"  # in a folder that was written by this: what is in it
_NEW: Final = ".kogge-export-new"
_LAST: Final = (SUMS, INDEX)  # take their place when all that they name is there


@dataclass(frozen=True)
class Exported:
    """What was written: the last release, whence ("home", "service" or "repository"), how many files."""

    release: Release
    source: str
    files: int


def export(settings: Settings, folder: Path, what: str, told: Told) -> Exported:
    """Writes the dumps, the catalogue of them, or all, into a folder: an empty one, or one written by this.

    The graph is that of the home folder, if there is one. Where a service has it open, it is that of the
    service's last release; without a home folder it is that of the repository, without versions. All is
    written under other names, and takes the place of what was there when it is complete.

    Raises Conflict for a folder with other things in it, DiskFull, Unavailable where the service has not
    made a release yet, and as `Dumps.make`.
    """
    before = _written_before(folder)
    new = folder / _NEW
    try:
        folder.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(new, ignore_errors=True)
        new.mkdir()
        with _releases(settings, told) as (place, releases, source):
            release = releases[0]
            for each in releases if what != "catalog" else ():
                _copy(place / each.name, new / "dumps" / each.name)
                if each is release:
                    _copy(new / "dumps" / each.name, new / "dumps")
            if what != "dumps":
                for name, content in catalog.files(place / release.name, release, settings).items():
                    (new / name).write_bytes(content)
        files = _put(new, folder, before, release)
    except OSError as error:
        raise _not_written(folder, error) from error
    finally:
        shutil.rmtree(new, ignore_errors=True)
    return Exported(release, source, files)


@contextmanager
def _releases(settings: Settings, told: Told) -> Iterator[tuple[Path, list[Release], str]]:
    """The folder with the releases that are to be written, these, the last first, and where they are from."""
    shelf = Shelf(settings.home / "dumps")
    if not (settings.home / "ledger.sqlite").exists():
        with tempfile.TemporaryDirectory(prefix="kogge-") as folder:
            store = EmbeddedStore()
            publish.load(store)
            order = Order(store.state, datetime.now(UTC).date().isoformat(), mark=settings.csv_mark)
            made = build.make(store.engine, Path(folder) / order.name, order, told)
            yield Path(folder), [made], "repository"
        return
    ledger = home.open_ledger(settings)
    try:
        if home.in_use(settings):
            releases = shelf.releases(ledger.erasures.count)
            if not releases:
                raise Unavailable(
                    "A service has the graph open, and has made no dumps yet.", "Wait, or stop the service."
                )
            yield shelf.folder, releases, "service"
            return
        store = EmbeddedStore(settings.home / "store")
        try:
            publish.bring_in(ledger, store)
            dumps = Dumps(store, ledger, settings)
            dumps.make(told)
            yield shelf.folder, dumps.releases(), "home"
        finally:
            store.close()
    finally:
        ledger.close()


def _copy(source: Path, target: Path) -> None:
    """The files of a folder in another: the same files where the disk is the same, else copies."""
    target.mkdir(parents=True, exist_ok=True)
    for path in source.iterdir():
        if path.is_file():
            try:
                os.link(path, target / path.name)
            except OSError as error:
                if error.errno not in (errno.EXDEV, errno.EPERM, errno.EMLINK, errno.EOPNOTSUPP):
                    raise
                shutil.copy2(path, target / path.name)


def _put(new: Path, folder: Path, before: set[str], release: Release) -> int:
    """Has what is new take its place, and removes what an export of before has written; how many files.

    First come the releases, then what changes at its address, then what names it.
    """
    names = [str(path.relative_to(new)) for path in new.rglob("*") if path.is_file()]
    for name in sorted(names, key=lambda name: (-name.count("/"), name.endswith(_LAST))):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (new / name).replace(folder / name)
    for name in before - set(names):
        (folder / name).unlink(missing_ok=True)
    for path in sorted((each for each in folder.rglob("*") if each.is_dir()), reverse=True):
        if not any(path.iterdir()):
            path.rmdir()
    marker = {"state": release.state, "release": release.name, "files": sorted(names)}
    written = folder / f"{MARKER}.new"
    written.write_text(json.dumps(marker, indent=1) + "\n", "utf-8")
    written.replace(folder / MARKER)
    return len(names)


def _written_before(folder: Path) -> set[str]:
    """The files that an earlier export has left in a folder. Raises Conflict where other things are."""
    try:
        there = {path.name for path in folder.iterdir()} - {_NEW}
        said = json.loads((folder / MARKER).read_text("utf-8")) if MARKER in there else None
    except FileNotFoundError:
        return set()
    except NotADirectoryError as error:
        raise Conflict(f"'{folder}' is no folder.", "Name another.") from error
    except (OSError, ValueError) as error:
        raise Conflict(f"'{folder}' cannot be read: {error}", "Name another folder.") from error
    if there and said is None:
        raise Conflict(
            f"The folder '{folder}' has other things in it.", "Name an empty folder, or a new one."
        )
    files = said["files"] if said else []
    return {name for name in files if not Path(name).is_absolute() and ".." not in Path(name).parts}


def _not_written(folder: Path, error: OSError) -> KoggeError:
    if error.errno in (errno.ENOSPC, errno.EDQUOT) or "No space left" in str(error):
        return DiskFull(
            f"There is no room for the files in '{folder}'.", "Make room; what was there is as it was."
        )
    return Unavailable(f"'{folder}' cannot be written: {error.strerror or error}.", "Name another folder.")
