"""How long each part of the work takes, beside what was aimed at: nothing here can fail for being slow.

python -m pytest -m benchmark --benchmark-enable -s
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from collections import defaultdict
from contextlib import contextmanager
from itertools import cycle, pairwise
from pathlib import Path
from statistics import median, quantiles

import pytest

import engine
from engine.dialogue import consultation
from engine.dialogue.relevance import Relevance
from engine.inference.compile import compile_ruleset
from engine.inference.matcher import Matcher, Session
from engine.inference.proof import _Weigher
from engine.inference.run import Run
from engine.language.answers import read_answers
from engine.logic.evaluate import Evaluation
from engine.verify.check import check

pytestmark = pytest.mark.benchmark

SHIPPED = Path(__file__).resolve().parents[2] / "rulesets"
SIZES = (60, 200, 1000)
PHASES = {
    "matcher": [(Matcher, "session"), (Session, "tell"), (Session, "close")],
    "formulas": [(Run, "_compute"), (Run, "_order_computed")],
    "read-off": [(Run, "_read_off")],
    "trail": [(consultation, "explain")],
    "weighing": [(_Weigher, "__init__"), (_Weigher, "is_spare")],
    "answers": [(consultation, "read_answers")],
}
LARGEST, ITS_BASE, ANSWERED = "b12-general", "b12-core", 25
AFRESH = """
import json, sys, time
import engine
from engine.inference.compile import program_of
from engine.language.load import find_ruleset
from ruamel.yaml import YAML

def timed(work, *given):
    start = time.perf_counter()
    found = work(*given)
    return found, time.perf_counter() - start

def by_ruamel(folders):
    for path in (path for folder in folders for path in folder.glob("*.yaml")):
        for _ in YAML(typ="safe", pure=True).parse(path.read_text()):
            pass

