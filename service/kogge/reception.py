"""Level 7, reception: what is sent → judged in a caged process → staged, and what is said of it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from kogge import media, names, rules
from kogge.authority import owner_of
from kogge.contribution import own
from kogge.contribution.judge import Content, Judged, Sent
from kogge.contribution.own import Rights
from kogge.errors import BadRequest, Unprocessable
from kogge.ledger import Caller, Sending
from kogge.media import MediaType
from kogge.rules import Finding
from kogge.steps import Receipt, Steps

TAKEN: Final = (media.TURTLE, media.N_TRIPLES, media.JSON_LD, media.RDF_XML, *media.SHEETS)


class Judging(Protocol):
    """Who judges: `contribution.reader.Reader`, or `Here`."""

    async def judge(self, sent: Sent, client: str | None = None) -> Judged:
        """The judgement on what was sent; `client` is whose quota it counts against."""
        ...


@dataclass(frozen=True)
class Arrival:
    """What came for a graph (an IRI; of a table: for any graph of its owner), and how it is to be taken.

    With `into` the one row of a table is for that graph, and for no other. `if_match` is the version on which
    the sender worked (0: there was none, None: it does not matter); `lang` the language of the findings. A
    dry run changes nothing.
    """

    body: bytes
    media: MediaType
    graph: str
    lang: str
    note: str = ""
    if_match: int | None = None
    dry_run: bool = False
    into: bool = False


@dataclass(frozen=True)
class Entry:
    """One graph of what came: its things, of a row of a table also its identifier and place, its receipt.

    `id` is what the first column of the table must hold, so that a new title makes no new thing.
    """

    graph: str
    things: tuple[str, ...]
    id: str | None = None
    sheet: str | None = None
    row: int | None = None
    receipt: Receipt | None = None


@dataclass(frozen=True)
class Outcome:
    """What became of what came: the findings, and unless it was refused an entry for each graph of it.

    `forbidden`: it is not the caller's word. There are no receipts after a dry run.
    """

    findings: tuple[Finding, ...]
    total: int
    refused: bool
    forbidden: bool
    entries: tuple[Entry, ...] = ()

    def as_json(self) -> dict[str, object]:
        """The findings as members `findings` and `total`."""
        return {"findings": rules.as_problem(self.findings)["findings"], "total": self.total}

    def as_report(self) -> bytes:
        """The findings as a validation report (SHACL, section 3.6) in Turtle."""
        report: bytes = rules.report(self.findings).serialize(format="turtle", encoding="utf-8")
        return report


async def receive(arrival: Arrival, caller: Caller, judging: Judging, steps: Steps) -> Outcome:
    """Judges what came, and stages it if it is not refused: all graphs of it, or none.

    A dry run raises what the staging would, and stages nothing.

    Raises as `judge` for what cannot be read, as `Steps.stage`, BadRequest for a version given with a table.
    """
    table = arrival.media in media.SHEETS
    if table and arrival.if_match is not None:
        raise BadRequest(
            "A table is several graphs, a row each; If-Match and If-None-Match name a version of one.",
            "Leave them out.",
        )
    steward = caller.role == "steward"
    rights = Rights(owner_of(arrival.graph) if steward else caller.partner.slug, caller.partner.may, steward)
    if others := own.foreign((), arrival.graph, rights, arrival.lang):  # nobody else's graph is even read
        return Outcome(tuple(others), len(others), refused=True, forbidden=True)
    sent = Sent(arrival.body, arrival.media, arrival.graph, rights, arrival.lang, into=arrival.into)
    judged = await judging.judge(sent, f"token {caller.token}")
    outcome = Outcome(judged.findings, judged.total, judged.refused, judged.forbidden)
    if judged.refused:
        return outcome
    if not judged.graphs:
        raise Unprocessable("This says nothing.", "Send at least one statement, or one row.")
    sendings = [_sending(arrival, content, judged, table=table) for content in judged.graphs]
    receipts: Sequence[Receipt | None] = [None] * len(sendings)
    if arrival.dry_run:
        await asyncio.to_thread(steps.rehearse, sendings, caller, if_match=arrival.if_match)
    else:
        receipts = await asyncio.to_thread(steps.stage, sendings, caller, if_match=arrival.if_match)
    entries = (
        _entry(content, receipt, table=table)
        for content, receipt in zip(judged.graphs, receipts, strict=True)
    )
    return Outcome(judged.findings, judged.total, refused=False, forbidden=False, entries=tuple(entries))


def _sending(arrival: Arrival, content: Content, judged: Judged, *, table: bool) -> Sending:
    """What is kept of one graph.

    Of a table it is what its row says: the whole would be kept once for every row, and would hold what was
    erased from one of them.
    """
    subjects = set(_subjects(content))
    found = [each for each in judged.findings if not table or each.subject in subjects]
    report = json.dumps(rules.as_problem(found)["findings"], ensure_ascii=False)
    body, sent = (content.content, media.N_TRIPLES) if table else (arrival.body, arrival.media)
    return Sending(content.graph, sent.type, body, content.content, report, arrival.note)


def _entry(content: Content, receipt: Receipt | None, *, table: bool) -> Entry:
    things = tuple(iri for iri in _subjects(content) if iri.startswith(names.ID))
    if not table:
        return Entry(content.graph, things, receipt=receipt)
    where = next(iter(content.cells.values()), None)
    return Entry(
        content.graph,
        things,
        content.graph.rpartition("/")[2].partition("-")[2],  # graph/<owner>/<kind>-<identifier>
        where.sheet if where else None,
        where.row if where else None,
        receipt,
    )


def _subjects(content: Content) -> list[str]:
    """The IRIs of which a content in canonical N-Triples speaks, in order."""
    first = (line.partition(b" ")[0].decode() for line in content.content.splitlines())
    return list(dict.fromkeys(term[1:-1] for term in first if term.startswith("<")))
