"""What if: the differences are those of two runs, and the rules behind each are those that concluded it."""

from __future__ import annotations

import random

from engine.dialogue.consultation import Consultation
from engine.explain.what_if import told, what_if
from engine.explain.why import concludes
from engine.language.answers import read_answer
from tests.explain.changing import chunks
from tests.random_rulesets import random_answer, random_answers, random_as_of, random_ruleset


@chunks
def test_the_differences_are_all_there_are_and_lead_from_one_side_to_the_other(seeds):
    for consultation, change in map(drawn, seeds):
        found = what_if(consultation, change)
        differing = {each.fact.id: each for each in found.differences}

        for name, fact in consultation.ruleset.facts.items():
            was, now = told(consultation, name), told(found.after, name)
            assert (name in differing) == (fact.derived and was != now)
        for each in found.differences:
            kept = [value for value in each.before or () if value not in each.removed]
            assert [*kept, *each.added] == sorted(each.after or (), key=[*kept, *each.added].index)
            assert each.kind == {(True, False): "gained", (False, True): "lost"}.get(
                (each.before is None, each.after is None), "changed"
            )


@chunks
def test_behind_each_difference_are_the_steps_that_concluded_it(seeds):
    for consultation, change in map(drawn, seeds):
        found = what_if(consultation, change)
        for each in found.differences:
            for values, steps, trail in (
                (each.removed, each.behind_before, found.before.trail),
                (each.added, each.behind_after, found.after.trail),
            ):
                expected = [s for s in trail if any(concludes(s, each.fact.id, value) for value in values)]
                assert [*steps] == expected
                assert bool(steps) == bool(values)


@chunks
def test_questions_are_opened_closed_and_set_aside_as_the_answers_have_it(seeds):
    for consultation, change in map(drawn, seeds):
        found = what_if(consultation, change)
        before, after = set(consultation.relevance.open), set(found.after.relevance.open)
        answered = {name for name, answer in change.items() if answer is not None}

        assert {fact.id for fact in found.opened} == after - before - set(change)
        assert {fact.id for fact in found.closed} == before - after - answered
        assert {fact.id for fact in found.set_aside} == set(found.after.set_aside) - set(consultation.set_aside)


def test_the_consultation_stays_as_it_is():
    for consultation, change in map(drawn, range(20)):
        answers = dict(consultation.answers)
        found = what_if(consultation, change)

        assert consultation.answers == answers
        assert found.after.answers == {k: v for k, v in {**answers, **change}.items() if v is not None}


def drawn(seed):
    """Answers, and other ones for some; one in four is taken back."""
    rng = random.Random(f"what if {seed}")
    ruleset = random_ruleset(rng)
    consultation = Consultation(ruleset, random_answers(rng, ruleset), random_as_of(rng))
    names = rng.sample([fact.id for fact in ruleset.inputs], 2)
    change = {
        name: None
        if name in consultation.answers and rng.random() < 0.25
        else read_answer(ruleset.facts[name], random_answer(rng, ruleset, name))
        for name in names
    }
    return consultation, change
