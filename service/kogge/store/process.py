"""Level 3, store: one worker as the service sees it: a process, the socket to it, and what its end means."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any, Final, TypeAlias, cast

import pyoxigraph

import kogge
from kogge.errors import Busy, KoggeError, Misconfigured
from kogge.store.snapshots import Snapshot
from kogge.store.worker import LENGTHS, OUT_OF_MEMORY, raised

Message: TypeAlias = tuple[dict[str, Any], bytes]

READY: Final = 20.0  # seconds in which a new process must be ready
_HEADER: Final = 64 * 1024  # bytes: more the header of an answer never has
_PACKAGES: Final = [str(Path(str(package.__file__)).parent.parent) for package in (kogge, pyoxigraph)]
_BOOT: Final = "import sys; sys.path[:0] = sys.argv[2:]; from {} import main; main()"
_ALLOCATOR: Final = ("cmeel-mimalloc", "cmeel.prefix/lib/libmimalloc.so.3")
_TOO_COMPLEX: Final = {signal.SIGSEGV, signal.SIGABRT, signal.SIGBUS, signal.SIGILL, signal.SIGFPE}


@dataclass(frozen=True)
class Work:
    """What a worker is for: the module whose `main` it runs, its address space in bytes, and its order.

    `too_complex` makes what a request gets that no worker survives, `out_of_time` what one that is stopped.
    """

    module: str
    memory: int
    order: Mapping[str, Any]
    too_complex: Callable[[], KoggeError]
    out_of_time: Callable[[], KoggeError]


class Process(asyncio.Protocol):
    """A worker. At most one request is under way; `gone` is called once, when the process has ended.

    Raises OSError where the system starts no process.
    """

    def __init__(
        self, order: Mapping[str, Any], work: Work, snapshot: Snapshot, gone: Callable[[Process], None]
    ) -> None:
        self.snapshot = snapshot
        self._work = work
        self.ready = self.ended = False
        self._gone = gone
        self._buffer = bytearray()
        self._most = 0
        self._transport: asyncio.WriteTransport | None = None
        self._reply: asyncio.Future[Message] | None
        self._reply = asyncio.get_running_loop().create_future()  # first it says that it is ready
        self._socket, theirs = socket.socketpair()
        environment = {name: os.environ[name] for name in ("LD_LIBRARY_PATH",) if name in os.environ}
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-S", "-c", _BOOT.format(work.module), json.dumps(order), *_PACKAGES],
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                cwd="/",
                env=environment | _allocator(),
                start_new_session=True,  # a Ctrl-C in the terminal is for the service
            )
        except OSError:
            self._socket.close()
            raise
        finally:
            theirs.close()

    @property
    def clean(self) -> bool:
        """Whether it can be asked: its last answer has come as a whole."""
        return self.ready and not self.ended and self._reply is None

    @property
    def number(self) -> int:
        """The number of the process."""
        return self._process.pid

    @property
    def code(self) -> int | None:
        """With which code (below 0: by which signal) it ended."""
        return self._process.returncode

    async def join(self) -> dict[str, Any]:
        """What the process says when it is ready. Raises the error that it met, or Misconfigured."""
        reply = cast("asyncio.Future[Message]", self._reply)
        try:
            await asyncio.get_running_loop().create_unix_connection(lambda: self, sock=self._socket)
        except BaseException:
            self._socket.close()
            self.connection_lost(None)
            raise
        try:
            async with asyncio.timeout(READY):
                header, _ = await reply
        except BaseException as error:
            self.kill()
            if isinstance(error, TimeoutError):
                raise Misconfigured("A worker was not ready in time.", "Is the machine too busy?") from error
            raise
        if "error" in header:
            raise raised(header)
        self.ready = True
        return header

    async def ask(self, request: bytes, most: int, seconds: float) -> Message:
        """Header and body (up to `most` bytes) of the answer.

        Raises what the work says if it does not come within `seconds`, and what it means if the process ends.
        """
        if self.ended or self._transport is None:
            raise self._cause()
        self._most = most
        loop = asyncio.get_running_loop()
        reply: asyncio.Future[Message] = loop.create_future()
        self._reply = reply
        self._transport.write(request)
        deadline = loop.call_later(seconds, self._give_up, reply)  # cheaper than a scope
        try:
            return await reply
        finally:
            deadline.cancel()

    def kill(self) -> None:
        """Ends the process at once; `connection_lost` does the rest."""
        self._process.kill()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keeps the way to the process."""
        self._transport = cast(asyncio.WriteTransport, transport)

    def data_received(self, data: bytes) -> None:
        """Collects an answer; when it is whole, it is the reply."""
        self._buffer += data
        if len(self._buffer) < LENGTHS.size:
            return
        head, body = LENGTHS.unpack_from(self._buffer)
        start, end = LENGTHS.size + head, LENGTHS.size + head + body
        if head > _HEADER or body > self._most or len(self._buffer) > end:
            self.kill()  # nothing that is caged is trusted
        elif len(self._buffer) == end and self._reply and not self._reply.done():
            with memoryview(self._buffer) as whole:
                header = json.loads(str(whole[LENGTHS.size : start], "utf-8"))
                content = bytes(whole[start:])
            self._buffer.clear()
            self._reply.set_result((header, content))
            self._reply = None

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - the exit code says more
        """The process has ended, or must."""
        self._process.kill()
        self._process.wait()  # its files are closed already: this takes no time
        self.ended = True
        if self._reply and not self._reply.done():
            self._reply.set_exception(self._cause())
        self._gone(self)

    def _give_up(self, reply: asyncio.Future[Message]) -> None:
        if not reply.done():
            reply.set_exception(self._work.out_of_time())

    def _cause(self) -> KoggeError:
        code = self._process.returncode
        if not self.ready:
            return Misconfigured(
                f"A worker ended ({code}) before it was ready.", "Does it have enough memory?"
            )
        if code == OUT_OF_MEMORY or -code in _TOO_COMPLEX:
            return self._work.too_complex()
        if -code == signal.SIGALRM:
            return self._work.out_of_time()
        if code < 0:
            return Busy("The process that worked on it was ended by the system.", "Try again.")
        return KoggeError("The process that worked on it failed.", "Tell us what you sent.")


@cache
def _allocator() -> dict[str, str]:
    """The environment in which a worker gets its memory from mimalloc, where that is installed.

    The engine asks for memory for each row, and the malloc of the C library makes large queries a tenth
    slower; `oxigraph serve` uses mimalloc too.
    """
    # What is reserved in advance counts against the limit of a worker: with the C library 64 MB for each
    # thread, with mimalloc 1 GB at the first request, unless it is told otherwise (in KiB).
    environment = {"MALLOC_ARENA_MAX": "2", "MIMALLOC_ARENA_RESERVE": "65536"}
    package, library = _ALLOCATOR
    with suppress(PackageNotFoundError):
        found = Path(str(distribution(package).locate_file(library)))
        if found.exists():
            environment["LD_PRELOAD"] = str(found)
    return environment
