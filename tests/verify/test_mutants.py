"""A defect in the largest ruleset does not stay unseen: its cases or `check` find it."""

from __future__ import annotations

import pytest

from engine.language.load import load_ruleset
from tests.verify.mutants import RULESET, hunt, told


def test_a_few_seeded_defects_are_found():
    score = hunt(load_ruleset(RULESET), 8)

    assert score.counted == 8
    assert score.survivors == (), told(score)


@pytest.mark.slow
def test_of_a_hundred_seeded_defects_at_least_95_are_found():
    score = hunt(load_ruleset(RULESET), 100)
    print(f"\n{told(score)}")

    assert len(score.survivors) <= 5
