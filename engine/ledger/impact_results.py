"""What impact runs found: counted, grouped, decision by decision; and what the audit list joins to filter by it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, func, select, tuple_

from engine.ledger.database import Database
from engine.ledger.impact_runs import DONE, ImpactRun
from engine.ledger.tables import impact_change, impact_result, impact_run, record

AT_ONCE = 1000  # rows held in memory

FIRST = impact_result.c.place == 0  # so each decision counts once
DIFFERS = impact_result.c.change.is_not(None)
LAST_RUNS = select(func.max(impact_run.c.id)).where(impact_run.c.state == DONE).group_by(impact_run.c.ruleset_id)

# (seq, differs, run_id) of each decision that the last run of its ruleset compared; one that is not in it was not
# compared yet, as it is newer than the run. To be joined by `seq`.
COMPARED = select(impact_result.c.seq, DIFFERS.label("differs"), impact_result.c.run_id).where(
    FIRST, impact_result.c.run_id.in_(LAST_RUNS)
)


@dataclass(frozen=True)
class Group:
    """A from → to with how many decisions it is of."""

    number: int
    label: str
    decisions: int


@dataclass(frozen=True)
class Counts:
    """How the decisions of a run that still say something came out; of `partly_read` not every answer could be read."""

    same: int
    differ: int
    partly_read: int


@dataclass(frozen=True)
class Listed:
    """A decision in a list: its number, the beginning of its hash to name it by, when it was made and under what."""

    seq: int
    hash: str
    made_at: str
    release: str


class ImpactResults:
    """What one run found."""

    def __init__(self, database: Database, run: ImpactRun) -> None:
        self._database = database
        self._run = run
        self._ours = impact_result.c.run_id == run.id

    def counts(self) -> Counts:
        """How many decisions end the same, how many otherwise, how many were read in part."""
        whether = impact_result.c.partly_read
        counting = select(DIFFERS.label("differs"), whether, func.count().label("many")).where(self._ours, FIRST)
        with self._database.reading() as connection:
            rows = connection.execute(counting.group_by(DIFFERS, whether)).all()
        differ = sum(row.many for row in rows if row.differs)
        partly_read = sum(row.many for row in rows if row.partly_read)
        return Counts(sum(row.many for row in rows) - differ, differ, partly_read)

    def groups(self) -> list[Group]:
        """The changes, the most frequent first; a decision stands in as many as it has changes."""
        counting = select(impact_change.c.number, impact_change.c.label, func.count().label("many")).join(
            impact_result, _of_change()
        )
        counting = counting.where(self._ours).group_by(impact_change.c.number, impact_change.c.label)
        with self._database.reading() as connection:
            rows = connection.execute(counting.order_by(func.count().desc(), impact_change.c.number)).all()
        return [Group(row.number, row.label, row.many) for row in rows]

    def of_change(self, number: int, first: int, many: int) -> list[Listed]:
        """Some of the decisions with a change."""
        return self._listed(impact_result.c.change == number, first, many)

    def partly_read(self, first: int, many: int) -> list[Listed]:
        """Some of the decisions of which not every answer could be read."""
        return self._listed(and_(FIRST, impact_result.c.partly_read), first, many)

    def _listed(self, which: ColumnElement[bool], first: int, many: int) -> list[Listed]:
        chosen = select(record.c.seq, record.c.hash, record.c.made_at, record.c.release_hash)
        chosen = chosen.join(impact_result, impact_result.c.seq == record.c.seq).where(self._ours, which)
        with self._database.reading() as connection:
            rows = connection.execute(chosen.order_by(record.c.seq).offset(first).limit(many)).all()
        return [Listed(*row) for row in rows]

    def rows(self) -> Iterator[dict[str, Any]]:
        """A row for each change of each decision, and one for each decision without; each says with which release.

        {"decision", "hash", "made_at", "made_under": release, "differs", "goal", "before", "after", "change",
         "partly_read", "ruleset", "compared_with_version", "compared_with": release}
        """
        place = impact_result.c.seq, impact_result.c.place
        chosen = (
            select(*place, impact_result.c.partly_read, record.c.hash, record.c.made_at, record.c.release_hash)
            .add_columns(impact_change.c.goal, impact_change.c.before, impact_change.c.after, impact_change.c.label)
            .join(record, record.c.seq == impact_result.c.seq)
            .outerjoin(impact_change, _of_change())
            .where(self._ours)
            .order_by(*place)
            .limit(AT_ONCE)
        )
        last = (0, 0)
        while True:
            with self._database.reading() as connection:
                found = connection.execute(chosen.where(tuple_(*place) > last)).all()
            if not found:
                return
            yield from map(self._row, found)
            last = (found[-1].seq, found[-1].place)

    def _row(self, row: Row[Any]) -> dict[str, Any]:
        decision = {"decision": row.seq, "hash": row.hash, "made_at": row.made_at, "made_under": row.release_hash}
        change = {"goal": row.goal, "before": row.before, "after": row.after, "change": row.label}
        with_what = {"compared_with_version": self._run.version, "compared_with": self._run.release}
        read = {"partly_read": row.partly_read, "ruleset": self._run.ruleset_id}
        return decision | {"differs": row.goal is not None} | change | read | with_what


def _of_change() -> ColumnElement[bool]:
    same_run = impact_change.c.run_id == impact_result.c.run_id
    return and_(same_run, impact_change.c.number == impact_result.c.change)
