"""A desk at which several people send and release contributions without a pause, until the process is killed.

    python publish_until_killed.py HOME PEOPLE SEED

Each person works on a graph of their own and, half of the time, all on one. What was acknowledged is printed
after the call has returned: `staged NUMBER SHA256` and `published GRAPH VERSION VALUE`. Each version says one
value in `STATEMENTS` statements, so that one of which only a part is there is seen. `test_publications.py`
kills this process, and `make soak` runs that for long.
"""

from __future__ import annotations

import os
import random
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path

from kogge import names
from kogge.desk import Desk
from kogge.errors import Conflict, DiskFull
from kogge.ledger import Caller, Contribution, Ledger, Sending
from kogge.settings import Settings

STATEMENTS = 40
SHARED = names.graph("luebeck", "shared")
HERE = names.thing("project", "luebeck")


def content(value: str) -> bytes:
    return "".join(
        f'<{HERE}/{number}> <{names.KOGGE}motto> "{value}" .\n' for number in range(STATEMENTS)
    ).encode()


def say(line: str) -> None:
    os.write(1, f"{line}\n".encode())  # one write, so that lines are whole also when the process is killed


def people(ledger: Ledger) -> None:
    if "luebeck" not in {partner.slug for partner in ledger.partners.all()}:
        ledger.partners.add("luebeck", "Lübeck", ["municipality/luebeck"], at=datetime.now(UTC))


def work(desk: Desk, person: int, draw: random.Random) -> None:
    partner = desk.partners.get("luebeck")
    author = Caller(partner, f"author {person}", "author", "")
    editor = Caller(partner, f"editor {person}", "editor", "")
    while True:
        value = f"{person}-{draw.getrandbits(64):x}"
        graph = SHARED if draw.random() < 0.5 else names.graph("luebeck", f"of-{person}")
        body = content(value)
        staged: Contribution | None = None
        try:
            (receipt,) = desk.steps.stage([Sending(graph, "text/turtle", b"# sent\n" + body, body)], author)
            staged = receipt.contribution
            assert staged is not None
            say(f"staged {staged.number} {staged.sha256}")
            published = desk.steps.accept(staged.number, editor)
            say(f"published {graph} {published.version} {value}")
        except DiskFull:
            say("full")
        except Conflict:  # somebody else was quicker
            if staged:
                desk.steps.withdraw(staged.number, author)
            say("conflict")


def main() -> None:
    home, count, seed = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    desk = Desk.open(Settings.from_environment({"KOGGE_HOME": str(home)}))
    ledger = Ledger(home / "ledger.sqlite")
    people(ledger)
    ledger.close()
    say("ready")
    for person in range(count):
        draw = random.Random(seed * 100 + person)
        threading.Thread(target=work, args=(desk, person, draw), daemon=True).start()
    threading.Event().wait()


if __name__ == "__main__":
    main()
