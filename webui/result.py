"""What a consultation came to, as pages: the result, the visit sheet (a page and a PDF), the calendar.

It takes a `Consultation` and knows nothing of where it is kept. A view calls

    start = read_start(request.values)                  # ?start=2026-11-24, or the fields day, month and year
    result.page(consultation, ways, start)              # (page, status): 422 where the start cannot be used
    result.sheet_page(consultation, ways, start, decision)  # these three give the page above where it cannot
    result.sheet_pdf(consultation, ways, start, decision)   # a response that is downloaded
    result.calendar_file(consultation, ways, start)     # the same; without a regimen there is none: 404

with `ways`, the address of each action (see `Ways`). Where the consultation lives at an address of its own, actions are
links; where it was only posted, `carried` holds what each of them posts again. The pages extend base.html, which shows
the ruleset in its footer; `more` is handed to the template beside what it needs itself.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from urllib.parse import urlencode

from flask import Response, abort, render_template
from flask.typing import ResponseReturnValue

from engine import Consultation, Question
from engine.dialogue import summary
from engine.dialogue.schedule import AS_LOCAL, Dated, dated, say_dates, say_window
from engine.dialogue.silenced import silenced
from engine.dialogue.telling import emergency, unknown_behind
from engine.language.model import Fact, Phase, Rule
from engine.language.schedules import in_micrograms, say_every
from engine.language.values import UNKNOWN
from engine.language.wording import say_how_long, say_value, sentence
from engine.ledger import Decision
from webui import calendar, pdf, sheet
from webui.nesting import groups
from webui.starting import Start
from webui.timeline import timeline
from webui.words import mid_sentence

FIRST = (summary.CAUTIONS,)  # before the schedule
FOUND = (summary.MISTAKES,)  # with harm and remedy
DONT = (summary.AVOID,)  # as a list of what not to do


@dataclass(frozen=True)
class Ways:
    """Where the actions of a result lead.

    Attributes:
        back: the address and the words of the link above the heading.
        here: the result itself; the form for the start date is sent to it.
        sheet, pdf, calendar, json: the other forms of it. To all of them the start date is added.
        change: where the answers can be changed.
        again: where another session begins.
        ruleset: the page of the ruleset, below which each rule has its own; None where they show another version than
            the one consulted.
        answer: gives the address at which the answer for a fact is changed.
        carried: what the form of each action posts again; none where actions are links.
    """

    back: tuple[str, str]
    here: str
    sheet: str
    pdf: str
    calendar: str
    json: str
    change: str
    again: str
    ruleset: str | None = None
    answer: Callable[[str], str] | None = None
    carried: Mapping[str, str] = field(default_factory=dict)

    def to(self, address: str, start: Start) -> str:
        """An address with the start date added."""
        if start.date is None or self.carried:
            return address
        return f"{address}{'&' if '?' in address else '?'}{urlencode({'start': start.date.isoformat()})}"


@dataclass(frozen=True)
class Open:
    """A goal that is not settled, with what could settle it."""

    goal: Fact
    questions: tuple[Question, ...]
    unknown: tuple[Fact, ...]
    torn: bool


@dataclass(frozen=True)
class Row:
    """A phase of the schedule as a row of the table."""

    phase: str
    when: str
    dates: tuple[str, ...]
    dose: str
    route: str
    check: str


@dataclass(frozen=True)
class Section:
    """A set with what it came to include."""

    fact: Fact
    items: tuple[summary.Item, ...]
    more: bool

    @property
    def is_told(self) -> bool:
        """Whether it has a heading of its own; that there is no caution and no mistake is worth one."""
        return bool(self.items) or self.more or self.fact.id in (*FIRST, *FOUND)


def page(consultation: Consultation, ways: Ways, start: Start, **more: object) -> tuple[str, int]:
    """The result."""
    sections = _sections(consultation)
    start = start if consultation.regimen else Start()  # without a regimen there is no field for it
    written = render_template(
        "result/result.html",
        **_common(consultation, ways, start),
        heading=heading(consultation),
        in_short=in_short(consultation),
        settled=settled(consultation),
        also=also_concluded(consultation),
        undetermined=undetermined(consultation),
        groups=groups(consultation),
        unchecked=[step for step in consultation.trail if step.needs_check and step.role == "decisive"],
        cautions=[section for section in sections if section.fact.id in FIRST],
        sections=[section for section in sections if section.fact.id not in FIRST and section.is_told],
        empty=[section for section in sections if not section.is_told],
        found=FOUND,
        dont=DONT,
        silenced=silenced(consultation),
        unknown=UNKNOWN,
        source_of=source_steps(consultation),
        rows=rows(consultation, start.date),
        drawing=timeline(consultation.regimen, start.date) if consultation.regimen else None,
        rule_links=lambda rules: _rule_links(ways, rules),
        question_links=lambda asked: _question_links(ways, asked),
        **more,
    )
    return written, 422 if start.problem else 200


def sheet_page(
    consultation: Consultation, ways: Ways, start: Start, decision: Decision | None = None, **more: object
) -> ResponseReturnValue:
    """The visit sheet to print, with the hash of the decision where it was recorded.

    It is the result, which has the fields to mend it in, where the start cannot be used.
    """
    if consultation.regimen and start.problem:
        return page(consultation, ways, start, **more)
    made = sheet.sheet(consultation, start.date, decision)
    return render_template(
        "result/sheet.html", **_common(consultation, ways, start), sheet=made, to_fill_in=sheet.TO_FILL_IN, **more
    )


def sheet_pdf(
    consultation: Consultation, ways: Ways, start: Start, decision: Decision | None = None, **more: object
) -> ResponseReturnValue:
    """The visit sheet as PDF; the result where the start cannot be used."""
    if consultation.regimen and start.problem:
        return page(consultation, ways, start, **more)
    made = consultation.as_of or start.date or dt.date(2000, 1, 1)
    written = pdf.pdf(sheet.sheet(consultation, start.date, decision), made)
    return _download(written, "application/pdf", f"{consultation.ruleset.id}-visit-sheet.pdf")


def calendar_file(consultation: Consultation, ways: Ways, start: Start, **more: object) -> ResponseReturnValue:
    """The dates of the schedule: none without a regimen and a day to begin on; the result where that cannot be used."""
    if consultation.regimen and start.problem:
        return page(consultation, ways, start, **more)
    if consultation.regimen is None or start.date is None:
        abort(404, "There is no calendar without a suggested regimen and the date of its first dose.")
    written = calendar.calendar(consultation, consultation.regimen, start.date)
    return _download(written, "text/calendar; charset=utf-8", calendar.file_name(consultation.ruleset, start.date))


def _download(written: bytes, kind: str, name: str) -> Response:
    return Response(written, content_type=kind, headers={"Content-Disposition": f'attachment; filename="{name}"'})


def _common(consultation: Consultation, ways: Ways, start: Start) -> dict[str, object]:
    return {
        "ruleset": consultation.ruleset,
        "consultation": consultation,
        "results": consultation.results,
        "suggestion": summary.suggestion(consultation),
        "emergency": emergency(consultation),
        "sources": numbered_sources(consultation),
        "ways": ways,
        "start": start,
        "AS_LOCAL": AS_LOCAL,
    }


def heading(consultation: Consultation) -> str:
    """The result in a few words."""
    if emergency(consultation):
        return "Emergency"
    if consultation.regimen:
        return f"Suggested regimen: {consultation.regimen.title}"
    return "What follows from these answers"


def in_short(consultation: Consultation) -> str:
    """What follows in a sentence; a regimen, whose title is the heading, by its doses."""
    if consultation.regimen and not emergency(consultation):
        return summary.before(consultation) + summary.schedule(consultation.regimen)
    return summary.suggestion(consultation)


def settled(consultation: Consultation) -> list[tuple[Fact, str]]:
    """The goals with a single value, in the order of the goals, each with its value in words."""
    facts = consultation.ruleset.facts
    names = [goal.fact for goal in consultation.ruleset.goals if not facts[goal.fact].is_set]
    return _said(consultation, [name for name in names if name in consultation.results.conclusions])


def also_concluded(consultation: Consultation) -> list[tuple[Fact, str]]:
    """What was concluded on the way to the goals."""
    shown = {goal.fact for goal in consultation.ruleset.goals} | {each.fact.id for each in _sections(consultation)}
    return _said(consultation, [name for name in consultation.results.conclusions if name not in shown])


def _said(consultation: Consultation, names: list[str]) -> list[tuple[Fact, str]]:
    facts, values = consultation.ruleset.facts, consultation.results.conclusions
    return [(facts[name], say_value(facts[name], values[name])) for name in names]


def undetermined(consultation: Consultation) -> list[Open]:
    """The goals that are not settled, each with the questions that can still change it."""
    facts = consultation.ruleset.facts
    feeds = {question.fact: consultation.reasons(question.fact).goals for question in consultation.open_questions}
    return [
        Open(
            facts[name],
            tuple(question for question in consultation.open_questions if name in feeds[question.fact]),
            unknown_behind(consultation, name),
            consultation.evaluation.settled(name),  # it has a value, and yet is no result
        )
        for name in consultation.undetermined
    ]


def _sections(consultation: Consultation) -> list[Section]:
    """The sets that something is known of: reasons, mistakes found, then the rest as the goals have it, Don'ts last."""
    order = {name: place for place, name in enumerate((*FOUND, "", *DONT))}
    found = sorted(summary.set_goals(consultation), key=lambda fact: _rank(fact, order))
    return [Section(fact, _joined(consultation, fact), fact.id in consultation.undetermined) for fact in found]


