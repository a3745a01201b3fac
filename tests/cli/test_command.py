"""The command: results on standard output, problems on standard error, the exit status of the contract."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

import engine
from engine.cli import main

SMALL = str(Path(__file__).parents[1] / "corpora" / "small")
COMPLETE = "age: 54\nb12: 120 ng/L\nsymptoms: [numbness]\ncourse: worse\nallergy: no\nlast_dose: unknown\n"


def run(*words: str, answers: str | bytes | None = None):
    return CliRunner().invoke(main, list(words), input=answers)


def evaluate(answers: str | bytes, *words: str):
    return run("evaluate", SMALL, "--answers", "-", *words, answers=answers)


def test_it_runs_as_a_program_of_its_own():
    command = [
        sys.executable,
        "-c",
        "from engine.cli import main; main()",
        "evaluate",
        SMALL,
        "--answers",
        "-",
        "--json",
    ]
    done = subprocess.run(command, input=COMPLETE, capture_output=True, text=True, check=False)

    assert done.returncode == 1  # whether the dose is overdue is not known
    assert json.loads(done.stdout)["conclusions"]["regimen"] == "intensive"


def test_a_decided_case_ends_with_0():
    done = evaluate(COMPLETE.replace("last_dose: unknown", "last_dose: 2026-01-01"), "--as-of", "2026-02-01", "--json")

    assert done.exit_code == 0
    assert json.loads(done.stdout)["undetermined"] == []
    assert json.loads(done.stdout)["as_of"] == "2026-02-01"


def test_an_undecided_goal_ends_with_1_and_says_what_is_missing():
    done = evaluate("age: 54\n")

    assert done.exit_code == 1
    assert "Not enough is known to say" in done.stdout
    assert "Which symptoms?" in done.stdout


def test_a_formula_that_needs_a_date_is_told_apart():
    assert "--as-of" in evaluate(COMPLETE).stderr
    assert "--as-of" not in evaluate(COMPLETE, "--as-of", "2026-02-01").stderr


@pytest.mark.parametrize(
    ("answers", "where", "words"),
    [
        ("b12: 120\n", "standard input:1:6: b12:", "lacks its unit"),
        ("age: 54\ncolour: red\n", "standard input:2:1: colour:", "is not a fact"),
        ("age: [54]\n", "standard input:1:1: age:", "one value, not a list"),
        ("age: 1e400\n", "standard input:1:6: age:", ""),
        ("age: 54\nage: 55\n", "standard input:2:1:", "stands twice"),
        ("- age\n", "standard input:1:1:", "no answers file"),
        ('{"age": 54, "b12": null}', "b12:", "has no value"),
        ('{"age": 54,', "standard input:", "JSON"),
        (b"\xff\xfe", "standard input:1:1:", "UTF-8"),
        ("a" * (1024 * 1024 + 1), "standard input:1:1:", "1 MiB"),
    ],
)
def test_bad_answers_are_told_in_place_with_exit_status_2(answers, where, words):
    done = evaluate(answers)

    assert done.exit_code == 2
    assert done.stdout == ""
    assert where in done.stderr
    assert words in done.stderr


def test_all_bad_answers_are_told_at_once():
    assert len(evaluate("age: 0,5\nb12: <150 ng/L\nsymptoms: numbness\n").stderr.splitlines()) == 3


@pytest.mark.parametrize(
    "answers", [COMPLETE, json.dumps({"age": 54, "b12": "120 ng/L"}), "{age: 54, b12: 120 ng/L}", ""]
)
def test_answers_are_yaml_or_json(answers):
    assert evaluate(answers).exit_code in {0, 1}


def test_a_missing_file_is_told(tmp_path):
    done = run("evaluate", SMALL, "--answers", str(tmp_path / "none.yaml"))

    assert done.exit_code == 2
    assert "cannot be read" in done.stderr


def test_a_ruleset_that_is_not_there_is_told():
    done = run("evaluate", "b12-generl", "--answers", "-", answers="{}")

    assert done.exit_code == 2
    assert "no ruleset 'b12-generl'" in done.stderr


def test_a_broken_ruleset_tells_every_problem(tmp_path):
    (tmp_path / "ruleset.yaml").write_text("id: x\ntitle: X\nversion: '1'\ngoals: [a]\nfactz: {}\nrules: 3\n")
    done = run("check", str(tmp_path))

    assert done.exit_code == 2
    assert len(done.stderr.splitlines()) == 3
    assert f"{tmp_path / 'ruleset.yaml'}:5:1: 'factz' is not a key" in done.stderr


@pytest.mark.parametrize("date", ["22/11/2026", "2026-02-30", "today"])
def test_a_date_that_is_none_is_told(date):
    done = evaluate("{}", "--as-of", date)

    assert done.exit_code == 2
    assert "2026-11-22" in done.stderr


def test_next_asks_one_question_and_ends_with_0():
    data = json.loads(run("next", SMALL, "--answers", "-", "--as-of", "2026-02-01", "--json", answers="{}").stdout)

    assert data["question"]["fact"] == "age"
    assert data["open"] == ["age", "symptoms", "allergy", "b12"]
    assert data["at_most"] == 6


def test_next_says_why_it_asks():
    done = run("next", SMALL, "--answers", "-", answers="{age: 17, symptoms: [balance], course: stable, allergy: no}")

    assert done.exit_code == 0
    assert "Why: The level tells whether there is a deficiency." in done.stdout
    assert "At most 1 more question" in done.stdout


def test_next_with_nothing_left_ends_with_0():
    done = run("next", SMALL, "--answers", "-", "--json", answers=COMPLETE)

    assert done.exit_code == 0
    assert json.loads(done.stdout) == {"question": None, "open": [], "at_most": 0}


TINY = """
id: tiny
title: Tiny
version: "1"
goals: [treat]
facts:
  age: {label: Age, ask: How old?, type: number, unit: years, range: [0, 130], required: true}
  treat: {label: Treatment, derived: true, type: yes_no, otherwise: no}
