"""Profiles: which shapes a check takes, and the folders in which they look things up."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import rdflib
from rdflib import RDFS, SH

from kogge import artefacts, syntax
from kogge.errors import BadRequest, Misconfigured, NotFound
from kogge.rules.terms import to_rdflib


@dataclass(frozen=True)
class Profile:
    """A set of rules: its shape files, and the data folders in which they look things up.

    `more` is what else its table says (see `kogge.rules.official`).
    """

    name: str
    summary: Mapping[str, str]
    shapes: tuple[str, ...]
    context: tuple[str, ...]
    more: Mapping[str, Any]


@cache
def profiles() -> Mapping[str, Profile]:
    """All profiles of `shapes/profiles.toml` by name. Raises Misconfigured if it cannot be used."""
    path = artefacts.folder("shapes") / "profiles.toml"
    try:
        listed = tomllib.loads(path.read_text(encoding="utf-8"))
        return {
            name: Profile(name, entry["summary"], tuple(entry["shapes"]), tuple(entry["context"]), entry)
            for name, entry in listed.items()
        }
    except (OSError, tomllib.TOMLDecodeError, KeyError, TypeError) as error:
        raise Misconfigured(f"{path} cannot be used: {error}.", "Restore the file.") from error


def profile_of(name: str) -> Profile:
    """The profile of this name. Raises BadRequest, naming those that exist."""
    try:
        return profiles()[name]
    except KeyError as error:
        raise BadRequest(
            f"There is no profile '{name}'.", f"Choose one of: {', '.join(profiles())}."
        ) from error


@cache
def folder(name: str) -> rdflib.Graph:
    """All statements of a data folder; only to be read."""
    return to_rdflib(triple for path in artefacts.files(name, ".ttl") for triple in syntax.read_file(path))


@cache
def shapes_of(profile: str) -> rdflib.Graph:
    """The shapes of a profile, with the prefixes that their queries use; only to be read."""
    graph = to_rdflib(syntax.read_file(artefacts.folder("ontology") / "prefixes.ttl"))
    for stem in profile_of(profile).shapes:
        try:
            graph += to_rdflib(syntax.read_file(artefacts.folder("shapes") / f"{stem}.ttl"))
        except NotFound as error:
            raise Misconfigured(
                f"Profile '{profile}' names '{stem}', which is no file of shapes/."
            ) from error
    return graph


def known_to(profile: str, context: rdflib.Graph | None = None) -> list[rdflib.Graph]:
    """What the rules look things up in, beside the data; `context` takes the place of `graph/`."""
    folders = [
        context if context is not None and name == "graph" else folder(name)
        for name in profile_of(profile).context
    ]
    return [*folders, _classes(profile)]


@cache
def _classes(profile: str) -> rdflib.Graph:
    """What the shapes say of the classes of others."""
    graph = rdflib.Graph()
    graph += shapes_of(profile).triples((None, RDFS.subClassOf, None))
    return graph


@cache
def inverse(profile: str) -> tuple[str, ...]:
    """The properties along which rules of a profile look back: who points to a thing. Raises BadRequest."""
    return tuple(sorted({str(each) for each in shapes_of(profile).objects(predicate=SH.inversePath)}))
