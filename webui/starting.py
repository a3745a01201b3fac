"""The day on which a schedule begins, as a form or an address gives it; what was typed is kept."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, replace

from engine.language.errors import shorten
from engine.language.shapes import iso_date
from webui.dates import PARTS, NoDateError, read_date

EARLIEST, LATEST = 2000, 2100
LONGEST = 20


@dataclass(frozen=True)
class Start:
    """What was given for the day of the first dose.

    Attributes:
        typed: day, month and year as they were typed.
        date: the day, or None where none was given or it cannot be used.
        problem: why it cannot be used, in a sentence, and empty where it can.
        wrong: the fields that the problem is about.
    """

    typed: tuple[str, str, str] = ("", "", "")
    date: dt.date | None = None
    problem: str = ""
    wrong: tuple[str, ...] = ()


def read_start(given: Mapping[str, str]) -> Start:
    """Read `day`, `month` and `year`, or else `start` as year-month-day; with none of them there is no date."""
    day, month, year = (given.get(name, "").strip() for name in PARTS)
    typed = Start((day, month, year))
    try:
        found = read_date(typed.typed)
    except NoDateError as error:
        return replace(typed, problem=f"Date of the first dose: {error}", wrong=error.wrong)
    return _in_reach(replace(typed, date=found)) if found else _of_text(given.get("start", "").strip())


def _of_text(text: str) -> Start:
    if not text:
        return Start()
    found = iso_date(text)
    if found is None:
        return Start(problem=f"“{shorten(text, LONGEST)}” is no date of the calendar. Enter a day, a month and a year.")
    return _in_reach(Start((str(found.day), str(found.month), str(found.year)), found))


def _in_reach(start: Start) -> Start:
    if start.date and EARLIEST <= start.date.year <= LATEST:
        return start
    problem = f"The year of the first dose must be between {EARLIEST} and {LATEST}."
    return replace(start, date=None, problem=problem, wrong=("year",))
