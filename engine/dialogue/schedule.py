"""The dates of a regimen that begins on a day.

What a phase does not give as a figure has no date: "until no further improvement" ends when a clinician says so, and
what comes after it begins then. Calendar months are counted as calendar months, always from the day a phase begins, so
that monthly from 31 January is 28 February and 31 March.

The first phase begins with its first dose. A later phase begins when the one before it ends, or with it where that one
is ongoing, and its first dose comes one interval later: maintenance every 2 months starts 2 months after the end of
repletion.
"""

from __future__ import annotations

import datetime as dt
from calendar import monthrange
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from engine.language.model import Phase
from engine.language.numbers import round_half_away, show_number
from engine.language.schedules import DAYS, Span, read_duration, say_every
from engine.language.wording import say_date

FIRST_FEW = 4
ONGOING = "ongoing"
AS_LOCAL = "as your local protocol says"
ANY_DAY = dt.date(2001, 1, 1)  # to count doses where none has a date; nobody is shown it
MONTHS = {"month": 1, "year": 12}


@dataclass(frozen=True)
class Window:
    """A day, or the days between which it falls."""

    earliest: dt.date
    latest: dt.date


@dataclass(frozen=True)
class Dated:
    """A phase with its dates.

    Attributes:
        begins: None where the phase before has no end that can be computed.
        doses: the first few; none where there is no interval in days, or no beginning.
        goes_on: whether more doses follow those.
        ends: None where the phase gives no figure for it.
        review: when to look at it again.
    """

    phase: Phase
    begins: Window | None
    doses: tuple[Window, ...]
    goes_on: bool
    ends: Window | None
    review: Window | None


def dated(phases: Iterable[Phase], start: dt.date, most: int = FIRST_FEW) -> tuple[Dated, ...]:
    """The dates of phases from a day on, `most` doses of each."""
    found: list[Dated] = []
    begins: Window | None = Window(start, start)
    for phase in phases:
        found.append(dated_phase(phase, begins, most, first=not found))
        begins = begins if phase.for_ == ONGOING else found[-1].ends
    return tuple(found)


def dated_phase(phase: Phase, begins: Window | None, most: int = FIRST_FEW, *, first: bool) -> Dated:
    """The dates of one phase; the first of a regimen begins with a dose."""
    ends = _after(begins, _length(phase))
    doses = _doses(begins, read_duration(phase.every) if phase.every else None, ends, most + 1, first=first)
    review = _after(begins, read_duration(phase.review_after) if phase.review_after else None)
    return Dated(phase, begins, doses[:most], len(doses) > most, ends, review)


def say_dates(each: Dated) -> list[str]:
    """The first dates of a phase and what is known of its ends, a line each; its review is not among them."""
    lines = [say_window(dose) for dose in each.doses]
    if each.goes_on:
        lines.append("and so on")
    if each.begins is None:
        lines.append("from the end of the phase before")
    elif not each.doses:
        lines.append(f"from {say_window(each.begins)}")
    if each.phase.every is None:
        lines.append(f"further ones {AS_LOCAL}")
    if each.ends:
        lines.append(f"ends {say_window(each.ends)}")
    return lines


def counted_out(phase: Phase, placed: Dated | None, *, first: bool) -> Dated:
    """A phase with its dates; where it has no beginning counted from any day, for the number and order of its doses."""
    if placed and placed.begins:
        return placed
    return dated_phase(phase, Window(ANY_DAY, ANY_DAY), first=first)


def say_doses(phase: Phase, placed: Dated | None, *, first: bool) -> list[str]:
    """When each of the first doses is due: its day, or without one how long after the beginning of its phase."""
    doses = counted_out(phase, placed, first=first).doses
    if placed and placed.begins:
        return [say_window(dose) for dose in doses]
    return [_say_after(phase, times) for times, _ in enumerate(doses, 0 if first else 1)]


def say_further(phase: Phase) -> str:
    """When doses beyond those that can be listed are due."""
    return say_every(phase.every) if phase.every else AS_LOCAL


def _say_after(phase: Phase, times: int) -> str:
    """So many intervals after the beginning: "after 2 to 4 weeks"."""
    if not times or not phase.every:
        return "at the start"
    every = read_duration(phase.every)
    low, high = every.low * times, every.high * times
    if low == high:
        return f"after {show_number(low)} {every.unit}{'' if low == 1 else 's'}"
    return f"after {show_number(low)} to {show_number(high)} {every.unit}s"


def say_window(window: Window) -> str:
    """A day as 24 November 2026, several as 24 to 28 November 2026."""
    first, last = window.earliest, window.latest
    if first == last:
        return say_date(first)
    if (first.year, first.month) == (last.year, last.month):
        return f"{first.day} to {say_date(last)}"
    return f"{say_date(first)} to {say_date(last)}"


def later(day: dt.date, amount: Decimal, unit: str) -> dt.date | None:
    """The day that comes so many hours, days, weeks, months or years after a day; None past the end of the calendar.

    A part of a month is counted in days, and never goes beyond the end of that month.
    """
    try:
        if unit in MONTHS:
            return _months_later(day, amount * MONTHS[unit])
        return day + dt.timedelta(days=int(_days(amount, unit)))
    except (OverflowError, ValueError):
        return None


def _days(amount: Decimal, unit: str) -> Decimal:
    return amount / 24 if unit == "hour" else amount * DAYS[unit]


def _months_later(day: dt.date, months: Decimal) -> dt.date:
    whole = int(months)
    reached = _whole_months_later(day, whole)
    extra = int(round_half_away((months - whole) * DAYS["month"]))
    if not extra:
        return reached
    return min(reached + dt.timedelta(days=extra), _whole_months_later(day, whole + 1))


def _whole_months_later(day: dt.date, months: int) -> dt.date:
    years, month = divmod(day.month - 1 + months, 12)
    last = monthrange(day.year + years, month + 1)[1]
    return day.replace(year=day.year + years, month=month + 1, day=min(day.day, last))


def _length(phase: Phase) -> Span | None:
    """How long a phase lasts, where `for` is a figure and not words."""
    return read_duration(phase.for_) if phase.for_ and phase.for_[:1].isdigit() else None


def _after(window: Window | None, span: Span | None, times: int = 1) -> Window | None:
    """The window so many times a span after another."""
    if window is None or span is None:
        return None
    earliest = later(window.earliest, span.low * times, span.unit)
    latest = later(window.latest, span.high * times, span.unit)
    return Window(earliest, latest) if earliest and latest else None


def _doses(
    begins: Window | None, every: Span | None, ends: Window | None, most: int, *, first: bool
) -> tuple[Window, ...]:
    """The first doses: the first phase has one where it begins and none where it ends, a later one the reverse."""
    if begins is None or every is None or _days(every.low, every.unit) < 1:
        return (begins,) if begins and first else ()
    found = []
    for times in range(0 if first else 1, most + (0 if first else 1)):
        dose = _after(begins, every, times)
        if dose is None or (ends and (dose.latest > ends.latest or (first and dose.latest == ends.latest))):
            break
        found.append(dose)
    return tuple(found)
