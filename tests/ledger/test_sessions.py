"""A session is found by its link alone, keeps every change in order, and goes when it is told to."""

from __future__ import annotations

import datetime as dt
import hashlib
from decimal import Decimal

import pytest
from sqlalchemy import delete, event, select

from engine import AnswerError, consult
from engine.language.values import UNKNOWN, Quantity
from engine.ledger import NoSuchSession, SessionExpired
from engine.ledger.tables import answer, consultation, release
from tests.ledger.conftest import NOW, later

UNLIKELY = "1371.5 pmol/L"


def told(kept):
    return [(change.fact, change.value) for change in kept.history]


def test_every_answer_and_change_of_answer_is_kept_in_the_order_it_was_given(ledger, ruleset):
    _, key = ledger.begin(ruleset, {"age": 54}, NOW)
    ledger.record(key, {"symptoms": ["numbness"], "b12": "284 pg/mL"}, later(minutes=1))
    ledger.record(key, {"age": 55}, later(minutes=2))
    ledger.record(key, {"b12": None}, later(minutes=3))
    ledger.record(key, {"age": 54}, later(minutes=4))

    kept = ledger.find(key, later(days=1))

    assert told(kept) == [
        ("age", 54), ("symptoms", ["numbness"]), ("b12", "284 pg/mL"), ("age", 55), ("b12", None), ("age", 54),
    ]  # fmt: skip
    assert [change.seq for change in kept.history] == [1, 2, 3, 4, 5, 6]
    assert [change.given_at for change in kept.history] == [later(minutes=minute) for minute in (0, 1, 1, 2, 3, 4)]
    assert kept.answers == {"age": 54, "symptoms": ["numbness"]}


def test_what_an_answer_leaves_is_what_is_found_later(ledger, ruleset):
    _, key = ledger.begin(ruleset, {"age": 54}, NOW)
    elsewhere = later(minutes=1).astimezone(dt.timezone(dt.timedelta(hours=14)))

    for answers in ({"symptoms": ["numbness"], "b12": "284 pg/mL"}, {"age": 55.5}, {"b12": None, "age": 55.5}, {}):
        recorded = ledger.record(key, answers, elsewhere)

        assert recorded == ledger.find(key, elsewhere)
        assert str(recorded) == str(ledger.find(key, elsewhere))  # in the same time zone too


def test_a_session_holds_what_a_consultation_takes(ledger, ruleset):
    _, key = ledger.begin(ruleset, {}, NOW)
    answers = {"b12": "1 480 pg/mL", "age": "54", "symptoms": [], "allergy": "unknown", "last_dose": "2026-11-02"}

    kept = ledger.record(key, answers, NOW)

    assert kept.answers == answers
    assert consult(kept.ruleset, kept.answers, kept.as_of).answers == consult(ruleset, answers, NOW.date()).answers


@pytest.mark.parametrize(
    ("fact", "given",                              "kept"),
    [
        ("b12",       Quantity(Decimal("1.50"), "pmol/L"), "1.5 pmol/L"),
        ("age",       Decimal("5.4e1"),                       "54"),
        ("allergy",   UNKNOWN,                             "unknown"),
        ("symptoms",  ("balance", "numbness"),             ["balance", "numbness"]),
        ("symptoms",  {"numbness", "balance"},             ["balance", "numbness"]),
        ("last_dose", dt.date(2026, 11, 2),                "2026-11-02"),
    ],
)  # fmt: skip
def test_answers_that_were_read_already_are_kept_as_text(open_ledger, file, ruleset, fact, given, kept):
    ledger = open_ledger(f"sqlite:///{file}")

    _, key = ledger.begin(ruleset, {fact: given}, NOW)

    assert ledger.find(key, NOW).answers == {fact: kept}


def test_sending_a_form_twice_adds_nothing(ledger, ruleset):
    _, key = ledger.begin(ruleset, {}, NOW)
    form = {"age": "54", "symptoms": ["numbness"], "b12": "unknown"}
    once = ledger.record(key, form, later(minutes=1))

    twice = ledger.record(key, form, later(days=1))

    assert twice == once


@pytest.mark.parametrize(
    ("fact", "once",            "again"),
    [
        ("b12",      "1080 pmol/L",          "1,080 pmol/L"),
        ("b12",      "1080 pmol/L",          "1080.0 pmol/l"),
        ("age",      54,                     "54"),
        ("symptoms", ["balance", "numbness"], ["numbness", "balance"]),
    ],
)  # fmt: skip
def test_an_answer_written_in_another_way_is_no_change(ledger, ruleset, fact, once, again):
    _, key = ledger.begin(ruleset, {fact: once}, NOW)

    kept = ledger.record(key, {fact: again}, later(days=1))

    assert told(kept) == [(fact, once)]
    assert kept.as_of == NOW.date()


