"""Comparing what an evaluation rounds to 12 digits, exactly: rounding moves a cut-off by half a last digit.

A number rounds to at least a cut-off just where it is at least half way to it from the number of 12 digits before.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from decimal import ROUND_CEILING, Context, Decimal
from fractions import Fraction
from typing import Any

import z3

MOST_OFF = Fraction(5, 10**12)  # of a number, by which rounding it moves it at most
_UP = Context(prec=12, rounding=ROUND_CEILING)


def rounds_to(
    compare: Callable[[Any, Any], Any],
    meets: Callable[[Callable[[Any, Any], Any], Fraction], z3.BoolRef],
    cutoff: Decimal,
) -> z3.BoolRef:
    """Where a number, once it is rounded, compares so with a cut-off; `meets` compares it as it is."""

    def at_least(*, above: bool) -> z3.BoolRef:
        least, included = first(cutoff, above=above)
        return meets(operator.ge if included else operator.gt, least)

    if compare is operator.eq:
        return z3.And(at_least(above=False), z3.Not(at_least(above=True)))
    if compare in {operator.ge, operator.gt}:
        return at_least(above=compare is operator.gt)
    return z3.Not(at_least(above=compare is operator.le))


def first(cutoff: Decimal, *, above: bool) -> tuple[Fraction, bool]:
    """From where on numbers round to at least a cut-off, or above it, and whether that number itself does."""
    if not cutoff:
        return Fraction(0), not above
    least = _UP.next_plus(cutoff) if above else _UP.plus(cutoff)
    before = _UP.next_minus(least)
    return (Fraction(least) + Fraction(before)) / 2, least > 0  # halves go away from zero
