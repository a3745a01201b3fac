"""The relevance walk in every state of small random rulesets.

The inputs of a small ruleset get few values each: for every test one on each side of it, "I do not know", and not
answered. All combinations are its states. `Space` evaluates each once, and each test asks something of all of them.
"""

from __future__ import annotations

import random
from dataclasses import replace
from functools import cached_property
from itertools import count, product
from math import prod

import pytest

from engine.dialogue.relevance import Relevance
from engine.logic.evaluate import Evaluation
from engine.logic.outcome import results_of
from engine.logic.signs import FALSE, TRUE
from tests.random_rulesets import SMALL, random_answers, random_as_of, random_ruleset, representatives

ABSENT = object()
STATES = range(100, 2500)  # of a ruleset that is looked at
CHUNKS = 10
RULESETS_A_CHUNK = 15


class State:
    """One combination of answers: what it says of the goals, and what it would ask."""

    def __init__(self, ruleset, answers, as_of):
        self.evaluation = evaluation = Evaluation(ruleset, answers, as_of)
        relevance = Relevance(evaluation)
        self.open, self.reachable = relevance.open, relevance.reachable
        goals = [goal.fact for goal in ruleset.goals]
        results = results_of(evaluation, regimen_rests_on_conflict=False)
        told = [results.conclusions.get(name) for name in goals], results.undetermined
        self.view = repr((evaluation.goal_states(), told))  # texts are quick to compare and to hash
        self.in_conflict = bool(results.conflicts)


class Space:
    """Every state of a ruleset. A state is found by a tuple that says of each input which answer it has."""

    def __init__(self, ruleset, as_of):
        self.ruleset = ruleset
        self.names = [fact.id for fact in ruleset.inputs]
        self.choices = [[ABSENT, *representatives(ruleset, fact)] for fact in ruleset.inputs]
        self.as_of = as_of
        self.nothing = (0,) * len(self.names)

    @property
    def size(self):
        return prod(map(len, self.choices))

    @property
    def asks_enough(self):
        """Whether a session can come to three questions or more."""
        return len(State(self.ruleset, {}, self.as_of).reachable) >= 3

    @cached_property
    def states(self):
        places = product(*(range(len(choices)) for choices in self.choices))
        return {place: State(self.ruleset, self.answers(place), self.as_of) for place in places}

    def answers(self, place):
        chosen = zip(self.names, self.choices, place, strict=True)
        return {name: choices[at] for name, choices, at in chosen if choices[at] is not ABSENT}

    def further(self, place):
        """The states with one answer more."""
        for at, chosen in enumerate(place):
            if not chosen:
                yield from self.answered(place, at)

    def answered(self, place, at):
        """The states in which the input at this place is answered too."""
        return [(*place[:at], answer, *place[at + 1 :]) for answer in range(1, len(self.choices[at]))]

    @cached_property
    def in_conflict(self):
        return any(state.in_conflict for state in self.states.values())

    @cached_property
    def final(self):
        """For each state whether no further answers change any goal."""
        found = {}
        for place in sorted(self.states, key=lambda place: place.count(0)):
            view = self.states[place].view
            found[place] = all(found[more] and self.states[more].view == view for more in self.further(place))
        return found

    def session(self):
        """The states that a session can come to, which always asks the first open question."""
        waiting = [self.nothing]
        while waiting:
            place = waiting.pop()
            yield place
            if self.states[place].open:
                waiting.extend(self.answered(place, self.names.index(self.states[place].open[0])))

    def can_matter(self, place, at):
        """Whether two completions that differ only in this answer end differently."""
        rest = [[chosen] if chosen else range(1, len(self.choices[i])) for i, chosen in enumerate(place)]
        rest[at] = [0]
        return any(len({self.states[each].view for each in self.answered(full, at)}) > 1 for full in product(*rest))


def spaces(name, number):
    """Small rulesets that ask enough, with all their states, one after the other."""
    for seed in range(number):
        rng = random.Random(f"relevance {name} {seed}")
        drawn = (Space(random_ruleset(rng, size=SMALL, nasty=rng.random() < 0.3), random_as_of(rng)) for _ in count())
        yield next(space for space in drawn if space.size in STATES and space.asks_enough)


def look_at(space):
    """Hold every state of a ruleset against what design.md section 3 says of relevance."""
    for place, state in space.states.items():
        answered = space.answers(place)
        assert_asks_only_what_it_may(space.ruleset, state, answered)
        assert set(state.open) <= state.reachable
        assert state.open or not state.reachable, "nothing is open, and something is still reachable"
        for more in space.further(place):
            if not space.states[more].in_conflict:  # a second value can open a gate that the first had closed
                assert len(space.states[more].reachable) <= len(state.reachable), "at_most grew"
        if not state.open and not space.in_conflict:
            assert space.final[place], f"nothing is open, and a goal can still change: {answered}"


def assert_asks_only_what_it_may(ruleset, state, answered):
    evaluation = state.evaluation
    for name in state.open:
        assert name not in answered
        assert evaluation.gates[name] & TRUE
    whens = {goal.fact: evaluation.goal_whens[goal.fact] for goal in ruleset.goals}
    if all(when & FALSE or (when & TRUE and evaluation.settled(name)) for name, when in whens.items()):
        assert state.open == ()


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_a_question_is_for_the_goals_that_ask_it_when_they_are_alone(chunk):
    seen = partial = 0
    for seed in range(60):
        rng = random.Random(f"goals {chunk} {seed}")
        ruleset, as_of = random_ruleset(rng), random_as_of(rng)
        alone = {goal.fact: replace(ruleset, goals=(goal,)) for goal in ruleset.goals}
        for share in (0, 0.2, 0.5):
            answers = random_answers(rng, ruleset, share)
            relevance = Relevance(Evaluation(ruleset, answers, as_of))
            asked = {name: Relevance(Evaluation(each, answers, as_of)).reachable for name, each in alone.items()}

            assert frozenset().union(*asked.values()) == relevance.reachable
            for fact in ruleset.inputs:
                goals = tuple(name for name in asked if fact.id in asked[name])
                assert relevance.goals_of(fact.id) == goals
                seen += bool(goals)
                partial += 0 < len(goals) < len(alone)
    assert seen > 100
    assert partial > 20


def count_vain(space):
    """How many questions a session asks, and how many of them can matter to nothing."""
    asking = [(place, space.states[place].open[0]) for place in space.session() if space.states[place].open]
    return len(asking), sum(not space.can_matter(place, space.names.index(name)) for place, name in asking)


def look_at_all(name, number):
    """Look at some rulesets; give how many states there were."""
    states = asked = vain = without_conflict = 0
    for space in spaces(name, number):
        look_at(space)
        states += len(space.states)
        if not space.in_conflict:
            without_conflict += 1
            asked, vain = (total + one for total, one in zip((asked, vain), count_vain(space), strict=True))
    print(f"{number} rulesets, {without_conflict} without conflict, {states} states, {asked} questions, {vain} in vain")
    assert without_conflict > number / 2
    assert vain / asked < 0.4  # a ninth of all; it varies much from one small ruleset to another
    return states


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_every_state_of_small_rulesets(chunk):
    assert look_at_all(chunk, RULESETS_A_CHUNK) > 1000


@pytest.mark.slow
@pytest.mark.parametrize("chunk", range(40))
def test_every_state_of_many_small_rulesets(chunk):
    look_at_all(f"slow {chunk}", 50)
