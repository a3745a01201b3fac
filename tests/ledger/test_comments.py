"""Comments stand in the chain like overrides: in order, verified, and gone with the decision that they are on."""

from __future__ import annotations

import pytest

from engine.ledger import CommentError, DecisionDeleted, RecordAltered
from tests.ledger.conftest import NOW, decided, later
from tests.ledger.tampering import hands_on

ANSWERS = {"age": 54, "b12": "140 ng/L", "symptoms": ["numbness"], "course": "stable", "allergy": "no"}


@pytest.fixture
def session(ledger, ruleset):
    return ledger.begin(ruleset, ANSWERS, NOW)


def test_a_comment_keeps_who_said_what_and_when(ledger, session):
    decision = decided(ledger, session[0])

    comment = ledger.audits.comment(decision, " Naïve ≥ text. ", later(minutes=1), by="carol")

    assert (comment.decision, comment.text, comment.by) == (decision.id, "Naïve ≥ text.", "carol")
    assert comment.head.made_at == "2026-11-22T09:31:00.000000+00:00"
    assert comment.head.previous == decision.hash
    assert ledger.verify().counts == {"release": 1, "decision": 1, "comment": 1}


def test_remarks_are_those_of_the_decision_in_order(ledger, session):
    first = decided(ledger, session[0])
    other = decided(ledger, ledger.record(session[1], {"b12": "150 ng/L"}, NOW), later(minutes=1))
    said = ledger.audits.comment(first, "One.", NOW), ledger.override(first, "disagree", NOW, done="Tablets")
    ledger.audits.comment(other, "Of the other.", NOW)

    assert ledger.audits.remarks(first) == list(said)


@pytest.mark.parametrize(("text", "words"), [("  ", "empty"), ("x" * 2001, "at most 2000 characters")])
def test_a_comment_that_says_nothing_or_too_much_is_not_recorded(ledger, session, text, words):
    decision = decided(ledger, session[0])

    with pytest.raises(CommentError, match=words):
        ledger.audits.comment(decision, text, NOW)

    assert ledger.audits.remarks(decision) == []


def test_a_comment_goes_with_its_decision_and_none_is_taken_after(ledger, url, session):
    decision = decided(ledger, session[0])
    ledger.audits.comment(decision, "A secret.", NOW)

    ledger.forget(session[1], later(minutes=2))

    found = ledger.verify()
    assert (found.trouble, found.deleted, ledger.audits.remarks(decision)) == (None, 2, [])
    deletion = ledger.audits.deletion(ledger.decision(decision.id))
    assert (deletion.reason, deletion.head.seq) == ("forgotten", 4)
    with hands_on(url) as run:
        assert run("SELECT seq FROM content ORDER BY seq") == [(1,), (4,)]
    with pytest.raises(DecisionDeleted):
        ledger.audits.comment(decision, "Later.", NOW)


def test_a_comment_that_was_altered_is_found_and_not_told(ledger, url, session):
    decision = decided(ledger, session[0])
    ledger.audits.comment(decision, "Wrong dose.", NOW)
    with hands_on(url) as run:
        run("UPDATE content SET data = (SELECT data FROM content AS other WHERE other.seq = 2) WHERE seq = 3")

    assert ledger.verify().trouble.message == "What the comment in record 3 says was altered."
    with pytest.raises(RecordAltered):
        ledger.audits.remarks(decision)


def test_what_was_not_deleted_has_no_deletion(ledger, session):
    assert ledger.audits.deletion(decided(ledger, session[0])) is None


def test_what_no_page_can_show_is_not_recorded_and_line_ends_are(ledger, session):
    decision = decided(ledger, session[0])

    said = ledger.audits.comment(decision, " a\r\nb\x00\x1b[31m \N{RIGHT-TO-LEFT OVERRIDE}c\td\x07 ", NOW)
    done = ledger.override(decision, "other", NOW, done="Tab\x00lets", text="e\x7ff")

    assert said.text == "a\nb[31m \N{RIGHT-TO-LEFT OVERRIDE}c\td"
    assert (done.done, done.text) == ("Tablets", "ef")
