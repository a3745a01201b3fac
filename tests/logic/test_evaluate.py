"""What the evaluation keeps is kept for the right condition; what signs there are is held elsewhere in this folder."""

from __future__ import annotations

from pathlib import Path

import engine
from engine.language.model import KnownTest, Not
from engine.language.values import UNKNOWN
from engine.logic.evaluate import Evaluation
from engine.logic.signs import FALSE, TRUE

SHIPPED = Path(__file__).resolve().parents[2] / "rulesets"


def test_conditions_made_for_a_moment_do_not_get_each_others_signs():
    ruleset = engine.load_ruleset(SHIPPED / "example-smoke-alarm")
    first = next(fact.id for fact in ruleset.inputs if fact.gate is None)
    evaluation = Evaluation(ruleset, {first: UNKNOWN})

    # each is gone before the next is made, and Python likes to put the next in its place
    signs = [evaluation.sign(KnownTest(first, known=known)) for known in (True, False) * 50]
    opposites = [evaluation.sign(Not(KnownTest(first, known=known))) for known in (True, False) * 50]

    assert signs == [FALSE, TRUE] * 50
    assert opposites == [TRUE, FALSE] * 50


def test_one_evaluation_keeps_nothing_from_another():
    ruleset = engine.load_ruleset(SHIPPED / "example-smoke-alarm")
    first = next(fact.id for fact in ruleset.inputs if fact.gate is None)
    test = KnownTest(first, known=True)

    assert [Evaluation(ruleset, answers).sign(test) for answers in ({}, {first: UNKNOWN}, {})] == [0, FALSE, 0]
