"""Guided sessions from end to end: in a terminal (a pseudo-terminal driven by pexpect), and down a pipe."""

from __future__ import annotations

import datetime
import os
import random
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import pexpect
import pytest
from click.testing import CliRunner

import engine
from engine.cli import main
from engine.dialogue.replies import read_reply
from engine.language.answer_files import answers_text, parse_answers, read_answers_file, write_answers_file
from engine.language.answers import read_answers
from engine.language.typed import Misfit
from engine.language.values import UNKNOWN
from engine.language.wording import CARE, say_value

# 2026-11: a worker of the suite has threads, and pexpect forks; the child goes straight on to another program
pytestmark = pytest.mark.filterwarnings("ignore:.*multi-threaded, use of forkpty.*:DeprecationWarning")

SMALL = str(Path(__file__).parents[1] / "corpora" / "small")
SMOKE = "example-smoke-alarm"
B12 = "b12-general"
COMMAND = ["-c", "from engine.cli import main; main(prog_name='regimen')", "ask"]
ENVIRONMENT = {
    **os.environ,
    "TERM": "dumb",
    "NO_COLOR": "1",
    "COLUMNS": "100",
    "PYTHONPATH": str(Path(__file__).parents[2]),
}
PROMPT = r"\[([a-z][a-z0-9_]*)\] > "
BLANKS, DOUBT = r"\r\nyes or no > ", r"\(yes or no\) > "
CHECK, AFTER = "Enter for the result, or change FACT > ", "Enter to end, or change FACT > "


class Person:
    """Somebody in front of a terminal."""

    def __init__(self, ruleset, *words):
        self.child = pexpect.spawn(
            sys.executable,
            [*COMMAND, ruleset, *words],
            env=ENVIRONMENT,
            encoding="utf-8",
            timeout=30,
            dimensions=(60, 100),
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # jobs in the background ignore it
        )
        self.seen = ""

    def waits_for(self, pattern):
        self.child.expect(pattern)
        self.seen += self.child.before + self.child.after
        return words(self.child.before)

    def asked(self):
        self.waits_for(PROMPT)
        return self.child.match[1]

    def says(self, text):
        self.child.sendline(text)

    def answers(self, fact, text):
        assert self.asked() == fact
        self.says(text)

    def ends(self):
        self.child.expect(pexpect.EOF)
        self.seen += self.child.before
        self.child.close()
        assert "Traceback" not in self.seen
        assert words(self.seen).endswith(CARE)
        return words(self.child.before)


def words(text):
    return " ".join(text.split())


