"""Level 7, desk: the façade that pages and commands talk to. It opens the store, answers, and checks."""

from __future__ import annotations

import asyncio
import json
import logging
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Unpack

from kogge import media, names, publish, questions, syntax
from kogge.errors import Misconfigured
from kogge.expertise import Lookup, as_csv, as_json, as_turtle
from kogge.expertise.understand import Parameters
from kogge.ledger import Ledger
from kogge.media import MediaType
from kogge.settings import Settings
from kogge.store.base import Store
from kogge.store.embedded import EmbeddedStore
from kogge.store.evaluate import Result, evaluate
from kogge.store.guard import Limits

if TYPE_CHECKING:
    from kogge.rules import Finding

log = logging.getLogger(__name__)

_KINDS: Final = f"""SELECT ?kind ?label WHERE {{
    ?kind <{names.SKOS}inScheme> <{names.KOGGE}EvidenceKinds> ; <{names.SKOS}prefLabel> ?label
}}"""
EXPERTISE: Final = (media.JSON, media.CSV, media.TURTLE)


@dataclass(frozen=True)
class Checked:
    """A document and what the rules found in it, the worst first; nothing if it conforms."""

    name: str
    findings: Sequence[Finding]

    @property
    def refused(self) -> bool:
        """Whether something must change; a warning alone refuses nothing."""
        return any(finding.severity == "violation" for finding in self.findings)


class Desk:
    """An open graph: on the disk with its versions (`Desk.open`), or in memory (`Desk.in_memory`)."""

    def __init__(self, store: Store, settings: Settings, ledger: Ledger | None = None) -> None:
        self._store = store
        self._ledger = ledger
        self._limits = Limits(settings.query_bytes, settings.query_depth, settings.query_operators)
        self._lookup: tuple[str, Lookup] | None = None
        self._lock = threading.Lock()
        self._closed = False

    @classmethod
    def open(cls, settings: Settings) -> Desk:
        """Opens store and ledger in the home folder and brings in what has changed in the repository.

        Raises Unavailable if another process has them open, Misconfigured if they cannot be used,
        Unreadable for a file of the repository.
        """
        try:
            settings.home.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise Misconfigured(
                f"The folder {settings.home} cannot be made: {error.strerror}.", "Choose another with --home."
            ) from error
        store = EmbeddedStore(settings.home / "store")
        try:
            ledger = Ledger(settings.home / "ledger.sqlite")
            desk = cls(store, settings, ledger)
            publish.bring_in(ledger, store)
            desk._find()
        except BaseException:
            store.close()
            raise
        log.info("open in %s, state %s", settings.home, desk.state)
        return desk

    @classmethod
    def in_memory(cls, settings: Settings | None = None) -> Desk:
        """The graph of the repository in memory, without versions; nothing is written."""
        store = EmbeddedStore()
        publish.load(store)
        return cls(store, settings or Settings.from_environment({}))

    def who(
        self, text: str = "", *, limit: int = 20, offset: int = 0, **parameters: Unpack[Parameters]
    ) -> dict[str, Any]:
        """Who knows about what is asked, as the JSON of `/expertise`. Raises BadRequest for a parameter."""
        return as_json(
            self._find().who(text, limit=limit, offset=offset, **parameters), parameters.get("lang")
        )

    def who_as(
        self,
        wanted: MediaType,
        text: str = "",
        *,
        limit: int = 20,
        offset: int = 0,
        **parameters: Unpack[Parameters],
    ) -> Result:
        """The same answer in one of the representations `EXPERTISE`. Raises BadRequest for a parameter."""
        answer = self._find().who(text, limit=limit, offset=offset, **parameters)
        lang = parameters.get("lang")
        if wanted == media.CSV:
            return Result(wanted, as_csv(answer, lang).encode())
        if wanted == media.TURTLE:
            return Result(wanted, as_turtle(answer).encode())
        return Result(
            media.JSON, json.dumps(as_json(answer, lang), ensure_ascii=False, indent=1).encode() + b"\n"
        )

    def evidence_labels(self, lang: str) -> dict[str, str]:
        """The kinds of evidence and what they are called in a language."""
        rows = json.loads(self.evaluate(_KINDS).body)["results"]["bindings"]
        return {
            names.slug_of(row["kind"]["value"]): row["label"]["value"]
            for row in rows
            if row["label"].get("xml:lang") == lang
        }

    async def ask(self, text: str, accept: str | None) -> Result:
        """What `evaluate` answers, without holding up others meanwhile."""
        return await asyncio.to_thread(self.evaluate, text, accept)

    def evaluate(self, text: str, accept: str | None = None) -> Result:
        """The answer to a SPARQL query, in the representation that `accept` wants; raises as `evaluate`."""
        return evaluate(self._store, text, accept, self._limits)

    @property
    def state(self) -> str:
        """A token that is equal for equal contents of the store and changes with any triple."""
        return self._store.state

    @property
    def ready(self) -> bool:
        """Whether questions are answered."""
        return not self._closed

    def close(self) -> None:
        """Closes store and ledger. Closing twice is allowed."""
        self._closed = True
        self._store.close()
        if self._ledger:
            self._ledger.close()

    def _find(self) -> Lookup:
        """The lookup for the present state of the store."""
        with self._lock:
            state = self._store.state
            if self._lookup is None or self._lookup[0] != state:
                self._lookup = (state, Lookup.build(self._store))
            return self._lookup[1]


