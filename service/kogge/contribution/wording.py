"""Level 5, contribution: what is said of a document before its shapes are asked, in three languages.

Shapes judge triples that were read. The rules of `shapes/reading.toml` say what may be read, and whose word
it is; findings name them like shapes (`kgs:Term-…`, `kgs:Own-…`).
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from typing import Final

from kogge import artefacts, names
from kogge.errors import Misconfigured
from kogge.rules import Finding

_COMPONENTS: Final = {"Term": "kgs:TermConstraintComponent", "Own": "kgs:OwnershipConstraintComponent"}


@cache
def texts() -> Mapping[str, Mapping[str, str]]:
    """Rule → language → what is said. Raises Misconfigured if the file cannot be used."""
    path = artefacts.folder("shapes") / "reading.toml"
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise Misconfigured(f"{path} cannot be used: {error}.", "Restore the file.") from error


def text(rule: str, lang: str, **fill: object) -> str:
    """What a rule says in a language (English, if it is none of ours)."""
    return texts()[rule][lang if lang in names.LANGUAGES else "en"].format(**fill)


def finding(
    rule: str, lang: str, subject: str, path: str | None = None, value: str | None = None, **fill: object
) -> Finding:
    """A violation of one of these rules."""
    return Finding(
        severity="violation",
        message=text(rule, lang, **fill),
        subject=subject,
        path=path,
        value=value,
        shape=f"kgs:{rule}",
        component=_COMPONENTS[rule.partition("-")[0]],
    )
