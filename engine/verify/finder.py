"""Finding a patient of whom something is so, or proving that there is none.

A question is a function that gives, for the symbolic evaluation of a ruleset, the worlds that it asks for. It is first
put to a large random sample, which is quick and exact; what that does not hold, Z3 finds or proves away. Where Z3 gives
up, that is said, and how many were looked at.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Collection
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Any

import z3

from engine.dialogue.consultation import Consultation
from engine.language.model import Fact, Ruleset
from engine.language.values import UNKNOWN, Answer, Quantity, Single
from engine.verify.provable import YES, Asked, GaveUpError, Provable, Rounding
from engine.verify.sample import answers_of, chance, random_patients, shared_out
from engine.verify.scenarios import Scenarios, gathered
from engine.verify.space import Space, round_to
from engine.verify.symbolic import Onward, Symbolic, goals_differ

SAMPLED = 1 << 15
PATIENCE = 10_000  # milliseconds for one question; half of it, down to the least, once one has taken all
LEAST_PATIENCE = 500
MOST_DECIMALS = 6
ONLY_ROUNDED = "exactly there is none, but a quotient or a conversion, rounded to 12 digits, might make one"

Query = Callable[[Symbolic[Any, Any]], Any]


@dataclass(frozen=True)
class Patient:
    """A complete set of answers, and the date to evaluate at."""

    answers: dict[str, Answer]
    as_of: datetime.date | None = None


class Finder:
    """Looks for patients of a ruleset.

    Args:
        ruleset: the ruleset.
        space: the answers that it tells apart.
        after: a consultation whose answers a patient may have changed, and may leave the other questions unanswered.
        only: the facts to look at, each with all that it depends on; all of them unless it is given.
    """

    def __init__(
        self,
        ruleset: Ruleset,
        space: Space | None = None,
        after: Consultation | None = None,
        only: Collection[str] | None = None,
    ) -> None:
        self.ruleset = ruleset
        self.space = space or Space(ruleset)
        self.after = after
        self.only = only
        self._patience = PATIENCE

    @cached_property
    def sample(self) -> Symbolic[int, Single]:
        """A random sample of complete patients."""
        return Symbolic(self.ruleset, random_patients(self.space, SAMPLED, chance(self.ruleset.digest)))

    @cached_property
    def provable(self) -> Symbolic[z3.BoolRef, z3.ArithRef]:
        """All there can be."""
        return Symbolic(self.ruleset, self._made(Provable), self.only)

    @cached_property
    def _rounded(self) -> Symbolic[z3.BoolRef, z3.ArithRef]:
        """All there can be, and a little more: quotients and conversions are rounded."""
        return Symbolic(self.ruleset, self._made(Rounding), self.only)

    def _made(self, kind: type[Provable], twin: str | None = None) -> Provable:
        after = self.after
        as_of = after.as_of if after else None
        return kind(self.ruleset, self.space, twin=twin, partial=after is not None, as_of=as_of)

    @cached_property
    def _solver(self) -> z3.Solver:
        solver = z3.Solver()
        solver.add(*self.worlds.given)
        return solver

    def _check(self, solver: z3.Solver, *assumed: z3.BoolRef) -> bool:
        """Whether there is a patient at all, as far as Z3 can tell."""
        solver.set("timeout", self._patience)
        found = solver.check(*assumed)
        if found == z3.unknown:
            self._patience = max(self._patience // 2, LEAST_PATIENCE)
            raise GaveUpError(solver.reason_unknown())
        return bool(found == z3.sat)

    @property
    def worlds(self) -> Provable:
        """What is proved in."""
        return self._worlds_of(self.provable)

    @staticmethod
    def _worlds_of(some: Symbolic[z3.BoolRef, z3.ArithRef]) -> Provable:
        assert isinstance(some.worlds, Provable)  # noqa: S101
        return some.worlds

    def find(self, query: Query) -> Patient | None:
        """A patient whom a query asks for; None where it is proved that there is none.

        Raises:
            GaveUpError: it could not be told.
        """
        return self._sampled(query) or self.proved(query)

    def _sampled(self, query: Query) -> Patient | None:
        where = query(self.sample)
        if not where:
            return None
        at = (where & -where).bit_length() - 1
        as_of = self._sampled_worlds.date_of(at) if self.ruleset.counts_to_a_date else None
        return Patient(self._sampled_worlds.world(at), as_of)

    @property
    def _sampled_worlds(self) -> Scenarios:
        worlds = self.sample.worlds
        assert isinstance(worlds, Scenarios)  # noqa: S101
        return worlds

    def proved(self, query: Query, also: z3.BoolRef = YES) -> Patient | None:
        """The same by Z3 alone, among the worlds of a formula."""
        where = query(self.provable)
        if where is self.worlds.no:
            return None
        asked = z3.FreshBool("asked")
        self._solver.add(z3.Implies(asked, z3.And(where, also)))
        if not self._check(self._solver, asked):
            if not self.after:
                self.refuse_rounding(query)
            return None
        patient = self._patient(self._tidied(asked))
        if not self.shows(patient, query):
            raise GaveUpError("what was found is not so when it is evaluated")
        return patient

    def refuse_rounding(self, query: Query) -> None:
        """Make sure that rounding makes nobody a patient either whom exact arithmetic rules out.

        Raises:
            GaveUpError: it may, or that could not be told.
        """
        if not self.space.computed_with:
            return
        there = query(self._rounded)
        if not there.eq(query(self.provable)):
            asked, worlds = z3.FreshBool("asked"), self._rounded_worlds
            stay = [
                worlds.asked[name].given for name in (self.after.answers if self.after else ()) if name in worlds.asked
            ]
            self._rounding.add(*worlds.untold(), z3.Implies(asked, z3.And(there, *stay)))
            if self._check(self._rounding, asked):
                raise GaveUpError(ONLY_ROUNDED)

    @property
    def _rounded_worlds(self) -> Rounding:
        worlds = self._rounded.worlds
        assert isinstance(worlds, Rounding)  # noqa: S101
        return worlds

    @cached_property
    def _rounding(self) -> z3.Solver:
        return z3.Solver()

    def shows(self, patient: Patient, query: Query) -> bool:
        """Whether a patient is one whom a query asks for, by evaluation."""
        worlds = gathered(self.ruleset, [patient.answers], [patient.as_of])
        return bool(query(Symbolic(self.ruleset, worlds, self.only)))

    # Whether an answer matters

    def can_matter(self, name: str) -> bool:
        """Whether two complete patients who differ in one answer only can differ in a goal.

        Raises:
            GaveUpError: it could not be told.
        """
        rng, worlds = chance(name), self._sampled_worlds
        others = shared_out(answers_of(self.space, self.ruleset.facts[name], rng), SAMPLED, rng)
        if goals_differ(self.sample, Symbolic(self.ruleset, worlds.but(name, others))):
            return True
        return self.differing(name) is not None

    def differing(self, name: str) -> tuple[Patient, Patient] | None:
        """Two complete patients who differ in one answer only and in a goal; after a consultation, with its answers.

        Args:
            name: the question.

        Raises:
            GaveUpError: it could not be told.
        """
        solver, twin = self._apart(name, self.provable)
        if not self._check(solver):
            if self.space.computed_with and self._check(self._apart(name, self._rounded)[0]):
                raise GaveUpError(ONLY_ROUNDED)
            return None
        one, model = self._patient(solver.model()), solver.model()
        other = self._answer(self.ruleset.facts[name], twin.asked[name], model)
        return one, Patient({**one.answers, name: other}, one.as_of)

    def _apart(self, name: str, one: Symbolic[z3.BoolRef, z3.ArithRef]) -> tuple[z3.Solver, Provable]:
        """A solver of worlds that differ from others in one answer only and in a goal; and these others."""
        after, worlds = self.after, self._worlds_of(one)
        twin = self._made(type(worlds), twin=name)
        solver = z3.Solver()
        where = goals_differ(one, Symbolic(self.ruleset, twin))
        solver.add(*worlds.given, *twin.given, where)
        for each in (worlds, twin) if after else ():
            solver.add(*(asked.given for asked in each.asked.values()))
        given = after.answers if after else {}
        solver.add(*(worlds.same(other, answer) for other, answer in given.items() if other != name))
        return solver, twin

    # From what Z3 finds to answers

    def _tidied(self, asked: z3.BoolRef) -> z3.ModelRef:
        """A model with numbers of few decimals where there is one."""
        solver, model = self._solver, self._solver.model()
        solver.set("timeout", LEAST_PATIENCE)
        fixed: list[z3.BoolRef] = []
        for each in self.worlds.asked.values():
            for _, _, number in each.amounts[:1]:
                found = model.eval(number, model_completion=True)
                for rounded in roundings(_decimal(found)) if number.is_real() else ():
                    name = z3.FreshBool("tidy")
                    solver.add(z3.Implies(name, number == z3.RatVal(*rounded.as_integer_ratio())))
                    if solver.check(asked, *fixed, name) == z3.sat:
                        fixed.append(name)
                        model = solver.model()
                        break
        return model

    def _patient(self, model: z3.ModelRef) -> Patient:
        answers = {
            name: self._answer(self.ruleset.facts[name], each, model)
            for name, each in self.worlds.asked.items()
            if z3.is_true(model.eval(each.given, model_completion=True))
        }
        if self.after:
            return Patient(answers, self.after.as_of)
        as_of = model.eval(self.worlds.as_of, model_completion=True).as_long()
        return Patient(answers, datetime.date.fromordinal(as_of) if self.ruleset.counts_to_a_date else None)

    @staticmethod
    def _answer(fact: Fact, asked: Asked, model: z3.ModelRef) -> Answer:
        def so(where: z3.BoolRef) -> bool:
            return bool(z3.is_true(model.eval(where, model_completion=True)))

        if not so(asked.known):
            return UNKNOWN
        if fact.is_set:
            return tuple(str(kind[0]) for where, kind in asked.kinds if isinstance(kind, tuple) and so(where))
        for unit, where, number in asked.amounts:
            if so(where):
                found = model.eval(number, model_completion=True)
                if number.is_int():
                    return datetime.date.fromordinal(found.as_long())
                return Quantity(roundings(_decimal(found))[-1], unit)
        return next(kind for where, kind in asked.kinds if so(where))


def _decimal(value: z3.ExprRef) -> Decimal:
    """A number of a model; an irrational one to 12 digits."""
    if isinstance(value, z3.AlgebraicNumRef):
        value = value.approx(12)
    assert isinstance(value, z3.RatNumRef)  # noqa: S101
    return Decimal(value.numerator_as_long()) / Decimal(value.denominator_as_long())


def roundings(number: Decimal) -> list[Decimal]:
    """A number rounded ever less, the last as near as an answer of few digits can be."""
    first = max(0, -number.adjusted()) if number else 0
    return [round_to(number, decimals) for decimals in (0, *range(first, first + MOST_DECIMALS + 1))]


def proved_needless(consultation: Consultation, name: str, effort: int) -> bool:
    """Whether it is proved that goals are the same with a question answered and not, whatever else is answered.

    Args:
        consultation: the answers, which stay.
        name: the question.
        effort: how much Z3 may try, in its own count: the same decides today that decided yesterday.
    """
    ruleset, given, now = consultation.ruleset, consultation.answers, consultation.evaluation
    space = Space(ruleset)
    kind = Rounding if space.computed_with else Provable  # as an evaluation computes
    asked, open_ = (
        kind(ruleset, space, partial=True, as_of=consultation.as_of, fixed=fixed)
        for fixed in (given, {**given, name: None})
    )
    solver = z3.Solver()
    solver.set("rlimit", effort)
    try:
        where = goals_differ(Onward(now, asked), Onward(now, open_))
        solver.add(*asked.given, *open_.given, where)
        return bool(solver.check() == z3.unsat)
    except (GaveUpError, z3.Z3Exception):
        return False
