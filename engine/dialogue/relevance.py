"""Which questions can still change a goal that is not settled.

A walk from the goals through everything that has no sign yet, following only signs that are *wanted*, because they
could bring a goal a value, and *possible*, because answers still to come could bring them. First what is possible is
found for every fact, in order of dependence; then the walk collects the inputs that it ends in (design.md section 3).

Possible signs are a pair of bits like signs: `TRUE` when known true can still come about or stands, `FALSE` likewise.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cached_property
from itertools import chain

from engine.language.model import (
    All,
    Any,
    Condition,
    Fact,
    HeldTest,
    Not,
    Rule,
    SetTest,
    Test,
    ValueTest,
)
from engine.language.values import UNKNOWN
from engine.logic.evaluate import Evaluation, set_sign, splits_of
from engine.logic.signs import BOTH, FALSE, TRUE, UNSIGNED, Sign, every, opposite, some


class Relevance:
    """The questions that matter under an evaluation."""

    def __init__(self, evaluation: Evaluation) -> None:
        self.evaluation = evaluation
        self.ruleset = evaluation.ruleset
        self.possible = _Possible(evaluation)

    @cached_property
    def _walked(self) -> _Walk:
        return _Walk(self.possible)

    @cached_property
    def open(self) -> tuple[str, ...]:
        """The inputs that can be asked now and can still matter, in the order of asking."""
        return tuple(fact.id for fact in self.ruleset.inputs if fact.id in self._walked.open)

    @cached_property
    def reachable(self) -> frozenset[str]:
        """The open inputs, and those behind gates that can still open."""
        return frozenset(self._walked.reached)

    def goals_of(self, fact: str) -> tuple[str, ...]:
        """The goals that the answer for an input can still change: those from which the walk comes to it."""
        found = self._walked.goals_behind(fact)
        return tuple(goal.fact for goal in self.ruleset.goals if goal.fact in found)


def _standing(sign: Sign, otherwise: Sign) -> Sign:
    """What is possible where a sign stands (only that), else what could come about."""
    return sign or otherwise


class _Possible:
    """Which signs stand or can still come about.

    Attributes:
        gates, options, whens, applies, fails: as of an outcome, with what can still come about.
        valued: for each fact but a set whether it has a value or can get one.
    """

    def __init__(self, evaluation: Evaluation) -> None:
        self.evaluation = evaluation
        self.ruleset = evaluation.ruleset
        self.splits = splits_of(evaluation.ruleset)
        self.gates: dict[str, Sign] = {}
        self.options: dict[str, dict[str, Sign]] = {}
        self.whens: dict[str, Sign] = {}
        self.applies: set[str] = set()
        self.fails: set[str] = set()
        self._signs: dict[int, Sign] = {}  # by the id of a condition, which stays its own: the evaluation keeps it
        self._to_come: dict[int, Sign] = {}
        self.valued: dict[str, bool] = {"as_of": evaluation.as_of is not None}
        for name in self.ruleset.order:
            self._visit(self.ruleset.facts[name])

    def _visit(self, fact: Fact) -> None:
        self.gates[fact.id] = every(map(self.of, self.ruleset.gates_behind[fact.id]))
        rules = self.ruleset.concluders.get(fact.id, ())
        for rule in rules:
            self._decide(rule)
        if fact.is_input:
            answered = fact.id in self.evaluation.answers
            known = self.evaluation.answers.get(fact.id) is not UNKNOWN
            self.valued[fact.id] = bool(self.gates[fact.id] & TRUE) and (known or not answered)
        elif fact.formula:
            self.valued[fact.id] = self._can_compute(fact)
        elif fact.is_set:
            self.options[fact.id] = {option: self._option(fact, option) for option in fact.option_ids}
        else:
            self.valued[fact.id] = any(rule.id in self.applies for rule in rules) or self.otherwise(fact)

    def _can_compute(self, fact: Fact) -> bool:
        """Whether a formula has a value or can get one: parts that all have theirs already bring nothing new."""
        if self.evaluation.held[fact.id]:
            return True
        names = fact.formula.names if fact.formula else ()
        return all(self.valued[name] for name in names) and not self.evaluation.combinations(fact)

    def _option(self, fact: Fact, option: str) -> Sign:
        adding = self.ruleset.adders[fact.id][option]
        present = TRUE if any(rule.id in self.applies for rule in adding) else UNSIGNED
        absent = FALSE if all(rule.id in self.fails for rule in adding) else UNSIGNED
        return _standing(self.evaluation.options[fact.id][option], present | absent)

    # Rules

    def when(self, rule: Rule) -> Sign:
        """The possible signs of a rule's `when`."""
        if rule.id not in self.whens:
            self.whens[rule.id] = self.of(rule.when)
        return self.whens[rule.id]

    def _decide(self, rule: Rule) -> None:
        """Whether a rule applies and whether it fails, or can."""
        applies, fails = rule.id in self.evaluation.applies, rule.id in self.evaluation.fails
        if not applies and not fails:
            when = self.when(rule)
            overriders = [self.when(other) for other in self.ruleset.overriders[rule.id]]
            applies = bool(when & TRUE) and all(other & FALSE for other in overriders)
            fails = bool(when & FALSE) or any(other & TRUE for other in overriders)
        if applies:
            self.applies.add(rule.id)
        if fails:
            self.fails.add(rule.id)

    def otherwise(self, fact: Fact) -> bool:
        """Whether the `otherwise` of a fact holds or can."""
        rules = self.ruleset.concluders[fact.id]
        return fact.otherwise is not None and all(self.when(rule) & FALSE for rule in rules)

    # Conditions

    def of(self, condition: Condition) -> Sign:
        """The possible signs of a condition, found once."""
        found = self._signs.get(id(condition))
        if found is None:
            stands = self.evaluation.sign(condition)
            found = self._signs[id(condition)] = stands or self._find(condition)
            self._to_come[id(condition)] = UNSIGNED if stands else found
        return found

    def to_come(self, condition: Condition) -> Sign:
        """The signs that a condition can still get: none where one stands."""
        if id(condition) not in self._to_come:
            self.of(condition)
        return self._to_come[id(condition)]

    def _find(self, condition: Condition) -> Sign:
        if isinstance(condition, All):
            return every(map(self.of, condition.parts))
        if isinstance(condition, Any):
            return some(map(self.of, condition.parts))
        if isinstance(condition, Not):
            return opposite(self.of(condition.part))
        return self._of_test(condition)

    def _of_test(self, test: Test) -> Sign:
        gate = self.gates[test.fact]
        return (self.own(test) if gate & TRUE else UNSIGNED) | (gate & FALSE)

    def own(self, test: Test) -> Sign:
        """The possible signs of a test, its gate left aside."""
        fact = self.ruleset.facts[test.fact]
        if fact.is_input:
            return self.evaluation.own_sign(test) if fact.id in self.evaluation.answers else BOTH
        if fact.is_set:
            return set_sign(test, self.options[fact.id])
        if fact.formula:
            return _standing(self.evaluation.own_sign(test), BOTH if self.valued[fact.id] else UNSIGNED)
        return _standing(self.evaluation.own_sign(test), self._of_derived_test(test, fact))

    def _of_derived_test(self, test: Test, fact: Fact) -> Sign:
        if isinstance(test, HeldTest) and not test.held:
            return opposite(self._of_derived_test(HeldTest(fact.id, held=True), fact))
        split = self.splits[test]
        refuted = fact.otherwise is None and self.fails.issuperset(split.passing)
        found = split.otherwise if self.otherwise(fact) else UNSIGNED
        if not self.applies.isdisjoint(split.passing):
            found |= TRUE
        if refuted or not self.applies.isdisjoint(split.other):
            found |= FALSE
        return found


