"""What the commands print for people."""

from __future__ import annotations

from collections.abc import Iterable

from rich.text import Text

from engine.cli.page import Page, at_most, cited, show_answers_to_look_at, show_reasons, show_step, titles
from engine.dialogue.consultation import Consultation, Question
from engine.dialogue.silenced import silenced
from engine.dialogue.telling import emergency, unknown_behind
from engine.language.model import Fact, Phase, Regimen, Rule, Ruleset
from engine.language.wording import (
    AS_THE_PROTOCOL_SAYS,
    CARE,
    DEPENDS_ON_UNKNOWN,
    counted,
    say_condition,
    say_held,
    say_holds,
    say_phase,
    say_unit,
    say_value,
    sentence,
)


def evaluation(consultation: Consultation) -> None:
    """Print what follows from some answers, and why."""
    page = Page()
    ruleset = consultation.ruleset
    _emergency(page, consultation)
    page.console.print(Text(f"{ruleset.title} (version {ruleset.version}, {ruleset.digest[:12]})", style="bold"))
    _conflicts(page, consultation)
    _conclusions(page, consultation)
    if consultation.regimen:
        _regimen(page, consultation.regimen, ruleset)
    _undetermined(page, consultation)
    _not_known(page, consultation)
    show_answers_to_look_at(page, consultation)
    if len(consultation.trail):
        page.heading("Why")
        for step in consultation.trail:
            show_step(page, consultation, step)
    page.heading(CARE)


def _emergency(page: Page, consultation: Consultation) -> None:
    """Print an emergency before everything else."""
    found = emergency(consultation)
    if found is None:
        return
    page.line(f"EMERGENCY. {say_held(found.fact, 'emergency')}", 0, style="bold red")
    for step in found.steps:
        page.line(step.because, hanging=0, style="bold red")
    page.console.print()


def _conflicts(page: Page, consultation: Consultation) -> None:
    if consultation.results.conflicts:
        page.heading("Rules contradict each other")
    for name, values in consultation.results.conflicts.items():
        fact = consultation.ruleset.facts[name]
        both = " and ".join(say_value(fact, value) for value in values)
        page.line(f"{fact.label}: {both}. Nothing that rests on it is suggested.", style="bold red")


def _conclusions(page: Page, consultation: Consultation) -> None:
    goals = [goal.fact for goal in consultation.ruleset.goals]
    settled = [name for name in goals if name in consultation.results.conclusions]
    if settled:
        page.heading("Concluded")
    for name in settled:
        fact = consultation.ruleset.facts[name]
        value = consultation.results.conclusions[name]
        so_far = " (so far)" if name in consultation.undetermined else ""
        if isinstance(value, tuple) and len(value) > 1:
            page.line(f"{fact.label}{so_far}:")
            for option in value:
                page.line(f"- {say_value(fact, option)}", 4)
        else:
            page.line(f"{say_held(fact, value)}{so_far}")


def _regimen(page: Page, regimen: Regimen, ruleset: Ruleset) -> None:
    page.heading(f"Regimen: {regimen.title}" + (f" ({regimen.product})" if regimen.product else ""))
    for phase in regimen.phases:
        _phase(page, phase)
    if regimen.needs_check:
        page.line(f"To be checked by a clinician first: {regimen.needs_check}")
    page.line(cited(regimen.cites, ruleset, regimen.strength))


def _phase(page: Page, phase: Phase) -> None:
    said = say_phase(phase)
    absent = [heading.lower() for heading, text in said.items() if text == AS_THE_PROTOCOL_SAYS]
    if phase.review_after:
        said["Review after"] = f"review after {phase.review_after}"
    page.line(f"{phase.name}: {', '.join(text for text in said.values() if text != AS_THE_PROTOCOL_SAYS)}")
    if absent:
        page.line(f"{sentence(AS_THE_PROTOCOL_SAYS)}: {', '.join(absent)}.", 4)


