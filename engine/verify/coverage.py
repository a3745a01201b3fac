"""What nothing uses and what no case tests: facts, options, rules, boundaries; and cut-offs that disagree by unit."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import cached_property
from itertools import combinations

from engine.dialogue.consultation import shown
from engine.language.answers import read_answers
from engine.language.errors import Mark
from engine.language.model import Bound, Condition, Fact, HeldTest, Ruleset, SetTest, ValueTest, tests_in
from engine.language.values import Quantity, Single
from engine.language.wording import say_value
from engine.logic.compare import published_for
from engine.logic.evaluate import passes
from engine.verify.cases import Finding, Witness
from engine.verify.scenarios import gathered
from engine.verify.space import places
from engine.verify.symbolic import Symbolic

NEAR = Fraction(1, 20)  # a value beside a cut-off is within 5 % of it, or one of its last digit away


def coverage(ruleset: Ruleset) -> Iterator[Finding]:
    """Give every finding."""
    for fact in ruleset.facts.values():
        if fact.id not in used_facts(ruleset):
            yield _unused_fact(fact)
        else:
            yield from _unused_options(ruleset, fact)
        yield from _disagreements(ruleset, fact)
    yield from _Tested(ruleset).findings()


# What nothing uses


def used_facts(ruleset: Ruleset) -> set[str]:
    """Give the facts that a goal, a rule, a gate or a formula uses."""
    tested = {test.fact for place in places(ruleset) for test in tests_in(place.condition)}
    computed = {name for fact in ruleset.facts.values() if fact.formula for name in fact.formula.names}
    return tested | computed | {goal.fact for goal in ruleset.goals}


def _unused_fact(fact: Fact) -> Finding:
    what = "is asked" if fact.is_input else "is concluded"
    message = f"{fact.label} ('{fact.id}') {what}, and no rule, gate, formula or goal uses it. Use it, or take it out."
    return Finding("unused_fact", fact.id, message, fact.mark, (fact.id,))


def _unused_options(ruleset: Ruleset, fact: Fact) -> Iterator[Finding]:
    for option in fact.option_ids:
        label = fact.labels[option]
        if fact.derived:
            if fact.type != "yes_no" and option not in ruleset.values[fact.id]:
                message = (
                    f"option '{option}' ({label}) of '{fact.id}' is concluded by no rule. Add a rule, or take it out."
                )
                yield Finding("unused_option", f"{fact.id} {option}", message, fact.mark, (fact.id,))
        elif same := _told_from(ruleset, fact, option):
            message = (
                f"no rule tells option '{option}' ({label}) of '{fact.id}' from {same}. Use it, or join the two."
                if not fact.is_set
                else f"no rule uses option '{option}' ({label}) of '{fact.id}'. Use it, or take it out."
            )
            yield Finding("unused_option", f"{fact.id} {option}", message, fact.mark, (fact.id,))


def _told_from(ruleset: Ruleset, fact: Fact, option: str) -> str:
    """An earlier option that every test treats alike, in words; of a set, where no test names the option."""
    tests = [test for place in places(ruleset) for test in tests_in(place.condition) if test.fact == fact.id]
    if fact.is_set:
        named = {each for test in tests if isinstance(test, SetTest) for each in test.options}
        counted = any(isinstance(test, HeldTest) for test in tests)
        return "" if option in named or counted else option
    if fact.type != "choice":
        return ""
    alike = [
        other
        for other in fact.option_ids[: fact.option_ids.index(option)]
        if all(passes(t, fact, option) == passes(t, fact, other) for t in tests if isinstance(t, ValueTest))
    ]
    return f"'{alike[0]}' ({fact.labels[alike[0]]})" if alike else ""


# Cut-offs


def _disagreements(ruleset: Ruleset, fact: Fact) -> Iterator[Finding]:
    """Two tests whose cut-offs are one number in one unit and two in another."""
    units = fact.units.names if fact.units else ()
    bounds: dict[tuple[Quantity, ...], tuple[Bound, Mark, tuple[str, ...]]] = {}
    for condition, mark, rule in places(ruleset):
        for bound in _bounds(condition, fact):
            quantities = tuple(each for each in bound.cutoffs if isinstance(each, Quantity))
            _, first, rules = bounds.get(quantities, (bound, mark, ()))
            bounds[quantities] = bound, first, (*rules, *([rule.id] if rule else []))
    for (one, _, here), (other, mark, there) in combinations(bounds.values(), 2):
        agree = {unit: _in(fact, one, unit) == _in(fact, other, unit) for unit in units}
        if any(agree.values()) and not all(agree.values()):
            same = next(unit for unit, equal in agree.items() if equal)
            apart = next(unit for unit, equal in agree.items() if not equal)
            message = (
                f"two tests of {fact.label} ('{fact.id}') have one cut-off in {same} and two in {apart}: "
                f"{_in(fact, one, apart)} and {_in(fact, other, apart)} {apart}. Write the same cut-offs in both."
            )
            rules = tuple(dict.fromkeys((*here, *there)))
            yield Finding("unit_disagreement", f"{fact.id} {same} {apart}", message, mark, (fact.id,), rules)


def _bounds(condition: Condition, fact: Fact) -> Iterator[Bound]:
    for test in tests_in(condition):
        if isinstance(test, ValueTest) and test.fact == fact.id:
            yield from (check for check in test.checks if isinstance(check, Bound))


def _in(fact: Fact, bound: Bound, unit: str) -> Decimal:
    """The cut-off that a number in a unit meets, in that unit."""
    cutoff = published_for(fact, bound, unit)
    assert fact.units is not None  # noqa: S101
    return fact.units.convert(cutoff.number, cutoff.unit or unit, unit)


# What no case tests


@dataclass
class _Boundary:
    """A cut-off, where it first stands, and the rules that use it."""

    fact: Fact
    cutoff: Quantity | dt.date
    above: bool  # whether the cut-off itself belongs to what lies below it
    mark: Mark
    rules: list[str]


class _Tested:
    """What the cases of a ruleset come to, looked at together."""

    def __init__(self, ruleset: Ruleset) -> None:
        self.ruleset = ruleset
        self.cases = [read_answers(ruleset.facts, dict(case.answers)) for case in ruleset.cases]

    @cached_property
    def some(self) -> Symbolic[int, Single]:
        """The cases, evaluated."""
        return Symbolic(self.ruleset, gathered(self.ruleset, self.cases, [case.as_of for case in self.ruleset.cases]))

    def findings(self) -> Iterator[Finding]:
        """Rules that no case makes apply, and cut-offs without a case on them and one beside."""
        for rule in self.ruleset.rules.values():
            if not self.some.applies[rule.id]:
                message = f"no case makes rule '{rule.id}' apply. Add one that expects what it concludes."
                yield Finding("untested_rule", rule.id, message, rule.mark, (), (rule.id,))
        for boundary in self._boundaries():
            yield from self._untested(boundary)

    def _boundaries(self) -> Iterable[_Boundary]:
        found: dict[tuple[str, object, bool], _Boundary] = {}
        for condition, mark, rule in places(self.ruleset):
            for test in tests_in(condition):
                fact = self.ruleset.facts[test.fact]
                for check in test.checks if isinstance(test, ValueTest) else ():
                    for cutoff in check.cutoffs if isinstance(check, Bound) else ():
                        above = isinstance(check, Bound) and check.comparison in {"at_most", "above"}
                        blank = _Boundary(fact, cutoff, above, mark, [])
                        boundary = found.setdefault((fact.id, cutoff, above), blank)
                        boundary.rules += [rule.id] if rule and rule.id not in boundary.rules else []
        return found.values()

    def _untested(self, boundary: _Boundary) -> Iterator[Finding]:
        cutoff, values = boundary.cutoff, self._values(boundary.fact)
        beside = any(_beside(boundary, value) for value in values)
        if cutoff in values and beside:
            return
        fact, side = boundary.fact, "above" if boundary.above else "below"
        lacking = [] if cutoff in values else [f"exactly {say_value(fact, cutoff)}"]
        lacking += [] if beside else [f"just {side} {say_value(fact, cutoff)}"]
        message = f"no case has {fact.label} ('{fact.id}') {' and none '.join(lacking)}. Add a case on each side."
        subject = f"{fact.id} {side} {str(cutoff).replace(' ', '')}"
        witness = None
        if fact.is_input:
            witness = Witness({fact.id: shown(fact, cutoff if cutoff not in values else _next_to(boundary))})
        yield Finding("untested_boundary", subject, message, boundary.mark, (fact.id,), tuple(boundary.rules), witness)

    def _values(self, fact: Fact) -> set[object]:
        """The values of a fact in the cases."""
        if fact.formula:
            return {value for _, value in self.some.computed[fact.id]}
        if fact.derived:
            return {value for value, where in self.some.held[fact.id].items() if where}
        return {answers[fact.id] for answers in self.cases if fact.id in answers}


def _next_to(boundary: _Boundary) -> Quantity | dt.date:
    """The value next to a cut-off, on its other side: a day, or one in its last digit, away."""
    cutoff, sign = boundary.cutoff, 1 if boundary.above else -1
    if isinstance(cutoff, dt.date):
        return cutoff + sign * dt.timedelta(days=1)
    return Quantity(cutoff.number + sign * Decimal((0, (1,), _exponent(cutoff))), cutoff.unit)


def _exponent(cutoff: Quantity) -> int:
    """The place of the last digit of a cut-off."""
    found = cutoff.number.as_tuple().exponent
    return found if isinstance(found, int) else 0


def _beside(boundary: _Boundary, value: object) -> bool:
    """Whether a value is just on the other side of a cut-off."""
    cutoff = boundary.cutoff
    if isinstance(value, dt.date) and isinstance(cutoff, dt.date):
        return (value - cutoff).days == (1 if boundary.above else -1)
    if not isinstance(value, Quantity) or not isinstance(cutoff, Quantity) or value.unit != cutoff.unit:
        return False
    step = Fraction(10) ** _exponent(cutoff)
    distance = Fraction(value.number) - Fraction(cutoff.number)
    near = max(step, abs(Fraction(cutoff.number)) * NEAR)
    return 0 < (distance if boundary.above else -distance) <= near
