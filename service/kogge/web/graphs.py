"""Level 8, web: `/graphs`, the reading half of the SPARQL 1.1 Graph Store HTTP Protocol (4.2, 5.2)."""

from __future__ import annotations

from typing import Any, Final

from fastapi import APIRouter, Request, Response

from kogge.errors import BadRequest, Forbidden
from kogge.web.context import client_of, desk_of, send, while_there

router = APIRouter()

_DOCUMENTED: Final[dict[str, Any]] = {
    "parameters": [
        {
            "name": "graph",
            "in": "query",
            "description": "The IRI of a named graph, or `default` for the merge of all.",
            "schema": {"type": "string"},
            "example": "https://w3id.org/kogge/graph/kogge/alliances-smarte-hanse",
        },
        {
            "name": "default",
            "in": "query",
            "description": "The merge of all graphs, as the protocol writes it.",
            "schema": {"type": "string"},
            "allowEmptyValue": True,
        },
    ]
}


@router.api_route("/graphs", methods=["GET", "HEAD"], openapi_extra=_DOCUMENTED)
async def graphs(request: Request) -> Response:
    """One graph as a whole, in RDF; without a parameter the list of the named graphs (VoID)."""
    desk = desk_of(request)
    accept = request.headers.get("accept")
    fields = request.query_params.multi_items()
    if not fields:
        base = request.app.state.settings.base_url
        answer = await while_there(request, desk.describe("graphs", base, accept))
    else:
        answer = await while_there(request, desk.graph(_wanted(fields), accept, client=client_of(request)))
    return await send(request, answer, answer.state)


@router.api_route("/graphs", methods=["PUT", "POST", "DELETE", "PATCH"], include_in_schema=False)
async def no_change() -> Response:
    """Refused: facts come in as contributions."""
    raise Forbidden(
        "Graphs can only be read here.", "Use GET or HEAD; facts come in as contributions, and are reviewed."
    )


def _wanted(fields: list[tuple[str, str]]) -> str | None:
    """The IRI of the graph that is asked for, or None for the default graph. Raises BadRequest."""
    asked = [(name, value) for name, value in fields if name in ("graph", "default")]
    if len(asked) != 1 or len(fields) != 1:
        raise BadRequest(
            "The request does not name one graph.", "Say ?graph=<IRI> or ?default, and nothing else."
        )
    name, value = asked[0]
    if name == "default" and value:
        raise BadRequest("The parameter 'default' takes no value.", "Say ?default, or ?graph=<IRI>.")
    return None if name == "default" or value == "default" else value
