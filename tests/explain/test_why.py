"""Why: every rule that has a say stands in one list, the steps lead back to answers, and what is waited for decides."""

from __future__ import annotations

import random

import pytest

from engine.dialogue.consultation import Consultation, consult
from engine.explain.waiting import Waiting
from engine.explain.why import concludes, held_values, why
from engine.language.answers import read_answer
from engine.logic.evaluate import Evaluation
from engine.logic.signs import FALSE, TRUE
from tests.explain.changing import chunks
from tests.random_rulesets import load_spec, random_answer, random_answers, random_as_of, random_ruleset


def drawn(seed):
    rng = random.Random(f"why {seed}")
    ruleset = random_ruleset(rng)
    return rng, Consultation(ruleset, random_answers(rng, ruleset), random_as_of(rng))


@chunks
def test_every_rule_that_has_a_say_stands_in_one_list(seeds):
    """For: applies and concludes the value. Against: contradicts it, or is for it and fails. Not known: undecided."""
    for _, consultation in map(drawn, seeds):
        ruleset, now = consultation.ruleset, consultation.evaluation
        for name, values in ruleset.values.items():
            fact = ruleset.facts[name]
            for value in values if not fact.formula else ():
                (found,) = why(consultation, name, value)
                rules = ruleset.concluders[name]
                mine = [rule for rule in rules if value in rule.concludes(name)]
                others = [rule for rule in rules if rule not in mine and not fact.is_set]

                assert found.held == (value in held_values(consultation, name)) == bool(found.pro)
                assert {step.rule for step in found.pro if step.rule} == {
                    rule.id for rule in mine if rule.id in now.applies
                }
                assert [each.rule for each in found.against] == [
                    rule
                    for rule in rules
                    if (rule in mine and rule.id in now.fails)
                    or (rule in others and now.whens[rule.id] & TRUE and decided(now, rule))
                ]
                assert [each.rule for each in found.not_known] == [
                    rule for rule in rules if rule in (*mine, *others) and not decided(now, rule)
                ]


def decided(now, rule):
    return rule.id in now.applies or rule.id in now.fails


@chunks
def test_the_steps_are_those_that_the_value_rests_on(seeds):
    for _, consultation in map(drawn, seeds):
        for name in consultation.ruleset.concluders:
            for found in why(consultation, name):
                there = {step.seq: step for step in found.steps}
                used = {each.source for step in found.steps for each in step.used if each.source is not None}
                roots = {step.seq for step in found.roots}
                assert len(roots) == 1
                assert all(concludes(step, name, found.value) for step in found.roots)
                assert used | roots == set(there)


@chunks
def test_what_is_not_waited_for_does_not_decide(seeds):
    """Whatever else is answered, an undecided rule stays so until a question that it waits for is answered.

    Where rules contradict each other, what is known true can yet be known false as well: that is left aside.
    """
    for rng, consultation in map(drawn, seeds):
        ruleset, now = consultation.ruleset, consultation.evaluation
        waiting = Waiting(now)
        for rule in ruleset.rules.values():
            if not decided(now, rule):
                waits = {fact.id for fact in waiting.of_rule(rule)}
                left = [fact for fact in ruleset.inputs if fact.id not in {*waits, *now.answers}]
                more = {fact.id: read_answer(fact, random_answer(rng, ruleset, fact.id)) for fact in left}
                then = Evaluation(ruleset, {**now.answers, **more}, now.as_of)
                assert then.conflicts() or not decided(then, rule)
            else:
                assert waiting.of_rule(rule) == ()


SPEC = {
    "id": "route",
    "title": "Route",
    "version": "1",
    "goals": ["route"],
    "facts": {
        "ill": {"type": "yes_no", "label": "Ill", "ask": "?"},
        "eats": {"type": "yes_no", "label": "Eats", "ask": "?"},
        "asks": {"type": "yes_no", "label": "Asks for injections", "ask": "?"},
        "route": {
            "type": "choice",
            "label": "Route",
            "derived": "true",
            "options": {"oral": "Oral", "injection": "Injection", "unclear": "Not clear"},
        },
    },
    "rules": [
        {"id": "mouth", "title": "By mouth", "when": {"eats": "yes"}, "then": {"route": "oral"}, "because": "."},
        {
            "id": "needle",
            "title": "By needle",
            "when": {"ill": "yes"},
            "then": {"route": "injection"},
            "because": ".",
            "overrides": ["mouth"],
        },
        {"id": "wish", "title": "As asked", "when": {"asks": "yes"}, "then": {"route": "injection"}, "because": "."},
    ],
}


@pytest.mark.parametrize(
    ("answers", "value", "pro", "against", "not_known"),
    [
        ({"eats": "yes", "ill": "no"}, "oral", ["mouth"], {}, {"wish": ["asks"]}),
        ({"eats": "yes", "ill": "yes", "asks": "no"}, "oral", [], {"mouth": "outranked", "needle": "in conflict"}, {}),
        ({"eats": "yes", "ill": "no", "asks": "yes"}, "oral", ["mouth"], {"wish": "in conflict"}, {}),
        ({"eats": "yes", "ill": "yes"}, "injection", ["needle"], {"mouth": "outranked"}, {"wish": ["asks"]}),
        ({"eats": "yes", "ill": "unknown"}, "oral", [], {}, {"mouth": ["ill"], "needle": ["ill"], "wish": ["asks"]}),
        ({"eats": "no"}, "oral", [], {"mouth": "fails"}, {"needle": ["ill"], "wish": ["asks"]}),
    ],
)
def test_for_against_and_not_known(answers, value, pro, against, not_known):
    (found,) = why(consult(load_spec(SPEC), answers), "route", value)

    assert [step.rule for step in found.pro] == pro
    assert {each.rule.id: said(each) for each in found.against} == against
    assert {each.rule.id: [fact.id for fact in each.waits_on] for each in found.not_known} == not_known


def said(against):
    if against.in_conflict:
        return "in conflict"
    return "outranked" if against.lacks.outranked_by else "fails"


def test_a_conflict_has_a_reason_for_each_value():
    found = why(consult(load_spec(SPEC), {"eats": "yes", "ill": "no", "asks": "yes"}), "route")

    assert [(each.value, each.roots[0].rule) for each in found] == [("oral", "mouth"), ("injection", "wish")]


def test_a_rule_that_fails_by_its_own_condition_names_what_is_not_met():
    (found,) = why(consult(load_spec(SPEC), {"eats": "no"}), "route", "oral")

    (need,) = found.against[0].lacks.needs
    assert need.sign == FALSE
    assert need.said == "not met"
