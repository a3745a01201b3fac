"""How long comparing 10,000 decisions takes, beside the minute that was aimed at: nothing here can fail for being slow.

python -m pytest -m benchmark --benchmark-enable -n 0 -s tests/benchmarks/test_impact_speed.py
"""

from __future__ import annotations

import os
import random
import time
from itertools import islice

import pytest

from engine import consult
from engine.ledger import Ledger, chain
from engine.ledger.decisions import decision_data
from engine.ledger.releases import keep_release
from tests.ledger.conftest import NOW
from tests.rulesets.test_b12 import GENERAL, loaded, random_answer

pytestmark = [
    pytest.mark.benchmark,
    pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="cores cannot be taken away here"),
]

DECISIONS = 10_000


def of_cases(ruleset):
    """The cases of the ruleset, over and over."""
    while True:
        yield from (dict(case.answers) for case in ruleset.cases)


def at_random(ruleset):
    """Complete patients, each answer random: the worst that can be."""
    for number in range(DECISIONS):
        rng = random.Random(f"impact {number}")
        not_known = rng.choice([0.0, 0.05, 0.15, 0.5])
        yield {fact.id: random_answer(rng, GENERAL, fact, not_known) for fact in ruleset.inputs}


@pytest.fixture(scope="module")
def ruleset():
    return loaded(GENERAL)


@pytest.fixture(params=[of_cases, at_random], scope="module")
def decisions(request, ruleset, tmp_path_factory):
    """Ten thousand decisions, made under a version that concluded nothing: each ends otherwise now."""
    said = decision_data(consult(ruleset, dict(ruleset.cases[0].answers), NOW.date()), [], {})
    said["report"] |= {"conclusions": {}, "conflicts": {}}
    ledger = Ledger.open(f"sqlite:///{tmp_path_factory.mktemp('impact')}/regimen.db")
    with ledger._database.writing() as connection:
        keep_release(connection, ruleset, NOW)
        for number, answers in enumerate(islice(request.param(ruleset), DECISIONS), 1):
            each = chain.salted({**said, "given": answers})
            chain.append(connection, "decision", each, NOW, session=number, release=ruleset.digest)
    yield ledger, request.param
    ledger.close()


@pytest.mark.parametrize("cores", [4, 2])
def test_the_impact_where_every_decision_changes(decisions, ruleset, cores, benchmark):
    ledger, answers_of = decisions
    all_cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, set(sorted(all_cores)[:cores]))
    try:
        start = time.perf_counter()
        found = ledger.impact(ruleset)
        seconds = time.perf_counter() - start
    finally:
        os.sched_setaffinity(0, all_cores)

    benchmark.pedantic(lambda: None, rounds=1)
    assert found.looked_at == DECISIONS
    assert len(found.changed) > DECISIONS * 0.9
    print(
        f"\n{answers_of.__name__.replace('_', ' ')}: {DECISIONS:,} decisions, {len(found.changed):,} change,"
        f" {len(found.groups)} from → to, {cores} cores: {seconds:.1f} s (under 60 s)"
    )
