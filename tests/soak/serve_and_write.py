"""A service like `kogge serve`, in which a graph is replaced all the time: each commit makes a snapshot.

    python serve_and_write.py PORT HOME

After each commit its number is printed. All things of the graph carry that number, so that an answer in
which there are two, or an older one than was printed before, is wrong.
"""

from __future__ import annotations

import os
import socket
import sys
import threading
import time

from pyoxigraph import Literal, NamedNode, Triple

from kogge.desk import Desk
from kogge.settings import Settings
from kogge.store.base import Store
from kogge.web import create_app, server

GRAPH = "urn:soak:graph"
THINGS = 50
PAUSE = 0.3


def write(store: Store, number: int) -> None:
    value = Literal(str(number))
    store.replace_graph(
        GRAPH,
        [
            Triple(NamedNode(f"urn:soak:{thing}"), NamedNode("urn:soak:number"), value)
            for thing in range(THINGS)
        ],
    )
    sys.stdout.write(f"{number}\n")
    sys.stdout.flush()


def main() -> None:
    settings = Settings.from_environment({**os.environ, "KOGGE_PORT": sys.argv[1], "KOGGE_HOME": sys.argv[2]})
    desk = Desk.open(settings)
    store = desk._store

    def go_on() -> None:
        number = 1
        while desk.ready:
            number += 1
            write(store, number)
            time.sleep(PAUSE)

    write(store, 1)
    writing = threading.Thread(target=go_on, daemon=True)
    writing.start()
    with socket.create_server((settings.host, settings.port), backlog=2048) as listening:
        server.run(create_app(settings, desk), listening, settings)


if __name__ == "__main__":
    main()
