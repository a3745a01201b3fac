"""Many sets of answers looked at together: a set of worlds is a whole number with a bit for each.

One pass of `Symbolic` over a few thousand of them takes little longer than one evaluation does, so that looking at all
there are is often the shortest proof, and a sample the quickest way to a witness.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator, Mapping, Sequence
from copy import copy

from engine.language.model import Fact, Ruleset, Test
from engine.language.values import UNKNOWN, Answer, Single
from engine.logic.evaluate import answer_sign, compute, passes
from engine.logic.signs import FALSE, TRUE
from engine.verify.symbolic import Signs

Dated = tuple[int, datetime.date]
Given = Sequence[tuple[int, Answer]]  # answers to an input, each with the worlds in which it is given


class Scenarios:
    """So many sets of answers.

    Args:
        ruleset: the ruleset.
        count: how many.
        answers: for each input what is answered, and where; where nothing is, it is not asked yet.
        dates: the dates that formulas may use, each with its worlds.
    """

    no = 0

    def __init__(self, ruleset: Ruleset, count: int, answers: Mapping[str, Given], dates: Sequence[Dated] = ()) -> None:
        self.ruleset = ruleset
        self.yes = (1 << count) - 1
        self.answers = answers
        self.dates = dates
        self._computed: dict[tuple[object, ...], Single | None] = {}

    def but(self, name: str, given: Given) -> Scenarios:
        """Give the same worlds with other answers to one input."""
        found = copy(self)
        found.answers = {**self.answers, name: given}
        return found

    def others(self, part: int) -> int:
        """Give the worlds that are not in a set."""
        return self.yes & ~part

    @staticmethod
    def nowhere(part: int) -> bool:
        """Tell whether a set holds no world."""
        return not part

    def both(self, parts: Iterable[int]) -> int:
        """Give the worlds in every one of the sets."""
        found = self.yes
        for part in parts:
            found &= part
        return found

    @staticmethod
    def either(parts: Iterable[int]) -> int:
        """Give the worlds in any of the sets."""
        found = 0
        for part in parts:
            found |= part
        return found

    def world(self, at: int) -> dict[str, Answer]:
        """Give the answers in one of the worlds, counted from 0."""
        return {name: answer for name, each in self.answers.items() for where, answer in each if where >> at & 1}

    def date_of(self, at: int) -> datetime.date | None:
        """Give the date of the evaluation in one of the worlds."""
        return next((date for where, date in self.dates if where >> at & 1), None)

    def answer_signs(self, test: Test, fact: Fact) -> Signs[int]:
        """Tell where the answer to an input passes a test, and where not."""
        true = false = 0
        for where, answer in self.answers.get(fact.id, ()):
            sign = answer_sign(test, fact, answer)
            true |= where if sign & TRUE else 0
            false |= where if sign & FALSE else 0
        return Signs(true, false)

    def answered(self, fact: Fact) -> Iterator[tuple[int, Single]]:
        """Give the values that an input is answered with."""
        for where, answer in self.answers.get(fact.id, ()):
            if answer is not UNKNOWN and not isinstance(answer, tuple):
                yield where, answer  # type: ignore[misc]

    def date(self) -> Sequence[Dated]:
        """Give the dates of the evaluation."""
        return self.dates

    @staticmethod
    def constant(fact: Fact, value: Single) -> Single:  # noqa: ARG004 (in other worlds a value is not itself)
        """Give a value that rules conclude."""
        return value

    def compute(self, fact: Fact, parts: Mapping[str, Single]) -> Iterator[tuple[int, Single]]:
        """Give the value of a formula."""
        key = (fact.id, *parts.values())
        if key not in self._computed:
            self._computed[key] = compute(self.ruleset, fact, parts)
        value = self._computed[key]
        if value is not None:
            yield self.yes, value

    def compare(self, test: Test, fact: Fact, value: Single) -> Signs[int]:
        """Tell whether a computed value passes a test."""
        return Signs(self.yes, 0) if passes(test, fact, value) else Signs(0, self.yes)

    def unequal(self, one: Single, other: Single) -> int:
        """Tell whether two computed values differ."""
        return self.yes if one != other else 0


def gathered(
    ruleset: Ruleset, several: Sequence[Mapping[str, Answer]], dates: Sequence[datetime.date | None] = ()
) -> Scenarios:
    """Make worlds of sets of answers, each with the date to evaluate at, in their order from the lowest bit."""
    found: dict[str, dict[Answer, int]] = {fact.id: {} for fact in ruleset.inputs}
    for at, answers in enumerate(several):
        for name, answer in answers.items():
            found[name][answer] = found[name].get(answer, 0) | 1 << at
    given = {name: [(where, answer) for answer, where in each.items()] for name, each in found.items()}
    dated = [(1 << at, date) for at, date in enumerate(dates) if date]
    return Scenarios(ruleset, len(several), given, dated)
