"""Level 5, contribution: what the terms of a contribution may hold; rdflib sees none before that is known."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from typing import Final

from pyoxigraph import BlankNode, Literal, NamedNode, Triple

from kogge import names, turtle
from kogge.contribution import wording
from kogge.contribution.jsonld import RELATIVE
from kogge.contribution.read import LIMITS, Limits
from kogge.rules import Finding

_SCHEMES: Final = ("https", "http", "mailto", "tel", "urn")
_WEB: Final = ("https", "http")
_SHOWN: Final = 120  # characters of a value that a finding repeats
_LANGUAGE: Final = 35  # RFC 5646, section 4.4.1
# Not shown and not harmless: C0 without tab and line ends, non-characters, and what turns the writing round.
_UNSEEN: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffe\uffff\u202a-\u202e\u2066-\u2069]")
_ZONE: Final = r"(?:Z|[+-][0-9]{2}:[0-9]{2})?"
# Datatype → what its values look like (XML Schema 1.1, part 2), short enough to be numbers, and an example.
_FORMS: Final = {
    names.XSD + name: (re.compile(form), example)
    for name, form, example in (
        ("boolean", "true|false|1|0", "true"),
        ("integer", "[+-]?[0-9]{1,18}", "42"),
        ("nonNegativeInteger", r"\+?[0-9]{1,18}", "42"),
        ("positiveInteger", r"\+?[0-9]{1,18}", "42"),
        ("decimal", r"[+-]?(?:[0-9]{1,18}(?:\.[0-9]{0,18})?|\.[0-9]{1,18})", "53.87"),
        ("double", r"[+-]?(?:[0-9]{1,18}(?:\.[0-9]{0,18})?|\.[0-9]{1,18})(?:[eE][+-]?[0-9]{1,3})?", "5.3E1"),
        ("date", "[0-9]{4}-[0-9]{2}-[0-9]{2}" + _ZONE, "2026-05-31"),
        ("gYear", "[0-9]{4}" + _ZONE, "2026"),
        ("gYearMonth", "[0-9]{4}-[0-9]{2}" + _ZONE, "2026-05"),
        ("gMonthDay", "--[0-9]{2}-[0-9]{2}" + _ZONE, "--05-31"),
        (
            "dateTime",
            r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,9})?" + _ZONE,
            "2026-05-31T18:00:00",
        ),
        ("anyURI", r"\S{1,2000}", "https://www.luebeck.de/"),
    )
}
_TEXTS: Final = (names.XSD + "string", names.RDF + "langString")


def composed(triples: Iterable[Triple]) -> list[Triple]:
    """The triples with all texts in composed characters (Unicode NFC): as one types ü, not u and two dots.

    Some systems write the other form without being asked; a search would not find it.
    """
    return [
        Triple(triple.subject, triple.predicate, _composed(triple.object))
        if isinstance(triple.object, Literal)
        else triple
        for triple in triples
    ]


def unfit(triples: Iterable[Triple], lang: str = "en", limits: Limits = LIMITS) -> list[Finding]:
    """What is wrong with terms, in the order of the triples; the same fault of the same term is told once."""
    looked: set[object] = set()
    found: dict[Finding, None] = {}
    for triple in triples:
        subject = _subject(triple.subject)
        for term, web in ((triple.subject, False), (triple.predicate, True), (triple.object, False)):
            key = (triple.subject, term) if isinstance(term, Literal) else (term, web)
            if key in looked:
                continue
            looked.add(key)
            for rule, fill in _faults(term, web, limits):
                value = None if term == triple.subject else shown(term)
                told = term != triple.subject and len(triple.predicate.value) <= LIMITS.iri
                said = turtle.short(triple.predicate) if told else None
                found[wording.finding(rule, lang, subject, said, value, **fill)] = None
    return list(found)


def shown(term: NamedNode | BlankNode | Literal | Triple) -> str:
    """A term as a finding shows it: in Turtle, not longer than a line, and with nothing unseen."""
    if isinstance(term, Literal):
        text = _UNSEEN.sub(lambda match: f"U+{ord(match[0]):04X}", term.value)
        text = text if len(text) <= _SHOWN else text[:_SHOWN] + "…"
        if term.language:
            return str(Literal(text, language=term.language[:_LANGUAGE]))
        return turtle.short(Literal(text, datatype=term.datatype))
    if isinstance(term, NamedNode) and len(term.value) <= _SHOWN:
        return turtle.short(term)
    if isinstance(term, NamedNode):
        return str(Literal(term.value[:_SHOWN] + "…"))
    return str(Literal("[ ]" if isinstance(term, BlankNode) else "<<( … )>>"))


def _faults(term: object, web: bool, limits: Limits) -> Iterator[tuple[str, dict[str, object]]]:
    """The rules that a term breaks, and with what their texts are filled; `web`: it must be looked up."""
    if isinstance(term, BlankNode):
        yield "Term-blank", {}
    elif isinstance(term, Triple):
        yield "Term-triple", {}
    elif isinstance(term, NamedNode):
        yield from _iri_faults(term.value, _WEB if web else _SCHEMES, limits)
    elif isinstance(term, Literal):
        yield from _literal_faults(term, limits)


def _iri_faults(
    iri: str, schemes: tuple[str, ...], limits: Limits
) -> Iterator[tuple[str, dict[str, object]]]:
    if len(iri.encode()) > limits.iri:
        yield "Term-long-iri", {"most": f"{limits.iri:,}"}
        return
    if iri.startswith(RELATIVE):
        yield "Term-relative", {}
        return
    if unseen := _unseen(iri):
        yield "Term-characters", {"characters": unseen}
    scheme, rest = iri.partition(":")[::2]
    if scheme.lower() not in schemes:
        yield "Term-scheme", {"schemes": ", ".join(f"{each}:" for each in schemes)}
    elif scheme.lower() in _WEB:
        host = rest[2:].partition("/")[0].partition("?")[0].partition("#")[0] if rest[:2] == "//" else ""
        if "@" in host:
            yield "Term-user", {}
        elif not host or not host.isascii():
            yield "Term-host", {"host": _ascii(host)}
    if iri.startswith(names.BASE) and not iri.isascii():
        yield "Term-ascii", {"base": names.BASE}
    elif not unicodedata.is_normalized("NFC", iri):
        yield "Term-composed", {}


def _literal_faults(literal: Literal, limits: Limits) -> Iterator[tuple[str, dict[str, object]]]:
    datatype = literal.datatype.value
    if len(literal.value.encode()) > limits.literal:
        yield "Term-long-text", {"most": f"{limits.literal:,}"}
    if unseen := _unseen(literal.value):
        yield "Term-characters", {"characters": unseen}
    if literal.language:
        if literal.direction or len(literal.language) > _LANGUAGE:
            yield "Term-language", {}
    elif datatype in _FORMS:
        form, example = _FORMS[datatype]
        if not form.fullmatch(literal.value):
            yield "Term-form", {"datatype": turtle.short(literal.datatype), "example": f'"{example}"'}
    elif datatype not in _TEXTS:
        yield (
            "Term-datatype",
            {"datatypes": ", ".join(f"xsd:{name.removeprefix(names.XSD)}" for name in _FORMS)},
        )


def _unseen(text: str) -> str:
    return ", ".join(sorted({f"U+{ord(each):04X}" for each in _UNSEEN.findall(text)}))


def _ascii(host: str) -> str:
    try:
        return host.encode("idna").decode()
    except UnicodeError:
        return "xn--…"


def _composed(literal: Literal) -> Literal:
    if unicodedata.is_normalized("NFC", literal.value):
        return literal
    text = unicodedata.normalize("NFC", literal.value)
    if literal.language:
        return Literal(text, language=literal.language, direction=literal.direction)
    return Literal(text, datatype=literal.datatype)


def _subject(term: object) -> str:
    if isinstance(term, NamedNode):
        return term.value if len(term.value) <= LIMITS.iri else term.value[:_SHOWN] + "…"
    return "_:" + term.value if isinstance(term, BlankNode) else "_:triple"
