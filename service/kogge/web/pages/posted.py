"""Level 8, web, pages: the fields of a form that was sent, taken only from a page of ours."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import quote

from fastapi import Request, Response
from fastapi.responses import RedirectResponse
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException

from kogge.errors import BadRequest
from kogge.web.pages.render import PRIVATE, Page
from kogge.web.session import Session, only_from, only_ours

_FIELDS: Final = 200
_LONGEST: Final = 20_000  # characters of a field


@dataclass(frozen=True)
class File:
    """A file that was sent: what it is called, and its bytes."""

    name: str
    body: bytes


@dataclass(frozen=True)
class Posted:
    """The fields of a form, each once, and its files."""

    texts: Mapping[str, str]
    files: Mapping[str, File] = field(default_factory=dict)

    def text(self, name: str) -> str:
        """A field without the blanks around it; empty without it."""
        return self.texts.get(name, "").strip()


async def posted(request: Request, session: Session) -> Posted:
    """The fields of a form of ours. Raises Forbidden for one that is not, BadRequest as `fields_of`."""
    only_ours(request)
    fields = await fields_of(request)
    only_from(request, session, fields.text("form"))
    return fields


async def fields_of(request: Request) -> Posted:
    """The fields of a form. Raises BadRequest for what is none."""
    texts: dict[str, str] = {}
    files: dict[str, File] = {}
    most = request.app.state.settings.body_bytes
    try:
        async with request.form(max_files=1, max_fields=_FIELDS, max_part_size=most) as form:
            for name, value in form.multi_items():
                if isinstance(value, UploadFile):
                    files[name] = File(value.filename or "", await value.read())
                else:
                    texts.setdefault(name, _fit(name, value, most if name == "kept" else _LONGEST))
    except HTTPException as error:
        raise BadRequest("The form cannot be read.", "Open the page again, and send it there.") from error
    return Posted(texts, files)


def _fit(name: str, value: str, most: int) -> str:
    if len(value) > most or "\0" in value:
        raise BadRequest(f"The field '{name[:40]}' is longer than {most} characters.", "Shorten it.")
    return value.encode("utf-8", "replace").decode()


def to_sign_in(page: Page) -> Response:
    """Where one signs in, and from there back to this page."""
    asked = page.request.scope["query_string"].decode("latin-1")
    onward = page.path + ("?" + asked if asked and page.request.method in ("GET", "HEAD") else "")
    response = RedirectResponse(f"{page.prefix}/{page.lang}/sign-in?next={quote(onward, safe='')}", 303)
    response.headers["Cache-Control"] = PRIVATE
    return response
