"""Changes of answers, and what comes of them, in plain words: for the command line and the pages alike."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from engine.dialogue.consultation import Consultation
from engine.explain.what_if import Values
from engine.explain.why import Against, NotKnown, held_values, is_decided
from engine.language.model import Condition, Fact, Goal, Rule, Ruleset, tests_in
from engine.language.values import UNKNOWN, Answer, Quantity
from engine.language.wording import say_checks, say_condition, say_held, say_value
from engine.logic.signs import BOTH, FALSE, TRUE, UNSIGNED
from engine.verify.space import space_of

if TYPE_CHECKING:  # it leads to Z3, which takes a while to load
    from engine.explain.witnesses import Witnesses

NOT_ASKED = "not asked yet"
NOT_PURSUED = "does not arise"
SAID_OF_OPTION = {UNSIGNED: "left open", TRUE: "found", FALSE: "ruled out", BOTH: "in conflict"}
MOST_WAITED_FOR = 6


def said_change(consultation: Consultation, change: Mapping[str, Answer | None], *, found: bool = True) -> list[str]:
    """Each answer that is another, with what it is now; a number that was `found` stands for all that count alike."""
    ruleset = consultation.ruleset
    given = consultation.answers
    return [
        _said(ruleset.facts[name], given.get(name), answer, _alike(ruleset, name, answer) if found else "")
        for name, answer in change.items()
    ]


def _alike(ruleset: Ruleset, name: str, answer: Answer | None) -> str:
    """What a number or date that was found stands for: "below 10 years, such as"; nothing before any other answer."""
    if not isinstance(answer, Quantity | datetime.date):
        return ""
    fact = ruleset.facts[name]
    limits = space_of(ruleset).limits(fact, answer)
    if len(limits) > 1 and all(limit.cutoffs == (answer,) for limit in limits):
        return ""  # it stands for itself
    return f"{say_checks(fact, limits)}, such as " if limits else "such as "


def _said(fact: Fact, given: Answer | None, answer: Answer | None, alike: str) -> str:
    now = NOT_ASKED if given is None else f"now {say_value(fact, given)}"
    if answer is None:
        return f"{fact.label}: {NOT_ASKED} ({now})"
    if isinstance(given, tuple) and isinstance(answer, tuple):
        parts = [
            f"{word} {say_value(fact, options)}"
            for word, options in (("with", _less(answer, given)), ("without", _less(given, answer)))
            if options
        ]
        return f"{fact.label}: {', '.join(parts)} ({now})"
    return f"{fact.label}: {alike}{say_value(fact, answer)} ({now})"


def _less(one: tuple[str, ...], other: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(option for option in one if option not in other)


def said_values(fact: Fact, values: Values | None) -> str:
    """What is told of a fact: its value, the members of a set, the values of a conflict."""
    if values is None:
        return say_value(fact, UNKNOWN)
    if fact.is_set:
        return say_value(fact, tuple(map(str, values)))
    both = " and ".join(say_value(fact, value) for value in values)
    return f"{both} (in conflict)" if len(values) > 1 else both


def said_end(consultation: Consultation, goal: Goal, values: Values | None) -> str:
    """What a goal comes to, with its label."""
    fact = consultation.ruleset.facts[goal.fact]
    if not consultation.run.pursued(goal):
        return f"{fact.label}: {NOT_PURSUED}"
    return f"{fact.label}: {said_values(fact, values)}"


def said_conclusion(rule: Rule, fact: Fact) -> str:
    """What a rule would conclude for a fact."""
    values = rule.concludes(fact.id)
    return say_held(fact, tuple(map(str, values)) if fact.is_set else values[0])


def said_not_pursued(consultation: Consultation, fact: Fact) -> str:
    """That what a goal holds is no result, as a sentence; nothing where it is one, or where the fact is no goal."""
    goal = next((each for each in consultation.ruleset.goals if each.fact == fact.id), None)
    if goal is None or goal.when is None or consultation.run.is_result(goal):
        return ""
    settled = "is not known yet" if consultation.run.pursued(goal) else "is not so"
    return f"It is only settled when {say_condition(consultation.ruleset, goal.when)}, which {settled}."


def said_here(consultation: Consultation, condition: Condition) -> str:
    """What is so of each fact that a condition tests."""
    facts = consultation.ruleset.facts
    names = dict.fromkeys(test.fact for test in tests_in(condition))
    return "; ".join(f"{facts[name].label}: {_said_now(consultation, facts[name])}" for name in names)


def _said_now(consultation: Consultation, fact: Fact) -> str:
    if not fact.is_input:
        held = held_values(consultation, fact.id)
        return said_values(fact, held or (() if fact.is_set and is_decided(consultation, fact.id) else None))
    if consultation.evaluation.gates[fact.id] & FALSE:
        return NOT_PURSUED
    given = consultation.answers.get(fact.id)
    return NOT_ASKED if given is None else say_value(fact, given)


def said_against(ruleset: Ruleset, fact: Fact, found: Against) -> str:
    """What a rule that speaks against a value has to do with it, behind its title."""
    outranked = f"it is outranked by {said_titles(found.lacks.outranked_by)}"
    if found.in_conflict:
        return f"it concludes {said_conclusion(found.rule, fact)}, which contradicts it"
    if found.values:
        return f"it would conclude {said_conclusion(found.rule, fact)}, but {outranked}"
    failing = next((need.condition for need in found.lacks.needs if need.sign & FALSE), None)
    lacks = f"it needs: {say_condition(ruleset, failing)}" if failing else outranked
    return f"it does not apply, for {lacks}"


def said_not_known(fact: Fact, found: NotKnown) -> str:
    """What a rule that can still have a say waits for, behind its title."""
    waits = f"waits for {said_labels(found.waits_on)}" if found.waits_on else "is not known, and no answer would tell"
    held_back = f" ({said_titles(found.lacks.waits_for)} may outrank it)" if found.lacks.waits_for else ""
    return f"whether it applies {waits}{held_back}; it would conclude {said_conclusion(found.rule, fact)}"


def said_titles(rules: Iterable[Rule]) -> str:
    """The titles of rules, as a list in a sentence."""
    return "; ".join(f"“{rule.title}”" for rule in rules)


def said_labels(facts: Iterable[Fact]) -> str:
    """The labels of facts, as a list in a sentence; of many the first."""
    labels = [fact.label for fact in facts]
    more = f" and {len(labels) - MOST_WAITED_FOR} more" if len(labels) > MOST_WAITED_FOR else ""
    return "; ".join(labels[:MOST_WAITED_FOR]) + more


def said_witnesses(found: Witnesses) -> tuple[str, str]:
    """Two patients who differ in one answer and end differently, in a sentence each."""
    one, other = found.ends
    first, second = found.answers
    return _said_witness(found, found.one, first, one, other), _said_witness(found, found.other, second, other, one)


def _said_witness(
    found: Witnesses, consultation: Consultation, answer: Answer, mine: Values | None, theirs: Values | None
) -> str:
    """What one of the patients comes to; of a set only in what the other does not."""
    fact = consultation.ruleset.facts[found.goal.fact]
    ends = (said_end(each, found.goal, end) for each, end in zip((found.one, found.other), found.ends, strict=True))
    if len(set(ends)) == 1:
        comes = _said_kept_open(found, consultation)
    elif fact.is_set and mine and theirs:
        only, lacking = (tuple(v for v in a if v not in b) for a, b in ((mine, theirs), (theirs, mine)))
        comes = f"it comes to “{fact.label}: {'with' if only else 'without'} {said_values(fact, only or lacking)}”"
    else:
        comes = f"it comes to “{said_end(consultation, found.goal, mine)}”"
    return f"With “{say_held(found.fact, answer)}”, {comes}."


def _said_kept_open(found: Witnesses, consultation: Consultation) -> str:
    """What is known here, where the same is told of both patients and one of them may yet come to something else."""
    goal, runs = found.goal, [each.run for each in (found.one, found.other)]
    fact = consultation.ruleset.facts[goal.fact]
    if runs[0].is_result(goal) != runs[1].is_result(goal):
        return f"whether “{fact.label}” arises is {'settled' if consultation.run.is_result(goal) else 'left open'}"
    if fact.id not in consultation.run.options:
        held = consultation.answers.get(fact.id)
        concluded = held_values(consultation, fact.id) or None
        said = said_values(fact, concluded) if held is None else say_value(fact, held)
        return f"it would come to “{fact.label}: {said}”, if it arises"
    one, other = (run.options[fact.id] for run in runs)
    apart = next(option for option in fact.option_ids if one[option] != other[option])
    return f"“{say_held(fact, (apart,))}” is {SAID_OF_OPTION[consultation.run.options[fact.id][apart]]}"


def said_besides(found: Witnesses) -> str:
    """What both of the patients answered besides, as a sentence; nothing where that is no more than was given."""
    facts = found.one.ruleset.facts
    also = "; ".join(say_held(facts[name], answer) for name, answer in found.also.items())
    return f"Both have besides: {also}." if also else ""
