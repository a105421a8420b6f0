"""The pool: queries that kill, hang or flood reach a worker only; the rest is answered, fresh and in time."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from importlib.metadata import distribution
from pathlib import Path
from typing import Any, TypeVar

import pyoxigraph as ox
import pytest
from pyoxigraph import Literal, NamedNode, Quad

from kogge import media
from kogge.errors import (
    BadRequest,
    Busy,
    KoggeError,
    NotAcceptable,
    OutOfTime,
    TooLarge,
    TooManyRequests,
    Unavailable,
    Unprocessable,
    Unreadable,
)
from kogge.store import guard, snapshots
from kogge.store.evaluate import Query, Result, evaluate
from kogge.store.quota import Quota
from kogge.store.worker import frame
from kogge.store.workers import Here, Lane, Lanes, Pool

T = TypeVar("T")

linux = pytest.mark.skipif(sys.platform != "linux", reason="the cage is one of Linux")
SMALL = Query("SELECT ?p ?o { <urn:t7> ?p ?o }")
CROSS = "SELECT (COUNT(*) AS ?n) { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i }"
TINY = Lanes(
    saved=Lane(1), fast=Lane(1), slow=Lane(1), first=0.3, deadline=1, longest=5, patience=5
)  # fmt: skip


@pytest.fixture(scope="module")
def primary(tmp_path_factory: pytest.TempPathFactory) -> ox.Store:
    """5,000 triples in ten graphs, and in the default graph: each thing knows the next, in a ring."""
    store = ox.Store(str(tmp_path_factory.mktemp("primary")))
    for number in range(2500):
        thing = NamedNode(f"urn:t{number}")
        for graph in (NamedNode(f"urn:g{number % 10}"), ox.DefaultGraph()):
            store.add(Quad(thing, NamedNode("urn:knows"), NamedNode(f"urn:t{(number + 1) % 2500}"), graph))
            store.add(Quad(thing, NamedNode("urn:says"), Literal(f'"{number}" }},{{ \\\n<result>'), graph))
    store.flush()
    return store


class Loop:
    """A pool, and the event loop it lives in, for tests that do not want one of their own."""

    def __init__(self, primary: ox.Store, folder: Path, **options: Any) -> None:
        self.runner = asyncio.Runner()
        self.pool = Pool(primary, folder, **options)
        self.run(self.pool.start())

    def run(self, work: Awaitable[T]) -> T:
        async def done() -> T:
            return await work

        return self.runner.run(done())

    def status(self, text: str, **options: Any) -> int:
        return self.run(status(self.pool, text, **options))

    def close(self) -> None:
        self.run(self.pool.stop())
        self.runner.close()


@pytest.fixture(scope="module")
def unguarded(primary: ox.Store, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Loop]:
    loop = Loop(primary, tmp_path_factory.mktemp("unguarded"), lanes=TINY, limits=None)
    yield loop
    loop.close()


async def status(pool: Pool, text: str, **options: Any) -> int:
    """200, or the status of the error."""
    try:
        await pool.answer(Query(text, **options))
    except KoggeError as error:
        return error.status
    return 200


async def settled(pool: Pool) -> None:
    """Waits until all workers stand idle."""
    async with asyncio.timeout(5):
        while sum(len(lane.idle) for lane in pool._lanes) < sum(lane.size.workers for lane in pool._lanes):
            await asyncio.sleep(0.005)


async def within(seconds: float, true: Callable[[], bool]) -> bool:
    until = time.monotonic() + seconds
    while not true() and time.monotonic() < until:
        await asyncio.sleep(0.005)
    return true()


def test_a_worker_is_told_whether_its_request_is_alone(
    primary: ox.Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[bool] = []

    def noted(header: dict[str, Any], body: bytes = b"") -> bytes:
        told.append(header["alone"])
        return frame(header, body)

    loop = Loop(primary, tmp_path, lanes=replace(TINY, fast=Lane(2)), limits=None)
    monkeypatch.setattr("kogge.store.crew.frame", noted)
    try:
        assert loop.status("ASK {}") == 200
        loop.run(settled(loop.pool))
        one_by_one, told[:] = list(told), []
        assert loop.run(_all(loop.pool, 6)) == [200] * 6
    finally:
        loop.close()
    assert one_by_one == [True]
    assert told[0] is True
    assert set(told[1:-1]) == {False}


async def _all(pool: Pool, many: int) -> list[int]:
    return await asyncio.gather(
        *(status(pool, f"SELECT ?a {{ ?a ?b ?c }} LIMIT {n + 1}") for n in range(many))
    )


# --- what kills or hangs (guard off) -----------------------------------------------------------------------

DEEP = {
    "groups": "ASK " + "{" * 10_000 + "}" * 10_000,
    "brackets": "ASK { FILTER" + "(" * 40_000 + "1" + ")" * 40_000 + " }",
    "not": "ASK { FILTER(" + "!" * 60_000 + "true) }",
    "sub-selects": "SELECT * " + "{ SELECT * " * 20_000 + "{}" + "}" * 20_000,
    "path brackets": "ASK { ?s " + "(" * 60_000 + "<urn:p>" + ")" * 60_000 + " ?o }",
    "path inverse": "ASK { ?s " + "^(" * 60_000 + "<urn:p>" + ")" * 60_000 + " ?o }",
    "sum": "ASK { FILTER(1" + "+1" * 100_000 + " > 0) }",
    "or": "ASK { FILTER(?x" + "||?x" * 100_000 + ") }",
    "union": "ASK { {}" + "UNION {}" * 60_000 + " }",
    "exists": "ASK { " + "FILTER NOT EXISTS { " * 20_000 + "}" * 20_000 + " }",
    "optional": "ASK { " + "OPTIONAL { " * 20_000 + "}" * 20_000 + " }",
    "triple terms": "ASK { ?s ?p " + "<<( ?s ?p " * 20_000 + "1" + " )>>" * 20_000 + " }",
}


@pytest.mark.parametrize("construct", DEEP)
def test_what_is_nested_too_deep_ends_a_worker_only(unguarded: Loop, construct: str) -> None:
    assert unguarded.status(DEEP[construct]) == 422
    assert unguarded.status("ASK {}") == 200


BOMBS = {
    "star": ("SELECT * { " + " . ".join(f"?s <urn:p{n}> ?o{n}" for n in range(240)) + " }", {504}),
    "list": ("SELECT * { ?s ?p ( " + "1 " * 400 + ") }", {504}),
    "cross product": (CROSS, {504}),
    "cross product, sorted": ("SELECT * { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i } ORDER BY ?a LIMIT 5", {422, 504}),
    "path without an end": ("SELECT (COUNT(*) AS ?n) { ?a (!<urn:x>)* ?b }", {504}),
    "GROUP_CONCAT of all": ("SELECT (GROUP_CONCAT(?c) AS ?all) { ?a ?b ?c . ?d ?e ?f }", {413, 422, 504}),
    "regex": (
        'SELECT * { ?a <urn:says> ?c FILTER REGEX(?c, CONCAT("((a{1000}){1000}){1000}", STR(?a))) }',
        {200, 504},
    ),
    "IN": ("SELECT * { ?a ?b ?c FILTER(?c IN (" + ",".join(map(str, range(100_000))) + ")) }", {504}),
}


@pytest.mark.parametrize("bomb", BOMBS)
def test_what_takes_too_long_is_stopped_at_the_deadline(unguarded: Loop, bomb: str) -> None:
    text, expected = BOMBS[bomb]
    unguarded.run(settled(unguarded.pool))
    began = time.monotonic()
    assert unguarded.status(text) in expected
    assert time.monotonic() - began < TINY.deadline + 0.5
    assert unguarded.status("ASK {}") == 200


@linux
def test_a_memory_bomb_is_refused_and_the_memory_stays_bounded(unguarded: Loop) -> None:
    bomb = 'SELECT (STRLEN(?h) AS ?n) { BIND("' + "x" * 1000 + '" AS ?a) '
    for old, new in zip("abcdefg", "bcdefgh", strict=True):
        bomb += f'BIND(REPLACE(?{old}, "x", "{"x" * 20}") AS ?{new}) '
    peak = 0
    ended = threading.Event()
    workers = [worker._process.pid for worker in unguarded.pool._workers]

    def watch() -> None:
        nonlocal peak
        while not ended.is_set():
            peak = max(peak, sum(resident(process) for process in [os.getpid(), *workers]))
            time.sleep(0.01)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        with pytest.raises(Unprocessable, match="memory"):
            unguarded.run(unguarded.pool.answer(Query(bomb + "}"), seconds=5))
    finally:
        ended.set()
        watcher.join()
    assert 0 < peak < 1.5e9
    assert unguarded.status("ASK {}") == 200


def resident(process: int) -> int:
    try:
        found = re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{process}/status").read_text())
    except OSError:
        return 0
    return int(found[1]) * 1024 if found else 0


@linux
def test_no_spelling_of_service_leaves_the_cage(unguarded: Loop) -> None:
    hits = 0
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.1)
        address = f"http://127.0.0.1:{listener.getsockname()[1]}/"
        spellings = [
            f"SELECT * {{ SERVICE <{address}> {{ ?s ?p ?o }} }}",
            f"SELECT * {{ service <{address}> {{ ?s ?p ?o }} }}",
            f"SELECT * {{ SERVICE#\n<{address}> {{ ?s ?p ?o }} }}",
            f"PREFIX e: <{address}> SELECT * {{ SERVICE e: {{ ?s ?p ?o }} }}",
            f"SELECT * {{ SERVICE SILENT <{address}> {{ ?s ?p ?o }} }}",
            f"ASK {{ FILTER EXISTS {{ SERVICE <{address}> {{ ?s ?p ?o }} }} }}",
            f"SELECT * {{ SERVICE<{address}>{{?s ?p ?o}}}}",
            f"SELECT * {{ BIND(<{address}> AS ?e) SERVICE ?e {{ ?s ?p ?o }} }}",
        ]
        statuses = [unguarded.status(text) for text in spellings]
        try:
            while True:
                listener.accept()[0].close()
                hits += 1
        except TimeoutError:
            pass
    assert hits == 0
    assert set(statuses) <= {200, 400}  # SILENT and EXISTS may find nothing without an error
    assert statuses.count(400) >= 5


def test_with_the_guard_these_are_refused_before_the_engine_reads_them(
    primary: ox.Store, tmp_path: Path
) -> None:
    async def ask() -> None:
        pool = Pool(primary, tmp_path, lanes=TINY, limits=guard.Limits())
        await pool.start()
        try:
            workers = set(pool._workers)
            for text in DEEP.values():
                assert await status(pool, text) in (400, 413)
            assert await status(pool, "ASK { SERVICE <http://127.0.0.1/> {} }") == 400
            assert await status(pool, "INSERT DATA { <urn:a> <urn:b> 1 }") == 403
            assert pool._workers == workers
        finally:
            await pool.stop()

    asyncio.run(ask())


# --- results -----------------------------------------------------------------------------------------------


def test_a_huge_result_is_refused_as_soon_as_it_is_too_large(unguarded: Loop) -> None:
    unguarded.run(settled(unguarded.pool))
    began = time.monotonic()
    text = "SELECT * { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i }"
    for accept in (kind.type for kind in media.ROWS):
        with pytest.raises(TooLarge, match="LIMIT and OFFSET"):
            unguarded.run(unguarded.pool.answer(Query(text, accept, bytes=200_000, rows=10**9)))
    assert unguarded.status("SELECT (GROUP_CONCAT(?c) AS ?all) { ?a <urn:says> ?c }", bytes=10_000) == 413
    assert time.monotonic() - began < 1


@pytest.mark.parametrize("accept", [kind.type for kind in media.ROWS])
@pytest.mark.parametrize("rows", [0, 1, 2, 999, 1000])
def test_rows_are_counted_whatever_the_values_look_like(unguarded: Loop, accept: str, rows: int) -> None:
    text = f"SELECT ?s ?o ?none {{ ?s <urn:says> ?o }} ORDER BY ?s LIMIT {rows}"
    answer = unguarded.run(unguarded.pool.answer(Query(text, accept, rows=max(rows, 1)), lane="saved"))
    assert (answer.rows, answer.media.type) == (rows, accept)
    if rows > 1:
        with pytest.raises(TooLarge):
            unguarded.run(unguarded.pool.answer(Query(text, accept, rows=rows - 1)))


@pytest.mark.parametrize(
    "value", ["}},{", "},{", "},{}", ":", "a:", '"', "\\", '},{"x":{', '\\"},{\\"', "\n", '"\n"', ",\r\n"]
)
def test_no_value_is_taken_for_the_end_of_a_row(unguarded: Loop, value: str) -> None:
    values = f"{Literal(value)} UNDEF {Literal(value)} {Literal(value * 2)}"
    for kind in media.ROWS:
        for text in (
            f"SELECT ?x {{ VALUES ?x {{ {values} }} }}",
            f"SELECT ?x ?y {{ VALUES ?y {{ {values} }} }}",
        ):
            assert unguarded.run(unguarded.pool.answer(Query(text, kind.type))).rows == 4
            assert unguarded.status(text, accept=kind.type, rows=4) == 200
            assert unguarded.status(text, accept=kind.type, rows=3) == 413


def test_rows_without_values_are_counted_too(unguarded: Loop) -> None:
    for kind in media.ROWS:
        for count in range(4):
            text = "SELECT ?x { VALUES ?x { " + "UNDEF " * count + "} }"
            assert unguarded.run(unguarded.pool.answer(Query(text, kind.type))).rows == count


@pytest.mark.parametrize("accept", [kind.type for kind in media.GRAPHS])
def test_a_graph_is_capped_by_triples_and_bytes(unguarded: Loop, accept: str) -> None:
    text = "CONSTRUCT { ?s ?p ?o } { ?s ?p ?o } LIMIT 100"
    answer = unguarded.run(unguarded.pool.answer(Query(text, accept, rows=100)))
    assert (answer.rows, answer.media.type) == (100, accept)
    assert unguarded.status(text, accept=accept, rows=99) == 413
    assert unguarded.status(text, accept=accept, bytes=1000) == 413


def test_errors_come_out_of_the_worker_as_they_were_raised(unguarded: Loop) -> None:
    ask = unguarded.pool.answer
    with pytest.raises(Unreadable) as unreadable:
        unguarded.run(ask(Query("SELECT *\n{ foo")))
    assert (unreadable.value.line, unreadable.value.column) == (2, 6)
    with pytest.raises(NotAcceptable, match=r"Offered: .*sparql-results\+json"):
        unguarded.run(ask(Query("ASK {}", "image/png")))
    with pytest.raises(BadRequest, match="urn:f"):
        unguarded.run(ask(Query("SELECT (<urn:f>(1) AS ?x) {}")))


@pytest.mark.parametrize(
    ("text", "default", "named", "expected"),
    [
        ("SELECT ?n { ?s <urn:says> ?o BIND(1 AS ?n) }", (), (), 2500),
        ("SELECT ?s FROM <urn:g1> { ?s <urn:says> ?o }", (), (), 250),
        ("SELECT ?s from <urn:g1>\nFROM <urn:g2> { ?s <urn:says> ?o }", (), (), 500),
        ("SELECT ?s FROM NAMED <urn:g1> { GRAPH ?g { ?s <urn:says> ?o } }", (), (), 250),
        ("SELECT ?s FROM NAMED <urn:g1> { ?s <urn:says> ?o }", (), (), 0),
        ("SELECT ?from { ?from <urn:says> ?o FILTER(?o != 'FROM') } # FROM <urn:g1>", (), (), 2500),
        ("PREFIX from: <urn:> SELECT ?s { ?s from:says ?o }", (), (), 2500),
        ("SELECT ?s { ?s <urn:says> ?o }", ("urn:g1", "urn:g2"), (), 500),
        ("SELECT ?s FROM <urn:g3> { ?s <urn:says> ?o }", ("urn:g1", "urn:g2"), (), 500),
        ("SELECT ?s FROM NAMED <urn:g3> { GRAPH ?g { ?s <urn:says> ?o } }", (), ("urn:g1",), 250),
        ("SELECT ?s { ?s <urn:says> ?o }", (), ("urn:g1",), 0),
        ("SELECT ?s { GRAPH ?g { ?s <urn:says> ?o } }", ("urn:g1",), (), 0),
        ("SELECT ?s FROM <file:///etc/hostname> { ?s ?p ?o }", (), (), 0),
    ],
)
def test_the_dataset_is_that_of_the_protocol_then_that_of_from_then_all_graphs(
    unguarded: Loop, text: str, default: tuple[str, ...], named: tuple[str, ...], expected: int
) -> None:
    query = Query(text, default_graphs=default, named_graphs=named)
    assert unguarded.run(unguarded.pool.answer(query)).rows == expected


def test_a_graph_that_is_no_iri_is_refused(unguarded: Loop) -> None:
    assert unguarded.status("ASK {}", default_graphs=("not an iri",)) == 400


def test_a_worker_answers_as_the_store_itself_would(unguarded: Loop, primary: ox.Store) -> None:
    texts = ("SELECT * { ?s ?p ?o } ORDER BY ?s ?p LIMIT 300", "ASK { <urn:t1> ?p ?o }")
    for text in texts:
        for kind in media.ROWS[:2]:
            answer = unguarded.run(unguarded.pool.answer(Query(text, kind.type)))
            expected = evaluate(primary, Query(text, kind.type), None)
            assert Result(answer.media, answer.body, answer.rows) == expected


def test_a_store_in_memory_is_asked_in_this_process() -> None:
    async def ask() -> None:
        here = Here(ox.Store(), limits=guard.Limits())
        await here.start("one")
        answer = await here.answer(Query("SELECT * { ?s ?p ?o }"))
        assert (answer.rows, answer.state) == (0, "one")
        with pytest.raises(BadRequest):
            await here.answer(Query("ASK { SERVICE <http://127.0.0.1/> {} }"))
        await here.stop()

    asyncio.run(ask())


# --- lanes, queues, clients --------------------------------------------------------------------------------


def test_heavy_queries_move_on_and_small_ones_do_not_wait(primary: ox.Store, tmp_path: Path) -> None:
    async def ask() -> None:
        lanes = replace(TINY, fast=Lane(2), slow=Lane(1), first=0.5, deadline=3)
        pool = Pool(primary, tmp_path, lanes=lanes, limits=None)
        await pool.start()
        try:
            began = time.monotonic()
            heavy = asyncio.create_task(status(pool, CROSS))
            waits: dict[str, list[float]] = {"public": [], "saved": []}
            while time.monotonic() - began < 2.2:
                for lane in ("public", "saved"):
                    asked = time.monotonic()
                    await pool.answer(SMALL, lane=lane)
                    waits[lane].append(time.monotonic() - asked)
                await asyncio.sleep(0.01)
            assert not heavy.done()
            assert not pool._slow.idle
            assert await heavy == 504
            assert 2.9 < time.monotonic() - began < 3.5
            assert all(len(each) > 50 and max(each) < 0.1 for each in waits.values()), waits
        finally:
            await pool.stop()

    asyncio.run(ask())


def test_saved_questions_have_workers_of_their_own(unguarded: Loop) -> None:
    async def ask() -> list[int]:
        pool = unguarded.pool
        heavy = [asyncio.create_task(status(pool, CROSS)) for _ in range(2)]
        await asyncio.sleep(0.05)
        for _ in range(100):
            asked = time.monotonic()
            await pool.answer(SMALL, lane="saved")
            assert time.monotonic() - asked < 0.1
        return await asyncio.gather(*heavy)

    assert unguarded.run(ask()) == [504, 504]


@linux
def test_a_worker_ends_itself_where_the_service_is_too_busy_to_end_it(unguarded: Loop) -> None:
    async def ask() -> None:
        pool = unguarded.pool
        await settled(pool)
        worker = pool._fast.idle[0]._process.pid
        asked = asyncio.create_task(pool.answer(Query(CROSS), seconds=0.2))
        await asyncio.sleep(0.05)
        time.sleep(0.6)  # nothing else is done here meanwhile
        assert not alive(worker)
        with pytest.raises(OutOfTime):
            await asked

    unguarded.run(ask())


def test_a_client_that_goes_away_frees_the_worker(unguarded: Loop) -> None:
    async def ask() -> None:
        pool = unguarded.pool
        await settled(pool)
        asked = asyncio.create_task(pool.answer(Query(CROSS)))
        await asyncio.sleep(0.1)
        (busy,) = (worker for worker in pool._workers if not worker.clean)
        asked.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asked
        assert await within(1, lambda: busy.ended)
        await settled(pool)
        assert busy not in pool._workers

    unguarded.run(ask())


def test_one_that_goes_away_while_it_waits_loses_no_worker(unguarded: Loop) -> None:
    async def ask() -> None:
        pool = unguarded.pool
        await settled(pool)
        for pause in (0, 0.001, 0.002, 0.005) * 8:
            asked = [asyncio.create_task(pool.answer(SMALL)) for _ in range(6)]
            await asyncio.sleep(pause)
            for each in asked[::2]:
                each.cancel()
            results = await asyncio.gather(*asked, return_exceptions=True)
            assert not any(isinstance(result, BaseException) for result in results[1::2])
        await settled(pool)

    unguarded.run(ask())


def test_a_full_queue_says_when_to_come_again(primary: ox.Store, tmp_path: Path) -> None:
    async def ask() -> None:
        lanes = replace(TINY, fast=Lane(1, queue=2), patience=0.4, first=1.2)
        pool = Pool(primary, tmp_path, lanes=lanes, limits=None)
        await pool.start()
        try:
            asked = [asyncio.create_task(pool.answer(Query(CROSS))) for _ in range(4)]
            await asyncio.wait(asked, timeout=0.2)
            assert [each.done() for each in asked] == [False, False, False, True]
            results = await asyncio.gather(*asked, return_exceptions=True)
            assert [type(result) for result in results] == [OutOfTime, Busy, Busy, Busy]
            assert all(result.retry_after >= 1 for result in results[1:] if isinstance(result, Busy))
        finally:
            await pool.stop()

    asyncio.run(ask())


def test_the_order_of_a_lane_is_first_come_first_served(unguarded: Loop) -> None:
    async def ask() -> list[int]:
        served: list[int] = []

        async def one(number: int) -> None:
            await unguarded.pool.answer(SMALL)
            served.append(number)

        await asyncio.gather(*(one(number) for number in range(40)))
        return served

    assert unguarded.run(ask()) == list(range(40))


def test_a_client_runs_two_queries_at_once_and_a_minute_of_work_per_minute(
    primary: ox.Store, tmp_path: Path
) -> None:
    async def ask() -> None:
        quota = Quota(running=2, seconds=1, period=60)
        pool = Pool(primary, tmp_path, lanes=TINY, limits=None, quota=quota)
        await pool.start()
        try:
            asked = [asyncio.create_task(pool.answer(Query(CROSS), client="a")) for _ in range(3)]
            assert await pool.answer(SMALL, client="b")
            results = await asyncio.gather(*asked, return_exceptions=True)
            assert [type(result) for result in results] == [OutOfTime, OutOfTime, TooManyRequests]
            with pytest.raises(TooManyRequests, match="used up") as used_up:
                await pool.answer(SMALL, client="a")
            assert used_up.value.status == 429
            assert used_up.value.retry_after > 10
            assert await pool.answer(SMALL, client="b")
        finally:
            await pool.stop()

    asyncio.run(ask())


def test_the_budget_of_a_client_fills_again() -> None:
    now = 0.0
    quota = Quota(running=None, seconds=60, period=60, clock=lambda: now)
    with quota.admit("a") as account:
        account.charge(90)
    with pytest.raises(TooManyRequests) as refused, quota.admit("a"):
        pass
    now += refused.value.retry_after
    with quota.admit("a"):
        pass
    now += 1000
    with quota.admit("a") as account:
        assert account.left == 60


def test_a_quota_forgets_clients_that_owe_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kogge.store.quota.MANY", 100)
    quota = Quota()
    with quota.admit("debtor") as account:
        account.charge(1000)
    for number in range(1000):
        with quota.admit(str(number)):
            pass
    assert len(quota._accounts) <= 102
    assert "debtor" in quota._accounts


# --- workers that end, new snapshots, the end --------------------------------------------------------------


@linux
def test_workers_that_are_killed_or_stand_still_are_replaced_under_load(unguarded: Loop) -> None:
    async def ask() -> set[int]:
        pool = unguarded.pool
        await settled(pool)
        statuses: set[int] = set()
        until = time.monotonic() + 2

        async def client() -> None:
            while time.monotonic() < until:
                statuses.add(await status(pool, SMALL.text))
                await asyncio.sleep(0.001)

        async def enemy() -> None:
            for turn in range(8):
                await asyncio.sleep(0.2)
                for worker in [each for each in pool._workers if each.ready]:
                    os.kill(worker._process.pid, (signal.SIGKILL, signal.SIGSTOP)[turn % 4 == 3])

        await asyncio.gather(client(), client(), enemy())
        for worker in pool._workers:  # idle ones that stand still are found when they are asked
            os.kill(worker._process.pid, signal.SIGCONT)
        await settled(pool)
        return statuses

    statuses = unguarded.run(ask())
    assert 200 in statuses
    assert statuses <= {200, 503, 504}
    assert zombies() == 0


def zombies() -> int:
    children = Path(f"/proc/self/task/{threading.get_native_id()}/children").read_text().split()
    return sum(
        Path(f"/proc/{child}/stat").read_text().rpartition(")")[2].split()[0] == "Z" for child in children
    )


def test_nobody_waits_for_the_workers_of_a_late_lane(primary: ox.Store, tmp_path: Path) -> None:
    async def scenario() -> None:
        pool = Pool(primary, tmp_path, lanes=TINY, limits=None)
        late = pool.open(Lane(2), pool._saved.work, late=True)
        await pool.start()
        try:
            assert not late.idle
            assert len(pool.processes) == 3
            assert await status(pool, "ASK {}") == 200
            await settled(pool)
            assert len(late.idle) == 2
        finally:
            await pool.stop()

    asyncio.run(scenario())


@linux
def test_the_engine_gets_its_memory_from_the_allocator_that_is_made_for_it(unguarded: Loop) -> None:
    library = distribution("cmeel-mimalloc").locate_file("cmeel.prefix/lib/libmimalloc.so.3")
    real = str(Path(str(library)).resolve())
    unguarded.run(settled(unguarded.pool))
    for worker in unguarded.pool._fast.idle:
        assert real in Path(f"/proc/{worker._process.pid}/maps").read_text()


@linux
def test_a_worker_that_nobody_asks_sleeps(unguarded: Loop) -> None:
    def ticks() -> int:  # 100 per second
        fields = Path(f"/proc/{worker.number}/stat").read_text().rpartition(")")[2].split()
        return int(fields[11]) + int(fields[12])

    unguarded.run(settled(unguarded.pool))
    worker = unguarded.pool._fast.idle[0]
    unguarded.run(unguarded.pool.answer(SMALL))
    before = ticks()
    time.sleep(0.5)
    assert ticks() - before <= 5


@linux
def test_a_dead_worker_is_replaced_in_a_fraction_of_a_second(unguarded: Loop) -> None:
    async def ask() -> float:
        pool = unguarded.pool
        await settled(pool)
        os.kill(pool._fast.idle[0]._process.pid, signal.SIGSEGV)
        await within(1, lambda: not pool._fast.idle)
        began = time.monotonic()
        await settled(pool)
        return time.monotonic() - began

    assert min(unguarded.run(ask()) for _ in range(3)) < 0.5  # 0.1 s where nothing else runs


def test_after_a_publication_nobody_reads_the_state_before(tmp_path: Path) -> None:
    store = ox.Store(str(tmp_path / "primary"))
    number, graph = NamedNode("urn:number"), ox.DefaultGraph()
    folder = tmp_path / "snapshots"
    published = answers = failed = stale = 0

    async def ask() -> None:
        nonlocal published, answers
        store.add(Quad(number, number, Literal(0), graph))
        pool = Pool(store, folder, lanes=replace(TINY, fast=Lane(2)), limits=None)
        await pool.start("0")
        done = asyncio.Event()

        async def client() -> None:
            nonlocal answers, failed, stale
            seen = -1
            while not done.is_set():
                least = max(seen, published)
                try:
                    answer = await pool.answer(Query("SELECT ?n { ?s ?p ?n }"))
                except KoggeError:
                    failed += 1
                    continue
                answers += 1
                seen = int(json.loads(answer.body)["results"]["bindings"][0]["n"]["value"])
                stale += seen < least or answer.state != str(seen)
                await asyncio.sleep(0)

        async def heavy() -> None:
            while not done.is_set():
                await status(pool, "SELECT (COUNT(*) AS ?n) { ?a (!<urn:x>)* ?b . ?c (!<urn:x>)* ?d " + WIDE)

        clients = [asyncio.create_task(client()) for _ in range(4)] + [asyncio.create_task(heavy())]
        try:
            for generation in range(1, 51):
                store.remove(Quad(number, number, Literal(generation - 1), graph))
                store.add(Quad(number, number, Literal(generation), graph))
                await pool.publish(str(generation))
                published = generation
                await asyncio.sleep(0.005)
            done.set()
            await asyncio.gather(*clients)
            await settled(pool)
            assert await within(1, lambda: len(list(folder.iterdir())) == 1)
        finally:
            await pool.stop()
        assert list(folder.iterdir()) == []

    asyncio.run(ask())
    assert answers > 200
    assert (failed, stale) == (0, 0)


def test_there_are_never_more_than_three_snapshots(tmp_path: Path) -> None:
    store = ox.Store(str(tmp_path / "primary"))
    number, folder = NamedNode("urn:number"), tmp_path / "snapshots"
    seen: list[int] = []
    answered: list[int] = []

    async def ask() -> None:
        pool = Pool(store, folder, lanes=replace(TINY, fast=Lane(2)), limits=None)
        await pool.start()
        done = asyncio.Event()

        def watch() -> None:
            while not done.is_set():
                seen.append(len(list(folder.iterdir())))

        async def client(text: str) -> None:
            while not done.is_set():
                answered.append(await status(pool, text))

        watching = threading.Thread(target=watch)
        watching.start()
        heavy = "SELECT (COUNT(*) AS ?n) { ?a (!<urn:x>)* ?b . ?c (!<urn:x>)* ?d " + WIDE
        clients = [asyncio.create_task(client(text)) for text in (*["ASK {}"] * 4, heavy)]
        try:
            for generation in range(50):
                store.add(Quad(number, number, Literal(generation), ox.DefaultGraph()))
                await pool.publish(str(generation))
        finally:
            done.set()
            await asyncio.gather(*clients)
            watching.join()
            await pool.stop()

    asyncio.run(ask())
    assert len(seen) > 200
    assert max(seen) <= 3
    assert set(answered) == {200, 504}


def test_a_long_query_keeps_its_snapshot_and_holds_up_no_publication(
    primary: ox.Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(snapshots, "PATIENCE", 0.1)

    async def ask() -> None:
        pool = Pool(primary, tmp_path, lanes=replace(TINY, saved=Lane(4), longest=3), limits=None)
        await pool.start()
        try:
            running: list[asyncio.Task[Any]] = []
            for generation in range(1, 5):
                assert await within(5, lambda: len(running) + len(pool._saved.idle) == 4)  # all have moved on
                running.append(asyncio.create_task(pool.answer(Query(CROSS), lane="saved", seconds=2)))
                await asyncio.sleep(0.05)
                began = time.monotonic()
                await pool.publish()
                assert time.monotonic() - began < 1
                assert len(list(tmp_path.iterdir())) == generation + 1
            ended = await asyncio.gather(*running, return_exceptions=True)
            assert {type(each) for each in ended} == {OutOfTime}
            assert await within(1, lambda: len(list(tmp_path.iterdir())) == 1)
        finally:
            await pool.stop()

    asyncio.run(ask())


WIDE = "VALUES ?e { " + "1 " * 3000 + "} VALUES ?f { " + "1 " * 3000 + "} VALUES ?g { " + "1 " * 3000 + "} }"


def test_what_a_crash_has_left_is_removed_at_the_start(primary: ox.Store, tmp_path: Path) -> None:
    left, other = tmp_path / "generation-000007", tmp_path / "notes"
    left.mkdir()
    (left / "CURRENT").write_text("nothing")
    other.mkdir()

    async def ask() -> None:
        pool = Pool(primary, tmp_path, lanes=TINY, limits=None)
        await pool.start()
        assert {path.name for path in tmp_path.iterdir()} == {"generation-000001", "notes"}
        await pool.stop()

    asyncio.run(ask())
    assert list(tmp_path.iterdir()) == [other]


def test_where_no_snapshot_can_be_made_the_last_one_serves_on(primary: ox.Store, tmp_path: Path) -> None:
    folder = tmp_path / "snapshots"

    async def ask() -> None:
        pool = Pool(primary, folder, lanes=TINY, limits=None)
        await pool.start("before")
        try:
            (folder / "generation-000002").mkdir()
            with pytest.raises(Unavailable, match="snapshot"):
                await pool.publish("after")
            assert (await pool.answer(SMALL)).state == "before"
            assert await pool.publish("after") == 3
            assert (await pool.answer(SMALL)).state == "after"
        finally:
            await pool.stop()

    asyncio.run(ask())


def test_stopping_ends_what_runs_and_what_waits(primary: ox.Store, tmp_path: Path) -> None:
    async def ask() -> None:
        pool = Pool(primary, tmp_path, lanes=TINY, limits=None)
        await pool.start()
        asked = [asyncio.create_task(pool.answer(Query(CROSS))) for _ in range(5)]
        publishing = asyncio.create_task(pool.publish())
        await asyncio.sleep(0.1)
        processes = [worker._process for worker in pool._workers]
        began = time.monotonic()
        await pool.stop()
        assert time.monotonic() - began < 2
        assert all(process.poll() is not None for process in processes)
        results = await asyncio.gather(*asked, return_exceptions=True)
        assert {type(result) for result in results} == {Busy}
        with pytest.raises(Busy):
            await pool.answer(SMALL)
        await publishing

    asyncio.run(ask())


SERVICE = """
import asyncio, sys
import pyoxigraph as ox
from pathlib import Path
from kogge.errors import Misconfigured
from kogge.store import cage
from kogge.store.evaluate import Query
from kogge.store.workers import Lane, Lanes, Pool
async def main():
    if sys.argv[2] != "caged":
        cage.install({"seccomp"})
    pool = Pool(ox.Store(sys.argv[1] + "/primary"), Path(sys.argv[1], "snapshots"), limits=None,
                lanes=Lanes(Lane(1), Lane(1), Lane(1)), allow_unsafe=sys.argv[2] == "unsafe")
    await pool.start()
    print(*(worker._process.pid for worker in pool._workers), flush=True)
    if sys.argv[2] == "unsafe":
        await pool.answer(Query("ASK {}"))
        await pool.stop()
        return
    values = " ".join(f"VALUES ?v{n} {{ {'1 ' * 500} }}" for n in range(6))
    await pool.answer(Query("SELECT (COUNT(*) AS ?n) { " + values + " }"))
asyncio.run(main())
"""


@linux
def test_no_worker_outlives_a_service_that_is_killed(tmp_path: Path) -> None:
    command = [sys.executable, "-c", SERVICE, str(tmp_path)]
    with subprocess.Popen([*command, "caged"], stdout=subprocess.PIPE, text=True) as service:
        assert service.stdout is not None
        workers = [int(word) for word in service.stdout.readline().split()]
        assert len(workers) == 3
        time.sleep(0.3)
        service.kill()
        service.wait()
        until = time.monotonic() + 2
        while time.monotonic() < until and any(map(alive, workers)):
            time.sleep(0.01)
    assert not any(map(alive, workers))


def alive(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@linux
def test_without_a_cage_the_pool_starts_only_where_that_is_allowed(tmp_path: Path) -> None:
    def start(how: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-c", SERVICE, str(tmp_path), how]
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)

    refused = start("strict")
    assert refused.returncode == 1
    assert "Misconfigured" in refused.stderr
    assert "cannot be caged" in refused.stderr
    allowed = start("unsafe")
    assert allowed.returncode == 0, allowed.stderr
    assert "WITHOUT a cage" in allowed.stderr
