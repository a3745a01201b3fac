"""What auditors look at: the decisions that are kept, found by their index, and what was remarked on each of them.

Only lists are told from the index. What a decision says, and what was remarked on it, is read from the chain.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import Column, ColumnElement, Connection, Select, func, select

from engine.ledger import chain, index
from engine.ledger.chain import WITH_CONTENT, Head
from engine.ledger.database import Database
from engine.ledger.decisions import Comment, Decision, Override, comment_data
from engine.ledger.errors import DecisionDeleted
from engine.ledger.impact_results import COMPARED
from engine.ledger.tables import consultation, content, fired, impact_run, indexed, mistaken, record, release

AT_ONCE = 500  # decisions read at a time where all are wanted
LAST = COMPARED.subquery("last_impact")
SORTS: Mapping[str, ColumnElement[Any]] = {
    "number": indexed.c.seq,
    "ruleset": indexed.c.ruleset_id,
    "ending": indexed.c.ending,
    "regimen": indexed.c.regimen,
    "overrides": indexed.c.overrides,
}


@dataclass(frozen=True)
class Wanted:
    """Which decisions are wanted, and in what order; None does not matter.

    Attributes:
        release: the hash of a release.
        regimen: the id of the one that was suggested, "" for none.
        rule: the id of one that fired; with `decisive` one that the result rests on.
        since: the first moment.
        until: the first moment that is too late.
        impact: by the last impact run of its ruleset `differs` now, `same`, or was `not_compared` by it.
        sort: one of `SORTS`; what is equal stands with the newest first.
        descending: from the last to the first.
    """

    ruleset: str | None = None
    release: str | None = None
    ending: str | None = None
    regimen: str | None = None
    rule: str | None = None
    decisive: bool = False
    mistake: str | None = None
    since: dt.datetime | None = None
    until: dt.datetime | None = None
    overridden: bool | None = None
    impact: Literal["differs", "same", "not_compared"] | None = None
    sort: str = "number"
    descending: bool = True

    def conditions(self) -> Iterator[ColumnElement[bool]]:
        """What a row of the index has to meet."""
        for column, value in (
            (indexed.c.ruleset_id, self.ruleset),
            (indexed.c.release_hash, self.release),
            (indexed.c.ending, self.ending),
            (indexed.c.regimen, self.regimen),
        ):
            if value is not None:
                yield column == value
        if self.mistake is not None:
            yield indexed.c.seq.in_(select(mistaken.c.seq).where(mistaken.c.mistake == self.mistake))
        if self.rule is not None:
            found = select(fired.c.seq).where(fired.c.rule == self.rule, *([fired.c.decisive] if self.decisive else []))
            # SQLite would list the many that a rule fired in, where few mistakes are to be looked up one by one
            one_by_one = found.where(fired.c.seq == indexed.c.seq).exists()
            yield indexed.c.seq.in_(found) if self.mistake is None else one_by_one
        if self.since:
            yield indexed.c.made_at >= self.since
        if self.until:
            yield indexed.c.made_at < self.until
        if self.overridden is not None:
            yield indexed.c.overrides > 0 if self.overridden else indexed.c.overrides == 0
        if self.impact == "not_compared":
            yield ~select(LAST.c.seq).where(LAST.c.seq == indexed.c.seq).exists()
        elif self.impact is not None:
            yield indexed.c.seq.in_(select(LAST.c.seq).where(LAST.c.differs == (self.impact == "differs")))

    def numbers(self) -> Select[Any]:
        """The statement for their numbers in order: sorted alone, since whole rows take far longer to sort."""
        column = SORTS[self.sort]
        order = (column.desc() if self.descending else column.asc(), indexed.c.seq.desc())
        return select(indexed.c.seq).where(*self.conditions()).order_by(*dict.fromkeys(order))


@dataclass(frozen=True)
class Listed:
    """A decision as a list has it.

    Attributes:
        hash: its own, from the chain.
        rules: the ids of the rules that fired, each with whether the result rests on it.
        impact: whether it would end otherwise, and the hash of the release by which, as the last impact run of its
            ruleset found; None where that did not compare it.
    """

    number: int
    hash: str
    made_at: dt.datetime
    ruleset: str
    version: str
    release: str
    as_of: str | None
    ending: str
    regimen: str
    overrides: int
    rules: Mapping[str, bool]
    mistakes: tuple[str, ...]
    impact: tuple[bool, str] | None


@dataclass(frozen=True)
class Choices:
    """What can be asked for: what any decision has; a release as (hash, ruleset, version), the newest first."""

    rulesets: tuple[str, ...]
    releases: tuple[tuple[str, str, str], ...]
    regimens: tuple[str, ...]
    rules: tuple[str, ...]
    mistakes: tuple[str, ...]


@dataclass(frozen=True)
class Deletion:
    """When and why what a decision says was deleted."""

    head: Head
    reason: str


class Audits:
    """The decisions of one ledger, for those who look through them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def count(self, wanted: Wanted) -> int:
        """How many decisions are wanted."""
        counting = select(func.count()).select_from(indexed).where(*wanted.conditions())
        with self._database.reading() as connection:
            return connection.execute(counting).scalar_one()

    def listed(self, wanted: Wanted, first: int, most: int) -> list[Listed]:
        """So many of them, from a place in their order on, which counts from 0."""
        with self._database.reading() as connection:
            numbers = connection.execute(wanted.numbers().limit(most).offset(first)).scalars().all()
            return _listed(connection, numbers)

    def each(self, wanted: Wanted) -> Iterator[Listed]:
        """All of them; while they are read, no transaction is held open."""
        with self._database.reading() as connection:
            numbers = connection.execute(wanted.numbers()).scalars().all()
        for first in range(0, len(numbers), AT_ONCE):
            with self._database.reading() as connection:
                found = _listed(connection, numbers[first : first + AT_ONCE])
            yield from found

    def choices(self) -> Choices:
        """What can be asked for."""
        with self._database.reading() as connection:
            used = _distinct(connection, indexed.c.release_hash)
            names = select(release.c.hash, release.c.ruleset_id, release.c.version)
            newest = names.where(release.c.hash.in_(used)).order_by(release.c.ruleset_id, release.c.kept_at.desc())
            return Choices(
                _distinct(connection, indexed.c.ruleset_id),
                tuple((row.hash, row.ruleset_id, row.version) for row in connection.execute(newest)),
                _distinct(connection, indexed.c.regimen),
                _distinct(connection, fired.c.rule),
                _distinct(connection, mistaken.c.mistake),
            )

    def releases(self) -> tuple[tuple[str, str, str], ...]:
        """Every release that is kept, as (hash, ruleset, version), the newest first."""
        names = select(release.c.hash, release.c.ruleset_id, release.c.version)
        with self._database.reading() as connection:
            found = connection.execute(names.order_by(release.c.ruleset_id, release.c.kept_at.desc()))
            return tuple((row.hash, row.ruleset_id, row.version) for row in found)

    # Remarks

    def remarks(self, decision: Decision) -> list[Override | Comment]:
        """What was done instead and what was commented, in order.

        Raises:
            RecordAltered: one of them is not as it was recorded.
        """
        theirs = record.c.consultation_id == decision.head.session, record.c.kind.in_(("override", "comment"))
        asked = WITH_CONTENT.where(*theirs, content.c.data.is_not(None)).order_by(record.c.seq)
        with self._database.reading() as connection:
            rows = connection.execute(asked).all()
        found = [Override.of(row) if row.kind == "override" else Comment.of(row) for row in rows]
        return [each for each in found if each.decision == decision.id]

    def comment(self, decision: Decision, text: str, now: dt.datetime, *, by: str | None = None) -> Comment:
        """Record a comment on a decision, which goes with what that says.

        Raises:
            CommentError: there is no text, or too much.
            DecisionDeleted: its session is gone, and what it said with it.
        """
        session = decision.head.session
        said = chain.salted(comment_data(decision, text, by))
        still_there = select(consultation.c.id).where(consultation.c.id == session).with_for_update()
        with self._database.writing() as connection:
            if session is None or connection.execute(still_there).first() is None:
                raise DecisionDeleted(decision.id)
            row = chain.append(connection, "comment", said, now, session=session, release=decision.head.release)
            return Comment.of(row)

    def deletion(self, decision: Decision) -> Deletion | None:
        """The record that says that what a decision says was deleted; None where nothing was."""
        # that no release is named leads to the kind by an index
        kind = record.c.release_hash.is_(None), record.c.kind == "deletion", record.c.seq > decision.id
        with self._database.reading() as connection:
            for row in connection.execute(WITH_CONTENT.where(*kind).order_by(record.c.seq)):
                said = chain.said(row) or {}
                if decision.id in said.get("records", ()):
                    return Deletion(Head.of(row), said["reason"])
        return None

    # The index

    def stale(self) -> tuple[int, ...]:
        """The decisions of which the index has something else than they say."""
        with self._database.reading() as connection:
            return index.stale(connection)

    def reindex(self) -> int:
        """Make the index anew, and give how many decisions it has."""
        with self._database.writing() as connection:
            return index.rebuild(connection)


