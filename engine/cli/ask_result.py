"""What `regimen ask` prints of its result."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable

from rich import box
from rich.table import Table
from rich.text import Text

from engine.cli.page import Page, at_most, cited, show_answers_to_look_at, show_step
from engine.dialogue import summary
from engine.dialogue.consultation import Consultation
from engine.dialogue.schedule import AS_LOCAL, ONGOING, Dated, dated, say_dates, say_window
from engine.dialogue.silenced import silenced
from engine.dialogue.telling import DISPOSITION, EMERGENCY, URGENCY, emergency, referral, unknown_behind, unsettled
from engine.language.model import Fact, Phase, Regimen, Rule
from engine.language.schedules import say_every
from engine.language.values import UNKNOWN
from engine.language.wording import DEPENDS_ON_UNKNOWN, say_value

AFTER_THE_TRAIL = ("mistakes", "avoid", "monitoring")


def show_result(page: Page, consultation: Consultation, start: dt.date | None) -> None:
    """Print everything that a session ends with, the emergency first."""
    show_emergency(page, consultation)
    page.heading("Suggestion" if consultation.complete else "What can be said so far")
    page.line(summary.suggestion(consultation))
    _settled(page, consultation)
    _conflicts(page, consultation)
    _missing(page, consultation)
    if consultation.regimen:
        _schedule(page, consultation, consultation.regimen, start)
    sets = summary.set_goals(consultation)
    _sets(page, consultation, (fact for fact in sets if fact.id not in AFTER_THE_TRAIL))
    show_trail(page, consultation)
    _sets(page, consultation, sorted((fact for fact in sets if fact.id in AFTER_THE_TRAIL), key=_place))
    _empty(page, consultation)
    show_answers_to_look_at(page, consultation)
    _silenced(page, consultation)
    _sources(page, consultation)


def show_emergency(page: Page, consultation: Consultation) -> None:
    """Print an emergency, if there is one, with the rules that found it."""
    found = emergency(consultation)
    if found is None:
        return
    page.console.print()
    page.line(f"!! {found.fact.label}: {found.fact.labels[EMERGENCY]}", 0, style="bold red")
    for step in found.steps:
        rule = consultation.ruleset.rules.get(step.rule or "")
        page.line(f"{step.title}. {step.because}")
        if rule and rule.remedy:
            page.line(rule.remedy)
        page.line(cited(step.cites, consultation.ruleset, step.strength), style="dim")


def show_referral(page: Page, consultation: Consultation, told: Collection[str]) -> None:
    """Print why a clinician decides, and what is still asked for; `told` are the steps told before."""
    fact = consultation.ruleset.facts[DISPOSITION]
    page.console.print()
    page.line(f"{fact.label}: {say_value(fact, consultation.results.conclusions[fact.id])}", 0, style="bold")
    for step in referral(consultation):
        if step.title not in told:
            page.line(f"{step.title}. {step.because}")
    if consultation.open_questions:
        page.line(f"The next questions can still change: {_labels(unsettled(consultation))}.")


def show_trail(page: Page, consultation: Consultation) -> None:
    """Print which rules applied, on what, and what they concluded; each after what it rests on."""
    page.heading("Why")
    if not len(consultation.trail):
        page.line("No rule has applied yet.")
    for step in consultation.trail:
        show_step(page, consultation, step)


def _settled(page: Page, consultation: Consultation) -> None:
    told = {URGENCY} if emergency(consultation) else set()
    for fact in summary.settled(consultation):
        if fact == summary.leading(consultation) or fact.id in told:
            continue
        page.line(f"{fact.label}: {say_value(fact, consultation.results.conclusions[fact.id])}")


def _conflicts(page: Page, consultation: Consultation) -> None:
    for name, values in consultation.results.conflicts.items():
        fact = consultation.ruleset.facts[name]
        both = " and ".join(say_value(fact, value) for value in values)
        page.line(
            f"Rules contradict each other about {fact.label}: {both}. Nothing that rests on it is suggested.",
            style="bold red",
        )


def _missing(page: Page, consultation: Consultation) -> None:
    if not consultation.undetermined and consultation.complete:
        return
    page.heading("What is missing")
    for unknown, goals in _undetermined(consultation).items():
        page.line(f"Not enough is known to say: {_labels(goals)}.")
        if unknown:
            page.line(f"{DEPENDS_ON_UNKNOWN}: {_labels(unknown)}.", 4)
    if consultation.open_questions:
        page.line(f"Not answered yet ({at_most(consultation)}):")
        for question in consultation.open_questions:
            page.line(f"- {question.ask} [{question.fact}]", 4)
    if consultation.as_of is None and consultation.ruleset.counts_to_a_date:
        page.line("The date to count to was not given (--as-of).")


def _undetermined(consultation: Consultation) -> dict[tuple[Fact, ...], list[Fact]]:
    """The goals that are not settled, by the answers "I do not know" that they depend on."""
    found: dict[tuple[Fact, ...], list[Fact]] = {}
    for name in consultation.undetermined:
        found.setdefault(unknown_behind(consultation, name), []).append(consultation.ruleset.facts[name])
    return found


def _labels(facts: Iterable[Fact]) -> str:
    return "; ".join(fact.label for fact in facts)


# The schedule


def _schedule(page: Page, consultation: Consultation, regimen: Regimen, start: dt.date | None) -> None:
    page.heading(f"Schedule: {regimen.title}" + (f" ({regimen.product})" if regimen.product else ""))
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    given = any(phase.dose or phase.route for phase in regimen.phases)
    columns = {"Phase": _name, **({"Dose": _dose} if given else {}), "How often": _often, "How long": _lasting}
    for column in (*columns, "Dates" if start else "Review"):
        table.add_column(column, overflow="fold")
    last_column = map(_dates, dated(regimen.phases, start)) if start else map(_review, regimen.phases)
    for phase, last in zip(regimen.phases, last_column, strict=True):
        table.add_row(*(say(phase) for say in columns.values()), last)
    page.console.print(table, width=page.width, soft_wrap=False)
    if start is None:
        page.line("With --start DATE, the day of the first dose, this table has dates.")
    if regimen.needs_check:
        page.line(f"To be checked by a clinician first: {regimen.needs_check}")
    page.line(cited(regimen.cites, consultation.ruleset, regimen.strength), style="dim")


def _name(phase: Phase) -> str:
    return phase.name


def _dose(phase: Phase) -> str:
    return ", ".join(filter(None, (phase.dose or AS_LOCAL, phase.route)))


def _often(phase: Phase) -> str:
    return say_every(phase.every) if phase.every else AS_LOCAL


def _lasting(phase: Phase) -> str:
    lasts = [f"for {phase.for_}" if phase.for_ != ONGOING else ONGOING] if phase.for_ else []
    lasts += [f"until {phase.until}"] if phase.until else []
    return ", ".join(lasts) or AS_LOCAL


def _review(phase: Phase) -> str:
    return f"after {phase.review_after}" if phase.review_after else AS_LOCAL


def _dates(each: Dated) -> str:
    review = [f"review {say_window(each.review)}"] if each.review else []
    return "\n".join([*say_dates(each), *review])


# Sets, answers, sources


def _place(fact: Fact) -> int:
    return AFTER_THE_TRAIL.index(fact.id)


def _sets(page: Page, consultation: Consultation, facts: Iterable[Fact]) -> None:
    for fact in facts:
        found = summary.items(consultation, fact)
        if not found and fact.id not in consultation.undetermined:
            continue
        page.heading(fact.label)
        for item in found:
            page.line(f"- {item.label}")
            for harm in item.harm:
                page.line(f"Harm: {harm}", 4)
            for remedy in item.remedy:
                page.line(f"Remedy: {remedy}", 4)
        if fact.id in consultation.undetermined:
            page.line("There may be more: not enough is known.")


def _empty(page: Page, consultation: Consultation) -> None:
    """Name in one paragraph the sets that are settled and hold nothing."""
    sets = (fact for fact in summary.set_goals(consultation) if fact.id not in consultation.undetermined)
    labels = [fact.label for fact in sets if not summary.items(consultation, fact)]
    if labels:
        page.console.print()
        page.line(f"Nothing under: {'; '.join(labels)}.", 0)


def _silenced(page: Page, consultation: Consultation) -> None:
    if UNKNOWN not in consultation.answers.values():
        return
    page.heading("What was not known, and the rules that could not be decided for it")
    for each in silenced(consultation):
        page.line(f"{each.fact.label}: {_titles(each.rules)}")


def _titles(rules: tuple[Rule, ...]) -> str:
    if not rules:
        return "no rule waited for it."
    return "; ".join(rule.title for rule in rules) + "."


def _sources(page: Page, consultation: Consultation) -> None:
    found = summary.sources(consultation)
    if found:
        page.heading("Sources")
    for number, source in enumerate(found, 1):
        parts = (source.title, source.date, source.url, source.note)
        page.console.print(
            Text(f"  {number}. {'. '.join(part.rstrip('.') for part in parts if part)}."), soft_wrap=True
        )
