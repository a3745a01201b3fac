"""How fast the ledger records, verifies and compares, beside what was aimed at: nothing here can fail for being slow.

python -m pytest -m benchmark --benchmark-enable -s tests/benchmarks/test_ledger_speed.py
"""

from __future__ import annotations

import datetime as dt
import time
from itertools import cycle, islice

import pytest

from engine import consult, load_ruleset
from engine.ledger import Ledger, chain
from engine.ledger.decisions import decision_data
from engine.ledger.releases import keep_release
from tests.ledger.conftest import NOW

pytestmark = pytest.mark.benchmark

DECISIONS = 10_000
DIFFERENT = 300


@pytest.fixture(scope="module")
def ledger(tmp_path_factory):
    """Ten thousand decisions, those of the cases of b12-general over and over."""
    ledger, ruleset = (
        Ledger.open(f"sqlite:///{tmp_path_factory.mktemp('ledger')}/regimen.db"),
        load_ruleset("b12-general"),
    )
    said = [
        decision_data(consult(ruleset, dict(case.answers), NOW.date()), [], dict(case.answers))
        for case in ruleset.cases[:DIFFERENT]
    ]
    with ledger._database.writing() as connection:
        keep_release(connection, ruleset, NOW)
        for number, each in enumerate(islice(cycle(said), DECISIONS), 1):
            chain.append(connection, "decision", chain.salted(each), NOW, session=number, release=ruleset.digest)
    yield ledger, ruleset
    ledger.close()


def timed(work, *given):
    start = time.perf_counter()
    found = work(*given)
    return found, time.perf_counter() - start


def test_verifying(ledger, benchmark):
    found, seconds = timed(ledger[0].verify)

    benchmark.pedantic(ledger[0].verify, rounds=1)
    assert (found.trouble, found.records) == (None, DECISIONS + 1)
    print(f"\nverify: {DECISIONS / seconds:,.0f} decisions a second (at least 2,000)")


def test_the_impact_of_a_ruleset(ledger, benchmark):
    found, seconds = timed(ledger[0].impact, ledger[1])

    benchmark.pedantic(lambda: None, rounds=1)
    assert (found.looked_at, found.changed) == (DECISIONS, ())
    print(f"\nimpact over {DECISIONS:,} decisions: {seconds:.1f} s (under 60 s)")


def test_recording(ledger, benchmark):
    ledger, ruleset = ledger
    sessions = [ledger.begin(ruleset, dict(case.answers), NOW)[0] for case in ruleset.cases[:50]]
    consultations = [consult(ruleset, kept.answers, kept.as_of) for kept in sessions]
    for each in consultations:
        assert each.trail is not None
    moment = NOW + dt.timedelta(minutes=1)

    def record():
        for kept, consultation in zip(sessions, consultations, strict=True):
            ledger.decide(kept, consultation, moment)

    _, first = timed(record)
    _, again = timed(record)
    benchmark.pedantic(record, rounds=1)
    print(f"\nrecord: {first * 1000 / 50:.1f} ms a decision, {again * 1000 / 50:.1f} ms where it is recorded already")
