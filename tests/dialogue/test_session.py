"""A session: any step can be taken back exactly, and when an answer was given makes no difference."""

from __future__ import annotations

import datetime
import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import engine
from engine.dialogue import summary
from engine.dialogue.report import report
from engine.dialogue.session import Session, effects
from engine.dialogue.silenced import silenced
from engine.dialogue.telling import emergency
from engine.language import model
from engine.language.values import UNKNOWN
from engine.logic.signs import TRUE
from tests.random_rulesets import random_answers, random_as_of, random_ruleset

TODAY = datetime.date(2026, 2, 1)
SMALL = engine.load_ruleset(Path(__file__).parents[1] / "corpora" / "small")
SMOKE = engine.load_ruleset("example-smoke-alarm")
REPLIES = {
    "age": ["17", "54 years"],
    "symptoms": [[], ["numbness"], ["balance", "numbness"], "unknown"],
    "course": ["stable", "worse", "unknown"],
    "allergy": ["yes", "no", "unknown"],
    "last_dose": ["2026-01-01", "2025-06-01", "unknown"],
    "b12": ["120 ng/L", "133 pmol/L", "400 pg/mL", "unknown"],
}
single = st.sampled_from(sorted(REPLIES)).flatmap(lambda name: st.tuples(st.just(name), st.sampled_from(REPLIES[name])))
steps = st.lists(single, max_size=8)


def begin(ruleset=SMALL, **answers):
    return Session(engine.consult(ruleset, answers, TODAY))


def after(session, given_steps):
    for name, raw in given_steps:
        session = session.answer({name: raw})
    return session


def state(session):
    """All that a person could see of it."""
    question = session.question
    return session.consultation.answers, session.blank, question and question.fact, report(session.consultation)


@settings(deadline=None)
@given(steps)
def test_going_back_restores_every_earlier_state(given_steps):
    session = begin()
    states = [state(session)]
    for step in given_steps:
        session = after(session, [step])
        states.append(state(session))
    while states:
        assert state(session) == states.pop()
        session = session.back()
    assert session.before is None


@settings(deadline=None)
@given(steps, st.randoms(use_true_random=False))
def test_the_order_of_answers_and_of_changes_makes_no_difference(given_steps, rng):
    last = dict(given_steps)
    shuffled = list(last.items())
    rng.shuffle(shuffled)

    one, other = after(begin(), given_steps), after(begin(), shuffled)

    assert list(one.consultation.answers.items()) == list(other.consultation.answers.items())
    assert one.consultation.set_aside == other.consultation.set_aside
    assert report(one.consultation) == report(other.consultation)


@settings(deadline=None)
@given(steps, single, single)
def test_a_change_there_and_back_leaves_everything_as_it_was(given_steps, one, other):
    session = after(begin(), [*given_steps, one])

    again = after(session, [(one[0], other[1] if one[0] == other[0] else REPLIES[one[0]][0]), one])

    assert state(again) == state(session)


def test_back_at_the_beginning_stays_there():
    session = begin()

    assert session.back() is session


def test_a_bad_answer_takes_nothing_over():
    session = begin()
    with pytest.raises(engine.AnswerError) as caught:
        session.answer({"age": "0,5", "b12": "120"})

    assert [problem.fact for problem in caught.value.problems] == ["age", "b12"]
    assert session.consultation.answers == {}


def test_a_doubt_is_told_before_an_answer_is_taken_over():
    read = begin().read({"b12": "30 ng/L", "age": "54"})

    (doubt,) = begin().doubts(read)
    assert "30 ng/L is outside the usual" in doubt


def test_effects_tell_what_is_set_aside_taken_up_and_opened():
    first = begin(age=54, symptoms=["numbness"], course="worse", allergy="no")
    second = first.answer({"symptoms": []})
    third = second.answer({"symptoms": ["balance"]})

    assert [fact.id for fact in effects(first, second).set_aside] == ["course"]
    assert [fact.id for fact in effects(second, third).taken_up] == ["course"]
    assert [fact.id for fact in effects(second, third).opened] == ["b12"]
    assert effects(first, first) == effects(third, third)


def test_a_form_goes_on_while_there_are_blanks_and_then_waits_for_a_confirmation():
    session = begin(
        SMOKE, sounds_on_test="yes", chirps="no", power="sealed", made_on="2024-01-01", signs=[], silenced="no"
    )
    asked = [each.fact for each in session.form]
    session = session.answer({"mount": "flat"}).leave_blank("cooker_distance")
    assert session.question.fact == "draughts"
    waiting = session.leave_blank("draughts")
    assert waiting.question is None
    assert [each.fact for each in waiting.left_blank] == ["cooker_distance", "draughts"]

    confirmed = waiting.confirm_blanks()

    assert asked == ["mount", "cooker_distance", "draughts"]
    assert confirmed.consultation.answers["draughts"] is UNKNOWN
    assert confirmed.question.section == "home"
    assert confirmed.back() is waiting
    assert waiting.refill_blanks().question.fact == "cooker_distance"


def test_what_has_to_be_answered_cannot_be_left_blank():
    with pytest.raises(engine.AnswerError):
        begin().leave_blank("age")


