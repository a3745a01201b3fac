"""What a consultation came to, arranged for a person: suggestion, items with harm and remedy, sources.

It is data and sentences; how they look is decided by the terminal and the site.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from engine.dialogue.consultation import Consultation
from engine.dialogue.telling import DISPOSITION, pressing
from engine.language.model import Fact, Phase, Regimen, Rule, Ruleset, Source
from engine.language.schedules import in_micrograms, say_every
from engine.language.wording import say_how_long, say_value, sentence
from engine.logic.trail import Step, Trail

REGIMEN = "regimen"
REASONS = "reasons_"
# What results are arranged by, where a ruleset has sets of these names.
CAUTIONS, TESTS, MONITORING, DISCUSS = "cautions", "next_tests", "monitoring", "discuss"
MISTAKES, AVOID = "mistakes", "avoid"


@dataclass(frozen=True)
class Item:
    """An option that a set came to include, with the steps that added it."""

    option: str
    label: str
    steps: tuple[Step, ...]
    rules: tuple[Rule, ...]

    @property
    def harm(self) -> tuple[str, ...]:
        """What it does, said once."""
        return tuple(dict.fromkeys(rule.harm for rule in self.rules if rule.harm))

    @property
    def remedy(self) -> tuple[str, ...]:
        """How to put it right, said once."""
        return tuple(dict.fromkeys(rule.remedy for rule in self.rules if rule.remedy))

    @property
    def because(self) -> tuple[str, ...]:
        """Why it was added, in the words of this case."""
        return tuple(dict.fromkeys(step.because for step in self.steps))


def items(consultation: Consultation, fact: Fact) -> tuple[Item, ...]:
    """What a set includes so far, in the order of its options."""
    held = consultation.results.conclusions.get(fact.id, ())
    found = []
    for option in held if isinstance(held, tuple) else ():
        steps = tuple(step for step in consultation.trail if _adds(step, fact.id, option))
        rules = tuple(consultation.ruleset.rules[step.rule] for step in steps if step.rule)
        found.append(Item(option, fact.labels[option], steps, rules))
    return tuple(found)


def told(consultation: Consultation, name: str) -> tuple[Item, ...]:
    """What the set of this name includes so far; nothing where the ruleset has none."""
    fact = consultation.ruleset.facts.get(name)
    return items(consultation, fact) if fact else ()


def _adds(step: Step, fact: str, option: str) -> bool:
    added = step.concludes.get(fact, ())
    return isinstance(added, tuple) and option in added


def suggestion(consultation: Consultation) -> str:
    """The result in a sentence: what comes next, or the first goal that is settled, and the regimen.

    What is urgent is told before it: whoever reads no further has read that.
    """
    lead = leading(consultation)
    said = [f"{lead.label}: {say_value(lead, consultation.results.conclusions[lead.id])}"] if lead else []
    if consultation.regimen:
        product = f" ({consultation.regimen.product})" if consultation.regimen.product else ""
        said.append(f"suggested regimen: {consultation.regimen.title}{product}")
    elif consultation.ruleset.regimens:
        said.append("no regimen is suggested" if consultation.complete else "no regimen is suggested yet")
    found = "; ".join(said) or "nothing can be said yet"
    return f"{before(consultation)}{sentence(found)}."


def before(consultation: Consultation) -> str:
    """What is urgent, as a sentence of its own."""
    said = pressing(consultation)
    return f"{said}. " if said else ""


def schedule(regimen: Regimen) -> str:
    """The phases of a regimen in a sentence; what a phase does not say is as the local protocol says."""
    phases = "; then ".join(_phase(phase) for phase in regimen.phases)
    return f"{f'{regimen.product}. ' if regimen.product else ''}{sentence(phases)}."


def _phase(phase: Phase) -> str:
    said = [in_micrograms(phase.dose) if phase.dose else "a dose as the local protocol says", phase.route or ""]
    often = say_every(phase.every) if phase.every else "as often as the local protocol says"
    how_long = say_how_long(phase)
    parts = ", ".join(part for part in (" ".join(filter(None, said)), often, how_long) if part)
    return f"{phase.name[:1].lower()}{phase.name[1:]}: {parts}"


def leading(consultation: Consultation) -> Fact | None:
    """The goal that the result is told by: what comes next, or else the first with a value."""
    found = settled(consultation)
    if any(goal.fact == DISPOSITION for goal in consultation.ruleset.goals):
        found = tuple(fact for fact in found if fact.id == DISPOSITION)
    return found[0] if found else None


def settled(consultation: Consultation) -> tuple[Fact, ...]:
    """The goals with a single value, in the order of the goals; the regimen is told apart."""
    facts = (consultation.ruleset.facts[goal.fact] for goal in consultation.ruleset.goals)
    held = consultation.results.conclusions
    return tuple(fact for fact in facts if fact.id in held and not fact.is_set and fact.id != REGIMEN)


def set_goals(consultation: Consultation) -> tuple[Fact, ...]:
    """The goals that are sets and of which something is known, in order; the reasons for and against come first."""
    facts, held = consultation.ruleset.facts, consultation.results.conclusions
    goals = [goal.fact for goal in consultation.ruleset.goals if facts[goal.fact].is_set]
    reasons = [name for name, fact in facts.items() if name.startswith(REASONS) and fact.is_set and fact.derived]
    return tuple(facts[name] for name in dict.fromkeys([*reasons, *goals]) if name in held)


class Told(Protocol):
    """What was concluded, from a run or from a record of one."""

    @property
    def ruleset(self) -> Ruleset:
        """The ruleset that it was concluded under."""

    @property
    def regimen(self) -> Regimen | None:
        """The regimen that was suggested."""

    @property
    def trail(self) -> Trail:
        """The steps."""


def sources(consultation: Told) -> tuple[Source, ...]:
    """The sources that the trail and the regimen cite, in the order of first citation."""
    cites = [cite for step in consultation.trail for cite in step.cites]
    cites += consultation.regimen.cites if consultation.regimen else ()
    return tuple(consultation.ruleset.sources[name] for name in dict.fromkeys(cite.source for cite in cites))
