"""The reference evaluation: what a ruleset says about a set of answers, straight from design.md section 3.

It is the specification in code: short, obvious, and independent of the matcher that runs consultations. Facts are
visited so that each comes after all that it depends on, so every sign is final when it is first asked for.
"""

from __future__ import annotations

import datetime
import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import product

from engine.language import formula
from engine.language.answers import canonical_number
from engine.language.errors import RegimenError
from engine.language.model import (
    All,
    Any,
    Condition,
    Fact,
    HeldTest,
    KnownTest,
    Not,
    Rule,
    Ruleset,
    SetTest,
    Test,
    ValueTest,
)
from engine.language.values import UNKNOWN, Answer, Quantity, Single
from engine.logic.compare import includes, meets
from engine.logic.outcome import FORMULA, OTHERWISE, RULE, Outcome
from engine.logic.signs import FALSE, TRUE, UNSIGNED, Sign, every, known, opposite, some

MOST_COMBINATIONS = 10_000  # four parts in ten-fold conflict; one combination is the rule


class TooManyConflictsError(RegimenError):
    """A formula has more than 10,000 values, because its parts are concluded in so many ways."""

    def __str__(self) -> str:
        return "The rules contradict each other in so many ways that a formula has over 10,000 values. Mend the rules."


class Evaluation(Outcome):
    """What holds under some answers.

    Args:
        ruleset: the ruleset.
        answers: as read by `read_answers`; an absent input is not asked yet.
        as_of: the date that formulas may use.
        struck: what to leave out, to see whether something else supports what follows: (RULE, id) or (OTHERWISE,
            fact) for what they conclude, (FORMULA, fact, value) for a value.
    """

    def __init__(
        self,
        ruleset: Ruleset,
        answers: Mapping[str, Answer],
        as_of: datetime.date | None = None,
        struck: Collection[tuple[object, ...]] = (),
    ) -> None:
        super().__init__(ruleset, dict(answers), as_of)
        self.struck = struck
        self._signs: dict[int, Sign] = {}  # by the id of a condition, as conditions are slow to hash
        self._kept: list[Condition] = []
        self._splits = splits_of(ruleset)
        for name in ruleset.order:
            fact = ruleset.facts[name]
            self.gates[name] = every(map(self.sign, ruleset.gates_behind[name]))
            if fact.formula:
                self.held[name] = self._computed(fact)
            elif fact.derived:
                self._conclude(fact)
        self.goal_whens = {goal.fact: self.sign(goal.when) if goal.when else TRUE for goal in ruleset.goals}

    # Conditions

    def sign(self, condition: Condition) -> Sign:
        """The sign of a condition, found once: facts are visited so that it never changes."""
        found = self._signs.get(id(condition))
        if found is None:
            found = self._signs[id(condition)] = self._find_sign(condition)
            self._kept.append(condition)  # so that it cannot go and leave its id to another
        return found

    def _find_sign(self, condition: Condition) -> Sign:
        if isinstance(condition, All):
            return every(map(self.sign, condition.parts))
        if isinstance(condition, Any):
            return some(map(self.sign, condition.parts))
        if isinstance(condition, Not):
            return opposite(self.sign(condition.part))
        return self._test_sign(condition)

    def _test_sign(self, test: Test) -> Sign:
        """The sign of a test: its own while the gate is known true, known false while the gate is known false."""
        gate = self.gates[test.fact]
        return (self.own_sign(test) if gate & TRUE else UNSIGNED) | (gate & FALSE)

    def own_sign(self, test: Test) -> Sign:
        """The sign of a test, its gate left aside."""
        fact = self.ruleset.facts[test.fact]
        if fact.is_input:
            return answer_sign(test, fact, self.answers[fact.id]) if fact.id in self.answers else UNSIGNED
        if fact.is_set:
            return set_sign(test, self.options[fact.id])
        return self._derived_sign(test, fact)

    def _derived_sign(self, test: Test, fact: Fact) -> Sign:
        if isinstance(test, HeldTest) and not test.held:
            return opposite(self._derived_sign(HeldTest(fact.id, held=True), fact))
        sign = UNSIGNED
        for value in self.held[fact.id]:
            sign |= known(passes(test, fact, value))
        if fact.formula is None and fact.otherwise is None:
            refuted = self.fails.issuperset(self._splits[test].passing)
            sign |= FALSE if refuted else UNSIGNED
        return sign

    # Facts

    def _conclude(self, fact: Fact) -> None:
        rules = self.ruleset.concluders[fact.id]
        for rule in rules:
            if rule.id not in self.whens:
                self._decide(rule)
        told = [rule for rule in rules if rule.id in self.applies and (RULE, rule.id) not in self.struck]
        if fact.is_set:
            present = {option for rule in told for option in rule.concludes(fact.id)}
            self.options[fact.id] = {
                option: (TRUE if option in present else UNSIGNED) | (FALSE if self._all_fail(adding) else UNSIGNED)
                for option, adding in self.ruleset.adders[fact.id].items()
            }
            return
        values = {value for rule in told for value in rule.concludes(fact.id)}
        refuted = (self.whens[rule.id] & FALSE for rule in rules)
        if fact.otherwise is not None and (OTHERWISE, fact.id) not in self.struck and all(refuted):
            values.add(fact.otherwise)
        self.held[fact.id] = tuple(value for value in self.ruleset.values[fact.id] if value in values)

    def _all_fail(self, rules: Iterable[Rule]) -> bool:
        return all(rule.id in self.fails for rule in rules)

    def _decide(self, rule: Rule) -> None:
        """Whether a rule applies and whether it fails; in a conflict it can do both."""
        decision = self.whens[rule.id] = self.sign(rule.when)
        for other in self.ruleset.overriders[rule.id]:
            decision = every((decision, opposite(self.sign(other.when))))
        if decision & TRUE:
            self.applies.add(rule.id)
        if decision & FALSE:
            self.fails.add(rule.id)

    # Formulas

    def _computed(self, fact: Fact) -> tuple[Single, ...]:
        """The values of a formula: one for each combination of the values that its parts hold."""
        if fact.formula is None:
            return ()
        names = fact.formula.names
        found = [
            compute(self.ruleset, fact, dict(zip(names, values, strict=True))) for values in self.combinations(fact)
        ]
        values = dict.fromkeys(value for value in found if value is not None)
        return tuple(value for value in values if (FORMULA, fact.id, value) not in self.struck)

    def combinations(self, fact: Fact) -> list[tuple[Single, ...]]:
        """The values that the parts of a formula hold together."""
        return together([self.part_values(name) for name in fact.formula.names]) if fact.formula else []

    def part_values(self, name: str) -> tuple[Single, ...]:
        """The values that a formula sees in a part: none while its gate is not known true."""
        if name == "as_of":
            return (self.as_of,) if self.as_of else ()
        if not self.gates[name] & TRUE:
            return ()
        if self.ruleset.facts[name].derived:
            return self.held[name]
        answer = self.answers.get(name, UNKNOWN)
        return () if answer is UNKNOWN or isinstance(answer, tuple) else (answer,)  # type: ignore[return-value]


