"""The faithfulness of a step, against taking every set of answers away."""

from __future__ import annotations

import random
from collections import Counter

from engine.dialogue.consultation import Consultation
from engine.explain.faithful import concluded, faithful
from engine.logic.evaluate import Evaluation
from engine.logic.signs import TRUE
from tests.explain.changing import chunks
from tests.random_rulesets import random_answers, random_as_of, random_ruleset


@chunks
def test_every_step_is_faithful(seeds):
    """The cited answers suffice; without one, the conclusion falls exactly where no other step is named."""
    for consultation in map(drawn, seeds):
        for step in consultation.trail:
            found = faithful(consultation, step)
            names = {each.fact.id for each in found.cited}
            assert found.suffices
            assert stands(consultation, names, step)
            for each in found.cited:
                assert each.needed != stands(consultation, names - {each.fact.id}, step)


def stands(consultation, names, step):
    """What some of the answers come to, by the reference evaluation."""
    answers = {name: answer for name, answer in consultation.answers.items() if name in names}
    found = Evaluation(consultation.ruleset, answers, consultation.as_of)
    if not step.concludes:
        return bool(found.whens[step.rule] & TRUE)
    return all(
        bool(found.options[fact][value] & TRUE) if fact in found.options else value in found.held[fact]
        for fact, value in concluded(step)
    )


def test_the_steps_that_take_over_are_named():
    """Each comes to something that the step concluded, or is the step itself on other grounds."""
    seen = Counter()
    for consultation in map(drawn, range(200)):
        for step in consultation.trail:
            for each in faithful(consultation, step).cited:
                seen[each.needed] += 1
                for other in each.takes_over:
                    assert other.rule == step.rule or {*concluded(other)} & {*concluded(step)}

    assert min(seen[True], seen[False]) > 20


def drawn(seed):
    rng = random.Random(f"faithful steps {seed}")
    ruleset = random_ruleset(rng)
    return Consultation(ruleset, random_answers(rng, ruleset), random_as_of(rng))
