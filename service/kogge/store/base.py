"""Level 3, store: what a store of named graphs must be able to do. Levels above know this interface only."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Protocol, TypeAlias

from pyoxigraph import BlankNode, Literal, NamedNode, QueryBoolean, QuerySolutions, QueryTriples, Triple

Term: TypeAlias = NamedNode | BlankNode | Literal | Triple
Answer: TypeAlias = QuerySolutions | QueryTriples | QueryBoolean


class Store(Protocol):
    """Named graphs, asked with SPARQL 1.1 over the union of all of them, unless a query says FROM.

    A store may write numbers, truth values and times in their canonical form (`01.50` comes back as `1.5`);
    what was said to the letter is kept by the ledger.
    """

    def query(self, text: str, *, substitutions: Mapping[str, Term] | None = None) -> Answer:
        """Evaluates a SELECT, ASK, CONSTRUCT or DESCRIBE query; never an update.

        `substitutions` gives variables (names without `?`) a value before evaluation, as terms, never as text
        (SEP-0007). In a SELECT such a variable must be projected, otherwise the query is refused, and a
        sub-select that does not project it does not see the value; a VALUES for it is joined. ASK, CONSTRUCT
        and DESCRIBE have no such condition.
        Raises Unreadable for a syntax error (with line and column), BadRequest for what cannot be evaluated.
        """
        ...

    def graphs(self) -> list[str]:
        """The IRIs of the named graphs, sorted."""
        ...

    def graph(self, iri: str) -> list[Triple]:
        """The triples of one named graph, in no order; empty if there is no such graph."""
        ...

    def replace_graph(self, iri: str, triples: Iterable[Triple]) -> None:
        """Makes `triples` the whole content of a named graph, in one transaction (of none: it is gone)."""
        ...

    def replace_graphs(self, graphs: Mapping[str, Iterable[Triple]], then: str = "") -> None:
        """Like `replace_graph` for several graphs in one transaction: all are seen, or none.

        `then` is a SPARQL 1.1 Update of ours that follows in the same transaction; it may use our prefixes,
        and must keep the default graph the merge of the named ones.
        """
        ...

    def dump(self) -> bytes:
        """The whole content as N-Quads, sorted by line."""
        ...

    @property
    def state(self) -> str:
        """A token, equal for equal contents, that changes with any triple (a hash, 32 hexadecimal digits)."""
        ...

    def close(self) -> None:
        """Writes what is pending and gives the folder free."""
        ...
