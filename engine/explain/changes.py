"""The answers that there could be in place of those given: as many to each question as a goal tells apart."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import chain, combinations

from engine.dialogue.consultation import Consultation
from engine.language.model import Condition, Fact, Goal, HeldTest, Ruleset, SetTest, ValueTest
from engine.language.values import UNKNOWN, Answer, Quantity
from engine.logic.evaluate import passes
from engine.verify.space import Space, cutoffs_of, plainness, space_of
from engine.verify.symbolic import cone

MOST_REPORTED = 4  # digits of a number that a person reports, the noughts at its ends not counted
MOST_OPTIONS = 6  # of a set, how many options are taken in and out in every combination; of more, two at a time

Change = dict[str, Answer]


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


def _said(tests: Iterable[ValueTest], fact: Fact, answer: Answer) -> tuple[bool, ...]:
    """What tests say of an answer."""
    return tuple(passes(test, fact, answer) for test in tests)


def _conditions_of(ruleset: Ruleset, goal: Goal, names: Iterable[str]) -> Iterator[Condition]:
    """The conditions that facts rest on, and a goal's `when`."""
    if goal.when:
        yield goal.when
    for name in names:
        yield from ruleset.gates_behind[name]
        for rule in ruleset.concluders.get(name, ()):
            yield rule.when
            yield from (other.when for other in ruleset.overriders[rule.id])
