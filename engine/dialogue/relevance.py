"""Which questions can still change a goal that is not settled.

A walk from the goals through everything that has no sign yet, following only signs that are *wanted*, because they
could bring a goal a value, and *possible*, because answers still to come could bring them (design.md section 3). What
leads to what is the same for all answers (`Ways`); first what is possible is found for every fact (`Possible`), then
the walk collects the inputs that it ends in.
"""

from __future__ import annotations

from functools import cached_property

from engine.dialogue.possible import Possible
from engine.dialogue.ways import ways_of
from engine.logic.evaluate import Evaluation
from engine.logic.signs import TRUE


class Relevance:
    """The questions that matter under an evaluation."""

    def __init__(self, evaluation: Evaluation) -> None:
        self.evaluation = evaluation
        self.ruleset = evaluation.ruleset
        self.possible = Possible(evaluation)

    @cached_property
    def open(self) -> tuple[str, ...]:
        """The inputs that can be asked now and can still matter, in the order of asking."""
        gates = self.evaluation.gates
        return tuple(fact.id for fact in self.ruleset.inputs if fact.id in self._reached and gates[fact.id] & TRUE)

    @cached_property
    def reachable(self) -> frozenset[str]:
        """The open inputs, and those behind gates that can still open."""
        return frozenset(self._reached)

    def goals_of(self, fact: str) -> tuple[str, ...]:
        """The goals that the answer for an input can still change: those from which the walk comes to it."""
        goals = self._reached.get(fact, 0)
        return tuple(goal.fact for place, goal in enumerate(self.ruleset.goals) if goals >> place & 1)

    @cached_property
    def _reached(self) -> dict[str, int]:
        """For each input that is reachable the goals that it is wanted for."""
        found = self._walk()
        return {
            name: found[step]
            for name, step in ways_of(self.ruleset).questions.items()
            if found[step] and name not in self.evaluation.answers and self.possible.gates[name] & TRUE
        }

    def _walk(self) -> list[int]:
        """For each step the goals that it is wanted for, a bit each: one walk serves all.

        Steps come after those they lead to, so that going backwards each is met with all its goals.
        """
        ways = ways_of(self.ruleset)
        goals = [0] * len(ways.steps)
        for place, goal in enumerate(self.ruleset.goals):
            pursued = self.evaluation.pursued(goal) and not self.evaluation.settled(goal.fact)
            for number in (*ways.whens[goal.fact], *(ways.goals[goal.fact] if pursued else ())):
                goals[number] |= 1 << place
        for step, wanted_for in zip(reversed(ways.steps), reversed(goals), strict=True):
            if wanted_for and step.to_come(self.possible):
                for number in step.leads_to:
                    goals[number] |= wanted_for
        return goals
