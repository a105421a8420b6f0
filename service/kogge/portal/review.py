"""Level 6, portal, review: what a contribution changes, as people read it: things and properties by name."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
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
# Points in time and periods have no name of their own: they are told by their dates.
_TIMES: Final = ("instant", "interval")
_BESIDE: Final = ("document", *_TIMES)  # kinds that are made together with another thing
_WHEN: Final = (names.DCTERMS + "date", names.SKOS + "note")  # the date, else why there is none
_BEGINNING, _END = (f"http://www.w3.org/2006/time#{end}" for end in ("hasBeginning", "hasEnd"))
_FIRST: Final = (_TYPE, _LABEL, names.DCTERMS + "title")
# By these a thing without a name of its own is called: a membership by who is a member, and of what.
_CALLED: Final = (
    "http://www.w3.org/ns/org#member",
    "http://www.w3.org/ns/org#organization",
    names.PROV + "wasAttributedTo",
)

_Told = Mapping[str, Mapping[str, Sequence[Triple]]]  # what is said: thing, property, statements


@dataclass(frozen=True)
class Said:
    """One value: its text, the language of the text, and the address if it names a thing.

    Of a period the text is its beginning, and `end` its end; what is not known of it is empty.
    """

    text: str
    lang: str = ""
    iri: str = ""
    end: str | None = None


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
    title: Said
    state: str
    lines: tuple[Line, ...]

    @property
    def kind(self) -> str:
        """The kind in its IRI: `project`."""
        return names.kind_of(self.iri)


def changes(difference: Difference, content: bytes, lang: str) -> tuple[Change, ...]:
    """What changes in a graph, thing by thing, without what the graph says of itself.

    `content` is what it is to say, as N-Triples: there stand the names of things that stay as they are.
    """
    removed, added = _read(difference.removed), _read(difference.added)
    stays = syntax.parse(content, RdfFormat.N_TRIPLES, keep_labels=True)
    known = lists.facts().extended([*stays, *removed])
    after_all = {str(triple.subject) for triple in stays}
    before, after = _sorted(removed), _sorted(added)
    kept = set(stays) - set(added)
    whole = {str(triple.subject) for triple in kept}
    then, now = _sorted([*removed, *kept]), _sorted(stays)
    typed = {str(triple.subject) for triple in stays if triple.predicate.value == _TYPE}
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
                _values(before[subject][path], known, lang, then),
                _values(after[subject][path], known, lang, now),
            )
            for path in paths
        )
        known_of = now if subject in after_all else then
        found.append(Change(iri, _title(iri, known_of, known, lang), state, lines))
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


def _title(iri: str, told: _Told, known: Known, lang: str) -> Said:
    """What a thing is called, else when it is, else what it joins, else its slug."""
    if (label := known.label(iri, lang)) != names.slug_of(iri):
        return Said(label)
    said = told.get(f"<{iri}>", {})
    ends = [said[path][0].object for path in _CALLED if said.get(path)]
    joined = " – ".join(known.label(end.value, lang) for end in ends if isinstance(end, NamedNode))
    return _time(iri, told, lang) or Said(joined or label)


def _time(iri: str, told: _Told, lang: str) -> Said | None:
    """A point in time or a period by its dates, as far as they are told; None for anything else."""
    if names.kind_of(iri) != "interval":
        return _moment(iri, told, lang)
    said = told.get(f"<{iri}>", {})
    limits = [next((each.object for each in said.get(path, ())), None) for path in (_BEGINNING, _END)]
    begin, end = (_moment(each.value, told, lang) if isinstance(each, NamedNode) else None for each in limits)
    if begin is None and end is None:
        return None
    return replace(begin or Said(""), end=end.text if end else "")


def _moment(iri: str, told: _Told, lang: str) -> Said | None:
    """A point in time by its date, else by the note why there is none."""
    if names.kind_of(iri) != "instant":
        return None
    said = told.get(f"<{iri}>", {})
    for path in _WHEN:
        if texts := [each.object for each in said.get(path, ()) if isinstance(each.object, Literal)]:
            best = min(texts, key=lambda text: (text.language not in (lang, None), text.value))
            return Said(best.value, best.language or "")
    return None


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


def _values(triples: Iterable[Triple], known: Known, lang: str, told: _Told) -> tuple[Said, ...]:
    said = (_said(each.object, known, lang, told) for each in triples)
    return tuple(sorted(said, key=lambda each: (each.lang, each.text)))


def _said(term: object, known: Known, lang: str, told: _Told) -> Said:
    if isinstance(term, Literal):
        return Said(term.value, term.language or "")
    if isinstance(term, BlankNode):
        return Said("…")
    iri = term.value if isinstance(term, NamedNode) else str(term)
    if (time := _time(iri, told, lang)) is not None:
        return time
    label = known.label(iri, lang)
    ours = iri.startswith(names.BASE)
    text = label if ours or label != names.slug_of(iri) else iri.removeprefix("mailto:").removeprefix("tel:")
    return Said(text, "", iri if not ours or iri.startswith(_PAGES) else "")