@pytest.mark.parametrize("seed", range(60))
def test_a_session_through_a_random_ruleset_ends_and_every_step_can_be_taken_back(seed):
    rng = random.Random(seed)
    ruleset = random_ruleset(rng)
    replies = random_answers(rng, ruleset, 1.0)
    session = Session(engine.consult(ruleset, {}, random_as_of(rng)))
    taken = []
    while session.question:
        taken.append((session.consultation.answers, session.question.fact))
        session = session.answer_read({session.question.fact: replies[session.question.fact]})
    assert session.complete
    while taken:
        session = session.back()
        assert (session.consultation.answers, session.question.fact) == taken.pop()


# What was not known


@settings(deadline=None)
@given(st.integers(0, 10_000))
def test_when_everything_is_answered_every_undecided_rule_is_silenced_by_some_answer(seed):
    rng = random.Random(seed)
    answers = {fact.id: rng.choice(REPLIES[fact.id]) for fact in SMALL.inputs}
    consultation = engine.consult(SMALL, answers, TODAY)
    told = silenced(consultation)
    evaluation = consultation.evaluation
    undecided = {rule for rule in SMALL.rules if rule not in evaluation.applies and rule not in evaluation.fails}

    assert {rule.id for each in told for rule in each.rules} == undecided
    assert [each.fact.id for each in told] == [
        fact.id
        for fact in SMALL.inputs
        if consultation.answers[fact.id] is UNKNOWN and evaluation.gates[fact.id] & TRUE
    ]


@pytest.mark.parametrize("seed", range(100))
def test_a_rule_is_silenced_only_while_it_is_undecided_and_never_by_an_answer_that_is_known(seed):
    rng = random.Random(seed)
    ruleset = random_ruleset(rng)
    consultation = engine.consult(ruleset, {}, random_as_of(rng))
    session = Session(consultation).answer_read(random_answers(rng, ruleset, 0.7))
    evaluation = session.consultation.evaluation
    for each in silenced(session.consultation):
        assert session.consultation.answers[each.fact.id] is UNKNOWN
        for rule in each.rules:
            assert rule.id not in evaluation.applies
            if rule.id in evaluation.fails:  # only for asking that something be known
                assert any(isinstance(test, model.KnownTest) for test in model.tests_in(rule.when))


def test_a_rule_that_waits_at_a_distance_is_silenced_too():
    told = silenced(begin(age=54, b12="unknown", symptoms=["numbness"], course="worse", allergy="no").consultation)

    assert [(each.fact.id, [rule.id for rule in each.rules]) for each in told] == [
        ("b12", ["low-level", "symptoms-need-injection", "standard", "intensive"])
    ]


@pytest.mark.parametrize(
    ("when", "told"),
    [
        ("{a: {is: known}, b: yes}",                            ["r"]),
        ("{a: {is: known}, b: no}",                             []),
        ("[not: {a: unknown}, b: yes]",                         ["r"]),
        ("{any: [{all: [{a: {is: known}}, {a: yes}]}, {b: no}]}", ["r"]),
        ("{a: [yes, unknown]}",                                 []),
        ("{a: unknown}",                                        []),
        ("{not: {a: yes}}",                                     ["r"]),
        ("{a: {is: known}, c: yes}",                            ["r"]),
    ],
)  # fmt: skip
def test_a_rule_that_only_asks_that_something_be_known_is_silenced_too(tmp_path, when, told):
    inputs = "".join(f"  {name}: {{label: {name}, ask: What?, type: yes_no}}\n" for name in "abc")
    (tmp_path / "ruleset.yaml").write_text(
        f"id: x\ntitle: X\nversion: '1'\ngoals: [d]\nfacts:\n{inputs}  d: {{label: d, derived: true, type: yes_no}}\n"
        f"rules:\n  - {{id: r, title: R, when: {when}, then: {{d: yes}}, because: It is so.}}\n"
    )
    (found,) = silenced(engine.consult(engine.load_ruleset(tmp_path), {"a": "unknown", "b": "yes"}))

    assert [rule.id for rule in found.rules] == told


# What it came to


def test_the_suggestion_is_one_sentence():
    complete = begin(
        age=54, b12="120 ng/L", symptoms=["numbness"], course="worse", allergy="no", last_dose="2026-01-01"
    )

    assert summary.suggestion(complete.consultation) == (
        "Route: injection; suggested regimen: Intensive course (hydroxocobalamin)."
    )
    assert summary.suggestion(begin().consultation) == "No regimen is suggested yet."
    assert [source.id for source in summary.sources(complete.consultation)] == ["trial"]
    assert emergency(complete.consultation) is None


def test_items_of_a_set_bring_their_reasons_harm_and_remedy():
    consultation = engine.consult(SMOKE, {"silenced": "yes"}, TODAY)
    items = {item.option: item for item in summary.items(consultation, SMOKE.facts["to_do"])}

    assert items["restore"].harm
    assert items["restore"].remedy
    assert items["restore"].because
    assert SMOKE.facts["to_do"] in summary.set_goals(consultation)


def test_an_emergency_is_found_with_the_rules_that_say_so():
    b12 = engine.load_ruleset("b12-general")
    consultation = engine.consult(b12, {"age": 54, "neuro_symptoms": ["bladder_bowel"]}, TODAY)

    found = emergency(consultation)
    assert found.fact is b12.facts["urgency"]
    assert [b12.rules[step.rule].concludes("urgency") for step in found.steps] == [("emergency",)]
