"""Level 3, store: the graph in Oxigraph, in memory or in a folder that one process at a time opens."""

from __future__ import annotations

import hashlib
import re
import threading
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

import pyoxigraph as ox
from pyoxigraph import NamedNode, RdfFormat, Triple, Variable

from kogge import names, syntax
from kogge.errors import BadRequest, KoggeError, Misconfigured, Unavailable, Unreadable
from kogge.store.base import Answer, Term

_PLACE: Final = re.compile(r"^error at (\d+):(\d+): ", re.DOTALL)
_REASON_LENGTH: Final = 300
# What the engine says of an address in SERVICE that it does not even try.
_ADDRESS: Final = re.compile(r"The port \d+ is not allowed|A URI scheme must be set")
# Takes out of the default graph what no graph but these says.
_ONLY_THERE: Final = """DELETE { ?s ?p ?o } WHERE {
    VALUES ?here { %s } GRAPH ?here { ?s ?p ?o }
    FILTER NOT EXISTS {
        GRAPH ?there { ?s ?p ?o } FILTER NOT EXISTS { VALUES ?gone { %s } FILTER(?gone = ?there) }
    }
} ;
"""


class EmbeddedStore:
    """`Store` on pyoxigraph: `EmbeddedStore()` in memory, `EmbeddedStore(path)` in a folder.

    A commit survives the end of the process, but not always a power failure: it is on the disk after `close`.
    What is lost then is seen by the number that the store carries, and made anew from the ledger.

    Raises Unavailable if another process has the folder open, Misconfigured if it cannot be used.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._hashes: dict[str, str] = {}
        self._state = ""
        self._commits = 0
        try:
            self._store: ox.Store | None = ox.Store() if path is None else ox.Store(str(path))
        except (OSError, RuntimeError) as error:  # a damaged file is a RuntimeError
            raise _not_opened(path, error) from error

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

    def replace_graphs(self, graphs: Mapping[str, Iterable[Triple]], then: str = "") -> None:
        """See `Store.replace_graphs`. One update request is one transaction of Oxigraph.

        The default graph holds each triple of the named graphs once. The engine's own union of them repeats
        a triple for each graph that says it, so that `COUNT` and `SUM` would be wrong.
        """
        named = {
            NamedNode(iri): (ox.serialize(triples, format=RdfFormat.N_TRIPLES) or b"").decode()
            for iri, triples in graphs.items()
        }
        replaced = " ".join(str(graph) for graph in named)
        merged = "".join(named.values())
        data = "".join(f"GRAPH {graph} {{\n{body}}}\n" for graph, body in named.items() if body)
        drop = "".join(f"DROP SILENT GRAPH {graph} ;\n" for graph in named)
        with self._lock:
            update = f"{_ONLY_THERE % (replaced, replaced)}{drop}INSERT DATA {{\n{merged}{data}}}"
            self.engine.update(f"{_prologue()}{update} ;\n{then}" if then else update)
            self._state = ""
            self._commits += 1
            for graph in named:
                self._hashes.pop(graph.value, None)
            if then:
                self._hashes.pop(names.DERIVED_GRAPH, None)

    def dump(self) -> bytes:
        """See `Store.dump`."""
        named = (quad for quad in self.engine if quad.graph_name != ox.DefaultGraph())
        lines = (ox.serialize(named, format=RdfFormat.N_QUADS) or b"").splitlines(keepends=True)
        return b"".join(sorted(lines))

    @property
    def state(self) -> str:
        """See `Store.state`: a hash over the hashes of the graphs; only the changed are made anew."""
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

    def _hash(self, graph: str) -> str:
        body = self.engine.dump(format=RdfFormat.N_TRIPLES, from_graph=NamedNode(graph)) or b""
        return hashlib.sha256(b"\n".join(sorted(body.splitlines()))).hexdigest()


def _prologue() -> str:
    return "".join(f"PREFIX {prefix}: <{iri}>\n" for prefix, iri in syntax.prefixes().items())


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
    if "lock" in str(error).lower():
        return Unavailable(
            f"Another Kogge uses the store {path}.",
            "Stop it, or choose another folder with --home or KOGGE_HOME.",
        )
    return Misconfigured(
        f"The store {path} cannot be opened: {error}",
        "Make the folder writable; if it is damaged, remove it: it is made anew from the ledger.",
    )
