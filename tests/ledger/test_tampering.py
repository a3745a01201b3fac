"""Whatever is altered, taken out, put in or put elsewhere in the database is found, and told where."""

from __future__ import annotations

import json
import sqlite3

import psycopg
import pytest
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

from engine.ledger import RecordAltered, ReleaseError
from tests.ledger.conftest import NOW, decided, later
from tests.ledger.tampering import flip, hands_on, rewritten

ANSWERS = {"age": 54, "b12": "140 ng/L", "symptoms": ["numbness"], "course": "stable", "allergy": "no"}
RELEASE, FIRST, SECOND, _, GONE, DELETION, LAST = range(1, 8)
COLUMNS = [
    *(("record", name) for name in ("kind", "previous", "consultation_id", "release_hash", "made_at")),
    *(("record", name) for name in ("content_hash", "hash")),
    ("content", "data"),
    *(("release", name) for name in ("hash", "ruleset_id", "version", "title", "files", "kept_at")),
]


@pytest.fixture
def chain(ledger, ruleset):
    """A ledger with a record of every kind, one of which says nothing any more."""
    kept, key = ledger.begin(ruleset, ANSWERS, NOW)
    decided(ledger, kept)
    second = decided(ledger, ledger.record(key, {"b12": "150 ng/L"}, NOW), later(minutes=1))
    ledger.override(second, "disagree", later(minutes=2), done="Tablets", text="Naïve ≥ text.")
    kept, other = ledger.begin(ruleset, {"age": 30}, NOW)
    decided(ledger, kept, later(minutes=3))
    ledger.forget(other, later(minutes=4))
    decided(ledger, ledger.begin(ruleset, {"age": 31}, NOW)[0], later(minutes=5))
    found = ledger.verify()
    assert (found.trouble, found.records, found.deleted) == (None, LAST, 1)
    return ledger


@settings(
    max_examples=200,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.filter_too_much],
)
@given(
    column=st.sampled_from(COLUMNS),
    seq=st.integers(RELEASE, LAST),
    at=st.tuples(st.integers(0, 2**16), st.integers(0, 7)),
)
@example(column=("release", "files"), seq=RELEASE, at=(5, 7))
@example(column=("content", "data"), seq=SECOND, at=(0, 0))
@example(column=("record", "kind"), seq=DELETION, at=(0, 0))
@example(column=("content", "data"), seq=DELETION, at=(9, 0))
def test_any_bit_that_is_flipped_is_found_and_told_where(chain, url, ruleset, column, seq, at):
    table, name = column
    key = ("hash", ruleset.digest) if table == "release" else ("seq", seq)
    assume(not (table == "content" and seq == GONE))
    put_back = flip(url, table, name, key, *at)
    assume(put_back is not None)

    trouble = chain.verify().trouble

    put_back()
    assert trouble is not None
    assert trouble.seq == (RELEASE if table == "release" else seq)
    assert str(trouble.seq) in trouble.message
    assert chain.verify().trouble is None


