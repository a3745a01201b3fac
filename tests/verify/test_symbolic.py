"""Many worlds at once: each is as the reference evaluation has it."""

from __future__ import annotations

import random

import pytest

from engine.logic.evaluate import Evaluation
from engine.logic.signs import FALSE, TRUE
from engine.verify.scenarios import gathered
from engine.verify.symbolic import Symbolic
from tests.random_rulesets import random_answers, random_as_of, random_ruleset


@pytest.mark.parametrize("seed", range(200))
def test_each_world_is_as_the_reference_has_it(seed):
    rng = random.Random(seed)
    ruleset = random_ruleset(rng)
    dates = [random_as_of(rng) for _ in range(40)]
    several = [random_answers(rng, ruleset) for _ in range(40)]
    symbolic = Symbolic(ruleset, gathered(ruleset, several, dates))

    for at, answers in enumerate(several):
        assert world(symbolic, at) == told(Evaluation(ruleset, answers, dates[at]))


def world(symbolic, at):
    """What holds in one of the worlds."""

    def signs(each):
        return (TRUE if each.true >> at & 1 else 0) | (FALSE if each.false >> at & 1 else 0)

    return {
        "gates": {name: signs(each) for name, each in symbolic.gates.items()},
        "held": {
            name: {value for value, where in each.items() if where >> at & 1} for name, each in symbolic.held.items()
        }
        | {name: {value for where, value in each if where >> at & 1} for name, each in symbolic.computed.items()},
        "options": {n: {o: signs(each) for o, each in found.items()} for n, found in symbolic.options.items()},
        "whens": {name: signs(each) for name, each in symbolic.whens.items()},
        "applies": {name for name, where in symbolic.applies.items() if where >> at & 1},
        "fails": {name for name, where in symbolic.fails.items() if where >> at & 1},
        "goal_whens": {name: signs(each) for name, each in symbolic.goal_whens.items()},
        "settled": {goal.fact for goal in symbolic.ruleset.goals if symbolic.settled(goal.fact) >> at & 1},
    }


def told(evaluation):
    """What the reference says, in the same words."""
    return {
        "gates": evaluation.gates,
        "held": {name: set(values) for name, values in evaluation.held.items()},
        "options": evaluation.options,
        "whens": evaluation.whens,
        "applies": evaluation.applies,
        "fails": evaluation.fails,
        "goal_whens": evaluation.goal_whens,
        "settled": {goal.fact for goal in evaluation.ruleset.goals if evaluation.settled(goal.fact)},
    }
