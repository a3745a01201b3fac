"""Reaching the database: a SQLite file of one's own, or PostgreSQL, the same to everything above this module.

What can go wrong with it is told as a `DatabaseError`, which never quotes a statement, a value or a password.
"""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, QueuePool, create_engine, event, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, DisconnectionError

from engine.ledger.errors import DatabaseError
from engine.ledger.places import data_folder

VARIABLE = "REGIMEN_DATABASE_URL"
BUSY_SECONDS = 5
MIGRATIONS = Path(__file__).with_name("migrations")
MIGRATING = 0x4E67_1D0A  # any number, so long as every process takes the same lock
MOMENTS = "-c timezone=UTC -c datestyle=ISO"  # as text they are the same whatever the server is set to
_one_at_a_time = threading.Lock()  # Alembic works through globals

UNREADABLE_URL = "The database URL cannot be read. Write sqlite:////path/to/file.db or postgresql://user@host/name."
OTHER_KIND = (
    "Only SQLite files and PostgreSQL can be used. Write sqlite:////path/to/file.db or postgresql://user@host/name."
)
NO_DRIVER = "PostgreSQL needs its driver. Install it: pip install 'regimen[postgres]'."
NEWER = "The database was made by a newer Regimen. Use that one, or another database."
BUSY = "The database is busy: another program holds it. Nothing that was saved is lost. Try again in a moment."
MISSING = "The database cannot be opened: its file or folder is missing, or is not to be written to."
DAMAGED = "The database is damaged. Whoever runs this site has to restore it from a copy."
FULL = "There is no space left for the database. Nothing that was saved is lost."
UNREACHABLE = "The database cannot be reached. Nothing that was saved is lost. Try again in a moment."
REFUSED = "The database cannot be used: it refuses what is asked of it. Whoever runs this site has to look at it."

SENTENCES = (  # by how the code begins, the first that fits: SQLite's names, PostgreSQL's numbers
    (("SQLITE_BUSY", "SQLITE_LOCKED", "55P03", "40", "53300"), BUSY),
    (("SQLITE_CANTOPEN", "SQLITE_READONLY", "SQLITE_PERM"), MISSING),
    (("SQLITE_CORRUPT", "SQLITE_NOTADB", "XX001", "XX002"), DAMAGED),
    (("SQLITE_FULL", "53100"), FULL),
    (("SQLITE_IOERR", "08", "57P", "no answer"), UNREACHABLE),
)


@dataclass(frozen=True)
class Database:
    """A database that can be reached; `place` names it without a password."""

    engine: Engine
    place: str
    _pen: threading.Lock = field(default_factory=threading.Lock, repr=False, compare=False)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection for one statement that changes nothing: SQLite needs no transaction for it, which takes time."""
        with self._telling(), self.engine.connect() as connection:
            yield connection

    @contextmanager
    def reading_whatever(self) -> Iterator[Connection]:
        """The same, also of text that was damaged: SQLite keeps what is no UTF-8, and hands it over so."""
        with self.reading() as connection:
            if self.engine.dialect.name != "sqlite":
                yield connection
                return
            driver: Any = connection.connection.dbapi_connection
            driver.text_factory = _any_text
            try:
                yield connection
            finally:
                driver.text_factory = str

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction that may change something: all of it is kept at the end of the block, or nothing."""
        with self._telling(), self._turn(), self.engine.connect() as connection:
            connection.execution_options(begin="BEGIN IMMEDIATE")
            with connection.begin():
                yield connection

    def wipe(self) -> None:
        """Take what was deleted out of SQLite's log too, unless somebody reads it; PostgreSQL's vacuum sees to that."""
        if self.engine.dialect.name == "sqlite":
            with self._telling(), self.engine.connect() as connection:
                connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")

    def migrate(self) -> None:
        """Bring the tables up to date. Of several processes that start at once one does it, and the others wait."""
        from alembic.command import upgrade
        from alembic.config import Config
        from alembic.migration import MigrationContext
        from alembic.script import ScriptDirectory
        from alembic.util import CommandError

        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
        newest = ScriptDirectory.from_config(config).get_current_head()
        with _one_at_a_time:
            with self.reading() as connection:
                if MigrationContext.configure(connection).get_current_revision() == newest:
                    return
            with self.writing() as connection:
                if connection.dialect.name == "postgresql":  # SQLite has one writer at a time anyway
                    connection.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": MIGRATING})
                config.attributes["connection"] = connection
                try:
                    upgrade(config, "head")
                except CommandError:  # it knows no such step
                    raise DatabaseError(NEWER, self.place) from None

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """Let threads write to SQLite one after the other: it would have them sleep between looks, ever longer."""
        if self.engine.dialect.name != "sqlite":
            yield
            return
        if not self._pen.acquire(timeout=BUSY_SECONDS):
            raise DatabaseError(BUSY, self.place, "SQLITE_BUSY") from None
        try:
            yield
        finally:
            self._pen.release()

    @contextmanager
    def _telling(self) -> Iterator[None]:
        """Tell what the database says in a sentence; its own words may quote an answer, so they are left behind."""
        try:
            yield
        except DBAPIError as error:
            code = _code(error.orig)
            raise DatabaseError(_sentence(code), self.place, code) from None
        except ValueError:  # what stands in a column is not of its type
            raise DatabaseError(DAMAGED, self.place) from None