REWRITES = [
    (["DELETE FROM record WHERE seq = 3"], 3, "Record 3 is missing."),
    (["DELETE FROM record WHERE seq = 1"], 1, "Record 1 is missing."),
    (["DELETE FROM record WHERE seq IN (2, 3)"], 2, "Record 2 is missing."),
    (
        ["DELETE FROM record WHERE seq = 3", "UPDATE record SET seq = 3 WHERE seq = 4"],
        3, "Record 3 (override) is out of its place: it was recorded as number 4.",
    ),
    (
        [f"UPDATE record SET seq = {new} WHERE seq = {old}" for old, new in ((2, -3), (3, -2), (-2, 2), (-3, 3))],
        2, "Record 2 (decision) is out of its place: it was recorded as number 3.",
    ),
    (
        [f"UPDATE content SET seq = {new} WHERE seq = {old}" for old, new in ((2, -3), (3, -2), (-2, 2), (-3, 3))],
        2, "What the decision in record 2 says was altered.",
    ),
    (
        ["DELETE FROM content WHERE seq = 2"],
        2, "What the decision in record 2 says is missing, and no record says that it was deleted.",
    ),
    (
        ["INSERT INTO content SELECT 5, data FROM content WHERE seq = 2"],
        5, "What the decision in record 5 says was altered.",
    ),
    (["UPDATE record SET release_hash = NULL WHERE seq = 1"], 1, "Record 1 (release) was altered."),
    (["DELETE FROM record WHERE seq = 7"], 7, "Record 7 is missing: only what it says is there."),
    (
        ["INSERT INTO content SELECT 9, data FROM content WHERE seq = 2"],
        9, "Record 9 is missing: only what it says is there.",
    ),
    (["DELETE FROM release"], 1, "The release small 1.0 ({short}), entered as record 1, is missing."),
    (
        ["UPDATE release SET title = 'Large trial'"],
        1, "The release small 1.0 ({short}) was altered since it was entered as record 1.",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("statements", "seq", "message"), REWRITES, ids=[row[2] for row in REWRITES])
def test_what_is_taken_out_or_put_elsewhere_is_found_and_told_where(chain, url, ruleset, statements, seq, message):
    with hands_on(url) as run:
        for statement in statements:
            run(statement)

    trouble = chain.verify().trouble

    assert (trouble.seq, trouble.message) == (seq, message.format(short=ruleset.digest[:12]))


def test_what_was_deleted_and_is_put_back_is_found(ledger, url, ruleset):
    kept, key = ledger.begin(ruleset, ANSWERS, NOW)
    decision = decided(ledger, kept)
    with hands_on(url) as run:
        ((data,),) = run("SELECT data FROM content WHERE seq = 2")
        ledger.forget(key, NOW)
        run("INSERT INTO content VALUES (2, ?)", data)

    trouble = ledger.verify().trouble

    assert (trouble.seq, trouble.message) == (decision.id, "What record 2 says was deleted, and is there again.")


def test_of_several_alterations_the_first_is_told(chain, url):
    with hands_on(url) as run:
        run("DELETE FROM content WHERE seq = 2")
        run("UPDATE record SET made_at = 'yesterday' WHERE seq = 7")
        run("UPDATE record SET kind = 'decision' WHERE seq = 4")

    assert chain.verify().trouble.seq == FIRST


def test_what_a_deletion_named_is_not_blamed_where_the_deletion_was_taken_out(chain, url):
    with hands_on(url) as run:
        run("DELETE FROM content WHERE seq = 6")
        run("DELETE FROM record WHERE seq = 6")

    assert chain.verify().trouble.message == "Record 6 is missing."


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE content SET data = '{}' WHERE seq IN (2, 3, 4)",
        "UPDATE record SET made_at = 'yesterday' WHERE seq IN (2, 3, 4)",
    ],
)
def test_nothing_is_said_from_a_record_that_was_altered(chain, url, ruleset, statement):
    if "content" in statement and url.startswith("sqlite"):
        statement = statement.replace("'{}'", "CAST('{}' AS BLOB)")
    with hands_on(url) as run:
        run(statement)

    for look in (lambda: chain.decision(SECOND), chain.overrides, lambda: chain.impact(ruleset)):
        with pytest.raises(RecordAltered, match="is not as it was recorded"):
            look()


def test_a_result_whose_decision_was_altered_is_recorded_anew(ledger, url, ruleset):
    kept, _ = ledger.begin(ruleset, ANSWERS, NOW)
    decided(ledger, kept)
    with hands_on(url) as run:
        run("UPDATE record SET made_at = 'yesterday' WHERE seq = 2")

    assert decided(ledger, kept).id == 3
    assert ledger.verify().trouble.seq == 2


def test_a_chain_that_was_cut_off_is_shown_by_a_hash_noted_elsewhere(chain, url):
    noted, earlier = chain.head().hash, chain.decision(SECOND).hash
    assert chain.verify(noted).trouble is None
    with hands_on(url) as run:
        run("DELETE FROM content WHERE seq = 7")
        run("DELETE FROM record WHERE seq = 7")

    assert chain.verify().trouble is None
    assert chain.verify(earlier).trouble is None
    assert chain.verify(noted).trouble.message.startswith("No record has the hash that was noted")


def test_a_chain_that_was_written_anew_is_shown_by_a_hash_noted_elsewhere(chain, url, ruleset):
    noted = chain.decision(SECOND).hash
    with hands_on(url) as run:
        run("DELETE FROM content")
        run("DELETE FROM record")
    kept, _ = chain.begin(ruleset, ANSWERS, NOW)
    decided(chain, kept)

    assert chain.verify().trouble is None
    assert chain.verify(noted).trouble.message.startswith("No record has the hash that was noted")