@pytest.mark.parametrize(
    ("fact",    "once",        "again"),
    [
        ("b12",     "1080 pmol/L", "1081 pmol/L"),
        ("b12",     "1080 pmol/L", "1080 ng/L"),
        ("age",     54,            None),
        ("allergy", "no",          "unknown"),
    ],
)  # fmt: skip
def test_another_answer_is_a_change_however_little_differs(ledger, ruleset, fact, once, again):
    _, key = ledger.begin(ruleset, {fact: once}, NOW)

    assert told(ledger.record(key, {fact: again}, later(days=1))) == [(fact, once), (fact, again)]


def test_a_session_knows_what_it_began_with_though_the_clock_stands_still(ledger, ruleset):
    begun, key = ledger.begin(ruleset, {"age": 54, "symptoms": []}, NOW)
    kept = ledger.record(key, {"b12": "284 pg/mL", "age": 55}, NOW)

    assert begun.begun_with == kept.begun_with == ledger.find(key, NOW).begun_with == 2
    assert told(kept)[: kept.begun_with] == [("age", 54), ("symptoms", [])]


def test_an_answer_that_the_ruleset_cannot_read_is_not_kept_and_neither_is_any_beside_it(ledger, ruleset):
    _, key = ledger.begin(ruleset, {"age": 54}, NOW)

    with pytest.raises(AnswerError) as told_so:
        ledger.record(key, {"symptoms": ["numbness"], "b12": "284", "colour": "red"}, NOW)

    assert [problem.fact for problem in told_so.value.problems] == ["b12", "colour"]
    assert ledger.find(key, NOW).answers == {"age": 54}


def test_a_session_that_cannot_begin_leaves_nothing(ledger, ruleset):
    with pytest.raises(AnswerError):
        ledger.begin(ruleset, {"age": "old"}, NOW)

    assert rows(ledger, consultation) == rows(ledger, release) == []


def test_another_process_finds_the_session_by_its_link(ledger, url, open_ledger, ruleset):
    kept, key = ledger.begin(ruleset, {"age": 54}, NOW)

    elsewhere = open_ledger(url)

    assert elsewhere.find(key, NOW) == kept
    assert elsewhere.record(key, {"age": 55}, NOW).answers == {"age": 55} == ledger.find(key, NOW).answers


@pytest.mark.parametrize("forged", ["", "x", "a" * 43, "\ud800", "' OR 1=1 --", "k\0"])
def test_a_forged_link_opens_nothing(open_ledger, file, ruleset, forged):
    ledger = open_ledger(f"sqlite:///{file}")
    ledger.begin(ruleset, {}, NOW)

    for use in (ledger.find, lambda key, now: ledger.record(key, {"age": 1}, now)):
        with pytest.raises(NoSuchSession, match="There is no session at this link"):
            use(forged, NOW)
    ledger.forget(forged, NOW)


def test_what_is_kept_of_a_link_opens_nothing(ledger, ruleset):
    _, key = ledger.begin(ruleset, {}, NOW)
    (row,) = rows(ledger, consultation)

    assert row.key_hash == hashlib.sha256(key.encode()).hexdigest()
    with pytest.raises(NoSuchSession):
        ledger.find(row.key_hash, NOW)


def test_links_cannot_be_guessed(ledger, ruleset):
    keys = {ledger.begin(ruleset, {}, NOW)[1] for _ in range(20)}

    assert len(keys) == 20
    assert min(map(len, keys)) == 43  # 256 bits


def test_the_key_of_a_link_is_not_in_the_file(open_ledger, file, ruleset):
    ledger = open_ledger(f"sqlite:///{file}")
    _, key = ledger.begin(ruleset, {"b12": UNLIKELY}, NOW)
    ledger.record(key, {"age": 54}, NOW)

    assert UNLIKELY.encode() in everything_beside(file)  # so the search can find what is there
    assert key.encode() not in everything_beside(file)


@pytest.mark.parametrize("delete", ["forget", "purge"])
def test_what_is_forgotten_or_purged_is_overwritten_in_the_file(open_ledger, file, ruleset, delete):
    ledger = open_ledger(f"sqlite:///{file}")
    _, key = ledger.begin(ruleset, {"b12": UNLIKELY}, NOW)
    for age in range(40):
        ledger.record(key, {"age": age}, NOW)

    ledger.forget(key, NOW) if delete == "forget" else ledger.purge(later(days=91))

    assert UNLIKELY.encode() not in everything_beside(file)
    assert rows(ledger, consultation) == rows(ledger, answer) == []


