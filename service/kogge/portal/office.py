"""Level 6, portal: who publishes, under which licence: by the settings, as far as a portal takes it."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import Final

from kogge import names
from kogge.codelists import Value, code_lists
from kogge.errors import Misconfigured
from kogge.settings import SETTINGS, Settings

# Who publishes this graph as long as no setting says that somebody else does.
_OURSELVES: Final = names.thing("organisation", "kogge")
_DEFAULT_NAME: Final = next(each.default for each in SETTINGS if each.name == "KOGGE_PUBLISHER_NAME")


@dataclass(frozen=True)
class Office:
    """What the settings say for the catalogue. `contributor` and `publisher_type` may be empty."""

    base: str
    publisher: str
    publisher_name: str
    publisher_type: str
    contact_name: str
    contact_email: str
    contact_url: str
    contributor: str
    licence: Value

    @property
    def attribution(self) -> str:
        """What must be named beside the data where the licence demands it, else the empty string."""
        short = self.licence.more.get("short")
        return f"{self.publisher_name}, {short}" if short else ""


def office(settings: Settings) -> Office:
    """The publisher, the contact, the licence and the deliverer that the settings name.

    Raises Misconfigured, naming the variable, for what a portal would reject: a kind of publisher, a licence
    or a deliverer that is on none of their lists.
    """
    licence = _chosen("KOGGE_LICENCE", "licence", settings.licence)
    kind = settings.publisher_type
    return Office(
        base=settings.base_url,
        publisher=settings.publisher_iri or _publisher(settings),
        publisher_name=settings.publisher_name,
        publisher_type=_chosen("KOGGE_PUBLISHER_TYPE", "publisher", kind).iri if kind else "",
        contact_name=settings.contact_name or settings.publisher_name,
        contact_email=settings.contact_email,
        contact_url=settings.contact_url or ("" if settings.contact_email else settings.base_url + "/"),
        contributor=_contributor(settings.contributor_id),
        licence=licence,
    )


def _publisher(settings: Settings) -> str:
    named = settings.publisher_name != _DEFAULT_NAME
    return f"{settings.base_url}/catalog#publisher" if named else _OURSELVES


def _contributor(given: str) -> str:
    """The IRI of who delivers: by its name in the list of GovData, or written out, also if that is newer."""
    if not given or "://" in given:
        return given
    advice = "If it is newer than that list, give its whole IRI, http://dcat-ap.de/def/contributors/…"
    return _chosen("KOGGE_CONTRIBUTOR_ID", "contributor", given, advice).iri


def _chosen(setting: str, name: str, given: str, advice: str = "") -> Value:
    """The value of a list that is given by its key or its IRI. Raises Misconfigured."""
    code_list = code_lists()[name]
    key = given.removeprefix(code_list.namespace)
    if (found := code_list.values.get(key)) is not None:
        return found
    near = difflib.get_close_matches(key, code_list.values, n=3)
    shown = near if len(code_list.values) > 10 else list(code_list.values)
    choice = f"Choose one of: {', '.join(shown)}." if shown else f"See {code_list.scheme}."
    raise Misconfigured(
        f"{setting}='{given}' is not on the list {code_list.scheme}: a portal would reject it.",
        f"{choice} {advice}".strip(),
    )
