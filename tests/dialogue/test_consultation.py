"""A consultation asks what matters, tells what follows, and takes any answer back."""

from __future__ import annotations

import datetime
from pathlib import Path

import pytest

import engine
from engine.dialogue.report import next_report, report

TODAY = datetime.date(2026, 2, 1)
SMALL = Path(__file__).parents[1] / "corpora" / "small"
COMPLETE = {
    "age": 54,
    "b12": "120 ng/L",
    "symptoms": ["numbness"],
    "course": "worse",
    "allergy": "no",
    "last_dose": "2026-01-01",
}


@pytest.fixture(scope="module")
def small() -> engine.Ruleset:
    return engine.load_ruleset(SMALL)


def asked(ruleset, answers, **known):
    """The facts asked one by one, answered from a table."""
    consultation = engine.consult(ruleset, known, TODAY)
    facts = []
    while consultation.question:
        facts.append(consultation.question.fact)
        consultation = consultation.answering(**{facts[-1]: answers[facts[-1]]})
    return facts


def test_questions_come_by_section_then_declaration_and_only_where_they_matter(small):
    assert asked(small, COMPLETE) == ["age", "symptoms", "course", "allergy", "last_dose", "b12"]


def test_a_question_behind_a_closed_gate_is_never_asked(small):
    assert "course" not in asked(small, COMPLETE | {"symptoms": []})
    assert "last_dose" not in asked(small, COMPLETE | {"age": 17})


def test_a_level_is_not_asked_where_a_known_absence_of_symptoms_settles_the_route(small):
    assert "b12" not in asked(small, COMPLETE, symptoms=[])


def test_a_date_is_not_asked_while_no_date_of_evaluation_is_given_to_count_to(small):
    assert "last_dose" not in [question.fact for question in engine.consult(small, {"age": 54}).open_questions]


def test_a_question_is_dropped_when_no_answer_to_it_can_change_a_goal(small):
    """With a normal level the route is oral, and the course of symptoms is of no interest."""
    assert "course" not in asked(small, COMPLETE, b12="400 ng/L")


def test_at_most_counts_questions_behind_gates_and_never_grows(small):
    consultation = engine.consult(small, {}, TODAY)
    bounds = [consultation.at_most]
    while consultation.question:
        fact = consultation.question.fact
        consultation = consultation.answering(**{fact: COMPLETE[fact]})
        bounds.append(consultation.at_most)

    assert bounds[0] == 6
    assert bounds == sorted(bounds, reverse=True)
    assert bounds[-1] == 0


def test_the_question_says_all_that_a_form_needs(small):
    question = engine.consult(small, {"age": 17, "symptoms": ["balance"], "course": "stable", "allergy": "no"}).question

    assert (question.fact, question.type, question.units) == ("b12", "number", ("ng/L", "pg/mL", "pmol/L"))
    assert question.why == "The level tells whether there is a deficiency."
    assert not question.required


def test_options_of_a_question_are_ids_with_labels(small):
    questions = {question.fact: question for question in engine.consult(small, {"age": 54}).open_questions}

    assert questions["symptoms"].options == {"numbness": "Numbness", "balance": "Balance problems"}
    assert questions["allergy"].options == {"yes": "Yes", "no": "No"}


def test_reasons_name_unsettled_goals_and_rules(small):
    reasons = engine.consult(small, {}).reasons("b12")

    assert reasons.goals == ("route", "regimen")
    assert [rule.id for rule in reasons.rules] == ["low-level"]
    assert engine.consult(small, {}).reasons("last_dose").rules[0].id == "overdue"


def test_reasons_name_no_goal_that_a_question_cannot_change_any_more(small):
    assert engine.consult(small, {}).reasons("allergy").goals == ("regimen", "cautions")
    assert engine.consult(small, {"b12": "unknown"}).reasons("allergy").goals == ("cautions",)


