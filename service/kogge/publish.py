"""Level 6, publish: files of the repository → versions in the ledger → the store, derived facts, history.

The ledger is written first. The store is derived from it: it carries, in the graph of the history, the
number of the ledger it was brought to and a fingerprint of the rules; nothing is done where both are as
they should be.
"""

from __future__ import annotations

import hashlib
import logging
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from pyoxigraph import Literal, NamedNode, QuerySolutions, RdfFormat, Triple

from kogge import artefacts, names, questions, syntax
from kogge.errors import Misconfigured
from kogge.ledger import Ledger, Version
from kogge.store.base import Store

log = logging.getLogger(__name__)

CURATOR: Final = names.thing("organisation", "kogge")
SHOWN_LINES: Final = 3

_HISTORY: Final = NamedNode(names.HISTORY_GRAPH)
_OWL: Final = "http://www.w3.org/2002/07/owl#"
_VOID: Final = "http://rdfs.org/ns/void#"
_LICENCE: Final = "http://publications.europa.eu/resource/authority/licence/CC_BY_4_0"


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
    body = syntax.canonical(source.triples())
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


def align(ledger: Ledger, store: Store) -> None:
    """Brings the store to the state of the ledger; does nothing if it is there already."""
    number, rules = _mark(store)
    if not store.intact or number > ledger.number or (number == 0 and store.graphs()):
        reason = "does not belong to this ledger" if store.intact else "is not whole, or from an older Kogge"
        log.warning("the store %s (%d, %d); it is made anew", reason, number, ledger.number)
        store.clear()
        number, rules = 0, ""
    fingerprint = _fingerprint()
    if (number, rules) == (ledger.number, fingerprint):
        return
    missing = ledger.newest(after=number)
    store.replace_graphs(
        {version.graph: syntax.parse(ledger.body(version.number), RdfFormat.N_TRIPLES) for version in missing}
    )
    questions.derive(store)
    store.replace_graph(names.HISTORY_GRAPH, _history(ledger, fingerprint))
    log.info("store brought from %d to %d: %d graphs", number, ledger.number, len(missing))


def _fingerprint() -> str:
    """A hash of the rules by which facts are derived, and of the form of the history."""
    rules = "\n".join(f"{rule.iri}\n{rule.text}" for rule in questions.all_questions("rules"))
    return hashlib.sha256(f"1\n{rules}".encode()).hexdigest()[:16]


def _mark(store: Store) -> tuple[int, str]:
    """The number of the ledger and the fingerprint of the rules that the store carries; (0, "") if none."""
    said = store.query(f"SELECT ?mark {{ GRAPH {_HISTORY} {{ {_HISTORY} <{_OWL}versionInfo> ?mark }} }}")
    for (mark,) in said if isinstance(said, QuerySolutions) else ():
        number, _, rules = str(getattr(mark, "value", "")).partition("-")
        return int(number), rules
    return 0, ""


def _history(ledger: Ledger, fingerprint: str) -> Iterator[Triple]:
    """Every version as an entity (PROV-O, section 3.1), under a header that carries the mark of the store."""
    yield from _about(
        names.HISTORY_GRAPH,
        (names.RDF + "type", NamedNode(_VOID + "Dataset")),
        (names.DCTERMS + "title", Literal("Verlauf der Graphen von Kogge", language="de")),
        (names.DCTERMS + "title", Literal("History of the graphs of Kogge", language="en")),
        (names.DCTERMS + "publisher", NamedNode(CURATOR)),
        (names.DCTERMS + "license", NamedNode(_LICENCE)),
        (_OWL + "versionInfo", Literal(f"{ledger.number}-{fingerprint}")),
    )
    for version in ledger.history():
        entity = NamedNode(entity_of(version.graph, version.version))
        yield Triple(NamedNode(version.graph), NamedNode(names.DCTERMS + "hasVersion"), entity)
        yield from _about(
            entity.value,
            (names.RDF + "type", NamedNode(names.PROV + "Entity")),
            (names.PROV + "specializationOf", NamedNode(version.graph)),
            (names.PROV + "generatedAtTime", Literal(version.at, datatype=NamedNode(names.XSD + "dateTime"))),
            (names.PROV + "wasAttributedTo", NamedNode(version.who)),
            (_OWL + "versionInfo", Literal(str(version.version))),
        )
        if version.version > 1:
            before = NamedNode(entity_of(version.graph, version.version - 1))
            yield Triple(entity, NamedNode(names.PROV + "wasRevisionOf"), before)


def _about(subject: str, *said: tuple[str, NamedNode | Literal]) -> Iterator[Triple]:
    return (Triple(NamedNode(subject), NamedNode(predicate), term) for predicate, term in said)


def entity_of(graph: str, version: int) -> str:
    """The IRI of a version of a graph, which is also the address under which it is read."""
    return f"{graph}?version={version}"
