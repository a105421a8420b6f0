"""How long the service needs for a page, on the graph of the repository and on generated data.

    python bench/pages.py [--triples N]… [--keep FOLDER] [--table …/german-municipalities.csv]

Asks the application itself, without a network, for each path several times, after it was asked once (what is
cached is cached), and for questions of the search different ones each time. Tells in milliseconds the median
and the slowest, and the median of the time of the processor, which others on the machine do not make longer.
The paths stand in `PATHS`; a subject with pages of its own adds them there.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import random
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from statistics import median
from typing import Any, Final
from urllib.parse import urlencode

from starlette.types import Message

from generate import TABLE
from kogge import publish
from kogge.desk import Desk
from kogge.expertise import Lookup
from kogge.expertise.index import Index
from kogge.settings import Settings
from kogge.store.embedded import EmbeddedStore
from kogge.web import create_app
from lookup import asked, filled

EACH: Final = 21  # times that a path is asked for
QUESTIONS: Final = 40  # of a kind, none twice
PATHS: Final = (
    "/de/",
    "/de/?q=Wasserstoff",
    "/de/?q=Digitalisierung",
    "/de/?q=vorausschauende+Wartung",
    "/de/?q=Wer+sucht+Energie",
    "/de/?q=Verkehr+und+Energie",
    "/de/?q=Waserstof",
    "/de/needs",
    "/de/needs?topic=energie",
    "/de/map",
    "/de/map?alliance=smarte-hanse",
    "/de/map?topic=digitalisierung",
    "/de/overview",
    "/de/network",
    "/de/municipality/luebeck",
    "/de/municipality/groningen",
    "/de/state/land-brandenburg",
    "/de/alliance/smarte-hanse",
    "/de/alliance/trilaterale-kooperation",
    "/de/project/groningen-nachhaltigkeit-energie",
    "/de/topic/wasserstoff",
    "/de/topic/digitalisierung",
    "/de/topics",
    "/de/person/jan-lindenau",
    "/de/event/expertentreffen-2019",
    "/de/document/gruendung-smarte-hanse",
    "/de/need/schwerin-energie",
    "/de/compare?a=luebeck&b=groningen",
    "/de/catalog",
    "/de/dataset/alliance-smarte-hanse",
)
Ask = Callable[[str], Awaitable[tuple[int, int]]]


def asker(app: Any) -> Ask:
    """Asks an application as a server does: status, and bytes of the body."""

    async def ask(path: str) -> tuple[int, int]:
        status, size = 0, 0
        name, _, query = path.partition("?")

        async def receive() -> Message:
            await asyncio.sleep(3600)
            return {"type": "http.disconnect"}

        async def send(message: Message) -> None:
            nonlocal status, size
            status = message.get("status", status)
            size += len(message.get("body", b""))

        await app(
            {
                "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "GET",
                "path": name, "raw_path": name.encode(), "query_string": query.encode(), "root_path": "",
                "scheme": "http", "server": ("127.0.0.1", 8000), "client": ("127.0.0.1", 1),
                "headers": [(b"accept", b"text/html"), (b"accept-encoding", b"gzip")],
            },
            receive,
            send,
        )  # fmt: skip
        return status, size

    return ask


async def measure(app: Any, index: Index) -> None:
    """Prints the figures of one graph."""
    ask = asker(app)
    async with app.router.lifespan_context(app):
        for path in PATHS:
            begun = time.perf_counter()
            await ask(path)
            first = (time.perf_counter() - begun) * 1000
            await _print(ask, path, [path] * EACH, f" (first {first:.1f})")
        for kind, some in asked(index).items():
            few = random.Random(4).sample(some, min(QUESTIONS, len(some)))
            paths = ["/de/?" + urlencode({"q": text, **parameters}) for text, parameters in few]
            await _print(ask, f"search: {kind}", paths)


async def _print(ask: Ask, name: str, paths: Sequence[str], note: str = "") -> None:
    spent, worked, sizes = [], [], []
    for path in paths:
        begun, busy = time.perf_counter(), time.process_time()
        status, size = await ask(path)
        spent.append((time.perf_counter() - begun) * 1000)
        worked.append((time.process_time() - busy) * 1000)
        sizes.append(size)
        if status not in (200, 400):
            sys.exit(f"{path}: {status}")
    times = f"{median(spent):7.1f} {max(spent):7.1f} {median(worked):7.1f} ms"
    print(f"  {name:34} {times} {median(sizes) / 1000:6.0f} kB{note}")


def main() -> None:
    """The graph of the repository, then each size that is asked for."""
    parser = argparse.ArgumentParser(description="How long the service needs for a page.")
    parser.add_argument("--triples", type=int, action="append", default=[], help="a size; may be repeated")
    parser.add_argument("--table", type=Path, default=TABLE, help="the table german-municipalities.csv")
    parser.add_argument("--keep", type=Path, help="a folder in which the stores are kept, to be used again")
    options = parser.parse_args()
    store = EmbeddedStore()
    publish.load(store)
    _measure("the graph of the repository", store, None)
    for size in options.triples:
        with tempfile.TemporaryDirectory() as name:
            folder = options.keep / str(size) if options.keep else Path(name)
            folder.mkdir(parents=True, exist_ok=True)
            store = filled(folder, size, options.table)
            _measure(f"{size:,} triples", store, folder / "index.sqlite")


def _measure(name: str, store: EmbeddedStore, path: Path | None) -> None:
    settings = Settings.from_environment({})
    lookup = Lookup.build(store, path)
    gc.collect()
    gc.freeze()  # as the service does
    print(f"{name}, {len(lookup.index.holders):,} holders", flush=True)
    app = create_app(settings, Desk(store, settings, lookup=lookup))
    asyncio.run(measure(app, lookup.index))


if __name__ == "__main__":
    main()
