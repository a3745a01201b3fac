"""Compiling a ruleset to Horn clauses over signed literals.

Only what is needed is compiled: a rule's `when` known true always; its refutation where the rule overrides another, its
fact has an `otherwise`, or something asks for a value to be absent. Each way to a sign is one clause, and the ways
stand in the order of the ruleset, because the trail names the first that fired.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

from engine.inference.literals import Always, Applies, Body, Fails, Lacks, Literal, Seen, Signed, Value, When
from engine.inference.matcher import Clause, Matcher
from engine.language.model import (
    All,
    Any,
    Condition,
    Fact,
    HeldTest,
    Not,
    Rule,
    Ruleset,
    SetTest,
    Test,
)
from engine.language.values import Single
from engine.logic.evaluate import passes
from engine.logic.signs import FALSE, TRUE, Sign, opposite

LONGEST_INLINED = 3
NEVER = -1  # the number of a literal that is not compiled: it is never held


class RuleNumbers(NamedTuple):
    """The numbers of what can be said of a rule: the signs of its `when`, that it applies, that it fails."""

    true: int
    false: int
    applies: int
    fails: int


@dataclass
class Program:
    """A compiled ruleset.

    Attributes:
        numbers: the number of each literal.
        clauses: for the matcher.
        ways: for each literal its clauses, in the order of the ruleset.
        seen: for each input and formula the tests that the matcher is told about, with the number of each sign.
        gates: for each fact the literals that say that the gates behind it are known true.
    """

    ruleset: Ruleset
    numbers: dict[Literal, int] = field(default_factory=dict)
    clauses: list[Clause] = field(default_factory=list)
    ways: dict[int, list[int]] = field(default_factory=dict)
    seen: dict[str, dict[Test, dict[Sign, int]]] = field(default_factory=dict)
    gates: dict[str, tuple[int, ...]] = field(default_factory=dict)

    @cached_property
    def literals(self) -> tuple[Literal, ...]:
        """The literal of each number."""
        return tuple(self.numbers)

    @cached_property
    def values(self) -> dict[str, tuple[tuple[Single, int], ...]]:
        """For each derived fact the values that some clause can give it, with the number of each, in ruleset order."""
        ruleset = self.ruleset
        held = {name: ruleset.values[name] for name, fact in ruleset.facts.items() if fact.derived and not fact.is_set}
        return {
            name: tuple((v, self.numbers[Value(name, v)]) for v in values if Value(name, v) in self.numbers)
            for name, values in held.items()
        }

    @cached_property
    def rules(self) -> dict[str, RuleNumbers]:
        """For each rule the numbers of what can be said of it."""
        ruleset = self.ruleset
        return {
            name: RuleNumbers(
                self._number(When(name, TRUE)),
                self._number(When(name, FALSE)),
                self._number(applies(ruleset, rule)),
                self._number(fails(ruleset, rule)),
            )
            for name, rule in ruleset.rules.items()
        }

    @cached_property
    def options(self) -> dict[str, dict[str, tuple[int, int]]]:
        """For each derived set and option the numbers of its two signs."""
        return {
            name: {option: (self._number(Value(name, option)), self._number(Lacks(name, option))) for option in options}
            for name, options in self.ruleset.adders.items()
        }

    @cached_property
    def goal_whens(self) -> dict[str, tuple[int, int]]:
        """For each goal with a `when` the numbers of its two signs."""
        return {
            goal.fact: (self._number(Signed(goal.when, TRUE)), self._number(Signed(goal.when, FALSE)))
            for goal in self.ruleset.goals
            if goal.when
        }

    @cached_property
    def users(self) -> dict[int, list[int]]:
        """For each literal the clauses that it is in the body of."""
        found: dict[int, list[int]] = {}
        for index, clause in enumerate(self.clauses):
            for number in clause.body:
                found.setdefault(number, []).append(index)
        return found

    def _number(self, literal: Literal) -> int:
        return self.numbers.get(literal, NEVER)

    @cached_property
    def matcher(self) -> Matcher:
        """The clauses on durable-rules; raises MatcherError where they exceed its limits."""
        return Matcher(self.clauses)


def compile_ruleset(ruleset: Ruleset, *, every_sign: bool = False) -> Program:
    """Compile a ruleset.

    Args:
        ruleset: the ruleset.
        every_sign: compile both signs of every rule, needed or not, so that a run can be compared sign by sign.
    """
    return _Compiler(ruleset).compile(every_sign=every_sign)


def applies(ruleset: Ruleset, rule: Rule) -> Literal:
    """The literal that says that a rule applies."""
    return Applies(rule.id) if ruleset.overriders[rule.id] else When(rule.id, TRUE)


def fails(ruleset: Ruleset, rule: Rule) -> Literal:
    """The literal that says that a rule fails."""
    return Fails(rule.id) if ruleset.overriders[rule.id] else When(rule.id, FALSE)


class _Compiler:
    def __init__(self, ruleset: Ruleset) -> None:
        self.ruleset = ruleset
        self.program = Program(ruleset)
        self.waiting: list[Literal] = []
        self.known: dict[tuple[int, Sign], Body] = {}

    def compile(self, *, every_sign: bool) -> Program:
        self.number(Always())
        for gate in self._gates():  # so that a long chain of gates needs no deep recursion
            self.conjunction(gate, TRUE)
            self.conjunction(gate, FALSE)
        for rule in self.ruleset.rules.values():
            self.number(applies(self.ruleset, rule))
            if every_sign:
                self.number(When(rule.id, FALSE))
                self.number(fails(self.ruleset, rule))
        for fact in self.ruleset.facts.values():
            self._demand(fact)
        for goal in self.ruleset.goals:
            if goal.when:
                self.number(Signed(goal.when, TRUE))
                self.number(Signed(goal.when, FALSE))
        while self.waiting:
            self._define(self.waiting.pop())
        return self.program

    def _gates(self) -> Iterator[Condition]:
        """Every gate, each after those that it stands behind."""
        for name in self.ruleset.order:
            yield from self.ruleset.gates_behind[name]

    def _demand(self, fact: Fact) -> None:
        """Number what is told of a fact whether or not a rule asks for it."""
        gates = self.ruleset.gates_behind[fact.id]
        if gates:
            literals = [literal for gate in gates for literal in self.conjunction(gate, TRUE)]
            self.program.gates[fact.id] = tuple(map(self.number, literals))
        if fact.is_set and fact.derived:
            for option in fact.option_ids:
                self.number(Lacks(fact.id, option))
        elif fact.otherwise is not None:
            self.number(Value(fact.id, fact.otherwise))

    def number(self, literal: Literal) -> int:
        """The number of a literal; one that is new waits to be defined."""
        numbers = self.program.numbers
        if literal not in numbers:
            numbers[literal] = len(numbers)
            self.waiting.append(literal)
        return numbers[literal]

    # Definitions

    def _define(self, literal: Literal) -> None:
        if isinstance(literal, Seen):
            tests = self.program.seen.setdefault(literal.test.fact, {})
            tests.setdefault(literal.test, {})[literal.sign] = self.program.numbers[literal]
            return
        for body in self._ways(literal):
            self._add(body, literal)

    def _add(self, body: Body, literal: Literal) -> None:
        heads = [literal]
        rule = self._concluding(literal)
        if rule is not None:
            heads.extend(Value(fact, value) for fact, values in rule.then for value in values)
        numbers = tuple(dict.fromkeys(map(self.number, body or (Always(),))))
        head_numbers = tuple(self.number(head) for head in heads)
        self.program.ways.setdefault(head_numbers[0], []).append(len(self.program.clauses))
        self.program.clauses.append(Clause(numbers, head_numbers))

    def _concluding(self, literal: Literal) -> Rule | None:
        """The rule that applies when this literal holds: its firing concludes its values at once."""
        if isinstance(literal, (When, Applies)):
            rule = self.ruleset.rules[literal.rule]
            return rule if literal == applies(self.ruleset, rule) else None
        return None

    def _ways(self, literal: Literal) -> list[Body]:
        if isinstance(literal, Signed):
            return self.ways(literal.condition, literal.sign)
        if isinstance(literal, When):
            return self.ways(self.ruleset.rules[literal.rule].when, literal.sign)
        if isinstance(literal, Applies):
            others = self.ruleset.overriders[literal.rule]
            return [(When(literal.rule, TRUE), *(When(other.id, FALSE) for other in others))]
        if isinstance(literal, Fails):
            others = self.ruleset.overriders[literal.rule]
            return [(When(literal.rule, FALSE),), *((When(other.id, TRUE),) for other in others)]
        if isinstance(literal, Lacks):
            return [self._all_fail(self.ruleset.adders[literal.fact][literal.option])]
        if isinstance(literal, Value) and self.ruleset.facts[literal.fact].otherwise == literal.value:
            return [tuple(When(rule.id, FALSE) for rule in self.ruleset.concluders[literal.fact])]
        return []  # Always is told, and rules conclude values as they fire

    def _all_fail(self, rules: Iterable[Rule]) -> Body:
        return tuple(fails(self.ruleset, rule) for rule in rules)

    # Conditions

    def ways(self, condition: Condition, sign: Sign) -> list[Body]:
        """The ways for a condition to get a sign, in order."""
        if isinstance(condition, Not):
            return self.ways(condition.part, opposite(sign))
        if not isinstance(condition, (All, Any)):
            return self._test_ways(condition, sign)
        if (sign == TRUE) == isinstance(condition, All):
            return [tuple(literal for part in condition.parts for literal in self.conjunction(part, sign))]
        return [self.conjunction(part, sign) for part in condition.parts]

    def conjunction(self, condition: Condition, sign: Sign) -> Body:
        """Literals that together give a condition a sign: its only way where that is short, else one for all ways."""
        key = id(condition), sign
        if key not in self.known:
            self.known[key] = self._conjunction(condition, sign)
        return self.known[key]

    def _conjunction(self, condition: Condition, sign: Sign) -> Body:
        ways = self.ways(condition, sign)
        joined = (sign == TRUE) == isinstance(condition, All) and isinstance(condition, (All, Any))
        if len(ways) == 1 and (joined or len(ways[0]) <= LONGEST_INLINED):
            return ways[0]
        return (Signed(condition, sign),)

    def _test_ways(self, test: Test, sign: Sign) -> list[Body]:
        fact = self.ruleset.facts[test.fact]
        gates = self.ruleset.gates_behind[test.fact]
        if fact.is_set and fact.derived:
            return self._set_ways(test, fact, sign)
        if fact.derived and fact.formula is None:
            return self._derived_ways(test, fact, sign)
        own: Body = (Seen(test, sign),)
        if fact.is_input:
            own = (*own, *(literal for gate in gates for literal in self.conjunction(gate, TRUE)))
        return [own] if sign == TRUE else [*(self.conjunction(gate, FALSE) for gate in gates), own]

    def _derived_ways(self, test: Test, fact: Fact, sign: Sign) -> list[Body]:
        if isinstance(test, HeldTest) and not test.held:
            return self._derived_ways(HeldTest(fact.id, held=True), fact, opposite(sign))
        values = self.ruleset.values[fact.id]
        ways: list[Body] = [(Value(fact.id, v),) for v in values if passes(test, fact, v) == (sign == TRUE)]
        if sign == FALSE and fact.otherwise is None:
            rules = self.ruleset.concluders[fact.id]
            ways.append(self._all_fail(rule for rule in rules if passes(test, fact, rule.concludes(fact.id)[0])))
        return ways

    def _set_ways(self, test: Test, fact: Fact, sign: Sign) -> list[Body]:
        options = fact.option_ids
        each = False
        if isinstance(test, SetTest):
            options, each = test.options, test.mode == "all"
            sign = opposite(sign) if test.mode == "none" else sign
        elif isinstance(test, HeldTest) and not test.held:
            sign = opposite(sign)
        literals: list[Literal] = [
            Value(fact.id, option) if sign == TRUE else Lacks(fact.id, option) for option in options
        ]
        return [tuple(literals)] if (sign == TRUE) == each else [(literal,) for literal in literals]


_LOCK = threading.Lock()


def program_of(ruleset: Ruleset) -> Program:
    """The compiled ruleset, made once and kept with the ruleset: it goes when the ruleset goes.

    Raises:
        MatcherError: the ruleset exceeds the limits of durable-rules.
    """
    with _LOCK:
        kept = ruleset.__dict__.get("_program")
        if not isinstance(kept, Program):
            kept = compile_ruleset(ruleset)
            kept.matcher  # noqa: B018 (compiled here, under the lock)
            ruleset.__dict__["_program"] = kept
        return kept
