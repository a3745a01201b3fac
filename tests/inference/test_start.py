"""Runs that share a start: what they have in common is concluded once, and each ends as it would by itself."""

from __future__ import annotations

import random

import pytest

from engine.dialogue.consultation import MANY, Consultation
from engine.inference.compile import program_of
from engine.inference.run import Run, common_start
from tests.random_rulesets import SMALL, USUAL, random_answers, random_as_of, random_ruleset


@pytest.mark.parametrize("chunk", range(4))
def test_a_consultation_that_carries_on_ends_as_it_would_by_itself(chunk):
    """The same literals and clauses, so the same trail and results; formulas and conflicts included."""
    fired = 0
    for seed in range(chunk * 15, chunk * 15 + 15):
        rng = random.Random(f"start {seed}")
        ruleset, as_of = random_ruleset(rng, size=SMALL if seed % 2 else USUAL), random_as_of(rng)
        given = random_answers(rng, ruleset)
        changes = [changed(rng, ruleset) for _ in range(MANY + 4)]
        for after, change in zip(Consultation(ruleset, given, as_of).changed(changes), changes, strict=True):
            alone = Consultation(ruleset, {**given, **change}, as_of)

            assert after.answers == alone.answers
            assert after.run.held_literals == alone.run.held_literals, seed
            assert after.run.fired == alone.run.fired, seed
            assert after.run.combinations == alone.run.combinations
            assert after.trail == alone.trail
            assert after.results == alone.results
            fired += len(after.run.fired)

    assert fired > 500


def changed(rng, ruleset):
    """Other answers to up to three questions."""
    answers = random_answers(rng, ruleset, 1.0)
    return {name: answers[name] for name in rng.sample(sorted(answers), min(3, len(answers)))}


def test_what_all_share_is_not_run_again():
    """The clauses left are those that the changed answer can still fire."""
    ruleset = random_ruleset(random.Random("shared"), size=USUAL)
    answers = random_answers(random.Random("shared"), ruleset, 1.0)
    start = common_start(program_of(ruleset), [answers, answers], None)

    assert start.answers == answers
    assert start.fired == Run(program_of(ruleset), answers).fired
    assert start.fired.isdisjoint(start.clauses)
    assert len(start.clauses) < len(program_of(ruleset).clauses) - len(start.fired)
