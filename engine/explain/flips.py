"""What would flip a goal: every minimal change of at most three answers that makes it come to something else."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from engine.dialogue.consultation import Consultation
from engine.explain.changes import Change, Changes
from engine.explain.search import Search, Target
from engine.language.model import Goal
from engine.language.values import Answer
from engine.verify.symbolic import Symbolic

MOST_FLIPS = 50

Key = frozenset[tuple[str, Answer]]


@dataclass(frozen=True)
class Flip:
    """A change of answers, and what follows from it on durable-rules."""

    change: Change
    after: Consultation


@dataclass(frozen=True)
class Flips:
    """The flips of a goal.

    Attributes:
        goal: the goal.
        flips: the smallest changes first.
        more: how many others there are.
        partial: there are others that were not looked at (`Changes`).
    """

    goal: Goal
    flips: tuple[Flip, ...]
    more: int
    partial: bool


def flips(consultation: Consultation, goals: Iterable[Goal], most: int = MOST_FLIPS) -> list[Flips]:
    """Find what would flip goals; each change is run on durable-rules before it is told, once for all of them.

    Args:
        consultation: the answers.
        goals: those to look at.
        most: how many flips of each goal to give.
    """
    chosen = tuple(goals)
    if not chosen:
        return []
    search = Search(
        [Changes(consultation, goal) for goal in chosen], [elsewhere(consultation, goal) for goal in chosen]
    )
    found = [search.smallest(at, most) for at in range(len(chosen))]
    changes = {_key(change): change for each in found for change in each.changes}
    after = dict(zip(changes, consultation.changed(list(changes.values())), strict=True))
    told = []
    for goal, each in zip(chosen, found, strict=True):
        now, flipped = state(consultation, goal), [Flip(change, after[_key(change)]) for change in each.changes]
        confirmed = tuple(flip for flip in flipped if state(flip.after, goal) != now)
        told.append(Flips(goal, confirmed, each.more, each.partial))
    return told


def _key(change: Change) -> Key:
    return frozenset(change.items())


def state(consultation: Consultation, goal: Goal) -> object:
    """What a run on durable-rules makes of a goal."""
    found = consultation.results
    told = found.conclusions.get(goal.fact), found.conflicts.get(goal.fact), goal.fact in found.undetermined
    return told, consultation.run.pursued(goal)


def elsewhere(consultation: Consultation, goal: Goal) -> Target:
    """The worlds in which a goal is settled, and comes to something else than it does now, or is not pursued."""
    now = consultation.evaluation

    def target(some: Symbolic[int, Any]) -> int:
        worlds, when = some.worlds, some.goal_whens[goal.fact]
        pursued = worlds.both((when.true, worlds.others(when.false)))
        other = worlds.either(_unlike(some, consultation, goal))
        if not (now.pursued(goal) and now.is_result(goal) and now.settled(goal.fact)):
            other = worlds.yes
        dropped = worlds.no if not now.pursued(goal) else when.false
        return worlds.either((dropped, worlds.both((pursued, some.settled(goal.fact), other))))

    return target


def _unlike(some: Symbolic[int, Any], consultation: Consultation, goal: Goal) -> Iterator[int]:
    """Where a value of a goal is held that is not held now, or the other way round."""
    now, worlds, name = consultation.evaluation, some.worlds, goal.fact
    if name in some.options:
        for option, sign in some.options[name].items():
            yield worlds.others(sign.true) if now.options[name][option] & 1 else sign.true
    elif name in some.held:
        for value, where in some.held[name].items():
            yield worlds.others(where) if value in now.held[name] else where
    elif name in some.computed:
        held = set(now.held[name])
        yield from (where for where, value in some.computed[name] if value not in held)
