"""Impact runs that are kept: what they found, which is the last, and what is seen of one that was cut off."""

from __future__ import annotations

import datetime as dt
import signal

import pytest
from sqlalchemy import func, select, update

from engine.dialogue.consultation import Consultation
from engine.ledger import DecisionDeleted, ImpactUnderWay, NoSuchImpact, RecordAltered, impact, impact_runs
from engine.ledger.audits import Wanted
from engine.ledger.decisions import plain
from engine.ledger.errors import ImpactEnded
from engine.ledger.impact import Change, Task, changes, compare
from engine.ledger.impact_results import COMPARED, Counts
from engine.ledger.tables import content, impact_result, impact_run, record
from tests.ledger.conftest import NOW, WORSE, decided
from tests.rulesets.test_b12 import GENERAL, loaded
from tests.rulesets.test_b12 import random_answer as random_answer_of


def rows(ledger, statement):
    with ledger._database.reading() as connection:
        return [tuple(row) for row in connection.execute(statement)]


def age(ledger, number, **spans):
    """Let a run have made its last progress so long ago."""
    with ledger._database.writing() as connection:
        moment = connection.execute(impact_runs.CLOCK).scalar_one() - dt.timedelta(**spans)
        connection.execute(update(impact_run).where(impact_run.c.id == number).values(last_progress_at=moment))


def test_what_a_run_found_is_kept(ledger, decisions, other):
    found = ledger.impact(other)

    run = ledger.latest_impact("small")
    assert (run.state, run.release, run.version, run.looked_at, run.total) == ("done", other.digest, "2.0", 5, 5)
    assert run.begun_at <= run.ended_at
    kept = ledger.impact_results(run)
    assert kept.counts() == Counts(same=2, differ=3, partly_read=0)
    assert {(each.label, each.decisions) for each in kept.groups()} == {
        ("Regimen: intensive course → standard course", 2), ("Regimen: no value → intensive course", 1),
        ("Cautions: no longer allergy", 1),
    }  # fmt: skip
    assert kept.groups()[0].decisions == 2  # the most frequent first
    first = kept.of_change(kept.groups()[0].number, 0, 10)
    assert [(each.seq, each.hash) for each in first] == [(n, ledger.decision(n).hash) for n in (2, 5)]
    assert [each.seq for each in kept.of_change(kept.groups()[0].number, 1, 10)] == [5]
    assert [seq for seq in range(2, 7) if ledger.differs(seq)] == list(found.changed)


def test_each_row_that_leaves_says_with_which_release(ledger, decisions, other, monkeypatch):
    monkeypatch.setattr("engine.ledger.impact_results.AT_ONCE", 2)
    ledger.impact(other)

    found = list(ledger.impact_results(ledger.latest_impact("small")).rows())

    assert {row["compared_with"] for row in found} == {other.digest}
    assert {row["made_under"] for row in found} == {ledger.decision(2).head.release}
    assert [(row["decision"], row["goal"], row["before"], row["after"]) for row in found] == [
        (2, "regimen", "intensive", "standard"),
        (3, None, None, None),
        (4, "regimen", None, "intensive"),
        (4, "cautions", "allergy", None),
        (5, "regimen", "intensive", "standard"),
        (6, None, None, None),
    ]


def test_what_differs_is_found_by_the_last_run_alone(ledger, decisions, other, ruleset):
    assert [ledger.differs(seq) for seq in (2, 3)] == [None, None]
    ledger.impact(other)
    ledger.impact(ruleset)
    assert listed(ledger, impact="differs") == []
    assert listed(ledger, impact="same") == [2, 3, 4, 5, 6]
    ledger.impact(other)
    newer = decided(ledger, ledger.begin(ruleset, WORSE, NOW)[0]).id

    assert listed(ledger, impact="differs") == [2, 4, 5]
    assert listed(ledger, impact="same") == [3, 6]
    assert listed(ledger, impact="not_compared") == [newer]
    assert listed(ledger, impact="differs", ruleset="others") == []
    last = ledger.latest_impact("small").id
    assert sorted(rows(ledger, COMPARED)) == [(seq, seq in (2, 4, 5), last) for seq in range(2, 7)]
    assert ledger.differs(newer) is None