def _any_text(raw: bytes) -> str:
    return raw.decode("utf-8", "surrogateescape")


def _code(error: BaseException | None) -> str:
    return getattr(error, "sqlite_errorname", None) or getattr(error, "sqlstate", None) or "no answer"


def _sentence(code: str) -> str:
    return next((sentence for starts, sentence in SENTENCES if code.startswith(starts)), REFUSED)


def open_database(url: str | None = None) -> Database:
    """Open the database of this URL, else the one that the environment names, else one in a folder of our own.

    Raises:
        DatabaseError: there is no such database, and none can be made there.
    """
    given = os.environ.get(VARIABLE) or None if url is None else url
    if given is None:  # an empty URL names no database, and is a slip of a script
        return _default_file()
    try:
        parsed = make_url(given)
        kind = parsed.get_backend_name()
    except (ArgumentError, ValueError):
        raise DatabaseError(UNREADABLE_URL) from None
    if kind == "sqlite":
        return _sqlite(parsed)
    if kind in ("postgresql", "postgres"):
        return _postgresql(parsed)
    raise DatabaseError(OTHER_KIND)


def _default_file() -> Database:
    try:
        path = data_folder() / "regimen.db"
    except OSError as error:
        raise DatabaseError(MISSING, str(error.filename), error.strerror or "") from None
    return _sqlite_file(path)


def _sqlite(url: URL) -> Database:
    name = url.database or ":memory:"
    if name == ":memory:" or name.startswith("file:") or url.query:
        raise DatabaseError("A SQLite database is a file here. Write sqlite:////path/to/file.db.")
    return _sqlite_file(Path(name).absolute())


def _sqlite_file(path: Path) -> Database:
    try:
        # before SQLite makes it, and its log with the same rights, for everybody to read
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    except OSError as error:
        raise DatabaseError(MISSING, str(path), error.strerror or "") from None
    engine = create_engine(
        URL.create("sqlite", database=str(path)),
        creator=lambda: _connect(path),
        poolclass=QueuePool,
        max_overflow=-1,
        hide_parameters=True,
    )
    event.listen(engine, "connect", lambda _, record: record.info.update(file=_identity(path)))
    event.listen(engine, "checkout", lambda _, record, __: _same_file(path, record.info["file"]))
    event.listen(engine, "begin", _begin)
    return Database(engine, str(path))


def _connect(path: Path) -> sqlite3.Connection:
    """Open the file, which has to be there: SQLite would make an empty one in the place of one that was lost."""
    connection = sqlite3.connect(
        f"{path.as_uri()}?mode=rw", uri=True, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
    )
    try:
        _write_ahead(connection)
        connection.execute("PRAGMA synchronous = FULL")  # what was confirmed outlives a power cut
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA secure_delete = ON")  # what is forgotten is overwritten
    except BaseException:
        connection.close()
        raise
    return connection


def _write_ahead(connection: sqlite3.Connection) -> None:
    """Turn the write-ahead log on: readers and the writer do not wait for each other.

    Turning it on does not heed the timeout, so processes that start at once on a new file have to wait by themselves.
    """
    latest = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if not error.sqlite_errorname.startswith("SQLITE_BUSY") or time.monotonic() > latest:
                raise
            time.sleep(0.02)
        else:
            return


def _identity(path: Path) -> tuple[int, int]:
    """Which file this is; one that is missing is none."""
    try:
        status = path.stat()
    except OSError:
        return (0, 0)
    return status.st_dev, status.st_ino


def _same_file(path: Path, identity: tuple[int, int]) -> None:
    """Refuse a connection to a file that was moved or deleted since: what it writes would be lost without a word."""
    if _identity(path) != identity:
        raise DisconnectionError


def _begin(connection: Connection) -> None:
    """Begin a transaction that writes; it takes its lock at once, so that it never fails halfway for want of it."""
    statement = connection.get_execution_options().get("begin")
    if statement:  # what only reads, and a checkpoint, stand outside of transactions
        connection.exec_driver_sql(statement)


def _postgresql(url: URL) -> Database:
    given = url.query.get("options", ())
    settings = [*([given] if isinstance(given, str) else given), f"-c lock_timeout={BUSY_SECONDS}s", MOMENTS]
    try:
        engine = create_engine(
            url.set(drivername="postgresql+psycopg"),
            connect_args={"connect_timeout": BUSY_SECONDS, "options": " ".join(settings)},
            pool_pre_ping=True,  # a database that was started anew is found again
            max_overflow=-1,
            hide_parameters=True,
        )
    except ModuleNotFoundError:
        raise DatabaseError(NO_DRIVER) from None
    host = url.host or url.query.get("host") or "this machine"
    return Database(engine, f"the PostgreSQL database {url.database or url.username or ''} on {host}")
