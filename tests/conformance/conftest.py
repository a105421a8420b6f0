"""A scratch store behind the whole application: tests fill it, and ask over HTTP."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import pytest
from pyoxigraph import Triple
from starlette.testclient import TestClient

from kogge.desk import Desk
from kogge.settings import Settings
from kogge.store.embedded import EmbeddedStore
from kogge.web import create_app


@dataclass(frozen=True)
class Scratch:
    """The store, and a client of the application that answers from it."""

    store: EmbeddedStore
    client: TestClient

    def fill(self, graphs: Mapping[str, Iterable[Triple]]) -> None:
        """Makes these named graphs, and nothing else, the content of the store."""
        gone: dict[str, Iterable[Triple]] = dict.fromkeys(self.store.graphs(), ())
        self.store.replace_graphs({**gone, **graphs})


@pytest.fixture(scope="session")
def scratch() -> Iterator[Scratch]:
    """The application around an empty store in memory, with the settings that everybody gets."""
    store = EmbeddedStore()
    settings = Settings.from_environment({})
    with TestClient(create_app(settings, Desk(store, settings)), raise_server_exceptions=False) as client:
        yield Scratch(store, client)
