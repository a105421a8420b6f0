"""Level 4, questions: reads the saved questions of `queries/`, binds their parameters, runs the rules.

A saved question is one SPARQL 1.1 query in a file of its own. It runs as it stands, on any endpoint, because
a `VALUES` clause carries an example of every parameter; it may stand again in a sub-select that needs them.
Its front-matter (lines `#+ `, read as TOML) says what it answers, in three languages, and of which kind the
parameters are:

    #+ summary = "Members of an alliance on a day."
    #+ question.de = "Wer war an einem Tag Mitglied eines Bündnisses?"
    #+ parameters.alliance = { kind = "alliance", example = "smarte-hanse" }
    ...
    VALUES (?alliance ?lang) { (<https://w3id.org/kogge/id/alliance/smarte-hanse> "de") }

Binding puts other terms into these clauses, each made and written by pyoxigraph, so that what a user types
never becomes query text. A parameter that is left open is `UNDEF`. The substitutions of pyoxigraph were tried
and not taken: they want each variable in the projection, they reach into groups where SPARQL keeps a variable
out of scope, and no other endpoint has them. A `VALUES` clause means the same everywhere (SPARQL 1.1, 10.2).
"""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias

import pyoxigraph as ox

from kogge import artefacts, names
from kogge.errors import BadRequest, Misconfigured, NotFound
from kogge.store.base import Store

Form: TypeAlias = Literal["select", "ask", "construct", "describe"]
Term: TypeAlias = ox.NamedNode | ox.Literal

GROUPS: Final = ("lookup", "check", "rules", "export", "pages")
ASKED_BY_PEOPLE: Final = ("lookup", "check")

# Kinds of parameter whose value names a thing of ours; a bare slug is completed to its IRI.
THINGS: Final = frozenset(
    {"agreement", "alliance", "document", "event", "municipality", "organisation", "person", "programme"}
)

_OTHERS: Final[Mapping[str, str]] = {"topic": names.TOPIC, "graph": names.GRAPH}

_FRONT: Final = re.compile(r"^#\+ ?(.*)$", re.MULTILINE)
_FORM: Final = re.compile(
    r"^(?:\s*(?:PREFIX|BASE)\b[^\n>]*>)*\s*(SELECT|ASK|CONSTRUCT|DESCRIBE)\b", re.MULTILINE | re.IGNORECASE
)
_VALUES: Final = re.compile(r"VALUES \(((?:\?\w+ ?)+)\) \{ \(.*\) \}$", re.MULTILINE)
_KEYS: Final = frozenset({"summary", "question", "parameters", "expect", "reached", "reached_by_class"})


@dataclass(frozen=True)
class Parameter:
    """What a question takes. Without a value its `default` holds; an `optional` one may stay open."""

    name: str
    kind: str
    example: str
    optional: bool = False
    default: str | None = None


@dataclass(frozen=True)
class Question:
    """One file of `queries/`: `text` is the query without front-matter, `question` its wordings.

    `reached` and `reached_by_class` are those of a rule (`kogge.derivation`).
    """

    group: str
    name: str
    summary: str
    question: Mapping[str, str]
    parameters: tuple[Parameter, ...]
    expect: str | None
    form: Form
    text: str
    reached: tuple[str, ...] = ()
    reached_by_class: tuple[str, ...] = ()

    @property
    def iri(self) -> str:
        """The IRI of the question, which derived facts name as what generated them."""
        return f"{names.QUERIES}{self.group}/{self.name}"


def load(name: str) -> Question:
    """The question of that name, in any group (`members`), or in a given one (`lookup/members`).

    Raises NotFound with the names that come closest.
    """
    known = [question for group in GROUPS for question in all_questions(group)]
    for question in known:
        if name in (question.name, f"{question.group}/{question.name}"):
            return question
    near = difflib.get_close_matches(name.rpartition("/")[2], [question.name for question in known], n=3)
    advice = f"Did you mean {' or '.join(near)}?" if near else "Ask for the list of all saved questions."
    raise NotFound(f"There is no saved question '{name}'.", advice)


