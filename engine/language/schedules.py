"""Amounts and durations in regimens: "1000 mcg", "2 days", "1 to 2 weeks"."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from engine.language.errors import Problem, nearest, quote
from engine.language.numbers import NumberError, read_number, read_quantity, show_number
from engine.language.shapes import PhaseShape
from engine.language.source import Scalar
from engine.language.units import Units, normal

MICROGRAM = "µg"

# A calendar month is meant in a schedule; its length in days (30.4375, 365.25 / 12) only serves comparison.
DAYS = {
    "hour": Decimal(1) / 24,
    "day": Decimal(1),
    "week": Decimal(7),
    "month": Decimal("30.4375"),
    "year": Decimal("365.25"),
}


@dataclass(frozen=True)
class Span:
    """An amount or duration, or a range of them, with its unit as written."""

    low: Decimal
    high: Decimal
    unit: str


def read_span(text: str) -> Span:
    """Read "2 days", "1 to 2 weeks" or "1000 mcg".

    Raises:
        ValueError: with a message that says what to write.
    """
    head, joined, tail = text.partition(" to ")
    high, unit = read_quantity(tail if joined else head)
    low = read_number(head) if joined else high
    if unit is None:
        raise NumberError(f"{quote(text)} lacks its unit. Write it after the number.")
    if low > high:
        raise NumberError(f"{quote(text)} ends before it begins. Write the smaller number first.")
    return Span(low, high, unit)


def read_duration(text: str) -> Span:
    """Read a duration in hours, days, weeks, months or years.

    Raises:
        ValueError: with a message that says what to write.
    """
    span = read_span(text)
    singular = _word(span.unit)
    if singular not in DAYS:
        meant = nearest(span.unit.casefold(), [*DAYS, *(f"{word}s" for word in DAYS)])
        cure = f"Did you mean {quote(meant[0])}?" if meant else "Write a number of days, weeks, months or years."
        raise NumberError(f"{quote(text)} is no duration. {cure}")
    return Span(span.low, span.high, singular)


def _word(unit: str) -> str:
    """The word for a unit of time, however it is written: "wks" is week."""
    singular = normal(unit).removesuffix("s")
    return {"h": "hour"}.get(singular, singular)


def spelled(scalar: Scalar | None) -> str | None:
    """A duration with the word for its unit in full, "1 to 2 weeks" for "1 to 2 wks"; other words as they are."""
    if scalar is None:
        return None
    try:
        span = read_duration(scalar.text)
    except ValueError:
        return scalar.text
    written = read_span(scalar.text).unit
    if written in {span.unit, f"{span.unit}s"}:
        return scalar.text
    number = scalar.text.strip().removesuffix(written).rstrip()
    return f"{number} {span.unit}{'' if span.low == span.high == 1 else 's'}"


def check_phase(phase: PhaseShape) -> Iterator[Problem]:
    """What is wrong with the amounts of a phase. `until` and `for` may also be words."""
    yield from _check(phase.dose, read_span)
    yield from _check(phase.every, read_duration)
    yield from _check(phase.review_after, read_duration)
    if phase.for_ is not None and phase.for_.text[:1].isdigit():
        yield from _check(phase.for_, read_duration)


def _check(scalar: Scalar | None, read: object) -> Iterator[Problem]:
    if scalar is None or not callable(read):
        return
    try:
        read(scalar.text)
    except ValueError as error:
        yield Problem(scalar.mark, str(error))


def say_every(text: str) -> str:
    """An interval in words: "every month", "every 2 days", "every 1 to 2 weeks"."""
    span = read_duration(text)
    return f"every {span.unit}" if span.low == span.high == 1 else f"every {text}"


def in_micrograms(dose: str) -> str:
    """A dose with the unit in full and in micrograms, "1,000 micrograms" for "1 mg"; what is no mass as it is written.

    Doses are compared by eye: 1 mg beside 1000 mcg reads as a thousandth, and mcg is easily misread as mg.
    """
    span = read_span(dose)
    if Units.dimension(span.unit) != Units.dimension(MICROGRAM):
        return dose
    units = Units(MICROGRAM, (span.unit,))
    ends = (units.convert(end, span.unit, MICROGRAM) for end in (span.low, span.high))
    low, high = (f"{Decimal(show_number(end)):,f}" for end in ends)
    if low == high:
        return f"{low} microgram{'' if low == '1' else 's'}"
    return f"{low} to {high} micrograms"
