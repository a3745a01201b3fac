"""Which signs and values stand under an evaluation, or could still come about with the answers to come.

It is found for every fact in order of dependence (design.md section 3, "Relevance"). Possible signs are a pair of bits
like signs: `TRUE` when known true can still come about or stands, `FALSE` likewise.
"""

from __future__ import annotations

from collections.abc import Iterable

from engine.language.model import All, Any, Condition, Fact, HeldTest, Not, Rule, Test
from engine.language.values import UNKNOWN
from engine.logic.evaluate import Evaluation, Split, set_sign, splits_of
from engine.logic.signs import BOTH, FALSE, TRUE, UNSIGNED, Sign, every, opposite, some


class Possible:
    """Which signs stand or can still come about.

    Attributes:
        gates, options: as of an outcome, with what can still come about.
        decisions: for each rule whether it applies (TRUE) and whether it fails (FALSE), or can.
        decided: the rules that do.
        valued: for each fact but a set whether it has a value or can get one.
    """

    def __init__(self, evaluation: Evaluation) -> None:
        self.evaluation = evaluation
        self.ruleset = evaluation.ruleset
        self.splits = splits_of(evaluation.ruleset)
        self.gates: dict[str, Sign] = {}
        self.options: dict[str, dict[str, Sign]] = {}
        self.decisions: dict[str, Sign] = dict.fromkeys(evaluation.applies, TRUE)
        for rule in evaluation.fails:
            self.decisions[rule] = self.decisions.get(rule, UNSIGNED) | FALSE
        self.decided = frozenset(self.decisions)
        self._signs: dict[int, Sign] = {}  # by the id of a condition, which stays its own: the evaluation keeps it
        self._to_come: dict[int, Sign] = {}
        self.valued: dict[str, bool] = {"as_of": evaluation.as_of is not None}
        for name in self.ruleset.order:
            self._visit(self.ruleset.facts[name])

    def _visit(self, fact: Fact) -> None:
        self.gates[fact.id] = every(map(self.of, self.ruleset.gates_behind[fact.id]))
        rules = self.ruleset.concluders.get(fact.id, ())
        for rule in rules:
            if rule.id not in self.decisions:
                self.decisions[rule.id] = self._decide(rule)
        if fact.is_input:
            answered = fact.id in self.evaluation.answers
            known = self.evaluation.answers.get(fact.id) is not UNKNOWN
            self.valued[fact.id] = bool(self.gates[fact.id] & TRUE) and (known or not answered)
        elif fact.formula:
            self.valued[fact.id] = self._can_compute(fact)
        elif fact.is_set:
            self.options[fact.id] = {option: self._option(fact, option) for option in fact.option_ids}
        else:
            self.valued[fact.id] = bool(self._some(rule.id for rule in rules) & TRUE) or self.otherwise(fact)

    def _can_compute(self, fact: Fact) -> bool:
        """Whether a formula has a value or can get one: parts that all have theirs already bring nothing new."""
        if self.evaluation.held[fact.id]:
            return True
        names = fact.formula.names if fact.formula else ()
        return all(self.valued[name] for name in names) and not self.evaluation.combinations(fact)

    def _option(self, fact: Fact, option: str) -> Sign:
        stands = self.evaluation.options[fact.id][option]
        return stands or self._some(rule.id for rule in self.ruleset.adders[fact.id][option])

    # What is still to come: nothing where a sign or a value stands

    def to_come(self, condition: Condition) -> Sign:
        """The signs that a condition can still get."""
        found = self._to_come.get(id(condition))
        if found is None:
            self.of(condition)
            found = self._to_come[id(condition)]
        return found

    def option_to_come(self, fact: Fact, option: str) -> Sign:
        """The signs that an option of a set can still get."""
        return UNSIGNED if self.evaluation.options[fact.id][option] else self.options[fact.id][option]

    def value_to_come(self, fact: Fact) -> bool:
        """Whether a fact can still get a value."""
        return self.valued[fact.id] and not self.evaluation.held.get(fact.id)

    # Rules

    def _decide(self, rule: Rule) -> Sign:
        """Whether a rule that is not decided can apply and whether it can fail."""
        decision = self.of(rule.when)
        for other in self.ruleset.overriders[rule.id]:
            decision = every((decision, opposite(self.of(other.when))))
        return decision

    def _some(self, rules: Iterable[str]) -> Sign:
        """Whether some of the rules applies (TRUE) and whether all fail (FALSE), or can."""
        return some(map(self.decisions.__getitem__, rules))

    def rule_to_come(self, rule: Rule) -> Sign:
        """Whether a rule can still apply or fail."""
        return UNSIGNED if rule.id in self.decided else self.decisions[rule.id]

    def refuted(self, split: Split) -> bool:
        """Whether every rule that concludes what passes a test fails or can."""
        return bool(self._some(split.passing) & FALSE)

    def otherwise(self, fact: Fact) -> bool:
        """Whether the `otherwise` of a fact holds or can."""
        rules = self.ruleset.concluders[fact.id]
        return fact.otherwise is not None and all(self.of(rule.when) & FALSE for rule in rules)

    # Conditions

    def of(self, condition: Condition) -> Sign:
        """The possible signs of a condition, found once."""
        found = self._signs.get(id(condition))
        if found is None:
            stands = self.evaluation.sign(condition)
            found = self._signs[id(condition)] = stands or self._find(condition)
            self._to_come[id(condition)] = UNSIGNED if stands else found
        return found

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
            return self.evaluation.own_sign(test) or (BOTH if self.valued[fact.id] else UNSIGNED)
        return self.evaluation.own_sign(test) or self._of_derived_test(test, fact)

    def _of_derived_test(self, test: Test, fact: Fact) -> Sign:
        if isinstance(test, HeldTest) and not test.held:
            return opposite(self._of_derived_test(HeldTest(fact.id, held=True), fact))
        split = self.splits[test]
        passing, other = self._some(split.passing), self._some(split.other)
        found = passing & TRUE | opposite(other & TRUE)
        if fact.otherwise is None:
            return found | passing & FALSE
        return found | (split.otherwise if self.otherwise(fact) else UNSIGNED)
