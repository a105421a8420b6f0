"""Partners and tokens: who is who, for how long, and what a thief of the ledger would find."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from kogge import names
from kogge.errors import BadRequest, Conflict, NotFound, TooManyRequests, Unauthorised
from kogge.ledger import Ledger
from kogge.ledger.failures import ALLOWED, LONGEST, Failures

AT = datetime(2026, 11, 22, 16, 0, tzinfo=UTC)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    ledger = Ledger(tmp_path / "ledger.sqlite")
    ledger.partners.add("luebeck", "Hansestadt Lübeck", ["municipality/luebeck"], at=AT)
    yield ledger
    ledger.close()


def test_a_partner_has_a_name_and_grants(ledger: Ledger) -> None:
    partner = ledger.partners.get("luebeck")
    assert (partner.slug, partner.name, partner.may) == (
        "luebeck", "Hansestadt Lübeck", ("municipality/luebeck",),
    )  # fmt: skip
    assert ledger.partners.grant("luebeck", ["alliance/smarte-hanse"]).may == (
        "municipality/luebeck", "alliance/smarte-hanse",
    )  # fmt: skip
    ledger.partners.add("kiel", "Kiel", at=AT)
    assert [each.slug for each in ledger.partners.all()] == ["kiel", "kogge", "luebeck"]
    with pytest.raises(Conflict, match="exists"):
        ledger.partners.add("kiel", "Kiel", at=AT)
    with pytest.raises(NotFound, match="'bonn'"):
        ledger.partners.get("bonn")


def test_the_thing_that_was_granted_first_acts_in_public(ledger: Ledger) -> None:
    assert ledger.partners.get("luebeck").agent == names.thing("municipality", "luebeck")
    assert ledger.partners.get("kogge").agent == names.thing("organisation", "kogge")
    nobody = ledger.partners.add("verein", "Ein Verein", ["event/hansetag"], at=AT)
    assert nobody.agent == "https://w3id.org/kogge/partner/verein"


@pytest.mark.parametrize(
    ("slug", "name", "may"),
    [
        ("Lübeck", "L", ()),
        ("a/b", "L", ()),
        ("kiel", " ", ()),
        ("kiel", "K", ("luebeck",)),
        ("kiel", "K", ("city/kiel",)),
        ("kiel", "K", ("municipality/../x",)),
        ("kiel", "K", ("municipality/",)),
    ],
)
def test_what_cannot_be_a_partner_is_refused(
    ledger: Ledger, slug: str, name: str, may: tuple[str, ...]
) -> None:
    with pytest.raises(BadRequest):
        ledger.partners.add(slug, name, may, at=AT)


def test_a_token_names_a_person_a_role_and_a_partner(ledger: Ledger) -> None:
    token, secret = ledger.partners.issue("luebeck", "Ada", "editor", at=AT)
    assert secret.startswith(f"kgg_{token.id}_")
    assert len(secret.rpartition(f"kgg_{token.id}_")[2]) == 43  # 256 bits in base64url
    caller = ledger.partners.who(secret, at=AT)
    assert (caller.partner.slug, caller.person, caller.role, caller.token) == (
        "luebeck", "Ada", "editor", token.id,
    )  # fmt: skip


def test_the_value_of_a_token_is_kept_nowhere(ledger: Ledger, tmp_path: Path) -> None:
    _, secret = ledger.partners.issue("luebeck", "Ada", "editor", at=AT)
    value = secret.split("_", 2)[2].encode()
    for path in tmp_path.iterdir():
        assert value not in path.read_bytes(), path.name
    assert secret not in repr(ledger.partners.tokens())


def test_every_token_is_another(ledger: Ledger) -> None:
    made = {ledger.partners.issue("luebeck", "Ada", "author", at=AT)[1] for _ in range(50)}
    assert len(made) == len({each[:17] for each in made}) == 50


@pytest.mark.parametrize(
    "wrong", ["", "kgg_", "x" * 60, "kgg_%s_" + "A" * 43, "kgg_000000000000_" + "A" * 43, "\ud800"]
)
def test_what_is_no_token_opens_nothing(ledger: Ledger, wrong: str) -> None:
    token, secret = ledger.partners.issue("luebeck", "Ada", "author", at=AT)
    for tried in (wrong % token.id if "%s" in wrong else wrong, secret[:-1], secret + "A", secret.swapcase()):
        with pytest.raises(Unauthorised, match="not known"):
            ledger.partners.who(tried, at=AT)


def test_a_token_expires(ledger: Ledger) -> None:
    _, secret = ledger.partners.issue("luebeck", "Ada", "author", at=AT)
    _, short = ledger.partners.issue("luebeck", "Ada", "author", days=1, at=AT)
    assert ledger.partners.who(secret, at=AT + timedelta(days=364)).person == "Ada"
    with pytest.raises(Unauthorised, match="expired on 2027-11-22"):
        ledger.partners.who(secret, at=AT + timedelta(days=365))
    with pytest.raises(Unauthorised, match="expired"):
        ledger.partners.who(short, at=AT + timedelta(days=1))
    for days in (0, 731):
        with pytest.raises(BadRequest, match="730"):
            ledger.partners.issue("luebeck", "Ada", "author", days=days, at=AT)


def test_a_token_that_is_revoked_opens_nothing_at_once_also_from_another_process(
    ledger: Ledger, tmp_path: Path
) -> None:
    token, secret = ledger.partners.issue("luebeck", "Ada", "author", at=AT)
    ledger.partners.who(secret, at=AT)
    command = Ledger(tmp_path / "ledger.sqlite")
    assert command.partners.revoke(token.id, at=AT).revoked == "2026-11-22T16:00:00Z"
    command.close()
    with pytest.raises(Unauthorised, match="revoked"):
        ledger.partners.who(secret, at=AT)
    with pytest.raises(NotFound):
        ledger.partners.revoke("nothing", at=AT)


def test_the_last_use_of_a_token_is_known_to_the_minute(ledger: Ledger) -> None:
    _, secret = ledger.partners.issue("luebeck", "Ada", "author", at=AT)
    for seconds, known in ((0, "16:00:00"), (30, "16:00:00"), (60, "16:01:00")):
        ledger.partners.who(secret, at=AT + timedelta(seconds=seconds))
        (token,) = ledger.partners.tokens("luebeck")
        assert token.used == f"2026-11-22T{known}Z"


def test_a_role_that_is_none_or_that_is_the_stewards_is_refused(ledger: Ledger) -> None:
    with pytest.raises(BadRequest, match="roles are"):
        ledger.partners.issue("luebeck", "Ada", "king", at=AT)  # type: ignore[arg-type]
    with pytest.raises(BadRequest, match="stewards"):
        ledger.partners.issue("kogge", "Ada", "author", at=AT)
    with pytest.raises(BadRequest, match="--person"):
        ledger.partners.issue("luebeck", " ", "author", at=AT)
    with pytest.raises(NotFound, match="'bonn'"):
        ledger.partners.issue("bonn", "Ada", "author", at=AT)


def test_a_ledger_of_the_first_schema_becomes_one_of_the_second(tmp_path: Path) -> None:
    from kogge.ledger import schema

    path = tmp_path / "old.sqlite"
    old = sqlite3.connect(path)
    old.executescript(schema._ONE + "PRAGMA user_version = 1;")
    row = (
        1,
        "http://a.example/g",
        1,
        "00",
        "repository",
        "http://a.example/who",
        "2026-11-22T16:00:00Z",
        "f",
        b"x",
    )
    old.execute("INSERT INTO version VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", row)
    old.commit()
    old.close()
    for _ in range(2):
        ledger = Ledger(path)
        (version,) = ledger.history()
        assert (version.number, version.file_sha256, version.contribution) == (1, "f", None)
        assert ledger.body(1) == b"x"
        assert [partner.slug for partner in ledger.partners.all()] == ["kogge"]  # the steward's
        ledger.close()


# Too many failures


def test_a_client_that_fails_too_often_waits_longer_and_longer() -> None:
    now = 1000.0
    failures = Failures(lambda: now)
    for _ in range(ALLOWED):
        failures.failed("a")
        failures.check("a")
    waits = []
    for _ in range(12):
        failures.failed("a")
        with pytest.raises(TooManyRequests) as caught:
            failures.check("a")
        waits.append(caught.value.retry_after)
        failures.check("b")
        now += waits[-1]
        failures.check("a")
    assert waits[:4] == [2, 3, 5, 9]
    assert max(waits) == LONGEST + 1


def test_failures_are_forgotten_by_success_and_with_time() -> None:
    now = 1000.0
    failures = Failures(lambda: now)
    for _ in range(ALLOWED):
        failures.failed("a")
        failures.failed("b")
    failures.succeeded("a")
    failures.failed("a")
    failures.check("a")
    now += LONGEST + 1
    failures.failed("b")
    failures.check("b")
