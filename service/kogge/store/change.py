"""Level 3, store: what it changes to replace named graphs: as little as possible, in one update.

A statement is a line of N-Triples here. The default graph holds each statement of the named graphs once: the
engine's own union of them repeats a triple for each graph that says it, so that `COUNT` and `SUM` would be
wrong.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Self

import pyoxigraph as ox
from pyoxigraph import DefaultGraph, NamedNode, Quad, RdfFormat, Triple

from kogge.store.mark import Mark, has_blank

# Labels of blank nodes mean nothing in an update; these nodes belong to one graph only.
_NO_BLANKS = """DELETE {{ ?s ?p ?o . GRAPH {0} {{ ?s ?p ?o }} }}
WHERE {{ GRAPH {0} {{ ?s ?p ?o FILTER(ISBLANK(?s) || ISBLANK(?o)) }} }} ;
"""


@dataclass(frozen=True)
class Change:
    """Lines that come to graphs and go from them, by IRI; those new in the default graph, and lost there."""

    added: Mapping[str, set[bytes]]
    removed: Mapping[str, set[bytes]]
    emptied: tuple[str, ...]
    merged: set[bytes]
    lost: set[bytes]

    @classmethod
    def between(cls, store: ox.Store, graphs: Mapping[str, set[bytes]]) -> Self:
        """What has to change so that these lines are the whole content of these graphs."""
        added, removed = {}, {}
        for graph, after in graphs.items():
            before = lines_of(store, NamedNode(graph))
            kept = _kept(before, after)
            if before != kept or after != kept:
                added[graph], removed[graph] = after - kept, before - kept
        kept_or_new: set[bytes] = set().union(*(graphs[graph] for graph in added))
        emptied = tuple(graph for graph in added if not graphs[graph])
        return cls(added, removed, emptied, *_merged(store, added, removed, kept_or_new))

    @classmethod
    def amending(cls, store: ox.Store, graph: str, without: set[bytes], more: set[bytes]) -> Self:
        """What has to change so that a graph says others instead of some lines; it costs what these cost."""
        if any(map(has_blank, without | more)):
            return cls.between(store, {graph: lines_of(store, NamedNode(graph)) - without | more})
        there = {line for line, quad in _parsed(without | more, graph) if quad in store}
        come, gone = more - there, (without & there) - more
        if not come and not gone:
            return cls({}, {}, (), set(), set())
        left = store.quads_for_pattern(None, None, None, NamedNode(graph))
        stays = come or any(str(quad.triple).encode() + b" ." not in gone for quad in left)
        added, removed = {graph: come}, {graph: gone}
        return cls(added, removed, () if stays else (graph,), *_merged(store, added, removed, come))

    def __bool__(self) -> bool:
        """Whether anything changes."""
        return bool(self.added)

    @property
    def quads(self) -> int:
        """How many quads the store has more after it, or fewer."""
        come, gone = (sum(map(len, some.values())) for some in (self.added, self.removed))
        return come + len(self.merged) - gone - len(self.lost)

    def after(self, mark: Mark) -> Mark:
        """The mark of what the store holds then."""
        return mark.moved(self.added, self.removed, self.quads)

    def update(self) -> str:
        """The text of the SPARQL update."""
        removed = {graph: _without_blanks(some) for graph, some in self.removed.items()}
        blank = [graph for graph, some in self.removed.items() if len(some) > len(removed[graph])]
        return (
            f"DELETE DATA {{\n{_data(_without_blanks(self.lost), removed)}}} ;\n"
            + "".join(_NO_BLANKS.format(NamedNode(graph)) for graph in blank)
            + "".join(f"DROP SILENT GRAPH {NamedNode(graph)} ;\n" for graph in self.emptied)
            + f"INSERT DATA {{\n{_data(self.merged, self.added)}}}"
        )


def lines(triples: Iterable[Triple]) -> set[bytes]:
    """Triples as lines, as a store gives them back: it writes some literals in another form."""
    store = ox.Store()
    store.extend(Quad(*triple) for triple in triples)
    return lines_of(store, DefaultGraph())


def lines_of(store: ox.Store, graph: NamedNode | DefaultGraph) -> set[bytes]:
    """The lines of a graph."""
    return set((store.dump(format=RdfFormat.N_TRIPLES, from_graph=graph) or b"").splitlines())


def _kept(before: set[bytes], after: set[bytes]) -> set[bytes]:
    """The lines that stay; if one with a blank node changes, none of these."""
    kept = before & after
    return _without_blanks(kept) if any(map(has_blank, before ^ after)) else kept


def _without_blanks(some: Iterable[bytes]) -> set[bytes]:
    return {line for line in some if not has_blank(line)}


def _merged(
    store: ox.Store, added: Mapping[str, set[bytes]], removed: Mapping[str, set[bytes]], after: set[bytes]
) -> tuple[set[bytes], set[bytes]]:
    """The lines that are new in the default graph, and those that no graph says any more.

    `after` is at least what the graphs from which lines go say afterwards of these.
    """
    come = _parsed(set().union(*added.values()))
    gone = _parsed(set().union(*removed.values()) - _without_blanks(after))
    return (
        {line for line, quad in come if quad is None or quad not in store},
        {line for line, quad in gone if quad is None or removed.keys() >= set(_saying(store, quad))},
    )


def _saying(store: ox.Store, quad: Quad) -> Iterator[str]:
    """The named graphs that say the same."""
    for said in store.quads_for_pattern(quad.subject, quad.predicate, quad.object, None):
        if isinstance(said.graph_name, NamedNode):
            yield said.graph_name.value


def _parsed(some: Collection[bytes], graph: str | None = None) -> Iterator[tuple[bytes, Quad | None]]:
    """Each line with what it says in a graph; None for one with a blank node, which is of one graph only."""
    plain = []
    for line in some:
        if has_blank(line):
            yield line, None
        else:
            plain.append(line)
    quads = ox.parse(b"\n".join(plain), RdfFormat.N_TRIPLES)
    where = NamedNode(graph) if graph else DefaultGraph()
    for line, quad in zip(plain, quads, strict=True):
        yield line, Quad(quad.subject, quad.predicate, quad.object, where)


def _data(merged: Iterable[bytes], named: Mapping[str, Iterable[bytes]]) -> str:
    graphs = (f"GRAPH {NamedNode(graph)} {{\n{_text(some)}}}\n" for graph, some in named.items() if some)
    return _text(merged) + "".join(graphs)


def _text(some: Iterable[bytes]) -> str:
    return b"".join(line + b"\n" for line in some).decode()
