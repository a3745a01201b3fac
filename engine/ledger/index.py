"""The index of decisions: what lists and filters need, taken from what the decisions say.

It is no part of the chain: no hash stands for it, and what a decision says is never told from it. It is written in the
transaction that records the decision, goes with what the decision says, and can be made anew from that at any time.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, RowMapping, Table, bindparam, delete, insert, select, update

from engine.dialogue.summary import MISTAKES
from engine.ledger.chain import WITH_CONTENT
from engine.ledger.decisions import Decision, Override
from engine.ledger.errors import RecordAltered
from engine.ledger.tables import content, fired, indexed, mistaken, record

AT_ONCE = 500
SETTLED, UNDECIDED, CONFLICT = "settled", "undecided", "conflict"
FIRED = ("decisive", "also applied")  # the roles of a rule that concluded something
TABLES = (mistaken, fired, indexed)

TOLD = WITH_CONTENT.where(content.c.data.is_not(None))
DECISIONS = (
    TOLD.where(record.c.kind == "decision", record.c.seq > bindparam("after")).order_by(record.c.seq).limit(AT_ONCE)
)
OVERRIDES = TOLD.where(record.c.kind == "override")
OVERRIDDEN = update(indexed).where(indexed.c.seq == bindparam("number")).values(overrides=indexed.c.overrides + 1)

Rows = list[dict[str, Any]]


@dataclass(frozen=True)
class Entry:
    """What the index has of one decision: its row, and those of the rules that fired and of the mistakes found."""

    row: Mapping[str, Any]
    rules: Mapping[str, bool]  # whether it was decisive
    mistakes: frozenset[str]

    @classmethod
    def of(cls, decision: Decision, overrides: int = 0) -> Entry:
        """What it has of a decision that was not deleted."""
        report, head = decision.report, decision.head
        conflict, undecided = report["conflicts"], report["undetermined"]
        row = {
            "seq": decision.id,
            "made_at": dt.datetime.fromisoformat(head.made_at),
            "ruleset_id": report["ruleset"]["id"],
            "version": report["ruleset"]["version"],
            "release_hash": head.release,
            "as_of": report["as_of"],
            "ending": CONFLICT if conflict else UNDECIDED if undecided else SETTLED,
            "regimen": report["regimen"]["id"] if report["regimen"] else "",
            "overrides": overrides,
        }
        steps = [step for step in report["trail"] if step["rule"] and step["role"] in FIRED]
        rules = {step["rule"]: step["role"] == "decisive" for step in steps}
        return cls(row, rules, frozenset(report["conclusions"].get(MISTAKES, ())))


def enter(connection: Connection, decision: Decision) -> None:
    """Enter the newest decision, within the transaction that records it."""
    for table in TABLES:  # what is left there, where somebody cut the chain off, keeps no decision from being recorded
        connection.execute(delete(table).where(table.c.seq >= decision.id))
    _insert(connection, [Entry.of(decision)])


def _insert(connection: Connection, entries: list[Entry]) -> None:
    rows: dict[Table, Rows] = {
        indexed: [dict(entry.row) for entry in entries],
        fired: [
            {"seq": entry.row["seq"], "rule": rule, "decisive": decisive}
            for entry in entries
            for rule, decisive in entry.rules.items()
        ],
        mistaken: [{"seq": entry.row["seq"], "mistake": each} for entry in entries for each in entry.mistakes],
    }
    for table, values in rows.items():
        if values:
            connection.execute(insert(table), values)


def count_override(connection: Connection, decision: int) -> None:
    """Count an override of a decision, within the transaction that records it."""
    connection.execute(OVERRIDDEN, {"number": decision})


def rebuild(connection: Connection) -> int:
    """Make the index anew from what the decisions say, and give how many it has; one that was altered has no entry."""
    for table in TABLES:
        connection.execute(delete(table))
    number = 0
    for entries, _ in _told(connection):
        _insert(connection, entries)
        number += len(entries)
    return number


def stale(connection: Connection) -> tuple[int, ...]:
    """The decisions of which the index has something else than they say."""
    found: list[int] = []
    after = 0
    for entries, last in _told(connection):
        told = {entry.row["seq"]: entry for entry in entries}
        listed = _listed(connection, after, last)
        found += sorted(seq for seq in {*told, *listed} if told.get(seq) != listed.get(seq))
        after = last
    return (*found, *sorted(_listed(connection, after, None)))


def _told(connection: Connection) -> Iterator[tuple[list[Entry], int]]:
    """What the index should have, in pages, each with the number of the last record that was looked at for it."""
    overrides = Counter(each.decision for each in _intact(Override, connection.execute(OVERRIDES)))
    after = 0
    while rows := connection.execute(DECISIONS, {"after": after}).all():
        after = rows[-1].seq
        yield [Entry.of(each, overrides[each.id]) for each in _intact(Decision, rows)], after


def _intact(kind: Any, rows: Iterable[Row[Any]]) -> Iterator[Any]:
    for row in rows:
        try:
            yield kind.of(row)
        except RecordAltered:
            continue


def _listed(connection: Connection, after: int, last: int | None) -> dict[int, Entry]:
    """What the index has of the decisions after one, up to another."""

    def rows(table: Table) -> Iterable[RowMapping]:
        until = [] if last is None else [table.c.seq <= last]
        return connection.execute(select(table).where(table.c.seq > after, *until)).mappings()

    found = {row["seq"]: dict(row) for row in rows(indexed)}
    rules: dict[int, dict[str, bool]] = defaultdict(dict)
    for row in rows(fired):
        rules[row["seq"]][row["rule"]] = row["decisive"]
    mistakes: dict[int, set[str]] = defaultdict(set)
    for row in rows(mistaken):
        mistakes[row["seq"]].add(row["mistake"])
    numbers = {*found, *rules, *mistakes}
    return {seq: Entry(found.get(seq, {}), rules[seq], frozenset(mistakes[seq])) for seq in numbers}
