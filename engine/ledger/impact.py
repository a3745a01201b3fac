"""The impact of a ruleset on stored decisions: which of them would end otherwise under it, and how.

Decisions on the same answers are compared once, and many are shared out among processes. The reference
evaluation, which is quick, finds what would end otherwise. Of each change that it finds the first decisions are run on
durable-rules as well, so all of them where they are few: what that says is told. Where the two ever differ, every
decision with the change is.
"""

from __future__ import annotations

import datetime as dt
import multiprocessing
import os
import threading
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

from engine.dialogue.consultation import Consultation, shown
from engine.language.canonical import compact
from engine.language.load import ruleset_from_files
from engine.language.model import Fact, Ruleset
from engine.language.wording import say_value
from engine.ledger.chain import sha256
from engine.ledger.decisions import Decision, plain
from engine.ledger.replay import readable_answers
from engine.logic.outcome import results_of

WORTH_SHARING = 2000  # decisions; below it the other processes would take longer to start than they save
MOST_PROCESSES = 4
HANDED_OUT = 10  # decisions that a process takes at a time
CONFIRMED = 10  # decisions of each change that each process runs on durable-rules
ALL = 1 << 60
NO_VALUE = "no value"

Ends = Mapping[str, Any]  # what was concluded of each goal: a value, the members of a set, both values of a conflict


@dataclass(frozen=True)
class Task:
    """A decision to be run again."""

    id: int
    given: Mapping[str, Any]
    as_of: str | None
    ends: Ends


@dataclass(frozen=True)
class Change:
    """How a goal ends otherwise: from a value to another, None standing for no value.

    Of a set every option that it gains or loses is a change of its own, from None or to None.
    """

    goal: str
    before: Any
    after: Any


@dataclass(frozen=True)
class Compared:
    """A decision beside what it would end in.

    Attributes:
        changes: in the order of the goals; none where it would end the same.
        partly_read: the ruleset cannot read each of its answers.
    """

    id: int
    changes: tuple[Change, ...]
    partly_read: bool


@dataclass(frozen=True)
class Impact:
    """What a ruleset would change.

    Attributes:
        looked_at: how many decisions were compared.
        changed: the numbers of those that would end otherwise.
        groups: the numbers by each change, the most frequent change first.
        partly_read: the numbers of those of which it cannot read every answer.
    """

    ruleset: Ruleset
    looked_at: int
    changed: tuple[int, ...]
    groups: Mapping[Change, tuple[int, ...]]
    partly_read: tuple[int, ...]

    @classmethod
    def of(cls, ruleset: Ruleset, compared: Iterable[Compared]) -> Impact:
        """What many comparisons come to."""
        looked_at, changed, partly_read = 0, [], []
        groups: dict[Change, list[int]] = {}
        for each in compared:
            looked_at += 1
            changed += [each.id] if each.changes else []
            partly_read += [each.id] if each.partly_read else []
            for change in each.changes:
                groups.setdefault(change, []).append(each.id)
        ordered = sorted(groups.items(), key=lambda group: -len(group[1]))
        return cls(ruleset, looked_at, tuple(changed), {name: tuple(ids) for name, ids in ordered}, tuple(partly_read))


def task_of(decision: Decision) -> Task:
    """What the impact on a decision is found from."""
    said, report = decision.said or {}, decision.report
    return Task(decision.id, said["given"], report["as_of"], {**report["conclusions"], **report["conflicts"]})


def say_change(ruleset: Ruleset, change: Change) -> str:
    """A change in words: "Regimen: intensive → standard"."""
    fact = ruleset.facts[change.goal]
    if fact.is_set:
        word, option = ("no longer", change.before) if change.after is None else ("also", change.after)
        return f"{fact.label}: {word} {_said(fact, option)}"
    return f"{fact.label}: {_said(fact, change.before)} → {_said(fact, change.after)}"


def _said(fact: Fact, value: Any) -> str:
    if value is None:
        return NO_VALUE
    if isinstance(value, tuple):
        return " and ".join(_said(fact, each) for each in value) + " (in conflict)"
    return say_value(fact, value)


# Comparing


