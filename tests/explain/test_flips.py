"""What would flip a goal, against trying every change of answers on small random rulesets."""

from __future__ import annotations

import random
from decimal import Decimal
from itertools import combinations, product
from math import prod

import pytest

from engine.dialogue.consultation import Consultation
from engine.explain.changes import cone
from engine.explain.flips import flips
from engine.language import model
from engine.language.values import UNKNOWN, Quantity
from engine.logic.evaluate import Evaluation, passes
from tests.random_rulesets import SMALL, possible_answers, random_answers, random_ruleset, read

RULESETS = 300
MOST_TRIED = 3000
HALF = Decimal("0.5")  # cut-offs of numbers without a unit are one apart


@pytest.mark.parametrize("first", range(0, RULESETS, 10))
def test_flips_are_all_that_trying_finds(first):
    """The same changes, each minimal; and each that is told alters the goal on durable-rules."""
    for seed in range(first, first + 10):
        ruleset, answers, goal = drawn(seed)
        consultation = Consultation(ruleset, answers)
        told = flips(consultation, goal, most=10_000)

        assert told.more == 0
        assert {key(ruleset, goal, flip.change) for flip in told.flips} == {
            key(ruleset, goal, change) for change in by_trying(ruleset, answers, goal)
        }, seed


def drawn(seed):
    """A ruleset without formulas, answers to it and one of its goals, if few enough changes are to be tried."""
    rng = random.Random(seed)
    while True:
        ruleset = random_ruleset(rng, size=SMALL)
        answers = random_answers(rng, ruleset)
        goal = rng.choice([goal for goal in ruleset.goals if ruleset.facts[goal.fact].derived] or [None])
        if goal is None or any(fact.formula for fact in ruleset.facts.values()):
            continue
        sizes = [len(each) + 1 for each in others(ruleset, answers, goal).values()]
        if prod(sizes) <= MOST_TRIED:
            return ruleset, answers, goal


def others(ruleset, answers, goal):
    """For each question that a goal can rest on other answers of another kind than the one given."""
    found = {}
    for fact in ruleset.inputs:
        if fact.id not in cone(ruleset, goal):
            continue
        given = answers.get(fact.id)
        kinds = {} if given is None else {kind(ruleset, goal, fact, given): None}
        typed = [*possible_answers(fact), *([] if fact.required else ["unknown"])]
        answers_to = [read(ruleset, {fact.id: raw})[fact.id] for raw in typed]
        halves = [Quantity(each.number + HALF, each.unit) for each in answers_to if isinstance(each, Quantity)]
        for answer in (*answers_to, *halves):
            if not isinstance(answer, Quantity) or answer.unit == unit_of(fact, given):
                kinds.setdefault(kind(ruleset, goal, fact, answer), answer)
        found[fact.id] = [answer for answer in kinds.values() if answer is not None]
    return found


def unit_of(fact, given):
    return given.unit if isinstance(given, Quantity) else fact.units.canonical if fact.units else None


def kind(ruleset, goal, fact, answer):
    """What tells an answer from others: of a set the options that a test names, of anything else what tests say."""
    if answer is UNKNOWN:
        return answer
    facts = cone(ruleset, goal)
    behind = [rule for rule in ruleset.rules.values() if any(name in facts for name, _ in rule.then)]
    behind += [other for rule in behind for other in ruleset.overriders[rule.id]]
    conditions = [rule.when for rule in behind] + [goal.when] * bool(goal.when)
    conditions += [ruleset.facts[name].gate for name in facts if ruleset.facts[name].gate]
    tests = [test for condition in conditions for test in model.tests_in(condition) if test.fact == fact.id]
    if fact.is_set:
        named = {option for test in tests for option in getattr(test, "options", ())}
        counted = any(isinstance(test, model.HeldTest) for test in tests)
        return frozenset(named.intersection(answer)), counted and not named.issuperset(answer)
    return tuple(passes(test, fact, answer) for test in tests if isinstance(test, model.ValueTest))


def key(ruleset, goal, change):
    return frozenset((name, kind(ruleset, goal, ruleset.facts[name], answer)) for name, answer in change.items())


def by_trying(ruleset, answers, goal):
    """Every minimal change of at most three answers that settles the goal on something else."""
    alternatives = others(ruleset, answers, goal)
    now = outcome(ruleset, answers, goal)
    found = []
    for size in (1, 2, 3):
        for names in combinations(alternatives, size):
            for chosen in product(*(alternatives[name] for name in names)):
                change = dict(zip(names, chosen, strict=True))
                then = outcome(ruleset, {**answers, **change}, goal)
                if then is not None and then != now:
                    found.append(change)
    return [each for each in found if not any(less is not each and does_less(answers, less, each) for less in found)]


def does_less(answers, less, change):
    """Whether a change is part of another: the same answers, or fewer options taken in or out of a set."""
    for name, answer in less.items():
        if name not in change:
            return False
        if change[name] != answer:
            if not all(isinstance(each, tuple) for each in (answer, change[name], answers.get(name))):
                return False
            if not set(answers[name]) ^ set(answer) < set(answers[name]) ^ set(change[name]):
                return False
    return True


def outcome(ruleset, answers, goal):
    """What a goal comes to; None while it is not settled."""
    evaluation = Evaluation(ruleset, answers)
    if not evaluation.pursued(goal):
        return "not pursued"
    if not evaluation.is_result(goal) or not evaluation.settled(goal.fact):
        return None
    if goal.fact in evaluation.options:
        return frozenset(option for option, sign in evaluation.options[goal.fact].items() if sign & 1)
    return frozenset(evaluation.held[goal.fact])
