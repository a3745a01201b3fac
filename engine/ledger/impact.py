"""The impact of a ruleset on stored decisions: which of them would end otherwise under it, and how.

Decisions whose answers are the same to every rule are run once, and many are shared out among processes. The reference
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
from engine.inference.compile import Program, program_of
from engine.inference.run import depends_on
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


@dataclass(frozen=True)
class _Asked:
    """A decision with what it has in common with every other that has to end the same."""

    task: Task
    key: str
    partly_read: bool


def compare(ruleset: Ruleset, batches: Iterable[list[Task]], total: int) -> Iterator[list[Compared]]:
    """Run decisions again under a ruleset, and give each batch compared.

    Args:
        ruleset: the version to compare with.
        batches: the decisions.
        total: how many they are.
    """
    program = program_of(ruleset)
    ended: dict[str, Ends] = {}
    begun: set[str] = set()
    under_way: deque[tuple[list[_Asked], list[str], Iterator[Ends]]] = deque()

    def finished() -> list[Compared]:
        batch, keys, ends = under_way.popleft()
        ended.update(zip(keys, ends, strict=True))
        return [_compared(ruleset, asked, ended[asked.key]) for asked in batch]

    with _runner(ruleset, total) as run:
        for tasks in batches:
            batch = [_asked(program, task) for task in tasks]
            new = {asked.key: asked.task for asked in batch if asked.key not in begun}
            begun.update(new)
            under_way.append((batch, list(new), run(new.values())))
            if len(under_way) > 1:  # the other processes work on one batch while the next is read
                yield finished()
        while under_way:
            yield finished()


def _asked(program: Program, task: Task) -> _Asked:
    readable, left_out = readable_answers(program.ruleset, task.given)
    ends = [task.ends.get(goal.fact) for goal in program.ruleset.goals]
    common = (*depends_on(program, readable, _day(task)), ends)
    return _Asked(task, sha256(repr(common).encode("utf-8", "surrogatepass")), bool(left_out))


def _compared(ruleset: Ruleset, asked: _Asked, ends: Ends) -> Compared:
    return Compared(asked.task.id, tuple(changes(ruleset, asked.task.ends, ends)), asked.partly_read)


def _day(task: Task) -> dt.date | None:
    return dt.date.fromisoformat(task.as_of) if task.as_of else None


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

Run = Callable[[Iterable[Task]], Iterator[Ends]]


@contextmanager
def _runner(ruleset: Ruleset, total: int) -> Iterator[Run]:
    """What runs decisions, here or in other processes."""
    processes = min(MOST_PROCESSES, _cores())
    if total < WORTH_SHARING or processes == 1:
        yield partial(map, Ending(ruleset))
        return
    context = multiprocessing.get_context("spawn")  # the database's connections and threads are not for others
    pool = ProcessPoolExecutor(processes, context, _prepare, (dict(ruleset.files),))
    try:
        yield lambda tasks: pool.map(_ends_there, tasks, chunksize=HANDED_OUT)
    finally:
        pool.shutdown(cancel_futures=True)


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


_there: list[Ending] = []  # in each of the other processes


def _prepare(files: Mapping[str, str]) -> None:
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _there.append(Ending(ruleset_from_files(files)))


def _end_with_parent() -> None:
    """End when whoever asked was killed: nobody would ever tell this process that it is no longer needed."""
    parent = multiprocessing.parent_process()
    if parent:
        parent.join()
        os._exit(1)


def _ends_there(task: Task) -> Ends:
    return _there[0](task)


class Ending:
    """What decisions would end in under a ruleset."""

    def __init__(self, ruleset: Ruleset) -> None:
        self._ruleset = ruleset
        self._confirmed: Counter[Change] = Counter()  # how often durable-rules said so too; below 0: once it did not

    def __call__(self, task: Task) -> Ends:
        """What one would end in."""
        readable, _ = readable_answers(self._ruleset, task.given)
        ended = Consultation(self._ruleset, readable, _day(task))
        ends = _ends_by_reference(ended)
        found = tuple(changes(self._ruleset, task.ends, ends or {}))
        if ends is None or any(self._confirmed[change] < CONFIRMED for change in found):
            told = _of_goals(self._ruleset, {**ended.conclusions, **ended.conflicts})
            for change in found:
                self._confirmed[change] += 1 if told == ends else -ALL
            return told
        return ends


def _ends_by_reference(ended: Consultation) -> Ends | None:
    """The same by the reference evaluation; None where facts are in conflict, as that takes a trail."""
    if ended.evaluation.conflicts():
        return None
    found = results_of(ended.evaluation, regimen_rests_on_conflict=False).conclusions
    return _of_goals(ended.ruleset, {name: shown(ended.ruleset.facts[name], value) for name, value in found.items()})


def _of_goals(ruleset: Ruleset, conclusions: Mapping[str, Any]) -> Ends:
    return plain({goal.fact: conclusions[goal.fact] for goal in ruleset.goals if goal.fact in conclusions})
