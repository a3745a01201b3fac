"""Which stored decisions would end otherwise under another version of their ruleset, and how."""

from __future__ import annotations

from engine.dialogue.consultation import Consultation
from engine.language.load import ruleset_from_files
from engine.ledger import impact, impact_runs
from engine.ledger.impact import Change
from tests.ledger.conftest import NOW, WORSE, decided

EXPECTED = {
    Change("regimen", "intensive", "standard"): (2, 5),
    Change("regimen", None, "intensive"): (4,),
    Change("cautions", "allergy", None): (4,),
}


def test_decisions_that_would_end_otherwise_are_grouped_by_from_what_to_what(ledger, decisions, other):
    found = ledger.impact(other)

    assert (found.looked_at, found.changed, found.partly_read) == (5, (2, 4, 5), ())
    assert dict(found.groups) == EXPECTED
    assert next(iter(found.groups)) == Change("regimen", "intensive", "standard")  # the most frequent first


def test_what_is_told_is_what_durable_rules_says(ledger, decisions, other, monkeypatch):
    """The reference evaluation only finds what to run again."""
    monkeypatch.setattr(Consultation, "conclusions", {})

    found = ledger.impact(other)

    assert Change("regimen", "intensive", None) in found.groups
    assert found.changed == (2, 4, 5)


def test_decisions_in_conflict_are_compared_by_both_values(ledger, ruleset):
    text = ruleset.files["small/ruleset.yaml"].replace("    overrides: [standard]\n", "")
    torn = ruleset_from_files({"small/ruleset.yaml": text})
    number = decided(ledger, ledger.begin(torn, WORSE, NOW)[0]).id

    assert ledger.impact(torn).changed == ()
    assert dict(ledger.impact(ruleset).groups) == {
        Change("regimen", ("standard", "intensive"), "intensive"): (number,),
    }


def test_under_the_same_version_all_end_the_same(ledger, decisions, ruleset):
    found = ledger.impact(ruleset)

    assert (found.looked_at, found.changed, dict(found.groups)) == (5, (), {})


def test_many_are_shared_out_among_processes_and_come_to_the_same(ledger, decisions, other, monkeypatch):
    monkeypatch.setattr(impact, "WORTH_SHARING", 1)
    monkeypatch.setattr(impact, "MOST_PROCESSES", 2)
    monkeypatch.setattr(impact, "HANDED_OUT", 1)
    monkeypatch.setattr(impact_runs, "AT_ONCE", 2)
    told = []

    found = ledger.impact(other, lambda done, total: told.append((done, total)))

    assert dict(found.groups) == EXPECTED
    assert told == [(2, 5), (4, 5), (5, 5)]


def test_what_was_deleted_is_not_looked_at(ledger, ruleset, other):
    kept, key = ledger.begin(ruleset, WORSE, NOW)
    decided(ledger, kept)
    ledger.forget(key, NOW)

    assert ledger.impact(other).looked_at == 0


def test_a_version_that_cannot_read_an_answer_says_of_which_decisions(ledger, decisions, ruleset):
    text = ruleset.files["small/ruleset.yaml"].replace(
        "{stable: Stable, worse: Getting worse}", "{worse: Getting worse}"
    )
    found = ledger.impact(ruleset_from_files({"small/ruleset.yaml": text}))

    assert found.partly_read == (3,)


def test_only_decisions_under_the_ruleset_are_looked_at(ledger, decisions, other):
    text = other.files["small/ruleset.yaml"].replace("id: small", "id: others")

    assert ledger.impact(ruleset_from_files({"others/ruleset.yaml": text})).looked_at == 0
    assert ledger.rulesets() == ("small",)
