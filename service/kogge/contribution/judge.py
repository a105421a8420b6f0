"""Level 5, contribution: one contribution, as it was sent → its content in canonical form, and what is wrong.

read → terms → own → the rules of the profile, with what the graph already says of the things concerned. Each
step is asked only where the one before found nothing, so that a rule never sees what it was not made for.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Final, TypeAlias

from pyoxigraph import Literal, NamedNode, Quad, Store, Triple

from kogge import media, names, rules, syntax
from kogge.contribution import lists, own, terms, wording
from kogge.contribution.known import known
from kogge.contribution.own import Rights
from kogge.contribution.places import Places, places
from kogge.contribution.read import LIMITS, Limits, read
from kogge.contribution.sheet import read_sheets
from kogge.contribution.told import Sheets, with_rules
from kogge.media import MediaType
from kogge.rules import Finding, Where

PROFILE: Final = "contribution"
_WORDS: Final = "vocabulary"
# Rules that a value breaks by standing beside another, which may be one of another graph.
_ONE_PER_LANGUAGE: Final = "sh:UniqueLangConstraintComponent"
_BESIDE: Final = ("sh:MaxCountConstraintComponent", _ONE_PER_LANGUAGE)
_MANY: Final = 100  # triples: from about here on the store finds suspects faster than pySHACL judges all
_SHOWN: Final = 3  # how many values of another graph a finding repeats


@dataclass(frozen=True)
class Sent:
    """What was sent: bytes of a type, for a graph (an IRI), with these rights; the language of the answer.

    Rows of a table are graphs of their own; with `into` its one row is for that graph. `name` is what errors
    call the document.
    """

    body: bytes
    media: MediaType
    graph: str
    rights: Rights
    lang: str = "en"
    name: str = "The document"
    into: bool = False


@dataclass(frozen=True)
class Content:
    """What one graph would say: canonical N-Triples, and the cells of a table that said it."""

    graph: str
    content: bytes
    cells: Mapping[tuple[str, str], Where] = field(default_factory=dict)


@dataclass(frozen=True)
class Judged:
    """The graphs that were sent, and the findings, the worst first: at most `rules.MAX_LISTED` of `total`.

    Of a flood of findings what is not listed counts once for each thing and rule.

    `refused`: something must change before it can be staged; `forbidden`: it is not the caller's word.
    """

    graphs: tuple[Content, ...]
    findings: tuple[Finding, ...]
    total: int
    refused: bool
    forbidden: bool


@dataclass(frozen=True)
class _Part:
    """One graph of what was sent; `places` is asked only where there is something to say."""

    graph: str
    triples: list[Triple]
    places: Callable[[], Places]
    cells: Mapping[tuple[str, str], Where] = field(default_factory=dict)


_Found: TypeAlias = tuple[Finding, _Part | None]


def judge(sent: Sent, store: Store, limits: Limits = LIMITS) -> Judged:
    """Judges what was sent, by what the store says. Raises as `read` and `read_sheets`, for unreadable files.

    A graph that is sent takes the place of its older version, of which nothing is looked up.
    """
    parts, sheets = _parts(sent, limits, store)
    forbidden = False
    findings = _each(parts, lambda part: terms.unfit(part.triples, sent.lang, limits))
    if not findings:
        findings = _each(parts, lambda part: own.foreign(part.triples, part.graph, sent.rights, sent.lang))
        forbidden = bool(findings)
        findings += _each(parts, lambda part: own.meddling(part.triples, part.graph, sent.rights, sent.lang))
    uncounted = 0
    if not findings:
        findings, uncounted = _ruled(parts, sent, store)
    if sheets is not None:
        placed = (_placed(*found) for found in findings)
        findings = [(each, None) for each in with_rules(sheets, placed, sent.lang)]
    return Judged(
        graphs=tuple(Content(part.graph, syntax.canonical(part.triples), part.cells) for part in parts),
        findings=tuple(_placed(*each) for each in findings[: rules.MAX_LISTED]),
        total=len(findings) + uncounted,
        refused=rules.refused(finding for finding, _ in findings),
        forbidden=forbidden,
    )


def _parts(sent: Sent, limits: Limits, store: Store) -> tuple[list[_Part], Sheets | None]:
    """The graphs in what was sent, one per document or row of a table, and the table."""
    if sent.media in media.SHEETS:
        sheets = read_sheets(sent.body, sent.media, sent.rights, sent.lang, lists.in_store(store))
        rows = sheets.things
        if sent.into and len(rows) == 1:
            rows = (replace(rows[0], graph=sent.graph),)
        return [_Part(row.graph, row.triples, cache(row.places), row.cells) for row in rows], sheets
    triples = terms.composed(read(sent.body, sent.media, limits, name=sent.name))
    return [_Part(sent.graph, triples, cache(lambda: places(sent.body, sent.media)))], None


def _each(parts: Sequence[_Part], look: Callable[[_Part], list[Finding]]) -> list[_Found]:
    """The findings in each part."""
    return [(finding, part) for part in parts for finding in look(part)]


def _ruled(parts: Sequence[_Part], sent: Sent, store: Store) -> tuple[list[_Found], int]:
    """What the rules find in all parts together, which may point to each other; and how much more there is.

    Of what is large pySHACL judges only what may be wrong (`rules.check_flood`), which it says just the same.
    """
    said = [triple for part in parts for triple in part.triples]
    profile = _WORDS if sent.graph in (names.ONTOLOGY_GRAPH, names.TOPICS_GRAPH) else PROFILE
    found = known(store, said, {part.graph for part in parts}, rules.inverse(profile))
    context = rules.to_rdflib(found)
    if len(said) > _MANY:
        ruled, total = rules.check_flood(said, profile, sent.lang, context)
    else:
        ruled = rules.check(rules.to_rdflib(said), profile, sent.lang, context)
        total = len(ruled)
    of = {str(triple.subject): part for part in parts for triple in part.triples}
    beside = _Beside(said, found, sent.lang)
    findings = [(beside.told(each), of.get(f"<{each.subject}>")) for each in ruled]
    return findings, total - len(ruled)


class _Beside:
    """Tells of values of other graphs beside which those of a contribution stand, where one is too many."""

    def __init__(self, said: Iterable[Triple], found: Iterable[Quad], lang: str) -> None:
        self._lang = lang
        self._said: defaultdict[object, list[Triple]] = defaultdict(list)
        self._found: defaultdict[object, list[Quad]] = defaultdict(list)
        for triple in said:
            self._said[triple.subject].append(triple)
        for quad in found:
            self._found[quad.subject].append(quad)

    def told(self, finding: Finding) -> Finding:
        """The finding, with the graphs that have such values."""
        if finding.component not in _BESIDE:
            return finding
        predicates = {NamedNode(iri) for iri in rules.predicates(finding.path or "")}
        subject = NamedNode(finding.subject)
        ours = {each.object for each in self._said[subject] if each.predicate in predicates}
        languages = {each.language for each in ours if isinstance(each, Literal)}
        others: dict[str, list[str]] = {}
        for quad in self._found[subject]:
            if quad.predicate not in predicates or quad.object in ours:
                continue
            alike = isinstance(quad.object, Literal) and quad.object.language in languages
            if finding.component == _ONE_PER_LANGUAGE and not alike:
                continue
            others.setdefault(str(quad.graph_name), []).append(terms.shown(quad.object))
        added = [
            wording.text("Beside", self._lang, graph=graph, values=", ".join(sorted(values)[:_SHOWN]))
            for graph, values in sorted(others.items())
        ]
        return replace(finding, message=" ".join([finding.message, *added]))


def _placed(finding: Finding, part: _Part | None) -> Finding:
    """The finding with the place of what it is about."""
    if part is None:
        return finding
    value = None if finding.value is None else rules.plain(finding.value)
    return replace(
        finding, where=part.places().at(finding.subject, rules.predicates(finding.path or ""), value)
    )
