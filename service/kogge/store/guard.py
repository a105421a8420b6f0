"""Level 3, store: reads the text of a query before the engine does and refuses what would harm.

It takes linear time. The parser of the engine descends recursively: brackets nested thousands deep, or
chains of operators of that length, end the whole process. And `SERVICE` makes it fetch from any address.
What the guard cannot read for certain it reads strictly. Uncertain is, for example, `?a<b#c>`: a comparison
followed by a comment, or an IRI (SPARQL 1.1, section 19.8, says an IRI; the engine has no tokeniser and
takes what fits).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
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
# The engine wants no gap after a number or a boolean: `12true`, `truefalse`, `1e5true` are two terms each.
_NUMBER: Final = r"[0-9]++(?:(?:\.[0-9]*+)?[eE][+-]?[0-9]++)?"
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
            r"(?P<variable>[?$]\w+)",
            r"(?P<tag>@[A-Za-z]+(?:-[A-Za-z0-9]+)*)",
            r"(?P<other>\^\^|[?$])",
            r"(?P<mark>[.,;])",
            rf"(?P<name>(?:_|{_PREFIX})?:(?:[\w:%]|{_LOCAL_ESCAPE})?{_LOCAL}*+)",
            rf"(?P<word>{_NUMBER}|(?i:true|false)|\w+)",
            rf"(?P<open>[{{(\[]|<(?={_IRI})|<<)",
            r"(?P<close>[})\]])",
            r"(?P<operator>\|\|?|&&?|[!^+*/<>=-])",
        )
    )
)
# IRIs that cannot be read as a comparison with something that opens a bracket, a string or a comment.
_CERTAIN_IRI: Final = re.compile(r"<(?:[A-Za-z][A-Za-z0-9+.-]*://.*|[\w.:%@]*)>")
_BOOLEAN: Final = re.compile(r"true|false", re.IGNORECASE)  # `truee:a` are two terms for the engine
_SERVICE: Final = re.compile(r"service", re.IGNORECASE)
_OPENING: Final = re.compile(r"[{(\[]|<<")
_OPERATOR: Final = re.compile(r"[!^|&+*/<>=.,;-]|\b(?:union|optional|minus|not)\b", re.IGNORECASE)
_ITEM: Final = re.compile(rf"""{_NUMBER}|(?i:true|false)|\w+|["'<]""")
_ITEMS: Final = 4  # so many words make a pattern where nothing is certain
# For a first look: prefixes at the beginning, which mean one thing only; whatever may count, also in a text.
_PREFIXES: Final = re.compile(r"(?:\s*+PREFIX\s++[\w.-]*+:\s*+<[^<>\"{}|^`\\\x00-\x20]*+>)*+", re.IGNORECASE)
_COUNTING: Final = re.compile(rf"""{_NUMBER}|TRUE|FALSE|\w++|[]["'(){{}}<>!^|&+*/=.,;-]""")


