"""Whether a single value passes the checks of a test.

A quantity is compared in the unit it was reported in, because published cut-offs are rounded in each unit: 180 ng/L
computes to 132.8 pmol/L but is published as 133, and converting first would flip results at the edge.
"""

from __future__ import annotations

import datetime
import operator
from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any, Final

from engine.language.model import Bound, Check, Comparison, Fact, OneOf, SetTest
from engine.language.values import Quantity, Single

COMPARE: Final[dict[Comparison, Callable[[Any, Any], bool]]] = {
    "below": operator.lt,
    "at_most": operator.le,
    "at_least": operator.ge,
    "above": operator.gt,
}


def meets(fact: Fact, checks: Iterable[Check], value: Single) -> bool:
    """Whether a value of a fact passes every check."""
    return all(_passes(fact, check, value) for check in checks)


def _passes(fact: Fact, check: Check, value: Single) -> bool:
    if isinstance(check, OneOf):
        return check.negated != any(_equal(fact, value, each) for each in check.values)
    return _within(fact, check, value)


def _equal(fact: Fact, value: Single, other: Single) -> bool:
    if isinstance(value, Quantity) and isinstance(other, Quantity):
        return _in_unit_of(fact, value, other) == other.number
    return value == other


def _within(fact: Fact, bound: Bound, value: Single) -> bool:
    compare = COMPARE[bound.comparison]
    if isinstance(value, datetime.date):
        return compare(value, bound.cutoffs[0])
    assert isinstance(value, Quantity)  # noqa: S101 (a number fact holds quantities)
    cutoff = published_for(fact, bound, value.unit)
    return compare(_in_unit_of(fact, value, cutoff), cutoff.number)


def published_for(fact: Fact, bound: Bound, unit: str | None) -> Quantity:
    """The cut-off to compare with a number in a unit: that of the unit, else of its dimension, else the first."""
    cutoffs = [cutoff for cutoff in bound.cutoffs if isinstance(cutoff, Quantity)]
    if len(cutoffs) == 1 or fact.units is None or unit is None:
        return cutoffs[0]
    target = fact.units.target(unit, [cutoff.unit for cutoff in cutoffs if cutoff.unit])
    return next(cutoff for cutoff in cutoffs if cutoff.unit == target)


def _in_unit_of(fact: Fact, value: Quantity, other: Quantity) -> Decimal:
    if fact.units is None or value.unit is None or other.unit is None or value.unit == other.unit:
        return value.number
    return fact.units.convert(value.number, value.unit, other.unit)


def includes(test: SetTest, chosen: Iterable[str]) -> bool:
    """Whether an answered set passes a test."""
    there = set(chosen)
    if test.mode == "all":
        return there.issuperset(test.options)
    return (test.mode == "any") != there.isdisjoint(test.options)
