"""How fast a contribution is judged and published, from 10 k to 10 M triples in the store.

    python bench/contribution.py [--triples N]… [--huge] [--table …/german-municipalities.csv] [--keep DIR]

Sends contributions of about 50 triples, no two the same, to the caged worker, as a dry run of the service
does: read, owned, held against the rules together with what the store says of everything they touch. Then
as many are sent and released through the desk: ledger, store, derived facts, lookup, snapshot. Tells the
median and the 99th percentile in milliseconds, and the time of the processor (of the worker, and of the
service with all its threads), which other work on the machine does not lengthen as much. No dumps are made
beside it, which a service does in a process of its own when it is calm. `--huge` adds 10 M triples, which
takes a quarter of an hour unless `--keep` has a store of that size with its index (as `lookup.py` leaves it).
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import os
import shutil
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from statistics import median, quantiles
from typing import Final

from generate import TABLE
from kogge import media, names, publish
from kogge.contribution.judge import Sent
from kogge.contribution.own import Rights
from kogge.contribution.reader import Reader
from kogge.desk import Desk
from kogge.expertise import Lookup
from kogge.ledger import Ledger
from kogge.reception import Arrival
from kogge.settings import Settings
from kogge.store.crew import Crew, Lane
from kogge.store.embedded import EmbeddedStore
from lookup import filled

SIZES: Final = (10_000, 1_000_000)
HUGE: Final = 10_000_000
EACH: Final = 100
WARM: Final = 10
RIGHTS: Final = Rights("luebeck", ("municipality/luebeck",))

_HEAD: Final = """@prefix dcterms: <http://purl.org/dc/terms/> .
@prefix kogge: <https://w3id.org/kogge/ontology#> .
@prefix municipality: <https://w3id.org/kogge/id/municipality/> .
@prefix skos: <http://www.w3.org/2004/02/skos/core#> .
@prefix topic: <https://w3id.org/kogge/topic/> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
"""
_PROJECT: Final = """
<https://w3id.org/kogge/id/project/luebeck/projekt-{number}> a kogge:Project ;
    skos:prefLabel "Projekt {number}"@de, "Project {number}"@en, "Project {number}"@nl ;
    dcterms:description "Was daraus wurde."@de ;
    kogge:lead municipality:luebeck ;
    kogge:partner municipality:kiel, municipality:schwerin, municipality:groningen ;
    kogge:status kogge:running ;
    kogge:reviewedOn "2026-05-31"^^xsd:date ;
    kogge:topic topic:parken, topic:energie .
