"""Level 3, store: the process in which strangers' work is done, and the frames by which it is spoken to.

A frame is the length of a header and of a body (`!II`), the header as JSON, the body. The header of a request
has its time, the snapshot on which to answer, which is opened if it is another than before, whether it is
`alone`, and what is to be done; without that, opening is all. An answer has the whole body, or in its header
an error of ours: class, message, advice, line and column.
"""

from __future__ import annotations

import json
import os
import select
import signal
import struct
import sys
import time
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias

import pyoxigraph as ox

from kogge import errors, syntax
from kogge.errors import KoggeError, Misconfigured, Placed
from kogge.store import cage, guard
from kogge.store.evaluate import Query, evaluate

LENGTHS: Final = struct.Struct("!II")
_HEADER: Final = json.JSONEncoder(separators=(",", ":"))
_PIECE: Final = 64 * 1024  # bytes that are read at once
OUT_OF_MEMORY: Final = 77  # the exit code of a worker that could not go on
# Does what a request asks, on the store: header of the request, its body → header of the answer, its body.
Answerer: TypeAlias = Callable[[ox.Store, Mapping[str, Any], bytes], tuple[Mapping[str, Any], bytes]]
# Seconds for which a worker looks for its next request before it sleeps, by whether the last one was alone:
# among many it takes time from others. Not where it would keep from its processor who sends that request.
_AWAKE: Final = {True: 1e-3, False: 2e-4} if (os.cpu_count() or 1) > 1 else {True: 0.0, False: 0.0}
GRACE: Final = 0.25  # seconds after its deadline at which a worker that was not killed ends itself


# --- frames ------------------------------------------------------------------------------------------------


def frame(header: Mapping[str, Any], body: bytes = b"") -> bytes:
    """A message as it is sent."""
    head = _HEADER.encode(header).encode()
    return LENGTHS.pack(len(head), len(body)) + head + body


def failure(error: KoggeError) -> dict[str, Any]:
    """The header that stands for an error; `raised` makes it an error again."""
    place = {"line": error.line, "column": error.column} if isinstance(error, Placed) else {}
    return {"error": type(error).__name__, "message": error.message, "advice": error.advice, **place}


def raised(header: Mapping[str, Any]) -> KoggeError:
    """The error that a header made by `failure` stands for."""
    kind: object = getattr(errors, str(header["error"]), None)  # whose word is not trusted
    message, advice = str(header["message"]), str(header["advice"])
    if not isinstance(kind, type) or not issubclass(kind, KoggeError):
        return KoggeError(message, advice)
    if issubclass(kind, Placed):
        return kind(message, advice, line=header["line"], column=header["column"])
    return kind(message, advice)


def _stay_awake(channel: int, seconds: float) -> None:
    """Waits so long for the next request: to wake a process costs who sends a third of a small query."""
    poll = select.poll()
    poll.register(channel, select.POLLIN)
    until = time.perf_counter() + seconds
    while time.perf_counter() < until and not poll.poll(0):
        os.sched_yield()


def _receive(channel: int, awake: float) -> tuple[dict[str, Any], bytes] | None:
    """Header and body of the next request (one at a time); None where the other side has gone.

    It is looked for, for so many seconds, before the process sleeps.
    """
    data, size, head = b"", LENGTHS.size, 0
    _stay_awake(channel, awake)
    while len(data) < size:
        if not (more := os.read(channel, _PIECE)):
            return None
        data += more
        if size == LENGTHS.size <= len(data):
            head, body = LENGTHS.unpack_from(data)
            size += head + body
    end = LENGTHS.size + head
    return json.loads(data[LENGTHS.size : end].decode()), data[end:]


def _send(channel: int, header: Mapping[str, Any], body: bytes = b"") -> None:
    rest = memoryview(frame(header, body))  # read() and write() only: the cage refuses send()
    while rest:
        rest = rest[os.write(channel, rest) :]


# --- the process -------------------------------------------------------------------------------------------


def main() -> None:
    """Answers queries (`evaluate.Query`)."""
    serve(_evaluating)


def serve(prepare: Callable[[Mapping[str, Any]], Answerer]) -> None:
    """Answers requests that come on descriptor 0, until it is closed.

    The first argument of the process is the order. What `prepare` makes of it is made before the cage is shut
    and the first request comes: there everything is read that will be needed.
    """
    channel = 0
    order = json.loads(sys.argv[1])
    signal.signal(signal.SIGALRM, signal.SIG_DFL)  # it ends the process at once, in the middle of its work
    cage.die_with(order["parent"])
    try:
        answer, store, caged = _caged(order, prepare)
    except KoggeError as error:
        _send(channel, failure(error))
        return
    snapshot = order["snapshot"]
    _send(channel, {"caged": caged})
    alone = True
    while request := _receive(channel, _AWAKE[alone]):
        header, body = request
        alone = header["alone"]
        signal.setitimer(signal.ITIMER_REAL, header["seconds"] + GRACE)
        if header["snapshot"] != snapshot:
            snapshot = header["snapshot"]
            store = _opened(snapshot)
        try:
            told, content = answer(store, header["work"], body) if "work" in header else ({}, b"")
        except KoggeError as error:
            told, content = failure(error), b""
        except MemoryError:
            os._exit(OUT_OF_MEMORY)  # a new process is better than one that has run out
        signal.setitimer(signal.ITIMER_REAL, 0)
        _send(channel, told, content)


def _caged(
    order: Mapping[str, Any], prepare: Callable[[Mapping[str, Any]], Answerer]
) -> tuple[Answerer, ox.Store, bool]:
    """What answers, the opened snapshot, and whether the cage is shut.

    Raises Misconfigured where it must be and cannot.
    """
    caged = True
    try:
        cage.limit(order["memory"], order["niceness"])
    except Misconfigured:
        caged = False
        if not order["allow_unsafe"]:
            raise
    store = _opened(order["snapshot"])
    answer = prepare(order)
    try:
        cage.seal()
    except Misconfigured:
        caged = False
        if not order["allow_unsafe"]:
            raise
    return answer, store, caged


def _opened(snapshot: str) -> ox.Store:
    try:
        return ox.Store.read_only(snapshot)
    except OSError as error:
        raise Misconfigured(f"The snapshot {snapshot} cannot be opened: {error}") from error


def _evaluating(order: Mapping[str, Any]) -> Answerer:
    syntax.prefixes()
    limits = guard.Limits(**order["guard"]) if order["guard"] else None

    def answer(store: ox.Store, work: Mapping[str, Any], _: bytes) -> tuple[Mapping[str, Any], bytes]:
        result = evaluate(store, _query(work), limits)
        return {"media": result.media.type, "rows": result.rows}, result.body

    return answer


def _query(said: Mapping[str, Any]) -> Query:
    graphs = {name: tuple(said[name]) for name in ("default_graphs", "named_graphs")}
    return Query(**{**said, **graphs})
