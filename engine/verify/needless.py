"""Whether a question is needless: no answer to it changes a goal, whatever else is answered or left open.

The walk of relevance looks at one sign at a time, so it leaves some questions open that cannot matter. Whether one does
is looked for in a small random sample of ways to go on, each once with the question unanswered and once answered. That
takes milliseconds and settles nearly all of them; what is left Z3 decides. Where it gives up, or another thread has it
at work, the question is asked.

Questions that are needless each are needless together: each stays so whatever else is answered.
"""

from __future__ import annotations

import random
from collections.abc import Iterator

from engine.dialogue.consultation import Consultation
from engine.language.model import Fact, Goal, Ruleset, Test
from engine.language.values import UNKNOWN, Answer, Single
from engine.logic.evaluate import answer_sign
from engine.verify.alone import AT_WORK
from engine.verify.sample import answers_of, chance, shared_out
from engine.verify.scenarios import Scenarios
from engine.verify.space import Space
from engine.verify.symbolic import Onward, Signs, Symbolic, cone, standing, state_of

SAMPLED = 128
EFFORT = 10_000_000  # by Z3's count, about half a second


def needless(consultation: Consultation, name: str) -> bool:
    """Whether it is proved that an open question cannot change a goal; False where that is not known."""
    if any(goal.fact == name for goal in consultation.ruleset.goals) or _seen_to_matter(consultation, name):
        return False
    if not AT_WORK.acquire(blocking=False):
        return False
    try:
        from engine.verify.finder import proved_needless  # Z3 takes a while to load

        return proved_needless(consultation, name, EFFORT)
    finally:
        AT_WORK.release()


def _seen_to_matter(consultation: Consultation, name: str) -> bool:
    """Whether some way to go on of the sample ends differently with the question answered.

    Only the goals from which the walk comes to the question are looked at, the one that rests on the least first.
    """
    pool = _Pool.of(consultation.ruleset)
    worlds, goals = _Twice(pool, consultation, name), consultation.relevance.goals_of(name)
    now = consultation.evaluation
    return any(_differs(Onward(now, worlds, facts), goal) for goal, facts in pool.cones if goal.fact in goals)


def _differs(some: Symbolic[int, Single], goal: Goal) -> bool:
    """Whether the two halves of the worlds differ in a goal."""
    parts, _ = state_of(some, goal)
    return any((part ^ part >> SAMPLED) & _EVERY for part in parts)


_EVERY = (1 << SAMPLED) - 1
_BOTH = 1 | 1 << SAMPLED  # times a set of ways to go on: the same in either half


class _Pool:
    """Ways to go on under a ruleset: for each question what is answered where; in one of eight it is left open."""

    def __init__(self, ruleset: Ruleset) -> None:
        cones = ((goal, cone(ruleset, goal)) for goal in ruleset.goals)
        self.cones = sorted(cones, key=lambda each: len(each[1]))
        rng, space = chance(ruleset.digest), Space(ruleset)
        self.ruleset = ruleset
        self.answers = {fact.id: self._given(space, fact, rng) for fact in ruleset.inputs}
        self._signs: dict[int, Signs[int]] = {}  # by the id of a test, which the ruleset keeps

    @classmethod
    def of(cls, ruleset: Ruleset) -> _Pool:
        """The pool of a ruleset, made once and kept with it."""
        found: _Pool | None = ruleset.__dict__.get("_pool")
        return found or ruleset.__dict__.setdefault("_pool", cls(ruleset))

    @staticmethod
    def _given(space: Space, fact: Fact, rng: random.Random) -> list[tuple[int, Answer]]:
        open_ = rng.getrandbits(SAMPLED) & rng.getrandbits(SAMPLED) & rng.getrandbits(SAMPLED)
        return [(where & ~open_, answer) for where, answer in shared_out(answers_of(space, fact, rng), SAMPLED, rng)]

    def signs(self, test: Test, fact: Fact) -> Signs[int]:
        """Where the answer to an input passes a test, and where not."""
        found = self._signs.get(id(test))
        if found is None:
            worlds = Scenarios(self.ruleset, SAMPLED, self.answers)
            found = self._signs[id(test)] = worlds.answer_signs(test, fact)
        return found


class _Twice(Scenarios):
    """Ways to go on from a consultation: in the lower half a question is left open, in the upper it is answered."""

    def __init__(self, pool: _Pool, consultation: Consultation, name: str) -> None:
        date = consultation.as_of
        super().__init__(pool.ruleset, 2 * SAMPLED, pool.answers)
        self.dates = [(self.yes, date)] if date else []
        self.pool = pool
        self.given = consultation.answers
        self.name = name

    def answer_signs(self, test: Test, fact: Fact) -> Signs[int]:
        """Tell where the answer to an input passes a test, and where not."""
        given = self.given.get(fact.id)
        if given is not None:
            return standing(self, answer_sign(test, fact, given))
        signs, times = self.pool.signs(test, fact), self._times(fact)
        return Signs(signs.true * times, signs.false * times)

    def answered(self, fact: Fact) -> Iterator[tuple[int, Single]]:
        """Give the values that an input is answered with."""
        given = self.given.get(fact.id)
        answers = self.pool.answers[fact.id] if given is None else [(_EVERY, given)]
        times = self._times(fact) if given is None else _BOTH
        for where, answer in answers:
            if answer is not UNKNOWN and not isinstance(answer, tuple):
                yield where * times, answer  # type: ignore[misc]

    def _times(self, fact: Fact) -> int:
        return 1 << SAMPLED if fact.id == self.name else _BOTH
