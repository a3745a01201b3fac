"""The least change of answers that brings a goal to a value.

Changes of one and of two answers are all laid out. Where none of them does, Z3 finds how many answers it takes; of
three, all such changes are laid out, of more one is given.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import Any

import z3

from engine.dialogue.consultation import Consultation
from engine.explain.changes import Change, Changes
from engine.explain.search import MOST_ANSWERS, Found, Search
from engine.language.answers import can_be_given
from engine.language.model import Fact, Goal, Rule, Ruleset, tests_in
from engine.language.values import Quantity, Single
from engine.verify.alone import alone
from engine.verify.finder import Finder, Patient, roundings
from engine.verify.provable import GaveUpError
from engine.verify.symbolic import Symbolic, cone

MOST_REPAIRS = 3
AT_ONCE = 2  # answers: all changes of so many are laid out before Z3 is asked


@dataclass(frozen=True)
class Repair:
    """A smallest change of answers that brings the value about, and what follows from it on durable-rules."""

    change: Change
    after: Consultation


def is_result(consultation: Consultation, goal: Goal, value: Single) -> bool:
    """Whether a goal came to a value; of a set, whether it has the option."""
    found = consultation.results.conclusions.get(goal.fact)
    return value in found if isinstance(found, tuple) else value == found


@alone
def repairs(consultation: Consultation, goal: Goal, value: Single) -> tuple[tuple[Repair, ...], int]:
    """Repairs of the smallest size, each run on durable-rules before it is told, and how many others there are.

    Raises:
        GaveUpError: neither a change nor that there is none could be shown.
    """
    changes = Changes(consultation, goal, only_for(consultation.ruleset, goal, value))
    search = Search([changes], [partial(brings, goal, value)])
    for size in range(1, AT_ONCE + 1):
        found = search.smallest(0, MOST_REPAIRS, [size])
        if found.changes:
            break
    else:
        size, found = MOST_ANSWERS, Found((), 0, partial=False)
    if not found.changes or (changes.partial and size > 1):
        least = _Least(consultation, goal, value, changes).change(size - 1 if found.changes else None)
        if least and len(least) == MOST_ANSWERS:
            found = search.smallest(0, MOST_REPAIRS, [MOST_ANSWERS])
        if least and (len(least) < size or not found.changes):
            found = Found((least,), 0, partial=True)
    told = tuple(_confirmed(consultation, goal, value, found.changes))
    if found.changes and not told:
        raise GaveUpError("what was found is not so on durable-rules")
    return told, found.more


def brings(goal: Goal, value: Single, some: Symbolic[Any, Any]) -> Any:
    """The worlds in which a goal comes to a value, and to no other beside it that contradicts it.

    A regimen is not suggested while it rests on a contradiction: there, nothing behind it may be in one.
    """
    worlds, when = some.worlds, some.goal_whens[goal.fact].true
    if goal.fact in some.options:
        return worlds.both((when, some.options[goal.fact][str(value)].true))
    torn = [where for other, where in some.held[goal.fact].items() if other != value]
    if goal.fact == "regimen":
        torn += [where for name in some.held for _, _, where in some.conflict(name)]
    return worlds.both((when, some.held[goal.fact][value], worlds.others(worlds.either(torn))))


def only_for(ruleset: Ruleset, goal: Goal, value: Single) -> Ruleset:
    """The ruleset without what rules conclude for other options of a goal that is a set: it rests on far less."""
    gated = replace(ruleset, goals=(goal,))
    if not ruleset.facts[goal.fact].is_set or (goal.when and goal.fact in _behind_when(ruleset, goal)):
        return gated
    rules = {rule.id: _without_others(rule, goal.fact, value) for rule in ruleset.rules.values()}
    return replace(gated, rules=rules)


def _behind_when(ruleset: Ruleset, goal: Goal) -> set[str]:
    """The facts that a goal's `when` can rest on."""
    tested = {test.fact for test in (tests_in(goal.when) if goal.when else ())}
    return tested.union(*(cone(ruleset, Goal(name)) for name in tested))


def _without_others(rule: Rule, fact: str, value: Single) -> Rule:
    kept = (
        (name, (value,) if name == fact else values) for name, values in rule.then if name != fact or value in values
    )
    return replace(rule, then=tuple(kept))


def _confirmed(consultation: Consultation, goal: Goal, value: Single, changes: Iterable[Change]) -> Iterator[Repair]:
    for change in changes:
        after = Consultation(consultation.ruleset, {**consultation.answers, **change}, consultation.as_of)
        if is_result(after, goal, value):
            yield Repair(change, after)


class _Least:
    """How many answers it takes, and one change of so many; by Z3."""

    def __init__(self, consultation: Consultation, goal: Goal, value: Single, changes: Changes) -> None:
        self.given, self.as_of = consultation.answers, consultation.as_of
        self.first = 1 if changes.partial or changes.unreported else AT_ONCE + 1
        self.brings = partial(brings, goal, value)
        self.finder = Finder(changes.ruleset, changes.space, after=consultation, only=changes.cone)
        worlds = self.finder.worlds
        self.asked = {name: each for name, each in worlds.asked.items() if name in changes.cone}
        self.same = {name: worlds.same(name, self.given.get(name)) for name in self.asked}

    def change(self, most: int | None = None) -> Change | None:
        """A smallest change, of so many answers at most; None where it is proved that there is none."""
        stay = [each.given for name, each in self.asked.items() if name in self.given]
        changed = [(z3.Not(same), 1) for same in self.same.values()]
        if most is None:
            most = len(self.asked) if self.finder.proved(self.target, z3.And(*stay)) else 0
            if not most:
                self.finder.refuse_rounding(self.target)
        for size in range(self.first, most + 1):
            patient = self.finder.proved(self.target, z3.And(*stay, z3.PbLe(changed, size)))
            if patient:
                return self._plainer({name: patient.answers[name] for name in self.asked if name in patient.answers})
        return None

    @cached_property
    def _proved(self) -> Any:
        """The target in the worlds of the proof: the same for each proof."""
        return self.brings(self.finder.provable)

    def target(self, some: Symbolic[Any, Any]) -> Any:
        """Where the goal comes to the value."""
        return self._proved if some is self.finder.provable else self.brings(some)

    def _plainer(self, answers: Change) -> Change:
        """What differs from the answers given; of a set as little as need be, and numbers as round as can be.

        Z3 takes any options in or out, and any number.
        """
        alike = self.finder.worlds.alike
        change = {name: each for name, each in answers.items() if not alike(name, each, self.given.get(name))}
        for name, answer in tuple(change.items()):
            fact, before = self.finder.ruleset.facts[name], self.given.get(name)
            there = set(before) if isinstance(before, tuple) else set()
            toggled = there.symmetric_difference(answer) if isinstance(answer, tuple) else set()
            for option in (each for each in fact.option_ids if each in toggled):
                less = there.symmetric_difference(toggled - {option})
                plainer = {**change, name: tuple(each for each in fact.option_ids if each in less)}
                if self._does(plainer):
                    change, toggled = plainer, toggled - {option}
            change = self._rounder(change, fact)
        return change

    def _rounder(self, change: Change, fact: Fact) -> Change:
        """The change with a number of as few digits as do it."""
        answer = change[fact.id]
        if isinstance(answer, Quantity):
            for rounded in (Quantity(number, answer.unit) for number in roundings(answer.number)):
                if can_be_given(fact, rounded) and self._does({**change, fact.id: rounded}):
                    return {**change, fact.id: rounded}
        return change

    def _does(self, change: Change) -> bool:
        return self.finder.shows(Patient({**self.given, **change}, self.as_of), self.target)