def test_a_release_that_is_in_no_chain_yet_is_looked_at_too(chain, url, ruleset):
    """As an older Regimen left it: kept for a session, and not entered."""
    with hands_on(url) as run:
        run("DELETE FROM content")
        run("DELETE FROM record")
    assert chain.verify().trouble is None

    with hands_on(url) as run:
        files = "CAST(REPLACE(CAST(files AS TEXT), 'Which symptoms', 'What symptoms') AS {})"
        run(f"UPDATE release SET files = {files.format('TEXT' if url.startswith('sqlite') else 'JSON')}")

    assert "which no decision is about yet, was altered" in chain.verify().trouble.message


@pytest.mark.parametrize("place", ["7", "8"])
def test_the_database_itself_lets_no_two_records_follow_the_same_one(chain, url, place):
    copy = f"INSERT INTO record SELECT {place}, kind, previous, NULL, NULL, made_at, content_hash, 'other' FROM record"

    with hands_on(url) as run, pytest.raises((sqlite3.IntegrityError, psycopg.errors.UniqueViolation)):
        run(f"{copy} WHERE seq = 7")

    assert chain.verify().trouble is None


def test_an_empty_ledger_is_intact(ledger):
    found = ledger.verify()

    assert (found.records, found.head, found.trouble, ledger.head()) == (0, None, None, None)


def test_verifying_tells_how_far_it_is(chain, monkeypatch):
    monkeypatch.setattr("engine.ledger.verify.AT_ONCE", 3)
    told = []

    chain.verify(told=lambda done, total: told.append((done, total)))

    assert told == [(3, 7), (6, 7)]


BY_HAND = [
    ("content SET data = replace(data, '140', '141')", "What the decision in record 2 says was altered."),
    ("content SET data = 7", "What the decision in record 2 says was altered."),
    ("record SET made_at = x'ff'", "Record 2 (decision) was altered."),
    ("record SET release_hash = CAST(release_hash AS BLOB)", "Record 2 (decision) was altered."),
]  # fmt: skip


@pytest.mark.parametrize(("change", "message"), BY_HAND)
def test_what_sqlite_keeps_as_something_else_than_it_was_is_found(file, open_ledger, ruleset, change, message):
    ledger = open_ledger(f"sqlite:///{file}")
    decided(ledger, ledger.begin(ruleset, ANSWERS, NOW)[0])
    with hands_on(f"sqlite:///{file}") as run:
        run(f"UPDATE {change} WHERE seq = 2")

    assert ledger.verify().trouble.message == message
    with pytest.raises(RecordAltered):
        ledger.decision(2)


@pytest.mark.parametrize("data", [b"\xff", b"no JSON", b"[1]", b"{}", b'{"records": ["x"]}'])
@pytest.mark.parametrize(("seq", "kind"), [(RELEASE, "release"), (DELETION, "deletion")])
def test_what_nothing_can_be_read_from_is_told_although_its_hashes_fit(chain, url, seq, kind, data):
    rewritten(url, seq, data)

    trouble = chain.verify().trouble

    assert (trouble.seq, trouble.message) == (seq, f"What the {kind} in record {seq} says cannot be read.")


def test_a_release_that_an_older_regimen_entered_says_nothing_of_when_it_was_kept(chain, url):
    with hands_on(url) as run:
        ((data,),) = run("SELECT data FROM content WHERE seq = 1")
    said = json.loads(data)
    del said["kept_at"]
    rewritten(url, RELEASE, json.dumps(said).encode())

    assert chain.verify().trouble is None


def test_a_decision_that_is_no_json_is_altered_although_its_hashes_fit(chain, url):
    rewritten(url, SECOND, b"no JSON")

    with pytest.raises(RecordAltered):
        chain.decision(SECOND)


def test_a_release_whose_files_are_no_files_cannot_be_read(chain, url, ruleset, open_ledger):
    with hands_on(url) as run:
        run("UPDATE release SET files = '[1]'")

    assert chain.verify().trouble.seq == RELEASE
    with pytest.raises(ReleaseError):
        open_ledger(url).release(ruleset.digest)
