"""Regimen, clipspy and zen-engine on the same logic and the same patients, in turn, in one run.

Regimen has the most to do: it tells what is known false, keeps the trail, and weighs every step of it.

    pip install "regimen[benchmark]"
    python -m pytest -m benchmark --benchmark-enable -s tests/benchmarks/test_engines.py
"""

from __future__ import annotations

import statistics
import time

import pytest

import engine

pytest.importorskip("clips", reason="an engine to compare with: pip install regimen[benchmark]")
pytest.importorskip("zen", reason="an engine to compare with: pip install regimen[benchmark]")

from tests.benchmarks.others import Clips, Zen

pytestmark = pytest.mark.benchmark

ROUNDS = 7
SIZES = {60: 60, 200: 40, 1000: 10}  # rules: patients in a round


def test_consultations_per_second_beside_other_engines(generated, ruleset):
    names = "".join(f"{name:>12}" for name in ("Regimen", "clipspy", "zen-engine"))
    table = [f"{'consultations a second':<24}{names}   a consultation of Regimen takes"]
    for amount, patients in SIZES.items():
        made, loaded = generated(amount), ruleset(amount)
        clips = Clips(made)
        engines = [regimen(loaded), lambda answers, clips=clips: clips(answers)[0], Zen(made)]
        assert_same_conclusions(made, engines)
        rounds = []
        for _ in range(ROUNDS):
            clips.start()
            rounds.append([timed(each, made.patients(patients)) for each in engines])
        ours, of_clips, of_zen = (statistics.median(column) for column in zip(*rounds, strict=True))
        ratios = [statistics.median(row[0] / row[other] for row in rounds) for other in (1, 2)]
        rates = "".join(f"{1 / each:>12,.0f}" for each in (ours, of_clips, of_zen))
        table.append(f"{amount:>6} rules{'':<12}{rates}   {ratios[0]:.1f} x clipspy, {ratios[1]:.1f} x zen-engine")
    print("", "", *table, sep="\n")  # at the end: CLIPS prints what it thinks of memory whenever an environment goes


def regimen(loaded):
    def consult(answers):
        consulted = engine.consult(loaded, answers)
        found = consulted.conclusions
        assert consulted.trail is not None
        return found | {"mistakes": set(found.get("mistakes", ()))}

    return consult


def assert_same_conclusions(made, engines):
    """Each says the same of every fact that all can express."""
    patients = made.patients(20)
    found = [[each(answers) for answers in patients] for each in engines]
    said = [[[one.get(name) for name in made.comparable] for one in each] for each in found]

    assert said[0] == said[1] == said[2]
    assert sum(value not in (None, set()) for values in said[0] for value in values) > len(patients)


def timed(consult, patients):
    """Seconds for one patient."""
    start = time.perf_counter()
    for answers in patients:
        consult(answers)
    return (time.perf_counter() - start) / len(patients)
