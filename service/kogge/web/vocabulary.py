"""Level 8, web: `/ontology`, our own words as a page and as RDF, each version of them, and the rules."""

from __future__ import annotations

import hashlib
from email.utils import format_datetime
from functools import cache
from typing import Annotated, Final, Literal

import jinja2
from fastapi import APIRouter, Path, Query, Request, Response

from kogge import media, names
from kogge.desk import THING_FORMATS, Words, prefixes, time_of
from kogge.errors import NotFound
from kogge.media import MediaType
from kogge.store.evaluate import Result
from kogge.web.addresses import formats, here
from kogge.web.asked import accepted_language
from kogge.web.context import desk_of, not_since, send

router = APIRouter()

Ending = Annotated[str, Path(examples=["ttl"])]
Version = Annotated[str, Path(examples=["0.1.0"], description="With or without an ending.")]
Lang = Annotated[Literal["de", "en", "nl"] | None, Query(description="The language of the page.")]

_OFFERED: Final = (*THING_FORMATS, media.HTML)
_RULES: Final = (media.TURTLE, media.JSON_LD, media.N_TRIPLES, media.RDF_XML)
_ENDINGS: Final = {each.suffix: each for each in _OFFERED}


@router.api_route("/ontology", methods=["GET", "HEAD"])
async def ontology(request: Request, lang: Lang = None) -> Response:
    """Our own words: a page for people, RDF for programs, by Accept; the newest version."""
    wanted = media.choose(request.headers.get("accept"), _OFFERED)
    return await _answered(request, None, wanted, lang)


@router.api_route("/ontology.{ending}", methods=["GET", "HEAD"])
async def ontology_as(request: Request, ending: Ending, lang: Lang = None) -> Response:
    """The same in one format: `.ttl .jsonld .nt .rdf .json .csv .html`."""
    return await _answered(request, None, _format(ending), lang)


@router.api_route("/ontology/{version}", methods=["GET", "HEAD"])
async def ontology_version(request: Request, version: Version, lang: Lang = None) -> Response:
    """A version of our words, such as `0.1.0`, by Accept or with an ending."""
    number, _, ending = version.rpartition(".")
    if ending in _ENDINGS:
        return await _answered(request, number, _ENDINGS[ending], lang)
    wanted = media.choose(request.headers.get("accept"), _OFFERED)
    return await _answered(request, version, wanted, lang)


@router.api_route("/shapes", methods=["GET", "HEAD"])
async def shapes(request: Request) -> Response:
    """The rules by which contributions are checked (SHACL), in RDF."""
    return await _rules(request, media.choose(request.headers.get("accept"), _RULES))


@router.api_route("/shapes.{ending}", methods=["GET", "HEAD"])
async def shapes_as(request: Request, ending: Ending) -> Response:
    """The same in one format: `.ttl .jsonld .nt .rdf`."""
    wanted = _ENDINGS.get(ending)
    if wanted not in _RULES:
        raise NotFound(f"The rules are in no format '.{ending}'.", "Endings are: .ttl .jsonld .nt .rdf.")
    return await _rules(request, wanted)


async def _answered(request: Request, version: str | None, wanted: MediaType, lang: str | None) -> Response:
    things = desk_of(request).things
    held = await things.ontology(version)
    modified = time_of(held.version.at)
    path = here(request, "/ontology")
    links = [
        *formats(path if version is None else f"{path}/{version}", wanted),
        f'<{path}>; rel="latest-version"',
        f'<{names.KOGGE.rstrip("#")}>; rel="cite-as"',
        f'<{names.CC_BY}>; rel="license"',
        f'<{here(request, "/shapes")}>; rel="describedby"',
    ]
    headers = {
        "Last-Modified": format_datetime(modified, usegmt=True),
        "Link": ", ".join(links),
        "Vary": "Accept, Accept-Encoding, Accept-Language",
    }
    state = f"o{held.version.version}"
    if wanted == media.HTML:
        headers["Content-Language"] = shown = lang or accepted_language(request)
        page = await things.page(held, lambda words: _page(request, words, shown))
        # It also tells of rules and questions, which have no version.
        del headers["Last-Modified"]
        result, state = Result(wanted, page), hashlib.sha256(page).hexdigest()[:32]
    elif not_since(request, modified):
        return Response(status_code=304, headers=headers)
    else:
        result = await things.ontology_as(held, wanted)
    response = await send(request, result, state)
    response.headers.update(headers)
    return response


