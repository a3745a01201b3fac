"""Questions that are passed over, against trying every way to go on under small random rulesets."""

from __future__ import annotations

import random
import threading
from itertools import product
from math import prod

import pytest

from engine.dialogue.consultation import Consultation, consult
from engine.dialogue.relevance import Relevance
from engine.dialogue.session import Session
from engine.language.load import load_ruleset
from engine.logic.evaluate import Evaluation
from engine.logic.outcome import results_of
from engine.verify.alone import AT_WORK
from engine.verify.finder import proved_needless
from engine.verify.needless import needless
from engine.verify.space import Space
from tests.random_rulesets import SMALL, random_answers, random_as_of, random_ruleset, representatives

RULESETS, MANY, STEP = 300, 5_000, 100
MOST_TRIED = 1000
ABSENT = object()


def chunks(test):
    """Run a test on the seeds of 300 rulesets; of 5,000 with -m slow."""
    chunked = [range(first, first + STEP) for first in range(0, MANY, STEP)]
    params = [pytest.param(seeds, marks=pytest.mark.slow if seeds.start >= RULESETS else ()) for seeds in chunked]
    return pytest.mark.parametrize("seeds", params, ids=lambda seeds: str(seeds.start))(test)


@chunks
def test_what_is_passed_over_is_what_no_way_to_go_on_needs(seeds):
    """Nothing that can matter is passed over; without formulas, Z3 knows of everything that cannot."""
    open_questions = passed_over = 0
    for seed in seeds:
        ruleset, answers, as_of = drawn(random.Random(f"needless {seed}"))
        exact = not any(fact.formula for fact in ruleset.facts.values())
        for name in Relevance(Evaluation(ruleset, answers, as_of)).open:
            found = needless(Consultation(ruleset, answers, as_of), name)
            matters = can_matter(ruleset, answers, as_of, name)

            assert not (found and matters), (seed, name)
            assert found or matters or not exact or is_goal(ruleset, name), (seed, name)
            open_questions, passed_over = open_questions + 1, passed_over + found
    assert open_questions > STEP / 3
    assert passed_over > 0


@chunks
def test_a_session_that_passes_questions_over_ends_as_if_everything_had_been_answered(seeds):
    asked = walked = 0
    for seed in seeds:
        rng = random.Random(f"passing over {seed}")
        ruleset, as_of = random_ruleset(rng, size=SMALL), random_as_of(rng)
        patient = random_answers(rng, ruleset, 1.0)
        complete = Evaluation(ruleset, patient, as_of)
        if complete.conflicts():  # of them relevance promises nothing
            continue
        passing, most = Session(Consultation(ruleset, {}, as_of, needless)), None
        while question := passing.question:
            assert most is None or passing.consultation.at_most < most
            most = passing.consultation.at_most
            passing = passing.answer_read({question.fact: patient[question.fact]})
            asked += 1
        walking = Session(Consultation(ruleset, {}, as_of))
        while question := walking.question:
            walking = walking.answer_read({question.fact: patient[question.fact]})
            walked += 1

        assert passing.complete
        assert passing.consultation.at_most == 0
        assert told(passing.consultation.evaluation) == told(walking.consultation.evaluation) == told(complete), seed
    assert 0 < asked <= walked


def drawn(rng):
    """A small ruleset with some of its questions answered, and few enough ways to go on."""
    while True:
        ruleset, as_of = random_ruleset(rng, size=SMALL, nasty=rng.random() < 0.3), random_as_of(rng)
        answers = random_answers(rng, ruleset, rng.choice([0.3, 0.6]))
        left = [fact for fact in ruleset.inputs if fact.id not in answers]
        if left and prod(1 + len(kinds(ruleset, fact)) for fact in left) <= MOST_TRIED:
            return ruleset, answers, as_of


def can_matter(ruleset, answers, as_of, name):
    """Whether with some other answers, or none, a goal comes to something else with the question answered than not."""
    left = [fact for fact in ruleset.inputs if fact.id not in answers and fact.id != name]
    for chosen in product(*([ABSENT, *kinds(ruleset, fact)] for fact in left)):
        more = {fact.id: answer for fact, answer in zip(left, chosen, strict=True) if answer is not ABSENT}
        without = Evaluation(ruleset, {**answers, **more}, as_of).goal_states()
        for answer in kinds(ruleset, ruleset.facts[name]):
            if Evaluation(ruleset, {**answers, **more, name: answer}, as_of).goal_states() != without:
                return True
    return False


def kinds(ruleset, fact):
    """Answers at, between and beyond cut-offs; combinations of options."""
    return list(dict.fromkeys([*representatives(ruleset, fact), *Space(ruleset).kinds(fact)]))


def is_goal(ruleset, name):
    return any(goal.fact == name for goal in ruleset.goals)


def told(evaluation):
    results = results_of(evaluation, regimen_rests_on_conflict=False)
    goals = [goal.fact for goal in evaluation.ruleset.goals]
    return evaluation.goal_states(), [results.conclusions.get(name) for name in goals], results.undetermined


REST = """
id: rest
title: Rest
version: "1"
goals: [advice]
facts:
  tired: {type: yes_no, label: Tired, ask: Are you tired?}
  hungry: {type: yes_no, label: Hungry, ask: Are you hungry?}
  late: {type: yes_no, label: Late, ask: Is it late?}
  advice: {derived: true, type: choice, label: Advice, options: {rest: Rest, go_on: Go on}, otherwise: go_on}
rules:
  - {id: now, title: Now, when: {tired: yes, late: yes}, then: {advice: rest}, because: It is late.}
  - {id: soon, title: Soon, when: {all: [{tired: yes}, {late: yes}, {hungry: yes}]}, then: {advice: rest}, because: So.}
"""


@pytest.fixture
def rest(tmp_path):
    (tmp_path / "rest.yaml").write_text(REST, "utf-8")
    return load_ruleset(tmp_path)


def test_a_question_that_only_repeats_what_another_settles_is_passed_over(rest):
    """Whether one is hungry adds nothing; the walk, which looks at one rule at a time, would ask."""
    walking = consult(rest, {"tired": "yes"})
    passing = walking.passing_over(needless)

    assert [question.fact for question in walking.open_questions] == ["hungry", "late"]
    assert [question.fact for question in passing.open_questions] == ["late"]
    assert passing.at_most == walking.at_most == 2
    assert passing.answering(hungry="yes").answers["hungry"] == "yes"  # it can be answered all the same
    assert passing.answering(late="no").complete


def test_where_z3_gives_up_the_question_is_asked(rest):
    consultation = consult(rest, {"tired": "yes"})

    assert proved_needless(consultation, "hungry", effort=1_000_000)
    assert not proved_needless(consultation, "hungry", effort=1)


def test_where_another_thread_has_z3_at_work_nobody_waits_and_the_question_is_asked(rest):
    held, done = threading.Event(), threading.Event()

    def hold():
        with AT_WORK:
            held.set()
            done.wait(30)

    other = threading.Thread(target=hold)
    other.start()
    held.wait(30)
    try:
        asked = consult(rest, {"tired": "yes"}).passing_over(needless).question.fact
    finally:
        done.set()
        other.join()

    assert asked == "hungry"
