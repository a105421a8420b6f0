"""Level 6, portal: what a page says of its thing to search engines, in the words of schema.org (JSON-LD)."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final, TypeAlias

from kogge.store.rows import Value

Json: TypeAlias = dict[str, Any]
# The short name of a term (`schema:startDate`) → its values, each with its name if it is a thing.
Said: TypeAlias = Mapping[str, Sequence[tuple[Value, Value | None]]]

_AUTHORITY: Final = "GovernmentOrganization"
# What our classes are in schema.org; a thing of another class is a Thing.
_TYPES: Final[Mapping[str, str]] = {
    "kogge:Municipality": _AUTHORITY,
    "kogge:District": _AUTHORITY,
    "kogge:State": _AUTHORITY,
    "kogge:Province": _AUTHORITY,
    "org:FormalOrganization": "Organization",
    "org:OrganizationalUnit": "Organization",
    "kogge:Alliance": "Consortium",
    "kogge:Project": "Project",
    "kogge:Event": "Event",
    "kogge:ExpertGroup": "Event",
    "kogge:Excursion": "Event",
    "foaf:Person": "Person",
    "skos:Concept": "DefinedTerm",
    "foaf:Document": "CreativeWork",
    "kogge:Agreement": "CreativeWork",
    "kogge:Strategy": "CreativeWork",
}
_ANY: Final = "Thing"
# Of a thing of such a type: our term → the property, and the type of what it names.
_SAID: Final[Mapping[str, Mapping[str, tuple[str, str]]]] = {
    _ANY: {
        "skos:altLabel": ("alternateName", ""),
        "dcterms:description": ("description", ""),
        "skos:definition": ("description", ""),
        "foaf:homepage": ("url", ""),
        "schema:sameAs": ("sameAs", ""),
    },
    _AUTHORITY: {"schema:containedInPlace": ("location", "Place")},
    "Organization": {"schema:location": ("location", "Place")},
    "Project": {"kogge:topic": ("keywords", "DefinedTerm")},
    "Event": {
        "schema:startDate": ("startDate", ""),
        "schema:endDate": ("endDate", ""),
        "schema:location": ("location", "Place"),
        "schema:subEvent": ("subEvent", "Event"),
        "kogge:organiser": ("organizer", "Organization"),
        "kogge:topic": ("keywords", "DefinedTerm"),
    },
    "CreativeWork": {
        "dcterms:issued": ("datePublished", ""),
        "dcterms:publisher": ("publisher", "Organization"),
        "kogge:topic": ("keywords", "DefinedTerm"),
    },
}


# Our terms of which anything is told.
TERMS: Final = tuple(dict.fromkeys(term for terms in _SAID.values() for term in terms))


def about(iri: str, name: str, classes: Collection[str], said: Said, lang: str) -> Json:
    """A thing in the words of schema.org.

    `classes` are its classes by their short names, `said` what a page in this language says by `TERMS`.
    """
    kind = next((kind for each, kind in _TYPES.items() if each in classes), _ANY)
    told: Json = {"@context": "https://schema.org", "@id": iri, "@type": kind, "name": name}
    if kind in ("Event", "CreativeWork"):
        told["inLanguage"] = lang
    for term, (key, type_) in {**_SAID[_ANY], **_SAID.get(kind, {})}.items():
        values = [_thing(*each, type_) if type_ else each[0].text for each in said.get(term, ())]
        if values:
            told[key] = [*told.get(key, ()), *values]
    return told


def script(told: Json) -> str:
    """The same as it stands in a page, where no text can end the element."""
    return json.dumps(told, ensure_ascii=False).replace("<", "\\u003c")


def _thing(value: Value, label: Value | None, type_: str) -> Json:
    """Something that is named: by its IRI, or by its name alone."""
    known = {"@id": value.text} if value.kind == "iri" else {}
    name = label.text if label else "" if known else value.text
    return {**known, "@type": type_, **({"name": name} if name else {})}
