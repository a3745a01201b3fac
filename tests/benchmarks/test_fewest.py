"""How many questions a session asks, beside the fewest answers that settle the same patient: printed, hardly judged.

The fewest are a smallest set S of the patient's own answers so that, told S and what the start fills in, a session
would stop: no question is open, so every goal is settled or can come to nothing else. An answer counts in S only where
its gate is open given S: one cannot be told what would not be asked.

A session cannot know S, for it depends on answers that are not given yet: of two questions either of which can turn out
to settle a goal, it has to ask one first. So the ratio of the means cannot be 1; it says how near the order of asking
comes to a seer's.

S is found exactly: a smallest set that hits every known constraint is tried; where it does not settle, it is grown to a
largest set that does not, and S has to hold something outside of it (a superset of what settles settles).

    PATIENTS=200 python -m pytest -m benchmark -s -n 0 tests/benchmarks/test_fewest.py
"""

from __future__ import annotations

import os
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from statistics import mean

import pytest
import z3

import engine
from engine.dialogue.relevance import Relevance
from engine.dialogue.session import Session
from engine.language.answers import read_answers
from engine.logic.evaluate import Evaluation
from engine.logic.signs import TRUE
from engine.verify.needless import needless
from tests.benchmarks.test_questions import STARTS, patient
from tests.rulesets.test_b12 import GENERAL, loaded

pytestmark = pytest.mark.benchmark

PATIENTS = int(os.environ.get("PATIENTS", "3"))
WORKERS = int(os.environ.get("WORKERS", "2"))
AIM = 1.3


class Fewest:
    """The fewest of a patient's answers that settle what a session has to settle."""

    def __init__(self, ruleset, start, answers):
        self.ruleset = ruleset
        self.start = read_answers(ruleset.facts, start)
        self.answers = read_answers(ruleset.facts, answers)
        counting = self.counting(self.answers)
        self.names = [fact.id for fact in ruleset.inputs if fact.id in counting and fact.id not in self.start]

    def counting(self, answers):
        """The answers whose gate is open."""
        gates = Evaluation(self.ruleset, answers, None).gates
        return {name: answer for name, answer in answers.items() if gates[name] & TRUE}

    def settles(self, names):
        given = self.counting({**self.start, **{name: self.answers[name] for name in names}})
        return not Relevance(Evaluation(self.ruleset, given, None)).open

    def find(self, asked):
        """A smallest set, given one that settles."""
        best = self.shrunk(asked)
        chosen = {name: z3.Bool(name) for name in self.names}
        solver, size = z3.Solver(), 0
        while True:
            while solver.check(z3.PbLe([(each, 1) for each in chosen.values()], size)) != z3.sat:
                size += 1
                if size == len(best):
                    return best
            model = solver.model()
            tried = {name for name, each in chosen.items() if z3.is_true(model.eval(each))}
            if self.settles(tried):
                return tried
            grown = self.grown(tried)
            solver.add(z3.Or([chosen[name] for name in self.names if name not in grown]))

    def shrunk(self, names):
        left = set(names)
        for name in names:
            if self.settles(left - {name}):
                left.discard(name)
        return left

    def grown(self, names):
        found = set(names)
        for name in self.names:
            if name not in found and not self.settles(found | {name}):
                found.add(name)
        return found


def questions(start, answers, *, proving):
    """What a session asks, one question at a time; `proving`: it passes over what is proved to be needless."""
    consultation = engine.consult(loaded(GENERAL), STARTS[start])
    session, asked = Session(consultation.passing_over(needless) if proving else consultation), []
    while question := session.question:
        asked.append(question.fact)
        session = session.answer({question.fact: answers[question.fact]})
    return asked


def compared(start, number):
    """What a session asks a random patient, what it would ask by relevance alone, and the fewest that would do."""
    answers = patient(number) | STARTS[start]
    asked, walked = (questions(start, answers, proving=proving) for proving in (True, False))
    return asked, walked, Fewest(loaded(GENERAL), STARTS[start], answers).find(walked)


@pytest.mark.parametrize("start", STARTS)
def test_how_many_questions_are_asked_beside_the_fewest_that_would_do(start):
    with ProcessPoolExecutor(WORKERS) as pool:
        found = list(pool.map(partial(compared, start), range(PATIENTS)))
    asked, walked, fewest = (mean(map(len, several)) for several in zip(*found, strict=True))
    assert asked <= walked
    assert fewest <= walked

    print(f"\n\n{start}: {PATIENTS} random patients")
    print(f"  asked {asked:.2f}   by relevance alone {walked:.2f}   fewest {fewest:.2f}")
    print(f"  ratio of asked to fewest {asked / fewest:.2f} (aim: under {AIM})")
    beyond = Counter(name for asked, _, few in found for name in asked if name not in few)
    print(f"  asked of a hundred patients though not among the fewest: {shares(beyond)}")


def shares(counts):
    return ", ".join(f"{name} {100 * count / PATIENTS:.0f}" for name, count in counts.most_common()) or "none"
