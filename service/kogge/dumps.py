"""Level 7, dumps: keeps a release of the dumps that says what the graph says, made beside all other work.

One release is made at a time, in a process of its own, from a snapshot. Until it is done, and whatever
happens to it, the last complete one is given out.
"""

from __future__ import annotations

import asyncio
import logging
import shutil
import subprocess
import threading
import time
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from kogge.errors import DiskFull, KoggeError, Unavailable
from kogge.ledger import Ledger
from kogge.portal import build, maker
from kogge.portal.build import Order, Told
from kogge.portal.release import Release
from kogge.portal.shelf import Found, Shelf
from kogge.settings import Settings
from kogge.store.embedded import EmbeddedStore

log = logging.getLogger(__name__)

_LOOK: Final = 1.0  # seconds between two looks at the state
_START: Final = 5.0  # seconds after the start in which nothing is made: others are in a hurry
_LONGEST: Final = 30  # where it is never calm, one is made after so many times the calm
_TRIES: Final = 5


class Dumps:
    """The dumps of a store with its ledger, in the folder `dumps` of the home."""

    def __init__(self, store: EmbeddedStore, ledger: Ledger, settings: Settings) -> None:
        self._store = store
        self._ledger = ledger
        self._settings = settings
        self._shelf = Shelf(settings.home / "dumps")
        self._following: asyncio.Task[None] | None = None
        self._making = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._wanted = False  # whether somebody has asked while there is none
        self._stopped = False

    @property
    def making(self) -> bool:
        """Whether a release is being made."""
        return self._making.locked()

    @property
    def state(self) -> str:
        """The state of the store, which that of the last release may be behind."""
        return self._store.state

    def releases(self) -> list[Release]:
        """The releases that can be had, the last first."""
        return self._shelf.releases(self._ledger.erasures.count)

    def current(self) -> Release | None:
        """The last release that can be had, if there is one."""
        return self._shelf.current(self._ledger.erasures.count)

    def find(self, release: str | None, name: str) -> Found:
        """A file of a release (None: the last one).

        Raises NotFound, Gone, and Unavailable while there is no release yet: then one is made at once.
        """
        if release is not None:
            found = self._shelf.release(release, self._ledger.erasures.count)
            return self._shelf.find(found, name)
        current = self.current()
        if current is None:
            self._wanted = True
            if not self._settings.dump_releases:
                raise Unavailable("This service makes no dumps.", "Its operator can: KOGGE_DUMP_RELEASES.")
            raise Unavailable("The dumps are being made for the first time.", "Try again in a few seconds.")
        return self._shelf.find(current, name)

    def start(self) -> None:
        """Begins to follow the state."""
        if self._settings.dump_releases:
            self._following = asyncio.create_task(self._follow())

    async def stop(self) -> None:
        """Ends that, and the making of a release."""
        self._stopped = True
        if self._process:
            self._process.kill()
        if self._following:
            self._following.cancel()
            with suppress(asyncio.CancelledError):
                await self._following

    async def _follow(self) -> None:
        begun = changed = time.monotonic()
        patient_until = begun + _START
        commits = self._store.commits
        while True:
            await asyncio.sleep(_LOOK)
            now = time.monotonic()
            if commits != self._store.commits:
                commits, changed = self._store.commits, now
            try:
                current = await asyncio.to_thread(self._looked)
            except (OSError, KoggeError) as error:
                log.error("the dumps cannot be looked at: %s", error)
                continue
            if current and self._holds(current):
                begun = now
                continue
            calm = (
                now - changed > self._settings.dump_calm or now - begun > _LONGEST * self._settings.dump_calm
            )
            if self._wanted or (now > patient_until and (current is None or calm)):
                self._wanted = False
                begun = now
                try:
                    await asyncio.to_thread(self.make)
                except KoggeError as error:
                    log.error("%s The dumps of before are given out.", error.message)
                    patient_until = time.monotonic() + self._settings.dump_calm

    def _looked(self) -> Release | None:
        """The last release, when those were removed that must not be shown any more."""
        erasures = self._ledger.erasures.count
        if any(each.erasures < erasures for each in self._shelf.releases(0)):
            self._shelf.tidy(self._settings.dump_releases, erasures)
        return self._shelf.current(erasures)

    def _holds(self, release: Release) -> bool:
        form = Order("", "", mark=self._settings.csv_mark).form
        return (release.state, release.form) == (self._store.state, form)

    def make(self, told: Told | None = None) -> Release:
        """The release for what the store says now: one that is there, or a new one.

        It is made in a process of its own; with `told`, which hears how far it is, in this one. Raises
        DiskFull, Unavailable where it cannot be made.
        """
        with self._making:
            erasures = self._ledger.erasures.count
            for release in self._shelf.releases(erasures):
                if self._holds(release):
                    self._shelf.again(release)
                    return release
            before = self._shelf.current(erasures)
            folder = self._shelf.place()
            try:
                made = self._make(folder, before, told)
                release = self._shelf.add(folder / "release", made)
            except OSError as error:
                raise _not_made(str(error)) from error
            finally:
                shutil.rmtree(folder, ignore_errors=True)
            self._shelf.tidy(max(1, self._settings.dump_releases), erasures)
            log.info("release %s of the dumps is made", release.name)
            return release

    def _make(self, folder: Path, before: Release | None, told: Told | None) -> Release:
        order = Order(
            "",
            datetime.now(UTC).date().isoformat(),
            self._ledger.newest(),
            self._ledger.erasures.count,
            self._settings.csv_mark,
            self._shelf.folder / before.name if before else None,
        )
        folder.mkdir()
        snapshot, target = folder / "snapshot", folder / "release"
        order = replace(order, state=self._snapshot(snapshot))
        if told:
            return build.make(self._store.engine, target, order, told)
        with subprocess.Popen(
            maker.command(order, target, snapshot), stdin=subprocess.DEVNULL, stderr=subprocess.PIPE
        ) as process:
            self._process = process
            if self._stopped:
                process.kill()
            _, said = process.communicate()
        self._process = None
        made = Release.of(target)
        if process.returncode or made is None:
            reason = said.decode(errors="replace").strip().splitlines()
            raise _not_made(reason[-1] if reason else f"its process ended with {process.returncode}")
        return made

    def _snapshot(self, path: Path) -> str:
        """Writes a copy of the store, and says what state it has."""
        for _ in range(_TRIES):
            commits, state = self._store.commits, self._store.state
            try:
                self._store.backup(str(path))
            except (OSError, RuntimeError) as error:
                raise _not_made(str(error)) from error
            if commits == self._store.commits:
                return state
            shutil.rmtree(path)
        raise _not_made("the graph changes all the time")


def _not_made(reason: str) -> KoggeError:
    if "No space left" in reason or "Disk quota" in reason:
        return DiskFull("There is no room on the disk for the dumps.", "Make room; they are made again then.")
    return Unavailable(f"The dumps cannot be made: {reason}.", "See the log of the service.")
