"""A ruleset over every complete set of answers, as formulas of Z3.

Every input is answered, with a value or with "I do not know"; whether it would be asked is the business of its gate.
What answers there can be is told to the solver: a choice is one of its options, a number is in its range in the unit it
is reported in. A number that is only tested is one of its kinds (`engine.verify.space`); one that a formula computes
with is a real number. Formulas are exact here, while an evaluation rounds quotients and conversions to 12 digits:
whatever the solver finds is evaluated before it is told. In `Rounding` they are what they can be rounded to, perhaps a
little more: what is so nowhere there is so of no patient.
"""

from __future__ import annotations

import datetime as dt
import operator
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from types import MappingProxyType
from typing import Any, TypeAlias

import z3

from engine.language import formula
from engine.language.answers import canonical_number
from engine.language.model import Check, Fact, KnownTest, OneOf, Ruleset, SetTest, Test, ValueTest
from engine.language.numbers import round12
from engine.language.values import UNKNOWN, Answer, Quantity, Single
from engine.logic.compare import COMPARE, published_for
from engine.logic.evaluate import passes
from engine.verify.rounding import MOST_OFF, rounds_to
from engine.verify.space import Space
from engine.verify.symbolic import Signs

Bool: TypeAlias = z3.BoolRef
Number: TypeAlias = z3.ArithRef
Compare: TypeAlias = Callable[[Any, Any], Any]
YES, NO = z3.BoolVal(val=True), z3.BoolVal(val=False)
z3.Z3_enable_concurrent_dec_ref(z3.main_ctx().ref())  # threads take turns (`alone`), but garbage goes when it goes
MOST_COMBINATIONS = 256  # of the values that the parts of one formula can have, where its rules contradict each other


class GaveUpError(Exception):
    """Z3 neither found nor proved anything in its time, or found what is not so when it is evaluated."""


@dataclass(frozen=True)
class Asked:
    """An input.

    Attributes:
        given: it is answered at all.
        known: it is answered with a value, not with "I do not know".
        kinds: where it is answered with each kind of value; of a set, with each option among others.
        amounts: for one that formulas compute with, the units it can be reported in (None: it has none, or is a date),
            where it is, and its number there, or its date's ordinal.
    """

    given: Bool
    known: Bool
    kinds: tuple[tuple[Bool, Answer], ...] = ()
    amounts: tuple[tuple[str | None, Bool, Number], ...] = ()


