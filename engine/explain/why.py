"""Why a fact holds a value: the steps that it rests on, and what speaks for it, against it, or is not known.

The steps are those of the trail of a run on durable-rules. For, Against and Not known are all the rules that have a
say in the value, each in one list.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from engine.dialogue.consultation import Consultation
from engine.explain.obstacles import Obstacle, obstacle
from engine.explain.waiting import Waiting
from engine.language.model import Fact, Rule
from engine.language.values import Single
from engine.logic.signs import FALSE, TRUE
from engine.logic.trail import Step, Trail


@dataclass(frozen=True)
class Against:
    """A rule that speaks against a value.

    Attributes:
        values: what it would conclude instead; nothing where it is one for the value that fails.
        in_conflict: it applies, so that the fact holds both.
        lacks: what keeps it from applying.
    """

    rule: Rule
    values: tuple[Single, ...]
    in_conflict: bool
    lacks: Obstacle


@dataclass(frozen=True)
class NotKnown:
    """A rule that can still have a say.

    Attributes:
        values: what it would conclude.
        waits_on: the questions that are not asked yet, or were answered "I do not know", and that it waits for.
        lacks: which of its parts that is about.
    """

    rule: Rule
    values: tuple[Single, ...]
    waits_on: tuple[Fact, ...]
    lacks: Obstacle


@dataclass(frozen=True)
class Why:
    """Why a fact holds a value, or what there is to say of it where it does not.

    Attributes:
        held: it holds the value.
        steps: the steps that the value rests on, each after those it rests on itself; those that conclude it are
            `roots`.
        pro: the steps that conclude the value: rules that apply, an `otherwise`, or a formula.
        waits_on: for a fact without a value, the questions that it waits for.
    """

    consultation: Consultation
    fact: Fact
    value: Single
    held: bool
    roots: tuple[Step, ...]
    steps: tuple[Step, ...]
    pro: tuple[Step, ...]
    against: tuple[Against, ...]
    not_known: tuple[NotKnown, ...]
    waits_on: tuple[Fact, ...]


def why(consultation: Consultation, fact: str, value: Single | None = None) -> tuple[Why, ...]:
    """Say why a fact holds a value.

    Args:
        consultation: the answers.
        fact: one that is derived.
        value: one of its values; without it, each value that it holds.
    """
    values = held_values(consultation, fact) if value is None else (value,)
    return tuple(_why(consultation, consultation.ruleset.facts[fact], each) for each in values)


def held_values(consultation: Consultation, fact: str) -> tuple[Single, ...]:
    """The values that a derived fact holds in the run: two are a conflict; of a set its known members."""
    run = consultation.run
    if fact in run.options:
        return tuple(option for option, sign in run.options[fact].items() if sign & TRUE)
    return tuple(run.held.get(fact, ()))


def is_decided(consultation: Consultation, fact: str) -> bool:
    """Whether a derived fact has one value, or every option of a set is known to be in it or not."""
    run = consultation.run
    if fact in run.options:
        return all(sign in {TRUE, FALSE} for sign in run.options[fact].values())
    return len(run.held.get(fact, ())) == 1


def concludes(step: Step, fact: str, value: Single) -> bool:
    """Whether a step concludes a value."""
    found = step.concludes.get(fact)
    return value in found if isinstance(found, tuple) else found == value


def behind(trail: Trail, roots: tuple[Step, ...]) -> tuple[Step, ...]:
    """The steps that some steps rest on, and these themselves, in the order of the trail."""
    found: set[int] = set()
    waiting = [step.seq for step in roots]
    while waiting:
        seq = waiting.pop()
        if seq not in found:
            found.add(seq)
            waiting += [used.source for used in trail.step(seq).used if used.source is not None]
    return tuple(step for step in trail if step.seq in found)


def _why(consultation: Consultation, fact: Fact, value: Single) -> Why:
    trail = consultation.trail
    pro = tuple(step for step in trail if concludes(step, fact.id, value))
    roots = pro[:1]  # the first that concluded it, as the trail has it; the others are told in `pro`
    return Why(
        consultation,
        fact,
        value,
        value in held_values(consultation, fact.id),
        roots,
        behind(trail, roots),
        pro,
        tuple(_against(consultation, fact, value)),
        tuple(can_have_a_say(consultation, fact, value)),
        Waiting(consultation.evaluation).of_fact(fact.id) if not pro else (),
    )


def _against(consultation: Consultation, fact: Fact, value: Single) -> Iterator[Against]:
    """Rules for other values whose `when` holds and that are outranked or in conflict; rules for this one that fail."""
    now = consultation.evaluation
    for rule in consultation.ruleset.concluders.get(fact.id, ()):
        values = rule.concludes(fact.id)
        if value in values:
            if rule.id in now.fails:
                yield Against(rule, (), in_conflict=False, lacks=obstacle(consultation, rule))
        elif not fact.is_set and now.whens[rule.id] & TRUE and (rule.id in now.applies or rule.id in now.fails):
            in_conflict = rule.id in now.applies
            yield Against(rule, values, in_conflict=in_conflict, lacks=obstacle(consultation, rule))


def can_have_a_say(consultation: Consultation, fact: Fact, value: Single | None = None) -> Iterator[NotKnown]:
    """The rules that neither apply nor fail, and conclude something for a fact; of a set, the value if one is given."""
    now = consultation.evaluation
    rules = consultation.ruleset.concluders.get(fact.id, ())
    undecided = [rule for rule in rules if rule.id not in now.applies and rule.id not in now.fails]
    waiting = Waiting(now) if undecided else None
    for rule in undecided:
        values = rule.concludes(fact.id)
        if waiting and (value is None or value in values or not fact.is_set):
            yield NotKnown(rule, values, waiting.of_rule(rule), obstacle(consultation, rule))
