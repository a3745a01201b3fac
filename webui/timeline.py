"""The schedule of a regimen as a drawing: where each mark stands, and its words.

It is not to scale, and says so: a phase that lasts "until no further improvement" has no length, and a dose due in a
range of days has no day. Each phase has a lane of its own with its first doses side by side. Every mark has a shape and
a word, so colour carries nothing. The table beside it says the same.
"""

from __future__ import annotations

import datetime as dt
import textwrap
from dataclasses import dataclass
from typing import Literal

from engine.dialogue.schedule import AS_LOCAL, Dated, counted_out, dated, say_doses, say_further, say_window
from engine.language.model import Phase, Regimen
from engine.language.schedules import in_micrograms, say_every
from engine.language.wording import say_how_long, sentence

Kind = Literal["begins", "dose", "more", "open", "review", "end"]

MARGIN = 16
SLOT = 132  # room for one mark
LETTERS = 15  # that fit into it, with a gap to the next
HEADING_LETTER = 8.6  # the width of one letter of a heading, at most
HEADING_LINE = 22
LABEL_LINE = 18
NARROWEST = 4  # slots
UNDATED = "when the phase before ends"


@dataclass(frozen=True)
class Mark:
    """One thing on a lane: its shape, where it stands, the word above it and what stands under it."""

    kind: Kind
    x: int
    word: str
    said: str

    @property
    def lines(self) -> list[str]:
        """What stands under it, in lines that fit."""
        return textwrap.wrap(self.said, LETTERS, break_on_hyphens=False)


@dataclass(frozen=True)
class Lane:
    """A phase: its heading in lines, and its marks from left to right."""

    heading: tuple[str, ...]
    marks: tuple[Mark, ...]
    top: int

    @property
    def y(self) -> int:
        """Where the line runs that the marks stand on."""
        return self.top + len(self.heading) * HEADING_LINE + 34

    @property
    def bottom(self) -> int:
        """Where the next lane can begin."""
        return self.y + 14 + max(len(mark.lines) for mark in self.marks) * LABEL_LINE + 26

    @property
    def is_open(self) -> bool:
        """Whether what comes last has no figure, so that the line to it is broken."""
        return self.marks[-1].kind == "open"


@dataclass(frozen=True)
class Timeline:
    """A drawing with its size, and the same in words."""

    title: str
    lanes: tuple[Lane, ...]
    width: int

    @property
    def height(self) -> int:
        """How high it is."""
        return self.lanes[-1].bottom

    @property
    def description(self) -> str:
        """Every mark in words."""
        told = (
            f"{' '.join(lane.heading)}: {'; '.join(f'{mark.word}, {mark.said}' for mark in lane.marks)}."
            for lane in self.lanes
        )
        return " ".join(told)


def timeline(regimen: Regimen, start: dt.date | None) -> Timeline:
    """The drawing of a regimen, with dates where it has a start."""
    placed = dated(regimen.phases, start) if start else None
    marks = [
        _marks(phase, placed[place] if placed else None, first=place == 0) for place, phase in enumerate(regimen.phases)
    ]
    width = 2 * MARGIN + SLOT * max(NARROWEST, *map(len, marks))
    lanes: list[Lane] = []
    for number, (phase, own) in enumerate(zip(regimen.phases, marks, strict=True), 1):
        top = lanes[-1].bottom if lanes else MARGIN
        heading = textwrap.wrap(_heading(number, phase), int((width - 2 * MARGIN) / HEADING_LETTER))
        lanes.append(Lane(tuple(heading), own, top))
    return Timeline(f"Timeline: {regimen.title}", tuple(lanes), width)


def _heading(number: int, phase: Phase) -> str:
    dose = in_micrograms(phase.dose) if phase.dose else None
    often = say_every(phase.every) if phase.every else None
    return f"{number}. {phase.name}: {', '.join(filter(None, (dose, phase.route, often))) or AS_LOCAL}"


def _marks(phase: Phase, placed: Dated | None, *, first: bool) -> tuple[Mark, ...]:
    """The marks of a phase in the order of time; without a beginning they tell how long after it each comes."""
    known = placed is not None and placed.begins is not None
    course = counted_out(phase, placed, first=first)
    found: list[tuple[dt.date, Kind, str, str]] = []
    if not first:
        begins = say_window(placed.begins) if placed and placed.begins else UNDATED
        found.append((dt.date.min, "begins", "Begins", begins))
    told = say_doses(phase, placed, first=first)
    for number, (dose, said) in enumerate(zip(course.doses, told, strict=True), 1):
        found.append((dose.earliest, "dose", f"Dose {number}", said))
    last = course.doses[-1].earliest if course.doses else dt.date.min
    if course.goes_on:
        found.append((last, "more", "And so on", _lasting(phase)))
    if course.review:
        said = say_window(course.review) if known else f"after {phase.review_after}"
        found.append((course.review.earliest, "review", "Review", said))
    if course.ends:
        said = say_window(course.ends) if known else f"after {phase.for_}"
        found.append((course.ends.earliest, "end", "Ends", said))
    elif not course.goes_on:
        found.append((dt.date.max, "open", "Further doses", say_further(phase)))
    return tuple(
        Mark(kind, MARGIN + SLOT // 2 + SLOT * place, word, said)
        for place, (_, kind, word, said) in enumerate(sorted(found, key=lambda each: each[0]))
    )


def _lasting(phase: Phase) -> str:
    """How long a phase goes on, shortened to what fits under a mark."""
    return sentence(textwrap.shorten(say_how_long(phase) or AS_LOCAL, LETTERS * 4, placeholder=" …"))
