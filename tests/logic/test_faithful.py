"""Trails are faithful (design.md section 6, "Faithful").

These statements are tested:

1. What a step cites are the answers that it rests on, through the steps it used. Those answers alone, with the date,
   give what the step concludes; for an outranked rule, they make its `when` known true.
2. Each cited answer is needed: where every part of a step's proof has one way only, leaving out one cited answer takes
   the conclusion away. Where it does not, some part of the proof had another way, which takes over.
3. "Another support exists" says exactly that striking the conclusion leaves every goal as it is.
4. The trail does not depend on the order of the answers (test_growth.py), every source is an earlier step, and roles
   are as section 6 says.
"""

from __future__ import annotations

import random
from collections import Counter

import pytest

from engine.inference.compile import compile_ruleset
from engine.inference.literals import Seen, Value, When
from engine.inference.proof import Proof
from engine.inference.run import Run
from engine.logic.evaluate import Evaluation
from engine.logic.outcome import FORMULA, OTHERWISE, RULE
from engine.logic.signs import FALSE, TRUE
from engine.logic.support import Support, explain
from engine.logic.trail import Held
from tests.random_rulesets import load_spec, random_answers, random_as_of, random_ruleset


def trails(name, number):
    """Random evaluations, each with its trail."""
    for seed in range(number):
        rng = random.Random(f"faithful {name} {seed}")
        ruleset = random_ruleset(rng)
        evaluation = Evaluation(ruleset, random_answers(rng, ruleset), random_as_of(rng))
        yield evaluation, explain(evaluation)[0]


def cited(trail, step):
    """The inputs whose answers a step rests on, at any distance."""
    found, waiting = set(), [step]
    while waiting:
        for used in waiting.pop().used:
            if used.source is None:
                found.add(used.fact)
            else:
                waiting.append(trail.step(used.source))
    return found - {"as_of"}


def given_only(evaluation, names):
    """The evaluation of some of the answers alone."""
    answers = {name: answer for name, answer in evaluation.answers.items() if name in names}
    return Evaluation(evaluation.ruleset, answers, evaluation.as_of)


def holds(evaluation, fact, value):
    if fact in evaluation.options:
        return bool(evaluation.options[fact][value] & TRUE)
    return value in evaluation.held[fact]


def concluded(step):
    """What a step concludes, of a set one option at a time."""
    found = []
    for fact, value in step.concludes.items():
        found.extend((fact, each) for each in (value if isinstance(value, tuple) else [value]))
    return found


def gives(evaluation, step):
    """Whether an evaluation comes to the same as a step."""
    if not step.concludes:
        return bool(evaluation.whens[step.rule] & TRUE)
    return all(holds(evaluation, fact, value) for fact, value in concluded(step))


@pytest.mark.parametrize("chunk", range(4))
def test_the_cited_answers_alone_give_the_same_conclusion(chunk):
    for evaluation, trail in trails(chunk, 150):
        for step in trail:
            assert gives(given_only(evaluation, cited(trail, step)), step), step


@pytest.mark.parametrize("chunk", range(4))
def test_a_rule_that_is_outranked_is_so_by_the_cited_answers_of_the_other(chunk):
    for evaluation, trail in trails(chunk, 150):
        for step in trail:
            if step.outranked_by:
                other = trail.by_rule[step.outranked_by]
                alone = given_only(evaluation, cited(trail, other))
                assert alone.whens[other.rule] & TRUE
                assert step.rule in alone.fails


def test_what_is_cited_was_answered_and_asked():
    """An answer behind a gate that is not known true is never cited."""
    for evaluation, trail in trails("gates", 400):
        for step in trail:
            for name in cited(trail, step):
                assert name in evaluation.answers
                assert evaluation.gates[name] & TRUE


# Each cited answer is needed