rules:
  - {id: adult, title: Adults, when: {age: {at_least: 18 years}}, then: {treat: yes}, because: "{age}."}
cases:
  - {id: child, title: A child, answers: {age: 17}, expect: {treat: no}}
  - {id: adult, title: An adult, answers: {age: 18}, expect: {treat: yes}}
properties:
  - {id: no-child, title: No child is treated, whenever: {age: {below: 18 years}}, never: {treat: yes}}
"""
SLIP = TINY.replace("when: {age: {at_least: 18 years}}", "when: {age: {at_least: 17 years}}")


def checked(folder, text, *words):
    (folder / "ruleset.yaml").write_text(text)
    return run("check", str(folder), *words)


def test_check_says_what_holds_where_there_is_nothing_to_mend(tmp_path):
    done = checked(tmp_path, TINY)

    assert done.exit_code == 0
    assert "Cases: 2 of 2 pass.\n  Properties: 1 of 1 hold for every patient.\n  Nothing to mend." in done.stdout


def test_check_tells_findings_by_kind_with_place_name_and_witness(tmp_path):
    done = checked(tmp_path, SLIP)
    said = " ".join(done.stdout.split())

    assert done.exit_code == 1
    assert "Cases that fail (1)" in said
    assert f"At {tmp_path / 'ruleset.yaml'}:15:10. To accept it: broken_property: no-child" in said
    assert "Answers that show it: {age: 17}" in said
    assert "Properties: 0 of 1 hold for every patient." in said


def test_the_json_of_check_is_that_of_the_contract(tmp_path):
    data = json.loads(checked(tmp_path, SLIP, "--json").stdout)
    broken = next(finding for finding in data["findings"] if finding["kind"] == "broken_property")

    assert set(data) == {"ruleset", "findings", "cases"}
    assert list(broken) == ["kind", "message", "at", "facts", "rules", "witness", "accepted"]
    assert broken["witness"] == {"answers": {"age": 17}}
    assert data["cases"] == {"passed": 1, "failed": 1}


def test_a_witness_is_a_file_of_answers_with_the_date_to_evaluate_at(tmp_path):
    """As `--json` prints it: commands that take answers open it."""
    (tmp_path / "ruleset.yaml").write_text(DATED, "utf-8")
    findings = json.loads(run("check", str(tmp_path), "--json").stdout)["findings"]
    witness = next(each["witness"] for each in findings if each["kind"] == "broken_property")

    done = run("evaluate", str(tmp_path), "--answers", "-", "--json", answers=json.dumps(witness))
    said = json.loads(done.stdout)

    assert done.stderr == ""
    assert said["as_of"] == witness["as_of"]
    assert said["conclusions"]["due"] == "yes"


DATED = """
id: dated
title: Something that falls due
version: "1"
goals: [due]
facts:
  last: {type: date, label: Last time, ask: When was the last time?, required: true}
  since: {type: number, unit: days, label: Time since, formula: as_of - last}
  due: {type: yes_no, label: Due, derived: true, otherwise: no}
