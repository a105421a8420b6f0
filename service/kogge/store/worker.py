"""Level 3, store: the process in which a query is evaluated, and the frames by which it is spoken to.

A frame is the length of a header and of a body (`!II`), the header as JSON, the body. A request has a header
only: the query, its time, and the snapshot on which to answer, which is opened if it is another than before.
An answer has the whole body, or in its header an error of ours: class, message, advice, line and column.
"""

from __future__ import annotations

import json
import os
import signal
import struct
import sys
from collections.abc import Mapping
from typing import Any, Final

import pyoxigraph as ox

from kogge import errors, syntax
from kogge.errors import KoggeError, Misconfigured, Unreadable
from kogge.store import cage, guard
from kogge.store.evaluate import Query, evaluate

LENGTHS: Final = struct.Struct("!II")
_HEADER: Final = json.JSONEncoder(separators=(",", ":"))
_PIECE: Final = 64 * 1024  # bytes that are read at once
OUT_OF_MEMORY: Final = 77  # the exit code of a worker that could not go on
GRACE: Final = 0.25  # seconds after its deadline at which a worker that was not killed ends itself


# --- frames ------------------------------------------------------------------------------------------------


def frame(header: Mapping[str, Any], body: bytes = b"") -> bytes:
    """A message as it is sent."""
    head = _HEADER.encode(header).encode()
    return LENGTHS.pack(len(head), len(body)) + head + body


def failure(error: KoggeError) -> dict[str, Any]:
    """The header that stands for an error; `raised` makes it an error again."""
    place = {"line": error.line, "column": error.column} if isinstance(error, Unreadable) else {}
    return {"error": type(error).__name__, "message": error.message, "advice": error.advice, **place}


def raised(header: Mapping[str, Any]) -> KoggeError:
    """The error that a header made by `failure` stands for."""
    kind = getattr(errors, str(header["error"]), KoggeError)
    message, advice = str(header["message"]), str(header["advice"])
    if kind is Unreadable:
        return Unreadable(message, advice, line=header["line"], column=header["column"])
    return kind(message, advice) if issubclass(kind, KoggeError) else KoggeError(message, advice)


def _receive(channel: int) -> dict[str, Any] | None:
    """The header of the next request; None where the other side has gone. It asks one thing at a time."""
    data, size = b"", LENGTHS.size
    while len(data) < size:
        if not (more := os.read(channel, _PIECE)):
            return None
        data += more
        if size == LENGTHS.size <= len(data):
            size += LENGTHS.unpack_from(data)[0]
    received: dict[str, Any] = json.loads(data[LENGTHS.size :].decode())
    return received


def _send(channel: int, header: Mapping[str, Any], body: bytes = b"") -> None:
    rest = memoryview(frame(header, body))  # read() and write() only: the cage refuses send()
    while rest:
        rest = rest[os.write(channel, rest) :]


# --- the process -------------------------------------------------------------------------------------------


def main() -> None:
    """Answers queries that come on descriptor 0, until it is closed; the first argument is the order."""
    channel = 0
    order = json.loads(sys.argv[1])
    signal.signal(signal.SIGALRM, signal.SIG_DFL)  # it ends the process at once, in the middle of a query
    cage.die_with(order["parent"])
    try:
        store, caged = _caged(order)
    except KoggeError as error:
        _send(channel, failure(error))
        return
    limits = guard.Limits(**order["guard"]) if order["guard"] else None
    snapshot = order["snapshot"]
    _send(channel, {"caged": caged})
    while request := _receive(channel):
        signal.setitimer(signal.ITIMER_REAL, request["seconds"] + GRACE)
        if request["snapshot"] != snapshot:
            snapshot = request["snapshot"]
            store = _opened(snapshot)
        try:
            result = evaluate(store, _query(request["query"]), limits)
            header, body = {"media": result.media.type, "rows": result.rows}, result.body
        except KoggeError as error:
            header, body = failure(error), b""
        except MemoryError:
            os._exit(OUT_OF_MEMORY)  # a new process is better than one that has run out
        signal.setitimer(signal.ITIMER_REAL, 0)
        _send(channel, header, body)


def _caged(order: Mapping[str, Any]) -> tuple[ox.Store, bool]:
    """The opened snapshot, and whether the cage is shut; raises Misconfigured where it must be and cannot."""
    caged = True
    try:
        cage.limit(order["memory"], order["niceness"])
    except Misconfigured:
        caged = False
        if not order["allow_unsafe"]:
            raise
    store = _opened(order["snapshot"])
    syntax.prefixes()  # read while nobody waits
    try:
        cage.seal()
    except Misconfigured:
        caged = False
        if not order["allow_unsafe"]:
            raise
    return store, caged


def _opened(snapshot: str) -> ox.Store:
    try:
        return ox.Store.read_only(snapshot)
    except OSError as error:
        raise Misconfigured(f"The snapshot {snapshot} cannot be opened: {error}") from error


def _query(said: Mapping[str, Any]) -> Query:
    graphs = {name: tuple(said[name]) for name in ("default_graphs", "named_graphs")}
    return Query(**{**said, **graphs})
