"""Level 6, portal: the process of low priority in which a release is made, beside the service.

`python -m kogge.portal.maker ORDER FOLDER SNAPSHOT PARENT`: the order is a file of JSON, the snapshot a
folder of the engine that nobody writes to. It ends with 0, or says on standard error why not.
"""

from __future__ import annotations

import json
import os
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Final

import pyoxigraph as ox

from kogge.errors import KoggeError
from kogge.ledger import Version
from kogge.portal import build
from kogge.portal.build import Order
from kogge.store import cage

_NICE: Final = 19


def command(order: Order, folder: Path, snapshot: Path) -> list[str]:
    """The command that makes this release in that folder; the order is put beside it."""
    before = str(order.before) if order.before else None
    said = folder.with_name("order.json")
    said.write_text(json.dumps({**asdict(order), "before": before}), "utf-8")
    program = [sys.executable, "-m", "kogge.portal.maker"]
    return [*program, str(said), str(folder), str(snapshot), str(os.getpid())]


def main(arguments: list[str]) -> int:
    """Makes a release."""
    said, folder, snapshot, parent = arguments
    os.nice(_NICE)
    cage.die_with(int(parent))
    order = json.loads(Path(said).read_text("utf-8"))
    order["newest"] = [Version(**each) for each in order["newest"]]
    order["before"] = Path(order["before"]) if order["before"] else None
    try:
        store = ox.Store.read_only(snapshot)
        build.make(store, Path(folder), Order(**order), snapshot=Path(snapshot))
    except (OSError, RuntimeError, KoggeError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
