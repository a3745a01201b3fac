"""What a rule asks for, part by part, and what keeps it from applying."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from engine.dialogue.consultation import Consultation
from engine.language.model import All, Condition, Rule
from engine.logic.signs import FALSE, TRUE, Sign
from engine.logic.trail import unsigned_overriders


@dataclass(frozen=True)
class Need:
    """A part of what a rule asks for.

    Attributes:
        condition: the part.
        sign: its sign under the answers.
    """

    condition: Condition
    sign: Sign

    @property
    def met(self) -> bool:
        """Whether it is known true."""
        return bool(self.sign & TRUE)

    @property
    def said(self) -> str:
        """Whether it is met, in a word or two."""
        return "met" if self.met else "not met" if self.sign & FALSE else "not known"


@dataclass(frozen=True)
class Obstacle:
    """A rule that would conclude a value, and what keeps it from doing so.

    Attributes:
        needs: the parts of its `when`, those that are not met first: known false before unknown.
        outranked_by: the rules whose `when` is known true and that override it.
        waits_for: the rules that override it and of which that is unknown.
    """

    rule: Rule
    needs: tuple[Need, ...]
    outranked_by: tuple[Rule, ...]
    waits_for: tuple[Rule, ...]

    @property
    def applies(self) -> bool:
        """Whether nothing keeps it from applying."""
        return all(need.met for need in self.needs) and not self.outranked_by and not self.waits_for


def obstacle(consultation: Consultation, rule: Rule) -> Obstacle:
    """What keeps a rule from applying, if anything does."""
    ruleset, now = consultation.ruleset, consultation.evaluation
    needs = [Need(part, now.sign(part)) for part in _parts(rule.when)]
    needs.sort(key=lambda need: (need.met, not need.sign & FALSE))
    outranked = tuple(other for other in ruleset.overriders[rule.id] if now.whens[other.id] & TRUE)
    return Obstacle(rule, tuple(needs), outranked, tuple(unsigned_overriders(ruleset, now, rule)))


def _parts(condition: Condition) -> Iterator[Condition]:
    """The parts that all have to hold, an `and` within an `and` as parts of the outer one."""
    if isinstance(condition, All):
        for part in condition.parts:
            yield from _parts(part)
    else:
        yield condition
