"""Verifying the ledger: that nothing was altered, taken out, put in or put elsewhere since it was recorded.

What it cannot show by itself is a chain that somebody with the database in their hands wrote anew from some record on,
or cut off at its end. A hash that was noted elsewhere, as each visit sheet and capsule carries one, shows that too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import Connection, Row, func, select

from engine.ledger import chain
from engine.ledger.chain import FIRST, WITH_CONTENT, Head
from engine.ledger.errors import ReleaseError
from engine.ledger.releases import STORED, loaded_release, release_data
from engine.ledger.tables import content, record

AT_ONCE = 500
LEFT_OVER = select(content.c.seq).outerjoin(record).where(record.c.seq.is_(None)).order_by(content.c.seq)
NO_HEAD = (
    "No record has the hash that was noted. If it was copied without a slip, and is of this ledger, the chain was"
    " written anew or cut off since then."
)


@dataclass(frozen=True)
class Trouble:
    """The first thing that is wrong.

    Attributes:
        seq: the number of the record; 0 where none has to do with it.
        message: what is wrong, in a sentence.
    """

    seq: int
    message: str


@dataclass(frozen=True)
class Verified:
    """What verifying came to.

    Attributes:
        counts: how many records there are of each kind.
        deleted: how many of them say nothing any more, as their session was forgotten or has expired.
        head: the hash of the newest record; None in an empty ledger.
        trouble: the first thing that is wrong, or None.
    """

    counts: Mapping[str, int]
    deleted: int
    head: str | None
    trouble: Trouble | None

    @property
    def records(self) -> int:
        """How many records there are."""
        return sum(self.counts.values())


@dataclass
class _Walk:
    """The chain as far as it was walked."""

    known: str | None
    counts: dict[str, int] = field(default_factory=dict)
    missing: dict[int, str] = field(default_factory=dict)  # records without content that no deletion names yet
    deleted: set[int] = field(default_factory=set)
    releases: dict[str, tuple[int, str, Mapping[str, Any]]] = field(default_factory=dict)
    last: tuple[int, str] = (0, FIRST)  # number and hash
    trouble: Trouble | None = None
    doubtful: int = 0  # the last place of a deletion that cannot be read: it may have named records before it
    seen: bool = False

    def tell(self, seq: int, message: str) -> None:
        """Keep the first trouble by the order of records."""
        if self.trouble is None or seq < self.trouble.seq:
            self.trouble = Trouble(seq, message)


def verify(
    connection: Connection, known: str | None = None, told: Callable[[int, int], None] | None = None
) -> Verified:
    """Recompute every hash of the ledger.

    Args:
        connection: within a transaction that reads.
        known: the hash of a record, noted elsewhere, that has to be in the chain.
        told: is called now and then with how many records were looked at, and how many there are.
    """
    total = connection.execute(select(func.count()).select_from(record)).scalar_one() if told else 0
    walk = _Walk(known)
    rows = connection.execute(WITH_CONTENT.order_by(record.c.seq), execution_options={"yield_per": AT_ONCE})
    for number, row in enumerate(rows, 1):
        _look_at(connection, walk, row)
        if told and number % AT_ONCE == 0:
            told(number, total)
    for seq, kind in walk.missing.items():
        if seq > walk.doubtful:
            walk.tell(seq, f"What the {kind} in record {seq} says is missing, and no record says that it was deleted.")
    for seq in connection.execute(LEFT_OVER).scalars():
        walk.tell(seq, f"Record {seq} is missing: only what it says is there.")
    _look_at_releases(walk, connection.execute(STORED, execution_options={"yield_per": 10}))
    if known and not walk.seen and walk.trouble is None:
        walk.tell(0, NO_HEAD)
    return Verified(walk.counts, len(walk.deleted), walk.last[1] if walk.counts else None, walk.trouble)


def _look_at(connection: Connection, walk: _Walk, row: Row[Any]) -> None:
    head = Head.of(row)
    (before, previous), hashed = walk.last, head.hash
    walk.counts[head.kind] = walk.counts.get(head.kind, 0) + 1
    walk.seen = walk.seen or hashed == walk.known
    walk.last = head.seq, hashed
    if head.seq != before + 1:
        walk.tell(before + 1, f"Record {before + 1} is missing.")
        walk.doubtful = head.seq
    elif hashed != row.hash:
        moved = _moved(connection, row) if walk.trouble is None else None
        walk.tell(head.seq, moved or f"Record {head.seq} ({row.kind}) was altered.")
        if replace(head, kind="deletion").hash == row.hash:
            walk.doubtful = head.seq
    elif head.previous != previous:
        walk.tell(head.seq, f"Record {head.seq} ({row.kind}) does not follow record {head.seq - 1} as it is now.")
    elif head.release and row.kind == "decision" and head.release not in walk.releases:
        walk.tell(head.seq, f"Record {head.seq} (decision) is about a release that is not in the ledger.")
    _look_at_content(walk, row)


def _moved(connection: Connection, row: Row[Any]) -> str | None:
    """What to say of a record that was intact in another place."""
    number = 1
    if row.previous.isascii():
        number += connection.execute(select(record.c.seq).where(record.c.hash == row.previous)).scalar() or 0
    for place in {number, *range(max(1, row.seq - 3), row.seq + 4)}:
        if place != row.seq and replace(Head.of(row), seq=place).hash == row.hash:
            return f"Record {row.seq} ({row.kind}) is out of its place: it was recorded as number {place}."
    return None


def _look_at_content(walk: _Walk, row: Row[Any]) -> None:
    if row.data is None:
        walk.missing[row.seq] = row.kind
        return
    try:
        wrong = "" if chain.intact(row) else "was altered"
        if not wrong:
            _take_in(walk, row)
    except (ValueError, LookupError, TypeError):  # whoever wrote it computed its hashes too
        wrong = "cannot be read"
    if wrong:
        walk.tell(row.seq, f"What the {row.kind} in record {row.seq} says {wrong}.")
        if row.kind == "deletion":
            walk.doubtful = row.seq


def _take_in(walk: _Walk, row: Row[Any]) -> None:
    """Keep what a record says of others."""
    if row.kind == "release":
        said = chain.read(row.data)
        walk.releases[str(said["release"])] = row.seq, f"{said['ruleset']} {said['version']}", said
    elif row.kind == "deletion":
        for seq in [int(each) for each in chain.read(row.data)["records"]]:
            if walk.missing.pop(seq, None) is None:
                walk.tell(seq, f"What record {seq} says was deleted, and is there again.")
            walk.deleted.add(seq)


def _look_at_releases(walk: _Walk, rows: Iterable[Row[Any]]) -> None:
    left, others = dict(walk.releases), []
    for row in rows:
        name = f"The release {row.ruleset_id} {row.version} ({chain.short(row.hash)})"
        if row.hash in left:
            seq, _, said = left.pop(row.hash)
            now = release_data(row)
            if any(now.get(name) != value for name, value in said.items()):  # an older Regimen said less
                walk.tell(seq, f"{name} was altered since it was entered as record {seq}.")
        elif not _reads_as_it_was(row):
            others.append(f"{name}, which no decision is about yet, was altered.")
    for digest, (seq, name, _) in left.items():
        walk.tell(seq, f"The release {name} ({chain.short(digest)}), entered as record {seq}, is missing.")
    if others and walk.trouble is None:
        walk.tell(0, others[0])


def _reads_as_it_was(row: Row[Any]) -> bool:
    try:
        loaded_release(row)
    except ReleaseError:
        return False
    return True