class Provable:
    """Sets of worlds as formulas.

    Args:
        ruleset: the ruleset.
        space: its answers.
        twin: an input whose answer is another than in the worlds made without one; all other answers are the same.
        partial: whether a question may be left unanswered; then the date of the evaluation is `as_of`, else any.
        as_of: that date, if there is one.
        fixed: answers that are the same in every world, None for a question that is answered in none.

    Attributes:
        asked: the inputs.
        given: what is so in every world: the answers that there can be.
    """

    yes, no = YES, NO
    rounding = False

    def __init__(
        self,
        ruleset: Ruleset,
        space: Space,
        *,
        twin: str | None = None,
        partial: bool = False,
        as_of: dt.date | None = None,
        fixed: Mapping[str, Answer | None] = MappingProxyType({}),
    ) -> None:
        self.ruleset = ruleset
        self.space = space
        self.fixed = fixed
        self.twin = twin
        self.partial = partial
        self.given: list[Bool] = []
        self._combinations: Counter[str] = Counter()
        self._near: set[str] = set()  # what is rounded, by name
        self.asked = {fact.id: self._asked(fact) for fact in ruleset.inputs}
        self.as_of = z3.Int("as_of")
        self.given += _between(self.as_of, dt.date.min.toordinal(), dt.date.max.toordinal())
        self._dated = not partial or as_of is not None
        if as_of:
            self.given.append(self.as_of == as_of.toordinal())

    # Sets of worlds

    @staticmethod
    def others(part: Bool) -> Bool:
        """Give the worlds that are not in a set."""
        return _not(part)

    @staticmethod
    def nowhere(part: Bool) -> bool:
        """Tell whether a set plainly holds no world."""
        return part is NO

    @staticmethod
    def both(parts: Iterable[Bool]) -> Bool:
        """Give the worlds in every one of the sets."""
        found: list[Bool] = []
        for part in parts:
            if part is NO:  # it is always the same; asking Z3 is slow
                return NO
            if part is not YES:
                found.append(part)
        return _joined(z3.Z3_mk_and, found) if len(found) > 1 else found[0] if found else YES

    @staticmethod
    def either(parts: Iterable[Bool]) -> Bool:
        """Give the worlds in any of the sets."""
        found: list[Bool] = []
        for part in parts:
            if part is YES:
                return YES
            if part is not NO:
                found.append(part)
        return _joined(z3.Z3_mk_or, found) if len(found) > 1 else found[0] if found else NO

    # Answers

    def _asked(self, fact: Fact) -> Asked:
        if fact.id in self.fixed:
            return self._fixed(fact, self.fixed[fact.id])
        name = f"another {fact.id}" if fact.id == self.twin else fact.id
        given = z3.Bool(f"{name} is answered") if self.partial else YES
        known = given if fact.required else z3.Bool(f"{name} is known")
        self.given.append(z3.Implies(known, given))
        if fact.id in self.space.computed_with:
            return Asked(given, known, amounts=self._amounts(fact, name))
        kinds = tuple((z3.Bool(f"{name} is {kind}"), kind) for kind in self._values(fact))
        if not fact.is_set:
            self.given.append(z3.PbEq([(where, 1) for where, _ in kinds] + [(z3.Not(known), 1)], 1))
        return Asked(given, known, kinds)

    def _values(self, fact: Fact) -> Iterator[Answer]:
        return (kind for kind in self.space.kinds(fact) if kind is not UNKNOWN and kind != ())

    def _fixed(self, fact: Fact, answer: Answer | None) -> Asked:
        given, known = (NO if answer is None else YES), (NO if answer is None or answer is UNKNOWN else YES)
        if fact.id in self.space.computed_with:
            return Asked(given, known, amounts=_exactly(answer) or self._amounts(fact, fact.id))
        if isinstance(answer, tuple):
            return Asked(given, known, tuple((YES if k[0] in answer else NO, k) for k in self._values(fact)))  # type: ignore[index]
        alike = ((self.alike(fact.id, kind, answer), kind) for kind in self._values(fact))
        return Asked(given, known, tuple((YES if there else NO, kind) for there, kind in alike))

    def _amounts(self, fact: Fact, name: str) -> tuple[tuple[str | None, Bool, Number], ...]:
        """A number that formulas compute with: a real number in one of its units; or a date: its ordinal."""
        if fact.type == "date":
            ordinal = z3.Int(name)
            low, high = fact.range or (dt.date.min, dt.date.max)
            self.given += _between(ordinal, _ordinal(low), _ordinal(high))
            return ((None, YES, ordinal),)
        names = fact.units.names if fact.units else ()
        # rounding lets in a hair more at the ends of the range: it is another number, and seen to be
        number = z3.Real(f"{name}, rounded" if self.rounding and fact.range and len(names) > 1 else name)
        if len(names) < 2:  # noqa: PLR2004 (then there is a choice)
            amounts: tuple[tuple[str | None, Bool, Number], ...] = ((names[0] if names else None, YES, number),)
        else:
            amounts = tuple((unit, z3.Bool(f"{name} in {unit}"), number) for unit in names)
            self.given.append(z3.PbEq([(where, 1) for _, where, _ in amounts], 1))
        if fact.range:
            for unit, where, _ in amounts:
                for compare, end in zip((operator.ge, operator.le), fact.range, strict=True):
                    self.given.append(z3.Implies(where, self._compared(compare, fact, unit, number, _main(fact, end))))
        return amounts

    def same(self, name: str, given: Answer | None) -> Bool:
        """Give the worlds in which an input is answered so, as far as any test can tell; None: not answered."""
        asked = self.asked[name]
        if given is None:
            return _not(asked.given)
        if given is UNKNOWN:
            return self.both((asked.given, _not(asked.known)))
        if isinstance(given, tuple):
            chosen = [(where, kind[0] in given) for where, kind in asked.kinds if isinstance(kind, tuple)]
            return self.both((asked.known, *(where if there else _not(where) for where, there in chosen)))
        if asked.amounts:
            unit = given.unit if isinstance(given, Quantity) else None
            exact = _real(given.number) if isinstance(given, Quantity) else z3.IntVal(_ordinal(given))
            there = [self.both((where, number == exact)) for each, where, number in asked.amounts if each == unit]
        else:
            there = [where for where, kind in asked.kinds if self.alike(name, kind, given)]
        return self.both((asked.known, self.either(there)))

    def alike(self, name: str, one: Answer, other: Answer | None) -> bool:
        """Tell whether no test tells two answers to an input apart."""
        plain = one is not UNKNOWN and other is not UNKNOWN and other is not None and not isinstance(one, tuple)
        if not plain or name in self.space.computed_with:
            return one == other
        tests = (test for test in self.space.tests[name] if isinstance(test, ValueTest))
        fact = self.ruleset.facts[name]
        return all(passes(test, fact, one) == passes(test, fact, other) for test in tests)  # type: ignore[arg-type]

    def answer_signs(self, test: Test, fact: Fact) -> Signs[Bool]:
        """Tell where the answer to an input passes a test, and where not; its gate is left aside."""
        asked = self.asked[fact.id]
        if isinstance(test, KnownTest):
            signs = Signs(asked.known, self.both((asked.given, _not(asked.known))))
            return signs if test.known else signs.swapped
        if fact.is_set:
            there = self._set_passes(test, asked)
            return Signs(self.both((asked.known, there)), self.both((asked.known, _not(there))))
        if asked.amounts:
            there = self.either(
                self.both((where, self._meets(fact, test, unit, number))) for unit, where, number in asked.amounts
            )
            return Signs(self.both((asked.known, there)), self.both((asked.known, _not(there))))
        passing = [(where, passes(test, fact, kind)) for where, kind in asked.kinds]
        return Signs(
            self.either(where for where, passed in passing if passed),
            self.either(where for where, passed in passing if not passed),
        )

    def _set_passes(self, test: Test, asked: Asked) -> Bool:
        options = {kind[0]: where for where, kind in asked.kinds if isinstance(kind, tuple)}
        if not isinstance(test, SetTest):  # whether it is empty
            found = self.either(options.values())
            return found if getattr(test, "held", True) else _not(found)
        chosen = [options[option] for option in test.options]
        if test.mode == "all":
            return self.both(chosen)
        return self.either(chosen) if test.mode == "any" else _not(self.either(chosen))

    # What formulas compute

    def answered(self, fact: Fact) -> list[tuple[Bool, Number]]:
        """Give the value that an input is answered with, in its canonical unit: one, whatever the unit it has."""
        asked = self.asked[fact.id]
        (unit, _, number), *others = asked.amounts
        value = self._canonical(fact, unit, number)
        for unit, where, number in others:
            value = z3.If(where, self._canonical(fact, unit, number), value)
        return [(asked.known, value)]

    def _canonical(self, fact: Fact, unit: str | None, number: Number) -> Number:
        if fact.units is None or unit is None or fact.units.canonical is None or unit == fact.units.canonical:
            return number
        return self._rounded(_converted(fact, number, unit, fact.units.canonical))

    def date(self) -> list[tuple[Bool, Number]]:
        """Give the date of the evaluation."""
        return [(YES, self.as_of)] if self._dated else []

    @staticmethod
    def constant(fact: Fact, value: Single) -> Number:
        """Give a value that rules conclude."""
        if isinstance(value, Quantity):
            return _real(canonical_number(fact, value))
        return z3.IntVal(_ordinal(value))

    def compute(self, fact: Fact, parts: Mapping[str, Number]) -> Iterator[tuple[Bool, Number]]:
        """Give the value of a formula, with the worlds in which it has one.

        Raises:
            GaveUpError: its parts have values in too many combinations.
        """
        assert fact.formula is not None  # noqa: S101
        self._combinations[fact.id] += 1
        if self._combinations[fact.id] > MOST_COMBINATIONS:
            raise GaveUpError(f"'{fact.id}' is computed from more than {MOST_COMBINATIONS} combinations of values")
        defined: list[Bool] = []
        value = _compute(fact.formula.tree, parts, defined, self._quotient_rounded)
        yield self.both(defined), value

    def _quotient_rounded(self, value: Number) -> Number:
        """What a formula goes on computing with: a quotient is left as it is until then, since it compares better."""
        return self._rounded(value) if _is_quotient(value) else value

    def _rounded(self, value: Number) -> Number:
        """Give a value as it is rounded: near it, and the same wherever the same value is."""
        if not self.rounding:
            return value
        plain = z3.simplify(value)
        if isinstance(plain, z3.RatNumRef):
            return _real(round12(Fraction(plain.numerator_as_long(), plain.denominator_as_long())))
        name = f"{value.sexpr()}, rounded"
        found = z3.Real(name)
        if name in self._near:
            return found
        self._near.add(name)
        less, more = (value * _real(1 + off) for off in (-MOST_OFF, MOST_OFF))
        self.given.append(z3.And(found >= z3.If(value >= 0, less, more), found <= z3.If(value >= 0, more, less)))
        for end in self.space.ends:  # where it matters most, exactly
            for compare in (operator.ge, operator.gt):
                there = rounds_to(compare, lambda how, least: _compared(how, value, _real(least)), end)
                self.given.append(compare(found, _real(end)) == there)
        return found

    def compare(self, test: Test, fact: Fact, value: Number) -> Signs[Bool]:
        """Tell in which worlds a computed value passes a test, and in which not."""
        passed = self._meets(fact, test, fact.units.canonical if fact.units else None, value)
        return Signs(passed, _not(passed))

    @staticmethod
    def unequal(one: Number, other: Number) -> Bool:
        """Give the worlds in which two computed values differ."""
        return one != other

    def _meets(self, fact: Fact, test: Test, unit: str | None, value: Number) -> Bool:
        """Where a number in a unit passes a test."""
        if isinstance(test, ValueTest):
            return self.both(self._passes(fact, check, unit, value) for check in test.checks)
        return YES if getattr(test, "held", True) else NO

    def _passes(self, fact: Fact, check: Check, unit: str | None, value: Number) -> Bool:
        if isinstance(check, OneOf):
            found = self.either(self._compared(operator.eq, fact, unit, value, each) for each in check.values)
            return _not(found) if check.negated else found
        cutoff = check.cutoffs[0] if isinstance(check.cutoffs[0], dt.date) else published_for(fact, check, unit)
        return self._compared(COMPARE[check.comparison], fact, unit, value, cutoff)

    def _compared(self, compare: Compare, fact: Fact, unit: str | None, value: Number, other: Single) -> Bool:
        """Where a number in a unit, or a date, compares so with a constant, in the unit of that."""
        if not isinstance(other, Quantity):
            return _compared(compare, value, z3.IntVal(_ordinal(other)))
        converted = bool(fact.units and unit and other.unit and unit != other.unit)
        if converted and unit and other.unit:
            value = _converted(fact, self._quotient_rounded(value), unit, other.unit)
        if self.rounding and (converted or _is_quotient(value)):
            return rounds_to(compare, lambda how, least: _compared(how, value, _real(least)), other.number)
        return _compared(compare, value, _real(other.number))


