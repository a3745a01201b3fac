"""The faithfulness of a step, against taking every set of answers away."""

from __future__ import annotations

import random
from collections import Counter

from engine.dialogue.consultation import Consultation, consult
from engine.explain.faithful import concluded, faithful
from engine.language.load import load_ruleset
from engine.logic.evaluate import Evaluation
from engine.logic.signs import TRUE
from tests.explain.changing import chunks
from tests.random_rulesets import random_answers, random_as_of, random_ruleset


@chunks
def test_every_step_is_faithful(seeds):
    """The cited answers suffice; without one, the conclusion falls exactly where no other step is named."""
    seen = Counter()
    for seed in seeds:
        rng = random.Random(f"faithful steps {seed}")
        ruleset = random_ruleset(rng)
        consultation = Consultation(ruleset, random_answers(rng, ruleset), random_as_of(rng))
        for step in consultation.trail:
            found = faithful(consultation, step)
            names = {each.fact.id for each in found.cited}
            assert found.suffices
            assert stands(consultation, names, step)
            for each in found.cited:
                seen[each.needed] += 1
                assert each.needed != stands(consultation, names - {each.fact.id}, step)

    assert seen[True]
    assert seen[False]


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


def test_the_step_that_takes_over_is_named():
    """A detached body spoils an alarm; without looking at it, its not sounding does."""
    alarm = load_ruleset("rulesets/example-smoke-alarm")
    consultation = consult(alarm, {"sounds_on_test": "no", "power": "sealed", "signs": ["painted"]}, "2026-11-22")
    step = consultation.trail.by_rule["replace-it"]

    found = {each.fact.id: each for each in faithful(consultation, step).cited}

    assert found
    for each in found.values():
        assert each.needed or "replace-it" in {other.rule for other in each.takes_over}
