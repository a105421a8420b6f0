"""H01 to H08: requests that are too long, too slow, unreadable or too many."""

from __future__ import annotations

import contextlib
import http.client
import json
import select
import socket
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

if TYPE_CHECKING:
    from tests.attacks.conftest import Service, Start

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the cage is one of Linux")

CANARY = "kgg_canary_d6f1c2"
HEAD_SECONDS = 10
NOISE = 12  # seconds: other tests use the machine, too
POST = b"POST /sparql HTTP/1.1\r\nHost: x\r\nContent-Type: application/sparql-query\r\n"
GET = b"GET /sparql?query=ASK%7B%7D HTTP/1.1\r\nHost: x\r\n"


@pytest.fixture(autouse=True)
def survives(delivered: Service) -> Iterator[None]:
    yield
    delivered.lives()


def status(answer: bytes) -> int:
    """The status of the one answer in what came back, which is a problem and repeats nothing."""
    head, _, body = answer.partition(b"\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 "), answer[:300]
    assert answer.count(b"\r\n\r\n") == 1
    assert b"content-type: application/problem+json" in head.lower()
    assert b"\r\nserver:" not in head.lower()
    assert CANARY.encode() not in answer
    problem = json.loads(body)
    assert problem["status"] == int(head.split(b" ")[1])
    return int(problem["status"])


def chunked(body: bytes) -> bytes:
    return b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)


# --- too long ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("with_length", [True, False])
def test_h01_a_body_of_300_megabytes_is_refused_and_not_kept(delivered: Service, with_length: bool) -> None:
    piece = b"a" * 1_000_000
    before = delivered.resident()
    with delivered.connect() as connection:
        connection.settimeout(20)
        if with_length:
            connection.sendall(POST + b"Content-Length: 300000000\r\n\r\n")
        else:
            connection.sendall(POST + b"Transfer-Encoding: chunked\r\n\r\n")
        try:
            for _ in range(300):
                if select.select([connection], [], [], 0)[0]:
                    break  # a client that listens stops here
                connection.sendall(piece if with_length else b"f4240\r\n" + piece + b"\r\n")
        except (BrokenPipeError, ConnectionResetError):
            pass
        answer = connection.recv(65536)
    assert status(answer) == 413
    assert delivered.resident() < before + 20e6


def test_h01_a_body_just_above_the_limit_gets_its_answer(delivered: Service) -> None:
    body = b"a" * 2_000_001
    assert status(delivered.raw(POST + b"Content-Length: %d\r\n\r\n" % len(body) + body)) == 413
    assert status(delivered.raw(POST + b"Transfer-Encoding: chunked\r\n\r\n" + chunked(body))) == 413


HEADS: dict[str, tuple[bytes, int]] = {
    "a long header": (GET + b"X: " + CANARY.encode() + b"a" * 200_000 + b"\r\n\r\n", 431),
    "a header that does not end": (GET + b"X: " + b"a" * 1_000_000, 431),
    "many headers": (GET + b"".join(b"X%d: 1\r\n" % n for n in range(5000)) + b"\r\n", 431),
    "a long address": (b"GET /sparql?query=" + b"a" * 100_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", 414),
    "an address just too long": (b"GET /" + b"a" * 8192 + b" HTTP/1.1\r\nHost: x\r\n\r\n", 414),
    "an address that does not end": (b"GET /" + b"a" * 1_000_000, 414),
    "two lengths": (POST + b"Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd", 400),
    "a negative length": (POST + b"Content-Length: -3\r\n\r\nabc", 400),
    "a length that is none": (POST + b"Content-Length: 3x\r\n\r\nabc", 400),
    "length and chunks": (
        POST + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + GET + b"\r\n",
        400,
    ),
    "chunks and length": (POST + b"Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n", 400),
    "an encoding after chunked": (POST + b"Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n", 400),
    "a bad chunk": (POST + b"Transfer-Encoding: chunked\r\n\r\nxyz\r\n", 400),
    "a folded header": (GET + b"X: a\r\n b\r\n\r\n", 400),
    "a space before the colon": (GET + b"Content-Length : 3\r\n\r\n", 400),
    "a byte above 127 in the address": (b"GET /\xc3\xa4 HTTP/1.1\r\nHost: x\r\n\r\n", 400),
    "TLS": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + CANARY.encode(), 400),
    "no method": (b"<script>" + CANARY.encode() + b"</script>\r\n\r\n", 400),
    "HTTP/2": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400),
    "a tunnel": (b"CONNECT example.org:443 HTTP/1.1\r\nHost: example.org\r\n\r\n", 400),
}


