"""`regimen replay` and the commands about the chain of records: what they print, and how they end."""

from __future__ import annotations

import datetime as dt
import json
import re
import shutil

import pytest

from engine import load_ruleset
from engine.ledger import Ledger
from tests.cli.test_ledger_command import SMALL, run
from tests.ledger.conftest import NOW, decided
from tests.ledger.tampering import hands_on
from tests.ledger.test_capsules import sealed

ANSWERS = {"age": 54, "b12": "140 ng/L", "symptoms": ["numbness"], "course": "worse", "allergy": "no"}


@pytest.fixture
def url(tmp_path, monkeypatch):
    """A database with one decision, number 2, as the environment names it."""
    url = f"sqlite:///{tmp_path / 'regimen.db'}"
    monkeypatch.setenv("REGIMEN_DATABASE_URL", url)
    monkeypatch.setenv("COLUMNS", "100")
    ledger = Ledger.open(url)
    # by the real clock: commands ask the database for it
    decided(ledger, ledger.begin(load_ruleset(SMALL), ANSWERS, dt.datetime.now(dt.UTC))[0])
    ledger.close()
    return url


@pytest.fixture
def capsule(url, tmp_path, monkeypatch):
    """A capsule, on a machine that has no ledger."""
    file = tmp_path / "capsule.json"
    file.write_text(run("ledger", "capsule", "2").output)
    monkeypatch.setenv("REGIMEN_DATABASE_URL", "sqlite:////nowhere/regimen.db")
    return file


@pytest.fixture
def other(tmp_path):
    """Another version of the ruleset, in which getting worse makes no difference."""
    folder = tmp_path / "other"
    shutil.copytree(SMALL, folder)
    text = (folder / "ruleset.yaml").read_text().replace("course: worse, allergy: [no", "course: worse, allergy: [yes")
    (folder / "ruleset.yaml").write_text(text.replace('version: "1.0"', 'version: "2.0"'))
    return folder


@pytest.mark.parametrize("command", [("replay", "2", "--against"), ("ledger", "verify", "--head")])
def test_nothing_in_the_place_of_a_hash_is_not_passed_over(url, command):
    """As where a script reads it from a file that is empty."""
    told = run(*command, "")

    assert (told.exit_code, told.stdout) == (2, "")


def test_a_decision_of_the_ledger_is_replayed(url):
    told = run("replay", "2")

    assert told.exit_code == 0, told.output
    assert re.fullmatch(
        r"Decision 2 \([0-9a-f]{12}\), \d{4}-\d\d-\d\d: Small trial 1\.0 \([0-9a-f]{12}\)\.\n"
        r"Replayed with the stored release: identical, 4 of 4 steps\.\n",
        told.output,
    )


def test_a_decision_is_named_by_the_beginning_of_its_hash_too(url):
    told = json.loads(run("replay", "2", "--json").output)

    assert json.loads(run("replay", told["decision"]["hash"][:12], "--json").output) == told
    assert (told["identical"], told["steps"], told["same"], told["against"]) == (True, 4, 4, None)


def test_a_capsule_is_replayed_without_a_ledger(capsule):
    told = run("replay", str(capsule))

    assert (told.exit_code, told.output.splitlines()[-1]) == (
        0, "Replayed with the stored release: identical, 4 of 4 steps.",
    )  # fmt: skip


def test_another_version_is_told_with_its_reasons(capsule, other):
    told = run("replay", str(capsule), "--against", str(other))

    assert told.exit_code == 0
    assert re.search(r"Under Small trial 2\.0 \([0-9a-f]{12}\)", told.output)
    assert "Regimen: standard course (recorded: intensive course)" in told.output
    assert "Because Standard course (standard)" in told.output
    assert "No longer because Worsening symptoms need more (intensive)" in told.output
    report = json.loads(run("replay", str(capsule), "--against", str(other), "--json").output)
    (difference,) = report["against"]["differences"]
    assert (difference["before"], difference["after"]) == (["intensive"], ["standard"])


