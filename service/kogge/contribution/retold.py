"""Level 5, contribution: what was found, said again in the language of who reads it.

The ledger keeps what the sender was told. The texts of all rules are there in each language, so that what was
filled into one of them is filled into the other. What no rule says any more is left as it was.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, Final

from pyoxigraph import Literal, NamedNode

from kogge import artefacts, names, syntax
from kogge.contribution import columns, wording
from kogge.contribution.placeholders import filled
from kogge.contribution.told import reworded

_MESSAGE: Final = NamedNode(names.SH + "message")
_PLACE: Final = re.compile(r"\{\{[?$](\w+)\}\}")  # SHACL, section 5.3.2, with its braces doubled
_SHAPES: Final = names.BASE + "shapes#"


def retold(report: str, lang: str) -> list[dict[str, Any]]:
    """The findings of a report, as JSON keeps them, with their messages in one of our languages."""
    return [{**each, "message": _said(each["message"], each["shape"], lang)} for each in json.loads(report)]


def _said(message: str, shape: str, lang: str) -> str:
    for texts in _texts(shape):
        for text in texts.values():
            if (fields := filled(text, message)) is not None:
                return texts[lang].format(**fields)
    return message


def _texts(shape: str) -> Iterator[Mapping[str, str]]:
    """What a rule says by language: of a graph, of a table, or of its cells, which name the rule that they
    come under."""
    if shape in _messages():
        texts = _messages()[shape]
        yield texts
        yield {lang: reworded(text) for lang, text in texts.items()}
    yield from columns.words()["finding"].values()
    if (rule := shape.removeprefix("kgs:")) in wording.texts():
        yield wording.texts()[rule]


@cache
def _messages() -> Mapping[str, Mapping[str, str]]:
    """Shape → language → message, with places as `filled` reads them."""
    found: defaultdict[str, dict[str, str]] = defaultdict(dict)
    for path in artefacts.files("shapes", ".ttl"):
        for triple in syntax.read_file(path):
            if triple.predicate == _MESSAGE and isinstance(triple.object, Literal):
                shape = str(getattr(triple.subject, "value", "")).replace(_SHAPES, "kgs:")
                text = triple.object.value.replace("{", "{{").replace("}", "}}")
                found[shape][triple.object.language or ""] = _PLACE.sub(r"{\1}", text)
    return found
