"""Level 8, web: `GET /`, which names the addresses and what to try."""

from __future__ import annotations

from html import escape
from typing import Final
from urllib.parse import quote

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

router = APIRouter()

_QUERY: Final = (
    "SELECT ?alliance ?label WHERE { ?alliance a <https://w3id.org/kogge/ontology#Alliance> ; "
    "<http://www.w3.org/2004/02/skos/core#prefLabel> ?label }"
)
TRY: Final = (
    ("/expertise?q=Wasserstoff", "Who has expertise in hydrogen, and how is that known?"),
    ("/expertise?q=" + quote("vorausschauende Wartung"), "What if nobody is proven?"),
    ("/sparql?query=" + quote(_QUERY), "The alliances, by SPARQL"),
    ("/queries", "What else is often asked: the saved questions"),
    ("/graphs", "The graphs that there are, and how large they are"),
    ("/graph/kogge/alliances-smarte-hanse/history", "Every version of a graph: when, and by whom"),
    ("/dumps", "Every dataset as a whole, in RDF and as tables for spreadsheets"),
    ("/contributions/template.xlsx", "The spreadsheet in which a city fills in what it knows"),
    ("/openapi.json", "All addresses, for programs (OpenAPI)"),
    ("/health/ready", "Is the service ready?"),
)


@router.api_route("/", methods=["GET", "HEAD"])
async def front(request: Request) -> HTMLResponse:
    """A page without script or style from elsewhere."""
    base = escape(request.app.state.settings.base_url)
    links = "".join(f'<li><a href="{escape(path)}">{escape(what)}</a></li>' for path, what in TRY)
    return HTMLResponse(
        '<!doctype html><html lang="en"><meta charset="utf-8"><title>Kogge</title>'
        f"<h1>Kogge</h1><p>Who knows what among cities and their alliances. This service: {base}</p>"
        f"<ul>{links}</ul></html>"
    )
