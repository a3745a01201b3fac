"""What a session came to is recorded once, as durable-rules concluded it, and stays when the session changes."""

from __future__ import annotations

import shutil
from concurrent.futures import ThreadPoolExecutor

import pytest

from engine import consult, load_ruleset
from engine.dialogue.report import report
from engine.language.load import ruleset_from_files
from engine.ledger import DecisionDeleted, NoSuchDecision, NoSuchSession, OverrideError, ReleaseError
from engine.ledger.chain import FIRST
from engine.ledger.decisions import plain
from engine.ledger.replay import replay
from tests.ledger.conftest import NOW, SMALL, decided, later

COMPLETE = {"age": 54, "b12": "140 ng/L", "symptoms": ["numbness"], "course": "stable", "allergy": "no"}
UNDECIDED = {"age": 54}


@pytest.fixture
def session(ledger, ruleset):
    return ledger.begin(ruleset, COMPLETE, NOW)


def test_a_decision_keeps_answers_as_given_with_every_change_and_all_that_was_concluded(ledger, ruleset):
    _, key = ledger.begin(ruleset, {"age": 54, "b12": "1 480 pg/mL"}, NOW)
    kept = ledger.record(key, {"b12": "140 ng/L"}, later(minutes=1))
    consultation = consult(kept.ruleset, kept.answers, kept.as_of)

    decision = ledger.decide(kept, consultation, later(minutes=2))

    assert ledger.decision(decision.id) == decision
    assert decision.report == plain(report(consultation))
    assert decision.report["ruleset"]["hash"] == decision.head.release == ruleset.digest
    assert decision.report["as_of"] == "2026-11-22"
    assert decision.said["given"] == {"age": 54, "b12": "140 ng/L"}
    assert [(each["fact"], each["value"]) for each in decision.said["changes"]] == [
        ("age", 54), ("b12", "1 480 pg/mL"), ("b12", "140 ng/L"),
    ]  # fmt: skip
    assert decision.said["engine"] == "0.1.0"
    assert decision.head.made_at == "2026-11-22T09:32:00.000000+00:00"


def test_the_same_answers_are_one_decision_and_each_change_brings_another(ledger, session):
    kept, key = session
    first = decided(ledger, kept)

    again = decided(ledger, ledger.find(key, NOW), later(minutes=1))
    changed = decided(ledger, ledger.record(key, {"symptoms": []}, NOW))
    back = decided(ledger, ledger.record(key, {"symptoms": ["numbness"]}, NOW))

    assert again == first
    assert len({first.id, changed.id, back.id}) == 3
    assert back.report == first.report


def test_threads_that_record_the_same_at_once_make_one_decision(ledger, session):
    kept, _ = session
    with ThreadPoolExecutor(6) as pool:
        found = [each.result() for each in [pool.submit(decided, ledger, kept) for _ in range(12)]]

    assert {each.hash for each in found} == {found[0].hash}
    assert ledger.verify().counts == {"release": 1, "decision": 1}


def test_a_decision_outlives_its_ruleset(url, open_ledger, tmp_path):
    folder = tmp_path / "small"
    shutil.copytree(SMALL, folder)
    decision = decided(ledger := open_ledger(url), ledger.begin(load_ruleset(folder), COMPLETE, NOW)[0])
    shutil.rmtree(folder)

    elsewhere = open_ledger(url)

    ruleset = elsewhere.release(decision.head.release)
    assert replay(elsewhere.decision(decision.id).said, ruleset).identical
    assert elsewhere.release(ruleset.digest[:10]) == ruleset


@pytest.mark.parametrize("name", ["", "0" * 12, "%", "\0", "\ud800", "a" * 100_000])
def test_a_release_that_is_not_there_is_told(ledger, session, ruleset, name):
    other = ruleset_from_files({"small/ruleset.yaml": ruleset.files["small/ruleset.yaml"].replace("1.0", "2.0")})
    ledger.begin(other, {}, NOW)

    with pytest.raises(ReleaseError, match="There is no release"):
        ledger.release(name)


def test_decisions_follow_each_other_by_their_hashes(ledger, session, ruleset):
    first = decided(ledger, session[0])
    second = decided(ledger, ledger.begin(ruleset, UNDECIDED, NOW)[0])

    # the release they are about was entered first
    assert [first.id, second.id] == [2, 3]
    assert second.head.previous == first.hash != FIRST
    assert ledger.head() == second.head
    assert ledger.verify().counts == {"release": 1, "decision": 2}


