"""A decision read back from what was recorded is what the run had: every answer, conclusion and step."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine import consult, load_ruleset
from engine.dialogue.report import report
from engine.ledger.decisions import plain
from engine.ledger.recorded import recorded
from tests.ledger.conftest import NOW

EVERY = 25  # of hundreds of cases


@pytest.mark.parametrize("name", ["b12-general", "example-smoke-alarm"])
def test_what_is_read_back_is_what_was_run(name):
    ruleset = load_ruleset(name)
    assert ruleset.cases

    for case in ruleset.cases[::EVERY]:
        run = consult(ruleset, dict(case.answers), case.as_of or NOW.date())
        found = recorded(plain(report(run)), ruleset)

        # what a step waits for is not recorded
        assert list(found.trail) == [replace(step, waits_for=()) for step in run.trail], case.id
        assert dict(found.answers) == dict(run.answers), case.id
        assert found.conclusions == run.results.conclusions, case.id
        assert {name: set(values) for name, values in found.conflicts.items()} == {
            name: set(values) for name, values in run.results.conflicts.items()
        }, case.id
        assert (found.regimen and found.regimen.phases) == (run.regimen and run.regimen.phases), case.id


def test_what_the_steps_before_had_concluded_is_told_option_by_option():
    ruleset = load_ruleset("example-smoke-alarm")
    several = False
    for case in ruleset.cases:
        found = recorded(plain(report(consult(ruleset, dict(case.answers), NOW.date()))), ruleset)
        held = {}
        for step in found.trail:
            assert found.before(step) == {name: tuple(held.get(name, {})) for name in step.concludes}
            for name, value in step.concludes.items():
                several = several or bool(held.get(name))
                held.setdefault(name, {}).update(dict.fromkeys(value if isinstance(value, tuple) else (value,)))
    assert several
