"""What if some answers were others: conclusions gained, lost and changed, and the rules behind each.

Answers are changed on a copy; both sides are runs on durable-rules.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from engine.dialogue.consultation import Consultation
from engine.explain.why import concludes
from engine.language.model import Fact, Goal
from engine.language.values import Answer, Single
from engine.logic.trail import Step

Values = tuple[Single, ...]
Kind = Literal["gained", "lost", "changed"]


@dataclass(frozen=True)
class Difference:
    """A fact of which something else is told.

    Attributes:
        before, after: its value; of a set its members; two of a single-valued fact are a conflict; None for no value.
        behind_before: the steps that concluded what is told no longer.
        behind_after: those that conclude what is told now.
        fact_before: the fact as it was, which under another version of the ruleset may have had other options.
    """

    fact: Fact
    before: Values | None
    after: Values | None
    behind_before: tuple[Step, ...]
    behind_after: tuple[Step, ...]
    fact_before: Fact

    @property
    def kind(self) -> Kind:
        """Whether it came, went, or is another."""
        return "gained" if self.before is None else "lost" if self.after is None else "changed"

    @property
    def added(self) -> Values:
        """Values that are told now and were not before."""
        return tuple(value for value in self.after or () if value not in (self.before or ()))

    @property
    def removed(self) -> Values:
        """Values that were told before and are no longer."""
        return tuple(value for value in self.before or () if value not in (self.after or ()))


@dataclass(frozen=True)
class WhatIf:
    """What follows from a change of answers.

    Attributes:
        change: the answers that are others; None for one that is taken back.
        differences: the facts of which something else is told, in the order of the ruleset.
        opened: questions that are open now and were not.
        closed: questions that were open, are not, and were not answered by the change.
        set_aside: answers that took part and do so no longer.
        taken_up: answers that did not take part and now do.
        no_longer_pursued: goals that were.
        pursued: goals that were not.
    """

    before: Consultation
    after: Consultation
    change: Mapping[str, Answer | None]
    differences: tuple[Difference, ...]
    opened: tuple[Fact, ...]
    closed: tuple[Fact, ...]
    set_aside: tuple[Fact, ...]
    taken_up: tuple[Fact, ...]
    no_longer_pursued: tuple[Goal, ...]
    pursued: tuple[Goal, ...]

    @property
    def goals(self) -> tuple[Difference, ...]:
        """The differences in goals."""
        names = {goal.fact for goal in self.after.ruleset.goals}
        return tuple(each for each in self.differences if each.fact.id in names)


def what_if(consultation: Consultation, change: Mapping[str, Answer | None]) -> WhatIf:
    """Look at what some other answers come to; the consultation stays as it is.

    Args:
        consultation: the answers.
        change: other answers, as read by `read_answers`; None takes one back.
    """
    ruleset = consultation.ruleset
    answers = {**consultation.answers, **change}
    kept = {name: answer for name, answer in answers.items() if answer is not None}
    before, after = consultation, Consultation(ruleset, kept, consultation.as_of)
    was_open, is_open = before.relevance.open, after.relevance.open

    def facts(names: Iterator[str]) -> tuple[Fact, ...]:
        there = set(names)
        return tuple(fact for fact in ruleset.inputs if fact.id in there)

    return WhatIf(
        before,
        after,
        dict(change),
        tuple(differences(before, after)),
        facts(name for name in is_open if name not in was_open and name not in change),
        facts(name for name in was_open if name not in is_open and name not in after.answers),
        facts(name for name in after.set_aside if name not in before.set_aside),
        facts(name for name in before.set_aside if name in after.answers and name not in after.set_aside),
        tuple(goal for goal in ruleset.goals if before.run.pursued(goal) and not after.run.pursued(goal)),
        tuple(goal for goal in ruleset.goals if after.run.pursued(goal) and not before.run.pursued(goal)),
    )


def told(consultation: Consultation, name: str) -> Values | None:
    """What is told of a fact: its value, the members of a set, the values of a conflict, or nothing."""
    results = consultation.results
    if name in results.conflicts:
        return results.conflicts[name]
    value = results.conclusions.get(name)
    return value if value is None or isinstance(value, tuple) else (value,)


def differences(before: Consultation, after: Consultation) -> Iterator[Difference]:
    """The facts of which something else is told, in the order of the ruleset; the two may be under different ones."""
    for name, fact in {**before.ruleset.facts, **after.ruleset.facts}.items():
        was, now = (told(each, name) for each in (before, after))
        if fact.derived and was != now:
            gone = tuple(value for value in was or () if value not in (now or ()))
            new = tuple(value for value in now or () if value not in (was or ()))
            behind = _behind(before, name, gone), _behind(after, name, new)
            yield Difference(fact, was, now, *behind, before.ruleset.facts.get(name, fact))


def _behind(consultation: Consultation, name: str, values: Values) -> tuple[Step, ...]:
    """The steps that conclude some values of a fact."""
    return tuple(step for step in consultation.trail if any(concludes(step, name, value) for value in values))
