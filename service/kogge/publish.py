"""Level 6, publish: files of the repository → versions in the ledger → the store, derived facts, history.

The ledger is written first. The store is derived from it and carries, in the graph of the history, a
mark: the number of the ledger it was brought to, a fingerprint of the rules, and how many quads it then had.
The mark is written last, so that a store that a crash left half-way is seen and brought further.
"""

from __future__ import annotations

import hashlib
import logging
import re
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, TypeAlias

from pyoxigraph import Literal, NamedNode, QuerySolutions, RdfFormat, Triple

from kogge import artefacts, derivation, history, names, questions, syntax
from kogge.derivation import Changed
from kogge.errors import Damaged, DiskFull, Misconfigured, Unavailable
from kogge.ledger import Ledger, Version
from kogge.store.base import Store

log = logging.getLogger(__name__)

CURATOR: Final = names.thing("organisation", "kogge")
SHOWN_LINES: Final = 3
PORTION: Final = 16 * 1024 * 1024  # bytes of N-Triples that are written in one transaction
PAUSE: Final = 1.0  # seconds after which a service looks whether a command beside it changed the ledger
_Way: TypeAlias = Callable[[Ledger, Store], Changed]
LONG_PAUSE: Final = 5.0  # and after which it tries to write again, where there was no room


@dataclass(frozen=True)
class Source:
    """A named graph of the repository and the files that make it."""

    graph: str
    paths: tuple[Path, ...]

    def content(self) -> bytes:
        """The files, one after the other."""
        return b"\n".join(syntax.read_bytes(path) for path in self.paths)

    def triples(self) -> list[Triple]:
        """The statements of all files. Raises Unreadable, and Misconfigured for a blank node."""
        triples = [triple for path in self.paths for triple in syntax.read_file(path)]
        if syntax.has_blank_nodes(triples):
            raise Misconfigured(
                f"A blank node in {self.paths[0]}.", "Give every thing of the repository an IRI."
            )
        return triples


def sources() -> list[Source]:
    """What the repository holds: a graph per file of `graph/` and `ontology/schemes/`, one for our own terms.

    Raises Misconfigured if two files would be the same graph.
    """
    paths: dict[str, list[Path]] = defaultdict(list)
    facts = artefacts.folder("graph")
    for path in artefacts.files("graph", ".ttl"):
        paths[names.curated_graph(path.relative_to(facts))].append(path)
    for graph, twice in paths.items():
        if len(twice) > 1:
            raise Misconfigured(
                f"{twice[0]} and {twice[1]} are both the graph {graph}.", "Rename one of them."
            )
    for path in artefacts.files("ontology", ".ttl"):
        if path.parent.name == "schemes":
            paths[names.graph("kogge", path.stem)].append(path)
        elif path.stem != "prefixes":
            paths[names.ONTOLOGY_GRAPH].append(path)
    return [Source(graph, tuple(files)) for graph, files in sorted(paths.items())]


def load(store: Store) -> None:
    """Puts the repository and what follows from it into an empty store, without versions."""
    store.replace_graphs({source.graph: source.triples() for source in sources()})
    questions.derive(store)


def bring_in(ledger: Ledger, store: Store) -> None:
    """Makes changed files of the repository new versions, and brings the store in line with the ledger."""
    record_files(ledger, sources(), datetime.now(UTC))
    align(ledger, store)


def record_files(ledger: Ledger, present: Sequence[Source], at: datetime) -> None:
    """Appends a version for every graph whose files changed; an empty one where the file is gone.

    Where the last version came by contribution the file is refused; the log says what it would have changed.
    """
    with ledger.transaction():
        for source in present:
            _record(ledger, source, at)
        gone = {version.graph: version for version in ledger.newest()}
        for source in present:
            gone.pop(source.graph, None)
        for version in gone.values():
            if version.origin == "repository" and ledger.body(version.number):
                new = ledger.append(version.graph, b"", origin="repository", who=CURATOR, at=at)
                log.warning("%s: the file is gone; version %d is empty", version.graph, new.version)


def _record(ledger: Ledger, source: Source, at: datetime) -> None:
    content = source.content()
    file_sha256 = hashlib.sha256(content).hexdigest()
    last = ledger.last(source.graph)
    known = ledger.last(source.graph, "repository")
    if known and known.file_sha256 == file_sha256:  # not touched since it was last taken
        return
    body = ledger.erasures.without(syntax.canonical(source.triples()))
    if last and last.sha256 == hashlib.sha256(body).hexdigest():
        return
    if last and last.origin == "contribution":
        _log_refusal(ledger, last, body)
        return
    new = ledger.append(source.graph, body, origin="repository", who=CURATOR, at=at, file_sha256=file_sha256)
    if new.version > 1:
        log.info("%s: version %d from the repository", source.graph, new.version)


