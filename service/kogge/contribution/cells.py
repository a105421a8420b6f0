"""Contribution, one cell: what people and spreadsheets write for a date, a number, an address, as a term.

Dates keep the precision that is given. Of ambiguous forms the European one holds: the day comes before the
month, and a separator before exactly three digits of a whole number groups them.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from datetime import date, datetime, time
from decimal import Decimal, InvalidOperation
from functools import cache
from typing import Final, TypeAlias

from pyoxigraph import Literal, NamedNode

from kogge import names
from kogge.contribution import columns

Value: TypeAlias = str | int | float | bool | datetime | date | time
MAX_TEXT: Final = 10_000  # characters; as for every contribution
MAX_LINK: Final = 2_000
_LONGEST_PHONE: Final = 30  # characters of its IRI, as the rule for contacts has it

_XSD: Final = names.XSD
_DAY: Final = re.compile(r"(\d{1,2})[./-](\d{1,2})[./-](\d{4})|(\d{4})[-/](\d{1,2})[-/](\d{1,2})")
_CLOCK: Final = re.compile(r"(\S+)[T ](\d{1,2}:\d{2})(?::\d{2}(?:\.0+)?)?")
_MONTH: Final = re.compile(r"(\d{1,2})[./-](\d{4})|(\d{4})-(\d{1,2})")
_YEAR: Final = re.compile(r"\d{4}")
_MONTH_DAY: Final = re.compile(r"(\d{1,2})\.(\d{1,2})\.|--(\d{2})-(\d{2})")
_IN_WORDS: Final = re.compile(r"(?:(\d{1,2})\.? )?([^\W\d_]+)\.?(?: (\d{4}))?")
_GROUPED: Final = re.compile(r"[+-]?\d{1,3}(?:([.,' \u2019\u00a0\u202f])\d{3})(?:\1\d{3})*")
_WHOLE: Final = re.compile(r"[+-]?\d{1,18}")
_DECIMAL: Final = re.compile(r"([+-]?)(\d{1,3}(?:[.' \u2019\u00a0\u202f]\d{3})+|\d{1,15}),(\d{1,15})")
_POINTED: Final = re.compile(r"([+-]?)(\d{1,3}(?:[,' \u2019\u00a0\u202f]\d{3})+|\d{1,15})(?:\.(\d{1,15}))?")
_LINK: Final = re.compile(r"https?://[^\s/?#<>\"{}|\\^`]+(?:[/?#][^\s<>\"{}|\\^`]*)?", re.IGNORECASE)
_MAILBOX: Final = re.compile(r"[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,}")
_PHONE: Final = re.compile(r"(?:\+|00)[1-9](?:[ ()/.-]*\d){4,20}")
_CONTROL: Final = re.compile(
    r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]"
)
_ESCAPED: Final = re.compile(r"_x000([9AD])_")  # how a workbook writes TAB, LF and CR (ECMA-376, 22.9.2.19)
_QUOTED: Final = re.compile(r'"[^"]*"|\\.|\[[^\]]*\]|_.|\*.')
_TRUE: Final = frozenset({"ja", "yes", "true", "wahr", "waar", "x", "✓", "1", "j", "y"})
_FALSE: Final = frozenset({"nein", "no", "nee", "false", "falsch", "onwaar", "0", "n"})


class Odd(Exception):
    """A cell that cannot be read; `finding` is the name of the message in `shapes/sheet-words.toml`."""

    def __init__(self, finding: str, **said: str) -> None:
        super().__init__(finding)
        self.finding = finding
        self.said: Mapping[str, str] = said


def written(value: Value) -> str:
    """What a cell says, as text: composed letters, no blanks at the ends, numbers without a needless `.0`.

    Raises Odd for control characters and for a text above the limit.
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return format(Decimal(repr(value)).normalize(), "f") if abs(value) < 1e15 else repr(value)
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time() else value.isoformat(" ", "minutes")
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, int):
        return str(value)
    text = _ESCAPED.sub(lambda match: chr(int(match[1], 16)), value)
    text = unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n")).strip()
    if _CONTROL.search(text):
        raise Odd("control")
    if len(text) > MAX_TEXT:
        raise Odd("long", most=f"{MAX_TEXT}")
    return text


