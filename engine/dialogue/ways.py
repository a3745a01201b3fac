"""What can be wanted on the ways from the goals of a ruleset to its questions, and what each of these leads to.

A step is something wanted: that a condition gets a sign, that a rule applies or fails, that a fact gets a value. Where
a step leads is the same for all answers, and found once a ruleset; whether it can come about, the answers say.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain

from engine.dialogue.possible import Possible
from engine.language.model import All, Any, Condition, Fact, Goal, HeldTest, Not, Rule, Ruleset, SetTest, Test
from engine.logic.evaluate import splits_of
from engine.logic.signs import FALSE, TRUE, Sign, opposite


@dataclass(frozen=True, slots=True)
class Step:
    """Something wanted.

    Attributes:
        to_come: whether it has not come about and still can.
        leads_to: the steps that could bring it about, by number, each lower than its own.
    """

    to_come: Callable[[Possible], object]
    leads_to: tuple[int, ...]


class Ways:
    """The steps of a ruleset, in the order of dependence, so that a long chain of facts needs no deep recursion.

    Attributes:
        steps: each after those it leads to.
        questions: for each input the step that ends in it.
        whens, goals: for each goal the steps to a sign of its `when`, and to what settles it.
    """

    def __init__(self, ruleset: Ruleset) -> None:
        self.ruleset = ruleset
        self.steps: list[Step] = []
        self._numbers: dict[object, int] = {}
        self._splits = splits_of(ruleset)
        for name in ruleset.order:
            self._visit(ruleset.facts[name])
        self.questions = {fact.id: self._question(fact) for fact in ruleset.inputs}
        self.whens = {goal.fact: tuple(self._to_when(goal)) for goal in ruleset.goals}
        self.goals = {goal.fact: tuple(self._to_goal(ruleset.facts[goal.fact])) for goal in ruleset.goals}

    def _visit(self, fact: Fact) -> None:
        """Make the steps that the facts after this one lead to."""
        for sign in (TRUE, FALSE):
            for gate in self.ruleset.gates_behind[fact.id]:
                self._condition(gate, sign)
            for rule in self.ruleset.concluders.get(fact.id, ()):
                self._rule(rule, sign)
        if not (fact.is_set and fact.derived):
            self._value(fact)

    def _step(self, wanted: object, to_come: Callable[[Possible], object], leads_to: Iterable[int]) -> int:
        """The number of the step to what is wanted, which is made once."""
        if wanted not in self._numbers:
            onwards = tuple(leads_to)
            self._numbers[wanted] = len(self.steps)
            self.steps.append(Step(to_come, onwards))
        return self._numbers[wanted]

    def _to_when(self, goal: Goal) -> Iterator[int]:
        if goal.when:
            yield self._condition(goal.when, TRUE)
            yield self._condition(goal.when, FALSE)

    def _to_goal(self, fact: Fact) -> Iterator[int]:
        if fact.is_set and fact.derived:
            for option in fact.option_ids:
                yield self._option(fact, option, TRUE)
                yield self._option(fact, option, FALSE)
        else:
            yield self._value(fact)

    # Signs wanted of conditions

    def _condition(self, condition: Condition, sign: Sign) -> int:
        if isinstance(condition, Not):
            return self._condition(condition.part, opposite(sign))
        leads_to = self._to_condition(condition, sign)
        return self._step((id(condition), sign), lambda possible: possible.to_come(condition) & sign, leads_to)

    def _conditions(self, conditions: Iterable[Condition], sign: Sign) -> Iterator[int]:
        return (self._condition(condition, sign) for condition in conditions)

    def _to_condition(self, condition: All | Any | Test, sign: Sign) -> Iterator[int]:
        if isinstance(condition, (All, Any)):
            return self._conditions(condition.parts, sign)
        return self._to_test(condition, self.ruleset.facts[condition.fact], sign)

    def _to_test(self, test: Test, fact: Fact, sign: Sign) -> Iterator[int]:
        if sign == FALSE:
            yield from self._conditions(self.ruleset.gates_behind[fact.id], FALSE)
        if fact.is_input:
            yield self._answer(test, fact, sign) if fact.gate else self._question(fact)
        elif fact.formula:
            yield self._value(fact)
        elif fact.is_set:
            yield from self._to_set_test(test, fact, sign)
        else:
            yield from self._to_derived_test(test, fact, sign)

    def _answer(self, test: Test, fact: Fact, sign: Sign) -> int:
        """The step to an answer that gives a test its own sign: behind a gate it can have one without it."""
        return self._step(("answer", test, sign), lambda possible: possible.own(test) & sign, [self._question(fact)])

    def _to_set_test(self, test: Test, fact: Fact, sign: Sign) -> Iterator[int]:
        if isinstance(test, HeldTest):
            sign = sign if test.held else opposite(sign)
            options = fact.option_ids
        else:
            assert isinstance(test, SetTest)  # noqa: S101 (the loader allows nothing else on a set)
            sign = opposite(sign) if test.mode == "none" else sign
            options = test.options
        return (self._option(fact, option, sign) for option in options)

    def _to_derived_test(self, test: Test, fact: Fact, sign: Sign) -> Iterator[int]:
        if isinstance(test, HeldTest) and not test.held:
            test, sign = HeldTest(fact.id, held=True), opposite(sign)
        split = self._splits[test]
        for rule in (split.passing if sign == TRUE else split.other).values():
            yield self._rule(rule, TRUE)
        if sign == FALSE and fact.otherwise is None:
            yield self._refuted(test)
        if split.otherwise & sign:
            yield self._otherwise(fact)

    def _refuted(self, test: Test) -> int:
        """The step to the failing of every rule that concludes what passes a test."""
        split = self._splits[test]
        leads_to = (self._rule(rule, FALSE) for rule in split.passing.values())
        return self._step(("refuted", test), lambda possible: possible.refuted(split), leads_to)

    # What is wanted of rules and facts

    def _rule(self, rule: Rule, sign: Sign) -> int:
        """The step to a rule that applies (TRUE) or fails (FALSE)."""
        overriders = [other.when for other in self.ruleset.overriders[rule.id]]
        leads_to = chain(self._conditions([rule.when], sign), self._conditions(overriders, opposite(sign)))
        return self._step(("rule", rule.id, sign), lambda possible: possible.rule_to_come(rule) & sign, leads_to)

    def _option(self, fact: Fact, option: str, sign: Sign) -> int:
        leads_to = (self._rule(rule, sign) for rule in self.ruleset.adders[fact.id][option])
        wanted = ("option", fact.id, option, sign)
        return self._step(wanted, lambda possible: possible.option_to_come(fact, option) & sign, leads_to)

    def _otherwise(self, fact: Fact) -> int:
        leads_to = self._conditions((rule.when for rule in self.ruleset.concluders[fact.id]), FALSE)
        return self._step(("otherwise", fact.id), lambda possible: possible.otherwise(fact), leads_to)

    def _value(self, fact: Fact) -> int:
        return self._step(("value", fact.id), lambda possible: possible.value_to_come(fact), self._to_value(fact))

    def _to_value(self, fact: Fact) -> Iterator[int]:
        if fact.is_input:
            yield self._question(fact)
        elif fact.formula:
            yield from (self._value(self.ruleset.facts[name]) for name in fact.formula.names if name != "as_of")
        else:
            yield from (self._rule(rule, TRUE) for rule in self.ruleset.concluders[fact.id])
            yield self._otherwise(fact)

    def _question(self, fact: Fact) -> int:
        """The step that ends in a question; while its gate has no sign, the way leads on through that."""
        leads_to = self._conditions(self.ruleset.gates_behind[fact.id], TRUE)
        return self._step(("question", fact.id), lambda _: True, leads_to)


def ways_of(ruleset: Ruleset) -> Ways:
    """The ways of a ruleset, made once and kept with it, as they are the same for all answers."""
    ways: Ways = ruleset.__dict__.get("_ways") or ruleset.__dict__.setdefault("_ways", Ways(ruleset))
    return ways