@pytest.mark.parametrize("head", HEADS)
def test_h05_a_head_that_is_too_long_or_ambiguous(delivered: Service, head: str) -> None:
    data, expected = HEADS[head]
    assert status(delivered.raw(data)) == expected


def test_h05_an_address_at_the_limit_is_taken(delivered: Service) -> None:
    path = "/sparql?query=ASK%7B%7D" + "%20" * 2700
    assert len(path) < 8192
    assert delivered.request("GET", path).status == 200


def test_the_limits_of_requests_are_settings(start: Start) -> None:
    service: Service = start(
        KOGGE_URL_BYTES="300",
        KOGGE_HEAD_BYTES="2000",
        KOGGE_HEAD_LINES="9",
        KOGGE_HEAD_SECONDS="1",
        KOGGE_BODY_BYTES="500",
        KOGGE_BODY_SECONDS="3",
        KOGGE_BODY_PAUSE="1",
    )
    assert status(service.raw(GET.replace(b"sparql", b"sparql?" + b"a" * 300) + b"\r\n")) == 414
    assert status(service.raw(GET + b"X: " + b"a" * 2000 + b"\r\n\r\n")) == 431
    assert status(service.raw(GET + b"X: a\r\n" * 9 + b"\r\n")) == 431
    assert status(service.raw(POST + b"Content-Length: 501\r\n\r\n" + b" " * 501)) == 413
    began = time.monotonic()
    assert status(service.raw(GET)) == 408
    assert status(service.raw(POST + b"Content-Length: 5\r\n\r\n")) == 408
    assert time.monotonic() - began < 6
    assert service.ask("ASK {}").status == 200


def test_h06_forms_with_too_many_fields(delivered: Service) -> None:
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    assert delivered.request("POST", "/sparql", b"a=1&" * 20_000, form).status == 400
    assert delivered.request("POST", "/sparql", b"a=1&" * 200_000, form).status in (400, 413)
    parts = (
        b'--x\r\nContent-Disposition: form-data; name="f"; filename="f"\r\n\r\n1\r\n' * 1500 + b"--x--\r\n"
    )
    multipart = {"Content-Type": "multipart/form-data; boundary=x"}
    assert delivered.request("POST", "/sparql", parts, multipart).status in (400, 413, 415)
    deep = b"[" * 100_000
    assert delivered.request("POST", "/sparql", deep, {"Content-Type": "application/json"}).status in (
        413,
        415,
    )


# --- too slow ----------------------------------------------------------------------------------------------


def test_h02_h03_half_requests_do_not_matter_and_end(delivered: Service) -> None:
    before = delivered.resident()
    began = time.monotonic()
    halves = [delivered.connect() for _ in range(1200)]
    silent, stalled, dripping = (delivered.connect() for _ in range(3))
    try:
        for number, half in enumerate(halves):
            half.sendall(GET + b"X: a" if number % 2 else b"GET /sp")
        for connection in (stalled, dripping):
            connection.sendall(POST + b"Content-Length: 1000\r\n\r\nASK")
        dripped = threading.Thread(target=_drip, args=(dripping, began + 30 + NOISE))
        dripped.start()
        waits = sorted(delivered.ask("ASK {}").seconds for _ in range(100))
        assert waits[50] < 0.1  # the rest is the noise of a busy machine
        assert waits[-1] < 2
        assert delivered.resident() < before + 60e6

        answers = [_rest(half, began + HEAD_SECONDS + NOISE) for half in halves]
        assert {status(answer) for answer in answers} == {408}
        assert _rest(silent, began + HEAD_SECONDS + NOISE) == b""
        assert HEAD_SECONDS - 1 < time.monotonic() - began < HEAD_SECONDS + NOISE
        assert status(_rest(stalled, began + 10 + NOISE)) == 408
        assert 9 < time.monotonic() - began < 10 + NOISE
        assert status(_rest(dripping, began + 30 + NOISE)) == 408
        assert 29 < time.monotonic() - began < 30 + NOISE
        dripped.join()
    finally:
        for connection in (*halves, silent, stalled, dripping):
            connection.close()


