"""Level 5, contribution: the caged process in which a contribution is read and judged, and its messages.

The engine's parser, the validator and our own code see a stranger's bytes here only. What they cannot bear
ends this process, and no other.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, Final

from pyoxigraph import Store

from kogge import media, rules, syntax
from kogge.contribution import columns, lists, wording
from kogge.contribution.judge import PROFILE, Content, Judged, Sent, judge
from kogge.contribution.own import Rights
from kogge.errors import Unprocessable
from kogge.rules import Finding, Where
from kogge.store.worker import Answerer, serve

MODULE: Final = __name__
_TYPES: Final = {known.type: known for known in media.TABLE}


def main() -> None:
    """Judges contributions that come on descriptor 0, until it is closed."""
    serve(_judging)


def request(sent: Sent) -> dict[str, Any]:
    """What is to be done with the body of what was sent, as a message."""
    return {
        "work": {
            "media": sent.media.type,
            "graph": sent.graph,
            "rights": asdict(sent.rights),
            "lang": sent.lang,
            "into": sent.into,
        }
    }


def packed(judged: Judged) -> bytes:
    """A judgement as a message; `unpacked` makes it one again."""
    return json.dumps(
        {
            "graphs": [
                {
                    "graph": each.graph,
                    "content": each.content.decode(),
                    "cells": [[*at, asdict(where)] for at, where in each.cells.items()],
                }
                for each in judged.graphs
            ],
            "findings": [asdict(finding) for finding in judged.findings],
            "total": judged.total,
            "refused": judged.refused,
            "forbidden": judged.forbidden,
        },
        ensure_ascii=False,
        separators=(",", ":"),
    ).encode()


def unpacked(message: bytes) -> Judged:
    """The judgement in a message."""
    said = json.loads(message)
    graphs = tuple(
        Content(
            each["graph"],
            each["content"].encode(),
            {(subject, path): Where(**where) for subject, path, where in each["cells"]},
        )
        for each in said["graphs"]
    )
    findings = tuple(Finding(**{**each, "where": Where(**each["where"])}) for each in said["findings"])
    return Judged(graphs, findings, said["total"], said["refused"], said["forbidden"])


def too_complex() -> Unprocessable:
    """What a contribution gets that no worker survives."""
    return Unprocessable(
        "The contribution is too complex: checking it needs more memory than there is for one.",
        "Divide it into several graphs, and nest less.",
    )


def out_of_time() -> Unprocessable:
    """What a contribution gets that takes too long to be checked."""
    return Unprocessable(
        "The contribution is too complex: it could not be checked in the time that there is for one.",
        "Divide it into several graphs.",
    )


def _judging(_: Mapping[str, Any]) -> Answerer:
    _warm_up()

    def answer(store: Store, work: Mapping[str, Any], body: bytes) -> tuple[Mapping[str, Any], bytes]:
        rights = Rights(work["rights"]["owner"], tuple(work["rights"]["may"]), work["rights"]["steward"])
        sent = Sent(body, _TYPES[work["media"]], work["graph"], rights, work["lang"], into=work["into"])
        try:
            return {}, packed(judge(sent, store))
        except RecursionError as error:
            raise too_complex() from error

    return answer


def _warm_up() -> None:
    """Reads the words, the rules and the texts, and runs the rules once, while nobody waits."""
    syntax.prefixes()
    wording.texts()
    columns.kinds()
    lists.facts()
    thing = b"<https://w3id.org/kogge/id/project/kogge/warm> a <https://w3id.org/kogge/ontology#Project> ."
    data = rules.to_rdflib(syntax.parse(thing, "ttl"))
    rules.check(data, PROFILE, "en", rules.to_rdflib(()))
