"""What the commands print for people."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable

from rich.console import Console
from rich.text import Text

from engine.dialogue.consultation import Consultation, Question
from engine.language.model import Citation, Fact, Regimen, Rule, Ruleset
from engine.language.schedules import say_every
from engine.language.values import UNKNOWN, Answer
from engine.language.wording import say_conclusion, say_condition, say_value
from engine.logic.trail import Step, Used
from engine.verify.cases import Checked

CARE = "Decision support and teaching. Check it with a licensed clinician and your local protocol."
NARROWEST, WIDEST = 60, 100


class _Page:
    """Prints headings and wrapped paragraphs; colour only where a terminal shows it."""

    def __init__(self) -> None:
        self.console = Console(highlight=False, soft_wrap=True)
        self.width = min(max(self.console.width, NARROWEST), WIDEST)

    def heading(self, text: str) -> None:
        self.console.print()
        self.console.print(Text(text, style="bold"))

    def line(self, text: str, indent: int = 2, *, hanging: int = 2, style: str = "") -> None:
        """Print a paragraph, its further lines set in by `hanging`."""
        first, rest = " " * indent, " " * (indent + hanging)
        for part in textwrap.wrap(text, self.width, initial_indent=first, subsequent_indent=rest) or [first]:
            self.console.print(Text(part, style=style))


def evaluation(consultation: Consultation) -> None:
    """Print what follows from some answers, and why."""
    page = _Page()
    ruleset = consultation.ruleset
    page.console.print(Text(f"{ruleset.title} (version {ruleset.version}, {ruleset.digest[:12]})", style="bold"))
    _conflicts(page, consultation)
    _conclusions(page, consultation)
    if consultation.regimen:
        _regimen(page, consultation.regimen, ruleset)
    _undetermined(page, consultation)
    _answers_to_look_at(page, consultation)
    if len(consultation.trail):
        page.heading("Why")
        for step in consultation.trail:
            _step(page, consultation, step)
    page.heading(CARE)


def _conflicts(page: _Page, consultation: Consultation) -> None:
    if consultation.results.conflicts:
        page.heading("Rules contradict each other")
    for name, values in consultation.results.conflicts.items():
        fact = consultation.ruleset.facts[name]
        both = " and ".join(say_value(fact, value) for value in values)
        page.line(f"{fact.label}: {both}. Nothing that rests on it is suggested.", style="bold red")


def _conclusions(page: _Page, consultation: Consultation) -> None:
    goals = [goal.fact for goal in consultation.ruleset.goals]
    settled = [name for name in goals if name in consultation.results.conclusions]
    if settled:
        page.heading("Concluded")
    for name in settled:
        fact = consultation.ruleset.facts[name]
        value = consultation.results.conclusions[name]
        if isinstance(value, tuple) and len(value) > 1:
            page.line(f"{fact.label}:")
            for option in value:
                page.line(f"- {say_value(fact, option)}", 4)
        else:
            page.line(f"{fact.label}: {say_value(fact, value)}")


def _regimen(page: _Page, regimen: Regimen, ruleset: Ruleset) -> None:
    page.heading(f"Regimen: {regimen.title}" + (f" ({regimen.product})" if regimen.product else ""))
    for phase in regimen.phases:
        parts = [
            phase.dose or "dose as the protocol says",
            phase.route,
            say_every(phase.every) if phase.every else "interval as the protocol says",
        ]
        parts += [f"until {phase.until}"] if phase.until else []
        parts += [f"for {phase.for_}"] if phase.for_ and phase.for_ != "ongoing" else []
        parts += ["ongoing"] if phase.for_ == "ongoing" else []
        parts += [f"review after {phase.review_after}"] if phase.review_after else []
        page.line(f"{phase.name}: {', '.join(filter(None, parts))}")
    if regimen.needs_check:
        page.line(f"To be checked by a clinician first: {regimen.needs_check}")
    page.line(_cited(regimen.cites, ruleset))


def _undetermined(page: _Page, consultation: Consultation) -> None:
    if not consultation.undetermined:
        return
    page.heading("Not enough is known to say")
    for name in consultation.undetermined:
        page.line(consultation.ruleset.facts[name].label)
    if consultation.question:
        page.line(f"Next question: {consultation.question.ask} ({_at_most(consultation)})")
    if consultation.as_of is None and consultation.ruleset.counts_to_a_date:
        page.line("The date to count to was not given (--as-of).")
    answers = consultation.answers.items()
    unknown = [consultation.ruleset.facts[name].label for name, answer in answers if answer is UNKNOWN]
    if unknown:
        page.line(f"Answered “I do not know”: {'; '.join(unknown)}.")


def _answers_to_look_at(page: _Page, consultation: Consultation) -> None:
    if consultation.warnings:
        page.heading("Check these answers")
    for warning in consultation.warnings:
        page.line(warning)
    if consultation.set_aside:
        page.heading("Kept, but without effect: with the other answers these are not asked")
    for name in consultation.set_aside:
        fact = consultation.ruleset.facts[name]
        page.line(f"{fact.label}: {say_value(fact, consultation.answers[name])}")


def _at_most(consultation: Consultation) -> str:
    return f"at most {consultation.at_most} more question{'s' if consultation.at_most != 1 else ''}"


def _step(page: _Page, consultation: Consultation, step: Step) -> None:
    ruleset = consultation.ruleset
    spare = ", another support exists" if step.another_support and step.role == "decisive" else ""
    role = f"outranked by {ruleset.rules[step.outranked_by].title!r}" if step.outranked_by else step.role
    page.line(f"{step.seq}. {step.title} [{role}{spare}]", hanging=3)
    page.line(step.because, 5, hanging=0)
    if step.used:
        page.line("Because " + "; ".join(_used(ruleset, used) for used in step.used) + ".", 5)
    said = [_held(ruleset.facts[name], value) for name, value in step.concludes.items()]
    page.line(("So " + "; ".join(said) + ".") if said else "So nothing is concluded from it.", 5)
    rule = ruleset.rules.get(step.rule or "")
    if rule and rule.harm and step.concludes:
        page.line(f"Harm: {rule.harm}", 5)
    if rule and rule.remedy and step.concludes:
        page.line(f"Remedy: {rule.remedy}", 5)
    if step.cites:
        page.line(_cited(step.cites, ruleset, step.strength), 5, style="dim")
    if step.needs_check:
        page.line(f"To be checked by a clinician first: {step.needs_check}", 5)


def _used(ruleset: Ruleset, used: Used) -> str:
    fact = ruleset.facts.get(used.fact)
    origin = f"step {used.source}" if used.source else "answered"
    said = _held(fact, used.value) if fact else f"the date of this evaluation is {say_value(None, used.value)}"
    return f"{said} ({origin})"


def _held(fact: Fact, value: Answer) -> str:
    return f"{fact.label} {'includes' if fact.is_set and fact.derived else 'is'} {say_value(fact, value)}"


def _cited(cites: Iterable[Citation], ruleset: Ruleset, strength: str | None = None) -> str:
    said = []
    for cite in cites:
        source = ruleset.sources[cite.source]
        said.append(source.title + (f", {cite.section}" if cite.section else ""))
    return ("Source: " + "; ".join(said) if said else "No source cited") + (f" ({strength})" if strength else "") + "."


def next_question(consultation: Consultation) -> None:
    """Print the next question, why it is asked and how many can follow."""
    page = _Page()
    question = consultation.question
    if question is None:
        page.line("No question is left that could change what is concluded.", 0)
        return
    page.console.print(Text(question.ask, style="bold"))
    if question.help:
        page.line(question.help)
    for line in _ways_to_answer(question):
        page.line(line)
    _reasons(page, consultation, question)
    page.line(f"{_at_most(consultation)[:1].upper()}{_at_most(consultation)[1:]}, this one included.", 0)


def _ways_to_answer(question: Question) -> Iterable[str]:
    for option, label in question.options.items():
        yield f"{option}: {label}"
    if question.type == "choices":
        yield f"[]: {question.none}"
    if question.type == "number":
        yield f"a number{' in ' + ' or '.join(question.units) if question.units else ''}"
    if question.type == "date":
        yield "a date, as 2026-11-22"
    if not question.required:
        yield "unknown: I do not know"


def _reasons(page: _Page, consultation: Consultation, question: Question) -> None:
    reasons = consultation.reasons(question.fact)
    if reasons.why:
        page.line(f"Why: {reasons.why}", 0)
    if reasons.goals:
        goals = ", ".join(consultation.ruleset.facts[name].label for name in reasons.goals)
        page.line(f"It can still change: {goals}.", 0)
    for rule in reasons.rules:
        page.line(f"- {rule.title}")


def checked(ruleset: Ruleset, result: Checked) -> None:
    """Print what checking a ruleset found."""
    page = _Page()
    for finding in result.findings:
        accepted = f" Accepted: {finding.accepted}" if finding.accepted else ""
        page.console.print(f"{finding.at}: {finding.message}{accepted}", markup=False)
    counts = f"{len(ruleset.rules)} rules, {len(ruleset.facts)} facts, {len(ruleset.cases)} cases"
    page.console.print(f"{ruleset.id} {ruleset.version}: {counts}. {result.passed} passed, {result.failed} failed.")


def rules(ruleset: Ruleset) -> None:
    """Print a whole ruleset in plain English."""
    page = _Page()
    page.console.print(Text(f"{ruleset.title} (version {ruleset.version})", style="bold"))
    if ruleset.summary:
        page.line(ruleset.summary, 0, hanging=0)
    page.heading("What it settles")
    for goal in ruleset.goals:
        when = f", when {say_condition(ruleset, goal.when)}" if goal.when else ""
        page.line(f"- {ruleset.facts[goal.fact].label}{when}")
    page.heading("What it asks")
    for fact in ruleset.inputs:
        _question(page, ruleset, fact)
    page.heading("What it concludes, and when")
    for rule in ruleset.rules.values():
        _rule(page, ruleset, rule)
    for fact in ruleset.facts.values():
        if fact.otherwise is not None:
            page.line(
                f"- {fact.label} is {say_value(fact, fact.otherwise)} when no rule that could say otherwise can hold."
            )
        if fact.formula:
            page.line(f"- {fact.label} is computed: {fact.formula.text}.")
    for regimen in ruleset.regimens.values():
        _regimen(page, regimen, ruleset)


def _question(page: _Page, ruleset: Ruleset, fact: Fact) -> None:
    page.line(f"- {fact.ask}")
    if fact.options:
        page.line("; ".join(option.label for option in fact.options) + ".", 4, hanging=0)
    if fact.units:
        page.line(f"In {' or '.join(fact.units.names)}.", 4)
    if fact.gate:
        page.line(f"Only asked when {say_condition(ruleset, fact.gate)}.", 4, hanging=0)


def _rule(page: _Page, ruleset: Ruleset, rule: Rule) -> None:
    page.line(f"- {rule.title} ({rule.id})")
    when = say_condition(ruleset, rule.when)
    page.line("Always:" if when == "always" else f"When {when}:", 4)
    page.line(f"{say_conclusion(ruleset, rule)}.", 6)
    for overridden in rule.overrides:
        page.line(f"Takes the place of: {ruleset.rules[overridden].title}.", 4)
    if rule.harm:
        page.line(f"Harm: {rule.harm}", 4)
    if rule.remedy:
        page.line(f"Remedy: {rule.remedy}", 4)
    if rule.needs_check:
        page.line(f"To be checked by a clinician first: {rule.needs_check}", 4)
    page.line(_cited(rule.cites, ruleset, rule.strength), 4)
