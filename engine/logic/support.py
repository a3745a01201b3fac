"""What each step of the trail rests on, read off the reference evaluation by the words of design.md section 6.

Of an `any` the first part known true, of a refuted `all` the first part known false; of a value the first rule that
concluded it; of a refuted rule its own `when` if that is known false, else the first overrider that holds; of a
known-false test on a gated fact the gate if that is known false, else answer and gate; of a formula all its parts.
"""

from __future__ import annotations

from collections.abc import Iterable

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
)
from engine.logic.evaluate import Evaluation, compute, passes
from engine.logic.outcome import FORMULA, OTHERWISE, RULE, Results
from engine.logic.signs import FALSE, TRUE, Sign, opposite
from engine.logic.trail import Draft, Given, Held, Leaf, Trail, conclude, conclusions_of


def explain(evaluation: Evaluation) -> tuple[Trail, Results]:
    """The trail and the results of a reference evaluation."""
    support = Support(evaluation)
    return conclude(evaluation, support.drafts(), support.goal_leaves())


class Support:
    """Finds what holds because of what."""

    def __init__(self, evaluation: Evaluation) -> None:
        self.evaluation = evaluation
        self.ruleset = evaluation.ruleset
        self._known: dict[tuple[str, ...], list[Leaf]] = {}
        for name in self.ruleset.order:  # so that each finds those it rests on, however long the chain
            self._prepare(name)

    def _prepare(self, name: str) -> None:
        for sign in (TRUE, FALSE):
            if self.evaluation.gates[name] & sign:
                self._gate(name, sign)
        for rule in self.ruleset.concluders.get(name, ()):
            if rule.id in self.evaluation.fails:
                self._failure(rule)

    # Conditions. Each method takes the sign wanted, which stands, and gives the leaves it rests on.

    def of(self, condition: Condition, sign: Sign) -> list[Leaf]:
        """The leaves that make a condition known true (or known false)."""
        if isinstance(condition, Not):
            return self.of(condition.part, opposite(sign))
        if not isinstance(condition, (All, Any)):
            return self._of_test(condition, sign)
        if (sign == TRUE) == isinstance(condition, All):
            return [leaf for part in condition.parts for leaf in self.of(part, sign)]
        first = next(part for part in condition.parts if self.evaluation.sign(part) & sign)
        return self.of(first, sign)

    def _of_test(self, test: Test, sign: Sign) -> list[Leaf]:
        if sign == FALSE and self.evaluation.gates[test.fact] & FALSE:
            return self._gate(test.fact, FALSE)
        fact = self.ruleset.facts[test.fact]
        if fact.is_input:
            return [Given(fact.id), *self._gate(fact.id, TRUE)]
        return self._of_set(test, fact, sign) if fact.is_set else self._of_derived(test, fact, sign)

    def _gate(self, name: str, sign: Sign) -> list[Leaf]:
        """What the gates behind a fact rest on: all of them when known true, the first that is known false."""
        if (name, str(sign)) not in self._known:
            gates = self.ruleset.gates_behind[name]
            if sign == FALSE:
                gates = (next(gate for gate in gates if self.evaluation.sign(gate) & FALSE),)
            self._known[name, str(sign)] = list(_once(leaf for gate in gates for leaf in self.of(gate, sign)))
        return self._known[name, str(sign)]

    def _of_derived(self, test: Test, fact: Fact, sign: Sign) -> list[Leaf]:
        if isinstance(test, HeldTest) and not test.held:
            return self._of_derived(HeldTest(fact.id, held=True), fact, opposite(sign))
        for value in self.evaluation.held[fact.id]:
            if passes(test, fact, value) == (sign == TRUE):
                return [Held(fact.id, value)]
        rules = self.ruleset.concluders[fact.id]
        return self._failures(rule for rule in rules if passes(test, fact, rule.concludes(fact.id)[0]))

    def _of_set(self, test: Test, fact: Fact, sign: Sign) -> list[Leaf]:
        options = fact.option_ids
        if isinstance(test, SetTest):
            options = test.options
            if test.mode == "none":
                return self._of_set(SetTest(fact.id, "any", options), fact, opposite(sign))
        elif isinstance(test, HeldTest) and not test.held:
            return self._of_set(HeldTest(fact.id, held=True), fact, opposite(sign))
        each = isinstance(test, SetTest) and test.mode == "all"
        if (sign == TRUE) == each:
            return [leaf for option in options for leaf in self._of_option(fact, option, sign)]
        signs = self.evaluation.options[fact.id]
        return self._of_option(fact, next(option for option in options if signs[option] & sign), sign)

    def _of_option(self, fact: Fact, option: str, sign: Sign) -> list[Leaf]:
        if sign == TRUE:
            return [Held(fact.id, option)]
        return self._failures(self.ruleset.adders[fact.id][option])

    def _failures(self, rules: Iterable[Rule]) -> list[Leaf]:
        return [leaf for rule in rules for leaf in self._failure(rule)]

    def _failure(self, rule: Rule) -> list[Leaf]:
        if (rule.id,) not in self._known:
            self._known[rule.id,] = list(_once(self._find_failure(rule)))
        return self._known[rule.id,]

    def _find_failure(self, rule: Rule) -> list[Leaf]:
        whens = self.evaluation.whens
        if whens[rule.id] & FALSE:
            return self.of(rule.when, FALSE)
        overrider = next(other for other in self.ruleset.overriders[rule.id] if whens[other.id] & TRUE)
        return self.of(overrider.when, TRUE)

    # Steps

    def drafts(self) -> list[Draft]:
        """Every step: rules whose `when` is known true, `otherwise` that holds, formulas that have a value."""
        evaluation = self.evaluation
        before = evaluation.goal_states()
        found = [self._rule_draft(rule) for rule in self.ruleset.rules.values() if evaluation.whens[rule.id] & TRUE]
        for name, fact in self.ruleset.facts.items():
            if fact.formula:
                found.extend(self._formula_drafts(fact))
            elif fact.otherwise is not None and all(
                evaluation.whens[r.id] & FALSE for r in self.ruleset.concluders[name]
            ):
                leaves = [leaf for rule in self.ruleset.concluders[name] for leaf in self.of(rule.when, FALSE)]
                found.append(Draft((OTHERWISE, name), _once(leaves), (Held(name, fact.otherwise),)))
        return [self._weighed(draft, before) for draft in found]

    def _rule_draft(self, rule: Rule) -> Draft:
        leaves = [*self.of(rule.when, TRUE)]  # a copy: what is known already is shared
        if rule.id not in self.evaluation.applies:
            return Draft((RULE, rule.id), _once(leaves), ())
        for other in self.ruleset.overriders[rule.id]:
            leaves.extend(self.of(other.when, FALSE))
        return Draft((RULE, rule.id), _once(leaves), conclusions_of(rule))

    def _formula_drafts(self, fact: Fact) -> list[Draft]:
        """One step for each value that a formula has, from the first combination of its parts that gives it."""
        names = fact.formula.names if fact.formula else ()
        found: dict[Held, Draft] = {}
        for values in self.evaluation.combinations(fact):
            value = compute(self.ruleset, fact, dict(zip(names, values, strict=True)))
            if value is not None:
                leaves: list[Leaf] = []
                for name, part in zip(names, values, strict=True):
                    derived = name in self.ruleset.facts and self.ruleset.facts[name].derived
                    leaves.append(Held(name, part) if derived else Given(name))
                leaves.extend(self._gate(fact.id, TRUE))
                held = Held(fact.id, value)
                found.setdefault(held, Draft((FORMULA, fact.id), _once(leaves), (held,)))
        return list(found.values())

    def _weighed(self, draft: Draft, before: tuple[object, ...]) -> Draft:
        if not draft.concludes:
            return draft
        struck = (*draft.key, draft.concludes[0].value) if draft.key[0] == FORMULA else draft.key
        without = Evaluation(self.ruleset, self.evaluation.answers, self.evaluation.as_of, struck=(struck,))
        return Draft(draft.key, draft.used, draft.concludes, without.goal_states() == before)

    # Goals

    def goal_leaves(self) -> dict[str, tuple[Leaf, ...]]:
        """For each goal that is a result, the values it holds and what its `when` rests on."""
        found: dict[str, tuple[Leaf, ...]] = {}
        for goal in self.ruleset.goals:
            values = self._values_of_goal(goal.fact)
            if values and self.evaluation.is_result(goal):
                found[goal.fact] = _once([*values, *(self.of(goal.when, TRUE) if goal.when else ())])
        return found

    def _values_of_goal(self, name: str) -> list[Leaf]:
        if name in self.evaluation.options:
            signs = self.evaluation.options[name]
            return [Held(name, option) for option, sign in signs.items() if sign & TRUE]
        return [Held(name, value) for value in self.evaluation.held.get(name, ())]


def _once(leaves: Iterable[Leaf]) -> tuple[Leaf, ...]:
    return tuple(dict.fromkeys(leaves))
