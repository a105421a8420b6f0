"""Level 5, present: answers as JSON (interface.md), JSON-LD, Turtle and CSV."""

from __future__ import annotations

import csv
import io
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from functools import cache, lru_cache
from typing import Final

from pyoxigraph import NamedNode, Triple

from kogge import artefacts, names, turtle
from kogge.expertise.answer import Answer, Piece, Result
from kogge.expertise.match import Matches
from kogge.expertise.question import Chosen
from kogge.expertise.rows import Document, Holder, Named, Row, Search
from kogge.expertise.suggest import Suggestion

Json = dict[str, object]

_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
_NOTES: Final = {
    "de": "Teilnehmende nur für das ganze Treffen bekannt: {}",
    "en": "participants known for the meeting only: {}",
    "nl": "deelnemers alleen voor de hele bijeenkomst bekend: {}",
}
_COLUMNS: Final = (
    *("rank", "score", "holder", "holder_iri", "holder_kind", "through", "through_iri"),
    *("evidence", "evidence_iri", "kind", "strength", "closeness", "topic", "topic_iri", "date"),
    *("source", "source_iri", "issued", "note"),
)


def as_json(answer: Answer, lang: str | None = None, *, explain: bool = False) -> Json:
    """The JSON of `/expertise` (interface.md), labels in `lang`, else in the language of the question.

    With `explain` each result also has the sum that makes its score, with what was left out of it.
    """
    lang = lang or answer.question.lang
    return {
        "question": _question(answer, lang),
        "proven": answer.proven,
        "results": [
            _ranked(rank, result, lang, explain=explain)
            for rank, result in enumerate(answer.results, answer.offset + 1)
        ],
        "mentioned": [_result(result, lang) for result in answer.mentioned],
        "needs": [_need(search, lang) for search in answer.needs],
        "broader": [{**_named(topic, lang), "results": count} for topic, count in answer.broader],
        "total": answer.total,
        "state": answer.state,
    }


def needs_as_json(found: Sequence[Search], total: int, state: str, lang: str) -> Json:
    """The JSON of `/needs`: a page of what was found, of how many in all."""
    return {"needs": [_need(search, lang) for search in found], "total": total, "state": state}


def matches_as_json(found: Matches, state: str, lang: str) -> Json:
    """The JSON of `/matches`."""
    return {
        "holder": _holder(found.holder, lang),
        "needs": [
            {
                "need": _need(helped.search, lang),
                "inside": [
                    _ranked(rank, one.result, lang) | {"alliances": _alliances(one.alliances, lang)}
                    for rank, one in enumerate(helped.inside, 1)
                ],
                "outside": [_ranked(rank, one, lang) for rank, one in enumerate(helped.outside, 1)],
            }
            for helped in found.needs
        ],
        "wanted": [
            {
                "offer": {
                    "topic": _named(offer.topic, lang),
                    "evidence": [_reason(row, lang) for row in offer.reasons],
                },
                "seekers": [_need(search, lang) for search in offer.seekers],
                "total": offer.total,
            }
            for offer in found.wanted
        ],
        "state": state,
    }


def suggestions_as_json(found: Sequence[Suggestion]) -> list[Json]:
    """The JSON of `/suggest`."""
    return [dict(each._asdict()) for each in found]


def as_csv(answer: Answer, lang: str | None = None) -> str:
    """One line per piece of evidence on the page of results (RFC 4180), safe to open in a spreadsheet."""
    lang = lang or answer.question.lang
    text = io.StringIO()
    table = csv.writer(text)
    table.writerow(_COLUMNS)
    for rank, result in enumerate(answer.results, answer.offset + 1):
        for piece in result.pieces:
            table.writerow([_defused(cell) for cell in _line(rank, result, piece, lang)])
    return text.getvalue()


def as_turtle(answer: Answer) -> str:
    """The expertise behind the page of results, as the graph states it (through an alliance: its own)."""
    triples = {
        Triple(NamedNode(iri), NamedNode(verb), NamedNode(value))
        for iri, said in _stated(answer).items()
        for verb, values in said.items()
        for value in values
    }
    return turtle.write(triples)


def as_jsonld(answer: Answer) -> Json:
    """The same as JSON-LD 1.1, which carries its context, so that nobody has to fetch one."""
    terms = {
        names.RDF + "type": ("@type", names.KOGGE),
        names.KOGGE + "holder": ("holder", ""),
        names.KOGGE + "topic": ("topics", ""),
        names.KOGGE + "evidence": ("evidence", ""),
        names.KOGGE + "evidenceKind": ("evidenceKind", names.KOGGE),
        names.DCTERMS + "source": ("source", ""),
    }
    graph = []
    for iri, said in sorted(_stated(answer).items()):
        node: Json = {"@id": iri}
        for verb, (term, namespace) in terms.items():
            values = [value.removeprefix(namespace) for value in sorted(said.get(verb, ()))]
            if values:
                node[term] = values[0] if len(values) == 1 else values
        graph.append(node)
    return {"@context": _context(), "@graph": graph}


@cache
def _context() -> object:
    path = artefacts.folder("ontology") / "context.jsonld"
    return json.loads(path.read_text(encoding="utf-8"))["@context"]


def _stated(answer: Answer) -> dict[str, dict[str, set[str]]]:
    """What the graph states of the expertise on the page: IRI, predicate, values."""
    stated: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for row in (piece.row for result in answer.results for piece in result.pieces):
        said = stated[row.iri]
        said[names.RDF + "type"].add(names.KOGGE + "Expertise")
        said[names.KOGGE + "holder"].add(row.holder.iri)
        said[names.KOGGE + "topic"].add(row.topic.iri)
        said[names.KOGGE + "evidence"].add(row.thing.iri)
        said[names.KOGGE + "evidenceKind"].add(row.kind.iri)
        said[names.DCTERMS + "source"] |= {source.iri for source in row.sources}
    return stated


