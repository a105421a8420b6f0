"""Level 7, archive: a version of a graph, or its history, from the ledger → in the type that is wanted."""

from __future__ import annotations

from kogge import media, versions
from kogge.errors import Gone, NotFound
from kogge.ledger import Version
from kogge.media import MediaType
from kogge.portal import things
from kogge.steps import Steps
from kogge.store.evaluate import Result


def version(steps: Steps, graph: str, number: int | None, wanted: MediaType) -> tuple[Version, Result]:
    """A version of a graph (None: the newest) and what it says.

    Raises NotFound for a graph or version that there is not, or that was made empty; Gone where all that it
    said was erased.
    """
    found = steps.history(graph)
    chosen = found[-1] if number is None else next((v for v in found if v.version == number), None)
    if chosen is None:
        raise NotFound(f"The graph has no version {number}.", f"It has versions 1 to {len(found)}.")
    body = steps.version(graph, chosen.version)
    if not body and chosen.erased:
        raise Gone("What was said here was erased on request.", f"The other versions: {graph}/history")
    if not body:
        raise NotFound(f"The graph says nothing since version {chosen.version}.", "Its versions: …/history")
    return chosen, things.graph(body, wanted)


def history(steps: Steps, graph: str, wanted: MediaType) -> tuple[list[Version], Result | None]:
    """The versions of a graph, the oldest first, and in RDF (PROV-O) if that is wanted. Raises NotFound."""
    found = steps.history(graph)
    if wanted == media.JSON:
        return found, None
    return found, Result(wanted, versions.written(steps.provenance(graph), wanted))
