"""Level 8, web, pages: what people see. Each subject is one module here with a `router`, and is found by it.

A subject that belongs into the navigation has an `ENTRY`, too. How a page is made is told in `render`.
"""

from __future__ import annotations

import pkgutil
from functools import cache
from importlib import import_module
from types import ModuleType
from typing import Final

from fastapi import APIRouter, FastAPI
from starlette.convertors import Convertor, register_url_convertor

from kogge import names
from kogge.web.pages.kept import Kept
from kogge.web.pages.words import Entry

READ: Final = ["GET", "HEAD"]


class _Language(Convertor[str]):
    """A language of ours in a path: `{lang:lang}`."""

    regex = "|".join(names.LANGUAGES)

    def convert(self, value: str) -> str:
        return value

    def to_string(self, value: str) -> str:
        return value


register_url_convertor("lang", _Language())


def pages() -> APIRouter:
    """A router for the pages of a subject: their paths follow the language, `/{de,en,nl}`."""
    return APIRouter(prefix="/{lang:lang}", include_in_schema=False)


@cache
def subjects() -> tuple[ModuleType, ...]:
    """The modules of this package that have pages, in the order of their names."""
    found = (import_module(f"{__name__}.{each.name}") for each in pkgutil.iter_modules(__path__))
    return tuple(module for module in found if isinstance(getattr(module, "router", None), APIRouter))


@cache
def navigation() -> tuple[Entry, ...]:
    """The entries of the navigation, in their order."""
    entries = (getattr(module, "ENTRY", None) for module in subjects())
    return tuple(sorted((entry for entry in entries if entry is not None), key=lambda entry: entry.rank))


def install(app: FastAPI) -> None:
    """Gives the application its pages. After all other routes, because `/{lang}/{kind}/{slug}` takes much."""
    app.state.kept = Kept()
    for module in subjects():
        app.include_router(module.router)