class Rounding(Provable):
    """Sets of worlds in which quotients and conversions are rounded, as an evaluation does."""

    rounding = True
    _told = 0

    def untold(self) -> list[Bool]:
        """Give what is so in every world and was not given here before: every query may round something more."""
        found = self.given[self._told :]
        self._told = len(self.given)
        return found


def _exactly(answer: Answer | None) -> tuple[tuple[str | None, Bool, Number], ...]:
    """The amount of a number or date that is answered."""
    if isinstance(answer, Quantity):
        return ((answer.unit, YES, _real(answer.number)),)
    return ((None, YES, z3.IntVal(_ordinal(answer))),) if isinstance(answer, dt.date) else ()


def _joined(make: Callable[..., Any], parts: Sequence[Bool]) -> Bool:
    """What `z3.And` and `z3.Or` make; they ask each part what it is, which takes longer than most proofs."""
    context = z3.main_ctx()
    return z3.BoolRef(make(context.ref(), len(parts), (z3.Ast * len(parts))(*(part.ast for part in parts))), context)


def _not(part: Bool) -> Bool:
    return NO if part is YES else YES if part is NO else z3.Not(part)


def _between(value: Number, low: int | Decimal, high: int | Decimal) -> list[Bool]:
    return [value >= _number(low), value <= _number(high)]


