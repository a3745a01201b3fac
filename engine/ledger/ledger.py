"""Sessions that are kept: begun, found again by their link, added to, decided, forgotten.

A session goes on under the release of the ruleset that it was begun under, whatever becomes of the ruleset's folder.
Its link holds a key that cannot be guessed; only the key's hash is kept, so a copy of the database opens no session.
Answers are only ever added: the current ones are the last of each fact. No clock is read here; moments are arguments.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import re
import secrets
import threading
from collections.abc import Callable, Iterable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, bindparam, delete, false, func, insert, select, update

from engine.dialogue.consultation import Consultation
from engine.language.answers import read_answers
from engine.language.errors import quote
from engine.language.model import Ruleset
from engine.language.values import UNKNOWN, Answer, Quantity
from engine.ledger import chain, index
from engine.ledger.audits import Audits
from engine.ledger.chain import WITH_CONTENT, Head, salted
from engine.ledger.database import Database, open_database
from engine.ledger.decisions import Decision, Override, decision_data, override_data, same_decision
from engine.ledger.errors import (
    SHORTEST,
    DecisionDeleted,
    ImpactUnderWay,
    NoSuchDecision,
    NoSuchSession,
    RecordAltered,
    ReleaseError,
    SessionExpired,
)
from engine.ledger.impact import Impact
from engine.ledger.impact_results import COMPARED, ImpactResults
from engine.ledger.impact_runs import ImpactRun, ImpactRuns
from engine.ledger.releases import STORED, enter_release, keep_release, loaded_release
from engine.ledger.tables import Instant, answer, consultation, content, impact_result, record, release
from engine.ledger.users import Users
from engine.ledger.verify import Verified, verify

DAYS = 90
MOST_LOADED = 50  # rulesets held in memory
DELETED_AT_ONCE = 1000  # sessions that one record in the chain says are gone

# Written once: to write a statement takes SQLAlchemy longer than SQLite takes to answer it.
WITH_ANSWERS = (
    select(consultation, answer.c.seq, answer.c.fact, answer.c.value, answer.c.given_at)
    .outerjoin(answer)
    .where(consultation.c.key_hash == bindparam("key"))
    .order_by(answer.c.seq)
)
STILL_THERE = select(consultation.c.id).where(consultation.c.id == bindparam("id")).with_for_update()
OVERRIDES = WITH_CONTENT.where(record.c.kind == "override", content.c.data.is_not(None)).order_by(record.c.seq)
LOCKED = select(consultation.c.id).where(consultation.c.key_hash == bindparam("key")).with_for_update()


@dataclass(frozen=True)
class Change:
    """One answer as it was given, or, where `value` is None, taken back."""

    seq: int
    fact: str
    value: Any
    given_at: dt.datetime

    def as_json(self) -> dict[str, Any]:
        """The same as plain data."""
        return {"seq": self.seq, "fact": self.fact, "value": self.value, "given_at": chain.instant(self.given_at)}


@dataclass(frozen=True)
class Kept:
    """A session as it is kept.

    Attributes:
        id: its number; no secret, and no key to it.
        release: the hash of the release of the ruleset that it was begun under.
        ruleset: that release.
        as_of: the day of the last answer, as the clock of whoever gave it had it.
        history: every answer and change of answer, in order.
        begun_with: how many of these, from the first, were there when it began.
    """

    id: int
    release: str
    ruleset: Ruleset
    as_of: dt.date
    history: tuple[Change, ...]
    begun_with: int
    expires_at: dt.datetime

    @property
    def answers(self) -> dict[str, Any]:
        """The current answers, as `consult` takes them."""
        return current(self.history)


def current(history: Iterable[Change]) -> dict[str, Any]:
    """The last answer of each fact, without those taken back."""
    last = {change.fact: change.value for change in history}
    return {fact: value for fact, value in last.items() if value is not None}


class Ledger:
    """The sessions of one database. Threads may share it; processes open it each for itself."""

    def __init__(self, database: Database, known: Callable[[str], Ruleset | None]) -> None:
        self.audits = Audits(database)
        self.users = Users(database)
        self._database = database
        self._known = known
        self._loaded: dict[str, Ruleset] = {}
        self._loading = threading.Lock()

    @classmethod
    def open(cls, url: str | None = None, known: Callable[[str], Ruleset | None] = lambda _: None) -> Ledger:
        """Open the ledger and bring its tables up to date.

        Args:
            url: of the database; without one $REGIMEN_DATABASE_URL, else a file under $XDG_DATA_HOME/regimen.
            known: gives the ruleset of a hash where it is loaded already, so that it is not read once more.

        Raises:
            DatabaseError: the database cannot be used. This and every other method raises it.
        """
        database = open_database(url)
        try:
            database.migrate()
        except BaseException:
            database.engine.dispose()
            raise
        return cls(database, known)

    def close(self) -> None:
        """Let the database go."""
        self._database.engine.dispose()

    def now(self) -> dt.datetime:
        """The moment by the database's own clock: for a command, which has none to hand in."""
        with self._database.reading() as connection:
            return connection.execute(select(func.current_timestamp(type_=Instant))).scalar_one()

    def begin(
        self, ruleset: Ruleset, answers: Mapping[str, object], now: dt.datetime, days: int = DAYS
    ) -> tuple[Kept, str]:
        """Begin a session, and give it with the key of its link, which is told this once and kept nowhere.

        Raises:
            AnswerError: an answer cannot be used.
            ReleaseError: the ruleset was not loaded from files.
        """
        if not ruleset.files:
            raise ReleaseError("This ruleset was not read from files, so no session under it can be kept.")
        given = {fact: value for fact, value in _readable(ruleset, answers).items() if value is not None}
        key = secrets.token_urlsafe(32)
        begun = {"begun_with": len(given), "begun_at": now, "changed_at": now}
        begun |= {"expires_at": now + dt.timedelta(days=days)}
        with self._database.writing() as connection:
            keep_release(connection, ruleset, now)
            row = {"key_hash": _hash(key), "release_hash": ruleset.digest, "as_of": now.date()}
            made = insert(consultation).values(row | begun).returning(consultation.c.id)
            _append(connection, connection.execute(made).scalar_one(), 0, given, now)
            found, history = _session(connection, key, now)
        with self._loading:
            self._remember(ruleset)
        return self._kept(found, history), key

    def find(self, key: str, now: dt.datetime) -> Kept:
        """The session of a link.

        Raises:
            NoSuchSession: there is none.
            SessionExpired: there is one no longer.
            ReleaseError: the release of its ruleset cannot be read as it was.
        """
        with self._database.reading() as connection:
            found, history = _session(connection, key, now)
        return self._kept(found, history)

    def record(self, key: str, answers: Mapping[str, object], now: dt.datetime) -> Kept:
        """Add answers to a session, all or none.

        None takes an answer back, and what is the current answer already is no change: sending a form twice adds
        nothing. A change lets the session be kept for as long again as it was at first.

        Raises:
            AnswerError: an answer cannot be used.
            NoSuchSession, SessionExpired, ReleaseError: as for `find`.
        """
        with self._database.writing() as connection:
            connection.execute(LOCKED, {"key": _hash(key)})
            row, history = _session(connection, key, now)  # by a statement of its own, which sees what was waited for
            kept = self._kept(row, history, connection)
            changed = _changed(kept, _readable(kept.ruleset, answers))
            if not changed:
                return kept
            added = _append(connection, row.id, len(history), changed, now)
            moment = now.astimezone(dt.UTC)  # as the database gives it back
            later = {"as_of": now.date(), "expires_at": moment + (row.expires_at - row.changed_at)}
            values = later | {"changed_at": moment}
            connection.execute(update(consultation).where(consultation.c.id == row.id).values(values))
        return replace(kept, history=history + added, **later)

    def forget(self, key: str, now: dt.datetime) -> None:
        """Delete a session with all of its answers and what its decisions say; one that is not there is forgotten."""
        self._delete(consultation.c.key_hash == _hash(key), "forgotten", now)

    def purge(self, now: dt.datetime) -> int:
        """Delete every session that has expired, and say how many there were."""
        return self._delete(consultation.c.expires_at <= now, "expired", now)

    def _delete(self, which: ColumnElement[bool], reason: str, now: dt.datetime) -> int:
        """Delete sessions; of what is in the chain the heads stay, so that it can still be verified."""
        with self._database.writing() as connection:
            gone = connection.execute(delete(consultation).where(which).returning(consultation.c.id)).scalars().all()
            for first in range(0, len(gone), DELETED_AT_ONCE):
                chain.erase(connection, gone[first : first + DELETED_AT_ONCE], reason, now)
        self._database.wipe()
        return len(gone)

    # Decisions

    def decide(self, kept: Kept, consultation: Consultation, now: dt.datetime) -> Decision:
        """Record what a session came to, and give the decision; the last one, where it says the same already.

        Args:
            kept: the session.
            consultation: its answers, evaluated under its release.
            now: when the person is told.

        Raises:
            NoSuchSession: it was forgotten meanwhile, so nothing of it is recorded.
        """
        if _read(kept) != consultation.answers or kept.as_of != consultation.as_of:
            raise ValueError("this is no consultation of that session")
        said = decision_data(consultation, [change.as_json() for change in kept.history], kept.answers)
        with self._database.reading() as connection:
            found = _same(connection, kept.id, said)
        if found:
            return found
        with self._database.writing() as connection:
            if connection.execute(STILL_THERE, {"id": kept.id}).first() is None:
                raise NoSuchSession
            return _same(connection, kept.id, said) or _decided(connection, kept, said, now)

    def decision(self, name: str | int) -> Decision:
        """A decision by its number, or by the beginning of its hash.

        Raises:
            NoSuchDecision: there is none, or the beginning is that of several.
            RecordAltered: it is not as it was recorded, or what it says is missing and no record says that it was
                deleted; overrides and impact raise this where one is not as it was recorded.
        """
        asked = str(name).strip().lower()
        if asked.isdecimal() and len(asked) < SHORTEST:
            which = record.c.seq == int(asked)
        elif re.fullmatch(rf"[0-9a-f]{{{SHORTEST},64}}", asked):
            which = record.c.hash.startswith(asked)
        else:
            raise NoSuchDecision(str(name))
        with self._database.reading() as connection:
            found = connection.execute(WITH_CONTENT.where(which, record.c.kind == "decision")).all()
        if len(found) != 1:
            raise NoSuchDecision(str(name))
        decision = Decision.of(found[0])
        if decision.said is None and self.audits.deletion(decision) is None:
            raise RecordAltered(decision.id)
        return decision

    def release(self, digest: str) -> Ruleset:
        """The ruleset of a release, by its hash or the beginning of it.

        Raises:
            ReleaseError: there is none, or it cannot be read as it was.
        """
        asked = digest.lower()
        # what is no hash is not even looked for: there are texts that a database cannot take
        which = release.c.hash.startswith(asked) if re.fullmatch("[0-9a-f]{1,64}", asked) else false()
        with self._database.reading() as connection:
            found = connection.execute(select(release.c.hash).where(which)).all()
        if len(found) != 1:
            raise ReleaseError(f"There is no release {quote(digest)} in the ledger. Give its hash, or a ruleset.")
        return self._ruleset(found[0].hash)

    def override(
        self, decision: Decision, reason: str, now: dt.datetime, *, done: str, text: str = "", by: str | None = None
    ) -> Override:
        """Record what was done instead of what a decision suggested, and why.

        Args:
            decision: the decision.
            reason: one of `REASONS`.
            now: when it is recorded.
            done: what was done instead, in words.
            text: why, in words; needed where the reason is `other`.
            by: who says so.

        Raises:
            OverrideError: the reason is not on the list, or a text is missing or too long.
            DecisionDeleted: its session is gone, and what it said with it.
        """
        session = decision.head.session
        said = salted(override_data(decision, reason, done, text, by))
        with self._database.writing() as connection:
            if session is None or connection.execute(STILL_THERE, {"id": session}).first() is None:
                raise DecisionDeleted(decision.id)
            release_hash = decision.head.release
            row = chain.append(connection, "override", said, now, session=session, release=release_hash)
            index.count_override(connection, decision.id)
            return Override.of(row)

    def overrides(self) -> tuple[Override, ...]:
        """Every override that was not deleted with its session, in order."""
        with self._database.reading() as connection:
            rows = connection.execute(OVERRIDES).all()
        return tuple(map(Override.of, rows))

    def rulesets(self) -> tuple[str, ...]:
        """The ids of the rulesets that decisions were made under."""
        made = select(record.c.release_hash).where(record.c.kind == "decision")
        with self._database.reading() as connection:
            found = connection.execute(select(release.c.ruleset_id).where(release.c.hash.in_(made)).distinct())
            return tuple(sorted(found.scalars()))

    # Impact

    @property
    def impacts(self) -> ImpactRuns:
        """The runs that compare decisions with a release."""
        return ImpactRuns(self._database, self._ruleset)

    def impact_results(self, run: ImpactRun) -> ImpactResults:
        """What a run found."""
        return ImpactResults(self._database, run)

    def impact(self, ruleset: Ruleset, told: Callable[[int, int], None] | None = None) -> Impact:
        """Find which decisions made under any version of a ruleset would end otherwise under this one, and keep it.

        Args:
            ruleset: the version to compare with.
            told: is called now and then with how many were run, and how many there are.

        Raises:
            ImpactUnderWay: somebody else is at it.
        """
        with self._loading:
            self._remember(ruleset)
        run, new = self.impacts.begin(ruleset)
        if not new:
            raise ImpactUnderWay(run.id, run.looked_at, run.total)
        return self.impacts.run(run.id, told)

    def latest_impact(self, ruleset_id: str) -> ImpactRun | None:
        """The last run over the decisions of a ruleset that came to its end."""
        return self.impacts.latest(ruleset_id)

    def differs(self, decision: int) -> bool | None:
        """Whether a decision would end otherwise by the last run of its ruleset; None where it was not compared yet."""
        with self._database.reading() as connection:
            row = connection.execute(COMPARED.where(impact_result.c.seq == decision)).first()
        return bool(row.differs) if row else None

    # The chain

    def head(self) -> Head | None:
        """The newest record, whose hash is to be noted elsewhere; None in an empty ledger."""
        with self._database.reading() as connection:
            row = connection.execute(WITH_CONTENT.order_by(record.c.seq.desc()).limit(1)).first()
        return Head.of(row) if row else None

    def verify(self, known: str | None = None, told: Callable[[int, int], None] | None = None) -> Verified:
        """Recompute every hash; see `engine.ledger.verify.verify`."""
        with self._database.reading_whatever() as connection:
            return verify(connection, known, told)

    def _kept(self, row: Row[Any], history: tuple[Change, ...], within: Connection | None = None) -> Kept:
        ruleset = self._ruleset(row.release_hash, within)
        return Kept(row.id, row.release_hash, ruleset, row.as_of, history, row.begun_with, row.expires_at)

    def _ruleset(self, digest: str, within: Connection | None = None) -> Ruleset:
        """A release, loaded once, within a transaction if one is at hand; threads that ask for it meanwhile wait."""
        with self._loading:
            if digest not in self._loaded:
                with nullcontext(within) if within else self._database.reading() as connection:
                    row = connection.execute(STORED.where(release.c.hash == digest)).one()
                self._remember(loaded_release(row, self._known(digest)))
            return self._loaded[digest]

    def _remember(self, ruleset: Ruleset) -> None:
        self._loaded.setdefault(ruleset.digest, ruleset)
        while len(self._loaded) > MOST_LOADED:
            del self._loaded[next(iter(self._loaded))]


