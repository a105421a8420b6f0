"""The endpoints that are compared: how each is started on the same triples, asked, watched, and stopped."""

from __future__ import annotations

import http.client
import os
import shutil
import socket
import subprocess
import sys
import time
import venv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Self
from urllib.parse import quote, urlencode

import pyoxigraph as ox

PACKAGES: Final = ("oxigraph", "rdflib-endpoint[cli]")
PATIENCE: Final = 300.0  # seconds in which a server must be ready, with all triples read
ACCEPT: Final = "application/sparql-results+json"
HOST: Final = "127.0.0.1"

# In a process of its own: within one, a desk that is closed may still hold the lock of the store.
_OPEN: Final = """
import os
from pathlib import Path
from kogge.desk import Desk
from kogge.settings import Settings
from kogge.store.embedded import EmbeddedStore
folder = Path(os.environ["KOGGE_HOME"], "store")
if folder.exists():
    store = EmbeddedStore(folder)
    store.settle()
    store.close()
    del store
Desk.open(Settings.from_environment(os.environ)).close()
"""

# A benchmark is one client that asks all the time; no peer makes dumps, which take a processor.
ALONE: Final = {"KOGGE_CLIENT_QUERIES": "0", "KOGGE_CLIENT_SECONDS": "0", "KOGGE_DUMP_RELEASES": "0"}


def install(folder: Path) -> Path:
    """The programs of the peers, in a virtual environment that is used again if it is there."""
    programs = folder / "bin"
    if not (programs / "rdflib-endpoint").exists():
        venv.create(folder, with_pip=True)
        pip = [str(programs / "python"), "-m", "pip", "--quiet", "--disable-pip-version-check", "install"]
        subprocess.run([*pip, *PACKAGES], check=True, timeout=300)
    return programs


def prepare(home: Path, data: Path) -> None:
    """A home of the service with the repository's graph and the quads of a file.

    They are loaded past the ledger: what it holds is in the store already, so that nothing is made anew at
    the start. The default graph of our store is the merge of all named ones; it is loaded too. The home is
    left as a service leaves it when it is stopped, with the index of the lookup.
    """
    _open(home)
    store = ox.Store(str(home / "store"))
    store.bulk_load(path=str(data), format=ox.RdfFormat.N_QUADS)
    merged = home / "merged.nt"
    triples = (quad.triple for quad in ox.parse(path=str(data), format=ox.RdfFormat.N_QUADS))
    ox.serialize(triples, str(merged), ox.RdfFormat.N_TRIPLES)
    store.bulk_load(path=str(merged), format=ox.RdfFormat.N_TRIPLES)
    merged.unlink()
    store.optimize()
    store.flush()
    store.backup(str(home / "copy"))  # for `oxigraph serve`: the same triples in the same files
    dump = store.dump(format=ox.RdfFormat.N_TRIPLES, from_graph=ox.DefaultGraph()) or b""
    (home / "merged.nt").write_bytes(dump)
    del store
    _open(home)


def _open(home: Path) -> None:
    subprocess.run([sys.executable, "-c", _OPEN], env={**os.environ, "KOGGE_HOME": str(home)}, check=True)