def _listed(connection: Connection, numbers: Sequence[int]) -> list[Listed]:
    """The rows of these numbers, in this order."""
    rows = connection.execute(
        select(indexed, record.c.hash).join(record, record.c.seq == indexed.c.seq).where(indexed.c.seq.in_(numbers))
    )
    found = {row.seq: row for row in rows}
    rules: dict[int, dict[str, bool]] = {}
    for row in connection.execute(select(fired).where(fired.c.seq.in_(numbers)).order_by(fired.c.rule)):
        rules.setdefault(row.seq, {})[row.rule] = row.decisive
    mistakes: dict[int, list[str]] = {}
    for row in connection.execute(select(mistaken).where(mistaken.c.seq.in_(numbers)).order_by(mistaken.c.mistake)):
        mistakes.setdefault(row.seq, []).append(row.mistake)
    compared = select(LAST, impact_run.c.release_hash).join(impact_run, impact_run.c.id == LAST.c.run_id)
    last = connection.execute(compared.where(LAST.c.seq.in_(numbers)))
    impacts = {row.seq: (bool(row.differs), row.release_hash) for row in last}
    return [
        Listed(
            number=row.seq,
            hash=row.hash,
            made_at=row.made_at,
            ruleset=row.ruleset_id,
            version=row.version,
            release=row.release_hash,
            as_of=row.as_of,
            ending=row.ending,
            regimen=row.regimen,
            overrides=row.overrides,
            rules=rules.get(row.seq, {}),
            mistakes=tuple(mistakes.get(row.seq, ())),
            impact=impacts.get(row.seq),
        )
        for row in (found[number] for number in numbers if number in found)
    ]


def _distinct(connection: Connection, column: Column[str]) -> tuple[str, ...]:
    """The values of a column that an index begins with: from one to the next, since to look at each row takes long."""
    values = select(func.min(column).label("value")).cte("values_so_far", recursive=True)
    following = select(func.min(column)).where(column > values.c.value).scalar_subquery()
    values = values.union_all(select(following).where(values.c.value.is_not(None)))
    return tuple(connection.execute(select(values.c.value).where(values.c.value.is_not(None))).scalars())