def _log_refusal(ledger: Ledger, last: Version, body: bytes) -> None:
    held, wanted = set(ledger.body(last.number).splitlines()), set(body.splitlines())
    lines = [
        f"{sign} {line.decode()}"
        for sign, changed in (("+", wanted - held), ("-", held - wanted))
        for line in sorted(changed)[:SHOWN_LINES]
    ]
    log.warning(
        "%s: the file is refused, version %d came by contribution; it would add %d and remove %d triples: %s",
        last.graph,
        last.version,
        len(wanted - held),
        len(held - wanted),
        " | ".join(lines),
    )


def align(ledger: Ledger, store: Store, *, trusted: bool = False) -> Changed:
    """Brings the store to the state of the ledger; does nothing if it is there already.

    Only what follows from the changes is derived if the store is `trusted` to hold what follows from what it
    holds, because this process has left it so. A store that is not of this ledger, or in which quads are
    missing (a damaged write-ahead log opens without an error), is made anew; else only the graphs that are
    behind are replaced. Raises DiskFull, Damaged.
    """
    mark = _mark(store)
    erasures, number = ledger.erasures.count, ledger.number  # others may add to the ledger from here on
    rules = _fingerprint()
    if reason := _strange(mark, ledger, store):
        log.warning("%s; the store is made anew from the ledger", reason)
        mark = Mark()
    if mark.number == number and (mark.rules, mark.erasures) == (rules, erasures):
        return Changed({})
    missing = ledger.newest(after=mark.number, until=number)
    if mark.number and mark.erasures != erasures:
        newest = ledger.newest(until=number)
        missing = [each for each in newest if each.number > mark.number or ledger.erased(each.graph)]
    with store.changing():
        if reason:
            store.clear()
        whole = not mark.number or (mark.rules, mark.erasures) != (rules, erasures)
        changes = [
            _replace(store, bodies, empty=not mark.number, derive=trusted and not whole)
            for bodies in _portions(ledger, missing)
        ]
        if not trusted or whole:
            questions.derive(store)
            changes.append(Changed(None))
        _write_history(ledger, store, Mark(number, rules, erasures), after=0 if whole else mark.number)
    store.flush()
    log.info("store brought from %d to %d: %d graphs", mark.number, number, len(missing))
    return Changed.all(changes)


def _replace(store: Store, bodies: Mapping[str, bytes], *, empty: bool, derive: bool) -> Changed:
    """Makes the bodies the content of these graphs, and perhaps derives what follows."""
    if empty:
        store.fill(bodies)
        return Changed(None)
    graphs = {graph: syntax.parse(body, RdfFormat.N_TRIPLES) for graph, body in bodies.items()}
    if derive:
        return derivation.replace(store, graphs)
    store.replace_graphs(graphs)
    return Changed(None)


def adopt(ledger: Ledger, store: Store) -> None:
    """Takes the store for what the ledger says, if it was loaded in another way: for benchmarks."""
    mark = Mark(ledger.number, _fingerprint(), ledger.erasures.count)
    _write_history(ledger, store, mark, after=0)


def rebuild(ledger: Ledger, store: Store) -> Changed:
    """Makes the store anew from the ledger alone; readers see the old content until it is done."""
    with store.changing():
        store.clear()
        align(ledger, store)
    store.compact()
    return Changed(None)


def _follow(ledger: Ledger, store: Store) -> Changed:
    """Brings the store that this process writes to the state of the ledger."""
    return align(ledger, store, trusted=True)