def _joined(consultation: Consultation, fact: Fact) -> tuple[summary.Item, ...]:
    """What a set includes; options that the same steps added stand together, as one thing with one reason."""
    found: dict[tuple[int, ...], summary.Item] = {}
    for item in summary.items(consultation, fact):
        key = tuple(step.seq for step in item.steps)
        same = found.get(key)
        found[key] = replace(same, label=f"{same.label}; {mid_sentence(item.label)}") if same else item
    return tuple(found.values())


def _rank(fact: Fact, order: dict[str, int]) -> int:
    return -1 if fact.id.startswith(summary.REASONS) else order.get(fact.id, order[""])


def source_steps(consultation: Consultation) -> dict[str, int]:
    """The step that each conclusion came from, to link to; of a set or a conflict the first."""
    found: dict[str, int] = {}
    for step in consultation.trail:
        for fact in step.concludes:
            found.setdefault(fact, step.seq)
    return found


def numbered_sources(consultation: Consultation) -> dict[str, int]:
    """The number under which each source that is cited stands at the end, by its id."""
    return {source.id: number for number, source in enumerate(summary.sources(consultation), 1)}


# The schedule


def rows(consultation: Consultation, start: dt.date | None) -> list[Row]:
    """The phases of the regimen as rows; what one does not say is as the local protocol says, and is given no date."""
    if consultation.regimen is None:
        return []
    phases = consultation.regimen.phases
    placed = dated(phases, start) if start else [None] * len(phases)
    return [_row(phase, each) for phase, each in zip(phases, placed, strict=True)]


