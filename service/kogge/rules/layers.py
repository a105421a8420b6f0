"""Layers: several graphs read as one, so that a check of fifty triples does not copy thirty thousand."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING, Any

import rdflib
from rdflib.store import Store

if TYPE_CHECKING:
    from rdflib.plugins.sparql.sparql import Query


class Reading(rdflib.Graph):
    """A graph that reads each query once; rdflib would parse a rule anew for every thing it looks at."""

    def __init__(self, store: Store) -> None:
        super().__init__(store=store, bind_namespaces="none")

    def query(self, query_object: str | Query, *args: Any, **kwargs: Any) -> rdflib.query.Result:
        """The answer, as rdflib gives it."""
        prepared = _prepared(query_object) if isinstance(query_object, str) else query_object
        return super().query(prepared, *args, **kwargs)


class Views(Store):
    """A store of which rdflib and pySHACL only read; they ask for contexts, and there is one alone."""

    context_aware = True
    graph_aware = True

    def __init__(self) -> None:
        super().__init__()
        self._context = rdflib.Graph(store=self, bind_namespaces="none")

    def one(self) -> Iterator[rdflib.Graph]:
        """The one context."""
        return iter((self._context,))


class Layers(Views):
    """Several graphs as one, each triple once."""

    def __init__(self, *graphs: rdflib.Graph) -> None:
        super().__init__()
        self._layers = graphs

    def triples(self, triple_pattern: Any, context: Any = None) -> Iterator[Any]:  # noqa: ARG002
        """The triples that match, each with the one context."""
        for index, layer in enumerate(self._layers):
            for triple in layer.triples(triple_pattern):
                if not any(triple in above for above in self._layers[:index]):
                    yield triple, self.one()

    def __len__(self, context: Any = None) -> int:
        # At most: a triple of two layers counts twice. It is asked often, and only whether there is any.
        return sum(len(layer) for layer in self._layers)


@cache
def _prepared(text: str) -> Query:
    from rdflib.plugins.sparql import prepareQuery  # here for the same reason as pySHACL in `judge`

    return prepareQuery(text)
