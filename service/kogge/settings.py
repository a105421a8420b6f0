"""Level 2, settings: the environment, read once at the start into one frozen object that is handed on."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from kogge.errors import Misconfigured


@dataclass(frozen=True)
class Setting:
    """One row of the table of settings, as the README shows it. `name` is the variable of the environment."""

    name: str
    default: str
    help: str
    read: Callable[[str], Any]

    @property
    def field(self) -> str:
        """The field of `Settings` that holds it: `KOGGE_BASE_URL` → `base_url`."""
        return self.name.removeprefix("KOGGE_").lower()


def _port(text: str) -> int:
    port = int(text)
    if not 0 < port < 65536:
        raise ValueError("a port is a number from 1 to 65535")
    return port


def _size(text: str) -> int:
    size = int(text)
    if size < 1:
        raise ValueError("it must be at least 1")
    return size


def _count(text: str) -> int:
    count = int(text)
    if count < 0:
        raise ValueError("it must not be negative")
    return count


def _seconds(text: str) -> float:
    if not re.fullmatch(r"[0-9]{1,6}(\.[0-9]{1,3})?", text) or float(text) == 0:
        raise ValueError("it must be a number of seconds above 0")
    return float(text)


def _switch(text: str) -> bool:
    if text.lower() not in _SWITCHES:
        raise ValueError("it must be on or off")
    return _SWITCHES[text.lower()]


def _header(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9-]*", text):
        raise ValueError("it must be the name of a header, such as X-Forwarded-For")
    return text.lower()


def _secret(text: str) -> str:
    if text and len(text) < 32:
        raise ValueError("it must have at least 32 characters")
    return text


def _url(text: str) -> str:
    parts = urlsplit(text)
    if text and (
        parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment
    ):
        raise ValueError("it must look like https://kogge.example.org")
    if _NO_IRI.search(text) or "@" in parts.netloc:
        raise ValueError("it has a character, or a password, that no address for others has")
    return text.rstrip("/")


def _iri(text: str) -> str:
    if text and (_NO_IRI.search(text) or not re.match(r"https?://[^/?#@]+([/?#]|$)", text)):
        raise ValueError("it must be an address, such as https://www.example.org/contact")
    return text


def _mailbox(text: str) -> str:
    if text and not re.fullmatch(r"[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,}", text):
        raise ValueError("it must be an address of e-mail, such as opendata@example.org, without mailto:")
    return text


def _name(text: str) -> str:
    if not text or not text.isprintable():
        raise ValueError("it must be a name of one line")
    return text


def _label(text: str) -> str:
    if not text.isprintable():
        raise ValueError("it must be one line")
    return text


def _reference(text: str) -> str:
    return _iri(text) if "://" in text else _label(text)


def _folder_if_any(text: str) -> Path | None:
    if not text:
        return None
    folder = Path(text).expanduser()
    if not folder.is_dir():
        raise ValueError("there is no such folder")
    return folder


def _folder(text: str) -> Path:
    if not text:
        raise ValueError("it must name a folder")
    return Path(text).expanduser()


def _host(text: str) -> str:
    if not text or any(character.isspace() for character in text):
        raise ValueError("it must name a network address, such as 127.0.0.1")
    return text


_NO_IRI: Final = re.compile(r'[\x00-\x20<>"{}|\\^`]')  # what an IRI never has (RFC 3987, section 2.2)
_SWITCHES: Final = {"on": True, "1": True, "true": True, "off": False, "0": False, "false": False}

SETTINGS: Final = (
    Setting("KOGGE_HOME", "./var", "The folder of the store and the ledger.", _folder),
    Setting("KOGGE_HOST", "127.0.0.1", "The network address on which the service listens.", _host),
    Setting("KOGGE_PORT", "8000", "The port on which the service listens.", _port),
    Setting("KOGGE_BASE_URL", "", "The public address, if it differs from host and port.", _url),
    Setting("KOGGE_QUERY_BYTES", "32768", "The longest query text that is taken, in bytes.", _size),
    Setting("KOGGE_QUERY_DEPTH", "64", "How deep brackets may be nested in a query.", _size),
    Setting("KOGGE_QUERY_OPERATORS", "120", "How many patterns and operators a query may have.", _size),
    Setting("KOGGE_QUERY_WORKERS", "2", "How many processes answer queries, in each of three lanes.", _size),
    Setting("KOGGE_QUERY_SECONDS", "10", "How long a query may run, in seconds.", _seconds),
    Setting("KOGGE_PARTNER_QUERY_SECONDS", "60", "The same for a partner that shows its token.", _seconds),
    Setting("KOGGE_QUERY_ROWS", "100000", "How many rows or triples an answer may have.", _size),
    Setting("KOGGE_QUERY_RESULT_BYTES", "10000000", "How long an answer may be, in bytes.", _size),
    Setting("KOGGE_QUERY_MEMORY", "1073741824", "The address space of one query process, in bytes.", _size),
    Setting(
        "KOGGE_QUERY_KEPT",
        "16777216",
        "Bytes of answers kept for who asks again, and as many of responses; 0: none.",
        _count,
    ),
    Setting("KOGGE_QUERY_QUEUE", "64", "How many queries may wait in a lane.", _count),
    Setting("KOGGE_CLIENT_QUERIES", "2", "How many queries of one client run at once; 0: any.", _count),
    Setting("KOGGE_CLIENT_SECONDS", "60", "Seconds of query work per client and minute; 0: any.", _count),
    Setting("KOGGE_CONTRIBUTION_WORKERS", "2", "How many processes judge contributions.", _size),
    Setting("KOGGE_CONTRIBUTION_QUEUE", "16", "How many contributions may wait to be judged.", _count),
    Setting("KOGGE_CONTRIBUTION_SECONDS", "10", "How long judging one may take, in seconds.", _seconds),
    Setting("KOGGE_CONTRIBUTION_MEMORY", "1073741824", "The address space of a judging process.", _size),
    Setting("KOGGE_CLIENT_CONTRIBUTIONS", "2", "How many of one token are judged at once; 0: any.", _count),
    Setting(
        "KOGGE_CLIENT_CONTRIBUTION_SECONDS", "60", "Seconds of judging per token and minute; 0: any.", _count
    ),
    Setting("KOGGE_CLIENT_HEADER", "", "The header in which a proxy of yours names the client.", _header),
    Setting("KOGGE_URL_BYTES", "8192", "How long the address of a request may be, in bytes.", _size),
    Setting("KOGGE_HEAD_BYTES", "65536", "How long the head of a request may be, in bytes.", _size),
    Setting("KOGGE_HEAD_LINES", "100", "How many headers a request may have.", _size),
    Setting("KOGGE_HEAD_SECONDS", "10", "How long the head of a request may take, in seconds.", _seconds),
    Setting("KOGGE_BODY_BYTES", "2000000", "How long the body of a request may be, in bytes.", _size),
    Setting("KOGGE_BODY_SECONDS", "30", "How long the body of a request may take, in seconds.", _seconds),
    Setting("KOGGE_BODY_PAUSE", "10", "The longest pause within a body, in seconds.", _seconds),
    Setting("KOGGE_STOP_SECONDS", "7", "What running requests have when the service is stopped.", _size),
    Setting("KOGGE_GUARD", "on", "Whether queries are inspected before they are evaluated.", _switch),
    Setting(
        "KOGGE_FOUR_EYES", "on", "Whether another person than the sender must release what is sent.", _switch
    ),
    Setting("KOGGE_SECRET", "", "What signs sessions; without it, a file in KOGGE_HOME.", _secret),
    Setting("KOGGE_SESSION_HOURS", "10", "How long one stays signed in on the pages.", _size),
    Setting("KOGGE_OPERATOR_NAME", "", "Who runs this service, for the imprint.", str),
    Setting("KOGGE_OPERATOR_ADDRESS", "", "The postal address; lines end with a semicolon.", str),
    Setting("KOGGE_OPERATOR_PERSON", "", "The person who represents the operator.", str),
    Setting("KOGGE_OPERATOR_EMAIL", "", "The e-mail address that the pages name.", _mailbox),
    Setting("KOGGE_OPERATOR_PHONE", "", "The telephone number that the pages name.", str),
    Setting("KOGGE_DUMP_CALM", "60", "Seconds without a change after which dumps are made anew.", _seconds),
    Setting("KOGGE_DUMP_RELEASES", "10", "How many releases of the dumps are kept; 0: no dumps.", _count),
    Setting(
        "KOGGE_CSV_MARK", "on", "Whether tables begin with the mark by which Excel knows UTF-8.", _switch
    ),
    Setting("KOGGE_UNSAFE_NO_SANDBOX", "off", "Start even where query processes cannot be caged.", _switch),
    Setting("KOGGE_PUBLISHER_NAME", "The Kogge contributors", "Who publishes, in the catalogue.", _name),
    Setting("KOGGE_PUBLISHER_IRI", "", "The IRI of the publisher, if it has one.", _iri),
    Setting("KOGGE_PUBLISHER_TYPE", "", "What the publisher is, such as LocalAuthority.", _reference),
    Setting("KOGGE_CONTACT_NAME", "", "Whom to ask about the data, if not the publisher.", _label),
    Setting("KOGGE_CONTACT_EMAIL", "", "The function mailbox of that office.", _mailbox),
    Setting("KOGGE_CONTACT_URL", "", "Its form or page; without both, this service.", _iri),
    Setting("KOGGE_CONTRIBUTOR_ID", "", "Who delivers to GovData, such as stadtOldenburg.", _reference),
    Setting("KOGGE_LICENCE", "cc-by/4.0", "The licence of the data, as GovData names it.", _reference),
    Setting("KOGGE_PORTAL_SHAPES", "", "The folder of the official shapes for portals.", _folder_if_any),
)


@dataclass(frozen=True)
class Settings:
    """What can be set; `SETTINGS` says what each field means. Sizes are in bytes."""

    home: Path
    host: str
    port: int
    base_url: str
    query_bytes: int
    query_depth: int
    query_operators: int
    query_workers: int
    query_seconds: float
    partner_query_seconds: float
    query_rows: int
    query_result_bytes: int
    query_memory: int
    query_kept: int
    query_queue: int
    client_queries: int
    client_seconds: int
    contribution_workers: int
    contribution_queue: int
    contribution_seconds: float
    contribution_memory: int
    client_contributions: int
    client_contribution_seconds: int
    client_header: str
    url_bytes: int
    head_bytes: int
    head_lines: int
    head_seconds: float
    body_bytes: int
    body_seconds: float
    body_pause: float
    stop_seconds: int
    guard: bool
    four_eyes: bool
    secret: str = field(repr=False)
    session_hours: int
    operator_name: str
    operator_address: str
    operator_person: str
    operator_email: str
    operator_phone: str
    dump_calm: float
    dump_releases: int
    csv_mark: bool
    unsafe_no_sandbox: bool
    publisher_name: str
    publisher_iri: str
    publisher_type: str
    contact_name: str
    contact_email: str
    contact_url: str
    contributor_id: str
    licence: str
    portal_shapes: Path | None

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> Settings:
        """The settings that the variables KOGGE_… give, with defaults for the others.

        Raises Misconfigured for a value that cannot be used, naming the variable and what it should be.
        """
        values: dict[str, Any] = {}
        for setting in SETTINGS:
            text = environ.get(setting.name, setting.default).strip()
            try:
                values[setting.field] = setting.read(text)
            except ValueError as error:
                reason = "it must be a whole number" if "invalid literal" in str(error) else str(error)
                shown = "…" if setting.name == "KOGGE_SECRET" else text
                raise Misconfigured(
                    f"{setting.name}='{shown}' cannot be used: {reason}.", setting.help
                ) from error
        if not values["base_url"]:
            host = f"[{values['host']}]" if ":" in values["host"] else values["host"]
            values["base_url"] = f"http://{host}:{values['port']}"
        return cls(**values)
