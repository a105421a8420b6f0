"""Contributions in the ledger: which step follows on which, what is kept, and what is erased."""

from __future__ import annotations

import hashlib
import itertools
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import get_args

import pytest

from kogge import names
from kogge.errors import Conflict, NotFound
from kogge.ledger import Caller, Ledger, Sending, State
from kogge.ledger.contributions import BEFORE

AT = datetime(2026, 11, 22, 16, 0, tzinfo=UTC)
G = names.graph("luebeck", "projects")
STATES: tuple[State, ...] = get_args(State)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    ledger = Ledger(tmp_path / "ledger.sqlite")
    ledger.partners.add("luebeck", "Hansestadt Lübeck", ["municipality/luebeck"], at=AT)
    yield ledger
    ledger.close()


def sending(content: bytes = b"<a:a> <a:b> <a:c> .\n", graph: str = G) -> Sending:
    return Sending(graph, "text/turtle", b"body of " + content, content, '["finding"]', "please")


def ada(ledger: Ledger) -> Caller:
    return Caller(ledger.partners.get("luebeck"), "Ada", "author", "t")


def test_a_contribution_keeps_what_was_sent_and_what_was_found(ledger: Ledger) -> None:
    made = ledger.contributions.stage(sending(), ada(ledger), base=3, at=AT)
    assert ledger.contributions.get(made.number) == made
    assert (made.graph, made.partner, made.person, made.media) == (G, "luebeck", "Ada", "text/turtle")
    assert (made.state, made.base, made.note, made.version) == ("staged", 3, "please", None)
    body = ledger.contributions.body(made.number)
    assert body == b"body of <a:a> <a:b> <a:c> .\n"
    assert made.sha256 == hashlib.sha256(body).hexdigest()
    assert ledger.contributions.content(made.number) == b"<a:a> <a:b> <a:c> .\n"
    assert ledger.contributions.report(made.number) == '["finding"]'
    for ask in (ledger.contributions.get, ledger.contributions.body, ledger.contributions.report):
        with pytest.raises(NotFound, match="7"):
            ask(7)


def test_every_step_is_noted_with_who_when_and_why(ledger: Ledger) -> None:
    number = ledger.contributions.stage(sending(), ada(ledger), base=0, at=AT).number
    eva = Caller(ledger.partners.get("luebeck"), "Eva", "editor", "u")
    ledger.contributions.move(number, "returned", eva, note="the date", at=AT)
    again = ledger.contributions.stage_again(number, sending(b""), ada(ledger), base=1, at=AT)
    assert (again.turn, again.base, again.state) == (2, 1, "staged")
    assert ledger.contributions.move(number, "published", eva, at=AT, version=2).version == 2
    assert [(step.who, step.what, step.note, step.at) for step in ledger.contributions.steps(number)] == [
        ("Ada", "staged", "please", "2026-11-22T16:00:00Z"),
        ("Eva", "returned", "the date", "2026-11-22T16:00:00Z"),
        ("Ada", "staged", "please", "2026-11-22T16:00:00Z"),
        ("Eva", "published", "", "2026-11-22T16:00:00Z"),
    ]


@pytest.mark.parametrize(("now", "to"), [*itertools.product(STATES, STATES)])
def test_no_other_step_than_these_is_taken(ledger: Ledger, now: State, to: State) -> None:
    number = ledger.contributions.stage(sending(), ada(ledger), base=0, at=AT).number
    if now != "staged":
        ledger.contributions.move(number, now, ada(ledger), at=AT)

    def step() -> object:
        if to == "staged":
            return ledger.contributions.stage_again(number, sending(), ada(ledger), base=0, at=AT)
        return ledger.contributions.move(number, to, ada(ledger), at=AT)

    if now in BEFORE[to]:
        step()
        return
    before = ledger.contributions.steps(number)
    with pytest.raises(Conflict, match=f"Contribution {number} is {now}"):
        step()
    assert ledger.contributions.get(number).state == now
    assert ledger.contributions.steps(number) == before


