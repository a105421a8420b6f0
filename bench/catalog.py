"""How long the catalogue takes: the first one of a state, and those after it, on small and large graphs.

    python bench/catalog.py [--triples N]… [--table …/german-municipalities.csv] [--keep DIR] [--rounds N]

Asks the desk for the catalogue in Turtle, as `GET /catalog` does: at first of a listing that has made none,
so that its questions are asked of the store, the statements made and written; then again. Questions are
answered in this process, and answers are not kept. Tells the median and the worst of the rounds in
milliseconds, and the time of the processor, which other work on the machine does not lengthen as much.
The service makes the first one by itself when nothing has changed for two seconds.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Final

from generate import TABLE
from kogge import media, publish
from kogge.endpoint import Endpoint
from kogge.listing import Listing
from kogge.settings import Settings
from kogge.store.embedded import EmbeddedStore
from kogge.store.workers import Here
from lookup import filled

SIZES: Final = (0, 10_000, 1_000_000)  # made-up triples beside the graph of the repository; 0: that alone
LIMIT: Final = 50.0  # milliseconds
AGAIN: Final = 100


async def measure(store: EmbeddedStore, rounds: int) -> tuple[list[float], float, float, int]:
    """The milliseconds of each first catalogue, of the processor for one, of one again, and its bytes."""
    settings = Settings.from_environment({})
    endpoint = Endpoint(store, Here(store.engine, limits=None), settings, None)
    await endpoint.start()
    spent, processor, size = [], [], 0
    for _ in range(rounds + 1):
        listing = Listing(settings, endpoint)
        at, used = time.perf_counter(), time.process_time()
        page = await listing.page(1, media.TURTLE)
        spent.append((time.perf_counter() - at) * 1000)
        processor.append((time.process_time() - used) * 1000)
        size = len(page.body)
    at = time.perf_counter()
    for _ in range(AGAIN):
        await listing.page(1, media.TURTLE)
    again = (time.perf_counter() - at) * 1000 / AGAIN
    await endpoint.stop()
    return spent[1:], median(processor[1:]), again, size  # the first of all reads the texts, too


def main() -> int:
    """Prints a line per size; 1 where the graph of the repository takes longer than it may."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--triples", type=int, action="append")
    parser.add_argument("--table", type=Path, default=TABLE)
    parser.add_argument("--keep", type=Path, help="keep the stores in this folder")
    parser.add_argument("--rounds", type=int, default=20)
    given = parser.parse_args()
    print(f"{'triples':>11} {'first, ms':>10} {'worst':>8} {'processor':>10} {'again, ms':>10} {'bytes':>9}")
    slow = False
    for triples in given.triples or SIZES:
        if triples and not given.table.is_file():
            print(f"{triples:>11,} left out: {given.table} is not here")
            continue
        with tempfile.TemporaryDirectory() as name:
            store = _store(triples, given.keep or Path(name), given.table)
            spent, processor, again, size = asyncio.run(measure(store, given.rounds))
            number = triples or sum(1 for _ in store.engine)
            store.close()
        figures = f"{median(spent):10.1f} {max(spent):8.1f} {processor:10.1f} {again:10.3f} {size:9,}"
        print(f"{number:>11,} {figures}", flush=True)
        slow = slow or (not triples and processor > LIMIT)
    return 1 if slow else 0


def _store(triples: int, folder: Path, table: Path) -> EmbeddedStore:
    if triples:
        at = folder / str(triples)
        at.mkdir(parents=True, exist_ok=True)
        return filled(at, triples, table)
    store = EmbeddedStore()
    publish.load(store)
    return store


if __name__ == "__main__":
    sys.exit(main())
