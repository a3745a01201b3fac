"""The commands that explain: why, why-not, what-if and flips, on the rulesets that are shipped."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from click.testing import CliRunner

from engine.cli import main
from engine.dialogue.consultation import consult
from engine.language.load import load_ruleset
from engine.verify import finder

ALARM, B12 = "example-smoke-alarm", "b12-general"
DATE = ("--as-of", "2026-11-22")
KEPT = """
sounds_on_test: yes
chirps: no
power: replaceable
battery_age: 6 months
made_on: "2021-05-01"
signs: []
silenced: no
mount: flat
cooker_distance: 5 m
draughts: no
covered: [bedrooms, landing, levels]
fuel: no
"""


def patient(case):
    """The answers of a case of the clinical ruleset, as JSON."""
    return json.dumps(dict(next(each for each in load_ruleset(B12).cases if each.id == case).answers))


def run(*words, answers=KEPT):
    return CliRunner().invoke(main, [*words, "--answers", "-"], input=answers)


def run_json(*words, answers=KEPT):
    done = run(*words, "--json", answers=answers)
    assert done.exit_code in (0, 1), done.output
    return json.loads(done.stdout)


# Why


def test_it_runs_as_a_program_of_its_own():
    program = [sys.executable, "-c", "from engine.cli import main; main()"]
    words = ["why", ALARM, "verdict", "--answers", "-", *DATE]
    done = subprocess.run([*program, *words], input=KEPT, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr
    assert "Step by step" in done.stdout


def test_why_lists_what_speaks_for_and_against_a_value_and_the_steps_that_it_rests_on():
    told = run_json("why", ALARM, "verdict", *DATE, answers=KEPT.replace("signs: []", "signs: [painted]"))
    (found,) = told["values"]

    concluding = {step["seq"]: step for step in found["steps"]}
    assert found["held"]
    assert concluding[found["for"][0]]["concludes"]["verdict"] == found["value"]
    for step in found["steps"]:
        assert all(used["from"] == "answer" or used["from"] in concluding for used in step["used"])


def test_why_of_another_value_says_why_its_rules_do_not_apply():
    told = run_json("why", ALARM, "verdict=replace", *DATE)
    (found,) = told["values"]

    assert not found["held"]
    assert found["for"] == []
    assert [each["rule"] for each in found["against"]] == ["replace-it"]
    assert {need["state"] for need in found["against"][0]["needs"]} == {"not met"}


def test_why_of_what_is_undecided_says_what_it_waits_for():
    done = run("why", ALARM, "verdict=replace", answers="sounds_on_test: yes\n")
    found = run_json("why", ALARM, "verdict=replace", answers="sounds_on_test: yes\n")["values"][0]

    assert done.exit_code == 1
    assert "waits for" in done.stdout
    assert "signs" in found["not_known"][0]["waits_on"]


def test_why_of_a_regimen_leads_back_to_the_answers():
    done = run("why", B12, "regimen", answers=patient("pernicious-anaemia"))

    assert done.exit_code == 0
    assert "Stomach and gut history: pernicious anaemia (answered)" in unwrapped(done)


CHOSEN = """
id: chosen
title: Extras
version: "1"
goals: [colour, {extras: {when: {colour: red}}}]
facts:
  is_red: {type: yes_no, label: Is red, ask: Is it red?}
  signs: {type: choices, label: Signs, ask: Which?, options: {a: Spots, b: Fever}, none: None}
  weight: {type: number, label: Weight, ask: How heavy?}
  colour: {type: choice, label: Colour, derived: true, options: {red: Red, green: Green}}
  extras: {type: choices, label: Extras, derived: true, options: {x: Extra x, y: Extra y}}
  double: {type: number, label: Twice the weight, formula: 2 * weight}
