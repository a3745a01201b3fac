"""How many questions a guided session shows, from each start of a ruleset and from nothing: printed, hardly judged.

Random patients are odd: half of what is asked hangs on answers that are rare in life. So the figures are for comparing
one edition of a ruleset with the next, on the same patients.

    PATIENTS=2000 python -m pytest -m benchmark -s -n 0 tests/benchmarks/test_questions.py
"""

from __future__ import annotations

import os
import random
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from statistics import mean, median

import pytest

import engine
from engine.dialogue.session import Session
from engine.logic.evaluate import Evaluation
from tests.rulesets.test_b12 import GENERAL, loaded, random_answer

pytestmark = pytest.mark.benchmark

PATIENTS = int(os.environ.get("PATIENTS", "20"))
STARTS = {"no start": {}, **{start.id: dict(start.answers) for start in loaded(GENERAL).starts}}


@dataclass(frozen=True)
class Shown:
    """What one patient was shown: the questions of each page, and how many there are when asked one at a time."""

    pages: tuple[tuple[str, ...], ...]
    one_at_a_time: int

    @property
    def questions(self):
        return [fact for page in self.pages for fact in page]


def patient(number):
    """A random complete patient, the same whatever the order of the questions in the ruleset."""
    not_known = random.Random(f"questions {number}").choice([0.0, 0.05, 0.15, 0.5])
    return {
        fact.id: random_answer(random.Random(f"questions {number} {fact.id}"), GENERAL, fact, not_known)
        for fact in loaded(GENERAL).inputs
    }


def shown_to(start, number):
    """What a random patient is shown; what a start fills in counts as no question."""
    answers = patient(number) | STARTS[start]
    complete = Evaluation(loaded(GENERAL), engine.consult(loaded(GENERAL), answers).answers)
    sessions = []
    for together in (True, False):
        session, pages = Session(engine.consult(loaded(GENERAL), STARTS[start])), []
        while form := session.form if together else session.form[:1]:
            pages.append(tuple(question.fact for question in form))
            session = session.answer({fact: answers[fact] for fact in pages[-1]})
        assert session.consultation.evaluation.goal_states() == complete.goal_states(), "it stopped too early"
        sessions.append(tuple(pages))
    return Shown(sessions[0], len(sessions[1]))


@pytest.mark.parametrize("start", STARTS)
def test_how_many_questions_are_shown(start):
    """Every session ends, asks nothing twice, and ends as if everything had been answered."""
    with ProcessPoolExecutor() as pool:
        sessions = list(pool.map(partial(shown_to, start), range(PATIENTS), chunksize=5))
    assert all(len(set(session.questions)) == len(session.questions) for session in sessions)

    print(f"\n\n{start}: {PATIENTS} random patients; of {len(loaded(GENERAL).inputs)} questions")
    report("questions", [len(session.questions) for session in sessions])
    report("pages", [len(session.pages) for session in sessions])
    report("one at a time", [session.one_at_a_time for session in sessions])
    often = Counter(fact for session in sessions for fact in session.questions)
    print("  " + ", ".join(f"{fact} {count / PATIENTS:.0%}" for fact, count in often.most_common()))


def report(what, counts):
    print(f"  {what:<14} mean {mean(counts):5.1f}   median {median(counts):4.0f}   worst {max(counts):2}")
