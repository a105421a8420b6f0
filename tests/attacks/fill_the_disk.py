"""A desk whose disk becomes full: what it says, what it answers, and what it does with room again.

    python fill_the_disk.py HOME [SMALL]

With SMALL a small file system is mounted there (in a mount namespace of our own) and the store, but not the
ledger, lies on it; without, all files are limited in size, which is said in the same way. Prints JSON.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

from kogge import names
from kogge.desk import Desk
from kogge.errors import DiskFull
from kogge.ledger import Caller, Sending
from kogge.settings import Settings

G = names.graph("luebeck", "projekte")
SAID = f"SELECT DISTINCT ?said {{ GRAPH <{G}> {{ ?thing <{names.KOGGE}motto> ?said }} }}"


def main() -> None:
    home, small = Path(sys.argv[1]), Path(sys.argv[2]) if len(sys.argv) > 2 else None
    home.mkdir()
    if small:
        small.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=160m", "tmpfs", str(small)], check=True)
        (small / "store").mkdir()
        (home / "store").symlink_to(small / "store")
    desk = Desk.open(Settings.from_environment({"KOGGE_HOME": str(home)}))
    luebeck = desk.partners.add("luebeck", "Lübeck", ["municipality/luebeck"], at=datetime.now(UTC))
    publisher = desk._publisher
    assert publisher is not None
    author, editor = Caller(luebeck, "Ada", "author", ""), Caller(luebeck, "Bo", "editor", "")

    def send(value: str, size: int) -> int:
        body = "".join(
            f'<{names.thing("project", "luebeck/p")}{n}> <{names.KOGGE}motto> "{value}" .\n'
            for n in range(size)
        ).encode()
        (receipt,) = desk.steps.stage([Sending(G, "text/turtle", body, body)], author)
        assert receipt.contribution
        return receipt.contribution.number

    def said() -> list[str]:
        rows = json.loads(desk.evaluate(SAID).body)["results"]["bindings"]
        return [row["said"]["value"] for row in rows]

    desk.steps.accept(send("first", 10), editor)
    number = send("second", 15_000 if small else 3000)
    if small:
        filler = small / "filler"
        with filler.open("wb") as file:
            try:
                while True:
                    file.write(b"\0" * 65536)
                    file.flush()
            except OSError:
                pass
    else:
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, resource.RLIM_INFINITY))
    found: dict[str, object] = {}
    try:
        desk.steps.accept(number, editor)
    except DiskFull as error:
        found["refused"] = [error.status, str(error)]
    found["read"] = said()
    found["state"] = desk.steps.contribution(number, editor).state
    try:
        send("third", 10) if found["state"] == "staged" else publisher.publish()
    except DiskFull as error:
        found["again"] = error.status
    found["still read"] = said()
    if small:
        filler.unlink()
    else:
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    if found["state"] == "staged":
        desk.steps.accept(number, editor)
    else:
        publisher.follow()  # as with the next request
    found["then"] = said()
    desk.close()
    again = Desk.open(Settings.from_environment({"KOGGE_HOME": str(home)}))
    found["after a restart"] = [row["said"]["value"] for row in
                                json.loads(again.evaluate(SAID).body)["results"]["bindings"]]  # fmt: skip
    found["size"] = again._store.size == len(again._store.engine)
    again.close()
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    main()
