"""Level 7, steps: what becomes of a contribution, and what then is public.

    stage → accept (published) | return → stage again | reject | withdraw

An author stages, withdraws what it sent and confirms; an editor releases too, rolls back and deletes; how far
that reaches is `authority`. Each step is on the disk in the ledger before the store is touched.
"""

from __future__ import annotations

import logging
import secrets
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final

from kogge import authority, heading, history, syntax, versions
from kogge.errors import Conflict, DiskFull, NotFound, PreconditionFailed, Unprocessable
from kogge.ledger import Caller, Contribution, Erased, Ledger, Sending, State, Step, Version
from kogge.publish import Publisher
from kogge.versions import Difference

log = logging.getLogger(__name__)

_N_TRIPLES: Final = "application/n-triples"


@dataclass(frozen=True)
class Receipt:
    """What became of something that was sent: its contribution, and whether that is new.

    Where the graph says this already `version` is the one that does, and `contribution` the one that
    brought it, if it did not come from the repository.
    """

    graph: str
    contribution: Contribution | None
    new: bool
    version: int | None = None


class Steps:
    """The steps on a ledger. May be used from several threads; `clock` gives the time."""

    def __init__(
        self,
        ledger: Ledger,
        publisher: Publisher,
        *,
        four_eyes: bool = True,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._ledger = ledger
        self._publisher = publisher
        self._four_eyes = four_eyes
        self._clock = clock
        self._lock = threading.RLock()

    # Sending

    def stage(
        self, sendings: Sequence[Sending], caller: Caller, *, if_match: int | None = None
    ) -> list[Receipt]:
        """Stages what was sent, one contribution per graph, all of them or none.

        `if_match` is the version on which the sender worked (0: there was none). What the graph says already,
        or what waits already, makes nothing new. What was returned to the caller's partner is sent again by
        this, whoever of it had sent it; what the same person sent to a graph before, and what waits, is
        replaced by it. Raises Forbidden for a graph of others, PreconditionFailed with the difference
        where the graph has moved on, Unprocessable for what speaks of a person who was erased.
        """
        batch = secrets.token_hex(8) if len(sendings) > 1 else None
        with self._ledger.transaction():
            return [self._stage(sending, caller, if_match, batch) for sending in sendings]

    def rehearse(self, sendings: Sequence[Sending], caller: Caller, *, if_match: int | None = None) -> None:
        """Raises what `stage` would raise, and changes nothing."""
        for sending in sendings:
            self._prepared(sending, caller, if_match)

    def _stage(self, sending: Sending, caller: Caller, if_match: int | None, batch: str | None) -> Receipt:
        ready = self._prepared(sending, caller, if_match)
        if isinstance(ready, Receipt):
            return ready
        return Receipt(sending.graph, self._enter(*ready, caller, batch), new=True)

    def _prepared(
        self, sending: Sending, caller: Caller, if_match: int | None
    ) -> tuple[Sending, int] | Receipt:
        """What is to be entered, with its heading, and on which version; or what says so already."""
        authority.may_send(sending.graph, caller)
        if self._ledger.erasures.without(sending.content) != sending.content:
            raise Unprocessable(
                "This speaks of a person whose data was erased on request.", "Leave the person out."
            )
        owner = authority.owner(self._ledger, sending.graph) or caller.partner
        last = self._ledger.last(sending.graph)
        sending = replace(sending, content=heading.headed(sending, owner, self._body(last), self._clock()))
        if (same := self._same(sending, caller, last)) is not None:
            return same
        now = last.version if last else 0
        self._hold(sending.graph, if_match, now)
        if not sending.content and not self._body(last):
            raise Unprocessable("This says nothing.", "Send at least one statement.")
        return sending, now

    def _hold(self, graph: str, if_match: int | None, now: int) -> None:
        """Raises PreconditionFailed with the difference where a graph is not at the version that is meant."""
        if if_match is not None and if_match != now:
            raise PreconditionFailed(
                f"The graph is at version {now}, not at {if_match}.",
                "Take over what has changed, and send it with the new version.",
                difference=self._moved(graph, if_match, now),
            )

    def _same(self, sending: Sending, caller: Caller, last: Version | None) -> Receipt | None:
        """What is there already, if this was sent before or says nothing new."""
        contributions = self._ledger.contributions
        sha256 = versions.sha256(sending.body)
        for waiting in contributions.all(graph=sending.graph, state="staged"):
            mine = (caller.partner.slug, sha256, last.version if last else 0)
            if (waiting.partner, waiting.sha256, waiting.base) == mine:
                return Receipt(sending.graph, waiting, new=False)
        if last is None:
            return None
        brought = contributions.get(last.contribution) if last.contribution is not None else None
        if last.sha256 == versions.sha256(sending.content) or (brought and brought.sha256 == sha256):
            return Receipt(sending.graph, brought, new=False, version=last.version)
        return None

    def _enter(self, sending: Sending, base: int, caller: Caller, batch: str | None) -> Contribution:
        contributions, at = self._ledger.contributions, self._clock()
        ours = [
            each
            for state in ("returned", "staged")
            for each in contributions.all(graph=sending.graph, state=state)
            if each.partner == caller.partner.slug
        ]
        mine = [each for each in ours if each.person == caller.person]
        returned = next((each for each in (*mine, *ours) if each.state == "returned"), None)
        if returned:
            entered = contributions.stage_again(returned.number, sending, caller, base=base, at=at)
        else:
            entered = contributions.stage(sending, caller, base=base, at=at, batch=batch)
        for each in mine:
            if each.number != entered.number:
                note = f"replaced by {entered.number}"
                contributions.move(each.number, "withdrawn", caller, note=note, at=at)
        log.info("contribution %d to %s is staged", entered.number, sending.graph)
        return entered

    # Deciding

    def accept(self, number: int, caller: Caller, note: str = "", *, seen: str | None = None) -> Contribution:
        """Releases a contribution: it is the new version of its graph, in the ledger and then in public.

        `seen` is the `sha256` of what was looked at. Raises Forbidden, Conflict for a step that does not
        follow or, with the difference, where the graph has moved on since it was sent, PreconditionFailed
        where it is not what was looked at, DiskFull where it is kept but cannot be shown yet.
        """
        with self._ledger.transaction():
            contribution = self._ledger.contributions.get(number)
            authority.may_decide(contribution, caller)
            authority.four_eyes(self._ledger, contribution, caller, usual=self._four_eyes)
            if seen is not None and seen != contribution.sha256:
                raise PreconditionFailed(
                    f"Contribution {number} is not what you looked at.", "Look at it again, then accept it."
                )
            contribution = self._release(contribution, caller, note)
        self._publish(contribution)
        return contribution

    def return_(self, number: int, caller: Caller, note: str = "") -> Contribution:
        """Gives a contribution back, to be sent anew. Raises Forbidden, Conflict."""
        return self._decide(number, "returned", caller, note)

    def reject(self, number: int, caller: Caller, note: str = "") -> Contribution:
        """Turns a contribution down. Raises Forbidden, Conflict."""
        return self._decide(number, "rejected", caller, note)

    def withdraw(self, number: int, caller: Caller, note: str = "") -> Contribution:
        """Takes a contribution back: its author, or who may decide. Raises Forbidden, Conflict."""
        with self._ledger.transaction():
            contribution = self._ledger.contributions.get(number)
            authority.may_withdraw(contribution, caller)
            return self._move(number, "withdrawn", caller, note)

    def _decide(self, number: int, to: State, caller: Caller, note: str) -> Contribution:
        with self._ledger.transaction():
            authority.may_decide(self._ledger.contributions.get(number), caller)
            return self._move(number, to, caller, note)

    def _move(self, number: int, to: State, caller: Caller, note: str) -> Contribution:
        moved = self._ledger.contributions.move(number, to, caller, note=note, at=self._clock())
        log.info("contribution %d is %s", number, to)
        return moved

    # In one step. `if_match` is the version that is meant; PreconditionFailed if the newest is another.

    def roll_back(
        self, graph: str, version: int, caller: Caller, note: str = "", *, if_match: int | None = None
    ) -> Version:
        """Makes what a version said the newest version. Raises Forbidden, NotFound, Conflict."""
        authority.may_release(graph, caller)
        body = self.version(graph, version)
        return self._at_once(graph, body, caller, note or f"back to version {version}", if_match)

    def delete(self, graph: str, caller: Caller, note: str = "", *, if_match: int | None = None) -> Version:
        """Makes the newest version an empty one. Raises Forbidden, NotFound, Conflict if it is empty."""
        authority.may_release(graph, caller)
        self.history(graph)
        return self._at_once(graph, b"", caller, note or "deleted", if_match)

    def confirm(
        self, graph: str, caller: Caller, things: Sequence[str] = (), *, if_match: int | None = None
    ) -> Version | None:
        """Notes that things of a graph (none: all) are still so today, by `kogge:reviewedOn`.

        Nothing else changes, so an author may do it alone. None if that is noted already. Raises Forbidden,
        NotFound for a graph or a thing that it does not speak of, PreconditionFailed also where another
        version came meanwhile: nobody has confirmed that one.
        """
        authority.may_send(graph, caller)
        last = self.history(graph)[-1]
        self._hold(graph, if_match, last.version)
        body = versions.reviewed(self._ledger.body(last.number), graph, things, self._clock().date())
        if versions.sha256(body) == last.sha256:
            return None
        return self._at_once(graph, body, caller, "still valid", last.version)

    def erase(self, iri: str, caller: Caller) -> Erased:
        """Removes a person's data from all versions, from what was sent, and from what is public.

        Raises Forbidden for others than a steward, NotFound where nothing is said of it.
        """
        authority.may_erase(caller)
        erased = self._ledger.erasures.erase(iri, caller.partner.agent, self._clock())
        if not erased.triples:
            raise NotFound("Nothing is said of this.", "Give the whole IRI, as kogge query shows it.")
        log.info("erasure %d: %d statements in %d graphs", erased.number, erased.triples, len(erased.graphs))
        self._publisher.publish()
        self._publisher.compact()
        return erased

    def rebuild(self) -> None:
        """Makes the store anew from the ledger alone. Raises DiskFull."""
        self._publisher.rebuild()

    def _at_once(self, graph: str, body: bytes, caller: Caller, note: str, if_match: int | None) -> Version:
        with self._ledger.transaction():
            last = self._ledger.last(graph)
            base = last.version if last else 0
            self._hold(graph, if_match, base)
            if last and last.sha256 == versions.sha256(body):
                raise Conflict(
                    f"The newest version ({last.version}) says just that.", "Nothing is to be done."
                )
            sending = Sending(graph, _N_TRIPLES, body, body, note=note)
            staged = self._ledger.contributions.stage(sending, caller, base=base, at=self._clock())
            contribution = self._release(staged, caller, note)
        self._publish(contribution)
        made = self._ledger.last(graph)
        if made is None:
            raise NotFound(f"There is no graph '{graph}'.")
        return made

    def _release(self, contribution: Contribution, caller: Caller, note: str) -> Contribution:
        """The contribution as the next version of its graph, in the ledger."""
        number, graph = contribution.number, contribution.graph
        last = self._ledger.last(graph)
        now = last.version if last else 0
        if contribution.state == "staged" and contribution.base != now:
            raise Conflict(
                f"The graph is at version {now}; contribution {number} was made on {contribution.base}.",
                "Return it, so that what has changed is taken over.",
                difference=self._moved(graph, contribution.base, now),
            )
        at, contributions = self._clock(), self._ledger.contributions
        moved = contributions.move(number, "published", caller, note=note, at=at, version=now + 1)
        body, who = contributions.content(number), self._ledger.partners.get(contribution.partner).agent
        self._ledger.append(graph, body, origin="contribution", who=who, at=at, contribution=number)
        return moved

    def _publish(self, contribution: Contribution) -> None:
        try:
            self._publisher.publish()
        except DiskFull as error:
            raise DiskFull(
                f"Contribution {contribution.number} is kept, as version {contribution.version}, but "
                "there is no room to show it.",
                "Make room on the disk: then it is shown by itself, and need not be sent again.",
            ) from error
        log.info(
            "contribution %d is version %s of %s",
            contribution.number,
            contribution.version,
            contribution.graph,
        )

    # Reading

    def contribution(self, number: int, caller: Caller) -> Contribution:
        """A contribution of the caller's partner, or to a graph of it. Raises NotFound, Forbidden."""
        contribution = self._ledger.contributions.get(number)
        authority.may_see(contribution, caller)
        return contribution

    def contributions(
        self,
        caller: Caller,
        *,
        graph: str | None = None,
        state: State | None = None,
        limit: int = -1,
        offset: int = 0,
    ) -> list[Contribution]:
        """What the caller's partner sent and what came to its graphs, all for a steward; newest first."""
        partner = None if caller.role == "steward" else caller.partner.slug
        return self._ledger.contributions.all(
            partner=partner, graph=graph, state=state, limit=limit, offset=offset
        )

    def sent(self, number: int, caller: Caller) -> tuple[bytes, str]:
        """What was sent, byte by byte, and what was found in it (JSON). Raises as `contribution`."""
        self.contribution(number, caller)
        return self._ledger.contributions.body(number), self._ledger.contributions.report(number)

    def content(self, number: int, caller: Caller) -> bytes:
        """What its graph is to say, as canonical N-Triples. Raises as `contribution`."""
        self.contribution(number, caller)
        return self._ledger.contributions.content(number)

    def said(self, number: int, caller: Caller) -> bytes:
        """What its sender says: `content` without the heading that was written for it. Raises as it."""
        return heading.bare(self.content(number, caller), self.contribution(number, caller).graph)

    def open_to(self, number: int, caller: Caller) -> frozenset[str]:
        """The steps that the caller may take with a contribution now. Raises as `contribution`."""
        contribution = self.contribution(number, caller)
        return authority.open_steps(self._ledger, contribution, caller, usual=self._four_eyes)

    def taken(self, number: int, caller: Caller) -> list[Step]:
        """The steps of a contribution. Raises as `contribution`."""
        self.contribution(number, caller)
        return self._ledger.contributions.steps(number)

    def change(self, number: int, caller: Caller) -> Difference:
        """What a contribution would change in its graph now, or did change. Raises as `contribution`."""
        contribution = self.contribution(number, caller)
        graph, content = contribution.graph, self._ledger.contributions.content(number)
        if contribution.version is not None:
            return self.difference(graph, contribution.version - 1, contribution.version)
        last = self._ledger.last(graph)
        return versions.difference(graph, last.version if last else 0, None, self._body(last), content)

    def history(self, graph: str) -> list[Version]:
        """The versions of a graph, the oldest first. Raises NotFound."""
        found = self._ledger.history(graph)
        if not found:
            raise NotFound(f"There is no graph '{graph}'.", "GET /graphs lists those that there are.")
        return found

    def newest(self, limit: int, *, before: int | None = None) -> list[Version]:
        """The versions of all graphs that came last, the newest first; `before`: numbered below that."""
        end = self._ledger.number if before is None else before - 1
        return self._ledger.history(after=max(0, end - limit), until=end)[::-1]

    def version(self, graph: str, version: int) -> bytes:
        """What a version of a graph says, as canonical N-Triples; 0: nothing. Raises NotFound."""
        if version == 0:
            return b""
        found = self._ledger.version(graph, version)
        if found is None:
            count = len(self.history(graph))
            raise NotFound(f"The graph has no version {version}.", f"It has versions 1 to {count}.")
        return self._ledger.body(found.number)

    def provenance(self, graph: str) -> bytes:
        """The versions of a graph in PROV-O, as canonical N-Triples. Raises NotFound."""
        return syntax.canonical(history.of(self.history(graph), self._ledger))

    def difference(self, graph: str, first: int, second: int) -> Difference:
        """What was added and removed between two versions (0: nothing was there). Raises NotFound."""
        return versions.difference(
            graph, first, second, self.version(graph, first), self.version(graph, second)
        )

    def _moved(self, graph: str, base: int, now: int) -> dict[str, object] | None:
        if self._ledger.version(graph, base) is None and base:
            return None
        return self.difference(graph, base, now).as_json()

    def _body(self, version: Version | None) -> bytes:
        return self._ledger.body(version.number) if version else b""