def test_another_release_of_the_ledger_is_named_by_its_hash(url, other):
    ledger, ruleset = Ledger.open(url), load_ruleset(other)
    ledger.begin(ruleset, {}, NOW)
    ledger.close()

    told = run("replay", "2", "--against", ruleset.digest[:12].upper())

    assert "Regimen: standard course (recorded: intensive course)" in told.output
    assert run("replay", "2", "--against", "0" * 12).exit_code == 2


def test_what_another_ruleset_cannot_read_and_would_ask_is_told(url):
    told = run("replay", "2", "--against", "b12-core").output

    assert "Answers that it cannot read" in told
    assert "- symptoms: 'symptoms' is not a fact of this ruleset." in told
    assert "What it would still ask" in told


def test_steps_that_were_not_recorded_are_told_to_follow(url):
    ledger = Ledger.open(url)
    decision = ledger.decision(2)
    report = {**decision.report, "trail": decision.report["trail"][:3]}
    with ledger._database.writing() as connection:
        from engine.ledger import chain

        said = {**decision.said, "report": report}
        chain.append(connection, "decision", said, NOW, session=1, release=decision.head.release)
    ledger.close()

    told = run("replay", "3")

    assert told.exit_code == 1
    assert "3 steps came out the same, and more follow that were not recorded." in told.output


def test_the_first_step_that_differs_is_shown_with_what_was_recorded(url):
    """As after a Regimen that reasons otherwise: what was recorded is another than what follows now."""
    ledger = Ledger.open(url)
    decision = ledger.decision(2)
    report = {**decision.report, "conclusions": {}}
    report["trail"][2]["because"] = "Otherwise."
    with ledger._database.writing() as connection:
        from engine.ledger import chain

        said = {**decision.said, "engine": "0.0.9", "report": report}
        chain.append(connection, "decision", said, NOW, session=1, release=decision.head.release)
    ledger.close()

    told = run("replay", "3")

    assert told.exit_code == 1
    assert "Replayed with the stored release: step 3 of 4 is the first that differs." in told.output
    assert 'because: "Otherwise."' in told.output
    assert "Differs besides: conclusions." in told.output
    assert "Recorded by Regimen 0.0.9, replayed by 0.1.0." in told.output
    report = json.loads(run("replay", "3", "--json").output)
    assert (report["identical"], report["same"], report["first_difference"]["parts"]) == (False, 2, ["because"])
    assert report["engine"] == {"recorded": "0.0.9", "replayed": "0.1.0"}


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("7", "There is no decision '7'"),
        ("nonsense", "There is no decision 'nonsense'"),
        ("none.json", "none.json: cannot be read: No such file"),
        ("/etc", "/etc: cannot be read: Is a directory"),
        ("x" * 5000, "There is no decision 'xxx"),
        ("x" * 5000 + ".json", "x"),
    ],
)
def test_what_cannot_be_replayed_is_told(url, name, words):
    told = run("replay", name)

    assert (told.exit_code, told.output.startswith(words)) == (2, True), told.output


def test_what_a_capsule_says_does_not_reach_the_terminal_as_a_command(capsule):
    data = json.loads(capsule.read_text())
    data["decision"]["report"]["trail"][0]["title"] = "Cleared \x1b[2J \x9b2J"
    data["decision"]["report"]["\x1b[1m"] = 1
    capsule.write_text(json.dumps(sealed(data)))

    told = run("replay", str(capsule))

    assert told.exit_code == 1
    assert "Cleared" in told.output
    assert not {"\x1b", "\x9b"} & set(told.output)


def test_a_capsule_that_was_altered_is_told(capsule):
    capsule.write_text(capsule.read_text().replace('"age": 54', '"age": 55'))

    told = run("replay", str(capsule))

    assert (told.exit_code, "was altered" in told.output) == (2, True)