def _question(answer: Answer, lang: str) -> Json:
    question, filters = answer.question, answer.question.filters
    chosen: Json = {
        "alliance": _word(filters.alliances),
        "country": _word(filters.countries),
        "state": _word(filters.states),
        "kind": filters.kind,
        "evidence": filters.evidence and filters.evidence.word,
        "holder": [one.word for one in filters.holders],
    }
    shown: Json = {
        "text": question.text,
        "lang": lang,
        "topics": [
            {**_named(topic, lang), "matched": match.matched, "how": match.how}
            for topic, match in zip(answer.topics, question.topics, strict=True)
        ],
        "filters": {name: word for name, word in chosen.items() if word},
    }
    if question.things:
        shown["things"] = [
            {**_named(thing, lang), "matched": match.matched, "how": match.how}
            for thing, match in zip(answer.things, question.things, strict=True)
        ]
    if question.intent != "knows":
        shown["intent"] = question.intent
    if question.unknown:
        shown["unknown"] = list(question.unknown)
    return shown


def _word(chosen: Sequence[Chosen]) -> str | list[str]:
    """The word of a filter; the words of several, of which any will do."""
    return chosen[0].word if len(chosen) == 1 else [one.word for one in chosen]


def _named(thing: Named, lang: str) -> Json:
    return {"iri": thing.iri, "label": thing.label(lang)}


def _holder(holder: Holder, lang: str) -> Json:
    return {"iri": holder.iri, "label": holder.label(lang), "kind": holder.kind}


def _alliances(alliances: Iterable[tuple[Named, bool]], lang: str) -> list[Json]:
    return [{**_named(alliance, lang), "intended": intended} for alliance, intended in alliances]


def _ranked(rank: int, result: Result, lang: str, *, explain: bool = False) -> Json:
    shown = {"rank": rank, "score": _number(result.score), **_result(result, lang)}
    if explain:
        shown["explain"] = {
            "sum": [
                {
                    "evidence": _named(piece.row.thing, lang),
                    "topic": _named(piece.row.topic, lang),
                    "kind": piece.row.kind.word,
                    "strength": _number(piece.row.kind.strength),
                    "closeness": _number(piece.closeness),
                    "value": _number(piece.value),
                    "counted": counted,
                }
                for piece, counted in result.weighed
            ],
            "total": _number(result.score),
        }
    return shown


def _result(result: Result, lang: str) -> Json:
    return {
        "holder": _holder(result.holder, lang),
        "through": _named(result.through, lang) if result.through else None,
        "evidence": [_evidence(piece, lang) for piece in result.pieces],
    }


def _evidence(piece: Piece, lang: str) -> Json:
    return _reason(piece.row, lang, {"closeness": _number(piece.closeness)})


def _reason(row: Row, lang: str, near: Json | None = None) -> Json:
    shown: Json = {
        "iri": row.thing.iri,
        "label": row.thing.label(lang),
        "kind": row.kind.word,
        "strength": _number(row.kind.strength),
        **(near or {}),
        "topic": _named(row.topic, lang),
    }
    if row.date:
        shown["date"] = row.date
    _add_sources(shown, row.sources, lang)
    if row.meeting:
        shown["note"] = _note(row.meeting, lang)
    return shown


def _need(search: Search, lang: str) -> Json:
    need = search.need
    shown: Json = {
        "iri": need.thing.iri,
        "holder": _holder(need.holder, lang),
        "topic": _named(search.topic, lang) if search.topic else None,
        "status": need.status,
    }
    _add_sources(shown, need.sources, lang)
    return shown


def _add_sources(shown: Json, sources: Sequence[Document], lang: str) -> None:
    """The oldest document as `source`, and all as `sources` where there are several."""
    if sources:
        shown["source"] = _document(sources[0], lang)
    if len(sources) > 1:
        shown["sources"] = [_document(source, lang) for source in sources]


def _document(document: Document, lang: str) -> Json:
    shown: Json = {"iri": document.iri, "title": document.label(lang)}
    if document.issued:
        shown["issued"] = document.issued
    return shown


def _line(rank: int, result: Result, piece: Piece, lang: str) -> Iterator[object]:
    row, through = piece.row, result.through
    yield from (rank, _number(result.score), result.holder.label(lang), result.holder.iri, result.holder.kind)
    yield from (through.label(lang), through.iri) if through else ("", "")
    yield from (row.thing.label(lang), row.thing.iri, row.kind.word, _number(row.kind.strength))
    yield from (_number(piece.closeness), row.topic.label(lang), row.topic.iri, row.date or "")
    yield "; ".join(document.label(lang) for document in row.sources)
    yield "; ".join(document.iri for document in row.sources)
    yield "; ".join(document.issued for document in row.sources if document.issued)
    yield _note(row.meeting, lang) if row.meeting else ""


def _note(meeting: Named, lang: str) -> str:
    return _NOTES.get(lang, _NOTES["de"]).format(meeting.label(lang))


def _defused(cell: object) -> object:
    """A text that a spreadsheet would take for a formula gets an apostrophe in front."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA) else cell


@lru_cache(maxsize=10_000)
def _number(number: Decimal) -> int | float:
    return int(number) if number == number.to_integral_value() else float(number)
