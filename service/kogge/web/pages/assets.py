"""Level 8, web, pages: the files that pages load, under addresses that change with their contents."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import logging
import mimetypes
import re
from dataclasses import dataclass
from functools import cache, cached_property, partial
from pathlib import Path
from typing import Final

from fastapi import APIRouter, Request, Response

from kogge.errors import NotFound
from kogge.web import vendor
from kogge.web.context import has_already, takes_gzip
from kogge.web.pages import READ

log = logging.getLogger(__name__)

router = APIRouter(include_in_schema=False)

STATIC: Final = Path(__file__).parent.parent / "static"
_FOREVER: Final = "public, max-age=31536000, immutable"
_URL: Final = re.compile(r'url\("(?!data:)([^"?]+)"\)')
_SQUEEZED: Final = (".css", ".js", ".svg", ".json", ".md", "")
_LEVEL: Final = 9


@dataclass(frozen=True)
class Asset:
    """A file: its bytes, its media type, and the beginning of its sha256."""

    body: bytes
    type: str
    mark: str

    @cached_property
    def squeezed(self) -> bytes:
        """The bytes, compressed."""
        return gzip.compress(self.body, _LEVEL, mtime=0)


@cache
def assets() -> dict[str, Asset]:
    """Every file of `static/` by its path there. In our own style sheets, other files have their marks."""
    if missing := vendor.wrong():
        log.warning("Pages are plainer than they should be: %s missing. Run `make install`.", len(missing))
    files = {
        path.relative_to(STATIC).as_posix(): path.read_bytes()
        for path in sorted(STATIC.rglob("*"))
        if path.is_file() and not path.name.startswith(".")
    }
    found = {name: _asset(name, body) for name, body in files.items() if not _ours(name)}
    for name, body in files.items():
        if _ours(name):
            folder = Path(name).parent
            found[name] = _asset(name, _URL.sub(partial(_marked, folder, found), body.decode()).encode())
    return found


def address(name: str, prefix: str = "") -> str:
    """Where a file is, with its mark; nothing if there is none of this name."""
    asset = assets().get(name)
    return f"{prefix}/static/{name}?v={asset.mark}" if asset else ""


@router.api_route("/static/{path:path}", methods=READ)
async def static(request: Request, path: str) -> Response:
    """A file. It may be kept forever only under the address that has its mark."""
    asset = assets().get(path)
    if asset is None:
        raise NotFound("There is no such file.", "The pages name those that there are.")
    headers = {
        "Cache-Control": _FOREVER if request.query_params.get("v") == asset.mark else "no-cache",
        "Vary": "Accept-Encoding",
        "X-Content-Type-Options": "nosniff",
        "ETag": f'"{asset.mark}"',
    }
    if has_already(request, f'"{asset.mark}'):
        return Response(status_code=304, headers=headers)
    body = asset.body
    if Path(path).suffix in _SQUEEZED and takes_gzip(request):
        body = await asyncio.to_thread(lambda: asset.squeezed)
        headers |= {"Content-Encoding": "gzip", "ETag": f'"{asset.mark}-gzip"'}
    return Response(body, headers=headers, media_type=asset.type)


def _ours(name: str) -> bool:
    return name.startswith("css/")


def _asset(name: str, body: bytes) -> Asset:
    guessed = {".woff2": "font/woff2", ".js": "text/javascript", ".md": "text/plain"}.get(
        Path(name).suffix
    ) or mimetypes.guess_type(name)[0]
    return Asset(body, guessed or "text/plain", hashlib.sha256(body).hexdigest()[:8])


def _marked(folder: Path, found: dict[str, Asset], link: re.Match[str]) -> str:
    parts: list[str] = []
    for part in (folder / link[1]).as_posix().split("/"):
        parts = parts[:-1] if part == ".." else [*parts, part]
    asset = found.get("/".join(parts))
    return f'url("{link[1]}?v={asset.mark}")' if asset else link[0]
