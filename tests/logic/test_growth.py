"""Growth: if B answers more questions than A, every sign under A stands under B, on both engines, conflicts included.

And neither engine takes any notice of the order in which answers are given.
"""

from __future__ import annotations

import random
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.inference.compile import compile_ruleset
from engine.inference.run import Run
from engine.logic.evaluate import Evaluation
from engine.logic.support import explain
from tests.random_rulesets import random_answers, random_as_of, random_ruleset

SEEDS = st.integers(0, 10**9)


def assert_stands(less, more):
    """Every sign and value of an outcome is in another."""
    for signs in ("whens", "goal_whens", "gates"):
        grown = getattr(more, signs)
        assert all(sign & grown[name] == sign for name, sign in getattr(less, signs).items())
    for name, options in less.options.items():
        assert all(sign & more.options[name][option] == sign for option, sign in options.items())
    assert all(set(values) <= set(more.held[name]) for name, values in less.held.items())
    assert less.applies <= more.applies
    assert less.fails <= more.fails


def growing(rng, answers):
    """Ever larger parts of the answers, from none to all."""
    names = list(answers)
    rng.shuffle(names)
    for count in range(len(names) + 1):
        yield {name: answers[name] for name in names[:count]}


@pytest.mark.parametrize("chunk", range(4))
def test_every_sign_of_the_reference_stands_when_more_is_answered(chunk):
    for seed in range(chunk * 100, chunk * 100 + 100):
        rng = random.Random(f"growth {seed}")
        ruleset, as_of = random_ruleset(rng), random_as_of(rng)
        stages = [Evaluation(ruleset, part, as_of) for part in growing(rng, random_answers(rng, ruleset, 1.0))]
        for less, more in pairwise(stages):
            assert_stands(less, more)


@pytest.mark.parametrize("chunk", range(4))
def test_every_sign_of_a_run_stands_when_more_is_answered(chunk):
    for seed in range(chunk * 25, chunk * 25 + 25):
        rng = random.Random(f"growing run {seed}")
        ruleset, as_of = random_ruleset(rng), random_as_of(rng)
        program = compile_ruleset(ruleset, every_sign=True)
        stages = [Run(program, part, as_of) for part in growing(rng, random_answers(rng, ruleset, 1.0))]
        for less, more in pairwise(stages):
            assert_stands(less, more)
        program.matcher.close()


def test_growth_is_tried_where_rules_contradict_each_other():
    """Else the two tests above would say little: growth is easy while nothing is ever in conflict."""
    in_conflict = 0
    for seed in range(200):
        rng = random.Random(f"growth {seed}")
        ruleset, as_of = random_ruleset(rng), random_as_of(rng)
        in_conflict += bool(Evaluation(ruleset, random_answers(rng, ruleset, 1.0), as_of).conflicts())

    assert in_conflict > 5


@given(SEEDS)
def test_an_answer_of_unknown_adds_to_what_is_not_answered(seed):
    """To say "I do not know" settles that it is not known; it takes no sign away."""
    rng = random.Random(seed)
    ruleset, as_of = random_ruleset(rng), random_as_of(rng)
    answers = random_answers(rng, ruleset)
    spare = [fact for fact in ruleset.inputs if fact.id not in answers and not fact.required]
    more = random_answers(rng, ruleset, 1.0)

    assert_stands(
        Evaluation(ruleset, answers, as_of),
        Evaluation(ruleset, {**answers, **{fact.id: more[fact.id] for fact in spare}}, as_of),
    )


@given(SEEDS)
def test_the_order_of_answers_changes_nothing(seed):
    rng = random.Random(seed)
    ruleset, as_of = random_ruleset(rng), random_as_of(rng)
    answers = random_answers(rng, ruleset)
    shuffled = dict(rng.sample(list(answers.items()), len(answers)))

    assert explain(Evaluation(ruleset, answers, as_of)) == explain(Evaluation(ruleset, shuffled, as_of))


@given(SEEDS)
def test_as_of_is_like_an_answer(seed):
    """What holds without a date holds with any."""
    rng = random.Random(seed)
    ruleset = random_ruleset(rng)
    answers = random_answers(rng, ruleset)
    dates = [date for date in (random_as_of(rng) for _ in range(4)) if date]

    for date in dates:
        assert_stands(Evaluation(ruleset, answers), Evaluation(ruleset, answers, date))