load = engine.load_ruleset  # which imports what it needs before the clock runs
ruleset, loading = timed(load, sys.argv[1])
_, compiling = timed(program_of, ruleset)
folders = [find_ruleset(name) for name in sys.argv[1:]]
print(json.dumps([loading, compiling, timed(by_ruamel, folders)[1]]))
"""


@pytest.fixture
def tell(benchmark):
    """`tell(what, target)` prints the median of the benchmark that was run."""

    def told(what, target=None):
        if benchmark.stats is not None:
            print_time(what, benchmark.stats.stats.median, target)

    return told


def print_time(what, seconds, target=None, beside=""):
    aim = f"   target: below {target} ms" if target else ""
    print(f"\n{what}: {seconds * 1000:.2f} ms{aim}{beside}   (load average {os.getloadavg()[0]:.1f})")


def test_load_and_compile_the_largest_ruleset_in_a_new_process():
    command = [sys.executable, "-c", AFRESH, LARGEST, ITS_BASE]
    rounds = [json.loads(subprocess.run(command, capture_output=True, check=True).stdout) for _ in range(5)]

    ratio = statistics.median(loading / by_ruamel for loading, _, by_ruamel in rounds)
    loading, compiling, _ = map(statistics.median, zip(*rounds, strict=True))
    beside = f"   {ratio:.2f} x ruamel alone on the same text"
    print_time(f"load {LARGEST}, its cases read and checked", loading, 1000, beside)
    print_time(f"compile {LARGEST}", compiling, 100)


def test_check_the_largest_ruleset(benchmark, tell):
    loaded = engine.load_ruleset(LARGEST)

    checked = benchmark.pedantic(check, [loaded], rounds=3)

    assert checked.clean
    tell(f"check {LARGEST}, its cases run", 10_000)


def test_check_a_thousand_rules(benchmark, tell, ruleset):
    checked = benchmark.pedantic(check, [ruleset(1000)], rounds=1)

    assert checked.findings
    tell("check 1000 rules", 60_000)


def test_consult_the_largest_ruleset(benchmark, tell):
    loaded = engine.load_ruleset(LARGEST)
    cases = [(dict(case.answers[:ANSWERED]), case.as_of) for case in loaded.cases if len(case.answers) >= ANSWERED]
    turn = cycle(cases)

    benchmark.pedantic(lambda: consult(loaded, *next(turn)), rounds=200, warmup_rounds=10)

    assert len(cases) > 10
    tell(f"consult {LARGEST} with {ANSWERED} answers, with trail and conflicts", 10)


@pytest.mark.parametrize(("amount", "target"), [(200, 1000), (1000, 5000)])
def test_load_and_validate(benchmark, tell, folder, amount, target):
    loaded = benchmark.pedantic(engine.load_ruleset, [folder(amount)], rounds=3)

    assert len(loaded.rules) == amount
    tell(f"load {amount} rules from YAML", target)


@pytest.mark.parametrize("amount", SIZES)
def test_compile(benchmark, tell, ruleset, amount):
    def compiled():
        with compile_ruleset(ruleset(amount)).matcher:
            pass

    benchmark.pedantic(compiled, rounds=5, warmup_rounds=1)
    tell(f"compile {amount} rules")


@pytest.mark.parametrize(("amount", "target"), [(60, 3), (200, None), (1000, 150)])
def test_consult_with_conclusions_and_trail(benchmark, tell, generated, ruleset, amount, target):
    loaded, patients = ruleset(amount), cycle(generated(amount).patients(30))

    benchmark.pedantic(lambda: consult(loaded, next(patients)), rounds=90, warmup_rounds=5)

    tell(f"consult {amount} rules, with trail", target)


@pytest.mark.parametrize("amount", SIZES)
def test_next_question(benchmark, tell, generated, ruleset, amount):
    loaded, patients = ruleset(amount), cycle(generated(amount).patients(10))

    benchmark.pedantic(lambda: engine.consult(loaded, next(patients)).question, rounds=30, warmup_rounds=2)

    tell(f"next question, {amount} rules")


def test_what_to_ask_next():
    """In the midst of the cases of b12-general; the shares are of a consult, with trail, of the same answers."""
    loaded = engine.load_ruleset(SHIPPED / "b12-general")
    print("\n\nafter      evaluation       relevance         consult   all three, p95   target: p95 below 50 ms")
    for answered in (0, 5, 15, 25):
        evaluated, found, consulted = zip(*(asked_next(loaded, each) for each in begun(loaded, answered)), strict=True)
        whole = median(consulted)
        shares = "".join(f"{median(each):>8.2f} ms {median(each) / whole:>4.0%}" for each in (evaluated, found))
        p95 = quantiles(map(sum, zip(evaluated, found, consulted, strict=True)), n=20)[-1]
        print(f"{answered:>2} answers{shares}{whole:>9.2f} ms{p95:>14.1f} ms")


def asked_next(loaded, answers):
    """The milliseconds that a page after an answer takes, one figure a phase."""
    times = [time.perf_counter()]
    evaluation = Evaluation(loaded, answers)
    times.append(time.perf_counter())
    assert Relevance(evaluation).open is not None
    times.append(time.perf_counter())
    assert consultation.Consultation(loaded, answers).trail is not None
    times.append(time.perf_counter())
    return [(end - start) * 1000 for start, end in pairwise(times)]


def begun(loaded, answered):
    """The first answers, in the order of asking, of every case that has so many."""
    for case in loaded.cases:
        answers = read_answers(loaded.facts, dict(case.answers))
        first = [fact.id for fact in loaded.inputs if fact.id in answers][:answered]
        if len(first) == answered:
            yield {name: answers[name] for name in first}


def test_where_a_consultation_spends_its_time(generated, ruleset, monkeypatch):
    clock = Clock()
    for phase, places in PHASES.items():
        for owner, name in places:
            monkeypatch.setattr(owner, name, clock.timed(phase, getattr(owner, name)))
    print(f"\n\n{'share of a consultation, %':<28}{''.join(f'{phase:>10}' for phase in PHASES)}{'other':>10}")
    for amount in SIZES:
        loaded = ruleset(amount)
        consult(loaded, {})
        clock.spent.clear()
        with clock.phase("other"):
            for answers in generated(amount).patients(30):
                consult(loaded, answers)
        whole = sum(clock.spent.values())
        shares = [clock.spent[phase] / whole * 100 for phase in (*PHASES, "other")]
        print(f"{amount:>6} rules{'':<16}{''.join(f'{share:>10.0f}' for share in shares)}")


def consult(loaded, answers, as_of=None):
    """What a person is told of a case: conclusions, conflicts and trail."""
    consulted = engine.consult(loaded, answers, as_of)
    assert consulted.conclusions is not None
    assert consulted.conflicts is not None
    return consulted.trail


class Clock:
    """Time spent by phase; a phase inside another is not counted to both."""

    def __init__(self):
        self.spent = defaultdict(float)
        self.inside = []

    @contextmanager
    def phase(self, name):
        start = time.perf_counter()
        self.inside.append(0.0)
        yield
        took = time.perf_counter() - start
        self.spent[name] += took - self.inside.pop()
        if self.inside:
            self.inside[-1] += took

    def timed(self, name, function):
        def wrapped(*args, **kwargs):
            with self.phase(name):
                return function(*args, **kwargs)

        return wrapped
