"""The day on which a schedule begins, as a form or an address gives it; what was typed is kept."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

from engine.language.errors import shorten
from engine.language.shapes import iso_date
from engine.language.wording import MONTHS

EARLIEST, LATEST = 2000, 2100
LONGEST = 20
FIELDS = ("day", "month", "year")


@dataclass(frozen=True)
class Start:
    """What was given for the day of the first dose.

    Attributes:
        day, month, year: as they were typed.
        date: the day, or None where none was given or it cannot be used.
        problem: why it cannot be used, in a sentence, and empty where it can.
        wrong: the fields that the problem is about.
    """

    day: str = ""
    month: str = ""
    year: str = ""
    date: dt.date | None = None
    problem: str = ""
    wrong: tuple[str, ...] = ()


def read_start(given: Mapping[str, str]) -> Start:
    """Read `day`, `month` and `year`, or else `start` as year-month-day; with none of them there is no date."""
    typed = {name: " ".join(given.get(name, "").split()) for name in FIELDS}
    if any(typed.values()):
        return _of_parts(typed)
    text = given.get("start", "").strip()
    if not text:
        return Start()
    found = iso_date(text)
    if found is None:
        return Start(problem=f"“{shorten(text, LONGEST)}” is no date of the calendar. Enter a day, a month and a year.")
    return _checked(Start(str(found.day), str(found.month), str(found.year), found))


def _of_parts(typed: dict[str, str]) -> Start:
    start = Start(typed["day"], typed["month"], typed["year"])
    missing = tuple(name for name in FIELDS if not typed[name])
    if missing:
        return _wrong(start, f"The start date must include a {' and a '.join(missing)}.", missing)
    day, month, year = _number(typed["day"]), _month(typed["month"]), _number(typed["year"])
    unread = tuple(name for name, number in zip(FIELDS, (day, month, year), strict=True) if number is None)
    if unread or day is None or month is None or year is None:
        return _wrong(start, "Enter the start date in numbers, such as 24 11 2026.", unread)
    try:
        found = dt.date(year, month, day)
    except ValueError:
        return _wrong(start, "The start date is no date of the calendar. Check the day and the month.", FIELDS)
    return _checked(Start(start.day, start.month, start.year, found))


def _checked(start: Start) -> Start:
    if start.date and EARLIEST <= start.date.year <= LATEST:
        return start
    return _wrong(start, f"The year of the start date must be between {EARLIEST} and {LATEST}.", ("year",))


def _wrong(start: Start, problem: str, fields: tuple[str, ...]) -> Start:
    return Start(start.day, start.month, start.year, None, problem, fields)


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 4 else None  # noqa: PLR2004 (of a year)


def _month(text: str) -> int | None:
    """A month by its number, or by its name or the first letters of it."""
    folded = text.casefold().rstrip(".")
    if len(folded) > 2:  # noqa: PLR2004 (two letters do not tell June from July)
        named = [number for number, name in enumerate(MONTHS, 1) if name.casefold().startswith(folded)]
        return named[0] if len(named) == 1 else None
    return _number(text)
