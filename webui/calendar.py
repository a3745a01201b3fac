"""The dates of a schedule as a calendar file (RFC 5545).

It holds doses and reviews that have a date, as events of whole days; what has none is not made up. It says nothing
about the person: no answer stands in it. The same schedule from the same day has the same UIDs, so a calendar that
takes the file in twice holds each event once.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterator

from icalendar import Calendar, Event

from engine import Consultation
from engine.dialogue.schedule import AS_LOCAL, ONGOING, Dated, Window, dated, say_window
from engine.language.model import Phase, Regimen, Ruleset
from engine.language.schedules import Span, in_micrograms, read_duration
from engine.language.wording import CARE

FREQUENCIES = {"day": "DAILY", "week": "WEEKLY", "month": "MONTHLY", "year": "YEARLY"}
LAST_DAY_OF_EVERY_MONTH = 28  # "monthly" from the 31st skips months in a calendar; ours counts to their last day
FOR_EVER = {ONGOING, "life"}
ALL = 400  # doses of a phase that ends


def calendar(consultation: Consultation, regimen: Regimen, start: dt.date) -> bytes:
    """The file for a regimen that begins on a day."""
    ruleset = consultation.ruleset
    found = Calendar()
    found.add("prodid", "-//Regimen//Schedule//EN")
    found.add("version", "2.0")
    found.add("calscale", "GREGORIAN")
    found.add("x-wr-calname", regimen.title)
    source = f"{ruleset.title}, version {ruleset.version}, {ruleset.digest[:12]}. {CARE}"
    for place, each in enumerate(dated(regimen.phases, start)):
        writer = _Phase(each, source, f"{ruleset.digest} {regimen.id} {place} {start}", start)
        for event in writer.events(_count(regimen, start, place)):
            found.add_component(event)
    return bytes(found.to_ical())


def file_name(ruleset: Ruleset, start: dt.date) -> str:
    """A name that tells nothing about the person."""
    return f"{ruleset.id}-{start.isoformat()}.ics"


class _Phase:
    """Writes the events of one phase."""

    def __init__(self, each: Dated, source: str, key: str, start: dt.date) -> None:
        self.each = each
        self.phase = each.phase
        self.source = source
        self.key = key
        self.stamp = dt.datetime.combine(start, dt.time(), dt.UTC)  # not the clock's: the same file each time

    def events(self, count: int | None) -> Iterator[Event]:
        """One event that comes again where its rule is exact, else one for each of the first doses; and the review."""
        every = read_duration(self.phase.every) if self.phase.every else None
        rule = _rule(every, self.each, count)
        if rule:
            told = "It comes again without end." if count is None else f"{count} doses."
            yield self._event("dose", 0, self.each.doses[0], _dose(self.phase), told, rule)
        else:
            for number, dose in enumerate(self.each.doses, 1):
                yield self._event("dose", number, dose, f"{_dose(self.phase)}, dose {number}", self._further(number))
        if self.each.review:
            yield self._event("review", 1, self.each.review, f"{self.phase.name}: review", "")

    def _further(self, number: int) -> str:
        """What comes after the last dose that has a date here."""
        if number < len(self.each.doses) or (self.each.ends and not self.each.goes_on):
            return ""
        return f"The last date in this calendar. Further doses {AS_LOCAL}."

    def _event(
        self, kind: str, number: int, when: Window, summary: str, told: str, rule: dict[str, object] | None = None
    ) -> Event:
        event = Event()
        event.add("uid", f"{hashlib.sha256(f'{self.key} {kind} {number}'.encode()).hexdigest()[:32]}@regimen")
        event.add("dtstamp", self.stamp)
        event.add("dtstart", when.earliest)
        event.add("dtend", when.latest + dt.timedelta(days=1))
        event.add("summary", summary)
        due = f"Due {say_window(when)}." if when.earliest != when.latest else ""
        event.add("description", " ".join(filter(None, (due, told, self.source))))
        event.add("transp", "TRANSPARENT")
        if rule:
            event.add("rrule", rule)
        return event


def _dose(phase: Phase) -> str:
    said = ", ".join(filter(None, (in_micrograms(phase.dose) if phase.dose else None, phase.route)))
    return f"{phase.name}: {said or 'dose ' + AS_LOCAL}"


def _count(regimen: Regimen, start: dt.date, place: int) -> int | None:
    """How many doses a phase has in all, 0 where nothing says; None where it never ends."""
    if regimen.phases[place].for_ in FOR_EVER and not regimen.phases[place].until:
        return None
    each = dated(regimen.phases, start, ALL)[place]
    return len(each.doses) if each.ends and not each.goes_on else 0


def _rule(every: Span | None, each: Dated, count: int | None) -> dict[str, object] | None:
    """The recurrence, where the interval is one whole number and each dose falls on one day."""
    if every is None or every.low != every.high or every.low != int(every.low) or every.unit not in FREQUENCIES:
        return None
    if not each.doses or not each.begins or each.begins.earliest != each.begins.latest or count == 0:
        return None
    if every.unit in {"month", "year"} and each.begins.earliest.day > LAST_DAY_OF_EVERY_MONTH:
        return None
    rule: dict[str, object] = {"freq": FREQUENCIES[every.unit], "interval": int(every.low)}
    return rule if count is None else {**rule, "count": count}