def text(value: Value, lang: str) -> Literal:
    """A text in a language. Raises Odd where the spreadsheet has made a date of it."""
    return Literal(_plain(value), language=lang)


def plain(value: Value) -> Literal:
    """A text without a language, such as a key. Raises Odd."""
    return Literal(_plain(value))


def _plain(value: Value) -> str:
    if isinstance(value, datetime | date | time):
        raise Odd("text")
    return written(value)


def dated(value: Value, form: str = "") -> tuple[Literal, str]:
    """A date as precise as it is given, and the time of day that is left out (mostly empty).

    `form` is the number format of the cell: `mm/yyyy` shows a month, whatever day the cell has. Texts are
    22.11.2026, 2026-11-22, 22. November 2026, 11/2026, November 2026, 2026, and 23.10. for a day without a
    year. Raises Odd.
    """
    if isinstance(value, bool | time):
        raise Odd("date", value=written(value))
    if isinstance(value, datetime | date):
        clock = value.strftime("%H:%M") if isinstance(value, datetime) and value.time() != time() else ""
        return _as_shown(value, form), clock
    said = written(value)
    clock = ""
    if (match := _CLOCK.fullmatch(said)) and _DAY.fullmatch(match[1]):
        said, clock = match[1], match[2].zfill(5).replace("00:00", "")
    for read in (_of_day, _of_month, _of_year, _of_month_day, _of_words):
        if found := read(said):
            return found, clock
    raise Odd("date", value=said)


def day(value: Value, form: str = "") -> tuple[Literal, str]:
    """A whole date. Raises Odd."""
    try:
        literal, clock = dated(value, form)
    except Odd as odd:
        raise Odd("day", **odd.said) from odd
    if literal.datatype.value != _XSD + "date":
        raise Odd("day", value=literal.value)
    return literal, clock


def _as_shown(value: datetime | date, form: str) -> Literal:
    shown = _QUOTED.sub("", form).lower().partition(";")[0]
    if form and "y" in shown and "d" not in shown:
        return _month(value.year, value.month) if "m" in shown else _year(value.year)
    return _date(value.year, value.month, value.day)


def _of_day(said: str) -> Literal | None:
    if not (match := _DAY.fullmatch(said)):
        return None
    if match[4]:
        return _date(int(match[4]), int(match[5]), int(match[6]))
    return _date(int(match[3]), int(match[2]), int(match[1]))


def _of_month(said: str) -> Literal | None:
    if not (match := _MONTH.fullmatch(said)):
        return None
    return _month(int(match[2] or match[3]), int(match[1] or match[4]))


def _of_year(said: str) -> Literal | None:
    return _year(int(said)) if _YEAR.fullmatch(said) else None


def _of_month_day(said: str) -> Literal | None:
    if not (match := _MONTH_DAY.fullmatch(said)):
        return None
    month, of_month = int(match[2] or match[3]), int(match[1] or match[4])
    leap = _date(2000, month, of_month)  # so that 29.02. is a day
    return Literal("--" + leap.value[5:], datatype=NamedNode(_XSD + "gMonthDay"))


def _of_words(said: str) -> Literal | None:
    if not (match := _IN_WORDS.fullmatch(said)) or (match[2].casefold() not in _months()):
        return None
    month = _months()[match[2].casefold()]
    if match[1] and match[3]:
        return _date(int(match[3]), month, int(match[1]))
    if match[3]:
        return _month(int(match[3]), month)
    return _of_month_day(f"{match[1]}.{month}.") if match[1] else None


@cache
def _months() -> Mapping[str, int]:
    """The names of the months in three languages, whole and short, and their numbers."""
    known: dict[str, int] = {"mrz": 3, "mrt": 3, "sept": 9}
    for months in columns.words()["months"].values():
        for number, name in enumerate(months, 1):
            known |= {name.casefold(): number, name[:3].casefold(): number}
    return known


def _date(year: int, month: int, of_month: int) -> Literal:
    try:
        found = date(year, month, of_month)
    except ValueError as error:
        raise Odd("date", value=f"{of_month:02}.{month:02}.{year:04}") from error
    _year(year)
    return Literal(found.isoformat(), datatype=NamedNode(_XSD + "date"))


