"""durable-rules and the reference evaluation agree, sign by sign and step by step, trail included.

Compared are random rulesets with random answers, and every case of every ruleset that is shipped. The two share the
typed model, the comparison of single values and the arithmetic of formulas; everything else is done twice.
"""

from __future__ import annotations

import random

import pytest

from engine.inference.compile import compile_ruleset
from engine.inference.proof import explain as explain_run
from engine.inference.run import Run
from engine.language.answers import read_answers
from engine.language.load import load_ruleset, shipped_ids
from engine.logic.evaluate import Evaluation
from engine.logic.signs import TRUE
from engine.logic.support import explain as explain_evaluation
from tests.processes import FORKS, ended, started
from tests.random_rulesets import USUAL, Size, random_answers, random_as_of, random_ruleset

LARGE = Size(inputs=(6, 14), derived=(8, 20), rules=(1, 4), goals=(2, 6))
ANSWERS_PER_RULESET = 4


def assert_agree(ruleset, programs, answers, as_of, later=()):
    """Both engines hold the same; `programs` are those with every sign and with only those that are needed."""
    told = {**answers, **{name: answer for piece in later for name, answer in piece.items()}}
    evaluation = Evaluation(ruleset, told, as_of)
    trail, results = explain_evaluation(evaluation)
    every_sign, as_needed = (Run(program, answers, as_of, later) for program in programs)

    assert signs(evaluation) == signs(every_sign)
    for run in (every_sign, as_needed):
        assert (trail, results) == explain_run(run)
        assert evaluation.held == run.held
        assert evaluation.options == run.options
        assert evaluation.goal_whens == run.goal_whens
        assert evaluation.applies == run.applies
        assert evaluation.goal_states() == run.goal_states()


def signs(outcome):
    """Every sign of an outcome; of gates whether they are known true, which is all that a run reads off."""
    gates = {fact.id: outcome.gates[fact.id] & TRUE for fact in outcome.ruleset.inputs}
    return gates, outcome.held, outcome.options, outcome.whens, outcome.applies, outcome.fails, outcome.goal_whens


def programs_of(ruleset):
    return compile_ruleset(ruleset, every_sign=True), compile_ruleset(ruleset)


def in_pieces(rng, answers):
    """The answers in a random order, cut into some pieces, some of them empty."""
    names = list(answers)
    rng.shuffle(names)
    cuts = sorted(rng.choices(range(len(names) + 1), k=rng.randint(1, 4)))
    return [
        {name: answers[name] for name in names[start:end]}
        for start, end in zip([0, *cuts], [*cuts, len(names)], strict=True)
    ]


def compare_random(seeds, size=USUAL):
    """Compare both engines on random rulesets, told all at once or in pieces; give the shares in conflict."""
    conflicts = []
    for seed in seeds:
        rng = random.Random(f"agreement {seed}")
        ruleset = random_ruleset(rng, size=size)
        programs = programs_of(ruleset)
        for _ in range(ANSWERS_PER_RULESET):
            answers, as_of = random_answers(rng, ruleset), random_as_of(rng)
            first, *later = in_pieces(rng, answers) if rng.random() < 0.5 else [answers]
            assert_agree(ruleset, programs, first, as_of, later)
            conflicts.append(bool(Evaluation(ruleset, answers, as_of).conflicts()))
        for program in programs:
            program.matcher.close()
    return sum(conflicts) / len(conflicts)


@pytest.mark.parametrize("chunk", range(8))
def test_random_rulesets(chunk):
    in_conflict = compare_random(range(chunk * 70, chunk * 70 + 70))

    assert 0.01 < in_conflict < 0.2


@pytest.mark.parametrize("chunk", range(4))
def test_large_random_rulesets(chunk):
    compare_random((f"large {chunk * 5 + seed}" for seed in range(5)), LARGE)


@pytest.mark.slow
@pytest.mark.parametrize("chunk", range(50))
def test_fifty_thousand_random_evaluations(chunk):
    in_conflict = compare_random(f"slow {chunk * 250 + seed}" for seed in range(250))

    assert 0.03 < in_conflict < 0.15


@pytest.mark.parametrize("name", shipped_ids())
def test_every_case_of_every_shipped_ruleset(name):
    ruleset = load_ruleset(name)
    programs = programs_of(ruleset)
    for case in ruleset.cases:
        assert_agree(ruleset, programs, read_answers(ruleset.facts, dict(case.answers)), case.as_of)


@pytest.mark.parametrize("name", shipped_ids())
@pytest.mark.parametrize("every", [4, pytest.param(1, marks=pytest.mark.slow)])
def test_partial_answers_to_every_shipped_ruleset(name, every):
    ruleset = load_ruleset(name)
    programs = programs_of(ruleset)
    rng = random.Random(name)
    for case in ruleset.cases[::every]:
        answers = read_answers(ruleset.facts, dict(case.answers))
        first, *later = in_pieces(rng, answers)
        assert_agree(ruleset, programs, first, case.as_of)
        assert_agree(ruleset, programs, first, case.as_of, later)


@FORKS[0]
@FORKS[1]
def test_a_ruleset_compiled_before_a_fork_comes_to_the_same_in_every_process():
    """Its handles are C memory, of which each process has its own copy from then on."""
    ruleset = load_ruleset("b12-general")
    program = compile_ruleset(ruleset)
    given = [(read_answers(ruleset.facts, dict(case.answers)), case.as_of) for case in ruleset.cases[:20]]

    def conclude():
        return [Run(program, *each).held for each in given]

    def compare():
        assert conclude() == expected

    expected = [Evaluation(ruleset, *each).held for each in given]
    conclude()
    children = [started(compare) for _ in range(2)]
    compare()
    assert [ended(child) for child in children] == [True, True]
