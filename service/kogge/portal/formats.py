"""Level 6, portal: what belongs to a dataset → a file in each of its formats."""

from __future__ import annotations

import zipfile
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import BinaryIO, Final

import pyoxigraph as ox
from pyoxigraph import Quad, RdfFormat, Triple

from kogge import media, names, questions, syntax
from kogge.media import MediaType
from kogge.portal import lines, points, tables
from kogge.portal.datasets import Dataset
from kogge.portal.lines import Sorted
from kogge.portal.release import Counts
from kogge.portal.split import Part

CSVW: Final = "csv-metadata.json"  # what follows the name of a table, in that of its description
_A: Final = f"<{names.RDF}type>".encode()
_NO_DATE: Final = (1980, 1, 1, 0, 0, 0)  # the first that a ZIP file can have


def write(
    dataset: Dataset, part: Part, rows: Mapping[str, Path], folder: Path, work: Path, *, mark: bool
) -> Counts:
    """Writes all files of a dataset beside its quads; how much it says.

    `rows` are those of all tables (`tables.all_rows`), `mark` puts a byte order mark before tables.
    """
    triples = folder / f"{dataset.slug}.nt"
    lines.write(triples, lines.triples(lines.read(part.quads)))
    for wanted in dataset.formats:
        path = folder / f"{dataset.slug}.{wanted.suffix}"
        if wanted == media.CSV:
            lines.write(path, _table(dataset.tables[0], part, rows, mark=mark))
            described = tables.description(tables.table(dataset.tables[0]), path.name)
            path.with_name(f"{dataset.slug}.{CSVW}").write_bytes(described)
        elif wanted == media.TABLES:
            _archive(path, dataset, part, rows, mark=mark)
        elif wanted == media.GEOJSON:
            columns = tables.columns(questions.load(points.QUESTION))
            lines.write(path, points.write(columns, tables.of(rows[points.QUESTION], part.things)))
        elif wanted == media.TRIG:
            _trig(part.quads, path, work)
        elif wanted not in (media.N_TRIPLES, media.N_QUADS):
            _convert(triples, path, wanted)
    return counted(lines.read(triples))


def counted(triples: Iterable[bytes]) -> Counts:
    """How much lines of N-Triples, each different, say."""
    properties: Counter[bytes] = Counter()
    classes: Counter[bytes] = Counter()
    for line in triples:
        _, said, value = line.split(b" ", 2)
        properties[said] += 1
        if said == _A:
            classes[value] += 1
    return Counts(properties.total(), _by_iri(classes, b"> .\n"), _by_iri(properties, b">"))


def _by_iri(counts: Counter[bytes], end: bytes) -> dict[str, int]:
    """The counts of what is an IRI, in the order of the IRIs."""
    return {name[1 : -len(end)].decode(): counts[name] for name in sorted(counts) if name.startswith(b"<")}


def _convert(triples: Path, path: Path, wanted: MediaType) -> None:
    """Writes N-Triples in another format, some kilobytes at a time."""
    with triples.open("rb", lines.BUFFER) as file, path.open("wb", lines.BUFFER) as target:
        ox.serialize(_triples(file), target, syntax.FORMATS[wanted.suffix], prefixes=syntax.prefixes())


def _triples(file: BinaryIO) -> Iterator[Triple]:
    return (quad.triple for quad in ox.parse(file, RdfFormat.N_TRIPLES, lenient=True))


def _trig(quads: Path, path: Path, work: Path) -> None:
    """Writes quads graph by graph."""
    by_graph = Sorted(work, different=True)
    for quad in lines.read(quads):
        by_graph.add(quad[quad.rindex(b" <") + 1 : -2] + quad)
    ordered = work / "by-graph.nq"
    lines.write(ordered, (line[line.index(b" ") + 1 :] for line in by_graph))
    with ordered.open("rb", lines.BUFFER) as file, path.open("wb", lines.BUFFER) as target:
        parsed: Iterator[Quad] = ox.parse(file, RdfFormat.N_QUADS, lenient=True)
        ox.serialize(parsed, target, RdfFormat.TRIG, prefixes=syntax.prefixes())


def _table(name: str, part: Part, rows: Mapping[str, Path], *, mark: bool) -> Iterator[bytes]:
    return tables.write(tables.table(name).columns, tables.of(rows[name], part.things), mark=mark)


def _archive(path: Path, dataset: Dataset, part: Part, rows: Mapping[str, Path], *, mark: bool) -> None:
    """Several tables, each with its description, in a ZIP file that says nothing of when it was made."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in dataset.tables:
            with archive.open(_member(f"{name}.csv"), "w", force_zip64=True) as file:
                for piece in _table(name, part, rows, mark=mark):
                    file.write(piece)
            described = tables.description(tables.table(name), f"{name}.csv")
            archive.writestr(_member(f"{name}.{CSVW}"), described)


def _member(name: str) -> zipfile.ZipInfo:
    member = zipfile.ZipInfo(name, _NO_DATE)
    member.compress_type = zipfile.ZIP_DEFLATED
    member.external_attr = 0o644 << 16
    return member
