"""Level 8, web: `/dumps`, every dataset as a whole, as it is now and as it was in each release."""

from __future__ import annotations

import asyncio
import json
import re
from dataclasses import dataclass
from email.utils import formatdate, parsedate_to_datetime
from typing import Any, Final

from fastapi import APIRouter, Request, Response
from fastapi.responses import FileResponse
from starlette.types import Receive, Scope, Send

from kogge import media, names
from kogge.errors import NotFound, OutOfRange
from kogge.media import MediaType
from kogge.portal.datasets import NAMESPACE
from kogge.portal.formats import CSVW
from kogge.portal.release import Made, Release
from kogge.portal.shelf import Found
from kogge.web.context import desk_of, has_already, send

router = APIRouter()

_LICENCE: Final = "https://creativecommons.org/licenses/by/4.0/"
_RANGE: Final = re.compile(r"bytes=(?:([0-9]+)-([0-9]*)|-([0-9]+))")
_FILE: Final[dict[str, Any]] = {
    "name": "file",
    "in": "path",
    "required": True,
    "description": "The slug of a dataset and the ending of a format, perhaps with `.gz`; `SHA256SUMS`.",
    "schema": {"type": "string"},
    "example": "kogge.nq.gz",
}
_RELEASE: Final[dict[str, Any]] = {
    "name": "release",
    "in": "path",
    "required": True,
    "description": "The name of a release.",
    "schema": {"type": "string"},
    "example": "2026-11-22-817fd5a12846",
}


@router.api_route("/dumps", methods=["GET", "HEAD"])
async def dumps(request: Request) -> Response:
    """The datasets with their files, and the releases that can be cited."""
    kept = desk_of(request).dumps
    releases = await asyncio.to_thread(kept.releases)
    base = request.app.state.settings.base_url
    current = releases[0] if releases else None
    content = {
        "release": current.name if current else None,
        "state": current.state if current else None,
        "current": bool(current and current.state == kept.state),
        "making": kept.making,
        "license": names.CC_BY,
        "datasets": [_dataset(each, current, base) for each in current.datasets.values()] if current else [],
        "releases": [_release(each, base) for each in releases],
    }
    body = json.dumps(content, ensure_ascii=False).encode() + b"\n"
    return await send(request, _Json(body), "", None)


@router.api_route("/dumps/{file}", methods=["GET", "HEAD"], openapi_extra={"parameters": [_FILE]})
async def of_today(request: Request) -> Response:
    """A dataset as a whole, from the last release, whose state the ETag names; by parts, too (Range)."""
    return await _file(request, None, request.path_params["file"])


@router.api_route(
    "/dumps/{release}/{file}", methods=["GET", "HEAD"], openapi_extra={"parameters": [_RELEASE, _FILE]}
)
async def of_a_release(request: Request) -> Response:
    """A dataset as it was in a release; the bytes at this address never change."""
    return await _file(request, request.path_params["release"], request.path_params["file"])


async def _file(request: Request, release: str | None, name: str) -> Response:
    kept = desk_of(request).dumps
    found = await asyncio.to_thread(kept.find, release, name)
    try:
        stat = found.path.stat()
    except FileNotFoundError as error:  # it was removed in this moment
        raise NotFound("This release is not kept any more.", "GET /dumps lists those that are.") from error
    etag = f'"{found.release.state}-{_key(found)}"'
    modified = formatdate(stat.st_mtime, usegmt=True)
    headers = {
        "ETag": etag,
        "Last-Modified": modified,
        "Cache-Control": "no-cache" if release is None else "public, max-age=3600",
        "X-Content-Type-Options": "nosniff",
        "Link": _links(request.app.state.settings.base_url, found),
    }
    if has_already(request, etag[:-1]) or _unchanged(request, stat.st_mtime):
        return Response(status_code=304, headers=headers)
    whole = not _part(request, found.file.size, etag, modified)
    return _Sent(found, headers, whole=whole)


def _key(found: Found) -> str:
    """Dataset and ending, and the beginning of the checksum: a setting may change the bytes of a state."""
    return f"{found.file.name}-{found.file.sha256[:12]}".strip("-")


def _links(base: str, found: Found) -> str:
    """What belongs to a file (RFC 8288): the address to cite (RFC 8574), licence, description of a table."""
    release, name = found.release.name, found.file.name
    links = [f'<{base}/dumps/{release}/{name}>; rel="cite-as"', f'<{_LICENCE}>; rel="license"']
    if name.endswith((".csv", ".csv.gz")):
        described = f"{name.partition('.')[0]}.{CSVW}"
        links.append(f'<{described}>; rel="describedby"; type="application/csvm+json"')
    return ", ".join(links)


def _unchanged(request: Request, mtime: float) -> bool:
    """Whether the client has it since then (RFC 9110, 13.1.3)."""
    since = request.headers.get("if-modified-since")
    if since is None or "if-none-match" in request.headers:
        return False
    try:
        return int(mtime) <= parsedate_to_datetime(since).timestamp()
    except (TypeError, ValueError, OverflowError):
        return False


def _part(request: Request, size: int, etag: str, modified: str) -> bool:
    """Whether a part is sent: one range that can be understood, of the file that the client means.

    Anything else is as if nothing had been said (RFC 9110, 14.2). Raises OutOfRange.
    """
    found = _RANGE.fullmatch(request.headers.get("range", ""))
    if request.method != "GET" or not found or request.headers.get("if-range", etag) not in (etag, modified):
        return False
    first, last, end = found.groups()
    if (first and int(first) >= size) or (end and not int(end)):
        raise OutOfRange(f"The file has {size} bytes.", "Ask for a range that begins before.", size=size)
    return not (last and int(last) < int(first))


class _Sent(FileResponse):
    """A file, sent piece by piece; `whole`, whatever range is asked for."""

    chunk_size = 256 * 1024

    def __init__(self, found: Found, headers: dict[str, str], *, whole: bool) -> None:
        content_type = found.file.type
        if content_type.startswith("text/"):
            content_type += "; charset=utf-8"
        super().__init__(found.path, headers=headers, media_type=content_type)
        self._whole = whole

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Sends it."""
        if self._whole:
            scope = {**scope, "headers": [each for each in scope["headers"] if each[0] != b"range"]}
        await super().__call__(scope, receive, send)


@dataclass(frozen=True)
class _Json:
    body: bytes
    media: MediaType = media.JSON


def _dataset(made: Made, release: Release, base: str) -> dict[str, Any]:
    return {
        "dataset": NAMESPACE + made.slug,
        "title": made.title,
        "modified": made.modified or None,
        "triples": made.counts.triples,
        "files": [
            {
                "type": file.type,
                "size": file.size,
                "sha256": file.sha256,
                "link": f"{base}/dumps/{file.name}",
                "cite": f"{base}/dumps/{release.name}/{file.name}",
            }
            for file in made.files.values()
        ],
    }


def _release(release: Release, base: str) -> dict[str, Any]:
    return {
        "release": release.name,
        "date": release.date,
        "state": release.state,
        "checksums": f"{base}/dumps/{release.name}/SHA256SUMS",
    }
