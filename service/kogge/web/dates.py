"""Level 8, web: when what is answered was last changed, in the header Last-Modified (RFC 9110, 8.8.2)."""

from __future__ import annotations

from datetime import datetime
from email.utils import format_datetime

from fastapi import Response


def last_modified(response: Response, at: str | None) -> None:
    """Says when it was last changed: a time in UTC as the ledger writes it, or None if nobody knows."""
    if at:
        response.headers["Last-Modified"] = format_datetime(datetime.fromisoformat(at), usegmt=True)
