"""What a number or a date stands for: the ends of the values that no test tells from it."""

from __future__ import annotations

import datetime
import random

import pytest

from engine.language.answers import read_answer
from engine.language.load import load_ruleset, shipped_ids
from engine.language.values import Quantity
from engine.logic.compare import meets
from engine.logic.evaluate import passes
from engine.verify.space import Space
from tests.random_rulesets import numbers_near_cutoffs, random_ruleset

RULESETS = [load_ruleset(name) for name in shipped_ids()] + [random_ruleset(random.Random(seed)) for seed in range(40)]


def written(fact, space):
    """Numbers near the cut-offs of a fact, and one of each kind, as far as they can be answered."""
    found = [kind for kind in space.kinds(fact) if isinstance(kind, Quantity | datetime.date)]
    for text in numbers_near_cutoffs(fact) if fact.type == "number" and space.ruleset.id == "random" else ():
        try:
            found.append(read_answer(fact, text))
        except ValueError:
            continue
    return found


@pytest.mark.parametrize("ruleset", RULESETS, ids=lambda ruleset: ruleset.id)
def test_what_lies_within_the_limits_of_a_value_is_what_no_test_tells_from_it(ruleset):
    """As far as its own unit goes; formulas compute with some facts, which then have no limits."""
    space = Space(ruleset)
    for fact in ruleset.inputs:
        tests = [test for test in space.tests[fact.id] if hasattr(test, "checks")]
        values = written(fact, space) if fact.type in {"number", "date"} else []
        for value in values:
            limits = space.limits(fact, value)
            for other in values:
                if limits and getattr(other, "unit", None) == getattr(value, "unit", None):
                    alike = all(passes(test, fact, value) == passes(test, fact, other) for test in tests)
                    assert not meets(fact, limits, other) or alike, (value, limits, other)
            assert meets(fact, limits, value), (value, limits)


def test_the_limits_of_an_age_are_the_next_cut_offs_on_either_side():
    ruleset = load_ruleset("b12-general")
    age, space = ruleset.facts["age"], Space(ruleset)
    said = [[(limit.comparison, str(limit.cutoffs[0])) for limit in space.limits(age, kind)]
            for kind in space.kinds(age)]  # fmt: skip

    assert said == [
        [("below", "10 years")],
        [("at_least", "10 years"), ("below", "18 years")],
        [("at_least", "18 years"), ("below", "60 years")],
        [("at_least", "60 years")],
    ]
