"""Reading a date as people write it: a day, a month by its number or its name, and a year of four digits."""

from __future__ import annotations

import datetime as dt

from engine.language.errors import quote
from engine.language.wording import MONTHS

PARTS = ("day", "month", "year")
YEAR = 4  # digits; with two, 26 may be 1926, 2026 or the year 26
FIRST_YEAR = 1000  # 0026 is meant to be another
SHORTEST_MONTH = 3  # letters that tell months apart


class NoDateError(ValueError):
    """What was written is no date; the message says what to do.

    Attributes:
        wrong: the parts that it is about.
    """

    def __init__(self, message: str, wrong: tuple[str, ...]) -> None:
        self.wrong = wrong
        super().__init__(message)


def read_date(typed: tuple[str, str, str]) -> dt.date | None:
    """Read day, month and year; None where nothing was written.

    Raises:
        NoDateError: something was, and it is no date.
    """
    day, month, year = (part.strip() for part in typed)
    if not (day or month or year):
        return None
    missing = tuple(name for name, part in zip(PARTS, (day, month, year), strict=True) if not part)
    if missing:
        raise NoDateError(f"The date is not complete. Add the {' and the '.join(missing)}.", missing)
    if _number(year) and len(year) != YEAR:
        raise NoDateError("Write the year with four digits, such as 2026.", ("year",))
    if 0 < _number(year) < FIRST_YEAR:
        raise NoDateError(f"The year {year} is too long ago. Write the whole year, such as 2026.", ("year",))
    numbers = _number(day), _month(month), _number(year)
    try:
        return dt.date(numbers[2], numbers[1], numbers[0])
    except ValueError:
        unread = tuple(name for name, number in zip(PARTS, numbers, strict=True) if not number)
        said = f"{quote(f'{day} {month} {year}')} is no date of the calendar. Check the day, the month and the year."
        raise NoDateError(said, unread or PARTS) from None


def _number(text: str) -> int:
    """The number; 0, which no part of a date is, where the text is none or too long."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= YEAR else 0


def _month(text: str) -> int:
    """The number of a month, written as a number, as its name or as the first letters of it; 0 where it is neither."""
    word = text.rstrip(".").casefold()
    if len(word) < SHORTEST_MONTH:
        return _number(text)
    return next((number for number, name in enumerate(MONTHS, 1) if name.casefold().startswith(word)), 0)