def _undetermined(page: Page, consultation: Consultation) -> None:
    if not consultation.undetermined:
        return
    page.heading("Not enough is known to say")
    for name in consultation.undetermined:
        page.line(consultation.ruleset.facts[name].label)
        if unknown := unknown_behind(consultation, name):
            page.line(f"{DEPENDS_ON_UNKNOWN}: {_labels(unknown)}.", 4)
    if consultation.question:
        page.line(f"Next question: {consultation.question.ask} ({at_most(consultation)})")
    if consultation.as_of is None and consultation.ruleset.counts_to_a_date:
        page.line("The date to count to was not given (--as-of).")


def _labels(facts: Iterable[Fact]) -> str:
    return "; ".join(fact.label for fact in facts)


def _not_known(page: Page, consultation: Consultation) -> None:
    found = silenced(consultation)
    if found:
        page.heading("What was not known")
    for each in found:
        silent = f": {titles(each.rules)}" if each.rules else ""
        page.line(f"{each.fact.label}: {each.said}{silent}.")


def next_question(consultation: Consultation) -> None:
    """Print the next question, why it is asked and how many can follow."""
    from engine.cli import explained  # Z3, which it leads to, takes a while to load

    page = Page()
    question = consultation.question
    _emergency(page, consultation)
    if question is None:
        page.line("No question is left that could change what is concluded.", 0)
        return
    page.console.print(Text(question.ask, style="bold"))
    if question.help:
        page.line(question.help)
    if question.clinician_note:
        page.line(f"For clinicians: {question.clinician_note}")
    for line in _ways_to_answer(question):
        page.line(line)
    show_reasons(page, consultation, question.fact)
    explained.asked(page, consultation, question.fact)
    page.line(f"{sentence(at_most(consultation))}, this one included.", 0)


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


def rules(ruleset: Ruleset) -> None:
    """Print a whole ruleset in plain English."""
    page = Page()
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
                f"- {say_held(fact, fact.otherwise)}, when every rule that could say something else is ruled out."
            )
        if fact.formula:
            page.line(f"- {fact.label} is computed: {fact.formula.text}.")
    for regimen in ruleset.regimens.values():
        _regimen(page, regimen, ruleset)
    if ruleset.glossary:
        page.heading("What the words mean")
    for term, text in ruleset.glossary:
        page.line(f"{term}: {text}")


def _question(page: Page, ruleset: Ruleset, fact: Fact) -> None:
    page.line(f"- {fact.ask}")
    if fact.options:
        page.line("; ".join(option.label for option in fact.options) + ".", 4, hanging=0)
    if fact.units:
        page.line(f"In {' or '.join(map(say_unit, fact.units.names))}.", 4)
    if fact.gate:
        page.line(f"Only asked when {say_condition(ruleset, fact.gate)}.", 4, hanging=0)
    if fact.clinician_note:
        page.line(f"For clinicians: {fact.clinician_note}", 4, hanging=0)
    page.line(f"Used by {counted(len(ruleset.users[fact.id]), 'rule')}.", 4)


def _rule(page: Page, ruleset: Ruleset, rule: Rule) -> None:
    page.line(f"- {rule.title} ({rule.id})")
    when = say_condition(ruleset, rule.when)
    page.line("Always:" if when == "always" else f"When {when}:", 4)
    page.line(f"{'; '.join(say_holds(ruleset, rule))}.", 6)
    for overridden in rule.overrides:
        page.line(f"Takes the place of: {ruleset.rules[overridden].title}.", 4)
    if rule.harm:
        page.line(f"Harm: {rule.harm}", 4)
    if rule.remedy:
        page.line(f"Remedy: {rule.remedy}", 4)
    if rule.needs_check:
        page.line(f"To be checked by a clinician first: {rule.needs_check}", 4)
    page.line(cited(rule.cites, ruleset, rule.strength), 4)
