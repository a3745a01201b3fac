"""How long it takes to say what would flip a session, and why a goal did not come to a value: printed, not judged.

The cases of the rulesets shipped are the sessions, each a new consultation, as each page makes one. What is timed is
the CPU time of this process, so that other work on the machine counts as little as can be.

    CASES=20 python -m pytest -m benchmark -s -n 0 tests/benchmarks/test_asking_back.py
"""

from __future__ import annotations

import os
import time
from pathlib import Path
from statistics import mean, quantiles

import pytest

import engine
from engine.explain.flips import flips
from engine.explain.why_not import why_not

pytestmark = pytest.mark.benchmark

SHIPPED = Path(__file__).resolve().parents[2] / "rulesets"
NAMES = sorted(path.parent.name for path in SHIPPED.glob("*/ruleset.yaml"))
CASES = int(os.environ.get("CASES", "1000"))  # of each ruleset, about so many of all that it has


@pytest.mark.parametrize("name", NAMES)
def test_flips_of_a_session(name):
    whole = [timed(flips, consultation, derived_goals(consultation)) for consultation in sessions(name)]
    parts = [
        timed(flips, consultation, [goal]) for consultation in sessions(name) for goal in derived_goals(consultation)
    ]

    print_times(f"flips of a session, {name}", whole, 1)
    print_times("of one goal of it", parts, 1)


@pytest.mark.parametrize("name", NAMES)
def test_why_not_of_each_value(name):
    times = [
        timed(why_not, consultation, goal, value)
        for consultation in sessions(name)
        for goal in derived_goals(consultation)
        for value in consultation.ruleset.values.get(goal.fact, ())
    ]

    print_times(f"why-not, {name}", times, 0.3)


def sessions(name):
    """The cases of a ruleset, the first consulted once before: what is made once is not timed."""
    ruleset = engine.load_ruleset(SHIPPED / name)
    chosen = ruleset.cases[:: max(1, len(ruleset.cases) // CASES)]
    cases = [(dict(case.answers), case.as_of) for case in chosen]
    for at, (answers, as_of) in enumerate([*cases[:1], *cases]):
        consultation = engine.consult(ruleset, answers, as_of)
        if at:
            yield consultation
        else:
            flips(consultation, derived_goals(consultation))


def derived_goals(consultation):
    facts = consultation.ruleset.facts
    return [goal for goal in consultation.ruleset.goals if facts[goal.fact].derived]


def timed(work, *given):
    """The seconds of CPU time that something took."""
    start = time.process_time()
    work(*given)
    return time.process_time() - start


def print_times(what, times, target):
    if times:
        p95 = quantiles(times, n=20, method="inclusive")[-1] if len(times) > 1 else times[0]
        over = sum(each > target for each in times)
        print(
            f"\n{what}: {len(times)} times, mean {mean(times):.3f} s, p95 {p95:.3f} s, max {max(times):.3f} s", end=""
        )
        print(f"   target: below {target} s, {over} over")
