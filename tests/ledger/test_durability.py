"""What was confirmed stays, whoever is killed, and however many write or start at once."""

from __future__ import annotations

import random
import signal
import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import insert, select, text

from engine.ledger import DatabaseError, Ledger, database
from engine.ledger.database import open_database
from engine.ledger.ledger import _append, _hash
from engine.ledger.tables import answer, consultation, metadata, release
from tests.conftest import ON_POSTGRES
from tests.ledger.conftest import NOW, decided, later

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("moment", range(5))
def test_a_killed_process_loses_nothing_that_was_confirmed(url, start, open_ledger, moment):
    process = start("on", url)
    key = process.stdout.readline().strip()
    threading.Timer(random.Random(moment).uniform(0, 0.4), process.kill).start()
    confirmed = process.stdout.read().split()
    assert process.wait() == -signal.SIGKILL, process.stderr.read()

    kept = open_ledger(url).find(key, NOW)

    numbers = [int(change.value.split()[0]) for change in kept.history]
    assert numbers == list(range(1, len(numbers) + 1))
    # of the one that was under way nobody knows
    assert len(numbers) - len(confirmed) in (0, 1)
    assert is_whole(url)


def test_a_process_killed_before_it_confirms_leaves_the_answers_as_they_were(url, start, open_ledger):
    process = start("half", url)
    key, confirmed = process.stdout.read().split()
    assert process.wait() == -signal.SIGKILL, process.stderr.read()

    ledger = open_ledger(url)

    assert confirmed == "1"
    assert ledger.find(key, NOW).answers == {"b12": "1 ng/L"}
    assert ledger.record(key, {"age": 54}, NOW).answers == {"b12": "1 ng/L", "age": 54}
    assert is_whole(url)


def test_two_processes_that_write_to_one_session_lose_no_answer(url, start, open_ledger, ruleset):
    ledger = open_ledger(url)
    _, key = ledger.begin(ruleset, {}, NOW)

    writers = [start("fifty", url, key, fact) for fact in ("age", "b12")]
    assert [(each.wait(60), each.stderr.read()) for each in writers] == [(0, ""), (0, "")]

    history = ledger.find(key, NOW).history
    assert [change.seq for change in history] == list(range(1, 101))
    assert [change.value for change in history if change.fact == "age"] == list(range(1, 51))
    assert [change.value for change in history if change.fact == "b12"] == [f"{n} ng/L" for n in range(1, 51)]


