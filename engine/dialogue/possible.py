"""Which signs and values stand under an evaluation, or could still come about with the answers to come.

It is found for every fact in order of dependence (design.md section 3, "Relevance"). Possible signs are a pair of bits
like signs: `TRUE` when known true can still come about or stands, `FALSE` likewise.
"""

from __future__ import annotations

from engine.language.model import All, Any, Condition, Fact, HeldTest, Not, Rule, Test
from engine.language.values import UNKNOWN
from engine.logic.evaluate import Evaluation, set_sign, splits_of
from engine.logic.signs import BOTH, FALSE, TRUE, UNSIGNED, Sign, every, opposite, some


def _standing(sign: Sign, otherwise: Sign) -> Sign:
    """What is possible where a sign stands (only that), else what could come about."""
    return sign or otherwise


class Possible:
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
        self.applies, self.fails = set(evaluation.applies), set(evaluation.fails)
        self._signs: dict[int, Sign] = {}  # by the id of a condition, which stays its own: the evaluation keeps it
        self._to_come: dict[int, Sign] = {}
        self.valued: dict[str, bool] = {"as_of": evaluation.as_of is not None}
        for name in self.ruleset.order:
            self._visit(self.ruleset.facts[name])
        self.decisions = {TRUE: self.applies - evaluation.applies, FALSE: self.fails - evaluation.fails}

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

    def when(self, rule: Rule) -> Sign:
        """The possible signs of a rule's `when`."""
        if rule.id not in self.whens:
            self.whens[rule.id] = self.of(rule.when)
        return self.whens[rule.id]

    def _decide(self, rule: Rule) -> None:
        """Whether a rule applies and whether it fails, or can."""
        if rule.id in self.applies or rule.id in self.fails:
            return
        others = map(self.when, self.ruleset.overriders[rule.id])
        decision = every((self.when(rule), opposite(some(others))))
        if decision & TRUE:
            self.applies.add(rule.id)
        if decision & FALSE:
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
