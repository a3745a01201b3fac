"""The answers that there can be to each question, as far as a ruleset tells them apart.

A number has endlessly many values and as few kinds of value as cut-offs leave: between two of them no test tells one
number from another. `Space` finds the kinds, in each unit on its own since a value is compared in the unit it was
reported in, and gives one answer for each: round and plausible where it can be, at the cut-off where it must be.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from fractions import Fraction
from functools import cached_property
from itertools import pairwise
from typing import NamedTuple

from engine.language.answers import implausible, read_answer
from engine.language.errors import Mark
from engine.language.model import Bound, Condition, Fact, OneOf, Rule, Ruleset, Test, ValueTest, tests_in
from engine.language.numbers import MOST_DIGITS, show_number
from engine.language.values import UNKNOWN, Answer, Quantity
from engine.logic.evaluate import passes


class Place(NamedTuple):
    """A condition that a ruleset lives by, and the rule that it belongs to; of a gate or a goal there is none."""

    condition: Condition
    mark: Mark
    rule: Rule | None = None


def places(ruleset: Ruleset) -> Iterator[Place]:
    """Give every condition of rules, gates and goals."""
    yield from (Place(rule.when, rule.mark, rule) for rule in ruleset.rules.values())
    yield from (Place(fact.gate, fact.mark) for fact in ruleset.facts.values() if fact.gate)
    yield from (Place(goal.when, goal.mark) for goal in ruleset.goals if goal.when)


def _all_conditions(ruleset: Ruleset) -> Iterator[Condition]:
    yield from (place.condition for place in places(ruleset))
    for promise in ruleset.properties:
        yield from (each for each in (promise.whenever, promise.always, promise.never) if each)


class Space:
    """The kinds of answer to each input of a ruleset.

    Args:
        ruleset: the ruleset.
        conditions: what tells answers apart; all that the ruleset means or promises unless it is given.
    """

    def __init__(self, ruleset: Ruleset, conditions: Iterable[Condition] | None = None) -> None:
        self.ruleset = ruleset
        self.conditions = tuple(_all_conditions(ruleset) if conditions is None else conditions)
        self._kinds: dict[str, tuple[Answer, ...]] = {}

    @cached_property
    def tests(self) -> dict[str, tuple[Test, ...]]:
        """The tests on each fact."""
        found: dict[str, dict[int, Test]] = {name: {} for name in self.ruleset.facts}
        for condition in self.conditions:
            for test in tests_in(condition):
                found[test.fact][id(test)] = test
        return {name: tuple(tests.values()) for name, tests in found.items()}

    @cached_property
    def computed_with(self) -> frozenset[str]:
        """The inputs that formulas compute with: no list of kinds can tell all that their values come to."""
        formulas = (fact.formula for fact in self.ruleset.facts.values() if fact.formula)
        return frozenset(name for formula in formulas for name in formula.names if name != "as_of")

    def kinds(self, fact: Fact) -> tuple[Answer, ...]:
        """One answer of each kind, "I do not know" last where it is offered; of a set the options one by one."""
        if fact.id not in self._kinds:
            self._kinds[fact.id] = (*self._values(fact), *(() if fact.required else (UNKNOWN,)))
        return self._kinds[fact.id]

    def _values(self, fact: Fact) -> Iterable[Answer]:
        if fact.is_set:
            return ((), *((option,) for option in fact.option_ids))
        if fact.type == "number":
            units = fact.units.names if fact.units and fact.units.names else (None,)
            return [value for unit in units for value in self._apart(fact, _numbers(fact, unit, self.tests[fact.id]))]
        if fact.type == "date":
            return self._apart(fact, _dates(fact, self.tests[fact.id]))
        return fact.option_ids

    def _apart(self, fact: Fact, candidates: Iterable[Answer]) -> list[Answer]:
        """Of candidates that no test tells apart the first, plausible ones before others; in their order."""
        ordered = list(candidates)
        found: dict[tuple[bool, ...], Answer] = {}
        for value in sorted(ordered, key=lambda value: plainness(fact, value)):
            tests = (test for test in self.tests[fact.id] if isinstance(test, ValueTest))
            found.setdefault(tuple(passes(test, fact, value) for test in tests), value)
        return [value for value in ordered if value in found.values()]


def space_of(ruleset: Ruleset) -> Space:
    """What a whole ruleset tells apart, kept with it."""
    kept = ruleset.__dict__.get("_space")
    if not isinstance(kept, Space):
        kept = ruleset.__dict__["_space"] = Space(ruleset)
    return kept


def plainness(fact: Fact, value: Answer) -> tuple[bool, int]:
    """The key by which plausible answers stand before others, and shorter ones before longer ones."""
    return implausible(fact, value) is not None, len(str(value))


def _numbers(fact: Fact, unit: str | None, tests: Sequence[Test]) -> Iterator[Quantity]:
    """Numbers in a unit at each cut-off, between each two, and beyond the last on either side; none out of range."""
    spans = [ends for ends in (fact.range, fact.plausible) if ends]
    ends = sorted({_number_in(fact, unit, end) for span in spans for end in span if isinstance(end, Quantity)})
    cutoffs = {_number_in(fact, unit, cutoff) for cutoff in cutoffs_of(tests) if isinstance(cutoff, Quantity)}
    points = sorted({*ends, *cutoffs}) or [Fraction(1)]
    between = [_round_between(low, high) for low, high in pairwise(points)]
    outside = [_round_between(points[0] - 2 * _size(points[0]), points[0])]
    outside.append(_round_between(points[-1], points[-1] + 2 * _size(points[-1])))
    numbers = sorted({*map(_decimal, points), *between, *outside})
    for number in numbers:
        text = show_number(number) + (f" {unit}" if unit else "")
        try:
            value = read_answer(fact, text)
        except ValueError:  # out of range
            continue
        if isinstance(value, Quantity):
            yield value


def _number_in(fact: Fact, unit: str | None, value: Quantity) -> Fraction:
    """A number as it would be in a unit, exactly."""
    if fact.units is None or unit is None or value.unit is None:
        return Fraction(value.number)
    factor, offset = fact.units.line(value.unit, unit)
    return Fraction(value.number) * factor + offset


def cutoffs_of(tests: Iterable[Test]) -> Iterator[object]:
    """The values that tests compare with."""
    for test in tests:
        for check in test.checks if isinstance(test, ValueTest) else ():
            if isinstance(check, Bound):
                yield from check.cutoffs
            elif isinstance(check, OneOf):
                yield from check.values


def _size(number: Fraction) -> Fraction:
    return abs(number) / 2 or Fraction(1)


def _decimal(number: Fraction) -> Decimal:
    """A number with as many digits as an answer may have: converted, and rounded to 12, it is the cut-off again."""
    digits = Decimal(number.numerator) / Decimal(number.denominator)  # 28 digits
    return round_to(digits, MOST_DIGITS - 1 - max(digits.adjusted(), 0))


def _round_between(low: Fraction, high: Fraction) -> Decimal:
    """A number with few digits between two others."""
    middle = (low + high) / 2
    decimals = -len(str(int(abs(high - low)))) - 1
    while True:
        found = round_to(Decimal(middle.numerator) / Decimal(middle.denominator), decimals)
        if low < Fraction(found) < high:
            return found
        decimals += 1


def round_to(number: Decimal, decimals: int) -> Decimal:
    """A number rounded to so many decimals; to tens, hundreds and so on where they are negative."""
    return number.quantize(Decimal(1).scaleb(-decimals)) + 0


def _dates(fact: Fact, tests: Sequence[Test]) -> Iterator[dt.date]:
    """Dates at each cut-off, and a day before and after it; none out of range."""
    points = {each for each in cutoffs_of(tests) if isinstance(each, dt.date)}
    points |= {end for span in (fact.range, fact.plausible) if span for end in span if isinstance(end, dt.date)}
    near = {point.toordinal() + days for point in points or {dt.date(2026, 1, 1)} for days in (-1, 0, 1)}
    for ordinal in sorted(near):
        if dt.date.min.toordinal() <= ordinal <= dt.date.max.toordinal():
            value = dt.date.fromordinal(ordinal)
            try:
                read_answer(fact, value.isoformat())
            except ValueError:  # out of range
                continue
            yield value
