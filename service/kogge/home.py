"""Level 7, home: the folder of store and ledger: opened, put aside where it is damaged, made anew.

For the desk, and for commands that work beside a service.
"""

from __future__ import annotations

import logging
import time
from pathlib import Path

from kogge import publish
from kogge.errors import Damaged, KoggeError, Misconfigured, Unavailable
from kogge.ledger import CURATOR, Caller, Ledger
from kogge.publish import Publisher
from kogge.settings import Settings
from kogge.steps import Steps
from kogge.store.embedded import EmbeddedStore

log = logging.getLogger(__name__)


def make(settings: Settings) -> None:
    """Makes the folder. Raises Misconfigured where that cannot be done."""
    try:
        settings.home.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Misconfigured(
            f"The folder {settings.home} cannot be made: {error.strerror}.", "Choose another with --home."
        ) from error


def put_aside(store: Path, error: Damaged) -> None:
    """Moves a damaged store out of the way. Raises Misconfigured where that cannot be done."""
    aside = store.with_name(f"{store.name}.damaged-{time.strftime('%Y%m%d-%H%M%S')}")
    try:
        store.rename(aside)
    except OSError as failed:
        raise Misconfigured(
            f"{error.message} It cannot be moved: {failed.strerror}.", "Move it away."
        ) from error
    log.error("%s It is kept as %s, and made anew from the ledger.", error.message, aside)


def open_ledger(settings: Settings) -> Ledger:
    """The ledger alone: what only concerns it is done beside a service that runs. Raises Misconfigured."""
    make(settings)
    return Ledger(settings.home / "ledger.sqlite")


def in_use(settings: Settings) -> bool:
    """Whether another process, such as a service, has the store open."""
    if not (settings.home / "store").exists():
        return False
    try:
        EmbeddedStore(settings.home / "store").close()
    except Unavailable:
        return True
    except KoggeError:
        return False  # it is told, and mended, by who opens it for work
    return False


class _Elsewhere(Publisher):
    """What a command beside a service writes to the store: nothing; the service follows the ledger."""

    def _bring(self, how: object, after_failure: object) -> None:
        pass

    def compact(self) -> None:
        """See `Publisher.compact`."""


def steps_beside(ledger: Ledger, settings: Settings) -> Steps:
    """The steps on a ledger whose store is open elsewhere, or not needed."""
    return Steps(ledger, _Elsewhere(ledger, EmbeddedStore()), four_eyes=settings.four_eyes)


def rebuild(settings: Settings) -> tuple[str, str]:
    """Makes the store anew from the ledger alone; its state before (empty: damaged) and after.

    Raises Unavailable where another process has it open, Misconfigured, DiskFull.
    """
    path, before = settings.home / "store", ""
    ledger = open_ledger(settings)
    try:
        try:
            store = EmbeddedStore(path)
            before = store.state
        except Damaged as error:
            put_aside(path, error)
            store = EmbeddedStore(path)
        publish.rebuild(ledger, store)
        after = store.state
        store.close()
    finally:
        ledger.close()
    for index in settings.home.glob("lookup.sqlite*"):
        index.unlink()
    return before, after


def operator(ledger: Ledger, person: str) -> Caller:
    """Who works on the machine itself: whoever can write the ledger can do what a steward can."""
    return Caller(ledger.partners.get(CURATOR), person, "steward", "")
