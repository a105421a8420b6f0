"""Level 8, web: what a request that changes something says: language, version, body, fields, graph."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import parse_qsl

from fastapi import Request

from kogge import media, names
from kogge.errors import BadRequest, NotFound, PreconditionFailed, UnsupportedType
from kogge.media import MediaType
from kogge.reception import TAKEN
from kogge.steps import Steps
from kogge.web.context import body_of

IF_MATCH: Final[Mapping[str, object]] = {  # as the description for programs has it
    "name": "If-Match",
    "in": "header",
    "description": 'Only if the graph is still at this version: "v3".',
    "schema": {"type": "string"},
}
_VERSION: Final = re.compile(r'\s*(?:W/)?"v(\d{1,9})[^"]*"\s*')
_LANGUAGE: Final = re.compile(r"\s*([A-Za-z]{2})(?:-[A-Za-z0-9-]*)?\s*(?:;\s*q=([01](?:\.\d{0,3})?)\s*)?")
_FORM: Final = "application/x-www-form-urlencoded"
_FIELDS: Final = 20
_FIELD_BYTES: Final = 20_000
_NOTE: Final = 2_000  # characters
_TYPES: Final[Mapping[str, MediaType]] = {
    **{known.type: known for known in (*media.GRAPHS, *media.SHEETS)},
    "application/x-turtle": media.TURTLE,
    "application/json": media.JSON_LD,
    "application/xml": media.RDF_XML,
    "text/xml": media.RDF_XML,
}
_SEVERAL: Final = (media.TRIG, media.N_QUADS)


def graph_of(owner: str, slug: str) -> str:
    """The IRI of the graph of an address. Raises NotFound for names that none can have."""
    if not names.SLUG.fullmatch(owner) or not names.SLUG.fullmatch(slug):
        raise NotFound(
            "No graph can have this name.",
            "Use lower-case letters, digits and hyphens: /<partner>/<name>, for example luebeck/projekte.",
        )
    return names.graph(owner, slug)


def language_of(request: Request) -> str:
    """The language of findings: the parameter `lang`, else what Accept-Language likes best, else German.

    Raises BadRequest for a parameter that is none of ours.
    """
    if (given := request.query_params.get("lang")) is not None:
        if given not in names.LANGUAGES:
            raise BadRequest(
                "There are no messages in this language.", f"lang: {', '.join(names.LANGUAGES)}."
            )
        return given
    return accepted_language(request)


def accepted_language(request: Request) -> str:
    """The language of ours that Accept-Language likes best, else German."""
    best, liking = "de", 0.0
    for part in request.headers.get("accept-language", "").split(","):
        if (found := _LANGUAGE.fullmatch(part)) and found[1].lower() in names.LANGUAGES:
            quality = float(found[2] or 1)
            if quality > liking:  # of equally liked ones the first
                best, liking = found[1].lower(), quality
    return best


def type_of(request: Request) -> MediaType:
    """What the body says to be. Raises UnsupportedType, with the reason."""
    if request.headers.get("content-encoding", "identity").strip().lower() not in ("identity", ""):
        raise UnsupportedType(
            "A compressed body is not taken.", "Send it as it is, without Content-Encoding."
        )
    kind, _, parameters = request.headers.get("content-type", "").partition(";")
    wanted = _TYPES.get(kind.strip().lower())
    if wanted in _SEVERAL:
        raise UnsupportedType(
            f"{wanted.name} can hold several graphs, and a contribution is one, which its address names.",
            "Send Turtle, N-Triples, JSON-LD or RDF/XML.",
        )
    if wanted is None:
        raise UnsupportedType(
            "The Content-Type is none of a contribution.",
            f"Send one of: {', '.join(known.type for known in TAKEN)}.",
        )
    charset = re.search(r"charset=\"?([\w-]+)", parameters.lower())
    if charset and charset[1] not in ("utf-8", "utf8", "us-ascii") and wanted != media.CSV:
        raise UnsupportedType(f"{wanted.name} is taken in UTF-8 only.", "Save the file as UTF-8.")
    return wanted


def version_of(request: Request) -> int | str | None:
    """On which version the sender worked (RFC 9110, 13.1): from `If-Match: "v3"` 3, from `If-None-Match: *`
    0, from `If-Match: *` "*" for any that there is; None without a condition.

    Raises BadRequest for what names no version.
    """
    match, none = request.headers.get("if-match"), request.headers.get("if-none-match")
    if match is None and none is None:
        return None
    if none is not None:
        if match is not None or none.strip() != "*":
            raise BadRequest(
                "This condition cannot be held.",
                'Send If-None-Match: * for a new graph, or If-Match: "v3" for one at version 3.',
            )
        return 0
    if match is not None and match.strip() == "*":
        return "*"
    found = _VERSION.fullmatch(match or "")
    if found is None:
        raise BadRequest("If-Match names no version of a graph.", 'Send one, as in ETag: If-Match: "v3".')
    return int(found[1])


def held_to(steps: Steps, graph: str, condition: int | str | None) -> int | None:
    """The version that a condition means (as `version_of` reads it): a number, or for "*" the newest.

    Raises PreconditionFailed for "*" where there is none.
    """
    if not isinstance(condition, str):
        return condition
    try:
        return steps.history(graph)[-1].version
    except NotFound as error:
        raise PreconditionFailed("There is no such graph yet.", "Leave out If-Match: *.") from error


async def fields_of(request: Request) -> Mapping[str, object]:
    """The members of a JSON object, or the fields of a form; none for an empty body.

    Raises UnsupportedType, BadRequest, TooLarge.
    """
    body = await body_of(request, _FIELD_BYTES, "Shorten the note.")
    if not body.strip():
        return {}
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in (media.JSON.type, _FORM):
        raise UnsupportedType("These fields are taken as JSON or as a form.", f"Send {media.JSON.type}.")
    try:
        if kind == _FORM:
            return dict(
                parse_qsl(body.decode(), keep_blank_values=True, errors="strict", max_num_fields=_FIELDS)
            )
        said = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise BadRequest("The body cannot be read.", 'Send a JSON object, such as {"note": "…"}.') from error
    if not isinstance(said, dict):
        raise BadRequest("The body is no object.", 'Send a JSON object, such as {"note": "…"}.')
    return said


def text_of(fields: Mapping[str, object], name: str) -> str:
    """A field that is a text; empty without it. Raises BadRequest."""
    value = fields.get(name, "")
    if not isinstance(value, str) or len(value) > _NOTE or "\0" in value:
        raise BadRequest(f"'{name}' is a text of up to {_NOTE} characters.", "Shorten it.")
    return value
