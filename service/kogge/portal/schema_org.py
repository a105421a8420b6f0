"""Level 6, portal: what a page says of its thing to search engines: schema.org in JSON-LD, from its tree."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from kogge.portal.framing import Json

# What our classes are in schema.org; a thing of another class is a Thing.
_TYPES: Final[Mapping[str, str]] = {
    "Municipality": "GovernmentOrganization",
    "District": "GovernmentOrganization",
    "State": "GovernmentOrganization",
    "Province": "GovernmentOrganization",
    "TerritorialAuthority": "GovernmentOrganization",
    "FormalOrganization": "Organization",
    "OrganizationalUnit": "Organization",
    "Alliance": "Consortium",
    "Project": "Project",
    "Programme": "FundingScheme",
    "Event": "Event",
    "ExpertGroup": "Event",
    "Excursion": "Event",
    "Person": "Person",
    "Concept": "DefinedTerm",
    "Document": "CreativeWork",
    "Agreement": "CreativeWork",
    "Strategy": "CreativeWork",
}
# Keys of a tree and what they are called in schema.org; what they name is told with its name.
_KEYS: Final[Mapping[str, str]] = {
    "startDate": "startDate",
    "endDate": "endDate",
    "location": "location",
    "organiser": "organizer",
    "subEvent": "subEvent",
    "topics": "about",
    "containedInPlace": "areaServed",
    "homepage": "url",
    "sameAs": "sameAs",
    "issued": "datePublished",
    "hasPart": "event",
}
_ONLY_FOR: Final[Mapping[str, str]] = {"hasPart": "Consortium", "topics": "Event"}


def about(tree: Json, lang: str) -> Json:
    """A thing (a tree of `framing.tree`) in the words of schema.org, in one language."""
    kind = kind_of(tree)
    shown: Json = {
        "@context": "https://schema.org",
        "@id": tree["iri"],
        "@type": kind,
        "name": _text(tree, "label", lang) or _text(tree, "title", lang),
        "description": _text(tree, "description", lang) or _text(tree, "definition", lang),
        "alternateName": tree.get("altLabel", {}).get(lang, []),
        "inLanguage": lang,
    }
    for key, name in _KEYS.items():
        if _ONLY_FOR.get(key, kind) == kind and (values := tree.get(key)):
            several = values if isinstance(values, list) else [values]
            shown[name] = [_value(each, lang) for each in several]
    if kind in ("GovernmentOrganization", "Organization", "Person", "DefinedTerm"):
        shown.pop("inLanguage")
    return {key: value for key, value in shown.items() if value}


def script(tree: Json, lang: str) -> str:
    """The same as it stands in a page, where no text can end the element."""
    return json.dumps(about(tree, lang), ensure_ascii=False).replace("<", "\\u003c")


def kind_of(tree: Json) -> str:
    """What a thing is in schema.org."""
    return next((_TYPES[each] for each in tree.get("type", []) if each in _TYPES), "Thing")


def _value(value: Any, lang: str) -> object:
    if not isinstance(value, dict):
        return value
    if "value" in value:
        return value["value"]
    name = _text(value, "label", lang)
    return {"@id": value["iri"], "@type": kind_of(value), **({"name": name} if name else {})}


def _text(tree: Json, key: str, lang: str) -> str:
    """A text in a language, else in any."""
    texts = tree.get(key, {})
    found = texts.get(lang) or next(iter(texts.values()), "")
    return found if isinstance(found, str) else str(found[0])
