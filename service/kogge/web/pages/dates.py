"""Level 8, web, pages: dates and numbers as a language writes them, never more precise than given."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Final

from babel import Locale
from babel.dates import format_date, format_skeleton
from babel.numbers import format_decimal

LOCALES: Final = {"de": Locale("de"), "en": Locale("en", "GB"), "nl": Locale("nl")}
_DATE: Final = re.compile(r"(-?\d{4,})(?:-(\d\d)(?:-(\d\d))?)?(?:T[\d:.]+)?(?:Z|[+-]\d\d:\d\d)?")

_YEARLESS: Final = re.compile(r"--(\d\d)-(\d\d)")
_LEAP: Final = 2000  # a year that has all days


def shown(value: object, length: str = "long", *, lang: str) -> str:
    """A date as it is written: `2019` stays a year, `2019-11` is November 2019, `--10-23` 23 October.

    A time is shown as its day.

    `length` is that of a whole day: "long" (12. November 2019) or "short" (12.11.2019). What is no date of
    the calendar comes back as it is.
    """
    return _shown(str(value), length, lang)


@lru_cache(maxsize=20_000)  # a page has the same ones many times
def _shown(value: str, length: str, lang: str) -> str:
    if yearless := _YEARLESS.fullmatch(value):
        return _day(value, int(yearless[1]), int(yearless[2]), lang)
    found = _DATE.fullmatch(value)
    if found is None or not 0 < (year := int(found[1])) <= 9999:
        return value
    month, day = int(found[2] or 1), int(found[3] or 1)
    try:
        moment = date(year, month, day)
    except ValueError:
        return value
    if found[2] is None:
        return str(year)
    locale = LOCALES[lang]
    if found[3] is None:
        return format_skeleton("yMMMM", moment, locale=locale)
    return format_date(moment, "long" if length == "long" else "medium", locale=locale)


def _day(text: str, month: int, day: int, lang: str) -> str:
    try:
        return format_skeleton("MMMMd", date(_LEAP, month, day), locale=LOCALES[lang])
    except ValueError:
        return text


def number(value: object, *, lang: str) -> str:
    """A number with the signs of the language; what is no number comes back as it is."""
    try:
        return format_decimal(Decimal(str(value)), locale=LOCALES[lang])
    except InvalidOperation:
        return str(value)


def size(octets: float, *, lang: str) -> str:
    """How large a file is, in the decimal units of ISO 80000-13: `999 B`, `18 kB`, `1,2 MB`."""
    for unit in ("B", "kB", "MB", "GB"):
        if octets < 1000 or unit == "GB":
            break
        octets /= 1000
    shape = "#,##0" if octets >= 10 or unit == "B" else "#,##0.#"
    return f"{format_decimal(octets, shape, locale=LOCALES[lang])} {unit}"
