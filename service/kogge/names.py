"""Level 1, names: the namespaces of Kogge, and the rules by which slugs and IRIs are made."""

from __future__ import annotations

import re
import unicodedata
from pathlib import PurePath
from typing import Final

BASE: Final = "https://w3id.org/kogge/"
KOGGE: Final = BASE + "ontology#"
TOPIC: Final = BASE + "topic/"
ID: Final = BASE + "id/"
GRAPH: Final = BASE + "graph/"
QUERIES: Final = BASE + "queries/"
ONTOLOGY_GRAPH: Final = GRAPH + "kogge/ontology"
TOPICS_GRAPH: Final = GRAPH + "kogge/topics"
DERIVED_GRAPH: Final = GRAPH + "kogge/derived"
HISTORY_GRAPH: Final = GRAPH + "kogge/history"

DCTERMS: Final = "http://purl.org/dc/terms/"
RDF: Final = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
RDFS: Final = "http://www.w3.org/2000/01/rdf-schema#"
SKOS: Final = "http://www.w3.org/2004/02/skos/core#"
SH: Final = "http://www.w3.org/ns/shacl#"
XSD: Final = "http://www.w3.org/2001/XMLSchema#"
PROV: Final = "http://www.w3.org/ns/prov#"
OWL: Final = "http://www.w3.org/2002/07/owl#"
VOID: Final = "http://rdfs.org/ns/void#"

CC_BY: Final = "http://publications.europa.eu/resource/authority/licence/CC_BY_4_0"

LANGUAGES: Final = ("de", "en", "nl")

# One part of the path of an IRI: `luebeck`, or `luebeck` and `smart-parken` in `luebeck/smart-parken`.
SLUG: Final = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_TRANSCRIBED: Final = str.maketrans(
    {"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "æ": "ae", "ø": "oe", "å": "aa", "ĳ": "ij"}
)


def slugify(text: str) -> str:
    """The slug of a name: lower-case ASCII words joined by hyphens (`Wiesenburg/Mark` → `wiesenburg-mark`).

    German letters are transcribed (`ä` → `ae`, `ß` → `ss`), other accents dropped; text without a letter
    or digit gives the empty string.
    """
    lowered = unicodedata.normalize("NFC", text).lower().translate(_TRANSCRIBED)
    plain = unicodedata.normalize("NFKD", lowered).encode("ascii", "ignore").decode("ascii")
    return "-".join(re.findall(r"[a-z0-9]+", plain))


def thing(kind: str, slug: str) -> str:
    """The IRI of a thing: `thing("municipality", "kiel")` → `https://w3id.org/kogge/id/municipality/kiel`."""
    return f"{ID}{kind}/{slug}"


def topic(slug: str) -> str:
    """The IRI of a topic of the thesaurus."""
    return TOPIC + slug


def graph(owner: str, slug: str) -> str:
    """The IRI of a named graph."""
    return f"{GRAPH}{owner}/{slug}"


def curated_graph(path: PurePath) -> str:
    """The graph of a file below `graph/`: `alliances/smarte-hanse.ttl` → `kogge/alliances-smarte-hanse`."""
    return graph("kogge", f"{path.parent.as_posix().replace('/', '-')}-{path.stem}")


def kind_of(iri: str) -> str:
    """The kind in the IRI of a thing (`municipality`), `topic`, `graph`; empty for a foreign IRI."""
    for namespace, kind in ((ID, None), (TOPIC, "topic"), (GRAPH, "graph")):
        if iri.startswith(namespace):
            return kind or iri[len(namespace) :].partition("/")[0]
    return ""


def slug_of(iri: str) -> str:
    """What follows the kind in one of our IRIs (`kiel`, `luebeck/smart-parken`); a foreign IRI as it is."""
    if iri.startswith(ID):
        return iri[len(ID) :].partition("/")[2]
    for namespace in (TOPIC, GRAPH, KOGGE):
        if iri.startswith(namespace):
            return iri[len(namespace) :]
    return iri
