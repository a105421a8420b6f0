"""Level 6, validation: a file → what a profile finds in it → the report, as JSON or in SHACL.

The service judges what it is sent in a caged process (`kogge.reception`); this is for files of our own.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from pyoxigraph import RdfFormat

from kogge import media, syntax
from kogge.contribution.refusals import speaking
from kogge.media import MediaType
from kogge.store.evaluate import Result

if TYPE_CHECKING:
    from kogge.rules import Finding

_LARGE: Final = 2000  # triples: from about here on the store finds suspects faster than pySHACL judges all

_UNCHECKED: Final = {
    "de": "Nur unsere Regeln wurden geprüft; für die amtlichen nennt KOGGE_PORTAL_SHAPES ihren Ordner: {}",
    "en": "Only our own rules were checked; for the official ones KOGGE_PORTAL_SHAPES names their folder: {}",
    "nl": "Alleen onze regels zijn gecontroleerd; voor de officiële noemt KOGGE_PORTAL_SHAPES hun map: {}",
}


@dataclass(frozen=True)
class Checked:
    """A document and what the rules found in it, the worst first; nothing if it conforms."""

    name: str
    findings: Sequence[Finding]

    @property
    def refused(self) -> bool:
        """Whether something must change; a warning alone refuses nothing."""
        return any(finding.severity == "violation" for finding in self.findings)


def check(
    path: Path,
    profile: str,
    lang: str,
    graph: str | None = None,
    told: Callable[[str, int, int], None] = lambda _step, _done, _of: None,
    official: Path | None = None,
) -> Checked:
    """What a profile finds in a file; a contribution is read and judged as the service does it.

    `graph` (`luebeck/projects`) is where a contribution would be sent, by its owner. Our own facts may be of
    any size, and have named graphs; which, does not matter. `told` hears of the steps "read", "find", "judge"
    of what is large. `official` is a folder with the official shapes, for a profile that has some. Raises
    Unreadable, NotFound, BadRequest for profile and graph, Misconfigured for that folder, and for a
    contribution as `contribution.judge`; why a file cannot be read is said in the language too.
    """
    with speaking(lang):
        return _check(path, profile, lang, graph, told, official)


def _check(
    path: Path,
    profile: str,
    lang: str,
    graph: str | None,
    told: Callable[[str, int, int], None],
    official: Path | None,
) -> Checked:
    # Imported here: the validator takes longer to load than all the rest, and only this needs it.
    from kogge import rules

    rules.profile_of(profile)
    if profile == "contribution":
        from kogge.contribution.files import check_file

        return Checked(str(path), check_file(path, lang, graph).findings)
    graphs = syntax.format_of(path.name) in (RdfFormat.N_QUADS, RdfFormat.TRIG)
    if graphs or _size(path) > syntax.MAX_BYTES:
        quads = syntax.stream_file(path, lambda done, of: told("read", done, of))
        lines = _lines(path) if path.suffix == ".ttl" else ()
        return Checked(str(path), rules.check_large(quads, profile, lang, lines=lines, told=told))
    data = syntax.read_bytes(path)
    triples = syntax.parse(data, path.name, name=str(path))
    text = data.decode("utf-8-sig") if path.suffix == ".ttl" else ""
    if len(triples) > _LARGE:
        found = rules.check_large(triples, profile, lang, lines=text.splitlines(), told=told)
    else:
        found = rules.check(rules.to_rdflib(triples), profile, lang, text=text)
    if official and rules.shape_sets(profile):
        others = rules.check_official(rules.to_rdflib(triples), profile, official, lang)
        found = rules.ordered(rules.merged(found, others), text.splitlines())
    return Checked(str(path), found)


def unchecked(profile: str, official: Path | None, lang: str) -> str:
    """What must be said where the official shapes of a profile are not checked, else nothing."""
    from kogge import rules

    origins = dict.fromkeys(each.origin for each in rules.shape_sets(profile))
    return "" if official or not origins else _UNCHECKED[lang].format(" · ".join(origins))


def _lines(path: Path) -> Iterator[str]:
    with path.open(encoding="utf-8-sig", errors="replace") as file:
        yield from file


def _size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else 0


def report(checked: Sequence[Checked], wanted: MediaType) -> Result:
    """The findings in all documents: JSON, each with its file, or a SHACL validation report in Turtle."""
    from kogge import rules

    if wanted == media.TURTLE:
        graph = rules.report([finding for each in checked for finding in each.findings])
        return Result(wanted, graph.serialize(format="turtle", encoding="utf-8"))
    problem = rules.as_problem([finding for each in checked for finding in each.findings])
    files = [each.name for each in checked for _ in each.findings]
    listed = problem["findings"]
    if isinstance(listed, list):
        for entry, name in zip(listed, files, strict=False):
            entry["where"] = {"file": name, **entry["where"]}
    return Result(media.JSON, json.dumps(problem, ensure_ascii=False, indent=1).encode() + b"\n")


def profiles() -> tuple[str, ...]:
    """The names of the profiles by which a document can be checked."""
    from kogge import rules

    return tuple(rules.profiles())
