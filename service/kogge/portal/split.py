"""Level 6, portal: the whole graph as sorted N-Quads → those of each dataset.

A dataset describes its things in full, and the documents that they name as their sources; of all else that
they name it says the kind and what it is called, so that it can be read alone.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Final

import pyoxigraph as ox
from pyoxigraph import NamedNode, QuerySolutions

from kogge import names, questions
from kogge.portal import lines
from kogge.portal.datasets import Dataset
from kogge.portal.lines import Sorted

_SOURCE: Final = f"<{names.DCTERMS}source>".encode()
_OURS: Final = f"<{names.BASE}".encode()
_CALLED: Final = {f"<{names.RDF}type>".encode(), f"<{names.SKOS}prefLabel>".encode()}
_THING, _DOCUMENT, _NAMED = 0, 1, 2  # why something is in a dataset; the least holds


@dataclass(frozen=True)
class Part:
    """What belongs to a dataset: its quads, and the things that it describes in full (`<iri> ` on a line).

    None stands for all things. `graphs` are those from which it draws what it says of its things.
    """

    quads: Path
    things: Path | None
    graphs: set[str]


def split(
    store: ox.Store, whole: Path, datasets: Sequence[Dataset], folder: Path, work: Path
) -> dict[str, Part]:
    """The parts of all datasets that are less than the whole, each with its quads in `folder`."""
    wanted = Sorted(work)
    for dataset in datasets:
        for thing in _things(store, dataset):
            wanted.add(_line(f"<{thing}>".encode(), dataset.slug.encode(), _THING))
    more = Sorted(work)
    for quad, whats in lines.about(lines.read(whole), wanted):
        _, predicate, rest = quad.split(b" ", 2)
        if rest.startswith(b"<") and (predicate == _SOURCE or rest.startswith(_OURS)):
            why = _DOCUMENT if predicate == _SOURCE else _NAMED
            for slug in {what.split()[0] for what in whats}:
                more.add(_line(rest[: rest.index(b">") + 1], slug, why))
    slugs = [each.slug for each in datasets]
    quads = {slug: folder / f"{slug}.nq" for slug in slugs}
    things = {slug: work / f"{slug}.things" for slug in slugs}
    graphs: dict[str, set[str]] = {slug: set() for slug in slugs}
    said, described = Sorted(work, different=True), Sorted(work, different=True)
    _part(whole, heapq.merge(wanted, more), said, described, graphs)
    _write(said, quads)
    _write(described, things)
    return {slug: Part(quads[slug], things[slug], graphs[slug]) for slug in slugs}


def _part(
    whole: Path, wanted: Iterator[bytes], said: Sorted, described: Sorted, graphs: Mapping[str, set[str]]
) -> None:
    """Gives out the quads and the things of all datasets, each behind the slug of its dataset."""
    seen: list[bytes] = []
    whys: dict[str, int] = {}
    for quad, whats in lines.about(lines.read(whole), wanted):
        begin, predicate, _ = quad.split(b" ", 2)
        if whats is not seen:  # the next thing
            seen, whys = whats, _whys(whats)
            for slug, why in whys.items():
                if why < _NAMED:
                    described.add(b"%s %s \n" % (slug.encode(), begin))
        for slug, why in whys.items():
            if why < _NAMED or predicate in _CALLED:
                said.add(b"%s %s" % (slug.encode(), quad))
            if why == _THING:
                graphs[slug].add(lines.graph(quad))


def _write(given: Sorted, paths: Mapping[str, Path]) -> None:
    """Writes what stands behind each slug into its file, one file after the other, however many there are."""
    for path in paths.values():
        path.touch()
    for slug, some in groupby(given, key=lambda line: line[: line.index(b" ")]):
        lines.write(paths[slug.decode()], (line[len(slug) + 1 :] for line in some))


def _things(store: ox.Store, dataset: Dataset) -> Iterator[str]:
    params = {"alliance": dataset.alliance} if dataset.alliance else {}
    answer = store.query(questions.as_text(questions.load(f"export/{dataset.things}"), params))
    for solution in answer if isinstance(answer, QuerySolutions) else ():
        if isinstance(thing := solution["thing"], NamedNode):
            yield thing.value


def _line(thing: bytes, slug: bytes, why: int) -> bytes:
    return b"%s %s %d\n" % (thing, slug, why)


def _whys(whats: Sequence[bytes]) -> dict[str, int]:
    whys: dict[str, int] = {}
    for what in whats:
        slug, why = what.decode().split()
        whys[slug] = min(whys.get(slug, _NAMED), int(why))
    return whys
