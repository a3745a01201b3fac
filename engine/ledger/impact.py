"""The impact of a ruleset on stored decisions: which of them would end otherwise under it, and how.

The reference evaluation, which is quick, finds those that may; each of these is run again on durable-rules, and what
that says is told. Many are shared out among processes.
"""

from __future__ import annotations

import datetime as dt
import multiprocessing
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

from engine.dialogue.consultation import Consultation, shown
from engine.language.load import ruleset_from_files
from engine.language.model import Ruleset
from engine.ledger.decisions import Decision, plain
from engine.ledger.replay import readable_answers
from engine.logic.outcome import results_of

WORTH_SHARING = 2000  # decisions; below it the other processes would take longer to start than they save
MOST_PROCESSES = 4
AT_ONCE = 50


@dataclass(frozen=True)
class Task:
    """A decision to be run again.

    Attributes:
        ends: what was concluded, by fact: a value, the members of a set, both values of a conflict.
    """

    id: int
    given: Mapping[str, Any]
    as_of: str | None
    ends: Mapping[str, Any]


@dataclass(frozen=True)
class Change:
    """How a goal ends otherwise: from a value to another, None standing for no value.

    Of a set every option that it gains or loses is a change of its own, from None or to None.
    """

    goal: str
    before: Any
    after: Any


@dataclass(frozen=True)
class Impact:
    """What a ruleset would change.

    Attributes:
        looked_at: how many decisions were run again.
        changed: the numbers of those that would end otherwise.
        groups: the numbers by each change, the most frequent change first.
        partly_read: the numbers of those of which it cannot read every answer.
    """

    ruleset: Ruleset
    looked_at: int
    changed: tuple[int, ...]
    groups: Mapping[Change, tuple[int, ...]]
    partly_read: tuple[int, ...]


def task_of(decision: Decision) -> Task:
    """What the impact on a decision is found from."""
    said, report = decision.said or {}, decision.report
    return Task(decision.id, said["given"], report["as_of"], {**report["conclusions"], **report["conflicts"]})


def impact(
    ruleset: Ruleset, batches: Iterable[list[Task]], total: int, told: Callable[[int, int], None] | None = None
) -> Impact:
    """Run decisions again under a ruleset.

    Args:
        ruleset: the version to compare with.
        batches: the decisions.
        total: how many they are.
        told: is called now and then with how many were run, and how many there are.
    """
    looked_at, changed, partly_read = 0, [], []
    groups: dict[Change, list[int]] = {}
    with _runner(ruleset, total) as run:
        for batch in batches:
            for task, (ends, whole) in zip(batch, run(batch), strict=True):
                looked_at += 1
                found = list(_changes(ruleset, task.ends, ends))
                for change in found:
                    groups.setdefault(change, []).append(task.id)
                changed += [task.id] if found else []
                partly_read += [] if whole else [task.id]
                if told and looked_at % AT_ONCE == 0:
                    told(looked_at, total)
    ordered = sorted(groups.items(), key=lambda group: -len(group[1]))
    return Impact(ruleset, looked_at, tuple(changed), {name: tuple(ids) for name, ids in ordered}, tuple(partly_read))


def _changes(ruleset: Ruleset, before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Change]:
    for goal in ruleset.goals:
        was, now = before.get(goal.fact), after.get(goal.fact)
        if ruleset.facts[goal.fact].is_set:
            was, now = _members(was), _members(now)
            yield from (Change(goal.fact, option, None) for option in was if option not in now)
            yield from (Change(goal.fact, None, option) for option in now if option not in was)
        elif was != now:
            yield Change(goal.fact, _hashable(was), _hashable(now))


def _members(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _hashable(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


# Running

Run = Callable[[list[Task]], Iterable[tuple[Mapping[str, Any], bool]]]


@contextmanager
def _runner(ruleset: Ruleset, total: int) -> Iterator[Run]:
    """What runs a batch of decisions, here or in other processes."""
    processes = min(MOST_PROCESSES, os.cpu_count() or 1)
    if total < WORTH_SHARING or processes == 1:
        yield partial(map, partial(_run, ruleset))
        return
    context = multiprocessing.get_context("spawn")  # the database's connections and threads are not for others
    with context.Pool(processes, _prepare, [dict(ruleset.files)]) as pool:
        yield lambda batch: pool.imap(_run_there, batch, chunksize=AT_ONCE)


_there: list[Ruleset] = []  # in each of the other processes, the ruleset


def _prepare(files: Mapping[str, str]) -> None:
    _there.append(ruleset_from_files(files))


def _run_there(task: Task) -> tuple[Mapping[str, Any], bool]:
    return _run(_there[0], task)


def _run(ruleset: Ruleset, task: Task) -> tuple[Mapping[str, Any], bool]:
    """What a decision would end in, and whether all of its answers could be read."""
    readable, left_out = readable_answers(ruleset, task.given)
    ended = Consultation(ruleset, readable, dt.date.fromisoformat(task.as_of) if task.as_of else None)
    ends = _ends_by_reference(ended)
    if ends is None or any(_changes(ruleset, task.ends, ends)):
        ends = plain({**ended.conclusions, **ended.conflicts})
    return ends, not left_out


def _ends_by_reference(ended: Consultation) -> Mapping[str, Any] | None:
    """The same by the reference evaluation; None where facts are in conflict, as that takes a trail."""
    if ended.evaluation.conflicts():
        return None
    found = results_of(ended.evaluation, regimen_rests_on_conflict=False).conclusions
    return plain({name: shown(ended.ruleset.facts[name], value) for name, value in found.items()})