class Ways:
    """The proof of a run, asked whether each part of what a step rests on has one way only."""

    def __init__(self, program, answers, as_of):
        self.run = Run(program, answers, as_of)
        self.proof = Proof(self.run)
        self.program = program
        self.values = Counter((each.fact, each.value) for each in self.run.combinations)

    def only_one(self, number):
        """Whether nothing that a literal rests on, at any distance, has another way."""
        literal = self.program.literals[number]
        if isinstance(literal, Seen):
            return self._seen(literal)
        fired = [way for way in self._ways(number, literal) if way in self.run.fired]
        if not fired:
            return True  # told
        return len(fired) == 1 and all(map(self.only_one, self.program.clauses[fired[0]].body))

    def _ways(self, number, literal):
        """The clauses that conclude a literal: of a value those of every rule that concludes it."""
        if isinstance(literal, Value):
            return [way for way, clause in enumerate(self.program.clauses) if number in clause.heads]
        return self.program.ways.get(number, ())

    def _seen(self, literal):
        """An answer is one way; the value of a formula is one if it has no other."""
        fact = self.run.ruleset.facts[literal.test.fact]
        return fact.is_input or (
            len(self.run.held[fact.id]) == 1 and self.value_has_only_one(fact, self.run.held[fact.id][0])
        )

    def value_has_only_one(self, fact, value):
        if self.values[fact.id, value] != 1:
            return False
        each = self.run.computed[fact.id, value]
        gates = all(map(self.only_one, self.program.gates.get(fact.id, ())))
        return gates and all(self._part(name, part) for name, part in zip(fact.formula.names, each.parts, strict=True))

    def _part(self, name, value):
        fact = self.run.ruleset.facts.get(name)
        if fact is None or fact.is_input:
            return True
        return (
            self.value_has_only_one(fact, value)
            if fact.formula
            else self.only_one(self.program.numbers[Value(name, value)])
        )

    def of_step(self, step):
        """Whether what a step concludes (its `when`, if nothing) has one proof only."""
        if step.kind == FORMULA:
            return self.value_has_only_one(self.run.ruleset.facts[step.fact], concluded(step)[0][1])
        if step.concludes:
            return all(self.only_one(self.program.numbers[Value(*held)]) for held in concluded(step))
        return self.only_one(self.program.numbers[When(step.rule, TRUE)])


@pytest.mark.parametrize("chunk", range(4))
def test_each_cited_answer_is_needed_where_there_is_one_way_only(chunk):
    tried = 0
    for evaluation, trail in trails(chunk, 150):
        program = compile_ruleset(evaluation.ruleset)
        for step in trail:
            names = cited(trail, step)
            alone = given_only(evaluation, names)
            if Ways(program, alone.answers, alone.as_of).of_step(step):
                for name in names:
                    tried += 1
                    assert not gives(given_only(evaluation, names - {name}), step), (name, step)
        program.matcher.close()

    assert tried > 100


@pytest.mark.parametrize("chunk", range(4))
def test_another_support_means_that_striking_the_conclusion_changes_no_goal(chunk):
    seen = Counter()
    for evaluation, trail in trails(chunk, 150):
        for step in filter(lambda step: step.concludes, trail):
            struck = Evaluation(evaluation.ruleset, evaluation.answers, evaluation.as_of, struck=[key_of(step)])
            assert step.another_support == (goals_of(struck) == goals_of(evaluation))
            seen[step.another_support] += 1

    assert min(seen[True], seen[False]) > 50


def key_of(step):
    if step.rule:
        return (RULE, step.rule)
    return (OTHERWISE, step.fact) if step.kind == OTHERWISE else (FORMULA, step.fact, concluded(step)[0][1])


def goals_of(evaluation):
    """What there is to tell of each goal, read off without `goal_states`."""
    found = []
    for goal in evaluation.ruleset.goals:
        when = evaluation.goal_whens[goal.fact]
        values = evaluation.options.get(goal.fact) or evaluation.held.get(goal.fact) or evaluation.value(goal.fact)
        found.append(when if when & FALSE else (when, values))
    return found


def test_striking_a_conclusion_takes_away_what_rests_on_it_alone():
    """Without what a step concludes, the step's own conclusion stands only if another step concludes it too."""
    for evaluation, trail in trails("strike", 200):
        concluding = Counter(held for step in trail for held in concluded(step))
        for step in trail:
            if step.concludes:
                struck = Evaluation(evaluation.ruleset, evaluation.answers, evaluation.as_of, struck=[key_of(step)])
                for held in concluded(step):
                    assert holds(struck, *held) <= (concluding[held] > 1)


# The shape of a trail


def test_every_source_is_an_earlier_step_that_concludes_what_was_used():
    for _, trail in trails("shape", 400):
        for step in trail:
            for used in step.used:
                if used.source is not None:
                    assert used.source < step.seq
                    assert (used.fact, used.value) in concluded(trail.step(used.source))


def test_steps_are_numbered_in_order_of_dependence():
    for evaluation, trail in trails("shape", 400):
        assert [step.seq for step in trail] == list(range(1, len(trail) + 1))
        depths = [min(evaluation.ruleset.depth[fact] for fact in concluded_by(evaluation, step)) for step in trail]
        assert depths == sorted(depths)


