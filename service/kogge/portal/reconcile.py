"""Level 6, portal: the Reconciliation Service API 0.2 of the W3C community group, for OpenRefine and others.

https://reconciliation-api.github.io/specs/0.2/. An entity has the end of its IRI as its identifier
(`id/municipality/luebeck`, `topic/wasserstoff`), a type the kind in it.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any, Final

from kogge import names
from kogge.errors import BadRequest, NotFound
from kogge.expertise import Lookup
from kogge.portal.candidates import CERTAIN, KINDS, Candidates, Found
from kogge.portal.entities import (
    PROPERTIES,
    beginning,
    cells,
    id_of,
    plain,
    property_of,
    texts,
    type_of,
)
from kogge.portal.feeds import Rows
from kogge.store.rows import Row

BATCH: Final = 50  # queries in one request
EXTENDED: Final = 500  # entities in one request for values
SUGGESTED: Final = 10
LIMIT: Final = 5
MOST: Final = 50  # candidates for a query
WIDTH, HEIGHT = 400, 200

_OTHER_VALUE: Final = 0.5  # what a score is worth where a property has another value


@dataclass(frozen=True)
class Asked:
    """One query of a batch, as it was understood."""

    name: str
    kinds: Sequence[str]
    limit: int
    properties: Sequence[tuple[str, frozenset[str]]]


class Reconciliation:
    """The service at `base`, on what `find` gives as the lookup of now and on saved questions."""

    def __init__(self, find: Callable[[], Lookup], rows: Rows, base: str) -> None:
        self._find, self._rows, self._base = find, rows, base
        self._held: tuple[str, Candidates] | None = None

    def manifest(self, lang: str, *, said: bool) -> dict[str, Any]:
        """What the service offers; its addresses name the language if the client has `said` it."""
        end = f"lang={lang}" if said else ""
        alone, more = f"?{end}" if end else "", f"&{end}" if end else ""
        suggest = {
            what: {"service_url": self._base, "service_path": f"/reconcile/suggest/{what}{alone}"}
            for what in ("entity", "type", "property")
        }
        return {
            "versions": ["0.2"],
            "name": "Kogge",
            "identifierSpace": names.BASE,
            "schemaSpace": names.KOGGE.rstrip("#"),
            "defaultTypes": [type_of(kind, lang) for kind in KINDS],
            "view": {"url": f"{self._base}/reconcile/view?id={{{{id}}}}"},
            "preview": {
                "url": f"{self._base}/reconcile/preview?id={{{{id}}}}{more}",
                "width": WIDTH,
                "height": HEIGHT,
            },
            "suggest": suggest,
            "extend": {
                "propose_properties": {
                    "service_url": self._base,
                    "service_path": f"/reconcile/properties{alone}",
                },
                "property_settings": [],
            },
            "batchSize": BATCH,
        }

    async def match(self, batch: object, lang: str) -> dict[str, Any]:
        """The candidates for each query of a batch. Raises BadRequest for what is no batch of queries."""
        if not isinstance(batch, dict):
            raise BadRequest("'queries' is no JSON object.", 'For example: {"q0": {"query": "Lübeck"}}')
        asked = {key: _asked(key, query) for key, query in batch.items()}
        candidates = await self._candidates()
        return {key: {"result": await self._result(each, candidates, lang)} for key, each in asked.items()}

    async def extend(self, query: object, lang: str) -> dict[str, Any]:
        """The values of properties of entities. Raises BadRequest for what is no query for that."""
        ids, wanted = _extension(query)
        candidates = await self._candidates()
        rows = await asyncio.gather(*(self._values(candidates.named(each), lang) for each in ids))
        return {
            "meta": [property_of(each, lang) for each in wanted],
            "rows": {
                entity: {each: cells(said.get(each, ()), lang) for each in wanted}
                for entity, said in zip(ids, rows, strict=True)
            },
        }

    async def suggest(self, what: str, prefix: str, cursor: int, lang: str) -> dict[str, Any]:
        """Entities, types or properties of which a name begins with this, after the first `cursor`."""
        end = cursor + SUGGESTED
        if what == "type":
            return {"result": beginning([type_of(kind, lang) for kind in KINDS], prefix)[cursor:end]}
        if what == "property":
            return {"result": beginning([property_of(each, lang) for each in PROPERTIES], prefix)[cursor:end]}
        candidates = await self._candidates()
        found = await asyncio.to_thread(candidates.beginning, prefix)
        if (named := candidates.named(prefix.strip())) and named not in found:
            found = [named, *found]
        return {
            "result": [
                {
                    "id": id_of(iri),
                    "name": candidates.label(iri, lang),
                    "description": type_of(names.kind_of(iri), lang)["name"],
                    "notable": [type_of(names.kind_of(iri), lang)],
                }
                for iri in found[cursor:end]
            ]
        }

    def properties(self, kind: str, limit: int, lang: str) -> dict[str, Any]:
        """The properties that entities of a type have; all for no type. Raises NotFound for the type."""
        if kind and kind not in KINDS:
            raise NotFound(f"There is no type '{kind}'.", f"The types are {', '.join(KINDS)}.")
        found = [each for each, (_, kinds) in PROPERTIES.items() if not kind or kind in kinds]
        return {
            **({"type": kind} if kind else {}),
            "properties": [property_of(each, lang) for each in found[:limit]],
            "limit": limit,
        }

    async def address(self, entity: str) -> str:
        """Where an entity is described. Raises NotFound."""
        return f"{self._base}/{id_of(await self._known(entity))}"

    async def preview(self, entity: str, lang: str) -> bytes:
        """A small page on an entity, without script. Raises NotFound."""
        iri = await self._known(entity)
        candidates = await self._candidates()
        said = await self._values(iri, lang)
        told = [cells(said.get(each, ()), lang) for each in ("description", "partOf", "broader", "alliance")]
        lines = [escape(str(cell.get("str") or cell.get("name"))) for cells in told for cell in cells]
        name, kind = escape(candidates.label(iri, lang)), escape(type_of(names.kind_of(iri), lang)["name"])
        return (
            f'<!doctype html><html lang="{lang}"><head><meta charset="utf-8"><title>{name}</title></head>'
            f'<body><p><a href="{escape(self._base)}/{escape(id_of(iri))}" target="_blank" rel="noopener">'
            f"<strong>{name}</strong></a> · {kind}</p>" + "".join(f"<p>{line}</p>" for line in lines)
            + "</body></html>\n"
        ).encode()  # fmt: skip

    async def _candidates(self) -> Candidates:
        """The labels of now; made when they are first needed after a change."""
        lookup = await asyncio.to_thread(self._find)
        state = lookup.index.state
        if self._held is None or self._held[0] != state:
            organisations = await self._rows("export/organisations", {})
            self._held = state, await asyncio.to_thread(Candidates, lookup, organisations)
        return self._held[1]

    async def _result(self, asked: Asked, candidates: Candidates, lang: str) -> list[dict[str, Any]]:
        found = await asyncio.to_thread(candidates.find, asked.name, asked.kinds, MOST) if asked.name else []
        keys = {} if asked.name and found else await self._by_keys(asked, candidates)
        found += [Found(iri, score) for iri, score in keys.items() if iri not in {each.iri for each in found}]
        features: dict[str, list[dict[str, Any]]] = {}
        if asked.properties:
            found = [await self._compared(each, asked, lang, features) for each in found[: 2 * asked.limit]]
            found.sort(key=lambda each: (-each.score, each.iri))
        alone = len(found) < 2 or found[0].score > found[1].score
        return [
            {
                "id": id_of(each.iri),
                "name": candidates.label(each.iri, lang),
                "type": [type_of(names.kind_of(each.iri), lang)],
                "score": each.score,
                "match": place == 0 and alone and each.score >= CERTAIN,
                "features": features.get(each.iri, []),
            }
            for place, each in enumerate(found[: asked.limit])
        ]

    async def _by_keys(self, asked: Asked, candidates: Candidates) -> dict[str, float]:
        """Who has an official key that is the name, or one of the values that are wanted."""
        keys = {asked.name.strip()} if asked.name else set[str]()
        keys |= {value for _, values in asked.properties for value in values}
        found: dict[str, float] = {}
        for key in sorted(keys - {""})[:MOST]:
            for row in await self._rows("export/keys", {"key": key}):
                iri = str(row["thing"])
                if iri in candidates.labels and names.kind_of(iri) in asked.kinds:
                    found[iri] = 100.0
        return found

    async def _compared(
        self, found: Found, asked: Asked, lang: str, features: dict[str, list[dict[str, Any]]]
    ) -> Found:
        """A candidate whose properties were compared; each other value halves its score."""
        said = await self._values(found.iri, lang)
        score = found.score
        for name, values in asked.properties:
            own = {plain(text) for row in said.get(name, ()) for text in texts(row)}
            same = not own.isdisjoint(values)
            features.setdefault(found.iri, []).append({"id": name, "value": same})
            if own and not same:
                score *= _OTHER_VALUE
        return Found(found.iri, round(score, 1))

    async def _values(self, iri: str | None, lang: str) -> dict[str, list[Row]]:
        """What is said of a thing, by property."""
        said: dict[str, list[Row]] = defaultdict(list)
        if iri:
            for row in await self._rows("export/properties", {"thing": iri, "lang": lang}):
                said[str(row["property"])].append(row)
        return said

    async def _known(self, entity: str) -> str:
        iri = (await self._candidates()).named(entity)
        if iri is None:
            raise NotFound(
                f"There is no entity '{entity}'.",
                "Identifiers are like id/municipality/luebeck, topic/energie.",
            )
        return iri


def _asked(key: str, query: object) -> Asked:
    """A query of a batch. Raises BadRequest where it is none."""
    example = 'For example: {"query": "Lübeck", "type": "municipality", "limit": 3}'
    if not isinstance(query, dict):
        raise BadRequest(f"The query '{key}' is no JSON object.", example)
    name, given, limit = query.get("query") or "", query.get("type") or [], query.get("limit") or LIMIT
    properties = query.get("properties") or []
    kinds = [given] if isinstance(given, str) else given
    if isinstance(kinds, list):
        kinds = [each.get("id") if isinstance(each, dict) else each for each in kinds]
    right = (
        isinstance(name, str)
        and isinstance(kinds, list)
        and isinstance(limit, int | float)
        and isinstance(properties, list)
        and all(
            isinstance(each, dict) and isinstance(each.get("pid"), str) and "v" in each for each in properties
        )
    )
    if not right or not (name.strip() or properties):
        raise BadRequest(f"The query '{key}' has neither a text nor properties that can be used.", example)
    known = [kind for kind in KINDS if kind in kinds]
    return Asked(
        name,
        known or ([] if kinds else KINDS),
        max(1, min(int(limit), MOST)),
        [(each["pid"], _wanted(each["v"])) for each in properties],
    )


def _wanted(value: object) -> frozenset[str]:
    """The values of which one is wanted, as texts that can be compared."""
    several = value if isinstance(value, list) else [value]
    return frozenset(plain(str(each.get("id", "") if isinstance(each, dict) else each)) for each in several)


def _extension(query: object) -> tuple[list[str], list[str]]:
    """The entities and properties that are wanted. Raises BadRequest."""
    ids = query.get("ids") if isinstance(query, dict) else None
    wanted = query.get("properties") if isinstance(query, dict) else None
    if (
        not isinstance(ids, list)
        or not isinstance(wanted, list)
        or not all(isinstance(each, str) for each in ids)
        or not all(isinstance(each, dict) and isinstance(each.get("id"), str) for each in wanted)
    ):
        raise BadRequest(
            "'extend' names no entities and properties.",
            'For example: {"ids": ["id/municipality/luebeck"], "properties": [{"id": "ags"}]}',
        )
    properties = [each["id"] for each in wanted]
    if unknown := next((each for each in properties if each not in PROPERTIES), ""):
        raise BadRequest(f"There is no property '{unknown}'.", f"There are {', '.join(PROPERTIES)}.")
    return list(dict.fromkeys(ids)), list(dict.fromkeys(properties))
