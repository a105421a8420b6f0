"""Level 3, store: reads the text of a query before the engine does and refuses what would harm.

It takes linear time. The parser of the engine descends recursively: brackets nested thousands deep, or
chains of operators of that length, end the whole process. And `SERVICE` makes it fetch from any address.
What the guard cannot read for certain it reads strictly. Uncertain is, for example, `?a<b#c>`: a comparison
followed by a comment, or an IRI (SPARQL 1.1, section 19.8, says an IRI; the engine has no tokeniser and
takes what fits).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from kogge.errors import BadRequest, Forbidden, TooLarge

_UPDATES: Final = frozenset(
    ("INSERT", "DELETE", "LOAD", "CLEAR", "DROP", "CREATE", "ADD", "MOVE", "COPY", "WITH"),
)
_PROLOGUE: Final = frozenset(("BASE", "PREFIX", "VERSION"))
_COMBINING: Final = frozenset(
    ("UNION", "OPTIONAL", "MINUS", "FILTER", "BIND", "VALUES", "GRAPH", "EXISTS", "NOT", "LATERAL")
)

_UCHAR: Final = r"\\u[0-9A-Fa-f]{4}|\\U[0-9A-Fa-f]{8}"
_ECHAR: Final = rf"""\\[tbnrf"'\\]|{_UCHAR}"""  # with another escape it is no string for the engine either
_IRI: Final = rf"""<(?:[^<>"{{}}|^`\\\x00-\x20]|{_UCHAR})*+>"""
_LOCAL_ESCAPE: Final = r"\\[_~.!$&'()*+,;=/?#@%-]"
_PREFIX: Final = r"[^\W\d_](?:[\w.-]{0,64}[\w-])?"  # a longer one is read as words: the time stays linear
_LOCAL: Final = rf"(?:[\w:%-]|{_LOCAL_ESCAPE}|\.+(?=[\w:%\\-]))"
_TOKENS: Final = re.compile(
    "|".join(
        (
            r"(?P<space>\s+|#[^\n\r]*)",
            rf"(?P<string>'''(?:'{{0,2}}(?:[^'\\]|{_ECHAR}))*+'''",
            rf'"""(?:"{{0,2}}(?:[^"\\]|{_ECHAR}))*+"""',
            rf"'(?:[^'\\\n\r]|{_ECHAR})*+'",
            rf'"(?:[^"\\\n\r]|{_ECHAR})*+")',
            rf"(?P<iri>{_IRI})",
            r"(?P<other>[?$]\w+|@[A-Za-z]+(?:-[A-Za-z0-9]+)*|\^\^|[?$])",
            r"(?P<mark>[.,;])",
            rf"(?P<name>(?:_|{_PREFIX})?:(?:[\w:%]|{_LOCAL_ESCAPE})?{_LOCAL}*+)",
            r"(?P<word>\w+)",
            rf"(?P<open>[{{(\[]|<(?={_IRI})|<<)",
            r"(?P<close>[})\]])",
            r"(?P<operator>\|\|?|&&?|[!^+*/<>=-])",
        )
    )
)
# IRIs that cannot be read as a comparison with something that opens a bracket, a string or a comment.
_CERTAIN_IRI: Final = re.compile(r"<(?:[A-Za-z][A-Za-z0-9+.-]*://.*|[\w.:%@]*)>")
_SERVICE: Final = re.compile(r"service", re.IGNORECASE)
_OPENING: Final = re.compile(r"[{(\[]|<<")
_OPERATOR: Final = re.compile(r"[!^|&+*/<>=.,;-]|\b(?:union|optional|minus|not)\b", re.IGNORECASE)


@dataclass(frozen=True)
class Limits:
    """How long a query may be (in bytes of UTF-8), how deep nested, and how many operators it may have.

    The marks `.`, `;` and `,` count as operators: the engine plans in a time that grows much faster than the
    number of patterns.
    """

    bytes: int = 32 * 1024
    depth: int = 64
    operators: int = 120


def inspect(text: str, limits: Limits) -> None:
    """Returns if the engine may be given the text as a query, which may still be wrong.

    Raises TooLarge for its length; Forbidden for an update; BadRequest for what is empty, nested too deep,
    has too many operators or calls another endpoint by SERVICE.
    """
    if len(text.encode("utf-8", "surrogatepass")) > limits.bytes:
        raise TooLarge(f"The query is longer than {limits.bytes} bytes.", "Divide it into several.")
    if not text.strip():
        raise BadRequest("The query is empty.", "Give a SELECT, ASK, CONSTRUCT or DESCRIBE query.")
    if not _read(text, limits):
        _read_strictly(text, limits)


def _read(text: str, limits: Limits) -> bool:
    """Reads token by token; False if something has two readings."""
    certain = True
    place = depth = operators = 0
    form = before = ""
    while place < len(text):
        match = _TOKENS.match(text, place)
        if match is None:  # a lone quote or backslash, or a character that SPARQL does not know
            certain = False
            place += 1
            continue
        place, kind, token = match.end(), match.lastgroup, match.group()
        if kind == "space":
            continue
        if kind == "word":
            keyword = token.upper()
            if not form and keyword not in _PROLOGUE:
                form = keyword
                if form in _UPDATES:
                    raise Forbidden(
                        f"{form} is an update; this address only answers questions.",
                        "Ask with SELECT, ASK, CONSTRUCT or DESCRIBE; facts come in as contributions.",
                    )
            if "SERVICE" in keyword:
                raise _no_service()
            operators += keyword in _COMBINING
        elif kind == "iri":
            certain = certain and bool(_CERTAIN_IRI.fullmatch(token))
        elif kind == "open":
            # `SERVICE` needs no space after it: before a brace, `serviceex:a` may be the keyword and `ex:a`.
            if token == "{" and ":" in before and _SERVICE.search(before.partition(":")[0]):
                raise _no_service()
            depth += token != "<"
            operators += token == "<"
        elif kind == "close":
            depth = max(0, depth - 1)
        elif kind in ("operator", "mark"):
            operators += 1
        before = token if kind == "name" else ""
        _hold(depth, operators, limits)
    return certain


def _read_strictly(text: str, limits: Limits) -> None:
    """As if there were no strings, comments and IRIs: each bracket counts, and none is ever closed."""
    if _SERVICE.search(text):
        raise _no_service()
    _hold(len(_OPENING.findall(text)), len(_OPERATOR.findall(text)), limits)


def _hold(depth: int, operators: int, limits: Limits) -> None:
    if depth > limits.depth:
        raise BadRequest(
            f"The query is nested more than {limits.depth} deep.", "Write it with fewer brackets."
        )
    if operators > limits.operators:
        raise BadRequest(
            f"The query has more than {limits.operators} patterns and operators.",
            "Use VALUES for lists, or several queries.",
        )


def _no_service() -> BadRequest:
    return BadRequest(
        "SERVICE is refused: no other address is asked on your behalf.",
        "Ask each endpoint on its own and join the answers, or call ours from yours.",
    )
