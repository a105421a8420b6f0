"""Conditions: each constraint component of SHACL Core that is used here as a SPARQL expression.

Each is true where a value, or all values of a property together, break the constraint as pySHACL has it, and
never an error, so that it can be negated and joined. What has no expression here is Untranslated.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import cache, partial
from itertools import combinations
from typing import TYPE_CHECKING, Final, TypeAlias

import pyoxigraph as ox
from rdflib import RDF, RDFS, SH, Literal
from rdflib.term import Node

from kogge.rules.facts import kept
from kogge.rules.terms import to_oxigraph

if TYPE_CHECKING:
    from kogge.rules.suspects import Translation

    OnValue: TypeAlias = Callable[[Translation, Node, str, Node], str]
    OnProperty: TypeAlias = Callable[[Translation, Node, str, str, Node], str]

_KINDS: Final = {
    str(SH.IRI): "isIRI({0})",
    str(SH.BlankNode): "isBlank({0})",
    str(SH.Literal): "isLiteral({0})",
    str(SH.BlankNodeOrIRI): "!isLiteral({0})",
    str(SH.BlankNodeOrLiteral): "!isIRI({0})",
    str(SH.IRIOrLiteral): "!isBlank({0})",
}
# The part of regular expressions that Python and Oxigraph read alike, but for `$`.
_ESCAPED: Final = r"\\(?:[tnr.\\/?*+()\[\]{}|^$-]|x[0-9A-Fa-f]{2})"
_CLASS: Final = rf"\[(?:{_ESCAPED}|(?!&&|--|~~)[^\[\]\\])+\]"
_REGEX: Final = re.compile(rf"(?:{_ESCAPED}|{_CLASS}|\((?!\?)|[^\\\[(])*")
_END: Final = re.compile(rf"({_ESCAPED}|{_CLASS})|\$")


class Untranslated(Exception):
    """A shape says something for which there is no query here."""


def sparql(of: Node) -> str:
    """A term in SPARQL, as the facts keep it."""
    return str(kept(to_oxigraph(of)))


# On each value (SHACL, sections 4.1, 4.3, 4.4, 4.6, 4.7, 4.8)


def _class(to: Translation, _shape: Node, value: str, parameter: Node) -> str:
    kind = to.fresh()
    listed = ", ".join(sorted(sparql(each) for each in to.below(parameter)))
    return f"NOT EXISTS {{ {value} {sparql(RDF.type)} {kind} FILTER({kind} IN ({listed})) }}"


def _datatype(_to: Translation, _shape: Node, value: str, parameter: Node) -> str:
    if parameter in (RDFS.Literal, RDFS.Datatype):
        raise Untranslated(f"the datatype {parameter}")
    return f"!COALESCE(DATATYPE({value}) = {sparql(parameter)}, false)"


def _kind(_to: Translation, _shape: Node, value: str, parameter: Node) -> str:
    return f"!({_KINDS[str(parameter)].format(value)})"


def _pattern(to: Translation, shape: Node, value: str, parameter: Node) -> str:
    flags = str(to.shapes.value(shape, SH.flags) or "")
    if flags not in ("", "i") or (flags and to.negated()):  # for Python, i means two letters more
        raise Untranslated(f"the flags {flags}")
    matched = f'REGEX(STR({value}), {_regex(str(parameter))}, "{flags}")'
    return f"(isBlank({value}) || !COALESCE({matched}, false))"


def _bound(operator: str, _to: Translation, _shape: Node, value: str, parameter: Node) -> str:
    return f"!COALESCE({value} {operator} {to_oxigraph(parameter)}, false)"


def _in(to: Translation, _shape: Node, value: str, parameter: Node) -> str:
    same = " || ".join(f"sameTerm({value}, {sparql(each)})" for each in to.listed(parameter))
    return f"!({same or 'false'})"


def _language(to: Translation, _shape: Node, value: str, parameter: Node) -> str:
    wanted = [str(each).lower() for each in to.listed(parameter)]
    if "*" in wanted:
        raise Untranslated("any language")
    listed = ", ".join(str(ox.Literal(each)) for each in wanted)
    main = f'STRBEFORE(CONCAT(LANG({value}), "-"), "-")'
    return f"!COALESCE(LANG({value}) IN ({listed}) || {main} IN ({listed}), false)"


def _not(to: Translation, _shape: Node, value: str, parameter: Node) -> str:
    return f"!({to.broken(parameter, value)})"


def _and(to: Translation, _shape: Node, value: str, parameter: Node) -> str:
    return "(" + " || ".join(f"({to.broken(each, value)})" for each in to.listed(parameter)) + ")"


def _or(to: Translation, _shape: Node, value: str, parameter: Node) -> str:
    return "(" + " && ".join(f"({to.broken(each, value)})" for each in to.listed(parameter)) + ")"


def _part(to: Translation, _shape: Node, value: str, parameter: Node) -> str:
    return to.broken(parameter, value)


ON_VALUE: Final[Mapping[Node, OnValue]] = {
    SH["class"]: _class,
    SH.datatype: _datatype,
    SH.nodeKind: _kind,
    SH.pattern: _pattern,
    SH.minInclusive: partial(_bound, ">="),
    SH.minExclusive: partial(_bound, ">"),
    SH.maxInclusive: partial(_bound, "<="),
    SH.maxExclusive: partial(_bound, "<"),
    SH["in"]: _in,
    SH.languageIn: _language,
    SH["not"]: _not,
    SH["and"]: _and,
    SH["or"]: _or,
    SH.property: _part,
}


# On all values of a property together (SHACL, sections 4.2, 4.4.5, 4.5.2, 4.7.3, 4.8.2)


def _at_least(to: Translation, way: str, number: int) -> str:
    values = [to.fresh() for _ in range(number)]
    steps = " . ".join(f"{way} {value}" for value in values)
    different = " && ".join(f"!sameTerm({one}, {other})" for one, other in combinations(values, 2))
    return f"EXISTS {{ {steps} FILTER({different or 'true'}) }}"


def _min(to: Translation, _shape: Node, _node: str, way: str, parameter: Node) -> str:
    number = int(str(parameter))
    return f"!{_at_least(to, way, number)}" if number else "false"


def _max(to: Translation, _shape: Node, _node: str, way: str, parameter: Node) -> str:
    return _at_least(to, way, int(str(parameter)) + 1)


def _unique(to: Translation, _shape: Node, _node: str, way: str, parameter: Node) -> str:
    if parameter != Literal(True):
        return "false"
    one, other = to.fresh(), to.fresh()
    same = f'LANG({one}) != "" && LANG({one}) = LANG({other}) && !sameTerm({one}, {other})'
    return f"EXISTS {{ {way} {one} . {way} {other} FILTER({same}) }}"


def _disjoint(to: Translation, _shape: Node, node: str, way: str, parameter: Node) -> str:
    value = to.fresh()
    return f"EXISTS {{ {way} {value} . {node} {sparql(parameter)} {value} }}"


def _has(_to: Translation, _shape: Node, _node: str, way: str, parameter: Node) -> str:
    return f"NOT EXISTS {{ {way} {sparql(parameter)} }}"


def _qualified(to: Translation, shape: Node, _node: str, way: str, parameter: Node) -> str:
    if list(to.shapes.objects(shape, SH.qualifiedMinCount)) != [Literal(1)]:
        raise Untranslated(f"the number of qualified values of {shape}")
    value = to.fresh()
    return f"NOT EXISTS {{ {way} {value} FILTER(!({to.broken(parameter, value)})) }}"


ON_PROPERTY: Final[Mapping[Node, OnProperty]] = {
    SH.minCount: _min,
    SH.maxCount: _max,
    SH.uniqueLang: _unique,
    SH.disjoint: _disjoint,
    SH.hasValue: _has,
    SH.qualifiedValueShape: _qualified,
}


@cache
def _regex(pattern: str) -> str:
    """The regular expression of a shape as a text in SPARQL. Raises Untranslated.

    In Python, by which pySHACL goes, `$` matches before a line feed at the end too.
    """
    text = str(ox.Literal(_END.sub(lambda match: match[1] or r"\n?$", pattern)))
    works = ox.Store().query(f'ASK {{ FILTER(COALESCE(REGEX("", {text}) || true, false)) }}')
    if not _REGEX.fullmatch(pattern) or not works:
        raise Untranslated(f"the pattern {pattern}")
    return text
