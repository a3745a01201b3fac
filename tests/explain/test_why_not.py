"""Why not, against trying every change of answers on small random rulesets, and on hand-made ones."""

from __future__ import annotations

import random
from itertools import combinations, product
from math import prod

from engine.dialogue.consultation import Consultation
from engine.explain.repair import is_result
from engine.explain.why_not import why_not
from engine.logic.evaluate import Evaluation
from engine.logic.signs import TRUE
from engine.verify.symbolic import cone
from tests.explain.changing import chunks, others
from tests.random_rulesets import SMALL, random_answers, random_ruleset

MOST_TRIED = 3000


@chunks
def test_repairs_are_the_least_that_trying_finds(seeds):
    """Each brings the value on durable-rules, none smaller does, and there is none only where trying finds none.

    Smaller ones may be left out that take a number which nobody would report, such as a month in weeks.
    """
    for seed in seeds:
        ruleset, answers, goal, value = drawn(seed)
        consultation = Consultation(ruleset, answers)
        told = why_not(consultation, goal, value)

        assert told.held == is_result(consultation, goal, value)
        if not told.held:
            few, least = (by_trying(ruleset, answers, goal, value, only) for only in (True, False))
            sizes = {len(repair.change) for repair in told.repairs}
            assert sizes in ({few}, {least}) if least else not sizes, seed
            assert all(is_result(repair.after, goal, value) for repair in told.repairs)


def drawn(seed):
    """A ruleset without formulas, answers, a goal and a value of it, if few enough changes are to be tried."""
    rng = random.Random(f"why not {seed}")
    while True:
        ruleset = random_ruleset(rng, size=SMALL)
        answers = random_answers(rng, ruleset)
        goal = rng.choice([goal for goal in ruleset.goals if ruleset.facts[goal.fact].derived] or [None])
        if goal is None or not ruleset.values[goal.fact] or any(fact.formula for fact in ruleset.facts.values()):
            continue
        if prod(len(each) + 1 for each in others(ruleset, answers, goal).values()) <= MOST_TRIED:
            return ruleset, answers, goal, rng.choice(ruleset.values[goal.fact])


def by_trying(ruleset, answers, goal, value, reported_only):
    """How many answers have to be others; None where no change does it."""
    alternatives = others(ruleset, answers, goal, reported_only)
    for size in range(1, len(alternatives) + 1):
        for names in combinations(alternatives, size):
            for chosen in product(*(alternatives[name] for name in names)):
                if brings(Evaluation(ruleset, {**answers, **dict(zip(names, chosen, strict=True))}), goal, value):
                    return size
    return None


def brings(evaluation, goal, value):
    """Whether a goal comes to a value; a regimen only where nothing contradicts itself."""
    if not evaluation.is_result(goal):
        return False
    if goal.fact in evaluation.options:
        return bool(evaluation.options[goal.fact][value] & TRUE)
    torn = goal.fact == "regimen" and any(
        len(evaluation.held[name]) > 1 for name in cone(evaluation.ruleset, goal) if name in evaluation.held
    )
    return evaluation.held[goal.fact] == (value,) and not torn
