"""Explanations as plain data: what `regimen why`, `why-not`, `what-if` and `flips` print with `--json`.

Values are written as in answers files; a step is as `regimen evaluate --json` has it. A condition stands in words.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from engine.dialogue.consultation import Consultation, shown
from engine.dialogue.report import step_report
from engine.explain.flips import Flips
from engine.explain.obstacles import Need, Obstacle
from engine.explain.telling import said_change
from engine.explain.what_if import Difference, Values, WhatIf, told
from engine.explain.why import Against, NotKnown, Why
from engine.explain.why_not import WhyNot
from engine.language.model import Fact, Goal, Ruleset
from engine.language.values import Answer
from engine.language.wording import say_condition
from engine.logic.trail import Step

Data = dict[str, Any]


def why_report(consultation: Consultation, fact: Fact, found: Iterable[Why]) -> Data:
    """`regimen why`: one entry for each value asked for, or held.

    {"ruleset", "fact", "undecided", "values": [{"value", "held", "steps": [step], "for": [seq],
     "against": [{"rule", "title", "values", "in_conflict", "outranked_by": [rule], "needs"}],
     "not_known": [{"rule", "title", "values", "waits_on": [fact], "held_back_by": [rule], "needs"}],
     "waits_on": [fact]}]}; "needs" is [{"condition", "state": "met" | "not met" | "not known"}].
    """
    ruleset = consultation.ruleset
    return {
        "ruleset": _named(ruleset),
        "fact": fact.id,
        "undecided": told(consultation, fact.id) is None,
        "values": [
            {
                "value": shown(fact, each.value),
                "held": each.held,
                "steps": [step_report(ruleset, step) for step in each.steps],
                "for": [step.seq for step in each.pro],
                "against": [_against(ruleset, fact, other) for other in each.against],
                "not_known": [_not_known(ruleset, fact, other) for other in each.not_known],
                "waits_on": _ids(each.waits_on),
            }
            for each in found
        ],
    }


def why_not_report(consultation: Consultation, found: WhyNot) -> Data:
    """`regimen why-not`.

    {"ruleset", "goal", "value", "held", "when": need | null (what the goal as a whole lacks),
     "rules": [{"rule", "title", "applies", "needs", "outranked_by": [rule], "held_back_by": [rule]}],
     "instead": [the same, of rules that keep the value from being what holds unless a rule says otherwise],
     "repairs": [{"change": {fact: answer}, "said": [text], "conclusions": {fact: value}}], "more": how many others,
     "gave_up": why it cannot be told whether there is a change | null}
    """
    ruleset = consultation.ruleset
    return {
        "ruleset": _named(ruleset),
        "goal": found.goal.fact,
        "value": shown(ruleset.facts[found.goal.fact], found.value),
        "held": found.held,
        "when": _need(ruleset, found.gate) if found.gate else None,
        "rules": [_obstacle(ruleset, each) for each in found.obstacles],
        "instead": [_obstacle(ruleset, each) for each in found.instead],
        "repairs": [
            {**_change(consultation, each.change), "conclusions": each.after.conclusions} for each in found.repairs
        ],
        "more": found.more,
        "gave_up": found.gave_up,
    }


def what_if_report(found: WhatIf) -> Data:
    """`regimen what-if`.

    {"ruleset", "change": {fact: answer}, "said": [text],
     "differences": [{"fact", "goal": whether it is one, "kind": "gained" | "lost" | "changed",
                      "before": [value] | null, "after": [value] | null, "added", "removed",
                      "rules_before": [rule], "rules_after": [rule]}],
     "opened": [fact], "closed": [fact], "set_aside": [fact], "taken_up": [fact],
     "pursued": [goal], "no_longer_pursued": [goal], "undetermined": [goal], "conflicts": {fact: [value]}}
    """
    goals = {goal.fact for goal in found.after.ruleset.goals}
    return {
        "ruleset": _named(found.after.ruleset),
        **_change(found.before, found.change, found=False),
        "differences": [difference_report(each, goal=each.fact.id in goals) for each in found.differences],
        "opened": _ids(found.opened),
        "closed": _ids(found.closed),
        "set_aside": _ids(found.set_aside),
        "taken_up": _ids(found.taken_up),
        "pursued": [goal.fact for goal in found.pursued],
        "no_longer_pursued": [goal.fact for goal in found.no_longer_pursued],
        "undetermined": list(found.after.undetermined),
        "conflicts": {name: list(values) for name, values in found.after.conflicts.items()},
    }


def flips_report(consultation: Consultation, found: Iterable[Flips]) -> Data:
    """`regimen flips`.

    {"ruleset", "goals": [{"goal", "now": [value] | null, "pursued",
      "flips": [{"change": {fact: answer}, "said": [text], "to": [value] | null, "pursued"}],
      "more": how many are left out, "partial": whether there are changes that were not looked at}]}
    """
    return {
        "ruleset": _named(consultation.ruleset),
        "goals": [
            {
                "goal": each.goal.fact,
                "now": _end(consultation, each.goal),
                "pursued": consultation.run.pursued(each.goal),
                "flips": [
                    {
                        **_change(consultation, flip.change),
                        "to": _end(flip.after, each.goal),
                        "pursued": flip.after.run.pursued(each.goal),
                    }
                    for flip in each.flips
                ],
                "more": each.more,
                "partial": each.partial,
            }
            for each in found
        ],
    }


def _named(ruleset: Ruleset) -> Data:
    return {"id": ruleset.id, "version": ruleset.version, "hash": ruleset.digest}


def _ids(facts: Iterable[Fact]) -> list[str]:
    return [fact.id for fact in facts]


def _change(consultation: Consultation, change: Mapping[str, Answer | None], *, found: bool = True) -> Data:
    facts = consultation.ruleset.facts
    written = {name: None if answer is None else shown(facts[name], answer) for name, answer in change.items()}
    return {"change": written, "said": said_change(consultation, change, found=found)}


def _end(consultation: Consultation, goal: Goal) -> list[Any] | None:
    return _values(consultation.ruleset.facts[goal.fact], told(consultation, goal.fact))


def _values(fact: Fact, values: Values | None) -> list[Any] | None:
    return None if values is None else [shown(fact, value) for value in values]


def _need(ruleset: Ruleset, need: Need) -> Data:
    return {"condition": say_condition(ruleset, need.condition), "state": need.said}


def _obstacle(ruleset: Ruleset, found: Obstacle) -> Data:
    return {
        "rule": found.rule.id,
        "title": found.rule.title,
        "applies": found.applies,
        "needs": [_need(ruleset, need) for need in found.needs],
        "outranked_by": [rule.id for rule in found.outranked_by],
        "held_back_by": [rule.id for rule in found.waits_for],
    }


def _against(ruleset: Ruleset, fact: Fact, found: Against) -> Data:
    return {
        "rule": found.rule.id,
        "title": found.rule.title,
        "values": _values(fact, found.values),
        "in_conflict": found.in_conflict,
        "outranked_by": [rule.id for rule in found.lacks.outranked_by],
        "needs": [_need(ruleset, need) for need in found.lacks.needs],
    }


def _not_known(ruleset: Ruleset, fact: Fact, found: NotKnown) -> Data:
    return {
        "rule": found.rule.id,
        "title": found.rule.title,
        "values": _values(fact, found.values),
        "waits_on": _ids(found.waits_on),
        "held_back_by": [rule.id for rule in found.lacks.waits_for],
        "needs": [_need(ruleset, need) for need in found.lacks.needs],
    }


def difference_report(found: Difference, *, goal: bool) -> Data:
    """A difference as data; `goal`: whether it is one in a goal."""
    fact = found.fact
    return {
        "fact": fact.id,
        "goal": goal,
        "kind": found.kind,
        "before": _values(fact, found.before),
        "after": _values(fact, found.after),
        "added": _values(fact, found.added),
        "removed": _values(fact, found.removed),
        "rules_before": _rules(found.behind_before),
        "rules_after": _rules(found.behind_after),
    }


def _rules(steps: Iterable[Step]) -> list[str]:
    return [step.rule for step in steps if step.rule]
