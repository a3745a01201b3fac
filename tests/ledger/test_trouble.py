"""Whatever is wrong with the database is told in a sentence that a page can show, and loses nothing."""

from __future__ import annotations

import re
import sqlite3
import threading
from contextlib import closing, contextmanager

import pytest
from sqlalchemy import event, text

from engine.ledger import DatabaseError, Ledger, database
from tests.conftest import ON_POSTGRES
from tests.ledger.conftest import NOW

SENTENCE = re.compile(r"[A-Z][^/\\]*\.")  # no path, no address


@pytest.fixture
def impatient(monkeypatch):
    monkeypatch.setattr(database, "BUSY_SECONDS", 0.3)


@pytest.fixture
def kept(open_ledger, file, ruleset):
    """A SQLite ledger with a session in it, and the session's key."""
    ledger = open_ledger(f"sqlite:///{file}")
    return ledger, ledger.begin(ruleset, {"age": 54}, NOW)[1]


@contextmanager
def trouble(words):
    with pytest.raises(DatabaseError, match=words) as told:
        yield told
    assert SENTENCE.fullmatch(str(told.value))
    assert told.value.__cause__ is None  # the database's own words may quote an answer
    assert told.value.__suppress_context__


def test_a_locked_file_can_be_read_and_is_written_to_when_it_is_free_again(impatient, kept, file):
    ledger, key = kept
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")

        assert ledger.find(key, NOW).answers == {"age": 54}
        with trouble("is busy: another program holds it"):
            ledger.record(key, {"age": 55}, NOW)

    assert ledger.find(key, NOW).answers == {"age": 54}
    assert ledger.record(key, {"age": 55}, NOW).answers == {"age": 55}


def test_a_short_lock_is_waited_for(kept, file):
    ledger, key = kept
    with closing(sqlite3.connect(file, isolation_level=None, check_same_thread=False)) as other:
        other.execute("BEGIN IMMEDIATE")
        freeing = threading.Timer(0.5, other.rollback)
        freeing.start()

        assert ledger.record(key, {"age": 55}, NOW).answers == {"age": 55}
        freeing.join()


def test_a_file_locked_for_itself_alone_does_not_open(impatient, file):
    file.touch()
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")

        with trouble("is busy"):
            Ledger.open(f"sqlite:///{file}")


def test_threads_wait_for_their_turn_before_they_ask_sqlite_and_only_so_long(kept, impatient):
    ledger, key = kept
    asked = []
    event.listen(ledger._database.engine, "checkout", lambda *_: asked.append("a connection"))
    with ledger._database.writing(), trouble("is busy"):
        ledger.record(key, {"age": 55}, NOW)
    assert asked == ["a connection"]

    assert ledger.record(key, {"age": 55}, NOW).answers == {"age": 55}


@pytest.mark.parametrize("where", [ON_POSTGRES])
def test_a_session_locked_on_postgresql_is_told_the_same(where, monkeypatch, postgres_url, open_ledger, ruleset):
    monkeypatch.setattr(database, "BUSY_SECONDS", 2)
    ledger, other = open_ledger(postgres_url), open_ledger(postgres_url)
    _, key = ledger.begin(ruleset, {"age": 54}, NOW)

    with other._database.writing() as holding:
        holding.execute(text("SELECT * FROM consultation FOR UPDATE"))
        with trouble("is busy"):
            ledger.record(key, {"age": 55}, NOW)

    assert ledger.record(key, {"age": 55}, NOW).answers == {"age": 55}


@pytest.mark.parametrize("folder", ["nowhere", "nowhere/deeper", "a-file"])
def test_a_folder_that_is_missing_is_told(tmp_path, folder):
    (tmp_path / "a-file").touch()

    with trouble("its file or folder is missing") as told:
        Ledger.open(f"sqlite:///{tmp_path / folder / 'regimen.db'}")

    assert told.value.place == str(tmp_path / folder / "regimen.db")


def test_a_folder_that_is_not_to_be_written_to_is_told():
    with trouble("is not to be written to"):
        Ledger.open("sqlite:////proc/regimen.db")  # not even by root


def test_the_default_folder_that_cannot_be_made_is_told(monkeypatch, tmp_path):
    (tmp_path / "a-file").touch()
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "a-file"))

    with trouble("is missing"):
        Ledger.open()