"""


def contribution(number: int) -> Sent:
    """A contribution of four projects (52 triples)."""
    body = _HEAD + "".join(_PROJECT.format(number=4 * number + each) for each in range(4))
    return Sent(body.encode(), media.TURTLE, names.graph("luebeck", f"projekte-{number}"), RIGHTS, "de")


def measure(triples: int, table: Path, keep: Path | None) -> dict[str, tuple[float, float]]:
    """Prints the figures of one size; gives back the median and that of the processor, in milliseconds."""
    with tempfile.TemporaryDirectory() as name:
        folder = keep / str(triples) if keep else Path(name)
        folder.mkdir(parents=True, exist_ok=True)
        store = filled(folder, triples, table)
        Lookup.build(store, folder / "index.sqlite").index.close()  # where it fits it is opened only
        judged = asyncio.run(_ask(Crew(store, folder / "snapshots")))
        with tempfile.TemporaryDirectory(dir=folder) as copy:  # in the store that is kept it would be no news
            store.backup(f"{copy}/store")
            store.close()
            shutil.copy(folder / "index.sqlite", f"{copy}/lookup.sqlite")
            published = asyncio.run(_publish(EmbeddedStore(Path(copy) / "store"), Path(copy)))
    for what, (spent, processor) in (("judged", judged), ("published", published)):
        middle, late = median(spent), quantiles(spent, n=100)[98]
        print(
            f"{triples:>11,} {what:>10} {len(spent):5} {middle:8.1f} {late:8.1f} {processor:10.1f}",
            flush=True,
        )
    return {"judged": (median(judged[0]), judged[1]), "published": (median(published[0]), published[1])}


async def _publish(store: EmbeddedStore, home: Path) -> tuple[list[float], float]:
    """Milliseconds from the release of a contribution until it is served, and of the processor for one."""
    lookup = Lookup.build(store, home / "lookup.sqlite")  # what is adopted below does not matter to it
    gc.collect()
    gc.freeze()  # as the service does: what stays is not searched for garbage again
    ledger, now = Ledger(home / "ledger.sqlite"), datetime.now(UTC)
    ledger.append(names.graph("bench", "begin"), b"", origin="repository", who=publish.CURATOR, at=now)
    publish.adopt(ledger, store)
    ledger.partners.add("luebeck", "Lübeck", RIGHTS.may, four_eyes=False, at=now)
    _, secret = ledger.partners.issue("luebeck", "Ada", "editor", at=now)
    caller = ledger.partners.who(secret)
    settings = {"KOGGE_HOME": str(home), "KOGGE_DUMP_RELEASES": "0"}
    desk = Desk(store, Settings.from_environment(settings), ledger, lookup=lookup)
    await desk.start()
    try:
        spent = []
        for number in range(WARM + EACH):
            if number == WARM:
                before = time.process_time()
            sent = contribution(number)
            outcome = await desk.contribute(Arrival(sent.body, sent.media, sent.graph, "de"), caller)
            receipt = outcome.entries[0].receipt
            if receipt is None or receipt.contribution is None:
                raise SystemExit(f"A contribution is refused: {outcome.findings}")
            staged = receipt.contribution.number
            begun = time.perf_counter()
            await desk.act(lambda steps: steps.accept(staged, caller))  # noqa: B023 - it is called at once
            spent.append((time.perf_counter() - begun) * 1000)
        processor = (time.process_time() - before) * 1000 / EACH
    finally:
        await desk.stop()
        desk.close()
        gc.unfreeze()
    return spent[WARM:], processor


async def _ask(crew: Crew) -> tuple[list[float], float]:
    """Milliseconds of each contribution, and of the processor for one."""
    reader = Reader(crew, Lane(1, niceness=0), seconds=60)
    await crew.start()
    try:
        spent = []
        for number in range(WARM + EACH):
            if number == WARM:
                (worker,) = crew.processes  # it was started with the first contribution
                before = _processor(worker)
            begun = time.perf_counter()
            judged = await reader.judge(contribution(number))
            spent.append((time.perf_counter() - begun) * 1000)
            if judged.refused:
                raise SystemExit(f"A contribution is refused: {judged.findings[0]}")
        return spent[WARM:], (_processor(worker) - before) / EACH
    finally:
        await crew.stop()


def _processor(process: int) -> float:
    """Milliseconds that a process had of the processor (proc(5), /proc/pid/stat)."""
    user, system = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) * 1000 / os.sysconf("SC_CLK_TCK")


def main() -> None:
    """Measures each size and tells how the figures grow from the first to the last."""
    parser = argparse.ArgumentParser(description="How fast a contribution is judged.")
    parser.add_argument("--triples", type=int, action="append", help="a size; may be repeated (10 k, 1 M)")
    parser.add_argument("--huge", action="store_true", help="10 M triples as well")
    parser.add_argument("--table", type=Path, default=TABLE, help="the table german-municipalities.csv")
    parser.add_argument("--keep", type=Path, help="a folder in which the stores are kept, to be used again")
    options = parser.parse_args()
    if not options.table.is_file():
        sys.exit(f"There is no table {options.table.name}. Give its place with --table.")
    print(f"{'triples':>11} {'':>10} {'n':>5} {'median':>8} {'p99':>8} {'processor':>10}   (ms)")
    sizes = [*(options.triples or SIZES), *([HUGE] if options.huge else [])]
    found = [measure(size, options.table, options.keep) for size in sizes]
    for what in found[0] if len(sizes) > 1 else ():
        (first, first_of), (last, last_of) = found[0][what], found[-1][what]
        print(
            f"{what}, from {sizes[0]:,} to {sizes[-1]:,} triples: {last / first:.2f} times as long,"
            f" {last_of / first_of:.2f} times the processor"
        )


if __name__ == "__main__":
    main()