def listed(ledger, **wanted):
    """The numbers of the decisions that an auditor would see in the list."""
    return [each.number for each in ledger.audits.listed(Wanted(**wanted, descending=False), 0, 50)]


def test_a_run_that_is_not_done_counts_for_nothing(ledger, decisions, other):
    begun, new = ledger.impacts.begin(other)

    assert (new, begun.state, begun.looked_at) == (True, "running", 0)
    assert ledger.latest_impact("small") is None
    assert ledger.differs(2) is None


def test_there_is_one_run_of_a_ruleset_at_a_time(ledger, decisions, other, ruleset):
    begun, _ = ledger.impacts.begin(other)

    assert ledger.impacts.begin(ruleset) == (begun, False)
    with pytest.raises(ImpactUnderWay, match=f"run {begun.id} over these decisions is under way, 0 of 0 done"):
        ledger.impact(other)
    ledger.impacts.run(begun.id)
    assert ledger.impacts.begin(ruleset)[1]


def test_a_run_without_progress_is_seen_as_cut_off_and_another_can_be_begun(ledger, decisions, other):
    begun, _ = ledger.impacts.begin(other)
    age(ledger, begun.id, minutes=1)
    assert ledger.impacts.find(begun.id).state == "running"
    age(ledger, begun.id, minutes=3)

    seen = ledger.impacts.find(begun.id)
    assert (seen.state, seen.reason) == ("failed", impact_runs.CUT_OFF)
    again, new = ledger.impacts.begin(other)
    assert (new, again.id) == (True, begun.id + 1)
    with pytest.raises(ImpactEnded):
        ledger.impacts.run(begun.id)  # what was taken for cut off has nothing to say any more
    assert ledger.impacts.find(begun.id).reason == impact_runs.CUT_OFF
    ledger.impacts.run(again.id)
    assert ledger.latest_impact("small").id == again.id


def test_a_run_that_was_killed_is_seen_as_cut_off(url, ledger, decisions, other, start):
    process = start("impact", url, *other.files.values())
    assert process.stdout.readline() == "2 of 5\n"
    process.kill()
    assert process.wait(30) == -signal.SIGKILL
    (run,) = ledger.impacts.all()
    assert (run.state, run.looked_at) == ("running", 2)
    age(ledger, run.id, minutes=3)

    assert ledger.impacts.find(run.id).state == "failed"
    assert ledger.latest_impact("small") is None
    assert ledger.impact(other).looked_at == 5


def test_results_go_with_what_the_decision_says(ledger, ruleset, other):
    kept, key = ledger.begin(ruleset, WORSE, NOW)
    number = decided(ledger, kept).id
    ledger.impact(other)
    assert ledger.differs(number) is True

    ledger.forget(key, NOW)

    assert rows(ledger, select(impact_result)) == []
    assert ledger.differs(number) is None
    run = ledger.latest_impact("small")
    assert (run.looked_at, ledger.impact_results(run).counts()) == (1, Counts(0, 0, 0))


def test_a_decision_that_is_forgotten_while_the_run_goes_on_leaves_nothing(ledger, ruleset, other, monkeypatch):
    kept, key = ledger.begin(ruleset, WORSE, NOW)
    number = decided(ledger, kept).id

    def forgetting(*given):
        for batch in compare(*given):
            ledger.forget(key, NOW)
            yield batch

    monkeypatch.setattr(impact_runs, "compare", forgetting)
    assert ledger.impact(other).changed == (number,)

    assert ledger.latest_impact("small").looked_at == 1
    assert rows(ledger, select(impact_result)) == []
    with pytest.raises(DecisionDeleted):
        ledger.override(ledger.decision(number), "disagree", NOW, done="Nothing")


def test_a_run_over_a_record_that_was_altered_fails_and_says_so(ledger, decisions, other):
    with ledger._database.writing() as connection:
        connection.execute(update(content).where(content.c.seq == 3).values(data=b"{}"))

    with pytest.raises(RecordAltered):
        ledger.impact(other)

    (run,) = ledger.impacts.all()
    assert (run.state, run.ended_at is None) == ("failed", False)
    assert "Record 3 is not as it was recorded" in run.reason