def test_an_answer_can_be_changed_and_one_behind_a_gate_that_closes_is_kept_and_set_aside(small):
    first = engine.consult(small, COMPLETE)
    second = first.answering(symptoms=[])
    third = second.answering(symptoms=["balance"])

    assert first.regimen.id == "intensive"
    assert second.set_aside == ("course",)
    assert second.conclusions["route"] == "oral"
    assert third.conclusions == first.conclusions


def test_an_answer_can_be_taken_back(small):
    consultation = engine.consult(small, COMPLETE).without("b12")

    assert consultation.question.fact == "b12"
    assert "regimen" not in consultation.conclusions


def test_a_regimen_is_a_result_only_while_the_goals_condition_is_known_true(small):
    consultation = engine.consult(small, COMPLETE | {"symptoms": []}, TODAY)

    assert consultation.evaluation.held["regimen"]
    assert "regimen" not in consultation.conclusions
    assert consultation.regimen is None
    assert consultation.undetermined == ()


def test_unknown_is_not_no(small):
    """Nobody knows the level: nothing is suggested, and what is missing is named."""
    consultation = engine.consult(small, COMPLETE | {"b12": "unknown"}, TODAY)

    assert consultation.complete
    assert consultation.undetermined == ("route", "regimen")


def test_as_of_is_an_argument(small):
    late = engine.consult(small, COMPLETE, as_of=datetime.date(2026, 6, 1))

    assert late.conclusions["days_since"] == 151
    assert late.conclusions["cautions"] == ("overdue",)
    assert "days_since" not in engine.consult(small, COMPLETE).conclusions


def test_because_speaks_of_this_case(small):
    trail = engine.consult(small, COMPLETE, as_of=datetime.date(2026, 6, 1)).trail

    assert trail.by_rule["low-level"].because == "Serum B12 is 120 ng/L."
    assert trail.by_rule["overdue"].because == "The last dose was 1 January 2026, 151 days before 1 June 2026."


def test_an_implausible_answer_is_taken_with_a_warning(small):
    (warning,) = engine.consult(small, {"b12": "3000 pmol/L"}).warnings

    assert "3000 pmol/L" in warning
    assert "unit" in warning


def test_every_bad_answer_is_told_and_nothing_is_evaluated(small):
    with pytest.raises(engine.AnswerError) as caught:
        engine.consult(small, {"age": "0,5", "b12": 120, "symptoms": "numbness", "colour": "red"})

    assert [problem.fact for problem in caught.value.problems] == ["age", "b12", "symptoms", "colour"]


def test_the_report_has_exactly_the_keys_of_the_contract(small):
    data = report(engine.consult(small, COMPLETE))

    assert list(data) == [
        "ruleset",
        "as_of",
        "answers",
        "complete",
        "conclusions",
        "undetermined",
        "conflicts",
        "regimen",
        "warnings",
        "trail",
    ]
    assert set(data["trail"][0]) == {
        "seq",
        "rule",
        "kind",
        "title",
        "because",
        "used",
        "concludes",
        "role",
        "outranked_by",
        "another_support",
        "cites",
        "strength",
    }
    assert set(data["regimen"]) == {"id", "title", "product", "phases", "cites"}
    assert data["answers"]["b12"] == {"value": 120, "unit": "ng/L"}
    assert data["answers"]["age"] == {"value": 54, "unit": "years"}
    assert data["answers"]["symptoms"] == {"value": ["numbness"], "unit": None}
    assert data["ruleset"]["hash"] == small.digest


def test_the_next_report_has_exactly_the_keys_of_the_contract(small):
    data = next_report(engine.consult(small, {}))

    assert list(data) == ["question", "open", "at_most"]
    assert list(data["question"]) == ["fact", "ask", "why", "help", "type", "options", "units"]
    assert next_report(engine.consult(small, COMPLETE))["question"] is None


def test_the_trail_links_each_used_fact_to_an_answer_or_an_earlier_step(small):
    for step in report(engine.consult(small, COMPLETE))["trail"]:
        for used in step["used"]:
            assert used["from"] == "answer" or used["from"] < step["seq"]