def test_an_undecided_result_is_recorded_too(ledger, ruleset):
    decision = decided(ledger, ledger.begin(ruleset, UNDECIDED, NOW)[0])

    assert decision.report["undetermined"]
    assert ledger.verify().trouble is None


def test_nothing_is_recorded_of_a_session_that_was_forgotten(ledger, session):
    kept, key = session
    ledger.forget(key, NOW)

    with pytest.raises(NoSuchSession):
        decided(ledger, kept)

    assert ledger.verify().counts == {"release": 1}


def test_what_another_session_came_to_is_not_recorded_for_this_one(ledger, session, ruleset):
    with pytest.raises(ValueError, match="no consultation of that session"):
        ledger.decide(session[0], consult(ruleset, UNDECIDED, NOW.date()), NOW)


def test_a_decision_is_found_by_its_number_and_by_the_beginning_of_its_hash(ledger, session):
    decision = decided(ledger, session[0])

    names = (decision.id, str(decision.id), decision.short, decision.hash, f" {decision.hash[:8].upper()} ")
    assert [ledger.decision(name) for name in names] == [decision] * 5


@pytest.mark.parametrize("name", ["1", "99", "0", "f" * 12, "f" * 65, "", "12ab", "%", "seventeen", "99999999"])
def test_what_names_no_decision_is_told(ledger, session, name):
    decided(ledger, session[0])

    with pytest.raises(NoSuchDecision, match="There is no decision"):
        ledger.decision(name)


def test_an_override_keeps_what_was_done_and_why_and_counts_for_the_rules_behind(ledger, session):
    decision = decided(ledger, session[0])

    override = ledger.override(decision, "not_wanted", later(hours=1), done=" Tablets ", text="Fear of needles.")

    assert ledger.overrides() == (override,)
    assert (override.decision, override.done, override.text) == (decision.id, "Tablets", "Fear of needles.")
    assert override.rules == tuple(decision.decisive_rules) != ()
    assert override.head.previous == decision.hash
    assert ledger.verify().counts == {"release": 1, "decision": 1, "override": 1}


@pytest.mark.parametrize(
    ("reason", "done", "text", "words"),
    [
        ("because", "Tablets", "", "not on the list. Choose one of: not_wanted, "),
        ("disagree", "  ", "", "What was done instead is missing"),
        ("other", "Tablets", " ", "needs words"),
        ("other", "Tablets", "x" * 2001, "at most 2000 characters"),
    ],
)
def test_an_override_that_says_too_little_or_too_much_is_not_recorded(ledger, session, reason, done, text, words):
    decision = decided(ledger, session[0])

    with pytest.raises(OverrideError, match=words):
        ledger.override(decision, reason, NOW, done=done, text=text)

    assert ledger.overrides() == ()


@pytest.mark.parametrize("how", ["forget", "purge"])
def test_what_decisions_say_goes_with_the_session_and_the_chain_still_verifies(ledger, session, ruleset, how):
    kept, key = session
    decision = decided(ledger, kept)
    ledger.override(decision, "other", NOW, done="Tablets", text="A secret reason.")
    other = ledger.begin(ruleset, UNDECIDED, later(days=50))[0]
    decided(ledger, other)

    ledger.forget(key, NOW) if how == "forget" else ledger.purge(later(days=91))

    stub = ledger.decision(decision.id)
    assert (stub.head, stub.said, stub.report) == (decision.head, None, {})
    assert ledger.overrides() == ()
    found = ledger.verify(known=decision.hash)
    assert (found.trouble, found.deleted) == (None, 2)
    assert found.counts == {"release": 1, "decision": 2, "override": 1, "deletion": 1}
    with pytest.raises(DecisionDeleted, match="gone for good"):
        ledger.override(stub, "other", NOW, done="Tablets", text="Why.")


def test_what_is_left_of_a_forgotten_decision_cannot_be_guessed_at(ledger, ruleset):
    """The same answers have another hash each time: without its salt nobody finds out what a hash stood for."""
    one, other = (decided(ledger, ledger.begin(ruleset, COMPLETE, NOW)[0]) for _ in range(2))

    assert {**one.said, "salt": ""} == {**other.said, "salt": ""}
    assert one.head.content != other.head.content


def test_a_forgotten_session_without_a_decision_leaves_no_record(ledger, session):
    ledger.forget(session[1], NOW)

    assert ledger.verify().counts == {"release": 1}
