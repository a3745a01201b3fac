"""The schedule drawn, as a calendar and with the start date that a person types."""

from __future__ import annotations

import datetime as dt
import itertools

import pytest
from icalendar import Calendar

from engine.language.model import Phase, Regimen
from engine.language.schedules import in_micrograms
from webui.calendar import calendar
from webui.starting import Start, read_start
from webui.timeline import LETTERS, MARGIN, timeline

START = dt.date(2026, 11, 24)
LOADING = Phase("Loading", dose="1 mg", route="IM", every="2 days", for_="2 weeks", review_after="3 weeks")
ONGOING = Phase("Maintenance", dose="1000 mcg", route="IM", every="2 months", for_="ongoing")
IN_WORDS = Phase("Repletion", dose="1000 mcg", route="IM", every="1 to 2 weeks", for_="the first few weeks")
NO_FIGURES = Phase("Intensive", until="a clinician decides")


def regimen(*phases):
    return Regimen("made_up", "Made-up injections", "hydroxocobalamin", phases)


@pytest.mark.parametrize(
    ("dose", "said"),
    [
        ("1 mg",        "1,000 micrograms"),
        ("1000 mcg",    "1,000 micrograms"),
        ("0.5 to 1 mg", "500 to 1,000 micrograms"),
        ("1 mcg",       "1 microgram"),
        ("2 tablets",   "2 tablets"),
        ("250 IU",      "250 IU"),
    ],
)  # fmt: skip
def test_a_dose_is_told_in_micrograms_unless_it_is_no_mass(dose, said):
    assert in_micrograms(dose) == said


# The drawing


def marks(phase_marks):
    return [(mark.kind, mark.said) for mark in phase_marks]


def test_a_phase_with_figures_has_its_doses_its_end_and_its_review_in_the_order_of_time():
    (lane,) = timeline(regimen(LOADING), START).lanes

    assert marks(lane.marks) == [
        ("dose", "24 November 2026"),
        ("dose", "26 November 2026"),
        ("dose", "28 November 2026"),
        ("dose", "30 November 2026"),
        ("more", "For 2 weeks"),
        ("end", "8 December 2026"),
        ("review", "15 December 2026"),
    ]


def test_without_a_start_each_mark_tells_how_long_after_the_beginning_it_comes():
    first, second = timeline(regimen(IN_WORDS, ONGOING), None).lanes

    assert marks(first.marks)[:3] == [
        ("dose", "at the start"),
        ("dose", "after 1 to 2 weeks"),
        ("dose", "after 2 to 4 weeks"),
    ]
    assert marks(second.marks)[:2] == [("begins", "when the phase before ends"), ("dose", "after 2 months")]


def test_what_has_no_figure_has_no_date():
    first, second = timeline(regimen(NO_FIGURES, ONGOING), START).lanes

    assert marks(first.marks) == [("dose", "24 November 2026"), ("open", "as your local protocol says")]
    assert first.is_open
    assert "2026" not in "".join(mark.said for mark in second.marks)


def test_every_mark_fits_its_place_and_is_told_in_the_description():
    long = Phase("X" * 80, dose="1000 mcg", route="IM " * 40, every="1 to 2 weeks", until="y" * 200 + " z" * 200)
    drawing = timeline(regimen(LOADING, long, NO_FIGURES), START)

    assert all(len(line) <= LETTERS for lane in drawing.lanes for mark in lane.marks for line in mark.lines)
    assert all(MARGIN <= mark.x <= drawing.width - MARGIN for lane in drawing.lanes for mark in lane.marks)
    tops = [(lane.top, lane.bottom) for lane in drawing.lanes]
    assert all(bottom == top for (_, bottom), (top, _) in itertools.pairwise(tops))
    assert all(f"{mark.word}, {mark.said}" in drawing.description for lane in drawing.lanes for mark in lane.marks)


# The calendar


def events(consultation, *phases, start=START):
    found = Calendar.from_ical(calendar(consultation, regimen(*phases), start))
    return list(found.walk("VEVENT"))


def days(event):
    return event.decoded("dtstart"), event.decoded("dtend")


def test_a_phase_that_ends_comes_again_as_often_as_it_has_doses(numb):
    dose, review = events(numb, LOADING)

    assert dose["rrule"].to_ical() == b"FREQ=DAILY;COUNT=7;INTERVAL=2"
    assert days(dose) == (START, START + dt.timedelta(days=1))
    assert review["summary"] == "Loading: review"
    assert days(review)[0] == dt.date(2026, 12, 15)


def test_a_phase_without_an_end_comes_again_for_ever(numb):
    (_, _, dose) = events(numb, LOADING, ONGOING)

    assert dose["rrule"].to_ical() == b"FREQ=MONTHLY;INTERVAL=2"
    assert days(dose)[0] == dt.date(2027, 2, 8)


