"""Level 8, web: `/openapi.json`, every address with its parameters: made of the routes and the questions."""

from __future__ import annotations

from typing import Any, Final

from fastapi import APIRouter, FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute, iter_route_contexts

from kogge import desk as desks
from kogge import media
from kogge.questions import Question
from kogge.web import saved

PATH: Final = "/openapi.json"
_PROBLEM: Final = {
    "description": "What is wrong and what to do (RFC 9457)",
    "content": {media.PROBLEM.type: {"schema": {"$ref": "#/components/schemas/Problem"}}},
}
_SCHEMA: Final = {
    "type": "object",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string", "format": "uri"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "advice": {"type": "string"},
        "line": {"type": "integer"},
        "column": {"type": "integer"},
        "findings": {"type": "array", "items": {"type": "object"}},
        "total": {"type": "integer"},
        "difference": {"type": "object"},
    },
}
_TOKEN: Final = {"type": "http", "scheme": "bearer", "description": "The token of a person of a partner."}


def install(app: FastAPI) -> None:
    """Gives the application its description, made when it is first asked for."""
    made: list[JSONResponse] = []

    async def description() -> JSONResponse:
        """This description of all addresses (OpenAPI 3.1)."""
        if not made:
            made.append(JSONResponse(_document(app)))
        return made[0]

    router = APIRouter()
    router.add_api_route(PATH, description, methods=["GET", "HEAD"])
    app.include_router(router)


def _document(app: FastAPI) -> dict[str, Any]:
    routes = [
        APIRoute(
            route.path,
            route.endpoint,
            methods=[method],
            operation_id=f"{route.name}_{method.lower()}",
            openapi_extra=route.openapi_extra,
        )
        for context in iter_route_contexts(app.routes)
        if isinstance(route := context.original_route, APIRoute) and route.include_in_schema
        for method in sorted((route.methods or set()) - {"HEAD"})
    ]
    document = get_openapi(
        title=app.title, version=app.version, routes=routes, servers=[{"url": app.state.settings.base_url}]
    )
    paths: dict[str, dict[str, Any]] = document["paths"]
    for operations in paths.values():
        for method, operation in operations.items():
            # An error is always a problem; what FastAPI says of its own does not happen here.
            operation["responses"] = {"200": {"description": "The answer"}, "default": _PROBLEM}
            if method == "put":
                operation["responses"]["202"] = {"description": "It is staged, at the address in Location"}
            for parameter in operation.get("parameters", ()):
                if examples := parameter["schema"].get("examples"):
                    parameter["example"] = examples[0]
    del paths[saved.PATH]
    for question in desks.all_saved():
        paths[f"/queries/{question.group}/{question.name}"] = {"get": _operation(question)}
    document["components"] = {"schemas": {"Problem": _SCHEMA}, "securitySchemes": {"token": _TOKEN}}
    return document


def _operation(question: Question) -> dict[str, Any]:
    """A saved question as an operation: its parameters with their examples, its formats."""
    rows = {"select": media.ROWS, "ask": media.BOOLEANS}.get(question.form, media.GRAPHS)
    return {
        "operationId": f"queries_{question.group}_{question.name}".replace("-", "_"),
        "summary": question.summary,
        "description": "\n\n".join(question.question.values()),
        "tags": [question.group],
        "parameters": [
            {
                "name": each.name,
                "in": "query",
                "required": not each.optional and each.default is None,
                "description": f"Kind: {each.kind}.",
                "schema": {
                    "type": "integer" if each.kind in ("integer", "offset") else "string",
                    **({"default": each.default} if each.default is not None else {}),
                },
                "example": each.example,
            }
            for each in question.parameters
        ],
        "responses": {
            "200": {"description": "The answer", "content": {form.type: {} for form in rows}},
            "default": _PROBLEM,
        },
    }
