"""The reference evaluation agrees with an independent reading of design.md section 3 (see oracle.py)."""

from __future__ import annotations

import random
from decimal import Decimal
from fractions import Fraction

import pytest

from engine.language.answers import read_answers
from engine.language.values import Quantity
from engine.logic.evaluate import Evaluation
from engine.logic.signs import FALSE, TRUE
from tests.logic.oracle import Oracle, canonical
from tests.random_rulesets import SMALL, USUAL, load_spec, random_answer, random_as_of, random_spec


def assert_agrees(spec, typed, as_of):
    ruleset = load_spec(spec)

    evaluation = Evaluation(ruleset, read_answers(ruleset.facts, typed), as_of)
    oracle = Oracle(spec, typed, as_of)

    assert known_of(evaluation) == oracle.known
    for goal, plain in zip(ruleset.goals, spec["goals"], strict=True):
        when = plain[goal.fact]["when"] if isinstance(plain, dict) else {}
        assert evaluation.goal_whens[goal.fact] == (oracle.true(when) and TRUE) | (oracle.false(when) and FALSE)


def known_of(evaluation):
    """What an evaluation holds, in the tuples of the oracle."""
    found = set()
    for name, sign in evaluation.whens.items():
        found |= {(name, word) for word, bit in (("true", TRUE), ("false", FALSE)) if sign & bit}
    found |= {(name, "applies") for name in evaluation.applies} | {(name, "fails") for name in evaluation.fails}
    for name, values in evaluation.held.items():
        found |= {(name, "is", plain(value)) for value in values}
    for name, options in evaluation.options.items():
        for option, sign in options.items():
            found |= {(name, word, option) for word, bit in (("is", TRUE), ("lacks", FALSE)) if sign & bit}
    return found


def plain(value):
    """A number as a fraction with its unit, as the oracle has it."""
    return (Fraction(value.number), value.unit) if isinstance(value, Quantity) else value


def compare(seeds, size):
    for seed in seeds:
        rng = random.Random(f"oracle {seed}")
        spec = random_spec(rng, size=size)
        ruleset = load_spec(spec)
        for share in (0.4, 0.8, 1.0):
            names = [fact.id for fact in ruleset.inputs if rng.random() < share]
            typed = {name: random_answer(rng, ruleset, name) for name in names}
            assert_agrees(spec, typed, random_as_of(rng))


@pytest.mark.parametrize("chunk", range(8))
@pytest.mark.parametrize("size", [SMALL, USUAL], ids=["small", "usual"])
def test_random_rulesets(chunk, size):
    compare(range(chunk * 60, chunk * 60 + 60), size)


@pytest.mark.slow
@pytest.mark.parametrize("chunk", range(20))
def test_many_random_rulesets(chunk):
    compare((f"slow {chunk * 300 + seed}" for seed in range(300)), USUAL)


@pytest.mark.parametrize(
    ("number", "unit", "target", "expected"),
    [
        ("180",  "ng/L",   "pmol/L", "132.8050643"),
        ("133",  "pmol/L", "ng/L",   "180.26421"),
        ("1",    "month",  "week",   "4.34821428571"),
        ("37.5", "°C",     "°F",     "99.5"),
        ("99.4", "°F",     "°C",     "37.4444444444"),
    ],
)  # fmt: skip
def test_the_oracle_converts_as_a_calculator_does(number, unit, target, expected):
    fact = {"unit": target}

    assert canonical(fact, (Fraction(number), unit)) == (Fraction(Decimal(expected)), target)
