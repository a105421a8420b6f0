"""The answers that are kept: which, for how long, and that nobody is told what is no longer so."""

from __future__ import annotations

import asyncio
from pathlib import Path
from urllib.parse import unquote_plus

import pyoxigraph as ox
from hypothesis import given
from hypothesis import strategies as st

from kogge import media
from kogge.store.answers import Answer, Recent, size_of
from kogge.store.evaluate import Query
from kogge.store.snapshots import Snapshot
from kogge.store.workers import Lanes, Pool
from kogge.web.sparql import unquoted

FIRST, SECOND = (Snapshot(number, Path("nowhere"), str(number)) for number in (1, 2))


def answer(body: bytes = b"{}") -> Answer:
    return Answer(media.SPARQL_JSON, body, 1, "1")


def keep(answers: Recent[Query, Answer], query: Query, held: Answer, state: Snapshot) -> None:
    answers.keep(query, held, size_of(query, held), state)


def test_an_answer_is_there_for_the_same_query_on_the_same_snapshot_only() -> None:
    answers = Recent[Query, Answer](100_000)
    keep(answers, Query("ASK {}"), answer(), FIRST)
    assert answers.get(Query("ASK {}"), FIRST) == answer()
    assert answers.get(Query("ASK {}", "text/csv"), FIRST) is None
    assert answers.get(Query("ASK {}", default_graphs=("urn:a",)), FIRST) is None
    assert answers.get(Query("ASK {}"), SECOND) is None
    keep(answers, Query("ASK { }"), answer(), SECOND)
    assert answers.get(Query("ASK {}"), SECOND) is None


def test_large_answers_are_not_kept_and_the_longest_unused_goes_first() -> None:
    answers = Recent[Query, Answer](100_000)
    keep(answers, Query("ASK { ?large ?b ?c }"), answer(b" " * 2_000), FIRST)
    assert answers.get(Query("ASK { ?large ?b ?c }"), FIRST) is None
    queries = [Query(f"ASK {{ <urn:{number}> ?b ?c }}") for number in range(200)]
    for query in queries:
        keep(answers, query, answer(), FIRST)
        assert answers.get(queries[0], FIRST), "it has just been asked"
    held = [query for query in queries if answers.get(query, FIRST)]
    assert held == [queries[0], *queries[201 - len(held) :]]
    assert 50 < len(held) < 200


def test_a_publication_ends_what_was_kept(tmp_path: Path) -> None:
    """A second answer comes without a worker; the first after a publication does not."""
    store = ox.Store(tmp_path / "store")
    query = Query("SELECT (COUNT(*) AS ?all) { GRAPH ?g { ?s ?p ?o } }", "text/csv")

    async def ask() -> list[bytes]:
        pool = Pool(store, tmp_path / "snapshots", limits=None, lanes=Lanes(kept=1_000_000))
        await pool.start()
        try:
            bodies = [(first := await pool.answer(query)).body]
            assert await pool.answer(query) is first
            for call in ("NOW()", "rand()", "UUID()", "STRUUID()", "BNODE()"):  # may differ the next time
                changing = Query(f"SELECT ({call} AS ?it) {{}}", "text/csv")
                assert await pool.answer(changing) is not await pool.answer(changing)
            store.add(ox.Quad(*[ox.NamedNode("urn:a")] * 4))
            bodies.append((await pool.answer(query)).body)
            await pool.publish("2")
            bodies.append((await pool.answer(query)).body)
            return bodies
        finally:
            await pool.stop()

    assert [int(body.split()[1]) for body in asyncio.run(ask())] == [0, 0, 1]


@given(st.text("%0aAfFcC3\\xunU+&=z\n\xe9", max_size=20))
def test_a_field_of_an_address_is_read_as_the_standard_library_reads_it(text: str) -> None:
    escaped = "".join(char if char.isascii() else f"%{ord(char):02X}" for char in text)
    assert unquoted(text) == unquote_plus(escaped)
