"""Level 3, store: the graph in Oxigraph, in memory or in a folder that one process at a time opens."""

from __future__ import annotations

import errno
import hashlib
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

_PLACE: Final = re.compile(r"^error at (\d+):(\d+): ", re.DOTALL)
_REASON_LENGTH: Final = 300
# What the engine says of an address in SERVICE that it does not even try.
_ADDRESS: Final = re.compile(r"The port \d+ is not allowed|A URI scheme must be set")
_FULL: Final = re.compile(r"No space left on device|Disk quota exceeded|File too large")
_ROOM: Final = 16 * 1024 * 1024  # bytes that are free, beside those of the logs, before the files are opened
_UNCOUNTED: Final = 50_000  # triples from which on it is quicker to count the store anew
_PATIENCE: Final = 2.0  # seconds for which a reader may still hold the files that are opened anew
# Takes out of the default graph what no graph but these says.
_ONLY_THERE: Final = """DELETE { ?s ?p ?o } WHERE {
    VALUES ?here { %s } GRAPH ?here { ?s ?p ?o }
    FILTER NOT EXISTS {
        GRAPH ?there { ?s ?p ?o } FILTER NOT EXISTS { VALUES ?gone { %s } FILTER(?gone = ?there) }
    }
} ;
"""
# Takes these triples out of the default graph where no graph says them any more.
_NOWHERE: Final = """DELETE { ?s ?p ?o } WHERE {
    VALUES (?s ?p ?o) { %s } FILTER NOT EXISTS { GRAPH ?there { ?s ?p ?o } }
} ;
"""