# What needs no graph that is open


def saved(group: str = "lookup") -> tuple[questions.Question, ...]:
    """The saved questions of a group."""
    return questions.all_questions(group)


def query_text(name: str, params: Mapping[str, str]) -> str:
    """The SPARQL text of a saved question, by its name, or of a file with front-matter, with its parameters.

    Raises NotFound with the names that come closest, BadRequest for a parameter.
    """
    path = Path(name)
    question = questions.read(path) if path.is_file() else questions.load(name)
    return questions.as_text(question, params)


def check(path: Path, profile: str, lang: str) -> Checked:
    """What a profile finds in a file. Raises Unreadable, NotFound, and BadRequest for the profile."""
    # Imported here: the validator takes longer to load than all the rest, and only this needs it.
    from kogge import rules

    rules.profile_of(profile)
    data = syntax.read_bytes(path)
    triples = syntax.parse(data, path.name, name=str(path))
    text = data.decode("utf-8-sig") if path.suffix == ".ttl" else ""
    return Checked(str(path), rules.check(rules.to_rdflib(triples), profile, lang, text=text))


def report(checked: Sequence[Checked], wanted: MediaType) -> Result:
    """The findings in all documents: JSON, each with its file, or a SHACL validation report in Turtle."""
    from kogge import rules

    if wanted == media.TURTLE:
        graph = rules.report([finding for each in checked for finding in each.findings])
        return Result(wanted, graph.serialize(format="turtle", encoding="utf-8"))
    problem = rules.as_problem([finding for each in checked for finding in each.findings])
    files = [each.name for each in checked for _ in each.findings]
    listed = problem["findings"]
    if isinstance(listed, list):
        for entry, name in zip(listed, files, strict=False):
            entry["where"] = {"file": name, **entry["where"]}
    return Result(media.JSON, json.dumps(problem, ensure_ascii=False, indent=1).encode() + b"\n")


def profiles() -> tuple[str, ...]:
    """The names of the profiles by which a document can be checked."""
    from kogge import rules

    return tuple(rules.profiles())


def read_bytes(path: Path) -> bytes:
    """The content of a file. Raises NotFound or Unreadable."""
    return syntax.read_bytes(path)


def prefixes() -> dict[str, str]:
    """Prefix → namespace, for showing IRIs short."""
    return syntax.prefixes()


def format_file(path: Path, *, drop_comments: bool = False) -> bool:
    """Rewrites a Turtle file in canonical order; True if that changed it. Raises as `syntax.format_file`."""
    return syntax.format_file(path, drop_comments=drop_comments)


def ask_endpoint(endpoint: str, text: str, accept: str | None) -> Result:
    """What another SPARQL endpoint answers; raises as `store.remote.ask`."""
    from kogge.store import remote

    return remote.ask(endpoint, text, accept)
