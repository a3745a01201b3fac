"""Threads, long runs, long chains and rulesets beyond what the matcher takes."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from itertools import cycle, islice

import psutil
import pytest
from click.testing import CliRunner

import engine
from engine.cli import main
from engine.inference import matcher
from engine.language.errors import RegimenError
from engine.logic.evaluate import Evaluation
from engine.logic.support import explain
from tests.benchmarks.generated import Generated

THREADS = 8
CONSULTATIONS = 20_000
RELOADS = 2_000
LINKS = 1_000


@pytest.fixture(scope="module")
def sixty(tmp_path_factory):
    """A ruleset of sixty rules, and where it lies."""
    generated = Generated(60)
    return generated, generated.write(tmp_path_factory.mktemp("sixty"))


@pytest.fixture(scope="module")
def chain(tmp_path_factory):
    """A ruleset in which each of a thousand facts rests on the one before."""
    folder = tmp_path_factory.mktemp("chain")
    folder.joinpath("ruleset.yaml").write_text(chain_yaml(), "utf-8")
    return engine.load_ruleset(folder)


def chain_yaml():
    names = [f"link_{number}" for number in range(1, LINKS + 1)]
    facts = [f"  {name}: {{type: yes_no, label: Link, derived: true}}" for name in names]
    rules = [
        f"  - {{id: {name}, title: Next, when: {{{before}: yes}}, then: {{{name}: yes}}, because: It follows.}}"
        for before, name in zip(["start", *names], names, strict=False)
    ]
    return f"""id: chain
title: A chain
version: "1"
goals: [verdict]
facts:
  start: {{type: yes_no, label: Start, ask: Start?}}
  verdict: {{type: choice, label: Verdict, derived: true, options: {{held: Held, broken: Broken}}, otherwise: broken}}
{chr(10).join(facts)}
rules:
{chr(10).join(rules)}
  - {{id: last, title: Last, when: {{{names[-1]}: yes}}, then: {{verdict: held}}, because: It follows.}}
"""


def told(ruleset, answers):
    """All that a person is told."""
    consulted = engine.consult(ruleset, answers)
    return consulted.conclusions, consulted.trail, consulted.open_questions


def test_eight_threads_on_one_ruleset_get_what_one_thread_gets(sixty):
    generated, folder = sixty
    patients = generated.patients(40)
    alone = engine.load_ruleset(folder)
    expected = [told(alone, answers) for answers in patients]
    shared = engine.load_ruleset(folder)  # not compiled yet: the threads do that too
    order = list(islice(cycle(range(len(patients))), THREADS * len(patients)))

    with ThreadPoolExecutor(THREADS) as pool:
        found = list(pool.map(lambda number: told(shared, patients[number]), order))

    assert [found[place] == expected[number] for place, number in enumerate(order)].count(False) == 0
    assert len({str(conclusions) for conclusions, *_ in expected}) > len(patients) // 2


# A long chain: everything that follows dependence has to do without recursion


@pytest.mark.parametrize(
    ("answer", "verdict", "steps"),
    [("yes", "held", LINKS + 1), ("no", "broken", 1), ("unknown", None, 0)],
)
def test_a_chain_of_a_thousand_facts(chain, answer, verdict, steps):
    consulted = engine.consult(chain, {"start": answer})

    assert consulted.conclusions.get("verdict") == verdict
    assert len(consulted.trail) == steps
    assert consulted.question is None
    assert consulted.evaluation.held == consulted.run.held


def test_the_reference_explains_a_chain_of_a_thousand_refutations(chain):
    consulted = engine.consult(chain, {"start": "no"})

    trail, results = explain(Evaluation(chain, consulted.answers))

    assert (trail, results) == (consulted.trail, consulted.results)


def test_a_chain_of_a_thousand_facts_is_asked_from_its_end_to_its_start(chain):
    assert [question.fact for question in engine.consult(chain).open_questions] == ["start"]


# Beyond the matcher


def test_a_ruleset_beyond_the_matcher_is_refused_in_a_sentence(sixty, monkeypatch):
    monkeypatch.setattr(matcher, "MAX_CLAUSES", 100)
    generated, folder = sixty

    with pytest.raises(RegimenError, match=r"^\d+ clauses are more than the 100 that the matcher takes: divide"):
        told(engine.load_ruleset(folder), generated.patients(1)[0])


def test_the_command_tells_a_ruleset_beyond_the_matcher_in_one_line(sixty, tmp_path, monkeypatch):
    monkeypatch.setattr(matcher, "MAX_CLAUSES", 100)
    answers = tmp_path / "answers.yaml"
    answers.write_text("number_0: 5\n", "utf-8")

    ran = CliRunner().invoke(main, ["evaluate", str(sixty[1]), "--answers", str(answers)])

    assert ran.exit_code == 2
    assert "clauses are more than" in ran.stderr
    assert ran.stderr.count("\n") == 1


# Memory


def resident():
    """Resident memory in MB."""
    return psutil.Process().memory_info().rss / 2**20


def grown(what, times, each):
    """How much memory grows from a tenth of so many times to the end, printed on the way."""
    sizes = []
    for number in range(times):
        each(number)
        if number % (times // 10) == times // 10 - 1:
            sizes.append(resident())
    print(f"\n{what} {times:,} times, resident MB: {' '.join(f'{size:.0f}' for size in sizes)}")
    return sizes[-1] - sizes[0]


@pytest.mark.memory
def test_twenty_thousand_consultations_take_no_memory(sixty):
    generated, folder = sixty
    ruleset, patients = engine.load_ruleset(folder), generated.patients(100)

    assert grown("consulted", CONSULTATIONS, lambda number: told(ruleset, patients[number % 100])) < 10


@pytest.mark.memory
def test_rulesets_loaded_and_dropped_take_no_memory(tmp_path):
    generated = Generated(12)
    folder, (answers,) = generated.write(tmp_path), generated.patients(1)

    assert grown("loaded and compiled", RELOADS, lambda _: told(engine.load_ruleset(folder), answers)) < 10
