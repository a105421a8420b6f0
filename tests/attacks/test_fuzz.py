"""P16: bent documents. Whatever is sent gets a judgement or an error of ours, in time; no crash, no hang.

`KOGGE_FUZZ_SECONDS` says how long to look, in each of three ways a third of it; .ci/run looks longer than a
developer does.
"""

from __future__ import annotations

import importlib.util
import os
import random
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kogge import media, syntax
from kogge.contribution.read import read
from kogge.errors import KoggeError
from kogge.media import MediaType

from .contributions import DOCUMENTS, Way

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the cage is one of Linux")

SECONDS = float(os.environ.get("KOGGE_FUZZ_SECONDS", "12")) / 3
LATE = 2.0  # seconds of the processor that no small document may take to be read
EXPECTED = {202, 400, 403, 413, 415, 422}
PIECES: tuple[bytes, ...] = (
    b"", b" ", b"\n", b"\x00", b"\xff", b"\xed\xa0\x80", b"\xef\xbb\xbf", b"\xc3",
    "\u202e".encode(), b'"', b"'", b"\\", b"\\u", b"\\u0000", b"\\uD800", b'"""', b"<", b">", b"<<",
    b"<<(", b")>>", b"{|", b"|}", b"[", b"]", b"(", b")", b"{", b"}", b"_:a", b"@", b"@de",
    b"@prefix", b"@base <https://a.example/> .", b"^^", b"^^xsd:decimal", b"1E999999999", b"-",
    b".", b";", b",", b":", b"#", b"<!DOCTYPE a>", b"<!ENTITY", b"&a;", b"&#0;", b"<![CDATA[",
    b"<!--", b"<?xml", b"xml:base=''", b"rdf:parseType='Literal'", b"rdf:nodeID='a'", b'"@context"',
    b'"@graph"', b'"@id"', b'"@list"', b'"@reverse"', b'"@value"', b'"@type": "@json"', b"null",
    b"1e999", b"file:///etc/passwd", b"http://127.0.0.1:9/",
    b"https://w3id.org/kogge/id/municipality/kiel", b"rdfs:subClassOf", b"owl:sameAs",
)  # fmt: skip


def status(body: bytes, wanted: MediaType) -> int:
    """202 for what is read, and is the same when what was read is read again; else that of the refusal."""
    try:
        triples = read(body, wanted)
    except KoggeError as error:
        str(error).encode()
        return error.status
    again = read(syntax.canonical(triples), media.N_TRIPLES)
    assert len(set(again)) == len(set(triples))
    return 202


def bent(chance: random.Random, body: bytes) -> bytes:
    """A document with a few changes: pieces put in, cut out, doubled, moved, or turned round."""
    data = bytearray(body)
    for _ in range(chance.choice((1, 1, 1, 2, 3, 8))):
        at, to = sorted(chance.choices(range(len(data) + 1), k=2))
        to = min(to, at + chance.choice((1, 4, 40, 400)))
        change = chance.randrange(6)
        if change == 0:
            data[at:at] = chance.choice(PIECES)
        elif change == 1:
            del data[at:to]
        elif change == 2:
            data[at:to] = chance.choice(PIECES)
        elif change == 3:
            data[at:at] = data[at:to] * chance.choice((1, 2, 50))
        elif change == 4 and data:
            data[min(at, len(data) - 1)] ^= 1 << chance.randrange(8)
        else:
            other = chance.choice(list(DOCUMENTS.values()))
            data[at:to] = other[at:to]
    return bytes(data)


@pytest.mark.parametrize("wanted", DOCUMENTS, ids=lambda wanted: wanted.suffix)
def test_p16_bent_documents_are_read_or_refused(wanted: MediaType) -> None:
    chance = random.Random(f"{wanted.suffix} {time.time_ns()}")
    seed = chance.getrandbits(64)
    chance.seed(seed)
    until, count = time.monotonic() + SECONDS / len(DOCUMENTS), 0
    while time.monotonic() < until:
        body = bent(chance, DOCUMENTS[wanted])
        began = time.process_time()
        assert status(body, wanted) in EXPECTED, (seed, body)
        assert time.process_time() - began < LATE, (seed, body)
        count += 1
    assert count > 20


def test_p16_bent_documents_are_judged_or_refused_by_the_same_worker(tmp_path: Path) -> None:
    way = Way(tmp_path)
    assert way.crew
    assert way.send(DOCUMENTS[media.TURTLE]).status in EXPECTED  # workers are started late: now there is one
    (worker,) = way.crew._workers
    chance = random.Random()
    seed = random.SystemRandom().getrandbits(64)
    chance.seed(seed)
    until, seen = time.monotonic() + SECONDS, set()
    while time.monotonic() < until:
        wanted = chance.choice(list(DOCUMENTS))
        body = bent(chance, DOCUMENTS[wanted])
        reply = way.send(body, wanted, lang=chance.choice(("de", "en", "nl")))
        assert reply.status in EXPECTED, (seed, body, reply)
        reply.text.encode()
        seen.add(reply.status)
    assert not worker.ended, seed
    assert {202, 400} & seen
    way.close()


texts = st.lists(st.sampled_from(PIECES), max_size=30).map(b"".join)


@settings(max_examples=200, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(list(DOCUMENTS)), texts | st.binary(max_size=200))
def test_p16_anything_at_all_is_read_or_refused(wanted: MediaType, body: bytes) -> None:
    assert status(body, wanted) in EXPECTED


@pytest.mark.skipif(
    importlib.util.find_spec("atheris") is None, reason="Atheris is not installed; `.ci/run` installs it"
)
def test_p16_what_reaches_other_code_than_all_before_is_read_or_refused(tmp_path: Path) -> None:
    """See `fuzz_readers.py`. It is a process of its own, which ends with what a reader cannot bear."""
    found = subprocess.run(
        [
            sys.executable,
            str(Path(__file__).with_name("fuzz_readers.py")),
            str(tmp_path / "found"),
            f"-max_total_time={max(1, round(SECONDS))}",
            f"-timeout={round(10 * LATE)}",  # seconds by the clock, on a machine that does other things
            "-rss_limit_mb=2000",
            "-max_len=20000",
        ],
        cwd=tmp_path,
        capture_output=True,
        check=False,
        timeout=SECONDS + 120,
    )
    inputs = {path.name: path.read_bytes() for path in tmp_path.glob("*-*") if path.is_file()}
    assert (found.returncode, inputs) == (0, {}), found.stderr.decode(errors="replace")[-3000:]
    assert len(list((tmp_path / "found").iterdir())) > 20


def deeper(document: bytes) -> Iterator[Callable[[int], bytes]]:
    """Ways to make a document longer without end."""
    for at in range(0, len(document), max(1, len(document) // 40)):
        yield lambda times, at=at: document[:at] + document[at : at + 20] * times + document[at:]  # type: ignore[misc]


@pytest.mark.parametrize("wanted", DOCUMENTS, ids=lambda wanted: wanted.suffix)
def test_p16_a_part_repeated_often_takes_no_more_than_its_length(wanted: MediaType) -> None:
    for repeated in deeper(DOCUMENTS[wanted]):
        body = repeated(2_000)
        began = time.process_time()
        assert status(body, wanted) in EXPECTED
        assert time.process_time() - began < LATE, body[:400]