def concluded_by(evaluation, step):
    return [fact for fact, _ in evaluation.ruleset.rules[step.rule].then] if step.rule else [step.fact]


def test_every_rule_that_is_known_true_every_otherwise_and_every_value_of_a_formula_is_a_step():
    for evaluation, trail in trails("shape", 400):
        ruleset = evaluation.ruleset
        assert set(trail.by_rule) == {name for name, sign in evaluation.whens.items() if sign & TRUE}
        computed = {concluded(step)[0] for step in trail if step.kind == FORMULA}
        assert computed == {(n, v) for n, fact in ruleset.facts.items() if fact.formula for v in evaluation.held[n]}
        otherwise = {step.fact for step in trail if step.kind == OTHERWISE}
        refuted = {
            name: all(evaluation.whens[rule.id] & FALSE for rule in rules) for name, rules in ruleset.concluders.items()
        }
        assert otherwise == {name for name in refuted if refuted[name] and ruleset.facts[name].otherwise is not None}


def test_roles_are_as_design_md_says():
    """Decisive: in the support of a goal's result.

    Outranked: a rule that overrides it is known true; held back: while such a rule has no sign. Else it also applied.
    """
    seen = Counter()
    for evaluation, trail in trails("roles", 400):
        if not evaluation.conflicts():
            decisive = supporting(evaluation, trail)
            for step in trail:
                seen[step.role] += 1
                assert step.role == role_of(evaluation, step, decisive)

    assert min(seen[role] for role in ("decisive", "also applied", "outranked", "held back")) > 20


def role_of(evaluation, step, decisive):
    if step.rule and step.rule not in evaluation.applies:
        others = evaluation.ruleset.overriders[step.rule]
        true = [other.id for other in others if evaluation.whens[other.id] & TRUE]
        assert step.outranked_by == (true[0] if true else None)
        assert concluded(step) == []
        return "outranked" if true else "held back"
    return "decisive" if step.seq in decisive else "also applied"


def supporting(evaluation, trail):
    """The steps behind the values and the `when` of goals that are results: sources of sources."""
    first = {}
    for step in sorted(trail, key=lambda step: place_of(evaluation, step)):
        for held in concluded(step):
            first.setdefault(held, step.seq)
    found, waiting = set(), []
    for goal in evaluation.ruleset.goals:
        if evaluation.goal_whens[goal.fact] & TRUE:
            values = [seq for (fact, _), seq in first.items() if fact == goal.fact]
            waiting += values + (behind_when(evaluation, goal, first) if values else [])
    while waiting:
        seq = waiting.pop()
        if seq not in found:
            found.add(seq)
            waiting += [used.source for used in trail.step(seq).used if used.source]
    return found


def test_nothing_is_decisive_for_a_regimen_that_rests_on_a_conflict():
    """It is not suggested, so nothing supports a result: here is no other goal."""
    ruleset = load_spec(
        {
            "id": "withheld",
            "title": "Withheld",
            "version": "1",
            "goals": ["regimen"],
            "regimens": {"oral": {"title": "Oral", "phases": [{"name": "All"}]}},
            "facts": {
                "severe": {"type": "yes_no", "label": "Severe", "derived": "true"},
                "asked": {"type": "yes_no", "label": "Asked", "ask": "?"},
            },
            "rules": [
                {"id": "one", "title": "One", "when": {"asked": "yes"}, "then": {"severe": "yes"}, "because": "."},
                {"id": "two", "title": "Two", "when": {"asked": "yes"}, "then": {"severe": "no"}, "because": "."},
                {"id": "so", "title": "So", "when": {"severe": "no"}, "then": {"regimen": "oral"}, "because": "."},
            ],
        }
    )

    trail, results = explain(Evaluation(ruleset, {"asked": "yes"}))

    assert results.regimen is None
    assert results.undetermined == ("regimen",)
    assert [step.role for step in trail] == ["also applied"] * 3


def place_of(evaluation, step):
    """Rules in ruleset order come before an `otherwise`: of a value the first rule that concluded it."""
    order = list(evaluation.ruleset.rules)
    return order.index(step.rule) if step.rule else len(order)


def behind_when(evaluation, goal, first):
    """The steps that a goal's `when` rests on."""
    leaves = Support(evaluation).of(goal.when, TRUE) if goal.when else []
    return [first[leaf.fact, leaf.value] for leaf in leaves if isinstance(leaf, Held)]
