"""A client of Linked Data Event Streams as it is, which follows `/changes`: `ldes-client` of RDF-Connect.

It finds the pages by their relations, puts the members in order, and comes again for what is new.
"""

from __future__ import annotations

import json
import os
import queue
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Final

import pyoxigraph as ox
import pytest
from pyoxigraph import RdfFormat

from kogge import names, syntax
from kogge.desk import open_ledger
from kogge.ledger import Ledger
from kogge.settings import Settings

from ..small import SMALL

# A line for each member: of which graph it is a version, since when, and what it says.
FOLLOW: Final = """const { pathToFileURL } = require('url');
const { Writer } = require('n3');
const [url] = process.argv.slice(1);
(async () => {
  // What `require` finds does not start (0.3.0); the module beside it does.
  const client = pathToFileURL(require.resolve('ldes-client').replace(/cjs$/, 'js'));
  const { replicateLDES, intoConfig } = await import(client);
  const members = replicateLDES(intoConfig({ url, polling: true, pollInterval: 500 }), 'ascending');
  members.on('error', error => { console.error(error); process.exit(1); });
  for await (const { id, isVersionOf, timestamp, quads } of members.stream()) {
    const said = new Writer({ format: 'N-Quads' }).quadsToString(quads.filter(quad => quad.graph.equals(id)));
    console.log(JSON.stringify({ member: id.value, graph: isVersionOf, created: timestamp, said }));
  }
})();"""
GRAPH: Final = names.graph("luebeck", "projekte")
WHO: Final = names.thing("municipality", "luebeck")
PATIENCE: Final = 60.0  # seconds


class Client:
    """The client in a process of its own, and the members that it has told so far."""

    def __init__(self, node: str, address: str) -> None:
        self.process = subprocess.Popen(
            [node, "-e", FOLLOW, address], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        self.told: queue.Queue[dict[str, Any] | None] = queue.Queue()
        self.reading = threading.Thread(target=self._read)
        self.reading.start()

    def _read(self) -> None:
        assert self.process.stdout
        for line in self.process.stdout:
            if line.startswith("{"):  # else it is a message of its own
                self.told.put(json.loads(line))
        self.told.put(None)

    def next(self) -> dict[str, Any]:
        """The next member."""
        member = self.told.get(timeout=PATIENCE)
        assert member is not None, self.process.communicate()[1][-2000:]
        return member

    def stop(self) -> None:
        self.process.kill()
        self.process.wait()
        self.reading.join()
        for stream in (self.process.stdout, self.process.stderr):
            assert stream
            stream.close()


@pytest.fixture
def ledger(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Ledger, str]]:
    """A ledger, and the address of a service that shows what is in it."""
    home = str(tmp_path_factory.mktemp("stream"))
    with socket.create_server(("127.0.0.1", 0)) as free:
        address = f"http://127.0.0.1:{(port := free.getsockname()[1])}"
    command = [sys.executable, "-m", "kogge", "serve", "--port", str(port), "--home", home]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=os.environ | SMALL
    ) as service:
        try:
            assert service.stdout
            assert service.stdout.readline().startswith(f"Kogge answers on {address}")
            ledger = open_ledger(Settings.from_environment({"KOGGE_HOME": home}))
            yield ledger, address
            ledger.close()
        finally:
            service.terminate()  # else the end of `with` waits for ever


@pytest.fixture
def node() -> str:
    """Node with the client."""
    found = shutil.which("node")
    if found is None:
        pytest.skip("node is not installed")
    if subprocess.run([found, "-e", "require.resolve('ldes-client')"], capture_output=True).returncode:
        pytest.skip("node has no package ldes-client; `.ci/run` installs it")
    return found


def test_who_follows_the_stream_has_every_version_of_every_graph(
    ledger: tuple[Ledger, str], node: str
) -> None:
    known, address = ledger
    client = Client(node, f"{address}/changes")
    try:
        members = [client.next() for _ in range(known.number)]
        for said in ("eins", "zwei", ""):  # published while it follows; in the end the graph says nothing
            body = f'<{GRAPH}> <{names.DCTERMS}title> "{said}" .\n'.encode() if said else b""
            version = known.append(GRAPH, body, origin="contribution", who=WHO, at=datetime.now(UTC))
            members.append(client.next())
            assert members[-1]["member"] == f"{GRAPH}?version={version.version}"
    finally:
        client.stop()
    assert len(members) > 100
    told = {each["member"]: each for each in members}
    assert len(told) == len(members)
    assert [each["created"] for each in members] == sorted(each["created"] for each in members)
    for version in known.history():
        member = told[f"{version.graph}?version={version.version}"]
        assert member["graph"] == version.graph
        triples = [quad.triple for quad in ox.parse(member["said"].encode(), RdfFormat.N_QUADS)]
        assert syntax.canonical(triples) == known.body(version.number)
