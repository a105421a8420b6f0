"""How fast the description of a thing is, from 100 k triples on, also of those to which most point.

    python bench/things.py [--triples N]… [--keep FOLDER] [--table …/german-municipalities.csv]

Asks the pool of workers as the service does, for what is known of a thing and who points to it, and writes
Turtle or JSON. Nothing keeps answers. Tells medians and 99th percentiles in milliseconds, of things of every
kind drawn by chance, of the ten with most links, and of the tenth page of the first of these; and the time of
the processor if all is done in one process, which other work on the machine does not lengthen as much. Before
it counts, it asks for other things of each kind: who starts opens the files of the store.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
import tempfile
import time
from pathlib import Path
from statistics import median, quantiles
from typing import Final

from generate import TABLE
from kogge import media, names
from kogge.endpoint import Endpoint, pool_of
from kogge.media import MediaType
from kogge.settings import Settings
from kogge.store.embedded import EmbeddedStore
from kogge.store.guard import Limits
from kogge.store.workers import Here
from kogge.things import Things
from lookup import filled

SIZES: Final = (100_000, 1_000_000)
EACH: Final = 40  # things of a kind
AGAIN: Final = 10  # times that a hub is asked for
BEFORE: Final = "before"  # what is asked for and not counted
KINDS: Final = {
    "municipality": "Municipality", "project": "Project", "event": "Event", "alliance": "Alliance",
    "expertise": "Expertise", "need": "Need",
}  # fmt: skip


def measure(triples: int, table: Path, keep: Path | None) -> None:
    """Prints the figures of one size."""
    with tempfile.TemporaryDirectory() as name:
        folder = keep / str(triples) if keep else Path(name)
        folder.mkdir(parents=True, exist_ok=True)
        store = filled(folder, triples, table)
        asked = chosen(store)
        settings = Settings.from_environment({"KOGGE_HOME": str(folder), "KOGGE_QUERY_KEPT": "0"})
        asyncio.run(_ask(store, settings, asked))
        store.close()


def chosen(store: EmbeddedStore) -> dict[str, list[tuple[str, int]]]:
    """Things and the page that is asked for, by what they are."""
    chance = random.Random(5)
    found: dict[str, list[tuple[str, int]]] = {BEFORE: []}
    for kind, own in KINDS.items():
        things = _column(store, f"SELECT ?x {{ ?x a <{names.KOGGE}{own}> }} LIMIT 5000")
        some = [(iri, 1) for iri in chance.sample(things, min(2 * EACH, len(things)))]
        found[kind] = some[:EACH]
        found[BEFORE] += some[EACH:]
    linked = (
        "SELECT ?x { ?s ?p ?x FILTER(STRSTARTS(STR(?x), '%s')) } GROUP BY ?x ORDER BY DESC(COUNT(*)) LIMIT %d"
    )
    hubs = _column(store, linked % (names.TOPIC, 8)) + _column(store, linked % (names.thing("state", ""), 2))
    found["most links"] = [(iri, 1) for iri in hubs * AGAIN]
    deep = _column(store, linked % (names.TOPIC, 1))
    counted = store.query(f"SELECT (COUNT(*) AS ?x) {{ ?s ?p <{deep[0]}> }}")
    found[f"page 10 of them, {_first(counted)} links"] = [(deep[0], 10)] * AGAIN
    return found


def _first(rows: object) -> str:
    return str(next(iter(rows))["x"].value)  # type: ignore[call-overload]


def _column(store: EmbeddedStore, text: str) -> list[str]:
    return [row["x"].value for row in store.query(text)]  # type: ignore[union-attr]


async def _ask(store: EmbeddedStore, settings: Settings, asked: dict[str, list[tuple[str, int]]]) -> None:
    served = Endpoint(store, pool_of(store, settings, Limits()), settings, None)
    here = Endpoint(store, Here(store.engine, limits=Limits()), settings, None)
    pool, alone = (Things(each, None, settings.base_url) for each in (served, here))
    await served.start()
    await here.start()
    try:
        for iri, page in asked.pop(BEFORE):
            await _timed(pool, iri, page, media.TURTLE)
            await _timed(alone, iri, page, media.TURTLE)
        print(f"{'':44}   n  Turtle     p99     cpu    JSON     p99     cpu  triples")
        for what, some in asked.items():
            line = f"{len(store.engine):>12,} {what:31} {len(some):3}"
            for wanted in (media.TURTLE, media.JSON):
                spent = [await _timed(pool, iri, page, wanted) for iri, page in some]
                times = [each[0] for each in spent]
                alike = [await _timed(alone, iri, page, wanted) for iri, page in some]
                processor = median(each[1] for each in alike)
                line += f" {median(times):7.2f} {quantiles(times, n=100)[98]:7.2f} {processor:7.2f}"
            print(f"{line} {median(each[2] for each in spent):8.0f}", flush=True)
    finally:
        await served.stop()
        await here.stop()


async def _timed(things: Things, iri: str, page: int, wanted: MediaType) -> tuple[float, float, int]:
    begun, used = time.perf_counter(), time.process_time()
    found = await things.description(iri, page, wanted)
    spent, processor = time.perf_counter() - begun, time.process_time() - used
    return spent * 1000, processor * 1000, found.result.rows


def main() -> None:
    """Measures each size."""
    parser = argparse.ArgumentParser(description="How fast the description of a thing is.")
    parser.add_argument("--triples", type=int, action="append", help="a size, about; may be repeated")
    parser.add_argument("--table", type=Path, default=TABLE, help="the table german-municipalities.csv")
    parser.add_argument("--keep", type=Path, help="a folder in which the stores are kept, to be used again")
    options = parser.parse_args()
    if not options.table.is_file():
        sys.exit(f"There is no table {options.table.name}. Give its place with --table.")
    for triples in options.triples or SIZES:
        measure(triples, options.table, options.keep)


if __name__ == "__main__":
    main()