@cache
def all_questions(group: str = "lookup") -> tuple[Question, ...]:
    """The questions of one group (`lookup`, `check`, `rules`, `export`, `pages`) in the order of their names.

    Raises NotFound for another group, Misconfigured with the file name where a file cannot be used.
    """
    if group not in GROUPS:
        raise NotFound(f"There is no group of questions '{group}'.", f"The groups are {', '.join(GROUPS)}.")
    return tuple(read(path) for path in sorted((artefacts.folder("queries") / group).glob("*.rq")))


def all_saved() -> tuple[Question, ...]:
    """All saved questions, in every group."""
    return tuple(question for group in GROUPS for question in all_questions(group))


def read(path: Path) -> Question:
    """The question in one file; its group is the folder, its name the stem. Only our own need front-matter.

    Raises Misconfigured with the file name where the front-matter and the query do not fit together.
    """
    content = path.read_text(encoding="utf-8")
    try:
        front = tomllib.loads("\n".join(_FRONT.findall(content)))
        text = _FRONT.sub("", content).strip() + "\n"
        return _question(path, front, text)
    except (tomllib.TOMLDecodeError, TypeError, ValueError) as error:
        raise Misconfigured(
            f"{path.parent.name}/{path.name}: {error}",
            "Correct the lines '#+ ' at the top of the file, or the query below them.",
        ) from error


def _question(path: Path, front: dict[str, Any], text: str) -> Question:
    """The question made of front-matter and text; raises ValueError or TypeError where they are wrong."""
    if unknown := front.keys() - _KEYS:
        raise ValueError(f"unknown key {sorted(unknown)}")
    group = path.parent.name
    if group in GROUPS and "summary" not in front:
        raise ValueError("no summary")
    wording = front.get("question", {})
    if group in ASKED_BY_PEOPLE and (missing := set(names.LANGUAGES) - wording.keys()):
        raise ValueError(f"the question has no text in {sorted(missing)}")
    if (form := _FORM.search(text)) is None:
        raise ValueError("neither SELECT, ASK, CONSTRUCT nor DESCRIBE")
    parameters = tuple(Parameter(name=name, **of) for name, of in front.get("parameters", {}).items())
    for parameter in parameters:
        if parameter.kind not in KINDS:
            raise ValueError(f"'{parameter.name}' has the unknown kind '{parameter.kind}'")
    if parameters and not _clauses(text, parameters):
        raise ValueError(f"no line 'VALUES ({_variables(parameters)}) {{ (…) }}'")
    return Question(
        group=group,
        name=path.stem,
        summary=front.get("summary", ""),
        question=wording,
        parameters=parameters,
        expect=front.get("expect"),
        form=_FORMS[form[1].upper()],
        text=text,
        reached=tuple(front.get("reached", ())),
        reached_by_class=tuple(front.get("reached_by_class", ())),
    )


def bind(question: Question, params: Mapping[str, str]) -> dict[str, Term]:
    """The term of each parameter that is given or has a default, by the name of its variable.

    Raises BadRequest, with an example, for a parameter that is missing, unknown or not of its kind.
    """
    known = {parameter.name: parameter for parameter in question.parameters}
    for name in params:
        if name not in known:
            takes = ", ".join(f"{each.name}={each.example}" for each in known.values())
            raise BadRequest(
                f"'{name}' is no parameter of '{question.name}'.",
                f"For example: {takes}" if takes else "It takes no parameter.",
            )
    bound: dict[str, Term] = {}
    for parameter in question.parameters:
        value = params.get(parameter.name, parameter.default)
        if value is not None:
            bound[parameter.name] = _term(parameter, value.strip())
        elif not parameter.optional:
            raise BadRequest(
                f"The parameter '{parameter.name}' of '{question.name}' is missing.", _example(parameter)
            )
    return bound


def as_text(question: Question, params: Mapping[str, str]) -> str:
    """The query with these parameters in its `VALUES` clauses, for any endpoint. Raises as `bind`."""
    bound = bind(question, params)
    row = " ".join(str(bound.get(parameter.name, "UNDEF")) for parameter in question.parameters)
    values = f"VALUES ({_variables(question.parameters)}) {{ ({row}) }}"
    text = question.text
    for clause in reversed(_clauses(text, question.parameters)):
        text = text[: clause.start()] + values + text[clause.end() :]
    return text


def query_text(name: str, params: Mapping[str, str]) -> str:
    """The SPARQL text of a saved question, by its name, or of a file with front-matter, with its parameters.

    Raises NotFound with the names that come closest, BadRequest for a parameter.
    """
    path = Path(name)
    question = read(path) if path.is_file() else load(name)
    return as_text(question, params)