class EmbeddedStore:
    """`Store` on pyoxigraph: `EmbeddedStore()` in memory, `EmbeddedStore(path)` in a folder.

    A commit survives the end of the process, but not always a power failure: it is on the disk after `close`.
    What is lost then is seen by the number that the store carries, and made anew from the ledger.

    Raises Unavailable if another process has the folder open, Damaged if its files are not as they were
    written, Misconfigured if it cannot be used; each write DiskFull where there is no room.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._hashes: dict[str, str] = {}
        self._state = ""
        self._commits = 0
        self._whole = threading.RLock()  # held while several transactions make one change
        self._writer = 0  # the thread that holds it
        self._written = False  # whether it has changed anything yet
        self._shown = ""  # what `state` is for all others in the meantime
        self._size: int | None = None
        self._store: ox.Store | None = self._open()

    def query(self, text: str, *, substitutions: Mapping[str, Term] | None = None) -> Answer:
        """See `Store.query`."""
        given = {Variable(name): term for name, term in (substitutions or {}).items()}
        try:
            return self.engine.query(text, substitutions=given)
        except (SyntaxError, RuntimeError, OSError, UnicodeError) as error:
            raise query_error(error) from error

    def graphs(self) -> list[str]:
        """See `Store.graphs`."""
        return sorted(graph.value for graph in self.engine.named_graphs())

    def graph(self, iri: str) -> list[Triple]:
        """See `Store.graph`."""
        return [quad.triple for quad in self.engine.quads_for_pattern(None, None, None, NamedNode(iri))]

    def replace_graph(self, iri: str, triples: Iterable[Triple]) -> None:
        """See `Store.replace_graph`."""
        self.replace_graphs({iri: triples})

    def replace_graphs(self, graphs: Mapping[str, Iterable[Triple]]) -> None:
        """See `Store.replace_graphs`. One update request is one transaction of Oxigraph.

        The default graph holds each triple of the named graphs once. The engine's own union of them repeats
        a triple for each graph that says it, so that `COUNT` and `SUM` would be wrong.
        """
        given = {iri: list(triples) for iri, triples in graphs.items()}
        named = {
            NamedNode(iri): (ox.serialize(triples, format=RdfFormat.N_TRIPLES) or b"").decode()
            for iri, triples in given.items()
        }
        replaced = " ".join(str(graph) for graph in named)
        merged = "".join(named.values())
        data = "".join(f"GRAPH {graph} {{\n{body}}}\n" for graph, body in named.items() if body)
        drop = "".join(f"DROP SILENT GRAPH {graph} ;\n" for graph in named)
        few = sum(len(triples) for triples in given.values()) < _UNCOUNTED
        with self._lock, self._counting(dict.fromkeys(named), few=few):
            self._update(f"{_ONLY_THERE % (replaced, replaced)}{drop}INSERT DATA {{\n{merged}{data}}}")
            self._changed(graphs)

    def fill(self, graphs: Mapping[str, bytes]) -> None:
        """See `Store.fill`. A blank node would be another in each copy: that takes the long way."""
        plain = {iri: body for iri, body in graphs.items() if b"_:" not in body}
        quads = b"".join(body.replace(b" .\n", f" <{iri}> .\n".encode()) for iri, body in plain.items())
        with self._lock:
            self._size = None
            try:
                self.engine.bulk_load(quads, RdfFormat.N_QUADS)
                self.engine.bulk_load(b"".join(plain.values()), RdfFormat.N_TRIPLES)
            except (OSError, RuntimeError) as error:
                raise _not_written(error) from error
            self._changed(plain)
        for iri, body in graphs.items():
            if iri not in plain:
                self.replace_graph(iri, [quad.triple for quad in ox.parse(body, RdfFormat.N_TRIPLES)])

    def amend(self, iri: str, removed: Iterable[Triple], added: Iterable[Triple]) -> None:
        """See `Store.amend`."""
        graph, out, into = NamedNode(iri), set(removed), set(added)
        leaving = (ox.serialize(out, format=RdfFormat.N_TRIPLES) or b"").decode()
        coming = (ox.serialize(into, format=RdfFormat.N_TRIPLES) or b"").decode()
        rows = "".join(f"({each.subject} {each.predicate} {each.object})\n" for each in out)
        with self._lock, self._counting({graph: out | into}, few=True):
            self._update(
                f"DELETE DATA {{ GRAPH {graph} {{\n{leaving}}} }} ;\n{_NOWHERE % rows}"
                f"INSERT DATA {{\n{coming}GRAPH {graph} {{\n{coming}}} }}"
            )
            self._changed([iri])

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
            self._update("DROP ALL")
            self._size = 0
            self._changed(list(self._hashes))

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
            self._size = None

    @property
    def size(self) -> int:
        """See `Store.size`. Counted once; then what each change adds and removes is."""
        if self._size is None:
            try:
                self._size = len(self.engine)
            except (OSError, RuntimeError) as error:
                raise _not_opened(self._path, error) from error
        return self._size

    def dump(self) -> bytes:
        """See `Store.dump`."""
        named = (quad for quad in self.engine if quad.graph_name != ox.DefaultGraph())
        lines = (ox.serialize(named, format=RdfFormat.N_QUADS) or b"").splitlines(keepends=True)
        return b"".join(sorted(lines))

    @property
    def state(self) -> str:
        """See `Store.state`: a hash over the hashes of the graphs; only the changed are made anew."""
        if self._shown and self._writer != threading.get_ident():
            return self._shown
        with self._lock:
            if not self._state:
                graphs = self.graphs()
                self._hashes = {graph: self._hashes.get(graph) or self._hash(graph) for graph in graphs}
                whole = "".join(f"{graph} {self._hashes[graph]}\n" for graph in graphs)
                self._state = hashlib.sha256(whole.encode()).hexdigest()[:32]
            return self._state

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

    def _update(self, text: str) -> None:
        try:
            self.engine.update(text)
        except (OSError, RuntimeError) as error:
            self._size = None
            raise _not_written(error) from error

    def _changed(self, graphs: Iterable[str]) -> None:
        """Notes that these graphs have changed; in a block `changing` that is one commit, at its end."""
        self._state = ""
        if self._writer:
            self._written = True
        else:
            self._commits += 1
        for graph in graphs:
            self._hashes.pop(graph, None)

    @contextmanager
    def _counting(self, graphs: Mapping[NamedNode, set[Triple] | None], *, few: bool) -> Iterator[None]:
        """Keeps `size` right over a change of graphs, of which only these triples (None: any) count."""
        if self._size is None or not few:
            self._size = None
            yield
            return
        size, self._size = self._size, None
        before = self._there(graphs)
        if sum(map(len, before.values())) >= _UNCOUNTED:
            yield
            return
        yield
        after = self._there(graphs)
        old, new = set[Triple]().union(*before.values()), set[Triple]().union(*after.values())
        size += sum(map(len, after.values())) - sum(map(len, before.values()))
        # The default graph has each triple once, as long as any graph says it.
        size -= sum(ox.Quad(t.subject, t.predicate, t.object) not in self.engine for t in old - new)
        size += sum(not self._elsewhere(triple, graphs) for triple in new - old)
        self._size = size

    def _there(self, graphs: Mapping[NamedNode, set[Triple] | None]) -> dict[NamedNode, set[Triple]]:
        return {
            graph: set(self.graph(graph.value))
            if triples is None
            else {t for t in triples if ox.Quad(t.subject, t.predicate, t.object, graph) in self.engine}
            for graph, triples in graphs.items()
        }

    def _elsewhere(self, triple: Triple, graphs: Iterable[NamedNode]) -> bool:
        """Whether another named graph than these says it."""
        said = self.engine.quads_for_pattern(triple.subject, triple.predicate, triple.object, None)
        return any(quad.graph_name not in {ox.DefaultGraph(), *graphs} for quad in said)

    def _hash(self, graph: str) -> str:
        body = self.engine.dump(format=RdfFormat.N_TRIPLES, from_graph=NamedNode(graph)) or b""
        return hashlib.sha256(b"\n".join(sorted(body.splitlines()))).hexdigest()


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
