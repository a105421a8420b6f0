"""Level 4, derivation: graphs are replaced, and what follows from them is brought up to date, at once.

`questions.derive` makes all derived facts anew, which takes as long as there are facts. Here only what
follows from the things that a change touches is derived again, in the transaction of the change, so that it
takes as long as the change is large. Each rule says in its file about what it derives, and how that is
reached from what was changed:

* a comment `# each ?thing` stands where a `VALUES` clause may restrict the rule to some things;
* `reached` are the paths (SPARQL 1.1, 9.1: `/` and `^` alone) that lead to such a thing from one of which
  something else is said than before, beside that thing itself;
* `reached_by_class` are those that matter only where the class of that one is another.

What follows from a thing must not depend on anything else. A test holds both ways of deriving together.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from pyoxigraph import Literal, NamedNode, QuerySolutions, QueryTriples, Triple

from kogge import names, questions, syntax
from kogge.questions import Question
from kogge.store.base import Store, Term

MOST: Final = 20_000  # changed things from which on all is derived anew

_EACH: Final = re.compile(r"# each \?(\w+)")
_TYPE: Final = NamedNode(names.RDF + "type")
_ISSUED: Final = NamedNode(names.DCTERMS + "issued")
_DATASET: Final = NamedNode("http://rdfs.org/ns/void#Dataset")
_EVIDENCE: Final = NamedNode(names.KOGGE + "evidence")
# Whom and what a statement is about beside its subject: who has something, and as which evidence.
_ABOUT: Final = (_EVIDENCE, NamedNode(names.KOGGE + "holder"), NamedNode("http://www.w3.org/ns/org#member"))
_DERIVED: Final = NamedNode(names.DERIVED_GRAPH)


@dataclass(frozen=True, slots=True)
class Changed:
    """What a change touched: the things (IRIs) of which something else is said or follows than before, each
    with the predicates (IRIs) by which something else is said of it itself; and whom or what it is said of:
    holders, members, evidence.

    None: nobody kept count; everything may be another.
    """

    things: Mapping[str, frozenset[str]] | None

    @classmethod
    def all(cls, changes: Iterable[Changed]) -> Changed:
        """Several changes as one."""
        things: dict[str, frozenset[str]] = {}
        for change in changes:
            if change.things is None:
                return cls(None)
            for iri, predicates in change.things.items():
                things[iri] = things.get(iri, frozenset()) | predicates
        return cls(things)


def replace(store: Store, graphs: Mapping[str, Collection[Triple]]) -> Changed:
    """Makes the triples the content of these graphs and derives what follows; it is seen all at once.

    The derived facts must be those of the store before (`questions.derive`, or this). What is equal to what
    was there costs nothing, but a graph must be given as a whole.
    """
    removed, added = set[Triple](), set[Triple]()
    for iri, triples in graphs.items():
        old, new = set(store.graph(iri)), set(triples)
        removed |= old - new
        added |= new - old
    touched = {triple.subject for triple in removed | added if isinstance(triple.subject, NamedNode)}
    if len(touched) > MOST:
        with store.changing():
            store.replace_graphs(graphs)
            questions.derive(store)
        return Changed(None)
    change = _Change(store, removed, added, touched)
    rules = [rule for rule in questions.all_questions("rules") if _EACH.search(rule.text)]
    about = [(rule, change.reached(rule)) for rule in rules]
    gone = change.followed(about)
    dated = change.dated()
    with store.changing():
        store.replace_graphs(graphs)
        if touched:
            come = {triple for each in about for triple in _made(store, _restricted(*each))}
            store.amend(names.DERIVED_GRAPH, gone, come)
        if dated:
            known = {Triple(_DERIVED, _ISSUED, date) for date in dated.known}
            latest = dated.latest or questions.load("rules/header-issued").text
            fresh = _made(store, latest) if isinstance(latest, str) else {Triple(_DERIVED, _ISSUED, latest)}
            store.amend(names.DERIVED_GRAPH, known, fresh)
    return Changed(_told(removed | added, set[Term]().union(*(found for _, found in about))))


def _told(changed: Iterable[Triple], reached: Iterable[Term]) -> dict[str, frozenset[str]]:
    """The things of a difference, and those from which something else may follow (`Changed`)."""
    predicates: dict[str, set[str]] = {it.value: set() for it in reached if isinstance(it, NamedNode)}
    for triple in changed:
        if isinstance(triple.subject, NamedNode):
            predicates.setdefault(triple.subject.value, set()).add(triple.predicate.value)
        if triple.predicate in _ABOUT and isinstance(triple.object, NamedNode):
            predicates.setdefault(triple.object.value, set())
    return {iri: frozenset(said) for iri, said in predicates.items()}


@dataclass(frozen=True)
class _Dated:
    """The dates that the derived graph has, and the one that it gets, where it is known beforehand."""

    known: set[Term]
    latest: Term | None = None


class _Change:
    """The difference, seen from the store before it: what it leads to, and what follows no longer."""

    def __init__(
        self, store: Store, removed: set[Triple], added: set[Triple], touched: Collection[Term]
    ) -> None:
        self._store = store
        self._removed, self._added = removed, added
        self._touched = set(touched)
        self._classed = {triple.subject for triple in removed | added if triple.predicate == _TYPE}
        self._steps: dict[tuple[str, frozenset[Term]], set[Term]] = {}

    def reached(self, rule: Question) -> set[Term]:
        """The things from which by a rule something else may follow than before."""
        found = set(self._touched)
        for start, paths in ((self._touched, rule.reached), (self._classed, rule.reached_by_class)):
            for path in paths:
                level: set[Term] = set(start)
                for step in path.split("/"):
                    level = self._step(step, frozenset(level))
                found |= level
        return found

    def _step(self, step: str, start: frozenset[Term]) -> set[Term]:
        """Where a step leads to, before or after the change."""
        if (step, start) not in self._steps:
            self._steps[step, start] = set(self._stepped(step, start)) if start else set()
        return self._steps[step, start]

    def _stepped(self, step: str, start: frozenset[Term]) -> Iterator[Term]:
        prefix, _, local = step.removeprefix("^").partition(":")
        predicate = NamedNode(syntax.prefixes()[prefix] + local)
        back = step.startswith("^")
        pattern = f"?to {predicate} ?from" if back else f"?from {predicate} ?to"
        text = f"SELECT DISTINCT ?to WHERE {{ VALUES ?from {{ {_listed(start)} }} {pattern} }}"
        rows = self._store.query(text)
        if isinstance(rows, QuerySolutions):
            yield from (row["to"] for row in rows)
        for triple in self._added:
            here, there = (triple.object, triple.subject) if back else (triple.subject, triple.object)
            if triple.predicate == predicate and here in start:
                yield there

    def followed(self, about: Collection[tuple[Question, set[Term]]]) -> set[Triple]:
        """What by each rule followed from its things before the change.

        An expertise that names two things as evidence (their names make the same IRI) depends on both: the
        other is added.
        """
        while True:
            found = {triple for rule, things in about for triple in self._followed(rule, things)}
            evidence = {triple.subject for triple in found if triple.predicate == _EVIDENCE}
            rows = self._store.query(
                f"SELECT DISTINCT ?twin WHERE {{ VALUES ?it {{ {_listed(evidence)} }}"
                f" GRAPH {_DERIVED} {{ ?it {_EVIDENCE} ?twin }} }}"
            )
            twins = {row["twin"] for row in rows} if isinstance(rows, QuerySolutions) else set()
            if all(twins <= things for _, things in about):
                return found
            for _, things in about:
                things |= twins

    def _followed(self, rule: Question, things: Collection[Term]) -> Iterator[Triple]:
        yield from _made(self._store, _restricted(rule, things))

    def dated(self) -> _Dated | None:
        """What becomes of the date of the derived graph, which is that of the newest graph; None: nothing.

        It is looked up among all graphs only where the newest takes its date back.
        """
        gone, come = set[Term](), set[Term]()
        dated = {
            triple.subject
            for triple in self._removed | self._added
            if triple.predicate == _ISSUED or triple.object == _DATASET
        }
        for it in dated:
            gone |= self._issued_before(it)
            come |= self._issued_after(it)
        if gone == come:
            return None
        known = self._objects(_DERIVED, _ISSUED)
        latest = max(come | known, key=_day, default=None)
        if all(map(_day, gone | come | known)) and known and (not known & gone or latest in come):
            return _Dated(known, latest)
        return _Dated(known)

    def _issued_before(self, it: Term) -> set[Term]:
        return self._objects(it, _ISSUED) if _DATASET in self._objects(it, _TYPE) else set()

    def _issued_after(self, it: Term) -> set[Term]:
        def after(predicate: NamedNode) -> set[Term]:
            said = self._objects(it, predicate)
            for triples, change in ((self._removed, said.discard), (self._added, said.add)):
                for triple in triples:
                    if triple.subject == it and triple.predicate == predicate:
                        change(triple.object)
            return said

        return after(_ISSUED) if _DATASET in after(_TYPE) else set()

    def _objects(self, it: Term, predicate: NamedNode) -> set[Term]:
        if not isinstance(it, NamedNode):
            return set()
        rows = self._store.query(f"SELECT ?value WHERE {{ {it} {predicate} ?value }}")
        return {row["value"] for row in rows} if isinstance(rows, QuerySolutions) else set()


def _day(date: Term) -> str:
    """A day, which can be compared with others as it is written; else nothing."""
    return date.value if isinstance(date, Literal) and date.datatype.value == names.XSD + "date" else ""


def _restricted(rule: Question, things: Iterable[Term]) -> str:
    """The rule for some things only."""
    listed = _listed(things)
    return _EACH.sub(lambda found: f"VALUES ?{found[1]} {{ {listed} }}", rule.text)


def _made(store: Store, text: str) -> set[Triple]:
    """What a rule makes of the store as it is."""
    triples = store.query(text)
    return set(triples) if isinstance(triples, QueryTriples) else set()


def _listed(terms: Iterable[Term]) -> str:
    return " ".join(sorted(str(term) for term in terms if isinstance(term, (NamedNode, Literal))))