def piped(ruleset, replies, *options):
    done = subprocess.run(
        [sys.executable, *COMMAND, ruleset, *options],
        input=replies,
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Traceback" not in done.stderr
    return done


def saved(path, ruleset=SMALL):
    return read_answers(engine.load_ruleset(ruleset).facts, read_answers_file(path, str(path)))


def until_labs(*options):
    """A person whose level is all that is left to ask."""
    person = Person(SMALL, "--as-of", "2026-02-01", *options)
    for fact, text in [("age", "54"), ("symptoms", "1, balance"), ("course", "Getting worse"), ("allergy", "n")]:
        person.answers(fact, text)
    person.answers("last_dose", "2026-01-01")
    return person


# The commands, on the small ruleset


def test_a_session_from_the_first_question_to_the_result():
    person = until_labs("--start", "2026-01-31")
    person.answers("b12", "120 ng/L")
    person.waits_for(CHECK)
    person.says("")
    result = person.waits_for(AFTER)
    person.says("")
    person.ends()

    assert person.child.exitstatus == 0
    assert "suggested regimen: Intensive course (hydroxocobalamin)" in result
    for date in ("31 January 2026", "2 February 2026", "6 February 2026"):
        assert date in result
    assert "Worsening symptoms need more [decisive]" in result
    assert "1. A trial source. 2026-01-31. https://example.org/." in result


def test_headings_help_and_how_many_questions_are_left_are_told():
    person = Person(SMALL)
    seen = person.waits_for(PROMPT)

    assert "The patient How old?" in seen
    assert "A number in years. At most 5 more questions." in seen
    person.says("quit")
    person.ends()


@pytest.mark.parametrize("bad", ["0,5", "abc", "-3", "131", "12 inches", "unknown", ""])
def test_a_bad_number_gets_its_message_and_the_question_again(bad):
    person = Person(SMALL)
    person.answers("age", bad)
    person.answers("age", "54")
    person.answers("symptoms", "none")
    person.says("quit")
    person.ends()


def test_a_bad_option_is_told_what_there_is():
    person = Person(SMALL)
    person.answers("age", "54")
    person.answers("symptoms", "numbnes")
    message = person.waits_for(PROMPT)
    person.says("7")
    number = person.waits_for(PROMPT)

    assert "Did you mean 'numbness'" in message
    assert "Write one from 1 to 2" in number


def test_an_implausible_value_is_confirmed_and_the_unit_named_as_the_likely_slip():
    person = until_labs()
    person.answers("b12", "3000 pmol/L")
    doubt = person.waits_for(DOUBT)
    person.says("no")
    person.answers("b12", "3000 pmol/L")
    person.waits_for(DOUBT)
    person.says("yes")
    person.waits_for(CHECK)

    assert "3000 pmol/L is outside the usual" in doubt
    assert "The unit is the likely slip: ng/L or pg/mL or pmol/L." in doubt


def test_why_tells_the_reason_the_goals_and_the_rules_with_their_sources():
    person = until_labs()
    person.answers("b12", "why")
    told = person.waits_for(PROMPT)

    assert "The level tells whether there is a deficiency." in told
    assert "It can still change: Route, Regimen." in told
    assert "The level is low Source: A trial source, Levels (strong recommendation)." in told


def test_why_explains_the_words_of_a_question_and_says_more_to_clinicians(tmp_path):
    text = (Path(SMALL) / "ruleset.yaml").read_text()
    text = text.replace(
        "    ask: What is the level?", "    ask: What is the level?\n    clinician_note: Total, not active."
    )
    (tmp_path / "ruleset.yaml").write_text(text + "glossary: {level: How much there is., other: Not said.}\n")
    (tmp_path / "answers.txt").write_text("{age: 17, symptoms: [numbness], course: worse, allergy: no}")
    told = piped(str(tmp_path), "why\n", "--answers", str(tmp_path / "answers.txt")).stdout

    assert "For clinicians: Total, not active." in told
    assert "level: How much there is." in told
    assert "Not said" not in told


def test_back_takes_the_last_step_back_as_often_as_there_are_steps():
    person = Person(SMALL)
    person.answers("age", "back")
    assert "This is the beginning" in person.waits_for(PROMPT)
    person.says("54")
    person.answers("symptoms", "1")
    person.answers("course", "back")
    person.answers("symptoms", "back")
    person.answers("age", "17")
    person.answers("symptoms", "none")
    person.answers("allergy", "back")
    person.answers("symptoms", "2")
    assert person.asked() == "course"


def test_answers_trail_and_help_can_be_asked_for_at_a_question():
    person = until_labs()
    person.answers("b12", "answers")
    answers = person.waits_for(PROMPT)
    person.says("trail")
    trail = person.waits_for(PROMPT)
    person.says("help")
    told = person.waits_for(PROMPT)

    assert "1. Age: 54 years [age]" in answers
    assert "3. Course: getting worse [course]" in answers
    assert "Days since the last dose is computed" in trail
    assert "change FACT: change an answer" in told


def test_a_change_that_closes_a_question_sets_its_answer_aside_and_one_that_opens_it_brings_it_back():
    person = until_labs()
    person.answers("b12", "change symptoms")
    assert "Now: numbness and balance problems." in person.waits_for(PROMPT)
    person.says("none")
    assert "Set aside, but kept: Course: getting worse" in person.waits_for(CHECK)
    person.says("change 2")
    person.answers("symptoms", "numbness")
    assert "Counts again: Course: getting worse" in person.waits_for(PROMPT)
    person.says("120 ng/L")
    person.waits_for(CHECK)


def test_a_change_can_be_left_and_one_that_cannot_be_made_is_told():
    person = until_labs()
    person.answers("b12", "change age")
    person.answers("age", "back")
    assert "Left as it was." in person.waits_for(PROMPT)
    person.says("change colour")
    assert "'colour' names no question." in person.waits_for(PROMPT)
    person.says("change 99")
    assert "'99' names no question." in person.waits_for(PROMPT)
    person.says("change age")
    person.answers("age", "17")
    person.answers("b12", "change last_dose")
    assert "Last dose is not asked with the other answers" in person.waits_for(PROMPT)


def test_an_answer_is_changed_after_the_result_and_a_new_one_follows():
    person = until_labs()
    person.answers("b12", "120 ng/L")
    person.waits_for(CHECK)
    person.says("")
    assert "Intensive course" in person.waits_for(AFTER)
    person.says("change Course")
    person.answers("course", "stable")
    assert "suggested regimen: Standard course" in person.waits_for(AFTER)
    person.says("what?")
    assert "no command" in person.waits_for(AFTER)
    person.says("quit")
    person.ends()


def test_blanks_of_a_form_count_as_not_known_after_one_confirmation():
    person = until_labs()
    assert "A form of 1 question." in person.waits_for(PROMPT)
    person.says("")
    assert "Left blank: Serum B12." in person.waits_for(BLANKS)
    person.says("no")
    person.answers("b12", "")
    person.waits_for(BLANKS)
    person.says("back")
    person.answers("b12", "")
    person.waits_for(BLANKS)
    person.says("yes")
    person.waits_for(CHECK)
    person.says("")
    result = person.waits_for(AFTER)
    person.says("")
    person.ends()

    assert "Not enough is known to say: Route; Regimen." in result
    assert "Serum B12: The level is low" in result
    assert person.child.exitstatus == 1


def test_a_form_asks_its_open_questions_under_one_heading_with_one_confirmation():
    person = Person(SMOKE, "--as-of", "2026-11-22")
    replies = {"mount": "wall", "below_ceiling": "6 inches", "cooker_distance": "", "draughts": ""}
    usual = {
        "sounds_on_test": "yes",
        "chirps": "no",
        "power": "sealed",
        "made_on": "2024-01-01",
        "signs": "none",
        "silenced": "no",
    }
    asked = []
    while "draughts" not in asked:
        asked.append(person.asked())
        person.says((usual | replies)[asked[-1]])
    assert "Left blank: Distance from the stove; Near a draught." in person.waits_for(BLANKS)
    person.says("yes")

    assert asked[-4:] == ["mount", "below_ceiling", "cooker_distance", "draughts"]
    assert person.seen.count("A form of") == 1
    assert person.asked() == "covered"


def test_a_question_of_a_form_that_has_to_be_answered_cannot_be_left_blank(tmp_path):
    (tmp_path / "a.yaml").write_text(
        "{sounds_on_test: yes, chirps: no, power: sealed, made_on: 2024-01-01, signs: [], silenced: no}"
    )
    person = Person(SMOKE, "--as-of", "2026-11-22", "--answers", str(tmp_path / "a.yaml"))
    person.answers("mount", "")

    assert "cannot be left blank" in person.waits_for(PROMPT)


def test_a_schedule_of_things_without_a_dose_has_no_column_for_it(tmp_path):
    (tmp_path / "a.yaml").write_text(
        "{sounds_on_test: yes, chirps: no, power: sealed, made_on: 2024-01-01, signs: [], silenced: no, mount: flat, "
        "cooker_distance: 20 feet, draughts: no, covered: [bedrooms, landing, levels], fuel: no}"
    )
    done = piped(SMOKE, "\n", "--as-of", "2026-11-22", "--start", "2026-11-30", "--answers", str(tmp_path / "a.yaml"))

    assert done.returncode == 0
    assert "Dose" not in done.stdout
    assert "28 February 2027" in done.stdout
    assert "30 November 2036" in done.stdout


# Saving and resuming


def test_quit_saves_and_says_how_to_resume_and_resuming_goes_on_where_it_stopped(tmp_path):
    kept = tmp_path / "kept.yaml"
    person = Person(SMALL, "--save", str(kept))
    person.answers("age", "54")
    person.answers("symptoms", "numbness")
    person.answers("course", "quit")
    person.ends()
    again = Person(SMALL, "--answers", str(kept), "--save", str(kept))

    assert f"\n  regimen ask {shlex.quote(str(SMALL))} --answers {kept} --save {kept}\r\n" in person.seen
    assert saved(kept)["symptoms"] == ("numbness",)
    assert again.asked() == "course"
    again.says("worse")
    again.answers("allergy", "quit")
    again.ends()
    assert saved(kept)["course"] == "worse"


def test_a_file_that_is_only_looked_into_stays_as_it_was_written(tmp_path):
    kept = tmp_path / "kept.yaml"
    kept.write_text("# mine\nage: 54\n")
    person = Person(SMALL, "--answers", str(kept), "--save", str(kept))
    person.answers("symptoms", "quit")
    person.ends()

    assert kept.read_text() == "# mine\nage: 54\n"


def test_ctrl_c_saves(tmp_path):
    person = Person(SMALL, "--save", str(tmp_path / "kept.yaml"))
    person.answers("age", "54")
    assert person.asked() == "symptoms"
    person.child.sendintr()
    person.ends()

    assert str(saved(tmp_path / "kept.yaml")["age"]) == "54 years"


def test_a_file_that_a_session_does_not_go_on_from_is_not_written_over(tmp_path):
    (tmp_path / "other.yaml").write_text("age: 3\n")
    done = piped(SMALL, "", "--save", str(tmp_path / "other.yaml"))

    assert done.returncode == 2
    assert "is there already" in done.stderr
    assert (tmp_path / "other.yaml").read_text() == "age: 3\n"


def test_a_place_that_cannot_be_written_is_told_before_the_first_question(tmp_path):
    for place in (tmp_path, tmp_path / "none" / "kept.yaml"):
        done = piped(SMALL, "54\n", "--save", str(place))

        assert done.returncode == 2
        assert "[age]" not in done.stdout
        assert str(place) in done.stderr


def test_answers_that_cannot_be_saved_in_the_end_are_printed(tmp_path):
    folder = tmp_path / "folder"
    folder.mkdir()
    person = Person(SMALL, "--save", str(folder / "kept.yaml"))
    person.answers("age", "54")
    assert person.asked() == "symptoms"
    (folder / "kept.yaml").unlink()
    folder.rmdir()
    person.says("numbness")
    person.answers("course", "quit")

    assert "symptoms: [numbness]" in person.ends()


def test_what_was_saved_reads_back_exactly(tmp_path):
    facts = engine.load_ruleset(SMALL).facts
    answers = read_answers(
        facts,
        {
            "b12": "0.5 pmol/L",
            "age": 54,
            "symptoms": [],
            "course": "unknown",
            "allergy": "no",
            "last_dose": "2026-01-01",
        },
    )
    text = answers_text("A: title # with\nsigns", answers)
    write_answers_file(tmp_path / "kept.yaml", text)

    assert read_answers(facts, parse_answers(text, "x")) == answers
    assert saved(tmp_path / "kept.yaml") == answers
    assert read_answers(facts, parse_answers(answers_text("none", {}), "x")) == {}
    assert [path.name for path in tmp_path.iterdir()] == ["kept.yaml"]


# Piped


def test_a_piped_session_prints_questions_and_replies():
    done = piped(SMALL, "54\nnumbness\nworse\nno\nunknown\n120 ng/L\n\n", "--as-of", "2026-02-01")

    assert done.returncode == 1  # whether a dose is overdue is not known
    assert done.stderr == ""
    assert "[course] > worse" in done.stdout
    assert "suggested regimen: Intensive course" in done.stdout
    assert done.stdout.rstrip().endswith(CARE)


def test_a_piped_session_needs_no_confirmation_of_its_end():
    done = piped(SMALL, "54\nnumbness\nworse\nno\n120 ng/L")

    assert "suggested regimen: Intensive course" in done.stdout
    assert "ended before" not in done.stdout


@pytest.mark.parametrize(
    "replies", ["", "54\n", "54\r\nnumbness\r\n", "54\n\n\n\n", "why\nchange\nchange 1\nback\ntrail\nanswers\n"]
)
def test_a_piped_session_that_ends_early_ends_cleanly_and_tells_what_is_missing(replies, tmp_path):
    done = piped(SMALL, replies, "--save", str(tmp_path / "kept.yaml"))

    assert done.returncode == 1
    assert "ended before every question was answered" in done.stdout
    assert "What is the level? [b12]" in done.stdout
    assert done.stdout.rstrip().endswith(CARE)
    assert saved(tmp_path / "kept.yaml").keys() <= {"age", "symptoms"}


@pytest.mark.parametrize(
    "replies",
    [b"\xff\xfe\x00\n54\n", b"\xef\xbb\xbf54\n", b"x" * 100_000 + b"\n54\n", b"54\n" + b"change age\n" * 5000],
)
def test_whatever_is_piped_in_is_read(replies):
    done = subprocess.run(
        [sys.executable, *COMMAND, SMALL], input=replies, env=ENVIRONMENT, capture_output=True, check=False
    )

    assert done.returncode == 1
    assert b"Traceback" not in done.stderr
    assert b"Age" in done.stdout or b"[age] > 54" in done.stdout


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("ruleset", [SMALL, SMOKE, B12])
def test_whatever_is_written_a_session_ends_with_the_care_line_and_keeps_what_reads_back(ruleset, seed, tmp_path):
    rng = random.Random(seed)
    facts = [fact.id for fact in engine.load_ruleset(ruleset).inputs]
    written = [
        "1",
        "2",
        "1,2",
        "none",
        "unknown",
        "yes",
        "no",
        "54",
        "120 ng/L",
        "3 weeks",
        "2026-01-01",
        "",
        "back",
        "why",
    ]
    written += [
        "trail",
        "answers",
        "help",
        "change 1",
        f"change {rng.choice(facts)}",
        "9999 ng/L",
        "\x1b[A",
        "é",
        "[1]",
    ]
    replies = "54\n" + "\n".join(rng.choices(written, k=80))
    kept = tmp_path / "kept.yaml"
    done = CliRunner().invoke(main, ["ask", ruleset, "--save", str(kept), "--start", "2026-01-31"], input=replies)

    assert done.exception is None or isinstance(done.exception, SystemExit)
    assert done.exit_code in {0, 1}
    assert words(done.stdout).endswith(CARE)
    saved(kept, ruleset)


def test_bad_input_ends_with_2_before_anything_is_asked(tmp_path):
    (tmp_path / "bad.yaml").write_text("age: 0,5\n")

    assert piped(SMALL, "", "--answers", str(tmp_path / "bad.yaml")).returncode == 2
    assert piped(SMALL, "", "--answers", str(tmp_path / "none.yaml")).returncode == 2
    assert piped("no-such-ruleset", "").returncode == 2
    assert piped(SMALL, "", "--start", "2026-02-30").returncode == 2


# What was typed


@pytest.mark.parametrize(
    ("name", "text", "meaning"),
    [
        ("symptoms", "1,2",                        ["numbness", "balance"]),
        ("symptoms", "Balance problems, numbness", ["balance", "numbness"]),
        ("symptoms", "none",                       []),
        ("symptoms", "None of these",              []),
        ("symptoms", "unknown",                    "unknown"),
        ("allergy",  "Y",                          "yes"),
        ("allergy",  "2",                          "no"),
        ("course",   "GETTING  worse",             "worse"),
        ("course",   "I do not know",              "unknown"),
        ("b12",      "1 480 pg/mL",                "1 480 pg/mL"),
    ],
)  # fmt: skip
def test_options_are_given_by_number_id_or_label(name, text, meaning):
    assert read_reply(engine.load_ruleset(SMALL).facts[name], text) == meaning


@pytest.mark.parametrize(
    ("name", "text"),
    [("symptoms", "1,3"), ("symptoms", "1,,2"), ("course", "0"), ("course", "-1"), ("allergy", "9" * 50)],
)
def test_what_is_no_option_is_refused(name, text):
    with pytest.raises(Misfit):
        read_reply(engine.load_ruleset(SMALL).facts[name], text)


# Patients


HEALTHY = {
    "age": "54 years",
    "sex": "male",
    "neuro_symptoms": "none",
    "other_symptoms": "fatigue",
    "serum_b12": "140 ng/L",
    "sample_timing": "before_treatment",
    "haemoglobin": "118 g/L",
    "mcv": "104 fL",
    "folate": "normal",
    "iron": "normal",
    "potassium": "4.2 mmol/L",
    "renal_impairment": "no",
    "diet": "mixed",
    "gi_history": "none",
    "platelets": "250 10^9/L",
    "white_cells": "6 10^9/L",
    "intrinsic_factor_antibody": "negative",
    "pernicious_anaemia_ruled_out": "no",
    "medicines": "none",
    "nitrous_oxide": "none",
    "cause_addressed": "no",
    "cause_workup": "diet_history, gi_history, medication_review",
    "cobalamin_allergy": "no",
    "leber_optic_neuropathy": "no",
    "prefers_oral": "no",
    "oral_trial": "not_tried",
    "self_injection": "not_wanted",
    "plan_status": "none",
}
PERNICIOUS = HEALTHY | {"gi_history": "pernicious_anaemia", "intrinsic_factor_antibody": "positive"}
FOUR_MISTAKES = {"one_and_done", "early_spacing_too_wide", "cause_not_investigated", "not_monitored"}


def patient(replies, tmp_path):
    """The consultation that a patient ends with, and what was told; what is not in the table is answered unknown."""
    path = tmp_path / "patient.yaml"
    person = Person(B12, "--save", str(path), "--start", "2026-11-23", "--as-of", "2026-11-22")
    while (found := person.child.expect([PROMPT, BLANKS, DOUBT, CHECK, AFTER])) < 4:
        person.seen += person.child.before + person.child.after
        person.says([replies.get(person.child.match[1], "unknown") if found == 0 else "", "yes", "yes", ""][found])
        assert len(person.seen) < 300_000, person.seen[-2000:]
    result = words(person.child.before)
    person.says("")
    person.ends()
    ruleset = engine.load_ruleset(B12)
    consultation = engine.consult(ruleset, read_answers_file(path, str(path)), datetime.date(2026, 11, 22))
    disposition = ruleset.facts["disposition"]
    assert say_value(disposition, consultation.conclusions["disposition"]) in result
    return consultation, result, words(person.seen)


def test_a_dietary_cause_that_prefers_tablets_gets_tablets(tmp_path):
    consultation, result, _ = patient(HEALTHY | {"diet": "vegan", "prefers_oral": "yes"}, tmp_path)

    assert consultation.conclusions["disposition"] == "continue"
    assert consultation.conclusions["route"] == "oral"
    assert consultation.regimen.title in result
    assert "as your local protocol says" in result or "23 November 2026" in result


def test_pernicious_anaemia_without_neurologic_symptoms_gets_injections_with_dates(tmp_path):
    consultation, result, seen = patient(PERNICIOUS, tmp_path)

    assert consultation.conclusions["route"] == "injection"
    assert consultation.conclusions["urgency"] != "emergency"
    assert consultation.regimen.title in result
    assert "23 November 2026" in result
    assert "!!" not in seen
    assert "malabsorption" not in consultation.conclusions.get("reasons_for_oral", ())


def test_pernicious_anaemia_with_neurologic_symptoms_is_urgent_and_gets_injections(tmp_path):
    consultation, result, _ = patient(
        PERNICIOUS | {"neuro_symptoms": "numbness_tingling", "neuro_course": "stable", "neuro_duration": "6 weeks"},
        tmp_path,
    )

    assert consultation.conclusions["urgency"] == "urgent"
    assert consultation.conclusions["route"] == "injection"
    assert consultation.regimen.title in result


def test_nitrous_oxide_with_a_normal_level_is_not_sent_away(tmp_path):
    consultation, _, _ = patient(
        HEALTHY
        | {"age": "24", "serum_b12": "520 ng/L", "nitrous_oxide": "recreational", "neuro_symptoms": "numbness_tingling"}
        | {"neuro_course": "stable"},
        tmp_path,
    )

    assert consultation.conclusions["deficiency"] != "unlikely"
    assert consultation.conclusions["disposition"] != "not_indicated"
    assert consultation.conclusions["urgency"] in {"urgent", "emergency"}


def test_a_plan_with_all_four_mistakes_is_told_each_with_harm_and_remedy(tmp_path):
    plan = {"plan_status": "planned", "early_interval": "21 days", "maintenance_planned": "no"}
    plan |= {"intrinsic_factor_antibody": "negative"}  # a positive one would be a cause that was found
    consultation, result, _ = patient(
        PERNICIOUS | plan | {"follow_up_planned": "no", "cause_workup": "none", "follow_up_tests": "none"}, tmp_path
    )
    labels = consultation.ruleset.facts["mistakes"].labels

    assert set(consultation.conclusions["mistakes"]) >= FOUR_MISTAKES
    assert all(words(labels[mistake]) in result for mistake in FOUR_MISTAKES)
    assert result.count("Harm:") >= 4
    assert result.count("Remedy:") >= 4


def test_a_child_is_referred_and_gets_no_regimen(tmp_path):
    consultation, result, _ = patient(HEALTHY | {"age": "9"}, tmp_path)

    assert consultation.conclusions["disposition"] == "refer"
    assert consultation.regimen is None
    assert "Schedule" not in result


def test_an_emergency_is_told_at_once_and_first_in_the_result(tmp_path):
    _, result, seen = patient(PERNICIOUS | {"neuro_symptoms": "weakness", "neuro_course": "worsening"}, tmp_path)

    told = seen.index("!!")
    assert "[neuro_symptoms] > " in seen[:told]
    assert "[plan_status] > " in seen[told:]
    assert "[plan_status] > " not in seen[:told]
    assert result.startswith("!!")


def test_somebody_who_stops_in_an_emergency_is_told_again(tmp_path):
    (tmp_path / "a.yaml").write_text("{age: 54, neuro_symptoms: [bladder_bowel]}")
    done = piped(B12, "quit\n", "--answers", str(tmp_path / "a.yaml"))

    assert done.stdout.count("!!") == 2
    assert done.stdout.rstrip().endswith(CARE)


def test_an_emergency_that_a_change_takes_away_is_told_too():
    person = Person(B12)
    while (fact := person.asked()) != "neuro_symptoms":
        person.says(HEALTHY.get(fact, "unknown"))
    person.says("weakness, vision")
    assert "!!" in person.waits_for(PROMPT)
    person.says("back")
    assert "no rule finds an emergency any more" in person.waits_for(PROMPT)


def test_the_suggestion_begins_with_the_emergency_and_its_reasons_stand_right_above(tmp_path):
    _, result, _ = patient(PERNICIOUS | {"neuro_symptoms": "weakness", "neuro_course": "worsening"}, tmp_path)
    above, _, below = result.partition(" Suggestion ")

    assert below.startswith("Urgency: emergency (get help today). What comes next: ")
    assert above.startswith("!! Urgency: Emergency (get help today)")
    assert result.count("Urgency: Emergency (get help today)") == 1


def test_an_emergency_that_a_change_of_the_result_brings_is_told_once(tmp_path):
    answers = PERNICIOUS | {"neuro_symptoms": "weakness", "neuro_course": "worsening"}
    person = Person(B12, "--as-of", "2026-11-22")
    while (found := person.child.expect([PROMPT, BLANKS, DOUBT, CHECK, AFTER])) < 4:
        person.says([answers.get(person.child.match[1], "unknown") if found == 0 else "", "yes", "yes", ""][found])
    for symptoms, times in [("none", 0), ("weakness", 1), ("weakness, vision", 1)]:
        person.says("change neuro_symptoms")
        person.answers("neuro_symptoms", symptoms)
        while (found := person.child.expect([PROMPT, AFTER])) == 0:
            person.says("unknown")
        assert person.child.before.count("!!") == times


def test_a_child_is_told_once_before_the_next_question_that_a_clinician_decides():
    person = Person(B12)
    person.answers("age", "12")
    told = person.waits_for(PROMPT)
    person.says("unknown")
    after = person.waits_for(PROMPT)

    assert "What comes next: a clinician has to decide first A child is referred. Age 12 years: doses" in told
    assert "The next questions can still change: Urgency;" in told
    assert told.index("A child is referred") < told.index("What is the patient's sex?")
    assert "A child is referred" not in after
    person.says("change age")
    person.answers("age", "54")
    person.waits_for(PROMPT)
    person.says("change age")
    person.answers("age", "12")
    assert "A child is referred" in person.waits_for(PROMPT)


def test_a_second_reason_for_a_clinician_is_told_without_the_first():
    replies = {"age": "12", "cobalamin_allergy": "yes"}
    person = Person(B12)
    while (fact := person.asked()) != "cobalamin_allergy":
        person.says(replies.get(fact, "unknown"))
    person.says("yes")
    told = person.waits_for(PROMPT)

    assert "Take no further dose until a clinician has looked into it." in told
    assert "A child is referred" not in told


def test_sets_that_hold_nothing_are_named_in_one_line(tmp_path):
    _, result, _ = patient(HEALTHY | {"age": "9"}, tmp_path)

    assert "None." not in result
    assert result.count("Nothing under: ") == 1
    assert "Mistakes found in the plan" in result.partition("Nothing under: ")[2].partition(".")[0]


def test_what_is_missing_names_the_answers_that_are_not_known():
    person = until_labs()
    person.answers("b12", "unknown")
    person.waits_for(CHECK)
    person.says("")

    assert (
        "Not enough is known to say: Route; Regimen. It depends on what was answered “I do not know”: Serum B12."
        in person.waits_for(AFTER)
    )


def test_a_form_says_how_many_questions_it_can_have_and_is_continued_after_another_section(tmp_path):
    (tmp_path / "a.yaml").write_text(
        "{sounds_on_test: yes, chirps: no, power: sealed, made_on: 2024-01-01, signs: [], silenced: no}"
    )
    person = Person(SMOKE, "--as-of", "2026-11-22", "--answers", str(tmp_path / "a.yaml"))
    begun = person.waits_for(PROMPT)
    person.says("wall")
    assert person.asked() == "below_ceiling"
    person.says("change signs")
    person.answers("signs", "none")
    returned = person.waits_for(PROMPT)

    assert "Where it hangs A form of up to 5 questions. Enter leaves one blank." in begun
    assert "Where it hangs, continued Up to 3 more questions. Enter leaves one blank." in returned


@pytest.mark.parametrize("bad", ["abc", "<5", "n/a"])
def test_unknown_is_not_offered_where_it_is_refused(bad):
    person = Person(B12)
    person.answers("age", bad)
    needed = person.waits_for(PROMPT)

    assert "unknown" not in needed


def test_a_number_without_its_unit_is_refused_with_the_words_of_the_question():
    person = until_labs()
    person.answers("b12", "120")

    assert "'120' lacks its unit, and Serum B12 is reported in several." in person.waits_for(PROMPT)


def test_enter_does_not_confirm_blanks():
    person = until_labs()
    person.answers("b12", "")
    person.waits_for(BLANKS)
    person.says("")
    told = person.waits_for(BLANKS)

    assert "Write yes or no." in told
    assert "Left blank: Serum B12." in told


def test_help_tells_of_options_and_blanks_and_change_alone_how_it_is_used():
    person = Person(SMALL)
    person.answers("age", "help")
    helped = person.waits_for(PROMPT)
    person.says("change")
    told = person.waits_for(PROMPT)

    assert "An option is given by its number or its words; several with commas between, or `none` of them." in helped
    assert "In a form Enter leaves a question blank" in helped
    assert "`change 2` for number 2 of `answers`" in told
    assert "names no question" not in told


def test_none_in_a_file_is_refused_with_how_a_set_says_it(tmp_path):
    (tmp_path / "a.yaml").write_text("neuro_symptoms: none\n")
    done = piped(B12, "", "--answers", str(tmp_path / "a.yaml"))

    assert done.returncode == 2
    assert "neuro_symptoms: takes a list. Write [] for none of them" in words(done.stderr)


@pytest.mark.parametrize(
    ("ask", "explained"),
    [
        ("How old is the limb?",       False),
        ("How old is it? I'm asking.", False),
        ("Is it given im?",            False),
        ("Is it given IM?",            True),
        ("How many shots?",            False),
        ("Was there a Chirp?",         True),
        ("Were there chirps?",         True),
        ("Was it chirping?",           False),
    ],
)  # fmt: skip
def test_only_words_of_the_question_itself_are_explained(ask, explained, tmp_path):
    text = (Path(SMALL) / "ruleset.yaml").read_text().replace("ask: How old?", f'ask: "{ask}"')
    (tmp_path / "ruleset.yaml").write_text(text + "glossary: {IM: Explained., chirp: Explained.}\n")
    told = piped(str(tmp_path), "why\n").stdout

    assert ask in told
    assert ("Explained." in told) == explained


def test_somebody_who_knows_nothing_gets_a_useful_answer(tmp_path):
    consultation, result, _ = patient({"age": "54"}, tmp_path)

    assert consultation.complete
    assert "disposition" in consultation.conclusions
    assert consultation.conclusions["next_tests"]
    assert all(answer is UNKNOWN for name, answer in consultation.answers.items() if name != "age")
    assert "What was not known, and the rules that could not be decided for it" in result
    assert f"{consultation.ruleset.facts['serum_b12'].label}: " in result
