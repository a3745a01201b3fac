"""Every small change of answers, looked at together.

Of the answers that a target can rest on, each has as many others as the ruleset tells apart. All changes of one, of two
and of three answers are laid out as worlds of one symbolic evaluation: nothing is searched for, so nothing is missed.
What is found is minimal: no part of a change does it too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain, combinations
from typing import Any

from engine.dialogue.consultation import Consultation
from engine.language.model import Condition, Fact, Goal, HeldTest, Ruleset, SetTest, ValueTest
from engine.language.values import UNKNOWN, Answer, Quantity
from engine.logic.evaluate import passes
from engine.verify.scenarios import Scenarios
from engine.verify.space import Space, cutoffs_of, plainness, space_of
from engine.verify.symbolic import Symbolic, cone

MOST_ANSWERS = 3
SIZES = range(1, MOST_ANSWERS + 1)
MOST_REPORTED = 4  # digits of a number that a person reports, the noughts at its ends not counted
MOST_OPTIONS = 6  # of a set, how many options are taken in and out in every combination; of more, two at a time
CHUNK = 1 << 16  # bytes of worlds looked at together: half a million

Change = dict[str, Answer]
Target = Callable[[Symbolic[int, Any]], int]


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


@dataclass(frozen=True, slots=True, eq=False)
class Other:
    """Another answer to a question, and what it takes in or out of a set."""

    fact: str
    answer: Answer
    toggled: frozenset[str] = frozenset()

    def within(self, wider: Other) -> bool:
        """Whether it is the same as another, or does less of the same to a set."""
        return self is wider or (self.fact == wider.fact and bool(self.toggled) and self.toggled < wider.toggled)


class Changes:
    """The small changes of the answers of a consultation that a goal can rest on.

    Args:
        consultation: the answers.
        goal: the goal.
        behind: as much of the ruleset as the target rests on; all of it unless it is given.

    Attributes:
        cone: the facts that the goal can rest on.
        space: the answers that are told apart.
        partial: there are others than are looked at: more combinations of the options of a set than can be, or numbers
            that a formula computes with, of which there are endlessly many.
        unreported: kinds of number are left out because none of them is one that a person reports.
    """

    def __init__(self, consultation: Consultation, goal: Goal, behind: Ruleset | None = None) -> None:
        self.consultation = consultation
        self.ruleset = behind or consultation.ruleset
        self.cone = cone(self.ruleset, goal)
        self.space = Space(self.ruleset, _conditions_of(self.ruleset, goal, self.cone))
        formulas = (self.ruleset.facts[name].formula for name in self.cone)
        self.computed_with = {name for formula in formulas if formula for name in formula.names}
        self.unreported = False
        asked = (fact for fact in self.ruleset.inputs if fact.id in self.cone)
        many = (fact.is_set and len(self._telling_options(fact)) > MOST_OPTIONS for fact in asked)
        self.partial = bool(self.computed_with) or any(many)

    @cached_property
    def others(self) -> tuple[tuple[Other, ...], ...]:
        """For each question that the goal can rest on, the answers that it could have had instead."""
        asked = (fact for fact in self.ruleset.inputs if fact.id in self.cone)
        return tuple(found for fact in asked if (found := tuple(self._others(fact))))

    def _others(self, fact: Fact) -> Iterator[Other]:
        given = self.consultation.answers.get(fact.id)
        if fact.is_set:
            yield from self._other_sets(fact, given)
        else:
            yield from (Other(fact.id, answer) for answer in self._other_values(fact, given))
        if not fact.required and given is not UNKNOWN:
            yield Other(fact.id, UNKNOWN)

    def _other_values(self, fact: Fact, given: Answer | None) -> list[Answer]:
        """A value of each kind that the goal tells apart but for that of the answer given, in the unit it was given in.

        They are taken from what the whole ruleset tells apart, so that goals that change together do so by one answer.
        """
        tests = [test for test in self.space.tests[fact.id] if isinstance(test, ValueTest)]
        unit = given.unit if isinstance(given, Quantity) else fact.units.canonical if fact.units else None
        kinds = [
            kind
            for kind in space_of(self.consultation.ruleset).kinds(fact)
            if kind is not UNKNOWN and kind != given and (not isinstance(kind, Quantity) or kind.unit == unit)
        ]
        found: dict[object, Answer] = {}
        said = {kind: _said(tests, fact, kind) for kind in kinds}
        for kind in sorted(kinds, key=lambda kind: plainness(fact, kind)):
            if not isinstance(kind, Quantity) or self._reported(fact, kind):
                found.setdefault(said[kind], kind)
        self.unreported |= len(found) < len({*said.values()})
        if given is not None and given is not UNKNOWN and fact.id not in self.computed_with:
            found.pop(_said(tests, fact, given), None)
        return [kind for kind in kinds if kind in found.values()]

    def _reported(self, fact: Fact, number: Quantity) -> bool:
        """Whether a number is one that a person reports: a cut-off as published, 2.5 or 1200, not 4.34821428571429."""
        digits = "".join(map(str, number.number.as_tuple().digits)).strip("0")
        return len(digits) <= MOST_REPORTED or number in cutoffs_of(self.space.tests[fact.id])

    def _other_sets(self, fact: Fact, given: Answer | None) -> Iterator[Other]:
        """Sets with options taken in or out; where none was answered, taken into an empty one."""
        there = set(given) if isinstance(given, tuple) else set()
        options = self._telling_options(fact)
        sizes = range(1, len(options) + 1)
        if len(options) > MOST_OPTIONS:
            sizes = range(1, 3)
        if not isinstance(given, tuple):
            yield Other(fact.id, ())
        for toggled in chain.from_iterable(combinations(options, size) for size in sizes):
            chosen = there.symmetric_difference(toggled)
            answer = tuple(option for option in fact.option_ids if option in chosen)
            yield Other(fact.id, answer, frozenset(toggled))

    def _telling_options(self, fact: Fact) -> list[str]:
        """The options that a test names; where a test asks whether there is any, one of the others too."""
        tests = self.space.tests[fact.id]
        named = {option for test in tests if isinstance(test, SetTest) for option in test.options}
        there = self.consultation.answers.get(fact.id)
        chosen = set(there) - named if isinstance(there, tuple) else set()
        if any(isinstance(test, HeldTest) for test in tests):
            rest = [option for option in fact.option_ids if option not in named]
            named |= chosen or set(rest[:1])
        return [option for option in fact.option_ids if option in named]

    # Looking at them

    def smallest(self, target: Target, most: int, sizes: Sequence[int] = SIZES) -> Found:
        """The minimal changes that bring about what a target asks for.

        Args:
            target: asks for it.
            most: how many to give.
            sizes: of how many answers; those left out are known to bring it about for none.
        """
        found: list[Parts] = []
        more = 0
        for size in sizes:
            layout = _Layout([[each for each in several if not _reached(each, found)] for several in self.others], size)
            reached = self._look(layout, target)
            for smaller in found:
                reached &= ~layout.containing(smaller)
            for parts in layout.minimal(reached):
                if len(found) < most or size < sizes[-1]:
                    found.append(parts)
                else:
                    more += 1
        more += max(0, len(found) - most)
        return Found(tuple({part.fact: part.answer for part in parts} for parts in found[:most]), more, self.partial)

    def _look(self, layout: _Layout, target: Target) -> int:
        """The worlds of a layout in which the target is reached."""
        reached = bytearray()
        for first in range(0, layout.bytes, CHUNK):
            size = min(CHUNK, layout.bytes - first)
            worlds = Scenarios(self.ruleset, size * 8, dict(self._answers(layout, first, size)), self._dates(size * 8))
            reached += target(Symbolic(self.ruleset, worlds, self.cone)).to_bytes(size, "little")
        return int.from_bytes(reached, "little")

    def _answers(self, layout: _Layout, first: int, size: int) -> Iterator[tuple[str, list[tuple[int, Answer]]]]:
        """What is answered in some of the worlds: what was answered, but for the changes."""
        every = (1 << size * 8) - 1
        changed = {each.fact: each for several in self.others for each in several}
        for name, answer in self.consultation.answers.items():
            if name in self.cone and name not in changed:
                yield name, [(every, answer)]
        for several in self.others:
            name, rest = several[0].fact, every
            given: list[tuple[int, Answer]] = []
            for other in several:
                where = layout.worlds(other, first, size)
                if where:
                    given.append((where, other.answer))
                    rest &= ~where
            if name in self.consultation.answers:
                given.append((rest, self.consultation.answers[name]))
            yield name, given

    def _dates(self, count: int) -> list[tuple[int, Any]]:
        as_of = self.consultation.as_of
        return [((1 << count) - 1, as_of)] if as_of else []


def _said(tests: Iterable[ValueTest], fact: Fact, answer: Answer) -> tuple[bool, ...]:
    """What tests say of an answer."""
    return tuple(passes(test, fact, answer) for test in tests)


Parts = tuple[Other, ...]


def _reached(other: Other, found: list[Parts]) -> bool:
    """Whether another answer alone, or less of it, is a change that was found."""
    return any(len(parts) == 1 and parts[0].within(other) for parts in found)


class _Layout:
    """All changes of so many answers, as worlds.

    Attributes:
        bytes: how many bytes of worlds; the last of each stretch is filled up with worlds without a change.
    """

    def __init__(self, several: Sequence[Sequence[Other]], size: int) -> None:
        self.others = [other for each in several for other in each]
        self._masks, self.bytes = _laid_out([each for each in several if each], size)
        self._whole: dict[Other, int] = {}

    def worlds(self, other: Other, first: int, size: int) -> int:
        """Where an answer is given, of some of the bytes."""
        return int.from_bytes(self._masks.get(other, b"")[first : first + size], "little")

    def where(self, other: Other) -> int:
        """Where an answer is given."""
        if other not in self._whole:
            self._whole[other] = int.from_bytes(self._masks.get(other, b""), "little")
        return self._whole[other]

    def containing(self, parts: Parts) -> int:
        """Where a change is made, or more of it."""
        found = -1
        for part in parts:
            wider = self.where(part)
            for other in self.others if part.toggled else ():
                if part.within(other):
                    wider |= self.where(other)
            found &= wider
        return found

    def minimal(self, reached: int) -> Iterator[Parts]:
        """Of the worlds reached the changes that do no more to a set than they need to."""
        loose = 0
        for other in self.others:
            if len(other.toggled) > 1:
                loose |= self.where(other)
        changes = [self._change(at) for at in bits(reached & ~loose)]
        for parts in changes:
            if any(part.toggled for part in parts):
                reached &= ~self.containing(parts) | self._only(parts)
            yield parts
        rest = [self._change(at) for at in bits(reached & loose)]
        rest.sort(key=lambda parts: sum(len(part.toggled) for part in parts))
        kept: list[Parts] = []
        for parts in rest:
            if not any(_all_within(less, parts) for less in kept):
                kept.append(parts)
                yield parts

    def _only(self, parts: Parts) -> int:
        found = -1
        for part in parts:
            found &= self.where(part)
        return found

    def _change(self, at: int) -> Parts:
        byte, bit = divmod(at, 8)
        return tuple(
            o
            for o in self.others
            if o in self._masks and len(self._masks[o]) > byte and self._masks[o][byte] >> bit & 1
        )


def _all_within(less: Parts, parts: Parts) -> bool:
    return all(any(one.within(other) for other in parts) for one in less)


def _laid_out(several: Sequence[Sequence[Other]], size: int) -> tuple[dict[Other, bytearray], int]:
    """Lay out every choice of so many answers to different questions, as bits in whole bytes.

    Choices of one more answer are made of those of one less: each answer to a question beside all choices among the
    questions after it. So all sizes grow together, from the last question to the first.
    """
    singles: list[Other] = []
    levels: list[dict[Other, bytearray]] = [{} for _ in range(size - 1)]
    lengths = [0 for _ in levels]
    for others in reversed(several):
        for level in reversed(range(size - 1)):
            below, step = _each_by_itself(singles) if level == 0 else (levels[level - 1], lengths[level - 1])
            length, masks = lengths[level], levels[level]
            for other, mask in below.items():
                have = masks.setdefault(other, bytearray())
                have += bytes(length - len(have)) + mask.ljust(step, b"\0") * len(others)
            for at, other in enumerate(others):
                masks[other] = bytearray(length + at * step) + b"\xff" * step
            lengths[level] = length + step * len(others)
        singles += others
    return (levels[-1], lengths[-1]) if levels else _each_by_itself(singles)


def _each_by_itself(others: Sequence[Other]) -> tuple[dict[Other, bytearray], int]:
    """A world for each answer."""
    length = (len(others) + 7) // 8
    return {other: bytearray((1 << at).to_bytes(at // 8 + 1, "little")) for at, other in enumerate(others)}, length


def bits(where: int) -> Iterator[int]:
    """The worlds of a set, from the lowest."""
    for at, byte in enumerate(where.to_bytes((where.bit_length() + 7) // 8, "little")):
        for bit in range(8) if byte else ():
            if byte >> bit & 1:
                yield at * 8 + bit


def _conditions_of(ruleset: Ruleset, goal: Goal, names: Iterable[str]) -> Iterator[Condition]:
    """The conditions that facts rest on, and a goal's `when`."""
    if goal.when:
        yield goal.when
    for name in names:
        yield from ruleset.gates_behind[name]
        for rule in ruleset.concluders.get(name, ()):
            yield rule.when
            yield from (other.when for other in ruleset.overriders[rule.id])