rules:
  - {id: it-is-red, title: It is red, when: {is_red: yes}, then: {colour: red}, because: "{is_red}, as was said."}
  - {id: it-is-green, title: It is green, when: {is_red: no}, then: {colour: green}, because: Not red.}
  - {id: a-asks, title: A asks for x, when: {signs: a}, then: {extras: x}, because: Spots.}
  - {id: b-asks, title: B asks for y, when: {signs: b}, then: {extras: y}, because: Fever.,
     overrides: [a-asks]}
  - {id: heavy, title: A heavy one, when: {double: {above: 20}}, then: {extras: y}, because: Heavy.}
"""


@pytest.fixture
def chosen(tmp_path):
    (tmp_path / "ruleset.yaml").write_text(CHOSEN, "utf-8")
    return str(tmp_path)


@pytest.mark.parametrize(
    ("answers", "status", "said"),
    [
        ("{is_red: yes, signs: [], weight: 3}",  0, "Extras: none."),
        ("{is_red: yes, signs: [b], weight: 3}", 0, "Extras: extra y"),
        ("{is_red: yes, signs: [b]}",            0, "Extras: extra y"),
        ("{is_red: yes, signs: [a]}",            1, "Extras: extra x"),  # whether y belongs to it is not known
        ("{is_red: yes}",                        1, "Extras: not known."),
    ],
)  # fmt: skip
def test_why_of_a_set_ends_with_1_until_every_option_is_known_to_be_in_it_or_not(chosen, answers, status, said):
    done = run("why", chosen, "extras", answers=answers)

    assert done.exit_code == status
    assert said in done.stdout


def test_why_says_what_undecided_rules_and_formulas_wait_for(chosen):
    assert "A asks for x: whether it applies waits for Signs" in unwrapped(run("why", chosen, "extras", answers="{}"))
    assert "It is computed, and waits for: Weight." in run("why", chosen, "double", answers="{}").stdout


def test_why_says_of_a_goal_that_does_not_arise_that_it_is_no_result(chosen):
    done = run("why", chosen, "extras", answers="{is_red: no, signs: [a], weight: 3}")

    other = run("why", chosen, "extras", answers="{is_red: no, signs: [], weight: 3}")

    assert "It is only settled when colour is red, which is not so." in done.stdout
    assert "Extras: does not arise." in other.stdout


def test_why_names_what_is_not_so_or_who_outranks_it_of_each_rule_against(chosen):
    done = run("why", chosen, "extras=x", answers="{is_red: yes, signs: [a, b], weight: 3}")
    other = run("why", chosen, "extras=x", answers="{is_red: yes, signs: [b], weight: 3}")

    assert "it does not apply, for it is outranked by “B asks for y” (a-asks)." in unwrapped(done)
    assert "it does not apply, for it needs: signs include spots (a-asks)." in unwrapped(other)


def test_a_sentence_of_a_rule_begins_with_a_capital_where_an_answer_stands_first(chosen):
    assert "     Yes, as was said." in run("why", chosen, "colour", answers="is_red: yes").stdout


# Why not


def test_why_not_names_what_is_not_met_first_and_the_smallest_change():
    told = run_json("why-not", ALARM, "verdict=replace", *DATE)

    assert not told["held"]
    assert told["rules"][0]["needs"][0]["state"] == "not met"
    for repair in told["repairs"]:
        assert repair["conclusions"]["verdict"] == "replace"
        again = consult(load_ruleset(ALARM), {**read(KEPT), **repair["change"]}, "2026-11-22")
        assert again.conclusions["verdict"] == "replace"


def test_why_not_of_a_regimen_in_plain_words():
    done = run("why-not", B12, "regimen=im_intensive_ongoing", answers=patient("pernicious-anaemia"))

    assert done.exit_code == 0
    assert "not met (Neurologic involvement: no; Severity: not severe)." in unwrapped(done)
    assert "Neurologic symptoms: with" in unwrapped(done)
    assert "Check it with a licensed clinician" in unwrapped(done)


@pytest.mark.parametrize(
    ("answers", "said"),
    [
        ("{is_red: yes}",              "Signs include spots: not known (Signs: not asked yet)."),
        ("{is_red: yes, signs: [b]}",  "Signs include spots: not met (Signs: fever)."),
        ("{is_red: no, weight: 3}",    "It is only settled when colour is red: not met (Colour: green)."),
        ("{signs: []}",                "It is only settled when colour is red: not known (Colour: not known)."),
        ("{is_red: yes, weight: 3}",   "Twice the weight is above 20: not met (Twice the weight: 6)."),
    ],
)  # fmt: skip
def test_why_not_says_what_there_is_beside_what_is_needed(chosen, answers, said):
    found = [unwrapped(run("why-not", chosen, f"extras={option}", answers=answers)) for option in "xy"]

    assert any(said in each for each in found), found


def test_why_not_of_what_holds_says_so():
    done = run("why-not", ALARM, "verdict=keep", *DATE)

    assert done.exit_code == 0
    assert "so it is" in done.stdout


# What if


def test_what_if_tells_what_is_gained_and_lost_and_by_which_rules():
    told = run_json("what-if", B12, "neuro_symptoms=numbness_tingling", answers=patient("pernicious-anaemia"))
    by_fact = {each["fact"]: each for each in told["differences"]}

    assert by_fact["regimen"]["kind"] == "changed"
    assert by_fact["regimen"]["before"] == ["im_standard_ongoing"]
    assert by_fact["regimen"]["rules_before"] == ["standard-injections-ongoing"]
    assert by_fact["regimen"]["after"] == ["im_intensive_ongoing"]
    assert by_fact["regimen"]["rules_after"] == ["intensive-injections-ongoing"]
    assert "neuro_duration" in told["opened"]


def test_what_if_takes_several_answers_and_takes_answers_back():
    told = run_json("what-if", ALARM, "sounds_on_test=", "chirps=yes", "covered=[bedrooms, landing]", *DATE)

    assert told["change"] == {"chirps": "yes", "covered": ["bedrooms", "landing"], "sounds_on_test": None}
    assert "verdict" in {each["fact"] for each in told["differences"] if each["kind"] == "lost"}
    assert told["undetermined"]


def test_what_if_says_the_answer_as_it_was_given():
    said = run("what-if", B12, "age=12", answers=patient("pernicious-anaemia"))

    assert "  - Age: 12 years (now 54 years)" in said.stdout


def test_what_if_nothing_changes():
    done = run("what-if", ALARM, "battery_age=7 months", *DATE)

    assert done.exit_code == 0
    assert "Nothing that is concluded would change" in done.stdout


# Flips


def test_each_flip_alters_the_goal():
    told = run_json("flips", ALARM, "verdict", *DATE)
    (goal,) = told["goals"]

    assert goal["now"] == ["keep"]
    assert goal["flips"]
    for flip in goal["flips"]:
        again = consult(load_ruleset(ALARM), {**read(KEPT), **flip["change"]}, "2026-11-22")
        assert again.conclusions.get("verdict") == (flip["to"][0] if flip["to"] else None)
        assert flip["to"] != goal["now"]


def test_a_number_that_would_flip_a_goal_is_told_with_all_that_count_alike():
    said = unwrapped(run("flips", B12, "disposition", answers=patient("pernicious-anaemia")))

    assert "Age: below 10 years, such as 1 year (now 54 years)" in said
    assert "Age: at least 10 years and below 18 years, such as 10 years (now 54 years)" in said


def test_flips_of_every_goal():
    goals = [goal["goal"] for goal in run_json("flips", ALARM, *DATE)["goals"]]

    assert goals == [goal.fact for goal in load_ruleset(ALARM).goals]


# What cannot be asked


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["why", "verdikt"],                    "'verdikt' is not a fact of this ruleset. Did you mean 'verdict'?"),
        (["why", "chirps"],                     "is asked, not concluded: it was answered: no"),
        (["why", "co_alarm"],                   "it was not answered"),
        (["why", "verdict=keeep"],              "Did you mean"),
        (["why-not", "verdikt=keep"],           "Did you mean 'verdict'?"),
        (["why-not", "response=fails"],         "'response' is not a goal of this ruleset. Known here:"),
        (["why-not", "verdict"],                "names no value. Write verdict=VALUE. Its options: "),
        (["why-not", "verdict="],               "verdict:"),
        (["why-not", "verdict=burn"],           "verdict: 'burn' is no"),
        (["why-not", "replace_by=2026-01-01"],  "is computed"),
        (["flips", "verdikt"],                  "Did you mean 'verdict'?"),
        (["flips", "chirps"],                   "'chirps' is not a goal of this ruleset"),
        (["what-if", "chirp=yes"],              "Did you mean 'chirps'?"),
        (["what-if", "chirps"],                 "names no answer. Write FACT=VALUE"),
        (["what-if", "chirps=maybe"],           "chirps:"),
        (["what-if", "chirps=yes", "chirps=no"], "is changed twice"),
        (["what-if", "co_alarm="],              "was not answered, so there is nothing to take back"),
        (["what-if", "verdict=keep"],           "is concluded from other answers"),
    ],
)  # fmt: skip
def test_what_cannot_be_asked_is_told_in_a_sentence(words, said):
    done = run(words[0], ALARM, *words[1:], *DATE)

    assert done.exit_code == 2
    assert done.stdout == ""
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_a_value_that_no_rule_concludes_is_told(tmp_path):
    (tmp_path / "ruleset.yaml").write_text(UNUSED, "utf-8")

    done = run("why-not", str(tmp_path), "route=spray", answers="eats: yes")

    assert done.exit_code == 2
    assert "Route: spray is what no rule can conclude. Rules conclude for route: oral." in done.stderr


UNUSED = """
id: unused
title: A way that is never taken
version: "1"
goals: [route]
facts:
  eats: {type: yes_no, label: Eats, ask: Does the person eat?}
  route: {type: choice, label: Route, derived: true, options: {oral: Oral, spray: Spray}}
