"""What the tests of changes share: for every question the answers that a goal tells apart, and how many rulesets."""

from __future__ import annotations

from decimal import Context
from fractions import Fraction
from itertools import pairwise

import pytest

from engine.explain.changes import MOST_REPORTED
from engine.language import model
from engine.language.numbers import MOST_DIGITS
from engine.language.values import UNKNOWN, Quantity
from engine.logic.evaluate import passes
from engine.verify.symbolic import cone
from tests.random_rulesets import possible_answers, read

RULESETS, MANY = 300, 5_000
STEP = 10
FEW = 6  # digits, of a cut-off as published


def chunks(test):
    """Run a test on the seeds of 300 rulesets, ten at a time; of 5,000 with -m slow."""
    usual = [range(first, first + STEP) for first in range(0, RULESETS, STEP)]
    many = [range(first, first + 5 * STEP) for first in range(RULESETS, MANY, 5 * STEP)]
    params = [*usual, *(pytest.param(seeds, marks=pytest.mark.slow) for seeds in many)]
    return pytest.mark.parametrize("seeds", params, ids=lambda seeds: str(seeds.start))(test)


def others(ruleset, answers, goal, reported_only=True):
    """For each question that a goal can rest on other answers of another kind than the one given.

    Of a kind that has no number of so few digits that a person would report it none is taken, unless all are asked for.
    """
    found = {}
    for fact in ruleset.inputs:
        if fact.id not in cone(ruleset, goal):
            continue
        given = answers.get(fact.id)
        kinds = {} if given is None else {kind(ruleset, goal, fact, given): None}
        typed = [*possible_answers(fact), *([] if fact.required else ["unknown"])]
        answers_to = [read(ruleset, {fact.id: raw})[fact.id] for raw in typed]
        told_apart = [*answers_to, *converted(fact, answers_to)]
        for answer in sorted((*told_apart, *between(told_apart)), key=digits):
            if not isinstance(answer, Quantity) or answer.unit == unit_of(fact, given):
                kinds.setdefault(kind(ruleset, goal, fact, answer), answer)
        few = [answer for answer in kinds.values() if answer is not None and digits(answer) <= MOST_REPORTED]
        found[fact.id] = few if reported_only else [answer for answer in kinds.values() if answer is not None]
    return found


def digits(answer):
    """The digits of a number, without the noughts at its ends; of any other answer none."""
    return len("".join(map(str, answer.number.as_tuple().digits)).strip("0")) if isinstance(answer, Quantity) else 0


def between(answers):
    """Numbers between each two that are next to each other in a unit: the middle, and it rounded where that fits."""
    numbers = {(each.unit, each.number) for each in answers if isinstance(each, Quantity)}
    for unit in {unit for unit, _ in numbers}:
        for low, high in pairwise(sorted(number for each, number in numbers if each == unit)):
            middle = (low + high) / 2
            yield Quantity(middle, unit)
            yield from (
                Quantity(each, unit) for each in (round(middle, places) for places in range(9)) if low < each < high
            )


def converted(fact, answers):
    """Cut-offs in each other unit, to as many digits as an answer has; not what is rounded already."""
    for answer in answers:
        if isinstance(answer, Quantity) and answer.unit and len(answer.number.as_tuple().digits) <= FEW:
            for unit in fact.units.names:
                factor, offset = fact.units.line(answer.unit, unit)
                exact = Fraction(answer.number) * factor + offset
                yield Quantity(Context(prec=MOST_DIGITS).divide(exact.numerator, exact.denominator), unit)


def unit_of(fact, given):
    return given.unit if isinstance(given, Quantity) else fact.units.canonical if fact.units else None


def kind(ruleset, goal, fact, answer):
    """What tells an answer from others: of a set the options that a test names, of anything else what tests say."""
    if answer is UNKNOWN:
        return answer
    facts = cone(ruleset, goal)
    behind = [rule for rule in ruleset.rules.values() if any(name in facts for name, _ in rule.then)]
    behind += [other for rule in behind for other in ruleset.overriders[rule.id]]
    conditions = [rule.when for rule in behind] + [goal.when] * bool(goal.when)
    conditions += [ruleset.facts[name].gate for name in facts if ruleset.facts[name].gate]
    tests = [test for condition in conditions for test in model.tests_in(condition) if test.fact == fact.id]
    if fact.is_set:
        named = {option for test in tests for option in getattr(test, "options", ())}
        counted = any(isinstance(test, model.HeldTest) for test in tests)
        return frozenset(named.intersection(answer)), counted and not named.issuperset(answer)
    return tuple(passes(test, fact, answer) for test in tests if isinstance(test, model.ValueTest))