@dataclass(frozen=True)
class Split:
    """What a test says of the constants that a derived fact can hold.

    Attributes:
        passing: the rules that conclude one that passes, by id.
        other: the rules that conclude one that does not, by id.
        otherwise: the sign that the fact's `otherwise` gives the test; none where it has no `otherwise`.
    """

    passing: Mapping[str, Rule]
    other: Mapping[str, Rule]
    otherwise: Sign


class Splits(dict[Test, Split]):
    """The split of each test on a single-valued fact that rules conclude, made when it is first looked up."""

    def __init__(self, ruleset: Ruleset) -> None:
        super().__init__()
        self.ruleset = ruleset

    def __missing__(self, test: Test) -> Split:
        fact = self.ruleset.facts[test.fact]
        passing: dict[str, Rule] = {}
        other: dict[str, Rule] = {}
        for rule in self.ruleset.concluders[fact.id]:
            (passing if passes(test, fact, rule.concludes(fact.id)[0]) else other)[rule.id] = rule
        otherwise = UNSIGNED if fact.otherwise is None else known(passes(test, fact, fact.otherwise))
        self[test] = Split(passing, other, otherwise)
        return self[test]


def splits_of(ruleset: Ruleset) -> Splits:
    """The splits of a ruleset's tests, kept with it, as they are the same for all answers."""
    splits: Splits = ruleset.__dict__.setdefault("_splits", Splits(ruleset))
    return splits


def passes(test: Test, fact: Fact, value: Answer) -> bool:
    """Whether a known value passes a test."""
    if isinstance(test, ValueTest):
        return meets(fact, test.checks, value)  # type: ignore[arg-type]
    if isinstance(test, SetTest):
        return includes(test, value)  # type: ignore[arg-type]
    assert isinstance(test, HeldTest)  # noqa: S101 (whether something is known is not asked of a value)
    return test.held == bool(value != ())


def answer_sign(test: Test, fact: Fact, answer: Answer) -> Sign:
    """The sign that an answer gives a test, the gate left aside."""
    if isinstance(test, KnownTest):
        return known((answer is not UNKNOWN) == test.known)
    return UNSIGNED if answer is UNKNOWN else known(passes(test, fact, answer))


def set_sign(test: Test, options: Mapping[str, Sign]) -> Sign:
    """The sign of a test on a derived set from those of its options."""
    if isinstance(test, HeldTest):
        sign = some(options.values())
        return sign if test.held else opposite(sign)
    assert isinstance(test, SetTest)  # noqa: S101 (the loader allows nothing else on a set)
    signs = (options[option] for option in test.options)
    if test.mode == "all":
        return every(signs)
    return some(signs) if test.mode == "any" else opposite(some(signs))


def together(parts: Sequence[tuple[Single, ...]]) -> list[tuple[Single, ...]]:
    """Every combination of the values of parts.

    Raises:
        TooManyConflictsError: rules contradict each other so often that there are more than can be looked at.
    """
    if math.prod(map(len, parts)) > MOST_COMBINATIONS:
        raise TooManyConflictsError
    return list(product(*parts))


def compute(ruleset: Ruleset, fact: Fact, values: Mapping[str, Single]) -> Single | None:
    """One value of a formula, or None where it has none, as in a division by zero."""
    assert fact.formula is not None  # noqa: S101
    numbers: dict[str, Decimal | datetime.date] = {}
    for name, value in values.items():
        if isinstance(value, Quantity):
            numbers[name] = canonical_number(ruleset.facts[name], value)
        elif isinstance(value, datetime.date):
            numbers[name] = value
    result = formula.evaluate(fact.formula.tree, numbers)
    if result is None or isinstance(result, datetime.date):
        return result
    return Quantity(result, fact.units.canonical if fact.units else None)
