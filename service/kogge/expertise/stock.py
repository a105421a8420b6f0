"""Level 5, stock: puts what was read from the store on the shelf: reasons, things, documents."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from kogge.expertise.read import Reader, Reason
from kogge.expertise.rows import Named
from kogge.expertise.shelf import Shelf, Stored, place_of, told
from kogge.expertise.terms import Words
from kogge.expertise.weights import Rows


class Stock:
    """What is said of the things and documents of some reasons, numbered by the shelf on which it is put."""

    def __init__(self, reader: Reader, reasons: Sequence[Reason], words: Words) -> None:
        things = {reason.thing for reason in reasons}
        self._wholes = reader.wholes(things)
        carriers = things | {whole for thing in things for whole in self._wholes.get(thing, ())}
        self._dates = reader.dates(carriers)
        self._spans = reader.spans(carriers)
        self._topic = {iri: number for number, iri in enumerate(words.topics)}
        self._kind = {iri: number for number, iri in enumerate(words.kinds)}
        self._above = self._all_above(reader, things)
        named = carriers | {reason.meeting for reason in reasons if reason.meeting}
        named |= {whole for wholes in self._above.values() for whole in wholes}
        self._things, self._named = things, named
        self._labels = reader.labels(named)
        sources = {source for reason in reasons for source in reason.sources}
        # What is on the shelf already may be cited by other reasons as well.
        self._documents = reader.documents(sources if reader.scans else sources | named)
        self._number: Mapping[str, int] = {}
        self._cited: dict[tuple[str, ...], tuple[str, str]] = {}  # documents, and what is told without a date

    def put(self, shelf: Shelf, *, fresh: bool = False) -> None:
        """Puts things and documents on a shelf, which numbers them; `fresh` says that it was empty."""
        put: dict[str, tuple[Named, str | None]] = {
            iri: (Named(iri, self._labels.get(iri, {})), None) for iri in sorted(self._named)
        }
        put |= {iri: (document, document.issued) for iri, document in self._documents.items()}
        number = self._number = shelf.number_things(put.values(), fresh=fresh)
        parts = ((number[whole], number[part]) for part, wholes in self._above.items() for whole in wholes)
        again = [] if fresh else [number[part] for part in {*self._things, *self._above}]
        shelf.put_parts(again, parts)

    def reasons(
        self, reasons: Iterable[Reason], holders: Mapping[str, int], rows: Mapping[int, Rows]
    ) -> Iterator[Stored]:
        """These as they are put on the shelf; each also goes to the rows of its holder (by number, of which
        `holders` tells by IRI). The reasons of a holder are to be together."""
        things, topics, kinds = self._number, self._topic, self._kind
        before, place, some = "", 0, Rows()
        known_of = dict[tuple[str, tuple[str, ...]], tuple[int, str]]()
        for holder, topic, kind, thing, iri, meeting, sources in reasons:
            if holder != before:
                before, some = holder, rows[holders[holder]]
                place = place_of(holders[holder], len(some))
                known_of.clear()
            known = known_of.get((thing, sources))
            if known is None:
                known = known_of[thing, sources] = things[thing], self._told(thing, sources)
            it, said = known
            some.codes.append(topics[topic] * len(kinds) + kinds[kind])
            some.things.append(it)
            yield place, it, iri, things[meeting] if meeting else None, said
            place += 1

    def stored(self, reason: Reason) -> tuple[int, int, tuple[str, int | None, str]]:
        """Code and thing of a reason, and what else is put on the shelf of it."""
        code = self._topic[reason.topic] * len(self._kind) + self._kind[reason.kind]
        meeting = self._number[reason.meeting] if reason.meeting else None
        return (
            code,
            self._number[reason.thing],
            (reason.iri, meeting, self._told(reason.thing, reason.sources)),
        )

    def _told(self, thing: str, sources: tuple[str, ...]) -> str:
        """What these sources tell of a thing."""
        if sources not in self._cited:
            documents = ",".join([str(self._number[source]) for source in sources])
            self._cited[sources] = documents, told(None, None, documents)
        documents, undated = self._cited[sources]
        if thing not in self._dates and thing not in self._spans and thing not in self._wholes:
            return undated
        carriers = (thing, *self._wholes.get(thing, ()))
        span = next((self._spans[one] for one in carriers if one in self._spans), None)
        return told(self._date(carriers, sources), span, documents)

    def _date(self, carriers: Iterable[str], sources: Sequence[str]) -> str | None:
        """The date of the first carrier that has one, as these sources say it; else as anybody says it."""
        for carrier in carriers:
            if said := self._dates.get(carrier):
                return min(said, key=lambda pair: (pair[1] not in sources, pair[0]))[0]
        return None

    def _all_above(self, reader: Reader, things: Iterable[str]) -> Mapping[str, Sequence[str]]:
        """What these are parts of, and what those are parts of, and so on."""
        above, wanted = dict[str, Sequence[str]](), set(things)
        level = {thing: wholes for thing, wholes in self._wholes.items() if thing in wanted}
        while level:
            above |= level
            higher = {whole for wholes in level.values() for whole in wholes} - above.keys()
            known = self._wholes if reader.scans else reader.wholes(higher)  # who scans has read all
            level = {thing: known[thing] for thing in higher if thing in known}
        return above
