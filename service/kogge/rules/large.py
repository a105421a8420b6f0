"""The check of a large graph: the store finds the suspects, pySHACL judges those alone.

It finds what `judge.check` finds, word for word; for a few hundred triples that one is faster.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from typing import Final, TypeAlias

import pyoxigraph as ox
import rdflib
from rdflib.term import Node

from kogge.rules import findings
from kogge.rules.facts import Facts
from kogge.rules.findings import Finding
from kogge.rules.judge import Aims, judge
from kogge.rules.profiles import known_to
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
    facts = Facts()
    for graph in known_to(profile, context):
        facts.know(graph)
    facts.judge(data)
    aims: defaultdict[Node, set[Node]] = defaultdict(set)
    for asked, (found, left) in enumerate(suspects(facts, profile), 1):
        for shape, things in found.items():
            aims[shape] |= things
        told("find", asked, asked + left)
    graph, done, of = facts.graph(), 0, sum(map(len, aims.values()))
    said: list[Finding] = []
    for portion in _portions(aims):
        said += judge(graph, profile, portion, lang)
        done += sum(map(len, portion.values()))
        told("judge", done, of)
    return findings.ordered(said, lines)


def _portions(aims: Aims) -> Iterator[Aims]:
    """The aims, some things at a time."""
    by_thing: defaultdict[Node, list[Node]] = defaultdict(list)
    for shape, things in aims.items():
        for thing in things:
            by_thing[thing].append(shape)
    portion: defaultdict[Node, set[Node]] = defaultdict(set)
    size = 0
    for thing, shapes in by_thing.items():
        for shape in shapes:
            portion[shape].add(thing)
        size += len(shapes)
        if size >= _AT_ONCE:
            yield portion
            portion, size = defaultdict(set), 0
    if portion:
        yield portion
