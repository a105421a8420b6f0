"""Level 4, ledger: who may send what: partners, and tokens that each name one person in one role.

A token is `kgg_<id>_<secret>` with 256 random bits in the secret. Only the SHA-256 of the secret is kept: for
random bits it needs neither salt nor stretching.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal, TypeAlias, get_args

from kogge import names, syntax
from kogge.errors import BadRequest, Conflict, KoggeError, NotFound, Unauthorised
from kogge.ledger.file import File, written

Role: TypeAlias = Literal["author", "editor", "steward"]

ROLES: Final[tuple[Role, ...]] = get_args(Role)
CURATOR: Final = "kogge"  # the owner of the graphs of the repository: the steward's
DAYS: Final = 365
LONGEST: Final = 730
_PREFIX: Final = "kgg"
_SECRET_BYTES: Final = 32
_USED: Final = timedelta(minutes=1)  # how exactly the last use is known
_NOBODY: Final = bytes(32)
_TOKEN: Final = re.compile(r"kgg_([a-z0-9]{12})_([A-Za-z0-9_-]{43})")
_COLUMNS: Final = "id, partner, person, role, created, expires, revoked, used"
# Kinds of things that can act, of which the first that a partner was granted speaks for it in public.
_AGENTS: Final = ("municipality", "district", "state", "province", "organisation", "alliance")


@dataclass(frozen=True)
class Partner:
    """Who contributes. `may` are grants such as `municipality/luebeck`; `four_eyes` None: as set for all."""

    slug: str
    name: str
    may: tuple[str, ...]
    four_eyes: bool | None = None

    @property
    def agent(self) -> str:
        """The IRI of who acts: the first authority or organisation that was granted, else its own."""
        if self.slug == CURATOR:
            return names.thing("organisation", CURATOR)
        for grant in self.may:
            if grant.partition("/")[0] in _AGENTS:
                return names.ID + grant
        return f"{names.BASE}partner/{self.slug}"


@dataclass(frozen=True)
class Token:
    """What is known of a token, which is not its value. Times are in UTC (`xsd:dateTime`)."""

    id: str
    partner: str
    person: str
    role: Role
    created: str
    expires: str
    revoked: str | None = None
    used: str | None = None


@dataclass(frozen=True)
class Caller:
    """Who is asking: a person of a partner, in a role; `token` is the id of the token, not its value."""

    partner: Partner
    person: str
    role: Role
    token: str


class Partners:
    """The partners and their tokens in the ledger."""

    def __init__(self, file: File) -> None:
        self._file = file

    def add(
        self, slug: str, name: str, may: Sequence[str] = (), *, four_eyes: bool | None = None, at: datetime
    ) -> Partner:
        """A new partner. Raises BadRequest for a slug or grant that is none, Conflict if it exists."""
        if not names.SLUG.fullmatch(slug):
            raise BadRequest(
                f"'{slug}' cannot name a partner.", "Use lower-case letters, digits and hyphens: luebeck."
            )
        if not name.strip():
            raise BadRequest("The partner has no name.", 'Give one: --name "Hansestadt Lübeck".')
        for grant in may:
            _check_grant(grant)
        with self._file.transaction():
            if self._file.one("SELECT 1 FROM partner WHERE slug = ?", slug):
                raise Conflict(
                    f"The partner '{slug}' exists already.", f"Another token: kogge partner token {slug}"
                )
            self._file.rows(
                "INSERT INTO partner VALUES (?, ?, ?, ?, ?)",
                slug, name.strip(), "\n".join(may), four_eyes, written(at),
            )  # fmt: skip
        return self.get(slug)

    def grant(self, slug: str, may: Sequence[str]) -> Partner:
        """The partner, which may now speak of these things too. Raises NotFound, BadRequest."""
        for grant in may:
            _check_grant(grant)
        with self._file.transaction():
            grants = dict.fromkeys([*self.get(slug).may, *may])
            self._file.rows("UPDATE partner SET may = ? WHERE slug = ?", "\n".join(grants), slug)
        return self.get(slug)

    def get(self, slug: str) -> Partner:
        """The partner of that name. Raises NotFound."""
        row = self._file.one("SELECT slug, name, may, four_eyes FROM partner WHERE slug = ?", slug)
        if row is None:
            raise NotFound(f"There is no partner '{slug}'.", "kogge partner list names them.")
        return _partner(row)

    def all(self) -> list[Partner]:
        """All partners by slug."""
        rows = self._file.rows("SELECT slug, name, may, four_eyes FROM partner ORDER BY slug")
        return [_partner(row) for row in rows]

    def issue(
        self, slug: str, person: str, role: Role, *, days: int = DAYS, at: datetime
    ) -> tuple[Token, str]:
        """A new token and its value, which is known now and never again.

        Raises NotFound for the partner, BadRequest for a person without a name, a role or a term.
        """
        self.get(slug)
        if not person.strip():
            raise BadRequest("A token is for one person.", "Name the person: --person NAME.")
        if role not in ROLES or (slug == CURATOR and role != "steward"):
            raise BadRequest(
                f"The role '{role}' cannot be given to a person of '{slug}'.",
                f"The roles are {', '.join(ROLES)}; people of '{CURATOR}' are stewards.",
            )
        if not 0 < days <= LONGEST:
            raise BadRequest(f"A token cannot hold for {days} days.", f"It holds for 1 to {LONGEST} days.")
        token = Token(
            secrets.token_hex(6), slug, person.strip(), role, written(at), written(at + timedelta(days=days))
        )
        secret = secrets.token_urlsafe(_SECRET_BYTES)
        with self._file.transaction():
            self._file.rows(
                f"INSERT INTO token ({_COLUMNS}, sha256) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                token.id, token.partner, token.person, token.role, token.created, token.expires, None, None,
                _hash(secret),
            )  # fmt: skip
        return token, f"{_PREFIX}_{token.id}_{secret}"

    def tokens(self, slug: str | None = None) -> list[Token]:
        """The tokens of a partner, or of all, the oldest first; never their values."""
        rows = self._file.rows(
            f"SELECT {_COLUMNS} FROM token WHERE partner = coalesce(?, partner) ORDER BY created, id", slug
        )
        return [Token(*row) for row in rows]

    def revoke(self, token: str, *, at: datetime) -> Token:
        """The token, which from now on opens nothing. Raises NotFound."""
        with self._file.transaction():
            self._file.rows(
                "UPDATE token SET revoked = coalesce(revoked, ?) WHERE id = ?", written(at), token
            )
            row = self._file.one(f"SELECT {_COLUMNS} FROM token WHERE id = ?", token)
        if row is None:
            raise NotFound(f"There is no token '{token}'.", "kogge partner list names their ids.")
        return Token(*row)

    def who(self, secret: str, *, at: datetime | None = None) -> Caller:
        """Whom a token names. Raises Unauthorised for one that is unknown, revoked or expired.

        The time that this takes does not depend on the value: the hashes are compared in constant time, with
        that of nobody where there is none.
        """
        now = at or datetime.now(UTC)
        found = _TOKEN.fullmatch(secret.strip())
        text = f"SELECT {_COLUMNS}, sha256 FROM token WHERE id = ?"
        row = self._file.one(text, found[1] if found else "")
        known = hmac.compare_digest(_hash(found[2] if found else ""), row[-1] if row else _NOBODY)
        if row is None or not known:
            raise Unauthorised(
                "This token is not known.", "Check that all of it was copied, or ask for another."
            )
        return self._named(Token(*row[:-1]), now)

    def caller(self, token: str, *, at: datetime | None = None) -> Caller:
        """Whom the token with this id names, for somebody who has shown its value before. Raises as `who`."""
        row = self._file.one(f"SELECT {_COLUMNS} FROM token WHERE id = ?", token)
        if row is None:
            raise Unauthorised("This token is not known.", "Sign in again.")
        return self._named(Token(*row), at or datetime.now(UTC))

    def _named(self, token: Token, now: datetime) -> Caller:
        """Whom a token names, and that it was used."""
        if token.revoked:
            raise Unauthorised("This token was revoked.", "Ask the steward for another.")
        if token.expires <= written(now):
            raise Unauthorised(f"This token expired on {token.expires[:10]}.", "Ask the steward for another.")
        if token.used is None or token.used <= written(now - _USED):
            with suppress(KoggeError):  # a full disk, or a busy ledger, is no reason to turn anybody away
                self._file.rows("UPDATE token SET used = ? WHERE id = ?", written(now), token.id)
        return Caller(self.get(token.partner), token.person, token.role, token.id)


def _hash(secret: str) -> bytes:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()


def _partner(row: tuple[Any, ...]) -> Partner:
    slug, name, may, four_eyes = row
    return Partner(
        slug, name, tuple(may.split("\n")) if may else (), None if four_eyes is None else bool(four_eyes)
    )


def _check_grant(grant: str) -> None:
    kind, _, slug = grant.partition("/")
    if kind not in syntax.KINDS or not all(names.SLUG.fullmatch(part) for part in slug.split("/")):
        raise BadRequest(
            f"'{grant}' cannot be granted.",
            "Name a thing by its kind and slug, such as municipality/luebeck.",
        )