def compare(ruleset: Ruleset, batches: Iterable[list[Task]], total: int) -> Iterator[list[Compared]]:
    """Run decisions again under a ruleset, and give each batch compared.

    Args:
        ruleset: the version to compare with.
        batches: the decisions.
        total: how many they are.
    """
    found: dict[str, Found] = {}
    begun: set[str] = set()
    under_way: deque[tuple[dict[int, str], list[str], Iterator[Found]]] = deque()

    def finished() -> list[Compared]:
        keys, new, results = under_way.popleft()
        found.update(zip(new, results, strict=True))
        return [Compared(number, *found[key]) for number, key in keys.items()]

    with _runner(ruleset, total) as run:
        for tasks in batches:
            keys = {task.id: _key(ruleset, task) for task in tasks}
            new = {keys[task.id]: task for task in tasks if keys[task.id] not in begun}
            begun.update(new)
            under_way.append((keys, list(new), run(new.values())))
            if len(under_way) > 1:  # the other processes work on one batch while the next is read
                yield finished()
        while under_way:
            yield finished()


def _key(ruleset: Ruleset, task: Task) -> str:
    """What a decision has in common with every other that comes out the same."""
    ends = [task.ends.get(goal.fact) for goal in ruleset.goals]
    return sha256(compact([task.given, task.as_of, ends]).encode("utf-8", "surrogatepass"))


def changes(ruleset: Ruleset, before: Ends, after: Ends) -> Iterator[Change]:
    """Each change of a goal, in the order of the goals."""
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

Found = tuple[tuple[Change, ...], bool]  # the changes, and whether the answers were read in part
Run = Callable[[Iterable[Task]], Iterator[Found]]


@contextmanager
def _runner(ruleset: Ruleset, total: int) -> Iterator[Run]:
    """What runs decisions, here or in other processes."""
    processes = min(MOST_PROCESSES, _cores())
    if total < WORTH_SHARING or processes == 1:
        yield partial(map, Finder(ruleset))
        return
    context = multiprocessing.get_context("spawn")  # the database's connections and threads are not for others
    pool = ProcessPoolExecutor(processes, context, _prepare, (dict(ruleset.files),))
    try:
        yield lambda tasks: pool.map(_find_there, tasks, chunksize=HANDED_OUT)
    finally:
        pool.shutdown(cancel_futures=True)


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


_there: list[Finder] = []  # in each of the other processes


def _prepare(files: Mapping[str, str]) -> None:
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _there.append(Finder(ruleset_from_files(files)))


def _end_with_parent() -> None:
    """End when whoever asked was killed: nobody would ever tell this process that it is no longer needed."""
    parent = multiprocessing.parent_process()
    if parent:
        parent.join()
        os._exit(1)


def _find_there(task: Task) -> Found:
    return _there[0](task)


class Finder:
    """Finds what changes for decisions under a ruleset."""

    def __init__(self, ruleset: Ruleset) -> None:
        self._ruleset = ruleset
        self._confirmed: Counter[Change] = Counter()  # how often durable-rules said so too; below 0: once it did not

    def __call__(self, task: Task) -> Found:
        """What changes for one."""
        ended, whole = consulted(self._ruleset, task)
        ends = _ends_by_reference(ended)
        found = tuple(changes(self._ruleset, task.ends, ends or {}))
        if ends is None or any(self._confirmed[change] < CONFIRMED for change in found):
            told = tuple(changes(self._ruleset, task.ends, plain({**ended.conclusions, **ended.conflicts})))
            for change in found:
                self._confirmed[change] += 1 if told == found else -ALL
            found = told
        return found, not whole


def consulted(ruleset: Ruleset, task: Task) -> tuple[Consultation, bool]:
    """The answers of a decision under another ruleset, and whether it can read all of them."""
    readable, left_out = readable_answers(ruleset, task.given)
    return Consultation(ruleset, readable, dt.date.fromisoformat(task.as_of) if task.as_of else None), not left_out


def _ends_by_reference(ended: Consultation) -> Ends | None:
    """The same by the reference evaluation; None where facts are in conflict, as that takes a trail."""
    if ended.evaluation.conflicts():
        return None
    found = results_of(ended.evaluation, regimen_rests_on_conflict=False).conclusions
    return plain({name: shown(ended.ruleset.facts[name], value) for name, value in found.items()})