def answer(
    store: Store, question: Question, params: Mapping[str, str]
) -> ox.QuerySolutions | ox.QueryBoolean | ox.QueryTriples:
    """What the store answers to the question. Raises as `bind`."""
    return store.query(as_text(question, params))


def derive(store: Store) -> None:
    """Makes the graph of derived facts anew, in one transaction: all that the rules say about all graphs.

    No rule reads what a rule has made, so neither their order nor the old derived graph matters.
    Raises Misconfigured for a rule that is no CONSTRUCT query.
    """
    derived: set[ox.Triple] = set()
    for rule in all_questions("rules"):
        triples = store.query(rule.text)
        if not isinstance(triples, ox.QueryTriples):
            raise Misconfigured(f"rules/{rule.name}.rq makes no triples.", "A rule is a CONSTRUCT query.")
        derived.update(triples)
    store.replace_graph(names.DERIVED_GRAPH, sorted(derived, key=str))


def _variables(parameters: tuple[Parameter, ...]) -> str:
    return " ".join(f"?{parameter.name}" for parameter in parameters)


def _clauses(text: str, parameters: tuple[Parameter, ...]) -> list[re.Match[str]]:
    """Where `VALUES` clauses with exactly these parameters, in this order, stand in the query."""
    wanted = _variables(parameters)
    return [found for found in _VALUES.finditer(text) if found[1].strip() == wanted]


def _example(parameter: Parameter) -> str:
    return f"For example: {parameter.name}={parameter.example}"


def _term(parameter: Parameter, value: str) -> Term:
    """The term that a value stands for; raises BadRequest if it is none of the parameter's kind."""
    try:
        return KINDS[parameter.kind](parameter.kind, value)
    except ValueError as error:
        raise BadRequest(
            f"'{value}' cannot be the parameter '{parameter.name}': {error}.", _example(parameter)
        ) from error


def _thing(kind: str, value: str) -> Term:
    """A thing by its IRI, by `kind/slug`, or by its bare slug, which for any thing means a municipality."""
    wanted = "" if kind == "thing" else kind
    if "://" in value:
        if wanted and names.kind_of(value) != wanted:
            raise ValueError(f"it is not the IRI of a thing of the kind {wanted}")
        return ox.NamedNode(value)
    if not all(names.SLUG.fullmatch(part) for part in value.split("/")):
        raise ValueError("neither an IRI nor a slug of lower-case letters, digits and hyphens")
    if wanted in _OTHERS:
        return ox.NamedNode(_OTHERS[wanted] + value)
    if not wanted and "/" in value:
        return ox.NamedNode(names.ID + value)
    return ox.NamedNode(names.thing(wanted or "municipality", value))


def _language(_: str, value: str) -> Term:
    if value not in names.LANGUAGES:
        raise ValueError(f"it is none of the languages {', '.join(names.LANGUAGES)}")
    return ox.Literal(value)


def _date(_: str, value: str) -> Term:
    if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", value):
        raise ValueError("a day is written as year-month-day")
    return ox.Literal(date.fromisoformat(value).isoformat(), datatype=ox.NamedNode(names.XSD + "date"))


def _integer(_: str, value: str) -> Term:
    if not re.fullmatch(r"-?[0-9]{1,18}", value):
        raise ValueError("it is no whole number")
    return ox.Literal(int(value))


def _country(_: str, value: str) -> Term:
    if not re.fullmatch(r"[A-Za-z]{2}", value):
        raise ValueError("a country is written as its two letters (ISO 3166-1)")
    return ox.Literal(value.upper())


def _text(_: str, value: str) -> Term:
    if not value:
        raise ValueError("it is empty")
    return ox.Literal(value)


_FORMS: Final[Mapping[str, Form]] = {
    "SELECT": "select",
    "ASK": "ask",
    "CONSTRUCT": "construct",
    "DESCRIBE": "describe",
}
KINDS: Final[Mapping[str, Callable[[str, str], Term]]] = {
    **dict.fromkeys((*sorted(THINGS), *_OTHERS, "thing"), _thing),
    "language": _language,
    "date": _date,
    "integer": _integer,
    "country": _country,
    "text": _text,
}
