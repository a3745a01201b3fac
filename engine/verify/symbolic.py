"""A whole ruleset over many answers at once: for every sign the worlds in which it stands.

What `engine.logic.evaluate` finds for one set of answers is found here for a set of worlds. A `Worlds` says what such a
set is made of: bits, one for each of many answer sets, to look at all of them; or formulas of Z3, to prove something
of all there can be. Signs only ever grow, so an evaluation negates nothing; a question about it may.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from engine.language.model import (
    All,
    Any,
    Condition,
    Fact,
    Goal,
    HeldTest,
    KnownTest,
    Not,
    Rule,
    Ruleset,
    SetTest,
    Test,
    tests_in,
)
from engine.language.values import Single
from engine.logic.evaluate import Evaluation, passes, splits_of
from engine.logic.signs import FALSE, TRUE, Sign

B = TypeVar("B")  # a set of worlds
V = TypeVar("V")  # a value that a formula computes with


@dataclass(frozen=True, slots=True)
class Signs(Generic[B]):
    """The worlds in which something is known true, and those in which it is known false."""

    true: B
    false: B

    @property
    def swapped(self) -> Signs[B]:
        """The signs of `not`."""
        return Signs(self.false, self.true)


class Worlds(Protocol[B, V]):
    """What sets of worlds are made of, and what answers there are in them."""

    yes: B
    no: B

    def both(self, parts: Iterable[B]) -> B:
        """Give the worlds in every one of the sets."""

    def either(self, parts: Iterable[B]) -> B:
        """Give the worlds in any of the sets."""

    def others(self, part: B) -> B:
        """Give the worlds that are not in a set."""

    def nowhere(self, part: B) -> bool:
        """Tell whether a set plainly holds no world; False where that would take a proof."""

    def answer_signs(self, test: Test, fact: Fact) -> Signs[B]:
        """Tell where the answer to an input passes a test, and where not; its gate is left aside."""

    def answered(self, fact: Fact) -> Iterable[tuple[B, V]]:
        """Give the values that an input is answered with, each with its worlds."""

    def date(self) -> Iterable[tuple[B, V]]:
        """Give the date of the evaluation, or nothing where there is none."""

    def constant(self, fact: Fact, value: Single) -> V:
        """Give a value that rules conclude."""

    def compute(self, fact: Fact, parts: Mapping[str, V]) -> Iterable[tuple[B, V]]:
        """Give the value of a formula, with the worlds in which it has one."""

    def compare(self, test: Test, fact: Fact, value: V) -> Signs[B]:
        """Tell in which worlds a computed value passes a test, and in which not."""

    def unequal(self, one: V, other: V) -> B:
        """Give the worlds in which two computed values differ."""


class Symbolic(Generic[B, V]):
    """What holds in each world.

    Args:
        ruleset: the ruleset.
        worlds: the worlds.
        only: the facts to look at, each with all that it depends on; all of them unless it is given.

    Attributes:
        gates: for each fact the signs of the gates behind it.
        held: for each single-valued fact that rules conclude its values, each with the worlds in which it is held.
        computed: for each formula its values, likewise; a value may stand there twice.
        options: for each derived set the signs of its options.
        whens, applies, fails: for each rule.
        goal_whens: for each goal.
    """

    def __init__(self, ruleset: Ruleset, worlds: Worlds[B, V], only: Collection[str] | None = None) -> None:
        self.ruleset = ruleset
        self.worlds = worlds
        self.gates: dict[str, Signs[B]] = {}
        self.held: dict[str, dict[Single, B]] = {}
        self.computed: dict[str, list[tuple[B, V]]] = {}
        self.options: dict[str, dict[str, Signs[B]]] = {}
        self.whens: dict[str, Signs[B]] = {}
        self.applies: dict[str, B] = {}
        self.fails: dict[str, B] = {}
        self._splits = splits_of(ruleset)
        self._signs: dict[int, tuple[Signs[B], Condition]] = {}  # by id, kept beside: conditions are slow to hash
        for name in ruleset.order if only is None else (each for each in ruleset.order if each in only):
            fact = ruleset.facts[name]
            self.gates[name] = self._every(map(self.sign, ruleset.gates_behind[name]))
            if fact.formula:
                self.computed[name] = list(self._compute(fact))
            elif fact.derived:
                self._conclude(fact)
        always = Signs(worlds.yes, worlds.no)
        self.goal_whens = {
            goal.fact: self.sign(goal.when) if goal.when else always
            for goal in ruleset.goals
            if only is None or all(test.fact in only for test in tests_in(goal.when or All(())))
        }

    # Conditions

    def sign(self, condition: Condition) -> Signs[B]:
        """The signs of a condition, found once."""
        found = self._signs.get(id(condition))
        if found is None:
            found = self._signs[id(condition)] = self._find(condition), condition
        return found[0]

    def _find(self, condition: Condition) -> Signs[B]:
        if isinstance(condition, All):
            return self._every(map(self.sign, condition.parts))
        if isinstance(condition, Any):
            return self._some(map(self.sign, condition.parts))
        if isinstance(condition, Not):
            return self.sign(condition.part).swapped
        gate, own = self.gates[condition.fact], self._own(condition)
        both, either = self.worlds.both, self.worlds.either
        return Signs(both((own.true, gate.true)), either((both((own.false, gate.true)), gate.false)))

    def _every(self, signs: Iterable[Signs[B]]) -> Signs[B]:
        found = list(signs)
        return Signs(self.worlds.both(each.true for each in found), self.worlds.either(each.false for each in found))

    def _some(self, signs: Iterable[Signs[B]]) -> Signs[B]:
        return self._every(each.swapped for each in signs).swapped

    def _own(self, test: Test) -> Signs[B]:
        fact = self.ruleset.facts[test.fact]
        if fact.is_input:
            return self.worlds.answer_signs(test, fact)
        if fact.is_set:
            return self._set_signs(test, self.options[fact.id])
        if isinstance(test, HeldTest) and not test.held:
            return self._derived_signs(HeldTest(fact.id, held=True), fact).swapped
        return self._derived_signs(test, fact)

    def _set_signs(self, test: Test, options: Mapping[str, Signs[B]]) -> Signs[B]:
        if isinstance(test, HeldTest):
            found = self._some(options.values())
            return found if test.held else found.swapped
        assert isinstance(test, SetTest)  # noqa: S101 (the loader allows nothing else on a set)
        signs = [options[option] for option in test.options]
        if test.mode == "all":
            return self._every(signs)
        return self._some(signs) if test.mode == "any" else self._some(signs).swapped

    def _derived_signs(self, test: Test, fact: Fact) -> Signs[B]:
        both, either = self.worlds.both, self.worlds.either
        if fact.formula:
            signs = [(where, self.worlds.compare(test, fact, value)) for where, value in self.computed[fact.id]]
            return Signs(
                either(both((where, sign.true)) for where, sign in signs),
                either(both((where, sign.false)) for where, sign in signs),
            )
        held = self.held[fact.id]
        true = either(where for value, where in held.items() if passes(test, fact, value))
        false = [where for value, where in held.items() if not passes(test, fact, value)]
        if fact.otherwise is None:
            false.append(both(self.fails[rule] for rule in self._splits[test].passing))
        return Signs(true, either(false))

    # Facts

    def _conclude(self, fact: Fact) -> None:
        both, either = self.worlds.both, self.worlds.either
        rules = self.ruleset.concluders[fact.id]
        for rule in rules:
            self._decide(rule)
        if fact.is_set:
            self.options[fact.id] = {
                option: Signs(either(self.applies[r.id] for r in adding), both(self.fails[r.id] for r in adding))
                for option, adding in self.ruleset.adders[fact.id].items()
            }
            return
        held: dict[Single, list[B]] = {value: [] for value in self.ruleset.values[fact.id]}
        for rule in rules:
            for value in rule.concludes(fact.id):
                held[value].append(self.applies[rule.id])
        if fact.otherwise is not None:
            held[fact.otherwise].append(both(self.whens[rule.id].false for rule in rules))
        self.held[fact.id] = {value: either(where) for value, where in held.items()}

    def _decide(self, rule: Rule) -> None:
        if rule.id in self.applies:
            return
        when = self._when(rule)
        others = [self._when(other) for other in self.ruleset.overriders[rule.id]]
        self.applies[rule.id] = self.worlds.both((when.true, *(other.false for other in others)))
        self.fails[rule.id] = self.worlds.either((when.false, *(other.true for other in others)))

    def _when(self, rule: Rule) -> Signs[B]:
        if rule.id not in self.whens:
            self.whens[rule.id] = self.sign(rule.when)
        return self.whens[rule.id]

    # Formulas

    def _compute(self, fact: Fact) -> Iterator[tuple[B, V]]:
        names = fact.formula.names if fact.formula else ()
        parts = [(name, self._part_values(name)) for name in names]
        for there, values in self._combinations(parts, self.worlds.yes):
            for defined, value in self.worlds.compute(fact, values):
                yield self.worlds.both((there, defined)), value

    def _combinations(
        self, parts: Sequence[tuple[str, Sequence[tuple[B, V]]]], there: B
    ) -> Iterator[tuple[B, dict[str, V]]]:
        """A value of each part, with the worlds that have all of them; those that have no world are left out early."""
        if not parts:
            yield there, {}
            return
        *before, (name, several) = parts
        for where, value in several:
            here = self.worlds.both((there, where))
            if not self.worlds.nowhere(here):
                for found, values in self._combinations(before, here):
                    yield found, {**values, name: value}

    def _part_values(self, name: str) -> list[tuple[B, V]]:
        """The values that a formula sees in a part: none while its gate is not known true."""
        if name == "as_of":
            return list(self.worlds.date())
        fact, gate = self.ruleset.facts[name], self.gates[name].true
        if fact.formula:
            found = self.computed[name]
        elif fact.derived:
            found = [(where, self.worlds.constant(fact, value)) for value, where in self.held[name].items()]
        else:
            found = list(self.worlds.answered(fact))
        return [(self.worlds.both((where, gate)), value) for where, value in found]

    # Goals

    def settled(self, name: str) -> B:
        """Where a goal is: it holds a value, or every option of a set has a sign; an input where it is answered."""
        both, either = self.worlds.both, self.worlds.either
        if name in self.options:
            return both(either((sign.true, sign.false)) for sign in self.options[name].values())
        if name in self.held:
            return either(self.held[name].values())
        if name in self.computed:
            return either(where for where, _ in self.computed[name])
        return self.worlds.both((self.known(name), self.gates[name].true))

    def known(self, name: str) -> B:
        """Where an input is answered with a value, whether or not the answer counts."""
        return self.worlds.answer_signs(KnownTest(name, known=True), self.ruleset.facts[name]).true

    def conflict(self, name: str) -> list[tuple[Single, Single, B]]:
        """Two values of a fact, and where it holds both; for each two that rules conclude."""
        values = list(self.held.get(name, {}).items())
        return [
            (one, other, self.worlds.both((here, there)))
            for at, (one, here) in enumerate(values)
            for other, there in values[at + 1 :]
        ]


class Onward(Symbolic[B, V]):
    """What holds on the ways to go on from an evaluation: what stands there is not worked out again, for it stays."""

    def __init__(self, now: Evaluation, worlds: Worlds[B, V], only: Collection[str] | None = None) -> None:
        self._now = now
        super().__init__(now.ruleset, worlds, only)

    def _find(self, condition: Condition) -> Signs[B]:
        sign = self._now.sign(condition)
        return standing(self.worlds, sign) if sign else super()._find(condition)


def standing(worlds: Worlds[B, V], sign: Sign) -> Signs[B]:
    """The signs of what has one in every world."""
    return Signs(worlds.yes if sign & TRUE else worlds.no, worlds.yes if sign & FALSE else worlds.no)


def cone(ruleset: Ruleset, goal: Goal) -> frozenset[str]:
    """The facts that a goal can rest on, its `when` included."""
    waiting = [goal.fact, *(test.fact for test in (tests_in(goal.when) if goal.when else ()))]
    found: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting.extend(ruleset.depends_on[name])
    return frozenset(found)


def goals_differ(one: Symbolic[B, V], other: Symbolic[B, V]) -> B:
    """Where what there is to tell of some goal differs between two evaluations of the same worlds."""
    worlds, found = one.worlds, []
    for goal in one.ruleset.goals:
        (mine, values), (theirs, others) = state_of(one, goal), state_of(other, goal)
        found += [
            worlds.either((worlds.both((a, worlds.others(b))), worlds.both((b, worlds.others(a)))))
            for a, b in zip(mine, theirs, strict=True)
        ]
        found += [worlds.both((here, there, worlds.unequal(a, b))) for here, a in values for there, b in others]
    return worlds.either(found)


def state_of(some: Symbolic[B, V], goal: Goal) -> tuple[list[B], list[tuple[B, V]]]:
    """What makes up the state of a goal: sets of worlds, and of a formula its values."""
    both, either = some.worlds.both, some.worlds.either
    when = some.goal_whens[goal.fact]
    pursued = some.worlds.others(when.false)
    parts, values = [when.true, when.false], []
    if goal.fact in some.options:
        parts += [
            both((each, pursued)) for sign in some.options[goal.fact].values() for each in (sign.true, sign.false)
        ]
    elif goal.fact in some.held:
        parts += [both((each, pursued)) for each in some.held[goal.fact].values()]
    elif goal.fact in some.computed:
        values = [(both((where, pursued)), value) for where, value in some.computed[goal.fact]]
        parts.append(either(where for where, _ in values))
    else:
        parts.append(both((some.settled(goal.fact), pursued)))
    return parts, values