def _month(year: int, month: int) -> Literal:
    if not 1 <= month <= 12:
        raise Odd("date", value=f"{month:02}/{year:04}")
    _year(year)
    return Literal(f"{year:04}-{month:02}", datatype=NamedNode(_XSD + "gYearMonth"))


def _year(year: int) -> Literal:
    if not 1000 <= year <= 2099:
        raise Odd("date", value=f"{year:04}")
    return Literal(f"{year:04}", datatype=NamedNode(_XSD + "gYear"))


def whole(value: Value) -> Literal:
    """A whole number; 219.044, 219,044 and 219 044 are the same. Raises Odd."""
    said = written(value)
    if isinstance(value, bool | datetime | date | time):
        raise Odd("whole", value=said)
    digits = said
    if match := _GROUPED.fullmatch(said) if isinstance(value, str) else None:
        digits = said.replace(match[1], "")
    if not _WHOLE.fullmatch(digits):
        raise Odd("whole", value=said)
    return Literal(str(int(digits)), datatype=NamedNode(_XSD + "integer"))


def decimal(value: Value) -> Literal:
    """A number with a comma or a point before its fraction: 53,866 and 53.866 are the same. Raises Odd."""
    said = written(value)
    match = None
    if not isinstance(value, bool | datetime | date | time):
        match = _POINTED.fullmatch(said) if not isinstance(value, str) else None
        match = match or _DECIMAL.fullmatch(said) or _POINTED.fullmatch(said)
    if match is None:
        raise Odd("decimal", value=said)
    sign, before, after = match.groups()
    try:
        number = Decimal(f"{sign}{re.sub(r'[^0-9]', '', before)}.{after or 0}")
    except InvalidOperation as error:
        raise Odd("decimal", value=said) from error
    shown = format(number.normalize(), "f")
    return Literal(shown if "." in shown else shown + ".0", datatype=NamedNode(_XSD + "decimal"))


def yes_no(value: Value) -> Literal:
    """Yes or no, in one of three languages, or an x. Raises Odd."""
    said = written(value).casefold()
    if said not in _TRUE | _FALSE:
        raise Odd("yes-no", value=written(value))
    return Literal("true" if said in _TRUE else "false", datatype=NamedNode(_XSD + "boolean"))


def link(value: Value) -> NamedNode:
    """A web address; of one that begins with `www.` the rest is added. Raises Odd."""
    said = written(value)
    address = f"https://{said}" if said.lower().startswith("www.") else said
    if not _LINK.fullmatch(address) or len(address) > MAX_LINK:
        raise Odd("link", value=said[:100])
    return _named(address, "link", said)


def mailbox(value: Value) -> NamedNode:
    """An e-mail address as `mailto:`. Whose it is, is judged by a rule. Raises Odd."""
    said = written(value).removeprefix("mailto:")
    if not _MAILBOX.fullmatch(said) or len(said) > 254:
        raise Odd("mailbox", value=said[:100])
    return _named(f"mailto:{said}", "mailbox", said)


def phone(value: Value) -> NamedNode:
    """A phone number with its country code as `tel:` (RFC 3966), the groups joined by hyphens. Raises Odd."""
    said = written(value).removeprefix("tel:")
    if not _PHONE.fullmatch(said):
        raise Odd("phone", value=said[:100])
    number = said.replace("(0)", " ")
    number = f"+{number.removeprefix('+').removeprefix('00')}"
    iri = "tel:+" + "-".join(re.findall(r"\d+", number))
    if len(iri) > _LONGEST_PHONE:
        raise Odd("phone", value=said[:100])
    return _named(iri, "phone", said)


def _named(iri: str, finding: str, said: str) -> NamedNode:
    try:
        return NamedNode(iri)
    except ValueError as error:
        raise Odd(finding, value=said[:100]) from error


SIMPLE: Final[Mapping[str, Callable[[Value], Literal | NamedNode]]] = {
    "plain": plain,
    "whole": whole,
    "decimal": decimal,
    "yes-no": yes_no,
    "link": link,
    "mailbox": mailbox,
    "phone": phone,
}
