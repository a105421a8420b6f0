"""Level 8, web, pages: a page is made: a template, its words and addresses, and the response.

A route opens a page, gives back what `held` says if the client has it already, asks the desk, and sends:

    page = await Page.open(request, lang)
    if page.held:
        return page.held
    rows = await desk_of(request).rows("pages/closeness", {"lang": lang})
    return await page.send("help.html", rows=rows)
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable
from functools import cache, partial
from typing import Any, Final, TypeVar
from urllib.parse import quote

from fastapi import Request, Response

from kogge import media, names
from kogge.settings import Settings
from kogge.store.evaluate import Result
from kogge.web import context
from kogge.web.pages import assets, dates, links, navigation
from kogge.web.pages.kept import Kept
from kogge.web.pages.marks import Marks
from kogge.web.pages.templates import FOLDER, Templates
from kogge.web.pages.words import LOCALE, translated, translations
from kogge.web.session import Session, session_of

T = TypeVar("T")

PRIVATE: Final = "private, no-store"


@cache
def environment(lang: str, prefix: str = "") -> Templates:
    """The templates in a language. What all of them may call is set here and nowhere else."""
    made = Templates(translations(lang))
    made.globals |= {
        "lang": lang,
        "languages": names.LANGUAGES,
        "prefix": prefix,
        "navigation": navigation,
        "asset": partial(assets.address, prefix=prefix),
        "url": _url_of(prefix, lang),
        "thing": partial(links.thing, prefix=prefix, lang=lang),
        "safe": links.safe,
        "marks": Marks(lang, prefix, translations(lang)),
    }
    made.filters |= {
        "date": partial(dates.shown, lang=lang),
        "number": partial(dates.number, lang=lang),
        "size": partial(dates.size, lang=lang),
        "words": partial(translated, lang=lang),
        "slug": lambda iri: names.slug_of(str(iri)),
    }
    return made


def _url_of(prefix: str, lang: str) -> Callable[..., str]:
    def url(path: str = "", **query: object) -> str:
        return links.url(prefix, lang, path, query)

    return url


@cache
def mark(settings: Settings) -> str:
    """What changes when a page may look different although the graph is the same: its files, the settings."""
    told = hashlib.sha256(repr(settings).encode())
    for folder in (FOLDER, LOCALE):
        for path in sorted(each for each in folder.rglob("*") if each.is_file()):
            told.update(path.read_bytes())
    for name, asset in sorted(assets.assets().items()):
        told.update(f"{name} {asset.mark}".encode())
    return told.hexdigest()[:8]


class Page:
    """A page that was asked for, in a language. `state` is that of the graph, empty where there is none.

    `held` is the answer 304 if the client has this page already. A `private` one is kept by nobody; so is
    every page for somebody who is signed in, because it says so.
    """

    def __init__(self, request: Request, lang: str, state: str = "", *, private: bool = False) -> None:
        self.request = request
        self.lang = lang
        self.settings: Settings = request.app.state.settings
        self.prefix = links.prefix_of(self.settings)
        self.state = state
        self.session: Session | None = session_of(request)
        private = private or self.session is not None
        self._key = f"{lang}-{mark(self.settings)}" if state and not private else None
        self._private = private

    @classmethod
    async def open(cls, request: Request, lang: str, *, private: bool = False) -> Page:
        """A page made of the graph. Raises Unavailable while the service is not ready."""
        return cls(request, lang, await context.desk_of(request).refresh(), private=private)

    @property
    def held(self) -> Response | None:
        """The answer to a client that has the page already."""
        if self._key is None or not (
            etag := context.has_already(self.request, context.beginning(self.state, self._key))
        ):
            return None
        return context.not_modified(etag)

    async def kept(self, name: str, make: Callable[[], Awaitable[T]], *of: str) -> T:
        """What is made in the language of the page, once for each state of the graph; see `Kept`."""
        kept: Kept = self.request.app.state.kept
        return await kept.get((self.state, self.lang, name, *of), make) if self.state else await make()

    @property
    def path(self) -> str:
        """Where the page is, below the language."""
        path: str = self.request.scope["path"]
        return path[4:] if path[1:3] in names.LANGUAGES and path[3:4] == "/" else ""

    def elsewhere(self, lang: str) -> str:
        """The address of this page in another language, with what was asked."""
        asked = self.request.scope["query_string"].decode("latin-1")
        query = quote(asked, safe="%&=+,;:@/?!$'()*~-._") if self.request.method in ("GET", "HEAD") else ""
        return links.url(self.prefix, lang, self.path) + ("?" + query if query else "")

    @property
    def again(self) -> str:
        """The address of this page itself, with what was asked."""
        if self.path or self.request.scope["path"][1:3] in names.LANGUAGES:
            return self.elsewhere(self.lang)
        where = quote(self.request.scope["path"])
        asked = self.elsewhere(self.lang).partition("?")
        return self.prefix + where + asked[1] + asked[2]

    def absolute(self, lang: str) -> str:
        """The same, with the host, for other services."""
        return self.settings.base_url + self.elsewhere(lang).removeprefix(self.prefix)

    def render(self, template: str, **values: Any) -> str:
        """The page as text. `data` (links to the same as data) may be among the values."""
        values = {"page": self, "settings": self.settings, "data": (), **values}
        return environment(self.lang, self.prefix).get_template(template).render(values)

    async def send(self, template: str, *, status: int = 200, **values: Any) -> Response:
        """The page as a response: with an ETag and compressed, unless it is private or an error."""
        result = Result(media.HTML, self.render(template, **values).encode("utf-8", "replace"))
        key = self._key if status == 200 else None
        response = await context.send(self.request, result, self.state, key)
        if status != 200:  # else it may be a 304, which says so itself
            response.status_code = status
        response.headers["Cache-Control"] = PRIVATE if self._private else "no-cache"
        response.headers["Content-Language"] = self.lang
        return response
