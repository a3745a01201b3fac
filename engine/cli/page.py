"""What every command prints with: paragraphs, headings, the steps of a trail, citations."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable

from rich.console import Console
from rich.text import Text

from engine.dialogue.consultation import Consultation
from engine.language.model import Citation, Rule, Ruleset
from engine.language.wording import WAITS_FOR, counted, say_held, say_strength, say_value, sentence
from engine.logic.trail import Step, Used

NARROWEST, WIDEST = 60, 100


class _Console(Console):
    """Lets the command see that whoever reads has stopped; rich would leave with the exit status of a finding."""

    def on_broken_pipe(self) -> None:
        """Tell the command."""
        raise BrokenPipeError


class Page:
    """Prints headings and wrapped paragraphs; colour only where a terminal shows it."""

    def __init__(self) -> None:
        self.console = _Console(highlight=False, soft_wrap=True)
        self.width = min(max(self.console.width, NARROWEST), WIDEST)

    def heading(self, text: str) -> None:
        """Print a heading with an empty line above."""
        self.console.print()
        self.console.print(Text(text, style="bold"))

    def line(self, text: str, indent: int = 2, *, hanging: int = 2, style: str = "") -> None:
        """Print a paragraph, its further lines set in by `hanging`."""
        first, rest = " " * indent, " " * (indent + hanging)
        for part in textwrap.wrap(text, self.width, initial_indent=first, subsequent_indent=rest) or [first]:
            self.console.print(Text(part, style=style))


def at_most(consultation: Consultation) -> str:
    """How many questions can follow."""
    return f"at most {questions(consultation.at_most)}"


def questions(number: int) -> str:
    """So many more questions."""
    return counted(number, "more question")


def titles(rules: Iterable[Rule]) -> str:
    """The titles of rules, as a list in a sentence."""
    return "; ".join(f"“{rule.title}”" for rule in rules)


def show_step(page: Page, consultation: Consultation, step: Step) -> None:
    """Print a step of a trail: what it rests on, what it concludes, its source."""
    ruleset = consultation.ruleset
    spare = ", another support exists" if step.another_support and step.role == "decisive" else ""
    role = f"outranked by “{ruleset.rules[step.outranked_by].title}”" if step.outranked_by else step.role
    page.line(f"{step.seq}. {step.title} [{role}{spare}]", hanging=3)
    page.line(sentence(step.because), 5, hanging=0)
    if step.used:
        page.line("Because " + "; ".join(_used(ruleset, used) for used in step.used) + ".", 5)
    said = [say_held(ruleset.facts[name], value) for name, value in step.concludes.items()]
    page.line(("So " + "; ".join(said) + ".") if said else "So nothing is concluded from it.", 5)
    if step.waits_for:
        page.line(f"{WAITS_FOR}: {titles(ruleset.rules[name] for name in step.waits_for)}.", 5)
    rule = ruleset.rules.get(step.rule or "")
    if rule and rule.harm and step.concludes:
        page.line(f"Harm: {rule.harm}", 5)
    if rule and rule.remedy and step.concludes:
        page.line(f"Remedy: {rule.remedy}", 5)
    if rule:
        page.line(cited(step.cites, ruleset, step.strength), 5, style="dim")
    if step.needs_check:
        page.line(f"To be checked by a clinician first: {step.needs_check}", 5)


def _used(ruleset: Ruleset, used: Used) -> str:
    fact = ruleset.facts.get(used.fact)
    if fact is None:
        return f"The date of this evaluation: {say_value(None, used.value)} (given)"
    return f"{say_held(fact, used.value)} ({f'step {used.source}' if used.source else 'answered'})"


def cited(cites: Iterable[Citation], ruleset: Ruleset, strength: str | None = None) -> str:
    """The sources cited, as a line."""
    said = []
    for cite in cites:
        source = ruleset.sources[cite.source]
        said.append(source.title + (f", {cite.section}" if cite.section else ""))
    named = f"Source: {'; '.join(said)}" if said else "No source cited"
    return f"{named} ({say_strength(strength)})." if strength else f"{named}."


def show_reasons(page: Page, consultation: Consultation, fact: str, *, with_sources: bool = False) -> None:
    """Print why a question is asked: its reason, the goals it can still change, the rules that use it."""
    reasons = consultation.reasons(fact)
    if reasons.why:
        page.line(f"Why: {reasons.why}", 0)
    if reasons.goals:
        goals = ", ".join(consultation.ruleset.facts[name].label for name in reasons.goals)
        page.line(f"It can still change: {goals}.", 0)
    for rule in reasons.rules:
        page.line(f"- {rule.title}")
        if with_sources:
            page.line(cited(rule.cites, consultation.ruleset, rule.strength), 4, style="dim")


def show_answers_to_look_at(page: Page, consultation: Consultation) -> None:
    """Print answers to check again, and those that are kept without effect."""
    if consultation.warnings:
        page.heading("Check these answers")
    for warning in consultation.warnings:
        page.line(warning)
    if consultation.set_aside:
        page.heading("Kept, but without effect: with the other answers these are not asked")
    for name in consultation.set_aside:
        page.line(say_held(consultation.ruleset.facts[name], consultation.answers[name]))