def test_forgetting_takes_one_session_and_may_be_asked_twice(ledger, ruleset):
    _, key = ledger.begin(ruleset, {"age": 54}, NOW)
    _, other = ledger.begin(ruleset, {"age": 60}, NOW)

    ledger.forget(key, NOW)
    ledger.forget(key, NOW)

    with pytest.raises(NoSuchSession):
        ledger.find(key, NOW)
    assert ledger.find(other, NOW).answers == {"age": 60}
    assert [row.fact for row in rows(ledger, answer)] == ["age"]


def forgotten(ledger, key):
    with ledger._database.writing() as connection:
        connection.execute(delete(consultation))


def changed(ledger, key):
    ledger.record(key, {"age": 55, "symptoms": []}, later(days=1))


@pytest.mark.parametrize("meanwhile", [forgotten, changed])
def test_a_session_is_found_as_it_was_at_one_moment(ledger, url, open_ledger, ruleset, meanwhile):
    elsewhere = open_ledger(url)
    _, key = ledger.begin(ruleset, {"age": 54}, NOW)
    before, engine, times = ledger.find(key, NOW), ledger._database.engine, []

    def after_the_first_statement(connection, cursor, statement, *_):
        if statement.startswith("SELECT") and not times:
            times.append(meanwhile(elsewhere, key))

    event.listen(engine, "after_cursor_execute", after_the_first_statement)

    assert ledger.find(key, NOW) == before
    assert times


def test_the_number_of_a_forgotten_session_is_not_given_to_another(ledger, ruleset):
    first, key = ledger.begin(ruleset, {}, NOW)
    ledger.forget(key, NOW)

    second, _ = ledger.begin(ruleset, {}, NOW)

    assert second.id > first.id


def test_a_session_expires_when_it_was_said_to(ledger, ruleset):
    _, key = ledger.begin(ruleset, {}, NOW)

    assert ledger.find(key, later(days=90, seconds=-1)).expires_at == later(days=90)
    with pytest.raises(SessionExpired, match="has expired"):
        ledger.find(key, later(days=90))
    with pytest.raises(SessionExpired):
        ledger.record(key, {"age": 54}, later(days=90))


def test_a_change_keeps_a_session_for_as_long_again_and_looking_at_it_does_not(ledger, ruleset):
    _, key = ledger.begin(ruleset, {}, NOW, days=10)

    assert ledger.record(key, {"age": 54}, later(days=3)).expires_at == later(days=13)
    assert ledger.record(key, {"age": 54}, later(days=4)).expires_at == later(days=13)
    assert ledger.find(key, later(days=5)).expires_at == later(days=13)
    assert ledger.record(key, {"age": 55}, later(days=6)).expires_at == later(days=16)


def test_purging_takes_the_expired_sessions_and_no_other(ledger, ruleset):
    ledger.begin(ruleset, {"age": 1}, NOW, days=1)
    ledger.begin(ruleset, {"age": 2}, NOW, days=2)
    _, key = ledger.begin(ruleset, {"age": 3}, NOW, days=3)

    assert ledger.purge(later(days=2)) == 2
    assert ledger.purge(later(days=2)) == 0
    assert ledger.find(key, later(days=2)).answers == {"age": 3}
    assert len(rows(ledger, answer)) == 1


def test_as_of_is_the_day_of_the_last_answer_where_it_was_given(ledger, ruleset):
    in_auckland = dt.timezone(dt.timedelta(hours=13))
    _, key = ledger.begin(ruleset, {}, NOW)
    assert ledger.find(key, later(days=5)).as_of == dt.date(2026, 11, 22)

    kept = ledger.record(key, {"age": 54}, dt.datetime(2026, 11, 25, 8, tzinfo=in_auckland))

    assert kept.as_of == dt.date(2026, 11, 25)
    assert kept.expires_at == dt.datetime(2027, 2, 22, 19, tzinfo=dt.UTC)
    assert kept.expires_at.tzinfo is dt.UTC


def test_a_time_without_a_zone_is_refused(ledger, ruleset):
    with pytest.raises(Exception, match="time zone"):
        ledger.begin(ruleset, {}, dt.datetime(2026, 11, 22))  # noqa: DTZ001


def test_the_database_knows_what_time_it_is(ledger):
    assert abs(ledger.now() - dt.datetime.now(dt.UTC)) < dt.timedelta(seconds=10)


def rows(ledger, table):
    with ledger._database.reading() as connection:
        return connection.execute(select(table)).all()


def everything_beside(file):
    return b"".join(path.read_bytes() for path in file.parent.iterdir() if path.is_file())