@dataclass(frozen=True)
class Limits:
    """How long a query may be (in bytes of UTF-8), how deep nested, and how many operators it may have.

    The engine plans in a time that grows much faster than the number of patterns. So whatever makes one more
    counts as an operator too: the marks `.`, `;` and `,`, a group or a `[` beside another, an item of a list.
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
    if not _harmless(text, limits) and not _read(text, limits):
        _read_strictly(text, limits)


def refuse_update(text: str) -> None:
    """Raises Forbidden for an update."""
    for kind, token, _ in tokens(text):
        if kind == "word" and (keyword := token.upper()) not in _PROLOGUE:
            if keyword in _UPDATES:
                raise _no_update(keyword)
            return


def graphs(text: str) -> tuple[int, list[str], list[str]]:
    """Where a query begins after its prologue, and its graphs, as written, after FROM and FROM NAMED."""
    start = -1
    default: list[str] = []
    named: list[str] = []
    said: list[str] | None = None  # where the next graph belongs
    for kind, token, place in tokens(text):
        keyword = token.upper() if kind == "word" else ""
        if start < 0 and keyword and keyword not in _PROLOGUE:
            start = place
        if keyword == "FROM":
            said = default
        elif keyword == "NAMED" and said is default:
            said = named
        else:
            if said is not None and kind in ("iri", "name"):
                said.append(token)
            said = None
    return max(start, 0), default, named


def tokens(text: str) -> Iterator[tuple[str, str, int]]:
    """Kind, text and place of each token but spaces and comments.

    The kinds are the groups of `_TOKENS`; "" is a character with which none begins: a lone quote or
    backslash, or one that SPARQL does not know.
    """
    place = 0
    while place < len(text):
        match = _TOKENS.match(text, place)
        if match is None:
            yield "", text[place], place
            place += 1
            continue
        if match.lastgroup != "space":
            yield str(match.lastgroup), match.group(), place
        place = match.end()


def _harmless(text: str, limits: Limits) -> bool:
    """Whether a query can be let through however it is read, as nearly all can: a fifth of the usual time.

    Each word and mark after the prefixes counts as an operator, and no bracket is ever closed.
    """
    prefixes = _PREFIXES.match(text)
    rest = text[prefixes.end() if prefixes else 0 :].upper()
    parts = _COUNTING.findall(rest)
    return (
        len(parts) <= limits.operators
        and sum(map(rest.count, "{([")) + rest.count("<<") <= limits.depth
        and _UPDATES.isdisjoint(parts)
        and "SERVICE" not in rest
    )


def _read(text: str, limits: Limits) -> bool:
    """Reads token by token; False if something has two readings."""
    certain = True
    depth = operators = 0
    form = ""
    before = ("", "")
    lists = _Lists()
    for kind, token, _ in tokens(text):
        if kind == "word":
            keyword = token.upper()
            if not form and keyword not in _PROLOGUE:
                form = keyword
                if form in _UPDATES:
                    raise _no_update(form)
            if "SERVICE" in keyword:
                raise _no_service()
            operators += keyword in _COMBINING
        elif kind == "iri":
            certain = certain and bool(_CERTAIN_IRI.fullmatch(token))
        elif kind == "open":
            # `SERVICE` needs no space after it: before a brace, `serviceex:a` may be the keyword and `ex:a`.
            if token == "{" and before[0] == "name" and _SERVICE.search(before[1].partition(":")[0]):
                raise _no_service()
            depth += token != "<"
            operators += token == "<"
        elif kind == "close":
            depth = max(0, depth - 1)
        elif kind in ("operator", "mark"):
            operators += 1
        elif not kind or (kind == "name" and _BOOLEAN.match(token)):
            certain = False
        operators += lists.patterns(kind, token, before)
        before = kind, token
        _hold(depth, operators, limits)
    return certain


class _Lists:
    """Which tokens make a pattern without an operator: items of lists, and brackets beside each other.

    In an expression no two terms follow each other without an operator, in a list `( 1 1 … )` they do. The
    rows of VALUES look like lists, and are none.
    """

    def __init__(self) -> None:
        self._open: list[str] = []
        self._values = -1  # how many brackets are open outside the block of VALUES that is being read

    def patterns(self, kind: str, token: str, before: tuple[str, str]) -> int:
        """How many patterns a token makes that follows another."""
        inside = self._open[-1:] == ["("] and self._values < 0
        if kind == "open" and token[0] != "<":
            self._open.append(token)
        elif kind == "close" and self._open:
            self._open.pop()
            if token == "}" and len(self._open) <= self._values:
                self._values = -1
        elif kind == "word" and token.upper() == "VALUES" and self._values < 0:
            self._values = len(self._open)
        if self._values >= 0:
            return 0
        if token == "[":
            return 1
        if token == "{":
            return before[0] == "name" or before[1] in ("{", "}", ".")
        if token == "(":
            beside = before[0] in ("open", "close", "mark", "tag")
            return beside or before[1] == "a" or _is_term(*before)
        return inside and _is_term(kind, token) and (_is_term(*before) or before[0] in ("close", "tag"))


def _is_term(kind: str, token: str) -> bool:
    """Whether a token may be an item of a list, or the first part of one (`1.5`)."""
    if kind == "word":
        return token[0].isdigit() or token.lower() in ("true", "false")
    return kind in ("string", "iri", "name", "variable")


def _read_strictly(text: str, limits: Limits) -> None:
    """As if there were no strings, comments and IRIs: each bracket counts, and none is ever closed."""
    if _SERVICE.search(text):
        raise _no_service()
    patterns = len(_ITEM.findall(text)) // _ITEMS
    _hold(len(_OPENING.findall(text)), max(len(_OPERATOR.findall(text)), patterns), limits)


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


def _no_update(form: str) -> Forbidden:
    return Forbidden(
        f"{form} is an update; this address only answers questions.",
        "Ask with SELECT, ASK, CONSTRUCT or DESCRIBE; facts come in as contributions.",
    )


def _no_service() -> BadRequest:
    return BadRequest(
        "SERVICE is refused: no other address is asked on your behalf.",
        "Ask each endpoint on its own and join the answers, or call ours from yours.",
    )
