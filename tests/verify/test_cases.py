"""The cases of every ruleset that ships hold, whichever rulesets there are."""

from __future__ import annotations

import datetime

import pytest

import engine
from engine.language.load import SHIPPED, shipped_ids
from engine.verify.cases import check_cases

RULESETS = shipped_ids()


def test_there_are_rulesets():
    assert {"b12-general"} < set(RULESETS)


@pytest.mark.parametrize("name", RULESETS)
def test_every_case_of_a_ruleset_passes(name):
    checked = check_cases(engine.load_ruleset(SHIPPED / name))

    assert [finding.message for finding in checked.findings] == []
    assert checked.passed >= 20


@pytest.mark.parametrize("name", RULESETS)
def test_every_rule_is_fired_by_a_case_and_kept_from_firing_by_another(name):
    ruleset = engine.load_ruleset(SHIPPED / name)
    runs = [engine.consult(ruleset, dict(case.answers), case.as_of).run for case in ruleset.cases]

    assert set(ruleset.rules) - {rule for run in runs for rule in run.applies} == set()
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
