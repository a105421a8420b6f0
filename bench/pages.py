"""How long the service needs for a page, on the graph of the repository and on generated data.

    python bench/pages.py [--triples N]… [--keep FOLDER] [--table …/german-municipalities.csv]

Asks the application, without a network, as a service runs it: queries go to the workers, and what they
answer is kept while the state stays. Pages of things are of things drawn by chance, and questions are all
different: the first time nothing of them is kept, the second time they are asked for again. Tells in
milliseconds the median and the slowest of the first, and the median of the second; of `PATHS`, of which there
is one each, the first and the median of those after it. Other pages of each kind are asked for before: who
starts opens files.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any, Final
from urllib.parse import urlencode

from starlette.types import Message

from generate import TABLE
from kogge import names, publish, syntax
from kogge.desk import Desk
from kogge.expertise import Lookup
from kogge.expertise.index import Index
from kogge.ledger import Ledger
from kogge.settings import Settings
from kogge.store.embedded import EmbeddedStore
from kogge.web import create_app
from lookup import asked, filled

EACH: Final = 21  # things of a kind, and times that a path is asked for
QUESTIONS: Final = 40  # of a kind, none twice
THINGS: Final = {
    "municipality": "kogge:Municipality", "alliance": "kogge:Alliance", "topic": "skos:Concept",
    "project": "kogge:Project", "event": "kogge:Event", "person": "foaf:Person", "need": "kogge:Need",
    "document": "foaf:Document", "state": "kogge:State",
}  # fmt: skip
PATHS: Final = (
    "/de/",
    "/de/?q=Wasserstoff",
    "/de/?q=Digitalisierung",
    "/de/?q=vorausschauende+Wartung",
    "/de/?q=Wer+sucht+Energie",
    "/de/needs",
    "/de/needs?topic=energie",
    "/de/map",
    "/de/map?alliance=smarte-hanse",
    "/de/map?topic=digitalisierung",
    "/de/overview",
    "/de/network",
    "/de/topics",
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


async def measure(app: Any, store: EmbeddedStore, index: Index) -> None:
    """Prints the figures of one graph."""
    ask = asker(app)
    chance = random.Random(4)
    kinds = {kind: _pages(store, kind, chance) for kind in THINGS}
    for kind, some in asked(index).items():
        few = chance.sample(some, min(2 * QUESTIONS, len(some)))
        paths = ["/de/?" + urlencode({"q": text, **parameters}) for text, parameters in few]
        kinds[f"search: {kind}"] = (paths[:QUESTIONS], paths[QUESTIONS:])
    async with app.router.lifespan_context(app):
        for _, before in kinds.values():
            for path in before:
                await _timed(ask, path)
        print(f"  {'':34} first   slowest     again   (ms)")
        for kind, (paths, _) in kinds.items():
            first = [await _timed(ask, path) for path in paths]
            again = [await _timed(ask, path) for path in paths]
            _print(kind, first, again)
        for path in PATHS:
            first = [await _timed(ask, path)]
            _print(path, first, [await _timed(ask, path) for _ in range(EACH)])


def _pages(store: EmbeddedStore, kind: str, chance: random.Random) -> tuple[list[str], list[str]]:
    """The paths of things of a kind: those that are counted, and those that are asked for before."""
    told = syntax.prefixes()
    prefix, _, local = THINGS[kind].partition(":")
    rows = store.query(f"SELECT DISTINCT ?x {{ ?x a <{told[prefix]}{local}> }}")
    ours = names.TOPIC if kind == "topic" else names.thing(kind, "")
    things = sorted(row["x"].value for row in rows if row["x"].value.startswith(ours))  # type: ignore[union-attr]
    some = chance.sample(things, min(2 * EACH, len(things)))
    paths = [f"/de/{kind}/{iri.removeprefix(ours)}" for iri in some]
    return paths[:EACH], paths[EACH:]


async def _timed(ask: Ask, path: str) -> tuple[float, int]:
    """Milliseconds, and bytes of the body."""
    begun = time.perf_counter()
    status, size = await ask(path)
    if status not in (200, 400):
        sys.exit(f"{path}: {status}")
    return (time.perf_counter() - begun) * 1000, size


def _print(name: str, first: Sequence[tuple[float, int]], again: Sequence[tuple[float, int]]) -> None:
    times = [each[0] for each in first]
    figures = f"{median(times):7.1f} {max(times):9.1f} {median(each[0] for each in again):9.1f}"
    print(f"  {name:34}{figures}   {median(each[1] for each in first) / 1000:4.0f} kB", flush=True)


def main() -> None:
    """The graph of the repository, then each size that is asked for."""
    parser = argparse.ArgumentParser(description="How long the service needs for a page.")
    parser.add_argument("--triples", type=int, action="append", default=[], help="a size; may be repeated")
    parser.add_argument("--table", type=Path, default=TABLE, help="the table german-municipalities.csv")
    parser.add_argument("--keep", type=Path, help="a folder in which the stores are kept, to be used again")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        store = EmbeddedStore(Path(name) / "store")
        publish.load(store)
        _measure("the graph of the repository", store, Path(name))
    for size in options.triples:
        with tempfile.TemporaryDirectory() as name:
            folder = options.keep / str(size) if options.keep else Path(name)
            folder.mkdir(parents=True, exist_ok=True)
            store = filled(folder, size, options.table)
            Lookup.build(store, folder / "index.sqlite").index.close()  # where it fits it is opened only
            with tempfile.TemporaryDirectory(dir=folder) as copy:  # the history is written into it
                store.backup(f"{copy}/store")
                store.close()
                shutil.copy(folder / "index.sqlite", f"{copy}/lookup.sqlite")
                _measure(f"{size:,} triples", EmbeddedStore(Path(copy) / "store"), Path(copy))


def _measure(name: str, store: EmbeddedStore, home: Path) -> None:
    """Serves a store from a folder, and prints the figures."""
    settings = Settings.from_environment({"KOGGE_HOME": str(home), "KOGGE_DUMP_RELEASES": "0"})
    lookup = Lookup.build(store, home / "lookup.sqlite")
    gc.collect()
    gc.freeze()  # as the service does
    ledger = Ledger(home / "ledger.sqlite")
    ledger.append(
        names.graph("bench", "begin"), b"", origin="repository", who=publish.CURATOR, at=datetime.now(UTC)
    )
    publish.adopt(ledger, store)
    print(f"{name}, {len(lookup.index.holders):,} holders", flush=True)
    app = create_app(settings, Desk(store, settings, ledger, lookup=lookup))
    asyncio.run(measure(app, store, lookup.index))
    gc.unfreeze()


if __name__ == "__main__":
    main()