def test_a_file_that_is_gone_is_told_and_no_empty_one_takes_its_place(kept, file):
    ledger, key = kept
    moved = file.with_name("moved.db")
    for each in (file, *file.parent.glob("*-wal"), *file.parent.glob("*-shm")):
        each.rename(each.with_name(each.name.replace("regimen", "moved")))

    for _ in range(2):
        with trouble("its file or folder is missing"):
            ledger.record(key, {"age": 55}, NOW)
    assert not file.exists()

    for each in file.parent.glob("moved.db*"):
        each.rename(each.with_name(each.name.replace("moved", "regimen")))
    assert ledger.find(key, NOW).answers == {"age": 54}
    assert not moved.exists()


def test_an_empty_file_in_the_place_of_the_ledger_is_told(kept, file):
    ledger, key = kept
    for each in (*file.parent.glob("*-wal"), *file.parent.glob("*-shm"), file):
        each.unlink()
    file.touch()

    with trouble("it refuses what is asked of it"):
        ledger.find(key, NOW)


@pytest.mark.parametrize(
    "content", [b"not a database, and long enough to be read as a page" * 100, b"SQLite format 3\0" * 9]
)
def test_a_file_that_is_no_database_is_told(file, content):
    file.write_bytes(content)

    with trouble("is damaged"):
        Ledger.open(f"sqlite:///{file}")

    assert file.read_bytes() == content


def test_a_damaged_file_is_told(open_ledger, file, ruleset):
    url = f"sqlite:///{file}"
    ledger = Ledger.open(url)
    _, key = ledger.begin(ruleset, {"age": 54}, NOW)
    ledger.close()
    content = file.read_bytes()
    file.write_bytes(content[:4096] + b"\xa5" * (len(content) - 4096))

    with trouble("is damaged"):
        open_ledger(url).find(key, NOW)


def test_a_damaged_value_is_told(kept):
    ledger, key = kept
    with ledger._database.writing() as connection:
        connection.execute(text("UPDATE answer SET value = '{'"))

    with trouble("is damaged"):
        ledger.find(key, NOW)


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("",                                            "cannot be read. Write sqlite:"),
        ("regimen.db",                                  "cannot be read. Write sqlite:"),
        ("postgresql://user:hunter2@host:port/regimen", "cannot be read. Write sqlite:"),
        ("mysql://user:hunter2@host/regimen",           "Only SQLite files and PostgreSQL"),
        ("nosuch+thing://user:hunter2@host/regimen",    "Only SQLite files and PostgreSQL"),
        ("sqlite://",                                   "is a file here"),
        ("sqlite:///:memory:",                          "is a file here"),
        ("sqlite:///file:x?mode=memory&uri=true",       "is a file here"),
    ],
)  # fmt: skip
def test_a_url_of_another_kind_is_told(url, words):
    with pytest.raises(DatabaseError, match=words) as told:
        Ledger.open(url)

    assert "hunter2" not in str(told.value) + str(told.value.named())


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://user:hunter2@127.0.0.1:1/regimen",
        "postgres://user:hunter2@127.0.0.1:1/regimen",
        "postgresql+psycopg://user@127.0.0.1:1/regimen?password=hunter2",
        "postgresql+psycopg2://user@/regimen?host=/nowhere&password=hunter2",
    ],
)
def test_a_server_that_does_not_answer_is_told_without_its_password(url):
    with trouble("cannot be reached") as told:
        Ledger.open(url)

    assert told.value.place.startswith("the PostgreSQL database regimen on ")
    assert "hunter2" not in f"{told.value} {told.value.named()} {told.value.place} {told.value.reason}"


def test_the_environment_names_the_database(monkeypatch, file):
    monkeypatch.setenv("REGIMEN_DATABASE_URL", f"sqlite:///{file}")

    Ledger.open().close()

    assert file.exists()


def test_without_a_url_a_file_in_a_folder_of_its_own_is_made(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "share"))

    Ledger.open().close()

    folder = tmp_path / "share" / "regimen"
    assert [path.name for path in folder.iterdir()] == ["regimen.db"]
    assert oct(folder.stat().st_mode & 0o777) == "0o700"
    assert oct((folder / "regimen.db").stat().st_mode & 0o777) == "0o600"


@pytest.mark.parametrize("given", ["", "relative/share"])
def test_a_data_home_that_is_relative_is_ignored(monkeypatch, tmp_path, given):
    monkeypatch.setenv("XDG_DATA_HOME", given)
    monkeypatch.setenv("HOME", str(tmp_path))

    Ledger.open().close()

    assert (tmp_path / ".local" / "share" / "regimen" / "regimen.db").exists()