def _number(value: int | Decimal) -> Number:
    return z3.IntVal(value) if isinstance(value, int) else _real(value)


def _real(value: Decimal | Fraction) -> Number:
    exact = Fraction(value)
    return z3.RatVal(exact.numerator, exact.denominator)


def _ordinal(value: object) -> int:
    assert isinstance(value, dt.date)  # noqa: S101
    return value.toordinal()


def _converted(fact: Fact, number: Number, source: str, target: str) -> Number:
    assert fact.units is not None  # noqa: S101
    factor, offset = fact.units.line(source, target)
    return number * _real(factor) + _real(offset) if offset else number * _real(factor)


def _main(fact: Fact, end: Single) -> Quantity:
    """An end of a range, in the canonical unit of its fact."""
    assert isinstance(end, Quantity)  # noqa: S101 (of a number)
    return Quantity(canonical_number(fact, end), fact.units.canonical if fact.units else None)


def _is_quotient(value: Number) -> bool:
    return bool(value.decl().kind() == z3.Z3_OP_DIV)


def _compared(compare: Compare, value: Number, other: Number) -> Bool:
    """Compare; a quotient is compared without dividing, which keeps it linear."""
    if _is_quotient(value) and not z3.is_rational_value(value.arg(1)):
        top, bottom = value.children()
        found = z3.Or(
            z3.And(bottom > 0, compare(top, other * bottom)), z3.And(bottom < 0, compare(other * bottom, top))
        )
    else:
        found = compare(value, other)
    return found


