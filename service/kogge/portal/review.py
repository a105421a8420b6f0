"""Level 6, portal, review: what a contribution changes, as people read it: things and properties by name."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

from pyoxigraph import BlankNode, Literal, NamedNode, RdfFormat, Triple

from kogge import names, syntax
from kogge.contribution import columns, lists
from kogge.contribution.lists import Known
from kogge.versions import Difference

_LABEL: Final = names.SKOS + "prefLabel"
_TYPE: Final = names.RDF + "type"
# A thing: what a graph says of itself is no title.
_THING: Final = rb"^<(?!" + re.escape(names.GRAPH).encode() + rb")[^>]+> <"
_TITLE: Final = re.compile(
    _THING + re.escape(_LABEL).encode() + rb'> ("(?:[^"\\]|\\.)*")@([a-z]{2}) \.$', re.MULTILINE
)
_TOPIC: Final = re.compile(
    rb"^<[^>]+> <" + re.escape(names.KOGGE + "topic").encode() + rb"> <([^>]+)> \.$", re.MULTILINE
)
_PAGES: Final = (names.ID, names.TOPIC)  # what has a page of its own
_BESIDE: Final = ("document", "instant", "interval")  # kinds that are made together with another thing
_FIRST: Final = (_TYPE, _LABEL, names.DCTERMS + "title")
# By these a thing without a name of its own is called: a membership by who is a member, and of what.
_CALLED: Final = (
    "http://www.w3.org/ns/org#member",
    "http://www.w3.org/ns/org#organization",
    names.PROV + "wasAttributedTo",
)


@dataclass(frozen=True)
class Said:
    """One value: its text, the language of the text, and the address if it names a thing."""

    text: str
    lang: str = ""
    iri: str = ""


@dataclass(frozen=True)
class Line:
    """A property by its name, and its values before and after."""

    name: str
    before: tuple[Said, ...]
    after: tuple[Said, ...]


@dataclass(frozen=True)
class Change:
    """A thing of which something changes. `state` is new, gone or changed."""

    iri: str
    title: str
    state: str
    lines: tuple[Line, ...]


def changes(difference: Difference, content: bytes, lang: str) -> tuple[Change, ...]:
    """What changes in a graph, thing by thing, without what the graph says of itself.

    `content` is what it is to say, as N-Triples: there stand the names of things that stay as they are.
    """
    removed, added = _read(difference.removed), _read(difference.added)
    stays = syntax.parse(content, RdfFormat.N_TRIPLES, keep_labels=True)
    known = lists.facts().extended([*stays, *removed])
    after_all = {str(triple.subject) for triple in stays}
    before: dict[str, dict[str, list[Triple]]] = _sorted(removed)
    after: dict[str, dict[str, list[Triple]]] = _sorted(added)
    whole = {str(triple.subject) for triple in set(stays) - set(added)}
    typed = {str(triple.subject) for triple in stays if triple.predicate.value == _TYPE}
    every = _sorted([*stays, *removed])
    found = []
    for subject in dict.fromkeys([*after, *before]):
        iri = subject.strip("<>")
        if iri == difference.graph:
            continue
        was = subject in whole or subject in before
        was = was or subject not in typed  # it is told of elsewhere
        state = "gone" if subject not in after_all else "changed" if was else "new"
        said = (*before[subject][_TYPE], *after[subject][_TYPE])
        unsaid = _unsaid(iri) | {_TYPE for each in said if not _named(each.object, known, lang)}
        paths = sorted({*before[subject], *after[subject]} - unsaid, key=_order)
        lines = tuple(
            Line(
                _name(path, known, lang),
                _values(before[subject][path], known, lang),
                _values(after[subject][path], known, lang),
            )
            for path in paths
        )
        found.append(Change(iri, _title(iri, every[subject], known, lang), state, lines))
    return tuple(sorted(found, key=lambda change: names.kind_of(change.iri) in _BESIDE))


def title(content: bytes, graph: str, lang: str) -> str:
    """What a content in canonical N-Triples is about: its name, else its topic, else that of its graph."""
    texts = {found[2].decode(): found[1] for found in reversed([*_TITLE.finditer(content)])}
    for each in (lang, *names.LANGUAGES):
        if each in texts:
            return str(json.loads(texts[each], strict=False))
    if found := _TOPIC.search(content):
        return lists.facts().label(found[1].decode(), lang)
    return graph.rpartition("/")[2]


def _title(iri: str, said: Mapping[str, Sequence[Triple]], known: Known, lang: str) -> str:
    """What a thing is called, else what it joins, else its slug; `said` is all that is said, by property."""
    if (label := known.label(iri, lang)) != names.slug_of(iri):
        return label
    ends = [said[path][0].object for path in _CALLED if said.get(path)]
    return " – ".join(known.label(end.value, lang) for end in ends if isinstance(end, NamedNode)) or label


def _named(term: object, known: Known, lang: str) -> bool:
    """Whether a class has a name that people read: some of others have none here."""
    return isinstance(term, NamedNode) and known.label(term.value, lang) != names.slug_of(term.value)


def _unsaid(iri: str) -> set[str]:
    """What the heading of a thing says already: that a document is one."""
    return {_TYPE} if names.kind_of(iri) in _BESIDE else set()


def _read(turtle: str) -> list[Triple]:
    return syntax.parse(turtle.encode(), RdfFormat.TURTLE, keep_labels=True)


def _sorted(triples: Iterable[Triple]) -> dict[str, dict[str, list[Triple]]]:
    found: dict[str, dict[str, list[Triple]]] = defaultdict(lambda: defaultdict(list))
    for triple in triples:
        found[str(triple.subject)][triple.predicate.value].append(triple)
    return found


def _order(path: str) -> tuple[int, int, str]:
    order = [*_FIRST, *_called()]
    return (0, order.index(path), path) if path in order else (1, 0, path)


def _name(path: str, known: Known, lang: str) -> str:
    """What a property is called: as in the form, else in our vocabulary, else by the end of its address."""
    said = _called().get(path)
    return said.get(lang, "") if said else known.label(path, lang).rpartition("#")[2].rpartition("/")[2]


@cache
def _called() -> Mapping[str, columns.Words]:
    """Property → what the forms call it; what is said of the thing itself comes before what lies beyond."""
    every = [column for kind in columns.kinds().values() for column in kind.columns if not column.inverse]
    called: dict[str, columns.Words] = {}
    for column in sorted(every, key=lambda each: len(each.steps)):
        called.setdefault(column.predicate, column.name)
        for step in column.steps:
            called.setdefault(step, column.name)
    return called


def _values(triples: Iterable[Triple], known: Known, lang: str) -> tuple[Said, ...]:
    said = (_said(each.object, known, lang) for each in triples)
    return tuple(sorted(said, key=lambda each: (each.lang, each.text)))


def _said(term: object, known: Known, lang: str) -> Said:
    if isinstance(term, Literal):
        return Said(term.value, term.language or "")
    if isinstance(term, BlankNode):
        return Said("…")
    iri = term.value if isinstance(term, NamedNode) else str(term)
    label = known.label(iri, lang)
    ours = iri.startswith(names.BASE)
    text = label if ours or label != names.slug_of(iri) else iri.removeprefix("mailto:").removeprefix("tel:")
    return Said(text, "", iri if not ours or iri.startswith(_PAGES) else "")
