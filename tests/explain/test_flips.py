"""What would flip a goal, against trying every change of answers on small random rulesets."""

from __future__ import annotations

import random
from itertools import combinations, product
from math import prod

from engine.dialogue.consultation import Consultation
from engine.explain.flips import flips, state
from engine.logic.evaluate import Evaluation
from tests.explain.changing import chunks, kind, others
from tests.random_rulesets import SMALL, random_answers, random_ruleset

MOST_TRIED = 3000


@chunks
def test_flips_are_all_that_trying_finds(seeds):
    """The same changes, each minimal; and each that is told alters the goal on durable-rules."""
    for seed in seeds:
        ruleset, answers, goal = drawn(seed)
        consultation = Consultation(ruleset, answers)
        (told,) = flips(consultation, [goal], most=10_000)

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


def key(ruleset, goal, change):
    return frozenset((name, kind(ruleset, goal, ruleset.facts[name], answer)) for name, answer in change.items())


def by_trying(ruleset, answers, goal):
    """Every minimal change of at most three answers that settles the goal on something else.

    A regimen that rests on a contradiction is not suggested: what only leads to one is not told.
    """
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
    minimal = [each for each in found if not any(less is not each and does_less(answers, less, each) for less in found)]
    before = state(Consultation(ruleset, answers), goal)
    return [each for each in minimal if state(Consultation(ruleset, {**answers, **each}), goal) != before]


def does_less(answers, less, change):
    """Whether a change is part of another: the same answers, or fewer options taken in or out of a set."""
    for name, answer in less.items():
        if name not in change:
            return False
        if change[name] != answer:
            if not all(isinstance(each, tuple) for each in (answer, change[name])):
                return False
            there = set(answers[name]) if isinstance(answers.get(name), tuple) else set()
            if not set() < there ^ set(answer) < there ^ set(change[name]):
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