def _hash(key: str) -> str:
    """What is kept of a key. The key is 32 random bytes, so one round of a fast hash is enough."""
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()


def _session(connection: Connection, key: str, now: dt.datetime) -> tuple[Row[Any], tuple[Change, ...]]:
    """A session with its answers, read at one moment: of two statements the second may see what came in between."""
    rows = connection.execute(WITH_ANSWERS, {"key": _hash(key)}).all()
    if not rows:
        raise NoSuchSession
    if rows[0].expires_at <= now:
        raise SessionExpired
    return rows[0], tuple(Change(row.seq, row.fact, row.value, row.given_at) for row in rows if row.seq)


def _read(kept: Kept) -> dict[str, Answer]:
    return read_answers(kept.ruleset.facts, kept.answers)


def _same(connection: Connection, session: int, said: Mapping[str, Any]) -> Decision | None:
    """The last decision of a session, if it says this."""
    row = chain.newest_of(connection, session, "decision")
    try:
        found = Decision.of(row) if row else None
    except RecordAltered:  # what follows now is recorded anew
        return None
    return found if found and found.said and same_decision(found.said, said) else None


def _decided(connection: Connection, kept: Kept, said: Mapping[str, Any], now: dt.datetime) -> Decision:
    enter_release(connection, kept.release, now)  # one that an older Regimen kept is not there yet
    row = chain.append(connection, "decision", salted(said), now, session=kept.id, release=kept.release)
    decision = Decision.of(row)
    index.enter(connection, decision)
    return decision


