"""What holds after an evaluation, by whichever engine it was made, and what of it is a result.

The reference evaluation and the run on durable-rules both end in an `Outcome`, so that they can be compared sign by
sign, and so that conclusions, conflicts and what is undetermined are read off in one place.
"""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import Final

from engine.language.model import Goal, Ruleset
from engine.language.values import UNKNOWN, Answer, Single, Value
from engine.logic.signs import FALSE, TRUE, UNSIGNED, Sign

# What a step of a trail stands for: a rule by its id; the `otherwise` or the formula of a fact by the fact's id.
StepKey = tuple[str, str]
RULE: Final = "rule"
OTHERWISE: Final = "otherwise"
FORMULA: Final = "formula"


class Outcome:
    """Signs and values under some answers.

    Attributes:
        gates: for each fact the sign of the gates behind it.
        held: the values of each single-valued derived fact, in the order of the ruleset; two are a conflict.
        options: for each derived set the sign of each option.
        whens: the sign of each rule's `when`.
        applies, fails: the rules that do.
        goal_whens: the sign of each goal's `when`.
    """

    def __init__(self, ruleset: Ruleset, answers: dict[str, Answer], as_of: datetime.date | None) -> None:
        self.ruleset = ruleset
        self.answers = answers
        self.as_of = as_of
        self.gates: dict[str, Sign] = {}
        self.held: dict[str, tuple[Single, ...]] = {}
        self.options: dict[str, dict[str, Sign]] = {}
        self.whens: dict[str, Sign] = {}
        self.applies: set[str] = set()
        self.fails: set[str] = set()
        self.goal_whens: dict[str, Sign] = {}

    def conflicts(self) -> dict[str, tuple[Single, ...]]:
        """The facts concluded two ways."""
        return {name: self.held[name] for name in self.ruleset.facts if len(self.held.get(name, ())) > 1}

    def value(self, name: str) -> Value | None:
        """The value of a fact: None while it has none or is in conflict; of a derived set its known members."""
        if name in self.options:
            signs = self.options[name]
            members = tuple(option for option, sign in signs.items() if sign & TRUE)
            return members if members or all(sign & FALSE for sign in signs.values()) else None
        if name in self.held:
            return self.held[name][0] if len(self.held[name]) == 1 else None
        answer = self.answers.get(name, UNKNOWN)
        return None if answer is UNKNOWN or not self.gates.get(name, TRUE) & TRUE else answer  # type: ignore[return-value]

    def settled(self, name: str) -> bool:
        """Whether a goal is: it holds a value, or every option of a set has a sign."""
        if name in self.options:
            return all(sign != UNSIGNED for sign in self.options[name].values())
        return bool(self.held[name]) if name in self.held else self.value(name) is not None

    def pursued(self, goal: Goal) -> bool:
        """Whether a goal still has to be settled, or would have to."""
        return not self.goal_whens[goal.fact] & FALSE

    def is_result(self, goal: Goal) -> bool:
        """Whether the value of a goal is a result."""
        return bool(self.goal_whens[goal.fact] & TRUE)

    def goal_states(self) -> tuple[object, ...]:
        """What there is to tell of each goal; equal states mean that every goal is as it was."""
        return tuple(self._goal_state(goal) for goal in self.ruleset.goals)

    def _goal_state(self, goal: Goal) -> object:
        when = self.goal_whens[goal.fact]
        if when & FALSE:
            return when
        if goal.fact in self.options:
            return when, tuple(self.options[goal.fact].values())
        return when, self.held[goal.fact] if goal.fact in self.held else self.value(goal.fact)


@dataclass(frozen=True)
class Results:
    """What is told of an outcome."""

    conclusions: dict[str, Value]
    conflicts: dict[str, tuple[Single, ...]]
    undetermined: tuple[str, ...]
    regimen: str | None


def results_of(outcome: Outcome, *, regimen_rests_on_conflict: bool) -> Results:
    """Conclusions, conflicts and undetermined goals of an outcome.

    Args:
        outcome: what holds.
        regimen_rests_on_conflict: a regimen that does is not suggested, and counts as undetermined.
    """
    ruleset = outcome.ruleset
    goals = {goal.fact: goal for goal in ruleset.goals}
    told = (name for name, fact in ruleset.facts.items() if fact.derived or name in goals)
    values = {name: outcome.value(name) for name in told}
    conclusions = {
        name: value
        for name, value in values.items()
        if value is not None and (name not in goals or outcome.is_result(goals[name]))
    }
    undetermined = [goal.fact for goal in ruleset.goals if outcome.pursued(goal) and not outcome.settled(goal.fact)]
    if regimen_rests_on_conflict and conclusions.pop("regimen", None) is not None:
        undetermined.extend(goal.fact for goal in ruleset.goals if goal.fact == "regimen" and outcome.pursued(goal))
    regimen = conclusions.get("regimen") if ruleset.regimens else None
    order = list(goals)
    return Results(
        conclusions,
        outcome.conflicts(),
        tuple(sorted(undetermined, key=order.index)),
        regimen if isinstance(regimen, str) and regimen in ruleset.regimens else None,
    )
