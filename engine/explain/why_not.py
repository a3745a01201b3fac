"""Why a goal did not come to a value: what each rule that would conclude it lacks, and the least that would mend it."""

from __future__ import annotations

from dataclasses import dataclass

from engine.dialogue.consultation import Consultation
from engine.explain.obstacles import Need, Obstacle, obstacle
from engine.explain.repair import Repair, is_result, repairs
from engine.language.model import Goal
from engine.language.values import Single
from engine.logic.signs import FALSE
from engine.verify.provable import GaveUpError


@dataclass(frozen=True)
class WhyNot:
    """Why a goal did not come to a value.

    Attributes:
        held: it did.
        gate: what the goal as a whole lacks to be a result, or None.
        obstacles: the rules that would conclude the value.
        instead: where the value is what holds unless a rule says otherwise, the rules that are not ruled out.
        repairs: smallest changes, none where there is no such change at all.
        more: how many others there are of that size.
        gave_up: why it could not be told whether there is such a change; else None.
    """

    goal: Goal
    value: Single
    held: bool
    gate: Need | None
    obstacles: tuple[Obstacle, ...]
    instead: tuple[Obstacle, ...]
    repairs: tuple[Repair, ...]
    more: int
    gave_up: str | None = None


def why_not(consultation: Consultation, goal: Goal, value: Single) -> WhyNot:
    """Say why a goal did not come to a value.

    Args:
        consultation: the answers.
        goal: one whose value rules conclude.
        value: one of the values that they can conclude.
    """
    ruleset, now = consultation.ruleset, consultation.evaluation
    rules = ruleset.concluders[goal.fact]
    unless = rules if value == ruleset.facts[goal.fact].otherwise else ()
    held = is_result(consultation, goal, value)
    found: tuple[Repair, ...] = ()
    more, gave_up = 0, None
    try:
        if not held:
            found, more = repairs(consultation, goal, value)
    except GaveUpError as error:
        gave_up = str(error)
    return WhyNot(
        goal,
        value,
        held,
        None if goal.when is None or now.is_result(goal) else Need(goal.when, now.sign(goal.when)),
        tuple(obstacle(consultation, rule) for rule in rules if value in rule.concludes(goal.fact)),
        tuple(obstacle(consultation, rule) for rule in unless if not now.whens[rule.id] & FALSE),
        found,
        more,
        gave_up,
    )
