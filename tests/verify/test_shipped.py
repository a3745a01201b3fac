"""Every ruleset that ships is proved and tested, whichever rulesets there are."""

from __future__ import annotations

import datetime

import pytest

import engine
from engine.language.load import SHIPPED, shipped_ids
from engine.verify.check import check

RULESETS = shipped_ids()


def test_there_are_rulesets():
    assert {"b12-general"} < set(RULESETS)


@pytest.mark.parametrize("name", RULESETS)
def test_check_finds_nothing_that_is_not_accepted(name):
    checked = check(engine.load_ruleset(SHIPPED / name))

    assert [finding.name for finding in checked.findings if finding.accepted is None] == []
    assert checked.passed >= 20


@pytest.mark.parametrize("name", RULESETS)
def test_every_rule_is_kept_from_firing_by_a_case(name):
    ruleset = engine.load_ruleset(SHIPPED / name)
    runs = [engine.consult(ruleset, dict(case.answers), case.as_of).run for case in ruleset.cases]

    assert [rule for rule in ruleset.rules if all(rule in run.applies for run in runs)] == []


@pytest.mark.parametrize("name", RULESETS)
def test_somebody_who_knows_nothing_still_gets_every_answer(name):
    """In every situation: all is answered "I do not know", what has to be answered with 50, or the first option."""
    ruleset = engine.load_ruleset(SHIPPED / name)
    for start in [{}, *(dict(start.answers) for start in ruleset.starts)]:
        consultation = engine.consult(ruleset, start, datetime.date(2026, 11, 22))
        while question := consultation.question:
            needed = next(iter(question.options), f"50 {question.units[0] if question.units else ''}")
            consultation = consultation.answering(**{question.fact: needed if question.required else "unknown"})

        assert consultation.undetermined == (), start
        assert consultation.conflicts == {}
