"""Level 3, store: what a store of named graphs must be able to do. Levels above know this interface only."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
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

    def replace_graphs(self, graphs: Mapping[str, Iterable[Triple]]) -> None:
        """Like `replace_graph` for several graphs in one transaction: all are seen, or none."""
        ...

    def fill(self, graphs: Mapping[str, bytes]) -> None:
        """Adds graphs that are not there yet (canonical N-Triples), quickly, and not in one transaction."""
        ...

    def amend(self, iri: str, removed: Iterable[Triple], added: Iterable[Triple]) -> None:
        """Takes triples out of a named graph and puts others in, in one transaction, whatever it holds."""
        ...

    def changing(self) -> AbstractContextManager[None]:
        """What is written inside is seen by snapshots, `state` and other readers at the end, all at once.

        If it fails, they go on with what there was until another such block ends well.
        """
        ...

    def clear(self) -> None:
        """Removes everything, in one transaction."""
        ...

    def flush(self) -> None:
        """Has all that was written on the disk when it returns, also for a power failure."""
        ...

    def compact(self) -> None:
        """Has what was removed leave the files too."""
        ...

    def reopen(self) -> None:
        """Opens the files anew: after a full disk nothing is written before that. Raises DiskFull."""
        ...

    def dump(self) -> bytes:
        """The whole content as N-Quads, sorted by line."""
        ...

    @property
    def state(self) -> str:
        """A token, equal for equal contents, that changes with any triple (a hash, 32 hexadecimal digits)."""
        ...

    @property
    def size(self) -> int:
        """How many quads there are, the default graph included."""
        ...

    @property
    def intact(self) -> bool:
        """Whether the store holds as much as its last commit has left in it; said when it was opened."""
        ...

    def close(self) -> None:
        """Writes what is pending and gives the folder free."""
        ...
