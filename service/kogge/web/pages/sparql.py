"""Level 8, web, pages: SPARQL for people: an editor, the saved questions, results with names.

The form is a plain one: what it asks is in the address, so that every result can be linked to.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from typing import Final
from urllib.parse import parse_qsl

from fastapi import Request, Response

from kogge import desk as desks
from kogge import media
from kogge.errors import BadRequest, KoggeError, NotFound
from kogge.media import MediaType
from kogge.questions import Question
from kogge.store.answers import Answer
from kogge.store.rows import read
from kogge.web.context import (
    beginning,
    body_of,
    client_of,
    desk_of,
    has_already,
    not_modified,
    seconds_of,
    send,
    while_there,
)
from kogge.web.pages import READ, links, pages
from kogge.web.pages.render import Page
from kogge.web.pages.words import Entry, msgid

router = pages()

ENTRY: Final = Entry("sparql", msgid("SPARQL"), 80)
SHOWN: Final = 500  # rows in the table; all of them can be downloaded
LONGEST: Final = 100_000  # characters of a graph that are shown
FIRST: Final = "alliances"  # the saved question that stands in an empty editor
_TABLE: Final = f"{media.SPARQL_JSON.type}, {media.TURTLE.type};q=0.9"
_ROWS: Final = (media.CSV, media.SPARQL_JSON, media.TSV, media.SPARQL_XML)
_GRAPHS: Final = (media.TURTLE, media.JSON_LD, media.N_TRIPLES, media.RDF_XML)
_ENDINGS: Final[Mapping[str, MediaType]] = {
    {media.SPARQL_JSON: "json", media.SPARQL_XML: "xml"}.get(each, each.suffix): each
    for each in (*_ROWS, *_GRAPHS)
}


@router.api_route("/sparql", methods=[*READ, "POST"])
async def editor(request: Request, lang: str) -> Response:
    """The editor; with `query` also its result; with `question` a saved question and its parameters."""
    fields = await _fields(request)
    fixed = request.method != "POST" and desks.repeatable(fields.get("query", ""))
    page = await Page.open(request, lang, private=not fixed)
    if not fields and page.held:
        return page.held
    text, chosen = fields.get("query", ""), None
    problem: KoggeError | None = None
    try:
        if name := fields.get("question"):
            chosen = _question(name)
            text = desks.query_text(f"{chosen.group}/{chosen.name}", _given(chosen, fields))
        run = bool(text.strip())
        text = text or desks.query_text(FIRST, {"lang": lang})
    except KoggeError as error:
        run, problem = False, error
    result: Mapping[str, object] | None = None
    if run:
        try:
            result = await _result(request, page, text)
        except KoggeError as error:
            problem = error
    return await page.send(
        "sparql.html",
        status=problem.status if problem else 200,
        problem=problem,
        result=result,
        text=text,
        chosen=chosen,
        fields=fields,
        questions=desks.saved(),
    )


@router.api_route("/sparql/result.{ending}", methods=READ)
async def download(request: Request, lang: str, ending: str) -> Response:
    """The whole result of a query as a file. Raises NotFound for another ending, and as the query."""
    if (wanted := _ENDINGS.get(ending)) is None:
        raise NotFound(f"There is no format '.{ending}'.", f"There are: {', '.join(_ENDINGS)}.")
    text = request.query_params.get("query", "")
    if not text:
        raise BadRequest("There is no query.", f"Ask on the page /{lang}/sparql.")
    response = await send(request, answer := await _ask(request, text, wanted.type), answer.state, None)
    response.headers["Content-Disposition"] = f'attachment; filename="kogge-result.{ending}"'
    return response


@router.api_route("/schema.json", methods=READ)
async def schema(request: Request) -> Response:
    """What the editor completes: our prefixes, and the classes and properties of our words and rules."""
    state = await desk_of(request).refresh()
    if held := has_already(request, beginning(state, "schema")):
        return not_modified(held)
    body = json.dumps({"prefixes": desks.prefixes(), **desks.terms()}, ensure_ascii=False).encode()
    return await send(request, Answer(media.JSON, body, 0, state), state, "schema")


async def _fields(request: Request) -> Mapping[str, str]:
    if request.method != "POST":
        return dict(request.query_params)
    limit = 3 * request.app.state.settings.query_bytes + 1024  # a form writes a byte as up to three
    body = await body_of(request, limit, "Shorten the query.")
    return dict(parse_qsl(body.decode("utf-8", "replace")))


def _question(name: str) -> Question:
    for each in desks.saved():
        if each.name == name:
            return each
    raise NotFound(f"There is no saved question '{name}'.", "Choose one of the list.")


def _given(question: Question, fields: Mapping[str, str]) -> dict[str, str]:
    """The parameters of a saved question that the form gives; those that must be there have an example."""
    given = {}
    for each in question.parameters:
        value = fields.get(each.name, "").strip()
        if value or not (each.optional or each.default is not None):
            given[each.name] = value or each.example
    return given


async def _ask(request: Request, text: str, accept: str) -> Answer:
    desk = desk_of(request)
    asked = desk.ask(text, accept, seconds=seconds_of(request), client=client_of(request))
    return await while_there(request, asked)


async def _result(request: Request, page: Page, text: str) -> Mapping[str, object]:
    """What the template shows of a result. Raises as the query."""
    begun = time.perf_counter()
    answer = await _ask(request, text, _TABLE)
    spent = 1000 * (time.perf_counter() - begun)
    rows = answer.media == media.SPARQL_JSON
    said = json.loads(answer.body) if rows else {}
    shown = read(answer.body)[:SHOWN] if "results" in said else []
    iris = {value.text for row in shown for value in row.values() if value.kind == "iri"}
    offered = (_ROWS if rows else _GRAPHS) if "boolean" not in said else (media.SPARQL_JSON,)
    return {
        "ms": round(spent, 1),
        "total": answer.rows,
        "yes": said.get("boolean"),
        "columns": said.get("head", {}).get("vars", ()),
        "rows": shown,
        "text": "" if rows else answer.body.decode()[:LONGEST],
        "labels": await desk_of(request).labels(iris, page.lang),
        "downloads": [
            (
                form.name.removeprefix("results as "),
                links.url(page.prefix, page.lang, f"sparql/result.{ending}", {"query": text}),
            )
            for ending, form in _ENDINGS.items()
            if form in offered
        ],
    }