_Step = str | tuple[object, ...]  # a goal; else a condition or a rule and the sign wanted, or a fact whose value is


class _Walk:
    """The walk from the goals; collects inputs that are open, and those that are reachable behind gates.

    What is still to be walked waits in a list, so that a long chain of facts needs no deep recursion. A step is taken
    once and leads on in the same way wherever it was come from; so one walk serves all goals, and the way back from an
    input tells which of them it is for.

    Attributes:
        came_from: for each step those that led to it; the first steps come from goals.
        reached: for each input that is reachable the steps that ended in it.
        begun_at: the goals that it began at.
    """

    def __init__(self, possible: _Possible) -> None:
        self.possible = possible
        self.evaluation = possible.evaluation
        self.ruleset = possible.ruleset
        decided = self.evaluation.applies | self.evaluation.fails
        self.applying, self.failing = possible.applies - decided, possible.fails - decided  # rules that can still do so
        self.open: set[str] = set()
        self.reached: dict[str, list[_Step]] = {}
        self.came_from: dict[_Step, list[_Step]] = {}
        self.waiting: list[tuple[_Step, Callable[[], None]]] = []
        self.at: _Step
        self._goals()
        ways = chain(self.came_from.values(), self.reached.values())
        self.begun_at = {step for step in chain.from_iterable(ways) if isinstance(step, str)}
        while self.waiting:
            self.at, walk = self.waiting.pop()
            walk()

    def goals_behind(self, fact: str) -> set[_Step]:
        """The goals at which the ways to an input began."""
        seen: set[_Step] = set()
        goals: set[_Step] = set()
        waiting = list(self.reached.get(fact, ()))
        while waiting and goals != self.begun_at:
            step = waiting.pop()
            if step not in seen:
                seen.add(step)
                if step in self.came_from:
                    waiting.extend(self.came_from[step])
                else:
                    goals.add(step)
        return goals

    def _once(self, step: _Step, walk: Callable[[], None]) -> None:
        if step in self.came_from:
            self.came_from[step].append(self.at)
        else:
            self.came_from[step] = [self.at]
            self.waiting.append((step, walk))

    def _goals(self) -> None:
        for goal in self.ruleset.goals:
            self.at = goal.fact
            when = self.evaluation.goal_whens[goal.fact]
            if goal.when and not when:
                self.want(goal.when, TRUE)
                self.want(goal.when, FALSE)
            if not when & FALSE and not self.evaluation.settled(goal.fact):
                self._goal(self.ruleset.facts[goal.fact])

    def _goal(self, fact: Fact) -> None:
        if fact.is_set and fact.derived:
            for option in fact.option_ids:
                self._option(fact, option, TRUE)
                self._option(fact, option, FALSE)
        else:
            self._value(fact.id)

    # Signs wanted of conditions and rules

    def want(self, condition: Condition, sign: Sign) -> None:
        """Walk to what could give a condition this sign, unless one stands or it cannot come about."""
        if self.possible.to_come(condition) & sign:
            self._once((id(condition), sign), lambda: self._want(condition, sign))

    def _want(self, condition: Condition, sign: Sign) -> None:
        if isinstance(condition, (All, Any)):
            for part in condition.parts:
                self.want(part, sign)
        elif isinstance(condition, Not):
            self.want(condition.part, opposite(sign))
        else:
            self._want_test(condition, sign)

    def _want_all(self, conditions: Iterable[Condition], sign: Sign) -> None:
        for condition in conditions:
            self.want(condition, sign)

    def _want_test(self, test: Test, sign: Sign) -> None:
        fact = self.ruleset.facts[test.fact]
        gates = self.ruleset.gates_behind[fact.id]
        if sign == FALSE:
            self._want_all(gates, FALSE)
        if fact.is_input:
            if self.possible.own(test) & sign:
                self._input(fact)
        elif fact.formula:
            if self.possible.valued[fact.id]:
                self._value(fact.id)
        elif fact.is_set:
            self._want_set_test(test, fact, sign)
        else:
            self._want_derived_test(test, fact, sign)

    def _want_set_test(self, test: Test, fact: Fact, sign: Sign) -> None:
        if isinstance(test, HeldTest):
            sign = sign if test.held else opposite(sign)
            options = fact.option_ids
        else:
            assert isinstance(test, SetTest)  # noqa: S101 (the loader allows nothing else on a set)
            sign = opposite(sign) if test.mode == "none" else sign
            options = test.options
        for option in options:
            self._option(fact, option, sign)

    def _want_derived_test(self, test: Test, fact: Fact, sign: Sign) -> None:
        if isinstance(test, HeldTest) and not test.held:
            test, sign = HeldTest(fact.id, held=True), opposite(sign)
        assert isinstance(test, (ValueTest, HeldTest))  # noqa: S101 (as above)
        split = self.possible.splits[test]
        for rule in (split.passing if sign == TRUE else split.other).values():
            self._applies(rule)
        if sign == FALSE and fact.otherwise is None and self.possible.fails.issuperset(split.passing):
            for rule in split.passing.values():
                self._fails(rule)
        if split.otherwise & sign:
            self._otherwise(fact)

    def _option(self, fact: Fact, option: str, sign: Sign) -> None:
        if self.evaluation.options[fact.id][option] or not self.possible.options[fact.id][option] & sign:
            return
        for rule in self.ruleset.adders[fact.id][option]:
            (self._applies if sign == TRUE else self._fails)(rule)

    def _applies(self, rule: Rule) -> None:
        if rule.id in self.applying:
            self._once((rule.id, TRUE), lambda: self._want_decided(rule, TRUE))

    def _fails(self, rule: Rule) -> None:
        if rule.id in self.failing:
            self._once((rule.id, FALSE), lambda: self._want_decided(rule, FALSE))

    def _want_decided(self, rule: Rule, sign: Sign) -> None:
        self.want(rule.when, sign)
        self._want_all((other.when for other in self.ruleset.overriders[rule.id]), opposite(sign))

    def _otherwise(self, fact: Fact) -> None:
        if self.possible.otherwise(fact):
            self._want_all((rule.when for rule in self.ruleset.concluders[fact.id]), FALSE)

    # Values wanted of facts

    def _value(self, name: str) -> None:
        if name != "as_of":
            self._once((name,), lambda: self._want_value(self.ruleset.facts[name]))

    def _want_value(self, fact: Fact) -> None:
        if not self.possible.valued.get(fact.id, True):
            return
        if fact.is_input:
            self._input(fact)
        elif fact.formula:
            for name in fact.formula.names:
                self._value(name)
        elif not self.evaluation.held[fact.id]:
            for rule in self.ruleset.concluders[fact.id]:
                self._applies(rule)
            self._otherwise(fact)

    def _input(self, fact: Fact) -> None:
        """An input is open when its gate is known true; while the gate has no sign, the way leads through it."""
        gate = self.evaluation.gates[fact.id]
        unanswered = fact.id not in self.evaluation.answers
        if gate & TRUE and unanswered:
            self.open.add(fact.id)
        if not gate:
            self._want_all(self.ruleset.gates_behind[fact.id], TRUE)
        if unanswered and self.possible.gates[fact.id] & TRUE:
            self.reached.setdefault(fact.id, []).append(self.at)