def test_a_run_that_meets_a_fault_of_ours_does_not_pass_for_one_that_goes_on(ledger, decisions, other, monkeypatch):
    monkeypatch.setattr(impact_runs, "say_change", lambda *_: 1 / 0)

    with pytest.raises(ZeroDivisionError):
        ledger.impact(other)

    assert [(run.state, run.reason) for run in ledger.impacts.all()] == [("failed", impact_runs.FAULT)]


def test_of_old_runs_nothing_is_kept(ledger, decisions, other, monkeypatch):
    monkeypatch.setattr(impact_runs, "KEPT", 2)
    for _ in range(3):
        ledger.impact(other)

    assert [run.id for run in ledger.impacts.all()] == [3, 2]
    assert rows(ledger, select(func.min(impact_result.c.run_id))) == [(2,)]
    with pytest.raises(NoSuchImpact, match="There is no impact run 1"):
        ledger.impacts.find(1)


def test_comparing_adds_nothing_to_the_chain_and_keeps_the_release(ledger, decisions, other):
    before = ledger.head()
    ledger.impact(other)

    assert ledger.head() == before
    assert ledger.verify().trouble is None
    assert ledger.release(other.digest).version == "2.0"
    decided(ledger, ledger.begin(other, WORSE, NOW)[0])
    assert ledger.verify().counts == {"release": 2, "decision": 6}
    theirs = select(record.c.kind).where(record.c.release_hash == other.digest).order_by(record.c.seq)
    assert rows(ledger, theirs) == [("release",), ("decision",)]


def test_where_durable_rules_says_otherwise_every_decision_with_the_change_is_run_on_it(other, monkeypatch):
    """The first are confirmed; after the first that is not, none is left to the reference evaluation."""
    runs = []

    def conclusions(consultation):
        runs.append(consultation)
        return {"regimen": "intensive"} if len(runs) == 2 else {"regimen": "standard"}

    monkeypatch.setattr(impact, "CONFIRMED", 3)
    monkeypatch.setattr(Consultation, "conclusions", property(conclusions))
    tasks = [Task(n, {**WORSE, "age": n}, "2026-11-22", {"regimen": "intensive"}) for n in range(20, 30)]

    (found,) = compare(other, [tasks], len(tasks))

    assert len(runs) == 10
    change = Change("regimen", "intensive", "standard")
    assert [each.changes for each in found] == [(change,), (), *[(change,)] * 8]


def test_what_is_not_run_on_durable_rules_would_come_to_the_same():
    """Random patients of a large ruleset, each compared with its own run."""
    import random

    ruleset = loaded(GENERAL)
    tasks = []
    for number in range(60):
        rng = random.Random(f"impact {number}")
        given = {fact.id: random_answer_of(rng, GENERAL, fact, 0.1) for fact in ruleset.inputs}
        tasks.append(Task(number, plain(given), "2026-11-22", {"regimen": "no_such"}))

    (found,) = compare(ruleset, [tasks], len(tasks))

    for task, each in zip(tasks, found, strict=True):
        run = impact.consulted(ruleset, task)[0]
        ends = plain({**run.conclusions, **run.conflicts})
        assert each.changes == tuple(changes(ruleset, task.ends, ends))


def test_answers_that_are_the_same_are_compared_once(other, monkeypatch):
    looked_at = []
    reference = impact._ends_by_reference
    monkeypatch.setattr(impact, "_ends_by_reference", lambda ended: looked_at.append(ended) or reference(ended))
    tasks = [Task(n, WORSE, "2026-11-22", {"regimen": "intensive"}) for n in range(4)]
    tasks += [Task(4, WORSE, "2026-11-22", {"regimen": "standard"})]  # the same answers, another end

    found = [each for batch in compare(other, [tasks[:2], tasks[2:]], 5) for each in batch]

    assert len(looked_at) == 2
    change = Change("regimen", "intensive", "standard")
    assert [change in each.changes for each in found] == [True] * 4 + [False]