def test_contributions_are_listed_the_newest_first(ledger: Ledger) -> None:
    ledger.partners.add("kiel", "Kiel", at=AT)
    kiel = Caller(ledger.partners.get("kiel"), "Kim", "author", "k")
    one = ledger.contributions.stage(sending(), ada(ledger), base=0, at=AT).number
    two = ledger.contributions.stage(sending(graph="http://a.example/h"), kiel, base=0, at=AT).number
    ledger.contributions.move(one, "withdrawn", ada(ledger), at=AT)
    listed = ledger.contributions.all
    assert [each.number for each in listed()] == [two, one]
    assert [each.number for each in listed(partner="kiel")] == [two]
    assert [each.number for each in listed(graph=G)] == [one]
    assert [each.number for each in listed(state="staged")] == [two]
    assert [each.number for each in listed(limit=1, offset=1)] == [one]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE sent SET body = x'00'",
        "UPDATE step SET note = 'x'",
        "UPDATE contribution SET partner = 'x'",
        "UPDATE contribution SET state = 'staged'",
        "DELETE FROM sent",
        "DELETE FROM step",
        "DELETE FROM contribution",
        "DELETE FROM erasure",
    ],
)
def test_nothing_that_was_sent_or_done_is_changed(ledger: Ledger, tmp_path: Path, statement: str) -> None:
    number = ledger.contributions.stage(sending(), ada(ledger), base=0, at=AT).number
    ledger.contributions.move(number, "rejected", ada(ledger), at=AT)
    ledger.erasures.erase("http://a.example/nobody", "who", AT)
    other = sqlite3.connect(tmp_path / "ledger.sqlite")
    with pytest.raises(sqlite3.IntegrityError, match="only grows"):
        other.execute(statement)
    other.close()


# Erasing

JAN = names.thing("person", "jan")
LINES = (
    f'<{JAN}> <http://www.w3.org/2004/02/skos/core#prefLabel> "Jan Lindenau"@de .\n'
    f"<{names.thing('statement', 'a')}> <http://www.w3.org/ns/prov#wasAttributedTo> <{JAN}> .\n"
)
KEPT = (
    f'<{names.thing("statement", "a")}> <http://a.example/said> "see <{JAN}> ." .\n'
    f"<{names.thing('statement', 'a')}> <http://a.example/said> <{JAN}-erik> .\n"
)
NAMED = f'<{names.thing("statement", "b")}> <http://a.example/said> "says Jan Lindenau"@de .\n'


def test_a_person_is_erased_from_every_version_and_everything_that_was_sent(ledger: Ledger) -> None:
    body = (LINES + KEPT).encode()
    ledger.append(G, body, origin="repository", who="http://a.example/w", at=AT)
    ledger.append(G, KEPT.encode(), origin="repository", who="http://a.example/w", at=AT)
    ledger.append("http://a.example/h", NAMED.encode(), origin="repository", who="http://a.example/w", at=AT)
    number = ledger.contributions.stage(sending(body), ada(ledger), base=2, at=AT).number
    erased = ledger.erasures.erase(JAN, "http://a.example/w", AT)
    assert (erased.graphs, erased.triples, erased.still_named) == ((G,), 4, ("http://a.example/h",))
    assert ledger.body(1) == ledger.body(2) == ledger.contributions.content(number) == KEPT.encode()
    assert ledger.contributions.body(number) == KEPT.encode()
    assert ledger.contributions.get(number).media == "application/n-triples"
    first, second, _ = ledger.history()
    assert (first.erased, second.erased) == ("2026-11-22T16:00:00Z", None)
    assert first.sha256 == hashlib.sha256(KEPT.encode()).hexdigest()
    assert ledger.erasures.gone(JAN)
    assert not ledger.erasures.gone(JAN + "-erik")
    ledger.append("http://a.example/h", b"", origin="repository", who="http://a.example/w", at=AT)
    assert ledger.erasures.erase(JAN, "http://a.example/w", AT).triples == 0


def test_what_was_erased_has_left_the_files_of_the_ledger(ledger: Ledger, tmp_path: Path) -> None:
    ledger.append(G, (LINES + KEPT).encode(), origin="repository", who="http://a.example/w", at=AT)
    ledger.erasures.erase(JAN, "http://a.example/w", AT)
    for path in tmp_path.iterdir():
        assert b"Jan Lindenau" not in path.read_bytes(), path.name


def test_after_an_erasure_nothing_can_be_changed_again(ledger: Ledger, tmp_path: Path) -> None:
    ledger.append(G, (LINES + KEPT).encode(), origin="repository", who="http://a.example/w", at=AT)
    ledger.erasures.erase(JAN, "http://a.example/w", AT)
    other = sqlite3.connect(tmp_path / "ledger.sqlite")
    with pytest.raises(sqlite3.IntegrityError, match="only grows"):
        other.execute("UPDATE version SET body = x'00'")
    other.close()


def test_what_comes_again_on_somebody_who_was_erased_is_left_out(ledger: Ledger) -> None:
    assert ledger.erasures.without((LINES + KEPT).encode()) == (LINES + KEPT).encode()
    ledger.erasures.erase(JAN, "http://a.example/w", AT)
    assert ledger.erasures.without((LINES + KEPT).encode()) == KEPT.encode()
