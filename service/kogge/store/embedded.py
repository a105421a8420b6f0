"""Level 3, store: the graph in Oxigraph, in memory or in a folder that one process at a time opens."""

from __future__ import annotations

import errno
import os
import re
import tempfile
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pyoxigraph as ox
from pyoxigraph import NamedNode, RdfFormat, Triple, Variable

from kogge.errors import BadRequest, Damaged, DiskFull, KoggeError, Misconfigured, Unavailable, Unreadable
from kogge.store.base import Answer, Term
from kogge.store.change import Change, lines, lines_of
from kogge.store.mark import NAMESPACE, Mark

_PLACE: Final = re.compile(r"^error at (\d+):(\d+): ", re.DOTALL)
_REASON_LENGTH: Final = 300
# What the engine says of an address in SERVICE that it does not even try.
_ADDRESS: Final = re.compile(r"The port \d+ is not allowed|A URI scheme must be set")
_FULL: Final = re.compile(r"No space left on device|Disk quota exceeded|File too large")
_ROOM: Final = 16 * 1024 * 1024  # bytes that are free, beside those of the logs, before the files are opened
_PATIENCE: Final = 2.0  # seconds for which a reader may still hold the files that are opened anew


class EmbeddedStore:
    """`Store` on pyoxigraph: `EmbeddedStore()` in memory, `EmbeddedStore(path)` in a folder.

    A commit survives the end of the process, but not always a power failure: it is on the disk after `close`.
    What is lost then is seen by the number that the store carries, and made anew from the ledger. With each
    commit the store keeps the mark of what it holds (`kogge.store.mark`); whether there are as many quads
    as the mark says is counted when it is opened, a third of a second for a million.

    Raises Unavailable if another process has the folder open, Damaged if its files are not as they were
    written, Misconfigured if it cannot be used; each write DiskFull where there is no room.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._commits = 0
        self._whole = threading.RLock()  # held while several transactions make one change
        self._writer = 0  # the thread that holds it
        self._written = False  # whether it has changed anything yet
        self._shown = ""  # what `state` is for all others in the meantime
        self._mark: Mark | None = None
        self._held: list[Mark] | None = (
            None  # the marks in the store, if known: finding them looks at every graph
        )
        self._store: ox.Store | None = self._open()
        self._read_mark()

    def query(self, text: str, *, substitutions: Mapping[str, Term] | None = None) -> Answer:
        """See `Store.query`."""
        given = {Variable(name): term for name, term in (substitutions or {}).items()}
        try:
            return self.engine.query(text, substitutions=given)
        except (SyntaxError, RuntimeError, OSError, UnicodeError) as error:
            raise query_error(error) from error

    def graphs(self) -> list[str]:
        """See `Store.graphs`."""
        return sorted(graph for graph in self._names() if not graph.startswith(NAMESPACE))

    def graph(self, iri: str) -> list[Triple]:
        """See `Store.graph`."""
        return [quad.triple for quad in self.engine.quads_for_pattern(None, None, None, NamedNode(iri))]

    def replace_graph(self, iri: str, triples: Iterable[Triple]) -> None:
        """See `Store.replace_graph`."""
        self.replace_graphs({iri: triples})

    def replace_graphs(self, graphs: Mapping[str, Iterable[Triple]]) -> None:
        """See `Store.replace_graphs`. One update request is one transaction of Oxigraph.

        What stays as it is is not written again; where all does, there is no commit.
        """
        after = {iri: lines(triples) for iri, triples in graphs.items()}
        with self._lock:
            self._apply(Change.between(self.engine, after))

    def fill(self, graphs: Mapping[str, bytes]) -> None:
        """See `Store.fill`. A blank node would be another in each copy: that takes the long way."""
        plain = {iri: body for iri, body in graphs.items() if b"_:" not in body}
        quads = b"".join(body.replace(b" .\n", f" <{iri}> .\n".encode()) for iri, body in plain.items())
        with self._lock:
            before = self._known()
            self._mark = None
            try:
                self.engine.bulk_load(quads, RdfFormat.N_QUADS)
                self.engine.bulk_load(b"".join(plain.values()), RdfFormat.N_TRIPLES)
                added = {iri: lines_of(self.engine, NamedNode(iri)) for iri in plain}
                quads_more = len(self.engine) - before.quads
            except (OSError, RuntimeError) as error:
                raise _not_written(error) from error
            self._commit(before.moved(added, {}, quads_more))
        for iri, body in graphs.items():
            if iri not in plain:
                self.replace_graph(iri, [quad.triple for quad in ox.parse(body, RdfFormat.N_TRIPLES)])

    def amend(self, iri: str, removed: Iterable[Triple], added: Iterable[Triple]) -> None:
        """See `Store.amend`."""
        without, more = lines(removed), lines(added)
        with self._lock:
            self._apply(Change.amending(self.engine, iri, without, more))

    @contextmanager
    def changing(self) -> Iterator[None]:
        """See `Store.changing`. May be nested."""
        with self._whole:
            if self._writer:
                yield
                return
            self._shown = self.state
            self._writer = threading.get_ident()
            try:
                yield
            finally:
                self._writer = 0
            self._shown = ""
            if self._written:
                self._commits += 1
            self._written = False

    def clear(self) -> None:
        """See `Store.clear`."""
        with self._lock:
            self._commit(Mark(), "DROP ALL ;\n")

    def settle(self) -> None:
        """Takes for committed what the store holds, if it was loaded in another way; it reads all of it."""
        with self._lock:
            self._commit(Mark.of(self.engine))

    def flush(self) -> None:
        """See `Store.flush`."""
        if self._path is not None:
            try:
                self.engine.flush()
            except (OSError, RuntimeError) as error:
                raise _not_written(error) from error

    def compact(self) -> None:
        """See `Store.compact`."""
        self.flush()
        try:
            self.engine.optimize()
        except (OSError, RuntimeError) as error:
            raise _not_written(error) from error

    def reopen(self) -> None:
        """See `Store.reopen`. It is not tried where there is too little room, so that reading goes on."""
        if self._path is None:
            return
        logs = sum(log.stat().st_size for log in self._path.glob("*.log"))
        _check_room(self._path if self._path.is_dir() else self._path.parent, 2 * logs + _ROOM)
        with self._whole, self._lock:
            self._store = None
            until = time.monotonic() + _PATIENCE
            while self._store is None:
                try:
                    self._store = self._open()
                except Unavailable:  # a query that is being read still holds the files
                    if time.monotonic() > until:
                        raise
                    time.sleep(0.02)
            self._read_mark()

    @property
    def size(self) -> int:
        """See `Store.size`."""
        with self._lock:
            return self._known().quads

    @property
    def intact(self) -> bool:
        """See `Store.intact`."""
        return self._intact

    def dump(self) -> bytes:
        """See `Store.dump`."""
        named = (quad for quad in self.engine if quad.graph_name != ox.DefaultGraph())
        lines = (ox.serialize(named, format=RdfFormat.N_QUADS) or b"").splitlines(keepends=True)
        return b"".join(sorted(lines))

    @property
    def state(self) -> str:
        """See `Store.state`."""
        if self._shown and self._writer != threading.get_ident():
            return self._shown
        with self._lock:
            return self._known().state

    @property
    def commits(self) -> int:
        """How many transactions were committed since the store was opened; known without waiting for one."""
        return self._commits

    def backup(self, target_directory: str, /) -> None:
        """Writes a copy into a new folder (`snapshots.Primary`)."""
        with self._whole:
            self.engine.backup(target_directory)

    def close(self) -> None:
        """See `Store.close`. Closing twice is allowed."""
        store, self._store = self._store, None
        if store is not None and self._path is not None:
            store.flush()

    @property
    def engine(self) -> ox.Store:
        """What evaluates queries. Raises Unavailable once closed; who keeps it, keeps the folder locked."""
        if self._store is None:
            raise Unavailable("The store is closed.", "Start Kogge anew.")
        return self._store

    def _open(self) -> ox.Store:
        try:
            return ox.Store() if self._path is None else ox.Store(str(self._path))
        except (OSError, RuntimeError) as error:  # a damaged file is a RuntimeError
            raise _not_opened(self._path, error) from error

    def _names(self) -> Iterator[str]:
        return (str(graph.value) for graph in self.engine.named_graphs())

    def _marks(self) -> list[Mark]:
        return [Mark.read(name) for name in self._names() if name.startswith(NAMESPACE)]

    def _read_mark(self) -> None:
        """Finds the mark, and whether the store is as it says."""
        try:
            self._held = self._marks()
            marks = self._held or [Mark()]
            self._intact = len(marks) == 1 and marks[0].quads == len(self.engine)
        except (OSError, RuntimeError) as error:
            raise _not_opened(self._path, error) from error
        self._mark = marks[0] if self._intact else None

    def _known(self) -> Mark:
        if self._mark is None:
            self._mark = Mark.of(self.engine)
        return self._mark

    def _apply(self, change: Change) -> None:
        if change:
            self._commit(change.after(self._known()), change.update() + " ;\n")

    def _commit(self, mark: Mark, update: str = "") -> None:
        """Does an update after which the store has this mark; `changing` shows it at its end."""
        held = self._marks() if self._held is None else self._held
        drop = "".join(f"DROP SILENT GRAPH {old.name} ;\n" for old in held)
        self._held = None
        try:
            self.engine.update(f"{update}{drop}CREATE SILENT GRAPH {mark.name}")
        except (OSError, RuntimeError) as error:
            raise _not_written(error) from error
        self._mark, self._held, self._intact = mark, [mark], True
        if self._writer:
            self._written = True
        else:
            self._commits += 1


def query_error(error: Exception) -> KoggeError:
    """What an exception of the engine, at parsing or while rows are read, means for the one who asked."""
    if isinstance(error, SyntaxError):
        message = str(error.msg)
        reason = " ".join(_PLACE.sub("", message).split())
        if len(reason) > _REASON_LENGTH:
            reason = reason[:_REASON_LENGTH].rstrip() + " …"
        if place := _PLACE.match(message):
            line, column = int(place[1]), int(place[2])
            return Unreadable(f"The query, line {line}, column {column}: {reason}", line=line, column=column)
        return Unreadable(f"The query: {reason}")
    if isinstance(error, UnicodeError):
        return BadRequest(
            "The query holds a character that is none (half of a surrogate pair).", "Send UTF-8."
        )
    if isinstance(error, OSError) and _ADDRESS.match(str(error)):
        return BadRequest("SERVICE is refused: no other address is asked on your behalf.", "Leave it out.")
    if isinstance(error, OSError):
        return KoggeError(f"The store could not be read: {error}", "See the log of the service.")
    return BadRequest(f"The query cannot be evaluated: {error}.")


def _not_opened(path: Path | None, error: Exception) -> KoggeError:
    if "/LOCK" in str(error):
        return Unavailable(
            f"Another Kogge uses the store {path}.",
            "Stop it, or choose another folder with --home or KOGGE_HOME.",
        )
    if _FULL.search(str(error)):
        return DiskFull(f"The store {path} cannot be opened: there is no room on the disk.")
    if "orruption" in str(error) or isinstance(error, FileNotFoundError):
        return Damaged(
            f"The store {path} is damaged: {error}", "It is made anew from the ledger: kogge rebuild"
        )
    return Misconfigured(
        f"The store {path} cannot be opened: {error}",
        "Make the folder writable; if it is damaged, remove it: it is made anew from the ledger.",
    )


def _check_room(folder: Path, size: int) -> None:
    """Raises DiskFull where a file of this size cannot be made: also for quotas and limits."""
    try:
        with tempfile.TemporaryFile(dir=folder) as probe:
            os.posix_fallocate(probe.fileno(), 0, size)
    except OSError as error:
        raise DiskFull("There is no room for the store.") from error


def _not_written(error: Exception) -> KoggeError:
    if getattr(error, "errno", None) in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG) or _FULL.search(str(error)):
        return DiskFull("The store cannot be written.")
    if "orruption" in str(error) or "No such file" in str(error):
        return Damaged(f"The store is damaged: {error}", "It is made anew at the next start.")
    return KoggeError(f"The store cannot be written: {error}", "See the log of the service.")
