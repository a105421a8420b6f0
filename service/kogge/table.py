"""Level 7, table: answers as text for people, no wider than the terminal. Nothing here asks or decides."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

_WORDS: Final = {
    "de": {
        "unknown": "Zu „{}“ ist kein Thema bekannt. Versuchen Sie ein anderes Wort.",
        "ignored": "Nicht verstanden: {}",
        "unproven": "Niemand hat hier nachweislich Erfahrung: {}.",
        "instead": "Was es gibt:",
        "through": "über {}",
        "mentioned": "Nur als Beispiel genannt von:",
        "needs": "Rat sucht:",
        "broader": "Weiter gefasst:",
        "answers": ("1 Antwort", "{} Antworten"),
        "more": "… und {} weitere (--limit, höchstens 100)",
        "source": "Quelle",
    },
    "en": {
        "unknown": "No topic is known for “{}”. Try another word.",
        "ignored": "Not understood: {}",
        "unproven": "Nobody has proven experience with this: {}.",
        "instead": "What there is:",
        "through": "through {}",
        "mentioned": "Only named as an example by:",
        "needs": "Seeking advice:",
        "broader": "More broadly:",
        "answers": ("1 answer", "{} answers"),
        "more": "… and {} more (--limit, at most 100)",
        "source": "source",
    },
    "nl": {
        "unknown": "Bij „{}” is geen thema bekend. Probeer een ander woord.",
        "ignored": "Niet begrepen: {}",
        "unproven": "Niemand heeft hier aantoonbaar ervaring mee: {}.",
        "instead": "Wat er wel is:",
        "through": "via {}",
        "mentioned": "Alleen als voorbeeld genoemd door:",
        "needs": "Zoekt advies:",
        "broader": "Ruimer genomen:",
        "answers": ("1 antwoord", "{} antwoorden"),
        "more": "… en nog {} (--limit, hoogstens 100)",
        "source": "bron",
    },
}
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]+")
_GAP: Final = 2

_NOTHING: Final = {
    "de": "Dazu sagt der Graph nichts.",
    "en": "The graph says nothing about this.",
    "nl": "Hierover zegt de graaf niets.",
}


def who(answer: Mapping[str, Any], kinds: Mapping[str, str], width: int) -> str:
    """The answer of the lookup (JSON of `/expertise`): each holder with its evidence and where that stands.

    `kinds` gives the kinds of evidence their labels in the language of the answer.
    """
    return "".join(f"{_clean(line)}\n" for line in _who(answer, kinds, width))


def _who(answer: Mapping[str, Any], kinds: Mapping[str, str], width: int) -> Iterator[str]:
    words: Mapping[str, Any] = _WORDS[answer["question"]["lang"]]
    topics = answer["question"]["topics"]
    understood = [*topics, *answer["question"].get("things", ())]
    asked = ", ".join(each["label"] for each in understood)
    if not understood:
        yield from _wrapped(words["unknown"].format(answer["question"]["text"]), width)
        return
    if unknown := answer["question"].get("unknown"):
        yield from _wrapped(words["ignored"].format(", ".join(unknown)), width)
    if filters := answer["question"]["filters"]:
        asked += f" ({', '.join(_filter(value) for value in filters.values())})"
    if answer["question"].get("intent") == "seeks":
        yield from _needs(answer, words, width)
        yield ""
    if answer["proven"]:
        one, many = words["answers"]
        yield f"{asked} · {one if answer['total'] == 1 else many.format(answer['total'])}"
    else:
        yield from _wrapped(words["unproven"].format(asked), width)
        if answer["results"]:
            yield from ("", words["instead"])
    known = {topic["iri"] for topic in topics}
    for result in answer["results"]:
        yield ""
        yield from _result(result, words, kinds, known, width)
    if answer["results"] and (more := answer["total"] - answer["results"][-1]["rank"]) > 0:
        yield from ("", words["more"].format(more))
    for result in answer["mentioned"]:
        yield from ("", f"{words['mentioned']} {result['holder']['label']}")
        for piece in result["evidence"]:
            yield from _piece(piece, words, "", known, width, 4)
    if answer["question"].get("intent") != "seeks":
        yield from _needs(answer, words, width)
    if not answer["proven"] and (broader := [each for each in answer["broader"] if each["results"]]):
        listed = ", ".join(f"{each['label']} ({each['results']})" for each in broader)
        yield ""
        yield from _wrapped(f"{words['broader']} {listed}", width, 4)


def _filter(value: str | Sequence[str]) -> str:
    return value if isinstance(value, str) else ", ".join(value)


def _needs(answer: Mapping[str, Any], words: Mapping[str, Any], width: int) -> Iterator[str]:
    for need in answer["needs"]:
        topic = f" ({need['topic']['label']})" if need["topic"] else ""
        yield from ("", f"{words['needs']} {need['holder']['label']}{topic}")
        yield from _source(need, words, width, 4)


def _result(
    result: Mapping[str, Any], words: Mapping[str, Any], kinds: Mapping[str, str], known: set[str], width: int
) -> Iterator[str]:
    name = result["holder"]["label"]
    if result["through"]:
        name += f" ({words['through'].format(result['through']['label'])})"
    score = f"{result['score']:g}"
    yield f"{result['rank']:>3}. {name:<{width - 6 - len(score)}} {score}"
    column = 5 + max(map(len, kinds.values()), default=0) + _GAP
    for piece in result["evidence"]:
        yield from _piece(piece, words, kinds.get(piece["kind"], piece["kind"]), known, width, column)
    if "explain" in result:
        counted = [each for each in result["explain"]["sum"] if each["counted"]]
        made = " + ".join(f"{each['strength']:g} × {each['closeness']:g}" for each in counted)
        yield from _wrapped(f"{made} = {result['explain']['total']:g}", width, 5, first=5)


def _piece(
    piece: Mapping[str, Any], words: Mapping[str, Any], kind: str, known: set[str], width: int, column: int
) -> Iterator[str]:
    said = piece["label"]
    if piece["topic"]["iri"] not in known:
        said += f" [{piece['topic']['label']}]"
    if "date" in piece:
        said += f", {piece['date']}"
    first, *others = _wrapped(said, width - column)
    yield f"{f'     {kind}' if kind else '':<{column}}{first}"
    for line in others:
        yield " " * column + line
    if "note" in piece:
        yield from _wrapped(piece["note"], width, column, first=column)
    yield from _source(piece, words, width, column)


def _source(said: Mapping[str, Any], words: Mapping[str, Any], width: int, column: int) -> Iterator[str]:
    sources = said.get("sources") or [source for source in (said.get("source"),) if source]
    if sources:
        titles = "; ".join(source["title"] for source in sources)
        yield from _wrapped(f"{words['source']}: {titles}", width, column, first=column)


def rows(results: Mapping[str, Any], prefixes: Mapping[str, str], width: int, lang: str = "en") -> str:
    """SPARQL results (their JSON) in columns; as a block of lines per row where columns would be too wide.

    No rows are an answer too: a sentence in the language says that the graph knows nothing.
    """
    if "boolean" in results:
        return f"{'true' if results['boolean'] else 'false'}\n"
    names: Sequence[str] = results["head"]["vars"]
    cells = [
        [_clean(_cell(row.get(name), prefixes)) for name in names] for row in results["results"]["bindings"]
    ]
    if not cells:
        return _NOTHING.get(lang, _NOTHING["en"]) + "\n"
    widths = [max(len(name), *(len(row[i]) for row in cells)) for i, name in enumerate(names)]
    if sum(widths) + _GAP * (len(widths) - 1) > width:
        return "".join(_block(names, row, width) for row in cells)
    lines = [names, ["-" * each for each in widths], *cells]
    gap = " " * _GAP
    return "".join(
        gap.join(f"{cell:<{each}}" for cell, each in zip(line, widths, strict=True)).rstrip() + "\n"
        for line in lines
    )


def _block(names: Sequence[str], row: Sequence[str], width: int) -> str:
    column = max(map(len, names)) + _GAP
    lines: list[str] = []
    for name, cell in zip(names, row, strict=True):
        first, *others = _wrapped(cell, width - column)
        lines += [f"{name:<{column}}{first}".rstrip(), *(" " * column + line for line in others)]
    return "\n".join(lines) + "\n\n"


def _cell(term: Mapping[str, Any] | None, prefixes: Mapping[str, str]) -> str:
    if term is None:
        return ""
    value: Any = term["value"]
    if not isinstance(value, str):
        return "<<triple>>"
    if term["type"] == "uri":
        return shortened(value, prefixes)
    return f"_:{value}" if term["type"] == "bnode" else value


def shortened(iri: str, prefixes: Mapping[str, str]) -> str:
    """The IRI with the prefix of the longest namespace it begins with: `municipality:kiel`."""
    fitting = [
        (len(space), name) for name, space in prefixes.items() if iri.startswith(space) and iri != space
    ]
    if not fitting:
        return iri
    length, name = max(fitting)
    return f"{name}:{iri[length:]}"


def findings(
    name: str, found: Sequence[Any], severities: Mapping[str, str], conforms: str, width: int
) -> str:
    """What the rules found in a document, or that it conforms."""
    if not found:
        return f"{name}: {conforms}\n"
    lines: list[str] = []
    for finding in found:
        place = finding.where
        if place.row or place.sheet:  # whoever fills in cells knows no IRIs
            cell = "!".join(filter(None, (place.sheet, place.cell)))
            lines.append(f"{name}, {cell}: {severities[finding.severity]}")
            lines += _wrapped(finding.message, width, 4, first=4)
            continue
        where = f"{name}:{place.line}" if place.line else name
        lines.append(f"{where}: {severities[finding.severity]}: {finding.subject}")
        at = f"{finding.path}: " if finding.path else ""
        lines += _wrapped(f"{at}{finding.message}", width, 4, first=4)
        if finding.value:
            lines += _wrapped(f"= {finding.value}", width, 4, first=4)
    return "".join(f"{_clean(line)}\n" for line in lines)


def _wrapped(text: str, width: int, indent: int = 0, *, first: int = 0) -> list[str]:
    """The text in lines, broken between words only; at least one."""
    return textwrap.wrap(
        text,
        max(width, indent + 20),
        initial_indent=" " * first,
        subsequent_indent=" " * indent,
        break_long_words=False,
        break_on_hyphens=False,
    ) or [""]


def _clean(line: str) -> str:
    """Without characters that steer a terminal."""
    return _CONTROL.sub("�", line)
