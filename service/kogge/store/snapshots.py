"""Level 3, store: the snapshots on which queries are answered, one folder per publication.

A snapshot shares its files with the primary store by hard links, so it takes milliseconds and no room, and is
read-only: what is written to the primary afterwards is not in it. Its folder must stay while somebody reads
it: of a larger store the engine opens a file only when it needs it.
"""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from kogge.errors import Misconfigured, Unavailable

MOST: Final = 3  # folders at once
PATIENCE: Final = 1.0  # seconds for which a snapshot waits for the end of queries on older ones


class Primary(Protocol):
    """The store that is written to."""

    def backup(self, target_directory: str, /) -> None:
        """Writes a copy of the store into a new folder, by hard links where the disk is the same."""
        ...


@dataclass(frozen=True, eq=False)
class Snapshot:
    """One publication: its number, its folder, and what its answers say they come from."""

    generation: int
    path: Path
    state: str


class Snapshots:
    """The folder of snapshots. What another service left there after a crash is removed."""

    def __init__(self, primary: Primary, folder: Path) -> None:
        self._primary = primary
        self._folder = folder.absolute()
        self._kept: list[Snapshot] = []
        self._there: set[Path] = set()
        self._made = 0
        self._making = asyncio.Lock()
        self._removed = asyncio.Event()

    def prepare(self) -> None:
        """Makes the folder, and empties it. Raises Misconfigured where it cannot."""
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            for left in self._folder.glob("generation-*"):
                shutil.rmtree(left)
        except OSError as error:
            raise Misconfigured(f"The folder {self._folder} cannot be used: {error}") from error

    async def make(self, state: str) -> Snapshot:
        """A snapshot of the primary as it is now. Raises Unavailable where none can be made (a full disk).

        There are three folders at most: the one that is served, this one, and one on which queries still run.
        Who needs an older one has `PATIENCE` seconds; a query that takes longer keeps its folder beside them.
        """
        async with self._making:
            with suppress(TimeoutError):
                async with asyncio.timeout(PATIENCE):
                    while len(self._there) >= MOST:
                        self._removed.clear()
                        await self._removed.wait()
            self._made += 1
            path = self._folder / f"generation-{self._made:06}"
            snapshot = Snapshot(self._made, path, state)
            try:
                await asyncio.to_thread(self._primary.backup, str(path))
            except (OSError, RuntimeError) as error:  # the engine raises either
                raise Unavailable(f"No snapshot can be made: {error}", "Make room on the disk.") from error
            self._there.add(path)
            self._kept.append(snapshot)
            return snapshot

    def unused(self, served: Snapshot | None, used: Iterable[Snapshot]) -> list[Snapshot]:
        """Those on which nobody is any more; from now on they are not kept, and the caller removes them."""
        if self._kept == [served]:
            return []  # as nearly always
        still = {served, *used}
        unused = [snapshot for snapshot in self._kept if snapshot not in still]
        self._kept = [snapshot for snapshot in self._kept if snapshot in still]
        return unused

    async def remove(self, snapshot: Snapshot) -> None:
        """Removes the folder of one that is unused."""
        await asyncio.to_thread(shutil.rmtree, snapshot.path, ignore_errors=True)
        self._there.discard(snapshot.path)
        self._removed.set()

    async def clear(self) -> None:
        """Removes all, when the one that is being made is done."""
        async with self._making:
            for left in self._folder.glob("generation-*"):
                shutil.rmtree(left, ignore_errors=True)
