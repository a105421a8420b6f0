"""Level 5, contribution: what was filled into a text, read out of it again by its template."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from string import Formatter


def filled(template: str, text: str) -> Mapping[str, str] | None:
    """What stands in a text at the places of a template (`{name}`); None if it is none of that template."""
    found = _pattern(template).fullmatch(text)
    return found.groupdict() if found else None


@cache
def _pattern(template: str) -> re.Pattern[str]:
    def parts() -> Iterator[str]:
        for before, name, _, _ in Formatter().parse(template):
            yield re.escape(before)
            if name is not None:
                yield f"(?P<{name}>.+?)"

    return re.compile("".join(parts()), re.DOTALL)
