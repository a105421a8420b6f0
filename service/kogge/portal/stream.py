"""Level 6, portal: the ledger as a stream of changes: which members it has, and in which pages they stand.

A member is a version of a named graph with its whole content. What the ledger appends is appended here. An
erasure rewrites versions, which a member must never be: the versions that held the data leave the stream, and
one new member at the time of the erasure carries what the graph says without it, and names those it replaces.

A page ends where a hundred numbers of the ledger end, or where it is large. The address of a finished page
has a hash of what stands in it, so that a page from which something was erased has another address, and the
others keep theirs.
"""

from __future__ import annotations

import hashlib
import threading
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from kogge import history
from kogge.errors import Gone, NotFound
from kogge.ledger import Ledger, Version

WINDOW: Final = 100  # numbers of the ledger that are one page at most
PAGE_BYTES: Final = 2_000_000  # bytes of content after which a page ends earlier


@dataclass(frozen=True)
class Member:
    """A member: the content of the version `position` (its number in the ledger) of a graph, since `created`.

    `replaces` are the members that left the stream because data was erased from them. `place` is the number
    of the ledger after which it came.
    """

    iri: str
    graph: str
    position: int
    created: str
    sha256: str
    size: int
    place: int
    replaces: tuple[str, ...] = ()


@dataclass(frozen=True)
class Page:
    """Members in the order in which they came; never none."""

    members: tuple[Member, ...]

    @cached_property
    def name(self) -> str:
        """How the page is called in its address: up to which number, and a hash of what stands in it."""
        told = "\n".join(
            f"{each.iri} {each.created} {each.sha256} {' '.join(each.replaces)}" for each in self.members
        )
        return f"{self.members[-1].place}-{hashlib.sha256(told.encode()).hexdigest()[:16]}"

    @property
    def times(self) -> tuple[str, str]:
        """When its first and its last member came."""
        return self.members[0].created, self.members[-1].created


class Stream:
    """The stream of a ledger, kept and brought up to date. May be used from several threads."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._lock = threading.Lock()
        self._known = (0, 0)  # number of the ledger, and erasures
        self._time = ""
        self._members: list[Member] = []
        self._pages: tuple[Page, ...] = ()

    def pages(self) -> tuple[Page, ...]:
        """All pages, the oldest first; the last one is not finished yet."""
        with self._lock:
            known = (self._ledger.number, self._ledger.erasures.count)
            if known != self._known:
                if known[1] != self._known[1]:
                    self._known, self._time, self._members = (0, 0), "", []
                self._append(self._ledger.history(after=self._known[0], until=known[0]))
                self._known = known
                self._pages = tuple(_pages(self._members))
            return self._pages

    def page(self, name: str) -> Page:
        """The finished page of that name. Raises Gone for one from which something was erased, NotFound."""
        pages = self.pages()
        for page in pages[:-1]:
            if page.name == name:
                return page
        number = name.partition("-")[0]
        if self._known[1] and number.isdecimal() and int(number) <= self._known[0]:
            raise Gone(
                "This page held data that was erased on request.",
                "Read /changes again: it names the pages that there are. Delete your copy of this one.",
            )
        raise NotFound("The stream has no such page.", "GET /changes names the pages that there are.")

    def _append(self, versions: Sequence[Version]) -> None:
        sizes = self._ledger.sizes(after=versions[0].number - 1) if versions else {}
        times = {}
        for version in versions:
            self._time = times[version.number] = max(self._time, version.at)
        self._members += sorted(
            _members(versions, times, sizes), key=lambda each: (each.place, bool(each.replaces), each.created)
        )


def _members(versions: Sequence[Version], times: dict[int, str], sizes: dict[int, int]) -> Iterator[Member]:
    """The members that versions make. The time of one is not before that of the one before it, even where the
    clock was put back."""
    erased: dict[tuple[str, str], list[Version]] = defaultdict(list)
    by_graph: dict[str, list[Version]] = defaultdict(list)
    for version in versions:
        by_graph[version.graph].append(version)
        if version.erased:
            erased[version.graph, version.erased].append(version)
        else:
            yield _member(version, times[version.number], sizes, version.number)
    numbers, moments = [each.number for each in versions], [times[each.number] for each in versions]
    for (graph, at), lost in erased.items():
        last = [each for each in by_graph[graph] if each.at <= at or each.erased == at][-1]
        before = bisect_right(moments, at)
        place = max(last.number, numbers[before - 1] if before else 0)
        yield _member(last, max(at, times[last.number]), sizes, place, lost)


def _member(
    version: Version, created: str, sizes: dict[int, int], place: int, lost: Iterable[Version] = ()
) -> Member:
    iri = history.entity_of(version.graph, version.version)
    replaces = tuple(history.entity_of(each.graph, each.version) for each in lost)
    if replaces:
        iri += f"&erased={''.join(filter(str.isdecimal, created))}-{version.sha256[:8]}"
    return Member(
        iri,
        version.graph,
        version.number,
        created,
        version.sha256,
        sizes[version.number],
        place,
        replaces,
    )


def _pages(members: Sequence[Member]) -> Iterator[Page]:
    page: list[Member] = []
    for member in members:
        if page and member.place > (last := page[-1].place):
            full = sum(each.size for each in page) >= PAGE_BYTES
            if full or (member.place - 1) // WINDOW > (last - 1) // WINDOW:
                yield Page(tuple(page))
                page = []
        page.append(member)
    if page:
        yield Page(tuple(page))
