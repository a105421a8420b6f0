"""Level 8, web: `/queries`, the saved questions as calls."""

from __future__ import annotations

import json
from typing import Any, Final

from fastapi import APIRouter, Request, Response

from kogge import desk as desks
from kogge import media
from kogge.errors import BadRequest
from kogge.questions import Question
from kogge.store.evaluate import Result
from kogge.web.context import client_of, desk_of, seconds_of, send, while_there

router = APIRouter()

PATH: Final = "/queries/{group}/{name}"


@router.api_route("/queries", methods=["GET", "HEAD"])
async def queries(request: Request) -> Response:
    """The saved questions: what each answers, which parameters it takes, and its address."""
    wanted = media.choose(request.headers.get("accept"), (media.JSON,))
    base = request.app.state.settings.base_url
    listed = [_shown(question, base) for question in desks.all_saved()]
    body = json.dumps({"queries": listed, "total": len(listed)}, ensure_ascii=False, indent=1) + "\n"
    return await send(request, Result(wanted, body.encode()), desk_of(request).state)


@router.api_route(PATH, methods=["GET", "HEAD"])
async def saved_question(request: Request, group: str, name: str) -> Response:
    """The answer to a saved question, in the formats of `/sparql`."""
    fields = request.query_params.multi_items()
    params = dict(fields)
    if twice := next((field for field, _ in fields if [each for each, _ in fields].count(field) > 1), ""):
        raise BadRequest(f"The parameter '{twice}' is given several times.", "Give it once.")
    desk = desk_of(request)
    answer = await while_there(
        request,
        desk.ask_saved(
            f"{group}/{name}",
            params,
            request.headers.get("accept"),
            seconds=seconds_of(request),
            client=client_of(request),
        ),
    )
    return await send(request, answer, answer.state, weak=answer.media in media.GRAPHS)


def _shown(question: Question, base: str) -> dict[str, Any]:
    return {
        "group": question.group,
        "name": question.name,
        "summary": question.summary,
        "question": dict(question.question),
        "form": question.form,
        "parameters": [
            {
                "name": each.name,
                "kind": each.kind,
                "example": each.example,
                "required": not each.optional and each.default is None,
                **({"default": each.default} if each.default is not None else {}),
            }
            for each in question.parameters
        ],
        "link": f"{base}/queries/{question.group}/{question.name}",
    }
