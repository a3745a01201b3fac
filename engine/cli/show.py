"""What the commands print for people."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable

from rich.console import Console
from rich.text import Text

from engine.dialogue.consultation import Consultation, Question, rules_using
from engine.dialogue.telling import emergency, not_known, unknown_behind
from engine.language.model import Citation, Fact, Phase, Regimen, Rule, Ruleset
from engine.language.wording import (
    AS_THE_PROTOCOL_SAYS,
    DEPENDS_ON_UNKNOWN,
    WAITS_FOR,
    counted,
    say_condition,
    say_held,
    say_holds,
    say_phase,
    say_strength,
    say_value,
    sentence,
)
from engine.logic.trail import Step, Used
from engine.verify.cases import Checked

CARE = "Decision support and teaching. Check it with a licensed clinician and your local protocol."
NARROWEST, WIDEST = 60, 100


class _Console(Console):
    """Lets the command see that whoever reads has stopped; rich would leave with the exit status of a finding."""

    def on_broken_pipe(self) -> None:
        """Tell the command."""
        raise BrokenPipeError


class _Page:
    """Prints headings and wrapped paragraphs; colour only where a terminal shows it."""

    def __init__(self) -> None:
        self.console = _Console(highlight=False, soft_wrap=True)
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
    _emergency(page, consultation)
    page.console.print(Text(f"{ruleset.title} (version {ruleset.version}, {ruleset.digest[:12]})", style="bold"))
    _conflicts(page, consultation)
    _conclusions(page, consultation)
    if consultation.regimen:
        _regimen(page, consultation.regimen, ruleset)
    _undetermined(page, consultation)
    _not_known(page, consultation)
    _answers_to_look_at(page, consultation)
    if len(consultation.trail):
        page.heading("Why")
        for step in consultation.trail:
            _step(page, consultation, step)
    page.heading(CARE)


def _emergency(page: _Page, consultation: Consultation) -> None:
    """Print an emergency before everything else."""
    found = emergency(consultation)
    if found is None:
        return
    page.line(f"EMERGENCY. {say_held(found.fact, 'emergency')}", 0, style="bold red")
    for step in found.steps:
        page.line(step.because, hanging=0, style="bold red")
    page.console.print()


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
        so_far = " (so far)" if name in consultation.undetermined else ""
        if isinstance(value, tuple) and len(value) > 1:
            page.line(f"{fact.label}{so_far}:")
            for option in value:
                page.line(f"- {say_value(fact, option)}", 4)
        else:
            page.line(f"{say_held(fact, value)}{so_far}")


def _regimen(page: _Page, regimen: Regimen, ruleset: Ruleset) -> None:
    page.heading(f"Regimen: {regimen.title}" + (f" ({regimen.product})" if regimen.product else ""))
    for phase in regimen.phases:
        _phase(page, phase)
    if regimen.needs_check:
        page.line(f"To be checked by a clinician first: {regimen.needs_check}")
    page.line(_cited(regimen.cites, ruleset, regimen.strength))


def _phase(page: _Page, phase: Phase) -> None:
    said = say_phase(phase)
    absent = [heading.lower() for heading, text in said.items() if text == AS_THE_PROTOCOL_SAYS]
    if phase.review_after:
        said["Review after"] = f"review after {phase.review_after}"
    page.line(f"{phase.name}: {', '.join(text for text in said.values() if text != AS_THE_PROTOCOL_SAYS)}")
    if absent:
        page.line(f"{sentence(AS_THE_PROTOCOL_SAYS)}: {', '.join(absent)}.", 4)


def _undetermined(page: _Page, consultation: Consultation) -> None:
    if not consultation.undetermined:
        return
    page.heading("Not enough is known to say")
    for name in consultation.undetermined:
        page.line(consultation.ruleset.facts[name].label)
        if unknown := unknown_behind(consultation, name):
            page.line(f"{DEPENDS_ON_UNKNOWN}: {_labels(unknown)}.", 4)
    if consultation.question:
        page.line(f"Next question: {consultation.question.ask} ({_at_most(consultation)})")
    if consultation.as_of is None and consultation.ruleset.counts_to_a_date:
        page.line("The date to count to was not given (--as-of).")


def _labels(facts: Iterable[Fact]) -> str:
    return "; ".join(fact.label for fact in facts)


def _titles(rules: Iterable[Rule]) -> str:
    return "; ".join(f"“{rule.title}”" for rule in rules)


def _not_known(page: _Page, consultation: Consultation) -> None:
    found = not_known(consultation)
    if found:
        page.heading("What was not known")
    for each in found:
        titles = f": {_titles(each.silent)}" if each.silent else ""
        page.line(f"{each.fact.label}: {each.said[:1].lower()}{each.said[1:]}{titles}.")


def _answers_to_look_at(page: _Page, consultation: Consultation) -> None:
    if consultation.warnings:
        page.heading("Check these answers")
    for warning in consultation.warnings:
        page.line(warning)
    if consultation.set_aside:
        page.heading("Kept, but without effect: with the other answers these are not asked")
    for name in consultation.set_aside:
        page.line(say_held(consultation.ruleset.facts[name], consultation.answers[name]))


def _at_most(consultation: Consultation) -> str:
    return f"at most {counted(consultation.at_most, 'more question')}"


def _step(page: _Page, consultation: Consultation, step: Step) -> None:
    ruleset = consultation.ruleset
    spare = ", another support exists" if step.another_support and step.role == "decisive" else ""
    role = f"outranked by “{ruleset.rules[step.outranked_by].title}”" if step.outranked_by else step.role
    page.line(f"{step.seq}. {step.title} [{role}{spare}]", hanging=3)
    page.line(step.because, 5, hanging=0)
    if step.used:
        page.line("Because " + "; ".join(_used(ruleset, used) for used in step.used) + ".", 5)
    said = [say_held(ruleset.facts[name], value) for name, value in step.concludes.items()]
    page.line(("So " + "; ".join(said) + ".") if said else "So nothing is concluded from it.", 5)
    if step.waits_for:
        waited = _titles(ruleset.rules[name] for name in step.waits_for)
        page.line(f"{WAITS_FOR}: {waited}.", 5)
    rule = ruleset.rules.get(step.rule or "")
    if rule and rule.harm and step.concludes:
        page.line(f"Harm: {rule.harm}", 5)
    if rule and rule.remedy and step.concludes:
        page.line(f"Remedy: {rule.remedy}", 5)
    if rule:
        page.line(_cited(step.cites, ruleset, step.strength), 5, style="dim")
    if step.needs_check:
        page.line(f"To be checked by a clinician first: {step.needs_check}", 5)


def _used(ruleset: Ruleset, used: Used) -> str:
    fact = ruleset.facts.get(used.fact)
    if fact is None:
        return f"The date of this evaluation: {say_value(None, used.value)} (given)"
    return f"{say_held(fact, used.value)} ({f'step {used.source}' if used.source else 'answered'})"


def _cited(cites: Iterable[Citation], ruleset: Ruleset, strength: str | None = None) -> str:
    said = []
    for cite in cites:
        source = ruleset.sources[cite.source]
        said.append(source.title + (f", {cite.section}" if cite.section else ""))
    cited = f"Source: {'; '.join(said)}" if said else "No source cited"
    return f"{cited} ({say_strength(strength)})." if strength else f"{cited}."


def next_question(consultation: Consultation) -> None:
    """Print the next question, why it is asked and how many can follow."""
    page = _Page()
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
    _reasons(page, consultation, question)
    page.line(f"{sentence(_at_most(consultation))}, this one included.", 0)


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
    sizes = ((ruleset.rules, "rule"), (ruleset.facts, "fact"), (ruleset.cases, "case"))
    counts = ", ".join(counted(len(parts), noun) for parts, noun in sizes)
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


def _question(page: _Page, ruleset: Ruleset, fact: Fact) -> None:
    page.line(f"- {fact.ask}")
    if fact.options:
        page.line("; ".join(option.label for option in fact.options) + ".", 4, hanging=0)
    if fact.units:
        page.line(f"In {' or '.join(fact.units.names)}.", 4)
    if fact.gate:
        page.line(f"Only asked when {say_condition(ruleset, fact.gate)}.", 4, hanging=0)
    if fact.clinician_note:
        page.line(f"For clinicians: {fact.clinician_note}", 4, hanging=0)
    page.line(f"Used by {counted(len(rules_using(ruleset, fact.id)), 'rule')}.", 4)


def _rule(page: _Page, ruleset: Ruleset, rule: Rule) -> None:
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
    page.line(_cited(rule.cites, ruleset, rule.strength), 4)
