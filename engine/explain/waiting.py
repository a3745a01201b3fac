"""What undecided rules wait for: the answers that are not known, or not asked yet, behind a sign that is missing."""

from __future__ import annotations

from collections.abc import Iterable

from engine.language.model import All, Any, Condition, Fact, Not, Rule
from engine.language.values import UNKNOWN
from engine.logic.evaluate import Evaluation
from engine.logic.signs import FALSE

Inputs = frozenset[str]
NONE: Inputs = frozenset()


class Waiting:
    """The inputs that missing signs rest on, found for each fact in the order of dependence."""

    def __init__(self, evaluation: Evaluation) -> None:
        self.evaluation = evaluation
        self.ruleset = evaluation.ruleset
        self._behind: dict[str, Inputs] = {}
        for name in self.ruleset.order:
            self._behind[name] = self._of_fact(self.ruleset.facts[name])

    def of_rule(self, rule: Rule) -> tuple[Fact, ...]:
        """The questions that have to be answered before it is known whether a rule applies, in the order of asking."""
        return self._asked(self._of_rule(rule))

    def of_fact(self, name: str) -> tuple[Fact, ...]:
        """The questions that what is not known of a fact waits for, in the order of asking."""
        return self._asked(self._behind[name])

    def _asked(self, names: Inputs) -> tuple[Fact, ...]:
        return tuple(fact for fact in self.ruleset.inputs if fact.id in names)

    def _of_rule(self, rule: Rule) -> Inputs:
        if rule.id in self.evaluation.applies or rule.id in self.evaluation.fails:
            return NONE
        return self._of_all([rule.when, *(other.when for other in self.ruleset.overriders[rule.id])])

    def _of_fact(self, fact: Fact) -> Inputs:
        gates = self._of_all(self.ruleset.gates_behind[fact.id])
        if fact.is_input:
            waits = self.evaluation.answers.get(fact.id, UNKNOWN) is UNKNOWN
            shut = self.evaluation.gates[fact.id] & FALSE
            return gates | {fact.id} if waits and not shut else gates
        if fact.formula:
            return gates.union(*(self._behind[name] for name in fact.formula.names if name in self._behind))
        rules = self.ruleset.concluders[fact.id]
        if fact.otherwise is not None:  # which holds when every `when` is known false: that of outranked rules too
            gates |= self._of_all(rule.when for rule in rules)
        return gates.union(*map(self._of_rule, rules))

    def _of_all(self, conditions: Iterable[Condition]) -> Inputs:
        return NONE.union(*map(self._of_condition, conditions))

    def _of_condition(self, condition: Condition) -> Inputs:
        if self.evaluation.sign(condition):
            return NONE
        if isinstance(condition, All | Any):
            return self._of_all(condition.parts)
        if isinstance(condition, Not):
            return self._of_condition(condition.part)
        return self._behind[condition.fact]
