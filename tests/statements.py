"""Statements for tests, written shorter than Turtle allows: `id:project/probe/vorhaben` has slashes."""

from __future__ import annotations

from pyoxigraph import Triple

from kogge import names, syntax


def statements(text: str) -> list[Triple]:
    """The statements of a text in Turtle with our prefixes, in a fixed order; no literal has such a word."""
    turtle = "".join(f"@prefix {name}: <{iri}> .\n" for name, iri in syntax.prefixes().items())
    for word in text.split():
        bare = word.rstrip(",;")
        if bare.startswith("id:"):
            word = f"<{names.ID}{bare.removeprefix('id:')}>{word[len(bare) :]}"
        turtle += f" {word}"
    return sorted(syntax.parse(turtle.encode(), "ttl"), key=str)
