"""A service in a process of its own, on loopback, and a listener that counts who calls out of it."""

from __future__ import annotations

import http.client
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

Start = Callable[..., "Service"]

HOST = "127.0.0.1"
DEADLINE = 2.0
CANARY = "kgg_canary_d6f1c2"  # stands for a token; it must appear in no log and no answer


@dataclass(frozen=True)
class Reply:
    """What came back, and after how many seconds."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    seconds: float


@dataclass
class Service:
    """A running `kogge serve`."""

    process: subprocess.Popen[bytes]
    port: int
    home: Path
    log: Path

    def ask(self, text: str, accept: str = "application/sparql-results+json", **headers: str) -> Reply:
        """The reply to a query that is sent as it is."""
        sent = {"Content-Type": "application/sparql-query", "Accept": accept, **headers}
        return self.request("POST", "/sparql", text.encode(), sent)

    def request(
        self, method: str, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> Reply:
        """The reply to a request, on a connection of its own."""
        began = time.monotonic()
        connection = http.client.HTTPConnection(HOST, self.port, timeout=30)
        try:
            connection.request(method, path, body, dict(headers or {}))
            answer = connection.getresponse()
            content = answer.read()
        finally:
            connection.close()
        found = {name.lower(): value for name, value in answer.getheaders()}
        return Reply(answer.status, found, content, time.monotonic() - began)

    def connect(self) -> socket.socket:
        """A connection on which nothing has been said."""
        return socket.create_connection((HOST, self.port), timeout=30)

    def raw(self, data: bytes) -> bytes:
        """All that comes back for bytes; nothing, if the connection is reset."""
        received = b""
        with self.connect() as connection:
            try:
                connection.sendall(data)
                while more := connection.recv(65536):
                    received += more
            except (ConnectionResetError, BrokenPipeError):
                pass
        return received

    def lives(self, within: float = 8) -> None:
        """The process is the same, and answers within so many seconds, which other tests need, too."""
        assert self.process.poll() is None, "the service ended"
        reply = self.ask("ASK {}")
        assert (reply.status, reply.seconds < within) == (200, True), reply

    def workers(self) -> list[int]:
        """The processes that evaluate queries."""
        found = Path(f"/proc/{self.process.pid}/task").glob("*/children")
        return [int(each) for children in found for each in children.read_text().split()]

    def resident(self) -> int:
        """Bytes of memory of the service and its workers."""
        return sum(map(_resident, [self.process.pid, *self.workers()]))

    def stop(self) -> tuple[int, float]:
        """Ends the service; its exit code, and how long that took."""
        began = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(30), time.monotonic() - began


def _resident(process: int) -> int:
    try:
        found = re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{process}/status").read_text())
    except OSError:
        return 0
    return int(found[1]) * 1024 if found else 0


def _start(home: Path, **settings: str) -> Service:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port = int(probe.getsockname()[1])
    home.mkdir(parents=True)
    log = home / "service.log"
    command = [sys.executable, "-m", "kogge", "serve", "--port", str(port), "--home", str(home / "var")]
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, stdout=output, stderr=output, env={**os.environ, **settings}, cwd=home
        )
    service = Service(process, port, home, log)
    until = time.monotonic() + 60
    while time.monotonic() < until:
        assert process.poll() is None, log.read_text()
        try:
            if service.request("GET", "/health/ready").status == 200:
                return service
        except OSError:
            pass
        time.sleep(0.05)
    process.kill()
    raise AssertionError(f"the service is not ready: {log.read_text()}")


@pytest.fixture(scope="session")
def start(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Start]:
    """Starts a service with these settings. Each must have survived, and its log be clean, in the end."""
    started: list[Service] = []

    def start(**settings: str) -> Service:
        service = _start(tmp_path_factory.mktemp("service") / "home", **settings)
        started.append(service)
        return service

    yield start
    for service in started:
        if service.process.poll() is None:
            code, seconds = service.stop()
            assert code == 0
            assert seconds < 10
        log = service.log.read_text()
        assert "Traceback" not in log
        assert CANARY not in log


@pytest.fixture(scope="session")
def listener() -> Iterator[str]:
    """The address of a server that nobody must call."""
    with socket.create_server((HOST, 0)) as server:
        server.settimeout(0.2)
        ended = threading.Event()
        calls: list[object] = []

        def count() -> None:
            while not ended.is_set():
                try:
                    caller, address = server.accept()
                except TimeoutError:
                    continue
                calls.append(address)
                caller.close()

        counting = threading.Thread(target=count)
        counting.start()
        yield f"http://{HOST}:{server.getsockname()[1]}/"
        time.sleep(0.3)
        ended.set()
        counting.join()
    assert calls == []


# Without limits per client, and with little time and room, so that the tests are quick.
_QUICK = {
    "KOGGE_QUERY_SECONDS": f"{DEADLINE:g}",
    "KOGGE_QUERY_RESULT_BYTES": "2000000",
    "KOGGE_CLIENT_QUERIES": "0",
    "KOGGE_CLIENT_SECONDS": "0",
}


@pytest.fixture(scope="session")
def guarded(start: Start) -> Service:
    """As it is delivered: the guard in front."""
    return start(**_QUICK)


@pytest.fixture(scope="session")
def unguarded(start: Start) -> Service:
    """Without the guard, and with room for texts that are very long: what holds is the cage alone."""
    return start(**_QUICK, KOGGE_GUARD="off", KOGGE_QUERY_BYTES="650000")


@pytest.fixture(scope="session")
def delivered(start: Start) -> Service:
    """A service with the settings that it has when nobody sets any."""
    return start()
