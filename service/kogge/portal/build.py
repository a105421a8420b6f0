"""Level 6, portal: a snapshot of the store → the files of a release: every dataset in every format.

The store is read once, into sorted N-Quads; all else is made of these, line by line. So equal contents give
equal bytes, and the memory that is needed does not grow with the graph.
"""

from __future__ import annotations

import gzip
import hashlib
import os
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pyoxigraph as ox

from kogge import artefacts, media, questions, syntax
from kogge.ledger import Version
from kogge.portal import datasets, formats, lines, reading, tables
from kogge.portal.datasets import WHOLE, Dataset
from kogge.portal.lines import Sorted
from kogge.portal.release import INDEX, SUMS, Counts, File, Made, Release
from kogge.portal.split import Part, split
from kogge.store.evaluate import Query, evaluate
from kogge.store.mark import NAMESPACE
from kogge.store.rows import read

FORM: Final = 2  # to be counted up where the program writes the same in another form
CHECKED: Final = "sha256"  # the ending of a file that has the checksum of another
_TYPES: Final = {
    formats.CSVW: "application/csvm+json",
    **{each.suffix: each.type for each in (*media.GRAPHS, media.CSV, media.TABLES, media.GEOJSON)},
}
_GZIP: Final = "application/gzip"
_LEVEL: Final = 6
_PIECE: Final = 1024 * 1024
Told = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Order:
    """Of what a release is made: the state of the store, the newest versions, how often was erased.

    `day` is that of the release where there are no versions; `mark` puts a byte order mark before tables;
    `before` is the folder of the release before this one: what did not change since takes no room again.
    """

    state: str
    day: str
    newest: Sequence[Version] = ()
    erasures: int = 0
    mark: bool = True
    before: Path | None = None

    @property
    def form(self) -> str:
        """What else decides about the bytes, beside the state: program, questions, settings."""
        folder = artefacts.folder("queries") / "export"
        texts = [(path.name, path.read_bytes()) for path in sorted(folder.iterdir())]
        said = repr((FORM, ox.__version__, self.mark, sorted(syntax.prefixes().items()), texts))
        return hashlib.sha256(said.encode()).hexdigest()[:16]

    @property
    def name(self) -> str:
        """The name of the release: the day of the last change, and the state."""
        return f"{max((each.at for each in self.newest), default=self.day)[:10]}-{self.state[:12]}"


def make(
    store: ox.Store,
    folder: Path,
    order: Order,
    told: Told = lambda _step, _done, _of: None,
    *,
    snapshot: Path | None = None,
) -> Release:
    """Makes the files of a release in a folder that is not there yet; the index, which says that all are
    there, comes last. `told` hears how far it is; `snapshot` is the folder of the store, if nobody writes to
    it any more: then it is read faster. Raises OSError where there is no room.
    """
    folder.mkdir(parents=True)
    work = folder / ".work"
    work.mkdir()
    offered = _offered(store)
    before = Release.of(order.before)
    of = len(offered) + 2
    told("write", 0, of)
    whole = folder / f"{WHOLE}.nq"
    quads = Sorted(work, different=True)
    if snapshot:
        reading.quads(snapshot, quads, work)
    else:
        lines.quads(store, quads)
    lines.write(whole, quads)
    told("write", 1, of)
    parts = split(store, whole, [each for each in offered if each.things], folder, work)
    parts[WHOLE] = Part(whole, None, _graphs(store))
    rows = tables.all_rows(store, whole, work)
    made = {}
    for done, dataset in enumerate(offered, 2):
        told("write", done, of)
        part = parts[dataset.slug]
        counts = formats.write(dataset, part, rows, folder, work, mark=order.mark)
        made[dataset.slug] = _made(dataset, part, counts, folder, order, before)
    shutil.rmtree(work)
    release = Release(order.name, order.state, order.name[:10], order.erasures, order.form, made)
    sums = sorted((file.name, file.sha256) for each in made.values() for file in each.files.values())
    (folder / SUMS).write_bytes("".join(_sum(*each) for each in sums).encode())
    (folder / INDEX).write_bytes(release.write())
    told("write", of, of)
    return release


def _made(
    dataset: Dataset, part: Part, counts: Counts, folder: Path, order: Order, before: Release | None
) -> Made:
    """Measures the files of a dataset, and adds those that are compressed, and the checksums."""
    files: dict[str, File] = {}
    last = before.datasets.get(dataset.slug) if before else None
    for path in sorted(folder.glob(f"{dataset.slug}.*")):
        ending = path.name.removeprefix(f"{dataset.slug}.")
        files[ending] = _file(path, _TYPES[ending])
        if ending != media.TABLES.suffix:
            packed = path.with_name(path.name + ".gz")
            _compress(path, packed)
            files[f"{ending}.gz"] = _file(packed, _GZIP)
    for file in files.values():
        path = folder / file.name
        path.with_name(f"{file.name}.{CHECKED}").write_text(_sum(file.name, file.sha256))
        if last and order.before and file in last.files.values():
            path.unlink()
            os.link(order.before / file.name, path)
    same = last is not None and last.files["nq"] == files["nq"]
    modified = last.modified if last and same else datasets.modified(part.graphs, order.newest)
    return Made(dataset.slug, dataset.title, modified, counts, tuple(sorted(part.graphs)), files)


def _file(path: Path, type_: str) -> File:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return File(path.name, type_, path.stat().st_size, digest)


def _sum(name: str, digest: str) -> str:
    """A line as `sha256sum` writes and checks it."""
    return f"{digest}  {name}\n"


def _compress(path: Path, packed: Path) -> None:
    """Writes a file that says nothing of when it was made."""
    with (
        path.open("rb") as file,
        packed.open("wb") as target,
        gzip.GzipFile("", "wb", _LEVEL, target, mtime=0) as gzipped,
    ):
        shutil.copyfileobj(file, gzipped, _PIECE)


def _offered(store: ox.Store) -> tuple[Dataset, ...]:
    text = questions.load(datasets.ALLIANCES).text
    return datasets.read(read(evaluate(store, Query(text, media.SPARQL_JSON.type), None).body))


def _graphs(store: ox.Store) -> set[str]:
    graphs = (str(graph.value) for graph in store.named_graphs())
    return {graph for graph in graphs if not graph.startswith(NAMESPACE)}
