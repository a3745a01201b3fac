"""The chain: one sequence of records, each of which names the one before it by its hash.

A record is a head, which stays for good, and a content, which is deleted when what it says is to be forgotten. The head
holds only the hash of the content, so that the chain can be verified with or without it; what may be deleted is salted,
so that nobody finds out by guessing what a hash stood for.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import secrets
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import Connection, Row, bindparam, delete, func, insert, select, text

from engine.language.canonical import compact
from engine.ledger.errors import RecordAltered
from engine.ledger.tables import content, record

FORMAT = "regimen-record-1"
FIRST = "0" * 64  # what the first record follows
APPENDING = 0x4E67_1D0B  # any number, so long as every process takes the same lock
SHORT = 12

Kind = Literal["release", "decision", "override", "comment", "deletion"]

NEWEST = select(record.c.seq, record.c.hash).order_by(record.c.seq.desc()).limit(1)
WITH_CONTENT = select(record, content.c.data).outerjoin(content)
BY_NUMBER = WITH_CONTENT.where(record.c.seq == bindparam("seq"))


@dataclass(frozen=True)
class Head:
    """What stays of a record for good.

    Attributes:
        seq: its place in the chain, from 1 on.
        previous: the hash of the record before it.
        session: the number of the session that it is about, if it is about one.
        release: the hash of the release that it is about, if it is about one.
        made_at: when it was made, in ISO form and UTC.
        content: the SHA-256 of its content.
    """

    seq: int
    kind: str
    previous: str
    session: int | None
    release: str | None
    made_at: str
    content: str

    @property
    def hash(self) -> str:
        """What the record after it names it by."""
        said = [FORMAT, self.seq, self.kind, self.previous, self.session, self.release, self.made_at, self.content]
        return sha256(compact(said).encode("utf-8", "surrogateescape"))

    @classmethod
    def of(cls, row: Row[Any]) -> Head:
        """The head that a row holds."""
        others = (row.kind, row.previous, row.consultation_id, row.release_hash, row.made_at, row.content_hash)
        # SQLite keeps bytes in a column of texts, where somebody puts them there: as a text they hash to nothing known
        texts: list[Any] = [repr(each) if isinstance(each, bytes) else each for each in others]
        return cls(row.seq, *texts)


def sha256(data: bytes) -> str:
    """The hash of some bytes, in hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def short(digest: str) -> str:
    """The beginning of a hash, to tell one from another by eye."""
    return digest[:SHORT]


def instant(moment: dt.datetime) -> str:
    """A moment as it is hashed."""
    return moment.astimezone(dt.UTC).isoformat(timespec="microseconds")


def salted(data: Mapping[str, object]) -> dict[str, object]:
    """Data with a salt in front, which is deleted with it."""
    return {"salt": secrets.token_hex(16), **data}


def written(data: Mapping[str, object]) -> bytes:
    """Data as the bytes that are hashed and kept."""
    return compact(data).encode("utf-8", "surrogatepass")


def read(data: bytes) -> dict[str, Any]:
    """Data from the bytes that were kept.

    Raises:
        ValueError: they are none that `written` gives.
    """
    found = json.loads(data.decode("utf-8", "surrogatepass"))
    if not isinstance(found, dict):
        raise ValueError("no mapping")  # noqa: TRY004 (as where it is no JSON)
    return found


def lock(connection: Connection) -> None:
    """Be the only one to append until the transaction ends.

    Whoever locks a session too locks it before: the end of the chain is the last lock that a transaction takes.
    """
    if connection.dialect.name == "postgresql":  # SQLite has one writer at a time anyway
        connection.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": APPENDING})


def said(row: Row[Any]) -> dict[str, Any] | None:
    """What a record with its content says; None where that was deleted.

    Raises:
        RecordAltered: it is not as it was recorded.
    """
    if Head.of(row).hash != row.hash or (row.data is not None and not intact(row)):
        raise RecordAltered(row.seq)
    try:
        dt.datetime.fromisoformat(row.made_at)
        return None if row.data is None else read(row.data)
    except ValueError:  # whoever wrote it computed its hashes too
        raise RecordAltered(row.seq) from None


def intact(row: Row[Any]) -> bool:
    """Whether a content that is there is the one that was recorded: bytes, since SQLite keeps a text among them too."""
    return isinstance(row.data, bytes) and sha256(row.data) == row.content_hash


def append(
    connection: Connection,
    kind: Kind,
    data: Mapping[str, object],
    moment: dt.datetime,
    *,
    session: int | None = None,
    release: str | None = None,
) -> Row[Any]:
    """Add a record at the end of the chain, within a transaction that writes, and give its row."""
    lock(connection)
    newest = connection.execute(NEWEST).first()  # by a statement of its own, which sees what was waited for
    seq, previous = (newest.seq + 1, newest.hash) if newest else (1, FIRST)
    stored = written(data)
    head = Head(seq, kind, previous, session, release, instant(moment), sha256(stored))
    row = {"seq": seq, "kind": kind, "previous": previous, "consultation_id": session, "release_hash": release}
    row |= {"made_at": head.made_at, "content_hash": head.content, "hash": head.hash}
    connection.execute(insert(record), row)
    connection.execute(insert(content), {"seq": seq, "data": stored})
    return connection.execute(BY_NUMBER, {"seq": seq}).one()


def erase(connection: Connection, sessions: Collection[int], reason: str, moment: dt.datetime) -> None:
    """Delete what the records of some sessions say; that this was done is a record itself, which names them.

    What the index has of them the database deletes along.

    The sessions have to be deleted already, within the same transaction, so that nothing is recorded of them meanwhile.
    """
    theirs = select(record.c.seq).where(record.c.consultation_id.in_(sessions))
    numbers = list(connection.execute(theirs.join(content).order_by(record.c.seq)).scalars())
    if numbers:
        append(connection, "deletion", {"reason": reason, "records": numbers}, moment)
        connection.execute(delete(content).where(content.c.seq.in_(theirs)))


def newest_of(connection: Connection, session: int, kind: Kind) -> Row[Any] | None:
    """The last record of a kind about a session."""
    last = select(func.max(record.c.seq)).where(record.c.consultation_id == session, record.c.kind == kind)
    return connection.execute(WITH_CONTENT.where(record.c.seq == last.scalar_subquery())).first()
