"""Level 6, portal: the events of the graph as a calendar (RFC 5545).

An event is on a day, because no source says more; where one gives only a month or a year, or a day without a
year, it is in no calendar. Where sources give different days, each is shown, and says that there is another.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import groupby
from typing import Final

from icalendar import Calendar, Event

from kogge import media, names
from kogge.store.evaluate import Result
from kogge.store.rows import Row

_TITLE: Final = {"de": "Termine", "en": "Events", "nl": "Evenementen"}
_OTHER: Final = {
    "de": "Eine andere Quelle nennt einen anderen Tag: {}.",
    "en": "Another source gives another day: {}.",
    "nl": "Een andere bron noemt een andere dag: {}.",
}
# What the sources say of an event, as far as a calendar has a word for it (RFC 5545, 3.8.1.11).
_STATUS: Final = {names.KOGGE + "held": "CONFIRMED", names.KOGGE + "cancelled": "CANCELLED"}


def written(rows: Sequence[Row], times: Mapping[str, datetime], lang: str, named: str, base: str) -> Result:
    """The calendar of the rows of `export/events`, in a language.

    `times` says when the newest version of each graph was published, `named` what the calendar is called
    beside "Kogge" (an alliance), `base` where this service is.
    """
    calendar = Calendar()
    calendar.add("prodid", "-//Kogge//Events//EN")
    calendar.add("version", "2.0")
    title = " · ".join(filter(None, ("Kogge", named, _TITLE[lang])))
    for name in ("name", "x-wr-calname"):
        calendar.add(name, title)
    calendar.add("refresh-interval", timedelta(hours=12), parameters={"VALUE": "DURATION"})
    for _, group in groupby(rows, lambda row: str(row["event"])):
        days: dict[str, list[Row]] = defaultdict(list)
        for row in group:
            if _day(str(row["day"])):
                days[str(row["day"])].append(row)
        for day, stated in days.items():
            others = [other for other in days if other != day]
            calendar.add_component(_event(stated, others, times, lang, base))
    return Result(media.CALENDAR, calendar.to_ical())


def _event(
    stated: Sequence[Row], others: Sequence[str], times: Mapping[str, datetime], lang: str, base: str
) -> Event:
    """An event on a day that one or several graphs state."""
    row, iri = stated[0], str(stated[0]["event"])
    day = date.fromisoformat(str(row["day"]))
    event = Event()
    # Stable as long as the event is on one day; with a second one each has an id of its own.
    event.add("uid", f"{iri}#{day.isoformat()}" if others else iri)
    at = max((times[str(each["graph"])] for each in stated if str(each["graph"]) in times), default=None)
    at = at or datetime.combine(day, datetime.min.time(), UTC)
    event.add("dtstamp", at)
    event.add("last-modified", at)
    event.add("dtstart", day)
    last = _day(str(row["end"])) if "end" in row else None
    event.add("dtend", max(day, last or day) + timedelta(days=1))
    event.add("transp", "TRANSPARENT")
    for name, key in (("summary", "label"), ("description", "description")):
        if key in row:
            text = str(row[key])
            if key == "description" and others:
                text = f"{text} {_OTHER[lang].format(', '.join(others))}"
            event.add(name, text, parameters={"LANGUAGE": row[key].lang} if row[key].lang else {})
    if "description" not in row and others:
        event.add("description", _OTHER[lang].format(", ".join(others)), parameters={"LANGUAGE": lang})
    where = ", ".join(str(row[key]) for key in ("venue", "placeLabel") if key in row)
    if where:
        event.add("location", where)
    if status := _STATUS.get(str(row.get("status", ""))):
        event.add("status", status)
    if iri.startswith(names.BASE):
        event.add("url", base + "/" + iri.removeprefix(names.BASE))
    return event


def _day(text: str) -> date | None:
    """The day of an xsd:date without a time zone; None for what is none (a store may hold anything)."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