rules:
  - {id: late, title: Late, when: {since: {above: 30 days}}, then: {due: yes}, because: "{since}."}
properties:
  - {id: never-due, title: It is never due, never: {due: yes}}
"""


def test_a_rule_that_no_case_tests_comes_with_answers_to_make_a_case_of(tmp_path):
    without = TINY.replace("  - {id: adult, title: An adult, answers: {age: 18}, expect: {treat: yes}}\n", "")
    found = json.loads(checked(tmp_path, without, "--json").stdout)["findings"]
    (untested,) = (finding for finding in found if finding["kind"] == "untested_rule")

    consulted = engine.consult(engine.load_ruleset(tmp_path), untested["witness"]["answers"])
    assert "adult" in consulted.run.applies


def test_an_accept_entry_that_nothing_answers_to_is_a_finding(tmp_path):
    done = checked(tmp_path, TINY + "accept: [{finding: 'dead_rule: adult', reason: We like it}]\n", "--json")
    (finding,) = json.loads(done.stdout)["findings"]

    assert done.exit_code == 1
    assert (finding["kind"], finding["at"]) == ("stale_accept", f"{tmp_path / 'ruleset.yaml'}:16:20")


def test_check_runs_the_cases():
    assert json.loads(run("check", SMALL, "--json").stdout)["cases"] == {"passed": 2, "failed": 0}


def test_a_failed_case_is_a_finding_with_its_place_and_a_witness(tmp_path):
    text = (Path(SMALL) / "ruleset.yaml").read_text().replace("expect: {route: oral}", "expect: {route: injection}")
    (tmp_path / "ruleset.yaml").write_text(text)
    done = run("check", str(tmp_path), "--json")
    finding = json.loads(done.stdout)["findings"][0]

    assert done.exit_code == 1
    assert finding["kind"] == "failed_case"
    assert finding["at"].startswith(f"{tmp_path / 'ruleset.yaml'}:")
    assert finding["message"].startswith(
        "case 'edge' (At the cut-off in pmol/L): expected that route is injection, but"
    )
    assert finding["witness"]["answers"] == {"b12": "133 pmol/L", "symptoms": ["numbness"]}


def test_an_accepted_finding_is_told_apart_and_lets_check_pass(tmp_path):
    names = ("failed_case: child", "broken_property: no-child", "untested_boundary: age below 17years")
    entries = "".join(f"  - {{finding: '{name}', reason: being discussed}}\n" for name in names)
    text = SLIP + "accept:\n" + entries
    done = checked(tmp_path, text, "--json")
    found = {finding["kind"]: finding["accepted"] for finding in json.loads(done.stdout)["findings"]}

    assert found["failed_case"] == "being discussed"
    assert "Accepted by the authors" in checked(tmp_path, text).stdout
    assert done.exit_code == 0


def test_rules_reads_the_whole_ruleset_aloud():
    done = run("rules", SMALL)

    assert done.exit_code == 0
    for words in (
        "serum B12 is below 180 ng/L (133 pmol/L)",
        "Takes the place of: Standard course.",
        "Which symptoms?",
    ):
        assert words in done.stdout


def test_schema_prints_a_json_schema():
    assert json.loads(run("schema").stdout)["$schema"].startswith("https://json-schema.org/")


def test_every_command_has_help():
    for name, command in main.commands.items():
        assert command.help, name
        assert run(name, "--help").exit_code == 0


MADE_UP = str(Path(__file__).parents[1] / "webui" / "rulesets" / "injections")
NUMB = "age: 54\nsex: male\nnumbness: yes\nserum: 140 ng/L\nhabits: [cold]\nlast: 2026-08-01\n"


def told(answers, ruleset=MADE_UP, *, command="evaluate", as_of="2026-11-22"):
    """What a command prints for people, in one line."""
    done = run(command, ruleset, "--answers", "-", "--as-of", as_of, answers=answers)
    return " ".join(done.stdout.split())


@pytest.mark.parametrize("command", ["evaluate", "next"])
def test_an_emergency_is_told_before_everything_else(command):
    said = told(NUMB.replace("[cold]", "[alone]"), command=command)

    assert said.startswith("EMERGENCY. Urgency: emergency (get help now) Habits: injects alone. Call somebody today.")
    assert not told(NUMB, command=command).startswith("EMERGENCY")


@pytest.mark.parametrize(
    "words",
    [
        (
            "Because Low level: yes (step 2); Numbness: yes (answered); Age: 54 years (answered). "
            "So Regimen: intensive injections."
        ),
        "The date of this evaluation: 22 November 2026 (given)",
        "[outranked by “A low level with numbness calls for intensive injections”]",
        (
            "The serum vitamin is 140 ng/L. Because Serum vitamin: 140 ng/L (answered). So Low level: yes. "
            "Source: A paper on made-up injections, Table 1 (strong recommendation)."
        ),
        "So Mistakes: injected cold. Harm: It hurts. Remedy: Warm it in the hand first. No source cited.",
        "Urgency: routine, unless a rule says otherwise",
        (
            "Loading: 1000 mcg, IM, every 2 days, until no further improvement, review after 3 weeks "
            "Maintenance: 1000 mcg, IM, every 2 months, ongoing As the protocol says: review after."
        ),
    ],
)
def test_a_trail_is_told_in_the_words_of_the_site(words):
    assert words in told(NUMB)


def test_a_strength_is_told_also_where_no_source_is_cited():
    assert "No source cited (usual practice, not settled)." in told(NUMB.replace("[cold]", "[alone]"))


def test_a_step_that_is_held_back_names_what_it_waits_for():
    said = told("age: 54\nsex: male\nserum: 140 ng/L\n")

    waits = "So nothing is concluded from it. It waits until it is known that this does not hold: "
    assert f"{waits}“A low level with numbness calls for intensive injections”." in said


def test_a_goal_that_is_settled_in_part_is_marked():
    assert "Mistakes: injected cold (so far)" in told(NUMB.replace("2026-08-01", "unknown"))
    assert "(so far)" not in told(NUMB)


def test_an_open_goal_names_only_the_unknown_answers_that_it_depends_on():
    said = told("age: 54\nsex: male\nnumbness: no\nserum: unknown\nhabits: []\nlast: unknown\n")

    assert "Regimen It depends on what was answered “I do not know”: Serum vitamin. " in said
    assert "Mistakes It depends on what was answered “I do not know”: Last injection. " in said


def test_what_was_not_known_is_told_with_the_rules_that_it_silenced_also_where_all_is_settled():
    said = told(COMPLETE.replace("b12: 120 ng/L", "b12: unknown").replace("last_dose: unknown", ""), SMALL)
    assert (
        "What was not known Serum B12: not known, so 4 rules could not be applied: “The level is low”; “Symptoms need "
        "injection”; “Standard course”; “Worsening symptoms need more”."
    ) in said

    settled = COMPLETE.replace("last_dose: unknown", "last_dose: 2026-01-01").replace("allergy: no", "allergy: unknown")
    said = told(settled, SMALL)
    assert "Allergy: not known, and no rule needs it." in said


def test_rules_tells_glossary_notes_and_how_many_rules_use_an_answer():
    said = " ".join(run("rules", MADE_UP).stdout.split())

    assert "What the words mean loading: The first weeks of treatment" in said
    assert "For clinicians: Total and not active vitamin. Used by 2 rules." in said
    assert "Used by 0 rules." in said
    assert "After that: 1000 mcg, every month As the protocol says: route, how long, review after." in said
    assert "When habits include injects alone: Urgency: emergency (get help now)." in said


def test_next_tells_the_note_for_clinicians():
    said = told("age: 54\nsex: male\nnumbness: no\nhabits: []\nlast: unknown\n", command="next")

    assert "For clinicians: Total and not active vitamin." in said


@pytest.mark.parametrize(
    ("shell", "status", "words"),
    [
        ("{regimen} rules b12-general | head -1; exit ${{PIPESTATUS[0]}}", 0, ""),
        ("{regimen} rules b12-general > /dev/full", 2, "cannot be written"),
        ("{regimen} next b12-general --answers - --json < /dev/null > /dev/full", 2, "cannot be written"),
        ("{regimen} evaluate b12-general --answers - <&-", 2, "Standard input is closed"),
        ("{regimen} rules b12-general >&-", 2, "Standard output is closed"),
    ],
)
def test_streams_that_close_or_are_full_are_told_in_one_line(shell, status, words):
    program = f"{shlex.quote(sys.executable)} -c 'from engine.cli import main; main()'"
    root = Path(__file__).parents[2]
    command = ["bash", "-c", shell.format(regimen=program)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=root)

    assert done.returncode == status
    assert words in done.stderr
    assert "Traceback" not in done.stderr
