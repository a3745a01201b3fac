"""A ruleset as a circuit: of which signs each sign is made, so that after a change only what rests on it is found anew.

Built once for the answers that there can be to each question, it is tried on many sets of answers at once; and each
other answer is then given in all of them, where most of what is known stays as it is.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator, Mapping, Sequence
from heapq import heappop, heappush
from typing import NamedTuple

from engine.language.model import Fact, Ruleset, Test
from engine.language.values import UNKNOWN, Answer, Single
from engine.logic.evaluate import answer_sign, compute, passes
from engine.logic.signs import FALSE, TRUE, UNSIGNED
from engine.verify.symbolic import Signs

NOT_ANSWERED = None


class Leaf(NamedTuple):
    """Where a question has one of some answers, counted in the order in which the circuit was given them."""

    fact: str
    answers: frozenset[int]


class Gate(NamedTuple):
    """Where all of some parts are, any of them, or where its one part is not."""

    how: str
    parts: tuple[int, ...]


ALL, ANY, NOT = "all", "any", "not"


class Circuit:
    """`Worlds` whose sets are the numbers of nodes, each after its parts.

    Args:
        ruleset: the ruleset.
        answers: for each input the answers that there can be, the one that was given first, or NOT_ANSWERED.
        as_of: the date that formulas may use.
        most: in no world that is looked at have more questions another answer than their first.
    """

    no, yes = 0, 1

    def __init__(
        self, ruleset: Ruleset, answers: Mapping[str, Sequence[Answer | None]], as_of: datetime.date | None, most: int
    ) -> None:
        self.ruleset = ruleset
        self.answers = answers
        self.as_of = as_of
        self.most = most
        self.nodes: list[Leaf | Gate] = [Gate(ANY, ()), Gate(ALL, ())]
        self._numbers: dict[Leaf | Gate, int] = {node: number for number, node in enumerate(self.nodes)}
        self._others = [frozenset[str](), frozenset[str]()]  # for each node the questions that need another answer

    # As worlds

    def both(self, parts: Iterable[int]) -> int:
        """Give the worlds in every one of the sets."""
        return self._joined(ALL, parts, self.yes, self.no)

    def either(self, parts: Iterable[int]) -> int:
        """Give the worlds in any of the sets."""
        return self._joined(ANY, parts, self.no, self.yes)

    def others(self, part: int) -> int:
        """Give the worlds that are not in a set."""
        return 1 - part if part in (self.no, self.yes) else self._number(Gate(NOT, (part,)))

    def nowhere(self, part: int) -> bool:
        """Tell whether a set plainly holds no world."""
        return part == self.no

    def answer_signs(self, test: Test, fact: Fact) -> Signs[int]:
        """Tell where the answer to an input passes a test, and where not."""
        signs = [UNSIGNED if a is NOT_ANSWERED else answer_sign(test, fact, a) for a in self.answers[fact.id]]
        true, false = (self._leaf(fact, (at for at, sign in enumerate(signs) if sign & each)) for each in (TRUE, FALSE))
        return Signs(true, false)

    def answered(self, fact: Fact) -> Iterator[tuple[int, Single]]:
        """Give the values that an input is answered with."""
        for at, answer in enumerate(self.answers[fact.id]):
            if answer is not NOT_ANSWERED and answer is not UNKNOWN and not isinstance(answer, tuple):
                yield self._leaf(fact, [at]), answer  # type: ignore[misc]

    def date(self) -> list[tuple[int, datetime.date]]:
        """Give the date of the evaluation, or nothing where there is none."""
        return [(self.yes, self.as_of)] if self.as_of else []

    @staticmethod
    def constant(fact: Fact, value: Single) -> Single:  # noqa: ARG004 (in other worlds a value is not itself)
        """Give a value that rules conclude."""
        return value

    def compute(self, fact: Fact, parts: Mapping[str, Single]) -> Iterator[tuple[int, Single]]:
        """Give the value of a formula."""
        value = compute(self.ruleset, fact, parts)
        if value is not None:
            yield self.yes, value

    def compare(self, test: Test, fact: Fact, value: Single) -> Signs[int]:
        """Tell whether a computed value passes a test."""
        return Signs(self.yes, self.no) if passes(test, fact, value) else Signs(self.no, self.yes)

    def unequal(self, one: Single, other: Single) -> int:
        """Tell whether two computed values differ."""
        return self.yes if one != other else self.no

    def _joined(self, how: str, parts: Iterable[int], idle: int, decisive: int) -> int:
        several = sorted({part for part in parts if part != idle})
        if not several or decisive in several:
            return decisive if several else idle
        if len(several) == 1:
            return several[0]
        needed = [self._others[part] for part in several]
        others = frozenset.union(*needed) if how == ALL else frozenset.intersection(*needed)
        return self.no if len(others) > self.most else self._number(Gate(how, tuple(several)), others)

    def _leaf(self, fact: Fact, answers: Iterable[int]) -> int:
        chosen = frozenset(answers)
        if len(chosen) in (0, len(self.answers[fact.id])):
            return self.yes if chosen else self.no
        return self._number(Leaf(fact.id, chosen), frozenset() if 0 in chosen else frozenset([fact.id]))

    def _number(self, node: Leaf | Gate, others: frozenset[str] = frozenset()) -> int:
        number = self._numbers.setdefault(node, len(self.nodes))
        if number == len(self.nodes):
            self.nodes.append(node)
            self._others.append(others)
        return number


class Trials:
    """What a circuit comes to in many worlds.

    Args:
        circuit: the circuit.
        given: for each input the worlds that have each of its answers.
        every: all of the worlds.
        wanted: the nodes that are asked about.
    """

    def __init__(self, circuit: Circuit, given: Mapping[str, Sequence[int]], every: int, wanted: Iterable[int]) -> None:
        self.circuit, self.wanted = circuit, frozenset(wanted)
        self.values = [0] * len(circuit.nodes)
        self._users: dict[int, list[int]] = {}
        self._leaves: dict[str, list[tuple[int, frozenset[int]]]] = {}
        self._gates: dict[int, Gate] = {}
        for number in self._behind():
            node = circuit.nodes[number]
            if isinstance(node, Leaf):
                self._leaves.setdefault(node.fact, []).append((number, node.answers))
                for at in node.answers:
                    self.values[number] |= given[node.fact][at]
            else:
                self._gates[number] = node
                self.values[number] = _value(node, self.values, every)
                for part in node.parts:
                    self._users.setdefault(part, []).append(number)

    def _behind(self) -> list[int]:
        """The nodes that are asked about and all behind them, each after its parts."""
        found, waiting = set(self.wanted), list(self.wanted)
        while waiting:
            node = self.circuit.nodes[waiting.pop()]
            fresh = set(node.parts).difference(found) if isinstance(node, Gate) else ()
            found.update(fresh)
            waiting.extend(fresh)
        return sorted(found)

    def giving(self, fact: str, among: int) -> Iterator[dict[int, int]]:
        """Give a question each of its other answers, in each world; yield where the nodes asked about are then.

        Args:
            fact: the question; its first answer is passed over.
            among: how many worlds are looked at, from the lowest.
        """
        every = (1 << among) - 1
        values = _Lowest(self.values, every)
        for answer in range(1, len(self.circuit.answers[fact])):
            before = {}
            for number, passing in self._leaves.get(fact, ()):
                before[number] = values[number]
                values[number] = every if answer in passing else 0
            self._carry_on(before, values, every)
            yield {number: values[number] for number in self.wanted.intersection(before)}
            values.update(before)

    def _carry_on(self, before: dict[int, int], values: dict[int, int], every: int) -> None:
        """Find anew what rests on some nodes, as far as it changes; what it was before is added to theirs."""
        waiting: list[int] = []
        queued: set[int] = set()

        def changed(number: int) -> None:
            for user in self._users.get(number, ()):
                if user not in queued:
                    queued.add(user)
                    heappush(waiting, user)

        for number in [number for number, value in before.items() if values[number] != value]:
            changed(number)
        while waiting:
            number = heappop(waiting)
            value = _value(self._gates[number], values, every)
            if value != values[number]:
                before[number], values[number] = values[number], value
                changed(number)


class _Lowest(dict[int, int]):
    """The values of nodes in the lowest worlds, cut off when they are first looked up."""

    def __init__(self, values: Sequence[int], every: int) -> None:
        super().__init__()
        self._values, self._every = values, every

    def __missing__(self, number: int) -> int:
        value = self[number] = self._values[number] & self._every
        return value


def _value(gate: Gate, values: Sequence[int] | Mapping[int, int], every: int) -> int:
    """What a gate comes to, of its parts."""
    how, parts = gate
    if how == NOT:
        return every & ~values[parts[0]]
    if how == ALL:
        for part in parts:
            every &= values[part]
        return every
    found = 0
    for part in parts:
        found |= values[part]
    return found
