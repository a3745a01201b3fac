"""Why a question matters: two ways to go on that differ in its answer and end differently, or the proof of none.

Both keep every answer given so far. They are looked for in a random sample of completions, then by Z3; what is found
is cut down to the answers that it takes and run on durable-rules before it is told.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice

from engine.dialogue.consultation import Consultation
from engine.explain.pairs import bits
from engine.explain.what_if import Values, told
from engine.language.model import Fact, Goal
from engine.language.values import Answer, Single
from engine.logic.evaluate import Evaluation
from engine.logic.outcome import Outcome
from engine.logic.signs import BOTH
from engine.verify.alone import alone
from engine.verify.finder import Finder
from engine.verify.provable import GaveUpError
from engine.verify.sample import answers_of, shared_out
from engine.verify.scenarios import Given, Scenarios
from engine.verify.space import Space
from engine.verify.symbolic import Symbolic, cone, goals_differ

SAMPLED = 1 << 11
MOST_TRIED = 8  # of the completions that differ, among how many the plainest is looked for

Pair = tuple[Mapping[str, Answer], Answer]  # a completion, and another answer to the question


@dataclass(frozen=True)
class Witnesses:
    """Two completions of the answers given so far, and a goal that ends differently.

    Attributes:
        goal: the goal.
        also: the answers that both add to those given, besides the one to the question.
        one, other: the consultations with them, and with one answer to the question or another.
    """

    fact: Fact
    goal: Goal
    also: Mapping[str, Answer]
    one: Consultation
    other: Consultation

    @property
    def answers(self) -> tuple[Answer, Answer]:
        """The two answers to the question."""
        return self.one.answers[self.fact.id], self.other.answers[self.fact.id]

    @property
    def ends(self) -> tuple[Values | None, Values | None]:
        """What the goal comes to."""
        return told(self.one, self.goal.fact), told(self.other, self.goal.fact)


@alone
def witnesses(consultation: Consultation, name: str) -> Witnesses | None:
    """Two completions that differ in one answer and end differently; None where it is proved that there are none.

    Raises:
        GaveUpError: neither could be shown.
    """
    return next(_shown(consultation, name, _sampled(consultation, name)), None) or _proved(consultation, name)


def _proved(consultation: Consultation, name: str) -> Witnesses | None:
    pair = Finder(consultation.ruleset, after=consultation).differing(name)
    if pair is None:
        return None
    found = next(_shown(consultation, name, [(pair[0].answers, pair[1].answers[name])]), None)
    if found is None:
        raise GaveUpError("what was found is not so when it is evaluated")
    return found


def _sampled(consultation: Consultation, name: str) -> Iterator[Pair]:
    """Completions of a random sample that come to something else with another answer."""
    ruleset, space = consultation.ruleset, Space(consultation.ruleset)
    rng = random.Random(f"{ruleset.digest} {name}")  # noqa: S311 (nothing secret is made of it)
    every = (1 << SAMPLED) - 1
    answers: dict[str, Given] = {
        fact.id: [(every, consultation.answers[fact.id])]
        if fact.id in consultation.answers
        else shared_out(answers_of(space, fact, rng), SAMPLED, rng)
        for fact in ruleset.inputs
    }
    one = Scenarios(ruleset, SAMPLED, answers, [(every, consultation.as_of)] if consultation.as_of else [])
    other = one.but(name, shared_out(answers_of(space, ruleset.facts[name], rng), SAMPLED, rng))
    mine, theirs = Symbolic(ruleset, one), Symbolic(ruleset, other)
    differ = one.yes if any(goal.fact == name for goal in ruleset.goals) else goals_differ(mine, theirs)
    told = {goal.fact: differ & _told_apart(mine, theirs, goal) for goal in ruleset.goals}
    decided = one.either(told[goal.fact] & _decided(mine, goal) & _decided(theirs, goal) for goal in ruleset.goals)
    seen = one.either(told.values())
    for where in (decided, seen & ~decided, differ & ~seen):
        for at in islice(bits(where), MOST_TRIED):
            yield one.world(at), other.world(at)[name]


def _told_apart(mine: Symbolic[int, Single], theirs: Symbolic[int, Single], goal: Goal) -> int:
    """Where something else is told of a goal: another value or member, or that it does not arise."""
    pairs = zip(_told_of(mine, goal), _told_of(theirs, goal), strict=True)
    return mine.worlds.either(one ^ other for one, other in pairs)


def _told_of(some: Symbolic[int, Single], goal: Goal) -> list[int]:
    when = some.goal_whens[goal.fact]
    options, held = some.options.get(goal.fact), some.held.get(goal.fact)
    values = [sign.true for sign in options.values()] if options else [*(held or {}).values()]
    return [when.false, *(when.true & each for each in values or [some.settled(goal.fact)])]


def _decided(some: Symbolic[int, Single], goal: Goal) -> int:
    """Where it is known what a goal comes to; of a set, it includes something."""
    when = some.goal_whens[goal.fact]
    options = some.options.get(goal.fact)
    value = some.worlds.either(sign.true for sign in options.values()) if options else some.settled(goal.fact)
    return when.false | when.true & value


# Telling them


def _shown(consultation: Consultation, name: str, pairs: Iterable[Pair]) -> Iterator[Witnesses]:
    """Of pairs of completions those that come to something else on durable-rules, decided goals first."""
    several = (_Pair(consultation, name, pair) for pair in pairs)
    tried = [_Tried(pair, goal) for pair in several for goal in consultation.ruleset.goals]
    for each in sorted((each for each in tried if each.differs), key=lambda each: (not each.told, not each.firm)):
        also = each.fewest()
        one, two = each.pair.consultations(also)
        if _state(one.run, each.goal) != _state(two.run, each.goal):
            yield Witnesses(consultation.ruleset.facts[name], each.goal, also, one, two)


class _Pair:
    """A pair of completions.

    Attributes:
        also: the answers besides those given.
        outcomes: what the two come to.
    """

    def __init__(self, consultation: Consultation, name: str, pair: Pair) -> None:
        self.consultation = consultation
        self.name = name
        self.answers = pair[0][name], pair[1]
        given = {*consultation.answers, name}
        self.also = {each: answer for each, answer in pair[0].items() if each not in given}
        self.outcomes = self.evaluated(self.also)

    def consultations(self, also: Mapping[str, Answer]) -> tuple[Consultation, Consultation]:
        """The answers given, some others, and either answer to the question."""
        given = {**self.consultation.answers, **also}
        one, two = (self.consultation.given({**given, self.name: answer}) for answer in self.answers)
        return one, two

    def evaluated(self, also: Mapping[str, Answer]) -> tuple[Evaluation, Evaluation]:
        """What these come to by the reference evaluation."""
        one, two = self.consultations(also)
        return one.evaluation, two.evaluation


class _Tried:
    """What a pair of completions makes of a goal.

    Attributes:
        differs: whether the goal comes to something else.
        told: whether something else is told of it, and not only kept open.
        firm: in what it differs whatever else is answered. A goal that is undecided may be so for want of answers: then
            all answers of the completion are needed to say so.
    """

    def __init__(self, pair: _Pair, goal: Goal) -> None:
        self.pair = pair
        self.goal = goal
        one, two = pair.outcomes
        self.differs = _state(one, goal) != _state(two, goal)
        self.told = _told(one, goal) != _told(two, goal)
        self.firm = _firm(one, two, goal)

    def fewest(self) -> Mapping[str, Answer]:
        """The answers besides those given that the difference takes."""
        if not self.firm:
            return self.pair.also
        wanted = min(self.firm)
        behind = cone(self.pair.consultation.ruleset, self.goal)
        also = {each: answer for each, answer in self.pair.also.items() if each in behind}
        for each in tuple(also):
            fewer = {key: answer for key, answer in also.items() if key != each}
            if wanted in _firm(*self.pair.evaluated(fewer), self.goal):
                also = fewer
        return also


def _state(outcome: Outcome, goal: Goal) -> object:
    """What there is to tell of a goal."""
    return outcome.goal_states()[outcome.ruleset.goals.index(goal)]


def _told(outcome: Outcome, goal: Goal) -> object:
    """What is told of a goal: what it comes to, or that it does not arise."""
    return outcome.pursued(goal), outcome.value(goal.fact) if outcome.is_result(goal) else None


def _firm(one: Outcome, two: Outcome, goal: Goal) -> set[str]:
    """In what a goal differs that no further answer can change: one thing, of a set one option."""
    if not all(each.is_result(goal) for each in (one, two)):
        dropped = [not each.pursued(goal) for each in (one, two)]
        decided = [each.is_result(goal) and each.settled(goal.fact) for each in (one, two)]
        return {"pursued"} if dropped in ([True, False], [False, True]) and any(decided) else set()
    if goal.fact in one.options:
        signs = ((option, sign | two.options[goal.fact][option]) for option, sign in one.options[goal.fact].items())
        mine = one.options[goal.fact]
        return {option for option, sign in signs if sign == BOTH and mine[option] != BOTH}
    values = [each.held[goal.fact] if goal.fact in each.held else each.value(goal.fact) for each in (one, two)]
    return {"value"} if all(values) and values[0] != values[1] else set()