def _page(request: Request, words: Words, lang: str) -> bytes:
    text = _template().render(
        words=words,
        lang=lang,
        said=_SAID[lang],
        languages=names.LANGUAGES,
        short=_short,
        base=here(request, ""),
    )
    return text.encode()


async def _rules(request: Request, wanted: MediaType) -> Response:
    result, digest = await desk_of(request).things.rules(wanted)
    response = await send(request, result, digest)
    response.headers["Link"] = f'<{names.CC_BY}>; rel="license"'
    return response


def _format(ending: str) -> MediaType:
    if ending not in _ENDINGS:
        endings = " ".join(f".{each}" for each in _ENDINGS)
        raise NotFound(f"The words are in no format '.{ending}'.", f"Endings are: {endings}.")
    return _ENDINGS[ending]


@cache
def _template() -> jinja2.Template:
    loader = jinja2.PackageLoader("kogge.web")
    environment = jinja2.Environment(
        loader=loader, autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return environment.get_template("ontology.html")


def _short(iri: str) -> str:
    """An IRI with one of our prefixes, or as it is."""
    for prefix, namespace in prefixes().items():
        if iri.startswith(namespace) and "/" not in iri[len(namespace) :]:
            return f"{prefix}:{iri[len(namespace) :]}"
    return iri


_WORDS: Final = (
    ("version", "Version", "Version", "Versie"),
    ("issued", "vom", "of", "van"),
    ("formats", "Formate", "Formats", "Formaten"),
    ("licence", "Lizenz", "Licence", "Licentie"),
    ("namespace", "Namensraum", "Namespace", "Naamruimte"),
    ("contents", "Inhalt", "Contents", "Inhoud"),
    ("classes", "Klassen", "Classes", "Klassen"),
    ("properties", "Eigenschaften", "Properties", "Eigenschappen"),
    ("lists", "Wertelisten", "Code lists", "Codelijsten"),
    ("parents", "ist auch", "is also", "is ook"),
    ("children", "enger", "narrower", "specifieker"),
    ("matches", "entspricht", "corresponds to", "komt overeen met"),
    ("exactMatch", "genau", "exactly", "precies"),
    ("closeMatch", "fast", "nearly", "bijna"),
    ("broadMatch", "weiter", "broader", "ruimer"),
    ("narrowMatch", "enger", "narrower", "specifieker"),
    ("relatedMatch", "verwandt", "related", "verwant"),
    ("strength", "Stärke", "strength", "sterkte"),
    ("closeness", "Nähe", "closeness", "nabijheid"),
    ("notes", "Anmerkung (englisch)", "Note", "Opmerking (Engels)"),
    ("rules", "Was die Regeln verlangen", "What the rules ask for", "Wat de regels vragen"),
    ("rule", "Regel", "Rule", "Regel"),
    ("property", "Eigenschaft", "Property", "Eigenschap"),
    ("count", "Anzahl", "Number", "Aantal"),
    ("values", "Werte", "Values", "Waarden"),
    ("meaning", "Bedeutung", "Meaning", "Betekenis"),
    ("used", "steht in den Regeln für", "stands in the rules for", "staat in de regels voor"),
    ("questions", "in gespeicherten Fragen", "in saved questions", "in opgeslagen vragen"),
)
_SAID: Final = {lang: {row[0]: row[1 + at] for row in _WORDS} for at, lang in enumerate(names.LANGUAGES)}
