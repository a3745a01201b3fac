"""Why a goal did not come to a value: what each rule that would conclude it lacks, and the least that would mend it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import z3

from engine.dialogue.consultation import Consultation
from engine.explain.changes import MOST_ANSWERS, Change, Changes
from engine.language.model import All, Condition, Goal, Rule, SetTest, ValueTest, tests_in
from engine.language.values import UNKNOWN, Answer, Quantity, Single
from engine.language.wording import say_condition
from engine.logic.evaluate import passes
from engine.logic.signs import FALSE, TRUE, Sign
from engine.logic.trail import unsigned_overriders
from engine.verify.finder import Finder
from engine.verify.provable import Asked
from engine.verify.space import Space
from engine.verify.symbolic import Symbolic

MOST_REPAIRS = 3


@dataclass(frozen=True)
class Need:
    """A part of what a rule asks for.

    Attributes:
        condition: the part.
        sign: its sign under the answers.
    """

    condition: Condition
    sign: Sign

    @property
    def met(self) -> bool:
        """Whether it is known true."""
        return bool(self.sign & TRUE)


@dataclass(frozen=True)
class Obstacle:
    """A rule that would conclude the value, and what keeps it from doing so.

    Attributes:
        needs: the parts of its `when`, those that are not met first: known false before unknown.
        outranked_by: the rules whose `when` is known true and that override it.
        waits_for: the rules that override it and of which that is unknown.
    """

    rule: Rule
    needs: tuple[Need, ...]
    outranked_by: tuple[Rule, ...]
    waits_for: tuple[Rule, ...]

    @property
    def applies(self) -> bool:
        """Whether nothing keeps it from applying."""
        return all(need.met for need in self.needs) and not self.outranked_by and not self.waits_for


@dataclass(frozen=True)
class Repair:
    """A smallest change of answers that brings the value about, and what follows from it on durable-rules."""

    change: Change
    after: Consultation


@dataclass(frozen=True)
class WhyNot:
    """Why a goal did not come to a value.

    Attributes:
        held: it did.
        gate: what the goal as a whole lacks to be a result, or None.
        obstacles: the rules that would conclude the value.
        instead: where the value is what holds unless a rule says otherwise, the rules that are not ruled out.
        repairs: smallest changes, none where there is no such change at all.
        more: how many others there are of that size.
    """

    goal: Goal
    value: Single
    held: bool
    gate: Need | None
    obstacles: tuple[Obstacle, ...]
    instead: tuple[Obstacle, ...]
    repairs: tuple[Repair, ...]
    more: int


def why_not(consultation: Consultation, goal: Goal, value: Single) -> WhyNot:
    """Say why a goal did not come to a value.

    Args:
        consultation: the answers.
        goal: one whose value rules conclude.
        value: one of the values that they can conclude.
    """
    ruleset, now = consultation.ruleset, consultation.evaluation
    rules = ruleset.concluders[goal.fact]
    unless = rules if value == ruleset.facts[goal.fact].otherwise else ()
    held = _is_result(consultation, goal, value)
    repairs, more = ((), 0) if held else _repairs(consultation, goal, value)
    return WhyNot(
        goal,
        value,
        held,
        None if goal.when is None or now.is_result(goal) else Need(goal.when, now.sign(goal.when)),
        tuple(_obstacle(consultation, rule) for rule in rules if value in rule.concludes(goal.fact)),
        tuple(_obstacle(consultation, rule) for rule in unless if not now.whens[rule.id] & FALSE),
        repairs,
        more,
    )


def _is_result(consultation: Consultation, goal: Goal, value: Single) -> bool:
    found = consultation.results.conclusions.get(goal.fact)
    return value in found if isinstance(found, tuple) else value == found


def _obstacle(consultation: Consultation, rule: Rule) -> Obstacle:
    ruleset, now = consultation.ruleset, consultation.evaluation
    parts = rule.when.parts if isinstance(rule.when, All) else (rule.when,)
    needs = sorted((Need(part, now.sign(part)) for part in parts), key=lambda need: (need.met, not need.sign & FALSE))
    others = ruleset.overriders[rule.id]
    outranked = tuple(other for other in others if now.whens[other.id] & TRUE)
    return Obstacle(rule, tuple(needs), outranked, tuple(unsigned_overriders(ruleset, now, rule)))


# The least that would mend it


def brings(goal: Goal, value: Single, some: Symbolic[Any, Any]) -> Any:
    """The worlds in which a goal comes to a value, and to no other beside it that contradicts it."""
    worlds, when = some.worlds, some.goal_whens[goal.fact].true
    if goal.fact in some.options:
        return worlds.both((when, some.options[goal.fact][str(value)].true))
    others = worlds.either(where for other, where in some.held[goal.fact].items() if other != value)
    return worlds.both((when, some.held[goal.fact][value], worlds.others(others)))


def _repairs(consultation: Consultation, goal: Goal, value: Single) -> tuple[tuple[Repair, ...], int]:
    """The repairs of the smallest size; each is run on durable-rules before it is told."""
    changes = Changes(consultation, goal)
    target = partial(brings, goal, value)
    for size in range(1, MOST_ANSWERS + 1):
        found = changes.smallest(target, MOST_REPAIRS, size)
        if found.changes:
            told = _confirmed(consultation, goal, value, found.changes)
            return told, found.more
    larger = _larger(consultation, goal, value, changes)
    return _confirmed(consultation, goal, value, [larger] if larger else []), 0


def _confirmed(
    consultation: Consultation, goal: Goal, value: Single, changes: Iterator[Change] | Any
) -> tuple[Repair, ...]:
    ruleset, as_of = consultation.ruleset, consultation.as_of
    tried = [Repair(change, Consultation(ruleset, {**consultation.answers, **change}, as_of)) for change in changes]
    return tuple(each for each in tried if _is_result(each.after, goal, value))


def _larger(consultation: Consultation, goal: Goal, value: Single, changes: Changes) -> Change | None:
    """A smallest change of more answers than can all be tried; Z3 finds it."""
    space = Space(consultation.ruleset)
    finder = Finder(consultation.ruleset, space, after=consultation)
    asked = {name: each for name, each in finder.worlds.asked.items() if name in changes.cone}
    given = consultation.answers
    stay = [each.given for name, each in asked.items() if name in given]
    changed = [(z3.Not(_same(space, name, each, given.get(name))), 1) for name, each in asked.items()]
    for size in range(MOST_ANSWERS + 1, len(asked) + 1):
        patient = finder.proved(partial(brings, goal, value), z3.And(*stay, z3.PbLe(changed, size)))
        if patient:
            return {
                name: patient.answers[name]
                for name in asked
                if name in patient.answers and not _alike(space, name, patient.answers[name], given.get(name))
            }
    return None


def _same(space: Space, name: str, asked: Asked, given: Answer | None) -> z3.BoolRef:
    """Where an input is answered as it was, as far as any test can tell."""
    if given is None:
        return z3.Not(asked.given)
    if given is UNKNOWN:
        return z3.And(asked.given, z3.Not(asked.known))
    if isinstance(given, tuple):
        chosen = [where if kind[0] in given else z3.Not(where) for where, kind in asked.kinds if isinstance(kind, tuple)]
        return z3.And(asked.known, *chosen)
    if asked.amounts:
        return z3.And(asked.known, z3.Or([z3.And(where, _equals(number, given)) for unit, where, number in asked.amounts if unit == getattr(given, "unit", None)]))
    return z3.And(asked.known, z3.Or([where for where, kind in asked.kinds if _alike(space, name, kind, given)]))


def _equals(number: z3.ArithRef, given: Answer) -> z3.BoolRef:
    if isinstance(given, Quantity):
        return number == z3.RatVal(*given.number.as_integer_ratio())
    return number == given.toordinal()  # type: ignore[union-attr]


def _alike(space: Space, name: str, one: Answer, other: Answer | None) -> bool:
    """Whether no test tells two answers apart."""
    if one is UNKNOWN or other is UNKNOWN or other is None or isinstance(one, tuple) or name in space.computed_with:
        return one == other
    fact = space.ruleset.facts[name]
    tests = (test for test in space.tests[name] if isinstance(test, ValueTest))
    return all(passes(test, fact, one) == passes(test, fact, other) for test in tests)