def test_threads_share_a_ledger_and_lose_no_answer(ledger, ruleset):
    _, key = ledger.begin(ruleset, {}, NOW)

    def write(fact):
        for number in range(1, 21):
            ledger.record(key, {fact: number if fact == "age" else f"{number} ng/L"}, NOW)

    threads = [threading.Thread(target=write, args=[fact]) for fact in ("age", "b12", "age", "b12")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    kept = ledger.find(key, NOW)
    assert kept.answers == {"age": 20, "b12": "20 ng/L"}
    assert [change.seq for change in kept.history] == list(range(1, len(kept.history) + 1))


def test_processes_that_start_at_once_make_the_tables_once(url, start, open_ledger, ruleset):
    processes = [start("opening", url) for _ in range(4)]
    assert [each.stdout.readline() for each in processes] == ["ready\n"] * 4
    for each in processes:
        each.stdin.write("go\n")
        each.stdin.flush()

    assert [(each.wait(60), each.stderr.read()) for each in processes] == [(0, "")] * 4
    assert open_ledger(url).begin(ruleset, {"age": 54}, NOW)[0].answers == {"age": 54}


@pytest.mark.parametrize("where", [ON_POSTGRES])
def test_on_postgresql_one_process_at_a_time_makes_the_tables(where, monkeypatch, postgres_url):
    monkeypatch.setattr(database, "BUSY_SECONDS", 2)
    other = database.open_database(postgres_url)

    with other.writing() as connection:
        connection.execute(text(f"SELECT pg_advisory_xact_lock({database.MIGRATING})"))
        with pytest.raises(DatabaseError, match="is busy"):
            Ledger.open(postgres_url)
    other.engine.dispose()

    Ledger.open(postgres_url).close()


def test_threads_that_start_at_once_make_the_tables_once(url):
    with ThreadPoolExecutor(6) as pool:
        for each in [pool.submit(Ledger.open, url) for _ in range(6)]:
            each.result().close()


def test_the_migrations_make_the_tables_that_the_code_uses(ledger):
    with ledger._database.reading() as connection:
        assert compare_metadata(MigrationContext.configure(connection, opts={"compare_type": True}), metadata) == []


def test_sessions_of_an_older_regimen_are_gone_on_with(url, monkeypatch, open_ledger, ruleset):
    with monkeypatch.context() as patch:
        patch.setattr(command, "upgrade", lambda config, _, upgrade=command.upgrade: upgrade(config, "1"))
        old = open_ledger(url)
    with old._database.writing() as connection:
        row = {"hash": ruleset.digest, "ruleset_id": ruleset.id, "version": ruleset.version, "title": ruleset.title}
        connection.execute(insert(release).values(**row, files=dict(ruleset.files), kept_at=NOW))
        for number, answers in ((1, 0), (2, 2)):
            row = {"id": number, "key_hash": _hash(f"key {number}"), "release_hash": ruleset.digest}
            row |= {"as_of": NOW.date(), "begun_at": NOW, "changed_at": NOW, "expires_at": later(days=9)}
            connection.execute(insert(consultation).values(row))
            _append(connection, number, 0, dict([("age", 54), ("symptoms", [])][:answers]), NOW)
            _append(connection, number, answers, {"allergy": "no"}, later(minutes=1))

    new = open_ledger(url)

    assert [new.find(f"key {number}", NOW).begun_with for number in (1, 2)] == [0, 2]
    kept = new.record("key 2", {"age": 55}, NOW)
    assert kept.answers == {"age": 55, "symptoms": [], "allergy": "no"}
    assert decided(new, kept).head.seq == 2
    assert (new.verify().trouble, new.verify().counts) == (None, {"release": 1, "decision": 1})


def test_the_answers_of_a_session_go_with_it_by_the_database_itself(ledger, ruleset):
    ledger.begin(ruleset, {"age": 54}, NOW)

    with ledger._database.writing() as connection:
        connection.execute(text("DELETE FROM consultation"))

    with ledger._database.reading() as connection:
        assert connection.execute(select(answer)).all() == []


def test_a_database_of_a_newer_regimen_is_left_alone(url, open_ledger):
    ledger = open_ledger(url)
    with ledger._database.writing() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '999'"))

    with pytest.raises(DatabaseError, match="made by a newer Regimen"):
        Ledger.open(url)


def test_a_transaction_that_fails_leaves_nothing(ledger, ruleset):
    _, key = ledger.begin(ruleset, {"age": 54}, NOW)

    def fail():
        with ledger._database.writing() as connection:
            connection.execute(text("DELETE FROM consultation"))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()

    assert ledger.find(key, NOW).answers == {"age": 54}


def test_a_sqlite_file_is_kept_safe(open_ledger, file, ruleset):
    ledger = open_ledger(f"sqlite:///{file}")
    ledger.begin(ruleset, {}, NOW)
    pragmas = ("journal_mode", "synchronous", "foreign_keys", "busy_timeout", "secure_delete")

    with ledger._database.reading() as connection:
        found = {name: connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in pragmas}

    assert found == {
        "journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 5000, "secure_delete": 1,
    }  # fmt: skip
    modes = {path.name: oct(path.stat().st_mode & 0o777) for path in file.parent.iterdir()}
    assert modes == dict.fromkeys(("regimen.db", "regimen.db-wal", "regimen.db-shm"), "0o600")


@pytest.mark.parametrize("where", [ON_POSTGRES])
def test_a_connection_that_the_server_cut_is_made_again(where, postgres_url, open_ledger, ruleset):
    ledger = open_ledger(postgres_url)
    _, key = ledger.begin(ruleset, {"age": 54}, NOW)
    other = open_database(postgres_url)
    with other.reading() as connection:
        cut = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
        ended = connection.execute(text(f"{cut} AND datname = current_database()")).scalars().all()
    other.engine.dispose()

    assert ended == [True]
    assert ledger.find(key, NOW).answers == {"age": 54}


def is_whole(url):
    """Whether SQLite finds every page in order; PostgreSQL, whose server was not killed, answers."""
    if url.startswith("sqlite"):
        with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as connection:
            return connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    database = open_database(url)
    with database.reading() as connection:
        number = len(connection.execute(select(consultation)).all())
    database.engine.dispose()
    return number == 1
