"""Every ruleset that ships is proved and tested, whichever rulesets there are."""

from __future__ import annotations

import datetime

import pytest
import z3

import engine
from engine.language.load import SHIPPED, shipped_ids
from engine.verify.check import check
from engine.verify.finder import Finder
from engine.verify.provable import Provable
from engine.verify.symbolic import Symbolic

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


PLANNED = [
    "the-standard-start-as-the-plan-is-no-mistake",
    "the-intensive-start-as-the-plan-is-no-mistake",
    "tablets-as-the-plan-are-no-mistake",
]


@pytest.mark.parametrize("promise", PLANNED)
def test_a_regimen_suggested_without_a_plan_is_suggested_still_once_it_is_the_plan(promise):
    """What a property cannot say, since it takes two patients: one without a plan, and the same one with it."""
    ruleset = engine.load_ruleset("b12-general")
    finder = Finder(ruleset)
    twin = Provable(ruleset, finder.space, twin="plan_status")
    without, planned = finder.provable, Symbolic(ruleset, twin)
    suggested, *plan = next(each.whenever.parts for each in ruleset.properties if each.id == promise)
    status = {kind: where for where, kind in finder.worlds.asked["plan_status"].kinds}
    solver = z3.Solver()
    solver.add(*finder.worlds.given, *twin.given, status["none"], *(planned.sign(part).true for part in plan))
    changed = [z3.Xor(without.held["regimen"][each], planned.held["regimen"][each]) for each in ruleset.regimens]

    assert solver.check(without.sign(suggested).true) == z3.sat
    assert solver.check(without.sign(suggested).true, z3.Or(changed)) == z3.unsat