rules:
  - {id: by-mouth, title: By mouth, when: {eats: yes}, then: {route: oral}, because: Eating works.}
"""


def test_where_z3_gives_up_the_rest_is_told_and_it_ends_with_1(tmp_path, monkeypatch):
    """No two whole cubes make a third, which Z3 does not know."""
    monkeypatch.setattr(finder, "PATIENCE", 200)
    (tmp_path / "ruleset.yaml").write_text(CUBES, "utf-8")

    done = run("why-not", str(tmp_path), "hit=yes", answers="{a: 2, b: 3, c: 4}")

    assert done.exit_code == 1
    assert "F is 0: not met" in done.stdout
    assert "Whether there is one cannot be told: the solver gave up" in unwrapped(done)


CUBES = """
id: cubes
title: Cubes
version: "1"
goals: [hit]
facts:
  a: {type: number, label: A, ask: A?, range: [1, 1000]}
  b: {type: number, label: B, ask: B?, range: [1, 1000]}
  c: {type: number, label: C, ask: C?, range: [1, 1000]}
  a_odd: {type: number, label: A odd, formula: round(a) - a}
  b_odd: {type: number, label: B odd, formula: round(b) - b}
  c_odd: {type: number, label: C odd, formula: round(c) - c}
  f: {type: number, label: F, formula: a * a * a + b * b * b - c * c * c}
  hit: {type: yes_no, label: Hit, derived: true, otherwise: no}
rules:
  - {id: r, title: R, when: {a_odd: 0, b_odd: 0, c_odd: 0, f: 0}, then: {hit: yes}, because: So.}
"""


def unwrapped(done):
    return " ".join(done.stdout.split())


def read(text):
    from engine.language.answer_files import parse_answers

    return dict(parse_answers(text, "test"))


# Why a question is asked


def test_next_shows_two_patients_for_whom_the_question_matters():
    """They differ in this answer only; the JSON is as it was."""
    answers = "{age: 54, sex: male}"
    said = " ".join(run("next", B12, answers=answers).stdout.split())

    assert "Two patients for whom it matters." in said
    assert said.count("With “Neurologic symptoms: ") == 2
    assert said.count("it comes to “Urgency: ") == 2
    assert list(run_json("next", B12, answers=answers)) == ["question", "open", "at_most"]
