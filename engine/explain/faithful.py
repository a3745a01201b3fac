"""Whether a step says what it rests on: the answers it cites give what it concludes, and it takes each of them.

Each is tried on durable-rules. Where a conclusion stands without an answer that the step cites, another step takes
over, and is named.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from engine.dialogue.consultation import Consultation
from engine.explain.why import behind, held_values
from engine.language.model import Fact
from engine.language.values import Single
from engine.logic.signs import TRUE
from engine.logic.trail import Step


@dataclass(frozen=True)
class Cited:
    """An answer that a step rests on, itself or through the steps that it used.

    Attributes:
        takes_over: where the conclusion stands without the answer, the steps that then conclude it; else nothing: it
            is needed.
    """

    fact: Fact
    takes_over: tuple[Step, ...]

    @property
    def needed(self) -> bool:
        """Whether the conclusion falls without it."""
        return not self.takes_over


@dataclass(frozen=True)
class Faithful:
    """What was found of a step.

    Attributes:
        suffices: the cited answers alone give what it concludes.
        cited: the answers.
    """

    step: Step
    suffices: bool
    cited: tuple[Cited, ...]


def faithful(consultation: Consultation, step: Step) -> Faithful:
    """Try a step of the trail of a consultation on the answers that it cites."""
    names = cited(consultation, step)
    found = []
    for name in names:
        without = _with_only(consultation, [each for each in names if each != name])
        takes_over = _concluding(without, step) if gives(without, step) else ()
        found.append(Cited(consultation.ruleset.facts[name], takes_over))
    return Faithful(step, gives(_with_only(consultation, names), step), tuple(found))


def cited(consultation: Consultation, step: Step) -> tuple[str, ...]:
    """The questions whose answers a step rests on, at any distance, in the order of asking."""
    steps = behind(consultation.trail, (step,))
    found = {used.fact for each in steps for used in each.used if used.source is None}
    return tuple(fact.id for fact in consultation.ruleset.inputs if fact.id in found)


def gives(consultation: Consultation, step: Step) -> bool:
    """Whether a consultation comes to all that a step concludes; of one that is outranked, whether its `when` holds."""
    if not step.concludes and step.rule:
        return bool(consultation.run.whens[step.rule] & TRUE)
    return all(value in held_values(consultation, fact) for fact, value in concluded(step))


def concluded(step: Step) -> tuple[tuple[str, Single], ...]:
    """What a step concludes, of a set one option at a time."""
    return tuple(
        (fact, each)
        for fact, value in step.concludes.items()
        for each in (value if isinstance(value, tuple) else (value,))
    )


def _with_only(consultation: Consultation, names: Collection[str]) -> Consultation:
    kept = {name: answer for name, answer in consultation.answers.items() if name in names}
    return Consultation(consultation.ruleset, kept, consultation.as_of)


def _concluding(consultation: Consultation, step: Step) -> tuple[Step, ...]:
    """The steps that come to what another step concludes."""
    if not step.concludes and step.rule:
        return (consultation.trail.by_rule[step.rule],)
    wanted = {*concluded(step)}
    return tuple(each for each in consultation.trail if wanted.intersection(concluded(each)))
