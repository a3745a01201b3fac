"""Every small change of answers, tried together.

All changes of one and of two answers are worlds of one evaluation; each other answer is then given in all of them,
which makes the changes of three. Nothing is searched for, so nothing is missed, and several goals share the trials.
What is found is minimal: no part of a change does it too.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, reduce
from itertools import chain
from operator import and_, or_
from typing import Any

from engine.explain.changes import Change, Changes, Other
from engine.explain.circuit import Circuit, Trials
from engine.explain.pairs import Pairs, Parts
from engine.verify.symbolic import Symbolic

MOST_ANSWERS = 3
SIZES = range(1, MOST_ANSWERS + 1)

Target = Callable[[Symbolic[int, Any]], int]
Reached = dict[int | None, int]  # worlds that reach a target: as they are, or with one more of the other answers


@dataclass(frozen=True)
class Found:
    """The minimal changes that reach a target.

    Attributes:
        changes: the smallest first, as many as were asked for.
        more: how many others there are.
        partial: there are others that were not looked at.
    """

    changes: tuple[Change, ...]
    more: int
    partial: bool


class Search:
    """All small changes of the answers of a consultation.

    Args:
        several: the changes that each target can rest on, all of one consultation and one ruleset.
        targets: what is asked for, each of the worlds of an evaluation.
    """

    def __init__(self, several: Sequence[Changes], targets: Iterable[Target]) -> None:
        self._several = several
        consultation, ruleset = several[0].consultation, several[0].ruleset
        questions: dict[str, dict[Any, Other]] = {fact.id: {} for fact in ruleset.inputs}
        for other in chain.from_iterable(chain.from_iterable(each.others for each in several)):
            questions[other.fact].setdefault(other.answer, other)
        self._order = {name: at for at, name in enumerate(questions)}
        # Those with most answers first: the later a question, the more pairs there are to try each of its answers with.
        others = sorted((tuple(each.values()) for each in questions.values() if each), key=len, reverse=True)
        self._pairs = Pairs(others)
        self._numbers = {(other.fact, other.answer): number for number, other in enumerate(self._pairs.others)}
        answers = {name: (consultation.answers.get(name), *each) for name, each in questions.items()}
        circuit = Circuit(ruleset, answers, consultation.as_of, MOST_ANSWERS)
        some = Symbolic(ruleset, circuit, frozenset().union(*(each.cone for each in several)))
        self._targets = [target(some) for target in targets]
        worlds = {name: self._worlds(each.values()) for name, each in questions.items()}
        self._trials = Trials(circuit, worlds, self._pairs.every, self._targets)

    def _worlds(self, others: Iterable[Other]) -> list[int]:
        """The worlds of each answer to a question, that of the consultation first."""
        where = [self._pairs.where[self._number(other)] for other in others]
        return [self._pairs.every & ~reduce(or_, where, 0), *where]

    def _number(self, other: Other) -> int:
        return self._numbers[other.fact, other.answer]

    # Looking

    def smallest(self, at: int, most: int, sizes: Sequence[int] = SIZES) -> Found:
        """The minimal changes that reach a target.

        Args:
            at: which of the targets.
            most: how many to give.
            sizes: of how many answers; those left out are known to reach it for none.
        """
        found: list[Parts] = []
        for size in sizes:
            found += self._minimal(self._without(self._reached(at, size), found))
        found.sort(key=self._place)
        changes = tuple(self._change(parts) for parts in found[:most])
        return Found(changes, len(found[most:]), self._several[at].partial)

    def _place(self, parts: Parts) -> tuple[int, list[tuple[int, int]]]:
        """The key by which smaller changes stand first, and those of one size in the order of asking."""
        return len(parts), sorted((self._order[self._pairs.others[part].fact], part) for part in parts)

    def _change(self, parts: Parts) -> Change:
        others = sorted((self._pairs.others[part] for part in parts), key=lambda other: self._order[other.fact])
        return {other.fact: other.answer for other in others}

    def _reached(self, at: int, size: int) -> Reached:
        """The changes of some size that reach a target."""
        node, pairs = self._targets[at], self._pairs
        mine = {self._number(other) for other in chain.from_iterable(self._several[at].others)}
        foreign = reduce(or_, (where for number, where in enumerate(pairs.where) if number not in mine), 0)
        now = self._trials.values[node]
        if size == 1:
            return {None: now & pairs.singles & ~foreign}
        if size == 2:  # noqa: PLR2004
            return {None: now & pairs.pairs & ~foreign}
        beside = ((third, self._beside[third].get(node, 0)) for third in mine)
        return {third: then & ~now & pairs.pairs & ~foreign for third, then in beside if then}

    @cached_property
    def _beside(self) -> dict[int, dict[int, int]]:
        """For each other answer what becomes of the targets if it is given beside the pairs of the questions before."""
        found: dict[int, dict[int, int]] = {}
        for name, below in self._pairs.below.items():
            others = (other for other in self._pairs.others if other.fact == name)
            found.update(zip(map(self._number, others), self._trials.giving(name, below), strict=True))
        return found

    # What is minimal

    def _minimal(self, reached: Reached) -> list[Parts]:
        """Of changes of one size those that do no more to a set than they need to."""
        loose = {number for number, other in enumerate(self._pairs.others) if len(other.toggled) > 1}
        elsewhere = ~reduce(or_, (self._pairs.where[number] for number in loose), 0)
        plain = {third: where & elsewhere for third, where in reached.items() if third not in loose}
        kept = list(self._listed(plain))
        rest = {third: where & ~plain.get(third, 0) for third, where in reached.items()}
        several = sorted(self._listed(self._without(rest, kept)), key=self._toggled)
        first = len(kept)
        for parts in several:
            if not any(self._within(less, parts) for less in kept[first:]):
                kept.append(parts)
        return kept

    def _without(self, reached: Reached, found: list[Parts]) -> Reached:
        """Changes of which none that was found is a part."""
        gone = 0
        besides: dict[int, list[Parts]] = defaultdict(list)  # for a third answer, of which the rest of one is enough
        for parts in found:
            gone |= self._with(parts)
            for part in parts:
                rest = tuple(each for each in parts if each != part)
                for wider in self._wider[part]:
                    besides[wider].append(rest)
        left = {third: where & ~gone for third, where in reached.items()}
        for third in [third for third, where in left.items() if third in besides and where]:
            for rest in besides[third]:
                left[third] &= ~self._with(rest)
        return left

    def _with(self, parts: Parts) -> int:
        """The worlds in which a change is made, or more of it."""
        return reduce(and_, (self._where_wider[part] for part in parts), -1)

    def _listed(self, reached: Reached) -> Iterator[Parts]:
        for third, where in reached.items():
            for parts in self._pairs.changes(where):
                yield parts if third is None else (*parts, third)

    def _toggled(self, parts: Parts) -> int:
        return sum(len(self._pairs.others[part].toggled) for part in parts)

    def _within(self, less: Parts, parts: Parts) -> bool:
        return all(any(wider in parts for wider in self._wider[part]) for part in less)

    @cached_property
    def _wider(self) -> list[list[int]]:
        """For each other answer those that are the same, or do more of the same to a set."""
        alike: dict[str, list[tuple[int, Other]]] = defaultdict(list)
        for number, other in enumerate(self._pairs.others):
            alike[other.fact].append((number, other))
        return [[at for at, wider in alike[other.fact] if other.within(wider)] for other in self._pairs.others]

    @cached_property
    def _where_wider(self) -> list[int]:
        """The worlds with each other answer, or with one that does more of the same."""
        return [reduce(or_, (self._pairs.where[at] for at in wider)) for wider in self._wider]