def _changed(kept: Kept, given: Mapping[str, Any]) -> dict[str, Any]:
    """The answers that differ from the current ones as they are read, however they are written."""
    held = kept.answers
    read = read_answers(kept.ruleset.facts, {fact: held[fact] for fact in given if fact in held})
    now = read_answers(kept.ruleset.facts, {fact: value for fact, value in given.items() if value is not None})
    return {fact: value for fact, value in given.items() if now.get(fact) != read.get(fact)}


def _append(
    connection: Connection, session: int, after: int, given: Mapping[str, Any], now: dt.datetime
) -> tuple[Change, ...]:
    """Add answers after those that are there, and give them as the database gives them back."""
    rows = [
        {"consultation_id": session, "seq": seq, "fact": fact, "value": value, "given_at": now}
        for seq, (fact, value) in enumerate(given.items(), start=after + 1)
    ]
    if rows:
        connection.execute(insert(answer), rows)
    return tuple(Change(row["seq"], row["fact"], row["value"], now.astimezone(dt.UTC)) for row in rows)


def _readable(ruleset: Ruleset, answers: Mapping[str, object]) -> dict[str, Any]:
    """The answers as JSON has them, each of which this ruleset can read: what is kept can be gone on from.

    Raises:
        AnswerError: lists every one that cannot be used.
    """
    given = {fact: None if raw is None else _plain(raw) for fact, raw in answers.items()}
    read_answers(ruleset.facts, {fact: value for fact, value in given.items() if value is not None})
    return given


def _plain(raw: object) -> object:
    """An answer, given or read, as JSON has it."""
    if raw is UNKNOWN:
        return "unknown"
    if isinstance(raw, list | tuple):
        return [_plain(item) for item in raw]
    if isinstance(raw, set | frozenset):
        return sorted(str(_plain(item)) for item in raw)
    if isinstance(raw, dt.date):
        return raw.isoformat()
    return str(raw) if isinstance(raw, str | Decimal | Quantity) else raw