class Publisher:
    """Who writes to the store of a service, for several threads, and goes on after a full disk."""

    def __init__(
        self,
        ledger: Ledger,
        store: Store,
        around: Callable[[Callable[[], Changed]], object] = lambda work: work(),
    ) -> None:
        self._ledger, self._store = ledger, store
        self._around = around
        self._lock = threading.Lock()
        self._behind = False  # whether something could not be written
        self._brought = (-1, -1)  # to which number and erasures
        self._looked = 0.0

    def publish(self) -> None:
        """Brings to the store what is in the ledger. What several have appended meanwhile is brought at once.

        Raises DiskFull; what the ledger holds is not lost then, and is brought by the next call that can.
        """
        if self._brought != (self._ledger.number, self._ledger.erasures.count):
            self._bring(_follow, align)

    def rebuild(self) -> None:
        """Makes the store anew. Raises as `publish`."""
        self._bring(rebuild, rebuild)

    def compact(self) -> None:
        """Has what was erased leave the files of the store."""
        with self._lock:
            self._store.compact()

    @property
    def due(self) -> bool:
        """Whether it is time to look again at what is in the ledger."""
        return time.monotonic() - self._looked > (LONG_PAUSE if self._behind else PAUSE)

    def follow(self) -> None:
        """Brings what a command beside the service has put into the ledger, or what could not be written."""
        self._looked = time.monotonic()
        if self._brought != (self._ledger.number, self._ledger.erasures.count):
            with suppress(DiskFull, Damaged, Unavailable):
                self.publish()

    def _bring(self, how: _Way, after_failure: _Way) -> None:
        with self._lock:
            self._looked = time.monotonic()
            try:
                brought = (self._ledger.number, self._ledger.erasures.count)
                self._around(lambda: self._write(how, after_failure))
            except (DiskFull, Damaged, Unavailable) as error:
                if not self._behind:
                    log.error("%s It stays as it is until it can be written.", error.message)
                self._behind, self._brought = True, (-1, -1)
                raise
            if self._behind:
                log.info("the store can be written again")
            self._behind, self._brought = False, brought

    def _write(self, how: _Way, after_failure: _Way) -> Changed:
        """Writes; a store that could not be written, perhaps in the background, is opened anew for it."""
        if not self._behind:
            with suppress(DiskFull, Damaged):
                return how(self._ledger, self._store)
        self._store.reopen()
        after_failure(self._ledger, self._store)
        return Changed(None)


@dataclass(frozen=True)
class Mark:
    """To what the store was brought: number of the ledger, rules, erasures."""

    number: int = 0
    rules: str = ""
    erasures: int = 0

    @classmethod
    def read(cls, text: str) -> Mark:
        """The mark in a text; an empty one, where it is none."""
        found = re.fullmatch(r"(\d+)-([0-9a-f]+)-(\d+)", text)
        return cls(int(found[1]), found[2], int(found[3])) if found else cls()

    def __str__(self) -> str:
        return f"{self.number}-{self.rules}-{self.erasures}"


def _strange(mark: Mark, ledger: Ledger, store: Store) -> str:
    """Why this cannot be the store of this ledger; empty if it can."""
    if mark.number > ledger.number:
        return f"the store is at {mark.number}, the ledger at {ledger.number}"
    if not store.intact:
        return "the store is not whole, or from an older Kogge"
    if not mark.rules and store.size:
        return "the store does not belong to this ledger"
    return ""


def _portions(ledger: Ledger, versions: Sequence[Version]) -> Iterator[dict[str, bytes]]:
    """The content of versions by graph, in portions that fit into the memory."""
    bodies: dict[str, bytes] = {}
    size = 0
    for version in versions:
        bodies[version.graph] = ledger.body(version.number)
        if (size := size + len(bodies[version.graph])) > PORTION:
            yield bodies
            bodies, size = {}, 0
    if bodies:
        yield bodies


def _fingerprint() -> str:
    """A hash of the rules by which facts are derived, and of the form of the history."""
    rules = "\n".join(f"{rule.iri}\n{rule.text}" for rule in questions.all_questions("rules"))
    return hashlib.sha256(f"2\n{rules}".encode()).hexdigest()[:16]


def _mark(store: Store) -> Mark:
    """The mark that the store carries, in the header of the history."""
    found = _said(store, names.HISTORY_GRAPH, names.OWL + "versionInfo")
    return max((Mark.read(text) for text in found), key=lambda mark: mark.number, default=Mark())


def _said(store: Store, subject: str, predicate: str) -> list[str]:
    """The values that the history gives."""
    rows = store.query(
        f"SELECT ?value {{ GRAPH <{names.HISTORY_GRAPH}> {{ <{subject}> <{predicate}> ?value }} }}"
    )
    return [row["value"].value for row in rows] if isinstance(rows, QuerySolutions) else []


def _write_history(ledger: Ledger, store: Store, mark: Mark, *, after: int) -> None:
    """Adds the versions above `after` and the mark to the history; all of it anew for 0. One transaction."""
    versions = ledger.history(after=after, until=mark.number)
    added = [*history.of(versions, ledger), _marked(str(mark))]
    if after:
        removed = [_marked(text) for text in _said(store, names.HISTORY_GRAPH, names.OWL + "versionInfo")]
        store.amend(names.HISTORY_GRAPH, removed, added)
    else:
        store.replace_graph(names.HISTORY_GRAPH, [*added, *history.header()])


def _marked(text: str) -> Triple:
    return Triple(NamedNode(names.HISTORY_GRAPH), NamedNode(names.OWL + "versionInfo"), Literal(text))