def _compute(
    node: formula.Node, values: Mapping[str, Number], defined: list[Bool], rounded: Callable[[Number], Number]
) -> Number:
    """The value of a formula, a date as Int, a number as Real; `defined` gets what it takes for it to have one."""

    def part(each: formula.Node) -> Number:
        return rounded(_compute(each, values, defined, rounded))

    if isinstance(node, formula.Number):
        return _real(node.value)
    if isinstance(node, formula.Name):
        return values[node.name]
    if isinstance(node, formula.Negate):
        return -part(node.operand)
    if isinstance(node, formula.Call):
        return _call(node, [part(each) for each in node.arguments])
    left, right = part(node.left), part(node.right)
    if node.operator == "/":
        defined.append(right != 0)
        return left / right
    if node.operator == "*":
        return left * right
    if left.is_int() and right.is_int():  # date - date
        return z3.ToReal(left - right)
    if left.is_int() or right.is_int():
        day, days = (left, right) if left.is_int() else (right, left)
        moved = day + z3.ToInt(days) if node.operator == "+" else day - z3.ToInt(days)
        defined.extend((z3.IsInt(days), *_between(moved, dt.date.min.toordinal(), dt.date.max.toordinal())))
        return moved
    return left + right if node.operator == "+" else left - right


def _call(node: formula.Call, parts: list[Number]) -> Number:
    if node.function == "round":
        digits = node.arguments[1].value if len(parts) > 1 and isinstance(node.arguments[1], formula.Number) else 0
        return _rounded(parts[0], 10 ** int(digits))
    found = parts[0]
    for part in parts[1:]:
        found = z3.If(part < found if node.function == "min" else part > found, part, found)
    return found


def _rounded(value: Number, scale: int) -> Number:
    """Half away from zero."""
    half = z3.RatVal(1, 2)
    up, down = z3.ToInt(value * scale + half), -z3.ToInt(-value * scale + half)
    return z3.ToReal(z3.If(value >= 0, up, down)) / scale
