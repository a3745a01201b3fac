"""What a person is told beside the trail.

An emergency, a referral, and the answers "I do not know" that a goal depends on.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from engine.dialogue.consultation import Consultation, resting_on
from engine.language.model import Fact
from engine.language.values import UNKNOWN, Value
from engine.language.wording import say_held
from engine.logic.trail import Step

URGENCY, EMERGENCY, URGENT = "urgency", "emergency", "urgent"
DISPOSITION, REFER = "disposition", "refer"


@dataclass(frozen=True)
class Emergency:
    """The urgency is that of an emergency: it is told before everything else, with the steps that concluded it."""

    fact: Fact
    steps: tuple[Step, ...]


def emergency(consultation: Consultation) -> Emergency | None:
    """The emergency, where the goal named `urgency` holds the value `emergency`, be it in conflict with another."""
    if not any(goal.fact == URGENCY for goal in consultation.ruleset.goals):
        return None
    results = consultation.results
    if EMERGENCY not in (*_values(results.conclusions.get(URGENCY)), *results.conflicts.get(URGENCY, ())):
        return None
    steps = tuple(step for step in consultation.trail if EMERGENCY in _values(step.concludes.get(URGENCY)))
    return Emergency(consultation.ruleset.facts[URGENCY], steps)


def pressing(consultation: Consultation) -> str:
    """What there is to say of an emergency, or of what is urgent, before anything else; nothing of what is neither."""
    alarm = emergency(consultation)
    if alarm:
        return say_held(alarm.fact, EMERGENCY)
    goal = any(each.fact == URGENCY for each in consultation.ruleset.goals)
    urgent = goal and consultation.results.conclusions.get(URGENCY) == URGENT
    return say_held(consultation.ruleset.facts[URGENCY], URGENT) if urgent else ""


def referral(consultation: Consultation) -> tuple[Step, ...]:
    """The steps that concluded that a clinician decides: the goal named `disposition` holds the value `refer`."""
    if not any(goal.fact == DISPOSITION for goal in consultation.ruleset.goals):
        return ()
    if consultation.results.conclusions.get(DISPOSITION) != REFER:
        return ()
    return tuple(step for step in consultation.trail if step.concludes.get(DISPOSITION) == REFER)


def unsettled(consultation: Consultation) -> tuple[Fact, ...]:
    """The goals that the questions still to come can change."""
    facts = {name for question in consultation.open_questions for name in consultation.reasons(question.fact).goals}
    return tuple(consultation.ruleset.facts[goal.fact] for goal in consultation.ruleset.goals if goal.fact in facts)


def _values(value: Value | None) -> tuple[object, ...]:
    return value if isinstance(value, tuple) else (value,)


def unknown_behind(consultation: Consultation, goal: str) -> tuple[Fact, ...]:
    """The answers "I do not know" that a goal depends on."""
    return tuple(fact for fact in _unknown(consultation) if goal in resting_on(consultation.ruleset, fact.id))


def _unknown(consultation: Consultation) -> Iterator[Fact]:
    """The facts answered "I do not know" whose answer takes part."""
    for name, answer in consultation.answers.items():
        if answer is UNKNOWN and name not in consultation.set_aside:
            yield consultation.ruleset.facts[name]