def _drip(connection: socket.socket, until: float) -> None:
    """Sends a byte per second, for as long as somebody takes it."""
    try:
        while time.monotonic() < until:
            connection.sendall(b" ")
            time.sleep(1)
    except OSError:
        pass


def _rest(connection: socket.socket, until: float) -> bytes:
    """All that comes until the other side ends the connection."""
    received = b""
    try:
        while True:
            connection.settimeout(max(0.1, until - time.monotonic()))
            if not (more := connection.recv(65536)):
                return received
            received += more
    except ConnectionResetError:
        return received


def test_h04_it_stops_in_time_whatever_is_open(start: Start) -> None:
    service: Service = start()
    halves = [service.connect() for _ in range(1000)]
    for number, half in enumerate(halves):
        half.sendall(GET + b"X: a" if number % 10 else POST + b"Content-Length: 9\r\n\r\nASK")
    with ThreadPoolExecutor(1) as other:
        running = other.submit(service.ask, "SELECT (COUNT(*) AS ?n) { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i }")
        time.sleep(0.5)
        code, seconds = service.stop()
        assert (code, seconds < 10) == (0, True)
        with contextlib.suppress(OSError, http.client.HTTPException):  # nothing, or an answer that is whole
            assert running.result().status in (500, 503, 504)
    for half in halves:
        half.close()


# --- too many, and junk ------------------------------------------------------------------------------------


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(accept=st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=100))
@example(accept="*/*;q=9")
@example(accept="text/csv;q=nan, */*;q=-1")
@example(accept="," * 10_000)
@example(accept="a/b;q=0.5," * 1000)
@example(accept="application/sparql-results+json;q=0")
def test_h07_any_wish_for_a_format_is_answered(delivered: Service, accept: str) -> None:
    reply = delivered.ask("ASK {}", accept)
    assert reply.status in (200, 406)


def test_h08_the_third_query_of_a_client_waits(delivered: Service) -> None:
    heavy = b"SELECT (COUNT(*) AS ?n) { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i }"
    running = [delivered.connect() for _ in range(2)]
    try:
        for connection in running:
            connection.sendall(POST + b"Content-Length: %d\r\n\r\n" % len(heavy) + heavy)
        time.sleep(0.5)
        third = delivered.ask("ASK { } # which nobody has asked yet")
        assert third.status == 429
        assert int(third.headers["retry-after"]) >= 1
        assert delivered.request("GET", "/expertise?q=Wasserstoff").status == 200
    finally:
        for connection in running:
            connection.close()
    time.sleep(0.3)
    assert delivered.ask("ASK {}").status == 200


def test_d12_neither_queries_nor_tokens_are_logged(delivered: Service) -> None:
    secret = f"ASK {{ ?s ?p '{CANARY}' }}"
    assert delivered.ask(secret).status == 200
    assert delivered.ask(secret, Authorization=f"Bearer {CANARY}").status == 401
    delivered.request("GET", f"/sparql?query=ASK%7B%7D&access_token={CANARY}")
    delivered.request("GET", f"/nothing?token={CANARY}%0D%0AINFO%20forged")
    delivered.raw(b"GET /%0d%0aforged\x01" + CANARY.encode() + b" HTTP/1.1\r\n\r\n")
    log = delivered.log.read_text()
    assert "POST /sparql 200" in log
    assert "GET /nothing 404" in log
    assert CANARY not in log
    assert "\nforged" not in log
