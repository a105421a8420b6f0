"""How contributions are attacked: the ways to have one judged, and documents that are right until bent."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import pyoxigraph as ox

from kogge import media, names
from kogge.contribution.files import facts
from kogge.contribution.judge import Judged, Sent, judge
from kogge.contribution.own import Rights
from kogge.contribution.reader import Reader
from kogge.errors import KoggeError
from kogge.media import MediaType
from kogge.rules import Finding
from kogge.store.crew import Crew, Lane

T = TypeVar("T")

GRAPH = names.graph("luebeck", "projekte")
RIGHTS = Rights("luebeck", ("municipality/luebeck",))
STEWARD = Rights("kogge", steward=True)

TURTLE = """@prefix dcterms: <http://purl.org/dc/terms/> .
@prefix kogge: <https://w3id.org/kogge/ontology#> .
@prefix municipality: <https://w3id.org/kogge/id/municipality/> .
@prefix project: <https://w3id.org/kogge/id/project/> .
@prefix skos: <http://www.w3.org/2004/02/skos/core#> .
@prefix topic: <https://w3id.org/kogge/topic/> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .

<https://w3id.org/kogge/id/project/luebeck/smart-parken> a kogge:Project ;
    skos:prefLabel "Smart Parken"@de, "Smart parking"@en, "Slim parkeren"@nl ;
    dcterms:description "Freie Plätze sehen."@de ;
    kogge:lead municipality:luebeck ;
    kogge:status kogge:running ;
    kogge:reviewedOn "2026-05-31"^^xsd:date ;
    kogge:topic topic:parken .
"""
THING = "https://w3id.org/kogge/id/project/luebeck/smart-parken"
JSON_LD = """{
  "@context": "kogge",
  "@id": "id:project/luebeck/smart-parken",
  "@type": "Project",
  "label": {"de": "Smart Parken", "en": "Smart parking", "nl": "Slim parkeren"},
  "description": {"de": "Freie Plätze sehen."},
  "lead": "id:municipality/luebeck",
  "status": "running",
  "reviewedOn": "2026-05-31",
  "topics": "topic:parken"
}
"""
RDF_XML = """<?xml version="1.0" encoding="UTF-8"?>
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:dcterms="http://purl.org/dc/terms/"
    xmlns:kogge="https://w3id.org/kogge/ontology#" xmlns:skos="http://www.w3.org/2004/02/skos/core#">
  <kogge:Project rdf:about="https://w3id.org/kogge/id/project/luebeck/smart-parken">
    <skos:prefLabel xml:lang="de">Smart Parken</skos:prefLabel>
    <skos:prefLabel xml:lang="en">Smart parking</skos:prefLabel>
    <skos:prefLabel xml:lang="nl">Slim parkeren</skos:prefLabel>
    <dcterms:description xml:lang="de">Freie Plätze sehen.</dcterms:description>
    <kogge:lead rdf:resource="https://w3id.org/kogge/id/municipality/luebeck"/>
    <kogge:status rdf:resource="https://w3id.org/kogge/ontology#running"/>
    <kogge:reviewedOn rdf:datatype="http://www.w3.org/2001/XMLSchema#date">2026-05-31</kogge:reviewedOn>
    <kogge:topic rdf:resource="https://w3id.org/kogge/topic/parken"/>
  </kogge:Project>
</rdf:RDF>
"""
N_TRIPLES = "".join(f"{quad.triple} .\n" for quad in ox.parse(TURTLE.encode(), ox.RdfFormat.TURTLE))
DOCUMENTS = {
    media.TURTLE: TURTLE.encode(),
    media.N_TRIPLES: N_TRIPLES.encode(),
    media.JSON_LD: JSON_LD.encode(),
    media.RDF_XML: RDF_XML.encode(),
}


@dataclass(frozen=True)
class Reply:
    """What came of a contribution: as a status, as what was judged, or as what was said instead."""

    status: int
    judged: Judged | None
    error: KoggeError | None

    @property
    def findings(self) -> tuple[Finding, ...]:
        assert self.judged is not None, self.error
        return self.judged.findings

    @property
    def text(self) -> str:
        """All that the sender is told."""
        if self.error:
            return str(self.error)
        return "\n".join(f"{each.message} {each.subject} {each.path} {each.value}" for each in self.findings)

    @property
    def broken(self) -> set[str]:
        """The rules that were broken."""
        return {each.shape for each in self.findings if each.severity == "violation"}


class Way:
    """A way to have a contribution judged: here, or by a caged process."""

    def __init__(self, folder: Path | None, **options: Any) -> None:
        self._runner = asyncio.Runner()
        self.crew = self.reader = None
        if folder:
            primary = ox.Store(str(folder / "store"))
            primary.extend(facts())
            primary.flush()
            self.crew = Crew(primary, folder / "snapshots")
            self.reader = Reader(self.crew, Lane(1, 2, niceness=0), **options)
            self.run(self.crew.start())

    def run(self, work: Awaitable[T]) -> T:
        async def done() -> T:
            return await work

        return self._runner.run(done())

    def send(
        self,
        body: str | bytes,
        wanted: MediaType = media.TURTLE,
        *,
        graph: str = GRAPH,
        rights: Rights = RIGHTS,
        lang: str = "en",
    ) -> Reply:
        """The reply to what is sent, as the web would give it: 202, 403 or 422, or the status of an error."""
        sent = Sent(body.encode() if isinstance(body, str) else body, wanted, graph, rights, lang)
        try:
            judged = self.run(self.reader.judge(sent)) if self.reader else judge(sent, facts())
        except KoggeError as error:
            return Reply(error.status, None, error)
        return Reply(403 if judged.forbidden else 422 if judged.refused else 202, judged, None)

    def spent(self) -> float:
        """Seconds of the processor that the caged processes have had (proc(5), /proc/pid/stat)."""
        ticks = 0
        for process in self.crew.processes if self.crew else ():
            user, system = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[11:13]
            ticks += int(user) + int(system)
        return ticks / os.sysconf("SC_CLK_TCK")

    def close(self) -> None:
        if self.crew:
            self.run(self.crew.stop())
        self._runner.close()


def said(more: str) -> str:
    """The Turtle with another statement about the project."""
    return TURTLE.rstrip().rstrip(".") + f";\n    {more} .\n"
