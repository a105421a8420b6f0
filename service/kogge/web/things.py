"""Level 8, web: `/id/…` and `/topic/…`: a thing answers people with its page, programs with what is known."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from email.utils import format_datetime
from typing import Annotated, Final

from fastapi import APIRouter, Path, Query, Request, Response

from kogge import media, names
from kogge.desk import THING_FORMATS, THING_KINDS
from kogge.errors import NotFound
from kogge.media import MediaType
from kogge.web.addresses import formats, here, pages
from kogge.web.asked import accepted_language
from kogge.web.context import beginning, desk_of, has_already, not_modified, not_since, send, while_there

router = APIRouter()

Number = Annotated[int, Query(ge=1, le=999_999_999, description="The page of a thing with many links.")]

Kind = Annotated[str, Path(examples=["municipality"])]
Slug = Annotated[str, Path(examples=["luebeck"], description="Also `owner/name`; with or without an ending.")]
Topic = Annotated[str, Path(examples=["wasserstoff"], description="With or without an ending.")]
Ending = Annotated[str, Path(examples=["ttl"])]

_ENDINGS: Final[Mapping[str, MediaType]] = {each.suffix: each for each in THING_FORMATS}
_OFFERED: Final = (*THING_FORMATS, media.HTML)


@router.api_route("/id/{kind}/{slug:path}", methods=["GET", "HEAD"])
async def thing(request: Request, kind: Kind, slug: Slug, page: Number = 1) -> Response:
    """A thing. It is no document, so 303 leads to one, by Accept: its page, or what is known in a format.

    With an ending (`.ttl .jsonld .nt .rdf .json .csv`) what is known, at once; `.html` leads to the page.
    """
    if kind not in THING_KINDS:
        near = difflib.get_close_matches(kind, THING_KINDS, n=2) or THING_KINDS
        raise NotFound(f"There is no kind of things '{kind}'.", f"Kinds are: {', '.join(near)}.")
    slug, ending = split(slug)
    return await answered(request, f"/id/{kind}/{slug}", f"/{kind}/{slug}", ending, page)


@router.api_route("/topic/{slug}", methods=["GET", "HEAD"])
async def topic(request: Request, slug: Topic, page: Number = 1) -> Response:
    """A topic of the thesaurus, in the same way."""
    slug, ending = split(slug)
    return await answered(request, f"/topic/{slug}", f"/topic/{slug}", ending, page)


@router.api_route("/topic", methods=["GET", "HEAD"])
async def topics(request: Request, page: Number = 1) -> Response:
    """The thesaurus, in the same way."""
    return await answered(request, "/topic", "/topics", "", page)


@router.api_route("/topic.{ending}", methods=["GET", "HEAD"])
async def topics_as(request: Request, ending: Ending, page: Number = 1) -> Response:
    """The thesaurus in a format."""
    return await answered(request, "/topic", "/topics", ending, page)


async def answered(request: Request, path: str, shown: str, ending: str, number: int) -> Response:
    """The answer for the thing with the address `path`, whose page is `shown` behind the language.

    Raises NotFound, Gone, NotAcceptable.
    """
    iri = names.BASE + path[1:]
    if not all(names.SLUG.fullmatch(part) for part in path.split("/")[2:]):
        raise NotFound(
            f"No thing has the address '{path}'.",
            "Names in addresses are of small letters, digits and hyphens, such as /id/municipality/luebeck.",
        )
    wanted = _ENDINGS.get(ending)
    if wanted is None:
        if ending not in ("", media.HTML.suffix):
            endings = " ".join(f".{each}" for each in (*_ENDINGS, media.HTML.suffix))
            raise NotFound(f"Nothing is said in a format '.{ending}'.", f"Endings are: {endings}.")
        chosen = media.HTML if ending else media.choose(request.headers.get("accept"), _OFFERED)
        return await _elsewhere(request, iri, path, shown, chosen)
    desk = desk_of(request)
    key = f"p{number}" if number > 1 else ""
    held = has_already(request, beginning(await desk.refresh(), key) + wanted.suffix)
    if held:
        return not_modified(held)
    found = await while_there(request, desk.things.description(iri, number, wanted))
    links = _links(request, iri, path, shown, wanted)
    for relation, other in found.page.others.items():
        links.append(f'<{here(request, path)}.{ending}?page={other}>; rel="{relation}"')
    headers = {"Link": ", ".join(links)}
    if modified := found.record.modified:
        headers["Last-Modified"] = format_datetime(modified, usegmt=True)
        if not_since(request, modified):
            return Response(status_code=304, headers={**headers, "Vary": "Accept, Accept-Encoding"})
    response = await send(request, found.result, found.state, key)
    response.headers.update(headers)
    return response


def split(name: str) -> tuple[str, str]:
    """The last part of an address without its ending, and that."""
    before, _, ending = name.partition(".")
    return before, ending


async def _elsewhere(request: Request, iri: str, path: str, shown: str, chosen: MediaType) -> Response:
    """303 to the document about a thing, if there is such a thing."""
    await while_there(request, desk_of(request).things.record(iri))
    query = f"?{request.url.query}" if request.url.query else ""
    page = f"/{accepted_language(request)}{shown}"
    target = page if chosen == media.HTML else f"{path}.{chosen.suffix}"
    described = f'<{here(request, path)}.ttl>; rel="describedby"; type="{media.TURTLE.type}"'
    headers = {
        "Location": here(request, target) + query,
        "Vary": "Accept, Accept-Language",
        "Link": ", ".join([described, *_links(request, iri, path, shown, None)]),
    }
    return Response(status_code=303, headers=headers)


def _links(request: Request, iri: str, path: str, shown: str, this: MediaType | None) -> list[str]:
    """What the header Link says of a thing, whatever its format: the others, its name, its licence."""
    at = here(request, path)
    found = [*formats(at, this), *pages(request, shown)]
    if this:
        found.append(f'<{here(request, "/ontology")}>; rel="describedby"')
    return [*found, f'<{iri}>; rel="cite-as"', f'<{names.CC_BY}>; rel="license"']
