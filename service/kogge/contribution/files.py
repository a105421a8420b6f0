"""Level 5, contribution: a file on the disk, judged as the service would, by the facts that are here."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Final

from pyoxigraph import NamedNode, Quad, Store

from kogge import artefacts, media, names, syntax
from kogge.contribution.judge import Judged, Sent, judge
from kogge.contribution.own import Rights
from kogge.errors import BadRequest

_TYPES: Final = {syntax.FORMATS[each.suffix]: each for each in media.GRAPHS}
_SHEETS: Final = {f".{each.suffix}": each for each in media.SHEETS}


def check_file(path: Path, lang: str, graph: str | None = None) -> Judged:
    """The judgement on a file: sent to a graph (`luebeck/projects`) by its owner, else by one who may all.

    What was granted to an owner is known to the service only. Raises NotFound, BadRequest for the graph, and
    as `judge`.
    """
    wanted = _SHEETS.get(path.suffix.lower()) or _TYPES[syntax.format_of(path.name)]
    body = syntax.read_bytes(path)
    iri = _graph(path, graph)
    rights = Rights(names.slug_of(iri).partition("/")[0], steward=graph is None)
    return judge(Sent(body, wanted, iri, rights, lang, str(path)), facts())


@cache
def facts() -> Store:
    """The facts of this installation, each file in its graph."""
    store, folder = Store(), artefacts.folder("graph")
    for path in artefacts.files("graph", ".ttl"):
        graph = NamedNode(names.curated_graph(path.relative_to(folder)))
        triples = syntax.read_file(path)
        store.extend(Quad(each.subject, each.predicate, each.object, graph) for each in triples)
    return store


def _graph(path: Path, graph: str | None) -> str:
    """The graph that a file would be: the one given, that of a file of ours, or one that nobody has."""
    if graph is not None:
        owner, _, slug = graph.partition("/")
        if not names.SLUG.fullmatch(owner) or not names.SLUG.fullmatch(slug):
            raise BadRequest(f"'{graph}' is no name of a graph.", "Name it like luebeck/projects.")
        return names.graph(owner, slug)
    folder = artefacts.folder("graph").resolve()
    if path.resolve().is_relative_to(folder):
        return names.curated_graph(path.resolve().relative_to(folder))
    return names.graph("kogge", "check")
