"""The index has what the decisions say, goes with them, and can be made anew; the chain does without it."""

from __future__ import annotations

import pytest
from alembic import command

from engine import consult
from engine.ledger import Wanted, chain, index
from engine.ledger.decisions import decision_data, override_data
from engine.ledger.releases import keep_release
from tests.ledger.conftest import NOW, decided, later
from tests.ledger.tampering import hands_on

NUMB = {
    "age": 54,
    "b12": "140 ng/L",
    "symptoms": ["numbness"],
    "course": "stable",
    "allergy": "no",
    "last_dose": "2026-11-01",
}
UNDECIDED = {"age": 54}
ALL = Wanted()


def listed(ledger, wanted=ALL):
    return ledger.audits.listed(wanted, 0, 100)


def test_a_decision_is_in_the_index_as_soon_as_it_is_recorded(ledger, ruleset):
    decision = decided(ledger, ledger.begin(ruleset, NUMB, NOW)[0])
    ledger.override(decision, "not_wanted", NOW, done="Tablets")

    (found,) = listed(ledger)

    assert (found.number, found.hash, found.made_at) == (decision.id, decision.hash, NOW)
    assert (found.ruleset, found.version, found.release) == ("small", "1.0", ruleset.digest)
    assert (found.as_of, found.ending, found.overrides) == ("2026-11-22", "settled", 1)
    assert found.regimen == decision.report["regimen"]["id"]
    decisive = [rule for rule, rests in found.rules.items() if rests]
    assert sorted(decisive) == sorted(decision.decisive_rules) != []
    assert ledger.audits.stale() == ()


def test_what_is_forgotten_is_in_the_index_no_more(ledger, url, ruleset):
    _, key = ledger.begin(ruleset, NUMB, NOW)
    decided(ledger, ledger.find(key, NOW))
    kept = decided(ledger, ledger.begin(ruleset, UNDECIDED, NOW)[0])

    ledger.forget(key, NOW)

    assert [each.number for each in listed(ledger)] == [kept.id]
    with hands_on(url) as run:
        assert {seq for table in ("rule", "mistake") for (seq,) in run(f"SELECT seq FROM decision_{table}")} <= {
            kept.id
        }
    assert ledger.audits.stale() == ()


def test_the_decisions_of_an_older_regimen_are_entered_when_its_ledger_is_opened(
    url, monkeypatch, open_ledger, ruleset
):
    with monkeypatch.context() as patch:
        patch.setattr(command, "upgrade", lambda config, _, upgrade=command.upgrade: upgrade(config, "3"))
        old = open_ledger(url)
    with old._database.writing() as connection:
        keep_release(connection, ruleset, NOW)
        said = decision_data(consult(ruleset, NUMB, NOW.date()), [], NUMB)
        release = ruleset.digest
        for session in (1, 2):
            chain.append(connection, "decision", chain.salted(said), NOW, session=session, release=release)
    first = old.decision(2)
    with old._database.writing() as connection:
        chain.append(connection, "override", override_data(first, "disagree", "Tablets", "", None), NOW, session=1)

    new = open_ledger(url)

    assert [(each.number, each.overrides) for each in listed(new)] == [(3, 0), (2, 1)]
    assert (new.audits.stale(), new.verify().trouble) == ((), None)


TAMPERED = [
    ("UPDATE decision_index SET regimen = 'other' WHERE seq = 2", (2,)),
    ("UPDATE decision_index SET overrides = 7 WHERE seq = 3", (3,)),
    ("DELETE FROM decision_index WHERE seq = 3", (3,)),
    ("DELETE FROM decision_rule WHERE seq = 2", (2,)),
    ("INSERT INTO decision_mistake VALUES (3, 'made_up')", (3,)),
    ("INSERT INTO decision_rule VALUES (99, 'made_up', true)", (99,)),
]


@pytest.mark.parametrize(("statement", "stale"), TAMPERED, ids=[row[0] for row in TAMPERED])
def test_an_index_that_says_something_else_is_found_and_made_anew_and_the_chain_is_none_the_worse(
    ledger, url, ruleset, statement, stale
):
    for minute, answers in enumerate((NUMB, UNDECIDED)):
        decided(ledger, ledger.begin(ruleset, answers, NOW)[0], later(minutes=minute))
    before = listed(ledger)
    with hands_on(url) as run:
        run(statement)

    assert ledger.verify().trouble is None
    assert ledger.audits.stale() == stale
    assert ledger.audits.reindex() == 2
    assert (ledger.audits.stale(), listed(ledger)) == ((), before)


def test_a_decision_that_was_altered_is_entered_no_more(ledger, url, ruleset):
    for answers in (NUMB, UNDECIDED):
        decided(ledger, ledger.begin(ruleset, answers, NOW)[0])
    with hands_on(url) as run:
        run("UPDATE record SET made_at = 'yesterday' WHERE seq = 2")

    assert ledger.audits.stale() == (2,)
    assert ledger.audits.reindex() == 1
    assert [each.number for each in listed(ledger)] == [3]


def test_the_index_is_made_page_by_page(ledger, ruleset, monkeypatch):
    monkeypatch.setattr(index, "DECISIONS", index.DECISIONS.limit(2))
    for minute in range(5):
        decided(ledger, ledger.begin(ruleset, NUMB, NOW)[0], later(minutes=minute))

    assert ledger.audits.stale() == ()
    assert ledger.audits.reindex() == 5
    assert ledger.audits.stale() == ()
