"""Level 8, web: what is told of contributions, versions and findings, as JSON and as a page."""

from __future__ import annotations

import json
from collections.abc import Mapping
from html import escape
from typing import Final

from fastapi import Request, Response

from kogge import media, names
from kogge.errors import NotAcceptable
from kogge.ledger import Contribution, Step, Version
from kogge.reception import Entry, Outcome
from kogge.web.problems import TYPES, problem

_TITLES: Final = {
    "de": ("Die Daten sind noch nicht in Ordnung", "Das ist nicht Ihr Wort"),
    "en": ("The data has findings", "This is not your word"),
    "nl": ("De gegevens zijn nog niet in orde", "Dit is niet uw woord"),
}
_ADVICE: Final = {
    "de": "Bessern Sie nach, was als Fehler genannt ist, und schicken Sie es noch einmal.",
    "en": "Mend what is called an error, and send it again.",
    "nl": "Verbeter wat als fout is genoemd en stuur het opnieuw.",
}
_COUNTED: Final = {
    "de": "Befunde: {}, davon Fehler: {}.",
    "en": "Findings: {}, of which errors: {}.",
    "nl": "Bevindingen: {}, waarvan fouten: {}.",
}
_CALLED: Final = {
    "de": {"violation": "Fehler", "warning": "Warnung", "info": "Hinweis"},
    "en": {"violation": "Error", "warning": "Warning", "info": "Note"},
    "nl": {"violation": "Fout", "warning": "Waarschuwing", "info": "Opmerking"},
}


def as_json(content: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """A JSON answer that nobody else may keep."""
    body = json.dumps(content, ensure_ascii=False, indent=1).encode() + b"\n"
    kept = {"Cache-Control": "private, no-store", "Vary": "Authorization, Accept", **(headers or {})}
    return Response(body, status, kept, media.JSON.content_type)


def contribution(each: Contribution) -> dict[str, object]:
    """A contribution, as it is listed."""
    return {
        "number": each.number,
        "link": f"/contributions/{each.number}",
        "graph": each.graph,
        "state": each.state,
        "version": each.version,
        "partner": each.partner,
        "person": each.person,
        "at": each.at,
        "media": each.media,
        "sha256": each.sha256,
        "base": each.base,
        "turn": each.turn,
        "note": each.note,
        "batch": each.batch,
    }


def step(each: Step) -> dict[str, object]:
    """A step of a contribution."""
    return {"at": each.at, "who": each.who, "partner": each.partner, "what": each.what, "note": each.note}


def version(each: Version) -> dict[str, object]:
    """A version of a graph; who sent it is a partner here, never a person."""
    return {
        "graph": each.graph,
        "version": each.version,
        "at": each.at,
        "who": each.who,
        "origin": each.origin,
        "contribution": each.contribution,
        "sha256": each.sha256,
        "erased": each.erased,
        "link": f"{path_of(each.graph)}?version={each.version}",
    }


def path_of(graph: str) -> str:
    """The address of a graph at this service."""
    return "/graph/" + graph.removeprefix(names.GRAPH)


def receipt(outcome: Outcome, *, dry_run: bool) -> Response:
    """What is said where nothing must change: 202 for what is new, 200 for what was there, or a dry run."""
    entries = [_entry(each) for each in outcome.entries]
    new = any(each.receipt and each.receipt.new for each in outcome.entries)
    first = entries[0]
    body: dict[str, object] = {
        "state": "conforms" if dry_run else first["state"],
        **({} if dry_run else {"link": first["link"]}),
        "contributions": entries,
        **outcome.as_json(),
    }
    headers = {} if dry_run else {"Location": str(first["link"])}
    return as_json(body, 202 if new else 200, headers)


def _entry(each: Entry) -> dict[str, object]:
    told: dict[str, object] = {"graph": each.graph, "things": list(each.things)}
    if each.id is not None:
        told |= {"id": each.id, "where": {"sheet": each.sheet, "row": each.row}}
    if each.receipt is None:
        return told
    made = each.receipt.contribution
    told["new"] = each.receipt.new
    if made is None:  # the repository said it before
        link = f"{path_of(each.graph)}?version={each.receipt.version}"
        return told | {"state": "published", "version": each.receipt.version, "link": link}
    return told | {
        "number": made.number,
        "state": made.state,
        "version": made.version,
        "base": made.base,
        "link": f"/contributions/{made.number}",
    }


def refusal(request: Request, outcome: Outcome, lang: str) -> Response:
    """The findings for which something was refused: a problem, a SHACL report, or a page."""
    status = 403 if outcome.forbidden else 422
    offered = (media.PROBLEM, media.JSON, media.TURTLE, media.HTML)
    try:
        wanted = media.choose(request.headers.get("accept"), offered)
    except NotAcceptable:
        wanted = media.PROBLEM
    headers = {"Vary": "Accept, Accept-Language, Authorization", "Content-Language": lang}
    if wanted == media.TURTLE:
        return Response(outcome.as_report(), status, headers, media.TURTLE.content_type)
    title, advice = _TITLES[lang][outcome.forbidden], _ADVICE[lang]
    errors = sum(each.severity == "violation" for each in outcome.findings)
    detail = _COUNTED[lang].format(outcome.total, errors)
    if wanted == media.HTML:
        return Response(_page(outcome, title, advice, lang), status, headers, media.HTML.content_type)
    # The title is told in the language of the findings; the type stays the same.
    kind = TYPES + ("not-your-word" if outcome.forbidden else "findings")
    return problem(status, title, detail, advice, headers, type=kind, **outcome.as_json())


def _page(outcome: Outcome, title: str, advice: str, lang: str) -> str:
    called = _CALLED[lang]
    items = "".join(
        f"<li><strong>{called[each.severity]}</strong> {escape(_place(each.where))} {escape(each.message)} "
        f"<small>{escape(each.subject)}</small></li>"
        for each in outcome.findings
    )
    return (
        f'<!doctype html><html lang="{lang}"><meta charset="utf-8"><title>{title}</title>'
        f"<h1>{title}</h1><p>{advice}</p><ol>{items}</ol></html>"
    )


def _place(where: object) -> str:
    return ", ".join(f"{name} {value}" for name, value in vars(where).items() if value is not None)