def test_doses_due_in_a_range_are_events_of_several_days_and_the_last_says_that_more_follow(numb):
    found = events(numb, IN_WORDS)

    assert [days(each) for each in found[:2]] == [
        (START, dt.date(2026, 11, 25)),
        (dt.date(2026, 12, 1), dt.date(2026, 12, 9)),
    ]
    assert len(found) == 4
    assert "Due 1 to 8 December 2026." in found[1]["description"]
    assert ["Further doses" in each["description"] for each in found] == [False, False, False, True]


def test_what_has_no_figure_is_not_made_up(numb):
    found = events(numb, NO_FIGURES, ONGOING)

    assert [each["summary"] for each in found] == ["Intensive: dose as your local protocol says, dose 1"]
    assert "rrule" not in found[0]


def test_an_end_that_a_clinician_decides_on_does_not_come_again_for_ever(numb):
    phase = Phase("Loading", dose="1 mg", every="2 days", until="no further improvement")

    assert ["rrule" in each for each in events(numb, phase)] == [False] * 4


@pytest.mark.parametrize(("day", "again"), [(28, True), (29, False), (31, False)])
def test_months_are_left_to_the_calendar_only_where_each_has_the_day(numb, day, again):
    """From the 31st, FREQ=MONTHLY skips February; we count to its last day."""
    found = events(numb, Phase("Monthly", dose="1 mg", every="1 month", for_="ongoing"), start=dt.date(2027, 1, day))

    assert ("rrule" in found[0]) == again
    if not again:
        assert days(found[1])[0] == dt.date(2027, 2, 28)


def test_the_same_schedule_is_the_same_file_and_another_day_has_other_ids(numb):
    written = calendar(numb, regimen(LOADING, ONGOING), START)
    ids = {each["uid"] for each in events(numb, LOADING, ONGOING)}
    later = {each["uid"] for each in events(numb, LOADING, ONGOING, start=dt.date(2026, 11, 25))}

    assert written == calendar(numb, regimen(LOADING, ONGOING), START)
    assert len(ids) == 3
    assert not ids & later


def test_a_calendar_tells_the_release_and_nothing_about_the_person(numb):
    text = calendar(numb, regimen(LOADING), START).decode().replace("\r\n ", "")

    assert f"version {numb.ruleset.version}\\, {numb.ruleset.digest[:12]}" in text
    assert "Decision support" in text
    for answer in ("54", "140", "female", "numb"):
        assert answer not in text.replace(numb.ruleset.digest[:12], "").casefold().partition("uid")[0]


# The start date


@pytest.mark.parametrize(
    ("given", "date"),
    [
        ({"day": "24", "month": "11", "year": "2026"},         START),
        ({"day": " 24 ", "month": "Nov", "year": "2026"},      START),
        ({"day": "24", "month": "november", "year": "2026"},   START),
        ({"start": "2026-11-24"},                              START),
        ({"day": "29", "month": "2", "year": "2028"},          dt.date(2028, 2, 29)),
        ({},                                                   None),
        ({"day": "", "month": " ", "start": ""},               None),
    ],
)  # fmt: skip
def test_a_start_date_is_read(given, date):
    start = read_start(given)

    assert (start.date, start.problem) == (date, "")


@pytest.mark.parametrize(
    ("given", "problem", "wrong"),
    [
        ({"day": "31", "month": "2", "year": "2026"},  "is no date of the calendar",      ("day", "month", "year")),
        ({"day": "24", "month": "", "year": "2026"},   "Add the month.",                  ("month",)),
        ({"day": "24"},                                "Add the month and the year.",     ("month", "year")),
        ({"day": "x", "month": "11", "year": "2026"},  "'x 11 2026' is no date",          ("day",)),
        ({"day": "24", "month": "ju", "year": "2026"}, "'24 ju 2026' is no date",         ("month",)),
        ({"day": "24", "month": "11", "year": "26"},   "the year with four digits",       ("year",)),
        ({"day": "²", "month": "11", "year": "2026"},  "is no date",                      ("day",)),
        ({"day": "24", "month": "11", "year": "9" * 5000}, "is no date",                  ("year",)),
        ({"start": "tomorrow"},                        "“tomorrow” is no date",           ()),
        ({"start": "1899-01-01"},                      "between 2000 and 2100",           ("year",)),
    ],
)  # fmt: skip
def test_what_is_no_start_date_is_told_and_kept_as_typed(given, problem, wrong):
    start = read_start(given)

    assert start.date is None
    assert problem in start.problem
    assert start.wrong == wrong
    if "day" in given:
        assert start.typed == tuple(given.get(name, "") for name in ("day", "month", "year"))


def test_no_start_is_no_problem():
    assert Start() == read_start({})
