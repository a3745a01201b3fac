"""The visit sheet: what to bring to a licensed clinician, the suggested schedule to fill in by hand, what to ask.

It is data; the page and the PDF show the same. No name is asked for: there is a line to write it on, on paper.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from engine import Consultation
from engine.dialogue import summary
from engine.dialogue.schedule import AS_LOCAL, counted_out, dated, say_doses, say_further, say_window
from engine.dialogue.silenced import silenced
from engine.dialogue.telling import emergency, pressing
from engine.language.model import Phase, Regimen
from engine.language.schedules import in_micrograms
from engine.language.values import UNKNOWN
from engine.language.wording import CARE, say_date, say_how_long, say_value, sentence
from engine.ledger import Decision

TO_FILL_IN = ("Date given", "Site", "Batch", "Initials")
FREE_ROWS = 3  # for doses that the schedule gives no figure for
BRING = (
    "The latest test results, each with its date, unit and laboratory",
    "A list of all medicines and supplements, each with dose and how long it has been taken",
    "A summary of the medical history, operations and allergies included",
    "A record of earlier doses: product, dose and date",
)


@dataclass(frozen=True)
class Line:
    """Something to see to, with what there is to know about it."""

    text: str
    detail: tuple[str, ...] = ()


@dataclass(frozen=True)
class Part:
    """Lines under a heading; `boxes` to tick them off, `blanks` to write on."""

    heading: str
    lines: tuple[Line, ...]
    boxes: bool = False
    blanks: int = 0
    note: str = ""


@dataclass(frozen=True)
class Planned:
    """A row of the schedule to fill in."""

    phase: str
    planned: str
    dose: str


@dataclass(frozen=True)
class Sheet:
    """Everything that stands on the sheet, in its order; what is the same on each has a default."""

    title: str
    suggestion: str
    made: str
    alerts: tuple[Line, ...]
    schedule: str
    doses: tuple[Planned, ...]
    notes: tuple[str, ...]
    parts: tuple[Part, ...]
    answers: tuple[tuple[str, str], ...]
    release: str
    recorded: str = ""
    care: str = CARE
    name: str = "Name and date of birth (on paper only):"
    about_alerts: str = "Alerts"
    no_alerts: str = "No caution follows from the answers given. Ask again before each dose."
    allergies: str = "Allergies (to be asked again before each dose):"
    about_doses: str = "Suggested schedule, to be filled in"
    columns: tuple[str, ...] = ("Phase", "When", "Dose", *TO_FILL_IN)
    about_answers: str = "Answers that this rests on, to be checked against the records"


def sheet(consultation: Consultation, start: dt.date | None, decision: Decision | None = None) -> Sheet:
    """The visit sheet of a consultation, with dates where the schedule has a start.

    With the decision that it was recorded as, its hash stands on it: noted on paper, it shows later whether what is
    kept was altered.
    """
    ruleset, regimen = consultation.ruleset, consultation.regimen
    made = f" on {say_date(consultation.as_of)}" if consultation.as_of else ""
    return Sheet(
        title=f"Visit sheet: {ruleset.title}",
        suggestion=summary.suggestion(consultation),
        made=f"Suggested by “{ruleset.title}”, version {ruleset.version}{made}. Not a prescription.",
        alerts=_alerts(consultation),
        schedule=_schedule(regimen),
        doses=_doses(regimen, start) if regimen else (),
        notes=_notes(regimen, start),
        parts=_parts(consultation),
        answers=_answers(consultation),
        release=f"Ruleset {ruleset.id}, version {ruleset.version}, SHA-256 {ruleset.digest}",
        recorded=f"Recorded as decision {decision.id} ({decision.short}), SHA-256 {decision.hash}" if decision else "",
    )


def _alerts(consultation: Consultation) -> tuple[Line, ...]:
    """What must be seen before anything is given."""
    found = []
    said, alarm = pressing(consultation), emergency(consultation)
    if said:
        found.append(Line(said, tuple(step.because for step in alarm.steps) if alarm else ()))
    for name, values in consultation.results.conflicts.items():
        fact = consultation.ruleset.facts[name]
        both = " and also ".join(say_value(fact, value) for value in values)
        found.append(
            Line(f"Rules contradict each other about {fact.label}: {both}. Nothing that rests on it is suggested.")
        )
    found += _lines(summary.told(consultation, summary.CAUTIONS))
    if consultation.regimen and consultation.regimen.needs_check:
        found.append(Line(f"To be checked by a clinician first: {consultation.regimen.needs_check}"))
    return (*found, *(Line(f"Check this answer. {warning}") for warning in consultation.warnings))


def _schedule(regimen: Regimen | None) -> str:
    if regimen is None:
        return ""
    return regimen.title + (f" ({regimen.product})" if regimen.product else "")


def _doses(regimen: Regimen, start: dt.date | None) -> tuple[Planned, ...]:
    """A row for each of the first doses, and free ones where the schedule goes on."""
    found = []
    placed = dated(regimen.phases, start) if start else [None] * len(regimen.phases)
    for place, (phase, each) in enumerate(zip(regimen.phases, placed, strict=True)):
        first, dose = place == 0, _dose(phase)
        within = "" if first or (each and each.begins) else " of this phase"
        found += [Planned(phase.name, sentence(said) + within, dose) for said in say_doses(phase, each, first=first)]
        course = counted_out(phase, each, first=first)
        if course.goes_on:
            found.append(Planned(phase.name, "And so on", dose))
        elif not course.ends:
            found += [Planned(phase.name, sentence(say_further(phase)), dose)] * FREE_ROWS
    return tuple(found)


def _dose(phase: Phase) -> str:
    return ", ".join(filter(None, (in_micrograms(phase.dose) if phase.dose else sentence(AS_LOCAL), phase.route)))


def _notes(regimen: Regimen | None, start: dt.date | None) -> tuple[str, ...]:
    """How long each phase lasts and when it is reviewed."""
    if regimen is None:
        return ()
    found = []
    placed = dated(regimen.phases, start) if start else [None] * len(regimen.phases)
    for phase, each in zip(regimen.phases, placed, strict=True):
        review = f"review after {phase.review_after}" if phase.review_after else ""
        if each and each.review:
            review += f" ({say_window(each.review)})"
        found.append(f"{phase.name}: {'; '.join(filter(None, (say_how_long(phase), review))) or AS_LOCAL}.")
    return tuple(found)


def _parts(consultation: Consultation) -> tuple[Part, ...]:
    unknown = tuple(Line(each.fact.label) for each in silenced(consultation))
    parts = (
        Part("To bring", tuple(map(Line, BRING)) if consultation.ruleset.regimens else (), boxes=True),
        Part("Not known yet: to find out", unknown, boxes=True),
        Part("Tests to ask for", _labels(consultation, summary.TESTS), boxes=True),
        Part("To follow during treatment", _labels(consultation, summary.MONITORING), boxes=True),
        Part("Mistakes found in the plan", _mistakes(consultation)),
        Part(
            "To discuss",
            _lines(summary.told(consultation, summary.DISCUSS)),
            boxes=True,
            blanks=3,
            note="My own questions:",
        ),
    )
    return tuple(part for part in parts if part.lines or part.blanks)


def _lines(items: tuple[summary.Item, ...]) -> tuple[Line, ...]:
    return tuple(Line(item.label, item.because) for item in items)


def _labels(consultation: Consultation, name: str) -> tuple[Line, ...]:
    return tuple(Line(item.label) for item in summary.told(consultation, name))


def _mistakes(consultation: Consultation) -> tuple[Line, ...]:
    return tuple(
        Line(item.label, (*item.because, *(f"Remedy: {text}" for text in item.remedy)))
        for item in summary.told(consultation, summary.MISTAKES)
    )


def _answers(consultation: Consultation) -> tuple[tuple[str, str], ...]:
    """The answers that the suggestion rests on, to be checked against the records."""
    return tuple(
        (consultation.ruleset.facts[name].label, sentence(say_value(consultation.ruleset.facts[name], answer)))
        for name, answer in consultation.answers.items()
        if answer is not UNKNOWN and name not in consultation.set_aside
    )
