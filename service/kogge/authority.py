"""Level 6, authority: who may send, see, release and decide, and whether four eyes have seen it.

A role of a caller reaches as far as the graphs of its own partner; a steward's reaches all. Each of these
raises Forbidden, with who could do it instead, or does nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from kogge import names
from kogge.errors import Forbidden
from kogge.ledger import Caller, Contribution, Ledger, Partner

_OURS: Final = (names.DERIVED_GRAPH, names.HISTORY_GRAPH)  # made by the program, sent by nobody


def owner_of(graph: str) -> str:
    """The partner whose graph it is: `…/graph/luebeck/projekte` → `luebeck`; empty for a foreign IRI."""
    return graph.removeprefix(names.GRAPH).partition("/")[0] if graph.startswith(names.GRAPH) else ""


def owner(ledger: Ledger, graph: str) -> Partner | None:
    """The partner whose graph it is, if the ledger knows it."""
    return next((each for each in ledger.partners.all() if each.slug == owner_of(graph)), None)


def may_send(graph: str, caller: Caller) -> None:
    """A graph of the caller's partner; any for a steward, but for what the program makes."""
    if not graph.startswith(names.GRAPH) or graph in _OURS:
        raise Forbidden(f"Nothing can be sent to '{graph}'.", "Send to graph/<partner>/<slug>.")
    if owner_of(graph) != caller.partner.slug:
        _may_everything(caller, f"The graph '{graph}' is not of '{caller.partner.slug}'.")


def may_release(graph: str, caller: Caller) -> None:
    """Making a version of a graph at once: who may send to it, but no author."""
    may_send(graph, caller)
    if caller.role == "author":
        raise Forbidden("An author releases nothing.", "Ask an editor of your partner.")


def may_see(contribution: Contribution, caller: Caller) -> None:
    """A contribution of the caller's partner, or to a graph of it."""
    if caller.partner.slug not in (contribution.partner, owner_of(contribution.graph)):
        _may_everything(caller, f"Contribution {contribution.number} is of others.")


def may_decide(contribution: Contribution, caller: Caller) -> None:
    """A contribution to a graph of the caller's partner, whoever sent it; no author decides."""
    if caller.role == "author":
        raise Forbidden("An author does not decide.", "Ask an editor of your partner.")
    if owner_of(contribution.graph) != caller.partner.slug:
        _may_everything(caller, f"Contribution {contribution.number} is to a graph of others.")


def may_withdraw(contribution: Contribution, caller: Caller) -> None:
    """What one has sent oneself, the last time that it was sent; else as `may_decide`."""
    if (contribution.partner, contribution.person) != (caller.partner.slug, caller.person):
        may_decide(contribution, caller)


def may_erase(caller: Caller) -> None:
    """A steward alone."""
    if caller.role != "steward":
        raise Forbidden("Only a steward erases the data of a person.", "Ask the steward.")


def four_eyes(ledger: Ledger, contribution: Contribution, caller: Caller, *, usual: bool) -> None:
    """Who sent a contribution does not release it: where `usual`, or as its partner has set it."""
    of = owner(ledger, contribution.graph)
    if not (usual if of is None or of.four_eyes is None else of.four_eyes):
        return
    steps = ledger.contributions.steps(contribution.number)
    if (caller.partner.slug, caller.person) in {(s.partner, s.who) for s in steps if s.what == "staged"}:
        raise Forbidden(
            "You sent this contribution yourself: four eyes must see it.",
            "Ask a colleague who is an editor, or the steward.",
        )


def open_steps(ledger: Ledger, contribution: Contribution, caller: Caller, *, usual: bool) -> frozenset[str]:
    """The steps that a caller may take with a contribution now: accept, return, reject, withdraw."""
    waits, found = contribution.state == "staged", set[str]()
    if (waits or contribution.state == "returned") and _allowed(lambda: may_withdraw(contribution, caller)):
        found.add("withdraw")
    if waits and _allowed(lambda: may_decide(contribution, caller)):
        found |= {"return", "reject"}
        if _allowed(lambda: four_eyes(ledger, contribution, caller, usual=usual)):
            found.add("accept")
    return frozenset(found)


def _allowed(check: Callable[[], None]) -> bool:
    try:
        check()
    except Forbidden:
        return False
    return True


def _may_everything(caller: Caller, why_not: str) -> None:
    if caller.role != "steward":
        raise Forbidden(why_not, "Use a token of the partner to whom it belongs.")
