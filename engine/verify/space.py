"""The answers that there can be to each question, as far as a ruleset tells them apart.

A number has endlessly many values and as few kinds of value as cut-offs leave: between two of them no test tells one
number from another. `Space` finds the kinds, in each unit on its own since a value is compared in the unit it was
reported in, and gives one answer for each: round and plausible where it can be, at the cut-off where it must be.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Iterator, Sequence
from decimal import Decimal
from fractions import Fraction
from functools import cached_property
from itertools import pairwise
from typing import Any, Final, NamedTuple

from engine.language.answers import canonical_number, implausible, read_answer
from engine.language.errors import Mark
from engine.language.model import Bound, Comparison, Condition, Fact, OneOf, Rule, Ruleset, Test, ValueTest, tests_in
from engine.language.numbers import MOST_DIGITS, show_number
from engine.language.values import UNKNOWN, Answer, Quantity
from engine.logic.evaluate import passes

LONGEST_CUTOFF: Final = 16  # characters, unit and all


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

    @cached_property
    def ends(self) -> tuple[Decimal, ...]:
        """The numbers, in canonical units, that formulas and what they compute with are compared with."""
        facts = [fact for fact in self.ruleset.facts.values() if fact.formula or fact.id in self.computed_with]
        found = {
            canonical_number(fact, each)
            for fact in facts
            for each in (*cutoffs_of(self.tests[fact.id]), *(fact.range or ()))
            if isinstance(each, Quantity)
        }
        return tuple(sorted(found))

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

    def limits(self, fact: Fact, value: Quantity | dt.date) -> tuple[Bound, ...]:
        """Give the ends of the values around one that no test tells from it, the lower end first.

        Nothing where formulas compute with it, or where a cut-off, converted, is a number that nobody would write.
        """
        if fact.id in self.computed_with:
            return ()
        tests = [test for test in self.tests[fact.id] if isinstance(test, ValueTest)]
        if isinstance(value, dt.date):
            ordered: list[Any] = sorted({value, *_dates(fact, tests)})
            ends = set(ordered)  # between two days there is nothing
        else:
            ordered = sorted({value, *_numbers(fact, value.unit, tests)}, key=lambda each: each.number)
            ends = {Quantity(_decimal(point), value.unit) for point in _points(fact, value.unit, tests)}
        alike = [all(passes(test, fact, value) == passes(test, fact, each) for test in tests) for each in ordered]
        at = ordered.index(value)
        low = at - alike[at::-1].index(False) if False in alike[:at] else None
        high = at + alike[at:].index(False) if False in alike[at:] else None
        found = [] if low is None else [_end(ordered[low], ordered[low + 1], ends, "above", "at_least")]
        found += [] if high is None else [_end(ordered[high], ordered[high - 1], ends, "below", "at_most")]
        plain = (end is not None and len(str(end.cutoffs[0])) <= LONGEST_CUTOFF for end in found)
        return tuple(end for end in found if end) if all(plain) else ()

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


def _end(outside: Any, inside: Any, ends: Collection[Any], beyond: Comparison, upto: Comparison) -> Bound | None:
    """Where values that are alike end: at a cut-off that is one of them, or before one that is not."""
    if inside in ends:
        return Bound(upto, (inside,))
    return Bound(beyond, (outside,)) if outside in ends else None  # a hair off a converted cut-off


def _points(fact: Fact, unit: str | None, tests: Sequence[Test]) -> set[Fraction]:
    """The numbers in a unit that are cut-offs."""
    return {_number_in(fact, unit, cutoff) for cutoff in cutoffs_of(tests) if isinstance(cutoff, Quantity)}


def _numbers(fact: Fact, unit: str | None, tests: Sequence[Test]) -> Iterator[Quantity]:
    """Numbers in a unit at each cut-off, between each two, and beyond the last on either side; none out of range."""
    spans = [ends for ends in (fact.range, fact.plausible) if ends]
    ends = sorted({_number_in(fact, unit, end) for span in spans for end in span if isinstance(end, Quantity)})
    points = sorted({*ends, *_points(fact, unit, tests)}) or [Fraction(1)]
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
