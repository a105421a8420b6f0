"""How good the lookup is on the questions of `tests/cases/lookup.toml`: figures by kind of question.

    python bench/lookup_quality.py [--wrong]

A row is proven if it has evidence stronger than an intention, of its own or through an alliance. Precision is
the share of proven rows that must or may come, recall the share of those that must come and do; a hit is a
holder that must come among the first rows, or nobody where nobody is proven.
"""

from __future__ import annotations

import argparse
import tomllib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from kogge import names, publish
from kogge.expertise import Lookup, as_json
from kogge.store.embedded import EmbeddedStore

CASES: Final = Path(__file__).resolve().parents[1] / "tests" / "cases" / "lookup.toml"
PARAMETERS: Final = ("lang", "alliance", "country", "state", "kind_of_holder", "evidence")


@dataclass(frozen=True)
class Case:
    """A question and what the sources say to it: who must come and be proven, who may, who comes first, and
    which words are not to be understood."""

    kind: str
    text: str
    parameters: Mapping[str, Any]
    must: frozenset[str]
    may: frozenset[str]
    first: tuple[str, ...]
    seekers: frozenset[str] | None
    nothing: bool
    unknown: tuple[str, ...] | None


@dataclass(frozen=True)
class Judgement:
    """What came for a case: the proven holders in their order (or those who seek), and what was wrong."""

    case: Case
    proven: tuple[str, ...]
    understood: bool
    unknown: tuple[str, ...]

    @property
    def wrong(self) -> list[str]:
        """The proven holders that neither must nor may come."""
        return [slug for slug in self.proven if slug not in self.case.must | self.case.may]

    @property
    def missing(self) -> list[str]:
        """The holders that must come and do not."""
        return sorted(self.case.must - set(self.proven))

    def hit(self, rows: int) -> bool:
        """Whether a holder that must come is among the first rows, or nobody comes where nobody should."""
        if self.case.must:
            return bool(self.case.must & set(self.proven[:rows]))
        return not self.proven and not (self.case.nothing and self.understood)

    @property
    def in_order(self) -> bool:
        """Whether those who must come first do."""
        return self.proven[: len(self.case.first)] == self.case.first

    @property
    def right(self) -> bool:
        """Whether nothing is wrong at all."""
        told = self.case.unknown in (None, self.unknown)
        return not self.wrong and not self.missing and self.hit(3) and self.in_order and told


def cases() -> list[Case]:
    """The cases of the file, named sets replaced by their holders."""
    data = tomllib.loads(CASES.read_text(encoding="utf-8"))
    sets: dict[str, list[str]] = data["sets"]

    def holders(said: Iterable[str]) -> frozenset[str]:
        return frozenset[str]().union(
            *(holders(sets[name]) if name in sets else frozenset((name,)) for name in said)
        )

    return [
        Case(
            entry["kind"],
            entry["text"],
            {name.removesuffix("_of_holder"): entry[name] for name in PARAMETERS if name in entry},
            holders(entry.get("must", entry.get("seekers", []))),
            holders(entry.get("may", [])),
            tuple(entry.get("first", [])),
            holders(entry["seekers"]) if "seekers" in entry else None,
            entry.get("nothing", False),
            tuple(entry["unknown"]) if "unknown" in entry else None,
        )
        for entry in data["question"]
    ]


def repository() -> Lookup:
    """The lookup on the graph of this repository."""
    store = EmbeddedStore()
    publish.load(store)
    return Lookup.build(store)


def judge(lookup: Lookup, case: Case) -> Judgement:
    """Asks a question and looks at what comes."""
    parameters: Any = dict(case.parameters)
    shown: Any = as_json(lookup.who(case.text, limit=100, **parameters))
    if case.seekers is not None:
        found = [need["holder"]["iri"] for need in shown["needs"]]
    else:
        found = [result["holder"]["iri"] for result in shown["results"] if _proves(result)]
    slugs = tuple(dict.fromkeys(map(names.slug_of, found)))
    question = shown["question"]
    return Judgement(case, slugs, bool(question["topics"]), tuple(question.get("unknown", ())))


def _proves(result: Mapping[str, Any]) -> bool:
    return any(piece["kind"] != "intended" for piece in result["evidence"])


@dataclass(frozen=True)
class Figures:
    """The figures of some judgements, each from 0 to 1."""

    questions: int
    precision: float
    recall: float
    hit_at_1: float
    hit_at_3: float

    @classmethod
    def of(cls, judgements: Sequence[Judgement]) -> Figures:
        """The figures over all rows and questions together."""
        rows = sum(len(judgement.proven) for judgement in judgements)
        wrong = sum(len(judgement.wrong) for judgement in judgements)
        wanted = sum(len(judgement.case.must) for judgement in judgements)
        missing = sum(len(judgement.missing) for judgement in judgements)
        return cls(
            len(judgements),
            1 - wrong / rows if rows else 1.0,
            1 - missing / wanted if wanted else 1.0,
            sum(judgement.hit(1) for judgement in judgements) / len(judgements),
            sum(judgement.hit(3) for judgement in judgements) / len(judgements),
        )


def table(judgements: Sequence[Judgement]) -> str:
    """The figures by kind of question, in percent."""
    kinds: dict[str, list[Judgement]] = defaultdict(list)
    for judgement in judgements:
        kinds[judgement.case.kind].append(judgement)
    lines = [f"{'kind':12} {'questions':>9} {'precision':>9} {'recall':>7} {'hit@1':>6} {'hit@3':>6}"]
    for kind, found in [*kinds.items(), ("all", list(judgements))]:
        figures = Figures.of(found)
        lines.append(
            f"{kind:12} {figures.questions:9} {figures.precision:9.1%} {figures.recall:7.1%}"
            f" {figures.hit_at_1:6.1%} {figures.hit_at_3:6.1%}"
        )
    return "\n".join(lines)


def main() -> None:
    """Prints the table, and with --wrong every question that is not answered as it should be."""
    parser = argparse.ArgumentParser(description="How good the lookup is, by kind of question.")
    parser.add_argument("--wrong", action="store_true", help="list the questions that went wrong")
    options = parser.parse_args()
    lookup = repository()
    judgements = [judge(lookup, case) for case in cases()]
    print(table(judgements))
    if options.wrong:
        for judgement in judgements:
            if not judgement.right:
                print(
                    f"{judgement.case.kind}: {judgement.case.text!r}"
                    f" came {', '.join(judgement.proven[:8]) or 'nobody'};"
                    f" wrong {', '.join(judgement.wrong[:8]) or 'none'};"
                    f" missing {', '.join(judgement.missing[:8]) or 'none'}"
                )


if __name__ == "__main__":
    main()
