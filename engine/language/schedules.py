"""Amounts and durations in regimens: "1000 mcg", "2 days", "1 to 2 weeks"."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from engine.language.errors import Problem, quote
from engine.language.numbers import NumberError, read_number, read_quantity
from engine.language.shapes import PhaseShape
from engine.language.source import Scalar
from engine.language.units import normal

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
    unit = normal(span.unit)
    singular = "hour" if unit == "h" else re.sub("s$", "", unit)
    if singular not in DAYS:
        raise NumberError(f"{quote(text)} is no duration. Write a number of hours, days, weeks, months or years.")
    return Span(span.low, span.high, singular)


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
