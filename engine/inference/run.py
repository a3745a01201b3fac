"""One run of a compiled ruleset on durable-rules: told everything in a fresh session, read off as an outcome.

The matcher is told which tests an answer passes and fails; it chains. Formulas are computed here from values whose
gates are known true, told to it in turn, and it chains again, until nothing is new.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from engine.inference.compile import Program
from engine.inference.literals import Always
from engine.inference.matcher import Session
from engine.inference.start import Start, carrying_on, with_nothing
from engine.language.model import Fact
from engine.language.values import UNKNOWN, Answer, Single
from engine.logic.evaluate import answer_sign, compute, passes, together
from engine.logic.outcome import Outcome
from engine.logic.signs import FALSE, TRUE, UNSIGNED, Sign, known


@dataclass(frozen=True)
class Computation:
    """A value of a formula and the parts it came from."""

    fact: str
    parts: tuple[Single, ...]
    value: Single


class Run(Outcome):
    """What durable-rules concluded from some answers.

    Attributes:
        program: the compiled ruleset.
        held_literals: every literal told or concluded.
        fired: every clause that fired.
        computed: every value of a formula, with the first parts that gave it.
        combinations: the same with all parts that gave it.

    Args:
        program: the compiled ruleset.
        answers: as read by `read_answers`; an absent input is not asked yet.
        as_of: the date that formulas may use.
        later: more answers, told piece by piece in the same session: it ends as if all had been told at once.
        start: what is concluded already, from some of the answers; nothing unless it is given.
    """

    def __init__(
        self,
        program: Program,
        answers: Mapping[str, Answer],
        as_of: datetime.date | None = None,
        later: Iterable[Mapping[str, Answer]] = (),
        start: Start | None = None,
    ) -> None:
        super().__init__(program.ruleset, dict(answers), as_of)
        self.program = program
        self.computed: dict[tuple[str, Single], Computation] = {}
        self.combinations: list[Computation] = []
        self._tried: set[tuple[str, tuple[Single, ...]]] = set()
        self._start = start or with_nothing(program)
        self.fired = set(self._start.fired)
        with self._start.matcher.session() as session:
            session.held.update(self._start.held)
            self.held_literals = session.held
            self._tell(session, [program.numbers[Always()]])
            for piece in (answers, *later):
                self.answers.update(piece)
                fresh = {name: answer for name, answer in piece.items() if name not in self._start.answers}
                self._tell(session, told(program, fresh))
                while self._compute(session):
                    pass
        self._order_computed()
        self._read_off()

    # Telling

    def _tell(self, session: Session, literals: Iterable[int]) -> None:
        self.fired.update(self._start.clauses[at] for at in session.tell(literals))

    def _compute(self, session: Session) -> bool:
        """Compute what formulas can be computed now; whether anything was new."""
        found: list[int] = []
        for name in self.ruleset.order:
            fact = self.ruleset.facts[name]
            if fact.formula:
                found.extend(self._compute_fact(fact))
        fresh = [number for number in found if number not in session.held]
        self._tell(session, fresh)
        return bool(fresh)

    def _compute_fact(self, fact: Fact) -> Iterator[int]:
        names = fact.formula.names if fact.formula else ()
        for parts in together([self._part_values(name) for name in names]):
            if (fact.id, parts) in self._tried:
                continue
            self._tried.add((fact.id, parts))
            value = compute(self.ruleset, fact, dict(zip(names, parts, strict=True)))
            if value is None or (fact.id, value) in self.computed:
                continue
            self.computed[fact.id, value] = Computation(fact.id, parts, value)
            for test, signs in self.program.seen.get(fact.id, {}).items():
                sign = known(passes(test, fact, value))
                if sign in signs:
                    yield signs[sign]

    def _part_values(self, name: str) -> tuple[Single, ...]:
        if name == "as_of":
            return (self.as_of,) if self.as_of else ()
        if not all(number in self.held_literals for number in self.program.gates.get(name, ())):
            return ()
        fact = self.ruleset.facts[name]
        if fact.is_input:
            answer = self.answers.get(name, UNKNOWN)
            return () if answer is UNKNOWN or isinstance(answer, tuple) else (answer,)  # type: ignore[return-value]
        return self._held_values(fact)

    def _held_values(self, fact: Fact) -> tuple[Single, ...]:
        if fact.formula:
            return tuple(value for name, value in self.computed if name == fact.id)
        literals = self.program.values[fact.id]
        return tuple(value for value, number in literals if number in self.held_literals)

    def _order_computed(self) -> None:
        """Put what was computed in the order of the ruleset, whatever order it came in."""
        found: dict[tuple[str, Single], Computation] = {}
        for name in self.ruleset.order if self.computed else ():
            fact = self.ruleset.facts[name]
            if fact.formula is None:
                continue
            for parts in together([self._part_values(part) for part in fact.formula.names]):
                value = compute(self.ruleset, fact, dict(zip(fact.formula.names, parts, strict=True)))
                if value is not None:
                    self.combinations.append(Computation(name, parts, value))
                    found.setdefault((name, value), self.combinations[-1])
        self.computed = found

    # Reading off

    def _read_off(self) -> None:
        held = self.held_literals
        for name, fact in self.ruleset.facts.items():
            if fact.is_input:
                self.gates[name] = self._gate_sign(name)
            elif not fact.is_set:
                self.held[name] = self._held_values(fact)
        for name, options in self.program.options.items():
            self.options[name] = {option: self._sign(*numbers) for option, numbers in options.items()}
        for rule, numbers in self.program.rules.items():
            self.whens[rule] = self._sign(numbers.true, numbers.false)
            if numbers.applies in held:
                self.applies.add(rule)
            if numbers.fails in held:
                self.fails.add(rule)
        for goal in self.ruleset.goals:
            self.goal_whens[goal.fact] = self._sign(*self.program.goal_whens[goal.fact]) if goal.when else TRUE

    def _sign(self, true: int, false: int) -> Sign:
        held = self.held_literals
        return (TRUE if true in held else UNSIGNED) | (FALSE if false in held else UNSIGNED)

    def _gate_sign(self, name: str) -> Sign:
        """Known true where the gates behind a fact are; what a because-text needs to say "not asked"."""
        return TRUE if all(number in self.held_literals for number in self.program.gates.get(name, ())) else UNSIGNED


def told(program: Program, answers: Mapping[str, Answer]) -> Iterator[int]:
    """The literals that answers are told as: the tests that they pass and fail."""
    for name, answer in answers.items():
        fact = program.ruleset.facts[name]
        for test, signs in program.seen.get(name, {}).items():
            sign = answer_sign(test, fact, answer)
            if sign in signs:
                yield signs[sign]


def common_start(
    program: Program,
    several: Iterable[Mapping[str, Answer]],
    as_of: datetime.date | None,
    start: Start | None = None,
) -> Start:
    """The start of one run for each of several sets of answers: what all of them share is concluded.

    Args:
        program: the compiled ruleset.
        several: the answers of each run.
        as_of: the date that formulas may use.
        start: what these and others share.
    """
    first, *rest = several
    shared = {name: answer for name, answer in first.items() if all(each.get(name) == answer for each in rest)}
    run = Run(program, shared, as_of, start=start)
    others = {(name, answer) for each in (first, *rest) for name, answer in each.items() if name not in shared}
    may_be_told = {number for name, answer in others for number in told(program, {name: answer})}
    formulas = (tests for name, tests in program.seen.items() if program.ruleset.facts[name].formula)
    may_be_told |= {number for tests in formulas for signs in tests.values() for number in signs.values()}
    held, fired = frozenset(run.held_literals), frozenset(run.fired)
    return carrying_on(program, start or with_nothing(program), shared, held, fired, may_be_told)
