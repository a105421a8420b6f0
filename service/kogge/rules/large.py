"""The check of a large graph: the store finds the suspects, pySHACL judges those alone.

It finds what `judge.check` finds, word for word; for a few hundred triples that one is faster.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from typing import Final, TypeAlias

import pyoxigraph as ox
import rdflib
from rdflib import SH
from rdflib.term import Node

from kogge.rules import findings
from kogge.rules.facts import Facts
from kogge.rules.findings import Finding
from kogge.rules.judge import Aims, judge
from kogge.rules.profiles import known_to, shapes_of
from kogge.rules.suspects import suspects

# What is told while it runs: the step, how much of it is done, of how much.
Told: TypeAlias = Callable[[str, int, int], None]

_AT_ONCE: Final = 2000  # verdicts that pySHACL is asked for in one go


def check_large(
    data: Iterable[ox.Triple | ox.Quad],
    profile: str,
    lang: str = "en",
    context: rdflib.Graph | None = None,
    *,
    lines: Iterable[str] = (),
    told: Told = lambda _step, _done, _of: None,
) -> list[Finding]:
    """What the profile finds in the data, as `judge.check` says it, for data of any size that fits in memory.

    In which named graph a statement is does not matter. `lines` are the Turtle of the data, if it is that;
    `told` hears of the steps "find" and "judge". Raises BadRequest for an unknown profile.
    """
    graph, aims = _suspected(data, profile, context, told)
    said: list[Finding] = []
    done, of = 0, _size(aims)
    for portion in _portions(aims, _AT_ONCE):
        said += judge(graph, profile, portion, lang)
        done += _size(portion)
        told("judge", done, of)
    return findings.ordered(said, lines)


def check_flood(
    data: Iterable[ox.Triple | ox.Quad],
    profile: str,
    lang: str = "en",
    context: rdflib.Graph | None = None,
    *,
    most: int = findings.MAX_LISTED,
) -> tuple[list[Finding], int]:
    """At least the first `most` of what `check_large` finds, or all of it; and how many there are in all.

    As soon as these are known the judge is asked no more: a thing that a query found to break a rule counts
    once for that rule then. No violation is among what is left while others than violations are listed.
    Raises as `check_large`.
    """
    graph, aims = _suspected(data, profile, context, lambda *_: None)
    said: list[Finding] = []
    left = 0
    by_rank: dict[int, dict[Node, set[Node]]] = {}
    for shape, things in aims.items():
        by_rank.setdefault(_rank(shape, profile), {})[shape] = things
    for rank, ranked in sorted(by_rank.items()):
        for portion in _portions(ranked, most):
            enough = said if rank else [each for each in said if each.severity == findings.SEVERITIES[0]]
            if len(enough) >= most:
                left += _size(portion)
            else:
                said += judge(graph, profile, portion, lang)
    listed = findings.ordered(said)
    return listed, len(listed) + left


def _suspected(
    data: Iterable[ox.Triple | ox.Quad], profile: str, context: rdflib.Graph | None, told: Told
) -> tuple[rdflib.Graph, Aims]:
    """All that can be looked up, and which things are suspects of which shapes."""
    facts = Facts()
    for graph in known_to(profile, context):
        facts.know(graph)
    facts.judge(data)
    aims: defaultdict[Node, set[Node]] = defaultdict(set)
    for asked, (found, left) in enumerate(suspects(facts, profile), 1):
        for shape, things in found.items():
            aims[shape] |= things
        told("find", asked, asked + left)
    return facts.graph(), aims


@cache
def _rank(shape: Node, profile: str) -> int:
    """The worst that a shape or a part of it can find: 0 for a violation, which is the default."""
    shapes = shapes_of(profile)
    within = [each for each in shapes.transitive_objects(shape, SH.property) if each]
    said = {shapes.value(each, SH.severity, default=SH.Violation) for each in within}
    return min(rank for rank, name in enumerate(findings.SEVERITIES) if SH[name.capitalize()] in said)


def _size(aims: Aims) -> int:
    """How many verdicts these are."""
    return sum(map(len, aims.values()))


def _portions(aims: Aims, at_once: int) -> Iterator[Aims]:
    """The aims, some things at a time, in the order of findings."""
    by_thing: defaultdict[Node, list[Node]] = defaultdict(list)
    for shape, things in aims.items():
        for thing in things:
            by_thing[thing].append(shape)
    portion: defaultdict[Node, set[Node]] = defaultdict(set)
    size = 0
    for thing, shapes in sorted(by_thing.items(), key=lambda each: str(each[0])):
        for shape in shapes:
            portion[shape].add(thing)
        size += len(shapes)
        if size >= at_once:
            yield portion
            portion, size = defaultdict(set), 0
    if portion:
        yield portion
