"""Impact runs that are kept: begun, gone through with, ended; and which of them is the last.

A run belongs to the process that goes through with it. Where that is killed the run makes no progress any more, and is
seen as cut off. Moments are those of the database's own clock, which every process that looks at a run shares.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, Literal

from sqlalchemy import ColumnElement, Connection, Row, delete, func, insert, select, text, update

from engine.language.errors import RegimenError
from engine.language.model import Ruleset
from engine.ledger.chain import WITH_CONTENT
from engine.ledger.database import Database
from engine.ledger.decisions import Decision
from engine.ledger.errors import DatabaseError, ImpactEnded, NoSuchImpact
from engine.ledger.impact import Change, Compared, Impact, Task, compare, say_change, task_of
from engine.ledger.releases import store_release
from engine.ledger.tables import Instant, content, impact_change, impact_result, impact_run, record, release

AT_ONCE = 200  # decisions that are read, and whose results are kept, together
QUIET = dt.timedelta(minutes=2)  # without progress, after which a run counts as cut off: a busy machine takes seconds
KEPT = 10  # runs of a ruleset
BEGINNING = 0x4E67_1D0C  # any number, so long as every process takes the same lock

RUNNING, DONE, FAILED = "running", "done", "failed"
CUT_OFF = "It was cut off: the program that went through the decisions was stopped or killed. Start it again."
STOPPED = "It was stopped before it was done. Start it again."
FAULT = "It failed through a fault in Regimen. Start it again; if that fails too, report it."

CLOCK = select(func.current_timestamp(type_=Instant))
LARGEST = 2**31 - 1  # number that PostgreSQL keeps
WITH_RELEASE = select(impact_run, release.c.version, release.c.title).join(release)
Told = Callable[[int, int], None]


@dataclass(frozen=True)
class ImpactRun:
    """A run over the decisions of a ruleset.

    Attributes:
        release: the hash of the release that they are compared with.
        version: the version that this release calls itself.
        reason: why it failed, in a sentence.
        ended_at: when it ended; None while it is running, and where it was cut off.
        total: how many decisions there were; 0 while they are counted.
        looked_at: how many of them were compared so far.
    """

    id: int
    ruleset_id: str
    release: str
    version: str
    title: str
    state: Literal["running", "done", "failed"]
    reason: str | None
    begun_at: dt.datetime
    ended_at: dt.datetime | None
    total: int
    looked_at: int

    @classmethod
    def of(cls, row: Row[Any], now: dt.datetime) -> ImpactRun:
        """The run that a row holds, as it is seen at a moment."""
        found = cls(
            row.id, row.ruleset_id, row.release_hash, row.version, row.title, row.state, row.reason, row.begun_at,
            row.ended_at, row.total, row.looked_at,
        )  # fmt: skip
        cut_off = row.state == RUNNING and row.last_progress_at < now - QUIET
        return replace(found, state="failed", reason=CUT_OFF) if cut_off else found


class ImpactRuns:
    """The runs of one database."""

    def __init__(self, database: Database, load: Callable[[str], Ruleset]) -> None:
        self._database = database
        self._load = load

    def begin(self, ruleset: Ruleset) -> tuple[ImpactRun, bool]:
        """Begin a run over the decisions made under any version of a ruleset; of the oldest ones nothing is kept.

        Returns:
            the run, and whether it is new: there is one at a time, so it may be one that goes on already.
        """
        with self._database.writing() as connection:
            if connection.dialect.name == "postgresql":  # SQLite has one writer at a time anyway
                connection.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": BEGINNING})
            now = connection.execute(CLOCK).scalar_one()
            running = impact_run.c.ruleset_id == ruleset.id, impact_run.c.state == RUNNING
            for found in _runs(connection, *running):
                if found.state == RUNNING:
                    return found, False
            connection.execute(update(impact_run).where(*running).values(state=FAILED, reason=CUT_OFF))
            store_release(connection, ruleset, now)
            _delete_old(connection, ruleset.id)
            values = {"ruleset_id": ruleset.id, "release_hash": ruleset.digest, "state": RUNNING, "begun_at": now}
            made = insert(impact_run).values(values | {"last_progress_at": now, "total": 0, "looked_at": 0})
            number = connection.execute(made.returning(impact_run.c.id)).scalar_one()
            (begun,) = _runs(connection, impact_run.c.id == number)
        return begun, True

    def run(self, number: int, told: Told | None = None) -> Impact:
        """Go through with a run that was begun, and keep what comes of it.

        Args:
            number: the run.
            told: is called now and then with how many decisions were compared, and how many there are.

        Raises:
            ImpactEnded: it ended meanwhile, as others had to take it for cut off.
            RecordAltered: a decision is not as it was recorded.
        """
        reason = FAULT
        try:
            ruleset = self._load(self.find(number).release)
            found = Impact.of(ruleset, self._kept(number, ruleset, told))
            self._ended(number, DONE)
        except RegimenError as error:
            reason = str(error)
            raise
        except KeyboardInterrupt:
            reason = STOPPED
            raise
        else:
            return found
        finally:
            with suppress(DatabaseError):  # nobody can be told: it will be seen as cut off
                self.fail(number, reason)

    def fail(self, number: int, reason: str) -> None:
        """Say that a run has ended without a result; one that has ended already stays as it is."""
        with suppress(ImpactEnded):
            self._ended(number, FAILED, reason)

    def _ended(self, number: int, state: str, reason: str | None = None) -> None:
        with self._database.writing() as connection:
            _update(connection, number, state=state, reason=reason, ended_at=connection.execute(CLOCK).scalar_one())

    # Going through with one

    def _kept(self, number: int, ruleset: Ruleset, told: Told | None) -> Iterator[Compared]:
        """Compare all decisions; results are kept batch by batch, before they are given."""
        versions = select(release.c.hash).where(release.c.ruleset_id == ruleset.id)
        theirs = [record.c.kind == "decision", record.c.release_hash.in_(versions), content.c.data.is_not(None)]
        counting = select(func.count(), func.max(record.c.seq)).select_from(record.join(content)).where(*theirs)
        with self._database.writing() as connection:
            total, last = connection.execute(counting).one()
            _update(connection, number, total=total, last_progress_at=connection.execute(CLOCK).scalar_one())
        numbers: dict[Change, int] = {}
        done = 0
        for batch in compare(ruleset, self._tasks([*theirs, record.c.seq <= (last or 0)]), total):
            with self._database.writing() as connection:
                _keep(connection, number, ruleset, batch, numbers)
                done += len(batch)
                _update(connection, number, looked_at=done, last_progress_at=connection.execute(CLOCK).scalar_one())
            if told:
                told(done, total)
            yield from batch

    def _tasks(self, which: Sequence[ColumnElement[bool]]) -> Iterator[list[Task]]:
        """Decisions to be run again; while they are, no transaction is held open."""
        last = 0
        while True:
            page = WITH_CONTENT.where(*which, record.c.seq > last).order_by(record.c.seq).limit(AT_ONCE)
            with self._database.reading() as connection:
                tasks = [task_of(Decision.of(row)) for row in connection.execute(page)]
            if not tasks:
                return
            yield tasks
            last = tasks[-1].id

    # Looking at them

    def find(self, number: int) -> ImpactRun:
        """A run by its number.

        Raises:
            NoSuchImpact: there is none.
        """
        if number > LARGEST:
            raise NoSuchImpact(number)
        with self._database.reading() as connection:
            found = _runs(connection, impact_run.c.id == number)
        if not found:
            raise NoSuchImpact(number)
        return found[0]

    def all(self) -> list[ImpactRun]:
        """Every run that is kept, the newest first."""
        with self._database.reading() as connection:
            return _runs(connection)

    def latest(self, ruleset_id: str) -> ImpactRun | None:
        """The last run of a ruleset that came to its end."""
        with self._database.reading() as connection:
            found = _runs(connection, impact_run.c.ruleset_id == ruleset_id, impact_run.c.state == DONE)
        return found[0] if found else None


def _runs(connection: Connection, *which: ColumnElement[bool]) -> list[ImpactRun]:
    now = connection.execute(CLOCK).scalar_one()
    rows = connection.execute(WITH_RELEASE.where(*which).order_by(impact_run.c.id.desc())).all()
    return [ImpactRun.of(row, now) for row in rows]


def _update(connection: Connection, number: int, **values: Any) -> None:
    """Change a run that is running."""
    still = impact_run.c.id == number, impact_run.c.state == RUNNING
    if connection.execute(update(impact_run).where(*still).values(values)).rowcount != 1:
        raise ImpactEnded(number)


def _keep(
    connection: Connection, number: int, ruleset: Ruleset, batch: list[Compared], numbers: dict[Change, int]
) -> None:
    """Keep what came of some decisions; `numbers` are those of the changes that the run found so far."""
    there = select(content.c.seq).where(content.c.seq.in_([each.id for each in batch]))
    # one that is forgotten at this moment is gone afterwards, or waits until its results are there to be deleted
    left = set(connection.execute(there.with_for_update(read=True, key_share=True)).scalars())
    new = list(dict.fromkeys(change for each in batch for change in each.changes if change not in numbers))
    numbers |= {change: place for place, change in enumerate(new, len(numbers) + 1)}
    changes = [
        {"run_id": number, "number": numbers[change], "goal": change.goal, "before": change.before}
        | {"after": change.after, "label": say_change(ruleset, change)}
        for change in new
    ]
    results = [
        {"run_id": number, "seq": each.id, "place": place, "change": change, "partly_read": each.partly_read}
        for each in batch
        if each.id in left
        for place, change in enumerate([numbers[change] for change in each.changes] or [None])
    ]
    for table, rows in ((impact_change, changes), (impact_result, results)):
        if rows:
            connection.execute(insert(table), rows)


def _delete_old(connection: Connection, ruleset_id: str) -> None:
    """Make room for one more run."""
    theirs = impact_run.c.ruleset_id == ruleset_id
    newest = select(impact_run.c.id).where(theirs).order_by(impact_run.c.id.desc()).limit(KEPT - 1)
    connection.execute(delete(impact_run).where(theirs, impact_run.c.id.not_in(newest)))
