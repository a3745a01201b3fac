"""Random complete patients of a ruleset, many at once: the quick way to a witness."""

from __future__ import annotations

import datetime
import random
from collections.abc import Sequence
from decimal import Decimal
from typing import TypeVar

from engine.language.model import Fact
from engine.language.values import UNKNOWN, Answer, Quantity
from engine.verify.scenarios import Scenarios
from engine.verify.space import Space, round_to

AMOUNTS = 8  # of a number that formulas compute with, how many values besides those of its kinds
SUBSETS = 24  # of a set, how many different answers a sample has

A = TypeVar("A")


def chance(seed: str) -> random.Random:
    """The same for the same ruleset: a check says today what it said yesterday."""
    return random.Random(seed)  # noqa: S311 (nothing secret is made of it)


def random_patients(space: Space, count: int, rng: random.Random) -> Scenarios:
    """Complete patients, each input answered at random among its kinds, one in eight with "I do not know"."""
    answers = {fact.id: shared_out(answers_of(space, fact, rng), count, rng) for fact in space.ruleset.inputs}
    dates = [each for fact in space.ruleset.inputs if fact.type == "date" for each in space.kinds(fact)]
    days = [day for day in dates if isinstance(day, datetime.date)] or [datetime.date(2026, 1, 1)]
    later = [day + datetime.timedelta(days=rng.choice([0, 1, 7, 30, 365, 3653])) for day in days]
    return Scenarios(space.ruleset, count, answers, shared_out([*days, *later], count, rng))


def answers_of(space: Space, fact: Fact, rng: random.Random) -> list[Answer]:
    """Answers to a question, at least one of each kind."""
    kinds = list(space.kinds(fact))
    if fact.is_set:
        unknown = [kind for kind in kinds if kind is UNKNOWN]
        share = [rng.choice([0.1, 0.3, 0.6]) for _ in range(SUBSETS)]
        subsets = {tuple(o for o in fact.option_ids if rng.random() < each): None for each in share}
        return [*subsets, *kinds[: len(fact.option_ids) + 1], *unknown]
    if fact.id in space.computed_with:
        kinds = [*kinds, *_others(fact, rng)]
    return kinds


def _others(fact: Fact, rng: random.Random) -> list[Answer]:
    """Numbers that formulas compute with come to more than they are of kinds."""
    if fact.type != "number":
        return []
    ends = fact.plausible or fact.range
    unit = fact.units.canonical if fact.units else None
    low, high = (float(end.number) for end in ends if isinstance(end, Quantity)) if ends else (0.0, 100.0)
    return [Quantity(round_to(Decimal(rng.uniform(low, high)), rng.choice([0, 1])), unit) for _ in range(AMOUNTS)]


def shared_out(values: Sequence[A], count: int, rng: random.Random) -> list[tuple[int, A]]:
    """Share worlds out among values at random: halves, and halves of these, until each part has one value."""
    found: list[tuple[int, A]] = []
    parts = [((1 << count) - 1, list(values))]
    while parts:
        where, several = parts.pop()
        if len(several) == 1:
            found.append((where, several[0]))
        elif several:
            rng.shuffle(several)
            half, chance = len(several) // 2, rng.getrandbits(count)
            parts += [(where & chance, several[:half]), (where & ~chance, several[half:])]
    return found