def _row(phase: Phase, each: Dated | None) -> Row:
    review = f"review after {phase.review_after}" if phase.review_after else AS_LOCAL
    if each and each.review:
        review += f": {say_window(each.review)}"
    return Row(
        phase.name,
        sentence(
            "; ".join(
                (
                    say_every(phase.every) if phase.every else f"how often: {AS_LOCAL}",
                    say_how_long(phase) or f"how long: {AS_LOCAL}",
                )
            )
        ),
        tuple(map(sentence, say_dates(each))) if each else (),
        in_micrograms(phase.dose) if phase.dose else sentence(AS_LOCAL),
        phase.route or sentence(AS_LOCAL),
        sentence(review),
    )


# Links


def _rule_links(ways: Ways, rules: Iterable[Rule]) -> list[tuple[str, str]]:
    return [(f"{ways.ruleset}/rules/{rule.id}" if ways.ruleset else "", rule.title) for rule in rules]


def _question_links(ways: Ways, questions: Iterable[Question]) -> list[tuple[str, str]]:
    return [(_question_address(ways, question.fact), question.ask) for question in questions]


def _question_address(ways: Ways, fact: str) -> str:
    if ways.answer:
        return ways.answer(fact)
    return f"{ways.ruleset}/facts/{fact}" if ways.ruleset else ""
