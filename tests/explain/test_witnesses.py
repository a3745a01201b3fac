"""Witnesses of a question, against trying every pair of completions on small random rulesets."""

from __future__ import annotations

import random
from itertools import product
from math import prod

from engine.dialogue.consultation import Consultation, consult
from engine.explain.telling import said_witnesses
from engine.explain.witnesses import witnesses
from engine.language.answers import read_answer
from engine.language.load import load_ruleset
from engine.logic.evaluate import Evaluation
from tests.explain.changing import chunks
from tests.random_rulesets import SMALL, possible_answers, random_answers, random_ruleset, representatives

MOST_TRIED = 1000


@chunks
def test_there_are_witnesses_exactly_where_trying_finds_a_pair(seeds):
    for seed in seeds:
        ruleset, answers, name = drawn(seed)
        found = witnesses(Consultation(ruleset, answers), name)

        assert (found is not None) == can_matter(ruleset, answers, name), seed
        if found:
            one, other = found.one.answers, found.other.answers
            assert {**one, name: None} == {**other, name: None}
            assert one[name] != other[name]
            assert answers.items() <= one.items()
            at = ruleset.goals.index(found.goal)
            assert found.one.run.goal_states()[at] != found.other.run.goal_states()[at]
            assert len({said.split("”, ", 1)[1] for said in said_witnesses(found)}) == 2, "told in the same words"


def drawn(seed):
    """A ruleset without formulas, answers to it, and a question that is not answered."""
    rng = random.Random(f"witnesses {seed}")
    while True:
        ruleset = random_ruleset(rng, size=SMALL)
        answers = random_answers(rng, ruleset)
        left = [fact.id for fact in ruleset.inputs if fact.id not in answers]
        if not left or any(fact.formula for fact in ruleset.facts.values()):
            continue
        if prod(len(representatives(ruleset, ruleset.facts[each])) for each in left) <= MOST_TRIED:
            return ruleset, answers, rng.choice(left)


def can_matter(ruleset, answers, name):
    """Whether two completions that differ in one answer differ in a goal."""
    others = [fact for fact in ruleset.inputs if fact.id not in answers and fact.id != name]
    mine = representatives(ruleset, ruleset.facts[name])
    if any(goal.fact == name for goal in ruleset.goals):  # then no two answers are alike
        mine += [read_answer(ruleset.facts[name], raw) for raw in possible_answers(ruleset.facts[name])]
    for chosen in product(*(representatives(ruleset, fact) for fact in others)):
        given = {**answers, **{fact.id: answer for fact, answer in zip(others, chosen, strict=True)}}
        states = {Evaluation(ruleset, {**given, name: answer}).goal_states() for answer in mine}
        if len(states) > 1:
            return True
    return False


def test_a_goal_that_is_decided_either_way_takes_few_other_answers():
    """What to do with a smoke alarm that does not sound is told with little else known."""
    alarm = load_ruleset("rulesets/example-smoke-alarm")
    found = witnesses(consult(alarm, {}, "2026-11-22"), "sounds_on_test")

    assert all(found.ends)
    assert found.ends[0] != found.ends[1]
    assert len(found.also) < 8


def test_what_is_told_apart_is_found_before_what_is_only_kept_open():
    """Each question that a smoke alarm asks on the way ends in two things that differ, not in one and "not known"."""
    consultation = consult(load_ruleset("rulesets/example-smoke-alarm"), {}, "2026-11-22")
    asked = 0
    while question := consultation.question:
        found = witnesses(consultation, question.fact)
        assert found.ends[0] != found.ends[1], question.fact
        consultation = consultation.given({**consultation.answers, question.fact: found.answers[0]})
        asked += 1
    assert asked > 3
