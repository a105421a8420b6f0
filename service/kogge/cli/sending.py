"""Level 8, cli: asks a service over HTTP, for `kogge contribute` and the steps with `--to`."""

from __future__ import annotations

import json
import os
import sys
from typing import Any, Final
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

from kogge import media
from kogge.errors import BadRequest, Unauthorised, Unavailable, UnsupportedType

SECONDS: Final = 60
_TYPES: Final = {
    ".ttl": media.TURTLE.type,
    ".nt": "application/n-triples",
    ".jsonld": media.JSON_LD.type,
    ".rdf": media.RDF_XML.type,
    ".csv": media.CSV.type,
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


def contribute(
    body: bytes, suffix: str, to: str, graph: str, *, dry_run: bool, if_match: int | None, lang: str
) -> int:
    """Sends a body to a graph (`owner/slug`), prints what the service says, and returns the exit code.

    Raises UnsupportedType for a file that no contribution can be, and as `_ask`.
    """
    if suffix not in _TYPES:
        raise UnsupportedType(f"'{suffix}' cannot be sent.", f"Send one of {', '.join(_TYPES)}.")
    headers = {"Content-Type": _TYPES[suffix], "Accept-Language": lang}
    if if_match is not None:
        headers |= {"If-Match": f'"v{if_match}"'} if if_match else {"If-None-Match": "*"}
    query = "?dry-run" if dry_run else ""
    status, answer, location = _ask("PUT", f"{to.rstrip('/')}/contributions/{graph}{query}", body, headers)
    return _tell(status, answer, location)


def step(to: str, number: int, what: str, note: str) -> int:
    """Takes a step at a service, prints what it says, and returns the exit code. Raises as `_ask`."""
    body = json.dumps({"note": note}).encode()
    address = f"{to.rstrip('/')}/contributions/{number}/{what}"
    headers = {"Content-Type": "application/json", "Accept-Language": "en"}  # as all that commands say
    status, answer, location = _ask("POST", address, body, headers)
    return _tell(status, answer, location)


def _ask(method: str, address: str, body: bytes, headers: dict[str, str]) -> tuple[int, dict[str, Any], str]:
    """Status, JSON and Location of the answer. Raises BadRequest, Unauthorised, Unavailable."""
    if urlsplit(address).scheme not in ("http", "https"):
        raise BadRequest(f"'{address}' is no address of a service.", "Give --to https://…")
    if not (token := os.environ.get("KOGGE_TOKEN", "").strip()):
        raise Unauthorised("No token is given.", "Put yours into the environment: KOGGE_TOKEN=kgg_…")
    headers |= {"Authorization": f"Bearer {token}", "Accept": "application/json, application/problem+json"}
    request = Request(address, body, headers, method=method)
    try:
        with urlopen(request, timeout=SECONDS) as answer:
            return answer.status, _json(answer.read()), answer.headers.get("Location", "")
    except HTTPError as error:
        with error:
            return error.code, _json(error.read()), ""
    except (URLError, OSError) as error:
        reason = getattr(error, "reason", error)
        raise Unavailable(
            f"{address} cannot be reached: {reason}.", "Check --to, and the network."
        ) from error


def _json(body: bytes) -> dict[str, Any]:
    try:
        found = json.loads(body)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _tell(status: int, answer: dict[str, Any], location: str) -> int:
    good = status < 400
    said = f"{answer.get('detail') or answer.get('title') or ''} {answer.get('advice') or ''}".strip()
    if good:
        state = f"{answer['state']}: " if "state" in answer else ""
        print(f"{state}{location or answer.get('link') or said or 'done'}")
    else:
        print(f"kogge: {said or 'The service refused this'} ({status})", file=sys.stderr)
    for finding in answer.get("findings", ()):
        where = ", ".join(f"{name} {value}" for name, value in finding.get("where", {}).items())
        print(f"{finding.get('severity', '')}{f' ({where})' if where else ''}: {finding.get('subject', '')}")
        print(f"    {finding.get('message', '')}")
    return 0 if good else 1