@dataclass
class Server:
    """A server on the loopback that runs between `with` and its end; `path` is where it is asked."""

    name: str
    command: Sequence[str]
    port: int
    path: str
    environment: Mapping[str, str] = field(default_factory=dict)
    started: float = 0.0  # seconds from its start to its first answer

    def __enter__(self) -> Self:
        """Starts it and waits for its first answer."""
        begun = time.perf_counter()
        self._process = subprocess.Popen(
            self.command,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={**os.environ, **self.environment},
        )
        while time.perf_counter() - begun < PATIENCE:
            try:
                Client(self, timeout=PATIENCE).ask("ASK { ?thing ?verb ?value }")
                self.started = time.perf_counter() - begun
                return self
            except OSError:
                if self._process.poll() is not None:
                    break
                time.sleep(0.01)
        self.__exit__()
        sys.exit(f"{self.name} does not answer: {' '.join(self.command)}")

    def __exit__(self, *_: object) -> None:
        """Stops it; what does not stop in 15 seconds is killed."""
        self._process.terminate()
        try:
            self._process.wait(15)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    @property
    def pid(self) -> int:
        """The number of its process."""
        return self._process.pid

    def settle(self) -> None:
        """Waits until it does nothing more that belongs to its start, where it says so."""
        client = Client(self, timeout=PATIENCE)
        until = time.perf_counter() + PATIENCE
        while client.get("/health/ready")[0] == 503 and time.perf_counter() < until:
            time.sleep(0.1)

    def target(self, query: str) -> str:
        """Path and query of the request that asks this."""
        return f"{self.path}?{urlencode({'query': query}, quote_via=quote)}"

    def memory(self) -> dict[str, float]:
        """Megabytes that the process has in memory, and those of all its children together (Linux only)."""
        children = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children")
        if not children.exists():
            return {}
        workers = sum(_resident(int(pid)) for pid in children.read_text().split())
        return {"process": round(_resident(self._process.pid), 1), "children": round(workers, 1)}


class Client:
    """One connection that is kept, the same for all servers."""

    def __init__(self, server: Server, timeout: float) -> None:
        self._server = server
        self._connection = http.client.HTTPConnection(HOST, server.port, timeout=timeout)

    def ask(self, query: str) -> tuple[int, bytes]:
        """Status and body of the answer. Raises OSError where none comes in time."""
        return self.get(self._server.target(query))

    def get(self, target: str) -> tuple[int, bytes]:
        """The same for any path. Where the server has closed the idle connection, a new one is made."""
        try:
            return self._get(target)
        except ConnectionError:
            return self._get(target)

    def _get(self, target: str) -> tuple[int, bytes]:
        try:
            self._connection.request("GET", target, headers={"Accept": ACCEPT})
            response = self._connection.getresponse()
            return response.status, response.read()
        except http.client.HTTPException as error:
            self._connection.close()
            raise ConnectionError(str(error)) from error
        except OSError:
            self._connection.close()
            raise


def kogge(home: Path, *, keeping: bool = False) -> Server:
    """`kogge serve` without quotas and dumps; it evaluates all it is asked, unless it is to keep answers."""
    port = _free_port()
    command = [
        sys.executable,
        "-m",
        "kogge",
        "serve",
        "--host",
        HOST,
        "--port",
        str(port),
        "--home",
        str(home),
    ]
    environment = ALONE if keeping else {**ALONE, "KOGGE_QUERY_KEPT": "0"}
    return Server("kogge serve", command, port, "/sparql", environment)


def oxigraph(programs: Path, home: Path) -> Server:
    """`oxigraph serve` on a copy of the same store."""
    port = _free_port()
    program = str(programs / "oxigraph")
    command = [program, "serve", "--location", str(home / "copy"), "--bind", f"{HOST}:{port}"]
    return Server("oxigraph serve", command, port, "/query")


def rdflib_endpoint(programs: Path, home: Path) -> Server:
    """`rdflib-endpoint serve` with its default store, on the same triples from a file."""
    port = _free_port()
    program = str(programs / "rdflib-endpoint")
    command = [program, "serve", "--host", HOST, "--port", str(port), str(home / "merged.nt")]
    return Server("rdflib-endpoint", command, port, "/")


def versions(programs: Path) -> dict[str, str]:
    """The versions of the packages that are compared."""
    code = "import importlib.metadata as m; print(*map(m.version, ('oxigraph', 'rdflib-endpoint', 'rdflib')))"
    said = subprocess.run([programs / "python", "-c", code], capture_output=True, text=True, check=True)
    return dict(zip(("oxigraph", "rdflib-endpoint", "rdflib"), said.stdout.split(), strict=True))


def wrk() -> str | None:
    """The program wrk, if it is installed."""
    return shutil.which("wrk")


def _resident(pid: int) -> float:
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0.0
    found = [line for line in status.splitlines() if line.startswith("VmRSS:")]
    return int(found[0].split()[1]) / 1024 if found else 0.0


def _free_port() -> int:
    with socket.create_server((HOST, 0)) as found:
        return int(found.getsockname()[1])