def test_a_ledger_that_is_intact_is_verified_and_says_what_that_shows(url):
    told = run("ledger", "verify")

    head = run("ledger", "head").output
    assert told.exit_code == 0
    assert told.output.startswith("2 records: 1 release, 1 decision.\nEvery record is as it was recorded.\n")
    assert "cut off at its end" in " ".join(told.output.split())
    assert told.output.endswith(f"Head: {head}")
    known = run("ledger", "verify", "--head", f" {head.strip().upper()} ")
    assert (known.exit_code, "The record with the hash that you noted is there." in known.output) == (0, True)


def test_what_is_not_as_it_was_recorded_is_named(url):
    with hands_on(url) as do:
        do("UPDATE content SET data = CAST(REPLACE(CAST(data AS TEXT), 'numbness', 'numbnezz') AS BLOB) WHERE seq = 2")

    told, report = run("ledger", "verify"), run("ledger", "verify", "--json")

    assert (told.exit_code, report.exit_code) == (1, 1)
    assert "What the decision in record 2 says was altered.\nRecords before it" in told.output
    assert json.loads(report.output)["trouble"] == {
        "record": 2, "message": "What the decision in record 2 says was altered.",
    }  # fmt: skip


def test_a_hash_that_is_in_no_record_is_told(url):
    told = run("ledger", "verify", "--head", "0" * 64)

    assert (told.exit_code, "No record has the hash that was noted" in told.output) == (1, True)
    assert "Records before it" not in told.output
    assert run("ledger", "verify", "--head", "3f9c2a81").exit_code == 2


def test_an_index_that_has_something_else_is_told_and_made_anew(url):
    assert "The index has what the decisions say." in run("ledger", "verify", "--index").output
    with hands_on(url) as do:
        do("DELETE FROM decision_rule WHERE seq = 2")

    assert run("ledger", "verify").exit_code == 0
    told, report = run("ledger", "verify", "--index"), run("ledger", "verify", "--index", "--json")

    assert (told.exit_code, report.exit_code) == (1, 1)
    assert "something else than 1 decision says, the first number 2." in " ".join(told.output.split())
    assert json.loads(report.output) | {"records": {}, "head": ""} == {
        "records": {}, "deleted": 0, "head": "", "trouble": None, "stale": [2],
    }  # fmt: skip
    assert run("ledger", "reindex").output == "1 decision entered.\n"
    assert run("ledger", "verify", "--index").exit_code == 0


def test_an_override_is_recorded_and_counted(url):
    done = run("ledger", "override", "2", "--reason", "not_wanted", "--done", "Tablets")

    assert (done.exit_code, done.output) == (0, "Recorded as number 3, after decision 2.\n")
    counts = json.loads(run("ledger", "overrides", "--json").output)
    assert (counts["overrides"], counts["reasons"]) == (1, {"not_wanted": 1})
    assert counts["rules"]["intensive"] == 1
    told = run("ledger", "overrides").output
    assert "1 The patient does not want it" in told
    assert "1 intensive" in told
    assert run("ledger", "override", "2", "--reason", "other", "--done", "Tablets").exit_code == 2


def test_an_empty_ledger_has_no_hash_to_note(tmp_path):
    empty = ["--database", f"sqlite:///{tmp_path}/empty.db"]

    assert run("ledger", "verify", *empty).output == "0 records.\nEvery record is as it was recorded.\n"
    assert run("ledger", "head", *empty).exit_code == 2


def test_what_is_left_of_a_deleted_decision_is_told(url):
    ledger = Ledger.open(url)
    ledger.purge(dt.datetime.now(dt.UTC) + dt.timedelta(days=91))
    ledger.close()

    assert "only the hash is left" in run("ledger", "verify").output
    for command in (["replay", "2"], ["ledger", "capsule", "2"]):
        told = run(*command)
        assert (told.exit_code, told.output.startswith("Decision 2 was deleted with its session")) == (2, True)
